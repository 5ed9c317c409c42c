"""The rules of fetching, as pure code: what to ask, what may be taken as an answer, and for how long.

No clock, no network and no disk: moments and answers are arguments. Who may be asked at all is in `_url_policy`. What
lives here, in the order of a look-up:

1. documents: where a list, its events and its earlier states are;
2. requests: the document's URI and the tag of the copy that is held, and nothing about who is looked up;
3. answers: 200 with exactly the type asked for, not encoded, not longer than it may be; 304 only for a copy that is
   held; 404 only where a document may be absent;
4. documents: opened under the keys of the question, and never older than one that was seen before. A historical answer
   must span its moment, and has nothing to do with what was seen before;
5. freshness: the document's own exp and ttl, within bounds; what HTTP says of caching does not count;
6. failures: which are tried again, and after how long.

Everything wrong is a `StatusError`. What is of the network has the code ``status-unavailable`` and a ``cause`` from
`CAUSES`; what is wrong with a document has the document's own code.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Final

import attrs

from certcore import _cbor
from certcore.errors import CertcoreError, StatusError
from certcore.keys._trusted import VerifyingKey
from certcore.status import tokenlist
from certcore.status._documents import (
    DEFAULT_TTL,
    DocumentQuery,
    DocumentRequest,
    Kind,
    check_key,
    covers,
    is_future,
    open_document,
)
from certcore.status._inflate import wire_bytes
from certcore.status._url_policy import CAUSES, check_url, unavailable
from certcore.status.eventlist import MAX_EVENTS_BYTES
from certcore.status.tokenlist import StatusEvents, StatusToken

MIN_TTL: Final = timedelta(seconds=30)
MAX_TTL: Final = timedelta(days=1)
"""Within these two a document's own ttl counts, and `DEFAULT_TTL` where it states none. Asking again is a conditional
request; until exp the copy stays good if nobody answers (draft-ietf-oauth-status-list 11.5)."""

REFRESH_AHEAD: Final = (0.75, 0.9)
"""The part of its ttl after which a copy is renewed ahead; where in between is drawn, so that not all ask at once."""

MAX_ATTEMPTS: Final = 3
FIRST_PAUSE_S: Final = 0.05
"""Seconds before the second attempt, at most; doubled for every further one, and drawn from 0 (full jitter)."""

MAX_RETRY_AFTER_S: Final = 60.0
"""The longest that a server can send us away for."""

_MAX_DOUBLINGS: Final = 5
"""Of the pause after failures: from one second to 32."""

_NAMED: Final = frozenset({206, 304, 401, 403, 404, 410, 429})
_ABSENT: Final = frozenset({404, 410})
_NO_HISTORY: Final = frozenset({400, 404, 406, 410, 501})
"""What servers say that keep no earlier lists (draft-ietf-oauth-status-list section 8.4, and its older forms)."""

_RETRIED: Final = frozenset({"connect", "dns", "network", "protocol", "http-429", "http-5xx"})
_OK: Final = 200
_NOT_MODIFIED: Final = 304
_STATUS_LIST_CLAIM: Final = 65533
_PAYLOAD: Final = 2


@attrs.frozen(kw_only=True)
class Request:
    """One request, as any driver can send it.

    Attributes:
        url: where to.
        method: GET, or POST with a body.
        headers: all that is said beside what HTTP itself needs.
        body: what is posted.
        max_bytes: the most bytes an answer may have.
        channel: which connection settings it needs: None, or the country of a vehicle endpoint.
    """

    url: str
    headers: tuple[tuple[str, str], ...] = attrs.field(repr=False)
    max_bytes: int
    method: str = "GET"
    body: bytes | None = attrs.field(default=None, repr=False)
    channel: str | None = None


@attrs.frozen(kw_only=True)
class Answer:
    """One answer; the body is there only where the status is 200."""

    status: int
    headers: Mapping[str, str]
    body: bytes = attrs.field(default=b"", repr=False)


def request_for(
    request: DocumentRequest, cached: CachedDocument | None, /, *, max_list_bytes: int, max_entries: int | None = None
) -> Request:
    """The request for a document, conditional where a copy is held. Nothing in it tells which entry is looked up."""
    check_url(request.uri)
    preferred, *others = request.accepts
    headers = [("Accept", ", ".join([preferred, *(f"{other};q=0.5" for other in others)]))]
    if cached is not None and cached.etag is not None and _document_to_renew(cached) is not None:
        headers.append(("If-None-Match", cached.etag))
    limit = max_list_bytes if max_entries is None else min(max_list_bytes, max_entries)  # of a byte each, at most
    limit = MAX_EVENTS_BYTES if request.kind is Kind.EVENTS else 2 * wire_bytes(limit)
    return plain_request(request.url, *headers, max_bytes=limit)


def plain_request(url: str, /, *headers: tuple[str, str], max_bytes: int) -> Request:
    """A GET that asks for bytes as they are: an encoding is one more thing to unpack before anything is checked."""
    return Request(url=url, headers=(*headers, ("Accept-Encoding", "identity")), max_bytes=max_bytes)


# --- 3 what may be an answer ------------------------------------------------------------------------------------------


def refusal_of(answer: Answer, /) -> StatusError | None:
    """Why an answer is none, by its status; None for 200."""
    status = answer.status
    if status == _OK:
        return None
    if status != _NOT_MODIFIED and status // 100 == 3:  # noqa: PLR2004  RFC 9110 section 15.4
        return unavailable("redirect", "The server sends elsewhere, which is not followed", status=status)
    cause = f"http-{status}" if status in _NAMED else f"http-{status // 100}xx"
    cause = cause if cause in CAUSES else "http-xxx"
    return unavailable(
        cause,
        "The server gave no document",
        retry_after_s=_retry_after(answer.headers.get("retry-after")),
        status=status,
    )


def _retry_after(value: str | None) -> float | None:
    """Seconds, bounded; the other form, a date, is not read: it would need the server's clock."""
    if value is None or not value.isdecimal() or not value.isascii() or len(value) > 9:  # noqa: PLR2004  digits of an int
        return None
    return min(float(value), MAX_RETRY_AFTER_S)


