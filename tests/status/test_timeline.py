"""The state at a moment, from what registers say: the rules one by one, then laws that hold for any record.

The rows are numbered by the rule of the design's fourth section that decides them; ``n`` stands for the rules about
time and knowledge (its second section) and for what follows from several.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import attrs
import pytest
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st

from certcore.reasons import REASONS, Axis, Effect
from certcore.status import StatusEvent, StatusEventKind, StatusObservation, StatusRecord, StatusState, timeline
from certcore.status._facts import Rules
from certcore.status._states import ROWS as STATE_ROWS
from certcore.status.timeline import Interval, Window, evaluate, in_force

TICK = timedelta(microseconds=1)
MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
NOW = datetime(2026, 10, 1, 4, 0, tzinfo=UTC)
T = datetime(2026, 9, 1, 2, 30, tzinfo=UTC)
ISSUED_AT = datetime(2025, 10, 10, 2, 0, tzinfo=UTC)
BEGIN = datetime(2020, 1, 1, tzinfo=UTC)
THE_DAY = Window(start=T - HOUR, end=T + 23 * HOUR)

ISSUED, REVOKED, SUSPENDED, RESUMED, SUPERSEDED = StatusEventKind
VALID = StatusState.VALID


def event(kind: StatusEventKind, effective_at: datetime | None, recorded_at: datetime | None = None) -> StatusEvent:
    """An event, recorded when it took effect unless said otherwise."""
    at = recorded_at or effective_at
    assert at is not None
    return StatusEvent(kind=kind, effective_at=effective_at, recorded_at=at)


def seen(state: StatusState, at: datetime) -> StatusObservation:
    """What a list said."""
    return StatusObservation(state=state, at=at)


def moment(at: datetime) -> Window:
    """One instant."""
    return Window(start=at, end=at + TICK)


def told(
    *events: StatusEvent,
    issued: bool = True,
    observed_at: datetime = NOW,
    history_from: datetime | None = BEGIN,
    reliable_until: datetime | None = None,
) -> StatusRecord:
    """A register that keeps events: the certificate was issued, and what else happened."""
    first = (event(ISSUED, ISSUED_AT),) if issued else ()
    return StatusRecord(
        events=(*first, *events), observed_at=observed_at, history_from=history_from, reliable_until=reliable_until
    )


def listed(
    *observations: tuple[StatusState, datetime],
    events: tuple[StatusEvent, ...] = (),
    observed_at: datetime = NOW,
    reliable_until: datetime | None = None,
) -> StatusRecord:
    """A register that publishes lists: what each said."""
    return StatusRecord(
        events=events,
        observations=[seen(*pair) for pair in observations],
        observed_at=observed_at,
        reliable_until=reliable_until,
    )


def rules(
    *,
    suspends: bool = True,
    retroactive: bool = True,
    max_age: timedelta | None = DAY,
    known_at: datetime = NOW,
    evaluated_at: datetime = NOW,
) -> Rules:
    """An issuer whose entries may resume and whose revocations may reach back, and a policy that bears a day."""
    return Rules(
        suspends=suspends,
        retroactive=retroactive,
        max_age=max_age,
        clock_skew=MINUTE,
        known_at=known_at,
        evaluated_at=evaluated_at,
    )


def found(record: StatusRecord, window: Window, by: Rules) -> list[str]:
    """The findings as ``effect code``."""
    return [f"{finding.effect.value} {finding.code}" for finding in evaluate(record, window, by)]


@attrs.frozen
class Row:
    """A record, a moment, how the register is kept, and what must be found."""

    name: str
    record: StatusRecord
    window: Window
    rules: Rules
    expected: tuple[str, ...]


def row(name: str, record: StatusRecord, *expected: str, at: datetime | Window = T, by: Rules | None = None) -> Row:
    """One row, about T unless said otherwise."""
    return Row(name, record, moment(at) if isinstance(at, datetime) else at, by or rules(), expected)


FIRM = rules(suspends=False, retroactive=False)
REACHING = rules(suspends=False, retroactive=True)
RESUMING = rules(suspends=True, retroactive=False)

RULE_1 = [
    row("1 nothing happened", told()),
    row("1 revoked at T", told(event(REVOKED, T)), "fails revoked-before-event"),
    row("1 revoked a tick before T", told(event(REVOKED, T - TICK)), "fails revoked-before-event"),
    row("1 revoked a tick after T", told(event(REVOKED, T + TICK)), "notes revoked-after-event"),
    row("1 revoked long after T", told(event(REVOKED, NOW)), "notes revoked-after-event"),
    row("1 suspended at T", told(event(SUSPENDED, T)), "fails suspended-then"),
    row("1 suspended a tick after T", told(event(SUSPENDED, T + TICK)), "notes suspended-after-event"),
    row("1 superseded at T", told(event(SUPERSEDED, T)), "fails superseded-by-then"),
    row("1 superseded a tick after T", told(event(SUPERSEDED, T + TICK)), "notes superseded-after-event"),
    row("1 resumed at T", told(event(SUSPENDED, T - DAY), event(RESUMED, T))),
    row("1 resumed a tick after T", told(event(SUSPENDED, T - DAY), event(RESUMED, T + TICK)), "fails suspended-then"),
    row(
        "1 suspended again later",
        told(event(SUSPENDED, T - 2 * DAY), event(RESUMED, T - DAY), event(SUSPENDED, T + DAY)),
        "notes suspended-after-event",
    ),
    row(
        "1 resumed after being revoked means nothing",
        told(event(REVOKED, T - 2 * DAY), event(RESUMED, T - DAY)),
        "fails revoked-before-event",
    ),
    row(
        "1 resumed after being superseded means nothing",
        told(event(SUPERSEDED, T - 2 * DAY), event(RESUMED, T - DAY)),
        "fails superseded-by-then",
    ),
    row("1 resumed without having been suspended", told(event(RESUMED, T - DAY))),
    row(
        "1 revoked while suspended",
        told(event(SUSPENDED, T - 2 * DAY), event(REVOKED, T - DAY), event(RESUMED, T - HOUR)),
        "fails revoked-before-event",
    ),
    row(
        "1 suspended by T and revoked after it",
        told(event(SUSPENDED, T - DAY), event(REVOKED, T + DAY)),
        "fails suspended-then",
    ),
    row("1 void from the start", told(event(REVOKED, None, NOW)), "fails void-from-start"),
    row("1 void, whatever the kind", told(event(SUSPENDED, None, NOW)), "fails void-from-start"),
    row("1 void before it was issued", told(event(REVOKED, None, NOW)), "fails void-from-start", at=BEGIN),
    row(
        "1 void beside a later revocation",
        told(event(REVOKED, T + DAY), event(REVOKED, None, NOW)),
        "fails void-from-start",
    ),
    row("1 resumed without a date is not void", told(event(RESUMED, None, NOW))),
    row(
        "1 a revocation decides over a list",
        listed((VALID, T + DAY), events=(event(REVOKED, T - DAY),)),
        "fails revoked-before-event",
        by=FIRM,
    ),
    row(
        "1 events decide without an issued event",
        told(event(REVOKED, T - DAY), issued=False),
        "fails revoked-before-event",
    ),
]

RULE_2 = [
    row("2 a list at T", listed((VALID, T)), by=FIRM),
    row("2 a list a tick after T", listed((VALID, T + TICK)), by=FIRM),
    row("2 a list long after T", listed((VALID, NOW)), by=FIRM),
    row("2 a list at T, entries may resume", listed((VALID, T)), by=RESUMING),
    row(
        "2 within the clocks' difference after a past T, entries may resume",
        listed((VALID, T + MINUTE)),
        "blocks status-gap",
        by=RESUMING,
    ),
    row(
        "2 within the clocks' difference after now, entries may resume",
        listed((VALID, NOW + MINUTE)),
        at=NOW,
        by=RESUMING,
    ),
    row(
        "2 past the clocks' difference, entries may resume",
        listed((VALID, T + MINUTE + TICK)),
        "blocks status-gap",
        by=RESUMING,
    ),
    row("2 a later list, entries may resume", listed((VALID, T + DAY)), "blocks status-gap", by=RESUMING),
    row("2 then revoked, not reaching back", listed((VALID, T + DAY), (StatusState.REVOKED, T + 2 * DAY)), by=FIRM),
    row(
        "2 then revoked, reaching back",
        listed((VALID, T + DAY), (StatusState.REVOKED, T + 2 * DAY)),
        "blocks revocation-effect-unknown",
        by=REACHING,
    ),
    row(
        "2 then superseded, reaching back",
        listed((VALID, T + DAY), (StatusState.SUPERSEDED, T + 2 * DAY)),
        "blocks revocation-effect-unknown",
        by=REACHING,
    ),
    row(
        "2 then superseded, not reaching back",
        listed((VALID, T + DAY), (StatusState.SUPERSEDED, T + 2 * DAY)),
        by=FIRM,
    ),
    row(
        "2 the order of lists does not matter",
        listed((StatusState.REVOKED, T + 2 * DAY), (VALID, T + DAY)),
        "blocks revocation-effect-unknown",
        by=REACHING,
    ),
]

RULE_3 = [
    row("3 as old as the policy bears", listed((VALID, T - DAY)), by=RESUMING),
    row("3 a tick older, long ago", listed((VALID, T - DAY - TICK)), "blocks status-not-covered"),
    row("3 a tick older, near now", listed((VALID, NOW - DAY - TICK)), "blocks status-stale", at=NOW),
    row("3 a policy that bears any age", listed((VALID, T - 365 * DAY)), by=rules(max_age=None)),
    row("3 older than any list should be", listed((VALID, BEGIN)), "notes status-stale", by=rules(max_age=None)),
    row(
        "3 as old, and not at its end",
        StatusRecord(observations=[StatusObservation(state=VALID, at=BEGIN, expires_at=T + DAY)], observed_at=NOW),
        by=rules(max_age=None),
    ),
    row(
        "3 a policy that bears none",
        listed((VALID, T - TICK)),
        "blocks status-not-covered",
        by=rules(max_age=timedelta(), retroactive=False),
    ),
    row("3 a policy that bears none, at T", listed((VALID, T)), by=rules(max_age=timedelta(), retroactive=False)),
    row("3 the youngest list counts", listed((VALID, T - DAY), (VALID, T - 9 * DAY)), by=RESUMING),
    row("3 too old before, and one after that proves", listed((VALID, T - 9 * DAY), (VALID, T + 9 * DAY)), by=FIRM),
    row(
        "3 between two lists nothing is known, where entries may resume",
        listed((VALID, T - 9 * DAY), (VALID, T + 9 * DAY)),
        "blocks status-gap",
        by=RESUMING,
    ),
    row("3 fresh before, and one after that proves nothing", listed((VALID, T - HOUR), (VALID, T + DAY)), by=RESUMING),
    row(
        "3 fresh before, revoked after",
        listed((VALID, T - HOUR), (StatusState.REVOKED, T + HOUR)),
        "blocks revocation-effect-unknown",
        by=FIRM,
    ),
]

RULE_4 = [
    row("4 a list that reads revoked at T", listed((StatusState.REVOKED, T)), "fails revoked-before-event", by=FIRM),
    row(
        "4 a list that reads revoked before T",
        listed((StatusState.REVOKED, T - 99 * DAY)),
        "fails revoked-before-event",
        by=FIRM,
    ),
    row(
        "4 a list that reads superseded before T",
        listed((StatusState.SUPERSEDED, T - 99 * DAY)),
        "fails superseded-by-then",
        by=FIRM,
    ),
    row("4 revoked only after T", listed((StatusState.REVOKED, T + TICK)), "blocks revocation-effect-unknown", by=FIRM),
    row(
        "4 revoked only after T, entries may resume",
        listed((StatusState.REVOKED, T + TICK)),
        "blocks revocation-effect-unknown",
    ),
]

RULE_5 = [
    row(
        "5 suspended long before T, entries may resume",
        listed((StatusState.SUSPENDED, T - DAY - TICK)),
        "blocks status-gap",
    ),
    row("5 suspended shortly before T", listed((StatusState.SUSPENDED, T - DAY)), "fails suspended-then", by=RESUMING),
    row("5 history from later than T", told(history_from=T + TICK), "blocks status-gap"),
    row("5 history from T", told(history_from=T)),
    row("5 history from later than T, nothing that stopped resumes", told(history_from=T + TICK), by=FIRM),
    row(
        "5 history from later, revoked since",
        told(event(REVOKED, T + DAY), history_from=T + TICK),
        "blocks revocation-effect-unknown",
        "notes revoked-after-event",
        by=REACHING,
    ),
    row("5 present only, entries may resume", told(history_from=None), "blocks as-of-unsupported"),
    row("5 present only, about now", told(history_from=None), at=NOW),
    row("5 present only, a minute ago", told(history_from=None), at=NOW - MINUTE),
    row(
        "5 present only, over a minute ago", told(history_from=None), "blocks as-of-unsupported", at=NOW - MINUTE - TICK
    ),
    row("5 present only, nothing that stopped resumes", told(history_from=None), by=FIRM),
    row("5 observed before T, within the age", told(observed_at=T - DAY), by=RESUMING),
    row("5 observed before T, a tick too old", told(observed_at=T - DAY - TICK), "blocks status-not-covered"),
    row("5 observed at T", told(observed_at=T), by=RESUMING),
    row("5 reliable until T", told(observed_at=T - 9 * DAY, reliable_until=T), by=RESUMING),
    row("5 reliable until a day before T", told(observed_at=T - 9 * DAY, reliable_until=T - DAY), by=RESUMING),
    row(
        "5 reliable until longer before T",
        told(observed_at=T - 9 * DAY, reliable_until=T - DAY - TICK),
        "blocks status-not-covered",
    ),
    row("5 reliable until before it was observed", told(observed_at=T, reliable_until=T - 9 * DAY), by=RESUMING),
    row("5 neither event nor list", told(issued=False), "blocks status-unknown-reference"),
    row("5 neither, and resumed", told(event(RESUMED, T - DAY), issued=False), "blocks status-unknown-reference"),
    row("5 neither, revoked later", told(event(REVOKED, T + DAY), issued=False), "blocks status-unknown-reference"),
    row(
        "5 a list contradicts the events",
        StatusRecord(
            events=[event(ISSUED, ISSUED_AT)],
            observations=[seen(StatusState.REVOKED, T - DAY)],
            observed_at=NOW,
            history_from=BEGIN,
        ),
        "fails revoked-before-event",
        by=FIRM,
    ),
    row(
        "5 a list agrees with the events",
        StatusRecord(
            events=[event(ISSUED, ISSUED_AT), event(REVOKED, T + DAY)],
            observations=[seen(StatusState.REVOKED, T + 2 * DAY)],
            observed_at=NOW,
            history_from=BEGIN,
        ),
        "notes revoked-after-event",
    ),
]

LATE = event(REVOKED, T - DAY, T + 9 * DAY)
KNOWING = [
    row("n recorded by known_at", told(LATE), "fails revoked-before-event", by=rules(known_at=T + 9 * DAY)),
    row("n recorded a tick after known_at", told(LATE), by=rules(known_at=T + 9 * DAY - TICK)),
    row("n void by known_at", told(event(REVOKED, None, T)), "fails void-from-start", by=rules(known_at=T)),
    row("n void after known_at", told(event(REVOKED, None, T)), at=T - DAY, by=rules(known_at=T - TICK)),
    row(
        "n issued after known_at",
        told(),
        "blocks status-unknown-reference",
        by=rules(known_at=ISSUED_AT - TICK),
        at=ISSUED_AT,
    ),
    row(
        "n a list after known_at",
        listed((VALID, T + DAY)),
        "blocks status-unknown-reference",
        by=rules(suspends=False, known_at=T),
    ),
    row("n a list by known_at", listed((VALID, T + DAY)), by=rules(suspends=False, known_at=T + DAY)),
    row(
        "n known_at before T: what was known then ends there",
        told(),
        "blocks status-not-covered",
        by=rules(known_at=T - DAY - TICK),
    ),
    row("n known_at before T, within the age", told(), by=rules(known_at=T - DAY)),
]

DAYS = [
    row("n a day on which nothing changed", told(), at=THE_DAY),
    row("n revoked in the middle of the day", told(event(REVOKED, T)), "blocks status-changed-on-date", at=THE_DAY),
    row(
        "n revoked with its first instant",
        told(event(REVOKED, THE_DAY.start)),
        "fails revoked-before-event",
        at=THE_DAY,
    ),
    row(
        "n revoked with its second",
        told(event(REVOKED, THE_DAY.start + TICK)),
        "blocks status-changed-on-date",
        at=THE_DAY,
    ),
    row(
        "n revoked with its last instant",
        told(event(REVOKED, THE_DAY.end - TICK)),
        "blocks status-changed-on-date",
        at=THE_DAY,
    ),
    row("n revoked with the next day", told(event(REVOKED, THE_DAY.end)), "notes revoked-after-event", at=THE_DAY),
    row(
        "n superseded in the middle of the day", told(event(SUPERSEDED, T)), "blocks status-changed-on-date", at=THE_DAY
    ),
    row(
        "n resumed in the middle of the day",
        told(event(SUSPENDED, T - DAY), event(RESUMED, T)),
        "blocks status-changed-on-date",
        at=THE_DAY,
    ),
    row(
        "n suspended and resumed within the day",
        told(event(SUSPENDED, T), event(RESUMED, T + HOUR)),
        "blocks status-changed-on-date",
        at=THE_DAY,
    ),
    row(
        "n suspended all day, revoked within it",
        told(event(SUSPENDED, T - DAY), event(REVOKED, T)),
        "fails suspended-then",
        at=THE_DAY,
    ),
    row(
        "n void, changed within the day",
        told(event(REVOKED, T), event(REVOKED, None, NOW)),
        "fails void-from-start",
        at=THE_DAY,
    ),
    row("n today, cut at now", told(), at=Window(start=NOW - 12 * HOUR, end=NOW + TICK)),
    row(
        "n revoked later today than now",
        told(event(REVOKED, NOW + HOUR, NOW)),
        "notes revoked-after-event",
        at=Window(start=NOW - 12 * HOUR, end=NOW + TICK),
    ),
    row(
        "n a list in the middle of the day proves nothing of its end",
        listed((VALID, T)),
        "blocks status-not-covered",
        at=THE_DAY,
        by=rules(suspends=False, retroactive=False, max_age=HOUR),
    ),
    row("n a list at the day's last instant proves the day", listed((VALID, THE_DAY.end - TICK)), at=THE_DAY, by=FIRM),
    row("n history from within the day", told(history_from=T), "blocks status-gap", at=THE_DAY),
]


LIST_AT, LIST_END = T - 9 * DAY, T - 8 * DAY


def ended(state: StatusState, *events: StatusEvent) -> StatusRecord:
    """A list that had expired by T, and an events document beside it."""
    return StatusRecord(
        events=events,
        observations=[StatusObservation(state=state, at=LIST_AT, expires_at=LIST_END)],
        observed_at=LIST_AT,
        history_from=BEGIN if events else None,
        expires_at=LIST_END if events else None,
    )


AGES = [
    row("6 observed as long ago as the policy bears", told(observed_at=NOW - DAY)),
    row("6 observed longer ago, and the past may change", told(observed_at=NOW - DAY - TICK), "blocks status-stale"),
    row("6 observed longer ago, and it may not", told(observed_at=NOW - DAY - TICK), by=RESUMING),
    row("6 observed longer ago than any age", told(observed_at=T), by=rules(max_age=None)),
    row("6 of then, judged by then", told(observed_at=T + DAY), by=rules(known_at=T + DAY)),
    row("6 a list at T", listed((VALID, T)), "blocks status-stale"),
    row("6 a list after T", listed((VALID, T + DAY)), "blocks status-stale", by=REACHING),
    row("6 a list of now", listed((VALID, T + DAY), (VALID, NOW)), by=REACHING),
    row(
        "6 a list after T reads superseded",
        listed((StatusState.SUPERSEDED, T + TICK)),
        "blocks revocation-effect-unknown",
        by=FIRM,
    ),
    row("6 what failed stays so", told(event(REVOKED, T), observed_at=T), "fails revoked-before-event"),
]

DOCUMENTS = [
    row("8 revoked, past its end", ended(StatusState.REVOKED), "fails revoked-before-event", by=FIRM),
    row("8 revoked, past its end, entries may return", ended(StatusState.REVOKED), "fails revoked-before-event"),
    row("8 superseded, past its end", ended(StatusState.SUPERSEDED), "blocks status-stale", by=FIRM),
    row("8 suspended, past its end", ended(StatusState.SUSPENDED), "blocks status-stale", by=rules(max_age=None)),
    row(
        "8 valid, past its end", ended(VALID), "blocks status-not-covered", by=rules(max_age=9 * DAY, retroactive=False)
    ),
    row(
        "8 void, past its end",
        ended(VALID, event(REVOKED, None, LIST_AT)),
        "fails void-from-start",
        by=rules(max_age=None),
    ),
    row("8 revoked by an event, past its end", ended(VALID, event(REVOKED, LIST_AT)), "fails revoked-before-event"),
    row("8 superseded by an event, past its end", ended(VALID, event(SUPERSEDED, LIST_AT)), "blocks status-stale"),
    row(
        "8 superseded by an event, proved before its end",
        ended(VALID, event(SUPERSEDED, LIST_AT - DAY)),
        "fails superseded-by-then",
        at=LIST_AT,
    ),
    row(
        "8 suspended by an event, past its end",
        ended(VALID, event(SUSPENDED, LIST_AT)),
        "blocks status-stale",
        by=rules(max_age=None),
    ),
    *(
        row(
            f"8 an earlier list contradicts the events, a later one reads {state.value}",
            attrs.evolve(
                told(observed_at=NOW - HOUR), observations=[seen(StatusState.SUSPENDED, T - DAY), seen(state, NOW)]
            ),
            "fails suspended-then",
            by=RESUMING,
        )
        for state in (StatusState.SUSPENDED, StatusState.SUPERSEDED, StatusState.REVOKED)
    ),
    *(
        row(
            f"8 suspended and resumed, covered, and a later list reads {state.value}",
            attrs.evolve(
                told(event(SUSPENDED, T - 2 * DAY), event(RESUMED, T - HOUR), observed_at=NOW - HOUR),
                observations=[seen(StatusState.SUSPENDED, T - DAY), seen(state, NOW)],
            ),
            by=RESUMING,
        )
        for state in (StatusState.SUSPENDED, StatusState.SUPERSEDED, StatusState.REVOKED)
    ),
    row(
        "8 a later list reads revoked, and may reach back",
        attrs.evolve(told(observed_at=NOW - HOUR), observations=[seen(StatusState.REVOKED, NOW)]),
        "blocks revocation-effect-unknown",
    ),
    row(
        "8 a later list reads revoked, where the events know of another stop",
        attrs.evolve(
            told(event(SUPERSEDED, T + DAY), observed_at=NOW - HOUR), observations=[seen(StatusState.REVOKED, NOW)]
        ),
        "blocks revocation-effect-unknown",
        "notes superseded-after-event",
    ),
]

SUSPENSIONS = [
    row(
        "9 suspended, as old as the policy bears",
        told(event(SUSPENDED, T - DAY), observed_at=NOW - DAY),
        "fails suspended-then",
        at=NOW,
    ),
    row(
        "9 suspended, a tick older",
        told(event(SUSPENDED, T - DAY), observed_at=NOW - DAY - TICK),
        "blocks status-stale",
        at=NOW,
    ),
    row("9 suspended, covered long ago", told(event(SUSPENDED, T), observed_at=T), "fails suspended-then"),
    row("9 revoked, of any age", told(event(REVOKED, T - DAY), observed_at=T), "fails revoked-before-event", at=NOW),
    row(
        "9 suspended, and a younger list reads valid",
        attrs.evolve(told(event(SUSPENDED, T), observed_at=NOW - DAY), observations=[seen(VALID, NOW - HOUR)]),
        at=NOW,
    ),
]

PRESENTS = [
    row(
        "10 as known when only the past was", told(history_from=None), "blocks as-of-unsupported", by=rules(known_at=T)
    ),
    row("10 promised from now on", told(history_from=None, reliable_until=NOW + HOUR), at=NOW),
    row("10 promised from then on", told(history_from=None, observed_at=T, reliable_until=NOW), by=RESUMING),
    row("10 promised later than T", told(history_from=None, reliable_until=NOW + HOUR), "blocks as-of-unsupported"),
    row("15 of a later time than now", told(observed_at=NOW + MINUTE + TICK), "blocks status-stale", at=NOW),
    row("15 of the clocks' difference from now", told(observed_at=NOW + MINUTE), at=NOW),
    row("15 of the year 9999", told(observed_at=datetime(9999, 1, 1, tzinfo=UTC)), "blocks status-not-covered"),
    row("15 suspended, of a later time", told(event(SUSPENDED, T), observed_at=NOW + DAY), "blocks status-stale"),
    row("15 revoked, of a later time", told(event(REVOKED, T), observed_at=NOW + DAY), "fails revoked-before-event"),
    row(
        "15 a list of a later time",
        listed((VALID, NOW + MINUTE + TICK)),
        "blocks status-unknown-reference",
        at=NOW,
    ),
    *(
        row(f"15 two lists of T, valid and {state.value}", listed((VALID, T), (state, T)), "blocks status-gap", by=by)
        for state in (StatusState.SUSPENDED, StatusState.SUPERSEDED, StatusState.REVOKED)
        for by in (RESUMING,)
    ),
    row(
        "15 two lists of T, and a later one",
        listed((VALID, T), (StatusState.SUSPENDED, T), (VALID, T + HOUR)),
        at=T + HOUR,
        by=RESUMING,
    ),
    row(
        "13 suspended and resumed at one instant, whichever was recorded first",
        told(event(SUSPENDED, T - DAY, T - 2 * DAY), event(RESUMED, T - DAY, T - HOUR)),
        "fails suspended-then",
    ),
    row(
        "13 recorded in another order than that of effect",
        told(event(REVOKED, T - DAY, NOW - DAY), event(SUPERSEDED, T + DAY, T)),
        "fails revoked-before-event",
    ),
]

LEAST_KNOWN = [
    row(
        "7 read valid at its beginning, and suspended in it",
        listed((VALID, THE_DAY.start), (StatusState.SUSPENDED, T)),
        "blocks status-changed-on-date",
        at=THE_DAY,
        by=RESUMING,
    ),
    row(
        "7 read valid at its beginning, and superseded in it",
        listed((VALID, THE_DAY.start), (StatusState.SUPERSEDED, T)),
        "blocks status-changed-on-date",
        at=THE_DAY,
        by=RESUMING,
    ),
    row("7 read valid at noon, entries may return", listed((VALID, T)), "blocks status-gap", at=THE_DAY, by=RESUMING),
    row("7 read valid before it", listed((VALID, THE_DAY.start)), at=THE_DAY, by=RESUMING),
    row(
        "7 read valid before it, and its end too far",
        listed((VALID, THE_DAY.start - TICK)),
        "blocks status-not-covered",
        at=Window(start=THE_DAY.start, end=THE_DAY.start + DAY + TICK),
        by=RESUMING,
    ),
    row(
        "7 a list that ends in it",
        StatusRecord(observations=[StatusObservation(state=VALID, at=THE_DAY.start, expires_at=T)], observed_at=NOW),
        "blocks status-not-covered",
        at=THE_DAY,
        by=RESUMING,
    ),
]

ROWS = [
    *AGES,
    *DOCUMENTS,
    *SUSPENSIONS,
    *PRESENTS,
    *LEAST_KNOWN,
    *RULE_1,
    *RULE_2,
    *RULE_3,
    *RULE_4,
    *RULE_5,
    *KNOWING,
    *DAYS,
]


@pytest.mark.parametrize("case", [pytest.param(case, id=case.name) for case in ROWS])
def test_what_is_found(case: Row) -> None:
    """Each row finds exactly what its rule says."""
    assert list(case.expected) == found(case.record, case.window, case.rules)


def test_rows_are_named_once() -> None:
    """No row is there twice."""
    assert len(ROWS) == len({case.name for case in ROWS})


BEFORE, AFTER = T - HOUR, T + DAY
REVOKED_SEEN = StatusState.REVOKED


@pytest.mark.parametrize(
    ("suspends", "retroactive", "states", "expected"),
    [
        # one list before T, fresh
        *[(s, r, ((VALID, BEFORE),), ()) for s in (True, False) for r in (True, False)],
        *[
            (s, r, ((REVOKED_SEEN, BEFORE),), ("fails revoked-before-event",))
            for s in (True, False)
            for r in (True, False)
        ],
        # one list after T
        *[(True, r, ((VALID, AFTER),), ("blocks status-gap",)) for r in (True, False)],
        *[(False, r, ((VALID, AFTER),), ()) for r in (True, False)],
        *[
            (s, r, ((REVOKED_SEEN, AFTER),), ("blocks revocation-effect-unknown",))
            for s in (True, False)
            for r in (True, False)
        ],
        # one on either side
        *[(s, r, ((VALID, BEFORE), (VALID, AFTER)), ()) for s in (True, False) for r in (True, False)],
        *[
            (s, r, ((VALID, BEFORE), (REVOKED_SEEN, AFTER)), ("blocks revocation-effect-unknown",))
            for s in (True, False)
            for r in (True, False)
        ],
        # two after T: what reads valid proves T, and what reads revoked after it may reach back
        (False, False, ((VALID, AFTER), (REVOKED_SEEN, AFTER + DAY)), ()),
        (False, True, ((VALID, AFTER), (REVOKED_SEEN, AFTER + DAY)), ("blocks revocation-effect-unknown",)),
        (True, False, ((VALID, AFTER), (REVOKED_SEEN, AFTER + DAY)), ("blocks revocation-effect-unknown",)),
        (True, True, ((VALID, AFTER), (REVOKED_SEEN, AFTER + DAY)), ("blocks revocation-effect-unknown",)),
    ],
)
def test_lists_on_either_side(
    *, suspends: bool, retroactive: bool, states: tuple[tuple[StatusState, datetime], ...], expected: tuple[str, ...]
) -> None:
    """Lists before and after T, for every way in which an issuer may keep its register; whatever their age."""
    by = rules(suspends=suspends, retroactive=retroactive, max_age=None)

    assert list(expected) == found(listed(*states), moment(T), by)


def test_a_younger_list_outweighs_an_older_one() -> None:
    """Where entries may resume, the youngest list by T speaks; an older suspension is over."""
    record = listed((StatusState.SUSPENDED, T - 2 * HOUR), (VALID, T - HOUR))

    assert all(finding.effect is not Effect.FAILS for finding in evaluate(record, moment(T), RESUMING))


@pytest.mark.parametrize("state", [StatusState.REVOKED, StatusState.SUSPENDED, StatusState.SUPERSEDED])
@pytest.mark.parametrize("by", [FIRM, REACHING, pytest.param(RESUMING), pytest.param(rules())])
def test_a_list_that_contradicts_the_events(by: Rules, state: StatusState) -> None:
    """Events that show nothing wrong do not make valid what a list by T read otherwise."""
    contradicted = attrs.evolve(told(), observations=[seen(state, T - DAY)])

    for at in (T, NOW):
        assert any(finding.effect is not Effect.NOTES for finding in evaluate(contradicted, moment(at), by))


def test_the_registers_word_for_why() -> None:
    """A finding carries the reason that the register gave for the event, and no other."""
    why = StatusEvent(kind=REVOKED, effective_at=T, recorded_at=T, reason="stolen-blank")
    before = StatusEvent(kind=SUSPENDED, effective_at=T - DAY, recorded_at=T - DAY, reason="unpaid")

    (finding,) = evaluate(told(before, why), moment(T), rules())

    assert ("revoked-before-event", (("reason", "stolen-blank"),)) == (finding.code, finding.detail)


# in_force

PERIOD = Interval(start_at=ISSUED_AT, end_at=NOW + 365 * DAY)


def spans(record: StatusRecord, by: Rules | None = None, period: Interval = PERIOD) -> list[tuple[object, object]]:
    """The stretches as pairs."""
    return [(interval.start_at, interval.end_at) for interval in in_force(record, period, by or rules())]


def test_in_force_without_an_end() -> None:
    """A certificate that nothing happened to is in force from its start, and nobody knows until when."""
    assert [(ISSUED_AT, None)] == spans(told())


def test_in_force_to_the_end_of_its_period() -> None:
    """Once its period is over, the end is known."""
    assert [(ISSUED_AT, T)] == spans(told(), period=Interval(start_at=ISSUED_AT, end_at=T))


def test_in_force_around_a_suspension() -> None:
    """A suspension leaves a gap; a revocation ends it."""
    record = told(event(SUSPENDED, T), event(RESUMED, T + DAY), event(REVOKED, T + 9 * DAY))

    assert [(ISSUED_AT, T), (T + DAY, T + 9 * DAY)] == spans(record)


@pytest.mark.parametrize(
    "record",
    [
        told(issued=False),
        told(event(REVOKED, None, NOW)),
        told(event(REVOKED, ISSUED_AT)),
        listed((StatusState.REVOKED, T)),
    ],
    ids=["unknown", "void", "revoked-with-its-start", "list-reads-revoked"],
)
def test_never_in_force(record: StatusRecord) -> None:
    """Unknown, void, stopped at once, or stopped nobody knows when: there is no stretch."""
    assert [] == spans(record)


def test_in_force_only_as_far_back_as_history() -> None:
    """Before the history begins nothing is claimed; with the present alone the start is open."""
    assert [(T, None)] == spans(told(history_from=T))
    assert [(None, None)] == spans(told(history_from=None))


@pytest.mark.parametrize("suspends", [True, False])
def test_in_force_by_the_present_alone(*, suspends: bool) -> None:
    """What was over before a register spoke that knows the present alone is not claimed, unless nothing returns."""
    over = Interval(start_at=ISSUED_AT, end_at=T)
    by = rules(suspends=suspends)

    assert ([] if suspends else [(None, T)]) == spans(told(history_from=None), by, over)
    assert [] == spans(told(event(REVOKED, T), history_from=None), by)
    assert [] == spans(listed((VALID, T - DAY), (VALID, T + DAY)), rules(), over)


def test_never_in_force_by_an_answer_of_the_future() -> None:
    """What is observed later than now is no observation: no stretch rests on it."""
    assert [] == spans(told(observed_at=NOW + DAY), rules(retroactive=False))


@pytest.mark.parametrize("state", [StatusState.REVOKED, StatusState.SUSPENDED, StatusState.SUPERSEDED])
def test_between_a_list_that_reads_valid_and_one_that_does_not(state: StatusState) -> None:
    """However old an answer may be, nobody says when between the two lists it changed."""
    record = listed((VALID, T - DAY), (state, T + DAY))

    (finding,) = evaluate(record, moment(T), rules(max_age=None, retroactive=False))

    assert Effect.BLOCKS is finding.effect


def test_a_return_that_a_list_told_and_that_has_expired() -> None:
    """Older events that say suspended do not become good because a younger list that read valid has ended."""
    record = attrs.evolve(
        listed(events=(event(SUSPENDED, T - 3 * DAY),), observed_at=T - 3 * DAY),
        history_from=T - 3 * DAY,
        observations=[StatusObservation(state=VALID, at=T - 2 * DAY, expires_at=T - DAY)],
    )

    (finding,) = evaluate(record, moment(T), rules(max_age=7 * DAY, retroactive=False))

    assert Effect.NOTES is not finding.effect


def test_in_force_begins_with_its_period() -> None:
    """A return before the period begins, told by the present alone, begins no earlier than the period."""
    record = told(event(SUSPENDED, ISSUED_AT), event(RESUMED, ISSUED_AT + DAY), history_from=None)

    assert [(T, None)] == spans(record, period=Interval(start_at=T, end_at=None))


def test_in_force_as_known_then() -> None:
    """What was not recorded by known_at does not shorten a stretch."""
    record = told(event(REVOKED, T, T + 9 * DAY))

    assert [(ISSUED_AT, None)] == spans(record, rules(known_at=T + DAY))
    assert [(ISSUED_AT, T)] == spans(record)


def test_in_force_is_cut_to_the_period() -> None:
    """Revoked after its period: in force to the period's end, no longer."""
    record = told(event(REVOKED, T + 9 * DAY))

    assert [(ISSUED_AT, T)] == spans(record, period=Interval(start_at=ISSUED_AT, end_at=T))


