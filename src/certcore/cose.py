"""COSE_Sign1, COSE_Sign and COSE_Encrypt0 (RFC 9052 sections 4 and 5): sign and open, seal and unseal.

The received bytes are verified, never a re-encoding. The key fixes the algorithm, and the message must have the same.
There are three readers:

- `open_sign1` is general: any COSE_Sign1, under keys that the caller gives;
- `read_certificate` is the certificate profile (``{1: alg, 4: kid}`` protected, nothing unprotected, all of it
  deterministic);
- `read_sign` is the trust list's COSE_Sign with several signatures.

The last two give an *unverified* object with its own check, because the key id inside decides which keys are tried.
`seal` and `unseal` are COSE_Encrypt0 under a shared key, in the profile of `certcore._encrypt0`.

pycose builds the structures for signing and sealing. It is never used to read or to check, because it is not a safe
parser and its ECDSA is pure Python (CVE-2024-23342).
"""

from __future__ import annotations

import secrets
from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from types import MappingProxyType
from typing import Any, Final

import attrs

from certcore import _cbor, _cose_headers
from certcore._encrypt0 import MAX_SEALED_BYTES, unseal
from certcore.errors import IssuingError, RejectedInputError, UntrustedError
from certcore.keys import PublicKey, Signer
from certcore.keys._group import GroupKey
from certcore.keys._signing import MAX_KEY_ID_BYTES
from certcore.keys._trusted import VerifyingKey, candidates, plain_key

__all__ = [
    "Opened",
    "open_sign1",
    "seal",
    "sign1",
    "unseal",
]

ALG: Final = _cose_headers.ALG
CRIT: Final = _cose_headers.CRIT
KID: Final = _cose_headers.KID
IV: Final = _cose_headers.IV
TYP: Final = _cose_headers.TYP

MAX_CERTIFICATE_BYTES: Final = 2860
"""Bytes that the text of the largest QR symbol carries: two for every three of its 4 296 characters less the prefix."""

MAX_SIGN1_BYTES: Final = 1 << 20
"""Bytes of a COSE_Sign1 that `open_sign1` reads unless told otherwise."""

MAX_SIGN_BYTES: Final = 4 << 20
"""Bytes of a COSE_Sign: a trust list of some 20 000 keys."""

MAX_SIGNATURES: Final = 16
"""Signatures on one COSE_Sign: each costs a check."""

_SIGN1_TAG: Final = b"\xd2"  # 18
_CERTIFICATE_START: Final = _SIGN1_TAG + b"\x84"
_HEADER_AT: Final = len(_CERTIFICATE_START)
_NO_HEADERS: Final = b"\xa0"
_EMPTY: Final = b"\x40"  # a byte string of no bytes
_SIGN_TAG: Final = b"\xd8\x62"  # 98
_CWT_TAG: Final = b"\xd8\x3d"  # 61
CERTIFICATE_SIGNATURE_BYTES: Final = frozenset({64, 96})
"""Lengths of a certificate's signature: P-256 and Ed25519, and P-384. Others do not fit a QR symbol worth printing."""

_SIGN1_CONTEXT: Final = b"\x84\x6aSignature1"
_SIGN_CONTEXT: Final = b"\x85\x69Signature"


@attrs.frozen
class Opened:
    """A COSE_Sign1 whose signature holds.

    Attributes:
        payload: the signed bytes.
        protected: the signed header.
        unprotected: the unsigned header: an attacker may have written all of it.
        key: the key that signed.
    """

    payload: bytes = attrs.field(repr=False)
    protected: Mapping[int | str, Any]
    unprotected: Mapping[int | str, Any] = attrs.field(repr=False)
    key: PublicKey


