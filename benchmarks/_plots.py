"""Bars as plain SVG: one panel for each table and unit, the spread as a thin line."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from html import escape
from typing import Final

from benchmarks._measure import Figure
from benchmarks._results import number, tables

WIDTH: Final = 900
LABELS: Final = 330
BAR: Final = 16
GAP: Final = 10
TITLE: Final = 34
ROOM: Final = 130
COLOURS: Final = ("#1f77b4", "#e8871e", "#2a9d5c", "#b0413e", "#7b5ea7", "#6b6b6b")


def draw(name: str, figures: Sequence[Figure]) -> str:
    """A suite's picture."""
    parts, top = [], 8.0
    for title, unit, those in _panels(figures):
        panel, height = _panel(f"{name}: {title}" + (f", {unit}" if unit else ""), those, top)
        parts.append(panel)
        top += height
    if not parts:
        parts.append(f'<text x="8" y="30" class="title">{escape(name)}: nothing was measured</text>')
        top = 50
    style = "text{font:12px sans-serif;fill:#222}.title{font-weight:bold;font-size:14px}.value{fill:#444}"
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{top:.0f}" viewBox="0 0 {WIDTH} {top:.0f}">\n'
        f'<style>{style}</style>\n<rect width="100%" height="100%" fill="#fff"/>\n' + "\n".join(parts) + "\n</svg>\n"
    )


def _panels(figures: Sequence[Figure]) -> Iterator[tuple[str, str, list[Figure]]]:
    for title, those in tables(figures).items():
        units = dict.fromkeys(one.unit for one in those if one.rounds)
        for unit in units:
            yield title, unit, [one for one in those if one.rounds and one.unit == unit]


def _panel(title: str, figures: list[Figure], top: float) -> tuple[str, float]:
    most = max((one.spread or (0, 0))[1] for one in figures) or 1
    columns = list(dict.fromkeys(one.column for one in figures))
    lines = [f'<text x="8" y="{top + 18}" class="title">{escape(title)}</text>']
    y, row = top + TITLE - GAP / 2, ""
    for one in figures:
        y += GAP / 2 if one.row != row else 0
        row = one.row
        lines.append(_bar(one, y, (WIDTH - LABELS - ROOM) / most, COLOURS[columns.index(one.column) % len(COLOURS)]))
        y += BAR + 2
    return "\n".join(lines), y - top + GAP


def _bar(one: Figure, y: float, scale: float, colour: str) -> str:
    value, (low, high) = one.median or 0, one.spread or (0, 0)
    middle, base = y + BAR / 2, y + BAR - 4
    label = one.row if one.row == one.column else f"{one.row}: {one.column}"
    end = LABELS + max(value, high) * scale + 6
    return (
        f'<text x="{LABELS - 6}" y="{base}" text-anchor="end">{escape(_short(label))}</text>'
        f'<rect x="{LABELS}" y="{y}" width="{max(1, value * scale):.1f}" height="{BAR}" fill="{colour}"/>'
        f'<path d="M{LABELS + low * scale:.1f} {middle}H{LABELS + high * scale:.1f}" stroke="#000"/>'
        f'<text x="{end:.1f}" y="{base}" class="value">{number(value)}</text>'
    )


def _short(text: str, most: int = 54) -> str:
    return text if len(text) <= most else text[: most - 1] + "…"
