"""The register in memory: what it is told is what it answers, for the certificate and the issuer it is about."""

from __future__ import annotations

import pickle
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from certcore import StatusListEntry, StatusRef
from certcore.status import (
    MemoryStatusBackend,
    StatusBackend,
    StatusEvent,
    StatusEventKind,
    StatusQuery,
    StatusRecord,
    VehicleFlag,
    VehicleQuery,
    VehicleRecord,
    VehicleStatusBackend,
)

NOW = datetime(2026, 10, 1, 4, 0, tzinfo=UTC)
ISSUED = datetime(2025, 10, 10, 2, 0, tzinfo=UTC)
DAY = timedelta(days=1)
REF = StatusRef(list=12, index=7)
ENTRY = StatusListEntry(uri="https://lists.example/12", index=7)
CERTIFICATE_ID = bytes(range(12))


def ask(backend: StatusBackend, ref: StatusRef | StatusListEntry | bytes = REF, issuer: str = "CN") -> StatusRecord:
    """What a verifier would ask."""
    reference: dict[str, Any] = {"certificate_id": ref} if isinstance(ref, bytes) else {"ref": ref}
    return backend.lookup(StatusQuery(issuer=issuer, as_of=NOW, asked_at=NOW, **reference))


def kinds(answer: StatusRecord) -> list[str]:
    """What happened, in the order in which it was told."""
    return [event.kind.value for event in answer.events]


def test_is_a_backend_for_both() -> None:
    """It answers for certificates and for vehicles."""
    backend = MemoryStatusBackend()

    assert isinstance(backend, StatusBackend)
    assert isinstance(backend, VehicleStatusBackend)


@pytest.mark.parametrize("ref", [REF, ENTRY, CERTIFICATE_ID], ids=["terse", "standard", "id"])
def test_registered(ref: StatusRef | StatusListEntry | bytes) -> None:
    """A registered certificate was issued at that instant, its history is whole, and the answer is of now."""
    backend = MemoryStatusBackend()
    backend.register(ref, at=ISSUED)

    answer = ask(backend, ref)

    issued = StatusEvent(kind=StatusEventKind.ISSUED, effective_at=ISSUED, recorded_at=ISSUED)
    assert (issued,) == answer.events
    assert NOW == answer.observed_at
    assert answer.history_from is not None
    assert answer.history_from <= ISSUED
    assert (0, 0) == (len(answer.observations), len(answer.proofs))


def test_registered_without_a_time() -> None:
    """Without an instant it has been there always."""
    backend = MemoryStatusBackend()
    backend.register(REF)

    (event,) = ask(backend).events

    assert datetime(1970, 1, 1, tzinfo=UTC) == event.recorded_at == event.effective_at


def test_registering_again_changes_nothing() -> None:
    """What happened is not forgotten when a certificate is registered once more."""
    backend = MemoryStatusBackend()
    backend.register(REF, at=ISSUED)
    backend.revoke(REF, at=NOW, effective_at=NOW)

    backend.register(REF, at=NOW)

    assert ["issued", "revoked"] == kinds(ask(backend))


@pytest.mark.parametrize("ref", [StatusRef(list=12, index=8), StatusRef(list=13, index=7), ENTRY, CERTIFICATE_ID])
def test_unregistered(ref: StatusRef | StatusListEntry | bytes) -> None:
    """A certificate it was never told of has neither events nor observations, and nothing can happen to it."""
    backend = MemoryStatusBackend()
    backend.register(REF)

    assert () == ask(backend, ref).events
    with pytest.raises(KeyError):
        backend.record(ref, StatusEvent(kind=StatusEventKind.REVOKED, effective_at=NOW, recorded_at=NOW))
    with pytest.raises(KeyError):
        backend.revoke(ref, at=NOW, effective_at=None)
    assert () == ask(backend, ref).events


def test_what_happened() -> None:
    """Each verb records its event, effective from then unless said otherwise."""
    backend = MemoryStatusBackend()
    backend.register(REF, at=ISSUED)
    backend.suspend(REF, at=NOW - 4 * DAY, reason="unpaid")
    backend.resume(REF, at=NOW - 3 * DAY, effective_at=NOW - 4 * DAY)
    backend.supersede(REF, at=NOW - 2 * DAY, effective_at=NOW)
    backend.revoke(REF, at=NOW - DAY, effective_at=None, reason="entered in error")

    told = [(event.kind.value, event.effective_at, event.recorded_at, event.reason) for event in ask(backend).events]

    assert [
        ("issued", ISSUED, ISSUED, "unspecified"),
        ("suspended", NOW - 4 * DAY, NOW - 4 * DAY, "unpaid"),
        ("resumed", NOW - 4 * DAY, NOW - 3 * DAY, "unspecified"),
        ("superseded", NOW, NOW - 2 * DAY, "unspecified"),
        ("revoked", None, NOW - DAY, "entered in error"),
    ] == told


def test_another_zone_is_the_same_instant() -> None:
    """Instants are kept in UTC, whatever zone they came in."""
    backend = MemoryStatusBackend()
    backend.register(REF, at=ISSUED.astimezone(None))

    assert ISSUED == ask(backend).events[0].recorded_at
    assert UTC is ask(backend).events[0].recorded_at.tzinfo


def test_naive_instants_are_refused() -> None:
    """A naive datetime is a caller's mistake, and nothing is recorded."""
    backend = MemoryStatusBackend()
    backend.register(REF, at=ISSUED)

    with pytest.raises(ValueError, match="time"):
        backend.revoke(REF, at=NOW.replace(tzinfo=None), effective_at=None)

    assert ["issued"] == kinds(ask(backend))


