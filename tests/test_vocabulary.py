"""The vocabulary: code tables, registration numbers and chassis numbers, by table and by law."""

from __future__ import annotations

import re
import subprocess
import sys
import unicodedata
from datetime import date

import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st

from certcore import vocabulary
from certcore.vocabulary import _codes
from certcore.vocabulary._codes import (
    PLATE_TYPES,
    PROVINCES,
    USAGES,
    VEHICLE_CATEGORIES,
    VEHICLE_STATES,
    VOCABULARY_VERSION,
    Severity,
    Term,
    is_country_code,
    province,
)
from certcore.vocabulary._plates import (
    ClassifiedRegistrationNumber,
    PlateForm,
    PlateNote,
    classify_registration_number,
    issued_registration_number,
    registration_number_groups,
)
from certcore.vocabulary._vins import (
    VinMatch,
    check_expected_vin,
    is_vin,
    issued_chassis_number,
    pack_vin,
    unpack_vin,
    vin_check_digit_ok,
)

SYMBOLS = "0123456789ABCDEFGHJKLMNPRSTUVWXYZ"
SEPARATORS = " \u3000\u00a0\t-_./·•・‧∙\u2010\u2011\u2012–—―−･．－／"
WANG = "LSVAA4187E2184211"

vins = st.text(SYMBOLS, min_size=17, max_size=17)
any_text = st.text(st.characters(), max_size=40)
plate_groups = st.lists(st.text("闽粤京ABCXYZ0123456789", min_size=1, max_size=4), min_size=1, max_size=4)
plates = st.one_of(any_text, st.builds(str.join, st.sampled_from(SEPARATORS), plate_groups))


# Code tables


def test_version_is_an_iso_date() -> None:
    """The version of the tables is a day, so that versions sort."""
    version = VOCABULARY_VERSION

    assert date.fromisoformat(version).isoformat() == version


def test_plate_types_are_those_of_the_standard() -> None:
    """GA/T 16.7 as tabled in 2017, and the two new-energy types that came later."""
    assert [*range(1, 28), 31, 32, 51, 52, 99] == list(PLATE_TYPES)


def test_usages_are_those_of_the_standard() -> None:
    """GA/T 16.3 runs from A to S, and Z."""
    expected = "ABCDEFGHIJKLMNOPQRSZ"

    assert expected == "".join(USAGES)


def test_there_are_31_provinces() -> None:
    """Every character that opens a mainland plate is known, once."""
    expected = "京津冀晋蒙辽吉黑沪苏浙皖闽赣鲁豫鄂湘粤桂琼渝川贵云藏陕甘青宁新"

    assert expected == "".join(PROVINCES)


@pytest.mark.parametrize(
    ("severity", "letters"),
    [
        (Severity.NORMAL, "A"),
        (Severity.CAUTION, "BDGHIOZ"),
        (Severity.CONTRADICTION, "Q"),
        (Severity.STOP, "CEJKLMNP"),
    ],
)
def test_states_by_severity(severity: Severity, letters: str) -> None:
    """Each vehicle state has the default severity that the design gives it, and there is no F."""
    found = sorted(code for code, state in VEHICLE_STATES.items() if state.severity is severity)

    assert list(letters) == found


@pytest.mark.parametrize(
    "table",
    [
        PLATE_TYPES,
        USAGES,
        VEHICLE_STATES,
        VEHICLE_CATEGORIES,
        PROVINCES,
    ],
)
def test_terms_are_complete_and_frozen(table: dict[int | str, Term]) -> None:
    """A table cannot be changed, its keys are its terms' codes, and each term has both names, in their scripts."""
    assert list(table) == [term.code for term in table.values()]
    for term in table.values():
        assert re.search("[\u4e00-\u9fff]", term.name("zh"))
        assert term.name("en").isascii()
    with pytest.raises(TypeError):
        table["new"] = next(iter(table.values()))


