"""Evidence comes to the same verdict years later: every vector, every kind of proof, embedded and detached."""

from __future__ import annotations

import hashlib
import pickle
from datetime import date, datetime, timedelta

import attrs
import pytest

from certcore import (
    Evidence,
    LocalSigner,
    Outcome,
    Policy,
    TrustList,
    TrustRoot,
    VehicleVerdict,
    Verdict,
    Verifier,
)
from certcore.errors import CertcoreError, RejectedInputError, StatusError, UntrustedError
from certcore.evidence import Backing
from certcore.evidence._statement import Statement, encode
from certcore.evidence._values import ProvedRecord, SignedAnswer
from certcore.status import SnapshotStatusBackend, StatusEvent, StatusEventKind, StatusQuery, VehicleFlag
from certcore.testing import FixedClock
from certcore.trust import Environment
from tests import tsa, verify_vectors
from tests.evidence.cast import (
    DAY,
    HOUR,
    LISTS,
    STATUS_SIGNER,
    Register,
    insurer,
    same,
    status_events,
    status_list,
    trust,
)
from tests.verify_cases import (
    ISSUED,
    NOW,
    PLATE,
    REF,
    ROOT_SIGNER,
    SEEN,
    TEXT,
    TRUST_ROOT,
    VIN,
    Answers,
    certificate,
    happened,
    record,
    seal,
    trust_bytes,
    verifier,
)
from tests.verify_vectors import VECTORS, Vector

LOSS = datetime(2026, 8, 14, 9, 30, tzinfo=NOW.tzinfo)


def replayed(verdict: Verdict, root: TrustRoot = TRUST_ROOT) -> Verdict:
    """The verdict that the written file comes to."""
    return Evidence.from_bytes(verdict.evidence.to_bytes()).replay(root)


def kind_of_status(verdict: Verdict) -> str:
    """How the status answer stands in the statement."""
    return type(verdict.evidence._statement.status).__name__


@pytest.mark.parametrize("vector", VECTORS, ids=lambda vector: vector.name)
def test_every_vector_replays(vector: Vector) -> None:
    """The verdict of then, byte for byte; and its evidence is the same bytes again."""
    verdict = vector.verify()

    again = Evidence.from_bytes(verdict.evidence.to_bytes()).replay(
        verify_vectors.ROOT, group_keys=vector.verifier.group_keys
    )

    assert same(verdict, again)
    assert verdict.id == again.id
    assert verdict.evidence.to_bytes() == again.evidence.to_bytes()


def test_lists_prove_the_status() -> None:
    """A record that signed lists prove is left to them, and read from them again."""
    verdict = insurer().verify(TEXT, as_of=LOSS, expect=SEEN)

    assert (Outcome.VALID, "ProvedRecord") == (verdict.outcome, kind_of_status(verdict))
    assert same(verdict, replayed(verdict))
    assert 3 == len(verdict.evidence.materials)


def test_nobody_is_asked_in_a_replay() -> None:
    """Replaying takes the file and a root: what has happened to lists and trust since changes nothing."""
    blob = insurer().verify(TEXT, as_of=LOSS, expect=SEEN).evidence.to_bytes()

    assert bool(Evidence.from_bytes(blob).replay(TRUST_ROOT))


def test_a_test_list_replays_for_tests_alone() -> None:
    """Evidence under a list for trying out comes to no verdict under a root for production."""
    tried = insurer(trust=trust(environment=Environment.TEST)).verify(TEXT, as_of=LOSS, expect=SEEN)
    keys = TRUST_ROOT.keys

    assert same(tried, replayed(tried, TrustRoot(keys=keys, environments=[Environment.TEST])))
    with pytest.raises(UntrustedError) as caught:
        replayed(tried, TrustRoot(keys=keys))
    assert "trust-list-environment" == caught.value.code
    real = insurer().verify(TEXT, as_of=LOSS, expect=SEEN)
    assert same(real, replayed(real, TrustRoot(keys=keys)))
    with pytest.raises(UntrustedError):
        replayed(real, TrustRoot(keys=keys, environments=[Environment.TEST]))


def test_a_register_without_proof_is_attested() -> None:
    """Facts of a backend that proves nothing are the verifier's word, and replay as that."""
    backend = Answers(status=record(happened(StatusEventKind.REVOKED, NOW - DAY)))

    verdict = verifier(backend).verify(TEXT, as_of=LOSS, expect=SEEN)

    assert "AttestedRecord" == kind_of_status(verdict)
    assert same(verdict, replayed(verdict))


