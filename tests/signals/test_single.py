"""What one verdict shows by itself."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from certcore import Expected, Verdict, signals
from certcore.signals._signal import Signal
from certcore.status import MemoryStatusBackend, VehicleFlag
from certcore.vocabulary._codes import PLATE_TYPES
from tests.signals.cases import EYES, LOSS, OTHER_VIN, noticed, verdict_on
from tests.verify_cases import ISSUED, NOW, PLATE, TEXT, VIN, live, verifier

SHANGHAI_EVENING = datetime(2026, 8, 31, 12, 0, tzinfo=UTC)
"""Eight in the evening in Shanghai."""


def test_an_ordinary_verdict() -> None:
    """A certificate that was there before the loss, for the vehicle that was seen, shows nothing."""
    assert () == signals.for_verdict(verdict_on(expect=Expected(registration_number=PLATE, vin=VIN), plate_type=2))


@pytest.mark.parametrize("text", ["", "VIC1:", "HC1:ABC", TEXT[:-3] + "000"])
def test_what_is_not_authentic(text: str) -> None:
    """Of a certificate that is not authentic nothing is known, so nothing is noticed either."""
    verdict = verdict_on(text)

    assert verdict.certificate is None
    assert () == signals.for_verdict(verdict)


@pytest.mark.parametrize(
    ("as_of", "changes", "expected"),
    [
        (LOSS, {"issued_at": LOSS}, []),
        (LOSS, {"issued_at": LOSS + timedelta(seconds=1), "valid_from": date(2026, 1, 1)}, [("issued", 0)]),
        (LOSS, {"issued_at": LOSS + timedelta(days=3), "valid_from": date(2026, 1, 1)}, [("issued", 2)]),
        # The prime sign: the loss in the evening, the inspection the next morning. The engine knows the zone.
        (
            SHANGHAI_EVENING,
            {"inspected_on": date(2026, 9, 1), "issued_at": datetime(2026, 9, 1, 2, tzinfo=UTC)},
            [("inspected", 1), ("issued", 0)],
        ),
        (
            date(2026, 8, 31),
            {"inspected_on": date(2026, 9, 10), "issued_at": datetime(2026, 9, 10, 2, tzinfo=UTC)},
            [("inspected", 10), ("issued", 8)],
        ),
        # Valid from an earlier day, inspected after the loss: VALID, and noticed all the same.
        (
            LOSS,
            {"inspected_on": date(2026, 9, 3), "issued_at": ISSUED, "valid_from": date(2026, 1, 1)},
            [("inspected", 2)],
        ),
        # The next day already in Kiribati (UTC+14), then nowhere on earth.
        (
            datetime(2026, 9, 1, 10, 0, tzinfo=UTC),
            {"inspected_on": date(2026, 9, 2), "valid_from": date(2026, 1, 1)},
            [],
        ),
        (
            datetime(2026, 9, 1, 9, 59, tzinfo=UTC),
            {"inspected_on": date(2026, 9, 2), "valid_from": date(2026, 1, 1)},
            [("inspected", 1)],
        ),
        # A day of loss is over everywhere at noon UTC of the next (UTC-12); valid_from tells the engine nothing here.
        (
            date(2026, 8, 31),
            {"issued_at": datetime(2026, 9, 1, 11, 59, 59, tzinfo=UTC), "valid_from": date(2026, 9, 1)},
            [],
        ),
        (
            date(2026, 8, 31),
            {"issued_at": datetime(2026, 9, 1, 12, tzinfo=UTC), "valid_from": date(2026, 9, 1)},
            [("issued", 0)],
        ),
        (LOSS, {"inspected_on": date(2026, 9, 1), "valid_from": date(2026, 1, 1)}, []),
        (date(2026, 9, 1), {"issued_at": datetime(2026, 9, 1, 2, tzinfo=UTC)}, [("issued", 0)]),
        (date(2026, 8, 31), {"issued_at": datetime(2026, 9, 1, 2, tzinfo=UTC)}, [("issued", 0)]),
    ],
)
def test_after_the_event(as_of: datetime | date, changes: dict[str, Any], expected: list[tuple[str, int]]) -> None:
    """An inspection or an issue after the moment asked about is noticed, by how many days at least."""
    found = signals.for_verdict(verdict_on(as_of=as_of, plate_type=2, **changes))

    assert [Signal(f"{what}-after-event", (("days", days),)) for what, days in expected] == list(found)


def test_issued_after_the_event_though_not_yet_valid() -> None:
    """Where the certificate begins with its issue, which is after the loss, the verdict fails and the signal stands."""
    verdict = verdict_on(as_of=LOSS, issued_at=LOSS + timedelta(days=20), inspected_on=None, plate_type=2)

    assert "not-yet-valid-on-date" in verdict
    assert "issued-after-event" not in verdict
    assert ["issued-after-event"] == noticed(signals.for_verdict(verdict))


@pytest.mark.parametrize(
    ("expect", "expected"),
    [
        ({"registration_number": "闽C54321"}, ["plate-mismatch"]),
        ({"country": "HK"}, ["country-mismatch"]),
        ({"plate_type": 1}, ["plate-type-mismatch"]),
        ({"vin": OTHER_VIN}, ["vin-mismatch"]),
        ({"registration_number": PLATE, "vin": OTHER_VIN}, ["vin-mismatch", "cloned-plate"]),
    ],
)
def test_another_vehicle(expect: dict[str, Any], expected: list[str]) -> None:
    """That plate or VIN differ from the vehicle seen is repeated from the verdict."""
    verdict = verdict_on(expect=Expected(**expect), plate_type=2)

    assert expected == noticed(signals.for_verdict(verdict))
    assert set(expected) <= {reason.code for reason in verdict.reasons}


def test_a_repeated_reason_keeps_its_detail() -> None:
    """A look-alike VIN is a hint in the signal as in the reason."""
    verdict = verdict_on(expect=Expected(vin=VIN.replace("1", "I")), plate_type=2)

    assert (Signal("vin-mismatch", (("hint", "lookalike"),)),) == signals.for_verdict(verdict)


def test_the_check_digit() -> None:
    """A wrong check digit is repeated where the country has one, and nowhere else."""
    assert ["chassis-check-digit"] == noticed(signals.for_verdict(verdict_on(vin=OTHER_VIN, plate_type=2)))
    assert [] == noticed(signals.for_verdict(verdict_on(vin=OTHER_VIN, country="DE", registration_number="B-AB 123")))


def test_a_register_that_contradicts() -> None:
    """An inspection that the register calls overdue is repeated."""
    vehicles = MemoryStatusBackend()
    vehicles.register_vehicle(VehicleFlag(code="Q"), registration_number=PLATE, country="CN", vin=VIN)
    policy = type(EYES).claims()
    verdict = verifier(None, policy, vehicles=vehicles).verify(
        TEXT, as_of=NOW, expect=Expected(registration_number=PLATE, vin=VIN)
    )

    assert "status-contradicts-certificate" in verdict
    assert ["status-contradicts-certificate"] == noticed(signals.for_verdict(verdict))


@pytest.mark.parametrize(
    ("number", "plate_type", "expected"),
    [
        ("闽C12345", 2, []),
        ("闽C12345", 1, []),
        ("闽CD12345", 52, []),
        ("闽C12345D", 51, []),
        ("闽CD12345", 2, ["plate-type-contradicts-form"]),
        ("闽C12345D", 2, ["plate-type-contradicts-form"]),
        ("闽CD12345", 51, ["plate-type-contradicts-form"]),
        ("闽C12345D", 52, ["plate-type-contradicts-form"]),
        ("闽C12345", 52, ["plate-type-contradicts-form"]),
        ("闽C12345", 51, ["plate-type-contradicts-form"]),
        ("闽C1234挂", 15, []),
        ("闽C1234挂", 1, ["plate-type-contradicts-form"]),
        ("闽C12345", 15, ["plate-type-contradicts-form"]),
        ("闽C1234学", 16, []),
        ("闽C1234学", 2, ["plate-type-contradicts-form"]),
        ("闽C1234警", 23, []),
        ("闽C1234警", 2, ["plate-type-contradicts-form"]),
        ("京O12345", 23, []),
        ("粤ZA123港", 26, []),
        ("粤ZA123港", 27, ["plate-type-contradicts-form"]),
        ("粤ZA123澳", 27, []),
        ("粤ZA123澳", 2, ["plate-type-contradicts-form"]),
        ("123456使", 3, []),
        ("123456使", 2, ["plate-type-contradicts-form"]),
        ("闽C12345", 22, ["plate-type-contradicts-form"]),
        ("闽C1I345", 2, ["plate-form-unrecognised"]),
        ("闽C1", 2, ["plate-form-unrecognised"]),
        ("闽C1", None, ["plate-form-unrecognised"]),
        ("闽C1", 99, []),
        ("闽C1", 18, []),
    ],
)
def test_plate_form_against_plate_type(number: str, plate_type: int | None, expected: list[str]) -> None:
    """A plate whose characters do not go with its type, or follow no known form, is noticed."""
    assert expected == noticed(signals.for_verdict(verdict_on(registration_number=number, plate_type=plate_type)))


def test_a_plate_of_a_country_without_known_forms() -> None:
    """Of a plate that is not Chinese nothing is said."""
    assert () == signals.for_verdict(verdict_on(registration_number="闽", country="DE", plate_type=2))


@pytest.mark.parametrize(
    ("at", "expected"),
    [
        (timedelta(minutes=4), []),
        (timedelta(minutes=5, seconds=30), []),
        (timedelta(minutes=6), [Signal("presentation-past-window", (("minutes", 1),))]),
        (timedelta(days=2), [Signal("presentation-past-window", (("minutes", 2 * 24 * 60 - 5),))]),
        (-timedelta(minutes=6), []),
    ],
)
def test_a_screenshot(at: timedelta, expected: list[Signal]) -> None:
    """A live presentation looked at after its window and the clocks' skew is noticed; one that is early is not."""
    text = live(presented_at=NOW, minutes=5, plate_type=2)

    assert expected == list(signals.for_verdict(verdict_on(text, as_of=LOSS, at=NOW + at)))


