"""JSON that people edit, read strictly: no unknown members, no member twice, and every error says where it is.

A place is written like ``issuers[0].keys[1].usage``. Every error here is ``input-malformed``.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from datetime import date, datetime
from enum import Enum
from typing import Any, Final, TypeAlias, TypeVar

from certcore import _json
from certcore._cli.input import datetimes, rows
from certcore.errors import RejectedInputError

_T = TypeVar("_T")
_E = TypeVar("_E", bound=Enum)

Reader: TypeAlias = Callable[[object, str], _T]
"""Makes a value of what stands at a place, or raises `malformed`."""

_NOTHING: Final = object()
_HEXADECIMAL: Final = re.compile("[0-9A-Fa-f]*")


def malformed(place: str, what: str) -> RejectedInputError:
    """The error for something that stands at a place."""
    return RejectedInputError("input-malformed", f"{place}: {what}", place=place)


def parse(text: str, what: str) -> object:
    """The value in a JSON text.

    Raises:
        RejectedInputError: ``input-malformed``; also for a member that appears twice, and for NaN and Infinity.
    """
    try:
        return _json.decode(text)
    except json.JSONDecodeError as cause:
        raise malformed(f"{what}, line {cause.lineno}, column {cause.colno}", f"it is not JSON: {cause.msg}") from cause
    except ValueError as cause:
        raise malformed(what, str(cause)) from cause


class Members:
    """The members of one JSON object, taken one by one; `finish` refuses what is left over."""

    def __init__(self, value: object, place: str) -> None:
        if not isinstance(value, dict):
            raise malformed(place or "the file", "an object in braces is expected")
        self._left: dict[str, object] = dict(value)
        self._place = place

    def take(self, name: str, read: Reader[_T]) -> _T:
        """A member that must be there."""
        value = self._left.pop(name, _NOTHING)
        if value is _NOTHING:
            raise malformed(self.place(name), "it is missing")
        return read(value, self.place(name))

    def take_if(self, name: str, read: Reader[_T]) -> _T | None:
        """A member that may be missing, or null."""
        value = self._left.pop(name, None)
        return None if value is None else read(value, self.place(name))

    def finish(self) -> None:
        """Refuse whatever was not taken."""
        for name in self._left:
            raise malformed(self.place(name), "there is no such member")

    def place(self, name: str) -> str:
        """Where a member stands."""
        return f"{self._place}.{name}" if self._place else name


def build(kind: Callable[..., _T], place: str, **members: Any) -> _T:  # noqa: ANN401  what the kind takes
    """A value made of members that were read; what it refuses is told with its place."""
    try:
        return kind(**members)
    except (ValueError, OverflowError) as cause:
        raise malformed(place, str(cause)) from cause


def text(value: object, place: str) -> str:
    """A string all of whose bytes were text: a sign that stands for lost ones (U+FFFD) would be signed as it is."""
    if not isinstance(value, str):
        raise malformed(place, "a text in quotation marks is expected")
    if not rows.is_text(value):
        raise malformed(place, "bytes that are no text in their encoding")
    return value


def whole_number(value: object, place: str) -> int:
    """An integer; true and false are none."""
    if type(value) is not int:
        raise malformed(place, "a whole number is expected")
    return value


def truth(value: object, place: str) -> bool:
    """True or false."""
    if not isinstance(value, bool):
        raise malformed(place, "true or false is expected")
    return value


def day(value: object, place: str) -> date:
    """A civil day."""
    return _by(datetimes.parse_day, value, place)


def instant(value: object, place: str) -> datetime:
    """A moment with its zone."""
    return _by(datetimes.parse_instant, value, place)


def hexadecimal(value: object, place: str) -> bytes:
    """Bytes, two digits each."""
    return _by(_unhex, value, place)


def one_of(kind: type[_E]) -> Reader[_E]:
    """A member of an enumeration, by its value."""

    def read(value: object, place: str) -> _E:
        try:
            return kind(value)
        except ValueError as cause:
            raise malformed(place, f"one of {', '.join(member.value for member in kind)} is expected") from cause

    return read


def array_of(item: Reader[_T]) -> Reader[tuple[_T, ...]]:
    """An array, each element read alike."""

    def read(value: object, place: str) -> tuple[_T, ...]:
        if not isinstance(value, list):
            raise malformed(place, "an array in brackets is expected")
        return tuple(item(element, f"{place}[{index}]") for index, element in enumerate(value))

    return read


def _by(convert: Callable[[str], _T], value: object, place: str) -> _T:
    try:
        return convert(text(value, place))
    except ValueError as cause:
        raise malformed(place, str(cause)) from cause


def _unhex(value: str) -> bytes:
    if len(value) % 2 or not _HEXADECIMAL.fullmatch(value):
        msg = "bytes are written in hexadecimal, two digits each"
        raise ValueError(msg)
    return bytes.fromhex(value)
