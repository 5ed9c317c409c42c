"""How the values of a certificate's claims are written and read: one `Form` for each kind of value.

Both directions raise ValueError for values that are not allowed, so building a certificate and reading one have the
same rules. `certcore.certificate._claims` says which claim has which form.

A form also says how its values usually look on the wire, for `certcore.certificate._usual`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime
from enum import Enum
from functools import cache
from typing import Any, Final, TypeVar

import attrs

from certcore import _maps, vocabulary
from certcore._instants import FIRST_DAY, LAST_DAY, LAST_SECOND
from certcore.certificate._values import (
    BASIS_CODES,
    CODE_OF,
    RESULT_CODES,
    Basis,
    Deficiency,
    DeficiencyCounts,
    Result,
    StatusListEntry,
    StatusRef,
    text,
    uint,
)
from certcore.vocabulary._codes import is_country_code
from certcore.vocabulary._plates import issued_registration_number
from certcore.vocabulary._vins import is_vin, issued_chassis_number, pack_vin, unpack_vin

__all__ = [
    "BASIS",
    "BYTES",
    "CERTIFICATE_ID",
    "COUNTRY",
    "COUNTS",
    "DAY",
    "DEFICIENCIES",
    "DIGEST",
    "INSTANT",
    "NUMBER",
    "PREVIOUS",
    "REFERENCE",
    "RESULT",
    "STATUS_ENTRY",
    "TEXT",
    "UINT",
    "VIN",
    "Form",
]

CERTIFICATE_ID_BYTES: Final = range(8, 17)
"""Lengths in bytes that a certificate id may have."""

_EPOCH_ORDINAL: Final = FIRST_DAY.toordinal()
_LAST_DAYS: Final = LAST_DAY.toordinal() - _EPOCH_ORDINAL

_new_ref: Final = _maps.maker(StatusRef)

_E = TypeVar("_E", bound=Enum)


def _bytes(*lengths: int) -> Callable[[object], bytes]:
    def check(value: object) -> bytes:
        if type(value) is not bytes or (len(value) not in lengths if lengths else not value):
            msg = f"it is bytes, {lengths[0]} to {lengths[-1]} of them" if lengths else "it is at least one byte"
            raise ValueError(msg)
        return value

    return check


_certificate_id: Final = _bytes(*CERTIFICATE_ID_BYTES)
_digest: Final = _bytes(16)
_some_bytes: Final = _bytes()


def _country(value: object) -> str:
    if type(value) is not str or not is_country_code(value):
        msg = "a country is two capital letters (ISO 3166-1 alpha-2)"
        raise ValueError(msg)
    return value


def _days(value: object) -> int:
    if type(value) is not date or not 0 <= (days := value.toordinal() - _EPOCH_ORDINAL) <= _LAST_DAYS:
        msg = f"a civil day is a date from 1970-01-01 to {LAST_DAY}"
        raise ValueError(msg)
    return days


def _date(value: object) -> date:
    if type(value) is not int or not 0 <= value <= _LAST_DAYS:
        msg = f"a civil day is the days from 1970-01-01 to {LAST_DAY}"
        raise ValueError(msg)
    return date.fromordinal(_EPOCH_ORDINAL + value)


def _seconds(value: datetime) -> int:
    return uint(int(value.timestamp()), LAST_SECOND)


def _instant(value: object) -> datetime:
    return datetime.fromtimestamp(uint(value, LAST_SECOND), UTC)


def _number_from_wire(value: object) -> str:
    if type(value) is not str or issued_registration_number(value) != value:
        msg = "a registration number is NFC text without outer space"
        raise ValueError(msg)
    return value


def _vin_to_wire(value: str) -> bytes | str:
    return pack_vin(value) if is_vin(value) else issued_chassis_number(value)


def _is_packable(value: str) -> bool:
    """Whether a text is a VIN written out, which has one form only: packed."""
    return is_vin(vocabulary.normalise_vin(value))


def _vin_from_wire(value: object) -> str:
    if type(value) is bytes:
        return unpack_vin(value)
    if type(value) is not str or issued_chassis_number(value) != value or _is_packable(value):
        msg = "a chassis number is a packed VIN, or another number as text"
        raise ValueError(msg)
    return value


def _code_to_wire(kind: type[Enum]) -> Callable[[object], int]:
    def to_wire(value: object) -> int:
        if type(value) is kind:
            return CODE_OF[value]
        code = uint(value)
        if code in (BASIS_CODES if kind is Basis else RESULT_CODES):
            msg = f"a known code is given as a {kind.__name__}"
            raise ValueError(msg)
        return code

    return to_wire


def _code_from_wire(codes: Mapping[int, _E]) -> Callable[[object], _E | int]:
    def from_wire(value: object) -> _E | int:
        known = codes.get(value) if type(value) is int else None
        return uint(value) if known is None else known

    return from_wire


def _ref_to_wire(value: object) -> list[int]:
    if type(value) is not StatusRef:
        msg = "a status reference is a StatusRef"
        raise ValueError(msg)
    return [value.list, value.index]


def _ref_from_wire(value: Any) -> StatusRef:  # noqa: ANN401  whatever is on the wire
    match value:
        case [list_number, index]:
            return _new_ref(uint(list_number), uint(index))
        case _:
            msg = "a status reference is [list, index]"
            raise ValueError(msg)


def _entry_to_wire(value: StatusListEntry) -> dict[str, object]:
    return {"status_list": {"idx": value.index, "uri": value.uri}}


def _entry_from_wire(value: Any) -> StatusListEntry:  # noqa: ANN401  whatever is on the wire
    match value:
        case {"status_list": {"idx": index, "uri": uri, **more}, **others} if not more and not others:
            return StatusListEntry(uri=uri, index=index)
        case _:
            msg = "a status claim is a status list entry"
            raise ValueError(msg)


def _previous_to_wire(value: object) -> list[int] | bytes:
    return _certificate_id(value) if isinstance(value, bytes) else _ref_to_wire(value)


def _previous_from_wire(value: object) -> StatusRef | bytes:
    return _certificate_id(value) if type(value) is bytes else _ref_from_wire(value)


def _counts_to_wire(value: DeficiencyCounts) -> list[int]:
    return [value.minor, value.major, value.dangerous]


def _counts_from_wire(value: Any) -> DeficiencyCounts:  # noqa: ANN401  whatever is on the wire
    match value:
        case [minor, major, dangerous]:
            return DeficiencyCounts(minor=minor, major=major, dangerous=dangerous)
        case _:
            msg = "deficiency counts are [minor, major, dangerous]"
            raise ValueError(msg)


def _list_to_wire(value: tuple[Deficiency, ...]) -> list[list[object]]:
    if type(value) is not tuple or not value or not all(type(deficiency) is Deficiency for deficiency in value):
        msg = "deficiencies are DeficiencyCounts or a tuple of at least one Deficiency"
        raise ValueError(msg)
    return [[deficiency.code, CODE_OF[deficiency.severity]] for deficiency in value]


def _list_from_wire(value: object) -> tuple[Deficiency, ...]:
    if type(value) is not list or not value:
        msg = "deficiencies are [[code, severity], ...]"
        raise ValueError(msg)
    return tuple(map(_deficiency_from_wire, value))


def _deficiency_from_wire(value: Any) -> Deficiency:  # noqa: ANN401  whatever is on the wire
    match value:
        case [code, severity] if type(severity) is int and severity in RESULT_CODES:
            return Deficiency(code=code, severity=RESULT_CODES[severity])
        case _:
            msg = "a deficiency is [code, severity 2 to 4]"
            raise ValueError(msg)


# --- as nearly every certificate has them on the wire -----------------------------------------------------------------

Usual = tuple[bytes, Callable[[bytes], Any]]
"""A regular expression for a value with its head, in shortest form; and what reads the value from its one group.

