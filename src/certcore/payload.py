"""`InspectionCertificate` and its claims: the CWT payload of a certificate, all keys, both profiles.

What lives here: which key means what, in which form, and what makes a certificate whole (FORMAT.md section 3 of the
design; the document in `docs/reference/format.md`). What never does: signatures, time zones, today's date, and whether
anything is still in force.

Decoding is strict: a value that could be written in two ways is read in one. What the reader does not know is kept, so
that signing again loses nothing; an unknown *negative* key of the inspection means that the certificate is too new for
this reader.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, date, datetime
from enum import Enum
from types import MappingProxyType
from typing import Any, Final, TypeVar

import attrs

from certcore import _cbor, vocabulary
from certcore._instants import FIRST_DAY, LAST_DAY, LAST_SECOND, utc_second
from certcore.cose import MAX_CERTIFICATE_BYTES
from certcore.errors import IssuingError, RejectedInputError

# CWT claims (RFC 8392 section 4; 65535 draft-ietf-oauth-status-list section 6.2); the inspection in the private range
ISS, EXP, NBF, IAT, CTI, STATUS, INSPECTION = 1, 4, 5, 6, 7, 65535, -65537

CERTIFICATE_ID_BYTES: Final = range(8, 17)
"""Lengths in bytes that a certificate id may have."""

MAX_TEXT_CHARACTERS: Final = 128
"""Characters of one text in a certificate; a QR symbol is no place for more."""

MAX_URI_CHARACTERS: Final = 512

_EPOCH_ORDINAL: Final = FIRST_DAY.toordinal()
_LAST_DAYS: Final = LAST_DAY.toordinal() - _EPOCH_ORDINAL
_UINT32: Final = 1 << 32
_ALWAYS_THERE: Final = frozenset({"registration_number", "basis", "result", "authority", "issued_at"})
_STATUS_TEXT_KEYS: Final = frozenset({"status_list", "idx", "uri"})
_NOTHING: Final[Mapping[int, object]] = MappingProxyType({})

_E = TypeVar("_E", bound=Enum)


class Basis(Enum):
    """On what ground the certificate was issued."""

    REGISTRATION = "registration"
    TRANSFER_OR_CHANGE = "transfer-or-change"
    EXEMPT = "exempt"
    INSPECTED = "inspected"
    WITHIN_VALIDITY = "within-validity"
    TEMPORARY = "temporary"


class Result(Enum):
    """The result of the inspection, or the severity of one deficiency (Directive 2014/45/EU article 7)."""

    EXEMPT = "exempt"
    PASS = "pass"  # noqa: S105  not a password
    MINOR = "minor"
    MAJOR = "major"
    DANGEROUS = "dangerous"

    @property
    def passes(self) -> bool:
        """Whether a vehicle with this result may be used: exempt, pass and minor."""
        return self in _PASSING


_PASSING: Final = frozenset({Result.EXEMPT, Result.PASS, Result.MINOR})
_BASIS_CODES: Final = dict(enumerate(Basis, start=1))
_RESULT_CODES: Final = dict(enumerate(Result))
_CODE_OF: Final[Mapping[Enum, int]] = {
    member: code for codes in (_BASIS_CODES, _RESULT_CODES) for code, member in codes.items()
}


class Profile(Enum):
    """Which fields a country's rules expect beyond those every certificate has."""

    CN = "cn"
    EU = "eu"


_EXPECTED_FIELDS: Final[Mapping[Profile, tuple[str, ...]]] = {
    Profile.CN: ("vin", "plate_type"),
    Profile.EU: ("vin", "valid_until", "inspected_on", "deficiencies", "test_place", "inspector"),
}


@attrs.frozen(kw_only=True)
class StatusRef:
    """The place of a certificate in its issuer's status lists. Where the lists are, the trust list says.

    Attributes:
        list: the list's number, below 2**32.
        index: the entry's number in it, below 2**32.
    """

    list: int
    index: int

    def __attrs_post_init__(self) -> None:
        _uint(self.list)
        _uint(self.index)


