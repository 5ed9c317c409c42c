"""So many places, given in the order in which they were asked for.

With a semaphore of the standard library, the thread that gives back a place takes it again before any that waits has
woken up: where many threads read pictures without a pause, some of them never do, and say ``image-timeout``.
"""

from __future__ import annotations

from collections import deque
from threading import Lock

import attrs


@attrs.define(eq=False)
class Places:
    """Places that a thread takes and gives back.

    Attributes:
        free: how many nobody has.
    """

    free: int
    _waiting: deque[Lock] = attrs.field(factory=deque)
    _lock: Lock = attrs.field(factory=Lock)

    def acquire(self, *, blocking: bool = True, timeout: float = -1) -> bool:
        """Take a place, behind whoever waits already: whether there was one in time."""
        with self._lock:
            if self.free:
                self.free -= 1
                return True
            if not blocking:
                return False
            turn = Lock()
            turn.acquire()
            self._waiting.append(turn)
        try:
            if turn.acquire(timeout=timeout):
                return True
        except BaseException:  # such as Ctrl-C
            if not self._withdraw(turn):
                self.release()
            raise
        return not self._withdraw(turn)

    def release(self) -> None:
        """Give back a place, to the first that waits."""
        with self._lock:
            if self._waiting:
                self._waiting.popleft().release()
            else:
                self.free += 1

    def _withdraw(self, turn: Lock) -> bool:
        """Wait no longer; False where it was given a place meanwhile."""
        with self._lock:
            if turn not in self._waiting:
                return False
            self._waiting.remove(turn)
            return True
