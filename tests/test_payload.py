"""Certificates and their claims: every field, both ways, and what is refused when writing and when reading."""

from __future__ import annotations

import pickle
from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta, timezone
from typing import Any

import attrs
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from certcore import _cbor, payload
from certcore.errors import IssuingError, RejectedInputError
from certcore.payload import (
    Basis,
    Deficiency,
    DeficiencyCounts,
    InspectionCertificate,
    Profile,
    Result,
    StatusListEntry,
    StatusRef,
)
from certcore.vocabulary._vins import pack_vin
from tests.strategies import CborValue, certificates, payloads

VIN = "LSVAA4187E2184211"
NOW = datetime(2026, 9, 30, 4, 30, tzinfo=UTC)
ID = bytes(range(12))
FIELDS: dict[str, Any] = {
    "registration_number": "闽C12345",
    "vin": VIN,
    "valid_until": date(2027, 9, 30),
    "basis": Basis.INSPECTED,
    "result": Result.PASS,
    "authority": "闽C",
    "certificate_id": ID,
    "issued_at": NOW,
}


def make(**changes: Any) -> InspectionCertificate:  # noqa: ANN401  whatever a field may be given
    """A whole certificate with some fields changed."""
    return InspectionCertificate(**{**FIELDS, **changes})


BASE = make()
INSPECTION = -65537


def wire(
    claims: Mapping[Any, Any] | None = None, fields: Mapping[Any, Any] | None = None, *, without: tuple[int, ...] = ()
) -> bytes:
    """The plain certificate's payload with claims and inspection fields set, and some left out."""
    content: dict[Any, Any] = _cbor.decode(payload.encode(BASE), max_bytes=3000)
    inspection = {k: v for k, v in (content.pop(INSPECTION) | dict(fields or {})).items() if k not in without}
    return _cbor.encode(
        {k: v for k, v in (content | dict(claims or {})).items() if k not in without} | {INSPECTION: inspection}
    )


def refusal(data: bytes, code: str = "malformed") -> RejectedInputError:
    """How a payload is refused."""
    with pytest.raises(RejectedInputError) as caught:
        payload.decode(data)
    assert code == caught.value.code
    return caught.value


def field_of(error: RejectedInputError) -> object:
    """The field that a refusal names."""
    return dict(error.detail).get("field")


# Laws


@given(certificates())
def test_what_is_written_is_read(certificate: InspectionCertificate) -> None:
    """Every certificate comes back equal, and is written as the same bytes again."""
    data = payload.encode(certificate)

    assert certificate == payload.decode(data)
    assert hash(certificate) == hash(payload.decode(data))
    assert data == payload.encode(payload.decode(data))


@given(certificates())
def test_pickling_keeps_a_certificate(certificate: InspectionCertificate) -> None:
    """Every certificate comes back equal from another process, read or made, unknown claims included."""
    for one in (certificate, payload.decode(payload.encode(certificate))):
        other = pickle.loads(pickle.dumps(one))  # noqa: S301  our own bytes
        assert one == other
        assert payload.encode(one) == payload.encode(other)


@given(payloads, st.data())
def test_changed_payloads(data: bytes, draw: st.DataObject) -> None:
    """Change any byte: the payload is refused, or is the one encoding of what it now says."""
    place = draw.draw(st.integers(0, len(data) - 1))
    mutated = bytearray(data)
    mutated[place] ^= draw.draw(st.integers(1, 255))

    assert_refused_or_canonical(bytes(mutated))


def assert_refused_or_canonical(data: bytes) -> None:
    """The canonicity law, for any bytes."""
    try:
        certificate = payload.decode(data)
    except RejectedInputError as error:
        code = error.code
    else:
        assert data == payload.encode(certificate)
        return
    assert code in {"malformed", "too-new"}


@given(st.binary(max_size=60))
@example(b"")
@example(b"\xa0")
@example(b"\x80")
@example(b"\xf6")
def test_arbitrary_bytes(data: bytes) -> None:
    """Whatever the bytes, there is a certificate or a RejectedInputError."""
    assert_refused_or_canonical(data)


@given(
    st.dictionaries(st.integers(0, 25), st.one_of(st.integers(-5, 70000), st.text(max_size=4), st.binary(max_size=12)))
)
@settings(max_examples=300)
def test_arbitrary_fields(fields: dict[int, CborValue]) -> None:
    """Whatever stands under the known keys, there is a certificate or a RejectedInputError."""
    assert_refused_or_canonical(wire({}, fields))


