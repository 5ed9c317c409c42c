"""Tables of the docs, written from the results, so that no figure is copied by hand.

A table stands between `<!-- measured: SUITE/TABLE -->` and `<!-- end -->`; `SUITE/machine` is what it was measured on.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Final

from benchmarks import _results
from benchmarks._results import ROOT, SuiteResult

_BLOCK: Final = re.compile(r"<!-- measured: (?P<name>[^\n]+?) -->\n(?P<body>.*?)<!-- end -->", re.DOTALL)


def pages() -> list[Path]:
    """Every page that may hold such a table."""
    return [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]


def renewed(text: str, results: dict[str, SuiteResult]) -> str:
    """The text with every table that the results have."""

    def block(match: re.Match[str]) -> str:
        body = _body(match["name"], results)
        return match[0] if body is None else f"<!-- measured: {match['name']} -->\n\n{body}\n<!-- end -->"

    return _BLOCK.sub(block, text)


def _body(name: str, results: dict[str, SuiteResult]) -> str | None:
    suite, _, title = name.partition("/")
    if suite not in results:
        return None
    result = results[suite]
    if title == "machine":
        return f"Measured on {_results.origin(result)}\n"
    figures = _results.tables(result.figures).get(title)
    return None if figures is None else _results.table(figures, has_spread=False)


def write(results: dict[str, SuiteResult]) -> int:
    """Write every page anew."""
    if any(result.machine["quick"] for result in results.values()):
        print("benchmarks: figures of a quick run are not for the docs")
        return 2
    for path in pages():
        text = path.read_text("utf-8")
        new = renewed(text, results)
        if new != text:
            path.write_text(new, encoding="utf-8")
            print(f"{path.relative_to(ROOT)}: written")
    return 0
