"""A page at several sizes, each made once and shared by every step that looks at it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Final

import attrs

if TYPE_CHECKING:
    from PIL import Image

MIN_EDGE: Final = 40
"""Pixels of a picture's shorter side, below which no symbol is looked for: the smallest has 29 modules with border."""

WINDOW: Final = 10
"""Pixels around one that say whether it is dark: somewhat more than a finder pattern of 1.5 to 4 pixels a module."""


@attrs.define(eq=False)
class Copy:
    """A picture, or a part of one, at some size.

    Attributes:
        picture: 8-bit grey.
        scale: pixels of the original to one of these.
        place: where it begins, in pixels of the original.
    """

    picture: Image.Image
    scale: float = 1
    place: tuple[float, float] = (0, 0)

    def to_original(self, x: float, y: float) -> tuple[float, float]:
        """The same point in pixels of the original."""
        return x * self.scale + self.place[0], y * self.scale + self.place[1]

    def from_original(self, x: float, y: float) -> tuple[float, float]:
        """The same point in its own pixels."""
        return (x - self.place[0]) / self.scale, (y - self.place[1]) / self.scale


@attrs.define(eq=False)
class Copies:
    """The reduced copies of a picture.

    Attributes:
        picture: 8-bit grey.
        unit: pixels of the original to one of the picture's.
    """

    picture: Image.Image
    unit: float = 1
    _made: dict[int, Copy] = attrs.field(factory=dict)

    def reduced(self, scale: int) -> Copy:
        """The copy of which a pixel is so many of the picture's, across and down: noise is averaged away."""
        if scale not in self._made:
            larger = max((made for made in self._made if scale % made == 0), default=1)
            source = self.picture if larger == 1 else self._made[larger].picture
            self._made[scale] = Copy(source.reduce(scale // larger) if scale > larger else source, scale * self.unit)
        return self._made[scale]

    def scale_for(self, longest: int) -> int:
        """The least scale of a copy whose longer side has at most so many pixels."""
        return -(-max(self.picture.size) // longest)

    def from_longest(self, longest: int, *, count: int) -> Iterator[Copy]:
        """The largest copy with at most so many pixels along its longer side, its half, the half of that and so on."""
        for halved in range(count):
            copy = self.reduced(self.scale_for(longest) << halved)
            if min(copy.picture.size) < MIN_EDGE:
                return
            yield copy
