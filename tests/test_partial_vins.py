"""A VIN that was read only in part, all the way through `Verifier.verify`.

The whole number matches, and so do its last 6 to 8 characters. Everything else is another number; where it is likely to
be the same one misread or cut off elsewhere, a hint in the detail says so, and nobody is said to drive with a copied
plate.
"""

from __future__ import annotations

from typing import Final

import attrs
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from certcore import Expected, Outcome, Policy, Verdict
from tests.strategies import vins
from tests.verify_cases import NOW, PLATE, TEXT, VIN, certificate, registered, seal, verifier

EYES: Final = Policy.counterparty()
CLAIMS: Final = Policy.claims()
ZEROS: Final = "WP0ZZZ99ZTS301001"
FRAME: Final = "ZVW30-1234567"
"""A Japanese frame number, which is no VIN."""


def verify(expected: str, *, text: str = TEXT, policy: Policy = EYES, plate: str | None = None) -> Verdict:
    """The verdict where this much of the VIN was read."""
    expect = Expected(vin=expected, registration_number=plate)
    return verifier(registered(), policy).verify(text, as_of=NOW, expect=expect)


def binding(verdict: Verdict) -> list[tuple[str, str, str]]:
    """What the verdict says of the vehicle: code, effect, hint."""
    return [
        (reason.code, reason.effect.value, str(dict(reason.detail).get("hint", "")))
        for reason in verdict.reasons
        if reason.axis.value == "binding"
    ]


@pytest.mark.parametrize("length", range(6, 18))
def test_tails_of_every_length(length: int) -> None:
    """The last 6 to 8 characters match like the whole; 9 to 16 are no match, and the hint says why."""
    verdict = verify(VIN[-length:])

    matches = length in {6, 7, 8, 17}
    assert ([] if matches else [("vin-mismatch", "fails", "incomplete")]) == binding(verdict)
    assert (Outcome.VALID if matches else Outcome.INVALID) is verdict.outcome


@pytest.mark.parametrize("length", range(6))
def test_too_little(length: int) -> None:
    """Fewer than 6 characters are refused before anything is asked; the message does not repeat them."""
    tail = VIN[-length:] if length else ""
    with pytest.raises(ValueError, match="last 6 to 8") as caught:
        Expected(vin=tail)
    assert not tail or tail not in str(caught.value)


@pytest.mark.parametrize(
    "expected",
    [
        "184211",
        " 184211 ",
        "18-42-11",
        "e2 184211",
        "e2184211",
        "１８４２１１",
        "E2\u200b184211",
        "lsvaa4181 e2184211",
    ],
)
def test_however_it_is_written(expected: str) -> None:
    """Case, separators, full-width and invisible characters do not matter, in a part as in the whole."""
    assert [] == binding(verify(expected))


@pytest.mark.parametrize(
    "expected",
    [
        "184212",  # another serial number
        "284211",
        VIN[:6],  # the beginning of it
        VIN[:8],
        VIN[3:11],  # the middle of it
        "11" + VIN,  # too much
        VIN[:-1] + "2",
        VIN[::-1],
    ],
)
def test_another_number(expected: str) -> None:
    """What is no tail of the number is another number, and beside the right plate the sign of a copied one."""
    assert [("vin-mismatch", "fails", "")] == binding(verify(expected))
    assert [("vin-mismatch", "fails", ""), ("cloned-plate", "fails", "")] == binding(verify(expected, plate=PLATE))


