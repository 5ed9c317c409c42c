"""The keys under which registers store vehicles and plates: the same for every register, and not for display."""

from __future__ import annotations

from certcore.vocabulary._plates import normalise_registration_number
from certcore.vocabulary._vins import normalise_vin
from certcore.vocabulary._written import MAX_GIVEN


def can_be_known(registration_number: str | None, vin: str | None) -> bool:
    """Whether any vehicle can have these numbers: none has one that is longer than what is compared at all."""
    return max(len(registration_number or ""), len(vin or "")) <= MAX_GIVEN


def vin_identity(vin: str) -> str:
    """A vehicle by its chassis number."""
    return f"vin:{normalise_vin(vin)}"


def plate_identity(key: str, plate_type: int | None) -> str:
    """A vehicle by its plate: its key and its type."""
    return f"plate:{plate_type}:{key}"


def plate_key(registration_number: str, country: str | None) -> str:
    """What a plate is found by, whatever its type."""
    return f"{country or ''}:{normalise_registration_number(registration_number)}"
