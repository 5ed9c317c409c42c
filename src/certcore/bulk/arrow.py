"""Record batches of Arrow: `verify_batch` judges each row, and gives a batch of `RESULT_SCHEMA` with as many rows.

It is what DuckDB, Polars and Spark's ``mapInArrow`` call. A row that is null, of a wrong type or no certificate has a
row of the answer, with its code. pyarrow is the ``arrow`` extra; it is imported when one of the two names is used.

The columns of the result: ``outcome`` is ``valid``, ``invalid`` or ``undetermined``, and null where the row could not
be asked about; ``degraded`` is true for a valid one that rests on something missing; ``codes`` are those of the reasons
or of the error, the weightiest first; then the certificate's plate, VIN and last day, and its issuer, all null unless
it is authentic; ``status_observed_at`` is as of when the register spoke; ``verdict_id`` stands for the question.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date, datetime
from typing import Any, Final

from certcore import _extras
from certcore.bulk._kernel import verify_many
from certcore.bulk._questions import BulkQuestion, BulkResult
from certcore.bulk.columns import Columns
from certcore.verify import Verifier

__all__ = ["RESULT_SCHEMA", "verify_batch"]

RESULT_SCHEMA: Any
"""The columns of a result; those of `Columns.keep` stand before them."""

_EXPECTED: Final = ("registration_number", "country", "plate_type", "vin")


def __getattr__(name: str) -> Any:  # noqa: ANN401  pyarrow ships no types
    if name != "RESULT_SCHEMA":
        msg = f"module {__name__!r} has no attribute {name!r}"
        raise AttributeError(msg)
    globals()[name] = _schema()
    return globals()[name]


def verify_batch(batch: Any, verifier: Verifier, /, *, columns: Columns) -> Any:  # noqa: ANN401  as above
    """The answer to each row of a batch: the columns to keep, and those of `RESULT_SCHEMA`, row for row.

    Args:
        batch: a ``pyarrow.RecordBatch``, or a ``Table``, which gives a table.
        verifier: who judges.
        columns: which column holds what. A null in a column of the vehicle is told as ``row-vehicle``, and so is an
            empty plate or VIN: a comparison that was meant is never left out in silence.

    Raises:
        KeyError: for a column that is not there.
        ValueError: for a column to keep that has the name of a result's.
    """
    _extras.require("arrow", "pyarrow")
    import pyarrow as pa  # noqa: PLC0415  an extra

    schema = _schema()
    if clashing := sorted(set(columns.keep) & set(schema.names)):
        raise ValueError(f"a result has columns of the same names: {', '.join(clashing)}")
    kept = [batch.column(name) for name in _there(batch, columns.keep)]
    results = verify_many(verifier, _questions(batch, columns))
    answers = list(zip(*map(_values, results), strict=True)) or [()] * len(schema)
    arrays = [pa.array(values, field.type) for values, field in zip(answers, schema, strict=True)]
    fields = [batch.schema.field(name) for name in columns.keep]
    return type(batch).from_arrays([*kept, *arrays], schema=pa.schema([*fields, *schema]))


def _schema() -> Any:  # noqa: ANN401  as above
    _extras.require("arrow", "pyarrow")
    import pyarrow as pa  # noqa: PLC0415  as above

    return pa.schema(
        [
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
    )


def _there(batch: Any, names: tuple[str, ...]) -> tuple[str, ...]:  # noqa: ANN401  as above
    for name in names:
        if name not in batch.schema.names:
            raise KeyError(name)
    return names


def _questions(batch: Any, columns: Columns) -> Iterator[BulkQuestion]:  # noqa: ANN401  as above
    """A question for each row, in order."""
    expected = {member: name for member in _EXPECTED if (name := getattr(columns, member)) is not None}
    names = _there(batch, (columns.text, columns.as_of, *expected.values()))
    cells = zip(*(_cells(batch.column(name)) for name in names), strict=True)
    for row, (text, as_of, *vehicle) in enumerate(cells):
        expect = _vehicle(dict(zip(expected, vehicle, strict=True)))
        yield BulkQuestion(row=row, text=text, as_of=_moment(as_of), expect=expect)


def _cells(column: Any) -> Iterator[object]:  # noqa: ANN401  as above
    """A column's values, each made when its turn comes; one that Python cannot hold is none."""
    for scalar in column:
        try:
            yield scalar.as_py()
        except (ValueError, OverflowError, TypeError):  # text that is not UTF-8, a year 20 000, nanoseconds
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