SAMPLES = [
    BASE,
    make(
        vin="ZVW30-1234567",
        country="JP",
        certificate_id=None,
        status=StatusListEntry(uri="https://example.com/lists/1", index=7),
        deficiencies=DeficiencyCounts(minor=3),
        presented_at=NOW + timedelta(days=1),
        expires_at=NOW + timedelta(days=1, minutes=5),
        unknown_claims={2: "subject"},
        unknown_fields={99: [1, {2: b"x"}]},
    ),
    make(
        result=Result.MAJOR,
        valid_until=None,
        certificate_id=None,
        status=StatusRef(list=12, index=524287),
        deficiencies=(Deficiency(code="1.1.13 (a)", severity=Result.MAJOR),),
        inspected_on=date(2026, 9, 30),
        plate_type=2,
        usage="A",
        odometer_km=120000,
        previous=StatusRef(list=1, index=2),
        issuer="CN",
    ),
]


@pytest.mark.parametrize("certificate", SAMPLES, ids=["plain", "live", "failed"])
def test_every_byte_of_a_payload(certificate: InspectionCertificate) -> None:
    """Cut off anywhere, longer by a byte, or changed in any bit of any byte, a payload keeps the canonicity law."""
    data = payload.encode(certificate)
    for place in range(len(data)):
        refusal(data[:place])
        for bit in range(8):
            mutated = bytearray(data)
            mutated[place] ^= 1 << bit
            assert_refused_or_canonical(bytes(mutated))
    for last in range(256):
        refusal(data + bytes((last,)))


# Fields, written and read


@pytest.mark.parametrize(
    ("changes", "key", "value"),
    [
        ({"registration_number": "京A·12345"}, 0, "京A·12345"),
        ({"country": "MN"}, 1, "MN"),
        ({"vin": VIN}, 2, pack_vin(VIN)),
        ({"vin": "lsvaa-4187e2184211"}, 2, pack_vin(VIN)),
        ({"vin": "zvw30-1234567"}, 2, "ZVW30-1234567"),
        ({"valid_until": date(1970, 1, 1)}, 3, 0),
        ({"valid_until": date(9998, 12, 31)}, 3, 2932531),
        ({"basis": Basis.REGISTRATION}, 4, 1),
        ({"basis": Basis.TRANSFER_OR_CHANGE}, 4, 2),
        ({"basis": Basis.EXEMPT}, 4, 3),
        ({"basis": Basis.INSPECTED}, 4, 4),
        ({"basis": Basis.WITHIN_VALIDITY}, 4, 5),
        ({"basis": Basis.TEMPORARY}, 4, 6),
        ({"basis": 7}, 4, 7),
        ({"basis": 0}, 4, 0),
        ({"basis": 2**32 - 1}, 4, 2**32 - 1),
        ({"result": Result.EXEMPT}, 5, 0),
        ({"result": Result.PASS}, 5, 1),
        ({"result": Result.MINOR}, 5, 2),
        ({"result": Result.MAJOR}, 5, 3),
        ({"result": Result.DANGEROUS}, 5, 4),
        ({"result": 5}, 5, 5),
        ({"authority": "公安部交管局"}, 6, "公安部交管局"),
        ({"inspected_on": date(2026, 9, 30)}, 7, 20726),
        ({"plate_type": 0}, 8, 0),
        ({"plate_type": 52}, 8, 52),
        ({"vehicle_category": "M1"}, 9, "M1"),
        ({"usage": "A"}, 10, "A"),
        ({"certificate_id": None, "status": StatusRef(list=12, index=524287)}, 11, [12, 524287]),
        ({"odometer_km": 2**32 - 1}, 12, 2**32 - 1),
        ({"deficiencies": DeficiencyCounts(minor=1, major=2, dangerous=3)}, 13, [1, 2, 3]),
        ({"deficiencies": DeficiencyCounts()}, 13, [0, 0, 0]),
        ({"test_place": "厦门"}, 14, "厦门"),
        ({"inspector": "S-1"}, 15, "S-1"),
        ({"report_digest": bytes(16)}, 16, bytes(16)),
        ({"next_test_due": date(2027, 1, 1)}, 17, 20819),
        ({"document_number": "No 1"}, 18, "No 1"),
        ({"previous": ID}, 19, ID),
        ({"previous": StatusRef(list=1, index=2)}, 19, [1, 2]),
        ({"confidential": b"\x83"}, 20, b"\x83"),
        ({"valid_from": date(2026, 10, 1)}, 21, 20727),
        ({"deficiencies": [Deficiency(code="1.1", severity=Result.DANGEROUS)]}, 22, [["1.1", 4]]),
    ],
)
def test_fields_on_the_wire(changes: dict[str, Any], key: int, value: CborValue) -> None:
    """Each field stands under its key, in its form, and comes back."""
    certificate = make(**changes)
    inspection = _cbor.decode(payload.encode(certificate), max_bytes=3000)[INSPECTION]

    assert value == inspection[key]
    assert certificate == payload.decode(payload.encode(certificate))


