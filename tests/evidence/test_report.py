"""What a replay asserts: what was proved, by whose seal, in which civil time, and what it takes on somebody's word."""

from __future__ import annotations

import pickle
from datetime import date, datetime, timedelta
from typing import Any

import attrs
import pytest

from certcore import Evidence, Expected, Outcome, Policy, Verdict
from certcore import TrustList as OpenedTrustList
from certcore._instants import ZONE_EDITION
from certcore.errors import StatusError, UntrustedError
from certcore.evidence import Backing, ReplayReport, Unproved
from certcore.evidence._report import CivilTime
from certcore.evidence._statement import encode
from certcore.policy import Need
from certcore.status import SnapshotStatusBackend, StatusEvent, StatusEventKind, VehicleRecord, VehicleStatusBackend
from certcore.testing import FixedClock
from tests import tsa
from tests.evidence.cast import (
    DAY,
    HOUR,
    SEAL_SIGNER,
    Register,
    insurer,
    issuer,
    same,
    status_events,
    status_list,
)
from tests.verify_cases import (
    LONG_AGO,
    NOW,
    PLATE,
    REF,
    SEEN,
    TEXT,
    TRUST_ROOT,
    VIN,
    Answers,
    happened,
    record,
    trust_bytes,
    trust_list,
    trusted_issuer,
    verifier,
)

LOSS = datetime(2026, 8, 14, 9, 30, tzinfo=NOW.tzinfo)
PATROL = attrs.evolve(Policy.roadside(), vehicle=Need.NOT_USED)
NOT_SEALED = (Unproved.QUESTION, Unproved.ASKED_AT, Unproved.LOOKUPS, Unproved.DOCUMENTS)


def report_of(evidence: Evidence, **how: Any) -> ReplayReport:  # noqa: ANN401  what a replay takes
    """What the replay of the written file asserts."""
    again = Evidence.from_bytes(evidence.to_bytes())
    verdict = again.replay_vehicle(TRUST_ROOT, **how) if again.is_about_vehicle else again.replay(TRUST_ROOT, **how)
    assert verdict.replay_report is not None
    return verdict.replay_report


def rewritten(evidence: Evidence, **changes: Any) -> Evidence:  # noqa: ANN401  any member of a statement
    """The unsealed file that somebody makes of another's."""
    return Evidence(encode(attrs.evolve(evidence._statement, **changes)), evidence.materials)


# --- what is proved


def test_a_verdict_at_first_has_no_report() -> None:
    """It is no replay; that one was made changes nothing that is compared, written or kept."""
    verdict = insurer().verify(TEXT, as_of=LOSS, expect=SEEN)
    again = Evidence.from_bytes(verdict.evidence.to_bytes()).replay(TRUST_ROOT)

    assert verdict.replay_report is None
    assert same(verdict, again)
    assert verdict.evidence.to_bytes() == again.evidence.to_bytes()
    assert again.replay_report == pickle.loads(pickle.dumps(again)).replay_report  # noqa: S301  made by this test


def test_lists_are_proof() -> None:
    """Signed documents prove the status; without a seal, the question is taken on the keeper's word."""
    evidence = insurer().verify(TEXT, as_of=LOSS, expect=SEEN).evidence

    report = report_of(evidence)

    assert (Backing.PROVED, Backing.NOT_ASKED) == (report.status, report.vehicle)
    assert (Backing.PROVED, Backing.NOT_ASKED) == (evidence.status_backing, evidence.vehicle_backing)
    assert (None, None) == (report.sealed_by, report.timestamp)
    assert NOT_SEALED == report.unproved
    assert (CivilTime.SAME, "Asia/Shanghai", ZONE_EDITION) == (
        report.civil_time,
        report.time_zone,
        report.zone_edition,
    )
    assert {8 * 3600} == {ahead for _, ahead in report.offsets}


def test_a_word_is_no_proof() -> None:
    """A record without documents is attested, sealed or not, and said to be; so is that of a vehicle."""
    seen = VehicleRecord(known=True, observed_at=NOW, history_from=LONG_AGO)
    asking = verifier(Answers(status=record()), vehicles=Answers(vehicle=seen))
    evidence = asking.verify(TEXT, as_of=LOSS, expect=SEEN).evidence.sealed(SEAL_SIGNER)

    report = report_of(evidence, seal_key=SEAL_SIGNER.public_key)

    assert (Backing.ATTESTED, Backing.ATTESTED) == (report.status, report.vehicle)
    assert (Unproved.STATUS_RECORD, Unproved.VEHICLE_RECORD) == report.unproved
    assert (*NOT_SEALED, *report.unproved) == report_of(evidence).unproved


