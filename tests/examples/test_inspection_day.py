"""examples/inspection-day: the whole day in one run, every answer as it must be, and a folder that can be read."""

from __future__ import annotations

import ast
import importlib.util
import json
import os
import re
import shutil
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import Any, Final

import pytest

import certcore
from tests.printing.pages import chinese_font

for library, extra in (
    ("click", "cli"),
    ("httpx2", "http"),
    ("sqlalchemy", "register"),
    ("zxingcpp", "scan"),
    ("pypdfium2", "pdf"),
    ("fpdf", "print"),
):
    pytest.importorskip(library, reason=f"{library} is not installed (certcore[{extra}])")

ROOT: Final = Path(__file__).parents[2]
EXAMPLE: Final = ROOT / "examples" / "inspection-day"
PATIENCE_S: Final = 60
TEST: Final = "test-environment"

EXPECTED: Final = [
    ("The issuer", "new car", "valid", TEST),
    ("The issuer", "new owner's", "valid", TEST),
    ("The issuer", "owner before", "invalid", "superseded-by-then"),
    ("The issuer", "need not be inspected", "valid", TEST),
    ("The issuer", "passed", "valid", TEST),
    ("The issuer", "within its validity", "valid", TEST),
    ("The issuer", "failed", "invalid", "result-not-pass"),
    ("The issuer", "lost paper", "valid", TEST),
    ("The holder", "live code", "valid", "binding-not-checked"),
    ("The holder", "kept", "valid", "checked-offline"),
    ("The holder", "Sent on", "valid", "checked-offline"),
    ("The holder", "On paper", "valid", "checked-offline"),
    ("The holder", "twenty minutes later", "undetermined", "presentation-expired"),
    ("The police", "Ms Lin's paper", "valid", TEST),
    ("The police", "unpaid fines", "valid", "vehicle-caution"),
    ("The police", "stolen", "invalid", "vehicle-stopped"),
    ("The police", "on another car", "invalid", "cloned-plate"),
    ("The police", "altered", "invalid", "signature-invalid"),
    ("The police", "knows the car", "valid", TEST),
    ("The police", "has run out", "invalid", "expired-on-date"),
    ("The police", "no register knows", "undetermined", "status-unknown-reference"),
    ("The other party", "Mr Wu's code", "valid", "checked-offline"),
    ("The other party", "third driver", "invalid", "plate-mismatch"),
    ("The insurer", "at the loss", "valid", TEST),
    ("The buyer of a used car", "owner before", "invalid", "superseded-by-then"),
    ("The buyer of a used car", "present owner", "valid", TEST),
    ("The lender", "闽C12345", "valid", TEST),
    ("The lender", "闽C30003", "valid", TEST),
    ("The lender", "闽C80008", "invalid", "expired-on-date"),
    ("The lender", "闽C60006", "invalid", "result-not-pass"),
    ("The lender", "闽CD12345", "valid", TEST),
    ("The station", "now", "invalid", "revoked-before-event"),
    ("The station", "at the accident", "valid", "revoked-after-event"),
    ("The station", "issued earlier", "valid", TEST),
    ("The thief", "Before it is known", "valid", TEST),
    ("The thief", "with the thief's list", "undetermined", "status-key-compromised"),
    ("The thief", "with the list from before", "undetermined", "status-key-compromised"),
    ("The thief", "Published anew: Mr Wu's", "invalid", "revoked-before-event"),
    ("The thief", "Published anew: Ms Lin's", "valid", TEST),
    ("The thief", "asked anew", "invalid", "revoked-before-event"),
    ("The thief", "sealed at noon", "valid", TEST),
    ("The renter", "at the counter", "valid", TEST),
    ("The renter", "beside it", "invalid", "plate-mismatch"),
    ("The claims desk", "K-01", "valid", TEST),
    ("The claims desk", "K-02", "valid", "revoked-after-event"),
    ("The claims desk", "K-03", "invalid", "revoked-before-event"),
    ("The claims desk", "K-04", "valid", "superseded-after-event"),
    ("The claims desk", "K-05", "invalid", "expired-on-date"),
    ("The claims desk", "K-06", "invalid", "result-not-pass"),
    ("The claims desk", "K-07", "invalid", "cloned-plate"),
    ("The claims desk", "K-08", "invalid", "signature-invalid"),
    ("The claims desk", "K-09", "undetermined", "no-certificate"),
    ("The claims desk", "K-10", "error", "row-moment"),
]
"""Who asks, words of the question, and the answer: its outcome, and a code that it has to have."""

