"""What is asked, of whom, how often and within which time: over both HTTP backends."""

from __future__ import annotations

import os
import socket
import time
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import httpx2
import pytest

from certcore.errors import StatusError
from certcore.payload import StatusListEntry, StatusRef
from certcore.status.protocol import StatusQuery, StatusState
from certcore.status.tokenlist import STATUS_LIST_TYPE, StatusList, issue_token
from tests.status.fault_server import FaultServer, Reply, Seen, raw
from tests.status.faults import FAULTS, gzip_bomb
from tests.status.http_cases import (
    DAY,
    MINUTE,
    NOW,
    OTHER_SIGNER,
    PATH,
    QUICK,
    REVOKED_INDEX,
    SIGNER,
    SIZE,
    SLACK_S,
    VALID_INDEX,
    Make,
    cause,
    closed_port,
    cwt,
    publish,
    publish_events,
    query,
    signed_list,
    still,
)

# --- rows of the attack table -----------------------------------------------------------------------------------------


def test_times_to_live_are_clamped(make: Make, server: FaultServer) -> None:
    """Neither a second nor ten thousand years make a fetch loop, or a copy that is never renewed."""
    for ttl, asks_after, not_after in (
        (timedelta(seconds=1), timedelta(seconds=31), timedelta(seconds=20)),
        (timedelta(days=3_000_000), DAY + MINUTE, timedelta(hours=12)),
    ):
        uri, driven = publish(server, ttl=ttl, expires_at=NOW + 10 * DAY), make()
        server.seen.clear()
        driven.lookup(query(uri))

        driven.lookup(query(uri, asked_at=NOW + not_after))
        assert 1 == server.count(PATH)
        driven.lookup(query(uri, asked_at=NOW + asks_after))
        assert 2 == server.count(PATH)


def test_rollback(make: Make, server: FaultServer) -> None:
    """An older list of good signature is refused once a younger one was seen; the younger one speaks on."""
    uri, driven = publish(server, ttl=MINUTE, issued_at=NOW - MINUTE), make()
    driven.lookup(query(uri))
    publish(server, values={}, issued_at=NOW - 2 * MINUTE)

    record = driven.lookup(query(uri, REVOKED_INDEX, asked_at=NOW + 5 * MINUTE))

    assert [StatusState.REVOKED] == [seen.state for seen in record.observations]
    assert 2 == server.count(PATH)


def test_values_without_meaning(make: Make, server: FaultServer) -> None:
    """Suspended is suspended, and an unknown value is neither valid nor anything else."""
    uri = server.url + PATH

    entries = StatusList.from_values({VALID_INDEX: 0x0F}, size=SIZE, bits=8)
    token = issue_token(entries, uri=uri, signer=SIGNER, issued_at=NOW - MINUTE, expires_at=NOW + DAY)
    server.routes[PATH] = cwt(token)

    assert "status-value-unknown" == make().refused(query(uri)).code


@pytest.mark.parametrize(
    "uri",
    [
        "file:///etc/passwd",
        "ftp://status.example/lists/7",
        "data:application/statuslist+cwt;base64,AAAA",
        "http://status.example/lists/7",
        "https://user:secret@status.example/lists/7",
        "https://status.example\\@evil.example/lists/7",
        "https://evil.example/lists/../7",
        "https://status.example:0/lists/7",
        "//status.example/7",
        "",
    ],
)
def test_urls(make: Make, uri: str) -> None:
    """Https alone outside loopback, and nothing that two parsers might read differently."""
    assert "url" == cause(make().refused(query(uri)))


