"""Help in Chinese: every sentence of every command, laid out in columns; and English as it was."""

from __future__ import annotations

import inspect
import re
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING
from unicodedata import east_asian_width

import click
import pytest

from certcore._cli import settings
from certcore._cli.app import group
from certcore._cli.output import help as helps

if TYPE_CHECKING:
    from tests.cli.conftest import Command

ROWS: dict[str, str] = tomllib.loads((Path(settings.__file__).parent / "help.toml").read_text("utf-8"))
HAN = re.compile("[\u4e00-\u9fff]")


def commands(command: click.Command, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], click.Command]]:
    """Every command there is, by its words."""
    yield path, command
    if isinstance(command, click.Group):
        context = click.Context(command)
        for name in command.list_commands(context):
            inner = command.get_command(context, name)
            assert inner is not None
            yield from commands(inner, (*path, name))


ALL = dict(commands(group))


def sentences(command: click.Command) -> Iterator[str]:
    """What a command's help says, as `help.toml` has it."""
    yield from re.split(r"\n\s*\n", inspect.cleandoc(command.help or ""))
    yield command.get_short_help_str(1000)
    yield command.epilog or ""
    yield from (option.help or "" for option in command.params if isinstance(option, click.Option))


def test_every_sentence_has_its_chinese() -> None:
    """And no row is about something that no command says."""
    said = {" ".join(text.split()) for command in ALL.values() for text in sentences(command)} - {""}
    assert [] == sorted(text for text in said if not HAN.search(ROWS.get(text, "")))
    always = {"Options", "Commands", "Show this message and exit.", "Show the version and exit."}
    assert [] == sorted(ROWS.keys() - said - always)


@pytest.mark.parametrize("path", ALL, ids=" ".join)
def test_help_in_chinese(certcore: Command, path: tuple[str, ...], monkeypatch: pytest.MonkeyPatch) -> None:
    """No sentence is left in English, every option stands there, and no line is wider than the terminal."""
    monkeypatch.setenv("CERTCORE_LANG", "zh")
    monkeypatch.setenv("COLUMNS", "80")
    chinese = certcore(*path, "--help").stdout
    monkeypatch.setenv("CERTCORE_LANG", "en")
    english = certcore(*path, "--help").stdout
    assert options(english, "Options:") == options(chinese, "选项:")
    assert chinese.startswith("用法：")
    assert "default: " not in chinese
    assert [] == [sentence for sentence in sentences(ALL[path]) if len(sentence) > 3 and sentence in chinese]
    wide = [line for line in chinese.splitlines() if columns(line) > 80 and HAN.search(line)]
    assert [] == wide
    assert english.startswith("Usage: ")


def options(told: str, heading: str) -> list[str]:
    """The options that stand below a heading."""
    return re.findall(r"^  (--?[a-z][\w-]*)", told.partition(f"\n{heading}\n")[2], re.MULTILINE)


def columns(line: str) -> int:
    """How wide a line is on a terminal."""
    return sum(2 if east_asian_width(character) in "WF" else 1 for character in line)


def test_what_nobody_has_translated_stays_english() -> None:
    """A new sentence is shown as it is."""
    assert "A new sentence." == helps.translated("A new sentence.")


def test_a_narrow_terminal(certcore: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    """Help is shown on any: nothing is lost, and nothing fails."""
    monkeypatch.setenv("COLUMNS", "20")
    found = certcore("verify", "--help", "--lang", "zh")
    assert (0, True) == (found.exit_code, "理赔" in found.stdout)
