"""The benchmark suites: `python -m benchmarks [SUITE ...]`. Without a name, all but the slow ones run.

Every figure is the median of rounds in which the sides take turns. What is compared is asserted to be right outside the
timed part. Results go to ``results.json`` (every round), ``results.md`` and one SVG for each suite; a run of some
suites leaves what the others found. Whatever is missing is a line in a table. Ctrl-C keeps what was found.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Sequence
from importlib import import_module
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from benchmarks import _pages, _plots, _results
from benchmarks._measure import Figure, Setting
from benchmarks._peers import Peers
from benchmarks._results import SuiteResult
from benchmarks.suites import SLOW, SUITES

RESULTS: Final = _results.ROOT / "benchmarks" / "results"
QUICK: Final = _results.ROOT / ".benchmarks" / "quick"
"""Where quick runs go, unless told: figures that mean nothing must not replace those that do."""

ROUNDS: Final = 15
INTERRUPTED: Final = 130


def parser() -> argparse.ArgumentParser:
    """The options."""
    names = "\n".join(
        [
            "suites:",
            *(f"  {name:<11} {about}" for name, about in SUITES.items()),
            "only when named:",
            *(f"  {name:<11} {about}" for name, about in SLOW.items()),
        ]
    )
    made = argparse.ArgumentParser(
        prog="python -m benchmarks",
        description=__doc__,
        epilog=names,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    made.add_argument("suites", nargs="*", metavar="SUITE", help="which to run: see below")
    made.add_argument("--rounds", type=int, default=ROUNDS, help=f"turns of every side [{ROUNDS}]")
    made.add_argument("--size", type=int, help="rows of engines, small files of bulk [200000, 100000]")
    made.add_argument("--quick", action="store_true", help="tiny inputs, to see that everything works")
    made.add_argument("--out", type=Path, help="where results go [benchmarks/results]")
    made.add_argument("--no-peers", action="store_true", help="do not install other libraries to compare with")
    made.add_argument("--compare", type=Path, metavar="OLD.json", help="print the ratios to older results afterwards")
    made.add_argument("--only-compare", action="store_true", help="run nothing: compare what --out holds")
    made.add_argument("--into-docs", action="store_true", help="run nothing: write the tables of docs from the results")
    return made


def main(arguments: Sequence[str] | None = None) -> int:
    """Run what was asked for."""
    given = parser().parse_args(arguments)
    unknown = [name for name in given.suites if name not in SUITES | SLOW]
    if unknown or given.rounds < 1:
        what = f"there is no suite called {', '.join(unknown)}" if unknown else "there is at least one round"
        print(f"benchmarks: {what}; see --help", file=sys.stderr)
        return 2
    out = given.out or (QUICK if given.quick else RESULTS)
    try:
        old = _results.read(given.compare, is_required=True) if given.compare else {}
        kept = _results.read(out / "results.json")
    except (OSError, ValueError) as error:
        print(f"benchmarks: {error}", file=sys.stderr)
        return 2
    if given.into_docs:
        return _pages.write(kept)
    code = 0 if given.only_compare else run(given.suites or list(SUITES), given, out, kept)
    if given.compare:
        print(_results.compare(kept, old))
    return code


def run(names: Sequence[str], given: argparse.Namespace, out: Path, kept: dict[str, SuiteResult]) -> int:
    """Suite after suite into `kept`, which is written after each."""
    out.mkdir(parents=True, exist_ok=True)
    code = 0
    with Peers(may_install=not (given.no_peers or given.quick)) as peers:
        for number, name in enumerate(names, 1):
            print(f"[{number}/{len(names)}] {name}: {(SUITES | SLOW)[name]}", file=sys.stderr, flush=True)
            result = run_suite(name, given, peers)
            kept[name] = result
            save(out, kept, result)
            for title, figures in _results.tables(result.figures).items():
                print(f"\n{name}: {title}\n\n{_results.table(figures)}", flush=True)
            if result.state == "interrupted":
                print(f"benchmarks: interrupted; what was found is in {out}", file=sys.stderr)
                return INTERRUPTED
            code = code or (result.state != "complete")
    print(f"benchmarks: results are in {out}", file=sys.stderr)
    return code


def run_suite(name: str, given: argparse.Namespace, peers: Peers) -> SuiteResult:
    """One suite, whatever becomes of it."""
    begun, found, state = time.monotonic(), list[Figure](), "complete"
    machine = _results.machine(rounds=given.rounds, is_quick=given.quick)
    with TemporaryDirectory(prefix="bench-") as folder:
        setting = Setting(
            rounds=given.rounds,
            is_quick=given.quick,
            size=given.size,
            folder=Path(folder),
            peers=peers,
            say=lambda what: print(f"  {time.monotonic() - begun:5.0f} s  {what}", file=sys.stderr, flush=True),
        )
        try:
            for figure in import_module(f"benchmarks.suites.{name.replace('-', '_')}").measure(setting):
                if figure.table not in {one.table for one in found}:
                    setting.say(figure.table)
                found.append(figure)
        except KeyboardInterrupt:
            state = "interrupted"
        except ModuleNotFoundError as error:
            found.append(Figure(table=name, row="the suite", column="", note=f"not measured: {error.name} is missing"))
        except Exception as error:  # noqa: BLE001  one suite must not end the others; it is reported, and the exit code says so
            state = f"failed: {type(error).__name__}: {error}"
            found.append(Figure(table=name, row="the suite", column="", note=state))
            print(f"  {state}", file=sys.stderr)
    seconds = time.monotonic() - begun
    return SuiteResult(name=name, state=state, machine=machine, figures=tuple(found), seconds=round(seconds, 1))


def save(out: Path, kept: dict[str, SuiteResult], result: SuiteResult) -> None:
    """JSON, Markdown and the suite's picture."""
    in_order = {name: kept[name] for name in [*SUITES, *SLOW] if name in kept}
    _results.write(out / "results.json", in_order)
    (out / "results.md").write_text(_results.markdown(in_order), encoding="utf-8")
    (out / f"{result.name}.svg").write_text(_plots.draw(result.name, result.figures), encoding="utf-8")


if __name__ == "__main__":
    sys.exit(main())
