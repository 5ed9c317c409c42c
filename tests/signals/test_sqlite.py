"""`SQLiteSeenStore`, where it differs from other stores: files, processes, durability. See also `test_sightings`."""

from __future__ import annotations

import multiprocessing
import os
import pickle
import sqlite3
import stat
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from datetime import timedelta
from pathlib import Path
from threading import Barrier

import pytest

import certcore
from certcore import signals
from certcore.errors import StatusError
from certcore.signals import SeenStore, SQLiteSeenStore
from certcore.signals import _sqlite as sqlite
from certcore.signals._sightings import Sighting
from tests.signals.cases import KEY, OTHER_KEY, verdict_on
from tests.verify_cases import NOW, PLATE, VIN

SEER = Path(__file__).with_name("seer.py")
ENVIRONMENT = os.environ | {"PYTHONPATH": str(Path(certcore.__file__).parents[1])}
SEEN = Sighting(subject=b"subject", companion=b"")
CLAIMS = 25
THREADS = 8
PROCESSES = 4


def told(store: SeenStore, claim: bytes) -> int:
    """How many other claims showed the same."""
    (recalled,) = store.remember([SEEN], claim=claim, at=NOW)
    return 0 if recalled.same is None else recalled.same.claims


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Where a store may be made."""
    return tmp_path / "seen.db"


def test_it_outlives_its_maker(path: Path) -> None:
    """What was remembered is there when the file is opened again."""
    with SQLiteSeenStore(path, key=KEY) as store:
        assert 0 == told(store, b"1")
    with SQLiteSeenStore(str(path), key=KEY) as again:
        assert 1 == told(again, b"2")


def test_two_stores_on_one_file(path: Path) -> None:
    """Two stores of one process on one file hear of each other."""
    with SQLiteSeenStore(path, key=KEY) as one, SQLiteSeenStore(path, key=KEY) as other:
        assert [0, 1, 2] == [told(one, b"1"), told(other, b"2"), told(one, b"3")]


@pytest.mark.skipif(os.name != "posix", reason="modes are POSIX")
def test_the_file_is_its_owners(path: Path) -> None:
    """The file, its log and its index are readable by the owner alone, whatever the umask."""
    before = os.umask(0)
    try:
        with SQLiteSeenStore(path, key=KEY) as store:
            told(store, b"1")
            modes = {one.name: stat.S_IMODE(one.stat().st_mode) for one in path.parent.iterdir()}
    finally:
        os.umask(before)

    assert {"seen.db": 0o600, "seen.db-shm": 0o600, "seen.db-wal": 0o600} == modes


def test_a_stolen_file_names_nobody(path: Path) -> None:
    """Neither plate nor VIN nor claim nor key is anywhere in the file or its log."""
    with SQLiteSeenStore(path, key=KEY) as store:
        signals.seen(verdict_on(plate_type=2), claim_id="CLAIM-77", store=store)
        data = b"".join(one.read_bytes() for one in path.parent.iterdir())

    assert len(data) > 1000
    assert not any(
        secret in data for secret in (PLATE.encode(), b"12345", VIN.encode(), VIN[-6:].encode(), b"CLAIM", KEY)
    )


def test_what_is_forgotten_is_erased(path: Path) -> None:
    """After forgetting, a sighting's bytes are neither in the file nor in its log."""
    with SQLiteSeenStore(path, key=KEY) as store:
        told(store, b"a claim to be forgotten")
        assert 1 == store.forget(before=NOW + timedelta(days=1))
        data = b"".join(one.read_bytes() for one in path.parent.iterdir())

    assert b"a claim to be forgotten" not in data


def test_another_key(path: Path) -> None:
    """A store opened with another key would never find anything again: it says so."""
    SQLiteSeenStore(path, key=KEY).close()

    with pytest.raises(ValueError, match="another key"):
        SQLiteSeenStore(path, key=OTHER_KEY)
    SQLiteSeenStore(path, key=KEY).close()


