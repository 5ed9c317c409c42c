"""A symbol's grid of modules, laid over a picture in which it may be tilted, rolled or crumpled.

A grid is where every corner of a module lies in the picture. It starts from the finder patterns alone, and is then
drawn to what is seen: edges between dark and light lie where modules end, so the picture's edges, looked at through the
grid, beat once a module. The phase of that beat says how far the grid is off at a place, as in a lock-in amplifier; it
is followed outwards from the finder patterns, where it is known to be less than half a module.
"""

from __future__ import annotations

import heapq
import math
from typing import Final, TypeAlias

import attrs
import numpy as np
import numpy.typing as npt

from certcore.qr._dewarp.finders import Floats, Pixels, at
from certcore.qr._dewarp.triples import Triple, curve

Complexes: TypeAlias = npt.NDArray[np.complex128]

PER_MODULE: Final = 5
"""Samples along a module."""

MARGIN: Final = 1
"""Modules of the quiet zone that a grid covers on every side."""

_SPREAD: Final = 0.8
"""Modules over which the phase is smoothed before it is followed: few, since in a bent symbol it changes fast."""

_STIFFNESS: Final = 3.0
"""Modules over which the grid is smoothed when it is moved: many, since paper bends and does not tear."""

_BEAT: Final = np.exp(-2j * np.pi * np.arange(PER_MODULE) / PER_MODULE)


@attrs.frozen(eq=False)
class Grid:
    """Where the corners of modules lie.

    Attributes:
        side: modules along the symbol's side.
        x, y: pixels, by row and column, from `MARGIN` modules before the symbol to as many behind it.
        trust: how clearly the edges beat when this grid was made, from 0 to 1; 0 where nobody looked.
    """

    side: int
    x: Floats
    y: Floats
    trust: float = 0.0

    @property
    def corners(self) -> tuple[tuple[float, float], ...]:
        """The symbol's four corners in pixels, clockwise from its upper left one."""
        first, last = MARGIN, MARGIN + self.side
        places = ((first, first), (first, last), (last, last), (last, first))
        return tuple((float(self.x[place]), float(self.y[place])) for place in places)


def initial_grid(triple: Triple, side: int) -> Grid:
    """The grid that three finder patterns tell: their places, and the size and direction of the modules there."""
    between = side - 7.0
    modules = np.arange(-MARGIN, side + MARGIN + 1) - 3.5
    corner, right, below = triple.all
    top, left = (
        _edge(modules, between, corner.middle, end.middle, corner.axes[:, axis], end.axes[:, axis])
        for axis, end in enumerate((right, below))
    )
    # How the sides of a module turn and grow from the one pattern to the others.
    twist = (right.axes[:, 1] - corner.axes[:, 1] + below.axes[:, 0] - corner.axes[:, 0]) / (2 * between)
    x, y = (
        top[None, :, axis] + left[:, None, axis] - corner.middle[axis] + twist[axis] * np.outer(modules, modules)
        for axis in (0, 1)
    )
    return Grid(side, x, y)


def _edge(modules: Floats, between: float, start: Floats, end: Floats, first: Floats, last: Floats) -> Floats:
    """Points along a side of the symbol: a curve between two finder patterns, and straight on outside them."""
    points = curve(np.clip(modules / between, 0, 1), start, end, first * between, last * between)
    before, behind = np.minimum(modules, 0), np.maximum(modules - between, 0)
    return points + before[:, None] * first + behind[:, None] * last


def sample(pixels: Pixels, grid: Grid) -> Pixels:
    """The picture as it looks through the grid: flat, `PER_MODULE` samples to a module."""
    steps = (np.arange((len(grid.x) - 1) * PER_MODULE) + 0.5) / PER_MODULE
    return at(pixels, _interpolate(grid.x, steps, steps), _interpolate(grid.y, steps, steps))


def module_brightness(flat: Pixels, side: int) -> Floats:
    """The brightness of every module, in its inner part."""
    count = len(flat) // PER_MODULE
    inner = flat.reshape((count, PER_MODULE) * 2)[:, 1:4, :, 1:4].mean((1, 3), dtype=np.float64)
    return inner[MARGIN : MARGIN + side, MARGIN : MARGIN + side]


