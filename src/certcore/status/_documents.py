"""Signed status documents: which there are, where each is, and how one is opened. Pure: no network and no disk.

Lists, the events beside them, and the lists of earlier moments. Fetching them is `certcore.status.http`'s; a snapshot
holds them in a file.
"""

from __future__ import annotations

import hashlib
from datetime import datetime, timedelta
from enum import Enum
from typing import Final

import attrs

from certcore import _cbor
from certcore.errors import StatusError
from certcore.keys._trusted import ExistingDocument, VerifyingKey
from certcore.status import _keys, tokenlist
from certcore.status.eventlist import STATUS_EVENTS_TYPE
from certcore.status.tokenlist import StatusEvents, StatusToken

DEFAULT_TTL: Final = timedelta(minutes=5)
"""How long a document that states no ttl is kept before asking again, and how long one is remembered to be absent."""

_EVENT_FACTOR: Final = 14
"""Bytes in memory for each byte of an events document that was opened: measured by ``benchmarks/bench_hosts.py``."""

_LIST_TYPES: Final = (tokenlist.STATUS_LIST_TYPE, tokenlist.STATUS_LIST_JWT_MEDIA_TYPE)


def events_uri(list_uri: str, /) -> str:
    """Where the events document of a list is: ``…/12`` has it at ``…/12.events``, and ``…/12/`` at ``…/12/events``.

    The document's subject is the list's URI, not this one: it is about the list.
    """
    return f"{list_uri}events" if list_uri.endswith("/") else f"{list_uri}.events"


def time_uri(list_uri: str, at: datetime, /) -> str:
    """Where the list of an earlier moment is asked for (draft-ietf-oauth-status-list section 8.4)."""
    return f"{list_uri}?time={int(at.timestamp())}"


class Kind(Enum):
    """What is fetched."""

    LIST = "list"
    EVENTS = "events"
    HISTORY = "history"


@attrs.frozen(kw_only=True)
class DocumentQuery:
    """Who may sign the answer, and when it is asked. All of it comes from the caller's query.

    Attributes:
        keys: the keys that may sign.
        now: when it is asked.
        clock_skew: how far two right clocks may be apart.
        max_list_bytes: the most bytes a list may inflate to.
        max_entries: the most entries it may have, by the trust list.
        existing: the documents that are proved to have existed.
    """

    keys: tuple[VerifyingKey, ...]
    now: datetime
    clock_skew: timedelta
    max_list_bytes: int
    max_entries: int | None = None
    existing: tuple[ExistingDocument, ...] = ()


@attrs.frozen(kw_only=True)
class DocumentRequest:
    """One document: of which list, and where it is.

    Attributes:
        kind: what it is.
        uri: the list's URI, which the document must be about.
        at: the moment, for a historical list.
        absent_for: how long to remember that there is none.
    """

    kind: Kind
    uri: str
    at: datetime | None = None
    absent_for: timedelta = DEFAULT_TTL
    url: str = attrs.field(init=False)

    @url.default
    def _url(self) -> str:
        if self.kind is Kind.EVENTS:
            return events_uri(self.uri)
        return self.uri if self.at is None else time_uri(self.uri, self.at)

    @property
    def may_be_absent(self) -> bool:
        """Whether a look-up goes on without it."""
        return self.kind is not Kind.LIST

    @property
    def accepts(self) -> tuple[str, ...]:
        """The media types it may have, the preferred one first."""
        return (STATUS_EVENTS_TYPE,) if self.kind is Kind.EVENTS else _LIST_TYPES


def open_document(
    request: DocumentRequest, media_type: str, data: bytes, question: DocumentQuery, /, *, judged: bool = True
) -> StatusToken | StatusEvents:
    """The document in these bytes, under the question's keys; times are left alone where it is not to be ``judged``.

    Raises:
        StatusError: the document's code.
    """
    now = question.now if judged and request.kind is not Kind.HISTORY else None
    skew = question.clock_skew
    if request.kind is Kind.EVENTS:
        return tokenlist.open_events(data, uri=request.uri, keys=question.keys, now=now, clock_skew=skew)
    open_list = tokenlist.open_token if media_type == tokenlist.STATUS_LIST_TYPE else tokenlist.open_jwt_token
    return open_list(
        data,
        uri=request.uri,
        keys=question.keys,
        now=now,
        clock_skew=skew,
        max_list_bytes=question.max_list_bytes,
        max_entries=question.max_entries,
    )


def check_key(document: StatusToken | StatusEvents, question: DocumentQuery, /) -> None:
    """Return when a document counts by the dates of its key; asked for every question, also of a copy that is kept.

    Raises:
        StatusError: ``status-key-window``, ``status-key-compromised``.
    """
    _keys.check(document.proof, question.keys, existing=question.existing, observed_at=document.issued_at)


def copy_error(error: StatusError, /) -> StatusError:
    """The same error without its traceback, which would keep alive what was fetched and decoded until it was raised.

    What is remembered is such a copy, and so is what each caller gets of it.
    """
    return StatusError(error.code, error.message, retry_after_s=error.retry_after_s, **dict(error.detail))


def covers(document: StatusToken | StatusEvents, at: datetime | None, /) -> bool:
    """Whether a document answers about a moment: always for the present; else its life must span the second.

    A static host ignores what stands behind the question mark and answers with the list of today: it has no history.
    """
    if at is None:
        return True
    second = at.replace(microsecond=0)
    return document.expires_at is not None and document.issued_at <= second <= document.expires_at


def content_digest(document: StatusToken | StatusEvents, /) -> bytes:
    """SHA-256 of a document's content, without its signatures.

    Two documents of one list and one time of issue that differ in it contradict each other.
    """
    if isinstance(document, StatusToken):
        entries = document.status_list
        return hashlib.sha256(b"%d:" % entries.bits + entries.data).digest()
    _, _, payload, _ = _cbor.decode_general(document.data[1:], max_bytes=len(document.data))
    return hashlib.sha256(payload).digest()


def opened_bytes(document: StatusToken | StatusEvents, /) -> int:
    """About how many bytes an opened document takes beside its signed bytes."""
    if isinstance(document, StatusToken):
        return len(document.status_list.data)
    return _EVENT_FACTOR * len(document.data)


def is_future(document: StatusToken | StatusEvents, question: DocumentQuery, /) -> bool:
    """Whether a document was issued later than the question is asked."""
    return document.issued_at - question.now > question.clock_skew
