"""The hosts that backends live in: forks, neighbours that stopped, disks that hang, slow names, little memory."""

from __future__ import annotations

import asyncio
import gc
import os
import pickle
import random
import signal
import socket
import ssl
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any, Final

import attrs
import pytest

from certcore.errors import StatusError
from certcore.status import _documents
from certcore.status._documents import DocumentRequest, Kind, events_uri
from certcore.status.http import AsyncHTTPStatusBackend, HTTPStatusBackend, _folder, _store, _wire
from certcore.status.http._intake import Intake
from certcore.status.http._workers import Workers
from certcore.status.protocol import StatusQuery
from certcore.status.tokenlist import STATUS_LIST_TYPE, StatusList, issue_token
from certcore.trust import TrustList
from tests.forking import Child
from tests.status.fault_server import FaultServer, Reply, Seen
from tests.status.http_cases import (
    DAY,
    MINUTE,
    NOW,
    OTHER_SIGNER,
    PATIENT,
    QUICK,
    REVOKED_INDEX,
    SIGNER,
    SLACK_S,
    Make,
    cause,
    cwt,
    publish,
    publish_events,
    query,
    signed_list,
    still,
    trusting,
)

pytestmark = [
    pytest.mark.filterwarnings("ignore:.*fork:DeprecationWarning"),  # of Python 3.12: there are threads here
]
forks = pytest.mark.skipif(not hasattr(os, "fork"), reason="this system does not fork")
flocks = pytest.mark.skipif(os.name != "posix", reason="this system has no flock")

KINDS: Final = ("sync", "async")


def ask_anew(backend: Any, *uris: str) -> list[str]:  # noqa: ANN401  of either kind
    """What look-ups of the lists' entries come to, in a process that has no event loop."""

    async def ask_all() -> list[str]:
        async with backend:
            return [code(await settle(backend.lookup(query(uri, REVOKED_INDEX)))) for uri in uris]

    if isinstance(backend, AsyncHTTPStatusBackend):
        return asyncio.run(ask_all())
    with backend:
        return [code(settle_now(backend, uri)) for uri in uris]


def wait_until(is_so: Callable[[], bool]) -> None:
    """Wait for what another thread is about to do."""
    end = time.monotonic() + SLACK_S
    while not is_so() and time.monotonic() < end:
        time.sleep(0.01)
    assert is_so()


class Parent:
    """A process that is at work: in threads, or in an event loop that has a thread of its own."""

    def __init__(self, kind: str, **options: Any) -> None:  # noqa: ANN401  the backend's own
        made = AsyncHTTPStatusBackend if kind == "async" else HTTPStatusBackend
        self.backend: Any = made(**{"deadline": PATIENT, "tuning": still(), **options})
        self._loop = asyncio.new_event_loop()
        self._pool = ThreadPoolExecutor(8)
        if kind == "async":
            self._pool.submit(self._loop.run_forever)

    def start(self, uri: str, **how: Any) -> Future[Any]:  # noqa: ANN401  as `query` takes it
        """A look-up under way."""
        asked = query(uri, REVOKED_INDEX, **how)
        if isinstance(self.backend, AsyncHTTPStatusBackend):
            return asyncio.run_coroutine_threadsafe(settle(self.backend.lookup(asked)), self._loop)
        return self._pool.submit(settle_now, self.backend, asked)

    def ask(self, *uris: str) -> list[str]:
        """What look-ups come to."""
        return [code(self.start(uri).result(SLACK_S)) for uri in uris]

    def close(self) -> None:
        """Close, and end."""
        if isinstance(self.backend, AsyncHTTPStatusBackend):
            asyncio.run_coroutine_threadsafe(self.backend.close(), self._loop).result(SLACK_S)
            self._loop.call_soon_threadsafe(self._loop.stop)
        else:
            self.backend.close()
        self._pool.shutdown()
        self._loop.close()


