"""Which of a certificate's fields the command shows, as rows of label and value. The words come from `labels`."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from certcore.certificate import labels as _labels
from certcore.certificate.labels import LABELS
from certcore.payload import InspectionCertificate

__all__ = ["LABELS", "MOST_ASKED", "rows"]

MOST_ASKED: Final = ("registration_number", "country", "plate_type", "vin", "result", "valid_until", "authority")
"""What a person at the vehicle compares by eye."""

_UNKNOWN: Final = ("unknown", "未知")


def label(name: str, lang: str | None) -> str:
    """What a field is called."""
    return _labels.label(name, lang)


def rows(
    certificate: InspectionCertificate, *, lang: str | None = None, only: tuple[str, ...] = ()
) -> Iterator[tuple[str, str]]:
    """Label and value of each field that is there, safe to show.

    Args:
        certificate: whose fields.
        lang: ``en`` or ``zh``; both, unless given.
        only: the fields to show; all, unless given.
    """
    for name in LABELS:
        value = None if only and name not in only else _labels.value(name, certificate, lang)
        if value is not None:
            yield _labels.label(name, lang), value
    for name in () if only else ("unknown_claims", "unknown_fields"):
        for key in getattr(certificate, name):
            yield _labels.chosen(_UNKNOWN, lang), f"{name.removeprefix('unknown_').rstrip('s')} {key}"
