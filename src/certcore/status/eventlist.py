"""The status events document: what happened to the entries of one list, from when it had effect, and why.

A list gives the state of every entry at one moment. This document beside it says since when, so that a question about a
date of loss can be answered. It has `StatusEvents`, and issues and opens it. It has no lists, decisions, clocks or
networks. The names are public in `certcore.status.tokenlist`, which re-exports them.

It is certcore's own, so it is held to certcore's CBOR profile (`docs/reference/status-documents.md`): deterministic,
integer keys, and a negative claim that the reader does not know is critical.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import Any, Final

import attrs

from certcore import _cbor
from certcore._instants import CLOCK_SKEW
from certcore.certificate._values import UINT32, text
from certcore.errors import IssuingError, RejectedInputError
from certcore.keys import Signer
from certcore.keys._trusted import VerifyingKey
from certcore.status import _signed
from certcore.status._facts import state_at
from certcore.status._signed import malformed
from certcore.status._states import EVENT_KINDS, NUMBER_OF_EVENT
from certcore.status.protocol import StatusEvent, StatusEventKind, StatusObservation, StatusProof

__all__ = [
    "StatusEvents",
    "issue_events",
    "open_events",
]

STATUS_EVENTS_TYPE: Final = "application/vnd.certcore.status-events+cwt"
"""The media type, and the typ in the protected header."""

EVENTS, HISTORY_FROM = -65539, -65540
"""The private claims: index to events, and since when these are complete."""

MAX_EVENTS_BYTES: Final = 16 << 20
"""Bytes of an events document unless told otherwise: about half a million events."""

MAX_EVENT_ITEMS: Final = 600_000
"""CBOR items of an events document: some 85 000 events, which take a second to open."""

ENVELOPE_BYTES: Final = 16 << 10
"""Bytes of a document that are not its content, at most: header and signature, of whichever algorithm."""

_KINDS: Final = {number: kind for number, kind in EVENT_KINDS.items() if kind is not StatusEventKind.ISSUED}
_EVENT_MEMBERS: Final = 4


def _frozen_events(value: Mapping[int, Sequence[StatusEvent]]) -> Mapping[int, tuple[StatusEvent, ...]]:
    return MappingProxyType({index: tuple(events) for index, events in value.items()})


@attrs.frozen(kw_only=True, slots=False)  # no slots: `__getstate__` and `__setstate__` are the mapping's
class StatusEvents:
    """An events document whose signature holds. Made by `open_events`; immutable, and pickles by value.

    Attributes:
        uri: the list whose entries it is about.
        events: index to what happened, for the entries that ever changed.
        history_from: since when the events are complete.
        issued_at: until when they are.
        expires_at: from when the document may no longer be taken for the present.
        ttl: how long it may be kept before asking again; as stated, however long.
        key_id: whose key signed it.
        media_type: ``application/vnd.certcore.status-events+cwt``.
        data: the signed bytes.
        proof: the document as the proof of what is read from it.
    """

    uri: str
    events: Mapping[int, tuple[StatusEvent, ...]] = attrs.field(converter=_frozen_events, hash=False, repr=False)
    history_from: datetime
    issued_at: datetime
    expires_at: datetime
    ttl: timedelta | None
    key_id: bytes
    media_type: str = STATUS_EVENTS_TYPE
    data: bytes = attrs.field(repr=False)
    proof: StatusProof = attrs.field(init=False, repr=False, eq=False)

    @proof.default
    def _proof(self) -> StatusProof:
        return StatusProof(data=self.data, media_type=self.media_type, key_id=self.key_id, signed_at=self.issued_at)

    def __getstate__(self) -> dict[str, object]:
        return vars(self) | {"events": dict(self.events)}

    def __setstate__(self, state: dict[str, Any]) -> None:
        vars(self).update(state, events=_frozen_events(state["events"]))


def issue_events(
    events: Mapping[int, Sequence[StatusEvent]],
    /,
    *,
    uri: str,
    signer: Signer,
    history_from: datetime,
    issued_at: datetime,
    expires_at: datetime,
    ttl: timedelta | None = None,
) -> bytes:
    """The signed events document of one list.

    Instants are written in whole seconds, their fractions left out. ``ISSUED`` events are not written: that an entry is
    there is the list's to say. An entry without other events is left out.

    Args:
        events: index to what happened.
        uri: where the list is.
        signer: whose key signs; its usage in the trust list must be ``status``.
        history_from: since when the events are complete.
        issued_at: when the document is made; nothing in it was recorded later.
        expires_at: from when it may no longer be taken for the present.
        ttl: how long it may be kept before asking again, in whole seconds.

    Raises:
        IssuingError: ``signer-failed``; ``document-too-large`` for more events than readers take.
        ValueError: for an index, an instant or a reason that no document may state.
    """
    claims, issued = _signed.write_claims(uri=uri, issued_at=issued_at, expires_at=expires_at, ttl=ttl)
    claims[HISTORY_FROM] = _until(issued, history_from)
    claims[EVENTS] = {
        index: written for index, happened in events.items() if (written := _entry_to_wire(index, happened, issued))
    }
    payload = _cbor.encode(claims)
    if not _cbor.fits(payload, max_bytes=MAX_EVENTS_BYTES - ENVELOPE_BYTES, max_items=MAX_EVENT_ITEMS):
        raise IssuingError("document-too-large", "The list has more events than its document may hold")
    return _signed.sign_cwt(payload, media_type=STATUS_EVENTS_TYPE, signer=signer)


def open_events(
    data: bytes,
    /,
    *,
    uri: str,
    keys: Sequence[VerifyingKey],
    now: datetime | None,
    clock_skew: timedelta = CLOCK_SKEW,
    max_bytes: int = MAX_EVENTS_BYTES,
) -> StatusEvents:
    """The events document in these bytes, once one of the keys has signed it.

    Whether the keys are the issuer's, and of which usage, is the caller's to see to; so is whether a younger document
    was seen before.

    Args:
        data: the signed document.
        uri: the list it must be about, byte for byte.
        keys: the keys that may sign it.
        now: when it is used; None for archives and replay, where a document may have expired since.
        clock_skew: how far two right clocks may be apart.
        max_bytes: the most bytes it may have.

    Raises:
        StatusError: ``status-list-too-large``, ``status-list-malformed``, ``status-list-signature``,
            ``status-list-type``, ``status-list-subject``, ``status-list-future``, ``status-list-expired``.
    """
    payload, key_id = _signed.open_cwt(data, media_type=STATUS_EVENTS_TYPE, keys=keys, max_bytes=max_bytes)
    return _read(payload, key_id, data, uri=uri, now=now, clock_skew=clock_skew)


def read_unverified_events(data: bytes, /, *, uri: str, max_bytes: int = MAX_EVENTS_BYTES) -> StatusEvents:
    """The content of an events document, without any check: for a publisher that reads its own documents.

    Raises:
        StatusError: ``status-list-malformed`` or ``status-list-subject``.
    """
    try:
        payload = _signed.unverified_payload(data, max_bytes=max_bytes)
    except RejectedInputError as cause:
        raise malformed("it is no COSE_Sign1") from cause
    return _read(payload, b"", data, uri=uri, now=None, clock_skew=CLOCK_SKEW)


def _read(
    payload: bytes, key_id: bytes, data: bytes, *, uri: str, now: datetime | None, clock_skew: timedelta
) -> StatusEvents:
    try:
        claims = _cbor.decode(payload, max_bytes=len(payload), max_items=MAX_EVENT_ITEMS)
    except RejectedInputError as cause:
        raise malformed("its claims are not deterministic CBOR") from cause
    if type(claims) is not dict or any(claim < 0 and claim not in {EVENTS, HISTORY_FROM} for claim in claims):
        raise malformed("it is not a map of claims, or has a critical one that this version does not know")
    stated = _signed.read_claims(claims, uri=uri, now=now, clock_skew=clock_skew)
    if stated.expires_at is None:
        raise malformed("it does not say when it expires")
    history_from = _signed.instant(claims.get(HISTORY_FROM))
    if history_from > stated.issued_at:
        raise malformed("its history begins after it was issued")
    return StatusEvents(
        uri=uri,
        events=_events_from_wire(claims.get(EVENTS), stated.issued_at),
        history_from=history_from,
        issued_at=stated.issued_at,
        expires_at=stated.expires_at,
        ttl=stated.ttl,
        key_id=key_id,
        data=data,
    )


def complete_from(stated: Sequence[StatusEvents]) -> datetime | None:
    """Since when events are complete up to the youngest document, where an older one reaches on to its beginning."""
    if not stated:
        return None
    found = stated[0].history_from
    for document in stated[1:]:
        if document.issued_at >= found:
            found = min(found, document.history_from)
    return found


def words_of_older(index: int, stated: Sequence[StatusEvents]) -> list[StatusObservation]:
    """What an older events document says of the entry at its own time, where the younger ones do not reach to it."""
    begins = complete_from(stated)
    return [
        StatusObservation(
            state=state_at(document.events.get(index, ()), document.issued_at),
            at=document.issued_at,
            expires_at=document.expires_at,
        )
        for document in stated[1:]
        if begins is not None and document.issued_at < begins
    ]


def _entry_to_wire(index: object, happened: Sequence[StatusEvent], issued: int) -> list[list[object]]:
    if type(index) is not int or not 0 <= index < UINT32:
        msg = "an entry's index is a whole number below 2**32"
        raise ValueError(msg)
    return [_event_to_wire(event, issued) for event in happened if event.kind is not StatusEventKind.ISSUED]


def _event_to_wire(event: StatusEvent, issued: int) -> list[object]:
    effective = None if event.effective_at is None else _signed.seconds(event.effective_at)
    return [NUMBER_OF_EVENT[event.kind], effective, _until(issued, event.recorded_at), text(event.reason)]


def _until(issued: int, at: datetime) -> int:
    """An instant that is not later than the second of issue."""
    found = _signed.seconds(at)
    if found > issued:
        msg = "nothing in a document was recorded, and no history begins, after it is issued"
        raise ValueError(msg)
    return found


def _events_from_wire(wire: object, issued_at: datetime) -> dict[int, tuple[StatusEvent, ...]]:
    if type(wire) is not dict:
        raise malformed("it has no map of events")
    found: dict[int, tuple[StatusEvent, ...]] = {}
    for index, happened in wire.items():
        if not 0 <= index < UINT32 or type(happened) is not list or not happened:
            raise malformed("an entry is not an index below 2**32 with at least one event")
        found[index] = tuple(_event_from_wire(event, issued_at) for event in happened)
    return found


def _event_from_wire(wire: object, issued_at: datetime) -> StatusEvent:
    if type(wire) is not list or len(wire) != _EVENT_MEMBERS or type(wire[0]) is not int or wire[0] not in _KINDS:
        raise malformed("an event is not [kind, effective, recorded, reason] of a known kind")
    kind, effective, recorded, reason = wire
    recorded_at = _signed.instant(recorded)
    if recorded_at > issued_at:
        raise malformed("an event was recorded after the document was issued")
    try:
        text(reason)
    except ValueError as cause:
        raise malformed("the reason of an event is not a short text") from cause
    return StatusEvent(
        kind=_KINDS[kind],
        effective_at=None if effective is None else _signed.instant(effective),
        recorded_at=recorded_at,
        reason=reason,
    )
