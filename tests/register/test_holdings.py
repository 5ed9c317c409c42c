"""What a register holds, on every database: many of them, their states now, and what was erased."""

from __future__ import annotations

from datetime import date

from certcore.payload import StatusRef
from certcore.register._store._holdings import Selection
from certcore.register.log import StatusRegistry
from certcore.status.protocol import StatusState
from tests.register.cast import DAY, SetClock, certificate, issue, prepared


def test_many_are_read_in_order_with_all_that_was_said(registry: StatusRegistry, clock: SetClock) -> None:
    """More than are read at once: each once, the earliest issued first, with its statements."""
    batch = prepared(registry, clock, 600, first=1)
    registry.record_many(batch)
    refs = [ready.status for ready, _ in batch if isinstance(ready.status, StatusRef)]
    registry.revoke_many(refs[::7], effective_at=None, actor="clerk-7", reason="entered in error")
    held = list(registry.holdings(Selection()))
    assert (600, set(refs)) == (len(held), {one.ref for one in held})
    assert sorted(one.issued_at for one in held) == [one.issued_at for one in held]
    revoked = {one.ref for one in registry.holdings(Selection(states=frozenset({StatusState.REVOKED})))}
    assert set(refs[::7]) == revoked
    actors = {statement.actor for one in held if one.ref in revoked for statement in one.statements}
    assert {"issuer", "clerk-7"} == actors


def test_a_state_is_that_of_now(registry: StatusRegistry, clock: SetClock) -> None:
    """Something that was said ahead of its time counts when the time has come."""
    ref, _ = issue(registry, clock)
    registry.revoke(ref, effective_at=clock.at + DAY, actor="clerk-7", reason="entered in error")
    for expected in (StatusState.VALID, StatusState.REVOKED):
        (held,) = registry.holdings(Selection(ref=ref))
        assert (expected, 2) == (held.state, len(held.statements))
        clock.pass_by(2 * DAY)


def test_vehicles_are_found(registry: StatusRegistry, clock: SetClock) -> None:
    """By VIN under every plate it had, by plate whoever had it, and by last day."""
    first, _ = issue(registry, clock, 1)
    clock.pass_by()
    second, _ = issue(registry, clock, 1, registration_number="闽D54321", valid_until=date(2028, 9, 30))
    vin = certificate(1).vin
    assert [first, second] == [held.ref for held in registry.holdings(Selection(vin=vin))]
    for country in ("CN", None):
        chosen = Selection(registration_number="闽 d-54321", country=country)
        assert [second] == [held.ref for held in registry.holdings(chosen)]
    assert [second] == [held.ref for held in registry.holdings(Selection(ends_from=date(2028, 1, 1)))]
    assert [] == list(registry.holdings(Selection(registration_number="_D54321")))
    assert [] == list(registry.holdings(Selection(vin="9" * 1_000_000)))


def test_what_was_erased_is_not_there(registry: StatusRegistry, clock: SetClock) -> None:
    """Its reference and what was said of it stay; plate, VIN and text are gone, and it is found by none of them."""
    ref, _ = issue(registry, clock, 1)
    registry.revoke(ref, effective_at=None, actor="clerk-7", reason="entered in error")
    registry.erase(ref, actor="data-protection", reason="on request")
    (held,) = registry.holdings(Selection(ref=ref))
    assert (None, None, None, clock.at) == (held.registration_number, held.vin, held.text, held.erased_at)
    assert [] == list(registry.holdings(Selection(vin=certificate(1).vin)))


def test_nothing_personal_is_in_a_representation(registry: StatusRegistry, clock: SetClock) -> None:
    """Neither a holding nor what it is looked for by tells a plate, a VIN or a text."""
    ref, text = issue(registry, clock, 1)
    (held,) = registry.holdings(Selection(ref=ref))
    shown = repr(held) + repr(Selection(vin=held.vin, registration_number=held.registration_number))
    for personal in (held.registration_number, held.vin, text):
        assert personal is not None
        assert personal not in shown
