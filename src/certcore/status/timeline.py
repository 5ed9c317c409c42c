"""The state of a certificate at a moment, from what registers say. Pure: no clock, no network, no trust.

Rules, in the order in which they are applied. T is the moment asked about, or every instant of a civil day; before the
certificate was issued, its time of issue stands for T.

1. What was recorded after ``known_at`` is not known yet, and neither are lists that are younger.
2. Events decide: void from the start fails for every T; revoked, suspended or superseded with effect by T fails; with
   effect after T it is a note. A change in the course of the day blocks.
3. No ``ISSUED`` event and no observation: the reference is unknown. A forgetful backend can never make anything valid.
4. Events that are complete over T and show nothing wrong prove T.
5. Otherwise observations speak, and a register that knows only its present counts as one. A list that reads revoked by
   T fails, unless entries may return to valid; revoked only after T has an unknown effect. A list that reads valid at
   or after T proves T, unless entries may return to valid; if a still later one reads revoked, revocations must not
   reach back. A list before T speaks for its own time, and is good enough while T is not older than ``max_age``.
6. Whatever is left is not known, and each way of not knowing has its own code.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Final

import attrs

from certcore._instants import RESOLUTION
from certcore.reasons import Reason, blocks, fails, notes
from certcore.status.protocol import StatusEvent, StatusEventKind, StatusObservation, StatusRecord, StatusState

_STOPS: Final = {
    StatusEventKind.REVOKED: StatusState.REVOKED,
    StatusEventKind.SUSPENDED: StatusState.SUSPENDED,
    StatusEventKind.SUPERSEDED: StatusState.SUPERSEDED,
}
_BY_THEN: Final = {
    StatusState.REVOKED: "revoked-before-event",
    StatusState.SUSPENDED: "suspended-then",
    StatusState.SUPERSEDED: "superseded-by-then",
}
_AFTER: Final = {
    StatusState.REVOKED: "revoked-after-event",
    StatusState.SUSPENDED: "suspended-after-event",
    StatusState.SUPERSEDED: "superseded-after-event",
}
_RANK: Final = {StatusState.VALID: 0, StatusState.SUSPENDED: 1, StatusState.SUPERSEDED: 2, StatusState.REVOKED: 3}
_KIND_ORDER: Final = {
    kind: place
    for place, kind in enumerate(
        (
            StatusEventKind.ISSUED,
            StatusEventKind.RESUMED,
            StatusEventKind.SUSPENDED,
            StatusEventKind.SUPERSEDED,
            StatusEventKind.REVOKED,
        )
    )
}
"""Of two events of one instant, what stops comes last: nothing is valid by the accident of an order."""

_WORDS: Final = re.compile("[a-z][a-z -]{0,63}")
"""A register's reason that may stand in a verdict: words. Anything else might hold a number that names a vehicle."""

_VALID: Final = StatusState.VALID


@attrs.frozen(kw_only=True)
class Interval:
    """A stretch of time, from its start up to and without its end.

    Attributes:
        start_at: its first instant; None where the evidence does not reach back to it.
        end_at: the first instant after it; None while it has not ended as far as anybody knows.
    """

    start_at: datetime | None
    end_at: datetime | None


@attrs.define(
    kw_only=True
)  # not frozen, like all that is made for one verdict and never handed out: four times as fast
class Window:
    """The instants a question is about: one, or those of a civil day. Half open."""

    start: datetime
    end: datetime

    @property
    def last(self) -> datetime:
        """Its last instant."""
        return self.end - RESOLUTION


@attrs.define(kw_only=True)  # as above
class Rules:
    """How one issuer keeps its register, and how much age a policy bears.

    Attributes:
        suspends: whether an entry may return to valid.
        retroactive: whether a revocation may reach back before it was recorded.
        max_age: how much older than the moment an answer may be; None: any age.
        clock_skew: how far two right clocks may be apart.
        known_at: what was knowable when.
        evaluated_at: when the question is asked.
    """

    suspends: bool
    retroactive: bool
    max_age: timedelta | None
    clock_skew: timedelta
    known_at: datetime
    evaluated_at: datetime


def judge(record: StatusRecord, window: Window, rules: Rules) -> tuple[Reason, ...]:
    """What the register's facts mean for the moment: the rules at the top of this file, in their order."""
    if _is_untouched(record, window, rules):
        return ()
    facts = _known_facts(record, rules)
    if (decided := _decided_by_events(facts, window)) is not None:
        return (decided,)
    if not facts.is_known:
        return (blocks("status-unknown-reference"),)
    later = _notes_on_later_stops(facts, window)
    if facts.covers(window):
        return later
    return *_judged_by_observations(facts, window, rules), *later


