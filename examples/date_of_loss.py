"""An insurer's question: was it in force on the date of loss, says who, and what was known then?

A certificate is revoked after the loss, with effect from a day before it; the verdict depends on what was known when.
"""

import json
from datetime import date, datetime
from zoneinfo import ZoneInfo

from certcore import (
    Basis,
    Expected,
    InspectionCertificate,
    Issuer,
    LocalSigner,
    Outcome,
    Policy,
    Result,
    StatusRef,
    Verifier,
)
from certcore.status import MemoryStatusBackend
from certcore.testing import make_trust

SHANGHAI = ZoneInfo("Asia/Shanghai")
ISSUED_AT = datetime(2025, 9, 25, 15, 20, tzinfo=SHANGHAI)
LOSS = datetime(2026, 6, 3, 8, 45, tzinfo=SHANGHAI)
SEEN = Expected(registration_number="闽C·12345", country="CN", vin="184211")
"""The VIN by its last six characters, as it stands in many policies."""


def main() -> None:
    """Ask the same question with what was known on the day, and with what is known now."""
    signer, register, reference = LocalSigner.generate(), MemoryStatusBackend(), StatusRef(list=12, index=7)
    text = Issuer(signer=signer, country="CN").issue(
        InspectionCertificate(
            registration_number="闽C12345",
            vin="LSVAA4181E2184211",
            valid_until=date(2026, 9, 30),
            basis=Basis.INSPECTED,
            result=Result.PASS,
            authority="闽C",
            status=reference,
            issued_at=ISSUED_AT,
        )
    )
    register.register(reference, at=ISSUED_AT)
    register.revoke(
        reference,
        at=datetime(2026, 6, 10, 9, tzinfo=SHANGHAI),
        effective_at=datetime(2026, 6, 1, tzinfo=SHANGHAI),
        reason="inspection-withdrawn",
    )
    verifier = Verifier(trust=make_trust(signer), status=register, policy=Policy.claims())

    known_then = verifier.verify(text, as_of=LOSS, known_at=LOSS, expect=SEEN)
    known_now = verifier.verify(text, as_of=LOSS, expect=SEEN)
    assert known_then.outcome is Outcome.VALID
    assert known_now.outcome is Outcome.INVALID
    assert "revoked-before-event" in known_now

    print(known_then.explain(), known_now.explain(), sep="\n\n")
    print(json.dumps(known_now.to_dict()["reasons"], indent=2))


if __name__ == "__main__":
    main()