def everything() -> Verdict:
    """A verdict with as many signals as one can have."""
    text = live(
        presented_at=NOW - timedelta(days=1),
        issued_at=LOSS + timedelta(days=2),
        inspected_on=date(2026, 9, 3),
        registration_number="闽CD12345",
        plate_type=2,
        vin=OTHER_VIN,
    )
    expect = Expected(registration_number="闽CD12345", country="HK", plate_type=1, vin=VIN)
    return verdict_on(text, expect=expect)


def test_the_verdict_stays_as_it_is() -> None:
    """Signals are read off a verdict, which is byte for byte the same before and after."""
    verdict = everything()
    before = verdict.to_json()

    found = signals.for_verdict(verdict)

    assert before == verdict.to_json()
    assert [
        "inspected-after-event",
        "issued-after-event",
        "country-mismatch",
        "plate-type-mismatch",
        "vin-mismatch",
        "chassis-check-digit",
        "plate-type-contradicts-form",
        "presentation-past-window",
    ] == noticed(found)


def test_no_signal_names_a_vehicle() -> None:
    """Neither plate nor VIN stands in any signal, or in its words."""
    for signal in signals.for_verdict(everything()):
        shown = f"{signal!r} {signal.to_dict()} {signal.explain()} {signal.explain(lang='zh')}"
        assert not any(number in shown for number in ("12345", VIN, OTHER_VIN, VIN[-6:]))


@given(st.sampled_from(sorted(PLATE_TYPES)), st.text("闽C粤ZDF0189港澳学警挂使领", min_size=1, max_size=9))
def test_signals_of_any_plate(plate_type: int, number: str) -> None:
    """No plate is an error, and it gives one signal at most."""
    found = signals.for_verdict(verdict_on(registration_number=number, plate_type=plate_type))

    assert len(found) <= 1
