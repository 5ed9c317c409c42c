"""`certcore verify --claims`: every row has its answer, in its place, whatever the table, pictures and disk do."""

from __future__ import annotations

import csv
import json
import os
import re
import resource
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result as Run

from certcore import Evidence
from certcore._cli.input import tables
from certcore.errors import RejectedInputError
from certcore.testing import TRUST_ROOT

HEADER = "claim,picture,date-of-loss,plate,vin"
GOOD = "valid.png,2026-10-20,闽C12345,LSVAA4181E2184211"
TRUST = ("--trust", "trust.cbor", "--root", "root.pub.pem")

GOOD_CLAIM = "good"

Claims = Callable[..., Run]


@pytest.fixture
def claims(certcore: Callable[..., Run]) -> Claims:
    """Writes a table and verifies it, without a register."""

    def run(table: str | bytes, *options: str, name: str = "claims.csv") -> Run:
        Path(name).write_bytes(table.encode() if isinstance(table, str) else table)
        arguments = ("--claims", name, "--pictures", ".", "--out", "out", "--workers", "1", *TRUST, *options)
        return certcore("verify", *arguments, "--policy", "counterparty")

    return run


def table(*lines: str) -> str:
    """A table with the usual header."""
    return "\n".join([HEADER, *lines]) + "\n"


def results() -> list[dict[str, Any]]:
    """The records that a run ended in."""
    return [json.loads(line) for line in Path("out/results.jsonl").read_text("utf-8").splitlines()]


def told() -> list[tuple[int, str, str]]:
    """Of each record the row, the claim, and its outcome or what is wrong."""
    return [
        (found["row"], found["claim"], found["codes"][0] if found["outcome"] == "error" else found["outcome"])
        for found in results()
    ]


def test_rows_are_answered(claims: Claims) -> None:
    """Tables, evidence and a report; the exit code speaks for the worst."""
    run = claims(table(f"C-1,{GOOD}", "C-2,forged.png,2026-10-20,闽C12345,LSVAA4181E2184211"))

    assert 1 == run.exit_code, run.output
    assert [(1, "C-1", "valid"), (2, "C-2", "invalid")] == told()
    with Path("out/results.csv").open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.DictReader(file))
    assert ["C-1", "C-2"] == [row["claim"] for row in rows]
    assert ["闽C12345", ""] == [row["certificate_plate"] for row in rows]
    assert not Path("out/.journal.jsonl").exists()
    assert not list(Path("out").rglob(".*"))


@pytest.mark.parametrize(("options", "file", "folder"), [((), 0o600, 0o700), (("--mode", "640"), 0o640, 0o750)])
def test_who_may_read(options: tuple[str, ...], file: int, folder: int, claims: Claims) -> None:
    """Only the owner, unless the caller says who else: all of it is about people."""
    claims(table(f"A,{GOOD}"), *options)

    modes = {(path.is_dir(), path.stat().st_mode & 0o777) for path in [Path("out"), *Path("out").rglob("*")]}
    assert {(True, folder), (False, file)} == modes


def test_the_command_in_the_report_works(certcore: Callable[..., Run], claims: Claims) -> None:
    """What the report tells an auditor to type comes to the verdicts again, where the report is."""
    claims(table(f"C-1,{GOOD}"))
    typed = re.search(r"certcore (evidence replay evidence --root) ROOT\.", Path("out/report.html").read_text("utf-8"))
    assert typed is not None
    root = str(Path("root.pub.pem").resolve())
    os.chdir("out")

    assert 4 == certcore(*typed[1].split(), root, "--environment", "test").exit_code


def test_what_is_wrong_is_told_in_chinese(claims: Claims) -> None:
    """The detail beside the words, too."""
    claims(
        table(
            "A,valid.png,2026/10/20,闽C12345,LSVAA4181E2184211", "B,valid.png,2026-10-20,,x", "C,,2026-10-20,a,123456"
        ),
        "--lang",
        "zh",
    )

    assert [] == [found["detail"] for found in results() if re.search(r"[a-z] [a-z]", found["detail"])]


