"""A register's record, cut down to what was knowable: the events in order, the lists in order, and how they agree.

It has the order of events, the one state machine of an entry, and the rules for which statements of a register count
(rules 13 to 15 of `certcore.status.timeline`). It does not decide what they mean for a moment.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Final

import attrs

from certcore.status._states import FOR_GOOD, RANK, STOPS
from certcore.status.protocol import StatusEvent, StatusEventKind, StatusObservation, StatusRecord, StatusState

__all__ = ["NEVER", "VALID", "Facts", "Rules", "known_facts", "state_at", "state_changes"]

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

VALID: Final = StatusState.VALID
NEVER: Final = datetime.min.replace(tzinfo=UTC)


@attrs.define  # not frozen, like all that is made for one verdict and never handed out: four times as fast
class Rules:
    """How one issuer keeps its register, and how much age a policy bears.

    Attributes:
        suspends: whether an entry may return to valid.
        retroactive: whether a revocation or a supersession may reach back before it was recorded.
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

    def tolerance(self, at: datetime) -> timedelta:
        """Rule 11: by how much clocks may differ about an instant; not at all about the past."""
        return self.clock_skew if self.evaluated_at - at <= self.clock_skew else timedelta()

    def bears(self, seen_at: datetime, at: datetime) -> bool:
        """Whether what was seen before an instant is young enough for it; what only a clock calls later is now."""
        if self.max_age is None:
            return True
        return (min(at, self.evaluated_at)) - seen_at <= self.max_age

    def is_settled(self, seen_at: datetime) -> bool:
        """Rule 6: whether what was seen then still settles anything."""
        return not self.retroactive or self.max_age is None or self.bears(seen_at, self.known_at)


@attrs.define(kw_only=True)  # as above
class Facts:
    """A record, cut down to what was knowable.

    Attributes:
        events: in the order in which they have effect.
        changes: every change of state and from when it has effect; revoked and superseded are final, revoked stronger.
        history_from: since when the events are complete.
        horizon: until when it vouches for the state: what it promised included.
        expires_at: from when the events may no longer be taken for the present.
        is_issued: whether there is an ISSUED event.
        is_void: whether it was declared void from the start.
        covered_from: since when the register vouches for the state.
        present_alone_at: as of when a register speaks that knows nothing but its present.
        seen: what lists said, and what the register says of its present, in the order of their times.
        times: those times.
        own: those of them that the register says of its present.
        contradicted: the times of lists that contradict each other.
        unexplained: the lists that say worse than the events do.
        last_valid, last_suspended: the times of the last lists that read so.
        last_reaching: the time of the last list that reads revoked or superseded, and that no event explains.
    """

    events: list[StatusEvent]
    changes: list[tuple[datetime, StatusState]]
    history_from: datetime | None
    horizon: datetime
    expires_at: datetime | None
    is_issued: bool
    is_void: bool
    covered_from: datetime | None
    present_alone_at: datetime | None = None
    seen: list[StatusObservation] = attrs.Factory(list)
    times: list[datetime] = attrs.Factory(list)
    own: list[StatusObservation] = attrs.Factory(list)
    contradicted: set[datetime] = attrs.Factory(set)
    unexplained: list[StatusObservation] = attrs.Factory(list)
    last_valid: datetime = NEVER
    last_suspended: datetime = NEVER
    last_reaching: datetime = NEVER

    @property
    def is_known(self) -> bool:
        """Whether the register, or a list, has the entry."""
        return self.is_issued or bool(self.seen)

    def is_own(self, seen: StatusObservation) -> bool:
        """Whether the register says so of its present; a list may say the same."""
        return any(seen is own for own in self.own)

    def state_at(self, at: datetime) -> StatusState:
        """The state at an instant, by the events."""
        return _state_at(self.changes, at)

    def covers(self, at: datetime) -> bool:
        """Whether the register vouches for an instant, and no list by then contradicts it."""
        if self.history_from is None and not self.is_issued:  # lists alone
            return False
        if self.covered_from is None or not self.covered_from <= at <= self.horizon:
            return False
        return all(seen.at > at for seen in self.unexplained)

    def reads_revoked_after(self, at: datetime) -> bool:
        """Whether a list after an instant reads revoked, and no event says so."""
        return any(seen.state is StatusState.REVOKED and seen.at > at for seen in self.unexplained)

    def explains(self, seen: StatusObservation) -> bool:
        """Whether the events say as much as a list did: by what is known now, or by what was recorded by then."""
        if RANK[self.state_at(seen.at)] >= RANK[seen.state]:
            return True
        then = [event for event in self.events if event.recorded_at <= seen.at]
        return len(then) < len(self.events) and RANK[state_at(then, seen.at)] >= RANK[seen.state]


