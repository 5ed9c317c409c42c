"""Both HTTP backends against a register on loopback that misbehaves: one suite, run over each."""

from __future__ import annotations

import json
import time
from base64 import urlsafe_b64encode
from pathlib import Path

import pytest

from certcore.status._documents import events_uri, time_uri
from certcore.status.eventlist import STATUS_EVENTS_TYPE
from certcore.status.protocol import StatusEventKind, StatusObservation, StatusState
from certcore.status.tokenlist import STATUS_LIST_JWT_MEDIA_TYPE, STATUS_LIST_TYPE, StatusList
from tests.status.fault_server import FaultServer, Reply
from tests.status.faults import FAULTS
from tests.status.http_cases import (
    DAY,
    MINUTE,
    NOW,
    PATH,
    PATIENT,
    QUICK,
    REVOKED_INDEX,
    SIGNER,
    SIZE,
    SLACK_S,
    SUSPENDED_INDEX,
    VALID_INDEX,
    Make,
    cause,
    closed_port,
    cwt,
    publish,
    publish_events,
    query,
    signed_list,
)

# --- what a look-up finds ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("index", "state"),
    [
        (VALID_INDEX, StatusState.VALID),
        (REVOKED_INDEX, StatusState.REVOKED),
        (SUSPENDED_INDEX, StatusState.SUSPENDED),
    ],
)
def test_states(make: Make, server: FaultServer, index: int, state: StatusState) -> None:
    """A list's entry is an observation of the list's own time, with the signed list as its proof."""
    uri = publish(server)

    record = make().lookup(query(uri, index))

    assert (StatusObservation(state=state, at=NOW - MINUTE),) == record.observations
    assert NOW - MINUTE == record.observed_at
    assert [(STATUS_LIST_TYPE, SIGNER.public_key.key_id)] == [(p.media_type, p.key_id) for p in record.proofs]


def test_one_request_serves_every_entry(make: Make, server: FaultServer) -> None:
    """Within its ttl a list is asked for once."""
    uri, driven = publish(server), make()

    for index in range(SIZE):
        driven.lookup(query(uri, index, asked_at=NOW + MINUTE))

    assert 1 == server.count(PATH)


def test_index_beyond_the_list(make: Make, server: FaultServer) -> None:
    """An entry that the list does not have is unknown, and never valid."""
    assert "status-unknown-reference" == make().refused(query(publish(server), SIZE)).code


def test_no_list(make: Make) -> None:
    """A certificate of an issuer without lists is nobody's to look up."""
    assert "no-list" == cause(make().refused(query(None)))


def test_jwt_form(make: Make, server: FaultServer, tmp_path: Path) -> None:
    """Another country's list in JWT form is read by its type, from the server and from the disk."""
    uri = server.url + PATH
    server.routes[PATH] = cwt(_as_jwt(uri), STATUS_LIST_JWT_MEDIA_TYPE)
    for _ in range(2):
        record = make(cache_dir=tmp_path).lookup(query(uri, REVOKED_INDEX))
        assert [StatusState.REVOKED] == [seen.state for seen in record.observations]
        assert STATUS_LIST_JWT_MEDIA_TYPE == record.proofs[0].media_type
    assert 1 == server.count(PATH)

    server.routes[PATH] = cwt(b"ey.ey.ey", STATUS_LIST_JWT_MEDIA_TYPE)
    assert "status-list-malformed" == make().refused(query(uri)).code


def _as_jwt(uri: str) -> bytes:
    entries = StatusList.from_values({REVOKED_INDEX: 1}, size=SIZE).to_members()
    packed = entries["lst"]
    assert isinstance(packed, bytes)
    claims = {
        "sub": uri,
        "iat": int((NOW - MINUTE).timestamp()),
        "exp": int((NOW + DAY).timestamp()),
        "status_list": {"bits": 2, "lst": _base64url(packed).decode()},
    }
    header = {"alg": "ES256", "typ": "statuslist+jwt"}
    signed = b".".join(_base64url(json.dumps(part).encode()) for part in (header, claims))
    return signed + b"." + _base64url(SIGNER.sign(signed))