@attrs.frozen(kw_only=True)
class StatusListEntry:
    """A standard Token Status List reference (draft-ietf-oauth-status-list section 6): the list by its full URI.

    Attributes:
        uri: where the list is; believed only under a prefix that the trust list gives the issuer.
        index: the entry's number in it, below 2**32.
    """

    uri: str
    index: int

    def __attrs_post_init__(self) -> None:
        if (
            type(self.uri) is not str
            or not 1 <= len(self.uri) <= MAX_URI_CHARACTERS
            or not (self.uri.isascii() and self.uri.isprintable())
        ):
            msg = f"a list URI is 1 to {MAX_URI_CHARACTERS} printable ASCII characters"
            raise ValueError(msg)
        _uint(self.index)


@attrs.frozen(kw_only=True)
class DeficiencyCounts:
    """How many deficiencies of each severity the test found."""

    minor: int = 0
    major: int = 0
    dangerous: int = 0

    def __attrs_post_init__(self) -> None:
        for count in attrs.astuple(self):
            _uint(count)


@attrs.frozen(kw_only=True)
class Deficiency:
    """One deficiency: its code (Directive 2014/45/EU annex I, e.g. ``1.1.13 (a)``) and its severity, MINOR or worse."""

    code: str
    severity: Result

    def __attrs_post_init__(self) -> None:
        _text(self.code)
        if type(self.severity) is not Result or _CODE_OF[self.severity] < _CODE_OF[Result.MINOR]:
            msg = "a deficiency is minor, major or dangerous"
            raise ValueError(msg)


def _issued_number(value: str) -> str:
    return vocabulary.issued_registration_number(value)


def _issued_vin(value: str | None) -> str | None:
    if value is None:
        return None
    number = vocabulary.normalise_vin(value)
    return number if vocabulary.is_vin(number) else vocabulary.issued_chassis_number(value)


def _deficiencies(
    value: DeficiencyCounts | tuple[Deficiency, ...] | None,
) -> DeficiencyCounts | tuple[Deficiency, ...] | None:
    return tuple(value) if isinstance(value, Sequence) else value


def _frozen_map(value: Mapping[int, object]) -> Mapping[int, object]:
    return MappingProxyType({key: _frozen(item) for key, item in value.items()}) if value else _NOTHING


