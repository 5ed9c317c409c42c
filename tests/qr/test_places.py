"""Places are given in the order in which they were asked for, whoever is faster."""

from __future__ import annotations

import time
from concurrent.futures import Future, ThreadPoolExecutor

import pytest

from certcore.qr._places import Places

PATIENCE_S = 60


def wait_for(places: Places, waiting: int) -> None:
    """Wait until so many threads wait."""
    until = time.monotonic() + PATIENCE_S
    while len(places._waiting) < waiting:
        assert time.monotonic() < until
        time.sleep(0.001)


def test_who_gives_back_a_place_does_not_overtake_who_waits() -> None:
    """A place that is given back belongs to the first that waits, before it has woken up."""
    places = Places(2)
    assert [True, True, False] == [places.acquire(blocking=False) for _ in range(3)]
    order: list[int] = []

    def take(number: int) -> None:
        assert places.acquire(timeout=PATIENCE_S)
        order.append(number)

    with ThreadPoolExecutor(3) as threads:
        asked: list[Future[None]] = []
        for number in range(3):
            asked.append(threads.submit(take, number))
            wait_for(places, number + 1)
        for number in range(3):
            places.release()
            assert not places.acquire(blocking=False)
            asked[number].result(PATIENCE_S)
    assert [0, 1, 2] == order
    for _ in range(2):
        places.release()
    assert places.free == 2


def test_who_waits_too_long_loses_nobody_a_place() -> None:
    """A place goes past those whose time is up."""
    places = Places(1)
    assert places.acquire()
    assert not places.acquire(timeout=0)
    assert not places.acquire(timeout=0.01)
    places.release()
    assert places.acquire(blocking=False)


def test_who_is_interrupted_loses_nobody_a_place(monkeypatch: pytest.MonkeyPatch) -> None:
    """Ctrl-C ends the wait alone, also where the place had been given meanwhile."""

    class Interrupted:
        """A lock whose wait is interrupted; its place is given meanwhile, or is not."""

        def __init__(self) -> None:
            self.is_taken = False

        def acquire(self, timeout: float = 0) -> bool:
            del timeout
            if self.is_taken:
                if is_given:
                    places.release()
                raise KeyboardInterrupt
            self.is_taken = True
            return True

        def release(self) -> None:
            """Given."""

    for is_given in (False, True):
        places = Places(1)
        assert places.acquire()
        monkeypatch.setattr("certcore.qr._places.Lock", Interrupted)
        with pytest.raises(KeyboardInterrupt):
            places.acquire()
        monkeypatch.undo()
        if not is_given:
            places.release()
        assert (places.free, len(places._waiting)) == (1, 0)
