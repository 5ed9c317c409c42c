"""VINs and other chassis numbers: recognised, packed into 11 bytes, compared.

A VIN has 17 of the 33 characters `0-9A-HJ-NPR-Z` (ISO 3779). The check digit is a hint and nothing more: North
America and China ask for it, Europe does not, so genuine vehicles fail it, and one random error in eleven passes.
Chassis numbers that are not VINs (Japanese ones, vehicles older than 1981) stay text.
"""

from __future__ import annotations

import re
from enum import Enum
from itertools import product
from typing import Final

from certcore.vocabulary import _written as written

SYMBOLS: Final = "0123456789ABCDEFGHJKLMNPRSTUVWXYZ"
"""The 33 characters of a VIN in ASCII order; the index of each is its digit when packed."""

VIN_CHARACTERS: Final = 17
"""The length of every VIN."""

PACKED_BYTES: Final = 11
"""Size of a packed VIN: 33**17 numbers fit into 86 bits."""

SHORTEST_EXPECTED: Final = 6
"""Fewest characters that may stand for a chassis number: the serial number of a VIN (ISO 3779) in North America."""

LONGEST_TAIL: Final = 8
"""Most characters taken for the tail of a chassis number: the vehicle indicator section of a VIN (ISO 3779)."""

_NAME: Final = "a chassis number"
_LIMIT: Final = 33**17
_VIN: Final = re.compile("[0-9A-HJ-NPR-Z]{17}")
_INT_DIGITS: Final = bytes.maketrans(SYMBOLS.encode(), b"0123456789abcdefghijklmnopqrstuvw")  # what int(_, 33) reads
_PAIRS: Final = tuple(map("".join, product(SYMBOLS, repeat=2)))
_LOOKALIKES: Final = str.maketrans("IOQ", "100")

_VALUES: Final = bytes.maketrans(SYMBOLS.encode(), bytes(map(int, "012345678912345678123457923456789")))


def normalise_vin(text: str) -> str:
    """What is left of a chassis number for comparison: NFKC, upper case, no separators. Idempotent.

    Raises:
        TypeError: not text. ValueError: more than 256 characters.
    """
    return written.normalise(text)


def is_vin(text: str) -> bool:
    """Whether `text` has the form of a VIN (ISO 3779): 17 of `0-9A-HJ-NPR-Z`, nothing to normalise.

    Not checked: the check digit, the manufacturer, or whether the vehicle exists.
    """
    return _VIN.fullmatch(text) is not None


def vin_check_digit_ok(vin: str) -> bool:
    """Whether position 9 is the check digit of 49 CFR 565.15(c). A hint: genuine European VINs fail it.

    Raises:
        ValueError: not a VIN.
    """
    _require_vin(vin)
    return not has_wrong_check_digit(vin)


def has_wrong_check_digit(text: str) -> bool:
    """Whether `text` has the form of a VIN, and position 9 is not its check digit."""
    if len(text) != VIN_CHARACTERS or not text.isascii():
        return False
    a, b, c, d, e, f, g, h, _, i, j, k, m, n, o, p, q = text.encode().translate(_VALUES)
    weighed = 8 * (a + j) + 7 * (b + k) + 6 * (c + m) + 5 * (d + n) + 4 * (e + o) + 3 * (f + p) + 2 * (g + q)
    weighed += 10 * h + 9 * i  # the weights of 49 CFR 565.15(c), GB 16735
    return text[8] != "0123456789X"[weighed % 11] and is_vin(text)


def pack_vin(vin: str) -> bytes:
    """A VIN as 11 bytes: a number in base 33, the first character most significant, big-endian.

    Raises:
        ValueError: not a VIN (`is_vin`).
    """
    _require_vin(vin)
    return int(vin.encode().translate(_INT_DIGITS), 33).to_bytes(PACKED_BYTES, "big")


