"""The file itself: `Evidence`, read and written, sealed and stamped, replayed and reassessed.

It knows the parts of a file, and the order of their checks. It does not know the forms of single values, what a
document proves, or the decision.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final, Self

import attrs

from certcore import _cbor, cose
from certcore.engine import certificate as _engine
from certcore.errors import CertcoreError, IssuingError, RejectedInputError, UntrustedError
from certcore.evidence import _replay
from certcore.evidence._documents import document_dicts
from certcore.evidence._json import question_dict
from certcore.evidence._numbers import Kind
from certcore.evidence._report import Backing, backing
from certcore.evidence._sources import (
    Documents,
    malformed,
    named,
    state,
    text_of,
)
from certcore.evidence._statement import Statement, decode, encode
from certcore.keys import PublicKey, Signer
from certcore.keys._group import GroupKey
from certcore.policy import Expected, Policy
from certcore.proofs import timestamps
from certcore.proofs.existence import BODY, EVIDENCE_TYPE, TIMESTAMPS
from certcore.proofs.timestamps import Timestamp
from certcore.reasons import Reason
from certcore.trust import TrustRoot
from certcore.verdict import Outcome, VehicleVerdict, Verdict

if TYPE_CHECKING:
    from certcore.verify import Verifier

MEDIA_TYPE: Final = EVIDENCE_TYPE
"""The media type of a file, and what a seal says that it is over."""

MAX_EVIDENCE_BYTES: Final = 64 << 20
"""Bytes of a file: status lists of a million entries have some 20 kB, a trust list with all its keys a few."""

_MAX_MATERIALS: Final = 1024
_MAX_TIMESTAMPS: Final = 16
_FORMAT: Final = 0
_MATERIALS: Final = 2
_SIGN1: Final = b"\xd2"
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
    _statement: Statement = attrs.field(eq=False)

    @_statement.default
    def _read_statement(self) -> Statement:
        return decode(_statement_bytes(self._body))

    @classmethod
    def of(cls, verdict: Verdict | VehicleVerdict, /) -> Self:
        """The evidence of a verdict; `Verdict.evidence` is the same.

        Where it cannot be written down, `to_bytes` says so, and so does whatever else needs the bytes.
        """
        gathered = Documents()
        statement = state(verdict, gathered)
        return cls(_encode_readable(statement), gathered.documents, statement=statement)

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
            case {0: 1, 1: bytes() as body, **others} if others.keys() <= {_MATERIALS, TIMESTAMPS}:
                carried = _byte_strings(others.get(_MATERIALS, []), _MAX_MATERIALS)
                stamps = _byte_strings(others.get(TIMESTAMPS, []), _MAX_TIMESTAMPS)
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

        Raises:
            IssuingError: ``evidence-not-writable`` for what `from_bytes` would not read again.
        """
        members: dict[int, object] = {_FORMAT: 1, BODY: self._whole_body}
        if self.materials and not detached:
            if len(self.materials) > _MAX_MATERIALS:
                raise _not_writable("more documents than a file may hold; write it detached")
            members[_MATERIALS] = [self.materials[digest] for digest in sorted(self.materials)]
        if self._timestamps:
            members[TIMESTAMPS] = list(self._timestamps)
        data = _cbor.encode(members)
        if len(data) > MAX_EVIDENCE_BYTES:
            raise _not_writable("more bytes than a file may have; write it detached")
        return data

    # --- coming to a verdict again

    def replay(
        self,
        root: TrustRoot,
        /,
        *,
        seal_key: PublicKey | None = None,
        group_keys: Sequence[GroupKey] = (),
        authorities: Sequence[bytes] = (),
    ) -> Verdict:
        """The original verdict, after all its sources are checked again. No register is asked, and no clock is read.

        Records without proof count as the verifier's word, as they did then. Without ``seal_key`` the question, and
        when it was asked, are the file's claim; see `certcore.evidence`.

        Args:
            root: whom the caller trusts, now or then: the file's own root sets lead from the one to the other.
            seal_key: whose seal is required.
            group_keys: by which confidential claims can be read, where they were read then.
            authorities: whose time-stamps are looked for; the earliest that holds is in the report.

        Returns:
            The verdict; its `Verdict.replay_report` says what is proved, and what is not. Where the days were counted
            by a civil time that the issuer's zone cannot have had, it has one more reason, ``civil-time-differs``.

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
        sealed_by = self._checked_seal(seal_key)
        verdict = _replay.certificate_verdict(self._statement, root, self._material, group_keys)
        stamp = self.timestamp(authorities) if authorities else None
        return _replay.compared(verdict, self._statement, self._material, sealed_by=sealed_by, timestamp=stamp)

    def replay_vehicle(
        self,
        root: TrustRoot,
        /,
        *,
        seal_key: PublicKey | None = None,
        authorities: Sequence[bytes] = (),
    ) -> VehicleVerdict:
        """`replay` for evidence about a vehicle without a certificate.

        Raises:
            UntrustedError, RejectedInputError: as `replay`.
            ValueError: for evidence about a certificate.
        """
        self._require(Kind.VEHICLE)
        sealed_by = self._checked_seal(seal_key)
        verdict = _replay.vehicle_verdict(self._statement, root, self._material)
        stamp = self.timestamp(authorities) if authorities else None
        return _replay.compared(verdict, self._statement, self._material, sealed_by=sealed_by, timestamp=stamp)

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
        body = cose.sign1(self._whole_body, signer=signer, protected={cose.TYP: EVIDENCE_TYPE})
        return attrs.evolve(self, body=body, timestamps=())

    @property
    def is_sealed(self) -> bool:
        """Whether there is a seal; whose, and whether it holds, `replay` tells."""
        return self._body.startswith(_SIGN1)

    def timestamp_request(self) -> bytes:
        """What to POST to a time-stamp authority, as ``application/timestamp-query``. Seal first, stamp then."""
        return timestamps.request(self._whole_body)

    def with_timestamp(self, token: bytes, /, *, authorities: Sequence[bytes] = ()) -> Self:
        """The same evidence with what the authority answered, a token or a whole response.

        Args:
            token: as it came.
            authorities: the root certificates (DER or PEM) of those whose time-stamps count; without any, the token is
                kept as it is, and found good or not by `timestamp`.

        Raises:
            RejectedInputError: ``timestamp-malformed``.
            UntrustedError: ``timestamp-untrusted``: it is over other bytes, or by another authority.
            ValueError: for one more than 16.
        """
        if not isinstance(token, bytes):
            raise TypeError(f"a time-stamp is bytes, not {type(token).__name__}")
        if len(token) > timestamps.MAX_TOKEN_BYTES:
            raise RejectedInputError("timestamp-malformed", "The time-stamp is too large")
        if len(self._timestamps) >= _MAX_TIMESTAMPS:
            msg = f"evidence has at most {_MAX_TIMESTAMPS} time-stamps"
            raise ValueError(msg)
        if authorities:
            timestamps.open_token(token, data=self._whole_body, authorities=authorities)
        return attrs.evolve(self, timestamps=(*self._timestamps, token))

    def timestamp(self, authorities: Sequence[bytes], /) -> Timestamp | None:
        """The earliest time-stamp that one of these authorities made; None where there is none that holds.

        The evidence, and so the verdict, was there by then.
        """
        found = []
        for token in self._timestamps:
            try:
                found.append(timestamps.open_token(token, data=self._whole_body, authorities=authorities))
            except CertcoreError:
                continue
        return min(found, key=lambda stamp: stamp.at, default=None)

    # --- what it says of itself

    @property
    def digest(self) -> bytes:
        """SHA-256 over the statement with its seal; the same for embedded and detached, with time-stamps or without."""
        return hashlib.sha256(self._whole_body).digest()

    @property
    def text(self) -> str | None:
        """The certificate's text, as it was read; None for evidence about a vehicle."""
        return None if self.is_about_vehicle else text_of(self._statement)

    @property
    def as_of(self) -> datetime | date:
        """The moment, or the civil day, the question is about."""
        return self._statement.as_of

    @property
    def known_at(self) -> datetime:
        """What was knowable when: when it was asked, unless the caller said otherwise."""
        return self._statement.known_at or self._statement.evaluated_at

    @property
    def evaluated_at(self) -> datetime:
        """When it was asked."""
        return self._statement.evaluated_at

    @property
    def expected(self) -> Expected:
        """The vehicle that was seen, or asked about."""
        return self._statement.expect or Expected()

    @property
    def policy(self) -> Policy:
        """The policy, whole."""
        return self._statement.policy

    @property
    def picture_digest(self) -> bytes | None:
        """SHA-256 of the picture's file, where the text was read from one."""
        return self._statement.picture

    @property
    def outcome(self) -> Outcome:
        """The outcome that is stated; that it follows, `replay` shows."""
        return self._statement.outcome

    @property
    def reasons(self) -> tuple[Reason, ...]:
        """The reasons that are stated, likewise."""
        return self._statement.reasons

    @property
    def status_backing(self) -> Backing:
        """How far the file says that the status record is backed; what holds of it, `replay` finds out."""
        return backing(self._statement.status)

    @property
    def vehicle_backing(self) -> Backing:
        """How far it says that the vehicle's record is."""
        return backing(self._statement.vehicle)

    @property
    def unverified_seal_key_id(self) -> bytes | None:
        """Which key the seal says it is by; whether it is, `replay` finds out."""
        return _sealer(self._body) if self.is_sealed else None

    def to_dict(self) -> dict[str, Any]:
        """The question and what the file says of itself, as JSON types. It names the vehicle, and replays nothing."""
        sealer = self.unverified_seal_key_id
        return {
            "evidence": self.digest.hex(),
            "question": question_dict(self._statement, self.text),
            "outcome": self.outcome.value,
            "reasons": [reason.code for reason in self.reasons],
            "status": self.status_backing.value,
            "vehicle": self.vehicle_backing.value,
            "seal_key_id": None if sealer is None else sealer.hex(),
            "zone_edition": self._statement.zone_edition,
            "documents": list(document_dicts(self._statement, self.materials)),
            "missing": [digest.hex() for digest in self.missing],
        }

    @property
    def is_about_vehicle(self) -> bool:
        """Whether it is about a vehicle without a certificate."""
        return self._statement.kind is Kind.VEHICLE

    @property
    def missing(self) -> tuple[bytes, ...]:
        """The SHA-256 of each document that the statement names and that is not here."""
        return tuple(digest for digest in named(self._statement) if digest not in self.materials)

    def to_log(self) -> dict[str, str]:
        """Digests, codes and times for a log or a ledger: no plate, VIN, text or payload. It does not replay.

        Kept out of the file's reach, the digest protects the question as a seal does. For a vehicle the digest of a
        register's signed answer is in it, which cannot be guessed; without one, it can be found by trying all plates.
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

    @property
    def _whole_body(self) -> bytes:
        """The statement with its seal; there is none where the statement cannot be written."""
        if not self._body:
            raise _not_writable("a time, a text or a number that a file cannot hold")
        return self._body

    def _require(self, kind: Kind) -> None:
        if self._statement.kind is not kind:
            msg = f"the evidence is about a {self._statement.kind.value}: use the method for that"
            raise ValueError(msg)

    def _checked_seal(self, seal_key: PublicKey | None) -> bytes | None:
        """The id of the key whose seal holds, where one is required."""
        if seal_key is None:
            return None
        _replay.check_seal(self._body, seal_key, is_sealed=self.is_sealed)
        return seal_key.key_id

    def _material(self, digest: bytes) -> bytes:
        if digest not in self.materials:
            is_altered = not self.materials.keys() <= set(named(self._statement))
            what = "A document that the evidence names is not with it" + "; one that it has was altered" * is_altered
            raise RejectedInputError("evidence-incomplete", what, missing=len(self.missing))
        return self.materials[digest]


def _encode_readable(statement: Statement) -> bytes:
    """The statement's bytes, once they are found to be readable; none where they are not."""
    try:
        body = encode(statement)
        decode(body)
    except (CertcoreError, ValueError, TypeError, OverflowError):
        return b""
    return body


def _not_writable(what: str) -> IssuingError:
    return IssuingError("evidence-not-writable", f"The evidence cannot be written: it holds {what}")


def _statement_bytes(body: bytes) -> bytes:
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


def _sealer(body: bytes) -> bytes | None:
    """The key id that a seal states; None where it states none."""
    match _cbor.decode_general(body[1:], max_bytes=len(body)):
        case [bytes() as protected, *_]:
            try:
                header = _cbor.decode_general(protected, max_bytes=len(protected))
            except RejectedInputError:
                return None
            found = header.get(cose.KID) if isinstance(header, dict) else None
            return found if isinstance(found, bytes) else None
    return None


def _byte_strings(value: object, limit: int) -> list[bytes]:
    if type(value) is not list or len(value) > limit or not all(type(item) is bytes for item in value):
        raise malformed("its documents are not byte strings, or too many")
    return value
