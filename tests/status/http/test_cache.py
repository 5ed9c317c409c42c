"""What an HTTP backend keeps: on disk, for others, beforehand, and in a pickle."""

from __future__ import annotations

import asyncio
import json
import multiprocessing
import os
import pickle
import threading
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from certcore import _cbor
from certcore.errors import StatusError
from certcore.status._documents import events_uri
from certcore.status.http import (
    AsyncHTTPStatusBackend,
    HTTPStatusBackend,
    HTTPTuning,
    PrefetchReport,
    VehicleEndpoint,
    _store,
)
from certcore.status.protocol import StatusState
from certcore.status.tokenlist import STATUS_LIST_TYPE, StatusList
from certcore.testing import ROOT_SIGNER, TRUST_ROOT
from certcore.trust import Environment, TrustedIssuer, TrustList, TrustListContents
from tests.status.fault_server import FaultServer, Reply
from tests.status.http_cases import (
    DAY,
    MINUTE,
    NOW,
    OTHER_SIGNER,
    PATH,
    PATIENT,
    REVOKED_INDEX,
    SIGNER,
    SIZE,
    VALID_INDEX,
    Make,
    cause,
    cwt,
    publish,
    publish_events,
    query,
    signed_list,
    still,
    trusting,
)


def trust_list(*issuers: TrustedIssuer) -> TrustList:
    """A trust list of these issuers."""
    contents = TrustListContents(
        version=1, issued_at=NOW - DAY, next_update_at=NOW + DAY, environment=Environment.TEST, issuers=issuers
    )
    return TrustList.open(contents.sign(ROOT_SIGNER), root=TRUST_ROOT)


# --- one flight -------------------------------------------------------------------------------------------------------


def test_a_hundred_threads_make_one_request(server: FaultServer) -> None:
    """However many threads ask at once, the list is asked for once."""
    uri = server.url + PATH
    server.routes[PATH] = lambda _: Reply(
        headers={"Content-Type": STATUS_LIST_TYPE}, body=signed_list(uri), delay_s=0.2
    )
    start = threading.Barrier(100)
    with HTTPStatusBackend(tuning=still(), deadline=timedelta(seconds=10)) as backend:

        def ask(number: int) -> datetime:
            start.wait()
            return backend.lookup(query(uri, number % SIZE)).observed_at

        with ThreadPoolExecutor(100) as pool:
            found = set(pool.map(ask, range(100)))

    assert {NOW - MINUTE} == found
    assert 1 == server.count(PATH)


def test_a_thousand_tasks_make_one_request(server: FaultServer) -> None:
    """However many tasks of an event loop ask at once, too."""
    uri = server.url + PATH
    server.routes[PATH] = lambda _: Reply(
        headers={"Content-Type": STATUS_LIST_TYPE}, body=signed_list(uri), delay_s=0.2
    )

    async def ask() -> set[datetime]:
        async with AsyncHTTPStatusBackend(tuning=still(), deadline=timedelta(seconds=10)) as backend:
            records = await asyncio.gather(*(backend.lookup(query(uri, number % SIZE)) for number in range(1000)))
            return {record.observed_at for record in records}

    assert {NOW - MINUTE} == asyncio.run(ask())
    assert 1 == server.count(PATH)


def test_one_failure_for_all(server: FaultServer) -> None:
    """Those who waited for the same request get the same error, each an own one."""
    server.routes[PATH] = Reply(status=404, delay_s=0.2)
    start = threading.Barrier(20)
    with HTTPStatusBackend(
        tuning=still(failure_pause=timedelta(seconds=60)), deadline=timedelta(seconds=10)
    ) as backend:

        def ask(_: int) -> StatusError:
            start.wait()
            with pytest.raises(StatusError) as caught:
                backend.lookup(query(server.url + PATH))
            return caught.value

        with ThreadPoolExecutor(20) as pool:
            errors = list(pool.map(ask, range(20)))

    assert {"http-404"} == {cause(error) for error in errors}
    assert 20 == len(set(map(id, errors)))
    assert 1 == server.count(PATH)


