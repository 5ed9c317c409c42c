"""Which column of a table holds what."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import attrs

__all__ = ["Columns"]


def _names(names: Iterable[str]) -> tuple[str, ...]:
    if isinstance(names, str):
        raise TypeError("keep is a tuple of names, not one of them")
    return tuple(names)


def _once(_columns: object, _field: object, names: tuple[str, ...]) -> None:
    if len(set(names)) < len(names):
        raise ValueError("a column is kept once")


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
    keep: tuple[str, ...] = attrs.field(default=(), converter=_names, validator=_once)

    @property
    def vehicle(self) -> Mapping[str, str]:
        """What of the vehicle is compared, and in which column it is."""
        given = {member: getattr(self, member) for member in ("registration_number", "country", "plate_type", "vin")}
        return {member: name for member, name in given.items() if name is not None}

    @property
    def asked(self) -> tuple[str, ...]:
        """The columns that make up a question."""
        return (self.text, self.as_of, *self.vehicle.values())
