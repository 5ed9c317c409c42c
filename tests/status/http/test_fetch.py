"""The rules of fetching: who may be asked, what may be an answer, for how long it is kept, and what is tried again."""

from __future__ import annotations

from datetime import timedelta

import pytest

from certcore.errors import StatusError
from certcore.status import _documents, _url_policy
from certcore.status._documents import DocumentQuery, DocumentRequest, Kind
from certcore.status.eventlist import STATUS_EVENTS_TYPE
from certcore.status.http import _fetch
from certcore.status.http._fetch import Answer
from certcore.status.tokenlist import STATUS_LIST_TYPE, StatusToken, open_token
from tests.status.http_cases import DAY, MINUTE, NOW, SIGNER, cause, signed_events, signed_list

URI = "https://status.example/lists/12"
QUESTION = DocumentQuery(keys=(SIGNER.public_key,), now=NOW, clock_skew=MINUTE, max_list_bytes=1 << 20)
LIST = DocumentRequest(kind=Kind.LIST, uri=URI)
EVENTS = DocumentRequest(kind=Kind.EVENTS, uri=URI)


def answer(body: bytes, media_type: str = STATUS_LIST_TYPE, **headers: str) -> Answer:
    """A good answer."""
    return Answer(status=200, headers={"content-type": media_type, **headers}, body=body)


def accepted(request: DocumentRequest, found: Answer, **how: object) -> _fetch.CachedDocument:
    """What is kept after an answer."""
    settings = {"cached": None, "floor": None, "jitter": 0.0, **how}
    return _fetch.read_answer(request, found, QUESTION, **settings)  # type: ignore[arg-type]  # as read_answer takes them


@pytest.mark.parametrize(
    ("uri", "events"),
    [
        ("https://status.example/lists/12", "https://status.example/lists/12.events"),
        ("https://status.example/lists/12/", "https://status.example/lists/12/events"),
        ("https://status.example/12.cwt", "https://status.example/12.cwt.events"),
    ],
)
def test_where_events_are(uri: str, events: str) -> None:
    """Beside each list, under a name that a static host can serve."""
    assert events == _documents.events_uri(uri)


def test_where_earlier_lists_are() -> None:
    """By the second of the moment."""
    assert f"{URI}?time={int(NOW.timestamp())}" == _documents.time_uri(URI, NOW + timedelta(microseconds=7))


@pytest.mark.parametrize(
    "url",
    [
        "https://status.example/lists/12",
        "https://status.example",
        "https://status.example:8443/a/b.c",
        "https://93.184.215.14/lists",
        "https://[2606:2800:220:1::1]/lists",
        "http://127.0.0.1:8080/lists/1",
        "http://127.8.9.10/lists/1",
        "http://localhost/lists/1",
        "http://[::1]:8080/lists/1",
        "https://xn--fiqs8s.example/lists/1",
    ],
)
def test_urls(url: str) -> None:
    """What may be fetched."""
    _url_policy.check_url(url)


@pytest.mark.parametrize(
    "url",
    [
        "",
        "lists/12",
        "//status.example/lists",
        "file:///etc/passwd",
        "ftp://status.example/lists",
        "data:,x",
        "gopher://status.example/",
        "javascript:alert(1)",
        "http://status.example/lists",
        "http://10.0.0.1/lists",
        "http://localhost.evil.example/lists",
        "http://127.0.0.1.evil.example/lists",
        "https://user@status.example/lists",
        "https://user:password@status.example/lists",
        "https://status.example\\@evil.example/",
        "https://status.example/\\..\\x",
        "https://status.example/a/../b",
        "https://status.example/./b",
        "https://status.example/%2e%2e/b",
        "https://status.example/a%2Fb",
        "https://status.example//b",
        "https://status.example/b?x=1",
        "https://status.example/b#x",
        "https://status.example:0/",
        "https://status.example:/",
        "https://status.example:99999/",
        "https://status.example:x/",
        "https://:443/",
        "https:///lists",
        "https://2130706433/",
        "https://0x7f000001/",
        "https://0x7f.1/",
        "https://0177.0.0.1/",
        "https://127.1/",
        "https://status.example./\n",
        "https://status.exämple/",
        "https://１２７.0.0.1/",
        "https://status.example/ x",
        "https://[::1/",
        "https://status.example/" + "x" * 1024,
    ],
)
def test_urls_that_are_not_fetched(url: str) -> None:
    """Every other URL is refused."""
    with pytest.raises(StatusError) as caught:
        _url_policy.check_url(url)

    assert ("status-unavailable", "url") == (caught.value.code, cause(caught.value))