It may match less than the form allows, and its reader may raise ValueError for more: then it is not a usual one.
"""

# Keys that may follow a text are below 0x17, so these characters end where the text ends
_ANY_CHARACTERS: Final = rb"[ -~\x80-\xff]+"
_IDEOGRAPHS: Final = rb"\x80-\xbf\xe4-\xe9"  # the bytes of U+4000 to U+9FFF
_SHORT: Final = rb"[\x61-\x77]"  # the head of a text of at most 23 bytes, which is text, too
_NUMBER: Final = rb"(?:[\x00-\x17]|\x18[\x18-\xff]|\x19[\x01-\xff].|\x1a(?:[\x01-\xff].|\x00[\x01-\xff])..)"

_HEAD_OF_TEXT: Final = 0x60
_LONG_TEXT: Final = b"\x78"
_LARGEST_IN_HEAD: Final = 0x17
_BYTES_BEHIND: Final = {0x18: 1, 0x19: 2, 0x1A: 4}


def _short_text(item: bytes) -> str:
    """A text whose head has its length."""
    if item[0] - _HEAD_OF_TEXT != len(item) - 1:
        msg = "the text does not end where its characters do"
        raise ValueError(msg)
    return item[1:].decode()


def _other_text(read: Callable[[object], Any]) -> Usual:
    """Any text of at most 127 bytes: what stands in it is looked at by the form's own reader."""

    def read_item(item: bytes) -> Any:  # noqa: ANN401  what the form's values are
        if not item.startswith(_LONG_TEXT):
            return read(_short_text(item))
        if item[1] != len(item) - 2:
            msg = "as above"
            raise ValueError(msg)
        return read(item[2:].decode())

    return rb"((?:" + _SHORT + rb"|\x78[\x18-\x7f])" + _ANY_CHARACTERS + rb")", read_item


@cache  # there are few, and reading one takes three times as long
def _day_of(number: bytes) -> date:
    return _date(int.from_bytes(number, "big"))


def _instant_of(number: bytes) -> datetime:
    return datetime.fromtimestamp(int.from_bytes(number, "big"), UTC)


def _number_of(item: bytes) -> int:
    return item[0] if len(item) == 1 else int.from_bytes(item[1:], "big")