def test_seals_and_stamps() -> None:
    """Whose seal holds and which authority stamped it; with a seal nothing is left to anybody's word."""
    authority = tsa.authority()
    sealed = insurer().verify(TEXT, as_of=LOSS, expect=SEEN).evidence.sealed(SEAL_SIGNER)
    stamped = sealed.with_timestamp(authority.answer(sealed.timestamp_request(), at=NOW + HOUR))

    report = report_of(stamped, seal_key=SEAL_SIGNER.public_key, authorities=[authority.root])

    assert SEAL_SIGNER.public_key.key_id == report.sealed_by == stamped.unverified_seal_key_id
    assert report.timestamp is not None
    assert NOW <= report.timestamp.at <= NOW + 2 * HOUR
    assert () == report.unproved
    assert report_of(stamped, authorities=[tsa.authority(seed=2).root]).timestamp is None
    assert report_of(stamped).sealed_by is None  # a seal that nobody required proves nothing


@pytest.mark.parametrize(
    ("vehicles", "backing"),
    [
        (None, Backing.NOT_ASKED),
        (Answers(vehicle=StatusError("status-unavailable")), Backing.FAILED),
        (Answers(vehicle=VehicleRecord(known=True, observed_at=NOW)), Backing.ATTESTED),
        (Register(valid_until=date(2027, 9, 30)), Backing.PROVED),
    ],
    ids=lambda value: value.value if isinstance(value, Backing) else "",
)
def test_vehicles_without_a_certificate(vehicles: VehicleStatusBackend | None, backing: Backing) -> None:
    """Nobody asked, no answer, a word, and a signed one."""
    asking = insurer(vehicles=vehicles)
    evidence = asking.check_vehicle(registration_number=PLATE, country="CN", plate_type=2, as_of=LOSS).evidence

    report = report_of(evidence)

    assert (Backing.NOT_ASKED, backing, CivilTime.SAME) == (report.status, report.vehicle, report.civil_time)


def test_texts_of_nobody_need_no_civil_time() -> None:
    """Where no issuer signed, no days were counted."""
    report = report_of(insurer().verify("VIC1:0", as_of=LOSS).evidence)

    assert (CivilTime.NOT_USED, None, None, ()) == (
        report.civil_time,
        report.time_zone,
        report.zone_edition,
        report.offsets,
    )


def test_documents_that_had_expired() -> None:
    """A list that had expired when the question was asked still proves what it proved, and is told of."""
    lapsed = insurer(
        trust=OpenedTrustList.open(trust_bytes(issuer(suspends=False, retroactive=False)), root=TRUST_ROOT),
        status=SnapshotStatusBackend([status_list(at=NOW - 8 * DAY)]),
    )
    verdict = lapsed.verify(TEXT, as_of=NOW - 9 * DAY, expect=SEEN)

    report = report_of(verdict.evidence)

    assert (Backing.PROVED, True) == (report.status, report.has_expired_documents)
    assert Unproved.DOCUMENTS_CURRENT in report.unproved
    assert not report_of(insurer().verify(TEXT, as_of=LOSS, expect=SEEN).evidence).has_expired_documents


def test_reports_as_json() -> None:
    """Every member as a JSON type, keys in hexadecimal."""
    evidence = insurer().verify(TEXT, as_of=LOSS, expect=SEEN).evidence.sealed(SEAL_SIGNER)

    said = report_of(evidence, seal_key=SEAL_SIGNER.public_key).to_dict()

    assert SEAL_SIGNER.public_key.key_id.hex() == said["sealed_by"]
    assert ("proved", "not-asked", "same", []) == (
        said["status"],
        said["vehicle"],
        said["civil_time"],
        said["unproved"],
    )


# --- civil time