@pytest.mark.parametrize(
    ("uri", "why"),
    [
        ("https://169.254.169.254/latest/meta-data", "address"),
        ("https://10.0.0.1/lists/7", "address"),
        ("https://192.168.1.1/lists/7", "address"),
        ("https://172.16.0.1/lists/7", "address"),
        ("https://100.64.0.1/lists/7", "address"),
        ("https://0.0.0.0/lists/7", "address"),
        ("https://[fe80::1]/lists/7", "address"),
        ("https://[fd00::1]/lists/7", "address"),
        ("https://[::ffff:10.0.0.1]/lists/7", "address"),
        ("https://[64:ff9b::a00:1]/lists/7", "address"),
        ("https://[::]/lists/7", "address"),
        ("https://2130706433/lists/7", "url"),
        ("https://0x7f000001/lists/7", "url"),
        ("https://0177.0.0.1/lists/7", "url"),
        ("https://127.1/lists/7", "url"),
    ],
)
def test_private_addresses(make: Make, uri: str, why: str) -> None:
    """Private and link-local addresses are not asked, however they are written."""
    assert why == cause(make().refused(query(uri)))


def test_names_that_lead_inside(make: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    """A name is judged by all its addresses, asked for once; one of them inside is enough to refuse."""
    asked = []

    def resolve(host: str, port: int, *_: object, **__: object) -> list[Any]:
        asked.append(host)
        inside = "127.0.0.1" if host == "rebinding.example" else "10.1.2.3"
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (where, port)) for where in ("93.184.215.14", inside)]

    monkeypatch.setattr(socket, "getaddrinfo", resolve)
    for host in ("rebinding.example", "internal.example"):
        assert "address" == cause(make().refused(query(f"https://{host}/lists/7")))

    assert ["rebinding.example", "internal.example"] == asked


def test_the_judged_address_is_connected_to(make: Make, server: FaultServer, monkeypatch: pytest.MonkeyPatch) -> None:
    """The connection goes to the address that was judged; the resolver is not asked a second time."""
    answers = iter([("127.0.0.1", server.port)])
    real = socket.getaddrinfo

    def resolve(host: str, port: int, *args: Any, **how: Any) -> list[Any]:  # noqa: ANN401  as the real one
        if host == "localhost":
            return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", next(answers))]
        return list(real(host, port, *args, **how))

    monkeypatch.setattr(socket, "getaddrinfo", resolve)
    uri = f"http://localhost:{server.port}{PATH}"
    server.routes[PATH] = cwt(signed_list(uri))

    assert NOW - MINUTE == make().lookup(query(uri)).observed_at


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_redirects(make: Make, server: FaultServer, status: int) -> None:
    """Redirects are not followed: neither elsewhere, nor in a circle, nor on the same host."""
    uri = publish(server, "/moved")
    for location in ("/moved", PATH, f"http://127.0.0.1:{closed_port()}/x", "https://evil.example/7"):
        server.routes[PATH] = Reply(status=status, headers={"Location": location})

        assert "redirect" == cause(make().refused(query(server.url + PATH)))

    assert [PATH] * 4 == server.targets()
    assert uri.endswith("/moved")


@pytest.mark.parametrize("name", ["slow drip", "slow head", "silent", "endless body", "cut off"])
def test_one_deadline(make: Make, server: FaultServer, name: str) -> None:
    """However a body trickles, the deadline holds for everything together, retries included."""
    reply, _, _ = FAULTS[name]
    uri = server.url + PATH
    server.routes[PATH] = reply(uri)

    begin = time.monotonic()
    make(deadline=QUICK).refused(query(uri))

    assert time.monotonic() - begin < QUICK.total_seconds() + SLACK_S


def test_names_that_take_long(make: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    """The resolver counts, too, though nobody can interrupt it."""

    def resolve(*_: object, **__: object) -> list[object]:
        time.sleep(1.5)
        return []

    monkeypatch.setattr(socket, "getaddrinfo", resolve)

    begin = time.monotonic()
    error = make(deadline=QUICK).refused(query("https://slow.example/lists/7"))

    assert "timeout" == cause(error)
    assert time.monotonic() - begin < QUICK.total_seconds() + SLACK_S


def test_the_next_address_is_tried(make: Make, server: FaultServer, monkeypatch: pytest.MonkeyPatch) -> None:
    """A host of which one address does not answer is asked at the next."""
    found = [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (where, server.port)) for where in ("127.0.0.2", "127.0.0.1")]
    real = socket.getaddrinfo
    monkeypatch.setattr(
        socket, "getaddrinfo", lambda host, *args, **how: found if host == "localhost" else real(host, *args, **how)
    )
    uri = f"http://localhost:{server.port}{PATH}"
    server.routes[PATH] = cwt(signed_list(uri))

    assert NOW - MINUTE == make().lookup(query(uri)).observed_at


