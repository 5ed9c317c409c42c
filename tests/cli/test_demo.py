"""``certcore demo``: the same table every day, from pictures that are really read."""

from __future__ import annotations

import json
import os
import shutil
import stat
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

import certcore as certcore_package
from certcore import qr
from certcore._cli import demo, exit_codes

if TYPE_CHECKING:
    from tests.cli.conftest import Command

EXPECTED = [
    ("cn-valid", "2027-08-14T14:30:00+08:00", "valid", ["test-environment"]),
    ("cn-valid", "2027-09-30", "valid", ["test-environment"]),
    ("cn-valid", "2027-10-01", "invalid", ["expired-on-date", "test-environment"]),
    ("cn-valid", "2027-08-14T14:30:00+08:00", "invalid", ["plate-mismatch", "vin-mismatch", "test-environment"]),
    ("cn-revoked", "2027-05-20", "valid", ["test-environment", "revoked-after-event"]),
    ("cn-revoked", "2027-08-14T14:30:00+08:00", "invalid", ["revoked-before-event", "test-environment"]),
    ("cn-void", "2027-05-20", "invalid", ["void-from-start", "test-environment"]),
    ("cn-failed", "2026-10-20", "invalid", ["result-not-pass", "test-environment"]),
    ("cn-tampered", "2027-08-14T14:30:00+08:00", "invalid", ["signature-invalid"]),
    ("cn-unknown-key", "2027-08-14T14:30:00+08:00", "invalid", ["key-unknown"]),
    ("eu-valid", "2027-08-14T14:30:00+08:00", "valid", ["test-environment"]),
    ("no-code", "2027-08-14T14:30:00+08:00", "undetermined", ["no-certificate"]),
]


def rows(folder: str = "demo-out") -> list[tuple[Any, ...]]:
    """Picture, moment, outcome and reasons of every verdict in a folder."""
    return [
        (
            row["picture"].removesuffix(".png"),
            row["as_of"],
            row["verdict"]["outcome"],
            [reason["code"] for reason in row["verdict"]["reasons"]],
        )
        for row in json.loads(Path(folder, "verdicts.json").read_text())
    ]


def test_the_demonstration_gives_its_verdicts_twice(certcore: Command) -> None:
    """Run twice, the second run replaces the first one's folder, and both give the same table."""
    for _ in range(2):
        found = certcore("demo")
        assert exit_codes.DONE == found.exit_code, found.output
        assert EXPECTED == rows()
        assert "12 of 12 verdicts are as expected." in found.stdout
    assert ["demo-out"] == [path.name for path in Path().iterdir() if "demo" in path.name]


def test_the_demonstration_leaves_everything_to_try_again(certcore: Command) -> None:
    """Keys, trust list and codes are there, and the other commands take them."""
    certcore("demo", "--out", "here")
    here = Path("here")
    assert 0o600 == stat.S_IMODE((here / "keys" / "root.key.pem").stat().st_mode)
    assert {".txt", ".png", ".svg", ".json"} == {path.suffix for path in (here / "certificates").glob("eu-valid.*")}
    root = ("--root", here / "keys" / "root.pub.pem")
    trust = ("--trust", here / "trust.cbor", *root, "--environment", "test")
    assert (
        exit_codes.DEGRADED
        == certcore("verify", here / "certificates" / "cn-valid.png", "--as-of", "2026-10-20", *trust).exit_code
    )
    assert exit_codes.NOT_VALID == certcore("verify", here / "certificates", "--as-of", "2026-10-20", *trust).exit_code
    assert exit_codes.UNDETERMINED == certcore("scan", here / "certificates").exit_code
    assert exit_codes.DONE == certcore("trust", "show", here / "trust.cbor", *root).exit_code
    issue = ("issue", "--key", here / "keys" / "issuer-de.key.pem", "--profile", "eu")
    assert exit_codes.DONE == certcore(*issue, "--json-file", here / "certificates" / "eu-valid.json").exit_code


def test_the_table_fits_80_columns_and_loses_no_code(certcore: Command) -> None:
    """Every reason's code stands whole in the table, which is the same on paper and on the screen."""
    found = certcore("demo")
    table = Path("demo-out", "table.txt").read_text()
    for _, _, outcome, reasons in EXPECTED:
        for words in (outcome.upper(), *reasons):
            assert words in table
            assert words in found.stdout
    assert 80 >= max(map(len, table.splitlines()))
    assert "2027-11-15 10:00 in Shanghai" in table


