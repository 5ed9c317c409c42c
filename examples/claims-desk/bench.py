"""What the desk costs beyond the library: 8 clients send photos of two megapixels, in turn with the library alone.

    python examples/claims-desk/bench.py --minutes 10

Both read in the same kind of killable processes, under the same policy, with as many askers at once. The library is
asked in order of arrival, by as many threads as the desk has: threads that compete freely starve each other, so that
half of the answers are fast and the others very late. A round asks one side for a while, then the other; who is first
changes. Every answer is checked. Exits with 1 if the median of the rounds' ratios is 1.5 or more, or if anything went
wrong.
"""

from __future__ import annotations

import argparse
import io
import os
import random
import statistics
import sys
import tempfile
import threading
import time
import uuid
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import httpx2
import uvicorn
from PIL import Image

from certcore import (
    Basis,
    Expected,
    InspectionCertificate,
    Issuer,
    LocalSigner,
    Policy,
    Result,
    StatusRef,
    TrustList,
    Verifier,
    qr,
)
from certcore.status import MemoryStatusBackend
from certcore.trust import KeyUsage, TrustedIssuer, TrustedKey, TrustListContents, TrustRoot
from claims_desk.app import create_app
from claims_desk.judge import DEADLINE, Judge
from claims_desk.report import Reporter
from claims_desk.store import Store

if TYPE_CHECKING:
    from collections.abc import Iterator

CLIENTS: Final = 8
MOST: Final = 1.5
ROUND_S: Final = 5
PHOTOS: Final = 12
SEEN: Final[dict[str, Any]] = {"registration_number": "闽C12345", "vin": "LSVAA4181E2184211"}


def world() -> tuple[Verifier, list[bytes]]:
    """A verifier, and photos of a certificate that it finds valid."""
    now, root, signer = datetime.now(UTC), LocalSigner.generate(), LocalSigner.generate()
    times: dict[str, Any] = {"not_before": now - timedelta(days=900), "not_after": now + timedelta(days=900)}
    key = TrustedKey(public_key=signer.public_key, usage=KeyUsage.CERTIFICATE, **times)
    issuer = TrustedIssuer(id="CN", name="Bench", country="CN", time_zone="Asia/Shanghai", keys=[key])
    contents = TrustListContents(
        version=1, issued_at=now - timedelta(hours=1), next_update_at=now + timedelta(days=7), issuers=[issuer]
    )
    trust = TrustList.open(contents.sign(root), root=TrustRoot(keys=[root.public_key]))
    stated = InspectionCertificate(
        **SEEN,
        basis=Basis.INSPECTED,
        result=Result.PASS,
        authority="闽C",
        inspected_on=date.today() - timedelta(days=60),  # noqa: DTZ011  # any day will do
        valid_until=date.today() + timedelta(days=300),  # noqa: DTZ011  # as above
        issued_at=now - timedelta(days=50),
        status=StatusRef(list=1, index=7),
    )
    register = MemoryStatusBackend()
    register.register(StatusRef(list=1, index=7), issuer="CN", at=now - timedelta(days=50))
    text = Issuer(signer=signer, country="CN").issue(stated)
    verifier = Verifier(trust=trust, status=register, policy=Policy.claims())
    return verifier, [photo(text, random.Random(number)) for number in range(PHOTOS)]  # noqa: S311  # no secret


def photo(text: str, chance: random.Random) -> bytes:
    """A photo of two megapixels: a sheet with the code on a grainy table, turned."""
    table = Image.effect_noise((1632, 1224), 40).convert("RGB")
    code = Image.open(io.BytesIO(qr.to_png(text, scale=chance.choice((4, 5, 6))))).convert("RGB")
    code = code.rotate(
        chance.uniform(-25, 25), expand=True, fillcolor=(240, 240, 240), resample=Image.Resampling.BICUBIC
    )
    table.paste(code, (chance.randrange(1632 - code.width), chance.randrange(1224 - code.height)))
    file = io.BytesIO()
    table.save(file, "JPEG", quality=88)
    return file.getvalue()


