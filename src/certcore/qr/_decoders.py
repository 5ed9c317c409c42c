"""The libraries that find and decode QR symbols. The only importer of zxing-cpp and pyzbar.

Each is one row of `DECODERS` and gives the same kind of answer: the content of the symbol, unchanged, and its place.
Bytes that are not text never become text. `certcore.qr._cascade` decides for which picture they are asked.
"""

from __future__ import annotations

import math
from functools import cache
from importlib import import_module
from typing import TYPE_CHECKING, Final, Protocol, cast

import attrs

from certcore.qr._dewarp.symbols import Corners, Kind, Symbol
from certcore.qr._raster import SCAN_EXTRA, Grey

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    import zxingcpp

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
class Decoder:
    """A library that finds symbols, and whether it can be used here.

    Attributes:
        name: of its package: ``"zxing-cpp"`` or ``"pyzbar"``.
        available: whether `read` uses it.
        version: its version, or ``""`` where it is not installed.
        note: why it is not available and what to install; ``""`` where it is.
    """

    name: str
    available: bool
    version: str
    note: str


def look_up(decoder: PictureDecoder) -> Decoder:
    """Whether a decoder can be used here."""
    version, is_there = _version(decoder.name), is_available(decoder)
    return Decoder(
        name=decoder.name, available=is_there, version=version, note="" if is_there else decoder.advice(version)
    )


def available() -> Iterator[PictureDecoder]:
    """The decoders that can be used here, in the order in which they are asked; none is loaded before its turn."""
    return filter(is_available, DECODERS)


@cache
def is_available(decoder: PictureDecoder) -> bool:
    """Whether a decoder can be loaded; looked up once in a process."""
    try:
        import_module(decoder.module)
    except (ImportError, OSError):
        return False
    return True


def decoders() -> tuple[Decoder, ...]:
    """The libraries that `certcore.qr.read` can use, in the order in which it asks them. Looked up once in a process.

    Whether they are fit for the machine, or free of known defects, is not checked.
    """
    return tuple(map(look_up, DECODERS))


def _version(package: str) -> str:
    from importlib import metadata  # noqa: PLC0415  # loads slowly, and reading needs no version

    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return ""


@attrs.frozen(kw_only=True)
class PictureDecoder:
    """One decoder: a row of `DECODERS`, which is all that reading knows of it.

    Attributes:
        name: of its package.
        module: what has to be importable.
        decode: reads a picture; called only where the module is there. Other threads run meanwhile.
        decode_drawing: reads a symbol that was drawn anew, one pixel to a module, with its quiet zone.
        advice: why it cannot be used and what to install, by the package's version or ``""``.
        longest: pixels of a longer side above which it reads more in a smaller copy; None where it does not.
        is_spare: whether it reads nothing that those before it do not, and is for where they are missing.
    """

    name: str
    module: str
    decode: Callable[[Pixels], DecodeResult]
    decode_drawing: Callable[[Pixels], Symbol | None]
    advice: Callable[[str], str]
    longest: int | None = None
    is_spare: bool = False


class Pixels(Protocol):
    """A picture in 8-bit grey, row by row without padding, as `certcore.qr._raster.Grey` is."""

    @property
    def pixels(self) -> bytes | memoryview:
        """One byte each; 0 is black."""
        ...

    @property
    def width(self) -> int:
        """Pixels of a row."""
        ...

    @property
    def height(self) -> int:
        """Rows."""
        ...


@attrs.frozen
class DecodeResult:
    """What a decoder read in a picture.

    Attributes:
        symbols: those that it read.
        failed: the corners of those that it found and could not read; not told by pyzbar.
    """

    symbols: list[Symbol]
    failed: list[Corners] = attrs.field(factory=list)

    @property
    def unread(self) -> int:
        """How many it found and could not read."""
        return len(self.failed)


def decode_with_zxing(picture: Pixels, /) -> DecodeResult:
    """What zxing-cpp reads.

    The interpreter is free for other threads meanwhile.
    """
    import zxingcpp  # noqa: PLC0415  # part of an extra

    found = zxingcpp.read_barcodes(
        # Not an ImageView, which keeps no hold on its bytes; nor a Pillow image, which would be copied twice.
        memoryview(picture.pixels).cast("B", (picture.height, picture.width)),
        formats=_zxing_formats(),
        text_mode=zxingcpp.TextMode.Plain,  # the default writes control characters as <NUL> and the like
        return_errors=True,  # costs nothing
    )
    return DecodeResult(
        [_zxing_symbol(barcode) for barcode in found if barcode.valid and barcode.bytes],
        [_corners(barcode.position) for barcode in found if not barcode.valid],
    )


