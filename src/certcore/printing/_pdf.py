"""Printed pages as PDF. The only importer of fpdf2, which the ``print`` extra brings.

The places come from `_layout`, the font from `_fonts`. The same certificate, font and fpdf2 give the same bytes: the
only time in them is the certificate's time of issue. Fonts are embedded, reduced to what the page uses; without a
Chinese character on it, Helvetica does, which every PDF reader has.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import datetime
from io import BytesIO
from itertools import groupby
from typing import TYPE_CHECKING, Final

from certcore.errors import IssuingError
from certcore.printing._content import LANGUAGE_TAGS
from certcore.printing._fonts import Face
from certcore.printing._layout import HAIRLINE, MM_PER_POINT, Box, Line, Paper, Placed, fold_marks
from certcore.qr._write import QUIET_ZONE_MODULES, to_svg

if TYPE_CHECKING:
    from fpdf import FPDF

_CORE: Final = "helvetica"
_FAINT: Final = 70
"""Grey of a label, of 255: still black where a printer knows only black and white."""

_STROKE: Final = 0.014
"""Width of the line that thickens a letter, in sizes of its type, where the font has no bold of its own."""

_RUN: Final = re.compile(r"M(?P<x>\d+) (?P<y>\d+)h(?P<length>\d+)v1")
"""An unbroken run of dark modules, as `to_svg` draws it."""


class Canvas:
    """A page to be drawn on, in Helvetica or in fonts that are embedded."""

    def __init__(self, paper: Paper, fonts: Mapping[Face, frozenset[str]]) -> None:
        self._pdf = _new(paper)
        self._family_of: dict[str, str] = {}
        self._advances: dict[tuple[str, bool], float] = {}
        self._end: int | None = None
        for number, (face, characters) in enumerate(fonts.items()):
            family = f"page{number}"
            self._family_of |= dict.fromkeys(characters, family)
            try:
                self._pdf.add_font(family, fname=face.path, collection_font_number=face.index)
            except Exception as cause:  # fpdf2 and fontTools raise whatever a broken table leads to
                raise IssuingError("font-unreadable", "The font cannot be embedded in a PDF") from cause

    def measure(self, text: str, size: float, is_bold: bool) -> float:  # noqa: FBT001  the form of `Measure`
        """How wide a text is, in millimetres: nothing is kerned, so letters add up."""
        return sum(self._advance(character, is_bold=is_bold) for character in text) * size * MM_PER_POINT

    def _advance(self, character: str, *, is_bold: bool) -> float:
        known = self._advances.get((character, is_bold))
        if known is None:
            self._set_font(self._family_of.get(character, _CORE), 1000, is_bold=is_bold)
            known = self._pdf.get_string_width(character) / (1000 * MM_PER_POINT)
            self._advances[character, is_bold] = known
        return known

    def draw(self, text: str, paper: Paper, placed: Placed) -> None:
        """A certificate's page."""
        pdf = self._pdf
        self._draw_symbol(text, placed)
        pdf.set_line_width(HAIRLINE)
        for x, y, to_x, to_y in (*placed.rules, *fold_marks(paper)):
            pdf.line(x, y, to_x, to_y)
        for frame in placed.frames:
            pdf.rect(*frame)
        for line in placed.lines:
            self.write(line)

    def turn(self) -> None:
        """Begin another page."""
        self._pdf.add_page()

    def fill(self, box: Box, colour: str) -> None:
        """A rectangle, filled."""
        self._pdf.set_fill_color(colour)
        self._pdf.rect(*box, style="F")

    def link(self, box: Box, address: str) -> None:
        """A place that leads to an address; without one, to where `end_links` is called on some page."""
        if not address and self._end is None:
            self._end = self._pdf.add_link()
        self._pdf.link(*box, address or self._end or 0)

    def end_links(self, y: float) -> None:
        """Where links without an address lead: here, on this page."""
        if self._end is not None:
            self._pdf.set_link(self._end, y=y, page=self._pdf.page)

    def show(self, jpeg: bytes, box: Box) -> None:
        """A picture."""
        x, y, width, height = box
        self._pdf.image(BytesIO(jpeg), x, y, width, height)

    def outline(self, corners: Sequence[tuple[float, float]], width: float, colour: str) -> None:
        """A line around corners."""
        self._pdf.set_draw_color(colour)
        self._pdf.set_line_width(width)
        self._pdf.polygon(corners)

    def output(self, *, title: str, lang: str, at: datetime | None) -> bytes:
        """The document with the pages that were drawn, made at a moment that the caller states."""
        self._pdf.set_title(title)
        self._pdf.set_lang(LANGUAGE_TAGS[lang])
        if at is not None:
            self._pdf.set_creation_date(at)
        return bytes(self._pdf.output())

    def _draw_symbol(self, text: str, placed: Placed) -> None:
        """All dark modules as one path: drawn one by one, they would leave light seams between them."""
        from fpdf.drawing import PaintedPath  # noqa: PLC0415  part of an extra
        from fpdf.drawing_primitives import gray8  # noqa: PLC0415  as above

        path = PaintedPath()
        path.style.fill_color = gray8(0)
        path.style.stroke_color = None
        drawing = to_svg(text, level=placed.symbol.level)
        for run in _RUN.finditer(drawing[drawing.rindex("<path") :]):
            column, row, length = (int(run[name]) for name in ("x", "y", "length"))
            x, y = (at - QUIET_ZONE_MODULES * placed.module for at in (placed.x, placed.y))
            path.rectangle(x + column * placed.module, y + row * placed.module, length * placed.module, placed.module)
        with self._pdf.drawing_context() as context:
            context.add_item(path)

    def write(self, line: Line, colour: str | None = None) -> None:
        """A line of text, black or grey unless it has a colour."""
        from fpdf.enums import TextMode  # noqa: PLC0415  part of an extra

        pdf = self._pdf
        ink = colour if colour is not None else _FAINT if line.is_faint else 0
        pdf.set_text_color(ink)
        pdf.set_draw_color(ink)
        is_thickened = line.is_bold and bool(self._family_of)
        with pdf.local_context(
            text_mode=TextMode.FILL_STROKE if is_thickened else TextMode.FILL,
            line_width=line.size * MM_PER_POINT * _STROKE,
        ):
            x = line.x
            for family, run in groupby(line.text, lambda character: self._family_of.get(character, _CORE)):
                text = "".join(run)
                self._set_font(family, line.size, is_bold=line.is_bold)
                pdf.text(x, line.y, text)
                x += self.measure(text, line.size, line.is_bold)

    def _set_font(self, family: str, size: float, *, is_bold: bool) -> None:
        self._pdf.set_font(family, "B" if is_bold and family == _CORE else "", size)


def _new(paper: Paper) -> FPDF:
    from fpdf import FPDF  # noqa: PLC0415  part of an extra

    pdf = FPDF(unit="mm", format=(paper.width, paper.height))
    pdf.set_margin(0)
    pdf.set_auto_page_break(auto=False)
    pdf.add_page()
    return pdf
