"""Symbols are laid flat and drawn anew for a decoder, whose word is the last; how much is tried is counted."""

from __future__ import annotations

import math
from io import BytesIO

import numpy as np
import pytest
from PIL import Image

from benchmarks.damage import Shot, certificate_text
from certcore import qr
from certcore.qr import _decoders
from certcore.qr._dewarp import flatten as _flatten
from certcore.qr._dewarp.copies import Copies, Copy
from certcore.qr._dewarp.symbols import Symbol
from certcore.qr._picture import Grey

LARGE = {"finders": 32, "triples": 10, "sides": 5, "turns": 6, "modules": 200_000}


def drawn(text: str, scale: int = 4) -> Image.Image:
    """A clean symbol."""
    return Image.open(BytesIO(qr.to_png(text, scale=scale))).convert("L")


def read(picture: Image.Image, **options: object) -> list[Symbol]:
    """What is read in the first copy of a picture in which anything is."""
    work = _flatten.Work(**LARGE)
    for copy in Copies(picture).from_longest(1600, count=3):
        found = list(_flatten.symbols(copy, _decoders.decode_drawing_with_zxing, work, **options))  # type: ignore[arg-type]  # as named
        if found:
            return found
    return []


@pytest.mark.parametrize(
    "damage", ["crumpled", "curved", "fold", "stain 10 %", "noise", "moire", "inverted", "mirrored"]
)
def test_damaged(damage: str) -> None:
    """What was damaged says what it said, in the place where it lies."""
    picture = Shot((damage,), "Q", 1).picture()
    (symbol,) = read(picture)
    xs, ys = zip(*symbol.corners, strict=True)

    assert certificate_text() == symbol.text
    assert math.dist((sum(xs) / 4, sum(ys) / 4), (picture.width / 2, picture.height / 2)) < 0.1 * picture.width


def test_several() -> None:
    """Every symbol of a page is read, and those that were read before are left out."""
    page = Image.new("L", (900, 500), 255)
    texts = ["VIC1:" + letter * 80 for letter in "ABC"]
    for number, text in enumerate(texts):
        page.paste(drawn(text), (20 + 290 * number, 40))
    symbols = read(page)
    rest = read(page, read=symbols[1:])

    assert sorted(texts) == sorted(symbol.text for symbol in symbols)
    assert [symbols[0].text] == [symbol.text for symbol in rest]


def test_the_decoder_has_the_last_word() -> None:
    """Where the decoder accepts no drawing, nothing is reported, and the work is bounded."""
    asked: list[Grey] = []

    def refuse(drawing: Grey) -> None:
        asked.append(drawing)

    work = _flatten.Work(**LARGE)
    found = list(_flatten.symbols(Copy(drawn("VIC1:" + "A" * 200), 1), refuse, work))

    assert [] == found
    assert 0 < len(asked) < 100
    assert work.modules < LARGE["modules"]


def test_no_work_no_answer() -> None:
    """What may not be spent is not spent."""
    work = _flatten.Work(finders=32, triples=10, sides=5, turns=6, modules=-1)

    assert [] == list(_flatten.symbols(Copy(drawn("VIC1:A"), 1), _decoders.decode_drawing_with_zxing, work))


def test_copies() -> None:
    """Copies are whole fractions of the picture, and none is too small to hold a symbol."""
    copies = list(Copies(Image.new("L", (4000, 3000))).from_longest(1600, count=3))

    assert [3, 6, 12] == [copy.scale for copy in copies]
    assert [(1334, 1000), (667, 500), (334, 250)] == [copy.picture.size for copy in copies]
    assert [1] == [copy.scale for copy in Copies(Image.new("L", (60, 60))).from_longest(1600, count=3)]
    assert [] == list(Copies(Image.new("L", (5000, 1))).from_longest(1600, count=3))


def test_drawing() -> None:
    """A drawing has one pixel to a module and a quiet zone, and a decoder reads it."""
    modules = np.asarray(drawn("VIC1:A", scale=1))[4:-4, 4:-4] < 128
    drawing = _flatten.drawing(modules)
    symbol = _decoders.decode_drawing_with_zxing(drawing)

    assert (29, 29) == (drawing.width, drawing.height)
    assert symbol is not None
    assert "VIC1:A" == symbol.text


def test_a_wrong_drawing_is_no_symbol() -> None:
    """Modules at random are accepted by no decoder."""
    rng = np.random.default_rng(7)
    for side in (21, 33, 49):
        for _ in range(30):
            assert _decoders.decode_drawing_with_zxing(_flatten.drawing(rng.random((side, side)) < 0.5)) is None