def in_force(record: StatusRecord, period: Interval, rules: Rules) -> tuple[Interval, ...]:
    """When within its period the certificate was valid, as far as events tell; empty when they tell nothing."""
    facts = _known_facts(record, rules)
    if not facts.is_known or facts.is_void or any(seen.state is not _VALID for seen in facts.observations):
        return ()
    start = period.start_at if facts.reaches_back_to(period.start_at) else facts.history_from
    opened, is_open = start, start is None or facts.state_at(start) is _VALID
    found: list[Interval] = []
    for at, state in facts.changes:
        if start is not None and at <= start:
            continue
        if is_open and state is not _VALID:
            found.append(Interval(start_at=opened, end_at=at if period.end_at is None else min(at, period.end_at)))
        elif not is_open and state is _VALID:
            opened = at
        is_open = state is _VALID
    if is_open:
        has_ended = period.end_at is not None and period.end_at <= facts.horizon
        found.append(Interval(start_at=opened, end_at=period.end_at if has_ended else None))
    return tuple(interval for interval in found if _lies_in(interval, period))


def _is_untouched(record: StatusRecord, window: Window, rules: Rules) -> bool:
    """Rule 4 for nearly every certificate there is: it was issued, the events are complete, and there is no other."""
    if len(record.events) != 1 or record.observations or record.history_from is None:
        return False
    (event,) = record.events
    is_known = event.kind is StatusEventKind.ISSUED and event.recorded_at <= rules.known_at
    return is_known and record.history_from <= window.start and window.last <= record.observed_at <= rules.known_at


@attrs.define(kw_only=True)  # as above
class _Facts:
    """A record, cut down to what was knowable.

    Attributes:
        events: in the order in which they have effect.
        changes: every change of state and from when it has effect; revoked and superseded are final, revoked stronger.
        observations: in the order of their times.
        is_issued: whether there is an ISSUED event.
        is_void: whether it was declared void from the start.
        history_from: since when the events are complete.
        horizon: until when.
    """

    events: list[StatusEvent]
    changes: list[tuple[datetime, StatusState]]
    observations: list[StatusObservation]
    is_issued: bool
    is_void: bool
    history_from: datetime | None
    horizon: datetime

    @property
    def is_known(self) -> bool:
        return self.is_issued or bool(self.observations)

    def state_at(self, at: datetime) -> StatusState:
        state = _VALID
        for changed_at, new in self.changes:
            if changed_at > at:
                break
            state = new
        return state

    def reaches_back_to(self, at: datetime | None) -> bool:
        return self.history_from is not None and at is not None and self.history_from <= at

    def covers(self, window: Window) -> bool:
        """Whether the events are complete over the window, and no list contradicts them."""
        return self.reaches_back_to(window.start) and window.last <= self.horizon and self.agree()

    def agree(self) -> bool:
        """Whether no list says that the certificate was stopped when the events say that it was not."""
        return all(seen.state is _VALID or self.state_at(seen.at) is not _VALID for seen in self.observations)


def _known_facts(record: StatusRecord, rules: Rules) -> _Facts:
    """Rule 1."""
    known_at = rules.known_at
    # What is known now may bear the time of a clock that is a little ahead; what was known then is taken exactly.
    known_by = known_at + rules.clock_skew if known_at >= rules.evaluated_at else known_at
    events = [event for event in record.events if event.recorded_at <= known_by]
    observations = [seen for seen in record.observations if seen.at <= known_by]
    observations.sort(key=_when_seen)
    reach = record.observed_at
    if record.reliable_until is not None and record.reliable_until > reach:
        reach = record.reliable_until
    facts = _Facts(
        events=events,
        changes=[],
        observations=observations,
        is_issued=False,
        is_void=False,
        history_from=record.history_from,
        horizon=known_at if known_at < rules.evaluated_at and known_at < reach else reach,
    )
    if len(events) > 1:
        events.sort(key=_order)
    for event in events:
        if event.kind is StatusEventKind.ISSUED:
            facts.is_issued = True
        elif event.effective_at is None and event.kind in _STOPS:
            facts.is_void = True
    facts.changes = _changes(events)
    return facts


def state_changes(events: Iterable[StatusEvent], /) -> list[tuple[datetime, StatusState]]:
    """Every change of state that these events make, and from when, in the order in which they have effect."""
    return _changes(sorted(events, key=_order))


def state_at(events: Iterable[StatusEvent], at: datetime, /) -> StatusState:
    """The state at an instant, where these events are all there are: what a status list says of the entry then."""
    state = _VALID
    for changed_at, new in state_changes(events):
        if changed_at > at:
            break
        state = new
    return state


def _changes(events: Iterable[StatusEvent]) -> list[tuple[datetime, StatusState]]:
    """As `state_changes`, of events that are in order."""
    state, found = _VALID, list[tuple[datetime, StatusState]]()
    for event in events:
        new = _after(state, event.kind)
        if new is not state:
            state = new
            found.append((_effect_of(event), state))
    return found