@pytest.fixture(params=["sync", "async"])
def parent(request: pytest.FixtureRequest) -> Iterator[Parent]:
    """A process at work."""
    made = Parent(request.param)
    yield made
    made.close()


async def settle(found: Any) -> object:  # noqa: ANN401  a look-up
    """A record or an error."""
    try:
        return await found
    except StatusError as error:
        return error


def settle_now(backend: HTTPStatusBackend, asked: StatusQuery | str) -> object:
    """As `settle`."""
    try:
        return backend.lookup(query(asked, REVOKED_INDEX) if isinstance(asked, str) else asked)
    except StatusError as error:
        return error


def code(found: object) -> str:
    """An error's code and cause, or what the record says."""
    if isinstance(found, StatusError):
        return f"{found.code}: {cause(found)}"
    return "/".join(one.state.value for one in found.observations)  # type: ignore[attr-defined]  # a record


# --- forks ------------------------------------------------------------------------------------------------------------


class Gate:
    """A route that lets requests wait until it is opened; while it waits, only the first does."""

    def __init__(self, reply: Reply) -> None:
        self.reply = reply
        self.is_reached, self.may_go = threading.Event(), threading.Event()
        self._first = threading.Lock()

    def __call__(self, _: Seen) -> Reply:
        """The first waits; whoever comes later is answered."""
        if self._first.acquire(blocking=False):
            self.is_reached.set()
            self.may_go.wait(PATIENT.total_seconds())
        return self.reply


def warm(parent: Parent, server: FaultServer) -> list[str]:
    """The lists that a process has asked for; it has idle connections now."""
    uris = [publish(server, f"/warm/{number}") for number in range(3)]
    for uri in uris:
        publish_events(server, uri.removeprefix(server.url))
    assert ["revoked"] * 3 == parent.ask(*uris)
    return uris


@forks
@pytest.mark.parametrize("path", ["/lists/7", "/warm/0"])
def test_a_request_in_the_air_stays_with_the_parent(parent: Parent, server: FaultServer, path: str) -> None:
    """Children ask for themselves, whatever their parent was waiting for when it forked; so does a child's child."""
    uris = warm(parent, server)
    uri, new = publish(server, path), publish(server, "/lists/new")
    for one in (path, "/lists/new"):
        publish_events(server, one)
    gate = Gate(cwt(signed_list(uri)))
    server.routes[path] = gate
    later = NOW + 11 * MINUTE  # when the copy that is held is to be renewed
    waiting = parent.start(uri, asked_at=later)
    try:
        assert gate.is_reached.wait(PATIENT.total_seconds())

        def work() -> list[str]:
            return ask_anew(parent.backend, uri, new, *uris)

        children = [Child(work), Child(work), Child(lambda: Child(work).result())]
        said = [child.result() for child in children]
    finally:
        gate.may_go.set()

    assert "revoked" == code(waiting.result(SLACK_S))
    assert [["revoked"] * 5] * 3 == said
    assert ["revoked"] * 5 == parent.ask(uri, new, *uris)


@forks
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("has_folder", [False, True])
def test_connections_are_not_shared(kind: str, server: FaultServer, tmp_path: Path, *, has_folder: bool) -> None:
    """Children and parent ask at once, each over connections of its own: nobody gets another's answer."""
    parent = Parent(kind, cache_dir=tmp_path if has_folder else None)
    warm(parent, server)
    mine = [[publish(server, f"/{child}/{number}") for number in range(25)] for child in range(5)]
    for uris in mine:
        for uri in uris:
            publish_events(server, uri.removeprefix(server.url))
    children = [Child(partial(ask_anew, parent.backend, *uris)) for uris in mine[1:]]
    said = [parent.ask(*mine[0]), *(child.result() for child in children)]
    parent.close()

    assert [["revoked"] * 25] * 5 == said


