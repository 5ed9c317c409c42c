"""Certificates in the register: references given out, certificates recorded, and personal data erased.

The order in which a batch is recorded, all of it in one transaction:

1. each text is a certificate, and says what the certificate beside it says (`prepare`, before the database is asked);
2. each reference was given out by this register;
3. a text that is recorded already is skipped, so a call whose answer was lost can be repeated;
4. the vehicle is found, or made;
5. the certificate that is named as the previous is the same vehicle's, by plate or VIN;
6. the certificate of the vehicle that is in force then, and the previous one, are superseded;
7. rows and events are written.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

import attrs
from sqlalchemy import Connection, bindparam, insert, select, update

from certcore import armor, cose, payload
from certcore.errors import IssuingError, RejectedInputError
from certcore.payload import InspectionCertificate, StatusRef
from certcore.register._store import _events, _indices, _vehicles
from certcore.register._store._events import IN_FORCE, SUPERSEDED, VALID, Happening, Reference, chunks
from certcore.register._store._schema import CERTIFICATES, LISTS, REGISTER, VEHICLES
from certcore.status.protocol import StatusEventKind
from certcore.vocabulary._identities import plate_identity, plate_key, vin_identity

ISSUER: Final = "issuer"
"""The actor of events that follow from issuing."""

NEWER: Final = "a later certificate"
"""The reason of a supersession that follows from issuing."""

_ERASED: Final = ("registration_number", "country", "plate_type", "plate_key", "vin", "text")


@attrs.frozen(kw_only=True)
class Entry:
    """One certificate, ready to be recorded.

    Attributes:
        row: its columns, but for the vehicle.
        identity: its vehicle.
        plate: the vehicle its plate alone would name.
        supersedes_from: from when the one before it is superseded.
        previous: the one that it says it follows.
    """

    row: dict[str, Any] = attrs.field(repr=False)
    identity: str = attrs.field(repr=False)
    plate: str = attrs.field(repr=False)
    supersedes_from: int
    previous: Reference | None

    @property
    def ref(self) -> Reference:
        """Its list and index."""
        return self.row["list"], self.row["idx"]


def prepare(
    certificate: InspectionCertificate, text: str, *, supersedes_from: int | None, country: str | None, now: int
) -> Entry:
    """Step 1.

    Raises:
        IssuingError: ``register-failed`` for a text that is another certificate's, or none.
    """
    if not isinstance(certificate.status, StatusRef) or certificate.issued_at is None:
        raise IssuingError("register-failed", "The register records certificates with its own status references")
    key_id = _key_id(certificate, text)
    issued_at = int(certificate.issued_at.timestamp())
    country = certificate.country or country
    key = plate_key(certificate.registration_number, country)
    plate = plate_identity(key, certificate.plate_type)
    previous = certificate.previous
    row = {
        "list": certificate.status.list,
        "idx": certificate.status.index,
        "state": VALID,
        "registration_number": certificate.registration_number,
        "country": country,
        "plate_type": certificate.plate_type,
        "plate_key": key,
        "vin": certificate.vin,
        "text": text,
        "valid_until": None if certificate.valid_until is None else certificate.valid_until.isoformat(),
        "authority": certificate.authority,
        "inspector": certificate.inspector,
        "key_id": key_id,
        "issued_at": issued_at,
        "recorded_at": now,
    }
    return Entry(
        row=row,
        identity=plate if certificate.vin is None else vin_identity(certificate.vin),
        plate=plate,
        supersedes_from=issued_at if supersedes_from is None else supersedes_from,
        previous=(previous.list, previous.index) if isinstance(previous, StatusRef) else None,
    )


def allocate(connection: Connection, count: int) -> list[StatusRef]:
    """That many references nobody else has, from as many lists as it takes."""
    found: list[StatusRef] = []
    while len(found) < count:
        number = connection.scalar(select(REGISTER.c.current_list))
        row = connection.execute(select(LISTS).where(LISTS.c.number == number)).one()
        taken = min(count - len(found), row.size - row.allocated)
        if not taken:
            begin_list(connection)
            continue
        found += [
            StatusRef(list=row.number, index=_indices.index_at(position, size=row.size, key=row.secret))
            for position in range(row.allocated, row.allocated + taken)
        ]
        connection.execute(update(LISTS).where(LISTS.c.number == row.number).values(allocated=row.allocated + taken))
    return found


def recorded_at(connection: Connection, text: str) -> int | None:
    """In which second this very text was recorded; None where it is not held, or not any more.

    Raises:
        RejectedInputError: ``no-certificate``, ``foreign-format``, ``malformed`` or ``too-new``; it is no certificate.
    """
    stated = payload.decode(cose.read_certificate(armor.decode(text)).unverified_payload)
    if not isinstance(stated.status, StatusRef):
        return None
    ref = (stated.status.list, stated.status.index)
    row = _events.rows_of(connection, [ref]).get(ref)
    return int(row.recorded_at) if row is not None and row.text == text else None


def begin_list(connection: Connection) -> int:
    """A new list, from which references are given out from now on; its number: they count from 0.

    Readers that know no list of an issuer ask for 0, 1, 2 and so on until one is missing.
    """
    register = connection.execute(select(REGISTER)).one()
    number = int(register.current_list) + 1
    connection.execute(
        insert(LISTS).values(number=number, size=register.list_size, secret=_indices.new_key(), allocated=0)
    )
    connection.execute(update(REGISTER).values(current_list=number))
    return number


def record(connection: Connection, entries: Sequence[Entry], *, now: int) -> int:
    """Steps 2 to 7; how many were new.

    Raises:
        IssuingError: ``register-failed`` or ``previous-mismatch``; nothing was written.
    """
    _require_given_out(connection, entries)
    new = _unrecorded(connection, entries)
    if not new:
        return 0
    new = _with_vehicles(connection, new)
    made = [entry.identity for entry in new]
    vehicle_ids = _vehicles.ids_of(connection, [*made, *(entry.plate for entry in new)], make=made)
    followed = _require_same_vehicles(connection, new)
    batch = _Batch.of(connection, followed, vehicle_ids)
    for entry in new:
        batch.add(entry, vehicle_ids, now)
    _events.set_states(connection, dict.fromkeys(batch.stopped, SUPERSEDED))
    connection.execute(insert(CERTIFICATES), list(batch.rows.values()))
    issued = [_issued(entry, now) for entry in new]
    _events.write(connection, [*issued, *batch.supersessions])
    return len(new)


@attrs.frozen(kw_only=True)
class Erasure:
    """Who has personal data erased, when, and why."""

    at: int
    today: str
    actor: str
    reason: str


def erase(connection: Connection, refs: Iterable[Reference], erasure: Erasure) -> int:
    """Take plate, VIN and text away, of vehicles that are left with no certificate the VIN too; how many were erased.

    Raises:
        IssuingError: ``register-failed`` for one that is not recorded, or is still in force: it would go on being so
            while its vehicle could get another.
    """
    wanted = list(refs)
    rows = _events.rows_of(connection, wanted)
    if len(rows) < len(set(wanted)):
        raise IssuingError("register-failed", "The register holds no such certificate")
    today = erasure.today
    if any(row.state in IN_FORCE and (row.valid_until or today) >= today for row in rows.values()):
        raise IssuingError("register-failed", "A certificate in force cannot be erased; revoke it first")
    values = [{"at_list": number, "at_idx": index} for number, index in rows]
    if not values:
        return 0
    erased = dict.fromkeys((*_ERASED, "vehicle_id"))
    connection.execute(
        update(CERTIFICATES)
        .where(CERTIFICATES.c.list == bindparam("at_list"), CERTIFICATES.c.idx == bindparam("at_idx"))
        .values(**erased, erased_at=erasure.at, erased_by=erasure.actor, erased_because=erasure.reason),
        values,
    )
    forget_vehicles(connection, {row.vehicle_id for row in rows.values()} - {None})
    return len(values)


def forget_vehicles(connection: Connection, vehicle_ids: Iterable[int]) -> None:
    """Take the VIN, or the plate, away from vehicles that no certificate belongs to any more."""
    for part in chunks(vehicle_ids):
        still = select(CERTIFICATES.c.vehicle_id).where(CERTIFICATES.c.vehicle_id.in_(part))
        connection.execute(
            update(VEHICLES).where(VEHICLES.c.id.in_(part), VEHICLES.c.id.not_in(still)).values(identity=None)
        )


def refs_of_vehicle(connection: Connection, vehicle_id: int) -> list[Reference]:
    """Every certificate of a vehicle."""
    rows = connection.execute(
        select(CERTIFICATES.c.list, CERTIFICATES.c.idx).where(CERTIFICATES.c.vehicle_id == vehicle_id)
    )
    return [(row.list, row.idx) for row in rows]


@attrs.define(kw_only=True)
class _Batch:
    """What recording several certificates comes to, while they are gone through in order.

    Attributes:
        in_force: vehicle to its certificate in force.
        ending: vehicle to those of its certificates that were stopped already, with the second in which that has
            effect: they are in force until then, and may have to end earlier.
        vehicle_of: a certificate's vehicle.
        rows: the new rows, with the states they end up in.
        stopped: recorded ones that are superseded.
        supersessions: the events of those and of new ones.
    """

    in_force: dict[int, Reference]
    ending: dict[int, dict[Reference, int]]
    vehicle_of: dict[Reference, int]
    rows: dict[Reference, dict[str, Any]] = attrs.field(factory=dict)
    stopped: list[Reference] = attrs.field(factory=list)
    supersessions: list[dict[str, Any]] = attrs.field(factory=list)

    @classmethod
    def of(cls, connection: Connection, followed: Mapping[Reference, Any], vehicle_ids: Mapping[str, int]) -> _Batch:
        vehicle_of = {ref: int(row.vehicle_id) for ref, row in followed.items() if row.vehicle_id is not None}
        vehicles = {*vehicle_ids.values(), *vehicle_of.values()}
        in_force: dict[int, Reference] = {}
        columns = (CERTIFICATES.c.list, CERTIFICATES.c.idx, CERTIFICATES.c.vehicle_id)
        for part in chunks(vehicles):
            rows = connection.execute(
                select(*columns).where(CERTIFICATES.c.vehicle_id.in_(part), CERTIFICATES.c.state.in_(IN_FORCE))
            )
            in_force.update({row.vehicle_id: (row.list, row.idx) for row in rows})
        return cls(in_force=in_force, ending=_events.ends_of_vehicles(connection, vehicles), vehicle_of=vehicle_of)

    def add(self, entry: Entry, vehicle_ids: Mapping[str, int], now: int) -> None:
        """Step 6 for one, and its row."""
        vehicle = vehicle_ids[entry.identity]
        by_plate = vehicle_ids.get(entry.plate, vehicle)
        for other in {vehicle, by_plate}:
            self._supersede(other, {*self.ending.get(other, {}), self.in_force.get(other)}, entry.supersedes_from, now)
        if entry.previous in self.vehicle_of:
            self._supersede(self.vehicle_of[entry.previous], {entry.previous}, entry.supersedes_from, now)
        self.in_force[vehicle] = entry.ref
        self.vehicle_of[entry.ref] = vehicle
        self.rows[entry.ref] = {**entry.row, "vehicle_id": vehicle}

    def _supersede(self, vehicle: int, refs: Iterable[Reference | None], at: int, now: int) -> None:
        """Those of a vehicle's certificates that are still in force at that second."""
        ending, in_force = self.ending.setdefault(vehicle, {}), self.in_force.get(vehicle)
        for ref in refs:
            if ref is not None and (ref == in_force or ending.get(ref, at) > at):
                happening = Happening(
                    kind=StatusEventKind.SUPERSEDED, effective_at=at, recorded_at=now, actor=ISSUER, reason=NEWER
                )
                self.supersessions.append(happening.row(ref))
                ending[ref] = at
                if ref == in_force:
                    self._end(vehicle, ref)

    def _end(self, vehicle: int, ref: Reference) -> None:
        """What was in force is so no longer."""
        del self.in_force[vehicle]
        if ref in self.rows:
            self.rows[ref]["state"] = SUPERSEDED
        else:
            self.stopped.append(ref)


