"""A text drawn as a QR symbol: SVG, PNG, or characters for a terminal.

The only importer of segno. Every drawing keeps the quiet zone, is never a Micro QR code, and has exactly the level
asked for, so that `size` gives the size of all drawings. The text is not interpreted.
"""

from __future__ import annotations

import math
from io import BytesIO
from typing import TYPE_CHECKING, Final

import attrs

from certcore.errors import IssuingError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    import segno

QUIET_ZONE_MODULES: Final = 4
"""Modules of light border on every side (ISO/IEC 18004, "Quiet zone")."""

MAX_PNG_PIXELS: Final = 5000 * 5000
"""Pixels of a drawn PNG: the width of an A4 page at 600 dots per inch is 4960."""

_LEVELS: Final = ("L", "M", "Q", "H")
_ALPHANUMERIC: Final = frozenset("0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ $%*+-./:")
"""What alphanumeric mode can hold, at 5.5 bits a character instead of 8 (ISO/IEC 18004 table 5)."""

_HALF_BLOCKS: Final = {(False, False): " ", (True, False): "▀", (False, True): "▄", (True, True): "█"}
"""The character for a dark upper and a dark lower module."""


@attrs.frozen(kw_only=True)
class SymbolSize:
    """How large a symbol is.

    Attributes:
        version: 1 to 40.
        level: error correction: L, M, Q or H.
        modules: modules along one side, without the quiet zone.
    """

    version: int
    level: str
    modules: int


def size(text: str, /, *, level: str = "M") -> SymbolSize:
    """How large the symbol of this text will be, without drawing it.

    Raises:
        IssuingError: ``qr-too-large``; the text does not fit a symbol of this level.
        TypeError: the text is not a ``str``.
        ValueError: an empty text, or a level other than L, M, Q and H.
    """
    # The mask does not change the size, and choosing the best of eight is nearly all of the work.
    symbol = _symbol(text, level, mask=0)
    return SymbolSize(version=int(symbol.version), level=level, modules=len(symbol.matrix))


def to_svg(text: str, /, *, level: str = "M", scale: float = 1) -> str:
    """The symbol as an SVG document: one black path on a white ground, complete in itself.

    It refers to nothing outside itself, names no font and runs no script. The text is not repeated in it.

    Args:
        text: what the symbol will say.
        level: error correction: L, M, Q or H.
        scale: CSS pixels to a module. The drawing has no resolution, so this only sets its natural size.

    Raises:
        IssuingError: ``qr-too-large``; the text does not fit a symbol of this level.
        TypeError: the text is not a ``str``.
        ValueError: an empty text, a level other than L, M, Q and H, or a scale that is not above 0 and finite.
    """
    if not (scale > 0 and math.isfinite(scale)):
        raise ValueError("scale must be above 0 and finite")
    rows = _rows(_symbol(text, level))
    modules = len(rows)
    side = f"{modules * scale:.6f}".rstrip("0").rstrip(".")
    path = "".join(f"M{x} {y}h{length}v1h-{length}z" for x, y, length in _runs(rows))
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{side}" height="{side}" viewBox="0 0 {modules} {modules}"'
        ' role="img" aria-label="QR code" shape-rendering="crispEdges">'
        f'<path fill="#fff" d="M0 0h{modules}v{modules}h-{modules}z"/><path fill="#000" d="{path}"/></svg>\n'
    )


def to_png(text: str, /, *, level: str = "M", scale: int = 4) -> bytes:
    """The symbol as a PNG file, black on white, one bit to a pixel.

    Args:
        text: what the symbol will say.
        level: error correction: L, M, Q or H.
        scale: pixels to a module.

    Raises:
        IssuingError: ``qr-too-large``; the text does not fit a symbol of this level.
        TypeError: the text is not a ``str``, or the scale not an ``int``.
        ValueError: an empty text, a level other than L, M, Q and H, a scale below 1, or one that makes more than
            25 million pixels.
    """
    if type(scale) is not int:
        raise TypeError("scale must be an int: pixels to a module")
    if scale < 1:
        raise ValueError("scale must be at least 1")
    symbol = _symbol(text, level)
    if symbol.symbol_size(scale=scale, border=QUIET_ZONE_MODULES)[0] ** 2 > MAX_PNG_PIXELS:
        raise ValueError(f"scale {scale} makes a picture of more than {MAX_PNG_PIXELS} pixels")
    picture = BytesIO()
    symbol.save(picture, kind="png", scale=scale, border=QUIET_ZONE_MODULES, dark="black", light="white")
    return picture.getvalue()


def to_terminal(text: str, /, *, level: str = "M") -> str:
    """The symbol as lines of half-block characters, two rows of modules to a line; each line ends with a newline.

    Plain text without colour codes, drawn for dark characters on a light ground, as in a text file or on paper. On a
    dark terminal it appears with its colours exchanged: `certcore.qr.read` and most telephones read that too, older
    scanners do not. A font whose blocks touch is needed. Spaces at the ends of the lines belong to the quiet zone.

    Raises:
        IssuingError: ``qr-too-large``; the text does not fit a symbol of this level.
        TypeError: the text is not a ``str``.
        ValueError: an empty text, or a level other than L, M, Q and H.
    """
    rows = _rows(_symbol(text, level))
    rows.append([False] * len(rows))  # every symbol has an odd number of rows
    pairs = zip(rows[::2], rows[1::2], strict=True)
    return "".join("".join(_HALF_BLOCKS[pair] for pair in zip(*lines, strict=True)) + "\n" for lines in pairs)


def _symbol(text: str, level: str, *, mask: int | None = None) -> segno.QRCode:
    """The symbol, in alphanumeric mode wherever the text allows it; other text is UTF-8, declared if not ASCII."""
    import segno  # noqa: PLC0415  # certcore.qr is for readers too, and they need none of it

    if not isinstance(text, str):
        raise TypeError("the text of a QR symbol must be a str")
    if not text:
        raise ValueError("a QR symbol needs at least one character")
    if level not in _LEVELS:
        raise ValueError("level must be L, M, Q or H")
    alphanumeric = _ALPHANUMERIC.issuperset(text)
    try:
        return segno.make_qr(
            text,
            error=level,
            mode="alphanumeric" if alphanumeric else "byte",
            encoding=None if alphanumeric else "utf-8",
            eci=not text.isascii(),
            mask=mask,
            boost_error=False,
        )
    except segno.DataOverflowError as error:
        message = f"a text of {len(text)} characters does not fit a QR symbol of level {level}"
        raise IssuingError("qr-too-large", message, characters=len(text), level=level) from error


def _rows(symbol: segno.QRCode) -> list[list[bool]]:
    """The modules row by row, the quiet zone among them; true is dark."""
    return [[bool(module) for module in row] for row in symbol.matrix_iter(border=QUIET_ZONE_MODULES)]


def _runs(rows: Sequence[Sequence[bool]]) -> Iterator[tuple[int, int, int]]:
    """Each unbroken run of dark modules in a row: column, row and length."""
    for y, row in enumerate(rows):
        start = 0
        for x, dark in enumerate([*row, False]):
            if not dark:
                if x > start:
                    yield start, y, x - start
                start = x + 1
