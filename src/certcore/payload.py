"""`InspectionCertificate` and its claims: the CWT payload of a certificate, all keys, both profiles.

It has the content of a certificate and its rules (`docs/reference/format.md`); the table of keys is in
`certcore.certificate._claims`. It does not handle signatures, time zones, today's date, or whether a certificate is in
force.

Decoding is strict: each value has exactly one encoding. Unknown parts are kept, so that signing again loses nothing. An
unknown *negative* key of the inspection means that the certificate is too new for this reader.
"""

from __future__ import annotations

from collections.abc import Container, Iterable, Mapping, Sequence
from datetime import date, datetime
from enum import Enum
from operator import itemgetter
from types import MappingProxyType
from typing import Any, Final

import attrs

from certcore import _cbor, vocabulary
from certcore._instants import utc_second
from certcore.certificate import _claims, _usual
from certcore.certificate._claims import (
    ALWAYS_THERE,
    CLAIM_READERS,
    CLAIMS,
    FIELD_READERS,
    FIELDS,
    INSPECTION,
    KEYS_OF,
    MAY_BE_CONFIDENTIAL,
    STATUS_TEXT_KEYS,
    malformed,
)
from certcore.certificate._values import (
    PASSING,
    Basis,
    Deficiency,
    DeficiencyCounts,
    Result,
    StatusListEntry,
    StatusRef,
)
from certcore.cose import MAX_CERTIFICATE_BYTES
from certcore.errors import IssuingError, RejectedInputError
from certcore.vocabulary._plates import issued_registration_number
from certcore.vocabulary._vins import is_vin, issued_chassis_number

__all__ = [
    "Basis",
    "Deficiency",
    "DeficiencyCounts",
    "InspectionCertificate",
    "Profile",
    "Result",
    "StatusListEntry",
    "StatusRef",
    "decode",
    "encode",
]

_ALWAYS_THERE: Final = itemgetter(*ALWAYS_THERE)
_NOTHING: Final[Mapping[int, object]] = MappingProxyType({})


class Profile(Enum):
    """Which fields a country's rules expect beyond those every certificate has."""

    CN = "cn"
    EU = "eu"


_EXPECTED_FIELDS: Final[Mapping[Profile, tuple[str, ...]]] = {
    Profile.CN: ("vin", "plate_type"),
    Profile.EU: ("vin", "valid_until", "inspected_on", "deficiencies", "test_place", "inspector"),
}


def confidential_names(fields: Iterable[str | int]) -> tuple[str | int, ...]:
    """The names of fields that are to be sealed, each once, in the order of their keys.

    Args:
        fields: names of attributes; an int for a key among the ``unknown_fields``.

    Raises:
        ValueError: for a name that is no field's, and for a field that every reader has to see.
    """
    found = {fields} if isinstance(fields, str) else set(fields)
    for name in found:
        is_unknown_key = type(name) is int and name >= 0 and name not in FIELDS
        if not is_unknown_key and name not in MAY_BE_CONFIDENTIAL:
            msg = f"confidential may be {', '.join(sorted(MAY_BE_CONFIDENTIAL))}, and unknown fields by their keys"
            raise ValueError(msg)
    return tuple(sorted(found, key=lambda name: name if isinstance(name, int) else KEYS_OF[name][0]))


def _confidential_fields(value: Iterable[str | int] | None) -> tuple[str | int, ...] | None:
    return None if value is None else confidential_names(value) or None


def _issued_number(value: str) -> str:
    return issued_registration_number(value)


def _issued_vin(value: str | None) -> str | None:
    if value is None:
        return None
    number = vocabulary.normalise_vin(value)
    return number if is_vin(number) else issued_chassis_number(value)


def _deficiencies(
    value: DeficiencyCounts | tuple[Deficiency, ...] | None,
) -> DeficiencyCounts | tuple[Deficiency, ...] | None:
    return tuple(value) if isinstance(value, Sequence) else value


def _frozen_map(value: Mapping[int, object]) -> Mapping[int, object]:
    return MappingProxyType({key: _frozen(item) for key, item in value.items()}) if value else _NOTHING


