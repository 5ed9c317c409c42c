"""``certcore explain``: what a code means, without a network; and how a message says that there is more to know."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterator, Mapping
from typing import Any, Final

import attrs
import click

from certcore._cli import exit_codes
from certcore._cli.output.formats import Line, Output, choose
from certcore.reasons import REASONS, explain
from certcore.reasons._meaning import CAUSE, Words, cause_words, causes

_MORE: Final = {"en": "More: ", "zh": "详见："}
_COMMAND: Final = "certcore explain"

_KINDS: Final = {
    "en": {
        "fails": "a reason of a verdict, which makes it INVALID",
        "blocks": "a reason of a verdict, which leaves it UNDETERMINED",
        "notes": "a reason of a verdict, which does not change it",
        "several": "a reason of a verdict; the policy or the circumstances decide what it does: {}",
        "error": "an error or a signal, and no reason of a verdict",
        "cause": "why a register gave no answer",
        "causes": "causes:",
    },
    "zh": {
        "fails": "判定理由，使结论为“无效”",
        "blocks": "判定理由，使结论为“无法判定”",
        "notes": "判定理由，不改变结论",
        "several": "判定理由，其作用取决于策略或具体情形：{}",
        "error": "错误或疑点信号，不是判定理由",
        "cause": "登记系统未给出答复的原因",
        "causes": "原因：",
    },
}


def command(*anchors: str) -> str:
    """What to type to know more."""
    return " ".join([_COMMAND, *dict.fromkeys(anchors)])


def more(code: str, lang: str) -> str:
    """The end of a message that shows a code: how to know more; nothing where the code is a stranger's."""
    return f"{_MORE[lang]}{command(code)}" if code in REASONS else ""


@click.command(name="explain")
@click.argument("codes", metavar="[CODE]...", nargs=-1)
@choose
def explain_codes(codes: tuple[str, ...], *, output: Output) -> int:
    """Say what a CODE of a message means, and what to do about it; without a CODE, all of them in a line each."""
    if not codes:
        for code in REASONS:
            output.tell(_Brief(code))
    for anchor in dict.fromkeys(found for code in codes for found in _anchors(code)):
        output.tell(_Whole(anchor))
    return exit_codes.DONE


def _anchors(pasted: str) -> Iterator[str]:
    """What is meant by a word as messages have it, brackets and all: ``[status-unavailable, cause timeout]``."""
    known = [*REASONS, *(f"{CAUSE}{cause}" for cause in causes())]
    code, *details = (part.strip() for part in pasted.strip("[] ,").split(","))
    if code not in known:
        near = difflib.get_close_matches(code, known, n=1)
        msg = f"there is no code '{code}'; did you mean {near[0]}?" if near else f"there is no code '{code}'"
        raise click.UsageError(msg)
    cause = next((found[1] for found in map(re.compile(r"cause (.+)").fullmatch, details) if found), None)
    yield f"{CAUSE}{cause}" if cause in causes() else code


def _words(anchor: str, lang: str) -> Words:
    return explain(anchor, lang=lang) if anchor in REASONS else cause_words(anchor.removeprefix(CAUSE), lang=lang)


@attrs.frozen
class _Whole:
    """All about one code."""

    anchor: str

    def members(self) -> Mapping[str, Any]:
        """What it is, and its words in both languages."""
        meaning = REASONS.get(self.anchor)
        axis = None if meaning is None or meaning.axis is None else meaning.axis.value
        words = {lang: _words(self.anchor, lang) for lang in _KINDS}
        return {
            "code": self.anchor,
            "axis": axis,
            "effects": sorted(effect.value for effect in meaning.effects) if meaning else [],
            **{lang: {"line": said.line, "next_step": said.next_step} for lang, said in words.items()},
            "url": words["en"].url,
        }

    def lines(self, lang: str) -> Iterator[Line]:
        """Its words, what kind of code it is, and its address."""
        words, kinds = _words(self.anchor, lang), _KINDS[lang]
        yield Line(self.anchor, "bold")
        yield Line(f"  {words.line}")
        yield Line(f"  {words.next_step}")
        yield Line(f"  {self._kind(kinds)}")
        if self.anchor == "status-unavailable":
            yield Line(f"  {kinds['causes']} {' '.join(f'{CAUSE}{cause}' for cause in causes())}")
        yield Line(f"  {words.url}")

    def _kind(self, kinds: Mapping[str, str]) -> str:
        meaning = REASONS.get(self.anchor)
        if meaning is None:
            return kinds["cause"]
        effects = [effect.value for effect in meaning.effects]
        if len(effects) > 1:
            return kinds["several"].format(", ".join(sorted(effects)))
        return kinds[effects[0] if effects else "error"]


@attrs.frozen
class _Brief:
    """One code in a line."""

    code: str

    def members(self) -> Mapping[str, Any]:
        """As a code alone has them."""
        return _Whole(self.code).members()

    def lines(self, lang: str) -> Iterator[Line]:
        """The code, and what it means."""
        yield Line(f"{self.code}: {explain(self.code, lang=lang).line}")
