"""What users write is accepted, and what they must not write is refused, by the type checkers that start quickly."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from tools.check_typing import beside, check


@pytest.mark.parametrize("checker", ["pyrefly", "ty"])
def test_users_scripts(checker: str, tmp_path: Path) -> None:
    """Each mistake is found, and nothing else. `make lint` asks mypy the same, and `make test-typing` pyright, too."""
    if not Path(beside(checker)).exists():
        pytest.skip(f"{checker} is not installed")

    assert [] == check(checker, sys.executable, tmp_path)
