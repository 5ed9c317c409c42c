"""A verdict as its reader holds it: outcome, axes, words, JSON, identity, and what it never shows."""

from __future__ import annotations

import json
import os
import pickle
import re
import subprocess
import sys
import traceback
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any, Final

import attrs
import pytest

from certcore import Axis, AxisState, Effect, Expected, Outcome, Policy, Result, Verdict, Verifier
from certcore.errors import NotValidError
from certcore.reasons import REASONS, explain
from certcore.reasons._meaning import words_of
from certcore.status import MemoryStatusBackend, StatusEventKind
from certcore.testing import FixedClock
from tests.verify_cases import (
    ISSUED,
    LOSS,
    NOW,
    PLATE,
    REF,
    SEEN,
    TEXT,
    TRUST,
    VIN,
    Answers,
    certificate,
    happened,
    record,
    registered,
    seal,
    verifier,
)
from tests.verify_vectors import VECTORS, Vector

DAY = timedelta(days=1)
SECRETS: Final = ("12345", "12346", "LSVAA418", "184211", "2184212", "AB 123", "WVWZZZ", "W000001", "1234567")
"""Parts of every plate and VIN in these tests, long enough not to occur by chance."""


def each() -> list[object]:
    """Every vector as a parameter."""
    return [pytest.param(vector, id=vector.name) for vector in VECTORS]


def ask(text: str = TEXT, **changes: Any) -> Verdict:  # noqa: ANN401  any argument of a question
    """The usual question, answered by a register that knows the certificate."""
    given: dict[str, Any] = {"as_of": LOSS, "expect": SEEN}
    return verifier(registered()).verify(text, **(given | changes))


# What the reasons come to


@pytest.mark.parametrize("vector", each())
def test_outcome_follows_from_the_effects(vector: Vector) -> None:
    """Any reason that fails makes it INVALID, else any that blocks UNDETERMINED; true for VALID alone."""
    verdict = vector.verify()
    effects = {reason.effect for reason in verdict.reasons}
    if Effect.FAILS in effects:
        expected = Outcome.INVALID
    elif Effect.BLOCKS in effects:
        expected = Outcome.UNDETERMINED
    else:
        expected = Outcome.VALID

    assert expected is verdict.outcome
    assert (expected is Outcome.VALID) == bool(verdict)


@pytest.mark.parametrize("vector", each())
def test_axes_follow_from_the_reasons(vector: Vector) -> None:
    """An axis fails with a reason that fails, and is undetermined with one that blocks."""
    verdict = vector.verify()

    assert list(Axis) == list(verdict.axes)
    for axis, state in verdict.axes.items():
        effects = {reason.effect for reason in verdict.reasons if reason.axis is axis}
        if Effect.FAILS in effects:
            assert AxisState.FAILED is state
        elif Effect.BLOCKS in effects:
            assert AxisState.UNDETERMINED is state
        else:
            assert state in {AxisState.PASSED, AxisState.NOT_CHECKED}


@pytest.mark.parametrize("vector", each())
def test_reasons_agree_with_the_table(vector: Vector) -> None:
    """Every reason has the axis of the table and an effect that the table allows, the weightiest first."""
    verdict = vector.verify()
    weights = [list(Effect).index(reason.effect) for reason in verdict.reasons]

    assert sorted(weights) == weights
    for reason in verdict.reasons:
        assert REASONS[reason.code].axis is reason.axis
        assert reason.effect in REASONS[reason.code].effects
        assert reason.code in verdict
        assert tuple(sorted(reason.detail)) == reason.detail
    assert "no-such-code" not in verdict


ALL_PASSED = dict.fromkeys(Axis, AxisState.PASSED)


