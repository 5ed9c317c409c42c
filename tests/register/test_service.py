"""The service: hands out what was published, answers who may ask, and says what it does."""

from __future__ import annotations

import json
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.routing import Route

from certcore import _cbor
from certcore.errors import IssuingError, StatusError
from certcore.issue import Issuer
from certcore.keys import LocalSigner, PublicKey
from certcore.register.access import BY_PLATE, BY_VIN, SCOPES, Principal, RateLimit
from certcore.register.log import StatusRegistry
from certcore.register.openapi import describe
from certcore.register.service import create_app
from certcore.status import StatusState, VehicleQuery
from certcore.status.tokenlist import open_token
from certcore.status.vehicledoc import MAX_REQUEST_BYTES, VEHICLE_REQUEST_TYPE, encode_request, open_answer
from certcore.testing import make_trust
from tests.register.asgi import Answer, ask
from tests.register.cast import DAY, NOW, SIGNER, STATUS_SIGNER, SetClock, issue, vehicle

TEMPLATE = "https://status.example/lists/{list}"
TRUST = make_trust(SIGNER).to_bytes()
REGISTER_SIGNER = LocalSigner.generate()
SAID: dict[str, Any] = {"actor": "clerk-7", "reason": "entered in error"}
PRINCIPALS = {
    "both": Principal("both", {BY_PLATE, BY_VIN}),
    "plates": Principal("plates", {BY_PLATE}),
    "none": Principal("none", ()),
}


def authorize(request: Request) -> Principal | None:
    """Takes everybody's word for who they are."""
    return PRINCIPALS.get(request.headers.get("authorization", ""))


@pytest.fixture
def folder(lite: StatusRegistry, clock: SetClock, tmp_path: Path) -> Path:
    """A folder published yesterday and today, with a revocation in between."""
    ref, _ = issue(lite, clock)
    clock.at = NOW - DAY
    lite.publish(tmp_path / "published", signer=STATUS_SIGNER, uri_template=TEMPLATE)
    clock.at = NOW
    lite.revoke(ref, effective_at=None, **SAID)
    issue(lite, clock, 2)
    lite.publish(tmp_path / "published", signer=STATUS_SIGNER, uri_template=TEMPLATE)
    return tmp_path / "published"


def app_of(registry: StatusRegistry, folder: Path, **changes: Any) -> Starlette:  # noqa: ANN401  create_app's own
    """The app over a register and a folder."""
    given: dict[str, Any] = {
        "signer": REGISTER_SIGNER,
        "trust_list": TRUST,
        "folder": folder,
        "authorize": authorize,
    }
    return create_app(registry, **(given | changes))


@pytest.fixture
def app(lite: StatusRegistry, folder: Path) -> Starlette:
    """The app over the published folder."""
    return app_of(lite, folder)


def request_for(query: VehicleQuery) -> bytes:
    """The bytes of a request."""
    return encode_request(query, nonce=b"n" * 16)


def look_up(app: Starlette, body: bytes, *, who: str = "both", kind: str = VEHICLE_REQUEST_TYPE) -> Answer:
    """Look a vehicle up."""
    headers = {"Authorization": who, "Content-Type": kind}
    return ask(app, "/vehicles", method="POST", headers=headers, body=[body])


# --- documents


@pytest.mark.parametrize(
    ("path", "kind", "file"),
    [
        ("/lists/0", "application/statuslist+cwt", "lists/0"),
        ("/lists/0.events", "application/vnd.certcore.status-events+cwt", "lists/0.events"),
        ("/status-lists", "application/json", "index.json"),
    ],
)
def test_documents_are_handed_out_as_published(app: Starlette, folder: Path, path: str, kind: str, file: str) -> None:
    """Byte for byte, under their own type, to anybody's page, and to be asked for again with a tag."""
    found = ask(app, path)
    assert (200, (folder / file).read_bytes()) == (found.status, found.body)
    assert (kind, "*", "nosniff") == (
        found.headers["content-type"],
        found.headers["access-control-allow-origin"],
        found.headers["x-content-type-options"],
    )
    tag = found.headers["etag"]
    for wanted in (tag, f'"other", {tag}', f"W/{tag}", "*"):
        again = ask(app, path, headers={"If-None-Match": wanted})
        assert (304, b"", tag) == (again.status, again.body, again.headers["etag"])
    assert 200 == ask(app, path, headers={"If-None-Match": '"other"'}).status
    assert 200 == ask(app, path, method="HEAD").status