def _order(event: StatusEvent) -> tuple[datetime, datetime, int]:
    """The order in which events have effect."""
    return _effect_of(event), event.recorded_at, _KIND_ORDER[event.kind]


def _effect_of(event: StatusEvent) -> datetime:
    """From when an event has effect; one without a date counts here from when it was recorded (void is dealt with)."""
    return event.recorded_at if event.effective_at is None else event.effective_at


def _after(state: StatusState, kind: StatusEventKind) -> StatusState:
    if kind is StatusEventKind.RESUMED:
        return _VALID if state is StatusState.SUSPENDED else state
    stopped = _STOPS.get(kind, state)
    return stopped if _RANK[stopped] > _RANK[state] else state


def _decided_by_events(facts: _Facts, window: Window) -> Reason | None:
    """Rule 2: what an event settles, whatever else is known; None when none does."""
    if not facts.changes:
        return None
    if facts.is_void:
        return fails("void-from-start", **_why(facts.events, void=True))
    state = facts.state_at(window.start)
    inside = [new for at, new in facts.changes if window.start < at < window.end]
    if inside and (state is _VALID or _VALID in inside):
        return blocks("status-changed-on-date")
    if state is not _VALID:
        return fails(_BY_THEN[state], **_why(facts.events, state))
    return None


def _notes_on_later_stops(facts: _Facts, window: Window) -> tuple[Reason, ...]:
    return tuple(
        notes(_AFTER[new], **_why(facts.events, new))
        for at, new in facts.changes
        if at >= window.end and new is not _VALID
    )


def _why(
    events: Iterable[StatusEvent], state: StatusState = StatusState.REVOKED, *, void: bool = False
) -> dict[str, str]:
    """The register's word for why, of the first event that led to the state, or that made the certificate void."""
    for event in events:
        if event.effective_at is None if void else _STOPS.get(event.kind) is state:
            return {"reason": event.reason} if _WORDS.fullmatch(event.reason) else {}
    return {}


def _judged_by_observations(facts: _Facts, window: Window, rules: Rules) -> tuple[Reason, ...]:
    """Rules 5 and 6."""
    observations = list(facts.observations)
    if facts.is_issued and facts.agree():  # a register that knows its present is one more observation
        observations.append(StatusObservation(state=facts.state_at(facts.horizon), at=facts.horizon))
    stopped = [seen for seen in observations if seen.state is not _VALID]
    valid = [seen.at for seen in observations if seen.state is _VALID]
    by_then = max((seen for seen in observations if seen.at <= window.start), key=_when_seen, default=None)
    final = [seen for seen in stopped if seen.at <= window.start and not rules.suspends]
    if final:
        return (fails(_BY_THEN[max(final, key=_when_seen).state]),)
    if by_then is not None and by_then.state is not _VALID:
        return (fails(_BY_THEN[by_then.state]) if _bears(window.last - by_then.at, rules) else blocks("status-gap"),)
    stopped = [seen for seen in stopped if seen.at > window.start]
    at_or_after = [at for at in valid if at >= window.last]
    if any(not rules.suspends or at - window.last <= rules.clock_skew for at in at_or_after):
        reaches_back = rules.retroactive and any(seen.state is StatusState.REVOKED for seen in stopped)
        return (blocks("revocation-effect-unknown"),) if reaches_back else ()
    if any(seen.state is StatusState.REVOKED for seen in stopped):
        return (blocks("revocation-effect-unknown"),)
    before = [at for at in valid if at < window.last]
    if before and _bears(window.last - max(before), rules):
        return ()
    if rules.suspends and any(seen.state is StatusState.SUSPENDED for seen in stopped):
        return (blocks("status-gap"),)
    return (blocks(_why_unknown(facts, window, rules, is_after=bool(at_or_after))),)


def _when_seen(seen: StatusObservation) -> tuple[datetime, int]:
    """The order of lists; of two of one instant, the one that says worse comes last."""
    return seen.at, _RANK[seen.state]


def _why_unknown(facts: _Facts, window: Window, rules: Rules, *, is_after: bool) -> str:
    """Rule 6."""
    if is_after:
        return "as-of-unsupported" if not facts.observations and facts.history_from is None else "status-gap"
    is_near_now = rules.evaluated_at - window.last <= max(rules.max_age or timedelta(), rules.clock_skew)
    return "status-stale" if is_near_now else "status-not-covered"


def _bears(age: timedelta, rules: Rules) -> bool:
    """Whether an answer this much older than the moment is good enough."""
    return rules.max_age is None or age <= max(rules.max_age, rules.clock_skew)


def _lies_in(interval: Interval, period: Interval) -> bool:
    """Whether anything of the interval lies in the period; its end has been cut already."""
    if interval.start_at is None:
        return True
    if period.end_at is not None and interval.start_at >= period.end_at:
        return False
    return interval.end_at is None or interval.start_at < interval.end_at