@attrs.define(repr=False)  # not frozen: made for every certificate, and gone when it is verified
class UnverifiedCertificate:
    """A COSE_Sign1 in the certificate profile, its signature not yet checked: do not believe its content.

    Attributes:
        unverified_algorithm: what the message says signed it.
        unverified_key_id: which key the message says signed it; a hint for finding candidates.
        unverified_payload: the content; an attacker may have written it.
    """

    unverified_algorithm: int
    unverified_key_id: bytes
    unverified_payload: bytes
    _signed: bytes
    _signature: bytes

    def verify(self, key: PublicKey) -> bytes:
        """The payload, after the signature was checked.

        Raises:
            UntrustedError: ``signature-invalid``, also when the key does not use the message's algorithm.
        """
        if self.unverified_algorithm not in key.algorithms:
            raise UntrustedError("signature-invalid", "The key does not use the algorithm that the message states")
        key.verify(self._signature, self._signed)
        return self.unverified_payload


@attrs.frozen(repr=False)
class UnverifiedSign:
    """A COSE_Sign, its signatures not yet checked.

    Attributes:
        content_type: what header 16 says the payload is, part of what is signed.
        payload: the bytes under the signatures; not to be believed before enough of `signed_by` is trusted.
    """

    content_type: str
    payload: bytes
    _protected: bytes
    _signatures: tuple[tuple[bytes, int, bytes, bytes], ...]  # protected, algorithm, key id, signature

    def signed_by(self, keys: Iterable[PublicKey]) -> tuple[PublicKey, ...]:
        """The keys that have a good signature on the message; each key once, even if it has several ids."""
        found: dict[bytes, PublicKey] = {}
        candidates = tuple(keys)
        for protected, algorithm, key_id, signature in self._signatures:
            for key in candidates:
                if key.key_id != key_id or algorithm not in key.algorithms or key.thumbprint in found:
                    continue
                try:
                    key.verify(signature, _sign_structure(self._protected, protected, self.payload))
                except UntrustedError:
                    continue
                found[key.thumbprint] = key
        return tuple(found.values())


def sign1(
    payload: bytes,
    /,
    *,
    signer: Signer,
    external_aad: bytes = b"",
    protected: Mapping[int, object] = MappingProxyType({}),
) -> bytes:
    """A tagged COSE_Sign1 over the payload, with the signer's algorithm and key id in its protected header.

    Args:
        payload: the bytes to sign; they travel inside.
        signer: whose key signs.
        external_aad: bytes that are signed and do not travel.
        protected: further protected headers, such as 16 (typ). The caller cannot set algorithm and key id.

    Raises:
        IssuingError: ``signer-failed``; the signer raised, or gave no bytes.
        ValueError: for a header that the caller cannot set, or that readers would refuse; for a key id of more than 32
            bytes.
    """
    from pycose.messages import Sign1Message  # noqa: PLC0415  60 ms, and never on the verify path

    _cbor.require_bytes(payload, "a payload")
    _cbor.require_bytes(external_aad, "external_aad")
    if not {ALG, CRIT, KID}.isdisjoint(protected):
        msg = "alg, crit and kid are not the caller's to set"
        raise ValueError(msg)
    message = Sign1Message(payload=payload)
    headers = {**protected, **_signer_header(signer)}
    _cose_headers.check(headers, {})
    message.phdr = _in_order(headers)
    header = message.phdr_encoded
    message.signature = _signature(
        signer, _SIGN1_CONTEXT + b"".join(map(_cbor.byte_string, (header, external_aad, payload)))
    )
    return message.encode(sign=False)