@pytest.mark.parametrize(
    ("changes", "key", "value"),
    [
        ({"issuer": "CN"}, 1, "CN"),
        ({"expires_at": NOW + timedelta(seconds=1)}, 4, 1790742601),
        ({"issued_at": NOW}, 6, 1790742600),
        ({"issued_at": datetime(1970, 1, 1, tzinfo=UTC)}, 6, 0),
        ({"certificate_id": bytes(8)}, 7, bytes(8)),
        ({"certificate_id": bytes(16)}, 7, bytes(16)),
        (
            {"certificate_id": None, "status": StatusListEntry(uri="https://example.com/1", index=5)},
            65535,
            {"status_list": {"idx": 5, "uri": "https://example.com/1"}},
        ),
    ],
)
def test_claims_on_the_wire(changes: dict[str, Any], key: int, value: CborValue) -> None:
    """Each claim stands under its CWT key, and comes back."""
    certificate = make(**changes)
    names = frozenset({"status_list", "idx", "uri"})

    assert value == _cbor.decode(payload.encode(certificate), max_bytes=3000, text_keys=names)[key]
    assert certificate == payload.decode(payload.encode(certificate))


def test_live_claims() -> None:
    """A live presentation has nbf and exp, and its time of issue."""
    start, end = NOW + timedelta(hours=1), NOW + timedelta(hours=1, minutes=5)
    certificate = make(presented_at=start, expires_at=end)
    claims = _cbor.decode(payload.encode(certificate), max_bytes=3000)

    assert (start, end, NOW) == tuple(datetime.fromtimestamp(claims[key], UTC) for key in (5, 4, 6))
    assert certificate.is_live
    assert not BASE.is_live


def test_instants_are_utc_seconds() -> None:
    """An instant in any zone becomes the same one in UTC, without its fraction."""
    shanghai = timezone(timedelta(hours=8))
    certificate = make(issued_at=datetime(2026, 9, 30, 12, 30, 0, 999_999, tzinfo=shanghai))

    assert NOW == certificate.issued_at
    assert certificate.issued_at is not None
    assert timedelta(0) == certificate.issued_at.utcoffset()
    assert 0 == certificate.issued_at.microsecond


def test_written_forms_are_normalised() -> None:
    """A plate is trimmed and in NFC; a VIN is upper case without separators."""
    certificate = make(registration_number="  E\u0301 12 ", vin=" lsvaa 4187 e2184211")

    assert ("É 12", VIN) == (certificate.registration_number, certificate.vin)


# Refused when made


LONG = "x" * 129


