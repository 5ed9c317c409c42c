"""Each row of `verify_many` is what `Verifier.verify` says of it alone: outcome, reasons, and every byte of evidence.

Asked of the conformance vectors, of golden evidence, and of the model's random questions, each among others that share
its verifier: what rows share must never be what one of them alone has.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import islice
from random import Random

import attrs
import pytest

from certcore import Verdict, Verifier
from certcore.bulk import BulkQuestion, verify_many
from certcore.errors import StatusError
from certcore.status import StatusBackend
from certcore.status.protocol import StatusQuery, StatusRecord
from certcore.testing import FixedClock
from tests.evidence.test_golden import CASES
from tests.model import doors
from tests.model.test_agreement import BACKENDS, SEED
from tests.model.worlds import worlds
from tests.verify_cases import Answers
from tests.verify_vectors import VECTORS

NEIGHBOURS = 4
WORLDS = 8


@attrs.define
class AtOnce:
    """The same register, asked for many at a time."""

    backend: StatusBackend

    def lookup(self, query: StatusQuery, /) -> StatusRecord:
        """One answer."""
        return self.backend.lookup(query)

    def lookup_many(self, queries: Sequence[StatusQuery], /) -> list[StatusRecord | StatusError]:
        """An answer or an error for each."""
        return [self._answer(query) for query in queries]

    def _answer(self, query: StatusQuery) -> StatusRecord | StatusError:
        try:
            return self.backend.lookup(query)
        except StatusError as error:
            return error


def check(verifier: Verifier, rows: Sequence[BulkQuestion]) -> int:
    """Hold each row to the verdict on it alone, with the register asked in turn and at once; how many were compared."""
    ways = [verifier]
    if verifier.status is not None:
        ways.append(attrs.evolve(verifier, status=AtOnce(verifier.status)))
    for way in ways:
        found = list(verify_many(way, iter(rows)))
        assert [asked.row for asked in rows] == [result.row for result in found]
        for asked, result in zip(rows, found, strict=True):
            alone = way.verify(asked.text, as_of=asked.as_of, expect=asked.expect, known_at=asked.known_at)
            assert result.verdict is not None
            assert (alone.outcome, alone.reasons) == (result.outcome, result.reasons)
            assert alone == result.verdict
            assert alone.in_force == result.verdict.in_force
            assert written(alone) == written(result.verdict)
    return len(rows)


def written(verdict: Verdict) -> bytes | str:
    """The evidence of a verdict, or that there can be none."""
    try:
        return verdict.evidence.to_bytes()
    except ValueError as cause:
        return str(cause)


@pytest.mark.parametrize("place", range(len(VECTORS)), ids=[vector.name for vector in VECTORS])
def test_conformance_vectors(place: int) -> None:
    """A vector's row, among those of the vectors beside it, before its own verifier."""
    asked = VECTORS[place]
    around = [VECTORS[(place + step) % len(VECTORS)] for step in range(NEIGHBOURS)]
    latest = asked.verifier.clock() + asked.verifier.policy.clock_skew
    rows = [
        BulkQuestion(row=name, text=one.text, as_of=one.as_of, expect=one.expect, known_at=one.known_at)
        for name, one in enumerate([*around, asked])
        if one.known_at is None or one.known_at <= latest
    ]

    assert check(asked.verifier, rows) > 0


def test_golden_evidence() -> None:
    """What each golden file asked, asked again of what its register answered, beside the day before and after."""
    compared = 0
    for case in CASES:
        verdict = case.replay(case.roots[0])
        if not isinstance(verdict, Verdict) or not verdict.text:
            continue
        question, sources = verdict._question, verdict._sources
        verifier = Verifier(
            trust=sources.trust,
            status=Answers(status=sources.status),
            vehicles=None if sources.vehicle is None else Answers(vehicle=sources.vehicle),
            policy=question.policy,
            clock=FixedClock(question.evaluated_at),
        )
        moments = (question.as_of, question.evaluated_at, question.evaluated_at.date(), question.as_of)
        rows = [
            BulkQuestion(row=row, text=question.text, as_of=as_of, expect=question.expect, known_at=question.known_at)
            for row, as_of in enumerate(moments)
        ]
        compared += check(verifier, rows)

    assert compared > len(CASES)


def rows_of_worlds(kind: str) -> Iterator[tuple[Verifier, list[BulkQuestion]]]:
    """Worlds of the model, each with its verifiers, and every question of the world put to each of them."""
    for world, cases in islice(worlds(Random(f"{SEED} rows {kind}"), kind), WORLDS):
        backend = BACKENDS[kind](world)
        for case in cases[:4]:
            text = doors.text(case.issued_at, case.first_day, case.last_day, doors.REF, passed=case.passed)
            yield (
                doors.verifier(case, backend),
                [
                    BulkQuestion(row=row, text=text, as_of=other.as_of, known_at=known_at)
                    for row, other in enumerate(cases)
                    for known_at in (None, other.known_at)
                    if known_at is None or known_at <= case.evaluated_at
                ],
            )


@pytest.mark.parametrize("kind", list(BACKENDS))
def test_random_questions(kind: str) -> None:
    """Rows about many moments, known at many times, before one verifier."""
    assert sum(check(verifier, rows) for verifier, rows in rows_of_worlds(kind)) > WORLDS * 4 * 12