@pytest.mark.parametrize(
    ("term", "zh", "en"),
    [
        (_codes.plate_type(52), "小型新能源汽车", "small new-energy vehicle"),
        (_codes.usage("A"), "非营运", "private"),
        (_codes.vehicle_state("Q"), "逾期未检验", "inspection overdue"),
        (province("闽"), "福建", "Fujian"),
        (_codes.vehicle_category("K33"), "小型轿车", "saloon car"),
    ],
)
def test_known_codes_have_names(term: Term | None, zh: str, en: str) -> None:
    """A known code is named in both languages."""
    assert term is not None
    assert (zh, en) == (term.name("zh"), term.name("en"))


@pytest.mark.parametrize(
    "term",
    [
        _codes.plate_type(53),
        _codes.plate_type(-1),
        _codes.usage("T"),
        _codes.usage(""),
        _codes.vehicle_state("F"),
        _codes.vehicle_state("a"),
        province("台"),
        _codes.vehicle_category("K99"),
    ],
)
def test_unknown_codes_are_none(term: Term | None) -> None:
    """An unknown code is a gap in the table, never an error."""
    assert term is None


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        ("M1", "M1"),
        ("M1G", "M1"),
        ("N3G", "N3"),
        ("O4", "O4"),
        ("L3e", "L3e"),
        ("L3e-A1", "L3e"),
        ("L6e-BP", "L6e"),
        ("T1", "T"),
        ("T4.1b", "T"),
        ("C5a", "C"),
        ("R3a", "R"),
        ("S2", "S"),
        ("M21", "M21"),
        ("O4G", None),
        ("M4", None),
        ("L8e", None),
        ("T6", None),
        ("S3", None),
        ("", None),
    ],
)
def test_vehicle_categories_by_class(code: str, expected: str | None) -> None:
    """A variant of an EU class is named by its class; a Chinese code such as M21 is not taken for M2."""
    term = _codes.vehicle_category(code)

    assert expected == (None if term is None else term.code)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("CN", True),
        ("DE", True),
        ("cn", False),
        ("C", False),
        ("CHN", False),
        ("C1", False),
        ("ＣＮ", False),
        ("CN\n", False),
    ],
)
def test_country_codes_by_form(text: str, *, expected: bool) -> None:
    """A country code is two ASCII capitals and nothing else."""
    assert expected == is_country_code(text)


# Registration numbers


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("闽C12345", "闽C12345"),
        ("闽C·12345", "闽C12345"),
        (" 闽c 12345 ", "闽C12345"),
        ("闽Ｃ１２３４５", "闽C12345"),
        ("闽C\u3000１２３\u200b４５\ufeff", "闽C12345"),
        ("粤B·D12345", "粤BD12345"),
        ("粤Z·F023港", "粤ZF023港"),
        ("使 014·578", "使014578"),
        ("B-AB 123", "BAB123"),
        ("tö-ab 1e", "TÖAB1E"),
        ("TO\u0308-AB 1E", "TÖAB1E"),
        ("AA-123-AA", "AA123AA"),
        ("品川 500 さ 12-34", "品川500さ1234"),
        ("12−34—56･78", "12345678"),
        ("12_34/56", "123456"),
        ("А123ВС 77", "А123ВС77"),
        ("A-\u0301", "Á"),
        ("·- ", ""),
        ("", ""),
    ],
)
def test_normalised_registration_numbers(text: str, expected: str) -> None:
    """However a plate is typed, what is compared are its characters alone; scripts are not mixed up."""
    assert expected == vocabulary.normalise_registration_number(text)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("B-AB 123", ("B", "AB", "123")),
        ("闽C·12345", ("闽C", "12345")),
        ("闽c\u3000１２３４５", ("闽C", "12345")),
        ("- B -- AB -", ("B", "AB")),
        ("闽C12345", ("闽C12345",)),
        ("A-\u0301B", ("ÁB",)),
        ("", ()),
        (" - ", ()),
    ],
)
def test_groups_of_registration_numbers(text: str, expected: tuple[str, ...]) -> None:
    """Separators divide a plate into groups; at its ends or repeated they add none."""
    assert expected == registration_number_groups(text)