@cache
def _zxing_formats() -> zxingcpp.BarcodeFormats:
    import zxingcpp  # noqa: PLC0415  # part of an extra

    # QRCode would take in Micro QR and rMQR.
    return zxingcpp.BarcodeFormats([zxingcpp.BarcodeFormat.QRCodeModel1, zxingcpp.BarcodeFormat.QRCodeModel2])


def decode_drawing_with_zxing(drawing: Pixels, /) -> Symbol | None:
    """What zxing-cpp reads in a symbol that was drawn anew, one pixel to a module, with its quiet zone."""
    import zxingcpp  # noqa: PLC0415  # part of an extra

    found = zxingcpp.read_barcodes(
        memoryview(drawing.pixels).cast("B", (drawing.height, drawing.width)),
        # With models 1 and 2 alone, is_pure reads nothing (zxing-cpp 3.1); no Micro QR or rMQR has as many modules.
        formats=zxingcpp.BarcodeFormats([zxingcpp.BarcodeFormat.QRCode]),
        text_mode=zxingcpp.TextMode.Plain,
        binarizer=zxingcpp.Binarizer.FixedThreshold,
        is_pure=True,
    )
    return next((_zxing_symbol(barcode) for barcode in found if barcode.valid), None)


def _zxing_symbol(barcode: zxingcpp.Barcode) -> Symbol:
    import zxingcpp  # noqa: PLC0415  # part of an extra

    kinds = zxingcpp.ContentType
    kind: Kind = "text" if barcode.content_type in {kinds.Text, kinds.GS1, kinds.ISO15434} else "binary"
    if kind == "text" and _is_structured_append(barcode):
        kind = "structured-append"
    return Symbol(
        text="" if kind == "binary" else barcode.text,
        data=barcode.bytes,
        kind=kind,
        corners=_corners(barcode.position),
        decoder="zxing-cpp",
    )


def _corners(place: zxingcpp.Position) -> Corners:
    around = (place.top_left, place.top_right, place.bottom_right, place.bottom_left)
    return tuple((float(point.x), float(point.y)) for point in around)


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


def decode_with_zbar(picture: Pixels, /) -> DecodeResult:
    """What zbar reads.

    The interpreter is free for other threads meanwhile.
    """
    from pyzbar import pyzbar  # noqa: PLC0415  # part of an extra

    found = pyzbar.decode((bytes(picture.pixels), picture.width, picture.height), symbols=[pyzbar.ZBarSymbol.QRCODE])
    return DecodeResult([_zbar_symbol(decoded) for decoded in found if decoded.type == "QRCODE" and decoded.data])


def decode_drawing_with_zbar(drawing: Pixels, /) -> Symbol | None:
    """What zbar reads in a symbol that was drawn anew; four pixels to a module, which it needs."""
    from PIL import Image  # noqa: PLC0415  # part of an extra

    picture = Image.frombuffer("L", (drawing.width, drawing.height), drawing.pixels, "raw", "L", 0, 1)  # type: ignore[arg-type]  # a memoryview will do
    large = picture.resize((4 * drawing.width, 4 * drawing.height), Image.Resampling.NEAREST)
    found = decode_with_zbar(Grey(large.tobytes(), *large.size)).symbols
    return found[0] if found else None


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


DECODERS: Final = (
    PictureDecoder(
        name="zxing-cpp",
        module="zxingcpp",
        decode=decode_with_zxing,
        decode_drawing=decode_drawing_with_zxing,
        advice=lambda _: f"zxing-cpp cannot be loaded: {SCAN_EXTRA}",
    ),
    PictureDecoder(
        name="pyzbar",
        module="pyzbar.pyzbar",
        decode=decode_with_zbar,
        decode_drawing=decode_drawing_with_zbar,
        advice=lambda version: _ZBAR_LIBRARY if version else f"pyzbar is not installed: {SCAN_EXTRA}",
        longest=1000,
        is_spare=True,
    ),
)
"""Every decoder, in the order in which they are asked."""