def test_what_is_not_there_is_told_before_anything_is_begun(certcore: Callable[..., Run], claims: Claims) -> None:
    """A slip in a name, and a spreadsheet as it is; the folder of results stays free."""
    wrong = claims(table(f"A,{GOOD}"), "--pictures", "pitcures")
    assert (2, True) == (wrong.exit_code, "pitcures: there is no such folder" in wrong.stderr)
    for content in (b"PK\x03\x04\x14\0", b"\xd0\xcf\x11\xe0\xa1"):
        assert "it is a spreadsheet; save it as CSV" in claims(content, name="claims.xlsx").stderr
    none = certcore("verify", "--claims", "clams.csv", "--out", "out", *TRUST)
    assert (2, True) == (none.exit_code, "clams.csv: there is no such file" in none.stderr)
    assert not Path("out").exists()


def test_a_folder_in_use(claims: Claims) -> None:
    """There is no option that overwrites results, and none is spoken of."""
    claims(table(f"C-1,{GOOD}"))
    again = claims(table(f"C-1,{GOOD}"))

    assert (2, True) == (again.exit_code, "Give another name, or remove what is there" in again.stderr)


def test_evidence_replays(claims: Claims) -> None:
    """Each verdict's evidence is there without its documents, and these once for all."""
    claims(table(f"C-1,{GOOD}", f"C-2,{GOOD.replace('20,', '21,')}"))

    documents = {bytes.fromhex(path.name): path.read_bytes() for path in Path("out/evidence/documents").iterdir()}
    assert 1 == len(documents)
    for found in results():
        data = Path("out/evidence", found["evidence"]).read_bytes()
        evidence = Evidence.from_bytes(data, materials=documents)
        assert found["outcome"] == evidence.replay(TRUST_ROOT).outcome.value
        assert found["evidence_sha256"] == evidence.digest.hex()


BAD_ROWS = {
    "no date": ("C,valid.png,,闽C12345,LSVAA4181E2184211", "row-moment"),
    "month 13": ("C,valid.png,2026-13-01,闽C12345,LSVAA4181E2184211", "row-moment"),
    "no zone": ("C,valid.png,2026-10-20T10:00,闽C12345,LSVAA4181E2184211", "row-moment"),
    "long ago": ("C,valid.png,0001-01-01,闽C12345,LSVAA4181E2184211", "row-moment"),
    "empty VIN": ("C,valid.png,2026-10-20,闽C12345,", "row-vehicle"),
    "empty plate": ("C,valid.png,2026-10-20, ,LSVAA4181E2184211", "row-vehicle"),
    "odd VIN": ("C,valid.png,2026-10-20,闽C12345,1", "row-vehicle"),
    "nothing named": ("C,,2026-10-20,闽C12345,LSVAA4181E2184211", "row-malformed"),
    "missing picture": ("C,missing.png,2026-10-20,闽C12345,LSVAA4181E2184211", "file-unreadable"),
    "a folder": ("C,folder.png,2026-10-20,闽C12345,LSVAA4181E2184211", "file-unreadable"),
    "a pipe": ("C,pipe.png,2026-10-20,闽C12345,LSVAA4181E2184211", "file-unreadable"),
    "outside": ("C,../../../etc/passwd,2026-10-20,闽C12345,LSVAA4181E2184211", "file-unreadable"),
    "absolute": ("C,/etc/passwd,2026-10-20,闽C12345,LSVAA4181E2184211", "file-unreadable"),
    "null in the name": ("C,\x00.png,2026-10-20,闽C12345,LSVAA4181E2184211", "file-unreadable"),
    "no picture": ("C,empty.png,2026-10-20,闽C12345,LSVAA4181E2184211", "undetermined"),
    "cut short": ("C,cut.png,2026-10-20,闽C12345,LSVAA4181E2184211", "undetermined"),
    "open quote": ('C,"valid.png,2026-10-20,闽C12345,LSVAA4181E2184211', "row-malformed"),
    "quote within": ('C,va"lid.png,2026-10-20,闽C12345,LSVAA4181E2184211', "row-malformed"),
    "behind a quote": ('C,"valid.png"x,2026-10-20,闽C12345,LSVAA4181E2184211', "row-malformed"),
    "too few": ("C,valid.png", "row-malformed"),
    "too many": (f"C,{GOOD},more", "row-malformed"),
    "a million": ("C" + "," * 1_000_000, "file-too-large"),
    "10 MB": ("C" * 10_000_000, "file-too-large"),
}


