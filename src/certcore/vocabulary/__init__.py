"""The field's words: code tables as versioned data; registration and chassis numbers folded, compared and classified.

The lowest layer. It decides nothing about a certificate: an unknown code is `None` and an unknown plate form is a note,
because code tables are updated late (51 and 52 were missing for years) and a table must never overrule a signature.

- `_codes`: plate types, usages, vehicle states with their severity, vehicle categories, provinces.
- `_written`: how a number written by a person is folded for comparison, and what an issuer may put into a certificate.
- `_plates`: registration numbers. `_vins`: VINs and other chassis numbers.

- `_characters`, `_unicode14`: which characters a text may hold, and how letters are folded, on every Python alike.

Re-exported eagerly, unlike other packages: every verdict compares numbers, and the whole is tables and a few classes.
"""

from __future__ import annotations

from certcore.vocabulary._plates import normalise_registration_number, same_registration_number
from certcore.vocabulary._vins import normalise_vin, same_vin

__all__ = [
    "normalise_registration_number",
    "normalise_vin",
    "same_registration_number",
    "same_vin",
]
