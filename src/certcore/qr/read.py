"""Pictures to the QR symbols in them.

The only importer of zxing-cpp and pyzbar, and of Pillow for reading. The rules of this file:

- A picture comes from a stranger. Its kind is told from its first bytes and must be on the list, its bytes and pixels
  are counted before any pixel is decoded, and whatever goes wrong inside it is a `RejectedInputError`.
- A symbol is reported as it was found. Nothing is trimmed or repaired, bytes that are not text never become text, and
  of several symbols none is chosen.
- zxing-cpp looks first; pyzbar looks only where zxing-cpp found nothing. Whichever is not installed is left out;
  `decoders` says why.

The order is always the same: fetch the bytes, check kind and size, decode to 8-bit grey, turn upright, look for
symbols, sort them.
"""

from __future__ import annotations

import math
from functools import cache
from importlib import import_module, metadata
from io import BytesIO
from os import PathLike, fspath
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, Final, Literal, Protocol, TypeAlias, cast

import attrs

from certcore.errors import RejectedInputError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from types import ModuleType

    import zxingcpp
    from PIL import Image as PillowImage

MAX_BYTES: Final = 50 * 1024 * 1024
"""Bytes of a picture file; a camera's largest JPEG stays below 30 MiB."""

MAX_PIXELS: Final = 89_478_485
"""Pixels of a picture. Pillow's own line (``Image.MAX_IMAGE_PIXELS``, a quarter GiB in RGB): above it, it warns."""

Corners: TypeAlias = tuple[tuple[float, float], ...]
Kind: TypeAlias = Literal["text", "binary", "structured-append"]
DecoderName: TypeAlias = Literal["zxing-cpp", "pyzbar"]

_Signature: TypeAlias = tuple[tuple[int, bytes], ...]
_SIGNATURES: Final[tuple[tuple[str, _Signature], ...]] = (
    ("PNG", ((0, b"\x89PNG\r\n\x1a\n"),)),
    ("JPEG", ((0, b"\xff\xd8\xff"),)),
    ("WEBP", ((0, b"RIFF"), (8, b"WEBP"))),
    ("GIF", ((0, b"GIF87a"),)),
    ("GIF", ((0, b"GIF89a"),)),
    ("TIFF", ((0, b"II*\x00"),)),
    ("TIFF", ((0, b"MM\x00*"),)),
    ("TIFF", ((0, b"II+\x00"),)),
    ("TIFF", ((0, b"MM\x00+"),)),
    ("BMP", ((0, b"BM"),)),
)
"""The kinds of picture that are read, and the bytes each begins with. EPS, for one, would start Ghostscript."""

_PLUGINS: Final = tuple(f"PIL.{name}ImagePlugin" for name in ("Bmp", "Gif", "Jpeg", "Png", "Tiff", "WebP"))

_CHANNELS: Final = {1: "L", 3: "RGB", 4: "RGBA"}
_GREY_SHAPE: Final = 2
"""Dimensions of a grey array: rows and columns."""

_DEEP_MODES: Final = ("I", "F")
"""How the names of Pillow's modes with more than 8 bits begin."""

_EXIF_ORIENTATION: Final = 0x0112
"""The tag that says which way up the camera was held (EXIF 2.32, table 4)."""

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

_SCAN_EXTRA: Final = "install certcore with its scan extra: certcore[scan]"
_ZBAR_LIBRARY: Final = (
    "pyzbar cannot load the system's zbar library: install libzbar0 (Debian, Ubuntu) or zbar (Fedora, Homebrew)"
)


class ArrayLike(Protocol):
    """An array of bytes by NumPy's array interface: grey, rows by columns, or with 3 (RGB) or 4 (RGBA) channels."""

    @property
    def __array_interface__(self) -> dict[str, object]:
        """The array interface, version 3."""
        ...


