"""A verifier's pictures have a deadline, and may be read in another process: every method, sync and async, alike."""

from __future__ import annotations

import asyncio
import inspect
import threading
import time
from collections.abc import Callable
from datetime import timedelta
from typing import Any, Final

import pytest

from certcore import AsyncVerifier, Outcome, Verdict, Verifier, qr
from tests.verify_cases import LOSS, SEEN, TEXT, codes, registered, verifier

pytest.importorskip("PIL.Image", reason="Pillow is not installed (certcore[scan])")
if not any(decoder.available for decoder in qr.decoders()):
    pytest.skip("no decoder is installed (certcore[scan])", allow_module_level=True)

PICTURE: Final = qr.to_png(TEXT, scale=4)

Ask = Callable[..., tuple[Verdict, ...]]


class Later:
    """A backend for an event loop that answers as another one does."""

    def __init__(self, backend: Any) -> None:  # noqa: ANN401  # whichever
        self._backend = backend

    async def lookup(self, query: Any) -> Any:  # noqa: ANN401  # as above
        """What the other one answers."""
        return self._backend.lookup(query)


def sync(name: str) -> Ask:
    """Ask a `Verifier`."""

    def ask(picture: Any, **options: Any) -> tuple[Verdict, ...]:  # noqa: ANN401  # as above
        found = getattr(verifier(registered()), name)(picture, as_of=LOSS, expect=SEEN, **options)
        return found if isinstance(found, tuple) else (found,)

    return ask


def later(name: str) -> Ask:
    """Ask an `AsyncVerifier` of the same."""

    def ask(picture: Any, **options: Any) -> tuple[Verdict, ...]:  # noqa: ANN401  # as above
        known = verifier(registered())
        asked = AsyncVerifier(trust=known.trust, policy=known.policy, clock=known.clock, status=Later(known.status))
        found = asyncio.run(getattr(asked, name)(picture, as_of=LOSS, expect=SEEN, **options))
        return found if isinstance(found, tuple) else (found,)

    return ask


ASKS: Final = [
    pytest.param(how(name), id=f"{how.__name__} {name}")
    for how in (sync, later)
    for name in ("verify_image", "verify_all")
]
each_ask = pytest.mark.parametrize("ask", ASKS)
each_place = pytest.mark.parametrize("isolate", [False, True])


@each_ask
@each_place
@pytest.mark.parametrize("deadline", [timedelta(minutes=5), None])
def test_the_verdict_is_the_same(ask: Ask, deadline: timedelta | None, *, isolate: bool) -> None:
    """Wherever it is read, and whether or not there is a deadline."""
    (verdict,) = ask(PICTURE, deadline=deadline, isolate=isolate)
    (as_ever,) = sync("verify_image")(PICTURE)
    assert (Outcome.VALID, as_ever.to_json()) == (verdict.outcome, verdict.to_json())


@each_ask
@each_place
@pytest.mark.parametrize("deadline", [timedelta(), timedelta(microseconds=1)])
def test_a_deadline_that_is_over_is_a_reason(ask: Ask, deadline: timedelta, *, isolate: bool) -> None:
    """Neither valid nor invalid, and nothing is raised."""
    (verdict,) = ask(PICTURE, deadline=deadline, isolate=isolate)
    assert verdict.outcome is Outcome.UNDETERMINED
    assert "image-timeout" in codes(verdict)
    assert verdict.evidence.to_bytes()


@each_ask
@pytest.mark.parametrize(("wrong", "error"), [(timedelta(seconds=-1), ValueError), (5, TypeError)])
def test_misuse(ask: Ask, wrong: Any, error: type[Exception]) -> None:  # noqa: ANN401  # what is tried
    """A deadline is a timedelta, and not below zero."""
    with pytest.raises(error):
        ask(PICTURE, deadline=wrong)


@pytest.mark.parametrize("kind", [Verifier, AsyncVerifier])
@pytest.mark.parametrize("name", ["verify_image", "verify_all"])
def test_there_is_a_deadline_unless_told_otherwise(kind: type, name: str) -> None:
    """Ten seconds, in this process."""
    parameters = inspect.signature(getattr(kind, name)).parameters
    assert parameters["deadline"].default == timedelta(seconds=10)
    assert parameters["isolate"].default is False


def test_waiting_for_a_thread_is_within_the_deadline(monkeypatch: pytest.MonkeyPatch) -> None:
    """In an event loop whose threads are all taken, the time of a picture runs from when it was asked."""
    known = verifier(registered())
    asked = AsyncVerifier(trust=known.trust, policy=known.policy, clock=known.clock, status=Later(known.status))

    async def late(work: Callable[..., object], *given: object, **options: object) -> object:
        await asyncio.sleep(0.3)
        return work(*given, **options)

    monkeypatch.setattr(asyncio, "to_thread", late)
    verdict = asyncio.run(asked.verify_image(PICTURE, as_of=LOSS, expect=SEEN, deadline=timedelta(seconds=0.2)))
    assert "image-timeout" in codes(verdict)


def test_no_thread_is_left_behind() -> None:
    """A task that was cancelled leaves a thread that ends by the deadline."""
    known = verifier(registered())
    asked = AsyncVerifier(trust=known.trust, policy=known.policy, clock=known.clock, status=Later(known.status))

    async def cancel() -> None:
        task = asyncio.create_task(asked.verify_image(PICTURE, as_of=LOSS, deadline=timedelta(seconds=1), isolate=True))
        await asyncio.sleep(0)  # it has begun
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    before = threading.active_count()
    asyncio.run(cancel())
    end = time.monotonic() + 30
    while threading.active_count() > before and time.monotonic() < end:
        time.sleep(0.05)
    assert threading.active_count() <= before
