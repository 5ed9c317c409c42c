"""The audit trail: who looked up what kind of thing, when, and the result. One SQLite file beside the register.

It has entries, kept for some days and up to a number, and how often each principal asked on each day. It has no plates,
VINs, texts or tokens. An entry names its subject by an HMAC (SHA-256, half of it) under a key that the issuer keeps
elsewhere: with the key one finds who asked about a vehicle; without it, trying all plates does not help.

Writing rarely delays an answer, and never prevents one. It waits for the disk only when the write-ahead log is merged
into the file: a power cut may lose the last entries, a killed process loses none. It waits a quarter of a second for a
locked file. An entry that could not be written is logged as a failure, without its content.
"""

from __future__ import annotations

import hashlib
import hmac
import os
import secrets
import sqlite3
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from threading import Lock
from typing import Final, TypeVar

import attrs

from certcore import _forks, events
from certcore._instants import utc_second
from certcore._sqlite import turn_log_on
from certcore.errors import IssuingError, RejectedInputError
from certcore.vocabulary._identities import plate_key, vin_identity

__all__ = [
    "AuditTrail",
]

DEFAULT_KEEP: Final = timedelta(days=90)
"""How long an entry is kept, unless told otherwise."""

MAX_ENTRIES: Final = 1_000_000
"""How many entries are kept, some 200 bytes each; the oldest give way."""

KEY_BYTES: Final = 32

_MAX_KEY_BYTES: Final = 1 << 10
_SUBJECT_HEX: Final = 32
_WAIT_S: Final = 0.25
_TRIMMED_EVERY: Final = 100
_TRIMMED_AT_ONCE: Final = 1_000

_TABLES: Final = """
CREATE TABLE IF NOT EXISTS entries (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    asked_at INTEGER NOT NULL,
    who TEXT NOT NULL,
    kind TEXT NOT NULL,
    subject TEXT NOT NULL,
    outcome INTEGER NOT NULL
);
CREATE INDEX IF NOT EXISTS entries_of_subject ON entries (subject);
CREATE INDEX IF NOT EXISTS entries_by_time ON entries (asked_at);
CREATE TABLE IF NOT EXISTS counts (
    day TEXT NOT NULL,
    who TEXT NOT NULL,
    requests INTEGER NOT NULL,
    PRIMARY KEY (day, who)
) WITHOUT ROWID;
"""
_COUNT: Final = (
    "INSERT INTO counts VALUES (?, ?, 1) ON CONFLICT DO UPDATE SET requests = requests + 1 RETURNING requests"
)
_TOO_OLD: Final = "DELETE FROM entries WHERE id IN (SELECT id FROM entries WHERE asked_at < ? ORDER BY id LIMIT ?)"
_TOO_MANY: Final = (
    "DELETE FROM entries WHERE id IN"
    " (SELECT id FROM entries WHERE id <= (SELECT max(id) FROM entries) - ? ORDER BY id LIMIT ?)"
)

_T = TypeVar("_T")


@attrs.frozen(kw_only=True)
class Entry:
    """One thing that was asked about.

    Attributes:
        asked_at: when, to the second.
        who: the principal's name.
        kind: what for: a scope, or ``vehicles`` where the request could not be read.
        subject: the keyed hash of the vehicle or the text; empty where the request could not be read.
        outcome: the status of the answer: 200, 403, ...
    """

    asked_at: datetime = attrs.field(converter=utc_second)
    who: str
    kind: str
    subject: str
    outcome: int