def test_the_trust_list_is_bytes_or_a_file(lite: StatusRegistry, folder: Path, tmp_path: Path) -> None:
    """A file is read at each request, so that a new list needs no restart."""
    found = ask(app_of(lite, folder), "/trust-list")
    assert (200, TRUST, "application/vnd.certcore.trust+cbor") == (
        found.status,
        found.body,
        found.headers["content-type"],
    )
    app = app_of(lite, folder, trust_list=tmp_path / "trust.cbor")
    assert 404 == ask(app, "/trust-list").status
    (tmp_path / "trust.cbor").write_bytes(b"new")
    assert b"new" == ask(app, "/trust-list").body


def test_a_list_is_cached_as_long_as_it_says(app: Starlette, clock: SetClock) -> None:
    """For its ttl, and never past its end."""
    ages = []
    for later in (timedelta(0), DAY - timedelta(seconds=5), DAY, 2 * DAY):
        clock.at = NOW + later
        ages.append(ask(app, "/lists/0").headers["cache-control"])
    assert ["public, max-age=3600", "public, max-age=5", "public, max-age=0", "public, max-age=0"] == ages


@pytest.mark.parametrize("path", ["/lists/1", "/lists/01", "/lists/x", "/lists/..", "/lists/99999999999", "/lists/²"])
def test_lists_that_are_not_there(app: Starlette, path: str) -> None:
    """An unknown number, and anything that is no number, is not found."""
    assert (404, 404) == (ask(app, path).status, ask(app, f"{path}.events").status)


def test_a_list_number_of_any_length_is_not_found(app: Starlette) -> None:
    """Digits without end are no list, and no error."""
    assert 404 == ask(app, f"/lists/{'9' * 10_000}").status


def test_earlier_lists_are_asked_for_by_time(app: Starlette, clock: SetClock) -> None:
    """The list of then, with iat <= time <= exp; else 404; and what is no time is 400."""

    def state(at: Any) -> str | int:  # noqa: ANN401  an instant
        found = ask(app, f"/lists/0?time={int(at.timestamp())}")
        if found.status != 200:
            return found.status
        token = open_token(found.body, uri=TEMPLATE.format(list=0), keys=[STATUS_SIGNER.public_key], now=None)
        assert token.issued_at <= at
        assert token.expires_at is not None
        assert at <= token.expires_at
        values = {token.status_list.state(index) for index in range(256)}
        return "revoked" if StatusState.REVOKED in values else "valid"

    moments = [NOW - 2 * DAY, NOW - DAY, NOW - timedelta(seconds=1), NOW, NOW + DAY, NOW + 2 * DAY]
    assert [404, "valid", "valid", "revoked", "revoked", 404] == [state(at) for at in moments]
    assert 200 == ask(app, f"/lists/0.events?time={int(NOW.timestamp())}").status
    for time in ("", "x", "-1", "1e9", "9" * 12, "%00"):
        assert 400 == ask(app, f"/lists/0?time={time}").status
    past, present = (ask(app, f"/lists/0?time={int(at.timestamp())}").headers for at in (NOW - DAY, clock()))
    assert ("public, max-age=86400", "public, max-age=3600") == (past["cache-control"], present["cache-control"])


