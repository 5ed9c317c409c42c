"""What the claims desk costs beyond the library: 8 clients send photos of two megapixels, in turn with the library.

    python benchmarks/bench_claims_desk.py --minutes 10

The desk is the process that its page tells to start, with its records on the disk. The library is asked by as many
threads of one process as the desk has clients, as often as they can, in two ways: in processes that are killed at the
deadline, as the desk reads, and in the threads themselves. Both have the same photos, trust list, snapshot and policy.
A round asks each side for a while; who is first changes. Every answer is checked. Exits with 1 where the median of the
rounds' ratios is 1.5 or more against the library in processes, where anything went wrong, or where the desk's memory
grew by a tenth after the first of ten parts. A service must not decode strangers' files in its own process: that
comparison is for those who want to know what isolation costs.
"""

from __future__ import annotations

import argparse
import http.client
import io
import os
import secrets
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from threading import local
from typing import Any, Final

import attrs

ROOT: Final = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from benchmarks import _pictures
from certcore import (
    Basis,
    Expected,
    InspectionCertificate,
    Issuer,
    LocalSigner,
    Policy,
    PublicKey,
    Result,
    TrustList,
    Verifier,
)
from certcore.register import StatusRegistry
from certcore.status import SnapshotStatusBackend
from certcore.trust import KeyUsage, ListTemplate, TrustedIssuer, TrustedKey, TrustListContents, TrustRoot

CLIENTS: Final = 8
FAIR: Final = "the library, in processes"
MOST: Final = 1.5
MOST_GROWTH: Final = 1.1
ROUND_S: Final = 5.0
PHOTOS: Final = 12
DEADLINE: Final = timedelta(seconds=10)
TEMPLATE: Final = "https://status.example/lists/{list}"
SEEN: Final[dict[str, Any]] = {"registration_number": "闽C12345", "vin": "LSVAA4181E2184211"}
PATIENCE_S: Final = 60
_TICK_MS: Final = 1000 / os.sysconf("SC_CLK_TCK")


@attrs.define
class Side:
    """One of those that are asked, and what came of it.

    Attributes:
        ask: asks about a photo; whether the answer is right.
        process: whose processor time it is, with the processes that it started.
        medians: of each round, in seconds.
    """

    ask: Callable[[bytes], bool]
    process: int
    took: list[float] = attrs.field(factory=list)
    medians: list[float] = attrs.field(factory=list)
    cpu_ms: float = 0

    def round(self, photos: list[bytes], seconds: float) -> None:
        """Ask for a while, with 8 at once."""
        before = cpu_ms(self.process)
        found = ask_for(self.ask, photos, seconds)
        self.cpu_ms += cpu_ms(self.process) - before
        self.took += found
        self.medians.append(statistics.median(found))

    def line(self, name: str) -> str:
        """What came of it."""
        cuts = statistics.quantiles(self.took, n=100)
        figures = " | ".join(f"{1000 * cuts[place]:.0f}" for place in (49, 94, 98))
        return f"| {name} | {len(self.took)} | {figures} | {self.cpu_ms / len(self.took):.1f} |"


def world(folder: Path) -> list[bytes]:
    """Trust list, root and a register's snapshot in a folder, and photos of a certificate that is valid."""
    now, root, signer, register = datetime.now(UTC), *(LocalSigner.generate() for _ in range(3))
    times: dict[str, Any] = {"not_before": now - timedelta(days=900), "not_after": now + timedelta(days=900)}
    keys = [
        TrustedKey(public_key=signer.public_key, usage=KeyUsage.CERTIFICATE, **times),
        TrustedKey(public_key=register.public_key, usage=KeyUsage.STATUS, **times),
    ]
    lists = [ListTemplate(uri=TEMPLATE, not_before=times["not_before"])]
    issuer = TrustedIssuer(
        id="CN", name="Bench", country="CN", time_zone="Asia/Shanghai", keys=keys, list_templates=lists
    )
    contents = TrustListContents(
        version=1, issued_at=now - timedelta(hours=1), next_update_at=now + timedelta(days=7), issuers=[issuer]
    )
    (folder / "trust.cbor").write_bytes(contents.sign(root))
    (folder / "root.pem").write_bytes(root.public_key.to_pem())
    registry = StatusRegistry(f"sqlite:///{folder / 'register.db'}", list_size=1024)
    stated = InspectionCertificate(
        **SEEN,
        basis=Basis.INSPECTED,
        result=Result.PASS,
        authority="闽C",
        inspected_on=(now - timedelta(days=60)).date(),
        valid_until=(now + timedelta(days=300)).date(),
        status=registry.allocate(),
    )
    text = Issuer(signer=signer, country="CN").issue(stated)
    registry.publish(folder / "published", signer=register, uri_template=TEMPLATE)
    registry.close()
    return [photo(text, number) for number in range(PHOTOS)]


