"""Whose word counts, and when: each document, through each backend, under each state of the key that signed it.

Every document is dated `DATED`; what changes is what the trust list says of its key, and what proves that it existed.
"""

from __future__ import annotations

import asyncio
import base64
import hashlib
import json
import zlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Final

import attrs
import pytest

from certcore import AsyncVerifier, Outcome, Policy, Verdict, Verifier, _cbor, cose
from certcore.errors import CertcoreError
from certcore.evidence import Evidence
from certcore.keys import LocalSigner
from certcore.payload import StatusRef
from certcore.policy import Need
from certcore.proofs import timestamps
from certcore.proofs.existence import BODY, EVALUATED_AT, EVIDENCE_FORMAT, EVIDENCE_TYPE, FORMAT, TEXT, TIMESTAMPS
from certcore.status import vehicledoc
from certcore.status._documents import events_uri, time_uri
from certcore.status.eventlist import STATUS_EVENTS_TYPE
from certcore.status.http import AsyncHTTPStatusBackend, HTTPStatusBackend, VehicleEndpoint
from certcore.status.protocol import StatusProof, StatusQuery, StatusRecord, VehicleQuery, VehicleRecord
from certcore.status.snapshot import SnapshotStatusBackend
from certcore.status.tokenlist import (
    STATUS_LIST_JWT_MEDIA_TYPE,
    STATUS_LIST_TYPE,
    StatusEvents,
    StatusList,
    StatusToken,
    issue_events,
    issue_token,
    open_events,
    open_jwt_token,
    open_token,
    status_record,
)
from certcore.testing import FixedClock
from certcore.trust import KeyUsage, ListTemplate, TrustedKey, TrustList
from certcore.verdict import VehicleVerdict
from tests import tsa
from tests.status.fault_server import FaultServer, Reply, Seen
from tests.status.http_cases import PATIENT, cwt, still
from tests.verify_cases import (
    NOW,
    PLATE,
    SIGNER,
    TRUST_ROOT,
    VIN,
    certificate,
    reasons,
    seal,
    trust_list,
    trusted_issuer,
    trusted_key,
)

pytest.importorskip("rfc3161_client", reason="rfc3161-client is missing: the timestamp extra is not installed")
pytest.importorskip("httpx2", reason="httpx2 is missing: the http extra is not installed")

HOUR: Final = timedelta(hours=1)
DATED: Final = NOW - 4 * HOUR
"""What every document states as its time of issue."""

KEY: Final = LocalSigner.generate()
FRESH: Final = LocalSigner.generate()
"""The key of the documents in question, and one that nothing is wrong with."""

SEAL_KEY: Final = LocalSigner.generate()
TSA: Final = tsa.authority()
REF: Final = StatusRef(list=7, index=3)
CERTIFICATE: Final = seal(certificate(status=REF))
PATH: Final = "/lists/7"

Proofs = Callable[[bytes], Sequence[bytes]]


def nothing(_: bytes) -> list[bytes]:
    """No proof at all."""
    return []


def stamped(at: datetime) -> Proofs:
    """A time-stamp over the document."""
    return lambda data: [TSA.answer(timestamps.request(data), at=at)]


def statement(data: bytes, at: datetime) -> bytes:
    """A statement of evidence that names the document."""
    micros = int(at.timestamp()) * 1_000_000
    named = [1, [[hashlib.sha256(data).digest(), STATUS_LIST_TYPE]]]
    held = [3, b"request", data]
    return _cbor.encode({FORMAT: EVIDENCE_FORMAT, TEXT: "VIC1:", EVALUATED_AT: micros, 14: named, 15: held})


def sealed(at: datetime, signer: LocalSigner = SEAL_KEY) -> Proofs:
    """A seal over evidence that names the document."""
    return lambda data: [cose.sign1(statement(data, at), signer=signer, protected={cose.TYP: EVIDENCE_TYPE})]


def filed(at: datetime) -> Proofs:
    """Evidence that names the document and bears a time-stamp, without a seal."""

    def make(data: bytes) -> list[bytes]:
        body = statement(data, NOW)
        stamp = TSA.answer(timestamps.request(body), at=at)
        return [_cbor.encode({FORMAT: EVIDENCE_FORMAT, BODY: body, TIMESTAMPS: [stamp]})]

    return make


