"""The system's clock, the default of every `clock` argument. Nothing else reads it."""

from __future__ import annotations

import time
from datetime import UTC, datetime


def utc_now() -> datetime:
    """What time it is, in UTC."""
    return datetime.now(UTC)


def steady() -> float:
    """Seconds on a clock that only runs forward, from a start of its own: for deadlines, never for a date."""
    return time.monotonic()
