"""The state of a certificate at a moment, from what registers say. Pure: no clock, no network, no trust.

T is one instant. A civil day is every instant of it (rule 7); before the certificate was issued, its time of issue
stands for T. What was recorded after ``known_at`` is not known yet, and neither are lists that are younger.

1. Events decide what they cover. Void from the start fails for every T; revoked, suspended or superseded with effect
   by T fails; with effect after T it is a note. Events that are complete over T and show nothing wrong prove T.
   Neither an issued event nor a list is an unknown reference: a forgetful register makes nothing valid.
2. Without events, a list at or after T that reads valid proves T if entries cannot return to valid. If a list after T
   reads revoked or superseded, these must not reach back either, else their effect is unknown.
3. A list before T speaks for its own time, and is good enough while T is later by no more than ``max_age``, and no
   list after T reads otherwise. One without an end that is older than a year is a note, whatever the policy bears.
4. A list by T that reads revoked or superseded fails, if entries cannot return to valid. Read so only after T, its
   effect is unknown.
5. Where entries may return to valid and nothing covers T, there is a gap. Whatever else is left is not covered.
6. Knowledge ages. Where the issuer may still change the past (``retroactive``), what was observed longer than
   ``max_age`` before ``known_at`` does not settle T. What has failed stays so.
7. A day is as known as its least known instant: it is valid if every instant is, and fails if every instant does.
8. What a document once proved stays proved; its end (``expires_at``) ends its word about later moments only. Past its
   end, revoked and void still fail; suspended and superseded block. A later list does not discard events that cover T.
9. A suspension may have been lifted since: beyond what was observed it fails for ``max_age``, and blocks after that.
10. A register that knows only the present speaks of its own ``observed_at``, and of what it promised from then on.
11. ``clock_skew`` forgives a clock, not an age: it counts for a T that is near now, and for no other.
12. `in_force` and the findings agree at every instant.
13. Of two events that have effect at one instant, the one that stops decides; the order of recording means nothing.
14. Every statement counts: none is dropped because another came first.
15. An ``observed_at`` or a list that is later than now and ``clock_skew`` is no observation. Two lists of one instant
    that differ contradict each other: neither counts, and nothing is known until a later one comes.
"""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Final

import attrs

from certcore._instants import RESOLUTION
from certcore.reasons import Effect, Reason
from certcore.reasons._meaning import blocks, fails, notes
from certcore.status._facts import NEVER, VALID, Facts, Rules, known_facts
from certcore.status._states import AFTER, BEFORE, FOR_GOOD, STOPS
from certcore.status.protocol import StatusEvent, StatusEventKind, StatusObservation, StatusRecord, StatusState

__all__ = [
    "Interval",
]

_WORDS: Final = re.compile("[a-z][a-z -]{0,63}")
"""A register's reason that may stand in a verdict: words. Anything else might hold a number that names a vehicle."""

_ISSUED: Final = StatusEventKind.ISSUED
_ENDLESS: Final = datetime.max.replace(tzinfo=UTC)

_LONG: Final = timedelta(days=365)
"""From which age on a list that states no end is a note: no issuer renews its lists once a year."""


@attrs.frozen(kw_only=True)
class Interval:
    """A stretch of time, from its start up to and without its end.

    Attributes:
        start_at: its first instant; None where the evidence does not reach back to it.
        end_at: the first instant after it; None if no end is known.
    """

    start_at: datetime | None
    end_at: datetime | None


@attrs.define  # not frozen, like all that is made for one verdict and never handed out: four times as fast
class Window:
    """The instants a question is about: one, or those of a civil day. Half open."""

    start: datetime
    end: datetime

    @property
    def last(self) -> datetime:
        """Its last instant."""
        return self.end - RESOLUTION


def evaluate(record: StatusRecord, window: Window, rules: Rules) -> tuple[Reason, ...]:
    """What the register's facts mean for the moment, by the rules at the top of this file."""
    if _is_untouched(record, window, rules):
        return ()
    facts = known_facts(record, rules)
    if facts.is_void:
        return (fails("void-from-start", **_reason_detail(facts.events, void=True)),)
    if window.end - window.start <= RESOLUTION:
        found = [_at_instant(facts, window.start, rules)]
    else:
        found = [_at_instant(facts, at, rules) for at in _instants(facts, window, rules)]
    decided = _over_all(found, facts, window)
    if decided is not None and (decided.effect is Effect.FAILS or decided.code in _ALONE):
        return (decided,)
    later = _notes_on_later_stops(facts, window)
    return later if decided is None else (decided, *later)


