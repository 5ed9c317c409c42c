"""Frozen values as CBOR maps with integer keys, and back: the notation that trust lists and root sets share.

It has tables of `Field`, one for each member of a map, and reads and writes with them. It does not know which document
has which members, or signatures. `maker` makes frozen values from members that were checked already.

A reader ignores unknown positive keys, and refuses unknown negative keys, which are critical.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from enum import Enum
from typing import Any, Final, TypeVar

import attrs

from certcore._instants import LAST_SECOND
from certcore.errors import RejectedInputError

_E = TypeVar("_E", bound=Enum)
_T = TypeVar("_T")


def maker(kind: type[_T], /) -> Callable[..., _T]:
    """Makes values of a frozen class from all their members in order, each right already: nothing is converted.

    For the few that are made for nearly every certificate: half of what the class itself takes. What it makes has the
    same slots while it is open, and becomes the class once it is whole (docs/adr, record 38).
    """
    names = [field.name for field in attrs.fields(kind)]  # type: ignore[arg-type]  # an attrs class
    lines = [f"def __init__(self, {', '.join(names)}):"]
    lines += [f"    self.{name} = {name}" for name in names]
    lines += ["    self.__class__ = kind"]
    namespace: dict[str, Any] = {"kind": kind}
    exec("\n".join(lines), namespace)  # noqa: S102  made of the class's names alone, as attrs makes its methods
    return type(kind.__name__, (), {"__slots__": names, "__init__": namespace["__init__"]})


@attrs.frozen
class Field:
    """One key of a map: the attribute, and how it is written and read; both raise ValueError."""

    key: int
    name: str
    to_wire: Callable[[Any], object]
    from_wire: Callable[[Any], object]


def write(fields: Sequence[Field], value: object) -> dict[int, object]:
    """An object as a map; what is None, or is written as None, is left out."""
    present = ((field, getattr(value, field.name)) for field in fields)
    wire = {field.key: field.to_wire(attribute) for field, attribute in present if attribute is not None}
    return {key: written for key, written in wire.items() if written is not None}


def read(fields: Sequence[Field], kind: Callable[..., Any], wire: object) -> Any:  # noqa: ANN401  an instance of kind
    """An object from a map.

    Raises:
        RejectedInputError: ``too-new``.
        ValueError: for anything else that the map cannot be.
    """
    if type(wire) is not dict:
        msg = "a map is expected"
        raise ValueError(msg)
    if any(key < 0 for key in wire):
        raise RejectedInputError("too-new", "The document has a critical field that this version does not know")
    values = {field.name: field.from_wire(wire[field.key]) for field in fields if field.key in wire}
    try:
        return kind(**values)
    except TypeError as cause:
        msg = f"{getattr(kind, '__name__', 'an entry')} lacks a field"
        raise ValueError(msg) from cause


def typed(kind: type) -> Callable[[Any], Any]:
    """What is of exactly this type."""

    def check(value: object) -> object:
        if type(value) is not kind:
            msg = f"a {kind.__name__} is expected"
            raise ValueError(msg)
        return value

    return check


def plain(kind: type) -> tuple[Callable[[Any], Any], Callable[[Any], Any]]:
    """What is written as it is, both ways."""
    return typed(kind), typed(kind)


def array(item: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """Several of a kind."""

    def convert(value: Any) -> list[Any]:  # noqa: ANN401  what the wire or the attribute holds
        if not isinstance(value, (list, tuple)):
            msg = "an array is expected"
            raise ValueError(msg)  # noqa: TRY004  as above
        return [item(element) for element in value]

    return convert


def member(members: Mapping[int, _E]) -> tuple[Callable[[Any], object], Callable[[Any], _E]]:
    """A member of an enumeration by its code, both ways."""
    codes = {member: code for code, member in members.items()}

    def to_wire(value: Any) -> object:  # noqa: ANN401  what the attribute holds
        if value not in codes:
            msg = "it has no code"
            raise ValueError(msg)
        return codes[value]

    def from_wire(value: object) -> _E:
        if type(value) is not int or value not in members:
            msg = "a code is unknown"
            raise ValueError(msg)
        return members[value]

    return to_wire, from_wire


def from_seconds(value: object) -> datetime:
    """The instant that a number of seconds since 1970 is."""
    if type(value) is not int or not 0 <= value < LAST_SECOND:
        msg = "an instant is seconds since 1970"
        raise ValueError(msg)
    return datetime.fromtimestamp(value, UTC)


def to_seconds(value: datetime) -> int:
    """The seconds since 1970 of an instant."""
    return int(value.timestamp())


INSTANT: Final = (to_seconds, from_seconds)
"""An instant, both ways."""
