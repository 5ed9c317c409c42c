"""A printed page as HTML: one file, nothing loaded from anywhere, no script, the QR symbol as inline SVG.

`_content` gives the text, `_layout` the size of symbol and type. A browser has its own fonts, whose widths are only
guessed here. The browser breaks the lines, so nothing is cut off or overlaps; with a very wide font a full page may
need a second one.
"""

from __future__ import annotations

import re
import unicodedata
from html import escape
from typing import Final

from certcore.printing._content import LANGUAGE_TAGS, Cell, Content
from certcore.printing._layout import HAIRLINE, LEADING, MM_PER_POINT, Paper, Placed, fold_marks
from certcore.qr._write import QUIET_ZONE_MODULES, to_svg

FONTS: Final = {
    "zh": '"Noto Sans CJK SC","Noto Sans SC","Source Han Sans SC","PingFang SC","Hiragino Sans GB","Microsoft YaHei",'
    '"WenQuanYi Micro Hei","Droid Sans Fallback",sans-serif',
    "en": '"Noto Sans","Helvetica Neue",Arial,"Liberation Sans","DejaVu Sans","Noto Sans CJK SC","PingFang SC",'
    '"Microsoft YaHei","WenQuanYi Micro Hei",sans-serif',
}
"""Which of the viewer's fonts are asked for, in order."""

_FULL: Final = 1.0
"""A Chinese character's width, in sizes of its type."""

_NARROW: Final = ((str.isupper, 0.68), (str.isdigit, 0.58), (str.isalpha, 0.54))
_NARROWEST: Final = 0.38
"""What other letters, digits, and then punctuation are guessed to have: somewhat more than Arial's."""

_BOLD: Final = 1.06
_BELOW: Final = 0.32
"""From a headline's baseline down to where its line ends, in sizes of its type."""

_SIZE: Final = re.compile(r'width="[^"]*" height="[^"]*"')

_STYLE: Final = """
@page{{size:{width}mm {height}mm;margin:0}}
*{{box-sizing:border-box}}
html{{background:#ddd}}
body{{margin:0;color:#000;font-family:{fonts};line-height:{leading}}}
main{{position:relative;background:#fff;width:{width}mm;min-height:{height}mm;margin:0 auto;padding:{margin}mm;\
overflow-wrap:anywhere}}
.sheet{{display:flex;flex-direction:column;gap:{gap}mm;min-height:{filled}mm}}
h1{{font-size:{title}pt;line-height:1.5;margin:0 0 {gap}mm;border-bottom:.2mm solid}}
h2{{font-size:{note}pt;margin:0}}
p{{font-size:{note}pt;margin:0 0 {gap}mm}}
dl{{margin:0;display:grid;gap:{gap}mm {gutter}mm;align-content:start}}
dl>div{{break-inside:avoid;min-width:0}}
dt{{font-size:{label}pt;color:#464646}}
dd{{font-size:{value}pt;margin:0}}
.top{{display:flex;justify-content:{justify}}}
.beside{{flex:1;min-width:0}}
.few{{grid-template-columns:repeat({few},minmax(0,1fr))}}
.rest{{margin-bottom:{gap}mm;grid-template-columns:repeat({columns},minmax(0,1fr))}}
.wide{{grid-column:1/-1}}
.head{{display:flex;flex-wrap:wrap;gap:{gap}mm {apart}mm;margin-bottom:{gap}mm}}
.head>div{{display:flex;flex-direction:column;justify-content:space-between}}
.head dd{{font-size:{plate}pt;font-weight:bold;line-height:1.2;margin-bottom:{rise}pt}}
.head .claim dd{{font-size:{claim}pt;margin-bottom:0}}
svg{{display:block;flex:none;width:{symbol}mm;height:{symbol}mm;margin:{above}mm {right}mm 0 0}}
.notes{{border-top:.2mm solid;padding-top:{gap}mm;margin-top:auto;break-inside:avoid}}
.notes .caution{{border:.2mm solid;padding:{gap}mm;font-weight:bold;margin:0}}
i{{position:absolute;background:#000}}
@media print{{html{{background:none}}}}
"""


