"""Print to a terminal: untrusted text is escaped, colour and progress are for terminals only, tables are never cut.

Whatever comes from a certificate, a QR symbol or a file name goes through `escaped` first: a control sequence there
could rewrite what the reader sees (CWE-150). Colour and progress follow the stream and ``NO_COLOR``; piped output is
plain text.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import UTC, datetime
from io import StringIO
from typing import TYPE_CHECKING, Final, TextIO, TypeVar

import click

from certcore._cli.settings import language
from certcore._escaping import escape as escaped

if TYPE_CHECKING:
    from rich.table import Table
    from rich.text import Text

__all__ = ["PIPED_WIDTH", "each", "escaped", "moment", "plain_table", "say", "table"]

PIPED_WIDTH: Final = 80
"""Columns of a table that is not for a terminal."""

_WIDEST: Final = 1000

_T = TypeVar("_T")
_R = TypeVar("_R")


def say(text: str, *, style: str | None = None, err: bool = False) -> None:
    """A line, in a style where the stream is a terminal with colours. Untrusted text is escaped already."""
    stream = sys.stderr if err else sys.stdout
    text = language.translated(text, language.current())
    if style is None or not _has_colours(stream):
        click.echo(text, file=stream)
    else:
        from rich.text import Text  # noqa: PLC0415  costs more than the whole command where nothing is coloured

        click.echo(_render(Text(text, style=style), stream, soft_wrap=True), file=stream, nl=False, color=True)


def moment(at: datetime) -> str:
    """A moment for people: to the second, with its zone by name."""
    return f"{at.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC"


def table(
    heads: Sequence[str], rows: Iterable[Sequence[str]], *, styles: Callable[[str], str | None] | None = None
) -> None:
    """A table on standard output, as wide as it; see `plain_table`."""
    click.echo(_render(_table(heads, rows, styles), sys.stdout), nl=False, color=True)


def plain_table(heads: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A table as text of `PIPED_WIDTH` columns, without colour: what is too long goes on in the next line, uncut."""
    return _render(_table(heads, rows, None), StringIO())


def each(items: Sequence[_T], work: Callable[[_T], _R]) -> Iterator[tuple[_T, _R]]:
    """Each item with what the work made of it; on a terminal, standard error says meanwhile how far it is."""
    is_shown = len(items) > 1 and is_watched()
    for number, item in enumerate(items, start=1):
        if is_shown:
            click.echo(f"\r{number} of {len(items)} ...", err=True, nl=False)
        try:
            result = work(item)
        finally:
            if is_shown:
                click.echo("\r\x1b[2K", err=True, nl=False, color=True)
        yield item, result


def is_watched() -> bool:
    """Whether standard error is a terminal on which a line can be written over."""
    return sys.stderr.isatty() and os.environ.get("TERM") != "dumb"


def overwrite(text: str) -> None:
    """A line on standard error in place of the last such line, where it is watched."""
    if is_watched():
        click.echo(f"\r\x1b[2K{text}\r" if text else "\r\x1b[2K", err=True, nl=False, color=True)


def _table(heads: Sequence[str], rows: Iterable[Sequence[str]], styles: Callable[[str], str | None] | None) -> Table:
    from rich import box  # noqa: PLC0415  as in `say`
    from rich.table import Table  # noqa: PLC0415
    from rich.text import Text  # noqa: PLC0415

    heads = [language.translated(head, language.current()) for head in heads]
    drawn = Table(*heads, box=box.SIMPLE_HEAD, padding=(0, 1, 0, 0), pad_edge=False, show_edge=False)
    for column in drawn.columns:
        column.overflow = "fold"
    for column in drawn.columns[1:-1]:
        column.no_wrap = True
    for row in rows:
        drawn.add_row(*(Text(cell, style=(styles and styles(cell)) or "") for cell in row))
    return drawn


def _render(what: Text | Table, stream: TextIO, *, soft_wrap: bool = False) -> str:
    from rich.console import Console  # noqa: PLC0415  as in `say`
    from rich.table import Table  # noqa: PLC0415

    is_terminal = stream.isatty()
    buffer = StringIO()
    console = Console(
        file=buffer,
        force_terminal=is_terminal,
        color_system="standard" if _has_colours(stream) else None,
        width=None if is_terminal else PIPED_WIDTH,
        highlight=False,
        legacy_windows=False,
    )
    if isinstance(
        what, Table
    ):  # where it is narrower than its longest word the terminal may break lines; rich would cut
        console.width = max(console.width, console.measure(what, options=console.options.update(width=_WIDEST)).minimum)
    console.print(what, soft_wrap=soft_wrap)
    return _trim(buffer.getvalue())


def _has_colours(stream: TextIO) -> bool:
    return stream.isatty() and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"


def _trim(text: str) -> str:
    """The same lines without the spaces that pad a table's last column."""
    return "".join(line.rstrip(" ") + "\n" for line in text.splitlines())
