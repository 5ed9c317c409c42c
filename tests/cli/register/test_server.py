"""The command's own server ends what is half sent and what is not taken, and keeps serving everybody else."""

from __future__ import annotations

import logging
import socket
import struct
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager, suppress

import pytest

pytest.importorskip("uvicorn", reason="the register extra is not installed")

import uvicorn
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from certcore._cli.register.server import MAX_HEADER_BYTES, TimedProtocol
from certcore.register._routes._http import TellDefects

GENEROUS_S = 60
BIG = b"x" * (32 << 20)

HALF_SENT = {
    "nothing": (b"", b"408"),
    "half a line": (b"GET /small HT", b"408"),
    "half the headers": (b"GET /small HTTP/1.1\r\nHost: x\r\nX: ", b"408"),
    "no body": (b"POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\n", b"408"),
    "half a body": (b"POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\nabc", b"408"),
    "half a chunk": (b"POST /echo HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nabc", b"408"),
    "no last chunk": (b"POST /echo HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n", b"408"),
    "a body nobody reads": (b"POST /small HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\nabc", b"200"),
    "a second request": (b"GET /small HTTP/1.1\r\nHost: x\r\n\r\nGET /small HTTP/1.1\r\nHos", b"200"),
    "a second body": (
        b"GET /small HTTP/1.1\r\nHost: x\r\n\r\nPOST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\n",
        b"200",
    ),
}
"""What is sent, and the status of the first answer."""


async def small(_: Request) -> Response:
    """A few bytes."""
    return Response(b"small")


async def echo(request: Request) -> Response:
    """What was sent."""
    return Response(await request.body())


async def big(_: Request) -> Response:
    """More than the kernel's buffers take."""
    return Response(BIG)


APP = Starlette(
    routes=[
        Route("/small", small, methods=["GET", "POST"]),
        Route("/echo", echo, methods=["POST"]),
        Route("/big", big),
    ],
    middleware=[Middleware(TellDefects)],  # as the service has it
)


@contextmanager
def serving(**changes: object) -> Iterator[int]:
    """A server with these limits and methods, on a port of its own."""
    protocol = type("Limited", (TimedProtocol,), changes)
    config = uvicorn.Config(
        APP,
        http=protocol,
        ws="none",
        lifespan="off",
        log_config=None,
        timeout_graceful_shutdown=1,
        h11_max_incomplete_event_size=MAX_HEADER_BYTES,
    )
    server = uvicorn.Server(config)
    with closing(socket.socket()) as listening:
        listening.bind(("127.0.0.1", 0))
        port = listening.getsockname()[1]
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]})
        thread.start()
        try:
            while not server.started:
                time.sleep(0.01)
            yield port
        finally:
            server.should_exit = True
            thread.join(timeout=GENEROUS_S)


def connected(port: int) -> socket.socket:
    """A client."""
    return socket.create_connection(("127.0.0.1", port), timeout=GENEROUS_S)


def read_to_the_end(client: socket.socket) -> bytes:
    """What the server sends until it ends the connection; TimeoutError where it does not."""
    found = bytearray()
    try:
        while data := client.recv(1 << 16):
            found += data
    except ConnectionResetError:
        pass
    return bytes(found)


def asked(port: int, target: str = "/small") -> bytes:
    """A whole request's answer; asked again where this machine was too slow to send it in time."""
    until = time.monotonic() + GENEROUS_S
    found = b""
    while b"200 OK" not in found and time.monotonic() < until:
        with closing(connected(port)) as client, suppress(ConnectionError):
            client.sendall(f"GET {target} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n".encode())
            found = read_to_the_end(client)
    return found


@pytest.mark.parametrize(("sent", "status"), HALF_SENT.values(), ids=HALF_SENT)
def test_what_is_half_sent_is_ended(sent: bytes, status: bytes, caplog: pytest.LogCaptureFixture) -> None:
    """Whichever half it is; nothing is logged as an error, and others are served meanwhile."""
    with serving(request_s=0.5) as port, closing(connected(port)) as client:
        client.sendall(sent)
        assert asked(port).endswith(b"small")
        found = read_to_the_end(client)
    assert found.startswith(b"HTTP/1.1 " + status)
    assert [] == [record for record in caplog.records if record.levelno >= logging.ERROR]


