"""Questions about a vehicle: the request to an issuer's query endpoint, and its signed answer.

Pure, and used by both sides. It has the bytes of a request, and an answer that is bound to exactly those bytes. It does
not know who may ask, networks, clocks, or what an answer means for a certificate.

A request is deterministic CBOR ``{0: plate, 1: country, 2: plate_type, 3: vin, 4: as_of, 5: nonce}``; what is not given
is left out. An answer is a COSE_Sign1 of its own type, with the claims 2 (sub: SHA-256 of the request in lower-case
hexadecimal, because a CWT's subject is text), 4 (exp), 6 (iat) and -65538, the record: ``{0: known, 1: [[flag, since,
until], ...], 2: valid_until, 3: history_from, 4: reliable_until}``, days and seconds counted from 1970-01-01. An answer
is opened in this order; the first error ends it:

1. its size and its signature, by one of the keys the caller names for it (usage ``register`` in the trust list);
2. its type;
3. its subject: this request's digest, and so this nonce;
4. its times: not issued in the future, nor past its end, nor good for longer than a day;
5. the record.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from datetime import date, datetime, timedelta
from typing import Final

from certcore import _cbor, cose
from certcore._instants import CLOCK_SKEW, FIRST_DAY, LAST_DAY, plain_date
from certcore.certificate._values import UINT32, text
from certcore.errors import RejectedInputError, StatusError, UntrustedError
from certcore.keys import Signer
from certcore.keys._trusted import VerifyingKey
from certcore.status._signed import instant, seconds
from certcore.status.protocol import StatusProof, VehicleFlag, VehicleQuery, VehicleRecord

__all__ = [
    "decode_request",
    "issue_answer",
]

VEHICLE_REQUEST_TYPE: Final = "application/vnd.certcore.vehicle-query+cbor"
"""The media type of a request."""

VEHICLE_ANSWER_TYPE: Final = "application/vnd.certcore.vehicle+cwt"
"""The media type of an answer, and the typ in its protected header."""

MAX_REQUEST_BYTES: Final = 1 << 10
"""Bytes of a request: two texts, three numbers and a nonce."""

MAX_ANSWER_BYTES: Final = 64 << 10
"""Bytes of an answer: a record of hundreds of flags under an ML-DSA signature."""

MAX_ANSWER_LIFETIME: Final = timedelta(days=1)
"""The longest an answer may speak for the present: it is made for one question."""

NONCE_BYTES: Final = 16
"""Bytes of a fresh request's nonce; a reader takes 8 to 64."""

_NONCE_SIZES: Final = range(8, 65)
_MAX_FLAGS: Final = 512
_PLATE, _COUNTRY, _PLATE_TYPE, _VIN, _AS_OF, _NONCE = range(6)
_KNOWN, _FLAGS, _VALID_UNTIL, _HISTORY_FROM, _RELIABLE_UNTIL = range(5)
_SUB, _EXP, _IAT, _RECORD = 2, 4, 6, -65538


def encode_request(query: VehicleQuery, /, *, nonce: bytes) -> bytes:
    """The request for one vehicle.

    Args:
        query: which vehicle, and the moment; the moment is written in whole seconds.
        nonce: 8 to 64 bytes that were never used before.

    Raises:
        ValueError: for a query that no request can hold, or a nonce of another length.
    """
    if len(nonce) not in _NONCE_SIZES:
        msg = f"a nonce has {_NONCE_SIZES.start} to {_NONCE_SIZES.stop - 1} bytes"
        raise ValueError(msg)
    if query.registration_number is None and query.vin is None:
        msg = "a vehicle is asked for by registration number or VIN"
        raise ValueError(msg)
    members: dict[int, object] = {
        _PLATE: query.registration_number,
        _COUNTRY: query.country,
        _PLATE_TYPE: query.plate_type,
        _VIN: query.vin,
    }
    stated = {key: value for key, value in members.items() if value is not None}
    data = _cbor.encode({**stated, _AS_OF: seconds(query.as_of), _NONCE: bytes(nonce)})
    try:
        decode_request(data, asked_at=query.asked_at)  # what no register would read is not sent
    except RejectedInputError as cause:
        msg = "no request can hold this query"
        raise ValueError(msg) from cause
    return data


