"""Claims judged through DuckDB, Polars, a pool of processes and Spark, beside the plain loop over the same rows.

``--size 1000000`` says how many rows. It measures the engines that are installed; Spark is in the environment that
``make test-spark`` makes: ``.venv-spark/bin/python -m benchmarks engines``.

Rows come out of Parquet: mostly good certificates with a date each, and every kind of bad row among them. The plain
loop is `Verifier.verify` in one process. The rows are in parts, and each part goes through the loop and through every
engine in turn; an engine's figure is the median of its parts' ratios to the loop. Every engine's answers are compared
with the loop's, row for row, outside the timed part. Time is by the wall clock, as two processes have to be measured;
starting Spark and making the rows are left out.
"""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from importlib import import_module
from importlib.util import find_spec
from itertools import islice, repeat
from multiprocessing import get_context
from pathlib import Path
from typing import Any, Final

import pyarrow as pa
from pyarrow import dataset, parquet

from benchmarks._measure import Figure, Setting, grouped
from certcore import Verifier
from certcore.bulk import Columns
from certcore.bulk.arrow import schema, verify_batch
from tests import claim_rows
from tests.claim_rows import COLUMNS

ASKED: Final = ("text", "as_of", "plate", "vin")
SCHEMA: Final = claim_rows.schema()
PARTS: Final = 10
CORES: Final = 2

Engine = Callable[[Path, Path, Verifier], None]


def through_the_loop(rows: list[dict[str, Any]], verifier: Verifier) -> list[int]:
    """The plain loop's answers."""
    return [identity(claim_rows.answer(verifier, row)) for row in rows]


def identity(answer: dict[str, Any]) -> int:
    """What makes two answers one, in little memory; of a row that could not be asked about, only that."""
    return hash(answer["outcome"] and (answer["outcome"], answer["verdict_id"], *answer["codes"]))


def through_duckdb(claims: Path, out: Path, verifier: Verifier) -> None:
    """A function in SQL."""
    duckdb: Any = import_module("duckdb")  # measured where it is installed
    asked = Columns(registration_number="plate", vin="vin")

    def judge(text: Any, as_of: Any, plate: Any, vin: Any) -> Any:  # noqa: ANN401  pyarrow ships no types
        rows = pa.table({"text": text, "as_of": as_of, "plate": plate, "vin": vin})
        return verify_batch(rows, verifier, columns=asked).to_struct_array()

    with duckdb.connect() as connection:
        shape = connection.from_arrow(schema().empty_table())
        kinds = ["VARCHAR", "DATE", "VARCHAR", "VARCHAR"]
        answer = duckdb.struct_type(dict(zip(shape.columns, shape.types, strict=True)))
        connection.create_function("judge", judge, kinds, answer, type="arrow", null_handling="special")
        judged = f"select claim, judge({', '.join(ASKED)}) as v from '{claims}/*.parquet'"  # noqa: S608  our own
        connection.sql(f"select claim, v.* from ({judged})").write_parquet(str(out / "a.parquet"))  # noqa: S608  likewise


def through_polars(claims: Path, out: Path, verifier: Verifier) -> None:
    """A lazy frame's function."""
    pl: Any = import_module("polars")
    made = pl.from_arrow(schema(SCHEMA, columns=COLUMNS).empty_table())

    def judge(frame: Any) -> Any:  # noqa: ANN401  as above
        return pl.from_arrow(verify_batch(frame.to_arrow(), verifier, columns=COLUMNS))

    rows = pl.scan_parquet(claims / "*.parquet").map_batches(judge, schema=made.schema, streamable=True)
    rows.sink_parquet(out / "a.parquet")


def through_processes(pool: ProcessPoolExecutor, claims: Path, out: Path, verifier: Verifier) -> None:
    """Two processes, which are kept."""
    judge = partial(verify_batch, columns=COLUMNS)
    with parquet.ParquetWriter(out / "a.parquet", schema(SCHEMA, columns=COLUMNS)) as writer:
        batches = dataset.dataset(claims, format="parquet").to_batches(batch_size=5_000)
        for found in pool.map(judge, batches, repeat(verifier)):
            writer.write_batch(found)


