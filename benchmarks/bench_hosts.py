"""Hosts: look-ups in forked children, and what the longest documents cost.

Run it with ``python benchmarks/bench_hosts.py``; a number that follows is that of look-ups (32 000). They are made in
children of a warm parent (copies, idle connections, a request in the air) and of a cold one; every look-up
asks the server. The goal is no failure from a warm parent that a cold one does not have.
"""

from __future__ import annotations

import os
import sys
import threading
import time
import tracemalloc
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from certcore.errors import StatusError
from certcore.keys import LocalSigner
from certcore.payload import StatusRef
from certcore.status.http import HTTPStatusBackend
from certcore.status.protocol import StatusEvent, StatusEventKind, StatusQuery
from certcore.status.tokenlist import (
    STATUS_LIST_TYPE,
    StatusList,
    issue_events,
    issue_token,
    open_events,
    open_token,
)
from tests.forking import Child
from tests.status.fault_server import FaultServer, Reply

NOW: Final = datetime(2026, 11, 22, 4, 0, tzinfo=UTC)
DAY: Final = timedelta(days=1)
MINUTE: Final = timedelta(minutes=1)
SIGNER: Final = LocalSigner.generate()
LISTS: Final = 50
CHILDREN: Final = 64
AT_ONCE: Final = 8
PATIENT: Final = timedelta(seconds=30)


def query(uri: str, at: datetime) -> StatusQuery:
    """A question about one entry."""
    ref = StatusRef(list=1, index=7)
    return StatusQuery(issuer="CN", ref=ref, list_uri=uri, keys=(SIGNER.public_key,), as_of=at, asked_at=at)


def publish(server: FaultServer) -> list[str]:
    """Lists of 1 024 entries that are to be asked for again after 30 seconds."""
    uris = [f"{server.url}/{number}" for number in range(LISTS)]
    for uri in uris:
        token = issue_token(
            StatusList.from_values({7: 1}, size=1024),
            uri=uri,
            signer=SIGNER,
            issued_at=NOW - MINUTE,
            expires_at=NOW + 30 * DAY,
            ttl=timedelta(seconds=30),
        )
        server.routes[uri.removeprefix(server.url)] = Reply(headers={"Content-Type": STATUS_LIST_TYPE}, body=token)
    return uris


def look_up(backend: HTTPStatusBackend, uris: list[str], count: int) -> list[str]:
    """Why look-ups failed; each is a minute after the last one of its list, so that the server is asked."""
    failed = []
    for number in range(count):
        at = NOW + number // len(uris) * MINUTE
        try:
            backend.lookup(query(uris[number % len(uris)], at))
        except StatusError as error:
            failed.append(f"{error.code} {dict(error.detail).get('cause', '')}".strip())
    return failed


def forked(count: int, *, is_warm: bool) -> tuple[int, dict[str, int]]:
    """Look-ups in children: how many there were, and what failed."""
    said: dict[str, int] = {}
    each = max(1, count // CHILDREN)
    with FaultServer() as server, HTTPStatusBackend(deadline=PATIENT) as backend:
        uris, may_go = publish(server), threading.Event()
        server.routes["/slow"] = lambda _: Reply(status=404) if may_go.wait(600) else Reply(status=500)
        waiting = threading.Thread(target=look_up, args=(backend, [f"{server.url}/slow"], 1))
        if is_warm:
            look_up(backend, uris, LISTS)
            waiting.start()
            time.sleep(0.2)
        for begin in range(0, CHILDREN, AT_ONCE):
            children = [Child(lambda: look_up(backend, uris, each), hangs_s=600) for _ in range(begin, begin + AT_ONCE)]
            for failure in (failure for child in children for failure in child.result()):
                said[failure] = said.get(failure, 0) + 1
        may_go.set()
        if is_warm:
            waiting.join()
    return each * CHILDREN, said


def measured(work: Callable[[], object]) -> tuple[float, float, float]:
    """CPU seconds, MB at the highest and MB that stay while the result is held."""
    begin = time.process_time()
    work()
    cpu = time.process_time() - begin
    tracemalloc.start()
    held = work()
    kept, peak = (value / (1 << 20) for value in tracemalloc.get_traced_memory())
    tracemalloc.stop()
    del held
    return cpu, peak, kept


def documents() -> list[tuple[str, int, Callable[[], object]]]:
    """The longest documents that are taken, honest ones."""
    uri, keys = "https://a.example/1", (SIGNER.public_key,)
    entries = StatusList(bits=8, data=os.urandom((16 << 20) - 4096).replace(b"\xff", b"\0"))
    token = issue_token(entries, uri=uri, signer=SIGNER, issued_at=NOW, expires_at=NOW + DAY)
    flat = issue_token(
        StatusList(bits=8, data=bytes(16 << 20)), uri=uri, signer=SIGNER, issued_at=NOW, expires_at=NOW + DAY
    )
    event = StatusEvent(kind=StatusEventKind.REVOKED, effective_at=NOW - DAY, recorded_at=NOW - DAY, reason="stolen")
    events = issue_events(
        {index: [event] for index in range(85_000)},
        uri=uri,
        signer=SIGNER,
        history_from=NOW - DAY,
        issued_at=NOW,
        expires_at=NOW + DAY,
    )
    return [
        ("list, 16 MiB that do not compress", len(token), lambda: open_token(token, uri=uri, keys=keys, now=NOW)),
        ("list, 16 kB that inflate to 16 MiB", len(flat), lambda: open_token(flat, uri=uri, keys=keys, now=NOW)),
        ("events, 85 000", len(events), lambda: open_events(events, uri=uri, keys=keys, now=NOW)),
    ]


def main(arguments: list[str]) -> int:
    """Measure, and print tables; 1 where a warm parent's children fail."""
    count = int(arguments[0]) if arguments else 32_000
    print("| document | bytes | CPU, s | MB at most | MB kept |\n| --- | --: | --: | --: | --: |")
    for name, size, work in documents():
        cpu, peak, kept = measured(work)
        print(f"| {name} | {size:,} | {cpu:.2f} | {peak:.0f} | {kept:.0f} |", flush=True)
    print("\n| parent | look-ups | failed | seconds |\n| --- | --: | --- | --: |")
    failures = []
    for is_warm in (False, True):
        begin = time.perf_counter()
        total, said = forked(count, is_warm=is_warm)
        failures.append(sum(said.values()))
        seconds = time.perf_counter() - begin
        print(f"| {'warm' if is_warm else 'cold'} | {total:,} | {said or 0} | {seconds:.0f} |", flush=True)
    return 1 if failures[1] > failures[0] else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
