"""Signed status documents in a file or a folder: no network, and the same answers."""

from __future__ import annotations

import os
import pickle
from pathlib import Path
from typing import Any

import pytest

from certcore import _cbor
from certcore.errors import IssuingError, RejectedInputError, StatusError
from certcore.keys import LocalSigner
from certcore.status import snapshot
from certcore.status.protocol import StatusEventKind, StatusState
from certcore.status.snapshot import SnapshotStatusBackend
from tests.status.fault_server import FaultServer
from tests.status.http_cases import (
    DAY,
    MINUTE,
    NOW,
    OTHER_SIGNER,
    REVOKED_INDEX,
    SIGNER,
    SIZE,
    Make,
    cause,
    publish,
    publish_events,
    query,
    signed_events,
    signed_list,
)

URI = "https://status.example/lists/12"
DOCUMENTS = (signed_list(URI), signed_events(URI))


def refused(backend: SnapshotStatusBackend, **how: Any) -> StatusError:  # noqa: ANN401  as query takes it
    """The error of a look-up that must fail."""
    with pytest.raises(StatusError) as caught:
        backend.lookup(query(how.pop("uri", URI), **how))
    return caught.value


def test_lookup() -> None:
    """A list and the events beside it, with their proofs."""
    backend = SnapshotStatusBackend(DOCUMENTS)

    record = backend.lookup(query(URI, REVOKED_INDEX, as_of=NOW - DAY))

    assert [StatusState.REVOKED] == [seen.state for seen in record.observations]
    assert [StatusEventKind.REVOKED] == [found.kind for found in record.events]
    assert set(DOCUMENTS) == {proof.data for proof in record.proofs}


def test_the_same_as_over_http(make: Make, server: FaultServer) -> None:
    """What a backend holds, its snapshot answers alike, with the server gone."""
    uri, driven = publish(server), make()
    publish_events(server)
    asked = [query(uri, index, as_of=NOW - days * DAY) for index in range(SIZE) for days in (0, 5, 20)]
    over_http = [driven.lookup(question) for question in asked]
    snapshot = driven.snapshot()
    server.close()

    for question, found in zip(asked, over_http, strict=True):
        record = snapshot.lookup(question)
        assert found.observations == record.observations
        assert found.events == record.events or not found.history_from


def test_archives() -> None:
    """Every list that speaks is an observation of its own time; those that are younger than the question are not."""
    days = [signed_list(URI, issued_at=NOW - day * DAY, expires_at=NOW - (day - 30) * DAY) for day in (1, 2, 3)]
    backend = SnapshotStatusBackend([*days, signed_list(URI, issued_at=NOW + DAY, expires_at=NOW + 2 * DAY)])

    record = backend.lookup(query(URI, as_of=NOW - 2 * DAY))

    assert {NOW - day * DAY for day in (1, 2, 3)} == {seen.at for seen in record.observations}
    assert NOW - DAY == record.observed_at


def test_expiry_is_judged_at_the_moment() -> None:
    """What had expired by the moment says nothing of it; what expired since says what it said."""
    backend = SnapshotStatusBackend([signed_list(URI, issued_at=NOW - 9 * DAY, expires_at=NOW - 8 * DAY)])

    assert NOW - 9 * DAY == backend.lookup(query(URI, as_of=NOW - 9 * DAY)).observed_at
    assert "status-list-expired" == refused(backend).code
    assert "status-list-expired" == refused(backend, as_of=NOW - 8 * DAY).code


def changed(document: bytes) -> bytes:
    """The same with another signature."""
    return document[:-1] + bytes([document[-1] ^ 1])


@pytest.mark.parametrize(
    ("documents", "code"),
    [
        ([signed_list(URI, signer=OTHER_SIGNER)], "status-list-signature"),
        ([signed_events(URI)], "status-unavailable"),
        ([signed_list(URI, issued_at=NOW + DAY, expires_at=NOW + 2 * DAY)], "status-list-future"),
        ([changed(signed_list(URI))], "status-list-signature"),
    ],
)
def test_documents_that_do_not_speak(documents: list[bytes], code: str) -> None:
    """Another's signature, events alone, or a list from the future: no answer, with the code that a server's have."""
    assert code == refused(SnapshotStatusBackend(documents)).code


def test_lists_that_are_not_there() -> None:
    """A list that is not in the snapshot is not unknown: nobody has looked."""
    backend = SnapshotStatusBackend(DOCUMENTS)

    assert "no-list" == cause(refused(backend, uri="https://status.example/lists/13"))
    assert "no-list" == cause(refused(backend, uri=None))
    assert "status-unknown-reference" == refused(backend, index=SIZE).code


def test_one_forgery_does_not_silence_the_rest() -> None:
    """A document of another signer among the good ones is passed over."""
    backend = SnapshotStatusBackend([*DOCUMENTS, signed_list(URI, values={}, signer=OTHER_SIGNER, issued_at=NOW)])

    record = backend.lookup(query(URI, REVOKED_INDEX))

    assert [StatusState.REVOKED] == [seen.state for seen in record.observations]


