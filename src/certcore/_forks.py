"""State that a forked process must not inherit: locks that another thread held, and everything that waits for them.

A child process has its parent's memory, but only one of its threads. So an object with a lock, a connection or a
thread registers here, and makes a new one in every child before other code runs there.
"""

from __future__ import annotations

import os
from typing import Final, Protocol
from weakref import WeakSet


class Forked(Protocol):
    """Whatever has something to make anew."""

    def begin_in_child(self) -> None:
        """Make anew what a child must not inherit; no other thread runs. Where it is made, the same is done."""


_KNOWN: Final[WeakSet[Forked]] = WeakSet()


def begin_in_children(owner: Forked, /) -> None:
    """Have `Forked.begin_in_child` called in every process that is forked from this one, while the owner lives."""
    _KNOWN.add(owner)


def _begin() -> None:
    for owner in list(_KNOWN):
        owner.begin_in_child()


if hasattr(os, "register_at_fork"):  # not on Windows, which has no fork
    os.register_at_fork(after_in_child=_begin)
