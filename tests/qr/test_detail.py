"""Large pictures are looked at in a reduced copy first: nothing that all their pixels show is lost by that."""

from __future__ import annotations

import json
from io import BytesIO
from typing import TYPE_CHECKING

import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageFont

from certcore import qr
from certcore.errors import RejectedInputError
from certcore.qr import Effort, _detail
from certcore.qr._deadline import NEVER
from certcore.qr._decoders import decode_with_zxing
from certcore.qr._picture import Grey, pages

if TYPE_CHECKING:
    from pathlib import Path

PAGE = (4000, 3000)
LARGE, SMALL = ("VIC1:" + name * 190 for name in "LS")


def drawn(text: str, *, module: float) -> Image.Image:
    """A symbol of so many pixels a module."""
    symbol = Image.open(BytesIO(qr.to_png(text, scale=8))).convert("L")
    side = round(symbol.width / 8 * module)
    return symbol.resize((side, side), Image.Resampling.LANCZOS)


def photograph(*symbols: tuple[Image.Image, tuple[int, int]], ground: str = "plain") -> Image.Image:
    """Twelve megapixels with symbols at their places, on a ground."""
    rng = np.random.default_rng(3)
    shades = rng.integers(90, 210, (6, 8)).astype(np.uint8)
    page = Image.fromarray(shades).resize(PAGE, Image.Resampling.BICUBIC)
    if ground == "writing":
        draw = ImageDraw.Draw(page)
        for line in range(100, PAGE[1], 110):
            draw.text((100, line), "the quick brown fox jumps over the lazy dog " * 4, 20, ImageFont.load_default(44))
    if ground == "texture":
        page = Image.fromarray(rng.integers(60, 220, PAGE[::-1]).astype(np.uint8))
    for symbol, place in symbols:
        page.paste(symbol, place)
    return page


def jpeg(picture: Image.Image, **options: object) -> bytes:
    """A photograph's file."""
    file = BytesIO()
    picture.convert("RGB").save(file, "JPEG", quality=90, **options)
    return file.getvalue()


@pytest.mark.parametrize("module", [1.7, 2.2, 3.1, 4.5])
@pytest.mark.parametrize("ground", ["plain", "writing"])
def test_a_smaller_certificate_beside_a_large_one_is_found(module: float, ground: str) -> None:
    """However small the second is, as long as all pixels show it: in a file, and in an array."""
    large, small = (drawn(LARGE, module=14), (300, 400)), (drawn(SMALL, module=module), (3000, 2200))
    page = photograph(large, small, ground=ground)

    for image in (jpeg(page), np.asarray(page)):
        assert {LARGE, SMALL} == {symbol.text for symbol in qr.read(image)}


