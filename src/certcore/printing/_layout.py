"""The place of everything on a printed page, in millimetres from the page's upper left corner.

Pure: the caller that draws gives the widths of texts. Nothing overlaps, is cut off or leaves the page. If it does not
fit, smaller modules and smaller type are tried, down to the limits below; then it is refused.

The symbol's dark edge is on the margin, so its quiet zone is in the margin, which is white too. On A4 it avoids the
lines where a letter is folded, in two, three or four.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Callable, Sequence
from typing import Final, Literal

import attrs

from certcore.errors import IssuingError
from certcore.printing._content import Cell, Content
from certcore.qr._write import QUIET_ZONE_MODULES, SymbolSize

Measure = Callable[[str, float, bool], float]
"""How wide a text is, in millimetres: the text, its size in points, whether it is bold."""

MIN_MODULE_MM: Final = 0.4
"""Millimetres: the smallest module that is printed (2D-Doc asks for the same)."""

MM_PER_POINT: Final = 25.4 / 72
"""Millimetres to a typographic point."""

LEADING: Final = 1.3
"""From one line to the next, in sizes of its type."""

_ASCENT: Final = 0.88
"""From the top of a line to its baseline, in sizes of its type: Chinese type sits in a square with 0.88 above it."""

_SCALES: Final = (1.0, 0.92, 0.84, 0.76)
"""Of the type, but for the smallest, which is kept legible."""

_SMALLEST_TYPE: Final = 5.0
"""Points: 4 mm high letters are read at arm's length, 1.2 mm ones held close."""

_MOST_LINES: Final = 2
"""Lines of a value in a column; a longer one takes the whole width."""

HAIRLINE: Final = 0.2
"""Millimetres: how thick rules, frames and marks are."""

_FOLD_MARK: Final = (4.0, 8.0)
"""Millimetres from the edge: where a fold's mark begins and ends; most printers leave 4 mm white."""

_GAP: Final = 1.0
"""Millimetres between a column and the symbol's quiet zone."""

_NARROWER: Final = 0.8
"""How much narrower a column beside the symbol may be than one below."""

_HEADLINE_STEPS: Final = (1.0, 0.85, 0.7, 0.55)
"""Of a headline's type, before it is wrapped."""

Box = tuple[float, float, float, float]
"""Millimetres: x, y, width and height; of a rule, where it begins and where it ends."""

_WIDE: Final = "\u2e80-\u9fff\uac00-\ud7af\uf900-\ufaff\uff00-\uff60\U00020000-\U0003ffff"
_OPENING: Final = r"（“‘《(\["
_CLOSING: Final = r"，。：；！？、）”’》,.:;!?)\]"
_TOKEN: Final = re.compile(rf"\s+|[{_OPENING}]*(?:[{_WIDE}]|[^\s{_WIDE}]+)[{_CLOSING}]*")
"""What is not divided where a line breaks: a word, or a Chinese character, with the punctuation that clings to it."""


@attrs.frozen(kw_only=True)
class Paper:
    """A size of page, and how it is used.

    Attributes:
        name: ``A4`` or ``A6``.
        width: millimetres.
        height: millimetres.
        margin: millimetres, on all sides.
        modules: sizes of a module in millimetres, the best first: whole pixels at 100 and 300 dots per inch, and last
            the smallest that may be.
        title: points of the type, like the next five.
        claim: of the headline.
        plate: of the registration number.
        label: of what values are called.
        value: of the values.
        note: of how to verify.
        columns: below the symbol.
        gutter: millimetres between columns.
        narrowest: millimetres that a column beside the symbol must have.
        is_headline_above: whether headline and plate stand above the symbol rather than beside it.
        notes_end: how far down the notes end where there is room.
        folds: where a letter is folded in two, three or four: the axis it crosses, and how far along.
    """

    name: str
    width: float
    height: float
    margin: float
    modules: tuple[float, ...]
    title: float
    claim: float
    plate: float
    label: float
    value: float
    note: float
    columns: int
    gutter: float
    narrowest: float
    is_headline_above: bool
    notes_end: float
    folds: tuple[tuple[Literal["x", "y"], float], ...] = ()

    @property
    def inner(self) -> float:
        """Millimetres between the margins."""
        return self.width - 2 * self.margin