def open_sign1(
    data: bytes,
    /,
    *,
    keys: Sequence[VerifyingKey],
    external_aad: bytes = b"",
    payload: bytes | None = None,
    max_bytes: int = MAX_SIGN1_BYTES,
    ignore_key_id: bool = False,
    allow_untagged: bool = False,
) -> Opened:
    """Open any COSE_Sign1 that one of the keys has signed.

    Tag 18, or tag 61 (a CWT) around it. Definite lengths, no duplicate labels; the algorithm in the protected header;
    no critical headers. A key id selects: a message with a key id opens only under a key with this id. If there is
    none, keys without a stated id (theirs is from the thumbprint) are tried. The protected key id counts before an
    unprotected one; no other label may be in both headers.

    It does not check what the payload means, when it was signed, or whether the key may sign such a document.

    Args:
        data: the encoded message.
        keys: the keys that the caller trusts for it; the dates of a `TrustedKey` are not checked.
        external_aad: the bytes that were signed and did not travel.
        payload: the detached payload, if the message has none of its own.
        max_bytes: the most bytes the message may have.
        ignore_key_id: whether all keys are tried, for every key id in the message.
        allow_untagged: whether a message without any tag is accepted, too, as in ISO/IEC 18013-5.

    Raises:
        RejectedInputError: ``malformed``.
        UntrustedError: ``key-unknown`` when none of the keys uses the message's algorithm; ``signature-invalid``, also
            if none has its key id.
    """
    _cbor.require_bytes(data, "a signed message")
    _cbor.require_bytes(external_aad, "external_aad")
    message = _cbor.decode_general(_untagged(data, is_optional=allow_untagged), max_bytes=max_bytes)
    if type(message) is not list or len(message) != 4:  # noqa: PLR2004  RFC 9052 section 4.2
        raise _malformed("it is not an array of four")
    header, unprotected, carried, signature = message
    protected = _header_map(header)
    _check_headers(protected, unprotected)
    signed = _only_payload(carried, payload)
    if type(signature) is not bytes or not signature:
        raise _malformed("it has no signature")
    structure = _SIGN1_CONTEXT + b"".join(map(_cbor.byte_string, (header, external_aad, signed)))
    algorithm, key_id = protected[ALG], protected.get(KID, unprotected.get(KID))
    if not any(algorithm in key.algorithms for key in keys):
        raise UntrustedError("key-unknown", "None of the keys uses the message's algorithm")
    able = candidates(keys, algorithm=algorithm, key_id=key_id, ignore_key_id=ignore_key_id)
    key = _key_that_signed(structure, signature, able)
    return Opened(signed, MappingProxyType(protected), MappingProxyType(unprotected), plain_key(key))


def read_certificate(data: bytes, /) -> UnverifiedCertificate:
    """A certificate's envelope, in the profile that every certificate has.

    COSE_Sign1 with tag 18, protected exactly alg and kid, nothing unprotected, a signature of 64 or 96 bytes, and all
    of it deterministic.

    Raises:
        RejectedInputError: ``malformed``.
    """
    if len(data) > MAX_CERTIFICATE_BYTES:
        raise _malformed(f"it is longer than the {MAX_CERTIFICATE_BYTES} bytes a certificate may have")
    if not data.startswith(_CERTIFICATE_START):
        raise _malformed("it is not tagged as a COSE_Sign1 (18) of four elements")
    at, end = _cbor.find_byte_string(data, _HEADER_AT)
    start = end + 1
    if data[end:start] != _NO_HEADERS:
        raise _malformed("it has unprotected headers")
    header = data[at:end]
    at, end = _cbor.find_byte_string(data, start)
    payload, item = data[at:end], data[start:end]
    at, end = _cbor.find_byte_string(data, end)
    if end != len(data):
        raise _malformed("bytes follow it")
    if end - at not in CERTIFICATE_SIGNATURE_BYTES:
        raise _malformed("its signature is neither 64 nor 96 bytes long")
    algorithm, key_id, before = _read_header(header)
    return UnverifiedCertificate(algorithm, key_id, payload, before + item, data[at:])


def sign(payload: bytes, /, *, signers: Sequence[Signer], content_type: str) -> bytes:
    """A tagged COSE_Sign over the payload with one signature of each signer.

    Raises:
        IssuingError: ``signer-failed``.
        ValueError: for no signer, or more than 16.
    """
    header = _cbor.encode({TYP: content_type})
    return _sign_message(payload, content_type, [_one_signature(signer, header, payload) for signer in signers])


def add_signature(data: bytes, /, *, signer: Signer) -> bytes:
    """The same COSE_Sign with one more signature; the existing signatures are kept, unchecked.

    Raises:
        RejectedInputError: ``malformed``.
        IssuingError: ``signer-failed``; ``already-signed`` by this key.
    """
    message = read_sign(data)
    if message.signed_by([signer.public_key]):
        raise IssuingError("already-signed", "This key has signed the document already")
    kept = [(header, signature) for header, _, _, signature in message._signatures]  # noqa: SLF001  same module
    new = _one_signature(signer, message._protected, message.payload)  # noqa: SLF001  same module
    return _sign_message(message.payload, message.content_type, [*kept, new])


