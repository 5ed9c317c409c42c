"""What the tests of pictures share: a machine without one decoder or the other."""

from __future__ import annotations

import ctypes.util
import os
import sys
from typing import TYPE_CHECKING

import pytest

from certcore.qr import _decoders, _read, decoders

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


def forget_decoders() -> None:
    """Make certcore look for its decoders again, as a new process would."""
    _decoders.is_available.cache_clear()
    _read.can_read.cache_clear()


@pytest.fixture
def machine(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., None]]:
    """A way to take packages, or the zbar library, away from this machine for one test."""

    def without(*packages: str, libzbar: bool = True) -> None:
        for package in packages:
            monkeypatch.setitem(sys.modules, package, None)
        if not libzbar:
            for name in [name for name in sys.modules if name.partition(".")[0] == "pyzbar"]:
                monkeypatch.delitem(sys.modules, name)
            monkeypatch.setattr(ctypes.util, "find_library", lambda _name: None)
        forget_decoders()

    yield without
    monkeypatch.undo()
    forget_decoders()


@pytest.fixture
def libzbar() -> None:
    """The test needs the system's zbar library: skipped without it, but failed where CI is set."""
    zbar = decoders()[1]
    if not zbar.available:
        if os.environ.get("CI") == "true":
            pytest.fail(zbar.note)
        pytest.skip(zbar.note)