class PillowLike(Protocol):
    """A Pillow image, or whatever has the same size, mode and bytes."""

    @property
    def size(self) -> tuple[int, int]:
        """Width and height in pixels."""
        ...

    @property
    def mode(self) -> str:
        """Pillow's name for the kind of pixel."""
        ...

    def tobytes(self) -> bytes:
        """The pixels, row by row."""
        ...


Image: TypeAlias = str | PathLike[str] | bytes | BinaryIO | PillowLike | ArrayLike
"""What `read` takes: a path, the bytes of a picture file, an open binary file, a Pillow image, or an array."""


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


@attrs.frozen
class _Grey:
    """A picture as the decoders take it: 8-bit grey, row by row, without padding."""

    pixels: bytes | memoryview = attrs.field(repr=False)
    width: int
    height: int


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
    grey = _grey(image)
    if not grey.pixels:
        return []
    return _in_reading_order(_distinct(_scan(grey)))


def decoders() -> tuple[Decoder, ...]:
    """The libraries that `read` can use, in the order in which it asks them. Looked up once in a process.

    Whether they are fit for the machine, or free of known defects, is not checked.
    """
    return (_zxing_decoder(), _zbar_decoder())


# Fetching: whatever was passed, to the bytes of a file or to grey pixels.


def _grey(image: Image) -> _Grey:
    if isinstance(image, str | PathLike):
        return _from_file_bytes(_path_bytes(image))
    if isinstance(image, bytes | bytearray | memoryview):
        return _from_file_bytes(bytes(image))
    # By their names, because checking a protocol at run time is slow.
    if isinstance(getattr(image, "mode", None), str) and hasattr(image, "size") and hasattr(image, "tobytes"):
        return _from_pillow(cast("PillowLike", image))
    if hasattr(image, "__array_interface__"):
        return _from_array(cast("ArrayLike", image))
    if hasattr(image, "read"):
        return _from_file_bytes(_file_bytes(cast("BinaryIO", image)))
    raise TypeError(f"an image is a path, bytes, a binary file, a Pillow image or an array, not {type(image).__name__}")


def _path_bytes(path: str | PathLike[str]) -> bytes:
    try:
        with Path(path).open("rb") as file:
            return _file_bytes(file)
    except (OSError, ValueError) as error:  # ValueError: a null character in the name
        name = Path(fspath(path)).name
        raise RejectedInputError("file-unreadable", f"the file {name!r} cannot be read") from error


def _file_bytes(file: BinaryIO) -> bytes:
    try:
        data: object = file.read(MAX_BYTES + 1)
    except (OSError, ValueError) as error:  # ValueError: the file is closed, or is text that does not decode
        raise RejectedInputError("file-unreadable", "the file cannot be read") from error
    if not isinstance(data, bytes):
        raise TypeError("an image file must be opened in binary mode")
    return data


def _from_array(array: ArrayLike) -> _Grey:
    interface = array.__array_interface__
    if interface.get("typestr") not in {"|u1", "<u1", ">u1"}:
        raise TypeError("an array of pixels must hold unsigned bytes")
    shape = cast("tuple[int, ...]", interface["shape"])
    height, width, *rest = (*shape, *(1,) * (_GREY_SHAPE + 1 - len(shape)))
    if len(shape) < _GREY_SHAPE or len(rest) != 1 or rest[0] not in _CHANNELS:
        raise ValueError(f"an array of pixels is rows by columns, or by columns and 3 or 4 channels, not {shape}")
    _check_pixels(width, height)
    pixels = _array_bytes(array, interface)
    if len(pixels) != math.prod(shape):
        raise ValueError(f"an array of shape {shape} does not have {len(pixels)} bytes")
    if rest[0] == 1 or not pixels:
        return _Grey(pixels, width, height)
    return _decoded(lambda pillow: pillow.frombytes(_CHANNELS[rest[0]], (width, height), pixels))