@attrs.frozen(
    kw_only=True, slots=False, repr=False
)  # no slots: `decode` fills a certificate's dict and gives it over, 5 times as fast
class InspectionCertificate:
    """What an issuer states about one vehicle: the content of a certificate.

    Making one checks each field and that they fit together; it does not check that a plate or a VIN has a form its
    country issues. The repr names neither vehicle nor place.

    Attributes:
        registration_number: as issued, separators kept; compare with `vocabulary.same_registration_number`.
        country: ISO 3166-1 alpha-2; None on the wire when it is the issuer's own, filled in by a verifier.
        vin: the VIN, or any other chassis number; None only where it is confidential.
        valid_from: the first civil day, where it is neither ``inspected_on`` nor the day of issue.
        valid_until: the last civil day, inclusive; None only where the result does not pass.
        basis: why it was issued; an int for a code this version does not know.
        result: how the inspection ended; an int for a code this version does not know.
        authority: who is responsible, e.g. 闽C.
        inspected_on: the civil day of the inspection.
        plate_type: 号牌种类 (GA/T 16.7).
        vehicle_category: e.g. M1, K33.
        usage: 使用性质 (GA/T 16.3), the code letter.
        status: where its status is listed.
        odometer_km: at the test, in kilometres.
        deficiencies: counted, or one by one.
        test_place: where it was tested.
        inspector: id of the inspector or station.
        report_digest: the first 16 bytes of SHA-256 over the full report.
        next_test_due: where it is not ``valid_until``.
        document_number: as shown to people.
        previous: the certificate this one follows: its id, or its status reference.
        confidential: a COSE_Encrypt0 with further fields, kept as bytes; `certcore.certificate.confidential` opens it.
        confidential_fields: which fields came out of the sealed part and must not be written in the clear, in the order
            of their keys; an int for an unknown one; None where nothing was opened.
        issuer: the issuer's id, optional; must then be the id that the trust list gives the key's owner.
        issued_at: when it was issued, UTC, whole seconds.
        presented_at: when a live presentation was made.
        expires_at: when a live presentation, or a certificate of very short life, ends.
        certificate_id: 8 to 16 random bytes, where there is no status reference.
        unknown_claims: claims this version does not know, kept for signing again.
        unknown_fields: keys of the inspection this version does not know, kept likewise.
    """

    registration_number: str = attrs.field(converter=_issued_number)
    valid_until: date | None = None
    basis: Basis | int
    result: Result | int
    authority: str
    country: str | None = None
    vin: str | None = attrs.field(default=None, converter=_issued_vin)
    valid_from: date | None = None
    inspected_on: date | None = None
    plate_type: int | None = None
    vehicle_category: str | None = None
    usage: str | None = None
    status: StatusRef | StatusListEntry | None = None
    odometer_km: int | None = None
    deficiencies: DeficiencyCounts | tuple[Deficiency, ...] | None = attrs.field(default=None, converter=_deficiencies)
    test_place: str | None = None
    inspector: str | None = None
    report_digest: bytes | None = None
    next_test_due: date | None = None
    document_number: str | None = None
    previous: StatusRef | bytes | None = None
    confidential: bytes | None = None
    confidential_fields: tuple[str | int, ...] | None = attrs.field(default=None, converter=_confidential_fields)
    issuer: str | None = None
    issued_at: datetime | None = attrs.field(default=None, converter=attrs.converters.optional(utc_second))
    presented_at: datetime | None = attrs.field(default=None, converter=attrs.converters.optional(utc_second))
    expires_at: datetime | None = attrs.field(default=None, converter=attrs.converters.optional(utc_second))
    certificate_id: bytes | None = None
    unknown_claims: Mapping[int, object] = attrs.field(default=_NOTHING, converter=_frozen_map, hash=False)
    unknown_fields: Mapping[int, object] = attrs.field(default=_NOTHING, converter=_frozen_map, hash=False)

    def __attrs_post_init__(self) -> None:
        _to_wire(self)
        _check_unknown(self.unknown_claims, {*CLAIMS, INSPECTION}, lowest=-(2**64))
        _check_unknown(self.unknown_fields, FIELDS, lowest=0)
        if not isinstance(self.status, (StatusRef, StatusListEntry, type(None))):
            msg = "status: a StatusRef or a StatusListEntry"
            raise ValueError(msg)  # noqa: TRY004  every bad field is a ValueError here
        if not isinstance(self.deficiencies, (DeficiencyCounts, tuple, type(None))):
            msg = "deficiencies: DeficiencyCounts or a tuple of Deficiency"
            raise ValueError(msg)  # noqa: TRY004  as above
        if None in (self.basis, self.result, self.authority):
            msg = "a certificate has a basis, a result and an authority"
            raise ValueError(msg)
        _check_whole(self)

    @property
    def is_live(self) -> bool:
        """Whether this is a live presentation of a certificate, which proves freshness for a few minutes."""
        return self.presented_at is not None

    def __getstate__(self) -> dict[str, object]:
        return vars(self) | {
            "unknown_claims": _thawed(self.unknown_claims),
            "unknown_fields": _thawed(self.unknown_fields),
        }

    def __setstate__(self, state: dict[str, object]) -> None:
        vars(self).update(state)
        vars(self).update(
            unknown_claims=_frozen_map(self.unknown_claims), unknown_fields=_frozen_map(self.unknown_fields)
        )

    def __repr__(self) -> str:
        until = self.valid_until.isoformat() if self.valid_until else None
        return f"InspectionCertificate({self.country}, {_name(self.result)}, valid_until={until}, vehicle not shown)"


