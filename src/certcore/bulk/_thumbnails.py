"""A small copy of a picture for a report, and where the certificate's symbol stands on it. Grey, as decoders see it."""

from __future__ import annotations

import base64
import io
from contextlib import closing
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final

from certcore.errors import CertcoreError

if TYPE_CHECKING:
    from certcore.qr import Symbol
    from certcore.qr._picture import Grey, Picture

_LONGEST: Final = 360
"""Pixels of the longer side."""

_QUALITY: Final = 55
_PATIENCE: Final = timedelta(seconds=5)
"""For finding the symbol a second time: a report without its outline is still a report."""


def thumbnail(picture: Picture, text: str) -> dict[str, Any] | None:
    """The picture as a small JPEG in Base64, its size, and the corners of this text's symbol; None if unreadable."""
    try:
        symbol = _symbol(picture, text) if text else None
        page = _page(picture, 1 if symbol is None else symbol.page)
    except CertcoreError:
        return None
    return None if page is None else _drawn(page, symbol)


def _symbol(picture: Picture, text: str) -> Symbol | None:
    from certcore import qr  # noqa: PLC0415  Pillow and the decoders are an extra

    try:
        found = qr.read(picture, deadline=_PATIENCE)
    except CertcoreError:
        return None
    return next((symbol for symbol in found if symbol.text.rstrip("\r\n") == text), None)


def _page(picture: Picture, number: int) -> Grey | None:
    from certcore.qr._picture import pages  # noqa: PLC0415  as above

    with closing(pages(picture)) as looks:
        return next((page for page in looks if page.page == number and page.pixels), None)


def _drawn(page: Grey, symbol: Symbol | None) -> dict[str, Any]:
    from PIL import Image  # noqa: PLC0415  as above

    small = Image.frombytes("L", (page.width, page.height), bytes(page.pixels))
    small.thumbnail((_LONGEST, _LONGEST))
    file = io.BytesIO()
    small.save(file, "JPEG", quality=_QUALITY)
    scale = small.width / page.width
    corners = [] if symbol is None else [_back(page, x, y) for x, y in symbol.corners]
    return {
        "jpeg": base64.b64encode(file.getvalue()).decode("ascii"),
        "size": [small.width, small.height],
        "outline": [[round(x * scale, 1), round(y * scale, 1)] for x, y in corners],
    }


def _back(page: Grey, x: float, y: float) -> tuple[float, float]:
    """The point of the page's pixels that is displayed there: `Grey.at` the other way round."""
    a, b, c, d, e, f = page.place
    x, y, area = x - c, y - f, a * e - b * d
    return (e * x - b * y) / area, (a * y - d * x) / area
