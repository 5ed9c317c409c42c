"""Is it this vehicle? What is given is compared, or said not to have been; what looks alike is a hint."""

from __future__ import annotations

import time
from typing import Any

import pytest

from certcore import Expected, Policy, policy
from certcore.engine import _binding
from tests.verify_cases import PLATE, VIN, certificate

PRESETS = [preset() for preset in policy.PRESETS.values()]
CYRILLIC, LATIN = "\u0421\u04101234\u0412\u0425", "CA1234BX"
GREEK, ARABIC = "\u0391\u0392\u0395", "\u0661\u0662\u0663"
MANY_MARKS = "A" + "\u0301\u0327" * 32_000


def found(expect: Expected, *, policy: Policy | None = None, **stated: Any) -> set[str]:  # noqa: ANN401  any field
    """What is said of a certificate that states this, as effect, code and detail; not what was not given."""
    reasons = _binding.compare(expect, certificate(**stated), policy or Policy.counterparty())
    return {
        " ".join([reason.effect.value, reason.code, *(f"{name}={value}" for name, value in reason.detail)])
        for reason in reasons
        if reason.code != "binding-not-given"
    }


@pytest.mark.parametrize("policy", PRESETS, ids=lambda policy: policy.name)
@pytest.mark.parametrize("country", ["CN", "DE"])
def test_a_plate_type_that_is_not_stated(policy: Policy, country: str) -> None:
    """A type that was seen and is not in the certificate blocks, whatever else is compared and wherever."""
    for more in ({}, {"registration_number": PLATE}, {"vin": VIN}, {"registration_number": PLATE, "vin": VIN}):
        expect = Expected(plate_type=2, **more)

        assert {"blocks binding-not-readable missing=plate_type"} == found(expect, policy=policy, country=country)


@pytest.mark.parametrize("policy", PRESETS, ids=lambda policy: policy.name)
def test_a_chinese_plate_without_its_type(policy: Policy) -> None:
    """Compared alone it is a note; with its type, with the VIN, or of another country it is none."""
    assert {"notes plate-type-not-compared"} == found(Expected(registration_number=PLATE), policy=policy, country="CN")
    assert {"notes plate-type-not-compared"} == found(
        Expected(registration_number=PLATE), policy=policy, country="CN", plate_type=2
    )
    assert set() == found(Expected(registration_number=PLATE, plate_type=2), policy=policy, country="CN", plate_type=2)
    assert set() == found(Expected(registration_number=PLATE, vin=VIN), policy=policy, country="CN")
    assert set() == found(Expected(registration_number=PLATE), policy=policy, country="DE")


@pytest.mark.parametrize(
    ("stated", "seen", "hint"),
    [
        (CYRILLIC, LATIN, True),
        (LATIN, CYRILLIC, True),
        (GREEK + "123", "ABE123", True),
        ("ABE123", "ABE" + ARABIC, True),
        (GREEK + "123", "ABE" + ARABIC, True),
        (CYRILLIC.lower(), LATIN, True),
        (CYRILLIC, "CA1235BX", False),
        ("\u0416" + "123", "X123", False),
    ],
)
def test_letters_that_look_alike(stated: str, seen: str, hint: bool) -> None:  # noqa: FBT001  a column
    """Letters and digits of other scripts are another plate, and a hint where that is all."""
    expected = "fails plate-mismatch hint=lookalike" if hint else "fails plate-mismatch"

    assert {expected} == found(Expected(registration_number=seen), registration_number=stated, country="UA")


def test_a_vin_in_another_script() -> None:
    """The same for a VIN, which is no cloned plate then."""
    seen = VIN.replace("A", "\u0410").replace("1", "\u0661")

    assert {"fails vin-mismatch hint=lookalike"} == found(Expected(registration_number=PLATE, vin=seen))


@pytest.mark.parametrize("given", [{"registration_number": MANY_MARKS}, {"vin": MANY_MARKS}])
def test_a_text_that_is_far_too_long(given: dict[str, str]) -> None:
    """It is refused before it is folded, which takes time that grows with the square of it."""
    begun = time.process_time()

    with pytest.raises(ValueError, match="at most 256 characters"):
        Expected(**given)  # type: ignore[arg-type]  # either field is a text

    assert time.process_time() - begun < 1
