"""Every kind of large picture is looked at in a reduced copy first, where its file has or gives one."""

from __future__ import annotations

import struct
from io import BytesIO
from typing import TYPE_CHECKING

import numpy as np
import pytest
from PIL import Image

from certcore import qr
from certcore.qr import Effort
from certcore.qr._picture import pages
from tests.qr_files import heic, pdf_of, saved, stream

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

PAGE = (2000, 1500)
LARGE, SMALL = ("VIC1:" + name * 190 for name in "LS")


def drawn(text: str, *, module: float) -> Image.Image:
    """A symbol of so many pixels a module."""
    symbol = Image.open(BytesIO(qr.to_png(text, scale=8))).convert("L")
    side = round(symbol.width / 8 * module)
    return symbol.resize((side, side), Image.Resampling.LANCZOS)


def photograph(*symbols: tuple[str, float, tuple[int, int]]) -> Image.Image:
    """Three megapixels in grey, with symbols of so many pixels a module at their places."""
    shades = np.random.default_rng(3).integers(90, 210, (6, 8)).astype(np.uint8)
    page = Image.fromarray(shades).resize(PAGE, Image.Resampling.BICUBIC)
    for text, module, place in symbols:
        page.paste(drawn(text, module=module), place)
    return page


def tiff(copies: Sequence[Image.Image], *, below: bool, order: str = "<") -> bytes:
    """A grey TIFF whose reduced copies hang below its page, or stand behind it."""
    out = bytearray((b"II" if order == "<" else b"MM") + struct.pack(order + "HI", 42, 0))
    directories: list[int] = []
    for number, picture in reversed(list(enumerate(copies))):
        width, height, start = picture.width, picture.height, len(out)
        out += picture.tobytes()
        tags = {254: int(number > 0), 256: width, 257: height, 258: 8, 259: 1, 262: 1}
        tags |= {273: start, 277: 1, 278: height, 279: width * height}
        if below and number == 0:
            tags[330] = len(out) if len(directories) > 1 else directories[0]
            out += struct.pack(f"{order}{len(directories)}I", *directories)
        directory = len(out)
        out += struct.pack(order + "H", len(tags))
        for tag, value in tags.items():
            count = len(directories) if tag == 330 else 1
            out += struct.pack(order + "HHII", tag, 4, count, value)
        out += struct.pack(order + "I", 0 if below or not directories else directories[0])
        directories.insert(0, directory)
    struct.pack_into(order + "I", out, 4, directories[0])
    return bytes(out)


def pyramid(picture: Image.Image, **options: object) -> bytes:
    """A TIFF with copies of a half, a quarter and an eighth."""
    return tiff([picture, *(picture.reduce(scale) for scale in (2, 4, 8))], **options)  # type: ignore[arg-type]  # passed on


def scanned(picture: Image.Image, *, exif: bytes = b"", cut: int = 0, colours: bytes = b"/DeviceGray") -> bytes:
    """A PDF whose page is one JPEG."""
    jpeg = saved("JPEG", picture, quality=90, exif=exif) if exif else saved("JPEG", picture, quality=90)
    size = b"/Width %d/Height %d" % picture.size
    entries = b"/Type/XObject/Subtype/Image%s/ColorSpace%s/BitsPerComponent 8/Filter/DCTDecode" % (size, colours)
    box = b"/MediaBox[0 0 500 375]"
    return pdf_of(b"q 500 0 0 375 0 0 cm /X5 Do Q", stream(jpeg[: len(jpeg) - cut], entries), page=box)


KINDS: dict[str, Callable[[Image.Image], object]] = {
    "JPEG": lambda picture: saved("JPEG", picture, quality=90),
    "PNG": lambda picture: saved("PNG", picture, compress_level=1),
    "WebP": lambda picture: saved("WEBP", picture, quality=90),
    "TIFF": lambda picture: saved("TIFF", picture),
    "TIFF, copies behind": lambda picture: pyramid(picture, below=False),
    "TIFF, copies below": lambda picture: pyramid(picture, below=True),
    "TIFF, other byte order": lambda picture: pyramid(picture, below=True, order=">"),
    "PDF": scanned,
    "HEIC": heic,
    "array": np.asarray,
}
EXTRAS = {"PDF": "pypdfium2", "HEIC": "pillow_heif"}


def handed_over(kind: str, picture: Image.Image) -> object:
    """The picture as that kind."""
    if kind in EXTRAS:
        pytest.importorskip(EXTRAS[kind])
    return KINDS[kind](picture)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("module", [1.7, 3.1])
