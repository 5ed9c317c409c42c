"""The register: what is recorded is kept, what happens is added, and what is asked is answered."""

from __future__ import annotations

import pickle
import sqlite3
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime, timedelta
from itertools import chain, product
from pathlib import Path
from typing import Any

import attrs
import pytest

from certcore import InspectionCertificate, Issuer, LocalSigner, Policy, Verifier, armor
from certcore.errors import IssuingError, RejectedInputError, StatusError
from certcore.issue import Register
from certcore.payload import StatusListEntry, StatusRef
from certcore.proofs.receipts import open_receipt
from certcore.register.log import StatusRegistry
from certcore.status import (
    StatusBackend,
    StatusEvent,
    StatusEventKind,
    StatusQuery,
    VehicleQuery,
    VehicleStatusBackend,
)
from certcore.testing import make_trust
from certcore.trust import KeyUsage, TrustedKey
from tests.register.cast import (
    BEGIN,
    DAY,
    NOW,
    SIGNER,
    STATUS_SIGNER,
    SetClock,
    certificate,
    issue,
    kinds,
    look_up,
    prepared,
    vehicle,
)

SAID: dict[str, Any] = {"actor": "clerk-7", "reason": "entered in error"}


def code(caught: pytest.ExceptionInfo[IssuingError] | pytest.ExceptionInfo[StatusError]) -> str:
    """The code of what was raised."""
    return caught.value.code


# --- references


def test_the_front_door_offers_what_it_names() -> None:
    """Every public name leads to what it names, and no other does."""
    import certcore.register as front

    assert sorted(front.__all__) == dir(front)
    assert [True] * len(front.__all__) == [name == getattr(front, name).__name__ for name in front.__all__]
    with pytest.raises(AttributeError):
        front.nothing  # type: ignore[attr-defined]  # noqa: B018  that it is not there is the point


def test_it_is_what_the_protocols_ask_for(registry: StatusRegistry) -> None:
    """A register gives out references and answers for certificates and vehicles."""
    assert isinstance(registry, Register)
    assert isinstance(registry, StatusBackend)
    assert isinstance(registry, VehicleStatusBackend)


def test_references_are_never_given_out_twice(registry: StatusRegistry) -> None:
    """One by one and many at once, over the ends of lists: no reference comes twice."""
    found = [registry.allocate() for _ in range(20)] + registry.allocate_many(9000)
    assert 9020 == len(set(found))
    assert [0, 1, 2] == sorted({ref.list for ref in found})
    assert {0: 4096, 1: 4096, 2: 828} == Counter(ref.list for ref in found)


def test_references_do_not_come_in_order(registry: StatusRegistry) -> None:
    """The next index does not follow from the last."""
    found = [ref.index for ref in registry.allocate_many(100)]
    assert found != sorted(found)


def test_a_new_list_is_begun_when_asked(registry: StatusRegistry) -> None:
    """After a backup was brought back, references come from a list that the backup did not have."""
    assert 0 == registry.allocate().list
    assert 1 == registry.begin_list()
    assert 1 == registry.allocate().list


@pytest.mark.parametrize("count", [0, -1, True, 1.0])
def test_a_count_is_a_whole_number(lite: StatusRegistry, count: Any) -> None:  # noqa: ANN401  misuse
    """No references, or half of one, are misuse."""
    with pytest.raises(ValueError, match="count"):
        lite.allocate_many(count)


# --- recording


def test_a_lost_mark_is_shown_again(registry: StatusRegistry, clock: SetClock) -> None:
    """The text is kept, byte for byte."""
    ref, text = issue(registry, clock)
    assert text == registry.text(ref)


def test_what_was_issued_is_known(registry: StatusRegistry, clock: SetClock) -> None:
    """A recorded certificate has its issue as an event, and the register's history reaches back to its beginning."""
    ref, _ = issue(registry, clock)
    record = look_up(registry, ref)
    assert (StatusEvent(kind=StatusEventKind.ISSUED, effective_at=NOW, recorded_at=NOW),) == record.events
    assert (BEGIN, NOW, None) == (record.history_from, record.observed_at, record.reliable_until)


def test_an_unrecorded_reference_is_unknown(registry: StatusRegistry, clock: SetClock) -> None:
    """Given out is not recorded; and what was never given out is not known either."""
    issue(registry, clock)
    free = registry.allocate()
    for ref in (free, StatusRef(list=99, index=1), StatusRef(list=0, index=4_000_000_000)):
        assert () == look_up(registry, ref).events


@pytest.mark.parametrize("given", [StatusListEntry(uri="https://x.example/1", index=1), None])
def test_other_references_are_unknown(lite: StatusRegistry, given: StatusListEntry | None) -> None:
    """A register knows its own references alone."""
    query = StatusQuery(issuer="CN", ref=given, certificate_id=None if given else b"12345678", as_of=NOW, asked_at=NOW)
    assert () == lite.lookup(query).events


def test_another_issuers_certificate_is_unknown(tmp_path: Path, clock: SetClock) -> None:
    """A register that knows whose it is does not answer for others with the same numbers."""
    registry = StatusRegistry(f"sqlite:///{tmp_path}/own.db", clock=clock, issuer="CN")
    ref, _ = issue(registry, clock)
    assert ["issued"] == kinds(look_up(registry, ref))
    assert [] == kinds(look_up(registry, ref, issuer="DE"))


def test_recording_again_changes_nothing(registry: StatusRegistry, clock: SetClock) -> None:
    """A call whose answer was lost may be repeated."""
    [(ready, text)] = prepared(registry, clock, 1)
    registry.record(ready, text)
    registry.record(ready, text)
    assert 0 == registry.record_many([(ready, text)])
    assert isinstance(ready.status, StatusRef)
    assert ["issued"] == kinds(look_up(registry, ready.status))


