"""The pages of a PDF as pixels: a program that `certcore.qr._sandbox` starts, with the file on standard input.

The only importer of pypdfium2, and of nothing else outside the standard library: it runs in its own process, so that it
starts fast and a bad file can crash nothing else. If a page is only one scan, the scan itself is given, which is faster
and keeps symbols that rendering loses; any other page is rendered. Each page is given once, with everything that is
visible on it.
"""

from __future__ import annotations

import ctypes
import math
import sys
import time
from collections.abc import Iterator
from typing import BinaryIO, Final

import pypdfium2
from pypdfium2 import raw

POINTS_PER_INCH: Final = 72

RENDERED_DPI: Final = 300
"""Dots per inch of a rendered page: a module of 0.17 mm is two pixels wide."""

FINEST_DPI: Final = 600
"""Dots per inch of a rendered page, where a picture that fills much of it has so many."""

LARGE_PART: Final = 0.25
"""The part of a page that such a picture takes up at least. A finely drawn logo makes no page worth more pixels."""

MAX_RENDERED_PIXELS: Final = 36_000_000
"""Pixels of a rendered page; larger paper than A3 is rendered more coarsely."""

MAX_SCAN_PIXELS: Final = 72_000_000
"""Pixels of a scan that is given as it is: A4 in grey at 850 dots per inch. A larger one is rendered."""

JPEG_PIXELS: Final = range(1_600_000, 50_000_001)
"""Pixels of a scan that is handed over as the JPEG that it is, if that is asked for: it is decoded to a reduced copy
first. A smaller one has none, and a larger one would lose pixels for good."""

_PLAIN_COLOURS: Final = frozenset(
    {
        raw.FPDF_COLORSPACE_DEVICEGRAY,
        raw.FPDF_COLORSPACE_DEVICERGB,
        raw.FPDF_COLORSPACE_CALGRAY,
        raw.FPDF_COLORSPACE_CALRGB,
        raw.FPDF_COLORSPACE_ICCBASED,
    }
)
"""Colours in which a JPEG's own brightness is that of the image."""

_FRAMES: Final = frozenset({0xC0, 0xC1, 0xC2})
_SCAN: Final = 0xDA
_EXIF: Final = 0xE1
"""Markers of a JPEG (ITU-T T.81, table B.1): its sizes, its pixels, and which way up it is, which no PDF looks at."""

_SUBPIXELS: Final = 64
"""What a point is divided into where PDFium counts in whole numbers."""

_ORDERS: Final = {
    raw.FPDFBitmap_Gray: "L L",
    raw.FPDFBitmap_BGR: "RGB BGR",
    raw.FPDFBitmap_BGRx: "RGB BGRX",
    raw.FPDFBitmap_BGRA: "RGBA BGRA",
}
"""Pillow's mode, and its name for the order of the bytes."""


def main(arguments: list[str], file: BinaryIO, answers: BinaryIO) -> None:
    """Answer for the file on standard input.

    ``arguments`` are start, stop and step of the wanted pages, how many the document may have, the seconds of computing
    that a page may take, 0 for any number, and whether a scan that is a JPEG is handed over as that: 1 or 0.
    """
    start, stop, step, most, seconds, may_be_jpeg = map(int, arguments)
    try:
        for answer in _answers(file.read(), range(start, stop, step), most, seconds, may_be_jpeg=bool(may_be_jpeg)):
            answers.write(answer)
            answers.flush()
    except pypdfium2.PdfiumError as error:
        answers.write(b"refuse pdf-password\n" if _asks_for_password(error) else b"refuse image-unreadable\n")
    answers.flush()


def _asks_for_password(error: pypdfium2.PdfiumError) -> bool:
    return error.err_code in {raw.FPDF_ERR_PASSWORD, raw.FPDF_ERR_SECURITY}