def encode(certificate: InspectionCertificate) -> bytes:
    """The payload of a certificate: a deterministic CWT claims map.

    Raises:
        IssuingError: ``certificate-incomplete``; it has no time of issue, or not exactly one of certificate id and
            status reference. ``confidential-exposed``; it holds fields that were confidential, in the clear.
    """
    require_unexposed(certificate)
    if certificate.issued_at is None or (certificate.status is None) == (certificate.certificate_id is None):
        raise IssuingError(
            "certificate-incomplete",
            "A certificate needs its time of issue, and either an id or a status reference; Issuer.complete sets them",
        )
    claims, inspection = _to_wire(certificate)
    claims.update(certificate.unknown_claims)
    inspection.update(certificate.unknown_fields)
    return _cbor.encode({**claims, INSPECTION: inspection})


def decode(data: bytes, *, country: str | None = None) -> InspectionCertificate:
    """The certificate in a payload.

    Args:
        data: the claims map.
        country: the issuer's own, for a certificate that states none.

    Codes of basis and result that this version does not know become integers; other unknown things are kept. No
    signature is checked
    here: what comes out is only as good as whoever handed in the bytes.

    Raises:
        RejectedInputError: ``malformed``; ``too-new`` for a critical key this version does not know.
    """
    values = _USUAL.read(data) or _read(data)
    if (values["status"] is None) == (values["certificate_id"] is None):
        raise malformed(_LACKS_SOMETHING, "claims")
    if values["country"] is None:
        values["country"] = country
    certificate = InspectionCertificate.__new__(InspectionCertificate)
    _give_dict(certificate, values)
    try:
        _check_whole(certificate)
    except ValueError as cause:
        raise malformed(str(cause), "claims") from cause
    return certificate


def _read(data: bytes) -> dict[str, Any]:
    """What any payload says, by name; errors as `decode`."""
    claims = _cbor.decode(data, max_bytes=MAX_CERTIFICATE_BYTES, text_keys=STATUS_TEXT_KEYS)
    inspection = claims.pop(INSPECTION, None) if type(claims) is dict else None
    if type(inspection) is not dict:
        raise malformed("it is not a map of claims with an inspection", "claims")
    values = {**_DEFAULTS}
    unknown_claims = _claims.read(claims, CLAIM_READERS, values)
    unknown_fields = _claims.read(inspection, FIELD_READERS, values)
    if unknown_fields and min(unknown_fields) < 0:
        raise RejectedInputError("too-new", "The certificate has a critical field that this version does not know")
    if None in _ALWAYS_THERE(values):
        raise malformed(_LACKS_SOMETHING, "claims")
    if unknown_claims or unknown_fields:
        values |= {"unknown_claims": _frozen_map(unknown_claims), "unknown_fields": _frozen_map(unknown_fields)}
    return values