def in_zone(name: str, at: datetime, **changes: Any) -> Evidence:  # noqa: ANN401  any member of a statement
    """Evidence of the usual certificate, whose issuer lives in that zone."""
    listed = trust_list(trusted_issuer(time_zone=name), issued_at=at - HOUR, next_update_at=at + DAY)
    asking = verifier(policy=Policy.counterparty(), trust=listed, at=at)
    return rewritten(asking.verify(TEXT, as_of=at).evidence, **changes)


ENDED = datetime(2027, 9, 30, 17, 30, tzinfo=NOW.tzinfo)
"""Half past one on the day after the last, in China; still the last in Berlin."""

OLD = "2020a"
"""An edition of the time zone database that nobody here has."""


@pytest.mark.parametrize(
    ("ahead", "edition"), [(-3, ZONE_EDITION), (-3, OLD), (-3, None), (7, OLD), (9, ZONE_EDITION), (9, OLD)]
)
def test_a_civil_time_that_never_was(ahead: int, edition: str | None) -> None:
    """A certificate that is over is made valid by moving the clocks: the replay says that they never stood so."""
    honest = in_zone("Asia/Shanghai", ENDED)
    shifted = {"offsets": ((0, ahead * 3600),), "zone_edition": edition}
    forged = rewritten(honest, **shifted, **_outcome_under(honest, shifted))

    verdict = forged.replay(TRUST_ROOT)

    assert "expired-on-date" in {reason.code for reason in honest.reasons}
    assert verdict.outcome is not Outcome.VALID
    assert "civil-time-differs" in verdict
    assert verdict.replay_report is not None
    assert CivilTime.IMPOSSIBLE is verdict.replay_report.civil_time
    again = Evidence.from_bytes(verdict.evidence.to_bytes()).replay(TRUST_ROOT)
    assert same(verdict, again)


def _outcome_under(evidence: Evidence, shifted: dict[str, Any]) -> dict[str, Any]:
    """What somebody writes as the outcome who knows the rules: valid where the moved clocks make it so."""
    valid = {"outcome": Outcome.VALID, "reasons": [one for one in evidence.reasons if one.code != "expired-on-date"]}
    try:
        rewritten(evidence, **shifted, **valid).replay(TRUST_ROOT)
    except UntrustedError:
        return {}
    return valid


def test_a_civil_time_that_never_was_for_a_vehicle() -> None:
    """Nor may a vehicle's day be moved."""
    asking = insurer(vehicles=Register(valid_until=date(2027, 9, 30)))
    honest = asking.check_vehicle(registration_number=PLATE, country="CN", plate_type=2, as_of=NOW).evidence
    verdict = rewritten(honest, offsets=((0, 5 * 3600),), zone_edition=OLD).replay_vehicle(TRUST_ROOT)

    assert honest.outcome is Outcome.VALID
    assert (Outcome.UNDETERMINED, True) == (verdict.outcome, "civil-time-differs" in verdict)


def test_a_civil_time_that_never_was_for_a_while() -> None:
    """Nor for some hours that nobody looks at."""
    honest = in_zone("Asia/Shanghai", LOSS)
    second = int(NOW.timestamp())
    moved = ((0, 8 * 3600), (second, -3 * 3600), (second + 60, 8 * 3600))

    assert "civil-time-differs" in rewritten(honest, offsets=moved, zone_edition=OLD).replay(TRUST_ROOT)


@pytest.mark.parametrize("at", [datetime(1970, 1, 3, tzinfo=NOW.tzinfo), datetime(9998, 12, 30, tzinfo=NOW.tzinfo)])
def test_far_years(at: datetime) -> None:
    """Questions about the ends of time replay, and are no work."""
    for name in ("Africa/Casablanca", "Europe/Berlin"):
        listed = trust_list(trusted_issuer(time_zone=name))
        evidence = verifier(policy=Policy.counterparty(), trust=listed).verify(TEXT, as_of=at).evidence
        report = Evidence.from_bytes(evidence.to_bytes()).replay(TRUST_ROOT).replay_report
        assert report is not None
        assert CivilTime.SAME is report.civil_time


def test_another_issuers_civil_time() -> None:
    """Offsets that are said to be another issuer's are nobody's."""
    evidence = in_zone("Asia/Shanghai", LOSS, issuer="DE")

    assert "civil-time-differs" in evidence.replay(TRUST_ROOT)


