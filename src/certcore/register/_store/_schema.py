"""The register's tables, and how an older database becomes the current one.

A new database is made whole; an older one takes every step of `MIGRATIONS` between its version and `VERSION`, each in
the transaction that opens it; a newer one is refused, because this version does not know what its rows mean.

Instants are whole seconds since 1970, as documents state them; civil days are ISO 8601 text. Rows of ``events`` and
``flag_events`` are only ever added. They are not chained by hashes: a user who may write to the database could make a
new chain. The proof of what the register said is its signed publications, not its tables.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Final

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Connection,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    SmallInteger,
    Table,
    Text,
    UniqueConstraint,
    func,
    insert,
    inspect,
    select,
    text,
)

from certcore.errors import IssuingError

VERSION: Final = 3
"""The version of the tables below."""

MIGRATIONS: Final[Mapping[int, Sequence[str]]] = MappingProxyType(
    {
        2: (
            "ALTER TABLE register ADD COLUMN identity TEXT",
            "ALTER TABLE lists ADD COLUMN mark TEXT NOT NULL DEFAULT ''",
            "ALTER TABLE lists DROP COLUMN last_change_id",
            "CREATE INDEX changes_by_time ON events (recorded_at) WHERE kind > 0",
        ),
        3: (),
    }
)
"""Version -> the statements that make it out of the one before."""

POSTGRESQL_MIGRATIONS: Final[Mapping[int, Sequence[str]]] = MappingProxyType(
    {3: ("ALTER TABLE certificates ALTER COLUMN plate_type TYPE BIGINT",)}
)
"""Further statements for PostgreSQL, whose integers have 32 bits with a sign; SQLite's have 64."""

METADATA: Final = MetaData()

_ID: Final = BigInteger().with_variant(Integer, "sqlite")  # SQLite counts up by itself only what it calls INTEGER

SCHEMA_VERSION: Final = Table(
    "schema_version",
    METADATA,
    Column("version", Integer, primary_key=True, autoincrement=False),
    Column("applied_at", BigInteger, nullable=False),
)

REGISTER: Final = Table(
    "register",
    METADATA,
    Column("id", Integer, primary_key=True, autoincrement=False),  # one row; whoever writes holds its lock
    Column("issuer", Text),
    Column("country", Text),
    Column("list_size", BigInteger, nullable=False),
    Column("current_list", BigInteger, nullable=False),
    Column("began_at", BigInteger, nullable=False),
    Column("identity", Text),  # made at random: which register a published folder belongs to; a copy keeps it
)

LISTS: Final = Table(
    "lists",
    METADATA,
    Column("number", BigInteger, primary_key=True, autoincrement=False),
    Column("size", BigInteger, nullable=False),
    Column("secret", LargeBinary, nullable=False),  # what decides which index comes next
    Column("allocated", BigInteger, nullable=False),
    # Another word at random with every change of an entry: two copies of one register count their events alike, but
    # no two changes have one mark.
    Column("mark", Text, nullable=False, server_default=""),
)

VEHICLES: Final = Table(
    "vehicles",
    METADATA,
    Column("id", _ID, primary_key=True),
    Column("identity", Text),  # null once erased
    UniqueConstraint("identity", name="one_vehicle_per_identity"),
    sqlite_autoincrement=True,
)

CERTIFICATES: Final = Table(
    "certificates",
    METADATA,
    Column("list", BigInteger, ForeignKey("lists.number"), primary_key=True, autoincrement=False),
    Column("idx", BigInteger, primary_key=True, autoincrement=False),
    Column("vehicle_id", BigInteger, ForeignKey("vehicles.id")),
    Column("state", SmallInteger, nullable=False),  # as recorded, whenever it has effect; the values of a status list
    Column("registration_number", Text),  # null once erased, as the next five
    Column("country", Text),
    Column("plate_type", BigInteger),
    Column("plate_key", Text),
    Column("vin", Text),
    Column("text", Text),
    Column("valid_until", Text),
    Column("authority", Text, nullable=False),
    Column("inspector", Text),
    Column("key_id", LargeBinary, nullable=False),
    Column("issued_at", BigInteger, nullable=False),
    Column("recorded_at", BigInteger, nullable=False),
    Column("erased_at", BigInteger),
    Column("erased_by", Text),
    Column("erased_because", Text),
    Index("certificates_by_vehicle", "vehicle_id"),
    Index("certificates_by_plate", "plate_key"),
    Index("certificates_by_authority", "authority", "issued_at"),
    Index("certificates_by_inspector", "inspector", "issued_at"),
    Index("certificates_by_key", "key_id", "issued_at"),
)
Index(
    "one_in_force_per_vehicle",
    CERTIFICATES.c.vehicle_id,
    unique=True,
    sqlite_where=text("state IN (0, 2)"),
    postgresql_where=text("state IN (0, 2)"),
)

