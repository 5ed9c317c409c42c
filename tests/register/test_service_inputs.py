"""No input is a defect: whatever is sent to whatever route, the answer is one that the description names.

What is a defect would be answered with 500 by `TellDefects`, and logged as an error; here neither happens. Schemathesis
reads the service's own description and sends what fits it and what does not; Hypothesis sends what no client library
would.
"""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from typing import Any

import attrs
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from hypothesis.errors import Unsatisfiable
from starlette.applications import Starlette
from starlette.requests import Request

from certcore import _cbor
from certcore.issue import Issuer
from certcore.keys import LocalSigner
from certcore.register import create_app
from certcore.register.access import SCOPES, Principal, RateLimit
from certcore.register.audit import AuditTrail
from certcore.register.log import StatusRegistry
from certcore.status.vehicledoc import VEHICLE_REQUEST_TYPE
from tests.register.asgi import Answer, ask
from tests.register.cast import BEGIN, DAY, NOW, POSTGRES, SIGNER, STATUS_SIGNER, SetClock, database, issue

EXAMPLES = 40
TEMPLATE = "https://status.example/lists/{list}"
EVERYBODY = Principal("everybody", SCOPES)
QUICK = settings(
    max_examples=EXAMPLES,
    derandomize=True,
    database=None,
    deadline=None,
    phases=(Phase.generate,),
    suppress_health_check=list(HealthCheck),
)


def authorize(request: Request) -> Principal | None:
    """Everybody with any header may ask for everything."""
    return EVERYBODY if "authorization" in request.headers else None


@attrs.frozen
class Service:
    """The whole service, and a text that it knows."""

    app: Starlette
    text: str


