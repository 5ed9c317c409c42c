"""RFC 3161 time-stamps: what to ask a time-stamp authority (TSA), and what its token proves.

Pure: the caller sends the request and gives the token as bytes. It makes a request's bytes, and opens a token with the
authorities that the caller has pinned. The only importer of rfc3161_client, inside the function that checks a token: it
comes with the ``timestamp`` extra, and making a request does not need it. It has no network and no clock, and does not
know which authorities are good, or what was stamped.

A token is checked in this order; the first error ends it:

1. its size, and its form: a TimeStampToken, or the TimeStampResp around one, brought into DER (`_der`);
2. the digests: SHA-256, SHA-384 or SHA-512 and nothing else, over these very bytes;
3. the nonce, where the request is given;
4. the signature, by a certificate with the critical extended key usage timeStamping alone, whose way to a pinned
   authority held at the time that the token states. Not today: a token outlives the certificate that signed it.

Not checked: whether the authority's certificate was revoked, and what the token's ESSCertID, policy and extensions say.
If you no longer trust an authority, remove it from the pinned ones.
"""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Final

import attrs
from cryptography.hazmat.primitives.hashes import SHA256

from certcore import _extras
from certcore._instants import utc
from certcore.errors import RejectedInputError, UntrustedError
from certcore.keys._x509 import read_authority, root_certificate
from certcore.proofs._der import element, to_der

if TYPE_CHECKING:
    from rfc3161_client import Accuracy, TimeStampResponse, Verifier

__all__ = [
    "Timestamp",
    "open_token",
    "read_authority",
]

REQUEST_TYPE: Final = "application/timestamp-query"
"""The media type that a request is POSTed with (RFC 3161 section 3.4)."""

MAX_TOKEN_BYTES: Final = 64 << 10
"""Bytes of a token or response: some 6 000 with a chain of RSA certificates inside."""

TIMESTAMP_EXTRA: Final = "install certcore with its timestamp extra: certcore[timestamp]"

_NO_TIME: Final = timedelta()
_SECOND: Final = timedelta(seconds=1)

# A TimeStampReq (RFC 3161 section 2.4.1) in DER: version 1, the SHA-256 of the data, perhaps a nonce, certReq true
_VERSION: Final = b"\x02\x01\x01"
_SHA256_IMPRINT: Final = bytes.fromhex("3031 300d 0609608648016503040201 0500 0420")
_SEND_CERTIFICATES: Final = b"\x01\x01\xff"
_NONCE_BYTES: Final = 8
_NONCE_HEAD: Final = bytes((0x02, _NONCE_BYTES))

_SEQUENCE: Final = 0x30

_GRANTED: Final = b"\x30\x03\x02\x01\x00"
"""PKIStatusInfo: granted (RFC 3161 section 2.4.2)."""

_HAS_TOKEN: Final = range(2)
"""The values of PKIStatus with which a token comes: granted, granted with modifications."""

_DIGESTS: Final = {
    "2.16.840.1.101.3.4.2.1": "sha256",
    "2.16.840.1.101.3.4.2.2": "sha384",
    "2.16.840.1.101.3.4.2.3": "sha512",
}
"""Object identifiers of the digests that are strong enough, by their names in `hashlib` (RFC 5754 section 2)."""


@attrs.frozen(kw_only=True)
class Timestamp:
    """What a token proves, once it is found to be sound.

    Attributes:
        at: the latest instant at which the data may have been stamped: ``generated_at`` and its accuracy; the data
            existed by then.
        generated_at: when the authority says the token was made, in whole seconds.
        accuracy: how far off that may be; zero where the token does not say.
        authority: SHA-256 of the pinned certificate that vouches for it, in hexadecimal.
    """

    at: datetime
    generated_at: datetime
    accuracy: timedelta
    authority: str