def _base64url(data: bytes) -> bytes:
    return urlsafe_b64encode(data).rstrip(b"=")


# --- earlier moments --------------------------------------------------------------------------------------------------


def test_events_answer_for_earlier_moments(make: Make, server: FaultServer) -> None:
    """A date of loss before the list is answered by the events beside it, from one request each."""
    uri, driven = publish(server), make()
    publish_events(server)

    record = driven.lookup(query(uri, REVOKED_INDEX, as_of=NOW - 20 * DAY))
    driven.lookup(query(uri, VALID_INDEX, as_of=NOW - 30 * DAY))

    assert [StatusEventKind.REVOKED] == [found.kind for found in record.events]
    assert NOW - 365 * DAY == record.history_from
    assert {STATUS_LIST_TYPE, STATUS_EVENTS_TYPE} == {proof.media_type for proof in record.proofs}
    assert [PATH, events_uri(PATH)] == server.targets()


def test_why_an_entry_is_stopped(make: Make, server: FaultServer) -> None:
    """For the present, the events are asked only of an entry that is stopped; that it is, the list has said."""
    uri, driven = publish(server), make()

    without = driven.lookup(query(uri, REVOKED_INDEX))
    publish_events(server)
    driven = make()
    record = driven.lookup(query(uri, REVOKED_INDEX))

    assert () == without.events
    assert ["stolen"] == [found.reason for found in record.events]


def test_missing_events_are_remembered(make: Make, server: FaultServer) -> None:
    """Where there are no events the list speaks alone, and is not asked again within its ttl."""
    uri, driven = publish(server), make()

    for days in (1, 2, 3):
        record = driven.lookup(query(uri, as_of=NOW - days * DAY))

    assert ((), None) == (record.events, record.history_from)
    assert 1 == server.count(events_uri(PATH))


def test_events_that_fail_are_no_absence(make: Make, server: FaultServer) -> None:
    """An events document that is there and cannot be had is an error: the answer may be in it."""
    uri = publish(server)
    server.routes[events_uri(PATH)] = Reply(status=503)

    error = make().refused(query(uri, as_of=NOW - DAY))

    assert ("status-unavailable", "http-5xx") == (error.code, cause(error))


def test_events_that_vanish_are_kept(make: Make, server: FaultServer) -> None:
    """Events that were there a moment ago, and have not expired, are not gone because a server says 404."""
    uri, driven = publish(server, ttl=MINUTE), make()
    publish_events(server)
    driven.lookup(query(uri, as_of=NOW - DAY))
    del server.routes[events_uri(PATH)]

    record = driven.lookup(query(uri, REVOKED_INDEX, as_of=NOW - DAY, asked_at=NOW + 20 * MINUTE))

    assert [StatusEventKind.REVOKED] == [found.kind for found in record.events]


def test_list_of_that_time(make: Make, server: FaultServer) -> None:
    """Without events, the list of that time is asked for by time, and is one more observation."""
    uri, driven, at = publish(server), make(), NOW - 20 * DAY
    target = time_uri(PATH, at)
    server.routes[target] = cwt(signed_list(uri, issued_at=at - MINUTE, expires_at=at + DAY))

    record = driven.lookup(query(uri, as_of=at))
    driven.lookup(query(uri, as_of=at))

    assert [at - MINUTE, NOW - MINUTE] == [seen.at for seen in record.observations]
    assert 1 == server.count(target)


def test_static_host_ignores_the_time(make: Make, server: FaultServer) -> None:
    """A host that answers every time with the list of today has no history; that it has none is remembered."""
    uri, driven, at = publish(server), make(), NOW - 20 * DAY
    server.routes[time_uri(PATH, at)] = cwt(signed_list(uri))

    for _ in range(2):
        record = driven.lookup(query(uri, as_of=at))

    assert [NOW - MINUTE] == [seen.at for seen in record.observations]
    assert 1 == server.count(time_uri(PATH, at))


@pytest.mark.parametrize("status", [400, 404, 406, 500, 501])
def test_servers_without_history(make: Make, server: FaultServer, status: int) -> None:
    """However a server says that it keeps no earlier lists, the current one speaks."""
    uri, at = publish(server), NOW - 20 * DAY
    server.routes[time_uri(PATH, at)] = Reply(status=status)

    assert [NOW - MINUTE] == [seen.at for seen in make().lookup(query(uri, as_of=at)).observations]


