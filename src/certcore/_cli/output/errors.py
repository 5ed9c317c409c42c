"""Errors in words: what went wrong, and what to do about it. Loaded only after an error.

In English the first line has the message and its code, and the second says what to do. On a terminal a further line
says how to learn more. The library's messages are in English. So in Chinese the first line explains the code, and the
message follows if `language` cannot translate it.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from typing import Final

import click

from certcore import reasons
from certcore._cli.output import explain, terminal
from certcore._cli.settings import language
from certcore.errors import CertcoreError
from certcore.reasons._meaning import causes

_TRY: Final = {"en": "Try '{} --help' for help.", "zh": "详见“{} --help”。"}


def lines(error: CertcoreError, lang: str) -> Iterator[str]:
    """An error, and the next step where the table of codes knows one; safe to show."""
    message = error.message.replace(_ARGUMENT, _OPTION)
    told = language.translated(message, lang)
    known = reasons.REASONS.get(error.code)
    cause = dict(error.detail).get("cause")
    code = f"{error.code}, cause {cause}" if cause in causes() else error.code
    if lang == "en" or known is None:
        yield f"certcore: {terminal.escaped(message)} [{code}]" if message else f"certcore: {error.code}"
    else:
        yield f"certcore: {known.words(lang).line} [{code}]"
        yield f"  {terminal.escaped(told)}"
    if known is not None:
        yield f"  {_next_step(error, lang)}{_more(error.code, lang)}"


def tell(error: CertcoreError, lang: str) -> None:
    """Say on standard error what went wrong, and what to do about it."""
    for line in lines(error, lang):
        click.echo(line, err=True)


def tell_usage(error: click.ClickException, lang: str) -> None:
    """Say on standard error what was wrong with what was typed."""
    if isinstance(error, click.UsageError) and error.ctx is not None:
        click.echo(error.ctx.get_usage(), err=True)
        click.echo(_TRY[lang].format(error.ctx.command_path), err=True)
    click.echo(f"certcore: {terminal.escaped(_usage(error, lang))}", err=True)


def stop(why: str, lang: str) -> str:
    """The line with which the command ends where nothing else can be said."""
    return f"certcore: {terminal.escaped(language.translated(why, lang))}"


def _usage(error: click.ClickException, lang: str) -> str:
    """The message of wrong usage; click's own in Chinese, too."""
    if lang == "en":
        return error.format_message()
    message = error.format_message()  # some are the library's own, and English
    told = language.translated(message, lang)
    return f"用法有误：{message}" if told == message else told


def _next_step(error: CertcoreError, lang: str) -> str:
    """What to do: by the situation where the code alone would mislead."""
    situation = dict(error.detail).get("advice")
    if error.code == "register-failed" and _command() != "issue":
        situation = "register-path" if "error" in dict(error.detail) else "register-said"
    if isinstance(situation, str) and situation in _ADVICE:
        return _ADVICE[situation][lang]
    return reasons.explain(error.code, lang=lang).next_step


def _more(code: str, lang: str) -> str:
    """How to know more, where somebody looks; whatever reads a pipe has the code, and these lines as they ever were."""
    if not sys.stderr.isatty():
        return ""
    return ("" if lang == "zh" else " ") + explain.more(code, lang)


def _command() -> str | None:
    ctx = click.get_current_context(silent=True)
    return None if ctx is None else ctx.find_root().invoked_subcommand  # errors are told when the command's own is gone


_ARGUMENT, _OPTION = "give one with font=", "give one with --font"
"""What the library's function takes, and what the command does."""

_ADVICE: Final = {
    "register-path": {
        "en": "Check that the folder of the register is there and may be written, and that nobody else holds it.",
        "zh": "请确认登记系统所在文件夹存在、可写，且未被其他程序占用。",
    },
    "register-said": {
        "en": "See the message for the cause; the register is as it was.",
        "zh": "请按提示查看原因；登记系统未作任何更改。",
    },
    "another-name": {
        "en": "Give another name, or remove what is there if it is no longer needed.",
        "zh": "请换用其他名称；已有文件若不再需要，可先删除。",
    },
    "sign-the-draft": {
        "en": "This is a draft: 'certcore trust sign' makes the list of it. Give that one.",
        "zh": "这是草稿，请先用“certcore trust sign”签署，再使用签署后的列表。",
    },
    "own-list": {
        "en": "Check that --trust names the list and --root the key of whoever signed it.",
        "zh": "请确认 --trust 是该列表，--root 是签署它的根密钥。",
    },
    "own-root": {
        "en": "Check that --root is the key of whoever signed the trust list, now or then.",
        "zh": "请确认 --root 是当时或现在签署信任列表的根密钥。",
    },
    "own-snapshot": {
        "en": "Give what 'certcore snapshot make' wrote, or a folder of status documents.",
        "zh": "请使用“certcore snapshot make”生成的文件，或存放状态文件的文件夹。",
    },
}
"""What to do in a situation that the code does not know: an error names it as ``advice``."""
