"""``certcore issue --vehicles``: a line for each row whatever happens to it, and nothing issued twice."""

from __future__ import annotations

import csv
import json
import re
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("click", reason="the cli extra is not installed")
pytest.importorskip("rich", reason="the cli extra is not installed")

from click.testing import CliRunner
from click.testing import Result as Run

from certcore import InspectionCertificate, Issuer, LocalSigner, qr
from certcore._cli import exit_codes
from certcore._cli.app import group
from certcore._cli.issue import issuing
from certcore._cli.keys.keygen import write_keys
from certcore.testing import ROOT_SIGNER, make_trust
from tests.cli.conftest import Command
from tests.printing.pages import chinese_font
from tests.register.cast import SIGNER
from tests.register.conftest import closed_registers  # noqa: F401  it closes the registers of each test
from tests.register.test_kill import ENVIRONMENT

TRUSTED = ("--trust", "trust.cbor", "--root", "root.pub.pem", "--environment", "test")
COMMON = ("--basis", "inspected", "--result", "pass", "--authority", "闽C")
ISSUE = ("issue", "--key", "issuer.key.pem", "--register", "register.db", "--vehicles", "vehicles.csv", *COMMON)
HEAD = "plate,plate-type,vin,valid-until,document-number\n"
ROWS = (
    "闽C20001,2,LSVAA4181E2184211,2099-10-31,A-1\n",
    "闽C20002,2,LSVAA4183E2184212,2099-10-31,A-2\n",
    "闽C20003,2,LSVAA4185E2184213,2099-10-31,A-3\n",
)


