"""Every benchmark suite runs, keeps what it has, and says what is missing; not how fast anything is."""

from __future__ import annotations

import json
import subprocess
import sys
import xml.etree.ElementTree as ET
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType
from typing import Final

import pytest

pytest.importorskip("numpy", reason="the scan extra is not installed")
pytest.importorskip("PIL", reason="the scan extra is not installed")

import benchmarks.__main__ as runner
from benchmarks import _pages, _results, suites
from benchmarks._measure import Figure, Setting
from benchmarks._peers import Peers
from benchmarks.suites import SLOW, SUITES

ROOT: Final = Path(__file__).resolve().parent.parent
RESULTS: Final = ROOT / "benchmarks" / "results" / "results.json"

Fake = Callable[[Setting], Iterator[Figure]]


def one(table: str = "a table", **fields: object) -> Figure:
    """A figure."""
    return Figure(**{"table": table, "row": "a row", "column": "a column", "rounds": (1.0, 2.0, 4.0), **fields})  # type: ignore[arg-type]  # any field


@pytest.fixture
def fake(monkeypatch: pytest.MonkeyPatch) -> Callable[[str, Fake], None]:
    """Adds a suite."""

    def add(name: str, measure: Fake) -> None:
        module = ModuleType(f"benchmarks.suites.{name}")
        module.measure = measure  # type: ignore[attr-defined]  # as every suite has it
        monkeypatch.setitem(sys.modules, module.__name__, module)
        monkeypatch.setitem(SUITES, name, "made for a test")

    return add


def run(out: Path, *words: str) -> int:
    """The command in this process."""
    return runner.main(["--quick", "--rounds", "1", "--out", str(out), *words])


@pytest.mark.slow
@pytest.mark.parametrize("name", [*SUITES, *SLOW])
def test_every_suite_runs_alone_and_writes_three_files(name: str, tmp_path: Path) -> None:
    """On tiny inputs: whatever is missing is a line, and something was measured."""
    command = [sys.executable, "-m", "benchmarks", name, "--quick", "--rounds", "1", "--out", str(tmp_path)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, encoding="utf-8", check=False)
    assert 0 == done.returncode, done.stderr
    value = json.loads((tmp_path / "results.json").read_text("utf-8"))
    (found,) = value["suites"].values()
    assert "complete" == found["state"]
    assert {"python", "packages", "processor", "cores", "load", "commit", "rounds"} <= found["machine"].keys()
    assert any(figure["rounds"] or figure["note"].startswith("not measured") for figure in found["figures"])
    assert all(figure["rounds"] or figure["note"] for figure in found["figures"])
    assert f"## {name}" in (tmp_path / "results.md").read_text("utf-8")
    assert "svg" in ET.parse(tmp_path / f"{name}.svg").getroot().tag  # noqa: S314  our own file


def test_help_lists_every_suite(capsys: pytest.CaptureFixture[str]) -> None:
    """And every module of the folder is one."""
    with pytest.raises(SystemExit) as ended:
        runner.main(["--help"])
    assert 0 == ended.value.code
    text = capsys.readouterr().out
    folder = Path(suites.__file__).parent
    modules = {path.stem.replace("_", "-") for path in folder.glob("*.py") if path.stem != "__init__"}
    assert modules == {*SUITES, *SLOW}
    assert [] == [name for name in modules if f"  {name} " not in text]


def test_a_missing_peer_is_a_line_in_the_table(tmp_path: Path) -> None:
    """Nothing else is lost with it."""
    given = runner.parser().parse_args(["--quick", "--rounds", "1"])
    with Peers(may_install=False, folder=tmp_path) as peers:
        found = runner.run_suite("verify", given, peers)
    assert "complete" == found.state
    notes = {(figure.row, figure.note) for figure in found.figures if not figure.rounds}
    assert {(name, "not installed") for name in ("pycose", "python-cwt + base45", "claim169, its own format")} == notes


