"""Find the vehicle of a certificate or a look-up, and its flags.

A vehicle is identified by its VIN or other chassis number, or by its plate, country and plate type if that number is
confidential. A plate moves between vehicles, so a look-up by plate finds the vehicle that had it last at the moment
asked about. If several vehicles have a plate and its type is not given, the plate is not known: in China only both
together are unique.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from typing import Any

from sqlalchemy import Connection, insert, or_, select

from certcore.register._store._events import IN_FORCE, chunks
from certcore.register._store._schema import CERTIFICATES, FLAG_EVENTS, VEHICLES
from certcore.status.protocol import VehicleFlag, VehicleQuery
from certcore.vocabulary._identities import plate_identity, plate_key, vin_identity
from certcore.vocabulary._written import MAX_GIVEN


def identity_of(query: VehicleQuery) -> str:
    """The vehicle that is named, by its VIN or else by its plate with country; ValueError where neither is there."""
    if query.vin:
        return vin_identity(query.vin)
    if not query.registration_number or not query.country:
        raise ValueError("a vehicle is named by its VIN, or by its registration number with its country")
    return plate_identity(plate_key(query.registration_number, query.country), query.plate_type)


def ids_of(connection: Connection, identities: Iterable[str], *, make: Iterable[str] = ()) -> dict[str, int]:
    """The vehicles that are known by these identities, those to be made among them."""
    wanted = set(identities)
    found = _known(connection, wanted)
    new = sorted(set(make) - found.keys())
    if new:
        connection.execute(insert(VEHICLES), [{"identity": identity} for identity in new])
        found |= _known(connection, new)
    return found


def find(connection: Connection, query: VehicleQuery) -> int | None:
    """The vehicle that is asked about: by its VIN, else by its plate; None where none, or no single one, is known."""
    if query.vin:
        found = ids_of(connection, [vin_identity(query.vin)])
        if found:
            return next(iter(found.values()))
    if query.registration_number and query.country:
        return _by_plate(connection, query)
    return None


def meant(connection: Connection, query: VehicleQuery) -> tuple[int, ...]:
    """The vehicle that is asked about, first, and what was flagged under its plate before its VIN was known.

    Who flags a plate, a stolen car's for instance, may know nothing else; that must not be lost once a certificate says
    whose plate it is.
    """
    if max(len(query.registration_number or ""), len(query.vin or "")) > MAX_GIVEN:
        return ()  # no vehicle has so long a number
    found = find(connection, query)
    if query.registration_number and query.country:
        under_plate = _flagged_by_plate(
            connection, plate_key(query.registration_number, query.country), query.plate_type
        )
    else:
        under_plate = None if found is None else _flagged_by_its_plate(connection, found, int(query.as_of.timestamp()))
    return tuple(dict.fromkeys(one for one in (found, under_plate) if one is not None))


def valid_until(connection: Connection, vehicle_id: int, *, as_of: int) -> date | None:
    """The last day of the vehicle's certificate that is in force by the log, if it was issued by then."""
    found = connection.scalar(
        select(CERTIFICATES.c.valid_until).where(
            CERTIFICATES.c.vehicle_id == vehicle_id,
            CERTIFICATES.c.state.in_(IN_FORCE),
            CERTIFICATES.c.issued_at <= as_of,
        )
    )
    return None if found is None else date.fromisoformat(found)


def write_flag(connection: Connection, vehicle: VehicleQuery, row: dict[str, Any]) -> bool:
    """Write that a vehicle's flag was set, or cleared under each of its ids; False where it is so already."""
    identity, found = identity_of(vehicle), meant(connection, vehicle)
    if row["is_set"] or not found:
        one = found[0] if found else ids_of(connection, [identity], make=[identity])[identity]
        return add_flag_event(connection, one, row)
    cleared = [add_flag_event(connection, one, row) for one in found]
    return any(cleared)