def test_one_reference_has_one_certificate(registry: StatusRegistry, clock: SetClock) -> None:
    """Another text under a recorded reference is refused, and changes nothing."""
    [(ready, text)] = prepared(registry, clock, 1)
    registry.record(ready, text)
    other = attrs.evolve(ready, odometer_km=5)
    with pytest.raises(IssuingError) as caught:
        registry.record(other, Issuer(signer=SIGNER).issue(other))
    assert "register-failed" == code(caught)
    assert isinstance(ready.status, StatusRef)
    assert text == registry.text(ready.status)


@pytest.mark.parametrize(
    "changes",
    [
        {"registration_number": "闽C99999"},
        {"vin": "LSVAA418999999999"},
        {"valid_until": date(2030, 1, 1)},
        {"authority": "闽A"},
        {"inspector": "X"},
        {"status": StatusRef(list=5, index=0)},
        {"issued_at": NOW + DAY},
    ],
    ids=lambda changes: next(iter(changes)),
)
def test_text_and_certificate_say_the_same(lite: StatusRegistry, clock: SetClock, changes: dict[str, Any]) -> None:
    """A text that is another certificate's is not recorded."""
    [(ready, text)] = prepared(lite, clock, 1)
    with pytest.raises(IssuingError) as caught:
        lite.record(attrs.evolve(ready, **changes), text)
    assert "register-failed" == code(caught)
    assert "闽" not in str(caught.value)
    assert "LSV" not in str(caught.value)


@pytest.mark.parametrize("text", ["", "VIC1:", "nonsense", armor.encode(b"\xd2\x84")])
def test_a_text_is_a_certificate(lite: StatusRegistry, clock: SetClock, text: str) -> None:
    """What is not a certificate's text is not recorded."""
    [(ready, _)] = prepared(lite, clock, 1)
    with pytest.raises(IssuingError) as caught:
        lite.record(ready, text)
    assert "register-failed" == code(caught)


@pytest.mark.parametrize("ref", [StatusRef(list=0, index=4_000_000_000), StatusRef(list=7, index=1)])
def test_only_own_references_are_recorded(lite: StatusRegistry, ref: StatusRef) -> None:
    """A reference of a list that is not there, or beyond its end, was not given out."""
    ready = certificate(status=ref, issued_at=NOW)
    with pytest.raises(IssuingError) as caught:
        lite.record(ready, Issuer(signer=SIGNER).issue(ready))
    assert "register-failed" == code(caught)


def test_a_reference_is_not_recorded_before_it_is_given_out(lite: StatusRegistry) -> None:
    """An index of a list in use that nobody was given is refused."""
    given = lite.allocate()
    ready = certificate(status=StatusRef(list=given.list, index=(given.index + 1) % 256), issued_at=NOW)
    with pytest.raises(IssuingError) as caught:
        lite.record(ready, Issuer(signer=SIGNER).issue(ready))
    assert "register-failed" == code(caught)


def test_a_certificate_with_an_id_is_not_recorded(lite: StatusRegistry) -> None:
    """A register records what it gave a reference."""
    ready = certificate(certificate_id=b"12345678", issued_at=NOW)
    with pytest.raises(IssuingError) as caught:
        lite.record(ready, Issuer(signer=SIGNER).issue(ready))
    assert "register-failed" == code(caught)


def test_a_batch_is_recorded_whole_or_not(registry: StatusRegistry, clock: SetClock) -> None:
    """One bad certificate among many, and none of them is known."""
    batch = prepared(registry, clock, 50)
    foreign = certificate(99, status=StatusRef(list=9, index=9), issued_at=NOW)
    with pytest.raises(IssuingError):
        registry.record_many([*batch, (foreign, Issuer(signer=SIGNER).issue(foreign))])
    refs = [ready.status for ready, _ in batch if isinstance(ready.status, StatusRef)]
    assert [[]] * 50 == [kinds(look_up(registry, ref)) for ref in refs]
    assert 50 == registry.record_many(batch)
    assert [["issued"]] * 50 == [kinds(look_up(registry, ref)) for ref in refs]


# --- one in force for each vehicle


def test_a_new_certificate_supersedes_the_old_one(registry: StatusRegistry, clock: SetClock) -> None:
    """From the new one's time of issue, unless told otherwise."""
    old, _ = issue(registry, clock)
    issued_at = clock.pass_by(DAY)
    new, _ = issue(registry, clock)
    superseded = look_up(registry, old).events[-1]
    assert (StatusEventKind.SUPERSEDED, issued_at, issued_at) == (
        superseded.kind,
        superseded.effective_at,
        superseded.recorded_at,
    )
    assert ["issued"] == kinds(look_up(registry, new))


def test_supersession_begins_when_told(registry: StatusRegistry, clock: SetClock) -> None:
    """A transfer has its own date, be it before the new certificate or after it."""
    first, _ = issue(registry, clock)
    issue(registry, clock, supersedes_from=NOW - DAY)
    assert NOW - DAY == look_up(registry, first).events[-1].effective_at


def test_a_transfer_changes_the_plate_and_not_the_vehicle(registry: StatusRegistry, clock: SetClock) -> None:
    """The VIN decides: a new plate supersedes the certificate under the old one."""
    old, _ = issue(registry, clock)
    new, _ = issue(registry, clock, registration_number="闽D54321", previous=old)
    assert (["issued", "superseded"], ["issued"]) == (kinds(look_up(registry, old)), kinds(look_up(registry, new)))


def test_a_plate_that_moved_supersedes_nothing(registry: StatusRegistry, clock: SetClock) -> None:
    """Another vehicle under the same plate is another vehicle."""
    old, _ = issue(registry, clock)
    issue(registry, clock, vin="LSVAA418777777777")
    assert ["issued"] == kinds(look_up(registry, old))


def test_the_previous_one_is_superseded_whatever_its_vin(registry: StatusRegistry, clock: SetClock) -> None:
    """A corrected VIN makes another vehicle, and the certificate it follows is superseded all the same."""
    old, _ = issue(registry, clock)
    issue(registry, clock, vin="LSVAA418777777777", previous=old)
    assert ["issued", "superseded"] == kinds(look_up(registry, old))


