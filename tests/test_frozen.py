"""A program frozen by PyInstaller: it has certcore's data files, reads pictures, and never starts itself."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Final

import pytest

import certcore
from tests.qr_files import saved, symbol

pytest.importorskip("PyInstaller", reason="PyInstaller is not installed: the dependency group test has it")

PROGRAM: Final = """
import sys
from datetime import date
from pathlib import Path

from certcore import LocalSigner, Policy, Verifier
from certcore.testing import make_trust

with Path(sys.argv[1]).open("a") as log:
    log.write("started\\n")
verifier = Verifier(trust=make_trust(LocalSigner.generate()), status=None, policy=Policy.counterparty())
for name in sys.argv[2:]:
    verdict = verifier.verify_image(name, as_of=date(2026, 11, 1))
    print(verdict.reasons[0].code, bool(verdict.explain(lang="zh")))
"""


MISSING: Final = re.compile(r"Python shared library .* was not found|objdump is required")
"""Debian has them in packages of their own: libpython3.11, binutils."""


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="the program is built for Linux here")
def test_a_frozen_program(tmp_path: Path) -> None:
    """PNG is read; a PDF gets a code about the machine, and the program is not started a second time for it."""
    (tmp_path / "program.py").write_text(PROGRAM)
    for kind in ("PNG", "PDF"):
        (tmp_path / f"picture.{kind}").write_bytes(saved(kind, symbol()))
    source = str(Path(certcore.__file__).parents[1])
    environment = {**os.environ, "PYTHONPATH": source, "PYINSTALLER_CONFIG_DIR": str(tmp_path / "config")}
    build = [sys.executable, "-m", "PyInstaller", "--onedir", "--collect-all", "pypdfium2", "--log-level", "ERROR"]
    built = subprocess.run(
        [*build, "program.py"], cwd=tmp_path, env=environment, capture_output=True, text=True, check=False
    )
    if missing := MISSING.search(built.stderr):
        pytest.skip(f"PyInstaller needs more than this system has: {missing[0]}")
    assert built.returncode == 0, built.stderr

    done = subprocess.run(
        [str(tmp_path / "dist" / "program" / "program"), "log", "picture.PNG", "picture.PDF"],
        cwd=tmp_path,
        capture_output=True,
        check=True,
        text=True,
        timeout=120,
    )

    assert ["malformed True", "no-decoder-process True"] == done.stdout.splitlines()
    assert "started\n" == (tmp_path / "log").read_text()
