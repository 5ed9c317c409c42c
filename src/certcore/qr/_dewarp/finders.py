"""Finder patterns: the squares in three corners of a symbol, wherever they lie and however they are bent.

A line through the middle of one, in any direction, crosses dark, light, dark, light and dark in the proportions
1:1:3:1:1 (ISO/IEC 18004, "Finder pattern"). Rows and columns of a picture are searched for that; what both agree on is
compared with the pattern's picture, and the best are fitted until they lie on it. Nothing is decoded here, and what is
found may be anything that looks like one.
"""

from __future__ import annotations

import math
from typing import Final, TypeAlias

import attrs
import numpy as np
import numpy.typing as npt
from PIL import Image, ImageChops, ImageFilter

Pixels: TypeAlias = npt.NDArray[np.float32]
Bytes: TypeAlias = npt.NDArray[np.uint8]
Floats: TypeAlias = npt.NDArray[np.float64]

MODULES: Final = 7
"""Modules along the side of a finder pattern."""

MIN_LIKENESS: Final = 0.6
"""The correlation with the pattern from which on a place counts as one."""

_MAX_CROSSINGS: Final = 3000
"""Crossings that are compared with the pattern; of more, every second, third and so on."""

_MIN_MODULE: Final = 1.2
"""Pixels to a module, below which the proportions say nothing."""

_RAW_LIKENESS: Final = 0.3
"""The correlation before fitting from which on it is worth while."""

_ITERATIONS: Final = 8

_TRIED: Final = 3
"""Iterations after which a place is given up that is not like the pattern at all."""

_HOPELESS: Final = 0.4
"""The correlation up to which it is not."""

_DARKER: Final = 1
"""Shades from the mean around that are not yet dark: a flat ground whose noise is dark here and there costs time."""


@attrs.frozen(eq=False)
class Finder:
    """A place that looks like a finder pattern.

    Attributes:
        x, y: its middle, in pixels.
        axes: two columns, the sides of a module there as vectors in pixels. Which of its sides is up is not known.
        likeness: its correlation with the pattern, up to 1.
        is_dark: whether it is dark on light.
    """

    x: float
    y: float
    axes: Floats
    likeness: float
    is_dark: bool = True

    @property
    def middle(self) -> Floats:
        """Its middle, as a vector."""
        return np.array([self.x, self.y])

    @property
    def module(self) -> float:
        """The side of a module, in pixels: the root of its area."""
        return math.sqrt(abs(float(np.linalg.det(self.axes))))


def find(picture: Image.Image, *, window: int, most: int = 32) -> list[Finder]:
    """The places in a grey picture that look like finder patterns, the likeliest first.

    Args:
        picture: 8-bit grey.
        window: how far around a pixel, in pixels, it is looked what is dark and what is light.
        most: places that are looked at closely, of each shade.
    """
    crossings = _crossings(np.asarray(ImageChops.subtract(_around(picture, window), picture)) > _DARKER)
    if not len(crossings):
        return []
    pixels = np.asarray(picture)
    found: list[Finder] = []
    for is_dark in (True, False):
        of_shade = crossings[crossings[:, 4] == is_dark]
        found += _fit_all(pixels if is_dark else 255 - pixels, of_shade, most, is_dark=is_dark)
    return sorted(found, key=lambda finder: -finder.likeness)


def at(pixels: Pixels | Bytes, x: Floats | Pixels, y: Floats | Pixels) -> Pixels:
    """The brightness at points between pixels; beyond the picture, that of its edge. A pixel's middle is at 0.5."""
    height, width = pixels.shape
    x, y = np.clip(x - 0.5, 0, width - 1.001), np.clip(y - 0.5, 0, height - 1.001)
    left, top = x.astype(np.intp), y.astype(np.intp)
    right, down = (x - left).astype(np.float32), (y - top).astype(np.float32)
    flat, place = pixels.ravel(), top * width + left
    upper, lower = flat[place].astype(np.float32), flat[place + width].astype(np.float32)
    upper += (flat[place + 1] - upper) * right
    lower += (flat[place + width + 1] - lower) * right
    return upper + (lower - upper) * down


