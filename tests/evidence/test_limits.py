"""The writer keeps the reader's limits: what is written is read again and replays, or nothing is written."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from typing import Any

import attrs
import pytest

from certcore import Evidence, Verdict
from certcore.errors import CertcoreError, IssuingError, StatusError
from certcore.evidence._file import MAX_EVIDENCE_BYTES
from certcore.policy import Policy
from certcore.status import (
    StatusEvent,
    StatusEventKind,
    StatusObservation,
    StatusProof,
    StatusState,
    VehicleFlag,
    VehicleRecord,
)
from tests import tsa
from tests.evidence.cast import SEAL_SIGNER, insurer, same
from tests.verify_cases import ISSUED, NOW, PLATE, SEEN, TEXT, TRUST_ROOT, Answers, happened, record, verifier

FIRST, LAST = datetime.min.replace(tzinfo=UTC), datetime.max.replace(tzinfo=UTC)
BEFORE = datetime(1969, 12, 31, 23, 59, 59, 999_999, tzinfo=UTC)
NEXT = datetime(9999, 1, 1, tzinfo=UTC)
HALF = "\ud800"  # half of a surrogate pair: no text
HUGE = "x" * ((4 << 20) + 1)

USES: dict[str, Callable[[Evidence], object]] = {
    "to_bytes": lambda evidence: evidence.to_bytes(),
    "detached": lambda evidence: evidence.to_bytes(detached=True),
    "sealed": lambda evidence: evidence.sealed(SEAL_SIGNER),
    "digest": lambda evidence: evidence.digest,
    "to_log": lambda evidence: evidence.to_log(),
    "to_dict": lambda evidence: evidence.to_dict(),
    "request": lambda evidence: evidence.timestamp_request(),
    "stamp": lambda evidence: evidence.with_timestamp(b"0", authorities=[tsa.authority().root]),
}


def status(**changes: Any) -> Verdict:  # noqa: ANN401  any field of a record
    """The verdict where a register without proof answers so."""
    return verifier(Answers(status=record(**changes))).verify(TEXT, as_of=NOW, expect=SEEN)


def events(*found: StatusEvent) -> Verdict:
    """The verdict where these things happened."""
    return verifier(Answers(status=record(*found))).verify(TEXT, as_of=NOW, expect=SEEN)


def vehicle(**changes: Any) -> Verdict:  # noqa: ANN401  any field of a record
    """The verdict where a register answers so about the vehicle."""
    about = attrs.evolve(VehicleRecord(known=True, observed_at=NOW), **changes)
    return verifier(Answers(status=record()), vehicles=Answers(vehicle=about)).verify(TEXT, as_of=NOW, expect=SEEN)


def proof(**changes: Any) -> Verdict:  # noqa: ANN401  any field of a proof
    """The verdict where a document came with the answer."""
    key_id = SEAL_SIGNER.public_key.key_id
    given = StatusProof(**({"data": b"\x01", "media_type": "text/plain", "key_id": key_id} | changes))
    return status(proofs=[given])


UNWRITABLE: dict[str, Callable[[], Verdict]] = {
    "record-observed-last": lambda: status(observed_at=LAST),
    "record-history-first": lambda: status(history_from=FIRST),
    "record-history-before": lambda: status(history_from=BEFORE),
    "record-reliable-last": lambda: status(reliable_until=LAST),
    "record-reliable-next": lambda: status(reliable_until=NEXT),
    "event-effective-first": lambda: events(happened(StatusEventKind.REVOKED, FIRST, NOW)),
    "event-effective-last": lambda: events(happened(StatusEventKind.REVOKED, LAST, NOW)),
    "event-recorded-before": lambda: events(happened(StatusEventKind.REVOKED, NOW, BEFORE)),
    "event-recorded-last": lambda: events(happened(StatusEventKind.REVOKED, NOW, LAST)),
    "event-reason-half": lambda: events(happened(StatusEventKind.REVOKED, NOW, NOW, HALF)),
    "event-reason-huge": lambda: events(happened(StatusEventKind.REVOKED, NOW, NOW, HUGE)),
    "observation-first": lambda: status(observations=[StatusObservation(state=StatusState.VALID, at=FIRST)]),
    "observation-last": lambda: status(observations=[StatusObservation(state=StatusState.VALID, at=LAST)]),
    "vehicle-observed-last": lambda: vehicle(observed_at=LAST),
    "vehicle-history-first": lambda: vehicle(history_from=FIRST),
    "vehicle-reliable-last": lambda: vehicle(reliable_until=LAST),
    "vehicle-until-first": lambda: vehicle(valid_until=date.min),
    "vehicle-until-last": lambda: vehicle(valid_until=date.max),
    "flag-since-first": lambda: vehicle(flags=[VehicleFlag(code="B", since=date.min)]),
    "flag-until-last": lambda: vehicle(flags=[VehicleFlag(code="B", until=date.max)]),
    "flag-half": lambda: vehicle(flags=[VehicleFlag(code=HALF)]),
    "media-type-half": lambda: proof(media_type=HALF),
    "media-type-huge": lambda: proof(media_type=HUGE),
    "text-huge": lambda: insurer().verify(HUGE, as_of=NOW),
    "text-half-huge": lambda: insurer().verify(HALF + HUGE, as_of=NOW),
}


@pytest.mark.parametrize("make", UNWRITABLE.values(), ids=UNWRITABLE)
@pytest.mark.parametrize("use", USES.values(), ids=USES)
def test_what_a_file_cannot_hold_is_not_written(make: Callable[[], Verdict], use: Callable[[Evidence], object]) -> None:
    """There is a verdict, and evidence that says what was asked; bytes that nobody could read there are none."""
    evidence = make().evidence

    with pytest.raises(IssuingError) as caught:
        use(evidence)
    assert "evidence-not-writable" == caught.value.code
    assert PLATE[-4:] not in str(caught.value)
    assert NOW == evidence.evaluated_at


WRITABLE: dict[str, Callable[[], Verdict]] = {
    "first": lambda: status(history_from=datetime(1970, 1, 1, tzinfo=UTC)),
    "last": lambda: status(reliable_until=NEXT - timedelta(microseconds=1)),
    "event": lambda: events(happened(StatusEventKind.REVOKED, datetime(1970, 1, 1, tzinfo=UTC), ISSUED, "闽" * 1000)),
    "vehicle-days": lambda: vehicle(
        valid_until=date(9998, 12, 31), flags=[VehicleFlag(code="B", since=date(1970, 1, 1))]
    ),
    "failed": lambda: verifier(Answers(status=StatusError("status-unavailable"))).verify(TEXT, as_of=NOW),
    "strange-code": lambda: verifier(Answers(status=StatusError(HALF))).verify(TEXT, as_of=NOW, expect=SEEN),
    "half-a-text": lambda: insurer().verify(f"VIC1:{HALF}", as_of=NOW),
    "proof": proof,
}


@pytest.mark.parametrize("make", WRITABLE.values(), ids=WRITABLE)
def test_what_a_file_can_hold_replays(make: Callable[[], Verdict]) -> None:
    """To the very edge of what can be written."""
    verdict = make()

    assert same(verdict, Evidence.from_bytes(verdict.evidence.to_bytes()).replay(TRUST_ROOT))


@pytest.mark.parametrize(
    "as_of",
    [
        datetime(1970, 1, 1, tzinfo=UTC),
        date(1970, 1, 1),
        datetime(9998, 12, 31, tzinfo=UTC),
        datetime(9998, 12, 31, 23, 59, 59, 999_999, tzinfo=UTC),
        date(9998, 12, 31),
    ],
)
def test_every_question_can_be_kept(as_of: datetime | date) -> None:
    """The first and the last moment that may be asked about, and a clock that stands there."""
    clocks = [NOW, as_of] if isinstance(as_of, datetime) else [NOW]
    for at in clocks:
        verdict = verifier(policy=Policy.counterparty(), at=at).verify(TEXT, as_of=as_of, known_at=min(at, NOW))
        assert same(verdict, Evidence.from_bytes(verdict.evidence.to_bytes()).replay(TRUST_ROOT))


def test_too_many_documents() -> None:
    """More than 1024 are not embedded; detached they are named, and the file is read again."""
    key_id = SEAL_SIGNER.public_key.key_id
    proofs = [
        StatusProof(data=number.to_bytes(2, "big"), media_type="text/plain", key_id=key_id) for number in range(1025)
    ]
    evidence = status(proofs=proofs).evidence

    with pytest.raises(IssuingError) as caught:
        evidence.to_bytes()
    detached = Evidence.from_bytes(evidence.to_bytes(detached=True), materials=evidence.materials)

    assert "evidence-not-writable" == caught.value.code
    assert evidence == detached
    assert "status-backend-error" in detached.replay(TRUST_ROOT)


def test_too_many_bytes() -> None:
    """A file that would be larger than is read is not written."""
    evidence = insurer().verify(TEXT, as_of=NOW, expect=SEEN).evidence
    large = attrs.evolve(evidence, materials={**evidence.materials, b"\0" * 32: bytes(MAX_EVIDENCE_BYTES)})

    with pytest.raises(IssuingError) as caught:
        large.to_bytes()
    assert "evidence-not-writable" == caught.value.code
    assert evidence == Evidence.from_bytes(large.to_bytes(detached=True), materials=evidence.materials)


def test_no_error_but_ours() -> None:
    """Whatever a backend's error says, the evidence is written or refused with a code."""
    for code in (HALF, HUGE, "", 7, None, dataclasses):
        verdict = verifier(Answers(status=StatusError(code))).verify(TEXT, as_of=NOW, expect=SEEN)  # type: ignore[arg-type]  # what is tried
        try:
            Evidence.from_bytes(verdict.evidence.to_bytes()).replay(TRUST_ROOT)
        except CertcoreError as error:
            assert "evidence-not-writable" == error.code  # noqa: PT017  it may be written, too


@pytest.mark.parametrize("token", ["token", None, 5, [b"token"]], ids=str)
def test_a_time_stamp_is_bytes(token: Any) -> None:  # noqa: ANN401  misuse
    """Anything else would be written, and never read again."""
    evidence = status().evidence

    with pytest.raises(TypeError, match="bytes"):
        evidence.with_timestamp(token)