def _key_id(certificate: InspectionCertificate, text: str) -> bytes:
    """The key id in the text, which must say what the certificate says. That the signature holds is the issuer's."""
    try:
        message = cose.read_certificate(armor.decode(text))
        stated = payload.decode(message.unverified_payload)
    except RejectedInputError as cause:
        raise IssuingError("register-failed", "The text to be recorded is no certificate") from cause
    for name in ("status", "registration_number", "vin", "issued_at", "valid_until", "authority", "inspector"):
        if getattr(stated, name) != getattr(certificate, name):
            raise IssuingError("register-failed", "The text to be recorded is another certificate's", field=name)
    return message.unverified_key_id


def _require_given_out(connection: Connection, entries: Sequence[Entry]) -> None:
    """Step 2."""
    lists: dict[int, Any] = {}
    for part in chunks({entry.ref[0] for entry in entries}):
        lists |= {row.number: row for row in connection.execute(select(LISTS).where(LISTS.c.number.in_(part)))}
    for number, index in (entry.ref for entry in entries):
        row = lists.get(number)
        is_ours = (
            row is not None
            and index < row.size
            and _indices.position_of(index, size=row.size, key=row.secret) < row.allocated
        )
        if not is_ours:
            raise IssuingError("register-failed", "The status reference was not given out by this register")