def _ref_of(items: bytes) -> StatusRef:
    list_number, at = items[0], 1
    if list_number > _LARGEST_IN_HEAD:
        at += _BYTES_BEHIND[list_number]
        list_number = int.from_bytes(items[1:at], "big")
    return _new_ref(list_number, _number_of(items[at:]))


def _counts_of(numbers: bytes) -> DeficiencyCounts:
    minor, major, dangerous = numbers
    return DeficiencyCounts(minor=minor, major=major, dangerous=dangerous)


def _usual_codes(codes: Mapping[int, Enum]) -> tuple[Usual, ...]:
    members = {bytes((code,)): known for code, known in codes.items()}
    return ((b"([" + b"".join(b"\\x%02x" % code for code in codes) + b"])", members.__getitem__),)


_USUAL_TEXTS: Final = ((rb"(" + _SHORT + rb"[ -~" + _IDEOGRAPHS + rb"]+)", _short_text), _other_text(text))
_USUAL_DAYS: Final = ((rb"\x19([\x01-\xff].)", _day_of),)
_USUAL_INSTANTS: Final = ((rb"\x1a([\x01-\xff]...)", _instant_of),)
_USUAL_REFS: Final = ((rb"\x82(" + _NUMBER + _NUMBER + rb")", _ref_of),)
_USUAL_DIGESTS: Final = ((rb"\x50(.{16})", bytes),)
_USUAL_IDS: Final = ((rb"\x4c(.{12})", bytes),)


# --- the forms --------------------------------------------------------------------------------------------------------


@attrs.frozen
class Form:
    """One kind of value.

    Attributes:
        to_wire: the attribute's value as CBOR has it.
        from_wire: the other way.
        cddl: what it is called in ``docs/reference/cddl/certificate.cddl``.
        json: what it is in JSON, and on the command line: one of the kinds that `cli` reads.
        kind: where two keys fill one attribute: the type of value that goes under this one.
        usual: how its values usually look on the wire; nothing for one that is rare.
    """

    to_wire: Callable[[Any], Any]
    from_wire: Callable[[object], Any]
    cddl: str
    json: str
    kind: type | None = None
    usual: tuple[Usual, ...] = ()


TEXT: Final = Form(text, text, "text-128", "text", usual=_USUAL_TEXTS)
NUMBER: Final = Form(
    issued_registration_number,
    _number_from_wire,
    "number-text",
    "text",
    usual=((rb"(" + _SHORT + rb"[0-9A-Z" + _IDEOGRAPHS + rb"]+)", _short_text), _other_text(_number_from_wire)),
)
COUNTRY: Final = Form(_country, _country, "country", "text", usual=((rb"\x62([A-Z]{2})", bytes.decode),))
VIN: Final = Form(
    _vin_to_wire,
    _vin_from_wire,
    "packed-vin / number-text",
    "text",
    usual=((rb"\x4b(.{11})", unpack_vin), _other_text(_vin_from_wire)),
)
DAY: Final = Form(_days, _date, "days", "day", usual=_USUAL_DAYS)
INSTANT: Final = Form(_seconds, _instant, "seconds", "instant", usual=_USUAL_INSTANTS)
BASIS: Final = Form(
    _code_to_wire(Basis), _code_from_wire(BASIS_CODES), "uint32", "basis", usual=_usual_codes(BASIS_CODES)
)
RESULT: Final = Form(
    _code_to_wire(Result), _code_from_wire(RESULT_CODES), "uint32", "result", usual=_usual_codes(RESULT_CODES)
)
UINT: Final = Form(uint, uint, "uint32", "number", usual=((rb"(" + _NUMBER + rb")", _number_of),))
REFERENCE: Final = Form(_ref_to_wire, _ref_from_wire, "status-reference", "status", StatusRef, _USUAL_REFS)
STATUS_ENTRY: Final = Form(_entry_to_wire, _entry_from_wire, "status-claim", "status", StatusListEntry)
COUNTS: Final = Form(
    _counts_to_wire,
    _counts_from_wire,
    "[minor: uint32, major: uint32, dangerous: uint32]",
    "deficiency-counts",
    DeficiencyCounts,
    ((rb"\x83([\x00-\x17]{3})", _counts_of),),
)
DEFICIENCIES: Final = Form(
    _list_to_wire, _list_from_wire, "[+ [code: text-128, severity: 2..4]]", "deficiencies", tuple
)
DIGEST: Final = Form(_digest, _digest, "bstr .size 16", "hexadecimal", usual=_USUAL_DIGESTS)
CERTIFICATE_ID: Final = Form(_certificate_id, _certificate_id, "certificate-id", "hexadecimal", usual=_USUAL_IDS)
PREVIOUS: Final = Form(
    _previous_to_wire,
    _previous_from_wire,
    "certificate-id / status-reference",
    "previous",
    usual=_USUAL_REFS,
)
BYTES: Final = Form(_some_bytes, _some_bytes, "bstr .cbor sealed", "hexadecimal")
