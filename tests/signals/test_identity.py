"""What counts as the same certificate, vehicle and plate."""

from __future__ import annotations

import pytest

from certcore import InspectionCertificate, StatusListEntry, StatusRef
from certcore.signals._identity import certificate_identity, plate_identity, plate_number, vehicle_identity
from tests.signals.cases import link


def plate(number: str, country: str = "DE", plate_type: int | None = None) -> InspectionCertificate:
    """A certificate for a plate."""
    return link(0, 2025, registration_number=number, country=country, plate_type=plate_type)


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"status": StatusRef(list=3, index=7)}, ("CN", "list", 3, 7)),
        (
            {"status": StatusListEntry(uri="https://status.example/3", index=7)},
            ("CN", "uri", "https://status.example/3", 7),
        ),
        ({"status": None, "certificate_id": b"12345678"}, ("CN", "id", b"12345678")),
        ({"status": None}, None),
    ],
)
def test_certificates(fields: dict[str, object], expected: object) -> None:
    """A certificate is its issuer and its reference, whichever of the three kinds that is."""
    assert expected == certificate_identity(link(0, 2025, **fields), "CN")


def test_vehicles() -> None:
    """A VIN stands by itself, another chassis number within its country, however they are written."""
    assert ("vin", "LSVAA4181E2184211") == vehicle_identity(link(0, 2025, vin="lsvaa4181-e2184211"))
    assert ("chassis", "JP", "ZVW301234567") == vehicle_identity(link(0, 2025, vin="zvw30-1234567", country="JP"))
    assert vehicle_identity(link(0, 2025, vin=None, confidential=b"\x80")) is None


@pytest.mark.parametrize(
    ("a", "b", "is_same"),
    [
        (plate("闽C12345", "CN", 2), plate("闽C·12345", "CN", 2), True),
        (plate("闽C12345", "CN", 2), plate("闽C12345", "CN", 1), False),
        (plate("B-AB 123"), plate("B AB123"), True),
        (plate("B-AB 123"), plate("BA-B 123"), False),
        (plate("B-AB 123"), plate("BAB 123"), False),
        (plate("AB 123", "DE"), plate("AB 123", "AT"), False),
    ],
)
def test_plates(a: InspectionCertificate, b: InspectionCertificate, *, is_same: bool) -> None:
    """One plate is one division of one number, in one country and of one type."""
    assert is_same == (plate_identity(a) == plate_identity(b))


def test_a_chinese_number_alone_is_no_plate() -> None:
    """Without its type a Chinese number may be on two vehicles; elsewhere there are no types."""
    assert plate_identity(plate("闽C12345", "CN", None)) is None
    assert plate_identity(plate("B-AB 123")) is not None


@pytest.mark.parametrize(
    ("a", "b", "is_same"),
    [
        (plate("闽C12345", "CN", 2), plate("闽C·12345", "CN", 1), True),
        (plate("B-AB 123"), plate("BA-B 123"), True),
        (plate("B-AB 123"), plate("B-AB 124"), False),
        (plate("AB 123", "DE"), plate("AB 123", "AT"), False),
    ],
)
def test_numbers(a: InspectionCertificate, b: InspectionCertificate, *, is_same: bool) -> None:
    """Two numbers differ only where nobody can take them for one."""
    assert is_same == (plate_number(a) == plate_number(b))
