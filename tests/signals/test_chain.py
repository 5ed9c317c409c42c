"""What several certificates show beside each other."""

from __future__ import annotations

import random
from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any, cast

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from certcore import InspectionCertificate, Result, StatusListEntry, Verdict, signals
from certcore.signals._signal import Signal
from certcore.status import MemoryStatusBackend
from tests.signals.cases import OTHER_VIN, chain, link, noticed, ref, trust_list, verdict_on
from tests.verify_cases import (
    ISSUED,
    LIVE_SIGNER,
    NOW,
    PLATE,
    REF,
    SIGNER,
    VIN,
    certificate,
    seal,
    trusted_issuer,
    trusted_key,
)

ID_A, ID_B = b"aaaaaaaa", b"bbbbbbbb"
Found = list[tuple[str, int, int]]


def found(given: Sequence[InspectionCertificate | Verdict]) -> Found:
    """Every signal as its code and the two certificates it names."""
    return [
        (signal.code, cast("int", detail["earlier"]), cast("int", detail["later"]))
        for signal in signals.check_chain(given)
        if (detail := dict(signal.detail))
    ]


def by_id(identifier: bytes, year: int, **changes: Any) -> InspectionCertificate:  # noqa: ANN401  any field
    """A certificate that goes by an id."""
    return link(0, year, status=None, certificate_id=identifier, **changes)


# What is in order


def test_nothing() -> None:
    """No certificates and one show nothing."""
    assert () == signals.check_chain([])
    assert () == signals.check_chain(chain(2025))


def test_a_chain_in_order() -> None:
    """Years of renewals, each naming the one before and driven further, show nothing."""
    years = [attrs.evolve(one, odometer_km=10_000 * place) for place, one in enumerate(chain(2021, 2022, 2023, 2024))]

    assert () == signals.check_chain(years)
    assert () == signals.check_chain(iter(reversed(years)))


def test_without_links() -> None:
    """Issuers that never name the certificate before are no ground for a signal."""
    assert () == signals.check_chain([link(place, 2021 + place) for place in range(4)])


def test_one_certificate_shown_twice() -> None:
    """Presentations of one certificate, static or live, are one: no loop, no overlap, no shared reference."""
    one = link(0, 2025)
    live = attrs.evolve(one, presented_at=NOW, expires_at=NOW + timedelta(minutes=5))

    assert () == signals.check_chain([one, live, one])


def test_a_bag_of_many_vehicles() -> None:
    """Certificates of different vehicles fall apart by VIN, and each is judged by itself."""
    cars = chain(2023, 2024, odometer_km=50_000) + chain(2023, 2024, vin=OTHER_VIN, odometer_km=10_000)
    numbered = [attrs.evolve(one, status=ref(10 + place), previous=None) for place, one in enumerate(cars)]

    assert () == signals.check_chain(numbered)
    rolled_back = [*numbered[:3], attrs.evolve(numbered[3], odometer_km=9_000)]
    assert [("odometer-backwards", 2, 3)] == found(rolled_back)


def test_a_confidential_vin_belongs_to_nothing() -> None:
    """Without a VIN and without a link nothing is compared: a plate may have changed hands."""
    hidden = [
        link(place, 2023 + place, vin=None, confidential=bytes([place]), odometer_km=9 - place) for place in (0, 1)
    ]

    assert () == signals.check_chain(hidden)


# Odometer, tests, times


def test_an_odometer_going_backwards() -> None:
    """Fewer kilometres at a later test are noticed once, with both readings."""
    cars = [
        attrs.evolve(one, odometer_km=km)
        for one, km in zip(chain(2021, 2022, 2023), (90_000, 60_000, 70_000), strict=True)
    ]

    assert (
        Signal("odometer-backwards", (("earlier", 0), ("earlier_km", 90_000), ("later", 1), ("later_km", 60_000))),
    ) == signals.check_chain(cars)


def test_an_odometer_over_a_gap() -> None:
    """A certificate without a reading does not hide what those around it show."""
    cars = [
        attrs.evolve(one, odometer_km=km)
        for one, km in zip(chain(2021, 2022, 2023), (90_000, None, 60_000), strict=True)
    ]

    assert [("odometer-backwards", 0, 2)] == found(cars)


