"""Bytes to the text that a QR symbol carries, and back: ``VIC1:`` and Base45 (RFC 9285).

Nothing is trimmed, guessed or repaired: lower case, a missing prefix or an unknown character is an error. There is no
compression: it makes these bytes larger, and would allow decompression bombs. The bytes are not interpreted here.
"""

from __future__ import annotations

from typing import Final

from certcore.errors import IssuingError, RejectedInputError

__all__ = [
    "base45_decode",
    "base45_encode",
    "decode",
    "encode",
]

PREFIX: Final = "VIC1:"

MAX_CHARACTERS: Final = 4296
"""Characters of the largest QR symbol in alphanumeric mode, version 40-L (ISO/IEC 18004 table 7)."""

_ALPHABET: Final = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ $%*+-./:"
_STRANGE: Final = 0xFF
_VALUES: Final = bytes(_ALPHABET.find(chr(byte)) & _STRANGE for byte in range(256))  # find gives -1 for what is strange
_LARGEST_BYTE: Final = 0xFF
_PAIRS: Final = tuple(low + high for high in _ALPHABET for low in _ALPHABET)

_LOWEST_OF_THREE: Final = b"\x00\x00\xff"
_LOWEST: Final = int.from_bytes(_LOWEST_OF_THREE * (MAX_CHARACTERS // 3), "big")
"""The lowest byte of each three, in as many as a symbol's text has."""

_FOREIGN: Final = (
    ("HC1:", "eu-dcc"),
    ("shc:/", "smart-health-card"),
    ("SHC:/", "smart-health-card"),
    ("https://", "url"),
    ("http://", "url"),
    ("HTTPS://", "url"),
    ("HTTP://", "url"),
    ("VC1-", "vc-barcode"),
    ("NZCP:/", "nz-covid-pass"),
    ("DC0", "2d-doc"),
    ("eyJ", "jwt"),
)
"""How other codes begin: reported to the user, never decoded."""


def encode(data: bytes, /) -> str:
    """The text for a QR symbol, in its alphanumeric mode.

    Raises:
        IssuingError: ``qr-too-large``; no QR symbol holds the text.
    """
    text = PREFIX + base45_encode(data)
    if len(text) > MAX_CHARACTERS:
        raise IssuingError(
            "qr-too-large", f"{len(text)} characters do not fit a QR symbol, which holds {MAX_CHARACTERS}"
        )
    return text


def decode(text: str, /) -> bytes:
    """The bytes that a QR symbol's text carries; at least one.

    Raises:
        RejectedInputError: ``no-certificate`` for no text at all, ``foreign-format`` without the prefix, ``malformed``
            otherwise.
    """
    if not isinstance(text, str):
        raise _not_text(text)
    if not text.startswith(PREFIX):
        raise _not_ours(text)
    if len(text) > MAX_CHARACTERS:
        raise RejectedInputError(
            "malformed", f"The text is longer than the {MAX_CHARACTERS} characters of a QR symbol", layer="text"
        )
    data = base45_decode(text[len(PREFIX) :])
    if not data:
        raise RejectedInputError("malformed", "Nothing follows the prefix", layer="text")
    return data


def base45_encode(data: bytes, /) -> str:
    """Base45 (RFC 9285 section 4): three characters for two bytes, two for a last single one."""
    even = len(data) & ~1
    parts: list[str] = []
    for high, low in zip(data[0:even:2], data[1:even:2], strict=True):
        third, rest = divmod(high << 8 | low, 2025)
        parts.append(_PAIRS[rest])
        parts.append(_ALPHABET[third])
    if even < len(data):
        parts.append(_PAIRS[data[-1]])
    return "".join(parts)


def base45_decode(text: str, /) -> bytes:
    """The bytes behind Base45 text; strict, and in time linear in its length.

    All triples are decoded at once, as one long integer: in each three bytes of it stand c, d and e, and what they
    stand for, ``c + 45 d + 2025 e``, takes their place (RFC 9285 section 4.2). A triple above 65535 shows in the upper
    of the three bytes, which goes.

    Raises:
        RejectedInputError: ``malformed``; another character, a length that leaves one over, a triple above 65535, a
            pair above 255.
    """
    if not isinstance(text, str):
        raise _not_text(text)
    if not text.isascii():  # asked first, because an encoder's error would hold the whole text
        raise _not_base45("a character is outside the alphabet")
    raw = text.encode("ascii")
    values = raw.translate(_VALUES)
    if _STRANGE in values:
        raise _not_base45("a character is outside the alphabet")
    triples, rest = divmod(len(values), 3)
    if rest == 1:
        raise _not_base45("one character is left over")
    end = 3 * triples
    number = int.from_bytes(values[:end], "big")
    low = _LOWEST if end <= MAX_CHARACTERS else int.from_bytes(_LOWEST_OF_THREE * triples, "big")
    words = (number >> 16 & low) + 45 * (number >> 8 & low) + 2025 * (number & low)
    if words >> 16 & low:
        raise _not_base45("three characters stand for more than two bytes")
    data = bytearray(words.to_bytes(end, "big"))
    del data[::3]
    if rest:
        last = values[end] + 45 * values[end + 1]
        if last > _LARGEST_BYTE:
            raise _not_base45("the last two characters stand for more than a byte")
        data.append(last)
    return bytes(data)


def _not_text(given: object) -> TypeError:
    return TypeError(f"a certificate's text is a str, not {type(given).__name__}")


def _not_base45(what: str) -> RejectedInputError:
    return RejectedInputError("malformed", f"The text is not Base45: {what}", layer="base45")


def _not_ours(text: str) -> RejectedInputError:
    """What a text without the prefix is, as far as its beginning tells."""
    if not text:
        return RejectedInputError("no-certificate", "There is no text")
    for beginning, name in _FOREIGN:
        if text.startswith(beginning):
            return RejectedInputError("foreign-format", f"This is another kind of code ({name})", format=name)
    return RejectedInputError("foreign-format", f"The text does not begin with {PREFIX}", format="unknown")
