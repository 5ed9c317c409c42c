"""How many rows of a long run are done."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from datetime import datetime, timedelta

import attrs

from certcore._clock import utc_now
from certcore.verdict import Outcome

__all__ = ["Progress"]


@attrs.define(kw_only=True)  # not frozen: it counts
class Progress:
    """How far a run is; hand it to `verify_files`, and look at it between results.

    Attributes:
        total: how many rows there will be, where that is known.
        done: how many results there are.
        outcomes: how many of each outcome, by its value, and ``error`` for rows without a verdict.
        clock: what time it is.
        started_at: when it began.
    """

    total: int | None = None
    clock: Callable[[], datetime] = attrs.field(default=utc_now, repr=False)
    done: int = attrs.field(default=0, init=False)
    outcomes: Counter[str] = attrs.field(factory=Counter, init=False)
    started_at: datetime = attrs.field(init=False)

    @started_at.default
    def _now(self) -> datetime:
        return self.clock()

    def count(self, outcome: Outcome | None) -> None:
        """Count one more result; None is a row without a verdict."""
        self.done += 1
        self.outcomes["error" if outcome is None else outcome.value] += 1

    @property
    def rate(self) -> float:
        """Results in a second, so far."""
        seconds = (self.clock() - self.started_at).total_seconds()
        return self.done / seconds if seconds > 0 else 0.0

    @property
    def time_left(self) -> timedelta | None:
        """The time left, at this rate; None if not known."""
        rate = self.rate
        if self.total is None or not rate:
            return None
        return timedelta(seconds=max(self.total - self.done, 0) / rate)
