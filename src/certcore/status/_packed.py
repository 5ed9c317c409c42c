"""`StatusList`: the states of up to millions of entries, 1, 2, 4 or 8 bits each, packed and never unpacked.

Public name of `certcore.status.tokenlist`, which re-exports it. What lives here: the packed bytes, their compression
and the map they travel in (draft-ietf-oauth-status-list section 4). What never does: signatures, claims and times.

Bits are numbered from the least significant one: entry 0 is in the lowest bits of the first byte. W3C's bit string
status list counts the other way round.
"""

from __future__ import annotations

import zlib
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, Final, Self

import attrs

from certcore import _cbor
from certcore.errors import RejectedInputError, StatusError
from certcore.status.protocol import StatusState

DEFAULT_MAX_LIST_BYTES: Final = 16 << 20
"""Bytes that a list may inflate to where the trust list states no ``max_entries``: 67 million entries of two bits."""

ENTRY_BITS: Final = (1, 2, 4, 8)
"""Bits that one entry may have (draft-ietf-oauth-status-list section 4.1)."""

VALUE_OF: Final[Mapping[StatusState, int]] = MappingProxyType(
    {StatusState.VALID: 0, StatusState.REVOKED: 1, StatusState.SUSPENDED: 2, StatusState.SUPERSEDED: 3}
)
"""How each state is written (draft-ietf-oauth-status-list section 7; 3 is left to the application)."""

_STATES: Final = tuple(VALUE_OF)

_COMPRESSION_LEVEL: Final = 9
"""The draft's recommendation (section 4.1), and a third smaller than zlib's own default."""

_ENVELOPE_BYTES: Final = 16 << 10
"""Bytes that a signed list may have beside its entries: claims, headers with a chain, an ML-DSA signature."""


def wire_bytes(max_list_bytes: int, /) -> int:
    """The most bytes that a document with a list of that size may have: what does not compress grows by 0.03 %.

    Raises:
        ValueError: for anything but a whole number from 1. To zlib a maximum of 0 means unlimited.
    """
    if type(max_list_bytes) is not int or max_list_bytes < 1:
        msg = "the most bytes that a list may inflate to are a whole number from 1"
        raise ValueError(msg)
    return max_list_bytes + (max_list_bytes >> 8) + _ENVELOPE_BYTES


def _is_entry_bits(_: object, __: attrs.Attribute[int] | None, value: int) -> None:
    if type(value) is not int or value not in ENTRY_BITS:
        msg = "an entry has 1, 2, 4 or 8 bits"
        raise ValueError(msg)


def _is_packed(_: object, __: attrs.Attribute[bytes] | None, value: bytes) -> None:
    if type(value) is not bytes or not value:
        msg = "packed entries are at least one byte"
        raise ValueError(msg)