@pytest.mark.parametrize("confidential", ["first", "second", "both"])
def test_a_confidential_vin_is_the_plates(registry: StatusRegistry, clock: SetClock, confidential: str) -> None:
    """Without a VIN, the plate with country and type names the vehicle."""
    hidden = ["vin"]
    old, _ = issue(registry, clock, confidential=hidden if confidential in {"first", "both"} else [])
    other, _ = issue(registry, clock, plate_type=52, confidential=hidden)
    issue(registry, clock, confidential=hidden if confidential in {"second", "both"} else [])
    assert ["issued", "superseded"] == kinds(look_up(registry, old))
    assert ["issued"] == kinds(look_up(registry, other))


@pytest.mark.parametrize("hidden", list(product([True, False], repeat=3)), ids=str)
@pytest.mark.parametrize("is_batch", [False, True])
def test_confidential_or_not_one_is_in_force(
    registry: StatusRegistry,
    clock: SetClock,
    hidden: tuple[bool, ...],
    is_batch: bool,  # noqa: FBT001  a column
) -> None:
    """Of a vehicle whose certificates come with and without its VIN, each supersedes the one before."""
    given = [prepared(registry, clock, 1, first=5, confidential=["vin"] if is_hidden else []) for is_hidden in hidden]
    for batch in [[one for (one,) in given]] if is_batch else given:
        registry.record_many(batch)
    found = [kinds(look_up(registry, one.status)) for ((one, _),) in given if isinstance(one.status, StatusRef)]
    assert [["issued", "superseded"], ["issued", "superseded"], ["issued"]] == found


@pytest.mark.parametrize("is_batch", [False, True])
def test_a_confidential_vin_is_of_who_has_the_plate_now(
    registry: StatusRegistry,
    clock: SetClock,
    is_batch: bool,  # noqa: FBT001  a column
) -> None:
    """A plate that moved names the vehicle that has it, and one that was given up names none."""
    moved = prepared(registry, clock, 1, first=1)
    clock.pass_by()
    holder = prepared(registry, clock, 1, first=1, vin="LSVAA418777777777")
    given_up = prepared(registry, clock, 1, first=2)
    gone = prepared(registry, clock, 1, first=2, registration_number="闽D54321")
    hidden = [
        *prepared(registry, clock, 1, first=1, confidential=["vin"]),
        *prepared(registry, clock, 1, first=2, confidential=["vin"]),
    ]
    batches = [moved, holder, given_up, gone, hidden]
    for batch in [list(chain.from_iterable(batches))] if is_batch else batches:
        registry.record_many(batch)
    found = [
        kinds(look_up(registry, one.status)) for one, _ in moved + holder + gone if isinstance(one.status, StatusRef)
    ]
    assert [["issued"], ["issued", "superseded"], ["issued"]] == found


def test_a_confidential_vin_is_recorded_sealed(registry: StatusRegistry, clock: SetClock, tmp_path: Path) -> None:
    """The register is told what is public: the VIN is nowhere in it, and the plate finds the vehicle all the same."""
    _, text = issue(registry, clock, confidential=["vin", "document_number"], document_number="35-778812")
    asked = vehicle(vin="LSVAA418000000001")
    record = registry.lookup_vehicle(asked)
    assert (True, date(2027, 9, 30)) == (record.known, record.valid_until)
    assert not registry.lookup_vehicle(attrs.evolve(asked, registration_number=None)).known
    for path in tmp_path.glob("*.db*"):
        assert b"LSVAA418" not in path.read_bytes()
        assert b"778812" not in path.read_bytes()
    opened = attrs.evolve(certificate(), status=registry.allocate(), issued_at=clock())
    with pytest.raises(IssuingError) as caught:
        registry.record(opened, text)
    assert "register-failed" == code(caught)


# --- receipts


def receipt_time(receipt: bytes, text: str, signer: LocalSigner) -> datetime:
    """By when the receipt says that the certificate was held."""
    key = TrustedKey(
        public_key=signer.public_key, usage=KeyUsage.REGISTER, not_before=BEGIN, not_after=NOW + 1000 * DAY
    )
    return open_receipt(receipt, certificate=armor.decode(text), keys=[key])


def test_a_receipt_says_when_the_certificate_was_recorded(registry: StatusRegistry, clock: SetClock) -> None:
    """By the end of the second it was recorded in, whenever it is asked for, revoked or superseded as it may be."""
    ref, text = issue(registry, clock, confidential=["vin"])
    signer = LocalSigner.generate()
    clock.pass_by(DAY)
    issue(registry, clock)
    registry.revoke(ref, effective_at=None, **SAID)
    receipt = registry.receipt(text, issuer="CN", signer=signer)
    assert NOW + timedelta(seconds=1) == receipt_time(receipt, text, signer)


def test_a_receipt_never_says_earlier_than_it_was(lite: StatusRegistry, clock: SetClock) -> None:
    """Fractions of a second count, and so does the time that signing a batch takes."""
    signer = LocalSigner.generate()
    batch = prepared(lite, clock, 1)
    clock.at = NOW + timedelta(microseconds=1)

    def signed_later() -> Iterator[tuple[InspectionCertificate, str]]:
        clock.pass_by(timedelta(hours=1))
        yield from batch

    lite.record_many(signed_later())
    ((_, text),) = batch
    found = receipt_time(lite.receipt(text, issuer="CN", signer=signer), text, signer)
    assert NOW + timedelta(hours=1, seconds=1) == found


