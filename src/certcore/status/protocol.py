"""What a status backend is asked and what it answers: facts with their times, never a decision.

A backend states *events* (what happened to a certificate, from when, recorded when) and *observations* (a list that
read so at its own time). It holds no trust of its own: the query brings the list's URI and the keys that may sign it.
What follows for a moment is decided by `certcore.status.timeline`; that the proofs' keys are among the query's is
checked by the engine.

A backend that does not know a certificate answers with neither events nor observations. One that cannot answer raises
`StatusError`; anything else it raises becomes ``status-backend-error``. Neither can ever mean valid, or revoked.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime
from enum import Enum
from typing import Protocol, TypeVar, runtime_checkable

import attrs

from certcore._instants import optional_date, optional_utc, utc
from certcore.keys._trusted import ExistingDocument, VerifyingKey, trusted_key_tuple
from certcore.payload import StatusListEntry, StatusRef

__all__ = [
    "AsyncStatusBackend",
    "AsyncVehicleStatusBackend",
    "StatusBackend",
    "StatusEvent",
    "StatusEventKind",
    "StatusObservation",
    "StatusProof",
    "StatusQuery",
    "StatusRecord",
    "StatusState",
    "VehicleFlag",
    "VehicleQuery",
    "VehicleRecord",
    "VehicleStatusBackend",
]

_T = TypeVar("_T")


_is_bool = attrs.validators.instance_of(bool)


def _text(value: str) -> str:
    if type(value) is str:
        return value
    return str.__str__(value)  # without the subclass, whatever it overrides; a TypeError for anything else


def _octets(value: bytes) -> bytes:
    if type(value) is bytes:
        return value
    return bytes.__getitem__(value, slice(None))  # likewise


def _optional_octets(value: bytes | None) -> bytes | None:
    return None if value is None else _octets(value)


class StatusState(Enum):
    """What a status list says of one entry (draft-ietf-oauth-status-list section 7; 3 is certcore's SUPERSEDED)."""

    VALID = "valid"
    REVOKED = "revoked"
    SUSPENDED = "suspended"
    SUPERSEDED = "superseded"


class StatusEventKind(Enum):
    """What happened to a certificate."""

    ISSUED = "issued"
    REVOKED = "revoked"
    SUSPENDED = "suspended"
    RESUMED = "resumed"
    SUPERSEDED = "superseded"


def _events(value: Iterable[StatusEvent]) -> tuple[StatusEvent, ...]:
    return _all_of(StatusEvent, value)


def _observations(value: Iterable[StatusObservation]) -> tuple[StatusObservation, ...]:
    return () if value == () else _all_of(StatusObservation, value)


def _proofs(value: Iterable[StatusProof]) -> tuple[StatusProof, ...]:
    return () if value == () else _all_of(StatusProof, value)


def _flags(value: Iterable[VehicleFlag]) -> frozenset[VehicleFlag]:
    return frozenset(_all_of(VehicleFlag, value))


def _all_of(kind: type[_T], values: Iterable[_T]) -> tuple[_T, ...]:
    """The values, each of the one type: a backend is the user's code, and its errors show here."""
    return tuple([value if type(value) is kind else _plain(value, kind) for value in values])


def plain_record(answer: object, kind: type[_T], /) -> _T:
    """What a backend answered, as a plain record; of a subclass's only what the record's own members say.

    Raises:
        TypeError: for anything but such a record. Exception: whatever the subclass raises.
    """
    return answer if type(answer) is kind else _plain(answer, kind)


def _plain(value: object, kind: type[_T]) -> _T:
    """A subclass's value without the subclass, whose attributes may lie later on."""
    if not isinstance(value, kind):
        raise TypeError(f"a {kind.__name__} is expected, not a {type(value).__name__}")
    names = [field.name for field in attrs.fields(kind)]  # type: ignore[arg-type]  # each kind is an attrs class
    return kind(**{name: getattr(value, name) for name in names})


@attrs.frozen(kw_only=True)
class StatusEvent:
    """One thing that happened to a certificate.

    Attributes:
        kind: what happened.
        effective_at: from when it has effect; None: from the start, as if the certificate had never been good.
        recorded_at: when the register knew of it; before this, it was not known.
        reason: a stable word for why.
    """

    kind: StatusEventKind = attrs.field(converter=StatusEventKind)
    effective_at: datetime | None = attrs.field(converter=optional_utc)
    recorded_at: datetime = attrs.field(converter=utc)
    reason: str = attrs.field(default="unspecified", converter=_text)


@attrs.frozen(kw_only=True)
class StatusObservation:
    """What a list said of the certificate at the list's own time of issue.

    Attributes:
        state: what it said.
        at: the list's time of issue.
        expires_at: from when the list may no longer be taken for the present; None where it does not say.
    """

    state: StatusState = attrs.field(converter=StatusState)
    at: datetime = attrs.field(converter=utc)
    expires_at: datetime | None = attrs.field(default=None, converter=optional_utc, eq=False)  # not what it said


@attrs.frozen(kw_only=True)
class StatusProof:
    """The signed document that a record was read from.

    Attributes:
        data: the signed bytes.
        media_type: what they are.
        key_id: whose key signed them: must be one of the query's.
        request: the exact request it answers, where it is an answer to one.
        signed_at: when it says that it was signed; where a backend does not state it, it is read from ``data``.
    """

    data: bytes = attrs.field(repr=False, converter=_octets)
    media_type: str = attrs.field(converter=_text)
    key_id: bytes = attrs.field(converter=_octets)
    request: bytes | None = attrs.field(default=None, repr=False, converter=_optional_octets)
    signed_at: datetime | None = attrs.field(default=None, eq=False, converter=optional_utc)


def _existing(value: Iterable[ExistingDocument]) -> tuple[ExistingDocument, ...]:
    return tuple(value)


@attrs.frozen(kw_only=True, weakref_slot=False)  # of the slots that its maker knows
class StatusQuery:
    """Which certificate is asked about, where its list is and who may sign it. All of it comes from the trust list.

    Attributes:
        issuer: the issuer's id.
        ref: the certificate's status reference, if it has one.
        certificate_id: its id, if it has that instead.
        list_uri: where the list is, when the trust list says so.
        max_entries: the most entries that list may have, when the trust list says so: one that is longer counts for
            nothing.
        keys: the keys that may sign the answer, each with its dates where it comes from a trust list.
        as_of: the moment the question is about.
        asked_at: when it is asked.
        existing: documents that are proved to have existed, which counts where their key was compromised later.
    """

    issuer: str
    ref: StatusRef | StatusListEntry | None = attrs.field(default=None, repr=False)
    certificate_id: bytes | None = attrs.field(default=None, repr=False)
    list_uri: str | None = None
    max_entries: int | None = None
    keys: tuple[VerifyingKey, ...] = attrs.field(default=(), converter=trusted_key_tuple)
    as_of: datetime = attrs.field(converter=utc)
    asked_at: datetime = attrs.field(converter=utc)
    existing: tuple[ExistingDocument, ...] = attrs.field(default=(), converter=_existing, repr=False)

    @property
    def key(self) -> str:
        """The certificate as text, unique within its issuer: what a backend may file its events under."""
        return reference_key(self.ref if self.ref is not None else self.certificate_id or b"")


def reference_key(ref: StatusRef | StatusListEntry | bytes, /) -> str:
    """A reference, or a certificate id, as text: ``12/524287``, ``https://…#7``, or hexadecimal."""
    if isinstance(ref, StatusRef):
        return f"{ref.list}/{ref.index}"
    if isinstance(ref, StatusListEntry):
        return f"{ref.uri}#{ref.index}"
    if not isinstance(ref, bytes):
        raise TypeError(f"a certificate is named by its reference or its id, not by a {type(ref).__name__}")
    return ref.hex()


@attrs.frozen(kw_only=True, weakref_slot=False)  # as above
class StatusRecord:
    """Everything a register says of one certificate.

    Attributes:
        events: what happened, in any order. The certificate is known only if there is an ``ISSUED`` event or an
            observation.
        observations: what lists said at their own times.
        observed_at: as of when the register speaks.
        history_from: since when the events are complete; None when only the present is known.
        reliable_until: until when the register promises that nothing will have changed.
        expires_at: from when the events no longer describe the present; None if not stated.
        proofs: the signed documents behind it.
    """

    events: tuple[StatusEvent, ...] = attrs.field(default=(), converter=_events)
    observations: tuple[StatusObservation, ...] = attrs.field(default=(), converter=_observations)
    observed_at: datetime = attrs.field(converter=utc)
    history_from: datetime | None = attrs.field(default=None, converter=optional_utc)
    reliable_until: datetime | None = attrs.field(default=None, converter=optional_utc)
    expires_at: datetime | None = attrs.field(default=None, converter=optional_utc)
    proofs: tuple[StatusProof, ...] = attrs.field(default=(), converter=_proofs)


@runtime_checkable
class StatusBackend(Protocol):
    """Anything that can say what happened to a certificate."""

    def lookup(self, query: StatusQuery, /) -> StatusRecord:
        """The facts about one certificate.

        Raises:
            StatusError: no usable answer; nothing else may be raised.
        """
        ...


@runtime_checkable
class AsyncStatusBackend(Protocol):
    """`StatusBackend` for an event loop."""

    async def lookup(self, query: StatusQuery, /) -> StatusRecord:
        """The facts about one certificate; raises `StatusError` only."""
        ...


@attrs.frozen(kw_only=True)
class VehicleFlag:
    """One state of a vehicle (机动车状态) and the civil days it holds for.

    Attributes:
        code: the letter.
        since: the first day, where the register says.
        until: the last day, where it has ended.
    """

    code: str = attrs.field(converter=_text)
    since: date | None = attrs.field(default=None, converter=optional_date)
    until: date | None = attrs.field(default=None, converter=optional_date)


@attrs.frozen(kw_only=True)
class VehicleQuery:
    """Which vehicle is asked about: by registration number with its country and type, or by VIN.

    Attributes:
        registration_number: as read off the plate, or as a certificate states it.
        country: ISO 3166-1 alpha-2 of the plate, and of the register that is asked.
        plate_type: 号牌种类, without which a Chinese number is not unique.
        vin: the whole VIN, or any other chassis number.
        keys: the keys that may sign the answer, each with its dates where it comes from a trust list.
        as_of: the moment the question is about.
        asked_at: when it is asked.
    """

    registration_number: str | None = attrs.field(default=None, repr=False)
    country: str | None = None
    plate_type: int | None = None
    vin: str | None = attrs.field(default=None, repr=False)
    keys: tuple[VerifyingKey, ...] = attrs.field(default=(), converter=trusted_key_tuple)
    as_of: datetime = attrs.field(converter=utc)
    asked_at: datetime = attrs.field(converter=utc)


@attrs.frozen(kw_only=True)
class VehicleRecord:
    """What a register says of one vehicle.

    Attributes:
        known: whether it knows the vehicle at all.
        flags: the vehicle's states; ``A`` (normal) stands alone.
        valid_until: the last day of the inspection that was in force at the query's ``as_of``, or had ended by then;
            None where the register knows of none at that time.
        observed_at: as of when the register speaks.
        history_from: since when the flags are complete; None when only the present is known.
        reliable_until: until when the register promises that nothing will have changed.
        proofs: the signed documents behind it.
    """

    known: bool = attrs.field(validator=_is_bool)
    flags: frozenset[VehicleFlag] = attrs.field(default=frozenset(), converter=_flags)
    valid_until: date | None = attrs.field(default=None, converter=optional_date)
    observed_at: datetime = attrs.field(converter=utc)
    history_from: datetime | None = attrs.field(default=None, converter=optional_utc)
    reliable_until: datetime | None = attrs.field(default=None, converter=optional_utc)
    proofs: tuple[StatusProof, ...] = attrs.field(default=(), converter=_proofs)


@runtime_checkable
class VehicleStatusBackend(Protocol):
    """Anything that can say what state a vehicle is in."""

    def lookup_vehicle(self, query: VehicleQuery, /) -> VehicleRecord:
        """The facts about one vehicle.

        Raises:
            StatusError: no usable answer; nothing else may be raised.
        """
        ...


@runtime_checkable
class AsyncVehicleStatusBackend(Protocol):
    """`VehicleStatusBackend` for an event loop."""

    async def lookup_vehicle(self, query: VehicleQuery, /) -> VehicleRecord:
        """The facts about one vehicle; raises `StatusError` only."""
        ...
