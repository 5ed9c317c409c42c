"""``certcore verify``: verdicts, their exit codes, and every way to hand certificates in."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from certcore import qr
from certcore._cli import exit_codes
from certcore.keys import LocalSigner
from certcore.trust import read_unverified

if TYPE_CHECKING:
    from tests.cli.conftest import Command


def text(name: str = "valid") -> str:
    """The text in one of the world's files."""
    return Path(f"{name}.txt").read_text().strip()


@pytest.mark.parametrize("what", ["valid.txt", "valid.png", "text"])
def test_a_valid_certificate_whose_status_is_not_known_exits_with_4(ask: Command, what: str) -> None:
    """Text, text file or picture: the verdict comes first, then what the certificate states, to compare by eye."""
    found = ask(text() if what == "text" else what)
    lines = found.stdout.splitlines()
    assert (exit_codes.DEGRADED, True) == (found.exit_code, lines[0].startswith("VALID, STATUS NOT KNOWN"))
    assert "    registration number: 闽C12345" in lines
    assert "[status-not-checked]" in found.stdout


@pytest.mark.parametrize(
    ("options", "code", "reason"),
    [
        (("--as-of", "2027-09-30"), exit_codes.UNDETERMINED, "status-in-future"),
        (("--as-of", "2026-09-24"), exit_codes.NOT_VALID, "not-yet-valid-on-date"),
        (("--as-of", "2026-10-20T12:00+08:00"), exit_codes.DEGRADED, "status-not-checked"),
        (
            ("--plate", "闽C·12345", "--vin", "184211", "--country", "CN", "--plate-type", "2"),
            exit_codes.DEGRADED,
            "checked-offline",
        ),
        (("--plate", "闽C99999"), exit_codes.NOT_VALID, "plate-mismatch"),
        (("--plate", "闽C12345", "--vin", "000000"), exit_codes.NOT_VALID, "cloned-plate"),
        (("--country", "DE"), exit_codes.NOT_VALID, "country-mismatch"),
        (("--plate-type", "1"), exit_codes.NOT_VALID, "plate-type-mismatch"),
        (("--policy", "claims"), exit_codes.UNDETERMINED, "binding-not-given"),
        (("--policy", "roadside", "--plate", "闽C12345"), exit_codes.UNDETERMINED, "status-not-checked"),
        (("--known-at", "2026-09-01T00:00Z"), exit_codes.UNDETERMINED, "issued-in-future"),
    ],
)
def test_the_question_decides(ask: Command, options: tuple[str, ...], code: int, reason: str) -> None:
    """Moment, expected vehicle, policy and what was knowable each bear on the verdict."""
    found = ask("valid.txt", *options)
    assert (code, True) == (found.exit_code, f"[{reason}" in found.stdout), found.output


def test_nothing_of_a_forgery_is_shown(ask: Command) -> None:
    """A certificate of an unknown key is refused, and nothing it says is printed."""
    found = ask("forged.png")
    assert exit_codes.NOT_VALID == found.exit_code
    assert "[key-unknown" in found.stdout
    assert "闽C12345" not in found.output


def test_chinese_is_spoken_where_asked_for(ask: Command) -> None:
    """``--lang zh`` gives headline, reasons and labels in Chinese."""
    found = ask("valid.txt", "--lang", "zh")
    assert found.stdout.startswith("有效（状态未知）")
    assert "号牌号码: 闽C12345" in found.stdout


def test_the_worst_outcome_decides(ask: Command) -> None:
    """Not valid outweighs undetermined, which outweighs valid; an unreadable input outweighs all, and stops nothing."""
    Path("blank.txt").write_text("")
    assert exit_codes.UNDETERMINED == ask("valid.txt", "blank.txt").exit_code
    assert exit_codes.NOT_VALID == ask("valid.txt", "blank.txt", "forged.txt").exit_code
    found = ask("missing.txt", "valid.txt", "forged.txt")
    assert (exit_codes.ERROR, 2) == (found.exit_code, found.stdout.count("VALID"))
    assert "[file-unreadable]" in found.stderr


def test_json_is_one_document_a_line(ask: Command) -> None:
    """Each line is the verdict's own JSON with the input's name; errors are lines too; nothing in it is raw."""
    found = ask("valid.png", "forged.txt", "missing.txt", "--json")
    documents = [json.loads(line) for line in found.stdout.splitlines()]
    assert ["valid.png", "forged.txt", "missing.txt"] == [document["input"] for document in documents]
    assert ["valid", "invalid"] == [document["outcome"] for document in documents[:2]]
    assert "闽C12345" == documents[0]["certificate"]["registration_number"]
    assert "file-unreadable" == documents[2]["error"]["code"]
    assert found.stdout.isascii()


@pytest.mark.parametrize("arguments", [(), ("-",)], ids=["nothing", "dash"])
def test_standard_input_is_read_line_by_line(ask: Command, arguments: tuple[str, ...]) -> None:
    """Each line that is not empty is a certificate; a carriage return is dropped."""
    found = ask(*arguments, "--json", stdin=f"{text()}\r\n\n{text('forged')}\n{text()}")
    outcomes = [json.loads(line)["outcome"] for line in found.stdout.splitlines()]
    assert (exit_codes.NOT_VALID, ["valid", "invalid", "valid"]) == (found.exit_code, outcomes)


def test_standard_input_has_limits(ask: Command) -> None:
    """Nothing at all, an endless line and a mixture with files are errors; bytes that are no text are a verdict."""
    assert exit_codes.ERROR == ask(stdin="").exit_code
    assert exit_codes.ERROR == ask("-", "valid.txt", stdin="").exit_code
    found = ask(stdin=f"{text()}\n" + "x" * 70_000)
    assert (exit_codes.ERROR, True) == (found.exit_code, "[file-too-large]" in found.stderr)
    assert exit_codes.UNDETERMINED == ask(stdin=b"\xff\xfe\n").exit_code