@pytest.mark.parametrize(
    "changes",
    [
        {"registration_number": ""},
        {"registration_number": "闽C\u202e12345"},
        {"registration_number": "闽C\x0012345"},
        {"registration_number": "A" * 33},
        {"country": "cn"},
        {"country": "CHN"},
        {"country": "ＣＮ"},
        {"country": ""},
        {"country": 156},
        {"vin": ""},
        {"vin": "LSV\u200b\u202e1"},
        {"vin": "A" * 33},
        {"vin": None},
        {"valid_until": None},
        {"valid_until": datetime(2027, 9, 30, tzinfo=UTC)},
        {"valid_until": "2027-09-30"},
        {"valid_until": 20000},
        {"valid_until": date(1969, 12, 31)},
        {"valid_until": date(9999, 1, 1)},
        {"inspected_on": date(9999, 12, 31)},
        {"valid_from": datetime(2026, 1, 1, tzinfo=UTC)},
        {"next_test_due": date(1, 1, 1)},
        {"basis": 4},
        {"basis": True},
        {"basis": -1},
        {"basis": 2**32},
        {"basis": "inspected"},
        {"basis": Result.PASS},
        {"basis": 7.0},
        {"result": 1},
        {"result": True},
        {"result": Basis.EXEMPT},
        {"authority": ""},
        {"authority": LONG},
        {"authority": "a\nb"},
        {"authority": "\u202eabc"},
        {"authority": "\u2066abc"},
        {"authority": "a\u200bb"},
        {"authority": "\ud800"},
        {"authority": "\x1b[31m"},
        {"authority": b"x"},
        {"plate_type": -1},
        {"plate_type": 2**32},
        {"plate_type": True},
        {"plate_type": 1.0},
        {"plate_type": "02"},
        {"vehicle_category": ""},
        {"usage": 5},
        {"odometer_km": -1},
        {"odometer_km": 1.5},
        {"odometer_km": True},
        {"deficiencies": ()},
        {"deficiencies": "none"},
        {"deficiencies": 5},
        {"deficiencies": (("1.1", 2),)},
        {"deficiencies": {"minor": 1}},
        {"test_place": "\x7f"},
        {"inspector": LONG},
        {"document_number": "\u2028"},
        {"report_digest": bytes(15)},
        {"report_digest": bytes(32)},
        {"report_digest": "0" * 16},
        {"report_digest": bytearray(16)},
        {"previous": bytes(7)},
        {"previous": bytes(17)},
        {"previous": (1, 2)},
        {"previous": StatusListEntry(uri="https://example.com/", index=0)},
        {"confidential": b""},
        {"confidential": "x"},
        {"issuer": ""},
        {"issuer": "a\u202eb"},
        {"certificate_id": bytes(7)},
        {"certificate_id": bytes(17)},
        {"certificate_id": "0" * 12},
        {"status": (1, 2), "certificate_id": None},
        {"status": 5},
        {"issued_at": datetime(2026, 9, 30)},  # noqa: DTZ001  the mistake under test
        {"issued_at": datetime(1969, 12, 31, 23, 59, 59, tzinfo=UTC)},
        {"issued_at": datetime(9998, 12, 31, tzinfo=UTC)},
        {"presented_at": datetime(2026, 9, 30)},  # noqa: DTZ001  as above
        {"expires_at": datetime(2026, 9, 30)},  # noqa: DTZ001  as above
        {"presented_at": NOW},
        {"expires_at": NOW},
        {"expires_at": NOW - timedelta(seconds=1)},
        {"presented_at": NOW + timedelta(hours=1), "expires_at": NOW + timedelta(hours=1)},
        {"presented_at": NOW + timedelta(hours=1), "expires_at": NOW + timedelta(minutes=59)},
        {"presented_at": NOW - timedelta(seconds=1), "expires_at": NOW + timedelta(minutes=5)},
        {"unknown_claims": {7: b"12345678"}},
        {"unknown_claims": {6: 0}},
        {"unknown_fields": {0: "x"}},
        {"unknown_fields": {3: 5}},
    ],
    ids=ascii,
)
def test_refused_fields(changes: dict[str, Any]) -> None:
    """A field that no certificate can have is a ValueError when it is made."""
    with pytest.raises(ValueError, match=r".+"):
        make(**changes)


@pytest.mark.parametrize("name", ["basis", "result", "authority"])
def test_mandatory_fields(name: str) -> None:
    """None in place of what every certificate has is a ValueError, or what nobody can read would be signed."""
    with pytest.raises(ValueError, match=r".+"):
        make(**{name: None})


@pytest.mark.parametrize(
    "changes",
    [
        {"unknown_claims": {INSPECTION: {}}},
        {"unknown_claims": {1: "CN"}},
        {"unknown_claims": {65535: {}}},
        {"unknown_claims": {4: 0}},
        {"unknown_claims": {"text": 1}},
        {"unknown_claims": {2: 1.5}},
        {"unknown_fields": {1: "CN"}},
        {"unknown_fields": {22: []}},
        {"unknown_fields": {-1: 0}},
        {"unknown_fields": {"text": 0}},
        {"unknown_fields": {99: 2**64}},
    ],
    ids=ascii,
)
def test_refused_unknown_claims(changes: dict[str, Any]) -> None:
    """What is called unknown and is known, critical, or cannot be written, is a ValueError when it is made."""
    with pytest.raises(ValueError, match=r".+"):
        make(**changes)


@pytest.mark.parametrize(
    "instant",
    [
        datetime(9999, 12, 31, 23, tzinfo=timezone(timedelta(hours=-8))),
        datetime(1, 1, 1, tzinfo=timezone(timedelta(hours=8))),
    ],
    ids=str,
)
def test_instants_beyond_the_calendar(instant: datetime) -> None:
    """An instant that has no form in UTC is a ValueError like any other out of range."""
    with pytest.raises(ValueError, match=r".+"):
        make(issued_at=instant)


@pytest.mark.parametrize("name", ["issued_at", "presented_at", "expires_at"])
@pytest.mark.parametrize("value", ["2026-09-30", 1790742600, date(2026, 9, 30)])
def test_instants_of_another_type(name: str, value: object) -> None:
    """What is no datetime is the caller's mistake."""
    with pytest.raises((TypeError, ValueError)):
        make(**{name: value})


