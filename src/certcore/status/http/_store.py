"""What was fetched, kept: signed bytes in memory and, where there is a folder for it, on disk.

What lives here: bounds, files, and the memory of what was seen, which never goes back. What never does: networks,
clocks, and decisions about freshness (`_fetch` has them).

- A copy is found by the exact URL it came from.
- The disk is outside the trust boundary: what is read from it is opened again, signature and all, under the keys of the
  question. A file that is anything else than a copy we wrote is as good as none.
- A file is written beside and renamed, under a lock that processes share; a younger copy that another process wrote is
  left alone.
- Memory and disk are bounded; what was asked for least recently goes first. Which times were seen (a few bytes for each
  list) outlives the copies.
"""

from __future__ import annotations

import contextlib
import hashlib
import logging
import os
from collections import OrderedDict
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from threading import Lock
from typing import Final

import attrs

from certcore._instants import CLOCK_SKEW
from certcore.errors import StatusError
from certcore.keys._trusted import TrustedKey
from certcore.status import _documents
from certcore.status._cache_file import CachedFile, read_file, write_file
from certcore.status._documents import DocumentQuery, DocumentRequest, Kind
from certcore.status.http import _fetch
from certcore.status.http._fetch import CachedDocument
from certcore.status.tokenlist import StatusEvents, StatusToken

try:
    import fcntl
except ImportError:  # pragma: no cover  Windows: there, the last of two processes to write wins
    fcntl = None  # type: ignore[assignment]  # as above

SUFFIX: Final = ".status"
"""The end of a copy's file name; what stands before it is a digest of the URL."""

MAX_MEMORY_BYTES: Final = 256 << 20
"""Bytes of all documents that are held in memory, entries inflated."""

_MAX_FLOORS: Final = 100_000
"""Documents whose youngest issue is remembered; some 20 MB."""

_LOCK: Final = "lock"
_log = logging.getLogger("certcore.status")