def decode_request(data: bytes, /, *, asked_at: datetime) -> VehicleQuery:
    """What a request asks.

    Args:
        data: the request.
        asked_at: when it came in: the register's own clock, because a request does not say.

    Raises:
        RejectedInputError: ``malformed``.
    """
    members = _cbor.decode(data, max_bytes=MAX_REQUEST_BYTES)
    if type(members) is not dict or not members.keys() <= set(range(6)):
        raise _bad_request("it is not a map of the members a request has")
    plate, vin, nonce = members.get(_PLATE), members.get(_VIN), members.get(_NONCE)
    if plate is None and vin is None:
        raise _bad_request("it names no vehicle")
    if type(nonce) is not bytes or len(nonce) not in _NONCE_SIZES:
        raise _bad_request("it has no nonce of a proper length")
    plate_type = members.get(_PLATE_TYPE)
    if plate_type is not None and (type(plate_type) is not int or not 0 <= plate_type < UINT32):
        raise _bad_request("its plate type is not a whole number below 2**32")
    try:
        for value in (plate, vin, members.get(_COUNTRY)):
            if value is not None:
                text(value)
        as_of = instant(members.get(_AS_OF))
    except (ValueError, StatusError) as cause:
        raise _bad_request("a member is of the wrong type or size") from cause
    return VehicleQuery(
        registration_number=plate,
        country=members.get(_COUNTRY),
        plate_type=plate_type,
        vin=vin,
        as_of=as_of,
        asked_at=asked_at,
    )


def issue_answer(
    record: VehicleRecord, /, *, request: bytes, signer: Signer, issued_at: datetime, expires_at: datetime
) -> bytes:
    """The signed answer to one request. Instants are written in whole seconds, their fractions left out.

    Args:
        record: what the register knows; its ``observed_at`` and its proofs are not written: the answer speaks as of
            ``issued_at`` and is the proof.
        request: the request, exactly as it came in.
        signer: whose key signs; its usage in the trust list must be ``register``.
        issued_at: when the answer is made.
        expires_at: from when it may no longer be taken for the present; at most a day later.

    Raises:
        IssuingError: ``signer-failed``.
        ValueError: for times or flags that no answer may state.
    """
    issued, expires = seconds(issued_at), seconds(expires_at)
    if not issued < expires <= issued + MAX_ANSWER_LIFETIME.total_seconds():
        msg = "an answer expires after it is issued, and within a day"
        raise ValueError(msg)
    if len(record.flags) > _MAX_FLAGS:
        msg = f"an answer has at most {_MAX_FLAGS} flags"
        raise ValueError(msg)
    if record.flags and not record.known:
        msg = "a vehicle that is not known has no flags"
        raise ValueError(msg)
    claims = {_SUB: _digest(request), _EXP: expires, _IAT: issued, _RECORD: _record_to_wire(record)}
    data = cose.sign1(_cbor.encode(claims), signer=signer, protected={cose.TYP: VEHICLE_ANSWER_TYPE})
    if len(data) > MAX_ANSWER_BYTES:
        msg = f"an answer has at most {MAX_ANSWER_BYTES} bytes"
        raise ValueError(msg)
    return data


def open_answer(
    data: bytes,
    /,
    *,
    request: bytes,
    keys: Sequence[VerifyingKey],
    now: datetime | None,
    clock_skew: timedelta = CLOCK_SKEW,
) -> VehicleRecord:
    """The register's record, once it is found to be the signed answer to this very request.

    Args:
        data: the answer.
        request: the request, exactly as it was sent.
        keys: the keys that may sign it.
        now: when it is used; None for archives and replay: then no time is compared with the present.
        clock_skew: how far two right clocks may be apart.

    Raises:
        StatusError: ``vehicle-answer-malformed``, ``vehicle-answer-signature``, ``vehicle-answer-type``,
            ``vehicle-answer-subject``, ``vehicle-answer-future``, ``vehicle-answer-expired``.
    """
    opened = _open_signed(data, keys)
    if opened.protected.get(cose.TYP) != VEHICLE_ANSWER_TYPE:
        raise StatusError("vehicle-answer-type", "The answer is signed as something else")
    try:
        claims = _cbor.decode(opened.payload, max_bytes=MAX_ANSWER_BYTES)
    except RejectedInputError as cause:
        raise _malformed("its claims are not deterministic CBOR") from cause
    if type(claims) is not dict or any(claim < 0 and claim != _RECORD for claim in claims):
        raise _malformed("it is not a map of claims, or has a critical one that this version does not know")
    if claims.get(_SUB) != _digest(request):
        raise StatusError("vehicle-answer-subject", "The answer is to another request")
    issued_at = _check_times(claims, now, clock_skew)
    proof = StatusProof(
        data=data,
        media_type=VEHICLE_ANSWER_TYPE,
        key_id=opened.key.key_id,
        request=request,
        signed_at=issued_at,
    )
    return _record_from_wire(claims.get(_RECORD), issued_at, proof)