@pytest.mark.parametrize(
    "call",
    [
        lambda: StatusRef(list=-1, index=0),
        lambda: StatusRef(list=0, index=2**32),
        lambda: StatusRef(list=True, index=0),
        lambda: StatusRef(list=0, index=1.0),  # type: ignore[arg-type]  # the mistake under test
        lambda: StatusListEntry(uri="", index=0),
        lambda: StatusListEntry(uri="x" * 513, index=0),
        lambda: StatusListEntry(uri="https://é.example/", index=0),
        lambda: StatusListEntry(uri="https://a.example/\n", index=0),
        lambda: StatusListEntry(uri=b"https://a.example/", index=0),  # type: ignore[arg-type]  # as above
        lambda: StatusListEntry(uri="https://a.example/", index=-1),
        lambda: DeficiencyCounts(minor=-1),
        lambda: DeficiencyCounts(major=True),
        lambda: DeficiencyCounts(dangerous=2**32),
        lambda: Deficiency(code="", severity=Result.MINOR),
        lambda: Deficiency(code="a\u202e", severity=Result.MINOR),
        lambda: Deficiency(code="1.1", severity=Result.PASS),
        lambda: Deficiency(code="1.1", severity=2),  # type: ignore[arg-type]  # as above
    ],
)
def test_refused_parts(call: Any) -> None:  # noqa: ANN401  a call without arguments
    """References, counts and deficiencies check themselves."""
    with pytest.raises(ValueError, match=r".+"):
        call()


@pytest.mark.parametrize(
    "changes",
    [
        {"result": Result.MAJOR, "valid_until": None},
        {"result": Result.DANGEROUS, "valid_until": None},
        {"result": 9, "valid_until": None},
        {"vin": None, "confidential": b"x"},
        {"expires_at": NOW + timedelta(seconds=1)},
        {"presented_at": NOW, "expires_at": NOW + timedelta(seconds=1)},
        {"presented_at": NOW + timedelta(1), "expires_at": NOW + timedelta(2), "issued_at": None},
        {"issued_at": None, "certificate_id": None},
    ],
    ids=ascii,
)
def test_allowed_gaps(changes: dict[str, Any]) -> None:
    """A failed test has no last day; a confidential chassis number is not named; a new certificate has no reference."""
    assert isinstance(make(**changes), InspectionCertificate)


@pytest.mark.parametrize(
    "changes",
    [
        {"issued_at": None},
        {"certificate_id": None},
        {"status": StatusRef(list=1, index=1)},
        {"issued_at": None, "certificate_id": None},
    ],
    ids=ascii,
)
def test_incomplete_certificates_are_not_written(changes: dict[str, Any]) -> None:
    """Without a time of issue, without a reference, or with two, there is nothing to sign."""
    with pytest.raises(IssuingError) as caught:
        payload.encode(make(**changes))

    assert "certificate-incomplete" == caught.value.code


# Refused when read


@pytest.mark.parametrize(
    ("key", "value", "field"),
    [
        (0, "", "registration_number"),
        (0, " A1", "registration_number"),
        (0, "A1 ", "registration_number"),
        (0, "E\u0301 12", "registration_number"),
        (0, "A\u202e1", "registration_number"),
        (0, "A" * 33, "registration_number"),
        (0, b"A1", "registration_number"),
        (0, 5, "registration_number"),
        (0, None, "registration_number"),
        (1, "cn", "country"),
        (1, "CHN", "country"),
        (1, 156, "country"),
        (2, VIN, "vin"),
        (2, VIN.lower(), "vin"),
        (2, "LSVAA-4187E-2184211", "vin"),
        (2, "zvw30-1", "vin"),
        (2, " ZVW30", "vin"),
        (2, "", "vin"),
        (2, bytes(10), "vin"),
        (2, bytes(12), "vin"),
        (2, (33**17).to_bytes(11, "big"), "vin"),
        (2, b"\xff" * 11, "vin"),
        (2, 5, "vin"),
        (3, -1, "valid_until"),
        (3, 2932532, "valid_until"),
        (3, 2**63, "valid_until"),
        (3, True, "valid_until"),
        (3, "2027-09-30", "valid_until"),
        (3, None, "valid_until"),
        (4, -1, "basis"),
        (4, 2**32, "basis"),
        (4, True, "basis"),
        (4, "inspected", "basis"),
        (5, False, "result"),
        (5, -1, "result"),
        (5, None, "result"),
        (6, "", "authority"),
        (6, "x" * 129, "authority"),
        (6, "a\nb", "authority"),
        (6, "\u202e", "authority"),
        (6, b"x", "authority"),
        (7, -1, "inspected_on"),
        (8, -1, "plate_type"),
        (8, "02", "plate_type"),
        (8, True, "plate_type"),
        (9, "\x00", "vehicle_category"),
        (10, 1, "usage"),
        (12, -5, "odometer_km"),
        (12, 2**32, "odometer_km"),
        (13, [1, 2], "deficiencies"),
        (13, [1, 2, 3, 4], "deficiencies"),
        (13, [1, 2, -3], "deficiencies"),
        (13, [1, 2, True], "deficiencies"),
        (13, {}, "deficiencies"),
        (13, "abc", "deficiencies"),
        (14, "a\u2029", "test_place"),
        (15, [], "inspector"),
        (16, bytes(15), "report_digest"),
        (16, bytes(17), "report_digest"),
        (16, "x" * 16, "report_digest"),
        (17, "x", "next_test_due"),
        (18, 18, "document_number"),
        (19, bytes(7), "previous"),
        (19, bytes(17), "previous"),
        (19, [1], "previous"),
        (19, [1, 2, 3], "previous"),
        (19, [1, -2], "previous"),
        (19, {}, "previous"),
        (20, b"", "confidential"),
        (20, "x", "confidential"),
        (21, 2932532, "valid_from"),
        (22, [], "deficiencies"),
        (22, [["1.1"]], "deficiencies"),
        (22, [["1.1", 2, 3]], "deficiencies"),
        (22, [["1.1", 1]], "deficiencies"),
        (22, [["1.1", 0]], "deficiencies"),
        (22, [["1.1", 5]], "deficiencies"),
        (22, [["1.1", True]], "deficiencies"),
        (22, [["", 2]], "deficiencies"),
        (22, [[5, 2]], "deficiencies"),
        (22, ["1.1"], "deficiencies"),
        (22, {}, "deficiencies"),
        (22, "1.1", "deficiencies"),
    ],
)
def test_refused_on_the_wire(key: int, value: CborValue, field: str) -> None:
    """A field that is not as it must be is malformed, and the error names the field and not its content."""
    error = refusal(wire({}, {key: value}))

    assert field == field_of(error)
    assert ("layer", "payload") in error.detail
    assert not isinstance(value, str) or len(value) < 5 or value not in str(error)