def unpack_vin(data: bytes) -> str:
    """The VIN that `pack_vin` packed. Every VIN has one packed form, and every acceptable input one VIN.

    Raises:
        ValueError: not 11 bytes, or a number that no VIN has (33**17 or more).
    """
    number = int.from_bytes(data, "big")
    if len(data) != PACKED_BYTES or number >= _LIMIT:
        raise ValueError("not a packed VIN")
    # four characters at a time: dividing by a small number takes less than halving a large one
    number, d = divmod(number, 33**4)
    number, c = divmod(number, 33**4)
    number, b = divmod(number, 33**4)
    first, a = divmod(number, 33**4)
    pairs = _PAIRS  # one look-up of the name instead of eight
    return (
        f"{SYMBOLS[first]}{pairs[a // 1089]}{pairs[a % 1089]}{pairs[b // 1089]}{pairs[b % 1089]}"
        f"{pairs[c // 1089]}{pairs[c % 1089]}{pairs[d // 1089]}{pairs[d % 1089]}"
    )


class VinMatch(Enum):
    """How an expected chassis number agrees with the actual one.

    Only `WHOLE` and `TAIL` are matches. The others differ in what they hint at: `LOOKALIKE` agrees once I is read as
    1, O and Q as 0, and letters of other scripts as the Latin ones they look like, as far as it goes; `INCOMPLETE` is a
    tail of 9 characters or more, which agrees as far as it goes but is not a form that counts.
    """

    WHOLE = "whole"
    TAIL = "tail"
    LOOKALIKE = "lookalike"
    INCOMPLETE = "incomplete"
    MISMATCH = "mismatch"

    @property
    def matches(self) -> bool:
        """Whether this is a match, not a hint."""
        return self is VinMatch.WHOLE or self is VinMatch.TAIL


_WHOLE: Final = VinMatch.WHOLE  # a look-up in an enumeration takes as long as the comparison


def same_vin(expected: str, actual: str, /) -> VinMatch:
    """How `expected`, a whole chassis number or its last 6 to 8 characters, agrees with `actual`, a whole one.

    Both are normalised. Not checked: whether `expected` is acceptable at all (`check_expected_vin`). Not symmetric,
    as only `expected` may be a tail. A text with nothing left matches nothing.
    """
    if expected == actual and len(actual) == VIN_CHARACTERS and actual.isascii() and actual.isalnum():
        return _WHOLE  # normalised, both are as many letters and digits
    expected, actual = written.normalise(expected), written.normalise(actual)
    match = _compare(expected, actual)
    if match is not VinMatch.MISMATCH:
        return match
    near = _compare(*(written.fold_scripts(text).translate(_LOOKALIKES) for text in (expected, actual)))
    return match if near is VinMatch.MISMATCH else VinMatch.LOOKALIKE


def check_expected_vin(text: str) -> str:
    """`text` normalised, if it may be expected of a certificate: a whole chassis number, or the last 6 to 8 of one.

    Not checked: whether 9 to 16 characters are the whole of a chassis number that is no VIN, or a fragment of a VIN.
    Only the actual number can tell, and `same_vin` then answers `INCOMPLETE` or `MISMATCH`.

    Raises:
        ValueError: fewer than 6 characters or more than 32. The message does not repeat the text.
    """
    normalised = written.normalise(written.given(text, "an expected VIN"))
    if not SHORTEST_EXPECTED <= len(normalised) <= written.MAX_CHARACTERS:
        raise ValueError(f"an expected VIN is whole, or its last {SHORTEST_EXPECTED} to {LONGEST_TAIL} characters")
    return normalised


def issued_chassis_number(text: str) -> str:
    """A chassis number as a certificate carries it: NFC, trimmed, upper case, separators kept.

    Not checked: whether it is a VIN. One that is goes into a certificate packed (`pack_vin`), never as text.

    Raises:
        TypeError: not text.
        ValueError: nothing but separators, longer than 32 characters or 64 bytes of UTF-8, or it holds control,
            bidirectional, invisible or private-use characters. The message does not repeat the number.
    """
    upper = written.fold_case(written.issued(text, _NAME))
    return written.issued(upper, _NAME)  # upper case may be longer, and need composing


def _require_vin(vin: str) -> None:
    if not _VIN.fullmatch(vin):
        raise ValueError("not a VIN: 17 characters of 0-9 and A-Z without I, O and Q")


def _compare(expected: str, actual: str) -> VinMatch:
    if not expected or not actual.endswith(expected):
        return VinMatch.MISMATCH
    if len(expected) == len(actual):
        return VinMatch.WHOLE
    if SHORTEST_EXPECTED <= len(expected) <= LONGEST_TAIL:
        return VinMatch.TAIL
    return VinMatch.INCOMPLETE if len(expected) > LONGEST_TAIL else VinMatch.MISMATCH
