"""``certcore explain``, and that every message of the command that shows a code says how to know more."""

from __future__ import annotations

import io
import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from certcore._cli import exit_codes
from certcore._cli.output import errors
from certcore.errors import CertcoreError
from certcore.reasons import REASONS, explain
from certcore.reasons._meaning import LANGUAGES, cause_words, causes

if TYPE_CHECKING:
    from tests.cli.conftest import Command

ANCHORS = [*REASONS, *(f"cause-{cause}" for cause in causes())]
MORE = {"en": "More: certcore explain ", "zh": "详见：certcore explain "}


def words(anchor: str, lang: str) -> tuple[str, str, str]:
    """What is told of a code."""
    found = explain(anchor, lang=lang) if anchor in REASONS else cause_words(anchor.removeprefix("cause-"), lang=lang)
    return found.line, found.next_step, found.url


@pytest.mark.parametrize("lang", LANGUAGES)
def test_every_code_is_explained(certcore: Command, lang: str) -> None:
    """Its line, what to do, what kind of code it is, and its address; the same in JSON; causes as well."""
    told = certcore("explain", *ANCHORS, "--lang", lang)
    found = [json.loads(line) for line in certcore("explain", *ANCHORS, "--json").stdout.splitlines()]
    assert (exit_codes.DONE, ANCHORS) == (told.exit_code, [one["code"] for one in found])
    lines = told.stdout.splitlines()
    for one in found:
        line, next_step, url = words(one["code"], lang)
        at = lines.index(one["code"])
        assert [f"  {line}", f"  {next_step}"] == lines[at + 1 : at + 3]
        assert f"  {url}" in lines[at + 4 : at + 6]
        assert (line, next_step, url) == (one[lang]["line"], one[lang]["next_step"], one["url"])
    axes = {code: meaning.axis.value for code, meaning in REASONS.items() if meaning.axis is not None}
    assert axes == {one["code"]: one["axis"] for one in found if one["axis"] is not None}
    assert dict.fromkeys(axes, 1) == {one["code"]: 1 for one in found if one["effects"]}


def test_all_codes_in_a_line_each(certcore: Command) -> None:
    """Without a code, for whoever searches."""
    lines = certcore("explain").stdout.splitlines()
    assert [f"{code}: {explain(code).line}" for code in REASONS] == lines


@pytest.mark.parametrize(
    ("pasted", "found"),
    [
        ("malformed", "malformed"),
        ("[malformed]", "malformed"),
        ("[status-unavailable, cause timeout]", "cause-timeout"),
        ("[status-unavailable, cause moon, subject vehicle]", "status-unavailable"),
        ("code-unknown,", "code-unknown"),
        ("cause-http-5xx", "cause-http-5xx"),
    ],
)
def test_a_code_as_a_message_has_it(certcore: Command, pasted: str, found: str) -> None:
    """Brackets, commas and details may be pasted along."""
    assert found == json.loads(certcore("explain", pasted, "--json").stdout)["code"]


@pytest.mark.parametrize("wrong", ["malformd", "nonsense-all-over", "", "\x1b[2J", "cause-moon", "闽C12345"])
def test_what_is_no_code(certcore: Command, wrong: str) -> None:
    """Wrong usage, with the nearest code where one is near, and nothing for a terminal in it."""
    found = certcore("explain", "malformed", wrong)
    assert exit_codes.ERROR == found.exit_code
    assert ("did you mean malformed?" in found.stderr) == (wrong == "malformd")
    assert "\x1b" not in found.output


# --- the messages


class Screen(io.StringIO):
    """A terminal."""

    def isatty(self) -> bool:
        """It is one."""
        return True


@pytest.mark.parametrize("lang", LANGUAGES)
@pytest.mark.parametrize("advice", [None, "own-list"])
def test_every_error_on_a_terminal(monkeypatch: pytest.MonkeyPatch, lang: str, advice: str | None) -> None:
    """Its last line ends with what to type, for each code and whatever the advice; in a pipe it does not."""
    details: dict[str, Any] = {} if advice is None else {"advice": advice}
    for code in REASONS:
        error = CertcoreError(code, "It is so", **details)
        piped = list(errors.lines(error, lang))
        with monkeypatch.context() as patch:
            patch.setattr(sys, "stderr", Screen())
            shown = list(errors.lines(error, lang))
        assert shown[-1].endswith(f"{MORE[lang]}{code}")
        assert piped == [*shown[:-1], shown[-1].removesuffix(f"{MORE[lang]}{code}").rstrip(" ")]


def test_a_strangers_code_on_a_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing can be said of it, so nobody is sent to look it up."""
    monkeypatch.setattr(sys, "stderr", Screen())
    assert ["certcore: It is so [of-a-backend]"] == list(errors.lines(CertcoreError("of-a-backend", "It is so"), "en"))


ASK = ("--as-of", "2027-01-01", "--trust", "trust.cbor", "--root", "root.pub.pem", "--policy", "counterparty")
VERDICTS = {
    "valid": ("verify", "valid.png", *ASK),
    "forged": ("verify", "forged.txt", *ASK),
    "not one": ("verify", "VIC1:NONSENSE", *ASK),
    "a vehicle": ("vehicle", "--plate", "闽C12345", "--country", "CN", "--plate-type", "2", *ASK[:-2]),
}


@pytest.mark.parametrize("lang", LANGUAGES)
@pytest.mark.parametrize("name", VERDICTS)
def test_every_verdict(certcore: Command, name: str, lang: str) -> None:
    """Its last row has all of its codes, and what is typed explains each."""
    found = certcore(*VERDICTS[name], "--lang", lang)
    label, _, typed = found.stdout.splitlines()[-1].partition(": certcore explain ")
    assert {"en": "    more", "zh": "    详见"}[lang] == label, found.output
    codes = [reason["code"] for reason in json.loads(certcore(*VERDICTS[name], "--json").stdout)["reasons"]]
    assert len(set(codes)) == len(typed.split())
    assert exit_codes.DONE == certcore("explain", *typed.split()).exit_code


@pytest.mark.parametrize("lang", LANGUAGES)
def test_a_picture_that_cannot_be_scanned(certcore: Command, lang: str) -> None:
    """The line about it says how to know more."""
    Path("no.png").write_bytes(b"\x89PNG\r\n\x1a\n" + b"rubbish")
    found = certcore("scan", "no.png", "nothere.png", "--lang", lang)
    assert [True, True] == [MORE[lang] in line for line in found.stdout.splitlines()], found.output
