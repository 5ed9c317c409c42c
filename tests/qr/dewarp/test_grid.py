"""A grid is laid between three finder patterns and follows what is printed, across bends too."""

from __future__ import annotations

import math
from io import BytesIO

import numpy as np
import pytest
from PIL import Image

from certcore import qr
from certcore.qr._dewarp import finders as _finders
from certcore.qr._dewarp import grid as _grid
from certcore.qr._dewarp import modules as _modules
from certcore.qr._dewarp import triples as _triples
from certcore.qr._dewarp.finders import Pixels

TEXT = "VIC1:" + "ABC 123 " * 26
SIDE = qr.size(TEXT).modules
SCALE = 6
BORDER = 4


def printed() -> np.ndarray:
    """The symbol's modules; true is dark."""
    return np.asarray(Image.open(BytesIO(qr.to_png(TEXT, scale=1))).convert("L"))[BORDER:-BORDER, BORDER:-BORDER] < 128


def bent(height: float) -> Pixels:
    """The symbol with waves of so many modules in it."""
    flat = np.asarray(Image.open(BytesIO(qr.to_png(TEXT, scale=SCALE))).convert("L"), dtype=np.float32)
    y, x = np.mgrid[0 : len(flat), 0 : len(flat)] + 0.5
    wave = height * SCALE * np.sin(y / len(flat) * 2 * math.pi) * np.sin(x / len(flat) * 2 * math.pi)
    return _finders.at(flat, x + wave, y + wave)


def laid(pixels: Pixels) -> _grid.Grid:
    """The grid between the symbol's finder patterns."""
    finders = _finders.find(Image.fromarray(pixels.astype(np.uint8)), window=10)
    return _grid.initial_grid(_triples.symbols(finders[:3])[0], SIDE)


def errors(pixels: Pixels, grid: _grid.Grid) -> float:
    """The part of the modules that is seen wrongly through a grid."""
    brightness = _grid.module_brightness(_grid.sample(pixels, grid), SIDE)
    return float(np.mean((brightness < 128) != printed()))


def test_flat() -> None:
    """On a flat symbol the grid lies right at once, and its corners are the symbol's."""
    pixels = bent(0)
    grid = laid(pixels)
    near, far = BORDER * SCALE, (BORDER + SIDE) * SCALE

    assert 0 == errors(pixels, grid)
    for expected, actual in zip(((near, near), (far, near), (far, far), (near, far)), grid.corners, strict=True):
        assert math.dist(expected, actual) < 0.3 * SCALE


@pytest.mark.parametrize("height", [0.5, 0.8])
def test_bent(height: float) -> None:
    """A grid that is wrong in the middle of a wavy symbol is drawn to where its edges are."""
    pixels = bent(height)
    grid = laid(pixels)
    before = errors(pixels, grid)
    for _ in range(4):
        grid = _grid.refine(_grid.sample(pixels, grid), grid)

    assert before > 0.03
    assert errors(pixels, grid) < 0.005


def test_trust() -> None:
    """Edges beat with the grid where a symbol is, and hardly where there is noise."""
    pixels = bent(0)
    grid = laid(pixels)
    noise = np.random.default_rng(1).uniform(0, 255, pixels.shape).astype(np.float32)

    assert 0 == grid.trust
    assert _grid.refine(_grid.sample(pixels, grid), grid).trust > 0.3
    assert _grid.refine(_grid.sample(noise, grid), grid).trust < 0.3


def test_halves() -> None:
    """Half modules have the mean brightness of what they cover."""
    pixels = bent(0)
    flat = _grid.sample(pixels, laid(pixels))
    halves = _grid.quarter_brightness(flat)

    assert (2 * (SIDE + 2), 2 * (SIDE + 2)) == halves.shape
    assert float(flat.mean()) == pytest.approx(float(halves.mean()), rel=1e-4)


def test_nothing_is_seen_through_a_grid_on_an_empty_page() -> None:
    """Where there is no edge at all, a grid stays finite."""
    grid = laid(bent(0))
    empty = np.full((400, 400), 200, np.float32)
    moved = _grid.refine(_grid.sample(empty, grid), grid)

    assert np.isfinite(moved.x).all()
    assert np.isfinite(moved.y).all()
    assert [] == list(_modules.readings(_grid.sample(empty, moved), SIDE))
