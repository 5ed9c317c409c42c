"""What protects evidence, and what does not: seals, time-stamps, digests, and files that somebody changed."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from certcore import Evidence, Expected, LocalSigner, Outcome, Policy, Verdict, _cbor, cose
from certcore.errors import CertcoreError, IssuingError, RejectedInputError, UntrustedError
from certcore.evidence import MEDIA_TYPE
from certcore.evidence._statement import Statement, encode
from certcore.reasons import Effect
from certcore.status import StatusEventKind
from tests import tsa
from tests.evidence.cast import DAY, SEAL_SIGNER, insurer, same, trust
from tests.verify_cases import (
    ISSUED,
    NOW,
    PLATE,
    SEEN,
    TEXT,
    TRUST_ROOT,
    Answers,
    happened,
    record,
    verifier,
)

LOSS = datetime(2026, 8, 14, 9, 30, tzinfo=NOW.tzinfo)
STAMPED = NOW + timedelta(seconds=30)
AUTHORITY = tsa.authority()


def judged(**changes: Any) -> Verdict:  # noqa: ANN401  as they take them
    """The usual verdict: valid at the time of loss."""
    return insurer(**changes).verify(TEXT, as_of=LOSS, expect=SEEN)


def rewritten(evidence: Evidence, **changes: Any) -> Evidence:  # noqa: ANN401  as they take them
    """The unsealed file that somebody makes of another's."""
    statement: Statement = attrs.evolve(evidence._statement, **changes)
    return Evidence(encode(statement), evidence.materials)


def refused(evidence: Evidence, **how: Any) -> str:  # noqa: ANN401  as they take them
    """The code that a replay ends with."""
    with pytest.raises(CertcoreError) as caught:
        evidence.replay(TRUST_ROOT, **how)
    return caught.value.code


# --- what anybody finds out -------------------------------------------------------------------------------------------


def test_a_changed_outcome_is_found() -> None:
    """The outcome alone cannot be changed: it does not follow from what is there."""
    revoked = verifier(Answers(status=record(happened(StatusEventKind.REVOKED, LOSS - DAY)))).verify(
        TEXT, as_of=LOSS, expect=SEEN
    )

    whitewashed = rewritten(revoked.evidence, outcome=Outcome.VALID, reasons=())
    softened = rewritten(
        revoked.evidence, reasons=[attrs.evolve(reason, effect=Effect.NOTES) for reason in revoked.reasons]
    )

    assert Outcome.INVALID is revoked.outcome
    assert {"evidence-outcome-differs"} == {refused(whitewashed), refused(softened)}


def test_a_changed_text_is_found() -> None:
    """The certificate is signed: another text with the old outcome does not follow."""
    changed = rewritten(judged().evidence, text=TEXT[:-2] + ("00" if not TEXT.endswith("00") else "01"))

    assert "evidence-outcome-differs" == refused(changed)


def test_changed_documents_are_found() -> None:
    """A bit anywhere in a document, and it is not the one that the statement names."""
    evidence = judged().evidence
    for digest, document in evidence.materials.items():
        changed = document[:-1] + bytes([document[-1] ^ 1])
        others = {key: value for key, value in evidence.materials.items() if key != digest}
        carried = Evidence(evidence._body, {**others, digest: changed})

        assert "evidence-incomplete" == refused(Evidence.from_bytes(carried.to_bytes()))


@given(st.data())
def test_a_bit_anywhere_in_sealed_evidence_is_found(data: st.DataObject) -> None:
    """No bit of a sealed file can be changed without the replay failing."""
    blob = bytearray(SEALED)
    blob[data.draw(st.integers(0, len(blob) - 1))] ^= 1 << data.draw(st.integers(0, 7))

    with pytest.raises(CertcoreError):
        Evidence.from_bytes(bytes(blob)).replay(TRUST_ROOT, seal_key=SEAL_SIGNER.public_key)


SEALED = judged().evidence.sealed(SEAL_SIGNER).to_bytes()


# --- what only a seal protects ----------------------------------------------------------------------------------------


def test_an_unsealed_question_is_not_protected() -> None:
    """Who changes the moment, and the outcome with it, has sound evidence about another question: seal it."""
    register = Answers(status=record(happened(StatusEventKind.REVOKED, LOSS - DAY)))
    asking = verifier(register)
    honest = asking.verify(TEXT, as_of=LOSS, expect=SEEN)
    earlier = asking.verify(TEXT, as_of=LOSS - 2 * DAY, expect=SEEN)

    forged = rewritten(honest.evidence, as_of=LOSS - 2 * DAY, outcome=earlier.outcome, reasons=earlier.reasons)

    assert (Outcome.INVALID, Outcome.VALID) == (honest.outcome, forged.replay(TRUST_ROOT).outcome)
    assert honest.evidence.digest != forged.digest  # kept elsewhere, this is what gives it away
    assert "evidence-seal-invalid" == refused(forged, seal_key=SEAL_SIGNER.public_key)


