"""What users write against certcore, to be type-checked and never run: their tasks, as far as this version reaches.

Printing is left to the documentation's examples; evidence, live presentations, HTTP, snapshots, bulk and the
register's own database come with later versions.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any, assert_type

import attrs

from certcore import (
    Axis,
    AxisState,
    Basis,
    Deficiency,
    DeficiencyCounts,
    Effect,
    Expected,
    InspectionCertificate,
    Interval,
    Issuer,
    LocalSigner,
    Need,
    Outcome,
    Policy,
    PublicKey,
    Reason,
    Result,
    Signer,
    StatusListEntry,
    StatusRef,
    TrustList,
    TrustRoot,
    Verdict,
    Verifier,
    errors,
    qr,
    status,
    testing,
)
from certcore.issue import Register
from certcore.status import (
    AsyncStatusBackend,
    MemoryStatusBackend,
    StatusBackend,
    StatusEvent,
    StatusEventKind,
    StatusObservation,
    StatusProof,
    StatusQuery,
    StatusRecord,
    StatusState,
    VehicleFlag,
    VehicleQuery,
    VehicleRecord,
    VehicleStatusBackend,
)
from certcore.trust import TrustedKey

# --- 1 issue on registration, into a register of one's own


@attrs.define
class Ledger:
    """A register that keeps texts in memory and tells a status backend what happened."""

    backend: MemoryStatusBackend
    texts: dict[StatusRef, str] = attrs.field(factory=dict[StatusRef, str])
    next_index: int = 0

    def allocate(self) -> StatusRef:
        """The next free index."""
        self.next_index += 1
        return StatusRef(list=12, index=self.next_index)

    def record(self, certificate: InspectionCertificate, text: str, /, *, supersedes_from: datetime | None) -> None:
        """Keep the text, and supersede the one before."""
        assert isinstance(certificate.status, StatusRef)
        self.texts[certificate.status] = text
        self.backend.register(certificate.status, at=certificate.issued_at)
        if supersedes_from is not None and isinstance(certificate.previous, StatusRef):
            self.backend.supersede(certificate.previous, at=datetime.now(UTC), effective_at=supersedes_from)


def register_vehicle(key_file: Path, backend: MemoryStatusBackend) -> str:
    """A vehicle is registered; the clerk corrects an error an hour later; the holder wants it shown again."""
    ledger = Ledger(backend)
    register: Register = ledger
    signer = LocalSigner.from_pem(key_file.read_bytes())
    issuer = Issuer(signer=signer, country="CN", registry=register)
    certificate = InspectionCertificate(
        registration_number="闽C12345",
        country="CN",
        vin="LSVAA4187E2184211",
        plate_type=2,
        vehicle_category="K33",
        usage="A",
        valid_until=date(2027, 9, 30),
        basis=Basis.REGISTRATION,
        result=Result.EXEMPT,
        authority="闽C",
    )
    ready = issuer.complete(certificate)
    assert_type(ready, InspectionCertificate)
    assert_type(ready.status, StatusRef | StatusListEntry | None)
    assert_type(issuer.issue(ready), str)
    if isinstance(ready.status, StatusRef):
        backend.revoke(ready.status, at=datetime.now(UTC), effective_at=None, reason="entered in error")
        return ledger.texts[ready.status]
    raise LookupError


# --- 2 re-issue after a transfer


def transfer(issuer: Issuer, verifier: Verifier, old_text: str, plate: str, on: datetime) -> str:
    """The same vehicle under another plate; the old certificate is superseded from that moment."""
    old = verifier.verify(old_text, as_of=on).require_valid()
    assert_type(old, InspectionCertificate)
    previous = old.status if isinstance(old.status, StatusRef) else old.certificate_id
    new = attrs.evolve(
        old,
        registration_number=plate,
        basis=Basis.TRANSFER_OR_CHANGE,
        previous=previous,
        status=None,
        certificate_id=None,
    )
    return issuer.issue(new, supersedes_from=on)


# --- 4 a photo at the date of loss


def load_trust(folder: Path, held: TrustList | None) -> TrustList:
    """The list that replaces the one held."""
    root = TrustRoot(keys=[PublicKey.from_pem((folder / "root.pem").read_bytes())], threshold=1)
    trust = TrustList.open((folder / "trust.cbor").read_bytes(), root=root, previous=held, now=datetime.now(UTC))
    assert_type(trust.version, int)
    assert_type(trust.issued_at, datetime)
    assert_type(trust.next_update_at, datetime)
    assert_type(trust.environment, str)
    assert_type(trust.to_bytes(), bytes)
    return trust


def desk(trust: TrustList, backend: MemoryStatusBackend, photo: bytes, loss: date, plate: str, vin: str) -> str:
    """What a claims handler sees, and what the claim system stores."""
    verifier = Verifier(trust=trust, status=backend, policy=Policy.claims(), vehicles=backend)
    verdict = verifier.verify_image(
        photo, as_of=loss, expect=Expected(registration_number=plate, country="CN", plate_type=2, vin=vin)
    )
    assert_type(verdict, Verdict)
    assert_type(verdict.outcome, Outcome)
    assert_type(verdict.reasons, tuple[Reason, ...])
    assert_type(verdict.axes, Mapping[Axis, AxisState])
    assert_type(verdict.certificate, InspectionCertificate | None)
    assert_type(verdict.issuer, str | None)
    assert_type(verdict.as_of, datetime | date)
    assert_type(verdict.evaluated_at, datetime)
    assert_type(verdict.known_at, datetime)
    assert_type(verdict.status_observed_at, datetime | None)
    assert_type(verdict.in_force, tuple[Interval, ...])
    assert_type(verdict.degraded, bool)
    assert_type(verdict.policy_id, str)
    assert_type(verdict.id, str)
    assert_type(bool(verdict), bool)
    assert_type("status-unavailable" in verdict, bool)
    for reason in verdict.reasons:
        assert_type(reason.code, str)
        assert_type(reason.axis, Axis)
        assert_type(reason.effect, Effect)
        assert_type(reason.detail, tuple[tuple[str, str | int], ...])
    for interval in verdict.in_force:
        assert_type((interval.start_at, interval.end_at), tuple[datetime | None, datetime | None])
    assert_type(verdict.explain(lang="zh"), str)
    assert_type(json.dumps(verdict.to_dict()), str)
    return verdict.to_json()


def several(verifier: Verifier, photo: Path) -> list[str]:
    """Two marks on one picture."""
    verdicts = verifier.verify_all(photo, as_of=datetime.now(UTC), known_at=None)
    assert_type(verdicts, tuple[Verdict, ...])
    return [verdict.id for verdict in verdicts if verdict]


def refused(verdict: Verdict) -> Verdict | None:
    """What is not valid is raised with the whole verdict."""
    try:
        verdict.require_valid()
    except errors.NotValidError as error:
        assert_type(error.code, str)
        held: Verdict = error.verdict
        return held
    return None


# --- 6 a status backend of one's own


@attrs.frozen
class RowsBackend:
    """One's own store behind the protocol, history included."""

    rows: Callable[[str, str], Iterable[dict[str, Any]]]

    def lookup(self, query: StatusQuery, /) -> StatusRecord:
        """Every event that the store has."""
        assert_type(query.ref, StatusRef | StatusListEntry | None)
        assert_type(query.certificate_id, bytes | None)
        assert_type(query.list_uri, str | None)
        assert_type(query.keys, tuple[PublicKey | TrustedKey, ...])
        assert_type((query.as_of, query.asked_at), tuple[datetime, datetime])
        try:
            rows = list(self.rows(query.issuer, query.key))
        except OSError as cause:
            raise errors.StatusError("status-unavailable", retry_after_s=5) from cause
        return StatusRecord(
            events=tuple(
                StatusEvent(
                    kind=StatusEventKind(row["kind"]),
                    effective_at=datetime.fromisoformat(row["eff"]) if row["eff"] else None,
                    recorded_at=datetime.fromisoformat(row["rec"]),
                )
                for row in rows
            ),
            observations=[StatusObservation(state=StatusState.VALID, at=query.asked_at)],
            proofs=[StatusProof(data=b"", media_type="application/statuslist+cwt", key_id=b"\0")],
            observed_at=query.asked_at,
            reliable_until=query.asked_at + timedelta(minutes=5),
            history_from=datetime.min.replace(tzinfo=UTC),
        )