def test_another_program_s_database(path: Path) -> None:
    """Somebody else's database is refused and left as it is."""
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("CREATE TABLE theirs (x)")
    before = path.read_bytes()

    with pytest.raises(ValueError, match="another program"):
        SQLiteSeenStore(path, key=KEY)
    assert before == path.read_bytes()


def test_another_version_s_store(path: Path) -> None:
    """A store of a later form is not guessed at."""
    SQLiteSeenStore(path, key=KEY).close()
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA user_version = 2")

    with pytest.raises(ValueError, match="another version"):
        SQLiteSeenStore(path, key=KEY)


@pytest.mark.parametrize("wrong", [":memory:", "file:seen.db?mode=memory"])
def test_what_is_no_file(wrong: str) -> None:
    """A database in memory would be another one for every connection."""
    with pytest.raises(ValueError, match="is a file"):
        SQLiteSeenStore(wrong, key=KEY)


def test_a_negative_timeout(path: Path) -> None:
    """Nobody waits for less than nothing."""
    with pytest.raises(ValueError, match="timeout"):
        SQLiteSeenStore(path, key=KEY, timeout=-timedelta(seconds=1))


def failed(caught: pytest.ExceptionInfo[StatusError]) -> bool:
    """Whether the store said that it gave no answer, and why."""
    return caught.value.code == "seen-store-failed" and caught.value.__cause__ is not None


def test_no_folder(tmp_path: Path) -> None:
    """A file that cannot be made is an error of operations."""
    with pytest.raises(StatusError) as caught:
        SQLiteSeenStore(tmp_path / "nowhere" / "seen.db", key=KEY)
    assert failed(caught)


def test_no_database(path: Path) -> None:
    """A file that is no database is an error, and is left as it is."""
    path.write_bytes(b"no database, but long enough to look like one" * 40)
    before = path.read_bytes()

    with pytest.raises(StatusError) as caught:
        SQLiteSeenStore(path, key=KEY)
    assert failed(caught)
    assert before == path.read_bytes()


def test_somebody_else_is_writing(path: Path) -> None:
    """A lock that is not given up in time is an error, nothing is kept, and the next call goes through."""
    with (
        SQLiteSeenStore(path, key=KEY, timeout=timedelta()) as store,
        closing(sqlite3.connect(path, isolation_level=None)) as other,
    ):
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(StatusError) as caught:
            told(store, b"1")
        other.execute("ROLLBACK")

        assert failed(caught)
        assert 0 == told(store, b"2")


def test_all_or_nothing(path: Path) -> None:
    """Where one of several sightings cannot be kept, none is."""
    with SQLiteSeenStore(path, key=KEY) as store:
        with pytest.raises(StatusError) as caught:
            store.remember([SEEN, Sighting(subject=b"x", companion=None)], claim=b"1", at=NOW)  # type: ignore[arg-type]  # to fail in the midst
        assert failed(caught)
        assert 0 == told(store, b"2")


