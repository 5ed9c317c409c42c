"""The CBOR profile of every certcore document, defined once. The only importer of cbor2.

It reads and writes deterministic CBOR (RFC 8949 section 4.2.1) with only integers, byte and text strings, arrays, maps,
booleans and null. It knows nothing about COSE, claims or certificates.

Reading is checked in this order; the first error ends it:

1. the size of the input in bytes, then in items, counted by their heads before any object is built: an empty array is
   one byte on the wire and seventy in memory;
2. well-formedness, without tags, indefinite lengths, duplicate keys or deep nesting, by cbor2;
3. written again, it is the same bytes: shortest lengths and integers, and no byte trailing (cbor2 keeps the order of
   keys);
4. one bounded walk: only the exact types above (so that ``True`` or ``1.0`` never passes for the key 1), and integer
   keys in the order 0, 1, ..., -1, -2, ..., then text keys, only those a document names.

`decode_general` is for COSE headers of other programs: steps 1 and 2, and no trailing bytes; the caller checks the
rest.
"""

from __future__ import annotations

from collections.abc import Mapping
from io import BytesIO
from typing import Any, Final, NoReturn

import cbor2

from certcore.errors import RejectedInputError

MAX_DEPTH: Final = 6
"""Nested containers; the trust list, the deepest document, needs six."""

MAX_ITEMS: Final = 4096
"""Items of a document, keys and values counted, unless it states more: a certificate has a hundred."""

_GENERAL_MAX_DEPTH: Final = 16
"""Nested containers in a foreign header; x5chain, counter-signatures and CWT claims stay well below."""

_LEAVES: Final = frozenset({int, bytes, str, bool, type(None)})
"""Exact types that hold nothing else. cbor2 gives an int only for what has an encoding of its own: tags are refused."""

_FIRST_NEGATIVE: Final = 1 << 64
_FIRST_TEXT: Final = 1 << 66
"""Where negative and text keys begin when keys are numbered in their deterministic order (RFC 8949 section 4.2.1)."""

_LONGEST_TEXT_KEY: Final = 64
"""Bytes of the longest text key that a document names; every one is a short word."""

# The first byte of a byte string: with its length in it, then one byte of length behind, then two (RFC 8949 section 3)
_BYTE_STRING: Final = 0x40
_ONE_BYTE_LENGTH: Final = 0x58
_TWO_BYTE_LENGTH: Final = 0x59

# An item's head: three bits of kind, five of argument; from 24 on it follows in 1, 2, 4 or 8 bytes
_KIND_SHIFT: Final = 5
_ARGUMENT: Final = 0x1F
_LONG_ARGUMENT: Final = 24
_STRINGS: Final = (2, 3)
_CONTAINERS: Final = (4, 5)
_MAP: Final = 5

_NO_TEXT_KEYS: Final[frozenset[str]] = frozenset()

# cbor2 decodes these tags itself unless told otherwise (its documentation, "Semantic tags"); `tag_hook` sees all
# others.
_BUILT_IN_TAGS: Final = (
    0,
    1,
    2,
    3,
    4,
    5,
    25,
    28,
    29,
    30,
    35,
    36,
    37,
    52,
    54,
    100,
    256,
    258,
    260,
    261,
    1004,
    43000,
    55799,
)


def _refuse_tag(*_: object) -> NoReturn:
    """Stop the decoder: tags build objects, share references and hide bignums."""
    msg = "a tag"
    raise ValueError(msg)


_NO_TAGS: Final = dict.fromkeys(_BUILT_IN_TAGS, _refuse_tag)


def decode(
    data: bytes, /, *, max_bytes: int, max_items: int = MAX_ITEMS, text_keys: frozenset[str] = _NO_TEXT_KEYS
) -> Any:  # noqa: ANN401  as above
    """Read one deterministic CBOR item.

    Args:
        data: exactly one encoded item.
        max_bytes: the most bytes this document may have.
        max_items: the most items.
        text_keys: the text keys that may stand in maps; none by default.

    Raises:
        RejectedInputError: ``malformed``; the input is not one item of the strict profile.
    """
    if len(data) > max_bytes or len(data) > max_items:
        _check_size(data, max_bytes, max_items)
    try:
        item = cbor2.loads(
            data,
            tag_hook=_refuse_tag,
            semantic_decoders=_NO_TAGS,
            allow_indefinite=False,
            allow_duplicate_keys=False,
            max_depth=MAX_DEPTH,
        )
    except Exception as cause:  # cbor2 lets ValueError, OverflowError and TypeError escape for some inputs
        raise _malformed(
            "not well-formed, or with a tag, a duplicate key, an indefinite length or too deep nesting"
        ) from cause
    if cbor2.dumps(item) != data:
        raise _malformed("a length or an integer is not in its shortest form, or bytes follow the item")
    _check(item, text_keys)
    return item