def _array_bytes(array: ArrayLike, interface: dict[str, object]) -> bytes | memoryview:
    """The array's bytes in row order, whatever its strides; not copied where they are in row order already."""
    data = interface.get("data")
    if isinstance(data, bytes) and interface.get("strides") is None:
        return data
    try:
        view = memoryview(array)  # type: ignore[arg-type]  # whether it is a buffer is being found out
    except TypeError as error:
        raise TypeError("an array of pixels must support the buffer protocol") from error
    return view.cast("B") if view.c_contiguous and view.nbytes else view.tobytes()


# Decoding a picture to grey.


def _from_file_bytes(data: bytes) -> _Grey:
    if len(data) > MAX_BYTES:
        raise RejectedInputError("image-too-large", f"the picture has more than {MAX_BYTES} bytes")
    if not data:
        raise RejectedInputError("image-unreadable", "the picture file is empty")
    kind = _format(data)

    def opened(pillow: ModuleType) -> PillowImage.Image:
        picture: PillowImage.Image = pillow.open(BytesIO(data), formats=[kind])
        _check_pixels(*picture.size)
        if kind == "JPEG":
            picture.draft("L", picture.size)  # libjpeg's brightness channel, without making colours first
        return picture

    return _decoded(opened)


def _from_pillow(image: PillowLike) -> _Grey:
    _check_pixels(*image.size)

    def opened(pillow: ModuleType) -> PillowImage.Image:
        if isinstance(image, pillow.Image):
            return cast("PillowImage.Image", image)
        return cast("PillowImage.Image", pillow.frombytes(image.mode, image.size, image.tobytes()))

    return _decoded(opened)


def _format(data: bytes) -> str:
    for kind, parts in _SIGNATURES:
        if all(data.startswith(part, at) for at, part in parts):
            return kind
    raise RejectedInputError("image-format", "the file is not a PNG, JPEG, WebP, TIFF, GIF or BMP picture")


def _check_pixels(width: int, height: int) -> None:
    if width * height > MAX_PIXELS:
        message = f"a picture of {width} by {height} has more than {MAX_PIXELS} pixels"
        raise RejectedInputError("image-too-large", message, height=height, width=width)


def _decoded(opened: Callable[[ModuleType], PillowImage.Image]) -> _Grey:
    """The grey pixels of the picture that ``opened`` gets from Pillow.

    Pillow's plug-ins raise OSError, SyntaxError, ValueError, struct.error, MemoryError, EOFError and others, and their
    warnings are raised too where the caller's filter says so: every one of them is about the picture.
    """
    pillow = _pillow()
    try:
        picture = opened(pillow)
        picture.load()
        upright = _upright(picture, pillow)
        return _Grey(upright.tobytes(), *upright.size)
    except RejectedInputError:
        raise
    except (pillow.DecompressionBombError, pillow.DecompressionBombWarning) as error:
        raise RejectedInputError("image-too-large", "the picture has too many pixels") from error
    except Exception as error:
        raise RejectedInputError("image-unreadable", "the picture is damaged or incomplete") from error


def _pillow() -> ModuleType:
    """Pillow, with the plug-ins of the list: otherwise it would load every plug-in it has to find one of them."""
    try:
        for plugin in _PLUGINS:
            import_module(plugin)
        return import_module("PIL.Image")
    except ImportError as error:
        raise RejectedInputError("no-decoder", f"Pillow is not installed: {_SCAN_EXTRA}") from error


def _upright(picture: PillowImage.Image, pillow: ModuleType) -> PillowImage.Image:
    """The picture in 8-bit grey, as it is displayed."""
    turn = pillow.Transpose
    turns = {
        2: turn.FLIP_LEFT_RIGHT,
        3: turn.ROTATE_180,
        4: turn.FLIP_TOP_BOTTOM,
        5: turn.TRANSPOSE,
        6: turn.ROTATE_270,
        7: turn.TRANSVERSE,
        8: turn.ROTATE_90,
    }
    orientation = _orientation(picture)
    grey = _in_grey(picture, pillow)
    return grey.transpose(turns[orientation]) if orientation in turns else grey


