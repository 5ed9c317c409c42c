"""The sources of a verdict, written as a statement, and checked again from the documents. Pure.

It decides which documents are named by digest and which are inside, what a record's documents prove, and which civil
time was used. It does not handle files, seals, time-stamps, or the decision itself.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime, timedelta, tzinfo
from functools import lru_cache
from typing import Any, Final

import attrs

from certcore._instants import CLOCK_SKEW, ZONE_EDITION, civil_day, midnight
from certcore.engine import certificate as _engine
from certcore.engine._failures import cause_of, failure
from certcore.engine._period import first_day
from certcore.engine._question import Question, Sources, StatusAnswer, VehicleAnswer, VehicleQuestion
from certcore.errors import CertcoreError, RejectedInputError, StatusError, UntrustedError
from certcore.evidence._numbers import Kind
from certcore.evidence._statement import Statement
from certcore.evidence._values import AttestedRecord, FailedLookup, LookupResult, ProvedRecord, SignedAnswer
from certcore.evidence._zones import RecordedZone, record
from certcore.keys._trusted import VerifyingKey
from certcore.payload import StatusListEntry, StatusRef
from certcore.policy import Expected
from certcore.status import tokenlist, vehicledoc
from certcore.status.eventlist import STATUS_EVENTS_TYPE
from certcore.status.protocol import StatusProof, StatusQuery, StatusRecord, VehicleQuery, VehicleRecord
from certcore.status.tokenlist import StatusEvents, StatusToken
from certcore.trust.issuers import TrustedIssuer
from certcore.verdict import VehicleVerdict, Verdict
from certcore.vocabulary._codes import VOCABULARY_VERSION

_DAY: Final = timedelta(days=1)

Material = Callable[[bytes], bytes]
"""Gives the document with a digest; raises where it is not there."""


class Documents:
    """The documents that a statement names, as it is written."""

    def __init__(self) -> None:
        self.documents: dict[bytes, bytes] = {}

    def name(self, document: bytes) -> bytes:
        """Keep a document; its digest."""
        digest = hashlib.sha256(document).digest()
        self.documents[digest] = document
        return digest


def state(verdict: Verdict | VehicleVerdict, documents: Documents) -> Statement:
    """What the verdict stood on."""
    return _of_certificate(verdict, documents) if isinstance(verdict, Verdict) else _of_vehicle(verdict, documents)


def _of_certificate(verdict: Verdict, documents: Documents) -> Statement:
    question, sources = verdict._question, verdict._sources  # noqa: SLF001  a verdict's own, kept for this
    common = _common(verdict, question, sources, documents) | {
        "text": _writable(question.text),
        "known_at": question.known_at,
        "expect": None if question.expect.is_empty else question.expect,
        "existed_by": question.existed_by or None,
        "picture": question.picture,
        "refused": sources.refused,
        "group_key_id": sources.group_key_id,
    }
    return Statement(
        status=_status_stated(sources.status, sources.status_query, documents),
        vehicle=_vehicle_stated(sources.vehicle, sources.vehicle_query, documents),
        **common,
    )


def _of_vehicle(verdict: VehicleVerdict, documents: Documents) -> Statement:
    question, sources = verdict._question, verdict._sources  # noqa: SLF001  as above
    common = _common(verdict, question, sources, documents) | {
        "kind": Kind.VEHICLE,
        "expect": Expected(
            registration_number=question.registration_number,
            country=question.country,
            plate_type=question.plate_type,
            vin=question.vin,
        ),
    }
    return Statement(vehicle=_vehicle_stated(sources.vehicle, sources.vehicle_query, documents), **common)


def _common(
    verdict: Verdict | VehicleVerdict, question: Question | VehicleQuestion, sources: Sources, documents: Documents
) -> dict[str, Any]:
    """What both kinds of statement have."""
    return {
        "rules": _engine.RULES,
        "vocabulary": VOCABULARY_VERSION,
        "as_of": question.as_of,
        "evaluated_at": question.evaluated_at,
        "policy": question.policy,
        "trust": documents.name(sources.trust.to_bytes()),
        "chain": list(map(documents.name, sources.trust.root_chain)) or None,
        "outcome": verdict.outcome,
        "reasons": verdict.reasons,
        **_civil_time(verdict, question, sources.issuer),
    }


def _status_stated(answer: StatusAnswer, query: StatusQuery | None, documents: Documents) -> LookupResult | None:
    """A record that its documents prove is left to them; any other is the verifier's word, and said to be."""
    if answer is None or query is None:
        return None
    if isinstance(answer, StatusError):
        return FailedLookup(answer.code, cause_of(answer))
    if answer.proofs and _proved_record(answer.proofs, query) == answer:
        return ProvedRecord(tuple((documents.name(proof.data), proof.media_type) for proof in answer.proofs))
    return AttestedRecord(attrs.evolve(answer, proofs=()), tuple(_name_proofs(answer.proofs, documents)))


