"""Three finder patterns are joined to one symbol, the right way up and with the right number of modules."""

from __future__ import annotations

import math
from io import BytesIO

import numpy as np
import pytest
from PIL import Image

from certcore import qr
from certcore.qr._dewarp import finders as _finders
from certcore.qr._dewarp import triples as _triples
from certcore.qr._dewarp.finders import Finder, Pixels

SCALE = 5
TEXTS = {21: "VIC1:A", 33: "VIC1:" + "A" * 60, 49: "VIC1:" + "A" * 210, 69: "VIC1:" + "A" * 440}


def symbol(side: int, angle: float = 0) -> Image.Image:
    """A symbol of so many modules, turned by some degrees."""
    picture = Image.open(BytesIO(qr.to_png(TEXTS[side], scale=SCALE))).convert("L")
    return picture.rotate(angle, expand=True, fillcolor=255, resample=Image.Resampling.BICUBIC)


def found(picture: Image.Image) -> tuple[Pixels, list[Finder]]:
    """The picture's pixels and its three finder patterns."""
    finders = _finders.find(picture, window=10)
    return np.asarray(picture, dtype=np.float32), finders[:3]


@pytest.mark.parametrize("side", TEXTS)
@pytest.mark.parametrize("angle", [0, 100, 200, 315])
def test_joined(side: int, angle: float) -> None:
    """The corner is told from the two others at every angle, and the side is counted."""
    assert side == qr.size(TEXTS[side]).modules
    pixels, finders = found(symbol(side, angle))
    triple = _triples.symbols(finders)[0]
    turned = math.radians(-angle)
    for finder, right, down in ((triple.corner, -1, -1), (triple.right, 1, -1), (triple.below, -1, 1)):
        away = (side / 2 - 3.5) * SCALE
        x = pixels.shape[1] / 2 + away * (right * math.cos(turned) - down * math.sin(turned))
        y = pixels.shape[0] / 2 + away * (right * math.sin(turned) + down * math.cos(turned))
        assert math.dist((x, y), (finder.x, finder.y)) < 2

    assert triple.is_dark
    assert triple.doubt < 1
    assert side == _triples.estimate_sides(pixels, triple)[0]


@pytest.mark.parametrize("lost", range(3))
def test_the_third_is_guessed(lost: int) -> None:
    """Where one of three was not found, it is looked for where the two others say."""
    pixels, finders = found(symbol(49, 20))
    places = {(round(finder.x), round(finder.y)) for finder in finders}
    del finders[lost]
    triples = _triples.guess(pixels, finders)

    assert any(places == {(round(finder.x), round(finder.y)) for finder in triple.all} for triple in triples)


def test_what_does_not_fit() -> None:
    """Patterns in a row, of different shades, or of very different sizes are no symbol."""
    axes = np.eye(2) * 4

    def at(x: float, y: float, *, is_dark: bool = True, grown: float = 1) -> Finder:
        return Finder(x, y, axes * grown, 1.0, is_dark)

    assert 1 == len(_triples.symbols([at(50, 50), at(200, 50), at(50, 200)]))
    assert [] == _triples.symbols([at(50, 50), at(200, 50), at(350, 50)])
    assert [] == _triples.symbols([at(50, 50), at(200, 50, is_dark=False), at(50, 200)])
    assert [] == _triples.symbols([at(50, 50), at(200, 50, grown=4), at(50, 200)])
    assert [] == _triples.symbols([at(50, 50), at(54, 50), at(50, 54)])
    assert [] == _triples.symbols([])
