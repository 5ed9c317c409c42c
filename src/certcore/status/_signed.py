"""What all signed status documents share: envelope, type, and the claims that say of which list and of when they are.

It opens a CWT or JWT under keys that the caller gives (RFC 8392, RFC 7519), and checks the signature before the
content. It does not know what the entries mean, or whether the keys may sign for an issuer.

1. its size;
2. the form of the envelope: tag 18 alone, or three parts in base64url;
3. the signature, by one of the caller's keys, which also fix the algorithm;
4. the type: exactly the one asked for, in the protected header;
5. the subject: byte for byte the URI asked for;
6. its times; those that depend on the moment only if there is one.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import attrs

from certcore import _base64url, _cbor, _json, cose
from certcore._instants import LAST_SECOND, optional_utc, utc_second
from certcore.certificate._values import MAX_URI_CHARACTERS
from certcore.errors import CertcoreError, RejectedInputError, StatusError, UntrustedError
from certcore.keys import Signer
from certcore.keys._algorithms import JOSE_ALGORITHMS
from certcore.keys._trusted import VerifyingKey, candidates

# CWT claims (RFC 8392 section 4; draft-ietf-oauth-status-list section 5.2, requested there)
SUB, EXP, NBF, IAT, STATUS_LIST, TTL = 2, 4, 5, 6, 65533, 65534

_SECOND: Final = timedelta(seconds=1)
_LONGEST_SECONDS: Final = timedelta.max // _SECOND
"""The longest time to live that can be stated at all."""

_SIGN1_TAG: Final = b"\xd2"  # 18; a status document never has the tag of a CWT, 61, around it
_MAX_JWS_HEADER: Final = 16 << 10
"""Characters of a JWS header, which is parsed before anything is checked; a chain of certificates fits."""


@attrs.frozen(kw_only=True)
class Claims:
    """When a document was made, and until when it speaks."""

    issued_at: datetime
    expires_at: datetime | None
    ttl: timedelta | None


def sign_cwt(claims: bytes, /, *, media_type: str, signer: Signer) -> bytes:
    """The encoded claims as a COSE_Sign1 of that type."""
    return cose.sign1(claims, signer=signer, protected={cose.TYP: media_type})


def write_claims(
    *, uri: str, issued_at: datetime, expires_at: datetime, ttl: timedelta | None
) -> tuple[dict[int, object], int]:
    """The shared claims, and the second of issue; ValueError and TypeError for what no document may state."""
    if type(uri) is not str or not 1 <= len(uri) <= MAX_URI_CHARACTERS or not (uri.isascii() and uri.isprintable()):
        msg = f"a list's URI is 1 to {MAX_URI_CHARACTERS} printable ASCII characters"
        raise ValueError(msg)
    issued, expires = seconds(issued_at), seconds(expires_at)
    if expires <= issued:
        msg = "a document expires after it is issued"
        raise ValueError(msg)
    claims: dict[int, object] = {SUB: uri, IAT: issued, EXP: expires}
    if ttl is not None:
        if ttl < _SECOND:
            msg = "a time to live is at least a second"
            raise ValueError(msg)
        claims[TTL] = ttl // _SECOND
    return claims, issued


def open_cwt(data: bytes, /, *, media_type: str, keys: Sequence[VerifyingKey], max_bytes: int) -> tuple[bytes, bytes]:
    """The payload of a COSE_Sign1 of that type, and the key id of who signed it: steps 1 to 4."""
    _cbor.require_bytes(data, "a signed document")
    if len(data) > max_bytes:
        raise StatusError("status-list-too-large", "The document has more bytes than it may", max_bytes=max_bytes)
    if not data.startswith(_SIGN1_TAG):
        raise StatusError("status-list-malformed", "The document does not begin with the tag of a COSE_Sign1 (18)")
    try:
        opened = cose.open_sign1(data, keys=keys, max_bytes=max_bytes)
    except RejectedInputError as cause:
        raise StatusError("status-list-malformed", "The document is not a proper COSE_Sign1") from cause
    except UntrustedError as cause:
        raise _not_signed() from cause
    _check_type(opened.protected.get(cose.TYP), media_type)
    return opened.payload, opened.key.key_id


def unverified_payload(data: bytes, /, *, max_bytes: int) -> bytes:
    """The payload of a COSE_Sign1, whoever signed it: for a publisher that looks at what it wrote itself."""
    if len(data) > max_bytes or not data.startswith(_SIGN1_TAG):
        raise malformed("it is no COSE_Sign1")
    match _cbor.decode_general(data[1:], max_bytes=max_bytes):
        case [bytes(), dict(), bytes() as payload, bytes()]:
            return payload
    raise malformed("it is no COSE_Sign1")


def open_jws(text: str | bytes, /, *, typ: str, keys: Sequence[VerifyingKey], max_bytes: int) -> tuple[Any, bytes]:
    """The JSON object in a compact JWS of that type (RFC 7515), and the key id of who signed it: steps 1 to 4."""
    if len(text) > max_bytes:
        raise StatusError("status-list-too-large", "The document has more characters than it may", max_bytes=max_bytes)
    signed, header, payload, signature = _jws_parts(text)
    for key in _jws_candidates(header, keys):
        try:
            key.verify(signature, signed)
        except UntrustedError:
            continue
        _check_type(header.get("typ"), typ)
        return _json_object(payload), key.key_id
    raise _not_signed()


def is_signed_by(data: bytes, key: VerifyingKey, /) -> bool:
    """Whether a document, of whichever type, has this key's signature."""
    try:
        if data.startswith(_SIGN1_TAG):
            cose.open_sign1(data, keys=[key], max_bytes=len(data))
        else:
            signed, _, _, signature = _jws_parts(data)
            key.verify(signature, signed)
    except CertcoreError:
        return False
    return True


