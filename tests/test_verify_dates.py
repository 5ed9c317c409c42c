"""Days and moments: the civil days of the issuer's zone, where they begin and end, and what a clock may not know."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta, timezone
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from certcore import Outcome, Policy
from certcore.status import StatusEventKind
from tests.verify_cases import (
    ISSUED,
    NOW,
    SEEN,
    TEXT,
    Answers,
    certificate,
    happened,
    live,
    reasons,
    record,
    registered,
    seal,
    trust_list,
    trusted_issuer,
    verifier,
)

DAY, HOUR, MINUTE, SECOND = timedelta(days=1), timedelta(hours=1), timedelta(minutes=1), timedelta(seconds=1)
TICK = timedelta(microseconds=1)
SHANGHAI = ZoneInfo("Asia/Shanghai")
EXPIRED, NOT_YET = ("expired-on-date", "fails"), ("not-yet-valid-on-date", "fails")
LATE = ("issued-after-event", "notes")
FUTURE = ("status-in-future", "blocks")
CHANGED = ("period-changed-on-date", "blocks")


def ask(
    as_of: datetime | date,
    zone: str = "Asia/Shanghai",
    *,
    at: datetime = NOW,
    known_at: datetime | None = None,
    status: Any = None,  # noqa: ANN401  any backend
    **changes: Any,  # noqa: ANN401  any field of a certificate
) -> set[tuple[str, str]]:
    """What is found of a certificate of an issuer in this zone, known to its register."""
    trust = trust_list(trusted_issuer(time_zone=zone), issued_at=at - DAY, next_update_at=at + DAY)
    asking = verifier(registered() if status is None else status, trust=trust, at=at)
    return reasons(asking.verify(seal(certificate(**changes)), as_of=as_of, expect=SEEN, known_at=known_at))


def local(zone: str, *when: int, fold: int = 0) -> datetime:
    """A moment by the clocks of a zone."""
    year, month, day, *time = when
    return datetime(year, month, day, *time, tzinfo=ZoneInfo(zone), fold=fold)  # type: ignore[arg-type, misc]  # at most 4


# The last day and the first


@pytest.mark.parametrize(
    ("as_of", "expected"),
    [
        (datetime(2026, 9, 1, 23, 59, 59, tzinfo=SHANGHAI), set()),
        (datetime(2026, 9, 1, 23, 59, 59, 999_999, tzinfo=SHANGHAI), set()),
        (datetime(2026, 9, 2, 0, 0, 0, tzinfo=SHANGHAI), {EXPIRED}),
        (datetime(2026, 9, 1, 15, 59, 59, tzinfo=UTC), set()),
        (datetime(2026, 9, 1, 16, 0, 0, tzinfo=UTC), {EXPIRED}),
        (datetime(2026, 9, 1, 23, 59, 59, tzinfo=UTC), {EXPIRED}),
        (datetime(2026, 9, 1, 5, 59, 59, tzinfo=timezone(timedelta(hours=-10))), set()),
        (datetime(2026, 9, 1, 6, 0, 0, tzinfo=timezone(timedelta(hours=-10))), {EXPIRED}),
        (date(2026, 9, 1), set()),
        (date(2026, 9, 2), {EXPIRED}),
    ],
)
def test_the_last_day(as_of: datetime | date, expected: set[tuple[str, str]]) -> None:
    """It holds to the last instant of its last day in the issuer's zone, in whatever zone the question is put."""
    assert expected == ask(as_of, valid_until=date(2026, 9, 1))


@pytest.mark.parametrize(
    ("as_of", "expected"),
    [
        (datetime(2025, 10, 9, 15, 59, 59, 999_999, tzinfo=UTC), {NOT_YET}),
        (datetime(2025, 10, 9, 16, 0, 0, tzinfo=UTC), {LATE}),
        (ISSUED - TICK, {LATE}),
        (ISSUED, set()),
        (date(2025, 10, 9), {NOT_YET}),
        (date(2025, 10, 10), {LATE}),
        (date(2025, 10, 11), set()),
    ],
)
@pytest.mark.parametrize("inspected_on", [date(2025, 10, 10), None], ids=["inspected", "issued"])
def test_the_first_day(as_of: datetime | date, inspected_on: date | None, expected: set[tuple[str, str]]) -> None:
    """It begins with the day of inspection, else of issue; before its time of issue that is noted."""
    assert expected == ask(as_of, inspected_on=inspected_on)