PAPERS: Final = {
    "A4": Paper(
        name="A4",
        width=210,
        height=297,
        margin=15,
        modules=(1.016, 0.762, 0.508, 0.4233),
        title=17,
        claim=30,
        plate=22,
        label=8.5,
        value=11,
        note=9.5,
        columns=3,
        gutter=6,
        narrowest=50,
        is_headline_above=False,
        notes_end=140,
        folds=(("y", 99), ("y", 148.5), ("y", 198), ("x", 105)),
    ),
    "A6": Paper(
        name="A6",
        width=105,
        height=148,
        margin=7,
        modules=(0.762, 0.508, 0.4233),
        title=11,
        claim=21,
        plate=15,
        label=6.2,
        value=8.2,
        note=6.8,
        columns=2,
        gutter=4,
        narrowest=27,
        is_headline_above=True,
        notes_end=141,
    ),
}


@attrs.frozen
class Line:
    """One line of text.

    Attributes:
        x: where it begins.
        y: its baseline.
        text: never wider than there is room.
        size: points.
        is_bold: whether it stands out.
        is_faint: whether it stands back.
        top: where its line begins.
        width: millimetres.
    """

    x: float
    y: float
    text: str = attrs.field(repr=False)
    size: float
    is_bold: bool
    is_faint: bool
    top: float
    width: float


@attrs.frozen(kw_only=True)
class Placed:
    """A page with everything in its place.

    Attributes:
        symbol: which QR symbol.
        module: millimetres.
        x: the left edge of the symbol's first module; its quiet zone lies outside.
        y: its upper edge.
        scale: of the type.
        beside: how many cells stand beside the symbol.
        is_beside: whether there is a column beside the symbol.
        columns_beside: into how many it is divided.
        wide: which cells take the whole width.
        lines: every line of text.
        rules: lines drawn.
        frames: boxes drawn.
    """

    symbol: SymbolSize
    module: float
    x: float
    y: float
    scale: float
    beside: int
    is_beside: bool
    columns_beside: int
    wide: frozenset[int]
    lines: tuple[Line, ...]
    rules: tuple[Box, ...]
    frames: tuple[Box, ...]


def fit(content: Content, paper: Paper, choices: Sequence[Sequence[SymbolSize]], measure: Measure) -> Placed:
    """Everything in its place: modules as large as may be, then the earlier symbol of a choice, then larger type.

    Args:
        content: the words.
        paper: the page.
        choices: symbols for the same text; a later choice only where no earlier one fits.
        measure: how wide a text is.

    Raises:
        IssuingError: ``page-too-small``; there is more on it than the page can hold.
    """
    for symbols in choices:
        for module, symbol, scale in itertools.product(paper.modules, symbols, _SCALES):
            if (placed := _Sheet(paper, measure, scale).placed(content, symbol, module)) is not None:
                return placed
    raise IssuingError(
        "page-too-small", f"The certificate does not fit a page of {paper.name}, however small", page=paper.name
    )