def test_what_is_not_held_gets_no_receipt(registry: StatusRegistry, clock: SetClock) -> None:
    """Another text for the same reference, one that was never recorded, and one that was erased."""
    ref, text = issue(registry, clock)
    again = Issuer(signer=SIGNER, country="CN").issue(certificate(status=ref, issued_at=NOW))
    ((_, unrecorded),) = prepared(registry, clock, 1)
    foreign = Issuer(signer=SIGNER, country="CN", clock=clock).issue(certificate())
    assert again != text
    registry.revoke(ref, effective_at=None, **SAID)
    registry.erase(ref, **SAID)
    for asked in (again, unrecorded, foreign, text):
        with pytest.raises(IssuingError) as caught:
            registry.receipt(asked, issuer="CN", signer=LocalSigner.generate())
        assert "not-recorded" == code(caught)


@pytest.mark.parametrize(
    ("text", "expected"), [("", "no-certificate"), ("HC1:X", "foreign-format"), ("VIC1:00", "malformed")]
)
def test_a_receipt_is_for_a_certificate(lite: StatusRegistry, text: str, expected: str) -> None:
    """Any other text is refused as it would be anywhere."""
    with pytest.raises(RejectedInputError) as caught:
        lite.receipt(text, issuer="CN", signer=LocalSigner.generate())
    assert expected == caught.value.code


def test_a_receipt_names_the_registers_issuer(tmp_path: Path, clock: SetClock) -> None:
    """Its own, however long; another, none, and the certificate's own key are misuse."""
    longest = "x" * 512
    registry = StatusRegistry(f"sqlite:///{tmp_path}/own.db", clock=clock, issuer=longest)
    _, text = issue(registry, clock)
    signer = LocalSigner.generate()
    assert longest.encode() in registry.receipt(text, signer=signer)
    assert longest.encode() in registry.receipt(text, issuer=longest, signer=signer)
    for given in ({"issuer": "DE", "signer": signer}, {"signer": SIGNER}):
        with pytest.raises(ValueError, match=r"issuer|usage"):
            registry.receipt(text, **given)
    nameless = StatusRegistry(f"sqlite:///{tmp_path}/nameless.db", clock=clock)
    with pytest.raises(ValueError, match="issuer"):
        nameless.receipt(issue(nameless, clock)[1], signer=signer)


def test_within_a_batch_the_last_is_in_force(registry: StatusRegistry, clock: SetClock) -> None:
    """Several certificates of one vehicle in one transaction supersede each other in order."""
    batch = [one for _ in range(3) for one in prepared(registry, clock, 1, first=5)]
    registry.record_many(batch)
    found = [kinds(look_up(registry, ready.status)) for ready, _ in batch if isinstance(ready.status, StatusRef)]
    assert [["issued", "superseded"], ["issued", "superseded"], ["issued"]] == found


def test_a_revoked_certificate_is_not_superseded(registry: StatusRegistry, clock: SetClock) -> None:
    """What is not in force needs no successor; what is suspended does."""
    revoked, _ = issue(registry, clock, 1)
    suspended, _ = issue(registry, clock, 2)
    registry.revoke(revoked, effective_at=None, **SAID)
    registry.suspend(suspended, **SAID)
    issue(registry, clock, 1)
    issue(registry, clock, 2)
    assert ["issued", "revoked"] == kinds(look_up(registry, revoked))
    assert ["issued", "suspended", "superseded"] == kinds(look_up(registry, suspended))


def test_threads_leave_one_in_force(registry: StatusRegistry, clock: SetClock) -> None:
    """Forty certificates of one vehicle from eight threads: all are recorded, and one is in force."""
    with ThreadPoolExecutor(8) as threads:
        refs = list(threads.map(lambda _: issue(registry, clock)[0], range(40)))
    found = Counter(tuple(kinds(look_up(registry, ref))) for ref in refs)
    assert {("issued", "superseded"): 39, ("issued",): 1} == found


# --- what happens


def test_a_revocation_has_effect_when_told(registry: StatusRegistry, clock: SetClock) -> None:
    """Effective and recorded time are two, and void from the start has no effective time."""
    dated, _ = issue(registry, clock, 1)
    void, _ = issue(registry, clock, 2)
    recorded_at = clock.pass_by(DAY)
    registry.revoke(dated, effective_at=NOW + timedelta(hours=1), **SAID)
    registry.revoke(void, effective_at=None, **SAID)
    assert [NOW + timedelta(hours=1), None] == [look_up(registry, ref).events[-1].effective_at for ref in (dated, void)]
    assert {recorded_at} == {look_up(registry, ref).events[-1].recorded_at for ref in (dated, void)}
    assert "entered in error" == look_up(registry, void).events[-1].reason


def test_saying_it_again_adds_nothing(registry: StatusRegistry, clock: SetClock) -> None:
    """The same revocation, suspension or supersession once more is no second event; an earlier revocation is."""
    ref, _ = issue(registry, clock, 1)
    other, _ = issue(registry, clock, 2)
    assert 1 == registry.revoke_many([ref], effective_at=NOW, **SAID)
    assert 0 == registry.revoke_many([ref], effective_at=NOW, **SAID)
    assert 0 == registry.revoke_many([ref], effective_at=NOW + DAY, **SAID)
    assert 1 == registry.revoke_many([ref], effective_at=NOW - DAY, **SAID)
    assert 1 == registry.revoke_many([ref], effective_at=None, **SAID)
    assert 0 == registry.revoke_many([ref], effective_at=None, **SAID)
    assert ["issued", "revoked", "revoked", "revoked"] == kinds(look_up(registry, ref))
    for _ in range(2):
        registry.suspend(other, **SAID)
    for _ in range(2):
        registry.supersede(other, **SAID)
    assert ["issued", "suspended", "superseded"] == kinds(look_up(registry, other))


def test_a_suspension_can_end(registry: StatusRegistry, clock: SetClock) -> None:
    """Suspended, resumed, and suspended again."""
    ref, _ = issue(registry, clock)
    for change in (registry.suspend, registry.resume, registry.suspend):
        clock.pass_by()
        change(ref, **SAID)
    assert ["issued", "suspended", "resumed", "suspended"] == kinds(look_up(registry, ref))


