"""PDF and HEIC, decoded in a process of its own for each file.

Their decoders are large libraries in C and C++ that take gigabytes for a few thousand bytes, cannot be interrupted, end
the whole process when memory runs out and, in the case of PDFium, are not safe in threads. So they run where they can
be limited and stopped: `certcore.qr._pdf` and `certcore.qr._heic` are given the file on standard input, and answer page
by page. Each is a program of its own; on Linux, a fork of a program that has loaded it and seen no file
(`certcore.qr._fork_servers`). Here is the other end: starting, limiting, reading the answers. Nothing of
theirs is decoded here; a scan that is a JPEG is a file like any other.

An answer is a line of words, then the bytes it announces:
``page MODE ORDER NUMBER WIDTH HEIGHT STRIDE A B C D E F`` and ``STRIDE * HEIGHT`` bytes; ``jpeg NUMBER WIDTH HEIGHT
LENGTH A B C D E F`` and so many bytes of a file, which a reader of files decodes; ``refuse CODE``; ``end``.
"""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import suppress
from functools import partial
from pathlib import Path
from threading import TIMEOUT_MAX, Timer
from typing import IO, Final, Protocol, cast

import attrs

from certcore import _extras
from certcore.errors import RejectedInputError
from certcore.qr._deadline import Deadline
from certcore.qr._raster import (
    MAX_PAGES,
    MAX_PIXELS,
    Grey,
    Place,
    check_pixels,
    from_pixels,
    pages_of_file,
    too_many_pages,
)

MAX_MEMORY: Final = 1536 * 1024 * 1024
"""Bytes of address space for a decoder, where the system can limit it (Linux)."""

MAX_CPU_S: Final = 60
"""Seconds of computing for a decoder, where the system can limit it (Linux), whatever the deadline."""

_MAX_LINE: Final = 1024
"""Bytes of an answer's first line."""

_REFUSALS: Final = {
    "image-too-large": "the picture has too many pixels",
    "image-unreadable": "the file is damaged or incomplete",
    "pdf-password": "the PDF asks for a password",
}
"""What a decoder may refuse, besides too many pages."""

FORKS: Final = sys.platform == "linux"
"""Whether a decoder is forked from a program that has it loaded. macOS' own libraries break in a fork."""

_ENDINGS: Final = {"pdf": "_pdf", "heic": "_heic", "heif": "_heic"}
"""Which decoder reads a file, most likely, by how its name ends."""

_PYTHON: Final = re.compile(r"(?:python|pypy)[0-9.]*[a-z]{0,2}(?:\.exe)?", re.IGNORECASE)
"""What the file of an interpreter is called."""

_INHERITED: Final = ("PATH", "LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH", "SYSTEMROOT", "TEMP", "TMP", "TMPDIR")
"""What a decoder gets of the environment: where to find libraries. Tokens and keys stay here."""

_MODES: Final = frozenset(
    {("L", "L"), ("I;16", "I;16"), ("RGB", "RGB"), ("RGB", "BGR"), ("RGB", "BGRX"), ("RGBA", "RGBA"), ("RGBA", "BGRA")}
)
"""Pillow's modes, and its names for the order of their bytes."""

_NUMBERS: Final = 10
"""Numbers in the announcement of a page."""

_MAX_PIXEL_BYTES: Final = 4
"""Bytes of a pixel; a row may be filled up by three pixels more."""


@attrs.frozen
class Scan:
    """A page that is only one scan, as the JPEG that it is: nothing of it is decoded yet.

    Attributes:
        jpeg: the file.
        page: its number.
        place: where a pixel of the file lies on the page as displayed.
        rendered: decodes the page as any other, for a file that is refused.
    """

    jpeg: bytes = attrs.field(repr=False)
    page: int
    place: Place
    rendered: Callable[[], Grey] | None = attrs.field(default=None, repr=False, eq=False)

    def decoded(self, deadline: Deadline) -> Grey:
        """Its pixels, in a reduced copy, decoded in this process as any JPEG is."""
        try:
            (found,) = pages_of_file(self.jpeg, "JPEG", range(1, 2), deadline, is_first_look=True)
        except RejectedInputError as error:
            return self.instead(error)
        return attrs.evolve(found, page=self.page, place=_composed(self.place, found.place))

    def instead(self, refusal: RejectedInputError) -> Grey:
        """The page as any other, where its JPEG is refused for something that PDFium forgives.

        Raises:
            RejectedInputError: the refusal itself, where it does not.
        """
        if self.rendered is None or refusal.code not in _FORGIVEN:
            raise refusal
        return self.rendered()