_ALONE: Final = frozenset({"status-changed-on-date", "status-unknown-reference"})
"""What leaves nothing to be said of later stops."""


def in_force(
    record: StatusRecord, period: Interval, rules: Rules, *, issued_at: datetime | None = None
) -> tuple[Interval, ...]:
    """When within its period the certificate was valid, as far as events tell; empty when they tell nothing.

    Before it was issued a certificate stands as it stood then, as in a verdict about that time.
    """
    facts = known_facts(record, rules)
    if not _tells(facts, rules):
        return ()
    end = period.end_at
    start = first = period.start_at
    if first is not None and issued_at is not None and issued_at > first:
        first = issued_at
    if first is None or facts.history_from is None or facts.history_from > first:
        start = first = facts.history_from
    opened, is_open = start, first is None or facts.state_at(first) is VALID
    found: list[Interval] = []
    for at, state in facts.changes:
        if first is not None and at <= first:
            continue
        if is_open and state is not VALID:
            found.append(Interval(start_at=opened, end_at=at if end is None else min(at, end)))
        elif not is_open and state is VALID:
            opened = at
        is_open = state is VALID
    if is_open:
        has_ended = end is not None and end <= facts.horizon
        found.append(Interval(start_at=opened, end_at=end if has_ended else None))
    is_over = bool(found) and found[0].start_at is None and found[0].end_at is not None
    if is_over and (rules.suspends or facts.changes):
        del found[0]  # rule 10: the present alone does not tell what is over
    return tuple(_cut(interval, period) for interval in found if _lies_in(interval, period))


def _tells(facts: Facts, rules: Rules) -> bool:
    """Whether events tell of an entry anything that can be relied on; never beside a list that reads otherwise."""
    if not facts.is_known or facts.is_void or facts.horizon == NEVER or not rules.is_settled(facts.horizon):
        return False
    return all(seen.state is VALID or facts.is_own(seen) for seen in facts.seen)


def _is_untouched(record: StatusRecord, window: Window, rules: Rules) -> bool:
    """Rules 1 and 6 for nearly every certificate there is, without anything being put in order.

    Events that are complete hold nothing but its issue, and no list reads otherwise; all of it was known.
    """
    begins, known_at, observed_at = record.history_from, rules.known_at, record.observed_at
    if begins is None or begins > window.start or observed_at > known_at or window.end - observed_at > RESOLUTION:
        return False
    for event in record.events:
        if event.kind is not _ISSUED or event.recorded_at > known_at:
            return False
    for seen in record.observations:
        if seen.state is not VALID or seen.at > known_at:
            return False
    return bool(record.events or record.observations) and rules.is_settled(observed_at)


def _instants(facts: Facts, window: Window, rules: Rules) -> list[datetime]:
    """The instants of a day that stand for all of them: between two of these nothing that is known changes."""
    edges = {at for at, _ in facts.changes} | {facts.horizon, rules.evaluated_at - rules.clock_skew}
    edges.update(at for at in (facts.covered_from, facts.expires_at) if at is not None)
    ages = [
        timedelta(),
        _LONG,
        -rules.clock_skew,
        rules.clock_skew,
        *([] if rules.max_age is None else [rules.max_age]),
    ]
    for at in {*facts.times, facts.horizon}:
        edges.update(_move(at, age) for age in ages if at > NEVER)
    edges.update(seen.expires_at for seen in facts.seen if seen.expires_at is not None)
    around = {_move(at, by) for at in edges if at > NEVER for by in (-RESOLUTION, timedelta(), RESOLUTION)}
    return sorted({window.start, window.last, *(at for at in around if window.start < at < window.last)})


def _move(at: datetime, by: timedelta) -> datetime:
    """An instant that much later; where the calendar has none, its end."""
    try:
        return at + by
    except OverflowError:
        return NEVER if by < timedelta() else _ENDLESS