def request(data: bytes, /, *, nonce: bool = True) -> bytes:
    """A TimeStampReq: what to POST to an authority so that it stamps the data.

    Only the data's SHA-256 is sent. The answer is to contain the authority's certificate.

    Args:
        data: what is to be stamped.
        nonce: whether the answer must repeat 8 fresh random bytes, so that an old one is told from a new one. Without,
            the request for the same data is always the same.
    """
    return _request(data, _fresh_nonce() if nonce else b"")


def is_supported() -> bool:
    """Whether time-stamps can be checked here: the ``timestamp`` extra is installed."""
    return _extras.is_there("rfc3161_client")


def open_token(
    token: bytes, /, *, data: bytes, authorities: Sequence[bytes], request: bytes | None = None
) -> Timestamp:
    """What a token proves about the data.

    Args:
        token: a TimeStampToken or a TimeStampResp; DER, or BER for what is not signed, its certificates in any order.
        data: what it must be over.
        authorities: the root certificates of the authorities that are trusted, each DER or PEM.
        request: the request it answers, exactly as `request` made it for this data: then the nonce must be the same.
            Without, no nonce is asked for: an older token over the same data proves all the more.

    Raises:
        RejectedInputError: ``timestamp-malformed``; ``timestamp-unsupported`` where the extra is not installed.
        UntrustedError: ``timestamp-untrusted``. Its detail ``why`` is ``imprint`` (another document was stamped),
            ``digest`` (too weak), ``nonce`` (another request was answered) or ``signature``: it, its certificate, or
            the way from there to a pinned authority did not hold at the time stated.
        ValueError: for an authority that is no self-signed certificate, or a request that is not for this data.
    """
    asked = None if request is None else _nonce_of(request, data)

    def check(stated: _Stated) -> None:
        if stated.imprint != hashlib.new(_DIGESTS[stated.imprint_digest], data).digest():
            raise _untrusted("imprint", "The token is over another document")
        if asked is not None and stated.nonce != asked:  # 3
            raise _untrusted("nonce", "The token answers another request")

    return _open(token, authorities, check)[0]


def open_imprint(token: bytes, /, *, authorities: Sequence[bytes]) -> tuple[Timestamp, str, bytes]:
    """What a token proves about whatever has the digest in it: the algorithm, as `hashlib` names it, and the digest.

    Raises:
        RejectedInputError, UntrustedError, ValueError: as `open_token`.
    """
    stamp, stated = _open(token, authorities, lambda _: None)
    return stamp, _DIGESTS[stated.imprint_digest], stated.imprint


def _open(token: bytes, authorities: Sequence[bytes], check: Callable[[_Stated], None]) -> tuple[Timestamp, _Stated]:
    """The steps at the top of this file; ``check`` is what the caller knows of the data."""
    try:
        import rfc3161_client as tsp  # noqa: PLC0415  part of an extra
    except ImportError as cause:
        raise RejectedInputError(
            "timestamp-unsupported", f"rfc3161-client is not installed: {TIMESTAMP_EXTRA}"
        ) from cause
    roots = [root_certificate(bytes(authority)) for authority in authorities]
    token = bytes(token)
    if len(token) > MAX_TOKEN_BYTES:  # 1
        raise _malformed("size", f"it is longer than {MAX_TOKEN_BYTES} bytes")
    response = _read(to_der(token), tsp.decode_timestamp_response)
    stated = _read_statement(response)
    _check_digests(stated)  # 2
    check(stated)
    for root in roots:  # 4
        if _vouches(tsp.VerifierBuilder(roots=[root]).build(), response, stated.imprint):
            return Timestamp(
                at=stated.latest,
                generated_at=stated.generated_at,
                accuracy=stated.accuracy,
                authority=root.fingerprint(SHA256()).hex(),
            ), stated
    raise _untrusted("signature", "No pinned authority vouches for the token as of the time it states")


# --- requests ---------------------------------------------------------------------------------------------------------


def _request(data: bytes, nonce: bytes) -> bytes:
    imprint = _SHA256_IMPRINT + hashlib.sha256(data).digest()
    return element(_SEQUENCE, _VERSION + imprint + nonce + _SEND_CERTIFICATES)


