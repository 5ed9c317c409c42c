"""The suites by name, in the order in which they run. Each module has `measure(setting)`, and says in one line what."""

from __future__ import annotations

from typing import Final

SUITES: Final = {
    "verify": "text to verdict and verify_many, beside every other library; the stages",
    "scan": "pictures to verdicts by size, kind and share of the frame",
    "together": "threads and processes side by side, and what the machine gives two",
    "issue": "certificates signed, drawn and printed",
    "lists": "status lists: build, send, open, hold",
    "look-ups": "one status, from every kind of backend",
    "evidence": "files kept beside verdicts, sealed and replayed",
    "register": "events recorded, revoked and published; look-ups",
    "cold-start": "import, first verdict, the command",
    "memory": "what a verifier, and a million statuses, hold",
    "growth": "a verdict with 10 to a million keys and entries",
    "size": "the same certificate in five formats: bytes, characters, QR version",
}
"""Those that ``make bench`` runs."""

SLOW: Final = {
    "bulk": "thousands of pictures: two processes, the claims errand, memory",
    "engines": "DuckDB, Polars, processes and Spark beside the plain loop",
    "decoders": "which codes are read, by set, effort, step and damage: the tables of scanning.md",
}
"""Those that take more than some minutes, and run only when they are named."""