@attrs.frozen
class Case:
    """What is said of the key, what is brought forward, and what comes of it: the code, or None where it counts."""

    key: Mapping[str, Any]
    code: str | None = None
    proofs: Proofs = nothing


LATER: Final = DATED + HOUR
COMPROMISED: Final = {"compromised_since": LATER}
CASES: Final = {
    "within its window": Case({}),
    "from its first second": Case({"not_before": DATED}),
    "in its last second": Case({"not_after": DATED}),
    "before its window": Case({"not_before": DATED + timedelta(seconds=1)}, "status-key-window"),
    "after its window": Case({"not_after": DATED - timedelta(seconds=1)}, "status-key-window"),
    "since the compromise": Case({"compromised_since": DATED}, "status-key-compromised"),
    "after the compromise": Case({"compromised_since": DATED - HOUR}, "status-key-compromised"),
    "after the compromise, stamped": Case(
        {"compromised_since": DATED - HOUR}, "status-key-compromised", stamped(DATED)
    ),
    "before the compromise": Case(COMPROMISED, "status-key-compromised"),
    "before the compromise, stamped": Case(COMPROMISED, None, stamped(DATED)),
    "before the compromise, stamped too late": Case(COMPROMISED, "status-key-compromised", stamped(LATER)),
    "before the compromise, sealed": Case(COMPROMISED, None, sealed(DATED)),
    "before the compromise, sealed too late": Case(COMPROMISED, "status-key-compromised", sealed(LATER)),
    "before the compromise, sealed by a stranger": Case(
        COMPROMISED, "status-key-compromised", sealed(DATED, LocalSigner.generate())
    ),
    "before the compromise, sealed by itself": Case(COMPROMISED, "status-key-compromised", sealed(DATED, KEY)),
    "before the compromise, in stamped evidence": Case(COMPROMISED, None, filed(DATED)),
    "before the compromise, in evidence stamped too late": Case(COMPROMISED, "status-key-compromised", filed(LATER)),
    "before the compromise, another document stamped": Case(
        COMPROMISED, "status-key-compromised", lambda _: stamped(DATED)(b"another")
    ),
    "outside its window, stamped": Case({"not_after": DATED - HOUR}, "status-key-window", stamped(DATED)),
}

POLICY: Final = attrs.evolve(
    Policy.claims(),
    vehicle=Need.NOT_USED,
    binding=frozenset(),
    time_stamp_authorities=[TSA.root],
    seal_keys=[SEAL_KEY.public_key, KEY.public_key],
)
LENIENT: Final = Case({})


def trusting(case: Case, base: str, usage: KeyUsage = KeyUsage.STATUS) -> TrustList:
    """The trust list that says this of the key; the key beside it is fresh, and shares its key id."""
    key = trusted_key(KEY, **({"usage": usage} | dict(case.key)))
    other = TrustedKey(
        public_key=FRESH.public_key,
        key_ids=(FRESH.public_key.key_id, KEY.public_key.key_id),
        usage=usage,
        not_before=key.not_before - 9 * HOUR,
        not_after=key.not_after + 9 * HOUR,
    )
    issuer = trusted_issuer(
        trusted_key(SIGNER),
        key,
        other,
        list_templates=[ListTemplate(uri=base + "/lists/{list}", not_before=NOW - 9999 * HOUR)],
        query_endpoint=base + "/query",
        retroactive=False,
    )
    return trust_list(issuer)


# --- lists, events and archives ---------------------------------------------------------------------------------------


def a_list(uri: str, *, signer: LocalSigner = KEY, issued_at: datetime = DATED) -> bytes:
    """A list on which everything is valid."""
    status_list = StatusList.from_values({}, size=64)
    return issue_token(status_list, uri=uri, signer=signer, issued_at=issued_at, expires_at=NOW + 24 * HOUR)


def some_events(uri: str, *, signer: LocalSigner = KEY) -> bytes:
    """An events document that says that nothing happened."""
    return issue_events(
        {}, uri=uri, signer=signer, history_from=NOW - 9999 * HOUR, issued_at=DATED, expires_at=NOW + 24 * HOUR
    )


