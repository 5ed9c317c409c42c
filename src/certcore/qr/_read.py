"""Pictures to the QR symbols in them.

The public functions; pages come from `certcore.qr.load`, and `certcore.qr._cascade` reads them. A symbol is reported as
it was found: nothing is trimmed or repaired, bytes that are not text never become text, and all symbols are given.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from datetime import timedelta
from functools import cache
from importlib import import_module
from types import ModuleType
from typing import TYPE_CHECKING, Any, Final

import attrs

from certcore import _extras
from certcore.errors import RejectedInputError
from certcore.qr import _messages
from certcore.qr._crowds import Crowds
from certcore.qr._deadline import Deadline
from certcore.qr._dewarp.symbols import Symbol
from certcore.qr._effort import Effort
from certcore.qr._picture import MAX_BYTES, MAX_PIXELS, Grey, Image, Picture, is_for_pillow, load, looks

if TYPE_CHECKING:
    from certcore.qr._sandbox import Scan
    from certcore.qr._sight import Sight

__all__ = ["MAX_BYTES", "MAX_PIXELS", "Effort", "Image", "Symbol", "read"]


PAGE_CPU_S: Final = 2
"""Seconds of computing for a page of a PDF below `Effort.THOROUGH`, in whole ones: up to one more."""

_AS_DISPLAYED: Final = Grey(b"", 0, 0).place


def read(
    image: Image, /, *, effort: Effort = Effort.NORMAL, deadline: timedelta | None = None, isolate: bool = False
) -> list[Symbol]:
    """The QR symbols in a picture, page by page and in reading order; an empty list where none was read.

    Pictures are PNG, JPEG, WebP, TIFF, GIF, BMP, PDF and HEIC, with all their pages or frames, within the limits of
    `certcore.qr.load`; a Pillow image is read as it stands. The EXIF orientation is applied. What is transparent is
    seen on white, and where nothing is read there, on black. A ``str`` is a path. Micro QR and rMQR codes are not
    reported. Several symbols are all reported: choosing is left to the caller. At every effort a symbol counts as read
    only where a decoder's error correction accepts it; nothing is concluded about what it says.

    Args:
        image: the picture.
        effort: how much is done where a first look reads nothing. It is counted in work, not in time: a picture gives
            the same answer on every machine.
        deadline: the time after which no further page and no further step is begun; a step that was begun ends. A page
            that was begun has been looked at once, and what was read in it by then is its answer. Without a deadline
            there is no limit but the effort's.
        isolate: read in a process of its own, which is killed soon after the deadline and may take 2 GiB. It is kept
            for the next picture. Where no process can be started, the picture is read in this one.

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
    return read_for(image, None, effort=effort, deadline=deadline, isolate=isolate)


def read_for(
    image: Image,
    sight: Sight | None,
    /,
    *,
    effort: Effort,
    deadline: timedelta | None,
    isolate: bool,
    wants_every: bool = False,
) -> list[Symbol]:
    """As `read`, and what was seen of it, for people, where that is asked for: nothing is decoded or read twice.

    Where every symbol is wanted, one that was read is no reason to stop.
    """
    if not isinstance(effort, Effort):
        raise TypeError("effort must be an Effort")
    given: object = deadline
    if given is not None and not isinstance(given, timedelta):
        raise TypeError("deadline must be a timedelta")
    until = Deadline.after(None if deadline is None else deadline.total_seconds())
    picture = load(image)
    if isolate and can_read():
        with suppress(_readers().CannotStartError):
            return _read_apart(picture, sight, effort=effort, until=until, wants_every=wants_every)
    return read_here(picture, effort=effort, until=until, crowds=Crowds(), sight=sight, wants_every=wants_every)


