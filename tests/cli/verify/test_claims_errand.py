"""`certcore verify --claims`, over the kinds of table and of output: each row once, in its place, in all of them."""

from __future__ import annotations

import csv
import errno
import json
import os
import re
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result as Run

from certcore import Evidence, _files
from certcore._cli import exit_codes
from certcore._cli.verify import claims as _claims
from certcore.bulk import _report
from certcore.bulk._report import _pdf
from certcore.bulk._tables import Journal
from certcore.keys import PublicKey
from certcore.testing import TRUST_ROOT
from tests.cli.desk import Desk
from tests.cli.verify.test_claims import GOOD, TRUST, count, results, started, table

VIN = "LSVAA4181E2184211"
GOOD_ROW: dict[str, Any] = {
    "claim": "good",
    "picture": "valid.png",
    "date-of-loss": "2026-10-20",
    "plate": "闽C12345",
    "vin": VIN,
}
ROWS: list[tuple[dict[str, Any], str]] = [
    (GOOD_ROW, "degraded"),
    ({**GOOD_ROW, "claim": "twice"}, "degraded"),
    ({**GOOD_ROW, "claim": "twice", "plate": "闽C99999"}, "invalid"),
    ({**GOOD_ROW, "claim": "bad date", "date-of-loss": "2026-13-01"}, "row-moment"),
    ({**GOOD_ROW, "claim": "empty VIN", "vin": ""}, "row-vehicle"),
    ({**GOOD_ROW, "claim": "missing", "picture": "missing.png"}, "file-unreadable"),
    ({**GOOD_ROW, "claim": "unreadable", "picture": "cut.png"}, "undetermined"),
    (dict.fromkeys(GOOD_ROW, ""), "row-moment"),
    ({**GOOD_ROW, "claim": "two", "picture": "missing.png;forged.png;valid.png"}, "degraded"),
    ({**GOOD_ROW, "claim": "<img src=x>\u202e\U0001f600", "plate": "=1+1"}, "invalid"),
    ({**GOOD_ROW, "claim": "last"}, "degraded"),
]
"""Rows, and what becomes of each."""

Claims = Callable[..., Run]


