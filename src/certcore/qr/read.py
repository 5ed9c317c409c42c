"""Pictures to the QR symbols in them.

The only importer of zxing-cpp and pyzbar; pixels come from `certcore.qr.picture`. The rules of this file:

- A symbol is reported as it was found. Nothing is trimmed or repaired, bytes that are not text never become text, and
  of several symbols none is chosen.
- zxing-cpp looks first; pyzbar looks only where zxing-cpp found nothing. Whichever is not installed is left out;
  `decoders` says why.
"""

from __future__ import annotations

import math
from functools import cache
from importlib import metadata
from typing import TYPE_CHECKING, Final, Literal, Protocol, TypeAlias, cast

import attrs

from certcore.errors import RejectedInputError
from certcore.qr.picture import MAX_BYTES, MAX_PIXELS, SCAN_EXTRA, Grey, Image, grey

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    import zxingcpp

__all__ = ["MAX_BYTES", "MAX_PIXELS", "Decoder", "Image", "Symbol", "decoders", "read"]

Corners: TypeAlias = tuple[tuple[float, float], ...]
Kind: TypeAlias = Literal["text", "binary", "structured-append"]
DecoderName: TypeAlias = Literal["zxing-cpp", "pyzbar"]

_CONTROL_TEXT: Final = frozenset(b"\t\n\r\x1d")
"""Control characters that text may hold: white space, and the separator of GS1 element strings."""

_STRUCTURED_APPEND: Final = 0b0011
"""Mode indicator of a symbol that is one part of several (ISO/IEC 18004 table 2)."""

_FORMAT_MASK: Final = 0b101
"""What the format information is masked with, at the three bits that name the data mask (ISO/IEC 18004 annex C)."""

_MODEL_1: Final = "]Q0"
"""Symbology identifier of the superseded QR code model 1 (ISO/IEC 18004 annex F)."""