@pytest.mark.parametrize(
    ("a", "b"),
    [
        ("闽C12345", "闽C12345"),
        ("闽C·12345", "闽C12345"),
        ("闽 C12345", "闽C12345"),
        ("闽 C12345", "闽C·12345"),
        ("粤B·D12345", "粤BD·12345"),
        ("粤B·D12345", "粤bd12345"),
        ("粤Z·F023港", "粤ZF023 港"),
        ("使014·578", "使014578"),
        ("B-AB 123", "BAB123"),
        ("BA-B 123", "BAB123"),
        ("B-AB 123", "B-AB123"),
        ("B-AB 123", "b · ab · 123"),
        ("AA-123-AA", "AA 123 AA"),
        ("12-34", "1234"),
        ("AB12 CDE", "AB 12 CDE"),
    ],
)
def test_same_plate(a: str, b: str) -> None:
    """One plate in two writings is the same, in either order."""
    assert vocabulary.same_registration_number(a, b)
    assert vocabulary.same_registration_number(b, a)


@pytest.mark.parametrize(
    ("a", "b"),
    [
        ("B-AB 123", "BA-B 123"),
        ("B-A 1234", "B-A 1235"),
        ("12-345", "123-45"),
        ("闽C12345", "闽C12346"),
        ("闽C12345", "闽D12345"),
        ("闽C12345", "闽C1234"),
        ("闽CO2345", "闽C02345"),
        ("A123", "А123"),
        ("粤Z·F023港", "粤Z·F023澳"),
        ("", ""),
        ("·", "-"),
    ],
)
def test_other_plate(a: str, b: str) -> None:
    """Other characters or a contradictory division make another plate, and no plate equals no plate."""
    assert not vocabulary.same_registration_number(a, b)
    assert not vocabulary.same_registration_number(b, a)


@given(plates)
@example("ŉ-\u0345")
@example("ﬃ\u00ad\u0301")
def test_normalising_is_idempotent(text: str) -> None:
    """What is normalised is not changed by normalising again."""
    once = vocabulary.normalise_registration_number(text)

    assert once == vocabulary.normalise_registration_number(once)


@given(plates)
def test_groups_join_to_the_normalised(text: str) -> None:
    """The groups are the normalised number, divided; each of them holds something."""
    groups = registration_number_groups(text)

    assert vocabulary.normalise_registration_number(text) == "".join(groups)
    assert all(groups)


@given(plates)
def test_a_plate_equals_itself(text: str) -> None:
    """Every text that holds more than separators is the same plate as itself and as its normalised form."""
    normalised = vocabulary.normalise_registration_number(text)
    assume(normalised)

    assert vocabulary.same_registration_number(text, text)
    assert vocabulary.same_registration_number(text, normalised)


@given(plates, plates)
def test_same_plate_is_symmetric(a: str, b: str) -> None:
    """Neither writing is the master."""
    assert vocabulary.same_registration_number(a, b) == vocabulary.same_registration_number(b, a)


@given(plate_groups, st.sampled_from(SEPARATORS), st.sampled_from(SEPARATORS))
def test_separators_alone_never_matter(groups: list[str], one: str, other: str) -> None:
    """Which separator is used, or none, makes no other plate."""
    assert vocabulary.same_registration_number(one.join(groups), other.join(groups))
    assert vocabulary.same_registration_number(one.join(groups), "".join(groups))


@given(st.text("ABC", min_size=2, max_size=8), st.data())
def test_contradictory_divisions_never_match(text: str, data: st.DataObject) -> None:
    """Two single splits inside one run of letters, at different places, are two plates."""
    first = data.draw(st.integers(1, len(text) - 1))
    second = data.draw(st.integers(1, len(text) - 1))

    expected = first == second

    assert expected == vocabulary.same_registration_number(
        f"{text[:first]}-{text[first:]}", f"{text[:second]}-{text[second:]}"
    )


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("闽C·12345", "闽C·12345"),
        ("  B-AB 123\n", "B-AB 123"),
        ("TO\u0308-AB 1E", "TÖ-AB 1E"),
        ("品川\u3000500 さ", "品川\u3000500 さ"),
        ("A" * 32, "A" * 32),
        ("闽" * 21, "闽" * 21),
    ],
)
def test_issued_registration_numbers(text: str, expected: str) -> None:
    """An issued plate keeps what is printed, separators too, trimmed and in NFC."""
    assert expected == issued_registration_number(text)


