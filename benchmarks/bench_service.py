"""What an anonymous request costs as the archive grows: in days, in publications of one day, and in lists.

Run it with ``make bench``, or ``python benchmarks/bench_service.py``. Each figure is the CPU time of one request to the
app in this process: the median of many that ask for different seconds, and the first one after a start, which reads the
names or the state that are kept from then on. No test fails because a machine is slow.
"""

from __future__ import annotations

import asyncio
import json
import platform
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("starlette", reason="the register extra is not installed")

from certcore import LocalSigner
from certcore.register import StatusRegistry, create_app

GROWTH = (10, 1_000, 100_000)
REQUESTS = 50
PUBLICATIONS_A_DAY = 28
DAYS = 3_650
NOW = datetime(2026, 11, 22, 4, 0, tzinfo=UTC)
SECOND = int(NOW.timestamp())
TEMPLATE = "https://status.example/lists/{list}"


def ask(app: Any, path: str, query: str = "") -> tuple[int, float]:  # noqa: ANN401  an ASGI app
    """One request: its status and the milliseconds of CPU that it took."""
    scope: dict[str, Any] = {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": "GET",
        "scheme": "http",
        "path": path,
        "raw_path": path.encode(),
        "root_path": "",
        "query_string": query.encode(),
        "headers": [],
        "client": None,
        "server": None,
    }
    sent: list[dict[str, Any]] = []

    async def receive() -> dict[str, Any]:
        return {"type": "http.request"}

    async def send(message: Any) -> None:  # noqa: ANN401  the protocol's messages
        sent.append(message)

    async def run() -> float:
        began = time.process_time()
        await app(scope, receive, send)
        return time.process_time() - began

    took = asyncio.run(run())
    return sent[0]["status"], took * 1000


def published(folder: Path) -> StatusRegistry:
    """A register that has published once."""
    registry = StatusRegistry(f"sqlite:///{folder / 'own.db'}", clock=lambda: NOW, list_size=256)
    registry.publish(folder / "published", signer=LocalSigner.generate(), uri_template=TEMPLATE)
    return registry


def add_past(folder: Path, count: int) -> None:
    """So many publications over ten years, or over fewer days where there are few."""
    for number in range(1, count):
        day, turn = number % DAYS, number // DAYS
        begin = SECOND - day * 86_400 - turn * 60
        made = folder / "archive" / (NOW - timedelta(days=day, minutes=turn)).date().isoformat() / "lists/0"
        made.mkdir(parents=True, exist_ok=True)
        (made / f"{begin}-{begin + 86_400}").touch()


def add_of_a_day(folder: Path, count: int) -> None:
    """So many publications on one day, at most one for each second."""
    made = folder / "archive/2026-11-21/lists/0"
    made.mkdir(parents=True)
    midnight = SECOND - 4 * 3600
    for number in range(min(count, 86_400)):
        begin = midnight - 1 - number
        (made / f"{begin}-{begin + 86_400}").touch()


def add_lists(folder: Path, count: int) -> None:
    """So many lists in the state."""
    state = folder / ".state.json"
    first = next(iter(json.loads(state.read_bytes())["lists"].values()))
    state.write_text(json.dumps({"lists": {TEMPLATE.format(list=number): first for number in range(count)}}))


Question = tuple[str, str, Callable[[int], str], set[int]]

QUESTIONS: dict[Callable[[Path, int], None], tuple[Question, ...]] = {
    add_past: (
        ("a list of the past, by the archive's size", "/lists/0", lambda n: f"time={SECOND - n * 700_000}", {200, 404}),
        ("before every list, by the archive's size", "/lists/0", lambda n: f"time={n}", {404}),
        ("an unknown list, by the archive's size", "/lists/77", lambda n: f"time={SECOND - n}", {404}),
    ),
    add_of_a_day: (
        ("a list of the past, by that day's size", "/lists/0", lambda n: f"time={SECOND - 14_401 - n}", {200, 404}),
    ),
    add_lists: (
        ("a current list, by the number of lists", "/lists/0", lambda _: "", {200}),
        ("readiness, by the number of lists", "/ready", lambda _: "", {200}),
    ),
}


def measure() -> Iterator[str]:
    """A line for each size and question: the first request and the median of the rest, in milliseconds."""
    for grow, questions in QUESTIONS.items():
        for count in GROWTH:
            with tempfile.TemporaryDirectory() as made:
                registry = published(Path(made))
                folder = Path(made) / "published"
                grow(folder, count)
                for name, path, query, statuses in questions:
                    app = create_app(registry, signer=None, trust_list=b"", folder=folder, authorize=None)
                    ask(app, "/health")
                    answers = [ask(app, path, query(number)) for number in range(REQUESTS)]
                    assert {status for status, _ in answers} <= statuses, name
                    first, *rest = (took for _, took in answers)
                    yield f"{name:48} {count:7} {first:9.2f} ms first {statistics.median(rest):8.2f} ms median"
                registry.close()


def test_what_a_request_costs() -> None:
    """Print the figures; what is asserted is that every answer is right."""
    print()
    for line in measure():
        print(line, flush=True)


if __name__ == "__main__":
    print(f"Python {platform.python_version()}, {platform.machine()}")
    for line in measure():
        print(line, flush=True)
    sys.exit(0)
