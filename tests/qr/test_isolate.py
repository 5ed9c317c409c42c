"""Reading in processes that can be killed: the same answers, whatever the picture, and whatever happens to one."""

from __future__ import annotations

import io
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import timedelta
from functools import partial
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from certcore import qr
from certcore.errors import RejectedInputError
from certcore.qr import Effort, _messages, _readers, _sandbox
from certcore.qr._deadline import NEVER, Deadline

TEXT = "VIC1:ISOLATED"

on_linux = pytest.mark.skipif(sys.platform != "linux", reason="looks at /proc")


def picture() -> Image.Image:
    """A picture with one symbol."""
    return Image.open(io.BytesIO(qr.to_png(TEXT))).convert("L")


def as_file(kind: str, **options: object) -> bytes:
    """The same as a file."""
    written = io.BytesIO()
    picture().convert("RGB" if kind in {"JPEG", "PDF"} else "L").save(written, kind, **options)
    return written.getvalue()


def heic() -> bytes:
    """The same as HEIC."""
    pillow_heif = pytest.importorskip("pillow_heif")
    written = io.BytesIO()
    pillow_heif.from_pillow(picture().convert("RGB").resize((400, 400))).save(written)
    return written.getvalue()


KINDS: dict[str, Callable[[], object]] = {
    **{kind: partial(as_file, kind) for kind in ("PNG", "JPEG", "WEBP", "GIF", "BMP", "PDF")},
    "TIFF of pages": lambda: as_file("TIFF", save_all=True, append_images=[Image.new("L", (90, 90), 255), picture()]),
    "HEIC": heic,
    "array": lambda: np.asarray(picture()),
    "colours": lambda: np.asarray(picture().convert("RGB")),
    "Pillow": picture,
    "memory": lambda: memoryview(as_file("PNG")),
    "open file": lambda: io.BytesIO(as_file("PNG")),
    "wanted pages": lambda: qr.load(as_file("TIFF", save_all=True, append_images=[picture()]), pages=range(2, 3)),
    "empty": lambda: b"",
    "no picture": lambda: b"hello, world",
    "damaged": lambda: as_file("PNG")[:200],
    "cut JPEG": lambda: as_file("JPEG")[:300],
    "blank": lambda: Image.new("L", (100, 100), 255),
    "no pixels": lambda: np.zeros((0, 10), np.uint8),
    "too many pixels": lambda: np.broadcast_to(np.zeros((1, 1), np.uint8), (10_000, 10_000)),
}


@pytest.fixture(autouse=True)
def fresh_readers() -> Iterator[None]:
    """No reader of an earlier test."""
    _readers.POOL.end()
    yield
    _readers.POOL.end()


def pids() -> list[int]:
    """The processes that there are."""
    return [reader.process.pid for reader in _readers.POOL._all]  # whom to kill


def outcome(image: object, **options: object) -> object:
    """What reading gives, or the error."""
    try:
        return qr.read(image, **options)  # type: ignore[arg-type]  # whatever is tried
    except RejectedInputError as error:
        return error.code, error.message, error.detail


def is_there(pid: int) -> bool:
    """Whether a process runs."""
    with suppress(OSError):
        return Path(f"/proc/{pid}/stat").read_text("utf-8").rpartition(")")[2].split()[0] != "Z"
    return False


def wait_until(what: Callable[[], bool], seconds: float = 20) -> bool:
    """Whether it comes to that."""
    end = time.monotonic() + seconds
    while not what() and time.monotonic() < end:
        time.sleep(0.05)
    return what()


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("effort", [Effort.FAST, Effort.NORMAL])
def test_the_answer_is_the_same(kind: str, effort: Effort) -> None:
    """Symbols with all their fields, and errors with code, message and details."""
    assert outcome(KINDS[kind](), effort=effort, isolate=True) == outcome(KINDS[kind](), effort=effort)


@pytest.mark.parametrize(
    ("image", "error"), [(object(), TypeError), (np.zeros((4, 4, 9), np.uint8), ValueError), (io.StringIO(), TypeError)]
)
def test_misuse_is_raised_alike(image: object, error: type[Exception]) -> None:
    """What is wrong with the call is no picture's fault."""
    with pytest.raises(error):
        qr.read(image, isolate=True)  # type: ignore[arg-type]  # what is tried


@pytest.mark.parametrize("deadline", [3, 3.0, "3"])
def test_a_deadline_is_a_timedelta(deadline: object) -> None:
    """Seconds or minutes: a number does not say."""
    with pytest.raises(TypeError):
        qr.read(as_file("PNG"), deadline=deadline)  # type: ignore[arg-type]  # what is tried


def test_a_process_is_kept_for_the_next_picture() -> None:
    """It is started once."""
    qr.read(as_file("PNG"), isolate=True)
    before = pids()
    for kind in ("JPEG", "PDF", "GIF"):
        assert [symbol.text for symbol in qr.read(as_file(kind), isolate=True)] == [TEXT]
    assert len(before) == 1
    assert before == pids()