@pytest.mark.parametrize(
    ("valid_from", "inspected_on", "first"),
    [
        (date(2025, 10, 5), date(2025, 10, 1), date(2025, 10, 5)),
        (date(2025, 10, 1), date(2025, 10, 5), date(2025, 10, 1)),
        (None, date(2025, 10, 5), date(2025, 10, 5)),
        (date(2025, 10, 5), None, date(2025, 10, 5)),
        (None, None, date(2025, 10, 10)),
        (date(2025, 11, 1), date(2025, 10, 5), date(2025, 11, 1)),
    ],
)
def test_which_day_is_the_first(valid_from: date | None, inspected_on: date | None, first: date) -> None:
    """valid_from, else the day of inspection, else the day of issue, in the issuer's zone."""
    days: dict[str, Any] = {"valid_from": valid_from, "inspected_on": inspected_on}

    assert NOT_YET in ask(first - DAY, **days)
    assert NOT_YET not in ask(first, **days)


def test_the_day_of_issue_is_the_issuers() -> None:
    """Issued at ten in the evening by UTC's clock, it begins on the next day in Shanghai and on that day in Berlin."""
    changes: dict[str, Any] = {"inspected_on": None, "issued_at": datetime(2025, 10, 10, 22, tzinfo=UTC)}

    assert NOT_YET in ask(date(2025, 10, 10), "Asia/Shanghai", **changes)
    assert NOT_YET not in ask(date(2025, 10, 11), "Asia/Shanghai", **changes)
    assert NOT_YET not in ask(date(2025, 10, 11), "Europe/Berlin", **changes)
    assert NOT_YET in ask(date(2025, 10, 9), "America/Los_Angeles", **changes)
    assert NOT_YET not in ask(date(2025, 10, 10), "America/Los_Angeles", **changes)


@pytest.mark.parametrize(
    ("zone", "utc_hour", "day_is_over"),
    [
        ("Pacific/Kiritimati", 9, False),
        ("Pacific/Kiritimati", 10, True),
        ("Asia/Kathmandu", 18, False),
        ("Asia/Kathmandu", 19, True),
        ("UTC", 23, False),
        ("America/New_York", 23, False),
        ("Etc/GMT+12", 23, False),
    ],
)
def test_where_the_date_is_another_than_utcs(zone: str, utc_hour: int, *, day_is_over: bool) -> None:
    """East of UTC the last day is over before UTC's; west of it, it is not over yet."""
    as_of = datetime(2026, 9, 1, utc_hour, tzinfo=UTC)

    assert day_is_over == (EXPIRED in ask(as_of, zone, valid_until=date(2026, 9, 1)))


@pytest.mark.parametrize(
    ("valid_until", "last", "after"),
    [
        (date(2028, 2, 29), date(2028, 2, 29), date(2028, 3, 1)),
        (date(2028, 2, 28), date(2028, 2, 28), date(2028, 2, 29)),
        (date(2026, 2, 28), date(2026, 2, 28), date(2026, 3, 1)),
        (date(2026, 12, 31), date(2026, 12, 31), date(2027, 1, 1)),
    ],
)
def test_leap_days_and_years(valid_until: date, last: date, after: date) -> None:
    """29 February is a day like any other, and the year's end no more than a day's."""
    at = datetime(2029, 1, 1, tzinfo=UTC)

    assert set() == ask(last, at=at, valid_until=valid_until)
    assert {EXPIRED} == ask(after, at=at, valid_until=valid_until)
    midnight = datetime(after.year, after.month, after.day, tzinfo=SHANGHAI)
    assert set() == ask(midnight - TICK, at=at, valid_until=valid_until)
    assert {EXPIRED} == ask(midnight, at=at, valid_until=valid_until)


# Where midnight does not exist, or an hour does twice


