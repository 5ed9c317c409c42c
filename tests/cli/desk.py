"""A claims desk with registers to ask: what the tests of verify, evidence and vehicle put into the world's folder."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any, Final

from certcore import Issuer, LocalSigner
from certcore._cli.keys.keygen import write_keys
from certcore.keys import GroupKey
from certcore.status import StatusEvent, VehicleFlag, VehicleQuery, VehicleRecord
from certcore.status.eventlist import STATUS_EVENTS_TYPE
from certcore.status.tokenlist import STATUS_LIST_TYPE, StatusList, issue_events, issue_token
from certcore.status.vehicledoc import VEHICLE_ANSWER_TYPE, decode_request, issue_answer
from certcore.testing import ROOT_SIGNER, FixedClock
from certcore.trust import (
    Environment,
    KeyUsage,
    ListTemplate,
    TrustedIssuer,
    TrustedKey,
    TrustListContents,
    read_unverified,
)
from tests.cli.conftest import CERTIFICATE, ISSUED_AT
from tests.status.fault_server import FaultServer, Reply, Seen

ELSEWHERE: Final = "https://status.example"
LONG_AGO: Final = datetime(2020, 1, 1, tzinfo=UTC)
INDEX: Final = 7
"""The entry of the world's certificate, in list 12."""

CLAIMS: Final = ("--policy", "claims", "--plate", "闽C12345", "--vin", "LSVAA4181E2184211")
TRUSTED: Final = ("--trust", "trust.cbor", "--root", "root.pub.pem")


class Desk:
    """Keys of every kind, a production trust list of now, and a folder of signed lists: ``lists``."""

    def __init__(self, base: str = ELSEWHERE) -> None:
        self.base = base
        self.now = datetime.now(UTC).replace(microsecond=0)
        self.issuer = LocalSigner.from_file("issuer.key.pem")
        self.status, self.register, self.seal = (LocalSigner.generate() for _ in range(3))
        for name in ("status", "register", "seal"):
            write_keys(getattr(self, name), Path(name))
        self.group_key = GroupKey.generate()
        self.group_key.to_file("group.key")
        hidden = Issuer(signer=self.issuer, country="CN", clock=FixedClock(ISSUED_AT)).issue(
            CERTIFICATE, confidential=["vin"], group_key=self.group_key
        )
        Path("hidden.txt").write_text(f"{hidden}\n", encoding="ascii")
        self.trust()
        self.publish()

    def trust(self, *, certificate_key: dict[str, Any] | None = None, **changes: Any) -> None:  # noqa: ANN401  an issuer's own
        """Write ``trust.cbor``; ``certificate_key`` changes the key of the certificates."""
        usages = {KeyUsage.CERTIFICATE: self.issuer, KeyUsage.STATUS: self.status, KeyUsage.REGISTER: self.register}
        keys = [
            TrustedKey(
                public_key=signer.public_key,
                usage=usage,
                not_before=LONG_AGO,
                not_after=self.now + timedelta(days=1000),
                **((certificate_key or {}) if usage is KeyUsage.CERTIFICATE else {}),
            )
            for usage, signer in usages.items()
        ]
        fields: dict[str, Any] = {
            "id": "CN",
            "name": "Test issuer",
            "country": "CN",
            "time_zone": "Asia/Shanghai",
            "keys": keys,
            "list_templates": [ListTemplate(uri=f"{self.base}/lists/{{list}}", not_before=LONG_AGO)],
            "query_endpoint": f"{self.base}/vehicles",
        }
        self._sign(TrustedIssuer(**(fields | changes)))

    def trust_two(self) -> None:
        """Write ``trust.cbor`` with a second register of the same country."""
        self.trust()
        other = LocalSigner.generate()
        window: dict[str, Any] = {"not_before": LONG_AGO, "not_after": self.now + timedelta(days=1000)}
        second = TrustedIssuer(
            id="CN-2",
            name="Another issuer",
            country="CN",
            time_zone="Asia/Shanghai",
            keys=[TrustedKey(public_key=other.public_key, usage=KeyUsage.REGISTER, **window)],
            query_endpoint="https://other.example/vehicles",
        )
        (first,) = read_unverified(Path("trust.cbor").read_bytes()).issuers
        self._sign(first, second)

    def _sign(self, *issuers: TrustedIssuer) -> None:
        contents = TrustListContents(
            version=1,
            issued_at=self.now - timedelta(hours=1),
            next_update_at=self.now + timedelta(days=7),
            environment=Environment.PRODUCTION,
            issuers=issuers,
        )
        Path("trust.cbor").write_bytes(contents.sign(ROOT_SIGNER))

    def publish(self, value: int = 0, *events: StatusEvent, folder: str = "lists") -> tuple[bytes, bytes]:
        """Write a list with this value for the world's certificate, and its events; both."""
        uri = f"{self.base}/lists/12"
        times: dict[str, Any] = {"issued_at": self.now, "expires_at": self.now + timedelta(days=2)}
        entries = StatusList.from_values({INDEX: value} if value else {}, size=1024)
        documents = (
            issue_token(entries, uri=uri, signer=self.status, **times),
            issue_events(
                {INDEX: events} if events else {}, uri=uri, signer=self.status, history_from=LONG_AGO, **times
            ),
        )
        Path(folder).mkdir(exist_ok=True)
        for name, data in zip(("12", "12.events"), documents, strict=True):
            Path(folder, name).write_bytes(data)
        return documents

    def serve(self, server: FaultServer) -> None:
        """Put the lists, and answers about vehicles, on a server whose URL is the desk's base."""
        listed, events = self.publish()
        types = {"/lists/12": (STATUS_LIST_TYPE, listed), "/lists/12.events": (STATUS_EVENTS_TYPE, events)}
        for path, (kind, data) in types.items():
            server.routes[path] = Reply(headers={"Content-Type": kind}, body=data)
        server.routes["/vehicles"] = self._answer

    def _answer(self, seen: Seen) -> Reply:
        if seen.headers.get("authorization") != "Bearer geheim-17-geheim":
            return Reply(status=401)
        query: VehicleQuery = decode_request(seen.body, asked_at=datetime.now(UTC))
        record = VehicleRecord(
            known=True,
            flags=[VehicleFlag(code="C", since=date(2026, 9, 1))]
            if query.vin == "LSVAA4187E2184212"
            else [VehicleFlag(code="B", until=date(2026, 8, 1)), VehicleFlag(code="W")],
            valid_until=date(2099, 9, 30),
            observed_at=query.asked_at,
            history_from=LONG_AGO,
        )
        end = query.asked_at + timedelta(minutes=5)
        answer = issue_answer(record, request=seen.body, signer=self.register, issued_at=query.asked_at, expires_at=end)
        return Reply(headers={"Content-Type": VEHICLE_ANSWER_TYPE}, body=answer)
