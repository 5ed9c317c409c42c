"""`SnapshotStatusBackend`: signed status documents in memory, from a file or a folder; no network, and it pickles.

For workers, terminals, archives and replay. It knows which document is about which list, and what they say together. It
does not fetch, and trusts no document by itself: a document counts only if one of the query's keys has signed it, which
is checked when its list is first asked about.

A list may be there several times, as archives have it: every one that speaks is an observation of its own time. What
expired by the moment asked about does not count; that a document has expired *since* takes nothing from what it says of
that moment, and its age is in the record for the policy to judge. Lists younger than the question do not count.

The file is deterministic CBOR, ``{0: 1, 1: [document, ...]}``: the documents exactly as they were signed, in the order
of their bytes. A document says itself what it is, and of which list; where a file came from does not matter.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any, Final, Self

import attrs

from certcore import _base64url, _cbor, _files, _json, cose
from certcore._instants import CLOCK_SKEW
from certcore.errors import CertcoreError, IssuingError, RejectedInputError, StatusError
from certcore.keys._trusted import ExistingDocument, VerifyingKey
from certcore.payload import StatusListEntry, StatusRef
from certcore.status import tokenlist
from certcore.status._cache_file import read_file
from certcore.status._documents import (
    DocumentQuery,
    DocumentRequest,
    Kind,
    check_key,
    copy_error,
    open_document,
    opened_bytes,
)
from certcore.status._inflate import wire_bytes
from certcore.status._url_policy import unavailable
from certcore.status.eventlist import STATUS_EVENTS_TYPE
from certcore.status.protocol import StatusQuery, StatusRecord, StatusState
from certcore.status.tokenlist import DEFAULT_MAX_LIST_BYTES, StatusEvents, StatusToken, status_record

__all__ = [
    "SnapshotStatusBackend",
]

MAX_SNAPSHOT_BYTES: Final = 1 << 30
"""Bytes of a snapshot's file, and of all documents of a folder: the lists of a whole country are some 12 MB."""

MAX_OPENED_BYTES: Final = 256 << 20
"""Bytes of what a snapshot keeps opened, beside the signed documents themselves; about."""

MAX_FILES: Final = 100_000
"""Files that a folder is searched for."""

_MAX_ITEMS: Final = MAX_FILES + 8
_VERSION, _DOCUMENTS = range(2)
_FORMAT: Final = 1
_SUB: Final = 2
_SIGN1: Final = b"\xd2\x84"
_JWS: Final = b"ey"  # a JWS header begins with {" in base64url
_KINDS: Final[Mapping[object, tuple[Kind, str]]] = {
    tokenlist.STATUS_LIST_TYPE: (Kind.LIST, tokenlist.STATUS_LIST_TYPE),
    tokenlist.STATUS_LIST_JWT_TYPE: (Kind.LIST, tokenlist.STATUS_LIST_JWT_MEDIA_TYPE),
    STATUS_EVENTS_TYPE: (Kind.EVENTS, STATUS_EVENTS_TYPE),
}


@attrs.frozen
class _Document:
    """A signed document, and what it says that it is; not yet believed."""

    kind: Kind
    media_type: str
    uri: str
    data: bytes = attrs.field(repr=False)


@attrs.frozen
class _Opened:
    """The documents of one list that one set of keys signed, and that count by the keys' dates."""

    keys: tuple[VerifyingKey, ...]
    existing: tuple[ExistingDocument, ...]
    max_entries: int | None
    tokens: tuple[StatusToken, ...]
    events: tuple[StatusEvents, ...]
    refused: StatusError | None
    size: int = attrs.field(init=False)

    @size.default
    def _size(self) -> int:
        """About how many bytes it takes beside the documents themselves."""
        documents: tuple[StatusToken | StatusEvents, ...] = (*self.tokens, *self.events)
        return sum(opened_bytes(document) for document in documents)


