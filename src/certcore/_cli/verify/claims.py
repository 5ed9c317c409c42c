"""``certcore verify --claims``: reads a table of claims, and writes tables, evidence and a report for people.

It makes a question of each row, and runs the whole table. A row that asks nothing clear gets a result, too.
"""

from __future__ import annotations

import hashlib
import math
import pickle
import re
from collections.abc import Callable, Generator, Iterator, Mapping
from contextlib import closing
from datetime import date, datetime, timedelta
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Any, Final

import attrs
import click
from click.core import ParameterSource

from certcore._cli import exit_codes, options
from certcore._cli.input import datetimes, rows, tables
from certcore._cli.input.tables import Row
from certcore._cli.keys import keygen
from certcore._cli.output import terminal
from certcore._cli.output.formats import Line, Output
from certcore._cli.settings import language
from certcore._clock import steady
from certcore.bulk import BulkQuestion, Progress
from certcore.bulk._claims import ClaimJudge, ClaimTask, refused
from certcore.bulk._files import run as run_in_processes
from certcore.bulk._files import why_lost
from certcore.bulk._report import ERROR, Kind, Summary, counted
from certcore.bulk._report._words import WORDS
from certcore.bulk._tables import Journal
from certcore.bulk._workers import Lost
from certcore.errors import RejectedInputError
from certcore.keys import LocalSigner, Signer
from certcore.policy import Expected
from certcore.proofs.existence import MAX_PROOFS
from certcore.qr._read import Effort
from certcore.verdict import Outcome

MAX_DOCUMENTS: Final = 100
"""Of one claim: all of them are in memory when its verdict is told."""

_EXPECTED: Final = {"plate": "registration_number", "vin": "vin", "country": "country", "plate-type": "plate_type"}
_PAGE: Final = re.compile(r"(?P<file>.+)#page=(?P<number>[1-9][0-9]{0,4})")
_INTERRUPTED: Final = {
    "en": "certcore: interrupted; the same command with --resume goes on where it stopped.",
    "zh": "certcore：已中断；在同一命令后加 --resume 即可从中断处继续。",
}
_NO_PAPER: Final = {
    "en": "no report.pdf: it needs certcore[print], and fonts with the characters of this language",
    "zh": "未生成 report.pdf：需要 certcore[print] 及中文字体",
}
_SECONDS_BETWEEN_LOOKS: Final = 0.2
_NEVER_EMPTY: Final = ("plate", "vin")
_ALONE: Final = ("registration_number", "vin", "country", "plate_type", "evidence_folder")
"""Options of the single question, that a table of claims answers row by row or by its folder."""


@attrs.frozen
class _Done:
    """That a run has ended, and what it came to."""

    summary: Summary
    folder: Path

    def members(self) -> Mapping[str, Any]:
        """The counts."""
        return {
            "claims": self.summary.claims.total(),
            "documents": self.summary.documents.total(),
            "outcomes": dict(self.summary.claims),
            "out": str(self.folder),
        }

    def lines(self, lang: str) -> Iterator[Line]:
        """The counts, and where to look."""
        words = WORDS[lang]
        counts = ", ".join(f"{words[kind]} {count}" for kind, count in counted(self.summary) if count)
        total = {"claims": self.summary.claims.total(), "documents": self.summary.documents.total()}
        yield Line(f"{words['count'].format(**total).rstrip('.。')}: {counts or 0}")
        for name in ("report.html", "report.pdf"):
            path = self.folder / name
            found = terminal.escaped(str(path)) if path.exists() else _NO_PAPER[lang]
            yield Line(("报告：" if lang == "zh" else "report: ") + found)