def test_a_cancelled_caller_leaves_the_others(server: FaultServer) -> None:
    """The task that asked first may be cancelled; those who wait with it still get their answer."""
    uri = server.url + PATH
    server.routes[PATH] = lambda _: Reply(
        headers={"Content-Type": STATUS_LIST_TYPE}, body=signed_list(uri), delay_s=0.3
    )

    async def ask() -> datetime:
        async with AsyncHTTPStatusBackend(tuning=still(), deadline=timedelta(seconds=10)) as backend:
            first = asyncio.create_task(backend.lookup(query(uri)))
            await asyncio.sleep(0.05)
            second = asyncio.create_task(backend.lookup(query(uri)))
            await asyncio.sleep(0.05)
            first.cancel()
            return (await second).observed_at

    assert NOW - MINUTE == asyncio.run(ask())
    assert 1 == server.count(PATH)


def test_one_loop_after_another(server: FaultServer) -> None:
    """An async backend outlives its event loop: what it holds is there in the next one."""
    uri, backend = publish(server, ttl=MINUTE), AsyncHTTPStatusBackend(tuning=still(), deadline=PATIENT)

    async def ask(minutes: int) -> datetime:
        try:
            return (await backend.lookup(query(uri, asked_at=NOW + minutes * MINUTE))).observed_at
        finally:
            await backend.close()

    assert [NOW - MINUTE] * 3 == [asyncio.run(ask(minutes)) for minutes in (0, 0, 5)]
    assert 2 == server.count(PATH)


# --- on disk ----------------------------------------------------------------------------------------------------------


def only_file(folder: Path) -> Path:
    """The one copy in a cache folder."""
    (found,) = folder.glob("*.status")
    return found


def test_the_next_process_asks_nobody(make: Make, server: FaultServer, tmp_path: Path) -> None:
    """What one backend fetched, the next one over the same folder has."""
    uri = publish(server)
    make(cache_dir=tmp_path / "cache").lookup(query(uri))
    server.close()

    record = make(cache_dir=tmp_path / "cache").lookup(query(uri, REVOKED_INDEX))

    assert [StatusState.REVOKED] == [seen.state for seen in record.observations]


def _look_up(folder: str, uri: str, keys: bytes, box: Any) -> None:  # noqa: ANN401  a queue of another process
    """In another process: many times over one folder."""
    key = pickle.loads(keys)  # noqa: S301  made by this test
    with HTTPStatusBackend(cache_dir=folder, tuning=still(), deadline=PATIENT) as backend:
        box.put([backend.lookup(query(uri, keys=[key], asked_at=NOW + n * MINUTE)).observed_at for n in range(20)])


def test_two_processes_share_a_folder(server: FaultServer, tmp_path: Path) -> None:
    """Processes that fetch, write and read at once disturb nobody; nothing half is left behind."""
    uri = publish(server, ttl=MINUTE)
    context = multiprocessing.get_context("spawn")
    box = context.Queue()
    arguments = (str(tmp_path), uri, pickle.dumps(SIGNER.public_key), box)
    processes = [context.Process(target=_look_up, args=arguments) for _ in range(2)]
    for process in processes:
        process.start()
    found = [box.get(timeout=300) for _ in processes]
    for process in processes:
        process.join(30)

    assert [[NOW - MINUTE] * 20] * 2 == found
    assert {"lock", only_file(tmp_path).name} == {path.name for path in tmp_path.iterdir()}


def test_a_younger_copy_of_another_process_stays(make: Make, server: FaultServer, tmp_path: Path) -> None:
    """A process that was given an older list does not put it in the place of a younger one."""
    uri = publish(server, issued_at=NOW - DAY, ttl=None)
    behind = make(cache_dir=tmp_path)
    behind.lookup(query(uri))
    publish(server, issued_at=NOW - MINUTE)
    make(cache_dir=tmp_path, tuning=still()).lookup(query(uri, asked_at=NOW + 6 * MINUTE))
    publish(server, issued_at=NOW - DAY)

    record = behind.lookup(query(uri, asked_at=NOW + 12 * MINUTE))

    assert NOW - MINUTE == record.observed_at
    assert NOW - MINUTE == make(cache_dir=tmp_path).lookup(query(uri)).observed_at