@pytest.mark.parametrize(
    ("number", "expected"),
    [
        (VIN, VIN.replace("1", "I")),
        (VIN, "I84211"),
        (VIN, "18421I"),
        (VIN, "E2I842II"),
        (VIN, "IE2I842I1"),  # 9 characters: cut off and misread
        (ZEROS, ZEROS.replace("0", "O")),
        (ZEROS, ZEROS.replace("0", "Q")),
        (ZEROS, "3O1OO1"),
        (ZEROS, "S3Q100I"),
        (FRAME, "I234567"),
        (FRAME, "ZVW3O-1234567"),
    ],
)
def test_look_alikes(number: str, expected: str) -> None:
    """I for 1, and O or Q for 0, is a hint and no match, in a part as in the whole; no plate is said to be copied."""
    text = seal(certificate(vin=number))
    hinted = [("vin-mismatch", "fails", "lookalike")]

    assert hinted == binding(verify(expected, text=text))
    assert hinted == binding(verify(expected, text=text, plate=PLATE))
    assert hinted == binding(verify(expected, text=text, policy=CLAIMS, plate=PLATE))
    assert Outcome.INVALID is verify(expected, text=text).outcome


def test_look_alikes_are_those_and_no_others() -> None:
    """B is no 8, S no 5, Z no 2 and L no 1: VINs have all of them."""
    for letter, digit in (("B", "8"), ("S", "5"), ("Z", "2"), ("L", "1"), ("D", "0")):
        text = seal(certificate(vin=f"LSVAA4181E{digit * 7}"))
        assert [("vin-mismatch", "fails", "")] == binding(verify(letter * 6, text=text))


@pytest.mark.parametrize(
    ("expected", "hint"),
    [
        (FRAME, None),
        ("zvw301234567", None),
        ("234567", None),
        ("1234567", None),
        ("01234567", None),
        ("301234567", "incomplete"),
    ],
)
def test_chassis_numbers_that_are_no_vins(expected: str, hint: str | None) -> None:
    """Of a frame number, too, the whole or the last 6 to 8 characters match."""
    found = binding(verify(expected, text=seal(certificate(vin=FRAME))))

    assert ([] if hint is None else [("vin-mismatch", "fails", hint)]) == found


@pytest.mark.parametrize("length", range(6, 9))
def test_a_chassis_number_as_short_as_a_tail(length: int) -> None:
    """A number of 6 to 8 characters is matched by itself; a longer one that ends in it is another."""
    number = "X1234567"[-length:]
    text = seal(certificate(vin=number))

    assert [] == binding(verify(number, text=text))
    assert [("vin-mismatch", "fails", "")] == binding(verify("AB" + number, text=text))


def test_a_tail_is_enough_for_every_policy() -> None:
    """Where a policy needs the VIN, its tail will do."""
    for policy in (CLAIMS, attrs.evolve(Policy.bulk(), max_status_age=None)):
        assert [] == binding(verify("184211", policy=policy, plate=PLATE))


def test_a_hint_is_no_match_for_any_policy() -> None:
    """No policy turns a hint into a match."""
    for policy in (CLAIMS, Policy.bulk(), EYES):
        for near in (VIN.replace("1", "I"), VIN[-9:]):
            assert Outcome.INVALID is verify(near, policy=policy, plate=PLATE).outcome


def test_no_part_of_it_is_told() -> None:
    """Neither the number nor the part that was read is in a reason, an explanation or a repr."""
    for expected in (VIN.replace("1", "I"), "184212", VIN[-9:], "E2184212"):
        verdict = verify(expected, plate=PLATE)
        shown = (
            f"{verdict!r}{verdict.reasons!r}{verdict.explain()}{verdict.explain(lang='zh')}{Expected(vin=expected)!r}"
        )

        assert not any(part in shown for part in (VIN, expected, VIN[-6:], expected[-6:]))


@given(vins, st.integers(6, 17))
def test_tails_of_any_vin(vin: str, length: int) -> None:
    """Of any VIN exactly the whole and the last 6 to 8 characters match."""
    verdict = verify(vin[-length:], text=seal(certificate(vin=vin)))

    assert (length in {6, 7, 8, 17}) == ("vin-mismatch" not in verdict)


@given(vins, vins, st.integers(6, 8))
def test_tails_of_another_vin(vin: str, other: str, length: int) -> None:
    """A tail that the number does not end in never matches."""
    assume(not vin.endswith(other[-length:]))

    assert "vin-mismatch" in verify(other[-length:], text=seal(certificate(vin=vin)))
