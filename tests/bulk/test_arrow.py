"""`certcore.bulk.arrow`: row for row the plain loop's answers, with every kind of bad row among them."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime
from typing import Any, Final

import pytest

from certcore import AsyncVerifier, Expected, InspectionCertificate, Issuer, LocalSigner, Policy, StatusRef, Verifier
from certcore.bulk import Columns
from certcore.payload import Basis, Result
from certcore.status import MemoryStatusBackend
from certcore.testing import FixedClock, make_trust

pa = pytest.importorskip("pyarrow")

from certcore.bulk import arrow  # noqa: E402  the extra must be there

NOW: Final = datetime(2026, 11, 1, tzinfo=UTC)
ISSUED_AT: Final = datetime(2026, 9, 1, tzinfo=UTC)
DAY: Final = date(2026, 10, 20)
VIN: Final = "LSVAA4181E2184211"
SIGNER: Final = LocalSigner.generate()
REGISTER: Final = MemoryStatusBackend()
TRUST: Final = make_trust(SIGNER)
VERIFIER: Final = Verifier(trust=TRUST, status=REGISTER, policy=Policy.claims(), clock=FixedClock(NOW))
COLUMNS: Final = Columns(registration_number="plate", vin="vin", keep=("claim",))


def issued(place: int) -> str:
    """One certificate's text."""
    ref = StatusRef(list=1, index=place)
    REGISTER.register(ref, at=ISSUED_AT)
    certificate = InspectionCertificate(
        registration_number=f"闽C{place:05}",
        vin=VIN,
        valid_until=date(2027, 9, 30),
        basis=Basis.INSPECTED,
        result=Result.PASS,
        authority="闽C",
        status=ref,
        issued_at=ISSUED_AT,
    )
    return Issuer(signer=SIGNER, country="CN", clock=FixedClock(ISSUED_AT)).issue(certificate)


TEXTS: Final = [issued(place) for place in range(10)]
ROWS: Final[list[tuple[Any, Any, Any, Any]]] = [
    *((text, DAY, f"闽C{place:05}", VIN) for place, text in enumerate(TEXTS)),
    (TEXTS[0], DAY, "闽C99999", VIN),
    (None, DAY, "闽C00000", VIN),
    ("A" * 10_000_000, DAY, "闽C00000", VIN),
    ("https://example.org", DAY, "闽C00000", VIN),
    (TEXTS[0], None, "闽C00000", VIN),
    (TEXTS[0], date(1, 1, 1), "闽C00000", VIN),
    (TEXTS[0], DAY, None, VIN),
    (TEXTS[0], DAY, "闽C00000", ""),
    (TEXTS[1], DAY, "闽C00001", VIN),
]
BAD: Final = {11: "row-not-text", 14: "row-moment", 15: "row-moment", 16: "row-vehicle", 17: "row-vehicle"}


def batch(rows: list[tuple[Any, Any, Any, Any]], **types: Any) -> Any:  # noqa: ANN401  pyarrow ships no types
    """A batch of such rows."""
    kinds = {"text": pa.string(), "as_of": pa.date32(), "plate": pa.string(), "vin": pa.string(), **types}
    arrays = [pa.array([row[place] for row in rows], kind) for place, kind in enumerate(kinds.values())]
    claims = pa.array([f"K-{place}" for place in range(len(rows))])
    return pa.RecordBatch.from_arrays([*arrays, claims], names=[*kinds, "claim"])


def test_rows_equal_the_plain_loop() -> None:
    """Each row has the verdict of `Verifier.verify`, and a bad one its code."""
    found = arrow.verify_batch(batch(ROWS), VERIFIER, columns=COLUMNS)

    assert found.schema.names == ["claim", *arrow.RESULT_SCHEMA.names]
    assert [f"K-{place}" for place in range(len(ROWS))] == found.column("claim").to_pylist()
    for place, (row, answer) in enumerate(zip(ROWS, found.to_pylist(), strict=True)):
        if place in BAD:
            assert (None, [BAD[place]]) == (answer["outcome"], answer["codes"])
            continue
        text, as_of, plate, vin = row
        verdict = VERIFIER.verify(text, as_of=as_of, expect=Expected(registration_number=plate, vin=vin))
        assert (verdict.outcome.value, verdict.id) == (answer["outcome"], answer["verdict_id"])
        assert list(dict.fromkeys(reason.code for reason in verdict.reasons)) == answer["codes"]


