"""The records of a run on disk: first a journal, and at the end the tables and the report.

The journal has one line for each record, in order. An interrupted run continues after the last complete line.
"""

from __future__ import annotations

import csv
import importlib.util
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from itertools import islice
from pathlib import Path
from typing import Any, Final

import attrs

from certcore import _files
from certcore.bulk import _report
from certcore.bulk._report import Kind, Summary, _html, _pdf
from certcore.errors import IssuingError, RejectedInputError

COLUMNS: Final = (
    "row",
    "document",
    "outcome",
    "degraded",
    "codes",
    "words",
    "detail",
    "as_of",
    "expected_plate",
    "expected_vin",
    "certificate_plate",
    "certificate_vin",
    "evidence",
    "evidence_sha256",
    "picture_sha256",
    "verdict",
    "remarks",
)
"""The columns behind those that were given."""

_FORMULAS: Final = ("=", "+", "-", "@", "\t", "\r")
"""How a cell begins that a spreadsheet would compute."""

_BATCH: Final = 1000


@attrs.frozen
class Journal:
    """The records of one run, in a folder.

    Attributes:
        folder: where the run keeps everything.
        mode: who may read what is written.
    """

    folder: Path
    mode: int = _files.PRIVATE

    @property
    def path(self) -> Path:
        """The journal itself."""
        return self.folder / ".journal.jsonl"

    def begin(self, run: Mapping[str, Any], *, resume: bool) -> int:
        """Make the folder ready; how many records there are already.

        Raises:
            IssuingError: ``file-exists`` for a folder in use; ``file-unwritable``.
            RejectedInputError: ``claims-differ``.
        """
        try:
            self._make_folders()
            if resume and self.path.exists():
                return self._resumed(run)
            if self.path.exists() or (self.folder / "results.jsonl").exists():
                message = "there are results in this folder; --resume goes on where an interrupted run stopped"
                if resume:
                    message = "the run is finished, and its results are in this folder"
                raise IssuingError("file-exists", f"{self.folder}: {message}", advice="another-name")
            _files.write_whole(self.path, _line(run).encode(), overwrite=False, mode=self.mode)
        except OSError as cause:
            raise _unwritable(self.folder, cause) from cause
        return 0

    def append(self, records: Iterator[Mapping[str, Any]]) -> Iterator[Mapping[str, Any]]:
        """Write each record down, and give it on.

        Raises:
            IssuingError: ``file-unwritable``, also where its evidence cannot be kept; what was written stays, and this
                record is none of it.
        """
        try:
            with self.path.open("a", encoding="utf-8", newline="\n") as file:
                for record in records:
                    if record["outcome"] is None:
                        raise IssuingError("file-unwritable", f"{self.folder / 'evidence'}: {record['detail']}")
                    file.write(_line(record))
                    file.flush()
                    yield record
        except OSError as cause:
            raise _unwritable(self.folder, cause) from cause

    def records(self) -> Iterator[dict[str, Any]]:
        """Every record."""
        with self.path.open(encoding="utf-8", newline="\n") as file:
            for line in islice(file, 1, None):
                yield json.loads(line)

    def finish(self, headers: Sequence[str], kind: Kind) -> Summary:
        """Write the tables and the report, each whole or not at all; the journal is gone when all are there.

        Raises:
            IssuingError: ``file-unwritable``; ``--resume`` then writes them.
        """
        summary = _report.summarise(self.records())
        try:
            for half_written in (self.folder / "evidence").rglob(".*"):  # by a process that was killed
                half_written.unlink()
            self._write_text("report.html", _html.html(summary, self.records(), kind))
            with self._named("report.pdf") as path:
                _pdf.write(path, summary, self.records, kind)
            for name, records in (("claims", self._deciding), ("results", self.records)):
                self._write_text(f"{name}.csv", _csv(headers, records()), encoding="utf-8-sig")
                if importlib.util.find_spec("pyarrow") is not None:
                    with self._named(f"{name}.parquet") as path:
                        _write_parquet(path, headers, records())
                self._write_text(f"{name}.jsonl", (_line(_without_picture(record)) for record in records()))
            self.path.unlink()
        except OSError as cause:
            raise _unwritable(self.folder, cause) from cause
        return summary

    def _deciding(self) -> Iterator[Mapping[str, Any]]:
        """The record that decides, of each row."""
        return (claim.deciding for claim in _report.claims(self.records()))

    def _write_text(self, name: str, parts: Iterable[str], *, encoding: str = "utf-8") -> None:
        with (
            self._named(name) as path,
            path.open("w", encoding=encoding, errors="backslashreplace", newline="") as file,
        ):
            file.writelines(parts)

    @contextmanager
    def _named(self, name: str) -> Iterator[Path]:
        """A file to write, which others do not read meanwhile; it gets its name when it is finished, or is taken away.

        Where nothing was written there is no file.
        """
        path = self.folder / f".{name}.part"
        try:
            path.touch(_files.PRIVATE)
            yield path
            path.chmod(self.mode)
            if path.stat().st_size:
                path.replace(self.folder / name)
        finally:
            path.unlink(missing_ok=True)

    def _make_folders(self) -> None:
        """The folders, into which those may look who may read."""
        mode = self.mode | (self.mode & 0o444) >> 2
        for folder in (self.folder, self.folder / "evidence", self.folder / "evidence" / "documents"):
            if not folder.is_dir():
                folder.mkdir(parents=True)
                folder.chmod(mode)

    def _resumed(self, run: Mapping[str, Any]) -> int:
        """How many whole records there are; what was half written is cut off."""
        size = count = 0
        with self.path.open("rb") as file:
            if file.readline() != _line(run).encode():
                raise RejectedInputError("claims-differ", f"{self.folder}: what was begun here was asked otherwise")
            size = file.tell()
            for line in file:
                if not line.endswith(b"\n"):
                    break
                size, count = size + len(line), count + 1
        with self.path.open("r+b") as file:
            file.truncate(size)
        return count


