"""Convert any accepted picture to pages of 8-bit grey pixels.

A picture is untrusted. Its first bytes decide its kind, which must be on the list, and its size is checked before it is
read. This module fetches pictures and finds their kind; Pillow's kinds are decoded in `certcore.qr._raster`, PDF and
HEIC in a process of their own (`certcore.qr._sandbox`).
"""

from __future__ import annotations

import math
from collections.abc import Generator, Iterator
from contextlib import closing
from os import PathLike, fspath
from typing import TYPE_CHECKING, BinaryIO, Final, Literal, Protocol, TypeAlias, cast

import attrs

from certcore.errors import RejectedInputError
from certcore.qr import _raster
from certcore.qr._deadline import NEVER, Deadline
from certcore.qr._raster import MAX_JPEG_PIXELS, MAX_PAGES, MAX_PIXELS, SCAN_EXTRA, Grey

if TYPE_CHECKING:
    from certcore.qr._sandbox import Scan

__all__ = [
    "MAX_BYTES",
    "MAX_JPEG_PIXELS",
    "MAX_PAGES",
    "MAX_PIXELS",
    "SCAN_EXTRA",
    "ArrayLike",
    "Channels",
    "Grey",
    "Image",
    "Picture",
    "PillowLike",
    "grey",
    "load",
    "looks",
    "pages",
]

MAX_BYTES: Final = 50 * 1024 * 1024
"""Bytes of a picture file; a camera's largest JPEG stays below 30 MiB, unless it has 200 million pixels."""

Channels: TypeAlias = Literal["RGB", "BGR"]
"""The order of an array's colours. Most are RGB; OpenCV's cameras and files are BGR."""

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
    *(("HEIC", ((4, b"ftyp" + brand),)) for brand in (b"heic", b"heix", b"hevc", b"hevx", b"heim", b"heis", b"mif1")),
)
"""The kinds of picture that are read, and the bytes each begins with. EPS, for one, would start Ghostscript."""

_PDF_HEADER: Final = b"%PDF-"
_PDF_HEADER_WITHIN: Final = 1024
"""Where a PDF's first bytes may stand: mail and web software puts things before them, and readers look this far."""

_CHANNELS: Final[dict[tuple[int, Channels], tuple[str, str]]] = {
    (3, "RGB"): ("RGB", "RGB"),
    (3, "BGR"): ("RGB", "BGR"),
    (4, "RGB"): ("RGBA", "RGBA"),
    (4, "BGR"): ("RGBA", "BGRA"),
}
"""Pillow's mode, and its name for the order of the bytes."""

_GREY_SHAPE: Final = 2
"""Dimensions of a grey array: rows and columns."""


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


@attrs.frozen(eq=False)
class Picture:
    """A picture that was fetched and not looked at, with what the caller says about it. Made by `load`.

    Attributes:
        content: the bytes of a file, or the image or array itself.
        channels: the order of an array's colours.
        wanted: the pages to read, counted from 1; ``None`` is all, up to 100.
    """

    content: bytes | PillowLike | ArrayLike = attrs.field(repr=False)
    channels: Channels = "RGB"
    wanted: range | None = None

    @property
    def digest(self) -> bytes | None:
        """SHA-256 of the file's bytes, 32 bytes, computed at each call; ``None`` where there is no file."""
        import hashlib  # noqa: PLC0415  # not needed where only pixels are

        return hashlib.sha256(self.content).digest() if isinstance(self.content, bytes) else None


Image: TypeAlias = str | PathLike[str] | bytes | BinaryIO | PillowLike | ArrayLike | Picture
"""What `read` takes: a path, the bytes of a picture file, an open file, a Pillow image, an array, or a `Picture`."""


