"""`MemorySeenStore`, where it differs from other stores; what they share is in `test_sightings`."""

from __future__ import annotations

from certcore.signals import MemorySeenStore, SeenStore
from certcore.signals._sightings import Sighting
from tests.signals.cases import KEY
from tests.verify_cases import NOW

A_DAY_LATER = NOW.replace(day=NOW.day + 1)


def test_it_is_a_store() -> None:
    """It keeps the protocol's promises, type checkers included."""
    store: SeenStore = MemorySeenStore(key=KEY)

    assert 0 == store.forget(before=NOW)


def test_forgetting_gives_the_memory_back() -> None:
    """A subject whose sightings are all forgotten leaves nothing behind."""
    store = MemorySeenStore(key=KEY)
    for place in range(100):
        store.remember([Sighting(subject=bytes([place]), companion=b"")], claim=b"claim", at=NOW)

    assert 100 == store.forget(before=A_DAY_LATER)
    assert {} == store._spans
