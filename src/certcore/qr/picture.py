"""Whatever is handed in as a picture, to 8-bit grey pixels. The only importer of Pillow for reading.

A picture comes from a stranger. Its kind is told from its first bytes and must be on the list, its bytes and pixels are
counted before any pixel is decoded, and whatever goes wrong inside it is a `RejectedInputError`. The order is always
the same: fetch the bytes, check kind and size, decode to grey, turn upright.
"""

from __future__ import annotations

import math
from importlib import import_module
from io import BytesIO
from os import PathLike, fspath
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, Final, Protocol, TypeAlias, cast

import attrs

from certcore.errors import RejectedInputError

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import ModuleType

    from PIL import Image as PillowImage

MAX_BYTES: Final = 50 * 1024 * 1024
"""Bytes of a picture file; a camera's largest JPEG stays below 30 MiB."""

MAX_PIXELS: Final = 89_478_485
"""Pixels of a picture. Pillow's own line (``Image.MAX_IMAGE_PIXELS``, a quarter GiB in RGB): above it, it warns."""

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

SCAN_EXTRA: Final = "install certcore with its scan extra: certcore[scan]"


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


@attrs.frozen
class Grey:
    """A picture as the decoders take it: 8-bit grey, row by row, without padding."""

    pixels: bytes | memoryview = attrs.field(repr=False)
    width: int
    height: int


# Fetching: whatever was passed, to the bytes of a file or to grey pixels.


def grey(image: Image, /) -> Grey:
    """The picture in 8-bit grey, upright; errors as `certcore.qr.read.read` lists them."""
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
        if Path(path).exists() and not Path(path).is_file():  # a pipe would wait for ever, and a device has no end
            raise RejectedInputError("file-unreadable", f"{Path(fspath(path)).name!r} is not a file")
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


def _from_array(array: ArrayLike) -> Grey:
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
        return Grey(pixels, width, height)
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


def _from_file_bytes(data: bytes) -> Grey:
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


def _from_pillow(image: PillowLike) -> Grey:
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


def _decoded(opened: Callable[[ModuleType], PillowImage.Image]) -> Grey:
    """The grey pixels of the picture that ``opened`` gets from Pillow.

    Pillow's plug-ins raise OSError, SyntaxError, ValueError, struct.error, MemoryError, EOFError and others, and their
    warnings are raised too where the caller's filter says so: every one of them is about the picture.
    """
    pillow = _pillow()
    try:
        picture = opened(pillow)
        picture.load()
        upright = _upright(picture, pillow)
        return Grey(upright.tobytes(), *upright.size)
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
        raise RejectedInputError("no-decoder", f"Pillow is not installed: {SCAN_EXTRA}") from error


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
    flat = _in_grey(picture, pillow)
    return flat.transpose(turns[orientation]) if orientation in turns else flat


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