def test_a_bad_row_costs_itself_alone(claims: Claims) -> None:
    """Each has its answer in its place; what is before and behind it has its own."""
    Path("folder.png").mkdir()
    os.mkfifo("pipe.png")
    Path("empty.png").touch()
    Path("cut.png").write_bytes(Path("valid.png").read_bytes()[:200])

    run = claims(table(*(line for row, _ in BAD_ROWS.values() for line in (row, f"{GOOD_CLAIM},{GOOD}"))))

    assert 2 == run.exit_code, run.output
    expected = [code for _, code in BAD_ROWS.values()]
    assert dict(zip(BAD_ROWS, expected, strict=True)) == dict(
        zip(BAD_ROWS, [one[2] for one in told()[::2]], strict=True)
    )
    assert [(2 * place, GOOD_CLAIM, "valid") for place in range(1, len(BAD_ROWS) + 1)] == told()[1::2]


def test_quotes_may_hold_lines_and_commas(claims: Claims) -> None:
    """A quoted cell over several lines is one cell; a quote that stays open takes no further row with it."""
    lines = [f'"A\n1, ""x""",{GOOD}', f'"B,{GOOD}', f"C,{GOOD}", f'"D,{GOOD}', f"E,{GOOD}"]

    claims(table(*lines))

    assert ["valid", "row-malformed", "valid", "row-malformed", "valid"] == [found for _, _, found in told()]
    assert ['A\n1, "x"', "", "C", "", "E"] == [claim for _, claim, _ in told()]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_encodings_with_a_mark(encoding: str, claims: Claims) -> None:
    """A byte order mark says which encoding it is; line ends are anybody's."""
    claims(table(f"案1,{GOOD}").replace("\n", "\r\n").encode(encoding))

    assert [(1, "案1", "valid")] == told()


def test_a_declared_encoding(claims: Claims) -> None:
    """Without a mark the caller says."""
    claims(table(f"案1,{GOOD}").encode("gb18030"), "--encoding", "gb18030")

    assert [(1, "案1", "valid")] == told()


def test_mixed_encodings(claims: Claims) -> None:
    """The row that is in another encoding is a bad one."""
    lines = table(f"A,{GOOD}").encode() + f"案,{GOOD}\n".encode("gb18030") + f"B,{GOOD}\n".encode()

    claims(lines)

    assert [(1, "A", "valid"), (2, "", "row-malformed"), (3, "B", "valid")] == told()


@pytest.mark.parametrize("cell", ["plate", "vin"])
@pytest.mark.parametrize("is_escaped", [False, True])
def test_a_vehicle_in_another_encoding(cell: str, claims: Claims, *, is_escaped: bool) -> None:
    """A plate whose bytes were lost is no other plate: the row is a bad one, and the certificate not invalid."""
    good = {"picture": "valid.png", "date-of-loss": "2026-10-20", "plate": "闽C12345", "vin": "LSVAA4181E2184211"}
    row = json.dumps({**good, cell: "\ufffd" + good[cell]}, ensure_ascii=is_escaped).encode()
    claims(row.replace("\ufffd".encode(), "闽".encode("gb18030")), name="claims.jsonl")

    assert [(1, "", "row-vehicle")] == told()


