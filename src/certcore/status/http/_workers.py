"""Threads for work that cannot be interrupted: names, a disk, long documents. The caller can stop waiting.

They are daemon threads, so one that hangs does not keep the program from ending. Their number is limited, and a forked
process does not use its parent's.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from concurrent.futures import Future
from threading import Lock, Thread
from typing import Any, TypeVar

from certcore import _forks

T = TypeVar("T")


class Workers:
    """At most so many threads, which end when there is nothing to do."""

    def __init__(self, name: str, *, most: int) -> None:
        self._name, self._most = name, most
        self.begin_in_child()
        _forks.begin_in_children(self)

    def begin_in_child(self) -> None:
        """As `_forks.Forked`."""
        self._lock = Lock()
        self._waiting: deque[tuple[Future[Any], Callable[[], Any]]] = deque()
        self._running = 0

    def start(self, work: Callable[[], T], /) -> Future[T]:
        """What the work will give. Cancelled before its turn comes, it is not begun."""
        future: Future[T] = Future()
        with self._lock:
            self._waiting.append((future, work))
            if self._running >= self._most:
                return future
            self._running += 1
        try:
            Thread(target=self._run, name=self._name, daemon=True).start()
        except RuntimeError:  # there are as many threads as the system allows
            self._run()
        return future

    def _run(self) -> None:
        while True:
            with self._lock:
                if not self._waiting:
                    self._running -= 1
                    return
                future, work = self._waiting.popleft()
            if future.set_running_or_notify_cancel():
                try:
                    future.set_result(work())
                except BaseException as error:  # noqa: BLE001  it is raised where it is waited for
                    future.set_exception(error)
            del future, work  # nothing is kept alive while the next one is waited for
