"""Files that are none: every member of a statement, with every kind of nonsense, is refused with a code of ours."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from certcore import Evidence, Expected, _cbor
from certcore.errors import CertcoreError, RejectedInputError
from certcore.evidence._statement import MAX_STATEMENT_BYTES, encode
from certcore.reasons import REASONS
from certcore.status import StatusEventKind, VehicleFlag
from tests.evidence.cast import SEAL_SIGNER, Register, insurer
from tests.verify_cases import NOW, PLATE, SEEN, TEXT, Answers, happened, record, verifier

DIGEST = bytes(32)
CODES = {"evidence-malformed", "evidence-rules-unsupported"}


def statements() -> Iterator[dict[int, Any]]:
    """Statements in which every member and every form stands at least once."""
    lists = insurer(vehicles=Register(flags=(VehicleFlag(code="B", since=NOW.date()),)))
    stopped = happened(StatusEventKind.SUSPENDED, None, NOW)
    yield _wire(lists.verify(TEXT, as_of=NOW, known_at=NOW, expect=SEEN, existed_by=[b"proof"]).evidence)
    yield _wire(lists.check_vehicle(registration_number=PLATE, country="CN", plate_type=2, as_of=NOW.date()).evidence)
    yield _wire(verifier(Answers(status=record(stopped))).verify(TEXT, as_of=NOW, expect=SEEN).evidence)
    yield _wire(lists.verify_image(b"no picture", as_of=NOW).evidence)


def _wire(evidence: Evidence) -> dict[int, Any]:
    wire: dict[int, Any] = _cbor.decode(encode(evidence._statement), max_bytes=1 << 20)
    return wire


STATEMENTS = tuple(statements())
ABOUT_CERTIFICATE, ABOUT_VEHICLE, WITH_EVENTS, OF_PICTURE = STATEMENTS


def read(wire: object) -> Evidence:
    """The evidence around a statement, whatever that is."""
    return Evidence.from_bytes(_cbor.encode({0: 1, 1: _cbor.encode(wire)}))


def code_of(wire: object) -> str:
    """The code that reading it is refused with."""
    with pytest.raises(RejectedInputError) as caught:
        read(wire)
    return caught.value.code


@pytest.mark.parametrize("wire", STATEMENTS, ids=["certificate", "vehicle", "events", "picture"])
def test_what_is_sound_is_read(wire: dict[int, Any]) -> None:
    """As it was written, and with a member of a later version."""
    assert wire == _wire(read(wire))
    assert wire == _wire(read(wire | {99: "later"}))


NONSENSE: tuple[object, ...] = (
    None, True, False, -1, 1 << 63, "", "x", b"", b"x", DIGEST, [], [0], [[]], [None], [True, 1], [0, -1], [1, -1],
    [1, 1 << 40], [9, 9], {}, {0: None}, {-1: 0}, [{}], [["x"]], [["x", 1]], [["x", 4]], [["x", True, []]],
)  # fmt: skip


@pytest.mark.parametrize("key", range(-1, 24))
@pytest.mark.parametrize("wire", STATEMENTS, ids=["certificate", "vehicle", "events", "picture"])
def test_members_of_another_kind(wire: dict[int, Any], key: int) -> None:
    """Each member with each kind of nonsense is read as what it may be, or refused with a code of evidence."""
    for value in NONSENSE:
        try:
            read(wire | {key: value})
        except RejectedInputError as error:
            assert error.code in CODES  # noqa: PT017  what may be read is read


@pytest.mark.parametrize("key", sorted({key for wire in STATEMENTS for key in wire}))
def test_members_that_are_missing(key: int) -> None:
    """Without one of its members a statement is another one, or none."""
    for wire in STATEMENTS:
        if key in wire:
            try:
                read({number: value for number, value in wire.items() if number != key})
            except RejectedInputError as error:
                assert error.code in CODES  # noqa: PT017  as above


ALTERED: tuple[tuple[str, dict[int, Any], int, object], ...] = (
    ("no text", ABOUT_CERTIFICATE, 2, 7),
    ("half a text that is none", ABOUT_CERTIFICATE, 2, b"\xff\xfe"),
    ("a negative instant", ABOUT_CERTIFICATE, 3, -1),
    ("an instant beyond the years", ABOUT_CERTIFICATE, 3, 253_370_764_800_000_000),
    ("an instant that is true", ABOUT_CERTIFICATE, 3, True),
    ("an unknown kind", ABOUT_CERTIFICATE, 4, 3),
    ("a vehicle with a text", ABOUT_CERTIFICATE, 4, 2),
    ("a certificate without", ABOUT_VEHICLE, 4, 1),
    ("a moment of a third form", ABOUT_CERTIFICATE, 5, [2, 0]),
    ("a moment whose form is false", ABOUT_CERTIFICATE, 5, [False, 0]),
    ("a moment that is no array", ABOUT_CERTIFICATE, 5, 0),
    ("a day before 1970", ABOUT_CERTIFICATE, 5, [1, -1]),
    ("a day that is a text", ABOUT_CERTIFICATE, 5, [1, "2026-08-14"]),
    ("a vehicle that cannot be asked for", ABOUT_VEHICLE, 7, {2: 2}),
    ("a plate without its country", ABOUT_VEHICLE, 7, {0: "闽C12345"}),
    ("the end of a VIN", ABOUT_VEHICLE, 7, {3: "184211"}),
    ("a plate type that is none", ABOUT_CERTIFICATE, 7, {2: -1}),
    ("a policy that contradicts itself", ABOUT_CERTIFICATE, 8, ABOUT_CERTIFICATE[8] | {1: 3, 2: 3, 3: []}),
    ("a need of no number", ABOUT_CERTIFICATE, 8, ABOUT_CERTIFICATE[8] | {1: 4}),
    ("a duration without end", ABOUT_CERTIFICATE, 8, ABOUT_CERTIFICATE[8] | {4: 1 << 63}),
    ("a seal key that is none", ABOUT_CERTIFICATE, 8, ABOUT_CERTIFICATE[8] | {11: [b"\xa0"]}),
    ("too many proofs", ABOUT_CERTIFICATE, 9, [b"x"] * 17),
    ("a proof that is too large", ABOUT_CERTIFICATE, 9, [bytes(70_000)]),
    ("a digest that is short", ABOUT_CERTIFICATE, 10, bytes(31)),
    ("a digest that is a text", ABOUT_CERTIFICATE, 11, "x" * 32),
    ("a chain that is none", ABOUT_CERTIFICATE, 12, [b""]),
    ("a refusal without detail", OF_PICTURE, 13, ["no-certificate"]),
    ("a refusal of numbers", OF_PICTURE, 13, [7, []]),
    ("a detail of three", OF_PICTURE, 13, ["no-certificate", [["a", 1, 2]]]),
    ("a detail that is true", OF_PICTURE, 13, ["no-certificate", [["a", True]]]),
    ("an answer of no form", ABOUT_CERTIFICATE, 14, [4, "x"]),
    ("an answer whose form is false", ABOUT_CERTIFICATE, 14, [False, "status-unavailable"]),
    ("a failure without code", ABOUT_CERTIFICATE, 14, [0, 1]),
    ("a document without type", ABOUT_CERTIFICATE, 14, [1, [[DIGEST]]]),
    ("a document of a number", ABOUT_CERTIFICATE, 14, [1, [7]]),
    ("a document whose type is none", ABOUT_CERTIFICATE, 14, [1, [[DIGEST, b"x"]]]),
    ("facts without a time", WITH_EVENTS, 14, [2, {0: [], 1: []}, []]),
    ("an event of no number", WITH_EVENTS, 14, [2, {0: [[5, None, 0, "x"]], 1: [], 2: 0}, []]),
    ("an event of three", WITH_EVENTS, 14, [2, {0: [[1, None, 0]], 1: [], 2: 0}, []]),
    ("an observation of no number", WITH_EVENTS, 14, [2, {0: [], 1: [[4, 0]], 2: 0}, []]),
    ("an observation of one", WITH_EVENTS, 14, [2, {0: [], 1: [[0]], 2: 0}, []]),
    ("a kept document of two", WITH_EVENTS, 14, [2, {0: [], 1: [], 2: 0}, [[DIGEST, "x"]]]),
    ("a kept document of a short digest", WITH_EVENTS, 14, [2, {0: [], 1: [], 2: 0}, [[b"", "x", b"x"]]]),
    ("vehicle facts for a status", WITH_EVENTS, 14, [3, b"x", b"x"]),
    ("an answer about a vehicle of no form", ABOUT_VEHICLE, 15, [1, []]),
    ("a request that is a text", ABOUT_VEHICLE, 15, [3, "x", b"x"]),
    ("a flag of two", ABOUT_VEHICLE, 15, [2, {0: True, 1: [["B", None]], 2: 0}, []]),
    ("a flag from no day", ABOUT_VEHICLE, 15, [2, {0: True, 1: [["B", -1, None]], 2: 0}, []]),
    ("a vehicle that is known by a number", ABOUT_VEHICLE, 15, [2, {0: 1, 1: [], 2: 0}, []]),
    ("offsets of three", ABOUT_CERTIFICATE, 16, [[0, 0, 0]]),
    ("offsets that are true", ABOUT_CERTIFICATE, 16, [[True, 0]]),
    ("offsets that are no arrays", ABOUT_CERTIFICATE, 16, [0, 0]),
    ("a group that is a text", ABOUT_CERTIFICATE, 17, "x"),
    ("a vocabulary that is a number", ABOUT_CERTIFICATE, 18, 1),
    ("an outcome of no number", ABOUT_CERTIFICATE, 19, 4),
    ("a reason of no table", ABOUT_CERTIFICATE, 20, [["no-such-reason", 1]]),
    ("an error for a reason", ABOUT_CERTIFICATE, 20, [["evidence-malformed", 1]]),
    ("an effect of no number", ABOUT_CERTIFICATE, 20, [["malformed", 4]]),
    ("an effect that is true", ABOUT_CERTIFICATE, 20, [["malformed", True]]),
    ("a reason of one", ABOUT_CERTIFICATE, 20, [["malformed"]]),
    ("a reason of four", ABOUT_CERTIFICATE, 20, [["malformed", 1, [], []]]),
    ("a detail that is no array", ABOUT_CERTIFICATE, 20, [["malformed", 1, {"layer": "cose"}]]),
    ("an edition that is a number", ABOUT_CERTIFICATE, 22, 2026),
)  # fmt: skip


@pytest.mark.parametrize(("wire", "key", "value"), [row[1:] for row in ALTERED], ids=[row[0] for row in ALTERED])
def test_values_that_no_statement_has(wire: dict[int, Any], key: int, value: object) -> None:
    """Each is refused as malformed; a text that is none only once it is needed."""
    if value == b"\xff\xfe":
        with pytest.raises(RejectedInputError) as caught:
            _ = read(wire | {key: value}).text
        assert "evidence-malformed" == caught.value.code
    else:
        assert "evidence-malformed" == code_of(wire | {key: value})


def test_failures_with_a_cause() -> None:
    """Of both look-ups, a failure has a code, and may have a cause."""
    for key in (14, 15):
        for failure in ([0, "status-unavailable"], [0, "status-unavailable", "http-404"]):
            assert failure == _wire(read(ABOUT_CERTIFICATE | {key: failure}))[key]
        assert "evidence-malformed" == code_of(ABOUT_CERTIFICATE | {key: [0, "status-unavailable", 404]})


@pytest.mark.parametrize("wire", [None, 7, [], "x", {}, {0: 1}, {0: "1"}, {0: True}, {1: 1}, {0: 1, -7: 0}])
def test_statements_that_are_none(wire: object) -> None:
    """Whatever else stands where a statement should."""
    assert code_of(wire) in CODES


def test_other_formats_and_critical_members() -> None:
    """A later format, and a member that must be understood, are said to be that."""
    assert "evidence-rules-unsupported" == code_of(ABOUT_CERTIFICATE | {0: 2})
    assert "evidence-rules-unsupported" == code_of(ABOUT_CERTIFICATE | {-1: 0})
    for data, code in (({0: 2, 1: b""}, "evidence-rules-unsupported"), ({0: 1}, "evidence-malformed")):
        with pytest.raises(RejectedInputError) as caught:
            Evidence.from_bytes(_cbor.encode(data))
        assert code == caught.value.code


@pytest.mark.parametrize(
    "file",
    [
        {0: 1, 1: b""},
        {0: 1, 1: b"\xff"},
        {0: 1, 1: b"\xd2"},
        {0: 1, 1: b"\xd2\x80"},
        {0: 1, 1: b"\xd2\xff"},
        {0: 1, 1: b"\xd2\x84\x40\xa0\x40"},
        {0: 1, 1: encode(insurer().verify(TEXT, as_of=NOW).evidence._statement), 2: [7]},
        {0: 1, 1: b"\x00" * (MAX_STATEMENT_BYTES + 1)},
        {0: 1, 1: b"\xa0", 2: [b""] * 1025},
        {0: 1, 1: b"\xa0", 3: [b""] * 17},
        {0: 1, 1: b"\xa0", 4: 0},
        {0: 1, 1: "x"},
        [],
    ],
)
def test_files_that_are_none(file: object) -> None:
    """Bodies, seals, documents and members that no file has."""
    with pytest.raises(RejectedInputError) as caught:
        Evidence.from_bytes(_cbor.encode(file))
    assert "evidence-malformed" == caught.value.code


@pytest.mark.parametrize("protected", [b"", b"\xff", b"\xa0", b"\x80", b"\xa1\x04\x00", b"\xa1\x01\x26"])
def test_seals_that_name_nobody(protected: bytes) -> None:
    """A seal that states no key is one all the same, and holds under none."""
    body = b"\xd2" + _cbor.encode([protected, {}, _cbor.encode(ABOUT_CERTIFICATE), b"signature"])
    evidence = Evidence.from_bytes(_cbor.encode({0: 1, 1: body}))

    assert evidence.is_sealed
    assert evidence.unverified_seal_key_id is None
    assert SEAL_SIGNER.public_key.key_id != evidence.to_dict()["seal_key_id"]


@given(st.data())
def test_any_change_is_read_or_refused(data: st.DataObject) -> None:
    """Whatever stands anywhere in a statement, reading ends with evidence or a code."""
    wire = data.draw(st.sampled_from(STATEMENTS))
    key = data.draw(st.sampled_from(sorted(wire)))
    leaves = st.none() | st.booleans() | st.integers(-(1 << 63), 1 << 63) | st.text(max_size=9) | st.binary(max_size=33)
    values = st.recursive(
        leaves, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.integers(0, 9), inner, max_size=3)
    )
    try:
        read(wire | {key: data.draw(values | _near(wire[key], leaves, data))})
    except CertcoreError as error:
        assert error.code in CODES  # noqa: PT017  what may be read is read


def _near(value: object, leaves: st.SearchStrategy[Any], data: st.DataObject) -> st.SearchStrategy[Any]:
    """The value with one thing in it exchanged."""
    if isinstance(value, list) and value:
        place = data.draw(st.integers(0, len(value) - 1))
        return _near(value[place], leaves, data).map(lambda new: [*value[:place], new, *value[place + 1 :]])
    if isinstance(value, dict) and value:
        key = data.draw(st.sampled_from(sorted(value)))
        return _near(value[key], leaves, data).map(lambda new: value | {key: new})
    return leaves


def test_every_reason_can_be_written() -> None:
    """Each reason of the table, with each effect, is written and read."""
    numbers = {"fails": 1, "blocks": 2, "notes": 3}
    for code, meaning in REASONS.items():
        for effect in meaning.effects:
            wire = ABOUT_CERTIFICATE | {20: [[code, numbers[effect.value], [["layer", "x"], ["number", 7]]]]}
            assert wire == _wire(read(wire))


def test_expected_vehicles() -> None:
    """What was expected is read as it was given."""
    assert (
        Expected(registration_number="闽C12345", country="CN")
        == read(ABOUT_CERTIFICATE | {7: {0: "闽C12345", 1: "CN"}}).expected
    )
