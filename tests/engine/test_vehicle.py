"""`check_vehicle`: nobody showed a certificate. What the register said, and nothing made of what it did not say.

What answers come to stands in the truth table (`tests/truth_table/9-register.toml`); here is what a table cannot hold.
"""

from __future__ import annotations

import asyncio
import json
import pickle
from datetime import UTC, date, datetime, timedelta
from typing import Any, Final

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from certcore import AsyncVerifier, Outcome, Policy, VehicleVerdict, policy
from certcore.errors import StatusError
from certcore.reasons._meaning import words_of
from certcore.status import MemoryStatusBackend, VehicleFlag, VehicleQuery, VehicleRecord
from certcore.testing import FixedClock
from tests.truth_table.cases import Case, cases
from tests.verify_cases import LONG_AGO, LOSS, NOW, PLATE, TRUST, VIN, Answers, verifier

LAST: Final = date(2027, 9, 30)
DAY: Final = timedelta(days=1)
CASES: Final = tuple(case for case in cases() if case.text is None)
PRESETS: Final = tuple(preset() for preset in policy.PRESETS.values())


def vehicle(**changes: Any) -> VehicleRecord:  # noqa: ANN401  any field of a record
    """What the register says of a vehicle that is in order."""
    fields: dict[str, Any] = {"known": True, "valid_until": LAST, "observed_at": NOW, "history_from": LONG_AGO}
    return VehicleRecord(**(fields | changes))


def check(answer: object = None, policy: Policy | None = None, **asked: Any) -> VehicleVerdict:  # noqa: ANN401  rubbish too
    """The verdict on the usual vehicle."""
    given: dict[str, Any] = {"vin": VIN, "as_of": LOSS} | asked
    vehicles = Answers(vehicle=vehicle() if answer is None else answer)
    return verifier(policy=policy, vehicles=vehicles).check_vehicle(**given)


# How the question is put


@pytest.mark.parametrize(
    ("asked", "error", "says"),
    [
        ({"vin": None}, ValueError, "by registration number or VIN"),
        ({"vin": None, "country": "CN", "plate_type": 2}, ValueError, "by registration number or VIN"),
        ({"vin": None, "registration_number": PLATE}, ValueError, "belongs to a country"),
        ({"registration_number": PLATE}, ValueError, "belongs to a country"),
        ({"registration_number": "   ", "country": "CN"}, ValueError, "letters or digits"),
        ({"registration_number": "·-·", "country": "CN"}, ValueError, "letters or digits"),
        ({"vin": "184211"}, ValueError, "whole VIN"),
        ({"vin": "E2184211"}, ValueError, "whole VIN"),
        ({"vin": "4211"}, ValueError, "VIN"),
        ({"vin": "   "}, ValueError, "VIN"),
        ({"country": "China"}, ValueError, "two letters"),
        ({"plate_type": -1}, ValueError, "whole number"),
        ({"as_of": datetime(2026, 9, 1, 2, 30)}, ValueError, "time zone"),  # noqa: DTZ001  the mistake under test
        ({"as_of": date(1969, 12, 31)}, ValueError, "1970"),
        ({"as_of": date(9999, 1, 1)}, ValueError, "9998"),
        ({"as_of": "2026-09-01"}, TypeError, "date"),
        ({"as_of": None}, TypeError, "date"),
    ],
)
def test_misuse(asked: dict[str, Any], error: type[Exception], says: str) -> None:
    """A question that cannot be put is the caller's mistake, said in a sentence that repeats no number."""
    vehicles = Answers(vehicle=vehicle())

    given: dict[str, Any] = {"vin": VIN, "as_of": LOSS} | asked

    with pytest.raises(error, match=says) as caught:
        verifier(vehicles=vehicles).check_vehicle(**given)

    assert [] == vehicles.asked
    assert not any(str(number) in str(caught.value) for number in (PLATE, "184211", "4211"))


def test_a_moment_has_no_default() -> None:
    """Nobody asks about now by forgetting to say when."""
    with pytest.raises(TypeError):
        verifier(vehicles=Answers(vehicle=vehicle())).check_vehicle(vin=VIN)  # type: ignore[call-arg]  # the mistake


def test_a_naive_clock() -> None:
    """A clock that does not say its zone is refused here as well."""
    asking = verifier(vehicles=Answers(vehicle=vehicle()), at=NOW.replace(tzinfo=None))

    with pytest.raises(ValueError, match="clock"):
        asking.check_vehicle(vin=VIN, as_of=LOSS)


def test_what_is_asked() -> None:
    """The backend is asked once: in the issuer's country, about the day's first instant, with its register keys."""
    vehicles = Answers(vehicle=vehicle())

    verifier(vehicles=vehicles).check_vehicle(
        registration_number="闽Ｃ 12345", country="cn", plate_type=2, vin=VIN.lower(), as_of=date(2026, 9, 1)
    )

    (query,) = vehicles.asked
    assert isinstance(query, VehicleQuery)
    assert ("CN", 2, VIN) == (query.country, query.plate_type, query.vin)
    assert (datetime(2026, 8, 31, 16, tzinfo=UTC), NOW) == (query.as_of, query.asked_at)
    assert TRUST.issuers[0].register_keys == query.keys


