"""How a register is opened: found in its database, made where there is none yet, or brought up to date."""

from __future__ import annotations

import secrets
from typing import Any, Final

from sqlalchemy import Connection, insert, select, update

from certcore.errors import IssuingError
from certcore.register._store import _entries, _schema
from certcore.register._store._database import Database

_IDENTITY_BYTES: Final = 16


def open_settings(
    database: Database, *, issuer: str | None, country: str | None, list_size: int, create: bool, now: int
) -> Any:  # noqa: ANN401  a row
    """The one row of settings; of a register that is made now, those that are given.

    Raises:
        IssuingError: ``register-failed``, also where there is none and none is to be made.
    """
    database.require_file(create=create)
    with database.open() as connection:
        found = _settings(connection)
    if found is not None:
        return found
    with database.make() as connection:
        if not _schema.is_made(connection):  # somebody else may have made it meanwhile
            if not create:
                raise IssuingError("register-failed", "There is no register in this database; make one first")
            _schema.make(connection, now=now)
            connection.execute(
                insert(_schema.REGISTER).values(
                    id=1, issuer=issuer, country=country, list_size=list_size, current_list=-1, began_at=now
                )
            )
            _entries.begin_list(connection)
        _schema.migrate(connection, now=now)
        is_nameless = _schema.REGISTER.c.identity.is_(None)
        identity = secrets.token_hex(_IDENTITY_BYTES)
        connection.execute(update(_schema.REGISTER).where(is_nameless).values(identity=identity))
        return _settings(connection)


def _settings(connection: Connection) -> Any:  # noqa: ANN401  as above
    """The row; None where there is none, or one of another version."""
    if not _schema.is_made(connection) or not _schema.is_current(connection):
        return None
    return connection.execute(select(_schema.REGISTER)).one()
