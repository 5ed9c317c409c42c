"""The report for people as one HTML file, ready to print: it loads nothing and has no script.

It is written claim by claim, in parts. All text that is not written here passes `_text`, which escapes it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from html import escape as _text
from itertools import islice
from typing import Any, Final

from certcore.bulk import _report
from certcore.bulk._report import COLOURS, Claim, Kind, Record, Row, Summary, kind_of, shown
from certcore.reasons import REASONS

MOST_CLAIMS: Final = 3000
"""Claims that are shown one by one: a browser opens no more of them in good time. Tables hold all."""

_STYLE: Final = """
*{box-sizing:border-box}
body{margin:0 auto;max-width:64rem;padding:1.5rem;color:#1f2328;background:#fff;line-height:1.5;
font-family:"Noto Sans","Noto Sans CJK SC","Noto Sans SC","PingFang SC","Microsoft YaHei",Arial,sans-serif}
h1{margin:0 0 .3rem;font-size:1.7rem}h2{font-size:1.15rem;margin:1.8rem 0 .6rem;break-after:avoid}
h3{font-size:.9rem;margin:.7rem 0 .2rem;break-after:avoid}
p{margin:.2rem 0}.quiet{color:#57606a;font-size:.88rem}
.cards{display:flex;flex-wrap:wrap;gap:.6rem;margin:1rem 0}
.card{border:1px solid #d0d7de;border-top:4px solid;border-radius:6px;padding:.5rem .9rem;min-width:7.5rem}
.card b{display:block;font-size:1.6rem;line-height:1.2}
.bar{margin:.45rem 0;font-size:.88rem;break-inside:avoid}.bar div{display:flex;align-items:center;gap:.5rem}
.bar i{height:.75rem;border-radius:2px}
table{border-collapse:collapse;width:100%;font-size:.88rem}
td,th{text-align:left;padding:.25rem .5rem;border-bottom:1px solid #d8dee4;vertical-align:top}
article{border:1px solid #d0d7de;border-left:6px solid;border-radius:6px;padding:.8rem 1rem;margin:1rem 0;
break-inside:avoid;content-visibility:auto;contain-intrinsic-size:auto 34rem}
header{display:flex;justify-content:space-between;gap:1rem;flex-wrap:wrap}
header h2{margin:0;font-size:1.1rem;overflow-wrap:anywhere}header h3{margin:0;overflow-wrap:anywhere}
.tag{color:#fff;border-radius:4px;padding:.1rem .6rem;font-weight:600;align-self:flex-start}
section{margin-top:.6rem}section+section{border-top:1px solid #d8dee4;padding-top:.6rem}
.body{display:grid;grid-template-columns:minmax(0,15rem) minmax(0,1fr);gap:1.2rem}
.picture svg{width:100%;height:auto;max-height:24rem;border:1px solid #d0d7de;background:#f6f8fa}
.none{border:1px dashed #d0d7de;color:#57606a;text-align:center;padding:3rem .5rem;font-size:.85rem}
ul{margin:.1rem 0;padding-left:1.2rem;font-size:.92rem;overflow-wrap:anywhere}
dl{display:grid;grid-template-columns:minmax(7rem,max-content) minmax(0,1fr);gap:.1rem .8rem;margin:.2rem 0;
font-size:.92rem}
a{color:inherit}dt{color:#57606a}dd{margin:0;overflow-wrap:anywhere}
.small{font-size:.82rem;overflow-wrap:anywhere}
@media(max-width:40rem){body{padding:.8rem}.body{grid-template-columns:1fr}dl{grid-template-columns:1fr;gap:0}
dd{margin-bottom:.3rem}.picture svg{max-height:16rem}}
@media print{html{font-size:11.5px}body{max-width:none;padding:0}article{content-visibility:visible}
.tag,.card,article,.bar,svg{print-color-adjust:exact;-webkit-print-color-adjust:exact}}
"""


def html(summary: Summary, records: Iterable[Record], kind: Kind) -> Iterator[str]:
    """The report, part by part."""
    words = kind.words
    yield f'<!doctype html><html lang="{words["lang"]}"><meta charset="utf-8">'
    yield '<meta name="viewport" content="width=device-width"><meta name="referrer" content="no-referrer">'
    yield '<meta http-equiv="Content-Security-Policy" content="default-src \'none\'; '
    yield "img-src data:; style-src 'unsafe-inline'\">"
    yield f"<title>{words['title']}</title><style>{_STYLE}</style><body>"
    yield from _head(summary, kind)
    yield f"<h2>{words['claims']}</h2>"
    codes: set[str] = set()
    for claim in islice(_report.claims(records), MOST_CLAIMS):
        yield from _article(claim, words)
        codes.update(*(record["codes"] for record in claim.records))
    left = summary.claims.total() - MOST_CLAIMS
    if left > 0:
        yield f"<p>{words['more'].format(count=left)}</p>"
    yield from _explained(codes, kind)
    yield "</body></html>\n"


def _head(summary: Summary, kind: Kind) -> Iterator[str]:
    words = kind.words
    found = _report.counted(summary)
    yield f"<h1>{words['title']}</h1>"
    yield f'<p class="quiet">{_text(shown(_report.facts(summary, kind)))}</p><div class="cards">'
    for name, count in found:
        yield f'<div class="card" style="border-top-color:{COLOURS[name]}"><b>{count}</b>{words[name]}</div>'
    yield f"</div><h2>{words['by outcome']}</h2>"
    yield _bars([(words[name], count, COLOURS[name]) for name, count in found])
    yield f"<h2>{words['by reason']}</h2>"
    yield _bars([(line, count, _report.REASON_COLOUR) for line, count in _report.reasons(summary, kind.lang)])
    yield f"<h2>{words['how']}</h2><table>"
    for name, _ in found:
        yield f'<tr><th style="color:{COLOURS[name]}">{words[name]}<td>{words["how " + name]}'
    yield f'</table><p class="quiet">{_text(" ".join(_report.notes(kind)))}</p>'


def _bars(rows: Sequence[tuple[str, int, str]]) -> str:
    """Horizontal bars, each with its words above it and its number behind it."""
    most = max((count for _, count, _ in rows), default=0) or 1
    return "".join(
        f'<div class="bar">{_text(shown(label))}<div>'
        f'<i style="width:{max(80 * count / most, 0.2):.1f}%;background:{colour}"></i><b>{count}</b></div></div>'
        for label, count, colour in rows
    )


def _article(claim: Claim, words: Mapping[str, str]) -> Iterator[str]:
    main = claim.deciding
    kind = kind_of(main)
    yield f'<article style="border-left-color:{COLOURS[kind]}"><header><h2>{_text(shown(main["claim"] or "–"))}</h2>'
    yield f"{_tag(kind, words)}</header>"
    line = _report.several(claim, words)
    if line is not None:
        yield f'<p class="quiet">{_text(line)}</p>'
    for record in claim.records:
        yield "<section>"
        if line is not None:
            yield f"<header><h3>{_text(shown(record['document'] or '–'))}</h3>{_tag(kind_of(record), words)}</header>"
        yield from _document(record, words)
        yield "</section>"
    yield "</article>"


def _document(record: Record, words: Mapping[str, str]) -> Iterator[str]:
    yield f'<div class="body"><div class="picture">{_picture(record.get("thumbnail"), words)}</div><div>'
    if headline := record.get("headline"):
        yield f"<p><b>{_text(shown(headline))}</b></p>"
    yield _rows(_report.told(record, words))
    for title, rows in _report.sections(record, words):
        yield f"<h3>{title}</h3>{_rows(rows)}"
    codes = ", ".join(map(_link, record["codes"])) + _text(_report.detail(record))
    yield f'<p class="quiet small">{"<br>".join([codes, *map(_text, _report.foot(record, words))])}</p></div></div>'


def _explained(codes: Iterable[str], kind: Kind) -> Iterator[str]:
    """What the codes mean, on the page itself: whoever reads it may have no network, and this no address."""
    found = _report.explained(codes, kind.lang)
    if found:
        yield f'<h2>{kind.words["codes"]}</h2><p class="quiet">{_text(_report.codes_note(kind.words))}</p><dl>'
        yield from (f'<dt id="{one.code}"><a href={one.url}>{one.code}</a><dd>{_text(one.words)}' for one in found)
        yield "</dl>"


def _link(code: str) -> str:
    """A code, and the way to its words on this page; a link loads nothing."""
    return f"<a href=#{code}>{code}</a>" if code in REASONS else _text(shown(code))


def _tag(kind: str, words: Mapping[str, str]) -> str:
    return f'<span class="tag" style="background:{COLOURS[kind]}">{words[kind]}</span>'


def _picture(found: Mapping[str, Any] | None, words: Mapping[str, str]) -> str:
    """The picture, and its symbols outlined."""
    if not found:
        return f'<div class="none">{words["no picture"]}</div>'
    width, height = (int(side) for side in found["size"])
    drawn = "".join(
        f'<polygon points="{" ".join(f"{float(x)},{float(y)}" for x, y in outline)}" fill="none" stroke="#d1242f"'
        f' stroke-width="{max(width, height) / 90:.1f}"/>'
        for outline in found["outlines"]
    )
    image = f'<image width="{width}" height="{height}" href="data:image/jpeg;base64,{_text(found["jpeg"])}"/>'
    return f'<svg viewBox="0 0 {width} {height}">{image}{drawn}</svg>'


def _rows(rows: Iterable[Row]) -> str:
    """Lines as a list, labels and values side by side."""
    lines, pairs = "", ""
    for row in rows:
        if isinstance(row, str):
            lines += f"<li>{_text(row)}"
        else:
            pairs += f"<dt>{_text(row[0])}<dd>{_text(row[1])}"
    return (f"<dl>{pairs}</dl>" if pairs else "") + (f"<ul>{lines}</ul>" if lines else "")