@pytest.mark.parametrize("as_of", [NOW + DAY, date(2026, 10, 2)])
def test_the_future_is_not_asked_about(as_of: datetime | date) -> None:
    """What has not come yet is not asked about."""
    vehicles = Answers(vehicle=vehicle())

    verdict = verifier(vehicles=vehicles).check_vehicle(vin=VIN, as_of=as_of)

    assert "status-in-future" in verdict
    assert [] == vehicles.asked


def test_a_country_that_nobody_is_trusted_for_is_not_asked() -> None:
    """Nobody's register is asked about another country's vehicle."""
    vehicles = Answers(vehicle=vehicle())

    verdict = verifier(vehicles=vehicles).check_vehicle(vin=VIN, country="DE", as_of=LOSS)

    assert (Outcome.UNDETERMINED, None, None) == (verdict.outcome, verdict.issuer, verdict.vehicle)
    assert [] == vehicles.asked


# Silence is no answer


ERRORS: Final = (
    StatusError("status-unavailable"),
    StatusError("as-of-unsupported"),
    StatusError("status-not-covered"),
    StatusError("vehicle-answer-signature"),
    StatusError("revoked-before-event"),
    ValueError("no"),
    TimeoutError(),
    KeyError("no"),
    RecursionError(),
)


@pytest.mark.parametrize("policy", PRESETS, ids=lambda policy: policy.name)
@pytest.mark.parametrize(
    "answer",
    [
        *ERRORS,
        vehicle(known=False, valid_until=None),
        vehicle(known=False),
        vehicle(valid_until=None),
        vehicle(valid_until=None, flags=[VehicleFlag(code="A")]),
        "VALID",
        True,
        {"known": True},
        object(),
    ],
    ids=lambda answer: type(answer).__name__,
)
def test_silence_is_neither_valid_nor_invalid(answer: object, policy: Policy) -> None:
    """No answer, an answer that knows nothing, and rubbish leave it open, under every policy."""
    verdict = check(answer, policy)

    assert Outcome.UNDETERMINED is verdict.outcome
    assert not verdict


@pytest.mark.parametrize("policy", PRESETS, ids=lambda policy: policy.name)
def test_nobody_to_ask(policy: Policy) -> None:
    """With no vehicle backend at all it is open as well, and never degraded to VALID."""
    verdict = verifier(policy=policy).check_vehicle(vin=VIN, as_of=LOSS)

    assert ["status-not-checked"] == [reason.code for reason in verdict.reasons if reason.code != "trust-list-stale"]
    assert verdict.vehicle is None


@given(
    st.builds(
        VehicleRecord,
        known=st.just(value=True),
        valid_until=st.none(),
        flags=st.frozensets(st.builds(VehicleFlag, code=st.sampled_from("ABCDEGHIJKLMNOPQZX"))),
        observed_at=st.just(NOW),
        history_from=st.sampled_from([None, LONG_AGO, NOW]),
    ),
    st.sampled_from(PRESETS),
)
def test_no_end_is_never_valid(record: VehicleRecord, policy: Policy) -> None:
    """A register that does not say until when the inspection runs makes no vehicle valid, whatever its flags."""
    assert Outcome.VALID is not check(record, policy).outcome


@given(
    st.builds(
        VehicleRecord,
        known=st.booleans(),
        valid_until=st.none() | st.dates(date(2026, 8, 1), date(2026, 10, 31)),
        flags=st.frozensets(
            st.builds(
                VehicleFlag,
                code=st.sampled_from("ACGQ"),
                since=st.none() | st.dates(date(2026, 8, 1), date(2026, 10, 1)),
            )
        ),
        observed_at=st.datetimes(datetime(2026, 8, 1), datetime(2026, 10, 1), timezones=st.just(UTC)),  # noqa: DTZ001  naive bounds are its form
        history_from=st.none() | st.datetimes(datetime(2026, 8, 1), datetime(2026, 10, 1), timezones=st.just(UTC)),  # noqa: DTZ001  as above
    ),
    st.dates(date(2026, 8, 1), date(2026, 10, 1)),
    st.sampled_from(PRESETS),
)
def test_valid_rests_on_the_registers_word(record: VehicleRecord, day: date, policy: Policy) -> None:
    """Whatever is answered, VALID means: known, an end that is not before the day, and no flag that stops it."""
    verdict = check(record, policy, as_of=day)

    if verdict:
        assert record.known
        assert record.valid_until is not None
        assert record.valid_until >= day
        assert not any(flag.code in "CQ" and (flag.since is None or flag.since <= day) for flag in record.flags)