def test_sizes_are_those_of_the_pictures(certcore: Command) -> None:
    """Bytes, QR version and pixels are printed, and the Chinese profile fits version 9-M, the European one 11-M."""
    found = certcore("demo").stdout
    text = Path("demo-out/certificates/cn-valid.txt").read_text().strip()
    assert "488 x 488" in found
    assert (9, 11) == (
        qr.size(text).version,
        qr.size(Path("demo-out/certificates/eu-valid.txt").read_text().strip()).version,
    )


def test_a_folder_of_somebody_else_is_kept(certcore: Command) -> None:
    """A folder with something in it, a file or a link is refused; an empty folder is used."""
    Path("mine").mkdir()
    Path("mine/precious").write_text("x")
    Path("file").write_text("x")
    Path("link").symlink_to("mine")
    for name in ("mine", "file", "link"):
        found = certcore("demo", "--out", name)
        assert (exit_codes.ERROR, True) == (found.exit_code, "[file-exists]" in found.stderr), name
    assert ["precious"] == [path.name for path in Path("mine").iterdir()]
    Path("empty").mkdir()
    assert exit_codes.DONE == certcore("demo", "--out", "empty").exit_code


def test_a_wrong_verdict_fails_the_demonstration(certcore: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    """Expecting something else than what is found exits with 1, and says what was expected."""
    wrong = [["wrong", "cn-valid", demo.scenario()["evaluated_at"], "cn-valid", "valid", []]]
    monkeypatch.setitem(demo.scenario(), "questions", wrong)
    found = certcore("demo")
    assert exit_codes.NOT_VALID == found.exit_code
    assert "NOT THIS BUT" in found.stdout
    assert "0 of 1 verdicts" in found.stdout


def test_a_failure_leaves_no_half_made_folder(certcore: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    """When something goes wrong underway the folder of an earlier run is still there, and nothing else."""
    certcore("demo")
    before = rows()

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(demo, "_write_answers", full)
    found = certcore("demo")
    assert (exit_codes.ERROR, before) == (found.exit_code, rows())
    assert [] == list(Path().glob(".demo-out*"))


def test_a_tampered_text_is_still_well_formed() -> None:
    """What was tampered with is Base45 and CBOR all the same: the signature alone gives it away."""
    cast = demo.assemble()
    from certcore import armor, cose, payload

    envelope = cose.read_certificate(armor.decode(cast.texts["cn-tampered"]))
    assert "闽C12348" == payload.decode(envelope.unverified_payload).registration_number
    assert len(cast.texts["cn-valid"]) == len(cast.texts["cn-tampered"])


def test_the_folder_cannot_be_made(certcore: Command) -> None:
    """A place where nothing can be written is an error with a code."""
    Path("file").write_text("x")
    found = certcore("demo", "--out", "file/demo")
    assert exit_codes.ERROR == found.exit_code


@pytest.mark.parametrize("folder", ["plain", "with space"])
@pytest.mark.parametrize("is_on_path", [True, False])
def test_the_last_words_can_be_pasted(
    certcore: Command, monkeypatch: pytest.MonkeyPatch, folder: str, *, is_on_path: bool
) -> None:
    """The command that is printed runs as it stands, where `certcore` is on the search path and where it is not."""
    monkeypatch.setenv("PATH", f"{Path(sys.executable).parent}:{os.environ['PATH']}" if is_on_path else "/usr/bin:/bin")
    printed = certcore("demo", "--out", folder).stdout
    command = printed[printed.index("Ask a question of your own:") :].partition("\n")[2]
    if is_on_path and shutil.which("certcore") is None:
        pytest.skip("the command is not installed beside the interpreter")
    source = str(Path(certcore_package.__file__).parents[1])
    pasted = ["/bin/sh", "-c", command]
    done = subprocess.run(pasted, capture_output=True, text=True, check=False, env={**os.environ, "PYTHONPATH": source})
    assert (exit_codes.DEGRADED, True) == (done.returncode, "VALID, STATUS NOT KNOWN" in done.stdout), done.stderr
