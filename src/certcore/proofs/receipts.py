"""A register's receipt: its signed statement that it held exactly this certificate by a certain time.

Pure, and used by both sides: the register issues receipts, and a verifier opens them if the certificate's key was
compromised later. It has the document and its checks. It does not know registers, clocks, or what a receipt means for a
verdict.

It is not a COSE Receipt (RFC 9942), which proves that an entry is in a verifiable log.

A receipt is a COSE_Sign1 of its own type with the claims 1 (iss: the issuer's id, for people), 2 (sub: SHA-256 of the
certificate's whole COSE_Sign1, in lower-case hexadecimal) and 6 (iat: by when it was held). It is opened in this order;
the first error ends it:

1. its size and its signature, by one of the issuer's keys of usage ``register``;
2. its type;
3. its claims;
4. its subject: this very certificate, signature included, so that of two with other signature bytes one is held;
5. the key: not the one that signed the certificate; within its window; and not compromised, whenever that was, unless
   something else proves that the receipt is older, because a thief of the key can choose its time.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any, Final

from certcore import _cbor, armor, cose
from certcore._instants import LAST_SECOND, utc_second
from certcore.errors import RejectedInputError, UntrustedError
from certcore.keys import PublicKey, Signer
from certcore.keys._trusted import ExistingDocument, KeyUsage, Standing, TrustedKey, proved_at
from certcore.vocabulary._characters import is_text

__all__ = [
    "RECEIPT_TYPE",
    "issue_receipt",
    "open_receipt",
]

RECEIPT_TYPE: Final = "application/vnd.certcore.receipt+cwt"
"""The media type of a receipt, and the typ in its protected header."""

MAX_RECEIPT_BYTES: Final = 8 << 10
"""Bytes of a receipt: some 200, and an ML-DSA signature."""

MAX_ISSUER_CHARACTERS: Final = 512
"""Characters of an issuer's id, as a trust list has it."""

_ISS, _SUB, _IAT = 1, 2, 6


def issue_receipt(text: str, /, *, issuer: str, signer: Signer, issued_at: datetime) -> bytes:
    """The receipt for one certificate.

    Nothing is checked about the certificate but its form and that another key signed it: whether it was held is for the
    register to know.

    Args:
        text: the certificate's text.
        issuer: the issuer's id, as the trust list has it.
        signer: whose key signs; its usage in the trust list must be ``register``.
        issued_at: by when the register held it: now, or the time at which its log recorded it; never the time that the
            certificate states. Written in whole seconds, a fraction counted as a whole one.

    Raises:
        RejectedInputError: ``no-certificate``, ``foreign-format`` or ``malformed``; the text is no certificate.
        IssuingError: ``signer-failed``.
        ValueError: for an issuer or a time that no receipt may state, or the key that signed the certificate itself.
    """
    certificate = armor.decode(text)
    if signed_by(certificate, signer.public_key):
        msg = "a key has one usage: a receipt is signed with another key than the certificate"
        raise ValueError(msg)
    claims = {_ISS: _issuer(issuer), _SUB: _digest(certificate), _IAT: _seconds(issued_at)}
    return cose.sign1(_cbor.encode(claims), signer=signer, protected={cose.TYP: RECEIPT_TYPE})


def open_receipt(
    data: bytes,
    /,
    *,
    certificate: bytes,
    keys: Iterable[TrustedKey],
    existing: Iterable[ExistingDocument] = (),
) -> datetime:
    """By when the register held the certificate.

    Args:
        data: the receipt.
        certificate: the certificate's COSE_Sign1, exactly as it was read.
        keys: the issuer's keys; those of another usage than ``register`` are passed over.
        existing: documents that are proved to have existed: a receipt of a compromised key counts only where it is one
            of them, and was there before the compromise.

    Raises:
        RejectedInputError: ``receipt-malformed``.
        UntrustedError: ``receipt-untrusted``. Its detail ``why`` is ``signature``, ``type``, ``subject`` (another
            certificate), ``key`` (the one that signed the certificate), ``compromised`` or ``window``.
    """
    by_thumbprint = {key.public_key.thumbprint: key for key in keys if key.usage is KeyUsage.REGISTER}
    opened = _open_signed(data, by_thumbprint.values())  # 1
    if opened.protected.get(cose.TYP) != RECEIPT_TYPE:  # 2
        raise _untrusted("type", "It is signed as something else than a receipt")
    subject, issued_at = _read_claims(opened.payload)  # 3
    if subject != _digest(certificate):  # 4
        raise _untrusted("subject", "The receipt is for another certificate, or for one with other signature bytes")
    key = by_thumbprint[opened.key.thumbprint]  # 5
    if signed_by(certificate, key.public_key):
        raise _untrusted("key", "The receipt is signed with the certificate's own key")
    standing = key.standing(issued_at, lambda: proved_at(data, existing))
    if standing is Standing.OUTSIDE_WINDOW:
        raise _untrusted("window", "The receipt was issued outside its key's window")
    if standing is not Standing.COUNTS:
        raise _untrusted("compromised", "The receipt's key is compromised, and a thief can choose its time")
    return issued_at


def signed_by(certificate: bytes, key: PublicKey, /) -> bool:
    """Whether this key signed the certificate: then it can prove nothing about when.

    Raises:
        RejectedInputError: ``malformed``; it is no certificate.
    """
    envelope = cose.read_certificate(certificate)
    try:
        envelope.verify(key)
    except UntrustedError:
        return False
    return True


def _open_signed(data: bytes, keys: Iterable[TrustedKey]) -> cose.Opened:
    try:
        return cose.open_sign1(data, keys=tuple(keys), max_bytes=MAX_RECEIPT_BYTES)
    except RejectedInputError as cause:
        raise _malformed("it is not a proper COSE_Sign1") from cause
    except UntrustedError as cause:
        raise _untrusted("signature", "None of the issuer's register keys has signed the receipt") from cause


def _read_claims(payload: bytes) -> tuple[str, datetime]:
    try:
        claims: Any = _cbor.decode(payload, max_bytes=MAX_RECEIPT_BYTES)
    except RejectedInputError as cause:
        raise _malformed("its claims are not deterministic CBOR") from cause
    match claims:
        case {1: str(), 2: str() as subject, 6: int() as second} if type(second) is int and 0 <= second < LAST_SECOND:
            if all(claim >= 0 for claim in claims):
                return subject, datetime.fromtimestamp(second, UTC)
    raise _malformed("its claims are not issuer, subject and time, or one is critical and not known to this version")


def _issuer(value: object) -> str:
    if not is_text(value, MAX_ISSUER_CHARACTERS):
        msg = f"an issuer's id is a text of 1 to {MAX_ISSUER_CHARACTERS} printable characters"
        raise ValueError(msg)
    return value


def _digest(certificate: bytes) -> str:
    return hashlib.sha256(certificate).hexdigest()


def _seconds(value: datetime) -> int:
    """The first whole second that is not before the instant: a receipt never says earlier than it may."""
    whole = utc_second(value)
    found = int(whole.timestamp()) + (whole != value)
    if not 0 <= found < LAST_SECOND:
        msg = "a document states instants from 1970 to 9998"
        raise ValueError(msg)
    return found


def _malformed(what: str) -> RejectedInputError:
    return RejectedInputError("receipt-malformed", f"The receipt cannot be read: {what}")


def _untrusted(why: str, what: str) -> UntrustedError:
    return UntrustedError("receipt-untrusted", what, why=why)
