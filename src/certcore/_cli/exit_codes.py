"""The command's exit codes. They are stable: scripts use them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final

from certcore.verdict import Outcome

DONE: Final = 0
"""Valid, or done as asked."""

NOT_VALID: Final = 1

ERROR: Final = 2
"""Wrong usage, or something could not be read, written or done."""

UNDETERMINED: Final = 3

INTERRUPTED: Final = 130
"""Stopped from the keyboard: 128 and the number of the signal, as shells have it."""

OF_OUTCOME: Final[Mapping[Outcome, int]] = {
    Outcome.VALID: DONE,
    Outcome.INVALID: NOT_VALID,
    Outcome.UNDETERMINED: UNDETERMINED,
}

_WORST_FIRST: Final = (ERROR, NOT_VALID, UNDETERMINED, DONE)


def worst(codes: Iterable[int]) -> int:
    """The code that speaks for all: an error, else any not valid, else any undetermined."""
    return min(codes, key=_WORST_FIRST.index, default=DONE)
