"""Numbers as people write them: folded for comparison, and checked before issuing.

These are two different tasks:

- *Comparing* forgives. `normalise` and `groups` accept any text of 256 characters, since it comes from a claims form, a
  camera or a foreign register: NFKC (which folds full-width forms), upper case, invisible characters removed,
  separators removed.
- *Issuing* refuses. `issued` keeps the text as printed, and refuses what no plate carries: control, bidirectional and
  other invisible characters, private-use characters and surrogates.

What a plate or a VIN is, is not known here. No message repeats the text.

Normalisation and upper case are those of Unicode 14.0, whatever tables the running Python has: one text has one answer
on every machine. What 14.0 does not assign, or gives no upper case, stays as it is.
"""

from __future__ import annotations

import re
import unicodedata
from functools import cache
from typing import Final, Literal

from certcore.vocabulary import _unicode14
from certcore.vocabulary._characters import INVISIBLE, NEVER, SPACES

__all__ = [
    "MAX_CHARACTERS",
    "MAX_UTF8_BYTES",
    "fold_case",
    "fold_scripts",
    "given",
    "groups",
    "issued",
    "kind_of",
    "normalise",
    "to_nfc",
]

MAX_CHARACTERS: Final = 32
"""Longest number that is issued, in code points: twice what the longest printed plates have. Our choice."""

MAX_UTF8_BYTES: Final = 64
"""Longest number that is issued, in bytes of UTF-8: a plate must not outgrow the signature. Our choice."""

MAX_GIVEN: Final = 256
"""Characters of a number as somebody gives it: room for separators and marks, none for a text that takes seconds."""

_NUMBER: Final = "a number"

_SCRIPTS: Final = str.maketrans(
    "\u0410\u0412\u0415\u0405\u0406\u0408\u041a\u041c\u041d\u041e\u0420\u0421\u0422\u0423\u0425\u051a\u051c"  # Cyrillic
    "\u0391\u0392\u0395\u0396\u0397\u0399\u039a\u039c\u039d\u039f\u03a1\u03a4\u03a5\u03a7",  # Greek
    "ABESIJKMHOPCTYXQWABEZHIKMNOPTYX",
)
"""Capital letters of Cyrillic and Greek that look like Latin ones."""

_WHITE_SPACE: Final = f"\t-\r\x1c- \x85\u2028\u2029{SPACES}"
_SEPARATORS: Final = (
    f"{_WHITE_SPACE}\\-_./"
    "\u2010-\u2015\u2043\u2212\u2e3a\u2e3b"  # hyphens, dashes, minus
    "\u00b7\u2022\u2027\u2219\u22c5\u25cf\u30fb"  # middle dots and bullets
)
_SEPARATOR_RUN: Final = re.compile(f"[{_SEPARATORS}]+")
_OUTER_SPACE: Final = re.compile(f"\\A[{_WHITE_SPACE}]+|[{_WHITE_SPACE}]+\\Z")
_INVISIBLE: Final = re.compile(f"[{INVISIBLE}]+")
_NOT_PRINTED: Final = re.compile(f"[{NEVER}{INVISIBLE}]")

# Unified ideographs have no case and no other form, so text of these characters alone is already folded.
_FOLDED: Final = re.compile("[0-9A-Z\u4e00-\u9fff]*")
_ISSUED_AS_IS: Final = re.compile(f"[0-9A-Z\u4e00-\u9fff]{{1,{MAX_UTF8_BYTES // 3}}}")  # an ideograph is three bytes
_PLAIN: Final = re.compile("[\x00-\x7f\u00b7\u4e00-\u9fff]*")  # folded by upper-casing alone


def given(text: str, name: str) -> str:
    """A text as somebody gives it, as a plain `str`: folding marks takes time that grows with the square of its length.

    Raises:
        TypeError: not text. ValueError: more than 256 characters.
    """
    if type(text) is not str:
        stranger: object = text
        if not isinstance(stranger, str):
            raise TypeError(f"{name} is text, not {type(stranger).__name__}")
        text = str.__str__(stranger)  # without the subclass, whatever it overrides
    if len(text) > MAX_GIVEN:
        raise ValueError(f"{name} has at most {MAX_GIVEN} characters")
    return text