def read_sign(data: bytes, /, *, max_bytes: int = MAX_SIGN_BYTES) -> UnverifiedSign:
    """A COSE_Sign in the trust list's profile.

    Tag 98, protected exactly typ, nothing unprotected, 1 to 16 signatures, and all of it deterministic.

    Raises:
        RejectedInputError: ``malformed``.
    """
    _cbor.require_bytes(data, "a signed document")
    if not data.startswith(_SIGN_TAG):
        raise _malformed("it is not tagged as a COSE_Sign (98)")
    match _cbor.decode(data[len(_SIGN_TAG) :], max_bytes=max_bytes):
        case [bytes() as header, dict() as unprotected, bytes() as payload, [_, *_] as signatures] if not unprotected:
            if len(signatures) > MAX_SIGNATURES:
                raise _malformed(f"it has more than {MAX_SIGNATURES} signatures")
        case _:
            raise _malformed("it is not [protected, {}, payload, signatures]")
    match _cbor.decode(header, max_bytes=max_bytes):
        case {16: str() as content_type, **others} if not others:
            return UnverifiedSign(content_type, payload, header, tuple(map(_read_signature, signatures)))
        case _:
            raise _malformed("its protected header is not the type alone")


def seal(plaintext: bytes, /, *, key: GroupKey, external_aad: bytes) -> bytes:
    """An untagged COSE_Encrypt0: the algorithm protected, the key's id and a fresh random IV beside it.

    Args:
        plaintext: what only holders of the key may read; its length is visible.
        key: whose algorithm and id are stated.
        external_aad: bytes that are authenticated and do not travel.

    Raises:
        ValueError: for a plaintext that is longer than any certificate.
    """
    from pycose.keys import SymmetricKey  # noqa: PLC0415  60 ms, and never on the verify path
    from pycose.messages import Enc0Message  # noqa: PLC0415  as above

    if len(plaintext) > MAX_SEALED_BYTES:
        msg = f"at most {MAX_SEALED_BYTES} bytes are sealed"
        raise ValueError(msg)
    message = Enc0Message(
        phdr={ALG: key.algorithm},
        uhdr={KID: key.key_id, IV: secrets.token_bytes(key.iv_bytes)},
        payload=plaintext,
        external_aad=external_aad,
        key=SymmetricKey(key.secret),
    )
    return message.encode(tag=False)


def _read_signature(signature: object) -> tuple[bytes, int, bytes, bytes]:
    match signature:
        case [bytes() as header, dict() as unprotected, bytes() as value] if not unprotected:
            return header, *_read_header(header)[:2], value
        case _:
            raise _malformed("a signature is not [protected, {}, signature]")


@lru_cache(maxsize=1024)
def _read_header(header: bytes) -> tuple[int, bytes, bytes]:
    """What a protected header of exactly alg and kid states, and what of a COSE_Sign1 is signed before its payload.

    That has the header, and an empty external_aad. Cached: there are about as many headers as keys.
    """
    match _cbor.decode(header, max_bytes=MAX_CERTIFICATE_BYTES):
        case {1: int() as algorithm, 4: bytes() as key_id, **others} if not others and type(algorithm) is int:
            if 1 <= len(key_id) <= MAX_KEY_ID_BYTES:
                return algorithm, key_id, _SIGN1_CONTEXT + _cbor.byte_string(header) + _EMPTY
    raise _malformed("its protected header is not exactly alg and kid")


def _untagged(data: bytes, *, is_optional: bool) -> bytes:
    """The array in a COSE_Sign1 (18), which may be a CWT (61), or which may have no tag where that is optional."""
    tagged = data.removeprefix(_CWT_TAG)
    if tagged.startswith(_SIGN1_TAG):
        return tagged[len(_SIGN1_TAG) :]
    if is_optional and not data.startswith(_CWT_TAG):
        return data
    raise _malformed("it is not tagged as a COSE_Sign1 (18)")


