"""The limit on the bytes of answers that one backend receives at the same time."""

from __future__ import annotations

import weakref
from itertools import count
from typing import Final

from certcore.status._url_policy import unavailable
from certcore.status.http._fetch import Answer

_NUMBERS: Final = count()


class Intake:
    """The bytes of all bodies that have come in and are still held. No lock: each change is a single step."""

    def __init__(self, most_bytes: int) -> None:
        self._most = most_bytes
        self._sizes: dict[int, int] = {}

    @property
    def bytes(self) -> int:
        """How many there are."""
        return sum(list(self._sizes.values()))

    def begin(self, max_bytes: int, /) -> Body:
        """A body that may have so many bytes."""
        return Body(self, next(_NUMBERS), max_bytes)

    def set(self, number: int, size: int, /) -> None:
        """A body has so many bytes now; one that is alone may have as many as it may.

        Raises:
            StatusError: ``status-unavailable`` with the cause ``busy``; all together have more than they may.
        """
        self._sizes[number] = size
        if len(self._sizes) > 1 and self.bytes > self._most:
            raise unavailable("busy", "Too many answers are on their way at once")

    def forget(self, number: int, /) -> None:
        """A body is not held any more."""
        self._sizes.pop(number, None)


class Body:
    """One body as it comes in."""

    def __init__(self, intake: Intake, number: int, max_bytes: int) -> None:
        self._intake, self._number, self._most = intake, number, max_bytes
        self._pieces: list[bytes] = []
        self._size = 0

    def expect(self, size: int, /) -> None:
        """Refuse a body that says that it is too long."""
        if size > self._most:
            raise unavailable("too-large", "The answer has more bytes than it may", max_bytes=self._most)

    def add(self, piece: bytes, /) -> None:
        """Take a piece, as long as the body and all others together may have it."""
        self._size += len(piece)
        self.expect(self._size)
        self._intake.set(self._number, self._size)
        self._pieces.append(piece)

    def to_answer(self, status: int, headers: dict[str, str]) -> Answer:
        """The answer; its bytes count as long as somebody holds it."""
        answer = Answer(status=status, headers=headers, body=b"".join(self._pieces))
        self._pieces.clear()
        weakref.finalize(answer, self._intake.forget, self._number).atexit = False
        return answer

    def drop(self) -> None:
        """Broken off: nothing of it is held."""
        self._pieces.clear()
        self._intake.forget(self._number)
