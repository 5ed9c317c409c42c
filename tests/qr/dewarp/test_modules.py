"""What is dark among a symbol's modules: known where every symbol is the same, read elsewhere, blur or stain aside."""

from __future__ import annotations

from io import BytesIO

import numpy as np
import pytest
from PIL import Image, ImageFilter

from certcore import qr
from certcore.qr._dewarp import modules as _modules
from certcore.qr._dewarp.finders import Pixels
from certcore.qr._dewarp.grid import MARGIN, PER_MODULE

TEXT = "VIC1:" + "ABC 123 " * 26
SIDE = qr.size(TEXT).modules


def printed(text: str = TEXT) -> np.ndarray:
    """A symbol's modules with `MARGIN` around; true is dark."""
    whole = np.asarray(Image.open(BytesIO(qr.to_png(text, scale=1))).convert("L")) < 128
    return whole[4 - MARGIN : MARGIN - 4, 4 - MARGIN : MARGIN - 4]


def flat(blur: float = 0) -> Pixels:
    """A symbol as it is seen through its grid, out of focus by a bell of so many modules."""
    sharp = np.where(printed(), 20, 230).astype(np.uint8).repeat(PER_MODULE, 0).repeat(PER_MODULE, 1)
    return np.asarray(Image.fromarray(sharp).filter(ImageFilter.GaussianBlur(blur * PER_MODULE)), dtype=np.float32)


def wrong(seen: Pixels) -> list[int]:
    """How many modules each reading has wrong."""
    right = printed()[MARGIN:-MARGIN, MARGIN:-MARGIN]
    return [int(np.count_nonzero(reading != right)) for reading in _modules.readings(seen, SIDE)]


def test_sharp() -> None:
    """A clean symbol is read without an error at first."""
    assert 0 == wrong(flat())[0]


def test_blur_is_undone() -> None:
    """Where the plain reading has many errors, one of the others has few."""
    plain, *others = wrong(flat(blur=0.5))

    assert plain > 60
    assert min(others) < plain / 4


def test_stain_is_a_factor() -> None:
    """Under a dark stain with a sharp edge, modules are told apart by their ratio."""
    stained = flat()
    stained[60:90, 40:200] *= 0.15
    plain, *others = wrong(stained)

    assert plain > 10
    assert min(others) < plain / 2


def test_what_is_no_symbol_has_no_reading() -> None:
    """Noise has none of the patterns that every symbol has."""
    noise = np.random.default_rng(1).uniform(0, 255, flat().shape).astype(np.float32)

    assert [] == wrong(noise)


@pytest.mark.parametrize("length", [5, 60, 200, 500, 1200])
@pytest.mark.parametrize("level", ["L", "H"])
def test_patterns(length: int, level: str) -> None:
    """What is said to be in every symbol of a size is in each."""
    text = "A" * length
    side = qr.size(text, level=level).modules
    picture = Image.open(BytesIO(qr.to_png(text, level=level, scale=1))).convert("L")
    dark = np.asarray(picture)[4:-4, 4:-4] < 128
    known = _modules.patterns(side)

    assert (dark[known != 0] == (known[known != 0] > 0)).all()
    assert 3 * 64 < np.count_nonzero(known) < side * side


def test_alignment_places() -> None:
    """The middles of alignment patterns are those of ISO/IEC 18004 annex E."""
    assert [] == _modules.alignment_places(1)
    assert [6, 18] == _modules.alignment_places(2)
    assert [6, 22, 38] == _modules.alignment_places(7)
    assert [6, 26, 50, 74] == _modules.alignment_places(16)
    assert [6, 34, 60, 86, 112, 138] == _modules.alignment_places(32)
    assert [6, 30, 58, 86, 114, 142, 170] == _modules.alignment_places(40)
