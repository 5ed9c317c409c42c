"""Reading a usual certificate at one look: what it takes, it reads as the full reader does; and which ones it takes."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from certcore import armor, cose, payload
from certcore.certificate import _usual
from certcore.certificate._claims import CLAIMS, FIELDS
from certcore.certificate._forms import NUMBER, TEXT
from certcore.errors import RejectedInputError
from tests.strategies import (
    certificate_ids,
    deficiencies,
    payloads,
    plates,
    printable_texts,
    status_refs,
    uint32s,
    vins,
)
from tests.verify_cases import certificate
from tests.verify_vectors import VECTORS

READ = _usual.make_reader(payload._DEFAULTS)


def at_one_look(data: bytes) -> list[tuple[str, type, object]] | None:
    """What is read at one look; None where that is left to the full reader."""
    values = READ(data)
    return None if values is None else _listed(values)


def in_full(data: bytes) -> list[tuple[str, type, object]] | None:
    """What the full reader reads; None where it refuses."""
    try:
        return _listed(payload._read(data))
    except RejectedInputError:
        return None


def _listed(values: dict[str, Any]) -> list[tuple[str, type, object]]:
    return [(name, type(value), value) for name, value in values.items()]


def assert_same(data: bytes) -> None:
    """What is read at one look is what the full reader reads, and nothing that it refuses."""
    found = at_one_look(data)
    assert found is None or found == in_full(data)


def vector_payloads() -> Iterator[bytes]:
    """The payload of every vector that has an envelope."""
    for vector in VECTORS:
        try:
            yield cose.read_certificate(armor.decode(vector.text)).unverified_payload
        except RejectedInputError:
            continue


VECTOR_PAYLOADS = sorted(set(vector_payloads()))

BYTES_OF_INTEREST = (
    0x00,
    0x17,
    0x18,
    0x19,
    0x1A,
    0x20,
    0x3A,
    0x40,
    0x58,
    0x60,
    0x78,
    0x7F,
    0x80,
    0xA0,
    0xC3,
    0xE4,
    0xFF,
)
"""Where heads change their meaning, and where characters do."""


def changed(data: bytes) -> Iterator[bytes]:
    """Everything that is one byte away: cut off, left out, doubled, and changed."""
    for at in range(len(data)):
        yield data[:at]
        yield data[:at] + data[at + 1 :]
        yield data[: at + 1] + data[at:]
        for byte in {*BYTES_OF_INTEREST, *((data[at] + step) % 256 for step in (-1, 1))}:
            yield data[:at] + bytes((byte,)) + data[at + 1 :]


def test_vectors() -> None:
    """Every vector's payload is read alike, and so is all that is one byte away from some of them."""
    for data in VECTOR_PAYLOADS:
        assert_same(data)
    taken = [data for data in VECTOR_PAYLOADS if at_one_look(data) is not None]
    assert len(taken) > len(VECTOR_PAYLOADS) // 2
    longest, shortest = max(taken, key=len), min(taken, key=len)
    for data in (longest, shortest):
        for other in changed(data):
            assert_same(other)


days = st.dates(date(1970, 1, 1), date(2150, 1, 1))
usual_payloads = st.fixed_dictionaries(
    {"registration_number": plates, "authority": printable_texts},
    optional={
        "vin": vins,
        "inspected_on": days,
        "valid_from": days,
        "next_test_due": days,
        "plate_type": uint32s,
        "odometer_km": uint32s,
        "usage": printable_texts,
        "test_place": printable_texts,
        "deficiencies": deficiencies,
        "previous": st.one_of(status_refs, certificate_ids),
        "report_digest": st.binary(min_size=16, max_size=16),
    },
).map(lambda fields: payload.encode(certificate(**fields)))
"""Payloads that are usual, or nearly so."""


@given(payloads)
def test_any_certificate(data: bytes) -> None:
    """Whatever a certificate holds is read alike."""
    assert_same(data)


@given(usual_payloads, st.data())
def test_any_change(data: bytes, drawn: st.DataObject) -> None:
    """So is a usual one, and what is left of it after some bytes are changed, cut out or put in."""
    assert_same(data)
    wire = bytearray(data)
    for _ in range(drawn.draw(st.integers(1, 3))):
        start = drawn.draw(st.integers(0, len(wire)))
        end = min(len(wire), start + drawn.draw(st.integers(0, 3)))
        wire[start:end] = drawn.draw(st.binary(max_size=3))
    assert_same(bytes(wire))


@pytest.mark.parametrize(
    "fields",
    [
        {},
        {"registration_number": "B-AB 123", "country": "DE"},
        {"registration_number": "闽C·12345", "plate_type": 2},
        {"test_place": "Prüfstelle Süd, München", "inspector": "福州市第三机动车检测站", "usage": "A"},
        {"vin": "JZX100-0012345", "vehicle_category": "M1", "odometer_km": 123456, "document_number": "No. 1"},
        {"odometer_km": 7},
        {"odometer_km": 300},
        {"odometer_km": 1 << 30},
    ],
)
def test_usual_ones(fields: dict[str, Any]) -> None:
    """Plates and places as countries write them, and numbers of every size, are usual."""
    data = payload.encode(certificate(**fields))
    assert at_one_look(data) is not None
    assert_same(data)


def test_a_hundred_come_first() -> None:
    """The first hundred are left to the full reader; from then on usual ones are read at one look."""
    late, data = _usual.LateReader(payload._DEFAULTS), payload.encode(certificate())

    assert [None] * 99 == [late.read(data) for _ in range(99)]
    assert READ(data) == late.read(data) == late.read(data)
    assert late.read(data[:-1]) is None


def test_every_character() -> None:
    """Characters that are taken by their bytes alone are those that the rules of texts and numbers take as they are."""
    for character in (*map(chr, range(0x20, 0x7F)), *map(chr, range(0x4000, 0xA000))):
        assert character == TEXT.from_wire(character)
        if character >= "\x80" or character in "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ":
            assert character == NUMBER.from_wire(character)


def test_every_claim_has_one_or_is_rare() -> None:
    """Every claim has a usual form but those that are rare, and long where they are there."""
    without = {row.name for row in (*CLAIMS.values(), *FIELDS.values()) if not row.form.usual}
    assert {"confidential", "deficiencies", "status"} == without
    assert not FIELDS[22].form.usual
    assert not CLAIMS[65535].form.usual
