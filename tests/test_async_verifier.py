"""`AsyncVerifier`: the same verdicts as `Verifier`, whoever answers, and a loop that goes on meanwhile."""

from __future__ import annotations

import asyncio
import io
import pickle
import threading
from collections.abc import Awaitable, Callable
from datetime import date, datetime, timedelta
from typing import Any, Final, cast

import attrs
import pytest

from certcore import AsyncVerifier, Expected, Outcome, Policy, Verdict, Verifier
from certcore.errors import CertcoreError, StatusError
from certcore.status import (
    AsyncStatusBackend,
    AsyncVehicleStatusBackend,
    StatusQuery,
    StatusRecord,
    VehicleQuery,
    VehicleRecord,
)
from certcore.testing import FixedClock
from tests.truth_table.cases import AnswersLater, Case, cases
from tests.verify_cases import (
    LIVE_SIGNER,
    LONG_AGO,
    LOSS,
    NOW,
    SEEN,
    TEXT,
    TRUST,
    VIN,
    Answers,
    codes,
    live,
    record,
    verifier,
)
from tests.verify_vectors import VECTORS, Vector

PATIENCE: Final = 60
"""Seconds after which a test that hangs has failed; none waits for it otherwise."""

CASES: Final = cases()


def run(coroutine: Awaitable[Any]) -> Any:  # noqa: ANN401  whatever it gives
    """Run one coroutine to its end, but not for ever."""

    async def patiently() -> Any:  # noqa: ANN401  as above
        async with asyncio.timeout(PATIENCE):
            return await coroutine

    return asyncio.run(patiently())


def twin(asking: Verifier) -> AsyncVerifier:
    """The verifier for event loops that has the same registers."""
    status, vehicles = cast("Answers | None", asking.status), cast("Answers | None", asking.vehicles)
    return AsyncVerifier(
        trust=asking.trust,
        status=None if status is None else AnswersLater(status),
        policy=asking.policy,
        vehicles=None if vehicles is None else AnswersLater(vehicles),
        group_keys=asking.group_keys,
        clock=asking.clock,
    )


def async_verifier(
    status: object = None, vehicles: object = None, policy: Policy | None = None, at: datetime = NOW
) -> AsyncVerifier:
    """The usual verifier, for backends of any kind."""
    return AsyncVerifier(
        trust=TRUST,
        status=cast("AsyncStatusBackend | None", status),
        policy=policy or Policy.claims(),
        vehicles=cast("AsyncVehicleStatusBackend | None", vehicles),
        clock=FixedClock(at),
    )


def vehicle(**changes: Any) -> VehicleRecord:  # noqa: ANN401  any field of a record
    """What a register says of a vehicle that is in order."""
    fields: dict[str, Any] = {"known": True, "observed_at": NOW, "history_from": LONG_AGO}
    return VehicleRecord(**(fields | changes))


# Equal verdicts


@pytest.mark.parametrize("vector", [pytest.param(vector, id=vector.name) for vector in VECTORS])
def test_vectors(vector: Vector) -> None:
    """Every conformance vector comes to an equal verdict, and to equal JSON."""
    expected = vector.verify()

    asked: dict[str, Any] = {"as_of": vector.as_of, "expect": vector.expect, "known_at": vector.known_at}
    found = run(twin(vector.verifier).verify(vector.text, **asked, existed_by=vector.existed_by))

    assert expected == found
    assert expected.to_json() == found.to_json()
    assert vector.outcome == found.outcome.value


def test_every_row_at_once() -> None:
    """The whole truth table, asked at once in one loop, gives what each row gives alone."""

    async def ask_all() -> list[object]:
        return list(await asyncio.gather(*(case.ask_later() for case in CASES)))

    assert [case.ask() for case in CASES] == run(ask_all())