def test_there_are_as_many_processes_as_cores() -> None:
    """However many threads read, and each gets its own answer."""
    found: list[str] = []

    def read(number: int) -> None:
        data = qr.to_png(f"VIC1:{number}")
        found.extend(symbol.text for symbol in qr.read(data, isolate=True) if symbol.text == f"VIC1:{number}")

    threads = [threading.Thread(target=read, args=(number,)) for number in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 16
    assert 1 <= len(pids()) <= _readers._cores()  # what is promised


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="POSIX")
def test_one_that_was_killed_while_idle_costs_nobody_anything() -> None:
    """It is seen, and another one is started."""
    qr.read(as_file("PNG"), isolate=True)
    (killed,) = pids()
    os.kill(killed, signal.SIGKILL)
    assert wait_until(lambda: not is_there(killed))
    assert [symbol.text for symbol in qr.read(as_file("PNG"), isolate=True)] == [TEXT]
    assert killed not in pids()


@on_linux
def test_one_that_is_killed_at_work_costs_its_picture_a_code() -> None:
    """The picture has a code, and the next one is read; nothing is left behind."""
    qr.read(as_file("PNG"), isolate=True)
    (pid,) = pids()
    os.kill(pid, signal.SIGSTOP)  # it has the picture, and no time
    threading.Timer(0.3, os.kill, (pid, signal.SIGKILL)).start()
    with pytest.raises(RejectedInputError) as caught:
        qr.read(as_file("PNG"), isolate=True, deadline=timedelta(seconds=60))
    assert caught.value.code == "image-unreadable"
    assert not Path(f"/proc/{pid}").exists(), "a zombie is left"
    assert [symbol.text for symbol in qr.read(as_file("PNG"), isolate=True)] == [TEXT]


@on_linux
@pytest.mark.parametrize("kind", ["PNG", "PDF", "array", "Pillow"])
def test_one_that_hangs_is_killed_at_the_deadline(kind: str) -> None:
    """Whatever it hangs in; the next picture is read."""
    qr.read(as_file("PNG"), isolate=True)
    (pid,) = pids()
    os.kill(pid, signal.SIGSTOP)
    began = time.monotonic()
    with pytest.raises(RejectedInputError) as caught:
        qr.read(KINDS[kind](), isolate=True, deadline=timedelta(seconds=1))  # type: ignore[arg-type]  # one of the kinds
    assert caught.value.code == "image-timeout"
    assert time.monotonic() - began < 3
    assert not Path(f"/proc/{pid}").exists(), "a zombie is left"
    assert [symbol.text for symbol in qr.read(as_file("PNG"), isolate=True)] == [TEXT]


@on_linux
def test_waiting_for_a_process_is_within_the_deadline() -> None:
    """Where all are busy, the time of a picture that waits runs, too."""
    places = _readers.POOL._places  # as if other threads had them
    taken = 0
    while places.acquire(blocking=False):
        taken += 1
    try:
        with pytest.raises(RejectedInputError) as caught:
            qr.read(as_file("PNG"), isolate=True, deadline=timedelta(seconds=0.2))
    finally:
        for _ in range(taken):
            places.release()
    assert caught.value.code == "image-timeout"


def test_no_time_at_all_is_a_timeout() -> None:
    """As in this process."""
    options = {"deadline": timedelta()}
    assert outcome(as_file("PNG"), isolate=True, **options) == outcome(as_file("PNG"), **options)


@on_linux
def test_it_gets_no_secret_and_no_open_file(monkeypatch: pytest.MonkeyPatch) -> None:
    """Tokens of the environment and files that are open stay here; memory is limited."""
    monkeypatch.setenv("CERTCORE_TOKEN", "secret-of-a-register")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret-of-a-cloud")
    with Path(__file__).open("rb") as file:
        os.set_inheritable(file.fileno(), True)  # noqa: FBT003  # its only form
        qr.read(as_file("PNG"), isolate=True)
        (pid,) = pids()
        assert b"secret" not in Path(f"/proc/{pid}/environ").read_bytes()
        opened = {str(one.readlink()) for one in Path(f"/proc/{pid}/fd").iterdir()}
        assert __file__ not in opened
        assert all(one.startswith(("pipe:", "/dev/null")) for one in opened)
    limits = Path(f"/proc/{pid}/limits").read_text("utf-8")
    assert "unlimited" not in next(line for line in limits.splitlines() if line.startswith("Max address space"))


@pytest.mark.skipif(not hasattr(os, "fork"), reason="POSIX")
@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
def test_a_fork_starts_its_own() -> None:
    """A child does not speak to its parent's processes, and ends none of them."""
    qr.read(as_file("PNG"), isolate=True)
    before = pids()
    child = os.fork()
    if child == 0:
        is_right = False
        with suppress(BaseException):
            found = qr.read(as_file("PNG"), isolate=True)
            is_right = [symbol.text for symbol in found] == [TEXT] and not set(before) & set(pids())
            _readers.POOL.end()
        os._exit(0 if is_right else 1)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    assert [symbol.text for symbol in qr.read(as_file("PNG"), isolate=True)] == [TEXT]
    assert before == pids()