@pytest.mark.parametrize(
    ("before", "then"),
    [
        ([], "resume"),
        (["revoke"], "suspend"),
        (["revoke"], "resume"),
        (["revoke"], "supersede"),
        (["supersede"], "suspend"),
        (["suspend", "supersede"], "resume"),
    ],
)
def test_what_cannot_follow_is_refused(registry: StatusRegistry, clock: SetClock, before: list[str], then: str) -> None:
    """Revoked and superseded are final, and only what is suspended resumes."""
    ref, _ = issue(registry, clock)
    for name in before:
        getattr(registry, name)(ref, effective_at=NOW, **SAID)
    found = kinds(look_up(registry, ref))
    with pytest.raises(IssuingError) as caught:
        getattr(registry, then)(ref, **SAID)
    assert "register-failed" == code(caught)
    assert found == kinds(look_up(registry, ref))


def test_a_suspension_does_not_end_before_it_began(registry: StatusRegistry, clock: SetClock) -> None:
    """Such a resumption would leave the certificate suspended, and is refused."""
    ref, _ = issue(registry, clock)
    registry.suspend(ref, effective_at=NOW, **SAID)
    with pytest.raises(IssuingError):
        registry.resume(ref, effective_at=NOW - DAY, **SAID)


def test_what_is_not_recorded_cannot_be_revoked(registry: StatusRegistry, clock: SetClock) -> None:
    """One unknown reference among several: none is revoked."""
    ref, _ = issue(registry, clock)
    with pytest.raises(IssuingError) as caught:
        registry.revoke_many([ref, registry.allocate()], effective_at=None, **SAID)
    assert "register-failed" == code(caught)
    assert ["issued"] == kinds(look_up(registry, ref))


def test_misuse_is_the_callers(lite: StatusRegistry, clock: SetClock) -> None:
    """Naive datetimes, wrong types and empty words are ValueError and TypeError, before anything is written."""
    ref, _ = issue(lite, clock)
    with pytest.raises(ValueError, match="time zone"):
        lite.revoke(ref, effective_at=datetime(2026, 1, 1), actor="a", reason="b")  # noqa: DTZ001  that is the point
    with pytest.raises(ValueError, match="actor"):
        lite.revoke(ref, effective_at=None, actor="", reason="b")
    with pytest.raises(ValueError, match="reason"):
        lite.revoke(ref, effective_at=None, actor="a", reason="b\n")
    wrong: Any = "12/7"
    with pytest.raises(TypeError):
        lite.revoke(wrong, effective_at=None, actor="a", reason="b")
    with pytest.raises(ValueError, match="names"):
        lite.revoke_where(effective_at=None, actor="a", reason="b")
    assert ["issued"] == kinds(look_up(lite, ref))


# --- many at once


def test_bulk_revocation_meets_what_is_given(registry: StatusRegistry, clock: SetClock) -> None:
    """By authority, station, key and window of issue, each alone and together."""
    other_signer = LocalSigner.generate()
    refs = {
        "plain": issue(registry, clock, 1)[0],
        "station": issue(registry, clock, 2, inspector="S-17")[0],
        "authority": issue(registry, clock, 3, authority="闽A")[0],
        "key": issue(registry, clock, 4, signer=other_signer)[0],
    }
    clock.pass_by(DAY)
    refs["late station"] = issue(registry, clock, 5, inspector="S-17")[0]

    def revoked() -> set[str]:
        return {name for name, ref in refs.items() if "revoked" in kinds(look_up(registry, ref))}

    said: dict[str, Any] = {"effective_at": NOW, **SAID}
    assert 1 == registry.revoke_where(inspector="S-17", issued_until=NOW + DAY, **said)
    assert {"station"} == revoked()
    assert 1 == registry.revoke_where(key_id=other_signer.public_key.key_id, **said)
    assert {"station", "key"} == revoked()
    assert 1 == registry.revoke_where(authority="闽A", inspector=None, **said)
    assert 0 == registry.revoke_where(authority="闽A", inspector="S-17", **said)
    assert 1 == registry.revoke_where(issued_from=NOW + DAY, issued_until=NOW + 2 * DAY, **said)
    assert set(refs) - {"plain"} == revoked()
    assert 1 == registry.revoke_where(issued_from=BEGIN, **said)
    assert set(refs) == revoked()


def test_bulk_revocation_adds_to_what_was_said(registry: StatusRegistry, clock: SetClock) -> None:
    """What is revoked already is passed over, unless it is now revoked from earlier."""
    dated, _ = issue(registry, clock, 1)
    void, _ = issue(registry, clock, 2)
    registry.revoke(dated, effective_at=NOW, **SAID)
    registry.revoke(void, effective_at=None, **SAID)
    assert 0 == registry.revoke_where(authority="闽C", effective_at=NOW + DAY, **SAID)
    assert 1 == registry.revoke_where(authority="闽C", effective_at=None, **SAID)
    assert ["issued", "revoked", "revoked"] == kinds(look_up(registry, dated))
    assert ["issued", "revoked"] == kinds(look_up(registry, void))


def test_after_bulk_revocation_nothing_is_superseded(registry: StatusRegistry, clock: SetClock) -> None:
    """The states that bulk revocation leaves behind are those that issuing goes by."""
    ref, _ = issue(registry, clock)
    registry.revoke_where(authority="闽C", effective_at=None, **SAID)
    issue(registry, clock)
    assert ["issued", "revoked"] == kinds(look_up(registry, ref))


# --- a verdict


def test_a_verifier_asks_it(registry: StatusRegistry, clock: SetClock) -> None:
    """From issue to verdict: valid, then superseded by a later certificate, then void."""
    verifier = Verifier(trust=make_trust(SIGNER), status=registry, policy=Policy.counterparty(), clock=clock)
    _, text = issue(registry, clock)
    clock.pass_by(DAY)
    assert "valid" == verifier.verify(text, as_of=clock()).outcome.value
    ref, newer = issue(registry, clock)
    clock.pass_by(DAY)
    assert "superseded-by-then" in verifier.verify(text, as_of=clock())
    assert "valid" == verifier.verify(text, as_of=NOW + timedelta(hours=12)).outcome.value
    registry.revoke(ref, effective_at=None, **SAID)
    assert "void-from-start" in verifier.verify(newer, as_of=clock())


