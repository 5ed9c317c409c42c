"""One thread that kills what is not done in time, however many readers there are.

A thread for each picture would cost a fiftieth of a photograph's time. This one sleeps until the earliest moment it
knows: a picture that is done by then costs it nothing. It ends where nothing is left to watch.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from threading import TIMEOUT_MAX, Condition, Thread

import attrs

from certcore._clock import steady


@attrs.define(eq=False)
class Watch:
    """What is to be done by a moment, and how it is killed."""

    at: float
    kill: Callable[[], None]
    has_killed: bool = False


@attrs.define(eq=False)
class Watchdog:
    """Watches for this process; a forked child needs its own."""

    _watches: set[Watch] = attrs.field(factory=set)
    _changed: Condition = attrs.field(factory=Condition)
    _wakes_at: float = math.inf
    _thread: Thread | None = None

    @contextmanager
    def killed_at(self, at: float, kill: Callable[[], None]) -> Iterator[Watch]:
        """Kill at that moment of `certcore._clock.steady`, unless what is done here is done by then.

        Raises:
            RuntimeError: the system gives no thread.
        """
        watch = Watch(at, kill)
        if at < math.inf:
            self._add(watch)
        try:
            yield watch
        finally:
            with self._changed:  # behind this, nothing is killed
                self._watches.discard(watch)

    def _add(self, watch: Watch) -> None:
        with self._changed:
            if self._thread is None:
                thread = Thread(target=self._run, name="certcore-watchdog", daemon=True)
                thread.start()
                self._thread = thread
            self._watches.add(watch)
            if watch.at < self._wakes_at:
                self._changed.notify()

    def _run(self) -> None:
        with self._changed:
            while self._watches:
                for watch in [watch for watch in self._watches if watch.at <= steady()]:
                    self._watches.discard(watch)
                    watch.has_killed = True
                    with suppress(OSError):
                        watch.kill()
                self._wakes_at = min((watch.at for watch in self._watches), default=0)
                if self._watches:
                    self._changed.wait(min(max(0, self._wakes_at - steady()), TIMEOUT_MAX))
            self._thread = None
