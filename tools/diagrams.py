#!/usr/bin/env python3
"""Draw the diagrams of the docs, docs/images: `python tools/diagrams.py`; `--check` says which are out of date.

Each is drawn from what it shows: the steps from the engine's own list, the floors from the test that holds the modules
to them, the bytes from a certificate.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Iterable, Mapping
from html import escape
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "src")]

from certcore import cose, payload
from certcore.engine import certificate as procedure
from tests.test_architecture import FLOORS
from tools.tables import CHINESE, walk_lines, walk_signer

IMAGES: Final = ROOT / "docs" / "images"

INK: Final = "#1f2933"
SOFT: Final = "#52606d"
PAPER: Final = "#ffffff"
BLUE, GREEN, AMBER, RED, GREY = "#dbeafe", "#d1fae5", "#fef3c7", "#fee2e2", "#e4e7eb"
MONO: Final = "ui-monospace, Menlo, Consolas, monospace"

_TIP: Final = f'orient="auto"><path d="M0 0 8 4 0 8z" fill="{SOFT}"/></marker>'
_STEP: Final = re.compile(r"^ +(?P<number>\d+)  (?P<words>.+)$")


def text(x: float, y: float, words: str, **style: str | float) -> str:
    """One line of words."""
    look = {"fill": INK, "font_size": 14, **style}
    attributes = "".join(f' {key.replace("_", "-")}="{value}"' for key, value in look.items())
    return f'<text x="{x:g}" y="{y:g}"{attributes}>{escape(words)}</text>'


def box(x: float, y: float, width: float, height: float, fill: str, *, radius: float = 6) -> str:
    """A filled rectangle."""
    return (
        f'<rect x="{x:g}" y="{y:g}" width="{width:g}" height="{height:g}" rx="{radius:g}" fill="{fill}" '
        f'stroke="{SOFT}" stroke-width="0.75"/>'
    )


def arrow(x: float, y: float, to_x: float, to_y: float) -> str:
    """A line with a head at its end."""
    ends = f'x1="{x:g}" y1="{y:g}" x2="{to_x:g}" y2="{to_y:g}"'
    return f'<line {ends} stroke="{SOFT}" stroke-width="1.5" marker-end="url(#head)"/>'


def drawing(title: str, width: float, height: float, parts: Iterable[str]) -> str:
    """A drawing on a sheet of its own, which is seen on a dark page as on a light one; its title is read aloud."""
    opening = (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width:g} {height:g}" width="{width:g}" role="img" '
        f'aria-label="{escape(title)}" font-family="system-ui, Arial, sans-serif">'
    )
    head = f'<marker id="head" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="8" markerHeight="8" {_TIP}'
    sheet = f'<rect width="{width:g}" height="{height:g}" rx="10" fill="{PAPER}"/>'
    return "\n".join([opening, f"<title>{escape(title)}</title>", f"<defs>{head}</defs>", sheet, *parts, "</svg>\n"])


# --- the flow of a verdict --------------------------------------------------------------------------------------------


def steps() -> dict[str, list[tuple[int, str]]]:
    """The steps of the procedure by their headings, as the engine lists them."""
    found: dict[str, list[tuple[int, str]]] = {}
    heading = ""
    for line in (procedure.__doc__ or "").splitlines():
        step = _STEP.match(line)
        if step is not None:
            found[heading].append((int(step["number"]), step["words"]))
        elif re.match(r"^ {4}\S", line):
            heading = line.strip().partition(" (")[0]
            found[heading] = []
    assert [*range(1, 15)] == [number for part in found.values() for number, _ in part]
    return found


def verdict_flow() -> str:
    """From a text to an outcome."""
    width, left, wide = 900, 40, 530
    parts = [
        box(left, 20, wide, 40, GREY),
        text(left + 14, 45, "the text of a code, a question, a trust list, a policy"),
    ]
    y = 60.0
    fills = (RED, BLUE, AMBER)
    beside = (
        ("a failing step ends it here:", "nothing is looked up, and", "no certificate is shown"),
        ("then the registers are asked,", "in what step 10 named, and", "only now"),
        ("the answers, as facts:", "what goes wrong with a", "register is never a pass"),
    )
    for (heading, listed), fill, notes in zip(steps().items(), fills, beside, strict=True):
        height = 34 + 22 * len(listed)
        parts += [arrow(left + wide / 2, y, left + wide / 2, y + 20), box(left, y + 20, wide, height, fill)]
        parts.append(text(left + 14, y + 41, heading, font_weight="bold"))
        for at, (number, words) in enumerate(listed):
            line = y + 62 + 22 * at
            parts += [
                text(left + 34, line, str(number), text_anchor="end", fill=SOFT),
                text(left + 44, line, words, font_size=13),
            ]
        middle = y + 20 + height / 2
        parts.append(
            f'<line x1="{left + wide}" y1="{middle:g}" x2="{left + wide + 24}" y2="{middle:g}" stroke="{SOFT}"/>'
        )
        parts += [
            text(left + wide + 32, middle - 14 + 19 * at, note, fill=SOFT, font_size=13)
            for at, note in enumerate(notes)
        ]
        y += 20 + height
    outcomes = (
        (RED, "INVALID", "a reason fails"),
        (AMBER, "UNDETERMINED", "none fails, one blocks"),
        (GREEN, "VALID", "all others only note"),
    )
    for at, (fill, name, why) in enumerate(outcomes):
        x = left + at * (wide + 290) / 3
        room = (wide + 290) / 3 - 20
        parts += [arrow(left + wide / 2, y, x + room / 2, y + 40), box(x, y + 42, room, 52, fill)]
        parts += [text(x + room / 2, y + 64, name, font_weight="bold", text_anchor="middle")]
        parts += [text(x + room / 2, y + 84, why, fill=SOFT, font_size=13, text_anchor="middle")]
    return drawing("How a verdict is made, in fourteen steps", width, y + 114, parts)


# --- the layout -------------------------------------------------------------------------------------------------------


def layout() -> str:
    """The modules floor by floor, the ground at the bottom."""
    width, left, character, gap, tall = 900, 56, 7.3, 6, 26
    lines: list[tuple[str, list[str]]] = []
    for number, members in sorted(enumerate(FLOORS, start=1), reverse=True):
        row: list[str] = []
        label = str(number)
        for member in members:
            if row and left + sum(len(name) * character + 16 + gap for name in [*row, member]) > width - 20:
                lines.append((label, row))
                row, label = [], ""
            row.append(member)
        lines.append((label, row))
    parts = [text(20, 30, "A module imports from the floors below its own, never from those above", fill=SOFT)]
    y = 44.0
    for label, row in lines:
        if label:
            parts.append(text(left - 12, y + 18, label, text_anchor="end", fill=SOFT, font_size=12))
        x = float(left)
        for name in row:
            room = len(name) * character + 16
            is_private = any(part.startswith("_") for part in name.split("."))
            parts.append(box(x, y, room, tall - 4, GREY if is_private else BLUE))
            parts.append(text(x + room / 2, y + 15, name, text_anchor="middle", font_size=12, font_family=MONO))
            x += room + gap
        y += tall
    parts += [box(left, y + 10, 14, 14, BLUE), text(left + 20, y + 22, "public", fill=SOFT, font_size=12)]
    parts += [box(left + 90, y + 10, 14, 14, GREY), text(left + 110, y + 22, "private", fill=SOFT, font_size=12)]
    return drawing("The modules of certcore, floor by floor", width, y + 40, parts)


# --- a certificate, byte by byte --------------------------------------------------------------------------------------


def certificate_bytes() -> str:
    """Every byte of a certificate, coloured by the part of the envelope that it belongs to, with what it says."""
    data = cose.sign1(payload.encode(CHINESE), signer=walk_signer())
    lines = walk_lines(data)
    cell, left, columns = 27, 20, 16
    legend = left + columns * cell + 30
    parts = [
        text(left, 34, f"{len(data)} bytes", font_weight="bold"),
        text(legend, 34, "from byte", fill=SOFT, font_size=12),
    ]
    fills = {"1": AMBER, "3": BLUE, "4": GREEN}
    fill, at = GREY, 0
    for row, (hexadecimal, note) in enumerate(lines):
        if not hexadecimal.startswith(" "):
            fill = fills.get(note[0], GREY)
        found = bytes.fromhex(hexadecimal)
        parts += [
            box(legend + 56, 44 + row * 18, 12, 12, fill, radius=2),
            text(legend + 76, 55 + row * 18, note, font_size=12),
        ]
        parts.append(
            text(legend + 44, 55 + row * 18, str(at), text_anchor="end", fill=SOFT, font_size=12, font_family=MONO)
        )
        for byte in found:
            x, y = left + at % columns * cell, 44 + at // columns * cell
            parts += [box(x, y, cell - 2, cell - 2, fill, radius=2)]
            parts += [text(x + 12.5, y + 17, f"{byte:02x}", font_size=11, font_family=MONO, text_anchor="middle")]
            at += 1
    assert at == len(data)
    names = ((GREY, "the envelope"), (AMBER, "header"), (BLUE, "payload"), (GREEN, "signature"))
    y = 44 + -(-len(data) // columns) * cell + 24
    for column, (colour, name) in enumerate(names):
        parts += [
            box(left + column * 110, y, 12, 12, colour, radius=2),
            text(left + 18 + column * 110, y + 11, name, font_size=12),
        ]
    return drawing("A certificate, byte by byte", legend + 380, 60 + len(lines) * 18, parts)


DIAGRAMS: Final[Mapping[str, Callable[[], str]]] = {
    "verdict-flow.svg": verdict_flow,
    "layout.svg": layout,
    "certificate-bytes.svg": certificate_bytes,
}


def main(arguments: list[str]) -> int:
    """Draw them, or say which are out of date."""
    if arguments not in ([], ["--check"]):
        print("usage: tools/diagrams.py [--check]", file=sys.stderr)
        return 2
    made = {IMAGES / name: draw() for name, draw in DIAGRAMS.items()}
    old = [path for path, drawn in made.items() if not path.exists() or path.read_text("utf-8") != drawn]
    for path in old:
        if arguments:
            print(f"{path.relative_to(ROOT)}: out of date; run tools/diagrams.py", file=sys.stderr)
        else:
            path.write_text(made[path], "utf-8")
    return 1 if arguments and old else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
