"""What `Verifier.verify` finds: missing answers, the vehicle, keys and trust lists, live presentations."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any, Final

import attrs
import pytest

from certcore import (
    Effect,
    Expected,
    LocalSigner,
    Need,
    Outcome,
    Policy,
    Reason,
    armor,
    cose,
)
from certcore.errors import StatusError
from certcore.policy import STOP_FLAGS
from certcore.reasons import Axis
from certcore.status import (
    MemoryStatusBackend,
    StatusEventKind,
    StatusObservation,
    StatusState,
    VehicleFlag,
    VehicleRecord,
)
from certcore.testing import make_trust
from certcore.trust import Environment, KeyUsage
from tests.verify_cases import (
    FAR_OFF,
    ISSUED,
    LIVE_SIGNER,
    LONG_AGO,
    LOSS,
    NOW,
    PLATE,
    REF,
    SEEN,
    SIGNER,
    TEXT,
    VIN,
    Answers,
    ask,
    certificate,
    codes,
    happened,
    live,
    reasons,
    record,
    registered,
    seal,
    trust_list,
    trusted_issuer,
    trusted_key,
    verifier,
)

DAY, HOUR, MINUTE, TICK = timedelta(days=1), timedelta(hours=1), timedelta(minutes=1), timedelta(microseconds=1)
REQUIRED, IF_AVAILABLE, NOT_USED = Need
PLATE_SEEN: Final = Expected(registration_number=PLATE)
UNTYPED: Final = ("plate-type-not-compared", "notes")
"""What is noted of a Chinese plate that is compared alone; tests/engine/test_binding.py is about it."""


# What a policy makes of a missing answer

UNREACHABLE: Final = StatusError("status-unavailable")
UNSUPPORTED: Final = StatusError("as-of-unsupported")


@pytest.mark.parametrize(
    ("need", "answer", "expected", "degraded"),
    [
        (REQUIRED, None, {"blocks status-not-checked"}, False),
        (REQUIRED, UNREACHABLE, {"blocks status-unavailable"}, False),
        (REQUIRED, UNSUPPORTED, {"blocks as-of-unsupported"}, False),
        (REQUIRED, ValueError(), {"blocks status-backend-error"}, False),
        (REQUIRED, record(), set(), False),
        (IF_AVAILABLE, None, {"notes status-not-checked", "notes checked-offline"}, True),
        (IF_AVAILABLE, UNREACHABLE, {"notes status-unavailable", "notes checked-offline"}, True),
        (IF_AVAILABLE, UNSUPPORTED, {"blocks as-of-unsupported"}, False),
        (IF_AVAILABLE, ValueError(), {"blocks status-backend-error"}, False),
        (IF_AVAILABLE, record(events=()), {"blocks status-unknown-reference"}, False),
        (IF_AVAILABLE, record(happened(StatusEventKind.REVOKED, LOSS)), {"fails revoked-before-event"}, False),
        (IF_AVAILABLE, record(), set(), False),
        (NOT_USED, None, {"notes checked-offline"}, False),
        (NOT_USED, record(happened(StatusEventKind.REVOKED, LOSS)), {"notes checked-offline"}, False),
    ],
)
def test_a_missing_status(need: Need, answer: object, expected: set[str], *, degraded: bool) -> None:
    """Where status is required a missing answer blocks, where it is not it is noted; an answer always counts."""
    policy = attrs.evolve(Policy.claims(), status=need)

    verdict = verifier(None if answer is None else Answers(answer), policy).verify(TEXT, as_of=LOSS, expect=SEEN)

    assert expected == {f"{effect} {code}" for code, effect in reasons(verdict)}
    assert degraded == verdict.degraded


@pytest.mark.parametrize(
    ("need", "answer", "expected", "degraded"),
    [
        (REQUIRED, None, {"blocks status-not-checked"}, False),
        (REQUIRED, UNREACHABLE, {"blocks status-unavailable"}, False),
        (REQUIRED, ValueError(), {"blocks status-backend-error"}, False),
        (REQUIRED, VehicleRecord(known=False, observed_at=NOW), {"blocks status-unknown-reference"}, False),
        (IF_AVAILABLE, None, set(), False),
        (IF_AVAILABLE, UNREACHABLE, {"notes status-unavailable"}, True),
        (IF_AVAILABLE, ValueError(), {"blocks status-backend-error"}, False),
        (IF_AVAILABLE, VehicleRecord(known=False, observed_at=NOW), {"notes vehicle-caution"}, False),
        (NOT_USED, None, set(), False),
        (NOT_USED, UNREACHABLE, set(), False),
        (NOT_USED, VehicleRecord(known=True, flags=[VehicleFlag(code="C")], observed_at=NOW), set(), False),
    ],
)
def test_a_missing_vehicle(need: Need, answer: object, expected: set[str], *, degraded: bool) -> None:
    """The same for the vehicle's own state."""
    policy = attrs.evolve(Policy.claims(), vehicle=need)
    vehicles = None if answer is None else Answers(vehicle=answer)

    verdict = verifier(registered(), policy, vehicles=vehicles).verify(TEXT, as_of=NOW, expect=SEEN)

    assert expected == {f"{effect} {code}" for code, effect in reasons(verdict)}
    assert degraded == verdict.degraded


