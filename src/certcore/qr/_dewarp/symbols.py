"""QR symbols that were read: which of them are the same, and their order."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Literal, TypeAlias

import attrs

Corners: TypeAlias = tuple[tuple[float, float], ...]
Kind: TypeAlias = Literal["text", "binary", "structured-append"]


@attrs.frozen(kw_only=True)
class Symbol:
    """One QR symbol found in a picture. Its content is unauthenticated, and left out of its ``repr``.

    Attributes:
        text: what the symbol says, or ``""`` where `kind` is ``"binary"``. Text that does not name its character set is
            read in the one the decoder finds likeliest; a certificate is ASCII, where there is nothing to guess.
        data: the bytes of the symbol. From pyzbar they may have been recoded where they are not ASCII; that library
            does not give the original ones.
        kind: ``"text"``; ``"binary"`` for bytes that are not text, all or some of them, and for anything from pyzbar
            that is not plain ASCII; ``"structured-append"`` for one part of a message that is spread over several
            symbols, of which `text` is that part alone. The last is seen only where zxing-cpp had no error to correct,
            because its Python binding does not tell: such a part appears as ``"text"`` in a damaged print, in a mirror,
            and from pyzbar.
        corners: the four corners, going round the symbol, as (x, y) pixels of the picture as displayed. zxing-cpp
            begins with the symbol's own upper left corner, pyzbar with any.
        decoder: who read it, ``"zxing-cpp"`` or ``"pyzbar"``, and behind a plus what had to be done for it, as
            in ``"zxing-cpp+grid"``: for logs and statistics, and without effect on what was read.
        page: the page or frame of the picture, counted from 1.
    """

    text: str = attrs.field(repr=False)
    data: bytes = attrs.field(repr=False)
    kind: Kind
    corners: Corners
    decoder: str
    page: int = 1


def distinct(symbols: Iterable[Symbol]) -> list[Symbol]:
    """The symbols without those that say the same in the same place."""
    kept: list[Symbol] = []
    for symbol in symbols:
        if not any(symbol.data == other.data and is_within(symbol, other) for other in kept):
            kept.append(symbol)
    return kept


def is_within(symbol: Symbol, other: Symbol) -> bool:
    """Whether the middle of the one lies inside the box around the other."""
    return _has_middle(other.corners, symbol.corners)


def is_same_place(corners: Corners, others: Corners) -> bool:
    """Whether the middle of each lies inside the box around the other."""
    return _has_middle(corners, others) and _has_middle(others, corners)


def in_reading_order(symbols: Sequence[Symbol]) -> list[Symbol]:
    """Top to bottom, and left to right among those whose middle lies beside the topmost of their line."""
    if len(symbols) == 1:
        return list(symbols)
    ordered: list[Symbol] = []
    waiting = sorted(symbols, key=lambda symbol: box(symbol)[1])
    while waiting:
        _, _, _, line_end = box(waiting[0])
        line = [symbol for symbol in waiting if (box(symbol)[1] + box(symbol)[3]) / 2 <= line_end]
        ordered += sorted(line, key=lambda symbol: box(symbol)[0])
        waiting = [symbol for symbol in waiting if symbol not in line]
    return ordered


def box(symbol: Symbol) -> tuple[float, float, float, float]:
    return _box(symbol.corners)


def _box(corners: Corners) -> tuple[float, float, float, float]:
    xs, ys = zip(*corners, strict=True)
    return min(xs), min(ys), max(xs), max(ys)


def _has_middle(around: Corners, corners: Corners) -> bool:
    """Whether the middle of the second lies inside the box around the first."""
    left, top, right, bottom = _box(corners)
    other_left, other_top, other_right, other_bottom = _box(around)
    return other_left <= (left + right) / 2 <= other_right and other_top <= (top + bottom) / 2 <= other_bottom