def groups(text: str) -> tuple[str, ...]:
    """Which groups of characters the separators leave, folded; together they are `normalise(text)`.

    Separators at the ends, and repeated ones, make no group. A combining mark behind a separator attaches to what
    stands before it, and then the text is one group.

    Raises:
        TypeError, ValueError: as `given`.
    """
    text = given(text, _NUMBER)
    if _FOLDED.fullmatch(text):
        return (text,) if text else ()
    if _PLAIN.fullmatch(text):
        return tuple(filter(None, _SEPARATOR_RUN.split(text.upper())))
    found = tuple(filter(None, _SEPARATOR_RUN.split(_fold(text))))
    joined = "".join(found)
    whole = _fold(joined)
    return found if whole == joined else (whole,)


def normalise(text: str) -> str:
    """What is left of `text` for comparison: folded, without separators. Idempotent.

    Not done: letters of one script are not taken for those of another (Cyrillic U+0410 is not Latin A), nor O for 0.

    Raises:
        TypeError, ValueError: as `given`.
    """
    text = given(text, _NUMBER)
    if _FOLDED.fullmatch(text):
        return text
    if _PLAIN.fullmatch(text):
        return _SEPARATOR_RUN.sub("", text).upper()
    return "".join(groups(text))


def fold_scripts(text: str) -> str:
    """A folded text with letters of Cyrillic and Greek, and digits of any script, as the Latin ones they look like."""
    if text.isascii():
        return text
    return "".join(
        str(unicodedata.decimal(character)) if kind_of(character) == 0 else character
        for character in text.translate(_SCRIPTS)
    )


def issued(text: str, name: str) -> str:
    """`text` as a certificate may carry it: NFC, trimmed, otherwise as printed.

    Args:
        text: the number as the issuer has it.
        name: what the number is, for the message.

    Raises:
        TypeError: not text. ValueError: empty, too long, or it holds a character that cannot be printed. The message
        does not repeat the text.
    """
    if type(text) is str and _ISSUED_AS_IS.fullmatch(text):
        return text  # nothing in it that any of the rules below is about
    text = given(text, name)
    text = to_nfc(_OUTER_SPACE.sub("", text))
    if _NOT_PRINTED.search(text):
        raise ValueError(f"{name} holds a control, bidirectional or other character that cannot be printed")
    if len(text) > MAX_CHARACTERS or len(text.encode()) > MAX_UTF8_BYTES:
        raise ValueError(f"{name} is longer than {MAX_CHARACTERS} characters or {MAX_UTF8_BYTES} bytes of UTF-8")
    if not normalise(text):
        raise ValueError(f"{name} is empty")
    return text


def fold_case(text: str) -> str:
    """The text in the upper case of Unicode 14.0."""
    if text.isascii():
        return text.upper()
    return _run_of(_unicode14.LOWER).sub(lambda run: run[0].upper(), text)


def to_nfc(text: str) -> str:
    """The text in the NFC of Unicode 14.0."""
    return _normalised("NFC", text)


def kind_of(character: str) -> int:
    """Digit, letter with a case, or neither (an ideograph, a syllable, a mark); of a character that is folded."""
    if _run_of(_unicode14.DIGITS).match(character):
        return 0
    return 1 if _run_of(_unicode14.CASED).match(character) else 2


def _fold(text: str) -> str:
    """NFKC, upper case and no invisible characters, until nothing changes: one may undo another."""
    while (folded := _INVISIBLE.sub("", fold_case(_normalised("NFKC", text)))) != text:
        text = folded
    return text


def _normalised(form: Literal["NFC", "NFKC"], text: str) -> str:
    if text.isascii():
        return text
    return _run_of(_unicode14.NORMALISED).sub(lambda run: unicodedata.normalize(form, run[0]), text)


@cache
def _run_of(ranges: str) -> re.Pattern[str]:
    """Compiled when first asked for: most texts need none."""
    return re.compile(f"[{ranges}]+")
