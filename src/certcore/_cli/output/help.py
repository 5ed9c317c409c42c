"""Help in Chinese: the same text that click shows in English, sentence by sentence from ``help.toml``.

A sentence without a row there stays English; a test names those. Chinese has no spaces to break a line at, and its
characters are two columns wide, so that lines are broken here.
"""

from __future__ import annotations

import pkgutil
import re
import tomllib
from collections.abc import Iterable
from functools import cache
from typing import Final
from unicodedata import east_asian_width

import click

from certcore._cli.settings import language

_LEAST: Final = 20
"""Columns of a text, however narrow the terminal is."""

_EXTRA: Final = {"default: ": "默认：", "env var: ": "环境变量：", "required": "必填"}
"""What click adds to an option's help, in brackets."""


class Context(click.Context):
    """A command's context, whose help is in the language that was asked for."""

    def make_formatter(self) -> click.HelpFormatter:
        """Click's own, or the Chinese one."""
        if language.of(self) != "zh":
            return super().make_formatter()
        return _Chinese(width=self.terminal_width, max_width=self.max_content_width)


def translated(text: str) -> str:
    """A sentence of the help in Chinese; itself where nobody has translated it."""
    return _rows().get(" ".join(text.split()), text)


@cache
def _rows() -> dict[str, str]:
    data = pkgutil.get_data("certcore._cli.settings", "help.toml") or b""
    return dict(tomllib.loads(data.decode()))


class _Chinese(click.HelpFormatter):
    """Click's, with every text in Chinese before it is laid out."""

    def write_usage(self, prog: str, args: str = "", prefix: str | None = None) -> None:
        super().write_usage(prog, args, "用法：" if prefix is None else prefix)

    def write_heading(self, heading: str) -> None:
        super().write_heading(translated(heading))

    def write_text(self, text: str) -> None:
        width = self.width - self.current_indent
        super().write_text("\n\n".join(_broken(translated(part), width) for part in re.split(r"\n\s*\n", text)))

    def write_dl(self, rows: Iterable[tuple[str, str]], col_max: int = 30, col_spacing: int = 2) -> None:
        found = list(rows)
        first = min(max((len(name) for name, _ in found), default=0), col_max) + col_spacing
        told = [(name, _broken(_option(text), self.width - first - 2) if text else "") for name, text in found]
        super().write_dl(told, col_max, col_spacing)


def _option(text: str) -> str:
    """An option's help, with what click adds to it: ``[default: 8460]``."""
    words, gap, extra = text.rpartition("  [")
    if not gap:
        words, extra = ("", text.removeprefix("[")) if re.fullmatch(r"\[[^\[\]]*\]", text) else (text, "")
    for english, chinese in _EXTRA.items():
        extra = extra.replace(english, chinese)
    return "  [".join(filter(None, (translated(words), extra))) if words else f"[{extra}"


def _broken(text: str, width: int) -> str:
    """A text in lines that click leaves as they are."""
    from certcore.printing._layout import wrapped  # noqa: PLC0415  only Chinese help needs it

    return "\b\n" + "\n".join(wrapped(text, max(width, _LEAST), _columns))


def _columns(text: str) -> float:
    return sum(2 if east_asian_width(character) in "WF" else 1 for character in text)