@pytest.mark.parametrize(
    ("verdict", "states"),
    [
        (ask(), {}),
        (
            ask(""),
            dict.fromkeys(Axis, AxisState.NOT_CHECKED) | {Axis.AUTHENTICITY: AxisState.UNDETERMINED},
        ),
        (
            ask(TEXT[:-3] + "000"),
            dict.fromkeys(Axis, AxisState.NOT_CHECKED) | {Axis.AUTHENTICITY: AxisState.FAILED},
        ),
        (ask(expect=Expected(registration_number="闽C12346", vin=VIN)), {Axis.BINDING: AxisState.FAILED}),
        (ask(expect=None), {Axis.BINDING: AxisState.UNDETERMINED}),
        (ask(as_of=date(2028, 1, 1)), {Axis.PERIOD: AxisState.FAILED, Axis.STATUS: AxisState.NOT_CHECKED}),
        (
            verifier(None, Policy.counterparty()).verify(TEXT, as_of=LOSS),
            {Axis.STATUS: AxisState.NOT_CHECKED, Axis.BINDING: AxisState.NOT_CHECKED},
        ),
        (verifier(None).verify(TEXT, as_of=LOSS, expect=SEEN), {Axis.STATUS: AxisState.UNDETERMINED}),
    ],
    ids=["valid", "nothing", "forged", "plate", "not-given", "future", "eyes", "no-register"],
)
def test_states_of_the_axes(verdict: Verdict, states: dict[Axis, AxisState]) -> None:
    """What was not looked at is not said to have passed."""
    assert ALL_PASSED | states == verdict.axes


def test_degraded() -> None:
    """VALID that rests on something missing is degraded; what is not VALID never is."""
    eyes = Policy.counterparty()

    assert verifier(None, eyes).verify(TEXT, as_of=LOSS).degraded
    assert not verifier(registered(), eyes).verify(TEXT, as_of=LOSS).degraded
    assert not verifier(None, eyes).verify(TEXT, as_of=date(2024, 1, 1)).degraded
    assert not verifier(None).verify(TEXT, as_of=LOSS, expect=SEEN).degraded


# What it says


def test_times() -> None:
    """A verdict says what it is about, when it was asked, what was known, and as of when the register spoke."""
    verdict = ask(known_at=NOW - DAY)

    assert (LOSS, NOW, NOW - DAY, NOW) == (
        verdict.as_of,
        verdict.evaluated_at,
        verdict.known_at,
        verdict.status_observed_at,
    )
    assert NOW == ask().known_at
    assert date(2026, 9, 1) == ask(as_of=date(2026, 9, 1)).as_of
    assert verifier(None).verify(TEXT, as_of=LOSS).status_observed_at is None
    assert ("CN", Policy.claims().id) == (verdict.issuer, verdict.policy_id)


def test_country_is_the_issuers() -> None:
    """A certificate that states no country has its issuer's."""
    stated = ask().certificate

    assert stated is not None
    assert "CN" == stated.country


def test_in_force() -> None:
    """The stretches are those of the period, cut by what happened; without a register there is none."""
    backend = registered()
    backend.suspend(REF, at=LOSS)
    begin = datetime(2025, 10, 9, 16, tzinfo=UTC)

    assert [(begin, None)] == [(span.start_at, span.end_at) for span in ask().in_force]
    assert [(begin, LOSS)] == [
        (span.start_at, span.end_at) for span in verifier(backend).verify(TEXT, as_of=LOSS).in_force
    ]
    assert () == verifier(None).verify(TEXT, as_of=LOSS).in_force
    assert () == ask("").in_force


def test_a_failed_inspection_was_never_in_force() -> None:
    """A certificate of a failed inspection has no stretch in which it was valid."""
    assert () == ask(seal(certificate(result=Result.MAJOR))).in_force


def test_require_valid() -> None:
    """VALID gives the certificate; anything else raises with the whole verdict and its first code."""
    assert ask().certificate == ask().require_valid()
    for verdict in (ask(""), ask(as_of=date(2028, 1, 1)), verifier(None).verify(TEXT, as_of=LOSS, expect=SEEN)):
        with pytest.raises(NotValidError) as caught:
            verdict.require_valid()
        assert verdict is caught.value.verdict
        assert verdict.reasons[0].code == caught.value.code


