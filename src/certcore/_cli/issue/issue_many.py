"""``certcore issue --vehicles``: a certificate for each row of a table, and one line of results for each row.

Every row gets a result. If the register already holds the same text under the same key, that certificate is shown again
and no new one is issued. So after an interruption, simply run the command again. If two rows for one vehicle differ,
both are issued, and the second supersedes the first.
"""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, suppress
from datetime import date
from pathlib import Path
from typing import IO, Any, Final

import attrs
import click

from certcore import armor, cose, payload
from certcore._cli import exit_codes, options
from certcore._cli.decorators import together
from certcore._cli.input import files, rows
from certcore._cli.issue import issuing, vehicle_rows
from certcore._cli.output import terminal
from certcore._cli.output.formats import Line, Output
from certcore._cli.printing import pages
from certcore._cli.register import registers
from certcore._cli.settings import language
from certcore._clock import utc_now
from certcore._files import PRIVATE
from certcore.errors import CertcoreError, IssuingError, RejectedInputError
from certcore.issue import Issuer
from certcore.payload import InspectionCertificate, Profile, StatusRef
from certcore.status.protocol import StatusState

RESULTS: Final = ("row", "outcome", "code", "message", "ref", "state", "supersedes", "remarks", "files", "text")
"""The columns behind those that were given."""

ISSUED, HELD, REFUSED = "issued", "held", "refused"
_WORDS: Final[Mapping[str, tuple[str, str]]] = {
    ISSUED: ("issued", "已签发"),
    HELD: ("held already", "此前已签发"),
    REFUSED: ("refused", "未签发"),
    "row": ("row", "第"),
    "stopped": ("stopped; run it again: nothing is issued twice", "已中断；重新运行即可，不会重复签发"),
}
_DRAWN: Final = ("png", "svg", "text", "pdf", "html")
_SUFFIXES: Final = {"text": ".txt"}
_ALONE: Final = ("text_file", "png_file", "svg_file", "target")


OPTIONS = together(
    click.option("--vehicles", type=options.FILE, help="A table of vehicles: CSV, JSON Lines or Parquet."),
    click.option("--out", type=options.FILE, help="The folder for the results of --vehicles."),
    click.option("--sheets", type=options.FILE, help="Also print all of them into this PDF, a page each."),
    click.option(
        "--each", type=click.Choice(_DRAWN), multiple=True, help="Also write this of each certificate; repeatable."
    ),
    click.option("--column", "columns", multiple=True, metavar="FIELD=HEADER", help="Which column is which."),
    click.option("--keep", "kept", multiple=True, metavar="HEADER", help="A column that is only passed on."),
    rows.ENCODING,
)
"""The options that issue for a table."""


def refuse_options(given: Mapping[str, Any]) -> None:
    """What belongs to --vehicles, without it.

    Raises:
        click.UsageError: for such options.
    """
    if any(given[name] for name in ("out", "sheets", "each", "columns", "kept")):
        msg = "--out, --sheets, --each, --column and --keep belong to --vehicles"
        raise click.UsageError(msg)


@attrs.frozen(kw_only=True)
class _Result:
    """What came of one row.

    Attributes:
        row: which one it is, from 1, without the header.
        cells: what stands in it.
        outcome: issued, held or refused.
        error: why it was refused, or why a file of it was not written.
        ref: the certificate's reference.
        state: of one that was held already.
        supersedes: what it took the place of.
        remarks: what is probably a slip of the pen.
        files: what was drawn.
        text: the certificate's text.
    """

    row: int
    cells: Mapping[str, Any] = attrs.field(factory=dict, repr=False)
    outcome: str
    error: CertcoreError | None = None
    ref: StatusRef | None = None
    state: str = ""
    supersedes: tuple[StatusRef, ...] = ()
    remarks: tuple[str, ...] = ()
    files: tuple[str, ...] = ()
    text: str = attrs.field(default="", repr=False)

    def members(self) -> dict[str, Any]:
        """Everything, but for the cells."""
        return {
            "row": self.row,
            "outcome": self.outcome,
            "code": None if self.error is None else self.error.code,
            "message": None if self.error is None else self.error.message,
            "ref": None if self.ref is None else registers.written(self.ref),
            "state": self.state or None,
            "supersedes": [registers.written(ref) for ref in self.supersedes],
            "remarks": list(self.remarks),
            "files": list(self.files),
            "text": self.text or None,
        }

    def lines(self, lang: str) -> Iterator[Line]:
        """Only what a person must look at: errors and slips."""
        row = f"第 {self.row} 行" if lang == "zh" else f"row {self.row}"
        if self.error is not None:
            said = language.translated(self.error.message, lang)
            yield Line(f"certcore: {row}: {terminal.escaped(said)} [{self.error.code}]", is_error=True)
        for remark in self.remarks:
            yield Line(f"certcore: {row}: {language.translated(remark, lang)}", is_error=True)