UNPRINTABLE = [
    "\x00",
    "\x1b[31m",
    "\n",
    "\x7f",
    "\x85",
    "\u202e",
    "\u2066",
    "\u200e",
    "\u061c",
    "\u200b",
    "\u200d",
    "\u2028",
    "\ufeff",
    "\ufe0f",
    "\U000e0041",
    "\ue000",
    "\ud800",
]
REFUSED = ["", "  ", "·", "\u200b", "A" * 33, "闽" * 22, *(f"闽C{character}12345" for character in UNPRINTABLE)]


@pytest.mark.parametrize("text", REFUSED, ids=ascii)
def test_refused_when_issuing(text: str) -> None:
    """What cannot be printed, is empty or too long is not issued as any number, nor repeated in the message."""
    for issue in (issued_registration_number, issued_chassis_number):
        with pytest.raises(ValueError, match=r"^a (registration|chassis) number ") as caught:
            issue(text)
        assert ValueError is caught.type
        assert "12345" not in str(caught.value)


@pytest.mark.parametrize("issue", [issued_registration_number, issued_chassis_number])
def test_only_text_is_issued(issue: object) -> None:
    """Bytes where text belongs is a caller's mistake."""
    with pytest.raises(TypeError):
        issue(b"ABC123")  # type: ignore[operator]  # the mistake under test


@given(any_text)
def test_issuing_is_stable(text: str) -> None:
    """What was issued once is issued unchanged, and stays the same plate."""
    for issue in (issued_registration_number, issued_chassis_number):
        try:
            issued = issue(text)
        except ValueError:
            continue

        assert issued == issue(issued)
        assert unicodedata.is_normalized("NFC", issued)
        assert vocabulary.same_registration_number(text, issued)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("闽C·12345", PlateForm.ORDINARY),
        ("闽c 1234a", PlateForm.ORDINARY),
        ("京O·A1234", PlateForm.ORDINARY),
        ("粤B·D12345", PlateForm.NEW_ENERGY_SMALL),
        ("粤B·F12345", PlateForm.NEW_ENERGY_SMALL),
        ("沪A·GA1234", PlateForm.NEW_ENERGY_SMALL),
        ("粤B·12345D", PlateForm.NEW_ENERGY_LARGE),
        ("京A·12345K", PlateForm.NEW_ENERGY_LARGE),
        ("224001使", PlateForm.EMBASSY),
        ("使224·001", PlateForm.EMBASSY),
        ("沪224·01领", PlateForm.CONSULATE),
        ("粤Z·F023港", PlateForm.HONG_KONG),
        ("粤Z·F0234港", PlateForm.HONG_KONG),
        ("粤Z·1234澳", PlateForm.MACAO),
        ("闽C·1234学", PlateForm.DRIVING_SCHOOL),
        ("闽C·1234警", PlateForm.POLICE),
        ("闽C·1234挂", PlateForm.TRAILER),
        ("闽C·12345临", PlateForm.TEMPORARY),
        ("京X·0006应急", PlateForm.EMERGENCY),
        ("民航·A1234", PlateForm.CIVIL_AVIATION),
        ("WJ闽·12345", PlateForm.ARMED_POLICE),
        ("WJ 12345", PlateForm.ARMED_POLICE),
        ("VA·12345", PlateForm.MILITARY),
    ],
)
def test_forms_of_chinese_plates(text: str, expected: PlateForm) -> None:
    """Each kind of Chinese plate is told by its characters, and without a plate type there is nothing to note."""
    assert ClassifiedRegistrationNumber(form=expected) == classify_registration_number(text, "CN")


@pytest.mark.parametrize("letter", "DABCEFGHJK")
def test_every_new_energy_letter(letter: str) -> None:
    """All ten letters of new-energy plates count, not just D and F."""
    classified = [classify_registration_number(text, "CN").form for text in (f"粤B{letter}12345", f"粤B12345{letter}")]

    expected = [PlateForm.NEW_ENERGY_SMALL, PlateForm.NEW_ENERGY_LARGE]

    assert expected == classified