def through_spark(session: Any, claims: Path, out: Path, verifier: Verifier) -> None:  # noqa: ANN401  as above
    """Two local workers."""
    from certcore.bulk.spark import verify_dataframe  # noqa: PLC0415  likewise

    rows = session.read.parquet(str(claims))
    verify_dataframe(rows, verifier, columns=COLUMNS).write.mode("overwrite").parquet(str(out))


def spark_session() -> Any:  # noqa: ANN401  as above
    """A session with two local workers."""
    from pyspark.sql import SparkSession  # noqa: PLC0415  likewise

    os.environ["PYSPARK_PYTHON"] = sys.executable
    builder = SparkSession.builder.master(f"local[{CORES}]").config("spark.ui.enabled", "false")
    return builder.config("spark.driver.memory", "3g").getOrCreate()


def engines() -> dict[str, Engine]:
    """Those that are installed."""
    pool = ProcessPoolExecutor(CORES, mp_context=get_context("spawn"))
    found: dict[str, Engine] = {"a pool of two processes": partial(through_processes, pool)}
    if find_spec("duckdb"):
        found["DuckDB"] = through_duckdb
    if find_spec("polars"):
        found["Polars"] = through_polars
    if find_spec("pyspark") and not find_spec("pysail"):
        found[f"Spark local[{CORES}]"] = partial(through_spark, spark_session())
    return found


def write_rows(rows: list[dict[str, Any]], folder: Path) -> None:
    """The rows as Parquet, in a file for each core."""
    folder.mkdir()
    for place in range(CORES):
        table = pa.Table.from_pylist(rows[place::CORES], schema=SCHEMA)
        parquet.write_table(table, folder / f"{place}.parquet")


def assert_equal(out: Path, rows: list[dict[str, Any]], answers: list[int]) -> None:
    """That every row has the loop's answer, once."""
    expected = {row["claim"]: answer for row, answer in zip(rows, answers, strict=True)}
    for batch in dataset.dataset(out, format="parquet").to_batches(columns=["claim", "outcome", "verdict_id", "codes"]):
        for row in batch.to_pylist():
            assert identity(row) == expected.pop(row["claim"]), "the answer is the loop's, and no row is doubled"
    assert not expected, "no row is lost"


def seconds(work: Callable[..., Any], *arguments: Any) -> tuple[float, Any]:  # noqa: ANN401  what the work takes and gives
    """How long it took, and what it gave."""
    begun = time.perf_counter()
    found = work(*arguments)
    return time.perf_counter() - begun, found


def measure(setting: Setting) -> Iterator[Figure]:
    """Part after part through the loop and every engine."""
    count = setting.size or setting.pick(200_000, 100)
    verifier, measured = claim_rows.verifier(), engines()
    given, rates = claim_rows.rows(count), list[float]()
    ratios: dict[str, list[float]] = {name: [] for name in measured}
    while rows := list(islice(given, -(-count // setting.pick(PARTS, 1)))):
        claims = setting.folder / f"claims-{len(rates)}"
        write_rows(rows, claims)
        plain, answers = seconds(through_the_loop, rows, verifier)
        rates.append(len(rows) / plain)
        for name, judge in measured.items():
            out = setting.folder / f"{name}-{len(rates)}"
            out.mkdir()
            ratios[name].append(plain / seconds(judge, claims, out, verifier)[0])
            assert_equal(out, rows, answers)
        setting.say(f"part {len(rates)}: {len(rows)} rows")
    table, column = "beside the plain loop", "times its rate"
    row = f"plain loop, one process, over {grouped(count)} rows"
    yield Figure(table=table, row=row, column="rows", unit="a second", rounds=rates)
    for name, found in ratios.items():
        yield Figure(table=table, row=name, column=column, rounds=found)
    for name, module in {"DuckDB": "duckdb", "Polars": "polars", f"Spark local[{CORES}]": "pyspark"}.items():
        if name not in measured:
            yield Figure(table=table, row=name, column=column, note=f"not measured: {module} is missing")
