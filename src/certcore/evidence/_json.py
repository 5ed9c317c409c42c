"""The question in evidence as JSON, for people and programs: plate, VIN, moment, policy. Pure."""

from __future__ import annotations

from datetime import timedelta
from hashlib import sha256
from typing import Any

from certcore.evidence._statement import Statement
from certcore.policy import Policy


def question_dict(statement: Statement, text: str | None) -> dict[str, Any]:
    """What was asked, as JSON types. It names the vehicle: keep it where the claim is kept."""
    expect = statement.expect
    return {
        "about": statement.kind.value,
        "text": text,
        "picture": None if statement.picture is None else statement.picture.hex(),
        "as_of": statement.as_of.isoformat(),
        "known_at": None if statement.known_at is None else statement.known_at.isoformat(),
        "evaluated_at": statement.evaluated_at.isoformat(),
        "expected": {
            "registration_number": None if expect is None else expect.registration_number,
            "country": None if expect is None else expect.country,
            "plate_type": None if expect is None else expect.plate_type,
            "vin": None if expect is None else expect.vin,
        },
        "policy": policy_dict(statement.policy),
    }


def policy_dict(policy: Policy) -> dict[str, Any]:
    """A policy by name and by every value; durations in seconds, keys and certificates by their digests."""
    return {
        "name": policy.name,
        "id": policy.id,
        "status": policy.status.value,
        "vehicle": policy.vehicle.value,
        "binding": sorted(policy.binding),
        "max_status_age_s": _seconds(policy.max_status_age),
        "max_trust_age_s": _seconds(policy.max_trust_age),
        "note_trust_age_s": _seconds(policy.note_trust_age),
        "clock_skew_s": _seconds(policy.clock_skew),
        "live_replaces_status": policy.live_replaces_status,
        "stop_flags": sorted(policy.stop_flags),
        "time_stamp_authorities": [sha256(authority).hexdigest() for authority in policy.time_stamp_authorities],
        "seal_keys": [key.thumbprint.hex() for key in policy.seal_keys],
    }


def _seconds(value: timedelta | None) -> float | None:
    return None if value is None else value.total_seconds()