def _open_signed(data: bytes, keys: Sequence[VerifyingKey]) -> cose.Opened:
    try:
        return cose.open_sign1(data, keys=keys, max_bytes=MAX_ANSWER_BYTES)
    except RejectedInputError as cause:
        raise _malformed("it is not a proper COSE_Sign1") from cause
    except UntrustedError as cause:
        raise StatusError("vehicle-answer-signature", "None of the keys that may sign it has signed it") from cause


def _check_times(claims: dict[int, object], now: datetime | None, clock_skew: timedelta) -> datetime:
    issued_at, expires_at = _instant(claims.get(_IAT)), _instant(claims.get(_EXP))
    if not timedelta() < expires_at - issued_at <= MAX_ANSWER_LIFETIME:
        raise _malformed("it is good for no time, or for longer than a day")
    if now is not None:
        if issued_at - now > clock_skew:
            raise StatusError("vehicle-answer-future", "The answer was issued later than now, by this clock")
        if expires_at + clock_skew <= now:
            raise StatusError("vehicle-answer-expired", "The answer has expired")
    return issued_at


def _record_to_wire(record: VehicleRecord) -> dict[int, object]:
    flags = sorted(
        ([text(flag.code), _days(flag.since), _days(flag.until)] for flag in record.flags),
        key=lambda flag: (str(flag[0]), str(flag[1]), str(flag[2])),
    )
    members: dict[int, object] = {
        _KNOWN: record.known,
        _FLAGS: flags,
        _VALID_UNTIL: _days(record.valid_until),
        _HISTORY_FROM: None if record.history_from is None else seconds(record.history_from),
        _RELIABLE_UNTIL: None if record.reliable_until is None else seconds(record.reliable_until),
    }
    return {key: value for key, value in members.items() if value is not None}


def _record_from_wire(wire: object, issued_at: datetime, proof: StatusProof) -> VehicleRecord:
    if type(wire) is not dict or any(key < 0 for key in wire):
        raise _malformed("it has no record, or one with a critical member that this version does not know")
    known, flags = wire.get(_KNOWN), wire.get(_FLAGS)
    if type(known) is not bool or type(flags) is not list or len(flags) > _MAX_FLAGS or (flags and not known):
        raise _malformed("its record does not say whether the vehicle is known, or what its flags are")
    return VehicleRecord(
        known=known,
        flags=map(_flag_from_wire, flags),
        valid_until=_day(wire.get(_VALID_UNTIL)),
        observed_at=issued_at,
        history_from=_optional_instant(wire.get(_HISTORY_FROM)),
        reliable_until=_optional_instant(wire.get(_RELIABLE_UNTIL)),
        proofs=[proof],
    )


def _flag_from_wire(wire: object) -> VehicleFlag:
    match wire:
        case [str() as code, since, until]:
            try:
                return VehicleFlag(code=text(code), since=_day(since), until=_day(until))
            except ValueError as cause:
                raise _malformed("the code of a flag is not a short text") from cause
    raise _malformed("a flag is not [code, since, until]")


def _digest(request: bytes) -> str:
    return hashlib.sha256(request).hexdigest()


def stated_day(value: date, /) -> date:
    """The civil day, if an answer may state it; ValueError where not, TypeError for anything but a date."""
    day = plain_date(value)
    if not FIRST_DAY <= day <= LAST_DAY:
        msg = f"a day lies within {FIRST_DAY} to {LAST_DAY}"
        raise ValueError(msg)
    return day


def _days(value: date | None) -> int | None:
    return None if value is None else (stated_day(value) - FIRST_DAY).days


def _day(value: object) -> date | None:
    if value is None:
        return None
    if type(value) is not int or not 0 <= value <= (LAST_DAY - FIRST_DAY).days:
        raise _malformed("a day is not a whole number of days since 1970")
    return FIRST_DAY + timedelta(days=value)


def _instant(value: object) -> datetime:
    try:
        return instant(value)
    except StatusError as cause:
        raise _malformed("a time is missing, or not a whole number of seconds since 1970") from cause


def _optional_instant(value: object) -> datetime | None:
    return None if value is None else _instant(value)


def _bad_request(what: str) -> RejectedInputError:
    return RejectedInputError("malformed", f"The request cannot be read: {what}", layer="vehicle-query")


def _malformed(what: str) -> StatusError:
    return StatusError("vehicle-answer-malformed", f"The answer cannot be read: {what}")
