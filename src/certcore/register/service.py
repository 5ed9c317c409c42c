"""An ASGI app over a register and its published folder: lists for everybody, the rest for those who may ask.

What lives here: HTTP. Lists and events are handed out as they were published, byte for byte: nothing is signed on
request but answers about vehicles, receipts and live presentations. What never does: TLS, and logs of what was asked; a
request's body never reaches one. Put a proxy that ends TLS in front; certcore's own server listens on loopback unless
told otherwise.

A look-up of a vehicle is decided in this order: who asks, how often, what kind and how many bytes, what is asked,
whether that is within the scopes; and only then is the register asked.
"""

from __future__ import annotations

import hashlib
import math
import re
from collections.abc import Awaitable, Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import timedelta
from functools import lru_cache
from pathlib import Path
from typing import Any, Final

import attrs
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

from certcore import armor
from certcore._instants import CLOCK_SKEW
from certcore._live import TextRegistry
from certcore.errors import CertcoreError, IssuingError, RejectedInputError, StatusError
from certcore.issue import Issuer
from certcore.keys import Signer
from certcore.proofs.receipts import RECEIPT_TYPE
from certcore.register import _layout
from certcore.register.access import BY_PLATE, BY_VIN, LIVE, RECEIPT, Principal, RateLimit
from certcore.register.log import StatusRegistry
from certcore.register.openapi import JSON_TYPE, describe
from certcore.status.eventlist import STATUS_EVENTS_TYPE
from certcore.status.protocol import VehicleQuery
from certcore.status.tokenlist import STATUS_LIST_TYPE
from certcore.status.vehicledoc import (
    MAX_REQUEST_BYTES,
    VEHICLE_ANSWER_TYPE,
    VEHICLE_REQUEST_TYPE,
    decode_request,
    issue_answer,
)
from certcore.trust._lists import MEDIA_TYPE as TRUST_LIST_TYPE

__all__ = [
    "create_app",
]

Authorize = Callable[[Request], Principal | None]
"""Who is asking; None for nobody who may."""

PER_SECOND: Final = 5.0
BURST: Final = 20
"""What one principal may ask for in the long run, and at once."""

DEFAULT_LIST_PATH: Final = "/lists/{list}"

NOT_MODIFIED, BAD_REQUEST, UNAUTHORISED, FORBIDDEN, NOT_FOUND = 304, 400, 401, 403, 404
TOO_LARGE, WRONG_TYPE, UNPROCESSABLE, TOO_MANY, UNAVAILABLE = 413, 415, 422, 429, 503

_NUMBER: Final = re.compile("0|[1-9][0-9]{0,9}")
_SECONDS: Final = re.compile("[0-9]{1,11}")
_LINE_END: Final = "\r\n"
_OPAQUE_TAG: Final = re.compile('"[^"]*"')
_PAST_MAX_AGE_S: Final = 86_400
"""How long a document of the past may be cached: it does not change, but need not fill a cache for ever."""

_DEFAULT_MAX_AGE_S: Final = 300

Handler = Callable[[Request], Awaitable[Response]]


@attrs.frozen(kw_only=True)
class _Settings:
    """What the routes share."""

    registry: StatusRegistry
    signer: Signer | None
    trust_list: Path | bytes
    folder: Path
    authorize: Authorize | None
    list_path: str
    answer_lifetime: timedelta
    limit: RateLimit
    issuer: Issuer | None
    live_lifetime: timedelta


