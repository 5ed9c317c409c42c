"""Prefetch: find all lists of an issuer and fetch them, as a flow.

It finds lists whose numbers were not given. It does not send requests or interpret documents.

The lists of an issuer are, together:

1. those that are held already, under its templates or prefixes;
2. those whose numbers the caller gives;
3. else, by number from 0 until one is missing (0 itself may be: some count from 1);
4. those that an aggregation document names, where a list signed by the issuer says where one is. That document is not
   signed: only URIs under the issuer's templates or prefixes are taken from it (draft-ietf-oauth-status-list section
   9).

One list that cannot be had does not stop the rest; a server that is out of reach is not waited for again and again.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from contextlib import suppress
from datetime import datetime
from typing import Final

import attrs

from certcore import _json
from certcore.errors import StatusError
from certcore.status._documents import DocumentQuery, DocumentRequest, Kind
from certcore.status._url_policy import check_url
from certcore.status.http import _fetch
from certcore.status.http._fetch import CachedDocument
from certcore.status.http._flows import Flow, Flows, OnDisk, SetDeadline, SingleFlight, flight
from certcore.status.http._store import Store
from certcore.status.tokenlist import StatusToken
from certcore.trust.issuers import ListTemplate, TrustedIssuer

MAX_LISTS: Final = 4096
"""Lists of one issuer that are fetched: 4 096 of a million entries are more vehicles than there are."""

AGGREGATION_TYPE: Final = "application/json"
MAX_AGGREGATION_BYTES: Final = 1 << 20

MAX_UNREACHABLE: Final = 3
"""Lists in a row after which an issuer's server is taken to be out of reach, and is not waited for any more."""

_UNREACHABLE: Final = frozenset({"timeout", "connect", "dns", "tls", "address"})
_MISSING: Final = frozenset({"http-404", "http-410"})


@attrs.frozen(kw_only=True)
class PrefetchReport:
    """What a prefetch brought.

    Attributes:
        fetched: the URLs of the lists and events documents that are held now.
        failed: the URLs of those that could not be had, each with why: a document's code, or the cause in
            ``status-unavailable``.
    """

    fetched: tuple[str, ...] = ()
    failed: tuple[tuple[str, str], ...] = ()


