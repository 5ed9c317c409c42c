"""What a register's documents say against an entry does not lapse: not with their end, and not with the other document.

A list that had expired before it was first fetched, and events whose list cannot be had, are asked about here; both
kinds of backend, and the same bytes in a snapshot.
"""

from __future__ import annotations

import asyncio
from datetime import datetime
from pathlib import Path
from typing import Any, Final

import pytest

from certcore import AsyncVerifier, Evidence, Outcome, Policy, StatusRef, Verdict, Verifier
from certcore.status import SnapshotStatusBackend
from certcore.status._documents import events_uri
from certcore.status.http import AsyncHTTPStatusBackend, HTTPStatusBackend
from certcore.status.protocol import StatusEventKind, StatusState
from certcore.testing import FixedClock
from certcore.trust import KeyUsage, ListTemplate
from tests.status.fault_server import FaultServer, Reply
from tests.status.http_cases import (
    DAY,
    MINUTE,
    NOW,
    PATH,
    PATIENT,
    REVOKED_INDEX,
    SIGNER,
    SIZE,
    SUSPENDED_INDEX,
    VALID_INDEX,
    Make,
    cause,
    cwt,
    event,
    publish,
    publish_events,
    query,
    signed_events,
    signed_list,
)
from tests.verify_cases import LONG_AGO, SEEN, TRUST_ROOT, certificate, seal, trust_list, trusted_issuer, trusted_key
from tests.verify_cases import SIGNER as CERTIFICATE_SIGNER

OLD: Final[dict[str, Any]] = {"issued_at": NOW - 3 * DAY, "expires_at": NOW - 2 * DAY}
FAULTS: Final[dict[str, tuple[Reply, str, str | None]]] = {
    "gone": (Reply(status=404), "status-unavailable", "http-404"),
    "forbidden": (Reply(status=403), "status-unavailable", "http-403"),
    "broken": (Reply(status=500), "status-unavailable", "http-5xx"),
    "a page": (Reply(headers={"Content-Type": "text/html"}, body=b"<html>"), "status-unavailable", "type"),
    "rubbish": (cwt(b"rubbish"), "status-list-malformed", None),
}


@pytest.mark.parametrize("asked_at", [NOW, NOW + 400 * DAY], ids=["now", "much later"])
def test_a_list_that_had_expired_when_it_came(make: Make, server: FaultServer, asked_at: datetime) -> None:
    """What it read as stopped is told with its end; of all others it is no answer. Asked again it is the same."""
    uri, driven = publish(server, **OLD), make()

    for _ in range(2):
        for index, state in ((REVOKED_INDEX, StatusState.REVOKED), (SUSPENDED_INDEX, StatusState.SUSPENDED)):
            record = driven.lookup(query(uri, index, asked_at=asked_at))
            assert [(state, NOW - 3 * DAY, NOW - 2 * DAY)] == [
                (seen.state, seen.at, seen.expires_at) for seen in record.observations
            ]
        assert "status-list-expired" == driven.refused(query(uri, VALID_INDEX, asked_at=asked_at)).code


def test_events_beside_it_say_since_when(make: Make, server: FaultServer) -> None:
    """Both documents of a register that stopped publishing count, expired as they are."""
    uri = publish(server, **OLD)
    publish_events(server, **OLD)

    record = make().lookup(query(uri, REVOKED_INDEX))

    assert [(StatusEventKind.REVOKED, NOW - 10 * DAY)] == [(one.kind, one.effective_at) for one in record.events]
    assert [StatusState.REVOKED] == [seen.state for seen in record.observations]


@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize("ended", [False, True], ids=["current", "expired"])
def test_events_count_without_their_list(make: Make, server: FaultServer, fault: str, *, ended: bool) -> None:
    """Where the server gives no list, the events are asked for, and what they say against an entry is told."""
    reply, code, why = FAULTS[fault]
    uri, driven = publish_events(server, **(OLD if ended else {})), make()
    server.routes[PATH] = reply

    record = driven.lookup(query(uri, REVOKED_INDEX))
    error = driven.refused(query(uri, VALID_INDEX))

    assert [StatusEventKind.REVOKED] == [one.kind for one in record.events]
    assert () == tuple(record.observations)
    assert (code, why) == (error.code, cause(error))


def test_events_count_beside_a_list_that_is_too_short(make: Make, server: FaultServer) -> None:
    """A list that has not grown to an entry says nothing of it, and takes nothing from what the events say."""
    uri, driven = publish(server), make()
    revoked = {SIZE + 1: [event(StatusEventKind.REVOKED, NOW - 10 * DAY)]}
    publish_events(server, events=revoked)

    record = driven.lookup(query(uri, SIZE + 1))
    carried = SnapshotStatusBackend([signed_list(uri), signed_events(uri, revoked)])

    assert [StatusEventKind.REVOKED] == [one.kind for one in record.events]
    assert carried.lookup(query(uri, SIZE + 1)).events == record.events
    assert "status-unknown-reference" == driven.refused(query(uri, SIZE + 2)).code


