"""What the desk keeps: a record for each request, with its picture, its evidence and its answer.

The records are in SQLite; pictures and evidence are files beside it. Only the owner may read them. A record is made
before the work is begun and holds its key; files are on the disk before the answer is, and the answer before it is
sent. So a request that is sent again is answered as before, and a crash leaves a key that is free after a while, or
at once where the machine went down with it.
"""

from __future__ import annotations

import hashlib
import os
import secrets
import shutil
import sqlite3
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from threading import Lock
from typing import Final

import attrs

from claims_desk.limits import MAX_BYTES
from claims_desk.problems import Problem

LEASE_S: Final = 120
"""Seconds that a request may take, before its key is taken to be left behind by a crash."""

SUFFIXES: Final = ("vice", "picture")
"""Of the files of a record: its evidence, and the picture as it was sent."""

UNFINISHED: Final = "report-"
"""How the name of a folder begins in which a report is being written."""

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
    """A folder of records; several processes may share it."""

    folder: Path
    _database: sqlite3.Connection = attrs.field(init=False, repr=False)
    _one: Lock = attrs.field(factory=Lock, init=False, repr=False)

    @_database.default
    def _connected(self) -> sqlite3.Connection:
        # Kept: whoever closes the last connection copies all that is new, and waits for the disk.
        path = self.folder / "records.sqlite"
        return sqlite3.connect(path, timeout=10, isolation_level=None, check_same_thread=False)

    @classmethod
    def open(cls, folder: Path) -> Store:
        """The store in a folder, which is made if need be."""
        for place in (folder, folder / "files"):
            place.mkdir(mode=0o700, parents=True, exist_ok=True)
            place.chmod(0o700)
        with _for_owner():
            store = cls(folder)
            store._database.execute("PRAGMA journal_mode = WAL")
            store._database.execute(_SCHEMA)
        store._forget_crashed()
        return store

    def close(self) -> None:
        """Leave the records: nothing can be asked of this store any more."""
        self._database.close()

    def begin(self, key: str, asked: str) -> Begun:
        """The record of a request, new or as it was answered.

        Raises:
            Problem: ``key-reused`` for another request's key, ``key-in-progress`` for one that is being answered.
        """
        name, now, fresh = hashlib.sha256(key.encode()).hexdigest(), time.time(), secrets.token_hex(16)
        with self._writing() as database:
            row = database.execute("SELECT id, asked, begun, answer FROM records WHERE key = ?", (name,)).fetchone()
            if row is not None:
                known, before, begun, answer = row
                if before != asked:
                    raise Problem("key-reused")
                if answer is not None:
                    return Begun(known, answer)
                if now - begun < LEASE_S:
                    raise Problem("key-in-progress")
                self._forget_files(known)
            database.execute("REPLACE INTO records VALUES (?, ?, ?, ?, NULL)", (name, fresh, asked, now))
        return Begun(fresh)

    def keep(self, record: str, files: Mapping[str, bytes], answer: bytes) -> None:
        """Keep what came of a request: all of it, or an error."""
        paths = [_write(self._path(record, suffix), content) for suffix, content in files.items()]
        for path in (*paths, self.folder / "files"):
            _sync(path)
        with self._writing(is_lasting=True) as database:
            changed = database.execute("UPDATE records SET answer = ? WHERE id = ?", (answer, record)).rowcount
        if changed != 1:
            raise Problem("internal")  # it took so long that another took its place

    def release(self, record: str) -> None:
        """Forget a request that came to nothing: its key may be used again."""
        with suppress(Problem):
            self.answer(record)
            return
        self._forget_files(record)  # first: on a disk that they have filled, the record cannot be forgotten
        with self._writing() as database:
            database.execute("DELETE FROM records WHERE id = ? AND answer IS NULL", (record,))

    def answer(self, record: str) -> bytes:
        """The answer that was given."""
        with self._one:
            row = self._database.execute("SELECT answer FROM records WHERE id = ?", (record,)).fetchone()
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
        """Whether records can be written, the largest among them."""
        try:
            with self._writing() as database:
                database.execute("REPLACE INTO records VALUES ('', '', '', 0, NULL)")
                database.execute("DELETE FROM records WHERE key = ''")
        except sqlite3.Error:
            return False
        files = self.folder / "files"
        return os.access(files, os.W_OK) and shutil.disk_usage(files).free > MAX_BYTES

    def _forget_crashed(self) -> None:
        """Forget what a crash left behind, which no answer names; not what another process has just begun."""
        before = time.time() - LEASE_S
        with self._writing() as database:
            database.execute("DELETE FROM records WHERE answer IS NULL AND begun < ?", (before,))
            known = {found for (found,) in database.execute("SELECT id FROM records")}
        for path in (*(self.folder / "files").iterdir(), *self.folder.glob(f"{UNFINISHED}*")):
            with suppress(FileNotFoundError):  # gone meanwhile: another process was at it
                if path.name.partition(".")[0] not in known and path.stat().st_mtime < before:
                    shutil.rmtree(path) if path.is_dir() else path.unlink()

    def _forget_files(self, record: str) -> None:
        for suffix in SUFFIXES:
            self._path(record, suffix).unlink(missing_ok=True)

    def _path(self, record: str, suffix: str) -> Path:
        return self.folder / "files" / f"{record}.{suffix}"

    @contextmanager
    def _writing(self, *, is_lasting: bool = False) -> Iterator[sqlite3.Connection]:
        """A transaction; one that is lasting is on the disk, with all before it, when it is done."""
        with self._one:
            self._database.execute(f"PRAGMA synchronous = {'FULL' if is_lasting else 'NORMAL'}")
            self._database.execute("BEGIN IMMEDIATE")
            try:
                yield self._database
                self._database.execute("COMMIT")
            except BaseException:
                self._database.rollback()
                raise


@contextmanager
def _for_owner() -> Iterator[None]:
    """Files made meanwhile are for the owner alone."""
    before = os.umask(0o077)
    try:
        yield
    finally:
        os.umask(before)


def _write(path: Path, content: bytes) -> Path:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with open(descriptor, "wb") as file:  # noqa: PTH123  a descriptor, so that nobody else can read it meanwhile
        file.write(content)
    return path


def _sync(path: Path) -> None:
    """Have a file, or the names in a folder, on the disk."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