_FORGIVEN: Final = frozenset({"image-unreadable", "image-too-large"})
"""Why Pillow refuses a JPEG of which PDFium still shows something."""


def pages_of_pdf(
    data: bytes,
    wanted: range | None,
    deadline: Deadline,
    page_cpu_s: int = 0,
    *,
    small: bool = False,
    is_first_look: bool = False,
) -> Iterator[Grey | Scan]:
    """The pages of a PDF, each of which may take so many seconds of computing; 0 is any number.

    For a first look, a page that is a large JPEG is handed over as that.

    Raises:
        RejectedInputError: ``no-pdf-decoder``, ``no-decoder-process``, ``pdf-password``, ``image-too-many-pages``,
            ``image-timeout``, ``image-unreadable``.
    """
    if not _extras.is_there("pypdfium2"):
        message = "PDF files need pypdfium2: install certcore with its pdf extra: certcore[pdf]"
        raise RejectedInputError("no-pdf-decoder", message)
    pages = wanted or range(1, MAX_PAGES + 1)
    most = 0 if wanted else MAX_PAGES
    numbers = [pages.start, pages.stop, pages.step, most, page_cpu_s, int(is_first_look)]
    for found in _answers("_pdf", data, numbers, deadline, small=small):
        again = partial(_rendered, data, found.page, deadline, page_cpu_s)
        yield attrs.evolve(found, rendered=again) if isinstance(found, Scan) else found


def _rendered(data: bytes, page: int, deadline: Deadline, page_cpu_s: int) -> Grey:
    for found in pages_of_pdf(data, range(page, page + 1), deadline, page_cpu_s):
        if isinstance(found, Grey):
            return found
    raise _refusal("image-unreadable")


def pages_of_heic(data: bytes, wanted: range | None, deadline: Deadline, *, small: bool = False) -> Iterator[Grey]:
    """The primary image of a HEIC file: the photograph, without its thumbnails, depth maps and companions.

    Raises:
        RejectedInputError: ``no-heic-decoder``, ``no-decoder-process``, ``image-too-large``, ``image-timeout``,
            ``image-unreadable``.
    """
    if not _extras.is_there("pillow_heif"):
        message = "HEIC pictures need pillow-heif: install certcore with its heic extra: certcore[heic]"
        raise RejectedInputError("no-heic-decoder", message)
    if wanted is None or 1 in wanted:
        for found in _answers("_heic", data, [MAX_PIXELS], deadline, small=small):
            if isinstance(found, Scan):
                raise _refusal("image-unreadable")
            yield found


def _answers(
    program: str, data: bytes, arguments: list[int], deadline: Deadline, *, small: bool
) -> Iterator[Grey | Scan]:
    """What a decoder answers, page by page; it works on the next page while the caller has this one."""
    deadline.check()
    decoder = _begun(program, arguments, deadline)
    watchdog = Timer(min(deadline.left_s, TIMEOUT_MAX), decoder.kill)
    watchdog.daemon = True
    watchdog.start()
    try:
        _give(decoder.stdin, data)
        page = 1
        while (found := _answer(decoder.stdout, page, len(data), small=small)) is not None:
            deadline.check(found.page)
            page = found.page
            yield found
    except EOFError as ended:
        computed_too_long = decoder.end() == -getattr(signal, "SIGXCPU", 0)
        if deadline.is_over or computed_too_long:
            raise _timeout(page) from ended
        raise _refusal("image-unreadable") from ended
    finally:
        watchdog.cancel()
        decoder.end()


