"""A folder that others read while it is written: files appear whole, in their place, and stay through a power cut.

A file is written under another name beside its place, flushed to the disk, and renamed; then the folder it stands in is
flushed, so that the name is on the disk too. If the process is killed, the old file or the new one is
there. At worst a file is left in ``.partial``, and the next process that opens the folder deletes it.
"""

from __future__ import annotations

import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final

from certcore import _files
from certcore.errors import IssuingError

try:
    import fcntl
except (
    ModuleNotFoundError
):  # pragma: no cover  not a POSIX system: two publishers at once are the operator's to prevent
    fcntl = None  # type: ignore[assignment]  # where there is no such module

PARTIAL: Final = ".partial"
LOCK: Final = ".lock"


class Folder:
    """One folder, held by one writer; made by `hold`."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._touched: set[Path] = set()

    def read(self, name: str) -> bytes | None:
        """The bytes of a file; None where there is none."""
        return read(self.path, name)

    def stage(self, data: bytes) -> Path:
        """Write a file that is not in its place yet; its bytes are on the disk."""
        staged = self.path / PARTIAL / secrets.token_hex(8)
        _files.write_new(staged, data)
        return staged

    def keep(self, staged: Path, name: str) -> None:
        """Give a staged file a second place, unless there is one already."""
        place = self._place(name)
        try:
            os.link(staged, place)
        except FileExistsError:
            return
        except OSError:  # a disk without links: then a copy, staged as well
            copied = self.stage(staged.read_bytes())
            copied.replace(place)

    def put(self, staged: Path, name: str) -> None:
        """Put a staged file into its place, instead of whatever is there."""
        os.replace(staged, self._place(name))  # noqa: PTH105  as a function of its own it can be made to fail in tests

    def remove(self, path: Path) -> None:
        """Take a file of the folder away."""
        path.unlink(missing_ok=True)
        self._touched.add(path.parent)

    def write(self, name: str, data: bytes) -> None:
        """A whole file at once."""
        self.put(self.stage(data), name)

    def flush(self) -> None:
        """Have the disk know every name given since the last time."""
        for folder in sorted(self._touched):
            descriptor = os.open(folder, os.O_RDONLY)
            try:
                os.fsync(descriptor)
            finally:
                os.close(descriptor)
        self._touched.clear()

    def _place(self, name: str) -> Path:
        place = self.path / name
        place.parent.mkdir(parents=True, exist_ok=True)
        parents = [place.parent, *place.parent.parents]
        self._touched.update(parents[: parents.index(self.path) + 1])
        return place


def read(folder: Path, name: str) -> bytes | None:
    """The bytes of a file in a folder; None where there is none."""
    try:
        return (folder / name).read_bytes()
    except (FileNotFoundError, NotADirectoryError, IsADirectoryError):
        return None


@contextmanager
def hold(path: Path) -> Iterator[Folder]:
    """The folder, made where there is none, while nobody else writes to it.

    Raises:
        IssuingError: ``file-unwritable``; also where somebody else is writing.
    """
    try:
        (path / PARTIAL).mkdir(parents=True, exist_ok=True)
        with (path / LOCK).open("wb") as lock:
            _take(lock.fileno())
            _clear(path / PARTIAL)
            try:
                yield Folder(path)
            finally:
                _clear(path / PARTIAL)
    except OSError as cause:
        raise IssuingError(
            "file-unwritable", f"The folder cannot be published to: {cause.strerror or type(cause).__name__}"
        ) from cause


def _clear(folder: Path) -> None:
    """What was not put in place, because a process died or something was refused."""
    for leftover in folder.iterdir():
        with suppress(FileNotFoundError):
            leftover.unlink()


def _take(descriptor: int) -> None:
    """Hold the lock until the file is closed; the system lets go of it when the process dies."""
    if fcntl is None:  # pragma: no cover  as above
        return
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as cause:
        raise IssuingError("file-unwritable", "Somebody else is publishing to this folder") from cause
