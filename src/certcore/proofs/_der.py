"""Time-stamp tokens brought into DER. What is not signed may be BER (RFC 5652 section 5.1), and authorities use that.

`to_der` rewrites what no signature is over: lengths, strings in pieces, and the order of sets, the certificates among
them. What is signed is copied: the stamped content's octets, and each certificate. Signed attributes are hashed as DER
whatever they arrive as (section 5.4). Nothing is checked here: bytes that are not a token are returned unchanged.
"""

from __future__ import annotations

from typing import Final

import attrs

_OID, _OCTETS, _SEQUENCE, _SET = 0x06, 0x04, 0x30, 0x31
_FIELD_0, _FIELD_1 = 0xA0, 0xA1
_CONSTRUCTED: Final = 0x20
_HIGH_TAG: Final = 0x1F
_INDEFINITE: Final = 0x80
_END: Final = b"\0\0"
_MAX_DEPTH: Final = 32
"""Elements within elements: a token's signed attributes lie some 12 deep."""


@attrs.frozen
class _Element:
    """One element of BER (X.690 section 8.1): its bytes as they came, and what is inside.

    Attributes:
        tag: its first byte.
        raw: all of it.
        content: what a primitive one holds.
        members: what a constructed one holds.
    """

    tag: int
    raw: bytes
    content: bytes = b""
    members: tuple[_Element, ...] = ()


def to_der(data: bytes) -> bytes:
    """A TimeStampToken or a TimeStampResp in DER; anything else as it is."""
    try:
        whole, end = _read(data, 0, _MAX_DEPTH)
        if end != len(data) or whole.tag != _SEQUENCE:
            return data
        if whole.members[0].tag == _OID:
            return _token(whole)
        status, *token = whole.members
        return element(_SEQUENCE, _to_der_element(status) + b"".join(map(_token, token)))
    except (IndexError, ValueError):
        return data


def element(tag: int, content: bytes) -> bytes:
    """An element of DER around its content (X.690 section 8.1.3)."""
    size = len(content)
    if size < _INDEFINITE:
        return bytes((tag, size)) + content
    length = size.to_bytes((size.bit_length() + 7) // 8, "big")
    return bytes((tag, _INDEFINITE | len(length))) + length + content


def _token(token: _Element) -> bytes:
    """A ContentInfo with SignedData in it (RFC 5652 sections 3 and 5.1)."""
    kind, around = token.members
    (signed_data,) = around.members
    version, digests, content, *sets = signed_data.members
    inside = _to_der_element(version) + _set_of(digests) + _to_der_element(content)
    for one in sets:
        inside += _copied_set(one) if one.tag in {_FIELD_0, _FIELD_1} else _signers(one)
    return element(token.tag, _to_der_element(kind) + element(around.tag, element(signed_data.tag, inside)))


def _signers(signers: _Element) -> bytes:
    """The SignerInfos, each with its sets of attributes in order."""
    return element(signers.tag, b"".join(sorted(_signer(one) for one in signers.members)))


def _signer(signer: _Element) -> bytes:
    inside = (
        _set_of(one) if one.tag in {_FIELD_0, _FIELD_1} and one.members else _to_der_element(one)
        for one in signer.members
    )
    return element(signer.tag, b"".join(inside))


def _copied_set(one: _Element) -> bytes:
    """Certificates or revocation lists, each as its issuer signed it."""
    return element(one.tag, b"".join(sorted(member.raw for member in one.members)))


def _set_of(one: _Element) -> bytes:
    return element(one.tag, b"".join(sorted(map(_to_der_element, one.members))))


def _to_der_element(one: _Element) -> bytes:
    """An element in DER: a definite length, a string in one piece, a set in order."""
    if not one.tag & _CONSTRUCTED:
        return element(one.tag, one.content)
    if one.tag == _OCTETS | _CONSTRUCTED:
        return element(_OCTETS, _join(one))
    return _set_of(one) if one.tag == _SET else element(one.tag, b"".join(map(_to_der_element, one.members)))


def _join(string: _Element) -> bytes:
    """The octets of a string, which may be in pieces of pieces (X.690 section 8.7.3)."""
    if string.tag == _OCTETS:
        return string.content
    if string.tag != _OCTETS | _CONSTRUCTED:
        msg = "a piece of a string is a string"
        raise ValueError(msg)
    return b"".join(map(_join, string.members))


def _read(data: bytes, start: int, depth: int) -> tuple[_Element, int]:
    """The element at a place, and where it ends.

    Raises:
        IndexError, ValueError: there is none.
    """
    tag = data[start]
    if tag & _HIGH_TAG == _HIGH_TAG or not depth:
        msg = "no token has such tags, or is so deep"
        raise ValueError(msg)
    size, at = _length(data, start + 1)
    end = None if size is None else at + size
    if end is not None and end > len(data):
        msg = "it ends before its content does"
        raise ValueError(msg)
    if not tag & _CONSTRUCTED:
        if end is None:
            msg = "only what has members may have no length"
            raise ValueError(msg)
        return _Element(tag, data[start:end], data[at:end]), end
    members, end = _members(data, at, end, depth - 1)
    return _Element(tag, data[start:end], members=members), end


def _members(data: bytes, at: int, end: int | None, depth: int) -> tuple[tuple[_Element, ...], int]:
    """The elements up to an end, or up to the mark that stands for one; and where the element around them ends."""
    found = []
    while at != end if end is not None else data[at : at + 2] != _END:
        member, at = _read(data, at, depth)
        found.append(member)
    return tuple(found), at if end is not None else at + len(_END)


def _length(data: bytes, at: int) -> tuple[int | None, int]:
    """A length, None for an indefinite one, and where the content begins (X.690 section 8.1.3)."""
    first = data[at]
    if first < _INDEFINITE:
        return first, at + 1
    if first == _INDEFINITE:
        return None, at + 1
    end = at + 1 + (first & ~_INDEFINITE)
    if end > len(data):
        msg = "it ends within a length"
        raise ValueError(msg)
    return int.from_bytes(data[at + 1 : end], "big"), end
