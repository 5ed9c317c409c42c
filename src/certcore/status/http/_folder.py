"""The folder in which copies of status documents lie, shared by processes: its files, its lock, and whose it is.

- A file is written under another name and then renamed, under a lock that processes share. The lock is tried for a
  short time only, because the process that holds it may have been stopped.
- A folder that another user owns or may write in, or whose lock is no plain file, is not used at all. Root may own it,
  because root can do anything in any case.
- The number of files is bounded; the oldest go first.
"""

from __future__ import annotations

import hashlib
import os
import stat
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from certcore.errors import StatusError
from certcore.status._cache_file import CachedFile, read_file, write_file

try:
    import fcntl
except ImportError:  # pragma: no cover  Windows: there, the last of two processes to write wins
    fcntl = None  # type: ignore[assignment]  # as above

SUFFIX: Final = ".status"
"""The end of a copy's file name; what stands before it is a digest of the URL."""

_LOCK: Final = "lock"
_ATTEMPTS: Final = 20
_PAUSE_S: Final = 0.005
"""A lock is held for a millisecond or so; 20 attempts are a tenth of a second."""

_OPEN_LOCK: Final = os.O_RDWR | os.O_CREAT | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0)


class Folder:
    """Copies on disk. Nothing in it may be believed before it was opened under the keys of a question."""

    def __init__(self, path: Path, /, *, max_files: int) -> None:
        self._path = path
        self._max_files = max_files

    def require_safe(self) -> None:
        """Return when nobody else can write in the folder, as far as can be seen; it need not be there yet.

        Raises:
            StatusError: ``cache-folder-unsafe``.
        """
        lock, folder = _looked_at(self._path / _LOCK), _looked_at(self._path, follow_symlinks=True)
        if lock is not None and not stat.S_ISREG(lock.st_mode):
            raise _unsafe("its lock is not a plain file")
        if folder is None or os.name != "posix":
            return
        if folder.st_uid not in {0, os.geteuid()}:
            raise _unsafe("another user owns it")
        if folder.st_mode & stat.S_IWOTH:
            raise _unsafe("everybody may write in it")

    def read(self, url: str, /) -> CachedFile | None:
        """The copy of what is at a URL, if there is one."""
        file = read_file(self._place(url))
        return file if file is not None and file.url == url else None

    def holds(self, url: str, /) -> bool:
        """Whether there is a copy; it may be none that counts."""
        return self._place(url).is_file()

    def files(self) -> Iterator[CachedFile]:
        """Every copy."""
        for path in sorted(self._path.glob(f"*{SUFFIX}")):
            file = read_file(path)
            if file is not None:
                yield file

    @contextmanager
    def alone(self) -> Iterator[None]:
        """Alone with the folder, among all processes that use it; it is made if it is not there.

        Raises:
            StatusError: ``cache-folder-unsafe``.
            OSError: it cannot be made or written to, or somebody else is at it.
        """
        self._path.mkdir(mode=0o700, parents=True, exist_ok=True)
        self.require_safe()
        descriptor = os.open(self._path / _LOCK, _OPEN_LOCK, 0o600)
        try:
            _take(descriptor)
            yield
        finally:
            os.close(descriptor)  # which gives the lock back

    def write(self, file: CachedFile, /) -> None:
        """Write a copy, alone with the folder; what a killed process left behind is cleared away.

        Raises:
            OSError: the disk is full, gone or not ours to write.
        """
        write_file(self._place(file.url), file)
        for left_behind in self._path.glob(f".*{SUFFIX}.*"):  # nobody else is writing now
            left_behind.unlink(missing_ok=True)
        files = list(self._path.glob(f"*{SUFFIX}"))
        if len(files) > self._max_files:
            by_age = sorted(files, key=lambda path: path.stat().st_mtime_ns)
            for path in by_age[: len(files) - self._max_files]:
                path.unlink(missing_ok=True)

    def _place(self, url: str) -> Path:
        return self._path / f"{hashlib.sha256(url.encode()).hexdigest()[:40]}{SUFFIX}"


def _looked_at(path: Path, *, follow_symlinks: bool = False) -> os.stat_result | None:
    """What is there; None where nothing is, or nothing that may be looked at."""
    try:
        return path.stat(follow_symlinks=follow_symlinks)
    except OSError:
        return None


def _take(descriptor: int) -> None:
    """Take a lock, in a few attempts: BlockingIOError where somebody else has it."""
    if fcntl is None:  # pragma: no cover  as above
        return
    for _ in range(_ATTEMPTS):
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            time.sleep(_PAUSE_S)
        else:
            return
    fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)


def _unsafe(why: str) -> StatusError:
    return StatusError("cache-folder-unsafe", f"The folder for status lists is not used: {why}")