class _Sheet:
    """A page being filled, from the top down."""

    def __init__(self, paper: Paper, measure: Measure, scale: float) -> None:
        self._paper = paper
        self._measure = measure
        self._scale = scale
        self._lines: list[Line] = []
        self._rules: list[Box] = []
        self._frames: list[Box] = []
        self._wide: set[int] = set()

    def placed(self, content: Content, symbol: SymbolSize, module: float) -> Placed | None:
        """The page, or nothing where it does not hold everything."""
        paper, side, quiet = self._paper, symbol.modules * module, QUIET_ZONE_MODULES * module
        column = paper.inner - side - quiet - _GAP
        is_beside = column >= paper.narrowest
        if side > paper.inner or not (is_beside or paper.is_headline_above):
            return None
        x = paper.margin + (paper.inner - side if is_beside else (paper.inner - side) / 2)
        end = self._head(content, paper.inner if paper.is_headline_above else column)
        y = end + quiet if paper.is_headline_above else paper.margin
        bottom = y + side + quiet
        if _is_folded(paper, (x - quiet, y - quiet, side + 2 * quiet, side + 2 * quiet)):
            return None
        beside = 0
        columns = max(1, int((column + paper.gutter) / (self._column_width * _NARROWER)))
        if is_beside:
            beside, end = self._grid(content.cells, 0, (paper.margin, end, column, bottom - end), columns)
        end = max(bottom, end)
        rest = (paper.margin, end, paper.inner, paper.height - paper.margin - end)
        done, end = self._grid(content.cells, beside, rest, paper.columns)
        if done < len(content.cells) or not self._notes(content, end):
            return None
        return Placed(
            symbol=symbol,
            module=module,
            x=x,
            y=y,
            scale=self._scale,
            beside=beside,
            is_beside=is_beside,
            columns_beside=columns,
            wide=frozenset(self._wide),
            lines=tuple(self._lines),
            rules=tuple(self._rules),
            frames=tuple(self._frames),
        )

    @property
    def _column_width(self) -> float:
        paper = self._paper
        return (paper.inner + paper.gutter) / paper.columns - paper.gutter

    def _size(self, points: float) -> float:
        return max(points * self._scale, min(points, _SMALLEST_TYPE))

    def _head(self, content: Content, width: float) -> float:
        """Title, headline and registration number; where they end."""
        paper, x = self._paper, self._paper.margin
        y = self._text(content.title, (x, paper.margin), width, self._size(paper.title), is_bold=True)
        y += self._size(paper.title) * MM_PER_POINT * 0.25
        self._rules.append((x, y, x + width, y))
        y += self._size(paper.label) * MM_PER_POINT * 0.7
        sizes = self._size(paper.claim), self._size(paper.plate)
        needed = self._measure(content.claim.value, sizes[0], True) + 1.5 * paper.gutter  # noqa: FBT003  is_bold
        if needed + self._measure(content.plate.value, sizes[1], True) <= width:  # noqa: FBT003  is_bold
            ends = (
                self._headline(content.claim, (x, y), needed, sizes[0]),
                self._headline(content.plate, (x + needed, y), width - needed, sizes[1], line=sizes[0]),
            )
            return max(ends)
        y = self._headline(content.claim, (x, y), width, sizes[0])
        return self._headline(content.plate, (x, y), width, sizes[1])

    def _headline(
        self, cell: Cell, at: tuple[float, float], width: float, size: float, *, line: float | None = None
    ) -> float:
        """A large value below its label; where it ends. It is made smaller before it is wrapped."""
        y = self._text(cell.label, at, width, self._size(self._paper.label), is_faint=True)
        drop = ((line or size) - size) * MM_PER_POINT * _ASCENT  # to the baseline of the larger one beside it
        smaller = [size * step for step in _HEADLINE_STEPS]
        fits = (one for one in smaller if self._measure(cell.value, one, True) <= width)  # noqa: FBT003  is_bold
        size = next(fits, smaller[-1])
        y = self._text(cell.value, (at[0], y + drop), width, size, is_bold=True)
        return y + self._size(self._paper.label) * MM_PER_POINT * 0.5

    def _grid(self, cells: Sequence[Cell], first: int, box: Box, columns: int) -> tuple[int, float]:
        """Cells from the first on, row by row, as far as the box holds them: up to which one, and where they end."""
        x, y, width, height = box
        bottom, step = y + height, (width + self._paper.gutter) / columns
        done = first
        while done < len(cells):
            row = self._row(cells, done, columns, step - self._paper.gutter)
            wide = len(row) == 1 and self._is_wide(row[0], step - self._paper.gutter) and columns > 1
            sheet = _Sheet(self._paper, self._measure, self._scale)
            ends = [
                sheet._cell(cell, (x + number * step, y), width if wide else step - self._paper.gutter)
                for number, cell in enumerate(row)
            ]
            if max(ends) > bottom:
                break
            self._lines += sheet._lines
            self._wide |= {done} if wide else set()
            done, y = done + len(row), max(ends)
        return done, y

    def _row(self, cells: Sequence[Cell], first: int, columns: int, width: float) -> list[Cell]:
        """The cells of one row: as many as there are columns, or one that takes them all."""
        row: list[Cell] = []
        for cell in cells[first : first + columns]:
            if self._is_wide(cell, width):
                return row or [cell]
            row.append(cell)
        return row

    def _is_wide(self, cell: Cell, width: float) -> bool:
        return len(self._wrapped(cell.value, width, self._size(self._paper.value))) > _MOST_LINES

    def _cell(self, cell: Cell, at: tuple[float, float], width: float) -> float:
        """A value below its label; where it ends, the space below it included."""
        y = self._text(cell.label, at, width, self._size(self._paper.label), is_faint=True)
        y = self._text(cell.value, (at[0], y), width, self._size(self._paper.value))
        return y + self._size(self._paper.value) * MM_PER_POINT * 0.45

    def _notes(self, content: Content, end: float) -> bool:
        """How to verify, and what the page does not prove; whether there was room."""
        paper = self._paper
        height = _Sheet(paper, self._measure, self._scale).write_notes(content, 0)
        y = max(end + self._size(paper.note) * MM_PER_POINT * 0.6, paper.notes_end - height)
        if y + height > paper.height - paper.margin:
            return False
        self.write_notes(content, y)
        return True

    def write_notes(self, content: Content, y: float) -> float:
        """How to verify, from here down; where it ends."""
        paper, x = self._paper, self._paper.margin
        size = self._size(paper.note)
        space = size * MM_PER_POINT * 0.6
        self._rules.append((x, y, x + paper.inner, y))
        y = self._text(content.how_title, (x, y + space), paper.inner, size, is_bold=True)
        y = self._text(content.how, (x, y), paper.inner, size) + space
        inner = self._text(content.caution, (x + space * 1.5, y + space), paper.inner - 3 * space, size, is_bold=True)
        self._frames.append((x, y, paper.inner, inner + space - y))
        return inner + space

    def _text(
        self,
        text: str,
        at: tuple[float, float],
        width: float,
        size: float,
        *,
        is_bold: bool = False,
        is_faint: bool = False,
    ) -> float:
        """Write a text, wrapped; where it ends."""
        x, y = at
        height = size * MM_PER_POINT
        for line in self._wrapped(text, width, size, is_bold=is_bold):
            baseline = y + height * ((LEADING - 1) / 2 + _ASCENT)
            wide = self._measure(line, size, is_bold)
            self._lines.append(Line(x, baseline, line, size, is_bold, is_faint, y, wide))
            y += height * LEADING
        return y

    def _wrapped(self, text: str, width: float, size: float, *, is_bold: bool = False) -> list[str]:
        return wrapped(text, width, lambda part: self._measure(part, size, is_bold))


