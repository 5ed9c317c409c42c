"""The book of the day: chapters with pictures, and every question with its answer and what it had to be."""

from __future__ import annotations

import json
from collections.abc import Iterable
from datetime import date
from pathlib import Path
from typing import Any

import attrs

from certcore import LocalSigner, VehicleVerdict, Verdict


@attrs.frozen(kw_only=True)
class Answer:
    """One question, and the answer to it.

    Attributes:
        who: who asked.
        question: what was asked, in words.
        outcome: valid, invalid, undetermined, or error for a row that could not be asked about.
        codes: of all reasons, the weightiest first.
        en: the answer in words.
        zh: the same in Chinese.
        degraded: whether it is valid although nobody was asked whether it was revoked.
        picture: what was shown, if a picture was.
        evidence: the file that replays the answer.
        expected: the outcome and the code that the answer had to have.
    """

    who: str
    question: str
    outcome: str
    codes: tuple[str, ...]
    en: str = ""
    zh: str = ""
    degraded: bool = False
    picture: str | None = None
    evidence: str | None = None
    expected: tuple[str, str]

    @property
    def is_expected(self) -> bool:
        """Whether the answer is the one it had to be."""
        outcome, code = self.expected
        return outcome == self.outcome and code in self.codes


@attrs.define(kw_only=True)
class Chapter:
    """A part of the day.

    Attributes:
        time: when it begins, as people say it.
        title: whose part it is.
        text: what happens.
        figures: files to look at, each with a few words.
        answers: what was asked in it.
    """

    time: str
    title: str
    text: str
    figures: list[tuple[str, str]] = attrs.field(factory=list)
    answers: list[Answer] = attrs.field(factory=list)


@attrs.define(kw_only=True)
class Book:
    """All chapters, in their order."""

    folder: Path
    day: date
    seal: LocalSigner = attrs.field(repr=False)
    chapters: list[Chapter] = attrs.field(factory=list)

    @property
    def answers(self) -> list[Answer]:
        """Every answer of the day."""
        return [answer for chapter in self.chapters for answer in chapter.answers]

    def begin(self, time: str, title: str, text: str) -> None:
        """Begin a chapter."""
        self.chapters.append(Chapter(time=time, title=title, text=text))

    def show(self, file: Path, words: str) -> None:
        """Show a file in this chapter."""
        self.chapters[-1].figures.append((file.relative_to(self.folder).as_posix(), words))

    def answer(
        self,
        question: str,
        verdict: Verdict | VehicleVerdict,
        expected: tuple[str, str],
        *,
        picture: Path | None = None,
    ) -> None:
        """Write down an answer, and keep its evidence, sealed."""
        who = self.chapters[-1].title
        file = self.folder / "evidence" / f"{len(self.answers) + 1:02}-{who.lower().replace(' ', '-')}.vice"
        file.parent.mkdir(exist_ok=True)
        file.write_bytes(verdict.evidence.sealed(self.seal).to_bytes())
        self.add(
            Answer(
                who=who,
                question=question,
                outcome=verdict.outcome.value,
                codes=tuple(dict.fromkeys(reason.code for reason in verdict.reasons)),
                en=verdict.explain(lang="en"),
                zh=verdict.explain(lang="zh"),
                degraded=isinstance(verdict, Verdict) and verdict.degraded,
                picture=None if picture is None else picture.relative_to(self.folder).as_posix(),
                evidence=file.relative_to(self.folder).as_posix(),
                expected=expected,
            )
        )

    def add(self, answer: Answer) -> None:
        """Write down an answer that was kept elsewhere."""
        self.chapters[-1].answers.append(answer)

    def to_json(self) -> str:
        """Every answer, for programs."""
        return json.dumps([attrs.asdict(answer) for answer in self.answers], ensure_ascii=False, indent=2) + "\n"

    def table(self) -> str:
        """Every answer on a line: who, what, the outcome, and the code that decides."""
        rows = [
            (answer.who, answer.question, _outcome(answer), answer.expected[1], "yes" if answer.is_expected else "NO")
            for answer in self.answers
        ]
        return _aligned([("who", "asks", "answer", "because", "expected"), *rows])


def _outcome(answer: Answer) -> str:
    return answer.outcome.upper() + (", status not known" if answer.degraded else "")


def _aligned(rows: Iterable[tuple[str, ...]]) -> str:
    """Columns of plain text."""
    held: list[Any] = list(rows)
    widths = [max(map(len, column)) for column in zip(*held, strict=True)]
    return "".join(
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() + "\n" for row in held
    )
