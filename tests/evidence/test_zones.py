"""Civil time that is recorded and brought back."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from certcore._instants import civil_day, midnight
from certcore.evidence._zones import RecordedZone, record

ZONES = (
    "Asia/Shanghai",
    "Africa/Cairo",
    "Africa/Casablanca",
    "Asia/Beirut",
    "Europe/Berlin",
    "Pacific/Apia",
    "Australia/Lord_Howe",
    "America/Sao_Paulo",
    "Asia/Kathmandu",
    "UTC",
)
instants = st.datetimes(datetime(1971, 1, 1), datetime(2090, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001  the strategy adds the zone


@given(st.sampled_from(ZONES), st.lists(instants, min_size=1, max_size=5))
def test_days_are_the_same(name: str, around: list[datetime]) -> None:
    """Around every recorded instant, civil days and midnights are those of the zone."""
    zone = ZoneInfo(name)

    restored = RecordedZone(record(zone, around))

    assert record(restored, around) == restored.offsets
    for at in around:
        day = civil_day(at, zone)
        assert day == civil_day(at, restored)
        for beside in (day - timedelta(days=1), day, day + timedelta(days=1)):
            assert midnight(beside, zone) == midnight(beside, restored)


@pytest.mark.parametrize(
    ("name", "day"),
    [
        ("Africa/Cairo", date(2026, 4, 24)),
        ("Asia/Beirut", date(2026, 3, 29)),
        ("Pacific/Apia", date(2011, 12, 31)),
        ("Asia/Shanghai", date(9998, 12, 31)),
        ("Asia/Shanghai", date(1970, 1, 1)),
    ],
)
def test_days_without_midnight(name: str, day: date) -> None:
    """Where midnight does not exist, or a whole day was left out, and at both ends of time."""
    zone = ZoneInfo(name)
    at = midnight(day, zone)

    restored = RecordedZone(record(zone, [at]))

    assert at == midnight(day, restored)
    assert midnight(day + timedelta(days=1), zone) == midnight(day + timedelta(days=1), restored)


@pytest.mark.parametrize(
    "offsets",
    [
        (),
        ((5, 0), (5, 3600)),
        ((5, 0), (4, 3600)),
        ((0, 86_400),),
        ((0, -86_400),),
        tuple((at, 0) for at in range(65)),
        ((0, 0), (1 << 63, 3600)),
    ],
)
def test_what_no_zone_has(offsets: tuple[tuple[int, int], ...]) -> None:
    """Offsets out of order, of a day or more, too many, or beyond what a zone file holds."""
    with pytest.raises(ValueError):  # noqa: PT011  each row has its own words
        RecordedZone(offsets)