@pytest.fixture(autouse=True)
def world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A folder with keys, a trust list, an empty register and a table of three vehicles."""
    monkeypatch.chdir(tmp_path)
    for name in ("CERTCORE_REGISTER", "CERTCORE_TRUST", "CERTCORE_ROOT"):
        monkeypatch.delenv(name, raising=False)
    for name, signer in (("issuer", SIGNER), ("root", ROOT_SIGNER), ("other", LocalSigner.generate())):
        write_keys(signer, Path(name))
    Path("trust.cbor").write_bytes(make_trust(SIGNER).to_bytes())
    made = CliRunner().invoke(group, ["status", "init", "--db", "register.db", "--issuer", "CN", "--country", "CN"])
    assert exit_codes.DONE == made.exit_code
    write(*ROWS)


@pytest.fixture
def issue(certcore: Command) -> Command:
    """Issues for the table into ``out``, and fails on anything that is not foreseen."""

    def run(*arguments: str) -> Run:
        given = [*ISSUE, *arguments]
        return certcore(*given, *(() if "--out" in given else ("--out", "out")))

    return run


def write(*rows: str, head: str = HEAD, encoding: str = "utf-8") -> None:
    """Write the table."""
    Path("vehicles.csv").write_bytes((head + "".join(rows)).encode(encoding))


def answers(folder: str = "out") -> list[dict[str, Any]]:
    """What came of each row."""
    return [json.loads(line) for line in Path(folder, "issued.jsonl").read_text("utf-8").splitlines()]


def outcomes(folder: str = "out") -> list[str]:
    """The outcome of each row."""
    return [answer["outcome"] for answer in answers(folder)]


def listed() -> list[dict[str, Any]]:
    """What the register lists."""
    found = CliRunner().invoke(group, ["register", "list", "--db", "register.db", "--json"])
    assert exit_codes.DONE == found.exit_code
    return [json.loads(line) for line in found.stdout.splitlines()]


def test_every_row_is_issued_and_drawn(issue: Command) -> None:
    """A line for each row with its reference and text, the same as CSV, and the pictures and pages asked for."""
    found = issue("--each", "png", "--each", "html", *TRUSTED)
    assert (exit_codes.DONE, "3: issued 3, held already 0, refused 0\nout\n") == (found.exit_code, found.stdout)
    with Path("out", "issued.csv").open(encoding="utf-8-sig", newline="") as file:
        table = list(csv.DictReader(file))
    assert ["闽C20001", "闽C20002", "闽C20003"] == [row["plate"] for row in table]
    for row, answer in zip(table, answers(), strict=True):
        picture, page = answer["files"]
        assert [answer["text"]] == [symbol.text for symbol in qr.read(Path("out", picture))]
        assert (row["ref"], row["text"]) == (answer["ref"], answer["text"])
        assert "Issued by" in Path("out", page).read_text("utf-8")
    assert {answer["ref"] for answer in answers()} == {held["ref"] for held in listed()}


def test_all_are_printed_into_one_document(issue: Command) -> None:
    """A page for each certificate that is in force; a second run prints them again, and not what was revoked since."""
    pytest.importorskip("fpdf", reason="fpdf2 is not installed: the print extra has it")
    pytest.importorskip("pypdfium2", reason="pypdfium2 is not installed: the pdf extra has it")
    chinese_font()
    sheets = ("--sheets", "sheets.pdf", "--page", "A6", *TRUSTED)
    write(*ROWS, ROWS[0].replace("A-1", "A-9"))
    assert exit_codes.DONE == issue(*sheets).exit_code
    texts = {answer["text"] for answer in answers()[1:]}
    assert texts == {symbol.text for symbol in qr.read(Path("sheets.pdf"))}
    said = ("--ref", answers()[1]["ref"], "--from-start", "--actor", "clerk-7", "--reason", "entered in error")
    CliRunner().invoke(group, ["status", "revoke", "--db", "register.db", *said])
    assert exit_codes.ERROR == issue(*sheets).exit_code
    assert exit_codes.DONE == issue(*sheets, "--force").exit_code
    assert texts - {answers()[1]["text"]} == {symbol.text for symbol in qr.read(Path("sheets.pdf"))}
    assert exit_codes.ERROR == issue("--sheets", "sheets.html", *TRUSTED).exit_code


def test_a_row_costs_itself_alone(issue: Command) -> None:
    """A bad row has a code and a place, in its own line; the others are issued, and the pairing never shifts."""
    write(
        ROWS[0],
        "闽C20004,x,LSVAA4187E2184214,2099-10-31,B-1\n",
        '闽C20005,2,"LSVAA4189E2184215,2099-10-31,B-2\n',
        ROWS[1],
        "闽C20006,2,LSVAA4180E2184216,2099-02-30,B-3\n",
        ",2,LSVAA4182E2184217,2099-10-31,B-4\n",
        "闽C20007,2,LSVAA4184E2184218,2020-10-31,B-5\n",
        f"闽C20008,2,{'L' * 70_000},2099-10-31,B-6\n",
        ROWS[2],
    )
    found = issue()
    assert exit_codes.ERROR == found.exit_code
    told = {answer["row"]: (answer["outcome"], answer["code"]) for answer in answers()}
    bad = {2: "input-malformed", 3: "row-malformed", 5: "input-malformed", 6: "input-malformed", 8: "file-too-large"}
    assert told == {row: ("refused", bad[row]) if row in bad else ("issued", None) for row in range(1, 10)}
    assert ["the last day of validity is before the day of issue"] == answers()[6]["remarks"]
    assert "LSVAA" not in found.stderr
    assert [row["row"] for row in answers()] == list(range(1, 10))


def test_a_run_is_run_again_and_issues_nothing_twice(issue: Command) -> None:
    """Into the same folder or another: what was issued is given again, with its state; corrected rows are issued."""
    write(ROWS[0], "闽C20004,x,LSVAA4187E2184214,2099-10-31,B-1\n", ROWS[1])
    issue("--each", "svg")
    first = answers()
    write(ROWS[0], "闽C20004,2,LSVAA4187E2184214,2099-10-31,B-1\n", ROWS[1])
    again = issue("--each", "svg")
    assert exit_codes.DONE == again.exit_code
    assert ["held", "issued", "held"] == outcomes()
    assert [first[0]["ref"], first[2]["ref"]] == [answers()[0]["ref"], answers()[2]["ref"]]
    assert (first[0]["text"], "valid") == (answers()[0]["text"], answers()[0]["state"])
    issue("--out", "elsewhere")
    assert ["held"] * 3 == outcomes("elsewhere")
    assert 3 == len(listed())


def test_two_rows_for_one_vehicle(issue: Command) -> None:
    """The same twice is one certificate; what differs supersedes, and a second run changes nothing of it."""
    write(ROWS[0], ROWS[0], ROWS[0].replace("2099-10-31,A-1", "2099-11-30,A-9"))
    for expected in (["issued", "held", "issued"], ["held", "held", "held"]):
        issue()
        assert expected == outcomes()
        assert answers()[0]["ref"] == answers()[1]["ref"]
    assert "superseded" == answers()[0]["state"]
    assert ["superseded", "valid"] == sorted(held["state"] for held in listed())


def test_another_key_issues_anew(issue: Command) -> None:
    """After a key was stolen the same table is issued under the next one."""
    issue()
    found = issue("--key", "other.key.pem")
    assert (exit_codes.DONE, ["issued"] * 3) == (found.exit_code, outcomes())
    assert 3 == [held["state"] for held in listed()].count("superseded")


@pytest.mark.parametrize(
    ("encoding", "options"),
    [("utf-8-sig", ()), ("utf-16", ()), ("gb18030", ("--encoding", "gb18030"))],
)
def test_whatever_a_system_wrote_it_in(issue: Command, encoding: str, options: tuple[str, ...]) -> None:
    """A byte order mark speaks, and what is declared."""
    write(*ROWS, encoding=encoding)
    issue(*options)
    assert {"闽C20001", "闽C20002", "闽C20003"} == {held["registration_number"] for held in listed()}


@pytest.mark.parametrize(
    ("name", "table", "said"),
    [
        ("header.csv", "号牌号码,车辆识别代号,有效期止\n闽C20001,LSVAA4181E2184211,2099-10-31\n", "vehicles"),
        ("cells.csv", "plate,vin,valid-until\n闽C20001,LSVAA4181E2184211,2099-10-31\n", "row 1: line 2"),
        (
            "lines.jsonl",
            '{"plate": "闽C20001", "vin": "LSVAA4181E2184211", "valid_until": "2099-10-31"}\n',
            "row 1: registration_number",
        ),
        (
            "escapes.jsonl",
            r'{"plate": "\ufffdC20001", "vin": "LSVAA4181E2184211", "valid_until": "2099-10-31"}',
            "row 1: registration_number",
        ),
    ],
)
def test_an_encoding_that_nobody_named(issue: Command, name: str, table: str, said: str) -> None:
    """Nothing is signed that stands for lost bytes; the message says what is wrong with them."""
    path = Path(f"vehicles-{name}")
    path.write_bytes(table.encode("gb18030"))
    found = issue("--vehicles", str(path))
    assert exit_codes.ERROR == found.exit_code
    assert said in found.stderr, found.stderr
    assert "bytes that are no text in" in found.stderr, found.stderr
    assert [] == listed()


def test_rows_are_told_in_chinese(issue: Command) -> None:
    """Why one was refused, and what is probably a slip, in the language of everything else."""
    write(
        "闽C20001,2,LSVAA4181E2184211,2027/10/31,A-1\n",
        "闽C20002,small,LSVAA4183E2184212,2099-10-31,A-2\n",
        "闽C20003,2,LSVAA4185E218421,2020-10-31,A-3\n",
        "闽C20003,2\n",
    )
    told = [line for line in issue("--lang", "zh").stderr.splitlines() if line.startswith("certcore: 第")]
    assert 5 == len(told)
    assert [] == [line for line in told if re.search(r"[a-z] [a-z]", line)]


def test_chinese_columns_and_columns_that_are_passed_on(issue: Command) -> None:
    """Columns are called as options, members or fields are; one that states nothing is named, or the table refused."""
    head = "序号,号牌号码,号牌种类,车辆识别代号,有效期止\n"
    write("1,闽C20001,2,LSVAA4181E2184211,2099-10-31\n", head=head)
    refused = issue()
    assert (exit_codes.ERROR, True) == (refused.exit_code, "--keep 序号 [input-malformed]" in refused.stderr)
    assert exit_codes.DONE == issue("--keep", "序号").exit_code
    assert "1" == answers()[0]["cells"]["序号"]
    write("1,闽C20002,2,LSVAA4183E2184212,2099-10-31\n", head=head)
    assert exit_codes.DONE == issue("--column", "document-number=序号").exit_code
    assert ["issued"] == outcomes()


@pytest.mark.parametrize(
    "table",
    [
        b"",
        b"\xff\xfe",
        b"plate,plate\n1,2\n",
        b"plate,vin,nonsense\n1,2,3\n",
        b"plate,registration-number,vin\n1,2,3\n",
        b"plate,vin,status\n1,2,0/7\n",
        b"plate,vin,basis\n1,2,inspected\n",
        b'"plate\n' * 200,
        b"PAR1 but nothing more",
        ",".join(f"c{number}" for number in range(100_000)).encode() + b"\n",
    ],
    ids=["empty", "mark", "twice", "unknown", "field twice", "status", "option beside", "quote", "parquet", "wide"],
)
def test_a_table_that_cannot_be_used_is_one_sentence(issue: Command, table: bytes) -> None:
    """Nothing is issued, and no folder is left behind."""
    Path("vehicles.csv").write_bytes(table)
    found = issue()
    assert (exit_codes.ERROR, "") == (found.exit_code, found.stdout)
    assert 2 == found.stderr.count("\n")
    assert "vehicles.csv: " in found.stderr
    assert ([], False) == (listed(), Path("out").exists())


def test_json_lines(issue: Command) -> None:
    """Rows that name their own columns, and have types."""
    row = {"registration_number": "闽C20001", "plate_type": 2, "vin": "LSVAA4181E2184211", "valid_until": "2099-10-31"}
    lines = [
        json.dumps(row),
        "[]",
        json.dumps({**row, "nonsense": 1}),
        json.dumps({**row, "usage": None, "odometer_km": 5}),
    ]
    Path("vehicles.jsonl").write_text("\n".join(lines))
    issue("--vehicles", "vehicles.jsonl")
    assert ["issued", "refused", "refused", "issued"] == outcomes()


@pytest.mark.parametrize(
    "wrong",
    [
        ("--png", "a.png"),
        ("--json-file", "a.json"),
        ("--status", "0/7"),
        ("--column", "nonsense=vin"),
        ("--column", "vin"),
        ("--column", "vin=nonsense"),
        ("--keep", "nonsense"),
        ("--each", "html"),
        ("--profile", "nonsense"),
    ],
    ids=" ".join,
)
def test_options_that_do_not_go_together(issue: Command, wrong: tuple[str, ...]) -> None:
    """Nothing is issued."""
    assert exit_codes.ERROR == issue(*wrong).exit_code
    assert [] == listed()


def test_what_belongs_to_a_table_alone() -> None:
    """Without a table it is wrong usage, as is a table without a register."""
    alone = ("issue", "--key", "issuer.key.pem", "--plate", "闽C1", "--vin", "LSVAA4181E2184211", *COMMON)
    for given in (
        (*alone, "--out", "out"),
        (*alone, "--each", "png"),
        ("issue", "--key", "issuer.key.pem", "--vehicles", "vehicles.csv", "--out", "out"),
    ):
        assert exit_codes.ERROR == CliRunner().invoke(group, given).exit_code


def test_a_folder_in_other_use_is_left_alone(issue: Command) -> None:
    """Results go where results are, or where nothing is."""
    Path("out").mkdir()
    Path("out", "thesis.txt").write_text("years of work")
    found = issue()
    assert (exit_codes.ERROR, True, []) == (found.exit_code, "[file-exists]" in found.stderr, listed())
    assert exit_codes.ERROR == issue("--out", "vehicles.csv").exit_code
    assert exit_codes.DONE == issue("--force").exit_code


def test_pages_are_asked_for_only_under_a_trusted_key(issue: Command) -> None:
    """Before anything is issued that no page could be printed of."""
    found = issue("--key", "other.key.pem", "--each", "html", *TRUSTED)
    assert (exit_codes.ERROR, True, []) == (found.exit_code, "[key-unknown]" in found.stderr, listed())


def test_a_run_that_is_stopped_is_run_again(issue: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    """Ctrl-C between a certificate and its line: no results are named, and the next run has every row once."""
    issued = issuing.issue

    def stop(issuer: Issuer, certificate: InspectionCertificate, **said: Any) -> issuing.Issued:  # noqa: ANN401  as it is
        found = issued(issuer, certificate, **said)
        if certificate.document_number == "A-2":
            raise KeyboardInterrupt
        return found

    with monkeypatch.context() as patched:
        patched.setattr(issuing, "issue", stop)
        stopped = CliRunner().invoke(group, [*ISSUE, "--out", "out"])
    assert "nothing is issued twice" in stopped.stderr
    assert (2, False) == (len(listed()), Path("out", "issued.jsonl").exists())
    assert exit_codes.DONE == issue().exit_code
    assert (["held", "held", "issued"], 3) == (outcomes(), len(listed()))


@pytest.mark.slow
def test_a_run_that_is_killed_is_run_again(issue: Command) -> None:
    """Killed with -9 at some moments: in the end each row has one certificate, and the register no other."""
    rows = [f"闽C{30000 + number},2,CHASSIS-{number},2099-10-31,A-{number}\n" for number in range(60)]
    write(*rows)
    command = [sys.executable, "-m", "certcore.cli", *ISSUE, "--out", "out", "--each", "svg"]
    for wait in (0.02, 0.1):
        running = subprocess.Popen(command, env=ENVIRONMENT, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        deadline = time.monotonic() + 60
        while not list(Path().glob("out/*.svg")) and time.monotonic() < deadline:
            time.sleep(0.01)
        time.sleep(wait)
        running.send_signal(signal.SIGKILL)
        running.communicate()
        assert not Path("out", "issued.csv").exists() or 0 == running.returncode
    assert exit_codes.DONE == issue("--each", "svg").exit_code
    assert (60, 60) == (len(answers()), len({answer["ref"] for answer in answers()}))
    assert {answer["ref"] for answer in answers()} == {held["ref"] for held in listed()}
    assert 60 == len(list(Path().glob("out/*.svg")))
