"""What a user requires of a verdict, and which vehicle it is about: `Policy` and `Expected`.

A policy decides what a missing or old answer means. It cannot switch off the checks of authenticity: there is no flag
for that.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import timedelta
from enum import Enum
from types import MappingProxyType
from typing import Final, Self

import attrs

from certcore import _cbor, vocabulary
from certcore._instants import CLOCK_SKEW
from certcore.keys import PublicKey
from certcore.keys._signing import key_tuple
from certcore.keys._x509 import read_authority
from certcore.vocabulary import _written as written
from certcore.vocabulary._characters import is_text
from certcore.vocabulary._codes import VEHICLE_STATES, Severity, is_country_code
from certcore.vocabulary._vins import check_expected_vin

__all__ = [
    "Expected",
    "Need",
    "Policy",
]

PLATE: Final = "plate"
VIN: Final = "vin"

_MAX_CLOCK_SKEW: Final = timedelta(hours=1)
_MAX_AGE: Final = timedelta(days=36_525)

STOP_FLAGS: Final = frozenset(code for code, state in VEHICLE_STATES.items() if state.severity is Severity.STOP)
"""The vehicle states that take a vehicle off the road, unless a policy says otherwise."""


class Need(Enum):
    """How much a policy needs an answer."""

    REQUIRED = "required"
    IF_AVAILABLE = "if-available"
    NOT_USED = "not-used"


def _words(value: Iterable[str]) -> frozenset[str]:
    return frozenset(value)


def _is_name(value: object) -> bool:
    return isinstance(value, str) and is_text(str(value)) and bool(value.strip())


def _is_age(value: object) -> bool:
    return isinstance(value, timedelta) and timedelta() <= value <= _MAX_AGE


def _authorities(value: Iterable[bytes]) -> tuple[bytes, ...]:
    documents = tuple(value)
    if not all(isinstance(document, bytes) for document in documents):
        msg = "a time-stamp authority is its root certificate, as bytes"
        raise ValueError(msg)
    return tuple(map(read_authority, documents))


@attrs.frozen(kw_only=True)
class Policy:
    """What has to be known, and how fresh, before a certificate counts.

    There is a preset for each kind of user: `roadside`, `claims`, `counterparty`, `bulk`.

    Attributes:
        name: for people, and part of the id.
        status: whether the certificate's status must be known.
        vehicle: whether the vehicle's own state must be.
        binding: what must be compared with the vehicle: of ``plate`` and ``vin``.
        max_status_age: how much older than the moment asked about an answer may be; None: any age.
        max_trust_age: how old the trust list may be when the question is asked, from its issue; None: any age.
        note_trust_age: the age of the trust list from which the verdict has a note.
        clock_skew: how far apart two correct clocks may be.
        live_replaces_status: whether a live presentation replaces a status look-up within its minutes.
        stop_flags: the vehicle states that take a vehicle off the road.
        time_stamp_authorities: root certificates (DER or PEM) of those whose RFC 3161 time-stamps prove that a
            certificate or a register's document existed, where its key was compromised later.
        seal_keys: the user's own keys, whose seals on evidence prove the same.
    """

    name: str
    status: Need
    vehicle: Need
    binding: frozenset[str] = attrs.field(converter=_words)
    max_status_age: timedelta | None
    max_trust_age: timedelta | None
    note_trust_age: timedelta | None = None
    clock_skew: timedelta = CLOCK_SKEW
    live_replaces_status: bool = True
    stop_flags: frozenset[str] = attrs.field(default=STOP_FLAGS, converter=_words)
    time_stamp_authorities: tuple[bytes, ...] = attrs.field(default=(), converter=_authorities, repr=False)
    seal_keys: tuple[PublicKey, ...] = attrs.field(default=(), converter=key_tuple)
    id: str = attrs.field(init=False, eq=False)

    @id.default  # noqa: A003  the field above, not the builtin
    def _id(self) -> str:
        """16 bytes of SHA-256 over the canonical form, in hexadecimal: stable between versions and machines."""
        self._check()  # the id is the last to be set, and only of what can be
        form: list[object] = [
            self.name,
            self.status.value,
            self.vehicle.value,
            sorted(self.binding),
            *map(_microseconds, (self.max_status_age, self.max_trust_age, self.note_trust_age, self.clock_skew)),
            self.live_replaces_status,
            sorted(self.stop_flags),
        ]
        if self.time_stamp_authorities or self.seal_keys:  # left out where there are none, as before there were any
            form.append(sorted(hashlib.sha256(authority).digest() for authority in self.time_stamp_authorities))
            form.append(sorted(key.thumbprint for key in self.seal_keys))
        return hashlib.sha256(_cbor.encode(form)).hexdigest()[:32]

    def _check(self) -> None:
        """Raise for what contradicts itself, asks for nothing, or is not of its type."""
        for holds, sentence in self._rules():
            if not holds:
                raise ValueError(sentence)

    def _rules(self) -> Iterator[tuple[bool, str]]:
        """What every policy keeps, in an order in which a later rule may rest on an earlier one."""
        ages = (self.max_status_age, self.max_trust_age, self.note_trust_age)
        yield _is_name(self.name), "a policy has a name, in printable characters"
        needs = (self.status, self.vehicle)
        yield all(isinstance(need, Need) for need in needs), "status and vehicle are each a Need"
        yield self.binding <= {PLATE, VIN}, f"binding is of {PLATE!r} and {VIN!r}"
        is_empty = self.status is self.vehicle is Need.NOT_USED and not self.binding
        yield not is_empty, "a policy that needs no status, no vehicle and no binding is empty"
        yield (
            all(age is None or _is_age(age) for age in ages),
            "an age is a timedelta of at most a century, or None",
        )
        skew: object = self.clock_skew
        is_skew = isinstance(skew, timedelta) and timedelta() <= skew <= _MAX_CLOCK_SKEW
        yield is_skew, "clocks are at most an hour apart, as a timedelta that is not negative"
        noted, limit = self.note_trust_age, self.max_trust_age
        is_late = noted is not None and limit is not None and noted > limit
        yield not is_late, "a trust list cannot be noted as old only after it is too old"
        yield type(self.live_replaces_status) is bool, "live_replaces_status is true or false"
        yield all(map(_is_name, self.stop_flags)), "a stop flag is the code of a vehicle state"
        yield all(isinstance(key, PublicKey) for key in self.seal_keys), "a seal key is a PublicKey"

    @classmethod
    def roadside(cls) -> Self:
        """The police at the roadside: state and vehicle now, the plate compared."""
        return cls(
            name="roadside",
            status=Need.REQUIRED,
            vehicle=Need.REQUIRED,
            binding=frozenset({PLATE}),
            max_status_age=timedelta(minutes=15),
            max_trust_age=timedelta(days=7),
            note_trust_age=timedelta(hours=24),
        )

    @classmethod
    def claims(cls) -> Self:
        """An insurer's claims desk: the date of loss, plate and VIN compared. Always give `Expected` with it."""
        return cls(
            name="claims",
            status=Need.REQUIRED,
            vehicle=Need.IF_AVAILABLE,
            binding=frozenset({PLATE, VIN}),
            max_status_age=timedelta(hours=24),
            max_trust_age=timedelta(days=7),
        )

    @classmethod
    def counterparty(cls) -> Self:
        """The other party of an accident, a renter, a buyer: no register, and a person compares the vehicle."""
        return cls(
            name="counterparty",
            status=Need.IF_AVAILABLE,
            vehicle=Need.NOT_USED,
            binding=frozenset(),
            max_status_age=None,
            max_trust_age=timedelta(days=30),
        )

    @classmethod
    def bulk(cls) -> Self:
        """Many rows against a snapshot: nothing after the snapshot's date is known; the VIN is compared.

        If an issuer may still change the past, a snapshot says only what was known at its date: give that date as
        ``known_at``, or give a ``max_status_age``.
        """
        return cls(
            name="bulk",
            status=Need.REQUIRED,
            vehicle=Need.NOT_USED,
            binding=frozenset({VIN}),
            max_status_age=timedelta(),
            max_trust_age=None,
        )


