"""A program that loads a decoder once and forks for each file: `certcore.qr._fork_servers` starts it, on Linux.

Loading a decoder takes longer than most files do. This process never sees a file: each is decoded by a fork of its own,
which ends with it, so that no file meets what another left. A line on standard input tells it what to do:

``begin FILE ANSWERS ARGUMENTS``, with the names of the ends of two pipes: it forks, and answers the fork's number.
``end NUMBER``: it answers how that fork ended, and forgets it.

It imports nothing but the decoder and the standard library, and ends when nobody is there to tell it anything.
"""

from __future__ import annotations

import os
import select
import sys
from collections.abc import Callable
from contextlib import suppress
from importlib.util import module_from_spec, spec_from_file_location
from typing import BinaryIO, Final

Decode = Callable[[list[str], BinaryIO, BinaryIO], None]

IDLE_S: Final = 300
"""Seconds without a file after which it ends: the next file starts another."""

MAX_LINE: Final = 1024
"""Bytes of a line, which a pipe hands over whole."""

REFUSED: Final = -1
"""The answer where the ends of the pipes cannot be had."""


def main(program: str) -> None:
    """Load the decoder and do what is told."""
    decode = _load(program)
    with suppress(OSError):  # nobody is there any more
        while select.select([0], [], [], IDLE_S)[0] and _do(os.read(0, MAX_LINE), decode):
            pass


def _load(program: str) -> Decode:
    spec = spec_from_file_location("decoder", program)
    assert spec is not None  # noqa: S101  # it is a file of this package
    assert spec.loader is not None  # noqa: S101  # likewise
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    decode: Decode = module.main
    return decode


def _do(line: bytes, decode: Decode) -> bool:
    """Do one thing; whether there may be another."""
    match line.decode("ascii").split():
        case ["begin", file, answers, *arguments]:
            answer = _begin(file, answers, arguments, decode)
        case ["end", number]:
            answer = os.waitstatus_to_exitcode(os.waitpid(int(number), 0)[1])
        case _:
            return False
    os.write(1, f"{answer}\n".encode("ascii"))
    return True


def _begin(file: str, answers: str, arguments: list[str], decode: Decode) -> int:
    try:
        ends = [os.open(file, os.O_RDONLY), os.open(answers, os.O_WRONLY)]
    except OSError:
        return REFUSED
    fork = os.fork()
    if fork == 0:
        _decode(ends, arguments, decode)
    for end in ends:
        os.close(end)
    return fork


def _decode(ends: list[int], arguments: list[str], decode: Decode) -> None:
    """What a fork does. What it was told on is gone from it before it reads a byte of the file."""
    code = 1
    try:
        for number, end in enumerate(ends):
            os.dup2(end, number)
            os.close(end)
        with os.fdopen(0, "rb") as file, os.fdopen(1, "wb") as answers:
            decode(arguments, file, answers)
        code = 0
    finally:
        os._exit(code)


if __name__ == "__main__":
    main(sys.argv[1])