@attrs.frozen
class _Done:
    """That all rows are done."""

    counts: Mapping[str, int]
    folder: Path

    def members(self) -> Mapping[str, Any]:
        """The counts."""
        return {"rows": sum(self.counts.values()), **self.counts, "out": str(self.folder)}

    def lines(self, lang: str) -> Iterator[Line]:
        """The counts, and where the results are."""
        at = lang == "zh"
        told = ", ".join(f"{_WORDS[kind][at]} {count}" for kind, count in self.counts.items())
        yield Line(f"{sum(self.counts.values())}: {told}")
        yield Line(terminal.escaped(str(self.folder)))


@attrs.frozen(kw_only=True)
class _Desk:
    """Where rows are turned into certificates.

    Attributes:
        issuer: into a register.
        chosen: header to field.
        kept: headers that are only passed on.
        common: what all rows state.
        profile: whose fields are needed.
        folder: where files go.
        given: what is drawn of each, and how.
        printers: kind of page to what prints it.
    """

    issuer: Issuer
    chosen: Mapping[str, str]
    kept: Sequence[str]
    common: Mapping[str, Any]
    profile: Profile | None
    folder: Path
    given: Mapping[str, Any]
    printers: Mapping[str, pages.Printer]

    def answer(self, row: int, cells: Mapping[str, Any] | RejectedInputError, today: date) -> _Result:
        """What comes of one row.

        Raises:
            CertcoreError: only where the register itself cannot go on.
        """
        if isinstance(cells, RejectedInputError):
            return _Result(row=row, outcome=REFUSED, error=cells)
        try:
            certificate = vehicle_rows.certificate(cells, self.chosen, self.kept, self.common)
            if self.profile is not None:
                issuing.require_profile(certificate, self.profile)
            found = self._held(row, cells, certificate) or self._issued(row, cells, certificate, today)
        except CertcoreError as error:
            if "error" in dict(error.detail):  # the database: it would fail the next row as well
                raise
            return _Result(row=row, cells=cells, outcome=REFUSED, error=error)
        return self._drawn(found)

    def _held(self, row: int, cells: Mapping[str, Any], certificate: InspectionCertificate) -> _Result | None:
        """The certificate that this key has signed already of what the row states, if there is one."""
        registry = issuing.of(self.issuer)
        for held in () if registry is None else issuing.of_vehicle(registry, certificate):
            if held.text is not None and held.key_id == self.issuer.signer.public_key.key_id:
                again = attrs.evolve(certificate, status=held.ref, issued_at=held.issued_at)
                if self._reads_as(held.text, again):
                    state = held.state.value
                    return _Result(row=row, cells=cells, outcome=HELD, ref=held.ref, state=state, text=held.text)
        return None

    def _reads_as(self, text: str, certificate: InspectionCertificate) -> bool:
        """Whether a text states just what a certificate states."""
        stated = cose.read_certificate(armor.decode(text)).unverified_payload
        return stated == payload.encode(self.issuer.written(certificate))

    def _issued(self, row: int, cells: Mapping[str, Any], certificate: InspectionCertificate, today: date) -> _Result:
        remarks = tuple(issuing.doubts(certificate, today))
        made = issuing.issue(self.issuer, certificate, supersedes_from=self.given["supersedes_from"])
        return _Result(
            row=row,
            cells=cells,
            outcome=ISSUED,
            ref=made.ref,
            supersedes=made.supersedes,
            remarks=remarks,
            text=made.text,
        )

    def _drawn(self, result: _Result) -> _Result:
        """The same with its files; one that cannot be written is told beside what was issued."""
        if result.ref is None or not self.given["each"]:
            return result
        stem = f"{result.ref.list}-{result.ref.index}"
        drawing = {name: self.given[name] for name in ("scale", "level")}
        names = []
        try:
            for kind in self.given["each"]:
                path = self.folder / f"{stem}{_SUFFIXES.get(kind, f'.{kind}')}"
                printer = self.printers.get(kind)
                data = (
                    pages.draw(kind, result.text, **drawing)
                    if printer is None
                    else printer.page(result.text, printer.verify(result.text))
                )
                files.write(path, data, force=True, mode=self.given["mode"])  # named by its certificate
                names.append(path.name)
        except CertcoreError as error:
            return attrs.evolve(result, files=tuple(names), error=error)
        return attrs.evolve(result, files=tuple(names))


