"""The other end of `certcore.qr._fork_server`: one such program for each decoder, and a fork of it for each file.

A server is started for the first file and kept. Nothing of a file goes to it, only to its forks, which have no more of
this process than a program that was started for the file. Where it ended, another is started.
"""

from __future__ import annotations

import atexit
import fcntl
import os
import select
import signal
import subprocess
from collections.abc import Callable, Iterable
from contextlib import suppress
from threading import Lock
from typing import IO, Final, cast

import attrs

from certcore import _forks
from certcore.qr._deadline import Deadline
from certcore.qr._fork_server import MAX_LINE, REFUSED

_PIPE_BYTES: Final = 1024 * 1024
"""Bytes that a pipe holds, where the system allows it: a page is handed over in some parts, not in hundreds."""

_SLOWEST_S: Final = 60.0
"""Seconds after which a server is taken for dead: it is loaded in tenths of one, and forks in thousandths."""

Start = Callable[[], "subprocess.Popen[bytes]"]
"""Starts a server, with pipes without buffers to its standard input and output."""


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
    """A program that has a decoder loaded, and the pipes to it."""

    process: subprocess.Popen[bytes]
    _lock: Lock = attrs.field(factory=Lock)

    def begin(self, arguments: Iterable[int], until: Deadline) -> Fork:
        """A fork that waits for its file.

        Raises:
            OSError: the server ended, does not answer in time, or cannot have the ends of the pipes.
        """
        file, stdin = _pipe()
        stdout, answers = _pipe()
        ends = [f"/proc/{os.getpid()}/fd/{end}" for end in (file, answers)]
        try:
            number = _accepted(self._tell(["begin", *ends, *map(str, arguments)], until.left_s))
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
            return self._tell(["end", str(number)], _SLOWEST_S)
        except OSError:
            return 0

    def end(self) -> None:
        """End it."""
        self.process.kill()
        self._close()
        self.process.wait()

    def leave(self) -> None:
        """Leave it to the process that this one was forked from."""
        self._close()
        self.process.returncode = 0

    def _tell(self, words: list[str], seconds: float) -> int:
        seconds = min(seconds, _SLOWEST_S)
        if not self._lock.acquire(timeout=seconds):
            raise TimeoutError
        try:
            return self._told(" ".join(words), seconds)
        except BaseException:
            self.process.kill()  # an answer that comes now would be taken for the next one's
            self._close()
            raise
        finally:
            self._lock.release()

    def _told(self, line: str, seconds: float) -> int:
        told, answers = cast("IO[bytes]", self.process.stdin), cast("IO[bytes]", self.process.stdout)
        try:
            told.write(line.encode("ascii"))
            waiting = select.poll()  # unlike `select.select`, for any number of open files
            waiting.register(answers, select.POLLIN)
            if not waiting.poll(seconds * 1000):
                raise TimeoutError
            return int(answers.read(MAX_LINE))
        except ValueError as error:  # it ended, or its pipes are closed already
            raise BrokenPipeError from error

    def _close(self) -> None:
        for pipe in (self.process.stdin, self.process.stdout):
            with suppress(OSError):
                cast("IO[bytes]", pipe).close()


@attrs.define(eq=False)
class Servers:
    """The servers of this process, by what they are started with."""

    _servers: dict[tuple[str, ...], Server] = attrs.field(factory=dict)
    _useless: set[tuple[str, ...]] = attrs.field(factory=set)
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
                    self._useless.add(command)
                    raise

    def prepare(self, command: tuple[str, ...], start: Start) -> tuple[Server, bool]:
        """The server that this command starts, and whether it was started for this.

        Raises:
            OSError: it cannot be started.
        """
        if os.getpid() != self._pid:  # forked by a host that calls no hooks
            self.begin_in_child()
        with self._lock:
            if command in self._useless:
                raise PermissionError
            is_new = command not in self._servers
            if is_new:
                self._servers[command] = Server(start())
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


def _accepted(answer: int) -> int:
    if answer == REFUSED:
        raise PermissionError
    return answer


def _pipe() -> tuple[int, int]:
    ends = os.pipe()
    with suppress(OSError):  # a user may have so many large pipes
        fcntl.fcntl(ends[0], fcntl.F_SETPIPE_SZ, _PIPE_BYTES)
    return ends


SERVERS: Final = Servers()
_forks.begin_in_children(SERVERS)
atexit.register(SERVERS.end)