def check_head(answer: Answer, accepts: tuple[str, ...], /) -> str:
    """The media type of an answer, once it is one of those asked for and not encoded.

    Raises:
        StatusError: ``status-unavailable`` with the cause ``type`` or ``encoding``.
    """
    if answer.headers.get("content-encoding", "identity").strip().lower() not in {"", "identity"}:
        raise unavailable("encoding", "The answer is encoded, though it was asked for as it is")
    media_type = answer.headers.get("content-type", "").partition(";")[0].strip().lower()
    if media_type not in accepts:
        raise unavailable("type", "The answer is not of the type that was asked for")
    return media_type


# --- 4, 5 documents, and how long they are kept -----------------------------------------------------------------------


@attrs.frozen(kw_only=True)
class CachedDocument:
    """A document as it is kept: opened, or found to be absent.

    Attributes:
        request: what it is.
        document: the document under `keys`; None: the server said that there is none.
        keys: the keys it was opened under.
        max_entries: the most entries that it might have.
        etag: by what the server knows this copy.
        fetched_at: when the server last said that it is the current one.
        refresh_at: from when it is renewed ahead.
        fresh_until: from when it is not used without asking again.
        usable_until: from when it is not used at all; None: for ever.
    """

    request: DocumentRequest
    document: StatusToken | StatusEvents | None
    keys: tuple[VerifyingKey, ...] = attrs.field(repr=False)
    max_entries: int | None
    etag: str | None
    fetched_at: datetime
    refresh_at: datetime
    fresh_until: datetime
    usable_until: datetime | None

    @property
    def issued_at(self) -> datetime | None:
        """When the document was issued; None where there is none."""
        return None if self.document is None else self.document.issued_at

    def is_fresh(self, now: datetime, /) -> bool:
        """Whether it is used without asking again."""
        return now < self.fresh_until

    def is_usable(self, now: datetime, /) -> bool:
        """Whether it is still good where nobody answers."""
        return self.usable_until is None or now < self.usable_until


def read_answer(
    request: DocumentRequest,
    answer: Answer,
    question: DocumentQuery,
    /,
    *,
    cached: CachedDocument | None,
    floor: datetime | None,
    jitter: float,
) -> CachedDocument:
    """What is to be kept after an answer: rules 3 to 5. What has expired is no answer, and what it proved is kept.

    Args:
        request: what was asked for.
        answer: what came.
        question: under which keys, and when.
        cached: the copy that is held, opened under the same keys.
        floor: the issue of the youngest such document ever seen.
        jitter: from 0 to 1, drawn.

    Raises:
        StatusError: ``status-unavailable``, or the document's code; ``status-list-rollback``.
    """
    if answer.status == _NOT_MODIFIED and (document := _document_to_renew(cached)) is not None:
        if document.expires_at is not None and document.expires_at <= question.now:
            raise StatusError("status-list-expired", "The server holds on to a document that has expired")
        if is_future(document, question):
            raise StatusError("status-list-future", "The server holds on to a document that is later than now")
        check_key(document, question)
        return to_cached(request, document, question, etag=None if cached is None else cached.etag, jitter=jitter)
    is_good = cached is not None and cached.document is not None and cached.is_usable(question.now)
    if _is_absent(request, answer) and not is_good:  # what was there a moment ago and has not expired is not gone
        return to_cached(request, None, question, jitter=jitter)
    if (error := refusal_of(answer)) is not None:
        raise error
    media_type = check_head(answer, request.accepts)
    try:
        document = open_document(request, media_type, answer.body, question)
    except StatusError as refused:
        if refused.code != "status-list-expired":
            raise
        document = open_document(request, media_type, answer.body, question, judged=False)
    check_key(document, question)
    if not covers(document, request.at):
        return to_cached(request, None, question, jitter=jitter)
    if request.kind is not Kind.HISTORY and floor is not None and document.issued_at < floor:
        raise StatusError("status-list-rollback", "The document is older than one that was seen before")
    return to_cached(request, document, question, etag=_etag(answer), jitter=jitter)