@pytest.mark.parametrize(
    ("edition", "ahead", "civil_time"),
    [
        (ZONE_EDITION, 2, CivilTime.SAME),
        (ZONE_EDITION, 1, CivilTime.IMPOSSIBLE),
        (OLD, 1, CivilTime.CHANGED),
        (None, 1, CivilTime.CHANGED),
        (OLD, 3, CivilTime.IMPOSSIBLE),
    ],
)
def test_zones_that_change(edition: str | None, ahead: int, civil_time: CivilTime) -> None:
    """What another edition may have had replays as it was, and is told of; what the same edition denies does not."""
    evidence = in_zone("Europe/Berlin", LOSS)
    recorded = tuple(
        (at, ahead * 3600 if seconds == 7200 else seconds) for at, seconds in evidence._statement.offsets or ()
    )
    report = rewritten(evidence, zone_edition=edition, offsets=recorded).replay(TRUST_ROOT).replay_report

    assert report is not None
    assert civil_time is report.civil_time


@pytest.mark.parametrize(
    "name", ["Asia/Almaty", "Africa/Casablanca", "Africa/Cairo", "America/Sao_Paulo", "Pacific/Apia"]
)
def test_honest_evidence_is_never_blocked(name: str) -> None:
    """Zones that have changed, and the offsets that an older edition would have given, replay to the same verdict."""
    listed = trust_list(trusted_issuer(time_zone=name))
    for at in (NOW, LOSS, NOW + 400 * DAY):
        verdict = verifier(policy=Policy.counterparty(), trust=listed, at=at).verify(TEXT, as_of=at)
        again = Evidence.from_bytes(verdict.evidence.to_bytes()).replay(TRUST_ROOT)
        assert same(verdict, again)
        assert again.replay_report is not None
        assert CivilTime.SAME is again.replay_report.civil_time


def test_files_without_civil_time() -> None:
    """A file that records none is judged in the zone of this machine."""
    report = in_zone("Asia/Shanghai", LOSS, offsets=None, zone_edition=None).replay(TRUST_ROOT).replay_report

    assert report is not None
    assert (CivilTime.SAME, ()) == (report.civil_time, report.offsets)


# --- the question


def test_the_question_is_readable() -> None:
    """Vehicle, moment, policy, text and picture: as members, and as JSON."""
    policy = attrs.evolve(Policy.claims(), name="desk", max_status_age=timedelta(hours=3))
    verdict = insurer(policy=policy, vehicles=Register(valid_until=date(2027, 9, 30))).verify(
        TEXT, as_of=date(2026, 8, 14), expect=SEEN, known_at=NOW - DAY
    )
    evidence = Evidence.from_bytes(verdict.evidence.to_bytes())

    assert (TEXT, date(2026, 8, 14), NOW - DAY, NOW) == (
        evidence.text,
        evidence.as_of,
        evidence.known_at,
        evidence.evaluated_at,
    )
    assert (SEEN, policy, None) == (evidence.expected, evidence.policy, evidence.picture_digest)
    assert (verdict.outcome, verdict.reasons) == (evidence.outcome, evidence.reasons)
    question = evidence.to_dict()["question"]
    assert {
        "registration_number": SEEN.registration_number,
        "country": None,
        "plate_type": None,
        "vin": VIN,
    } == question["expected"]
    assert ("desk", policy.id, 10800.0, ["plate", "vin"]) == tuple(
        question["policy"][name] for name in ("name", "id", "max_status_age_s", "binding")
    )
    assert ("certificate", TEXT, "2026-08-14") == tuple(question[name] for name in ("about", "text", "as_of"))


def test_the_question_about_a_vehicle_is_readable() -> None:
    """There is no text, and the vehicle is the one asked about."""
    evidence = insurer().check_vehicle(registration_number=PLATE, country="CN", plate_type=2, as_of=LOSS).evidence

    assert evidence.text is None
    assert Expected(registration_number=PLATE, country="CN", plate_type=2) == evidence.expected
    assert ("vehicle", None) == tuple(evidence.to_dict()["question"][name] for name in ("about", "text"))


def test_a_verdict_has_its_text() -> None:
    """The text of the code that was read, in no repr."""
    verdict = insurer().verify(TEXT + "\r\n", as_of=LOSS, expect=SEEN)

    assert TEXT == verdict.text
    assert TEXT[5:30] not in f"{verdict!r}{verdict.evidence!r}{verdict.evidence.to_log()}"


