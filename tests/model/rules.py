"""The rules of a verdict at a date, read a second time: plain values, plain datetimes, and nothing of certcore.

A number in a docstring is that of a rule at the top of `certcore.status.timeline`. `judge` gives the outcomes that the
rules allow for a case: almost always one. Where they leave two open, the docstring says which. The codes are those that
may stand as the reason.

What a case holds is in `tests/model/case.py`. Signatures, keys, bindings, vehicles and live presentations are not here.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from tests.model.case import Case, Event, List, Register

TICK = timedelta(microseconds=1)


@dataclass(frozen=True)
class Answer:
    """The outcomes that are allowed, and the codes that may be the reason."""

    outcomes: frozenset[str]
    codes: frozenset[str] = frozenset()


VALID = Answer(frozenset({"valid"}))
CODE_OF = {"revoked": "revoked-before-event", "suspended": "suspended-then", "superseded": "superseded-by-then"}
NOT_ANSWERED = (
    *("status-unavailable", "status-list-expired", "status-list-future"),
    *("status-list-conflict", "status-unknown-reference"),
)
NOT_KNOWN = (
    *(
        "status-list-conflict",
        "status-stale",
        "status-not-covered",
        "status-gap",
        "revocation-effect-unknown",
        "as-of-unsupported",
    ),
    *NOT_ANSWERED,
)


def fails(*codes: str) -> Answer:
    """Not in force."""
    return Answer(frozenset({"invalid"}), frozenset(codes))


def blocks(*codes: str) -> Answer:
    """It cannot be said either way."""
    return Answer(frozenset({"undetermined"}), frozenset(codes))


def either(*answers: Answer) -> Answer:
    """The rules leave open which."""
    return Answer(frozenset(o for a in answers for o in a.outcomes), frozenset(c for a in answers for c in a.codes))


def judge(case: Case) -> Answer:
    """What fails weighs more than what blocks, and that more than what passes (section 1)."""
    if isinstance(case.as_of, datetime):
        period, status = _period(case, _day(case, case.as_of)), _status_at(case, case.as_of)
    else:
        period, status = _period(case, case.as_of), _status_on(case, case.as_of)
    order = ("invalid", "undetermined", "valid")
    outcomes = frozenset(min(a, b, key=order.index) for a in period.outcomes for b in status.outcomes)
    return Answer(outcomes, period.codes | status.codes)


# Sections 2 and 3: civil days and the period


def _day(case: Case, at: datetime) -> date:
    return at.astimezone(ZoneInfo(case.zone)).date()


def midnight(day: date, zone: str) -> datetime:
    """The first instant of a day; where there is no midnight, the offset before the gap gives the instant after it."""
    return datetime.combine(day, time(), ZoneInfo(zone)).astimezone(UTC)


def _period(case: Case, day: date) -> Answer:
    """Civil dates are compared as dates."""
    if not case.passed:
        return fails("result-not-pass")
    if day < (case.first_day or _day(case, case.issued_at)):
        return fails("not-yet-valid-on-date")
    if day > case.last_day:
        return fails("expired-on-date")
    return blocks("issued-in-future") if case.issued_at > case.knew + case.clock_skew else VALID


def _status_on(case: Case, day: date) -> Answer:
    """A day is as known as its least known instant, up to now (7); tomorrow is the future (11)."""
    first, end = midnight(day, case.zone), midnight(day + timedelta(1), case.zone)
    last = min(end - TICK, case.evaluated_at)
    if last < first:
        return _future(case, first)
    found = {_status(case, at) for at in _instants(case, first, last)}
    every = either(*found)
    mixed = every.outcomes - {"valid"} | {"undetermined"}
    is_open = len(every.outcomes) == 1 or all("valid" in answer.outcomes for answer in found)
    return Answer(every.outcomes if is_open else mixed, every.codes | {"status-changed-on-date"})


def _instants(case: Case, first: datetime, last: datetime) -> set[datetime]:
    """The instants of a stretch at which anything may change, each with its neighbours; between them nothing does."""
    turns = {first, last, *_turns(case)}
    return {at + step for at in turns for step in (-TICK, timedelta(), TICK) if first <= at + step <= last}


def _turns(case: Case) -> Iterator[datetime]:
    yield from (case.issued_at, case.evaluated_at - case.clock_skew)
    yield from (event.effective for event in case.events if event.effective)
    ends = [document.exp for document in case.documents]
    ends += [end for register in case.registers for end in (register.history_from, register.reliable_until)]
    yield from (end for end in ends if end)
    for seen in (case.knew, *(document.iat for document in case.documents)):
        yield from (seen, seen - case.clock_skew, seen + (case.max_status_age or timedelta()))


def _status_at(case: Case, at: datetime) -> Answer:
    """A moment later than now, whichever of two right clocks shows it, is the future (section 2)."""
    return _future(case, at) if at > case.now else _status(case, at)


def _future(case: Case, at: datetime) -> Answer:
    """It blocks; that what is revoked now will be revoked then may be said as well."""
    future = blocks("status-in-future")
    return either(future, fails(*_stops(case))) if _is_stopped_for_good(case, at) else future


# Section 4: status at an instant


def _status(case: Case, asked: datetime) -> Answer:
    """Open: whether lists that deny each other count for nothing, or nothing counts beside them (15)."""
    found = _status_by_facts(case, asked)
    is_denied = sum(a.iat <= case.horizon for a in case.lists) > len(case.readings)
    return either(found, fails(*CODE_OF.values()), blocks(*NOT_KNOWN)) if is_denied else found


def _status_by_facts(case: Case, asked: datetime) -> Answer:
    """What lies between start and issue is judged at issue (section 3). Stops come first, then what speaks for it."""
    at = max(asked, case.issued_at)
    if _is_stopped_for_good(case, at):
        return fails(*_stops(case))
    word, seen = _covering(case, at), _latest(case, at)
    newer = seen if seen and not (word and word.is_promised and seen.iat <= word.until) else None
    if _is_stopped_by_events(case, at):
        return _stopped_by_events(case, at, word, newer)
    if newer and newer.state != "valid" and (newer.iat <= at or not word):
        return _stopped_by_list(case, at, newer)
    if word and (word.is_settled or word.is_promised):
        found = _by_events(case, at, word)
        return found if word.is_settled else either(found, _by_lists(case, at, seen))
    return _by_lists(case, at, seen)


def _stops(case: Case) -> set[str]:
    """The code of every stop that is known: where there are several, the rules do not say which is named."""
    void = {"void-from-start" for event in case.events if event.effective is None}
    read = {event.kind for event in case.events} | {a.state for a in case.readings}
    return void | {code for stop, code in CODE_OF.items() if stop in read}


def _is_stopped_for_good(case: Case, at: datetime) -> bool:
    """A revocation is for good, and so is what is void: what a document once proved stays proved (1, 4, 8, 9)."""
    void = any(event.effective is None for event in case.events)
    revoked = any(e.kind == "revoked" and e.effective and e.effective <= at for e in case.events)
    return void or revoked or any(a.state == "revoked" and a.iat <= at for a in case.readings)


def _is_stopped_by_events(case: Case, at: datetime) -> bool:
    """Events are judged by effect, whenever recorded; of two at one instant the one that stops decides (1, 13)."""
    past = [e for e in case.events if e.effective and e.effective <= at]
    return any(e.kind == "superseded" for e in past) or _is_suspended(past)


def _is_suspended(past: list[Event]) -> bool:
    turns = sorted(
        (e.effective, e.kind == "suspended") for e in past if e.effective and e.kind in {"suspended", "resumed"}
    )
    return bool(turns) and turns[-1][1]


@dataclass(frozen=True)
class Word:
    """What a register says of an instant: complete until when, and whether that is recent enough to count.

    Open: whether its promise that nothing will have changed keeps it recent, and whether it counts beside a younger one
    that does not cover the instant.
    """

    until: datetime
    is_settled: bool
    is_promised: bool


def _covering(case: Case, at: datetime) -> Word | None:
    """The word of the youngest register that covers the instant."""
    words = [word for r in case.registers if r.iat <= case.now and (word := _word(case, r, at))]
    return max(words, key=lambda word: (word.is_settled, word.until), default=None)


def _word(case: Case, register: Register, at: datetime) -> Word | None:
    """Its history, up to its own time or its promise, and as far beyond as it is young enough (1, 3, 6, 8).

    One that knows the present alone speaks from its own time on, and only of what was observed by then (10).
    """
    until = min(register.iat, case.knew)
    if register.history_from is None:
        begins = register.iat <= min(case.near(at), case.horizon)
    else:
        begins = register.history_from <= min(case.near(at), until)
    kept = _kept(case, register)
    speaks = register.exp is None or at < register.exp
    reaches = at <= kept or (speaks and not case.is_old(kept, by=at))
    is_youngest = all(r.iat <= register.iat for r in case.registers if r.iat <= case.now)
    is_settled = is_youngest and case.is_settled(until)
    return Word(kept, is_settled, case.is_settled(kept)) if begins and reaches else None


def _kept(case: Case, register: Register) -> datetime:
    """Up to when a register vouches, as far as that was known."""
    promised = register.reliable_until if register.iat <= case.horizon else None
    return min(max(register.iat, promised or register.iat), case.knew)


def _latest(case: Case, at: datetime) -> List | None:
    """The last list that is not later than the instant."""
    return next((a for a in reversed(case.readings) if a.iat <= case.near(at)), None)


def _is_current(case: Case, seen: List, at: datetime) -> bool:
    """A list speaks for its own time, and as far beyond as it is young enough and has not expired (3, 8, 9)."""
    return (seen.exp is None or at < seen.exp) and not case.is_old(seen.iat, by=at) and case.is_settled(seen.iat)


def _is_backed(case: Case, seen: List, at: datetime) -> bool:
    """Whether that, or one before it that reads the same, does. Open: whether a younger one that has expired counts."""
    other = max((a.iat for a in case.readings if a.state != seen.state and a.iat < seen.iat), default=None)
    alike = (a for a in case.readings if a.iat <= seen.iat and (other is None or a.iat > other))
    return any(_is_current(case, a, at) for a in alike)


def _stopped_by_events(case: Case, at: datetime, word: Word | None, newer: List | None) -> Answer:
    """A suspension may have been lifted since: it fails only where a document covers the moment (8, 9).

    Open: a supersession that has grown old, a past that may have changed since (6), a moment before the history that a
    stated suspension reaches back to, and a later list that reads valid.
    """
    failed, gap = fails(*_stops(case)), blocks(*NOT_KNOWN)
    if newer and newer.state == "valid" and _is_current(case, newer, at):
        return either(failed, gap, VALID)
    is_covered = word and word.is_settled and word.until >= max(e.recorded for e in case.events if e.kind in CODE_OF)
    if is_covered and not newer:
        return failed
    is_before_history = any(min(at, case.knew) < (r.history_from or r.iat) for r in case.registers)
    is_open = word or newer or is_before_history or "superseded-by-then" in _stops(case)
    return either(failed, gap) if is_open else gap


def _stopped_by_list(case: Case, at: datetime, seen: List) -> Answer:
    """The last list reads so, and it is the same with it (8, 9). Open: one that the skew alone admits."""
    failed, gap = fails(*_stops(case)), blocks(*NOT_KNOWN)
    if _is_current(case, seen, at) and seen.iat <= at:
        return failed
    is_open = seen.iat > at or seen.state != "suspended" or _is_backed(case, seen, at)
    return either(failed, gap) if is_open else gap


def _by_events(case: Case, at: datetime, word: Word) -> Answer:
    """Events that cover the moment decide, and no later list discards them (1, 8).

    Of other lists that they do not explain, an earlier one stays proved; between their own time and a later one, nobody
    says when it changed; and a later revocation may reach back to the moment (2). Open: whether a list of which nobody
    knew yet shows that there is such an entry.
    """
    if not case.readings and all(event.kind != "issued" for event in case.events):
        later = [VALID] if any(a.iat <= case.now for a in case.lists) else []
        return either(_unanswered(case, *NOT_ANSWERED), *later)
    unexplained = [a for a in case.readings if a.state != "valid" and not _is_explained(case, a)]
    if any(a.iat <= case.near(at) for a in unexplained):
        failed = either(fails(*_stops(case)), blocks(*NOT_KNOWN))
        return failed if any(a.iat <= at for a in unexplained) else either(failed, VALID)
    if case.retroactive and any(a.state == "revoked" for a in unexplained):
        return blocks(*NOT_KNOWN)
    return _by_lists(case, at, _latest(case, at)) if unexplained and at > word.until else VALID


def _is_explained(case: Case, seen: List) -> bool:
    """Whether events say since when it is as the list reads: those known now, or those that were recorded by then."""
    past = [e for e in case.events if e.effective and e.effective <= seen.iat]
    if seen.state != "suspended":
        return any(e.kind == seen.state for e in past)
    return _is_suspended(past) or _is_suspended([e for e in past if e.recorded <= seen.iat])


def _by_lists(case: Case, at: datetime, seen: List | None) -> Answer:
    """No events cover it. Open: a list before events that stop it later; a later answer of who never lifts a stop."""
    later = [a for a in case.readings if a.iat > case.near(at)]
    stopped = [a for a in later if a.state != "valid" and not _is_explained(case, a)]
    proofs = [a for a in case.readings if a.state == "valid" and (a.iat == at or (a.iat > at and not case.suspends))]
    is_open = any(event.kind in CODE_OF for event in case.events)
    is_proved = bool(proofs) and not (stopped and case.retroactive) and case.is_settled(proofs[-1].iat)  # 2, 6
    is_seen = seen is not None and _is_current(case, seen, at) and not stopped  # 3, 4
    is_backed = seen is not None and seen.state == "valid" and _is_backed(case, seen, at) and not stopped
    is_stopped_later = bool(stopped) and (case.retroactive or case.suspends)
    is_answered = any(at < min(r.iat, case.horizon) and case.is_settled(_kept(case, r)) for r in case.registers)
    if not is_open and (is_proved or is_seen):
        return VALID
    if is_proved or is_seen or is_backed or (is_answered and not is_stopped_later and not case.suspends):
        return either(VALID, blocks(*NOT_KNOWN))
    return blocks(*NOT_KNOWN) if stopped else _unanswered(case, *NOT_KNOWN)  # 5


def _unanswered(case: Case, *codes: str) -> Answer:
    """It blocks. Open where there are documents alone: none that counts may be no answer, which the policy weighs."""
    is_answer = any(register.exp is None for register in case.registers)
    return blocks(*codes) if is_answer or case.required else either(VALID, blocks(*codes))
