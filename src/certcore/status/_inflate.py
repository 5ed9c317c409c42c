"""Compressed lists: how many bytes they may have when sent, and how the size of a zlib stream is limited."""

from __future__ import annotations

import zlib
from typing import Final

from certcore.errors import StatusError

_ENVELOPE_BYTES: Final = 16 << 10
"""Bytes that a signed list may have beside its entries: claims, headers with a chain, an ML-DSA signature."""

_UNBOUNDED: Final = 1 << 40
"""A maximum beyond which there is none: zlib takes no number of any size, and no document has so many bytes."""


def wire_bytes(max_list_bytes: int, /) -> int:
    """The most bytes that a document with a list of that size may have: what does not compress grows by 0.03 %.

    Raises:
        ValueError: for anything but a whole number from 1. To zlib a maximum of 0 means unlimited.
    """
    if type(max_list_bytes) is not int or max_list_bytes < 1:
        msg = "the most bytes that a list may inflate to are a whole number from 1"
        raise ValueError(msg)
    return max_list_bytes + (max_list_bytes >> 8) + _ENVELOPE_BYTES


def inflate(packed: bytes, max_list_bytes: int, /) -> bytes:
    """What a zlib stream (RFC 1950) holds: one whole stream, nothing behind it, and never more than allowed."""
    wire_bytes(max_list_bytes)
    inflater = zlib.decompressobj()
    try:
        data = inflater.decompress(packed, min(max_list_bytes, _UNBOUNDED) + 1)
    except zlib.error as cause:
        raise StatusError("status-list-malformed", "The list's entries are not a zlib stream") from cause
    if len(data) > max_list_bytes:
        raise StatusError("status-list-too-large", "The list inflates to more than it may", max_bytes=max_list_bytes)
    if not inflater.eof or inflater.unused_data:
        raise StatusError("status-list-malformed", "The list's entries are cut off, or something follows them")
    if not data:
        raise StatusError("status-list-malformed", "The list has no entries")
    return data
