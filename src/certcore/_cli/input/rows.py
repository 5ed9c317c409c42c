"""Rows of text, one for each line, read in the same way from standard input and from files, in several encodings.

A byte order mark decides the encoding (UTF-8, UTF-16), even if the caller says another. A row that is too long becomes
an error; the other rows are read. Bytes that are not text become U+FFFD, which `is_text` finds.
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterator
from typing import BinaryIO, Final

import attrs
import click

from certcore.errors import RejectedInputError

MAX_ROW: Final = 64 * 1024
"""Characters of a row, and bytes read at once: fifteen times the largest QR symbol's text."""

UTF_8: Final = "utf-8"

_MARKS: Final = {codecs.BOM_UTF8: UTF_8, codecs.BOM_UTF16_LE: "utf-16-le", codecs.BOM_UTF16_BE: "utf-16-be"}

_NO_TEXT: Final = re.compile("[\ufffd\ud800-\udfff]")
"""What stands for bytes that are no text: in rows, and in the arguments of a command."""

ENCODING: Final = click.option(
    "--encoding",
    type=click.Choice([UTF_8, "utf-16-le", "utf-16-be", "gb18030", "big5", "shift_jis", "cp1252"]),
    default=UTF_8,
    show_default=True,
    help="What lists of texts are written in, where no byte order mark says so.",
)
"""An option of whatever reads rows."""


@attrs.frozen
class Row:
    """One row that is not empty.

    Attributes:
        line: which line it is, from 1, empty ones counted.
        content: its text, without the line's end, or why it could not be had.
    """

    line: int
    content: str | RejectedInputError = attrs.field(repr=False)


def is_text(content: str) -> bool:
    """Whether a row, a cell of it or an argument is what its bytes said: none of them was no text."""
    return _NO_TEXT.search(content) is None


def encoding_of(data: bytes, otherwise: str = UTF_8) -> tuple[str, int]:
    """The encoding that a byte order mark says, and the mark's length; the other one where there is none."""
    for mark, encoding in _MARKS.items():
        if data.startswith(mark):
            return encoding, len(mark)
    return otherwise, 0


def read(stream: BinaryIO, *, encoding: str = UTF_8) -> Iterator[Row]:
    """The rows of a stream that are not empty, each as soon as it has arrived."""
    line, is_cut = 1, False
    text = ""
    for part in _decode(stream, encoding):
        *whole, rest = (text + part).split("\n")
        for row in whole:
            yield from _row(line, row, is_cut=is_cut)
            line, is_cut = line + 1, False
        is_cut = is_cut or len(rest) > MAX_ROW
        text = "" if is_cut else rest
    yield from _row(line, text, is_cut=is_cut)


def _decode(stream: BinaryIO, encoding: str) -> Iterator[str]:
    """The stream's text in parts, none longer than a row may be."""
    part = stream.readline(MAX_ROW)
    encoding, mark = encoding_of(part, encoding)
    decoder = codecs.getincrementaldecoder(encoding)("replace")
    part = part[mark:]
    while part:
        yield decoder.decode(part)
        part = stream.readline(MAX_ROW)
    yield decoder.decode(b"", final=True)


def _row(line: int, text: str, *, is_cut: bool) -> Iterator[Row]:
    text = text.removesuffix("\r")
    if is_cut or len(text) > MAX_ROW:
        yield Row(line, RejectedInputError("file-too-large", f"line {line} has more than {MAX_ROW} characters"))
    elif text:
        yield Row(line, text)
