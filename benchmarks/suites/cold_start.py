"""What the command costs from a cold start: each in a process of its own, in turn with the interpreter alone.

Modules are compiled already, as they are where pip has installed them. What is loaded is tested in
`tests/cli/test_cold_start.py`.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from functools import partial
from importlib import import_module
from pathlib import Path

from benchmarks import _pictures
from benchmarks._measure import MILLI, Figure, Setting, race, scaled
from benchmarks._results import ROOT

_COMMAND = (sys.executable, "-m", "certcore.cli")
_QUESTION = ("--as-of", "2026-10-20", "--trust", "demo-out/trust.cbor", "--root", "demo-out/keys/root.pub.pem")
_FIRST = """
from certcore import Policy, TrustList, TrustRoot, Verifier
from certcore.keys import PublicKey
from datetime import date
from pathlib import Path
home = Path("demo-out")
root = TrustRoot(keys=[PublicKey.from_pem((home / "keys/root.pub.pem").read_bytes())], environments=["test"])
trust = TrustList.open((home / "trust.cbor").read_bytes(), root=root)
text = (home / "certificates/cn-valid.txt").read_text("utf-8").strip()
assert Verifier(trust=trust, status=None, policy=Policy.counterparty()).verify(text, as_of=date(2026, 10, 20))
"""

COMMANDS = {
    "python -c pass": (sys.executable, "-c", "pass"),
    "import certcore": (sys.executable, "-c", "import certcore"),
    "import certcore, and a first verdict": (sys.executable, "-c", _FIRST),
    "certcore --version": (*_COMMAND, "--version"),
    "certcore verify FILE, a text": (*_COMMAND, "verify", "demo-out/certificates/cn-valid.txt", *_QUESTION),
    "certcore verify FILE, PNG": (*_COMMAND, "verify", "demo-out/certificates/cn-valid.png", *_QUESTION),
}
"""What is measured, by its name in the table."""

PHOTOGRAPHS = {"JPEG": "12", "PDF": "2", "HEIC": "2"}
"""Kinds and megapixels of the same certificate's photographs."""


def measure(setting: Setting) -> Iterator[Figure]:
    """The clock and the processor for every command."""
    for name in ("click", "rich"):  # the cli extra
        import_module(name)
    own = {"CERTCORE_ENVIRONMENT": "test", "PYTHONPATH": str(ROOT / "src")}
    compiled = {"PYTHONPYCACHEPREFIX": str(setting.folder.absolute() / "compiled")}
    environment = {**os.environ, **own, **compiled}
    environment.pop("PYTHONDONTWRITEBYTECODE", None)
    words = [*_COMMAND, "demo"]
    subprocess.run(words, cwd=setting.folder, env=environment, capture_output=True, check=True)  # noqa: S603  our own
    commands = dict(COMMANDS)
    for kind, megapixels in PHOTOGRAPHS.items():
        name = f"certcore verify FILE, {kind} of {megapixels} megapixels"
        try:
            path = _photograph(setting, kind, megapixels)
        except ImportError as error:
            yield Figure(table="commands", row=name, column="clock", unit="ms", note=f"no such picture: {error}")
        else:
            commands[name] = (*_COMMAND, "verify", path, *_QUESTION)
    used: dict[str, list[float]] = {name: [] for name in commands}
    sides = {
        name: partial(_run, command, setting.folder, environment, used[name]) for name, command in commands.items()
    }
    for side in sides.values():
        side()  # compiles what it loads
    for one in used.values():
        one.clear()
    for name, seconds in race(sides, rounds=setting.rounds).items():
        yield Figure(table="commands", row=name, column="clock", unit="ms", rounds=scaled(seconds, MILLI))
        yield Figure(table="commands", row=name, column="clock, least", unit="ms", rounds=(min(seconds) * MILLI,))
        processor = scaled(tuple(used[name]), MILLI)
        yield Figure(table="commands", row=name, column="processor", unit="ms", rounds=processor)


def _photograph(setting: Setting, kind: str, megapixels: str) -> str:
    """The name of a photograph of the certificate."""
    text = (setting.folder / "demo-out/certificates/cn-valid.txt").read_text("utf-8").strip()
    picture = _pictures.photograph(text, megapixels=setting.pick(megapixels, "0.5"), share=0.1, seed=1)
    path = setting.folder / f"photograph.{_pictures.KINDS[kind].ending}"
    return str(_pictures.handed_over(picture, _pictures.KINDS[kind], path).absolute())


def _run(command: tuple[str, ...], folder: Path, environment: dict[str, str], used: list[float]) -> float:
    before, began = os.times(), time.perf_counter()
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, check=False)  # noqa: S603  our own
    took, after = time.perf_counter() - began, os.times()
    assert done.returncode in {0, 4}, done.stderr.decode()
    used.append(after.children_user + after.children_system - before.children_user - before.children_system)
    return took
