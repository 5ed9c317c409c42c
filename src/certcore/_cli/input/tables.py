"""A table in CSV, JSON Lines or Parquet, read one row at a time. A bad row does not stop the rows after it.

It finds the cells of a row, and what each column is for. `verify.claims` and `issue.vehicle_rows` read the cells.
"""

from __future__ import annotations

import csv
import io
import json
import re
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import attrs

from certcore._cli.input import rows
from certcore.errors import RejectedInputError

MAX_COLUMNS: Final = 1000
MAX_LINES: Final = 100
"""Lines that one quoted row may be spread over; after so many its quote was left open."""

NAMES: Final[Mapping[str, tuple[str, ...]]] = {
    "claim": ("claim-id", "claim-no", "claim-number", "id", "案号", "报案号"),
    "picture": ("pictures", "photo", "photos", "file", "files", "page", "pages", "照片", "图片"),
    "text": ("texts", "code", "codes", "文本"),
    "date-of-loss": ("as-of", "loss-date", "date", "出险日期", "出险时间"),
    "plate": ("registration-number", "plate-number", "号牌号码", "车牌号"),
    "vin": ("车辆识别代号", "车架号"),
    "country": (),
    "plate-type": ("号牌种类",),
    "known-at": (),
    "existed-by": ("proof", "proofs"),
}
"""What a column may be for, and other names that it is known by; spaces and underscores count as hyphens."""

_OF_NAME: Final = {alias: name for name, aliases in NAMES.items() for alias in (name, *aliases)}
_BATCH: Final = 64
"""Rows of Parquet in memory: each may have megabytes."""

_PARQUET: Final = b"PAR1"
_SPREADSHEETS: Final = (b"PK\x03\x04", b"\xd0\xcf\x11\xe0")
"""How .xlsx and .ods begin, which are ZIP files, and .xls."""

_JSON_SUFFIXES: Final = frozenset({".jsonl", ".ndjson", ".json"})
_DELIMITERS: Final = ",;\t"
_OTHER_ENCODING: Final = "bytes that are no text in its encoding; name another one with --encoding"


@attrs.frozen
class Row:
    """One row of the table.

    Attributes:
        number: which one it is, from 1, without the header.
        cells: what stands in it by its headers, or why it could not be read.
    """

    number: int
    cells: Mapping[str, Any] | RejectedInputError = attrs.field(repr=False)


@attrs.frozen
class Table:
    """A table that is read as its rows are asked for.

    Attributes:
        headers: of the columns; empty for JSON Lines, whose rows name their own.
        rows: one after the other.
    """

    headers: tuple[str, ...]
    rows: Iterator[Row]


def column_name(given: str) -> str | None:
    """What a column of this name is for, if that is known."""
    return _OF_NAME.get(re.sub(r"[\s_]+", "-", given.strip().lower()))


def columns_of(headers: Sequence[str], chosen: Mapping[str, str]) -> dict[str, str]:
    """The header of each column that is there, by what it is for; what was chosen goes before what headers say."""
    found = {name: header for header in reversed(headers) if (name := column_name(header)) is not None}
    return {**found, **{name: header for name, header in chosen.items() if header in headers}}


def open_table(path: Path, encoding: str) -> Table:
    """The table in a file.

    Raises:
        RejectedInputError: ``file-unreadable``; ``claims-unreadable``.
    """
    try:
        if not path.is_file():  # a pipe would wait for ever
            what = "it is not a file" if path.exists() else "there is no such file"
            raise RejectedInputError("file-unreadable", f"{path}: {what}")
        with path.open("rb") as file:
            start = file.read(len(_PARQUET))
    except (OSError, ValueError) as cause:
        raise RejectedInputError("file-unreadable", f"{path}: it cannot be read") from cause
    if start == _PARQUET:
        return _parquet(path)
    if start in _SPREADSHEETS:
        raise RejectedInputError("claims-unreadable", f"{path}: it is a spreadsheet; save it as CSV")
    lines = _lines(path, encoding)
    if path.suffix.lower() in _JSON_SUFFIXES:
        return Table((), (Row(number, _from_json(line)) for number, line in enumerate(lines, start=1)))
    return _csv(path, lines)


def _lines(path: Path, encoding: str) -> Iterator[rows.Row]:
    """The lines of the file, which is open as long as they are read."""
    with path.open("rb") as file:
        yield from rows.read(file, encoding=encoding)


def _bad(message: str) -> RejectedInputError:
    return RejectedInputError("row-malformed", message)


# JSON Lines


def _from_json(line: rows.Row) -> Mapping[str, Any] | RejectedInputError:
    if isinstance(line.content, RejectedInputError):
        return line.content
    try:
        found = json.loads(line.content)
    except (ValueError, RecursionError):
        return _bad(f"line {line.line} is not JSON")
    return found if isinstance(found, dict) else _bad(f"line {line.line} is not a JSON object")


# CSV


