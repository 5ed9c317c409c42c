"""Which claim is written how: one table for the CWT claims, one for the inspection.

Every row has both directions. Both raise ValueError for what is not allowed, so that building a certificate and reading
one keep to the same rules. What makes a certificate whole is `certcore.payload`'s.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime
from enum import Enum
from typing import Any, Final, TypeVar

import attrs

from certcore import vocabulary
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
from certcore.errors import RejectedInputError

# CWT claims (RFC 8392 section 4; 65535 draft-ietf-oauth-status-list section 6.2); the inspection in the private range
ISS, EXP, NBF, IAT, CTI, STATUS, INSPECTION = 1, 4, 5, 6, 7, 65535, -65537

CONFIDENTIAL: Final = 20
"""The inspection's key that holds the sealed fields."""

CERTIFICATE_ID_BYTES: Final = range(8, 17)
"""Lengths in bytes that a certificate id may have."""

STATUS_TEXT_KEYS: Final = frozenset({"status_list", "idx", "uri"})
"""The only text keys in a certificate, those of the standard status claim."""

_EPOCH_ORDINAL: Final = FIRST_DAY.toordinal()
_LAST_DAYS: Final = LAST_DAY.toordinal() - _EPOCH_ORDINAL

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
    if type(value) is not str or not vocabulary.is_country_code(value):
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
    if type(value) is not str or vocabulary.issued_registration_number(value) != value:
        msg = "a registration number is NFC text without outer space"
        raise ValueError(msg)
    return value


def _vin_to_wire(value: str) -> bytes | str:
    return vocabulary.pack_vin(value) if vocabulary.is_vin(value) else vocabulary.issued_chassis_number(value)


def _is_packable(value: str) -> bool:
    """Whether a text is a VIN written out, which has one form only: packed."""
    return vocabulary.is_vin(vocabulary.normalise_vin(value))


def _vin_from_wire(value: object) -> str:
    if type(value) is bytes:
        return vocabulary.unpack_vin(value)
    if type(value) is not str or vocabulary.issued_chassis_number(value) != value or _is_packable(value):
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
            return StatusRef(list=list_number, index=index)
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


def _as_is(check: Callable[[object], Any]) -> tuple[Callable[[Any], Any], Callable[[object], Any]]:
    return check, check


@attrs.frozen
class Field:
    """One key of a map: the attribute it fills, and both directions. Both raise ValueError for what is not allowed."""

    name: str
    to_wire: Callable[[Any], Any]
    from_wire: Callable[[object], Any]
    kind: type | None = None  # where two keys fill one attribute: the type of value that goes under this one


CLAIMS: Final[Mapping[int, Field]] = {
    ISS: Field("issuer", *_as_is(text)),
    EXP: Field("expires_at", _seconds, _instant),
    NBF: Field("presented_at", _seconds, _instant),
    IAT: Field("issued_at", _seconds, _instant),
    CTI: Field("certificate_id", *_as_is(_certificate_id)),
    STATUS: Field("status", _entry_to_wire, _entry_from_wire, StatusListEntry),
}
FIELDS: Final[Mapping[int, Field]] = {
    0: Field("registration_number", vocabulary.issued_registration_number, _number_from_wire),
    1: Field("country", *_as_is(_country)),
    2: Field("vin", _vin_to_wire, _vin_from_wire),
    3: Field("valid_until", _days, _date),
    4: Field("basis", _code_to_wire(Basis), _code_from_wire(BASIS_CODES)),
    5: Field("result", _code_to_wire(Result), _code_from_wire(RESULT_CODES)),
    6: Field("authority", *_as_is(text)),
    7: Field("inspected_on", _days, _date),
    8: Field("plate_type", *_as_is(uint)),
    9: Field("vehicle_category", *_as_is(text)),
    10: Field("usage", *_as_is(text)),
    11: Field("status", _ref_to_wire, _ref_from_wire, StatusRef),
    12: Field("odometer_km", *_as_is(uint)),
    13: Field("deficiencies", _counts_to_wire, _counts_from_wire, DeficiencyCounts),
    14: Field("test_place", *_as_is(text)),
    15: Field("inspector", *_as_is(text)),
    16: Field("report_digest", *_as_is(_digest)),
    17: Field("next_test_due", _days, _date),
    18: Field("document_number", *_as_is(text)),
    19: Field("previous", _previous_to_wire, _previous_from_wire),
    CONFIDENTIAL: Field("confidential", *_as_is(_some_bytes)),
    21: Field("valid_from", _days, _date),
    22: Field("deficiencies", _list_to_wire, _list_from_wire, tuple),
}
KEYS_OF: Final[Mapping[str, tuple[int, ...]]] = {
    field.name: tuple(key for key, other in FIELDS.items() if other.name == field.name) for field in FIELDS.values()
}
"""Attribute to the inspection's keys that fill it."""

MAY_BE_CONFIDENTIAL: Final = frozenset(
    {
        "vin",
        "vehicle_category",
        "usage",
        "odometer_km",
        "deficiencies",
        "test_place",
        "inspector",
        "report_digest",
        "next_test_due",
        "document_number",
    }
)
"""The fields that may be sealed. The others say which plate it is, whether and when the certificate is in force, and
where its status stands: those are the same for every reader, with a group key or without."""

CLAIM_READERS: Final = {key: (field.name, field.from_wire) for key, field in CLAIMS.items()}
FIELD_READERS: Final = {key: (field.name, field.from_wire) for key, field in FIELDS.items()}


def write(values: Mapping[str, Any], fields: Mapping[int, Field]) -> dict[int, Any]:
    """The values that are there, by key; ValueError names the field that cannot be written."""
    written: dict[int, Any] = {}
    for key, field in fields.items():
        value = values[field.name]
        if value is None or (field.kind is not None and not isinstance(value, field.kind)):
            continue
        try:
            written[key] = field.to_wire(value)
        except ValueError as cause:
            msg = f"{field.name}: {cause}"
            raise ValueError(msg) from cause
    return written


def read(
    wire: dict[Any, object], readers: Mapping[int, tuple[str, Callable[[object], Any]]], values: dict[str, Any]
) -> dict[int, object]:
    """Read the known keys into ``values``; give back the others."""
    unknown: dict[int, object] = {}
    for key, value in wire.items():
        reader = readers.get(key)
        if reader is None:
            if type(key) is not int:
                raise malformed("a key is text", "claims")
            unknown[key] = value
            continue
        name, from_wire = reader
        if name in values:
            raise malformed("it says one thing under two keys", name)
        try:
            values[name] = from_wire(value)
        except ValueError as cause:
            raise malformed(str(cause), name) from cause
    return unknown


def malformed(what: str, field: str) -> RejectedInputError:
    return RejectedInputError(
        "malformed", f"The certificate's content cannot be read ({field}): {what}", layer="payload", field=field
    )