@attrs.frozen
class SlowBackend:
    """The same for an event loop, and for vehicles."""

    async def lookup(self, query: StatusQuery, /) -> StatusRecord:
        """Nothing is known."""
        return StatusRecord(observed_at=query.asked_at)

    def lookup_vehicle(self, query: VehicleQuery, /) -> VehicleRecord:
        """Stolen since a day."""
        return VehicleRecord(
            known=True, flags=[VehicleFlag(code="C", since=query.as_of.date())], observed_at=query.asked_at
        )


rows_backend: StatusBackend = RowsBackend(lambda _issuer, _key: [])
slow_backend: AsyncStatusBackend = SlowBackend()
vehicles: VehicleStatusBackend = SlowBackend()
memory: StatusBackend = MemoryStatusBackend()
same_memory: status.StatusBackend = memory


# --- 8 on the road


def on_the_road(verifier: Verifier, new: TrustList, picture: qr.Image) -> None:
    """Every certificate in a picture, and a new trust list while running."""
    for symbol in qr.read(picture):
        assert_type(symbol.text, str)
        assert_type(symbol.data, bytes)
        verdict = verifier.verify(symbol.text, as_of=datetime.now(UTC))
        assert_type(verdict.status_observed_at, datetime | None)
    assert_type(verifier.with_trust(new), Verifier)


# --- the smaller names


def small_names() -> None:
    """Policies, certificates and signers in other forms."""
    policy = Policy(
        name="ours",
        status=Need.REQUIRED,
        vehicle=Need.NOT_USED,
        binding=frozenset({"vin"}),
        max_status_age=timedelta(hours=1),
        max_trust_age=timedelta(days=1),
        clock_skew=timedelta(seconds=5),
        live_replaces_status=False,
    )
    assert_type(policy.id, str)
    assert_type([Policy.claims(), Policy.roadside(), Policy.counterparty(), Policy.bulk()], list[Policy])
    counted = DeficiencyCounts(minor=1)
    listed = (Deficiency(code="1.1.13", severity=Result.MINOR),)
    for deficiencies in (counted, listed):
        InspectionCertificate(
            registration_number="B-AB 123",
            valid_until=date(2027, 9, 30),
            basis=Basis.INSPECTED,
            result=Result.MINOR,
            authority="DE",
            vin="WVWZZZ1JZXW000001",
            deficiencies=deficiencies,
        )
    signer: Signer = LocalSigner.generate()
    assert_type(signer.public_key, PublicKey)
    assert_type(signer.public_key.key_id, bytes)
    assert_type(signer.sign(b""), bytes)
    assert_type(testing.make_trust(signer, issuer="CN", time_zone="Asia/Shanghai"), TrustList)
    assert_type(qr.to_png("VIC1:"), bytes)
    assert_type(qr.to_svg("VIC1:"), str)
    assert_type(qr.size("VIC1:").version, int)