@pytest.mark.parametrize(
    ("address", "host", "allow_private", "may"),
    [
        ("93.184.215.14", "status.example", False, True),
        ("2606:2800:220:1::1", "status.example", False, True),
        ("10.0.0.1", "status.example", False, False),
        ("10.0.0.1", "status.example", True, True),
        ("172.31.255.255", "status.example", False, False),
        ("192.168.0.1", "status.example", False, False),
        ("100.64.0.1", "status.example", False, False),
        ("169.254.169.254", "status.example", False, False),
        ("127.0.0.1", "status.example", False, False),
        ("127.0.0.1", "127.0.0.1", False, True),
        ("127.0.0.1", "localhost", False, True),
        ("::1", "localhost", False, True),
        ("10.0.0.1", "localhost", True, False),
        ("93.184.215.14", "localhost", False, False),
        ("0.0.0.0", "status.example", True, False),  # noqa: S104  an address that is refused
        ("::", "status.example", True, False),
        ("224.0.0.1", "status.example", True, False),
        ("255.255.255.255", "status.example", False, False),
        ("fe80::1%eth0", "status.example", False, False),
        ("fd00::1", "status.example", False, False),
        ("::ffff:10.0.0.1", "status.example", False, False),
        ("::ffff:93.184.215.14", "status.example", False, True),
        ("64:ff9b::a00:1", "status.example", False, False),
        ("2002:a00:1::1", "status.example", False, False),
        ("not an address", "status.example", True, False),
        ("64:ff9b:1::5db8:d70e", "status.example", False, False),
        ("64:ff9b:1::5db8:d70e", "status.example", True, True),
        ("64:ff9b:1:ffff::a00:1", "status.example", False, False),
        ("fec0::1", "status.example", False, False),
        ("feff:ffff::1", "status.example", False, False),
        ("fec0::1", "status.example", True, True),
        ("::10.0.0.1", "status.example", False, False),
        ("::93.184.215.14", "status.example", False, True),
        ("::ffff:0:10.0.0.1", "status.example", False, False),
        ("::169.254.169.254", "status.example", False, False),
        ("127.0.0.1", "status.example", True, False),
        ("127.255.0.9", "status.example", True, False),
        ("::1", "status.example", True, False),
        ("::127.0.0.1", "status.example", True, False),
        ("::ffff:127.0.0.1", "status.example", True, False),
        ("::ffff:0:127.0.0.1", "status.example", True, False),
        ("64:ff9b::127.0.0.1", "status.example", True, False),
        ("64:ff9b:1::127.0.0.1", "status.example", True, False),
        ("2002:7f00:1::1", "status.example", True, False),
        ("2001:0:4136:e378:8000:63bf:80ff:fffe", "status.example", True, False),
    ],
)
def test_addresses(address: str, host: str, allow_private: bool, may: bool) -> None:  # noqa: FBT001  a column
    """Which addresses a name may lead to; loopback only for those who say loopback."""
    if may:
        _url_policy.check_address(address, host=host, allow_private=allow_private)
        return
    with pytest.raises(StatusError) as caught:
        _url_policy.check_address(address, host=host, allow_private=allow_private)
    assert "address" == cause(caught.value)


def test_requests_say_nothing_but_the_uri() -> None:
    """The document, what it may be, and that bytes are wanted as they are."""
    request = _fetch.request_for(LIST, None, max_list_bytes=1 << 20)

    assert ("GET", URI, None) == (request.method, request.url, request.body)
    assert {"Accept", "Accept-Encoding"} == {name for name, _ in request.headers}