# --- vehicles


def test_a_vehicle_is_known_by_its_certificate(registry: StatusRegistry, clock: SetClock) -> None:
    """By plate, however written, and by VIN; with its last day."""
    issue(registry, clock)
    by_vin = VehicleQuery(vin="lsvaa418 000000001", as_of=NOW, asked_at=NOW)
    for query in (vehicle(), by_vin):
        record = registry.lookup_vehicle(query)
        assert (True, frozenset(), date(2027, 9, 30), BEGIN) == (
            record.known,
            record.flags,
            record.valid_until,
            record.history_from,
        )
    assert not registry.lookup_vehicle(vehicle(2)).known


def test_a_plate_is_its_country_and_its_type(registry: StatusRegistry, clock: SetClock) -> None:
    """Another type or country is another vehicle; without its type it is known only while there is one."""
    issue(registry, clock, 1, plate_type=2)
    assert registry.lookup_vehicle(vehicle(plate_type=None)).known
    assert not registry.lookup_vehicle(vehicle(plate_type=52)).known
    assert not registry.lookup_vehicle(vehicle(country="DE")).known
    assert not registry.lookup_vehicle(vehicle(country=None)).known
    issue(registry, clock, 1, plate_type=52, vin="LSVAA418000000999")
    assert not registry.lookup_vehicle(vehicle(plate_type=None)).known
    assert registry.lookup_vehicle(vehicle(plate_type=52)).known


def test_a_plate_finds_who_had_it_then(registry: StatusRegistry, clock: SetClock) -> None:
    """A plate that moved to another vehicle finds each at its time."""
    issue(registry, clock, 1)
    registry.set_flag("C", vehicle=vehicle(1), since=None, **SAID)
    clock.pass_by(2 * DAY)
    issue(registry, clock, 1, vin="LSVAA418000000999")
    assert ["C"] == [flag.code for flag in registry.lookup_vehicle(vehicle(at=NOW + DAY)).flags]
    assert [] == [flag.code for flag in registry.lookup_vehicle(vehicle(at=NOW + 3 * DAY)).flags]


def test_flags_are_set_and_cleared(registry: StatusRegistry, clock: SetClock) -> None:
    """Each setting with its end is one flag, and those that run have none."""
    issue(registry, clock)
    said: dict[str, Any] = {"vehicle": vehicle(), **SAID}
    assert registry.set_flag("G", since=date(2026, 3, 1), **said)
    assert not registry.set_flag("G", since=date(2026, 3, 2), **said)
    assert registry.clear_flag("G", until=date(2026, 4, 1), **said)
    assert not registry.clear_flag("G", until=date(2026, 4, 1), **said)
    assert registry.set_flag("G", since=date(2026, 8, 1), **said)
    assert registry.set_flag("C", since=None, **said)
    found = {(flag.code, flag.since, flag.until) for flag in registry.lookup_vehicle(vehicle()).flags}
    assert {
        ("G", date(2026, 3, 1), date(2026, 4, 1)),
        ("G", date(2026, 8, 1), None),
        ("C", None, None),
    } == found


def test_a_flag_makes_a_vehicle_known(registry: StatusRegistry) -> None:
    """A vehicle may be flagged before anything was issued for it, by VIN or by plate."""
    by_vin = VehicleQuery(vin="LSVAA418000000777", as_of=NOW, asked_at=NOW)
    for query in (vehicle(7), by_vin):
        assert registry.set_flag("E", vehicle=query, since=None, **SAID)
        record = registry.lookup_vehicle(query)
        assert (True, ["E"], None) == (record.known, [flag.code for flag in record.flags], record.valid_until)
    with pytest.raises(ValueError, match="named"):
        registry.set_flag("E", vehicle=VehicleQuery(as_of=NOW, asked_at=NOW), since=None, **SAID)


def test_a_flag_on_a_plate_outlives_the_certificate_that_names_its_vehicle(
    registry: StatusRegistry, clock: SetClock
) -> None:
    """A car reported stolen by its plate is still stolen once its VIN is known; clearing it clears it for both."""
    by_vin = VehicleQuery(vin="LSVAA418000000001", as_of=NOW + DAY, asked_at=NOW + DAY)
    registry.set_flag("C", vehicle=vehicle(1), since=date(2026, 3, 1), **SAID)
    clock.pass_by(timedelta(hours=1))
    issue(registry, clock, 1)

    for query in (vehicle(1, at=NOW + DAY), by_vin):
        record = registry.lookup_vehicle(query)
        assert ["C"] == [flag.code for flag in record.flags]
        assert record.valid_until is not None
    assert registry.clear_flag("C", vehicle=by_vin, until=date(2026, 5, 1), **SAID)
    for query in (vehicle(1, at=NOW + DAY), by_vin):
        assert [date(2026, 5, 1)] == [flag.until for flag in registry.lookup_vehicle(query).flags]


def test_a_country_may_be_the_registers(tmp_path: Path, clock: SetClock) -> None:
    """Certificates that state no country are found under the register's."""
    registry = StatusRegistry(f"sqlite:///{tmp_path}/own.db", clock=clock, country="CN")
    issue(registry, clock, country=None)
    assert registry.lookup_vehicle(vehicle()).known


# --- erasing


