"""The page on deployment is true of real servers and of a new process: gunicorn, uvicorn, a cold start."""

from __future__ import annotations

import json
import re
import socket
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import date
from pathlib import Path
from typing import Any, Final
from urllib.error import URLError
from urllib.request import ProxyHandler, Request, build_opener

import pytest

from certcore import Basis, InspectionCertificate, Issuer, LocalSigner, Result, testing
from tests.test_docs import environment

PAGE: Final = Path(__file__).parents[1] / "docs" / "deploy.md"
WAIT_S: Final = 60
SERVERS: Final = {
    "gunicorn, preload": ["gunicorn", "--preload", "--workers", "2", "--bind", "127.0.0.1:{port}", "desk:wsgi"],
    "gunicorn, fork": ["gunicorn", "--workers", "2", "--bind", "127.0.0.1:{port}", "desk:wsgi"],
    "uvicorn": ["uvicorn", "--workers", "2", "--lifespan", "off", "--port", "{port}", "desk:asgi"],
}


def copy_from_page(name: str, folder: Path) -> None:
    """Write a file that the page shows."""
    (found,) = re.findall(
        rf"^```python\n(# {re.escape(name)}\n.*?)^```$", PAGE.read_text("utf-8"), re.MULTILINE | re.DOTALL
    )
    (folder / name).write_text(found, "utf-8")


@pytest.fixture
def question(tmp_path: Path) -> bytes:
    """A folder with the page's module and a trust list; and a question for it."""
    copy_from_page("desk.py", tmp_path)
    signer = LocalSigner.generate()
    (tmp_path / "trust.cbor").write_bytes(testing.make_trust(signer).to_bytes())
    certificate = InspectionCertificate(
        registration_number="闽C12345",
        vin="LSVAA4181E2184211",
        valid_until=date(2027, 9, 30),
        basis=Basis.INSPECTED,
        result=Result.PASS,
        authority="闽C",
        inspected_on=date(2025, 9, 25),
    )
    return json.dumps({"text": Issuer(signer=signer).issue(certificate), "as_of": "2026-08-14"}).encode()


@contextmanager
def serving(command: list[str], folder: Path, *, output: Path | None = None) -> Iterator[str]:
    """A server with its workers, ended at the end; what they print goes to a file, if one is named."""
    with closing(socket.socket()) as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    words = [word.format(port=port) for word in command]
    with (folder / "output" if output is None else output).open("wb") as printed:
        process = subprocess.Popen(
            [sys.executable, "-m", *words], cwd=folder, env=environment(), stdout=printed, stderr=subprocess.DEVNULL
        )
    try:
        yield f"http://127.0.0.1:{port}/"
    finally:
        process.terminate()
        process.wait(timeout=WAIT_S)


def post(url: str, body: bytes) -> dict[str, Any]:
    """The answer, as soon as there is a server to give it."""
    for _ in range(WAIT_S * 10):
        try:
            with build_opener(ProxyHandler({})).open(Request(url, data=body), timeout=WAIT_S) as answer:  # noqa: S310  loopback
                found: dict[str, Any] = json.loads(answer.read())
                return found
        except (URLError, ConnectionError):
            time.sleep(0.1)
    pytest.fail("no server answers")


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="gunicorn forks")
@pytest.mark.parametrize("name", SERVERS)
def test_servers_with_two_workers(name: str, question: bytes, tmp_path: Path) -> None:
    """Every worker gives the same verdict, under the same id."""
    command = SERVERS[name]
    pytest.importorskip(command[0], reason=f"{command[0]} is not installed: the dependency group test has it")
    with serving(command, tmp_path) as url:
        answers = [post(url, question) for _ in range(8)]
    assert {"valid"} == {answer["outcome"] for answer in answers}
    assert 1 == len({answer["id"] for answer in answers})


LISTENING: Final = """
import os
from certcore.events import listen
from certcore.events.otel import instrument

def note(event):
    with open("events", "a") as log:
        log.write(f"{os.getpid()} {event.name}\\n")

listen(note)
instrument()
verifier.verify("not a certificate", as_of=verifier.clock())
"""
"""A module that listens, and gives a verdict, when it is loaded: under --preload that is in the master."""


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="gunicorn forks")
@pytest.mark.parametrize("name", ["gunicorn, preload", "gunicorn, fork"])
def test_workers_tell_their_own_events(name: str, question: bytes, tmp_path: Path) -> None:
    """Each verdict is told once, by the worker that gave it; with the page's settings it is exported once."""
    pytest.importorskip("gunicorn", reason="gunicorn is not installed: the dependency group test has it")
    pytest.importorskip("opentelemetry.sdk", reason="opentelemetry-sdk is in the dependency group test")
    copy_from_page("gunicorn.conf.py", tmp_path)
    with (tmp_path / "desk.py").open("a", encoding="utf-8") as module:
        module.write(LISTENING)
    printed = tmp_path / "spans"
    with serving(SERVERS[name], tmp_path, output=printed) as url:
        assert ["valid"] * 8 == [post(url, question)["outcome"] for _ in range(8)]

    told = Counter(tuple(line.split()) for line in (tmp_path / "events").read_text("utf-8").splitlines())
    loads = sum(count for (_, event), count in told.items() if event == "certcore.refusal")
    is_preloaded = "preload" in name
    assert loads in ({1} if is_preloaded else {1, 2})  # a worker may be ended before it has loaded the module
    assert 8 + loads == sum(count for (_, event), count in told.items() if event == "certcore.verdict")
    spans = re.findall(r'"span_id": "(\w+)"', printed.read_text("utf-8"))
    assert len(set(spans)) == len(spans) == 8 + (0 if is_preloaded else loads)


def test_a_cold_start(question: bytes, tmp_path: Path) -> None:
    """A new process gives a verdict; neither logging's nor a picture's nor a network's libraries are loaded for it."""
    code = (
        "import sys, desk, json\n"
        "print(desk.judge(json.load(sys.stdin))['outcome'])\n"
        "print(*sorted({'logging', 'PIL', 'httpx2', 'numpy', 'pycose', 'opentelemetry'} & set(sys.modules)))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], input=question, cwd=tmp_path, env=environment(), capture_output=True, check=True
    )
    first, loaded = done.stdout.decode().splitlines()
    assert ("valid", "") == (first, loaded)
