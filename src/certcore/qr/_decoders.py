"""The libraries that find and decode QR symbols. The only importer of zxing-cpp and pyzbar.

Each is made to give the same kind of answer: what stands in the symbol, unchanged, and where it lies. Bytes that are
not text never become text. Which library is asked, and for what picture, is `certcore.qr._cascade`'s to say.
"""

from __future__ import annotations

import math
from functools import cache
from importlib import metadata
from typing import TYPE_CHECKING, Final, Literal, Protocol, TypeAlias, cast

import attrs

from certcore.qr._dewarp.symbols import Kind, Symbol
from certcore.qr._raster import SCAN_EXTRA

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    import zxingcpp

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


@cache
def zxing_decoder() -> Decoder:
    """Whether zxing-cpp is here; looked up once in a process."""
    try:
        import zxingcpp  # noqa: F401, PLC0415  # only whether it can be loaded; part of an extra
    except (ImportError, OSError):
        note = f"zxing-cpp cannot be loaded: {SCAN_EXTRA}"
        return Decoder(name="zxing-cpp", available=False, version=_version("zxing-cpp"), note=note)
    return Decoder(name="zxing-cpp", available=True, version=_version("zxing-cpp"), note="")


@cache
def zbar_decoder() -> Decoder:
    """Whether pyzbar and the system's zbar are here; looked up once in a process."""
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
class Look:
    """What a decoder made of a picture.

    Attributes:
        symbols: those that it read.
        unread: how many it found and could not read; not told by pyzbar.
    """

    symbols: list[Symbol]
    unread: int = 0


def with_zxing(picture: Pixels, /) -> Look:
    """What zxing-cpp reads. Not to be called where `zxing_decoder` says that it is not available.

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
    read = [_zxing_symbol(barcode) for barcode in found if barcode.valid]
    return Look(read, len(found) - len(read))


@cache
def _zxing_formats() -> zxingcpp.BarcodeFormats:
    import zxingcpp  # noqa: PLC0415  # part of an extra

    # QRCode would take in Micro QR and rMQR.
    return zxingcpp.BarcodeFormats([zxingcpp.BarcodeFormat.QRCodeModel1, zxingcpp.BarcodeFormat.QRCodeModel2])


def drawing_with_zxing(drawing: Pixels, /) -> Symbol | None:
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


def with_zbar(picture: Pixels, /) -> Look:
    """What zbar reads. Not to be called where `zbar_decoder` says that it is not available.

    The interpreter is free for other threads meanwhile.
    """
    from pyzbar import pyzbar  # noqa: PLC0415  # part of an extra

    found = pyzbar.decode((bytes(picture.pixels), picture.width, picture.height), symbols=[pyzbar.ZBarSymbol.QRCODE])
    return Look([_zbar_symbol(decoded) for decoded in found if decoded.type == "QRCODE"])


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