def test_an_inspection_says_nothing_of_the_time_before_it() -> None:
    """A register in memory that knows of an inspection does not take it for one of years ago."""
    register = MemoryStatusBackend()
    register.register_vehicle(
        registration_number=PLATE, country="CN", vin=VIN, valid_from=date(2026, 6, 1), valid_until=LAST
    )
    asking = verifier(vehicles=register)

    found = [
        asking.check_vehicle(vin=VIN, as_of=day).outcome
        for day in (date(1990, 1, 1), date(2026, 5, 31), date(2026, 6, 1), date(2026, 9, 1))
    ]

    assert [Outcome.UNDETERMINED, Outcome.UNDETERMINED, Outcome.VALID, Outcome.VALID] == found


def test_an_inspection_without_a_beginning() -> None:
    """Where nobody said when it began it counts as having always run, like a certificate registered without a time."""
    register = MemoryStatusBackend()
    register.register_vehicle(registration_number=PLATE, country="CN", vin=VIN, valid_until=LAST)

    assert Outcome.VALID is verifier(vehicles=register).check_vehicle(vin=VIN, as_of=date(1990, 1, 1)).outcome


@pytest.mark.parametrize("interrupt", [KeyboardInterrupt, SystemExit])
def test_interrupts_are_not_swallowed(interrupt: type[BaseException]) -> None:
    """What stops a program stops it."""
    with pytest.raises(interrupt):
        check(interrupt())


# What it says


def test_what_the_register_said_is_shown() -> None:
    """The record, whose register it is, and the times of the question; a refused record is not shown."""
    verdict = check()

    assert (vehicle(), "CN", LOSS, NOW) == (verdict.vehicle, verdict.issuer, verdict.as_of, verdict.evaluated_at)
    assert Policy.claims().id == verdict.policy_id
    assert check(StatusError("status-unavailable")).vehicle is None
    assert check("rubbish").vehicle is None


def test_json_and_words() -> None:
    """Its JSON reads back, and names neither plate nor VIN; its words are in two languages and no third."""
    verdict = check(vehicle(flags=[VehicleFlag(code="G", since=date(2026, 8, 1))]))

    assert {
        "known": True,
        "flags": [{"code": "G", "since": "2026-08-01", "until": None}],
        "valid_until": "2027-09-30",
        "observed_at": NOW.isoformat(),
        "history_from": LONG_AGO.isoformat(),
    } == verdict.to_dict()["vehicle"]
    assert verdict.to_dict() == json.loads(verdict.to_json())
    assert VIN not in verdict.to_json()
    with pytest.raises(ValueError, match="en and zh"):
        verdict.explain(lang="de")


@pytest.mark.parametrize("lang", ["en", "zh"])
@pytest.mark.parametrize("case", [pytest.param(case, id=case.name) for case in CASES])
def test_explanations(case: Case, lang: str) -> None:
    """Each reason has its line and next step below that of the outcome; none stands twice."""
    verdict = case.ask()
    lines = verdict.explain(lang=lang).splitlines()

    assert len(lines) == len(set(lines))
    for reason in verdict.reasons:
        words = words_of(reason, lang=lang, is_about_vehicle=True)
        assert any(words.line in line and words.next_step in line for line in lines)


def test_ids() -> None:
    """The same question has the same id, however the vehicle is written, whatever is answered; another has not."""
    plate: dict[str, Any] = {"registration_number": PLATE, "country": "CN", "plate_type": 2, "vin": None}
    same = {
        check(**plate).id,
        check(**(plate | {"registration_number": "闽Ｃ 12345", "country": "cn"})).id,
        check("rubbish", **plate).id,
    }
    others = {
        check().id,
        check(vin=VIN.lower(), as_of=LOSS + DAY).id,
        check(as_of=date(2026, 9, 1)).id,
        check(policy=Policy.roadside()).id,
        check(**(plate | {"plate_type": 1})).id,
        check(**(plate | {"vin": VIN})).id,
    }

    assert 1 == len(same)
    assert 6 == len(others)
    assert not same & others
    assert check().id == check(vin=VIN.lower()).id


def test_it_is_frozen_and_pickles() -> None:
    """A verdict on a vehicle cannot be changed, and survives pickling with everything that it says."""
    verdict = check(vehicle(flags=[VehicleFlag(code="C")]))
    copy: VehicleVerdict = pickle.loads(pickle.dumps(verdict))  # noqa: S301  our own bytes

    assert verdict == copy
    assert verdict.to_json() == copy.to_json()
    with pytest.raises(attrs.exceptions.FrozenInstanceError):
        verdict.outcome = Outcome.VALID  # type: ignore[misc]  # the mistake under test


def test_an_event_loop_puts_the_same_questions() -> None:
    """`AsyncVerifier.check_vehicle` refuses what is refused here, and asks nobody where there is nobody."""
    asking = AsyncVerifier(trust=TRUST, status=None, policy=Policy.claims(), clock=FixedClock(NOW))

    with pytest.raises(ValueError, match="whole VIN"):
        asyncio.run(asking.check_vehicle(vin="184211", as_of=LOSS))
    verdict = asyncio.run(asking.check_vehicle(vin=VIN, as_of=LOSS))
    assert verdict == verifier().check_vehicle(vin=VIN, as_of=LOSS)
