"""Decoders that are loaded once: a fork for each file, which leaves nothing behind, whatever happens to it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import timedelta
from pathlib import Path

import pytest

from certcore import qr
from certcore.errors import RejectedInputError
from certcore.qr import _sandbox
from tests.qr.test_isolate import is_there, wait_until
from tests.qr_files import heic, saved, symbol

if sys.platform != "linux":
    pytest.skip("forks are Linux' alone", allow_module_level=True)

from certcore.qr import _fork_server, _fork_servers
from certcore.qr._fork_servers import SERVERS, Fork

KINDS: dict[str, Callable[[], bytes]] = {
    "PDF": lambda: saved("PDF", symbol()),
    "HEIC": lambda: heic(symbol().convert("RGB")),
}
NEEDED = {"PDF": "pypdfium2", "HEIC": "pillow_heif"}


@pytest.fixture(params=KINDS)
def file(request: pytest.FixtureRequest) -> bytes:
    """A file with one symbol, of each kind."""
    pytest.importorskip(NEEDED[request.param], reason="the extra is not installed")
    return KINDS[request.param]()


@pytest.fixture(autouse=True)
def forks(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[Fork]]:
    """The forks of a test, and no server of an earlier one."""
    begun: list[Fork] = []
    begin = _fork_servers.Server.begin

    def remembered(*given: object) -> Fork:
        begun.append(begin(*given))  # type: ignore[arg-type]  # as it is called
        return begun[-1]

    monkeypatch.setattr(_fork_servers.Server, "begin", remembered)
    SERVERS.end()
    yield begun
    SERVERS.end()


def server() -> int:
    """The process that has the decoder loaded."""
    (one,) = SERVERS._servers.values()
    return one.process.pid


def code_of(file: bytes, **options: timedelta) -> str:
    """What a file is refused with."""
    with pytest.raises(RejectedInputError) as caught:
        qr.read(file, **options)  # type: ignore[arg-type]  # a deadline
    return caught.value.code


def stop_at_work(monkeypatch: pytest.MonkeyPatch, forks: list[Fork], then: Callable[[int], object]) -> None:
    """Have the next fork stopped before it has its file, and something done with it."""
    give = _sandbox._give

    def stopped(*given: object) -> None:
        monkeypatch.setattr(_sandbox, "_give", give)
        os.kill(forks[-1].number, signal.SIGSTOP)
        then(forks[-1].number)
        give(*given)  # type: ignore[arg-type]  # as it is called

    monkeypatch.setattr(_sandbox, "_give", stopped)


def test_each_file_has_a_process_of_its_own(file: bytes, forks: list[Fork]) -> None:
    """The server stays, and is not one of them; nothing is left of those that are done."""
    assert [1, 1, 1] == [len(qr.read(file)) for _ in range(3)]
    assert len({server(), *(one.number for one in forks)}) == 4
    assert not any(Path(f"/proc/{one.number}").exists() for one in forks)
    assert is_there(server())


def test_a_program_for_each_file_reads_the_same(
    file: bytes, forks: list[Fork], monkeypatch: pytest.MonkeyPatch
) -> None:
    """As on systems without such servers."""
    (found,) = qr.read(file)
    monkeypatch.setattr(_sandbox, "FORKS", False)
    assert [found] == qr.read(file)
    assert "image-timeout" == code_of(file, deadline=timedelta(seconds=0.001))
    assert 1 == len(forks)


@pytest.mark.parametrize("damage", [lambda data: data[: len(data) // 2], lambda data: data[:40] + bytes(4000)])
def test_a_damaged_file_costs_the_next_nothing(file: bytes, damage: Callable[[bytes], bytes]) -> None:
    """It is refused or read, and the server is the same."""
    assert 1 == len(qr.read(file))
    before = server()
    with suppress(RejectedInputError):
        qr.read(damage(file))
    assert 1 == len(qr.read(file))
    assert before == server()


def test_one_that_hangs_is_killed_at_the_deadline(
    file: bytes, forks: list[Fork], monkeypatch: pytest.MonkeyPatch
) -> None:
    """And nothing of it is left; the server goes on."""
    qr.read(file)
    before = server()
    stop_at_work(monkeypatch, forks, lambda _: None)
    began = time.monotonic()
    assert "image-timeout" == code_of(file, deadline=timedelta(seconds=1))
    assert time.monotonic() - began < 30
    assert not Path(f"/proc/{forks[-1].number}").exists()
    assert 1 == len(qr.read(file))
    assert before == server()


def test_one_that_is_killed_costs_its_file_a_code(
    file: bytes, forks: list[Fork], monkeypatch: pytest.MonkeyPatch
) -> None:
    """As a program of its own that is killed."""
    stop_at_work(monkeypatch, forks, lambda number: os.kill(number, signal.SIGKILL))
    assert "image-unreadable" == code_of(file)
    assert 1 == len(qr.read(file))


def end_computing(number: int) -> None:
    """As the system ends what has used up its time."""
    os.kill(number, signal.SIGXCPU)
    os.kill(number, signal.SIGCONT)


def test_one_that_computes_too_long_is_a_timeout(
    file: bytes, forks: list[Fork], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The system's own signal for it is told from others."""
    stop_at_work(monkeypatch, forks, end_computing)
    assert "image-timeout" == code_of(file)
    assert 1 == len(qr.read(file))


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGSTOP])
def test_a_server_that_is_gone_is_replaced(file: bytes, how: signal.Signals) -> None:
    """One that was killed costs nobody anything, one that hangs the file that waited for it."""
    qr.read(file)
    before = server()
    os.kill(before, how)
    if how is signal.SIGSTOP:
        assert "image-timeout" == code_of(file, deadline=timedelta(seconds=0.5))
    assert 1 == len(qr.read(file))
    assert before != server()
    assert not Path(f"/proc/{before}").exists()