@pytest.mark.parametrize("missing", ["zxingcpp", "pyzbar.pyzbar"])
def test_a_missing_decoder_is_a_line_in_the_table(
    missing: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As without libzbar."""
    from benchmarks.suites import scan

    monkeypatch.setitem(sys.modules, missing, None)
    monkeypatch.setattr(scan, "CASES", scan.CASES[:1])
    monkeypatch.setattr(scan, "_own", lambda _: lambda _: True)
    monkeypatch.setattr(scan, "_together", lambda *_: iter(()))
    monkeypatch.setattr(scan, "_apart", lambda *_: iter(()))
    given = runner.parser().parse_args(["--quick", "--rounds", "1"])
    with Peers(may_install=False, folder=tmp_path) as peers:
        found = runner.run_suite("scan", given, peers)
    assert "complete" == found.state
    (name,) = (name for name, modules in scan.NEEDS.items() if missing in modules)
    (line,) = (figure for figure in found.figures if figure.column == name and not figure.rounds)
    assert line.note.startswith("not measured: ")


def test_ctrl_c_keeps_what_was_found(tmp_path: Path, fake: Callable[[str, Fake], None]) -> None:
    """What the suite had given, and what earlier runs found; the suites behind it do not run."""

    def measure(setting: Setting) -> Iterator[Figure]:
        yield one()
        setting.say("and now")
        raise KeyboardInterrupt

    fake("whole", lambda _: iter([one()]))
    fake("cut", measure)
    assert 0 == run(tmp_path, "whole")
    assert runner.INTERRUPTED == run(tmp_path, "cut", "size")
    kept = _results.read(tmp_path / "results.json")
    assert {"whole": "complete", "cut": "interrupted"} == {name: result.state for name, result in kept.items()}
    assert (one(),) == kept["cut"].figures
    assert "**interrupted**" in (tmp_path / "results.md").read_text("utf-8")
    assert (tmp_path / "cut.svg").exists()


def test_a_suite_that_fails_does_not_end_the_others(tmp_path: Path, fake: Callable[[str, Fake], None]) -> None:
    """It is a line and the exit code; a missing library is a line alone."""

    def fails(_: Setting) -> Iterator[Figure]:
        yield one()
        raise ValueError("no such luck")

    def lacks(_: Setting) -> Iterator[Figure]:
        raise ModuleNotFoundError("No module named 'x'", name="x")
        yield

    fake("fails", fails)
    fake("lacks", lacks)
    fake("after", lambda _: iter([one()]))
    assert 1 == run(tmp_path, "fails", "after")
    assert 0 == run(tmp_path, "lacks")
    kept = _results.read(tmp_path / "results.json")
    assert one() == kept["fails"].figures[0]
    assert "failed: ValueError: no such luck" == kept["fails"].state == kept["fails"].figures[1].note
    assert "not measured: x is missing" == kept["lacks"].figures[0].note
    assert "complete" == kept["after"].state


def test_comparing_prints_ratios(
    tmp_path: Path, fake: Callable[[str, Fake], None], capsys: pytest.CaptureFixture[str]
) -> None:
    """Of medians, where both have one."""
    fake("twice", lambda _: iter([one()]))
    assert 0 == run(tmp_path / "old", "twice")
    fake("twice", lambda _: iter([one(rounds=(3.0,)), one(row="another")]))
    old = str(tmp_path / "old" / "results.json")
    assert 0 == run(tmp_path / "new", "twice", "--compare", old)
    (line,) = (line for line in capsys.readouterr().out.splitlines() if line.startswith("| twice"))
    assert "| twice | a table | a row | a column | 2 | 3 | 1.50 |" == line
    assert 0 == run(tmp_path / "new", "--only-compare", "--compare", old)


@pytest.mark.parametrize("words", [["nothing"], ["--rounds", "0"], ["--compare", "nowhere.json"]])
def test_a_wrong_command_says_so(words: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """And runs nothing."""
    assert 2 == runner.main([*words, "--out", str(tmp_path)])
    assert capsys.readouterr().err.startswith("benchmarks: ")
    assert [] == list(tmp_path.iterdir())


@pytest.mark.parametrize("content", ["[]", "{}", '{"format": 99}', '{"format": 1, "suites": {"a": {}}}', "no JSON"])
def test_a_file_that_is_no_result_is_refused(content: str, tmp_path: Path) -> None:
    """In one sentence."""
    file = tmp_path / "old.json"
    file.write_text(content, "utf-8")
    assert 2 == runner.main(["--out", str(tmp_path / "out"), "--compare", str(file)])


def test_spreads_and_medians() -> None:
    """The median, with the quartiles; a value that never changed stands alone; without any, there is a note."""
    assert "3 (2–4)" == _results.cell(one(rounds=(1, 2, 3, 4, 5)))
    assert "7" == _results.cell(one(rounds=(7, 7)))
    assert "not here" == _results.cell(one(rounds=(), note="not here"))
    assert ("12 345", "123", "12.3", "1.23", "0.12") == tuple(map(_results.number, (12345, 123.4, 12.34, 1.234, 0.123)))


def test_the_docs_show_the_results_that_are_kept() -> None:
    """`python -m benchmarks --into-docs` would change nothing: no figure is typed by hand."""
    results = _results.read(RESULTS)
    assert all(not result.machine["quick"] for result in results.values())
    for page in _pages.pages():
        text = page.read_text("utf-8")
        assert text == _pages.renewed(text, results), page.relative_to(ROOT)
