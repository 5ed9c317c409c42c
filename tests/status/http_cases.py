"""What the tests of the HTTP backends share: an issuer with signed lists, and one way to drive both backends."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import pytest

from certcore.errors import StatusError
from certcore.keys import LocalSigner, PublicKey
from certcore.payload import StatusRef
from certcore.status._documents import events_uri
from certcore.status.eventlist import STATUS_EVENTS_TYPE
from certcore.status.http import AsyncHTTPStatusBackend, HTTPStatusBackend, HTTPTuning, PrefetchReport
from certcore.status.protocol import (
    StatusEvent,
    StatusEventKind,
    StatusQuery,
    StatusRecord,
    VehicleQuery,
    VehicleRecord,
)
from certcore.status.snapshot import SnapshotStatusBackend
from certcore.status.tokenlist import STATUS_LIST_TYPE, StatusList, issue_events, issue_token
from certcore.trust import KeyUsage, ListTemplate, TrustedIssuer, TrustedKey, TrustList
from tests.status.fault_server import FaultServer, Reply

NOW: Final = datetime(2026, 10, 1, 12, 0, tzinfo=UTC)
"""When every question is asked."""

MINUTE: Final = timedelta(minutes=1)
DAY: Final = timedelta(days=1)
SIGNER: Final = LocalSigner.generate()
OTHER_SIGNER: Final = LocalSigner.generate()
REGISTER_SIGNER: Final = LocalSigner.generate()

PATH: Final = "/lists/7"
SIZE: Final = 64
VALID_INDEX: Final = 3
REVOKED_INDEX: Final = 5
SUSPENDED_INDEX: Final = 6

QUICK: Final = timedelta(milliseconds=300)
"""A deadline that a test waits for."""

PATIENT: Final = timedelta(seconds=30)
"""A deadline that no test waits for, however slow the machine."""

SLACK_S: Final = 20.0
"""Seconds over a deadline after which something hangs, and is not merely slow."""


def signed_list(
    uri: str,
    *,
    values: Mapping[int, int] | None = None,
    issued_at: datetime = NOW - MINUTE,
    expires_at: datetime = NOW + DAY,
    ttl: timedelta | None = 10 * MINUTE,
    signer: LocalSigner = SIGNER,
) -> bytes:
    """A signed list of 64 entries, with one revoked and one suspended unless told otherwise."""
    entries = {REVOKED_INDEX: 1, SUSPENDED_INDEX: 2} if values is None else values
    status_list = StatusList.from_values(entries, size=SIZE)
    return issue_token(status_list, uri=uri, signer=signer, issued_at=issued_at, expires_at=expires_at, ttl=ttl)


def signed_events(
    uri: str,
    events: Mapping[int, Sequence[StatusEvent]] | None = None,
    *,
    history_from: datetime = NOW - 365 * DAY,
    issued_at: datetime = NOW - MINUTE,
    expires_at: datetime = NOW + DAY,
    signer: LocalSigner = SIGNER,
) -> bytes:
    """The events beside such a list: the revocation took effect ten days ago."""
    happened = {REVOKED_INDEX: [event(StatusEventKind.REVOKED, NOW - 10 * DAY)]} if events is None else events
    return issue_events(
        happened, uri=uri, signer=signer, history_from=history_from, issued_at=issued_at, expires_at=expires_at
    )


def event(kind: StatusEventKind, at: datetime, *, recorded_at: datetime | None = None) -> StatusEvent:
    """Something that happened."""
    return StatusEvent(kind=kind, effective_at=at, recorded_at=recorded_at or at, reason="stolen")


def cwt(body: bytes, media_type: str = STATUS_LIST_TYPE, **headers: str) -> Reply:
    """A signed document as a server gives it."""
    return Reply(headers={"Content-Type": media_type, **headers}, body=body)


def publish(server: FaultServer, path: str = PATH, **how: Any) -> str:  # noqa: ANN401  as signed_list takes it
    """Publish a list; its URI."""
    uri = server.url + path
    server.routes[path] = cwt(signed_list(uri, **how))
    return uri


def publish_events(server: FaultServer, path: str = PATH, **how: Any) -> str:  # noqa: ANN401  as signed_events takes it
    """Publish the events beside a list; the list's URI."""
    uri = server.url + path
    server.routes[events_uri(path)] = cwt(signed_events(uri, **how), STATUS_EVENTS_TYPE)
    return uri


