"""Read one signer from another list: an X.509 certificate, a JWK, or a public key in Base64; and split files.

It reads single entries and refuses unusable ones. Lists, and what a signer may sign, are in
`certcore.trust.signer_lists`.
"""

from __future__ import annotations

import base64
from collections.abc import Collection, Iterator, Mapping
from datetime import datetime
from typing import Any, Final

import attrs

from certcore import _base64url, _json
from certcore.errors import RejectedInputError
from certcore.keys import PublicKey, _x509
from certcore.keys._signing import MAX_KEY_ID_BYTES

MAX_SIGNER_LIST_BYTES: Final = 8 << 20
"""Bytes of one list: the EU's had some 2 MB for all its members."""

_PRIVATE_MEMBERS: Final = frozenset({"d", "p", "q", "dp", "dq", "qi", "oth", "k", "priv"})
"""Private members of a JWK (RFC 7518 section 6, RFC 9964)."""

_PEM_BEGIN: Final = b"-----BEGIN "
_LONGEST_LABEL: Final = 64
_CERTIFICATE_LABELS: Final = frozenset({b"CERTIFICATE", b"X509 CERTIFICATE"})


@attrs.frozen
class Signer:
    """One signer: its key, the ids it goes by, and its window where its entry states one."""

    key: PublicKey
    key_ids: tuple[bytes, ...]
    window: tuple[datetime, datetime] | None


class NotASignerError(Exception):
    """An entry that is there for something else."""


# --- X.509
# ------------------------------------------------------------------------------------------------------------------


def pem_blocks(data: bytes) -> Iterator[tuple[bytes, bytes]]:
    """The label and the Base64 of every PEM block (RFC 7468), whatever stands between the blocks."""
    if b"PRIVATE KEY-----" in data:
        raise RejectedInputError("signer-list-private", "There is a private key among the certificates")
    at = 0
    while (start := data.find(_PEM_BEGIN, at)) >= 0:
        start += len(_PEM_BEGIN)
        label, _, _ = data[start : start + _LONGEST_LABEL].partition(b"-----")
        end = data.find(b"-----END " + label + b"-----", start)
        if end < 0:
            raise malformed("a PEM block has no end")
        yield label, b"".join(data[start + len(label) + 5 : end].split())
        at = end + 1


def der_items(data: bytes) -> Iterator[bytes]:
    """The DER sequences that follow one another, in Base64."""
    at = 0
    while at < len(data):
        size = _der_length(data[at : at + 6])
        if size is None or at + size > len(data):
            raise malformed("it is neither PEM nor DER")
        yield base64.b64encode(data[at : at + size])
        at += size


def _der_length(data: bytes) -> int | None:
    """How many bytes the SEQUENCE at the beginning has with its header (X.690 section 8.1.3)."""
    if len(data) < 2 or data[0] != 0x30:  # noqa: PLR2004  SEQUENCE, and a length
        return None
    if data[1] < 0x80:  # noqa: PLR2004  the short form
        return 2 + data[1]
    octets = data[1] & 0x7F
    return 2 + octets + int.from_bytes(data[2 : 2 + octets], "big") if 1 <= octets <= 4 else None  # noqa: PLR2004  4 GB


def from_pem_block(label: bytes, body: bytes, *, purposes: Collection[str] = ()) -> Signer:
    """The signer of a PEM block, which must be a certificate."""
    if label not in _CERTIFICATE_LABELS:
        raise unusable("a certificate is expected")
    return from_certificate(base64_bytes(body.decode("ascii", "replace")), purposes=purposes)


def from_certificate(der: bytes, *, stated_id: bytes | None = None, purposes: Collection[str] = ()) -> Signer:
    """The signer of a certificate: its key, under the EU's key id, and its window, if it may sign documents."""
    key = PublicKey.from_x509(der)
    if stated_id is not None and stated_id != key.key_id:
        raise unusable("its key id is not the certificate's")
    return Signer(key, (key.key_id,), _x509.signing_window(der, purposes=purposes))


# --- JWKS
# ------------------------------------------------------------------------------------------------------------------