EVENTS: Final = Table(
    "events",
    METADATA,
    Column("id", _ID, primary_key=True),
    Column("list", BigInteger, nullable=False),
    Column("idx", BigInteger, nullable=False),
    Column("kind", SmallInteger, nullable=False),  # 0 issued, 1 revoked, 2 suspended, 3 resumed, 4 superseded
    Column("effective_at", BigInteger),  # null: from the start
    Column("recorded_at", BigInteger, nullable=False),
    Column("actor", Text, nullable=False),
    Column("reason", Text, nullable=False),
    ForeignKeyConstraint(["list", "idx"], ["certificates.list", "certificates.idx"]),
    Index("events_of_entry", "list", "idx"),
    sqlite_autoincrement=True,
)
for _name, _columns, _where in (
    ("changes_of_list", (EVENTS.c.list, EVENTS.c.id), "kind > 0"),
    ("changes_to_come", (EVENTS.c.list, EVENTS.c.effective_at), "kind > 0 AND effective_at > recorded_at"),
    ("changes_by_time", (EVENTS.c.recorded_at,), "kind > 0"),
):
    Index(_name, *_columns, sqlite_where=text(_where), postgresql_where=text(_where))

FLAG_EVENTS: Final = Table(
    "flag_events",
    METADATA,
    Column("id", _ID, primary_key=True),
    Column("vehicle_id", BigInteger, ForeignKey("vehicles.id"), nullable=False),
    Column("is_set", Boolean, nullable=False),
    Column("code", Text, nullable=False),
    Column("day", Text),  # set: the first it holds; cleared: the last it held; null if not known
    Column("recorded_at", BigInteger, nullable=False),
    Column("actor", Text, nullable=False),
    Column("reason", Text, nullable=False),
    Index("flag_events_of_vehicle", "vehicle_id"),
    sqlite_autoincrement=True,
)


def is_made(connection: Connection) -> bool:
    """Whether there are the tables of a register in this database."""
    return inspect(connection).has_table(SCHEMA_VERSION.name)


def is_current(connection: Connection) -> bool:
    """Whether the tables have the current version."""
    return bool(connection.scalar(select(func.max(SCHEMA_VERSION.c.version))) == VERSION)


def make(connection: Connection, *, now: int) -> None:
    """Every table, in the current version, in an empty database."""
    METADATA.create_all(connection)
    connection.execute(insert(SCHEMA_VERSION).values(version=VERSION, applied_at=now))


def migrate(
    connection: Connection, *, now: int, version: int = VERSION, migrations: Mapping[int, Sequence[str]] = MIGRATIONS
) -> None:
    """Bring the tables to a version, the current one unless told otherwise.

    Raises:
        IssuingError: ``register-failed`` where a newer certcore made them.
    """
    found = connection.scalar(select(func.max(SCHEMA_VERSION.c.version))) or 0
    if found > version:
        raise IssuingError(
            "register-failed", "The register was made by a newer version of certcore", found=found, known=version
        )
    further = POSTGRESQL_MIGRATIONS if connection.dialect.name == "postgresql" else {}
    for step in range(found + 1, version + 1):
        for statement in (*migrations[step], *further.get(step, ())):
            connection.execute(text(statement))
        connection.execute(insert(SCHEMA_VERSION).values(version=step, applied_at=now))
