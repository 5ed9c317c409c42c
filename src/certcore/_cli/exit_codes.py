"""The command's exit codes. They are stable: scripts use them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final

from certcore.verdict import Outcome, VehicleVerdict, Verdict

DONE: Final = 0
"""Valid, or done as asked."""

NOT_VALID: Final = 1

ERROR: Final = 2
"""Wrong usage, or something could not be read, written or done."""

UNDETERMINED: Final = 3

DEGRADED: Final = 4
"""Valid, but nobody said whether it was revoked: ``verify ... && accept`` must not accept that."""

INTERRUPTED: Final = 130
"""Stopped from the keyboard: 128 and the number of the signal, as shells have it."""

OF_OUTCOME: Final[Mapping[Outcome, int]] = {
    Outcome.VALID: DONE,
    Outcome.INVALID: NOT_VALID,
    Outcome.UNDETERMINED: UNDETERMINED,
}

_WORST_FIRST: Final = (ERROR, NOT_VALID, UNDETERMINED, DEGRADED, DONE)


def of_verdict(verdict: Verdict | VehicleVerdict) -> int:
    """The code for one verdict."""
    is_degraded = isinstance(verdict, Verdict) and verdict.degraded
    return DEGRADED if is_degraded else OF_OUTCOME[verdict.outcome]


def worst(codes: Iterable[int]) -> int:
    """The code that speaks for all: an error, else any not valid, any undetermined, any degraded."""
    return min(codes, key=_WORST_FIRST.index, default=DONE)
