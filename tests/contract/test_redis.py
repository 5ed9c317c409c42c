"""The page on writing a Redis backend is true: its code keeps the contract, on a real server."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import ModuleType
from typing import Any, Final

import attrs
import pytest

from certcore.errors import StatusError
from certcore.status import StatusEvent, StatusEventKind, StatusQuery
from tests.test_docs import blocks

redis = pytest.importorskip("redis", reason="the redis package is not installed")

PAGE: Final = Path(__file__).parents[2] / "docs" / "write-a-redis-backend.md"
SERVER: Final = shutil.which("redis-server")
PATIENCE_S: Final = 60.0
NOW: Final = datetime(2026, 10, 1, 4, 0, tzinfo=UTC)

pytestmark = pytest.mark.skipif(SERVER is None, reason="redis-server is not installed: apt-get install redis-server")


def load_page() -> ModuleType:
    """The page's Python, as one module."""
    module = ModuleType("redis_page")
    sys.modules[module.__name__] = module
    for block in blocks(PAGE):
        if block.info.startswith("python"):
            code = compile("\n" * (block.line - 1) + block.body, str(PAGE), "exec")
            exec(code, vars(module))  # noqa: S102  running the documentation's code is what this test is for
    return module


page = load_page()


@attrs.frozen
class Server:
    """A Redis of this test's own."""

    process: subprocess.Popen[bytes]
    url: str

    def stop(self) -> None:
        """End it, and wait until it is gone."""
        self.process.terminate()
        self.process.wait(PATIENCE_S)


def start(folder: Path) -> Server:
    """A server on a free port of the loopback, that keeps nothing."""
    assert SERVER is not None
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [SERVER, "--bind", "127.0.0.1", "--port", str(port), "--dir", str(folder), "--save", ""]
    with (folder / "log").open("wb") as log:
        server = Server(subprocess.Popen(command, stdout=log, stderr=log), f"redis://127.0.0.1:{port}/9")
    last = time.monotonic() + PATIENCE_S
    while not answers(server.url):
        if time.monotonic() > last or server.process.poll() is not None:
            server.stop()
            pytest.fail(f"redis-server did not start: {(folder / 'log').read_text('utf-8')}")
        time.sleep(0.02)
    return server


def answers(url: str) -> bool:
    """Whether there is a server."""
    client = page.connect(url)
    try:
        return bool(client.ping())
    except redis.RedisError:
        return False
    finally:
        client.close()


@pytest.fixture(scope="module", autouse=True)
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server for all tests of this file; the page finds it by its environment variable."""
    started = start(tmp_path_factory.mktemp("redis"))
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("REDIS_URL", started.url)
        yield started
    started.stop()


class TestRedis(page.TestRedis):  # type: ignore[name-defined,misc]  # made of the page's code
    """The page's contract test, as it stands there."""


@pytest.fixture
def backend() -> Iterator[Any]:
    """The page's backend, on the server of this file."""
    made = page.RedisStatusBackend(page.connect(os.environ["REDIS_URL"]))
    yield made
    made.client.close()


def query(name: bytes) -> StatusQuery:
    """A question about a certificate by its id."""
    return StatusQuery(issuer="CN", certificate_id=name, as_of=NOW, asked_at=NOW)


def happened(kind: StatusEventKind) -> StatusEvent:
    """An event of a minute ago."""
    at = NOW - timedelta(minutes=1)
    return StatusEvent(kind=kind, effective_at=at, recorded_at=at, reason="written off")


def test_page_keeps_its_word() -> None:
    """The backend takes fewer than 60 lines, and every test of the contract is run: none is skipped."""
    backend_block = next(block for block in blocks(PAGE) if block.info.startswith("python"))

    assert len(backend_block.body.splitlines()) < 60
    assert not page.TestRedis.pickles
    assert "break_backend" in vars(page.TestRedis)


def test_reasons_are_kept(backend: Any) -> None:  # noqa: ANN401  of the page's class
    """An event comes back whole, its reason with it."""
    asked = query(b"reasons")
    events = (happened(StatusEventKind.ISSUED), happened(StatusEventKind.REVOKED))
    for event in events:
        backend.record(asked.issuer, asked.key, event)

    assert set(events) == set(backend.lookup(asked).events)


def test_recording_twice_changes_nothing(backend: Any) -> None:  # noqa: ANN401  as above
    """A register that is not sure whether it wrote may write again."""
    asked = query(b"twice")
    for _ in range(2):
        backend.record(asked.issuer, asked.key, happened(StatusEventKind.ISSUED))

    assert (happened(StatusEventKind.ISSUED),) == backend.lookup(asked).events


def test_evicted_is_unknown(backend: Any) -> None:  # noqa: ANN401  as above
    """What Redis drops goes whole: no certificate loses its revocation and keeps its issue."""
    asked = query(b"evicted")
    for kind in (StatusEventKind.ISSUED, StatusEventKind.REVOKED):
        backend.record(asked.issuer, asked.key, happened(kind))

    assert 1 == backend.client.delete(page._name(asked.issuer, asked.key))

    assert () == backend.lookup(asked).events


@pytest.mark.parametrize(
    "row",
    [
        "",
        "null",
        "{}",
        "[]",
        '["issued"]',
        '["gone", null, "2026-10-01T04:00:00+00:00", ""]',
        '["issued", "2026-10-01T04:00:00", "2026-10-01T04:00:00+00:00", ""]',
        '["issued", 1, "2026-10-01T04:00:00+00:00", ""]',
        '["issued", null, null, ""]',
        '["issued", null, "2026-10-01T04:00:00+00:00", 7]',
        b"\xff",
    ],
)
def test_spoilt_rows(backend: Any, row: str | bytes) -> None:  # noqa: ANN401  as above
    """A row that cannot be read is no answer: not an empty one, and not one with the rest of the rows."""
    asked = query(repr(row).encode())
    backend.record(asked.issuer, asked.key, happened(StatusEventKind.ISSUED))
    backend.client.zadd(page._name(asked.issuer, asked.key), {row: 0})

    with pytest.raises(StatusError) as caught:
        backend.lookup(asked)

    assert "status-backend-error" == caught.value.code


def test_wrong_kind_of_value(backend: Any) -> None:  # noqa: ANN401  as above
    """Where somebody else's value stands under the name, there is no answer either."""
    asked = query(b"wrong")
    backend.client.set(page._name(asked.issuer, asked.key), "somebody else's")

    with pytest.raises(StatusError) as caught:
        backend.lookup(asked)

    assert "status-unavailable" == caught.value.code


def test_server_that_goes_away(tmp_path: Path) -> None:
    """A backend whose server ends raises StatusError, and answers again once there is another with its data."""
    mortal = start(tmp_path)
    backend = page.RedisStatusBackend(page.connect(mortal.url))
    asked = query(b"mortal")
    try:
        backend.record(asked.issuer, asked.key, happened(StatusEventKind.ISSUED))
        assert 1 == len(backend.lookup(asked).events)
    finally:
        mortal.stop()

    with pytest.raises(StatusError) as caught:
        backend.lookup(asked)
    assert "status-unavailable" == caught.value.code
    backend.client.close()