def load(image: Image, /, *, channels: Channels | None = None, pages: range | None = None) -> Picture:
    """Fetch a picture, so that it is read once and its digest is known, or to say what it does not say itself.

    The result is taken wherever an image is. Nothing in it is decoded here, and its kind is not looked at.

    Args:
        image: what `read` takes. A file is read from where it stands to its end.
        channels: ``"BGR"`` for an array whose blue comes first, as OpenCV's does. ``"RGB"`` is taken for granted.
        pages: which pages or frames to read, counted from 1, as an ascending `range`: ``range(1, 4)`` is the first
            three. Those that the document does not have are passed over. Without it a document of more than
            100 pages is refused, so that no page is passed over in silence.

    Raises:
        RejectedInputError: ``file-unreadable``; ``image-too-large`` above 50 MiB.
        TypeError: something that is no picture at all, or a file in text mode.
        ValueError: other channels, or pages that are empty, descending or below 1.
    """
    if channels not in {None, "RGB", "BGR"}:
        raise ValueError("channels must be RGB or BGR")
    if pages is not None and not (pages and pages.start >= 1 and pages.step >= 1):
        raise ValueError("pages must be an ascending range of at least one page, counted from 1")
    known = image if isinstance(image, Picture) else Picture(_content(image))
    if channels is None and pages is None:
        return known
    return attrs.evolve(known, channels=channels or known.channels, wanted=pages or known.wanted)


def pages(
    image: Image,
    /,
    *,
    deadline: Deadline = NEVER,
    page_cpu_s: int = 0,
    small: bool = False,
    is_first_look: bool = False,
) -> Generator[Grey]:
    """The pages or frames of a picture in 8-bit grey, upright, each decoded when it is asked for.

    Nothing of a page is kept once the next is asked for, if the caller lets go of it too. The deadline is looked at
    before each page, and a page of Pillow's is decoded to its end; PDF and HEIC are stopped in between, and a page
    of a PDF after so many seconds of computing, unless they are 0. Asked for, each page of a file has a small copy. For
    a first look a large page may be a reduced copy, where that takes less time: `Grey.whole` gives all of it.

    Raises:
        RejectedInputError: as `certcore.qr.read` lists them; ``image-timeout`` where the deadline passes before a
            page that is there.
        TypeError, ValueError: as `certcore.qr.read` lists them.
    """
    for found in looks(load(image), deadline=deadline, page_cpu_s=page_cpu_s, small=small, is_first_look=is_first_look):
        yield found if isinstance(found, Grey) else found.decoded(deadline)


def looks(
    picture: Picture, *, deadline: Deadline, page_cpu_s: int, small: bool, is_first_look: bool
) -> Generator[Grey | Scan]:
    """As `pages`; but for a first look, a page of a PDF that is a large JPEG is that, and nothing of it is decoded."""
    content = picture.content
    if isinstance(content, bytes):
        options = {"small": small, "is_first_look": is_first_look}
        yield from _pages_of_file(content, picture.wanted, deadline, page_cpu_s, options)
    elif picture.wanted is None or 1 in picture.wanted:
        deadline.check()
        yield _from_pillow_or_array(content, picture.channels)


def grey(image: Image, /) -> Grey:
    """The first page of a picture; one without pixels where there is none."""
    with closing(pages(image)) as looks:
        return next(looks, Grey(b"", 0, 0))


# Fetching.


def _content(image: object) -> bytes | PillowLike | ArrayLike:
    if isinstance(image, str | PathLike):
        return _path_bytes(image)
    if isinstance(image, bytes | bytearray | memoryview):
        return _limited(bytes(image))
    if _is_pillow(image):
        return cast("PillowLike", image)
    if hasattr(image, "__array_interface__"):
        return cast("ArrayLike", image)
    if hasattr(image, "read"):
        return _file_bytes(cast("BinaryIO", image))
    raise TypeError(f"an image is a path, bytes, a binary file, a Pillow image or an array, not {type(image).__name__}")


def _is_pillow(image: object) -> bool:
    # By their names, because checking a protocol at run time is slow.
    return isinstance(getattr(image, "mode", None), str) and hasattr(image, "size") and hasattr(image, "tobytes")


