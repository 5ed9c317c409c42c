"""`certcore.bulk.arrow`: row for row the plain loop's answers, with every kind of bad row among them."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any, Final

import pytest

from certcore import Expected, InspectionCertificate, Issuer, LocalSigner, Policy, StatusRef, Verifier
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
VERIFIER: Final = Verifier(trust=make_trust(SIGNER), status=REGISTER, policy=Policy.claims(), clock=FixedClock(NOW))
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


def test_columns_that_are_not_there() -> None:
    """Misuse is raised before a row is judged."""
    with pytest.raises(KeyError, match="dol"):
        arrow.verify_batch(batch(ROWS[:1]), VERIFIER, columns=Columns(as_of="dol"))
    with pytest.raises(KeyError, match="other"):
        arrow.verify_batch(batch(ROWS[:1]), VERIFIER, columns=Columns(keep=("other",)))
    clash = batch(ROWS[:1]).append_column("outcome", pa.array(["mine"]))
    with pytest.raises(ValueError, match="outcome"):
        arrow.verify_batch(clash, VERIFIER, columns=Columns(keep=("outcome",)))
    with pytest.raises(TypeError, match="tuple"):
        Columns(keep="claim")
