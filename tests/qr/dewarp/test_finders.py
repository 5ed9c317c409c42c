"""Finder patterns are found where they are, however they lie, and nowhere else."""

from __future__ import annotations

import math

import numpy as np
import pytest
from PIL import Image

from certcore.qr._dewarp import finders as _finders

MODULE = 6
MIDDLE = (150.0, 130.0)


def pattern(angle: float = 0, *, is_dark: bool = True, tilt: float = 1.0) -> Image.Image:
    """One finder pattern on an empty page, turned by some degrees, and narrower than high where it is tilted."""
    y, x = np.mgrid[0:260, 0:300] + 0.5
    turned = math.radians(angle)
    right, down = x - MIDDLE[0], y - MIDDLE[1]
    along = (right * math.cos(turned) + down * math.sin(turned)) / MODULE / tilt
    across = (down * math.cos(turned) - right * math.sin(turned)) / MODULE
    ring = np.maximum(np.abs(along), np.abs(across))
    dark = (ring < 1.5) | ((ring > 2.5) & (ring < 3.5))
    return Image.fromarray(np.where(dark == is_dark, 30, 220).astype(np.uint8))


@pytest.mark.parametrize("angle", [0, 17, 45, 70, 90, 160])
@pytest.mark.parametrize("is_dark", [True, False])
def test_turned(angle: float, *, is_dark: bool) -> None:
    """A pattern is found at every angle, dark or light, to a fraction of a pixel and with the size of its modules."""
    (finder,) = _finders.find(pattern(angle, is_dark=is_dark), window=10)

    assert is_dark == finder.is_dark
    assert math.dist(MIDDLE, (finder.x, finder.y)) < 0.5
    assert MODULE == pytest.approx(finder.module, rel=0.05)
    assert 0.9 < finder.likeness <= 1


def test_tilted() -> None:
    """Seen from one side, a pattern's modules are narrower than high."""
    (finder,) = _finders.find(pattern(tilt=0.5), window=10)

    assert MODULE / 2 == pytest.approx(float(np.hypot(*finder.axes[:, 0])), rel=0.1)
    assert MODULE == pytest.approx(float(np.hypot(*finder.axes[:, 1])), rel=0.1)


def test_noise_hides_nothing() -> None:
    """A thousand crossings by chance do not crowd the pattern out."""
    rng = np.random.default_rng(3)
    clean = np.asarray(pattern(20)).astype(float)
    page = np.tile(np.full_like(clean, 200), (3, 3))
    page[260:520, 300:600] = clean
    noisy = np.clip(page + rng.normal(0, 15, page.shape), 0, 255).astype(np.uint8)
    best = _finders.find(Image.fromarray(noisy), window=10)[0]

    assert math.dist((MIDDLE[0] + 300, MIDDLE[1] + 260), (best.x, best.y)) < 1


@pytest.mark.parametrize("size", [(1, 1), (2, 1), (5000, 1), (1, 5000), (40, 40)])
def test_nothing(size: tuple[int, int]) -> None:
    """An empty picture of any shape has no pattern."""
    assert [] == _finders.find(Image.new("L", size, 128), window=10)


def test_at() -> None:
    """Brightness between pixels is their mean, and beyond the picture that of its edge."""
    pixels = np.array([[0, 100], [100, 200]], np.float32)
    x, y = np.array([0.5, 1.0, 1.5, -9.0, 99.0]), np.array([0.5, 1.0, 0.5, -9.0, 99.0])

    assert [0, 100, 100, 0, 200] == pytest.approx(_finders.at(pixels, x, y).tolist(), abs=0.5)