# Laws

HOURS = st.integers(0, 48).map(lambda hours: T + timedelta(hours=hours - 24))
KINDS = st.sampled_from(list(StatusEventKind))
EVENTS = st.lists(
    st.builds(event, KINDS, st.none() | HOURS, HOURS), max_size=6, unique_by=lambda e: (e.effective_at, e.recorded_at)
)
SEEN = st.lists(st.builds(seen, st.sampled_from(list(StatusState)), HOURS), max_size=4, unique_by=lambda s: s.at)
ANY_RULES = st.builds(
    rules,
    suspends=st.booleans(),
    retroactive=st.booleans(),
    max_age=st.sampled_from([None, timedelta(), HOUR, DAY]),
    known_at=HOURS | st.just(NOW),
)
MOMENTS = st.one_of(HOURS.map(moment), HOURS.map(lambda at: Window(start=at, end=at + DAY)))
RECORDS = st.builds(
    StatusRecord,
    events=EVENTS,
    observations=SEEN,
    observed_at=HOURS | st.just(NOW),
    history_from=st.sampled_from([None, BEGIN, T]),
    reliable_until=st.none() | HOURS,
)


@settings(deadline=None)  # a slow machine is no failure
@given(RECORDS, MOMENTS, ANY_RULES)
def test_every_finding_is_a_reason(record: StatusRecord, window: Window, by: Rules) -> None:
    """Every finding is a reason about status or freshness, with an effect that the table lets it have."""
    for finding in evaluate(record, window, by):
        meaning = REASONS[finding.code]

        assert meaning.axis in {Axis.STATUS, Axis.FRESHNESS}
        assert finding.effect in meaning.effects