_MASKS: Final[tuple[Callable[[int, int], bool], ...]] = (
    lambda i, j: (i + j) % 2 == 0,
    lambda i, _: i % 2 == 0,
    lambda _, j: j % 3 == 0,
    lambda i, j: (i + j) % 3 == 0,
    lambda i, j: (i // 2 + j // 3) % 2 == 0,
    lambda i, j: (i * j) % 2 + (i * j) % 3 == 0,
    lambda i, j: ((i * j) % 2 + (i * j) % 3) % 2 == 0,
    lambda i, j: ((i + j) % 2 + (i * j) % 3) % 2 == 0,
)
"""Where each data mask turns a module over, by row and column (ISO/IEC 18004 table 10)."""

_ZBAR_LIBRARY: Final = (
    "pyzbar cannot load the system's zbar library: install libzbar0 (Debian, Ubuntu) or zbar (Fedora, Homebrew)"
)


@attrs.frozen(kw_only=True)
class Symbol:
    """One QR symbol found in a picture. Its content is unauthenticated, and left out of its ``repr``.

    Attributes:
        text: what the symbol says, or ``""`` where `kind` is ``"binary"``. Text that does not name its character set is
            read in the one the decoder finds likeliest; a certificate is ASCII, where there is nothing to guess.
        data: the bytes of the symbol. From pyzbar they may have been recoded where they are not ASCII; that library
            does not give the original ones.
        kind: ``"text"``; ``"binary"`` for bytes that are not text, all or some of them, and for anything from pyzbar
            that is not plain ASCII; ``"structured-append"`` for one part of a message that is spread over several
            symbols, of which `text` is that part alone. The last is seen only where zxing-cpp had no error to correct,
            because its Python binding does not tell: such a part appears as ``"text"`` in a damaged print, in a mirror,
            and from pyzbar.
        corners: the four corners, going round the symbol, as (x, y) pixels of the picture as displayed. zxing-cpp
            begins with the symbol's own upper left corner, pyzbar with any.
        decoder: who read it: ``"zxing-cpp"`` or ``"pyzbar"``.
        page: the page or frame of the picture, counted from 1.
    """

    text: str = attrs.field(repr=False)
    data: bytes = attrs.field(repr=False)
    kind: Kind
    corners: Corners
    decoder: DecoderName
    page: int = 1


@attrs.frozen(kw_only=True)
class Decoder:
    """A library that finds symbols, and whether it can be used here.

    Attributes:
        name: ``"zxing-cpp"`` or ``"pyzbar"``.
        available: whether `read` uses it.
        version: its version, or ``""`` where it is not installed.
        note: why it is not available and what to install; ``""`` where it is.
    """

    name: DecoderName
    available: bool
    version: str
    note: str


def read(image: Image, /) -> list[Symbol]:
    """The QR symbols in a picture, in reading order; an empty list where there is none.

    Pictures are PNG, JPEG, WebP, TIFF, GIF or BMP, of which the first page or frame is read; a Pillow image is read as
    it stands. The EXIF orientation is applied, and transparency is seen on white. A ``str`` is a path. Micro QR and
    rMQR codes are not reported. Several symbols are all reported, one inside another too: choosing is left to the
    caller.

    Nothing is concluded about what a symbol says. There is no time limit: zxing-cpp takes about 0.1 s for 12 million
    pixels, and pyzbar several times as long for a picture in which zxing-cpp found nothing.

    Raises:
        RejectedInputError: ``image-format`` for bytes of any other kind; ``image-too-large`` above `MAX_BYTES` or
            `MAX_PIXELS`; ``image-unreadable`` for a damaged or truncated picture; ``file-unreadable`` for a file that
            cannot be opened or read; ``no-decoder`` where neither zxing-cpp nor pyzbar is installed, or Pillow is
            missing.
        TypeError: an argument that is none of these, a file in text mode, or an array of anything but unsigned bytes.
        ValueError: an array of another shape than rows by columns, or by columns and 3 or 4 channels.
    """
    picture = grey(image)
    if not picture.pixels:
        return []
    return _in_reading_order(_distinct(_scan(picture)))


def decoders() -> tuple[Decoder, ...]:
    """The libraries that `read` can use, in the order in which it asks them. Looked up once in a process.

    Whether they are fit for the machine, or free of known defects, is not checked.
    """
    return (_zxing_decoder(), _zbar_decoder())


# Looking for symbols.


def _scan(picture: Grey) -> Iterable[Symbol]:
    """What the first decoder to find anything found."""
    available = False
    for found_out, symbols in ((_zxing_decoder, _zxing_symbols), (_zbar_decoder, _zbar_symbols)):
        if not found_out().available:
            continue
        available = True
        try:
            found = symbols(picture)
        except Exception as error:
            raise RejectedInputError("image-unreadable", "the decoder failed on the picture") from error
        if found:
            return found
    if not available:
        raise RejectedInputError("no-decoder", f"No decoder of QR codes is installed: {SCAN_EXTRA}")
    return []


@cache
def _zxing_decoder() -> Decoder:
    try:
        import zxingcpp  # noqa: F401, PLC0415  # only whether it can be loaded; part of an extra
    except (ImportError, OSError):
        note = f"zxing-cpp cannot be loaded: {SCAN_EXTRA}"
        return Decoder(name="zxing-cpp", available=False, version=_version("zxing-cpp"), note=note)
    return Decoder(name="zxing-cpp", available=True, version=_version("zxing-cpp"), note="")


@cache
def _zbar_decoder() -> Decoder:
    version = _version("pyzbar")
    try:
        import pyzbar.pyzbar  # noqa: F401, PLC0415  # only whether it can be loaded, with the system's library
    except (ImportError, OSError):
        note = _ZBAR_LIBRARY if version else f"pyzbar is not installed: {SCAN_EXTRA}"
        return Decoder(name="pyzbar", available=False, version=version, note=note)
    return Decoder(name="pyzbar", available=True, version=version, note="")


def _version(package: str) -> str:
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return ""


def _zxing_symbols(picture: Grey) -> list[Symbol]:
    import zxingcpp  # noqa: PLC0415  # part of an extra

    formats = zxingcpp.BarcodeFormat
    found = zxingcpp.read_barcodes(
        # Not an ImageView, which keeps no hold on its bytes; nor a Pillow image, which would be copied twice.
        memoryview(picture.pixels).cast("B", (picture.height, picture.width)),
        # QRCode would take in Micro QR and rMQR.
        formats=zxingcpp.BarcodeFormats([formats.QRCodeModel1, formats.QRCodeModel2]),
        text_mode=zxingcpp.TextMode.Plain,  # the default writes control characters as <NUL> and the like
    )
    return [_zxing_symbol(barcode) for barcode in found]


def _zxing_symbol(barcode: zxingcpp.Barcode) -> Symbol:
    import zxingcpp  # noqa: PLC0415  # part of an extra

    kinds = zxingcpp.ContentType
    kind: Kind = "text" if barcode.content_type in {kinds.Text, kinds.GS1, kinds.ISO15434} else "binary"
    if kind == "text" and _is_structured_append(barcode):
        kind = "structured-append"
    place = barcode.position
    around = (place.top_left, place.top_right, place.bottom_right, place.bottom_left)
    return Symbol(
        text="" if kind == "binary" else barcode.text,
        data=barcode.bytes,
        kind=kind,
        corners=tuple((float(point.x), float(point.y)) for point in around),
        decoder="zxing-cpp",
    )


def _is_structured_append(barcode: zxingcpp.Barcode) -> bool:
    """Whether the symbol opens with the structured append indicator; false where that cannot be known.

    The binding keeps zxing-cpp's sequence numbers to itself, but gives the modules as they were scanned. The first four
    bits of the first codeword stand in the lower right corner, from the right and upwards (ISO/IEC 18004, "Symbol
    character placement"). They are what was printed where no error had to be corrected ("UEC", the unused share of the
    error correction, is 1), and where they were looked for in the right corner: in a mirrored symbol, row 8 does not
    begin with the format information.
    """
    facts = cast("dict[str, object]", barcode.extra)
    mask = facts.get("DataMask")
    if barcode.symbology_identifier == _MODEL_1 or facts.get("UEC") != 1 or not isinstance(mask, int):
        return False
    image = barcode.to_image(scale=1, add_quiet_zones=False)
    modules = memoryview(image)  # type: ignore[arg-type]  # it is a buffer, which its types do not say
    end = math.isqrt(modules.nbytes) - 1
    format_mask = indicator = 0
    for column in (2, 3, 4):
        format_mask = format_mask * 2 + (modules[8, column] == 0)
    for row, column in ((end, end), (end, end - 1), (end - 1, end), (end - 1, end - 1)):
        indicator = indicator * 2 + ((modules[row, column] == 0) != _MASKS[mask](row, column))
    return format_mask ^ _FORMAT_MASK == mask and indicator == _STRUCTURED_APPEND


def _zbar_symbols(picture: Grey) -> list[Symbol]:
    from pyzbar import pyzbar  # noqa: PLC0415  # part of an extra

    found = pyzbar.decode((bytes(picture.pixels), picture.width, picture.height), symbols=[pyzbar.ZBarSymbol.QRCODE])
    return [_zbar_symbol(decoded) for decoded in found if decoded.type == "QRCODE"]


def _zbar_symbol(decoded: _ZbarDecoded) -> Symbol:
    # zbar guesses a character set and gives UTF-8: only plain ASCII is certain to be what was printed (pyzbar#14).
    certain = all(byte in _CONTROL_TEXT or 0x20 <= byte < 0x7F for byte in decoded.data)  # noqa: PLR2004  # printable ASCII
    left, top, width, height = decoded.rect
    corners = [(float(x), float(y)) for x, y in decoded.polygon]
    if len(corners) != 4:  # noqa: PLR2004  # a square has four corners; a bent one may be reported with fewer
        corners = [
            (float(x), float(y))
            for x, y in ((left, top), (left + width, top), (left + width, top + height), (left, top + height))
        ]
    return Symbol(
        text=decoded.data.decode("ascii") if certain else "",
        data=decoded.data,
        kind="text" if certain else "binary",
        corners=tuple(corners),
        decoder="pyzbar",
    )


class _ZbarDecoded(Protocol):
    """The part of pyzbar's result that is used; pyzbar has no types."""

    data: bytes
    type: str
    rect: tuple[int, int, int, int]
    polygon: Sequence[tuple[int, int]]


# Putting them in order.


def _distinct(symbols: Iterable[Symbol]) -> list[Symbol]:
    """The symbols without those that say the same in the same place."""
    kept: list[Symbol] = []
    for symbol in symbols:
        if not any(symbol.data == other.data and _is_within(symbol, other) for other in kept):
            kept.append(symbol)
    return kept


def _is_within(symbol: Symbol, other: Symbol) -> bool:
    """Whether the middle of the one lies inside the box around the other."""
    left, top, right, bottom = _box(symbol)
    other_left, other_top, other_right, other_bottom = _box(other)
    return other_left <= (left + right) / 2 <= other_right and other_top <= (top + bottom) / 2 <= other_bottom


def _in_reading_order(symbols: Iterable[Symbol]) -> list[Symbol]:
    """Top to bottom, and left to right among those whose middle lies beside the topmost of their line."""
    ordered: list[Symbol] = []
    waiting = sorted(symbols, key=lambda symbol: _box(symbol)[1])
    while waiting:
        _, _, _, line_end = _box(waiting[0])
        line = [symbol for symbol in waiting if (_box(symbol)[1] + _box(symbol)[3]) / 2 <= line_end]
        ordered += sorted(line, key=lambda symbol: _box(symbol)[0])
        waiting = [symbol for symbol in waiting if symbol not in line]
    return ordered


def _box(symbol: Symbol) -> tuple[float, float, float, float]:
    xs, ys = zip(*symbol.corners, strict=True)
    return min(xs), min(ys), max(xs), max(ys)