# Is it this vehicle?

GERMAN: Final = seal(certificate(registration_number="B-AB 123"))
ALL: Final = attrs.evolve(Policy.counterparty(), name="eyes")


@pytest.mark.parametrize(
    ("text", "expect", "expected"),
    [
        (TEXT, {"registration_number": "闽C·12345"}, set()),
        (TEXT, {"registration_number": "闽C12345"}, set()),
        (TEXT, {"registration_number": "闽c-12345"}, set()),
        (TEXT, {"registration_number": "闽C•12345"}, set()),
        (TEXT, {"registration_number": "闽 C.12345"}, set()),
        (TEXT, {"registration_number": "闽Ｃ・１２３４５"}, set()),
        (TEXT, {"registration_number": "闽C12346"}, {"plate-mismatch"}),
        (TEXT, {"registration_number": "C12345"}, {"plate-mismatch"}),
        (TEXT, {"registration_number": "闽C1234"}, {"plate-mismatch"}),
        (TEXT, {"registration_number": "闽CI2345"}, {"plate-mismatch"}),
        (GERMAN, {"registration_number": "B-AB 123"}, set()),
        (GERMAN, {"registration_number": "B AB 123"}, set()),
        (GERMAN, {"registration_number": "BAB123"}, set()),
        (GERMAN, {"registration_number": "b-ab123"}, set()),
        (GERMAN, {"registration_number": "BA-B 123"}, {"plate-mismatch"}),
        (GERMAN, {"registration_number": "BA B 123"}, {"plate-mismatch"}),
        (TEXT, {"country": "CN"}, set()),
        (TEXT, {"country": "HK"}, {"country-mismatch"}),
        (seal(certificate(plate_type=2)), {"plate_type": 2}, set()),
        (seal(certificate(plate_type=2)), {"plate_type": 1}, {"plate-type-mismatch"}),
        (TEXT, {"vin": VIN}, set()),
        (TEXT, {"vin": VIN.lower()}, set()),
        (TEXT, {"vin": VIN[-6:]}, set()),
        (TEXT, {"vin": VIN[-7:]}, set()),
        (TEXT, {"vin": VIN[-8:]}, set()),
        (TEXT, {"vin": VIN[-9:]}, {"vin-mismatch"}),
        (TEXT, {"vin": VIN[:8]}, {"vin-mismatch"}),
        (TEXT, {"vin": "184212"}, {"vin-mismatch"}),
        (TEXT, {"vin": VIN.replace("1", "I")}, {"vin-mismatch"}),
        (TEXT, {"registration_number": PLATE, "vin": "184212"}, {"cloned-plate", "vin-mismatch"}),
        (TEXT, {"registration_number": "闽C12346", "vin": "184212"}, {"plate-mismatch", "vin-mismatch"}),
        (TEXT, {"registration_number": "闽C12346", "vin": VIN}, {"plate-mismatch"}),
        (TEXT, {"registration_number": PLATE, "country": "HK", "vin": "184212"}, {"country-mismatch", "vin-mismatch"}),
        (TEXT, {"registration_number": PLATE, "country": "HK"}, {"country-mismatch"}),
    ],
)
def test_the_right_vehicle(text: str, expect: dict[str, Any], expected: set[str]) -> None:
    """What is given is compared as people write it, under any policy; each difference has its code and fails."""
    verdict = verifier(registered(), ALL).verify(text, as_of=LOSS, expect=Expected(**expect))

    assert {(code, "fails") for code in expected} == reasons(verdict) - {UNTYPED}


