"""What a verdict keeps of a look-up that failed."""

from __future__ import annotations

import asyncio
import gc
import weakref
from typing import Any, NoReturn

import pytest

from certcore.errors import StatusError
from certcore.evidence import Evidence
from certcore.policy import Policy
from certcore.reasons import REASONS
from certcore.verdict import Outcome, VehicleVerdict, Verdict
from certcore.verify import AsyncVerifier
from tests.verify_cases import NOW, SEEN, TEXT, TRUST, TRUST_ROOT, VIN, registered, verifier

DOCUMENT_CODES = [code for code in REASONS if code.startswith(("status-list-", "status-value-", "vehicle-answer-"))]
"""The codes of what is wrong with a document that did arrive."""


Asked = tuple[Verdict | VehicleVerdict, "Failing"]


class Body:
    """What was fetched, as a frame of the traceback holds it."""


class Failing:
    """A backend that fails with what it fetched still in its frames."""

    def __init__(self, code: str, **detail: Any) -> None:  # noqa: ANN401  as StatusError takes it
        self._code, self._detail = code, detail
        self.bodies: list[weakref.ref[Body]] = []

    def _fail(self) -> NoReturn:
        body = Body()
        self.bodies.append(weakref.ref(body))
        raise StatusError(self._code, "not told", **self._detail) from ValueError(body)

    def lookup(self, _: object) -> Any:  # noqa: ANN401  or of the async kind, below
        """Fail."""
        self._fail()

    lookup_vehicle = lookup


class FailingLater(Failing):
    """As `Failing`, for event loops."""

    async def lookup(self, _: object) -> Any:  # noqa: ANN401  as above
        """Fail."""
        self._fail()

    lookup_vehicle = lookup


def asked(code: str, policy: Policy, **detail: Any) -> list[Asked]:  # noqa: ANN401  as above
    """A certificate and a vehicle asked about, in both ways."""
    now, later = Failing(code, **detail), FailingLater(code, **detail)
    asking, waiting = (
        verifier(now, policy, vehicles=now),
        AsyncVerifier(trust=TRUST, status=later, vehicles=later, policy=policy, clock=lambda: NOW),
    )
    return [
        (asking.verify(TEXT, as_of=NOW, expect=SEEN), now),
        (asking.check_vehicle(as_of=NOW, vin=VIN), now),
        (asyncio.run(waiting.verify(TEXT, as_of=NOW, expect=SEEN)), later),
        (asyncio.run(waiting.check_vehicle(as_of=NOW, vin=VIN)), later),
    ]


def again(verdict: Verdict | VehicleVerdict) -> Verdict | VehicleVerdict:
    """The verdict from the bytes of its evidence."""
    evidence = Evidence.from_bytes(verdict.evidence.to_bytes())
    return evidence.replay_vehicle(TRUST_ROOT) if isinstance(verdict, VehicleVerdict) else evidence.replay(TRUST_ROOT)


@pytest.mark.parametrize(
    "policy", [Policy.claims(), Policy.roadside(), Policy.counterparty()], ids=lambda one: one.name
)
@pytest.mark.parametrize("code", DOCUMENT_CODES)
def test_a_bad_document_is_told_and_never_softened(code: str, policy: Policy) -> None:
    """Its code stands in the verdict and in the replay, and blocks whatever the policy says of missing answers."""
    for verdict, _ in asked(code, policy):
        assert Outcome.UNDETERMINED is verdict.outcome
        assert code in verdict
        assert verdict == again(verdict)


@pytest.mark.parametrize("policy", [Policy.claims(), Policy.counterparty()], ids=lambda one: one.name)
@pytest.mark.parametrize("cause", ["connect", "dns", "http-403", "http-5xx", "missing-credentials", "redis"])
def test_a_cause_is_told(cause: str, policy: Policy) -> None:
    """The cause of a missing answer stands in the verdict and in the replay."""
    for verdict, _ in asked("status-unavailable", policy, cause=cause, status=403):
        assert {cause} == {
            dict(reason.detail).get("cause") for reason in verdict.reasons if reason.code == "status-unavailable"
        }
        assert verdict == again(verdict)


@pytest.mark.parametrize("cause", ["LSVAA4181E2184211", "b-ab123", "苏E12345", "Down", "", "a" * 30, 7, b"x", None])
def test_a_cause_is_a_word_or_nothing(cause: object) -> None:
    """What might be a registration number, a VIN or anything else stays out of the verdict."""
    for verdict, _ in asked("status-unavailable", Policy.claims(), cause=cause):
        assert {None} == {dict(reason.detail).get("cause") for reason in verdict.reasons}


def test_nothing_fetched_is_kept() -> None:
    """A verdict that is kept holds neither the traceback nor what the backend had in hand."""
    for verdict, backend in asked("status-list-signature", Policy.claims()):
        gc.collect()
        assert verdict.reasons
        assert [] == [body for body in backend.bodies if body() is not None]


def test_answers_are_not_touched() -> None:
    """A record goes through as it is."""
    assert Outcome.VALID is verifier(registered()).verify(TEXT, as_of=NOW, expect=SEEN).outcome
