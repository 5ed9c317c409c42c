"""Results: kept as JSON with every round, shown as Markdown, and compared with older ones."""

from __future__ import annotations

import json
import os
import platform
import re
import shutil
import subprocess
import time
from collections.abc import Iterable, Iterator, Sequence
from importlib import metadata
from pathlib import Path
from typing import Any, Final

import attrs

from benchmarks._measure import Figure

ROOT: Final = Path(__file__).resolve().parent.parent
FORMAT: Final = 1
_NUMBERS: Final = re.compile(r"\[\s+([-+\d.e,\s]+?)\s+\]")
PACKAGES: Final = ("certcore", "cryptography", "cbor2", "attrs", "zxing-cpp", "Pillow", "numpy", "SQLAlchemy", "pycose")


@attrs.frozen(kw_only=True)
class SuiteResult:
    """What one suite found.

    Attributes:
        name: the suite.
        state: complete, interrupted, or failed with what.
        machine: versions, processor, load and commit; what another run on another machine is not to be compared with.
        figures: in the order in which they were found.
        seconds: how long it took.
    """

    name: str
    state: str
    machine: dict[str, Any]
    figures: tuple[Figure, ...]
    seconds: float

    def to_json(self) -> dict[str, Any]:
        """As it is kept."""
        return attrs.asdict(self)

    @classmethod
    def from_json(cls, value: dict[str, Any]) -> SuiteResult:
        """As it was kept."""
        return cls(**{**value, "figures": tuple(Figure(**one) for one in value["figures"])})


def machine(*, rounds: int, is_quick: bool) -> dict[str, Any]:
    """What the figures depend on."""
    return {
        "python": platform.python_version(),
        "packages": dict(_versions()),
        "processor": _processor(),
        "cores": os.cpu_count(),
        "load": round(os.getloadavg()[0], 1) if hasattr(os, "getloadavg") else None,
        "commit": _commit(),
        "at": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
        "rounds": rounds,
        "quick": is_quick,
    }


def _versions() -> Iterator[tuple[str, str]]:
    for name in PACKAGES:
        try:
            yield name, metadata.version(name)
        except metadata.PackageNotFoundError:
            yield name, "not installed"


def _processor() -> str:
    try:
        with Path("/proc/cpuinfo").open(encoding="utf-8") as file:
            return next(line.split(":", 1)[1].strip() for line in file if line.startswith("model name"))
    except (OSError, StopIteration):
        return platform.processor() or platform.machine()


def _commit() -> str:
    git = shutil.which("git")
    if git is None:
        return "unknown"
    words = [git, "-C", str(ROOT), "describe", "--always", "--dirty", "--abbrev=10"]
    done = subprocess.run(words, capture_output=True, text=True, check=False)  # noqa: S603  fixed words
    return done.stdout.strip() or "unknown"


# --- files ------------------------------------------------------------------------------------------------------------


def read(path: Path, *, is_required: bool = False) -> dict[str, SuiteResult]:
    """The results in a file, by suite; none where there is no file, unless it is required.

    Raises:
        OSError: it cannot be read.
        ValueError: for a file of something else.
    """
    if not (is_required or path.exists()):
        return {}
    try:
        value = json.loads(path.read_text("utf-8"))
        if value["format"] != FORMAT:
            raise ValueError(f"{path} has another format than {FORMAT}")
        return {name: SuiteResult.from_json(one) for name, one in value["suites"].items()}
    except (KeyError, TypeError, AttributeError) as error:
        raise ValueError(f"{path} holds no results") from error


def write(path: Path, results: dict[str, SuiteResult]) -> None:
    """The results whole or not at all."""
    value = {"format": FORMAT, "suites": {name: one.to_json() for name, one in results.items()}}
    part = path.with_suffix(".part")
    text = json.dumps(value, ensure_ascii=False, indent=1)
    text = _NUMBERS.sub(lambda found: f"[{' '.join(found[1].split())}]", text)  # the rounds of a figure in one line
    part.write_text(text + "\n", encoding="utf-8")
    part.replace(path)


