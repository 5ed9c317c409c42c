"""How many bytes certificates have and which QR symbol holds them: what the format promises, and what it is."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

import attrs
import pytest

from certcore import armor, cose, payload, qr
from certcore.keys import EDDSA, ES256, ES384, LocalSigner
from certcore.payload import Basis, Deficiency, InspectionCertificate, Result, StatusRef
from tests.strategies import fixed_signer

SIGNER = fixed_signer()
ISSUED_AT = datetime(2026, 9, 30, 4, 30, tzinfo=UTC)

CORE = InspectionCertificate(
    registration_number="闽C12345",
    country="CN",
    vin="LSVAA4187E2184211",
    valid_until=date(2027, 9, 30),
    basis=Basis.INSPECTED,
    result=Result.PASS,
    authority="闽C",
    status=StatusRef(list=23, index=2**32 - 1),
    issued_at=ISSUED_AT,
)
CHINESE = InspectionCertificate(
    registration_number="粤BD12345",
    vin="LSVAA4187E2184211",
    valid_until=date(2027, 9, 30),
    basis=Basis.INSPECTED,
    result=Result.PASS,
    authority="粤B",
    inspected_on=date(2026, 9, 29),
    plate_type=52,
    vehicle_category="K33",
    usage="A",
    status=StatusRef(list=23, index=2**32 - 1),
    valid_from=date(2026, 10, 1),
    issued_at=ISSUED_AT,
)
EUROPEAN = InspectionCertificate(
    registration_number="B-AB 1234",
    country="DE",
    vin="WVWZZZ1JZ3W386752",
    valid_until=date(2028, 9, 30),
    basis=Basis.INSPECTED,
    result=Result.MINOR,
    authority="DE-BE",
    inspected_on=date(2026, 9, 30),
    vehicle_category="M1",
    status=StatusRef(list=23, index=2**32 - 1),
    odometer_km=123_456,
    deficiencies=(
        Deficiency(code="1.1.13 (a)", severity=Result.MINOR),
        Deficiency(code="4.1.2 (b)", severity=Result.MINOR),
        Deficiency(code="5.2.3 (e)", severity=Result.MINOR),
    ),
    test_place="10115 Berlin",
    inspector="B-4711",
    next_test_due=date(2028, 9, 1),
    issued_at=ISSUED_AT,
)


def sign(certificate: InspectionCertificate, signer: LocalSigner = SIGNER) -> bytes:
    """The certificate's bytes."""
    return cose.sign1(payload.encode(certificate), signer=signer)


def live(certificate: InspectionCertificate) -> InspectionCertificate:
    """The certificate as it is presented live."""
    return attrs.evolve(
        certificate, presented_at=ISSUED_AT + timedelta(days=100), expires_at=ISSUED_AT + timedelta(days=100, minutes=5)
    )


@pytest.mark.parametrize(
    ("certificate", "limit", "size", "version"),
    [
        pytest.param(CORE, 144, 144, 8, id="core"),
        pytest.param(CHINESE, 160, 160, 9, id="Chinese"),
        pytest.param(EUROPEAN, 240, 224, 11, id="European"),
    ],
)
def test_sizes(certificate: InspectionCertificate, limit: int, size: int, version: int) -> None:
    """Each profile stays within its bytes and its symbol, and has exactly the size it is known to have."""
    data = sign(certificate)

    assert len(data) <= limit
    assert size == len(data)
    assert version == qr.size(armor.encode(data), level="M").version


def test_size_of_the_core_with_any_list_below_256() -> None:
    """The core's figure holds for every list below 256 where the country is the issuer's own, and so left out."""
    data = sign(attrs.evolve(CORE, country=None, status=StatusRef(list=255, index=2**32 - 1)))

    assert len(data) <= 144
    assert 8 == qr.size(armor.encode(data), level="M").version


@pytest.mark.parametrize(("certificate", "size"), [(CORE, 144), (CHINESE, 160)])
def test_sizes_on_later_lists(certificate: InspectionCertificate, size: int) -> None:
    """A list number of 24 or more costs one byte over the figures of certificates that are just within them."""
    assert size == len(sign(attrs.evolve(certificate, status=StatusRef(list=23, index=2**32 - 1))))
    assert size + 1 == len(sign(attrs.evolve(certificate, status=StatusRef(list=24, index=2**32 - 1))))


@pytest.mark.parametrize("signer", [SIGNER, fixed_signer(EDDSA)], ids=["ES256", "EdDSA"])
def test_sizes_with_either_algorithm(signer: LocalSigner) -> None:
    """Both kinds of 64-byte signature make certificates of one size."""
    assert 4 == len(signer.public_key.key_id)
    assert len(sign(CORE)) == len(sign(CORE, signer))


def test_size_with_p384() -> None:
    """A 96-byte signature, and the longer number of its algorithm, cost 33 bytes."""
    assert len(sign(CORE)) + 33 == len(sign(CORE, fixed_signer(ES384)))


def test_size_of_a_live_presentation() -> None:
    """Two instants cost twelve bytes."""
    assert len(sign(CORE)) + 12 == len(sign(live(CORE)))


@pytest.mark.parametrize(
    ("changes", "cost"),
    [
        ({"country": None}, -4),
        ({"status": StatusRef(list=24, index=524287)}, 1),
        ({"status": StatusRef(list=256, index=524287)}, 2),
        ({"status": None, "certificate_id": bytes(12)}, 6),
        ({"inspected_on": date(2026, 9, 30)}, 4),
        ({"odometer_km": 123456}, 6),
        ({"report_digest": bytes(16)}, 18),
    ],
    ids=str,
)
def test_what_a_field_costs(changes: dict[str, Any], cost: int) -> None:
    """A field costs exactly its bytes."""
    assert len(sign(CORE)) + cost == len(sign(attrs.evolve(CORE, **changes)))


def test_envelope() -> None:
    """All that is not payload: tag, array, header, key id, and a signature of 64 bytes."""
    assert 81 == len(sign(CORE)) - len(payload.encode(CORE))


def test_default_algorithm_is_the_small_one() -> None:
    """ES256's number has one byte."""
    assert ES256 == SIGNER.public_key.algorithm
