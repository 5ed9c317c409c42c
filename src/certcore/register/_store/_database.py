"""One database: its connections, transactions and errors.

One writer at a time, on either database: SQLite by ``BEGIN IMMEDIATE``, PostgreSQL by a lock on the register's one row.
So the numbers of events grow in the order in which they are committed; publishing only what changed needs this. And no
two writers can disagree about which certificate of a vehicle is in force. Readers never wait.

An error of the database becomes ``register-failed`` in a write and ``status-unavailable`` in a look-up. If the error is
about connections, locks or disks, its text is kept as the cause. An error about a constraint or a value may quote a
row, and with it a plate, so only its kind is kept.
"""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import timedelta
from pathlib import Path
from typing import Any, Final

from sqlalchemy import URL, Connection, Engine, create_engine, event, make_url, select, text
from sqlalchemy.exc import ArgumentError, DBAPIError, OperationalError, SQLAlchemyError
from sqlalchemy.pool import ConnectionPoolEntry

from certcore import _extras
from certcore._sqlite import turn_log_on
from certcore.errors import IssuingError, StatusError
from certcore.register._store import _schema

DEFAULT_TIMEOUT: Final = timedelta(seconds=30)
"""How long a connection, or a lock that somebody else holds, is waited for."""

_NO_DATABASE: Final = "file is not a database"
"""What SQLite says of another file; not an operational error to its driver."""

_WRITES: Final = "certcore_writes"
_MAKING_LOCK: Final = 0x6365727463  # "certc": PostgreSQL's advisory lock while tables are made or migrated
_REFUSALS: Final = (SQLAlchemyError, OverflowError, UnicodeError)
"""What a database raises; a number too large for it, and text that is none, leave the driver as they are."""

_DRIVERS: Final = {"postgres": "postgresql+psycopg", "postgresql": "postgresql+psycopg"}


_INHERITED: Final[list[Engine]] = []
"""Connections of the process this one was forked from: neither used nor closed here, because SQLite forbids both."""


class Database:
    """A pool of connections to one database; made anew in a process that was forked."""

    def __init__(self, url: str, *, timeout: timedelta = DEFAULT_TIMEOUT) -> None:
        if not isinstance(timeout, timedelta):
            raise TypeError(f"a timeout is a timedelta, not {type(timeout).__name__}")
        self.url = _checked_url(url)
        self._timeout = timeout
        self._engine = _engine(self.url, timeout)
        self._process = os.getpid()

    @property
    def is_sqlite(self) -> bool:
        """Whether it is one file."""
        return self.url.get_backend_name() == "sqlite"

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """A connection to read with, in one transaction.

        Raises:
            StatusError: ``status-unavailable``.
        """
        try:
            with self._own_engine().connect() as connection:
                yield connection
        except _REFUSALS as cause:
            raise StatusError(
                "status-unavailable", f"The register's database gave no answer{_told(cause)}", error=_kind(cause)
            ) from _tellable(cause)

    @contextmanager
    def write(self) -> Iterator[Connection]:
        """A connection to write with, nobody else writing; committed at the end, and on the disk then.

        Raises:
            IssuingError: ``register-failed``; nothing was written.
        """
        with self._transaction() as connection:
            if not self.is_sqlite:
                connection.execute(select(_schema.REGISTER.c.id).with_for_update())
            yield connection

    @contextmanager
    def open(self) -> Iterator[Connection]:
        """A connection to see with whether there is a register; waits for no writer, and its errors are `write`'s."""
        with self._transaction(writes=False) as connection:
            yield connection

    @contextmanager
    def make(self) -> Iterator[Connection]:
        """As `write`, while there may be no tables yet."""
        with self._transaction() as connection:
            if not self.is_sqlite:
                connection.execute(text(f"SELECT pg_advisory_xact_lock({_MAKING_LOCK})"))
            yield connection

    @contextmanager
    def _transaction(self, *, writes: bool = True) -> Iterator[Connection]:
        try:
            with self._own_engine().execution_options(**{_WRITES: writes}).begin() as connection:
                yield connection
        except _REFUSALS as cause:
            raise IssuingError(
                "register-failed", f"The register's database did not take it{_told(cause)}", error=_kind(cause)
            ) from _tellable(cause)

    def forget_the_log(self) -> None:
        """Empty SQLite's write-ahead log, which still holds what was erased; a reader that stays may prevent it."""
        if self.is_sqlite:
            with suppress(StatusError, sqlite3.Error), self.read() as connection:
                driver: Any = connection.connection.driver_connection
                driver.execute("PRAGMA wal_checkpoint(TRUNCATE)")

    def require_file(self, *, create: bool) -> None:
        """Have SQLite's file be there, readable by its owner alone, before SQLite makes one that others can read.

        Raises:
            IssuingError: ``register-failed`` where it is not there and is not to be made, or cannot be.
        """
        if not self.is_sqlite:
            return
        path = Path(self.url.database or "")
        try:
            if create:
                path.touch(0o600)
            elif not path.exists():
                raise IssuingError("register-failed", "There is no register; make one first")
        except OSError as cause:
            raise IssuingError("register-failed", "The register's file cannot be made", error=_kind(cause)) from cause

    def close(self) -> None:
        """Give up every connection; the next use makes new ones."""
        self._own_engine().dispose()

    def _own_engine(self) -> Engine:
        """The pool, without connections that belong to the process this one was forked from."""
        if self._process != os.getpid():
            _INHERITED.append(self._engine)
            self._engine = _engine(self.url, self._timeout)  # whole: the old one's locks may be held for ever
            self._process = os.getpid()
        return self._engine