def test_shared_by_many_tasks() -> None:
    """One verifier, asked by a thousand tasks at once, gives each its own answer."""
    asking = async_verifier(AnswersLater(Answers(status=record())))
    days = [date(2026, 6, 1) + timedelta(days=number % 300) for number in range(1000)]

    async def ask_all() -> list[Verdict]:
        return await asyncio.gather(*(asking.verify(TEXT, as_of=day, expect=SEEN) for day in days))

    alone = {day: verifier(Answers(status=record())).verify(TEXT, as_of=day, expect=SEEN) for day in set(days)}
    assert [alone[day] for day in days] == run(ask_all())


@pytest.mark.parametrize(
    ("arguments", "error"),
    [
        ({"as_of": datetime(2026, 9, 1)}, ValueError),  # noqa: DTZ001  the mistake under test
        ({"as_of": "2026-09-01"}, TypeError),
        ({"as_of": date(1969, 1, 1)}, ValueError),
        ({"known_at": NOW + timedelta(hours=1)}, ValueError),
        ({"known_at": datetime(2026, 9, 1)}, ValueError),  # noqa: DTZ001  as above
        ({"expect": "闽C12345"}, TypeError),
        ({"existed_by": b"one"}, TypeError),
        ({"existed_by": [b"x"] * 17}, ValueError),
    ],
)
def test_misuse(arguments: dict[str, Any], error: type[Exception]) -> None:
    """What `Verifier` refuses is refused, before anybody is asked."""
    answers = Answers(status=record())
    given: dict[str, Any] = {"as_of": LOSS, "expect": SEEN} | arguments

    with pytest.raises(error):
        run(async_verifier(AnswersLater(answers)).verify(TEXT, **given))
    with pytest.raises(error):
        verifier(answers).verify(TEXT, **given)
    assert [] == answers.asked


# Whoever answers


@attrs.frozen
class Backend:
    """Backends whose look-ups do as they are told."""

    do: Callable[[object], Awaitable[object]]

    async def lookup(self, query: StatusQuery, /) -> StatusRecord:
        """Whatever it does."""
        return cast("StatusRecord", await self.do(query))

    async def lookup_vehicle(self, query: VehicleQuery, /) -> VehicleRecord:
        """Whatever it does."""
        return cast("VehicleRecord", await self.do(query))


def kind(answer: object) -> str:
    """What an answer is called in a test's name: the same in every run."""
    return type(answer).__name__


def answering(answer: object) -> Backend:
    """A backend that gives this, or raises it."""

    async def do(_: object) -> object:
        await asyncio.sleep(0)
        if isinstance(answer, BaseException):
            raise answer
        return answer

    return Backend(do)


RUBBISH: Final[tuple[object, ...]] = (None, "VALID", 0, True, {}, object(), record, vehicle(), attrs.asdict(record()))
RAISED: Final = (
    ValueError("no"),
    KeyError("no"),
    OSError("no"),
    TimeoutError(),
    asyncio.InvalidStateError(),
    RecursionError(),
    StopAsyncIteration(),
    CertcoreError("malformed", "no"),
    ExceptionGroup("several", [ValueError("no")]),
)


@pytest.mark.parametrize("answer", [*RUBBISH, *RAISED], ids=kind)
def test_what_is_no_answer(answer: object) -> None:
    """Rubbish, and errors that a backend may not raise, are a backend's error and decide nothing."""
    verdict = run(async_verifier(answering(answer)).verify(TEXT, as_of=LOSS, expect=SEEN))

    assert Outcome.UNDETERMINED is verdict.outcome
    assert ["status-backend-error"] == codes(verdict)


@pytest.mark.parametrize("answer", [None, "VALID", record(), ValueError("no"), TimeoutError()], ids=kind)
def test_what_is_no_answer_about_a_vehicle(answer: object) -> None:
    """The same of vehicles, with a certificate and without."""
    asking = async_verifier(answering(record()), answering(answer), Policy.roadside())

    with_one = run(asking.verify(TEXT, as_of=NOW, expect=SEEN))
    without = run(asking.check_vehicle(vin=VIN, as_of=NOW))

    assert ["status-backend-error"] == codes(with_one) == codes(without)


