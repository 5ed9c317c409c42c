"""Threads and processes that verify side by side, beside one; and what the machine itself gives two that share nothing.

Cores share caches, memory and often an execution unit: two processes that have nothing to do with each other show what
can be reached. Each thread and process has done one piece before the time is taken, so that no start is counted.
"""

from __future__ import annotations

from collections.abc import Iterator

from benchmarks._measure import Figure, Setting
from benchmarks.suites.scan import _desk, _together


def measure(setting: Setting) -> Iterator[Figure]:
    """One, two and as many as there are cores: over pictures, over texts, and what could be."""
    yield from _together(setting, _desk(setting))