def test_documents_that_prove_something_else_are_kept_as_they_came() -> None:
    """A backend whose facts are not what its documents say is attested, documents and all."""
    query_record = LISTS.lookup(insurer_query := _status_query(insurer()))
    invented = attrs.evolve(query_record, reliable_until=insurer_query.asked_at + DAY)
    verdict = insurer(status=Answers(status=invented)).verify(TEXT, as_of=LOSS, expect=SEEN)

    assert "AttestedRecord" == kind_of_status(verdict)
    assert same(verdict, replayed(verdict))


def _status_query(asking: Verifier) -> StatusQuery:
    asked = Answers(status=StatusError("status-unavailable"))
    attrs.evolve(asking, status=asked).verify(TEXT, as_of=LOSS, expect=SEEN)
    (query,) = asked.asked
    assert isinstance(query, StatusQuery)
    return query


@pytest.mark.parametrize("code", ["status-unavailable", "status-list-expired", "status-unknown-reference"])
def test_failures_replay(code: str) -> None:
    """A register that did not answer did not answer then, and does not in the replay."""
    verdict = verifier(Answers(status=StatusError(code))).verify(TEXT, as_of=LOSS, expect=SEEN)

    assert ("FailedLookup", Outcome.UNDETERMINED) == (kind_of_status(verdict), verdict.outcome)
    assert same(verdict, replayed(verdict))


def test_a_vehicle_answer_is_bound_to_its_request() -> None:
    """A register's signed answer replays with the request it was made for."""
    vehicles = Register(valid_until=date(2027, 9, 30), flags=(VehicleFlag(code="B"),))

    verdict = insurer(vehicles=vehicles).verify(TEXT, as_of=NOW, expect=SEEN)

    assert "SignedAnswer" == type(verdict.evidence._statement.vehicle).__name__
    assert "vehicle-caution" in verdict
    assert same(verdict, replayed(verdict))


def test_vehicle_verdicts_have_evidence_of_their_own() -> None:
    """What the register said of a vehicle replays, too, by the method for that."""
    asking = insurer(vehicles=Register(valid_until=date(2027, 9, 30)))
    verdict = asking.check_vehicle(registration_number=PLATE, country="CN", plate_type=2, as_of=NOW)

    evidence = Evidence.from_bytes(verdict.evidence.to_bytes())
    again = evidence.replay_vehicle(TRUST_ROOT)

    assert verdict.outcome is Outcome.VALID
    assert evidence.is_about_vehicle
    assert (verdict, verdict.to_json()) == (again, again.to_json())
    assert verdict.to_json() == evidence.reassess_vehicle(asking).to_json()
    for misused in (evidence.replay, evidence.reassess):
        with pytest.raises(ValueError, match="about a vehicle"):
            misused(TRUST_ROOT if misused == evidence.replay else asking)  # type: ignore[arg-type]  # each its own


def test_vehicle_verdicts_without_an_answer() -> None:
    """Nobody to ask, nobody trusted, and the future: each replays."""
    silent = insurer()
    for verdict in (
        silent.check_vehicle(registration_number=PLATE, country="CN", plate_type=2, as_of=NOW),
        silent.check_vehicle(registration_number=PLATE, country="DE", as_of=NOW),
        silent.check_vehicle(vin=VIN, as_of=date(2030, 1, 1)),
    ):
        again = Evidence.from_bytes(verdict.evidence.to_bytes()).replay_vehicle(TRUST_ROOT)
        assert isinstance(again, VehicleVerdict)
        assert verdict.to_json() == again.to_json()


def test_certificate_evidence_is_not_about_a_vehicle() -> None:
    """The methods for vehicles refuse it."""
    evidence = insurer().verify(TEXT, as_of=LOSS, expect=SEEN).evidence

    with pytest.raises(ValueError, match="about a certificate"):
        evidence.replay_vehicle(TRUST_ROOT)
    with pytest.raises(ValueError, match="about a certificate"):
        evidence.reassess_vehicle(insurer())


@pytest.mark.parametrize("text", ["", "VIC1:", "no certificate", "VIC1:\ud800", "\udfff", TEXT + "x", TEXT[:-3]])
def test_texts_that_are_no_certificates(text: str) -> None:
    """Whatever was scanned stands in the evidence, and comes to the same verdict."""
    verdict = insurer().verify(text, as_of=LOSS, expect=SEEN)

    assert same(verdict, replayed(verdict))