@pytest.mark.parametrize(
    ("status", "why"),
    [
        (201, "http-2xx"),
        (206, "http-206"),
        (301, "redirect"),
        (304, "http-304"),
        (399, "redirect"),
        (401, "http-401"),
        (404, "http-404"),
        (451, "http-4xx"),
        (500, "http-5xx"),
        (599, "http-5xx"),
        (100, "http-xxx"),
        (999, "http-xxx"),
    ],
)
def test_statuses_that_are_no_answer(status: int, why: str) -> None:
    """Only 200 is one; every cause is a word of the list."""
    error = _fetch.refusal_of(Answer(status=status, headers={}))

    assert error is not None
    assert (why, status) == (cause(error), dict(error.detail)["status"])
    assert cause(error) in _url_policy.CAUSES


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        ("7", 7.0),
        ("0", 0.0),
        ("100000", 60.0),
        ("-1", None),
        ("1e9", None),
        ("²", None),
        ("9" * 400, None),
        ("Wed, 21 Oct 2026 07:28:00 GMT", None),
    ],
)
def test_retry_after(value: str, seconds: float | None) -> None:
    """Seconds within bounds; a date would need the server's clock."""
    error = _fetch.refusal_of(Answer(status=503, headers={"retry-after": value}))

    assert error is not None
    assert seconds == error.retry_after_s


@pytest.mark.parametrize(
    "media_type", ["application/statuslist+cwt", "Application/StatusList+CWT", "application/statuslist+cwt; x=1"]
)
def test_types(media_type: str) -> None:
    """The type, whatever its case and parameters."""
    assert NOW - MINUTE == accepted(LIST, answer(signed_list(URI), media_type)).issued_at


@pytest.mark.parametrize(
    ("headers", "why"),
    [
        ({"content-type": "text/html"}, "type"),
        ({"content-type": ""}, "type"),
        ({"content-type": STATUS_EVENTS_TYPE}, "type"),
        ({"content-type": f"{STATUS_LIST_TYPE}, text/html"}, "type"),
        ({"content-type": STATUS_LIST_TYPE, "content-encoding": "gzip"}, "encoding"),
        ({"content-type": STATUS_LIST_TYPE, "content-encoding": "identity, gzip"}, "encoding"),
    ],
)
def test_heads_that_are_no_answer(headers: dict[str, str], why: str) -> None:
    """Another type, or an encoding."""
    with pytest.raises(StatusError) as caught:
        accepted(LIST, Answer(status=200, headers=headers, body=signed_list(URI)))

    assert why == cause(caught.value)


@pytest.mark.parametrize(
    ("ttl", "kept"),
    [
        (None, _documents.DEFAULT_TTL),
        (timedelta(seconds=1), _fetch.MIN_TTL),
        (timedelta(minutes=7), timedelta(minutes=7)),
        (timedelta(days=400), _fetch.MAX_TTL),
        (timedelta(seconds=10**12), _fetch.MAX_TTL),
    ],
)
def test_how_long_a_list_is_kept(ttl: timedelta | None, kept: timedelta) -> None:
    """Its ttl from when it was fetched, within bounds."""
    cached = accepted(LIST, answer(signed_list(URI, ttl=ttl, expires_at=NOW + 30 * DAY)))

    assert NOW + kept == cached.fresh_until
    assert NOW + kept * 0.75 == cached.refresh_at


def test_exp_goes_before_ttl() -> None:
    """A list is never fresh beyond its end."""
    cached = accepted(LIST, answer(signed_list(URI, ttl=DAY, expires_at=NOW + MINUTE)))

    assert (NOW + MINUTE, NOW + MINUTE) == (cached.fresh_until, cached.usable_until)
    assert (True, False) == (cached.is_usable(NOW), cached.is_usable(NOW + MINUTE))


