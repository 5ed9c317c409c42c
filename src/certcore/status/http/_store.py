"""The cache of fetched documents: signed bytes in memory and, if there is a folder, on disk.

It has the limits, and remembers the newest times seen. It has no network and no clock; `_fetch` decides about
freshness. `_folder` has the files.

- A copy is found by the exact URL it came from.
- The disk is outside the trust boundary: what is read from it is opened again, signature and all, under the keys of the
  question. A file that is anything else than a copy we wrote is as good as none; a younger copy that another process
  wrote is left alone.
- Memory is bounded by one figure, `MAX_MEMORY_BYTES`; what was asked for least recently goes first. Which times were
  seen (a few bytes for each list) outlives the copies.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from enum import Enum
from pathlib import Path
from threading import Lock
from typing import Final, Generic, TypeVar

import attrs

from certcore import _forks, events
from certcore._instants import CLOCK_SKEW
from certcore.errors import StatusError
from certcore.keys._trusted import TrustedKey
from certcore.status import _documents
from certcore.status._cache_file import CachedFile
from certcore.status._documents import DocumentQuery, DocumentRequest, Kind
from certcore.status.http import _fetch
from certcore.status.http._fetch import CachedDocument
from certcore.status.http._folder import Folder
from certcore.status.tokenlist import StatusEvents, StatusToken

MAX_MEMORY_BYTES: Final = 256 << 20
"""Bytes of everything that one backend keeps, about: documents and what was read of them, times that were seen,
failures, and answers that are on their way. The last three have a share each; documents have what is left."""

_ON_THEIR_WAY: Final = 4
_TIMES: Final = 8
_FAILURES: Final = 16
"""The parts of it, as 1/n, that answers on their way, times that were seen and failures may take."""

_DOCUMENT_BYTES: Final = 2000
_TIME_BYTES: Final = 400
_FAILURE_BYTES: Final = 1500
"""What one of each takes beside its URL and its content."""

V = TypeVar("V")


class Held(Enum):
    """Why there is no copy to be used as it is."""

    NOWHERE = "not in memory"
    UNOPENED = "in memory, opened under other keys"
    REFUSED = "in memory, and it does not count"


@attrs.frozen
class _Failure:
    until: float
    error: StatusError
    count: int


class _Shelf(Generic[V]):
    """Values by URL, the least recently used first, and about how many bytes they take."""

    def __init__(self, size: Callable[[V], int]) -> None:
        self.values: OrderedDict[str, V] = OrderedDict()
        self.bytes = 0
        self._size = size

    def put(self, url: str, value: V, /) -> None:
        self.drop(url)
        self.values[url] = value
        self.bytes += self._size(value) + len(url)

    def drop(self, url: str, /) -> None:
        gone = self.values.pop(url, None)
        if gone is not None:
            self.bytes -= self._size(gone) + len(url)

    def shrink(self, most_bytes: int, /, *, most: int | None = None) -> None:
        """Let the oldest go until what is left is within bounds."""
        while self.values and (self.bytes > most_bytes or (most is not None and len(self.values) > most)):
            self.drop(next(iter(self.values)))

    def count_anew(self) -> None:
        """In a forked child, where a change that another thread had begun was left half made."""
        self.bytes = sum(self._size(value) + len(url) for url, value in self.values.items())


def bytes_on_their_way() -> int:
    """How many bytes of answers may be on their way at once."""
    return MAX_MEMORY_BYTES // _ON_THEIR_WAY


class Store:
    """Copies of documents; safe between threads, and its folder between processes."""

    def __init__(self, *, folder: Path | None, max_documents: int, max_list_bytes: int) -> None:
        self._folder = None if folder is None else Folder(folder, max_files=max_documents)
        if self._folder is not None:
            self._folder.require_safe()
        self._max_list_bytes = max_list_bytes
        self._max_documents = max_documents
        self._memory: _Shelf[CachedDocument] = _Shelf(_size)
        self._newest: _Shelf[tuple[datetime, bytes | None]] = _Shelf(lambda _: _TIME_BYTES)
        self.begin_in_child()
        _forks.begin_in_children(self)

    def begin_in_child(self) -> None:
        """As `_forks.Forked`: copies and times stay; failures do not, for the child has not failed."""
        self._lock = Lock()
        self._failures: _Shelf[_Failure] = _Shelf(lambda _: _FAILURE_BYTES)
        self._memory.count_anew()
        self._newest.count_anew()

    @property
    def has_folder(self) -> bool:
        """Whether there may be copies on disk."""
        return self._folder is not None

    @property
    def kept_bytes(self) -> int:
        """About how many bytes are kept."""
        with self._lock:
            return self._memory.bytes + self._newest.bytes + self._failures.bytes

    def get(self, request: DocumentRequest, question: DocumentQuery, /) -> CachedDocument | Held:
        """The copy in memory, if it was opened as the question would have it, or why there is none."""
        with self._lock:
            cached = self._memory.values.get(request.url)
            if cached is None:
                return Held.NOWHERE
            self._memory.values.move_to_end(request.url)
        if cached.document is None:
            return cached
        if not (cached.keys is question.keys or cached.keys == question.keys):
            return Held.UNOPENED
        if cached.max_entries != question.max_entries:
            return Held.UNOPENED
        return cached if _counts(cached.document, question) else Held.REFUSED

    def reopen(self, request: DocumentRequest, question: DocumentQuery, /) -> CachedDocument | None:
        """The copy in memory under other keys than it was opened with, if they signed it too."""
        with self._lock:
            cached = self._memory.values.get(request.url)
        if cached is None or cached.document is None:
            return cached
        try:
            opened = _documents.open_document(
                cached.request, cached.document.media_type, cached.document.data, question, judged=False
            )
            _documents.check_key(opened, question)
        except StatusError:
            return None
        return attrs.evolve(cached, document=opened, keys=question.keys, max_entries=question.max_entries)

    def document_bytes(self, request: DocumentRequest, /) -> int:
        """How many bytes the copy in memory has as it was signed."""
        with self._lock:
            cached = self._memory.values.get(request.url)
        return 0 if cached is None or cached.document is None else len(cached.document.data)

    def reload(self, request: DocumentRequest, question: DocumentQuery, /) -> CachedDocument | None:
        """The copy on disk, if these keys signed it and it is not older than what was seen; it is now in memory too."""
        file = self._read(request.url)
        if file is None:
            return None
        cached = self._open_file(request, file, question)
        rival = None if file.rival is None else self._open_file(request, attrs.evolve(file, data=file.rival), question)
        try:
            for found in (cached, rival):
                if found is not None:
                    self.put(found)
        except StatusError:  # older than what was seen, or contradicted
            return None
        return cached if rival is None else rival

    def _read(self, url: str) -> CachedFile | None:
        if self._folder is None:
            return None
        try:
            self._folder.require_safe()
        except StatusError as error:
            _warn(error.code)
            return None
        return self._folder.read(url)

    def put(self, cached: CachedDocument, /) -> None:
        """Keep a copy in memory.

        Raises:
            StatusError: ``status-list-rollback``; a younger one was seen in the meantime. ``status-list-conflict``;
                one of the same time of issue was seen that says something else.
        """
        url, issued_at, document = cached.request.url, cached.issued_at, cached.document
        digest = None
        if document is not None and cached.request.kind is not Kind.HISTORY:
            digest = _documents.content_digest(document)
        with self._lock:
            if digest is not None and issued_at is not None:
                self._compare(url, issued_at, digest)
            self._memory.put(url, cached)
            self._newest.shrink(MAX_MEMORY_BYTES // _TIMES)
            room = MAX_MEMORY_BYTES - bytes_on_their_way() - self._newest.bytes - self._failures.bytes
            self._memory.shrink(room, most=self._max_documents)

    def save(self, cached: CachedDocument, /, *, is_rival: bool = False) -> None:
        """Write a copy to the folder, whole or not at all; a disk that is full or gone is a cache less, and no error.

        Args:
            cached: the copy.
            is_rival: it contradicts the one that is there, and stands beside it: neither counts.
        """
        folder = self._folder
        if folder is None:
            return
        try:
            with folder.alone():
                file = _rival(folder, cached) if is_rival else _to_file(cached)
                if file is not None and (is_rival or not self._is_older(folder, cached)):
                    folder.write(file)
        except BlockingIOError:
            events.tell("certcore.cache-busy")
        except StatusError as error:
            _warn(error.code)
        except OSError as cause:
            events.tell("certcore.cache-failed", error=cause.strerror)

    def floor(self, request: DocumentRequest, /) -> datetime | None:
        """The issue of the youngest such document that was seen; historical ones have none."""
        with self._lock:
            issued_at, _ = self._newest.values.get(request.url, (None, None))
        return issued_at

    def failure(self, url: str, /, *, now: float) -> StatusError | None:
        """Why the document could not be had a moment ago; None where it may be asked for again."""
        with self._lock:
            failure = self._failures.values.get(url)
        return None if failure is None or now >= failure.until else _documents.copy_error(failure.error)

    def fail(self, url: str, error: StatusError, /, *, now: float, pause: timedelta) -> None:
        """Remember a failure for a moment, which grows with every one that follows it."""
        with self._lock:
            last = self._failures.values.get(url)
            before = 0 if last is None else last.count
            pause_s = _fetch.failure_pause_s(error, pause, failures_before=before)
            self._failures.put(url, _Failure(now + pause_s, _documents.copy_error(error), before + 1))
            self._failures.shrink(MAX_MEMORY_BYTES // _FAILURES, most=self._max_documents)

    def succeed(self, url: str, /) -> None:
        """Forget the failures of a document that came."""
        with self._lock:
            self._failures.drop(url)

    def holds(self, request: DocumentRequest, /) -> bool:
        """Whether there is a copy, in memory or on disk; unopened."""
        with self._lock:
            if request.url in self._memory.values:
                return True
        return self._folder is not None and self._folder.holds(request.url)

    def list_uris(self) -> tuple[str, ...]:
        """Every list that is held, in memory or on disk."""
        with self._lock:
            found = {cached.request.uri: None for cached in self._memory.values.values()}
        found.update((file.uri, None) for file in self._files())
        return tuple(found)

    def documents(self) -> Iterator[bytes]:
        """The signed bytes of every document that is held, unopened."""
        with self._lock:
            held = list(self._memory.values.values())
        urls = {cached.request.url for cached in held}
        for cached in held:
            if cached.document is not None:
                yield cached.document.data
        for file in self._files():
            if file.url not in urls:
                yield from file.documents

    def _files(self) -> Iterator[CachedFile]:
        return iter(()) if self._folder is None else self._folder.files()

    def _compare(self, url: str, issued_at: datetime, digest: bytes) -> None:
        """Hold a document against the newest one that was seen, and take it for the newest."""
        newest, known = self._newest.values.get(url, (issued_at, digest))
        if issued_at < newest:
            raise StatusError("status-list-rollback", "The document is older than one that was seen before")
        is_contradicted = issued_at == newest and digest != known
        self._newest.put(url, (issued_at, None if is_contradicted else digest))
        if is_contradicted:
            self._memory.drop(url)
            raise StatusError("status-list-conflict", "Two documents of one time of issue say different things")

    def _open_file(self, request: DocumentRequest, file: CachedFile, question: DocumentQuery) -> CachedDocument | None:
        document = None
        if file.data is not None:
            try:
                document = _documents.open_document(request, file.media_type, file.data, question, judged=False)
                _documents.check_key(document, question)
            except StatusError:
                return None
            if not _documents.covers(document, request.at) or _documents.is_future(document, question):
                return None  # what is from the future must not become what others are held to
        elif not request.may_be_absent:
            return None
        return _fetch.to_cached(request, document, question, etag=file.etag, fetched_at=file.fetched_at)

    def _is_older(self, folder: Folder, cached: CachedDocument) -> bool:
        """Whether another process has written a younger one, or a document where this process was told of none."""
        file = folder.read(cached.request.url)
        if file is None or file.data is None or cached.request.kind is Kind.HISTORY:
            return False
        question = DocumentQuery(
            keys=cached.keys,
            now=cached.fetched_at,
            clock_skew=CLOCK_SKEW,
            max_list_bytes=self._max_list_bytes,
            max_entries=cached.max_entries,
        )
        found = self._open_file(cached.request, file, question)
        if found is None or found.issued_at is None:
            return False
        return cached.issued_at is not None and found.issued_at > cached.issued_at


def _rival(folder: Folder, cached: CachedDocument) -> CachedFile | None:
    """The file that holds both a document and the one that it contradicts: whoever reads it finds neither to count."""
    file, rival = folder.read(cached.request.url), _to_file(cached)
    if file is None or file.media_type != rival.media_type or file.data is None:
        return None
    return attrs.evolve(file, rival=rival.data)


def _warn(code: str) -> None:
    events.tell("certcore.cache-failed", error=code)


def _counts(document: StatusToken | StatusEvents, question: DocumentQuery) -> bool:
    """Whether a copy still counts by the dates of its key: what is proved differs from question to question."""
    if all(not isinstance(key, TrustedKey) or key.compromised_since is None for key in question.keys):
        return True  # it counted when it was opened under these keys
    try:
        _documents.check_key(document, question)
    except StatusError:
        return False
    return True


def _to_file(cached: CachedDocument) -> CachedFile:
    document = cached.document
    return CachedFile(
        url=cached.request.url,
        uri=cached.request.uri,
        media_type="" if document is None else document.media_type,
        fetched_at=cached.fetched_at,
        etag=cached.etag,
        data=None if document is None else document.data,
    )


def _size(cached: CachedDocument) -> int:
    """Bytes in memory, about: a list's entries, or several times an events document's."""
    document = cached.document
    if document is None:
        return _DOCUMENT_BYTES
    return _DOCUMENT_BYTES + len(document.data) + _documents.opened_bytes(document)
