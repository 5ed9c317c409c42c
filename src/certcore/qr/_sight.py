"""What was seen of a picture while it was read: a small copy of it, and where its symbols stand on that.

It is for people, who want to see what was judged. The first page with a certificate is kept, else the first.
"""

from __future__ import annotations

import base64
import binascii
import io
import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Final

import attrs

from certcore import armor
from certcore.qr._dewarp.symbols import Symbol
from certcore.qr._raster import SMALL_SIDE, Grey

if TYPE_CHECKING:
    from PIL import Image as PillowImage

_QUALITY: Final = 60
"""Of the JPEG: a face is not known by it, and a symbol is seen to be one."""

_MOST_BYTES: Final = 256 * 1024
_MOST_OUTLINES: Final = 64
_CORNERS: Final = 4
_JPEG: Final = b"\xff\xd8\xff"

Outline = tuple[tuple[float, float], ...]
"""The corners of a symbol, in pixels of the small copy."""


@attrs.define
class Sight:
    """What was seen; empty until something is.

    Attributes:
        wants_copy: whether the small copy is to be made: decoding its colours doubles the time that a JPEG takes.
        jpeg: the small copy.
        size: its width and height, or those it would have.
        outlines: of the certificates' symbols on it, or of any others where there is none.
        has_certificate: whether a certificate's symbol is on the page.
    """

    wants_copy: bool = True
    jpeg: bytes = attrs.field(default=b"", repr=False)
    size: tuple[int, int] = (0, 0)
    outlines: tuple[Outline, ...] = ()
    has_certificate: bool = False

    def see(self, page: Grey, symbols: Sequence[Symbol]) -> None:
        """Keep a page that was read, if it is the one to keep."""
        certificates = [symbol for symbol in symbols if symbol.text.startswith(armor.PREFIX)]
        if self.has_certificate or not page.pixels or (self.size[0] and not certificates):
            return
        if self.wants_copy:
            small = _small(page)
            file = io.BytesIO()
            small.save(file, "JPEG", quality=_QUALITY)
            self.jpeg, self.size = file.getvalue(), small.size
        else:
            self.size = _small_size(page.width, page.height)
        self.has_certificate = bool(certificates)
        shown = (certificates or symbols)[:_MOST_OUTLINES]
        self.outlines = tuple(_outline(page, symbol, self.size) for symbol in shown)

    def to_json(self) -> dict[str, Any] | None:
        """What was seen as JSON types; None for nothing."""
        if not self.size[0]:
            return None
        jpeg = base64.b64encode(self.jpeg).decode("ascii")
        return {"jpeg": jpeg, "size": list(self.size), "outlines": [list(map(list, one)) for one in self.outlines]}

    def take(self, sent: object) -> None:
        """What another process saw.

        Raises:
            TypeError, ValueError: it is not as `to_json` gives it: that process may have been taken over.
        """
        match sent:
            case None:
                return
            case {"jpeg": str() as jpeg, "size": [int() as width, int() as height], "outlines": list() as outlines}:
                pass
            case _:
                raise ValueError("it is nothing that was seen")
        try:
            data = base64.b64decode(jpeg, validate=True)
        except binascii.Error as error:
            raise ValueError("it is no picture") from error
        places = tuple(tuple((float(x), float(y)) for x, y in outline) for outline in outlines)
        is_small = 0 < width <= SMALL_SIDE and 0 < height <= SMALL_SIDE and len(places) <= _MOST_OUTLINES
        is_placed = all(len(one) == _CORNERS and all(math.isfinite(x + y) for x, y in one) for one in places)
        is_copy = data.startswith(_JPEG) and len(data) <= _MOST_BYTES if self.wants_copy else not data
        if not (is_small and is_placed and is_copy):
            raise ValueError("it is no small picture")
        self.jpeg, self.size, self.outlines = data, (width, height), places


def _small(page: Grey) -> PillowImage.Image:
    if page.small is not None:
        return page.small
    from PIL import Image  # noqa: PLC0415  # part of an extra

    small = Image.frombytes("L", (page.width, page.height), bytes(page.pixels))
    small.thumbnail((SMALL_SIDE, SMALL_SIDE))
    return small


def _small_size(width: int, height: int) -> tuple[int, int]:
    """The size of the small copy of a page, as Pillow's `thumbnail` makes it, give or take a pixel."""
    scale = min(1, SMALL_SIDE / max(width, height))
    return max(1, round(width * scale)), max(1, round(height * scale))


def _outline(page: Grey, symbol: Symbol, size: tuple[int, int]) -> Outline:
    width, height = size
    places = (_back(page, x, y) for x, y in symbol.corners)
    return tuple((round(x * width / page.width, 1), round(y * height / page.height, 1)) for x, y in places)


def _back(page: Grey, x: float, y: float) -> tuple[float, float]:
    """The point of the page's pixels that is displayed there: `Grey.at` the other way round."""
    a, b, c, d, e, f = page.place
    x, y, area = x - c, y - f, a * e - b * d or 1  # a page that is displayed as a line shows nothing
    return (e * x - b * y) / area, (a * y - d * x) / area
