"""One status document as a file: signed bytes, and what is remembered about them. No locks, no clocks.

The disk is outside the trust boundary: a document from it must be opened, with the keys of the question, before
anything in it is believed.
"""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Final

import attrs

from certcore import _cbor, _files
from certcore._instants import LAST_SECOND
from certcore.errors import CertcoreError

MAX_FILE_BYTES: Final = 64 << 20
_MAGIC: Final = b"certcore-status-1\n"
_URL, _URI, _MEDIA_TYPE, _FETCHED_AT, _ETAG, _DATA, _RIVAL = range(7)


@attrs.frozen(kw_only=True)
class CachedFile:
    """One copy as it lies on disk: nothing in it may be believed before it was opened.

    Attributes:
        url: where it came from.
        uri: the list it is about.
        media_type: of the document; empty where the server said that there is none.
        fetched_at: when the server last said that it is the current one.
        etag: by what the server knows this copy.
        data: the signed bytes; None where the server said that there is none.
        rival: another document of the same time of issue that says something else: neither counts.
    """

    url: str
    uri: str
    media_type: str
    fetched_at: datetime
    etag: str | None
    data: bytes | None = attrs.field(repr=False)
    rival: bytes | None = attrs.field(default=None, repr=False)

    @property
    def documents(self) -> tuple[bytes, ...]:
        """The signed bytes that are there."""
        return tuple(data for data in (self.data, self.rival) if data is not None)


def read_file(path: Path, /) -> CachedFile | None:
    """A copy from disk; None where there is none, or something else lies there."""
    try:
        if not path.is_file():  # a pipe would wait for ever
            return None
        with path.open("rb") as file:
            raw = file.read(MAX_FILE_BYTES + 1)
        if not raw.startswith(_MAGIC) or len(raw) > MAX_FILE_BYTES:
            return None
        members = _cbor.decode(raw[len(_MAGIC) :], max_bytes=MAX_FILE_BYTES)
    except (OSError, CertcoreError):
        return None
    match members:
        case {0: str() as url, 1: str() as uri, 2: str() as media_type, 3: int() as seconds, 4: etag, 5: data}:
            rival = members.get(_RIVAL)
            if not {type(data), type(rival)} <= {bytes, type(None)} or type(etag) not in {str, type(None)}:
                return None
            if 0 <= seconds < LAST_SECOND:
                return CachedFile(
                    url=url,
                    uri=uri,
                    media_type=media_type,
                    fetched_at=datetime.fromtimestamp(seconds, UTC),
                    etag=etag,
                    data=data,
                    rival=rival,
                )
    return None


def write_file(path: Path, file: CachedFile, /) -> None:
    """Write a copy beside its place and rename it: whole, or not at all.

    Raises:
        OSError: the disk is full, gone or not ours to write.
    """
    members = {
        _URL: file.url,
        _URI: file.uri,
        _MEDIA_TYPE: file.media_type,
        _FETCHED_AT: int(file.fetched_at.timestamp()),
        _ETAG: file.etag,
        _DATA: file.data,
        **({} if file.rival is None else {_RIVAL: file.rival}),
    }
    data = _MAGIC + _cbor.encode(members)
    _files.write_whole(path, data, overwrite=True, mode=_files.PRIVATE, durable=False)