@pytest.mark.parametrize(
    ("key", "value", "field"),
    [
        (1, "", "issuer"),
        (1, "a\u202eb", "issuer"),
        (1, 5, "issuer"),
        (4, -1, "expires_at"),
        (4, "x", "expires_at"),
        (5, True, "presented_at"),
        (6, -1, "issued_at"),
        (6, 253_370_678_400, "issued_at"),
        (6, 2**63, "issued_at"),
        (6, "x", "issued_at"),
        (6, True, "issued_at"),
        (6, None, "issued_at"),
        (7, bytes(7), "certificate_id"),
        (7, bytes(17), "certificate_id"),
        (7, "0" * 12, "certificate_id"),
        (7, None, "certificate_id"),
    ],
)
def test_refused_claims(key: int, value: CborValue, field: str) -> None:
    """Claims are checked like fields: no instant before 1970 or after 9998, no id of another length."""
    assert field == field_of(refusal(wire({key: value})))


@pytest.mark.parametrize(
    "value",
    [
        {},
        {"status_list": {}},
        {"status_list": {"idx": 0}},
        {"status_list": {"uri": "https://a.example/"}},
        {"status_list": {"idx": -1, "uri": "https://a.example/"}},
        {"status_list": {"idx": True, "uri": "https://a.example/"}},
        {"status_list": {"idx": 2**32, "uri": "https://a.example/"}},
        {"status_list": {"idx": "0", "uri": "https://a.example/"}},
        {"status_list": {"idx": 0, "uri": ""}},
        {"status_list": {"idx": 0, "uri": 5}},
        {"status_list": {"idx": 0, "uri": "https://é.example/"}},
        {"status_list": {"idx": 0, "uri": "x" * 513}},
        {"status_list": {0: 0, "idx": 0, "uri": "https://a.example/"}},
        {"status_list": [0, "https://a.example/"]},
        {"status_list": {"idx": 0, "uri": "https://a.example/"}, 0: 0},
        [1, 2],
        "x",
        None,
    ],
    ids=ascii,
)
def test_refused_status_claims(value: CborValue) -> None:
    """The standard claim is exactly a list's URI and an index."""
    assert "status" == field_of(refusal(wire({65535: value}, without=(7,))))


@pytest.mark.parametrize(
    "value", [[], [1], [1, 2, 3], [1, -1], [-1, 1], [2**32, 0], [0, 2**32], [True, 0], ["1", 0], {}, b"", "x", 5, None]
)
def test_refused_references(value: CborValue) -> None:
    """A status reference is exactly two numbers below 2**32."""
    assert "status" == field_of(refusal(wire({}, {11: value}, without=(7,))))