@attrs.frozen(
    kw_only=True, slots=False, repr=False
)  # no slots: `decode` fills a certificate's dict in one step, 3 times as fast
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
        confidential: a COSE_Encrypt0 with further claims, kept as bytes.
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
    issuer: str | None = None
    issued_at: datetime | None = attrs.field(default=None, converter=attrs.converters.optional(utc_second))
    presented_at: datetime | None = attrs.field(default=None, converter=attrs.converters.optional(utc_second))
    expires_at: datetime | None = attrs.field(default=None, converter=attrs.converters.optional(utc_second))
    certificate_id: bytes | None = None
    unknown_claims: Mapping[int, object] = attrs.field(default=_NOTHING, converter=_frozen_map, hash=False)
    unknown_fields: Mapping[int, object] = attrs.field(default=_NOTHING, converter=_frozen_map, hash=False)

    def __attrs_post_init__(self) -> None:
        claims, inspection = _to_wire(self)
        if not (claims.keys().isdisjoint(self.unknown_claims) and inspection.keys().isdisjoint(self.unknown_fields)):
            msg = "an unknown claim has a key that is known"
            raise ValueError(msg)
        if not isinstance(self.status, (StatusRef, StatusListEntry, type(None))):
            msg = "status: a StatusRef or a StatusListEntry"
            raise ValueError(msg)  # noqa: TRY004  every bad field is a ValueError here
        if not isinstance(self.deficiencies, (DeficiencyCounts, tuple, type(None))):
            msg = "deficiencies: DeficiencyCounts or a tuple of Deficiency"
            raise ValueError(msg)  # noqa: TRY004  as above
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
            status reference.
    """
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
    claims = _cbor.decode(data, max_bytes=MAX_CERTIFICATE_BYTES, text_keys=_STATUS_TEXT_KEYS)
    inspection = claims.pop(INSPECTION, None) if type(claims) is dict else None
    if type(inspection) is not dict:
        raise _malformed("it is not a map of claims with an inspection", "claims")
    values: dict[str, Any] = {}
    unknown_claims = _read_fields(claims, _CLAIM_READERS, values)
    unknown_fields = _read_fields(inspection, _FIELD_READERS, values)
    if any(key < 0 for key in unknown_fields):
        raise RejectedInputError("too-new", "The certificate has a critical field that this version does not know")
    if not values.keys() >= _ALWAYS_THERE or ("status" in values) == ("certificate_id" in values):
        raise _malformed(
            "it lacks what every certificate has, or has not exactly one of id and status reference", "claims"
        )
    if unknown_claims or unknown_fields:
        values |= {"unknown_claims": _frozen_map(unknown_claims), "unknown_fields": _frozen_map(unknown_fields)}
    certificate = InspectionCertificate.__new__(InspectionCertificate)
    vars(certificate).update(_DEFAULTS, country=country)
    vars(certificate).update(values)
    try:
        _check_whole(certificate)
    except ValueError as cause:
        raise _malformed(str(cause), "claims") from cause
    return certificate


def missing_fields(certificate: InspectionCertificate, profile: Profile) -> tuple[str, ...]:
    """The fields that a profile expects and the certificate does not have.

    Annex II asks for the odometer only where one is fitted; it is not reported here.
    """
    return tuple(name for name in _EXPECTED_FIELDS[profile] if getattr(certificate, name) is None)


# --- the fields
# -------------------------------------------------------------------------------------------------------------------


def _uint(value: object, limit: int = _UINT32) -> int:
    if type(value) is not int or not 0 <= value < limit:
        msg = f"a number is an integer from 0 to {limit - 1}"
        raise ValueError(msg)
    return value


def _text(value: object) -> str:
    if type(value) is not str or not 1 <= len(value) <= MAX_TEXT_CHARACTERS or not value.isprintable():
        msg = f"a text is 1 to {MAX_TEXT_CHARACTERS} printable characters"
        raise ValueError(msg)
    return value


def _bytes(*lengths: int) -> Callable[[object], bytes]:
    def check(value: object) -> bytes:
        if type(value) is not bytes or (len(value) not in lengths if lengths else not value):
            msg = f"it is bytes, {lengths[0]} to {lengths[-1]} of them" if lengths else "it is at least one byte"
            raise ValueError(msg)
        return value

    return check


_certificate_id: Final = _bytes(*CERTIFICATE_ID_BYTES)
_digest: Final = _bytes(16)
_some_bytes: Final = _bytes()


def _country(value: object) -> str:
    if type(value) is not str or not vocabulary.is_country_code(value):
        msg = "a country is two capital letters (ISO 3166-1 alpha-2)"
        raise ValueError(msg)
    return value


def _days(value: object) -> int:
    if type(value) is not date or not 0 <= (days := value.toordinal() - _EPOCH_ORDINAL) <= _LAST_DAYS:
        msg = f"a civil day is a date from 1970-01-01 to {LAST_DAY}"
        raise ValueError(msg)
    return days


def _date(value: object) -> date:
    if type(value) is not int or not 0 <= value <= _LAST_DAYS:
        msg = f"a civil day is the days from 1970-01-01 to {LAST_DAY}"
        raise ValueError(msg)
    return date.fromordinal(_EPOCH_ORDINAL + value)


def _seconds(value: datetime) -> int:
    return _uint(int(value.timestamp()), LAST_SECOND)


def _instant(value: object) -> datetime:
    return datetime.fromtimestamp(_uint(value, LAST_SECOND), UTC)


def _number_from_wire(value: object) -> str:
    if type(value) is not str or vocabulary.issued_registration_number(value) != value:
        msg = "a registration number is NFC text without outer space"
        raise ValueError(msg)
    return value


def _vin_to_wire(value: str) -> bytes | str:
    return vocabulary.pack_vin(value) if vocabulary.is_vin(value) else vocabulary.issued_chassis_number(value)


def _vin_from_wire(value: object) -> str:
    if type(value) is bytes:
        return vocabulary.unpack_vin(value)
    if type(value) is not str or vocabulary.is_vin(value) or vocabulary.issued_chassis_number(value) != value:
        msg = "a chassis number is a packed VIN, or another number as text"
        raise ValueError(msg)
    return value


def _code_to_wire(kind: type[Enum]) -> Callable[[object], int]:
    def to_wire(value: object) -> int:
        if type(value) is kind:
            return _CODE_OF[value]
        code = _uint(value)
        if code in (_BASIS_CODES if kind is Basis else _RESULT_CODES):
            msg = f"a known code is given as a {kind.__name__}"
            raise ValueError(msg)
        return code

    return to_wire


def _code_from_wire(codes: Mapping[int, _E]) -> Callable[[object], _E | int]:
    def from_wire(value: object) -> _E | int:
        code = _uint(value)
        return codes.get(code, code)

    return from_wire


def _ref_to_wire(value: object) -> list[int]:
    if type(value) is not StatusRef:
        msg = "a status reference is a StatusRef"
        raise ValueError(msg)
    return [value.list, value.index]


def _ref_from_wire(value: Any) -> StatusRef:  # noqa: ANN401  whatever is on the wire
    match value:
        case [list_number, index]:
            return StatusRef(list=list_number, index=index)
        case _:
            msg = "a status reference is [list, index]"
            raise ValueError(msg)


def _entry_to_wire(value: StatusListEntry) -> dict[str, object]:
    return {"status_list": {"idx": value.index, "uri": value.uri}}


def _entry_from_wire(value: Any) -> StatusListEntry:  # noqa: ANN401  whatever is on the wire
    match value:
        case {"status_list": {"idx": index, "uri": uri, **more}, **others} if not more and not others:
            return StatusListEntry(uri=uri, index=index)
        case _:
            msg = "a status claim is a status list entry"
            raise ValueError(msg)


def _previous_to_wire(value: object) -> list[int] | bytes:
    return _certificate_id(value) if isinstance(value, bytes) else _ref_to_wire(value)


def _previous_from_wire(value: object) -> StatusRef | bytes:
    return _certificate_id(value) if type(value) is bytes else _ref_from_wire(value)


def _counts_to_wire(value: DeficiencyCounts) -> list[int]:
    return [value.minor, value.major, value.dangerous]


def _counts_from_wire(value: Any) -> DeficiencyCounts:  # noqa: ANN401  whatever is on the wire
    match value:
        case [minor, major, dangerous]:
            return DeficiencyCounts(minor=minor, major=major, dangerous=dangerous)
        case _:
            msg = "deficiency counts are [minor, major, dangerous]"
            raise ValueError(msg)


def _list_to_wire(value: tuple[Deficiency, ...]) -> list[list[object]]:
    if type(value) is not tuple or not value or not all(type(deficiency) is Deficiency for deficiency in value):
        msg = "deficiencies are DeficiencyCounts or a tuple of at least one Deficiency"
        raise ValueError(msg)
    return [[deficiency.code, _CODE_OF[deficiency.severity]] for deficiency in value]


def _list_from_wire(value: object) -> tuple[Deficiency, ...]:
    if type(value) is not list or not value:
        msg = "deficiencies are [[code, severity], ...]"
        raise ValueError(msg)
    return tuple(map(_deficiency_from_wire, value))


def _deficiency_from_wire(value: Any) -> Deficiency:  # noqa: ANN401  whatever is on the wire
    match value:
        case [code, severity] if type(severity) is int and severity in _RESULT_CODES:
            return Deficiency(code=code, severity=_RESULT_CODES[severity])
        case _:
            msg = "a deficiency is [code, severity 2 to 4]"
            raise ValueError(msg)


def _as_is(check: Callable[[object], Any]) -> tuple[Callable[[Any], Any], Callable[[object], Any]]:
    return check, check


@attrs.frozen
class _Field:
    """One key of a map: the attribute it fills, and both directions. Both raise ValueError for what is not allowed."""

    name: str
    to_wire: Callable[[Any], Any]
    from_wire: Callable[[object], Any]
    kind: type | None = None  # where two keys fill one attribute: the type of value that goes under this one


_CLAIMS: Final[Mapping[int, _Field]] = {
    ISS: _Field("issuer", *_as_is(_text)),
    EXP: _Field("expires_at", _seconds, _instant),
    NBF: _Field("presented_at", _seconds, _instant),
    IAT: _Field("issued_at", _seconds, _instant),
    CTI: _Field("certificate_id", *_as_is(_certificate_id)),
    STATUS: _Field("status", _entry_to_wire, _entry_from_wire, StatusListEntry),
}
_FIELDS: Final[Mapping[int, _Field]] = {
    0: _Field("registration_number", vocabulary.issued_registration_number, _number_from_wire),
    1: _Field("country", *_as_is(_country)),
    2: _Field("vin", _vin_to_wire, _vin_from_wire),
    3: _Field("valid_until", _days, _date),
    4: _Field("basis", _code_to_wire(Basis), _code_from_wire(_BASIS_CODES)),
    5: _Field("result", _code_to_wire(Result), _code_from_wire(_RESULT_CODES)),
    6: _Field("authority", *_as_is(_text)),
    7: _Field("inspected_on", _days, _date),
    8: _Field("plate_type", *_as_is(_uint)),
    9: _Field("vehicle_category", *_as_is(_text)),
    10: _Field("usage", *_as_is(_text)),
    11: _Field("status", _ref_to_wire, _ref_from_wire, StatusRef),
    12: _Field("odometer_km", *_as_is(_uint)),
    13: _Field("deficiencies", _counts_to_wire, _counts_from_wire, DeficiencyCounts),
    14: _Field("test_place", *_as_is(_text)),
    15: _Field("inspector", *_as_is(_text)),
    16: _Field("report_digest", *_as_is(_digest)),
    17: _Field("next_test_due", _days, _date),
    18: _Field("document_number", *_as_is(_text)),
    19: _Field("previous", _previous_to_wire, _previous_from_wire),
    20: _Field("confidential", *_as_is(_some_bytes)),
    21: _Field("valid_from", _days, _date),
    22: _Field("deficiencies", _list_to_wire, _list_from_wire, tuple),
}
_CLAIM_READERS: Final = {key: (field.name, field.from_wire) for key, field in _CLAIMS.items()}
_FIELD_READERS: Final = {key: (field.name, field.from_wire) for key, field in _FIELDS.items()}
_DEFAULTS: Final[Mapping[str, Any]] = MappingProxyType(
    {
        field.name: None if field.default is attrs.NOTHING else field.default
        for field in attrs.fields(InspectionCertificate)
    }
)


def _to_wire(certificate: InspectionCertificate) -> tuple[dict[int, Any], dict[int, Any]]:
    """The claims and the inspection as they are written; ValueError names the field that cannot be."""
    values = vars(certificate)
    return _write_fields(values, _CLAIMS), _write_fields(values, _FIELDS)


def _write_fields(values: Mapping[str, Any], fields: Mapping[int, _Field]) -> dict[int, Any]:
    written: dict[int, Any] = {}
    for key, field in fields.items():
        value = values[field.name]
        if value is None or (field.kind is not None and not isinstance(value, field.kind)):
            continue
        try:
            written[key] = field.to_wire(value)
        except ValueError as cause:
            msg = f"{field.name}: {cause}"
            raise ValueError(msg) from cause
    return written


def _read_fields(
    wire: dict[Any, object], readers: Mapping[int, tuple[str, Callable[[object], Any]]], values: dict[str, Any]
) -> dict[int, object]:
    """Read the known keys into ``values``; give back the others."""
    unknown: dict[int, object] = {}
    for key, value in wire.items():
        reader = readers.get(key)
        if reader is None:
            if type(key) is not int:
                raise _malformed("a key is text", "claims")
            unknown[key] = value
            continue
        name, read = reader
        if name in values:
            raise _malformed("it says one thing under two keys", name)
        try:
            values[name] = read(value)
        except ValueError as cause:
            raise _malformed(str(cause), name) from cause
    return unknown


def _check_whole(certificate: InspectionCertificate) -> None:
    """What must be there, and fit together, whatever is on the wire and whoever writes it."""
    if certificate.vin is None and certificate.confidential is None:
        msg = "a certificate names the chassis number, unless it is confidential"
        raise ValueError(msg)
    if certificate.valid_until is None and certificate.result in _PASSING:
        msg = "a certificate with a passing result names its last day"
        raise ValueError(msg)
    if certificate.expires_at is not None or certificate.presented_at is not None:
        _check_instants(certificate.issued_at, certificate.presented_at, certificate.expires_at)


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


def _malformed(what: str, field: str) -> RejectedInputError:
    return RejectedInputError(
        "malformed", f"The certificate's content cannot be read ({field}): {what}", layer="payload", field=field
    )