def test_history_neither_raises_nor_meets_the_floor(make: Make, server: FaultServer) -> None:
    """An older list is fine for an older moment, and does not become what later ones are held to."""
    uri, driven, at = publish(server), make(), NOW - 20 * DAY
    server.routes[time_uri(PATH, at)] = cwt(signed_list(uri, issued_at=at, expires_at=at + DAY))

    driven.lookup(query(uri, as_of=at))
    publish(server, issued_at=NOW)
    record = driven.lookup(query(uri, asked_at=NOW + 20 * MINUTE))

    assert NOW == record.observed_at


# --- faults: none of them is an answer --------------------------------------------------------------------------------


@pytest.mark.parametrize("name", FAULTS)
def test_faults_are_no_answer(make: Make, server: FaultServer, name: str) -> None:
    """Each fault has its own code or cause, and none of them says anything of a certificate."""
    reply, code, why = FAULTS[name]
    uri, driven = server.url + PATH, make(deadline=QUICK if why == "timeout" else PATIENT)
    if name == "older than before":  # an expired copy cannot speak for the present, and is still not forgotten
        publish(server, expires_at=NOW)
        driven.lookup(query(uri, asked_at=NOW - MINUTE))
    server.routes[PATH] = reply(uri)

    begin = time.monotonic()
    error = driven.refused(query(uri))

    assert (code, why) == (error.code, cause(error))
    assert time.monotonic() - begin < SLACK_S


@pytest.mark.parametrize("name", FAULTS)
def test_faults_leave_the_last_good_answer(make: Make, server: FaultServer, tmp_path: Path, name: str) -> None:
    """A copy that is past its ttl, and has not expired, speaks while the server fails, and tells its age."""
    reply, _, why = FAULTS[name]
    uri = publish(server, ttl=MINUTE)
    make(cache_dir=tmp_path).lookup(query(uri))
    server.routes[PATH] = reply(uri)

    hurried = make(cache_dir=tmp_path, deadline=QUICK if why == "timeout" else PATIENT)
    record = hurried.lookup(query(uri, REVOKED_INDEX, asked_at=NOW + 5 * MINUTE))
    publish(server, issued_at=NOW + 6 * MINUTE)
    later = make(cache_dir=tmp_path).lookup(query(uri, asked_at=NOW + 7 * MINUTE))

    assert [(StatusState.REVOKED, NOW - MINUTE)] == [(seen.state, seen.at) for seen in record.observations]
    assert NOW + 6 * MINUTE == later.observed_at


def test_down(make: Make) -> None:
    """A server that is not there."""
    error = make().refused(query(f"http://127.0.0.1:{closed_port()}/lists/7"))

    assert ("status-unavailable", "connect") == (error.code, cause(error))


def test_expired_copies_do_not_speak(make: Make, server: FaultServer) -> None:
    """Once the copy has expired, what the server does wrong is the answer."""
    uri, driven = publish(server, expires_at=NOW + 5 * MINUTE), make()
    driven.lookup(query(uri))
    server.routes[PATH] = Reply(status=500)

    error = driven.refused(query(uri, asked_at=NOW + 5 * MINUTE))

    assert "http-5xx" == cause(error)


def test_a_stop_does_not_lapse_with_its_list(make: Make, server: FaultServer) -> None:
    """Where the server is gone and the copy has expired, what it read as stopped is still told, and nothing valid."""
    uri, driven = publish(server), make()
    driven.lookup(query(uri, REVOKED_INDEX))
    server.routes[PATH] = Reply(status=404)
    later = NOW + 3 * DAY

    for index, state in ((REVOKED_INDEX, StatusState.REVOKED), (SUSPENDED_INDEX, StatusState.SUSPENDED)):
        record = driven.lookup(query(uri, index, asked_at=later))
        assert [(state, NOW + DAY)] == [(seen.state, seen.expires_at) for seen in record.observations]
    assert "status-unavailable" == driven.refused(query(uri, VALID_INDEX, asked_at=later)).code
