"""A published folder as the service reads it: documents, those of the past, and whether all of them are current.

It reads the state after a publication, and the names in a folder of the archive, only once until they change. It has no
HTTP and does not write.

A client may ask for the list of any past second, so a question looks at one day's folder, and at those of the days
before it on which a list that still spoke for that second can have been issued. What it costs does not grow with the
archive. A folder's names are known by the time at which it changed last: one list is published at most once a second,
which every disk tells apart.
"""

from __future__ import annotations

import os
import re
from array import array
from bisect import bisect_left, bisect_right
from collections import OrderedDict
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, date, datetime
from pathlib import Path
from threading import Lock
from typing import Final

import attrs

from certcore import _forks
from certcore.register._publication._layout import (
    ARCHIVE,
    MAX_LIFETIME,
    STATE,
    PublishedList,
    place_of,
    read_state,
)

_DAY: Final = re.compile("[0-9]{4}-[0-9]{2}-[0-9]{2}")
_SPAN: Final = re.compile("(0|[1-9][0-9]{0,10})-(0|[1-9][0-9]{0,11})")
_MAX_KEPT: Final = 1 << 20
"""How many names are kept of all folders together: 16 bytes each."""

Columns = tuple["array[int]", "array[int]"]
"""Sorted numbers, and what belongs to each of them."""


@attrs.frozen(kw_only=True)
class Published:
    """What was published last.

    Attributes:
        lists: by their places in the folder.
        begins: when they were issued, the earliest first.
        ends: when they expire, the earliest first.
    """

    lists: Mapping[str, PublishedList] = attrs.field(factory=dict)
    begins: tuple[int, ...] = ()
    ends: tuple[int, ...] = ()

    def count_expired(self, now: int) -> int:
        """How many lists no longer speak for the present."""
        return bisect_right(self.ends, now)

    def count_ahead(self, until: int) -> int:
        """How many lists are dated later than that."""
        return len(self.begins) - bisect_right(self.begins, until)


class PublishedFolder:
    """One folder; may be asked from several threads."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.begin_in_child()
        _forks.begin_in_children(self)
        self._version: tuple[int, int, int] | None = None
        self._state = Published()
        self._names = _Names()

    def begin_in_child(self) -> None:
        """As `_forks.Forked`: what is known stays."""
        self._lock = Lock()

    def state(self) -> Published:
        """What was published last; read anew only after a publication, and by one thread."""
        path = self.path / STATE
        try:
            with self._lock:
                found = path.stat()
                version = (found.st_ino, found.st_mtime_ns, found.st_size)
                if version != self._version:
                    self._state, self._version = _read(path), version
                return self._state
        except OSError:
            return Published()

    def find_archived(self, place: str, at: int, /) -> Path | None:
        """The archived document that spoke at a second: the latest issued by then, if it had not expired."""
        root = self.path / ARCHIVE
        days, _ = self._names.of(root, _days)
        asked = datetime.fromtimestamp(at, UTC).date().toordinal()
        for position in reversed(range(bisect_left(days, asked - MAX_LIFETIME.days), bisect_right(days, asked))):
            folder = root / date.fromordinal(days[position]).isoformat() / place
            begins, ends = self._names.of(folder, _spans)
            if latest := bisect_right(begins, at):
                begin, end = begins[latest - 1], ends[latest - 1]
                return folder / f"{begin}-{end}" if at <= end else None
        return None


class _Names:
    """The names in folders, those asked for last, as numbers."""

    def __init__(self) -> None:
        self.begin_in_child()
        _forks.begin_in_children(self)
        self._kept: OrderedDict[Path, tuple[tuple[int, int], Columns]] = OrderedDict()
        self._count = 0

    def begin_in_child(self) -> None:
        """As `_forks.Forked`: what is known stays."""
        self._lock = Lock()

    def of(self, folder: Path, read: Callable[[Iterable[str]], Columns]) -> Columns:
        """What `read` makes of a folder's names; nothing where there is no such folder."""
        try:
            found = folder.stat()
            version = (found.st_ino, found.st_mtime_ns)
            with self._lock:
                kept = self._kept.get(folder)
                if kept is not None and kept[0] == version:
                    self._kept.move_to_end(folder)
                    return kept[1]
            columns = read(os.listdir(folder))  # noqa: PTH208  names are wanted, and a day may have tens of thousands
        except (OSError, ValueError):  # ValueError: a name that no file can have
            return array("q"), array("q")
        self._keep(folder, version, columns)
        return columns

    def _keep(self, folder: Path, version: tuple[int, int], columns: Columns) -> None:
        with self._lock:
            self._forget(folder)
            self._kept[folder] = (version, columns)
            self._count += len(columns[0]) + 1
            while self._count > _MAX_KEPT:
                self._forget(next(iter(self._kept)))

    def _forget(self, folder: Path) -> None:
        if (kept := self._kept.pop(folder, None)) is not None:
            self._count -= len(kept[1][0]) + 1


def _read(path: Path) -> Published:
    lists = {place_of(uri): published for uri, published in read_state(path.read_bytes()).items()}
    return Published(
        lists=lists,
        begins=tuple(sorted(published.issued_at for published in lists.values())),
        ends=tuple(sorted(published.expires_at for published in lists.values())),
    )


def _days(names: Iterable[str]) -> Columns:
    """The days of an archive, as ordinal numbers."""
    found = array("q", sorted(filter(None, map(_ordinal, names))))
    return found, found


def _ordinal(name: str) -> int | None:
    try:
        return date.fromisoformat(name).toordinal() if _DAY.fullmatch(name) else None
    except ValueError:
        return None


def _spans(names: Iterable[str]) -> Columns:
    """The begins and ends of the documents that have these names."""
    found = sorted((int(span[1]), int(span[2])) for span in map(_SPAN.fullmatch, names) if span is not None)
    return array("q", (begin for begin, _ in found)), array("q", (end for _, end in found))
