"""The civil time of a zone around a few instants, recorded and restored as a zone. Pure.

Governments change their clocks with weeks of notice, and corrections of the past reach the time zone database years
later. Evidence that was judged under one edition must give the same verdict under the next, so it carries the offsets
that were used.
"""

from __future__ import annotations

from bisect import bisect
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta, tzinfo
from functools import lru_cache
from itertools import pairwise
from typing import Final

from certcore._instants import EPOCH, utc

Offsets = tuple[tuple[int, int], ...]
"""From which second on (since 1970), and how many seconds civil time is ahead of UTC; the first holds before, too."""

MAX_OFFSETS: Final = 64

_AROUND_DAYS: Final = 3
"""How many days around that of an instant are recorded: the civil days beside its own lie within, in every zone."""

_FIRST_YEAR: Final = 1970
_LAST_YEAR: Final = 2100
"""Later years follow the same rule for ever, as far as is known."""

_STEP_S: Final = 7200  # no zone has changed twice within that
_DAY_S: Final = 86_400
_FAR_S: Final = 1 << 40
_SECOND: Final = timedelta(seconds=1)
_CIVIL_EPOCH: Final = datetime(1970, 1, 1)  # noqa: DTZ001  civil time itself, which a zone is asked about
_EARLIEST_S: Final = -62_135_424_000
_LATEST_S: Final = 253_402_041_600
"""3 January of the year 1 and 29 December 9999: between them every instant has a civil time."""


class RecordedZone(tzinfo):
    """A zone that has the recorded offsets, and knows nothing else.

    Attributes:
        offsets: as recorded.
        edition: of the time zone database that they were read from; None where the record does not say.
    """

    def __init__(self, offsets: Offsets, edition: str | None = None) -> None:
        """Raises ValueError for offsets that no zone can have."""
        _check(offsets)
        self.offsets, self.edition = offsets, edition
        self._from = [at for at, _ in offsets[1:]]
        ahead = [(before, after) for (_, before), (_, after) in pairwise(offsets)]
        self._from_local = tuple(
            [at + choose(pair) for at, pair in zip(self._from, ahead, strict=True)] for choose in (max, min)
        )  # with fold 0 the earlier offset lasts as long as it can, with fold 1 as short

    def utcoffset(self, at: datetime | None, /) -> timedelta | None:
        """How far civil time is ahead of UTC at a civil time; where that exists twice or not at all, its fold says."""
        return None if at is None else self._offset(bisect(self._from_local[at.fold], _civil_seconds(at)))

    def fromutc(self, at: datetime, /) -> datetime:
        """The civil time of an instant, which is given as if it were civil time."""
        ahead = self._offset(bisect(self._from, _civil_seconds(at)))
        local = at + ahead
        return local if self.utcoffset(local) == ahead else local.replace(fold=1)

    def dst(self, _: datetime | None, /) -> None:
        """Nothing: what of an offset is summer time is not recorded."""

    def tzname(self, _: datetime | None, /) -> str:
        """No zone's own name."""
        return "recorded"

    def _offset(self, place: int) -> timedelta:
        return timedelta(seconds=self.offsets[place][1])

    def __reduce__(self) -> tuple[object, ...]:
        return RecordedZone, (self.offsets, self.edition)


def record(zone: tzinfo, instants: Iterable[datetime]) -> Offsets:
    """The zone's offsets around each of the instants; of a recorded zone, what was recorded."""
    if isinstance(zone, RecordedZone):
        return zone.offsets
    found: dict[int, int] = {}
    for day in {(utc(instant) - EPOCH).days for instant in instants}:
        found.update(_around(zone, day))
    return _without_repetition(found)


def had(zone: tzinfo, instants: Iterable[datetime], /) -> frozenset[int]:
    """Every offset that the zone has had in the years of the instants and between, a year before and after."""
    years = [min(max(at.year, _FIRST_YEAR), _LAST_YEAR) for at in instants]
    return frozenset().union(*(_in_year(zone, year) for year in range(min(years) - 1, max(years) + 2)))


def offset_at(zone: tzinfo, at: datetime, /) -> int:
    """How many seconds the zone's civil time is ahead of UTC at an instant."""
    ahead = at.astimezone(zone).utcoffset()
    assert ahead is not None  # noqa: S101  a zone has an offset for every instant
    return int(ahead.total_seconds())


def _check(offsets: Offsets) -> None:
    if not 1 <= len(offsets) <= MAX_OFFSETS or [at for at, _ in offsets] != sorted({at for at, _ in offsets}):
        msg = "a zone has offsets from ascending instants"
        raise ValueError(msg)
    if not all(-_DAY_S < ahead < _DAY_S for _, ahead in offsets):
        msg = "civil time is less than a day ahead of UTC or behind it"
        raise ValueError(msg)
    if not all(-_FAR_S < at < _FAR_S for at, _ in offsets):
        msg = "an offset holds from an instant that a date can have"
        raise ValueError(msg)


def _civil_seconds(at: datetime) -> int:
    return (at.replace(tzinfo=None) - _CIVIL_EPOCH) // _SECOND


@lru_cache(maxsize=4096)  # many questions are about the same days: looking for changes costs more than a verdict
def _around(zone: tzinfo, day: int) -> Offsets:
    """The offsets from three days before a day, counted from 1970 in UTC, to three days after it."""
    at = max((day - _AROUND_DAYS) * _DAY_S, _EARLIEST_S)
    end = min((day + 1 + _AROUND_DAYS) * _DAY_S, _LATEST_S)
    ahead = _offset_in(zone, at)
    found = [(at, ahead)]
    while at < end:
        until = min(at + _STEP_S, end)
        after = _offset_in(zone, until)
        if after != ahead:
            found.append((_change(zone, at, until, ahead), after))
        at, ahead = until, after
    return tuple(found)


@lru_cache(maxsize=1024)
def _in_year(zone: tzinfo, year: int) -> frozenset[int]:
    """The offsets of a year, sampled once a week: no clock change is shorter."""
    start = (datetime(min(max(year, 2), 9998), 1, 1, tzinfo=UTC) - EPOCH) // _SECOND
    return frozenset(_offset_in(zone, start + week * 7 * _DAY_S) for week in range(53))


def _change(zone: tzinfo, start: int, end: int, ahead: int) -> int:
    """The first second with another offset, after ``start`` and not after ``end``."""
    while end - start > 1:
        middle = (start + end) // 2
        if _offset_in(zone, middle) == ahead:
            start = middle
        else:
            end = middle
    return end


def _offset_in(zone: tzinfo, second: int) -> int:
    return offset_at(zone, EPOCH + timedelta(seconds=second))


def _without_repetition(found: dict[int, int]) -> Offsets:
    kept: list[tuple[int, int]] = []
    for at, ahead in sorted(found.items()):
        if not kept or kept[-1][1] != ahead:
            kept.append((at, ahead))
    return tuple(kept)
