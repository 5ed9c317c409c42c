"""Status over HTTP: `HTTPStatusBackend` and `AsyncHTTPStatusBackend`.

Two drivers over the same steps (`_flows`, `_prefetch`): one that blocks and one for an event loop. They send, pause,
and let callers who want the same thing wait for one of them; what is asked and what may be believed is decided below,
by pure code. With `_wire`, this is the only network code of the package. It needs the extra ``http``.

A backend holds no trust: every query brings the list's URI and the keys that may sign it, from the engine, which has
them from the trust list. Over the wire goes the list's URI, never an index or a certificate's id.

Pickling keeps the settings and the cache folder. Connections, what is in memory, and bearer tokens stay behind; with an
injected transport it is refused.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import Future
from datetime import timedelta
from functools import partial
from threading import Lock, Thread
from types import TracebackType
from typing import TYPE_CHECKING, Any, Final, Self, TypeVar

from certcore import _forks
from certcore.errors import StatusError
from certcore.status._documents import copy_error
from certcore.status._url_policy import unavailable
from certcore.status.http._backend import Backend
from certcore.status.http._budget import Budget, out_of_time
from certcore.status.http._fetch import Answer, Request
from certcore.status.http._flows import (
    BackgroundRefresh,
    Effect,
    Flow,
    OnDisk,
    Opening,
    Pause,
    Send,
    SetDeadline,
    SingleFlight,
)
from certcore.status.http._intake import Intake
from certcore.status.http._prefetch import PrefetchReport
from certcore.status.http._settings import Settings
from certcore.status.http._store import bytes_on_their_way
from certcore.status.protocol import StatusQuery, StatusRecord, VehicleQuery, VehicleRecord
from certcore.trust import TrustList

if TYPE_CHECKING:
    from certcore.status.http._wire import AsyncWire, Wire

__all__ = ["AsyncHTTPStatusBackend", "HTTPStatusBackend"]

T = TypeVar("T")

DEFAULT_PREFETCH_DEADLINE: Final = timedelta(seconds=10)
"""For one document of a prefetch, where nobody stands and waits."""


_INHERITED: Final[list[object]] = []
"""Loops, tasks and connections of the process this one was forked from: closing them would reach into the parent."""


def _result(future: Future[T], seconds: float) -> T:
    """What work beside the caller gives, waited for so long."""
    try:
        return future.result(seconds)
    except TimeoutError:
        future.cancel()
        raise out_of_time() from None
    finally:
        del future  # it holds its error, whose traceback holds this frame


async def _awaited(future: Future[T], seconds: float) -> T:
    """As `_result`, on an event loop."""
    try:
        async with asyncio.timeout(seconds):
            return await asyncio.wrap_future(future)
    except TimeoutError:
        raise out_of_time() from None
    finally:
        del future


class HTTPStatusBackend(Backend):
    """Looks status up in signed lists over HTTP, and vehicles at their issuers' endpoints; safe between threads.

    A process that was forked from one that uses it goes on with the copies that are held, and with connections and
    look-ups of its own.

    Args:
        cache_dir: where copies are kept between processes; None: in memory alone. Nothing in it is trusted.
        deadline: for one look-up, everything included.
        allow_private: whether names may lead into private networks.
        trust_env: whether the environment's proxies, netrc and certificate files count; addresses are then not judged,
            because a proxy may do the connecting.
        ca_file: the authorities that are trusted for TLS instead of the system's, PEM.
        proxy: the URL of a proxy that does the connecting; addresses are then not judged.
        vehicles: country to where its vehicles are looked up.
        on_failure: is called with a `LookupFailure` for everything that could not be had, once each time it was tried.
            It may be called from any thread, must not wait, and what it raises is logged and goes no further.
        transport: an httpx2 transport to send everything through; it resolves and connects as it likes.
        tuning: bounds, clocks and chance, for operations and tests.

    Raises:
        StatusError: ``cache-folder-unsafe``; another user owns the folder or may write in it, or its lock is no file.
    """

    def _set_up(self, settings: Settings, transport: Any) -> None:  # noqa: ANN401  as above
        super()._set_up(settings, transport)
        self._wires: dict[str | None, Wire] = {}
        self.begin_in_child()
        _forks.begin_in_children(self)

    def begin_in_child(self) -> None:
        """As `_forks.Forked`: what the parent has under way is the parent's."""
        self._lock = Lock()
        self._flights: dict[object, Future[Any]] = {}
        self._refreshing: dict[object, Thread] = {}
        self._intake = Intake(bytes_on_their_way())
        for wire in self._wires.values():
            wire.leave()
        self._wires = {}

    def lookup(self, query: StatusQuery, /) -> StatusRecord:
        """The facts about one certificate.

        Raises:
            StatusError: ``status-unavailable`` with a ``cause``, or a document's own code: no usable answer.
        """
        return self._run(self._flows.lookup(query), self._budget())

    def lookup_vehicle(self, query: VehicleQuery, /) -> VehicleRecord:
        """The facts about one vehicle, from the endpoint of its country; never from the cache.

        Raises:
            StatusError: as `lookup`, and with the codes of an answer.
        """
        return self._run(self._flows.vehicle(query), self._budget())

    def prefetch(
        self,
        trust: TrustList,
        /,
        *,
        lists: Mapping[str, Iterable[int]] | None = None,
        deadline: timedelta = DEFAULT_PREFETCH_DEADLINE,
    ) -> PrefetchReport:
        """Fetch every list of every issuer, so that look-ups work without a network until the lists expire.

        Which lists an issuer has: those that are held already, those that its own lists' aggregation documents name,
        and those whose numbers are given; where none are given, those that are there when asked for by number, from 0
        until one is missing.

        Args:
            trust: whose issuers.
            lists: issuer id to the numbers of its lists.
            deadline: for each document.
        """
        return self._run(self._prefetch_flow(trust, lists, deadline), self._budget(deadline))

    def close(self) -> None:
        """Close all connections, once what is being renewed is done; a later look-up opens new ones."""
        with self._lock:
            threads = list(self._refreshing.values())
        for thread in threads:
            thread.join()
        with self._lock:
            wires = list(self._wires.values())
            self._wires.clear()
        for wire in wires:
            wire.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()

    def _run(self, flow: Flow[T], budget: Budget) -> T:
        """Drive a flow to its end."""
        gives: Any = None
        error: StatusError | None = None
        effect: Effect | None = None
        try:
            while True:
                effect = flow.send(gives) if error is None else flow.throw(error)
                gives, error = None, None
                try:
                    gives = self._perform(effect, budget)
                except StatusError as failure:
                    error = failure
        except StopIteration as done:
            result: T = done.value
            return result
        finally:
            gives = error = effect = None  # an error's traceback holds this frame, and what was fetched with it

    def _perform(self, effect: Effect, budget: Budget) -> Any:  # noqa: ANN401  what the effect gives
        match effect:
            case Send(request):
                return self._send(request, budget)
            case Pause(seconds):
                return budget.allows(seconds) and self._sleep(seconds)
            case Opening(work):
                return _result(self._openers.start(work), budget.left())
            case OnDisk(work):
                return self._ask_disk(work, budget)
            case SingleFlight(key, flow):
                return self._run_once(key, flow, budget)
            case BackgroundRefresh(key, flow):
                return self._run_in_background(key, flow)
            case SetDeadline(seconds):
                return budget.begin(seconds)

    def _ask_disk(self, work: Callable[[], T], budget: Budget) -> T:
        seconds = self._patience.seconds(budget)
        try:
            return _result(self._disk.start(work), seconds)
        except StatusError:
            self._patience.rest()
            raise

    def _send(self, request: Request, budget: Budget) -> Answer:
        with self._lock:
            wire = self._wires.get(request.channel)
        if wire is None:
            made = _result(self._openers.start(partial(self._make_wire, request.channel)), budget.left())
            with self._lock:
                wire = self._wires.setdefault(request.channel, made)
        return wire.send(request, seconds=budget.left())

    def _make_wire(self, channel: str | None) -> Wire:
        """Connections to be made, for which certificates are read from disk."""
        from certcore.status.http._wire import Wire  # noqa: PLC0415  the extra `http`

        return Wire(self._connection(channel), transport=self._transport, intake=self._intake)

    def _sleep(self, seconds: float) -> bool:
        (self._settings.tuning.sleep or time.sleep)(seconds)
        return True

    def _run_once(self, key: object, flow: Callable[[], Flow[Any]], budget: Budget) -> Any:  # noqa: ANN401  as above
        """What the flow gives: driven here, or waited for where another thread is at it."""
        with self._lock:
            flight = self._flights.get(key)
            if flight is None:
                mine = self._flights[key] = Future[Any]()
        if flight is not None:
            try:
                found = flight.result(budget.left())
            except TimeoutError:
                raise out_of_time() from None
            if isinstance(found, StatusError):
                raise copy_error(found)
            return found
        try:
            result = self._run(flow(), budget)
        except BaseException as error:
            broken_off = unavailable("transport", "Broken off")
            mine.set_result(copy_error(error if isinstance(error, StatusError) else broken_off))
            raise
        else:
            mine.set_result(result)
            return result
        finally:
            with self._lock:
                del self._flights[key]

    def _run_in_background(self, key: object, flow: Callable[[], Flow[Any]]) -> None:
        """Drive the flow in a thread of its own, unless somebody is at it."""

        def work() -> None:
            try:
                self._run_once(key, flow, self._budget())
            except StatusError:
                pass  # the copy that is held goes on being good
            finally:
                with self._lock:
                    self._refreshing.pop(key, None)

        thread = Thread(target=work, name="certcore-refresh", daemon=True)
        with self._lock:
            if key in self._flights or key in self._refreshing:
                return
            self._refreshing[key] = thread
            thread.start()