@pytest.mark.parametrize("lang", ["en", "zh"])
@pytest.mark.parametrize("vector", each())
def test_explanations(vector: Vector, lang: str) -> None:
    """Each reason has a line with its next step below that of the outcome, none stands twice, no vehicle is named."""
    verdict = vector.verify()
    text = verdict.explain(lang=lang)

    assert len(set(text.splitlines())) == len(text.splitlines())
    assert len(text.splitlines()) >= 1 + len({reason.code for reason in verdict.reasons})
    for reason in verdict.reasons:
        words = words_of(reason, lang=lang)
        assert words.line in text
        assert words.next_step in text
    assert [] == [secret for secret in SECRETS if secret in text]


@pytest.mark.parametrize("code", REASONS)
def test_every_code_has_words(code: str) -> None:
    """Every code has a sentence and a next step in both languages, each in its own script, and none is another's."""
    for lang in ("en", "zh"):
        words = explain(code, lang=lang)
        for sentence in (words.line, words.next_step):
            assert sentence == sentence.strip()
            assert sentence.endswith((".", "。"))
            assert (lang == "zh") == any("\u4e00" <= character <= "\u9fff" for character in sentence)
    assert 1 == sum(explain(other).line == explain(code).line for other in REASONS)


@pytest.mark.parametrize("code", REASONS)
def test_words_are_set_as_sentences(code: str) -> None:
    """What to do is not what was found; Chinese is set in its own marks, spaced from Latin, and not left in English."""
    for lang in ("en", "zh"):
        words = explain(code, lang=lang)
        assert words.line != words.next_step
        for sentence in (words.line, words.next_step):
            assert not re.search(r"  |[.。]{2}|\b(\w+) \1\b", sentence)
            assert "TODO" not in sentence
    chinese = explain(code, lang="zh")
    for sentence in (chinese.line, chinese.next_step):
        assert not re.search("[\u4e00-\u9fff][,.;:!?()]|[,;:!?()][\u4e00-\u9fff]", sentence)
        assert not re.search("[\u4e00-\u9fff](?: [\u4e00-\u9fff]|[A-Za-z0-9])|[A-Za-z0-9][\u4e00-\u9fff]", sentence)
        assert sum("\u4e00" <= character <= "\u9fff" for character in sentence) >= 3
    assert {explain(code).line, explain(code).next_step}.isdisjoint({chinese.line, chinese.next_step})


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_a_degraded_verdict_is_not_called_plainly_valid(lang: str) -> None:
    """Where nobody knows what the register would have said, the first line says so too."""
    degraded = verifier(None, Policy.counterparty()).verify(TEXT, as_of=LOSS)
    plain = verifier(registered(), Policy.counterparty()).verify(TEXT, as_of=LOSS)

    assert degraded.degraded
    assert degraded.explain(lang=lang).splitlines()[0] != plain.explain(lang=lang).splitlines()[0]


def test_explained_in_no_other_language() -> None:
    """Another language is a caller's mistake."""
    with pytest.raises(ValueError, match="en and zh"):
        ask().explain(lang="de")
    with pytest.raises(ValueError, match="en and zh"):
        explain("malformed", lang="fr")


@pytest.mark.parametrize("vector", each())
def test_json(vector: Vector) -> None:
    """A verdict's JSON reads back as its dict, in any encoding, and holds its outcome and codes."""
    verdict = vector.verify()

    read = json.loads(verdict.to_json())

    assert verdict.to_dict() == read
    assert read == json.loads(json.dumps(read, allow_nan=False))
    assert verdict.outcome.value == read["outcome"]
    assert [reason.code for reason in verdict.reasons] == [reason["code"] for reason in read["reasons"]]
    assert verdict.id == read["id"]
    assert (verdict.certificate is None) == (read["certificate"] is None)


