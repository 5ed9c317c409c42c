"""The values in an evidence file, as CBOR and back: moments, reasons, answers. Pure.

It has each value's form; the members of a statement are in `certcore.evidence._statement`.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from typing import Any, Final

import attrs

from certcore import _maps
from certcore._instants import EPOCH, FIRST_DAY, LAST_DAY
from certcore._maps import Field, array, member, plain, typed
from certcore.errors import Detail, RejectedInputError
from certcore.evidence import _numbers
from certcore.evidence._zones import Offsets
from certcore.reasons import REASONS, Reason
from certcore.status._states import EVENT_KINDS, STATES
from certcore.status.protocol import (
    StatusEvent,
    StatusObservation,
    StatusRecord,
    VehicleFlag,
    VehicleRecord,
)

DIGEST_BYTES: Final = 32

_MICROSECOND: Final = timedelta(microseconds=1)
_END: Final = datetime(9999, 1, 1, tzinfo=UTC)
"""The first instant that no question can be about, in whichever zone."""


@attrs.frozen
class FailedLookup:
    """A look-up that gave no answer: its code, and the cause if one was told."""

    code: str
    cause: str | None = None


@attrs.frozen
class ProvedRecord:
    """A status record that its documents prove: their SHA-256 and media types, in the record's order."""

    documents: tuple[tuple[bytes, str], ...]


@attrs.frozen
class AttestedRecord:
    """A record that only the verifier says there was; the documents with it prove nothing, and are named likewise."""

    record: StatusRecord | VehicleRecord
    documents: tuple[tuple[bytes, str, bytes], ...] = ()


@attrs.frozen
class SignedAnswer:
    """A register's signed answer about a vehicle, and the request that it is bound to."""

    request: bytes = attrs.field(repr=False)
    answer: bytes = attrs.field(repr=False)


LookupResult = FailedLookup | ProvedRecord | AttestedRecord | SignedAnswer


# --- the forms of single values ---------------------------------------------------------------------------------------


def to_micros(value: datetime) -> int:
    return (value - EPOCH) // _MICROSECOND


def from_micros(value: object) -> datetime:
    if type(value) is not int or not 0 <= value < to_micros(_END):
        msg = "an instant is microseconds since 1970"
        raise ValueError(msg)
    return EPOCH + value * _MICROSECOND


def to_duration(value: timedelta) -> int:
    return value // _MICROSECOND


def from_duration(value: object) -> timedelta:
    micros: int = typed(int)(value)
    return micros * _MICROSECOND


def _to_days(value: date) -> int:
    return (value - FIRST_DAY).days


def _from_days(value: object) -> date:
    if type(value) is not int or not 0 <= value <= _to_days(LAST_DAY):
        msg = "a civil day is days since 1970"
        raise ValueError(msg)
    return FIRST_DAY + timedelta(days=value)


def to_moment(value: datetime | date) -> list[int]:
    """An instant and a civil day are different questions."""
    return [0, to_micros(value)] if isinstance(value, datetime) else [1, _to_days(value)]


def from_moment(value: object) -> datetime | date:
    match _numbered(value):
        case [0, at]:
            return from_micros(at)
        case [1, day]:
            return _from_days(day)
    msg = "a moment is [0, instant] or [1, day]"
    raise ValueError(msg)


def _numbered(wire: object) -> object:
    """An array whose first element is a number that says which form it has; false and true are none."""
    return wire if type(wire) is list and wire and type(wire[0]) is int else None


def sha256(value: object) -> bytes:
    if type(value) is not bytes or len(value) != DIGEST_BYTES:
        msg = "a digest is 32 bytes"
        raise ValueError(msg)
    return value


def any_text(value: object) -> object:
    if type(value) not in (str, bytes):
        msg = "a text is text"
        raise ValueError(msg)
    return value


def _optional(convert: Callable[[Any], Any]) -> Callable[[Any], Any]:
    return lambda value: None if value is None else convert(value)


_effect_number, _effect = member(_numbers.EFFECTS)
_event_kind_number, _event_kind = member(EVENT_KINDS)
_state_number, _state = member(STATES)

INSTANT: Final = (to_micros, from_micros)
DURATION: Final = (to_duration, from_duration)


def _to_detail(detail: Detail) -> list[list[str | int]]:
    return [[name, value] for name, value in detail]


def _from_detail(wire: object) -> dict[str, str | int]:
    found: dict[str, str | int] = {}
    for pair in array(typed(list))(wire):
        match pair:
            case [str() as name, str() | int() as value] if not isinstance(value, bool):
                found[name] = value
            case _:
                msg = "a detail is [name, text or number]"
                raise ValueError(msg)
    return found


def to_reason(reason: Reason) -> list[object]:
    return [reason.code, _effect_number(reason.effect), *([_to_detail(reason.detail)] if reason.detail else [])]


def from_reason(wire: object) -> Reason:
    match wire:
        case [str() as code, effect, *rest] if len(rest) <= 1:
            meaning = REASONS.get(code)
            if meaning is None or meaning.axis is None:
                msg = "a reason is of the table"
                raise ValueError(msg)
            detail = _from_detail(rest[0]) if rest else {}
            return Reason(code, meaning.axis, _effect(effect), tuple(sorted(detail.items())))
    msg = "a reason is [code, effect, detail]"
    raise ValueError(msg)


def to_refused(error: RejectedInputError) -> list[object]:
    return [error.code, _to_detail(error.detail)]


def from_refused(wire: object) -> RejectedInputError:
    match wire:
        case [str() as code, detail]:
            return RejectedInputError(code, "", **_from_detail(detail))
    msg = "a refusal is [code, detail]"
    raise ValueError(msg)


