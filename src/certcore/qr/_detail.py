"""Which reduced copy of a large page is looked at first, and whether it may hide a symbol.

Most symbols are as well read in a copy of some 0.7 million pixels, which a JPEG's decoder gives for half the time and
a search goes through in a tenth. What a symbol leaves there whose modules are too small for it is told from its
texture: each pixel differs from those beside it, across and down, without a gap. Between lines of writing there are
gaps, and light, folds and out of focus backgrounds have no such texture. A place too many costs time; one too few would
cost a certificate, so that what is not certain counts as one.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Final, TypeAlias

from certcore.qr._dewarp.symbols import Corners

if TYPE_CHECKING:
    from PIL import Image

LEAST_PIXELS: Final = 400_000
"""Pixels of a reduced copy: below, too few symbols are read in it."""

MOST_REDUCED: Final = 4
"""Pixels to one of the copy's, across and down: at 4, a symbol on a hundredth of a photograph is still read."""

Box: TypeAlias = tuple[float, float, float, float]
"""Left, top, right and bottom."""

_BLOCK: Final = 4
"""Pixels of a copy that are taken together, across and down."""

_NEIGHBOURS: Final = ((1, 0), (-1, 0), (0, 1), (0, -1))
"""A block that is textured with those around it, 48 pixels of the page across and down, may be in a symbol."""

_AROUND: Final = 6
"""Blocks that are added on each side of what may be: the edge of a symbol, and its quiet zone."""

_TEXTURE: Final = 1 / 64
"""The difference from the two pixels beside that is a texture, as a part of the range from the darkest to the lightest:
modules of which six lie in one pixel differ by nine times as much."""

_MIN_TEXTURE: Final = 2
"""Shades, the same, where the whole picture is dark or pale: the noise of a sensor is below."""

_GROWN: Final = 1.12
"""How much is taken off around a symbol that was read: some of its quiet zone."""


def first_scale(width: int, height: int) -> int:
    """How many pixels of a page become one, across and down, in the copy that is looked at first; 1 is no copy."""
    scale = 1
    while scale < MOST_REDUCED and width * height >= LEAST_PIXELS * (2 * scale) ** 2:
        scale *= 2
    return scale


def fine_part(copy: Image.Image, read: Sequence[Corners], scale: float = 1) -> Box | None:
    """The part of a reduced copy that may hold symbols besides those that were read in it; None where none is.

    Args:
        copy: 8-bit grey.
        read: the corners of the symbols that were read, in its pixels.
        scale: what the part is given in, to one of its pixels.
    """
    from PIL import ImageChops, ImageDraw  # noqa: PLC0415  # part of an extra

    darkest, lightest = copy.reduce(_BLOCK).getextrema()
    least = math.ceil(max(_MIN_TEXTURE, _TEXTURE * (lightest - darkest)))  # type: ignore[operator]  # grey has one band
    beside = [
        ImageChops.add(ImageChops.offset(copy, x, y), ImageChops.offset(copy, -x, -y), 2) for x, y in ((1, 0), (0, 1))
    ]
    texture = ImageChops.darker(*(ImageChops.difference(copy, mean).reduce(_BLOCK) for mean in beside))
    draw = ImageDraw.Draw(texture)
    for corners in read:
        draw.polygon(_grown(corners), fill=0)
    for x, y in _NEIGHBOURS:
        texture = ImageChops.darker(texture, ImageChops.offset(texture, x, y))
    found = texture.point([0] * least + [255] * (256 - least)).getbbox()
    if found is None:
        return None
    left, top, right, bottom = found
    last_x, last_y = copy.width * scale, copy.height * scale
    return (
        max(0, (left - _AROUND) * _BLOCK * scale),
        max(0, (top - _AROUND) * _BLOCK * scale),
        min(last_x, (right + _AROUND) * _BLOCK * scale),
        min(last_y, (bottom + _AROUND) * _BLOCK * scale),
    )


def _grown(corners: Corners) -> list[tuple[float, float]]:
    """A symbol's corners, and some of its quiet zone, in blocks."""
    middle_x, middle_y = (sum(place) / len(corners) for place in zip(*corners, strict=True))
    return [
        ((middle_x + (x - middle_x) * _GROWN) / _BLOCK, (middle_y + (y - middle_y) * _GROWN) / _BLOCK)
        for x, y in corners
    ]