def test_json_of_a_certificate() -> None:
    """The claim system gets what the issuer stated: dates in ISO form, bytes in hexadecimal, no absent field."""
    stated = certificate(status=None, certificate_id=bytes(range(12)), confidential=b"\x01\xff", vin=None)

    found = ask(seal(stated)).to_dict()["certificate"]

    assert {
        "registration_number": PLATE,
        "country": "CN",
        "valid_until": "2027-09-30",
        "inspected_on": "2025-10-10",
        "basis": "inspected",
        "result": "pass",
        "authority": "闽C",
        "confidential": "01ff",
        "issued_at": ISSUED.isoformat(),
        "certificate_id": "000102030405060708090a0b",
    } == found


# Which question it answers


QUESTIONS: dict[str, dict[str, Any]] = {
    "usual": {},
    "instant": {"as_of": LOSS + timedelta(microseconds=1)},
    "day": {"as_of": date(2026, 9, 1)},
    "midnight": {"as_of": datetime(2026, 8, 31, 16, tzinfo=UTC)},
    "known": {"known_at": NOW},
    "known then": {"known_at": NOW - DAY},
    "nobody": {"expect": None},
    "plate": {"expect": Expected(registration_number=PLATE)},
    "vin": {"expect": Expected(vin=VIN)},
    "tail": {"expect": Expected(registration_number=PLATE, vin=VIN[-6:])},
    "country": {"expect": Expected(registration_number=PLATE, vin=VIN, country="CN")},
    "type": {"expect": Expected(registration_number=PLATE, vin=VIN, plate_type=2)},
    "text": {"text": TEXT + "0"},
    "no text": {"text": ""},
    "surrogate": {"text": "\ud800"},
}


def test_different_questions_have_different_ids() -> None:
    """A question that differs in anything has another id; another policy is another question."""
    ids = [ask(**question).id for question in QUESTIONS.values()]
    ids.append(verifier(registered(), Policy.bulk()).verify(TEXT, as_of=LOSS, expect=SEEN).id)

    assert len(ids) == len(set(ids))
    assert all(len(one) == 64 and set(one) <= set("0123456789abcdef") for one in ids)


def test_plates_that_are_told_apart_have_different_ids() -> None:
    """Where separators decide, the id must tell the two questions apart."""
    german = seal(certificate(registration_number="B-AB 123"))
    first, second = (
        ask(german, expect=Expected(registration_number=plate, vin=VIN)) for plate in ("B-AB 123", "BA-B 123")
    )
    assert first.outcome is not second.outcome

    assert first.id != second.id


def test_the_same_question_has_the_same_id() -> None:
    """Neither clock, register, trust list, the zone of an instant, nor how a plate is written make another."""
    verdict = ask()
    same = (
        ask(),
        ask(TEXT + "\r\n"),
        ask(as_of=LOSS.astimezone(tz=None)),
        ask(expect=Expected(registration_number="闽Ｃ 12345", vin=VIN.lower())),
        verifier(None, at=NOW + DAY).verify(TEXT, as_of=LOSS, expect=SEEN),
        verifier(Answers(ValueError())).verify(TEXT, as_of=LOSS, expect=SEEN),
    )

    assert {verdict.id} == {other.id for other in same}
    assert ask(expect=None).id == ask(expect=Expected()).id


def test_ids_are_the_same_in_another_process() -> None:
    """The ids of all vectors depend on nothing of the process: neither on hash seeds nor on addresses."""
    code = "from tests.verify_vectors import VECTORS; print(*(vector.verify().id for vector in VECTORS))"
    found = [
        subprocess.run(
            [sys.executable, "-c", code],
            capture_output=True,
            check=True,
            text=True,
            cwd=Path(__file__).parents[1],
            env={"PYTHONHASHSEED": seed, "PYTHONPATH": os.pathsep.join(sys.path)},
        ).stdout.split()
        for seed in ("1", "2")
    ]

    assert [[vector.verify().id for vector in VECTORS]] * 2 == found


