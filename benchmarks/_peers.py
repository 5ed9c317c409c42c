"""Other libraries, each in an environment of its own that is made when it is first asked for and the network is there.

What runs there is `_peer.py`, which is asked by lines of JSON; it takes the time itself, without the lines.
"""

from __future__ import annotations

import json
import subprocess
import sys
import venv
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self

from benchmarks._measure import Side

HERE: Final = Path(__file__).resolve().parent
PACKAGES: Final = {
    "pycose": ("pycose==1.1.0", "cbor2==5.9.0"),  # with cbor2 6 it decodes nothing
    "python-cwt": ("cwt==3.3.0", "base45==0.4.4"),
    "claim169": ("claim169==0.3.0", "cryptography"),
    "OpenCV": ("opencv-python-headless==5.0.0.93", "numpy", "cryptography", "cbor2"),
}
"""What each peer's environment has."""

PATIENCE_S: Final = 300


class MissingPeerError(Exception):
    """A peer that cannot be measured; the message is what the table says."""


class Peer:
    """A running process of one peer."""

    def __init__(self, python: Path) -> None:
        words = [str(python), str(HERE / "_peer.py")]
        self._process = subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)  # noqa: S603  our own

    def ask(self, task: str, **given: Any) -> Any:  # noqa: ANN401  what each task takes and gives
        """What the task gives.

        Raises:
            MissingPeerError: it could not be done there.
        """
        sent, got = self._process.stdin, self._process.stdout
        assert sent is not None
        assert got is not None
        try:
            sent.write(json.dumps({"task": task, **given}) + "\n")
            sent.flush()
            answer = json.loads(got.readline() or '{"error": "it ended"}')
        except (OSError, ValueError) as error:
            raise MissingPeerError("it ended") from error
        if "error" in answer:
            raise MissingPeerError(answer["error"])
        return answer["found"]

    def side(self, work: str) -> Side:
        """Work that was prepared there, as a side: seconds for each piece."""
        return lambda: float(self.ask("run", work=work))

    def close(self) -> None:
        """End it."""
        self._process.kill()
        self._process.communicate()


class Peers:
    """The peers of one run."""

    def __init__(self, *, may_install: bool, folder: Path = HERE.parent) -> None:
        self._may_install = may_install
        self._folder = folder
        self._running: dict[str, Peer] = {}
        self._missing: dict[str, str] = {}

    def __enter__(self) -> Self:
        """Nothing is made before it is asked for."""
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        """End all."""
        for peer in self._running.values():
            peer.close()

    def get(self, name: str) -> Peer:
        """The peer, running.

        Raises:
            MissingPeerError: it is not there, and cannot be installed.
        """
        if name in self._missing:
            raise MissingPeerError(self._missing[name])
        if name not in self._running:
            try:
                self._running[name] = Peer(self._python(name))
            except MissingPeerError as error:
                self._missing[name] = str(error)
                raise
        return self._running[name]

    def _python(self, name: str) -> Path:
        folder = self._folder / f".venv-bench-{name.lower()}"
        python, ready = folder / "bin" / "python", folder / ".ready"
        wanted = " ".join(PACKAGES[name])
        if ready.exists() and ready.read_text("utf-8") == wanted:
            return python
        if not self._may_install:
            raise MissingPeerError("not installed")
        print(f"         making {folder.name}: {wanted}", file=sys.stderr, flush=True)
        pip = [str(python), "-m", "pip", "install", "-q", "--retries", "0", "--timeout", "15", "--prefer-binary"]
        try:
            venv.create(folder, with_pip=True, clear=True)
            command = [*pip, "--disable-pip-version-check", *PACKAGES[name]]
            subprocess.run(command, check=True, capture_output=True, timeout=PATIENCE_S)  # noqa: S603  our own words
        except (OSError, subprocess.SubprocessError) as error:
            raise MissingPeerError("could not be installed") from error
        ready.write_text(wanted, encoding="utf-8")
        return python
