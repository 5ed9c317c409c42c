"""The command's exit codes. They are stable: scripts use them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from certcore.verdict import VehicleVerdict, Verdict

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

OF_OUTCOME: Final[Mapping[str, int]] = {"valid": DONE, "invalid": NOT_VALID, "undetermined": UNDETERMINED}
"""By an outcome's value; `of_verdict` knows of 4, too."""

_WORST_FIRST: Final = (ERROR, NOT_VALID, UNDETERMINED, DEGRADED, DONE)


def of_verdict(verdict: Verdict | VehicleVerdict) -> int:
    """The code for one verdict."""
    is_degraded = getattr(verdict, "degraded", False)  # one about a vehicle rests on an answer, always
    return DEGRADED if is_degraded else OF_OUTCOME[verdict.outcome.value]


def worst(codes: Iterable[int]) -> int:
    """The code that speaks for all: an error, else any not valid, any undetermined, any degraded."""
    return min(codes, key=_WORST_FIRST.index, default=DONE)