def _document_to_renew(cached: CachedDocument | None) -> StatusToken | StatusEvents | None:
    """The copy that a request was conditional on, if it was."""
    return None if cached is None or cached.etag is None else cached.document


def _is_absent(request: DocumentRequest, answer: Answer) -> bool:
    """Whether the server says that there is no such document, where a look-up can go on without it."""
    return request.may_be_absent and answer.status in (_NO_HISTORY if request.kind is Kind.HISTORY else _ABSENT)


def to_cached(
    request: DocumentRequest,
    document: StatusToken | StatusEvents | None,
    question: DocumentQuery,
    /,
    *,
    etag: str | None = None,
    jitter: float = 0.0,
    fetched_at: datetime | None = None,
) -> CachedDocument:
    """An opened document with the times until which it is kept: rule 5. Historical ones do not change any more.

    Args:
        request: what it is.
        document: the document; None: there is none.
        question: under which keys, and when.
        etag: by what the server knows it.
        jitter: from 0 to 1, drawn.
        fetched_at: when it was fetched, by the word of a file. Whoever can write the file chooses it, so it does not
            count where it lies in the future, and a document is no fresher by it than by its own time of issue.
    """
    since, lifetime = _since(request, document, question, fetched_at), _lifetime(request, document)
    if fetched_at is not None and fetched_at > question.now:
        lifetime = timedelta()
    expires_at = None if document is None or request.kind is Kind.HISTORY else document.expires_at
    fresh_until = since + lifetime if expires_at is None else min(since + lifetime, expires_at)
    least, most = REFRESH_AHEAD
    return CachedDocument(
        request=request,
        document=document,
        keys=question.keys,
        max_entries=question.max_entries,
        etag=etag,
        fetched_at=since,
        refresh_at=since + (fresh_until - since) * (least + (most - least) * jitter),
        fresh_until=fresh_until,
        usable_until=expires_at,
    )


def _since(
    request: DocumentRequest,
    document: StatusToken | StatusEvents | None,
    question: DocumentQuery,
    fetched_at: datetime | None,
) -> datetime:
    """From when a document's time to live counts."""
    if fetched_at is None:
        return question.now
    if document is None or request.kind is Kind.HISTORY:
        return min(fetched_at, question.now)
    return min(fetched_at, question.now, document.issued_at)


def _lifetime(request: DocumentRequest, document: StatusToken | StatusEvents | None) -> timedelta:
    if document is None:
        return request.absent_for
    return MAX_TTL if request.kind is Kind.HISTORY else limit_ttl(document.ttl)


def limit_ttl(ttl: timedelta | None, /) -> timedelta:
    """How long a document is kept before asking again."""
    return DEFAULT_TTL if ttl is None else min(max(ttl, MIN_TTL), MAX_TTL)


def aggregation_uri(token: StatusToken, /) -> str | None:
    """Where a list says that the issuer's other lists are named; the list's signature has been checked."""
    if token.media_type != tokenlist.STATUS_LIST_TYPE:
        return None
    try:
        message = _cbor.decode_general(token.data[1:], max_bytes=len(token.data))
        claims = _cbor.decode_general(message[_PAYLOAD], max_bytes=len(token.data))
        found = claims[_STATUS_LIST_CLAIM].get("aggregation_uri")
    except (CertcoreError, LookupError, TypeError, AttributeError):  # it was read before: it is as it should be
        return None
    return found if type(found) is str else None


def _etag(answer: Answer) -> str | None:
    found = answer.headers.get("etag")
    return found if found is not None and len(found) <= 256 and found.isascii() and found.isprintable() else None  # noqa: PLR2004  characters, more than any server's


# --- 6 failures -------------------------------------------------------------------------------------------------------


def is_retried(error: StatusError, /) -> bool:
    """Whether another attempt may help, within the same deadline."""
    return dict(error.detail).get("cause") in _RETRIED and error.retry_after_s is None


def pause_s(attempt: int, /, *, jitter: float) -> float:
    """Seconds before the next attempt, the first of which is attempt 0."""
    return FIRST_PAUSE_S * (1 << attempt) * jitter


def failure_pause_s(error: StatusError, pause: timedelta, /, *, failures_before: int) -> float:
    """Seconds for which a document is not asked for again: twice as long after each failure in a row, within bounds."""
    grown = pause.total_seconds() * (1 << min(failures_before, _MAX_DOUBLINGS))
    return max(grown, error.retry_after_s or 0.0)
