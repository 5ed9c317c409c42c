"""Proofs that a certificate existed by a certain time: they count if its key was compromised later.

Pure. It has the kinds of proof, and finds the earliest time at which a good proof shows that exactly these bytes
existed. The engine compares that time with the compromise. The certificate's time of issue, its key id, a bit in a
status list and a live presentation prove nothing: a thief of the key chooses the first two, and the others are about a
number that a forger may use again.

Three kinds count, each over the certificate's whole COSE_Sign1 and made with another key than it:

- a **time-stamp**: an RFC 3161 token by an authority the policy pins (`certcore.proofs.timestamps`);
- a **seal**: certcore evidence about exactly this text, sealed with one of the verifier's own pinned keys; it proves
  its ``evaluated_at``, so never seal a file that another person made;
- a **receipt** of the issuer's register (`certcore.proofs.receipts`).

A proof shows its kind itself. A bad proof is ignored and never an error: `examine` says why.

The same proofs may show that a register's document existed, a status list for example: `existing_documents`. That is a
time-stamp over the document, or evidence that names or holds it and is sealed or itself time-stamped.

Of evidence only this is known here: a file is a CBOR map with the statement, or the sealed one, under `BODY`, and
time-stamps over that under `TIMESTAMPS`; sealed means a COSE_Sign1 of type `EVIDENCE_TYPE`; and the statement is a CBOR
map with the members `FORMAT`, `TEXT` and `EVALUATED_AT`, and documents under `DOCUMENTS`. The sealed statement
by itself is taken, too. Nothing else in either is looked at.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from datetime import datetime, timedelta
from enum import Enum
from typing import Any, Final

import attrs

from certcore import _cbor, armor, cose
from certcore._instants import EPOCH, LAST_SECOND
from certcore.errors import CertcoreError, Detail, RejectedInputError, UntrustedError
from certcore.keys import PublicKey
from certcore.keys._trusted import ExistingDocument, TrustedKey
from certcore.proofs import receipts, timestamps

__all__ = [
    "timestamp_request",
]

EVIDENCE_TYPE: Final = "application/vnd.certcore.evidence+cbor"
"""The media type of an evidence file, and the typ in the protected header of a sealed one."""

BODY: Final = 1
"""The member of an evidence file's map that holds the statement, or the seal around it."""

TIMESTAMPS: Final = 3
"""The member that holds time-stamps over the body."""

FORMAT, TEXT, EVALUATED_AT = 0, 2, 3
"""Members of a statement: its format's version, the certificate's text, and the microsecond it was judged at."""

DOCUMENTS: Final = (9, 14, 15)
"""Members of a statement that name documents by SHA-256, or hold them: proofs, and the status and vehicle answers."""

EVIDENCE_FORMAT: Final = 1
"""The version of a file and of a statement."""

MAX_PROOFS: Final = 16
"""Proofs of one certificate that are looked at: each costs a signature, or a chain of them."""

MAX_PROOF_BYTES: Final = 64 << 10
"""Bytes of a proof. Evidence is given detached: some 600; with its lists inside it may be larger than this."""

_SIGN1_TAG: Final = b"\xd2"  # 18
_DER_SEQUENCE: Final = b"\x30"
_SMALL_MAPS: Final = range(0xA0, 0xB8)
"""The first bytes of a CBOR map of fewer than 24 members."""

_MICROS: Final = 10**6
_HEADER_BYTES: Final = 128
"""A COSE_Sign1 begins with its protected header: algorithm, key id and type end well before."""


class Kind(Enum):
    """What kind of proof it is."""

    TIME_STAMP = "time-stamp"
    SEAL = "seal"
    RECEIPT = "receipt"


@attrs.frozen(kw_only=True)
class Existence:
    """A sound proof: the certificate existed by ``at``, and this kind of proof shows it."""

    at: datetime
    kind: Kind


@attrs.frozen(kw_only=True)
class Unproven:
    """A proof that is passed over.

    Attributes:
        code: why; a code of `certcore.reasons`.
        detail: small facts; safe to log.
    """

    code: str
    detail: Detail


def earliest(
    certificate: bytes,
    proofs: Sequence[bytes],
    /,
    *,
    text: str,
    authorities: Sequence[bytes] = (),
    seal_keys: Sequence[PublicKey] = (),
    register_keys: Sequence[TrustedKey] = (),
) -> Existence | None:
    """The earliest instant by which a sound proof shows that the certificate existed; None if none does.

    Arguments and errors as `examine`.
    """
    found = examine(
        certificate, proofs, text=text, authorities=authorities, seal_keys=seal_keys, register_keys=register_keys
    )
    return min((one for one in found if isinstance(one, Existence)), key=lambda one: one.at, default=None)