def require_unexposed(certificate: InspectionCertificate, *, but_for: Container[str | int] = ()) -> None:
    """Return where writing the certificate shows nothing that came out of a sealed part.

    Args:
        certificate: what would be written.
        but_for: the fields that will be sealed first.

    Raises:
        IssuingError: ``confidential-exposed``, with their names.
    """
    exposed = [
        str(name)
        for name in certificate.confidential_fields or ()
        if name not in but_for
        and (name in certificate.unknown_fields if isinstance(name, int) else getattr(certificate, name) is not None)
    ]
    if exposed:
        raise IssuingError(
            "confidential-exposed",
            "Fields that were confidential would be written in the clear: name them as confidential again",
            fields=", ".join(exposed),
        )


def missing_fields(certificate: InspectionCertificate, profile: Profile) -> tuple[str, ...]:
    """The fields that a profile expects and the certificate does not have.

    Annex II asks for the odometer only where one is fitted; it is not reported here.
    """
    return tuple(name for name in _EXPECTED_FIELDS[profile] if getattr(certificate, name) is None)


# --- the fields
# -------------------------------------------------------------------------------------------------------------------


_DEFAULTS: Final[dict[str, Any]] = {
    field.name: None if field.default is attrs.NOTHING else field.default
    for field in attrs.fields(InspectionCertificate)
}


_give_dict: Final = vars(InspectionCertificate)["__dict__"].__set__
"""Gives an open certificate all its values at once."""

_LACKS_SOMETHING: Final = "it lacks what every certificate has, or has not exactly one of id and status reference"


_USUAL: Final = _usual.LateReader(_DEFAULTS)


def _to_wire(certificate: InspectionCertificate) -> tuple[dict[int, Any], dict[int, Any]]:
    """The claims and the inspection as they are written; ValueError names the field that cannot be."""
    values = vars(certificate)
    return _claims.write(values, CLAIMS), _claims.write(values, FIELDS)


def _check_whole(certificate: InspectionCertificate) -> None:
    """What must be there, and fit together, whatever is on the wire and whoever writes it."""
    if certificate.vin is None and certificate.confidential is None:
        msg = "a certificate names the chassis number, unless it is confidential"
        raise ValueError(msg)
    if certificate.valid_until is None and certificate.result in PASSING:
        msg = "a certificate with a passing result names its last day"
        raise ValueError(msg)
    if certificate.expires_at is not None or certificate.presented_at is not None:
        _check_instants(certificate.issued_at, certificate.presented_at, certificate.expires_at)


def _check_unknown(values: Mapping[int, object], known: Container[int], *, lowest: int) -> None:
    """What a newer version may have put there: keys that this one does not know, and values that the wire can carry."""
    if not all(type(key) is int and key >= lowest and key not in known for key in values):
        msg = "an unknown claim has a key that is known, critical, or no integer"
        raise ValueError(msg)
    try:
        _cbor.decode(_cbor.encode(values), max_bytes=MAX_CERTIFICATE_BYTES)
    except (TypeError, RejectedInputError) as cause:
        msg = "an unknown claim has a value that a certificate cannot carry"
        raise ValueError(msg) from cause


def _check_instants(issued_at: datetime | None, presented_at: datetime | None, expires_at: datetime | None) -> None:
    if presented_at is not None and expires_at is None:
        msg = "a live presentation has an end"
        raise ValueError(msg)
    start = presented_at or issued_at
    if expires_at is not None and start is not None and expires_at <= start:
        msg = "it ends before it begins"
        raise ValueError(msg)
    if presented_at is not None and issued_at is not None and presented_at < issued_at:
        msg = "it was presented before it was issued"
        raise ValueError(msg)


def _frozen(value: object) -> object:
    if isinstance(value, Mapping):
        return MappingProxyType({key: _frozen(item) for key, item in value.items()})
    return tuple(map(_frozen, value)) if isinstance(value, (list, tuple)) else value


def _thawed(value: object) -> object:
    if isinstance(value, Mapping):
        return {key: _thawed(item) for key, item in value.items()}
    return tuple(map(_thawed, value)) if isinstance(value, tuple) else value


def _name(code: Enum | int) -> object:
    return code.value if isinstance(code, Enum) else code