def _vehicle_stated(answer: VehicleAnswer, query: VehicleQuery | None, documents: Documents) -> LookupResult | None:
    if answer is None or query is None:
        return None
    if isinstance(answer, StatusError):
        return FailedLookup(answer.code, cause_of(answer))
    match answer.proofs:
        case [StatusProof(data=data, request=bytes() as request)] if _proved_vehicle(request, data, query) == answer:
            return SignedAnswer(request, data)
    return AttestedRecord(attrs.evolve(answer, proofs=()), tuple(_name_proofs(answer.proofs, documents)))


def _name_proofs(proofs: Sequence[StatusProof], documents: Documents) -> Iterator[tuple[bytes, str, bytes]]:
    return ((documents.name(proof.data), proof.media_type, proof.key_id) for proof in proofs)


def _writable(text: str) -> str | bytes:
    """The text, which may be anything a scanner gave: half a surrogate pair is no text, and still what was asked."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return text.encode("utf-8", "surrogatepass")
    return text


def text_of(statement: Statement) -> str:
    """The text that was asked about."""
    text = statement.text
    try:
        return text.decode("utf-8", "surrogatepass") if isinstance(text, bytes) else text or ""
    except UnicodeDecodeError as cause:
        raise malformed("its text is no text") from cause


def _civil_time(
    verdict: Verdict | VehicleVerdict, question: Question | VehicleQuestion, issuer: TrustedIssuer | None
) -> dict[str, Any]:
    """The civil time of the issuer's zone around every instant that the rules look at."""
    if issuer is None:
        return {}
    zone = question.zone or issuer.zone
    edition = zone.edition if isinstance(zone, RecordedZone) else ZONE_EDITION
    return {
        "issuer": issuer.id,
        "offsets": record(zone, instants_of(verdict, zone)),
        "zone_edition": edition,
    }


def instants_of(verdict: Verdict | VehicleVerdict, zone: tzinfo) -> list[datetime]:
    """Every instant whose civil day the rules ask for."""
    as_of = verdict.as_of
    at = as_of if isinstance(as_of, datetime) else midnight(as_of, zone)
    instants = [at, midnight(civil_day(at, zone) + _DAY, zone)]
    certificate = verdict.certificate if isinstance(verdict, Verdict) else None
    if certificate is not None:
        days = [first_day(certificate, zone)]
        if certificate.valid_until is not None:
            days += [certificate.valid_until, certificate.valid_until + _DAY]
        instants += [midnight(day, zone) for day in days]
        instants += [at for at in (certificate.issued_at, certificate.presented_at) if at is not None]
    return instants


def zone_of_then(statement: Statement) -> RecordedZone | None:
    """The civil time that was recorded, as a zone."""
    if statement.issuer is None or statement.offsets is None:
        return None
    try:
        return RecordedZone(statement.offsets, statement.zone_edition)
    except ValueError as cause:
        raise malformed("its time zone is none") from cause


# --- checking again ---------------------------------------------------------------------------------------------------


def status_answer(statement: Statement, query: StatusQuery | None, material: Material) -> StatusAnswer:
    """What came of the status look-up, each document opened again.

    Raises:
        UntrustedError: ``evidence-proof-invalid``.
    """
    match statement.status:
        case None:
            return None
        case FailedLookup(code, cause):
            return failure(code, cause)
        case AttestedRecord(StatusRecord() as stated, documents):
            return attrs.evolve(stated, proofs=_unproven(documents, material))
        case ProvedRecord(documents) if query is not None:
            proofs = [StatusProof(data=material(digest), media_type=kind, key_id=b"") for digest, kind in documents]
            found = _proved_record(proofs, query)
            if found is not None:
                return found
    raise UntrustedError(
        "evidence-proof-invalid", "A status document is not one of this issuer's, or about something else"
    )


