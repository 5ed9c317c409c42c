"""About how many finder patterns a page shows, told from a sample of its rows.

Decoders compare every finder pattern with every other, so that a file of 20 kB, filled with them, takes them a minute.
No document has more than some hundreds. A page of more is looked at in a smaller copy, in which they melt together.

Most rows are spread evenly, which counts best. The others are drawn anew each time, so that no file can keep its
patterns out of their way; what they show counts half, so that no honest page seems full by chance.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Final

import attrs

from certcore.qr._raster import Grey

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    Pixels = npt.NDArray[np.uint8]
    Bools = npt.NDArray[np.bool_]
    Parts = npt.NDArray[np.floating]
    Whole = npt.NDArray[np.int_]
    Hits = tuple[npt.NDArray[np.intp], npt.NDArray[np.intp], Parts, Bools]

MAX_PATTERNS: Final = 2000
"""Finder patterns that a page may show: those of 600 symbols, which a decoder compares in no time."""

MIN_PIXELS: Final = 800_000
"""Pixels of a picture that is counted: in a smaller one there is not the room to do harm. A quarter of a telephone's 12
megapixels, across and down, has 786 432, and is read without the library that counts."""

MIN_LATER_PIXELS: Final = 250_000
"""The same of a second page and those behind it, of which there may be a hundred."""

_FEWEST_ROWS: Final = 24
_ROW_OF: Final = 64
"""Of so many rows one is looked at, and at least the fewest."""

_DRAWN_ROWS: Final = 48
"""Rows that are drawn: a crowd in half of all rows hides from so many in one of ten thousand tries."""

_GOLDEN: Final = 0.618
"""The golden ratio: its multiples are spread evenly, and keep step with no pattern."""

_WINDOW: Final = 48
"""Pixels to either side that say whether a pixel is dark."""

_MIN_CONTRAST: Final = 6
"""How much darker than those a dark pixel is, so that a blank page shows nothing."""

_MAX_HITS: Final = 4000
"""Places that are looked at closely; of more, every second, third and so on, or as many by chance."""

_MODULES: Final = 7

_PATTERN: Final = (1, 0, 1, 1, 1, 0, 1)
"""The modules down a finder pattern's middle; 1 is as dark as that is."""

_NO_PATTERN: Final = (0, 0, 1, 1, 1, 0, 0)
"""What no finder pattern shows. Noise, and the inside of a symbol, show it as often as the other."""

_MOST_CHANCE: Final = 0.1
"""Share of the places that show what no pattern does by chance: noise has half of it. More was put there on purpose."""

_DEVIATIONS: Final = 3
"""Standard deviations by which a page shows more than noise would."""

_ROWS_OF_ONE: Final = 3
"""Modules' worth of rows that cross a pattern in the proportions."""

_HALVES: Final = range(-8, 9)
"""Half modules up and down from the row at which a pattern is looked at."""


MANY: Final = 24
"""Finder patterns in one copy of a page that are remarkable where no symbol is read: a page of text shows one."""

MOST_SEARCHED: Final = 3
"""Pages of many patterns in vain, after which the others of the picture get a first look and no more."""

MOST_GLANCED_AT: Final = 10
"""Such pages, again, after which crowded ones are passed over."""


@attrs.define
class Crowds:
    """What was met so far in a picture, page by page.

    Attributes:
        pages: those that show many patterns in vain.
        is_fine: whether a reduced copy of a page showed too little, and those of other pages will not show more.
    """

    pages: int = 0
    is_fine: bool = False


