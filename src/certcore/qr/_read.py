"""Pictures to the QR symbols in them.

Here is what a caller sees; pages come from `certcore.qr.load`, and what is done to read one is
`certcore.qr._cascade`'s to say. The rule of this file: a symbol is reported as it was found. Nothing is trimmed or
repaired, bytes that are not text never become text, and of several symbols none is chosen.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Final

import attrs

from certcore.qr import _cascade, _decoders
from certcore.qr._cascade import Effort
from certcore.qr._crowds import Crowds
from certcore.qr._deadline import Deadline
from certcore.qr._decoders import Decoder
from certcore.qr._dewarp.symbols import Symbol
from certcore.qr._picture import MAX_BYTES, MAX_PIXELS, Grey, Image, pages

__all__ = ["MAX_BYTES", "MAX_PIXELS", "Decoder", "Effort", "Image", "Symbol", "decoders", "read"]


_AS_DISPLAYED: Final = Grey(b"", 0, 0).place


def read(image: Image, /, *, effort: Effort = Effort.NORMAL, deadline: timedelta | None = None) -> list[Symbol]:
    """The QR symbols in a picture, page by page and in reading order; an empty list where none was read.

    Pictures are PNG, JPEG, WebP, TIFF, GIF, BMP, PDF and HEIC, with all their pages or frames, within the limits of
    `certcore.qr.load`; a Pillow image is read as it stands. The EXIF orientation is applied, and transparency is
    seen on white. A ``str`` is a path. Micro QR and rMQR codes are not reported. Several symbols are all reported:
    choosing is left to the caller. At every effort a symbol counts as read only where a decoder's error correction
    accepts it; nothing is concluded about what it says.

    Args:
        image: the picture.
        effort: how much is done where a first look reads nothing. It is counted in work, not in time: a picture gives
            the same answer on every machine.
        deadline: the time after which no further page and no further step is begun; a step that was begun ends. A page
            that was begun has been looked at once, and what was read in it by then is its answer. Without a deadline
            there is no limit but the effort's.

    Raises:
        RejectedInputError: ``image-format`` for bytes of any other kind; ``image-too-large`` and
            ``image-too-many-pages`` above the limits; ``image-unreadable`` for a damaged or truncated picture;
            ``image-timeout`` where the deadline passed before a page was begun; ``pdf-password``; ``file-unreadable``
            for a file that cannot be opened or read; ``no-decoder`` where neither zxing-cpp nor pyzbar is installed, or
            Pillow is missing; ``no-pdf-decoder`` and ``no-heic-decoder`` for what the other extras read;
            ``no-decoder-process`` where none of these can be started.
        TypeError: an argument that is none of these, a file in text mode, or an array of anything but unsigned bytes.
        ValueError: an array of another shape than rows by columns, or by columns and 3 or 4 channels; or a deadline
            below zero.
    """
    if not isinstance(effort, Effort):
        raise TypeError("effort must be an Effort")
    until = Deadline.after(None if deadline is None else deadline.total_seconds())
    crowds = Crowds()

    def look(page: Grey) -> list[Symbol]:
        return _cascade.symbols(page, effort=effort, deadline=until, crowds=crowds)

    return [symbol for page in pages(image, deadline=until) for symbol in on_page(page, look)]


def on_page(page: Grey, look: Callable[[Grey], list[Symbol]]) -> list[Symbol]:
    """The symbols on a page: on white, and where none is read there, on black."""
    found = look(page) if page.pixels else []
    if not found and page.on_black is not None:
        found = look(page.on_black)
    return [_on_page(symbol, page) for symbol in found]


def _on_page(symbol: Symbol, page: Grey) -> Symbol:
    """The symbol with its page, and its corners as that is displayed."""
    if page.page == 1 and page.place == _AS_DISPLAYED:
        return symbol
    return attrs.evolve(symbol, corners=tuple(page.at(x, y) for x, y in symbol.corners), page=page.page)


def decoders() -> tuple[Decoder, ...]:
    """The libraries that `read` can use, in the order in which it asks them. Looked up once in a process.

    Whether they are fit for the machine, or free of known defects, is not checked.
    """
    return tuple(map(_decoders.look_up, _decoders.DECODERS))
