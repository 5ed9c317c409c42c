"""Sixty-four clients of one HTTP backend against hostile servers, for ten minutes: does memory stay flat?

Run it with ``python benchmarks/bench_soak.py [MINUTES]``. The server is a process of its own. Of its lists a third are
honest; the others misbehave in every way that the tests know: they drip, never end, lie about lengths, unpack to
40 MB, have wrong signatures, types and times. Each client asks about lists at random. What is printed, every half
minute: look-ups so far, how many gave a record, and the client's memory.
"""

from __future__ import annotations

import random
import subprocess
import sys
import threading
import time
from collections import Counter
from datetime import timedelta
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from certcore.errors import StatusError
from certcore.keys import PublicKey
from certcore.payload import StatusListEntry
from certcore.status import HTTPStatusBackend, StatusQuery
from tests.status.fault_server import FaultServer, Reply, Seen
from tests.status.faults import FAULTS, gzip_bomb
from tests.status.http_cases import NOW, SIGNER, cwt, signed_list

CLIENTS: Final = 64
LISTS: Final = 600
STEP_S: Final = 30


def serve() -> None:
    """Answer until the other side is gone: first line out is the address."""
    behaviours = [*(fault for fault, _, _ in FAULTS.values()), gzip_bomb]

    def answer(seen: Seen) -> Reply:
        server.seen.clear()  # what the tests want to know would grow here
        uri = f"{server.url}{seen.target.partition('?')[0].removesuffix('.events')}"
        number = int(uri.rpartition("/")[2])
        return cwt(signed_list(uri)) if number % 3 == 0 else behaviours[number % len(behaviours)](uri)

    with FaultServer() as server:
        for number in range(LISTS):
            server.routes[f"/lists/{number}"] = answer
        print(server.url, SIGNER.public_key.to_cose_key().hex(), flush=True)
        sys.stdin.read()


def memory_mb() -> float:
    """The resident memory of this process."""
    pages = int(Path("/proc/self/statm").read_text("ascii").split()[1])
    return pages * 4096 / (1 << 20)


def ask(
    backend: HTTPStatusBackend, url: str, key: PublicKey, seed: int, said: Counter[str], stop: threading.Event
) -> None:
    """One client."""
    chosen = random.Random(seed)
    while not stop.is_set():
        uri = f"{url}/lists/{chosen.randrange(LISTS)}"
        query = StatusQuery(
            issuer="CN",
            ref=StatusListEntry(uri=uri, index=chosen.randrange(4)),
            list_uri=uri,
            keys=(key,),
            as_of=NOW,
            asked_at=NOW,
        )
        try:
            backend.lookup(query)
            said["record"] += 1
        except StatusError as error:
            said[error.code] += 1


def main(arguments: list[str]) -> int:
    """Run, and print a table; 1 where memory grew by more than a tenth after the first two minutes."""
    if arguments[:1] == ["--serve"]:
        serve()
        return 0
    minutes = float(arguments[0]) if arguments else 10.0
    server = subprocess.Popen(  # noqa: S603  this file
        [sys.executable, __file__, "--serve"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert server.stdout is not None, "it was started with a pipe"
    url, key = server.stdout.readline().split()
    said, stop = Counter[str](), threading.Event()
    backend = HTTPStatusBackend(deadline=timedelta(milliseconds=800))
    signer = PublicKey.from_cose_key(bytes.fromhex(key))
    threads = [threading.Thread(target=ask, args=(backend, url, signer, seed, said, stop)) for seed in range(CLIENTS)]
    for thread in threads:
        thread.start()
    seen: list[float] = []
    print("| seconds | look-ups | records | MB |\n| --: | --: | --: | --: |")
    begin = time.perf_counter()
    while (left := begin + minutes * 60 - time.perf_counter()) > 0:
        time.sleep(min(STEP_S, left))
        seen.append(memory_mb())
        print(f"| {time.perf_counter() - begin:.0f} | {said.total()} | {said['record']} | {seen[-1]:.0f} |", flush=True)
    stop.set()
    for thread in threads:
        thread.join()
    backend.close()
    server.terminate()
    server.wait()
    print(dict(said.most_common()))
    settled = seen[min(3, len(seen) - 1)]
    return 1 if max(seen[3:] or seen) > 1.1 * settled else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
