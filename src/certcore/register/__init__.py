"""The issuer's register: certificates, their events, and their publication. Needs the ``register`` extra.

- `log`: `StatusRegistry`, the durable log of events, on SQLite or PostgreSQL.
- `publish`: status lists and events documents as files in a folder.
- `service`: an ASGI app over both; `access` says who may ask and how often, `audit` writes down who did, `openapi`
  describes it.

Private: `_store`, the log's database; `_publication`, the folder; `_routes`, the service's routes.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

from certcore import _extras

if TYPE_CHECKING:
    from certcore.register.access import BearerTokens, Principal
    from certcore.register.audit import AuditTrail
    from certcore.register.log import StatusRegistry
    from certcore.register.publish import Publication
    from certcore.register.service import create_app

_extras.require("register", "sqlalchemy", "starlette", "anyio")  # before any module of it fails in its own words

__all__ = ["AuditTrail", "BearerTokens", "Principal", "Publication", "StatusRegistry", "create_app"]

_MODULES = {
    "AuditTrail": "certcore.register.audit",
    "BearerTokens": "certcore.register.access",
    "Principal": "certcore.register.access",
    "Publication": "certcore.register.publish",
    "StatusRegistry": "certcore.register.log",
    "create_app": "certcore.register.service",
}


if not TYPE_CHECKING:  # hidden from type checkers, which would take it to mean that every name exists

    def __getattr__(name: str) -> object:
        if name not in __all__:
            msg = f"module {__name__!r} has no attribute {name!r}"
            raise AttributeError(msg)
        return getattr(import_module(_MODULES[name]), name)


def __dir__() -> list[str]:
    return sorted(__all__)