def test_floor() -> None:
    """As old as the youngest seen is fine, older is not; for a historical list there is no floor."""
    body = answer(signed_list(URI, issued_at=NOW - MINUTE))
    accepted(LIST, body, floor=NOW - MINUTE)
    with pytest.raises(StatusError) as caught:
        accepted(LIST, body, floor=NOW - MINUTE + timedelta(seconds=1))
    assert "status-list-rollback" == caught.value.code

    history = DocumentRequest(kind=Kind.HISTORY, uri=URI, at=NOW)
    assert NOW - MINUTE == accepted(history, body, floor=NOW + DAY).issued_at


@pytest.mark.parametrize(
    ("begin", "end", "covers"),
    [
        (-DAY, DAY, True),
        (timedelta(), DAY, True),
        (-DAY, timedelta(), True),
        (timedelta(seconds=1), DAY, False),
        (-DAY, -timedelta(seconds=1), False),
    ],
)
def test_historical_answers_span_their_moment(begin: timedelta, end: timedelta, covers: bool) -> None:  # noqa: FBT001  a column
    """Iat <= time <= exp, in whole seconds; anything else is a server without history."""
    at = NOW - 20 * DAY
    history = DocumentRequest(kind=Kind.HISTORY, uri=URI, at=at + timedelta(microseconds=5))
    body = signed_list(URI, issued_at=at + begin, expires_at=at + end)

    cached = accepted(history, answer(body))

    assert covers is (cached.document is not None)


def test_absence() -> None:
    """404 is an answer for what may be absent, unless it was there a moment ago."""
    gone = Answer(status=404, headers={})
    cached = accepted(EVENTS, answer(signed_events(URI), STATUS_EVENTS_TYPE))

    assert None is accepted(EVENTS, gone).document
    for request, copy in ((LIST, None), (EVENTS, cached)):
        with pytest.raises(StatusError) as caught:
            accepted(request, gone, cached=copy)
        assert "http-404" == cause(caught.value)


def test_304_needs_a_tag() -> None:
    """304 renews what the request was conditional on, and nothing else."""
    renewed = Answer(status=304, headers={})
    tagged = accepted(LIST, answer(signed_list(URI), etag='"1"'))
    plain = accepted(LIST, answer(signed_list(URI)))

    assert tagged.document is accepted(LIST, renewed, cached=tagged).document
    for copy in (None, plain):
        with pytest.raises(StatusError) as caught:
            accepted(LIST, renewed, cached=copy)
        assert "http-304" == cause(caught.value)


@pytest.mark.parametrize("etag", ["x" * 300, 'é"', "a\tb"])
def test_tags_that_are_not_sent_back(etag: str) -> None:
    """A tag is the server's own text in our header: short and printable, or none."""
    assert None is accepted(LIST, answer(signed_list(URI), etag=etag)).etag


def test_pauses_are_drawn_and_grow() -> None:
    """Full jitter: from nothing to the whole, which doubles."""
    assert [0.05, 0.1, 0.2] == [_fetch.pause_s(attempt, jitter=1.0) for attempt in range(3)]
    assert [0.0, 0.025] == [_fetch.pause_s(0, jitter=jitter) for jitter in (0.0, 0.5)]


def test_what_is_tried_again() -> None:
    """What may pass; not what a server said on purpose, nor what it asked to wait for."""
    tried = {why for why in _url_policy.CAUSES if _fetch.is_retried(_url_policy.unavailable(why, "x"))}

    assert {"connect", "dns", "network", "protocol", "http-429", "http-5xx"} == tried
    assert not _fetch.is_retried(_url_policy.unavailable("http-5xx", "x", retry_after_s=3.0))
    assert not _fetch.is_retried(StatusError("status-list-signature"))


def test_no_aggregation() -> None:
    """A list that names no aggregation has none, and a list that is none has none either."""
    token = open_token(signed_list(URI), uri=URI, keys=[SIGNER.public_key], now=NOW)
    other = StatusToken(
        uri=URI,
        status_list=token.status_list,
        issued_at=NOW,
        expires_at=None,
        ttl=None,
        key_id=b"1",
        data=b"\xd2\x80",
    )

    assert (None, None) == (_fetch.aggregation_uri(token), _fetch.aggregation_uri(other))