def photo(text: str, seed: int) -> bytes:
    """The photo of two megapixels that the other benchmarks read, too."""
    file = io.BytesIO()
    _pictures.photograph(text, megapixels="2", share=0.05, seed=seed).save(file, "JPEG", quality=85)
    return file.getvalue()


def verifier(folder: Path) -> Verifier:
    """The verifier that the desk makes of the same files."""
    root = TrustRoot(keys=[PublicKey.from_pem((folder / "root.pem").read_bytes())])
    return Verifier(
        trust=TrustList.open((folder / "trust.cbor").read_bytes(), root=root),
        status=SnapshotStatusBackend.from_folder(folder / "published"),
        policy=Policy.claims(),
    )


@contextmanager
def served(folder: Path) -> Iterator[tuple[int, int]]:
    """The desk in a process of its own: its id and its port."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port: int = free.getsockname()[1]
    command = [sys.executable, "-m", "claims_desk", "--port", str(port), "--folder", str(folder / "records")]
    command += ["--trust", str(folder / "trust.cbor"), "--root", str(folder / "root.pem")]
    command += ["--snapshot", str(folder / "published")]
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(command, cwd=ROOT / "examples" / "claims-desk", stdout=log, stderr=log)  # noqa: S603  # this Python
    until = time.monotonic() + PATIENCE_S
    while process.poll() is None and time.monotonic() < until:
        try:
            socket.create_connection(("127.0.0.1", port)).close()
            break
        except OSError:
            time.sleep(0.05)
    try:
        yield process.pid, port
    finally:
        process.send_signal(signal.SIGINT)
        process.wait(PATIENCE_S)


@attrs.frozen
class Client:
    """Asks the desk, over one connection for each thread, as leanly as may be: it has the desk's processors."""

    port: int
    day: str
    _lines: local = attrs.field(factory=local)

    def ask(self, content: bytes) -> bool:
        """Whether the answer is the right one."""
        if not hasattr(self._lines, "one"):
            self._lines.one = http.client.HTTPConnection("127.0.0.1", self.port, timeout=PATIENCE_S)
        line: http.client.HTTPConnection = self._lines.one
        fields = {"date_of_loss": self.day, **SEEN}.items()
        form = "".join(
            f'--x\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n' for name, value in fields
        )
        head = '--x\r\nContent-Disposition: form-data; name="picture"; filename="photo.jpg"\r\n\r\n'
        body = f"{form}{head}".encode() + content + b"\r\n--x--\r\n"
        headers = {"Content-Type": "multipart/form-data; boundary=x", "Idempotency-Key": secrets.token_hex(16)}
        line.request("POST", "/verifications", body, headers)
        answer = line.getresponse()
        said = answer.read()
        return answer.status == http.client.CREATED and b'"outcome":"valid"' in said


def ask_for(ask: Callable[[bytes], bool], photos: list[bytes], seconds: float) -> list[float]:
    """How long each answer took, with 8 asking at once; each answer must be right."""
    until = time.perf_counter() + seconds

    def client(number: int) -> list[float]:
        took: list[float] = []
        while (begun := time.perf_counter()) < until:
            if not ask(photos[(number + len(took)) % len(photos)]):
                raise ValueError("a wrong answer")
            took.append(time.perf_counter() - begun)
        return took

    with ThreadPoolExecutor(CLIENTS) as threads:
        return [one for found in threads.map(client, range(CLIENTS)) for one in found]