@pytest.mark.parametrize(
    ("kind", "as_of"),
    [
        (pa.timestamp("us", tz="Asia/Shanghai"), datetime(2026, 10, 20, 3, tzinfo=UTC)),
        (pa.timestamp("ms", tz="UTC"), datetime(2026, 10, 20, 3, tzinfo=UTC)),
        (pa.string(), "2026-10-20"),
        (pa.string(), "2026-10-20T11:00:00+08:00"),
        (pa.date64(), DAY),
    ],
)
def test_kinds_of_dates(kind: Any, as_of: Any) -> None:  # noqa: ANN401  as above
    """Dates and instants in Arrow's types and as text."""
    rows = [(TEXTS[0], as_of, "闽C00000", VIN)]

    assert ["valid"] == arrow.verify_batch(batch(rows, as_of=kind), VERIFIER, columns=COLUMNS)["outcome"].to_pylist()


@pytest.mark.parametrize(
    ("kind", "as_of"),
    [
        (pa.timestamp("us"), datetime(2026, 10, 20, 3)),  # noqa: DTZ001  without a zone: the mistake under test
        (pa.string(), "2026-13-01"),
        (pa.string(), "yesterday"),
        (pa.int64(), 20_000),
        (pa.date32(), 10_000_000),
        (pa.null(), None),
    ],
)
def test_dates_that_are_none(kind: Any, as_of: Any) -> None:  # noqa: ANN401  as above
    """A code, and the others their answers."""
    rows = [(TEXTS[0], as_of, "闽C00000", VIN)]

    found = arrow.verify_batch(batch(rows, as_of=kind), VERIFIER, columns=COLUMNS)

    assert [["row-moment"]] == found["codes"].to_pylist()


@pytest.mark.parametrize(
    ("kind", "cell"), [(pa.binary(), b"VIC1:"), (pa.int32(), 1), (pa.list_(pa.string()), ["VIC1:"]), (pa.null(), None)]
)
def test_texts_of_other_types(kind: Any, cell: Any) -> None:  # noqa: ANN401  as above
    """What is no text is told as such."""
    found = arrow.verify_batch(batch([(cell, DAY, "闽C00000", VIN)], text=kind), VERIFIER, columns=COLUMNS)

    assert [["row-not-text"]] == found["codes"].to_pylist()


def test_text_that_is_not_utf_8() -> None:
    """Arrow may hold it; it costs its row."""
    texts = pa.Array.from_buffers(
        pa.string(),
        2,
        [
            None,
            pa.array([0, 2, 2 + len(TEXTS[0])], pa.int32()).buffers()[1],
            pa.py_buffer(b"\xff\xfe" + TEXTS[0].encode()),
        ],
    )
    rows = batch([("", DAY, "闽C00000", VIN)] * 2).set_column(0, "text", texts)

    assert [None, "valid"] == arrow.verify_batch(rows, VERIFIER, columns=COLUMNS)["outcome"].to_pylist()


def test_nothing_and_tables() -> None:
    """No rows give none, and a table gives a table; dictionaries and large texts are texts."""
    assert 0 == arrow.verify_batch(batch([]), VERIFIER, columns=COLUMNS).num_rows
    table = pa.Table.from_batches([batch(ROWS[:2], text=pa.large_string()), batch(ROWS[2:4], text=pa.large_string())])
    found = arrow.verify_batch(table, VERIFIER, columns=COLUMNS)
    assert isinstance(found, pa.Table)
    assert ["valid"] * 4 == found["outcome"].to_pylist()
    words = batch(ROWS[:2]).set_column(0, "text", pa.array(TEXTS[:2]).dictionary_encode())
    assert ["valid"] * 2 == arrow.verify_batch(words, VERIFIER, columns=COLUMNS)["outcome"].to_pylist()


