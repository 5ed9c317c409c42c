"""`StatusBackendContract`: the tests that every status backend must pass, as a class to inherit.

    class TestMine(StatusBackendContract):
        def make_backend(self) -> StatusBackend: ...
        def record(self, backend: StatusBackend, query: StatusQuery, event: StatusEvent) -> None: ...

pytest collects the subclass; its tests are named after what they show. The promises themselves are in
`certcore.testing._promises`.
"""

from __future__ import annotations

import pickle
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from threading import Barrier, Event
from typing import Final, cast
from unittest import SkipTest

import attrs

from certcore.status.protocol import StatusBackend, StatusEvent, StatusQuery, StatusRecord
from certcore.testing._promises import Promises
from certcore.testing._trial import Driver, answer

__all__ = [
    "StatusBackendContract",
]

_ASKERS: Final = 16
_PAUSE_S: Final = 0.002
"""Seconds between two events that are recorded while others ask."""

_BREATH_S: Final = 0.001
"""Seconds between two look-ups of one who keeps asking: what is tried is agreement, not how a full pool is shared."""


class StatusBackendContract(Promises):
    """Holds a backend to the protocol's promises, through `lookup` and through a real verifier.

    A test passes on a backend that answers fully, and on one that says by an attribute of the class what it does not
    do; see `Promises` for the attributes. What it does not check: speed, and how signed documents are fetched.
    """

    def make_backend(self) -> StatusBackend:
        """A backend to try. It may find earlier tests' events in its store: references are never used twice."""
        raise NotImplementedError

    def record(self, backend: StatusBackend, query: StatusQuery, event: StatusEvent) -> None:
        """File an event, the ``ISSUED`` one too, for the certificate that a query is about.

        It must be there when this returns. Events of one certificate come in the order of ``recorded_at``.
        """
        raise NotImplementedError

    def break_backend(self, backend: StatusBackend) -> None:  # noqa: ARG002  for who overrides it
        """Make the backend fail from now on, as if its store were gone; optional."""
        msg = "break_backend is not implemented"
        raise SkipTest(msg)

    def close_backend(self, backend: StatusBackend) -> None:
        """Release what the backend holds; optional. Called for copies of it, too, and for one that was broken."""

    @contextmanager
    def _driven(self) -> Iterator[Driver]:
        with ExitStack() as opened:
            backend = self.make_backend()
            opened.callback(self.close_backend, backend)
            yield _Called(contract=self, backend=backend, opened=opened)


@attrs.frozen(kw_only=True)
class _Called:
    """A backend that is called, from here and from threads."""

    contract: StatusBackendContract
    backend: StatusBackend
    opened: ExitStack

    def record(self, query: StatusQuery, event: StatusEvent, /) -> None:
        self.contract.record(self.backend, query, event)

    def copy(self) -> StatusBackend:
        copy = cast("StatusBackend", pickle.loads(pickle.dumps(self.backend)))  # noqa: S301  our own bytes
        self.opened.callback(self.contract.close_backend, copy)
        return copy

    def break_backend(self) -> None:
        self.contract.break_backend(self.backend)

    def watch(self, query: StatusQuery, events: Iterable[StatusEvent], /) -> list[list[StatusRecord]]:
        is_over, start = Event(), Barrier(_ASKERS + 1)

        def keep_asking() -> list[StatusRecord]:
            start.wait()
            return _changes(lambda: answer(self.backend, query), is_over)

        with ThreadPoolExecutor(_ASKERS) as pool:
            asking = [pool.submit(keep_asking) for _ in range(_ASKERS)]
            start.wait()
            try:
                for event in events:
                    self.record(query, event)
                    is_over.wait(_PAUSE_S)
            finally:
                is_over.set()
            return [asker.result() for asker in asking]


def _changes(ask: Callable[[], StatusRecord], is_over: Event) -> list[StatusRecord]:
    """The answers to one question until it is over, each as often as it changed."""
    seen = [ask()]
    while not is_over.wait(_BREATH_S):
        record = ask()
        if record != seen[-1]:
            seen.append(record)
    return seen