def test_a_smaller_certificate_beside_a_large_one_is_found(kind: str, module: float) -> None:
    """In every kind, each once and in its place: corners are pixels of the page, or points of a PDF's."""
    picture = photograph((LARGE, 8, (100, 200)), (SMALL, module, (1500, 1100)))
    found = {symbol.text: symbol for symbol in qr.read(handed_over(kind, picture))}  # type: ignore[arg-type]  # any image
    assert {LARGE, SMALL} == set(found)
    unit = 0.25 if kind == "PDF" else 1
    for text, size, (left, top) in ((LARGE, 8, (100, 200)), (SMALL, module, (1500, 1100))):
        quiet = 4 * size
        xs, ys = zip(*found[text].corners, strict=True)
        assert ((left + quiet) * unit, (top + quiet) * unit) == pytest.approx((min(xs), min(ys)), abs=10 * unit)


@pytest.mark.parametrize("kind", KINDS)
def test_every_effort_and_process_sees_the_same(kind: str) -> None:
    """Fast, normal and thorough, here and in a process that can be killed."""
    image = handed_over(kind, photograph((LARGE, 6, (100, 200))))
    looks = [(effort, False) for effort in Effort] + [(Effort.NORMAL, True)]
    for effort, isolate in looks:
        (symbol,) = qr.read(image, effort=effort, isolate=isolate)  # type: ignore[arg-type]  # any image
        assert (LARGE, 1) == (symbol.text, symbol.page)


@pytest.mark.parametrize("kind", ["JPEG", "TIFF, copies behind", "TIFF, copies below", "PDF"])
def test_the_reduced_copy_comes_first(kind: str) -> None:
    """It has a quarter of the pixels, and gives all of them when they are asked for."""
    (first,) = pages(handed_over(kind, photograph((LARGE, 6, (100, 200)))), is_first_look=True)  # type: ignore[arg-type]  # as above
    assert (PAGE[0] // 2, PAGE[1] // 2) == (first.width, first.height)
    assert first.whole is not None
    whole = first.whole()
    assert PAGE == (whole.width, whole.height)


def test_every_page_of_a_tiff() -> None:
    """Pages are numbered as they stand; a reduced copy is no page, and one of another shape is."""
    first, second = photograph(("VIC1:FIRST", 8, (100, 200))), photograph(("VIC1:SECOND", 8, (100, 200)))
    several = saved("TIFF", first, second, first.resize((300, 200)))
    assert [("VIC1:FIRST", 1), ("VIC1:SECOND", 2)] == [(one.text, one.page) for one in qr.read(several)][:2]
    other = second.crop((0, 0, 900, 1200))
    found = qr.read(tiff([first, first.reduce(2), other], below=False))
    assert [("VIC1:FIRST", 1), ("VIC1:SECOND", 3)] == [(one.text, one.page) for one in found]


@pytest.mark.parametrize("offset", [0, 3, 2**32 - 1])
def test_a_broken_copy_costs_nothing(offset: int) -> None:
    """The page itself is there."""
    data = bytearray(tiff([photograph((LARGE, 6, (100, 200))), Image.new("L", (1000, 750))], below=True))
    tag = data.rindex(struct.pack("<HHI", 330, 4, 1))
    struct.pack_into("<I", data, tag + 8, offset)
    for effort in (Effort.NORMAL, Effort.THOROUGH):
        assert [LARGE] == [symbol.text for symbol in qr.read(bytes(data), effort=effort)]


class TestScans:
    """A page of a PDF that is one JPEG."""

    pytestmark = pytest.mark.skipif("not __import__('importlib').util.find_spec('pypdfium2')", reason="certcore[pdf]")

    @pytest.mark.parametrize("isolate", [False, True])
    def test_which_way_up_it_is_says_the_page(self, *, isolate: bool) -> None:
        """A PDF does not look at the JPEG's own orientation."""
        turned = Image.Exif()
        turned[0x0112] = 6
        picture = photograph(("VIC1:UP", 8, (1500, 100)))
        (symbol,) = qr.read(scanned(picture, exif=turned.tobytes()), isolate=isolate)
        assert min(x for x, _ in symbol.corners) == pytest.approx(1532 / 4, abs=5)
        assert min(y for _, y in symbol.corners) == pytest.approx(132 / 4, abs=5)

    @pytest.mark.parametrize("isolate", [False, True])
    def test_a_damaged_one_is_shown_as_far_as_it_goes(self, *, isolate: bool) -> None:
        """Pillow refuses it, and PDFium shows what is there, as before."""
        data = scanned(photograph(("VIC1:CUT", 8, (100, 100))), cut=2000)
        assert ["VIC1:CUT"] == [symbol.text for symbol in qr.read(data, isolate=isolate)]

    def test_one_that_says_another_size_is_rendered(self) -> None:
        """Its place would not be known."""
        data = scanned(photograph(("VIC1:SIZE", 8, (100, 100)))).replace(b"/Width 2000", b"/Width 1999")
        (first,) = pages(data, is_first_look=True)
        assert first.whole is None

    def test_other_colours_are_left_to_pdfium(self) -> None:
        """Where the JPEG's brightness is not the image's."""
        picture = photograph(("VIC1:INK", 8, (100, 100))).convert("CMYK")
        (first,) = pages(scanned(picture, colours=b"/DeviceCMYK"), is_first_look=True)
        assert first.whole is None