def decode_general(data: bytes, /, *, max_bytes: int, max_items: int = MAX_ITEMS) -> Any:  # noqa: ANN401  any CBOR item
    """Read one CBOR item of a foreign document: definite, without tags or duplicate keys, in any order and length form.

    Raises:
        RejectedInputError: ``malformed``.
    """
    _check_size(data, max_bytes, max_items)
    decoder = cbor2.CBORDecoder(
        BytesIO(data),
        tag_hook=_refuse_tag,
        semantic_decoders=_NO_TAGS,
        allow_indefinite=False,
        allow_duplicate_keys=False,
        max_depth=_GENERAL_MAX_DEPTH,
    )
    try:
        item = decoder.decode()
    except Exception as cause:  # as above
        raise _malformed(
            "not well-formed, or with a tag, a duplicate key, an indefinite length or too deep nesting"
        ) from cause
    try:
        decoder.read(1)
    except cbor2.CBORDecodeEOF:
        return item
    raise _malformed("bytes follow the item")


def _check_size(data: bytes, max_bytes: int, max_items: int) -> None:
    """Refuse what is too long, or has too many items; every item is a byte at least."""
    if len(data) > max_bytes:
        raise _malformed(f"longer than the {max_bytes} bytes this document may have")
    if len(data) > max_items and _has_more_items(data, max_items):
        raise _malformed(f"not within the {max_items} items this document may have")


def fits(data: bytes, /, *, max_bytes: int, max_items: int = MAX_ITEMS) -> bool:
    """Whether what was written is within a reader's budget: for writers, who keep to it."""
    return len(data) <= max_bytes and not (len(data) > max_items and _has_more_items(data, max_items))


def _has_more_items(data: bytes, most: int) -> bool:
    """Whether there are more heads of items than that; what is no well-formed item is left to the decoder."""
    at, end, left = 0, len(data), most
    while at < end:
        if not left:
            return True
        left -= 1
        kind, argument, at = _head(data, at)
        if kind in _STRINGS:
            at += argument
        elif kind in _CONTAINERS and argument > left:
            return True
    return False


def _head(data: bytes, at: int) -> tuple[int, int, int]:
    """The kind and the argument of the item at an offset, and the offset behind its head (RFC 8949 section 3)."""
    first = data[at]
    at += 1
    argument = first & _ARGUMENT
    if argument >= _LONG_ARGUMENT:
        size = 1 << (argument - _LONG_ARGUMENT)
        argument = int.from_bytes(data[at : at + size], "big")
        at += size
    return first >> _KIND_SHIFT, argument, at


def find_members(data: bytes, wanted: frozenset[int], /) -> dict[int, Any]:
    """Some members of a map with integer keys, without building the others: of a document that may be long.

    Nothing is checked but what is taken. A map without a wanted key, or with it behind more than `MAX_ITEMS` items, and
    bytes that are no such map, give less.
    """
    found: dict[int, Any] = {}
    kind, left, at = _head(data, 0) if data else (_MAP, 0, 0)
    while kind == _MAP and left and at < len(data) and len(found) < len(wanted):
        behind_key = _behind(data, at)
        key = _small_integer(data, at)
        at, left = _behind(data, behind_key), min(left, MAX_ITEMS) - 1
        if key in wanted:
            found[key] = decode_general(data[behind_key:at], max_bytes=len(data))
    return found


def _behind(data: bytes, at: int) -> int:
    """The offset behind the item that begins at one; the end of all where it holds more than `MAX_ITEMS`."""
    pending, left = 1, MAX_ITEMS
    while pending and at < len(data):
        if not left:
            return len(data)
        kind, argument, at = _head(data, at)
        pending, left = pending - 1, left - 1
        if kind in _STRINGS:
            at += argument
        elif kind in _CONTAINERS:
            pending += argument * (2 if kind == _MAP else 1)
    return at


def _small_integer(data: bytes, at: int) -> int | None:
    """The integer at an offset; None for any other item."""
    kind, argument, _ = _head(data, at)
    return argument if kind == 0 else -1 - argument if kind == 1 else None


def encode(value: object, /) -> bytes:
    """Write one deterministic CBOR item (RFC 8949 section 4.2.1).

    Args:
        value: int, bytes, str, bool, None, and lists, tuples and mappings of them. Maps are sorted here;
            ``canonical=True`` of cbor2 sorts length-first, which is the order of RFC 7049.

    Raises:
        TypeError: for any other type, and for a map key that is neither an integer nor text.
        ValueError: for an integer outside -2**64 to 2**64 - 1, and for text that is not valid Unicode.
    """
    return cbor2.dumps(_order_keys(value))