def create_app(  # noqa: PLR0913  an app is put together once, of parts that all have names
    registry: StatusRegistry,
    *,
    signer: Signer | None,
    trust_list: Path | bytes,
    folder: Path,
    authorize: Authorize | None,
    list_path: str = DEFAULT_LIST_PATH,
    answer_lifetime: timedelta = timedelta(minutes=5),
    limit: RateLimit | None = None,
    issuer: Issuer | None = None,
    live_lifetime: timedelta = timedelta(minutes=5),
) -> Starlette:
    """The app. Without a signer, or without somebody to say who may ask, it looks no vehicles up and gives no receipts.

    Receipts name the issuer, so that a register that was made without one gives none either.

    Args:
        registry: what vehicles and certificates are looked up in.
        signer: whose key signs answers about vehicles and receipts; its usage in the trust list must be ``register``.
        trust_list: the signed list, or the file that it is read from at each request.
        folder: what `StatusRegistry.publish` writes.
        authorize: who is asking; `certcore.register.access.BearerTokens` is one.
        list_path: the path of the lists' URI template, with ``{list}`` as its last segment.
        answer_lifetime: how long an answer about a vehicle speaks for the present; at most a day.
        limit: how often each principal may ask; five times a second and twenty at once, unless given.
        issuer: who presents certificates live; without one, or one without a live signer, nobody does.
        live_lifetime: for how long such a presentation is made.

    Raises:
        ValueError: for a path that no template of lists has, and for an issuer whose register cannot vouch for texts.
    """
    if not list_path.startswith("/") or not list_path.endswith("/{list}") or list_path.count("{") != 1:
        msg = "the path of lists is like /lists/{list}"
        raise ValueError(msg)
    _layout.check_place(f"https://host{list_path.replace('{list}', '0')}")
    if issuer is not None and issuer.live_signer is not None and not isinstance(issuer.registry, TextRegistry):
        msg = "certificates are presented live from a register that answers look-ups and shows recorded texts"
        raise ValueError(msg)
    settings = _Settings(
        registry=registry,
        signer=signer,
        trust_list=trust_list,
        folder=folder,
        authorize=authorize,
        list_path=list_path,
        answer_lifetime=answer_lifetime,
        limit=limit or RateLimit(per_second=PER_SECOND, burst=BURST, clock=registry.read_clock),
        issuer=issuer,
        live_lifetime=live_lifetime,
    )
    has_vehicles = signer is not None and authorize is not None
    has_live = issuer is not None and issuer.live_signer is not None and authorize is not None
    has_receipts = has_vehicles and registry.issuer is not None
    description = describe(list_path=list_path, has_vehicles=has_vehicles, has_live=has_live, has_receipts=has_receipts)
    routes = [
        Route("/trust-list", _threaded(settings, _trust_list)),
        Route("/status-lists", _threaded(settings, _aggregation)),
        Route(f"{list_path}.events", _threaded(settings, _events)),
        Route(list_path, _threaded(settings, _list)),
        Route("/health", _threaded(settings, _health)),
        Route("/ready", _threaded(settings, _ready)),
        Route("/openapi.json", _threaded(settings, lambda _, __: JSONResponse(description))),
    ]
    if has_vehicles:
        routes.append(Route("/vehicles", _vehicles(settings), methods=["POST"]))
    if has_receipts:
        routes.append(Route("/receipts", _with_a_text(settings, RECEIPT, _receipt), methods=["POST"]))
    if has_live:
        routes.append(Route("/live", _with_a_text(settings, LIVE, _present), methods=["POST"]))
    app = Starlette(routes=routes, exception_handlers={HTTPException: _http_problem, CertcoreError: _problem})
    app.router.redirect_slashes = False  # a redirection would name whatever host the request says
    return app


# --- documents for everybody


def _threaded(settings: _Settings, answer: Callable[[_Settings, Request], Response]) -> Handler:
    """A route that reads files or the database, which must not hold up the others."""

    async def endpoint(request: Request) -> Response:
        return await run_in_threadpool(answer, settings, request)

    return endpoint


def _trust_list(settings: _Settings, request: Request) -> Response:
    data = settings.trust_list if isinstance(settings.trust_list, bytes) else _read(settings.trust_list)
    return _document(request, data, TRUST_LIST_TYPE, max_age_s=_DEFAULT_MAX_AGE_S)


def _aggregation(settings: _Settings, request: Request) -> Response:
    data = _read(settings.folder / _layout.INDEX)
    return _document(request, data, JSON_TYPE, max_age_s=_DEFAULT_MAX_AGE_S)


def _list(settings: _Settings, request: Request) -> Response:
    return _published(settings, request, "", STATUS_LIST_TYPE)


def _events(settings: _Settings, request: Request) -> Response:
    return _published(settings, request, _layout.EVENTS_SUFFIX, STATUS_EVENTS_TYPE)


def _published(settings: _Settings, request: Request, suffix: str, media_type: str) -> Response:
    number = str(request.path_params["list"])
    if not _NUMBER.fullmatch(number):
        raise HTTPException(NOT_FOUND, "There is no such list")
    place = settings.list_path.replace("{list}", number).removeprefix("/")
    now = int(settings.registry.read_clock().timestamp())
    time = request.query_params.get("time")
    if time is None:
        data = _read(settings.folder / f"{place}{suffix}")
        return _document(request, data, media_type, max_age_s=_max_age_s(settings, place, now))
    if not _SECONDS.fullmatch(time):
        raise HTTPException(BAD_REQUEST, "A time is a number of seconds since 1970")
    if not (settings.folder / place).is_file():
        raise HTTPException(NOT_FOUND, "There is no such list")
    found = _layout.find_archived(settings.folder, f"{place}{suffix}", int(time))
    if found is None:
        raise HTTPException(NOT_FOUND, "There is no list for that time")
    max_age_s = _PAST_MAX_AGE_S if int(time) < now else _max_age_s(settings, place, now)
    return _document(request, _read(found), media_type, max_age_s=max_age_s)