def _csv(path: Path, lines: Iterator[rows.Row]) -> Table:
    first = next(lines, None)
    if first is None:
        raise RejectedInputError("claims-unreadable", f"{path}: there is no header")
    if isinstance(first.content, RejectedInputError):
        raise RejectedInputError("claims-unreadable", f"{path}: the header: {first.content.message}")
    if not rows.is_text(first.content):
        raise RejectedInputError("claims-unreadable", f"{path}: the header: {_OTHER_ENCODING}")
    delimiter = max(_DELIMITERS, key=first.content.count)
    headers = _cells(first.content, delimiter)
    if headers is None or len(headers) > MAX_COLUMNS:
        raise RejectedInputError("claims-unreadable", f"{path}: the header cannot be read, or has too many columns")
    if len(set(headers)) < len(headers):
        raise RejectedInputError("claims-unreadable", f"{path}: two columns have one name")
    return Table(tuple(headers), _records(lines, headers, lambda text: _cells(text, delimiter)))


def _cells(text: str, delimiter: str) -> list[str] | None:
    """The cells of one record; None for anything but one."""
    try:
        found = list(csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True))
    except csv.Error:
        return None
    return found[0] if len(found) == 1 else None


def _records(
    lines: Iterator[rows.Row], headers: Sequence[str], read: Callable[[str], list[str] | None]
) -> Iterator[Row]:
    """The records. Where one cannot be read, its first line is a bad row, and the next line begins another."""
    ahead: deque[rows.Row] = deque()
    number = 0
    while (first := _next(ahead, lines)) is not None:
        number += 1
        if isinstance(first.content, RejectedInputError):
            yield Row(number, first.content)
            continue
        taken, text = _whole(first, first.content, ahead, lines)
        is_text = rows.is_text(text)
        cells = read(text) if is_text else None
        if cells is not None and len(cells) == len(headers):
            yield Row(number, dict(zip(headers, cells, strict=True)))
        else:
            ahead.extendleft(reversed(taken))
            why = f"not the header's {len(headers)} columns, or not readable" if is_text else _OTHER_ENCODING
            yield Row(number, _bad(f"line {first.line}: {why}"))


def _next(ahead: deque[rows.Row], lines: Iterator[rows.Row]) -> rows.Row | None:
    return ahead.popleft() if ahead else next(lines, None)


def _whole(first: rows.Row, text: str, ahead: deque[rows.Row], lines: Iterator[rows.Row]) -> tuple[list[rows.Row], str]:
    """A record with the further lines that its open quote takes in."""
    taken: list[rows.Row] = []
    last = first.line
    while text.count('"') % 2 and len(taken) < MAX_LINES and (following := _next(ahead, lines)) is not None:
        taken.append(following)
        if isinstance(following.content, RejectedInputError):
            break
        text += "\n" * (following.line - last) + following.content
        last = following.line
    return taken, text


# Parquet


def _parquet(path: Path) -> Table:
    try:
        from pyarrow import ArrowException, parquet  # noqa: PLC0415  an extra
    except ModuleNotFoundError as cause:
        message = "Parquet is read with pyarrow: pip install 'certcore[arrow]'"
        raise RejectedInputError("library-missing", f"{path}: {message}") from cause
    try:
        file = parquet.ParquetFile(path)
    except (ArrowException, OSError) as cause:
        raise RejectedInputError("claims-unreadable", f"{path}: it is not a Parquet file") from cause
    headers = tuple(map(str, file.schema_arrow.names))
    if len(headers) > MAX_COLUMNS or len(set(headers)) < len(headers):
        raise RejectedInputError("claims-unreadable", f"{path}: too many columns, or two of one name")
    found = (cells for group in range(file.num_row_groups) for cells in _of_group(file, group))
    return Table(headers, (Row(number, cells) for number, cells in enumerate(found, start=1)))


def _of_group(file: Any, group: int) -> Iterator[Mapping[str, Any] | RejectedInputError]:  # noqa: ANN401  pyarrow ships no types
    """The rows of one part of the file; where it is damaged, the rows that cannot be read are bad ones."""
    from pyarrow import ArrowException  # noqa: PLC0415  an extra

    left: int = file.metadata.row_group(group).num_rows
    try:
        for batch in file.iter_batches(batch_size=_BATCH, row_groups=[group]):
            for place in range(batch.num_rows):
                left -= 1
                yield _parquet_cells(batch, place)
    except (ArrowException, OSError):
        yield from (_bad("this part of the file cannot be read") for _ in range(left))


def _is_long(cell: object) -> bool:
    """Whether there is more in a cell than a line of CSV may hold."""
    if isinstance(cell, Mapping):
        return len(cell) > MAX_COLUMNS or any(map(_is_long, cell.values()))
    if isinstance(cell, list):
        return len(cell) > MAX_COLUMNS or any(map(_is_long, cell))
    return isinstance(cell, str | bytes) and len(cell) > rows.MAX_ROW


def _parquet_cells(batch: Any, place: int) -> Mapping[str, Any] | RejectedInputError:  # noqa: ANN401  as above
    try:
        cells = {str(name): batch.column(number)[place].as_py() for number, name in enumerate(batch.schema.names)}
    except Exception as cause:  # noqa: BLE001  a day before year 1, bytes that are no text, and whatever else Arrow can hold
        return _bad(f"a cell cannot be read: {type(cause).__name__}")
    if _is_long(cells):
        return RejectedInputError("file-too-large", f"a cell has more than {rows.MAX_ROW} characters")
    return cells
