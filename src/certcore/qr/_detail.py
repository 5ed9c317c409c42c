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
from itertools import accumulate
from typing import TYPE_CHECKING, Final, TypeAlias

import attrs

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
"""A block that is textured with all eight around it, 48 pixels of the page across and down, may be in a symbol."""

_AROUND: Final = 6
"""Blocks that are added on each side of what may be: the edge of a symbol, and its quiet zone."""

_PRECISION: Final = 8
"""Parts of a shade that are told apart: the modules of a pale symbol, six to a pixel, differ by two shades."""

_LEAST_TEXTURE: Final = 1 * _PRECISION
"""The difference from the two pixels beside that is a texture: what JPEG makes of a smooth ground is half of it."""

_ABOVE_NOISE: Final = 1.75
_ABOVE_NOISE_TOO: Final = 0.4 * _PRECISION
"""The same where a sensor's noise is everywhere: so many times the noise, and so much more. Noise itself has 1.6 times
as much in the strongest of some thousand places, and a symbol that can be read through it more than twice as much."""

_MOST_TEXTURE: Final = 4 * _PRECISION
"""The difference that is a texture in any noise: cloth, gravel and small print everywhere are no noise."""

_LEAST_NOISE: Final = 0.1
"""The share of a picture that has no other texture than noise."""

_GROWN: Final = 1.12
"""How much is taken off around a symbol that was read: some of its quiet zone."""

_PAPER: Final = 1.4
"""The same where noise is measured: the paper around a symbol is often so bright that it shows none."""


def first_scale(width: int, height: int) -> int:
    """How many pixels of a page become one, across and down, in the copy that is looked at first; 1 is no copy."""
    scale = 1
    while scale < MOST_REDUCED and width * height >= LEAST_PIXELS * (2 * scale) ** 2:
        scale *= 2
    return scale


@attrs.define(eq=False)
class Texture:
    """How fine the texture of a reduced copy is, block by block. Made by `of`.

    Attributes:
        blocks: how much the pixels of each block differ from those beside them, both across and down.
        size: the copy's.
    """

    blocks: Image.Image
    size: tuple[int, int]

    @classmethod
    def of(cls, copy: Image.Image) -> Texture:
        """The texture of a copy in 8-bit grey."""
        from PIL import ImageChops  # noqa: PLC0415  # part of an extra

        precise = [min(255, shade * _PRECISION) for shade in range(256)]
        both = []
        for x, y in ((1, 0), (0, 1)):
            beside = ImageChops.blend(ImageChops.offset(copy, x, y), ImageChops.offset(copy, -x, -y), 0.5)
            both.append(ImageChops.difference(copy, beside).point(precise).reduce(_BLOCK))
        return cls(ImageChops.darker(*both), copy.size)

    def part(self, read: Sequence[Corners]) -> Box | None:
        """The part of the copy that may hold symbols besides those that were read in it; None where none is.

        Args:
            read: the corners of the symbols that were read, in the copy's pixels.
        """
        from PIL import ImageChops  # noqa: PLC0415  # part of an extra

        texture = self.blocks.copy()
        _blacken(texture, read, _GROWN)
        for x, y in _NEIGHBOURS:
            texture = ImageChops.darker(texture, ImageChops.offset(texture, x, y))
        least = self._least(read)
        found = texture.point([0] * least + [255] * (256 - least)).getbbox()
        if found is None:
            return None
        left, top, right, bottom = found
        width, height = self.size
        return (
            max(0, (left - _AROUND) * _BLOCK),
            max(0, (top - _AROUND) * _BLOCK),
            min(width, (right + _AROUND) * _BLOCK),
            min(height, (bottom + _AROUND) * _BLOCK),
        )

    def _least(self, read: Sequence[Corners]) -> int:
        """The texture from where on something may be a symbol: above the noise beside those that were read."""
        from PIL import Image  # noqa: PLC0415  # part of an extra

        beside = Image.new("L", self.blocks.size, 255)
        _blacken(beside, read, _PAPER)
        counts = list(accumulate(self.blocks.histogram(beside)))
        noise = next(shade for shade, count in enumerate(counts) if count >= _LEAST_NOISE * counts[-1])
        return math.ceil(max(_LEAST_TEXTURE, min(_MOST_TEXTURE, _ABOVE_NOISE * noise + _ABOVE_NOISE_TOO)))


def _blacken(blocks: Image.Image, read: Sequence[Corners], grown: float) -> None:
    """Draw black, in blocks, the symbols that were read and what lies around them."""
    from PIL import ImageDraw  # noqa: PLC0415  # part of an extra

    draw = ImageDraw.Draw(blocks)
    for corners in read:
        middle_x, middle_y = (sum(place) / len(corners) for place in zip(*corners, strict=True))
        draw.polygon(
            [
                ((middle_x + (x - middle_x) * grown) / _BLOCK, (middle_y + (y - middle_y) * grown) / _BLOCK)
                for x, y in corners
            ],
            fill=0,
        )
