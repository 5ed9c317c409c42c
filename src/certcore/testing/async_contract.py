"""`AsyncStatusBackendContract`: `StatusBackendContract` for backends whose `lookup` is a coroutine.

Each test makes, asks and closes the backend in its own event loop, because a client belongs to one loop. No pytest
plug-in is needed.
"""

from __future__ import annotations

import asyncio
import pickle
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager
from typing import Final, cast
from unittest import SkipTest

import attrs

from certcore.status.protocol import AsyncStatusBackend, StatusBackend, StatusEvent, StatusQuery, StatusRecord
from certcore.testing._promises import Promises
from certcore.testing._trial import Driver

__all__ = [
    "AsyncStatusBackendContract",
]

_ASKERS: Final = 16
_PAUSE_S: Final = 0.002
"""Seconds between two events that are recorded while others ask."""


class AsyncStatusBackendContract(Promises):
    """Holds an asynchronous backend to the protocol's promises; tasks take the place of threads.

    Its attributes are those of `StatusBackendContract`.
    """

    async def make_backend(self) -> AsyncStatusBackend:
        """A backend to try. It may find earlier tests' events in its store: references are never used twice."""
        raise NotImplementedError

    async def record(self, backend: AsyncStatusBackend, query: StatusQuery, event: StatusEvent) -> None:
        """File an event, the ``ISSUED`` one too, for the certificate that a query is about.

        It must be there when this returns. Events of one certificate come in the order of ``recorded_at``.
        """
        raise NotImplementedError

    async def break_backend(self, backend: AsyncStatusBackend) -> None:  # noqa: ARG002  for who overrides it
        """Make the backend fail from now on, as if its store were gone; optional."""
        msg = "break_backend is not implemented"
        raise SkipTest(msg)

    async def close_backend(self, backend: AsyncStatusBackend) -> None:
        """Release what the backend holds; optional. Called for copies of it, too, and for one that was broken."""

    @contextmanager
    def _driven(self) -> Iterator[Driver]:
        with ExitStack() as opened:
            loop = opened.enter_context(asyncio.Runner())
            backend = loop.run(self.make_backend())
            opened.callback(lambda: loop.run(self.close_backend(backend)))
            yield _Awaited(contract=self, awaited=backend, loop=loop, opened=opened)


@attrs.frozen
class _Blocking:
    """An asynchronous backend as a verifier calls it."""

    awaited: AsyncStatusBackend
    loop: asyncio.Runner

    def lookup(self, query: StatusQuery, /) -> StatusRecord:
        return self.loop.run(_ask(self.awaited, query))


@attrs.frozen(kw_only=True)
class _Awaited:
    """A backend that is awaited, in one loop."""

    contract: AsyncStatusBackendContract
    awaited: AsyncStatusBackend
    loop: asyncio.Runner
    opened: ExitStack

    @property
    def backend(self) -> StatusBackend:
        return _Blocking(self.awaited, self.loop)

    def record(self, query: StatusQuery, event: StatusEvent, /) -> None:
        self.loop.run(self.contract.record(self.awaited, query, event))

    def copy(self) -> StatusBackend:
        copy = cast("AsyncStatusBackend", pickle.loads(pickle.dumps(self.awaited)))  # noqa: S301  our own bytes
        self.opened.callback(lambda: self.loop.run(self.contract.close_backend(copy)))
        return _Blocking(copy, self.loop)

    def break_backend(self) -> None:
        self.loop.run(self.contract.break_backend(self.awaited))

    def watch(self, query: StatusQuery, events: Iterable[StatusEvent], /) -> list[list[StatusRecord]]:
        return self.loop.run(self._watch(query, events))

    async def _watch(self, query: StatusQuery, events: Iterable[StatusEvent]) -> list[list[StatusRecord]]:
        is_over = asyncio.Event()
        async with asyncio.TaskGroup() as group:
            asking = [group.create_task(_changes(self.awaited, query, is_over)) for _ in range(_ASKERS)]
            try:
                for event in events:
                    await self.contract.record(self.awaited, query, event)
                    await asyncio.sleep(_PAUSE_S)
            finally:
                is_over.set()
        return [asker.result() for asker in asking]


async def _ask(backend: AsyncStatusBackend, query: StatusQuery) -> StatusRecord:
    """One answer; fails for anything that is no record."""
    found: object = await backend.lookup(query)
    if not isinstance(found, StatusRecord):
        msg = f"lookup answers with a StatusRecord, not with a {type(found).__name__}"
        raise AssertionError(msg)  # noqa: TRY004  a promise that is not kept, not a mistake in calling
    return found


async def _changes(backend: AsyncStatusBackend, query: StatusQuery, is_over: asyncio.Event) -> list[StatusRecord]:
    """The answers to one question until it is over, each as often as it changed."""
    seen = [await _ask(backend, query)]
    while not is_over.is_set():
        await asyncio.sleep(0)
        record = await _ask(backend, query)
        if record != seen[-1]:
            seen.append(record)
    return seen
