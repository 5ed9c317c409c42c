"""Three finder patterns that may be the corners of one symbol, and how many modules lie between them.

Which three belong together, which of them is the upper left one, and the third where only two were seen. Everything is
told from the patterns' places and shapes and a few lines of pixels between them; the symbol itself is not looked at.
A mirrored symbol is not recognised as such: the decoder finds its rows and columns exchanged.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from itertools import combinations
from typing import Final

import attrs
import numpy as np

from certcore.qr._dewarp.finders import Finder, Floats, Pixels, at, fit

MIN_SIDE: Final = 21
MAX_SIDE: Final = 177
"""Modules along the side of the smallest and the largest symbol: versions 1 and 40."""

_FROM_EDGE: Final = 3.5
"""Modules from the edge of a symbol to the middle of a finder pattern."""

_MIN_GUESSED: Final = 0.3
"""How much a place must be like a finder pattern where two others say that there is one."""

_NEAREST: Final = 12
"""Others that a finder pattern is joined with: where many symbols lie side by side, the rest are not its own."""

_MAX_VERSION_ERRORS: Final = 3
"""Wrong bits that the version information can have and still be told: its words differ in eight."""


@attrs.frozen(eq=False)
class Triple:
    """Three finder patterns as the corners of a symbol.

    Attributes:
        corner, right, below: those in the upper left, upper right and lower left corner. The axes of each are turned
            so that the first points to the right and the second down.
        doubt: how badly they fit together; 0 is perfect.
    """

    corner: Finder
    right: Finder
    below: Finder
    doubt: float

    @property
    def is_dark(self) -> bool:
        """Whether the symbol is dark on light."""
        return self.corner.is_dark

    @property
    def all(self) -> tuple[Finder, Finder, Finder]:
        """The three of them."""
        return self.corner, self.right, self.below


def symbols(finders: Sequence[Finder]) -> list[Triple]:
    """Every three that may belong to one symbol, the likeliest first."""
    found: list[Triple] = []
    for corner in finders:
        others = [other for other in finders if other is not corner and other.is_dark == corner.is_dark]
        legs = [leg for other in others if (leg := _leg(corner, other)) is not None]
        nearest = sorted(legs, key=lambda leg: math.hypot(*leg.way))[:_NEAREST]
        for one, other in combinations(nearest, 2):
            if (triple := _join(corner, one, other)) is not None:
                found.append(triple)
    return sorted(found, key=lambda triple: triple.doubt)


def guess(pixels: Pixels, finders: Sequence[Finder]) -> list[Triple]:
    """As `symbols`, where only two patterns were found: the third is looked for where it would have to lie.

    Args:
        pixels: the picture, in which the patterns are dark on light.
        finders: patterns that are all dark or all light.
    """
    found: list[Triple] = []
    for one, other in combinations(finders, 2):
        places = list(_thirds(one, other))
        if not places:
            continue
        middles, axes = np.array([place[0] for place in places]), np.array([place[1] for place in places])
        for third in fit(pixels, middles, axes, is_dark=one.is_dark):
            if third.likeness >= _MIN_GUESSED:
                found += symbols([one, other, third])
    return sorted(found, key=lambda triple: triple.doubt)


@attrs.frozen(eq=False)
class _Leg:
    """The way from one finder pattern to another along the side of a symbol.

    Attributes:
        to: the other pattern.
        way: the vector between their middles, in pixels.
        along: the side of a module at the start, along the way.
        side: modules along the symbol's side, if modules grow or shrink evenly on the way.
        bend: how far the patterns' sides point elsewhere; 0 is straight.
    """

    to: Finder
    way: Floats
    along: Floats
    side: float
    bend: float


def _leg(start: Finder, end: Finder) -> _Leg | None:
    way = end.middle - start.middle
    length = math.hypot(*way)
    if length < max(start.module, end.module):
        return None
    (along, straight), (along_end, straight_end) = (_towards(finder.axes, way / length) for finder in (start, end))
    first, last = math.hypot(*along), math.hypot(*along_end)
    side = 2 * length / (first + last) + 2 * _FROM_EDGE
    if min(straight, straight_end) < 0.8 or max(first, last) > 3 * min(first, last):  # noqa: PLR2004  # 37 degrees off; 70 degrees tilted
        return None
    if not 0.75 * MIN_SIDE < side < 1.25 * MAX_SIDE:
        return None
    return _Leg(end, way, along, side, 4 - 2 * straight - 2 * straight_end + abs(math.log(first / last)) / 2)


def _towards(axes: Floats, way: Floats) -> tuple[Floats, float]:
    """The side of a module that points along a way, and the cosine between the two."""
    sides = np.concatenate([axes.T, -axes.T])
    cosines = sides @ way / np.hypot(sides[:, 0], sides[:, 1])
    best = int(cosines.argmax())
    return sides[best], float(cosines[best])


def _join(corner: Finder, one: _Leg, other: _Leg) -> Triple | None:
    across = _cross(one.way, other.way)
    if across < 0:
        one, other, across = other, one, -across
    lengths = math.hypot(*one.way) * math.hypot(*other.way)
    is_flat = across < 0.5 * lengths  # less than 30 degrees between them
    is_one_axis = abs(_cross(one.along, other.along)) < 0.4 * math.hypot(*one.along) * math.hypot(*other.along)
    # A bent side seems up to so much longer.
    if is_flat or is_one_axis or max(one.side, other.side) > 1.7 * min(one.side, other.side):
        return None
    doubt = one.bend + other.bend + 1.5 * abs(math.log(one.side / other.side)) + 0.5 * (1 - across / lengths)
    doubt += 2 * sum(1 - finder.likeness for finder in (corner, one.to, other.to))
    return Triple(*(_turn(finder, one.way, other.way) for finder in (corner, one.to, other.to)), doubt)


def _cross(one: Floats, other: Floats) -> float:
    return float(one[0] * other[1] - one[1] * other[0])


def _turn(finder: Finder, right: Floats, down: Floats) -> Finder:
    """The pattern with its axes to the right and down."""
    first, second = finder.axes.T
    if abs(float(first @ right)) / math.hypot(*first) < abs(float(second @ right)) / math.hypot(*second):
        first, second = second, first
    first, second = first * np.sign(first @ right), second * np.sign(second @ down)
    return attrs.evolve(finder, axes=np.column_stack([first, second]))


def _thirds(one: Finder, other: Finder) -> Iterator[tuple[Floats, Floats]]:
    """Where a third pattern may lie, with the axes it would have: beside either of two, or opposite their diagonal."""
    if (leg := _leg(one, other)) is not None:
        modules = leg.side - 2 * _FROM_EDGE
        for start in (one, other):
            along, _ = _towards(start.axes, leg.way / math.hypot(*leg.way))
            least = 0.5 * abs(np.linalg.det(start.axes))
            across = next(axis for axis in start.axes.T if abs(_cross(axis, along)) > least)
            for way in (across, -across):
                yield start.middle + way * modules, start.axes
    way = other.middle - one.middle
    for flip in (1, -1):
        # The corner sees both ends at a right angle, each along one axis of the end's pattern.
        corner = (one.middle + other.middle) / 2 + flip * np.array([-way[1], way[0]]) / 2
        yield corner, (one.axes + _nearest(other.axes, one.axes)) / 2


def _nearest(axes: Floats, to: Floats) -> Floats:
    """Axes turned by quarters to lie nearest to others."""
    first, _ = _towards(axes, to[:, 0] / math.hypot(*to[:, 0]))
    second, _ = _towards(axes, to[:, 1] / math.hypot(*to[:, 1]))
    return np.column_stack([first, second])


# How many modules the side has.


def estimate_sides(pixels: Pixels, triple: Triple) -> list[int]:
    """How many modules the symbol may have along its side, the likeliest first.

    Three things tell: the version information beside the patterns, where there is one (from version 7 on); the changes
    along the timing patterns; and the size of a module beside the distance, which a bent symbol falsifies.
    """
    measured = [
        2
        * math.dist((triple.corner.x, triple.corner.y), (end.x, end.y))
        / (math.hypot(*triple.corner.axes[:, axis]) + math.hypot(*end.axes[:, axis]))
        + 2 * _FROM_EDGE
        for axis, end in enumerate((triple.right, triple.below))
    ]
    votes: dict[int, float] = {}

    def vote(side: float, weight: float) -> None:
        whole = round((side - 17) / 4) * 4 + 17
        if MIN_SIDE <= whole <= MAX_SIDE:
            votes[whole] = votes.get(whole, 0) + weight

    for axis, end in enumerate((triple.right, triple.below)):
        version, errors = _version(pixels, end, axis)
        if errors <= _MAX_VERSION_ERRORS and 0.6 < (4 * version + 17) / measured[0] < 1.6:  # noqa: PLR2004  # as bent as they may be
            vote(4 * version + 17, 4 - errors)
        counted = _count_modules(pixels, triple.corner, end, axis, measured[axis])
        if counted % 4 == 1:
            vote(counted, 2)
        vote(measured[axis], 1.1)
    vote(min(measured), 0.5)
    for away, weight in ((0, 0.4), (4, 0.1), (-4, 0.1)):
        vote(sum(measured) / 2 + away, weight)
    return sorted(votes, key=lambda side: -votes[side])


def _version_words() -> dict[int, int]:
    """The 18 bits of the version information, by version (ISO/IEC 18004 annex D)."""
    words = {}
    for version in range(7, 41):
        rest = version << 12
        for bit in range(17, 11, -1):
            if rest >> bit & 1:
                rest ^= 0x1F25 << (bit - 12)
        words[version] = version << 12 | rest
    return words


_VERSION_WORDS: Final = _version_words()


def _version(pixels: Pixels, finder: Finder, axis: int) -> tuple[int, int]:
    """The version that the block beside a finder pattern is nearest to, and its wrong bits."""
    bits = np.arange(18)
    # Three modules wide, six high and turned away from the pattern by seven; below the corner it lies on its side.
    places = np.stack([bits % 3 - 7.0, bits // 3 - 3.0])
    x, y = finder.axes @ (places if axis == 0 else places[::-1]) + finder.middle[:, None]
    light_x, light_y = finder.axes @ np.array([[2, -2, 0, 0], [0, 0, 2, -2]]) + finder.middle[:, None]
    dark = at(pixels, finder.middle[:1], finder.middle[1:])[0]
    is_dark = at(pixels, x, y) < (dark + at(pixels, light_x, light_y).mean()) / 2
    word = sum(1 << int(bit) for bit in np.flatnonzero(is_dark))
    errors = {version: (word ^ right).bit_count() for version, right in _VERSION_WORDS.items()}
    return min(errors.items(), key=lambda one: one[1])


def _count_modules(pixels: Pixels, start: Finder, end: Finder, axis: int, side: float) -> int:
    """Modules along the side, counted by the changes along the timing pattern between two finder patterns."""
    aside, modules = 1 - axis, side - 2 * _FROM_EDGE
    first, last = (finder.middle + 3 * finder.axes[:, aside] for finder in (start, end))
    steps = np.linspace(0, 1, max(32, int(modules * 6)))
    x, y = curve(steps, first, last, start.axes[:, axis] * modules, end.axes[:, axis] * modules).T
    seen = at(pixels, x, y)
    around = np.convolve(np.pad(seen, 13, mode="edge"), np.full(27, 1 / 27), "valid")
    inside = slice(int(3.9 / modules * len(steps)), len(steps) - int(3.9 / modules * len(steps)))
    is_dark = (seen < around)[inside]
    # It changes at every edge from 8 to the side less 8.
    return int(np.count_nonzero(is_dark[1:] != is_dark[:-1])) + 15


def curve(steps: Floats, start: Floats, end: Floats, from_start: Floats, to_end: Floats) -> Floats:
    """Points on the cubic from one point to another that leaves and arrives with these vectors (Hermite's), as rows."""
    t = steps[:, None]
    return (
        (2 * t**3 - 3 * t**2 + 1) * start
        + (t**3 - 2 * t**2 + t) * from_start
        + (3 * t**2 - 2 * t**3) * end
        + (t**3 - t**2) * to_end
    )