def _over_all(found: list[Reason | None], facts: Facts, window: Window) -> Reason | None:
    """Rule 7: what the instants of a day come to."""
    if len(found) == 1:
        return found[0]
    failed = [reason for reason in found if reason is not None and reason.effect is Effect.FAILS]
    blocked = [reason for reason in found if reason is not None and reason.effect is Effect.BLOCKS]
    if len(failed) == len(found):
        return failed[0]
    if failed and (len(failed) + len(blocked) < len(found) or _begins_or_ends(facts, window)):
        return blocks("status-changed-on-date")
    if blocked:
        return blocked[0]
    return next((reason for reason in found if reason is not None), None)


def _begins_or_ends(facts: Facts, window: Window) -> bool:
    """Whether events say that the certificate was stopped, or returned to valid, in the course of a day."""
    states = [facts.state_at(window.start), *(new for at, new in facts.changes if window.start < at < window.end)]
    return len(states) > 1 and VALID in states


def _at_instant(facts: Facts, at: datetime, rules: Rules) -> Reason | None:
    """What is found about one instant; None where nothing is wrong."""
    state = facts.state_at(at)
    if state is not VALID and (stopped := _stopped_by_event(facts, state, at, rules)) is not None:
        return stopped
    if not facts.is_known:
        return blocks("status-unknown-reference")
    if state is not VALID or not facts.covers(at):
        return _by_lists(facts, at, rules)
    if rules.retroactive and facts.reads_revoked_after(at):
        return blocks("revocation-effect-unknown")
    if rules.is_settled(facts.horizon) or _by_lists(facts, at, rules) is None:
        return None
    return blocks("status-stale")


def _stopped_by_event(facts: Facts, state: StatusState, at: datetime, rules: Rules) -> Reason | None:
    """Rules 1, 8 and 9; None where a younger list has to say whether a suspension still holds."""
    failed = fails(BEFORE[state], **_reason_detail(facts.events, state))
    begins = facts.covered_from
    is_covered = at <= facts.horizon and begins is not None and begins <= at + rules.tolerance(at)
    if state is StatusState.REVOKED or is_covered:
        return failed
    if (revoked := _revoked_by_list(facts, at)) is not None:
        return revoked
    place = bisect_right(facts.times, at)
    if state is StatusState.SUSPENDED and place and facts.times[place - 1] > facts.horizon:
        return None
    is_over = facts.expires_at is not None and facts.expires_at <= at
    if state is StatusState.SUPERSEDED and not is_over:
        return failed
    if at <= facts.horizon:
        return blocks("status-gap")
    is_held = not is_over and facts.horizon > NEVER and _holds_still(facts.horizon, at, rules)
    return failed if is_held else blocks("status-stale")


def _holds_still(seen_at: datetime, at: datetime, rules: Rules) -> bool:
    """Rules 6 and 9: whether a suspension that was seen before an instant is taken to hold at it."""
    return rules.bears(seen_at, at) and rules.is_settled(seen_at)


def _by_lists(facts: Facts, at: datetime, rules: Rules) -> Reason | None:
    """Rules 2 to 6; near now, a list counts as by then that only another clock calls later."""
    place = bisect_right(facts.times, at + rules.tolerance(at))
    stopped = _revoked_by_list(facts, at) or _stopped_by_list(facts, place, at, rules)
    if stopped is not None:
        return stopped
    is_reached = facts.last_reaching > at
    proved_at = _proved_at(facts, at, rules)
    if proved_at is not None and not (is_reached and rules.retroactive):
        return None if rules.is_settled(proved_at) else blocks("status-stale")
    if is_reached:
        return blocks("revocation-effect-unknown")
    is_stopped_later = any(seen.at > at for seen in facts.unexplained)  # and nobody says since when
    if not is_stopped_later and (before := _good_enough(facts, place, at, rules)) is not None:
        return _weighed_by_age(before, at, rules)
    if any(own.at > at and own.state in FOR_GOOD for own in facts.own):
        return blocks("revocation-effect-unknown")
    if is_stopped_later or (rules.suspends and facts.last_suspended > at):
        return blocks("status-gap")
    return blocks(_why_unknown(facts, at, rules))


def _revoked_by_list(facts: Facts, at: datetime) -> Reason | None:
    """Rules 4, 8 and 9: a list by that instant that reads revoked, which is for good."""
    is_revoked = any(seen.state is StatusState.REVOKED and seen.at <= at for seen in facts.unexplained)
    return fails(BEFORE[StatusState.REVOKED]) if is_revoked else None