@attrs.frozen
class Published:
    """What a register publishes, by path; the document in question; the moment that only it speaks for."""

    routes: Mapping[str, Reply]
    document: bytes
    as_of: datetime


def a_lone_list(base: str) -> Published:
    """The list alone, asked about its own second."""
    data = a_list(base + PATH)
    return Published({PATH: cwt(data)}, data, DATED)


def events_beside_a_list(base: str) -> Published:
    """The events in question, beside a list that nothing is wrong with and that is too young to tell."""
    data = some_events(base + PATH)
    young = a_list(base + PATH, signer=FRESH, issued_at=NOW - timedelta(minutes=1))
    return Published({PATH: cwt(young), events_uri(PATH): cwt(data, STATUS_EVENTS_TYPE)}, data, DATED - HOUR)


def an_archived_list(base: str) -> Published:
    """The list of that time out of an archive, beside a list of today that nothing is wrong with."""
    data = a_list(base + PATH)
    young = a_list(base + PATH, signer=FRESH, issued_at=NOW - timedelta(minutes=1))
    return Published({PATH: cwt(young), time_uri(PATH, DATED): cwt(data)}, data, DATED)


def a_list_as_jwt(base: str) -> Published:
    """The list alone, in the form of a JWT."""
    entries = {"bits": 2, "lst": base64url(zlib.compress(bytes(16)))}
    times = {"iat": int(DATED.timestamp()), "exp": int(NOW.timestamp()) + 3600}
    parts = [{"alg": "ES256", "typ": "statuslist+jwt"}, {"sub": base + PATH, "status_list": entries, **times}]
    signed = ".".join(base64url(json.dumps(part).encode()) for part in parts)
    data = f"{signed}.{base64url(KEY.sign(signed.encode()))}".encode()
    return Published({PATH: cwt(data, STATUS_LIST_JWT_MEDIA_TYPE)}, data, DATED)


def base64url(data: bytes) -> str:
    """Base64url without padding."""
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


DOCUMENTS: Final = [a_lone_list, a_list_as_jwt, events_beside_a_list, an_archived_list]


@attrs.frozen
class Handed:
    """A backend of somebody's own: it opens documents, looks at no date, and hands them over as proofs."""

    routes: Mapping[str, Reply]
    states_times: bool

    def lookup(self, query: StatusQuery, /) -> StatusRecord:
        """The facts from all documents there are."""
        assert query.list_uri is not None
        tokens: list[StatusToken] = []
        events: StatusEvents | None = None
        for reply in self.routes.values():
            if reply.headers["Content-Type"] == STATUS_EVENTS_TYPE:
                events = open_events(reply.body, uri=query.list_uri, keys=query.keys, now=None)
            else:
                is_jwt = reply.headers["Content-Type"] == STATUS_LIST_JWT_MEDIA_TYPE
                open_list = open_jwt_token if is_jwt else open_token
                tokens.append(open_list(reply.body, uri=query.list_uri, keys=query.keys, now=None))
        found = status_record(3, tokens=tokens, events=events)
        bare = [StatusProof(data=one.data, media_type=one.media_type, key_id=one.key_id) for one in found.proofs]
        return found if self.states_times else attrs.evolve(found, proofs=bare)


@attrs.frozen
class Later:
    """The same for an event loop."""

    backend: Handed

    async def lookup(self, query: StatusQuery, /) -> StatusRecord:
        """The same facts."""
        return self.backend.lookup(query)


@attrs.frozen
class Asked:
    """One question, put to one backend after another."""

    published: Published
    server: FaultServer
    folder: Path
    existed_by: Sequence[bytes]

    def sync(self, backend: Any, trust: TrustList) -> Verdict:  # noqa: ANN401  a status backend
        """The verdict of a `Verifier`."""
        asking = Verifier(trust=trust, status=backend, policy=POLICY, clock=FixedClock(NOW))
        return asking.verify(CERTIFICATE, as_of=self.published.as_of, existed_by=self.existed_by)

    async def later(self, backend: Any, trust: TrustList) -> Verdict:  # noqa: ANN401  as above
        """The verdict of an `AsyncVerifier`."""
        asking = AsyncVerifier(trust=trust, status=backend, policy=POLICY, clock=FixedClock(NOW))
        return await asking.verify(CERTIFICATE, as_of=self.published.as_of, existed_by=self.existed_by)


