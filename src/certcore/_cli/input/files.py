"""Read and write files: only regular ones, with a size limit, and written whole or not at all.

A named pipe or a device is refused before a byte is read, because reading it may never end. A new file gets its name
only when all of it is on the disk, and a file is overwritten only if the user asked for that.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Final, TypeVar

import click

from certcore import _files
from certcore._cli.input import rows
from certcore.errors import CertcoreError, IssuingError, RejectedInputError

_T = TypeVar("_T")

MAX_TEXT_BYTES: Final = 64 * 1024
"""Bytes of a JSON file: fifteen times the largest QR symbol's text."""

MAX_LIST_BYTES: Final = 16 << 20
"""Bytes of a file with a certificate's text a line: some 60 000 of them. Standard input has no such limit."""

MAX_KEY_FILE_BYTES: Final = 64 * 1024
"""Bytes of a key or password file; the largest key certcore uses has about 8 000 as PEM."""

MAX_DRAFT_BYTES: Final = 16 << 20
"""Bytes of a trust list's draft: four times the largest signed list, because JSON and PEM are wordier."""

PICTURE_SUFFIXES: Final = frozenset(
    {".png", ".jpg", ".jpeg", ".webp", ".tif", ".tiff", ".gif", ".bmp", ".pdf", ".heic", ".heif"}
)
"""How the names of the pictures in a folder end, in lower case."""

_READ_FLAGS: Final = (
    os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0) | getattr(os, "O_NOCTTY", 0)
)


def read_bytes(path: Path, *, limit: int) -> bytes:
    """All of a regular file.

    Raises:
        RejectedInputError: ``file-unreadable``, also for anything but a regular file; ``file-too-large``.
    """
    if str(path).lower().startswith(("https:/", "http:/")):  # as `Path` has it
        what = "'certcore trust fetch' brings a trust list, 'certcore snapshot make' status lists"
        raise RejectedInputError("file-unreadable", f"this is an address: {what}")
    try:
        _require_regular(path, os.stat(path))  # noqa: PTH116  before it is opened: opening a device may do something
        with os.fdopen(os.open(path, _READ_FLAGS), "rb") as file:
            _require_regular(path, os.fstat(file.fileno()))  # and again: it may have been exchanged in between
            data = file.read(limit + 1)
    except (OSError, ValueError) as cause:  # ValueError: a null character in the name
        raise RejectedInputError("file-unreadable", f"{path}: {_why(cause)}") from cause
    if len(data) > limit:
        raise too_large(path, limit)
    return data


def is_picture(name: str) -> bool:
    """Whether there is a file that is called what pictures are."""
    path = Path(name)
    try:
        return path.suffix.lower() in PICTURE_SUFFIXES and path.is_file()
    except (OSError, ValueError):  # a text that is too long for a name, or has what no name can
        return False


def too_large(path: Path, limit: int) -> RejectedInputError:
    """The error for a file with more bytes than such a file can have."""
    return RejectedInputError("file-too-large", f"{path}: there are more than {limit} bytes", max_bytes=limit)


def name_errors(name: Path | str, read: Callable[[], _T]) -> _T:
    """What is read from a file, or done for an input; an error is raised with its name."""
    try:
        return read()
    except CertcoreError as cause:
        raise type(cause)(cause.code, f"{name}: {cause.message}", **dict(cause.detail)) from cause


def read_text(path: Path, *, limit: int = MAX_TEXT_BYTES) -> str:
    """All of a regular file as UTF-8, or what its byte order mark says; the mark is dropped.

    Raises:
        RejectedInputError: as `read_bytes`; ``input-malformed`` for anything else.
    """
    data = read_bytes(path, limit=limit)
    encoding, mark = rows.encoding_of(data)
    try:
        return data[mark:].decode(encoding)
    except UnicodeDecodeError as cause:
        line = data.count(b"\n", 0, mark + cause.start) + 1
        what = f"line {line}, byte {mark + cause.start} is not {encoding.upper()} text"
        raise RejectedInputError("input-malformed", f"{path}: {what}") from cause


def pictures(paths: Iterable[Path]) -> Iterator[Path]:
    """The files named, and the pictures in the folders named, in order; links inside folders are not followed."""
    for path in paths:
        if path.is_dir():
            yield from _pictures_in(path)
        else:
            yield path


def refuse_existing(paths: Iterable[Path | None], *, force: bool) -> None:
    """Raise before anything is made, where something that will be written is there already.

    Raises:
        IssuingError: ``file-exists``; ``file-unwritable`` for a folder, a pipe or a device, which are not
            overwritten.
    """
    for path in paths:
        if path is None:
            continue
        if path.is_dir():
            raise IssuingError("file-unwritable", f"{path}: there is a folder of this name")
        if path.exists() and not path.is_file():
            raise IssuingError("file-unwritable", f"{path}: it is a pipe or a device, and would be replaced by a file")
        if not force and os.path.lexists(path):
            raise _exists(path)


def write(path: Path, data: bytes | str, *, force: bool = False, mode: int | None = None) -> None:
    """Write a file whole, or not at all; who may read it is the umask's to say, unless a mode is given.

    Raises:
        IssuingError: ``file-exists`` unless forced; ``file-unwritable``.
    """
    refuse_existing([path], force=force)
    content = data.encode() if isinstance(data, str) else data
    try:
        _files.write_whole(path, content, overwrite=force, mode=_files.PUBLIC if mode is None else mode)
    except FileExistsError as cause:
        raise _exists(path) from cause
    except (OSError, ValueError) as cause:
        raise IssuingError("file-unwritable", f"{path}: {_why(cause)}") from cause


def write_all(contents: Mapping[Path, bytes | str], *, force: bool = False, mode: int | None = None) -> None:
    """Write several files, all or none: where one fails, those already written anew are taken away again.

    Raises:
        IssuingError: as `write`.
    """
    refuse_existing(contents, force=force)
    written: list[Path] = []
    try:
        for path, data in contents.items():
            is_new = not os.path.lexists(path)
            write(path, data, force=force, mode=mode)
            if is_new:
                written.append(path)
    except CertcoreError:
        for path in written:
            path.unlink(missing_ok=True)
        raise


def _require_regular(path: Path, facts: os.stat_result) -> None:
    if not stat.S_ISREG(facts.st_mode):
        what = "a folder" if stat.S_ISDIR(facts.st_mode) else "a pipe or a device"
        raise RejectedInputError("file-unreadable", f"{path}: it is {what}, not a file")


def _pictures_in(folder: Path) -> Iterator[Path]:
    def fail(cause: OSError) -> None:
        raise RejectedInputError("file-unreadable", f"{cause.filename}: {cause.strerror}") from cause

    for parent, folders, names in os.walk(folder, onerror=fail, followlinks=False):
        folders.sort()
        for name in sorted(names):
            path = Path(parent, name)
            if path.suffix.lower() in PICTURE_SUFFIXES and not path.is_symlink():
                yield path


def _exists(path: Path) -> IssuingError:
    context = click.get_current_context(silent=True)
    if context is not None and any(parameter.name == "force" for parameter in context.command.params):
        return IssuingError("file-exists", f"{path}: it is there already; --force overwrites it")
    return IssuingError("file-exists", f"{path}: it is there already", advice="another-name")


def _why(cause: OSError | ValueError) -> str:
    return (isinstance(cause, OSError) and cause.strerror) or "the name cannot be used"