def peaceful(record: StatusRecord) -> StatusRecord:
    """The record without anything that speaks against the certificate."""
    return attrs.evolve(
        record,
        events=[happened for happened in record.events if happened.kind is ISSUED],
        observations=[said for said in record.observations if said.state is VALID],
    )


@settings(deadline=None, max_examples=300)  # a slow machine is no failure
@given(RECORDS | RECORDS.map(peaceful), MOMENTS, ANY_RULES)
@example(listed((VALID, T), events=()), moment(T), rules())
@example(attrs.evolve(listed((VALID, NOW)), history_from=BEGIN), moment(T), rules())
@example(attrs.evolve(listed((VALID, NOW)), history_from=BEGIN), THE_DAY, rules())
@example(attrs.evolve(listed((VALID, NOW + HOUR)), history_from=BEGIN), moment(T), rules())
@example(attrs.evolve(listed((VALID, NOW - DAY)), history_from=T), THE_DAY, rules(max_age=timedelta()))
def test_the_short_way_finds_what_the_long_one_finds(record: StatusRecord, window: Window, by: Rules) -> None:
    """Records in which nothing happened are not put in order; if they were, nothing else would be found."""
    short = evaluate(record, window, by)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(timeline, "_is_untouched", lambda *_: False)
        assert evaluate(record, window, by) == short