# --- other genuine documents


def exchanged(evidence: Evidence, other: Evidence) -> Evidence:
    """The evidence with the other's record in the place of its own, and the outcome that somebody would like."""
    statement, foreign = evidence._statement, other._statement
    taken = {name: getattr(foreign, name) for name in ("status", "vehicle", "outcome", "reasons")}
    return Evidence(encode(attrs.evolve(statement, **taken)), {**evidence.materials, **other.materials})


def refused(evidence: Evidence) -> str | None:
    """The code that a replay ends with, if it does, or that it is not valid."""
    try:
        verdict = evidence.replay(TRUST_ROOT)
    except UntrustedError as error:
        return error.code
    return None if verdict else "not-valid"


@pytest.mark.parametrize("policy", [Policy.claims(), PATROL], ids=lambda policy: policy.name)
@pytest.mark.parametrize("with_events", [True, False])
def test_an_older_list_is_too_old(policy: Policy, *, with_events: bool) -> None:
    """A loss, a revocation that reaches back behind it, and the genuine list of the day of the loss put in."""
    loss, learnt = NOW - 5 * DAY, NOW - 2 * DAY
    revoked = happened(StatusEventKind.REVOKED, loss - 10 * DAY, learnt)
    listed = OpenedTrustList.open(
        trust_bytes(issuer(suspends=with_events), issued_at=loss - HOUR, next_update_at=NOW + DAY), root=TRUST_ROOT
    )

    def desk(at: datetime, *found: StatusEvent) -> Evidence:
        published = at - timedelta(minutes=1)
        documents = [status_list({REF.index: 1} if found else None, at=published)]
        documents += [status_events(found, at=published)] if with_events else []
        asking = insurer(trust=listed, status=SnapshotStatusBackend(documents), policy=policy, clock=FixedClock(at))
        return asking.verify(TEXT, as_of=loss, expect=SEEN).evidence

    honest, early = desk(NOW, revoked), desk(loss + timedelta(minutes=10))

    assert (Outcome.VALID, False) == (early.outcome, honest.outcome is Outcome.VALID)
    assert refused(exchanged(honest, early)) in {"evidence-outcome-differs", "not-valid"}


def test_documents_younger_than_the_question() -> None:
    """A list that came after the question was no answer to it."""
    early, late = (
        insurer(status=SnapshotStatusBackend([status_list(at=at), status_events(at=at)]), clock=FixedClock(at))
        .verify(TEXT, as_of=LOSS, expect=SEEN)
        .evidence
        for at in (NOW, NOW + DAY)
    )

    assert "evidence-proof-invalid" == refused(exchanged(early, late))


@pytest.mark.parametrize("days", [-30, -1, 1, 30])
def test_answers_of_another_day(days: int) -> None:
    """A register's answer about the same vehicle and moment, given on another day, is no answer to this question."""
    honest, other = (
        insurer(vehicles=Register(valid_until=date(2027, 9, 30)), clock=FixedClock(at))
        .verify(TEXT, as_of=LOSS, expect=SEEN)
        .evidence
        for at in (NOW, NOW + days * DAY)
    )
    assert Backing.PROVED is honest.vehicle_backing

    changed = exchanged(honest, rewritten(other, status=honest._statement.status))

    assert "evidence-proof-invalid" == refused(changed)


# --- what cannot be caught, and is said


def test_what_is_left_out_is_taken_on_trust() -> None:
    """Who drops the look-up of an unsealed file has sound evidence of a question that nobody was asked about."""
    register = Answers(status=record(happened(StatusEventKind.REVOKED, LOSS - DAY)))
    honest = verifier(register, Policy.counterparty()).verify(TEXT, as_of=LOSS, expect=SEEN)
    silent = verifier(None, Policy.counterparty()).verify(TEXT, as_of=LOSS, expect=SEEN)

    dropped = rewritten(honest.evidence, status=None, outcome=silent.outcome, reasons=silent.reasons)
    verdict: Verdict = dropped.replay(TRUST_ROOT)

    assert (Outcome.INVALID, Outcome.VALID, True) == (honest.outcome, verdict.outcome, verdict.degraded)
    assert verdict.replay_report is not None
    assert Unproved.LOOKUPS in verdict.replay_report.unproved
    assert Backing.NOT_ASKED is verdict.replay_report.status