def test_pictures_without_a_certificate() -> None:
    """Why a picture held no certificate is kept; today it still holds none."""
    verdict = insurer().verify_image(b"not a picture", as_of=LOSS, expect=SEEN)

    assert same(verdict, replayed(verdict))
    assert verdict.to_json() == verdict.evidence.reassess(insurer()).to_json()


def test_what_was_knowable_is_kept() -> None:
    """`known_at`, and a civil day instead of an instant."""
    backend = Answers(status=record(happened(StatusEventKind.REVOKED, None, NOW - HOUR)))
    for asked in ({"as_of": LOSS, "known_at": NOW - DAY}, {"as_of": date(2026, 8, 14)}):
        verdict = verifier(backend).verify(TEXT, expect=SEEN, **asked)
        assert same(verdict, replayed(verdict))


def test_free_policies_are_kept_whole() -> None:
    """Every attribute of a policy is in the file, time-stamp authorities and seal keys too."""
    policy = attrs.evolve(
        Policy.claims(),
        name="自定义",
        binding={"vin"},
        max_status_age=None,
        max_trust_age=timedelta(days=30, microseconds=1),
        note_trust_age=timedelta(hours=1),
        clock_skew=timedelta(seconds=5),
        live_replaces_status=False,
        stop_flags={"B", "C"},
        time_stamp_authorities=[tsa.authority().root, tsa.authority(seed=2).root],
        seal_keys=[STATUS_SIGNER.public_key],
    )
    verdict = insurer(policy=policy).verify(TEXT, as_of=LOSS, expect=SEEN)

    again = replayed(verdict)

    assert same(verdict, again)
    assert policy == again._question.policy
    assert policy.id == again.policy_id


def test_detached_files() -> None:
    """Lists are named by digest; with the documents handed in the file is the embedded one again."""
    evidence = insurer().verify(TEXT, as_of=LOSS, expect=SEEN).evidence
    whole, small = evidence.to_bytes(), evidence.to_bytes(detached=True)

    found = Evidence.from_bytes(small)

    assert len(small) < 700 < len(whole)
    assert (set(evidence.materials), evidence.digest) == (set(found.missing), found.digest)
    with pytest.raises(RejectedInputError) as incomplete:
        found.replay(TRUST_ROOT)
    assert ("evidence-incomplete", (("missing", 3),)) == (incomplete.value.code, incomplete.value.detail)
    more = {**evidence.materials, b"\0" * 32: b"another's"}
    assert whole == Evidence.from_bytes(small, materials=more).to_bytes()
    assert bool(Evidence.from_bytes(small, materials=more).replay(TRUST_ROOT))


def test_documents_kept_under_another_digest() -> None:
    """A store that gives the wrong document is found out."""
    evidence = insurer().verify(TEXT, as_of=LOSS, expect=SEEN).evidence
    wrong = dict.fromkeys(evidence.materials, b"something else")

    with pytest.raises(UntrustedError) as caught:
        Evidence.from_bytes(evidence.to_bytes(detached=True), materials=wrong)
    assert "evidence-proof-invalid" == caught.value.code


def test_the_root_of_then_is_needed() -> None:
    """Evidence stands on a root: with another one nothing in it is believed."""
    stranger = TrustRoot(keys=[LocalSigner.generate().public_key])

    with pytest.raises(UntrustedError) as caught:
        replayed(insurer().verify(TEXT, as_of=LOSS, expect=SEEN), stranger)
    assert "trust-list-threshold" == caught.value.code


def test_a_lapsed_trust_list_replays() -> None:
    """What has expired since takes nothing from what was judged: age is judged at the time of then."""
    old = trust(issued_at=NOW - 3 * DAY, next_update_at=NOW - DAY)
    verdict = insurer(trust=old).verify(TEXT, as_of=LOSS, expect=SEEN)

    assert same(verdict, replayed(verdict))