def test_lists_may_stand_elsewhere(lite: StatusRegistry, clock: SetClock, tmp_path: Path) -> None:
    """The path is that of the template."""
    issue(lite, clock)
    lite.publish(tmp_path / "own", signer=STATUS_SIGNER, uri_template="https://x.example/a/b/{list}")
    app = app_of(lite, tmp_path / "own", list_path="/a/b/{list}")
    assert (200, 404) == (ask(app, "/a/b/0").status, ask(app, "/lists/0").status)
    for path in ("lists/{list}", "/lists", "/{list}/x", "/{list}/{list}", "/archive/{list}", "/.x/{list}"):
        with pytest.raises(ValueError, match="path"):
            app_of(lite, tmp_path, list_path=path)


# --- health


def test_health_is_the_process_and_readiness_the_register(
    lite: StatusRegistry, folder: Path, clock: SetClock, tmp_path: Path
) -> None:
    """Ready while the database answers and no list has expired."""
    app = app_of(lite, folder)
    assert [200, 200] == [ask(app, path).status for path in ("/health", "/ready")]
    clock.at = NOW + DAY
    found = ask(app, "/ready")
    assert (503, "status-list-expired") == (found.status, found.code)
    found = ask(app_of(lite, tmp_path / "empty"), "/ready")
    assert (503, "status-unavailable") == (found.status, found.code)
    clock.at = NOW
    lite.close()
    (tmp_path / "lite.db").write_bytes(b"no database" * 1000)
    assert [200, 503] == [ask(app, path).status for path in ("/health", "/ready")]


# --- vehicles


def test_an_answer_is_signed_and_bound_to_its_request(app: Starlette, lite: StatusRegistry, clock: SetClock) -> None:
    """Flags, last day and history come back under the register's key, and to this request alone."""
    lite.set_flag("E", vehicle=vehicle(2), since=date(2026, 11, 1), **SAID)
    body = request_for(vehicle(2))
    found = look_up(app, body)
    assert (200, "application/vnd.certcore.vehicle+cwt", "no-store") == (
        found.status,
        found.headers["content-type"],
        found.headers["cache-control"],
    )
    keys: list[PublicKey] = [REGISTER_SIGNER.public_key]
    record = open_answer(found.body, request=body, keys=keys, now=clock())
    assert (True, date(2027, 9, 30), {("E", date(2026, 11, 1), None)}) == (
        record.known,
        record.valid_until,
        {(flag.code, flag.since, flag.until) for flag in record.flags},
    )
    assert not open_answer(
        look_up(app, request_for(vehicle(99))).body, request=request_for(vehicle(99)), keys=keys, now=clock()
    ).known


def test_scopes_say_what_may_be_asked(app: Starlette) -> None:
    """Plates with the one, VINs with the other, both with both."""
    by_vin = VehicleQuery(vin="LSVAA418000000002", as_of=NOW, asked_at=NOW)
    both = vehicle(2, vin="LSVAA418000000002")
    answers = {
        who: [look_up(app, request_for(query), who=who).status for query in (vehicle(2), by_vin, both)]
        for who in ("both", "plates", "none")
    }
    assert {"both": [200, 200, 200], "plates": [200, 403, 403], "none": [403, 403, 403]} == answers


def test_who_is_nobody_learns_nothing(app: Starlette) -> None:
    """Without a token it is 401, whatever else is wrong."""
    for body, kind in ((request_for(vehicle()), VEHICLE_REQUEST_TYPE), (b"x" * 5000, "text/html")):
        found = look_up(app, body, who="stranger", kind=kind)
        assert (401, "Bearer", "http-401") == (found.status, found.headers["www-authenticate"], found.code)


@pytest.mark.parametrize(
    ("body", "kind", "status"),
    [
        (b"", VEHICLE_REQUEST_TYPE, 400),
        (b"\xa0", VEHICLE_REQUEST_TYPE, 400),
        (b"\xff" * 50, VEHICLE_REQUEST_TYPE, 400),
        (b"x" * (MAX_REQUEST_BYTES + 1), VEHICLE_REQUEST_TYPE, 413),
        (b"", "application/json", 415),
        (b"", "", 415),
    ],
)
def test_what_is_no_request_is_refused(app: Starlette, body: bytes, kind: str, status: int) -> None:
    """Bytes that are none, too many of them, and another type."""
    assert status == look_up(app, body, kind=kind).status


