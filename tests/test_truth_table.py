"""The truth table (`tests/truth_table`): every row by itself, in an event loop, and again from its evidence.

What a row must come to was read from the rules by hand. A row that fails is a defect of the code, or of the rules.
"""

from __future__ import annotations

import asyncio
import importlib.util
from collections import Counter
from pathlib import Path
from typing import Final, cast

import pytest

from certcore import AxisState, VehicleVerdict, Verdict
from certcore.reasons import REASONS, Axis, Effect
from tests.truth_table.cases import FOLDER, ROOT, Case, cases, chapters, rules
from tests.verify_cases import Answers

CASES: Final = cases()
HERE: Final = Path(__file__).parent
HAS_EVIDENCE: Final = importlib.util.find_spec("certcore.evidence") is not None
HAS_TIME_STAMPS: Final = importlib.util.find_spec("rfc3161_client") is not None

FROM_PICTURES: Final = "only a picture gives it: tests/test_verify_image.py and tests/qr"
ELSEWHERE: Final = {
    "several-certificates": FROM_PICTURES,
    "image-unreadable": FROM_PICTURES,
    "image-too-large": FROM_PICTURES,
    "image-format": FROM_PICTURES,
    "image-too-many-pages": FROM_PICTURES,
    "image-timeout": FROM_PICTURES,
    "file-unreadable": FROM_PICTURES,
    "no-decoder": FROM_PICTURES,
    "no-heic-decoder": FROM_PICTURES,
    "no-decoder-process": FROM_PICTURES,
    "no-pdf-decoder": FROM_PICTURES,
    "pdf-password": FROM_PICTURES,
    "code-not-text": FROM_PICTURES,
    "civil-time-differs": "a replay of changed evidence gives it: tests/evidence/test_report.py",
    "confidential-invalid": "a reader with a group key gives it: tests/certificate/test_confidential.py",
}
"""Reasons that no row has, and why."""


def each(*, certificates_only: bool = False) -> list[object]:
    """The rows as parameters, named after what they show."""
    return [
        pytest.param(
            case,
            id=case.name,
            marks=[
                pytest.mark.skipif(
                    not HAS_TIME_STAMPS and case.name.startswith("time-stamped"),
                    reason="rfc3161-client is not installed: the timestamp extra",
                )
            ],
        )
        for case in CASES
        if case.text is not None or not certificates_only
    ]


@pytest.mark.parametrize("case", each())
def test_a_row(case: Case) -> None:
    """A row comes to its outcome by exactly its reasons."""
    verdict = case.ask()

    assert sorted(case.reasons) == case.found(verdict)
    assert case.outcome == verdict.outcome.value
    assert (case.outcome == "valid") == bool(verdict)


@pytest.mark.parametrize("case", each(certificates_only=True))
def test_what_else_a_row_says(case: Case) -> None:
    """So it does to being degraded, to when it was in force, and to as of when the register spoke."""
    verdict = cast("Verdict", case.ask())

    assert case.degraded == verdict.degraded
    if case.in_force is not None:
        assert case.in_force == tuple((stretch.start_at, stretch.end_at) for stretch in verdict.in_force)
    if case.observed is not None:
        assert case.observed == (verdict.status_observed_at or "nobody")


@pytest.mark.parametrize("case", each())
def test_a_row_in_an_event_loop(case: Case) -> None:
    """The verifier for event loops comes to an equal verdict."""
    verdict, later = case.ask(), asyncio.run(case.ask_later())

    assert verdict == later
    assert verdict.to_json() == later.to_json()


@pytest.mark.skipif(not HAS_EVIDENCE, reason="certcore.evidence is not written yet")
@pytest.mark.parametrize("case", each())
def test_a_row_again_from_its_evidence(case: Case) -> None:
    """What is replayed from the bytes of the evidence is an equal verdict, byte for byte."""
    from certcore.evidence import Evidence

    verdict = case.ask()
    evidence = Evidence.from_bytes(verdict.evidence.to_bytes())
    if isinstance(verdict, VehicleVerdict):
        again: Verdict | VehicleVerdict = evidence.replay_vehicle(ROOT)
    else:
        again = evidence.replay(ROOT)

    assert verdict.to_json() == again.to_json()
    assert verdict == again


@pytest.mark.parametrize("case", each(certificates_only=True))
def test_what_is_not_authentic(case: Case) -> None:
    """Where authenticity is not passed, that axis alone is reported, nobody is asked, and no certificate is shown."""
    verdict = cast("Verdict", case.ask())
    passed = verdict.axes[Axis.AUTHENTICITY] is AxisState.PASSED
    asked = [
        query
        for answers in (case.verifier.status, case.verifier.vehicles)
        if answers is not None
        for query in cast("Answers", answers).asked
    ]

    assert passed == (verdict.certificate is not None) == (verdict.issuer is not None)
    assert passed or [Axis.AUTHENTICITY] == [reason.axis for reason in verdict.reasons]
    assert passed or [] == asked


@pytest.mark.parametrize("case", each())
def test_the_order_of_reasons(case: Case) -> None:
    """The weightiest reason stands first, and of equal ones that of the earlier question."""
    found = [(list(Effect).index(reason.effect), list(Axis).index(reason.axis)) for reason in case.ask().reasons]

    assert sorted(found) == found


def test_rows_are_named_once() -> None:
    """No name stands twice in a chapter, and there are enough rows."""
    for chapter in chapters():
        names = Counter(row["name"] for row in chapter.rows)
        assert [] == [name for name, count in names.items() if count > 1]
    assert len(CASES) >= 220
    assert len(chapters()) == len(list(FOLDER.glob("*.toml")))


def test_every_rule_is_held_in_both_directions() -> None:
    """Every rule has a row where it decides and one where it just does not, or a test that is there and holds it."""
    held = {rule for case in CASES for rule in case.rules}
    listed = {rule.id for rule in rules()}
    by_rows = [rule for rule in rules() if rule.elsewhere is None]

    assert len(listed) == len(rules())
    assert set() == {rule[:-1] for rule in held} - listed
    assert [] == [f"{rule.id}+" for rule in by_rows if f"{rule.id}+" not in held]
    assert [] == [f"{rule.id}-" for rule in by_rows if f"{rule.id}-" not in held]


@pytest.mark.parametrize("place", sorted({rule.elsewhere for rule in rules() if rule.elsewhere is not None}))
def test_rules_held_elsewhere(place: str) -> None:
    """A test that is named as holding a rule is there."""
    path, _, name = place.partition("::")
    text = (HERE.parent / path).read_text("utf-8")
    assert f"def {name or 'test_'}" in text


def test_every_reason_has_a_row() -> None:
    """Every reason stands in a row with each effect it may have, or it is said why none can."""
    covered = {tuple(words.split()[:2]) for case in CASES for words in case.reasons}
    table = {
        (effect.value, code) for code, meaning in REASONS.items() if code not in ELSEWHERE for effect in meaning.effects
    }

    assert table == covered
    assert set() == ELSEWHERE.keys() - REASONS.keys()