def test_an_odometer_is_read_at_the_test() -> None:
    """A certificate issued late for an older test has fewer kilometres in good faith; only its date is noticed."""
    newer = link(0, 2024, odometer_km=60_000)
    late = link(1, 2025, previous=ref(0), inspected_on=date(2023, 10, 10), odometer_km=40_000)

    assert [("inspection-date-backwards", 0, 1)] == found([newer, late])
    assert [("inspection-date-backwards", 0, 1), ("odometer-backwards", 1, 0)] == sorted(
        found([newer, attrs.evolve(late, odometer_km=70_000)])
    )


def test_test_dates_going_backwards() -> None:
    """A later certificate that rests on an older test is noticed, with by how many days, linked or not."""
    newer, late = link(0, 2024), link(1, 2025, inspected_on=date(2024, 10, 3))
    expected = (Signal("inspection-date-backwards", (("days", 7), ("earlier", 0), ("later", 1))),)

    assert expected == signals.check_chain([newer, late])
    assert expected == signals.check_chain([newer, attrs.evolve(late, previous=ref(0))])


def test_the_same_test_again() -> None:
    """A certificate issued anew on the same test is no step back."""
    assert [] == found([link(0, 2024), link(1, 2025, inspected_on=date(2024, 10, 10), previous=ref(0))])


def test_issue_going_backwards() -> None:
    """A certificate issued before the one it follows is noticed; without the link the order is that of issue."""
    first, second = link(0, 2024), link(1, 2023, previous=ref(0), inspected_on=None, valid_from=date(2025, 10, 10))
    second = attrs.evolve(second, valid_until=date(2026, 10, 9))
    seconds = int((first.issued_at - second.issued_at).total_seconds())  # type: ignore[operator]  # both were issued

    assert (Signal("issue-time-backwards", (("earlier", 0), ("later", 1), ("seconds", seconds))),) == (
        signals.check_chain([first, second])
    )
    assert [("superseded-by-newer", 1, 0)] == found([first, attrs.evolve(second, previous=None)])


def test_links_come_before_times() -> None:
    """What is named comes before what names it, so kilometres are compared in that order."""
    first = link(0, 2024, inspected_on=None, odometer_km=50_000, valid_from=date(2024, 10, 10))
    second = link(1, 2023, previous=ref(0), inspected_on=None, odometer_km=60_000, valid_from=date(2025, 10, 10))
    second = attrs.evolve(second, valid_until=date(2026, 10, 9))

    assert [("issue-time-backwards", 0, 1)] == found([first, second])
    assert [("odometer-backwards", 1, 0), ("superseded-by-newer", 1, 0)] == found(
        [first, attrs.evolve(second, previous=None)]
    )


# Links


def test_the_vehicle_changes() -> None:
    """A certificate that follows one of another VIN is noticed, and their kilometres are not compared."""
    first, second = chain(2024, 2025)
    first, second = attrs.evolve(first, odometer_km=90_000), attrs.evolve(second, vin=OTHER_VIN, odometer_km=5_000)

    assert [("chain-vin-changed", 0, 1)] == found([first, second])


def test_the_vehicle_changes_behind_a_confidential_one() -> None:
    """A certificate whose VIN cannot be read in between does not hide that it changed."""
    first, hidden, third = chain(2023, 2024, 2025)
    hidden = attrs.evolve(hidden, vin=None, confidential=b"\x80")

    assert [] == found([first, hidden, third])
    assert [("chain-vin-changed", 1, 2)] == found([first, hidden, attrs.evolve(third, vin=OTHER_VIN)])


def test_kilometres_through_a_confidential_certificate() -> None:
    """What a linked certificate without readable VIN shows counts for its chain, before and after."""
    first, hidden, third = (
        attrs.evolve(one, odometer_km=km)
        for one, km in zip(chain(2023, 2024, 2025), (30_000, 50_000, 40_000), strict=True)
    )
    hidden = attrs.evolve(hidden, vin=None, confidential=b"\x80")

    assert [("odometer-backwards", 1, 2)] == found([first, hidden, third])
    assert [("odometer-backwards", 0, 1)] == found([attrs.evolve(hidden, previous=None), third])


