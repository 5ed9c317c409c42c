"""``certcore scan``: what is in pictures, whoever made it."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from certcore import qr
from certcore._cli import exit_codes

if TYPE_CHECKING:
    from tests.cli.conftest import Command

EVIL = "x\u202eevil\u200b\tend\\n"
WORSE = "x\x1b]0;owned\x07"


def test_a_picture_gives_its_text(certcore: Command) -> None:
    """The whole text is printed beside the name, with the decoder and the kind."""
    found = certcore("scan", "valid.png")
    text = Path("valid.txt").read_text().strip()
    assert (exit_codes.DONE, f"valid.png: zxing-cpp, text: {text}\n") == (found.exit_code, found.stdout)


def test_a_foreign_code_cannot_speak_to_the_terminal(certcore: Command) -> None:
    """Bidirectional and invisible characters of a code are escaped, and stay what they are in JSON."""
    Path("evil.png").write_bytes(qr.to_png(EVIL))
    assert "text: x\\u202eevil\\u200b\\tend\\\\n\n" in certcore("scan", "evil.png").stdout
    found = certcore("scan", "evil.png", "--json").stdout
    assert (True, EVIL) == (found.isascii(), json.loads(found)["symbols"][0]["text"])
    Path("worse.png").write_bytes(qr.to_png(WORSE))
    assert f"binary: bytes {WORSE.encode().hex()}\n" in certcore("scan", "worse.png").stdout


def test_a_file_name_cannot_speak_to_the_terminal(certcore: Command) -> None:
    """The name of a picture is escaped, in results and in errors."""
    name = "\x1b[31m\u202e.png"
    Path(name).write_bytes(Path("valid.png").read_bytes())
    assert certcore("scan", name).stdout.startswith("\\x1b[31m\\u202e.png: ")
    assert "\\x1b[31mno.png" in certcore("scan", "\x1b[31mno.png").output
    assert [name] == [json.loads(line)["input"] for line in certcore("scan", name, "--json").stdout.splitlines()]


def test_a_name_that_is_no_utf8_is_escaped(certcore: Command) -> None:
    """A file name of bytes that are no text is shown with escapes."""
    with open(b"bad\xff.png", "wb") as file:  # noqa: PTH123  a name of bytes
        file.write(Path("valid.png").read_bytes())
    assert "bad\\udcff.png: " in certcore("scan", ".").stdout


def test_a_folder_is_scanned_in_order(certcore: Command) -> None:
    """Every picture of a folder gives a line; one without a code makes the exit code 3."""
    found = certcore("scan", ".", "--json")
    assert exit_codes.DONE == found.exit_code
    assert ["forged.png", "valid.png"] == [json.loads(line)["input"] for line in found.stdout.splitlines()]


def test_a_picture_without_a_code_is_told(certcore: Command) -> None:
    """No code, a damaged picture and something that is no picture are all told, and give 3."""
    Path("cut.png").write_bytes(Path("valid.png").read_bytes()[:100])
    Path("text.png").write_text("no picture")
    for name, code in (("cut.png", "image-unreadable"), ("text.png", "image-format")):
        found = certcore("scan", "valid.png", name)
        assert (exit_codes.UNDETERMINED, True) == (
            found.exit_code,
            f"{name}: " in found.stdout and code in found.stdout,
        )
        (document,) = certcore("scan", name, "--json").stdout.splitlines()
        assert code == json.loads(document)["error"]["code"]


def test_a_name_is_said_once(certcore: Command) -> None:
    """A file that cannot be read is named where its line begins, and not again in the message."""
    assert 1 == certcore("scan", "missing.png").output.count("missing.png")


@pytest.mark.parametrize("name", ["missing.png", "/dev/zero", "pipe", "empty"])
def test_what_cannot_be_read_is_an_error(certcore: Command, name: str) -> None:
    """A missing file, a device, a pipe and a folder without pictures exit with 2, at once."""
    os.mkfifo("pipe")
    Path("empty").mkdir()
    found = certcore("scan", name)
    assert exit_codes.ERROR == found.exit_code
    assert "[file-unreadable]" in found.output


def test_a_missing_decoder_is_noted_once(certcore: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where one decoder is not there that is said once, on standard error."""
    from certcore.qr import Decoder

    there = Decoder(name="zxing-cpp", available=True, version="3", note="")
    gone = Decoder(name="pyzbar", available=False, version="", note="install libzbar0")
    monkeypatch.setattr(qr, "decoders", lambda: (there, gone))
    found = certcore("scan", "valid.png", "forged.png")
    assert "certcore: reading without pyzbar: install libzbar0\n" == found.stderr