@settings(deadline=None)  # a slow machine is no failure
@given(RECORDS, MOMENTS, ANY_RULES, KINDS, st.none() | HOURS, st.integers(1, 10**12))
def test_what_is_recorded_later_is_not_known(
    record: StatusRecord, window: Window, by: Rules, kind: StatusEventKind, effective_at: datetime | None, later: int
) -> None:
    """An event that was recorded after known_at, and after what two right clocks differ by, changes nothing."""
    more = event(kind, effective_at, by.known_at + by.clock_skew + timedelta(microseconds=later))

    assert evaluate(record, window, by) == evaluate(attrs.evolve(record, events=(*record.events, more)), window, by)


@settings(deadline=None)  # a slow machine is no failure
@given(RECORDS, MOMENTS, ANY_RULES)
def test_a_forgetful_register_never_makes_anything_valid(record: StatusRecord, window: Window, by: Rules) -> None:
    """With neither an issued event nor an observation something always fails or blocks."""
    events = [happened for happened in record.events if happened.kind is not ISSUED]
    forgetful = attrs.evolve(record, events=events, observations=())

    assert any(finding.effect is not Effect.NOTES for finding in evaluate(forgetful, window, by))


@settings(deadline=None)  # a slow machine is no failure
@given(RECORDS, MOMENTS, ANY_RULES, st.sampled_from([REVOKED, SUSPENDED, SUPERSEDED]))
def test_void_fails_for_every_moment(record: StatusRecord, window: Window, by: Rules, kind: StatusEventKind) -> None:
    """Once it is known that a certificate is void from the start, it fails for every T."""
    void = attrs.evolve(record, events=(*record.events, event(kind, None, by.known_at)))

    assert ["fails void-from-start"] == found(void, window, by)


