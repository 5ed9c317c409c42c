"""What a policy is, which ones are refused, and what may be expected of a certificate."""

from __future__ import annotations

import inspect
import os
import pickle
import subprocess
import sys
from datetime import timedelta
from pathlib import Path
from typing import Any

import attrs
import pytest

from certcore import Expected, Need, Policy, policy
from certcore.policy import STOP_FLAGS

DAY = timedelta(days=1)
PRESETS = {name: preset() for name, preset in policy.PRESETS.items()}
REQUIRED, IF_AVAILABLE, NOT_USED = Need


@pytest.mark.parametrize(
    ("name", "status", "vehicle", "binding", "status_age", "trust_age", "noted"),
    [
        ("roadside", REQUIRED, REQUIRED, {"plate"}, timedelta(minutes=15), 7 * DAY, DAY),
        ("claims", REQUIRED, IF_AVAILABLE, {"plate", "vin"}, DAY, 7 * DAY, None),
        ("counterparty", IF_AVAILABLE, NOT_USED, set(), None, 30 * DAY, None),
        ("bulk", REQUIRED, NOT_USED, {"vin"}, timedelta(), None, None),
    ],
)
def test_presets(
    name: str,
    status: Need,
    vehicle: Need,
    binding: set[str],
    status_age: timedelta | None,
    trust_age: timedelta | None,
    noted: timedelta | None,
) -> None:
    """The presets are those of the table; clocks may be a minute apart, and a live presentation counts."""
    policy = PRESETS[name]

    assert name == policy.name
    assert (status, vehicle, frozenset(binding)) == (policy.status, policy.vehicle, policy.binding)
    assert (status_age, trust_age, noted) == (policy.max_status_age, policy.max_trust_age, policy.note_trust_age)
    assert timedelta(seconds=60) == policy.clock_skew
    assert policy.live_replaces_status
    assert set("CEJMNPKL") == policy.stop_flags == STOP_FLAGS


IDS = {
    "roadside": "29341f20be6e7904176aa0d762d3b891",
    "claims": "ef011869a952d5bf98fb22bce3f50e1d",
    "counterparty": "bfd07b6e930cada9495ae76a97da6a36",
    "bulk": "4727e8f43be2c5efcefd4391fd1c9b9b",
}
"""Stored with verdicts for ten years: a change of these is a change of the policies' canonical form."""


@pytest.mark.parametrize("name", PRESETS)
def test_ids_are_stable(name: str) -> None:
    """A preset's id is what it was."""
    assert name in IDS, f"add the id of {name} to IDS: {PRESETS[name].id}"
    assert IDS[name] == PRESETS[name].id


def test_ids_are_the_same_in_another_process() -> None:
    """An id depends on nothing but the policy: neither on hash seeds nor on the order of a set."""
    code = "from certcore.policy import PRESETS; print(*(preset().id for preset in PRESETS.values()))"
    done = [
        subprocess.run(
            [sys.executable, "-c", code],
            capture_output=True,
            check=True,
            text=True,
            env={"PYTHONHASHSEED": seed, "PYTHONPATH": os.pathsep.join(sys.path)},
        ).stdout.split()
        for seed in ("1", "2")
    ]

    assert [list(IDS.values())] * 2 == done


CHANGES: list[dict[str, Any]] = [
    {"name": "other"},
    {"status": IF_AVAILABLE},
    {"vehicle": REQUIRED},
    {"binding": frozenset({"vin"})},
    {"max_status_age": None},
    {"max_status_age": DAY + timedelta(microseconds=1)},
    {"max_trust_age": None},
    {"note_trust_age": timedelta(hours=1)},
    {"clock_skew": timedelta()},
    {"live_replaces_status": False},
    {"stop_flags": frozenset({"C"})},
]


@pytest.mark.parametrize("change", CHANGES, ids=lambda change: next(iter(change)))
def test_any_change_changes_the_id(change: dict[str, Any]) -> None:
    """Two policies that differ in anything have different ids."""
    policy = Policy.claims()
    changed = attrs.evolve(policy, **change)

    assert policy.id != changed.id
    assert policy != changed