def test_encodings(make: Make, server: FaultServer) -> None:
    """Bytes are asked for as they are, and nothing is unpacked before a signature was checked."""
    uri = publish(server)
    make().lookup(query(uri))
    server.routes[PATH] = gzip_bomb(uri)

    assert "encoding" == cause(make().refused(query(uri)))
    assert "identity" == server.seen[0].headers["accept-encoding"]


def test_conditional_requests(make: Make, server: FaultServer) -> None:
    """A copy is renewed by its tag; 304 renews it, and is an error where no copy is held."""
    uri, driven = server.url + PATH, make()

    def serve(seen: Seen) -> Reply:
        if seen.headers.get("if-none-match") == '"v1"':
            return Reply(status=304)
        return cwt(signed_list(uri, ttl=MINUTE), ETag='"v1"')

    server.routes[PATH] = serve
    for minutes in (0, 2, 4):
        record = driven.lookup(query(uri, asked_at=NOW + minutes * MINUTE))

    assert NOW - MINUTE == record.observed_at
    assert [None, '"v1"', '"v1"'] == [seen.headers.get("if-none-match") for seen in server.seen]


def test_304_does_not_outlive_the_document(make: Make, server: FaultServer) -> None:
    """Exp rules over HTTP: a server that says of an expired list that nothing changed has no list."""
    uri, driven = server.url + PATH, make()
    server.routes[PATH] = cwt(signed_list(uri, ttl=MINUTE, expires_at=NOW + 3 * MINUTE), ETag='"v1"')
    driven.lookup(query(uri))
    server.routes[PATH] = Reply(status=304)

    assert "status-list-expired" == driven.refused(query(uri, asked_at=NOW + 4 * MINUTE)).code


def test_http_headers_do_not_rule(make: Make, server: FaultServer) -> None:
    """What HTTP says of caching is not looked at: the signed ttl rules, both ways."""
    uri, driven = server.url + PATH, make()
    server.routes[PATH] = cwt(signed_list(uri), **{"Cache-Control": "no-store", "Expires": "0"})
    driven.lookup(query(uri))
    driven.lookup(query(uri, asked_at=NOW + MINUTE))
    assert 1 == server.count(PATH)

    server.routes[PATH] = cwt(signed_list(uri), **{"Cache-Control": "max-age=31536000, immutable"})
    driven.lookup(query(uri, asked_at=NOW + 11 * MINUTE))
    driven.lookup(query(uri, asked_at=NOW + 22 * MINUTE))
    assert 3 == server.count(PATH)


def test_cache_keys(make: Make, server: FaultServer) -> None:
    """A copy is found by its exact URI; lists that differ in a slash, a case or a digit are others."""
    driven = make()
    for path in ("/lists/7", "/lists/7/", "/lists/77", "/Lists/7"):
        uri = publish(server, path)
        driven.lookup(query(uri))

    assert 4 == len(set(server.targets()))


def test_cache_is_bounded(make: Make, server: FaultServer) -> None:
    """What was asked for least recently goes first."""
    driven = make(tuning=still(max_documents=2))
    uris = [publish(server, f"/lists/{number}") for number in range(3)]
    for uri in (uris[0], uris[1], uris[0], uris[2], uris[0], uris[1]):
        driven.lookup(query(uri))

    assert (1, 2, 1) == tuple(server.count(f"/lists/{number}") for number in range(3))


def test_poisoned_by_other_keys(make: Make, server: FaultServer) -> None:
    """A copy that was opened under one issuer's keys says nothing to a question under another's."""
    uri, driven = publish(server, signer=OTHER_SIGNER), make()
    driven.lookup(query(uri, keys=[OTHER_SIGNER.public_key]))

    assert "status-list-signature" == driven.refused(query(uri)).code
    assert "status-list-signature" == make().refused(query(uri, keys=[])).code