def by_proofs(asked: Asked, trust: TrustList, _: TrustList) -> Verdict:
    """A backend of somebody's own."""
    return asked.sync(Handed(asked.published.routes, states_times=True), trust)


def by_bare_proofs(asked: Asked, trust: TrustList, _: TrustList) -> Verdict:
    """One that does not even say when its documents were signed."""
    return asked.sync(Handed(asked.published.routes, states_times=False), trust)


def by_proofs_later(asked: Asked, trust: TrustList, _: TrustList) -> Verdict:
    """The same in an event loop."""
    return asyncio.run(asked.later(Later(Handed(asked.published.routes, states_times=True)), trust))


def by_snapshot(asked: Asked, trust: TrustList, lenient: TrustList) -> Verdict:
    """A snapshot that another trust list was asked with before."""
    backend = SnapshotStatusBackend([reply.body for reply in asked.published.routes.values()])
    asked.sync(backend, lenient)
    return asked.sync(backend, trust)


def by_http(asked: Asked, trust: TrustList, _: TrustList) -> Verdict:
    """A server, asked for the first time."""
    with closing(HTTPStatusBackend(tuning=still(), deadline=PATIENT)) as backend:
        return asked.sync(backend, trust)


def by_http_later(asked: Asked, trust: TrustList, lenient: TrustList) -> Verdict:
    """The same in an event loop, first under another trust list."""

    async def run() -> Verdict:
        async with AsyncHTTPStatusBackend(tuning=still(), deadline=PATIENT) as backend:
            await asked.later(backend, lenient)
            return await asked.later(backend, trust)

    return asyncio.run(run())


def by_memory_of_http(asked: Asked, trust: TrustList, lenient: TrustList) -> Verdict:
    """What was opened before under another trust list, with the server gone."""
    with closing(HTTPStatusBackend(tuning=still(), deadline=PATIENT)) as backend:
        asked.sync(backend, lenient)
        asked.server.close()
        return asked.sync(backend, trust)


def by_disk_of_http(asked: Asked, trust: TrustList, lenient: TrustList) -> Verdict:
    """What another process left in the cache's folder, with the server gone."""
    with closing(HTTPStatusBackend(cache_dir=asked.folder, tuning=still(), deadline=PATIENT)) as backend:
        asked.sync(backend, lenient)
    asked.server.close()
    with closing(HTTPStatusBackend(cache_dir=asked.folder, tuning=still(), deadline=PATIENT)) as backend:
        return asked.sync(backend, trust)


def by_snapshot_of_http(asked: Asked, trust: TrustList, lenient: TrustList) -> Verdict:
    """A snapshot of what an HTTP backend holds."""
    with closing(HTTPStatusBackend(tuning=still(), deadline=PATIENT)) as backend:
        asked.sync(backend, lenient)
        return asked.sync(backend.snapshot(), trust)


LONE: Final = [a_lone_list, a_list_as_jwt]
WAYS: Final = [
    by_proofs,
    by_bare_proofs,
    by_proofs_later,
    by_snapshot,
    by_http,
    by_http_later,
    by_memory_of_http,
    by_disk_of_http,
    by_snapshot_of_http,
]


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("published", DOCUMENTS)
@pytest.mark.parametrize("name", CASES)
def test_documents_of_lists(
    name: str,
    published: Callable[[str], Published],
    way: Callable[[Asked, TrustList, TrustList], Verdict],
    tmp_path: Path,
) -> None:
    """A document counts exactly where its key's dates let it; then replay says the same, from the file alone."""
    case = CASES[name]
    with FaultServer() as server:
        what = published(server.url)
        server.routes.update(what.routes)
        asked = Asked(what, server, tmp_path, case.proofs(what.document))

        verdict = way(asked, trusting(case, server.url), trusting(LENIENT, server.url))

    if case.code is None:
        assert (Outcome.VALID, {("binding-not-checked", "notes")}) == (verdict.outcome, reasons(verdict))
    else:
        assert Outcome.UNDETERMINED is verdict.outcome
        if way in {by_memory_of_http, by_disk_of_http}:  # what is held does not count, and nobody answers
            assert "status-unavailable" in _codes(verdict) or published not in LONE
        elif way in {by_proofs, by_bare_proofs, by_proofs_later} or published in LONE:
            assert case.code in _codes(verdict)
    replayed = Evidence.from_bytes(verdict.evidence.to_bytes()).replay(TRUST_ROOT)
    assert (verdict.outcome, verdict.reasons) == (replayed.outcome, replayed.reasons)


