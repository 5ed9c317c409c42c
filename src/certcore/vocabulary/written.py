"""Numbers as people write them: folded for comparison, and held to what an issuer may put into a certificate.

Two questions, kept apart on purpose:

- *Comparing* forgives. `normalise` and `groups` accept any text, since it comes from a claims form, a camera or a
  foreign register: NFKC (which folds full-width forms), upper case, invisible characters removed, separators removed.
- *Issuing* refuses. `issued` keeps the text as printed, and refuses what no plate carries: control, bidirectional and
  other invisible characters, private-use characters and surrogates.

Never here: what a plate or a VIN is. No message repeats the text it is about.
"""

from __future__ import annotations

import re
import unicodedata
from typing import Final

MAX_CHARACTERS: Final = 32
"""Longest number that is issued, in code points: twice what the longest printed plates have. Our choice."""

MAX_UTF8_BYTES: Final = 64
"""Longest number that is issued, in bytes of UTF-8: a plate must not outgrow the signature. Our choice."""

_SEPARATORS: Final = (
    r"\s"  # every Unicode space, U+3000 too
    r"\-_./"
    "\u2010-\u2015\u2043\u2212\u2e3a\u2e3b"  # hyphens, dashes, minus
    "\u00b7\u2022\u2027\u2219\u22c5\u25cf\u30fb"  # middle dots and bullets
)
# Characters that leave no trace on paper: Unicode's Default_Ignorable_Code_Point, spelt out so that no answer depends
# on Python's Unicode version, and the interlinear annotation controls.
_INVISIBLE_RANGES: Final = (
    "\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u202a-\u202e\u2060-\u206f\u3164"
    "\ufe00-\ufe0f\ufeff\uffa0\ufff0-\ufffb\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0000-\U000e0fff"
)
_SEPARATOR_RUN: Final = re.compile(f"[{_SEPARATORS}]+")
_INVISIBLE: Final = re.compile(f"[{_INVISIBLE_RANGES}]+")
_NOT_PRINTED: Final = re.compile(
    f"[{_INVISIBLE_RANGES}"
    "\x00-\x1f\x7f-\x9f\u2028\u2029"  # C0, C1, line and paragraph separators
    "\ud800-\udfff\ue000-\uf8ff\U000f0000-\U0010ffff]"  # surrogates, private use
)

_SURELY_SHORT: Final = MAX_UTF8_BYTES // 3  # an ideograph is three bytes of UTF-8

# Unified ideographs have no case and no other form, so text of these characters alone is already folded.
_FOLDED: Final = re.compile("[0-9A-Z\u4e00-\u9fff]*")
_PLAIN: Final = re.compile("[\x00-\x7f\u00b7\u4e00-\u9fff]*")  # folded by upper-casing alone


def groups(text: str) -> tuple[str, ...]:
    """Which groups of characters the separators leave, folded; together they are `normalise(text)`.

    Separators at the ends, and repeated ones, make no group. A combining mark behind a separator attaches to what
    stands before it, and then the text is one group.
    """
    if _FOLDED.fullmatch(text):
        return (text,) if text else ()
    if _PLAIN.fullmatch(text):
        return tuple(filter(None, _SEPARATOR_RUN.split(text.upper())))
    found = tuple(filter(None, _SEPARATOR_RUN.split(_fold(text))))
    joined = "".join(found)
    whole = _fold(joined)
    return found if whole == joined else (whole,)


def normalise(text: str) -> str:
    """What is left of `text` for comparison: folded, without separators. Idempotent; accepts any text.

    Not done: letters of one script are not taken for those of another (Cyrillic U+0410 is not Latin A), nor O for 0.
    """
    if _FOLDED.fullmatch(text):
        return text
    if _PLAIN.fullmatch(text):
        return _SEPARATOR_RUN.sub("", text).upper()
    return "".join(groups(text))


def issued(text: str, name: str) -> str:
    """`text` as a certificate may carry it: NFC, trimmed, otherwise as printed.

    Args:
        text: the number as the issuer has it.
        name: what the number is, for the message.

    Raises:
        TypeError: not text. ValueError: empty, too long, or it holds a character that cannot be printed. The message
        does not repeat the text.
    """
    if 1 <= len(text) <= _SURELY_SHORT and _FOLDED.fullmatch(text):
        return text  # nothing in it that any of the rules below is about
    text = unicodedata.normalize("NFC", text.strip())
    if _NOT_PRINTED.search(text):
        raise ValueError(f"{name} holds a control, bidirectional or other character that cannot be printed")
    if len(text) > MAX_CHARACTERS or len(text.encode()) > MAX_UTF8_BYTES:
        raise ValueError(f"{name} is longer than {MAX_CHARACTERS} characters or {MAX_UTF8_BYTES} bytes of UTF-8")
    if not normalise(text):
        raise ValueError(f"{name} is empty")
    return text


def _fold(text: str) -> str:
    """NFKC, upper case and no invisible characters, until nothing changes: one may undo another."""
    while (folded := _INVISIBLE.sub("", unicodedata.normalize("NFKC", text).upper())) != text:
        text = folded
    return text
