"""Is it this vehicle? The certificate's numbers against those that were seen. Pure.

A plate belongs to its country and, in China, to its type: a number alone is not unique. Details say in
which way numbers differ, never what they are.
"""

from __future__ import annotations

from certcore import vocabulary
from certcore.payload import InspectionCertificate
from certcore.policy import PLATE, VIN, Expected, Policy
from certcore.reasons import Reason, blocks, fails, notes


def judge(expect: Expected, certificate: InspectionCertificate, policy: Policy) -> list[Reason]:
    """How the certificate agrees with the vehicle that was seen, and whether the policy had enough to compare."""
    found: list[Reason] = []
    if expect.registration_number is None and PLATE in policy.binding:
        found.append(blocks("binding-not-given", missing=PLATE))
    if expect.vin is None and VIN in policy.binding:
        found.append(blocks("binding-not-given", missing=VIN))
    if expect.is_empty:
        return found or [notes("binding-not-checked")]
    plate, plate_type = expect.registration_number, expect.plate_type
    is_other_plate = False
    if expect.country is not None and expect.country != certificate.country:
        found.append(fails("country-mismatch"))
        is_other_plate = True
    if plate_type is not None and certificate.plate_type is not None and plate_type != certificate.plate_type:
        found.append(fails("plate-type-mismatch"))
        is_other_plate = True
    if plate is not None and not vocabulary.same_registration_number(plate, certificate.registration_number):
        found.append(fails("plate-mismatch"))
        is_other_plate = True
    if expect.vin is not None:
        found += _vin_reasons(expect.vin, certificate.vin, is_same_plate=plate is not None and not is_other_plate)
    return found


def _vin_reasons(expected: str, vin: str | None, *, is_same_plate: bool) -> list[Reason]:
    if vin is None:
        return [blocks("binding-not-readable")]
    match = vocabulary.same_vin(expected, vin)
    if match.matches:
        return []
    is_near = match in {vocabulary.VinMatch.LOOKALIKE, vocabulary.VinMatch.INCOMPLETE}
    mismatch = fails("vin-mismatch", hint=match.value) if is_near else fails("vin-mismatch")
    return [mismatch, fails("cloned-plate")] if is_same_plate and not is_near else [mismatch]