def examine(
    certificate: bytes,
    proofs: Sequence[bytes],
    /,
    *,
    text: str,
    authorities: Sequence[bytes] = (),
    seal_keys: Sequence[PublicKey] = (),
    register_keys: Sequence[TrustedKey] = (),
) -> tuple[Existence | Unproven, ...]:
    """What each proof comes to, in their order. Whatever the proofs are, nothing is raised for them.

    Args:
        certificate: the certificate's COSE_Sign1, exactly as it was read.
        proofs: time-stamps, sealed evidence and receipts, at most `MAX_PROOF_BYTES` each; from the 17th on they are not
            looked at.
        text: the certificate's text.
        authorities: the root certificates of the time-stamp authorities that are trusted, each DER or PEM.
        seal_keys: the keys whose seals count: the verifier's own.
        register_keys: the issuer's keys; those of another usage than ``register`` are passed over.

    Raises:
        ValueError: for an authority that is no self-signed certificate, once there is a time-stamp.
    """
    found: list[Existence | Unproven] = []
    existing: tuple[ExistingDocument, ...] = ()
    if any(key.compromised_since is not None for key in register_keys):
        existing = existing_documents(proofs, authorities=authorities, seal_keys=seal_keys, but_not_by=register_keys)
    for place, proof in enumerate(proofs):
        try:
            if place >= MAX_PROOFS:
                raise _malformed("too-many", f"more than {MAX_PROOFS} proofs came with the certificate")
            kind = _kind_of(proof)
            if kind is Kind.TIME_STAMP:
                at = timestamps.open_token(proof, data=certificate, authorities=authorities).at
            elif kind is Kind.RECEIPT:
                at = receipts.open_receipt(proof, certificate=certificate, keys=register_keys, existing=existing)
            else:
                at = _open_seal(proof, certificate=certificate, text=text, keys=seal_keys)
        except CertcoreError as refused:
            found.append(Unproven(code=refused.code, detail=refused.detail))
        else:
            found.append(Existence(at=at, kind=kind))
    return tuple(found)


def existing_documents(
    proofs: Sequence[bytes],
    /,
    *,
    authorities: Sequence[bytes] = (),
    seal_keys: Sequence[PublicKey] = (),
    but_not_by: Iterable[TrustedKey] = (),
) -> tuple[ExistingDocument, ...]:
    """Which documents the sound ones among the proofs show to have existed, and by when.

    Args:
        proofs: as `examine` takes them; receipts are over certificates and show nothing here.
        authorities: the root certificates of the time-stamp authorities that are trusted.
        seal_keys: the keys whose seals count: the verifier's own.
        but_not_by: the keys whose documents these are: none of them proves when it signed, should it be pinned, too.

    Raises:
        ValueError: for an authority that is no self-signed certificate, once there is a time-stamp.
    """
    own = {key.thumbprint for key in but_not_by}
    sealers = [key for key in seal_keys if key.thumbprint not in own]
    found: list[ExistingDocument] = []
    for proof in proofs[:MAX_PROOFS]:
        try:
            kind = _kind_of(proof)
            if kind is Kind.TIME_STAMP:
                stamp, algorithm, digest = timestamps.open_imprint(proof, authorities=authorities)
                found.append(ExistingDocument(digest=digest, algorithm=algorithm, at=stamp.at))
            elif kind is Kind.SEAL:
                found += _named_in_evidence(proof, authorities, sealers)
        except CertcoreError:
            continue
    return tuple(found)


def _named_in_evidence(
    proof: bytes, authorities: Sequence[bytes], sealers: Sequence[PublicKey]
) -> Iterator[ExistingDocument]:
    """The documents that evidence names or holds, as of its seal and its time-stamps, where these are sound."""
    file = {} if proof.startswith(_SIGN1_TAG) else _members(proof)
    body = file.get(BODY, proof)
    if type(body) is not bytes:
        raise _bad_seal("it is no evidence file")
    known_at = [*_stamped_at(file.get(TIMESTAMPS), body, authorities)]
    statement = body
    if body.startswith(_SIGN1_TAG):
        statement, is_pinned = _unseal(body, sealers)
        if is_pinned:
            known_at.append(_judged_at(_members(statement)))
    if not known_at:
        return
    members = _members(statement)
    for digest in {digest for member in DOCUMENTS for digest in _digests_in(members.get(member))}:
        yield ExistingDocument(digest=digest, algorithm="sha256", at=min(known_at))


def timestamp_request(text: str, /, *, nonce: bool = True) -> bytes:
    """What to POST to a time-stamp authority (as ``application/timestamp-query``) so that it stamps a certificate.

    The answer, as it comes, is a proof for ``existed_by``.

    Raises:
        RejectedInputError: ``no-certificate``, ``foreign-format`` or ``malformed``; the text is no certificate.
    """
    certificate = armor.decode(text)
    cose.read_certificate(certificate)
    return timestamps.request(certificate, nonce=nonce)


