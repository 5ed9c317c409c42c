"""The one atomic write, and key files.

A file is written under another name in the same folder, flushed to the disk, and only then given its name. If the
process is killed, there is the old file or the new one. Key files are readable only by their owner, and are read with a
limit. The content of files is not known here.
"""

from __future__ import annotations

import os
import secrets
import stat
from pathlib import Path
from typing import Final

from certcore.errors import IssuingError, RejectedInputError, UntrustedError

PRIVATE: Final = 0o600
_OTHERS: Final = 0o066
"""The bits by which a group, and everybody, reads and writes."""

PUBLIC: Final = 0o666
"""Less what the user's umask takes away."""


def write_whole(path: Path, data: bytes, /, *, overwrite: bool, mode: int = PUBLIC, durable: bool = True) -> None:
    """Write a file: whole, or not at all.

    Args:
        path: where to.
        data: what.
        overwrite: whether it may take the place of another.
        mode: who may read it.
        durable: whether it must be on the disk when this returns: not for a cache.

    Raises:
        FileExistsError: there is one, and it may not be overwritten.
        OSError: the disk is full, gone or not ours to write.
        ValueError: for a name that no file can have.
    """
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
    try:
        write_new(temporary, data, mode=mode, durable=durable)
        if overwrite:
            temporary.replace(path)
        else:
            _name_anew(temporary, path)
    finally:
        temporary.unlink(missing_ok=True)


def write_new(path: Path, data: bytes, /, *, mode: int = PUBLIC, durable: bool = True) -> None:
    """Write a new file, which appears only when it is finished; errors as `write_whole`."""
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0), mode)
    with os.fdopen(descriptor, "wb") as file:
        if mode != PUBLIC and hasattr(os, "fchmod"):
            os.fchmod(descriptor, mode)  # what was said, whatever the umask
        file.write(data)
        if durable:
            file.flush()
            os.fsync(file.fileno())


def write(path: str | os.PathLike[str], data: bytes, /, *, overwrite: bool) -> None:
    """Write a key file that only its owner may read: whole, or not at all.

    Raises:
        IssuingError: ``file-exists`` without ``overwrite``; ``file-unwritable``.
    """
    try:
        write_whole(Path(path), data, overwrite=overwrite, mode=PRIVATE)
    except FileExistsError as cause:
        raise IssuingError(
            "file-exists", "The key file is there already; it is not overwritten unless told to"
        ) from cause
    except OSError as cause:
        raise IssuingError("file-unwritable", f"The key file cannot be written: {cause.strerror}") from cause


def read(path: str | os.PathLike[str], /, *, max_bytes: int) -> bytes:
    """What is in a key file, and one byte more than the limit at most.

    Raises:
        RejectedInputError: ``file-unreadable``.
    """
    try:
        if not Path(path).is_file():  # a pipe would wait for ever, and a device has no end
            raise RejectedInputError("file-unreadable", "There is no such key file")
        with Path(path).open("rb") as file:
            return file.read(max_bytes + 1)
    except OSError as cause:
        raise RejectedInputError("file-unreadable", f"The key file cannot be read: {cause.strerror}") from cause


def require_private(path: str | os.PathLike[str], /) -> None:
    """Refuse a key file that others than its owner can read or write; on Windows, where a mode says nothing, none.

    Raises:
        UntrustedError: ``key-file-loose``.
    """
    mode = loose_mode(path)
    if mode is not None:
        raise UntrustedError("key-file-loose", f"Others can read or write this key file: its mode is {mode}", mode=mode)


def loose_mode(path: str | os.PathLike[str], /) -> str | None:
    """The mode of a file that others than its owner can read or write; on Windows, where a mode says nothing, none."""
    found = Path(path).stat().st_mode
    return f"{stat.S_IMODE(found):04o}" if os.name == "posix" and found & _OTHERS else None


def _name_anew(temporary: Path, path: Path) -> None:
    """Give a finished file its name, unless that is taken."""
    try:
        os.link(temporary, path)  # unlike a rename, this fails when the name is taken
    except FileExistsError:
        raise
    except OSError as cause:  # a shared or removable disk may know no links; then the name is looked at first
        if os.path.lexists(path):
            raise FileExistsError from cause
        temporary.rename(path)