def test_a_text_that_is_none(claims: Claims) -> None:
    """Bytes of another encoding in a certificate's cell are no forged certificate; in a remark they cost nothing."""
    good = {"claim": "A", "text": Path("valid.txt").read_text("ascii").strip(), "date-of-loss": "2026-10-20"}
    lines = [
        json.dumps({**good, "remark": "?"}).encode().replace(b"?", "补".encode("gb18030")),
        json.dumps({**good, "text": "VIC1:?"}).encode().replace(b"?", b"\xff"),
        json.dumps({**good, "text": "VIC1:\udcff"}).encode(),
        json.dumps(good).encode(),
    ]

    claims(b"\n".join(lines), name="claims.jsonl")

    assert ["valid", "row-not-text", "row-not-text", "valid"] == [found for _, _, found in told()]


@pytest.mark.parametrize("delimiter", [";", "\t"])
def test_other_delimiters(delimiter: str, claims: Claims) -> None:
    """As spreadsheets of other countries write them."""
    claims(table(f"A,{GOOD}").replace(",", delimiter))

    assert [(1, "A", "valid")] == told()


@pytest.mark.parametrize(
    "content", ["", "\n", "," * 2000, "a,a,picture,date-of-loss\n", '"', "C" * 100_000, "PAR1 and no more"]
)
def test_tables_that_are_none(content: str, claims: Claims) -> None:
    """One sentence, and nothing is begun."""
    run = claims(content)

    assert 2 == run.exit_code
    assert "[claims-" in run.output or "[library-missing]" in run.output
    assert not Path("out").exists()


@pytest.mark.parametrize(
    ("header", "options"),
    [
        ("claim,picture,plate", ()),
        ("claim,date-of-loss", ()),
        (HEADER, ("--column", "vin=chassis")),
        (HEADER.replace("date-of-loss", "dol"), ()),
    ],
)
def test_missing_columns(header: str, options: tuple[str, ...], claims: Claims) -> None:
    """A column that is needed or named, and is not there, is told at once."""
    run = claims(f"{header}\n", *options)

    assert 2 == run.exit_code
    assert "[claims-column]" in run.output


def test_columns_are_found_and_chosen(claims: Claims) -> None:
    """By other names, by Chinese ones, and by what the caller says."""
    claims(f"报案号,照片,Day,Registration Number,VIN\nA,{GOOD}\n", "--column", "date-of-loss=Day")

    assert [(1, "A", "valid")] == told()


def test_one_date_for_all(claims: Claims) -> None:
    """A table without dates is asked about one."""
    claims("claim,picture\nA,valid.png\n", "--as-of", "2026-10-20")

    assert [(1, "A", "valid")] == told()


def test_several_documents_and_texts(claims: Claims) -> None:
    """Each document of a claim has its answer."""
    text = Path("valid.txt").read_text("ascii").strip()

    claims(f"claim,picture,text,date-of-loss\nA,valid.png; forged.png,{text},2026-10-20\n")

    found = [(one["row"], one["part"], one["document"], one["outcome"]) for one in results()]
    assert [(1, 1, "valid.png", "valid"), (1, 2, "forged.png", "invalid"), (1, 3, "", "valid")] == found


def test_two_rows_of_one_claim(claims: Claims) -> None:
    """Both are answered, and the second says so."""
    claims(table(f"A,{GOOD}", f"A,{GOOD}"))

    assert [[], ["repeated"]] == [found["remarks"] for found in results()]


def test_json_lines(claims: Claims) -> None:
    """A row an object; numbers, nulls and lists have no power over the others."""
    good: dict[str, Any] = {"claim": "A", "picture": ["valid.png"], "as_of": "2026-10-20", "vin": "LSVAA4181E2184211"}
    rows: list[Any] = [good, {**good, "vin": None}, {**good, "as_of": 7}, [], None, {}, {**good, "picture": [None, {}]}]
    lines = [
        *map(json.dumps, rows),
        "{",
        "[" * 10_000,
        json.dumps({**good, "text": 5, "picture": None}),
        json.dumps(good),
    ]

    claims("\n".join(lines), name="claims.jsonl")

    assert [
        "valid",
        "row-vehicle",
        "row-moment",
        "row-malformed",
        "row-malformed",
        "row-moment",
        "file-unreadable",
        "row-malformed",
        "row-malformed",
        "row-not-text",
        "valid",
    ] == [found for _, _, found in told()]