@pytest.mark.parametrize(
    ("zone", "day", "first"),
    [
        ("Africa/Cairo", date(2026, 4, 24), datetime(2026, 4, 23, 22, tzinfo=UTC)),
        ("Asia/Beirut", date(2026, 3, 29), datetime(2026, 3, 28, 22, tzinfo=UTC)),
    ],
)
def test_a_midnight_that_does_not_exist(zone: str, day: date, first: datetime) -> None:
    """The first instant of the day is one o'clock; the one before it belongs to the day before."""
    before = day - DAY

    assert (1, 0) == (first.astimezone(ZoneInfo(zone)).hour, first.astimezone(ZoneInfo(zone)).minute)
    assert set() == ask(first - TICK, zone, valid_until=before)
    assert {EXPIRED} == ask(first, zone, valid_until=before)
    assert set() == ask(before, zone, valid_until=before)
    assert {EXPIRED} == ask(day, zone, valid_until=before)
    assert {NOT_YET} == ask(first - TICK, zone, valid_from=day)
    assert set() == ask(first, zone, valid_from=day)


@pytest.mark.parametrize(
    ("zone", "day", "first", "last"),
    [
        (
            "Africa/Cairo",
            date(2026, 4, 24),
            datetime(2026, 4, 23, 22, tzinfo=UTC),
            datetime(2026, 4, 24, 21, tzinfo=UTC),
        ),
        (
            "Asia/Beirut",
            date(2026, 3, 29),
            datetime(2026, 3, 28, 22, tzinfo=UTC),
            datetime(2026, 3, 29, 21, tzinfo=UTC),
        ),
        (
            "Asia/Shanghai",
            date(2026, 3, 29),
            datetime(2026, 3, 28, 16, tzinfo=UTC),
            datetime(2026, 3, 29, 16, tzinfo=UTC),
        ),
        (
            "Europe/Berlin",
            date(2025, 10, 26),
            datetime(2025, 10, 25, 22, tzinfo=UTC),
            datetime(2025, 10, 26, 23, tzinfo=UTC),
        ),
    ],
)
def test_the_edges_of_a_day(zone: str, day: date, first: datetime, last: datetime) -> None:
    """A day has 23 to 25 hours: what changed with its first instant holds all day, with the next day's not at all."""
    for at, expected in (
        (first - TICK, {("revoked-before-event", "fails")}),
        (first, {("revoked-before-event", "fails")}),
        (first + TICK, {("status-changed-on-date", "blocks")}),
        (last - TICK, {("status-changed-on-date", "blocks")}),
        (last, {("revoked-after-event", "notes")}),
    ):
        backend = Answers(record(happened(StatusEventKind.REVOKED, at)))
        assert expected == ask(day, zone, status=backend), at


def test_an_hour_that_comes_twice() -> None:
    """Half past two on 26 October 2025 in Berlin is two instants, an hour apart, and they are told apart."""
    revoked = Answers(record(happened(StatusEventKind.REVOKED, datetime(2025, 10, 26, 1, 0, tzinfo=UTC))))
    first = local("Europe/Berlin", 2025, 10, 26, 2, 30)
    second = local("Europe/Berlin", 2025, 10, 26, 2, 30, fold=1)

    assert {("revoked-after-event", "notes")} == ask(first, "Europe/Berlin", status=revoked)
    assert {("revoked-before-event", "fails")} == ask(second, "Europe/Berlin", status=revoked)


def test_a_zone_that_has_no_midnight_and_a_certificate_that_ends_that_day() -> None:
    """The last day may be the one without a midnight."""
    day = date(2026, 4, 24)
    end = datetime(2026, 4, 24, 21, tzinfo=UTC)

    assert set() == ask(end - TICK, "Africa/Cairo", valid_until=day)
    assert {EXPIRED} == ask(end, "Africa/Cairo", valid_until=day)


