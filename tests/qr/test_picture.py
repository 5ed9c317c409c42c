"""`certcore.qr._picture`: what is handed in becomes pages, one at a time, upright, and where they lie stays known."""

from __future__ import annotations

import hashlib
import math
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from certcore import qr
from certcore.errors import RejectedInputError
from certcore.qr import _picture as picture
from certcore.qr._deadline import NEVER, Deadline
from certcore.qr._picture import MAX_PAGES, Grey
from tests.qr_files import SYMBOL_PIXELS, TEXT, jpeg_of, saved, symbol

NAMES = ("VIC1:FIRST", "VIC1:SECOND", "VIC1:THIRD")
ABOVE = Image.new("L", (400, 300), 255)


def seen(page: Grey) -> Image.Image:
    """The page as a picture."""
    return Image.frombytes("L", (page.width, page.height), bytes(page.pixels))


def texts(page: Grey) -> list[str]:
    """What the symbols on a page say."""
    return [found.text for found in qr.read(seen(page))]


def pages(image: Any, **options: Any) -> list[Grey]:  # noqa: ANN401  # whatever the test passes
    """All pages."""
    return list(picture.pages(image, **options))


def rejected(image: Any, **options: Any) -> RejectedInputError:  # noqa: ANN401  # as above
    """The error with which a picture is refused."""
    with pytest.raises(RejectedInputError) as caught:
        pages(image, **options)
    return caught.value


class Counted(BytesIO):
    """A file that counts how often it is read."""

    reads = 0

    def read(self, size: int | None = -1, /) -> bytes:
        """The bytes, counted."""
        self.reads += 1
        return super().read(size)


# Pages.


@pytest.mark.parametrize("kind", ["TIFF", "GIF", "WEBP", "PNG"])
def test_all_pages_in_order(kind: str) -> None:
    """Every page of a TIFF and every frame of an animation is given, in order, with its number."""
    data = saved(kind, *(symbol(name, mode="RGB") for name in NAMES))
    found = pages(data)
    assert [1, 2, 3] == [page.page for page in found]
    assert [[name] for name in NAMES] == [texts(page) for page in found]
    data = saved(kind, *(symbol(name, mode="RGB") for name in NAMES[:2]))
    assert [[name] for name in NAMES[:2]] == [texts(page) for page in pages(data)]


def test_pages_of_every_size_and_mode() -> None:
    """The pages of a TIFF may differ in size, mode and orientation."""
    exif = Image.Exif()
    exif[0x0112] = 6
    first, second = saved("TIFF", symbol(NAMES[0]), exif=exif), symbol(NAMES[1], mode="CMYK", side=300)
    data = saved("TIFF", Image.open(BytesIO(first)), second, symbol(NAMES[2], mode="1"))
    found = pages(data)
    assert [[name] for name in NAMES] == [texts(page) for page in found]
    assert [SYMBOL_PIXELS, 300, SYMBOL_PIXELS] == [page.width for page in found]


@pytest.mark.parametrize("kind", ["JPEG", "BMP", "MPO"])
def test_kinds_of_one_page(kind: str) -> None:
    """A JPEG is one page, also where a smaller or deeper copy of it stands behind the first."""
    images = [symbol()] * (2 if kind == "MPO" else 1)
    assert [1] == [page.page for page in pages(saved(kind, *images))]


def test_wanted_pages() -> None:
    """The caller says which pages to read; those that are not there are passed over, and none is no page."""
    data = saved("TIFF", *(symbol(name) for name in NAMES))
    for wanted, expected in {range(2, 3): [2], range(1, 9, 2): [1, 3], range(4, 5): []}.items():
        assert expected == [page.page for page in pages(qr.load(data, pages=wanted))]
    assert [] == pages(qr.load(symbol(), pages=range(2, 3)))
    assert [] == pages(qr.load(saved("JPEG", symbol()), pages=range(2, 3)))


@pytest.mark.parametrize("wanted", [range(0), range(3), range(3, 1, -1), range(-1, 2)])
def test_wanted_pages_that_are_none(wanted: range) -> None:
    """No page, pages counted from 0 and pages backwards are the caller's mistake."""
    with pytest.raises(ValueError, match="ascending"):
        qr.load(b"", pages=wanted)


