"""`certcore.bulk.spark`: row for row the plain loop's answers, on Spark itself or on Sail, whichever is installed.

`make test-spark` runs this on PySpark with a Java runtime and 200 000 rows, `make test-sail` on Sail with fewer. Each
has a virtual environment of its own; where neither is installed the tests skip.
"""

from __future__ import annotations

import contextlib
import os
import re
import sys
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from importlib.util import find_spec
from pathlib import Path
from threading import Lock
from typing import Any, Final

import pytest

from certcore import Expected
from certcore.bulk import Columns
from certcore.status import HTTPStatusBackend
from certcore.status._documents import events_uri
from certcore.status.eventlist import STATUS_EVENTS_TYPE
from certcore.status.tokenlist import STATUS_LIST_TYPE
from tests import claim_rows
from tests.claim_rows import COLUMNS
from tests.status.fault_server import FaultServer, Reply
from tests.verify_cases import NOW, VIN

pytest.importorskip("pyspark", reason="pyspark is not installed: make test-spark and make test-sail have it")
pa = pytest.importorskip("pyarrow", reason="pyarrow is not installed: the arrow extra has it")

from certcore.bulk.arrow import RESULT_SCHEMA  # noqa: E402  the extra must be there
from certcore.bulk.spark import verify_dataframe  # noqa: E402  likewise

pytestmark = [pytest.mark.slow, pytest.mark.filterwarnings("ignore:::pyspark", "ignore::ResourceWarning")]

ROWS: Final = int(os.environ.get("CERTCORE_SPARK_ROWS", "2000"))
DAY: Final = date(2026, 8, 1)
SCHEMA: Final = claim_rows.schema()
FILES: Final = 4


@pytest.fixture(scope="module")
def session() -> Iterator[Any]:
    """A session with two workers of this interpreter, in a zone that is neither UTC nor the issuer's."""
    os.environ["PYSPARK_PYTHON"] = sys.executable
    with contextlib.ExitStack() as ended:
        from pyspark.sql import SparkSession

        if find_spec("pysail") is not None:
            from pysail.spark import SparkConnectServer

            server = SparkConnectServer("127.0.0.1", 0)
            server.start(background=True)
            ended.callback(server.stop)
            builder = SparkSession.builder.remote(f"sc://127.0.0.1:{server.listening_address[1]}")
        else:
            builder = SparkSession.builder.master("local[2]").config("spark.ui.enabled", "false")
            builder = builder.config("spark.driver.memory", "2g").config("spark.driver.bindAddress", "127.0.0.1")
        found = builder.getOrCreate()
        ended.callback(found.stop)
        found.conf.set("spark.sql.session.timeZone", "America/New_York")
        found.conf.set("spark.sql.execution.arrow.maxRecordsPerBatch", "1000")
        yield found


