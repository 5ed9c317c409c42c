"""Opening a COSE_Encrypt0 (RFC 9052 section 5.2), in the one profile that certificates hold.

Untagged, protected exactly alg, unprotected exactly a key id and an IV, and all of it deterministic. Public as
`certcore.cose.unseal`; `certcore.cose` also makes them. Opening one does not need pycose.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final

from certcore import _cbor
from certcore.errors import RejectedInputError, UntrustedError
from certcore.keys._group import GroupKey, group_key_tuple
from certcore.keys._signing import MAX_KEY_ID_BYTES

MAX_SEALED_BYTES: Final = 2860
"""Bytes of a sealed message: what a certificate can hold at the very most."""

_CONTEXT: Final = b"\x83\x68Encrypt0"


def unseal(data: bytes, /, *, keys: Iterable[GroupKey], external_aad: bytes) -> bytes:
    """The plaintext of a message of `seal`, once one of the keys is found to have sealed it.

    Only keys that go by the message's key id are tried; the algorithm is the key's, and the message must agree.

    Args:
        data: the encoded message, untagged.
        keys: the keys the caller holds.
        external_aad: the bytes that were authenticated and did not travel.

    Raises:
        RejectedInputError: ``malformed``; ``confidential-invalid`` where a key goes by the message's key id, and
            neither that one nor another made this message over these bytes.
        UntrustedError: ``key-unknown``; no key goes by the message's key id.
        ValueError: for more than 4 keys that go by one id.
    """
    return unseal_with(data, group_key_tuple(keys), external_aad)[0]


def unseal_with(data: bytes, keys: Sequence[GroupKey], external_aad: bytes) -> tuple[bytes, GroupKey]:
    """As `unseal`, with the key that sealed it."""
    header, algorithm, key_id, iv, ciphertext = _read(data)
    candidates = [key for key in keys if key.key_id == key_id]
    if not candidates:
        raise UntrustedError("key-unknown", "None of the group keys goes by the message's key id")
    aad = _CONTEXT + _cbor.byte_string(header) + _cbor.byte_string(external_aad)
    for key in candidates:
        if key.algorithm == algorithm and (plaintext := key.decrypt(ciphertext, iv=iv, aad=aad)) is not None:
            return plaintext, key
    raise RejectedInputError("confidential-invalid", "None of the group keys sealed these bytes for this place")


def key_id_of(data: bytes, /) -> bytes | None:
    """The key id that a message states; None where the message cannot be read."""
    try:
        return _read(data)[2]
    except RejectedInputError:
        return None


def _read(data: bytes) -> tuple[bytes, int, bytes, bytes, bytes]:
    """Protected header, algorithm, key id, IV and ciphertext."""
    match _cbor.decode(data, max_bytes=MAX_SEALED_BYTES):
        case [bytes() as header, {4: bytes() as key_id, 5: bytes() as iv, **others}, bytes() as ciphertext]:
            if others or not 1 <= len(key_id) <= MAX_KEY_ID_BYTES:
                raise _malformed("its unprotected header is not exactly a key id and an IV")
        case _:
            raise _malformed("it is not [protected, {4: key id, 5: IV}, ciphertext]")
    match _cbor.decode(header, max_bytes=MAX_SEALED_BYTES):
        case {1: int() as algorithm, **more} if not more and type(algorithm) is int:
            return header, algorithm, key_id, iv, ciphertext
        case _:
            raise _malformed("its protected header is not exactly an algorithm")


def _malformed(what: str) -> RejectedInputError:
    return RejectedInputError("malformed", f"The sealed message cannot be read: {what}", layer="cose")
