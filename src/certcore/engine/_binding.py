"""Is it this vehicle? Compare the certificate's numbers with those that were seen. Pure.

A plate belongs to its country and, in China, to its type: a number alone is not unique. Details say how numbers differ,
but never contain them.
"""

from __future__ import annotations

from typing import Final

from certcore import vocabulary
from certcore.payload import InspectionCertificate
from certcore.policy import PLATE, VIN, Expected, Policy
from certcore.reasons import Effect, Reason
from certcore.reasons._meaning import blocks, fails, notes
from certcore.vocabulary._plates import is_same_as, looks_like_registration_number
from certcore.vocabulary._vins import VinMatch

__all__ = ["compare"]

_WHOLE: Final = VinMatch.WHOLE

_UNIQUE_WITH_TYPE: Final = frozenset({"CN"})
"""Where a registration number is unique only together with its type (号牌种类)."""


def compare(expect: Expected, certificate: InspectionCertificate, policy: Policy) -> list[Reason]:
    """How the certificate agrees with the vehicle that was seen, and whether the policy had enough to compare."""
    found: list[Reason] = []
    plate, vin = expect.registration_number, expect.vin
    if plate is None and PLATE in policy.binding:
        found.append(blocks("binding-not-given", missing=PLATE))
    if vin is None and VIN in policy.binding:
        found.append(blocks("binding-not-given", missing=VIN))
    if expect.is_empty:
        return found or [notes("binding-not-checked")]
    found += _plate_reasons(expect, plate, certificate, is_vin_compared=vin is not None)
    if vin is not None and vin != certificate.vin:  # numbers to expect are normalised: equal ones are the same
        is_other_plate = any(reason.effect is Effect.FAILS for reason in found)
        found += _vin_reasons(vin, certificate.vin, is_same_plate=plate is not None and not is_other_plate)
    return found


def _plate_reasons(
    expect: Expected, plate: str | None, certificate: InspectionCertificate, *, is_vin_compared: bool
) -> list[Reason]:
    """Country, type and number: what is given is compared, or said not to have been.

    Where a VIN is compared, it says which of two vehicles of one number is meant, and the type is not missed.
    """
    found: list[Reason] = []
    country, plate_type, number = expect.country, expect.plate_type, expect.normalised_number
    if country is not None and country != certificate.country:
        found.append(fails("country-mismatch"))
    if plate_type is not None and certificate.plate_type is None:
        found.append(blocks("binding-not-readable", missing="plate_type"))
    elif plate_type is not None and plate_type != certificate.plate_type:
        found.append(fails("plate-type-mismatch"))
    if plate is None or number is None:
        return found
    stated = certificate.registration_number
    if number != stated and not is_same_as(number, plate, stated):
        is_alike = looks_like_registration_number(plate, stated)
        found.append(fails("plate-mismatch", hint="lookalike") if is_alike else fails("plate-mismatch"))
    elif plate_type is None and not is_vin_compared and certificate.country in _UNIQUE_WITH_TYPE:
        found.append(notes("plate-type-not-compared"))
    return found


def _vin_reasons(expected: str, vin: str | None, *, is_same_plate: bool) -> list[Reason]:
    if vin is None:
        return [blocks("binding-not-readable")]
    match = vocabulary.same_vin(expected, vin)
    if match is _WHOLE or match.matches:
        return []
    is_near = match in {VinMatch.LOOKALIKE, VinMatch.INCOMPLETE}
    mismatch = fails("vin-mismatch", hint=match.value) if is_near else fails("vin-mismatch")
    return [mismatch, fails("cloned-plate")] if is_same_plate and not is_near else [mismatch]
