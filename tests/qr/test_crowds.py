"""Pages full of finder patterns: none costs more than it is worth, and no symbol on an honest page is lost."""

from __future__ import annotations

import io
import time
from typing import TYPE_CHECKING

import numpy as np
import pytest
from PIL import Image

from certcore import qr
from certcore.qr import Effort, _crowds
from certcore.qr._raster import Grey

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy.typing as npt

    Shades = npt.NDArray[np.uint8]

MOST_CPU_S = 3
"""Seconds of computing for any one picture below thorough effort."""


def tiled(side: int, *, module: int = 2, gap: int = 1) -> Shades:
    """Finder patterns, one beside the other."""
    pattern = np.ones((7 + gap, 7 + gap), np.uint8)
    pattern[:7, :7] = 0
    pattern[1:6, 1:6] = 1
    pattern[2:5, 2:5] = 0
    large = np.kron(pattern, np.full((module, module), 255, np.uint8))
    count = -(-side // len(large))
    return np.tile(large, (count, count))[:side, :side]


def grey(shades: Shades) -> Grey:
    """A page of these pixels."""
    return Grey(np.ascontiguousarray(shades).tobytes(), shades.shape[1], shades.shape[0])


def turned(shades: Shades, degrees: int) -> Shades:
    """The same page, turned."""
    return np.asarray(Image.fromarray(shades).rotate(degrees, resample=Image.Resampling.BILINEAR, fillcolor=255))


def noise(side: int) -> Shades:
    """Pixels of any shade."""
    return np.random.default_rng(1).integers(0, 256, (side, side), np.uint8)


def noisy(shades: Shades) -> Shades:
    """The same page with noise."""
    moved = shades.astype(np.float64) + np.random.default_rng(1).normal(0, 40, shades.shape)
    return np.clip(moved, 0, 255).astype(np.uint8)


def file(*frames: Shades, kind: str = "PNG", bits: int = 8) -> bytes:
    """A picture file of these frames."""
    pictures = [Image.fromarray(frame).convert("1" if bits == 1 else "L") for frame in frames]
    written = io.BytesIO()
    more = {"save_all": True, "append_images": pictures[1:]} if len(pictures) > 1 else {}
    pictures[0].save(written, kind, **more)
    return written.getvalue()


@pytest.mark.parametrize("module", [1, 2, 3, 5])
@pytest.mark.parametrize("change", ["none", "inverted", "low contrast", "noisy"])
def test_patterns_are_counted(module: int, change: str) -> None:
    """The count is about right, whatever the size and the shades."""
    shades = tiled(1600, module=module)
    true = (1600 / (8 * module)) ** 2
    changed = {
        "none": shades,
        "inverted": 255 - shades,
        "low contrast": (shades // 8 + 100).astype(np.uint8),
        "noisy": noisy(shades) if module > 1 else shades,
    }[change]
    assert 0.4 * true <= _crowds.patterns(grey(changed)) <= 1.5 * true


@pytest.mark.parametrize("degrees", [10, 30, 45, 77])
def test_turned_patterns_are_crowded(degrees: int) -> None:
    """Turned ones, which fewer rows cross, are still too many."""
    assert _crowds.is_crowded(grey(turned(tiled(3000), degrees)))


@pytest.mark.parametrize(
    "shades",
    [
        pytest.param(np.full((2000, 2000), 255, np.uint8), id="blank"),
        pytest.param(noise(2000), id="noise"),
        pytest.param(np.kron(noise(1000), np.ones((2, 2), np.uint8)), id="coarse noise"),
        pytest.param(np.kron(noise(400) // 128 * 255, np.full((5, 5), 1, np.uint8)), id="modules"),
        pytest.param(tiled(700), id="small"),
    ],
)
def test_what_is_no_crowd_is_none(shades: Shades) -> None:
    """Noise, the inside of symbols and small pictures are looked at as they are."""
    assert not _crowds.is_crowded(grey(shades))


@pytest.mark.parametrize("seed", range(8))
def test_no_noise_is_a_crowd(seed: int) -> None:
    """However it falls, and whichever rows are looked at."""
    assert not _crowds.is_crowded(grey(np.random.default_rng(seed).integers(0, 256, (2500, 3500), np.uint8)))


def with_blank_rows(shades: Shades, rows: Sequence[int] | npt.NDArray[np.bool_]) -> Shades:
    """The same page, with these rows blank."""
    blank = shades.copy()
    blank[rows] = 255
    return blank


@pytest.mark.parametrize("side", [2200, 3000, 4400])
@pytest.mark.parametrize("row_of", [32, 64, 128])
def test_rows_that_can_be_foretold_hide_no_crowd(side: int, row_of: int) -> None:
    """Whoever knows how the even rows are chosen keeps them blank in vain."""
    count = max(24, side // row_of)
    rows = [int((number + number * 0.618 % 1) * side / count) for number in range(count)]
    assert _crowds.is_crowded(grey(with_blank_rows(tiled(side), rows)))


@pytest.mark.parametrize("seed", range(4))
def test_a_crowd_in_half_of_the_rows_is_one(seed: int) -> None:
    """Blank rows anywhere hide as much of it as they take away."""
    bands = np.random.default_rng(seed).random(3000 // 16 + 1) < 0.5
    assert _crowds.is_crowded(grey(with_blank_rows(tiled(3000), np.repeat(bands, 16)[:3000])))


@pytest.mark.parametrize("times", [1, 2, 4])
def test_false_patterns_hide_no_crowd(times: int) -> None:
    """Neither do patterns without their upper and lower edge, which noise shows as often as true ones."""
    page = tiled(3000)
    for first in range(0, 3000, 16 * (1 + times)):
        for false in range(first + 16, min(first + 16 * (1 + times), 2984), 16):
            page[:, false : false + 16] = 255
            for top in range(4, 2994, 16):
                page[top : top + 6, false : false + 14] = (page[6, :14] >> 7) * 255
    assert _crowds.is_crowded(grey(page))


def test_a_sheet_of_symbols_is_no_crowd() -> None:
    """A page of a hundred symbols is read at its full size."""
    symbol = np.asarray(Image.open(io.BytesIO(qr.to_png("VIC1:" + "A0" * 100, scale=3))).convert("L"))
    sheet = np.tile(symbol, (10, 10))
    assert not _crowds.is_crowded(grey(sheet))
    assert len(qr.read(sheet)) > 90


@pytest.mark.parametrize("effort", [Effort.FAST, Effort.NORMAL])
@pytest.mark.parametrize(
    "data",
    [
        pytest.param(lambda: file(tiled(4400), bits=1), id="4400"),
        pytest.param(lambda: file(tiled(4400, module=1), bits=1), id="one pixel"),
        pytest.param(lambda: file(tiled(4400, module=4, gap=2), bits=1), id="coarse"),
        pytest.param(lambda: file(turned(tiled(4400), 30)), id="turned"),
        pytest.param(lambda: file(255 - tiled(4400), kind="BMP"), id="inverted"),
        pytest.param(lambda: file(tiled(4400) // 3, kind="BMP"), id="dark"),
        pytest.param(lambda: file(tiled(3000), kind="JPEG"), id="jpeg"),
        pytest.param(lambda: file(tiled(3000), kind="WEBP"), id="webp"),
        pytest.param(lambda: file(*[tiled(1700)] * 12, kind="TIFF", bits=1), id="frames"),
        pytest.param(lambda: file(*[tiled(600)] * 30, kind="TIFF", bits=1), id="small frames"),
    ],
)
def test_no_crowd_costs_more_than_it_is_worth(data: object, effort: Effort) -> None:
    """Seconds of computing are bounded at every effort below thorough."""
    picture = data()  # type: ignore[operator]
    began = time.process_time()
    assert qr.read(picture, effort=effort) == []
    assert time.process_time() - began < MOST_CPU_S


def test_a_small_crowd_on_a_blank_page_costs_no_more() -> None:
    """The closer look at a small part, which shows no patterns in the reduced copy, is a look at a crowd, too."""
    page = np.full((9400, 9400), 255, np.uint8)
    page[4000:6200, 4000:6200] = tiled(2200)
    began = time.process_time()
    assert qr.read(page) == []
    assert time.process_time() - began < MOST_CPU_S


def test_a_symbol_beside_a_crowd_is_read() -> None:
    """A crowd's smaller copy still shows a symbol of an honest size."""
    page = tiled(3000)
    symbol = np.asarray(Image.open(io.BytesIO(qr.to_png("VIC1:BESIDE", scale=16))).convert("L"))
    page[100 : 100 + len(symbol), 200 : 200 + symbol.shape[1]] = symbol
    (found,) = qr.read(page)
    assert found.text == "VIC1:BESIDE"
    assert all(150 < x < 300 + symbol.shape[1] and 50 < y < 200 + len(symbol) for x, y in found.corners)


def test_pages_in_front_take_nothing_from_an_honest_one() -> None:
    """Behind crowded pages, a clean symbol is read by its first look."""
    symbol = np.full((1700, 1700), 255, np.uint8)
    drawn = np.asarray(Image.open(io.BytesIO(qr.to_png("VIC1:LAST", scale=4))).convert("L"))
    symbol[: len(drawn), : drawn.shape[1]] = drawn
    (found,) = qr.read(file(*[tiled(1700)] * 12, symbol, kind="TIFF", bits=1))
    assert (found.text, found.page) == ("VIC1:LAST", 13)
