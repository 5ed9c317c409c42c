"""What the service's routes share: their settings, the numbers of HTTP, and how errors are answered.

An error is answered as JSON with a stable code and a message that names no vehicle, whatever was sent. An unforeseen
error is answered in the same way. The log then has one line that says where it happened, and never a value.
"""

from __future__ import annotations

import math
import traceback
from collections.abc import Awaitable, Callable, Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any, Final

import attrs
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp, Receive, Scope, Send

from certcore import events
from certcore.errors import CertcoreError, IssuingError, RejectedInputError, StatusError, UntrustedError
from certcore.issue import Issuer
from certcore.keys import Signer
from certcore.reasons import REASONS, explain
from certcore.register._publication._published import PublishedFolder
from certcore.register.access import DailyQuota, Principal, RateLimit
from certcore.register.audit import AuditTrail
from certcore.register.log import StatusRegistry

NOT_MODIFIED, BAD_REQUEST, UNAUTHORISED, FORBIDDEN, NOT_FOUND = 304, 400, 401, 403, 404
TIMED_OUT, TOO_LARGE, WRONG_TYPE, UNPROCESSABLE, TOO_MANY = 408, 413, 415, 422, 429
FAILED, UNAVAILABLE = 500, 503

_METHODS: Final = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
_CODE: Final = "certcore.code"
"""Where a request's scope has the code of its problem."""

Handler = Callable[[Request], Awaitable[Response]]


@attrs.frozen(kw_only=True)
class Settings:
    """What the routes share; see `certcore.register.service.create_app`."""

    registry: StatusRegistry
    signer: Signer | None
    trust_list: Path | bytes
    folder: PublishedFolder
    authorize: Callable[[Request], Principal | None] | None
    list_path: str
    answer_lifetime: timedelta
    limit: RateLimit
    quota: DailyQuota
    audit: AuditTrail | None
    body_timeout: timedelta
    issuer: Issuer | None
    live_lifetime: timedelta

    @property
    def second(self) -> int:
        """What time it is, by the register's clock."""
        return int(self.registry.read_clock().timestamp())


def threaded(settings: Settings, answer: Callable[[Settings, Request], Response]) -> Handler:
    """A route that reads files or the database, which must not hold up the others."""

    async def endpoint(request: Request) -> Response:
        return await run_in_threadpool(answer, settings, request)

    return endpoint


def status_of(error: Exception) -> int:
    """The number that an error is answered with."""
    if isinstance(error, HTTPException):
        return error.status_code
    if isinstance(error, RejectedInputError | UntrustedError):
        return BAD_REQUEST
    return UNAVAILABLE if isinstance(error, CertcoreError) else FAILED


def http_problem(request: Request, error: Exception) -> Response:
    """An error of HTTP, as JSON."""
    if not isinstance(error, HTTPException):  # pragma: no cover  it is registered for nothing else
        raise error
    return _problem(request.scope, error.status_code, f"http-{error.status_code}", error.detail, error.headers)


def problem(request: Request, error: Exception) -> Response:
    """An error of certcore's, as JSON: whose messages never name a vehicle."""
    if not isinstance(error, CertcoreError):  # pragma: no cover  as above
        raise error
    wait_s = error.retry_after_s if isinstance(error, StatusError) else None
    headers = {"Retry-After": str(math.ceil(wait_s))} if wait_s else {}
    message = "The answer could not be signed" if isinstance(error, IssuingError) else error.message
    return _problem(request.scope, status_of(error), error.code, message, headers)


class TellDefects:
    """Around the app: each request is told of; a defect is answered with 500, and logged as a place in the code."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        began, status = events.start(), 0

        async def watch(message: Any) -> None:  # noqa: ANN401  the protocol's own
            nonlocal status
            status = message.get("status", status)
            await send(message)

        try:
            await self._app(scope, receive, watch)
        except ClientDisconnect:  # whoever asked has left
            return
        except Exception as error:  # noqa: BLE001  whatever it is, the next request is answered
            at = traceback.extract_tb(error.__traceback__)[-1]
            events.tell("certcore.defect", error=type(error).__name__, function=at.name, line=at.lineno)
            if scope["type"] == "http" and not status:
                answer = _problem(scope, FAILED, f"http-{FAILED}", "The service failed", {})
                await answer(scope, receive, watch)
        if began is not None and status:
            _tell(scope, status, began)


def _tell(scope: Scope, status: int, began: float) -> None:
    """Tell of a request, in words that the service chose: a path, a method or an address may be anything."""
    route, method = scope.get("route"), scope.get("method")
    events.tell(
        "certcore.request",
        method=method if method in _METHODS else "other",
        route=route.path if isinstance(route, Route) else None,
        status=status,
        code=scope.get(_CODE),
        duration_ms=events.elapsed_ms(began),
    )


def _problem(scope: Scope, status: int, code: str, message: str, headers: Mapping[str, str] | None) -> Response:
    is_known = code in REASONS  # a guard or a key of somebody else's may raise any code
    scope[_CODE] = code if is_known else f"http-{status}"
    more = {"Link": f'<{explain(code).url}>; rel="help"'} if is_known else {}
    return JSONResponse(
        {"code": code, "message": message},
        status_code=status,
        headers={**(headers or {}), **more, "Cache-Control": "no-store"},
    )
