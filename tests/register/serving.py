"""``certcore status serve`` as a process of its own, for tests that look at it from outside."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any, Final
from urllib.error import HTTPError, URLError
from urllib.request import ProxyHandler, Request, build_opener

import pytest

from certcore import LocalSigner
from certcore.testing import make_trust
from tests.test_docs import environment

WAIT_S: Final = 60


def ask(url: str, body: bytes | None = None, **headers: str) -> tuple[int, Any]:
    """The status and headers of an answer, as soon as there is a server to give one."""
    request = Request(url, data=body, headers={name.replace("_", "-"): value for name, value in headers.items()})  # noqa: S310  loopback
    for _ in range(WAIT_S * 10):
        try:
            with build_opener(ProxyHandler({})).open(request, timeout=WAIT_S) as answer:
                return answer.status, answer.headers
        except HTTPError as refused:
            with refused:
                return refused.code, refused.headers
        except (URLError, ConnectionError):
            time.sleep(0.1)
    pytest.fail("no server answers")


@contextmanager
def serving(folder: Path, *given: str) -> Iterator[str]:
    """The service over an empty register, with whatever options; what it logs goes to the file ``log``."""
    (folder / "trust.cbor").write_bytes(make_trust(LocalSigner.generate()).to_bytes())
    command = [sys.executable, "-m", "certcore.cli", "status"]
    how: dict[str, Any] = {"cwd": folder, "env": environment()}
    made = [*command, "init", "--db", "register.db", "--issuer", "CN"]
    subprocess.run(made, check=True, stdout=subprocess.DEVNULL, **how)
    with closing(socket.socket()) as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    about = ["--db", "register.db", "--folder", "published", "--trust-list", "trust.cbor", "--port", str(port)]
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen([*command, "serve", *about, *given], stdout=log, stderr=log, **how)
    try:
        ask(f"http://127.0.0.1:{port}/health")
        yield f"http://127.0.0.1:{port}"
    finally:
        process.send_signal(signal.SIGTERM if os.name == "nt" else signal.SIGINT)
        process.wait(timeout=WAIT_S)