# --- Markdown ---------------------------------------------------------------------------------------------------------


def tables(figures: Iterable[Figure]) -> dict[str, list[Figure]]:
    """The figures of each table."""
    found: dict[str, list[Figure]] = {}
    for one in figures:
        found.setdefault(one.table, []).append(one)
    return found


def number(value: float) -> str:
    """Three digits that count; whole numbers whole."""
    if value == int(value) or abs(value) >= 1000:
        return f"{value:,.0f}".replace(",", " ")
    return f"{value:.{max(0, 2 - len(str(int(abs(value)))) + 1)}f}"


def cell(figure: Figure | None, *, has_spread: bool = True) -> str:
    """The median and its spread, or why there is none."""
    if figure is None:
        return ""
    if figure.median is None or figure.spread is None:
        return figure.note.replace("|", "/")
    low, high = (number(value) for value in figure.spread)
    text = number(figure.median)
    if has_spread and low != high:
        text += f" ({low}–{high})"
    return f"{text} {figure.note}".strip().replace("|", "/")


def table(figures: Sequence[Figure], *, has_spread: bool = True) -> str:
    """One table as Markdown."""
    columns = list(dict.fromkeys((one.column, one.unit) for one in figures))
    rows = list(dict.fromkeys(one.row for one in figures))
    known = {(one.row, one.column): one for one in figures}
    heads = [f"{column}, {unit}" if unit else column for column, unit in columns]
    lines = [f"| | {' | '.join(heads)} |", f"| --- |{' --: |' * len(heads)}"]
    for row in rows:
        cells = [cell(known.get((row, column)), has_spread=has_spread) for column, _ in columns]
        lines.append(f"| {row} | {' | '.join(cells)} |")
    return "\n".join(lines) + "\n"


def origin(result: SuiteResult) -> str:
    """What a suite's figures were measured on, in a sentence."""
    found = result.machine
    packages = ", ".join(f"{name} {version}" for name, version in found["packages"].items())
    return (
        f"{found['processor']}, {found['cores']} cores at load {found['load']}; Python {found['python']}, {packages};"
        f" commit {found['commit']}, {found['at']}; {found['rounds']} rounds, {result.seconds:.0f} s."
    )


def markdown(results: dict[str, SuiteResult]) -> str:
    """Every suite with its tables and plots."""
    lines = [
        "# Results",
        "",
        "Written by `python -m benchmarks`. Medians, with the quartiles of the rounds in brackets.",
    ]
    for name, result in results.items():
        lines += ["", f"## {name}", "", origin(result)]
        if result.state != "complete":
            lines += ["", f"**{result.state}**"]
        if result.machine["quick"]:
            lines += ["", "**Tiny inputs, to see that everything works: these figures mean nothing.**"]
        for title, figures in tables(result.figures).items():
            lines += ["", f"### {title}", "", table(figures).rstrip()]
        lines += ["", f"![{name}]({name}.svg)"]
    return "\n".join(lines) + "\n"


def compare(new: dict[str, SuiteResult], old: dict[str, SuiteResult]) -> str:
    """The new medians beside the old ones, where both have one."""
    lines = ["| suite | table | row | column | old | new | new ÷ old |", "| --- | --- | --- | --- | --: | --: | --: |"]
    for name, result in new.items():
        before = (
            {(one.table, one.row, one.column, one.unit): one.median for one in old[name].figures} if name in old else {}
        )
        for one in result.figures:
            was, now = before.get((one.table, one.row, one.column, one.unit)), one.median
            if was is None or now is None:
                continue
            ratio = f"{now / was:.2f}" if was else ""
            lines.append(
                f"| {name} | {one.table} | {one.row} | {one.column} | {number(was)} | {number(now)} | {ratio} |"
            )
    return "\n".join(lines) + "\n"