def to_offsets(offsets: Offsets) -> list[list[int]]:
    return [list(pair) for pair in offsets]


def from_offsets(wire: object) -> Offsets:
    found = []
    for pair in array(typed(list))(wire):
        match pair:
            case [int() as at, int() as offset] if type(at) is int and type(offset) is int:
                found.append((at, offset))
            case _:
                msg = "an offset is [from, seconds]"
                raise ValueError(msg)
    return tuple(found)


# --- answers ----------------------------------------------------------------------------------------------------------


def to_answer(answer: LookupResult) -> list[object]:
    match answer:
        case FailedLookup(code, cause):
            return [_numbers.FAILED, code] if cause is None else [_numbers.FAILED, code, cause]
        case ProvedRecord(documents):
            return [_numbers.PROVED, [list(document) for document in documents]]
        case SignedAnswer(request, reply):
            return [_numbers.ANSWERED, request, reply]
    fields = _RECORD if isinstance(answer.record, StatusRecord) else _VEHICLE
    return [_numbers.ATTESTED, _maps.write(fields, answer.record), [list(one) for one in answer.documents]]


def from_status(wire: object) -> LookupResult:
    match _numbered(wire):
        case [_numbers.FAILED, str() as code]:
            return FailedLookup(code)
        case [_numbers.FAILED, str() as code, str() as cause]:
            return FailedLookup(code, cause)
        case [_numbers.PROVED, [*documents]]:
            return ProvedRecord(tuple((sha256(digest), typed(str)(kind)) for digest, kind in map(_pair, documents)))
        case [_numbers.ATTESTED, facts, documents]:
            return AttestedRecord(_maps.read(_RECORD, StatusRecord, facts), _documents(documents))
    msg = "a status answer is a failure, or documents, or facts"
    raise ValueError(msg)


def from_vehicle(wire: object) -> LookupResult:
    match _numbered(wire):
        case [_numbers.FAILED, str() as code]:
            return FailedLookup(code)
        case [_numbers.FAILED, str() as code, str() as cause]:
            return FailedLookup(code, cause)
        case [_numbers.ATTESTED, facts, documents]:
            return AttestedRecord(_maps.read(_VEHICLE, VehicleRecord, facts), _documents(documents))
        case [_numbers.ANSWERED, bytes() as request, bytes() as answer]:
            return SignedAnswer(request, answer)
    msg = "a vehicle answer is a failure, or facts, or a request with its answer"
    raise ValueError(msg)


def _pair(wire: object) -> tuple[object, object]:
    match wire:
        case [one, other]:
            return one, other
    msg = "a document is [digest, media type]"
    raise ValueError(msg)


def _documents(wire: object) -> tuple[tuple[bytes, str, bytes], ...]:
    found = []
    for document in array(typed(list))(wire):
        match document:
            case [digest, str() as kind, bytes() as key_id]:
                found.append((sha256(digest), kind, key_id))
            case _:
                msg = "a document is [digest, media type, key id]"
                raise ValueError(msg)
    return tuple(found)


def _from_event(wire: object) -> StatusEvent:
    match wire:
        case [kind, effective, recorded, str() as reason]:
            return StatusEvent(
                kind=_event_kind(kind),
                effective_at=None if effective is None else from_micros(effective),
                recorded_at=from_micros(recorded),
                reason=reason,
            )
    msg = "an event is [kind, effective, recorded, reason]"
    raise ValueError(msg)


def _to_event(event: StatusEvent) -> list[object]:
    effective = None if event.effective_at is None else to_micros(event.effective_at)
    return [_event_kind_number(event.kind), effective, to_micros(event.recorded_at), event.reason]


def _from_observation(wire: object) -> StatusObservation:
    match wire:
        case [state, at]:
            return StatusObservation(state=_state(state), at=from_micros(at))
        case [state, at, end]:
            return StatusObservation(state=_state(state), at=from_micros(at), expires_at=from_micros(end))
    msg = "an observation is [state, at] or [state, at, end]"
    raise ValueError(msg)


def _to_observation(seen: StatusObservation) -> list[object]:
    end = [] if seen.expires_at is None else [to_micros(seen.expires_at)]
    return [_state_number(seen.state), to_micros(seen.at), *end]


def _to_flags(flags: frozenset[VehicleFlag]) -> list[list[object]]:
    return sorted(
        ([flag.code, _optional(_to_days)(flag.since), _optional(_to_days)(flag.until)] for flag in flags), key=str
    )


def _from_flags(wire: object) -> list[VehicleFlag]:
    found = []
    for flag in array(typed(list))(wire):
        match flag:
            case [str() as code, since, until]:
                found.append(
                    VehicleFlag(code=code, since=_optional(_from_days)(since), until=_optional(_from_days)(until))
                )
            case _:
                msg = "a flag is [code, since, until]"
                raise ValueError(msg)
    return found


_REACH: Final = (
    Field(2, "observed_at", *INSTANT),
    Field(3, "history_from", *INSTANT),
    Field(4, "reliable_until", *INSTANT),
)
_RECORD: Final = (
    Field(0, "events", array(_to_event), array(_from_event)),
    Field(1, "observations", array(_to_observation), array(_from_observation)),
    *_REACH,
    Field(5, "expires_at", *INSTANT),
)
_VEHICLE: Final = (
    Field(0, "known", *plain(bool)),
    Field(1, "flags", _to_flags, _from_flags),
    *_REACH,
    Field(5, "valid_until", _to_days, _from_days),
)