@pytest.mark.parametrize("kind", ["TIFF", "GIF", "WEBP", "PNG"])
def test_too_many_pages(kind: str) -> None:
    """A document of more pages than are read at once is refused, and read where the caller says which pages."""
    frames = [Image.new("L", (9, 9), page % 5 * 60) for page in range(MAX_PAGES + 1)]
    error = rejected(saved(kind, *frames))
    assert ("image-too-many-pages", (("limit", MAX_PAGES),)) == (error.code, error.detail)
    assert MAX_PAGES == len(pages(saved(kind, *frames[:-1])))
    assert [101] == [page.page for page in pages(qr.load(saved(kind, *frames), pages=range(101, 102)))]


def test_pages_are_decoded_when_asked_for() -> None:
    """The pages before a damaged one are given, and then it is told: no page is left out in silence."""
    data = saved("TIFF", *(symbol(name) for name in NAMES), compression="raw")
    found = picture.pages(data[:-9000])
    assert [[NAMES[0]], [NAMES[1]]] == [texts(next(found)), texts(next(found))]
    with pytest.raises(RejectedInputError) as caught:
        next(found)
    assert "image-unreadable" == caught.value.code


def test_deadline_is_looked_at_before_each_page() -> None:
    """No page is begun after the deadline, and the error says which."""
    data = saved("TIFF", *(symbol(name) for name in NAMES))
    assert "image-timeout" == rejected(data, deadline=Deadline.after(0)).code
    assert "image-timeout" == rejected(symbol(), deadline=Deadline.after(0)).code
    assert 3 == len(pages(data, deadline=Deadline.after(3600)))
    assert 3 == len(pages(data, deadline=Deadline.after(None)))


def test_deadline_counts_down() -> None:
    """Time runs out and never below nothing; a deadline that never comes never does."""
    assert 0 == Deadline.after(0).left_s
    assert Deadline.after(0).is_over
    assert 0 < Deadline.after(3600).left_s <= 3600
    assert (math.inf, False) == (NEVER.left_s, NEVER.is_over)
    for seconds in (-1, math.nan):
        with pytest.raises(ValueError, match="seconds"):
            Deadline.after(seconds)


# Where a pixel lies.


def test_place_of_a_pixel() -> None:
    """A picture's own pixels lie where they are."""
    (page,) = pages(symbol())
    assert (3, 7) == page.at(3, 7)


@pytest.mark.slow
@pytest.mark.parametrize("orientation", [1, 6])
def test_huge_photograph(orientation: int) -> None:
    """A photograph of 108 million pixels is decoded at half its size; points are told in its own, as displayed."""
    photograph = Image.new("L", (12_000, 9_000), 255)
    photograph.paste(symbol().resize((1200, 1200)), (10_000, 600))
    exif = Image.Exif()
    exif[0x0112] = orientation
    (page,) = pages(saved("JPEG", photograph, exif=exif))
    (found,) = qr.read(seen(page))
    assert ((6_000, 4_500) if orientation == 1 else (4_500, 6_000)) == (page.width, page.height)
    assert TEXT == found.text
    left, top = (10_000, 600) if orientation == 1 else (9_000 - 600 - 1200, 10_000)
    for x, y in (page.at(*corner) for corner in found.corners):
        assert left < x < left + 1200
        assert top < y < top + 1200


def test_usual_photograph_keeps_its_pixels() -> None:
    """Twelve million pixels, and forty-eight, are decoded as they are: small symbols stay readable."""
    for size in ((4000, 3000), (8000, 6000)):
        (page,) = pages(saved("JPEG", Image.new("L", size, 255)))
        assert size == (page.width, page.height)


def test_limits_of_a_jpeg() -> None:
    """A JPEG may have four times the pixels of other kinds, and not one row more."""
    assert "image-too-large" == rejected(jpeg_of(20_000, 18_000)).code
    assert "image-unreadable" == rejected(jpeg_of(20_000, 17_000)[:300]).code


# What is fetched.


