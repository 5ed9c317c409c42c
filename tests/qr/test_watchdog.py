"""The watchdog of readers: kills what is late and nothing else, with one thread that ends when it has nothing to do."""

from __future__ import annotations

import math
import threading
import time

import pytest

from certcore._clock import steady
from certcore.qr._watchdog import Watchdog

PATIENCE_S = 30


def has_ended(watchdog: Watchdog) -> bool:
    """Whether its thread ends within some time."""
    last = time.monotonic() + PATIENCE_S
    while watchdog._thread is not None and time.monotonic() < last:
        time.sleep(0.01)
    return watchdog._thread is None


def test_what_is_late_is_killed() -> None:
    """Once, soon after its moment, and whoever waits learns of it."""
    watchdog, killed = Watchdog(), threading.Event()
    with watchdog.killed_at(steady() + 0.05, killed.set) as watch:
        assert killed.wait(PATIENCE_S)
    assert watch.has_killed
    assert has_ended(watchdog)


def test_what_is_done_in_time_is_left_alone() -> None:
    """However soon the moment comes after it."""
    watchdog = Watchdog()
    killed: list[int] = []
    for number in range(200):
        with watchdog.killed_at(steady() + 0.02, lambda number=number: killed.append(number)) as watch:  # type: ignore[misc]  # bound now
            pass
        assert not watch.has_killed
    assert has_ended(watchdog)
    assert [] == killed


def test_one_thread_watches_all() -> None:
    """A later moment that was told first does not delay an earlier one."""
    watchdog, soon, late = Watchdog(), threading.Event(), threading.Event()
    before = threading.active_count()
    with watchdog.killed_at(steady() + 3600, late.set), watchdog.killed_at(steady() + 0.05, soon.set):
        assert soon.wait(PATIENCE_S)
        assert threading.active_count() == before + 1
    assert not late.is_set()


def test_without_a_moment_there_is_no_thread() -> None:
    """No deadline needs no watching."""
    watchdog = Watchdog()
    with watchdog.killed_at(math.inf, pytest.fail):
        assert watchdog._thread is None


def test_a_kill_that_fails_ends_nothing() -> None:
    """The next is killed all the same."""
    watchdog, killed = Watchdog(), threading.Event()

    def fail() -> None:
        raise ProcessLookupError

    with watchdog.killed_at(steady() + 0.01, fail), watchdog.killed_at(steady() + 0.05, killed.set):
        assert killed.wait(PATIENCE_S)
    with watchdog.killed_at(steady() + 0.01, killed.clear):
        last = time.monotonic() + PATIENCE_S
        while killed.is_set() and time.monotonic() < last:
            time.sleep(0.01)
    assert not killed.is_set()


def test_a_machine_without_threads(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever asked is told, and a later time works."""
    watchdog = Watchdog()

    def refuse(_: threading.Thread) -> None:
        msg = "can't start new thread"
        raise RuntimeError(msg)

    with monkeypatch.context() as patch:
        patch.setattr(threading.Thread, "start", refuse)
        with pytest.raises(RuntimeError), watchdog.killed_at(steady() + 1, pytest.fail):
            pytest.fail("nothing is watched")
    with watchdog.killed_at(steady() + 3600, pytest.fail):
        assert watchdog._thread is not None