def unambiguous(record: StatusRecord) -> bool:
    """Whether no two events have effect and were recorded at the same times."""
    keys = [(happened.effective_at or happened.recorded_at, happened.recorded_at) for happened in record.events]
    return len(keys) == len(set(keys))


@settings(deadline=None)  # a slow machine is no failure
@given(RECORDS.filter(unambiguous), MOMENTS, ANY_RULES, st.randoms(use_true_random=False))
def test_order_does_not_matter(record: StatusRecord, window: Window, by: Rules, random: object) -> None:
    """A register may state its events and observations in any order."""
    events, observations = list(record.events), list(record.observations)
    random.shuffle(events)  # type: ignore[attr-defined]  # Hypothesis gives a random.Random
    random.shuffle(observations)  # type: ignore[attr-defined]  # as above
    mixed = attrs.evolve(record, events=events, observations=observations)

    assert evaluate(record, window, by) == evaluate(mixed, window, by)


def test_order_does_not_matter_for_equal_times() -> None:
    """Nor does it where two events have effect and were recorded at one instant."""
    pair = (event(SUSPENDED, T), event(RESUMED, T))

    assert found(told(*pair), moment(T + HOUR), rules()) == found(told(*reversed(pair)), moment(T + HOUR), rules())


def test_order_does_not_matter_for_equal_lists() -> None:
    """Nor for two lists of one instant."""
    pair = ((StatusState.SUSPENDED, T), (StatusState.REVOKED, T))

    assert found(listed(*pair), moment(T), FIRM) == found(listed(*reversed(pair)), moment(T), FIRM)