def _orientation(picture: PillowImage.Image) -> object:
    try:
        return picture.getexif().get(_EXIF_ORIENTATION)
    except Exception:  # noqa: BLE001  # damaged metadata raises anything, and must not hide a picture that can be read
        return None


def _in_grey(picture: PillowImage.Image, pillow: ModuleType) -> PillowImage.Image:
    """The picture in 8-bit grey: transparency on white, deeper pixels stretched between their darkest and lightest."""
    mode = picture.mode
    if mode.startswith(_DEEP_MODES):
        return _stretched(picture, pillow)
    if mode == "LAB":
        return picture.getchannel("L")
    if not picture.has_transparency_data:
        return picture.convert("L")
    layered = picture.convert("LA" if mode in {"La", "LA"} else "RGBA")
    page: PillowImage.Image = pillow.new("L", picture.size, 255)
    page.paste(layered.convert("L"), mask=layered.getchannel("A"))
    return page


def _stretched(picture: PillowImage.Image, pillow: ModuleType) -> PillowImage.Image:
    """16-bit, 32-bit and floating-point pixels, whose white is not agreed on: 10, 12 or 16 bits are filled, or 1.0."""
    wide = picture.convert("I") if picture.mode.startswith("I;") else picture
    low, high = cast("tuple[float, float]", wide.getextrema())
    if not 0 < high - low < math.inf:  # one shade only, or no number at all
        return cast("PillowImage.Image", pillow.new("L", picture.size, 255))
    scale = 255 / (high - low)
    return wide.point(lambda value: value * scale - low * scale).convert("L")


# Looking for symbols.


def _scan(grey: _Grey) -> Iterable[Symbol]:
    """What the first decoder to find anything found."""
    available = False
    for found_out, symbols in ((_zxing_decoder, _zxing_symbols), (_zbar_decoder, _zbar_symbols)):
        if not found_out().available:
            continue
        available = True
        try:
            found = symbols(grey)
        except Exception as error:
            raise RejectedInputError("image-unreadable", "the decoder failed on the picture") from error
        if found:
            return found
    if not available:
        raise RejectedInputError("no-decoder", f"No decoder of QR codes is installed: {_SCAN_EXTRA}")
    return []


@cache
def _zxing_decoder() -> Decoder:
    try:
        import zxingcpp  # noqa: F401, PLC0415  # only whether it can be loaded; part of an extra
    except (ImportError, OSError):
        note = f"zxing-cpp cannot be loaded: {_SCAN_EXTRA}"
        return Decoder(name="zxing-cpp", available=False, version=_version("zxing-cpp"), note=note)
    return Decoder(name="zxing-cpp", available=True, version=_version("zxing-cpp"), note="")


@cache
def _zbar_decoder() -> Decoder:
    version = _version("pyzbar")
    try:
        import pyzbar.pyzbar  # noqa: F401, PLC0415  # only whether it can be loaded, with the system's library
    except (ImportError, OSError):
        note = _ZBAR_LIBRARY if version else f"pyzbar is not installed: {_SCAN_EXTRA}"
        return Decoder(name="pyzbar", available=False, version=version, note=note)
    return Decoder(name="pyzbar", available=True, version=version, note="")


def _version(package: str) -> str:
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return ""


def _zxing_symbols(grey: _Grey) -> list[Symbol]:
    import zxingcpp  # noqa: PLC0415  # part of an extra

    formats = zxingcpp.BarcodeFormat
    found = zxingcpp.read_barcodes(
        # Not an ImageView, which keeps no hold on its bytes; nor a Pillow image, which would be copied twice.
        memoryview(grey.pixels).cast("B", (grey.height, grey.width)),
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


def _zbar_symbols(grey: _Grey) -> list[Symbol]:
    from pyzbar import pyzbar  # noqa: PLC0415  # part of an extra

    found = pyzbar.decode((bytes(grey.pixels), grey.width, grey.height), symbols=[pyzbar.ZBarSymbol.QRCODE])
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
