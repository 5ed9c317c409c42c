"""A question judged: the picture read in a process that can be killed, the verdict, and the answer as JSON.

`seen_in` and `Sight` are not promised by certcore. They read a picture once for both the verdict and the outline of its
code; with promised names alone, `Verifier.verify_image` gives the verdict and `qr.read` the corners, at twice the cost.
"""

from __future__ import annotations

import hashlib
import json
from datetime import date, datetime, timedelta
from typing import Any, Final, cast

import attrs

from certcore import Expected, Signer, Verdict, Verifier
from certcore._image_texts import seen_in
from certcore.certificate import labels
from certcore.qr._sight import Sight
from claims_desk.problems import Problem

DEADLINE: Final = timedelta(seconds=10)
LANGUAGES: Final = ("en", "zh")
FIELDS: Final = (
    *("registration_number", "country", "plate_type", "vin", "basis", "result", "inspected_on", "valid_until"),
    "authority",
)

_REFUSED: Final = {
    "image-format": "wrong-type",
    "image-too-large": "picture-too-large",
    "image-too-many-pages": "picture-too-large",
    "no-decoder": "cannot-read-here",
    "no-pdf-decoder": "cannot-read-here",
    "no-heic-decoder": "cannot-read-here",
    "no-decoder-process": "cannot-read-here",
}
"""Pictures that get a problem, and no verdict: what was sent, or this machine, has to be mended first."""


@attrs.frozen(kw_only=True)
class Question:
    """What a claim system asks; personal data, so it is shown nowhere."""

    as_of: date | datetime
    expect: Expected = attrs.field(repr=False)
    text: str | None = attrs.field(default=None, repr=False)
    picture: bytes | None = attrs.field(default=None, repr=False)
    claim: str | None = attrs.field(default=None, repr=False)

    @property
    def digest(self) -> str:
        """The same for the same question alone."""
        picture = None if self.picture is None else hashlib.sha256(self.picture).hexdigest()
        asked = [self.as_of.isoformat(), attrs.astuple(self.expect), self.text, picture, self.claim]
        return hashlib.sha256(json.dumps(asked).encode()).hexdigest()


@attrs.frozen(kw_only=True)
class Judged:
    """What came of a question: the files to keep, and the answer to send."""

    files: dict[str, bytes] = attrs.field(repr=False)
    answer: dict[str, Any] = attrs.field(repr=False)


@attrs.frozen(kw_only=True)
class Judge:
    """Who judges, and the key that seals the evidence, if there is one."""

    verifier: Verifier
    seal: Signer | None = None

    def judge(self, question: Question) -> Judged:
        """The verdict on a question, with its evidence.

        Raises:
            Problem: for a file that is no picture, or too much of one; a moment that cannot be asked about.
        """
        sight = Sight(wants_copy=False)
        try:
            verdict = self._verdict(question, sight)
        except ValueError as error:
            raise Problem("moment", at="date_of_loss") from error
        evidence = verdict.evidence if self.seal is None else verdict.evidence.sealed(self.seal)
        kept = {"vice": evidence.to_bytes()}
        if question.picture is not None:
            kept["picture"] = question.picture
        shown = {"size": sight.size, "outlines": sight.outlines} if sight.size[0] else None
        digest = {"sha256": evidence.digest.hex(), "sealed": evidence.is_sealed}
        return Judged(files=kept, answer={**_told(verdict), "picture": shown, "evidence": digest})

    def small_copy(self, picture: bytes) -> bytes:
        """A small copy of the page of a picture that was judged, as a JPEG: made when somebody wants to see it.

        Raises:
            Problem: ``no-picture`` where there is not the time, or no decoder any more.
        """
        sight = Sight()
        seen_in(picture, None, DEADLINE, isolate=True, sight=sight)
        if not sight.jpeg:
            raise Problem("no-picture")
        return sight.jpeg

    def _verdict(self, question: Question, sight: Sight) -> Verdict:
        if question.text is not None:
            return self.verifier.verify(question.text, as_of=question.as_of, expect=question.expect)
        seen = seen_in(question.picture or b"", None, DEADLINE, isolate=True, sight=sight)
        if seen.refused is not None and seen.refused.code in _REFUSED:
            raise Problem(_REFUSED[seen.refused.code], at="picture")
        read = cast("Any", seen)  # a verifier takes what was read already; its signature does not say so
        return self.verifier.verify_image(read, as_of=question.as_of, expect=question.expect)


def _told(verdict: Verdict) -> dict[str, Any]:
    """The verdict for programs, and for people in each language."""
    words = {}
    for lang in LANGUAGES:
        headline, *lines = verdict.explain(lang=lang).split("\n")
        words[lang] = {
            "headline": headline,
            "reasons": [line.removeprefix("- ") for line in lines],
            "fields": _fields(verdict, lang),
        }
    return {"verdict": verdict.to_dict(), "words": words}


def _fields(verdict: Verdict, lang: str) -> list[tuple[str, str]]:
    stated = verdict.certificate
    if stated is None:
        return []
    found = ((labels.label(name, lang), labels.value(name, stated, lang)) for name in FIELDS)
    return [(label, value) for label, value in found if value is not None]
