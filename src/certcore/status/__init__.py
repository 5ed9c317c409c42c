"""What happened to a certificate since it was issued: the backend protocol, what follows for a moment, backends.

- `protocol`: what a backend is asked and what it answers.
- `timeline`: pure; the state at an instant.
- `memory`: the reference backend.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from certcore.payload import StatusListEntry, StatusRef
    from certcore.status.memory import MemoryStatusBackend
    from certcore.status.protocol import (
        AsyncStatusBackend,
        AsyncVehicleStatusBackend,
        StatusBackend,
        StatusEvent,
        StatusEventKind,
        StatusObservation,
        StatusProof,
        StatusQuery,
        StatusRecord,
        StatusState,
        VehicleFlag,
        VehicleQuery,
        VehicleRecord,
        VehicleStatusBackend,
    )

__all__ = [
    "AsyncStatusBackend",
    "AsyncVehicleStatusBackend",
    "MemoryStatusBackend",
    "StatusBackend",
    "StatusEvent",
    "StatusEventKind",
    "StatusListEntry",
    "StatusObservation",
    "StatusProof",
    "StatusQuery",
    "StatusRecord",
    "StatusRef",
    "StatusState",
    "VehicleFlag",
    "VehicleQuery",
    "VehicleRecord",
    "VehicleStatusBackend",
]

_MODULES = {
    "MemoryStatusBackend": "certcore.status.memory",
    "StatusListEntry": "certcore.payload",
    "StatusRef": "certcore.payload",
}


if not TYPE_CHECKING:  # hidden from type checkers, which would take it to mean that every name exists

    def __getattr__(name: str) -> object:
        if name not in __all__:
            msg = f"module {__name__!r} has no attribute {name!r}"
            raise AttributeError(msg)
        return getattr(import_module(_MODULES.get(name, "certcore.status.protocol")), name)


def __dir__() -> list[str]:
    return sorted(__all__)
