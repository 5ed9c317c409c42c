"""Instants and civil days: aware datetimes in UTC, and the days of a time zone.

The one place that converts a civil day into instants and finds a time zone by its name. The result is always a plain
`datetime` or `date`, for every class of the caller's moment. No clock is read here.
"""

from __future__ import annotations

import pkgutil
from datetime import UTC, date, datetime, timedelta, tzinfo
from functools import cache
from io import BytesIO
from typing import Final
from zoneinfo import ZoneInfo

import tzdata  # type: ignore[import-untyped]  # it ships none

EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
"""From which documents count their seconds."""

FIRST_DAY: Final = date(1970, 1, 1)
"""The earliest day that certificates and questions may name."""

LAST_DAY: Final = date(9998, 12, 31)
"""The latest: the midnight after it still exists in every time zone."""

LAST_SECOND: Final = 253_370_678_400
"""9998-12-31T00:00:00Z in seconds since 1970: the first instant that no document may state."""

CLOCK_SKEW: Final = timedelta(seconds=60)
"""How far apart two correct clocks may be, by default."""

RESOLUTION: Final = timedelta(microseconds=1)
"""The length of an instant: what a datetime can tell apart."""


ZONE_EDITION: Final[str] = tzdata.IANA_VERSION
"""The edition of the time zone database that every zone here is read from, e.g. 2026f."""

_NO_ZONE: Final = "Factory"
"""A name in the database for machines without a configured zone."""


def utc(value: datetime) -> datetime:
    """The same instant in UTC.

    Raises:
        TypeError: for anything but a datetime; a date among them.
        ValueError: for a naive datetime, which is a different instant on every machine.
    """
    if type(value) is not datetime:
        value = _plain_datetime(value)
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


def _plain_datetime(value: object) -> datetime:
    """The instant of a subclass's datetime, without the subclass: asked of `datetime` itself, whatever it overrides."""
    if not isinstance(value, datetime):
        msg = f"an instant is a datetime, not {type(value).__name__}"
        raise TypeError(msg)
    return datetime.fromisoformat(datetime.isoformat(value))


def plain_date(value: date) -> date:
    """The civil day, as a plain date.

    Raises:
        TypeError: for anything but a date; a datetime, which is an instant, among them.
    """
    if type(value) is date:
        return value
    if isinstance(value, datetime) or not isinstance(value, date):
        msg = f"a civil day is a date, not {type(value).__name__}"
        raise TypeError(msg)
    return date.fromisoformat(date.isoformat(value))


def optional_utc(value: datetime | None) -> datetime | None:
    """As `utc`, where there may be none."""
    return None if value is None else utc(value)


def utc_second(value: datetime) -> datetime:
    """The same instant in UTC without its fraction, as documents state it; errors as `utc`."""
    return utc(value).replace(microsecond=0)


def optional_date(value: date | None) -> date | None:
    """As `plain_date`, where there may be none."""
    return None if value is None else plain_date(value)


def time_zone(name: str) -> ZoneInfo:
    """The zone of an IANA name, from the `tzdata` package and nowhere else: the same on every machine.

    Raises:
        ValueError: for a name that the package does not know.
    """
    if type(name) is not str or name not in _zone_names():
        msg = "the time zone is not an IANA name known here"
        raise ValueError(msg)
    return _pinned_zone(name)


class _PinnedZone(ZoneInfo):
    """A zone out of the package. It pickles by its name; one that was read from a file otherwise does not."""

    def __reduce__(self) -> tuple[object, ...]:
        return time_zone, (self.key,)


@cache
def _zone_names() -> frozenset[str]:
    return frozenset(_packaged("zones").decode().split()) - {_NO_ZONE}


@cache
def _pinned_zone(name: str) -> ZoneInfo:
    return _PinnedZone.from_file(BytesIO(_packaged(f"zoneinfo/{name}")), key=name)


def _packaged(path: str) -> bytes:
    data = pkgutil.get_data("tzdata", path)
    assert data is not None  # noqa: S101  the package is a dependency, and gives its files from a folder or an archive
    return data


def midnight(day: date, zone: tzinfo) -> datetime:
    """The first instant of a civil day.

    Midnight does not exist everywhere (Cairo 2026-04-24, Beirut 2026-03-29) and exists twice elsewhere: fold 0 reads a
    gap with the offset before it, which gives the first instant after the gap, and takes the earlier of two.
    """
    return datetime(day.year, day.month, day.day, tzinfo=zone).astimezone(UTC)


def civil_day(at: datetime, zone: tzinfo) -> date:
    """The civil day of an instant in a zone."""
    return at.astimezone(zone).date()
