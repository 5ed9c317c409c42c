"""Every statement counts, is a repetition, or is refused: nothing is acknowledged and then dropped."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from itertools import permutations
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from certcore.errors import IssuingError
from certcore.payload import StatusRef
from certcore.register._store import _statements
from certcore.register.log import StatusRegistry
from certcore.status import StatusEvent, StatusEventKind, StatusState
from certcore.status._facts import state_at
from tests.register.cast import DAY, NOW, SetClock, issue, kinds, look_up, prepared

SAID: dict[str, Any] = {"actor": "clerk-7", "reason": "entered in error"}
CHANGES = [kind for kind in StatusEventKind if kind is not StatusEventKind.ISSUED]
STOPS = {"suspend": StatusState.SUSPENDED, "supersede": StatusState.SUPERSEDED, "revoke": StatusState.REVOKED}


def states(registry: StatusRegistry, ref: StatusRef, days: Sequence[float]) -> list[StatusState]:
    """How the register's events leave a certificate on some days from now."""
    events = look_up(registry, ref).events
    return [state_at(events, NOW + day * DAY) for day in days]


@pytest.mark.parametrize("stop", STOPS)
def test_an_earlier_statement_counts(registry: StatusRegistry, clock: SetClock, stop: str) -> None:
    """One for next month is made, and the next day the same from now: it stops now."""
    ref, _ = issue(registry, clock)
    getattr(registry, stop)(ref, effective_at=NOW + 28 * DAY, **SAID)
    clock.pass_by(DAY)
    getattr(registry, stop)(ref, effective_at=clock(), **SAID)
    assert [StatusState.VALID, STOPS[stop], STOPS[stop]] == states(registry, ref, [0.5, 1, 28])


@pytest.mark.parametrize(("planned", "now"), list(permutations(STOPS, 2)))
def test_a_planned_stop_does_not_hide_another(
    registry: StatusRegistry, clock: SetClock, planned: str, now: str
) -> None:
    """Whatever is planned for next month, another stop from now counts, and the planned one too if it is stronger."""
    ref, _ = issue(registry, clock)
    getattr(registry, planned)(ref, effective_at=NOW + 28 * DAY, **SAID)
    clock.pass_by(DAY)
    getattr(registry, now)(ref, effective_at=clock(), **SAID)
    rank = ["suspend", "supersede", "revoke"]
    last = max(planned, now, key=rank.index)
    assert [StatusState.VALID, STOPS[now], STOPS[last]] == states(registry, ref, [0.5, 1, 28])


def test_a_resumption_ends_a_suspension_before_a_planned_stop(registry: StatusRegistry, clock: SetClock) -> None:
    """A certificate that will be superseded next month and is suspended now can be resumed until then."""
    ref, _ = issue(registry, clock)
    registry.supersede(ref, effective_at=NOW + 28 * DAY, **SAID)
    registry.suspend(ref, **SAID)
    clock.pass_by(DAY)
    registry.resume(ref, **SAID)
    expected = [StatusState.SUSPENDED, StatusState.VALID, StatusState.SUPERSEDED]
    assert expected == states(registry, ref, [0, 1, 28])


def test_a_resumption_in_the_second_of_the_suspension_counts(registry: StatusRegistry, clock: SetClock) -> None:
    """Of two events in one second the one that stops decides, so the resumption has effect a second later."""
    ref, _ = issue(registry, clock)
    registry.suspend(ref, **SAID)
    registry.resume(ref, **SAID)
    assert ["issued", "suspended", "resumed"] == kinds(look_up(registry, ref))
    assert StatusState.VALID is state_at(look_up(registry, ref).events, NOW + timedelta(seconds=1))


def test_a_suspension_that_was_resumed_later_is_refused(registry: StatusRegistry, clock: SetClock) -> None:
    """Said from a day on which it was suspended anyway, and of which a later resumption is known: it has no effect."""
    ref, _ = issue(registry, clock)
    registry.suspend(ref, effective_at=NOW, **SAID)
    clock.pass_by(4 * DAY)
    registry.resume(ref, **SAID)
    for day in (0, 2):
        with pytest.raises(IssuingError) as caught:
            registry.suspend(ref, effective_at=NOW + day * DAY, **SAID)
        assert "register-failed" == caught.value.code
    registry.suspend(ref, effective_at=NOW - DAY, **SAID)
    assert [StatusState.SUSPENDED, StatusState.VALID] == states(registry, ref, [-1, 4])


def test_what_a_clock_ahead_recorded_is_said_again(registry: StatusRegistry, clock: SetClock) -> None:
    """A statement recorded in the future is not known yet; made again with the right clock, it counts now."""
    ref, _ = issue(registry, clock)
    clock.at = NOW + 900 * DAY
    registry.revoke(ref, effective_at=NOW, **SAID)
    assert 0 == registry.revoke_where(authority="闽C", effective_at=NOW, **SAID)
    clock.at = NOW + DAY
    assert 1 == registry.revoke_many([ref], effective_at=NOW, **SAID)
    assert [NOW + 900 * DAY, NOW + DAY] == [event.recorded_at for event in look_up(registry, ref).events[1:]]
    other, _ = issue(registry, clock, 2)
    clock.at = NOW + 900 * DAY
    registry.revoke(other, effective_at=NOW, **SAID)
    clock.at = NOW + DAY
    assert 1 == registry.revoke_where(authority="闽C", effective_at=NOW, **SAID)


