"""The routes for those who may ask: vehicles, receipts and live presentations.

A request is decided in this order: who asks, how often, what kind and how many bytes in how much time, what is asked,
whether that is within the scopes; and only then is the register asked. The result is written to the audit trail, if
there is one. Unknown callers, and requests beyond the rate or the quota, leave no entry, so they cannot fill the trail.
The counts of the quota show requests beyond it.
"""

from __future__ import annotations

import math
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from typing import Final

import anyio
import attrs
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from certcore import armor
from certcore.errors import IssuingError, StatusError
from certcore.proofs.receipts import RECEIPT_TYPE
from certcore.register._routes._http import (
    BAD_REQUEST,
    FORBIDDEN,
    NOT_FOUND,
    TIMED_OUT,
    TOO_LARGE,
    TOO_MANY,
    UNAUTHORISED,
    UNPROCESSABLE,
    WRONG_TYPE,
    Handler,
    Settings,
    status_of,
)
from certcore.register.access import BY_PLATE, BY_VIN, LIVE, RECEIPT, Principal
from certcore.register.audit import Entry
from certcore.status.protocol import VehicleQuery
from certcore.status.vehicledoc import (
    MAX_REQUEST_BYTES,
    VEHICLE_ANSWER_TYPE,
    VEHICLE_REQUEST_TYPE,
    decode_request,
    issue_answer,
)

_LINE_END: Final = "\r\n"
_NO_STORE: Final = {"Cache-Control": "no-store", "X-Content-Type-Options": "nosniff"}
_OK: Final = 200


@attrs.define
class _Asked:
    """Who asks, and about what, as far as it has been read: pairs of a kind and an entry's subject."""

    principal: Principal
    about: list[tuple[str, str]]


@attrs.frozen(kw_only=True)
class _Question:
    """What differs from route to route.

    Attributes:
        kind: what is asked, before it has been read.
        read: the bytes of a request.
        answer: the answer to them.
    """

    kind: str
    read: Callable[[Settings, Request, Principal], Awaitable[bytes]]
    answer: Callable[[Settings, _Asked, bytes], Response]


def vehicles_route(settings: Settings) -> Route:
    """Look-ups of vehicles."""
    question = _Question(kind="vehicles", read=_read_vehicle_request, answer=_answer_vehicle)
    return Route("/vehicles", _guarded(settings, question), methods=["POST"])


def receipts_route(settings: Settings) -> Route:
    """Receipts for certificates."""
    question = _Question(kind=RECEIPT, read=_text_reader(RECEIPT), answer=_give_receipt)
    return Route("/receipts", _guarded(settings, question), methods=["POST"])


def live_route(settings: Settings) -> Route:
    """Live presentations of certificates."""
    question = _Question(kind=LIVE, read=_text_reader(LIVE), answer=_present)
    return Route("/live", _guarded(settings, question), methods=["POST"])


def _guarded(settings: Settings, question: _Question) -> Handler:
    async def endpoint(request: Request) -> Response:
        principal = await run_in_threadpool(_admit, settings, request)
        asked = _Asked(principal, [(question.kind, "")])
        try:
            body = await question.read(settings, request, principal)
        except HTTPException as refusal:
            await run_in_threadpool(_note, settings, asked, refusal.status_code)
            raise
        return await run_in_threadpool(_answer, settings, question, asked, body)

    return endpoint


def _admit(settings: Settings, request: Request) -> Principal:
    """Who asks, and whether that is not too often."""
    principal = None if settings.authorize is None else settings.authorize(request)
    if principal is None:
        raise HTTPException(UNAUTHORISED, "A token is needed", headers={"WWW-Authenticate": "Bearer"})
    if wait_s := settings.limit.wait_s(principal.name):
        raise HTTPException(TOO_MANY, "Too many requests", headers={"Retry-After": str(math.ceil(wait_s))})
    if wait_s := settings.quota.wait_s(principal):
        raise HTTPException(TOO_MANY, "Too many requests today", headers={"Retry-After": str(math.ceil(wait_s))})
    return principal


def _answer(settings: Settings, question: _Question, asked: _Asked, body: bytes) -> Response:
    """The answer, once it is in the trail."""
    try:
        response = question.answer(settings, asked, body)
    except Exception as error:
        _note(settings, asked, status_of(error))
        raise
    _note(settings, asked, _OK)
    return response


def _note(settings: Settings, asked: _Asked, outcome: int) -> None:
    if settings.audit is None:
        return
    now = settings.registry.read_clock()
    settings.audit.record(
        *(
            Entry(asked_at=now, who=asked.principal.name, kind=kind, subject=subject, outcome=outcome)
            for kind, subject in asked.about
        )
    )


