#!/usr/bin/env python3
"""Check what users write against certcore with four type checkers: `make test-typing`.

`tests/typing/api.py` must pass, and every marked line of `tests/typing/mistakes.py` must be an error, and no other:
under mypy and pyright in their strict modes, and under pyrefly and ty by default. The certcore whose types are checked
is the one that PYTHON has; pyright comes from npm. `tools/check_typing.py PYTHON ty` runs one checker.
"""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Final

SCRIPTS: Final = Path(__file__).resolve().parent.parent / "tests" / "typing"
PYRIGHT: Final = "1.1.414"
_IGNORE: Final = re.compile(r"  # type: ignore\[.*")
_FOUND: Final = re.compile(r"\b(?P<file>api|mistakes)\.py:(?P<line>\d+)")


def mypy(python: str, _folder: Path) -> list[str]:
    """How to start mypy."""
    return [sys.executable, "-m", "mypy", "--strict", "--python-executable", python, "--cache-dir", "cache"]


def pyright(python: str, folder: Path) -> list[str]:
    """How to start pyright, installed here by npm; its settings are written beside the scripts."""
    npm = shutil.which("npm")
    if npm is None:
        sys.exit("check_typing: npm is missing, from which pyright comes")
    install = [
        npm,
        "install",
        "--silent",
        "--no-audit",
        "--no-fund",
        "--prefix",
        str(folder / "npm"),
        f"pyright@{PYRIGHT}",
    ]
    subprocess.run(install, check=True, stdout=sys.stderr)  # noqa: S603  npm, with what stands above
    (folder / "pyrightconfig.json").write_text(json.dumps({"typeCheckingMode": "strict", "exclude": ["npm"]}))
    return [str(folder / "npm/node_modules/.bin/pyright"), "--pythonpath", python]


def beside(name: str) -> str:
    """A program that was installed where this one runs."""
    return str(Path(sys.executable).parent / name)


def pyrefly(python: str, _folder: Path) -> list[str]:
    """How to start pyrefly."""
    return [
        beside("pyrefly"),
        "check",
        "--python-interpreter-path",
        python,
        "--preset",
        "default",
        "--output-format",
        "min-text",
    ]


def ty(python: str, _folder: Path) -> list[str]:
    """How to start ty."""
    return [beside("ty"), "check", "--python", python, "--output-format", "concise"]


CHECKERS: Final[dict[str, Callable[[str, Path], list[str]]]] = {
    "mypy": mypy,
    "pyright": pyright,
    "pyrefly": pyrefly,
    "ty": ty,
}


def check(name: str, python: str, folder: Path) -> list[str]:
    """What one checker says that it should not, and does not say that it should; nothing where all is well."""
    expected = set()
    for script in ("api.py", "mistakes.py"):
        lines = (SCRIPTS / script).read_text("utf-8").splitlines()
        expected |= {(script, number) for number, line in enumerate(lines, 1) if _IGNORE.search(line)}
        (folder / script).write_text("\n".join(_IGNORE.sub("", line) for line in lines) + "\n", "utf-8")
    command = [*CHECKERS[name](python, folder), "api.py", "mistakes.py"]
    done = subprocess.run(  # noqa: S603  a checker, with what stands above
        command, cwd=folder, capture_output=True, text=True, encoding="utf-8", check=False
    )
    said = {}
    for line in done.stdout.splitlines():
        if "error" in line.lower() and (found := _FOUND.search(line)):
            said[f"{found['file']}.py", int(found["line"])] = line.strip()
    silent = [f"{script}:{number}: {name} finds nothing here" for script, number in sorted(expected - said.keys())]
    if not said and expected:
        silent.append(done.stderr)
    return silent + [said[place] for place in sorted(said.keys() - expected)]


def main(arguments: list[str]) -> int:
    """Run the checkers, and say what each came to."""
    python, *names = arguments or [sys.executable]
    status = 0
    for name in names or CHECKERS:
        with tempfile.TemporaryDirectory() as folder:
            wrong = check(name, python, Path(folder))
        print(f"{name}: {'as it must be' if not wrong else 'WRONG'}", *wrong, sep="\n    ")
        status |= bool(wrong)
    return status


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
