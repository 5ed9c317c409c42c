"""`SQLiteSeenStore`: sightings in one file that all threads and processes of a machine share.

One writer at a time (``BEGIN IMMEDIATE``): if two processes store the same sighting at once, the second sees the first.
It uses a write-ahead log, and a sighting is on disk when its call returns. A connection serves one call at a time and
is kept for the next. A connection inherited through ``fork`` is never used, because SQLite forbids it.
"""

from __future__ import annotations

import contextlib
import hmac
import os
import sqlite3
import weakref
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from threading import Lock
from types import TracebackType
from typing import Final, Self

from certcore import _forks
from certcore._instants import EPOCH, utc
from certcore._sqlite import turn_log_on
from certcore.errors import StatusError
from certcore.signals._sightings import OtherClaims, PseudonymKey, Sighting, SightingMatches

DEFAULT_TIMEOUT: Final = timedelta(seconds=30)
"""How long to wait for another process's lock."""

_APPLICATION_ID: Final = 0x56494353  # "VICS"
_SCHEMA: Final = 1
_TABLES: Final = (
    "CREATE TABLE key (proof BLOB NOT NULL)",
    """\
CREATE TABLE sighting (
    subject BLOB NOT NULL,
    claim BLOB NOT NULL,
    companion BLOB NOT NULL,
    first_at INTEGER NOT NULL,
    last_at INTEGER NOT NULL,
    PRIMARY KEY (subject, claim, companion)
) WITHOUT ROWID""",
    "CREATE INDEX sighting_last_at ON sighting (last_at)",
)
"""Instants are microseconds since 1970."""

_KEEP: Final = (
    "INSERT INTO sighting (subject, claim, companion, first_at, last_at)"
    " VALUES (:subject, :claim, :companion, :at, :at)"
    " ON CONFLICT (subject, claim, companion)"
    " DO UPDATE SET first_at = min(first_at, :at), last_at = max(last_at, :at)"
)
_RECALL: Final = (
    "SELECT companion = :companion AS is_alike, count(DISTINCT claim), min(first_at), max(last_at) FROM sighting"
    " WHERE subject = :subject AND claim <> :claim GROUP BY is_alike"
)

_MAX_IDLE: Final = 8
"""Connections that are kept for the next calls."""
_MICROSECOND: Final = timedelta(microseconds=1)


class _Making:
    """One thread at a time makes a file, or sees that it is there."""

    def __init__(self) -> None:
        self.begin_in_child()
        _forks.begin_in_children(self)

    def begin_in_child(self) -> None:
        """As `_forks.Forked`."""
        self.lock = Lock()


_MAKING: Final = _Making()

_Idle = deque[tuple[int, sqlite3.Connection]]

_INHERITED: Final[list[sqlite3.Connection]] = []
"""Connections of the process this one was forked from: neither used nor closed here."""