def test_reassess_asks_what_is_known_today() -> None:
    """The same question under today's lists: revoked in the meantime, from the start."""
    evidence = insurer().verify(TEXT, as_of=LOSS, expect=SEEN).evidence
    void = StatusEvent(kind=StatusEventKind.REVOKED, effective_at=None, recorded_at=NOW, reason="fraud")
    lists = SnapshotStatusBackend([status_list({REF.index: 1}, at=NOW + HOUR), status_events([void], at=NOW + HOUR)])

    today = evidence.reassess(insurer(status=lists, clock=FixedClock(NOW + 2 * HOUR)))

    assert {"void-from-start"} == {reason.code for reason in today.reasons}
    assert LOSS == today.as_of
    assert bool(evidence.replay(TRUST_ROOT))


def test_reassess_knows_of_a_compromise() -> None:
    """A key found compromised since: the replay is what it was, the reassessment is not."""
    evidence = insurer().verify(TEXT, as_of=LOSS, expect=SEEN).evidence
    since = insurer(trust=trust(key={"compromised_since": ISSUED + DAY}, version=2))

    assert "key-compromised-unproven" in evidence.reassess(since)
    assert bool(evidence.replay(TRUST_ROOT))


def test_evidence_is_a_value() -> None:
    """Equal by content, hashable, immutable, picklable."""
    verdict = insurer().verify(TEXT, as_of=LOSS, expect=SEEN)
    one, other = verdict.evidence, Evidence.from_bytes(verdict.evidence.to_bytes())

    assert one == other
    assert one == pickle.loads(pickle.dumps(one))  # noqa: S301  made by this test
    assert dict(one.materials) == dict(pickle.loads(pickle.dumps(one)).materials)  # noqa: S301  as above
    with pytest.raises(attrs.exceptions.FrozenInstanceError):
        one.materials = {}  # type: ignore[misc]  # that is what is tried


def test_what_is_logged_names_nobody() -> None:
    """`to_log` and the repr have digests, codes and times."""
    verdict = insurer(vehicles=Register(valid_until=date(2027, 9, 30))).verify(TEXT, as_of=LOSS, expect=SEEN)
    shown = f"{verdict.evidence!r} {verdict.evidence.to_log()}"

    assert verdict.evidence.digest.hex() == verdict.evidence.to_log()["evidence"]
    for secret in (PLATE, PLATE.replace("·", ""), "12345", VIN, VIN[-6:], TEXT, TEXT[5:25]):
        assert secret not in shown


def test_another_issuers_list_proves_nothing() -> None:
    """A file whose list is signed by somebody else, or about another list, is refused."""
    evidence = insurer().verify(TEXT, as_of=LOSS, expect=SEEN).evidence
    statement = evidence._statement
    other = TrustList.open(trust_bytes(version=9, signer=ROOT_SIGNER), root=TRUST_ROOT)  # knows no status keys

    changed = _rewritten(evidence, attrs.evolve(statement, trust=_digest(other.to_bytes())), other.to_bytes())

    with pytest.raises(CertcoreError) as caught:
        changed.replay(TRUST_ROOT)
    assert "evidence-proof-invalid" == caught.value.code


def test_an_answer_about_another_vehicle_proves_nothing() -> None:
    """A register's answer counts for the vehicle it was asked about, and no other."""
    vehicles = Register(valid_until=date(2027, 9, 30))
    ours = insurer(vehicles=vehicles).verify(TEXT, as_of=LOSS, expect=SEEN).evidence
    theirs = insurer(vehicles=vehicles).check_vehicle(
        registration_number="闽C99999", country="CN", plate_type=2, as_of=LOSS
    )

    changed = _rewritten(ours, attrs.evolve(ours._statement, vehicle=theirs.evidence._statement.vehicle))

    with pytest.raises(UntrustedError) as caught:
        changed.replay(TRUST_ROOT)
    assert "evidence-proof-invalid" == caught.value.code


def test_rules_and_tables_of_other_versions() -> None:
    """What this version cannot judge by is said, and nothing is guessed."""
    evidence = insurer().verify(TEXT, as_of=LOSS, expect=SEEN).evidence
    for change in ({"rules": 2}, {"vocabulary": "1999-01-01"}):
        with pytest.raises(RejectedInputError) as caught:
            _rewritten(evidence, attrs.evolve(evidence._statement, **change)).replay(TRUST_ROOT)
        assert "evidence-rules-unsupported" == caught.value.code


