"""A claims desk, and a way to have its evidence kept."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from certcore._cli import exit_codes
from tests.cli.desk import CLAIMS, Desk

if TYPE_CHECKING:
    from tests.cli.conftest import Command

Keep = Callable[..., Path]


@pytest.fixture
def desk() -> Desk:
    """A claims desk with lists in a folder."""
    Path("kept").mkdir()
    return Desk()


@pytest.fixture
def keep(desk: Desk, ask: Command) -> Keep:
    """Has the command judge something and keep its evidence; the file."""
    assert isinstance(desk, Desk)

    def run(*arguments: str, what: str = "valid.txt") -> Path:
        before = set(Path("kept").iterdir())
        found = ask(what, *CLAIMS, "--snapshot", "lists", "--evidence", "kept", *arguments)
        assert exit_codes.ERROR != found.exit_code, found.output
        (path,) = set(Path("kept").iterdir()) - before
        return path

    return run