class _Decoder(Protocol):
    """A process that decodes one file."""

    @property
    def stdin(self) -> IO[bytes]:
        """Where it is given the file."""
        ...

    @property
    def stdout(self) -> IO[bytes]:
        """Where it answers."""
        ...

    def kill(self) -> None:
        """End it, from any thread."""
        ...

    def end(self) -> int:
        """End it, and give back what the system holds for it. How it ended."""
        ...


@attrs.frozen
class _Program:
    """A program that was started for a file."""

    process: subprocess.Popen[bytes]

    @property
    def stdin(self) -> IO[bytes]:
        return cast("IO[bytes]", self.process.stdin)

    @property
    def stdout(self) -> IO[bytes]:
        return cast("IO[bytes]", self.process.stdout)

    def kill(self) -> None:
        self.process.kill()

    def end(self) -> int:
        self.kill()
        for pipe in (self.stdin, self.stdout):
            with suppress(OSError):
                pipe.close()
        return self.process.wait()


def _begun(program: str, arguments: list[int], deadline: Deadline) -> _Decoder:
    """A decoder that waits for its file. It has this process's folders of modules, and nothing else that is ours."""
    try:
        if FORKS:
            from certcore.qr._fork_servers import SERVERS  # noqa: PLC0415  # not on every system

            start = _server_of(program)
            with suppress(OSError):  # where a process cannot have another's pipes, each file has a program
                return SERVERS.begin(start, partial(_started, start, buffer=0), arguments, deadline)
            deadline.check()
        return _Program(_started(_command(f"{program}.py", *map(str, arguments))))
    except OSError as error:
        raise _no_process() from error


def prepare(ending: str) -> None:
    """Have the decoder for files with this ending loaded, if it is one of these, before there is a file for it."""
    program = _ENDINGS.get(ending)
    if program is None or not FORKS:
        return
    from certcore.qr._fork_servers import SERVERS  # noqa: PLC0415  # not on every system

    with suppress(OSError, RejectedInputError):  # which the file is told
        start = _server_of(program)
        SERVERS.prepare(start, partial(_started, start, buffer=0))


def _server_of(program: str) -> tuple[str, ...]:
    """How to start the program that has a decoder loaded."""
    return _command("_fork_server.py", str(Path(__file__).with_name(f"{program}.py")))


def _command(program: str, *arguments: str) -> tuple[str, ...]:
    start = command(Path(__file__).with_name(program))
    if start is None:
        raise _no_process()
    return (*start, *arguments)


def _started(start: tuple[str, ...], buffer: int = -1) -> subprocess.Popen[bytes]:
    process = subprocess.Popen(  # noqa: S603  # a Python, files of this package, and numbers
        start,
        bufsize=buffer,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        env=environment(),
        process_group=None if sys.platform == "win32" else 0,  # a terminal's Ctrl-C is not for it
    )
    _limit(process.pid)
    return process


def command(program: Path) -> list[str] | None:
    """How to start a program of this package; None in a frozen or embedded host, or where it lies in a zip file."""
    interpreter = find_interpreter()
    return [interpreter, "-P", "-W", "ignore", str(program)] if interpreter and program.is_file() else None


def environment() -> dict[str, str]:
    """The environment of such a program."""
    inherited = {name: os.environ[name] for name in _INHERITED if name in os.environ}
    folders = os.pathsep.join(folder for folder in sys.path if folder)
    return {**inherited, "PYTHONPATH": folders, "MALLOC_ARENA_MAX": "2"}


def find_interpreter() -> str | None:
    """A Python that programs of this package can be started with; None where nothing is known to be one.

    `sys.executable` is whatever the process was started as: a frozen program would start itself, for ever, and a host
    that embeds Python would start the host.
    """
    if getattr(sys, "frozen", False):
        return None
    version = f"{sys.version_info.major}.{sys.version_info.minor}"
    folder = Path(sys.exec_prefix)
    for place in (sys.executable, folder / "bin" / f"python{version}", folder / "python.exe"):
        name = str(place or "")  # documented to be empty or None where Python does not know
        if _PYTHON.fullmatch(Path(name).name) and Path(name).is_file() and os.access(name, os.X_OK):
            return name
    return None


