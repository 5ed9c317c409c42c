"""What an evidence file states, as CBOR and back: `Statement`. Pure; the wire is in `docs/reference/evidence.md`.

It has the members of the map. It does not know where the named documents are, or seals and time-stamps, or whether a
statement is true.
"""

from __future__ import annotations

from datetime import date, datetime
from functools import lru_cache
from typing import Any, Final

import attrs

from certcore import _cbor, _maps
from certcore._maps import Field, array, member, plain, typed
from certcore.errors import RejectedInputError
from certcore.evidence import _numbers
from certcore.evidence._numbers import Kind
from certcore.evidence._values import (
    DURATION,
    INSTANT,
    LookupResult,
    any_text,
    from_moment,
    from_offsets,
    from_reason,
    from_refused,
    from_status,
    from_vehicle,
    sha256,
    to_answer,
    to_moment,
    to_offsets,
    to_reason,
    to_refused,
)
from certcore.evidence._zones import Offsets
from certcore.keys import PublicKey
from certcore.policy import Expected, Policy
from certcore.proofs import existence
from certcore.proofs.existence import MAX_PROOF_BYTES, MAX_PROOFS
from certcore.reasons import Reason
from certcore.verdict import Outcome
from certcore.vocabulary._vins import LONGEST_TAIL

FORMAT: Final = existence.EVIDENCE_FORMAT
MAX_STATEMENT_BYTES: Final = 4 << 20
"""Bytes of a statement: a few hundred, and what proves that the certificate existed, at most 16 times 64 kB."""

MAX_STATEMENT_ITEMS: Final = 50_000
"""CBOR items of a statement: a record that is attested may hold some thousand events."""


@attrs.frozen(kw_only=True, repr=False)
class Statement:
    """Everything one verdict stood on, and the verdict's outcome. Long documents are named by their SHA-256.

    Attributes:
        rules: the version of the rules it was judged by.
        vocabulary: the version of the tables of codes.
        kind: what the question was about.
        text: the certificate's text; bytes where it is no proper text.
        as_of: the moment or the civil day.
        known_at: what was knowable when, if the caller said.
        evaluated_at: when it was asked.
        expect: the vehicle that was seen, or asked about.
        policy: the whole policy.
        existed_by: what was offered to prove that the certificate existed.
        picture: SHA-256 of the picture's file.
        trust: SHA-256 of the trust list.
        chain: SHA-256 of the root sets that lead from the first root to the one that signed the trust list.
        refused: why there was no text, where a picture held none.
        status: what came of the status look-up.
        vehicle: what came of the vehicle look-up.
        issuer: the id of the issuer whose civil time counts.
        offsets: the civil time of the issuer's zone, as it was.
        zone_edition: of the time zone database that the offsets were read from.
        group_key_id: by which group key's id confidential claims were read.
        outcome: what the verdict was.
        reasons: and why.
    """

    format: int = FORMAT
    rules: int
    vocabulary: str
    kind: Kind = Kind.CERTIFICATE
    text: str | bytes | None = None
    as_of: datetime | date
    known_at: datetime | None = None
    evaluated_at: datetime
    expect: Expected | None = None
    policy: Policy
    existed_by: tuple[bytes, ...] | None = attrs.field(default=None, converter=attrs.converters.optional(tuple))
    picture: bytes | None = None
    trust: bytes
    chain: tuple[bytes, ...] | None = attrs.field(default=None, converter=attrs.converters.optional(tuple))
    refused: RejectedInputError | None = None
    status: LookupResult | None = None
    vehicle: LookupResult | None = None
    issuer: str | None = None
    offsets: Offsets | None = None
    zone_edition: str | None = None
    group_key_id: bytes | None = None
    outcome: Outcome
    reasons: tuple[Reason, ...] = attrs.field(converter=tuple)

    def __attrs_post_init__(self) -> None:
        if (self.text is None) != (self.kind is Kind.VEHICLE):
            msg = "a statement about a certificate has a text, and one about a vehicle has none"
            raise ValueError(msg)
        proofs = self.existed_by or ()
        if len(proofs) > MAX_PROOFS or any(len(proof) > MAX_PROOF_BYTES for proof in proofs):
            msg = "there are more proofs, or larger ones, than are looked at"
            raise ValueError(msg)
        if self.kind is Kind.VEHICLE and not _is_askable(self.expect):
            msg = "no register can be asked about the vehicle"
            raise ValueError(msg)


def _is_askable(asked: Expected | None) -> bool:
    """Whether a vehicle is described as `Verifier.check_vehicle` asks for it."""
    if asked is None or (asked.registration_number is None and asked.vin is None):
        return False
    is_plate_whole = asked.registration_number is None or asked.country is not None
    return is_plate_whole and (asked.vin is None or len(asked.vin) > LONGEST_TAIL)


