"""The events of certificates: written once, and read back.

`_statements` decides which statements are written, and which are refused. If one statement of a call is refused,
nothing of the call is written.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from itertools import groupby
from typing import Any, Final, TypeVar

import attrs
from sqlalchemy import ColumnElement, Connection, and_, bindparam, func, insert, literal, or_, select, update

from certcore.errors import IssuingError
from certcore.register._store import _statements
from certcore.register._store._lists import ListHead
from certcore.register._store._schema import CERTIFICATES, EVENTS, LISTS
from certcore.status._states import EVENT_KINDS, NUMBER_OF_EVENT, NUMBER_OF_STATE
from certcore.status.protocol import StatusEvent, StatusEventKind, StatusState

_T = TypeVar("_T")

Reference = tuple[int, int]
"""List and index."""

VALID, REVOKED, SUSPENDED, SUPERSEDED = (
    NUMBER_OF_STATE[state]
    for state in (StatusState.VALID, StatusState.REVOKED, StatusState.SUSPENDED, StatusState.SUPERSEDED)
)
"""The states of a certificate's row, numbered as in a status list."""

IN_FORCE: Final = (VALID, SUSPENDED)

_CHUNK: Final = 500
"""Values in one IN: SQLite once allowed 999 parameters in a statement."""

_MARK_BYTES: Final = 12

_PICKED: Final = (CERTIFICATES.c.list == bindparam("at_list"), CERTIFICATES.c.idx == bindparam("at_idx"))
_LOOKUP: Final = (
    select(EVENTS.c.kind, EVENTS.c.effective_at, EVENTS.c.recorded_at, EVENTS.c.reason)
    .where(EVENTS.c.list == bindparam("at_list"), EVENTS.c.idx == bindparam("at_idx"))
    .order_by(EVENTS.c.id)
)


@attrs.frozen(kw_only=True)
class Happening:
    """What is to be written about some certificates.

    Attributes:
        kind: what happened.
        effective_at: from when, in seconds; None: from the start.
        recorded_at: when the register knows.
        actor: who says so.
        reason: why.
    """

    kind: StatusEventKind
    effective_at: int | None
    recorded_at: int
    actor: str
    reason: str

    def event(self) -> StatusEvent:
        """The same as an event."""
        return event_of(NUMBER_OF_EVENT[self.kind], self.effective_at, self.recorded_at, self.reason)

    def row(self, ref: Reference) -> dict[str, Any]:
        """The row for one certificate."""
        return {
            "list": ref[0],
            "idx": ref[1],
            "kind": NUMBER_OF_EVENT[self.kind],
            "effective_at": self.effective_at,
            "recorded_at": self.recorded_at,
            "actor": self.actor,
            "reason": self.reason,
        }


@attrs.frozen(kw_only=True)
class Criteria:
    """Which certificates a bulk revocation is about: those that meet all that is given.

    Attributes:
        authority: the authority they name.
        inspector: the inspector or station they name.
        key_id: the key that signed them.
        issued_from: the first second of issue.
        issued_until: the first second of issue that is no longer meant.
    """

    authority: str | None = None
    inspector: str | None = None
    key_id: bytes | None = None
    issued_from: int | None = None
    issued_until: int | None = None

    def conditions(self) -> list[ColumnElement[bool]]:
        """What a row must meet."""
        given = ((CERTIFICATES.c[name], getattr(self, name)) for name in ("authority", "inspector", "key_id"))
        found: list[ColumnElement[bool]] = [column == value for column, value in given if value is not None]
        if self.issued_from is not None:
            found.append(CERTIFICATES.c.issued_at >= self.issued_from)
        if self.issued_until is not None:
            found.append(CERTIFICATES.c.issued_at < self.issued_until)
        return found


def chunks(values: Iterable[_T]) -> Iterator[list[_T]]:
    """The values in lists that fit into one IN."""
    found = list(values)
    for start in range(0, len(found), _CHUNK):
        yield found[start : start + _CHUNK]


def rows_of(connection: Connection, refs: Iterable[Reference]) -> dict[Reference, Any]:
    """The certificates that are recorded, of these."""
    found: dict[Reference, Any] = {}
    for number, group in groupby(sorted(set(refs)), key=lambda ref: ref[0]):
        for part in chunks(index for _, index in group):
            rows = connection.execute(
                select(CERTIFICATES).where(CERTIFICATES.c.list == number, CERTIFICATES.c.idx.in_(part))
            )
            found.update({(row.list, row.idx): row for row in rows})
    return found