def from_jwk(jwk: object, *, base64url_kids: bool) -> Signer:
    """The signer of a JWK, found by its kid where it has one."""
    if not isinstance(jwk, dict):
        raise unusable("a JWK is an object")
    refuse_private(jwk)
    operations = jwk.get("key_ops", ["verify"])
    if not isinstance(operations, list):
        raise unusable("key_ops is an array")
    if jwk.get("use", "sig") != "sig" or "verify" not in operations:
        raise NotASignerError("the key is not for checking signatures")
    kid = jwk.get("kid")
    stated = () if kid is None else (_kid(kid, base64url=base64url_kids),)
    key = jwk_key(jwk, key_id=stated[0] if stated else None)
    return Signer(key, stated, None)


def jwk_key(jwk: Mapping[str, Any], *, key_id: bytes | None = None) -> PublicKey:
    """The key of a JWK; its own kid, which may be in any form, is not looked at."""
    return PublicKey.from_jwk({name: value for name, value in jwk.items() if name != "kid"}, key_id=key_id)


def refuse_private(jwk: Mapping[str, object]) -> None:
    """Refuse a JWK with a private member."""
    if not _PRIVATE_MEMBERS.isdisjoint(jwk):
        raise RejectedInputError("signer-list-private", "There is a private or secret member in a JWK")


def _kid(value: object, *, base64url: bool) -> bytes:
    if not isinstance(value, str):
        raise unusable("a kid is text")
    data = _from_base64url(value) if base64url else value.encode("utf-8", "replace")
    if not 1 <= len(data) <= MAX_KEY_ID_BYTES:
        raise unusable(f"a kid has 1 to {MAX_KEY_ID_BYTES} bytes; it may be base64url of them")
    return data


def _from_base64url(value: str) -> bytes:
    try:
        return _base64url.decode(value.rstrip("="))  # sets in use have it padded, too
    except ValueError as cause:
        raise unusable("a kid is not base64url") from cause


def from_public_key(value: object, key_id: bytes | None) -> Signer:
    """A SubjectPublicKeyInfo in Base64."""
    lines = base64.encodebytes(base64_bytes(value))
    pem = b"-----BEGIN PUBLIC KEY-----\n" + lines + b"-----END PUBLIC KEY-----\n"
    if key_id is not None and not 1 <= len(key_id) <= MAX_KEY_ID_BYTES:
        raise unusable(f"a key id has 1 to {MAX_KEY_ID_BYTES} bytes")
    key = PublicKey.from_pem(pem, key_id=key_id)
    return Signer(key, (key.key_id,), None)


# --- JSON and Base64
# ------------------------------------------------------------------------------------------------------------------


def read_json(data: bytes | str) -> Any:  # noqa: ANN401  whatever JSON holds
    """The value in a JSON text, read strictly."""
    check_size(data)
    try:
        return _json.decode(data)
    except ValueError as cause:
        raise malformed("it is not JSON, or has a member twice in one object") from cause


def members_of(value: object) -> Mapping[str, Any]:
    """The members of an object; none, where there is none."""
    return value if isinstance(value, dict) else {}


def base64_bytes(value: object) -> bytes:
    """The bytes of a Base64 text (RFC 4648 section 4), padded or not."""
    if not isinstance(value, str):
        raise unusable("a text in Base64 is expected")
    text = value.rstrip("=")
    try:
        return base64.b64decode(text + "=" * (-len(text) % 4), validate=True)
    except ValueError as cause:
        raise unusable("it is not Base64") from cause


def check_size(data: bytes | str) -> None:
    """Refuse what is too long to be a list."""
    if len(data) > MAX_SIGNER_LIST_BYTES:
        raise malformed(f"it is longer than {MAX_SIGNER_LIST_BYTES} bytes")


def unusable(what: str) -> RejectedInputError:
    """The error for an entry."""
    return RejectedInputError("signer-list-entry", what[0].upper() + what[1:])


def malformed(what: str) -> RejectedInputError:
    """The error for a whole list."""
    return RejectedInputError("signer-list-malformed", f"The list of signers cannot be read: {what}")
