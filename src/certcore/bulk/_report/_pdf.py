"""The report for people as PDF: the same words as the HTML page, on A4. It needs the ``print`` extra, and fonts.

A character that no font here has becomes an escape, so a strange claim number cannot stop the report. If no font has
the report's own words, there is no PDF.
"""

from __future__ import annotations

import base64
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import suppress
from datetime import datetime
from functools import lru_cache
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import attrs

from certcore.bulk import _report
from certcore.bulk._report import COLOURS, Claim, Kind, Record, Summary, kind_of, shown
from certcore.errors import IssuingError
from certcore.printing import _fonts
from certcore.printing._layout import MM_PER_POINT, PAPERS, Line, wrapped

if TYPE_CHECKING:
    from certcore.printing._pdf import Canvas

MOST_CLAIMS: Final = 1000
"""Claims that are shown one by one: the whole document is in memory while it is made. Tables hold all."""

_PAPER: Final = PAPERS["A4"]
_MARGIN: Final = 14.0
_WIDTH: Final = _PAPER.width - 2 * _MARGIN
_BOTTOM: Final = _PAPER.height - 16.0
_PICTURE: Final = 44.0
"""Millimetres of the column with the picture."""

_GAP: Final = 5.0
_LABEL: Final = 34.0
"""Millimetres of the column with labels."""

_CODE: Final = 52.0
"""Millimetres of the column with codes."""

_SIZE: Final = 8.0
_LEADING: Final = 1.3
_MOST_LINES: Final = 3
"""Of a value below the picture."""

_HEADER: Final = 16.0
"""Millimetres of a claim's title, with what stands between it and the document."""

_LAST_LATIN_1: Final = "\xff"
_OUTLINE: Final = "#d1242f"


@attrs.frozen(kw_only=True)
class _Text:
    """A line, not yet placed: how far in it begins, and how it looks."""

    text: str
    indent: float = 0
    size: float = _SIZE
    is_bold: bool = False
    is_faint: bool = False
    above: float = 0
    is_beside: bool = False
    """In the row of the line before it."""
    link: str | None = None
    """Where it leads: an address, or nothing for what the codes mean; None for nowhere."""


def write(path: Path, summary: Summary, records: Callable[[], Iterable[Record]], kind: Kind) -> None:
    """Write the report; nothing where it cannot be made here."""
    with suppress(IssuingError):
        path.write_bytes(document(summary, records, kind))


def document(summary: Summary, records: Callable[[], Iterable[Record]], kind: Kind) -> bytes:
    """The report.

    Raises:
        IssuingError: ``library-missing`` without the ``print`` extra; ``font-missing``.
    """
    _fonts.require_libraries()
    characters = _characters(_all_texts(summary, records(), kind))
    wanted = frozenset(character for character in characters if character > _LAST_LATIN_1)
    fonts = _fonts.choose_most(wanted, lang=kind.lang) if wanted else {}
    drawn = frozenset[str]().union(*fonts.values())
    missing = {one for one in _characters(kind.words.values()) if one > _LAST_LATIN_1 and one not in drawn}
    if missing:
        raise IssuingError("font-missing", f"The fonts of this machine do not have the report's words: {_fonts.ADVICE}")
    from certcore.printing._pdf import Canvas  # noqa: PLC0415  only a PDF needs it

    pages = _Pages(Canvas(_PAPER, fonts), characters - wanted | drawn, kind)
    pages.head(summary)
    for claim in islice(_report.claims(records()), MOST_CLAIMS):
        pages.claim(claim)
    pages.rest(summary.claims.total() - MOST_CLAIMS)
    pages.explain()
    at = None if summary.judged_at is None else datetime.fromisoformat(summary.judged_at)
    return pages.canvas.output(title=kind.words["title"], lang=kind.lang, at=at)


