"""Record batches of Arrow: `verify_batch` judges each row, and gives a batch of `RESULT_SCHEMA` with as many rows.

It is what DuckDB, Polars and Spark's ``mapInArrow`` call. A row that is null, of a wrong type or no certificate has a
row of the answer, with its code. pyarrow is the ``arrow`` extra; it is imported when one of the names is used.

The columns of the result: ``outcome`` is ``valid``, ``invalid`` or ``undetermined``, and null where the row could not
be asked about; ``degraded`` is true for a valid one that rests on something missing; ``codes`` are those of the reasons
or of the error, the weightiest first; then the certificate's plate, VIN and last day, and its issuer, all null unless
it is authentic; ``status_observed_at`` is as of when the register spoke; ``verdict_id`` stands for the question.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from datetime import date, datetime
from typing import Any

from certcore import _extras
from certcore.bulk._kernel import require_verifier, verify_many
from certcore.bulk._questions import BulkQuestion, BulkResult
from certcore.bulk.columns import Columns
from certcore.verify import Verifier

__all__ = ["RESULT_SCHEMA", "schema", "verify_batch"]

RESULT_SCHEMA: Any
"""The columns of a result; those of `Columns.keep` stand before them."""


def __getattr__(name: str) -> Any:  # noqa: ANN401  pyarrow ships no types
    if name != "RESULT_SCHEMA":
        msg = f"module {__name__!r} has no attribute {name!r}"
        raise AttributeError(msg)
    globals()[name] = schema()
    return globals()[name]


def schema(given: Any = None, /, *, columns: Columns | None = None) -> Any:  # noqa: ANN401  as above
    """The schema of a result: `RESULT_SCHEMA`; or that of `verify_batch` for batches of a schema, and these columns.

    Raises:
        KeyError, ValueError: as `verify_batch`.
    """
    _extras.require("arrow", "pyarrow")
    import pyarrow as pa  # noqa: PLC0415  an extra

    results = [
        pa.field("outcome", pa.string()),
        pa.field("degraded", pa.bool_(), nullable=False),
        pa.field("codes", pa.list_(pa.string()), nullable=False),
        pa.field("certificate_plate", pa.string()),
        pa.field("certificate_vin", pa.string()),
        pa.field("valid_until", pa.date32()),
        pa.field("issuer", pa.string()),
        pa.field("status_observed_at", pa.timestamp("us", tz="UTC")),
        pa.field("verdict_id", pa.string()),
    ]
    if given is None or columns is None:
        return pa.schema(results)
    require_columns(given.names, columns)
    return pa.schema([*(given.field(name) for name in columns.keep), *results])


def require_columns(there: Sequence[str], columns: Columns) -> None:
    """That a table with such columns has those that are named, and that the result's names are left to it.

    Raises:
        KeyError, ValueError: as `verify_batch`.
    """
    counted = Counter(there)
    for name in (*columns.asked, *columns.keep):
        if counted[name] != 1:
            raise KeyError(f"there is no column {name!r}" if not counted[name] else f"several columns are {name!r}")
    results = {*schema().names}
    if clashing := [name for name in columns.keep if name.lower() in results]:  # engines ignore case
        raise ValueError(f"a result has columns of the same names: {', '.join(clashing)}")


def verify_batch(batch: Any, verifier: Verifier, /, *, columns: Columns) -> Any:  # noqa: ANN401  as above
    """The answer to each row of a batch: the columns to keep, and those of `RESULT_SCHEMA`, row for row.

    Args:
        batch: a ``pyarrow.RecordBatch``, or a ``Table``, which gives a table.
        verifier: who judges.
        columns: which column holds what. A null plate or VIN is told as ``row-vehicle``, as an empty one is: a
            comparison that was meant is never left out in silence. A null country or plate type is one not stated.

    Raises:
        TypeError: for anything but a batch or a table, or a verifier that is none.
        KeyError: for a column that is not there, or there twice.
        ValueError: for a column to keep that has the name of a result's.
    """
    _extras.require("arrow", "pyarrow")
    import pyarrow as pa  # noqa: PLC0415  as above

    if not isinstance(batch, pa.RecordBatch | pa.Table):
        raise TypeError(f"a batch is a pyarrow.RecordBatch or a Table, not {type(batch).__name__}")
    require_verifier(verifier)
    found = schema(batch.schema, columns=columns)
    if isinstance(batch, pa.Table):
        return pa.Table.from_batches([_judged(part, verifier, columns, found) for part in batch.to_batches()], found)
    return _judged(batch, verifier, columns, found)


def _judged(batch: Any, verifier: Verifier, columns: Columns, found: Any) -> Any:  # noqa: ANN401  as above
    """The answers to one batch, with the schema found for it."""
    import pyarrow as pa  # noqa: PLC0415  as above

    kept = [batch.column(name) for name in columns.keep]
    kinds = found.types[len(kept) :]
    results = verify_many(verifier, _questions(batch, columns))
    answers = list(zip(*map(_values, results), strict=True)) or [()] * len(kinds)
    arrays = [pa.array(values, kind) for values, kind in zip(answers, kinds, strict=True)]
    return pa.RecordBatch.from_arrays([*kept, *arrays], schema=found)


def _questions(batch: Any, columns: Columns) -> Iterator[BulkQuestion]:  # noqa: ANN401  as above
    """A question for each row, in order."""
    texts, moments = _cells(batch.column(columns.text)), _cells(_in_utc(batch.column(columns.as_of)))
    vehicle = columns.vehicle
    cells = zip(texts, moments, *(_cells(batch.column(name)) for name in vehicle.values()), strict=True)
    for row, (text, as_of, *seen) in enumerate(cells):
        expect = _vehicle(dict(zip(vehicle, seen, strict=True)))
        yield BulkQuestion(row=row, text=text, as_of=_moment(as_of), expect=expect)


def _in_utc(column: Any) -> Any:  # noqa: ANN401  as above
    """Instants as such: whatever zone they are shown in, which this machine may not know, and to the microsecond."""
    import pyarrow as pa  # noqa: PLC0415  as above

    kind = column.type
    if isinstance(kind, pa.DictionaryType) and pa.types.is_timestamp(kind.value_type):
        return _in_utc(column.dictionary_decode())
    if not pa.types.is_timestamp(kind):
        return column
    unit = "us" if kind.unit == "ns" else kind.unit  # a coarser one could wrap around
    return column.cast(pa.timestamp(unit, None if kind.tz is None else "UTC"), safe=False)


def _cells(column: Any) -> Iterator[object]:  # noqa: ANN401  as above
    """A column's values, each made when its turn comes; one that Python cannot hold is none."""
    for scalar in column:
        try:
            yield scalar.as_py()
        except (ValueError, OverflowError, TypeError, NotImplementedError):  # no UTF-8, a year 20 000, an odd type
            yield None


def _vehicle(cells: Mapping[str, object]) -> object:
    """What is compared; a null is no vehicle to compare with, and is told as such."""
    if not cells:
        return None
    return {
        name: "" if cell is None and name in {"registration_number", "vin"} else cell for name, cell in cells.items()
    }


def _moment(cell: object) -> object:
    """A date or an instant, also as text; whatever else it is, the row's answer says so."""
    if not isinstance(cell, str):
        return cell
    try:
        return date.fromisoformat(cell) if len(cell) == len("2027-08-14") else datetime.fromisoformat(cell)
    except ValueError:
        return None


def _values(result: BulkResult) -> tuple[object, ...]:
    """A row of the answer, in the order of the schema."""
    verdict = result.verdict
    if verdict is None:
        return (None, False, list(result.codes), None, None, None, None, None, None)
    certificate = verdict.certificate
    stated = (
        (None,) * 3
        if certificate is None
        else (
            certificate.registration_number,
            certificate.vin,
            certificate.valid_until,
        )
    )
    return (
        verdict.outcome.value,
        verdict.degraded,
        list(result.codes),
        *stated,
        verdict.issuer,
        verdict.status_observed_at,
        verdict.id,
    )