def _malformed(what: str) -> RejectedInputError:
    return RejectedInputError(
        "malformed",
        f"The CBOR is {what}" if what.startswith(("not", "longer")) else f"In the CBOR, {what}",
        layer="cbor",
    )


def _check(item: Any, text_keys: frozenset[str]) -> None:  # noqa: ANN401  whatever cbor2 returned
    """Refuse types outside the profile and map keys out of their deterministic order.

    Leaves are looked at in their container's loop: a call for each would cost more than the rest of the walk.
    """
    kind = type(item)
    if kind is list:
        for element in item:
            if type(element) not in _LEAVES:
                _check(element, text_keys)
    elif kind is dict:
        last = -1
        for key, value in item.items():
            place = key if type(key) is int and key >= 0 else _place(key, text_keys)
            if place <= last:
                raise _malformed("map keys are out of order")
            last = place
            if type(value) not in _LEAVES:
                _check(value, text_keys)
    elif kind not in _LEAVES:
        raise _malformed(f"a value is a {kind.__name__}, which no document uses")


def _place(key: object, text_keys: frozenset[str]) -> int:
    """Where any other key stands in the order of encoded keys: negative ones, then text, the shortest first."""
    if type(key) is int:
        return _FIRST_NEGATIVE - key
    if type(key) is not str or key not in text_keys:
        raise _malformed("a map has a key that this document does not have")
    encoded = key.encode()
    return _FIRST_TEXT + int.from_bytes(bytes((len(encoded),)) + encoded.ljust(_LONGEST_TEXT_KEY, b"\0"), "big")


def _order_keys(value: object) -> object:
    """The same value with every map in deterministic order and nothing outside the profile."""
    kind = type(value)
    if type(value) is int:
        return _in_range(value)
    if kind in {bytes, str, bool} or value is None:
        return value
    if isinstance(value, Mapping):
        return {_order_keys(key): _order_keys(value[key]) for key in sorted(value, key=_key_order)}
    if isinstance(value, (list, tuple)):
        return [_order_keys(element) for element in value]
    msg = f"a {kind.__name__} is not written in certcore's CBOR"
    raise TypeError(msg)


def _in_range(value: int) -> int:
    if not -(2**64) <= value < 2**64:
        msg = "an integer outside -2**64 to 2**64 - 1 has no deterministic CBOR form here"
        raise ValueError(msg)
    return value


def _key_order(key: object) -> tuple[int, int, bytes]:
    """Sort key that gives the bytewise order of encoded keys: unsigned, negative, text."""
    if type(key) is int:
        return (0, key, b"") if key >= 0 else (1, -key, b"")
    if type(key) is str:
        encoded = key.encode()
        return 2, len(encoded), encoded
    msg = f"a {type(key).__name__} is not a map key in certcore's CBOR"
    raise TypeError(msg)


def find_byte_string(data: bytes, at: int, /) -> tuple[int, int]:
    """Where the byte string of shortest form whose head stands at an offset begins behind it, and where it ends.

    Every certificate's envelope is three of these behind fixed bytes: finding them one by one proves what `decode`
    would, in half the time. Strings of 64 KiB and more are refused.

    Raises:
        RejectedInputError: ``malformed``.
    """
    try:
        kind = data[at]
        if kind == _ONE_BYTE_LENGTH:
            start, size, least = at + 2, data[at + 1], _ONE_BYTE_LENGTH - _BYTE_STRING
        elif _BYTE_STRING <= kind < _ONE_BYTE_LENGTH:
            start, size, least = at + 1, kind - _BYTE_STRING, 0
        elif kind == _TWO_BYTE_LENGTH:
            start, size, least = at + 3, data[at + 1] << 8 | data[at + 2], 0x100
        else:
            raise _malformed("no short byte string stands where one belongs")
    except IndexError:
        raise _malformed("a byte string is cut off") from None
    end = start + size
    if size < least or end > len(data):
        raise _malformed("a byte string is cut off, or its length is not in shortest form")
    return start, end


def require_bytes(data: object, what: str, /) -> None:
    """Return for bytes; TypeError for anything else that a caller hands in where a document is expected."""
    if not isinstance(data, bytes | bytearray):
        raise TypeError(f"{what} is bytes, not {type(data).__name__}")


def byte_string(data: bytes, /) -> bytes:
    """A byte string with its shortest head: what Sig_structures are made of."""
    return cbor2.dumps(data)
