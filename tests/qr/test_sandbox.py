"""Where decoders run apart: which programs are started, and what they are told of this process."""

from __future__ import annotations

import os
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import Final

import pytest

import certcore
from certcore import qr
from certcore.errors import RejectedInputError
from certcore.qr._sandbox import find_interpreter
from tests.qr_files import heic, saved, symbol

pytest.importorskip("pypdfium2", reason="pypdfium2 is not installed: the pdf extra has it")

SOURCE: Final = Path(certcore.__file__).parent
HOSTS: Final = {
    "empty": "",
    "unknown": None,
    "another program": "/bin/cat",
    "gone": "/nowhere/python",
    "a folder": "/usr/lib/python3",
}


@pytest.fixture(params=[*HOSTS, "frozen"])
def host(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A process of which nobody knows how a Python could be started."""
    monkeypatch.setattr(sys, "exec_prefix", str(tmp_path))
    if request.param == "frozen":
        monkeypatch.setattr(sys, "frozen", True, raising=False)
    else:
        monkeypatch.setattr(sys, "executable", HOSTS[request.param])


@pytest.mark.usefixtures("host")
@pytest.mark.parametrize("kind", ["PDF", "HEIC"])
def test_what_is_not_known_to_be_python_is_not_started(kind: str) -> None:
    """The file is not called damaged: the code is about the machine."""
    if kind == "HEIC":
        pytest.importorskip("pillow_heif", reason="pillow-heif is not installed: the heic extra has it")
    file = heic(symbol().convert("RGB")) if kind == "HEIC" else saved(kind, symbol())
    with pytest.raises(RejectedInputError) as caught:
        qr.read(file)
    assert "no-decoder-process" == caught.value.code


@pytest.mark.usefixtures("host")
@pytest.mark.parametrize("kind", ["PNG", "JPEG"])
def test_usual_pictures_need_no_process(kind: str) -> None:
    """PNG and JPEG are read wherever Python runs."""
    assert 1 == len(qr.read(saved(kind, symbol())))


def test_an_embedded_python_is_found_in_its_own_folder(monkeypatch: pytest.MonkeyPatch) -> None:
    """A host that embeds the Python of a virtual environment has an interpreter there."""
    monkeypatch.setattr(sys, "executable", "/usr/sbin/host")
    assert 1 == len(qr.read(saved("PDF", symbol())))


def test_from_a_zip_file(tmp_path: Path) -> None:
    """Imported from a zip file, certcore reads pictures; what needs a program of its own says that it cannot start."""
    archive = tmp_path / "certcore.zip"
    with zipfile.ZipFile(archive, "w") as file:
        for path in sorted(SOURCE.rglob("*")):
            if path.is_file() and path.suffix in {".py", ".toml"}:
                file.write(path, path.relative_to(SOURCE.parent).as_posix())
    code = """
import sys
sys.path.insert(0, sys.argv[1])
import certcore
from certcore import qr
from certcore.errors import RejectedInputError
assert sys.argv[1] in certcore.__file__, certcore.__file__
print(len(qr.read(sys.argv[2])))
try:
    qr.read(sys.argv[3])
except RejectedInputError as error:
    print(error.code)
"""
    for kind in ("PNG", "PDF"):
        (tmp_path / kind).write_bytes(saved(kind, symbol()))
    done = subprocess.run(
        [sys.executable, "-P", "-c", code, str(archive), str(tmp_path / "PNG"), str(tmp_path / "PDF")],
        capture_output=True,
        check=True,
        text=True,
        cwd=tmp_path,
    )
    assert ["1", "no-decoder-process"] == done.stdout.split()


@pytest.mark.skipif(os.name != "posix", reason="a shell script stands for the interpreter")
def test_a_decoder_gets_no_secrets(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Of this process's environment a decoder sees where libraries are, and no token or key."""
    seen, program = tmp_path / "seen", tmp_path / "python3"
    program.write_text(f"#!/bin/sh\n/usr/bin/env > '{seen}'\n")
    program.chmod(0o755)
    monkeypatch.setattr(sys, "executable", str(program))
    for name in ("CERTCORE_TOKEN", "AWS_SECRET_ACCESS_KEY", "DATABASE_URL"):
        monkeypatch.setenv(name, "secret-value")
    with pytest.raises(RejectedInputError):
        qr.read(saved("PDF", symbol()))
    told = {line.partition("=")[0] for line in seen.read_text("utf-8").splitlines()}
    assert {"PYTHONPATH"} <= told
    assert set() == told & {"CERTCORE_TOKEN", "AWS_SECRET_ACCESS_KEY", "DATABASE_URL", "HOME", "USER"}


def test_this_python_is_found() -> None:
    """An ordinary Python starts itself."""
    assert sys.executable == find_interpreter()