@pytest.mark.parametrize(
    "change",
    [
        {"as_of": LOSS - DAY},
        {"known_at": NOW - DAY},
        {"policy": Policy.counterparty()},
        {"expect": Expected(registration_number=PLATE)},
        {"evaluated_at": NOW - DAY},
    ],
    ids=lambda change: next(iter(change)),
)
def test_a_sealed_question_is_protected(change: dict[str, Any]) -> None:
    """Whatever of the question is changed under a seal, the seal does not hold any more."""
    evidence = judged().evidence.sealed(SEAL_SIGNER)
    statement: Statement = attrs.evolve(evidence._statement, **change)
    header, _, _, signature = _cbor.decode_general(evidence._body[1:], max_bytes=1 << 20)
    forged = Evidence(b"\xd2" + _cbor.encode([header, {}, encode(statement), signature]), evidence.materials)

    assert "evidence-seal-invalid" == refused(forged, seal_key=SEAL_SIGNER.public_key)


def test_seals() -> None:
    """A seal holds under its key alone, embedded and detached; it replays without being looked at, too."""
    evidence = judged().evidence
    sealed = Evidence.from_bytes(evidence.sealed(SEAL_SIGNER).to_bytes())
    detached = Evidence.from_bytes(sealed.to_bytes(detached=True), materials=evidence.materials)
    key = SEAL_SIGNER.public_key

    assert (False, True) == (evidence.is_sealed, sealed.is_sealed)
    for file in (sealed, detached):
        assert same(judged(), file.replay(TRUST_ROOT, seal_key=key))
        assert same(judged(), file.replay(TRUST_ROOT))
    assert "evidence-seal-invalid" == refused(sealed, seal_key=LocalSigner.generate().public_key)
    assert "evidence-seal-invalid" == refused(evidence, seal_key=key)
    with pytest.raises(IssuingError) as caught:
        sealed.sealed(SEAL_SIGNER)
    assert "already-signed" == caught.value.code


def test_what_else_the_key_signed_is_no_seal() -> None:
    """A statement that the insurer's key signed as something else is not sealed evidence."""
    evidence = judged().evidence
    for protected in ({}, {cose.TYP: "application/json"}):
        body = cose.sign1(evidence._body, signer=SEAL_SIGNER, protected=protected)
        other = Evidence(body, evidence.materials)
        assert "evidence-seal-invalid" == refused(other, seal_key=SEAL_SIGNER.public_key)
    assert (
        MEDIA_TYPE
        == cose.open_sign1(evidence.sealed(SEAL_SIGNER)._body, keys=[SEAL_SIGNER.public_key]).protected[cose.TYP]
    )


# --- time-stamps ------------------------------------------------------------------------------------------------------


def test_time_stamps() -> None:
    """An authority's token over the sealed statement says by when it was there; detaching changes nothing."""
    evidence = judged().evidence.sealed(SEAL_SIGNER)
    answer = AUTHORITY.answer(evidence.timestamp_request(), at=STAMPED)

    stamped = evidence.with_timestamp(answer, authorities=[AUTHORITY.root])
    later = stamped.with_timestamp(AUTHORITY.answer(evidence.timestamp_request(), at=STAMPED + DAY))
    read = Evidence.from_bytes(later.to_bytes(detached=True), materials=evidence.materials)

    found = read.timestamp([AUTHORITY.root])
    assert found is not None
    assert STAMPED == found.at
    assert evidence.digest == read.digest
    assert same(judged(), read.replay(TRUST_ROOT, seal_key=SEAL_SIGNER.public_key))
    assert None is read.timestamp([tsa.authority(seed=9).root])
    assert None is evidence.timestamp([AUTHORITY.root])


def test_time_stamps_over_something_else() -> None:
    """A token over other evidence, of a stranger, or of no sense is refused, or found not to hold."""
    evidence, other = judged().evidence, insurer().verify(TEXT, as_of=LOSS - DAY, expect=SEEN).evidence
    foreign = AUTHORITY.answer(other.timestamp_request(), at=STAMPED)
    good = AUTHORITY.answer(evidence.timestamp_request(), at=STAMPED)

    for token, root, code in (
        (foreign, AUTHORITY.root, "timestamp-untrusted"),
        (good, tsa.authority(seed=9).root, "timestamp-untrusted"),
        (b"", AUTHORITY.root, "timestamp-malformed"),
        (b"0" * (1 << 17), AUTHORITY.root, "timestamp-malformed"),
    ):
        with pytest.raises(CertcoreError) as caught:
            evidence.with_timestamp(token, authorities=[root])
        assert code == caught.value.code
    assert None is evidence.with_timestamp(foreign).timestamp([AUTHORITY.root])