@pytest.mark.parametrize(
    ("claims", "fields", "without"),
    [
        ({}, {}, (7,)),
        ({}, {11: [1, 2]}, ()),
        ({65535: {"status_list": {"idx": 0, "uri": "https://a.example/"}}}, {}, ()),
        ({65535: {"status_list": {"idx": 0, "uri": "https://a.example/"}}}, {11: [1, 2]}, (7,)),
        ({65535: {"status_list": {"idx": 0, "uri": "https://a.example/"}}}, {11: [1, 2]}, ()),
        ({}, {13: [0, 0, 0], 22: [["1.1", 2]]}, ()),
        ({}, {}, (6,)),
        ({}, {}, (0,)),
        ({}, {}, (2,)),
        ({}, {}, (3,)),
        ({}, {}, (4,)),
        ({}, {}, (5,)),
        ({5: 1790742700}, {}, ()),
        ({4: 1790742600}, {}, ()),
        ({4: 1790742599}, {}, ()),
        ({4: 1790742700, 5: 1790742700}, {}, ()),
        ({4: 1790742600, 5: 1790742700}, {}, ()),
        ({4: 1790742700, 5: 1790742599}, {}, ()),
    ],
    ids=ascii,
)
def test_what_does_not_fit_together(
    claims: dict[int, CborValue], fields: dict[int, CborValue], without: tuple[int, ...]
) -> None:
    """Exactly one reference; one kind of deficiencies; nothing mandatory missing; a window with an end and a length."""
    error = refusal(wire(claims, fields, without=without))

    assert isinstance(field_of(error), str)


def test_missing_authority() -> None:
    """Without key 6 of the inspection there is no certificate; key 6 of the claims is something else."""
    content = _cbor.decode(payload.encode(BASE), max_bytes=3000)
    del content[INSPECTION][6]

    refusal(_cbor.encode(content))


@pytest.mark.parametrize("claims", [{"text": 0}, {"iss": "CN"}])
def test_text_keys_are_refused(claims: dict[Any, CborValue]) -> None:
    """A text key is malformed, in the claims, in the inspection and within."""
    refusal(wire(claims))
    refusal(wire({}, claims))
    refusal(wire({}, {99: claims}))


@pytest.mark.parametrize("name", ["uri", "idx", "status_list"])
def test_named_text_keys_are_refused_elsewhere(name: str) -> None:
    """Those of the status claim are refused as claims and as fields too."""
    refusal(wire({name: 0}))
    refusal(wire({}, {name: 0}))


@pytest.mark.parametrize("value", ["f93c00", "fb3ff0000000000000", "f7", "e0", "c100", "c24101", "9fff"])
def test_values_outside_the_profile(value: str) -> None:
    """Floats, undefined, simple values and tags are refused wherever they stand, under an unknown key as well."""
    data = wire({}, {99: 0})

    assert data.endswith(b"\x18\x63\x00")
    refusal(data[:-1] + bytes.fromhex(value))


@pytest.mark.parametrize("data", [b"\xa0", b"\x80", b"\x00", b"\x40", b"\xf6", b"\xa1\x06\x00", b"\x81\xa0"])
def test_what_is_no_claims_map(data: bytes) -> None:
    """A payload is a map with an inspection."""
    assert "claims" == field_of(refusal(data))


@pytest.mark.parametrize("inspection", [None, [], b"", 0, True, {}])
def test_what_is_no_inspection(inspection: CborValue) -> None:
    """The inspection is a map with what is mandatory."""
    refusal(_cbor.encode({6: 0, 7: ID, INSPECTION: inspection}))


def test_too_large() -> None:
    """A payload larger than any QR symbol's content is refused."""
    refusal(wire({}, {99: bytes(2860)}))


# What is not known


def test_unknown_codes_are_kept() -> None:
    """An unknown basis or result becomes its number, and is written again."""
    data = wire({}, {4: 77, 5: 88})
    certificate = payload.decode(data)

    assert (77, 88) == (certificate.basis, certificate.result)
    assert data == payload.encode(certificate)
    assert data == payload.encode(attrs.evolve(certificate))


@pytest.mark.parametrize(
    ("claims", "fields"),
    [
        ({2: "subject", 3: "audience"}, {}),
        ({8: {1: {1: 2, -1: 1}}}, {}),
        ({-1: 0, -70000: [1, [2, {3: b"x"}]]}, {}),
        ({}, {1000: 1, 1001: "x", 1002: [True, None, {1: 2}]}),
        ({9: b"x"}, {2**64 - 1: {-1: 0}}),
    ],
    ids=ascii,
)
def test_unknown_claims_and_fields_are_kept(claims: dict[int, CborValue], fields: dict[int, CborValue]) -> None:
    """What this version does not know can be read, survives a change of the rest, and is written byte for byte."""
    data = wire(claims, fields)
    certificate = payload.decode(data)

    assert claims.keys() == certificate.unknown_claims.keys()
    assert fields.keys() == certificate.unknown_fields.keys()
    assert data == payload.encode(certificate)
    assert data == payload.encode(attrs.evolve(certificate, odometer_km=None))