def test_equal_policies_have_equal_ids() -> None:
    """A policy made anew is the same, and so is one that was pickled."""
    assert Policy.claims() == Policy.claims()
    assert Policy.claims().id == attrs.evolve(Policy.claims(), binding=["vin", "plate"]).id
    copy = pickle.loads(pickle.dumps(Policy.claims()))  # noqa: S301  our own bytes
    assert (Policy.claims(), Policy.claims().id) == (copy, copy.id)


@pytest.mark.parametrize(
    "change",
    [
        {"name": ""},
        {"name": "  "},
        {"binding": frozenset({"colour"})},
        {"status": NOT_USED, "vehicle": NOT_USED, "binding": frozenset()},
        {"max_status_age": timedelta(microseconds=-1)},
        {"max_trust_age": timedelta(days=-1)},
        {"note_trust_age": timedelta(seconds=-1)},
        {"note_trust_age": 8 * DAY},
        {"clock_skew": timedelta(seconds=-1)},
        {"clock_skew": timedelta(hours=1, microseconds=1)},
    ],
)
def test_contradictory_and_empty_policies_are_refused(change: dict[str, Any]) -> None:
    """A policy that asks for nothing, or for what cannot be, is a caller's mistake."""
    with pytest.raises(ValueError):  # noqa: PT011  each row has its own words
        attrs.evolve(Policy.claims(), **change)


def test_no_flag_switches_authenticity_off() -> None:
    """A policy has no attribute by which a signature, a key or a period would not be checked."""
    assert {
        "name",
        "status",
        "vehicle",
        "binding",
        "max_status_age",
        "max_trust_age",
        "note_trust_age",
        "clock_skew",
        "live_replaces_status",
        "stop_flags",
        "time_stamp_authorities",
        "seal_keys",
        "id",
    } == {field.name for field in attrs.fields(Policy)}


def test_a_policy_is_frozen() -> None:
    """A policy cannot be changed in place."""
    with pytest.raises(attrs.exceptions.FrozenInstanceError):
        Policy.claims().status = NOT_USED  # type: ignore[misc]  # the mistake under test


# Expected


@pytest.mark.parametrize(
    "fields",
    [
        {"registration_number": ""},
        {"registration_number": " · "},
        {"country": "C"},
        {"country": "CHN"},
        {"country": "1A"},
        {"plate_type": -1},
        {"plate_type": True},
        {"plate_type": "2"},
        {"vin": ""},
        {"vin": "84211"},
        {"vin": "A" * 33},
    ],
)
def test_what_cannot_be_expected(fields: dict[str, Any]) -> None:
    """What says too little or nothing is refused, and not repeated in the message."""
    with pytest.raises(ValueError) as caught:  # noqa: PT011  each row has its own words
        Expected(**fields)

    assert "84211" not in str(caught.value)


def test_a_country_in_any_case() -> None:
    """A country is understood in lower case and with space around it."""
    assert "CN" == Expected(country=" cn ").country


def test_expected_is_not_shown() -> None:
    """The repr says which fields were given and none of their values."""
    expected = Expected(registration_number="闽C12345", country="CN", plate_type=2, vin="LSVAA4187E2184211")

    for shown in (repr(expected), str(expected), f"{expected}"):
        assert not [value for value in ("12345", "LSVAA4187", "184211", "CN") if value in shown]
        assert "registration_number" in shown


def test_nothing_expected() -> None:
    """Expected without anything is empty, and only then."""
    assert Expected().is_empty
    assert not Expected(plate_type=0).is_empty


def test_every_preset_is_in_the_table() -> None:
    """Every method that makes a policy of nothing is a preset: `policy.PRESETS` and choose-a-policy.md name it."""
    made = {
        name
        for name, method in inspect.getmembers(Policy, inspect.ismethod)
        if not name.startswith("_") and not inspect.signature(method).parameters
    }
    assert set(policy.PRESETS) == made
    assert [*policy.PRESETS] == [preset().name for preset in policy.PRESETS.values()]
    page = (Path(__file__).parents[1] / "docs" / "choose-a-policy.md").read_text("utf-8")
    assert [] == [name for name in policy.PRESETS if f"Policy.{name}" not in page and f"`{name}`" not in page]
