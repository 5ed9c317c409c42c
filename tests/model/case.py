"""What the model is asked: plain values and plain datetimes, of a certificate, its issuer, and what its register says.

Part of the model in `tests/model/rules.py`; a number is that of a rule. Every document of a case is authentic.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import cached_property


@dataclass(frozen=True, kw_only=True)
class Event:
    """Something that happened: issued, revoked, suspended, resumed, superseded. Effective None: from the start."""

    kind: str
    effective: datetime | None
    recorded: datetime


@dataclass(frozen=True, kw_only=True)
class List:
    """A list, as far as it is about the certificate: how it reads, when it was made, and until when it speaks."""

    state: str
    iat: datetime
    exp: datetime | None = None


@dataclass(frozen=True, kw_only=True)
class Register:
    """The events that a register states, in a document with an end or as an answer; history None: the present alone."""

    events: tuple[Event, ...]
    iat: datetime
    exp: datetime | None = None
    history_from: datetime | None = None
    reliable_until: datetime | None = None


@dataclass(frozen=True, kw_only=True)
class Case:
    """One question, and everything that it is answered from. A first day of None is that of issue, an age any age."""

    as_of: datetime | date
    evaluated_at: datetime
    known_at: datetime | None = None
    zone: str
    suspends: bool
    retroactive: bool
    required: bool
    max_status_age: timedelta | None
    clock_skew: timedelta
    issued_at: datetime
    first_day: date | None
    last_day: date
    passed: bool = True
    lists: tuple[List, ...] = ()
    registers: tuple[Register, ...] = ()

    @property
    def documents(self) -> tuple[List | Register, ...]:
        """Whatever says something."""
        return (*self.lists, *self.registers)

    @cached_property
    def now(self) -> datetime:
        """The latest that another right clock may show."""
        return self.evaluated_at + self.clock_skew

    @cached_property
    def knew(self) -> datetime:
        """The moment of knowing."""
        return self.evaluated_at if self.known_at is None else self.known_at

    @cached_property
    def horizon(self) -> datetime:
        """What is later was not known. The skew counts near now alone, not for a past (11)."""
        return self.knew if self.knew < self.evaluated_at else self.now

    @cached_property
    def events(self) -> frozenset[Event]:
        """Every event that was known, whichever document states it, and whether or not it has expired (1, 8)."""
        stated = (r.events for r in self.registers if r.exp is None or r.iat <= self.now)
        return frozenset(event for events in stated for event in events if event.recorded <= self.horizon)

    @cached_property
    def readings(self) -> tuple[List, ...]:
        """Every list that was known, by age; none of the future, and none that another of its second denies (15)."""
        denied = {a.iat for a in self.lists for b in self.lists if a is not b and a.iat == b.iat}
        known = (a for a in self.lists if a.iat <= self.horizon and a.iat not in denied)
        return tuple(sorted(known, key=lambda a: a.iat))

    def near(self, at: datetime) -> datetime:
        """What is not later than this is not later than the moment: the skew forgives a clock, near now alone (11)."""
        return at + self.clock_skew if at >= self.evaluated_at - self.clock_skew else at

    def is_old(self, seen: datetime, by: datetime) -> bool:
        """Whether an observation is older than the policy takes. What only another clock calls later is now (11)."""
        return self.max_status_age is not None and min(by, self.evaluated_at) - seen > self.max_status_age

    def is_settled(self, seen: datetime) -> bool:
        """Whether an observation still counts: it ages where the past may change (6)."""
        return not (self.retroactive and self.is_old(seen, by=self.knew))
