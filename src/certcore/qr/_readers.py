"""Processes that read pictures for this one: started when they are needed, kept, and killed when time is up.

Zip bombs of pictures, endless searches and broken decoders happen in them (`certcore.qr._reader`). There are as many as
this process may use cores, at most; each reads one picture at a time. They have none of this process's open files and
of its environment what finds libraries. What one answers is checked (`certcore.qr._messages`).
"""

from __future__ import annotations

import atexit
import os
import signal
import subprocess
from contextlib import suppress
from pathlib import Path
from threading import TIMEOUT_MAX, Lock
from typing import IO, Any, Final, cast

import attrs

from certcore import _forks
from certcore.errors import RejectedInputError
from certcore.qr import _messages, _sandbox
from certcore.qr._deadline import Deadline
from certcore.qr._places import Places
from certcore.qr._watchdog import Watchdog

GRACE_S: Final = 0.1
"""Seconds behind the deadline that a reader has to say what it read by then; then it is killed."""


_PIPE_BYTES: Final = 1024 * 1024
"""Bytes that a pipe holds, where the system can be told (Linux): a photograph is handed over at once."""


_SETTINGS: Final = {
    "OPENBLAS_NUM_THREADS": "1",  # each would take address space
    "OMP_NUM_THREADS": "1",
    # Memory for pictures is kept for the next one: getting it anew costs a sixth of the time.
    "MALLOC_MMAP_THRESHOLD_": str(32 * 1024 * 1024),
    "MALLOC_TRIM_THRESHOLD_": str(128 * 1024 * 1024),
}


class CannotStartError(Exception):
    """No reader can be started here: frozen, embedded and zipped programs have no Python to start."""


@attrs.define(eq=False)
class Reader:
    """One process, and the pipes to it."""

    process: subprocess.Popen[bytes]
    has_started: bool = False

    def ask(self, words: dict[str, Any], content: bytes | memoryview) -> dict[str, Any]:
        """What it answers about a picture.

        Raises:
            EOFError, OSError: it ended.
            ValueError: it answers what is no message.
        """
        if not self.has_started:
            self._hear()
            self.has_started = True
        _messages.send(cast("IO[bytes]", self.process.stdin), words, content)
        return self._hear()

    def _hear(self) -> dict[str, Any]:
        return _messages.receive(cast("IO[bytes]", self.process.stdout), most=0)[0]

    def end(self) -> int:
        """Kill it, if it has not ended, and give back what the system holds for it. How it ended."""
        self.process.kill()
        self._close()
        return self.process.wait()

    def forget(self) -> None:
        """Leave it to the process that this one was forked from."""
        self.process.returncode = 0
        self._close()

    def _close(self) -> None:
        for pipe in (self.process.stdin, self.process.stdout):
            with suppress(OSError):
                cast("IO[bytes]", pipe).close()


def start() -> Reader:
    """A reader that is being started.

    Raises:
        CannotStartError: there is no Python, or it does not come to work.
    """
    path = Path(__file__).with_name("_reader.py")
    command = _sandbox.command(path)
    if command is None:
        raise CannotStartError
    try:
        process = subprocess.Popen(  # noqa: S603  # a Python and a file of this package
            command,
            bufsize=0,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env=_sandbox.environment() | _SETTINGS,
            pipesize=_PIPE_BYTES,
            process_group=0,  # a terminal's Ctrl-C is not for it
        )
    except OSError as error:
        raise CannotStartError from error
    return Reader(process)


@attrs.define(eq=False)
class Pool:
    """The readers of this process."""

    _free: list[Reader] = attrs.field(factory=list)
    _all: set[Reader] = attrs.field(factory=set)
    _lock: Lock = attrs.field(factory=Lock)
    _places: Places = attrs.field(factory=lambda: Places(_cores()))
    _watchdog: Watchdog = attrs.field(factory=Watchdog)
    _pid: int = attrs.field(factory=os.getpid)

    def begin_in_child(self) -> None:
        """Have no readers: those that there are belong to the process that this one was forked from."""
        for reader in self._all:
            reader.forget()
        self._free, self._all, self._pid = [], set(), os.getpid()
        self._lock, self._places, self._watchdog = Lock(), Places(_cores()), Watchdog()

    def ask(self, words: dict[str, Any], content: bytes | memoryview, until: Deadline) -> dict[str, Any]:
        """What a reader answers about a picture.

        Raises:
            RejectedInputError: ``image-timeout``; ``image-unreadable`` where the picture ends the reader, or makes it
                answer what it must not.
            CannotStartError: there is no reader, and none can be started.
        """
        if os.getpid() != self._pid:  # forked by a host that calls no hooks
            self.begin_in_child()
        left = until.left_s
        if not self._places.acquire(timeout=min(left, TIMEOUT_MAX)):
            raise _timeout()
        try:
            return self._ask(words, content, until)
        finally:
            self._places.release()

    def _ask(self, words: dict[str, Any], content: bytes | memoryview, until: Deadline) -> dict[str, Any]:
        reader = self._take()
        is_fit = False
        try:
            with self._watchdog.killed_at(until.at + GRACE_S, reader.process.kill) as watch:
                left = until.left_s
                answer = reader.ask({**words, "seconds": left if left < TIMEOUT_MAX else None}, content)
            is_fit = not watch.has_killed
        except (EOFError, OSError, ValueError) as error:
            raise self._failure(reader, until) from error
        except RuntimeError as error:  # no thread to watch it
            raise CannotStartError from error
        else:
            return answer
        finally:
            self._give_back(reader, is_fit=is_fit)

    def _failure(self, reader: Reader, until: Deadline) -> Exception:
        """Why there is no answer."""
        has_computed_too_long = reader.end() == -getattr(signal, "SIGXCPU", 0)
        if until.is_over or has_computed_too_long:
            return _timeout()
        if not reader.has_started:
            return CannotStartError()
        return RejectedInputError("image-unreadable", "the process that read the picture ended, or answers nonsense")

    def prepare(self) -> None:
        """Start the first reader before there is a picture for it, so that it loads what it needs meanwhile."""
        if not self._all:
            with suppress(CannotStartError):
                self._give_back(self._started(), is_fit=True)

    def _take(self) -> Reader:
        """A reader for one picture."""
        while (reader := self._pop()) is not None:
            if reader.process.poll() is None:
                return reader
            self._drop(reader)  # it ended while it had nothing to do
        return self._started()

    def _started(self) -> Reader:
        reader = start()
        with self._lock:
            self._all.add(reader)
        return reader

    def _pop(self) -> Reader | None:
        with self._lock:
            return self._free.pop() if self._free else None

    def _give_back(self, reader: Reader, *, is_fit: bool) -> None:
        if is_fit:
            with self._lock:
                self._free.append(reader)
        else:
            self._drop(reader)

    def _drop(self, reader: Reader) -> None:
        reader.end()
        with self._lock:
            self._all.discard(reader)

    def end(self) -> None:
        """End every reader that this process started."""
        if os.getpid() == self._pid:
            for reader in list(self._all):
                self._drop(reader)
            self._free.clear()


def _timeout() -> RejectedInputError:
    return RejectedInputError("image-timeout", "the picture takes too long to read", page=1)


def _cores() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


POOL: Final = Pool()
_forks.begin_in_children(POOL)
atexit.register(POOL.end)
