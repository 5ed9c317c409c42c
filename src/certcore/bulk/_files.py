"""`verify_files`: pictures and texts judged on every core."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable
from functools import partial
from typing import Any, TypeVar

from certcore.bulk import _workers
from certcore.bulk._kernel import verify_one
from certcore.bulk._progress import Progress
from certcore.bulk._questions import BulkQuestion, BulkResult
from certcore.errors import RejectedInputError
from certcore.verify import Verifier

_T = TypeVar("_T")
_R = TypeVar("_R")


def verify_files(
    verifier: Verifier,
    questions: Iterable[BulkQuestion],
    /,
    *,
    workers: int | None = None,
    progress: Progress | None = None,
) -> Generator[BulkResult]:
    """As `verify_many`, in several processes: for pictures, whose reading takes a core's time.

    A few questions for each worker are in memory. When a worker is killed, the row that it had is ``row-lost``, and
    another takes its place. Results come in order: whoever keeps them goes on, after an interruption, with
    ``itertools.islice(questions, kept, None)``. Closing the generator, or Ctrl-C, ends the workers.

    Args:
        verifier: must pickle: so must its backends and its clock.
        questions: rows whose pictures are paths or bytes.
        workers: how many processes; one for each core, unless given.
        progress: counts the results.

    Raises:
        ValueError: for less than one worker.
        RuntimeError: where no worker can be started.
    """
    for found in run(partial(verify_one, verifier), questions, workers=workers):
        result = found if isinstance(found, BulkResult) else BulkResult(row=found.task.row, error=why_lost(found))
        if progress is not None:
            progress.count(result.outcome)
        yield result


def run(job: Callable[[_T], _R], tasks: Iterable[_T], /, *, workers: int | None) -> Generator[_R | _workers.Lost[_T]]:
    """The job's results in order, from this many processes, or one for each core."""
    if workers is not None and workers < 1:
        raise ValueError("there is at least one worker")
    return _workers.run(job, tasks, workers=workers or _workers.count_of_cores())


def why_lost(found: _workers.Lost[Any]) -> RejectedInputError:
    """The answer to a row that no worker answered."""
    if found.is_sent:
        return RejectedInputError("row-lost", "The process that judged this row was ended from outside")
    return RejectedInputError("row-not-picture", "The row holds what cannot be handed to another process")
