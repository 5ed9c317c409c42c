"""Claims judged through DuckDB, Polars, a pool of processes and Spark, beside the plain loop over the same rows.

Run it with ``python benchmarks/bench_engines.py --rows 1000000``. It measures the engines that are installed; Spark is
in the environment that ``make test-spark`` makes: ``.venv-spark/bin/python benchmarks/bench_engines.py``.

Rows come out of Parquet: mostly good certificates with a date each, and every kind of bad row among them. The plain
loop is `Verifier.verify` in one process; it is measured in parts, before and after each engine. Every engine's answers
are compared with the loop's, row for row, outside the timed part. Rates are by the wall clock, as two processes have to
be measured; starting Spark and making the rows are left out.
"""

from __future__ import annotations

import argparse
import os
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from importlib import import_module
from importlib.util import find_spec
from itertools import islice, repeat
from multiprocessing import get_context
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import attrs
import pyarrow as pa
from pyarrow import dataset, parquet

from certcore import Verifier
from certcore.bulk import Columns
from certcore.bulk.arrow import schema, verify_batch
from tests import claim_rows

ASKED: Final = ("text", "as_of", "plate", "vin")
COLUMNS: Final = Columns(registration_number="plate", vin="vin", keep=("claim",))
SCHEMA: Final = pa.schema([(name, pa.date32() if name == "as_of" else pa.string()) for name in ("claim", *ASKED)])
FILES: Final = 20
CORES: Final = 2

Engine = Callable[[Path, Path, Verifier], None]


@attrs.define
class PlainLoop:
    """The plain loop over all rows, a part at a time, and what it said."""

    verifier: Verifier
    rows: Iterator[dict[str, Any]]
    answers: list[int] = attrs.field(factory=list)
    seconds: float = 0.0

    def judge(self, count: int) -> None:
        """The next so many rows."""
        for _ in range(-(-count // 10_000)):
            part = list(islice(self.rows, min(count, 10_000)))
            count -= len(part)
            begun = time.perf_counter()
            found = [claim_rows.answer(self.verifier, row) for row in part]
            self.seconds += time.perf_counter() - begun
            self.answers += map(identity, found)

    @property
    def rate(self) -> float:
        """Rows a second."""
        return len(self.answers) / self.seconds


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


def through_processes(claims: Path, out: Path, verifier: Verifier) -> None:
    """Two processes."""
    judge = partial(verify_batch, columns=COLUMNS)
    with (
        ProcessPoolExecutor(CORES, mp_context=get_context("spawn")) as pool,
        parquet.ParquetWriter(out / "a.parquet", schema(SCHEMA, columns=COLUMNS)) as writer,
    ):
        for path in sorted(claims.iterdir()):
            for found in pool.map(judge, parquet.ParquetFile(path).iter_batches(5_000), repeat(verifier)):
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
    found: dict[str, Engine] = {"a pool of two processes": through_processes}
    if find_spec("duckdb"):
        found["DuckDB"] = through_duckdb
    if find_spec("polars"):
        found["Polars"] = through_polars
    if find_spec("pyspark") and not find_spec("pysail"):
        found[f"Spark local[{CORES}]"] = partial(through_spark, spark_session())
    return found


def write_rows(rows: Iterable[dict[str, Any]], count: int, folder: Path) -> None:
    """The rows as Parquet, in as many files."""
    given = iter(rows)
    for place in range(FILES):
        part = list(islice(given, -(-count // FILES)))
        parquet.write_table(pa.Table.from_pylist(part, schema=SCHEMA), folder / f"{place:02}.parquet")


def differing(out: Path, answers: list[int]) -> int:
    """How many rows have another answer than the loop's; each is there once."""
    seen = bytearray(len(answers))
    different = 0
    for batch in dataset.dataset(out, format="parquet").to_batches(columns=["claim", "outcome", "verdict_id", "codes"]):
        for row in batch.to_pylist():
            place = int(row["claim"].removeprefix("K-"))
            seen[place] += 1
            different += identity(row) != answers[place]
    assert {1} == set(seen), "no row is lost or doubled"
    return different


def report(count: int) -> list[str]:
    """The table, as lines of Markdown."""
    verifier, measured = claim_rows.verifier(), engines()
    loop = PlainLoop(verifier, claim_rows.rows(count))
    took = {}
    with TemporaryDirectory() as kept:
        claims = Path(kept, "claims")
        claims.mkdir()
        write_rows(claim_rows.rows(count), count, claims)
        for place, (name, judge) in enumerate(measured.items()):
            loop.judge(count // (len(measured) + 1))
            out = Path(kept, str(place))
            out.mkdir()
            begun = time.perf_counter()
            judge(claims, out, verifier)
            took[name] = time.perf_counter() - begun
        loop.judge(count - len(loop.answers))
        wrong = {name: differing(Path(kept, str(place)), loop.answers) for place, name in enumerate(measured)}
    assert set() == {name for name, rows in wrong.items() if rows}, wrong
    rows = [
        f"| {name} | {count / seconds:,.0f} | {count / seconds / loop.rate:.2f} |" for name, seconds in took.items()
    ]
    return [
        f"{count} rows, every answer equal to the plain loop's; load {os.getloadavg()[0]:.1f}",
        "| | rows a second | times the plain loop |",
        "|---|--:|--:|",
        f"| plain loop, one process | {loop.rate:,.0f} | 1 |",
        *rows,
    ]


def test_engines_beside_the_plain_loop() -> None:
    """Every answer is the loop's; the figures are printed, and no test fails because a machine is slow."""
    sys.stdout.write("\n".join(["", *report(10_000), ""]))


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="Measure the engines beside the plain loop.")
    parser.add_argument("--rows", type=int, default=200_000)
    sys.stdout.write("\n".join([*report(parser.parse_args().rows), ""]))