@pytest.mark.parametrize(
    ("text", "plate_type", "notes"),
    [
        ("闽C12345", 2, ()),
        ("闽C12345", 52, (PlateNote.PLATE_TYPE_CONTRADICTS_FORM,)),
        ("粤BD12345", 52, ()),
        ("粤BD12345", 2, (PlateNote.PLATE_TYPE_CONTRADICTS_FORM,)),
        ("粤BD12345", 51, (PlateNote.PLATE_TYPE_CONTRADICTS_FORM,)),
        ("闽C1234挂", 15, ()),
        ("闽C12345", 15, (PlateNote.PLATE_TYPE_CONTRADICTS_FORM,)),
        ("粤ZF023港", 26, ()),
        ("粤ZF023港", 27, (PlateNote.PLATE_TYPE_CONTRADICTS_FORM,)),
        ("京OA1234", 23, ()),
        ("闽C12345", 99, ()),
        ("闽C12345", 1000, ()),
        ("闽0112345", 14, ()),
        ("闽0112345", 2, (PlateNote.UNRECOGNISED_FORM,)),
        ("闽0112345", None, (PlateNote.UNRECOGNISED_FORM,)),
        ("闽CI2345", 2, (PlateNote.UNRECOGNISED_FORM,)),
        ("", 2, (PlateNote.UNRECOGNISED_FORM,)),
    ],
)
def test_notes_on_chinese_plates(text: str, plate_type: int | None, notes: tuple[PlateNote, ...]) -> None:
    """A form at odds with its plate type is noted; an unknown plate type, or one without known forms, goes with any."""
    assert notes == classify_registration_number(text, "CN", plate_type).notes


@pytest.mark.parametrize("country", ["DE", "HK", "cn", ""])
def test_other_countries_are_not_classified(country: str) -> None:
    """Of a country whose forms are unknown, nothing is said."""
    expected = ClassifiedRegistrationNumber()

    assert expected == classify_registration_number("闽C12345", country, 52)


@given(any_text, st.none() | st.integers())
def test_classifying_is_total(text: str, plate_type: int | None) -> None:
    """No text and no plate type is an error, and there is at most one note."""
    assert len(classify_registration_number(text, "CN", plate_type).notes) <= 1


# Chassis numbers


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (WANG, True),
        ("0" * 17, True),
        (WANG.lower(), False),
        (WANG[:-1], False),
        (WANG + "1", False),
        (WANG + "\n", False),
        ("LSVAA4187E218421I", False),
        ("LSVAA4187E218421O", False),
        ("LSVAA4187E218421Q", False),
        ("LSVAA4187E218421１", False),
        ("ZVW30-1234567", False),
    ],
)
def test_vins_by_form(text: str, *, expected: bool) -> None:
    """A VIN is exactly 17 of 33 characters."""
    assert expected == is_vin(text)


@pytest.mark.parametrize(
    ("vin", "expected"),
    [
        ("1M8GDM9AXKP042788", True),  # the usual worked example, with X
        ("11111111111111111", True),
        ("5GZCZ43D13S812715", True),
        ("1M8GDM9A1KP042788", False),
        ("WP0ZZZ99ZTS392124", False),  # Porsche writes fillers where the check digit would be
    ],
)
def test_check_digits(vin: str, *, expected: bool) -> None:
    """Position 9 is checked as in 49 CFR 565.15(c); a genuine European VIN may well fail."""
    assert expected == vin_check_digit_ok(vin)


@given(vins, st.sampled_from(SYMBOLS[:10] + "X"))
def test_one_check_digit_in_eleven(vin: str, digit: str) -> None:
    """For any other 16 characters exactly one of the eleven check digits is right."""
    right = [other for other in "0123456789X" if vin_check_digit_ok(vin[:8] + other + vin[9:])]

    assert len(right) == 1
    assert (digit in right) == vin_check_digit_ok(vin[:8] + digit + vin[9:])


@pytest.mark.parametrize(
    ("vin", "packed"),
    [
        ("0" * 17, "0000000000000000000000"),
        ("0" * 16 + "Z", "0000000000000000000020"),
        ("0" * 15 + "10", "0000000000000000000021"),
        ("Z" * 17, f"{33**17 - 1:022x}"),
        (WANG, f"{sum(SYMBOLS.index(c) * 33**i for i, c in enumerate(reversed(WANG))):022x}"),
    ],
)
def test_packed_vins(vin: str, packed: str) -> None:
    """A VIN is packed as a big-endian number in base 33, its first character most significant."""
    assert packed == pack_vin(vin).hex()


