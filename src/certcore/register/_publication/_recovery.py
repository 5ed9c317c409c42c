"""A register that was brought back from a copy learns from its published folder what happened after the copy was made.

The folder's documents are signed, so they say what the register knew; certificates are not in them. What is recovered:

1. lists that were begun after the copy, so that their numbers are not given out again;
2. every event, as it was recorded then; a certificate that the copy does not hold gets a row without a vehicle or a
   text, like one that was erased;
3. which register the folder belongs to.

No reference is given out any more from the lists that are in the folder: the copy cannot tell which were given out.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial
from itertools import count
from pathlib import Path
from typing import Any, Final, TypeVar

import attrs
from sqlalchemy import Connection, func, insert, select, update

from certcore._instants import EPOCH
from certcore.errors import IssuingError, StatusError
from certcore.keys._trusted import VerifyingKey
from certcore.register._publication import _folder, _layout
from certcore.register._store import _entries, _events, _indices, _statements
from certcore.register._store._events import Reference
from certcore.register._store._schema import CERTIFICATES, LISTS, REGISTER
from certcore.status._documents import events_uri
from certcore.status._keys import check
from certcore.status._states import NUMBER_OF_STATE
from certcore.status.protocol import StatusEvent, StatusEventKind, StatusProof
from certcore.status.tokenlist import StatusEvents, StatusToken, open_events, open_token
from certcore.trust.issuers import ListTemplate

_T = TypeVar("_T", StatusEvents, StatusToken)

ACTOR: Final = "recovery"
"""The actor of events that were read from a folder."""


@attrs.frozen(kw_only=True)
class FoundList:
    """A list as the folder has it.

    Attributes:
        number: the list's number.
        size: how many entries it has.
        events: what happened to them.
    """

    number: int
    size: int
    events: StatusEvents


@attrs.frozen(kw_only=True)
class FoundFolder:
    """What a folder says.

    Attributes:
        lists: its lists, from 0 on.
        identity: the register that published them, where the folder remembers one.
    """

    lists: Sequence[FoundList]
    identity: str | None


def read_folder(folder: Path, uri_template: str, keys: Sequence[VerifyingKey], /) -> FoundFolder:
    """Every list in a folder, from 0 on, with its events; each document under one of the keys.

    Raises:
        IssuingError: ``register-failed`` where there is none.
        StatusError: for a document that cannot be believed, when no other one of its list can.
    """
    template = ListTemplate(uri=uri_template, not_before=EPOCH)
    found: list[FoundList] = []
    for number in count():
        uri = template.resolve(number)
        if not any(_documents(folder, uri)):
            break
        token = _first_open(_documents(folder, uri), partial(open_token, uri=uri, keys=keys, now=None), keys)
        events = _first_open(
            _documents(folder, events_uri(uri)), partial(open_events, uri=uri, keys=keys, now=None), keys
        )
        found.append(FoundList(number=number, size=len(token.status_list), events=events))
    if not found:
        raise IssuingError("register-failed", "The folder has no list under this template")
    state = _layout.read_state(_folder.read(folder, _layout.STATE))
    remembered = {state[uri].register for uri in map(template.resolve, range(len(found))) if uri in state}
    return FoundFolder(lists=found, identity=remembered.pop() if len(remembered) == 1 else None)


def recover(connection: Connection, folder: FoundFolder, *, now: int) -> int:
    """Take over what the folder says; how many events were new."""
    lists = folder.lists
    row = connection.execute(select(REGISTER)).one()
    is_another = folder.identity not in {None, row.identity}
    if is_another and connection.scalar(select(func.count()).select_from(CERTIFICATES)):
        raise IssuingError("register-mismatch", "The folder belongs to another register, and this one has certificates")
    for found in lists:
        _take_over_list(connection, found)
    learnt = sum(_learn(connection, found, now) for found in lists)
    highest = connection.scalar(select(func.max(LISTS.c.number)))
    began_at = min(int(found.events.history_from.timestamp()) for found in lists)
    connection.execute(
        update(REGISTER).values(
            current_list=highest, began_at=min(row.began_at, began_at), identity=folder.identity or row.identity
        )
    )
    _entries.begin_list(connection)
    return learnt


def _documents(folder: Path, uri: str) -> Iterator[tuple[Path, bytes]]:
    """The document in place, and those in the archive, the latest first."""
    place = _layout.place_of(uri)
    for path in (folder / place, *(path for _, _, path in _layout.list_archived(folder, place))):
        if path.is_file():
            yield path, path.read_bytes()


def _first_open(
    documents: Iterable[tuple[Path, bytes]], read: Callable[[bytes], _T], keys: Sequence[VerifyingKey]
) -> _T:
    """The first that can be believed, by its key's dates too; the error of the first where none can.

    One that another key signed is not passed over for an older one, which would say less: the key has to be named.
    """
    refusal: StatusError | None = None
    for path, data in documents:
        try:
            found = read(data)
            proof = StatusProof(data=data, media_type=found.media_type, key_id=found.key_id)
            check(proof, keys, observed_at=found.issued_at)
        except StatusError as error:
            if error.code == "status-list-signature":
                message = f"{path}: none of the keys that were given has signed it; give the one that has, too"
                raise StatusError(error.code, message) from error
            refusal = refusal or error
        else:
            return found
    raise refusal or StatusError("status-list-malformed", "The folder has a list without its events")


def _take_over_list(connection: Connection, found: FoundList) -> None:
    """The list's row, with every reference given out."""
    size = connection.scalar(select(LISTS.c.size).where(LISTS.c.number == found.number))
    if size is None:
        connection.execute(
            insert(LISTS).values(number=found.number, size=found.size, secret=_indices.new_key(), allocated=found.size)
        )
    elif size != found.size:
        raise IssuingError("register-mismatch", "A list of the folder has another size", list=found.number)
    else:
        connection.execute(update(LISTS).where(LISTS.c.number == found.number).values(allocated=size))