def test_a_status_error() -> None:
    """A register that cannot answer says why."""
    asking = async_verifier(answering(StatusError("as-of-unsupported")), answering(StatusError("status-unavailable")))

    verdict = run(asking.verify(TEXT, as_of=LOSS, expect=SEEN))

    assert ["as-of-unsupported", "status-unavailable"] == codes(verdict)


def test_a_backend_that_is_not_asynchronous() -> None:
    """A backend for threads, given by mistake, is a backend's error: its answer cannot be waited for."""
    verdict = run(async_verifier(Answers(status=record())).verify(TEXT, as_of=LOSS, expect=SEEN))

    assert ["status-backend-error"] == codes(verdict)


def test_one_error_does_not_hide_the_other_answer() -> None:
    """Where one register breaks, what the other said still stands."""
    revoked = Answers(status=StatusError("status-unavailable"), vehicle=vehicle())
    broken = async_verifier(answering(ValueError("no")), AnswersLater(revoked), Policy.roadside())

    verdict = run(broken.verify(TEXT, as_of=NOW, expect=SEEN))

    assert ["status-backend-error"] == codes(verdict)


# The loop goes on


def test_look_ups_run_at_once() -> None:
    """Each of the two registers is asked while the other has not answered yet."""

    async def ask() -> Verdict:
        both = asyncio.Barrier(2)

        async def status(_: object) -> object:
            await both.wait()
            return record()

        async def vehicles(_: object) -> object:
            await both.wait()
            return vehicle()

        asking = async_verifier(Backend(status), Backend(vehicles), Policy.roadside())
        return await asking.verify(TEXT, as_of=NOW, expect=SEEN)

    assert run(ask())


def test_nobody_is_asked_before_the_signature_is_trusted() -> None:
    """A forgery reaches no register."""
    answers = Answers(status=record(), vehicle=vehicle())
    asking = async_verifier(AnswersLater(answers), AnswersLater(answers), Policy.roadside())

    for text in ("", "HELLO", TEXT[:-3] + "000", live(signer=LIVE_SIGNER, minutes=16)):
        assert not run(asking.verify(text, as_of=NOW, expect=SEEN))
    assert [] == answers.asked


@pytest.mark.parametrize("slow", ["status", "vehicles", "check"])
def test_cancellation_is_not_swallowed(slow: str) -> None:
    """A task that waits for a register can be cancelled, and so is the look-up it waits for."""

    async def cancel() -> tuple[bool, bool]:
        asked, stopped = asyncio.Event(), asyncio.Event()

        async def hang(_: object) -> object:
            asked.set()
            try:
                await asyncio.Event().wait()
            finally:
                stopped.set()
            return record()

        status = Backend(hang) if slow == "status" else answering(record())
        vehicles = answering(vehicle()) if slow == "status" else Backend(hang)
        asking = async_verifier(status, vehicles, Policy.roadside())
        question: Awaitable[object] = (
            asking.check_vehicle(vin=VIN, as_of=NOW) if slow == "check" else asking.verify(TEXT, as_of=NOW, expect=SEEN)
        )
        task = asyncio.ensure_future(question)
        await asked.wait()
        task.cancel()
        try:
            await task
        except asyncio.CancelledError:
            await stopped.wait()
            return True, task.cancelled()
        return False, False

    assert (True, True) == run(cancel())


def test_a_deadline_of_the_callers() -> None:
    """`asyncio.timeout` around a question ends it."""

    async def ask() -> None:
        async def hang(_: object) -> object:
            return await asyncio.Event().wait()

        async with asyncio.timeout(0.01):
            await async_verifier(Backend(hang)).verify(TEXT, as_of=LOSS, expect=SEEN)

    with pytest.raises(TimeoutError):
        run(ask())


@pytest.mark.parametrize("interrupt", [KeyboardInterrupt, SystemExit])
def test_interrupts_are_not_swallowed(interrupt: type[BaseException]) -> None:
    """What stops a program stops it."""
    with pytest.raises(interrupt):
        asyncio.run(async_verifier(answering(interrupt())).verify(TEXT, as_of=LOSS, expect=SEEN))


# Pictures