def read_here(
    picture: Picture,
    *,
    effort: Effort,
    until: Deadline,
    crowds: Crowds,
    sight: Sight | None = None,
    wants_every: bool = False,
) -> list[Symbol]:
    """The symbols in a picture, read in this process."""
    from certcore.qr import _cascade  # noqa: PLC0415  # not needed where another process reads

    def look(page: Grey) -> list[Symbol]:
        return _cascade.symbols(page, effort=effort, deadline=until, crowds=crowds, wants_every=wants_every)

    return _each_page(picture, look, sight, effort, until)


def _each_page(
    picture: Picture,
    look: Callable[[Grey], list[Symbol]],
    sight: Sight | None,
    effort: Effort,
    until: Deadline,
    look_at_scan: Callable[[Scan], list[Symbol]] | None = None,
) -> list[Symbol]:
    """What is read page by page; a scan that is a JPEG is decoded here, unless it is looked at elsewhere."""
    found: list[Symbol] = []
    is_thorough = effort is Effort.THOROUGH
    page_cpu_s, small = 0 if is_thorough else PAGE_CPU_S, sight is not None and sight.wants_copy
    is_first_look = not is_thorough and not (sight is not None and look_at_scan is not None)
    for page in looks(picture, deadline=until, page_cpu_s=page_cpu_s, small=small, is_first_look=is_first_look):
        if not isinstance(page, Grey) and look_at_scan is not None:
            found += look_at_scan(page)
            continue
        seen = page if isinstance(page, Grey) else page.decoded(until)
        symbols = on_page(seen, look)
        if sight is not None:
            sight.see(seen, symbols)
        found += symbols
    return found


def _read_apart(
    picture: Picture, sight: Sight | None, *, effort: Effort, until: Deadline, wants_every: bool
) -> list[Symbol]:
    """The symbols in a picture, read in a process that can be killed.

    What Pillow reads is decoded there. PDF and HEIC have processes of their own; their pages, and images and arrays,
    which the caller has decoded, are searched there.
    """
    until.check()
    search: dict[str, Any] = {"effort": effort.value, "every": wants_every}
    if is_for_pillow(picture):
        assert isinstance(picture.content, bytes)  # noqa: S101  # as `is_for_pillow` says
        wanted = picture.wanted
        numbers = None if wanted is None else [wanted.start, wanted.stop, wanted.step]
        words = {**search, "pages": numbers, "sight": None if sight is None else {"copy": sight.wants_copy}}
        return _ask(words, picture.content, Crowds(), until, sight)
    crowds = Crowds()

    def look(page: Grey) -> list[Symbol]:
        words = {**search, "size": [page.width, page.height], "page": page.page}
        return _ask(words, page.pixels, crowds, until)

    def look_at_scan(scan: Scan) -> list[Symbol]:
        try:
            found = _ask({**search, "pages": [1, 2, 1]}, scan.jpeg, crowds, until)
        except RejectedInputError as refusal:
            return on_page(scan.instead(refusal), look)
        place = Grey(b"", 0, 0, scan.page, scan.place)
        return [_on_page(symbol, place) for symbol in found]

    return _each_page(picture, look, sight, effort, until, look_at_scan)


def _ask(
    words: dict[str, Any], content: bytes | memoryview, crowds: Crowds, until: Deadline, sight: Sight | None = None
) -> list[Symbol]:
    answer = _readers().POOL.ask({**words, "crowds": crowds.pages}, content, until)
    try:
        if "refused" in answer:
            refusal = _messages.to_refusal(answer["refused"])
        else:
            crowds.pages = int(answer["crowds"])
            if sight is not None:
                sight.take(answer["sight"])
            return _messages.to_symbols(answer["symbols"])
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise RejectedInputError("image-unreadable", "the process that read the picture answers nonsense") from error
    raise refusal


@cache
def can_read() -> bool:
    """Whether what another process would read with is there, as far as that is known without loading it."""
    return _extras.is_there("PIL") and any(map(_extras.is_there, ("zxingcpp", "pyzbar")))


def _readers() -> ModuleType:
    return import_module("certcore.qr._readers")  # what starts processes loads slowly, and most readers need none


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