@given(vins)
@example("Z" * 17)
def test_vin_survives_packing(vin: str) -> None:
    """Every VIN comes back from its 11 bytes."""
    assert vin == unpack_vin(pack_vin(vin))


@given(st.integers(0, 33**17 - 1))
def test_packed_form_is_unique(number: int) -> None:
    """Every acceptable 11 bytes are the packed form of the VIN they unpack to."""
    data = number.to_bytes(11, "big")

    assert data == pack_vin(unpack_vin(data))


@given(vins, vins)
def test_packing_keeps_order(a: str, b: str) -> None:
    """Packed VINs sort as VINs do."""
    assert (a < b) == (pack_vin(a) < pack_vin(b))


@pytest.mark.parametrize(
    "data", [b"", bytes(10), bytes(12), b"\xff" * 11, (33**17).to_bytes(11, "big"), (33**17).to_bytes(12, "big")]
)
def test_not_a_packed_vin(data: bytes) -> None:
    """Another length, or a number that no VIN has, is refused."""
    with pytest.raises(ValueError, match="packed VIN"):
        unpack_vin(data)


@pytest.mark.parametrize("vin", ["", WANG.lower(), WANG[:-1], "LSVAA4187E218421I", "ZVW30-1234567"])
def test_not_a_vin(vin: str) -> None:
    """What is not a VIN is neither packed nor checked, and the message does not repeat it."""
    for function in (pack_vin, vin_check_digit_ok):
        with pytest.raises(ValueError, match="not a VIN") as caught:
            function(vin)
        assert not vin or vin not in str(caught.value)


@pytest.mark.parametrize(
    ("expected", "actual", "match"),
    [
        (WANG, WANG, VinMatch.WHOLE),
        ("lsvaa4187 e2184211", WANG, VinMatch.WHOLE),
        ("ＬＳＶＡＡ４１８７Ｅ２１８４２１１", WANG, VinMatch.WHOLE),
        ("184211", WANG, VinMatch.TAIL),
        ("2184211", WANG, VinMatch.TAIL),
        ("E2184211", WANG, VinMatch.TAIL),
        ("e2-184211", WANG, VinMatch.TAIL),
        ("84211", WANG, VinMatch.MISMATCH),
        ("7E2184211", WANG, VinMatch.INCOMPLETE),
        (WANG[1:], WANG, VinMatch.INCOMPLETE),
        (WANG[:8], WANG, VinMatch.MISMATCH),
        ("184212", WANG, VinMatch.MISMATCH),
        (WANG[:-1] + "2", WANG, VinMatch.MISMATCH),
        (WANG, WANG[-8:], VinMatch.MISMATCH),
        ("LSVAA4I87E2I842I1", WANG, VinMatch.LOOKALIKE),
        ("I842II", WANG, VinMatch.LOOKALIKE),
        ("7E2I84211", WANG, VinMatch.LOOKALIKE),
        ("7E2I84212", WANG, VinMatch.MISMATCH),
        ("WPOZZZ99ZTS392124", "WP0ZZZ99ZTS392124", VinMatch.LOOKALIKE),
        ("QO0000", "00000000000000000", VinMatch.LOOKALIKE),
        ("I842I2", WANG, VinMatch.MISMATCH),
        ("ZVW30-1234567", "ZVW30-1234567", VinMatch.WHOLE),
        ("zvw30 1234567", "ZVW30-1234567", VinMatch.WHOLE),
        ("1234567", "ZVW30-1234567", VinMatch.TAIL),
        ("30-1234567", "ZVW30-1234567", VinMatch.INCOMPLETE),
        ("ZVW3O-1234567", "ZVW30-1234567", VinMatch.LOOKALIKE),
        ("ZVW30-1234568", "ZVW30-1234567", VinMatch.MISMATCH),
        ("IOQ-1", "ioq1", VinMatch.WHOLE),
        ("", "", VinMatch.MISMATCH),
        ("", WANG, VinMatch.MISMATCH),
        ("-", "-", VinMatch.MISMATCH),
    ],
)
def test_same_vin(expected: str, actual: str, match: VinMatch) -> None:
    """A whole number or its last 6 to 8 match; look-alikes and longer tails are hints; all else is another vehicle."""
    assert match == vocabulary.same_vin(expected, actual)
    assert (match in {VinMatch.WHOLE, VinMatch.TAIL}) == match.matches