@attrs.define
class _Sheets:
    """The pages of all rows, printed when the last row is done: of what was issued, and of what is held and valid.

    Attributes:
        printer: what prints them.
        path: the PDF.
        given: whether it may take the place of another, and who may read it.
        texts: by reference; what a later row superseded is not among them.
    """

    printer: pages.Printer
    path: Path
    given: Mapping[str, Any]
    texts: dict[StatusRef, str] = attrs.field(factory=dict, init=False, repr=False)

    @classmethod
    def of(cls, given: Mapping[str, Any], issuer: Issuer, *, lang: str) -> _Sheets:
        """What the options ask for; errors as `pages.Printer.of`."""
        path: Path = given["sheets"]
        if path.suffix.lower() != ".pdf":
            msg = "--sheets ends in .pdf"
            raise click.UsageError(msg)
        files.refuse_existing([path], force=given["force"])
        printer = pages.Printer.of(path, given, lang=lang)
        printer.require_trusted(issuer.signer.public_key)
        return cls(printer, path, given)

    def collect(self, results: Iterator[_Result]) -> Iterator[_Result]:
        """The same results, remembered."""
        for result in results:
            for ended in result.supersedes:
                self.texts.pop(ended, None)
            if result.ref is not None and result.state in {"", StatusState.VALID.value}:
                self.texts[result.ref] = result.text
            yield result

    def write(self) -> None:
        """Print them, if there are any; all are issued by then, and a second run prints them again."""
        if self.texts:
            pdf = self.printer.sheets(self.texts.values())
            files.write(self.path, pdf, force=self.given["force"], mode=self.given["mode"])


def run(issuer: Issuer, stated: Mapping[str, Any], given: Mapping[str, Any], output: Output) -> int:
    """Issue for every row of the table.

    Raises:
        CertcoreError: for a table, a folder, a trust list or a register that cannot be used.
        click.UsageError: for options that do not go together.
    """
    _check_usage(issuer, stated, given)
    path, folder = given["vehicles"], given["out"]
    common = {name: value for name, value in stated.items() if value is not None}
    if (listed := common.pop("deficiency", None) or common.pop("deficiency_counts", None)) is not None:
        common["deficiencies"] = listed
    chosen = _chosen(given["columns"])
    table = vehicle_rows.open_table(path, given["encoding"])
    if table.headers:
        vehicle_rows.require_columns(path, table.headers, chosen, given["kept"], common)
    kinds = [kind for kind in given["each"] if kind in {"pdf", "html"}]
    printers = {kind: pages.Printer.of(Path(f"page.{kind}"), given, lang=output.lang) for kind in kinds}
    for printer in printers.values():
        printer.require_trusted(issuer.signer.public_key)
    desk = _Desk(
        issuer=issuer,
        chosen=chosen,
        kept=given["kept"],
        common=common,
        profile=None if given["profile"] is None else Profile(given["profile"]),
        folder=folder,
        given=given,
        printers=printers,
    )
    today = utc_now().date()
    sheets = None if given["sheets"] is None else _Sheets.of(given, issuer, lang=output.lang)
    _make_ready(folder, force=given["force"])
    answers: Iterator[_Result] = (desk.answer(row.number, row.cells, today) for row in table.rows)
    if sheets is not None:
        answers = sheets.collect(answers)
    try:
        counts = _write_results(folder, table.headers, answers, output, mode=given["mode"])
    except KeyboardInterrupt:
        terminal.say(f"certcore: {_WORDS['stopped'][output.lang == 'zh']}", err=True)
        raise
    if sheets is not None:
        sheets.write()
    output.tell(_Done(counts, folder))
    return exit_codes.ERROR if counts[REFUSED] else exit_codes.DONE