def verify_claims(given: dict[str, Any], output: Output) -> int:
    """Judge every claim of the table; the exit code speaks for the worst.

    Raises:
        CertcoreError: for a table, a folder or a trust list that cannot be used.
        click.UsageError: for options that do not go together.
    """
    _check_usage(given)
    if click.get_current_context().get_parameter_source("policy_name") is ParameterSource.DEFAULT:
        given = {**given, "policy_name": "claims"}
    path, folder, pictures = given["claims"], given["out"], given["pictures"]
    if pictures is not None and not pictures.is_dir():
        raise RejectedInputError("file-unreadable", f"{pictures}: there is no such folder")
    chosen = _chosen(given["columns"])
    table = tables.open_table(path, given["encoding"])
    _require_columns(path, table.headers, chosen, given)
    status = options.status_backend(given)
    verifier = options.verifier(given, status=status)
    seal = _seal(given)
    proofs = tuple(options.proof(proof) for proof in given["proof_files"])
    journal = Journal(folder, given["mode"])
    lang = output.lang
    done = journal.begin(
        {
            "claims": _digest(path),
            "policy": verifier.policy.id,
            "trust": hashlib.sha256(verifier.trust.to_bytes()).hexdigest(),
            "as_of": str(given["as_of"]),
            "known_at": str(given["known_at"]),
            "registers": [str(given["snapshot"]), bool(given["online"])],
            "columns": chosen,
            "lang": lang,
            "proofs": [hashlib.sha256(proof).hexdigest() for proof in proofs],
            "sealed": seal is not None,
        },
        resume=given["resume"],
    )
    asker = _Asker(
        pictures=given["pictures"],
        chosen=chosen,
        as_of=given["as_of"],
        known_at=given["known_at"],
        common_proofs=len(proofs),
    )
    tasks = islice(asker.tasks(table.rows), done, None)
    judge = ClaimJudge(
        verifier=verifier,
        evidence=folder / "evidence",
        lang=lang,
        mode=given["mode"],
        seal=seal,
        existed_by=proofs,
        effort=Effort(given["effort"]),
        deadline=timedelta(seconds=given["deadline"]),
    )
    total = None
    if terminal.is_watched():
        counted_rows = tables.open_table(path, given["encoding"]).rows
        total = sum(1 for _ in attrs.evolve(asker).tasks(counted_rows)) - done
    try:
        with closing(_in_words(_records(judge, tasks, given["workers"]), lang)) as records:
            _watch(journal.append(records), Progress(total=total), lang)
        summary = journal.finish(table.headers or tuple(asker.seen), Kind(policy=verifier.policy.name, lang=lang))
    except KeyboardInterrupt:
        terminal.overwrite("")
        terminal.say(_INTERRUPTED[lang], err=True)
        raise
    output.tell(_Done(summary, folder))
    return _exit_code(summary)


def _check_usage(given: Mapping[str, Any]) -> None:
    if given["out"] is None:
        msg = "--claims needs --out, a folder for what comes of it"
        raise click.UsageError(msg)
    if len(given["proof_files"]) > MAX_PROOFS:
        msg = f"at most {MAX_PROOFS} proofs of existence count"
        raise click.UsageError(msg)
    if given["what"] or any(given[name] for name in _ALONE):
        msg = "--claims stands alone: its rows name what to verify, and --out keeps the evidence"
        raise click.UsageError(msg)


def _chosen(columns: tuple[str, ...]) -> dict[str, str]:
    """The headers that were chosen with ``--column``."""
    found = {}
    for given in columns:
        name, _, header = given.partition("=")
        known = tables.column_name(name)
        if known is None or not header:
            msg = f"--column is NAME=HEADER, with a NAME of {', '.join(tables.NAMES)}"
            raise click.UsageError(msg)
        found[known] = header
    return found


def _require_columns(path: Path, headers: tuple[str, ...], chosen: dict[str, str], given: Mapping[str, Any]) -> None:
    """Refuse a table without the columns that every row needs."""
    if not headers:
        return
    found = tables.columns_of(headers, chosen)
    missing = [header for header in chosen.values() if header not in headers]
    if "date-of-loss" not in found and given["as_of"] is None:
        missing.append("date-of-loss")
    if not found.keys() & {"picture", "text"}:
        missing.append("picture")
    if missing:
        raise RejectedInputError("claims-column", f"{path}: there is no column {', '.join(missing)}")


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _seal(given: Mapping[str, Any]) -> Callable[[], Signer] | None:
    """How each process makes the key of --seal, which is found to be one before anything is begun."""
    if given["seal_file"] is None:
        return None
    keygen.read_signer(given["seal_file"], given["password_file"])
    secret = None if given["password_file"] is None else keygen.password(given["password_file"])
    return partial(LocalSigner.from_pem, given["seal_file"].read_bytes(), password=secret)


def _records(judge: ClaimJudge, tasks: Iterator[ClaimTask], workers: int | None) -> Generator[Mapping[str, Any]]:
    """A record for each task, from several processes where the verifier can be handed to them."""
    try:
        pickle.dumps(judge)
    except Exception:  # noqa: BLE001  a backend over HTTPS holds connections
        yield from map(attrs.evolve(judge, isolate=True), tasks)
        return
    for found in run_in_processes(judge, tasks, workers=workers):
        yield refused(found.task, why_lost(found), judge.lang) if isinstance(found, Lost) else found


