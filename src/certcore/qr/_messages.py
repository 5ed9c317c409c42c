"""What a reader process and the one that started it send each other: an object in JSON, and bytes behind it.

Nothing is unpickled. A reader has had a stranger's file in its hands and may have been taken over: what it answers is
checked here before it is a `Symbol` or an error, and whatever is not as it must be is a `ValueError`.
"""

from __future__ import annotations

import json
import math
import re
import struct
from collections.abc import Iterable
from typing import IO, Any, Final, get_args

from certcore import _json
from certcore.errors import RejectedInputError
from certcore.qr._dewarp.symbols import Kind, Symbol

MAX_WORDS: Final = 64 * 1024 * 1024
"""Bytes of an object: a hundred pages full of symbols stay far below."""

_LENGTHS: Final = struct.Struct(">II")

_PART: Final = 1024 * 1024
"""Bytes that are read at once: what a pipe holds at most."""

_CODES: Final = frozenset(
    {
        "image-format",
        "image-timeout",
        "image-too-large",
        "image-too-many-pages",
        "image-unreadable",
        "no-decoder",
    }
)
"""What a reader may refuse with."""

_KINDS: Final = frozenset(get_args(Kind))
_DECODER: Final = re.compile(r"[a-z+-]{1,40}")
_MAX_MESSAGE: Final = 200
_CORNERS: Final = 4


def send(stream: IO[bytes], words: dict[str, Any], content: bytes | memoryview = b"") -> None:
    """Write a message."""
    head = json.dumps(words, separators=(",", ":")).encode("ascii")
    for part in (_LENGTHS.pack(len(head), len(content)) + head, content):
        rest = memoryview(part).cast("B")
        while rest:
            rest = rest[stream.write(rest) :]
    stream.flush()


def receive(stream: IO[bytes], *, most: int) -> tuple[dict[str, Any], bytes]:
    """Read a message whose content has at most so many bytes.

    Raises:
        EOFError: the other side ended.
        ValueError: what it sent is no message.
    """
    words, content = _LENGTHS.unpack(_exactly(stream, _LENGTHS.size))
    if words > MAX_WORDS or content > most:
        raise ValueError("the message is too long")
    found = _json.decode(_exactly(stream, words))
    if not isinstance(found, dict):
        raise ValueError("the message is no object")  # noqa: TRY004  # a message that is none, whatever is wrong with it
    return found, _exactly(stream, content)


def _exactly(stream: IO[bytes], count: int) -> bytes:
    parts: list[bytes] = []
    while count:
        part = stream.read(min(count, _PART))
        if not part:
            raise EOFError
        parts.append(part)
        count -= len(part)
    return parts[0] if len(parts) == 1 else b"".join(parts)


def from_symbols(symbols: Iterable[Symbol]) -> list[list[Any]]:
    """Symbols as they are sent."""
    return [
        [symbol.text, symbol.data.hex(), symbol.kind, symbol.corners, symbol.decoder, symbol.page] for symbol in symbols
    ]


def to_symbols(sent: object) -> list[Symbol]:
    """The symbols that were sent.

    Raises:
        TypeError, ValueError: they are not as they must be.
    """
    if not isinstance(sent, list):
        raise TypeError("symbols are an array")
    return [_symbol(*fields) for fields in sent]


def _symbol(text: str, data: str, kind: Kind, corners: list[list[float]], decoder: str, page: int) -> Symbol:
    places = tuple((float(x), float(y)) for x, y in corners)
    given: object = text
    is_known = isinstance(given, str) and kind in _KINDS and _DECODER.fullmatch(decoder) is not None
    is_placed = len(places) == _CORNERS and all(map(math.isfinite, (value for place in places for value in place)))
    if not (is_known and is_placed and type(page) is int and page >= 1):
        raise ValueError("it is no symbol")
    return Symbol(text=text, data=bytes.fromhex(data), kind=kind, corners=places, decoder=decoder, page=page)


def from_refusal(error: RejectedInputError) -> list[Any]:
    """An error as it is sent."""
    numbers = {name: value for name, value in error.detail if isinstance(value, int)}
    return [error.code, error.message, numbers]


def to_refusal(sent: object) -> RejectedInputError:
    """The error that was sent.

    Raises:
        TypeError, ValueError: it is not as it must be.
    """
    if not isinstance(sent, list):
        raise TypeError("an error is an array")
    code, message, detail = sent
    if code not in _CODES or not message.isprintable() or len(message) > _MAX_MESSAGE:
        raise ValueError("it is no error of a reader")
    if not all(type(value) is int and name.isidentifier() for name, value in detail.items()):
        raise ValueError("its details are not numbers")
    return RejectedInputError(code, message, **detail)