def _all_texts(summary: Summary, records: Iterable[Record], kind: Kind) -> Iterator[str]:
    """Every text of the report."""
    words = kind.words
    yield from words.values()
    yield "0123456789–…"
    yield from (line for line, _ in _report.reasons(summary, kind.lang))
    yield _report.facts(summary, kind)
    yield _report.codes_note(words)
    codes: set[str] = set()
    for claim in islice(_report.claims(records), MOST_CLAIMS):
        for record in claim.records:
            yield from _texts_of(record, words)
            codes.update(record["codes"])
    yield from (one.words for one in _report.explained(codes, kind.lang))


def _texts_of(record: Record, words: Mapping[str, str]) -> Iterator[str]:
    yield from (shown(record["claim"]), shown(record["document"]), shown(record.get("headline") or ""))
    yield from _report.told(record, words)
    yield from (_codes(record), *_report.foot(record, words))
    for _, rows in _report.sections(record, words):
        for row in rows:
            yield from [row] if isinstance(row, str) else row


def _codes(record: Record) -> str:
    return shown(", ".join(record["codes"])) + _report.detail(record)


def _characters(texts: Iterable[str]) -> frozenset[str]:
    return frozenset[str]().union(*texts)


class _Pages:
    """The pages, and how far down the last one is filled."""

    def __init__(self, canvas: Canvas, drawable: frozenset[str], kind: Kind) -> None:
        self.canvas = canvas
        self._drawable = drawable
        self._kind = kind
        self._lines = lru_cache(maxsize=4096)(self._broken)  # most claims are told in the same words
        self._y = _MARGIN
        self._number = 1
        self._codes: set[str] = set()
        self._foot()

    def head(self, summary: Summary) -> None:
        """The title, the counts, the plots, and how to read them."""
        words, lang = self._kind.words, self._kind.lang
        self._put(self._wrap(words["title"], _WIDTH, size=18, is_bold=True))
        self._put(self._wrap(_report.facts(summary, self._kind), _WIDTH, is_faint=True))
        found = _report.counted(summary)
        self._title(words["by outcome"])
        self._bars([(words[name], count, COLOURS[name]) for name, count in found])
        self._title(words["by reason"])
        self._bars([(line, count, _report.REASON_COLOUR) for line, count in _report.reasons(summary, lang)])
        self._title(words["how"])
        for name, _ in found:
            self._put(self._pair(words[name], words["how " + name], _WIDTH))
        self._y += 2
        for note in _report.notes(self._kind):
            self._put(self._wrap(note, _WIDTH, is_faint=True, above=1))
        self._title(words["claims"])

    def claim(self, claim: Claim) -> None:
        """A claim with its documents."""
        words, main = self._kind.words, claim.deciding
        line = _report.several(claim, words)
        for place, record in enumerate(claim.records):
            left, lines = self._columns(record, words)
            self._reserve(max(_height(lines), _picture_height(record) + _height(left)) + _HEADER)
            if place == 0:
                self._headed(shown(main["claim"] or "–"), kind_of(main), 11)
                self._put([] if line is None else self._wrap(line, _WIDTH, is_faint=True))
            if line is not None:
                self._headed(shown(record["document"] or str(place + 1)), kind_of(record), _SIZE)
            self._document(record, left, lines)

    def rest(self, count: int) -> None:
        """How many claims are not here."""
        if count > 0:
            self._put(self._wrap(self._kind.words["more"].format(count=count), _WIDTH, above=4))

    def explain(self) -> None:
        """What the codes of these claims mean; their lines lead here, and from here to the documentation."""
        words = self._kind.words
        if not self._codes:
            return
        self._title(words["codes"])
        self.canvas.end_links(self._y - 10)
        self._put(self._wrap(_report.codes_note(words), _WIDTH, is_faint=True))
        for one in _report.explained(self._codes, self._kind.lang):
            lines = self._pair(one.code, one.words, _WIDTH, _CODE)
            self._reserve(_height(lines) + 1)
            self._y += 1
            self._put([attrs.evolve(line, link=one.url) if line.text == one.code else line for line in lines])

    def _columns(self, record: Record, words: Mapping[str, str]) -> tuple[list[_Text], list[_Text]]:
        """What is said of a document: the question, if it is short, below its picture, and all else beside it."""
        width = _WIDTH - _PICTURE - _GAP
        left: list[_Text] = []
        lines = self._wrap(shown(record.get("headline") or ""), width, is_bold=True)
        for told in _report.told(record, words):
            lines += self._item(told, width)
        for title, rows in _report.sections(record, words):
            if title == words["question"] and record["as_of"] is not None:
                left = self._below(title, rows)
                continue
            lines += self._wrap(title, width, is_bold=True, above=1.5)
            for row in rows:
                lines += self._item(row, width) if isinstance(row, str) else self._pair(row[0], row[1], width)
        self._codes.update(record["codes"])
        lines += self._wrap(_codes(record), width, size=7, is_faint=True, above=0.5, link="")
        for told in _report.foot(record, words):
            lines += self._wrap(told, width, size=7, is_faint=True, above=0.5)
        return left, lines

    def _below(self, title: str, rows: Iterable[_report.Row]) -> list[_Text]:
        """The question as it stands below the picture; a long value of it is cut, and whole in the tables."""
        lines = self._wrap(title, _PICTURE, is_bold=True, above=1.5)
        for label, value in (row for row in rows if not isinstance(row, str)):
            lines += self._wrap(label, _PICTURE, size=7, is_faint=True)
            lines += self._wrap(value, _PICTURE)[:_MOST_LINES]
        return lines

    def _document(self, record: Record, left: list[_Text], lines: list[_Text]) -> None:
        end, number = self._y + _picture_height(record), self._number
        if record.get("thumbnail"):
            self._picture(record["thumbnail"])
        for line in left:
            end += line.above
            self._write(line, end)
            end += line.size * MM_PER_POINT * _LEADING
        self._put(lines, _PICTURE + _GAP)
        if self._number == number:
            self._y = max(self._y, end)
        self._y += 2

    def _picture(self, seen: Mapping[str, Any]) -> None:
        width, height = seen["size"]
        scale, x, y = _PICTURE / width, _MARGIN, self._y
        self.canvas.show(base64.b64decode(seen["jpeg"]), (x, y, _PICTURE, height * scale))
        for outline in seen["outlines"]:
            self.canvas.outline([(x + at * scale, y + down * scale) for at, down in outline], 0.5, _OUTLINE)

    def _headed(self, text: str, kind: str, size: float) -> None:
        """A title with an outcome behind it; what follows it is on the same page."""
        self._y += 3
        tag = self._kind.words[kind]
        width = self.canvas.measure(tag, _SIZE, True) + 4  # noqa: FBT003  the form of `Measure`
        lines = self._wrap(text, _WIDTH - width - 3, size=size, is_bold=True)
        self.canvas.fill((_MARGIN + _WIDTH - width, self._y, width, 5), COLOURS[kind])
        label = _Text(text=tag, indent=_WIDTH - width + 2, is_bold=True)
        self._write(label, self._y + 0.5, "#ffffff")
        if size > _SIZE:
            self.canvas.fill((_MARGIN, self._y - 1.5, _WIDTH, 0.4), COLOURS[kind])
        top = self._y
        self._put(lines)
        self._y = max(self._y, top + 5) + 1

    def _title(self, text: str) -> None:
        self._reserve(24)
        self._put(self._wrap(text, _WIDTH, size=11, is_bold=True, above=4))
        self._y += 1

    def _bars(self, rows: Iterable[tuple[str, int, str]]) -> None:
        found = list(rows)
        most = max((count for _, count, _ in found), default=0) or 1
        for label, count, colour in found:
            lines = self._wrap(label, _WIDTH)
            self._reserve(_height(lines) + 5)
            self._put(lines)
            length = max(0.8 * _WIDTH * count / most, 0.3)
            self.canvas.fill((_MARGIN, self._y + 0.6, length, 2.6), colour)
            self._write(_Text(text=str(count), indent=length + 2, is_bold=True), self._y)
            self._y += 4.6

    def _wrap(self, text: str, width: float, **look: Any) -> list[_Text]:  # noqa: ANN401  of `_Text`
        """A text in lines, the first of which has its space above."""
        above = look.pop("above", 0)
        lines = self._lines(text, width, look.get("size", _SIZE), look.get("is_bold", False))
        return [_Text(text=line, above=above if place == 0 else 0, **look) for place, line in enumerate(lines)]

    def _broken(self, text: str, width: float, size: float, is_bold: bool) -> list[str]:  # noqa: FBT001  as `Measure`
        drawn = "".join(one if one in self._drawable else f"\\u{ord(one):04x}" for one in text)
        return wrapped(drawn, width, lambda part: self.canvas.measure(part, size, is_bold))

    def _item(self, text: str, width: float) -> list[_Text]:
        return [_Text(text="·"), *_beside(self._wrap(text, width - 3, indent=3))]

    def _pair(self, label: str, value: str, width: float, column: float = _LABEL) -> list[_Text]:
        """A label with its value beside it; the longer of both makes the row's height."""
        left = self._wrap(label, column - 2, is_faint=True) or [_Text(text="")]
        right = self._wrap(value, width - column, indent=column)
        lines: list[_Text] = []
        for place in range(max(len(left), len(right))):
            lines += left[place : place + 1] or [_Text(text="")]
            lines += _beside(right[place : place + 1])
        return lines

    def _put(self, lines: Iterable[_Text], indent: float = 0) -> None:
        """Lines below what is there, on further pages where they do not fit."""
        last = 0.0
        for line in lines:
            if line.is_beside:
                self._write(attrs.evolve(line, indent=line.indent + indent), self._y - last)
                continue
            last = line.size * MM_PER_POINT * _LEADING
            self._y += line.above
            self._reserve(last)
            self._write(attrs.evolve(line, indent=line.indent + indent), self._y)
            self._y += last

    def _write(self, line: _Text, top: float, colour: str | None = None) -> None:
        look: dict[str, Any] = {"size": line.size, "is_bold": line.is_bold, "is_faint": line.is_faint}
        y = top + line.size * MM_PER_POINT * 1.05
        x = _MARGIN + line.indent
        self.canvas.write(Line(x=x, y=y, text=line.text, top=top, width=0, **look), colour)
        if line.link is not None and line.text:
            width = self.canvas.measure(line.text, line.size, line.is_bold)
            self.canvas.link((x, top, width, line.size * MM_PER_POINT * _LEADING), line.link)

    def _reserve(self, height: float) -> None:
        """Turn the page where so much does not fit on it any more, unless it fits on none."""
        if self._y + min(height, _BOTTOM - _MARGIN) > _BOTTOM and self._y > _MARGIN:
            self.canvas.turn()
            self._y = _MARGIN
            self._number += 1
            self._foot()

    def _foot(self) -> None:
        text = f"{self._kind.words['title']} · {self._kind.words['page']} {self._number}"
        self._write(_Text(text=text, size=7, is_faint=True), _PAPER.height - 11)


def _beside(lines: list[_Text]) -> list[_Text]:
    """The first line in the row of the one before, the others below it."""
    return [attrs.evolve(line, is_beside=place == 0) for place, line in enumerate(lines)]


def _height(lines: Iterable[_Text]) -> float:
    return sum(line.above + line.size * MM_PER_POINT * _LEADING for line in lines if not line.is_beside)


def _picture_height(record: Record) -> float:
    seen = record.get("thumbnail")
    return _PICTURE * float(seen["size"][1]) / float(seen["size"][0]) if seen else 0.0
