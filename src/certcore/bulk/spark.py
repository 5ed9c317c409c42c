"""Spark: `verify_dataframe` judges each row of a DataFrame on the workers, with ``mapInArrow``.

The verifier travels as bytes: the trust list, the policy, the group keys, and a snapshot, or how a register is asked.
Each partition makes a verifier of its own from them. So a list is opened, or fetched, once for each partition, and
never for each row. The workers need certcore with its ``spark`` extra, in the version that the driver has.
"""

from __future__ import annotations

import pickle
from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import Any

import attrs

import certcore
from certcore import _extras
from certcore._instants import utc
from certcore.bulk import arrow
from certcore.bulk._kernel import require_verifier
from certcore.bulk.columns import Columns
from certcore.verify import Verifier

__all__ = ["verify_dataframe"]


def verify_dataframe(
    df: Any,  # noqa: ANN401  a DataFrame of Spark's, classic or of Spark Connect
    verifier: Verifier,
    /,
    *,
    columns: Columns,
    evaluated_at: datetime | None = None,
) -> Any:  # noqa: ANN401  likewise
    """The answer to each row: the columns to keep, and those of `certcore.bulk.arrow.RESULT_SCHEMA`.

    Nothing is judged before Spark needs the rows, and Spark may judge a partition twice. Which row an answer is to, say
    columns to keep: Spark promises no order.

    Args:
        df: a DataFrame.
        verifier: who judges; must pickle: so must its backends and its clock. Its clock is read on the workers.
        columns: which column holds what.
        evaluated_at: a moment that stands for every worker's clock, so that a row that is judged twice has one answer.
            Status that is fetched later than this does not count: give it only with a snapshot.

    Raises:
        TypeError: for a verifier that does not pickle, or is none.
        KeyError: for a column that is not there, or there twice.
        ValueError: for a column to keep that has the name of a result's, or a naive moment.
    """
    _extras.require("spark", "pyspark", "pyarrow")
    require_verifier(verifier)
    parcel = _parcel(verifier if evaluated_at is None else attrs.evolve(verifier, clock=_Standing(evaluated_at)))
    version = certcore.__version__
    arrow.require_columns(df.columns, columns)
    names = list(dict.fromkeys((*columns.asked, *columns.keep)))
    chosen = df.select(*("`" + name.replace("`", "``") + "`" for name in names))

    def judge(batches: Iterable[Any]) -> Iterator[Any]:  # Spark sends a function's code along, and names what it calls
        return _judged((batch.rename_columns(names) for batch in batches), parcel, version, columns)

    numbered = chosen.toDF(*map(str, range(len(names))))  # mapInArrow takes a dot in a name for a field's
    return numbered.mapInArrow(judge, _schema(chosen.schema, columns))


@attrs.frozen
class _Standing:
    """A clock that stands, and pickles."""

    moment: datetime = attrs.field(converter=utc)

    def __call__(self) -> datetime:
        return self.moment


def _parcel(verifier: Verifier) -> bytes:
    """The verifier as bytes; what was defined in a notebook goes along, as it does with Spark's own functions."""
    from pyspark import cloudpickle  # noqa: PLC0415  an extra

    try:
        parcel: bytes = cloudpickle.dumps(verifier)
    except Exception as cause:  # whatever a backend or a clock of the caller's own raises
        raise TypeError("the verifier does not pickle, so it cannot travel to the workers") from cause
    return parcel


def _judged(batches: Iterable[Any], parcel: bytes, version: str, columns: Columns) -> Iterator[Any]:
    """The answers of one partition; this runs on a worker."""
    if version != certcore.__version__:
        raise RuntimeError(f"the workers have certcore {certcore.__version__}, and the driver {version}")
    verifier: Verifier = pickle.loads(parcel)  # noqa: S301  the driver's, which sends the code as well
    try:
        for batch in batches:
            yield arrow.verify_batch(batch, verifier, columns=columns)
    finally:
        backends: tuple[Any, ...] = (verifier.status, verifier.vehicles)
        for backend in backends:
            if hasattr(backend, "close"):
                backend.close()


def _schema(given: Any, columns: Columns) -> Any:  # noqa: ANN401  as above
    """The result's schema in Spark's types."""
    import pyarrow as pa  # noqa: PLC0415  an extra
    from pyspark.sql import types  # noqa: PLC0415  likewise

    kinds = {
        pa.string(): types.StringType(),
        pa.bool_(): types.BooleanType(),
        pa.list_(pa.string()): types.ArrayType(types.StringType()),
        pa.date32(): types.DateType(),
        pa.timestamp("us", tz="UTC"): types.TimestampType(),
    }
    fields = [types.StructField(field.name, kinds[field.type], field.nullable) for field in arrow.schema()]
    return types.StructType([*(given[name] for name in columns.keep), *fields])