def test_threads_share_a_server(file: bytes, forks: list[Fork]) -> None:
    """And each gets its own answer."""
    found: list[int] = []
    threads = [threading.Thread(target=lambda: found.append(len(qr.read(file)))) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [1] * 6 == found
    assert 6 == len({one.number for one in forks})
    assert 1 == len(SERVERS._servers)


def test_it_has_nothing_of_this_process(file: bytes, forks: list[Fork], monkeypatch: pytest.MonkeyPatch) -> None:
    """No token, no open file, nothing that leads to the server; and the limits of a program of its own."""
    monkeypatch.setenv("CERTCORE_TOKEN", "secret-of-a-register")
    wanted = ["/dev/null", "pipe", "pipe"]
    seen: list[tuple[list[str], str]] = []

    def opened(folder: Path) -> list[str]:
        with suppress(FileNotFoundError):  # closed meanwhile
            names = [one.readlink() for one in (folder / "fd").iterdir()]
            # A newer libffi keeps its own file open, for its trampolines.
            return sorted(str(name).partition(":")[0] for name in names if not name.name.startswith("libffi.so"))
        return []

    def look(number: int) -> None:
        folder = Path(f"/proc/{number}")
        wait_until(lambda: opened(folder) == wanted)  # a library that is being loaded is a file for a moment
        assert b"secret" not in (folder / "environ").read_bytes()
        seen.append((opened(folder), (folder / "limits").read_text("utf-8")))

    with Path(__file__).open("rb") as mine:
        os.set_inheritable(mine.fileno(), True)  # noqa: FBT003  # its only form
        give = _sandbox._give

        def looked(*given: object) -> None:
            look(forks[-1].number)
            give(*given)  # type: ignore[arg-type]  # as it is called

        monkeypatch.setattr(_sandbox, "_give", looked)
        assert 1 == len(qr.read(file))
    ((found, limits),) = seen
    assert wanted == found
    for name in ("Max address space", "Max cpu time"):
        assert "unlimited" not in next(line for line in limits.splitlines() if line.startswith(name))
    assert b"secret" not in Path(f"/proc/{server()}/environ").read_bytes()


@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
def test_a_forked_host_starts_its_own(file: bytes) -> None:
    """A child does not speak to its parent's server, and does not end it."""
    qr.read(file)
    before = server()
    child = os.fork()
    if child == 0:
        is_right = False
        with suppress(BaseException):
            is_right = len(qr.read(file)) == 1 and server() != before
            SERVERS.end()
        os._exit(0 if is_right else 1)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    assert 1 == len(qr.read(file))
    assert before == server()


END = """
import os, signal, sys
from certcore import qr
from certcore.qr._fork_servers import SERVERS
qr.read(sys.stdin.buffer.read())
print(*[one.process.pid for one in SERVERS._servers.values()], flush=True)
{}
"""


@pytest.mark.parametrize("end", ["", "os._exit(0)", "raise SystemExit(3)", "os.kill(os.getpid(), signal.SIGKILL)"])
def test_a_server_ends_with_the_process_that_started_it(end: str) -> None:
    """However that ends."""
    pytest.importorskip("pypdfium2", reason="the extra is not installed")
    program = subprocess.run(
        [sys.executable, "-c", END.format(end)],
        input=KINDS["PDF"](),
        stdout=subprocess.PIPE,
        check=False,
        timeout=120,
    )
    (pid,) = map(int, program.stdout.split())
    assert wait_until(lambda: not is_there(pid))


def test_a_server_without_files_ends() -> None:
    """And so does one that is told what it does not know."""
    code = (
        "import sys; from certcore.qr import _fork_server as it; it.IDLE_S = float(sys.argv[2]); it.main(sys.argv[1])"
    )
    program = Path(_sandbox.__file__).with_name("_pdf.py")
    pytest.importorskip("pypdfium2", reason="the extra is not installed")
    for seconds, told in (("0.1", None), ("60", b"hello"), ("60", b"")):
        process = subprocess.Popen([sys.executable, "-c", code, str(program), seconds], stdin=subprocess.PIPE)
        assert process.stdin is not None
        with process.stdin as stdin:
            if told is not None:
                stdin.write(told)
                stdin.close()
            assert 0 == process.wait(timeout=60)


def test_where_pipes_cannot_be_had_each_file_has_a_program(
    file: bytes, forks: list[Fork], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A host whose files its own user may not see is read for all the same, and asks once."""

    def begun(*given: object, **how: object) -> subprocess.Popen[bytes]:
        started.append(given)
        return start(*given, **how)  # type: ignore[arg-type]  # as it is called

    started: list[tuple[object, ...]] = []
    start = _sandbox._started
    monkeypatch.setattr(_sandbox, "_started", begun)
    with monkeypatch.context() as patch:
        patch.setattr(_fork_servers.Server, "_tell", lambda *_: _fork_server.REFUSED)
        assert [1, 1] == [len(qr.read(file)) for _ in range(2)]
    SERVERS._useless.clear()
    assert [] == forks
    assert 3 == len(started)  # a server in vain, and a program for each file


@pytest.mark.parametrize("line", [b"begin /nowhere/1 /nowhere/2", b"begin /proc/1/fd/0 /nowhere/2 1"])
def test_pipes_that_are_not_there_are_refused(line: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    """The server says so, forks nothing and goes on."""
    said: list[bytes] = []
    monkeypatch.setattr(os, "write", lambda _, data: said.append(data))
    monkeypatch.setattr(os, "fork", None)
    assert _fork_server._do(line, lambda *_: None)
    assert [b"-1\n"] == said