@pytest.mark.parametrize("unit", ["s", "ms", "us", "ns"])
@pytest.mark.parametrize("zone", ["UTC", "Asia/Shanghai", "+08:00", "Mars/Phobos", ""])
def test_an_instant_is_one_in_every_unit_and_zone(unit: str, zone: str) -> None:
    """Arrow keeps it in UTC: a zone that is not known here changes nothing, and no nanosecond does."""
    at = datetime(2026, 10, 20, 3, tzinfo=UTC)
    scale = {"s": 1, "ms": 10**3, "us": 10**6, "ns": 10**9}[unit]
    odd = 123 if unit == "ns" else 0
    plain = pa.array([int(at.timestamp()) * scale + odd], pa.timestamp(unit, zone or None))
    expected = VERIFIER.verify(TEXTS[0], as_of=at, expect=Expected(registration_number="闽C00000", vin=VIN))

    for column in (plain, plain.dictionary_encode()):
        given = batch([(TEXTS[0], None, "闽C00000", VIN)]).set_column(1, "as_of", column)
        (found,) = arrow.verify_batch(given, VERIFIER, columns=COLUMNS).to_pylist()
        if zone:
            assert (expected.outcome.value, expected.id) == (found["outcome"], found["verdict_id"])
        else:
            assert ["row-moment"] == found["codes"]


@pytest.mark.parametrize("unit", ["s", "ms", "us", "ns"])
def test_instants_that_no_calendar_has(unit: str) -> None:
    """The greatest and the least number: none wraps around to another moment."""
    moments = pa.array([2**63 - 1, -(2**63) + 1], pa.timestamp(unit, "UTC"))
    rows = batch([(TEXTS[0], None, "闽C00000", VIN)] * 2).set_column(1, "as_of", moments)

    found = arrow.verify_batch(rows, VERIFIER, columns=COLUMNS)

    assert "valid" not in found["outcome"].to_pylist()


@pytest.mark.parametrize(
    "encoded",
    [
        lambda texts: texts,
        lambda texts: texts.cast(pa.large_string()),
        lambda texts: texts.cast(pa.string_view()),
        lambda texts: texts.dictionary_encode(),
        lambda texts: pa.DictionaryArray.from_arrays(pa.array([0, 1, None]), texts.cast(pa.large_string())),
        lambda texts: pa.RunEndEncodedArray.from_arrays(pa.array([1, 2, 3], pa.int32()), texts),
        lambda texts: pa.concat_arrays([texts[:1], texts, texts[2:]])[1:4],
    ],
)
def test_however_texts_are_stored(encoded: Callable[[Any], Any]) -> None:
    """The three that follow are the same, with a null among them: in every layout, and in a slice."""
    texts = encoded(pa.array([TEXTS[0], TEXTS[1], None]))
    given = batch([(None, DAY, f"闽C{place:05}", VIN) for place in range(3)]).set_column(0, "text", texts)

    found = arrow.verify_batch(given, VERIFIER, columns=COLUMNS)

    assert ["valid", "valid", None] == found["outcome"].to_pylist()
    assert ["row-not-text"] == found["codes"][2].as_py()


def test_slices() -> None:
    """A part of a batch has that part's answers."""
    whole = arrow.verify_batch(batch(ROWS), VERIFIER, columns=COLUMNS)
    for begin, length in ((0, 3), (9, 8), (len(ROWS) - 1, 1), (5, 0)):
        part = arrow.verify_batch(batch(ROWS).slice(begin, length), VERIFIER, columns=COLUMNS)
        assert whole.slice(begin, length).to_pylist() == part.to_pylist()
        assert whole.schema == part.schema


@pytest.mark.parametrize(
    ("column", "kind", "cell", "code"),
    [
        ("plate", pa.int64(), 7, "row-vehicle"),
        ("plate", pa.binary(), b"7", "row-vehicle"),
        ("vin", pa.float64(), 1.5, "row-vehicle"),
        ("vin", pa.list_(pa.string()), [VIN], "row-vehicle"),
        ("plate", pa.null(), None, "row-vehicle"),
        ("vin", pa.null(), None, "row-vehicle"),
    ],
)
def test_vehicles_of_other_types(column: str, kind: Any, cell: Any, code: str) -> None:  # noqa: ANN401  as above
    """What is no plate or VIN is told as such."""
    given = batch([(TEXTS[0], DAY, "闽C00000", VIN)])
    given = given.set_column(given.schema.get_field_index(column), column, pa.array([cell], kind))

    assert [[code]] == arrow.verify_batch(given, VERIFIER, columns=COLUMNS)["codes"].to_pylist()


