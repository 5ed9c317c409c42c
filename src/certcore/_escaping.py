r"""Escape untrusted text: characters that cannot be seen, or that change the text around them, become an escape.

All text from a certificate, a QR symbol or a file name goes through `escape` before it is shown or printed.
The text is not interpreted, and markup is not escaped: the code that writes the markup does that.
"""

from __future__ import annotations

import re
from typing import Final

# Printable to Python, yet leaving no trace on a screen: the rest of Unicode's Default_Ignorable_Code_Point.
_INVISIBLE: Final = re.compile(
    "[\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u3164\ufe00-\ufe0f\uffa0\U000e0100-\U000e01ef]"
)
_NAMED: Final = {"\\": "\\\\", "\n": "\\n", "\r": "\\r", "\t": "\\t"}


def escape(text: str) -> str:
    r"""The same text, safe to show: whatever is not printed as itself becomes an escape such as ``\x1b`` or ``\u202e``.

    Control, bidirectional, zero-width, private and unassigned characters, lone surrogates, line separators and every
    space but the plain one; and the backslash, so that an escape is never mistaken for text.
    """
    if text.isascii() and text.isprintable() and "\\" not in text:
        return text
    return "".join(map(_escape_character, text))


def _escape_character(character: str) -> str:
    if character in _NAMED:
        return _NAMED[character]
    if character.isprintable() and not _INVISIBLE.match(character):
        return character
    number = ord(character)
    if number <= 0xFF:  # noqa: PLR2004  two digits
        return f"\\x{number:02x}"
    return f"\\u{number:04x}" if number <= 0xFFFF else f"\\U{number:08x}"  # noqa: PLR2004  four digits
