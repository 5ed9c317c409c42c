"""Instants and civil days: aware datetimes in UTC, and the days of a time zone.

The one place that turns a civil day into instants. No clock is read here.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

FIRST_DAY: Final = date(1970, 1, 1)
"""The earliest day that certificates and questions may name."""

LAST_DAY: Final = date(9998, 12, 31)
"""The latest: the midnight after it still exists in every time zone."""

LAST_SECOND: Final = 253_370_678_400
"""9998-12-31T00:00:00Z in seconds since 1970: the first instant that no document may state."""

CLOCK_SKEW: Final = timedelta(seconds=60)
"""How far two right clocks may be apart, unless somebody says otherwise."""

RESOLUTION: Final = timedelta(microseconds=1)
"""The length of an instant: what a datetime can tell apart."""


_NO_ZONES: Final = frozenset({"localtime", "posixrules", "Factory"})
"""Names that a machine's zone folder may have, and that are no zone's."""


def utc(value: datetime) -> datetime:
    """The same instant in UTC.

    Raises:
        TypeError: for anything but a datetime; a date among them.
        ValueError: for a naive datetime, which is a different instant on every machine.
    """
    if value.__class__ is not datetime and not isinstance(value, datetime):
        msg = f"an instant is a datetime, not {type(value).__name__}"
        raise TypeError(msg)
    if value.tzinfo is UTC:
        return value
    if value.utcoffset() is None:
        msg = "an instant needs a time zone: a naive datetime is a different instant on every machine"
        raise ValueError(msg)
    try:
        return value.astimezone(UTC)
    except OverflowError as cause:
        msg = "an instant lies within the years 1 to 9999 in UTC"
        raise ValueError(msg) from cause


def optional_utc(value: datetime | None) -> datetime | None:
    """As `utc`, where there may be none."""
    return None if value is None else utc(value)


def utc_second(value: datetime) -> datetime:
    """The same instant in UTC without its fraction, as documents state it; errors as `utc`."""
    return utc(value).replace(microsecond=0)


def time_zone(name: str) -> ZoneInfo:
    """The zone of an IANA name, the same on every machine.

    Raises:
        ValueError: for a name that is not known here, or that means something else on the next machine.
    """
    msg = "the time zone is not an IANA name known here"
    if name in _NO_ZONES:
        raise ValueError(msg)
    try:
        return ZoneInfo(name)
    except (KeyError, ValueError, TypeError, OSError) as cause:
        raise ValueError(msg) from cause


def midnight(day: date, zone: ZoneInfo) -> datetime:
    """The first instant of a civil day.

    Midnight does not exist everywhere (Cairo 2026-04-24, Beirut 2026-03-29) and exists twice elsewhere: fold 0 reads a
    gap with the offset before it, which gives the first instant after the gap, and takes the earlier of two.
    """
    return datetime(day.year, day.month, day.day, tzinfo=zone).astimezone(UTC)


def civil_day(at: datetime, zone: ZoneInfo) -> date:
    """The civil day of an instant in a zone."""
    return at.astimezone(zone).date()