def encode(statement: Statement) -> bytes:
    """The statement as deterministic CBOR."""
    return _cbor.encode(_maps.write(_STATEMENT, statement))


def decode(data: bytes) -> Statement:
    """The statement in these bytes.

    Raises:
        RejectedInputError: ``evidence-malformed``; ``evidence-rules-unsupported`` for another format.
    """
    try:
        wire = _cbor.decode(data, max_bytes=MAX_STATEMENT_BYTES, max_items=MAX_STATEMENT_ITEMS)
    except RejectedInputError as cause:
        raise RejectedInputError("evidence-malformed", "The evidence is not deterministic CBOR") from cause
    if type(wire) is dict and type(wire.get(existence.FORMAT)) is int and wire[0] != FORMAT:
        raise RejectedInputError("evidence-rules-unsupported", "The evidence is of another format", format=wire[0])
    try:
        statement: Statement = _maps.read(_STATEMENT, Statement, wire)
    except RejectedInputError as cause:
        if cause.code == "too-new":
            raise RejectedInputError(
                "evidence-rules-unsupported", "The evidence has an unknown critical field"
            ) from cause
        raise RejectedInputError("evidence-malformed", "The evidence's content does not hold") from cause
    except (ValueError, TypeError, OverflowError) as cause:
        raise RejectedInputError("evidence-malformed", "The evidence's content does not hold") from cause
    return statement


_EXPECTED: Final = (
    Field(0, "registration_number", *plain(str)),
    Field(1, "country", *plain(str)),
    Field(2, "plate_type", *plain(int)),
    Field(3, "vin", *plain(str)),
)
_POLICY: Final = (
    Field(0, "name", *plain(str)),
    Field(1, "status", *member(_numbers.NEEDS)),
    Field(2, "vehicle", *member(_numbers.NEEDS)),
    Field(3, "binding", sorted, array(typed(str))),
    Field(4, "max_status_age", *DURATION),
    Field(5, "max_trust_age", *DURATION),
    Field(6, "note_trust_age", *DURATION),
    Field(7, "clock_skew", *DURATION),
    Field(8, "live_replaces_status", *plain(bool)),
    Field(9, "stop_flags", sorted, array(typed(str))),
    Field(10, "time_stamp_authorities", *(array(typed(bytes)),) * 2),
    Field(
        11, "seal_keys", array(PublicKey.to_cose_key), array(lambda wire: PublicKey.from_cose_key(typed(bytes)(wire)))
    ),
)


def _policy(**values: Any) -> Policy:  # noqa: ANN401  one for each member
    """A policy whose ages are None where they are not stated."""
    return Policy(**{"max_status_age": None, "max_trust_age": None} | values)


@lru_cache(maxsize=32)  # a desk has one or two policies, and a million files
def _policy_to_wire(policy: Policy) -> dict[int, object]:
    return _maps.write(_POLICY, policy)


def _policy_from_wire(wire: object) -> Policy:
    return _read_policy(_cbor.encode(wire))


@lru_cache(maxsize=32)  # as above
def _read_policy(data: bytes) -> Policy:
    policy: Policy = _maps.read(_POLICY, _policy, _cbor.decode(data, max_bytes=len(data)))
    return policy


_STATEMENT: Final = (
    Field(existence.FORMAT, "format", *plain(int)),
    Field(1, "rules", *plain(int)),
    Field(existence.TEXT, "text", any_text, any_text),
    Field(existence.EVALUATED_AT, "evaluated_at", *INSTANT),
    Field(4, "kind", *member(_numbers.KINDS)),
    Field(5, "as_of", to_moment, from_moment),
    Field(6, "known_at", *INSTANT),
    Field(
        7,
        "expect",
        lambda expect: _maps.write(_EXPECTED, expect),
        lambda wire: _maps.read(_EXPECTED, Expected, wire),
    ),
    Field(8, "policy", _policy_to_wire, _policy_from_wire),
    Field(9, "existed_by", *(array(typed(bytes)),) * 2),
    Field(10, "picture", sha256, sha256),
    Field(11, "trust", sha256, sha256),
    Field(12, "chain", *(array(sha256),) * 2),
    Field(13, "refused", to_refused, from_refused),
    Field(14, "status", to_answer, from_status),
    Field(15, "vehicle", to_answer, from_vehicle),
    Field(16, "offsets", to_offsets, from_offsets),
    Field(17, "group_key_id", *plain(bytes)),
    Field(21, "issuer", *plain(str)),
    Field(22, "zone_edition", *plain(str)),
    Field(18, "vocabulary", *plain(str)),
    Field(19, "outcome", *member(_numbers.OUTCOMES)),
    Field(20, "reasons", array(to_reason), array(from_reason)),
)