def test_country_and_plate_type() -> None:
    """They are compared where they are stated; a null states nothing; what is neither is told."""
    countries, kinds = ["CN", "CN", None, "DE", "C", "CN"], [2, None, 2, None, None, 1 << 40]
    given = batch([(TEXTS[0], DAY, "闽C00000", VIN)] * len(kinds))
    given = given.append_column("country", pa.array(countries)).append_column("kind", pa.array(kinds, pa.int64()))
    columns = Columns(registration_number="plate", vin="vin", country="country", plate_type="kind")

    found = arrow.verify_batch(given, VERIFIER, columns=columns).to_pylist()

    for row, country, kind in zip(found, countries, kinds, strict=True):
        try:
            expect = Expected(registration_number="闽C00000", vin=VIN, country=country, plate_type=kind)
        except ValueError:
            assert ["row-vehicle"] == row["codes"]
            continue
        assert VERIFIER.verify(TEXTS[0], as_of=DAY, expect=expect).id == row["verdict_id"]


def test_the_schema() -> None:
    """It is fixed, and known before any row: alone, or behind the columns to keep."""
    assert arrow.RESULT_SCHEMA == arrow.schema()
    given = batch(ROWS[:1]).append_column("extra", pa.array([{"a": 1}]))
    columns = Columns(registration_number="plate", vin="vin", keep=("extra", "claim"))
    assert arrow.schema(given.schema, columns=columns) == arrow.verify_batch(given, VERIFIER, columns=columns).schema
    empty = given.slice(0, 0)
    assert arrow.schema(given.schema, columns=columns) == arrow.verify_batch(empty, VERIFIER, columns=columns).schema
    for table in (pa.table(empty), pa.Table.from_batches([], schema=given.schema)):
        found = arrow.verify_batch(table, VERIFIER, columns=columns)
        assert (0, arrow.schema(given.schema, columns=columns)) == (found.num_rows, found.schema)


def test_columns_that_are_not_there() -> None:
    """Misuse is raised before a row is judged."""
    with pytest.raises(KeyError, match="dol"):
        arrow.verify_batch(batch(ROWS[:1]), VERIFIER, columns=Columns(as_of="dol"))
    with pytest.raises(KeyError, match="other"):
        arrow.verify_batch(batch(ROWS[:1]), VERIFIER, columns=Columns(keep=("other",)))
    clash = batch(ROWS[:1]).append_column("outcome", pa.array(["mine"]))
    with pytest.raises(ValueError, match="outcome"):
        arrow.verify_batch(clash, VERIFIER, columns=Columns(keep=("outcome",)))
    upper = batch(ROWS[:1]).append_column("Outcome", pa.array(["mine"]))
    with pytest.raises(ValueError, match="Outcome"):
        arrow.verify_batch(upper, VERIFIER, columns=Columns(keep=("Outcome",)))
    double = batch(ROWS[:1]).append_column("vin", pa.array([VIN]))
    with pytest.raises(KeyError, match="several"):
        arrow.verify_batch(double, VERIFIER, columns=COLUMNS)
    others: list[Any] = [None, {"text": []}, batch(ROWS[:1]).to_pydict(), pa.array(["a"])]
    for other in others:
        with pytest.raises(TypeError, match="RecordBatch"):
            arrow.verify_batch(other, VERIFIER, columns=COLUMNS)
    other_kind: Any = AsyncVerifier(trust=TRUST, status=None, policy=Policy.claims())
    with pytest.raises(TypeError, match="a Verifier, not AsyncVerifier"):
        arrow.verify_batch(batch([]), other_kind, columns=COLUMNS)
    with pytest.raises(TypeError, match="tuple"):
        Columns(keep="claim")
    with pytest.raises(ValueError, match="once"):
        Columns(keep=("claim", "claim"))
