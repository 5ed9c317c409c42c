"""A program frozen by PyInstaller: it has certcore's data files, reads pictures, and never starts itself."""

from __future__ import annotations

import os
import shutil
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


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="the program is built for Linux here")
@pytest.mark.skipif(shutil.which("objdump") is None, reason="PyInstaller needs objdump: apt-get install binutils")
def test_a_frozen_program(tmp_path: Path) -> None:
    """PNG is read; a PDF gets a code about the machine, and the program is not started a second time for it."""
    (tmp_path / "program.py").write_text(PROGRAM)
    for kind in ("PNG", "PDF"):
        (tmp_path / f"picture.{kind}").write_bytes(saved(kind, symbol()))
    source = str(Path(certcore.__file__).parents[1])
    environment = {**os.environ, "PYTHONPATH": source, "PYINSTALLER_CONFIG_DIR": str(tmp_path / "config")}
    build = [sys.executable, "-m", "PyInstaller", "--onedir", "--collect-all", "pypdfium2", "--log-level", "ERROR"]
    subprocess.run([*build, "program.py"], cwd=tmp_path, env=environment, check=True, capture_output=True)

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