def test_by_id() -> None:
    """An id names a certificate wherever it comes from."""
    first = by_id(ID_A, 2024)

    assert [] == found([first, by_id(ID_B, 2025, previous=ID_A)])
    assert [("chain-vin-changed", 0, 1)] == found(
        [first, by_id(ID_B, 2025, previous=ID_A, vin=OTHER_VIN, registration_number="B-AB 1", country="DE")]
    )


def test_numbers_of_two_issuers_meet_by_chance() -> None:
    """A bare certificate does not say whose numbers it uses: then vehicle or plate must agree to make a link."""
    first = link(0, 2024)
    other_car = link(1, 2025, previous=ref(0), vin=OTHER_VIN, registration_number="闽C54321")

    assert [] == found([first, other_car])
    assert [("chain-vin-changed", 0, 1)] == found([first, attrs.evolve(other_car, registration_number=PLATE)])
    both = [attrs.evolve(one, issuer="CN") for one in (first, other_car)]
    assert [("chain-vin-changed", 0, 1)] == found(both)
    assert [] == found(
        [attrs.evolve(first, issuer="A"), attrs.evolve(other_car, issuer="B", registration_number=PLATE)]
    )


def test_a_predecessor_that_was_left_out() -> None:
    """Where an older certificate is there and the one in between is not, that is noticed."""
    first, _, third = chain(2023, 2024, 2025)

    assert [("chain-previous-missing", 0, 1)] == found([first, third])
    assert [] == found([third])
    same_time = [one for one in found([link(7, 2025), third]) if one[0] == "chain-previous-missing"]
    assert [] == same_time
    younger = link(7, 2026, previous=ref(0))
    assert [] == [one for one in found([younger, third]) if one[0] == "chain-previous-missing" and one[2] == 1]


def test_a_predecessor_listed_by_its_full_uri() -> None:
    """A list named by its URI may be the numbered one: then nothing is said to be missing."""
    entry = link(0, 2024, status=StatusListEntry(uri="https://status.example/12", index=0))

    assert [] == found([entry, link(1, 2025, previous=ref(0))])
    assert [("chain-previous-missing", 0, 1)] == found([entry, link(1, 2025, previous=ID_A)])


def test_a_fork() -> None:
    """Two certificates that follow the same one are noticed, the older of them first."""
    first, second = chain(2023, 2024)
    third = link(2, 2025, previous=ref(0))

    assert [("chain-forked", 1, 2)] == found([first, second, third])
    assert [("chain-forked", 1, 0)] == found([third, second, first])


def test_loops() -> None:
    """Certificates that follow each other in a circle, or one itself, are noticed once and still judged."""
    a, b, c = (link(place, 2023 + place, previous=ref((place - 1) % 3)) for place in range(3))

    assert [("chain-loop", 0, 2)] == found([a, b, c])
    assert [("chain-loop", 0, 0)] == found([link(0, 2025, previous=ref(0))])
    behind = link(3, 2026, previous=ref(2), odometer_km=1)
    assert [("chain-loop", 0, 2), ("odometer-backwards", 2, 3)] == found([a, b, attrs.evolve(c, odometer_km=2), behind])


def test_a_shared_reference() -> None:
    """Two different certificates under one reference are noticed, where it is sure that it is one."""
    one, other = by_id(ID_A, 2023), by_id(ID_A, 2025, authority="闽A")
    assert [("reference-shared", 0, 1)] == found([one, other])
    assert [("reference-shared", 1, 0)] == found([other, one])

    numbered = [link(0, 2023), link(0, 2025, authority="闽A")]
    assert [] == found(numbered)  # of two issuers, perhaps
    assert [("reference-shared", 0, 1)] == found([attrs.evolve(bare, issuer="CN") for bare in numbered])
    assert [("reference-shared", 0, 1)] == found([verdict_on(seal(bare)) for bare in numbered])


# Side by side


def test_superseded_by_a_newer_one() -> None:
    """A certificate that still ran when a newer one was issued is noticed, beside the next newer one."""
    long = link(0, 2023, valid_until=date(2026, 9, 30))
    second, third = link(1, 2024, previous=ref(0)), link(2, 2025, previous=ref(1))

    assert [("superseded-by-newer", 0, 1)] == found([long, second, third])