class SQLiteSeenStore:
    """Sightings in one SQLite file. Safe between threads and between processes, also forked ones; durable.

    Like a Verifier it may travel to workers: it pickles as its path, its key and its timeout. So the pickle holds the
    secret key; and there must be the same file where it arrives, which is never made anew there.

    The file is made readable by its owner alone; one that is there already keeps its mode. It belongs on a local disk:
    SQLite's log does not work over a network. It grows until `forget` is called.

    Args:
        path: the file; made if it is not there.
        key: the tenant's secret, at least 32 random bytes. A store answers to the key it was made with, and no other.
        timeout: how long to wait for another process's lock.

    Raises:
        TypeError: as `PseudonymKey`. ValueError: likewise; or the file was made with another key, or by another
            program, or the path is no file's, or the timeout negative.
        StatusError: ``seen-store-failed``; the file cannot be made or read.
    """

    def __init__(self, path: str | os.PathLike[str], /, *, key: bytes, timeout: timedelta = DEFAULT_TIMEOUT) -> None:
        if os.fspath(path).startswith((":memory:", "file:")):
            msg = "a SQLiteSeenStore is a file; what need not outlive the process is a MemorySeenStore's"
            raise ValueError(msg)
        if timeout < timedelta():
            msg = "a timeout is not negative"
            raise ValueError(msg)
        self._begin(Path(path).absolute(), PseudonymKey(key), timeout)
        self._make()

    @property
    def key(self) -> PseudonymKey:
        """The tenant's key."""
        return self._key

    @property
    def path(self) -> Path:
        """Where the file is, absolute."""
        return self._path

    def remember(self, sightings: Sequence[Sighting], /, *, claim: bytes, at: datetime) -> tuple[SightingMatches, ...]:
        """As `SeenStore.remember`."""
        microseconds = _microseconds(at)
        with self._transaction() as connection:
            return tuple(_remember(connection, sighting, claim, microseconds) for sighting in sightings)

    def forget(self, *, before: datetime) -> int:
        """As `SeenStore.forget`. What is erased is overwritten, and the log emptied unless another process reads it."""
        microseconds = _microseconds(before)
        with self._transaction() as connection:
            forgotten = connection.execute("DELETE FROM sighting WHERE last_at < ?", (microseconds,)).rowcount
        with contextlib.suppress(sqlite3.Error), self._connection() as connection:
            connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
        return forgotten

    def close(self) -> None:
        """Give up the connections; the next use makes new ones."""
        _close(self._idle)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None, /
    ) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"SQLiteSeenStore({str(self._path)!r}, key not shown)"

    def __getstate__(self) -> tuple[Path, PseudonymKey, timedelta]:
        return self._path, self._key, self._timeout

    def __setstate__(self, state: tuple[Path, PseudonymKey, timedelta]) -> None:
        self._begin(*state)

    def _begin(self, path: Path, key: PseudonymKey, timeout: timedelta) -> None:
        self._path, self._key, self._timeout = path, key, timeout
        self._idle: _Idle = deque()  # its ends are safe between threads without a lock, which a fork could leave shut
        weakref.finalize(self, _close, self._idle)

    def _make(self) -> None:
        """Have the file be there, with its tables, and see that it answers to this key."""
        with _MAKING.lock:
            self._make_file()
            self._make_tables()

    def _make_file(self) -> None:
        """Only a file that is not there is opened, as closing one drops all locks on it in this process (POSIX)."""
        try:
            os.close(os.open(self._path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
        except FileExistsError:
            pass
        except OSError as cause:
            raise StatusError("seen-store-failed", "The file of the store cannot be made") from cause

    def _make_tables(self) -> None:
        proof = self._key.pseudonym("key")  # tells this key from others, and tells nothing of it
        with self._transaction(prepare=_prepare) as connection:
            if _is_empty(connection):
                for statement in _TABLES:
                    connection.execute(statement)
                connection.execute("INSERT INTO key (proof) VALUES (?)", (proof,))
                connection.execute(f"PRAGMA application_id = {_APPLICATION_ID}")
                connection.execute(f"PRAGMA user_version = {_SCHEMA}")
            (made_with,) = connection.execute("SELECT proof FROM key").fetchone()
            if not hmac.compare_digest(made_with, proof):
                msg = "the store was made with another key"
                raise ValueError(msg)

    @contextmanager
    def _transaction(
        self, *, prepare: Callable[[sqlite3.Connection], None] | None = None
    ) -> Iterator[sqlite3.Connection]:
        """A connection for writing, with the write lock; committed and on the disk at the end."""
        try:
            with self._connection() as connection:
                if prepare is not None:
                    prepare(connection)
                connection.execute("BEGIN IMMEDIATE")
                yield connection
                connection.execute("COMMIT")
        except sqlite3.Error as cause:
            raise StatusError(
                "seen-store-failed", "The store of sightings gave no answer", error=type(cause).__name__
            ) from cause

    @contextmanager
    def _connection(self) -> Iterator[sqlite3.Connection]:
        """One of the idle connections or a new one; kept for the next call unless this one fails."""
        connection = self._take_connection()
        try:
            yield connection
        except BaseException:
            connection.close()  # which rolls back
            raise
        if len(self._idle) < _MAX_IDLE:
            self._idle.append((os.getpid(), connection))
        else:
            connection.close()

    def _take_connection(self) -> sqlite3.Connection:
        while True:
            try:
                process, connection = self._idle.pop()
            except IndexError:
                return self._open_connection()
            if process == os.getpid():
                return connection
            _INHERITED.append(connection)

    def _open_connection(self) -> sqlite3.Connection:
        """A new connection to a file that is there."""
        connection = sqlite3.connect(
            f"{self._path.as_uri()}?mode=rw",
            uri=True,
            timeout=self._timeout.total_seconds(),
            isolation_level=None,  # the module would begin transactions by itself, and not the kind wanted
            check_same_thread=False,  # one call at a time has it
        )
        try:
            connection.execute("PRAGMA synchronous = FULL")
            connection.execute("PRAGMA secure_delete = ON").fetchall()
        except BaseException:
            connection.close()
            raise
        return connection


def _remember(connection: sqlite3.Connection, sighting: Sighting, claim: bytes, microseconds: int) -> SightingMatches:
    named = {"subject": sighting.subject, "claim": claim, "companion": sighting.companion}
    connection.execute(_KEEP, named | {"at": microseconds})
    found = {
        is_alike: OtherClaims(claims=claims, first_at=_instant(first_at), last_at=_instant(last_at))
        for is_alike, claims, first_at, last_at in connection.execute(_RECALL, named)
    }
    return SightingMatches(same=found.get(1), different=found.get(0))


def _close(idle: _Idle) -> None:
    """Close what is idle and this process's own."""
    while idle:
        process, connection = idle.pop()
        if process == os.getpid():
            connection.close()
        else:
            _INHERITED.append(connection)


def _is_empty(connection: sqlite3.Connection) -> bool:
    (tables,) = connection.execute("SELECT count(*) FROM sqlite_master").fetchone()
    return not tables


def _prepare(connection: sqlite3.Connection) -> None:
    """Turn the write-ahead log on, once in a file's life; SQLite does not wait for others who do the same.

    Raises:
        ValueError: the file belongs to another program, and is left unchanged.
    """
    connection.execute("BEGIN")  # so that all is read at one moment: another process may be making the tables
    found = [connection.execute(f"PRAGMA {name}").fetchone() for name in ("application_id", "user_version")]
    is_ours = found == [(_APPLICATION_ID,), (_SCHEMA,)] or _is_empty(connection)
    connection.execute("COMMIT")
    if not is_ours:
        msg = "the file is another program's database, or another version's store"
        raise ValueError(msg)
    turn_log_on(connection)


def _microseconds(at: datetime) -> int:
    return (utc(at) - EPOCH) // _MICROSECOND


def _instant(microseconds: int) -> datetime:
    return EPOCH + microseconds * _MICROSECOND
