"""What the desk keeps: a record for each request, with its picture, its evidence and its answer.

The records are in SQLite; pictures and evidence are files beside it. Only the owner may read them. A record is made
before the work is begun and holds its key; files are on the disk before the answer is, and the answer before it is
sent. So a request that is sent again is answered as before, and a crash leaves a key that is free after a while.
"""

from __future__ import annotations

import hashlib
import os
import secrets
import sqlite3
import time
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Final

import attrs

from claims_desk.problems import Problem

LEASE_S: Final = 120
"""Seconds that a request may take, before its key is taken to be left behind by a crash."""

SUFFIXES: Final = ("vice", "picture", "small.jpg")
"""Of the files of a record: its evidence, the picture as it was sent, and a small copy of it for people."""

_SCHEMA: Final = """
CREATE TABLE IF NOT EXISTS records (
    key TEXT PRIMARY KEY, id TEXT NOT NULL UNIQUE, asked TEXT NOT NULL, begun REAL NOT NULL, answer BLOB
) STRICT
"""


@attrs.frozen
class Begun:
    """A request's record: its id, and its answer if it has one already."""

    id: str
    answer: bytes | None = attrs.field(default=None, repr=False)


@attrs.frozen
class Store:
    """A folder of records."""

    folder: Path

    @classmethod
    def open(cls, folder: Path) -> Store:
        """The store in a folder, which is made if need be."""
        store = cls(folder)
        for place in (folder, folder / "files"):
            place.mkdir(mode=0o700, parents=True, exist_ok=True)
            place.chmod(0o700)
        with _for_owner(), store._database() as database:
            database.execute("PRAGMA journal_mode = WAL")
            database.execute(_SCHEMA)
        return store

    def begin(self, key: str, asked: str) -> Begun:
        """The record of a request, new or as it was answered.

        Raises:
            Problem: ``key-reused`` for another request's key, ``key-in-progress`` for one that is being answered.
        """
        name, now, fresh = hashlib.sha256(key.encode()).hexdigest(), time.time(), secrets.token_hex(16)
        with self._database() as database:
            database.execute("BEGIN IMMEDIATE")
            row = database.execute("SELECT id, asked, begun, answer FROM records WHERE key = ?", (name,)).fetchone()
            if row is not None:
                known, before, begun, answer = row
                if before != asked:
                    raise Problem("key-reused")
                if answer is not None:
                    return Begun(known, answer)
                if now - begun < LEASE_S:
                    raise Problem("key-in-progress")
            database.execute("REPLACE INTO records VALUES (?, ?, ?, ?, NULL)", (name, fresh, asked, now))
        return Begun(fresh)

    def keep(self, record: str, files: Mapping[str, bytes], answer: bytes) -> None:
        """Keep what came of a request: all of it, or an error."""
        for suffix, content in files.items():
            _write(self._path(record, suffix), content)
        _sync(self.folder / "files")
        with self._database() as database:
            changed = database.execute("UPDATE records SET answer = ? WHERE id = ?", (answer, record)).rowcount
        if changed != 1:
            raise Problem("internal")  # it took so long that another took its place

    def release(self, record: str) -> None:
        """Forget a request that came to nothing: its key may be used again."""
        with self._database() as database:
            database.execute("DELETE FROM records WHERE id = ? AND answer IS NULL", (record,))
            is_kept = database.execute("SELECT 1 FROM records WHERE id = ?", (record,)).fetchone() is not None
        if not is_kept:
            for suffix in SUFFIXES:
                self._path(record, suffix).unlink(missing_ok=True)

    def answer(self, record: str) -> bytes:
        """The answer that was given."""
        with self._database() as database:
            row = database.execute("SELECT answer FROM records WHERE id = ?", (record,)).fetchone()
        if row is None or row[0] is None:
            raise Problem("not-found")
        return bytes(row[0])

    def file(self, record: str, suffix: str) -> Path:
        """A file of an answered request."""
        self.answer(record)
        path = self._path(record, suffix)
        if not path.is_file():
            raise Problem("not-found")
        return path

    def check(self) -> bool:
        """Whether records can be written."""
        try:
            with self._database() as database:
                database.execute("BEGIN IMMEDIATE")
        except sqlite3.Error:
            return False
        return os.access(self.folder / "files", os.W_OK)

    def _path(self, record: str, suffix: str) -> Path:
        return self.folder / "files" / f"{record}.{suffix}"

    @contextmanager
    def _database(self) -> Iterator[sqlite3.Connection]:
        with closing(sqlite3.connect(self.folder / "records.sqlite", timeout=10)) as database, database:
            database.execute("PRAGMA synchronous = FULL")
            yield database


@contextmanager
def _for_owner() -> Iterator[None]:
    """Files made meanwhile are for the owner alone."""
    before = os.umask(0o077)
    try:
        yield
    finally:
        os.umask(before)


def _write(path: Path, content: bytes) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with open(descriptor, "wb") as file:  # noqa: PTH123  a descriptor, so that nobody else can read it meanwhile
        file.write(content)
        file.flush()
        os.fsync(file.fileno())


def _sync(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