class AsyncHTTPStatusBackend(Backend):
    """`HTTPStatusBackend` for an event loop, with the same arguments and the same behaviour; one loop at a time.

    Documents of a few kilobytes are opened in the loop's own thread, which takes some 0.1 ms; longer ones, names and
    the disk are left to threads of the backend's own, and waited for until the deadline.
    """

    def _set_up(self, settings: Settings, transport: Any) -> None:  # noqa: ANN401  as above
        super()._set_up(settings, transport)
        self._loop: asyncio.AbstractEventLoop | None = None
        self._flights: dict[object, asyncio.Task[Any]] = {}
        self._wires: dict[str | None, AsyncWire] = {}
        _forks.begin_in_children(self)

    def begin_in_child(self) -> None:
        """As `_forks.Forked`: the parent's loop and all that belongs to it are never touched here, nor closed."""
        _INHERITED.append((self._loop, self._flights, self._wires))
        self._loop, self._flights, self._wires = None, {}, {}
        self._intake = Intake(bytes_on_their_way())

    async def lookup(self, query: StatusQuery, /) -> StatusRecord:
        """As `HTTPStatusBackend.lookup`."""
        return await self._run(self._flows.lookup(query), self._budget())

    async def lookup_vehicle(self, query: VehicleQuery, /) -> VehicleRecord:
        """As `HTTPStatusBackend.lookup_vehicle`."""
        return await self._run(self._flows.vehicle(query), self._budget())

    async def prefetch(
        self,
        trust: TrustList,
        /,
        *,
        lists: Mapping[str, Iterable[int]] | None = None,
        deadline: timedelta = DEFAULT_PREFETCH_DEADLINE,
    ) -> PrefetchReport:
        """As `HTTPStatusBackend.prefetch`."""
        return await self._run(self._prefetch_flow(trust, lists, deadline), self._budget(deadline))

    async def close(self) -> None:
        """As `HTTPStatusBackend.close`."""
        self._enter_loop()
        await asyncio.gather(*self._flights.values(), return_exceptions=True)
        wires = list(self._wires.values())
        self._wires.clear()
        for wire in wires:
            await wire.aclose()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None
    ) -> None:
        await self.close()

    def _enter_loop(self) -> asyncio.AbstractEventLoop:
        """The running loop; what belongs to an earlier one is left to it."""
        loop = asyncio.get_running_loop()
        if loop is not self._loop:
            self._loop, self._flights, self._wires = loop, {}, {}
        return loop

    async def _run(self, flow: Flow[T], budget: Budget) -> T:
        """Drive a flow to its end."""
        gives: Any = None
        error: StatusError | None = None
        effect: Effect | None = None
        try:
            while True:
                effect = flow.send(gives) if error is None else flow.throw(error)
                gives, error = None, None
                try:
                    gives = await self._perform(effect, budget)
                except StatusError as failure:
                    error = failure
        except StopIteration as done:
            result: T = done.value
            return result
        finally:
            gives = error = effect = None  # an error's traceback holds this frame, and what was fetched with it

    async def _perform(self, effect: Effect, budget: Budget) -> Any:  # noqa: ANN401  as above
        match effect:
            case Send(request):
                return await self._send(request, budget)
            case Pause(seconds):
                return budget.allows(seconds) and await self._sleep(seconds)
            case Opening(work):
                return await _awaited(self._openers.start(work), budget.left())
            case OnDisk(work):
                return await self._ask_disk(work, budget)
            case SingleFlight(key, flow):
                return await self._run_once(key, flow, budget)
            case BackgroundRefresh(key, flow):
                self._flight(key, flow, self._budget())
                return None
            case SetDeadline(seconds):
                return budget.begin(seconds)

    async def _ask_disk(self, work: Callable[[], T], budget: Budget) -> T:
        seconds = self._patience.seconds(budget)
        try:
            return await _awaited(self._disk.start(work), seconds)
        except StatusError:
            self._patience.rest()
            raise

    async def _send(self, request: Request, budget: Budget) -> Answer:
        self._enter_loop()
        wires = self._wires
        if request.channel not in wires:
            made = await _awaited(self._openers.start(partial(self._make_wire, request.channel)), budget.left())
            wires.setdefault(request.channel, made)
        return await wires[request.channel].send(request, seconds=budget.left())

    def _make_wire(self, channel: str | None) -> AsyncWire:
        """As `HTTPStatusBackend._make_wire`."""
        from certcore.status.http._wire import AsyncWire  # noqa: PLC0415  the extra `http`

        return AsyncWire(self._connection(channel), transport=self._transport, intake=self._intake)

    async def _sleep(self, seconds: float) -> bool:
        waited: Any = (self._settings.tuning.sleep or asyncio.sleep)(seconds)
        await waited
        return True

    async def _run_once(self, key: object, flow: Callable[[], Flow[Any]], budget: Budget) -> Any:  # noqa: ANN401  as above
        """What the flow gives, of the one task that drives it; it goes on when a caller is cancelled."""
        task = self._flight(key, flow, budget)
        try:
            async with asyncio.timeout(budget.left()):
                found = await asyncio.shield(task)
        except TimeoutError:
            raise out_of_time() from None
        if isinstance(found, StatusError):
            raise copy_error(found)
        return found

    def _flight(self, key: object, flow: Callable[[], Flow[Any]], budget: Budget) -> asyncio.Task[Any]:
        loop = self._enter_loop()
        task = self._flights.get(key)
        if task is None:
            task = self._flights[key] = loop.create_task(self._run_to_result(flow(), budget))
            task.add_done_callback(partial(self._discard_flight, key))
        return task

    async def _run_to_result(self, flow: Flow[T], budget: Budget) -> T | StatusError:
        try:
            return await self._run(flow, budget)
        except StatusError as error:
            return copy_error(error)

    def _discard_flight(self, key: object, task: asyncio.Task[Any]) -> None:
        if self._flights.get(key) is task:
            del self._flights[key]
        if not task.cancelled():
            task.exception()  # it has been seen: of a renewal ahead, nobody else asks