def _codes(verdict: Verdict | VehicleVerdict) -> set[str]:
    return {reason.code for reason in verdict.reasons}


@pytest.mark.parametrize("published", DOCUMENTS)
@pytest.mark.parametrize("name", [name for name, case in CASES.items() if case.code is not None])
def test_evidence_under_another_trust_list(name: str, published: Callable[[str], Published]) -> None:
    """A file that was VALID does not become so again where the trust list in it is exchanged for one that knows."""
    case = CASES[name]
    what = published("https://register.example")
    asked = Asked(what, FaultServer(), Path(), case.proofs(what.document))
    asked.server.close()
    strict = trusting(case, "https://register.example").to_bytes()
    verdict = by_proofs(asked, trusting(LENIENT, "https://register.example"), TrustList)  # type: ignore[arg-type]  # not looked at
    assert verdict
    file = _cbor.decode(verdict.evidence.to_bytes(), max_bytes=1 << 20)
    body = _cbor.decode(file[BODY], max_bytes=1 << 20)
    body[11] = hashlib.sha256(strict).digest()
    file[BODY] = _cbor.encode(body)
    file[2] = sorted([*file[2], strict])

    with pytest.raises(CertcoreError) as caught:
        Evidence.from_bytes(_cbor.encode(file)).replay(TRUST_ROOT)

    assert "evidence-outcome-differs" == caught.value.code


@pytest.mark.parametrize("is_later", [False, True])
def test_the_cure_over_http(is_later: bool, tmp_path: Path) -> None:  # noqa: FBT001  parametrised
    """Lists and events that the issuer publishes anew under a fresh key are taken at once, whatever is in the cache."""
    stolen = Case({"compromised_since": DATED - HOUR})
    with FaultServer() as server:
        uri, policy = server.url + PATH, attrs.evolve(POLICY, max_status_age=None)
        lenient, strict = trusting(LENIENT, server.url), trusting(stolen, server.url)

        async def ask(trust: TrustList) -> Verdict:
            how: dict[str, Any] = {"trust": trust, "policy": policy, "clock": FixedClock(NOW)}
            options: dict[str, Any] = {"cache_dir": tmp_path, "tuning": still(), "deadline": PATIENT}
            if is_later:
                async with AsyncHTTPStatusBackend(**options) as later:
                    return await AsyncVerifier(status=later, **how).verify(CERTIFICATE, as_of=DATED - HOUR)
            with closing(HTTPStatusBackend(**options)) as backend:
                return Verifier(status=backend, **how).verify(CERTIFICATE, as_of=DATED - HOUR)

        server.routes |= {PATH: cwt(a_list(uri)), events_uri(PATH): cwt(some_events(uri), STATUS_EVENTS_TYPE)}
        assert Outcome.VALID is asyncio.run(ask(lenient)).outcome
        assert "status-key-compromised" in _codes(asyncio.run(ask(strict)))
        server.routes[PATH] = cwt(a_list(uri, signer=FRESH, issued_at=NOW - timedelta(minutes=1)))
        assert "status-key-compromised" in _codes(asyncio.run(ask(strict)))  # the events are still the thief's
        server.routes[events_uri(PATH)] = cwt(some_events(uri, signer=FRESH), STATUS_EVENTS_TYPE)
        assert Outcome.VALID is asyncio.run(ask(strict)).outcome


