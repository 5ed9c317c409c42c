"""Convert pixels of every kind to 8-bit grey: files, page by page, and images and arrays.

The only importer of Pillow for reading. Pixels, pages and scans are counted from the headers before any pixel is
decoded, one page is decoded at a time, and every error inside a picture is a `RejectedInputError`.
"""

from __future__ import annotations

import math
import re
import sys
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from importlib import import_module
from io import BytesIO
from typing import TYPE_CHECKING, Final, TypeAlias, cast

import attrs

from certcore.errors import RejectedInputError
from certcore.qr import _detail, _overviews
from certcore.qr._deadline import NEVER, Deadline

if TYPE_CHECKING:
    from types import ModuleType

    from PIL import Image as PillowImage
    from PIL.TiffImagePlugin import TiffImageFile

MAX_PIXELS: Final = 89_478_485
"""Pixels of a picture. Pillow's own line (``Image.MAX_IMAGE_PIXELS``, a quarter GiB in RGB): above it, it warns."""

MAX_JPEG_PIXELS: Final = 4 * MAX_PIXELS
"""Pixels of a JPEG, which can be decoded at half its size: the largest telephone cameras have 200 million."""

MAX_FRAME_PIXELS: Final = 40_000_000
"""Pixels of a WebP, a GIF or an animated PNG, of which several frames in colour are in memory at once."""

MAX_ANIMATION_PIXELS: Final = 10 * MAX_FRAME_PIXELS
"""Pixels of all frames together: a file of 12 kB can have a hundred large ones."""

MAX_PAGES: Final = 100
"""Pages or frames that are read unless the caller says which."""

_WHOLE_PIXELS: Final = 50_000_000
"""A JPEG above this is decoded at half its size, so that more than 12 million remain: those of a usual photograph."""

_MAX_SCANS: Final = 200
"""Scans of a JPEG. Encoders write up to a dozen; each costs a pass over the whole picture, even when it is empty."""

_SCAN: Final = re.compile(rb"\xda(?<=\xff\xda)")
"""What a scan begins with; looked for from its end, which is three times as fast."""

_MAX_READS: Final = 1_000_000
"""Times that Pillow may ask for bytes. It goes through a file's pieces one by one, and empty pieces take time too."""

_READS_PER_LOOK: Final = 64
"""How often it asks between two looks at the clock."""

_STRIP_PIXELS: Final = 4_000_000
"""Pixels that are converted at a time: a copy of a large picture in another mode is larger than anything else here."""

_PLUGINS: Final = {name.upper(): f"PIL.{name}ImagePlugin" for name in ("Bmp", "Gif", "Jpeg", "Png", "Tiff", "WebP")}
"""What Pillow reads each kind of file with."""

_PAGED: Final = frozenset({"GIF", "PNG", "TIFF", "WEBP"})
"""The kinds of file that hold several pages or frames. The second picture in a JPEG is the first once more."""

_DEEP_MODES: Final = ("I", "F")
"""How the names of Pillow's modes with more than 8 bits begin."""

_EXIF_ORIENTATION: Final = 0x0112
"""The tag that says which way up the camera was held (EXIF 2.32, table 4)."""

_WHITE: Final = 255
_BLACK: Final = 0
_OPAQUE: Final = 255

_COLOURED: Final = frozenset({"RGB", "RGBA", "RGBX", "YCbCr", "CMYK", "P"})
"""Pillow's modes with 8-bit colours."""

SMALL_SIDE: Final = 360
"""Pixels of the longer side of a small copy."""

_SIDEWAYS: Final = frozenset({5, 6, 7, 8})
"""The orientations that exchange width and height."""

SCAN_EXTRA: Final = "install certcore with its scan extra: certcore[scan]"

Place: TypeAlias = tuple[float, float, float, float, float, float]
"""a to f of ``(a x + b y + c, d x + e y + f)``."""

_HERE: Final[Place] = (1, 0, 0, 0, 1, 0)


