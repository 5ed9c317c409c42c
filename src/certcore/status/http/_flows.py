"""What a look-up does, step by step, without doing any of it: generators that yield what is to be done.

Both HTTP backends drive the same generators; they differ in how a request is sent, how a pause is made and how callers
wait for each other, and in nothing else. It has the order of steps, but no sockets, threads, event loops or clocks.

A look-up of one entry:

1. the list: from the cache while it is fresh, else asked for, once for however many callers;
2. if the moment asked about lies before the list, or the list does not read valid: the events document beside it;
3. if the moment lies before the list and the events do not reach back to it: the list of that time, if the server
   keeps any.

If the server fails, a copy that has not expired answers, with its age in the record. If the server gives no list that
counts, the events are asked for all the same. An entry that was stopped stays stopped, even if only an expired list
says so, or events without a list. No other failure here says anything about a certificate.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable, Generator
from datetime import datetime, timedelta
from functools import partial
from itertools import count
from typing import Any, Final, TypeVar

import attrs

from certcore import events
from certcore.errors import StatusError
from certcore.keys._trusted import ExistingDocument, VerifyingKey
from certcore.payload import StatusListEntry, StatusRef
from certcore.status import _documents, _keys, vehicledoc
from certcore.status._documents import DocumentQuery, DocumentRequest, Kind
from certcore.status._url_policy import check_url, unavailable
from certcore.status.http import _fetch
from certcore.status.http._failures import report, tell_fetch
from certcore.status.http._fetch import Answer, CachedDocument, Request
from certcore.status.http._settings import Settings, VehicleEndpoint
from certcore.status.http._store import Held, Store
from certcore.status.protocol import (
    StatusQuery,
    StatusRecord,
    StatusState,
    VehicleQuery,
    VehicleRecord,
)
from certcore.status.tokenlist import StatusEvents, StatusToken, status_record
from certcore.status.vehicledoc import MAX_ANSWER_BYTES, VEHICLE_ANSWER_TYPE, VEHICLE_REQUEST_TYPE

T = TypeVar("T")

_SHORT: Final = 4096
"""Bytes of a document that is opened at once: it inflates to 4 MB at most, in some milliseconds."""


_ANSWERED: Final = frozenset({"encoding", "too-large", "type"})
"""Causes of ``status-unavailable`` that a server gave by what it answered, beside its status."""


@attrs.frozen
class Send:
    """Send a request; gives its `Answer`, or throws `StatusError`."""

    request: Request


@attrs.frozen
class Pause:
    """Wait so many seconds; gives False, at once, where the deadline does not allow it."""

    seconds: float


@attrs.frozen
class Opening:
    """Open a document that may be long: on an event loop, beside it; waited for until the deadline, and no longer.

    Gives what the work gives, and throws what it throws.
    """

    work: Callable[[], Any]


@attrs.frozen
class OnDisk:
    """Do something with the disk: never on an event loop; waited for during a part of what is left of the deadline.

    Gives what the work gives; throws `StatusError` where that is too long: one does without the disk then.
    """

    work: Callable[[], Any]


@attrs.frozen
class SingleFlight:
    """Run a flow once for all callers who name the same key meanwhile; gives what it gives, throws what it throws."""

    key: object
    flow: Callable[[], Flow[Any]]


@attrs.frozen
class BackgroundRefresh:
    """Run a flow when nobody waits, unless one of that key is running; gives nothing, and its failure is nobody's."""

    key: object
    flow: Callable[[], Flow[Any]]


@attrs.frozen
class SetDeadline:
    """The deadline counts from now again, and is so many seconds."""

    seconds: float


Effect = Send | Pause | Opening | OnDisk | SingleFlight | BackgroundRefresh | SetDeadline

Flow = Generator[Effect, Any, T]