def test_issuers_are_kept_apart() -> None:
    """What one issuer's certificate met does not touch another's of the same reference."""
    backend = MemoryStatusBackend()
    backend.register(REF, issuer="CN")
    backend.register(REF, issuer="DE")
    backend.revoke(REF, at=NOW, effective_at=NOW, issuer="DE")

    assert ["issued"] == kinds(ask(backend, issuer="CN"))
    assert ["issued", "revoked"] == kinds(ask(backend, issuer="DE"))
    assert [] == kinds(ask(backend, issuer="FR"))


def test_without_an_issuer_it_answers_for_any() -> None:
    """An entry without an issuer answers for every issuer, except where one has an entry of its own."""
    backend = MemoryStatusBackend()
    backend.register(REF)
    backend.revoke(REF, at=NOW, effective_at=NOW)
    backend.register(REF, issuer="CN")

    assert ["issued", "revoked"] == kinds(ask(backend, issuer="FR"))
    assert ["issued"] == kinds(ask(backend, issuer="CN"))


def test_an_issuers_entry_needs_its_issuer() -> None:
    """An event without an issuer is not about an issuer's own entry."""
    backend = MemoryStatusBackend()
    backend.register(REF, issuer="CN")

    with pytest.raises(KeyError):
        backend.revoke(REF, at=NOW, effective_at=None)


def test_answers_do_not_change_afterwards() -> None:
    """An answer is as it was given, whatever happens later."""
    backend = MemoryStatusBackend()
    backend.register(REF)
    answer = ask(backend)

    backend.revoke(REF, at=NOW, effective_at=None)

    assert ["issued"] == kinds(answer)


def test_many_threads() -> None:
    """Threads that register and revoke at once lose nothing."""
    backend = MemoryStatusBackend()
    backend.register(REF)

    def work(number: int) -> int:
        own = StatusRef(list=1, index=number)
        backend.register(own)
        backend.suspend(REF, at=NOW + number * DAY)
        backend.revoke(own, at=NOW, effective_at=None)
        return len(ask(backend, own).events)

    with ThreadPoolExecutor(16) as pool:
        counts = list(pool.map(work, range(400)))

    assert [2] * 400 == counts
    assert 401 == len(ask(backend).events)
    assert 401 == len(set(ask(backend).events))


def test_pickles() -> None:
    """It pickles with what it holds, and the copy goes its own way."""
    backend = MemoryStatusBackend()
    backend.register(REF)
    backend.register_vehicle(VehicleFlag(code="C"), registration_number="闽C12345", country="CN")

    copy: MemoryStatusBackend = pickle.loads(pickle.dumps(backend))  # noqa: S301  our own bytes
    copy.revoke(REF, at=NOW, effective_at=None)

    assert ["issued"] == kinds(ask(backend))
    assert ["issued", "revoked"] == kinds(ask(copy))
    assert vehicle(copy, registration_number="闽C12345", country="CN").known


def test_does_not_show_what_it_holds() -> None:
    """Its repr names no plate and no VIN."""
    backend = MemoryStatusBackend()
    backend.register_vehicle(registration_number="闽C12345", country="CN", vin="LSVAA4187E2184211")

    assert not [secret for secret in ("12345", "LSVAA4187") if secret in repr(backend)]


# Vehicles


def vehicle(backend: VehicleStatusBackend, **query: Any) -> VehicleRecord:  # noqa: ANN401  any field of a query
    """What a verifier would ask about a vehicle."""
    return backend.lookup_vehicle(VehicleQuery(as_of=NOW, asked_at=NOW, **query))


STOLEN = VehicleFlag(code="C", since=date(2026, 9, 1))
VEHICLE = {"registration_number": "闽C·12345", "country": "CN", "plate_type": 2, "vin": "LSVAA4187E2184211"}


@pytest.mark.parametrize(
    ("query", "known"),
    [
        (VEHICLE, True),
        (VEHICLE | {"registration_number": "闽C12345"}, True),
        ({"vin": "lsvaa4187e2184211"}, True),
        ({"registration_number": "闽Ｃ１２３４５", "country": "CN", "plate_type": 2}, True),
        ({"registration_number": "闽C12345", "country": "CN", "plate_type": 1}, False),
        ({"registration_number": "闽C12345", "country": "CN"}, False),
        ({"registration_number": "闽C12345", "country": "HK", "plate_type": 2}, False),
        ({"registration_number": "闽C12345"}, False),
        ({"vin": "184211"}, False),
        ({}, False),
    ],
)
def test_vehicles_are_found(query: dict[str, object], *, known: bool) -> None:
    """A vehicle is found by its VIN, or by its plate with country and type; what it is not told of is unknown."""
    backend = MemoryStatusBackend()
    backend.register_vehicle(
        STOLEN, registration_number="闽C·12345", country="CN", plate_type=2, vin=str(VEHICLE["vin"])
    )

    answer = vehicle(backend, **query)

    assert known == answer.known
    assert (frozenset({STOLEN}) if known else frozenset()) == answer.flags
    assert NOW == answer.observed_at


def test_a_plate_without_a_type_goes_with_any() -> None:
    """A vehicle registered without a plate type is found whatever type is asked for."""
    backend = MemoryStatusBackend()
    backend.register_vehicle(STOLEN, registration_number="B-AB 123", country="DE")

    assert vehicle(backend, registration_number="B AB 123", country="DE", plate_type=2).known


def test_a_vehicle_is_replaced() -> None:
    """Registering a vehicle again replaces its flags."""
    backend = MemoryStatusBackend()
    backend.register_vehicle(STOLEN, registration_number="闽C12345", country="CN")
    backend.register_vehicle(VehicleFlag(code="A"), registration_number="闽C12345", country="CN")

    answer = vehicle(backend, registration_number="闽C12345", country="CN")

    assert frozenset({VehicleFlag(code="A")}) == answer.flags
