"""The decision procedure without its usual driver: another one, asynchronous, comes to the same verdicts."""

from __future__ import annotations

import asyncio

import attrs
import pytest

from certcore import Expected, Verdict
from certcore.engine._question import Question, StatusAnswer, VehicleAnswer
from certcore.engine.certificate import Pending, begin, conclude
from certcore.errors import StatusError
from certcore.status import (
    AsyncStatusBackend,
    AsyncVehicleStatusBackend,
    StatusBackend,
    StatusQuery,
    StatusRecord,
    VehicleQuery,
    VehicleRecord,
    VehicleStatusBackend,
)
from tests.verify_cases import NOW, SEEN, TEXT, TRUST, Answers, certificate, live, record, seal, verifier
from tests.verify_vectors import VALID, VECTORS, Vector


@attrs.frozen
class Slow:
    """A status backend for an event loop, which lets others go first."""

    backend: StatusBackend

    async def lookup(self, query: StatusQuery, /) -> StatusRecord:
        """The other backend's answer, later."""
        await asyncio.sleep(0)
        return self.backend.lookup(query)


@attrs.frozen
class SlowVehicles:
    """The same for vehicles."""

    backend: VehicleStatusBackend

    async def lookup_vehicle(self, query: VehicleQuery, /) -> VehicleRecord:
        """The other backend's answer, later."""
        await asyncio.sleep(0)
        return self.backend.lookup_vehicle(query)


async def ask_status(backend: AsyncStatusBackend | None, query: StatusQuery | None) -> StatusAnswer:
    """One look-up."""
    if backend is None or query is None:
        return None
    try:
        return await backend.lookup(query)
    except StatusError as error:
        return error


async def ask_vehicle(backend: AsyncVehicleStatusBackend | None, query: VehicleQuery | None) -> VehicleAnswer:
    """The same for a vehicle."""
    if backend is None or query is None:
        return None
    try:
        return await backend.lookup_vehicle(query)
    except StatusError as error:
        return error


def question(vector: Vector) -> Question:
    """A vector's question, as a driver puts it: without the scanner's line end."""
    return Question(
        text=vector.text.removesuffix("\n").removesuffix("\r"),
        as_of=vector.as_of,
        expect=vector.expect or Expected(),
        known_at=vector.known_at,
        evaluated_at=vector.verifier.clock(),
        policy=vector.verifier.policy,
        existed_by=vector.existed_by,
    )


async def drive(vector: Vector) -> Verdict:
    """An asynchronous driver: both registers are asked at once."""
    asking = vector.verifier
    pending = begin(question(vector), asking.trust, asking.group_keys)
    if isinstance(pending, Verdict):
        return pending
    status, vehicle = await asyncio.gather(
        ask_status(None if asking.status is None else Slow(asking.status), pending.status_query),
        ask_vehicle(None if asking.vehicles is None else SlowVehicles(asking.vehicles), pending.vehicle_query),
    )
    return conclude(pending, status=status, vehicle=vehicle)


async def drive_all() -> list[Verdict]:
    """Every vector at once, in one loop."""
    return await asyncio.gather(*map(drive, VECTORS))


def test_another_driver_comes_to_the_same_verdicts() -> None:
    """The procedure knows nothing of who drives it: all vectors, run in one event loop, give the same JSON."""
    expected = [vector.verify().to_json() for vector in VECTORS]

    assert expected == [verdict.to_json() for verdict in asyncio.run(drive_all())]


def test_the_slow_backends_are_backends() -> None:
    """The doubles of this file follow the protocols for event loops."""
    assert isinstance(Slow(Answers()), AsyncStatusBackend)
    assert isinstance(SlowVehicles(Answers()), AsyncVehicleStatusBackend)


def test_concluding_again_is_the_same() -> None:
    """A driver may conclude without an answer first and with one later: what was begun is not used up."""
    for vector in VALID:
        pending = begin(question(vector), vector.verifier.trust, vector.verifier.group_keys)
        assert isinstance(pending, Pending)
        first = conclude(pending, status=StatusError("status-unavailable"))
        answered = conclude(pending, status=record())

        assert first.to_json() == conclude(pending, status=StatusError("status-unavailable")).to_json()
        assert answered.to_json() == conclude(pending, status=record()).to_json()


@pytest.mark.parametrize(
    ("text", "asks"),
    [(TEXT, True), (live(), False), (seal(certificate()) + " 0", None)],
    ids=["plain", "live", "broken"],
)
def test_beginning_says_what_is_to_be_asked(text: str, *, asks: bool | None) -> None:
    """What is not authentic is a verdict at once; all else says whether a register must be asked."""
    asking = verifier()
    asked = Question(text=text, as_of=NOW, expect=SEEN, known_at=None, evaluated_at=NOW, policy=asking.policy)

    begun = begin(asked, TRUST)

    if asks is None:
        assert isinstance(begun, Verdict)
    else:
        assert isinstance(begun, Pending)
        assert asks == (begun.status_query is not None)
