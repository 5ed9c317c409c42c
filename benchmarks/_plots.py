"""Bars as plain SVG: one panel for each table and unit, the spread as a thin line."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from typing import Final

from benchmarks._measure import Figure
from benchmarks._results import number, tables

WIDTH: Final = 960
LABELS: Final = 430
BAR: Final = 16
GAP: Final = 10
TITLE: Final = 34
ROOM: Final = 130
COLOURS: Final = ("#1f77b4", "#e8871e", "#2a9d5c", "#b0413e", "#7b5ea7", "#6b6b6b")


def draw(name: str, figures: Sequence[Figure]) -> str:
    """A suite's picture."""
    parts, top = [], 8.0
    for title, those in _panels(figures).items():
        panel, height = _panel(f"{name}: {title}", those, top)
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


def _panels(figures: Sequence[Figure]) -> dict[str, list[Figure]]:
    """One for each table and unit, because bars of one panel share a scale; and for each column without a unit."""
    found: dict[str, list[Figure]] = {}
    for title, those in tables(figures).items():
        for one in those:
            # where rows have units of their own, these stand behind their last comma
            unit = one.unit or (one.row.rpartition(", ")[2] if one.column == "figure" else one.column)
            if one.rounds:
                found.setdefault(f"{title}: {unit}", []).append(one)
    return found


def _panel(title: str, figures: list[Figure], top: float) -> tuple[str, float]:
    most = max((one.spread or (0, 0))[1] for one in figures) or 1
    columns = list(dict.fromkeys(one.column for one in figures))
    lines = [f'<text x="8" y="{top + 18}" class="title">{escape(title)}</text>']
    y, row = top + TITLE - GAP / 2, ""
    for one in figures:
        y += GAP / 2 if one.row != row and len(columns) > 1 else 0
        row = one.row
        label = one.row if len(columns) == 1 else f"{one.row}: {one.column}"
        colour = COLOURS[columns.index(one.column) % len(COLOURS)]
        lines.append(_bar(one, label, y, (WIDTH - LABELS - ROOM) / most, colour))
        y += BAR + 2
    return "\n".join(lines), y - top + GAP


def _bar(one: Figure, label: str, y: float, scale: float, colour: str) -> str:
    value, (low, high) = one.median or 0, one.spread or (0, 0)
    middle, base = y + BAR / 2, y + BAR - 4
    end = LABELS + max(value, high) * scale + 6
    return (
        f'<text x="{LABELS - 6}" y="{base}" text-anchor="end">{escape(_short(label))}</text>'
        f'<rect x="{LABELS}" y="{y}" width="{max(1, value * scale):.1f}" height="{BAR}" fill="{colour}"/>'
        f'<path d="M{LABELS + low * scale:.1f} {middle}H{LABELS + high * scale:.1f}" stroke="#000"/>'
        f'<text x="{end:.1f}" y="{base}" class="value">{number(value)}</text>'
    )


def _short(text: str, most: int = 60) -> str:
    return text if len(text) <= most else text[: most - 1] + "…"
