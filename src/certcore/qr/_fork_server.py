"""A program that loads a decoder once and forks for each file: `certcore.qr._fork_servers` starts it, on Linux.

Loading a decoder takes longer than most files do. This process never sees a file: each is decoded by a fork of its own,
which ends with it, so that no file meets what another left. Standard input is a socket, on which it is told:

``begin ARGUMENTS``, with the ends of two pipes, for the file and the answers: it forks, and answers the fork's number.
``end NUMBER``: it answers how that fork ended, and forgets it.

It imports nothing but the decoder and the standard library, and ends when nobody is there to tell it anything.
"""

from __future__ import annotations

import os
import socket
import sys
from collections.abc import Callable
from contextlib import suppress
from importlib.util import module_from_spec, spec_from_file_location
from typing import BinaryIO, Final

Decode = Callable[[list[str], BinaryIO, BinaryIO], None]

IDLE_S: Final = 300
"""Seconds without a file after which it ends: the next file starts another."""

MAX_MESSAGE: Final = 1024
"""Bytes of what it is told."""


def main(program: str) -> None:
    """Load the decoder and do what is told."""
    decode = _load(program)
    told = socket.socket(fileno=0)
    told.settimeout(IDLE_S)
    with suppress(OSError):  # nobody is there any more, or nothing was said for long
        while _do(told, decode):
            pass


def _load(program: str) -> Decode:
    spec = spec_from_file_location("decoder", program)
    assert spec is not None  # noqa: S101  # it is a file of this package
    assert spec.loader is not None  # noqa: S101  # likewise
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    decode: Decode = module.main
    return decode


def _do(told: socket.socket, decode: Decode) -> bool:
    """Do one thing; whether there may be another."""
    message, files, _, _ = socket.recv_fds(told, MAX_MESSAGE, 2)
    match message.decode("ascii").split():
        case ["begin", *arguments]:
            answer = _begin(decode, arguments, files)
        case ["end", number]:
            answer = os.waitstatus_to_exitcode(os.waitpid(int(number), 0)[1])
        case _:
            return False
    told.send(str(answer).encode("ascii"))
    return True


def _begin(decode: Decode, arguments: list[str], files: list[int]) -> int:
    fork = os.fork()
    if fork == 0:
        _decode(decode, arguments, files)
    for file in files:
        os.close(file)
    return fork


def _decode(decode: Decode, arguments: list[str], files: list[int]) -> None:
    """What a fork does. The socket is gone from it before it reads a byte of the file."""
    code = 1
    try:
        for number, file in enumerate(files):
            os.dup2(file, number)
            os.close(file)
        with os.fdopen(0, "rb") as file_in, os.fdopen(1, "wb") as answers:
            decode(arguments, file_in, answers)
        code = 0
    finally:
        os._exit(code)


if __name__ == "__main__":
    main(sys.argv[1])