@pytest.mark.parametrize(
    "damage",
    [
        lambda _: b"",
        lambda data: data[: len(data) // 2],
        lambda data: data + b"\0",
        lambda data: bytes([*data[:-70], data[-70] ^ 1, *data[-69:]]),
        lambda _: b"certcore-status-1\n\xff",
        lambda _: b"certcore-status-1\n" + _cbor.encode({0: "x"}),
        lambda _: os.urandom(1000),
    ],
)
def test_damaged_copies(make: Make, server: FaultServer, tmp_path: Path, damage: Any) -> None:  # noqa: ANN401  one of the above
    """A copy on disk is believed only with its signature; anything else is as good as none, and is mended."""
    uri = publish(server)
    make(cache_dir=tmp_path).lookup(query(uri))
    path = only_file(tmp_path)
    path.write_bytes(damage(path.read_bytes()))

    assert NOW - MINUTE == make(cache_dir=tmp_path).lookup(query(uri)).observed_at
    assert 2 == server.count(PATH)
    make(cache_dir=tmp_path).lookup(query(uri))
    assert 2 == server.count(PATH)


@pytest.mark.parametrize(
    "forged",
    [
        lambda uri: signed_list(uri, signer=OTHER_SIGNER),
        lambda uri: signed_list(uri + "0"),
        lambda uri: signed_list(uri, issued_at=NOW + DAY, expires_at=NOW + 2 * DAY),
        lambda uri: signed_list(uri, issued_at=NOW - DAY, expires_at=NOW - MINUTE),
    ],
)
def test_poisoned_copies(make: Make, server: FaultServer, tmp_path: Path, forged: Any) -> None:  # noqa: ANN401  as above
    """A copy that somebody put on disk counts no more than one that a server gave: key, subject and times."""
    uri = publish(server)
    make(cache_dir=tmp_path).lookup(query(uri))
    path = only_file(tmp_path)
    members = {0: uri, 1: uri, 2: STATUS_LIST_TYPE, 3: int(NOW.timestamp()), 4: None, 5: forged(uri)}
    path.write_bytes(b"certcore-status-1\n" + _cbor.encode(members))
    server.close()

    assert "connect" == cause(make(cache_dir=tmp_path).refused(query(uri)))


def test_the_folder_is_bounded(make: Make, server: FaultServer, tmp_path: Path) -> None:
    """As many files as documents, those that were fetched last; what a killed process left is cleared away."""
    driven = make(cache_dir=tmp_path, tuning=still(max_documents=3))
    (tmp_path / ".0123.status.89abcdef").write_bytes(b"half")

    for number in range(6):
        driven.lookup(query(publish(server, f"/lists/{number}")))

    assert 3 == len(list(tmp_path.glob("*.status")))
    assert not list(tmp_path.glob(".*.status.*"))


def test_a_disk_that_fails_is_no_error(
    make: Make, server: FaultServer, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """Without a folder that can be written to, there is a warning and an answer."""
    (tmp_path / "file").write_bytes(b"")
    uri = publish(server)

    assert NOW - MINUTE == make(cache_dir=tmp_path / "file").lookup(query(uri)).observed_at
    assert ["certcore.status"] == [record.name for record in caplog.records]


def test_memory_is_bounded(make: Make, server: FaultServer, monkeypatch: pytest.MonkeyPatch) -> None:
    """Bytes count, too: entries inflated."""
    monkeypatch.setattr(_store, "MAX_MEMORY_BYTES", 700)
    driven = make()
    uris = [publish(server, f"/lists/{number}") for number in range(4)]
    for uri in (*uris, uris[0]):
        driven.lookup(query(uri))

    assert 2 == server.count("/lists/0")


# --- beforehand -------------------------------------------------------------------------------------------------------


def test_prefetched_with_the_network_cut(make: Make, server: FaultServer) -> None:
    """After a prefetch look-ups work with the network gone, for the present and for earlier moments."""
    uris = [publish(server, f"/lists/{number}") for number in range(3)]
    for number in range(2):
        publish_events(server, f"/lists/{number}")
    driven = make()

    report = driven.prefetch(trust_list(trusting(server.url + "/lists/{list}")))
    server.close()

    assert ({*uris, events_uri(uris[0]), events_uri(uris[1])}, ()) == (set(report.fetched), report.failed)
    for uri in uris:
        assert StatusState.REVOKED is driven.lookup(query(uri, REVOKED_INDEX)).observations[0].state
    earlier = driven.lookup(query(uris[0], REVOKED_INDEX, as_of=NOW - DAY, asked_at=NOW + MINUTE))
    assert NOW - 365 * DAY == earlier.history_from
    assert None is driven.lookup(query(uris[2], as_of=NOW - DAY, asked_at=NOW + 30 * MINUTE)).history_from


@pytest.mark.parametrize(("first", "given"), [(1, None), (0, [0, 4]), (12, [12, 13])])
def test_prefetch_by_number(make: Make, server: FaultServer, first: int, given: list[int] | None) -> None:
    """Lists count from 0 or 1; others, and gaps, are found by the numbers that the caller gives."""
    numbers = given or [first, first + 1]
    uris = {publish(server, f"/lists/{number}") for number in numbers}

    report = make().prefetch(
        trust_list(trusting(server.url + "/lists/{list}")), lists=None if given is None else {"CN": given}
    )

    assert (uris, ()) == (set(report.fetched), report.failed)


def test_prefetch_by_aggregation(make: Make, server: FaultServer) -> None:
    """A list may say where the issuer's others are named; of those, only the issuer's own are asked for."""
    from certcore.status import _signed

    uri = server.url + "/lists/0"
    entries = StatusList.from_values({}, size=SIZE)
    claims, _ = _signed.write_claims(uri=uri, issued_at=NOW - MINUTE, expires_at=NOW + DAY, ttl=None)
    claims[_signed.STATUS_LIST] = entries.to_members(aggregation_uri=server.url + "/all")
    server.routes["/lists/0"] = cwt(_signed.sign_cwt(_cbor.encode(claims), media_type=STATUS_LIST_TYPE, signer=SIGNER))
    far = publish(server, "/lists/900")
    named = [uri, far, server.url + "/others/1", "https://evil.example/lists/1", "file:///etc/passwd"]
    server.routes["/all"] = Reply(
        headers={"Content-Type": "application/json"}, body=json.dumps({"status_lists": named}).encode()
    )

    report = make().prefetch(trust_list(trusting(server.url + "/lists/{list}")))

    assert ({uri, far}, ()) == (set(report.fetched), report.failed)
    assert 0 == server.count("/others/1")


@pytest.mark.parametrize("body", [b"[]", b"{", b'{"status_lists": [1]}', b"[" * 100_000])
def test_aggregations_that_are_none(make: Make, server: FaultServer, body: bytes) -> None:
    """An aggregation document that is none is told, and stops nothing."""
    from certcore.status import _signed

    uri = server.url + "/lists/0"
    claims, _ = _signed.write_claims(uri=uri, issued_at=NOW - MINUTE, expires_at=NOW + DAY, ttl=None)
    claims[_signed.STATUS_LIST] = StatusList.from_values({}, size=SIZE).to_members(aggregation_uri=server.url + "/all")
    server.routes["/lists/0"] = cwt(_signed.sign_cwt(_cbor.encode(claims), media_type=STATUS_LIST_TYPE, signer=SIGNER))
    server.routes["/all"] = Reply(headers={"Content-Type": "application/json"}, body=body)

    report = make().prefetch(trust_list(trusting(server.url + "/lists/{list}")))

    assert ((uri,), ((server.url + "/all", "type"),)) == (report.fetched, report.failed)


def test_prefetch_reports_what_failed(make: Make, server: FaultServer) -> None:
    """One list that cannot be had does not stop the rest, and says why."""
    uris = [publish(server, f"/lists/{number}") for number in range(3)]
    server.routes["/lists/1"] = cwt(signed_list(uris[1], signer=OTHER_SIGNER))
    server.routes[events_uri("/lists/2")] = Reply(status=500)

    report = make().prefetch(trust_list(trusting(server.url + "/lists/{list}")), lists={"CN": range(4)})

    assert (uris[0], uris[2]) == report.fetched
    assert {
        (uris[1], "status-list-signature"),
        (events_uri(uris[2]), "http-5xx"),
        (server.url + "/lists/3", "http-404"),
    } == set(report.failed)


def test_prefetch_does_not_wait_for_ever(make: Make, server: FaultServer) -> None:
    """A server that is out of reach costs three deadlines, not as many as it has lists; the report names all."""
    for number in range(20):
        server.routes[f"/lists/{number}"] = Reply(delay_s=30)

    report = make().prefetch(
        trust_list(trusting(server.url + "/lists/{list}")), lists={"CN": range(20)}, deadline=timedelta(seconds=0.1)
    )

    assert ((), {"timeout"}, 20) == (report.fetched, {why for _, why in report.failed}, len(report.failed))
    assert len(server.targets()) <= 3


def test_prefetch_of_nothing(make: Make, server: FaultServer) -> None:
    """An issuer whose lists are not where the trust list says is told; one without lists is nothing to tell."""
    template = server.url + "/lists/{list}"
    report = make().prefetch(trust_list(trusting(template)))

    assert ((), ((server.url + "/lists/0", "http-404"),)) == (report.fetched, report.failed)
    assert PrefetchReport() == make().prefetch(trust_list(trusting()))


def test_prefetch_renews_what_is_held(make: Make, server: FaultServer, tmp_path: Path) -> None:
    """Lists that were looked up before are prefetched whatever their number, by the next process, too."""
    uri = publish(server, "/lists/4711")
    make(cache_dir=tmp_path).lookup(query(uri))
    publish(server, "/lists/4711", issued_at=NOW)
    driven = make(cache_dir=tmp_path)

    report = driven.prefetch(trust_list(trusting(server.url + "/lists/{list}")))
    server.close()

    assert uri in report.fetched
    assert NOW == driven.lookup(query(uri)).observed_at


def test_prefetch_says_when_the_cache_is_too_small(make: Make, server: FaultServer) -> None:
    """What had to make room for other lists is not there with the network gone, and the report says so."""
    for number in range(4):
        publish(server, f"/lists/{number}")

    report = make(tuning=still(max_documents=4)).prefetch(trust_list(trusting(server.url + "/lists/{list}")))

    assert 4 == len(report.fetched) + len(report.failed)
    assert {"cache-full"} == {why for _, why in report.failed}


# --- pickling ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", [HTTPStatusBackend, AsyncHTTPStatusBackend])
def test_pickles_by_settings_and_folder(kind: type[Any], tmp_path: Path) -> None:
    """Settings and the cache folder travel; tokens do not, functions that give them do."""
    vehicles: Mapping[str, VehicleEndpoint] = {
        "CN": VehicleEndpoint(url="https://register.example/q", keys=[SIGNER.public_key], token="geheim-17"),
        "DE": VehicleEndpoint(url="https://register.example/q", keys=[SIGNER.public_key], token=_token),
    }
    backend = kind(cache_dir=tmp_path, deadline=MINUTE, allow_private=True, vehicles=vehicles)

    data = pickle.dumps(backend)
    copy = pickle.loads(data)  # noqa: S301  made by this test

    assert b"geheim-17" not in data
    assert "geheim-17" not in repr(backend) + repr(vehicles)
    assert (backend._settings.cache_dir, MINUTE, True) == (
        copy._settings.cache_dir,
        copy._settings.deadline,
        copy._settings.allow_private,
    )
    assert (("Authorization", "Bearer from-elsewhere"),) == copy._settings.vehicles["DE"].authorization()
    with pytest.raises(StatusError) as caught:
        copy._settings.vehicles["CN"].authorization()
    assert "missing-credentials" == cause(caught.value)


def _token() -> str:
    return "from-elsewhere"


@pytest.mark.parametrize("kind", [HTTPStatusBackend, AsyncHTTPStatusBackend])
def test_an_injected_transport_does_not_pickle(kind: type[Any]) -> None:
    """Nobody finds out on another machine that the transport stayed behind."""
    with pytest.raises(TypeError):
        pickle.dumps(kind(transport=object()))


def test_a_pickled_backend_reads_the_folder(make: Make, server: FaultServer, tmp_path: Path) -> None:
    """What the first one fetched, its copy in another process has."""
    uri, driven = publish(server), make(cache_dir=tmp_path, tuning=HTTPTuning())
    driven.lookup(query(uri))
    server.close()

    copy = pickle.loads(pickle.dumps(driven.backend))  # noqa: S301  made by this test
    found = copy.lookup(query(uri, VALID_INDEX))
    record = asyncio.run(found) if asyncio.iscoroutine(found) else found

    assert NOW - MINUTE == record.observed_at


@pytest.mark.parametrize(
    ("setting", "value"),
    [("max_documents", 0), ("max_list_bytes", 0), ("clock_skew", -MINUTE), ("failure_pause", -DAY)],
)
def test_impossible_tuning(setting: str, value: object) -> None:
    """A misuse is found out when it is made."""
    with pytest.raises(ValueError, match=setting):
        still(**{setting: value})
    with pytest.raises(ValueError, match="deadline"):
        HTTPStatusBackend(deadline=timedelta())


def test_context_manager(server: FaultServer) -> None:
    """Closing leaves what was fetched, and a later look-up opens new connections."""
    uri = publish(server, ttl=MINUTE)
    with HTTPStatusBackend(tuning=still(), deadline=PATIENT) as backend:
        backend.lookup(query(uri))
    backend.lookup(query(uri, asked_at=NOW + 5 * MINUTE))
    backend.close()

    assert 2 == server.count(PATH)