class SnapshotStatusBackend:
    """Looks status up in documents that were collected before.

    Args:
        documents: signed lists and events documents; what is neither is passed over.
        max_list_bytes: the most bytes that a list may inflate to.

    Raises:
        ValueError: for a maximum that is no whole number from 1.
    """

    def __init__(self, documents: Iterable[bytes], /, *, max_list_bytes: int = DEFAULT_MAX_LIST_BYTES) -> None:
        wire_bytes(max_list_bytes)
        self._max_list_bytes = max_list_bytes
        self._documents: dict[str, tuple[_Document, ...]] = {}
        for data in sorted(set(documents)):
            document = _identify(data)
            if document is not None:
                self._documents[document.uri] = (*self._documents.get(document.uri, ()), document)
        self._opened: dict[str, _Opened] = {}

    @classmethod
    def from_file(cls, path: Path | str, /) -> Self:
        """A snapshot that `to_file` wrote.

        Raises:
            RejectedInputError: ``file-unreadable``; ``malformed``.
        """
        try:
            if not Path(path).is_file():  # a pipe would wait for ever
                raise RejectedInputError("file-unreadable", "There is no such snapshot")
            with Path(path).open("rb") as file:
                data = file.read(MAX_SNAPSHOT_BYTES + 1)
        except OSError as cause:
            raise RejectedInputError("file-unreadable", f"The snapshot cannot be read: {cause.strerror}") from cause
        match _cbor.decode(data, max_bytes=MAX_SNAPSHOT_BYTES, max_items=_MAX_ITEMS):
            case {0: 1, 1: [*documents], **others} if not others and all(type(item) is bytes for item in documents):
                return cls(documents)
        raise RejectedInputError("malformed", "The file is not a snapshot of status documents", layer="snapshot")

    @classmethod
    def from_folder(cls, path: Path | str, /) -> Self:
        """Every status document in a folder and those below it, whatever the files are called.

        That is a folder that a register publishes, an archive of such, or the cache of an HTTP backend. Files that hold
        something else are passed over.

        Raises:
            RejectedInputError: ``file-unreadable``, also for a folder of too many files or bytes.
        """
        try:
            if not Path(path).is_dir():
                raise RejectedInputError("file-unreadable", "There is no such folder")
            return cls(_documents_below(Path(path)))
        except OSError as cause:
            raise RejectedInputError("file-unreadable", f"The folder cannot be read: {cause.strerror}") from cause

    def to_file(self, path: Path | str, /) -> None:
        """Write the snapshot: whole, or not at all; what is there is replaced.

        Raises:
            IssuingError: ``file-unwritable``; ``document-too-large`` for more than `from_file` reads.
        """
        target = Path(path)
        documents = sorted(document.data for found in self._documents.values() for document in found)
        data = _cbor.encode({_VERSION: _FORMAT, _DOCUMENTS: documents})
        if not _cbor.fits(data, max_bytes=MAX_SNAPSHOT_BYTES, max_items=_MAX_ITEMS):
            raise IssuingError("document-too-large", "The snapshot holds more documents than a file of them may")
        try:
            _files.write_whole(target, data, overwrite=True)
        except OSError as cause:
            raise IssuingError("file-unwritable", f"The snapshot cannot be written: {cause.strerror}") from cause

    def lookup(self, query: StatusQuery, /) -> StatusRecord:
        """The facts about one certificate, from all documents about its list.

        Raises:
            StatusError: ``status-unavailable`` with the cause ``no-list``; ``status-list-expired``, where every list
                had expired by then; ``status-list-future``, where each is younger than the question; a document's own
                code, where none could be opened; ``status-unknown-reference``.
        """
        uri, ref = query.list_uri, query.ref
        if uri is None or not isinstance(ref, StatusRef | StatusListEntry):
            raise unavailable("no-list", "The certificate's issuer has no list to look it up in")
        opened = self._open(uri, query)
        index, can_speak = ref.index, [found for found in opened.tokens if not _is_younger(found, query)]
        tokens = [found for found in can_speak if _speaks(found, query)]
        ended = []
        if len(tokens) < len(can_speak):
            ended = _turns([found for found in can_speak if not _speaks(found, query)], index, tokens)
        events = [found for found in opened.events if _bears_on(found, index, query)]
        is_told = tokens or (events and ended) or any(index in found.events for found in events)
        if not is_told and all(found.status_list.state(index) is StatusState.VALID for found in ended):
            raise _why_none(opened, can_speak)
        return status_record(index, tokens=[*tokens, *ended], events=events)

    def __len__(self) -> int:
        """How many documents there are."""
        return sum(map(len, self._documents.values()))

    def __getstate__(self) -> dict[str, object]:
        return {"max_list_bytes": self._max_list_bytes, "documents": self._documents}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self._max_list_bytes = state["max_list_bytes"]
        self._documents = state["documents"]
        self._opened = {}

    def __repr__(self) -> str:
        return f"SnapshotStatusBackend({len(self)} documents of {len(self._documents)} lists)"

    def _open(self, uri: str, query: StatusQuery) -> _Opened:
        """The documents of one list under the query's keys; checked once, as long as these stay the same."""
        opened = self._opened.get(uri)
        asked = (query.existing, query.max_entries)
        if opened is not None and (opened.existing, opened.max_entries) == asked and opened.keys == query.keys:
            return opened
        documents = self._documents.get(uri)
        if documents is None:
            raise unavailable("no-list", "The list is not in the snapshot")
        question = DocumentQuery(
            keys=query.keys,
            now=query.asked_at,
            clock_skew=CLOCK_SKEW,
            max_list_bytes=self._max_list_bytes,
            max_entries=query.max_entries,
            existing=query.existing,
        )
        tokens: list[StatusToken] = []
        events: list[StatusEvents] = []
        refused = None
        for document in documents:
            request = DocumentRequest(kind=document.kind, uri=uri)
            try:
                found = open_document(request, document.media_type, document.data, question, judged=False)
                check_key(found, question)
            except StatusError as error:
                refused = copy_error(error)
                continue
            if isinstance(found, StatusToken):
                tokens.append(found)
            else:
                events.append(found)
        opened = _Opened(query.keys, *asked, tuple(tokens), tuple(events), None if tokens else refused)
        self._keep(uri, opened)
        return opened

    def _keep(self, uri: str, opened: _Opened) -> None:
        """Remember what was opened, and forget what was opened first where that is too much."""
        self._opened.pop(uri, None)
        self._opened[uri] = opened
        kept = sum(one.size for one in list(self._opened.values()))
        for oldest in list(self._opened):
            if kept <= MAX_OPENED_BYTES or oldest == uri:
                break
            gone = self._opened.pop(oldest, None)
            kept -= 0 if gone is None else gone.size