def _answers(data: bytes, wanted: range, most: int, seconds: int, *, may_be_jpeg: bool) -> Iterator[bytes | memoryview]:
    _limit(seconds)
    document = pypdfium2.PdfDocument(data)
    document.init_forms()  # what was filled into a form is drawn with it
    # A stream's own entries are never compressed, so that they can be looked for in the file.
    may_mask = b"/SMask" in data or b"/Mask" in data
    count = len(document)
    if most and count > most:
        yield b"refuse image-too-many-pages\n"
        return
    for number in wanted:
        if number > count:
            break
        _limit(seconds)
        page = document[number - 1]
        images = _images(page)
        scan = None if may_mask else _only(page, images)
        if may_be_jpeg and scan and (jpeg := _jpeg(scan)):
            size = scan.get_px_size()
            yield _announced("jpeg", number, *size, len(jpeg), *_place(page, scan, *size))
            yield jpeg
            page.close()
            continue
        bitmap, place = _as_scanned(page, scan) if scan else _rendered(page, images)
        if bitmap.format not in _ORDERS:
            bitmap, place = _rendered(page, images)
        yield _announced(f"page {_ORDERS[bitmap.format]}", number, bitmap.width, bitmap.height, bitmap.stride, *place)
        yield memoryview(bitmap.buffer).cast("B")[: bitmap.stride * bitmap.height]
        bitmap.close()
        page.close()
    yield b"end\n"


def _announced(kind: str, *numbers: float) -> bytes:
    return f"{kind} {' '.join(map(str, numbers))}\n".encode("ascii")


def _limit(seconds: int) -> None:
    """Let the system end this process if it computes for longer: PDFium cannot be interrupted."""
    if sys.platform != "linux" or not seconds:
        return
    import resource  # noqa: PLC0415  # not on every system

    _, hard = resource.getrlimit(resource.RLIMIT_CPU)
    soft = math.ceil(time.process_time()) + seconds
    resource.setrlimit(resource.RLIMIT_CPU, (soft if hard == resource.RLIM_INFINITY else min(soft, hard), hard))


Look = tuple[pypdfium2.PdfBitmap, tuple[float, ...]]


def _rendered(page: pypdfium2.PdfPage, images: list[pypdfium2.PdfImage]) -> Look:
    """The page as it is displayed, on white."""
    width, height = page.get_size()
    dpi = max([RENDERED_DPI, *(_dpi(page, image) for image in images)])
    scale = min(dpi, FINEST_DPI) / POINTS_PER_INCH
    scale = min(scale, (MAX_RENDERED_PIXELS / max(1.0, width * height)) ** 0.5)
    bitmap = page.render(scale=scale, grayscale=True)
    return bitmap, (width / bitmap.width, 0, 0, 0, height / bitmap.height, 0)


def _dpi(page: pypdfium2.PdfPage, image: pypdfium2.PdfImage) -> float:
    """How fine a picture is that takes up much of the page; 0 for any other."""
    a, b, c, d, _, _ = image.get_matrix().get()
    covered = abs(a * d - b * c)
    width, height = page.get_size()
    if covered < max(1.0, LARGE_PART * width * height):
        return 0
    across, down = image.get_px_size()
    return float(POINTS_PER_INCH * (across * down / covered) ** 0.5)


def _as_scanned(page: pypdfium2.PdfPage, image: pypdfium2.PdfImage) -> Look:
    bitmap = image.get_bitmap()
    return bitmap, _place(page, image, bitmap.width, bitmap.height)


def _jpeg(image: pypdfium2.PdfImage) -> bytes | None:
    """The image's own JPEG, if it is nothing else, without what would turn it."""
    width, height = image.get_px_size()
    facts = image.get_metadata()
    if width * height not in JPEG_PIXELS or image.get_filters() != ["DCTDecode"]:
        return None
    if facts.colorspace not in _PLAIN_COLOURS or facts.bits_per_pixel not in {8, 24}:
        return None
    return _upright(bytes(image.get_data(decode_simple=False)), width, height)


