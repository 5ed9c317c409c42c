"""`verify_many`: rows to results, one for one and in order. Status is asked for many at once where it can be.

Rows are judged in groups. The clock is read once for a group; a backend that has ``lookup_many`` is asked once for
a group. An answer goes to the one question that it was given for, and to no other.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import islice
from typing import Any, Final, Protocol, cast, runtime_checkable

import attrs

from certcore.bulk._questions import BulkQuestion, BulkResult
from certcore.engine import certificate as _engine
from certcore.engine._question import Question, StatusAnswer
from certcore.errors import CertcoreError, RejectedInputError, StatusError
from certcore.policy import Expected
from certcore.status.protocol import StatusQuery, StatusRecord, plain_record
from certcore.verdict import Verdict
from certcore.verify import Verifier, _backend_error

_Answer = Verdict | CertcoreError

GROUP: Final = 256
"""Rows that are judged together, and so the most that are in memory."""


@runtime_checkable
class _AsksMany(Protocol):
    """A status backend that answers many queries at once."""

    def lookup_many(self, queries: Sequence[StatusQuery], /) -> Sequence[StatusRecord | StatusError]:
        """An answer for each query, in their order."""
        ...


def verify_many(verifier: Verifier, questions: Iterable[BulkQuestion], /) -> Iterator[BulkResult]:
    """The answer to each question, in their order, as the questions come; a group of them is in memory at a time.

    A row that cannot be asked about has a result with an error, whatever is wrong with it, and costs no other row.
    Results equal those of `Verifier.verify` and `Verifier.verify_image` at the same time. Where the status backend has
    ``lookup_many(queries)``, which gives a record or a `StatusError` for each query, it is asked for a group at once.

    Whatever the iterable of questions raises is raised.
    """
    remaining = iter(questions)
    while group := list(islice(remaining, GROUP)):
        yield from _judged(verifier, group)


def verify_one(verifier: Verifier, question: BulkQuestion, /, *, existed_by: Sequence[bytes] = ()) -> BulkResult:
    """The answer to one question, with what may prove that its certificate existed by some time."""
    return _result(question, _attempt(_verdict, verifier, question, existed_by))


def _judged(verifier: Verifier, group: Sequence[BulkQuestion]) -> list[BulkResult]:
    """The answers to questions that are asked at one time."""
    now = verifier.clock()
    verifier = attrs.evolve(verifier, clock=lambda: now)
    is_at_once = verifier.vehicles is None and isinstance(verifier.status, _AsksMany)
    found = (_at_once if is_at_once else _in_turn)(verifier, group)
    return [_result(asked, answer) for asked, answer in zip(group, found, strict=True)]


def _in_turn(verifier: Verifier, group: Sequence[BulkQuestion]) -> list[_Answer]:
    return [_attempt(_verdict, verifier, asked) for asked in group]


def _at_once(verifier: Verifier, group: Sequence[BulkQuestion]) -> list[_Answer]:
    """With one look-up for all texts of the group; pictures are asked about in turn."""
    begun = [_attempt(_begin, verifier, asked) for asked in group]
    queries = {
        place: found.status_query
        for place, found in enumerate(begun)
        if isinstance(found, _engine.Pending) and found.status_query is not None
    }
    answers = dict(zip(queries, _look_up(verifier, list(queries.values())), strict=True))
    return [
        _attempt(_conclude, found, answers.get(place)) if isinstance(found, _engine.Pending) else found
        for place, found in enumerate(begun)
    ]


def _result(asked: BulkQuestion, found: _Answer) -> BulkResult:
    row = getattr(asked, "row", None)  # whatever was handed in instead of a question has none
    if isinstance(found, CertcoreError):
        return BulkResult(row=row, error=found)
    return BulkResult(row=row, verdict=found)


def _attempt(step: Callable[..., Any], *arguments: Any, **named: Any) -> Any:  # noqa: ANN401  what the step takes and gives
    """What a step gives, or the error that the row gets for it."""
    try:
        return step(*arguments, **named)
    except CertcoreError as error:
        return error
    except Exception as cause:  # noqa: BLE001  one row must not end the others; a message might hold what is personal
        return RejectedInputError("row-failed", "The row could not be judged", error=type(cause).__name__)


def _verdict(verifier: Verifier, asked: BulkQuestion, existed_by: Sequence[bytes] = ()) -> Verdict:
    question = _question(verifier, asked, existed_by)
    if asked.picture is None:
        return verifier._judge(question)  # noqa: SLF001  `verify` would put the question a second time
    return _of_picture(verifier, asked, existed_by)


def _begin(verifier: Verifier, asked: BulkQuestion) -> Verdict | _engine.Pending:
    question = _question(verifier, asked)
    if asked.picture is None:
        return _engine.begin(question, verifier.trust, verifier.group_keys)
    return _of_picture(verifier, asked)


def _of_picture(verifier: Verifier, asked: BulkQuestion, existed_by: Sequence[bytes] = ()) -> Verdict:
    question: dict[str, Any] = {"as_of": asked.as_of, "expect": _expected(asked.expect), "known_at": asked.known_at}
    try:
        return verifier.verify_image(asked.picture, **question, existed_by=existed_by)
    except (TypeError, ValueError) as cause:
        kind = type(asked.picture).__name__
        raise RejectedInputError("row-not-picture", "The row holds no picture", kind=kind) from cause


def _conclude(pending: _engine.Pending, answer: StatusAnswer) -> Verdict:
    return _engine.conclude(pending, status=answer)


def _question(verifier: Verifier, asked: BulkQuestion, existed_by: Sequence[bytes] = ()) -> Question:
    """The row's question, or what is wrong with the row."""
    given: object = asked
    if not isinstance(given, BulkQuestion) or (asked.text is not None and asked.picture is not None):
        raise RejectedInputError("row-malformed", "A row is a question about a text or about a picture")
    if asked.picture is None and not isinstance(asked.text, str):
        raise RejectedInputError("row-not-text", "The row holds no text", kind=type(asked.text).__name__)
    expect, text = _expected(asked.expect), asked.text or ""
    try:
        return verifier._question(  # noqa: SLF001  this is the verifier's driver for many
            text.removesuffix("\n").removesuffix("\r"), asked.as_of, expect, asked.known_at, existed_by
        )
    except (TypeError, ValueError) as cause:
        raise RejectedInputError("row-moment", str(cause)) from cause