def _why_none(opened: _Opened, can_speak: Iterable[StatusToken]) -> StatusError:
    """Why no list says anything."""
    if opened.refused is not None:
        return copy_error(opened.refused)
    if not opened.tokens:
        return unavailable("no-list", "There are events and no list")
    if not can_speak:
        return StatusError("status-list-future", "Every list was issued later than now")
    return StatusError("status-list-expired", "Every list had expired by then")


def _is_younger(document: StatusToken | StatusEvents, query: StatusQuery) -> bool:
    return document.issued_at - query.asked_at > CLOCK_SKEW


def _speaks(document: StatusToken | StatusEvents, query: StatusQuery) -> bool:
    """Whether a document had not expired by the moment that the question is about."""
    return document.expires_at is None or query.as_of < document.expires_at


def _bears_on(events: StatusEvents, index: int, query: StatusQuery) -> bool:
    """Whether an events document has anything to say: what it once proved stays proved after its end."""
    if _is_younger(events, query):
        return False
    return _speaks(events, query) or index in events.events or events.history_from <= query.as_of <= events.issued_at


def _turns(ended: Iterable[StatusToken], index: int, others: Iterable[StatusToken]) -> list[StatusToken]:
    """Of lists that have ended, what is left of their word about an entry.

    That is each that says otherwise than the one before, and whatever may contradict another of its second.
    """
    times = {token.issued_at for token in others}
    found: list[StatusToken] = []
    last: StatusState | None = None
    for token in sorted(ended, key=lambda token: token.issued_at):
        with suppress(StatusError):  # no such entry, or one whose value has no meaning
            state = token.status_list.state(index)
            if state is not last or token.issued_at in times:
                found.append(token)
            last = state
            times.add(token.issued_at)
    return found


def _documents_below(folder: Path) -> Iterator[bytes]:
    """What may be documents, file by file."""
    total = 0
    for place, path in enumerate(sorted(folder.rglob("*"))):
        if place >= MAX_FILES or total > MAX_SNAPSHOT_BYTES:
            raise RejectedInputError("file-unreadable", "The folder holds more than a snapshot may")
        if not path.is_file() or path.name.startswith("."):
            continue
        cached = read_file(path)
        for data in _read(path) if cached is None else cached.documents:
            if data.startswith((_SIGN1, _JWS)):
                total += len(data)
                yield data


def _read(path: Path) -> tuple[bytes, ...]:
    limit = 2 * DEFAULT_MAX_LIST_BYTES
    with path.open("rb") as file:
        data = file.read(limit + 1)
    return (data,) if len(data) <= limit else ()


def _identify(data: bytes) -> _Document | None:
    """What a document says that it is, and of which list: where to file it; it is not believed before it is opened."""
    try:
        typ, sub = _stated_in_cwt(data) if data.startswith(_SIGN1) else _stated_in_jwt(data)
    except (CertcoreError, ValueError, LookupError, TypeError, AttributeError, RecursionError):
        return None
    kind = _KINDS.get(typ) if type(typ) is str else None
    return None if kind is None or type(sub) is not str else _Document(kind[0], kind[1], sub, data)


def _stated_in_cwt(data: bytes) -> tuple[object, object]:
    header, _, payload, _ = _cbor.decode_general(data[1:], max_bytes=len(data))
    protected = _cbor.decode_general(header, max_bytes=len(data))
    return protected.get(cose.TYP), _cbor.find_members(payload, frozenset({_SUB})).get(_SUB)


def _stated_in_jwt(data: bytes) -> tuple[object, object]:
    header, payload, _ = data.decode("ascii").split(".")
    protected, claims = (_json.decode(_base64url.decode(part)) for part in (header, payload))
    return protected.get("typ"), claims.get("sub")
