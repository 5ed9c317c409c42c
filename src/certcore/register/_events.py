"""What happened to certificates: written after the rules of their states, and read back.

What may follow what, by what the log says, whenever it has effect:

- a revocation may follow anything; one that says no more than an earlier one is not written again;
- a suspension follows a certificate in force; a suspended one is left as it is;
- a resumption follows a suspension, and not from before it;
- a supersession follows one in force or suspended; a superseded one is left as it is.

Anything else is ``register-failed``, and then nothing of the call is written. Repeating a call whose answer was lost
is therefore safe.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from itertools import groupby
from typing import Any, Final, TypeVar

import attrs
from sqlalchemy import ColumnElement, Connection, and_, bindparam, func, insert, literal, or_, select, update

from certcore.errors import IssuingError
from certcore.register._schema import CERTIFICATES, EVENTS, LISTS
from certcore.status.protocol import StatusEvent, StatusEventKind

_T = TypeVar("_T")

Reference = tuple[int, int]
"""List and index."""

VALID, REVOKED, SUSPENDED, SUPERSEDED = range(4)
"""States, and what a status list says for them (FORMAT section 7)."""

IN_FORCE: Final = (VALID, SUSPENDED)

KIND_OF: Final[Mapping[int, StatusEventKind]] = dict(
    enumerate(
        (
            StatusEventKind.ISSUED,
            StatusEventKind.REVOKED,
            StatusEventKind.SUSPENDED,
            StatusEventKind.RESUMED,
            StatusEventKind.SUPERSEDED,
        )
    )
)
CODE_OF: Final[Mapping[StatusEventKind, int]] = {kind: code for code, kind in KIND_OF.items()}

_STATE_AFTER: Final = {
    StatusEventKind.REVOKED: REVOKED,
    StatusEventKind.SUSPENDED: SUSPENDED,
    StatusEventKind.RESUMED: VALID,
    StatusEventKind.SUPERSEDED: SUPERSEDED,
}
_FOLLOWS: Final[Mapping[StatusEventKind, Sequence[int]]] = {
    StatusEventKind.REVOKED: (VALID, REVOKED, SUSPENDED, SUPERSEDED),
    StatusEventKind.SUSPENDED: (VALID, SUSPENDED),
    StatusEventKind.RESUMED: (SUSPENDED,),
    StatusEventKind.SUPERSEDED: (VALID, SUSPENDED, SUPERSEDED),
}

_CHUNK: Final = 500
"""Values in one IN: SQLite once allowed 999 parameters in a statement."""

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

    def row(self, ref: Reference) -> dict[str, Any]:
        """The row for one certificate."""
        return {
            "list": ref[0],
            "idx": ref[1],
            "kind": CODE_OF[self.kind],
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
        IssuingError: ``register-failed`` where one is not recorded, or the rules at the top forbid it.
    """
    rows = rows_of(connection, refs)
    if len(rows) < len(set(refs)):
        raise IssuingError("register-failed", "The register holds no such certificate")
    if any(row.state not in _FOLLOWS[happening.kind] for row in rows.values()):
        raise IssuingError(
            "register-failed", "A certificate is in no state that this can follow", kind=happening.kind.value
        )
    new = [ref for ref, row in rows.items() if row.state != _STATE_AFTER[happening.kind]]
    if happening.kind is StatusEventKind.REVOKED:
        new += [ref for ref, row in rows.items() if row.state == REVOKED and _says_more(connection, ref, happening)]
    elif happening.kind is StatusEventKind.RESUMED:
        _refuse_early_resumption(connection, new, happening)
    write(connection, [happening.row(ref) for ref in new])
    set_states(connection, new, _STATE_AFTER[happening.kind])
    return len(new)


def write(connection: Connection, rows: Sequence[Mapping[str, Any]]) -> None:
    """Add events, and note in their lists that they changed."""
    if rows:
        connection.execute(insert(EVENTS), list(rows))
        touch(connection, {row["list"] for row in rows if row["kind"]})


def set_states(connection: Connection, refs: Iterable[Reference], state: int) -> None:
    """Give recorded certificates another state."""
    values = [{"at_list": number, "at_idx": index} for number, index in refs]
    if values:
        connection.execute(update(CERTIFICATES).where(*_PICKED).values(state=state), values)


def touch(connection: Connection, numbers: Iterable[int]) -> None:
    """Note which event of each list is its latest change."""
    latest = select(func.max(EVENTS.c.id)).where(EVENTS.c.list == LISTS.c.number, EVENTS.c.kind > 0).scalar_subquery()
    for part in chunks(numbers):
        connection.execute(
            update(LISTS).where(LISTS.c.number.in_(part)).values(last_change_id=func.coalesce(latest, 0))
        )


def revoke_where(connection: Connection, criteria: Criteria, happening: Happening) -> int:
    """Revoke every certificate that meets the criteria, in one statement; how many it was new for."""
    said = EVENTS.alias()
    says_as_much = select(literal(1)).where(
        said.c.list == CERTIFICATES.c.list,
        said.c.idx == CERTIFICATES.c.idx,
        said.c.kind == CODE_OF[StatusEventKind.REVOKED],
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


def changes_of_list(
    connection: Connection, number: int, *, known_by: int
) -> tuple[int, dict[int, tuple[StatusEvent, ...]]]:
    """What happened to a list's entries besides being issued, recorded by then; and the number of the last event."""
    columns = (EVENTS.c.id, EVENTS.c.idx, EVENTS.c.kind, EVENTS.c.effective_at, EVENTS.c.recorded_at, EVENTS.c.reason)
    rows = connection.execute(
        select(*columns)
        .where(EVENTS.c.list == number, EVENTS.c.kind > 0, EVENTS.c.recorded_at <= known_by)
        .order_by(EVENTS.c.id)
    )
    last, found = 0, dict[int, list[StatusEvent]]()
    for last, index, *facts in rows:  # noqa: B007  the last of them is wanted
        found.setdefault(index, []).append(event_of(*facts))
    return last, {index: tuple(events) for index, events in found.items()}


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
        kind=KIND_OF[kind],
        effective_at=None if effective_at is None else instant(effective_at),
        recorded_at=instant(recorded_at),
        reason=reason,
    )


def instant(seconds: int) -> datetime:
    """Seconds since 1970 as an instant."""
    return datetime.fromtimestamp(seconds, UTC)


def _reaches_back_to(column: ColumnElement[Any], effective_at: int | None) -> ColumnElement[bool]:
    """Whether a revocation has effect at least as early as another."""
    if effective_at is None:
        return column.is_(None)
    return or_(column.is_(None), column <= effective_at)


def _says_more(connection: Connection, ref: Reference, happening: Happening) -> bool:
    """Whether a revoked certificate is not yet revoked as early as it should be."""
    said = [event for event in history(connection, ref) if event.kind is StatusEventKind.REVOKED]
    if happening.effective_at is None:
        return all(event.effective_at is not None for event in said)
    wanted = instant(happening.effective_at)
    return all(event.effective_at is not None and event.effective_at > wanted for event in said)


def _refuse_early_resumption(connection: Connection, refs: Iterable[Reference], happening: Happening) -> None:
    """A resumption from before its suspension would say nothing: the certificate would stay suspended."""
    for ref in refs:
        suspended = [event for event in history(connection, ref) if event.kind is StatusEventKind.SUSPENDED]
        since = suspended[-1].effective_at or suspended[-1].recorded_at
        if happening.effective_at is None or instant(happening.effective_at) < since:
            raise IssuingError("register-failed", "A suspension ends after it began")