def _no_process() -> RejectedInputError:
    return RejectedInputError("no-decoder-process", "no process can be started here to decode the file in")


def _limit(pid: int) -> None:
    """Cap memory and computing time, and leave no core file: before the first byte of the file is there."""
    if sys.platform != "linux":
        return
    import resource  # noqa: PLC0415  # not on every system

    # At the second limit of computing time it would be killed without a reason.
    for what, soft, hard in (
        (resource.RLIMIT_AS, MAX_MEMORY, MAX_MEMORY),
        (resource.RLIMIT_CPU, MAX_CPU_S, MAX_CPU_S + 1),
        (resource.RLIMIT_CORE, 0, 0),
    ):
        inherited = [limit for limit in resource.getrlimit(what) if limit != resource.RLIM_INFINITY]
        with suppress(OSError):  # it ended already, or a container forbids the call
            resource.prlimit(pid, what, (min([soft, *inherited]), min([hard, *inherited])))


def _give(file: IO[bytes], data: bytes) -> None:
    """Hand the file over, as much as is wanted of it: a decoder that ended says why on the other side."""
    with suppress(OSError):
        file.write(data)
    with suppress(OSError):
        file.close()


def _answer(answers: IO[bytes], page: int, most: int, *, small: bool) -> Grey | Scan | None:
    """The next page, or none behind the last.

    Raises:
        RejectedInputError: what the decoder refuses, or an answer that breaks the rules: it may have been taken over.
        EOFError: it ended without a word.
    """
    line = answers.readline(_MAX_LINE)
    if not line.endswith(b"\n"):
        raise EOFError
    match line.decode("ascii", "replace").split():
        case ["end"]:
            return None
        case ["refuse", "image-too-many-pages"]:
            raise too_many_pages()
        case ["refuse", code] if code in _REFUSALS:
            raise _refusal(code)
        case ["page", mode, order, *numbers] if (mode, order) in _MODES and len(numbers) == _NUMBERS:
            return _page(answers, mode, order, numbers, page, small=small)
        case ["jpeg", *numbers] if len(numbers) == _NUMBERS:
            return _scan(answers, numbers, page, most)
    raise _refusal("image-unreadable")


def _page(answers: IO[bytes], mode: str, order: str, numbers: list[str], least: int, *, small: bool) -> Grey:
    (page, width, height, stride), place = _parsed(numbers)
    if page < least or min(width, height) < 1 or not 0 < stride <= _MAX_PIXEL_BYTES * (width + 3):
        raise _refusal("image-unreadable")
    check_pixels(width, height)
    pixels = answers.read(stride * height)
    if len(pixels) != stride * height:
        raise EOFError
    if (mode, stride) == ("L", width):
        return Grey(pixels, width, height, page, place)
    found = from_pixels(pixels, mode, (width, height), order=order, stride=stride, small=small)
    return attrs.evolve(found, page=page, place=place)


def _timeout(page: int) -> RejectedInputError:
    return RejectedInputError("image-timeout", "the file takes too long to decode", page=page)


def _scan(answers: IO[bytes], numbers: list[str], least: int, most: int) -> Scan:
    (page, _, _, length), place = _parsed(numbers)
    if page < least or not 0 < length <= most:
        raise _refusal("image-unreadable")
    jpeg = answers.read(length)
    if len(jpeg) != length:
        raise EOFError
    return Scan(jpeg, page, place)


def _parsed(numbers: list[str]) -> tuple[tuple[int, ...], Place]:
    try:
        return tuple(map(int, numbers[:4])), cast("Place", tuple(map(float, numbers[4:])))
    except ValueError as error:
        raise _refusal("image-unreadable") from error


def _composed(outer: Place, inner: Place) -> Place:
    """The place of a point of which the inner one gives the place on something that lies at the outer one."""
    a, b, c, d, e, f = outer
    g, h, i, j, k, l = inner  # noqa: E741  # as the letters go on
    return a * g + b * j, a * h + b * k, a * i + b * l + c, d * g + e * j, d * h + e * k, d * i + e * l + f


def _refusal(code: str) -> RejectedInputError:
    return RejectedInputError(code, _REFUSALS[code])