@settings(deadline=None)  # a slow machine is no failure
@given(
    st.sampled_from(["Africa/Cairo", "Asia/Beirut", "Asia/Shanghai", "America/New_York", "Pacific/Apia", "UTC"]),
    st.datetimes(datetime(2025, 11, 1), datetime(2026, 9, 1), timezones=st.just(UTC)),  # noqa: DTZ001  Hypothesis wants them so
    st.integers(-2, 2),
)
def test_days_are_compared_as_days(zone: str, as_of: datetime, days: int) -> None:
    """A moment is within the period exactly where its day in the issuer's zone is not after the last."""
    last = as_of.date() + days * DAY

    assert (as_of.astimezone(ZoneInfo(zone)).date() > last) == (EXPIRED in ask(as_of, zone, valid_until=last))


@settings(deadline=None)  # a slow machine is no failure
@given(st.dates(date(2025, 11, 1), date(2026, 9, 1)), st.integers(0, 86_399))
def test_a_day_that_is_valid_is_valid_throughout(day: date, second: int) -> None:
    """Where a day is VALID, so is every moment of it."""
    as_of = datetime(day.year, day.month, day.day, tzinfo=SHANGHAI) + second * SECOND
    revoked = happened(StatusEventKind.REVOKED, datetime(2026, 5, 1, 4, tzinfo=UTC))
    backend = Answers(record(revoked))
    asking = verifier(backend)
    assume(asking.verify(TEXT, as_of=day, expect=SEEN))

    assert asking.verify(TEXT, as_of=as_of, expect=SEEN)


# Today, tomorrow, and clocks


@pytest.mark.parametrize(
    ("as_of", "expected"),
    [
        (date(2026, 10, 1), set()),
        (date(2026, 10, 2), {FUTURE}),
        (date(2026, 9, 30), set()),
        (NOW, set()),
        (NOW + 60 * SECOND, set()),
        (NOW + 60 * SECOND + TICK, {FUTURE}),
        (NOW + HOUR, {FUTURE}),
        (date(2027, 10, 1), {EXPIRED, ("checked-offline", "notes")}),
        (datetime(2027, 10, 1, tzinfo=UTC), {EXPIRED, ("checked-offline", "notes")}),
    ],
)
def test_the_future(as_of: datetime | date, expected: set[tuple[str, str]]) -> None:
    """What is more than a minute ahead has not come yet; that it will have expired can be said all the same."""
    assert expected == ask(as_of)


def test_today_ends_now() -> None:
    """Of today only what has been is asked about: what changes later today is after it."""
    soon = happened(StatusEventKind.REVOKED, NOW + HOUR, NOW)
    earlier = happened(StatusEventKind.REVOKED, NOW - HOUR)

    assert {("revoked-after-event", "notes")} == ask(date(2026, 10, 1), status=Answers(record(soon)))
    assert {("status-changed-on-date", "blocks")} == ask(date(2026, 10, 1), status=Answers(record(earlier)))


def test_today_is_the_issuers() -> None:
    """At 17:00 by UTC's clock it is tomorrow in Shanghai, and that day may be asked about."""
    at = datetime(2026, 10, 1, 17, tzinfo=UTC)

    assert set() == ask(date(2026, 10, 2), at=at)
    assert {FUTURE} == ask(date(2026, 10, 3), at=at)
    assert {FUTURE} == ask(date(2026, 10, 2), "Europe/Berlin", at=at)


@pytest.mark.parametrize("seconds", [0, 1, 30, 59])
def test_a_day_that_is_about_to_begin(seconds: int) -> None:
    """In a day's last minute the next one is not the future any more, but nothing valid can be said of it."""
    at = datetime(2026, 10, 1, 16, tzinfo=UTC) - seconds * SECOND
    trust = trust_list(trusted_issuer(), issued_at=at - DAY, next_update_at=at + DAY)
    verdict = verifier(registered(), Policy.bulk(), trust=trust, at=at).verify(
        TEXT, as_of=date(2026, 10, 2), expect=SEEN
    )

    assert (seconds == 0) == bool(verdict)
    assert Outcome.INVALID is not verdict.outcome