@pytest.mark.parametrize(
    ("vin", "hint"),
    [(VIN.replace("1", "I"), "lookalike"), ("E2I842I1", "lookalike"), (VIN[-9:], "incomplete"), ("184212", None)],
)
def test_hints(vin: str, hint: str | None) -> None:
    """What was probably meant is a hint in the detail, and no match."""
    verdict = verifier(registered(), ALL).verify(TEXT, as_of=LOSS, expect=Expected(vin=vin))

    assert [Reason("vin-mismatch", Axis.BINDING, Effect.FAILS, (("hint", hint),) if hint else ())] == list(
        verdict.reasons
    )


@pytest.mark.parametrize(
    ("policy", "expect", "missing"),
    [
        (Policy.claims(), None, ["plate", "vin"]),
        (Policy.claims(), Expected(), ["plate", "vin"]),
        (Policy.claims(), Expected(registration_number=PLATE), ["vin"]),
        (Policy.claims(), Expected(vin=VIN), ["plate"]),
        (Policy.claims(), Expected(country="CN"), ["plate", "vin"]),
        (Policy.bulk(), Expected(registration_number=PLATE), ["vin"]),
        (attrs.evolve(Policy.roadside(), vehicle=NOT_USED), Expected(vin=VIN), ["plate"]),
    ],
)
def test_what_the_policy_compares_must_be_given(policy: Policy, expect: Expected | None, missing: list[str]) -> None:
    """A binding that the policy needs and the caller did not give blocks, one reason for each."""
    verdict = verifier(registered(), policy).verify(TEXT, as_of=LOSS, expect=expect)

    assert [("binding-not-given", (("missing", what),)) for what in missing] == [
        (reason.code, reason.detail) for reason in verdict.reasons if reason.code != UNTYPED[0]
    ]


def test_a_mismatch_outweighs_what_was_not_given() -> None:
    """A wrong plate fails even where the VIN was not given."""
    verdict = ask(expect=Expected(registration_number="闽C12346"))

    assert {("plate-mismatch", "fails"), ("binding-not-given", "blocks")} == reasons(verdict)


def test_a_confidential_vin() -> None:
    """A VIN that this reader cannot see blocks where it is compared, and nowhere else."""
    text = seal(certificate(vin=None, confidential=b"\x80"))

    assert {("binding-not-readable", "blocks")} == reasons(ask(text=text))
    assert {UNTYPED} == reasons(verifier(registered(), ALL).verify(text, as_of=LOSS, expect=PLATE_SEEN))


# What state the vehicle is in

ROAD: Final = Policy.roadside()


def on_the_road(
    *flags: VehicleFlag, policy: Policy = ROAD, as_of: datetime | date = NOW, **changes: object
) -> set[tuple[str, str]]:
    """What the roadside finds of a vehicle with these flags."""
    fields: dict[str, Any] = {"observed_at": NOW} | changes
    found = VehicleRecord(known=True, flags=flags, **fields)
    verdict = verifier(registered(), policy, vehicles=Answers(vehicle=found)).verify(TEXT, as_of=as_of, expect=SEEN)
    return reasons(verdict)


STOPPED: Final = {("vehicle-stopped", "fails")}
CAUTION: Final = {("vehicle-caution", "notes")}
CONTRADICTED: Final = {("status-contradicts-certificate", "blocks")}


@pytest.mark.parametrize(
    ("letters", "expected"),
    [
        ("", set()),
        ("A", set()),
        *((letter, STOPPED) for letter in "CEJMNPKL"),
        *((letter, CAUTION) for letter in "BDGHIOZ"),
        *((letter, CAUTION) for letter in "FW1z车"),
        ("Q", CONTRADICTED),
        ("AQ", CONTRADICTED),
        ("AC", STOPPED),
        ("GC", STOPPED | CAUTION),
        ("QC", STOPPED | CONTRADICTED),
        ("GHQCE", STOPPED | CONTRADICTED | CAUTION),
    ],
)
def test_flags_are_a_set(letters: str, expected: set[tuple[str, str]]) -> None:
    """Stop states fail, an overdue inspection contradicts, remarks and unknown letters are noted, A says nothing."""
    flags = [VehicleFlag(code=letter) for letter in letters]

    assert expected == on_the_road(*flags) == on_the_road(*reversed(flags))


