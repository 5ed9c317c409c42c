"""Writers keep the limits of readers: what is written can be read, and all else is refused with a code."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import attrs
import pytest

from certcore import _cbor
from certcore.errors import CertcoreError, IssuingError
from certcore.keys import LocalSigner
from certcore.status import SnapshotStatusBackend, eventlist, snapshot
from certcore.status.protocol import StatusEventKind
from certcore.status.tokenlist import issue_events, open_events
from certcore.trust import TrustListContents, TrustRoot, _lists, roots
from certcore.trust.roots import RootSetContents
from tests.status.http_cases import DAY, NOW, SIGNER, event, signed_events, signed_list, trusting

URI = "https://a.example/1"
ROOT = TrustRoot(keys=[SIGNER.public_key])


def write_events(size: int) -> bytes:
    """An events document of so many events."""
    happened = {index: [event(StatusEventKind.REVOKED, NOW - DAY)] for index in range(size)}
    return signed_events(URI, happened)


def read_events(data: bytes) -> object:
    """It, opened."""
    return open_events(data, uri=URI, keys=[SIGNER.public_key], now=NOW)


def write_list(size: int) -> bytes:
    """A trust list of so many issuers."""
    issuers = [attrs.evolve(trusting(issuer_id=f"I{number}"), keys=[]) for number in range(size)]
    return TrustListContents(version=1, issued_at=NOW, next_update_at=NOW + 30 * DAY, issuers=issuers).sign(SIGNER)


def read_list(data: bytes) -> object:
    """What it says."""
    return _lists.read_unverified(data)


def write_root(size: int) -> bytes:
    """A root set of so many members."""
    members = [[LocalSigner.generate().public_key] for _ in range(size)]
    return RootSetContents(version=1, members=members, threshold=1, valid_from=NOW, valid_until=NOW + DAY).sign(SIGNER)


def write_snapshot(size: int, folder: Path) -> bytes:
    """A file of so many documents."""
    documents = [signed_list(f"{URI}{number}") for number in range(size)]
    SnapshotStatusBackend(documents).to_file(folder / "snapshot")
    return (folder / "snapshot").read_bytes()


def grow(write: Callable[[int], bytes], read: Callable[[bytes], object]) -> None:
    """Each size is read, or refused where it is written and by readers too."""
    said = []
    for size in range(1, 20):
        try:
            data = write(size)
        except IssuingError as error:
            said.append(error.code)
        else:
            said.append("read")
            read(data)
    assert said == sorted(said, reverse=True), "what is larger than what was refused is refused"
    assert {"read", "document-too-large"} == set(said)


def test_events(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of one more event than readers take nothing is signed."""
    monkeypatch.setattr(eventlist, "MAX_EVENT_ITEMS", 50)
    grow(write_events, read_events)


def test_events_in_bytes(monkeypatch: pytest.MonkeyPatch) -> None:
    """The same in bytes."""
    monkeypatch.setattr(eventlist, "MAX_EVENTS_BYTES", eventlist.ENVELOPE_BYTES + 250)
    grow(write_events, read_events)


def test_trust_lists(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nor a trust list."""
    monkeypatch.setattr(_lists, "MAX_TRUST_LIST_ITEMS", 200)
    grow(write_list, read_list)


def test_trust_lists_in_bytes(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nor in bytes."""
    monkeypatch.setattr(_lists, "MAX_TRUST_LIST_BYTES", 600)
    grow(write_list, len)


def test_root_sets(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nor a root set."""
    monkeypatch.setattr(roots, "MAX_ROOT_SET_BYTES", 600)
    grow(write_root, roots.read_unverified)


def test_snapshots(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Nor is a snapshot written that is not read again."""
    monkeypatch.setattr(snapshot, "_MAX_ITEMS", 11)
    grow(lambda size: write_snapshot(size, tmp_path), lambda _: SnapshotStatusBackend.from_file(tmp_path / "snapshot"))


def test_the_budget_is_the_readers() -> None:
    """What fits is decoded, and what does not is refused, item for item."""
    for count in range(3900, 4300, 3):
        data = _cbor.encode([0] * count)
        with_room: dict[str, Any] = {"max_bytes": 6000}
        try:
            _cbor.decode(data, **with_room)
        except CertcoreError:
            assert not _cbor.fits(data, **with_room)
        else:
            assert _cbor.fits(data, **with_room)


@pytest.mark.slow
def test_a_million_items() -> None:
    """As it is: 170 000 events are more than a document holds."""
    happened = {index: [event(StatusEventKind.REVOKED, NOW - DAY)] for index in range(170_000)}
    with pytest.raises(IssuingError) as caught:
        issue_events(
            happened, uri=URI, signer=SIGNER, history_from=NOW - DAY, issued_at=NOW, expires_at=NOW + timedelta(days=1)
        )
    assert "document-too-large" == caught.value.code
