"""Base64url without padding (RFC 7515 section 2), read only in its canonical form."""

from __future__ import annotations

import re
from base64 import urlsafe_b64decode, urlsafe_b64encode
from typing import Final

_ALPHABET: Final = re.compile("[A-Za-z0-9_-]*")


def encode(data: bytes, /) -> str:
    """The text of some bytes."""
    return urlsafe_b64encode(data).rstrip(b"=").decode("ascii")


def decode(text: object, /) -> bytes:
    """The bytes of a text.

    Raises:
        ValueError: for what is no text, for another character, padding among them, and for a last character with bits
            that stand for nothing: two texts must never stand for the same bytes.
    """
    if type(text) is not str or not _ALPHABET.fullmatch(text) or len(text) % 4 == 1:
        msg = "not base64url without padding"
        raise ValueError(msg)
    data = urlsafe_b64decode(text + "=" * (-len(text) % 4))
    if encode(data) != text:
        msg = "the last character has bits that stand for nothing"
        raise ValueError(msg)
    return data