def test_superseded_by_a_failed_test() -> None:
    """A failed inspection, which runs for no day itself, supersedes as well."""
    failed = link(1, 2024, previous=ref(0), result=Result.MAJOR, valid_until=None)

    assert [("superseded-by-newer", 0, 1)] == found([link(0, 2023, valid_until=date(2025, 9, 30)), failed])


@pytest.mark.parametrize(
    ("days", "hour", "is_noticed"),
    [(-1, 2, False), (0, 2, True), (0, 9, True), (0, 10, False), (0, 23, False), (1, 23, True)],
)
def test_only_what_holds_in_every_time_zone(days: int, hour: int, *, is_noticed: bool) -> None:
    """Where one ends about when the next is issued, nothing is said unless it is so anywhere on earth (UTC+14)."""
    first = link(0, 2024, valid_until=date(2025, 10, 10) + timedelta(days=days))
    second = link(1, 2025, previous=ref(0), issued_at=datetime(2025, 10, 10, hour, tzinfo=UTC))

    assert is_noticed == bool(found([first, second]))


def test_a_certificate_of_very_short_life() -> None:
    """One that ends at an instant was not superseded by the next one of the same day."""
    at = datetime(2025, 10, 10, 2, tzinfo=UTC)
    first = link(0, 2025, expires_at=at + timedelta(hours=6))
    next_one = link(1, 2025, issued_at=at + timedelta(hours=6), expires_at=at + timedelta(hours=12), previous=ref(0))

    assert [] == found([first, next_one])
    assert ["superseded-by-newer"] == noticed(
        signals.check_chain([first, attrs.evolve(next_one, issued_at=at + timedelta(hours=5))])
    )


def test_two_in_force_at_once() -> None:
    """Two that run at the same time and do not follow each other are noticed; a renewal is not."""
    first, second = link(0, 2024, valid_until=date(2026, 9, 30)), link(1, 2025)

    assert [("in-force-at-once", 0, 1), ("superseded-by-newer", 0, 1)] == found([first, second])
    assert [("superseded-by-newer", 0, 1)] == found([first, attrs.evolve(second, previous=ref(0))])
    assert [("in-force-at-once", 0, 1)] == found([first, attrs.evolve(link(2, 2024, valid_until=date(2026, 9, 1)))])


@pytest.mark.parametrize(("days", "is_noticed"), [(0, True), (1, False), (2, False)])
def test_a_first_day_that_is_stated(days: int, *, is_noticed: bool) -> None:
    """One that begins when the other ends, or the day before, does not run beside it; of that the zone decides."""
    first = link(0, 2024, valid_until=date(2026, 1, 10))
    second = link(1, 2025, valid_from=date(2026, 1, 9) + timedelta(days=days))

    assert is_noticed == ("in-force-at-once" in noticed(signals.check_chain([first, second])))


def test_one_of_another_chain_beneath_a_longer_one() -> None:
    """The longest of the same chain does not hide an overlap with another chain."""
    first = link(0, 2022, valid_until=date(2024, 9, 30))
    longest = link(1, 2023, valid_until=date(2027, 9, 30))
    follower = link(2, 2024, previous=ref(1), issued_at=datetime(2024, 3, 1, tzinfo=UTC), inspected_on=date(2024, 3, 1))
    codes = {(code, a, b) for code, a, b in found([first, longest, follower]) if code == "in-force-at-once"}

    assert {("in-force-at-once", 0, 1), ("in-force-at-once", 0, 2)} == codes


def registered_verdict(register: MemoryStatusBackend, stated: InspectionCertificate) -> Verdict:
    """A verdict in which the register has spoken."""
    verdict = verdict_on(seal(stated), as_of=NOW, register=register)
    assert verdict.certificate is not None
    return verdict


def test_a_register_that_ended_the_first() -> None:
    """A verdict tells until when its certificate was in force: superseded at the right moment, nothing is noticed."""
    first, second = link(0, 2024, valid_until=date(2026, 9, 30)), link(1, 2025)
    register = MemoryStatusBackend()
    for one in (first, second):
        assert one.status is not None
        register.register(one.status, at=one.issued_at)
    before = [registered_verdict(register, one) for one in (first, second)]
    assert second.issued_at is not None
    register.supersede(ref(0), at=second.issued_at)
    after = [registered_verdict(register, one) for one in (first, second)]

    assert [("in-force-at-once", 0, 1), ("superseded-by-newer", 0, 1)] == found(before)
    assert [] == found(after)