def _max_age_s(settings: _Settings, place: str, now: int) -> int:
    """How long a current list may be cached: as long as it says itself, and never past its end."""
    published = _state(settings).get(place)
    if published is None:
        return 0
    left = max(0, published.expires_at - now)
    return min(left, _DEFAULT_MAX_AGE_S if published.ttl_s is None else published.ttl_s)


def _document(request: Request, data: bytes, media_type: str, *, max_age_s: int) -> Response:
    tag = f'"{hashlib.sha256(data).hexdigest()[:32]}"'
    headers = {
        "ETag": tag,
        "Cache-Control": f"public, max-age={max_age_s}",
        "Access-Control-Allow-Origin": "*",
        "X-Content-Type-Options": "nosniff",
    }
    wanted = request.headers.get("if-none-match", "")
    if wanted.strip() == "*" or tag in _OPAQUE_TAG.findall(wanted):
        return Response(status_code=NOT_MODIFIED, headers=headers)
    response = Response(data, headers=headers)
    response.headers["Content-Type"] = media_type  # as it is: no charset behind it
    return response


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as cause:
        raise HTTPException(NOT_FOUND, "There is no such document") from cause


def _state(settings: _Settings) -> Mapping[str, _layout.PublishedList]:
    """What was published last, by its place in the folder; read anew only after a publication."""
    path = settings.folder / _layout.STATE
    try:
        found = path.stat()
        return _read_state(path, (found.st_ino, found.st_mtime_ns, found.st_size))
    except OSError:
        return {}


@lru_cache(maxsize=8)
def _read_state(path: Path, _version: tuple[int, int, int]) -> Mapping[str, _layout.PublishedList]:
    lists = _layout.read_state(path.read_bytes())
    return {_layout.place_of(uri): published for uri, published in lists.items()}


# --- health


def _health(_: _Settings, __: Request) -> Response:
    return JSONResponse({"status": "ok"}, headers={"Cache-Control": "no-store"})


def _ready(settings: _Settings, _: Request) -> Response:
    """Ready when the register answers and what is published still speaks for the present."""
    settings.registry.check()
    now = int(settings.registry.read_clock().timestamp())
    state = _state(settings)
    if not state:
        raise StatusError("status-unavailable", "Nothing is published")
    expired = sum(published.expires_at <= now for published in state.values())
    if expired:
        raise StatusError("status-list-expired", "A published list has expired", lists=expired)
    ahead = sum(published.issued_at - now > CLOCK_SKEW.total_seconds() for published in state.values())
    if ahead:
        raise StatusError("status-list-future", "A published list is dated in the future", lists=ahead)
    return JSONResponse({"status": "ok", "lists": len(state)}, headers={"Cache-Control": "no-store"})


# --- vehicles


def _vehicles(settings: _Settings) -> Handler:
    async def endpoint(request: Request) -> Response:
        principal = await run_in_threadpool(_who, settings, request)
        if request.headers.get("content-type", "").partition(";")[0].strip().lower() != VEHICLE_REQUEST_TYPE:
            raise HTTPException(WRONG_TYPE, f"A request is {VEHICLE_REQUEST_TYPE}")
        body = await _body(request, MAX_REQUEST_BYTES)
        return await run_in_threadpool(_answer, settings, principal, body)

    return endpoint


def _who(settings: _Settings, request: Request) -> Principal:
    """Who asks, and whether that is not too often."""
    principal = None if settings.authorize is None else settings.authorize(request)
    if principal is None:
        raise HTTPException(UNAUTHORISED, "A token is needed", headers={"WWW-Authenticate": "Bearer"})
    wait_s = settings.limit.wait_s(principal.name)
    if wait_s:
        raise HTTPException(TOO_MANY, "Too many requests", headers={"Retry-After": str(math.ceil(wait_s))})
    return principal


async def _body(request: Request, limit: int) -> bytes:
    """The whole body, as long as it is no larger than such a request can be."""
    body = bytearray()
    try:
        async for part in request.stream():
            body += part
            if len(body) > limit:
                raise HTTPException(TOO_LARGE, f"A request has at most {limit} bytes")
    except ClientDisconnect as cause:
        raise HTTPException(BAD_REQUEST, "The request ended before its body did") from cause
    return bytes(body)