def test_digest_of_what_was_read(tmp_path: Path) -> None:
    """A picture's digest is that of its file's bytes, however they came; without a file there is none."""
    data = saved("PNG", symbol())
    path = tmp_path / "photo.png"
    path.write_bytes(data)
    expected = hashlib.sha256(data).digest()
    sources: list[Any] = [path, str(path), data, bytearray(data), BytesIO(data)]
    assert [expected] * 5 == [qr.load(source).digest for source in sources]
    assert qr.load(symbol()).digest is None
    assert qr.load(np.asarray(symbol())).digest is None


def test_file_is_read_once() -> None:
    """A loaded picture is read, and its digest told, without going to its file again."""
    file = Counted(saved("PNG", symbol()))
    loaded = qr.load(file)
    assert loaded.digest is not None
    assert [[TEXT], [TEXT]] == [[found.text for found in qr.read(loaded)] for _ in range(2)]
    assert 1 == file.reads


def test_loaded_picture_is_an_image() -> None:
    """What `load` gives can be loaded again, to say more about it."""
    loaded = qr.load(saved("TIFF", symbol(NAMES[0]), symbol(NAMES[1])))
    assert loaded is qr.load(loaded)
    second = qr.load(loaded, pages=range(2, 3))
    assert [[NAMES[1]]] == [texts(page) for page in pages(second)]
    assert range(2, 3) == qr.load(second, channels="BGR").wanted
    assert "VIC1" not in repr(qr.load(b"VIC1:"))


def test_damaged_picture_is_loaded() -> None:
    """Loading looks at nothing: evidence can be kept of a picture that cannot be read."""
    assert hashlib.sha256(b"garbage").digest() == qr.load(b"garbage").digest
    assert "image-format" == rejected(qr.load(b"garbage")).code


# Arrays.


def test_channels_said_explicitly() -> None:
    """Red on blue is seen whichever comes first, if the caller says so; alpha stands behind either."""
    red, blue = 200, 40
    for channels, order in (("RGB", (0, 1, 2)), ("BGR", (2, 1, 0))):
        for alpha in ((), (255,)):
            pixel = np.array([*np.array([red, 0, blue])[list(order)], *alpha], np.uint8)
            (page,) = pages(qr.load(np.tile(pixel, (4, 5, 1)), channels=channels))  # type: ignore[arg-type]  # of two words
            assert {(red * 19595 + blue * 7471 + 0x8000) >> 16} == set(bytes(page.pixels))


def test_channels_that_are_none() -> None:
    """Any other order is the caller's mistake."""
    with pytest.raises(ValueError, match="RGB or BGR"):
        qr.load(np.zeros((4, 4, 3), np.uint8), channels="GBR")  # type: ignore[arg-type]  # refusing it is the test


# Modes, in strips.


@pytest.mark.slow
@pytest.mark.parametrize("mode", ["1", "LA", "P", "RGB", "RGBA", "CMYK", "YCbCr", "I;16", "I", "F", "PA"])
def test_large_pictures_are_converted_in_strips(mode: str) -> None:
    """A picture of several strips is the same as one that is converted at once, in every mode."""
    page = Image.new("L", (3000, 3000), 230)
    page.paste(symbol(side=900), (1500, 1200))
    image = page.convert({"PA": "P"}.get(mode, mode)).convert(mode)
    (found,) = pages(image)
    assert [TEXT] == texts(found)
    top, bottom = (bytes(found.pixels)[row * 3000] for row in (0, 2999))
    assert top == bottom


def test_transparent_palette_in_strips() -> None:
    """Transparency is seen on white in every strip."""
    image = Image.new("P", (3000, 3000), 0)
    image.putpalette([0, 0, 0, 0, 0, 0])
    image.paste(1, (0, 2990, 10, 3000))
    (page,) = pages(saved("PNG", image, transparency=0))
    assert (255, 0) == (page.pixels[0], page.pixels[2995 * 3000])


def test_a_converted_picture_is_not_transparent() -> None:
    """Pillow leaves the transparent colour of a palette behind in what is converted from it, where it means nothing."""
    image = Image.new("P", (20, 10), 0)
    image.putpalette([0, 0, 0, 255, 255, 255])
    image.info["transparency"] = 0
    grey = image.convert("L")
    (page,) = pages(grey)

    assert "transparency" in grey.info
    assert {0} == set(page.pixels)