def _require_same_vehicles(connection: Connection, entries: Sequence[Entry]) -> dict[Reference, Any]:
    """Step 5: the rows of the previous certificates; one that is not recorded, or was erased, is nobody's."""
    rows = _events.rows_of(connection, [entry.previous for entry in entries if entry.previous])
    stated = {ref: (row.vin, row.plate_key, row.plate_type) for ref, row in rows.items() if row.text is not None}
    for entry in entries:
        vin, *plate = (entry.row[name] for name in ("vin", "plate_key", "plate_type"))
        if entry.previous in stated:
            other_vin, *other_plate = stated[entry.previous]
            if plate != other_plate and (vin is None or other_vin is None or not _are_one_vin(vin, other_vin)):
                raise IssuingError(
                    "previous-mismatch", "The certificate it says it follows has another plate and another VIN"
                )
        stated[entry.ref] = (vin, *plate)
    return rows


def _are_one_vin(vin: str, other: str) -> bool:
    return vin_identity(vin) == vin_identity(other)


def _unrecorded(connection: Connection, entries: Sequence[Entry]) -> list[Entry]:
    """Step 3."""
    known = _events.rows_of(connection, [entry.ref for entry in entries])
    texts = {ref: row.text for ref, row in known.items()}
    found: list[Entry] = []
    for entry in entries:
        if texts.setdefault(entry.ref, entry.row["text"]) != entry.row["text"]:
            raise IssuingError("register-failed", "Another certificate has this status reference")
        if entry.ref not in known:
            found.append(entry)
    return list({entry.ref: entry for entry in found}.values())