def _answer(settings: _Settings, principal: Principal, body: bytes) -> Response:
    now = settings.registry.read_clock()
    query = decode_request(body, asked_at=now)
    if not _scopes_for(query) <= principal.scopes:
        raise HTTPException(FORBIDDEN, "The token's scopes do not allow it")
    record = settings.registry.lookup_vehicle(query)
    if settings.signer is None:  # the route is not there then
        raise HTTPException(NOT_FOUND, "Vehicles are not looked up here")
    with _register_problems():
        data = issue_answer(
            record, request=body, signer=settings.signer, issued_at=now, expires_at=now + settings.answer_lifetime
        )
    response = Response(data, headers={"Cache-Control": "no-store", "X-Content-Type-Options": "nosniff"})
    response.headers["Content-Type"] = VEHICLE_ANSWER_TYPE
    return response


def _scopes_for(query: VehicleQuery) -> set[str]:
    """What one must be allowed to ask this."""
    wanted = {BY_PLATE} if query.registration_number is not None else set()
    return wanted | ({BY_VIN} if query.vin is not None else set())


# --- receipts and live presentations


def _with_a_text(settings: _Settings, scope: str, answer: Callable[[_Settings, str], Response]) -> Handler:
    """A route that takes a certificate's text, of those who may send it."""

    async def endpoint(request: Request) -> Response:
        principal = await run_in_threadpool(_who, settings, request)
        if scope not in principal.scopes:
            raise HTTPException(FORBIDDEN, "The token's scopes do not allow it")
        body = await _body(request, armor.MAX_CHARACTERS + len(_LINE_END))
        text = body.removesuffix(b"\n").removesuffix(b"\r").decode("ascii", "replace")
        return await run_in_threadpool(answer, settings, text)

    return endpoint


def _receipt(settings: _Settings, text: str) -> Response:
    """The register's receipt for a certificate; refused for one that it does not hold."""
    if settings.signer is None:  # the route is not there then
        raise HTTPException(NOT_FOUND, "Receipts are not given here")
    try:
        with _register_problems():
            data = settings.registry.receipt(text, signer=settings.signer)
    except IssuingError as cause:
        if cause.code == "not-recorded":
            raise HTTPException(UNPROCESSABLE, cause.message) from cause
        raise
    response = Response(data, headers={"Cache-Control": "no-store", "X-Content-Type-Options": "nosniff"})
    response.headers["Content-Type"] = RECEIPT_TYPE
    return response


def _present(settings: _Settings, text: str) -> Response:
    """A certificate presented for some minutes from now; refused unless it is this issuer's and in force."""
    if settings.issuer is None:  # the route is not there then
        raise HTTPException(NOT_FOUND, "Certificates are not presented here")
    try:
        shown = settings.issuer.present_live(text, lifetime=settings.live_lifetime)
    except IssuingError as cause:
        if cause.code == "not-presentable":
            raise HTTPException(UNPROCESSABLE, cause.message) from cause
        raise
    return PlainTextResponse(shown, headers={"Cache-Control": "no-store", "X-Content-Type-Options": "nosniff"})


# --- problems


@contextmanager
def _register_problems() -> Iterator[None]:
    """A record that no answer can state is the register's problem, not the caller's."""
    try:
        yield
    except ValueError as cause:
        raise StatusError("status-unavailable", "The register's record cannot be stated") from cause


def _http_problem(_: Request, error: Exception) -> Response:
    """An error of HTTP, as JSON."""
    if not isinstance(error, HTTPException):  # pragma: no cover  it is registered for nothing else
        raise error
    content = {"code": f"http-{error.status_code}", "message": error.detail}
    return JSONResponse(content, status_code=error.status_code, headers=_no_store(error.headers))


def _problem(_: Request, error: Exception) -> Response:
    """An error of certcore's, as JSON: whose messages never name a vehicle."""
    if not isinstance(error, CertcoreError):  # pragma: no cover  as above
        raise error
    status = BAD_REQUEST if isinstance(error, RejectedInputError) else UNAVAILABLE
    wait_s = error.retry_after_s if isinstance(error, StatusError) else None
    headers = {"Retry-After": str(math.ceil(wait_s))} if wait_s else {}
    message = "The answer could not be signed" if isinstance(error, IssuingError) else error.message
    return JSONResponse({"code": error.code, "message": message}, status_code=status, headers=_no_store(headers))


def _no_store(headers: Any) -> dict[str, str]:  # noqa: ANN401  a mapping or none
    return {**(headers or {}), "Cache-Control": "no-store"}
