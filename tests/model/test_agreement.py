"""certcore and the model of its rules are asked the same random questions, through every door, and must not disagree.

``CERTCORE_MODEL_SEED`` asks others than usual. A failure prints each disagreement as a small case that can be asked
again: the first line says what certcore said and what the rules allow.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from datetime import timedelta
from itertools import chain, islice
from random import Random
from typing import Final

import pytest

from certcore import Effect, Verdict
from certcore.status import StatusBackend
from certcore.status.http import HTTPStatusBackend, HTTPTuning
from tests.model import doors
from tests.model.case import Case
from tests.model.rules import judge
from tests.model.telling import small, written
from tests.model.worlds import worlds
from tests.status.fault_server import FaultServer
from tests.status.http_cases import PATIENT

SEED: Final = os.environ.get("CERTCORE_MODEL_SEED", "June")

QUESTIONS: Final = {"memory": 7200, "answer": 7200, "documents": 6000}
"""How many are asked of each kind of world through its own backend."""

FEW: Final = {"async": 720, "replay": 720, "http": 480}
"""How many are asked a second way."""

SHOWN: Final = 3
MOST_LOOKED_AT: Final = 20

BACKENDS: Final[dict[str, Callable[[Case], StatusBackend]]] = {
    "memory": doors.memory,
    "answer": doors.answer,
    "documents": doors.snapshot,
}

Ask = Callable[[Case], Verdict]


def questions(kind: str, count: int) -> Iterator[tuple[Case, StatusBackend]]:
    """That many questions of one kind, and whom to ask; the same ones for the same seed."""
    asked = (
        (case, backend)
        for world, cases in worlds(Random(f"{SEED} {kind}"), kind)
        for backend in (BACKENDS[kind](world),)
        for case in cases
    )
    return islice(asked, count)


def disagreement(case: Case, verdict: Verdict) -> str | None:
    """What certcore said that the rules do not allow, or gave another reason for; None where they agree."""
    allowed, said = judge(case), verdict.outcome.value
    weighty = {reason.code for reason in verdict.reasons if reason.effect is not Effect.NOTES}
    if said in allowed.outcomes and (said == "valid" or weighty & allowed.codes):
        return None
    return f"said {said} {sorted(weighty)}, must be {sorted(allowed.outcomes)} {sorted(allowed.codes)}"


def report(found: list[tuple[str, Case]], ask: Ask) -> str:
    """The first disagreement of each kind, made small."""
    kinds = {what.partition(",")[0]: (what, case) for what, case in reversed(found[:MOST_LOOKED_AT])}
    shown = [_made_small(what, case, ask) for what, case in list(kinds.values())[:SHOWN]]
    return "\n\n".join([f"{len(found)} disagreements; CERTCORE_MODEL_SEED={SEED}", *shown])


def _made_small(what: str, case: Case, ask: Ask) -> str:
    """The least case of which the same is said."""

    def is_alike(less: Case) -> bool:
        return what == disagreement(less, ask(less))

    return f"{what}\n{written(small(case, is_alike))}"


@pytest.mark.parametrize("kind", BACKENDS)
def test_agreement(kind: str) -> None:
    """In memory, as somebody's register answers, and from signed documents."""
    found = [
        (what, case)
        for case, backend in questions(kind, QUESTIONS[kind])
        if (what := disagreement(case, doors.ask(case, backend)))
    ]

    assert not found, report(found, lambda case: doors.ask(case, BACKENDS[kind](case)))


def mixed(count: int) -> Iterator[tuple[Case, StatusBackend]]:
    """Questions of every kind."""
    return chain.from_iterable(questions(kind, count // len(BACKENDS)) for kind in BACKENDS)


def test_agreement_in_an_event_loop() -> None:
    """The verifier for event loops comes to the same verdicts."""
    for case, backend in mixed(FEW["async"]):
        assert doors.ask(case, backend) == doors.ask_later(case, backend), written(case)


def test_agreement_again_from_evidence() -> None:
    """So does whoever reads the evidence, byte for byte."""
    for case, backend in mixed(FEW["replay"]):
        verdict = doors.ask(case, backend)
        assert verdict.to_json() == doors.replay(verdict).to_json(), written(case)


def test_agreement_over_http() -> None:
    """Over HTTP, the model is told what the server gave away: the newest list, the events, the list of a moment."""
    tuning = HTTPTuning(jitter=lambda: 0.0, failure_pause=timedelta())
    with FaultServer() as server, HTTPStatusBackend(tuning=tuning, deadline=PATIENT) as backend:
        for number, (case, _) in enumerate(questions("documents", FEW["http"])):
            given = doors.Published(case, server, number)
            verdict = doors.ask(case, backend, host=server.url, number=number)
            told = given.told()
            assert not disagreement(told, verdict), f"{disagreement(told, verdict)}\n{written(told)}"


def test_how_many() -> None:
    """At least twenty thousand in every run."""
    assert sum(QUESTIONS.values()) >= 20_000