def test_a_folder_and_a_list_of_texts_are_read_whole(ask: Command) -> None:
    """Every picture of a folder, and every line of a text file, gets its verdict."""
    Path("all.txt").write_text(f"{text()}\n{text('forged')}\n")
    names = [json.loads(line)["input"] for line in ask(".", "all.txt", "--json").stdout.splitlines()]
    assert ["forged.png", "valid.png", "all.txt, line 1", "all.txt, line 2"] == names


def test_foreign_and_hostile_inputs_get_verdicts(ask: Command) -> None:
    """Another kind of code, no code and a damaged picture are undetermined: nobody is accused."""
    Path("foreign.png").write_bytes(qr.to_png("HC1:\x1b[31m"))
    Path("cut.png").write_bytes(Path("valid.png").read_bytes()[:100])
    Path("noise.bin").write_bytes(bytes(range(256)))
    for name in ("foreign.png", "cut.png", "noise.bin"):
        assert exit_codes.UNDETERMINED == ask(name).exit_code, name


@pytest.mark.parametrize("name", ["/dev/zero", "pipe", "empty", "missing.png"])
def test_what_cannot_be_read_is_an_error(ask: Command, name: str) -> None:
    """A device, a pipe, a folder without pictures and a missing file exit with 2, at once."""
    os.mkfifo("pipe")
    Path("empty").mkdir()
    found = ask(name)
    assert (exit_codes.ERROR, True) == (found.exit_code, "[file-unreadable]" in found.stderr)


@pytest.mark.parametrize(
    "wrong",
    [
        ("--as-of", "2027-08-14T14:30"),
        ("--as-of", "yesterday"),
        ("--as-of", "9999-12-31"),
        ("--as-of", "0001-01-01T00:00+14:00"),
        ("--known-at", "2027-08-14"),
        ("--known-at", "9000-01-01T00:00Z"),
        ("--vin", "1234"),
        ("--plate", "·"),
        ("--country", "China"),
        ("--plate-type", "small"),
        ("--policy", "none"),
        ("--threshold", "2"),
        ("--lang", "de"),
        ("--root", "missing.pem"),
        ("--root", "valid.txt"),
        ("--trust", "valid.txt"),
        ("--trust", "."),
        ("--trust", "/dev/zero"),
        ("--root", "root.key.pem"),
    ],
    ids=" ".join,
)
def test_a_question_put_wrongly_exits_with_2(ask: Command, wrong: tuple[str, ...]) -> None:
    """Naive times, impossible vehicles, unreadable trust: told before any input is read."""
    found = ask("valid.txt", *wrong)
    assert (exit_codes.ERROR, "", True) == (found.exit_code, found.stdout, "certcore: " in found.stderr)


def test_a_moment_is_required(certcore: Command) -> None:
    """There is no default moment: "valid" means nothing without one."""
    found = certcore("verify", "valid.txt", "--trust", "trust.cbor", "--root", "root.pub.pem")
    assert (exit_codes.ERROR, True) == (found.exit_code, "--as-of" in found.stderr)


@pytest.mark.parametrize("word", ["now", "today"])
def test_words_stand_for_moments(ask: Command, word: str) -> None:
    """``now`` and ``today`` are asked about as of the machine's clock."""
    assert exit_codes.ERROR != ask("valid.txt", "--as-of", word).exit_code


def test_trust_comes_from_the_environment(certcore: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    """CERTCORE_TRUST and CERTCORE_ROOT stand for the options; without either the command asks whom you trust."""
    assert "whom do you trust?" in certcore("verify", "valid.txt", "--as-of", "2026-10-20").stderr
    monkeypatch.setenv("CERTCORE_TRUST", "trust.cbor")
    monkeypatch.setenv("CERTCORE_ROOT", os.pathsep.join(["stranger.pub.pem", "root.pub.pem"]))
    assert exit_codes.DEGRADED == certcore("verify", "valid.txt", "--as-of", "2026-10-20").exit_code


def test_a_test_list_is_used_only_where_that_is_said(certcore: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    """Under a root of one's own: by option or variable; for printing, too. The published root needs no word."""
    contents = read_unverified(Path("trust.cbor").read_bytes())
    Path("own.cbor").write_bytes(contents.sign(LocalSigner.from_file("stranger.key.pem")))
    trusting = ("--trust", "own.cbor", "--root", "stranger.pub.pem")
    asked = ("verify", "valid.txt", "--as-of", "2026-10-20", *trusting)
    printed = ("print", "valid.txt", "--to", "page.html", *trusting)
    for command in (asked, printed, (*asked, "--environment", "production")):
        found = certcore(*command)
        assert (exit_codes.ERROR, True) == (found.exit_code, "[trust-list-environment]" in found.stderr)
    assert exit_codes.DEGRADED == certcore(*asked, "--environment", "test").exit_code
    monkeypatch.setenv("CERTCORE_ENVIRONMENT", "test")
    assert exit_codes.DEGRADED == certcore(*asked).exit_code
    assert exit_codes.DONE == certcore(*printed).exit_code


def test_a_list_that_the_root_did_not_sign_verifies_nothing(ask: Command) -> None:
    """Under another root, or for a threshold that is not met, there are no verdicts."""
    Path("root.pub.pem").write_bytes(Path("stranger.pub.pem").read_bytes())
    found = ask("valid.txt")
    assert (exit_codes.ERROR, "", True) == (found.exit_code, found.stdout, "[trust-list-threshold]" in found.stderr)