class Flows:
    """The steps of both backends over one store."""

    def __init__(self, settings: Settings, store: Store) -> None:
        self._settings = settings
        self._store = store

    # --- one entry

    def lookup(self, query: StatusQuery, /) -> Flow[StatusRecord]:
        """The facts about one entry: the steps at the top of this file."""
        try:
            uri, index = _locate(query)
        except StatusError as error:
            report(error, subject=Kind.LIST.value, url=None, on_failure=self._settings.on_failure)
            raise
        question = self.question(query.keys, query.asked_at, query.existing, max_entries=query.max_entries)
        try:
            cached = yield from self._get_current(DocumentRequest(kind=Kind.LIST, uri=uri), question)
        except StatusError as error:
            if _has_answered(error):  # events count without their list
                yield from self._get_events_if_any(uri, question, _documents.DEFAULT_TTL)
            if (stopped := (yield from self._get_held_stop(uri, index, question))) is not None:
                return stopped
            raise
        token = cached.document
        if not isinstance(token, StatusToken):  # a list is never absent
            raise unavailable("no-list", "There is no such list")
        lifetime = _fetch.limit_ttl(token.ttl)
        is_present = (
            query.asked_at - query.as_of <= self._settings.tuning.clock_skew
        )  # whatever the register's clock says
        if is_present or query.as_of >= token.issued_at:
            if index < len(token.status_list) and _reads_valid(token, index):  # a list that is too short says nothing
                return status_record(index, tokens=[token])
            return status_record(
                index, tokens=[token], events=(yield from self._get_events_if_any(uri, question, lifetime))
            )
        events = yield from self._get_events(uri, question, lifetime)
        tokens = [token]
        if events is None or events.history_from > query.as_of:
            earlier = yield from self._get_earlier_list(uri, query.as_of, question, lifetime)
            tokens = [token] if earlier is None else [earlier, token]
        return status_record(index, tokens=tokens, events=events)

    def _get_held_stop(self, uri: str, index: int, question: DocumentQuery) -> Flow[StatusRecord | None]:
        """What documents that are held, expired ones included, say against an entry: that does not lapse with them."""
        requests = (DocumentRequest(kind=Kind.LIST, uri=uri), DocumentRequest(kind=Kind.EVENTS, uri=uri))
        held: list[StatusToken | StatusEvents | None] = []
        for request in requests:
            cached = yield from self._get(request, question)
            held.append(None if cached is None else cached.document)
        known = [one for one in held if one is not None and not _documents.is_future(one, question)]
        tokens = [one for one in known if isinstance(one, StatusToken) and index < len(one.status_list)]
        events = [one for one in known if isinstance(one, StatusEvents)]
        if all(_reads_valid(one, index) for one in tokens) and not any(index in one.events for one in events):
            return None
        return status_record(index, tokens=tokens, events=events)

    def _get_events(self, uri: str, question: DocumentQuery, lifetime: timedelta) -> Flow[StatusEvents | None]:
        """Step 2; None where the server says that there are none."""
        cached = yield from self._get_current(DocumentRequest(kind=Kind.EVENTS, uri=uri, absent_for=lifetime), question)
        return cached.document if isinstance(cached.document, StatusEvents) else None

    def _get_events_if_any(self, uri: str, question: DocumentQuery, lifetime: timedelta) -> Flow[StatusEvents | None]:
        """Since when and why an entry is stopped; that it is stopped, the list has said already."""
        try:
            return (yield from self._get_events(uri, question, lifetime))
        except StatusError:
            return None

    def _get_earlier_list(
        self, uri: str, at: datetime, question: DocumentQuery, lifetime: timedelta
    ) -> Flow[StatusToken | None]:
        """Step 3; most servers keep no earlier lists, and a failure here takes nothing from what the others say."""
        try:
            cached = yield from self._get_current(
                DocumentRequest(kind=Kind.HISTORY, uri=uri, at=at, absent_for=lifetime), question
            )
        except StatusError:
            return None
        return cached.document if isinstance(cached.document, StatusToken) else None

    def _get_current(self, request: DocumentRequest, question: DocumentQuery) -> Flow[CachedDocument]:
        """A document: fresh from the cache, else asked for, else the last good one."""
        held = self._store.get(request, question)  # as a rule it is there, and no step is needed
        cached = (yield from self._find(request, question, held)) if isinstance(held, Held) else held
        cached = cached if cached is not None and _is_usable(cached, question) else None
        if cached is not None and cached.is_fresh(question.now):
            if question.now >= cached.refresh_at and self._recent_failure(request) is None:
                yield BackgroundRefresh(flight(request, question), lambda: self.refresh(request, question, seen=cached))
            return cached
        try:
            return (yield SingleFlight(flight(request, question), lambda: self.refresh(request, question, seen=cached)))  # type: ignore[no-any-return]  # a flow of CachedDocument
        except StatusError:
            cached = yield from self._get_usable(request, question)
            if cached is None:
                raise
            return cached

    def _get_usable(self, request: DocumentRequest, question: DocumentQuery) -> Flow[CachedDocument | None]:
        """The copy that is held, if it may be used at all at that moment."""
        cached = yield from self._get(request, question)
        return cached if cached is not None and _is_usable(cached, question) else None

    def _get(self, request: DocumentRequest, question: DocumentQuery) -> Flow[CachedDocument | None]:
        """The copy that is held: in memory as the question would have it, or opened anew, or from the disk."""
        held = self._store.get(request, question)
        return (yield from self._find(request, question, held)) if isinstance(held, Held) else held

    def _find(self, request: DocumentRequest, question: DocumentQuery, held: Held) -> Flow[CachedDocument | None]:
        """The copy that is not in memory as the question would have it."""
        if held is Held.UNOPENED:
            work = partial(self._store.reopen, request, question)
            return (yield from _open_beside(self._store.document_bytes(request), work))
        return (yield from self._reload(request, question)) if held is Held.NOWHERE else None

    def _reload(self, request: DocumentRequest, question: DocumentQuery) -> Flow[CachedDocument | None]:
        """The copy on disk."""
        if self._store.has_folder:
            with contextlib.suppress(StatusError):
                return (yield OnDisk(partial(self._store.reload, request, question)))  # type: ignore[no-any-return]  # as the work
        return None

    def _save(self, cached: CachedDocument, *, is_rival: bool) -> Flow[None]:
        """Have a copy written to disk; where that takes long, nobody waits for it."""
        if self._store.has_folder:
            with contextlib.suppress(StatusError):
                yield OnDisk(partial(self._store.save, cached, is_rival=is_rival))

    def refresh(
        self, request: DocumentRequest, question: DocumentQuery, *, seen: CachedDocument | None, force: bool = False
    ) -> Flow[CachedDocument]:
        """Ask the server and keep what it says.

        Args:
            request: the document.
            question: under which keys, and when.
            seen: what the caller found: where there is another by now, somebody else has asked in the meantime.
            force: ask all the same.
        """
        cached = yield from self._get(request, question)
        if not force:
            if cached is not None and not cached.is_fresh(question.now):  # another process may have asked
                cached = (yield from self._reload(request, question)) or cached
            is_new = cached is not None and (seen is None or cached.fetched_at > seen.fetched_at)
            if cached is not None and is_new and cached.is_fresh(question.now) and _is_usable(cached, question):
                return cached
            if (failure := self._recent_failure(request)) is not None:
                raise failure
        try:
            return (yield from self._fetch(request, question, cached))
        except StatusError as error:
            tuning = self._settings.tuning
            self._store.fail(request.url, error, now=tuning.monotonic(), pause=tuning.failure_pause)
            report(error, subject=request.kind.value, url=request.url, on_failure=self._settings.on_failure)
            raise

    def _fetch(
        self, request: DocumentRequest, question: DocumentQuery, cached: CachedDocument | None
    ) -> Flow[CachedDocument]:
        """Ask the server, open what it says, and keep it in memory and on disk."""
        asked = _fetch.request_for(
            request, cached, max_list_bytes=question.max_list_bytes, max_entries=question.max_entries
        )
        answer = yield from self.send(asked)
        size, work = len(answer.body), partial(self._take_in, request, answer, question, cached)
        del answer
        new, refused = yield from _open_beside(size, work)
        del work
        if new is not None and (refused is None or refused.code in {"status-list-conflict", "status-list-expired"}):
            yield from self._save(new, is_rival=refused is not None and refused.code == "status-list-conflict")
        if new is None or refused is not None:
            raise refused or unavailable("no-list", "There is no such list")
        self._store.succeed(request.url)
        return new

    def _take_in(
        self, request: DocumentRequest, answer: Answer, question: DocumentQuery, cached: CachedDocument | None
    ) -> tuple[CachedDocument | None, StatusError | None]:
        """An answer, opened and kept in memory; or why it is not kept, and opened all the same if it could be.

        Nothing is raised: a traceback would hold the answer, and everything that was decoded.
        """
        floor, jitter = self._store.floor(request), self._settings.tuning.jitter()
        new = None
        try:
            new = _fetch.read_answer(request, answer, question, cached=cached, floor=floor, jitter=jitter)
            has_ended = not new.is_usable(question.now)
            if has_ended and cached is not None and _is_usable(cached, question):
                new = None  # the copy that is held still speaks
            else:
                self._store.put(new)
        except StatusError as error:
            return new, _documents.copy_error(error)
        return new, StatusError("status-list-expired", "The document has expired") if has_ended else None

    def send(self, request: Request) -> Flow[Answer]:
        """An answer, after as many attempts as help and as the deadline allows."""
        for attempt in count():
            began = events.start()
            try:
                answer: Answer = yield Send(request)
                tell_fetch(request.url, (answer.status, len(answer.body)), began)
                error = _fetch.refusal_of(answer)
                if error is None or not _fetch.is_retried(error):
                    return answer
            except StatusError as failure:
                tell_fetch(request.url, failure, began)
                error = failure
            if attempt + 1 >= _fetch.MAX_ATTEMPTS or not _fetch.is_retried(error):
                raise error
            if not (yield Pause(_fetch.pause_s(attempt, jitter=self._settings.tuning.jitter()))):
                raise error
        raise AssertionError  # pragma: no cover  count() has no end

    def _recent_failure(self, request: DocumentRequest) -> StatusError | None:
        return self._store.failure(request.url, now=self._settings.tuning.monotonic())

    def question(
        self,
        keys: tuple[VerifyingKey, ...],
        now: datetime,
        existing: tuple[ExistingDocument, ...] = (),
        *,
        max_entries: int | None,
    ) -> DocumentQuery:
        """Under which keys, and when, a document is opened."""
        return DocumentQuery(
            keys=keys,
            now=now,
            clock_skew=self._settings.tuning.clock_skew,
            max_list_bytes=self._settings.tuning.max_list_bytes,
            max_entries=max_entries,
            existing=existing,
        )

    # --- a vehicle

    def vehicle(self, query: VehicleQuery, /) -> Flow[VehicleRecord]:
        """The facts about one vehicle: asked for every time, because an answer is bound to its question."""
        url = None
        try:
            country, endpoint = self._endpoint_of(query)
            url = endpoint.url
            return (yield from self._ask_endpoint(query, country, endpoint))
        except StatusError as error:
            report(error, subject="vehicle", url=url, on_failure=self._settings.on_failure)
            raise

    def _ask_endpoint(self, query: VehicleQuery, country: str, endpoint: VehicleEndpoint) -> Flow[VehicleRecord]:
        check_url(endpoint.url)
        try:
            body = vehicledoc.encode_request(query, nonce=os.urandom(vehicledoc.NONCE_BYTES))
        except (ValueError, TypeError) as cause:
            raise unavailable("query", "No request can hold what is asked") from cause
        headers = (
            ("Accept", VEHICLE_ANSWER_TYPE),
            ("Content-Type", VEHICLE_REQUEST_TYPE),
            ("Accept-Encoding", "identity"),
            *endpoint.authorization(),
        )
        answer = yield from self.send(
            Request(
                url=endpoint.url,
                method="POST",
                headers=headers,
                body=body,
                max_bytes=MAX_ANSWER_BYTES,
                channel=None if endpoint.client_certificate is None else country,
            )
        )
        if (error := _fetch.refusal_of(answer)) is not None:
            raise error
        _fetch.check_head(answer, (VEHICLE_ANSWER_TYPE,))
        record = vehicledoc.open_answer(
            answer.body,
            request=body,
            keys=endpoint.keys,
            now=query.asked_at,
            clock_skew=self._settings.tuning.clock_skew,
        )
        for proof in record.proofs:
            _keys.check(proof, endpoint.keys, observed_at=record.observed_at)
        return record

    def _endpoint_of(self, query: VehicleQuery) -> tuple[str, VehicleEndpoint]:
        """The endpoint of the vehicle's country; of the only one, where the country is not known."""
        endpoints = self._settings.vehicles
        country = query.country
        if country is None and len(endpoints) == 1:
            (country,) = endpoints
        endpoint = None if country is None else endpoints.get(country)
        if country is None or endpoint is None:
            raise unavailable("no-endpoint", "Nobody is configured to be asked about vehicles of that country")
        return country, endpoint


