"""What reaches a terminal: escapes, tables, colour and progress."""

from __future__ import annotations

import io
import unicodedata
from collections.abc import Callable
from contextlib import redirect_stderr, redirect_stdout

import pytest
from hypothesis import given
from hypothesis import strategies as st

from certcore._cli.output import terminal


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("闽C·12345 é", "闽C·12345 é"),
        ("\x1b[31m", "\\x1b[31m"),
        ("\x9b0m", "\\x9b0m"),
        ("\x1b]8;;x\x07", "\\x1b]8;;x\\x07"),
        ("a\u202eb", "a\\u202eb"),
        ("a\u200bb\ufeff", "a\\u200bb\\ufeff"),
        ("\u2066x", "\\u2066x"),
        ("a\tb\nc\rd", "a\\tb\\nc\\rd"),
        ("\\x1b", "\\\\x1b"),
        ("a\u00a0b\u3000c", "a\\xa0b\\u3000c"),
        ("x\ufe0f\u115f\u034f", "x\\ufe0f\\u115f\\u034f"),
        ("\U000e0041", "\\U000e0041"),
        ("\ud83d", "\\ud83d"),
        ("\ue000\u2028", "\\ue000\\u2028"),
    ],
    ids=ascii,
)
def test_whatever_is_not_printed_as_itself_is_escaped(text: str, expected: str) -> None:
    """Control, bidirectional, invisible and private characters, odd spaces and the backslash are made visible."""
    assert expected == terminal.escaped(text)


@given(st.text(alphabet=st.characters(exclude_categories=())))
def test_nothing_escaped_has_a_character_that_acts(text: str) -> None:
    """No text at all leaves a control, format, private or surrogate character, nor a separator but the space."""
    left = {unicodedata.category(character) for character in terminal.escaped(text).replace(" ", "")}
    assert set() == left & {"Cc", "Cf", "Co", "Cs", "Zl", "Zp", "Zs"}


@given(st.text(), st.text())
def test_different_texts_stay_different(one: str, other: str) -> None:
    """An escape is never mistaken for text: escaping loses nothing."""
    assert (one == other) == (terminal.escaped(one) == terminal.escaped(other))


def test_a_table_goes_on_in_the_next_line() -> None:
    """A long first column is folded at 80 columns; the codes beside it stay whole, and so does every character."""
    table = terminal.plain_table(("name", "code", "end"), [("x " * 100, "status-contradicts-certificate", "y")])
    assert (True, 100) == ("status-contradicts-certificate" in table, table.count("x"))
    assert 80 >= max(map(len, table.splitlines()))


class Screen(io.StringIO):
    """A terminal that keeps what it is shown."""

    def isatty(self) -> bool:
        """A terminal it is."""
        return True


@pytest.fixture
def shown(monkeypatch: pytest.MonkeyPatch) -> Callable[[Callable[[], object]], str]:
    """What a call shows on a terminal of 80 columns."""
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("COLUMNS", "80")

    def show(call: Callable[[], object]) -> str:
        with redirect_stdout(Screen()) as screen, redirect_stderr(screen):
            call()
        return screen.getvalue()

    return show


Shown = Callable[[Callable[[], object]], str]


def valid() -> None:
    """Say a word in a style."""
    terminal.say("VALID", style="bold green")


def test_a_terminal_gets_colour(shown: Shown) -> None:
    """A style is shown as an ANSI sequence on a terminal."""
    assert "\x1b[1;32mVALID\x1b[0m\n" == shown(valid)


@pytest.mark.parametrize(("name", "value"), [("NO_COLOR", "1"), ("TERM", "dumb")])
def test_no_colour_where_it_is_not_wanted(shown: Shown, monkeypatch: pytest.MonkeyPatch, name: str, value: str) -> None:
    """NO_COLOR and a dumb terminal get plain text."""
    monkeypatch.setenv(name, value)
    assert "VALID\n" == shown(valid)


def test_a_terminal_sees_progress(shown: Shown) -> None:
    """With several items the terminal is told how far the work is, and the line is wiped again."""
    told = shown(lambda: list(terminal.each([1, 2], lambda number: number * 2)))
    assert "\r1 of 2 ...\r\x1b[2K\r2 of 2 ...\r\x1b[2K" == told


def test_a_pipe_sees_no_progress(capsys: pytest.CaptureFixture[str]) -> None:
    """Nothing but the results reaches a pipe."""
    assert [(1, 2), (2, 4)] == list(terminal.each([1, 2], lambda number: number * 2))
    valid()
    assert ("VALID\n", "") == capsys.readouterr()


def test_a_table_on_a_narrow_terminal_is_not_cut(shown: Shown, monkeypatch: pytest.MonkeyPatch) -> None:
    """On a terminal narrower than a reason's code the terminal breaks the line; nothing is left out."""
    monkeypatch.setenv("COLUMNS", "20")
    row = ("one", "status-contradicts-certificate", "x")
    assert row[1] in shown(lambda: terminal.table(("a", "b", "c"), [row]))
