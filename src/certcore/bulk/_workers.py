"""Run a job in several processes: results in order, a limited number of tasks at a time. A lost process loses one task.

Each worker has one task at a time and its own pipe. It ends when the pipe closes, so no worker outlives the process
that started it, even if that is killed. The content of a job is not known here.
"""

from __future__ import annotations

import os
import signal
from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator
from contextlib import contextmanager
from itertools import chain
from multiprocessing import get_context
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess
from typing import Any, Final, Generic, TypeVar

import attrs

_T = TypeVar("_T")
_R = TypeVar("_R")

AHEAD: Final = 8
"""Results for each worker that may wait for an earlier one."""

_GRACE: Final = 2.0
"""Seconds for a worker to end its task by itself, before it is ended."""

_MOST_FALSE_STARTS: Final = 16
"""Workers in a row that end before they are ready, once one was."""

_SPAWN: Final = get_context("spawn")  # a fork would copy the caller's threads, locks and open files


@attrs.frozen
class Lost(Generic[_T]):
    """That there is no result for this task.

    Attributes:
        task: which one.
        is_sent: whether a worker had it, and died; else it cannot be handed to another process.
    """

    task: _T
    is_sent: bool = True


@attrs.define(eq=False)
class _Worker:
    process: BaseProcess
    pipe: Connection
    place: int | None = None
    is_ready: bool = False


def count_of_cores() -> int:
    """How many cores this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def run(job: Callable[[_T], _R], tasks: Iterable[_T], /, *, workers: int) -> Generator[_R | Lost[_T]]:
    """What the job makes of each task, in the tasks' order.

    The job and the tasks pickle. The job must not raise: what it raises ends its worker.

    Raises:
        RuntimeError: no worker can be started at all.
    """
    pool = _Pool[_T, _R](job, tasks, workers)
    try:
        yield from pool.results()
    finally:
        pool.close()


class _Pool(Generic[_T, _R]):
    """The workers, what each is at, and the results that wait for their turn."""

    def __init__(self, job: Callable[[_T], _R], tasks: Iterable[_T], workers: int) -> None:
        self._job = job
        self._tasks: Iterator[tuple[int, _T]] = enumerate(tasks)
        self._false_starts = _MOST_FALSE_STARTS  # until one is ready, none is forgiven
        self._ahead = AHEAD * workers
        self._under_way: deque[int] = deque()
        self._given: dict[int, _T] = {}
        self._results: dict[int, Any] = {}
        self._workers: list[_Worker] = []
        for _ in range(workers):
            self._workers.append(self._start())

    def results(self) -> Iterator[_R | Lost[_T]]:
        """Each result when its turn has come."""
        while True:
            self._hand_out()
            if not self._under_way:
                return
            while self._under_way and self._under_way[0] in self._results:
                place = self._under_way.popleft()
                yield self._results.pop(place)
                self._hand_out()
            if self._under_way:
                self._wait()

    def close(self) -> None:
        """End every worker, and wait until it has ended."""
        for worker in self._workers:
            worker.pipe.close()
        for worker in self._workers:
            worker.process.join(0 if worker.place is None and not worker.is_ready else _GRACE)
            if worker.process.is_alive():
                worker.process.kill()
                worker.process.join()

    def _start(self) -> _Worker:
        ours, theirs = _SPAWN.Pipe()
        process = _SPAWN.Process(target=_serve, args=(theirs, self._job), daemon=True)
        try:
            with _without_interrupts():
                process.start()
        except BaseException:
            ours.close()
            raise
        finally:
            theirs.close()
        return _Worker(process, ours)

    def _hand_out(self) -> None:
        """Give each idle worker a task, as long as there are tasks and not too many results wait."""
        for worker in self._workers:
            if worker.place is None and worker.is_ready and len(self._under_way) < self._ahead:
                self._give(worker)
        if not any(worker.is_ready for worker in self._workers) and not self._under_way:
            self._wait()  # for the first to be ready
            self._hand_out()

    def _give(self, worker: _Worker) -> None:
        for place, task in self._tasks:
            if place not in self._given:
                self._under_way.append(place)
            self._given[place] = task
            try:
                worker.pipe.send(task)
            except OSError:  # it died while it was idle: the task is for another
                self._tasks = chain([(place, task)], self._tasks)
                self._replace(worker)
            except Exception:  # noqa: BLE001  whatever keeps a task from being pickled
                self._results[place] = Lost(self._given.pop(place), is_sent=False)
            else:
                worker.place = place
            return

    def _wait(self) -> None:
        """Until a worker is ready, has a result, or is dead."""
        by_pipe = {worker.pipe: worker for worker in self._workers}
        for pipe in wait(list(by_pipe)):
            worker = by_pipe[pipe]  # type: ignore[index]  # what was handed in comes back
            try:
                found = worker.pipe.recv()
            except (EOFError, OSError):
                self._replace(worker)
                continue
            self._take(worker, found)

    def _take(self, worker: _Worker, found: object) -> None:
        if worker.is_ready and worker.place is not None:
            self._results[worker.place] = found
            del self._given[worker.place]
        worker.is_ready, worker.place = True, None
        self._false_starts = 0

    def _replace(self, worker: _Worker) -> None:
        """Another worker in place of a dead one, whose task is lost."""
        worker.pipe.close()
        worker.process.join(_GRACE)
        self._false_starts += not worker.is_ready
        if self._false_starts > _MOST_FALSE_STARTS:
            raise RuntimeError(
                "a worker ended before its first task: run the program's own code under if __name__ == '__main__'"
            )
        if worker.place is not None:
            self._results[worker.place] = Lost(self._given.pop(worker.place))
        self._workers[self._workers.index(worker)] = self._start()


@contextmanager
def _without_interrupts() -> Iterator[None]:
    """What is started within never hears Ctrl-C, from its first moment on: the first process decides."""
    if not hasattr(signal, "pthread_sigmask"):
        yield
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _serve(pipe: Connection, job: Callable[[Any], Any]) -> None:
    """What a worker does until its pipe ends."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches every process; the first one decides
    try:
        pipe.send(None)
        while True:
            pipe.send(job(pipe.recv()))
    except (EOFError, OSError):
        return
