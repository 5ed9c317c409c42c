"""What a type checker must refuse; never run.

Every mistake is ignored by its kind, and mypy --strict reports an ignore that is not needed: so each is an error.
"""

from __future__ import annotations

from datetime import UTC, date, datetime

import certcore
from certcore import (
    Expected,
    InspectionCertificate,
    Issuer,
    LocalSigner,
    Policy,
    Reason,
    StatusRef,
    TrustList,
    Verdict,
    Verifier,
)
from certcore.status import AsyncStatusBackend, StatusBackend, StatusQuery, StatusRecord, VehicleFlag


class Undecided:
    """No backend: it decides by itself."""

    def lookup(self, query: StatusQuery, /) -> bool:
        """Not a record."""
        return query.ref is None


class Punctual:
    """A backend, but not one for an event loop."""

    def lookup(self, query: StatusQuery, /) -> StatusRecord:
        """A record, at once."""
        return StatusRecord(observed_at=query.asked_at)


def asking(verifier: Verifier) -> None:
    """Questions put wrongly."""
    now = datetime.now(UTC)
    verifier.verify("VIC1:")  # type: ignore[call-arg]  # about which moment?
    verifier.verify(b"VIC1:", as_of=now)  # type: ignore[arg-type]  # bytes for text
    verifier.verify(text="VIC1:", as_of=now)  # type: ignore[call-arg]  # the text is positional
    verifier.verify("VIC1:", now)  # type: ignore[call-arg]  # the moment is not
    verifier.verify("VIC1:", as_of="2026-09-01")  # type: ignore[arg-type]  # text for a day
    verifier.verify("VIC1:", as_of=now, known_at=date(2026, 9, 1))  # type: ignore[arg-type]  # a day for a moment
    verifier.verify("VIC1:", as_of=now, expect="闽C12345")  # type: ignore[arg-type]  # a plate for what is expected
    verifier.verify("VIC1:", as_of=now, skip_signature=True)  # type: ignore[call-arg]  # there is no such flag
    verifier.verify_image(7, as_of=now)  # type: ignore[arg-type]  # no picture


def answering(verdict: Verdict, verifier: Verifier, reason: Reason) -> None:
    """Answers taken wrongly."""
    verifier.policy = Policy.claims()  # type: ignore[misc]  # frozen
    verdict.outcome = certcore.Outcome.VALID  # type: ignore[misc]  # frozen
    repr(verdict.certificate.vin)  # type: ignore[union-attr]  # there may be none
    repr(reason.detail["code"])  # type: ignore[call-overload]  # pairs, not a map
    repr(verdict.unverified)  # type: ignore[attr-defined]  # nothing unverified is handed out


def making(trust: TrustList) -> None:
    """Objects made wrongly."""
    Verifier(trust=trust, policy=Policy.claims())  # type: ignore[call-arg]  # nobody to ask must be said
    Verifier(trust=b"", status=None, policy=Policy.claims())  # type: ignore[arg-type]  # not opened
    Expected("闽C12345")  # type: ignore[call-arg]  # by name
    Expected(plate_type="2")  # type: ignore[arg-type]  # a number
    StatusRef(12, 7)  # type: ignore[call-arg]  # by name
    StatusRecord(events=())  # type: ignore[call-arg]  # as of when?
    VehicleFlag(code="C", since="2026-09-01")  # type: ignore[arg-type]  # text for a day
    Issuer(signer=b"")  # type: ignore[arg-type]  # a key's bytes do not sign
    LocalSigner.generate("ES256")  # type: ignore[arg-type]  # COSE algorithms are numbers
    InspectionCertificate(registration_number="闽C12345")  # type: ignore[call-arg]  # and the rest?
    certcore.MemoryStatusBackend  # type: ignore[attr-defined]  # noqa: B018  it is in certcore.status
    certcore.Verifer  # type: ignore[attr-defined]  # noqa: B018  misspelt, though names are loaded lazily


undecided: StatusBackend = Undecided()  # type: ignore[assignment]  # it does not answer with a record
punctual: AsyncStatusBackend = Punctual()  # type: ignore[assignment]  # it does not await