def test_void_from_the_start() -> None:
    """A certificate that was never in force runs beside nothing."""
    first, second = link(0, 2024, valid_until=date(2026, 9, 30)), link(1, 2025)
    register = MemoryStatusBackend()
    register.register(ref(0), at=first.issued_at)
    register.revoke(ref(0), at=NOW - timedelta(days=1), effective_at=None)
    verdict = registered_verdict(register, first)

    assert "void-from-start" in verdict
    assert [] == found([verdict, second])


# What is handed in


def test_verdicts() -> None:
    """Verdicts say whose numbers they are; what is not authentic is passed over and keeps its place."""
    first, second = chain(2024, 2025)
    other_car = attrs.evolve(second, vin=OTHER_VIN, registration_number="闽C54321")
    verdicts = [verdict_on(""), verdict_on(seal(first)), verdict_on("VIC1:"), verdict_on(seal(other_car))]

    assert [("chain-vin-changed", 1, 3)] == found(verdicts)
    assert [("chain-vin-changed", 0, 1)] == found([verdicts[1], verdict_on(seal(other_car))])


def test_verdicts_of_two_issuers() -> None:
    """The same numbers of two issuers are two certificates, also for one vehicle."""
    trust = trust_list(trusted_issuer(trusted_key(SIGNER), id="A"), trusted_issuer(trusted_key(LIVE_SIGNER), id="B"))
    first = verdict_on(seal(link(0, 2024), SIGNER), trust=trust)
    elsewhere = verdict_on(seal(link(1, 2025, previous=ref(0)), LIVE_SIGNER), trust=trust)
    same_number = verdict_on(seal(link(0, 2025), LIVE_SIGNER), trust=trust)

    assert ["A", "B", "B"] == [verdict.issuer for verdict in (first, elsewhere, same_number)]
    assert [("chain-previous-missing", 0, 1)] == found([first, elsewhere])
    assert [] == found([first, same_number])


def test_a_verdict_and_its_certificate() -> None:
    """A certificate handed in bare and in its verdict is one, and what the verdict knows counts."""
    first, second = chain(2024, 2025)
    other_car = attrs.evolve(second, vin=OTHER_VIN, registration_number="闽C54321")

    assert [("chain-vin-changed", 0, 1)] == found(
        [first, other_car, verdict_on(seal(first)), verdict_on(seal(other_car))]
    )


def test_what_a_later_verdict_knows() -> None:
    """A certificate that comes bare first and then in a verdict is judged by what the register said."""
    first, second = link(0, 2024, valid_until=date(2026, 9, 30)), link(1, 2025)
    register = MemoryStatusBackend()
    register.register(ref(0), at=first.issued_at)
    register.supersede(ref(0), at=datetime(2025, 10, 10, 2, tzinfo=UTC))

    assert [("in-force-at-once", 0, 1), ("superseded-by-newer", 0, 1)] == found([first, second])
    assert [] == found([first, second, registered_verdict(register, first)])


def test_only_a_live_presentation() -> None:
    """The minutes of a live presentation are not the end of the certificate that it presents."""
    first = link(0, 2024, valid_until=date(2026, 9, 30))
    assert first.issued_at is not None
    at = first.issued_at + timedelta(days=9)
    live = attrs.evolve(first, presented_at=at, expires_at=at + timedelta(minutes=5))

    assert [("superseded-by-newer", 0, 1)] == found([live, link(1, 2025, previous=ref(0))])


def test_one_reader_had_the_group_key() -> None:
    """Where one of two looked into the sealed part, what it saw counts."""
    sealed = link(0, 2024, vin=None, confidential=b"\x80")
    opened = attrs.evolve(sealed, vin=VIN, odometer_km=50_000, confidential_fields=("vin", "odometer_km"))
    second = link(1, 2025, odometer_km=40_000)

    assert [] == found([sealed, second])
    assert [("odometer-backwards", 0, 2)] == found([sealed, opened, second])