def test_parquet(claims: Claims) -> None:
    """In, with dates of its own, and out."""
    pa = pytest.importorskip("pyarrow")
    from pyarrow import parquet

    names = ["A", "B"]
    columns = {"claim": names, "picture": ["valid.png"] * 2, "date-of-loss": pa.array([20_746, None], pa.date32())}
    parquet.write_table(pa.table(columns), "in.parquet")

    claims(Path("in.parquet").read_bytes(), name="claims.parquet")

    assert [(1, "A", "valid"), (2, "B", "row-moment")] == told()
    assert names == parquet.read_table("out/results.parquet").column("claim").to_pylist()


# The folder, and what interrupts a run


def test_results_are_never_overwritten(claims: Claims) -> None:
    """A folder with results is left as it is."""
    claims(table(f"A,{GOOD}"))
    before = Path("out/results.csv").read_bytes()

    run = claims(table(f"B,{GOOD}"))

    assert 2 == run.exit_code
    assert "[file-exists]" in run.output
    assert before == Path("out/results.csv").read_bytes()


def test_a_folder_that_cannot_be_written(claims: Claims) -> None:
    """One sentence."""
    Path("out").touch()

    run = claims(table(f"A,{GOOD}"))

    assert 2 == run.exit_code
    assert "[file-unwritable]" in run.output


def started(*options: str, limit: int | None = None) -> subprocess.Popen[str]:
    """The command as a process of its own, which may write files of so many bytes at most: the disk is full, then."""

    def full() -> None:
        if limit is not None:
            resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))

    arguments = ("--claims", "claims.csv", "--pictures", ".", "--out", "out", "--workers", "2", *TRUST, *options)
    return subprocess.Popen(
        [sys.executable, "-m", "certcore.cli", "verify", *arguments, "--policy", "counterparty"],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
        preexec_fn=full,  # noqa: PLW1509  no other thread runs
        start_new_session=True,
    )


def count() -> int:
    """How many records the journal has."""
    journal = Path("out/.journal.jsonl")
    return max(journal.read_bytes().count(b"\n") - 1, 0) if journal.exists() else 0


@pytest.mark.slow
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGKILL])
def test_an_interrupted_run_goes_on(number: int) -> None:
    """No row is lost or doubled, no process is left, and what is there is as if nothing had happened."""
    Path("claims.csv").write_text(table(*(f"C-{place},{GOOD}" for place in range(300))), "utf-8")
    process = started()
    until = time.monotonic() + 300
    while count() < 20 and process.poll() is None and time.monotonic() < until:
        time.sleep(0.01)
    os.killpg(process.pid, number) if number == signal.SIGINT else process.kill()
    process.communicate()
    assert 20 <= count() < 300
    assert not Path("out/results.csv").exists()
    with Path("out/.journal.jsonl").open("a", encoding="utf-8") as file:
        file.write('{"half')

    again = started("--resume")
    output, _ = again.communicate()

    assert 4 == again.returncode, output
    assert [f"C-{place}" for place in range(300)] == [claim for _, claim, _ in told()]
    assert {"valid"} == {outcome for _, _, outcome in told()}
    until = time.monotonic() + 30
    while is_alive(process.pid) and time.monotonic() < until:
        time.sleep(0.05)
    assert not is_alive(process.pid)


def is_alive(group: int) -> bool:
    """Whether a process of this group is left."""
    try:
        os.killpg(group, 0)
    except ProcessLookupError:
        return False
    return True