def test_an_endless_body_is_not_read(app: Starlette) -> None:
    """Reading ends with the first byte too many, however many follow."""
    headers = {"Authorization": "both", "Content-Type": f"{VEHICLE_REQUEST_TYPE}; x=y"}
    found = ask(app, "/vehicles", method="POST", headers=headers, body=[b"x" * 600] * 1000)
    assert 413 == found.status


def test_too_many_requests_wait(lite: StatusRegistry, folder: Path, clock: SetClock) -> None:
    """Each principal has its own rate, and is told when to come again."""
    app = app_of(lite, folder, limit=RateLimit(per_second=0.1, burst=2, clock=clock))
    body = request_for(vehicle())
    assert [200, 200, 429] == [look_up(app, body).status for _ in range(3)]
    assert "10" == look_up(app, body).headers["retry-after"]
    assert 200 == look_up(app, body, who="plates").status
    clock.pass_by(timedelta(seconds=10))
    assert 200 == look_up(app, body).status


def test_a_register_that_fails_is_unavailable(lite: StatusRegistry, folder: Path, tmp_path: Path) -> None:
    """503 with the code, and nothing of the question in it."""
    app = app_of(lite, folder)
    lite.close()
    (tmp_path / "lite.db").write_bytes(b"no database" * 1000)
    found = look_up(app, request_for(vehicle()))
    assert (503, "status-unavailable") == (found.status, found.code)
    assert "闽".encode() not in found.body


def test_a_key_that_fails_is_unavailable(lite: StatusRegistry, folder: Path) -> None:
    """An HSM that is away is no reason for a traceback."""

    class Away:
        public_key = REGISTER_SIGNER.public_key

        def sign(self, data: bytes, /) -> bytes:
            raise IssuingError("signer-failed", str(len(data)))

    found = look_up(app_of(lite, folder, signer=Away()), request_for(vehicle()))
    assert (503, "signer-failed") == (found.status, found.code)


