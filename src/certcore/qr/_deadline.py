"""The deadline of a picture. Every slow step checks it first; nothing here interrupts a step."""

from __future__ import annotations

import math
from typing import Final

import attrs

from certcore._clock import steady
from certcore.errors import RejectedInputError


@attrs.frozen
class Deadline:
    """A moment after which no further step is begun.

    Attributes:
        at: the moment, in seconds of `certcore._clock.steady`; infinite where there is no limit.
    """

    at: float = math.inf

    @classmethod
    def after(cls, seconds: float | None) -> Deadline:
        """The moment that many seconds from now; ``None`` is never.

        Raises:
            ValueError: seconds that are negative or no number.
        """
        if seconds is None:
            return NEVER
        if not seconds >= 0:
            raise ValueError("a deadline is a number of seconds, 0 or more")
        return cls(steady() + seconds)

    @property
    def left_s(self) -> float:
        """Seconds left: never negative, and infinite where there is no limit."""
        return max(0.0, self.at - steady())

    @property
    def is_over(self) -> bool:
        """Whether no time is left."""
        return steady() >= self.at

    def check(self, page: int = 1) -> None:
        """Go on only while there is time.

        Raises:
            RejectedInputError: ``image-timeout``, with the page that was not read.
        """
        if self.is_over:
            raise RejectedInputError("image-timeout", "the time allowed for the picture is over", page=page)


NEVER: Final = Deadline()
"""No limit."""
