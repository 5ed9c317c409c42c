"""Replay the original verdict: the seal, the trust list of its time, the rules, the outcome, the civil time. Pure.

It knows the order of the checks of a statement, and what the replay asserts. It does not read or write files, and does
not know what a single document proves.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final, TypeVar

import attrs

from certcore import cose
from certcore._instants import ZONE_EDITION
from certcore.engine import certificate as _engine
from certcore.engine import vehicle as _vehicle_check
from certcore.engine._question import Question, Sources, VehicleQuestion
from certcore.errors import CertcoreError, RejectedInputError, UntrustedError
from certcore.evidence._report import CivilTime, ReplayReport, backing
from certcore.evidence._sources import (
    Material,
    has_expired,
    instants_of,
    status_answer,
    text_of,
    vehicle_answer,
    zone_of_then,
)
from certcore.evidence._statement import Statement
from certcore.evidence._zones import had, offset_at
from certcore.keys import PublicKey
from certcore.keys._group import A128GCM, GroupKey
from certcore.policy import Expected
from certcore.proofs import timestamps
from certcore.proofs.existence import EVIDENCE_TYPE
from certcore.proofs.timestamps import Timestamp
from certcore.reasons._meaning import blocks
from certcore.trust import TrustList, TrustRoot
from certcore.verdict import VehicleVerdict, Verdict, outcome_of
from certcore.vocabulary._codes import VOCABULARY_VERSION

SUPPORTED_RULES: Final = frozenset({_engine.RULES})
"""The rules that can be replayed."""

SUPPORTED_VOCABULARIES: Final = frozenset({VOCABULARY_VERSION})
"""The tables of codes that can be."""

_ANY_GROUP_KEY: Final = GroupKey(key_id=b"any", algorithm=A128GCM, secret=bytes(16))
_AnyVerdict = TypeVar("_AnyVerdict", Verdict, VehicleVerdict)


def check_seal(body: bytes, seal_key: PublicKey, *, is_sealed: bool) -> None:
    """Refuse a body that is not sealed by this key.

    Raises:
        UntrustedError: ``evidence-seal-invalid``.
    """
    if not is_sealed:
        raise UntrustedError("evidence-seal-invalid", "The evidence has no seal, and one is required")
    try:
        opened = cose.open_sign1(body, keys=[seal_key], max_bytes=len(body))
    except CertcoreError as cause:
        raise UntrustedError("evidence-seal-invalid", "The seal is not by that key, or over something else") from cause
    if opened.protected.get(cose.TYP) != EVIDENCE_TYPE:
        raise UntrustedError("evidence-seal-invalid", "The key has signed something else")


def certificate_verdict(
    statement: Statement, root: TrustRoot, material: Material, group_keys: Sequence[GroupKey]
) -> Verdict:
    """The verdict on the certificate, as the rules come to it; errors as `Evidence.replay`."""
    trust = _trust_of_then(statement, root, material)
    question = Question(
        text=text_of(statement),
        as_of=statement.as_of,
        expect=statement.expect or Expected(),
        known_at=statement.known_at,
        evaluated_at=statement.evaluated_at,
        policy=statement.policy,
        existed_by=statement.existed_by or (),
        picture=statement.picture,
        zone=zone_of_then(statement),
    )
    if statement.refused is not None:
        return _engine.refuse(question, statement.refused, trust)
    if question.existed_by and question.policy.time_stamp_authorities and not timestamps.is_supported():
        raise RejectedInputError("timestamp-unsupported", f"Time-stamps may count: {timestamps.TIMESTAMP_EXTRA}")
    pending = _engine.begin(question, trust, _group_keys(statement, group_keys))
    if isinstance(pending, Verdict):
        return pending
    return _engine.conclude(
        pending,
        status=status_answer(statement, pending.status_query, material),
        vehicle=vehicle_answer(statement, pending.vehicle_query, material),
    )


def vehicle_verdict(statement: Statement, root: TrustRoot, material: Material) -> VehicleVerdict:
    """The verdict on the vehicle, likewise."""
    asked = statement.expect or Expected()
    question = VehicleQuestion(
        registration_number=asked.registration_number,
        country=asked.country,
        plate_type=asked.plate_type,
        vin=asked.vin,
        as_of=statement.as_of,
        evaluated_at=statement.evaluated_at,
        policy=statement.policy,
        zone=zone_of_then(statement),
    )
    pending = _vehicle_check.begin(question, _trust_of_then(statement, root, material))
    if isinstance(pending, VehicleVerdict):
        return pending
    return _vehicle_check.conclude(pending, vehicle=vehicle_answer(statement, pending.vehicle_query, material))


def compared(
    verdict: _AnyVerdict,
    statement: Statement,
    material: Material,
    *,
    sealed_by: bytes | None,
    timestamp: Timestamp | None,
) -> _AnyVerdict:
    """The verdict with what the replay asserts, once its outcome is the stated one.

    Raises:
        UntrustedError: ``evidence-outcome-differs``.
    """
    sources: Sources = verdict._sources  # noqa: SLF001  a verdict's own, kept for this
    civil_time = _civil_time(verdict, statement, sources)
    report = ReplayReport(
        status=backing(None if sources.status is None else statement.status),
        vehicle=backing(None if sources.vehicle is None else statement.vehicle),
        sealed_by=sealed_by,
        timestamp=timestamp,
        civil_time=civil_time,
        time_zone=None if sources.issuer is None else sources.issuer.time_zone,
        zone_edition=statement.zone_edition,
        offsets=statement.offsets or (),
        has_expired_documents=has_expired(statement, sources.status_query, material),
    )
    final = attrs.evolve(verdict, **_blocked(verdict, civil_time), replay_report=report)
    if (statement.outcome, statement.reasons) not in {(one.outcome, one.reasons) for one in (verdict, final)}:
        raise UntrustedError(
            "evidence-outcome-differs",
            "The outcome that the evidence states does not follow from what it holds",
            replayed=verdict.outcome.value,
            stated=statement.outcome.value,
        )
    return final


def _trust_of_then(statement: Statement, root: TrustRoot, material: Material) -> TrustList:
    """The trust list of then, for rules that are known here."""
    if statement.rules not in SUPPORTED_RULES or statement.vocabulary not in SUPPORTED_VOCABULARIES:
        raise RejectedInputError(
            "evidence-rules-unsupported",
            "The evidence was judged by rules that this version cannot replay",
            rules=statement.rules,
        )
    chain = [material(digest) for digest in statement.chain or ()]
    return TrustList.open_archived(material(statement.trust), root=root, chain=chain)


def _group_keys(statement: Statement, given: Sequence[GroupKey]) -> Sequence[GroupKey]:
    """The group keys to read confidential claims by, as they were read, or not, then."""
    needed = statement.group_key_id
    if needed is None:
        return ()
    if needed == b"" and not given:
        return (_ANY_GROUP_KEY,)  # what cannot be read by any key is not read by this one
    if needed and not any(key.key_id == needed for key in given):
        raise RejectedInputError(
            "evidence-incomplete", "Confidential claims were read then; the group's key is needed", missing=1
        )
    return given


def _civil_time(verdict: Verdict | VehicleVerdict, statement: Statement, sources: Sources) -> CivilTime:
    """How the recorded civil time compares with what the issuer's zone is known to have had."""
    issuer, recorded = sources.issuer, zone_of_then(statement)
    if issuer is None:
        return CivilTime.NOT_USED
    if recorded is None:
        return CivilTime.SAME
    if statement.issuer != issuer.id:
        return CivilTime.IMPOSSIBLE
    instants = instants_of(verdict, recorded)
    known = had(issuer.zone, [*instants, statement.evaluated_at])
    if any(ahead not in known for _, ahead in recorded.offsets):
        return CivilTime.IMPOSSIBLE
    if all(offset_at(recorded, at) == offset_at(issuer.zone, at) for at in instants):
        return CivilTime.SAME
    return CivilTime.IMPOSSIBLE if recorded.edition == ZONE_EDITION else CivilTime.CHANGED


def _blocked(verdict: Verdict | VehicleVerdict, civil_time: CivilTime) -> dict[str, Any]:
    """What becomes of the outcome where the days were counted by a civil time that never was."""
    if civil_time is not CivilTime.IMPOSSIBLE:
        return {}
    outcome, reasons = outcome_of([*verdict.reasons, blocks("civil-time-differs")])
    return {"outcome": outcome, "reasons": reasons}
