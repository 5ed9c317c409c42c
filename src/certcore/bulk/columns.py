"""Which columns of a table hold what."""

from __future__ import annotations

from collections.abc import Iterable

import attrs

__all__ = ["Columns"]


def _names(names: Iterable[str]) -> tuple[str, ...]:
    if isinstance(names, str):
        raise TypeError("keep is a tuple of names, not one of them")
    return tuple(names)


@attrs.frozen(kw_only=True)
class Columns:
    """The names of a table's columns.

    Attributes:
        text: the certificate's text.
        as_of: the moment asked about: a date, an instant with its zone, or either as ISO 8601 text.
        registration_number: the plate that was seen.
        country: of the plate.
        plate_type: 号牌种类.
        vin: the VIN that was seen.
        keep: columns that are given back beside the results.
    """

    text: str = "text"
    as_of: str = "as_of"
    registration_number: str | None = None
    country: str | None = None
    plate_type: str | None = None
    vin: str | None = None
    keep: tuple[str, ...] = attrs.field(default=(), converter=_names)
