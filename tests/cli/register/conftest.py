"""As for the register itself: its extra is needed, and registers are closed behind each test."""

from __future__ import annotations

from tests.register.conftest import closed_registers

__all__ = ["closed_registers"]