class AuditTrail:
    """A trail in a file, made where there is none, readable by its owner alone; several processes may share it.

    Args:
        path: the file.
        key: what subjects are hashed under: 32 bytes at least, kept elsewhere (`AuditTrail.read_key`).
        keep: how long entries are kept; nothing but counts where that is no time.
        max_entries: how many are kept at most.

    Raises:
        IssuingError: ``file-unwritable``.
        ValueError: for a key that is too short, and less than no time or no entry.
    """

    def __init__(
        self, path: Path | str, /, *, key: bytes, keep: timedelta = DEFAULT_KEEP, max_entries: int = MAX_ENTRIES
    ) -> None:
        if len(key) < KEY_BYTES:
            raise ValueError(f"a trail's key has {KEY_BYTES} bytes or more")
        if keep < timedelta(0) or max_entries < 1:
            raise ValueError("a trail keeps one entry or more, for some time or none")
        self.path, self.keep = Path(path), keep
        self._key, self._max_entries = bytes(key), max_entries
        self._connection: sqlite3.Connection | None = None
        self._written = 0
        self.begin_in_child()
        _forks.begin_in_children(self)
        try:
            self.path.touch(0o600)
            with self._lock:
                self._connect()
        except (OSError, sqlite3.Error) as cause:
            raise IssuingError("file-unwritable", "The audit trail cannot be opened") from cause

    def begin_in_child(self) -> None:
        """As `_forks.Forked`: a connection is the parent's alone, and must not be closed here either."""
        self._lock = Lock()
        self._inherited, self._connection = self._connection, None

    @staticmethod
    def read_key(path: Path | str, /) -> bytes:
        """The key in a file; one made at random where there is no file, readable by its owner alone.

        Raises:
            IssuingError: ``file-unwritable``.
            RejectedInputError: ``file-unreadable``, and ``input-malformed`` for a file that holds no key.
        """
        place = Path(path)
        try:
            descriptor = os.open(place, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        except FileExistsError:
            return _key_in(place)
        except OSError as cause:
            raise IssuingError("file-unwritable", "The key of the audit trail cannot be made") from cause
        key = secrets.token_bytes(KEY_BYTES)
        with os.fdopen(descriptor, "wb") as file:
            file.write(key)
            file.flush()
            os.fsync(descriptor)
        return key

    def subject(
        self,
        *,
        registration_number: str | None = None,
        country: str | None = None,
        vin: str | None = None,
        text: str | None = None,
    ) -> str:
        """By what an entry names a vehicle, or a certificate's text: to look for who asked about it.

        Plates and VINs may be written in any way; a plate's type makes no difference. The VIN goes before the plate.
        """
        if vin is not None:
            named = vin_identity(vin)
        elif registration_number is not None:
            named = f"plate:{plate_key(registration_number, country)}"
        else:
            named = f"text:{text or ''}"
        return hmac.new(self._key, named.encode(errors="replace"), hashlib.sha256).hexdigest()[:_SUBJECT_HEX]

    def record(self, *entries: Entry) -> None:
        """Write down what was asked, and let go of what is too old or too much."""
        if not self.keep or not entries:
            return
        rows = [(int(one.asked_at.timestamp()), one.who, one.kind, one.subject, one.outcome) for one in entries]
        self._try(lambda connection: self._write(connection, rows))

    def count(self, name: str, day: date, /) -> int | None:
        """Count a request of that day; how many there were, this one included. None where that cannot be told."""
        found = self._try(lambda connection: connection.execute(_COUNT, (day.isoformat(), name)).fetchall())
        return None if found is None else int(found[0][0])

    def entries(self, *, subject: str | None = None) -> Iterator[Entry]:
        """What was asked, the latest first; about one subject where it is given.

        Raises:
            sqlite3.Error: for a file that cannot be read.
        """
        with self._lock:
            rows = (
                self._connect()
                .execute(
                    "SELECT asked_at, who, kind, subject, outcome FROM entries WHERE ? IN ('', subject)"
                    " ORDER BY id DESC",
                    (subject or "",),
                )
                .fetchall()
            )
        for asked_at, *found in rows:
            said = dict(zip(("who", "kind", "subject", "outcome"), found, strict=True))
            yield Entry(asked_at=datetime.fromtimestamp(asked_at, UTC), **said)

    def close(self) -> None:
        """Give the file up; the next use opens it again."""
        with self._lock:
            if self._connection is not None:
                self._connection.close()
            self._connection = None

    def _write(self, connection: sqlite3.Connection, rows: list[tuple[int, str, str, str, int]]) -> None:
        connection.executemany(
            "INSERT INTO entries (asked_at, who, kind, subject, outcome) VALUES (?, ?, ?, ?, ?)", rows
        )
        if self._written % _TRIMMED_EVERY == 0:
            self._trim(connection, now=rows[0][0])
        self._written += 1

    def _trim(self, connection: sqlite3.Connection, *, now: int) -> None:
        """Let go of some of the oldest, more of them than came since the last time."""
        oldest = now - int(self.keep.total_seconds())
        connection.execute(_TOO_OLD, (oldest, _TRIMMED_AT_ONCE))
        connection.execute(_TOO_MANY, (self._max_entries, _TRIMMED_AT_ONCE))
        day = datetime.fromtimestamp(max(0, oldest), UTC).date()
        connection.execute("DELETE FROM counts WHERE day < ?", (day.isoformat(),))

    def _try(self, write: Callable[[sqlite3.Connection], _T]) -> _T | None:
        try:
            with self._lock, self._connect() as connection:
                return write(connection)
        except (sqlite3.Error, OSError, UnicodeError) as cause:
            events.tell("certcore.audit-failed", error=type(cause).__name__)
            return None

    def _connect(self) -> sqlite3.Connection:
        """The connection, made where there is none; the lock is held."""
        if self._connection is None:
            connection = sqlite3.connect(self.path, timeout=_WAIT_S, check_same_thread=False)
            try:
                turn_log_on(connection)
                for name, value in (("synchronous", "NORMAL"), ("secure_delete", "ON")):
                    connection.execute(f"PRAGMA {name}={value}")
                connection.executescript(_TABLES)
            except BaseException:
                connection.close()
                raise
            self._connection = connection
        return self._connection

    def __repr__(self) -> str:
        return f"AuditTrail({self.path.name!r}, keep={self.keep!r})"


def _key_in(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            key = file.read(_MAX_KEY_BYTES + 1)
    except OSError as cause:
        raise RejectedInputError("file-unreadable", f"The key of the audit trail: {cause.strerror}") from cause
    if not KEY_BYTES <= len(key) <= _MAX_KEY_BYTES:
        raise RejectedInputError("input-malformed", f"The key of the audit trail has {KEY_BYTES} bytes at least")
    return key
