"""Advisory fraud signals: things that a fraud desk may want to check again.

Signals never change a verdict: they are computed from a finished verdict. There is no score and no severity; the
insurer decides how important they are.

- `_signal`: `Signal`, the value.
- `_single`: `for_verdict`, what one verdict shows by itself.
- `_chain`: `check_chain`, what several certificates show together.
- `_sightings`: `seen`, the same certificate in several claims, and what a store of sightings must do.
- `_memory` and `_sqlite`: two such stores.
- `_identity`: what counts as the same certificate, vehicle and plate.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from certcore.signals._chain import check_chain
    from certcore.signals._memory import MemorySeenStore
    from certcore.signals._sightings import PseudonymKey, SeenStore, Sighting, seen
    from certcore.signals._single import for_verdict
    from certcore.signals._sqlite import SQLiteSeenStore

__all__ = [
    "MemorySeenStore",
    "PseudonymKey",
    "SQLiteSeenStore",
    "SeenStore",
    "Sighting",
    "check_chain",
    "for_verdict",
    "seen",
]

_NAMES = {
    "certcore.signals._chain": ("check_chain",),
    "certcore.signals._memory": ("MemorySeenStore",),
    "certcore.signals._sightings": ("PseudonymKey", "SeenStore", "Sighting", "seen"),
    "certcore.signals._single": ("for_verdict",),
    "certcore.signals._sqlite": ("SQLiteSeenStore",),
}
_MODULE_OF = {name: module for module, names in _NAMES.items() for name in names}


if not TYPE_CHECKING:  # hidden from type checkers, which would take it to mean that every name exists

    def __getattr__(name: str) -> object:
        if name not in _MODULE_OF:
            msg = f"module {__name__!r} has no attribute {name!r}"
            raise AttributeError(msg)
        value = getattr(import_module(_MODULE_OF[name]), name)
        globals()[name] = value
        return value


def __dir__() -> list[str]:
    return sorted(__all__)
