"""Times and figures: sides take turns, every round is kept, and the median is the figure."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Final, TypeVar

import attrs

if TYPE_CHECKING:
    from benchmarks._peers import Peers

T = TypeVar("T")

Side = Callable[[], float]
"""Does its work once, and says how long one piece took, in seconds."""

MICRO: Final = 1e6
MILLI: Final = 1e3


def _floats(values: Iterable[float]) -> tuple[float, ...]:
    """As many digits as were measured."""
    return tuple(float(f"{value:.6g}") for value in values)


@attrs.frozen(kw_only=True)
class Figure:
    """One cell of a table.

    Attributes:
        table: the table's title, unique in its suite.
        row: what was measured.
        column: what of it.
        unit: of the values; empty for ratios and counts.
        rounds: the value of each round; empty where nothing was measured.
        note: why not, or what was measured instead.
    """

    table: str
    row: str
    column: str
    unit: str = ""
    rounds: tuple[float, ...] = attrs.field(default=(), converter=_floats)
    note: str = ""

    @property
    def median(self) -> float | None:
        """The figure; None where nothing was measured."""
        return statistics.median(self.rounds) if self.rounds else None

    @property
    def spread(self) -> tuple[float, float] | None:
        """The quartiles of the rounds, or their ends where there are fewer than four."""
        if len(self.rounds) < 4:
            return (min(self.rounds), max(self.rounds)) if self.rounds else None
        low, _, high = statistics.quantiles(self.rounds, n=4, method="inclusive")
        return low, high


@attrs.frozen(kw_only=True)
class Setting:
    """How a suite is to measure.

    Attributes:
        rounds: how often each side has its turn.
        is_quick: tiny inputs, to see that everything works; such figures mean nothing.
        size: rows or files, for the suites that take a number; None is the usual.
        folder: empty, and the suite's own.
        peers: what to compare with.
        say: shows progress.
    """

    rounds: int
    is_quick: bool
    size: int | None = None
    folder: Path
    peers: Peers
    say: Callable[[str], None]

    def pick(self, usual: T, quick: T) -> T:
        """The first, or the second where it has to be quick."""
        return quick if self.is_quick else usual


def timed(work: Callable[[], object], *, pieces: int = 1, clock: Callable[[], float] = time.process_time) -> Side:
    """The work as a side. Processor time leaves out what others do meanwhile; threads and children need the clock."""

    def side() -> float:
        start = clock()
        work()
        return (clock() - start) / pieces

    return side


def race(sides: Mapping[str, Side], *, rounds: int) -> dict[str, tuple[float, ...]]:
    """The seconds of every side in every round, the sides taking turns."""
    taken: dict[str, list[float]] = {name: [] for name in sides}
    for _ in range(rounds):
        for name, side in sides.items():
            taken[name].append(side())
    return {name: tuple(each) for name, each in taken.items()}


def ratios(above: tuple[float, ...], below: tuple[float, ...]) -> tuple[float, ...]:
    """Round by round, so that what slowed both is in neither."""
    return tuple(one / other for one, other in zip(above, below, strict=True) if other)


def grouped(count: int) -> str:
    """A number as tables show it."""
    return f"{count:,}".replace(",", " ")


def scaled(values: tuple[float, ...], factor: float) -> tuple[float, ...]:
    """In another unit."""
    return tuple(value * factor for value in values)


def rates(seconds: tuple[float, ...]) -> tuple[float, ...]:
    """Pieces a second."""
    return tuple(1 / one for one in seconds if one)
