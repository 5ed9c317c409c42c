"""A certificate as JSON types: the form that verdicts and the command share."""

from __future__ import annotations

from datetime import date
from enum import Enum
from typing import Any

import attrs

from certcore.payload import Deficiency, DeficiencyCounts, InspectionCertificate, StatusListEntry, StatusRef

__all__ = ["members", "plain"]

_NOT_SHOWN = frozenset({"unknown_claims", "unknown_fields"})


def members(certificate: InspectionCertificate) -> dict[str, Any]:
    """The fields that are there, by their names; what this version does not know is left out."""
    names = (field.name for field in attrs.fields(InspectionCertificate) if field.name not in _NOT_SHOWN)
    return {name: plain(value) for name in names if (value := getattr(certificate, name)) is not None}


def plain(value: object) -> Any:  # noqa: ANN401  any JSON type
    """A value of a certificate as JSON has it: ISO 8601, bytes in hexadecimal, a code's word."""
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, bytes):
        return value.hex()
    if isinstance(value, tuple):
        return [plain(item) for item in value]
    if isinstance(value, (StatusRef, StatusListEntry, Deficiency, DeficiencyCounts)):
        return {field.name: plain(getattr(value, field.name)) for field in attrs.fields(type(value))}
    return value