def _path_bytes(path: str | PathLike[str]) -> bytes:
    from pathlib import Path  # noqa: PLC0415  # not needed where bytes are handed over

    name = Path(fspath(path)).name
    try:
        if Path(path).exists() and not Path(path).is_file():  # a pipe would wait for ever, and a device has no end
            raise RejectedInputError("file-unreadable", f"{name!r} is not a file")
        with Path(path).open("rb") as file:
            return _file_bytes(file)
    except (OSError, ValueError) as error:  # ValueError: a null character in the name
        raise RejectedInputError("file-unreadable", f"the file {name!r} cannot be read") from error


def _file_bytes(file: BinaryIO) -> bytes:
    try:
        data: object = file.read(MAX_BYTES + 1)
    except (OSError, ValueError) as error:  # ValueError: the file is closed, or is text that does not decode
        raise RejectedInputError("file-unreadable", "the file cannot be read") from error
    if not isinstance(data, bytes):
        raise TypeError("an image file must be opened in binary mode")
    return _limited(data)


def _limited(data: bytes) -> bytes:
    if len(data) > MAX_BYTES:
        raise RejectedInputError("image-too-large", f"the picture has more than {MAX_BYTES} bytes")
    return data


# Telling apart.


def _pages_of_file(
    data: bytes, wanted: range | None, deadline: Deadline, page_cpu_s: int, options: dict[str, bool]
) -> Iterator[Grey | Scan]:
    if not data:
        raise RejectedInputError("image-unreadable", "the picture file is empty")
    kind = _format(data)
    if kind not in {"PDF", "HEIC"}:
        return _raster.pages_of_file(data, kind, wanted, deadline, **options)
    from certcore.qr import _sandbox  # noqa: PLC0415  # what starts processes loads slowly, and most pictures need none

    if kind == "PDF":
        is_first_look = options["is_first_look"] and not options["small"]
        return _sandbox.pages_of_pdf(
            data, wanted, deadline, page_cpu_s, small=options["small"], is_first_look=is_first_look
        )
    return _sandbox.pages_of_heic(data, wanted, deadline, small=options["small"])


def is_for_pillow(picture: Picture) -> bool:
    """Whether it is a file that Pillow decodes, if it is a picture at all; and not a PDF, a HEIC, an image or array."""
    try:
        return isinstance(picture.content, bytes) and _format(picture.content) not in {"PDF", "HEIC"}
    except RejectedInputError:
        return False


def _format(data: bytes) -> str:
    for kind, parts in _SIGNATURES:
        if all(data.startswith(part, at) for at, part in parts):
            return kind
    if _PDF_HEADER in data[:_PDF_HEADER_WITHIN]:
        return "PDF"
    raise RejectedInputError("image-format", "the file is not a PNG, JPEG, WebP, TIFF, GIF, BMP, HEIC or PDF")


def _from_pillow_or_array(content: PillowLike | ArrayLike, channels: Channels) -> Grey:
    if _is_pillow(content):
        return _raster.from_pillow(content)
    array = cast("ArrayLike", content)
    interface = array.__array_interface__
    if interface.get("typestr") not in {"|u1", "<u1", ">u1"}:
        raise TypeError("an array of pixels must hold unsigned bytes")
    shape = cast("tuple[int, ...]", interface["shape"])
    height, width, *rest = (*shape, *(1,) * (_GREY_SHAPE + 1 - len(shape)))
    if len(shape) < _GREY_SHAPE or len(rest) != 1 or rest[0] not in {1, 3, 4}:
        raise ValueError(f"an array of pixels is rows by columns, or by columns and 3 or 4 channels, not {shape}")
    _raster.check_pixels(width, height)
    pixels = _array_bytes(array, interface)
    if len(pixels) != math.prod(shape):
        raise ValueError(f"an array of shape {shape} does not have {len(pixels)} bytes")
    if rest[0] == 1 or not pixels:
        return Grey(pixels, width, height)
    mode, order = _CHANNELS[rest[0], channels]
    return _raster.from_pixels(pixels, mode, (width, height), order=order)


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