@attrs.frozen
class Grey:
    """A page as the decoders take it: 8-bit grey, row by row, without padding.

    Attributes:
        pixels: one byte each; 0 is black.
        width: pixels of a row.
        height: rows.
        page: the page or frame of the picture, counted from 1.
        place: where a pixel lies on the page as displayed, for `at`.
        on_black: the same page seen on black, where `pixels` show something transparent on white.
        small: a small copy for people, in the colours that the picture has, where one was asked for.
        whole: decodes the page with all its pixels, where these are a reduced copy; what fails is as in `pages`.
    """

    pixels: bytes | memoryview = attrs.field(repr=False)
    width: int
    height: int
    page: int = 1
    place: Place = _HERE
    on_black: Grey | None = attrs.field(default=None, repr=False)
    small: PillowImage.Image | None = attrs.field(default=None, repr=False, eq=False)
    whole: Callable[[], Grey] | None = attrs.field(default=None, repr=False, eq=False)

    def at(self, x: float, y: float) -> tuple[float, float]:
        """The point of the page as displayed that lies at a point of `pixels`.

        In pixels of the picture file, also where it was decoded at half its size; on a page of a PDF in points of
        1/72 inch, from its upper left corner.
        """
        a, b, c, d, e, f = self.place
        return a * x + b * y + c, d * x + e * y + f


def check_pixels(width: int, height: int, limit: int = MAX_PIXELS) -> None:
    """Refuse a picture of more pixels than the limit.

    Raises:
        RejectedInputError: ``image-too-large``.
    """
    if width * height > limit:
        message = f"a picture of {width} by {height} has more than {limit} pixels"
        raise RejectedInputError("image-too-large", message, height=height, width=width)


def too_many_pages() -> RejectedInputError:
    """The error for a document of more than `MAX_PAGES`, of which the caller did not say which to read."""
    message = f"the document has more than {MAX_PAGES} pages, or frames too large to read them all: say which to read"
    return RejectedInputError("image-too-many-pages", message, limit=MAX_PAGES)


# Files.


def pages_of_file(
    data: bytes,
    kind: str,
    wanted: range | None,
    deadline: Deadline,
    *,
    small: bool = False,
    is_first_look: bool = False,
) -> Iterator[Grey]:
    """The pages of a file of a kind that Pillow reads, each decoded when it is asked for, and upright.

    Asked for small copies, too, it decodes a JPEG with its colours; the brightness is the same to the bit. For a first
    look a large JPEG is decoded to a reduced copy, straight from its frequencies.

    Raises:
        RejectedInputError: ``image-too-large``, ``image-too-many-pages``, ``image-timeout``, ``image-unreadable``,
            ``no-decoder``.
    """
    pillow = _pillow(kind)
    with _refusing(pillow):
        mode = "YCbCr" if small else "L"
        picture, scale = _opened(_Metered(data, deadline), kind, pillow, mode, is_first_look=is_first_look)
        if wanted is None and _has_page(picture, MAX_PAGES + 1, kind, decoding=False):
            raise too_many_pages()
    left = math.inf if kind == "TIFF" else MAX_ANIMATION_PIXELS
    before = (0, 0)
    for page in wanted or range(1, MAX_PAGES + 1):
        with _refusing(pillow):
            if not _has_page(picture, page, kind):
                return
            if kind == "TIFF" and wanted is None and _overviews.is_overview(cast("TiffImageFile", picture), before):
                continue
            deadline.check(page)
            before = picture.size
            left -= picture.width * picture.height
            if left < 0:
                raise too_many_pages()
            reduced = _overview(picture, kind, data, deadline) if is_first_look and not small else None
            if reduced is not None:
                scale = (picture.width / reduced.width, picture.height / reduced.height)
            found = _look(reduced or picture, pillow, page, scale, small=small)
        if is_first_look and scale != (1, 1):
            found = attrs.evolve(found, whole=partial(_whole, data, kind, page))
        yield found
        del found  # the caller may have let go of it already
    with _refusing(pillow):
        if wanted is None and _has_page(picture, MAX_PAGES + 1, kind):
            raise too_many_pages()


def _whole(data: bytes, kind: str, page: int) -> Grey:
    """The page that was decoded to a reduced copy; a step that was begun ends, whatever the time."""
    (found,) = pages_of_file(data, kind, range(page, page + 1), NEVER)
    return found