DEGRADED: Final = {"kept", "Sent on", "On paper", "Mr Wu's code"}
"""Where nobody was asked whether the certificate was revoked, and the answer says so."""


def run(folder: Path) -> subprocess.CompletedProcess[str]:
    """The example as a program."""
    command = [sys.executable, str(EXAMPLE / "run.py"), "--out", str(folder)]
    return subprocess.run(command, env=environment(), capture_output=True, encoding="utf-8", check=False)


def environment() -> dict[str, str]:
    """The environment for a process that imports the same certcore."""
    return {**os.environ, "PYTHONPATH": str(Path(certcore.__file__).parents[1]), "PYTHONUTF8": "1"}


def shell(command: str, folder: Path) -> subprocess.CompletedProcess[str]:
    """A line of a page, as it stands."""
    options: dict[str, Any] = {"env": environment(), "capture_output": True, "encoding": "utf-8"}
    return subprocess.run(command, shell=True, cwd=folder, check=False, **options)  # noqa: S602  the page's own line


def checkout(folder: Path) -> None:
    """What the commands of the claims desk's page need of a checkout."""
    (folder / ".venv").symlink_to(sys.prefix)
    for name in ("constraints.txt", "benchmarks"):
        (folder / name).symlink_to(ROOT / name)
    for name in ("inspection-day", "claims-desk"):
        ignored = shutil.ignore_patterns("__pycache__", "desk-records")
        shutil.copytree(ROOT / "examples" / name, folder / "examples" / name, ignore=ignored)


@pytest.mark.slow
def test_the_day(tmp_path: Path) -> None:
    """It ends with every answer as it must be, one certificate in force for each vehicle, and a page that leads on.

    The commands are those of the claims desk's page, in their order. One test: with several workers each would have a
    day of its own.
    """
    chinese_font()
    checkout(tmp_path)
    page = (tmp_path / "examples" / "claims-desk" / "README.md").read_text("utf-8")
    (install, day, go, serve), (ask,), (measure,) = (
        re.findall(r"^\$ (.*)$", block, re.MULTILINE) for block in re.findall(r"```console\n(.*?)```", page, re.DOTALL)
    )
    if (tmp_path / ".venv" / "bin" / "pip").exists():
        installed = shell(f"{install} --dry-run", tmp_path)  # a test changes nothing in what it runs in
        assert 0 == installed.returncode, installed.stderr
    done = shell(day, tmp_path)
    assert 0 == done.returncode, f"{done.stdout}{done.stderr}"

    folder = tmp_path / "day-out"
    check_answers(json.loads((folder / "answers.json").read_text("utf-8")), done.stdout)
    check_register((folder / "register.txt").read_text("utf-8"))
    check_pages(folder)
    last = done.stdout.splitlines()[-1]
    quiet = {**os.environ, "CERTCORE_LANG": "en", "CERTCORE_CONFIG": os.devnull}
    pasted = subprocess.run(last, shell=True, capture_output=True, env=quiet, check=False)  # noqa: S602  the very line that is printed
    assert 0 == pasted.returncode, pasted
    assert b"VALID" in pasted.stdout
    if all(map(importlib.util.find_spec, ("fastapi", "uvicorn", "python_multipart"))) and shutil.which("curl"):
        check_desk(tmp_path / go.removeprefix("cd "), serve, ask)
        check_measuring(tmp_path / go.removeprefix("cd "), measure)