def _check_usage(issuer: Issuer, stated: Mapping[str, Any], given: Mapping[str, Any]) -> None:
    if given["out"] is None:
        msg = "--vehicles needs --out, a folder for what comes of it"
    elif issuer.registry is None:
        msg = "--vehicles needs --register: it knows what was issued already, so that nothing is issued twice"
    elif any(given[name] for name in _ALONE) or stated["json_file"] is not None:
        msg = "--text, --png, --svg, --to and --json-file are for one certificate; --each draws each of --vehicles"
    elif any(stated[name] is not None for name in vehicle_rows.GIVEN_BY_THE_REGISTER):
        msg = "--register gives each certificate its reference: leave --status and --certificate-id out"
    elif stated["deficiency"] is not None and stated["deficiency_counts"] is not None:
        msg = "either --deficiency or --deficiency-counts"
    else:
        return
    raise click.UsageError(msg)


def _chosen(columns: Sequence[str]) -> dict[str, str]:
    """Header to field, as chosen with ``--column``."""
    found = {}
    for column in columns:
        name, _, header = column.partition("=")
        field = vehicle_rows.field_of(name, {})
        if field is None or not header:
            msg = "--column is FIELD=HEADER, with a FIELD called as its option is"
            raise click.UsageError(msg)
        found[header] = field
    return found


def _make_ready(folder: Path, *, force: bool) -> None:
    """Make the folder, or take one that holds results of an earlier run.

    Raises:
        IssuingError: ``file-exists`` for a folder with something else in it; ``file-unwritable``.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        names = {found.name for found in folder.iterdir()}
    except OSError as cause:
        raise _unwritable(folder, cause) from cause
    if names and not force and not names & {"issued.jsonl", ".issued.jsonl.part"}:
        raise IssuingError("file-exists", f"{folder}: it holds other files; give an empty folder, or --force")


def _write_results(
    folder: Path, headers: Sequence[str], answers: Iterator[_Result], output: Output, *, mode: int
) -> dict[str, int]:
    """Write a line for each answer as it comes; the files get their names when all are there.

    Raises:
        IssuingError: ``file-unwritable``; what was issued is in the register.
    """
    counts = dict.fromkeys((ISSUED, HELD, REFUSED), 0)
    names = ["issued.jsonl", *(["issued.csv"] if headers else [])]
    try:
        with ExitStack() as opened:
            results = [opened.enter_context(_begun(folder / f".{name}.part")) for name in names]
            table = csv.writer(results[-1], lineterminator="\r\n") if headers else None
            if table is not None:
                table.writerow(["\ufeff" + _heads(headers)[0], *_heads(headers)[1:]])
            for result in answers:
                results[0].write(json.dumps({**result.members(), "cells": _plain(result.cells)}, default=str) + "\n")
                if table is not None:
                    table.writerow(_cells(headers, result))
                counts[result.outcome] += 1
                output.tell(result)
                terminal.overwrite(f"{sum(counts.values())} ...")
        for name in names:
            temporary = folder / f".{name}.part"
            temporary.chmod(mode)
            temporary.replace(folder / name)
    except OSError as cause:
        raise _unwritable(folder, cause) from cause
    return counts


def _begun(path: Path) -> IO[str]:
    """A file to write, that others do not read meanwhile."""
    with suppress(FileNotFoundError):
        path.unlink()
    path.touch(PRIVATE)
    return path.open("w", encoding="utf-8", errors="backslashreplace", newline="")


def _heads(headers: Sequence[str]) -> list[str]:
    """The heads of all columns; one that was given and has the name of a result's is called so."""
    return [f"given_{header}" if header in RESULTS else header for header in headers] + list(RESULTS)


def _cells(headers: Sequence[str], result: _Result) -> list[str]:
    members = result.members()
    return [_cell(result.cells.get(header)) for header in headers] + [_cell(members[name]) for name in RESULTS]


def _cell(value: object) -> str:
    if isinstance(value, list):
        return "; ".join(map(str, value))
    return "" if value is None else str(value)


def _plain(cells: Mapping[str, Any]) -> dict[str, Any]:
    """The cells as JSON types."""
    return {str(header): value.isoformat() if isinstance(value, date) else value for header, value in cells.items()}


def _unwritable(folder: Path, cause: OSError) -> IssuingError:
    why = cause.strerror or "it cannot be written"
    return IssuingError("file-unwritable", f"{folder}: {why}; run it again: nothing is issued twice")
