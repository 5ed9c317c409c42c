"""Forks: a child never waits for a lock that only its parent can open."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from threading import Event, Thread
from typing import Any

import pytest

from certcore.payload import StatusRef
from certcore.register.access import RateLimit
from certcore.signals import MemorySeenStore
from certcore.signals import _sqlite as sqlite_store
from certcore.signals._sightings import Sighting
from certcore.signals._sqlite import SQLiteSeenStore
from certcore.status import MemoryStatusBackend
from certcore.status.protocol import StatusQuery
from tests.forking import Child, in_child
from tests.signals.cases import KEY
from tests.verify_cases import NOW

pytestmark = [
    pytest.mark.filterwarnings("ignore:.*fork:DeprecationWarning"),  # of Python 3.12, where other tests' threads linger
    pytest.mark.skipif(not hasattr(os, "fork"), reason="this system does not fork"),
]

REF = StatusRef(list=12, index=7)
SIGHTING = Sighting(subject=b"subject", companion=b"companion")


def register(_: Path) -> tuple[Any, Callable[[], object]]:
    """A register in memory."""
    backend = MemoryStatusBackend()
    backend.register(REF)
    query = StatusQuery(issuer="CN", ref=REF, as_of=NOW, asked_at=NOW)
    return backend._lock, lambda: len(backend.lookup(query).events)


def unpickled(_: Path) -> tuple[Any, Callable[[], object]]:
    """One that travelled."""
    backend = MemoryStatusBackend()
    backend.register(REF)
    again = MemoryStatusBackend.__new__(MemoryStatusBackend)
    again.__setstate__(backend.__getstate__())
    return again._lock, lambda: len(again.lookup(StatusQuery(issuer="CN", ref=REF, as_of=NOW, asked_at=NOW)).events)


def sightings(_: Path) -> tuple[Any, Callable[[], object]]:
    """Sightings in memory."""
    store = MemorySeenStore(key=KEY)
    return store._lock, lambda: len(store.remember([SIGHTING], claim=b"claim", at=NOW))


def sightings_in_a_file(folder: Path) -> tuple[Any, Callable[[], object]]:
    """A store whose file is made in the child, while the parent was making one."""

    def make() -> int:
        with SQLiteSeenStore(folder / "seen.db", key=KEY) as store:
            return len(store.remember([SIGHTING], claim=b"claim", at=NOW))

    return sqlite_store._MAKING.lock, make


def rate(_: Path) -> tuple[Any, Callable[[], object]]:
    """The register's count of requests."""
    limit = RateLimit(per_second=1, burst=1, clock=lambda: NOW)
    return limit._lock, lambda: 1 if limit.wait_s("police") == 0 else 0


@pytest.mark.parametrize("kept", [register, unpickled, sightings, sightings_in_a_file, rate])
def test_a_lock_that_is_held_at_the_fork(
    kept: Callable[[Path], tuple[Any, Callable[[], object]]], tmp_path: Path
) -> None:
    """Another thread holds the lock while the process forks: no child waits for it, nor a child's child."""
    lock, ask = kept(tmp_path)
    is_held, may_end = Event(), Event()

    def hold() -> None:
        with lock:
            is_held.set()
            may_end.wait()

    holder = Thread(target=hold)
    holder.start()
    is_held.wait()
    try:
        children = [Child(ask), Child(lambda: in_child(ask))]
        assert [1, 1] == [child.result() for child in children]
    finally:
        may_end.set()
        holder.join()