@pytest.fixture(scope="module")
def claims(session: Any, tmp_path_factory: pytest.TempPathFactory) -> Any:  # noqa: ANN401  pyspark is not typed here
    """A frame of all rows, out of Parquet, in a few partitions."""
    from pyarrow import parquet

    folder, given = tmp_path_factory.mktemp("claims"), claim_rows.rows(ROWS)
    for place in range(FILES):
        part = [row for _, row in zip(range(-(-ROWS // FILES)), given, strict=False)]
        parquet.write_table(pa.Table.from_pylist(part, schema=SCHEMA), folder / f"{place}.parquet")
    return session.read.parquet(str(folder)).repartition(FILES)


def by_claim(df: Any) -> dict[str, dict[str, Any]]:  # noqa: ANN401  as above
    """The rows, by their claims; instants in UTC again, which Spark's rows show in the zone of this machine."""
    collected = df.collect()
    found = {row["claim"]: row.asDict() for row in collected}
    assert len(found) == len(collected), "no row is doubled"
    for row in found.values():
        at = row["status_observed_at"]
        row["status_observed_at"] = None if at is None else at.astimezone(UTC)
    return found


def frame(session: Any, **expressions: str) -> Any:  # noqa: ANN401  as above
    """A frame of one row, some of whose cells are stated otherwise."""
    text = next(claim_rows.rows(9))["text"]
    usual = {"claim": "'K'", "text": f"'{text}'", "as_of": f"date'{DAY}'", "plate": f"'{claim_rows.plate(0)}'"}
    cells = usual | {"vin": f"'{VIN}'"} | expressions
    named = (f"{cell} as `{name.replace('`', '``')}`" for name, cell in cells.items())
    return session.sql(f"select {', '.join(named)}")


def test_rows_equal_the_plain_loop(claims: Any) -> None:  # noqa: ANN401  as above
    """With nulls, foreign codes, dates of every kind and texts of 10 MB among them."""
    verifier = claim_rows.verifier()

    found = by_claim(verify_dataframe(claims, verifier, columns=COLUMNS))

    assert ROWS == len(found)
    assert [] == claim_rows.differing(verifier, claim_rows.rows(ROWS), found)


def test_columns_and_types(session: Any) -> None:  # noqa: ANN401  as above
    """The columns to keep as they were, with odd names and types, and those of the result as they are documented."""
    given = frame(session, **{"a.b `c`": "named_struct('n', 1.5d)", "Plate 车牌": "array('x', null)"})
    columns = Columns(registration_number="plate", vin="vin", keep=("a.b `c`", "plate", "Plate 车牌"))

    found = verify_dataframe(given, claim_rows.verifier(), columns=columns)

    assert [*columns.keep, *RESULT_SCHEMA.names] == found.columns
    assert [given.schema[name].dataType for name in columns.keep] == [
        found.schema[name].dataType for name in columns.keep
    ]
    kinds = ["string", "boolean", "array<string>", "string", "string", "date", "string", "timestamp", "string"]
    assert kinds == [found.schema[name].dataType.simpleString() for name in RESULT_SCHEMA.names]
    (row,) = found.collect()
    assert ("valid", claim_rows.plate(0), ["x", None]) == (row["outcome"], row["plate"], row["Plate 车牌"])
    assert 1.5 == row["a.b `c`"]["n"]


@pytest.mark.parametrize(
    ("cell", "as_of"),
    [
        ("timestamp'2026-08-31 22:29:59'", datetime(2026, 9, 1, 2, 29, 59, tzinfo=UTC)),
        ("timestamp'2026-08-31 22:30:01'", datetime(2026, 9, 1, 2, 30, 1, tzinfo=UTC)),
        ("timestamp'2026-09-01 10:30:01+08:00'", datetime(2026, 9, 1, 2, 30, 1, tzinfo=UTC)),
        ("date'2026-09-01'", date(2026, 9, 1)),
        ("'2026-09-01'", date(2026, 9, 1)),
        ("'2026-09-01T10:00:00+08:00'", datetime(2026, 9, 1, 2, tzinfo=UTC)),
        ("timestamp_ntz'2026-08-01 10:00:00'", None),
        ("'2026-08-01T10:00:00'", None),
        ("cast(null as date)", None),
        ("null", None),
        ("20000", None),
        ("true", None),
    ],
)
def test_moments(session: Any, cell: str, as_of: date | None) -> None:  # noqa: ANN401  as above
    """A timestamp is an instant whatever the session's zone; one without a zone is none."""
    verifier = claim_rows.verifier()
    given = frame(
        session, as_of=cell, text=f"'{list(claim_rows.rows(8))[7]['text']}'", plate=f"'{claim_rows.plate(7)}'"
    )

    (found,) = verify_dataframe(given, verifier, columns=COLUMNS).collect()

    if as_of is None:
        assert (None, ["row-moment"]) == (found["outcome"], found["codes"])
        return
    expect = Expected(registration_number=claim_rows.plate(7), vin=VIN)
    verdict = verifier.verify(given.collect()[0]["text"], as_of=as_of, expect=expect)
    assert (verdict.outcome.value, verdict.id) == (found["outcome"], found["verdict_id"])


@pytest.mark.parametrize("cell", ["null", "cast('VIC1:' as binary)", "7", "array('VIC1:')", "1.5"])
def test_texts_of_other_types(session: Any, cell: str) -> None:  # noqa: ANN401  as above
    """What is no text is told as such."""
    (found,) = verify_dataframe(frame(session, text=cell), claim_rows.verifier(), columns=COLUMNS).collect()

    assert (None, ["row-not-text"]) == (found["outcome"], found["codes"])


def test_no_rows(session: Any) -> None:  # noqa: ANN401  as above
    """No rows give none."""
    assert [] == verify_dataframe(frame(session).where("false"), claim_rows.verifier(), columns=COLUMNS).collect()


def test_a_clock_for_all_workers(session: Any) -> None:  # noqa: ANN401  as above
    """A moment that is given stands for every clock: here the list would long have expired by the workers' own."""
    from certcore._clock import utc_now

    clocked = claim_rows.verifier(clock=utc_now)

    (found,) = verify_dataframe(frame(session), clocked, columns=COLUMNS, evaluated_at=NOW).collect()

    assert "valid" == found["outcome"]


def test_a_clock_of_a_notebook(session: Any) -> None:  # noqa: ANN401  as above
    """What no module holds travels as Spark's own functions do."""
    clocked = claim_rows.verifier(clock=lambda: NOW)

    (found,) = verify_dataframe(frame(session), clocked, columns=COLUMNS).collect()

    assert "valid" == found["outcome"]


def test_no_request_for_a_row(claims: Any) -> None:  # noqa: ANN401  as above
    """A register that is asked over HTTP gives its documents once for a partition."""
    pytest.importorskip("httpx2", reason="httpx2 is not installed: the http extra")
    path = "/lists/12"
    with contextlib.closing(FaultServer()) as server:
        token, events = claim_rows.documents(server.url)
        server.routes[path] = Reply(headers={"Content-Type": STATUS_LIST_TYPE}, body=token)
        server.routes[events_uri(path)] = Reply(headers={"Content-Type": STATUS_EVENTS_TYPE}, body=events)
        asking = claim_rows.verifier(base=server.url, status=HTTPStatusBackend(deadline=timedelta(seconds=60)))
        outcomes = verify_dataframe(claims, asking, columns=COLUMNS).groupBy("outcome").count().collect()
        assert ROWS == sum(row["count"] for row in outcomes)
        assert 0 < len(server.seen) <= 2 * FILES


def test_the_page(session: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:  # noqa: ANN401  as above
    """What the page says of Spark works with what the page begins with."""
    page = Path(__file__).parents[2] / "docs" / "verify-in-spark-duckdb-polars.md"
    blocks = re.findall(r"^```python[^\n]*\n(.*?)^```$", page.read_text("utf-8"), re.MULTILINE | re.DOTALL)
    (shown,) = (block for block in blocks if "verify_dataframe" in block)
    names: dict[str, Any] = {"spark": session}
    monkeypatch.chdir(tmp_path)

    for block in (blocks[0], blocks[1], shown.replace('"claims.parquet"', f'"{tmp_path}/claims.parquet"')):
        exec(block, names)  # noqa: S102  running the documentation's code is what this test is for

    found = {row["claim"]: row["outcome"] for row in names["judged"].collect()}
    assert {"K-1": "valid", "K-2": "invalid", "K-3": None, "K-4": "undetermined"} == found


class _Held:
    """A clock that does not pickle."""

    def __init__(self) -> None:
        self.lock = Lock()

    def __call__(self) -> datetime:
        return NOW


def test_misuse_is_raised_at_once(session: Any) -> None:  # noqa: ANN401  as above
    """Before Spark has begun anything."""
    given, verifier = frame(session, outcome="1"), claim_rows.verifier()
    for wrong, error in (
        (Columns(as_of="dol"), KeyError),
        (Columns(keep=("other",)), KeyError),
        (Columns(keep=("outcome",)), ValueError),
    ):
        with pytest.raises(error):
            verify_dataframe(given, verifier, columns=wrong)
    with pytest.raises(ValueError, match="time zone"):
        verify_dataframe(given, verifier, columns=COLUMNS, evaluated_at=NOW.replace(tzinfo=None))
    with pytest.raises(TypeError, match="pickle"):
        verify_dataframe(given, claim_rows.verifier(clock=_Held()), columns=COLUMNS)
    nobody: Any = None
    with pytest.raises(TypeError, match="a Verifier, not NoneType"):
        verify_dataframe(given, nobody, columns=COLUMNS)
    with pytest.raises(KeyError, match="several"):
        verify_dataframe(given.select("*", given["text"]), verifier, columns=COLUMNS)
