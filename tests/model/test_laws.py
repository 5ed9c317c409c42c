"""What must hold whatever the rules are: laws, asked of certcore alone on random cases of the model's worlds.

1. More knowledge never turns INVALID into VALID for one moment. Knowledge is an event other than a return, or a list
   that does not read valid; a return (an event ``resumed``, a later list that reads valid again) may.
2. A day is VALID only if every instant of it is, up to the moment of asking.
3. A stricter policy never gains VALID: one that requires status, or that takes younger answers alone.
4. The order of events, lists and documents never matters.
5. `in_force` agrees with the verdict at each of its edges, a tick before and a tick after, from the beginning of the
   register's history up to its own time; and nothing that fails is in force, however far.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from random import Random
from typing import Final, TypeVar

import pytest

from certcore import Interval, Outcome, Verdict
from tests.model import doors
from tests.model.case import Case
from tests.model.rules import TICK, midnight
from tests.model.telling import written
from tests.model.test_agreement import BACKENDS, SEED, questions
from tests.model.worlds import AGES, DAY, TICKS

_T = TypeVar("_T")

CASES: Final = 900
"""Of each kind of world, for each law."""

each_kind = pytest.mark.parametrize("kind", BACKENDS)


def cases(kind: str, *, is_day: bool | None = None) -> Iterator[tuple[Case, Random]]:
    """Cases about moments, or about days, or both; and the chance to change them by."""
    random = Random(f"{SEED} laws {kind}")
    for case, _ in questions(kind, CASES):
        if is_day is None or is_day is not isinstance(case.as_of, datetime):
            yield case, random


def ask(kind: str, case: Case) -> Verdict:
    """The verdict on a case."""
    return doors.ask(case, BACKENDS[kind](case))


@each_kind
def test_more_knowledge(kind: str) -> None:
    """What is INVALID is never VALID to those who know of one more stop."""
    for more, random in cases(kind, is_day=False):
        less = _less(more, random)
        if ask(kind, less).outcome is Outcome.INVALID:
            assert ask(kind, more).outcome is not Outcome.VALID, (
                f"{written(more)}\n\nand without some stops INVALID:\n{written(less)}"
            )


def _less(case: Case, random: Random) -> Case:
    """The case without some of the stops."""
    lists = tuple(a for a in case.lists if a.state == "valid" or random.random() < 0.5)
    registers = tuple(
        replace(r, events=tuple(e for e in r.events if e.kind in {"issued", "resumed"} or random.random() < 0.5))
        for r in case.registers
    )
    return replace(case, lists=lists, registers=registers)


@each_kind
def test_days(kind: str) -> None:
    """A day is VALID only if each of some instants of it is, its ends and its changes among them."""
    for case, random in cases(kind, is_day=True):
        verdict = ask(kind, case)
        for at in _within(case, random) if verdict else ():
            assert ask(kind, replace(case, as_of=at)), f"VALID for the day, but not at {at}\n{written(case)}"


def _within(case: Case, random: Random) -> list[datetime]:
    """Instants of the day."""
    assert not isinstance(case.as_of, datetime)
    first, end = midnight(case.as_of, case.zone), midnight(case.as_of + DAY, case.zone)
    last = min(end - TICK, case.evaluated_at)
    made = [*(a.iat for a in case.lists), *(r.iat for r in case.registers)]
    turns = [at + step for at in made for step in (-TICK, timedelta(), TICK)]
    turns += [e.effective for r in case.registers for e in r.events if e.effective]
    anywhere = [first + (last - first) * random.random() for _ in range(2)]
    return [at for at in (first, last, *anywhere, *turns) if first <= at <= last]


@each_kind
def test_stricter_policies(kind: str) -> None:
    """Who requires more, or takes younger answers alone, finds nothing VALID that others do not."""
    for case, random in cases(kind):
        young, old = sorted(random.sample(AGES, 2), key=lambda age: timedelta.max if age is None else age)
        strict = replace(case, required=True, max_status_age=young)
        lax = replace(case, required=random.random() < 0.5, max_status_age=old)
        if ask(kind, strict):
            assert ask(kind, lax), f"VALID under the strict policy alone\n{written(strict)}"


@each_kind
def test_order(kind: str) -> None:
    """Whoever is told the same in another order says the same, to the last word."""
    for case, random in cases(kind):
        registers = tuple(replace(r, events=_shuffled(r.events, random)) for r in case.registers)
        other = replace(case, lists=_shuffled(case.lists, random), registers=_shuffled(registers, random))
        assert _said(ask(kind, case)) == _said(ask(kind, other)), written(case)


def _shuffled(items: tuple[_T, ...], random: Random) -> tuple[_T, ...]:
    return tuple(random.sample(items, len(items)))


def _said(verdict: Verdict) -> object:
    """A verdict without the order of reasons that weigh alike."""
    said = verdict.to_dict()
    return said | {"reasons": sorted(map(str, said["reasons"]))}


@each_kind
def test_in_force(kind: str) -> None:
    """Just inside each edge the verdict is VALID, just outside it is not."""
    for case, _ in cases(kind, is_day=False):
        verdict = ask(kind, case)
        stretches, seen = verdict.in_force, min(verdict.status_observed_at or case.evaluated_at, verdict.known_at)
        begins = max((r.history_from for r in case.registers if r.history_from), default=case.issued_at)
        edges = {at for stretch in stretches for at in (stretch.start_at, stretch.end_at) if at is not None}
        for at in sorted(edge + step for edge in edges for tick in TICKS for step in (tick, -tick)):
            found = ask(kind, replace(case, as_of=at)).outcome
            is_inside = any(_holds(stretch, at) for stretch in stretches)
            allowed = {Outcome.VALID} if is_inside else {Outcome.INVALID, Outcome.UNDETERMINED}
            if not begins <= max(at, case.issued_at) <= seen:
                allowed = set(Outcome) - ({Outcome.INVALID} if is_inside else set())
            assert found in allowed, f"{is_inside} in_force at {at}, but {found}\n{written(case)}"


def _holds(stretch: Interval, at: datetime) -> bool:
    return (stretch.start_at is None or stretch.start_at <= at) and (stretch.end_at is None or at < stretch.end_at)