def test_nothing_leaks_from_the_environment(
    make: Make,
    server: FaultServer,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Any,  # noqa: ANN401  a path
) -> None:
    """No proxy, no netrc, no cookie."""
    netrc = tmp_path / "netrc"
    netrc.write_text("default login user password secret\n")
    netrc.chmod(0o600)
    monkeypatch.setenv("NETRC", str(netrc))
    for name in ("http_proxy", "HTTP_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"):
        monkeypatch.setenv(name, f"http://127.0.0.1:{closed_port()}")
    monkeypatch.delenv("no_proxy", raising=False)
    monkeypatch.delenv("NO_PROXY", raising=False)
    uri, driven = server.url + PATH, make()
    server.routes[PATH] = cwt(signed_list(uri, ttl=MINUTE), **{"Set-Cookie": "id=1; Path=/"})

    driven.lookup(query(uri))
    driven.lookup(query(uri, asked_at=NOW + 2 * MINUTE))

    assert 2 == server.count(PATH)
    for seen in server.seen:
        assert not {"authorization", "cookie", "proxy-authorization"} & seen.headers.keys()


def test_proxies_when_asked_for(make: Make, server: FaultServer, monkeypatch: pytest.MonkeyPatch) -> None:
    """With trust_env the environment's proxy is used, and still no cookie is kept."""
    uri = "http://localhost:9/lists/7"
    server.routes[uri] = cwt(signed_list(uri, ttl=MINUTE), **{"Set-Cookie": "id=1; Path=/"})
    monkeypatch.setenv("http_proxy", server.url)
    monkeypatch.setenv("no_proxy", "")
    monkeypatch.delenv("NO_PROXY", raising=False)
    driven = make(trust_env=True)

    driven.lookup(query(uri))
    driven.lookup(query(uri, asked_at=NOW + 2 * MINUTE))

    assert [uri, uri] == server.targets()
    assert all("cookie" not in seen.headers for seen in server.seen)


def test_privacy(make: Make, server: FaultServer) -> None:
    """Over the wire goes the list's URI, the same bytes for every entry of it, and no certificate's id."""
    uri = publish(server)
    publish_events(server)
    requests = []
    for index in (VALID_INDEX, REVOKED_INDEX):
        server.seen.clear()
        make().lookup(query(uri, index, as_of=NOW - DAY))
        requests.append([(seen.method, seen.target, dict(seen.headers), seen.body) for seen in server.seen])

    assert requests[0] == requests[1]
    assert {"host", "user-agent", "accept", "accept-encoding"} == set(server.seen[0].headers)


# --- retries, pauses, renewing ahead ----------------------------------------------------------------------------------


def test_retries_within_the_deadline(make: Make, server: FaultServer) -> None:
    """What may pass is tried again, after pauses that are drawn."""
    uri, replies = (
        server.url + PATH,
        iter([Reply(status=503), Reply(raw=raw(b"")), cwt(signed_list(server.url + PATH))]),
    )
    server.routes[PATH] = lambda _: next(replies)

    assert NOW - MINUTE == make(tuning=still(jitter=lambda: 1.0)).lookup(query(uri)).observed_at
    assert 3 == server.count(PATH)


def test_retries_have_an_end(make: Make, server: FaultServer) -> None:
    """Three attempts, and what cannot pass is not tried again at all."""
    uri, driven = server.url + PATH, make()
    for reply, attempts in ((Reply(status=500), 3), (Reply(status=404), 1), (cwt(b"x"), 1)):
        server.seen.clear()
        server.routes[PATH] = reply
        driven.refused(query(uri))
        assert attempts == server.count(PATH)


def test_no_pause_beyond_the_deadline(make: Make, server: FaultServer) -> None:
    """A pause that the deadline does not allow is not begun."""
    uri = server.url + PATH
    server.routes[PATH] = Reply(status=500)

    make(deadline=MINUTE, tuning=still(jitter=lambda: 10_000.0)).refused(query(uri))

    assert 1 == server.count(PATH)


