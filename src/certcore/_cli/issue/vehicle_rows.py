"""A table of vehicles to issue certificates for: which column has which field, and what its cells mean.

`certcore._cli.input.tables` reads the table itself.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import Any, Final

from certcore._cli.input import json_input, tables
from certcore._cli.input.tables import Table
from certcore._cli.issue import certificate_draft
from certcore.certificate._claims import BY_NAME, TABLE
from certcore.errors import RejectedInputError
from certcore.payload import InspectionCertificate

GIVEN_BY_THE_REGISTER: Final = frozenset({"status", "certificate_id", "issued_at"})
"""Fields that no row states: each certificate is new."""

_FIELDS: Final = {name: BY_NAME[name] for name in certificate_draft.READERS}
_COUNTS: Final = re.compile(r"(\d{1,4})/(\d{1,4})/(\d{1,4})", re.ASCII)


def _plain(header: str) -> str:
    return re.sub(r"[\s_-]+", " ", header.strip().lower())


_OF_HEADER: Final = {_plain(row.name): row.name for row in TABLE if row.name in _FIELDS} | {
    _plain(called): row.name
    for row in TABLE
    if row.name in _FIELDS
    for called in (row.option or row.name, *row.label)
    if called != "deficiency-counts"
}


def open_table(path: Path, encoding: str) -> Table:
    """The table in a file.

    Raises:
        RejectedInputError: ``file-unreadable``; ``input-malformed`` for anything but a table.
    """
    try:
        return tables.open_table(path, encoding)
    except RejectedInputError as cause:
        if cause.code != "claims-unreadable":
            raise
        raise RejectedInputError("input-malformed", cause.message) from cause


def field_of(header: str, chosen: Mapping[str, str]) -> str | None:
    """The field that a column states; what was chosen goes before what the header says."""
    return chosen.get(header) or _OF_HEADER.get(_plain(header))


def require_columns(
    path: Path, headers: Sequence[str], chosen: Mapping[str, str], kept: Sequence[str], common: Mapping[str, Any]
) -> None:
    """Return where every column states a field, or is kept, and no field is stated twice.

    Raises:
        RejectedInputError: ``input-malformed``.
    """
    missing = [header for header in (*chosen, *kept) if header not in headers]
    if missing:
        raise _bad(f"{path}: there is no column {', '.join(missing)}")
    seen = dict.fromkeys(common, "an option")
    for header in headers:
        if header in kept:
            continue
        field = field_of(header, chosen)
        if field is None:
            raise _bad(
                f"{path}: the column {header!r} states no field; name it with --column FIELD={header}, or pass it on"
                f" with --keep {header}"
            )
        if field in GIVEN_BY_THE_REGISTER:
            raise _bad(f"{path}: the column {header!r} cannot be stated: the register gives it")
        if field in seen:
            raise _bad(f"{path}: the field {field} is stated by the column {header!r} and by {seen[field]}")
        seen[field] = f"the column {header!r}"


def certificate(
    cells: Mapping[str, Any], chosen: Mapping[str, str], kept: Sequence[str], common: Mapping[str, Any]
) -> InspectionCertificate:
    """The certificate that a row states, with what all rows have in common; an empty cell states nothing.

    Raises:
        RejectedInputError: ``input-malformed``, with the field.
    """
    members = dict(common)
    for header, cell in cells.items():
        if header in kept:
            continue
        field = field_of(header, chosen)
        value = cell.strip() if isinstance(cell, str) else cell
        if value is None or value == "":
            continue
        if field is None or field in GIVEN_BY_THE_REGISTER:
            raise json_input.malformed(str(header)[:80], "there is no such field")
        members[field] = _value(field, value)
    return certificate_draft.from_members(members)


def _value(field: str, value: object) -> object:
    """A cell as a member of a certificate's JSON."""
    if isinstance(value, date):  # Parquet has days and instants of its own
        return value.isoformat()
    if not isinstance(value, str):
        return value
    kind = _FIELDS[field].form.json
    if kind == "number" and value.isascii() and value.isdecimal():
        return int(value[: _MAX_DIGITS + 1])
    if kind == "previous":
        return certificate_draft.typed_reference(value)
    if field == "deficiencies":
        return _deficiencies(value)
    return value


_MAX_DIGITS: Final = 20


def _deficiencies(value: str) -> object:
    """``CODE=SEVERITY`` divided by semicolons, or the counts of each severity: 2/0/0."""
    if counts := _COUNTS.fullmatch(value):
        return dict(zip(("minor", "major", "dangerous"), map(int, counts.groups()), strict=True))
    try:
        return certificate_draft.typed_deficiencies(part for part in value.split(";") if part.strip())
    except ValueError as cause:
        raise json_input.malformed("deficiencies", str(cause)) from cause


def _bad(message: str) -> RejectedInputError:
    return RejectedInputError("input-malformed", message)