def _in_words(records: Generator[Mapping[str, Any]], lang: str) -> Generator[Mapping[str, Any]]:
    """The same in the language of the report: what the library says of an error is English."""
    with closing(records):
        for record in records:
            detail = record.get("detail")
            yield {**record, "detail": language.translated(detail, lang)} if isinstance(detail, str) else record


def _watch(records: Iterator[Mapping[str, Any]], progress: Progress, lang: str) -> None:
    """Let the records come; where somebody looks, say how far it is."""
    words, shown_at = WORDS[lang], -math.inf
    for record in records:
        progress.count(None if record["outcome"] == ERROR else Outcome(record["outcome"]))
        if terminal.is_watched() and steady() - shown_at > _SECONDS_BETWEEN_LOOKS:
            shown_at = steady()
            counts = ", ".join(f"{words[name]} {count}" for name, count in progress.outcomes.items())
            of = "" if progress.total is None else f" / {progress.total}"
            left = progress.time_left
            remaining = (
                "" if left is None else f", {words['time left']} {timedelta(seconds=round(left.total_seconds()))}"
            )
            terminal.overwrite(f"{progress.done}{of}, {progress.rate:.1f} /s{remaining}: {counts}")
    terminal.overwrite("")


def _exit_code(summary: Summary) -> int:
    codes = {ERROR: exit_codes.ERROR, "degraded": exit_codes.DEGRADED}
    codes |= exit_codes.OF_OUTCOME
    return exit_codes.worst(codes[kind] for kind in summary.documents)


@attrs.define
class _Asker:
    """Makes questions of rows.

    Attributes:
        pictures: the folder that pictures are in.
        chosen: the headers that were chosen.
        as_of: the moment for rows of a table without a date of loss.
        known_at: what was knowable when, unless a row says so.
        common_proofs: how many proofs of existence count for every row.
        seen: the headers of all rows so far, in order.
        claims: those that were named so far.
    """

    pictures: Path | None
    chosen: Mapping[str, str]
    as_of: date | datetime | None
    known_at: datetime | None
    common_proofs: int = 0
    seen: dict[str, None] = attrs.field(factory=dict, init=False)
    claims: set[str] = attrs.field(factory=set, init=False)

    def tasks(self, rows: Iterator[Row]) -> Iterator[ClaimTask]:
        """One task for each document of each row; one that says what is wrong for a row that cannot be asked about."""
        for row in rows:
            yield from self._of_row(row)

    def _of_row(self, row: Row) -> Iterator[ClaimTask]:
        if isinstance(row.cells, RejectedInputError):
            yield ClaimTask(row=row.number, error=row.cells)
            return
        given = {str(header): value for header, value in row.cells.items()}
        if len(self.seen.keys() | given.keys()) > tables.MAX_COLUMNS:
            message = f"its columns and those of earlier rows are more than {tables.MAX_COLUMNS}"
            yield ClaimTask(row=row.number, error=RejectedInputError("row-malformed", message))
            return
        self.seen.update(dict.fromkeys(given))
        columns = tables.columns_of(tuple(given), self.chosen)
        cells = {name: given[header] for name, header in columns.items()}
        about: dict[str, Any] = {
            "row": row.number,
            "claim": _text(cells.get("claim")),
            "cells": {header: _text(value) for header, value in given.items()},
            "remarks": self._remarks(_text(cells.get("claim"))),
        }
        try:
            asked = self._asked(cells)
            about["existed_by"] = self._proofs(cells.get("existed-by"))
        except RejectedInputError as error:
            yield ClaimTask(**about, document=_text(cells.get("picture")), error=error)
            return
        documents = [*_several(cells.get("picture")), *(("", text) for text in _texts(cells.get("text")))]
        if not 1 <= len(documents) <= MAX_DOCUMENTS:
            message = (
                f"The row names more than {MAX_DOCUMENTS} documents" if documents else "The row names nothing to verify"
            )
            yield ClaimTask(**about, error=RejectedInputError("row-malformed", message))
            return
        for part, (name, text) in enumerate(documents, start=1):
            yield self._task(about, asked, part, name, text)

    def _task(self, about: dict[str, Any], asked: dict[str, Any], part: int, name: str, text: object) -> ClaimTask:
        of: dict[str, Any] = {"text": text}
        pages = error = None
        if name:
            try:
                of["picture"], pages = self._picture(name)
            except RejectedInputError as cause:
                error = cause
        elif isinstance(text, str) and not rows.is_text(text):
            error = RejectedInputError("row-not-text", "The cell holds bytes that are no text in the table's encoding")
        question = BulkQuestion(row=(about["row"], part), **of, **asked)
        return ClaimTask(**about, part=part, document=name, question=question, pages=pages, error=error)

    def _picture(self, name: str) -> tuple[Path, range | None]:
        """The picture of this name, and the page of it that a name such as ``scan.pdf#page=3`` asks for (RFC 8118)."""
        path, found = self._path(name), _PAGE.fullmatch(name)
        if found is None or path.exists():
            return path, None
        number = int(found["number"])
        return self._path(found["file"]), range(number, number + 1)

    def _proofs(self, cell: object) -> tuple[bytes, ...]:
        """The proofs of existence that a row names, in the folder of pictures."""
        names = [name for name, _ in _several(cell)]
        if len(names) > MAX_PROOFS - self.common_proofs:
            raise RejectedInputError("row-malformed", f"A row has at most {MAX_PROOFS} proofs of existence")
        return tuple(options.proof(self._path(name)) for name in names)

    def _remarks(self, claim: str) -> tuple[str, ...]:
        if not claim:
            return ()
        is_known = claim in self.claims
        self.claims.add(claim)
        return ("repeated",) if is_known else ()

    def _asked(self, cells: Mapping[str, Any]) -> dict[str, Any]:
        """What a row asks about each of its documents."""
        known_at = _moment(cells["known-at"]) if _text(cells.get("known-at")) else self.known_at
        as_of = (
            self.as_of if "date-of-loss" not in cells and self.as_of is not None else _moment(cells.get("date-of-loss"))
        )
        return {"as_of": as_of, "known_at": known_at, "expect": _vehicle(cells)}

    def _path(self, name: str) -> Path:
        """The picture of this name, which lies in the folder of pictures."""
        folder = (self.pictures or Path()).resolve()
        try:
            path = (folder / name).resolve()
        except (OSError, ValueError, RuntimeError) as cause:
            raise RejectedInputError("file-unreadable", "the name of the picture cannot be used") from cause
        if not path.is_relative_to(folder):
            raise RejectedInputError("file-unreadable", "the picture is outside the folder of pictures")
        return path


