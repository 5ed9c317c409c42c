"""Every request to the service is told of: by route, with the code of a refusal; and names nobody."""

from __future__ import annotations

import logging
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import pytest
from starlette.applications import Starlette

from certcore import events
from certcore.events import Event
from certcore.reasons import REASONS, explain
from certcore.register.access import RateLimit
from certcore.register.log import StatusRegistry
from certcore.status import VehicleQuery
from certcore.status.vehicledoc import VEHICLE_REQUEST_TYPE, encode_request
from tests.register.asgi import Answer, ask
from tests.register.cast import NOW
from tests.register.test_service import app_of, authorize

PLATE, VIN, TOKEN = "闽C12345", "LSVAA4181E2184211", "both"
ASKED: Final = encode_request(
    VehicleQuery(country="CN", registration_number=PLATE, plate_type=2, vin=VIN, as_of=NOW, asked_at=NOW),
    nonce=b"n" * 16,
)


def post(app: Starlette, body: bytes = ASKED, who: str = TOKEN, kind: str = VEHICLE_REQUEST_TYPE) -> Answer:
    """A question about a vehicle."""
    return ask(app, "/vehicles", method="POST", headers={"Authorization": who, "Content-Type": kind}, body=[body])


ROUTES: Final[dict[str, tuple[Callable[[Starlette], Answer], tuple[str, str | None, int, str | None]]]] = {
    "well": (lambda app: ask(app, "/health"), ("GET", "/health", 200, None)),
    "no such list": (lambda app: ask(app, "/lists/77?time=5"), ("GET", "/lists/{list}", 404, "http-404")),
    "no such events": (lambda app: ask(app, "/lists/77.events"), ("GET", "/lists/{list}.events", 404, "http-404")),
    "no such path": (lambda app: ask(app, f"/{PLATE}/{VIN}"), ("GET", None, 404, "http-404")),
    "no such method": (lambda app: ask(app, "/health", method="BREW"), ("other", "/health", 405, "http-405")),
    "nobody": (lambda app: post(app, who=VIN), ("POST", "/vehicles", 401, "http-401")),
    "no scope": (lambda app: post(app, who="none"), ("POST", "/vehicles", 403, "http-403")),
    "another type": (lambda app: post(app, kind="text/plain"), ("POST", "/vehicles", 415, "http-415")),
    "no request": (lambda app: post(app, b"\xa0" + VIN.encode()), ("POST", "/vehicles", 400, "malformed")),
    "no such time": (lambda app: ask(app, f"/lists/7?time={VIN}"), ("GET", "/lists/{list}", 400, "http-400")),
    "a lost trust list": (lambda app: ask(app, "/trust-list"), ("GET", "/trust-list", 404, "http-404")),
}  # fmt: skip


@pytest.fixture
def app(lite: StatusRegistry, tmp_path: Path) -> Starlette:
    """The service, over an empty folder."""
    return app_of(lite, tmp_path / "published", trust_list=tmp_path / "nothere.cbor")


@pytest.mark.parametrize("name", ROUTES)
def test_every_request_is_told_of(
    name: str, app: Starlette, heard: list[Event], caplog: pytest.LogCaptureFixture
) -> None:
    """Once, in the register's own log, in words that the service chose; a refusal by its code."""
    caplog.set_level(logging.DEBUG)
    stop = events.listen(events.write_log)
    request, (method, route, status, code) = ROUTES[name]
    answer = request(app)
    stop()
    (event,) = heard
    told = dict(event.fields)
    assert isinstance(told.pop("duration_ms"), float)
    assert ("certcore.request", status) == (event.name, answer.status)
    assert {"method": method, "route": route, "status": status, "code": code} == told
    (record,) = [record for record in caplog.records if record.name.startswith("certcore")]
    assert "certcore.register" == record.name
    shown = f"{heard!r}{vars(record)!r}"
    assert [] == [secret for secret in (PLATE, VIN, TOKEN, "127.0.0.1") if secret in shown.replace("'both'", "")]


@pytest.mark.parametrize("name", ROUTES)
def test_a_code_leads_to_its_words(name: str, app: Starlette) -> None:
    """A problem with a code of certcore's has a link to what it means; a number of HTTP needs none."""
    answer = ROUTES[name][0](app)
    code = answer.code if answer.status >= 400 else ""
    expected = f'<{explain(code).url}>; rel="help"' if code in REASONS else None
    assert expected == answer.headers.get("link")


def test_a_defect_is_told_of_and_answered(lite: StatusRegistry, tmp_path: Path, heard: list[Event]) -> None:
    """What nobody thought of is a place in the code, and a request that came to 500."""

    def broken(_: Any) -> None:  # noqa: ANN401  of no matter
        raise ZeroDivisionError(VIN)

    answer = post(app_of(lite, tmp_path, authorize=broken))
    assert (500, "http-500") == (answer.status, answer.code)
    assert ["certcore.defect", "certcore.request"] == [event.name for event in heard]
    assert (500, "http-500") == (heard[1].fields["status"], heard[1].fields["code"])
    assert VIN not in repr(heard)


def test_who_asks_too_often_is_told_of(lite: StatusRegistry, tmp_path: Path, heard: list[Event]) -> None:
    """A refusal for the number of requests is one like every other."""
    limit = RateLimit(per_second=0.001, burst=1, clock=lambda: NOW)
    app = app_of(lite, tmp_path, limit=limit, authorize=authorize)
    post(app)
    post(app)
    assert ["http-429"] == [event.fields["code"] for event in heard if event.fields["status"] == 429]