def append(connection: Connection, refs: Sequence[Reference], happening: Happening) -> int:
    """Write what happened to these certificates; how many of them it was new for.

    Raises:
        IssuingError: ``register-failed`` where one is not recorded, or the statement would have no effect on it.
    """
    rows = rows_of(connection, refs)
    if len(rows) < len(set(refs)):
        raise IssuingError("register-failed", "The register holds no such certificate")
    said: dict[Reference, Happening] = {}
    states: dict[Reference, int] = {}
    for ref, row in rows.items():
        if happening.kind is StatusEventKind.REVOKED and row.state != REVOKED:  # many at once: without their histories
            said[ref], states[ref] = happening, REVOKED
            continue
        before = history(connection, ref)
        stated = _after_its_suspension(before, happening)
        if _statements.is_new(before, stated.event()):
            said[ref] = stated
            states[ref] = NUMBER_OF_STATE[_statements.final_state([*before, stated.event()])]
    write(connection, [stated.row(ref) for ref, stated in said.items()])
    set_states(connection, states)
    return len(said)


def _after_its_suspension(before: Iterable[StatusEvent], happening: Happening) -> Happening:
    """A resumption from now, in the very second of the suspension, has effect a second later: the stop goes first."""
    at = happening.effective_at
    if happening.kind is not StatusEventKind.RESUMED or at is None or at != happening.recorded_at:
        return happening
    stops = {event.effective_at for event in before if event.kind is StatusEventKind.SUSPENDED}
    return attrs.evolve(happening, effective_at=at + 1) if instant(at) in stops else happening


def write(connection: Connection, rows: Sequence[Mapping[str, Any]]) -> None:
    """Add events, and note in their lists that they changed."""
    if rows:
        connection.execute(insert(EVENTS), list(rows))
        touch(connection, {row["list"] for row in rows if row["kind"]})


def set_states(connection: Connection, states: Mapping[Reference, int]) -> None:
    """Give recorded certificates other states."""
    values = [{"at_list": number, "at_idx": index, "to": state} for (number, index), state in states.items()]
    if values:
        connection.execute(update(CERTIFICATES).where(*_PICKED).values(state=bindparam("to")), values)


def touch(connection: Connection, numbers: Iterable[int]) -> None:
    """Give lists whose entries changed another mark."""
    for part in chunks(numbers):
        connection.execute(update(LISTS).where(LISTS.c.number.in_(part)).values(mark=secrets.token_hex(_MARK_BYTES)))


def revoke_where(connection: Connection, criteria: Criteria, happening: Happening) -> int:
    """Revoke every certificate that meets the criteria, in one statement; how many it was new for."""
    said = EVENTS.alias()
    says_as_much = select(literal(1)).where(
        said.c.list == CERTIFICATES.c.list,
        said.c.idx == CERTIFICATES.c.idx,
        said.c.kind == NUMBER_OF_EVENT[StatusEventKind.REVOKED],
        said.c.recorded_at <= happening.recorded_at,
        _reaches_back_to(said.c.effective_at, happening.effective_at),
    )
    row = happening.row((0, 0))
    fixed = ["kind", "effective_at", "recorded_at", "actor", "reason"]
    meant = and_(*criteria.conditions(), ~says_as_much.exists())
    picked = select(
        CERTIFICATES.c.list, CERTIFICATES.c.idx, *(literal(row[name], EVENTS.c[name].type) for name in fixed)
    ).where(meant)
    before = connection.scalar(select(func.max(EVENTS.c.id))) or 0
    connection.execute(insert(EVENTS).from_select(["list", "idx", *fixed], picked))
    is_new = EVENTS.c.id > before
    written = select(literal(1)).where(EVENTS.c.list == CERTIFICATES.c.list, EVENTS.c.idx == CERTIFICATES.c.idx, is_new)
    connection.execute(update(CERTIFICATES).where(*criteria.conditions(), written.exists()).values(state=REVOKED))
    touch(connection, connection.scalars(select(EVENTS.c.list).where(is_new).distinct()))
    return connection.scalar(select(func.count()).select_from(EVENTS).where(is_new)) or 0


def history(connection: Connection, ref: Reference) -> tuple[StatusEvent, ...]:
    """All that happened to one certificate; nothing for one that is not recorded."""
    rows = connection.execute(_LOOKUP, {"at_list": ref[0], "at_idx": ref[1]})
    return tuple(event_of(*row) for row in rows)


