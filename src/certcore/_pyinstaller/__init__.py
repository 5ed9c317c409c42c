"""What PyInstaller has to know of certcore: its data files go into a frozen program. Found through an entry point."""

from __future__ import annotations

from pathlib import Path


def hook_dirs() -> list[str]:
    """The folder of the hook (PyInstaller's documentation, "Providing PyInstaller Hooks with your Package")."""
    return [str(Path(__file__).parent)]