@pytest.mark.parametrize("name", ["after its window", "after the compromise", "within its window"])
def test_prefetched_lists(name: str) -> None:
    """What is fetched beforehand is judged in the same way, and the report says why a list does not count."""
    case = CASES[name]
    with FaultServer() as server, closing(HTTPStatusBackend(tuning=still(), deadline=PATIENT)) as backend:
        server.routes[PATH] = cwt(a_list(server.url + PATH))
        report = backend.prefetch(trusting(case, server.url), lists={"CN": [7]})
        assert dict(report.failed).get(server.url + PATH) == case.code


@pytest.mark.parametrize("kid", [b"first", b"second"])
@pytest.mark.parametrize("code", [None, "status-key-window"])
def test_a_key_of_several_ids(kid: bytes, code: str | None) -> None:
    """A key is found by each of its ids, for lists as for certificates, and its dates hold under all of them."""
    signer = LocalSigner.from_pem(KEY.to_pem(), key_id=kid)
    uri = "https://register.example/lists/7"
    window = {} if code is None else {"not_after": DATED - HOUR}
    key = trusted_key(KEY, usage=KeyUsage.STATUS, key_ids=(b"first", b"second"), **window)
    template = ListTemplate(uri="https://register.example/lists/{list}", not_before=NOW - 9999 * HOUR)
    trust = trust_list(trusted_issuer(trusted_key(SIGNER), key, list_templates=[template]))
    routes = {PATH: cwt(a_list(uri, signer=signer))}

    for backend in (SnapshotStatusBackend([routes[PATH].body]), Handed(routes, states_times=False)):
        asking = Verifier(trust=trust, status=backend, policy=POLICY, clock=FixedClock(NOW))
        verdict = asking.verify(CERTIFICATE, as_of=DATED)
        assert (verdict.outcome is Outcome.VALID) is (code is None)
        assert code is None or code in _codes(verdict)


# --- vehicles ---------------------------------------------------------------------------------------------------------


@attrs.frozen
class Vehicles:
    """A vehicle register's answer of `DATED`, handed over by a backend that looks at no date."""

    states_times: bool

    def document(self, query: VehicleQuery) -> tuple[bytes, bytes]:
        """The request, and the answer to it."""
        request = vehicledoc.encode_request(query, nonce=bytes(16))
        record = VehicleRecord(known=True, valid_until=NOW.date() + 99 * timedelta(days=1), observed_at=NOW)
        answer = vehicledoc.issue_answer(
            record, request=request, signer=KEY, issued_at=DATED, expires_at=DATED + 24 * HOUR
        )
        return request, _SIGNED.setdefault(hashlib.sha256(request).hexdigest(), answer)

    def lookup_vehicle(self, query: VehicleQuery, /) -> VehicleRecord:
        """The answer, opened."""
        request, answer = self.document(query)
        found = vehicledoc.open_answer(answer, request=request, keys=query.keys, now=None)
        bare = [attrs.evolve(proof, signed_at=None) for proof in found.proofs]
        return found if self.states_times else attrs.evolve(found, proofs=bare)


_SIGNED: dict[str, bytes] = {}
"""Answers by their request: a signature is made once, so that what was stamped is what is handed over."""


@attrs.frozen
class VehiclesLater:
    """The same for an event loop."""

    backend: Vehicles

    async def lookup_vehicle(self, query: VehicleQuery, /) -> VehicleRecord:
        """The same answer."""
        return self.backend.lookup_vehicle(query)


VEHICLE_POLICY: Final = attrs.evolve(POLICY, status=Need.NOT_USED, vehicle=Need.REQUIRED)
ABOUT: Final = VehicleQuery(registration_number=PLATE, country="CN", vin=VIN, as_of=DATED - HOUR, asked_at=NOW)