def _expected(given: object) -> Expected | None:
    if given is None or isinstance(given, Expected):
        return given
    if not isinstance(given, Mapping):
        raise RejectedInputError("row-vehicle", "The vehicle is no Expected", kind=type(given).__name__)
    try:
        return Expected(**given)
    except (TypeError, ValueError, AttributeError) as cause:
        raise RejectedInputError("row-vehicle", "The vehicle cannot be compared with") from cause


def _look_up(verifier: Verifier, queries: list[StatusQuery]) -> list[StatusRecord | StatusError]:
    """An answer for each query; whatever a backend does wrong becomes an error that decides nothing."""
    if not queries:
        return []
    try:
        answers = list(cast("_AsksMany", verifier.status).lookup_many(queries))
    except StatusError as error:
        return [error] * len(queries)
    except Exception as cause:  # noqa: BLE001  a backend is somebody else's code
        return [_backend_error(cause)] * len(queries)
    if len(answers) != len(queries):
        return [_backend_error(answers)] * len(queries)
    return [_plain(found) for found in answers]


def _plain(found: object) -> StatusRecord | StatusError:
    """One of a backend's answers, as a plain record."""
    if isinstance(found, StatusError):
        return found
    try:
        return plain_record(found, StatusRecord)
    except Exception as cause:  # noqa: BLE001  as above
        return _backend_error(cause)