def test_other_keys_are_checked_again() -> None:
    """What was opened under one set of keys says nothing to a question under another."""
    backend, other = SnapshotStatusBackend(DOCUMENTS), LocalSigner.generate()
    backend.lookup(query(URI))

    assert "status-list-signature" == refused(backend, keys=[other.public_key]).code
    assert NOW - MINUTE == backend.lookup(query(URI, keys=[other.public_key, SIGNER.public_key])).observed_at


def test_file(tmp_path: Path) -> None:
    """Written, read, and the same; the same documents give the same bytes."""
    one, two = tmp_path / "one.cbor", tmp_path / "two.cbor"
    SnapshotStatusBackend(DOCUMENTS).to_file(one)
    SnapshotStatusBackend([*reversed(DOCUMENTS), *DOCUMENTS, b"something else"]).to_file(two)

    backend = SnapshotStatusBackend.from_file(one)

    assert one.read_bytes() == two.read_bytes()
    assert (2, NOW - MINUTE) == (len(backend), backend.lookup(query(URI)).observed_at)
    assert {"one.cbor", "two.cbor"} == {path.name for path in tmp_path.iterdir()}


@pytest.mark.parametrize(
    "data",
    [b"", b"\xa0", _cbor.encode({0: 2, 1: []}), _cbor.encode({0: 1, 1: ["x"]}), _cbor.encode({0: 1, 1: [], 2: 0})],
)
def test_files_that_are_none(tmp_path: Path, data: bytes) -> None:
    """Anything that is no snapshot is refused."""
    (tmp_path / "file").write_bytes(data)
    with pytest.raises(RejectedInputError) as caught:
        SnapshotStatusBackend.from_file(tmp_path / "file")
    assert "malformed" == caught.value.code


def test_files_that_are_not_there(tmp_path: Path) -> None:
    """Missing, a folder, or a pipe, which would wait for ever."""
    os.mkfifo(tmp_path / "pipe")
    for path in (tmp_path / "none", tmp_path, tmp_path / "pipe"):
        with pytest.raises(RejectedInputError) as caught:
            SnapshotStatusBackend.from_file(path)
        assert "file-unreadable" == caught.value.code
    with pytest.raises(RejectedInputError):
        SnapshotStatusBackend.from_folder(tmp_path / "none")
    with pytest.raises(IssuingError) as unwritable:
        SnapshotStatusBackend(DOCUMENTS).to_file(tmp_path / "none" / "file")
    assert "file-unwritable" == unwritable.value.code


def test_folder(tmp_path: Path) -> None:
    """A folder as a register publishes it, whatever its files are called; what else lies there is passed over."""
    (tmp_path / "lists" / "archive").mkdir(parents=True)
    (tmp_path / "lists" / "12").write_bytes(DOCUMENTS[0])
    (tmp_path / "lists" / "12.events").write_bytes(DOCUMENTS[1])
    old = signed_list(URI, issued_at=NOW - 9 * DAY)
    (tmp_path / "lists" / "archive" / "2026-09-22").write_bytes(old)
    (tmp_path / "lists" / ".half").write_bytes(old[:100])
    (tmp_path / "README").write_text("eyes only")
    (tmp_path / "cut").write_bytes(old[:100])
    (tmp_path / "other").write_bytes(b"\xd2\x84\x40\xa0\x40\x40")
    os.mkfifo(tmp_path / "pipe")

    backend = SnapshotStatusBackend.from_folder(tmp_path)

    assert 3 == len(backend)
    assert 2 == len(backend.lookup(query(URI)).observations)


def test_folder_of_an_http_backend(make: Make, server: FaultServer, tmp_path: Path) -> None:
    """The cache of a backend is such a folder, too."""
    uri = publish(server)
    make(cache_dir=tmp_path).lookup(query(uri))
    server.close()

    assert NOW - MINUTE == SnapshotStatusBackend.from_folder(tmp_path).lookup(query(uri)).observed_at


def test_pickles() -> None:
    """Workers get the documents, and check them again."""
    backend = SnapshotStatusBackend(DOCUMENTS)
    backend.lookup(query(URI))

    copy = pickle.loads(pickle.dumps(backend))  # noqa: S301  made by this test

    assert backend.lookup(query(URI)) == copy.lookup(query(URI))
    assert "SnapshotStatusBackend(2 documents of 1 lists)" == repr(copy)


def test_what_is_opened_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    """A snapshot of many lists keeps so many bytes of them opened, and answers about every one."""
    monkeypatch.setattr(snapshot, "MAX_OPENED_BYTES", 10_000)
    uris = [f"{URI}{number}" for number in range(40)]
    backend = SnapshotStatusBackend([make(uri) for uri in uris for make in (signed_list, signed_events)])

    for uri in (*uris, *uris):
        assert backend.lookup(query(uri, REVOKED_INDEX)).events
        assert sum(opened.size for opened in backend._opened.values()) <= 10_000
    assert 1 < len(backend._opened) < len(uris)
