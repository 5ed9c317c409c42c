"""A register of each kind there is: always SQLite, and PostgreSQL where ``CERTCORE_POSTGRES_URL`` names one."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("sqlalchemy", reason="the register extra is not installed")
pytest.importorskip("starlette", reason="the register extra is not installed")

from certcore.register.log import StatusRegistry
from tests.register import cast

KINDS = ["sqlite", *(["postgres"] if cast.POSTGRES else [])]


@pytest.fixture(autouse=True)
def closed_registers(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Every register that a test makes is closed behind it: from Python 3.13 on, leftover connections are warnings."""
    made: list[StatusRegistry] = []
    make = StatusRegistry.__init__

    def remember(self: StatusRegistry, url: str, /, **settings: Any) -> None:  # noqa: ANN401  StatusRegistry's own
        make(self, url, **settings)
        made.append(self)

    monkeypatch.setattr(StatusRegistry, "__init__", remember)
    yield
    for registry in made:
        registry.close()


@pytest.fixture(params=KINDS)
def url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """Where an empty database is."""
    with cast.database(request.param, tmp_path) as found:
        yield found


@pytest.fixture
def clock() -> cast.SetClock:
    """A clock to be set."""
    return cast.SetClock()


@pytest.fixture
def registry(url: str, clock: cast.SetClock) -> Iterator[StatusRegistry]:
    """A register that began some months ago."""
    clock.at = cast.BEGIN
    found = StatusRegistry(url, clock=clock, list_size=4096)
    clock.at = cast.NOW
    yield found
    found.close()


@pytest.fixture
def lite(tmp_path: Path, clock: cast.SetClock) -> Iterator[StatusRegistry]:
    """A register on SQLite, for what does not depend on the database."""
    clock.at = cast.BEGIN
    found = StatusRegistry(f"sqlite:///{tmp_path / 'lite.db'}", clock=clock, list_size=256)
    clock.at = cast.NOW
    yield found
    found.close()