def test_the_civil_time_of_then_counts() -> None:
    """A correction of the time zone database moves no verdict: the offsets that were used are in the file."""
    midnight = datetime(2027, 9, 30, 16, 30, tzinfo=NOW.tzinfo)  # half past midnight on the day after the last, at +8
    verdict = insurer(clock=FixedClock(midnight), policy=Policy.counterparty()).verify(TEXT, as_of=midnight)
    evidence = verdict.evidence
    earlier = attrs.evolve(evidence._statement, offsets=((0, 7 * 3600),))

    with pytest.raises(UntrustedError) as caught:
        _rewritten(evidence, earlier).replay(TRUST_ROOT)

    assert "expired-on-date" in verdict
    assert "evidence-outcome-differs" == caught.value.code
    assert same(verdict, replayed(verdict))


@pytest.mark.parametrize("offsets", [((5, 0), (5, 3600)), ((0, 86_400),), tuple((at, 0) for at in range(65))])
def test_civil_times_of_no_zone(offsets: tuple[tuple[int, int], ...]) -> None:
    """Offsets that no zone can have are malformed, for a certificate and for a vehicle."""
    asking = insurer()
    certificate = asking.verify(TEXT, as_of=LOSS, expect=SEEN).evidence
    vehicle = asking.check_vehicle(registration_number=PLATE, country="CN", plate_type=2, as_of=LOSS).evidence
    for evidence in (certificate, vehicle):
        changed = _rewritten(evidence, attrs.evolve(evidence._statement, offsets=offsets))
        with pytest.raises(RejectedInputError) as caught:
            (changed.replay_vehicle if changed.is_about_vehicle else changed.replay)(TRUST_ROOT)
        assert "evidence-malformed" == caught.value.code


@pytest.mark.parametrize("kind", ["text/plain", "application/statuslist+jwt"])
def test_documents_of_another_kind(kind: str) -> None:
    """A document under another media type proves nothing."""
    evidence = insurer().verify(TEXT, as_of=LOSS, expect=SEEN).evidence
    proved = evidence._statement.status
    assert isinstance(proved, ProvedRecord)
    changed = ProvedRecord(tuple((digest, kind) for digest, _ in proved.documents))

    with pytest.raises(UntrustedError) as caught:
        _rewritten(evidence, attrs.evolve(evidence._statement, status=changed)).replay(TRUST_ROOT)
    assert "evidence-proof-invalid" == caught.value.code


def test_documents_for_a_certificate_without_reference() -> None:
    """Where the certificate refers to no list, no list says anything of it."""
    bare = seal(certificate(status=None, certificate_id=bytes(range(8))))
    evidence = insurer(status=Answers(status=StatusError("status-unavailable"))).verify(bare, as_of=LOSS).evidence
    lists = insurer().verify(TEXT, as_of=LOSS, expect=SEEN).evidence

    changed = attrs.evolve(evidence._statement, status=lists._statement.status)

    with pytest.raises(UntrustedError) as caught:
        _rewritten(evidence, changed, *lists.materials.values()).replay(TRUST_ROOT)
    assert "evidence-proof-invalid" == caught.value.code


def test_an_answer_that_cannot_be_read() -> None:
    """A request or an answer of no sense proves nothing."""
    evidence = insurer(vehicles=Register(valid_until=date(2027, 9, 30))).verify(TEXT, as_of=LOSS, expect=SEEN).evidence
    answer = evidence._statement.vehicle
    assert isinstance(answer, SignedAnswer)
    for changed in (attrs.evolve(answer, request=b"\xff"), attrs.evolve(answer, answer=b"\xff")):
        with pytest.raises(UntrustedError) as caught:
            _rewritten(evidence, attrs.evolve(evidence._statement, vehicle=changed)).replay(TRUST_ROOT)
        assert "evidence-proof-invalid" == caught.value.code


def test_proof_that_was_never_looked_at() -> None:
    """A text of nobody rests on no record, whatever a file names beside it."""
    evidence = insurer().verify("VIC1:0", as_of=LOSS).evidence
    named = ProvedRecord(((bytes(32), "application/statuslist+cwt"),))

    report = _rewritten(evidence, attrs.evolve(evidence._statement, status=named)).replay(TRUST_ROOT).replay_report

    assert report is not None
    assert Backing.NOT_ASKED is report.status


def _digest(document: bytes) -> bytes:
    return hashlib.sha256(document).digest()


def _rewritten(evidence: Evidence, statement: Statement, *documents: bytes) -> Evidence:
    """The file that somebody makes of another's: another statement, and more documents."""
    materials = {**evidence.materials, **{_digest(document): document for document in documents}}
    return Evidence(encode(statement), materials)