def _learn(connection: Connection, found: FoundList, now: int) -> int:
    """The events that the register does not hold."""
    refs = [(found.number, index) for index in found.events.events]
    known = _events.rows_of(connection, refs)
    bare = [_bare_row(ref, found.events.events[ref[1]], now) for ref in refs if ref not in known]
    if bare:
        connection.execute(insert(CERTIFICATES), bare)
    rows: list[dict[str, Any]] = []
    states: dict[Reference, int] = {}
    for ref in refs:
        held = _events.history(connection, ref) if ref in known else ()
        new = [event for event in found.events.events[ref[1]] if _facts(event) not in set(map(_facts, held))]
        if ref not in known:
            first = min(event.recorded_at for event in new)
            new.insert(0, StatusEvent(kind=StatusEventKind.ISSUED, effective_at=first, recorded_at=first))
        rows += [_events.row_of(event, ref, actor=ACTOR) for event in new]
        states[ref] = NUMBER_OF_STATE[_statements.final_state([*held, *new])]
    _events.write(connection, sorted(rows, key=lambda row: int(row["recorded_at"])))
    _events.set_states(connection, states)
    return sum(row["kind"] > 0 for row in rows)


def _bare_row(ref: Reference, happened: Sequence[StatusEvent], now: int) -> dict[str, Any]:
    """A certificate of which nothing is known but what happened to it."""
    return {
        "list": ref[0],
        "idx": ref[1],
        "state": NUMBER_OF_STATE[_statements.final_state(happened)],
        "authority": "",
        "key_id": b"",
        "issued_at": 0,
        "recorded_at": min(int(event.recorded_at.timestamp()) for event in happened),
        "erased_at": now,
        "erased_by": ACTOR,
        "erased_because": "the copy does not hold it",
    }


def _facts(event: StatusEvent) -> tuple[StatusEventKind, Any, Any]:
    return event.kind, event.effective_at, event.recorded_at
