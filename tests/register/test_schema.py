"""The tables: made whole, brought up to date, and guarded by the database itself."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import create_engine, inspect, select, text
from sqlalchemy.exc import IntegrityError

from certcore.errors import IssuingError, StatusError
from certcore.register._store import _schema
from certcore.register._store._database import Database
from certcore.register.log import StatusRegistry
from tests.register.cast import SetClock, issue, vehicle


def test_a_register_knows_its_version(registry: StatusRegistry) -> None:
    """One row says which version the tables have."""
    with registry._database.read() as connection:
        assert [_schema.VERSION] == list(connection.scalars(select(_schema.SCHEMA_VERSION.c.version)))


def test_there_is_a_migration_to_every_version() -> None:
    """From each earlier version there is a way to the current one."""
    assert set(range(2, _schema.VERSION + 1)) == set(_schema.MIGRATIONS)


def test_an_older_database_takes_every_step(registry: StatusRegistry, clock: SetClock) -> None:
    """The steps between are taken in order, noted, and not taken twice; the rows stay."""
    ref, kept = issue(registry, clock)
    first, second = _schema.VERSION + 1, _schema.VERSION + 2
    steps = {
        first: ["CREATE TABLE added (name TEXT)", "INSERT INTO added VALUES ('two')"],
        second: ["ALTER TABLE added ADD COLUMN more TEXT", "UPDATE added SET more = 'three'"],
    }
    for _ in range(2):
        with registry._database.make() as connection:
            _schema.migrate(connection, now=1, version=second, migrations=steps)
    with registry._database.read() as connection:
        assert [("two", "three")] == [tuple(row) for row in connection.execute(text("SELECT name, more FROM added"))]
        assert [_schema.VERSION, first, second] == sorted(connection.scalars(select(_schema.SCHEMA_VERSION.c.version)))
    assert kept == registry.text(ref)


VERSION_1 = (
    "DROP INDEX changes_by_time",
    "ALTER TABLE register DROP COLUMN identity",
    "ALTER TABLE lists DROP COLUMN mark",
    "ALTER TABLE lists ADD COLUMN last_change_id BIGINT NOT NULL DEFAULT 0",
    "UPDATE schema_version SET version = 1",
)
"""What makes a database of version 1 out of one of version 2."""


def test_a_database_of_version_1_is_brought_up_to_date(url: str, registry: StatusRegistry, clock: SetClock) -> None:
    """It gets an identity that stays, and its certificates can be revoked as before."""
    ref, _ = issue(registry, clock)
    with registry._database.make() as connection:
        for statement in VERSION_1:
            connection.execute(text(statement))
    found = [StatusRegistry(url, clock=clock, create=False) for _ in range(2)]
    assert 32 == len(found[0].identity)
    assert found[0].identity == found[1].identity != registry.identity
    found[0].revoke(ref, effective_at=None, actor="clerk-7", reason="entered in error")
    assert found[1].list_heads(now=clock())[0].mark


@pytest.mark.parametrize("plate_type", [0, (1 << 31) - 1, 1 << 31, (1 << 32) - 1])
def test_every_plate_type_of_the_format_is_kept(registry: StatusRegistry, clock: SetClock, plate_type: int) -> None:
    """On either database, and a vehicle is found by it."""
    issue(registry, clock, plate_type=plate_type)
    assert registry.lookup_vehicle(vehicle(plate_type=plate_type)).known
    assert not registry.lookup_vehicle(vehicle(plate_type=plate_type ^ 1)).known


def test_a_database_of_version_2_takes_every_plate_type(url: str, registry: StatusRegistry, clock: SetClock) -> None:
    """PostgreSQL's column is widened; SQLite's had room."""
    with registry._database.make() as connection:
        if connection.dialect.name == "postgresql":
            connection.execute(text("ALTER TABLE certificates ALTER COLUMN plate_type TYPE INTEGER"))
        connection.execute(text("UPDATE schema_version SET version = 2"))
    found = StatusRegistry(url, clock=clock, create=False)
    issue(found, clock, plate_type=(1 << 32) - 1)
    assert found.lookup_vehicle(vehicle(plate_type=(1 << 32) - 1)).known


@pytest.mark.parametrize("odd", ["\ud800", "\0", "a" * 100_000])
def test_text_that_no_database_takes_is_no_defect(registry: StatusRegistry, odd: str) -> None:
    """A lone surrogate, a NUL, and more than anybody writes: an answer, or none, and no other error."""
    for query in (vehicle(registration_number=odd), vehicle(country=odd), vehicle(registration_number=None, vin=odd)):
        with suppress(StatusError):
            assert not registry.lookup_vehicle(query).known


def test_a_step_that_fails_changes_nothing(registry: StatusRegistry) -> None:
    """A migration is taken whole or not at all."""
    following = _schema.VERSION + 1
    steps = {following: ["CREATE TABLE added (name TEXT)", "INSERT INTO nowhere VALUES (1)"]}
    with pytest.raises(IssuingError), registry._database.make() as connection:
        _schema.migrate(connection, now=1, version=following, migrations=steps)
    with registry._database.read() as connection:
        assert not inspect(connection).has_table("added")
        assert [_schema.VERSION] == list(connection.scalars(select(_schema.SCHEMA_VERSION.c.version)))


def test_a_newer_database_is_refused(url: str, registry: StatusRegistry) -> None:
    """What a newer certcore made is not written to: its rows may mean something else."""
    with registry._database.make() as connection:
        connection.execute(_schema.SCHEMA_VERSION.insert().values(version=99, applied_at=1))
    with pytest.raises(IssuingError) as caught:
        StatusRegistry(url)
    assert ("register-failed", (("found", 99), ("known", _schema.VERSION))) == (caught.value.code, caught.value.detail)


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE certificates SET state = 0",
        "INSERT INTO events (list, idx, kind, recorded_at, actor, reason) VALUES (0, 99999, 1, 1, 'a', 'b')",
        "INSERT INTO vehicles (identity) SELECT identity FROM vehicles",
    ],
    ids=["two in force", "event of nothing", "a vehicle twice"],
)
def test_the_database_itself_guards(registry: StatusRegistry, clock: SetClock, statement: str) -> None:
    """Two certificates in force, events without a certificate and one vehicle twice do not pass, whoever writes."""
    issue(registry, clock)
    issue(registry, clock)
    with pytest.raises(IssuingError) as caught, registry._database.write() as connection:
        connection.execute(text(statement))
    assert "register-failed" == caught.value.code
    assert caught.value.__cause__ is None
    with pytest.raises(IntegrityError), registry._database._engine.begin() as connection:
        connection.execute(text(statement))


def test_sqlite_is_set_up_to_last(tmp_path: Path) -> None:
    """Write-ahead log, every commit on the disk, foreign keys, and overwriting of what is deleted."""
    registry = StatusRegistry(f"sqlite:///{tmp_path}/own.db")
    found: dict[str, Any] = {}
    with registry._database.read() as connection:
        for name in ("journal_mode", "synchronous", "foreign_keys", "secure_delete", "busy_timeout"):
            found[name] = connection.exec_driver_sql(f"PRAGMA {name}").scalar()
    assert {
        "journal_mode": "wal",
        "synchronous": 2,
        "foreign_keys": 1,
        "secure_delete": 1,
        "busy_timeout": 30_000,
    } == found
    registry.close()


def test_errors_never_quote_a_row(tmp_path: Path, clock: SetClock) -> None:
    """What the database says of a constraint may hold a VIN; of that only its kind is told, and no parameters ever."""
    registry = StatusRegistry(f"sqlite:///{tmp_path}/own.db", clock=clock)
    assert registry._database._engine.hide_parameters
    registry.close()


@pytest.mark.parametrize("name", ["postgres", "postgresql", "postgresql+psycopg"])
def test_postgresql_is_reached_by_psycopg(name: str) -> None:
    """Every spelling of a PostgreSQL URL leads to the one driver that is tested."""
    pytest.importorskip("psycopg", reason="psycopg is not installed")
    found = Database(f"{name}://user@host/name")
    assert ("postgresql+psycopg", False) == (found.url.drivername, found.is_sqlite)


def test_a_server_that_is_not_there_is_told(clock: SetClock) -> None:
    """A PostgreSQL that does not answer is register-failed, not a traceback."""
    pytest.importorskip("psycopg", reason="psycopg is not installed")
    with pytest.raises(IssuingError) as caught:
        StatusRegistry("postgresql://nobody@127.0.0.1:1/none", clock=clock)
    assert ("register-failed", (("error", "OperationalError"),)) == (caught.value.code, caught.value.detail)


def test_the_tables_are_what_a_new_engine_makes(tmp_path: Path) -> None:
    """Making the tables twice over is making them once: `make` asks for nothing that a database lacks."""
    engine = create_engine(f"sqlite:///{tmp_path}/plain.db")
    with engine.begin() as connection:
        _schema.make(connection, now=1)
        assert _schema.is_made(connection)
        assert set(_schema.METADATA.tables) <= set(inspect(connection).get_table_names())
    engine.dispose()
