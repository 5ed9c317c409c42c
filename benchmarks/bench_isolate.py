"""What reading in a process that can be killed costs, beside reading in this one: a photograph, in turns.

Run it with ``python benchmarks/bench_isolate.py`` on Linux. It prints medians of computing time, which other
programs on the machine disturb less than the time that passes.
"""

from __future__ import annotations

import io
import statistics
import time
from pathlib import Path

import numpy as np
from PIL import Image

from certcore import qr
from certcore.qr import _readers

ROUNDS = 100


def photograph() -> bytes:
    """A JPEG of two million pixels with one symbol in it."""
    chance = np.random.default_rng(2)
    coarse = Image.fromarray(chance.integers(60, 220, (30, 40), np.uint8))
    scene = np.asarray(coarse.resize((1632, 1224), Image.Resampling.BICUBIC)) + chance.normal(0, 6, (1224, 1632))
    page = np.clip(scene, 0, 255).astype(np.uint8)
    symbol = np.asarray(Image.open(io.BytesIO(qr.to_png("VIC1:" + "ABC123" * 60, scale=5))).convert("L"))
    page[300 : 300 + len(symbol), 400 : 400 + symbol.shape[1]] = symbol
    file = io.BytesIO()
    Image.fromarray(page).convert("RGB").save(file, "JPEG", quality=88)
    return file.getvalue()


def computed_ms() -> float:
    """What this process and its readers have computed."""
    pids = [reader.process.pid for reader in _readers.POOL._all]  # noqa: SLF001  # whose time it is
    there = sum(int(Path(f"/proc/{pid}/schedstat").read_text("ascii").split()[0]) for pid in pids)
    return time.process_time() * 1e3 + there / 1e6


def main() -> None:
    """Print the medians."""
    data = photograph()
    taken: dict[bool, list[float]] = {False: [], True: []}
    for _ in range(ROUNDS):
        for isolate, times in taken.items():
            began = computed_ms()
            assert len(qr.read(data, isolate=isolate)) == 1
            times.append(computed_ms() - began)
    here, apart = (statistics.median(times[1:]) for times in taken.values())
    print(f"in this process {here:.1f} ms, in a reader {apart:.1f} ms: {apart / here - 1:+.1%}")


if __name__ == "__main__":
    main()
