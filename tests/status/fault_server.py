"""A register on loopback that publishes what a test gives it, and misbehaves as a test tells it to."""

from __future__ import annotations

import contextlib
import socket
import threading
import time
from collections.abc import Callable, Mapping
from types import TracebackType
from typing import Final, Self

import attrs

_BACKLOG: Final = 256
_LINE_END: Final = b"\r\n"


@attrs.frozen(kw_only=True)
class Seen:
    """One request as the server saw it; header names in lower case."""

    method: str
    target: str
    headers: Mapping[str, str]
    body: bytes


@attrs.frozen(kw_only=True)
class Reply:
    """One reply. ``raw`` writes whatever it likes instead, and the connection is closed after it."""

    status: int = 200
    headers: Mapping[str, str] = attrs.field(factory=dict)
    body: bytes = b""
    delay_s: float = 0.0
    raw: Callable[[socket.socket], None] | None = None


Route = Reply | Callable[[Seen], Reply]


class FaultServer:
    """HTTP/1.1 on 127.0.0.1, one thread for each connection; everything it was asked is in ``seen``."""

    def __init__(self) -> None:
        self.routes: dict[str, Route] = {}
        self.seen: list[Seen] = []
        self._lock = threading.Lock()
        self._open: set[socket.socket] = set()
        self._threads: list[threading.Thread] = []
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=_BACKLOG)
        self.port: int = self._listener.getsockname()[1]
        self.stopping = threading.Event()
        self._acceptor = threading.Thread(target=self._accept, daemon=True)
        self._acceptor.start()

    @property
    def url(self) -> str:
        """Where it is, without a slash behind."""
        return f"http://127.0.0.1:{self.port}"

    def targets(self) -> list[str]:
        """What was asked for, in order."""
        with self._lock:
            return [seen.target for seen in self.seen]

    def count(self, target: str) -> int:
        """How often something was asked for."""
        return self.targets().count(target)

    def close(self) -> None:
        """Gone: connections are refused from here on, and those that are open end."""
        self.stopping.set()
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        with self._lock:
            still_open = list(self._open)
        for connection in still_open:
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)
        self._acceptor.join(5)
        for thread in self._threads:
            thread.join(5)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()

    def _accept(self) -> None:
        while not self.stopping.is_set():
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            thread = threading.Thread(target=self._serve, args=(connection,), daemon=True)
            with self._lock:
                self._open.add(connection)
                self._threads.append(thread)
            thread.start()

    def _serve(self, connection: socket.socket) -> None:
        with connection, contextlib.suppress(OSError, ValueError):
            buffer = b""
            while not self.stopping.is_set():
                found = _read_request(connection, buffer)
                if found is None:
                    break
                seen, buffer = found
                with self._lock:
                    self.seen.append(seen)
                if not self._reply(connection, seen):
                    break
        with self._lock:
            self._open.discard(connection)

    def _reply(self, connection: socket.socket, seen: Seen) -> bool:
        """Reply; whether the connection goes on."""
        route = self.routes.get(seen.target) or self.routes.get("*") or Reply(status=404)
        reply = route if isinstance(route, Reply) else route(seen)
        if reply.delay_s and self.stopping.wait(reply.delay_s):
            return False
        if reply.raw is not None:
            reply.raw(connection)
            return False
        headers = {"Content-Length": str(len(reply.body)), **reply.headers}
        head = [f"HTTP/1.1 {reply.status} X", *(f"{name}: {value}" for name, value in headers.items())]
        connection.sendall("\r\n".join(head).encode() + 2 * _LINE_END + reply.body)
        return True


def _read_request(connection: socket.socket, buffer: bytes) -> tuple[Seen, bytes] | None:
    while 2 * _LINE_END not in buffer:
        piece = connection.recv(65536)
        if not piece:
            return None
        buffer += piece
    head, _, rest = buffer.partition(2 * _LINE_END)
    first, *lines = head.decode("latin-1").split("\r\n")
    method, target, _ = first.split(" ")
    headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
    size = int(headers.get("content-length", "0"))
    while len(rest) < size:
        rest += connection.recv(65536)
    return Seen(method=method, target=target, headers=headers, body=rest[:size]), rest[size:]


def dripping(head: bytes, piece: bytes, *, pause_s: float, pieces: int = 10_000) -> Callable[[socket.socket], None]:
    """Writes the head, and then piece after piece with pauses between, until the reader has had enough."""

    def write(connection: socket.socket) -> None:
        connection.sendall(head)
        for _ in range(pieces):
            time.sleep(pause_s)
            connection.sendall(piece)

    return write


def raw(data: bytes) -> Callable[[socket.socket], None]:
    """Writes these bytes, and closes."""
    return lambda connection: connection.sendall(data)
