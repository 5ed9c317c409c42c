"""A register on loopback, and backends of both kinds."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from tests.status.fault_server import FaultServer
from tests.status.http_cases import PATIENT, Driven, Make, still


@pytest.fixture
def server() -> Iterator[FaultServer]:
    """A register that publishes nothing yet."""
    with FaultServer() as running:
        yield running


@pytest.fixture(params=["sync", "async"])
def make(request: pytest.FixtureRequest) -> Iterator[Make]:
    """Makes backends of one kind, patient unless told otherwise, and closes them."""
    made: list[Driven] = []

    def build(**options: Any) -> Driven:  # noqa: ANN401  the backend's own
        options.setdefault("tuning", still())
        options.setdefault("deadline", PATIENT)
        made.append(Driven(request.param, **options))
        return made[-1]

    yield build
    for driven in made:
        driven.close()
