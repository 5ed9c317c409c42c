"""Makes a case small, and writes it so that it can be read and asked again."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import fields, is_dataclass, replace
from datetime import date, datetime, timedelta
from typing import TypeVar

from tests.model.case import Case

_T = TypeVar("_T")


def small(case: Case, is_wrong: Callable[[Case], bool]) -> Case:
    """The case with everything left out without which it is still wrong."""
    for smaller in _smaller(case):
        if is_wrong(smaller):
            return small(smaller, is_wrong)
    return case


def _smaller(case: Case) -> Iterator[Case]:
    for place in range(len(case.lists)):
        yield replace(case, lists=_without(case.lists, place))
    for place, register in enumerate(case.registers):
        if register.exp is not None:  # a document; an answer stays
            yield replace(case, registers=_without(case.registers, place))
        for dropped in range(len(register.events)):
            less = replace(register, events=_without(register.events, dropped))
            yield replace(case, registers=(*case.registers[:place], less, *case.registers[place + 1 :]))
    usual = (replace(case, known_at=None), replace(case, first_day=None), replace(case, required=True))
    yield from (other for other in usual if other != case)


def _without(items: tuple[_T, ...], place: int) -> tuple[_T, ...]:
    return (*items[:place], *items[place + 1 :])


def written(value: object) -> str:
    """A case as text, a line for each thing it holds; instants in UTC."""
    if isinstance(value, datetime):
        return value.replace(tzinfo=None).isoformat(" ")
    if isinstance(value, date | timedelta):
        return str(value)
    if isinstance(value, tuple):
        return "".join(f"\n    {written(item)}" for item in value) or "none"
    if not is_dataclass(value):
        return str(value)
    parts = [f"{field.name}={written(getattr(value, field.name))}" for field in fields(value)]
    return "\n".join(parts) if isinstance(value, Case) else f"{type(value).__name__} {', '.join(parts)}"
