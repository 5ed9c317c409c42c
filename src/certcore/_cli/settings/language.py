"""The language of the command's answers: ``--lang``, ``CERTCORE_LANG``, the file, or the system's ``LC_ALL``, ``LANG``.

Commands write English. Before a message is shown, `translated` looks for its Chinese in ``chinese.toml``, where gaps
stand for what is filled in. A message without a row there stays English; a test names those.
"""

from __future__ import annotations

import os
import pkgutil
import re
import tomllib
from collections.abc import Callable, Sequence
from contextlib import suppress
from functools import cache
from typing import Any, Final, TypeVar

import click

from certcore._cli.settings import configuration
from certcore._cli.settings.configuration import Setting
from certcore.errors import CertcoreError

_F = TypeVar("_F", bound=Callable[..., Any])

LANGUAGES: Final = ("en", "zh")
"""As `certcore.reasons` has them, which costs too much to load for this."""

VARIABLE: Final = "CERTCORE_LANG"

_LANGUAGE: Final = "certcore.language"
_ARGUMENTS: Final = "certcore.arguments"
_GAP: Final = "{}"


def of_system() -> str:
    """The language of the system's own variables, the first that is set."""
    found = next(filter(None, map(os.environ.get, ("LC_ALL", "LC_MESSAGES", "LANG"))), "")
    return "zh" if found.lower().startswith("zh") else "en"


def of(ctx: click.Context | None) -> str:
    """The language of the command that runs, also before all of its options are read."""
    if ctx is not None and _LANGUAGE in ctx.meta:
        found: str = ctx.meta[_LANGUAGE]
        return found
    typed = _typed([] if ctx is None else ctx.meta.get(_ARGUMENTS, []))
    if typed or (variable := os.environ.get(VARIABLE)) in LANGUAGES:
        return typed or str(variable)
    with suppress(CertcoreError, OSError):
        known = configuration.find(None) if ctx is None else configuration.of(ctx)
        if known.values.get("language") in LANGUAGES:
            return str(known.values["language"])
    return of_system()


def current() -> str:
    """As `of`, for whatever command runs; English where none does."""
    ctx = click.get_current_context(silent=True)
    return "en" if ctx is None else of(ctx)


def keep_arguments(ctx: click.Context, arguments: Sequence[str]) -> None:
    """Remember what was typed, for errors that come before the options are read."""
    ctx.meta[_ARGUMENTS] = list(arguments)


def _typed(arguments: Sequence[str]) -> str | None:
    """The language that was typed, as far as that can be seen."""
    for word, following in zip(arguments, [*arguments, ""][1:], strict=True):
        name, _, value = word.partition("=")
        if name == "--lang" and (value or following) in LANGUAGES:
            return value or following
    return None


def _keep(ctx: click.Context, _: click.Parameter, value: str | None) -> str:
    found = value or ctx.meta.get(_LANGUAGE) or of_system()
    ctx.meta[_LANGUAGE] = found
    return str(found)


def option(*, is_handed_over: bool = True) -> Callable[[_F], _F]:
    """``--lang``; unless it is handed over, the command itself does not hear of it."""
    return click.option(
        "--lang",
        cls=Setting,
        setting="language",
        type=click.Choice(LANGUAGES),
        envvar=VARIABLE,
        is_eager=True,
        expose_value=is_handed_over,
        callback=_keep,
        help="The language of every message; or CERTCORE_LANG. Unless given, what LC_ALL or LANG says.",
    )


def translated(text: str, lang: str) -> str:
    """A message in a language: itself, where that is English or nobody has translated it.

    Before it may stand a place, such as the name of a file or of a field, which is kept.
    """
    if lang != "zh":
        return text
    whole, patterns = _chinese()
    if text in whole:
        return whole[text]
    for pattern, chinese in patterns:
        if (found := pattern.fullmatch(text)) is not None:
            parts = [translated(part, lang) for part in found.groups("")]
            return "".join(map("".join, zip(chinese.split(_GAP), [*parts, ""], strict=True)))
    place, colon, said = text.partition(": ")
    told = translated(said, lang) if colon else said
    return text if told == said else f"{place}：{told}"


@cache
def _chinese() -> tuple[dict[str, str], list[tuple[re.Pattern[str], str]]]:
    """Messages without gaps; and those with gaps, the ones with most words of their own first."""
    data = pkgutil.get_data(__package__, "chinese.toml") or b""
    rows: dict[str, str] = tomllib.loads(data.decode())
    gapped = sorted((english for english in rows if _GAP in english), key=lambda one: -len(one.replace(_GAP, "")))
    patterns = [
        (re.compile("(.*)".join(map(re.escape, english.split(_GAP))), re.DOTALL), rows[english]) for english in gapped
    ]
    return {english: chinese for english, chinese in rows.items() if _GAP not in english}, patterns