def stated_issue(data: bytes, /) -> datetime | None:
    """The time of issue in an unchecked document: open it before you rely on it. None for other bytes."""
    return stated_times(data)[0]


def stated_times(data: bytes, /) -> tuple[datetime | None, datetime | None]:
    """When an unchecked document says that it was made, and until when it speaks; None for what it does not say."""
    try:
        if data.startswith(_SIGN1_TAG):
            _, _, payload, _ = _cbor.decode_general(data[1:], max_bytes=len(data))
            found: Mapping[Any, Any] = _cbor.find_members(payload, frozenset({IAT, EXP}))
            issued_at, expires_at = found[IAT], found.get(EXP)
        else:
            found = _json_object(_jws_parts(data)[2])
            issued_at, expires_at = found["iat"], found.get("exp")
        return instant(issued_at), None if expires_at is None else instant(expires_at)
    except (CertcoreError, LookupError, TypeError, ValueError):
        return None, None


def read_claims(claims: Mapping[Any, Any], /, *, uri: str, now: datetime | None, clock_skew: timedelta) -> Claims:
    """The shared claims: steps 5 and 6. Without a moment nothing is compared with it, and all else is checked."""
    now = optional_utc(now)
    if clock_skew < timedelta():
        msg = "two clocks are apart by some time, or by none"
        raise ValueError(msg)
    subject = claims.get(SUB)
    if type(subject) is not str or subject != uri:
        raise StatusError("status-list-subject", "The document is not about the list that was asked for")
    issued_at, expires_at = instant(claims.get(IAT)), _optional_instant(claims, EXP)
    not_before, ttl = _optional_instant(claims, NBF), _time_to_live(claims)
    if expires_at is not None and expires_at <= issued_at:
        raise malformed("it expires before it was issued")
    if now is not None:
        if max(issued_at, not_before or issued_at) - now > clock_skew:
            raise StatusError("status-list-future", "The document was issued later than now, by this clock")
        if expires_at is not None and expires_at <= now:
            raise StatusError("status-list-expired", "The document has expired")
    return Claims(issued_at=issued_at, expires_at=expires_at, ttl=ttl)


def malformed(what: str) -> StatusError:
    """The error for a document whose content does not hold."""
    return StatusError("status-list-malformed", f"The document cannot be read: {what}")


def seconds(value: datetime) -> int:
    """An instant as documents state it, its fraction left out; ValueError where none may lie."""
    found = int(utc_second(value).timestamp())
    if not 0 <= found < LAST_SECOND:
        msg = "a document states instants from 1970 to 9998"
        raise ValueError(msg)
    return found


def instant(value: object) -> datetime:
    """An instant that a document states: whole seconds since 1970."""
    if type(value) is not int or not 0 <= value < LAST_SECOND:
        raise malformed("a time is missing, or not a whole number of seconds since 1970")
    return datetime.fromtimestamp(value, UTC)


def from_base64url(text: object) -> bytes:
    """What base64url without padding stands for; a part that is empty stands for nothing."""
    try:
        found = _base64url.decode(text)
    except ValueError as cause:
        raise malformed("a part is not base64url without padding") from cause
    if not found:
        raise malformed("a part is empty")
    return found


def _not_signed() -> StatusError:
    return StatusError("status-list-signature", "None of the keys that may sign the document has signed it")


def _check_type(found: object, expected: str) -> None:
    if type(found) is not str or found != expected:
        raise StatusError("status-list-type", "The document is signed as something else")


def _optional_instant(claims: Mapping[Any, Any], claim: int) -> datetime | None:
    return instant(claims[claim]) if claim in claims else None


def _time_to_live(claims: Mapping[Any, Any]) -> timedelta | None:
    if TTL not in claims:
        return None
    value = claims[TTL]
    if type(value) is not int or not 1 <= value <= _LONGEST_SECONDS:
        raise malformed("its time to live is not a whole number of seconds from 1")
    return timedelta(seconds=value)


def _jws_parts(text: str | bytes) -> tuple[bytes, dict[str, Any], bytes, bytes]:
    """The signed bytes, the header, the payload and the signature of a compact JWS."""
    try:
        raw = text.encode("ascii") if isinstance(text, str) else bytes(text)
        header, payload, signature = raw.decode("ascii").split(".")
    except ValueError as cause:
        raise malformed("it is not three parts of text with dots between them") from cause
    if len(header) > _MAX_JWS_HEADER:
        raise malformed("its header is longer than any")
    decoded = _json_object(from_base64url(header))
    if "crit" in decoded:
        raise malformed("it has critical headers, which certcore does not process")
    return raw.rpartition(b".")[0], decoded, from_base64url(payload), from_base64url(signature)


def _jws_candidates(header: Mapping[str, Any], keys: Sequence[VerifyingKey]) -> list[VerifyingKey]:
    """The keys that may have signed, by what the header states."""
    name, kid = header.get("alg"), header.get("kid")
    if kid is not None and type(kid) is not str:
        raise malformed("its key id is not text")
    algorithm = JOSE_ALGORITHMS.get(name) if type(name) is str else None
    return candidates(keys, algorithm=algorithm, key_id=None if kid is None else kid.encode("utf-8", "replace"))


def _json_object(data: bytes) -> dict[str, Any]:
    """The object in these bytes: UTF-8, each member once, and only the numbers JSON has (RFC 8259)."""
    try:
        found = _json.decode(data)
    except ValueError as cause:
        raise malformed("a part is not JSON with each member once") from cause
    if type(found) is not dict:
        raise malformed("a part is not a JSON object")
    return found