def test_erasing_forgets_the_vehicle_and_keeps_the_log(registry: StatusRegistry, clock: SetClock) -> None:
    """Plate, VIN and text are gone; what happened to the reference is still answered."""
    ref, _ = issue(registry, clock)
    registry.revoke(ref, effective_at=None, **SAID)
    registry.erase(ref, actor="dpo", reason="on request")
    with pytest.raises(StatusError) as caught:
        registry.text(ref)
    assert "status-unknown-reference" == code(caught)
    assert ["issued", "revoked"] == kinds(look_up(registry, ref))
    assert not registry.lookup_vehicle(vehicle()).known
    assert not registry.lookup_vehicle(VehicleQuery(vin="LSVAA418000000001", as_of=NOW, asked_at=NOW)).known


def test_what_is_in_force_is_not_erased(registry: StatusRegistry, clock: SetClock) -> None:
    """Else its vehicle could get another one while it goes on; one that has run out may be."""
    ref, _ = issue(registry, clock)
    with pytest.raises(IssuingError) as caught:
        registry.erase(ref, **SAID)
    assert "register-failed" == code(caught)
    clock.at = NOW + timedelta(days=400)
    registry.erase(ref, **SAID)


def test_a_vehicle_is_forgotten_whole(registry: StatusRegistry, clock: SetClock) -> None:
    """All certificates of a vehicle, and the flags no longer lead to it."""
    first, _ = issue(registry, clock)
    second, _ = issue(registry, clock)
    registry.set_flag("E", vehicle=vehicle(), since=None, **SAID)
    registry.revoke(second, effective_at=None, **SAID)
    assert 2 == registry.erase_vehicle(vehicle(), **SAID)
    assert 0 == registry.erase_vehicle(vehicle(), **SAID)
    assert not registry.lookup_vehicle(vehicle()).known
    assert ["issued", "superseded"] == kinds(look_up(registry, first))
    third, _ = issue(registry, clock)
    assert ["issued"] == kinds(look_up(registry, third))


def test_nothing_erased_stays_on_the_disk(tmp_path: Path, clock: SetClock) -> None:
    """Neither the database file nor its log holds the plate or the VIN any more."""
    registry = StatusRegistry(f"sqlite:///{tmp_path}/own.db", clock=clock)
    ref, text = issue(registry, clock)
    registry.revoke(ref, effective_at=None, **SAID)
    traces = ["闽C10001".encode(), b"LSVAA418000000001", text.encode()]

    def on_disk() -> list[bool]:
        data = b"".join(path.read_bytes() for path in tmp_path.iterdir())
        return [trace in data for trace in traces]

    assert [True, True, True] == on_disk()
    registry.erase(ref, **SAID)
    assert [False, False, False] == on_disk()


# --- the database


@pytest.mark.parametrize(
    "url", ["nonsense", "mysql://host/name", "sqlite://", "sqlite:///:memory:", "sqlite:///file:x?mode=memory"]
)
def test_a_register_is_durable(url: str) -> None:
    """Other databases, and memory alone, are refused."""
    with pytest.raises(ValueError, match="register"):
        StatusRegistry(url)


@pytest.mark.parametrize("settings", [{"country": "China"}, {"list_size": 0}, {"list_size": 1 << 27}])
def test_settings_are_checked(tmp_path: Path, settings: dict[str, Any]) -> None:
    """What no register has is misuse, and makes none."""
    with pytest.raises(ValueError, match=r"country|list"):
        StatusRegistry(f"sqlite:///{tmp_path}/own.db", **settings)
    assert [] == list(tmp_path.iterdir())


def test_a_register_keeps_its_settings(url: str, clock: SetClock) -> None:
    """Issuer, country and beginning are the register's, whoever opens it; another's are refused."""
    StatusRegistry(url, clock=clock, issuer="CN", country="CN").close()
    clock.pass_by(DAY)
    found = StatusRegistry(url, clock=clock)
    assert ("CN", "CN", NOW) == (found.issuer, found.country, found.history_from)
    found.close()
    with pytest.raises(ValueError, match="issuer"):
        StatusRegistry(url, clock=clock, issuer="DE")


def test_no_register_is_made_unless_wanted(url: str) -> None:
    """Opening an empty database without making one is an error."""
    with pytest.raises(IssuingError) as caught:
        StatusRegistry(url, create=False)
    assert "register-failed" == code(caught)


def test_a_file_is_its_owners_and_not_made_unasked(tmp_path: Path) -> None:
    """Others on the machine read no plates; and where no register is wanted, no empty file is left."""
    with pytest.raises(IssuingError) as caught:
        StatusRegistry(f"sqlite:///{tmp_path}/own.db", create=False)
    assert ("register-failed", []) == (code(caught), list(tmp_path.iterdir()))
    registry = StatusRegistry(f"sqlite:///{tmp_path}/own.db")
    registry.allocate()
    assert {0o600} == {path.stat().st_mode & 0o777 for path in tmp_path.iterdir()}
    registry.close()
    with pytest.raises(IssuingError) as caught:
        StatusRegistry(f"sqlite:///{tmp_path}/nowhere/own.db")
    assert "register-failed" == code(caught)


def test_opening_waits_for_no_writer(tmp_path: Path) -> None:
    """A register that is there is opened, and read, while somebody writes."""
    path = tmp_path / "own.db"
    StatusRegistry(f"sqlite:///{path}").close()
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    registry = StatusRegistry(f"sqlite:///{path}", timeout=timedelta(milliseconds=50))
    assert () == look_up(registry, StatusRef(list=0, index=0)).events
    registry.close()
    other.close()


def test_what_is_written_is_seen_by_others(url: str, registry: StatusRegistry, clock: SetClock) -> None:
    """A second register on the same database knows at once."""
    ref, text = issue(registry, clock)
    other = StatusRegistry(url, clock=clock)
    assert text == other.text(ref)
    other.revoke(ref, effective_at=None, **SAID)
    assert ["issued", "revoked"] == kinds(look_up(registry, ref))
    other.close()