def _with_vehicles(connection: Connection, entries: Sequence[Entry]) -> list[Entry]:
    """Step 4: one without a chassis number belongs to the vehicle whose certificate in force has its plate, if any."""
    held: dict[str, str] = {}
    for entry in entries:
        if entry.identity == entry.plate and (identity := _holder(connection, entry)) is not None:
            held[entry.plate] = identity
    plate_of = {identity: plate for plate, identity in held.items()}
    found = []
    for entry in entries:
        identity = held.get(entry.plate, entry.identity) if entry.identity == entry.plate else entry.identity
        before = plate_of.get(identity, entry.plate)
        if before != entry.plate and held.get(before) == identity:
            del held[before]
        held[entry.plate], plate_of[identity] = identity, entry.plate
        found.append(attrs.evolve(entry, identity=identity))
    return found


def _holder(connection: Connection, entry: Entry) -> str | None:
    """The vehicle that the latest certificate in force with this plate belongs to."""
    plate_type = entry.row["plate_type"]
    is_type = CERTIFICATES.c.plate_type.is_(None) if plate_type is None else CERTIFICATES.c.plate_type == plate_type
    return connection.scalar(
        select(VEHICLES.c.identity)
        .join(CERTIFICATES, CERTIFICATES.c.vehicle_id == VEHICLES.c.id)
        .where(CERTIFICATES.c.plate_key == entry.row["plate_key"], is_type, CERTIFICATES.c.state.in_(IN_FORCE))
        .order_by(CERTIFICATES.c.issued_at.desc(), CERTIFICATES.c.recorded_at.desc())
        .limit(1)
    )


def _issued(entry: Entry, now: int) -> dict[str, Any]:
    happening = Happening(
        kind=StatusEventKind.ISSUED,
        effective_at=entry.row["issued_at"],
        recorded_at=now,
        actor=ISSUER,
        reason="unspecified",
    )
    return happening.row(entry.ref)
