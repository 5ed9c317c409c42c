"""Symbols that no decoder reads directly: found by their finder patterns, rectified and drawn again.

A decoder samples a symbol along straight lines. Here the grid follows the paper, blur and stains are allowed for module
by module, and what comes out is a clean drawing, which a decoder reads like any other: nothing counts as read that its
error correction did not accept. Several drawings are tried where it is not certain what is dark; how much is tried is
counted in work, not in time, so that a picture gives the same answer on every machine.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Final

import attrs
import numpy as np
from PIL import Image, ImageDraw, ImageFilter

from certcore.qr._dewarp import finders as _finders
from certcore.qr._dewarp import grid as _grid
from certcore.qr._dewarp import modules as _modules
from certcore.qr._dewarp import triples as _triples
from certcore.qr._dewarp.copies import WINDOW, Copy
from certcore.qr._dewarp.finders import Finder, Pixels
from certcore.qr._dewarp.symbols import Symbol
from certcore.qr._dewarp.triples import Triple
from certcore.qr._raster import Grey

QUIET_ZONE_MODULES: Final = 4
"""Modules of light border around a drawing."""

_AROUND: Final = 3
"""Pixels around one that are taken off what is out of focus: as far as a blur of two pixels reaches."""

_MIN_TRUST: Final = 0.12
"""How clearly edges must beat for a grid to be moved on; where nothing is, they hardly do."""

_GUESS_FROM: Final = range(2, 7)
"""Finder patterns from which a third is guessed. Among more than that are three of one symbol, or nothing is."""


@attrs.define
class Work:
    """What may be spent on a picture, counted down.

    Attributes:
        finders: finder patterns that are looked at, of each shade, in each copy of the picture.
        triples: sets of finder patterns that are looked at, in each copy.
        sides: sizes that are tried for each.
        turns: times that a grid is moved, at most.
        modules: modules of grids that are laid or moved, in all.
        seen: the most finder patterns that a copy showed.
    """

    finders: int
    triples: int
    sides: int
    turns: int
    modules: int
    seen: int = 0


def symbols(
    copy: Copy,
    decode: Callable[[Grey], Symbol | None],
    work: Work,
    *,
    read: Sequence[Symbol] = (),
    sharpen: bool = False,
) -> Iterator[Symbol]:
    """What is read in a copy of a picture besides what was read before, with corners in pixels of the original.

    Args:
        copy: where to look.
        decode: what the decoder reads in a drawing of one pixel to a module.
        work: what may be spent; what was is taken off.
        read: symbols that were read before, in pixels of the original.
        sharpen: find finder patterns that are out of focus, too.
    """
    finders = _found(_without(copy, read), work.finders, sharpen=sharpen)
    work.seen = max(work.seen, len(finders))
    if len(finders) < _GUESS_FROM.start:
        return
    dark = np.asarray(copy.picture, dtype=np.float32)
    light = 255 - dark
    used: set[tuple[float, float]] = set()
    for triple in _candidates(dark, light, finders)[: work.triples]:
        places = {(finder.x, finder.y) for finder in triple.all}
        if used.isdisjoint(places):
            symbol = _symbol(dark if triple.is_dark else light, triple, decode, work)
            if symbol is not None:
                used |= places
                yield attrs.evolve(symbol, corners=tuple(copy.to_original(x, y) for x, y in symbol.corners))


def _without(copy: Copy, read: Sequence[Symbol]) -> Image.Image:
    """The picture with the symbols that were read painted over."""
    if not read:
        return copy.picture
    picture = copy.picture.copy()
    draw = ImageDraw.Draw(picture)
    for symbol in read:
        draw.polygon([copy.from_original(x, y) for x, y in symbol.corners], fill=255)
    return picture


def _found(picture: Image.Image, most: int, *, sharpen: bool) -> list[Finder]:
    # What it differs by from what lies around, four times: an unsharp mask with a box is as good, and much faster.
    looked_at = Image.blend(picture.filter(ImageFilter.BoxBlur(_AROUND)), picture, 4) if sharpen else picture
    return _finders.find(looked_at, window=WINDOW, most=most)


def _candidates(dark: Pixels, light: Pixels, finders: Sequence[Finder]) -> list[Triple]:
    found = _triples.symbols(finders)
    if not found and len(finders) in _GUESS_FROM:
        for pixels, is_dark in ((dark, True), (light, False)):
            found += _triples.guess(pixels, [finder for finder in finders if finder.is_dark == is_dark])
    return found


def _symbol(pixels: Pixels, triple: Triple, decode: Callable[[Grey], Symbol | None], work: Work) -> Symbol | None:
    """What three finder patterns belong to, with corners in pixels of the picture they were found in."""
    for side in _triples.estimate_sides(pixels, triple)[: work.sides]:
        grid = _grid.initial_grid(triple, side)
        for turn in range(work.turns + 1):
            if work.modules < 0:
                return None
            work.modules -= side * side
            flat = _grid.sample(pixels, grid)
            has_patterns = False
            for reading in _modules.readings(flat, side) if turn % 2 == 0 else ():
                has_patterns = True
                if (symbol := decode(drawing(reading))) is not None:
                    return attrs.evolve(symbol, corners=grid.corners)
            if turn == work.turns:
                break
            grid = _grid.refine(flat, grid)
            if grid.trust < _MIN_TRUST and not has_patterns:
                break
    return None


def drawing(modules: _modules.Modules) -> Grey:
    """The modules as a picture, one pixel each, with a quiet zone."""
    page = np.pad(np.where(modules, 0, 255).astype(np.uint8), QUIET_ZONE_MODULES, constant_values=255)
    return Grey(page.tobytes(), len(page), len(page))