def _stopped_by_list(facts: Facts, place: int, at: datetime, rules: Rules) -> Reason | None:
    """Rules 4, 5, 8, 9 and 15: what the lists by that instant say, if they say anything but valid."""
    if not place:
        return None
    last = facts.seen[place - 1]
    if last.at in facts.contradicted:
        return blocks("status-gap")
    if not rules.suspends:
        stopped = [seen for seen in facts.unexplained if seen.at <= at]
        last = max(stopped, key=lambda seen: seen.at, default=last)
    if last.state is VALID or facts.is_own(last):  # an event that stops has been found before
        return None
    if _is_over(last, at):
        return blocks("status-stale")
    if not rules.suspends:
        return fails(BEFORE[last.state])
    if not rules.bears(last.at, at):
        return blocks("status-gap")
    is_held = last.state is not StatusState.SUSPENDED or _holds_still(last.at, at, rules)
    return fails(BEFORE[last.state]) if is_held else blocks("status-stale")


def _is_over(seen: StatusObservation, at: datetime) -> bool:
    """Whether a list may no longer be taken for the present of that instant."""
    return seen.expires_at is not None and seen.expires_at <= at


def _proved_at(facts: Facts, at: datetime, rules: Rules) -> datetime | None:
    """Rule 2: the time of a list at or after an instant that proves it; the youngest, where any does."""
    if not rules.suspends and facts.last_valid >= at:
        return facts.last_valid
    limit = at + rules.tolerance(at)
    for seen in facts.seen[bisect_left(facts.times, at) :]:
        if seen.at > limit:
            break
        if seen.state is VALID:
            return seen.at
    return None


def _good_enough(facts: Facts, place: int, at: datetime, rules: Rules) -> StatusObservation | None:
    """Rule 3: the youngest list before an instant, where it is good enough: it outdates older ones, and no events."""
    is_outdated = False
    for number in range(place - 1, -1, -1):
        seen = facts.seen[number]
        is_own = facts.is_own(seen)
        is_good = facts.state_at(at) is VALID and not facts.unexplained if is_own else seen.state is VALID
        if not is_good or not rules.bears(seen.at, at):
            return None
        if (is_own or not is_outdated) and not _is_over(seen, at):
            return seen
        is_outdated = is_outdated or not is_own
    return None


def _weighed_by_age(seen: StatusObservation, at: datetime, rules: Rules) -> Reason | None:
    """Rules 3 and 6 about a list that came before an instant."""
    if not rules.is_settled(seen.at):
        return blocks("status-stale")
    age = at - seen.at
    return notes("status-stale", days=age.days) if seen.expires_at is None and age > _LONG else None


def _why_unknown(facts: Facts, at: datetime, rules: Rules) -> str:
    """Rules 5 and 10: in which way nothing is known."""
    if facts.present_alone_at is not None and at < facts.present_alone_at:
        return "as-of-unsupported"
    if facts.last_valid >= at:
        return "status-gap"
    is_near_now = rules.evaluated_at - at <= max(rules.max_age or timedelta(), rules.clock_skew)
    return "status-stale" if is_near_now else "status-not-covered"


def _notes_on_later_stops(facts: Facts, window: Window) -> tuple[Reason, ...]:
    return tuple(
        notes(AFTER[new], **_reason_detail(facts.events, new))
        for at, new in facts.changes
        if at >= window.end and new is not VALID
    )


def _reason_detail(
    events: Iterable[StatusEvent], state: StatusState = StatusState.REVOKED, *, void: bool = False
) -> dict[str, str]:
    """The register's word for why, of the first event that led to the state, or that made the certificate void."""
    for event in events:
        if event.effective_at is None if void else STOPS.get(event.kind) is state:
            return {"reason": event.reason} if _WORDS.fullmatch(event.reason) else {}
    return {}


def _lies_in(interval: Interval, period: Interval) -> bool:
    """Whether anything of the interval lies in the period; its end has been cut already."""
    if interval.start_at is None:
        return True
    if period.end_at is not None and interval.start_at >= period.end_at:
        return False
    if period.start_at is not None and interval.end_at is not None and interval.end_at <= period.start_at:
        return False
    return interval.end_at is None or interval.start_at < interval.end_at


def _cut(interval: Interval, period: Interval) -> Interval:
    """The interval without what lies before its period."""
    if interval.start_at is None or period.start_at is None or interval.start_at >= period.start_at:
        return interval
    return attrs.evolve(interval, start_at=period.start_at)
