"""Confidential fields: sealed for a group of readers, inside a certificate that all readers can verify.

It decides which bytes are sealed and what they are bound to (`docs/reference/format.md` section 7). It does not know
the owners of group keys, or the signature, which is over the sealed bytes too.

The sealed part is bound to its certificate: to the issuer, the time of issue, the id or status reference, and every
public field of the inspection. It does not open in another certificate. A live presentation keeps all of these, so it
stays readable.

An opened certificate holds its confidential fields next to the public ones and remembers which they are. It cannot be
written so: `payload.encode` refuses it, and `Issuer.issue` requires that they are sealed anew.
"""

from __future__ import annotations

from collections.abc import Iterable, KeysView, Mapping
from typing import Any, Final

import attrs

from certcore import _cbor, cose, payload
from certcore._encrypt0 import unseal_with
from certcore.certificate import _claims
from certcore.certificate._claims import (
    CONFIDENTIAL,
    CTI,
    FIELD_READERS,
    FIELDS,
    IAT,
    INSPECTION,
    MAY_BE_CONFIDENTIAL,
    STATUS,
    STATUS_TEXT_KEYS,
)
from certcore.errors import IssuingError, RejectedInputError, UntrustedError
from certcore.keys._group import (
    GroupKey,
    group_key_tuple,
)
from certcore.payload import InspectionCertificate

__all__ = [
    "MAY_BE_CONFIDENTIAL",
    "seal",
    "unseal",
]

MAX_ISSUER_ID: Final = 512
"""Characters of an issuer's id in a trust list."""

_CONTEXT: Final = "certcore/confidential/1"
_BOUND_CLAIMS: Final = (IAT, CTI, STATUS)
_NOT_YET: Final = b"\0"
"""Stands in the certificate for the sealed bytes until there are any; never written."""


def seal(
    certificate: InspectionCertificate, /, *, fields: Iterable[str | int], group_key: GroupKey, issuer_id: str
) -> InspectionCertificate:
    """The certificate with these fields sealed: they are gone, and ``confidential`` is there.

    It is sealed as it stands, so it has to be complete (`Issuer.complete`) and must not be changed any more; `Issuer`
    issues it as it is. `Issuer.issue` does all of this in one step. Fields that the certificate does not have are
    passed over; where it has none of them it comes back with nothing sealed.

    Args:
        certificate: what is stated, complete; an opened one is sealed anew.
        fields: names out of `MAY_BE_CONFIDENTIAL`; an int for a key among the ``unknown_fields``.
        group_key: whose holders may read them. Everybody sees its id and about how long the fields are.
        issuer_id: the issuer's id in the trust list.

    Raises:
        IssuingError: ``certificate-incomplete``; ``confidential-exposed``, a field that was confidential is not named;
            ``qr-too-large``.
        ValueError: for a field that may not be confidential, a certificate whose sealed part was not opened, or one
            that names no chassis number.
    """
    if certificate.confidential is not None and certificate.confidential_fields is None:
        msg = "it has a sealed part already, which has to be opened before it is sealed anew"
        raise ValueError(msg)
    hidden = {name for name in payload.confidential_names(fields) if _has(certificate, name)}
    if "vin" not in hidden and certificate.vin is None:
        msg = "a certificate names the chassis number, confidential or not"
        raise ValueError(msg)
    sealed = _claims.write({field.name: _hidden(certificate, field.name, hidden) for field in FIELDS.values()}, FIELDS)
    sealed |= {key: value for key, value in certificate.unknown_fields.items() if key in hidden}
    left = [name for name in certificate.confidential_fields or () if name not in hidden]
    changes: dict[str, Any] = {name: None for name in hidden if isinstance(name, str)}
    public = attrs.evolve(
        certificate,
        **changes,
        unknown_fields={key: value for key, value in certificate.unknown_fields.items() if key not in hidden},
        confidential=_NOT_YET if hidden else None,
        confidential_fields=left,
    )
    given: object = issuer_id
    if not isinstance(given, str) or not 1 <= len(given) <= MAX_ISSUER_ID:
        msg = f"an issuer's id is text of 1 to {MAX_ISSUER_ID} characters, as the trust list gives it"
        raise ValueError(msg)
    aad = _external_aad(*_claims_of(payload.encode(public)), issuer_id)  # which refuses what would be exposed
    plaintext = _cbor.encode(sealed)
    if len(plaintext) > cose.MAX_CERTIFICATE_BYTES:
        raise IssuingError("qr-too-large", "The confidential fields do not fit a certificate")
    message = cose.seal(plaintext, key=group_key, external_aad=aad) if hidden else None
    return attrs.evolve(public, confidential=message, confidential_fields=None)