class Store:
    """Copies of documents; safe between threads, and its folder between processes."""

    def __init__(self, *, folder: Path | None, max_documents: int, max_list_bytes: int) -> None:
        self._folder = folder
        self._max_list_bytes = max_list_bytes
        self._max_documents = max_documents
        self._lock = Lock()
        self._memory: OrderedDict[str, CachedDocument] = OrderedDict()
        self._bytes = 0
        self._newest: OrderedDict[str, tuple[datetime, bytes | None]] = OrderedDict()
        self._failures: OrderedDict[str, tuple[float, StatusError, int]] = OrderedDict()

    def get(self, request: DocumentRequest, question: DocumentQuery, /) -> CachedDocument | None:
        """The copy, opened under the question's keys; None where these keys signed none that counts."""
        with self._lock:
            cached = self._memory.get(request.url)
            if cached is not None:
                self._memory.move_to_end(request.url)
        if cached is None:
            return self.reload(request, question)
        if cached.document is None:
            return cached
        if not (cached.keys is question.keys or cached.keys == question.keys):
            return self._reopen(cached, question)
        return cached if _counts(cached.document, question) else None

    def reload(self, request: DocumentRequest, question: DocumentQuery, /) -> CachedDocument | None:
        """The copy on disk, if these keys signed it and it is not older than what was seen; it is now in memory too."""
        file = None if self._folder is None else read_file(self._path(request.url))
        if file is None or file.url != request.url:
            return None
        cached = self._open_file(request, file, question)
        rival = None if file.rival is None else self._open_file(request, attrs.evolve(file, data=file.rival), question)
        try:
            for found in (cached, rival):
                if found is not None:
                    cached = self._keep(found)
        except StatusError:  # older than what was seen, or contradicted
            return None
        return cached

    def put(self, cached: CachedDocument, /) -> CachedDocument:
        """Keep a copy.

        Raises:
            StatusError: ``status-list-rollback``; a younger one was seen in the meantime. ``status-list-conflict``;
                one of the same time of issue was seen that says something else.
        """
        try:
            kept = self._keep(cached)
        except StatusError as error:
            if error.code == "status-list-conflict":
                self._write(cached, is_rival=True)
            raise
        with self._lock:
            self._failures.pop(cached.request.url, None)
        self._write(cached)
        return kept

    def floor(self, request: DocumentRequest, /) -> datetime | None:
        """The issue of the youngest such document that was seen; historical ones have none."""
        with self._lock:
            issued_at, _ = self._newest.get(request.url, (None, None))
        return issued_at

    def failure(self, url: str, /, *, now: float) -> StatusError | None:
        """Why the document could not be had a moment ago; None where it may be asked for again."""
        with self._lock:
            until, error, _ = self._failures.get(url, (now, None, 0))
        return None if error is None or now >= until else _documents.copy_error(error)

    def fail(self, url: str, error: StatusError, /, *, now: float, pause: timedelta) -> None:
        """Remember a failure for a moment, which grows with every one that follows it."""
        with self._lock:
            _, _, before = self._failures.get(url, (now, None, 0))
            pause_s = _fetch.failure_pause_s(error, pause, failures_before=before)
            self._failures[url] = now + pause_s, _documents.copy_error(error), before + 1
            self._failures.move_to_end(url)
            while len(self._failures) > self._max_documents:
                self._failures.popitem(last=False)

    def holds(self, request: DocumentRequest, /) -> bool:
        """Whether there is a copy, in memory or on disk; unopened."""
        with self._lock:
            if request.url in self._memory:
                return True
        return self._folder is not None and self._path(request.url).is_file()

    def list_uris(self) -> tuple[str, ...]:
        """Every list that is held, in memory or on disk."""
        with self._lock:
            found = {cached.request.uri: None for cached in self._memory.values()}
        found.update((file.uri, None) for file in self._files())
        return tuple(found)

    def documents(self) -> Iterator[bytes]:
        """The signed bytes of every document that is held, unopened."""
        with self._lock:
            in_memory = [cached.document for cached in self._memory.values() if cached.document is not None]
            urls = set(self._memory)
        for document in in_memory:
            yield document.data
        for file in self._files():
            if file.url not in urls:
                yield from file.documents

    def _keep(self, cached: CachedDocument) -> CachedDocument:
        url, issued_at, document = cached.request.url, cached.issued_at, cached.document
        digest = None
        if document is not None and cached.request.kind is not Kind.HISTORY:
            digest = _documents.content_digest(document)
        with self._lock:
            if digest is not None and issued_at is not None:
                self._compare(url, issued_at, digest)
            self._forget(url)
            self._memory[url] = cached
            self._bytes += _size(cached)
            while self._memory and (len(self._memory) > self._max_documents or self._bytes > MAX_MEMORY_BYTES):
                self._forget(next(iter(self._memory)))
            while len(self._newest) > _MAX_FLOORS:
                self._newest.popitem(last=False)
        return cached

    def _compare(self, url: str, issued_at: datetime, digest: bytes) -> None:
        """Hold a document against the newest one that was seen, and take it for the newest."""
        newest, known = self._newest.get(url, (issued_at, digest))
        if issued_at < newest:
            raise StatusError("status-list-rollback", "The document is older than one that was seen before")
        is_contradicted = issued_at == newest and digest != known
        self._newest[url] = issued_at, None if is_contradicted else digest
        self._newest.move_to_end(url)
        if is_contradicted:
            self._forget(url)
            raise StatusError("status-list-conflict", "Two documents of one time of issue say different things")

    def _forget(self, url: str) -> None:
        gone = self._memory.pop(url, None)
        if gone is not None:
            self._bytes -= _size(gone)

    def _reopen(self, cached: CachedDocument, question: DocumentQuery) -> CachedDocument | None:
        """The copy under other keys than it was opened with, if they signed it too."""
        document = cached.document
        if document is None:
            return cached
        try:
            opened = _documents.open_document(
                cached.request, document.media_type, document.data, question, judged=False
            )
            _documents.check_key(opened, question)
        except StatusError:
            return None
        return attrs.evolve(cached, document=opened, keys=question.keys)

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

    # --- on disk

    def _path(self, url: str) -> Path:
        folder = self._folder if self._folder is not None else Path()
        return folder / f"{hashlib.sha256(url.encode()).hexdigest()[:40]}{SUFFIX}"

    def _files(self) -> Iterator[CachedFile]:
        if self._folder is not None:
            for path in sorted(self._folder.glob(f"*{SUFFIX}")):
                file = read_file(path)
                if file is not None:
                    yield file

    def _write(self, cached: CachedDocument, *, is_rival: bool = False) -> None:
        """Write one copy, whole or not at all; a disk that is full or gone is a cache less, and no error."""
        if self._folder is None:
            return
        try:
            folder = self._path(cached.request.url).parent
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            with _lock_folder(folder / _LOCK):
                if is_rival:
                    self._write_rival(cached)
                elif not self._is_older(cached):
                    write_file(self._path(cached.request.url), _to_file(cached))
                    self._trim(folder)
        except OSError as cause:
            _log.warning("the folder for status lists cannot be written to: %s", cause.strerror)

    def _write_rival(self, cached: CachedDocument) -> None:
        """Put a document beside the one that it contradicts: whoever reads the folder finds that neither counts."""
        path, rival = self._path(cached.request.url), _to_file(cached)
        file = read_file(path)
        if file is not None and (file.url, file.media_type) == (rival.url, rival.media_type) and file.data is not None:
            write_file(path, attrs.evolve(file, rival=rival.data))

    def _is_older(self, cached: CachedDocument) -> bool:
        """Whether another process has written a younger one, or a document where this process was told of none."""
        file = read_file(self._path(cached.request.url))
        if file is None or file.url != cached.request.url or file.data is None or cached.request.kind is Kind.HISTORY:
            return False
        question = DocumentQuery(
            keys=cached.keys,
            now=cached.fetched_at,
            clock_skew=CLOCK_SKEW,
            max_list_bytes=self._max_list_bytes,
        )
        found = self._open_file(cached.request, file, question)
        if found is None or found.issued_at is None:
            return False
        return cached.issued_at is not None and found.issued_at > cached.issued_at

    def _trim(self, folder: Path) -> None:
        for left_behind in folder.glob(f".*{SUFFIX}.*"):  # by a process that was killed: nobody else is writing now
            left_behind.unlink(missing_ok=True)
        files = list(folder.glob(f"*{SUFFIX}"))
        if len(files) > self._max_documents:
            by_age = sorted(files, key=lambda path: path.stat().st_mtime_ns)
            for path in by_age[: len(files) - self._max_documents]:
                path.unlink(missing_ok=True)


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


@contextlib.contextmanager
def _lock_folder(path: Path) -> Iterator[None]:
    """Alone with the folder, among all processes that use it."""
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        if fcntl is not None:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)  # which gives the lock back


def _size(cached: CachedDocument) -> int:
    """Bytes in memory, about: a list's entries, or some eight times an events document's."""
    document = cached.document
    if document is None:
        return 0
    if isinstance(document, StatusToken):
        return len(document.data) + len(document.status_list.data)
    return 8 * len(document.data)