@settings(deadline=None)  # a slow machine is no failure
@given(RECORDS, HOURS, ANY_RULES)
@example(told(event(SUSPENDED, T), event(RESUMED, T + HOUR)), T, rules())
def test_in_force_is_ordered_and_apart(record: StatusRecord, at: datetime, by: Rules) -> None:
    """Stretches are ordered, do not touch, and lie within the period."""
    period = Interval(start_at=at - DAY, end_at=at + DAY)
    found_at: datetime | None = None
    for number, interval in enumerate(in_force(record, period, by)):
        assert interval.start_at is not None or number == 0
        if interval.start_at is not None:
            assert found_at is None or found_at < interval.start_at
            assert at - DAY <= interval.start_at < at + DAY
        if interval.end_at is not None:
            assert interval.start_at is None or interval.start_at < interval.end_at
            assert interval.end_at <= at + DAY
        found_at = interval.end_at


@settings(deadline=None)  # a slow machine is no failure
@given(RECORDS, HOURS, ANY_RULES)
def test_where_it_is_in_force_nothing_fails(record: StatusRecord, at: datetime, by: Rules) -> None:
    """No instant within a stretch fails, and none that fails lies within a stretch."""
    period = Interval(start_at=T - 2 * DAY, end_at=T + 2 * DAY)
    stretches = in_force(record, period, by)
    inside = any(
        (interval.start_at is None or interval.start_at <= at) and (interval.end_at is None or at < interval.end_at)
        for interval in stretches
    )

    fails = any(finding.effect is Effect.FAILS for finding in evaluate(record, moment(at), by))

    assert not (inside and fails)


