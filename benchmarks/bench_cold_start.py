"""How long the command takes from a cold start: `.venv/bin/python benchmarks/bench_cold_start.py`.

Each command runs in a process of its own, in turn with the others; the table has the median of what the clock and the
processor show. The interpreter alone stands beside them. What is loaded is tested in `tests/cli/test_cold_start.py`.
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Final

RUNS: Final = 25

_QUESTION: Final = ("--as-of", "2026-10-20", "--trust", "demo-out/trust.cbor", "--root", "demo-out/keys/root.pub.pem")
_COMMAND: Final = (sys.executable, "-m", "certcore.cli")
COMMANDS: Final = {
    "python -c pass": (sys.executable, "-c", "pass"),
    "import certcore": (sys.executable, "-c", "import certcore"),
    "certcore --version": (*_COMMAND, "--version"),
    "certcore verify FILE, a text": (*_COMMAND, "verify", "demo-out/certificates/cn-valid.txt", *_QUESTION),
    "certcore verify FILE, a picture": (*_COMMAND, "verify", "demo-out/certificates/cn-valid.png", *_QUESTION),
}
"""What is measured, by its name in the table."""


def measure(command: tuple[str, ...]) -> tuple[float, float]:
    """Milliseconds by the clock, and of the processor, of one run."""
    before, began = os.times(), time.perf_counter()
    done = subprocess.run(command, capture_output=True, check=False)  # noqa: S603  our own commands
    took, after = time.perf_counter() - began, os.times()
    if done.returncode not in {0, 4}:
        raise SystemExit(done.stderr.decode())
    used = after.children_user + after.children_system - before.children_user - before.children_system
    return took * 1000, used * 1000


def main() -> None:
    """Measure, and print the table."""
    os.environ["CERTCORE_ENVIRONMENT"] = "test"
    os.environ["PYTHONPATH"] = str(Path(__file__).resolve().parent.parent / "src")
    with tempfile.TemporaryDirectory() as folder:
        os.chdir(folder)
        subprocess.run([*_COMMAND, "demo"], capture_output=True, check=True)  # noqa: S603  likewise
        found: dict[str, list[tuple[float, float]]] = {name: [] for name in COMMANDS}
        for _ in range(RUNS):
            for name, command in COMMANDS.items():
                found[name].append(measure(command))
        os.chdir("/")
    print(
        f"{RUNS} runs each, Python {sys.version.split()[0]}, load {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores\n"
    )
    print("| command | clock, median, ms | least | processor, median, ms |\n| --- | --: | --: | --: |")
    for name, runs in found.items():
        clock, used = zip(*runs, strict=True)
        print(f"| {name} | {statistics.median(clock):.0f} | {min(clock):.0f} | {statistics.median(used):.0f} |")


if __name__ == "__main__":
    main()
