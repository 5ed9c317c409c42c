"""A process that reads strangers' pictures, one after the other: a program that `certcore.qr._readers` starts.

It is told on standard input what to read and answers on standard output. It holds nothing but the picture it has, and
ends with the process that started it.
"""

from __future__ import annotations

import os
import select
import sys
import time
from contextlib import suppress
from importlib import import_module
from typing import IO, TYPE_CHECKING, Any, Final

from certcore.errors import RejectedInputError
from certcore.qr import _cascade, _decoders, _messages, _picture, _read
from certcore.qr._crowds import Crowds
from certcore.qr._deadline import Deadline
from certcore.qr._effort import Effort
from certcore.qr._raster import MAX_PIXELS, Grey

if TYPE_CHECKING:
    from certcore.qr._sight import Sight

MAX_MEMORY: Final = 2 * 1024 * 1024 * 1024
"""Bytes of address space, where the system can limit it: the largest picture takes some 700 MB."""

MOST_CONTENT: Final = max(MAX_PIXELS, _picture.MAX_BYTES)
"""Bytes of a file, or of a page's pixels."""

_SPARE_CPU_S: Final = 2
"""Seconds of computing beyond the deadline after which the system ends the process, if nobody else did."""

_LOOK_S: Final = 2
"""Seconds between two looks at whether the process that started this one is still there."""


def main(given: IO[bytes], answers: IO[bytes]) -> None:
    """Answer until there is nobody to answer to."""
    starter = os.getppid()
    _limit_memory()
    _messages.send(answers, {"ready": True})
    _load()
    while _has_more(given, starter):
        try:
            words, content = _messages.receive(given, most=MOST_CONTENT)
        except EOFError:
            return
        _limit_cpu(words["seconds"])
        _messages.send(answers, _answer(words, content))
        del content


def _load() -> None:
    """Load what every picture needs, while whoever started this process may still be at something else."""
    with suppress(ImportError):  # the picture is then refused
        import_module("PIL.ImageFile")
    next(_decoders.available(), None)


def _has_more(given: IO[bytes], starter: int) -> bool:
    """Wait for the next picture. A process that was forked from the starter may keep standard input open after it."""
    if sys.platform == "win32":
        return True
    while not select.select([given], [], [], _LOOK_S)[0]:
        if os.getppid() != starter:
            return False
    return True


def _answer(words: dict[str, Any], content: bytes) -> dict[str, Any]:
    until = Deadline.after(words["seconds"])
    crowds = Crowds(words["crowds"])
    search: dict[str, Any] = {
        "effort": Effort(words["effort"]),
        "crowds": crowds,
        "wants_every": words.get("every", False),
    }
    try:
        if size := words.get("size"):
            width, height = size
            page = Grey(content, width, height, words["page"])
            symbols, sight = _cascade.symbols(page, deadline=until, **search), None
        else:
            wanted = words["pages"] and range(*words["pages"])
            picture = _picture.Picture(content, wanted=wanted)
            sight = _sight(words.get("sight"))
            symbols = _read.read_here(picture, until=until, sight=sight, **search)
    except RejectedInputError as error:
        return {"refused": _messages.from_refusal(error), "crowds": crowds.pages}
    seen = None if sight is None else sight.to_json()
    return {"symbols": _messages.from_symbols(symbols), "crowds": crowds.pages, "sight": seen}


def _sight(asked: dict[str, Any] | None) -> Sight | None:
    if asked is None:
        return None
    from certcore.qr._sight import Sight  # noqa: PLC0415  # for reports alone

    return Sight(wants_copy=asked["copy"])


def _limit_memory() -> None:
    if sys.platform == "win32":
        return
    import resource  # noqa: PLC0415  # not on every system

    for what, most in ((resource.RLIMIT_AS, MAX_MEMORY), (resource.RLIMIT_CORE, 0)):
        inherited = [limit for limit in resource.getrlimit(what) if limit != resource.RLIM_INFINITY]
        with suppress(OSError, ValueError):  # macOS has no limit of address space
            resource.setrlimit(what, (min([most, *inherited]),) * 2)


def _limit_cpu(seconds: float | None) -> None:
    """Let the system end this process if it computes on long after its deadline."""
    if sys.platform == "win32" or seconds is None:
        return
    import resource  # noqa: PLC0415  # as above

    _, hard = resource.getrlimit(resource.RLIMIT_CPU)
    soft = int(time.process_time() + seconds) + _SPARE_CPU_S
    with suppress(OSError, ValueError, OverflowError):
        resource.setrlimit(resource.RLIMIT_CPU, (soft if hard == resource.RLIM_INFINITY else min(soft, hard), hard))


if __name__ == "__main__":
    main(open(0, "rb", buffering=0), open(1, "wb", buffering=0))  # noqa: SIM115  # the standard streams, bare
