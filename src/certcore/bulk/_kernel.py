"""`verify_many`: rows to results, one for one and in order. Status is asked for many at once where it can be.

Rows are judged in groups. The clock is read once for a group; a backend that has ``lookup_many`` is asked once for
a group. An answer goes to the one question that it was given for, and to no other.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import islice
from typing import Any, Final, Protocol, runtime_checkable

import attrs

from certcore import events
from certcore._maps import maker
from certcore.bulk._questions import BulkQuestion, BulkResult
from certcore.cose import UnverifiedCertificate
from certcore.engine import certificate as _engine
from certcore.engine._moment import Moments
from certcore.engine._question import Question, StatusAnswer, VehicleAnswer
from certcore.errors import CertcoreError, RejectedInputError, StatusError
from certcore.events._verdicts import tell_look_up, tell_rows
from certcore.policy import Expected
from certcore.status.protocol import StatusQuery, StatusRecord, VehicleRecord, plain_record
from certcore.trust._lists import Grant
from certcore.verdict import Verdict
from certcore.verify import Verifier, _ask, _backend_error

_Answer = Verdict | CertcoreError

_new_result: Final = maker(BulkResult)

GROUP: Final = 256
"""Rows that are judged together, and so the most that are in memory."""


@runtime_checkable
class _AsksMany(Protocol):
    """A status backend that answers many queries at once."""

    def lookup_many(self, queries: Sequence[StatusQuery], /) -> Sequence[StatusRecord | StatusError]:
        """An answer for each query, in their order."""
        ...


def require_verifier(verifier: object) -> None:
    """That it is one: each row would fail otherwise, and an `AsyncVerifier` looks like one.

    Raises:
        TypeError: it is not.
    """
    if not isinstance(verifier, Verifier):
        raise TypeError(f"the rows are judged by a Verifier, not {type(verifier).__name__}")


def verify_many(verifier: Verifier, questions: Iterable[BulkQuestion], /) -> Iterator[BulkResult]:
    """The answer to each question, in their order, as the questions come; a group of them is in memory at a time.

    A row that cannot be asked about has a result with an error, whatever is wrong with it, and costs no other row.
    Results equal those of `Verifier.verify` and `Verifier.verify_image` at the same time. Where the status backend has
    ``lookup_many(queries)``, which gives a record or a `StatusError` for each query, it is asked for a group at once.

    Whatever the iterable of questions raises is raised; TypeError for anything but a `Verifier`.
    """
    require_verifier(verifier)
    remaining = iter(questions)
    while group := list(islice(remaining, GROUP)):
        yield from _judged(verifier, group)


def verify_one(verifier: Verifier, question: BulkQuestion, /, *, existed_by: Sequence[bytes] = ()) -> BulkResult:
    """The answer to one question, with what may prove that its certificate existed by some time."""
    try:
        found: _Answer = _verdict(verifier, question, existed_by)
    except CertcoreError as error:
        found = error
    except Exception as cause:  # noqa: BLE001  as in `_each`
        found = _failed(cause)
    return _result(question, found)


def _judged(verifier: Verifier, group: Sequence[BulkQuestion]) -> list[BulkResult]:
    """The answers to questions that are asked at one time.

    Each step is done for all rows before the next: so a step's code stays in the processor's caches, and what does not
    depend on a certificate is worked out once. The steps are the engine's, and so are the answers.
    """
    now = verifier.clock()
    verifier = attrs.evolve(verifier, clock=lambda: now)
    trust, group_keys = verifier.trust, verifier.group_keys
    moments: Moments = {}

    def read(row: tuple[BulkQuestion]) -> Verdict | tuple[Question, UnverifiedCertificate]:
        (asked,) = row
        question = _question(verifier, asked)
        if asked.picture is not None:
            return _of_picture(verifier, asked)
        found = _engine.read_text(question, trust)
        return found if isinstance(found, Verdict) else (question, found)

    def check(row: tuple[Question, UnverifiedCertificate]) -> Verdict | tuple[Question, UnverifiedCertificate, Grant]:
        question, envelope = row
        found = _engine.find_signer(question, trust, envelope)
        return found if isinstance(found, Verdict) else (question, envelope, found)

    def judge(row: tuple[Question, UnverifiedCertificate, Grant]) -> Verdict | _engine.Pending:
        question, envelope, grant = row
        return _engine.judge(question, trust, envelope, grant, group_keys, moments)

    begun = _each(judge, _each(check, _each(read, zip(group))))
    found = _each(_conclude, _with_answers(verifier, begun))
    if events.start() is not None:  # pictures have been told of by `verify_image`
        texts = [answer for asked, answer in zip(group, found, strict=True) if getattr(asked, "picture", None) is None]
        tell_rows([answer for answer in texts if isinstance(answer, Verdict)])
    return [_result(asked, answer) for asked, answer in zip(group, found, strict=True)]


def _each(step: Callable[[Any], Any], rows: Iterable[Any]) -> list[Any]:
    """What a step makes of each row, as the step before left it in a tuple; a row that has its answer keeps it."""
    made: list[Any] = []
    for row in rows:
        if type(row) is not tuple:
            made.append(row)
            continue
        try:
            made.append(step(row))
        except CertcoreError as error:
            made.append(error)
        except Exception as cause:  # noqa: BLE001  one row must not end the others
            made.append(_failed(cause))
    return made


def _with_answers(verifier: Verifier, begun: Iterable[Any]) -> Iterator[Any]:
    """Each row that is still to be decided with what the registers answered; any other as it is."""
    rows = list(begun)
    pending = [row for row in rows if isinstance(row, _engine.Pending)]
    statuses = iter(_statuses(verifier, [row.status_query for row in pending]))
    for row in rows:
        if not isinstance(row, _engine.Pending):
            yield row
            continue
        vehicle: VehicleAnswer = None
        if verifier.vehicles is not None and (about := row.vehicle_query) is not None:
            vehicle = _ask(verifier.vehicles.lookup_vehicle, about, VehicleRecord)
        yield row, next(statuses), vehicle


def _statuses(verifier: Verifier, queries: list[StatusQuery | None]) -> list[StatusAnswer]:
    """The answer to each query; None where nothing is asked, or there is nobody to ask."""
    status = verifier.status
    if status is None:
        return [None] * len(queries)
    if not isinstance(status, _AsksMany):
        return [None if query is None else _ask(status.lookup, query, StatusRecord) for query in queries]
    answers = iter(_look_up(status, [query for query in queries if query is not None]))
    return [None if query is None else next(answers) for query in queries]


def _conclude(row: tuple[_engine.Pending, StatusAnswer, VehicleAnswer]) -> Verdict:
    pending, status, vehicle = row
    return _engine.conclude(pending, status=status, vehicle=vehicle)


def _result(asked: BulkQuestion, found: _Answer) -> BulkResult:
    row = getattr(asked, "row", None)  # whatever was handed in instead of a question has none
    return _new_result(row, found, None) if isinstance(found, Verdict) else _new_result(row, None, found)


def _failed(cause: Exception) -> CertcoreError:
    """The answer to a row that raised; a message might hold what is personal."""
    return RejectedInputError("row-failed", "The row could not be judged", error=type(cause).__name__)


def _verdict(verifier: Verifier, asked: BulkQuestion, existed_by: Sequence[bytes] = ()) -> Verdict:
    question = _question(verifier, asked, existed_by)
    if asked.picture is None:
        return verifier._judge(question)  # noqa: SLF001  `verify` would put the question a second time
    return _of_picture(verifier, asked, existed_by)


def _of_picture(verifier: Verifier, asked: BulkQuestion, existed_by: Sequence[bytes] = ()) -> Verdict:
    question: dict[str, Any] = {"as_of": asked.as_of, "expect": _expected(asked.expect), "known_at": asked.known_at}
    try:
        return verifier.verify_image(asked.picture, **question, existed_by=existed_by)
    except (TypeError, ValueError) as cause:
        kind = type(asked.picture).__name__
        raise RejectedInputError("row-not-picture", "The row holds no picture", kind=kind) from cause


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


def _look_up(status: _AsksMany, queries: list[StatusQuery]) -> list[StatusRecord | StatusError]:
    """An answer for each query; whatever a backend does wrong becomes an error that decides nothing."""
    if not queries:
        return []
    began = events.start()
    answers = _ask_many(status, queries)
    if began is not None:
        tell_look_up(status.lookup_many, answers, began, is_vehicle=False)
    return answers


def _ask_many(status: _AsksMany, queries: list[StatusQuery]) -> list[StatusRecord | StatusError]:
    try:
        answers = list(status.lookup_many(queries))
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