def check_desk(folder: Path, serve: str, ask: str) -> None:
    """The claims desk starts on what the day left, and answers as its page says; at another port, which is free."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port: int = free.getsockname()[1]
    command = f"exec {serve} --port {port}"
    with subprocess.Popen(command, shell=True, cwd=folder, env=environment(), stderr=subprocess.DEVNULL) as desk:  # noqa: S602  as above
        try:
            until = time.monotonic() + PATIENCE_S
            while shell(f"curl -sf http://localhost:{port}/health", folder).returncode:
                assert desk.poll() is None
                assert time.monotonic() < until
                time.sleep(0.1)
            said = json.loads(shell(ask.replace(":8000", f":{port}"), folder).stdout)
        finally:
            desk.terminate()
    assert "valid" == said["verdict"]["outcome"], said
    assert 1 == len(said["picture"]["outlines"])
    assert ["records.sqlite"] == [path.name for path in (folder / "desk-records").glob("*.sqlite")]


def check_measuring(folder: Path, measure: str) -> None:
    """The desk can be measured; how fast it is says nothing while other tests run."""
    measured = shell(re.sub(r"--minutes \d+", "--minutes 0.02", measure), folder).stdout
    assert "| the desk |" in measured
    assert re.search(r"at most \d+ MB; \d+ records", measured)


def check_answers(answers: list[dict[str, Any]], printed: str) -> None:
    """Every question comes to the outcome and the code that it must, and is printed as a row of a table."""
    assert len(EXPECTED) == len(answers)
    for (who, words, outcome, code), answer in zip(EXPECTED, answers, strict=True):
        assert (who, outcome) == (answer["who"], answer["outcome"]), answer["question"]
        assert words in answer["question"]
        assert code in answer["codes"], answer["question"]
        assert (words in DEGRADED) == answer["degraded"], answer["question"]
        assert answer["en"]
        assert answer["zh"]
        assert answer["question"] in printed
    assert f"{len(EXPECTED)} of {len(EXPECTED)} answers are as expected." in printed


def check_register(held: str) -> None:
    """No vehicle has two certificates that the register holds valid."""
    valid = [line.split()[-1] for line in held.splitlines() if " valid " in line]
    assert len(valid) == len(set(valid)) == 12
    assert (2, 1) == (held.count(" revoked "), held.count(" superseded "))


def check_pages(folder: Path) -> None:
    """What the page links to is there, it loads nothing from elsewhere, and all evidence is in the audit."""
    page = (folder / "index.html").read_text("utf-8")
    targets = re.findall(r'(?:href|src)="([^"]+)"', page)
    assert [] == [target for target in targets if not target.startswith("#") and not (folder / target).is_file()]
    assert "not the expected answer" not in page
    for name in ("audit.html", "audit-zh.html", "claims/report/report.html", "claims/report-zh/report.html"):
        assert name in targets
    audit = (folder / "audit.html").read_text("utf-8")
    assert [] == [path.name for path in (folder / "evidence").iterdir() if path.name not in audit]


def test_a_folder_of_somebody_else_is_kept(tmp_path: Path) -> None:
    """A folder with something in it that was not made here is refused, and left as it is."""
    (tmp_path / "precious").write_text("x", "utf-8")
    assert 2 == run(tmp_path).returncode
    assert ["precious"] == [path.name for path in tmp_path.iterdir()]


@pytest.mark.parametrize("file", sorted(EXAMPLE.glob("*.py")), ids=lambda path: path.name)
def test_only_what_is_public(file: Path) -> None:
    """The example uses what certcore promises, and each of its files is short enough to be read."""
    text = file.read_text("utf-8")
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.ImportFrom):
            assert not any(name.startswith("_") for name in f"{node.module}".split(".") if node.module != "__future__")
            assert not any(alias.name.startswith("_") for alias in node.names)
    assert 250 > len(text.splitlines())
