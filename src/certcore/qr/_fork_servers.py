"""The other end of `certcore.qr._fork_server`: one such program for each decoder, and a fork of it for each file.

A server is started for the first file and kept. Nothing of a file goes to it, only to its forks, which have no more of
this process than a program that was started for the file. Where it ended, another is started.
"""

from __future__ import annotations

import atexit
import fcntl
import os
import signal
import socket
import subprocess
from collections.abc import Callable, Iterable
from contextlib import suppress
from threading import Lock
from typing import IO, Final

import attrs

from certcore import _forks
from certcore.qr._deadline import Deadline
from certcore.qr._fork_server import MAX_MESSAGE

_PIPE_BYTES: Final = 1024 * 1024
"""Bytes that a pipe holds, where the system allows it: a page is handed over in some parts, not in hundreds."""

_SLOWEST_S: Final = 60.0
"""Seconds after which a server is taken for dead: it is loaded in tenths of one, and forks in thousandths."""

Start = Callable[[int], "subprocess.Popen[bytes]"]
"""Starts a server whose standard input is this socket."""


@attrs.define(eq=False)
class Fork:
    """A process that decodes one file."""

    server: Server
    number: int
    stdin: IO[bytes]
    stdout: IO[bytes]
    _code: int | None = None
    _lock: Lock = attrs.field(factory=Lock)

    def kill(self) -> None:
        """End it, if it has not ended: its number may be another's by then."""
        with self._lock:
            if self._code is None:
                with suppress(ProcessLookupError):  # the server was ended, and the system took its fork's number back
                    os.kill(self.number, signal.SIGKILL)

    def end(self) -> int:
        """End it, and give back what the system holds for it. How it ended."""
        self.kill()
        with self._lock:
            if self._code is None:
                self._code = self.server.forget(self.number)
        for pipe in (self.stdin, self.stdout):
            with suppress(OSError):
                pipe.close()
        return self._code


@attrs.define(eq=False)
class Server:
    """A program that has a decoder loaded, and the socket to it."""

    process: subprocess.Popen[bytes]
    _socket: socket.socket
    _lock: Lock = attrs.field(factory=Lock)

    @classmethod
    def started(cls, start: Start) -> Server:
        """A server that is being started.

        Raises:
            OSError: it cannot be.
        """
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with theirs:
            try:
                return cls(start(theirs.fileno()), ours)
            except BaseException:
                ours.close()
                raise

    def begin(self, arguments: Iterable[int], until: Deadline) -> Fork:
        """A fork that waits for its file.

        Raises:
            OSError: the server ended, or does not answer in time.
        """
        message = " ".join(["begin", *map(str, arguments)])
        file, stdin = _pipe()
        stdout, answers = _pipe()
        try:
            number = self._tell(message, [file, answers], until.left_s)
        except BaseException:
            os.close(stdin)
            os.close(stdout)
            raise
        finally:
            os.close(file)
            os.close(answers)
        return Fork(self, number, os.fdopen(stdin, "wb"), os.fdopen(stdout, "rb"))

    def forget(self, number: int) -> int:
        """How a fork ended that was killed; 0 where nobody knows."""
        try:
            return self._tell(f"end {number}", [], _SLOWEST_S)
        except OSError:
            return 0

    def end(self) -> None:
        """End it."""
        self._socket.close()
        self.process.kill()
        self.process.wait()

    def leave(self) -> None:
        """Leave it to the process that this one was forked from."""
        self._socket.close()
        self.process.returncode = 0

    def _tell(self, message: str, files: list[int], seconds: float) -> int:
        seconds = min(seconds, _SLOWEST_S)
        if not self._lock.acquire(timeout=seconds):
            raise TimeoutError
        try:
            self._socket.settimeout(seconds)
            socket.send_fds(self._socket, [message.encode("ascii")], files)
            answer = self._socket.recv(MAX_MESSAGE)
        except BaseException:
            self._socket.close()  # an answer that comes now would be taken for the next one's
            raise
        finally:
            self._lock.release()
        if not answer:
            raise ConnectionResetError
        return int(answer)


@attrs.define(eq=False)
class Servers:
    """The servers of this process, by what they are started with."""

    _servers: dict[tuple[str, ...], Server] = attrs.field(factory=dict)
    _lock: Lock = attrs.field(factory=Lock)
    _pid: int = attrs.field(factory=os.getpid)

    def begin_in_child(self) -> None:
        """Have none: those that there are belong to the process that this one was forked from."""
        for server in self._servers.values():
            server.leave()
        self._servers, self._lock, self._pid = {}, Lock(), os.getpid()

    def begin(self, command: tuple[str, ...], start: Start, arguments: Iterable[int], until: Deadline) -> Fork:
        """A fork that waits for its file.

        Raises:
            OSError: none can be had, or not in time.
        """
        while True:
            server, is_new = self.prepare(command, start)
            try:
                return server.begin(arguments, until)
            except OSError:
                if until.is_over:
                    raise
                self._drop(command, server)
                if is_new:
                    raise

    def prepare(self, command: tuple[str, ...], start: Start) -> tuple[Server, bool]:
        """The server that this command starts, and whether it was started for this.

        Raises:
            OSError: it cannot be started.
        """
        if os.getpid() != self._pid:  # forked by a host that calls no hooks
            self.begin_in_child()
        with self._lock:
            is_new = command not in self._servers
            if is_new:
                self._servers[command] = Server.started(start)
            return self._servers[command], is_new

    def _drop(self, command: tuple[str, ...], server: Server) -> None:
        with self._lock:
            if self._servers.get(command) is server:
                del self._servers[command]
        server.end()

    def end(self) -> None:
        """End every server that this process started."""
        if os.getpid() == self._pid:
            for command, server in list(self._servers.items()):
                self._drop(command, server)


def _pipe() -> tuple[int, int]:
    ends = os.pipe()
    with suppress(OSError):  # a user may have so many large pipes
        fcntl.fcntl(ends[0], fcntl.F_SETPIPE_SZ, _PIPE_BYTES)
    return ends


SERVERS: Final = Servers()
_forks.begin_in_children(SERVERS)
atexit.register(SERVERS.end)