@attrs.frozen
class Unsealed:
    """A certificate whose sealed part was opened.

    Attributes:
        certificate: with its confidential fields filled in. ``confidential`` is still there, and
            ``confidential_fields`` says which came out of it.
        key_id: of the group key that opened it.
    """

    certificate: InspectionCertificate
    key_id: bytes


def unseal(
    data: bytes,
    certificate: InspectionCertificate | None = None,
    /,
    *,
    group_keys: Iterable[GroupKey],
    issuer_id: str,
) -> Unsealed | None:
    """The certificate with its confidential fields; None where nothing is sealed, or no key goes by its id.

    The signature is not checked here: open only what is authentic.

    Args:
        data: the payload, as it was received.
        certificate: what `payload.decode` made of it, where that was done already.
        group_keys: the keys the reader holds; of those that go by the id, at most four, each is tried.
        issuer_id: the id that the trust list gives the owner of the key that signed.

    Raises:
        RejectedInputError: ``confidential-invalid``; the sealed part is damaged, belongs to another certificate or
            issuer, was sealed under another key, or says what it must not. Otherwise as `payload.decode`.
        ValueError: for more than 4 keys that go by one id.
    """
    if certificate is None:
        certificate = payload.decode(data)
    if certificate.confidential is None:
        return None
    keys = group_key_tuple(group_keys)
    claims, inspection = _claims_of(data)
    aad = _external_aad(claims, inspection, issuer_id)
    try:
        plaintext, key = unseal_with(certificate.confidential, keys, aad)
        sealed = _cbor.decode(plaintext, max_bytes=cose.MAX_CERTIFICATE_BYTES)
    except UntrustedError:
        return None
    except RejectedInputError as cause:
        raise _invalid("it is damaged, of another certificate, or sealed under another key") from cause
    return Unsealed(_fill(certificate, sealed, inspection.keys()), key.key_id)


def _has(certificate: InspectionCertificate, name: str | int) -> bool:
    return name in certificate.unknown_fields if isinstance(name, int) else getattr(certificate, name) is not None


def _hidden(certificate: InspectionCertificate, name: str, hidden: set[str | int]) -> object:
    return getattr(certificate, name) if name in hidden else None


def _claims_of(data: bytes) -> tuple[dict[int, Any], dict[int, Any]]:
    """The claims and the inspection of a payload that can be read."""
    claims = _cbor.decode(data, max_bytes=cose.MAX_CERTIFICATE_BYTES, text_keys=STATUS_TEXT_KEYS)
    return claims, claims[INSPECTION]


def _external_aad(claims: Mapping[int, object], inspection: Mapping[int, object], issuer_id: str) -> bytes:
    """What the sealed part of a payload is bound to: the same bytes for who seals and for who opens."""
    bound = {key: claims[key] for key in _BOUND_CLAIMS if key in claims}
    public = {key: value for key, value in inspection.items() if key != CONFIDENTIAL}
    return _cbor.encode([_CONTEXT, issuer_id, bound, public])


def _fill(certificate: InspectionCertificate, sealed: object, public: KeysView[int]) -> InspectionCertificate:
    """The certificate with what was sealed, under the rules of public fields."""
    if type(sealed) is not dict or not sealed:
        raise _invalid("it is not a map with at least one field")
    names = {FIELDS[key].name for key in public if key in FIELDS}
    if not public.isdisjoint(sealed):
        raise _invalid("it repeats a public field")
    values: dict[str, Any] = dict.fromkeys(names, True)  # which is not None: taken
    try:
        unknown = _claims.read(sealed, FIELD_READERS, values)
    except RejectedInputError as cause:
        raise _invalid("a field in it cannot be read") from cause
    if any(key < 0 for key in unknown):
        raise _invalid("it has a critical field that this version does not know")
    found = {name: value for name, value in values.items() if name not in names}
    if not found.keys() <= MAY_BE_CONFIDENTIAL:
        raise _invalid("it has a field that every reader has to see")
    if certificate.vin is None and "vin" not in found:
        raise _invalid("neither it nor the certificate names the chassis number")
    try:
        return attrs.evolve(
            certificate,
            **found,
            unknown_fields={**certificate.unknown_fields, **unknown},
            confidential_fields=(*found, *unknown),
        )
    except (
        ValueError
    ) as cause:  # pragma: no cover  nothing that was read is refused here; should it be, nobody may fall
        raise _invalid("what it says does not fit the certificate") from cause


def _invalid(what: str) -> RejectedInputError:
    return RejectedInputError(
        "confidential-invalid", f"The confidential part cannot be used: {what}", layer="confidential"
    )