def measure(text: str, size: float, is_bold: bool) -> float:  # noqa: FBT001  the form of `Measure`
    """About how wide a text is in the viewer's font, in millimetres; more often too much than too little."""
    return sum(map(_guess_width, text)) * size * MM_PER_POINT * (_BOLD if is_bold else 1)


def _guess_width(character: str) -> float:
    if unicodedata.east_asian_width(character) in {"W", "F", "A"}:
        return _FULL
    return next((width for is_such, width in _NARROW if is_such(character)), _NARROWEST)


def document(text: str, content: Content, paper: Paper, placed: Placed) -> str:
    """The page."""
    beside, rest = content.cells[: placed.beside], content.cells[placed.beside :]
    head = (
        f'<h1>{escape(content.title)}</h1><dl class="head">{_cell(content.claim, "claim")}{_cell(content.plate)}</dl>'
    )
    first = f'<dl class="few">{_cells(beside, placed, 0)}</dl>'
    if not paper.is_headline_above:
        head, first = "", f"{head}{first}"
    column = f'<div class="beside">{first}</div>' if placed.is_beside else ""
    policy = "default-src 'none'; style-src 'unsafe-inline'"
    return (
        f'<!doctype html>\n<html lang="{LANGUAGE_TAGS[content.lang]}">\n<head>\n<meta charset="utf-8">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{policy}">\n'
        '<meta name="viewport" content="width=device-width">\n'
        f"<title>{escape(content.title)}</title>\n<style>{_style(content, paper, placed)}</style>\n</head>\n"
        f'<body>\n<main>{_fold_marks(paper)}<div class="sheet">\n{head}\n'
        f'<div class="top">{column}{_drawing(text, placed)}</div>\n'
        f'<dl class="rest">{_cells(rest, placed, placed.beside)}</dl>\n'
        f'<section class="notes"><h2>{escape(content.how_title)}</h2><p>{escape(content.how)}</p>'
        f'<p class="caution">{escape(content.caution)}</p></section>\n</div></main>\n</body>\n</html>\n'
    )


def _cells(cells: tuple[Cell, ...], placed: Placed, first: int) -> str:
    return "".join(_cell(cell, "wide" if at in placed.wide else "") for at, cell in enumerate(cells, start=first))


def _cell(cell: Cell, kind: str = "") -> str:
    """A label and its value. The value stands apart from its surroundings, whichever way its script runs."""
    opening = f'<div class="{kind}">' if kind else "<div>"
    return f"{opening}<dt>{escape(cell.label)}</dt><dd><bdi>{escape(cell.value)}</bdi></dd></div>"


def _drawing(text: str, placed: Placed) -> str:
    """The symbol; how large it is says the style."""
    return _SIZE.sub("", to_svg(text, level=placed.symbol.level), count=1).rstrip()


def _style(content: Content, paper: Paper, placed: Placed) -> str:
    quiet = QUIET_ZONE_MODULES * placed.module
    lengths = {
        "width": paper.width,
        "height": paper.height,
        "margin": paper.margin,
        "filled": paper.notes_end - paper.margin,
        "gutter": paper.gutter,
        "apart": 1.5 * paper.gutter,
        "rise": (paper.claim - paper.plate) * placed.scale * _BELOW,
        "gap": paper.value * placed.scale * MM_PER_POINT * 0.45,
        "symbol": placed.symbol.modules * placed.module + 2 * quiet,
        "above": 0.0 if paper.is_headline_above else -quiet,
        "right": -quiet if placed.is_beside else 0.0,
        **{name: getattr(paper, name) * placed.scale for name in ("title", "claim", "plate", "label", "value", "note")},
    }
    return _STYLE.format(
        fonts=FONTS[content.lang],
        leading=LEADING,
        columns=paper.columns,
        few=placed.columns_beside,
        justify="space-between" if placed.is_beside else "center",
        **{name: f"{length:.3f}".rstrip("0").rstrip(".") for name, length in lengths.items()},
    )


def _fold_marks(paper: Paper) -> str:
    return "".join(_mark(*mark) for mark in fold_marks(paper))


def _mark(x: float, y: float, to_x: float, to_y: float) -> str:
    style = f"left:{x:g}mm;top:{y:g}mm;width:{max(to_x - x, HAIRLINE):g}mm;height:{max(to_y - y, HAIRLINE):g}mm"
    return f'<i style="{style}"></i>'