def _kind_of(proof: object) -> Kind:
    """Which kind a proof says it is. That only chooses who opens it, and opening it is strict."""
    if not isinstance(proof, bytes):
        raise _malformed("form", "it is not bytes")
    if len(proof) > MAX_PROOF_BYTES:
        raise _malformed("size", f"it is longer than {MAX_PROOF_BYTES} bytes")
    if proof.startswith(_DER_SEQUENCE):
        return Kind.TIME_STAMP
    if proof[:1] and proof[0] in _SMALL_MAPS:
        return Kind.SEAL
    header = proof[:_HEADER_BYTES] if proof.startswith(_SIGN1_TAG) else b""
    for kind, media_type in ((Kind.RECEIPT, receipts.RECEIPT_TYPE), (Kind.SEAL, EVIDENCE_TYPE)):
        if media_type.encode() in header:
            return kind
    raise _malformed("form", "it is neither a time-stamp nor sealed evidence nor a receipt")


def _open_seal(proof: bytes, *, certificate: bytes, text: str, keys: Iterable[PublicKey]) -> datetime:
    """When the sealed evidence says that it judged this certificate."""
    sealed = proof if proof.startswith(_SIGN1_TAG) else _body_of(proof)
    try:
        opened = cose.open_sign1(sealed, keys=tuple(keys), max_bytes=MAX_PROOF_BYTES)
    except RejectedInputError as cause:
        raise _bad_seal("its seal is not a proper COSE_Sign1") from cause
    except UntrustedError as cause:
        raise _untrusted("signature", "None of the pinned keys has sealed the evidence") from cause
    if opened.protected.get(cose.TYP) != EVIDENCE_TYPE:
        raise _untrusted("type", "It is sealed as something else than evidence")
    if receipts.signed_by(certificate, opened.key):
        raise _untrusted("key", "The evidence is sealed with the certificate's own key")
    judged, at = _read_statement(opened.payload)
    if judged != text:
        raise _untrusted("subject", "The sealed evidence is about another certificate")
    return at


def _stamped_at(tokens: object, body: bytes, authorities: Sequence[bytes]) -> Iterator[datetime]:
    for token in tokens[:MAX_PROOFS] if type(tokens) is list else []:
        if type(token) is bytes:
            with suppress(CertcoreError):
                yield timestamps.open_token(token, data=body, authorities=authorities).at


def _unseal(body: bytes, sealers: Sequence[PublicKey]) -> tuple[bytes, bool]:
    """The statement in a seal, and whether one of the keys made the seal; a time-stamp over it counts without."""
    try:
        opened = cose.open_sign1(body, keys=sealers, max_bytes=MAX_PROOF_BYTES)
    except UntrustedError:
        _, _, payload, _ = _cbor.decode_general(body[1:], max_bytes=MAX_PROOF_BYTES)
        return payload, False
    return opened.payload, opened.protected.get(cose.TYP) == EVIDENCE_TYPE


def _digests_in(answer: object) -> Iterator[bytes]:
    """What an answer names by SHA-256, and the SHA-256 of what it holds."""
    if isinstance(answer, bytes):
        yield answer if len(answer) == hashlib.sha256().digest_size else hashlib.sha256(answer).digest()
    elif isinstance(answer, list):
        for member in answer:
            yield from _digests_in(member)


def _body_of(file: bytes) -> bytes:
    body = _members(file).get(BODY)
    if type(body) is not bytes:
        raise _bad_seal("it is no evidence file")
    if not body.startswith(_SIGN1_TAG):
        raise _untrusted("unsealed", "The evidence has no seal, so its writer is not known")
    return body


def _read_statement(statement: bytes) -> tuple[str, datetime]:
    members = _members(statement)
    text = members.get(TEXT)
    if type(text) is not str:
        raise _bad_seal("it does not say what was judged")
    return text, _judged_at(members)


def _judged_at(members: dict[int | str, Any]) -> datetime:
    micros = members.get(EVALUATED_AT)
    if type(micros) is not int or not 0 <= micros < LAST_SECOND * _MICROS:
        raise _bad_seal("it does not say when it was judged")
    return EPOCH + timedelta(microseconds=micros)


def _members(data: bytes) -> dict[int | str, Any]:
    """The map of an evidence file or a statement.

    Not held to the strict profile: which text keys it has, and how deep it goes, is none of this module's business.
    """
    try:
        members: Any = _cbor.decode_general(data, max_bytes=MAX_PROOF_BYTES)
    except RejectedInputError as cause:
        raise _bad_seal("it is not CBOR") from cause
    if type(members) is not dict or type(members.get(FORMAT)) is not int or members[FORMAT] != EVIDENCE_FORMAT:
        raise _bad_seal("it is not a map of a format that is known here")
    return members


def _malformed(why: str, what: str) -> RejectedInputError:
    return RejectedInputError("proof-malformed", f"The proof cannot be read: {what}", why=why)


def _bad_seal(what: str) -> RejectedInputError:
    return RejectedInputError("seal-malformed", f"The sealed evidence cannot be read: {what}")


def _untrusted(why: str, what: str) -> UntrustedError:
    return UntrustedError("seal-untrusted", what, why=why)
