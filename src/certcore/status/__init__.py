"""What happened to a certificate since it was issued: the backend protocol, what follows for a moment, backends.

- `protocol`: what a backend is asked and what it answers.
- `timeline`: pure; the state at an instant.
- `tokenlist`: pure; IETF status lists and the events document beside each.
- `memory`: the reference backend. `snapshot`: lists in a file or folder. `http`: lists over the network.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from certcore.payload import StatusListEntry, StatusRef
    from certcore.status.http import (
        AsyncHTTPStatusBackend,
        HTTPStatusBackend,
        PrefetchReport,
        VehicleEndpoint,
        fetch_trust_list,
    )
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
    from certcore.status.snapshot import SnapshotStatusBackend

__all__ = [
    "AsyncHTTPStatusBackend",
    "AsyncStatusBackend",
    "AsyncVehicleStatusBackend",
    "HTTPStatusBackend",
    "MemoryStatusBackend",
    "PrefetchReport",
    "SnapshotStatusBackend",
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
    "VehicleEndpoint",
    "VehicleFlag",
    "VehicleQuery",
    "VehicleRecord",
    "VehicleStatusBackend",
    "fetch_trust_list",
]

_MODULES = {
    "MemoryStatusBackend": "certcore.status.memory",
    "SnapshotStatusBackend": "certcore.status.snapshot",
    "StatusListEntry": "certcore.payload",
    "StatusRef": "certcore.payload",
    **dict.fromkeys(
        ("AsyncHTTPStatusBackend", "HTTPStatusBackend", "PrefetchReport", "VehicleEndpoint", "fetch_trust_list"),
        "certcore.status.http",
    ),
}


if not TYPE_CHECKING:  # hidden from type checkers, which would take it to mean that every name exists

    def __getattr__(name: str) -> object:
        if name not in __all__:
            msg = f"module {__name__!r} has no attribute {name!r}"
            raise AttributeError(msg)
        return getattr(import_module(_MODULES.get(name, "certcore.status.protocol")), name)


def __dir__() -> list[str]:
    return sorted(__all__)