@given(plates)
def test_a_chassis_number_equals_itself(text: str) -> None:
    """Every text that holds more than separators is wholly itself."""
    assume(vocabulary.normalise_vin(text))

    assert VinMatch.WHOLE is vocabulary.same_vin(text, text)


@given(st.one_of(vins, plates), st.one_of(vins, plates))
def test_whole_match_is_symmetric(a: str, b: str) -> None:
    """Where one is wholly the other, the other is wholly the one."""
    assert (vocabulary.same_vin(a, b) is VinMatch.WHOLE) == (vocabulary.same_vin(b, a) is VinMatch.WHOLE)


@given(vins, st.integers(1, 17))
def test_tails_of_a_vin(vin: str, length: int) -> None:
    """Of a VIN's tails exactly those of 6 to 8 characters match, and the VIN itself."""
    assert (length in {6, 7, 8, 17}) == vocabulary.same_vin(vin[-length:], vin).matches


@given(vins, st.data())
def test_a_lookalike_never_matches(vin: str, data: st.DataObject) -> None:
    """Writing I for 1, or O or Q for 0, is always a hint and never a match."""
    places = [place for place, character in enumerate(vin) if character in "01"]
    assume(places)
    place = data.draw(st.sampled_from(places))
    letter = "I" if vin[place] == "1" else data.draw(st.sampled_from("OQ"))

    assert VinMatch.LOOKALIKE is vocabulary.same_vin(vin[:place] + letter + vin[place + 1 :], vin)


@given(plates)
def test_normalising_a_vin_is_idempotent(text: str) -> None:
    """What is normalised is not changed by normalising again."""
    once = vocabulary.normalise_vin(text)

    assert once == vocabulary.normalise_vin(once)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("184211", "184211"),
        ("e2 184211", "E2184211"),
        ("zvw30-1234567", "ZVW301234567"),
        (WANG.lower(), WANG),
        ("A" * 32, "A" * 32),
    ],
)
def test_acceptable_expectations(text: str, expected: str) -> None:
    """A tail of 6 to 8, a VIN and any longer whole chassis number may be expected."""
    assert expected == check_expected_vin(text)


@pytest.mark.parametrize("text", ["", "84211", "8-4-2-1-1", "\u200b84211", "A" * 33])
def test_unacceptable_expectations(text: str) -> None:
    """Fewer than 6 characters say too little, whatever the separators; the message does not repeat them."""
    with pytest.raises(ValueError, match="an expected VIN") as caught:
        check_expected_vin(text)

    assert "84211" not in str(caught.value)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("ZVW30-1234567", "ZVW30-1234567"),
        (" zvw30-1234567 ", "ZVW30-1234567"),
        ("e\u0301 12", "É 12"),
        ("1", "1"),
    ],
)
def test_issued_chassis_numbers(text: str, expected: str) -> None:
    """A chassis number is issued in upper case, trimmed, with its separators."""
    assert expected == issued_chassis_number(text)


def test_upper_case_that_grows_too_long() -> None:
    """The limit holds for what is issued, not only for what came in."""
    with pytest.raises(ValueError, match="longer"):
        issued_chassis_number("ß" * 32)


# The lowest layer


def test_imports_nothing_above_it() -> None:
    """Importing the vocabulary brings in no other module of certcore, save the errors."""
    code = (
        "import sys, certcore.vocabulary; print(*sorted(name for name in sys.modules if name.startswith('certcore.')))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True, text=True)
    loaded = {name for name in done.stdout.split() if not name.startswith("certcore.vocabulary")}

    assert loaded <= {"certcore.errors"}


def test_the_names_are_as_listed() -> None:
    """Everything that is exported exists."""
    for name in vocabulary.__all__:
        assert hasattr(vocabulary, name), name
