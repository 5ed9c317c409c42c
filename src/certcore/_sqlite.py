"""Turn on the write-ahead log, for every SQLite file of certcore."""

from __future__ import annotations

import sqlite3
import time
from typing import Any, Final

_ATTEMPTS: Final = 100
_PAUSE_S: Final = 0.05


def turn_log_on(connection: Any, /) -> None:  # noqa: ANN401  sqlite3's, or a driver's that is untyped
    """Turn the write-ahead log on, once in a file's life; SQLite does not wait for others who do the same."""
    for attempt in range(_ATTEMPTS):
        try:
            if connection.execute("PRAGMA journal_mode=WAL").fetchone() == ("wal",):
                return
        except sqlite3.OperationalError:
            if attempt == _ATTEMPTS - 1:
                raise
        time.sleep(_PAUSE_S)