def known_facts(record: StatusRecord, rules: Rules) -> Facts:
    """What was knowable, in order."""
    known_at = rules.known_at
    # What is known now may bear the time of a clock that is a little ahead; what was known then is taken exactly.
    is_now = known_at >= rules.evaluated_at
    known_by = known_at + rules.clock_skew if is_now else known_at
    events = [event for event in record.events if event.recorded_at <= known_by]
    if len(events) > 1:
        events.sort(key=_order)
    facts = Facts(
        events=events,
        changes=_changes(events),
        history_from=record.history_from,
        horizon=_horizon(record, rules),
        expires_at=record.expires_at,
        is_issued=any(event.kind is StatusEventKind.ISSUED for event in events),
        is_void=any(event.effective_at is None and event.kind in STOPS for event in events),
        covered_from=record.history_from,
    )
    lists = [seen for seen in record.observations if seen.at <= known_by]
    _compare_with_lists(facts, lists)
    if facts.is_issued and record.history_from is None and not record.observations:
        facts.present_alone_at = record.observed_at
    _put_in_order(facts, lists, _own_times(facts, record, lists, is_present_known=record.observed_at <= known_by))
    return facts


def _horizon(record: StatusRecord, rules: Rules) -> datetime:
    """Until when the register vouches, by what was known then; rule 15 for one that speaks as of the future."""
    if record.observed_at - rules.evaluated_at > rules.clock_skew:
        return NEVER
    reach = max(record.observed_at, record.reliable_until or record.observed_at)
    if rules.known_at >= rules.evaluated_at:
        return reach
    has_begun = record.history_from is None or record.history_from <= rules.known_at
    return min(reach, rules.known_at) if has_begun else NEVER


def _compare_with_lists(facts: Facts, lists: list[StatusObservation]) -> None:
    """Which lists contradict each other, and which say worse than the events."""
    states: dict[datetime, StatusState] = {}
    for seen in lists:
        if states.setdefault(seen.at, seen.state) is not seen.state:
            facts.contradicted.add(seen.at)
    for seen in lists:
        if seen.state is not VALID and seen.at not in facts.contradicted and not facts.explains(seen):
            facts.unexplained.append(seen)


def _own_times(
    facts: Facts, record: StatusRecord, lists: list[StatusObservation], *, is_present_known: bool
) -> set[datetime]:
    """When the register speaks of its present, as one more list would; never where the lists contradict it."""
    if any(seen.at <= facts.horizon for seen in facts.unexplained):
        return set()
    if record.history_from is not None:
        is_told = facts.is_issued or bool(lists)
        return {facts.horizon} if is_told and record.history_from <= facts.horizon else set()
    if not is_present_known or facts.horizon == NEVER:
        return set()
    facts.covered_from = record.observed_at
    if not facts.is_issued:
        return set()
    return {record.observed_at, max(record.observed_at, facts.horizon)}


def _put_in_order(facts: Facts, lists: list[StatusObservation], own_times: set[datetime]) -> None:
    """Lists in the order of their times; of those of one time, the one that says worst comes last."""
    facts.own = [StatusObservation(state=facts.state_at(at), at=at, expires_at=facts.expires_at) for at in own_times]
    facts.seen = [seen for seen in lists if not (seen.state is VALID and seen.at in facts.contradicted)] + facts.own
    facts.seen.sort(key=_when_seen)
    facts.times = [seen.at for seen in facts.seen]
    facts.last_valid = _last(seen for seen in facts.seen if seen.state is VALID)
    facts.last_suspended = _last(seen for seen in facts.seen if seen.state is StatusState.SUSPENDED)
    facts.last_reaching = _last(
        seen
        for seen in facts.seen
        if seen.state in FOR_GOOD and (seen in facts.unexplained or seen.at in facts.contradicted)
    )


def _last(seen: Iterable[StatusObservation]) -> datetime:
    return max((one.at for one in seen), default=NEVER)


def state_changes(events: Iterable[StatusEvent], /) -> list[tuple[datetime, StatusState]]:
    """Every change of state that these events make, and from when, in the order in which they have effect."""
    return _changes(sorted(events, key=_order))


def state_at(events: Iterable[StatusEvent], at: datetime, /) -> StatusState:
    """The state at an instant, where these events are all there are: what a status list says of the entry then."""
    return _state_at(state_changes(events), at)


def _state_at(changes: Iterable[tuple[datetime, StatusState]], at: datetime) -> StatusState:
    state = VALID
    for changed_at, new in changes:
        if changed_at > at:
            break
        state = new
    return state


def _changes(events: Iterable[StatusEvent]) -> list[tuple[datetime, StatusState]]:
    """As `state_changes`, of events that are in order."""
    state, found = VALID, list[tuple[datetime, StatusState]]()
    for event in events:
        new = _after(state, event.kind)
        if new is not state:
            state = new
            found.append((_effect_of(event), state))
    return found


def _order(event: StatusEvent) -> tuple[datetime, int, datetime]:
    """The order in which events have effect: rule 13."""
    return _effect_of(event), _KIND_ORDER[event.kind], event.recorded_at


def _effect_of(event: StatusEvent) -> datetime:
    """From when an event has effect; one without a date counts here from when it was recorded (void is dealt with)."""
    return event.recorded_at if event.effective_at is None else event.effective_at


def _after(state: StatusState, kind: StatusEventKind) -> StatusState:
    if kind is StatusEventKind.RESUMED:
        return VALID if state is StatusState.SUSPENDED else state
    stopped = STOPS.get(kind, state)
    return stopped if RANK[stopped] > RANK[state] else state


def _when_seen(seen: StatusObservation) -> tuple[datetime, int]:
    return seen.at, RANK[seen.state]
