"""Which symbols are the same, and in what order they are told."""

from __future__ import annotations

import attrs
import pytest

from certcore.qr._dewarp import symbols as _symbols
from certcore.qr._dewarp.symbols import Symbol


def at(x: float, y: float, text: str = "A", size: float = 50) -> Symbol:
    """A symbol whose upper left corner is at a point."""
    corners = ((x, y), (x + size, y), (x + size, y + size), (x, y + size))
    return Symbol(text=text, data=text.encode(), kind="text", corners=corners, decoder="zxing-cpp")


def test_distinct() -> None:
    """The same words in the same place are one symbol, whoever read them; elsewhere, or other words, they are two."""
    first, again = at(0, 0), attrs.evolve(at(3, -2), decoder="pyzbar")

    assert [first] == _symbols.distinct([first, again])
    assert [first, at(200, 0)] == _symbols.distinct([first, at(200, 0), again])
    assert [first, at(0, 0, "B")] == _symbols.distinct([first, at(0, 0, "B")])
    assert [] == _symbols.distinct([])


def test_reading_order() -> None:
    """Line by line, and in a line from left to right, though it be uneven."""
    symbols = [at(300, 210, "D"), at(0, 200, "C"), at(200, 0, "B"), at(0, 20, "A")]

    assert ["A", "B", "C", "D"] == [symbol.text for symbol in _symbols.in_reading_order(symbols)]
    assert [at(0, 0)] == _symbols.in_reading_order([at(0, 0)])
    assert [] == _symbols.in_reading_order([])


def test_repr_keeps_the_content() -> None:
    """Neither the text nor the bytes stand in a ``repr``, which is logged."""
    assert "SECRET" not in repr(at(0, 0, "SECRET"))


def test_frozen() -> None:
    """A symbol is not changed."""
    with pytest.raises(attrs.exceptions.FrozenInstanceError):
        at(0, 0).text = ""  # type: ignore[misc]  # the attempt is the test