def test_sealing_drops_time_stamps_of_the_unsealed_statement() -> None:
    """Seal first, stamp then: a new seal is a new body, and old tokens are not over it."""
    evidence = judged().evidence
    stamped = evidence.with_timestamp(AUTHORITY.answer(evidence.timestamp_request(), at=STAMPED))

    assert None is not stamped.timestamp([AUTHORITY.root])
    assert None is stamped.sealed(SEAL_SIGNER).timestamp([AUTHORITY.root])


def test_too_many_time_stamps() -> None:
    """Sixteen, and no more."""
    evidence = judged().evidence
    for _ in range(16):
        evidence = evidence.with_timestamp(b"0")

    with pytest.raises(ValueError, match="16"):
        evidence.with_timestamp(b"0")


def test_sealed_evidence_proves_existence() -> None:
    """The verifier's own seal from before a compromise is what `existed_by` takes."""
    known = attrs.evolve(Policy.claims(), seal_keys=[SEAL_SIGNER.public_key])
    kept = judged().evidence.sealed(SEAL_SIGNER).to_bytes(detached=True)
    compromised = insurer(trust=trust(key={"compromised_since": NOW + timedelta(minutes=1)}), policy=known)
    too_early = insurer(trust=trust(key={"compromised_since": ISSUED + DAY}), policy=known)

    proven = compromised.verify(TEXT, as_of=LOSS, expect=SEEN, existed_by=[kept])

    assert Outcome.VALID is proven.outcome
    assert same(proven, Evidence.from_bytes(proven.evidence.to_bytes()).replay(TRUST_ROOT))
    assert "key-compromised-unproven" in compromised.verify(TEXT, as_of=LOSS, expect=SEEN)
    assert "key-compromised-unproven" in too_early.verify(TEXT, as_of=LOSS, expect=SEEN, existed_by=[kept])


# --- files that are none ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"", "evidence-malformed"),
        (b"\xa0", "evidence-malformed"),
        (_cbor.encode({0: 2, 1: b""}), "evidence-rules-unsupported"),
        (_cbor.encode({0: 1, 1: b""}), "evidence-malformed"),
        (_cbor.encode({0: 1, 1: _cbor.encode({0: 2})}), "evidence-rules-unsupported"),
        (_cbor.encode({0: 1, 1: _cbor.encode({0: 1})}), "evidence-malformed"),
        (_cbor.encode({0: 1, 1: _cbor.encode([])}), "evidence-malformed"),
        (_cbor.encode({0: 1, 1: b"\xd2\x84"}), "evidence-malformed"),
        (_cbor.encode({0: 1, 1: b"\xd2\x80"}), "evidence-malformed"),
        (_cbor.encode({0: 1, 1: b"", 2: [1]}), "evidence-malformed"),
        (_cbor.encode({0: 1, 1: b"", 4: b""}), "evidence-malformed"),
        (_cbor.encode({0: 1, 1: judged().evidence._body, 2: [b""] * 2000}), "evidence-malformed"),
        (_cbor.encode({0: 1, 1: judged().evidence._body, 3: [b""] * 17}), "evidence-malformed"),
        (judged().evidence.to_bytes() + b"\0", "evidence-malformed"),
        (judged().evidence.to_bytes()[:-1], "evidence-malformed"),
    ],
)
def test_what_is_no_evidence(data: bytes, code: str) -> None:
    """What cannot be read is refused before anything in it is believed."""
    with pytest.raises(RejectedInputError) as caught:
        Evidence.from_bytes(data)
    assert code == caught.value.code


def test_a_critical_member_is_too_new() -> None:
    """An unknown negative key is something that a newer version says must not be passed over."""
    statement = _cbor.decode(judged().evidence._body, max_bytes=1 << 20)

    newer = {0: 1, 1: _cbor.encode({**statement, 99: "ignored"}), 2: []}
    assert "ignored" not in repr(Evidence.from_bytes(_cbor.encode(newer)))
    newer[1] = _cbor.encode({**statement, -1: "critical"})
    with pytest.raises(RejectedInputError) as caught:
        Evidence.from_bytes(_cbor.encode(newer))
    assert "evidence-rules-unsupported" == caught.value.code


@given(st.binary(max_size=200), st.data())
def test_reading_is_total(garbage: bytes, data: st.DataObject) -> None:
    """Whatever the bytes are, reading and replaying them raises certcore's errors and nothing else."""
    body = judged().evidence._body
    place = data.draw(st.integers(0, len(body)))
    spoilt = body[:place] + garbage + body[place + len(garbage) :]

    for file in (garbage, _cbor.encode({0: 1, 1: spoilt, 2: list(judged().evidence.materials.values())})):
        try:
            Evidence.from_bytes(file).replay(TRUST_ROOT)
        except (RejectedInputError, UntrustedError):
            continue
        except ValueError as misuse:
            assert "about a vehicle" in str(misuse)  # noqa: PT017  a kind of statement, not an error