def test_each_flag_is_a_reason_of_its_own() -> None:
    """Every flag is told by its letter."""
    backend = Answers(vehicle=VehicleRecord(known=True, flags=[VehicleFlag(code=c) for c in "CGE"], observed_at=NOW))

    verdict = verifier(registered(), ROAD, vehicles=backend).verify(TEXT, as_of=NOW, expect=SEEN)

    assert [("vehicle-stopped", "C"), ("vehicle-stopped", "E"), ("vehicle-caution", "G")] == [
        (reason.code, dict(reason.detail)["flag"]) for reason in verdict.reasons
    ]


def test_which_states_stop_is_the_policys() -> None:
    """A policy may let pass what stops others, and stop for what others let pass."""
    lenient = attrs.evolve(ROAD, stop_flags=STOP_FLAGS - {"L"})
    strict = attrs.evolve(ROAD, stop_flags=STOP_FLAGS | {"G", "Q", "W"})

    assert CAUTION == on_the_road(VehicleFlag(code="L"), policy=lenient)
    for letter in "GQW":
        assert STOPPED == on_the_road(VehicleFlag(code=letter), policy=strict)


THAT_DAY: Final = date(2026, 9, 1)


@pytest.mark.parametrize(
    ("since", "until", "stops"),
    [
        (None, None, True),
        (THAT_DAY, None, True),
        (THAT_DAY + DAY, None, False),
        (None, THAT_DAY, True),
        (None, THAT_DAY - DAY, False),
        (THAT_DAY, THAT_DAY, True),
        (THAT_DAY - 9 * DAY, THAT_DAY - DAY, False),
        (THAT_DAY - 9 * DAY, THAT_DAY + 9 * DAY, True),
    ],
)
@pytest.mark.parametrize(
    "as_of",
    [THAT_DAY, datetime(2026, 8, 31, 16, tzinfo=UTC), datetime(2026, 9, 1, 15, 59, 59, 999_999, tzinfo=UTC)],
    ids=["day", "first-instant", "last-instant"],
)
def test_days_of_a_flag(as_of: datetime | date, since: date | None, until: date | None, *, stops: bool) -> None:
    """A flag counts from its first to its last civil day in the issuer's zone, both included."""
    found = on_the_road(VehicleFlag(code="C", since=since, until=until), as_of=as_of, history_from=LONG_AGO)

    assert (STOPPED if stops else set()) == found


NOT_THEN: Final = {("as-of-unsupported", "blocks")}


@pytest.mark.parametrize(
    ("policy", "as_of", "flag", "changes", "expected"),
    [
        (ROAD, NOW - 15 * MINUTE, None, {}, set()),
        (ROAD, NOW - 15 * MINUTE - TICK, None, {}, NOT_THEN),
        (ROAD, LOSS, None, {}, NOT_THEN),
        (ROAD, LOSS, None, {"history_from": LOSS}, set()),
        (ROAD, LOSS, None, {"history_from": LOSS + TICK}, {("status-not-covered", "blocks")}),
        (ROAD, NOW, None, {"observed_at": NOW - 15 * MINUTE}, set()),
        (ROAD, NOW, None, {"observed_at": NOW - 15 * MINUTE - TICK}, {("status-stale", "blocks")}),
        (ROAD, NOW, None, {"observed_at": NOW - DAY, "reliable_until": NOW}, set()),
        (ROAD, LOSS, VehicleFlag(code="C"), {}, NOT_THEN),
        (ROAD, LOSS, VehicleFlag(code="C", since=THAT_DAY), {"history_from": LONG_AGO}, STOPPED),
        (Policy.claims(), LOSS, None, {}, set()),
        (Policy.claims(), LOSS, VehicleFlag(code="C"), {}, NOT_THEN),
        (Policy.claims(), LOSS, VehicleFlag(code="C", since=THAT_DAY), {}, STOPPED),
        (Policy.claims(), LOSS, VehicleFlag(code="C", since=THAT_DAY + DAY), {}, set()),
        (Policy.claims(), LOSS, VehicleFlag(code="G"), {}, CAUTION),
    ],
)
def test_registers_that_know_the_present(
    policy: Policy, as_of: datetime, flag: VehicleFlag | None, changes: dict[str, Any], expected: set[tuple[str, str]]
) -> None:
    """A register without history speaks for about now; a stop without a date says nothing of a month ago."""
    assert expected == on_the_road(*([flag] if flag else []), policy=policy, as_of=as_of, **changes)


# Whom to trust