@pytest.mark.slow
def test_a_full_disk() -> None:
    """One sentence, and the run goes on when there is room again."""
    Path("claims.csv").write_text(table(*(f"C-{place},{GOOD}" for place in range(30))), "utf-8")
    process = started(limit=60_000)
    output, _ = process.communicate()
    assert 2 == process.returncode
    assert "[file-unwritable]" in output

    again = started("--resume")
    output, _ = again.communicate()

    assert 4 == again.returncode, output
    assert [f"C-{place}" for place in range(30)] == [claim for _, claim, _ in told()]


def test_another_table_does_not_go_on(claims: Claims) -> None:
    """Rows of two tables are never mixed."""
    Path("out").mkdir()
    Path("out/.journal.jsonl").write_text("{}\n", "utf-8")

    run = claims(table(f"A,{GOOD}"), "--resume")

    assert 2 == run.exit_code
    assert "[claims-differ]" in run.output


@pytest.mark.parametrize(
    "options",
    [
        ("--claims", "claims.csv"),
        ("--claims", "claims.csv", "--out", "out", "valid.png"),
        ("--claims", "claims.csv", "--out", "out", "--plate", "闽C12345"),
        ("--claims", "claims.csv", "--out", "out", "--column", "colour=red"),
        ("--claims", "claims.csv", "--out", "out", "--column", "vin"),
        ("--claims", "claims.csv", "--out", "out", "--workers", "0"),
        ("valid.png", "--as-of", "2026-10-20", "--out", "out"),
        ("valid.png", "--as-of", "2026-10-20", "--resume"),
        ("valid.png",),
    ],
)
def test_usage(options: tuple[str, ...], certcore: Callable[..., Run]) -> None:
    """Options that do not go together are told as such."""
    Path("claims.csv").write_text(table(), "utf-8")

    run = certcore("verify", *TRUST, *options)

    assert 2 == run.exit_code
    assert "Usage:" in run.output
    assert not Path("out").exists()


def test_a_verifier_that_cannot_be_handed_on(claims: Claims, monkeypatch: pytest.MonkeyPatch) -> None:
    """A backend that holds connections is asked from one process, and the answers are the same."""
    monkeypatch.setattr("certcore._cli.verify.claims.pickle.dumps", lambda _: 1 // 0)

    claims(table(f"A,{GOOD}", f"B,missing.png,{GOOD.partition(',')[2]}"))

    assert [(1, "A", "valid"), (2, "B", "file-unreadable")] == told()


def test_pictures_are_read_as_the_caller_says(claims: Claims) -> None:
    """The options for reading count for every picture of the table."""
    claims(table(f"A,{GOOD}"), "--effort", "fast", "--deadline", "0.000001")

    assert ["image-timeout"] == results()[0]["codes"][:1]


# The report


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_the_report_stands_alone(lang: str, claims: Claims) -> None:
    """Nothing is loaded, nothing runs, all markup is the report's own; picture, outline and words are there."""
    evil = "<script>alert(1)</script>\u202e&"
    claims(table(f"{evil},{GOOD}", f"B,{evil}.png,2026-10-20,{evil}1,LSVAA4181E2184211"), "--lang", lang)

    page = Path("out/report.html").read_text("utf-8")

    assert "<script" not in page
    assert "\u202e" not in page
    assert [] == re.findall(r'(?:src|href)="(?!data:image/jpeg)', page)
    assert 1 == page.count("<polygon ")
    assert 2 == page.count("<article ")
    assert ("在出险日期" if lang == "zh" else "on the date of loss") in page
    assert "闽C12345" in page


def test_spreadsheets_compute_nothing(claims: Claims) -> None:
    """What an answer says is text, also where a spreadsheet would see a formula."""
    claims(table("A,=cmd.png,2026-10-20,闽C12345,LSVAA4181E2184211"))

    with Path("out/results.csv").open(encoding="utf-8-sig", newline="") as file:
        (row,) = csv.DictReader(file)
    assert "'=cmd.png" == row["document"]


def test_a_pipe_is_no_table() -> None:
    """Nobody waits for one."""
    os.mkfifo("claims.csv")

    with pytest.raises(RejectedInputError, match="not a file"):
        tables.open_table(Path("claims.csv"), "utf-8")