def _around(picture: Image.Image, window: int) -> Image.Image:
    """The mean around each pixel; of blocks of pixels, which takes a fifth of the time."""
    block = max(1, window * 2 // 5)
    blurred = picture.reduce(block).filter(ImageFilter.BoxBlur((window + 0.5) / block - 0.5))
    return blurred.resize(picture.size, Image.Resampling.NEAREST)


# Crossings: x, y, a module's width and height, and whether the middle is dark, one to a row.


def _crossings(dark: npt.NDArray[np.bool_]) -> Floats:
    """Where a row and a column cross the same pattern."""
    height, width = dark.shape
    across = _runs(dark)
    # A column is of use only where a row found something, and beside that.
    used = np.zeros(width + 2, np.bool_)
    for aside in (0, 1, 2):
        used[across[:, 0].astype(np.intp) + aside] = True
    columns = np.flatnonzero(used[1:-1])
    down = _runs(np.ascontiguousarray(dark[:, columns].T))
    if not len(down):
        return np.empty((0, 5))
    down[:, 1] = columns[down[:, 1].astype(np.intp)] + 0.5
    # The columns' crossings are drawn into a map, each two thirds of a module up and down; the rows look there.
    drawn = np.zeros((height, width), np.int32)
    reach = np.clip(down[:, 2] * 0.7, 1, 40)
    for step in range(-int(reach.max()), int(reach.max()) + 1):
        near = np.flatnonzero(abs(step) <= reach)
        rows = np.clip((down[near, 0] + step).astype(np.intp), 0, height - 1)
        drawn[rows, down[near, 1].astype(np.intp)] = near + 1
    met = drawn[across[:, 1].astype(np.intp), across[:, 0].astype(np.intp)]
    rows, columns = across[met > 0], down[met[met > 0] - 1]
    sizes = np.stack([rows[:, 2], columns[:, 2]])
    # 3.5: turned away by up to 70 degrees.
    agree = (rows[:, 3] == columns[:, 3]) & (sizes.min(0) >= _MIN_MODULE) & (sizes.max(0) < 3.5 * sizes.min(0))
    found = np.column_stack([rows[:, 0], columns[:, 0], sizes.T, rows[:, 3]])[agree]
    return found[:: math.ceil(len(found) / _MAX_CROSSINGS)] if len(found) else found


def _runs(dark: npt.NDArray[np.bool_]) -> Floats:
    """Every 1:1:3:1:1 along the rows: place in the row, row, a module's length, and whether its middle is dark."""
    height, width = dark.shape
    changes = np.ones((height, width), np.bool_)
    np.not_equal(dark[:, 1:], dark[:, :-1], out=changes[:, 1:])
    starts = np.flatnonzero(changes)
    if len(starts) < 5:  # noqa: PLR2004  # runs in the pattern
        return np.empty((0, 4))
    lengths = np.diff(np.append(starts, height * width))
    # The middle of whatever fits is no shorter than those beside it: two thirds of all are done with.
    first = np.flatnonzero((lengths[2:-2] >= lengths[1:-3]) & (lengths[2:-2] >= lengths[3:-1]))
    one, two, three, four, five = (lengths[first + run].astype(np.float32) for run in range(5))
    module = (one + two + three + four + five) / MODULES
    rows = starts[first] // width
    fits = (rows == starts[first + 4] // width) & (module >= 1)
    for run in (one, two, four, five):
        fits &= np.abs(run - module) <= module * 0.5 + 0.5
    fits &= np.abs(three - 3 * module) <= module * 1.2 + 0.5
    first, rows, module = first[fits], rows[fits], module[fits]
    middle = starts[first] % width + one[fits] + two[fits] + three[fits] / 2
    # A pattern is crossed by three modules' worth of rows in nearly the same place; noise hardly ever by two.
    crossed = np.zeros((height + 2, width + 2), np.bool_)
    row, column = rows + 1, middle.astype(np.intp) + 1
    for aside in (-1, 0, 1):
        crossed[row, column + aside] = True
    again = crossed[row - 1, column] | crossed[row + 1, column]
    found = np.column_stack([middle, row - 0.5, module, dark.ravel()[starts[first]]])
    return found[again]


# Fitting: the pattern's picture is laid upon the place and moved, turned and bent until it matches (inverse
# compositional alignment: Baker and Matthews, "Lucas-Kanade 20 Years On", IJCV 2004). Sums are taken by einsum: a
# product of matrices would be shared out among threads, which costs more than it gains.

_PER_MODULE: Final = 3


def _pattern() -> tuple[Floats, Floats, Floats, Floats, Floats]:
    """Points around a pattern in modules from its middle, its brightness there, and how that changes in x and y."""
    fine = np.arange(-6, 6, 0.05) + 0.025
    away = np.maximum(*np.abs(np.meshgrid(fine, fine)))
    sharp = np.where((away < 1.5) | ((away > 2.5) & (away < 3.5)), -1.0, 1.0)  # noqa: PLR2004  # ISO/IEC 18004, "Finder pattern"
    soft = np.full(14, 1 / 14)  # 0.7 modules: near enough, each iteration leads towards the middle
    for axis in (0, 1):
        sharp = np.apply_along_axis(np.convolve, axis, sharp, soft, "same")
    steps = np.arange(-4 * _PER_MODULE, 4 * _PER_MODULE + 1) / _PER_MODULE
    taken = np.ix_(*(((steps + 6) / 0.05).round().astype(np.intp),) * 2)
    x, y = np.meshgrid(steps, steps)
    by_y, by_x = np.gradient(sharp, 0.05)
    return x.ravel(), y.ravel(), sharp[taken].ravel(), by_x[taken].ravel(), by_y[taken].ravel()


@attrs.frozen(eq=False)
class _Points:
    """Points around a pattern.

    Attributes:
        x, y: where they lie, in modules from its middle.
        shade: its brightness there, from the mean.
        towards: by how much it has to move, turn and bend for a difference from that to vanish.
    """

    x: Floats
    y: Floats
    shade: Floats
    towards: Floats

    @classmethod
    def chosen(cls, chosen: npt.NDArray[np.bool_] | slice = slice(None)) -> _Points:
        """All points of the pattern, or those that are chosen."""
        x, y, shade, by_x, by_y = (values[chosen] for values in _PATTERN)
        changes = np.stack([by_x, by_y, by_x * x, by_x * y, by_y * x, by_y * y], axis=-1)
        return cls(x, y, shade - shade.mean(), np.linalg.pinv(changes).T)

    def moved(self, seen: Floats) -> Floats:
        """How the pattern would have to move to lie on what is seen, for each place."""
        contrast = np.maximum(np.einsum("ij,j->i", seen, self.shade) / float(self.shade @ self.shade), 1.0)
        return np.clip(np.einsum("ij,jk->ik", seen / contrast[:, None] - self.shade, self.towards), -0.6, 0.6)


_PATTERN: Final = _pattern()
_ALL: Final = _Points.chosen()
_SOME: Final = _Points.chosen(
    np.logical_and(*(np.round(place * _PER_MODULE) % _PER_MODULE == 0 for place in _PATTERN[:2]))
)
"""One point to a module, for a first comparison."""

_TURNED: Final = np.array([[0.5, -0.5], [0.5, 0.5]])
"""The sides of a module that lies on its corner, where rows and columns cross it at unit length."""


def _fit_all(pixels: Bytes, crossings: Floats, most: int, *, is_dark: bool) -> list[Finder]:
    if not len(crossings):
        return []
    middles = crossings[:, :2]
    straight = crossings[:, 2:4, None] * np.eye(2)
    turned = crossings[:, 2:4].mean(1)[:, None, None] * _TURNED
    likeness = np.stack([_compare(pixels, middles, axes, _SOME)[0] for axes in (straight, turned)])
    axes = np.where((likeness[0] >= likeness[1])[:, None, None], straight, turned)
    best = _select_separate(crossings, likeness.max(0), most)
    if not len(best):
        return []
    fits = fit(pixels, middles[best], axes[best], is_dark=is_dark)
    found: list[Finder] = []
    for finder in sorted(fits, key=lambda one: -one.likeness):
        if finder.likeness < MIN_LIKENESS:
            break
        if all(math.hypot(finder.x - other.x, finder.y - other.y) > 2 * finder.module for other in found):
            found.append(finder)
    return found


def _select_separate(crossings: Floats, likeness: Floats, most: int) -> npt.NDArray[np.intp]:
    """The likeliest crossings, of each pattern one or two."""
    kept: list[int] = []
    for candidate in np.argsort(-likeness)[: 10 * most]:
        if likeness[candidate] < _RAW_LIKENESS or len(kept) == most:
            break
        near = np.abs(crossings[kept, :2] - crossings[candidate, :2]) < crossings[candidate, 2:4] * 1.5
        if not near.all(1).any():
            kept.append(int(candidate))
    return np.array(kept, np.intp)


def fit(pixels: Pixels | Bytes, middles: Floats, axes: Floats, *, is_dark: bool = True) -> list[Finder]:
    """Each place as it lies best on the pattern, in the order given; the pattern's dark is dark in ``pixels``."""
    middles, axes = middles.astype(np.float64), axes.astype(np.float64)
    first_area = np.abs(np.linalg.det(axes))
    likeness = np.full(len(middles), -1.0)
    best_middles, best_axes = middles.copy(), axes.copy()
    tried = np.arange(len(middles))
    for iteration in range(_ITERATIONS):
        points = _SOME if iteration < _TRIED else _ALL
        now, seen = _compare(pixels, middles, axes, points)
        better = now > likeness[tried]
        at_better = tried[better]
        likeness[at_better], best_middles[at_better], best_axes[at_better] = now[better], middles[better], axes[better]
        middles, axes = _restore(middles, axes, points.moved(seen), first_area[tried])
        if iteration == _TRIED - 1:
            hopeful = likeness[tried] > _HOPELESS
            tried, middles, axes = tried[hopeful], middles[hopeful], axes[hopeful]
            likeness[tried] = -1  # from here on all points are compared
        if not len(tried):
            break
    return [
        Finder(float(middle[0]), float(middle[1]), sides, float(like), is_dark)
        for middle, sides, like in zip(best_middles, best_axes, likeness, strict=True)
    ]


def _compare(pixels: Pixels | Bytes, middles: Floats, axes: Floats, points: _Points) -> tuple[Floats, Floats]:
    """How much each place is like the pattern, and what is seen there, without its mean."""
    seen = at(
        pixels,
        middles[:, :1] + axes[:, 0, :1] * points.x + axes[:, 0, 1:] * points.y,
        middles[:, 1:] + axes[:, 1, :1] * points.x + axes[:, 1, 1:] * points.y,
    ).astype(np.float64)
    seen -= seen.mean(1, keepdims=True)
    size = np.linalg.norm(seen, axis=1) * np.linalg.norm(points.shade)
    return np.einsum("ij,j->i", seen, points.shade) / (size + 1e-3), seen


def _restore(middles: Floats, axes: Floats, moved: Floats, first_area: Floats) -> tuple[Floats, Floats]:
    """The places composed with the inverse of what the pattern would have to move by; those that run away stay."""
    change = np.broadcast_to(np.eye(3), (len(middles), 3, 3)).copy()
    change[:, 0, 2], change[:, 1, 2] = moved[:, 0], moved[:, 1]
    change[:, :2, :2] += moved[:, 2:].reshape(-1, 2, 2)
    change[np.abs(np.linalg.det(change)) < 0.1] = np.eye(3)  # noqa: PLR2004  # nearly without an inverse
    place = np.zeros_like(change)
    place[:, :2, :2], place[:, :2, 2], place[:, 2, 2] = axes, middles, 1
    place = place @ np.linalg.inv(change)
    area = np.abs(np.linalg.det(place[:, :2, :2]))
    stays = (area < 0.2 * first_area) | (area > 5 * first_area)
    return (
        np.where(stays[:, None], middles, place[:, :2, 2]),
        np.where(stays[:, None, None], axes, place[:, :2, :2]),
    )
