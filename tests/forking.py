"""Work done in a forked child, for tests: its result comes back, and a child that hangs is told as such."""

from __future__ import annotations

import os
import pickle
import select
import signal
from collections.abc import Callable
from typing import Any, Final

HANGS_S: Final = 60
"""Seconds after which a child hangs, and is not merely slow."""


class Child:
    """One forked child that does one thing."""

    def __init__(self, work: Callable[[], object], *, hangs_s: int = HANGS_S) -> None:
        self._hangs_s = hangs_s
        self._reading, writing = os.pipe()
        self.process = os.fork()
        if not self.process:
            signal.alarm(hangs_s)
            try:
                found = pickle.dumps(work())
            except BaseException as error:  # noqa: BLE001  whatever it is, the parent is told
                found = pickle.dumps(error)
            while found:
                found = found[os.write(writing, found) :]
            os._exit(0)
        os.close(writing)

    def result(self) -> Any:  # noqa: ANN401  whatever the work gives
        """What the work gave; an error that it raised is raised here."""
        data = b""
        while select.select([self._reading], [], [], self._hangs_s)[0] and (piece := os.read(self._reading, 1 << 16)):
            data += piece
        os.close(self._reading)
        os.waitpid(self.process, 0)
        assert data, "the child hangs"
        found = pickle.loads(data)  # noqa: S301  of our own child
        if isinstance(found, BaseException):
            raise found
        return found


def in_child(work: Callable[[], object]) -> Any:  # noqa: ANN401  as above
    """What the work gives in a forked child."""
    return Child(work).result()