@pytest.mark.parametrize("shades", [(0, 60), (90, 125), (200, 245)])
def test_a_pale_or_dark_one_beside_a_large_one_is_found(shades: tuple[int, int]) -> None:
    """Some forty shades of difference are enough."""
    low, high = shades
    small = drawn(SMALL, module=2).point(lambda value: low + value * (high - low) // 255)
    page = photograph((drawn(LARGE, module=14), (300, 400)), (small, (3000, 2200)))

    assert {LARGE, SMALL} == {symbol.text for symbol in qr.read(jpeg(page))}


@pytest.mark.parametrize("shades", [(60, 220), (110, 150)])
def test_a_textured_ground_hides_none(shades: tuple[int, int]) -> None:
    """Cloth and gravel everywhere are no noise that a symbol would have to be stronger than."""
    page = photograph(ground="texture").point(lambda value: shades[0] + (value - 60) * (shades[1] - shades[0]) // 160)
    page.paste(drawn(LARGE, module=14), (300, 400))
    page.paste(drawn(SMALL, module=2.2), (3000, 2200))

    assert {LARGE, SMALL} == {symbol.text for symbol in qr.read(jpeg(page))}


@pytest.mark.parametrize("size", [PAGE, (1632, 1224)])
@pytest.mark.parametrize(("contrast", "noise"), [(16, 0), (24, 3), (32, 6)])
def test_a_faint_one_beside_a_large_one_is_found(size: tuple[int, int], contrast: int, noise: int) -> None:
    """Whatever all pixels show a decoder: as faint, as small and in as much noise as it can read."""
    rng = np.random.default_rng(7)
    page = photograph((drawn(LARGE, module=14), (300, 400))).resize(size)
    modules, places = (1.7, 2.2, 3.1, 4.5), ((2200, 300), (2200, 1200), (3000, 300), (3000, 1200))
    for module, (x, y) in zip(modules, places, strict=True):
        faint = drawn("VIC1:" + str(module) * 60, module=module)
        place = (x * size[0] // PAGE[0], y * size[1] // PAGE[1])
        ground = int(np.asarray(page)[place[1], place[0]])
        page.paste(faint.point(lambda value: ground - contrast + value * contrast // 255), place)  # noqa: B023  # called at once
    noisy = np.clip(np.asarray(page) + rng.normal(0, noise, size[::-1]), 0, 255).astype(np.uint8)
    for image in (noisy, jpeg(Image.fromarray(noisy))):
        (whole,) = pages(image)
        shown = {symbol.text for symbol in decode_with_zxing(whole).symbols}
        assert shown <= {symbol.text for symbol in qr.read(image)}


def test_no_texture_is_none() -> None:
    """Light, noise and a symbol that was read hide nothing, bright as its paper may be: one look is enough."""
    page = photograph((drawn(LARGE, module=14), (300, 400)))
    noise = np.random.default_rng(1).normal(0, 4, PAGE[::-1])
    noisy, bright = (
        Image.fromarray(np.clip(np.asarray(picture) + noise, 0, 255).astype(np.uint8))
        for picture in (page, photograph())
    )
    bright.paste(drawn(LARGE, module=26), (300, 100))
    for picture in (page, noisy, bright):
        copy = picture.reduce(4)
        (symbol,) = decode_with_zxing(Grey(copy.tobytes(), *copy.size)).symbols
        texture = _detail.Texture.of(copy)
        assert texture.part([symbol.corners]) is None
        assert texture.part([]) is not None


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("size", [PAGE, (2003, 1501)])
def test_corners_are_full_size_pixels(orientation: int, size: tuple[int, int]) -> None:
    """Where the reduced copy was enough, corners are those of the picture as displayed, give or take its pixels."""
    page = photograph((drawn("VIC1:CORNERS", module=40), (600, 700))).resize(size)
    exif = Image.Exif()
    exif[0x0112] = orientation
    (symbol,) = qr.read(jpeg(page, exif=exif))
    (whole,) = qr.read(jpeg(page, exif=exif), effort=Effort.THOROUGH)

    assert whole.text == symbol.text == "VIC1:CORNERS"
    for corner, expected in zip(symbol.corners, whole.corners, strict=True):
        assert expected == pytest.approx(corner, abs=12)


def test_a_large_jpeg_is_decoded_to_a_reduced_copy() -> None:
    """For a first look; all of it is there when it is asked for, and without asking for a look."""
    data = jpeg(photograph((drawn(LARGE, module=14), (300, 400))))
    (first,) = pages(data, is_first_look=True)
    (page,) = pages(data)

    assert (1000, 750) == (first.width, first.height)
    assert PAGE == (page.width, page.height)
    assert page.whole is None
    assert first.whole is not None
    assert page == first.whole()
    assert (4000, 3000) == first.at(1000, 750)


@pytest.mark.parametrize(
    ("width", "height", "scale"), [(400, 300, 1), (1600, 900, 1), (1600, 1200, 2), (4000, 3000, 4), (20000, 9000, 4)]
)
def test_which_copy_is_looked_at_first(width: int, height: int, scale: int) -> None:
    """One that keeps enough pixels for most symbols."""
    assert scale == _detail.first_scale(width, height)


def test_a_file_that_ends_early_is_refused() -> None:
    """As before: a reduced copy of half a file is no picture either."""
    data = jpeg(photograph((drawn(LARGE, module=14), (300, 400))))
    with pytest.raises(RejectedInputError) as caught:
        qr.read(data[: len(data) // 2])
    assert "image-unreadable" == caught.value.code


@pytest.mark.vectors
def test_nothing_is_lost_in_outside_pictures_enlarged(vectors: Path) -> None:
    """What zxing-cpp reads in all 12 megapixels is read; `tools/compare_looks.py` looks at every picture."""
    folder = vectors / "qr-images" / "zxing-cpp"
    for entry in json.loads((folder / "manifest.json").read_text("utf-8"))[3::23]:
        (page,) = list(pages(folder / entry["file"], deadline=NEVER))[:1]
        picture = Image.frombytes("L", (page.width, page.height), bytes(page.pixels)).resize(PAGE)
        whole = decode_with_zxing(Grey(picture.tobytes(), *PAGE)).symbols
        found = {symbol.data for symbol in qr.read(jpeg(picture))}
        assert {symbol.data for symbol in whole} <= found, entry["file"]