@forks
@pytest.mark.parametrize("kind", KINDS)
def test_locks_that_are_held_at_the_fork(kind: str, server: FaultServer, tmp_path: Path) -> None:
    """Whatever lock another thread holds, no child waits for it."""
    parent = Parent(kind, cache_dir=tmp_path)
    uris, new = warm(parent, server), publish(server, "/lists/new")
    publish_events(server, "/lists/new")
    backend = parent.backend
    locks = [backend._store._lock, backend._openers._lock, backend._disk._lock]
    locks += [backend._lock] if kind == "sync" else []
    for lock in locks:
        lock.acquire()
    child = Child(lambda: ask_anew(backend, *uris, new))
    for lock in locks:
        lock.release()

    assert ["revoked"] * 4 == child.result()
    parent.close()


@forks
def test_a_renewal_in_the_air_stays_with_the_parent(server: FaultServer) -> None:
    """A child renews for itself, and closing waits for nothing of its parent's."""
    parent = Parent("sync")
    uri, *_ = warm(parent, server)
    gate = Gate(cwt(signed_list(uri)))
    server.routes["/warm/0"] = gate
    later = NOW + 9.5 * MINUTE  # when it is renewed ahead
    try:
        parent.start(uri, asked_at=later).result(SLACK_S)
        assert gate.is_reached.wait(PATIENT.total_seconds())

        def work() -> tuple[int, list[str]]:
            before = len(parent.backend._refreshing)
            parent.backend.lookup(query(uri, REVOKED_INDEX, asked_at=later))
            return before, ask_anew(parent.backend, uri)

        assert (0, ["revoked"]) == Child(work).result()
    finally:
        gate.may_go.set()
        parent.close()


@forks
def test_a_child_forgets_failures(parent: Parent, server: FaultServer) -> None:
    """That its parent failed a moment ago keeps no child from asking."""
    parent.backend._flows._settings = attrs.evolve(parent.backend._settings, tuning=still(failure_pause=DAY))
    uri = server.url + "/late"
    assert ["status-unavailable: http-404"] == parent.ask(uri)
    publish(server, "/late")
    publish_events(server, "/late")

    assert ["revoked"] == Child(lambda: ask_anew(parent.backend, uri)).result()
    assert ["status-unavailable: http-404"] == parent.ask(uri)


@forks
def test_a_child_keeps_what_was_seen(parent: Parent, server: FaultServer) -> None:
    """Copies are there without asking, and nothing older than them is taken."""
    uris = warm(parent, server)
    seen = len(server.targets())
    assert ["revoked"] * 3 == Child(lambda: ask_anew(parent.backend, *uris)).result()
    assert seen == len(server.targets())
    request = DocumentRequest(kind=Kind.LIST, uri=uris[0])
    store = parent.backend._store
    assert NOW - MINUTE == Child(lambda: store.floor(request)).result()


# --- neighbours and disks ---------------------------------------------------------------------------------------------

_HOLD: Final = """
import fcntl, os, signal, sys
fcntl.flock(os.open(sys.argv[1], os.O_RDWR | os.O_CREAT), fcntl.LOCK_EX)
print("held", flush=True)
os.kill(os.getpid(), signal.SIGSTOP)
"""


