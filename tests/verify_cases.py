"""What the tests of the deciding side build with: certificates, trust lists, and backends that answer as they are told.

Every name here is a plain function or a small Protocol implementation; nothing of certcore is replaced.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any, Final, cast

import attrs

from certcore import (
    Basis,
    Expected,
    InspectionCertificate,
    LocalSigner,
    Policy,
    Result,
    StatusRef,
    Verdict,
    Verifier,
    armor,
    cose,
    payload,
)
from certcore import TrustList as OpenedTrustList
from certcore.keys import Signer
from certcore.status import (
    MemoryStatusBackend,
    StatusBackend,
    StatusEvent,
    StatusEventKind,
    StatusQuery,
    StatusRecord,
    VehicleQuery,
    VehicleRecord,
    VehicleStatusBackend,
)
from certcore.testing import FixedClock
from certcore.trust import (
    Environment,
    KeyUsage,
    TrustedIssuer,
    TrustedKey,
    TrustListContents,
    TrustRoot,
)

NOW: Final = datetime(2026, 10, 1, 4, 0, tzinfo=UTC)
"""When questions are asked: noon in Shanghai."""

ISSUED: Final = datetime(2025, 10, 10, 2, 0, tzinfo=UTC)
"""When the usual certificate was issued: ten in the morning in Shanghai."""

LOSS: Final = datetime(2026, 9, 1, 2, 30, tzinfo=UTC)
"""The moment that most questions are about."""
LAST_DAY: Final = date(2027, 9, 30)
PLATE: Final = "闽C·12345"
VIN: Final = "LSVAA4181E2184211"
REF: Final = StatusRef(list=12, index=524287)
LONG_AGO: Final = datetime(2020, 1, 1, tzinfo=UTC)
FAR_OFF: Final = datetime(2035, 1, 1, tzinfo=UTC)

SIGNER: Final = LocalSigner.generate()
LIVE_SIGNER: Final = LocalSigner.generate()
ROOT_SIGNER: Final = LocalSigner.generate()
TRUST_ROOT: Final = TrustRoot(keys=[ROOT_SIGNER.public_key], environments=Environment)

SEEN: Final = Expected(registration_number=PLATE, vin=VIN)
"""The vehicle of the usual certificate, as a claims desk sees it."""


def certificate(**changes: Any) -> InspectionCertificate:  # noqa: ANN401  any field of a certificate
    """The usual certificate: a saloon car from Fujian, with a status reference."""
    fields: dict[str, Any] = {
        "registration_number": PLATE,
        "vin": VIN,
        "valid_until": LAST_DAY,
        "inspected_on": date(2025, 10, 10),
        "basis": Basis.INSPECTED,
        "result": Result.PASS,
        "authority": "闽C",
        "status": REF,
        "issued_at": ISSUED,
    }
    return InspectionCertificate(**(fields | changes))


def seal(stated: InspectionCertificate | bytes, signer: Signer = SIGNER) -> str:
    """The text of a certificate, or of any payload, signed."""
    data = stated if isinstance(stated, bytes) else payload.encode(stated)
    return armor.encode(cose.sign1(data, signer=signer))


def live(*, signer: Signer = LIVE_SIGNER, presented_at: datetime = NOW, minutes: float = 5, **changes: Any) -> str:  # noqa: ANN401  any field
    """The text of a live presentation of the usual certificate."""
    shown = certificate(presented_at=presented_at, expires_at=presented_at + timedelta(minutes=minutes), **changes)
    return seal(shown, signer)


def trusted_key(signer: Signer, **changes: Any) -> TrustedKey:  # noqa: ANN401  any field of a key
    """A key that may sign certificates from 2020 to 2035."""
    fields: dict[str, Any] = {"usage": KeyUsage.CERTIFICATE, "not_before": LONG_AGO, "not_after": FAR_OFF}
    return TrustedKey(public_key=signer.public_key, **(fields | changes))


def trusted_issuer(*keys: TrustedKey, **changes: Any) -> TrustedIssuer:  # noqa: ANN401  any field of an issuer
    """An issuer in China that has the usual keys unless others are given."""
    usual = (trusted_key(SIGNER), trusted_key(LIVE_SIGNER, usage=KeyUsage.LIVE))
    fields: dict[str, Any] = {"id": "CN", "name": "Test issuer", "country": "CN", "time_zone": "Asia/Shanghai"}
    return TrustedIssuer(keys=keys or usual, **(fields | changes))


def trust_list(*issuers: TrustedIssuer, signer: Signer = ROOT_SIGNER, **changes: Any) -> OpenedTrustList:  # noqa: ANN401  any field
    """A production list, four hours old, of one usual issuer unless others are given."""
    return OpenedTrustList.open(
        trust_bytes(*issuers, signer=signer, **changes),
        root=TrustRoot(keys=[signer.public_key], environments=Environment),
    )


def trust_bytes(*issuers: TrustedIssuer, signer: Signer = ROOT_SIGNER, **changes: Any) -> bytes:  # noqa: ANN401  any field
    """The same, signed and not yet opened."""
    fields: dict[str, Any] = {
        "version": 1,
        "issued_at": NOW - timedelta(hours=4),
        "next_update_at": NOW + timedelta(days=7),
        "environment": Environment.PRODUCTION,
    }
    return TrustListContents(issuers=issuers or (trusted_issuer(),), **(fields | changes)).sign(signer)


TRUST: Final = trust_list()
TEXT: Final = seal(certificate())


def happened(
    kind: StatusEventKind, effective_at: datetime | None, recorded_at: datetime | None = None, reason: str = "test"
) -> StatusEvent:
    """An event, recorded when it took effect unless said otherwise."""
    at = recorded_at or effective_at
    assert at is not None
    return StatusEvent(kind=kind, effective_at=effective_at, recorded_at=at, reason=reason)


ISSUE: Final = happened(StatusEventKind.ISSUED, ISSUED)


def record(*events: StatusEvent, **changes: Any) -> StatusRecord:  # noqa: ANN401  any field of a record
    """A record of a certificate that was issued, with a whole history, seen now."""
    fields: dict[str, Any] = {"events": (ISSUE, *events), "observed_at": NOW, "history_from": LONG_AGO}
    return StatusRecord(**(fields | changes))


def registered() -> MemoryStatusBackend:
    """A register that knows the usual certificate."""
    backend = MemoryStatusBackend()
    backend.register(REF, at=ISSUED)
    return backend


@attrs.define
class Answers:
    """A status and vehicle backend that answers what it is told, or raises it, and keeps what it was asked."""

    status: object = None
    vehicle: object = None
    asked: list[StatusQuery | VehicleQuery] = attrs.field(factory=list)

    def lookup(self, query: StatusQuery, /) -> StatusRecord:
        """The answer it was given."""
        return cast("StatusRecord", self._answer(query, self.status))

    def lookup_vehicle(self, query: VehicleQuery, /) -> VehicleRecord:
        """The answer it was given."""
        return cast("VehicleRecord", self._answer(query, self.vehicle))

    def _answer(self, query: StatusQuery | VehicleQuery, answer: object) -> object:
        self.asked.append(query)
        if isinstance(answer, BaseException):
            raise answer
        return answer


def verifier(
    status: StatusBackend | None = None,
    policy: Policy | None = None,
    *,
    trust: OpenedTrustList = TRUST,
    vehicles: VehicleStatusBackend | None = None,
    at: datetime = NOW,
) -> Verifier:
    """A verifier with a clock that stands still; claims, unless another policy is given."""
    return Verifier(
        trust=trust, status=status, policy=policy or Policy.claims(), vehicles=vehicles, clock=FixedClock(at)
    )


def ask(status: Any = None, text: str = TEXT, **changes: Any) -> Verdict:  # noqa: ANN401  rubbish among them
    """The usual question, answered by what is given, or by a register that knows the certificate."""
    given: dict[str, Any] = {"as_of": LOSS, "expect": SEEN}
    return verifier(registered() if status is None else status).verify(text, **(given | changes))


def reasons(verdict: Verdict) -> set[tuple[str, str]]:
    """Every reason as its code and effect; a verdict must not say the same twice."""
    pairs = [(reason.code, reason.effect.value) for reason in verdict.reasons]
    assert len({(*pair, reason.detail) for pair, reason in zip(pairs, verdict.reasons, strict=True)}) == len(pairs)
    return set(pairs)


def codes(verdict: Verdict) -> list[str]:
    """The codes in their order."""
    return [reason.code for reason in verdict.reasons]
