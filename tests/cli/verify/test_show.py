"""``certcore show``: what a certificate says, plainly not verified."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from certcore import armor, qr
from certcore._cli import exit_codes
from certcore._cli.verify.show import NOT_VERIFIED

if TYPE_CHECKING:
    from tests.cli.conftest import Command


@pytest.mark.parametrize("what", ["valid.txt", "valid.png", "forged.txt", "text"])
def test_every_form_is_shown_and_marked(certcore: Command, what: str) -> None:
    """A text, a text file or a picture, good or forged: first and last line say that nothing was checked."""
    found = certcore("show", Path("valid.txt").read_text().strip() if what == "text" else what)
    lines = found.stdout.splitlines()
    assert (exit_codes.DONE, NOT_VERIFIED, NOT_VERIFIED) == (found.exit_code, lines[0], lines[-1])
    for words in (
        "闽C12345",
        "LSVAA4181E2184211",
        "2 small vehicle 小型汽车",
        "pass 合格",
        "list 12, entry 7",
        "ES256",
    ):
        assert words in found.stdout


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("VIC1:", "malformed"),
        ("VIC1:abc", "malformed"),
        ("VIC1:" + armor.base45_encode(b"\xd2\x84"), "malformed"),
        ("VIC1:" + "0" * 9000, "malformed"),
    ],
)
def test_what_is_no_certificate_is_an_error(certcore: Command, text: str, code: str) -> None:
    """Nothing is printed of what cannot be decoded whole."""
    found = certcore("show", text)
    assert (exit_codes.ERROR, "") == (found.exit_code, found.stdout)
    assert f"[{code}]" in found.stderr


def test_foreign_texts_and_pictures_are_errors(certcore: Command) -> None:
    """Another kind of code, a picture without one, an empty file, a pipe and a device each give a code."""
    Path("foreign.txt").write_text("https://example.org\n")
    Path("foreign.png").write_bytes(qr.to_png("HC1:ABC"))
    Path("empty.txt").write_text("")
    os.mkfifo("pipe")
    for what, code in (
        ("foreign.txt", "foreign-format"),
        ("foreign.png", "no-certificate"),
        ("empty.txt", "no-certificate"),
        ("issuer.key.pem", "image-format"),
        ("pipe", "file-unreadable"),
        ("/dev/zero", "file-unreadable"),
        ("missing.png", "file-unreadable"),
    ):
        found = certcore("show", what)
        assert (exit_codes.ERROR, "", True) == (found.exit_code, found.stdout, f"[{code}]" in found.stderr), what
