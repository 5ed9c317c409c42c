"""`verify_files`: checks pictures and texts on every core."""

from __future__ import annotations

import pickle
from collections.abc import Callable, Generator, Iterable
from functools import partial
from typing import Any, Final, TypeVar, overload

from certcore.bulk import _workers
from certcore.bulk._kernel import require_verifier, verify_many
from certcore.bulk._progress import Progress
from certcore.bulk._questions import BulkQuestion, BulkResult
from certcore.errors import RejectedInputError
from certcore.verdict import Outcome
from certcore.verify import Verifier

BATCH: Final = 256
"""Texts that a worker gets at once: what is sent once for all of them costs each little."""

_Answers = list[tuple[Outcome | None, Any]]
"""Of each row of a batch the outcome, and what is kept of its result."""

_T = TypeVar("_T")
_R = TypeVar("_R")


@overload
def verify_files(
    verifier: Verifier,
    questions: Iterable[BulkQuestion],
    /,
    *,
    workers: int | None = None,
    progress: Progress | None = None,
) -> Generator[BulkResult]: ...


@overload
def verify_files(
    verifier: Verifier,
    questions: Iterable[BulkQuestion],
    /,
    *,
    workers: int | None = None,
    progress: Progress | None = None,
    keep: Callable[[BulkResult], _R],
) -> Generator[_R]: ...


def verify_files(
    verifier: Verifier,
    questions: Iterable[BulkQuestion],
    /,
    *,
    workers: int | None = None,
    progress: Progress | None = None,
    keep: Callable[[BulkResult], Any] | None = None,
) -> Generator[Any]:
    """As `verify_many`, in several processes: pictures one by one, and texts in batches.

    A few batches for each worker are in memory. When a worker is killed, another takes its place, and the row that it
    had is ``row-lost``; those of a batch are judged again, one by one. Results come in order: whoever keeps them goes
    on, after an interruption, with ``itertools.islice(questions, kept, None)``. Closing the generator, or Ctrl-C, ends
    the workers.

    Args:
        verifier: must pickle: so must its backends and its clock.
        questions: rows whose pictures are paths or bytes.
        workers: how many processes; one for each core, unless given.
        progress: counts the results.
        keep: what to keep of a result, called in the worker: a function of a module, whose answer is given instead of
            the result. Sending a whole result back takes as long as judging half a text does.

    Raises:
        ValueError: for less than one worker.
        RuntimeError: where no worker can be started; where ``keep`` raises.
    """
    require_verifier(verifier)
    job = partial(_judge, verifier, keep)
    for found in run(job, _batches(questions), workers=workers):
        for answers in _answer_lost(found, job) if isinstance(found, _workers.Lost) else (found,):
            if isinstance(answers, RuntimeError):
                raise answers
            for outcome, kept in _told(answers, keep) if isinstance(answers, _workers.Lost) else answers:
                if progress is not None:
                    progress.count(outcome)
                yield kept


def _told(lost: _workers.Lost[list[BulkQuestion]], keep: Callable[[BulkResult], Any] | None) -> _Answers:
    """What is said of rows that have no answer."""
    results = [BulkResult(row=getattr(asked, "row", None), error=why_lost(lost)) for asked in lost.task]
    return [(None, result if keep is None else keep(result)) for result in results]


def _batches(questions: Iterable[BulkQuestion]) -> Generator[list[BulkQuestion]]:
    """Rows that go to a worker together: some texts, or anything else by itself."""
    texts: list[BulkQuestion] = []
    for asked in questions:
        is_text = type(asked) is BulkQuestion and type(asked.text) is str and asked.picture is None
        if is_text:
            texts.append(asked)
        if texts and (len(texts) == BATCH or not is_text):
            yield texts
            texts = []
        if not is_text:
            yield [asked]
    if texts:
        yield texts


def _judge(
    verifier: Verifier, keep: Callable[[BulkResult], Any] | None, batch: list[BulkQuestion]
) -> _Answers | RuntimeError:
    """A worker's job: each row's outcome, and what is to be kept of its result; or what is wrong with ``keep``."""
    results = verify_many(verifier, batch)
    try:
        return [(result.outcome, result if keep is None else keep(result)) for result in results]
    except Exception as cause:  # noqa: BLE001  whatever a caller's function raises; its message may hold what is personal
        return RuntimeError(f"keep raised {type(cause).__name__}")


def _answer_lost(
    lost: _workers.Lost[list[BulkQuestion]], job: Callable[[list[BulkQuestion]], _Answers | RuntimeError]
) -> Generator[_Answers | RuntimeError | _workers.Lost[list[BulkQuestion]]]:
    """The answers to a batch that no worker gave: one row at a time, so that one of them costs no other its answer."""
    if len(lost.task) == 1:
        yield lost
    elif lost.is_sent:
        yield from _workers.run(job, [[asked] for asked in lost.task], workers=1)
    else:
        for asked in lost.task:
            yield job([asked]) if _can_be_sent(asked) else _workers.Lost([asked], is_sent=False)


def _can_be_sent(asked: BulkQuestion) -> bool:
    try:
        pickle.dumps(asked)
    except Exception:  # noqa: BLE001  whatever keeps a row from being pickled
        return False
    return True


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
