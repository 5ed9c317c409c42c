"""Limits of a request, held before anything else looks at it; and the headers of every answer."""

from __future__ import annotations

import asyncio
import re
from typing import Any, Final

import attrs
import h11
from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from uvicorn.protocols.http.h11_impl import H11Protocol

from claims_desk import problems
from claims_desk.problems import Problem

HEAD_S: Final = 10.0
MAX_BYTES: Final = 20 * 1024 * 1024
BODY_S: Final = 30.0
MAX_REQUESTS: Final = 64
"""POST requests at once, with those that have not arrived yet."""

_PORT: Final = re.compile(r":[0-9]{1,5}\Z")

_DRAINED: Final = 128 * 1024 * 1024
"""Bytes above the limit that are thrown away, so that whoever sends them comes to read the answer."""

HEADERS: Final = {
    "content-security-policy": "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; "
    "connect-src 'self'; media-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    "cache-control": "no-store",
    "referrer-policy": "no-referrer",
    "x-content-type-options": "nosniff",
    "permissions-policy": "camera=(self), microphone=(), geolocation=()",
    "cross-origin-resource-policy": "same-origin",
    "cross-origin-opener-policy": "same-origin",
}


@attrs.define(eq=False)
class Limits:
    """The limits, around an application."""

    app: ASGIApp
    hosts: tuple[str, ...]
    max_bytes: int = MAX_BYTES
    body_s: float = BODY_S
    max_requests: int = MAX_REQUESTS
    _requests: int = attrs.field(default=0, init=False)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, if it keeps the limits."""
        if scope["type"] != "http":
            return await self.app(scope, receive, send)
        send = _with_headers(send)
        if not self._is_known(Headers(scope=scope).get("host", "")):
            return await problems.response(Problem("host"))(scope, receive, send)
        if scope["method"] in {"GET", "HEAD"}:
            return await self.app(_plain(scope), receive, send)
        if self._requests >= self.max_requests:
            return await problems.response(Problem("busy"))(scope, receive, send)
        self._requests += 1
        try:
            await self.app(scope, _Body(receive, self.max_bytes, self.body_s).receive, send)
        finally:
            self._requests -= 1
        return None

    def _is_known(self, host: str) -> bool:
        """Whether the desk is called by this name: no other site's page can have a browser ask in its own name."""
        return _PORT.sub("", host).lower() in self.hosts


@attrs.define(eq=False)
class _Body:
    """A request's body while it arrives."""

    given: Receive
    max_bytes: int
    seconds: float
    _count: int = 0
    _until: float | None = None
    _is_whole: bool = False

    async def receive(self) -> Message:
        """The next part.

        Raises:
            Problem: ``too-large`` or ``too-slow``.
        """
        if self._is_whole:
            return await self.given()
        message = await self._next()
        if self._count > self.max_bytes:
            await self._drain()
            raise Problem("too-large")
        return message

    async def _drain(self) -> None:
        while not self._is_whole and self._count < _DRAINED:
            await self._next()

    async def _next(self) -> Message:
        self._until = self._until or asyncio.get_running_loop().time() + self.seconds
        try:
            async with asyncio.timeout_at(self._until):
                message = await self.given()
        except TimeoutError as error:
            self._is_whole = True
            raise Problem("too-slow") from error
        self._count += len(message.get("body", b""))
        self._is_whole = message["type"] != "http.request" or not message.get("more_body", False)
        return message


def _plain(scope: Scope) -> Scope:
    """A request for all of something: the server leaves out the body where the head alone was asked for."""
    headers = [(name, value) for name, value in scope["headers"] if name != b"range"]
    return {**scope, "method": "GET", "headers": headers}


def _with_headers(send: Send) -> Send:
    async def sending(message: Any) -> None:  # noqa: ANN401  as ASGI has it
        if message["type"] == "http.response.start":
            given = {name.lower() for name, _ in message["headers"]}
            more = [(name.encode(), value.encode()) for name, value in HEADERS.items() if name.encode() not in given]
            message = {**message, "headers": [*message["headers"], *more]}
        await send(message)

    return sending


class PatientProtocol(H11Protocol):
    """HTTP as uvicorn speaks it, but a connection is closed on which no whole head of a request arrives in time.

    uvicorn itself waits for ever: whoever opens connections and says little would have them all.
    """

    head_s = HEAD_S
    _closing: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as uvicorn has it
        """Begin to wait for a head."""
        super().connection_made(transport)
        self._watch()

    def data_received(self, data: bytes) -> None:
        """Look whether it is whole."""
        super().data_received(data)
        self._watch()

    def connection_lost(self, exc: Exception | None) -> None:
        """Wait no more."""
        super().connection_lost(exc)
        self._stop()

    def send_400_response(self, msg: str) -> None:  # noqa: ARG002  # the problem says it in two languages
        """Refuse what is not HTTP, as any other request; behind an answer, there is only the end of the connection."""
        if self.cycle is not None:
            self.cycle.disconnected = True  # the application may still be at the request's head, and answers nobody
        if self.conn.our_state in {h11.IDLE, h11.SEND_RESPONSE}:
            told = problems.response(Problem("request"))
            told.headers.update({**HEADERS, "connection": "close"})
            answer = h11.Response(status_code=told.status_code, headers=told.raw_headers)
            for event in (answer, h11.Data(data=bytes(told.body)), h11.EndOfMessage()):
                self.transport.write(self.conn.send(event) or b"")
        self.transport.close()

    def _watch(self) -> None:
        if bool(self.cycle) and not self.cycle.response_complete:  # there is none before the first request
            self._stop()
        elif self._closing is None:
            self._closing = self.loop.call_later(self.head_s, self.transport.close)

    def _stop(self) -> None:
        if self._closing is not None:
            self._closing.cancel()
            self._closing = None
