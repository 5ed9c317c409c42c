"""The server of ``certcore status serve``: uvicorn, with limits for slow clients.

A request must be complete, headers and body, within `REQUEST_S` of its first byte. Otherwise its connection is closed,
with 408 if no answer has begun. A connection on which nothing arrives is closed as well. A client must take an answer
within `ANSWER_S`. Connections beyond `MAX_CONNECTIONS` are closed at once. These limits protect a service without a
proxy, and they hold for what a proxy passes on.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import h11
import uvicorn
from uvicorn.protocols.http.h11_impl import H11Protocol

if TYPE_CHECKING:
    from asyncio import TimerHandle, Transport
    from collections.abc import Callable

REQUEST_S: Final = 15.0
"""How long a request may be on its way. Longer than the app's own limit for a body, which is told as a problem."""

ANSWER_S: Final = 60.0
"""How long an answer may be on its way: a list of 4 MB over some 70 kB a second."""

MAX_CONNECTIONS: Final = 500
"""Half of the open files that a process usually may have."""

MAX_HEADER_BYTES: Final = 16 << 10

_COMING: Final = frozenset({h11.IDLE, h11.SEND_BODY})
_TOO_SLOW: Final = b"HTTP/1.1 408 Request Timeout\r\nConnection: close\r\nContent-Length: 0\r\n\r\n"


class TimedProtocol(H11Protocol):
    """One connection, with its two limits."""

    request_s, answer_s, max_connections = REQUEST_S, ANSWER_S, MAX_CONNECTIONS

    def __init__(self, *args: Any, **settings: Any) -> None:  # noqa: ANN401  uvicorn's own
        super().__init__(*args, **settings)
        self._request_end: TimerHandle | None = None
        self._answer_end: TimerHandle | None = None

    def connection_made(self, transport: Transport) -> None:  # type: ignore[override]  # as in uvicorn
        """Expect a request."""
        super().connection_made(transport)
        if len(self.connections) > self.max_connections:
            transport.abort()
        self._expect_request()

    def data_received(self, data: bytes) -> None:
        """Expect the rest of a request, if there is one."""
        super().data_received(data)
        if self.conn.their_state in _COMING:
            self._expect_request()
        else:
            self._forget_request()

    def send_400_response(self, msg: str) -> None:
        """Refuse what is not HTTP; behind an answer that has begun, there is only the end of the connection."""
        if self.cycle is not None:
            self.cycle.disconnected = True  # the application may still be at the request's head: nobody waits for it
        if self.conn.our_state in {h11.IDLE, h11.SEND_RESPONSE}:
            super().send_400_response(msg)
        else:
            self.transport.close()

    def on_response_complete(self) -> None:
        """Expect the answer to be taken."""
        super().on_response_complete()
        if self.conn.their_state is h11.SEND_BODY:  # of the next request already, or still of this one
            self._expect_request()
        self._forget_answer()
        if self.transport.get_write_buffer_size():
            self._expect_reader()

    def pause_writing(self) -> None:
        """Expect a reader who has fallen behind to catch up."""
        super().pause_writing()
        self._expect_reader()

    def connection_lost(self, exc: Exception | None) -> None:
        """Expect nothing more."""
        self._forget_request()
        self._forget_answer()
        super().connection_lost(exc)

    def _expect_request(self) -> None:
        if self._request_end is None:
            self._request_end = self.loop.call_later(self.request_s, self._end_request)

    def _expect_reader(self) -> None:
        if self._answer_end is None:
            self._answer_end = self.loop.call_later(self.answer_s, self._end_answer)

    def _forget_request(self) -> None:
        if self._request_end is not None:
            self._request_end.cancel()
            self._request_end = None

    def _forget_answer(self) -> None:
        if self._answer_end is not None:
            self._answer_end.cancel()
            self._answer_end = None

    def _end_request(self) -> None:
        if self.transport.get_write_buffer_size() or self.conn.our_state is h11.SEND_BODY:
            self.transport.abort()
            return
        if self.conn.our_state in {h11.IDLE, h11.SEND_RESPONSE}:
            self.transport.write(_TOO_SLOW)
        self.transport.close()

    def _end_answer(self) -> None:
        if self.transport.get_write_buffer_size():
            self.transport.abort()
        self._answer_end = None


def run(app: Callable[..., Any], *, host: str, port: int) -> None:
    """Serve until told to stop. What is logged, `certcore._cli.output.logs` says; who asked, nobody does."""
    uvicorn.run(
        app,
        host=host,
        port=port,
        http=TimedProtocol,
        ws="none",
        server_header=False,
        log_config=None,
        access_log=False,
        h11_max_incomplete_event_size=MAX_HEADER_BYTES,
    )