def flight(request: DocumentRequest, question: DocumentQuery) -> object:
    """What callers share a look-up by: one document, and all by which it counts."""
    return request.url, question.keys, question.max_entries, question.existing


def _open_beside(size: int, work: Callable[[], T]) -> Flow[T]:
    """Open a document of so many bytes: beside the caller where it may take long."""
    if size <= _SHORT:
        return work()
    found: T = yield Opening(work)
    return found


def _locate(query: StatusQuery) -> tuple[str, int]:
    """The list and the entry that a query is about.

    Raises:
        StatusError: ``status-unavailable`` with the cause ``no-list``.
    """
    ref = query.ref
    if query.list_uri is None or not isinstance(ref, StatusRef | StatusListEntry):
        raise unavailable("no-list", "The certificate's issuer has no list to look it up in")
    return query.list_uri, ref.index


def _is_usable(cached: CachedDocument, question: DocumentQuery) -> bool:
    """Whether a copy may be used at all at the moment of asking."""
    is_future = cached.document is not None and _documents.is_future(cached.document, question)
    return cached.is_usable(question.now) and not is_future


def _has_answered(error: StatusError) -> bool:
    """Whether the server of a list can be asked for the events beside it: it says something, if not what it should."""
    cause = str(dict(error.detail).get("cause", ""))
    is_about_answer = error.code == "status-unavailable" and (cause in _ANSWERED or cause.startswith("http-"))
    return is_about_answer or error.code.startswith(("status-list-", "status-key-"))


def _reads_valid(token: StatusToken, index: int) -> bool:
    return token.status_list.state(index) is StatusState.VALID
