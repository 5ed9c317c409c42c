"""The civil time of a zone around a few instants, as it was: recorded, and brought back as a zone. Pure.

Governments change their clocks with weeks of notice, and corrections of the past reach the time zone database years
later. Evidence that was judged under one edition of it must come to the same verdict under the next, so it carries the
offsets that were used. A zone is brought back through the standard library's own reader (RFC 8536).
"""

from __future__ import annotations

import struct
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from io import BytesIO
from typing import Final
from zoneinfo import ZoneInfo

from certcore._instants import utc

Offsets = tuple[tuple[int, int], ...]
"""From which second on (since 1970), and how many seconds civil time is ahead of UTC; the first holds before, too."""

_REACH: Final = timedelta(hours=50)
"""How far around an instant is recorded: the days before and after it begin within that, in every zone."""

_STEP: Final = timedelta(hours=2)  # no zone has changed twice within that
_SECOND: Final = timedelta(seconds=1)
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_EARLIEST: Final = datetime(1, 1, 3, tzinfo=UTC)
_LATEST: Final = datetime(9999, 12, 29, tzinfo=UTC)
MAX_OFFSETS: Final = 64
_DAY_S: Final = 86_400
_FAR_S: Final = 1 << 40


def record(zone: ZoneInfo, instants: Iterable[datetime]) -> Offsets:
    """The zone's offsets around each of the instants."""
    found: dict[int, int] = {}
    for instant in sorted(set(map(utc, instants))):
        at, end = max(instant - _REACH, _EARLIEST), min(instant + _REACH, _LATEST)
        offset = _offset(zone, at)
        found[_seconds(at)] = offset
        while at < end:
            until = min(at + _STEP, end)
            after = _offset(zone, until)
            if after != offset:
                found[_seconds(_change(zone, at, until, offset))] = after
            at, offset = until, after
    return _without_repetition(found)


def restore(offsets: Offsets, *, key: str) -> ZoneInfo:
    """A zone that has these offsets, under a name.

    Raises:
        ValueError: for offsets that no zone can have.
    """
    if not 1 <= len(offsets) <= MAX_OFFSETS or [at for at, _ in offsets] != sorted({at for at, _ in offsets}):
        msg = "a zone has offsets from ascending instants"
        raise ValueError(msg)
    if not all(-_DAY_S < offset < _DAY_S for _, offset in offsets):
        msg = "civil time is less than a day ahead of UTC or behind it"
        raise ValueError(msg)
    if not all(-_FAR_S < at < _FAR_S for at, _ in offsets):
        msg = "an offset holds from an instant that a date can have"
        raise ValueError(msg)
    first, *changes = offsets
    types = [offset for _, offset in offsets]
    block = b"".join(
        [
            b"".join(struct.pack(">q", at) for at, _ in changes),
            bytes(range(1, len(types))),
            b"".join(struct.pack(">lBB", offset, 0, 0) for offset in types),
            b"X\0",
        ]
    )
    old = _header(0, 1) + struct.pack(">lBB", first[1], 0, 0) + b"X\0"
    return ZoneInfo.from_file(BytesIO(old + _header(len(changes), len(types)) + block + b"\n\n"), key=key)


def _header(changes: int, types: int) -> bytes:
    """The header of an RFC 8536 block, version 2: so many changes and so many kinds of local time."""
    return struct.pack(">4s1s15x6l", b"TZif", b"2", 0, 0, 0, changes, types, 2)


def _change(zone: ZoneInfo, start: datetime, end: datetime, offset: int) -> datetime:
    """The first second with another offset, after ``start`` and not after ``end``."""
    while end - start > _SECOND:
        middle = start + (end - start) // 2
        middle = middle.replace(microsecond=0) if middle.replace(microsecond=0) > start else middle
        if _offset(zone, middle) == offset:
            start = middle
        else:
            end = middle
    return end


def _offset(zone: ZoneInfo, at: datetime) -> int:
    offset = at.astimezone(zone).utcoffset()
    assert offset is not None  # noqa: S101  a ZoneInfo has one for every instant
    return int(offset.total_seconds())


def _seconds(at: datetime) -> int:
    return (at - _EPOCH) // _SECOND


def _without_repetition(found: dict[int, int]) -> Offsets:
    kept: list[tuple[int, int]] = []
    for at, offset in sorted(found.items()):
        if not kept or kept[-1][1] != offset:
            kept.append((at, offset))
    return tuple(kept)