def query(
    uri: str | None,
    index: int = VALID_INDEX,
    *,
    as_of: datetime | None = None,
    asked_at: datetime = NOW,
    keys: Iterable[PublicKey] = (SIGNER.public_key,),
) -> StatusQuery:
    """A question about one entry, as the engine puts it."""
    return StatusQuery(
        issuer="CN",
        ref=StatusRef(list=7, index=index),
        list_uri=uri,
        keys=tuple(keys),
        as_of=as_of or asked_at,
        asked_at=asked_at,
    )


def trusting(*templates: str, prefixes: Sequence[str] = (), issuer_id: str = "CN") -> TrustedIssuer:
    """An issuer whose lists are under these templates."""
    begin, end = datetime(2020, 1, 1, tzinfo=UTC), datetime(2040, 1, 1, tzinfo=UTC)
    return TrustedIssuer(
        id=issuer_id,
        name="Test issuer",
        country="CN",
        time_zone="Asia/Shanghai",
        list_templates=[ListTemplate(uri=uri, not_before=begin) for uri in templates],
        uri_prefixes=prefixes,
        keys=[
            TrustedKey(public_key=signer.public_key, usage=usage, not_before=begin, not_after=end)
            for signer, usage in ((SIGNER, KeyUsage.STATUS), (REGISTER_SIGNER, KeyUsage.REGISTER))
        ],
    )


def cause(error: StatusError) -> object:
    """Why the network gave no answer."""
    return dict(error.detail).get("cause")


class Driven:
    """One of the two backends, driven from a test that blocks; for the other one there is an event loop."""

    def __init__(self, kind: str, **options: Any) -> None:  # noqa: ANN401  the backend's own
        options.setdefault("deadline", PATIENT)
        self.tuning = options.get("tuning")
        self._runner = asyncio.Runner() if kind == "async" else None
        self.backend: Any = (AsyncHTTPStatusBackend if kind == "async" else HTTPStatusBackend)(**options)

    def _result(self, found: Any) -> Any:  # noqa: ANN401  of any method
        return found if self._runner is None else self._runner.run(found)

    def lookup(self, asked: StatusQuery) -> StatusRecord:
        """As the backend."""
        record: StatusRecord = self._result(self.backend.lookup(asked))
        return record

    def lookup_vehicle(self, asked: VehicleQuery) -> VehicleRecord:
        """As the backend."""
        record: VehicleRecord = self._result(self.backend.lookup_vehicle(asked))
        return record

    def prefetch(self, trust: TrustList, **how: Any) -> PrefetchReport:  # noqa: ANN401  as the backend takes it
        """As the backend."""
        report: PrefetchReport = self._result(self.backend.prefetch(trust, **how))
        return report

    def snapshot(self) -> SnapshotStatusBackend:
        """As the backend."""
        found: SnapshotStatusBackend = self.backend.snapshot()
        return found

    def refused(self, asked: StatusQuery) -> StatusError:
        """The error of a look-up that must fail."""
        with pytest.raises(StatusError) as caught:
            self.lookup(asked)
        return caught.value

    def close(self) -> None:
        """Close, once what is under way is done."""
        self._result(self.backend.close())
        if self._runner is not None:
            self._runner.close()


def still(**tuning: Any) -> HTTPTuning:  # noqa: ANN401  as HTTPTuning takes it
    """Tuning without chance, without pauses after failures, and with the tests' clock."""
    settings: dict[str, Any] = {"jitter": lambda: 0.0, "failure_pause": timedelta(), "clock": lambda: NOW}
    return HTTPTuning(**{**settings, **tuning})


Make = Callable[..., Driven]


_NOBODY_LISTENS: Final = socket.socket()
_NOBODY_LISTENS.bind(("127.0.0.1", 0))


def closed_port() -> int:
    """A port where nobody listens; it is kept, so that no server of another test gets it."""
    port: int = _NOBODY_LISTENS.getsockname()[1]
    return port
