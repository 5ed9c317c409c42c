"""How much time is left before a deadline, and how much of it the disk may use."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from certcore.errors import StatusError
from certcore.status._url_policy import unavailable

_DISK_SHARE: Final = 0.25
"""The part of what is left of a deadline for which the disk is waited for, each time."""

_DISK_RESTS_S: Final = 30.0
"""Seconds for which the disk is left alone once it took longer."""


class Budget:
    """What is left of a deadline."""

    def __init__(self, monotonic: Callable[[], float], seconds: float) -> None:
        self._monotonic = monotonic
        self.begin(seconds)

    def begin(self, seconds: float) -> None:
        """Count from now."""
        self._end = self._monotonic() + seconds

    def left(self) -> float:
        """Seconds, more than none.

        Raises:
            StatusError: ``status-unavailable`` with the cause ``timeout``.
        """
        left = self._end - self._monotonic()
        if left <= 0:
            raise out_of_time()
        return left

    def allows(self, seconds: float) -> bool:
        """Whether so many seconds are left, and some."""
        return self._monotonic() + seconds < self._end


def out_of_time() -> StatusError:
    """The deadline is over."""
    return unavailable("timeout", "There was no answer in time")


class DiskPatience:
    """How long the disk is waited for: not at all for a while after it took too long."""

    def __init__(self, monotonic: Callable[[], float]) -> None:
        self._monotonic = monotonic
        self._rests_until: float | None = None

    def seconds(self, budget: Budget) -> float:
        """Seconds, more than none.

        Raises:
            StatusError: ``status-unavailable``; it is not waited for.
        """
        if self._rests_until is not None and self._monotonic() < self._rests_until:
            raise out_of_time()
        return budget.left() * _DISK_SHARE

    def rest(self) -> None:
        """The disk took longer: leave it alone."""
        self._rests_until = self._monotonic() + _DISK_RESTS_S
