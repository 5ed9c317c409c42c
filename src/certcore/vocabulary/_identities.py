"""The keys under which registers store vehicles and plates: the same for every register, and not for display."""

from __future__ import annotations

from certcore.vocabulary._plates import normalise_registration_number
from certcore.vocabulary._vins import normalise_vin


def vin_identity(vin: str) -> str:
    """A vehicle by its chassis number."""
    return f"vin:{normalise_vin(vin)}"


def plate_identity(key: str, plate_type: int | None) -> str:
    """A vehicle by its plate: its key and its type."""
    return f"plate:{plate_type}:{key}"


def plate_key(registration_number: str, country: str | None) -> str:
    """What a plate is found by, whatever its type."""
    return f"{country or ''}:{normalise_registration_number(registration_number)}"