def test_a_database_that_fails_is_told(tmp_path: Path, clock: SetClock) -> None:
    """Writes end as register-failed, look-ups as status-unavailable, and nothing else escapes."""
    path = tmp_path / "own.db"
    registry = StatusRegistry(f"sqlite:///{path}", clock=clock)
    ref, text = issue(registry, clock)
    [(ready, other_text)] = prepared(registry, clock, 1, first=9)
    registry.close()
    for leftover in tmp_path.iterdir():
        leftover.unlink()
    path.write_bytes(b"no database" * 1000)
    writes: list[Callable[[], object]] = [
        registry.allocate,
        registry.begin_list,
        lambda: registry.record(ready, other_text),
        lambda: registry.revoke(ref, effective_at=None, **SAID),
        lambda: registry.revoke_where(authority="x", effective_at=None, **SAID),
        lambda: registry.suspend(ref, **SAID),
        lambda: registry.set_flag("E", vehicle=vehicle(), since=None, **SAID),
        lambda: registry.erase(ref, **SAID),
    ]
    for write in writes:
        with pytest.raises(IssuingError) as failed:
            write()
        assert "register-failed" == failed.value.code
    reads: list[Callable[[], object]] = [
        lambda: registry.text(ref),
        lambda: look_up(registry, ref),
        lambda: registry.lookup_vehicle(vehicle()),
        registry.check,
    ]
    for read in reads:
        with pytest.raises(StatusError) as unavailable:
            read()
        assert "status-unavailable" == unavailable.value.code
    assert text not in str(failed.value)


def test_a_locked_database_is_waited_for_and_then_told(tmp_path: Path, clock: SetClock) -> None:
    """Another writer is waited for as long as told; look-ups do not wait at all."""
    path = tmp_path / "own.db"
    registry = StatusRegistry(f"sqlite:///{path}", clock=clock, timeout=timedelta(milliseconds=50))
    ref, _ = issue(registry, clock)
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(IssuingError) as caught:
        registry.allocate()
    assert ("register-failed", (("error", "OperationalError"),)) == (caught.value.code, caught.value.detail)
    assert ["issued"] == kinds(look_up(registry, ref))
    other.close()
    registry.allocate()


def test_reprs_and_pickles_hold_no_secret(tmp_path: Path, clock: SetClock) -> None:
    """A register pickles by its URL, unless that has a password; its repr never shows one."""
    registry = StatusRegistry(f"sqlite:///{tmp_path}/own.db", clock=clock)
    ref, text = issue(registry, clock)
    assert text == pickle.loads(pickle.dumps(registry)).text(ref)  # noqa: S301  what was pickled here
    registry._database.url = registry._database.url.set(username="u", password="geheim")
    assert "geheim" not in repr(registry)
    with pytest.raises(TypeError):
        pickle.dumps(registry)


# --- what no document states


BEYOND: list[Any] = [
    datetime.min.replace(tzinfo=UTC),
    datetime(1969, 12, 31, 23, 59, 59, tzinfo=UTC),
    datetime(9998, 12, 31, 12, tzinfo=UTC),
    datetime.max.replace(tzinfo=UTC),
]
"""Instants that a program has for since ever, or for ever."""

STATEMENTS: dict[str, Callable[[StatusRegistry, StatusRef, datetime], object]] = {
    "revoke": lambda registry, ref, at: registry.revoke(ref, effective_at=at, **SAID),
    "revoke_where": lambda registry, _, at: registry.revoke_where(effective_at=at, authority="闽C", **SAID),
    "suspend": lambda registry, ref, at: registry.suspend(ref, effective_at=at, **SAID),
    "resume": lambda registry, ref, at: registry.resume(ref, effective_at=at, **SAID),
    "supersede": lambda registry, ref, at: registry.supersede(ref, effective_at=at, **SAID),
    "record": lambda registry, _, at: registry.record(*_next(registry), supersedes_from=at),
}


def _next(registry: StatusRegistry) -> tuple[InspectionCertificate, str]:
    ((ready, text),) = prepared(registry, SetClock(), 1, first=1)
    return ready, text


@pytest.mark.parametrize("what", STATEMENTS)
@pytest.mark.parametrize("at", BEYOND, ids=str)
def test_what_no_document_states_is_not_recorded(
    lite: StatusRegistry, clock: SetClock, tmp_path: Path, what: str, at: datetime
) -> None:
    """An instant that no document may state is refused: one of them in the log, and no list could be published."""
    ref, _ = issue(lite, clock)

    with pytest.raises(ValueError, match="1970 to 9998"):
        STATEMENTS[what](lite, ref, at)

    assert ["issued"] == kinds(look_up(lite, ref))
    assert (0,) == lite.publish(tmp_path, signer=STATUS_SIGNER, uri_template="https://a.example/{list}").published


@pytest.mark.parametrize("day", [date.min, date(1969, 12, 31), date.max, NOW, "2026-11-22"], ids=str)
def test_a_flag_has_days_that_an_answer_may_state(lite: StatusRegistry, day: Any) -> None:  # noqa: ANN401  misuse
    """Any other day is refused, and an instant, too: its vehicle could never be answered about again."""
    asked = vehicle()
    lite.set_flag("B", vehicle=asked, since=date(2026, 9, 1), **SAID)

    with pytest.raises((ValueError, TypeError), match=r"1970-01-01 to 9998-12-31|civil day"):
        lite.set_flag("C", vehicle=asked, since=day, **SAID)
    with pytest.raises((ValueError, TypeError), match=r"1970-01-01 to 9998-12-31|civil day"):
        lite.clear_flag("B", vehicle=asked, until=day, **SAID)

    (flag,) = lite.lookup_vehicle(asked).flags
    assert ("B", date(2026, 9, 1), None) == (flag.code, flag.since, flag.until)


def test_a_timeout_is_a_duration(tmp_path: Path) -> None:
    """A number of seconds is told as what it is."""
    seconds: Any = 30

    with pytest.raises(TypeError, match="timedelta"):
        StatusRegistry(f"sqlite:///{tmp_path}/register.db", timeout=seconds)