def test_clients_that_leave_leave_nothing_in_the_log(caplog: pytest.LogCaptureFixture) -> None:
    """After half a request of any kind, politely or not, and before an answer has come."""
    whole = b"GET /big HTTP/1.1\r\nHost: x\r\n\r\n"
    with serving() as port:
        for sent in [*(sent for sent, _ in HALF_SENT.values()), whole]:
            for how in ("closed", "reset", "half closed"):
                with closing(connected(port)) as client:
                    client.sendall(sent)
                    if how == "reset":
                        client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                    if how == "half closed":
                        client.shutdown(socket.SHUT_WR)
        assert asked(port).endswith(b"small")
    assert [] == [record.getMessage() for record in caplog.records if record.levelno >= logging.ERROR]


@pytest.mark.parametrize(
    "first", [b"GET /small HTTP/1.1\r\nX: ", b"POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 9999999\r\n\r\n"]
)
def test_a_byte_now_and_then_does_not_help(first: bytes) -> None:
    """The limit is for the whole request, not for the pause between two bytes."""
    with serving(request_s=1.0) as port, closing(connected(port)) as client:
        client.sendall(first)
        until = time.monotonic() + GENEROUS_S
        with suppress(ConnectionError):
            while time.monotonic() < until:
                client.sendall(b"x")
                time.sleep(0.02)
            pytest.fail("the server still listens")


@pytest.mark.parametrize("bytes_read", [0, 1])
def test_an_answer_that_is_not_taken_is_ended(bytes_read: int) -> None:
    """A reader who stops cannot hold an answer for ever, and gets no more than the buffers hold."""
    ended = threading.Event()

    def connection_lost(self: TimedProtocol, exc: Exception | None) -> None:
        TimedProtocol.connection_lost(self, exc)
        ended.set()

    with serving(answer_s=0.3, connection_lost=connection_lost) as port, closing(connected(port)) as client:
        client.sendall(b"GET /big HTTP/1.1\r\nHost: x\r\n\r\n")
        client.recv(bytes_read)
        assert ended.wait(GENEROUS_S)
        assert len(read_to_the_end(client)) < len(BIG)
        assert asked(port).endswith(b"small")


def test_many_half_sent_requests_leave_room_for_others() -> None:
    """They are let go of, so that there is room again; beyond the limit a connection is closed at once."""
    with serving(request_s=1.0, max_connections=20) as port, ExitStack() as stack:
        clients = [stack.enter_context(closing(connected(port))) for _ in range(60)]
        for client in clients:
            try:
                client.sendall(b"GET /small HTTP/1.1\r\nX")
            except OSError:  # closed already
                continue
        for client in clients:
            read_to_the_end(client)
        assert asked(port).endswith(b"small")


def test_whole_requests_are_answered_one_after_another() -> None:
    """Whoever is quick is never cut off: on one connection, in parts, several at once, and large answers."""
    with serving() as port, closing(connected(port)) as client:
        for _ in range(3):
            client.sendall(b"GET /small HTTP/1.1\r\nHo")
            client.sendall(b"st: x\r\n\r\nPOST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\n\r\nab")
            client.sendall(b"cd")
            found = b""
            while not (found.count(b"200 OK") == 2 and found.endswith(b"abcd")):
                found += client.recv(1 << 16)
        assert asked(port, "/big").endswith(BIG[-1000:])


@pytest.mark.parametrize("target", ["/small", "/echo"])
@pytest.mark.parametrize("is_at_once", [True, False])
def test_what_is_no_http_behind_a_head_ends_in_silence(
    target: str, caplog: pytest.LogCaptureFixture, *, is_at_once: bool
) -> None:
    """Whether or not the head has its answer already: one answer comes, and nothing is logged as an error."""
    head = f"POST {target} HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n".encode()
    found = b""
    with serving() as port, closing(connected(port)) as client:
        if is_at_once or target == "/echo":
            client.sendall(head + b"ZZ\r\n\r\n")
        else:
            client.sendall(head + b"5\r\nabcde\r\n")
            while not found.endswith(b"small"):
                found += client.recv(1 << 16)
            client.sendall(b"ZZ\r\n\r\n")
        found += read_to_the_end(client)
    assert found.count(b"HTTP/1.1 ") == 1
    assert [] == [record.getMessage() for record in caplog.records if record.levelno >= logging.ERROR]


def test_headers_without_end_are_refused() -> None:
    """At sixteen thousand bytes."""
    with serving() as port, closing(connected(port)) as client:
        client.sendall(b"GET /small HTTP/1.1\r\nX: " + b"x" * (2 * MAX_HEADER_BYTES))
        assert read_to_the_end(client).startswith(b"HTTP/1.1 400")
