"""What all tests share: the folder of outside vectors, how Hypothesis searches, and an ear for events."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import pytest
from hypothesis import settings

from certcore import events
from certcore.events import Event

VECTORS: Final = Path(os.environ.get("CERTCORE_VECTORS", Path(__file__).parents[2] / "shared" / "vectors"))
IN_CI: Final = os.environ.get("CI") == "true"

settings.register_profile("default", deadline=None)
settings.register_profile("ci", derandomize=True, deadline=None)
settings.load_profile("ci" if IN_CI else "default")


@pytest.fixture
def heard() -> Iterator[list[Event]]:
    """What is told during a test."""
    found: list[Event] = []
    stop = events.listen(found.append)
    yield found
    stop()


@pytest.fixture(scope="session")
def vectors() -> Path:
    """The folder of outside vectors; skipped without it, but failed where CI is set, which must have it."""
    if not VECTORS.is_dir():
        message = "the outside test vectors are not here: set CERTCORE_VECTORS to their folder"
        if IN_CI:
            pytest.fail(message)
        pytest.skip(message)
    return VECTORS


def vector_files(pattern: str) -> list[str]:
    """The outside files that match, by name below `VECTORS`, to parametrise a test that takes `vectors`.

    Where there are none, the pattern itself: the test is still collected, and skipped or failed rather than lost.
    """
    return sorted(path.relative_to(VECTORS).as_posix() for path in VECTORS.glob(pattern)) or [pattern]


def vector_rows(name: str, *members: str) -> list[Any]:
    """The rows of an outside JSON file, or of one of its members, to parametrise a test that takes `vectors`.

    Where there are none, one that is None: the test is still collected, and skipped or failed rather than lost.
    """
    path = VECTORS / name
    rows: Any = json.loads(path.read_text("utf-8")) if path.is_file() else []
    for member in members:
        rows = rows[member] if rows else []
    return list(rows) or [None]