def test_an_answer_no_document_can_state_is_the_registers_fault(
    lite: StatusRegistry, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A flag of a day before 1970, which no register takes any more, is 503, not a traceback."""
    with monkeypatch.context() as earlier:
        earlier.setattr("certcore.register.log.stated_day", lambda day: day)
        lite.set_flag("E", vehicle=vehicle(2), since=date(1950, 1, 1), **SAID)
    assert 503 == look_up(app_of(lite, folder), request_for(vehicle(2))).status


@pytest.mark.parametrize("missing", ["signer", "authorize"])
def test_without_key_or_guard_no_vehicle_is_looked_up(lite: StatusRegistry, folder: Path, missing: str) -> None:
    """The route is not there, and not in the description."""
    app = app_of(lite, folder, **{missing: None})
    assert 404 == look_up(app, request_for(vehicle())).status
    assert "/vehicles" not in json.loads(ask(app, "/openapi.json").body)["paths"]


# --- the description


@pytest.mark.parametrize("has_vehicles", [True, False])
def test_the_description_names_every_route(lite: StatusRegistry, folder: Path, has_vehicles: bool) -> None:  # noqa: FBT001  a column
    """What is served is described and what is described is served, with its methods."""
    app = app_of(lite, folder, **({} if has_vehicles else {"signer": None}))
    served = {
        (route.path, method.lower())
        for route in app.routes
        if isinstance(route, Route)
        for method in route.methods or ()
        if method != "HEAD"
    }
    description = json.loads(ask(app, "/openapi.json").body)
    described = {(path, method) for path, methods in description["paths"].items() for method in methods}
    assert served == described
    assert describe(list_path="/lists/{list}", has_vehicles=has_vehicles) == description


def test_answers_are_as_described(app: Starlette) -> None:
    """Every documented route answers with a status and a type that its description names."""
    paths = json.loads(ask(app, "/openapi.json").body)["paths"]
    for path, methods in paths.items():
        for method, described in methods.items():
            found = ask(app, path.replace("{list}", "0"), method=method.upper())
            answer = described["responses"][str(found.status)]
            assert found.headers["content-type"] in answer["content"], path


def test_references_in_the_description_lead_somewhere(app: Starlette) -> None:
    """Every $ref is a schema that is there, and every security scheme too."""
    text = ask(app, "/openapi.json").body.decode()
    description = json.loads(text)
    assert "#/components/schemas/Problem" in text
    assert {"Problem"} == set(description["components"]["schemas"])
    assert [{"bearer": []}] == description["paths"]["/vehicles"]["post"]["security"]


def test_what_is_not_there_is_a_problem_in_json(app: Starlette) -> None:
    """Unknown paths and methods, too."""
    assert (404, "http-404") == (ask(app, "/nowhere").status, ask(app, "/nowhere").code)
    assert (405, "http-405") == (ask(app, "/vehicles").status, ask(app, "/vehicles").code)


@pytest.mark.parametrize("path", ["/trust-list/", "/lists/0/", "/vehicles/", "/health/"])
def test_nobody_is_sent_elsewhere(app: Starlette, path: str) -> None:
    """A path with one slash too many is not there; the host that a request names is nothing to redirect to."""
    found = ask(app, path, headers={"Host": "evil.example"})
    assert (404, False) == (found.status, "location" in found.headers)


@pytest.mark.parametrize("plate_type", [1 << 32, 1 << 63, 1 << 64, (1 << 64) - 1])
def test_a_plate_type_of_any_size_is_no_defect(
    app: Starlette, lite: StatusRegistry, clock: SetClock, plate_type: int
) -> None:
    """On the wire it is a bad request; handed to the register itself it is an answer that cannot be had."""
    stated = min(plate_type, (1 << 64) - 1)
    members = {0: "闽C10001", 1: "CN", 2: stated, 4: int(clock().timestamp()), 5: b"n" * 16}
    found = look_up(app, _cbor.encode(members))
    assert (400, "malformed") == (found.status, found.code)
    if plate_type >= 1 << 63:
        with pytest.raises(StatusError) as caught:
            lite.lookup_vehicle(vehicle(plate_type=plate_type))
        assert "status-unavailable" == caught.value.code


@pytest.mark.parametrize("path", ["/vehicles", "/receipts", "/live"])
def test_a_client_that_leaves_is_no_defect(
    lite: StatusRegistry, clock: SetClock, folder: Path, tmp_path: Path, path: str
) -> None:
    """In the middle of its body: nothing is looked up, and nothing is raised for a log to show."""
    named = StatusRegistry(f"sqlite:///{tmp_path / 'named.db'}", issuer="CN", clock=clock)
    everything = Principal("all", SCOPES)
    issuer = Issuer(signer=SIGNER, country="CN", registry=lite, live_signer=LocalSigner.generate(), clock=clock)
    app = app_of(named, folder, authorize=lambda _: everything, issuer=issuer)
    found = ask(app, path, method="POST", headers={"Content-Type": VEHICLE_REQUEST_TYPE}, body=[b"half a requ", None])
    assert (400, "http-400") == (found.status, found.code)


def test_a_list_from_the_future_is_not_ready(lite: StatusRegistry, clock: SetClock, tmp_path: Path) -> None:
    """Readers refuse it, so whoever watches the service is told."""
    lite.publish(tmp_path / "ahead", signer=STATUS_SIGNER, uri_template=TEMPLATE, now=NOW + DAY)
    clock.at = NOW
    found = ask(app_of(lite, tmp_path / "ahead"), "/ready")
    assert (503, "status-list-future") == (found.status, found.code)
