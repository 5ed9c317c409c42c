"""Random cases for the model: a register's life in some zone, what it published when, and questions about it.

A world keeps its issuer's flags: where entries never return none does, and where nothing reaches back nothing is dated
back. Times are drawn so that they meet: a few moments, a day's ends, the policy's ages, each give or take a tick.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from random import Random
from typing import Final

from tests.model.case import Case, Event, List, Register
from tests.model.rules import midnight

SECOND: Final = timedelta(seconds=1)
HOUR: Final = timedelta(hours=1)
DAY: Final = timedelta(days=1)
ALWAYS: Final = datetime(1970, 1, 1, tzinfo=UTC)
TICKS: Final = (timedelta(), timedelta(microseconds=1), SECOND)

PLACES: Final = (
    ("Africa/Cairo", date(2026, 4, 24)),  # begins at one
    ("Asia/Beirut", date(2026, 3, 29)),  # likewise
    ("America/Sao_Paulo", date(2018, 11, 4)),  # likewise
    ("America/Sao_Paulo", date(2018, 2, 17)),  # its last hour comes twice
    ("Europe/Berlin", date(2026, 3, 29)),
    ("Europe/Berlin", date(2026, 10, 25)),
    ("Asia/Shanghai", date(2026, 6, 10)),
    ("Asia/Kathmandu", date(2026, 6, 10)),
    ("Pacific/Kiritimati", date(2026, 6, 10)),
)
AGES: Final = (timedelta(), timedelta(minutes=15), DAY, DAY, 7 * DAY, None)
SKEWS: Final = (timedelta(), timedelta(minutes=1), timedelta(minutes=1), HOUR)


def worlds(random: Random, kind: str) -> Iterator[tuple[Case, list[Case]]]:
    """World after world, each with some questions; the first has its facts and no question of its own yet."""
    while True:
        world = _WORLDS[kind](random)
        yield world, [_question(random, world, kind) for _ in range(12)]


def _bare(random: Random) -> Case:
    """An issuer, a policy and a certificate around a day."""
    zone, day = random.choice(PLACES)
    issued = midnight(day, zone) - random.randrange(1, 6) * DAY + random.randrange(86_400) * SECOND
    first = random.choice((None, None, issued.date() - DAY, day - DAY))
    return Case(
        as_of=issued,
        evaluated_at=midnight(day, zone) + random.randrange(0, 15 * 86_400) * SECOND,
        zone=zone,
        suspends=random.random() < 0.6,
        retroactive=random.random() < 0.5,
        required=random.random() < 0.7,
        max_status_age=random.choice(AGES),
        clock_skew=random.choice(SKEWS),
        issued_at=issued,
        first_day=first,
        last_day=day + random.choice((0, 1, 3, 30, 30, 30)) * DAY,
        passed=random.random() < 0.98,
    )


def _life(random: Random, world: Case) -> list[Event]:
    """What the register recorded, in that order: at most some statements, as the issuer's flags allow."""
    kinds = ["revoked", "superseded", *(["suspended", "resumed"] * 2 if world.suspends else [])]
    found: list[Event] = []
    at = world.issued_at
    for _ in range(random.choice((0, 0, 1, 1, 2, 2, 3, 4))):
        at += random.choice((timedelta(), SECOND, HOUR, random.randrange(4 * 86_400) * SECOND))
        kind = random.choice(kinds)
        found.append(Event(kind=kind, effective=_effect(random, world, kind, at, found), recorded=at))
    return found


def _effect(random: Random, world: Case, kind: str, at: datetime, found: list[Event]) -> datetime | None:
    ways = [at, at, at + random.choice((HOUR, DAY))]
    if world.retroactive:
        ways += [at - random.choice((SECOND, HOUR, DAY, 3 * DAY)), *(e.effective for e in found if e.effective)]
        ways += [midnight(at.date(), world.zone)] if midnight(at.date(), world.zone) <= at else []
        if kind in {"revoked", "superseded"} and random.random() < 0.2:
            return None
    return random.choice(ways)


def reads(life: list[Event], at: datetime) -> str:
    """How a list of that moment reads."""
    past = [e for e in life if e.recorded <= at and (e.effective is None or e.effective <= at)]
    for kind in ("revoked", "superseded"):
        if any(event.kind == kind for event in past):
            return kind
    turns = sorted((e.effective, e.kind == "suspended") for e in past if e.effective)
    return "suspended" if turns and turns[-1][1] else "valid"


