"""`MemoryStatusBackend`: the reference implementation, a register held in a dictionary.

It knows the whole history of what it was told, so it answers for earlier moments. It is the double used in tests, in
first steps and wherever a process issues for itself; nothing in it outlives the process.
"""

from __future__ import annotations

from datetime import date, datetime, timedelta
from threading import Lock
from typing import Final

import attrs

from certcore import _forks, _maps
from certcore._instants import EPOCH, optional_date
from certcore.payload import StatusListEntry, StatusRef
from certcore.status.protocol import (
    StatusEvent,
    StatusEventKind,
    StatusQuery,
    StatusRecord,
    VehicleFlag,
    VehicleQuery,
    VehicleRecord,
    plain_record,
    reference_key,
)
from certcore.vocabulary._identities import plate_identity, plate_key, vin_identity

__all__ = ["MemoryStatusBackend"]

_new_record: Final = _maps.maker(StatusRecord)

_ANY_ISSUER: Final = ""
_AHEAD: Final = timedelta(hours=14)
"""How far civil time may be ahead of UTC: the backend does not know the zone."""

Reference = StatusRef | StatusListEntry | bytes
"""A status reference, or a certificate id."""


@attrs.frozen
class _Vehicle:
    """What was registered of one vehicle."""

    flags: frozenset[VehicleFlag]
    valid_from: date | None
    valid_until: date | None


class MemoryStatusBackend:
    """A status and vehicle register in memory. Safe to share between threads; pickles with what it holds.

    An entry registered without an issuer answers for every issuer: enough for one, wrong for two whose references may
    coincide.
    """

    def __init__(self) -> None:
        self.begin_in_child()
        _forks.begin_in_children(self)
        self._events: dict[tuple[str, str], tuple[StatusEvent, ...]] = {}
        self._vehicles: dict[str, _Vehicle] = {}

    def register(self, ref: Reference, /, *, issuer: str | None = None, at: datetime | None = None) -> None:
        """Make a certificate known, as issued at an instant (1970 by default: always).

        Registering the same reference again changes nothing.
        """
        at = EPOCH if at is None else at
        event = StatusEvent(kind=StatusEventKind.ISSUED, effective_at=at, recorded_at=at)
        with self._lock:
            self._events.setdefault((issuer or _ANY_ISSUER, reference_key(ref)), (event,))

    def record(self, ref: Reference, event: StatusEvent, /, *, issuer: str | None = None) -> None:
        """Add something that happened to a certificate.

        Raises:
            KeyError: the certificate was never registered.
            TypeError: it is no event.
        """
        key, event = (issuer or _ANY_ISSUER, reference_key(ref)), plain_record(event, StatusEvent)
        with self._lock:
            if key not in self._events:
                msg = "the certificate is not registered"
                raise KeyError(msg)
            self._events[key] += (event,)

    def revoke(
        self,
        ref: Reference,
        /,
        *,
        at: datetime,
        effective_at: datetime | None,
        reason: str = "unspecified",
        issuer: str | None = None,
    ) -> None:
        """Revoke for good; ``at`` is when the register knows. ``effective_at`` None: void from the start."""
        self._happened(StatusEventKind.REVOKED, ref, at, effective_at, reason, issuer)

    def suspend(
        self,
        ref: Reference,
        /,
        *,
        at: datetime,
        effective_at: datetime | None = None,
        reason: str = "unspecified",
        issuer: str | None = None,
    ) -> None:
        """Suspend until resumed; from ``at`` unless ``effective_at`` says otherwise."""
        self._happened(StatusEventKind.SUSPENDED, ref, at, effective_at or at, reason, issuer)

    def resume(
        self,
        ref: Reference,
        /,
        *,
        at: datetime,
        effective_at: datetime | None = None,
        reason: str = "unspecified",
        issuer: str | None = None,
    ) -> None:
        """End a suspension; from ``at`` unless ``effective_at`` says otherwise."""
        self._happened(StatusEventKind.RESUMED, ref, at, effective_at or at, reason, issuer)

    def supersede(
        self,
        ref: Reference,
        /,
        *,
        at: datetime,
        effective_at: datetime | None = None,
        reason: str = "unspecified",
        issuer: str | None = None,
    ) -> None:
        """Say that a later certificate takes its place; from ``at`` unless ``effective_at`` says otherwise."""
        self._happened(StatusEventKind.SUPERSEDED, ref, at, effective_at or at, reason, issuer)

    def _happened(
        self,
        kind: StatusEventKind,
        ref: Reference,
        at: datetime,
        effective_at: datetime | None,
        reason: str,
        issuer: str | None,
    ) -> None:
        self.record(
            ref, StatusEvent(kind=kind, effective_at=effective_at, recorded_at=at, reason=reason), issuer=issuer
        )

    def lookup(self, query: StatusQuery, /) -> StatusRecord:
        """The whole history of one certificate; an empty record for one that was never registered."""
        key = query.key
        # without the lock: each look-up is one step, and an entry is replaced whole
        events = self._events.get((query.issuer, key)) or self._events.get((_ANY_ISSUER, key), ())
        return _new_record(events, (), query.asked_at, EPOCH, None, None, ())

    def register_vehicle(
        self,
        *flags: VehicleFlag,
        registration_number: str,
        country: str,
        plate_type: int | None = None,
        vin: str | None = None,
        valid_from: date | None = None,
        valid_until: date | None = None,
    ) -> None:
        """Make a vehicle known by registration number and VIN, with its flags and the days of its inspection.

        Nothing is known of the time before ``valid_from``; without it the inspection counts as having always run. What
        was held of the vehicle is replaced.
        """
        held = frozenset(plain_record(flag, VehicleFlag) for flag in flags)
        vehicle = _Vehicle(held, optional_date(valid_from), optional_date(valid_until))
        with self._lock:
            self._vehicles[plate_identity(plate_key(registration_number, country), plate_type)] = vehicle
            if vin is not None:
                self._vehicles[vin_identity(vin)] = vehicle

    def lookup_vehicle(self, query: VehicleQuery, /) -> VehicleRecord:
        """The flags of one vehicle, found by VIN or by registration number with country and type."""
        keys = [vin_identity(query.vin)] if query.vin else []
        if query.registration_number and query.country:
            plate = plate_key(query.registration_number, query.country)
            keys += [plate_identity(plate, kind) for kind in (query.plate_type, None)]
        with self._lock:
            found = next((self._vehicles[key] for key in keys if key in self._vehicles), None)
        if found is None:
            return VehicleRecord(known=False, observed_at=query.asked_at, history_from=EPOCH)
        return VehicleRecord(
            known=True,
            flags=found.flags,
            valid_until=None if _is_before(query.as_of, found.valid_from) else found.valid_until,
            observed_at=query.asked_at,
            history_from=EPOCH,
        )

    def __getstate__(self) -> dict[str, object]:
        with self._lock:
            return {"events": dict(self._events), "vehicles": dict(self._vehicles)}

    def begin_in_child(self) -> None:
        """As `_forks.Forked`: what is held stays."""
        self._lock = Lock()

    def __setstate__(self, state: dict[str, object]) -> None:
        self.begin_in_child()
        _forks.begin_in_children(self)
        self._events = dict(state["events"])  # type: ignore[call-overload]  # what __getstate__ put there
        self._vehicles = dict(state["vehicles"])  # type: ignore[call-overload]  # as above


def _is_before(as_of: datetime, day: date | None) -> bool:
    """Whether a moment lies before a day, in every zone that may be meant."""
    return day is not None and (as_of + _AHEAD).date() < day
