"""X.509 certificates by themselves (RFC 5280): whether one lets its key sign documents, and roots that are pinned.

Chains, revocation, and trust are not checked here.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from typing import TYPE_CHECKING, Final

from cryptography.hazmat.primitives.serialization import Encoding

from certcore.errors import RejectedInputError, UntrustedError
from certcore.keys import _forms

if TYPE_CHECKING:
    from cryptography import x509

MAX_AUTHORITY_BYTES: Final = 64 << 10
"""Bytes of a pinned certificate, DER or PEM."""

SIGNING_PURPOSES: Final = frozenset(
    {
        "2.5.29.37.0",  # anyExtendedKeyUsage
        "1.3.6.1.5.5.7.3.36",  # documentSigning (RFC 9336)
        "1.3.6.1.4.1.311.10.3.12",  # the same, as Microsoft has it
        "1.0.18013.5.1.2",  # document signers of ISO/IEC 18013-5
        "2.23.136.1.1.14.2",  # ICAO's visible digital seals
        *(f"1.3.6.1.4.1.1847.2021.1.{kind}" for kind in (1, 2, 3)),  # the EU's health certificates
        *(f"1.3.6.1.4.1.0.1847.2021.1.{kind}" for kind in (1, 2, 3)),  # the same, as many were issued
    }
)
"""Extended key usages that let a key sign documents."""

# by their numbers (RFC 5280 section 4.2): the names of `cryptography` cost a fifth of the time of importing certcore
_READ: Final = frozenset(
    {
        "2.5.29.15",  # key usage
        "2.5.29.37",  # extended key usage
        "2.5.29.19",  # basic constraints
    }
)
_HARMLESS: Final = frozenset(
    {
        "2.5.29.17",  # subject alternative name
        "2.5.29.18",  # issuer alternative name
        "2.5.29.14",  # subject key identifier
        "2.5.29.35",  # authority key identifier
        "2.5.29.32",  # certificate policies
        "2.5.29.31",  # CRL distribution points
        "1.3.6.1.5.5.7.1.1",  # authority information access
    }
)
"""Extensions that say nothing of what the key may sign: names, and where to ask about the certificate."""


def signing_window(data: bytes, /, *, purposes: Collection[str] = ()) -> tuple[datetime, datetime]:
    """From when until when a certificate lets its key sign documents.

    Args:
        data: the certificate, DER or PEM.
        purposes: extended key usages, as dotted numbers, that let it sign beside `SIGNING_PURPOSES`.

    Raises:
        RejectedInputError: ``key-malformed`` or ``key-unsupported``.
        UntrustedError: ``key-weak``; ``key-usage`` for a CA's certificate, a key usage or an extended key usage without
            signing, and a critical extension that is not known.
    """
    _, certificate = _forms.from_x509(data)
    try:
        extensions = {extension.oid.dotted_string: extension for extension in certificate.extensions}
        window = certificate.not_valid_before_utc, certificate.not_valid_after_utc
    except Exception as cause:  # of `cryptography`, whose errors share no class and change
        raise RejectedInputError("key-malformed", "The certificate's dates or extensions cannot be read") from cause
    for oid, extension in extensions.items():
        if extension.critical and oid not in _READ | _HARMLESS:
            raise _not_for_signing("has a critical extension that is not known")
        if not _may_sign(extension.value, SIGNING_PURPOSES.union(purposes)):
            raise _not_for_signing("is not one for signing documents, by its key usage or as a CA's")
    return window


def read_authority(data: bytes, /) -> bytes:
    """The DER of a certificate that may be pinned as the root of a time-stamp authority.

    Args:
        data: one self-signed X.509 certificate, DER or PEM: the root of a TSA. One below it cannot be pinned.

    Raises:
        ValueError: for anything else.
    """
    return root_certificate(bytes(data)).public_bytes(Encoding.DER)


def root_certificate(data: bytes, /) -> x509.Certificate:
    """The same, read.

    Raises:
        ValueError: likewise.
    """
    from cryptography import x509  # noqa: PLC0415  as in `_forms`

    msg = "a time-stamp authority is pinned by one self-signed X.509 certificate, DER or PEM"
    is_pem = data.lstrip().startswith(b"-----BEGIN")
    if len(data) > MAX_AUTHORITY_BYTES or (is_pem and data.count(b"-----BEGIN") != 1):
        raise ValueError(msg)
    try:
        certificate = x509.load_pem_x509_certificate(data) if is_pem else x509.load_der_x509_certificate(data)
        certificate.verify_directly_issued_by(certificate)
    except Exception as cause:  # of `cryptography`, whose errors share no class and change
        raise ValueError(msg) from cause
    return certificate


def _may_sign(value: x509.ExtensionType, purposes: Collection[str]) -> bool:
    from cryptography import x509  # noqa: PLC0415  as in `_forms`

    match value:
        case x509.KeyUsage():
            return value.digital_signature or value.content_commitment
        case x509.ExtendedKeyUsage():
            return any(purpose.dotted_string in purposes for purpose in value)
        case x509.BasicConstraints():
            return not value.ca
        case _:
            return True


def _not_for_signing(what: str) -> UntrustedError:
    return UntrustedError("key-usage", f"The certificate {what}")