def test_key_ids_lead_to_every_key_that_has_them() -> None:
    """Up to four keys under one id, of several issuers, are all tried; which one signed says who issued."""
    signers = [LocalSigner.from_pem(LocalSigner.generate().to_pem(), key_id=b"shared") for _ in range(4)]
    issuers = [
        trusted_issuer(trusted_key(signer), id=f"X{number}", time_zone="UTC") for number, signer in enumerate(signers)
    ]
    trust = trust_list(*issuers)

    for number, signer in enumerate(signers):
        verdict = verifier(registered(), trust=trust).verify(seal(certificate(), signer), as_of=LOSS, expect=SEEN)
        assert (True, f"X{number}") == (bool(verdict), verdict.issuer)


def test_a_key_under_two_ids() -> None:
    """A key is found by each of the ids that the list states, and by its own only if that is among them."""
    trust = trust_list(trusted_issuer(trusted_key(SIGNER, key_ids=[b"old", b"new"])))
    for key_id, code in (
        (b"old", None),
        (b"new", None),
        (b"other", "key-unknown"),
        (SIGNER.public_key.key_id, "key-unknown"),
    ):
        text = seal(certificate(), LocalSigner.from_pem(SIGNER.to_pem(), key_id=key_id))
        assert [code] * bool(code) == codes(verifier(registered(), trust=trust).verify(text, as_of=LOSS, expect=SEEN))


def test_a_key_id_is_exact() -> None:
    """A beginning of a key id, or one with more behind it, is another."""
    key_id = SIGNER.public_key.key_id
    for other in (key_id[:-1], key_id + b"\0"):
        text = seal(certificate(), LocalSigner.from_pem(SIGNER.to_pem(), key_id=other))
        assert ["key-unknown"] == codes(ask(text=text))


@pytest.mark.parametrize(
    ("next_update_at", "effect"), [(NOW, "fails"), (NOW - timedelta(seconds=1), "blocks"), (NOW + DAY, "fails")]
)
def test_an_unknown_key(next_update_at: datetime, effect: str) -> None:
    """An unknown key fails while the list is current, and blocks once the list is past its next update."""
    trust = trust_list(issued_at=NOW - 6 * DAY, next_update_at=next_update_at)

    verdict = verifier(registered(), trust=trust).verify(seal(certificate(), LocalSigner.generate()), as_of=LOSS)

    assert {("key-unknown", effect)} == reasons(verdict)


@pytest.mark.parametrize(
    ("authorities", "authority", "allowed"),
    [
        (["*"], "闽C", True),
        (["闽C"], "闽C", True),
        (["闽C"], "闽C1", False),
        (["闽C"], "闽", False),
        (["闽*"], "闽C", True),
        (["闽*"], "闽", True),
        (["闽*"], "粤C", False),
        (["粤*", "闽C"], "闽C", True),
        (["闽c"], "闽C", False),
        (["*闽"], "闽", False),
        (["闽*C"], "闽C", False),
        (["闽*C"], "闽*C", True),
        (["闽C"], "*", False),
    ],
)
def test_scopes(authorities: list[str], authority: str, *, allowed: bool) -> None:
    """A key signs for exactly the authorities it states, or for all that begin as one that ends in a star."""
    trust = trust_list(trusted_issuer(trusted_key(SIGNER, authorities=authorities)))

    verdict = verifier(registered(), trust=trust).verify(
        seal(certificate(authority=authority)), as_of=LOSS, expect=SEEN
    )

    assert ([] if allowed else ["key-scope"]) == codes(verdict)


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"not_before": ISSUED}, None),
        ({"not_before": ISSUED + timedelta(seconds=1)}, "key-window"),
        ({"not_after": ISSUED}, None),
        ({"not_after": ISSUED - timedelta(seconds=1)}, "key-window"),
        ({"compromised_since": ISSUED - timedelta(days=1)}, "key-compromised"),
        ({"compromised_since": ISSUED}, "key-compromised"),
        ({"compromised_since": ISSUED + timedelta(seconds=1)}, "key-compromised-unproven"),
        ({"compromised_since": FAR_OFF}, "key-compromised-unproven"),
        ({"compromised_since": FAR_OFF, "not_after": ISSUED - DAY}, "key-window"),
        ({"usage": KeyUsage.STATUS, "authorities": ["x"], "not_after": ISSUED - DAY}, "key-usage"),
    ],
)
def test_windows_and_leaks(changes: dict[str, Any], code: str | None) -> None:
    """The time of issue lies in the key's window, ends included; a leak ends trust and leaves doubt before."""
    trust = trust_list(trusted_issuer(trusted_key(SIGNER, **changes)))

    verdict = verifier(registered(), trust=trust).verify(TEXT, as_of=LOSS, expect=SEEN)

    assert ([code] if code else []) == codes(verdict)
    assert (code is None) == (verdict.certificate is not None)