@contextmanager
def stopped_neighbour(folder: Path) -> Iterator[None]:
    """Another process has the folder's lock, and was stopped."""
    with subprocess.Popen([sys.executable, "-c", _HOLD, str(folder / "lock")], stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert b"held\n" == process.stdout.readline()
        try:
            yield
        finally:
            process.send_signal(signal.SIGKILL)


def gaps(backend: AsyncHTTPStatusBackend, asked: StatusQuery) -> tuple[object, float]:
    """What a look-up comes to, and the longest time for which the loop stood still meanwhile."""

    async def watched() -> tuple[object, float]:
        longest, is_done = 0.0, False

        async def tick() -> None:
            nonlocal longest
            last = time.monotonic()
            while not is_done:
                await asyncio.sleep(0.005)
                now = time.monotonic()
                longest, last = max(longest, now - last), now

        ticking = asyncio.create_task(tick())
        await asyncio.sleep(0)
        async with backend:
            found = await settle(backend.lookup(asked))
        is_done = True
        await ticking
        return found, longest

    return asyncio.run(watched())


@flocks
def test_a_stopped_neighbour_costs_nothing_but_a_copy(make: Make, server: FaultServer, tmp_path: Path) -> None:
    """The lock of the folder is held for ever: look-ups, events and lists of then are answered within the deadline."""
    uri = publish(server)
    publish_events(server)
    driven = make(cache_dir=tmp_path, deadline=PATIENT)
    with stopped_neighbour(tmp_path):
        begin = time.monotonic()
        driven.lookup(query(uri, REVOKED_INDEX))
        driven.lookup(query(publish(server, "/lists/8"), as_of=NOW - 20 * DAY))
        assert time.monotonic() - begin < SLACK_S
        assert not list(tmp_path.glob("*.status"))
    driven.lookup(query(publish(server, "/lists/9")))
    assert list(tmp_path.glob("*.status"))


@flocks
def test_a_stopped_neighbour_does_not_stop_the_loop(server: FaultServer, tmp_path: Path) -> None:
    """The event loop goes on while the lock is tried."""
    backend = AsyncHTTPStatusBackend(cache_dir=tmp_path, deadline=PATIENT, tuning=still())
    with stopped_neighbour(tmp_path):
        found, longest = gaps(backend, query(publish(server)))
    assert "valid" == code(found)
    assert longest < SLACK_S / 4


@pytest.mark.parametrize("hangs", ["read_file", "write_file"])
def test_a_disk_that_hangs(
    make: Make, server: FaultServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, hangs: str
) -> None:
    """A disk that does not answer is waited for during a part of the deadline, once; the network is asked instead."""
    uri, may_go = publish(server), threading.Event()
    publish_events(server)
    calls: list[str] = []

    def hang(*_: object) -> None:
        calls.append(threading.current_thread().name)
        may_go.wait(2 * PATIENT.total_seconds())

    monkeypatch.setattr(_folder, hangs, hang)
    driven = make(cache_dir=tmp_path, deadline=20 * QUICK)
    begin = time.monotonic()
    try:
        for number in range(4):
            driven.lookup(query(publish(server, f"/lists/{number}"), REVOKED_INDEX))
        driven.lookup(query(uri, REVOKED_INDEX))
    finally:
        may_go.set()
    assert time.monotonic() - begin < 20 * QUICK.total_seconds() + SLACK_S
    assert 1 <= len(calls) <= 2
    assert {"certcore-disk"} == set(calls)


def test_a_prefetch_with_a_disk_that_hangs(
    make: Make, server: FaultServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A prefetch goes on without the folder."""
    may_go = threading.Event()

    def hang(_: Path) -> None:
        may_go.wait(2 * PATIENT.total_seconds())

    monkeypatch.setattr(_folder, "read_file", hang)
    (tmp_path / f"{'0' * 40}.status").write_bytes(b"")
    publish(server, "/lists/0")

    class Trusting:
        """As much of a trust list as a prefetch looks at."""

        issuers = (trusting(server.url + "/lists/{list}"),)

    trust: TrustList = Trusting()  # type: ignore[assignment]  # as it says
    try:
        report = make(cache_dir=tmp_path).prefetch(trust, lists={"CN": [0]}, deadline=4 * QUICK)
    finally:
        may_go.set()
    assert (server.url + "/lists/0",) == report.fetched


def as_it_is(_: Path) -> None:
    """A folder that nobody else writes in."""


def of_another(folder: Path) -> None:
    """Another user's."""
    if os.geteuid():
        pytest.skip("only root can give folders away")
    os.chown(folder, 4711, -1)


def open_to_all(folder: Path) -> None:
    """Everybody may write in it, as in /tmp."""
    folder.chmod(0o1777)


def lock_elsewhere(folder: Path) -> None:
    """Its lock leads elsewhere."""
    (folder / "lock").symlink_to(folder.parent / "elsewhere")


def lock_is_a_folder(folder: Path) -> None:
    """Its lock is a folder."""
    (folder / "lock").mkdir()


def lock_is_a_pipe(folder: Path) -> None:
    """Its lock is a pipe."""
    os.mkfifo(folder / "lock")


UNSAFE: Final = [of_another, open_to_all, lock_elsewhere, lock_is_a_folder, lock_is_a_pipe]


@pytest.mark.skipif(os.name != "posix", reason="owners and modes are POSIX's")
@pytest.mark.parametrize("spoil", UNSAFE)
@pytest.mark.parametrize("kind", [HTTPStatusBackend, AsyncHTTPStatusBackend])
def test_folders_that_are_refused(kind: type[Any], tmp_path: Path, spoil: Callable[[Path], None]) -> None:
    """Where others may write, nothing is kept: it is said when the backend is made, or arrives from elsewhere."""
    folder = tmp_path / "cache"
    folder.mkdir()
    travelling = pickle.dumps(kind(cache_dir=folder))
    spoil(folder)

    ways: list[Callable[[], object]] = [lambda: kind(cache_dir=folder), lambda: pickle.loads(travelling)]  # noqa: S301  ours
    for make_one in ways:
        with pytest.raises(StatusError) as caught:
            make_one()
        assert "cache-folder-unsafe" == caught.value.code
    assert not (tmp_path / "elsewhere").exists()


@pytest.mark.skipif(os.name != "posix", reason="owners and modes are POSIX's")
@pytest.mark.parametrize("spoil", UNSAFE)
def test_folders_that_become_unsafe(
    make: Make, server: FaultServer, tmp_path: Path, caplog: pytest.LogCaptureFixture, spoil: Callable[[Path], None]
) -> None:
    """A folder that others took since is used no more; look-ups go on, and the log has the code."""
    folder, uri = tmp_path / "cache", publish(server)
    driven = make(cache_dir=folder)
    folder.mkdir()
    spoil(folder)
    driven.lookup(query(uri))

    assert not list(folder.glob("*.status"))
    assert not (tmp_path / "elsewhere").exists()
    assert any("cache-folder-unsafe" in record.getMessage() for record in caplog.records)


def test_a_folder_that_is_read_alone(
    make: Make, server: FaultServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """From a folder that cannot be written to copies are read, and nothing is written."""
    uri = publish(server)
    make(cache_dir=tmp_path).lookup(query(uri))
    before = {path: path.read_bytes() for path in tmp_path.iterdir()}

    def refuse(*_: object, **__: object) -> int:
        raise OSError(30, "Read-only file system")

    monkeypatch.setattr(os, "open", refuse)
    driven = make(cache_dir=tmp_path)
    assert "valid" == driven.lookup(query(uri)).observations[0].state.value
    driven.lookup(query(publish(server, "/lists/8")))
    assert before == {path: path.read_bytes() for path in tmp_path.iterdir()}


# --- long documents and slow names ------------------------------------------------------------------------------------


def look_up(backend: AsyncHTTPStatusBackend, asked: StatusQuery) -> object:
    """What a look-up comes to, in a loop of its own."""

    async def ask() -> object:
        async with backend:
            return await settle(backend.lookup(asked))

    return asyncio.run(ask())


def long_list(uri: str, size: int = 1 << 17) -> bytes:
    """A list that does not compress."""
    entries = StatusList(bits=8, data=bytes(value & 3 for value in random.Random(1).randbytes(size)))
    return issue_token(entries, uri=uri, signer=SIGNER, issued_at=NOW - MINUTE, expires_at=NOW + DAY)


@pytest.mark.parametrize("when", ["fetched", "on disk", "under other keys"])
def test_long_documents_are_opened_beside_the_loop(
    server: FaultServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, when: str
) -> None:
    """No long document is opened in the event loop's own thread, wherever it comes from."""
    uri = server.url + "/lists/7"
    server.routes["/lists/7"] = cwt(long_list(uri))
    backend = AsyncHTTPStatusBackend(cache_dir=tmp_path, deadline=PATIENT, tuning=still())
    question = query(uri)
    if when != "fetched":
        look_up(backend, question)
    if when == "on disk":
        backend = AsyncHTTPStatusBackend(cache_dir=tmp_path, deadline=PATIENT, tuning=still())
    if when == "under other keys":
        question = attrs.evolve(question, keys=(OTHER_SIGNER.public_key, SIGNER.public_key))
    opened: list[str] = []
    honest = _documents.open_document

    def watched(*given: Any, **named: Any) -> Any:  # noqa: ANN401  as it is called
        opened.append(threading.current_thread().name)
        return honest(*given, **named)

    monkeypatch.setattr(_documents, "open_document", watched)
    monkeypatch.setattr("certcore.status.http._fetch.open_document", watched)
    look_up(backend, question)

    assert opened
    assert {"certcore-open", "certcore-disk"} >= set(opened)


def test_a_document_that_takes_long_to_open(make: Make, server: FaultServer, monkeypatch: pytest.MonkeyPatch) -> None:
    """The deadline counts while a document is opened; what comes of it later is kept for the next one who asks."""
    uri, may_go = server.url + "/lists/7", threading.Event()
    server.routes["/lists/7"] = cwt(long_list(uri))
    honest = _documents.open_document

    def slow(*given: Any, **named: Any) -> Any:  # noqa: ANN401  as it is called
        may_go.wait(2 * PATIENT.total_seconds())
        return honest(*given, **named)

    monkeypatch.setattr("certcore.status.http._fetch.open_document", slow)
    driven = make(deadline=QUICK)
    begin = time.monotonic()
    error = driven.refused(query(uri))
    assert time.monotonic() - begin < QUICK.total_seconds() + SLACK_S
    assert "timeout" == cause(error)
    may_go.set()
    wait_until(lambda: bool(driven.backend._store._memory.values))
    server.close()
    assert driven.lookup(query(uri)).observations


def test_certificate_files_that_take_long(make: Make, server: FaultServer, monkeypatch: pytest.MonkeyPatch) -> None:
    """The files that TLS needs are read beside the caller, who waits until the deadline."""
    may_go, read_by = threading.Event(), []
    honest = _wire.ConnectionSettings.context

    def slow(self: _wire.ConnectionSettings) -> ssl.SSLContext:
        read_by.append(threading.current_thread().name)
        may_go.wait(2 * PATIENT.total_seconds())
        return honest(self)

    monkeypatch.setattr(_wire.ConnectionSettings, "context", slow)
    uri, driven = publish(server), make(deadline=QUICK)
    begin = time.monotonic()
    error = driven.refused(query(uri))
    may_go.set()
    assert time.monotonic() - begin < QUICK.total_seconds() + SLACK_S
    assert "timeout" == cause(error)
    assert {"certcore-open"} == set(read_by)


def test_slow_names_leave_the_loops_threads_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """While forty names take long, `asyncio.to_thread` works as ever."""
    may_go = threading.Event()

    def resolve(*_: object, **__: object) -> list[object]:
        may_go.wait(2 * PATIENT.total_seconds())
        return []

    monkeypatch.setattr(socket, "getaddrinfo", resolve)
    backend = AsyncHTTPStatusBackend(deadline=PATIENT, tuning=still())

    async def both() -> int:
        waiting = [asyncio.create_task(settle(backend.lookup(query(f"https://n{n}.example/1")))) for n in range(40)]
        await asyncio.sleep(0.05)
        found = await asyncio.wait_for(asyncio.to_thread(lambda: 7), SLACK_S)
        may_go.set()
        await asyncio.gather(*waiting)
        await backend.close()
        return found

    assert 7 == asyncio.run(both())


# --- memory -----------------------------------------------------------------------------------------------------------


@pytest.fixture
def without_collector() -> Iterator[None]:
    """What is not needed any more goes at once: nothing waits for the collector of cycles."""
    gc.disable()
    yield
    gc.enable()


@pytest.mark.usefixtures("without_collector")
def test_one_figure_bounds_everything(make: Make, server: FaultServer, monkeypatch: pytest.MonkeyPatch) -> None:
    """Documents, events, times that were seen, failures: together they stay below it, whatever is asked for."""
    most = 400_000
    monkeypatch.setattr(_store, "MAX_MEMORY_BYTES", most)
    driven = make(tuning=still(max_documents=10_000))
    for number in range(300):
        path = f"/lists/{number}"
        publish(server, path, signer=OTHER_SIGNER if number % 3 == 0 else SIGNER)
        publish_events(server, path)
        if number % 50 == 0:
            server.routes[path] = cwt(long_list(server.url + path, 20_000))
        try:
            driven.lookup(query(server.url + path, REVOKED_INDEX))
        except StatusError:
            assert number % 3 == 0
        store = driven.backend._store
        assert store.kept_bytes <= most
        assert store.kept_bytes == sum(shelf.bytes for shelf in (store._memory, store._newest, store._failures))
    for shelf in (store._memory, store._newest, store._failures):
        assert shelf.values
        before = shelf.bytes
        shelf.count_anew()
        assert before == shelf.bytes
    assert not driven.backend._intake.bytes


@pytest.mark.usefixtures("without_collector")
@pytest.mark.parametrize("kind", KINDS)
def test_answers_on_their_way_are_bounded(kind: str, server: FaultServer, monkeypatch: pytest.MonkeyPatch) -> None:
    """Many hosts that send much at once: some are refused as too much, and nothing of them is held afterwards."""
    monkeypatch.setattr(_store, "MAX_MEMORY_BYTES", 4_000_000)
    seen: list[int] = []
    honest = Intake.set

    def watched(self: Intake, number: int, size: int) -> None:
        seen.append(self.bytes)
        honest(self, number, size)

    monkeypatch.setattr(Intake, "set", watched)
    parent = Parent(kind)
    together = threading.Barrier(8)

    def reply(_: Seen) -> Reply:
        together.wait(SLACK_S)
        return Reply(headers={"Content-Type": STATUS_LIST_TYPE}, body=bytes(900_000))

    server.routes.update({f"/big/{number}": reply for number in range(8)})
    waiting = [parent.start(server.url + f"/big/{number}") for number in range(8)]
    codes = {code(one.result(SLACK_S)) for one in waiting}
    assert codes <= {"status-unavailable: busy", "status-list-malformed: None"}
    assert "status-unavailable: busy" in codes
    assert max(seen) <= 1_000_000 + 8 * (1 << 20)
    waiting.clear()
    parent.close()
    wait_until(lambda: not parent.backend._intake.bytes)


def test_workers_end_and_are_bounded() -> None:
    """No more threads than may be, and none where there is nothing to do; what is cancelled is not begun."""
    workers, may_go, running = Workers("certcore-test", most=2), threading.Event(), []

    def work() -> int:
        running.append(1)
        may_go.wait(SLACK_S)
        return 7

    futures = [workers.start(work) for _ in range(5)]
    assert futures[-1].cancel()
    may_go.set()
    assert [7] * 4 == [future.result(SLACK_S) for future in futures[:-1]]
    assert 4 == len(running)
    wait_until(lambda: not workers._running)
    with pytest.raises(ZeroDivisionError):
        workers.start(lambda: 1 // 0).result(SLACK_S)


def test_events_are_found_beside_lists() -> None:
    """What these tests publish is where backends look."""
    assert "/lists/7.events" == events_uri("/lists/7")