def vehicle_answer(statement: Statement, query: VehicleQuery | None, material: Material) -> VehicleAnswer:
    """What came of the vehicle look-up, likewise.

    Raises:
        UntrustedError: ``evidence-proof-invalid``.
    """
    match statement.vehicle:
        case None:
            return None
        case FailedLookup(code, cause):
            return failure(code, cause)
        case AttestedRecord(VehicleRecord() as stated, documents):
            return attrs.evolve(stated, proofs=_unproven(documents, material))
        case SignedAnswer(request, reply) if query is not None:
            found = _proved_vehicle(request, reply, query)
            if found is not None:
                return found
    raise UntrustedError("evidence-proof-invalid", "The register's answer is not its own, or about something else")


def has_expired(statement: Statement, query: StatusQuery | None, material: Material) -> bool:
    """Whether a document that proves the status had expired when the question was asked."""
    match statement.status:
        case ProvedRecord(documents) if query is not None and query.list_uri is not None:
            ends = [
                _open_document(material(digest), kind, query.list_uri, query.keys, query.max_entries).expires_at
                for digest, kind in documents
            ]
            return any(end is not None and end <= statement.evaluated_at for end in ends)
    return False


def _unproven(documents: Sequence[tuple[bytes, str, bytes]], material: Material) -> tuple[StatusProof, ...]:
    """The documents that came with an attested record, as they came."""
    return tuple(
        StatusProof(data=material(digest), media_type=kind, key_id=key_id) for digest, kind, key_id in documents
    )


def _proved_record(proofs: Sequence[StatusProof], query: StatusQuery) -> StatusRecord | None:
    """The record that these documents make, each opened again under the issuer's keys; None where they do not.

    None of them may be younger than the question. Expired they may be: what a document proved of the past it proves.
    """
    if query.list_uri is None or not isinstance(query.ref, StatusRef | StatusListEntry):
        return None
    tokens: list[StatusToken] = []
    events: list[StatusEvents] = []
    try:
        for proof in proofs:
            document = _open_document(proof.data, proof.media_type, query.list_uri, query.keys, query.max_entries)
            if document.issued_at - query.asked_at > CLOCK_SKEW:
                return None
            if isinstance(document, StatusToken):
                tokens.append(document)
            else:
                events.append(document)
        return tokenlist.status_record(query.ref.index, tokens=tokens, events=events)
    except (CertcoreError, ValueError):
        return None


@lru_cache(maxsize=16)  # many certificates rest on one list, and each open list holds up to a few megabytes
def _open_document(
    data: bytes, media_type: str, uri: str, keys: tuple[VerifyingKey, ...], max_entries: int | None
) -> StatusToken | StatusEvents:
    """A document, once one of these very keys is found to have signed these very bytes.

    Raises:
        StatusError: as `tokenlist.open_token`.
        ValueError: for a media type that is not a status document's.
    """
    if media_type == STATUS_EVENTS_TYPE:
        return tokenlist.open_events(data, uri=uri, keys=keys, now=None)
    if media_type == tokenlist.STATUS_LIST_TYPE:
        return tokenlist.open_token(data, uri=uri, keys=keys, now=None, max_entries=max_entries)
    if media_type == tokenlist.STATUS_LIST_JWT_MEDIA_TYPE:
        return tokenlist.open_jwt_token(data, uri=uri, keys=keys, now=None, max_entries=max_entries)
    msg = "it is no status document"
    raise ValueError(msg)


def _proved_vehicle(request: bytes, answer: bytes, query: VehicleQuery) -> VehicleRecord | None:
    """The record in a register's answer, once it is found to be about this vehicle and moment; None where it is not.

    It must have been current when it was asked for: an answer is of minutes, and another one proves nothing.
    """
    try:
        asked = vehicledoc.decode_request(request, asked_at=query.asked_at)
        if attrs.evolve(asked, keys=query.keys) != attrs.evolve(query, as_of=query.as_of.replace(microsecond=0)):
            return None
        return vehicledoc.open_answer(answer, request=request, keys=query.keys, now=query.asked_at)
    except CertcoreError:
        return None


def named(statement: Statement) -> Iterator[bytes]:
    """Every digest in a statement."""
    yield statement.trust
    yield from statement.chain or ()
    for answer in (statement.status, statement.vehicle):
        if isinstance(answer, ProvedRecord | AttestedRecord):
            yield from (document[0] for document in answer.documents)


def malformed(what: str) -> RejectedInputError:
    """Whatever a file cannot be read for."""
    return RejectedInputError("evidence-malformed", f"The evidence cannot be read: {what}")