def test_without_either_the_lists_failure_is_told(make: Make, server: FaultServer) -> None:
    """What is wrong with the events besides is not."""
    server.routes[PATH] = Reply(status=404)
    server.routes[events_uri(PATH)] = Reply(status=500)

    assert "http-404" == cause(make().refused(query(server.url + PATH, REVOKED_INDEX)))


def test_a_copy_that_speaks_is_not_given_up_for_one_that_does_not(make: Make, server: FaultServer) -> None:
    """A list that is issued later and ends earlier takes nothing from the one that is held."""
    uri, driven = publish(server, ttl=MINUTE), make()
    driven.lookup(query(uri))
    publish(server, issued_at=NOW + MINUTE, expires_at=NOW + 2 * MINUTE)

    record = driven.lookup(query(uri, asked_at=NOW + 5 * MINUTE))

    assert [(StatusState.VALID, NOW - MINUTE)] == [(seen.state, seen.at) for seen in record.observations]


def test_it_is_kept_on_disk(make: Make, server: FaultServer, tmp_path: Path) -> None:
    """Another process learns of the stop though the server is gone by then."""
    uri = publish(server, **OLD)
    make(cache_dir=tmp_path).lookup(query(uri, REVOKED_INDEX))
    server.routes[PATH] = Reply(status=404)

    record = make(cache_dir=tmp_path).lookup(query(uri, REVOKED_INDEX))

    assert [StatusState.REVOKED] == [seen.state for seen in record.observations]


def test_a_snapshot_says_the_same(make: Make, server: FaultServer) -> None:
    """The same bytes, carried by hand."""
    uri = publish(server, **OLD)
    publish_events(server, **OLD)
    carried = SnapshotStatusBackend([signed_list(uri, **OLD), signed_events(uri, **OLD)])

    for index in (REVOKED_INDEX, SUSPENDED_INDEX):
        online, offline = make().lookup(query(uri, index)), carried.lookup(query(uri, index))
        assert (online.events, online.observations) == (offline.events, offline.observations)


def test_a_suspension_that_was_lifted_is_not_told(make: Make, server: FaultServer) -> None:
    """An expired list that reads valid stays no answer, whatever its events say of others."""
    uri = publish(server, values={}, **OLD)
    publish_events(server, events={VALID_INDEX + 1: [event(StatusEventKind.REVOKED, NOW - 10 * DAY)]}, **OLD)

    assert "status-list-expired" == make().refused(query(uri, VALID_INDEX)).code


@pytest.mark.parametrize("kind", ["list", "events", "both"])
@pytest.mark.parametrize("is_async", [False, True], ids=["sync", "async"])
def test_the_verdict_and_its_replay(server: FaultServer, kind: str, *, is_async: bool) -> None:
    """INVALID, by documents that had ended before they were fetched; the evidence says so for ever."""
    old: dict[str, Any] = {"issued_at": NOW - 3 * DAY, "expires_at": NOW - 2 * DAY}
    if kind != "events":
        publish(server, "/lists/12", **old)
    if kind != "list":
        publish_events(server, "/lists/12", **old)
    text = seal(certificate(status=StatusRef(list=12, index=REVOKED_INDEX)))
    template = ListTemplate(uri=f"{server.url}/lists/{{list}}", not_before=LONG_AGO)
    keys = trusted_key(CERTIFICATE_SIGNER), trusted_key(SIGNER, usage=KeyUsage.STATUS)
    how: dict[str, Any] = {
        "trust": trust_list(trusted_issuer(*keys, list_templates=[template])),
        "policy": Policy.claims(),
        "clock": FixedClock(NOW),
    }
    question: dict[str, Any] = {"as_of": NOW - DAY, "expect": SEEN}
    if is_async:

        async def ask() -> Verdict:
            async with AsyncHTTPStatusBackend(deadline=PATIENT) as backend:
                return await AsyncVerifier(status=backend, **how).verify(text, **question)

        verdict = asyncio.run(ask())
    else:
        with HTTPStatusBackend(deadline=PATIENT) as backend:
            verdict = Verifier(status=backend, **how).verify(text, **question)

    replayed = Evidence.from_bytes(verdict.evidence.to_bytes()).replay(TRUST_ROOT)
    assert (Outcome.INVALID, Outcome.INVALID) == (verdict.outcome, replayed.outcome)
    assert verdict == replayed
    assert "revoked-before-event" in {reason.code for reason in verdict.reasons}