def test_it_pickles(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its pickle is the same store, key and all, wherever the process stands; its repr does not tell the key."""
    monkeypatch.chdir(path.parent)
    with SQLiteSeenStore(path.name, key=KEY) as store:
        pickled = pickle.dumps(store)
        monkeypatch.chdir("/")
        with pickle.loads(pickled) as other:  # noqa: S301  our own pickle
            assert [0, 1] == [told(store, b"1"), told(other, b"2")]
            assert (path, store.key) == (other.path, other.key)
            assert KEY in pickled
            assert repr(KEY) not in repr(other)


def test_a_pickle_makes_no_file(path: Path) -> None:
    """Where the file is not, a store that travelled says so, rather than begin a new one that knows nothing."""
    store = SQLiteSeenStore(path, key=KEY)
    pickled = pickle.dumps(store)
    store.close()
    path.unlink()

    with pytest.raises(StatusError) as caught:
        told(pickle.loads(pickled), b"1")  # noqa: S301  our own pickle
    assert failed(caught)
    assert not path.exists()


def test_closing(path: Path) -> None:
    """A closed store opens again when it is used, and leaves one file behind when it is closed."""
    store = SQLiteSeenStore(path, key=KEY)
    told(store, b"1")
    store.close()
    assert ["seen.db"] == [one.name for one in path.parent.iterdir()]
    assert 1 == told(store, b"2")
    store.close()


def test_a_store_that_nobody_closed(path: Path) -> None:
    """A store that is dropped closes its connections itself."""
    store = SQLiteSeenStore(path, key=KEY)
    told(store, b"1")
    idle = store._idle
    del store

    assert 0 == len(idle)


def start_seer(path: Path, number: int, claims: int) -> subprocess.Popen[str]:
    """A process that is ready to show one certificate in many claims, and waits."""
    command = [sys.executable, str(SEER), str(path), str(number), str(claims)]
    seer = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=ENVIRONMENT)
    assert seer.stdout is not None
    assert "ready\n" == seer.stdout.readline()
    return seer


def begin(seer: subprocess.Popen[str]) -> None:
    """Let it begin."""
    assert seer.stdin is not None
    seer.stdin.write("\n")
    seer.stdin.flush()


def test_processes_find_each_other(path: Path) -> None:
    """Processes that make the file and show one certificate at once: each claim is told of all before it.

    So of any two, one is told of the other: every number of others comes up exactly once.
    """
    seers = [start_seer(path, number, CLAIMS) for number in range(PROCESSES)]
    for seer in seers:
        begin(seer)
    answers = [int(line) for seer in seers for line in seer.communicate(timeout=300)[0].split()]

    assert {0} == {seer.returncode for seer in seers}
    assert list(range(PROCESSES * CLAIMS)) == sorted(answers)


def test_a_killed_process_loses_nothing(path: Path) -> None:
    """What a process was told before it was killed in the midst of its work is there for the next one."""
    seer = start_seer(path, 0, 1_000_000)
    begin(seer)
    assert seer.stdout is not None
    for _ in range(CLAIMS):
        seer.stdout.readline()
    seer.kill()
    acknowledged = CLAIMS + seer.communicate(timeout=300)[0].count("\n")

    with SQLiteSeenStore(path, key=KEY) as store:
        (recalled,) = store.remember([Sighting(subject=b"one", companion=b"")], claim=b"after", at=NOW)
    assert recalled.same is not None
    assert acknowledged <= recalled.same.claims <= acknowledged + 1


def test_threads_that_make_the_file(path: Path) -> None:
    """Threads that each open the file while it is made hear of each other like any others."""
    start = Barrier(THREADS)

    def one(place: int) -> int:
        start.wait(timeout=60)
        with SQLiteSeenStore(path, key=KEY) as store:
            return told(store, b"%d" % place)

    with ThreadPoolExecutor(THREADS) as threads:
        assert list(range(THREADS)) == sorted(threads.map(one, range(THREADS)))


def test_spawned_workers(path: Path) -> None:
    """A store that is handed to spawned workers is one store for all of them."""
    with SQLiteSeenStore(path, key=KEY) as store:
        told(store, b"0")
        with multiprocessing.get_context("spawn").Pool(2) as pool:
            answers = pool.starmap(told, [(store, b"%d" % claim) for claim in range(1, 7)])

    assert list(range(1, 7)) == sorted(answers)


@pytest.mark.filterwarnings("ignore:.*fork:DeprecationWarning")  # of Python 3.12, where other tests' threads linger
@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system does not fork")
def test_a_fork_uses_its_own_connections(path: Path) -> None:
    """A process that was forked from one with open connections is heard, and so is the first one after."""
    with SQLiteSeenStore(path, key=KEY) as store:
        told(store, b"parent")
        inherited = len(sqlite._INHERITED)
        child = os.fork()
        if not child:
            try:
                code = told(store, b"child")
                code = code if inherited + 1 == len(sqlite._INHERITED) else 98  # it was put aside, not used
            except BaseException:  # noqa: BLE001  the parent's tests must not go on in the child
                code = 99
            os._exit(code)
        assert 1 == os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
        assert 2 == told(store, b"after")