def cpu_ms(process: int) -> float:
    """The processor time of a process and of those it started, so far."""
    total = 0.0
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = stat.read_text("utf-8", "replace").rpartition(")")[2].split()
        except OSError:
            continue
        if process in {int(stat.parent.name), int(fields[1])}:
            total += sum(map(int, fields[11:13])) * _TICK_MS
    return total


def memory_mb(process: int) -> float:
    """The resident memory of a process and of those it started."""
    found = 0
    for status in Path("/proc").glob("[0-9]*/statm"):
        try:
            parent = int((status.parent / "stat").read_text("utf-8", "replace").rpartition(")")[2].split()[1])
            if process in {int(status.parent.name), parent}:
                found += int(status.read_text("ascii").split()[1])
        except OSError:
            continue
    return found * os.sysconf("SC_PAGE_SIZE") / (1 << 20)


def sides_of(folder: Path, desk: int, port: int) -> dict[str, Side]:
    """Those that are asked."""
    day, expect, asked = date.today(), Expected(**SEEN), verifier(folder)  # noqa: DTZ011  # any day will do

    def apart(content: bytes) -> bool:
        return bool(asked.verify_image(content, as_of=day, expect=expect, deadline=DEADLINE, isolate=True))

    def here(content: bytes) -> bool:
        return bool(asked.verify_image(content, as_of=day, expect=expect, deadline=DEADLINE, isolate=False))

    return {
        FAIR: Side(apart, os.getpid()),
        "the library, in threads": Side(here, os.getpid()),
        "the desk": Side(Client(port, day.isoformat()).ask, desk),
    }


def compare(sides: dict[str, Side], photos: list[bytes], desk: int, seconds: float) -> list[float]:
    """Ask all sides in turn for that long; the desk's memory after each of its rounds."""
    memory: list[float] = []
    end = time.monotonic() + seconds
    names = list(sides)
    while time.monotonic() < end:
        for name in names:
            sides[name].round(photos, min(ROUND_S, seconds / len(names)))
        memory.append(memory_mb(desk))
        names = [*names[1:], names[0]]
    return memory


def report(sides: dict[str, Side], alone: Side, memory: list[float], kept: int) -> bool:
    """Print what came of it: whether all bounds were kept."""
    print(
        "| | answers | median, ms | 95 %, ms | 99 %, ms | processor, ms each |\n| --- | --: | --: | --: | --: | --: |"
    )
    for name, side in sides.items():
        print(side.line(name))
    if alone.took:
        print(alone.line("the desk alone"))
    desk = sides["the desk"]
    ratios = {
        name: statistics.median(mine / its for mine, its in zip(desk.medians, side.medians, strict=True))
        for name, side in sides.items()
        if side is not desk
    }
    for name, ratio in ratios.items():
        rate = len(sides[name].took) / len(desk.took)
        print(f"{name}: the desk's median is {ratio:.2f} of its; {rate:.2f} answers for one of the desk")
    settled, most = memory[len(memory) // 10], max(memory[len(memory) // 10 :])
    print(f"the desk's memory: {settled:.0f} MB, at most {most:.0f} MB; {kept} records")
    print(f"{CLIENTS} clients, {os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}")
    return ratios[FAIR] < MOST and most < MOST_GROWTH * settled


def main() -> int:
    """Measure, print, and say whether the bounds were kept."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--minutes", type=float, default=3, help="how long all sides take turns")
    parser.add_argument("--alone", type=float, default=0, help="minutes that the desk then goes on without a pause")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as made:
        folder = Path(made)
        photos = world(folder)
        with served(folder) as (desk, port):
            sides = sides_of(folder, desk, port)
            for side in sides.values():
                ask_for(side.ask, photos, min(2, 20 * given.minutes))
            memory = compare(sides, photos, desk, 60 * given.minutes)
            alone = Side(sides["the desk"].ask, desk)
            end = time.monotonic() + 60 * given.alone
            while time.monotonic() < end:
                alone.round(photos, 4 * ROUND_S)
                memory.append(memory_mb(desk))
        kept = len(list((folder / "records" / "files").glob("*.vice")))
        return not report(sides, alone, memory, kept)


if __name__ == "__main__":
    sys.exit(main())