@pytest.fixture
def claims(certcore: Callable[..., Run], monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> Claims:
    """Verifies a table that is there, without a register; in this process, which starts sooner than another.

    Paper takes seconds, and is made where a test is called after it.
    """
    if not {"paper", "pdf"} & set(re.split(r"\W|_", request.node.name)):
        monkeypatch.setattr(_pdf, "write", lambda *_: None)
    monkeypatch.setattr(_claims, "run_in_processes", lambda judge, tasks, **_: map(judge, tasks))

    def run(name: str, *options: str, out: str = "out") -> Run:
        arguments = ("--claims", name, "--pictures", ".", "--out", out, "--workers", "1", *TRUST, *options)
        return certcore("verify", *arguments, "--policy", "counterparty")

    return run


def write(kind: str) -> str:
    """The rows as a table of a kind; its name. What is empty is null where there is a null."""
    Path("cut.png").write_bytes(Path("valid.png").read_bytes()[:200])
    rows = [row for row, _ in ROWS]
    if kind == "csv":
        with Path("claims.csv").open("w", encoding="utf-8", newline="") as file:
            writer = csv.DictWriter(file, list(GOOD_ROW))
            writer.writeheader()
            writer.writerows(rows)
        return "claims.csv"
    nulled = [{name: cell or None for name, cell in row.items()} for row in rows]
    if kind == "jsonl":
        Path("claims.jsonl").write_text("".join(json.dumps(row) + "\n" for row in nulled), "utf-8")
        return "claims.jsonl"
    pa = pytest.importorskip("pyarrow")
    from pyarrow import parquet

    parquet.write_table(pa.Table.from_pylist(nulled), "claims.parquet")
    return "claims.parquet"


def kinds(records: list[dict[str, Any]]) -> list[str]:
    """What became of each."""
    return [one["codes"][0] if one["outcome"] == "error" else _report.kind_of(one) for one in records]


@pytest.mark.parametrize("lang", ["en", "zh"])
@pytest.mark.parametrize("kind", ["csv", "jsonl", "parquet"])
def test_each_row_is_told_once_in_its_place(kind: str, lang: str, claims: Claims) -> None:
    """In every table that comes of it, and in the page and on paper."""
    run = claims(write(kind), "--lang", lang)

    assert exit_codes.ERROR == run.exit_code, run.output
    expected = [found for _, found in ROWS]
    names = [row["claim"] for row, _ in ROWS]
    told = [json.loads(line) for line in Path("out/claims.jsonl").read_text("utf-8").splitlines()]
    assert list(zip(names, expected, strict=True)) == list(
        zip([one["claim"] for one in told], kinds(told), strict=True)
    )
    with Path("out/claims.csv").open(encoding="utf-8-sig", newline="") as file:
        listed = list(csv.DictReader(file))
    assert [(str(place), name) for place, name in enumerate(names, 1)] == [(one["row"], one["claim"]) for one in listed]
    assert [one["outcome"] for one in told] == [one["outcome"] for one in listed]
    assert [(8, 1), (9, 1), (9, 2), (9, 3), (10, 1)] == [(one["row"], one["part"]) for one in results()[7:12]]
    assert len(names) == Path("out/report.html").read_text("utf-8").count("<article ")
    if kind == "parquet":
        from pyarrow import parquet

        assert [one["row"] for one in listed] == parquet.read_table("out/claims.parquet").column("row").to_pylist()


def test_on_paper(claims: Claims) -> None:
    """The PDF has each claim, in both languages; a character that no font has is an escape."""
    pdfium = pytest.importorskip("pypdfium2")
    pytest.importorskip("fpdf")
    claims(write("csv"))

    pages = pdfium.PdfDocument("out/report.pdf")
    text = "".join(page.get_textpage().get_text_bounded() for page in pages)

    for row, _ in ROWS[:6]:
        assert row["claim"] in text
    assert "<img src=x>\\u202e" in text
    assert "闽C99999" in text


def test_markup_is_inert_in_every_field(claims: Claims) -> None:
    """Whatever a row holds, wherever it comes to stand: no element, no attribute and no address is its own."""
    evil = "'\"><script>alert(1)</script><img src=http://x onerror=1>&\u202e"
    row = dict.fromkeys(GOOD_ROW, evil)
    rows = [row, {**GOOD_ROW, "claim": evil}, {**GOOD_ROW, "picture": evil}, {**GOOD_ROW, "plate": evil}]
    rows += [{**GOOD_ROW, "date-of-loss": evil}, {**GOOD_ROW, evil: evil}]
    Path("claims.jsonl").write_text("".join(json.dumps(one) + "\n" for one in rows), "utf-8")

    claims("claims.jsonl")

    page = Path("out/report.html").read_text("utf-8")
    assert len(rows) == page.count("<article ")
    assert set() == {"script", "img"} & set(re.findall(r"<(\w+)", page))
    assert [] == re.findall(r"<[^>]*(?:onerror|http:)[^>]*>", page)
    assert "\u202e" not in page


# One verdict for a claim


def record(outcome: str, *, degraded: bool = False, issuer: str | None = "CN") -> dict[str, Any]:
    """A document that came to this."""
    return {"row": 1, "outcome": outcome, "degraded": degraded, "issuer": issuer}


BEST_FIRST = [
    record("valid"),
    record("valid", degraded=True),
    record("undetermined"),
    record("invalid"),
    record("undetermined", issuer=None),
    record("error", issuer=None),
]


@pytest.mark.parametrize("better", range(len(BEST_FIRST) - 1))
def test_which_document_decides(better: int) -> None:
    """The one that speaks best for the claim, wherever it stands among the others."""
    for worse in range(better + 1, len(BEST_FIRST)):
        for order in ([better, worse], [worse, better]):
            (claim,) = _report.claims([BEST_FIRST[place] for place in order])
            assert BEST_FIRST[better] is claim.deciding
            assert 2 == len(claim.records)


def test_all_documents_of_a_claim_are_told(claims: Claims) -> None:
    """The page has each with its own outcome, and says which decides."""
    Path("claims.csv").write_text(table(f"A,forged.png;{GOOD}"), "utf-8")

    run = claims("claims.csv", "--json")

    told = json.loads(run.stdout)
    assert (1, 2, {"degraded": 1}) == (told["claims"], told["documents"], told["outcomes"])
    page = Path("out/report.html").read_text("utf-8")
    assert "2 documents; “valid.png” decides." in page
    assert ["valid, status not known", "not valid", "valid, status not known"] == re.findall(
        r'class="tag"[^>]*>([^<]*)', page
    )


def test_a_page_of_a_document(claims: Claims) -> None:
    """The name of a file may have the number of its page behind it; a file of just that name goes before."""
    image = pytest.importorskip("PIL.Image")
    blank, code = image.new("L", (200, 200), 255), image.open("valid.png").convert("L")
    blank.save("scan.tiff", save_all=True, append_images=[code, blank])
    code.save("odd.png#page=7", "PNG")
    rows = [f"A,scan.tiff#page={place},{GOOD.partition(',')[2]}" for place in (1, 2, 4)]
    Path("claims.csv").write_text(table(*rows, f"B,odd.png#page=7,{GOOD.partition(',')[2]}"), "utf-8")

    claims("claims.csv")

    assert ["undetermined", "degraded", "undetermined", "degraded"] == kinds(results())


@pytest.mark.parametrize("where", ["option", "column"])
def test_proof_of_existence(where: str, claims: Claims) -> None:
    """Sealed evidence of before the theft lifts the doubt; what a run seals holds under its key."""
    desk = Desk()
    desk.trust()
    Path("claims.csv").write_text(table(f"A,{GOOD}"), "utf-8")
    claims("claims.csv", "--seal", "seal.key.pem", out="before")
    (sealed,) = Path("before/evidence").glob("*.vice")
    documents = {bytes.fromhex(one.name): one.read_bytes() for one in Path("before/evidence/documents").iterdir()}
    evidence = Evidence.from_bytes(sealed.read_bytes(), materials=documents)
    assert evidence.replay(TRUST_ROOT, seal_key=PublicKey.from_pem(Path("seal.pub.pem").read_bytes()))
    desk.trust(certificate_key={"compromised_since": desk.now + timedelta(days=1)})
    assert exit_codes.UNDETERMINED == claims("claims.csv", out="doubtful").exit_code

    key = ("--seal-key", "seal.pub.pem")
    if where == "option":
        run = claims("claims.csv", *key, "--existed-by", str(sealed))
    else:
        head, row = table(f"A,{GOOD}").splitlines()
        Path("claims.csv").write_text(f"{head},existed-by\n{row},{sealed}\n{row},lost.vice\n", "utf-8")
        run = claims("claims.csv", *key)

    assert ("degraded", *(["file-unreadable"] if where == "column" else [])) == tuple(kinds(results())), run.output


# Tables and disks that are not as they should be


def test_parquet_of_every_kind(claims: Claims) -> None:
    """Cells that Python cannot hold, or too long ones, cost their row alone; dates and lists are taken as they are."""
    pa = pytest.importorskip("pyarrow")
    from pyarrow import parquet

    days = pa.array([20_746, 20_746, -2_000_000_000, 20_746, None], pa.date32())
    pictures = [["valid.png"], ["valid.png", None], ["valid.png"], ["x" * 70_000], None]
    columns = {"claim": pa.array([1, 2, 3, 4, 5]), "picture": pictures, "date-of-loss": days}
    parquet.write_table(pa.table(columns), "claims.parquet")

    claims("claims.parquet")

    assert ["degraded", "degraded", "row-malformed", "file-too-large", "row-moment"] == kinds(results())


def test_parquet_that_is_damaged_within(claims: Claims) -> None:
    """The rows of the damaged part are bad ones, and the others have their answers."""
    pa = pytest.importorskip("pyarrow")
    from pyarrow import parquet

    rows = [{**GOOD_ROW, "claim": f"{place:060d}"} for place in range(30)]
    parquet.write_table(pa.Table.from_pylist(rows), "claims.parquet", row_group_size=10, compression="none")
    data = bytearray(Path("claims.parquet").read_bytes())
    hit = data.index(f"{12:060d}".encode())
    data[hit - 4 : hit] = b"\xff" * 4  # how long the text is
    Path("claims.parquet").write_bytes(data)

    claims("claims.parquet")

    found = kinds(results())
    assert 30 == len(found)
    assert ["degraded"] * 10 == found[:10]
    assert ["degraded"] * 10 == found[20:]


def test_a_disk_that_is_full_for_evidence_stops_the_run(claims: Claims, monkeypatch: pytest.MonkeyPatch) -> None:
    """One sentence; no row is told to be wrong for it, and the run goes on when there is room again."""
    rows = [f"{place},{GOOD}".replace("-10-20", f"-10-2{place}") for place in range(3)]
    Path("claims.csv").write_text(table(*rows), "utf-8")
    whole, room = _files.write_whole, Path("out/evidence")

    def full(path: Path, *arguments: Any, **options: Any) -> None:  # noqa: ANN401  of `write_whole`
        if path.parent == room and len(list(room.iterdir())) > 2:
            raise OSError(errno.ENOSPC, "No space left on device")
        whole(path, *arguments, **options)

    with monkeypatch.context() as patch:
        patch.setattr(_files, "write_whole", full)
        run = claims("claims.csv")
    assert exit_codes.ERROR == run.exit_code
    assert "No space left on device [file-unwritable]" in run.output
    assert not Path("out/results.csv").exists()

    assert exit_codes.DEGRADED == claims("claims.csv", "--resume").exit_code
    assert ["0", "1", "2"] == [one["claim"] for one in results()]


@pytest.mark.parametrize("name", ["report.html", "report.pdf", "claims.csv", "results.csv", "results.jsonl"])
def test_an_end_that_fails_leaves_nothing_half_written(
    name: str, claims: Claims, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whichever file the disk is full at; the run goes on from there."""
    if name == "report.pdf":
        pytest.importorskip("fpdf")
    Path("claims.csv").write_text(table(f"A,{GOOD}"), "utf-8")
    replace = Path.replace

    def full(path: Path, target: Path) -> Path:
        if path.name == f".{name}.part":
            raise OSError(errno.ENOSPC, "No space left on device")
        return replace(path, target)

    with monkeypatch.context() as patch:
        patch.setattr(Path, "replace", full)
        run = claims("claims.csv")
    assert "[file-unwritable]" in run.output
    assert [] == list(Path("out").glob("*.part")) + list(Path("out").glob(".*.part"))
    assert not Path("out", name).exists()

    assert exit_codes.DEGRADED == claims("claims.csv", "--resume").exit_code
    assert Path("out", name).exists()
    assert [] == list(Path("out").glob(".*"))


@pytest.mark.parametrize("other", [("--known-at", "2026-11-01T00:00Z"), ("--snapshot", "lists"), ("--lang", "zh")])
def test_a_run_goes_on_only_as_it_was_asked(
    other: tuple[str, ...], claims: Claims, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Answers to two questions are never mixed in one table; a run that is finished says so."""
    Desk()
    Path("claims.csv").write_text(table(f"A,{GOOD}"), "utf-8")
    with monkeypatch.context() as patch:
        patch.setattr(Journal, "finish", lambda *_: 1 // 0)
        with pytest.raises(AssertionError, match="ZeroDivisionError"):
            claims("claims.csv")

    assert "[claims-differ]" in claims("claims.csv", "--resume", *other).output
    assert exit_codes.DEGRADED == claims("claims.csv", "--resume").exit_code
    assert "the run is finished" in claims("claims.csv", "--resume").output


@pytest.mark.skipif(not Path("/proc").is_dir(), reason="there is no folder here that nobody may write")
def test_a_folder_that_nobody_may_write(claims: Claims) -> None:
    """One sentence, whoever asks."""
    Path("claims.csv").write_text(table(f"A,{GOOD}"), "utf-8")

    run = claims("claims.csv", out="/proc/out")

    assert exit_codes.ERROR == run.exit_code
    assert "[file-unwritable]" in run.output


def workers_of(process: subprocess.Popen[str]) -> Iterator[int]:
    """The processes that judge for it."""
    for path in Path("/proc").glob("[0-9]*/status"):
        try:
            if (
                f"\nPPid:\t{process.pid}\n" in path.read_text()
                and b"spawn_main" in (path.parent / "cmdline").read_bytes()
            ):
                yield int(path.parent.name)
        except OSError:
            continue


@pytest.mark.slow
@pytest.mark.skipif(not Path("/proc").is_dir(), reason="processes are found by /proc")
def test_a_killed_worker_costs_its_row_alone() -> None:
    """The row it had is told to be lost; all others have their answers, each once and in its place."""
    Path("claims.csv").write_text(table(*(f"C-{place},{GOOD}" for place in range(150))), "utf-8")
    process = started()
    until = time.monotonic() + 60
    while count() < 20 and process.poll() is None and time.monotonic() < until:
        time.sleep(0.01)
    killed = list(workers_of(process))[:1]
    for one in killed:
        os.kill(one, signal.SIGKILL)
    output, _ = process.communicate()

    found = kinds(results())
    assert 1 == len(killed), output
    assert [f"C-{place}" for place in range(150)] == [one["claim"] for one in results()]
    assert {"degraded"} <= set(found) <= {"degraded", "row-lost"}
    assert 1 >= found.count("row-lost")