@pytest.mark.parametrize("expect", [{"registration_number": "闽C\ud800"}, {"vin": "ABCDEF\ud800"}])
def test_ids_of_any_expectation(expect: dict[str, Any]) -> None:
    """Whatever `Expected` accepts has an id, or is refused when it is made."""
    try:
        expected = Expected(**expect)
    except ValueError:
        return

    assert 64 == len(ask(expect=expected).id)


def test_ids_of_any_plate_type() -> None:
    """Likewise for a plate type."""
    try:
        expected = Expected(plate_type=1 << 64)
    except ValueError:
        return

    assert 64 == len(ask(expect=expected).id)


# What it is made of


@pytest.mark.parametrize("vector", each())
def test_pickles(vector: Vector) -> None:
    """A verdict survives pickling with everything that it says."""
    verdict = vector.verify()

    copy: Verdict = pickle.loads(pickle.dumps(verdict))  # noqa: S301  our own bytes

    assert verdict.to_json() == copy.to_json()
    assert verdict.certificate == copy.certificate
    assert repr(verdict) == repr(copy)


def test_a_raised_verdict_pickles() -> None:
    """The error that carries a verdict crosses processes with it."""
    with pytest.raises(NotValidError) as caught:
        ask("").require_valid()

    copy: NotValidError = pickle.loads(pickle.dumps(caught.value))  # noqa: S301  our own bytes

    assert caught.value.verdict.to_json() == copy.verdict.to_json()
    assert caught.value.code == copy.code


def test_a_verdict_is_frozen() -> None:
    """A verdict, its reasons and its certificate cannot be changed in place."""
    verdict = ask(expect=None)

    with pytest.raises(attrs.exceptions.FrozenInstanceError):
        verdict.outcome = Outcome.VALID  # type: ignore[misc]  # the mistake under test
    with pytest.raises(attrs.exceptions.FrozenInstanceError):
        verdict.reasons[0].code = "x"  # type: ignore[misc]  # as above
    with pytest.raises(attrs.exceptions.FrozenInstanceError):
        verdict.certificate.vin = "x"  # type: ignore[misc, union-attr]  # as above


@pytest.mark.parametrize("vector", each())
def test_no_plate_and_no_vin_where_it_may_be_logged(vector: Vector) -> None:
    """Neither the repr of anything, nor a reason's detail, nor a raised error names the vehicle."""
    verdict = vector.verify()
    shown = [repr(verdict), str(verdict), repr(verdict.reasons), repr(verdict.certificate), repr(vector.expect)]
    if not verdict:
        with pytest.raises(NotValidError) as caught:
            verdict.require_valid()
        error = caught.value
        shown += [str(error), repr(error), repr(error.args), repr(error.detail), *traceback.format_exception(error)]

    assert [] == [secret for secret in SECRETS for text in shown if secret in text]


def test_no_plate_and_no_vin_in_a_verifier(caplog: pytest.LogCaptureFixture) -> None:
    """A verifier that has seen a certificate shows nothing of it, and nothing is logged."""
    backend = MemoryStatusBackend()
    backend.register(REF)
    backend.register_vehicle(registration_number=PLATE, country="CN", vin=VIN)
    asked = Answers(status=record(happened(StatusEventKind.REVOKED, LOSS)))
    for status in (backend, asked):
        verifying = Verifier(
            trust=TRUST, status=status, policy=Policy.roadside(), vehicles=backend, clock=FixedClock(NOW)
        )
        verifying.verify(TEXT, as_of=LOSS, expect=SEEN)

        assert [] == [secret for secret in SECRETS if secret in repr(verifying) + str(verifying)]
    assert [] == [secret for secret in SECRETS if secret in repr(asked.asked)]
    assert [] == caplog.records