@pytest.mark.parametrize("states_times", [True, False])
@pytest.mark.parametrize("is_later", [False, True])
@pytest.mark.parametrize("name", CASES)
def test_answers_about_vehicles(name: str, is_later: bool, states_times: bool) -> None:  # noqa: FBT001  parametrised
    """A register's answer beside a certificate, likewise."""
    case, backend = CASES[name], Vehicles(states_times)
    as_of, existed_by = DATED - HOUR, case.proofs(backend.document(ABOUT)[1])
    how: dict[str, Any] = {"trust": trusting(case, "https://register.example", KeyUsage.REGISTER), "status": None}
    how |= {"policy": VEHICLE_POLICY, "clock": FixedClock(NOW)}

    if is_later:
        later = AsyncVerifier(vehicles=VehiclesLater(backend), **how)
        verdict = asyncio.run(later.verify(CERTIFICATE, as_of=as_of, existed_by=existed_by))
    else:
        verdict = Verifier(vehicles=backend, **how).verify(CERTIFICATE, as_of=as_of, existed_by=existed_by)

    said = {reason.code: dict(reason.detail) for reason in verdict.reasons}
    if case.code is None:
        assert not said.keys() & {"status-key-window", "status-key-compromised", "status-backend-error"}
    else:
        assert Outcome.UNDETERMINED is verdict.outcome
        assert {"subject": "vehicle"} == said[case.code]
    replayed = Evidence.from_bytes(verdict.evidence.to_bytes()).replay(TRUST_ROOT)
    assert (verdict.outcome, verdict.reasons) == (replayed.outcome, replayed.reasons)


FRESHLY: Final = {
    "within its window": Case({}),
    "in its last second": Case({"not_after": NOW}),
    "before its window": Case({"not_before": NOW + HOUR}, "status-key-window"),
    "after its window": Case({"not_after": NOW - HOUR}, "status-key-window"),
    "after the compromise": Case({"compromised_since": NOW - HOUR}, "status-key-compromised"),
    "before a compromise to come": Case({"compromised_since": NOW + HOUR}, "status-key-compromised"),
}


@contextmanager
def answering() -> Iterator[FaultServer]:
    """A vehicle register that answers with the key in question, now."""

    def answer(seen: Seen) -> Reply:
        record = VehicleRecord(known=True, valid_until=NOW.date() + 99 * timedelta(days=1), observed_at=NOW)
        return cwt(
            vehicledoc.issue_answer(record, request=seen.body, signer=KEY, issued_at=NOW, expires_at=NOW + HOUR),
            vehicledoc.VEHICLE_ANSWER_TYPE,
        )

    with FaultServer() as server:
        server.routes["/query"] = answer
        yield server


@pytest.mark.parametrize("knows", [True, False])
@pytest.mark.parametrize("is_later", [False, True])
@pytest.mark.parametrize("name", FRESHLY)
def test_vehicles_over_http(name: str, is_later: bool, knows: bool) -> None:  # noqa: FBT001  parametrised
    """A vehicle nobody showed a certificate for, whether the endpoint was made from this trust list or an older one."""
    case = FRESHLY[name]
    with answering() as server:
        trust = trusting(case, server.url, KeyUsage.REGISTER)
        of = trust if knows else trusting(LENIENT, server.url, KeyUsage.REGISTER)
        options: dict[str, Any] = {"vehicles": {"CN": VehicleEndpoint.of(of.issuers[0])}, "tuning": still()}
        how: dict[str, Any] = {"trust": trust, "status": None, "policy": POLICY, "clock": FixedClock(NOW)}
        verdict = asyncio.run(_checked_later(options, how)) if is_later else _checked(options, how)

    said = {reason.code: dict(reason.detail) for reason in verdict.reasons}
    if case.code is None:
        assert not said.keys() & {"status-key-window", "status-key-compromised"}
        assert verdict.vehicle is not None
    else:
        assert Outcome.UNDETERMINED is verdict.outcome
        assert ({"subject": "vehicle"}, None) == (said[case.code], verdict.vehicle)
    replayed = Evidence.from_bytes(verdict.evidence.to_bytes()).replay_vehicle(TRUST_ROOT)
    assert (verdict.outcome, verdict.reasons) == (replayed.outcome, replayed.reasons)


def _checked(options: dict[str, Any], how: dict[str, Any]) -> VehicleVerdict:
    with closing(HTTPStatusBackend(deadline=PATIENT, **options)) as backend:
        return Verifier(vehicles=backend, **how).check_vehicle(as_of=NOW, vin=VIN, country="CN")


async def _checked_later(options: dict[str, Any], how: dict[str, Any]) -> VehicleVerdict:
    async with AsyncHTTPStatusBackend(deadline=PATIENT, **options) as backend:
        return await AsyncVerifier(vehicles=backend, **how).check_vehicle(as_of=NOW, vin=VIN, country="CN")