class Prefetch:
    """One round over all issuers of a trust list."""

    def __init__(self, flows: Flows, store: Store, *, now: datetime, seconds: float) -> None:
        self._flows = flows
        self._store = store
        self._now = now
        self._seconds = seconds
        self._fetched: dict[str, DocumentRequest] = {}
        self._failed: dict[str, str] = {}
        self._known: tuple[str, ...] = ()
        self._unreachable: list[str] = []

    def run(
        self, issuers: Iterable[TrustedIssuer], lists: Mapping[str, Iterable[int]] | None, /
    ) -> Flow[PrefetchReport]:
        """Fetch; each document has its own deadline."""
        yield SetDeadline(self._seconds)
        with suppress(StatusError):  # a disk that does not answer has nothing
            self._known = yield OnDisk(self._store.list_uris)
        for issuer in issuers:
            if issuer.status_keys:
                numbers = None if lists is None else lists.get(issuer.id)
                yield from self._fetch_issuer(issuer, numbers)
        yield SetDeadline(self._seconds)
        with suppress(StatusError):
            for url in (yield OnDisk(self._lost)) if self._store.has_folder else self._lost():
                self._failed[url] = "cache-full"
        fetched = tuple(url for url in self._fetched if url not in self._failed)
        return PrefetchReport(fetched=fetched, failed=tuple(self._failed.items()))

    def _lost(self) -> list[str]:
        """The URLs of what was fetched and is held no more."""
        return [url for url, request in self._fetched.items() if not self._store.holds(request)]

    def _fetch_issuer(self, issuer: TrustedIssuer, numbers: Iterable[int] | None) -> Flow[None]:
        question = self._flows.question(issuer.status_keys, self._now, max_entries=issuer.max_entries)
        self._unreachable.clear()
        done: set[str] = set()
        indexes: set[str] = set()
        waiting = [uri for uri in self._known if belongs_to(issuer, uri)]  # 1
        if numbers is not None:  # 2
            waiting += [uri for number in numbers if (uri := issuer.list_uri(number, at=self._now)) is not None]
        for uri in dict.fromkeys(waiting):
            done.add(uri)
            yield from self._fetch_list(uri, question, indexes)
        if numbers is None:  # 3
            yield from self._fetch_by_number(issuer, question, done, indexes)
        named: list[str] = []
        for index in sorted(indexes):  # 4
            named += yield from self._fetch_index(index, issuer)
        for uri in [uri for uri in dict.fromkeys(named) if uri not in done][:MAX_LISTS]:
            yield from self._fetch_list(uri, question, indexes)

    def _fetch_by_number(
        self, issuer: TrustedIssuer, question: DocumentQuery, done: set[str], indexes: set[str]
    ) -> Flow[None]:
        first_miss = None
        for number in range(MAX_LISTS):
            uri = issuer.list_uri(number, at=self._now)
            if uri is None:
                return
            if uri in done:
                continue
            done.add(uri)
            why = yield from self._fetch_list(uri, question, indexes, may_be_missing=True)
            if why in _MISSING and number == 0:
                first_miss = (uri, why)
            elif why is not None:
                break
        if first_miss is not None and not done & self._fetched.keys() and not done & self._failed.keys():
            self._failed[first_miss[0]] = first_miss[1]

    def _fetch_list(
        self, uri: str, question: DocumentQuery, indexes: set[str], *, may_be_missing: bool = False
    ) -> Flow[str | None]:
        """One list and its events; None, or why the list could not be had."""
        request = DocumentRequest(kind=Kind.LIST, uri=uri)
        if len(self._unreachable) >= MAX_UNREACHABLE:
            cached: CachedDocument | str = self._unreachable[-1]
        else:
            cached = yield from self._renew(request, question)
        if isinstance(cached, str):
            if cached in _UNREACHABLE:
                self._unreachable.append(cached)
            if not (may_be_missing and cached in _MISSING):
                self._failed[request.url] = cached
            return cached
        self._unreachable.clear()
        token = cached.document
        if isinstance(token, StatusToken):
            if (index := _fetch.aggregation_uri(token)) is not None:
                indexes.add(index)
            events = DocumentRequest(kind=Kind.EVENTS, uri=uri, absent_for=_fetch.limit_ttl(token.ttl))
            if isinstance(why := (yield from self._renew(events, question)), str):
                self._failed[events.url] = why
        return None

    def _renew(self, request: DocumentRequest, question: DocumentQuery) -> Flow[CachedDocument | str]:
        """The document as the server has it now, or why it could not be had."""
        yield SetDeadline(self._seconds)
        try:
            cached: CachedDocument = yield SingleFlight(
                flight(request, question), lambda: self._flows.refresh(request, question, seen=None, force=True)
            )
        except StatusError as error:
            return failure_word(error)
        if cached.document is not None:
            self._fetched[request.url] = request
        return cached

    def _fetch_index(self, url: str, issuer: TrustedIssuer) -> Flow[list[str]]:
        """The lists that an aggregation document names, as far as they are the issuer's."""
        yield SetDeadline(self._seconds)
        try:
            check_url(url)
            request = _fetch.plain_request(url, ("Accept", AGGREGATION_TYPE), max_bytes=MAX_AGGREGATION_BYTES)
            answer = yield from self._flows.send(request)
            if (error := _fetch.refusal_of(answer)) is not None:
                raise error
            _fetch.check_head(answer, (AGGREGATION_TYPE,))
        except StatusError as error:
            self._failed[url] = failure_word(error)
            return []
        found = _read_index(answer.body)
        if found is None:
            self._failed[url] = "type"
            return []
        return [uri for uri in found if belongs_to(issuer, uri)]


def failure_word(error: StatusError, /) -> str:
    """What went wrong, in a word: the cause where the network did, else the code."""
    return str(dict(error.detail).get("cause", error.code))


def belongs_to(issuer: TrustedIssuer, uri: str, /) -> bool:
    """Whether a list's URI is one that the trust list lets the issuer have."""
    return issuer.allows_uri(uri) or any(_matches_template(template, uri) for template in issuer.list_templates)


def _matches_template(template: ListTemplate, uri: str) -> bool:
    before, _, after = template.uri.partition("{list}")
    number = uri.removeprefix(before).removesuffix(after)
    return (
        number.isascii()
        and number.isdecimal()
        and len(number) <= len(str(1 << 32))
        and template.resolve(int(number)) == uri
    )


def _read_index(data: bytes) -> list[str] | None:
    """The URIs in an aggregation document; None where it is none."""
    try:
        found = _json.decode(data)
    except ValueError:
        return None
    uris = found.get("status_lists") if isinstance(found, dict) else None
    if not isinstance(uris, list) or not all(isinstance(uri, str) for uri in uris):
        return None
    return uris