@pytest.fixture(scope="module", params=["sqlite", *(["postgres"] if POSTGRES else [])])
def service(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """Every route there is, over a register with a certificate and two publications."""
    folder, clock = tmp_path_factory.mktemp("service"), SetClock(BEGIN)
    with database(request.param, folder) as url:
        registry = StatusRegistry(url, clock=clock, list_size=256, issuer="CN")
        clock.at = NOW - DAY
        _, text = issue(registry, clock)
        registry.publish(folder / "published", signer=STATUS_SIGNER, uri_template=TEMPLATE)
        clock.at = NOW
        registry.publish(folder / "published", signer=STATUS_SIGNER, uri_template=TEMPLATE)
        audit = AuditTrail(folder / "audit.db", key=b"k" * 32)
        yield Service(app_of(registry, folder, clock, audit), text)
        audit.close()
        registry.close()


def app_of(registry: StatusRegistry, folder: Path, clock: SetClock, audit: AuditTrail) -> Starlette:
    """With every route, and no limits of rate."""
    return create_app(
        registry,
        signer=LocalSigner.generate(),
        trust_list=b"\xa0",
        folder=folder / "published",
        authorize=authorize,
        limit=RateLimit(per_second=1e9, burst=1_000_000_000, clock=clock),
        per_day=1_000_000_000,
        audit=audit,
        issuer=Issuer(signer=SIGNER, country="CN", registry=registry, live_signer=LocalSigner.generate(), clock=clock),
    )


@pytest.fixture(autouse=True)
def no_defects(caplog: pytest.LogCaptureFixture) -> Iterator[None]:
    """Nothing is logged as an error, whatever is sent."""
    yield
    assert [] == [record.getMessage() for record in caplog.records if record.levelno >= logging.ERROR]


def require_told(answer: Answer) -> None:
    """Well, not changed, or a problem with a code: never the server's fault, and never to be sent on."""
    assert answer.status < 500, answer
    assert "location" not in answer.headers
    if answer.status >= 400:
        assert {"code", "message"} == set(json.loads(answer.body))
        assert "no-store" == answer.headers["cache-control"]


# --- by its own description


OPERATIONS = [
    ("get", "/trust-list"),
    ("get", "/status-lists"),
    ("get", "/lists/{list}"),
    ("get", "/lists/{list}.events"),
    ("get", "/health"),
    ("get", "/ready"),
    ("get", "/openapi.json"),
    ("post", "/vehicles"),
    ("post", "/receipts"),
    ("post", "/live"),
]


def test_every_operation_is_tried(service: Service) -> None:
    """The list above is the description's."""
    paths = json.loads(ask(service.app, "/openapi.json").body)["paths"]
    assert set(OPERATIONS) == {(method, path) for path, methods in paths.items() for method in methods}


@pytest.mark.slow
@pytest.mark.parametrize("mode", ["positive", "negative"])
@pytest.mark.parametrize(("method", "path"), OPERATIONS)
def test_answers_are_as_described(service: Service, method: str, path: str, mode: str) -> None:
    """Schemathesis finds no answer that the description does not name, whether what it sends fits it or not."""
    schemathesis = pytest.importorskip("schemathesis", reason="the test dependency group is not installed")
    described = import_module("schemathesis.specs.openapi.checks")
    checks = [
        schemathesis.checks.not_a_server_error,
        described.status_code_conformance,
        described.content_type_conformance,
        described.response_schema_conformance,
    ]
    schemathesis.serializer(VEHICLE_REQUEST_TYPE)(lambda _, value: value if isinstance(value, bytes) else str(value))
    operation = schemathesis.openapi.from_asgi("/openapi.json", service.app)[path][method]
    cases = operation.as_strategy(generation_mode=schemathesis.GenerationMode(mode))

    @QUICK
    @given(case=cases, has_token=st.booleans())
    def try_one(case: Any, has_token: bool) -> None:  # noqa: ANN401, FBT001  schemathesis's own; drawn
        response = case.call(headers={"Authorization": "Bearer somebody"} if has_token else None)
        case.validate_response(response, checks=checks)

    try:
        try_one()
    except Unsatisfiable:
        assert mode == "negative", "an operation without parameters cannot be sent wrongly"


# --- what no client library sends


def send_raw(app: Starlette, scope: dict[str, Any], messages: list[dict[str, Any]]) -> Answer:
    """One request, its scope and its body as they are given."""
    left, sent = list(messages), []

    async def receive() -> dict[str, Any]:
        return left.pop(0) if left else {"type": "http.disconnect"}

    async def send(message: Any) -> None:  # noqa: ANN401  the protocol's messages
        sent.append(message)

    whole = {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "scheme": "http",
        "root_path": "",
        "client": None,
        "server": None,
        "raw_path": scope["path"].encode("utf-8", "surrogatepass"),
        **scope,
    }
    asyncio.run(app(whole, receive, send))
    found = {name.decode("latin-1"): value.decode("latin-1") for name, value in sent[0]["headers"]}
    return Answer(sent[0]["status"], found, b"".join(message.get("body", b"") for message in sent[1:]))


ODD_TEXT = st.one_of(
    st.text(max_size=40),
    st.text(st.characters(min_codepoint=0xD800, max_codepoint=0xDFFF), max_size=3),
    st.sampled_from(["\0", "..", "%00", "9" * 5000, "-1", "1e9", "0x10", "²", "٣", "99999999999", "253402300800"]),
)
PATHS = st.one_of(
    st.sampled_from([path.replace("{list}", "0") for _, path in OPERATIONS]),
    ODD_TEXT.map(lambda text: f"/lists/{text}"),
    ODD_TEXT.map(lambda text: f"/lists/{text}.events"),
    ODD_TEXT.map(lambda text: f"/{text}"),
    st.sampled_from(["/trust-list/", "/vehicles/", "/lists/", "/lists", "//lists/0", "/lists/../.state.json", ""]),
)
QUERIES = st.one_of(
    st.binary(max_size=60),
    ODD_TEXT.map(lambda text: b"time=" + text.encode("utf-8", "surrogatepass")),
    st.integers(-10, 1 << 70).map(lambda number: b"time=%d" % number),
)
HEADERS = st.lists(
    st.tuples(
        st.sampled_from(
            [
                b"host",
                b"authorization",
                b"content-type",
                b"content-length",
                b"if-none-match",
                b"accept",
                b"cookie",
                b"range",
                b"x-forwarded-host",
                b"transfer-encoding",
                b"expect",
            ]
        ),
        st.one_of(
            st.binary(max_size=60), st.sampled_from([VEHICLE_REQUEST_TYPE.encode(), b"*", b'"' * 5000, b"9" * 30])
        ),
    ),
    max_size=6,
)
NUMBERS = st.one_of(
    st.integers(-(1 << 64), (1 << 64) - 1),
    st.sampled_from([0, 1, -1, (1 << 31) - 1, 1 << 31, (1 << 32) - 1, 1 << 32, 1 << 53, (1 << 63) - 1, 1 << 63]),
)
MEMBERS = st.one_of(
    ODD_TEXT.filter(lambda text: text.isprintable()), NUMBERS, st.binary(max_size=70), st.none(), st.booleans()
)
VEHICLE_REQUESTS = st.one_of(
    st.binary(max_size=1100),
    st.dictionaries(st.integers(-2, 7), MEMBERS, max_size=7).map(_cbor.encode),
    st.fixed_dictionaries(
        {4: st.one_of(st.just(int(NOW.timestamp())), NUMBERS), 5: st.just(b"n" * 16)},
        optional={
            0: st.one_of(st.text(min_size=1, max_size=80), st.just("闽C10001")),
            1: st.one_of(st.text(max_size=4), st.just("CN")),
            2: NUMBERS,
            3: st.text(max_size=40),
        },
    ).map(_cbor.encode),
)


def bodies(service: Service) -> st.SearchStrategy[bytes]:
    """Requests about vehicles, and texts like the one that is known."""
    text = service.text.encode()
    places = st.integers(0, len(text))
    cut = st.tuples(places, places, st.binary(max_size=3)).map(lambda at: text[: at[0]] + at[2] + text[at[1] :])
    return st.one_of(VEHICLE_REQUESTS, cut, st.sampled_from([text, text + b"\r\n", text.lower(), b"x" * 5000]))


def messages(service: Service) -> st.SearchStrategy[list[dict[str, Any]]]:
    """A body in one part or several, whole or not: the client may leave at any time."""
    part = bodies(service).map(lambda body: {"type": "http.request", "body": body, "more_body": True})
    end = st.sampled_from([[{"type": "http.request"}], [{"type": "http.disconnect"}], []])
    whole = bodies(service).map(lambda body: [{"type": "http.request", "body": body, "more_body": False}])
    return st.one_of(whole, st.tuples(st.lists(part, max_size=3), end).map(lambda found: found[0] + found[1]))


@pytest.mark.slow
def test_whatever_is_sent_is_answered(service: Service) -> None:
    """Any path, query, header, method and body, and clients that leave: a status below 500, and a problem's form."""
    methods = st.sampled_from(["GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS", "PATCH", "TRACE", "get", "", "\x7f"])

    @settings(QUICK, max_examples=500)
    @given(st.data())
    def try_one(data: st.DataObject) -> None:
        scope = {
            "method": data.draw(methods),
            "path": data.draw(PATHS),
            "query_string": data.draw(QUERIES),
            "headers": data.draw(HEADERS),
        }
        answer = send_raw(service.app, scope, data.draw(messages(service)))
        if scope["method"] == "HEAD":
            assert answer.status < 500
        else:
            require_told(answer)

    try_one()


@pytest.mark.slow
@pytest.mark.parametrize("path", ["/vehicles", "/receipts", "/live"])
def test_whatever_is_asked_is_answered(service: Service, path: str) -> None:
    """Any body, from somebody who may ask."""
    headers = [(b"authorization", b"x"), (b"content-type", VEHICLE_REQUEST_TYPE.encode())]

    @settings(QUICK, max_examples=400)
    @given(messages(service))
    def try_one(found: list[dict[str, Any]]) -> None:
        scope = {"method": "POST", "path": path, "query_string": b"", "headers": headers}
        require_told(send_raw(service.app, scope, found))

    try_one()


HOSTS = [b"evil.example", b"evil.example:1\r\nX: y", b"", b"[", b"\xff", b"a" * 5000, b"user@evil.example"]


@pytest.mark.parametrize("host", HOSTS)
@pytest.mark.parametrize("header", [b"host", b"x-forwarded-host", b"forwarded", b"x-original-url"])
def test_no_answer_names_the_host_that_was_asked(service: Service, host: bytes, header: bytes) -> None:
    """On every route, with a slash behind it or one too many, whatever the method: no redirection, and no mention."""
    for _, path in OPERATIONS:
        for found in (path, f"{path}/", f"/{path}", path.replace("{list}", "0"), path.replace("{list}", "0") + "/"):
            for method in ("GET", "POST", "OPTIONS"):
                scope = {"method": method, "path": found, "query_string": b"", "headers": [(header, host)]}
                answer = send_raw(service.app, scope, [{"type": "http.request"}])
                require_told(answer)
                assert answer.status not in range(300, 400)
                assert b"evil" not in answer.body + str(answer.headers).encode()
