"""For your tests and first steps: trust lists and a clock that need no set-up.

The root key here is public. Every list that it signs is for the test environment, and every verdict under it says so.
The tests for status backends are in `contract` and `async_contract`, which are imported when first used.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Final

from certcore.testing._setup import ROOT_SIGNER, TRUST_ROOT, FixedClock, make_trust

if TYPE_CHECKING:
    from certcore.testing.async_contract import AsyncStatusBackendContract
    from certcore.testing.contract import StatusBackendContract

__all__ = [
    "ROOT_SIGNER",
    "TRUST_ROOT",
    "AsyncStatusBackendContract",
    "FixedClock",
    "StatusBackendContract",
    "make_trust",
]

_LAZY: Final = {
    "AsyncStatusBackendContract": "certcore.testing.async_contract",
    "StatusBackendContract": "certcore.testing.contract",
}

if not TYPE_CHECKING:  # hidden from type checkers, which would take it to mean that every name exists

    def __getattr__(name: str) -> object:
        if name not in _LAZY:
            msg = f"module {__name__!r} has no attribute {name!r}"
            raise AttributeError(msg)
        return getattr(import_module(_LAZY[name]), name)


def __dir__() -> list[str]:
    return sorted(__all__)
