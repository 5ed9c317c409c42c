"""What a register holds, for its own issuer: found by vehicle, listed, each certificate with all that was said of it.

It only reads. Questions over the network are answered by `_look_ups`, which tells less.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import date, datetime
from itertools import islice
from typing import Any, Final

import attrs
from sqlalchemy import ColumnElement, Connection, select

from certcore.payload import StatusRef
from certcore.register._store._events import Reference, event_of, instant
from certcore.register._store._schema import CERTIFICATES, EVENTS, VEHICLES
from certcore.status._facts import state_at
from certcore.status.protocol import StatusEvent, StatusState
from certcore.vocabulary._identities import plate_key, vin_identity
from certcore.vocabulary._written import MAX_GIVEN

_BATCH: Final = 500
"""Certificates whose events are read at once."""


@attrs.frozen(kw_only=True)
class Statement:
    """One thing that was said of a certificate, and who said it."""

    event: StatusEvent
    actor: str


@attrs.frozen(kw_only=True)
class Holding:
    """One certificate as the register holds it. What was erased is None.

    Attributes:
        ref: its reference.
        state: in which it is by the log at the moment of reading; its days are another matter.
        statements: all that was said of it, in the order in which it was recorded.
        registration_number: as it states it.
        country: its own, or the register's.
        plate_type: as it states it.
        vin: as it states it; None also where it is confidential.
        text: what its QR symbol carries.
        valid_until: its last day.
        authority: as it states it.
        inspector: as it states it.
        key_id: of the key that signed it.
        issued_at: as it states it.
        recorded_at: when the register got it.
        erased_at: when personal data were erased; None where they are there.
    """

    ref: StatusRef
    state: StatusState
    statements: tuple[Statement, ...]
    registration_number: str | None = attrs.field(repr=False)
    country: str | None
    plate_type: int | None
    vin: str | None = attrs.field(repr=False)
    text: str | None = attrs.field(repr=False)
    valid_until: date | None
    authority: str
    inspector: str | None
    key_id: bytes
    issued_at: datetime
    recorded_at: datetime
    erased_at: datetime | None


@attrs.frozen(kw_only=True)
class Selection:
    """Which certificates are meant: those that meet all that is given.

    Attributes:
        ref: the one with this reference.
        vin: those of the vehicle with this chassis number.
        registration_number: those that state this plate, written in any way.
        country: of the plate; any, unless given.
        plate_type: of the plate.
        states: those in one of these states now.
        authority: the authority they name.
        inspector: the inspector or station they name.
        issued_from: issued at this instant or later.
        issued_until: issued before this instant.
        ends_from: with this last day or a later one.
        ends_until: with this last day or an earlier one.
    """

    ref: StatusRef | None = None
    vin: str | None = attrs.field(default=None, repr=False)
    registration_number: str | None = attrs.field(default=None, repr=False)
    country: str | None = None
    plate_type: int | None = None
    states: frozenset[StatusState] = frozenset()
    authority: str | None = None
    inspector: str | None = None
    issued_from: datetime | None = None
    issued_until: datetime | None = None
    ends_from: date | None = None
    ends_until: date | None = None

    @property
    def is_impossible(self) -> bool:
        """Whether no vehicle has so long a number."""
        return max(len(self.registration_number or ""), len(self.vin or "")) > MAX_GIVEN

    def conditions(self) -> Iterator[ColumnElement[bool]]:
        """What a row must meet; the states are computed, not stored."""
        columns = CERTIFICATES.c
        if self.ref is not None:
            yield (columns.list == self.ref.list) & (columns.idx == self.ref.index)
        if self.vin is not None:
            of_it = select(VEHICLES.c.id).where(VEHICLES.c.identity == vin_identity(self.vin))
            yield columns.vehicle_id.in_(of_it)
        if self.registration_number is not None:
            key = plate_key(self.registration_number, self.country)
            yield columns.plate_key == key if self.country else columns.plate_key.endswith(key, autoescape=True)
        for name in ("plate_type", "authority", "inspector"):
            if (value := getattr(self, name)) is not None:
                yield columns[name] == value
        if self.issued_from is not None:
            yield columns.issued_at >= int(self.issued_from.timestamp())
        if self.issued_until is not None:
            yield columns.issued_at < int(self.issued_until.timestamp())
        if self.ends_from is not None:
            yield columns.valid_until >= self.ends_from.isoformat()
        if self.ends_until is not None:
            yield columns.valid_until <= self.ends_until.isoformat()


def read(connection: Connection, selection: Selection, *, now: datetime) -> Iterator[Holding]:
    """The certificates that are meant, the earliest issued first, read as they are asked for."""
    if selection.is_impossible:
        return
    rows = connection.execution_options(yield_per=_BATCH).execute(
        select(CERTIFICATES)
        .where(*selection.conditions())
        .order_by(CERTIFICATES.c.issued_at, CERTIFICATES.c.recorded_at, CERTIFICATES.c.list, CERTIFICATES.c.idx)
    )
    while batch := list(islice(rows, _BATCH)):
        said = _statements(connection, batch)
        for row in batch:
            found = _holding(row, said.get((row.list, row.idx), ()), now)
            if not selection.states or found.state in selection.states:
                yield found


def _statements(connection: Connection, batch: Sequence[Any]) -> Mapping[Reference, Sequence[Statement]]:
    """All that was said of these certificates."""
    found: dict[Reference, list[Statement]] = {}
    for number in {row.list for row in batch}:
        events = connection.execute(
            select(EVENTS)
            .where(EVENTS.c.list == number, EVENTS.c.idx.in_([row.idx for row in batch if row.list == number]))
            .order_by(EVENTS.c.id)
        )
        for row in events:
            event = event_of(row.kind, row.effective_at, row.recorded_at, row.reason)
            found.setdefault((row.list, row.idx), []).append(Statement(event=event, actor=row.actor))
    return found


def _holding(row: Any, said: Sequence[Statement], now: datetime) -> Holding:  # noqa: ANN401  a row
    known = [statement.event for statement in said if statement.event.recorded_at <= now]
    as_they_are = ("registration_number", "country", "plate_type", "vin", "text", "authority", "inspector", "key_id")
    return Holding(
        ref=StatusRef(list=row.list, index=row.idx),
        state=state_at(known, now),
        statements=tuple(said),
        valid_until=None if row.valid_until is None else date.fromisoformat(row.valid_until),
        issued_at=instant(row.issued_at),
        recorded_at=instant(row.recorded_at),
        erased_at=None if row.erased_at is None else instant(row.erased_at),
        **{name: getattr(row, name) for name in as_they_are},
    )