async def _read_body(settings: Settings, request: Request, limit: int) -> bytes:
    """The whole body, as long as it is no larger than such a request can be, and no longer on its way than it may."""
    body = bytearray()
    try:
        with anyio.fail_after(settings.body_timeout.total_seconds()):
            async for part in request.stream():
                body += part
                if len(body) > limit:
                    raise HTTPException(TOO_LARGE, f"A request has at most {limit} bytes")
    except ClientDisconnect as cause:
        raise HTTPException(BAD_REQUEST, "The request ended before its body did") from cause
    except TimeoutError as cause:
        raise HTTPException(TIMED_OUT, "The request took too long", headers={"Connection": "close"}) from cause
    return bytes(body)


# --- vehicles


async def _read_vehicle_request(settings: Settings, request: Request, _: Principal) -> bytes:
    if request.headers.get("content-type", "").partition(";")[0].strip().lower() != VEHICLE_REQUEST_TYPE:
        raise HTTPException(WRONG_TYPE, f"A request is {VEHICLE_REQUEST_TYPE}")
    return await _read_body(settings, request, MAX_REQUEST_BYTES)


def _answer_vehicle(settings: Settings, asked: _Asked, body: bytes) -> Response:
    now = settings.registry.read_clock()
    query = decode_request(body, asked_at=now)
    asked.about = _subjects(settings, query)
    if not {scope for scope, _ in asked.about} <= asked.principal.scopes:
        raise HTTPException(FORBIDDEN, "The token's scopes do not allow it")
    record = settings.registry.lookup_vehicle(query)
    if settings.signer is None:  # the route is not there then
        raise HTTPException(NOT_FOUND, "Vehicles are not looked up here")
    with _register_problems():
        data = issue_answer(
            record, request=body, signer=settings.signer, issued_at=now, expires_at=now + settings.answer_lifetime
        )
    response = Response(data, headers=_NO_STORE)
    response.headers["Content-Type"] = VEHICLE_ANSWER_TYPE
    return response


def _subjects(settings: Settings, query: VehicleQuery) -> list[tuple[str, str]]:
    """What one must be allowed to ask this, each with what the trail calls the vehicle."""
    named: list[tuple[str, dict[str, str | None]]] = []
    if query.registration_number is not None:
        named.append((BY_PLATE, {"registration_number": query.registration_number, "country": query.country}))
    if query.vin is not None:
        named.append((BY_VIN, {"vin": query.vin}))
    audit = settings.audit
    return [(scope, "" if audit is None else audit.subject(**names)) for scope, names in named]


# --- receipts and live presentations


def _text_reader(scope: str) -> Callable[[Settings, Request, Principal], Awaitable[bytes]]:
    """Reads a certificate's text, of those who may send it."""

    async def read(settings: Settings, request: Request, principal: Principal) -> bytes:
        if scope not in principal.scopes:
            raise HTTPException(FORBIDDEN, "The token's scopes do not allow it")
        return await _read_body(settings, request, armor.MAX_CHARACTERS + len(_LINE_END))

    return read


def _text_of(settings: Settings, asked: _Asked, body: bytes) -> str:
    text = body.removesuffix(b"\n").removesuffix(b"\r").decode("ascii", "replace")
    if settings.audit is not None:
        asked.about = [(kind, settings.audit.subject(text=text)) for kind, _ in asked.about]
    return text


def _give_receipt(settings: Settings, asked: _Asked, body: bytes) -> Response:
    """The register's receipt for a certificate; refused for one that it does not hold."""
    if settings.signer is None:  # the route is not there then
        raise HTTPException(NOT_FOUND, "Receipts are not given here")
    text = _text_of(settings, asked, body)
    with _unprocessable("not-recorded"), _register_problems():
        data = settings.registry.receipt(text, signer=settings.signer)
    response = Response(data, headers=_NO_STORE)
    response.headers["Content-Type"] = RECEIPT_TYPE
    return response


def _present(settings: Settings, asked: _Asked, body: bytes) -> Response:
    """A certificate presented for some minutes from now; refused unless it is this issuer's and in force."""
    if settings.issuer is None:  # the route is not there then
        raise HTTPException(NOT_FOUND, "Certificates are not presented here")
    text = _text_of(settings, asked, body)
    with _unprocessable("not-presentable"):
        shown = settings.issuer.present_live(text, lifetime=settings.live_lifetime)
    return PlainTextResponse(shown, headers=_NO_STORE)


@contextmanager
def _unprocessable(code: str) -> Iterator[None]:
    """What is refused with this code is refused because of the text."""
    try:
        yield
    except IssuingError as cause:
        if cause.code == code:
            raise HTTPException(UNPROCESSABLE, cause.message) from cause
        raise


@contextmanager
def _register_problems() -> Iterator[None]:
    """A record that no answer can state is the register's problem, not the caller's."""
    try:
        yield
    except ValueError as cause:
        raise StatusError("status-unavailable", "The register's record cannot be stated") from cause