PRESETS: Final[Mapping[str, Callable[[], Policy]]] = MappingProxyType(
    {"roadside": Policy.roadside, "claims": Policy.claims, "counterparty": Policy.counterparty, "bulk": Policy.bulk}
)
"""Every preset by its name: the command offers these, and the tests try these."""


def _plate(value: str | None) -> str | None:
    return None if value is None else written.given(value, "a registration number to expect")


def _is_unicode(text: str) -> bool:
    """Whether the text can be written as UTF-8: half a surrogate pair cannot."""
    return not any("\ud800" <= character <= "\udfff" for character in text)


def _country(value: str | None) -> str | None:
    country = None if value is None else written.given(value, "a country").strip().upper()
    if country is not None and not is_country_code(country):
        msg = "a country is two letters (ISO 3166-1 alpha-2)"
        raise ValueError(msg)
    return country


def _plate_type(value: int | None) -> int | None:
    if value is not None and (type(value) is not int or not 0 <= value < 1 << 32):
        msg = "a plate type is a whole number below 2**32"
        raise ValueError(msg)
    return value


def _vin(value: str | None) -> str | None:
    if value is not None:
        value = written.given(value, "a VIN to expect")
    if value is not None and not _is_unicode(value):
        msg = "a VIN to expect is text that can be written"
        raise ValueError(msg)
    return None if value is None else check_expected_vin(value)


@attrs.frozen(kw_only=True, repr=False, slots=False)  # no slots: sent to another process in half the time
class Expected:
    """The vehicle that was seen, to compare the certificate with.

    Every given value is compared, even if the policy does not need it.

    Attributes:
        registration_number: as read off the plate; written in any way.
        country: ISO 3166-1 alpha-2 of the plate.
        plate_type: 号牌种类, without which a Chinese number is not unique.
        vin: whole, or its last 6 to 8 characters.
        normalised_number: the registration number as it is compared.
        is_empty: whether nothing is expected at all.
    """

    registration_number: str | None = attrs.field(default=None, converter=_plate)
    country: str | None = attrs.field(default=None, converter=_country)
    plate_type: int | None = attrs.field(default=None, converter=_plate_type)
    vin: str | None = attrs.field(default=None, converter=_vin)
    normalised_number: str | None = attrs.field(init=False, eq=False)
    is_empty: bool = attrs.field(init=False, eq=False)

    @normalised_number.default
    def _normalised_number(self) -> str | None:
        if self.registration_number is None:
            return None
        number = vocabulary.normalise_registration_number(self.registration_number)
        if not number or not _is_unicode(self.registration_number):
            msg = "a registration number to expect has letters or digits in it; leave it out when there is none"
            raise ValueError(msg)
        return number

    @is_empty.default
    def _is_empty(self) -> bool:
        return all(given is None for given in (self.registration_number, self.country, self.plate_type, self.vin))

    def __repr__(self) -> str:
        names = ("registration_number", "country", "plate_type", "vin")
        given = [name for name in names if getattr(self, name) is not None]
        return f"Expected({', '.join(given)} given, not shown)" if given else "Expected()"


def _microseconds(age: timedelta | None) -> int | None:
    """A duration as a whole number: floats have no place in the canonical form."""
    return None if age is None else age // timedelta(microseconds=1)