def test_a_live_presentation_after_a_leak() -> None:
    """A live key's window and leak are compared with when it was presented; that proves nothing of before."""
    for changes, code in (
        ({"not_before": NOW}, None),
        ({"not_before": NOW + timedelta(seconds=1)}, "key-window"),
        ({"compromised_since": NOW}, "key-compromised"),
        ({"compromised_since": NOW + timedelta(seconds=1)}, "key-compromised-unproven"),
        ({"authorities": ["粤*"]}, "key-scope"),
    ):
        issuer = trusted_issuer(trusted_key(SIGNER), trusted_key(LIVE_SIGNER, usage=KeyUsage.LIVE, **changes))
        verdict = verifier(None, trust=trust_list(issuer)).verify(live(), as_of=NOW, expect=SEEN)
        assert ([code] if code else []) == codes(verdict)


def test_an_issuer_stated() -> None:
    """An issuer that a certificate names is the key's owner, or it fails."""
    assert [] == codes(ask(text=seal(certificate(issuer="CN"))))
    assert ["issuer-mismatch"] == codes(ask(text=seal(certificate(issuer="cn"))))


def test_another_trusted_key_does_not_count() -> None:
    """A good signature by a trusted key under another trusted key's id fails."""
    disguised = LocalSigner.from_pem(LIVE_SIGNER.to_pem(), key_id=SIGNER.public_key.key_id)

    assert ["signature-invalid"] == codes(ask(text=seal(certificate(), disguised)))


def test_another_kind_of_document_does_not_count() -> None:
    """A document of another type, signed by the right key, is no certificate."""
    data = cose.sign1(b"\xa0", signer=SIGNER, protected={16: "application/statuslist+cwt"})

    assert ["malformed"] == codes(ask(text=armor.encode(data)))


def test_signed_for_another_context() -> None:
    """A signature over other external data does not count."""
    data = cose.sign1(b"\xa0", signer=SIGNER, external_aad=b"x")

    assert ["signature-invalid"] == codes(ask(text=armor.encode(data)))


def test_the_test_environment() -> None:
    """Under a test list every authentic certificate says that it proves nothing."""
    trust = trust_list(environment=Environment.TEST)

    assert {("test-environment", "notes")} == reasons(
        verifier(registered(), trust=trust).verify(TEXT, as_of=LOSS, expect=SEEN)
    )
    assert "test-environment" in verifier(registered(), trust=make_trust(SIGNER)).verify(TEXT, as_of=LOSS)


@pytest.mark.parametrize(
    ("policy", "age", "effect"),
    [
        ("roadside", DAY, None),
        ("roadside", DAY + timedelta(seconds=1), "notes"),
        ("roadside", 7 * DAY, "notes"),
        ("roadside", 7 * DAY + timedelta(seconds=1), "blocks"),
        ("claims", 7 * DAY, None),
        ("claims", 7 * DAY + timedelta(seconds=1), "blocks"),
        ("counterparty", 30 * DAY, None),
        ("counterparty", 30 * DAY + timedelta(seconds=1), "blocks"),
        ("bulk", 3000 * DAY, None),
    ],
)
def test_the_age_of_a_trust_list(policy: str, age: timedelta, effect: str | None) -> None:
    """A trust list that is too old for the policy blocks; for the roadside it is noted before."""
    trust = trust_list(issued_at=NOW - age, next_update_at=NOW + 100 * DAY)
    chosen: Policy = getattr(Policy, policy)()
    vehicles = Answers(vehicle=VehicleRecord(known=True, observed_at=NOW))

    verdict = verifier(registered(), chosen, trust=trust, vehicles=vehicles).verify(TEXT, as_of=NOW, expect=SEEN)

    assert ({("trust-list-stale", effect)} if effect else set()) == reasons(verdict)