def _vehicle(cells: Mapping[str, Any]) -> Expected:
    """The vehicle that the row names; an empty plate or VIN is told, not passed over."""
    found: dict[str, Any] = {}
    for name, member in _EXPECTED.items():
        if name not in cells:
            continue
        text = _text(cells[name]).strip()
        if not rows.is_text(text):
            raise RejectedInputError("row-vehicle", f"The {name} has bytes that are no text", column=name)
        if text:
            found[member] = text
        elif name in _NEVER_EMPTY:
            raise RejectedInputError("row-vehicle", f"The {name} is empty", column=name)
    try:
        if "plate_type" in found:
            found["plate_type"] = int(found["plate_type"])
        return Expected(**found)
    except ValueError as cause:
        raise RejectedInputError("row-vehicle", "The vehicle cannot be compared with") from cause


def _moment(cell: object) -> date | datetime:
    """The moment in a cell; `BulkQuestion`s are judged for the rest of the rule."""
    if isinstance(cell, date):
        return cell
    try:
        return datetimes.parse_limit(_text(cell).strip())
    except ValueError as cause:
        raise RejectedInputError("row-moment", str(cause)) from cause


def _several(cell: object) -> Iterator[tuple[str, object]]:
    """The names of pictures in a cell: a list, or divided by semicolons."""
    names = cell if isinstance(cell, list) else _text(cell).split(";")
    for name in names:
        if shown := _text(name).strip():
            yield shown, None


def _texts(cell: object) -> Iterator[object]:
    """The texts in a cell: a list, or divided by line ends or semicolons, which no certificate's text has."""
    if isinstance(cell, list):
        yield from cell
    elif isinstance(cell, str):
        yield from (text for text in (part.strip("\r") for part in cell.replace(";", "\n").split("\n")) if text)
    elif cell is not None:
        yield cell


def _text(cell: object) -> str:
    """A cell as text."""
    if cell is None:
        return ""
    return cell.isoformat() if isinstance(cell, date) else str(cell)
