"""DuckDB, Polars and a pool of processes: row for row the plain loop's answers."""

from __future__ import annotations

import pickle
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from itertools import repeat
from multiprocessing import get_context
from typing import Any, Final

import pytest

import certcore
from certcore import Verifier
from certcore.bulk import Columns, spark
from tests import claim_rows
from tests.claim_rows import COLUMNS

pa = pytest.importorskip("pyarrow", reason="pyarrow is not installed: the arrow extra has it")

from certcore.bulk.arrow import schema, verify_batch  # noqa: E402  the extra must be there

ROWS: Final = 600
SCHEMA: Final = claim_rows.schema()


def duckdb_rows(table: Any, verifier: Verifier) -> Any:  # noqa: ANN401  pyarrow ships no types
    """Through a function of DuckDB's."""
    duckdb = pytest.importorskip("duckdb", reason="duckdb is not installed: the tests' dependency group has it")
    with duckdb.connect() as connection:
        shape = connection.from_arrow(schema().empty_table())
        asked = Columns(registration_number="plate", vin="vin")

        def judge(text: Any, as_of: Any, plate: Any, vin: Any) -> Any:  # noqa: ANN401  as above
            claims = pa.table({"text": text, "as_of": as_of, "plate": plate, "vin": vin})
            return verify_batch(claims, verifier, columns=asked).to_struct_array()

        connection.create_function(
            "judge",
            judge,
            ["VARCHAR", "DATE", "VARCHAR", "VARCHAR"],
            duckdb.struct_type(dict(zip(shape.columns, shape.types, strict=True))),
            type="arrow",
            null_handling="special",
        )
        connection.register("claims", table)
        query = "select claim, v.* from (select claim, judge(text, as_of, plate, vin) as v from claims)"
        return connection.sql(query).to_arrow_table()


def polars_rows(table: Any, verifier: Verifier) -> Any:  # noqa: ANN401  as above
    """Through a function of Polars'."""
    pl = pytest.importorskip("polars", reason="polars is not installed: the tests' dependency group has it")
    shape = pl.from_arrow(schema(table.schema, columns=COLUMNS).empty_table()).schema

    def judge(frame: Any) -> Any:  # noqa: ANN401  as above
        return pl.from_arrow(verify_batch(frame.to_arrow(), verifier, columns=COLUMNS))

    return pl.from_arrow(table).lazy().map_batches(judge, schema=shape).collect().to_arrow()


def pooled_rows(table: Any, verifier: Verifier) -> Any:  # noqa: ANN401  as above
    """Through two processes, a batch each."""
    judge = partial(verify_batch, columns=COLUMNS)
    with ProcessPoolExecutor(2, mp_context=get_context("spawn")) as pool:
        return pa.Table.from_batches(pool.map(judge, table.to_batches(max_chunksize=200), repeat(verifier)))


@pytest.mark.slow
@pytest.mark.parametrize("engine", [duckdb_rows, polars_rows, pooled_rows])
def test_rows_equal_the_plain_loop(engine: Callable[[Any, Verifier], Any]) -> None:
    """With nulls, foreign codes, dates of every kind and texts of 10 MB among them."""
    verifier = claim_rows.verifier()
    given = list(claim_rows.rows(ROWS))

    found = engine(pa.Table.from_pylist(given, schema=SCHEMA), verifier)

    assert ["claim", *schema().names] == found.column_names
    assert [row["claim"] for row in given] == found["claim"].to_pylist()
    assert [] == claim_rows.differing(verifier, iter(given), {row["claim"]: row for row in found.to_pylist()})


def test_workers_of_another_version_are_told() -> None:
    """Two versions might judge by two rules."""
    parcel = pickle.dumps(claim_rows.verifier())
    batches = pa.Table.from_pylist(list(claim_rows.rows(1)), schema=SCHEMA).to_batches()

    assert [1] == [found.num_rows for found in spark._judged(batches, parcel, certcore.__version__, COLUMNS)]
    with pytest.raises(RuntimeError, match=r"the driver 0\.0"):
        list(spark._judged(batches, parcel, "0.0", COLUMNS))
