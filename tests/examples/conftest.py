"""What the tests of both pages use: the npm packages with which Chromium is driven."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.examples.browsers import installed


@pytest.fixture(scope="session")
def packages() -> Path:
    """The npm packages of examples/verify-in-browser; playwright-core is among them."""
    return installed(Path(__file__).parents[2] / "examples" / "verify-in-browser")