def _header_map(header: object) -> dict[int | str, Any]:
    """The map in a protected header, which may also be an empty byte string (RFC 9052 section 3)."""
    if type(header) is not bytes:
        raise _malformed("its protected header is not a byte string")
    decoded = _cbor.decode_general(header, max_bytes=MAX_SIGN1_BYTES) if header else {}
    if type(decoded) is not dict:
        raise _malformed("its protected header is not a map")
    return decoded


def _check_headers(protected: dict[int | str, Any], unprotected: object) -> None:
    if type(unprotected) is not dict:
        raise _malformed("its unprotected header is not a map")
    try:
        _cose_headers.check(protected, unprotected)
    except ValueError as cause:
        raise _malformed(str(cause)) from cause


def _only_payload(carried: object, detached: bytes | None) -> bytes:
    """The payload the message carries, or the one that came beside it; not both, not neither."""
    if carried is None and detached is not None:
        return detached
    if type(carried) is not bytes:
        raise _malformed(
            "it has no payload, and none came beside it" if carried is None else "its payload is not a byte string"
        )
    if detached is not None:
        raise _malformed("it has a payload of its own beside the detached one")
    return carried


def _key_that_signed(structure: bytes, signature: bytes, candidates: Sequence[VerifyingKey]) -> VerifyingKey:
    for key in candidates:
        try:
            key.verify(signature, structure)
        except UntrustedError:
            continue
        return key
    what = "None of the keys that go by the message's key id made this signature over these bytes"
    raise UntrustedError("signature-invalid", what)


def _sign_structure(body: bytes, header: bytes, payload: bytes) -> bytes:
    """Sig_structure of one COSE_Signature, external_aad empty (RFC 9052 section 4.4)."""
    return _SIGN_CONTEXT + b"".join(map(_cbor.byte_string, (body, header, b"", payload)))


def _signer_header(signer: Signer) -> dict[int, object]:
    key = signer.public_key
    if len(key.key_id) > MAX_KEY_ID_BYTES:
        msg = f"what certcore signs names its key by at most {MAX_KEY_ID_BYTES} bytes: give the key another key_id"
        raise ValueError(msg)
    return {ALG: key.algorithm, KID: key.key_id}


def _in_order(header: Mapping[int, object]) -> dict[int, object]:
    """The same header in deterministic order: pycose writes maps in the order it finds."""
    return {label: header[label] for label in sorted(header, key=lambda label: (label < 0, abs(label)))}


def _signature(signer: Signer, structure: bytes) -> bytes:
    try:
        signature = signer.sign(structure)
    except Exception as cause:  # a KMS or HSM may raise anything
        raise IssuingError("signer-failed", "The signer could not sign") from cause
    if type(signature) is not bytes or len(signature) != signer.public_key.signature_bytes:
        what = "The signer gave no signature of its key's length; ECDSA takes r and s side by side, not DER"
        raise IssuingError("signer-failed", what)
    return signature


def _one_signature(signer: Signer, body: bytes, payload: bytes) -> tuple[bytes, bytes]:
    """The protected header and the signature of one signer on a COSE_Sign."""
    header = _cbor.encode(_signer_header(signer))
    return header, _signature(signer, _sign_structure(body, header, payload))


def _sign_message(payload: bytes, content_type: str, signatures: Sequence[tuple[bytes, bytes]]) -> bytes:
    """An encoded COSE_Sign with signatures made elsewhere, which pycose cannot take: it would compute its own."""
    if not 1 <= len(signatures) <= MAX_SIGNATURES:
        msg = f"a document has 1 to {MAX_SIGNATURES} signatures"
        raise ValueError(msg)
    header = _cbor.encode({TYP: content_type})
    return _SIGN_TAG + _cbor.encode([header, {}, payload, [[header, {}, value] for header, value in signatures]])


def _malformed(what: str) -> RejectedInputError:
    return RejectedInputError("malformed", f"The signed message cannot be read: {what}", layer="cose")
