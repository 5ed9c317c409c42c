"""The formats in which the command answers: a renderer for each, and the options that choose one.

An answer has JSON members and lines for people. A renderer makes lines from an answer. To add a format, add one
function and one row of `FORMATS`. `verdicts` has the words of verdicts.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from functools import wraps
from typing import Any, Final, Protocol, TypeVar

import attrs
import click

from certcore._cli.output import terminal
from certcore._cli.settings import language
from certcore.errors import CertcoreError

__all__ = ["FORMATS", "LANG", "Answer", "Line", "Output", "Refusal", "choose", "choose_format"]

_F = TypeVar("_F", bound=Callable[..., Any])

LANG: Final = language.option()


@attrs.frozen
class Line:
    """One line for people; untrusted text in it is escaped already.

    Attributes:
        text: the line.
        style: on a terminal with colours.
        is_error: whether it goes to standard error, whatever the format.
    """

    text: str
    style: str | None = None
    is_error: bool = False


class Answer(Protocol):
    """What the command has to say about one thing."""

    def members(self) -> Mapping[str, Any]:
        """As the members of a JSON object."""
        ...

    def lines(self, lang: str) -> Iterator[Line]:
        """In words."""
        ...


@attrs.frozen
class Refusal:
    """That there is no answer, and what to do about it.

    Attributes:
        name: of what was asked about.
        error: why there is none.
    """

    name: str
    error: CertcoreError

    def members(self) -> Mapping[str, Any]:
        """The code and the message."""
        return {"input": self.name, "error": {"code": self.error.code, "message": self.error.message}}

    def lines(self, lang: str) -> Iterator[Line]:
        """The error, and the next step where the table of codes knows one."""
        from certcore._cli.output import errors  # noqa: PLC0415  words are loaded only where something went wrong

        yield from (Line(line, is_error=True) for line in errors.lines(self.error, lang))


def _as_text(answer: Answer, lang: str) -> Iterator[Line]:
    yield from answer.lines(lang)


def _as_json(answer: Answer, lang: str) -> Iterator[Line]:
    """One document a line; errors are told on standard error as well."""
    yield Line(json.dumps(answer.members()))
    yield from (line for line in answer.lines(lang) if line.is_error)


@attrs.frozen
class Format:
    """One format: its renderer, and the words of the option that chooses it; the usual one has none."""

    render: Callable[[Answer, str], Iterator[Line]]
    help: str | None = None


FORMATS: Final[Mapping[str, Format]] = {"text": Format(_as_text), "json": Format(_as_json, "One JSON document a line.")}
"""Every format by its name, which is also the name of its option."""


@attrs.frozen
class Output:
    """Answers in one format and one language, to the terminal."""

    format: str = "text"
    lang: str = "en"

    def tell(self, answer: Answer) -> None:
        """Print an answer."""
        for line in FORMATS[self.format].render(answer, self.lang):
            terminal.say(line.text, style=line.style, err=line.is_error)


def choose_format(command: _F) -> _F:
    """The option that chooses a format; the command takes what it comes to as ``output``."""

    @wraps(command)
    def run(*arguments: Any, output_format: str, lang: str | None = None, **given: Any) -> Any:  # noqa: ANN401  the command's
        return command(*arguments, output=Output(output_format, lang or language.current()), **given)

    for name, chosen in FORMATS.items():
        if chosen.help is not None:
            run = click.option(f"--{name}", "output_format", flag_value=name, default="text", help=chosen.help)(run)
    return run  # type: ignore[return-value]  # click's decorators give back the function they are given


def choose(command: _F) -> _F:
    """As `choose_format`, and the language."""
    return LANG(choose_format(command))