def wrapped(text: str, width: float, measure: Callable[[str], float]) -> list[str]:
    """A text in lines none of which is wider than asked for: broken at spaces and between Chinese characters.

    Where a single word is too wide it is broken anywhere. Nothing is left out but the spaces where a line is broken.
    """
    lines, line = [], ""
    for found in _TOKEN.finditer(text):
        token = found.group()
        if measure(line + token) <= width:
            line += token
            continue
        if line.strip():
            lines.append(line.rstrip())
        line = ""
        for character in token.lstrip():
            if line and measure(line + character) > width:
                lines.append(line)
                line = ""
            line += character
    return [*lines, line.rstrip()] if line.strip() else lines


def fold_marks(paper: Paper) -> tuple[Box, ...]:
    """A short line at both ends of each fold: from where to where."""
    begin, end = _FOLD_MARK
    marks = []
    for axis, at in paper.folds:
        length = paper.height if axis == "x" else paper.width
        for from_, to in ((begin, end), (length - end, length - begin)):
            marks.append((at, from_, at, to) if axis == "x" else (from_, at, to, at))
    return tuple(marks)


def _is_folded(paper: Paper, box: Box) -> bool:
    x, y, width, height = box
    return any(x < at < x + width if axis == "x" else y < at < y + height for axis, at in paper.folds)