def test_a_failure_is_remembered_for_a_moment(make: Make, server: FaultServer) -> None:
    """A thousand look-ups against a server that is down do not take a thousand deadlines; the pause grows."""
    now = [1000.0]
    driven = make(tuning=still(failure_pause=timedelta(seconds=2), monotonic=lambda: now[0]))
    uri = server.url + PATH

    for _ in range(10):
        assert "http-404" == cause(driven.refused(query(uri)))
    assert 1 == server.count(PATH)
    now[0] += 2.1
    driven.refused(query(uri))
    now[0] += 3.9
    driven.refused(query(uri))
    assert 2 == server.count(PATH)
    publish(server)
    now[0] += 0.2
    assert NOW - MINUTE == driven.lookup(query(uri)).observed_at


def test_retry_after(make: Make, server: FaultServer) -> None:
    """A server that says when to come back is left alone until then, but no longer than a minute."""
    now = [1000.0]
    driven, uri = make(tuning=still(monotonic=lambda: now[0])), server.url + PATH
    server.routes[PATH] = Reply(status=503, headers={"Retry-After": "100000"})

    assert 60.0 == driven.refused(query(uri)).retry_after_s
    publish(server)
    now[0] += 59
    assert "http-5xx" == cause(driven.refused(query(uri)))
    now[0] += 2
    driven.lookup(query(uri))

    assert 2 == server.count(PATH)


def test_renewed_ahead(make: Make, server: FaultServer) -> None:
    """Near the end of its ttl a copy is renewed while it still answers; a failure then is nobody's."""
    uri, driven = publish(server), make()
    driven.lookup(query(uri))
    publish(server, issued_at=NOW + 8 * MINUTE)

    record = driven.lookup(query(uri, asked_at=NOW + 8 * MINUTE))
    assert NOW - MINUTE == record.observed_at
    _until(lambda: 2 == server.count(PATH))
    _until(lambda: NOW + 8 * MINUTE == driven.lookup(query(uri, asked_at=NOW + 9 * MINUTE)).observed_at)

    assert 2 == server.count(PATH)


def _until(holds: Callable[[], bool]) -> None:
    """Wait until something holds; a minute at most."""
    end = time.monotonic() + 60
    while not holds():
        assert time.monotonic() < end
        time.sleep(0.01)


def test_lookup_raises_status_errors_alone(make: Make) -> None:
    """Whatever a transport does, a look-up raises StatusError, and never says valid or revoked."""

    class Rude:
        def handle_request(self, _: object) -> object:
            raise RuntimeError(os.devnull)

        async def handle_async_request(self, _: object) -> object:
            raise RuntimeError(os.devnull)

    error = make(transport=Rude()).refused(query("https://status.example/lists/7"))

    assert ("status-unavailable", "transport") == (error.code, cause(error))


def test_injected_transport(make: Make) -> None:
    """An injected transport of httpx2 takes the place of the network."""
    uri = "https://status.example/lists/7"
    transport = httpx2.MockTransport(
        lambda _: httpx2.Response(200, headers={"Content-Type": STATUS_LIST_TYPE}, content=signed_list(uri))
    )

    assert NOW - MINUTE == make(transport=transport).lookup(query(uri)).observed_at


def test_references_by_uri(make: Make, server: FaultServer) -> None:
    """A certificate's standard reference is looked up like any other; only the query's URI counts."""
    uri = publish(server)
    asked = StatusQuery(
        issuer="CN",
        ref=StatusListEntry(uri="https://elsewhere.example/1", index=REVOKED_INDEX),
        list_uri=uri,
        keys=(SIGNER.public_key,),
        as_of=NOW,
        asked_at=NOW,
    )

    assert [StatusState.REVOKED] == [seen.state for seen in make().lookup(asked).observations]
    assert StatusRef(list=7, index=3) == query(uri).ref


def test_errors_are_the_callers_own(make: Make, server: FaultServer) -> None:
    """A remembered failure is raised as a new error each time."""
    driven = make(tuning=still(failure_pause=timedelta(seconds=60)))
    first, second = (driven.refused(query(server.url + PATH)) for _ in range(2))

    assert first is not second
    assert isinstance(first, StatusError)
    assert (first.code, first.detail) == (second.code, second.detail)