@pytest.mark.parametrize(
    ("ahead", "expected"),
    [
        (timedelta(), set()),
        (60 * SECOND, {LATE}),
        (61 * SECOND, {LATE, ("issued-in-future", "blocks")}),
        (HOUR, {LATE, ("issued-in-future", "blocks")}),
    ],
)
def test_issued_in_the_future(ahead: timedelta, expected: set[tuple[str, str]]) -> None:
    """A time of issue that is more than a minute ahead blocks: a wrong clock is no forgery."""
    backend = Answers(record())

    assert expected == ask(NOW, status=backend, issued_at=NOW + ahead)


def test_not_issued_yet_as_known_then() -> None:
    """With what was knowable before it was issued, nothing can be said of it."""
    found = ask(date(2025, 10, 10), known_at=ISSUED - HOUR)

    assert ("issued-in-future", "blocks") in found


# Issued late, and short lives


def test_status_before_issue_is_that_at_issue() -> None:
    """Asked about a moment before its issue, its state is the one it was issued in."""
    at_issue = happened(StatusEventKind.SUSPENDED, ISSUED)
    after = happened(StatusEventKind.SUSPENDED, ISSUED + SECOND)
    as_of = datetime(2025, 10, 5, 4, tzinfo=UTC)

    assert {LATE, ("suspended-then", "fails")} == ask(
        as_of, status=Answers(record(at_issue)), valid_from=date(2025, 10, 1)
    )
    assert {LATE, ("suspended-after-event", "notes")} == ask(
        as_of, status=Answers(record(after)), valid_from=date(2025, 10, 1)
    )
    assert {LATE, ("status-changed-on-date", "blocks")} == ask(date(2025, 10, 10), status=Answers(record(after)))


EXP = datetime(2026, 9, 1, 4, tzinfo=UTC)


@pytest.mark.parametrize(
    ("as_of", "expected"),
    [
        (EXP - TICK, set()),
        (EXP, {EXPIRED}),
        (EXP + TICK, {EXPIRED}),
        (date(2026, 8, 31), set()),
        (date(2026, 9, 1), {CHANGED}),
        (date(2026, 9, 2), {EXPIRED}),
    ],
)
def test_short_lives(as_of: datetime | date, expected: set[tuple[str, str]]) -> None:
    """A short life ends at an instant: a day in the middle of which that lies cannot be judged."""
    assert expected == ask(as_of, expires_at=EXP)


@pytest.mark.parametrize(
    ("expires_at", "expected"),
    [
        (datetime(2026, 8, 31, 16, tzinfo=UTC), {EXPIRED}),
        (datetime(2026, 8, 31, 16, 0, 1, tzinfo=UTC), {CHANGED}),
        (datetime(2026, 9, 1, 15, 59, 59, tzinfo=UTC), {CHANGED}),
        (datetime(2026, 9, 1, 16, tzinfo=UTC), set()),
    ],
)
def test_short_lives_that_end_with_a_day(expires_at: datetime, expected: set[tuple[str, str]]) -> None:
    """One that ends with the day is good all day; one that ends as it begins is not good at all."""
    assert expected == ask(date(2026, 9, 1), expires_at=expires_at)


def test_a_short_life_does_not_outlast_the_last_day() -> None:
    """The last civil day ends it, however late its instant."""
    assert {EXPIRED} == ask(date(2026, 9, 2), valid_until=date(2026, 9, 1), expires_at=EXP + 30 * DAY)


def test_a_live_presentation_has_days_of_its_own() -> None:
    """A presentation's end is no end of the certificate: elsewhere only the certificate's days count."""
    verdict = verifier(registered()).verify(live(), as_of=datetime(2026, 9, 1, tzinfo=UTC), expect=SEEN)

    assert Outcome.VALID is verdict.outcome
    assert [None] == [span.end_at for span in verdict.in_force]


@pytest.mark.parametrize("as_of", [date(2026, 9, 1), datetime(2026, 9, 1, 4, tzinfo=UTC)])
def test_as_of_is_kept_as_it_was_asked(as_of: datetime | date) -> None:
    """A day stays a day in the verdict, and a moment the same moment."""
    verdict = verifier(registered()).verify(TEXT, as_of=as_of, expect=SEEN)

    assert (type(as_of), as_of) == (type(verdict.as_of), verdict.as_of)