def _fresh_nonce() -> bytes:
    """A positive INTEGER that takes all its bytes."""
    value = secrets.token_bytes(_NONCE_BYTES)
    return _NONCE_HEAD + bytes((0x40 | value[0] & 0x3F,)) + value[1:]


def _nonce_of(made: bytes, data: bytes) -> int | None:
    """The nonce in one of this module's own requests for the data."""
    end = len(made) - len(_SEND_CERTIFICATES)
    nonce = made[end - _NONCE_BYTES : end]
    if made == _request(data, _NONCE_HEAD + nonce):
        return int.from_bytes(nonce, "big")
    if made == _request(data, b""):
        return None
    msg = "the request is none that was made here for this data"
    raise ValueError(msg)


# --- tokens -----------------------------------------------------------------------------------------------------------


@attrs.frozen(kw_only=True)
class _Stated:
    """The content of a token, before its signature is trusted."""

    imprint_digest: str
    imprint: bytes
    signed_digests: frozenset[str]
    nonce: int | None
    generated_at: datetime
    accuracy: timedelta
    latest: datetime


def _read(data: bytes, decode: Callable[[bytes], TimeStampResponse]) -> TimeStampResponse:
    """A response with status granted around the token, whichever of the two the data is."""
    try:
        response = decode(data)
    except Exception:  # noqa: BLE001  ValueError so far; nothing else may escape, and a token says so itself below
        token = data
    else:
        if response.status not in _HAS_TOKEN:
            raise _malformed("refused", "the authority did not stamp", status=response.status)
        token = response.time_stamp_token()
    try:
        return decode(element(_SEQUENCE, _GRANTED + token))
    except Exception as cause:
        raise _malformed("form", "it is neither a token nor a response with one") from cause


def _read_statement(response: TimeStampResponse) -> _Stated:
    try:
        info, signed = response.tst_info, response.signed_data
        generated_at, accuracy = utc(info.gen_time), _accuracy(info.accuracy)
        # The library leaves out what stands behind the second. Where anything does, the whole second is counted.
        encoded: bytes = info.as_bytes()  # type: ignore[attr-defined]  # the library's stub lacks it
        is_whole = b"\x18\x0f%bZ" % f"{generated_at:%Y%m%d%H%M%S}".encode() in encoded
        return _Stated(
            imprint_digest=info.message_imprint.hash_algorithm.dotted_string,
            imprint=info.message_imprint.message,
            signed_digests=frozenset(algorithm.dotted_string for algorithm in signed.digest_algorithms),
            nonce=info.nonce,
            generated_at=generated_at,
            accuracy=accuracy,
            latest=generated_at + accuracy + (_NO_TIME if is_whole else _SECOND),
        )
    except Exception as cause:
        raise _malformed("form", "what it states does not hold") from cause


def _accuracy(stated: Accuracy | None) -> timedelta:
    if stated is None:
        return _NO_TIME
    return timedelta(seconds=stated.seconds or 0, milliseconds=stated.millis or 0, microseconds=stated.micros or 0)


def _check_digests(stated: _Stated) -> None:
    """A strong digest throughout: what is signed is hashed with one of ``signed_digests``."""
    if stated.imprint_digest not in _DIGESTS or not stated.signed_digests <= _DIGESTS.keys():
        raise _untrusted("digest", "The token rests on a digest other than SHA-256, SHA-384 and SHA-512")


def _vouches(verifier: Verifier, response: TimeStampResponse, imprint: bytes) -> bool:
    try:
        return verifier.verify(response, imprint)
    except Exception:  # noqa: BLE001  VerificationError, and whatever else the certificates inside provoke
        return False


def _malformed(why: str, what: str, **detail: int) -> RejectedInputError:
    return RejectedInputError("timestamp-malformed", f"The time-stamp cannot be read: {what}", why=why, **detail)


def _untrusted(why: str, what: str) -> UntrustedError:
    return UntrustedError("timestamp-untrusted", what, why=why)
