"""The file itself: `Evidence`, read and written, sealed and stamped, replayed and reassessed.

What lives here: how the parts of a file fit together, and in which order they are checked. What never does: the forms
of single values, what a document proves, and the decision.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final, Self

import attrs

from certcore import _cbor, cose, vocabulary
from certcore.certificate.confidential import A128GCM, GroupKey
from certcore.engine import certificate as _engine
from certcore.engine import vehicle as _vehicle_check
from certcore.engine._question import Question, VehicleQuestion
from certcore.errors import CertcoreError, IssuingError, RejectedInputError, UntrustedError
from certcore.evidence._numbers import Kind
from certcore.evidence._sources import (
    Gathered,
    malformed,
    named,
    state,
    status_answer,
    text_of,
    vehicle_answer,
    zone_of_then,
)
from certcore.evidence._statement import Statement, decode, encode
from certcore.keys import PublicKey, Signer
from certcore.policy import Expected
from certcore.proofs import timestamps
from certcore.proofs.existence import EVIDENCE_TYPE
from certcore.proofs.timestamps import Timestamp
from certcore.trust import TrustList, TrustRoot
from certcore.verdict import VehicleVerdict, Verdict

if TYPE_CHECKING:
    from certcore.verify import Verifier

MEDIA_TYPE: Final = EVIDENCE_TYPE
"""The media type of a file, and what a seal says that it is over."""

MAX_EVIDENCE_BYTES: Final = 64 << 20
"""Bytes of a file: status lists of a million entries have some 20 kB, a trust list with all its keys a few."""

SUPPORTED_RULES: Final = frozenset({_engine.RULES})
"""The rules that can be replayed."""

SUPPORTED_VOCABULARIES: Final = frozenset({vocabulary.VOCABULARY_VERSION})
"""The tables of codes that can be."""

_MAX_MATERIALS: Final = 1024
_MAX_TIMESTAMPS: Final = 16
_FORMAT, _BODY, _MATERIALS, _TIMESTAMPS = range(4)
_SIGN1: Final = b"\xd2"
_ANY_GROUP_KEY: Final = GroupKey(key_id=b"any", algorithm=A128GCM, secret=bytes(16))
_NOTHING: Final[Mapping[bytes, bytes]] = MappingProxyType({})


def _materials(value: Mapping[bytes, bytes]) -> Mapping[bytes, bytes]:
    return MappingProxyType(dict(value))


@attrs.frozen(slots=False, repr=False)  # no slots: `__getstate__` thaws the mapping
class Evidence:
    """What one verdict stood on. Made by `Verdict.evidence` and by `from_bytes`; immutable, equal by content.

    Attributes:
        materials: the long documents, by their SHA-256; trust lists and status lists, which many files share.
    """

    _body: bytes
    materials: Mapping[bytes, bytes] = attrs.field(default=_NOTHING, converter=_materials, eq=False)
    _timestamps: tuple[bytes, ...] = ()
    _statement: Statement = attrs.field(init=False, eq=False)

    @_statement.default
    def _read_statement(self) -> Statement:
        return decode(_stated(self._body))

    @classmethod
    def of(cls, verdict: Verdict | VehicleVerdict, /) -> Self:
        """The evidence of a verdict; `Verdict.evidence` is the same."""
        gathered = Gathered()
        statement = state(verdict, gathered)
        return cls(encode(statement), gathered.documents)

    @classmethod
    def from_bytes(cls, data: bytes, /, *, materials: Mapping[bytes, bytes] | None = None) -> Self:
        """The evidence in a file. Nothing is checked but its form: `replay` checks.

        Args:
            data: the file.
            materials: documents by their SHA-256, for a detached file: those it names are taken from there, each once
                its digest is found to be right.

        Raises:
            RejectedInputError: ``evidence-malformed``; ``evidence-rules-unsupported`` for another format.
        """
        try:
            file = _cbor.decode(data, max_bytes=MAX_EVIDENCE_BYTES)
        except RejectedInputError as cause:
            raise malformed("it is not deterministic CBOR, or too large") from cause
        match file:
            case {0: 1, 1: bytes() as body, **others} if others.keys() <= {_MATERIALS, _TIMESTAMPS}:
                carried = _byte_strings(others.get(_MATERIALS, []), _MAX_MATERIALS)
                stamps = _byte_strings(others.get(_TIMESTAMPS, []), _MAX_TIMESTAMPS)
                found = {hashlib.sha256(document).digest(): document for document in carried}
                evidence = cls(body, found, tuple(stamps))
                return evidence if materials is None else evidence._with_materials(materials)
            case {0: int() as form} if type(form) is int and form != 1:
                raise RejectedInputError("evidence-rules-unsupported", "The evidence is of another format", format=form)
        raise malformed("it is not a map of a statement and its documents")

    def to_bytes(self, *, detached: bool = False) -> bytes:
        """The file; the same evidence is the same bytes.

        Args:
            detached: leave the long documents out; keep `materials` elsewhere, once for all files that name them.
        """
        members: dict[int, object] = {_FORMAT: 1, _BODY: self._body}
        if self.materials and not detached:
            members[_MATERIALS] = [self.materials[digest] for digest in sorted(self.materials)]
        if self._timestamps:
            members[_TIMESTAMPS] = list(self._timestamps)
        return _cbor.encode(members)

    # --- coming to a verdict again

    def replay(
        self, root: TrustRoot, /, *, seal_key: PublicKey | None = None, group_keys: Sequence[GroupKey] = ()
    ) -> Verdict:
        """The verdict of then, once everything it stood on is checked again. Nobody is asked, and no clock read.

        Records without proof count as the verifier's word, as they did then. Without ``seal_key`` the question, and
        when it was asked, are the file's claim; see `certcore.evidence`.

        Args:
            root: whom the caller trusts, now or then: the file's own root sets lead from the one to the other.
            seal_key: whose seal is required.
            group_keys: by which confidential claims can be read, where they were read then.

        Raises:
            UntrustedError: ``evidence-seal-invalid``; ``evidence-outcome-differs`` where the statement's outcome is not
                what follows from it; ``evidence-proof-invalid`` where a document is not what the statement says; the
                codes of `TrustList.open_archived`.
            RejectedInputError: ``evidence-incomplete`` for a missing document or group key;
                ``evidence-rules-unsupported``; ``evidence-malformed``; ``timestamp-unsupported`` where time-stamps may
                count and the extra is not installed.
            ValueError: for evidence about a vehicle: `replay_vehicle` is for that.
        """
        self._require(Kind.CERTIFICATE)
        trust = self._replayed_trust(root, seal_key)
        statement = self._statement
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
        verdict = self._replayed(question, trust, group_keys)
        self._compare(verdict)
        return verdict

    def replay_vehicle(self, root: TrustRoot, /, *, seal_key: PublicKey | None = None) -> VehicleVerdict:
        """`replay` for evidence about a vehicle for which nobody showed a certificate.

        Raises:
            UntrustedError, RejectedInputError: as `replay`.
            ValueError: for evidence about a certificate.
        """
        self._require(Kind.VEHICLE)
        trust = self._replayed_trust(root, seal_key)
        verdict = self._replayed_vehicle(trust)
        self._compare(verdict)
        return verdict

    def reassess(self, verifier: Verifier, /) -> Verdict:
        """Today's verdict on the same question: the verifier's trust list, registers, policy and clock.

        Raises:
            ValueError: for evidence about a vehicle; use `reassess_vehicle`.
        """
        self._require(Kind.CERTIFICATE)
        statement = self._statement
        if statement.refused is not None:
            question = verifier._question("", statement.as_of, statement.expect, None, ())  # noqa: SLF001  as it asks itself
            return _engine.refuse(question, statement.refused, verifier.trust)
        return verifier.verify(
            text_of(statement),
            as_of=statement.as_of,
            expect=statement.expect,
            existed_by=statement.existed_by or (),
        )

    def reassess_vehicle(self, verifier: Verifier, /) -> VehicleVerdict:
        """As `reassess`, for a vehicle.

        Raises:
            ValueError: for evidence about a certificate.
        """
        self._require(Kind.VEHICLE)
        asked = self._statement.expect or Expected()
        return verifier.check_vehicle(
            as_of=self._statement.as_of,
            registration_number=asked.registration_number,
            country=asked.country,
            plate_type=asked.plate_type,
            vin=asked.vin,
        )

    # --- seals and time-stamps

    def sealed(self, signer: Signer, /) -> Self:
        """The same evidence under a seal: from now on the question is protected, too. Time-stamps have to be made anew.

        Raises:
            IssuingError: ``already-signed`` for sealed evidence; ``signer-failed``.
        """
        if self.is_sealed:
            raise IssuingError("already-signed", "The evidence is sealed already")
        body = cose.sign1(self._body, signer=signer, protected={cose.TYP: EVIDENCE_TYPE})
        return attrs.evolve(self, body=body, timestamps=())

    @property
    def is_sealed(self) -> bool:
        """Whether there is a seal; whose, and whether it holds, `replay` tells."""
        return self._body.startswith(_SIGN1)

    def timestamp_request(self) -> bytes:
        """What to POST to a time-stamp authority, as ``application/timestamp-query``. Seal first, stamp then."""
        return timestamps.request(self._body)

    def with_timestamp(self, token: bytes, /, *, authorities: Sequence[bytes] = ()) -> Self:
        """The same evidence with what the authority answered, a token or a whole response.

        Args:
            token: as it came.
            authorities: the root certificates (DER or PEM) of those whose time-stamps count; without any, the token is
                kept as it is, and found good or not by `timestamp`.

        Raises:
            RejectedInputError: ``timestamp-malformed``.
            UntrustedError: ``timestamp-untrusted``: it is over something else, or of somebody else.
            ValueError: for one more than 16.
        """
        if len(token) > timestamps.MAX_TOKEN_BYTES:
            raise RejectedInputError("timestamp-malformed", "The time-stamp is too large")
        if len(self._timestamps) >= _MAX_TIMESTAMPS:
            msg = f"evidence has at most {_MAX_TIMESTAMPS} time-stamps"
            raise ValueError(msg)
        if authorities:
            timestamps.open_token(token, data=self._body, authorities=authorities)
        return attrs.evolve(self, timestamps=(*self._timestamps, token))

    def timestamp(self, authorities: Sequence[bytes], /) -> Timestamp | None:
        """The earliest time-stamp that one of these authorities made; None where there is none that holds.

        The evidence, and so the verdict, was there by then.
        """
        found = []
        for token in self._timestamps:
            try:
                found.append(timestamps.open_token(token, data=self._body, authorities=authorities))
            except CertcoreError:
                continue
        return min(found, key=lambda stamp: stamp.at, default=None)

    # --- what it says of itself

    @property
    def digest(self) -> bytes:
        """SHA-256 over the statement with its seal; the same for embedded and detached, with time-stamps or without."""
        return hashlib.sha256(self._body).digest()

    @property
    def is_about_vehicle(self) -> bool:
        """Whether it is about a vehicle for which nobody showed a certificate."""
        return self._statement.kind is Kind.VEHICLE

    @property
    def missing(self) -> tuple[bytes, ...]:
        """The SHA-256 of each document that the statement names and that is not here."""
        return tuple(digest for digest in named(self._statement) if digest not in self.materials)

    def to_log(self) -> dict[str, str]:
        """Digests, codes and times for a log or a ledger: no plate, VIN, text or payload. It does not replay.

        Kept out of the file's reach, the digest protects the question as a seal does. For a vehicle the digest of a
        register's signed answer is in it, which nobody can guess; without one, it can be found by trying all plates.
        """
        statement = self._statement
        return {
            "evidence": self.digest.hex(),
            "outcome": statement.outcome.value,
            "reasons": " ".join(reason.code for reason in statement.reasons),
            "as_of": statement.as_of.isoformat(),
            "evaluated_at": statement.evaluated_at.isoformat(),
            "policy_id": statement.policy.id,
            "trust_list": statement.trust.hex(),
            "rules": str(statement.rules),
        }

    def __getstate__(self) -> dict[str, object]:
        return vars(self) | {"materials": dict(self.materials)}

    def __setstate__(self, state: dict[str, Any]) -> None:
        vars(self).update(state, materials=_materials(state["materials"]))

    def __repr__(self) -> str:
        seal = ", sealed" if self.is_sealed else ""
        outcome, documents = self._statement.outcome.value, len(self.materials)
        return f"Evidence({outcome}, {self.digest.hex()[:16]}, {documents} documents{seal})"

    # --- inside

    def _with_materials(self, materials: Mapping[bytes, bytes]) -> Self:
        found = {digest: materials[digest] for digest in self.missing if digest in materials}
        if any(hashlib.sha256(document).digest() != digest for digest, document in found.items()):
            raise UntrustedError("evidence-proof-invalid", "A document does not have the digest it is kept under")
        return attrs.evolve(self, materials={**self.materials, **found})

    def _require(self, kind: Kind) -> None:
        if self._statement.kind is not kind:
            msg = f"the evidence is about a {self._statement.kind.value}: use the method for that"
            raise ValueError(msg)

    def _material(self, digest: bytes) -> bytes:
        if digest not in self.materials:
            raise RejectedInputError(
                "evidence-incomplete", "A document that the evidence names is not with it", missing=len(self.missing)
            )
        return self.materials[digest]

    def _replayed_trust(self, root: TrustRoot, seal_key: PublicKey | None) -> TrustList:
        """The seal, the rules, and the trust list of then."""
        statement = self._statement
        if seal_key is not None:
            _check_seal(self._body, seal_key)
        if statement.rules not in SUPPORTED_RULES or statement.vocabulary not in SUPPORTED_VOCABULARIES:
            raise RejectedInputError(
                "evidence-rules-unsupported",
                "The evidence was judged by rules that this version cannot replay",
                rules=statement.rules,
            )
        chain = [self._material(digest) for digest in statement.chain or ()]
        return TrustList.open_archived(self._material(statement.trust), root=root, chain=chain)

    def _replayed(self, question: Question, trust: TrustList, group_keys: Sequence[GroupKey]) -> Verdict:
        statement = self._statement
        if statement.refused is not None:
            return _engine.refuse(question, statement.refused, trust)
        needed = statement.group_key_id
        if needed == b"" and not group_keys:
            group_keys = (_ANY_GROUP_KEY,)  # what cannot be read by any key is not read by this one
        elif needed and not any(key.key_id == needed for key in group_keys):
            raise RejectedInputError(
                "evidence-incomplete", "Confidential claims were read then; the group's key is needed", missing=1
            )
        if question.existed_by and question.policy.time_stamp_authorities and not timestamps.is_supported():
            raise RejectedInputError("timestamp-unsupported", f"Time-stamps may count: {timestamps.TIMESTAMP_EXTRA}")
        pending = _engine.begin(question, trust, group_keys if needed is not None else ())
        if isinstance(pending, Verdict):
            return pending
        return _engine.conclude(
            pending,
            status=status_answer(statement, pending.status_query, self._material),
            vehicle=vehicle_answer(statement, pending.vehicle_query, self._material),
        )

    def _replayed_vehicle(self, trust: TrustList) -> VehicleVerdict:
        statement = self._statement
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
        pending = _vehicle_check.begin(question, trust)
        if isinstance(pending, VehicleVerdict):
            return pending
        return _vehicle_check.conclude(
            pending, vehicle=vehicle_answer(statement, pending.vehicle_query, self._material)
        )

    def _compare(self, verdict: Verdict | VehicleVerdict) -> None:
        statement = self._statement
        if (verdict.outcome, verdict.reasons) != (statement.outcome, statement.reasons):
            raise UntrustedError(
                "evidence-outcome-differs",
                "The outcome that the evidence states does not follow from what it holds",
                replayed=verdict.outcome.value,
                stated=statement.outcome.value,
            )


def _stated(body: bytes) -> bytes:
    """The statement, out of its seal if it has one; the seal is not checked here."""
    if not body.startswith(_SIGN1):
        return body
    try:
        message = _cbor.decode_general(body[1:], max_bytes=len(body))
    except RejectedInputError as cause:
        raise malformed("its seal cannot be read") from cause
    match message:
        case [bytes(), dict(), bytes() as statement, bytes()]:
            return statement
    raise malformed("its seal is not a COSE_Sign1")


def _check_seal(body: bytes, seal_key: PublicKey) -> None:
    if not body.startswith(_SIGN1):
        raise UntrustedError("evidence-seal-invalid", "The evidence has no seal, and one is required")
    try:
        opened = cose.open_sign1(body, keys=[seal_key], max_bytes=len(body))
    except CertcoreError as cause:
        raise UntrustedError("evidence-seal-invalid", "The seal is not by that key, or over something else") from cause
    if opened.protected.get(cose.TYP) != EVIDENCE_TYPE:
        raise UntrustedError("evidence-seal-invalid", "The key has signed something else")


def _byte_strings(value: object, limit: int) -> list[bytes]:
    if type(value) is not list or len(value) > limit or not all(type(item) is bytes for item in value):
        raise malformed("its documents are not byte strings, or too many")
    return value