STEP = timedelta(minutes=20)


@settings(deadline=None)  # a slow machine is no failure
@given(RECORDS, HOURS, ANY_RULES, st.integers(1, 72))
@example(listed((VALID, T - 12 * HOUR), (StatusState.SUSPENDED, T)), T - 12 * HOUR, RESUMING, 72)
def test_a_day_is_as_known_as_its_least_known_instant(
    record: StatusRecord, start: datetime, by: Rules, steps: int
) -> None:
    """A stretch is good only if each of its instants is, and fails only if each does."""
    window = Window(start=start, end=start + steps * STEP)
    effects = {worst(record, moment(start + number * STEP), by) for number in range(steps)}

    assert worst(record, window, by) is not None or effects == {None}
    assert worst(record, window, by) is not Effect.FAILS or effects == {Effect.FAILS}


def worst(record: StatusRecord, window: Window, by: Rules) -> Effect | None:
    """The weightiest effect; None where nothing but notes is found."""
    effects = {finding.effect for finding in evaluate(record, window, by)} - {Effect.NOTES}
    return Effect.FAILS if Effect.FAILS in effects else next(iter(effects), None)


@settings(deadline=None)  # a slow machine is no failure
@given(RECORDS, MOMENTS, ANY_RULES, st.sampled_from([timedelta(), HOUR, DAY]))
def test_a_stricter_policy_never_gains(record: StatusRecord, window: Window, by: Rules, max_age: timedelta) -> None:
    """Who bears less age finds nothing good that was not."""
    assume(by.max_age is None or max_age <= by.max_age)

    assert worst(record, window, attrs.evolve(by, max_age=max_age)) is not None or worst(record, window, by) is None


