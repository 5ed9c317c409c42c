"""Bulk over pictures: memory over many files, two processes against one, and the claims errand.

``--size 5000`` says over how many small files memory is looked at. Every result is compared with what is expected,
outside the time that is taken. On a busy machine only ratios mean anything.
"""

from __future__ import annotations

import io
import os
import random
import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import UTC, date, datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Final

from benchmarks._measure import Figure, Setting, grouped, race, rates, ratios
from certcore import (
    Basis,
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
from certcore.bulk import BulkQuestion, Progress, verify_files
from certcore.testing import ROOT_SIGNER, TRUST_ROOT, make_trust

if TYPE_CHECKING:
    from PIL.Image import Image

AS_OF: Final = date(2026, 5, 20)
ISSUED_AT: Final = datetime(2025, 9, 25, 7, 20, tzinfo=UTC)
VIN: Final = "LSVAA4181E2184211"
DISTINCT: Final = 50
"""Different small pictures; the others are further names of them."""

ROUNDS: Final = 3
KB_PER_MB: Final = 1024


def plate(number: int) -> str:
    """A registration number."""
    return f"闽C{number:05d}"


def texts(signer: LocalSigner, count: int) -> Iterator[str]:
    """Certificates of as many vehicles."""
    issuer = Issuer(signer=signer, country="CN")
    for number in range(count):
        yield issuer.issue(
            InspectionCertificate(
                registration_number=plate(number),
                vin=VIN,
                valid_until=date(2026, 9, 30),
                basis=Basis.INSPECTED,
                result=Result.PASS,
                authority="闽C",
                status=StatusRef(list=12, index=number),
                issued_at=ISSUED_AT,
            )
        )


def photo(text: str, rng: random.Random, grounds: list[Image]) -> bytes:
    """A code that somebody photographed: turned, on a noisy ground of 1600 by 1200 pixels, as JPEG."""
    from PIL import Image  # noqa: PLC0415  an extra

    code = Image.open(io.BytesIO(qr.to_png(text, scale=5))).convert("RGB")
    code = code.rotate(rng.uniform(-12, 12), expand=True, fillcolor="white", resample=Image.Resampling.BICUBIC)
    page = rng.choice(grounds).copy()
    page.paste(code, (rng.randint(50, 1500 - code.width), rng.randint(50, 1100 - code.height)))
    file = io.BytesIO()
    page.save(file, "JPEG", quality=80)
    return file.getvalue()


def make_photos(folder: Path, signer: LocalSigner, count: int) -> None:
    """As many photos."""
    from PIL import Image  # noqa: PLC0415  as above

    rng = random.Random(7)
    noise = [Image.effect_noise((400, 300), rng.randint(20, 60)).resize((1600, 1200)) for _ in range(5)]
    grounds = [
        Image.merge("RGB", [one.point([round(v * k) for v in range(256)]) for k in (0.9, 0.7, 0.6)]) for one in noise
    ]
    folder.mkdir()
    for number, text in enumerate(texts(signer, count)):
        (folder / f"{number}.jpg").write_bytes(photo(text, rng, grounds))


def make_files(folder: Path, signer: LocalSigner, count: int) -> list[Path]:
    """As many small files, each with a code."""
    folder.mkdir()
    originals = []
    for number, text in enumerate(texts(signer, DISTINCT)):
        path = folder / f"{number}.png"
        path.write_bytes(qr.to_png(text, scale=2))
        originals.append(path)
    for number in range(DISTINCT, count):
        (folder / f"{number}.png").hardlink_to(originals[number % DISTINCT])
    return [folder / f"{number}.png" for number in range(count)]


def questions(paths: list[Path], distinct: int) -> Iterator[BulkQuestion]:
    """A question about each file, with the vehicle that it is of."""
    for number, path in enumerate(paths):
        expect = {"registration_number": plate(number % distinct), "country": "CN", "vin": VIN}
        yield BulkQuestion(row=number, picture=path, as_of=AS_OF, expect=expect)


def memory() -> float:
    """Megabytes that this process and those that it started have in memory."""
    pids = [os.getpid(), *map(int, Path(f"/proc/self/task/{os.getpid()}/children").read_text("ascii").split())]
    return sum(_resident(pid) for pid in pids) / KB_PER_MB


def _resident(pid: int) -> int:
    try:
        words = Path(f"/proc/{pid}/status").read_text("ascii", "replace").partition("VmRSS:")[2].split()
    except OSError:  # it ended meanwhile
        return 0
    return int(words[0]) if words else 0


def run(verifier: Verifier, paths: list[Path], distinct: int, workers: int) -> float:
    """Seconds from the first answer to the last, when all processes work; each answer is the expected one."""
    found = verify_files(verifier, questions(paths, distinct), workers=workers)
    first = next(found)
    begun = time.perf_counter()
    results = [first, *found]
    seconds = time.perf_counter() - begun
    assert [*range(len(paths))] == [result.row for result in results]
    assert all(results[number].verdict for number in range(len(paths)))
    return seconds


def _flat_memory(setting: Setting, verifier: Verifier, paths: list[Path]) -> Iterator[Figure]:
    """How much memory grows behind the first thousand."""
    step = setting.pick(1000, 2)
    progress, first, most = Progress(total=len(paths)), 0.0, 0.0
    for number, result in enumerate(verify_files(verifier, questions(paths, DISTINCT), workers=2, progress=progress)):
        assert (number, True) == (result.row, bool(result.verdict))
        if number == step:
            first = most = memory()
        if number % step == 0 and number > step:
            most = max(most, memory())
    left = progress.time_left
    assert left is not None
    assert (len(paths), 0) == (progress.outcomes["valid"], left.total_seconds())
    table = f"{grouped(len(paths))} small files, two processes"
    for row, value in {
        "files a second": progress.rate or 0.0,
        f"MB after {step}": first,
        "MB more at most later": most - first,
    }.items():
        yield Figure(table=table, row=row, column="figure", rounds=(value,))


def _two_against_one(setting: Setting, verifier: Verifier, paths: list[Path]) -> Iterator[Figure]:
    """The rate of two processes by that of one, over the same photos, taken in turn."""
    sides = {
        f"{workers} at work": partial(lambda workers: run(verifier, paths, len(paths), workers) / len(paths), workers)
        for workers in (1, 2)
    }
    taken = race(sides, rounds=setting.pick(ROUNDS, 1))
    first = next(iter(taken.values()))
    for row, seconds in taken.items():
        table = f"processes over {len(paths)} photos"
        yield Figure(table=table, row=row, column="photos", unit="a second", rounds=rates(seconds))
        yield Figure(table=table, row=row, column="beside one", rounds=ratios(first, seconds))


def _errand(folder: Path, count: int) -> Iterator[Figure]:
    """The command over a table of claims about the photos."""
    lines = [f"K-{number},{number}.jpg,{AS_OF},{plate(number)},{VIN}\n" for number in range(count)]
    (folder / "claims.csv").write_text("claim,picture,date-of-loss,plate,vin\n" + "".join(lines), "utf-8")
    words = (
        "--claims claims.csv --pictures photos --out report --trust trust.cbor --root root.pem --policy counterparty"
    )
    begun = time.perf_counter()
    command = [sys.executable, "-m", "certcore.cli", "verify", *words.split()]
    done = subprocess.run(command, cwd=folder, capture_output=True, check=False)  # noqa: S603  this Python, and words of ours
    seconds = time.perf_counter() - begun
    assert done.returncode in {0, 4}, done.returncode
    assert count == len((folder / "report" / "claims.jsonl").read_text("utf-8").splitlines())
    table = f"the claims errand over {count} photos"
    yield Figure(table=table, row="on the clock, s", column="figure", rounds=(seconds,))
    for one in sorted((folder / "report").glob("report.*")):
        yield Figure(table=table, row=f"{one.name}, MB", column="figure", rounds=(one.stat().st_size / 1e6,))


def measure(setting: Setting) -> Iterator[Figure]:
    """Two processes, the errand, and memory."""
    folder, signer = setting.folder, LocalSigner.generate()
    data = make_trust(signer).to_bytes()
    (folder / "trust.cbor").write_bytes(data)
    (folder / "root.pem").write_bytes(ROOT_SIGNER.public_key.to_pem())
    verifier = Verifier(trust=TrustList.open(data, root=TRUST_ROOT), status=None, policy=Policy.counterparty())
    photos = setting.pick(1000, 2)
    make_photos(folder / "photos", signer, photos)
    some = [folder / "photos" / f"{number}.jpg" for number in range(min(photos, 250))]
    yield from _two_against_one(setting, verifier, some)
    yield from _errand(folder, photos)
    files = setting.size or setting.pick(100_000, 4)
    yield from _flat_memory(setting, verifier, make_files(folder / "small", signer, files))
