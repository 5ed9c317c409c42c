"""What a command is pointed at: texts, pictures, folders, text files, standard input; as single inputs with names.

A file is looked at, not its name: one that begins as a certificate's text does, or is called .txt, is read a line at
a time, anything else is a picture's bytes, which the decoders then judge. Nothing here is decoded.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Final

import attrs
import click

from certcore import armor, qr
from certcore._cli import files
from certcore.errors import CertcoreError, RejectedInputError
from certcore.qr._read import MAX_BYTES as MAX_PICTURE_BYTES
from certcore.qr._read import Effort

STANDARD_INPUT: Final = "-"

DECODERS_MISSING: Final = frozenset({"no-decoder", "no-pdf-decoder", "no-heic-decoder", "no-decoder-process"})
"""Codes that are about this machine, and not about a picture: an extra is not installed."""


EFFORT: Final = click.option(
    "--effort",
    type=click.Choice([effort.value for effort in Effort]),
    default=Effort.NORMAL.value,
    show_default=True,
    help="How much is done to read a picture: thorough takes seconds.",
)
"""An option of whatever reads pictures."""


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
    """

    name: str
    path: Path | None = None
    text: str | None = attrs.field(default=None, repr=False)

    def read(self) -> tuple[Input, ...]:
        """The inputs in it: one for each line of a text file, else one."""
        if self.path is None:
            return (Input(self.name, self.text or ""),)
        try:
            data = files.read_bytes(self.path, limit=MAX_PICTURE_BYTES)
            if self.path.suffix.lower() == ".txt" or data.startswith(armor.PREFIX.encode()):
                return tuple(_lines(self.name, files.read_text(self.path, limit=files.MAX_LIST_BYTES)))
        except CertcoreError as error:
            return (Input(self.name, error),)
        return (Input(self.name, data),)


def sources(arguments: Iterable[str]) -> Iterator[Source]:
    """Each argument's sources: texts as they are, files, and the pictures of folders. Not standard input."""
    for number, argument in enumerate(arguments, start=1):
        if argument.startswith(armor.PREFIX):
            yield Source(f"argument {number}", text=argument)
        else:
            yield from (Source(str(path), path=path) for path in _paths(Path(argument)))


def standard_input() -> Iterator[Input]:
    """The texts on standard input, one a line, as they arrive."""
    try:
        for number, line in enumerate(files.standard_input_lines(), start=1):
            yield Input(f"line {number}", line)
    except CertcoreError as error:
        yield Input("standard input", error)


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
            found += (symbol.text for symbol in qr.read(item.content) if symbol.text.startswith(armor.PREFIX))
    texts = list(filter(None, found))
    if not texts:
        raise RejectedInputError("no-certificate", "There is no certificate to be read in it")
    return texts


def _paths(path: Path) -> Iterator[Path]:
    found = list(files.pictures([path]))
    if not found:
        raise RejectedInputError("file-unreadable", f"{path}: there are no pictures in this folder")
    yield from found


def _lines(name: str, text: str) -> Iterator[Input]:
    lines = [line for line in (line.removesuffix("\r") for line in text.split("\n")) if line]
    if not lines:
        yield Input(name, "")
    for number, line in enumerate(lines, start=1):
        yield Input(f"{name}, line {number}" if len(lines) > 1 else name, line)
