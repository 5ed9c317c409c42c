"""What the tests of proofs share: a certificate, and the keys around it."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any, Final

from certcore import Basis, InspectionCertificate, Issuer, Result, armor
from certcore.keys import Signer
from certcore.keys._trusted import KeyUsage, TrustedKey
from tests.strategies import fixed_signer

AT: Final = datetime(2026, 9, 30, 12, tzinfo=UTC)
SECOND: Final = timedelta(seconds=1)
CERTIFICATE_SIGNER: Final = fixed_signer()
REGISTER_SIGNER: Final = fixed_signer(seed=2)
OTHER_SIGNER: Final = fixed_signer(seed=3)
_P256_ORDER: Final = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551


def issue(plate: str = "闽C12345") -> str:
    """The text of a certificate."""
    certificate = InspectionCertificate(
        registration_number=plate,
        vin="LSVAA4181E2184211",
        valid_until=date(2027, 9, 30),
        basis=Basis.INSPECTED,
        result=Result.PASS,
        authority="闽C",
        certificate_id=bytes(8),
        issued_at=AT,
    )
    return Issuer(signer=CERTIFICATE_SIGNER).issue(certificate)


TEXT: Final = issue()
CERTIFICATE: Final = armor.decode(TEXT)


def varied(certificate: bytes) -> bytes:
    """The same certificate under the other of the two signatures that anybody can make of one (r, n - s)."""
    s = int.from_bytes(certificate[-32:], "big")
    return certificate[:-32] + (_P256_ORDER - s).to_bytes(32, "big")


def trusted(signer: Signer = REGISTER_SIGNER, **how: Any) -> TrustedKey:  # noqa: ANN401  as TrustedKey takes it
    """A register key of the issuer's."""
    settings = {
        "usage": KeyUsage.REGISTER,
        "not_before": AT - timedelta(days=365),
        "not_after": AT + timedelta(days=365),
    }
    return TrustedKey(public_key=signer.public_key, **{**settings, **how})