def patterns(page: Grey) -> float:
    """About how many finder patterns the page shows; 0 for a tiny one, and where NumPy is not installed."""
    if min(page.width, page.height) < 2 * _WINDOW:
        return 0
    try:
        import numpy as np  # noqa: PLC0415  # part of an extra
    except ImportError:
        return 0
    pixels = np.frombuffer(page.pixels, np.uint8).reshape(page.height, page.width)
    chance = np.random.default_rng()
    even = np.arange(max(_FEWEST_ROWS, page.height // _ROW_OF))
    drawn = np.arange(_DRAWN_ROWS)
    counted, _ = _count(pixels, (even + even * _GOLDEN % 1) / len(even))
    found, deviation = _count(pixels, (drawn + chance.random(len(drawn))) / len(drawn), chance)
    return max(0.0, counted, (found - _DEVIATIONS * deviation) / 2)


def _count(pixels: Pixels, places: Parts, chance: np.random.Generator | None = None) -> tuple[float, float]:
    """About how many patterns the rows at these parts of the height show, and the standard deviation in noise."""
    import numpy as np  # noqa: PLC0415  # part of an extra

    height = len(pixels)
    rows = (places * height).astype(np.intp)
    rows = rows[np.ptp(pixels[rows], axis=1) >= _MIN_CONTRAST]
    if not len(rows):
        return 0, 0
    shade = _shade(pixels[rows])
    line, middle, module, is_dark = _crossings(pixels[rows] < shade)
    skip = 1 + len(line) // _MAX_HITS
    kept = slice(None, None, skip) if chance is None else chance.random(len(line)) * skip < 1
    line, middle, module, is_dark = line[kept], middle[kept], module[kept], is_dark[kept]
    down = np.rint(rows[line, None] + module[:, None] * np.array([half / 2 for half in _HALVES])).astype(np.intp)
    column = pixels[np.clip(down, 0, height - 1), middle[:, None]]
    columns = ((column < shade[line, middle, None]) == is_dark[:, None]) @ (1 << np.arange(len(_HALVES)))
    weights = skip * height / (len(places) * _ROWS_OF_ONE * module)
    shown, by_chance = weights[_shows(columns, _PATTERN)], weights[_shows(columns, _NO_PATTERN)]
    noise = min(by_chance.sum(), _MOST_CHANCE * weights.sum())
    return float(shown.sum() - noise), math.sqrt(2 * noise * weights.mean()) if noise else 0


def is_crowded(page: Grey) -> bool:
    """Whether the page shows more finder patterns than a page can."""
    least = MIN_PIXELS if page.page == 1 else MIN_LATER_PIXELS
    return page.width * page.height >= least and patterns(page) > MAX_PATTERNS


def _shade(lines: Pixels) -> npt.NDArray[np.int32]:
    """What a pixel has to be darker than, by the pixels beside it."""
    import numpy as np  # noqa: PLC0415  # part of an extra

    sums = np.cumsum(np.pad(lines, ((0, 0), (_WINDOW + 1, _WINDOW)), mode="edge"), axis=1, dtype=np.int32)
    width = 2 * _WINDOW + 1
    return (sums[:, width:] - sums[:, :-width]) // width - _MIN_CONTRAST


def _crossings(dark: Bools) -> Hits:
    """Every 1:1:3:1:1 along the rows: the row, the middle, a module's length, and whether the middle is dark."""
    import numpy as np  # noqa: PLC0415  # part of an extra

    height, width = dark.shape
    changes = np.ones((height, width), np.bool_)
    np.not_equal(dark[:, 1:], dark[:, :-1], out=changes[:, 1:])
    starts = np.append(np.flatnonzero(changes), height * width)
    lengths = np.diff(starts).astype(np.float32)
    count = max(0, len(lengths) - 4)
    one, two, three, four, five = (lengths[run : run + count] for run in range(5))
    module = (one + two + three + four + five) / _MODULES
    fits = starts[:count] // width == starts[4 : 4 + count] // width
    for run, share in ((one, 1), (two, 1), (three, 3), (four, 1), (five, 1)):
        fits &= np.abs(run - share * module) <= module * 0.5 + 0.5
    at = np.flatnonzero(fits)
    middle = (starts[at] % width + one[at] + two[at] + three[at] / 2).astype(np.intp)
    return starts[at] // width, np.minimum(middle, width - 1), module[at], dark.ravel()[starts[at]]


def _shows(columns: Whole, modules: tuple[int, ...]) -> Bools:
    """Which of the columns, a bit for each half module, show these modules; their middle lies up to a module away."""
    looked_at = sum(1 << 2 * number for number in range(_MODULES))
    expected = sum(module << 2 * number for number, module in enumerate(modules))
    firsts = range(len(_HALVES) - 2 * _MODULES + 2)
    found: Bools = sum(((columns >> first & looked_at) == expected for first in firsts), start=columns < 0)
    return found