def quarter_brightness(flat: Pixels) -> Floats:
    """The brightness of every quarter of a module, two to its side, with `MARGIN` modules around the symbol."""
    parts = flat.reshape(-1, PER_MODULE, len(flat))
    rows = np.stack([parts[:, 0] + parts[:, 1] + parts[:, 2] / 2, parts[:, 2] / 2 + parts[:, 3] + parts[:, 4]], axis=1)
    parts = rows.reshape(-1, len(flat) // PER_MODULE, PER_MODULE)
    quarters = [parts[..., 0] + parts[..., 1] + parts[..., 2] / 2, parts[..., 2] / 2 + parts[..., 3] + parts[..., 4]]
    return np.stack(quarters, axis=-1).reshape(len(parts), -1).astype(np.float64) / 6.25


def refine(flat: Pixels, grid: Grid) -> Grid:
    """The grid moved to where the edges are.

    Args:
        flat: what `sample` gives through the grid.
        grid: less than half a module off at the finder patterns.
    """
    across, down = (_phase(np.abs(np.diff(flat, axis=axis, prepend=flat.take([0], axis))), axis) for axis in (1, 0))
    clear = [np.abs(beat) for beat in (across, down)]
    order = _visiting_order(clear[0] + clear[1], _start_modules(grid.side))
    steps = np.arange(len(grid.x), dtype=np.float64)
    moved = []
    for beat, clearness in zip((across, down), clear, strict=True):
        weights = clearness**2 + 1e-4
        away = _unwrap(np.angle(beat) / (-2 * np.pi), order)
        even = blur(away * weights, _STIFFNESS) / blur(weights, _STIFFNESS)
        moved.append(_interpolate(even, steps - 0.5, steps - 0.5))
    rows, columns = steps[:, None] + moved[1], steps[None, :] + moved[0]
    return Grid(grid.side, _sample_at(grid.x, rows, columns), _sample_at(grid.y, rows, columns), float(np.mean(clear)))


def _phase(edges: Pixels, axis: int) -> Complexes:
    """The beat of the edges along an axis, for every module: its angle is the phase, its size from 0 to 1."""
    count = len(edges) // PER_MODULE
    beat = np.tile(_BEAT, count)
    waves = (edges * (beat if axis == 1 else beat[:, None])).reshape((count, PER_MODULE) * 2).sum((1, 3))
    whole = edges.reshape((count, PER_MODULE) * 2).sum((1, 3), dtype=np.float64)
    return blur(waves, _SPREAD) / (blur(whole, _SPREAD) + 1e-3)


def _start_modules(side: int) -> tuple[tuple[int, int], ...]:
    """The modules in the middle of the three finder patterns."""
    first, last = MARGIN + 3, MARGIN + side - 4
    return (first, first), (first, last), (last, first)


def _visiting_order(clear: Floats, known: tuple[tuple[int, int], ...]) -> list[tuple[tuple[int, int], tuple[int, int]]]:
    """In which order to go from module to neighbouring module, the clearest first; each with the one it comes from."""
    count = len(clear)
    waiting = [(-math.inf, place, place) for place in known]
    heapq.heapify(waiting)
    clearness: list[list[float]] = clear.tolist()
    reached: set[tuple[int, int]] = set()
    order = []
    while waiting:
        _, place, origin = heapq.heappop(waiting)
        if place in reached:
            continue
        reached.add(place)
        order.append((place, origin))
        row, column = place
        for near in ((row - 1, column), (row + 1, column), (row, column - 1), (row, column + 1)):
            if near not in reached and 0 <= near[0] < count and 0 <= near[1] < count:
                heapq.heappush(waiting, (-clearness[near[0]][near[1]], near, place))
    return order


def _unwrap(turns: Floats, order: list[tuple[tuple[int, int], tuple[int, int]]]) -> Floats:
    """Phases in turns without their jumps: each within half a turn of the module it was reached from."""
    wrapped: list[list[float]] = turns.tolist()
    whole: dict[tuple[int, int], float] = {}
    for place, origin in order:
        value = wrapped[place[0]][place[1]]
        whole[place] = value + round(whole.get(origin, 0.0) - value)
    return np.array([[whole[row, column] for column in range(len(turns))] for row in range(len(turns))])


def blur(values: Floats | Complexes, spread: float) -> Floats:
    """Convolved with a bell of this many places, with nothing beyond the edges."""
    reach = math.ceil(2.5 * spread)
    bell = np.exp(-((np.arange(-reach, reach + 1) / spread) ** 2) / 2)
    for axis in (0, 1):
        padded = np.pad(values, [(reach, reach) if axis == padded_axis else (0, 0) for padded_axis in (0, 1)])
        length = values.shape[axis]
        parts = (weight * padded.take(range(at, at + length), axis) for at, weight in enumerate(bell / bell.sum()))
        values = sum(parts)
    return values


def _interpolate(values: Floats, rows: Floats, columns: Floats) -> Floats:
    """Values at every crossing of rows and columns that may lie between the given ones, or a little beyond."""
    for places in (rows, columns):
        first = np.clip(np.floor(places), 0, len(values) - 2).astype(np.intp)
        part = (places - first)[:, None]
        values = (values[first] * (1 - part) + values[first + 1] * part).T
    return values


def _sample_at(values: Floats, rows: Floats, columns: Floats) -> Floats:
    """Values at points that may lie between the given ones, or a little beyond."""
    top, left = (np.clip(np.floor(place), 0, len(values) - 2).astype(np.intp) for place in (rows, columns))
    down, right = rows - top, columns - left
    upper = values[top, left] * (1 - right) + values[top, left + 1] * right
    lower = values[top + 1, left] * (1 - right) + values[top + 1, left + 1] * right
    return upper * (1 - down) + lower * down