@pytest.mark.parametrize("wrong", ["VIC1:", b"", 1, None])
def test_something_else(wrong: object) -> None:
    """What is neither a certificate nor a verdict is the caller's mistake, None among them."""
    with pytest.raises(TypeError, match="certificates or verdicts"):
        signals.check_chain([wrong])  # type: ignore[list-item]  # the mistake under test


def test_a_draft() -> None:
    """A certificate that was never issued belongs to no chain."""
    with pytest.raises(ValueError, match="never issued"):
        signals.check_chain([attrs.evolve(certificate(), issued_at=None)])


def test_the_verdicts_stay_as_they_are() -> None:
    """The verdicts handed in are byte for byte the same afterwards."""
    verdicts = [verdict_on(), verdict_on(issued_at=ISSUED + timedelta(days=9), status=ref(9), previous=REF)]
    before = [verdict.to_json() for verdict in verdicts]

    assert signals.check_chain(verdicts)
    assert before == [verdict.to_json() for verdict in verdicts]


# Laws

links = st.builds(
    lambda place, year, month, vin, odometer, previous, is_long: link(
        place,
        2020 + year,
        vin=(VIN, OTHER_VIN)[vin],
        odometer_km=odometer,
        previous=None if previous is None else ref(previous),
        issued_at=datetime(2020 + year, 1 + month, 10, 2, place, tzinfo=UTC),
        valid_until=date(2021 + year + is_long, 10, 9),
    ),
    st.integers(0, 7),
    st.integers(0, 4),
    st.integers(0, 11),
    st.integers(0, 1),
    st.none() | st.integers(0, 3),
    st.none() | st.integers(0, 7),
    st.integers(0, 2),
)


@given(st.lists(links, max_size=8, unique_by=lambda one: one.issued_at), st.randoms(use_true_random=False))
def test_the_order_in_the_bag_does_not_matter(bag: list[InspectionCertificate], chance: random.Random) -> None:
    """However the bag is shaken, the same is noticed about the same certificates."""
    shaken = list(enumerate(bag))
    chance.shuffle(shaken)
    places = [place for place, _ in shaken]

    expected = found(bag)
    again = [(code, places[earlier], places[later]) for code, earlier, later in found([one for _, one in shaken])]

    assert sorted(expected) == sorted(again)


@given(st.lists(links, max_size=8))
def test_the_answer_is_in_order(bag: list[InspectionCertificate]) -> None:
    """Signals come by the later certificate, the earlier, and the code, and none twice."""
    places = [(later, earlier, code) for code, earlier, later in found(bag)]

    assert sorted(set(places)) == places


@given(st.lists(links, max_size=8))
def test_no_signal_names_a_vehicle(bag: list[InspectionCertificate]) -> None:
    """Neither plate nor VIN is in a signal."""
    shown = repr(signals.check_chain(bag))

    assert not any(number in shown for number in (VIN, OTHER_VIN, PLATE, "12345"))


@given(st.integers(1, 6), st.integers(0, 100_000))
def test_a_car_that_is_only_driven(years: int, per_year: int) -> None:
    """A chain without gaps in which everything moves forward shows nothing."""
    driven = chain(*range(2019, 2019 + years))

    assert () == signals.check_chain(
        [attrs.evolve(one, odometer_km=per_year * place) for place, one in enumerate(driven)]
    )


@pytest.mark.parametrize("shape", ["long", "wide", "one-reference", "side-by-side"])
def test_large_bags(shape: str) -> None:
    """Ten thousand certificates in one call are no trouble, whichever way they hang together: no step is quadratic."""
    count = 10_000
    first = link(0, 2024)
    assert first.issued_at is not None
    bag = [
        attrs.evolve(
            first,
            status=ref(0 if shape == "one-reference" else place),
            previous={"long": ref(max(0, place - 1)), "side-by-side": None}.get(shape, ref(0)) if place else None,
            issued_at=first.issued_at + timedelta(minutes=place),
            valid_until=date(2030, 1, 1),
        )
        for place in range(count)
    ]
    codes = noticed(signals.check_chain(bag))

    expected = {"long": (count - 1, 0), "wide": (count - 1, 0), "one-reference": (count - 1, 0)}
    assert expected.get(shape, (count - 1, count - 1)) == (
        codes.count("superseded-by-newer"),
        codes.count("in-force-at-once"),
    )