def _checked_url(url: str) -> URL:
    try:
        parsed = make_url(url)
    except ArgumentError as cause:
        msg = "a register's URL is like sqlite:///register.db or postgresql://user@host/name"
        raise ValueError(msg) from cause
    parsed = parsed.set(drivername=_DRIVERS.get(parsed.drivername, parsed.drivername))
    kind = parsed.get_backend_name()
    if kind not in {"sqlite", "postgresql"}:
        msg = f"a register is kept in SQLite or PostgreSQL, not in {kind}"
        raise ValueError(msg)
    if kind == "sqlite" and (parsed.database or ":memory:").startswith((":memory:", "file:")):
        msg = "a register is a file: what is kept in memory alone is lost with the process"
        raise ValueError(msg)
    return parsed


def _engine(url: URL, timeout: timedelta) -> Engine:
    # Without hidden parameters an error's text, and a log of statements, would hold plates and VINs.
    settings: dict[str, Any] = {"hide_parameters": True, "pool_timeout": timeout.total_seconds()}
    if url.get_backend_name() == "sqlite":
        engine = create_engine(url, connect_args={"timeout": timeout.total_seconds()}, **settings)
        event.listen(engine, "connect", _prepare_sqlite)
        event.listen(engine, "begin", _begin_sqlite)
        return engine
    seconds = max(1, int(timeout.total_seconds()))
    arguments = {"connect_timeout": seconds}
    with _extras.naming("postgres", "psycopg"):
        engine = create_engine(url, connect_args=arguments, pool_pre_ping=True, **settings)
    event.listen(engine, "connect", _prepare_postgresql(seconds))
    return engine


def _prepare_sqlite(connection: Any, _entry: ConnectionPoolEntry) -> None:  # noqa: ANN401  the driver's, untyped here
    connection.isolation_level = None  # the driver would begin transactions by itself, and not the kind wanted
    turn_log_on(connection)
    for pragma in ("synchronous=FULL", "foreign_keys=ON", "secure_delete=ON"):
        connection.execute(f"PRAGMA {pragma}")


def _begin_sqlite(connection: Connection) -> None:
    writes = connection.get_execution_options().get(_WRITES, False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")


def _prepare_postgresql(timeout_s: int) -> Callable[[Any, ConnectionPoolEntry], None]:
    def prepare(connection: Any, _entry: ConnectionPoolEntry) -> None:  # noqa: ANN401  as above
        with connection.cursor() as cursor:
            cursor.execute(f"SET lock_timeout = '{timeout_s}s'")
            cursor.execute(f"SET statement_timeout = '{10 * timeout_s}s'")
            cursor.execute("SET synchronous_commit = on")
        connection.commit()

    return prepare


def _kind(cause: Exception) -> str:
    return type(cause.orig if isinstance(cause, DBAPIError) and cause.orig is not None else cause).__name__


def _told(cause: Exception) -> str:
    """What the database says in its first line, where that is about connections, locks and disks."""
    found = cause.orig if isinstance(cause, DBAPIError) else None
    if isinstance(cause, OperationalError) or _NO_DATABASE in str(found):
        return f": {str(found).partition(chr(10))[0]}"
    return ""


def _tellable(cause: Exception) -> Exception | None:
    if isinstance(cause, OperationalError):
        return cause
    return None if isinstance(cause, DBAPIError | UnicodeError) else cause
