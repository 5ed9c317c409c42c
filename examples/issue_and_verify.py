"""From a key to a verdict: issue a certificate, draw it, read the picture back, and ask about two days.

Needs the scan extra. Run it in an empty folder: it writes certificate.png.
"""

from datetime import date, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

from certcore import (
    Basis,
    Expected,
    InspectionCertificate,
    Issuer,
    LocalSigner,
    Policy,
    Result,
    StatusRef,
    Verifier,
    qr,
)
from certcore.status import MemoryStatusBackend
from certcore.testing import make_trust

SHANGHAI = ZoneInfo("Asia/Shanghai")


def main() -> None:
    """Issue, draw, read and verify."""
    signer = LocalSigner.generate()
    reference = StatusRef(list=12, index=524287)
    issued_at = datetime(2026, 9, 25, 15, 20, tzinfo=SHANGHAI)
    certificate = InspectionCertificate(
        registration_number="闽C12345",
        vin="LSVAA4181E2184211",
        inspected_on=date(2026, 9, 25),
        valid_until=date(2027, 9, 30),
        basis=Basis.INSPECTED,
        result=Result.PASS,
        authority="闽C",
        status=reference,
        issued_at=issued_at,
    )
    text = Issuer(signer=signer, country="CN").issue(certificate)
    Path("certificate.png").write_bytes(qr.to_png(text, scale=8))

    register = MemoryStatusBackend()
    register.register(reference, at=issued_at)
    verifier = Verifier(trust=make_trust(signer), status=register, policy=Policy.claims())
    seen = Expected(registration_number="闽C·12345", vin="LSVAA4181E2184211")

    in_time = verifier.verify_image("certificate.png", as_of=date(2026, 10, 20), expect=seen)
    too_early = verifier.verify_image("certificate.png", as_of=date(2026, 9, 1), expect=seen)
    assert in_time
    assert "not-yet-valid-on-date" in too_early
    for verdict in (in_time, too_early):
        print(verdict.as_of, verdict.explain(lang="zh"), sep="\n")


if __name__ == "__main__":
    main()
