"""certcore's own certificates, printed and photographed badly: what must be read, with a margin."""

from __future__ import annotations

import math

import pytest

from benchmarks.damage import DAMAGES, Shot, certificate_text, double_shots, single_shots
from certcore import qr
from certcore.qr import Effort

SHOTS = 6
MARGIN = 2
"""How many of the six another processor's rounding, or another version of a decoder, may cost."""


def is_read(shot: Shot, effort: Effort = Effort.NORMAL) -> bool:
    """Whether the certificate is read, and nothing else."""
    texts = {symbol.text for symbol in qr.read(shot.picture(), effort=effort)}
    assert texts <= {certificate_text()}
    return bool(texts)


LARGE = {"page", "far", "near"}
"""Damages whose pictures have 12 megapixels and take seconds to make."""


@pytest.mark.parametrize("damage", [damage for damage in DAMAGES if damage not in LARGE])
def test_each_damage_alone(damage: str) -> None:
    """Of every damage most shots are read, at the levels that are advised for print."""
    shots = [Shot((damage,), level, seed) for level in ("M", "Q") for seed in range(3)]

    assert SHOTS == len(shots)
    assert sum(map(is_read, shots)) >= SHOTS - MARGIN


def test_a_small_symbol_on_a_large_page() -> None:
    """A symbol on three hundredths of a page of 12 megapixels, and one of 30 pixels a module."""
    assert is_read(Shot(("page",), "M", 0))
    assert is_read(Shot(("near",), "M", 0))


def test_two_damages_at_once() -> None:
    """Thorough reading is worth it where two damages meet: most pairs are read."""
    shots = [shot for shot in double_shots(range(1)) if "page" not in shot.damages][::12]
    read = [is_read(shot, Effort.THOROUGH) for shot in shots]

    assert sum(read) >= 0.6 * len(read)


def test_shots_repeat() -> None:
    """The same name, level and seed is the same picture; another seed is another."""
    shot = Shot(("crumpled", "noise"), "M", 1)

    assert shot.picture().tobytes() == shot.picture().tobytes()
    assert shot.picture().tobytes() != Shot(("crumpled", "noise"), "M", 2).picture().tobytes()
    assert len({each.name for each in single_shots(range(2))}) == 2 * 4 * len(DAMAGES)


@pytest.mark.parametrize("damage", ["rotation", "crumpled", "mirrored", "tiny"])
def test_corners_are_where_the_symbol_is(damage: str) -> None:
    """Whatever was done to read it, the corners lie in the picture, around a square of about the symbol's size."""
    shot = Shot((damage,), "M", 0)
    picture = shot.picture()
    (symbol,) = qr.read(picture)
    xs, ys = zip(*symbol.corners, strict=True)
    area = abs(sum(xs[i] * ys[i - 3] - xs[i - 3] * ys[i] for i in range(4))) / 2

    assert min(xs) >= -1
    assert min(ys) >= -1
    assert max(xs) <= picture.width + 1
    assert max(ys) <= picture.height + 1
    assert 0.2 * picture.width * picture.height < area < picture.width * picture.height
    assert math.isfinite(area)