def ends_of_vehicles(connection: Connection, vehicle_ids: Iterable[int]) -> dict[int, dict[Reference, int]]:
    """For the vehicles' certificates that were revoked or superseded: from which second, unless from the start."""
    columns = (CERTIFICATES.c.vehicle_id, CERTIFICATES.c.list, CERTIFICATES.c.idx)
    of_one = and_(EVENTS.c.list == CERTIFICATES.c.list, EVENTS.c.idx == CERTIFICATES.c.idx)
    found: dict[int, dict[Reference, int]] = {}
    for part in chunks(vehicle_ids):
        rows = connection.execute(
            select(*columns, func.min(EVENTS.c.effective_at))
            .join(EVENTS, of_one)
            .where(CERTIFICATES.c.vehicle_id.in_(part), CERTIFICATES.c.state.in_((REVOKED, SUPERSEDED)))
            .where(EVENTS.c.kind.in_([NUMBER_OF_EVENT[kind] for kind in _statements.FINAL]))
            .group_by(*columns)
            .having(func.count() == func.count(EVENTS.c.effective_at))
        )
        for vehicle_id, number, index, at in rows:
            found.setdefault(vehicle_id, {})[number, index] = at
    return found


def changes_of_list(connection: Connection, number: int, *, known_by: int) -> dict[int, tuple[StatusEvent, ...]]:
    """What happened to a list's entries besides being issued, as recorded by then."""
    columns = (EVENTS.c.idx, EVENTS.c.kind, EVENTS.c.effective_at, EVENTS.c.recorded_at, EVENTS.c.reason)
    rows = connection.execute(
        select(*columns)
        .where(EVENTS.c.list == number, EVENTS.c.kind > 0, EVENTS.c.recorded_at <= known_by)
        .order_by(EVENTS.c.id)
    )
    found: dict[int, list[StatusEvent]] = {}
    for index, *facts in rows:
        found.setdefault(index, []).append(event_of(*facts))
    return {index: tuple(events) for index, events in found.items()}


def heads_of_lists(connection: Connection, *, now: int) -> list[ListHead]:
    """Every list with the mark of its latest change, and what the times of its changes say."""
    effects, later = latest_effects(connection, now=now), later_changes(connection, now=now)
    return [
        ListHead(
            number=row.number,
            size=row.size,
            mark=row.mark,
            effect_at=effects.get(row.number, 0),
            later=later.get(row.number, 0),
        )
        for row in connection.execute(select(LISTS).order_by(LISTS.c.number))
    ]


def later_changes(connection: Connection, *, now: int) -> dict[int, int]:
    """How many changes each list has whose time of recording has not come yet: a clock was ahead."""
    rows = connection.execute(
        select(EVENTS.c.list, func.count()).where(EVENTS.c.kind > 0, EVENTS.c.recorded_at > now).group_by(EVENTS.c.list)
    )
    return {number: count for number, count in rows}  # noqa: C416  rows are not pairs to a type checker


def latest_effects(connection: Connection, *, now: int) -> dict[int, int]:
    """For lists with events that were recorded ahead of their effect: the latest effect there has been by now."""
    rows = connection.execute(
        select(EVENTS.c.list, func.max(EVENTS.c.effective_at))
        .where(EVENTS.c.kind > 0, EVENTS.c.effective_at > EVENTS.c.recorded_at, EVENTS.c.effective_at <= now)
        .group_by(EVENTS.c.list)
    )
    return {number: at for number, at in rows}  # noqa: C416  rows are not pairs to a type checker


def event_of(kind: int, effective_at: int | None, recorded_at: int, reason: str) -> StatusEvent:
    """A row as an event."""
    return StatusEvent(
        kind=EVENT_KINDS[kind],
        effective_at=None if effective_at is None else instant(effective_at),
        recorded_at=instant(recorded_at),
        reason=reason,
    )


def row_of(event: StatusEvent, ref: Reference, *, actor: str) -> dict[str, Any]:
    """An event as a row of one certificate."""
    happening = Happening(
        kind=event.kind,
        effective_at=None if event.effective_at is None else int(event.effective_at.timestamp()),
        recorded_at=int(event.recorded_at.timestamp()),
        actor=actor,
        reason=event.reason,
    )
    return happening.row(ref)


def instant(seconds: int) -> datetime:
    """Seconds since 1970 as an instant."""
    return datetime.fromtimestamp(seconds, UTC)


def _reaches_back_to(column: ColumnElement[Any], effective_at: int | None) -> ColumnElement[bool]:
    """Whether a revocation has effect at least as early as another."""
    if effective_at is None:
        return column.is_(None)
    return or_(column.is_(None), column <= effective_at)
