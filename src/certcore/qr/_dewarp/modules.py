"""The brightness of a symbol's modules, to what is dark and what is light.

Several readings are made, since light and blur differ from place to place: against the mean around, after the blur has
been undone as the known patterns teach, and in logarithms, where a shadow or a stain is a difference instead of
a factor. What every symbol has in the same place (ISO/IEC 18004, "Function patterns") is not read but known: it tells
how good a reading is, and is then put in as it must be.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from functools import lru_cache
from typing import Final, TypeAlias

import numpy as np
import numpy.typing as npt

from certcore.qr._dewarp.finders import Floats, Pixels
from certcore.qr._dewarp.grid import MARGIN, blur, module_brightness, quarter_brightness

Modules: TypeAlias = npt.NDArray[np.bool_]

MIN_AGREEMENT: Final = 0.72
"""The part of the timing patterns that must be as they are in every symbol, for a reading to be one."""

_HOPELESS: Final = 0.55
"""Below this part, sharpening finds no patterns either."""

_REACH: Final = 3
"""Half modules on each side that the blur of a module comes from."""

_ROUNDS: Final = 4
"""How often the filter against the blur is learnt."""

_PIECE: Final = 48
"""Rows of a matrix that are multiplied at once."""

_DARKEST: Final = 8.0
"""Shades added before taking logarithms: below them there is nothing but noise."""


def readings(flat: Pixels, side: int) -> Iterator[Modules]:
    """What may be dark, the likeliest first; none where the patterns that every symbol has are not seen.

    Args:
        flat: what is seen through a symbol's grid.
        side: modules along the symbol's side.
    """
    known = patterns(side)
    brightness = module_brightness(flat, side)
    plain = brightness < _mean(brightness, 3.0)
    if _agreement(plain, known) < _HOPELESS:
        return
    shade = np.log(brightness + _DARKEST)
    for dark in (plain, _sharpen(quarter_brightness(flat), known) < 0, shade < _mean(shade, 1.0)):
        if _agreement(dark, known) >= MIN_AGREEMENT:
            yield np.where(known == 0, dark, known > 0)


def _agreement(dark: Modules, known: npt.NDArray[np.int8]) -> float:
    """The part of the timing patterns that is as it must be; half of it is by chance."""
    inner = slice(8, len(dark) - 8)
    lines = [(dark[6, inner], known[6, inner]), (dark[inner, 6], known[inner, 6])]
    return float(np.mean([line == (right > 0) for line, right in lines]))


def _mean(values: Floats, spread: float) -> Floats:
    return blur(values, spread) / blur(np.ones_like(values), spread)


def _sharpen(quarters: Floats, known: npt.NDArray[np.int8]) -> Floats:
    """The modules without the blur between them: negative is dark.

    The filter that does it is learnt by least squares, first from the patterns that are known, then from its own
    reading of all modules.
    """
    side, first = len(known), 2 * MARGIN
    contrast = quarters - _mean(quarters, 6.0)
    even = np.pad(contrast / (np.sqrt(_mean(contrast**2, 6.0)) + 1e-3), _REACH, mode="edge")
    parts = [
        even[_REACH + first + row :, _REACH + first + column :][: 2 * side : 2, : 2 * side : 2]
        for row in range(-_REACH, _REACH + 2)
        for column in range(-_REACH, _REACH + 2)
    ]
    every = np.stack(parts, axis=-1).reshape(side * side, -1)
    is_known, right = (known != 0).ravel(), -known.ravel().astype(np.float64)
    result = _weigh(every, _filter(every[is_known], right[is_known], damping=0.1))
    for _ in range(_ROUNDS - 1):
        decided = np.where(is_known, right, np.clip(result * 1.5, -1, 1))
        result = _weigh(every, _filter(every, decided, damping=0.01))
    return result.reshape(side, side)


def _weigh(parts: Floats, weights: Floats) -> Floats:
    return np.einsum("ij,j->i", parts, weights)


def _filter(parts: Floats, right: Floats, *, damping: float) -> Floats:
    """The weights of the parts whose sum comes nearest to what is right.

    The matrices are multiplied in pieces: a large product would be shared out among threads, which wait for each other
    longer than the product takes where other processes run.
    """
    count, size = parts.shape
    pieces = np.zeros((-(-count // _PIECE), _PIECE, size))
    pieces.reshape(-1, size)[:count] = parts
    square = np.matmul((pieces / count).transpose(0, 2, 1), pieces).sum(0)
    return np.linalg.solve(square + damping * np.eye(size), np.einsum("ij,i->j", parts, right) / count)


@lru_cache(maxsize=64)
def patterns(side: int) -> npt.NDArray[np.int8]:
    """What every symbol of a size has in the same place: 1 is dark, -1 light, 0 anything."""
    known = np.zeros((side, side), np.int8)
    places = alignment_places((side - 17) // 4)
    for row in places:
        for column in places:
            if (row, column) not in {(6, 6), (6, side - 7), (side - 7, 6)}:
                _square(known, row, column, 2, light=(1,))
    known[6, 8 : side - 8] = known[8 : side - 8, 6] = np.where(np.arange(8, side - 8) % 2 == 0, 1, -1)
    for row, column in ((3, 3), (3, side - 4), (side - 4, 3)):
        _square(known, row, column, 4, light=(2, 4))
    known[side - 8, 8] = 1
    return known


def _square(known: npt.NDArray[np.int8], row: int, column: int, reach: int, light: tuple[int, ...]) -> None:
    """A pattern of square rings around a module, without what falls outside the symbol."""
    for down in range(-reach, reach + 1):
        for right in range(-reach, reach + 1):
            if 0 <= row + down < len(known) and 0 <= column + right < len(known):
                known[row + down, column + right] = -1 if max(abs(down), abs(right)) in light else 1


def alignment_places(version: int) -> list[int]:
    """The rows, and columns, in which the middles of alignment patterns lie (ISO/IEC 18004 annex E)."""
    if version == 1:
        return []
    count = version // 7 + 2
    step = 26 if version == 32 else math.ceil((version * 4 + 4) / (count * 2 - 2)) * 2  # noqa: PLR2004  # the table's one exception
    return [6, *(4 * version + 10 - step * place for place in reversed(range(count - 1)))]