def test_in_force_before_issue() -> None:
    """Before it was issued a certificate stands as at its issue: revoked with it, it never was in force."""
    period = Interval(start_at=ISSUED_AT - HOUR, end_at=NOW + DAY)
    at_once, later = told(event(REVOKED, ISSUED_AT)), told(event(REVOKED, ISSUED_AT + TICK))
    before = told(event(SUSPENDED, ISSUED_AT - MINUTE), event(RESUMED, ISSUED_AT - TICK))

    assert () == in_force(at_once, period, rules(), issued_at=ISSUED_AT)
    assert [(ISSUED_AT - HOUR, ISSUED_AT + TICK)] == [
        (interval.start_at, interval.end_at) for interval in in_force(later, period, rules(), issued_at=ISSUED_AT)
    ]
    assert [(ISSUED_AT - HOUR, None)] == [
        (interval.start_at, interval.end_at) for interval in in_force(before, period, rules(), issued_at=ISSUED_AT)
    ]


def test_every_state_has_one_row() -> None:
    """Every state has its row in status/_states.py, with a rank of its own, and reasons unless it is the first."""
    assert set(StatusState) == {row.state for row in STATE_ROWS}
    assert len(STATE_ROWS) == len({row.rank for row in STATE_ROWS}) == len({row.number for row in STATE_ROWS})
    for row in STATE_ROWS:
        assert (row.rank > 0) is (row.before in REASONS) is (row.after in REASONS) is (row.stopped_by is not None)
