"""Maps with integer keys: what is written, what is read back, and what no map can be."""

from __future__ import annotations

import copy
import pickle
from collections.abc import Iterable
from datetime import UTC, datetime
from enum import Enum
from typing import Any

import attrs
import pytest

from certcore import StatusRef, Verdict, _maps
from certcore._instants import LAST_SECOND
from certcore.errors import RejectedInputError
from certcore.status.protocol import StatusQuery, StatusRecord
from tests.verify_cases import NOW, certificate, registered, seal, verifier


class Colour(Enum):
    """Something with codes."""

    RED = "red"
    BLUE = "blue"


def numbers(value: Iterable[int]) -> tuple[int, ...]:
    """Several numbers."""
    return tuple(value)


@attrs.frozen(kw_only=True)
class Thing:
    """Something with a field of each kind."""

    name: str
    at: datetime | None = None
    colour: Colour = Colour.RED
    sizes: tuple[int, ...] = attrs.field(default=(), converter=numbers)


FIELDS = (
    _maps.Field(1, "name", *_maps.plain(str)),
    _maps.Field(2, "at", *_maps.INSTANT),
    _maps.Field(3, "colour", *_maps.member(dict(enumerate(Colour, start=1)))),
    _maps.Field(4, "sizes", *(_maps.array(_maps.typed(int)),) * 2),
)
AT = datetime(2026, 1, 1, tzinfo=UTC)


@pytest.mark.parametrize(
    ("thing", "wire"),
    [
        (Thing(name="a"), {1: "a", 3: 1, 4: []}),
        (Thing(name="a", at=AT, colour=Colour.BLUE, sizes=(1, 2)), {1: "a", 2: 1767225600, 3: 2, 4: [1, 2]}),
    ],
)
def test_round_trip(thing: Thing, wire: dict[int, object]) -> None:
    """An object is a map and comes back; what is None is left out."""
    assert wire == _maps.write(FIELDS, thing)
    assert thing == _maps.read(FIELDS, Thing, wire)


def test_unknown_keys() -> None:
    """Unknown positive keys are left to newer readers; an unknown negative one is critical."""
    assert Thing(name="a") == _maps.read(FIELDS, Thing, {1: "a", 5: None, 99: {}})
    with pytest.raises(RejectedInputError) as caught:
        _maps.read(FIELDS, Thing, {1: "a", -1: 0})
    assert "too-new" == caught.value.code


@pytest.mark.parametrize(
    "wire",
    [
        None,
        [],
        {},
        {2: 5},
        {1: 5},
        {1: b"a"},
        {1: "a", 2: True},
        {1: "a", 2: -1},
        {1: "a", 2: LAST_SECOND},
        {1: "a", 3: 0},
        {1: "a", 3: 3},
        {1: "a", 3: True},
        {1: "a", 4: 5},
        {1: "a", 4: {}},
        {1: "a", 4: [True]},
    ],
    ids=repr,
)
def test_what_no_map_can_be(wire: Any) -> None:  # noqa: ANN401  the mistake under test
    """A missing field and a value of another kind are a ValueError; True is no number."""
    with pytest.raises(ValueError, match=r".+"):
        _maps.read(FIELDS, Thing, wire)


def verdict() -> Verdict:
    """A verdict whose every part was made by its maker."""
    return verifier(registered()).verify(seal(certificate()), as_of=NOW)


@pytest.mark.parametrize("kind", [Verdict, StatusQuery, StatusRecord, StatusRef])
def test_what_a_maker_makes_is_what_the_class_makes(kind: type[Any]) -> None:
    """Equal and of the class, converted alike, frozen, and whole; it copies and pickles."""
    judged = verdict()
    sources = judged._sources
    stated = {Verdict: judged, StatusQuery: sources.status_query, StatusRecord: sources.status}
    made = stated.get(kind, judged.certificate and judged.certificate.status)
    members = {field.name: getattr(made, field.name) for field in attrs.fields(kind)}

    own = kind(**{name.removeprefix("_"): value for name, value in members.items()})

    assert type(made) is kind
    assert own == made
    assert members == {name: getattr(own, name) for name in members}
    if kind is not Verdict:  # whose question is no value of its own
        assert hash(own) == hash(made)
    assert made == copy.copy(made) == pickle.loads(pickle.dumps(made))  # noqa: S301  its own
    with pytest.raises(attrs.exceptions.FrozenInstanceError):
        setattr(made, next(iter(members)), None)