@pytest.mark.parametrize(
    ("ahead", "found"), [(timedelta(seconds=60), set()), (timedelta(seconds=61), {"clock-behind"})]
)
def test_a_clock_set_back(ahead: timedelta, found: set[str]) -> None:
    """Row 66: a trust list from the future says that this clock is behind, and nothing can be judged by it."""
    trust = trust_list(issued_at=NOW + ahead, next_update_at=NOW + 100 * DAY)

    verdict = verifier(registered(), trust=trust).verify(TEXT, as_of=LOSS, expect=SEEN)

    assert found == set(codes(verdict))
    assert (Outcome.UNDETERMINED if found else Outcome.VALID) is verdict.outcome


def test_another_trust_list() -> None:
    """`with_trust` gives a verifier under the other list, and leaves the first as it was."""
    first = verifier(registered())
    other = first.with_trust(trust_list(trusted_issuer(trusted_key(LocalSigner.generate()))))

    assert first.verify(TEXT, as_of=LOSS, expect=SEEN)
    assert ["key-unknown"] == codes(other.verify(TEXT, as_of=LOSS, expect=SEEN))
    assert (first.status, first.policy, first.clock) == (other.status, other.policy, other.clock)


# Live presentations


@pytest.mark.parametrize(
    ("as_of", "expected"),
    [
        (NOW - 2 * MINUTE - TICK, {("status-not-checked", "blocks")}),
        (NOW - 2 * MINUTE, set()),
        (NOW, set()),
        (NOW + timedelta(seconds=60), set()),
        (date(2026, 10, 1), {("status-not-checked", "blocks")}),
        (LOSS, {("status-not-checked", "blocks")}),
    ],
)
def test_a_presentation_stands_for_its_minutes(as_of: datetime | date, expected: set[tuple[str, str]]) -> None:
    """Within its window a presentation stands for the status look-up; for any other moment the register is needed."""
    text = live(presented_at=NOW - 2 * MINUTE, minutes=5)

    assert expected == reasons(verifier(None).verify(text, as_of=as_of, expect=SEEN))


@pytest.mark.parametrize(
    ("evaluated_at", "over"),
    [
        (NOW - MINUTE - TICK, True),
        (NOW - MINUTE, False),
        (NOW, False),
        (NOW + 6 * MINUTE - TICK, False),
        (NOW + 6 * MINUTE, True),
    ],
)
def test_a_presentation_is_over(evaluated_at: datetime, *, over: bool) -> None:
    """Shown outside its window, with a minute for the clocks, it blocks and never fails."""
    verdict = verifier(registered(), at=evaluated_at).verify(live(), as_of=LOSS, expect=SEEN)

    assert over == (("presentation-expired", "blocks") in reasons(verdict))
    assert Outcome.INVALID is not verdict.outcome


def test_a_presentation_does_not_outweigh_a_revocation() -> None:
    """Asked about another moment, what the register says of it counts."""
    backend = registered()
    backend.revoke(REF, at=LOSS, effective_at=LOSS)

    assert ["revoked-before-event"] == codes(verifier(backend).verify(live(), as_of=LOSS, expect=SEEN))


@pytest.mark.parametrize("minutes", [15, 15 + 1 / 60])
def test_a_presentation_that_lasts_too_long(minutes: float) -> None:
    """The trust list says how long a presentation may last at most."""
    verdict = verifier(None).verify(live(minutes=minutes), as_of=NOW, expect=SEEN)

    assert ([] if minutes == 15 else ["key-usage"]) == codes(verdict)


def test_when_a_presentation_was_observed() -> None:
    """A presentation that stands for the look-up says as of when."""
    assert NOW == verifier(None).verify(live(), as_of=NOW, expect=SEEN).status_observed_at


# Answers that hold little


def test_observations_of_one_list_only() -> None:
    """A backend that answers with an observation alone is enough where that proves the moment."""
    seen = StatusObservation(state=StatusState.VALID, at=NOW)
    trust = trust_list(trusted_issuer(suspends=False, retroactive=False))
    backend = Answers(record(events=(), observations=[seen], history_from=None))

    assert verifier(backend, trust=trust).verify(TEXT, as_of=LOSS, expect=SEEN)


def test_a_register_that_forgot() -> None:
    """An empty register makes nothing valid, under no policy."""
    for policy in (Policy.claims(), Policy.counterparty(), Policy.bulk()):
        verdict = verifier(MemoryStatusBackend(), policy).verify(TEXT, as_of=LOSS, expect=SEEN)
        assert {("status-unknown-reference", "blocks")} == reasons(verdict)