@contextmanager
def served(verifier: Verifier, folder: Path) -> Iterator[str]:
    """The desk on loopback: its address."""
    app = create_app(Judge(verifier=verifier), Store.open(folder), Reporter(root=()))
    config = uvicorn.Config(app, port=0, log_config=None, access_log=False)
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    while not server.started:
        time.sleep(0.01)
    port = server.servers[0].sockets[0].getsockname()[1]
    yield f"http://127.0.0.1:{port}"
    server.should_exit = True
    thread.join()


def ask_for(ask: Callable[[bytes], bool], photos: list[bytes], seconds: float) -> list[float]:
    """How long each answer took, with 8 asking at once; each answer must be right."""
    until = time.perf_counter() + seconds

    def client(number: int) -> list[float]:
        took: list[float] = []
        while (begun := time.perf_counter()) < until:
            assert ask(photos[(number + len(took)) % len(photos)])
            took.append(time.perf_counter() - begun)
        return took

    with ThreadPoolExecutor(CLIENTS) as threads:
        return [one for found in threads.map(client, range(CLIENTS)) for one in found]


def main() -> int:
    """Measure, print, and say whether the bound was kept."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--minutes", type=float, default=3)
    minutes = parser.parse_args().minutes
    verifier, photos = world()
    day, expect = date.today(), Expected(**SEEN)  # noqa: DTZ011  # as above
    with tempfile.TemporaryDirectory() as folder, served(verifier, Path(folder) / "records") as address:
        limits = httpx2.Limits(max_connections=CLIENTS, max_keepalive_connections=CLIENTS)
        client = httpx2.Client(base_url=address, timeout=60, limits=limits, trust_env=False)
        with client as http, ThreadPoolExecutor(1 + (os.cpu_count() or 1)) as threads:

            def desk(content: bytes) -> bool:
                answer = http.post(
                    "/verifications",
                    data={"date_of_loss": day.isoformat(), **SEEN},
                    files={"picture": content},
                    headers={"Idempotency-Key": uuid.uuid4().hex},
                )
                return bool(answer.status_code == 201 and answer.json()["verdict"]["outcome"] == "valid")

            def verify(content: bytes) -> bool:
                return bool(verifier.verify_image(content, as_of=day, expect=expect, deadline=DEADLINE, isolate=True))

            def library(content: bytes) -> bool:
                return threads.submit(verify, content).result()

            sides = {"library": library, "desk": desk}
            for ask in sides.values():
                ask_for(ask, photos, 1)
            medians: dict[str, list[float]] = {name: [] for name in sides}
            took: dict[str, list[float]] = {name: [] for name in sides}
            ratios: list[float] = []
            until = time.monotonic() + 60 * minutes
            while time.monotonic() < until:
                for name in list(sides)[:: 1 if len(ratios) % 2 else -1]:
                    found = ask_for(sides[name], photos, ROUND_S)
                    took[name] += found
                    medians[name].append(statistics.median(found))
                ratios.append(medians["desk"][-1] / medians["library"][-1])
        kept = len(list((Path(folder) / "records" / "files").glob("*.vice")))
    for name, times in took.items():
        usual, last = 1000 * statistics.median(times), 1000 * statistics.quantiles(times, n=100)[98]
        print(f"{name:8} {len(times):6} answers, median {usual:6.0f} ms, 99 % {last:6.0f} ms")
    ratio = statistics.median(ratios)
    quarter = max(1, len(ratios) // 4)
    first, last = statistics.median(ratios[:quarter]), statistics.median(ratios[-quarter:])
    print(f"answers of the library for one of the desk: {len(took['library']) / len(took['desk']):.2f}")
    print(f"ratio {ratio:.2f}; in the first quarter {first:.2f}, in the last {last:.2f}")
    print(f"{kept} records; {CLIENTS} clients, {os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}")
    return ratio >= MOST


if __name__ == "__main__":
    sys.exit(main())
