"""Which characters a text may hold, as ranges that are written out.

Nothing here asks the running Python's Unicode tables, since a text that Python 3.13 can print is "not printable" to
Python 3.11: the same document would be valid on one machine and malformed on the other. A code point that no Unicode
version has assigned yet is allowed, for it may be a letter of tomorrow. ``docs/reference/format.md`` section 5 has the
same ranges; a test compares them.
"""

from __future__ import annotations

import re
import sys
from typing import Final, TypeGuard

__all__ = ["INVISIBLE", "NEVER", "SPACES", "is_text"]

NEVER: Final = (
    "\x00-\x1f\x7f-\x9f"  # controls
    "\u2028\u2029"  # line and paragraph separator
    "\ud800-\udfff"  # surrogates
    "\ue000-\uf8ff\U000f0000-\U0010ffff"  # private use
    "\ufdd0-\ufdef"  # noncharacters; in planes 0 to 14 also the last two code points
    + "".join(f"{chr((plane << 16) + 0xFFFE)}{chr((plane << 16) + 0xFFFF)}" for plane in range(15))
    # format characters, and the code points that are reserved for more of them
    + "\u00ad\u0600-\u0605\u061c\u06dd\u070f\u0890\u0891\u08e2\u180e\u200b-\u200f\u202a-\u202e\u2060-\u206f\ufeff"
    "\ufff0-\ufffb\U000110bd\U000110cd\U00013430-\U0001343f\U0001bca0-\U0001bca3\U0001d173-\U0001d17a"
    "\U000e0000-\U000e00ff\U000e01f0-\U000e0fff"
)
"""No text of a document holds these, as the inside of a character class."""

SPACES: Final = "\u00a0\u1680\u2000-\u200a\u202f\u205f\u3000"
"""Every space but U+0020: a text does without, a registration number may hold them."""

INVISIBLE: Final = (
    "\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u202a-\u202e\u2060-\u206f\u3164"
    "\ufe00-\ufe0f\ufeff\uffa0\ufff0-\ufffb\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0000-\U000e0fff"
)
"""Leave no trace on paper: Default_Ignorable_Code_Point and the annotation controls. A number never holds them."""

_PLAIN: Final = re.compile("[ -~\u4e00-\u9fff]+")  # ASCII and ideographs: nearly every text, and quick to see
_REFUSED: Final = re.compile(f"[{NEVER}{SPACES}]")


def is_text(value: object, longest: int = sys.maxsize) -> TypeGuard[str]:
    """Whether a value is a text of at least 1 and at most so many characters, and a document may hold each."""
    if type(value) is not str or not 1 <= len(value) <= longest:
        return False
    if value.isascii():
        return value.isprintable()
    return _PLAIN.fullmatch(value) is not None or _REFUSED.search(value) is None
