"""The texts of the certificates in a picture, for a verifier to check; or why there is none."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Final

import attrs

from certcore import armor
from certcore._clock import steady
from certcore.engine._question import Question
from certcore.errors import RejectedInputError

if TYPE_CHECKING:
    from certcore.qr import Effort, Image, Symbol
    from certcore.qr._sight import Sight

IMAGE_DEADLINE: Final = timedelta(seconds=10)
"""The time that a verifier gives a picture unless told otherwise: a page takes some tenths of a second."""


def without_line_end(text: str) -> str:
    """The text without the one line end that many scanners put behind it."""
    return text.removesuffix("\n").removesuffix("\r")


@attrs.define(kw_only=True)  # not frozen: made for one call and never handed out
class Seen:
    """The different certificates' texts in a picture, in reading order, or why there is none; and its digest."""

    texts: tuple[str, ...] = ()
    refused: RejectedInputError | None = None
    digest: bytes | None

    @property
    def why_not_one(self) -> RejectedInputError | None:
        """Why it cannot be judged as one certificate, if so."""
        if len(self.texts) > 1:
            return RejectedInputError("several-certificates", "There are several certificates", count=len(self.texts))
        return self.refused

    def put(self, question: Question, place: int | None = None) -> Question:
        """The question about the text in that place, or about the only one."""
        if place is None and len(self.texts) == 1:
            place = 0
        text = "" if place is None or not self.texts else self.texts[place]
        return attrs.evolve(question, text=text, picture=self.digest)


def seen_in(
    image: Image,
    effort: Effort | None,
    deadline: timedelta | None,
    *,
    isolate: bool,
    asked_at: float | None = None,
    sight: Sight | None = None,
    wants_every: bool = False,
) -> Seen:
    """What is in a picture, which is read once; asked_at is when its time began, by the steady clock, if not now.

    Where every text is wanted, one that was read is no reason to stop. What was read already is given back. A sight
    that is given has then seen what was read.
    """
    from certcore import qr  # noqa: PLC0415  Pillow and the decoders are an extra
    from certcore.qr._read import read_for  # noqa: PLC0415  as above

    if isinstance(image, Seen):
        return image
    effort = qr.Effort.NORMAL if effort is None else effort
    if deadline and asked_at is not None and deadline > timedelta():
        deadline = max(timedelta(), deadline - timedelta(seconds=steady() - asked_at))
    try:
        picture = qr.load(image)
    except RejectedInputError as cause:
        return Seen(refused=cause, digest=None)
    try:
        symbols = read_for(picture, sight, effort=effort, deadline=deadline, isolate=isolate, wants_every=wants_every)
    except RejectedInputError as cause:
        return Seen(refused=cause, digest=picture.digest)
    texts = dict.fromkeys(without_line_end(symbol.text) for symbol in symbols if symbol.text.startswith(armor.PREFIX))
    return Seen(texts=tuple(texts), refused=None if texts else _why_none(symbols), digest=picture.digest)


def _why_none(symbols: list[Symbol]) -> RejectedInputError:
    """What the codes in a picture are, when none is a certificate."""
    for symbol in symbols:
        if symbol.text:
            try:
                armor.decode(symbol.text)
            except RejectedInputError as error:
                return error
    if symbols:
        return RejectedInputError("code-not-text", "The code in the picture holds no text", kind=symbols[0].kind)
    return RejectedInputError("no-certificate", "There is no QR code in the picture that can be read")
