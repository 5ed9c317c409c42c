"""What a command is given: texts, pictures, folders, text files and standard input, each as single inputs with names.

A file's content decides, not only its name. A file is read as rows of text (`rows`) if it begins with a byte order mark
or with a certificate's text, if its name ends in .txt, or if some line begins with a certificate's text. Any other file
is taken as a picture. No picture is decoded here.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, Final

import attrs
import click

from certcore import armor, cose, payload
from certcore._cli.input import files, rows
from certcore._image_texts import IMAGE_DEADLINE
from certcore.errors import CertcoreError, RejectedInputError
from certcore.payload import InspectionCertificate

if TYPE_CHECKING:
    from certcore.qr import Symbol

STANDARD_INPUT: Final = "-"

DECODERS_MISSING: Final = frozenset({"no-decoder", "no-pdf-decoder", "no-heic-decoder", "no-decoder-process"})
"""Codes that are about this machine, and not about a picture: an extra is not installed."""


MAX_PICTURE_BYTES: Final = 50 << 20
EFFORTS: Final = ("fast", "normal", "thorough")
"""As `certcore.qr` has them, which is not loaded for texts; a test compares."""

EFFORT: Final = click.option(
    "--effort",
    type=click.Choice(EFFORTS),
    default="normal",
    show_default=True,
    help="How much is done to read a picture: thorough takes seconds.",
)
"""An option of whatever reads pictures."""

DEADLINE: Final = click.option(
    "--deadline",
    type=click.FloatRange(0, min_open=True, max=86_400),
    default=IMAGE_DEADLINE.total_seconds(),
    show_default=True,
    metavar="SECONDS",
    help="How long a picture may take; a long document needs more.",
)
"""Another one."""


@attrs.frozen
class Input:
    """One text or one picture, or why it could not be had.

    Attributes:
        name: what to call it; untrusted, so escape it.
        content: the text, the bytes of the picture, or the error.
    """

    name: str
    content: str | bytes | CertcoreError = attrs.field(repr=False)


@attrs.frozen
class Source:
    """Something to read an input from when its turn comes.

    Attributes:
        name: what to call it.
        path: the file, if it is one.
        text: the text, if it was typed.
        encoding: what a list of texts is written in, where it does not say so itself.
    """

    name: str
    path: Path | None = None
    text: str | None = attrs.field(default=None, repr=False)
    encoding: str = rows.UTF_8

    def read(self) -> tuple[Input, ...]:
        """The inputs in it: one for each line of a text file, else one."""
        if self.path is None:
            return (Input(self.name, self.text or ""),)
        try:
            data = files.read_bytes(self.path, limit=max(MAX_PICTURE_BYTES, files.MAX_LIST_BYTES))
            if not _is_text(self.path, data):
                return (Input(self.name, data),)
            if len(data) > files.MAX_LIST_BYTES:
                raise files.too_large(self.path, files.MAX_LIST_BYTES)
        except CertcoreError as error:
            return (Input(self.name, error),)
        return tuple(_rows_of(self.name, data, self.encoding))


def sources(arguments: Iterable[str], encoding: str = rows.UTF_8) -> Iterator[Source]:
    """Each argument's sources: texts as they are, files, and the pictures of folders. Not standard input."""
    for number, argument in enumerate(arguments, start=1):
        if argument.startswith(armor.PREFIX):
            yield Source(f"argument {number}", text=argument)
        elif argument.lower().startswith(("https://", "http://")):
            raise RejectedInputError(
                "file-unreadable", "this is an address: download the file first, and give its name"
            )
        else:
            yield from (Source(str(path), path=path, encoding=encoding) for path in _paths(Path(argument)))


def standard_input(encoding: str = rows.UTF_8) -> Iterator[Input]:
    """The texts on standard input, one a line, as they arrive."""
    for row in rows.read(sys.stdin.buffer, encoding=encoding):
        yield Input(f"line {row.line}", row.content)


def certificate_texts(what: str) -> list[str]:
    """The certificates' texts in an argument, at least one.

    Raises:
        CertcoreError: for what cannot be read; ``no-certificate``.
    """
    found: list[str] = []
    items = standard_input() if what == STANDARD_INPUT else (item for one in sources([what]) for item in one.read())
    for item in items:
        if isinstance(item.content, CertcoreError):
            raise item.content
        if isinstance(item.content, str):
            found.append(item.content)
        else:
            found += (symbol.text for symbol in read(item.content) if symbol.text.startswith(armor.PREFIX))
    texts = list(filter(None, found))
    if not texts:
        raise RejectedInputError("no-certificate", "There is no certificate to be read in it")
    return texts


def one_certificate(what: str) -> str:
    """The text of the one certificate in an argument: itself, a text file or a picture.

    Raises:
        CertcoreError: for what cannot be read; ``no-certificate``; ``several-certificates``.
    """
    found = dict.fromkeys(text.removesuffix("\r") for text in certificate_texts(what))
    if len(found) > 1:
        raise RejectedInputError("several-certificates", f"{what}: there are {len(found)} certificates in it, not one")
    return next(iter(found))


def unverified(text: str) -> InspectionCertificate:
    """What a certificate's text says; nothing of it is checked."""
    return payload.decode(cose.read_certificate(armor.decode(text)).unverified_payload)


def read(content: bytes) -> list[Symbol]:
    """The symbols in a picture that somebody else may have made, read by a process that can be killed."""
    from certcore import qr  # noqa: PLC0415  only pictures need it

    return qr.read(content, deadline=IMAGE_DEADLINE, isolate=True)


def _paths(path: Path) -> Iterator[Path]:
    found = list(files.pictures([path]))
    if not found:
        raise RejectedInputError("file-unreadable", f"{path}: there are no pictures in this folder")
    yield from found


def _is_text(path: Path, data: bytes) -> bool:
    """Whether a file holds rows of text, and is no picture."""
    prefix, suffix = armor.PREFIX.encode(), path.suffix.lower()
    if suffix == ".txt" or data.startswith(prefix) or rows.encoding_of(data)[1]:
        return True
    return suffix not in files.PICTURE_SUFFIXES and b"\n" + prefix in data[: rows.MAX_ROW]


def _rows_of(name: str, data: bytes, encoding: str) -> list[Input]:
    found = list(rows.read(BytesIO(data), encoding=encoding)) or [rows.Row(1, "")]
    return [Input(f"{name}, line {row.line}" if len(found) > 1 else name, row.content) for row in found]
