"""Key files: written readable by their owner alone and whole or not at all; read with a limit.

What lives here: files and their modes. What never does: what is in them.
"""

from __future__ import annotations

import os
import secrets
from pathlib import Path

from certcore.errors import IssuingError, RejectedInputError


def write(path: str | os.PathLike[str], data: bytes, /, *, overwrite: bool) -> None:
    """Write a file that only its owner may read (mode 0600): whole, or not at all.

    Raises:
        IssuingError: ``file-exists`` without ``overwrite``; ``file-unwritable``.
    """
    target = Path(path)
    temporary = target.with_name(f".{target.name}.{secrets.token_hex(8)}")
    try:
        descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        try:
            with os.fdopen(descriptor, "wb") as file:
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
            if not overwrite:  # take the name first, which fails where it is taken; a rename would not
                os.close(os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
            temporary.replace(target)
        finally:
            temporary.unlink(missing_ok=True)
    except FileExistsError as cause:
        raise IssuingError(
            "file-exists", "The key file is there already; it is not overwritten unless told to"
        ) from cause
    except OSError as cause:
        raise IssuingError("file-unwritable", f"The key file cannot be written: {cause.strerror}") from cause


def read(path: str | os.PathLike[str], /, *, max_bytes: int) -> bytes:
    """What is in a file, and one byte more than the limit at most.

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
