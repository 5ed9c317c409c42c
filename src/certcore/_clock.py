"""The system's clock: the one place that reads it, for whoever was given no other."""

from __future__ import annotations

from datetime import UTC, datetime


def utc_now() -> datetime:
    """What time it is, in UTC."""
    return datetime.now(UTC)