END = """
import os, signal, sys
from certcore import qr
from certcore.qr import _readers
qr.read(qr.to_png("VIC1:END"), isolate=True)
print(*[reader.process.pid for reader in _readers.POOL._all], flush=True)
{}
"""


@on_linux
@pytest.mark.parametrize(
    "end",
    [
        "",
        "os._exit(0)",
        "raise SystemExit(3)",
        "os.kill(os.getpid(), signal.SIGKILL)",
        "os.fork() or os.execvp('sleep', ['sleep', '30']); os._exit(0)",
    ],
)
def test_they_end_with_the_process_that_started_them(end: str) -> None:
    """However that ends, and also where a child of it lives on."""
    program = subprocess.run([sys.executable, "-c", END.format(end)], stdout=subprocess.PIPE, check=False, timeout=120)
    (pid,) = map(int, program.stdout.split())
    assert wait_until(lambda: not is_there(pid))


@pytest.mark.parametrize("executable", [None, "", "/bin/cat"])
def test_where_no_python_is_known_it_is_read_here(executable: str | None, monkeypatch: pytest.MonkeyPatch) -> None:
    """Frozen and embedded programs read PNG and JPEG in their own process, with the deadline."""
    monkeypatch.setattr(_sandbox, "find_interpreter", lambda: executable if executable == "/bin/cat" else None)
    assert [symbol.text for symbol in qr.read(as_file("PNG"), isolate=True)] == [TEXT]
    with pytest.raises(RejectedInputError):
        qr.read(as_file("PNG"), isolate=True, deadline=timedelta())


SYMBOL = ["VIC1:A", "00", "text", [[0, 0], [1, 0], [1, 1], [0, 1]], "zxing-cpp", 1]


@pytest.mark.parametrize(
    "answer",
    [
        {},
        {"symbols": []},
        {"symbols": {}, "crowds": 0},
        {"symbols": [[]], "crowds": 0},
        {"symbols": [SYMBOL[:5]], "crowds": 0},
        *[
            {"symbols": [[*SYMBOL[:place], wrong, *SYMBOL[place + 1 :]]], "crowds": 0}
            for place, wrongs in enumerate(
                [(1, None), ("x", 5), ("other", []), ([[0, 0]], "x", [["a", 0]] * 4), ("Evil\n", 3), (0, "1", True)]
            )
            for wrong in wrongs
        ],
        {"refused": None, "crowds": 0},
        {"refused": ["signature-invalid", "", {}], "crowds": 0},
        {"refused": ["image-unreadable", "x" * 1000, {}], "crowds": 0},
        {"refused": ["image-unreadable", "\x1b[2J", {}], "crowds": 0},
        {"refused": ["image-unreadable", "", {"width": "text"}], "crowds": 0},
        {"refused": [[], "", {}], "crowds": 0},
    ],
)
def test_an_answer_that_is_none_is_refused(answer: dict[str, object], monkeypatch: pytest.MonkeyPatch) -> None:
    """One that was taken over can say no more than that it saw a symbol."""
    monkeypatch.setattr(_readers.Pool, "ask", lambda *_: answer)
    with pytest.raises(RejectedInputError) as caught:
        qr.read(as_file("PNG"), isolate=True)
    assert caught.value.code == "image-unreadable"


@pytest.mark.parametrize(
    "sent", [b"\0\0\0\1\0\0\0\0[", b"\xff" * 8, b"\0\0\0\2\0\0\0\0[]", b"\0\0\0\2\0\0\0\1{}x", b"\0"]
)
def test_what_is_no_message_is_none(sent: bytes) -> None:
    """Lengths are looked at before anything is read, and JSON is read strictly."""
    with pytest.raises((ValueError, EOFError)):
        _messages.receive(io.BytesIO(sent), most=0)


@on_linux
def test_a_picture_that_takes_too_much_memory_ends_nothing_else() -> None:
    """Above its limit, the process says so or ends, and the picture has a code."""
    words = {"pages": None, "effort": "normal", "crowds": 0, "seconds": None}
    large = np.zeros((9400, 9400), np.uint8)
    assert _readers.POOL.ask(words, as_file("PNG"), NEVER)["symbols"]
    assert qr.read(large, isolate=True, effort=Effort.FAST) == []
    assert [symbol.text for symbol in qr.read(as_file("PNG"), isolate=True)] == [TEXT]


def test_a_deadline_that_is_over_before_the_start() -> None:
    """Nothing is started for it."""
    with pytest.raises(RejectedInputError):
        _readers.POOL.ask({}, b"", Deadline.after(0))