@attrs.frozen(kw_only=True, repr=False)
class StatusList:
    """The states of all entries of one list, at one time. How it is signed, and when, is `StatusToken`'s.

    A list does not say how many entries were ever given out: what nobody set reads 0, which is valid.

    Attributes:
        bits: of one entry.
        data: the packed entries, those of the lowest index in the least significant bits of the first byte.
    """

    bits: int = attrs.field(validator=_is_entry_bits)
    data: bytes = attrs.field(validator=_is_packed)

    @classmethod
    def from_values(cls, values: Mapping[int, int], /, *, size: int, bits: int = 2) -> Self:
        """A list of which only some entries are not 0.

        Args:
            values: index to value, of the entries that are not 0.
            size: how many entries there are; the last byte is filled up with entries that are 0.
            bits: of one entry.

        Raises:
            ValueError: for an index outside the list, a value that does not fit, an empty list or other bits.
        """
        _is_entry_bits(None, None, bits)
        if type(size) is not int or size < 1:
            msg = "a list has at least one entry"
            raise ValueError(msg)
        packed, limit = bytearray((size * bits + 7) >> 3), 1 << bits
        for index, value in values.items():
            if type(index) is not int or not 0 <= index < size or type(value) is not int or not 0 <= value < limit:
                msg = f"an entry is an index below {size} and a value below {limit}"
                raise ValueError(msg)
            place = index * bits
            packed[place >> 3] |= value << (place & 7)
        return cls(bits=bits, data=bytes(packed))

    @classmethod
    def from_packed(cls, data: bytes, /, *, bits: int) -> Self:
        """A list of entries that are packed already.

        Raises:
            ValueError: for no bytes, and for other bits than 1, 2, 4 and 8.
        """
        return cls(bits=bits, data=bytes(data))

    @classmethod
    def from_bytes(cls, cbor: bytes, /, *, max_list_bytes: int = DEFAULT_MAX_LIST_BYTES) -> Self:
        """The list in an encoded map ``{"bits": ..., "lst": ...}``, anybody's.

        An ``aggregation_uri`` is checked to be text and not followed; other members have no meaning here.

        Args:
            cbor: the map, in any order and length form.
            max_list_bytes: the most bytes it may inflate to.

        Raises:
            StatusError: ``status-list-malformed``, ``status-list-too-large``.
        """
        max_bytes = wire_bytes(max_list_bytes)
        if len(cbor) > max_bytes:
            raise StatusError("status-list-too-large", "The list has more bytes than a list of its kind may have")
        try:
            members = _cbor.decode_general(cbor, max_bytes=max_bytes)
        except RejectedInputError as cause:
            raise StatusError("status-list-malformed", "The list is not well-formed CBOR") from cause
        return cls.from_members(members, max_list_bytes=max_list_bytes)

    @classmethod
    def from_members(cls, members: Any, /, *, max_list_bytes: int = DEFAULT_MAX_LIST_BYTES) -> Self:  # noqa: ANN401  whatever was decoded
        """As `from_bytes`, of the decoded map."""
        if type(members) is not dict or not all(type(name) is str for name in members):
            raise StatusError("status-list-malformed", "The list is not a map with text for keys")
        bits, packed = members.get("bits"), members.get("lst")
        if type(bits) is not int or bits not in ENTRY_BITS:
            raise StatusError("status-list-malformed", "The list's entries have neither 1, 2, 4 nor 8 bits")
        if type(packed) is not bytes or type(members.get("aggregation_uri", "")) is not str:
            raise StatusError("status-list-malformed", "A member of the list is of the wrong type")
        return cls(bits=bits, data=_inflated(packed, max_list_bytes))

    def get(self, index: int, /) -> int:
        """The value of one entry.

        Raises:
            StatusError: ``status-unknown-reference`` for anything but an index of this list.
        """
        bits = self.bits
        if type(index) is not int or not 0 <= (place := index * bits) < len(self.data) << 3:
            raise StatusError("status-unknown-reference", "The list has no such entry")
        return (self.data[place >> 3] >> (place & 7)) & ((1 << bits) - 1)

    def state(self, index: int, /) -> StatusState:
        """The state of one entry.

        Raises:
            StatusError: ``status-unknown-reference`` as `get`; ``status-value-unknown`` for a value that certcore gives
                no meaning, which is not valid either.
        """
        value = self.get(index)
        if value >= len(_STATES):
            raise StatusError("status-value-unknown", "The list gives the entry a value without a meaning", value=value)
        return _STATES[value]

    def __len__(self) -> int:
        return len(self.data) * 8 // self.bits

    def to_members(self, *, aggregation_uri: str | None = None) -> dict[str, int | bytes | str]:
        """What `to_bytes` encodes."""
        members: dict[str, int | bytes | str] = {
            "bits": self.bits,
            "lst": zlib.compress(self.data, _COMPRESSION_LEVEL),
        }
        if aggregation_uri is not None:
            members["aggregation_uri"] = aggregation_uri
        return members

    def to_bytes(self, *, aggregation_uri: str | None = None) -> bytes:
        """The list as deterministic CBOR, compressed; the same bytes wherever zlib is the same."""
        return _cbor.encode(self.to_members(aggregation_uri=aggregation_uri))

    def __repr__(self) -> str:
        return f"StatusList(bits={self.bits}, {len(self)} entries)"


def _inflated(packed: bytes, max_list_bytes: int) -> bytes:
    """What a zlib stream (RFC 1950) holds: one whole stream, nothing behind it, and never more than allowed."""
    wire_bytes(max_list_bytes)
    inflater = zlib.decompressobj()
    try:
        data = inflater.decompress(packed, max_list_bytes + 1)
    except zlib.error as cause:
        raise StatusError("status-list-malformed", "The list's entries are not a zlib stream") from cause
    if len(data) > max_list_bytes:
        raise StatusError("status-list-too-large", "The list inflates to more than it may", max_bytes=max_list_bytes)
    if not inflater.eof or inflater.unused_data:
        raise StatusError("status-list-malformed", "The list's entries are cut off, or something follows them")
    if not data:
        raise StatusError("status-list-malformed", "The list has no entries")
    return data