def _overview(picture: PillowImage.Image, kind: str, data: bytes, deadline: Deadline) -> PillowImage.Image | None:
    """A reduced copy that a TIFF has of the page at which it stands, and that lies as the page does."""
    if kind != "TIFF":
        return None
    tiff = cast("TiffImageFile", picture)
    try:
        found = _overviews.overview(tiff, data[:8], lambda header: type(tiff)(_Metered(data, deadline, header)))
        if found is None or {_orientation(one) or 1 for one in (picture, found)} != {1}:
            return None
        found.load()
    except RejectedInputError:
        raise
    except Exception:  # noqa: BLE001  # whatever is wrong with a copy, the page itself is there
        return None
    return found


class _Metered(BytesIO):
    """A file that is not read for ever; it may be said to begin with another header."""

    def __init__(self, data: bytes, deadline: Deadline, header: bytes = b"") -> None:
        super().__init__(data)
        self._header = header
        self._deadline = deadline
        self._reads = 0

    def read(self, size: int | None = -1, /) -> bytes:
        self._reads += 1
        if self._reads % _READS_PER_LOOK == 0:
            self._deadline.check()
            if self._reads > _MAX_READS:
                raise RejectedInputError("image-unreadable", "the picture file is in too many pieces")
        at = self.tell()
        found = super().read(size)
        return self._header[at : at + len(found)] + found[max(0, len(self._header) - at) :] if self._header else found


def _opened(
    file: BytesIO, kind: str, pillow: ModuleType, jpeg_mode: str, *, is_first_look: bool
) -> tuple[PillowImage.Image, tuple[float, float]]:
    """The picture, of which no pixel is decoded yet, and how much smaller than the file's it is: across and down."""
    if kind == "JPEG":
        return _opened_jpeg(file, pillow, jpeg_mode, is_first_look=is_first_look)
    # Not by Pillow's `open`, which loads what reads other kinds.
    picture: PillowImage.Image = pillow.OPEN[kind][0](file, "")
    check_pixels(*picture.size, pillow.MAX_IMAGE_PIXELS or MAX_PIXELS)
    has_frames = kind in {"GIF", "WEBP"} or (kind == "PNG" and getattr(picture, "n_frames", 1) > 1)
    check_pixels(*picture.size, MAX_FRAME_PIXELS if has_frames else MAX_PIXELS)
    return picture, (1, 1)