def picture(*texts: str) -> bytes:
    """A picture with a symbol of each text."""
    image = pytest.importorskip("PIL.Image", reason="Pillow is not installed: the scan extra")
    from certcore import qr

    symbols = [image.open(io.BytesIO(qr.to_png(text, scale=4))).convert("L") for text in texts]
    page = image.new("L", (sum(symbol.width for symbol in symbols) + 40, max(symbol.height for symbol in symbols)), 255)
    left = 0
    for symbol in symbols:
        page.paste(symbol, (left, 0))
        left += symbol.width + 20
    written = io.BytesIO()
    page.save(written, "PNG")
    return written.getvalue()


@pytest.mark.parametrize("method", ["verify_image", "verify_all"])
@pytest.mark.parametrize("content", ["one", "two", "nothing", "rubbish"])
def test_pictures(method: str, content: str) -> None:
    """Pictures come to equal verdicts: with one certificate, several, none, and what is no picture."""
    pytest.importorskip("zxingcpp", reason="zxing-cpp is not installed: the scan extra")
    texts = {"one": (TEXT,), "two": (TEXT, live()), "nothing": ("HELLO",), "rubbish": ()}[content]
    shown = picture(*texts) if texts else b"no picture"
    asking = verifier(Answers(status=record()))

    expected = getattr(asking, method)(shown, as_of=LOSS, expect=SEEN)
    found = run(getattr(twin(asking), method)(shown, as_of=LOSS, expect=SEEN))

    assert expected == found


def test_pictures_do_not_block_the_loop() -> None:
    """A picture is read in another thread: the loop turns while that thread waits for it to."""
    pytest.importorskip("zxingcpp", reason="zxing-cpp is not installed: the scan extra")
    shown = picture(TEXT)

    class Slow(io.BytesIO):
        """A picture that is not there before the loop has turned."""

        turned = threading.Event()
        reader: int | None = None

        def read(self, size: int | None = -1, /) -> bytes:
            """Its bytes, once the loop has turned."""
            Slow.reader = threading.get_ident()
            assert Slow.turned.wait(PATIENCE), "the loop stands still"
            return super().read(size)

    async def ask() -> Verdict:
        asking = async_verifier(answering(record()))
        task = asyncio.ensure_future(asking.verify_image(cast("Any", Slow(shown)), as_of=LOSS, expect=SEEN))
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        Slow.turned.set()
        return await task

    assert run(ask())
    assert Slow.reader not in {None, threading.get_ident()}


# What it is


def test_it_is_frozen_and_pickles() -> None:
    """It cannot be changed, takes another trust list into a copy, and pickles with its backends."""
    asking = async_verifier(AnswersLater(Answers(status=record())))

    with pytest.raises(attrs.exceptions.FrozenInstanceError):
        asking.policy = Policy.bulk()  # type: ignore[misc]  # the mistake under test
    assert asking.with_trust(TRUST) == asking
    copy: AsyncVerifier = pickle.loads(pickle.dumps(asking))  # noqa: S301  our own bytes
    question: dict[str, Any] = {"as_of": LOSS, "expect": Expected(registration_number="闽C12345", vin=VIN)}
    assert run(asking.verify(TEXT, **question)) == run(copy.verify(TEXT, **question))


def test_a_loop_is_not_kept() -> None:
    """One verifier serves one loop after the other, and loops of several threads at once."""
    asking = async_verifier(AnswersLater(Answers(status=record())))
    found: list[Verdict] = []

    def ask() -> None:
        found.append(run(asking.verify(TEXT, as_of=LOSS, expect=SEEN)))

    ask()
    threads = [threading.Thread(target=ask) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(PATIENCE)

    assert [verifier(Answers(status=record())).verify(TEXT, as_of=LOSS, expect=SEEN)] * 9 == found


def test_the_row_helper_is_a_backend() -> None:
    """The double that answers later follows the protocols for event loops."""
    assert isinstance(AnswersLater(Answers()), AsyncStatusBackend)
    assert isinstance(AnswersLater(Answers()), AsyncVehicleStatusBackend)
    assert all(isinstance(case, Case) for case in CASES)