def _upright(jpeg: bytes, width: int, height: int) -> bytes | None:
    """A JPEG without EXIF, whose header has this size and one colour or three; None for any other."""
    kept, at, is_known = [jpeg[:2]], 2, False
    while at + 4 <= len(jpeg) and jpeg[at] == 0xFF:  # noqa: PLR2004  # what every marker begins with
        marker, end = jpeg[at + 1], at + 2 + int.from_bytes(jpeg[at + 2 : at + 4], "big")
        if marker == _SCAN:
            return b"".join([*kept, jpeg[at:]]) if is_known else None
        if marker in _FRAMES:
            sizes = [int.from_bytes(jpeg[place : place + 2], "big") for place in (at + 5, at + 7)]
            is_known = sizes == [height, width] and jpeg[at + 9 : at + 10] in {b"\x01", b"\x03"}
        if marker != _EXIF:
            kept.append(jpeg[at:end])
        at = end
    return None


def _images(page: pypdfium2.PdfPage) -> list[pypdfium2.PdfImage]:
    """The images on a page, those in its forms left out."""
    return [item for item in page.get_objects(max_depth=1) if isinstance(item, pypdfium2.PdfImage)]


def _only(page: pypdfium2.PdfPage, images: list[pypdfium2.PdfImage]) -> pypdfium2.PdfImage | None:
    """The image that is all there is to be seen on the page, text that was recognised behind it apart."""
    if len(images) != 1 or raw.FPDFPage_GetAnnotCount(page):
        return None
    others = (item for item in page.get_objects(max_depth=1) if not isinstance(item, pypdfium2.PdfImage))
    return images[0] if _is_plain(images[0]) and all(_is_invisible_text(item) for item in others) else None


def _is_invisible_text(item: pypdfium2.PdfObject) -> bool:
    if item.type != raw.FPDF_PAGEOBJ_TEXT:
        return False
    return bool(raw.FPDFTextObj_GetTextRenderMode(item) == raw.FPDF_TEXTRENDERMODE_INVISIBLE)


def _is_plain(image: pypdfium2.PdfImage) -> bool:
    """Whether the image is seen whole and as it is: not a stencil, not transparent, not cut, not off the page."""
    width, height = image.get_px_size()
    if not 0 < width * height <= MAX_SCAN_PIXELS or raw.FPDFPageObj_HasTransparency(image):
        return False
    if raw.FPDFClipPath_CountPaths(raw.FPDFPageObj_GetClipPath(image)) > 0 or raw.FPDFPageObj_CountMarks(image) > 0:
        return False  # a mark may put it on a layer that is switched off
    if image.get_metadata().colorspace == raw.FPDF_COLORSPACE_UNKNOWN:  # a stencil has none
        return False
    page_width, page_height = image.page.get_size()
    corners = _corners(image.page, image)
    return all(-1 <= x <= page_width + 1 and -1 <= y <= page_height + 1 for x, y in corners)


def _place(page: pypdfium2.PdfPage, image: pypdfium2.PdfImage, width: int, height: int) -> tuple[float, ...]:
    """Where the image's pixels lie on the page as displayed."""
    (left, top), (right_x, right_y), (down_x, down_y) = _corners(page, image)[:3]
    return (
        (right_x - left) / width,
        (down_x - left) / height,
        left,
        (right_y - top) / width,
        (down_y - top) / height,
        top,
    )


def _corners(page: pypdfium2.PdfPage, image: pypdfium2.PdfImage) -> list[tuple[float, float]]:
    """The image's upper left, upper right, lower left and lower right corner on the page as displayed, in points."""
    a, b, c, d, e, f = image.get_matrix().get()
    corners = []
    for x, y in ((0, 1), (1, 1), (0, 0), (1, 0)):
        across, down = ctypes.c_int(), ctypes.c_int()
        size = [round(side * _SUBPIXELS) for side in page.get_size()]
        raw.FPDF_PageToDevice(page, 0, 0, *size, 0, a * x + c * y + e, b * x + d * y + f, across, down)
        corners.append((across.value / _SUBPIXELS, down.value / _SUBPIXELS))
    return corners


if __name__ == "__main__":
    main(sys.argv[1:], sys.stdin.buffer, sys.stdout.buffer)