def add_flag_event(connection: Connection, vehicle_id: int, row: dict[str, Any]) -> bool:
    """Write that a flag was set or cleared; False where it is so already."""
    latest = connection.execute(
        select(FLAG_EVENTS.c.is_set)
        .where(FLAG_EVENTS.c.vehicle_id == vehicle_id, FLAG_EVENTS.c.code == row["code"])
        .order_by(FLAG_EVENTS.c.id.desc())
        .limit(1)
    ).first()
    if (latest is not None and latest.is_set) == row["is_set"]:
        return False
    connection.execute(insert(FLAG_EVENTS).values(vehicle_id=vehicle_id, **row))
    return True


def flags(connection: Connection, vehicle_ids: Iterable[int]) -> frozenset[VehicleFlag]:
    """Every flag that the vehicle has or had under any of its ids, with its days."""
    found: set[VehicleFlag] = set()
    for vehicle_id in vehicle_ids:
        rows = connection.execute(
            select(FLAG_EVENTS.c.code, FLAG_EVENTS.c.is_set, FLAG_EVENTS.c.day)
            .where(FLAG_EVENTS.c.vehicle_id == vehicle_id)
            .order_by(FLAG_EVENTS.c.id)
        )
        found |= _paired(rows.all())
    return frozenset(found)


def _known(connection: Connection, identities: Iterable[str]) -> dict[str, int]:
    found: dict[str, int] = {}
    for part in chunks(identities):
        rows = connection.execute(select(VEHICLES.c.identity, VEHICLES.c.id).where(VEHICLES.c.identity.in_(part)))
        found.update({row.identity: row.id for row in rows})
    return found


def _by_plate(connection: Connection, query: VehicleQuery) -> int | None:
    key = plate_key(query.registration_number or "", query.country)
    conditions = [CERTIFICATES.c.plate_key == key, CERTIFICATES.c.issued_at <= int(query.as_of.timestamp())]
    if query.plate_type is not None:
        conditions.append(or_(CERTIFICATES.c.plate_type == query.plate_type, CERTIFICATES.c.plate_type.is_(None)))
    rows = connection.execute(
        select(CERTIFICATES.c.vehicle_id, CERTIFICATES.c.plate_type)
        .where(*conditions)
        .order_by(CERTIFICATES.c.issued_at.desc(), CERTIFICATES.c.recorded_at.desc())
    ).all()
    if not rows:
        return _flagged_by_plate(connection, key, query.plate_type)
    if query.plate_type is None and len({row.plate_type for row in rows}) > 1:
        return None
    return int(rows[0].vehicle_id)


def _flagged_by_plate(connection: Connection, key: str, plate_type: int | None) -> int | None:
    """A vehicle without a certificate that flags were set for under its plate."""
    known = ids_of(connection, [plate_identity(key, kind) for kind in (plate_type, None)])
    return known.get(plate_identity(key, plate_type), next(iter(known.values()), None))


def _flagged_by_its_plate(connection: Connection, vehicle_id: int, as_of: int) -> int | None:
    """Likewise, under the plate that its last certificate by then states."""
    row = connection.execute(
        select(CERTIFICATES.c.plate_key, CERTIFICATES.c.plate_type)
        .where(CERTIFICATES.c.vehicle_id == vehicle_id, CERTIFICATES.c.issued_at <= as_of)
        .order_by(CERTIFICATES.c.issued_at.desc(), CERTIFICATES.c.recorded_at.desc())
        .limit(1)
    ).first()
    if row is None or row.plate_key is None:  # erased
        return None
    return _flagged_by_plate(connection, row.plate_key, row.plate_type)


def _paired(rows: Iterable[Any]) -> frozenset[VehicleFlag]:
    """Settings with the clearings that end them."""
    found: set[VehicleFlag] = set()
    running: dict[str, VehicleFlag] = {}
    for code, is_set, day in rows:
        on = None if day is None else date.fromisoformat(day)
        if is_set:
            running[code] = VehicleFlag(code=code, since=on)
        elif (open_flag := running.pop(code, None)) is not None:
            found.add(VehicleFlag(code=code, since=open_flag.since, until=on))
    return frozenset(found | set(running.values()))