OFFSETS = st.one_of(st.none(), st.integers(0, 12).map(lambda day: NOW + (day + 0.5) * DAY))
STATEMENTS = st.lists(st.tuples(st.sampled_from(CHANGES), OFFSETS), max_size=8)


@given(said=STATEMENTS)
def test_what_is_acknowledged_counts(said: list[tuple[StatusEventKind, datetime | None]]) -> None:
    """The events that are kept say at every instant what all acknowledged statements say."""
    kept: list[StatusEvent] = []
    acknowledged: list[StatusEvent] = []
    for number, (kind, effective_at) in enumerate(said):
        may_be_void = kind is StatusEventKind.REVOKED
        at = effective_at if effective_at is not None or may_be_void else NOW + number * DAY
        event = StatusEvent(kind=kind, effective_at=at, recorded_at=NOW + number * DAY)
        try:
            is_new = _statements.is_new(kept, event)
        except IssuingError:
            continue
        acknowledged.append(event)
        kept += [event] if is_new else []
    is_void = [any(event.effective_at is None for event in events) for events in (acknowledged, kept)]
    assert is_void[0] == is_void[1]
    for quarter in range(-1, 0 if is_void[0] else 60):  # what is void was never good: nothing else matters
        at = NOW + quarter * DAY / 4
        assert state_at(acknowledged, at) is state_at(kept, at)


# --- what follows from issuing


def test_the_one_before_ends_with_the_earliest_that_follows(registry: StatusRegistry, clock: SetClock) -> None:
    """Superseded from next month by one certificate, it ends now where another of the vehicle is issued now."""
    first, _ = issue(registry, clock)
    issue(registry, clock, supersedes_from=NOW + 28 * DAY)
    clock.pass_by(DAY)
    issue(registry, clock)
    expected = [StatusState.VALID, StatusState.SUPERSEDED, StatusState.SUPERSEDED]
    assert expected == states(registry, first, [0.5, 1, 28])


def test_one_that_is_to_be_revoked_is_superseded_until_then(registry: StatusRegistry, clock: SetClock) -> None:
    """A revocation from next month leaves it in force until then, and a later certificate ends that."""
    first, _ = issue(registry, clock)
    registry.revoke(first, effective_at=NOW + 28 * DAY, **SAID)
    clock.pass_by(DAY)
    issue(registry, clock)
    expected = [StatusState.VALID, StatusState.SUPERSEDED, StatusState.REVOKED]
    assert expected == states(registry, first, [0.5, 1, 28])


OTHERS = {
    "another vehicle": {"registration_number": "闽D54321", "vin": "LSVAA418777777777"},
    "another type of plate": {"vin": "LSVAA418777777777", "plate_type": 52},
    "another country": {"vin": "LSVAA418777777777", "country": "RU"},
    "a hidden VIN under another plate": {"registration_number": "闽D54321", "confidential": ["vin"]},
}


@pytest.mark.parametrize("changes", OTHERS.values(), ids=OTHERS)
def test_another_vehicles_certificate_is_not_superseded(
    registry: StatusRegistry, clock: SetClock, changes: dict[str, Any]
) -> None:
    """A certificate that names another vehicle's as its previous is refused, and nothing is recorded."""
    victim, _ = issue(registry, clock)
    with pytest.raises(IssuingError) as caught:
        issue(registry, clock, **({"previous": victim} | changes))
    assert "previous-mismatch" == caught.value.code
    assert ["issued"] == kinds(look_up(registry, victim))


def test_within_a_batch_the_previous_one_is_compared_too(registry: StatusRegistry, clock: SetClock) -> None:
    """One of two in a batch that names the other vehicle's: none is recorded."""
    batch = prepared(registry, clock, 1, first=1)
    batch += prepared(registry, clock, 1, first=2, previous=batch[0][0].status)
    with pytest.raises(IssuingError) as caught:
        registry.record_many(batch)
    assert "previous-mismatch" == caught.value.code
    assert [] == [one for one, _ in batch if isinstance(one.status, StatusRef) and look_up(registry, one.status).events]


def test_a_vehicles_present_certificate_is_not_reached_by_a_plate_it_gave_up(
    registry: StatusRegistry, clock: SetClock
) -> None:
    """The new holder of a plate may name the one that had it: only that certificate ends, not the one after it."""
    old, _ = issue(registry, clock)
    present, _ = issue(registry, clock, registration_number="闽D54321")
    issue(registry, clock, vin="LSVAA418777777777", previous=old)
    assert (["issued", "superseded"], ["issued"]) == (kinds(look_up(registry, old)), kinds(look_up(registry, present)))


def test_a_previous_one_that_is_not_held_says_nothing(registry: StatusRegistry, clock: SetClock) -> None:
    """One that was never recorded here, or erased, can be nobody's."""
    gone, _ = issue(registry, clock)
    registry.revoke(gone, effective_at=None, **SAID)
    registry.erase(gone, **SAID)
    for number, ref in enumerate((gone, StatusRef(list=7, index=7)), 2):
        assert ["issued"] == kinds(look_up(registry, issue(registry, clock, number, previous=ref)[0]))
