"""The issuer's register: certificates, their events, and their publication. Needs the ``register`` extra.

- `log`: `StatusRegistry`, the durable log of events, on SQLite or PostgreSQL.
- `publish`: status lists and events documents as files in a folder.
- `service`: an ASGI app over both; `access` says who may ask and how often, `audit` writes down who did, `openapi`
  describes it.

The modules with an underscore are private. The log's are `_database` (connections and their errors), `_opening` and
`_schema` (tables and migrations), `_indices` (which index is next), `_entries` (certificates), `_events` (what happened
to them), `_statements` (which statements count), `_vehicles` (whose they are, and flags) and `_holdings` (what the
issuer's own people see). Publishing's are `_lists` (what it asks the log), `_checks` (what must hold before),
`_folder` and `_layout` (files and where they stand) and `_recovery` (the way back, from a folder to a database). The
service's are `_http` (what its routes share), `_documents` and `_look_ups` (the routes), and `_published` (a folder
that is read again and again).
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
