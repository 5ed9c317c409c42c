"""Who and what appears in the demonstration: two issuers, a stranger, a register, and seven certificates.

Everything happens between fixed dates in 2026 and 2027, so that the demonstration says the same on every day it is run.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, date, datetime
from typing import Final
from zoneinfo import ZoneInfo

import attrs

from certcore import armor
from certcore.cli.trust_draft import TrustDraft
from certcore.issue import Issuer
from certcore.keys import EDDSA, LocalSigner
from certcore.payload import Basis, Deficiency, InspectionCertificate, Result, StatusRef
from certcore.status import MemoryStatusBackend
from certcore.testing import ROOT_SIGNER, FixedClock
from certcore.trust import Environment, KeyUsage, ListTemplate, TrustedIssuer, TrustedKey

SHANGHAI: Final = ZoneInfo("Asia/Shanghai")
BERLIN: Final = ZoneInfo("Europe/Berlin")

EVALUATED_AT: Final = datetime(2027, 11, 15, 10, tzinfo=SHANGHAI)
"""When every question is asked."""

TRUST_ISSUED_AT: Final = datetime(2027, 11, 10, tzinfo=SHANGHAI)
REVOKED_FROM: Final = datetime(2027, 6, 1, tzinfo=SHANGHAI)

_CN_ISSUED_AT: Final = datetime(2026, 9, 25, 15, 20, tzinfo=SHANGHAI)
_DE_ISSUED_AT: Final = datetime(2026, 10, 12, 11, 5, tzinfo=BERLIN)
_KEY_FROM, _KEY_UNTIL = datetime(2026, 1, 1, tzinfo=UTC), datetime(2028, 12, 31, tzinfo=UTC)

CN_VALID: Final = InspectionCertificate(
    registration_number="闽C12345",
    country="CN",
    vin="LSVAA4181E2184211",
    valid_from=date(2026, 10, 1),
    valid_until=date(2027, 9, 30),
    basis=Basis.INSPECTED,
    result=Result.PASS,
    authority="闽C",
    inspected_on=date(2026, 9, 25),
    plate_type=2,
    vehicle_category="K33",
    usage="A",
    status=StatusRef(list=12, index=524287),
    issued_at=_CN_ISSUED_AT,
)
"""Every field of the Chinese profile."""

EU_VALID: Final = InspectionCertificate(
    registration_number="B-AB 123",
    country="DE",
    vin="WVWZZZ1KZAW000123",
    valid_until=date(2028, 10, 31),
    basis=Basis.INSPECTED,
    result=Result.MINOR,
    authority="DE-BE",
    inspected_on=date(2026, 10, 12),
    vehicle_category="M1",
    status=StatusRef(list=3, index=70001),
    odometer_km=84210,
    deficiencies=(
        Deficiency(code="1.1.13 (a)", severity=Result.MINOR),
        Deficiency(code="4.1.2 (a)", severity=Result.MINOR),
        Deficiency(code="5.2.3 (e)", severity=Result.MINOR),
    ),
    test_place="Berlin",
    inspector="BE-0417",
    document_number="HU-2026-1187",
    issued_at=_DE_ISSUED_AT,
)
"""Every field that 2014/45/EU annex II asks for, and three coded deficiencies."""

CN_REVOKED: Final = attrs.evolve(
    CN_VALID, registration_number="闽C67890", vin="LFV3A23C6H3047516", status=StatusRef(list=12, index=524288)
)
CN_VOID: Final = attrs.evolve(
    CN_VALID,
    registration_number="闽CD54321",
    vin="LSVAM4187C2184847",
    plate_type=52,
    status=StatusRef(list=12, index=524289),
)
CN_FAILED: Final = attrs.evolve(
    CN_VALID, result=Result.MAJOR, valid_until=None, valid_from=None, status=StatusRef(list=12, index=524290)
)


@attrs.frozen(kw_only=True)
class Cast:
    """Everybody in the demonstration.

    Attributes:
        keys: by the names of their files.
        draft: the trust list before it is signed.
        register: what is known of the certificates.
        texts: each certificate as its QR code carries it, by the name of its files.
        certificates: what each states; none for one whose text was tampered with.
    """

    keys: Mapping[str, LocalSigner]
    draft: TrustDraft
    register: MemoryStatusBackend
    texts: Mapping[str, str]
    certificates: Mapping[str, InspectionCertificate]


def assemble() -> Cast:
    """Fresh keys, and everything that is made with them."""
    keys = {
        "root": ROOT_SIGNER,  # published: a list that it signs proves nothing, and opens for tests without being told
        "issuer-cn": LocalSigner.generate(),
        "issuer-de": LocalSigner.generate(EDDSA),
        "unknown": LocalSigner.generate(),
    }
    certificates = {
        "cn-valid": CN_VALID,
        "cn-revoked": CN_REVOKED,
        "cn-void": CN_VOID,
        "cn-failed": CN_FAILED,
        "cn-unknown-key": CN_VALID,
        "eu-valid": EU_VALID,
    }
    signers = {"cn-unknown-key": "unknown", "eu-valid": "issuer-de"}
    texts = {name: _issued(stated, keys[signers.get(name, "issuer-cn")]) for name, stated in certificates.items()}
    texts["cn-tampered"] = tampered(texts["cn-valid"], certificates["cn-valid"].registration_number)
    return Cast(keys=keys, draft=_draft(keys), register=_register(), texts=texts, certificates=certificates)


def tampered(text: str, registration_number: str) -> str:
    """The text with another last digit in its plate: still Base45, still CBOR, no longer what was signed."""
    other = registration_number[:-1] + ("8" if registration_number[-1] != "8" else "9")
    return armor.encode(armor.decode(text).replace(registration_number.encode(), other.encode()))


def seen(certificate: InspectionCertificate) -> tuple[str, str]:
    """Plate and VIN as somebody at the vehicle would note them down: a Chinese plate has a dot."""
    plate = certificate.registration_number
    return f"{plate[:2]}·{plate[2:]}" if certificate.country == "CN" else plate, certificate.vin or ""


def _issued(certificate: InspectionCertificate, signer: LocalSigner) -> str:
    return Issuer(signer=signer, country=certificate.country, clock=FixedClock(_CN_ISSUED_AT)).issue(certificate)


def _draft(keys: Mapping[str, LocalSigner]) -> TrustDraft:
    return TrustDraft(
        environment=Environment.TEST,
        issuers=(
            _issuer("CN", "Demonstration issuer, China 演示签发方", "Asia/Shanghai", keys["issuer-cn"], "闽*"),
            _issuer("DE", "Demonstration issuer, Germany", "Europe/Berlin", keys["issuer-de"], "DE-*"),
        ),
    )


def _issuer(issuer_id: str, name: str, time_zone: str, signer: LocalSigner, authority: str) -> TrustedIssuer:
    return TrustedIssuer(
        id=issuer_id,
        name=name,
        country=issuer_id,
        time_zone=time_zone,
        list_templates=[ListTemplate(uri=f"https://{issuer_id.lower()}.example/status/{{list}}", not_before=_KEY_FROM)],
        suspends=False,
        keys=[
            TrustedKey(
                public_key=signer.public_key,
                usage=KeyUsage.CERTIFICATE,
                authorities=[authority],
                not_before=_KEY_FROM,
                not_after=_KEY_UNTIL,
            )
        ],
    )


def _register() -> MemoryStatusBackend:
    """Every certificate as issued; one revoked from a date on, one void from the start."""
    register = MemoryStatusBackend()
    for certificate, issuer in (
        (CN_VALID, "CN"),
        (CN_REVOKED, "CN"),
        (CN_VOID, "CN"),
        (CN_FAILED, "CN"),
        (EU_VALID, "DE"),
    ):
        assert certificate.status is not None  # noqa: S101  each is written above with one
        register.register(certificate.status, issuer=issuer, at=certificate.issued_at)
    known_at = datetime(2027, 6, 2, 9, tzinfo=SHANGHAI)
    assert CN_REVOKED.status is not None and CN_VOID.status is not None  # noqa: S101, PT018  as above
    register.revoke(CN_REVOKED.status, at=known_at, effective_at=REVOKED_FROM, issuer="CN")
    register.revoke(CN_VOID.status, at=known_at, effective_at=None, issuer="CN")
    return register