def _line(value: Mapping[str, Any]) -> str:
    return json.dumps(value, ensure_ascii=True, separators=(",", ":")) + "\n"


def _without_picture(record: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in record.items() if name != "thumbnail"}


def _row(headers: Sequence[str], record: Mapping[str, Any]) -> list[str]:
    """The cells that were given, and the answer's."""
    cells = [str(record["cells"].get(header, "")) for header in headers]
    cells += [_safe(_cell(record.get(name))) for name in COLUMNS]
    return [cell.encode("utf-8", "backslashreplace").decode("utf-8") for cell in cells]  # half a surrogate pair


def _cell(value: object) -> str:
    if isinstance(value, list):
        return "; ".join(map(str, value))
    return "" if value is None else str(value)


def _safe(cell: str) -> str:
    """The cell, as text also to a spreadsheet."""
    return f"'{cell}" if cell.startswith(_FORMULAS) else cell


def _heads(headers: Sequence[str]) -> list[str]:
    """The heads of all columns; one that was given and has the name of an answer's is called so."""
    return [f"given_{header}" if header in COLUMNS else header for header in headers] + list(COLUMNS)


class _Lines:
    """A file that keeps what was written last."""

    line = ""

    def write(self, text: str) -> None:
        """Keep a line."""
        self.line = text


def _csv(headers: Sequence[str], records: Iterator[Mapping[str, Any]]) -> Iterator[str]:
    lines = _Lines()
    writer = csv.writer(lines, lineterminator="\r\n")
    writer.writerow(_heads(headers))
    yield lines.line
    for record in records:
        writer.writerow(_row(headers, record))
        yield lines.line


def _write_parquet(path: Path, headers: Sequence[str], records: Iterator[Mapping[str, Any]]) -> None:
    """The same table as Parquet, all cells text."""
    import pyarrow as pa  # noqa: PLC0415  an extra
    from pyarrow import parquet  # noqa: PLC0415  as above

    schema = pa.schema([(name, pa.string()) for name in _heads(headers)])
    with parquet.ParquetWriter(path, schema) as writer:
        while batch := [_row(headers, record) for record in islice(records, _BATCH)]:
            writer.write_batch(
                pa.record_batch([pa.array(cells, pa.string()) for cells in zip(*batch, strict=True)], schema)
            )


def _unwritable(folder: Path, cause: OSError) -> IssuingError:
    return IssuingError("file-unwritable", f"{folder}: {cause.strerror or 'it cannot be written'}")