def _moment(random: Random, world: Case) -> datetime:
    """A moment at which something may turn, or any."""
    near: list[datetime | None] = [world.issued_at, world.evaluated_at]
    near += [e.effective for r in world.registers for e in r.events]
    near += [d.iat for d in world.documents] * 2
    near += [d.exp for d in world.documents]
    near += [r.history_from for r in world.registers]
    near += [midnight(world.issued_at.date() + random.randrange(9) * DAY, world.zone) for _ in range(3)]
    at = random.choice([at for at in near if at])
    at += random.choice((0, 0, 0, 1)) * (world.max_status_age or timedelta())
    at += random.choice((0, 0, 0, 1, -1)) * world.clock_skew
    at += random.choice((0, 0, 1, -1)) * random.choice((HOUR, 5 * HOUR, DAY))
    return at + random.choice((1, -1)) * random.choice(TICKS)


def _question(random: Random, world: Case, kind: str) -> Case:
    """A moment or a day, asked at some time, with what was known then or some time before."""
    evaluated = max(world.issued_at, _moment(random, world)) if random.random() < 0.5 else world.evaluated_at
    asked = replace(world, evaluated_at=evaluated)
    at = random.choice((evaluated, _moment(random, asked), _moment(random, asked), _moment(random, asked)))
    if random.random() < 0.5:
        at = min(max(at, world.issued_at), evaluated)
    known = random.choice((None, None, None, min(_moment(random, asked), evaluated)))
    if kind == "memory":  # it answers as of when it is asked
        asked = replace(asked, registers=tuple(replace(r, iat=evaluated, history_from=ALWAYS) for r in asked.registers))
    is_day = random.random() < 0.4
    as_of = at.astimezone(UTC).date() + random.randrange(-1, 2) * DAY if is_day else at
    required, age = random.random() < 0.7, random.choice(AGES)
    return replace(asked, as_of=as_of, known_at=known, required=required, max_status_age=age)


def _remembered(random: Random) -> Case:
    """A register with its whole history, that answers as of whenever it is asked."""
    world = _bare(random)
    return replace(
        world, registers=(Register(events=_with_issue(world, _life(random, world)), iat=world.evaluated_at),)
    )


def _answered(random: Random) -> Case:
    """An answer of some time: with history or without, with a promise or without, and maybe with lists."""
    world = _bare(random)
    life = _life(random, world)
    seen = max(_published(random, world), world.issued_at)
    history = random.choice((None, world.issued_at - DAY, min(seen, world.issued_at + DAY)))
    promise = random.choice((None, None, None, seen + HOUR, seen + 2 * DAY))
    stated = tuple(event for event in _with_issue(world, life) if event.recorded <= seen)
    answer = Register(events=stated, iat=seen, history_from=history, reliable_until=promise)
    lists = _lists(random, world, life, expire=False) if history and not promise and random.random() < 0.5 else ()
    return replace(world, registers=(answer,), lists=lists)


def _documented(random: Random) -> Case:
    """Signed lists and events documents of different times. Some registers state less in events than in lists."""
    world = _bare(random)
    life = _life(random, world)
    written = [event for event in life if random.random() < 0.9]
    times = {_published(random, world) for _ in range(random.choice((0, 1, 1, 1, 2)))}
    history = world.issued_at + random.choice((-30 * DAY, -DAY, timedelta(), DAY))
    registers = [_events_document(random, written, at, history) for at in sorted(times)]
    lists = _lists(random, world, life, expire=True)
    if lists and random.random() < 0.05:  # the same second, and something else
        lists += (replace(lists[-1], state=random.choice(("valid", "revoked")), exp=lists[-1].iat + 2 * DAY),)
    return replace(world, registers=tuple(registers), lists=lists, clock_skew=SKEWS[1])  # a snapshot has its own


def _events_document(random: Random, life: list[Event], at: datetime, history: datetime) -> Register:
    stated = tuple(event for event in life if event.recorded <= at)
    return Register(events=stated, iat=at, exp=at + _life_time(random), history_from=min(at, history))


def _lists(random: Random, world: Case, life: list[Event], *, expire: bool) -> tuple[List, ...]:
    times = {_published(random, world) for _ in range(random.choice((0, 1, 1, 2, 3)))}
    return tuple(
        List(state=reads(life, at), iat=at, exp=at + _life_time(random) if expire else None) for at in sorted(times)
    )


def _published(random: Random, world: Case) -> datetime:
    """When a register makes a document: any second, a midnight, or about when the question is asked."""
    day = world.issued_at.date() + random.randrange(9) * DAY
    at = random.choice((midnight(day, world.zone), midnight(day, world.zone) + 12 * HOUR, world.evaluated_at))
    return at + random.choice((timedelta(), timedelta(), SECOND, -SECOND, 30 * SECOND, -5 * HOUR))


def _life_time(random: Random) -> timedelta:
    return random.choice((HOUR, DAY, 25 * HOUR, 7 * DAY, 60 * DAY))


def _with_issue(world: Case, life: list[Event]) -> tuple[Event, ...]:
    return (Event(kind="issued", effective=world.issued_at, recorded=world.issued_at), *life)


_WORLDS: Final = {"memory": _remembered, "answer": _answered, "documents": _documented}