@pytest.mark.parametrize("key", [-1, -2, -65537, -(2**64)])
def test_critical_fields_are_too_new(key: int) -> None:
    """An unknown negative key of the inspection may change what the rest means: this version cannot judge it."""
    assert "too-new" == refusal(wire({}, {key: 0}), "too-new").code


def test_unknown_negative_claims_are_not_critical() -> None:
    """Negative claims are the private range of CWT, and ignored."""
    assert {-1: 0} == dict(payload.decode(wire({-1: 0})).unknown_claims)


# Country


def test_country_is_filled_in() -> None:
    """A certificate that states none is of its issuer's country; one that states another keeps it."""
    assert payload.decode(payload.encode(BASE)).country is None
    assert "CN" == payload.decode(payload.encode(BASE), country="CN").country
    assert "MN" == payload.decode(payload.encode(make(country="MN")), country="CN").country


# Values


def test_certificates_are_immutable() -> None:
    """Neither a field nor an unknown claim can be changed, at any depth."""
    certificate = payload.decode(wire({2: {1: [2]}}, {99: [1]}))
    with pytest.raises(AttributeError):
        certificate.country = "CN"  # type: ignore[misc]  # the mistake under test
    with pytest.raises(TypeError):
        certificate.unknown_claims[2] = 0  # type: ignore[index]  # as above
    inner: Any = certificate.unknown_claims[2]
    with pytest.raises(TypeError):
        inner[1] = 0
    assert isinstance(inner[1], tuple)
    assert (1,) == certificate.unknown_fields[99]


def test_caller_s_map_is_copied() -> None:
    """What the caller does to a map afterwards does not reach the certificate."""
    claims = {2: [1]}
    certificate = make(unknown_claims=claims)
    claims[3] = [2]

    assert {2} == certificate.unknown_claims.keys()


def test_equality_and_hash() -> None:
    """Equal certificates are one in a set; any difference makes two."""
    assert make() == make()
    assert 1 == len({make(), make(), payload.decode(payload.encode(make()))})
    assert make() != make(vin="ZVW30-1234567")
    assert make() != make(unknown_claims={2: 0})
    assert make() != make(unknown_fields={99: 0})
    assert 2 == len({make(), make(unknown_claims={2: 0})})


def test_pickling_with_nested_unknown_claims() -> None:
    """Unknown claims stay frozen after pickling."""
    certificate = make(unknown_claims={2: {1: [{2: 3}]}}, unknown_fields={99: {1: {}}})
    other = pickle.loads(pickle.dumps(certificate))  # noqa: S301  our own bytes
    inner: Any = other.unknown_claims[2]

    assert certificate == other
    with pytest.raises(TypeError):
        inner[1] = 0
    with pytest.raises(AttributeError):
        other.country = "CN"


def test_repr_shows_no_vehicle() -> None:
    """No plate, chassis number, place, inspector, document or id is in a log."""
    certificate = make(test_place="Xiamen Siming", inspector="INSP-77", document_number="DOC-88", odometer_km=987654)
    for text in (repr(certificate), str(certificate), f"{certificate}", repr([certificate])):
        for secret in ("12345", VIN, VIN[-6:], "Xiamen", "INSP-77", "DOC-88", ID.hex(), "987654"):
            assert secret not in text
        assert "闽C" not in text


def test_results_that_pass() -> None:
    """Exempt, pass and minor let a vehicle on the road."""
    assert {Result.EXEMPT, Result.PASS, Result.MINOR} == {result for result in Result if result.passes}


def test_enums_are_stable_text() -> None:
    """Their values are lower-case text that may be stored."""
    assert ["exempt", "pass", "minor", "major", "dangerous"] == [result.value for result in Result]
    assert ["registration", "transfer-or-change", "exempt", "inspected", "within-validity", "temporary"] == [
        basis.value for basis in Basis
    ]


# Profiles


def test_missing_fields() -> None:
    """Each profile says which of its fields a certificate lacks."""
    whole = make(
        plate_type=2,
        inspected_on=date(2026, 9, 30),
        deficiencies=DeficiencyCounts(),
        test_place="Xiamen",
        inspector="S-1",
    )
    confidential = make(vin=None, confidential=b"x")

    assert () == payload.missing_fields(whole, Profile.CN)
    assert () == payload.missing_fields(whole, Profile.EU)
    assert ("plate_type",) == payload.missing_fields(BASE, Profile.CN)
    assert ("vin", "plate_type") == payload.missing_fields(confidential, Profile.CN)
    assert {"inspected_on", "deficiencies", "test_place", "inspector"} == set(payload.missing_fields(BASE, Profile.EU))