def _opened_jpeg(
    file: BytesIO, pillow: ModuleType, mode: str, *, is_first_look: bool
) -> tuple[PillowImage.Image, tuple[float, float]]:
    picture: PillowImage.Image = import_module(_PLUGINS["JPEG"]).JpegImageFile(file)
    width, height = picture.size
    # All coefficients of a progressive one are in memory at once, however small it is decoded.
    check_pixels(width, height, MAX_PIXELS if "progressive" in picture.info else MAX_JPEG_PIXELS)
    # Within a scan, every 0xFF is followed by a zero or a restart marker.
    if len(_SCAN.findall(file.getvalue())) > _MAX_SCANS:
        raise RejectedInputError("image-too-large", f"the picture has more than {_MAX_SCANS} scans")
    less = 2 if width * height > _WHOLE_PIXELS else 1
    less = max(less, _detail.first_scale(width, height)) if is_first_look else less
    picture.draft(mode, (width // less, height // less))  # libjpeg's brightness, without making colours first
    check_pixels(*picture.size, min(MAX_PIXELS, pillow.MAX_IMAGE_PIXELS or MAX_PIXELS))
    return picture, (width / max(1, picture.width), height / max(1, picture.height))


def _has_page(picture: PillowImage.Image, page: int, kind: str, *, decoding: bool = True) -> bool:
    """Whether there is such a page, counted from 1. The picture then stands there; if not decoding, at its start."""
    if page == 1 or kind not in _PAGED:
        return page == 1
    if not decoding and kind != "TIFF":
        # Known from the header, but for GIF, whose frames cannot be counted without going through them all.
        return kind != "GIF" and getattr(picture, "n_frames", 1) >= page
    try:
        picture.seek(page - 1)
    except EOFError:
        return False
    else:
        return True
    finally:
        if not decoding:
            picture.seek(0)


# Pixels.


def from_pillow(image: object, page: int = 1) -> Grey:
    """A Pillow image, or whatever has the same size, mode and bytes; as it stands, and turned upright."""
    pillow = _pillow()
    given = cast("PillowImage.Image", image)
    check_pixels(*given.size)
    with _refusing(pillow):
        if not isinstance(image, pillow.Image):
            given = pillow.frombytes(given.mode, given.size, given.tobytes())
        elif given.mode in {"L", "RGB"} and given.format is None and "transparency" in given.info:
            given = given.copy()  # made of another picture, whose transparent colour Pillow leaves behind: it means
            del given.info["transparency"]  # nothing in these pixels
        return _look(given, pillow, page, (1, 1))


def from_pixels(
    pixels: bytes | memoryview,
    mode: str,
    size: tuple[int, int],
    *,
    order: str = "",
    stride: int = 0,
    small: bool = False,
) -> Grey:
    """Rows of pixels in one of Pillow's modes; ``order`` names that of their bytes, ``stride`` is a row's bytes."""
    pillow = _pillow()
    with _refusing(pillow):
        picture = pillow.frombytes(mode, size, pixels, "raw", order or mode, stride, 1)
        return _look(picture, pillow, 1, (1, 1), small=small)


def _look(
    picture: PillowImage.Image, pillow: ModuleType, page: int, scale: tuple[float, float], *, small: bool = False
) -> Grey:
    """The page at which the picture stands."""
    check_pixels(*picture.size)
    picture.load()
    on_white = _on_ground(picture, pillow, page, scale, _WHITE)
    if small:
        on_white = attrs.evolve(on_white, small=_small(picture, pillow))
    if not _is_transparent(picture):
        return on_white
    on_black = _on_ground(picture, pillow, page, scale, _BLACK)
    if not _is_shaded(on_black):
        return on_white
    return (
        attrs.evolve(on_white, on_black=on_black)
        if _is_shaded(on_white)
        else attrs.evolve(on_black, small=on_white.small)
    )


def _on_ground(
    picture: PillowImage.Image, pillow: ModuleType, page: int, scale: tuple[float, float], ground: int
) -> Grey:
    """The page as it is seen on a ground."""
    upright, across, down = _upright(picture, pillow, *scale, ground=ground)
    return Grey(upright.tobytes(), *upright.size, page, (across, 0, 0, 0, down, 0))


def _is_shaded(page: Grey) -> bool:
    """Whether anything is to be seen."""
    return len(set(bytes(page.pixels))) > 1


def _is_transparent(picture: PillowImage.Image) -> bool:
    """Whether anything behind the picture can be seen."""
    if not picture.has_transparency_data or picture.mode.startswith(_DEEP_MODES):
        return False
    return any(cast("tuple[int, int]", alpha.getextrema())[0] < _OPAQUE for _, alpha, _ in _layers(picture))


@contextmanager
def _refusing(pillow: ModuleType) -> Iterator[None]:
    """Whatever fails within is the picture's fault.

    Pillow's plug-ins raise OSError, SyntaxError, ValueError, struct.error, MemoryError, EOFError and others, and their
    warnings are raised too where the caller's filter says so: every one of them is about the picture.
    """
    try:
        yield
    except RejectedInputError:
        raise
    except (pillow.DecompressionBombError, pillow.DecompressionBombWarning, MemoryError) as error:
        raise RejectedInputError("image-too-large", "the picture has too many pixels") from error
    except Exception as error:
        raise RejectedInputError("image-unreadable", "the picture is damaged or incomplete") from error


def _pillow(kind: str | None = None) -> ModuleType:
    """Pillow, with its plug-in for a kind of file."""
    if sys.flags.bytes_warning:  # `python -bb`: what Pillow compares is neither the picture's fault nor the host's
        warnings.filterwarnings("ignore", category=BytesWarning, module="PIL")
    try:
        if kind is not None:
            import_module(_PLUGINS[kind])
        return import_module("PIL.Image")
    except ImportError as error:
        raise RejectedInputError("no-decoder", f"Pillow is not installed: {SCAN_EXTRA}") from error


def _upright(
    picture: PillowImage.Image, pillow: ModuleType, across: float, down: float, *, ground: int
) -> tuple[PillowImage.Image, float, float]:
    """The picture in 8-bit grey, as it is displayed, and its scale across and down."""
    orientation = _orientation(picture)
    turned = _turned(_in_grey(picture, pillow, ground), orientation, pillow)
    return (turned, down, across) if orientation in _SIDEWAYS else (turned, across, down)


def _turned(image: PillowImage.Image, orientation: object, pillow: ModuleType) -> PillowImage.Image:
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
    return image.transpose(turns[orientation]) if orientation in turns else image


def _small(picture: PillowImage.Image, pillow: ModuleType) -> PillowImage.Image | None:
    """A small copy in the picture's colours, upright and on white; None where it has no colours."""
    if picture.mode not in _COLOURED:
        return None
    shrink = max(1, max(picture.size) // (2 * SMALL_SIDE))
    width, height = picture.size
    size = (max(1, width // shrink), max(1, height // shrink))
    less = picture.resize(size, pillow.Resampling.NEAREST) if picture.mode == "P" else picture.reduce(shrink)
    if picture.has_transparency_data:
        layered = less.convert("RGBA")
        less = pillow.new("RGB", layered.size, "white")
        less.paste(layered, mask=layered.getchannel("A"))
    less = _turned(less.convert("RGB"), _orientation(picture), pillow)
    less.thumbnail((SMALL_SIDE, SMALL_SIDE))
    return less


def _orientation(picture: PillowImage.Image) -> object:
    try:
        return picture.getexif().get(_EXIF_ORIENTATION)
    except Exception:  # noqa: BLE001  # damaged metadata raises anything, and must not hide a picture that can be read
        return None


def _in_grey(picture: PillowImage.Image, pillow: ModuleType, ground: int) -> PillowImage.Image:
    """The picture in 8-bit grey: transparency on a ground, deeper pixels stretched from their darkest to lightest."""
    mode = picture.mode
    if mode == "L" and not picture.has_transparency_data:
        return picture
    if mode == "LAB":
        return picture.getchannel("L")
    page: PillowImage.Image = pillow.new("L", picture.size, ground)
    if mode.startswith(_DEEP_MODES):
        _stretch(picture, page)
        return page
    if picture.has_transparency_data:
        for strip, alpha, top in _layers(picture):
            page.paste(strip, (0, top), mask=alpha)
    else:
        for strip, top in _strips(picture):
            page.paste(strip.convert("L"), (0, top))
    return page


def _layers(picture: PillowImage.Image) -> Iterator[tuple[PillowImage.Image, PillowImage.Image, int]]:
    """The picture in strips, each in grey and how opaque it is, and where it begins."""
    for strip, top in _strips(picture):
        layered = strip.convert("LA" if picture.mode in {"La", "LA"} else "RGBA")
        yield layered.convert("L"), layered.getchannel("A"), top


def _stretch(picture: PillowImage.Image, page: PillowImage.Image) -> None:
    """16-bit, 32-bit and floating-point pixels, whose white is not agreed on: 10, 12 or 16 bits are filled, or 1.0."""
    extrema = [cast("tuple[float, float]", _wide(strip).getextrema()) for strip, _ in _strips(picture)]
    low = min((low for low, _ in extrema if not math.isnan(low)), default=math.nan)
    high = max((high for _, high in extrema if not math.isnan(high)), default=math.nan)
    if not 0 < high - low < math.inf:  # one shade only, or no number at all
        return
    scale = 255 / (high - low)
    for strip, top in _strips(picture):
        page.paste(_wide(strip).point(lambda value: value * scale - low * scale).convert("L"), (0, top))


def _wide(strip: PillowImage.Image) -> PillowImage.Image:
    return strip.convert("I") if strip.mode.startswith("I;") else strip


def _strips(picture: PillowImage.Image) -> Iterator[tuple[PillowImage.Image, int]]:
    """The picture in strips of whole rows, and where each begins."""
    rows = max(1, _STRIP_PIXELS // max(1, picture.width))
    if rows >= picture.height:
        yield picture, 0
        return
    for top in range(0, picture.height, rows):
        yield picture.crop((0, top, picture.width, min(top + rows, picture.height))), top
