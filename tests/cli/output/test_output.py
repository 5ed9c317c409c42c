"""Formats of the command's answers: one renderer each, and the answers know nothing of them."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from certcore._cli import exit_codes
from certcore._cli.output import formats
from certcore._cli.output.formats import FORMATS, Answer, Format, Line, Output, Refusal
from certcore.errors import RejectedInputError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.cli.conftest import Command

REFUSAL = Refusal("a\x1b.png", RejectedInputError("image-unreadable", "a\x1b.png: it is broken"))


def test_an_answer_has_two_faces() -> None:
    """Members are as they are, lines are escaped."""
    assert {"code": "image-unreadable", "message": "a\x1b.png: it is broken"} == REFUSAL.members()["error"]
    assert [True, True] == [line.is_error for line in REFUSAL.lines("en")]
    assert "\x1b" not in "".join(line.text for line in REFUSAL.lines("en"))


def test_a_format_is_one_row(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """A further format sees every answer, and no answer has to know of it."""

    def names(answer: Answer, _: str) -> Iterator[Line]:
        yield Line(",".join(answer.members()))

    monkeypatch.setattr(formats, "FORMATS", {**FORMATS, "names": Format(names)})
    Output("names").tell(REFUSAL)
    assert ("input,error\n", "") == capsys.readouterr()


def test_an_error_is_told_in_the_language_that_was_asked_for(certcore: Command) -> None:
    """With `--lang zh` what to do about a file that is not there is said in Chinese, and its code in JSON."""
    trust = ("--trust", "trust.cbor", "--root", "root.pub.pem", "--as-of", "2026-10-20", "--lang", "zh")
    found = certcore("verify", "nothere.png", *trust, "--json")
    assert exit_codes.ERROR == found.exit_code
    assert "file-unreadable" == json.loads(found.stdout)["error"]["code"]
    assert "请" in found.stderr
