"""IETF Token Status Lists (draft-ietf-oauth-status-list-21) and the events beside them: issued, opened, and read.

Pure: bytes, keys and a moment come in, values go out. It has `StatusList`, the states of up to millions of entries,
packed and never unpacked; `StatusToken`, a signed list, as CWT and as JWT; `status_record`, which finds the facts about
one entry in documents. It has no clock, network, cache or trust: the caller gives the keys of usage ``status`` of the
list's issuer, so a certificate's key is never accepted.

Every error in a document is a `StatusError` with its own code; none of them means revoked or valid. It does not check
whether a younger list was seen before (a list may be replayed until it expires), or how often to ask again (``ttl`` is
given as stated), because that needs a store.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Final, Self

import attrs

from certcore import _cbor
from certcore._instants import CLOCK_SKEW
from certcore.errors import RejectedInputError, StatusError
from certcore.keys import Signer
from certcore.keys._trusted import VerifyingKey
from certcore.status import _signed
from certcore.status._inflate import inflate, wire_bytes
from certcore.status._signed import malformed
from certcore.status._states import NUMBER_OF_STATE, STATES
from certcore.status.eventlist import (
    StatusEvents,
    complete_from,
    issue_events,
    open_events,
    words_of_older,
)
from certcore.status.protocol import StatusObservation, StatusProof, StatusRecord, StatusState

__all__ = [
    "StatusEvents",
    "StatusList",
    "StatusToken",
    "issue_events",
    "issue_token",
    "open_events",
    "open_jwt_token",
    "open_token",
]

DEFAULT_MAX_LIST_BYTES: Final = 16 << 20
"""Bytes that a list may inflate to where the trust list states no ``max_entries``: 67 million entries of two bits."""

ENTRY_BITS: Final = (1, 2, 4, 8)
"""Bits that one entry may have (draft-ietf-oauth-status-list section 4.1)."""

VALUE_OF: Final = NUMBER_OF_STATE
"""How each state is written in a list."""

_COMPRESSION_LEVEL: Final = 9
"""The draft's recommendation (section 4.1), and a third smaller than zlib's own default."""

STATUS_LIST_TYPE: Final = "application/statuslist+cwt"
"""The media type of a list as CWT, and the typ in its protected header."""

STATUS_LIST_JWT_TYPE: Final = "statuslist+jwt"
"""The typ of a list as JWT (draft section 5.1)."""

STATUS_LIST_JWT_MEDIA_TYPE: Final = "application/statuslist+jwt"

MAX_TTL: Final = timedelta(days=30)
"""The longest that a caller should keep a list, whatever it states (draft section 11.5): it is not applied here."""

_JWT_CLAIMS: Final = {
    "sub": _signed.SUB,
    "exp": _signed.EXP,
    "nbf": _signed.NBF,
    "iat": _signed.IAT,
    "ttl": _signed.TTL,
    "status_list": _signed.STATUS_LIST,
}


def _is_entry_bits(_: object, __: attrs.Attribute[int] | None, value: int) -> None:
    if type(value) is not int or value not in ENTRY_BITS:
        msg = "an entry has 1, 2, 4 or 8 bits"
        raise ValueError(msg)


def _is_packed(_: object, __: attrs.Attribute[bytes] | None, value: bytes) -> None:
    if type(value) is not bytes or not value:
        msg = "packed entries are at least one byte"
        raise ValueError(msg)


@attrs.frozen(kw_only=True, repr=False)
class StatusList:
    """The states of all entries of one list, at one time. How it is signed, and when, is `StatusToken`'s.

    A list does not say how many entries are in use: unused entries are 0, which is valid.

    Attributes:
        bits: of one entry.
        data: the packed entries, those of the lowest index in the least significant bits of the first byte.
    """

    bits: int = attrs.field(validator=_is_entry_bits)
    data: bytes = attrs.field(validator=_is_packed)

    @classmethod
    def from_values(cls, values: Mapping[int, int], /, *, size: int, bits: int = 2) -> Self:
        """A list of which only some entries are not 0.

        Args:
            values: index to value, of the entries that are not 0.
            size: how many entries there are; the last byte is filled up with entries that are 0.
            bits: of one entry.

        Raises:
            ValueError: for an index outside the list, a value that does not fit, an empty list or other bits.
        """
        _is_entry_bits(None, None, bits)
        if type(size) is not int or size < 1:
            msg = "a list has at least one entry"
            raise ValueError(msg)
        packed, limit = bytearray((size * bits + 7) >> 3), 1 << bits
        for index, value in values.items():
            if type(index) is not int or not 0 <= index < size or type(value) is not int or not 0 <= value < limit:
                msg = f"an entry is an index below {size} and a value below {limit}"
                raise ValueError(msg)
            place = index * bits
            packed[place >> 3] |= value << (place & 7)
        return cls(bits=bits, data=bytes(packed))

    @classmethod
    def from_packed(cls, data: bytes, /, *, bits: int) -> Self:
        """A list of entries that are packed already.

        Raises:
            ValueError: for no bytes, and for other bits than 1, 2, 4 and 8.
        """
        return cls(bits=bits, data=bytes(data))

    @classmethod
    def from_bytes(cls, cbor: bytes, /, *, max_list_bytes: int = DEFAULT_MAX_LIST_BYTES) -> Self:
        """The list in an encoded map ``{"bits": ..., "lst": ...}``, of any program.

        An ``aggregation_uri`` is checked to be text and not followed; other members have no meaning here.

        Args:
            cbor: the map, in any order and length form.
            max_list_bytes: the most bytes it may inflate to.

        Raises:
            StatusError: ``status-list-malformed``, ``status-list-too-large``.
        """
        max_bytes = wire_bytes(max_list_bytes)
        if len(cbor) > max_bytes:
            raise StatusError("status-list-too-large", "The list has more bytes than a list of its kind may have")
        try:
            members = _cbor.decode_general(cbor, max_bytes=max_bytes)
        except RejectedInputError as cause:
            raise StatusError("status-list-malformed", "The list is not well-formed CBOR") from cause
        return cls.from_members(members, max_list_bytes=max_list_bytes)

    @classmethod
    def from_members(
        cls,
        members: Any,  # noqa: ANN401  whatever was decoded
        /,
        *,
        max_list_bytes: int = DEFAULT_MAX_LIST_BYTES,
        max_entries: int | None = None,
    ) -> Self:
        """As `from_bytes`, of the decoded map."""
        if type(members) is not dict or not all(type(name) is str for name in members):
            raise StatusError("status-list-malformed", "The list is not a map with text for keys")
        bits, packed = members.get("bits"), members.get("lst")
        if type(bits) is not int or bits not in ENTRY_BITS:
            raise StatusError("status-list-malformed", "The list's entries have neither 1, 2, 4 nor 8 bits")
        if type(packed) is not bytes or type(members.get("aggregation_uri", "")) is not str:
            raise StatusError("status-list-malformed", "A member of the list is of the wrong type")
        most = max_list_bytes if max_entries is None else min(max_list_bytes, -(-max_entries * bits // 8))
        return cls(bits=bits, data=inflate(packed, most))

    def get(self, index: int, /) -> int:
        """The value of one entry.

        Raises:
            StatusError: ``status-unknown-reference`` for anything but an index of this list.
        """
        bits = self.bits
        if type(index) is not int or not 0 <= (place := index * bits) < len(self.data) << 3:
            raise StatusError("status-unknown-reference", "The list has no such entry")
        return (self.data[place >> 3] >> (place & 7)) & ((1 << bits) - 1)

    def state(self, index: int, /) -> StatusState:
        """The state of one entry.

        Raises:
            StatusError: ``status-unknown-reference`` as `get`; ``status-value-unknown`` for a value that certcore gives
                no meaning, which is not valid either.
        """
        value = self.get(index)
        if value not in STATES:
            raise StatusError("status-value-unknown", "The list gives the entry a value without a meaning", value=value)
        return STATES[value]

    def __len__(self) -> int:
        return len(self.data) * 8 // self.bits

    def to_members(self, *, aggregation_uri: str | None = None) -> dict[str, int | bytes | str]:
        """What `to_bytes` encodes."""
        members: dict[str, int | bytes | str] = {
            "bits": self.bits,
            "lst": zlib.compress(self.data, _COMPRESSION_LEVEL),
        }
        if aggregation_uri is not None:
            members["aggregation_uri"] = aggregation_uri
        return members

    def to_bytes(self, *, aggregation_uri: str | None = None) -> bytes:
        """The list as deterministic CBOR, compressed; the same bytes wherever zlib is the same."""
        return _cbor.encode(self.to_members(aggregation_uri=aggregation_uri))

    def __repr__(self) -> str:
        return f"StatusList(bits={self.bits}, {len(self)} entries)"


@attrs.frozen(kw_only=True)
class StatusToken:
    """A status list whose signature holds. Made by `open_token` and `open_jwt_token`; immutable, and pickles by value.

    Attributes:
        uri: where the list is.
        status_list: its entries.
        issued_at: as of when they stand so.
        expires_at: from when the list may no longer be taken for the present; None where it does not say.
        ttl: how long it may be kept before asking again; as stated, however long.
        key_id: whose key signed it.
        media_type: what ``data`` is.
        data: the signed bytes.
        proof: the document as the proof of what is read from it.
    """

    uri: str
    status_list: StatusList
    issued_at: datetime
    expires_at: datetime | None
    ttl: timedelta | None
    key_id: bytes
    media_type: str = STATUS_LIST_TYPE
    data: bytes = attrs.field(repr=False)
    proof: StatusProof = attrs.field(init=False, repr=False, eq=False)

    @proof.default
    def _proof(self) -> StatusProof:
        return StatusProof(data=self.data, media_type=self.media_type, key_id=self.key_id, signed_at=self.issued_at)


def issue_token(
    status_list: StatusList,
    /,
    *,
    uri: str,
    signer: Signer,
    issued_at: datetime,
    expires_at: datetime,
    ttl: timedelta | None = None,
) -> bytes:
    """The signed list, as CWT. Instants are written in whole seconds, their fractions left out.

    Args:
        status_list: the entries as they stand at ``issued_at``.
        uri: where the list is: what certificates, or the trust list's template, say.
        signer: whose key signs; its usage in the trust list must be ``status``.
        issued_at: when the list is made.
        expires_at: from when it may no longer be taken for the present.
        ttl: how long it may be kept before asking again, in whole seconds.

    Raises:
        IssuingError: ``signer-failed``.
        ValueError: for a URI or times that no list may state.
    """
    claims, _ = _signed.write_claims(uri=uri, issued_at=issued_at, expires_at=expires_at, ttl=ttl)
    claims[_signed.STATUS_LIST] = status_list.to_members()
    return _signed.sign_cwt(_cbor.encode(claims), media_type=STATUS_LIST_TYPE, signer=signer)


def open_token(
    data: bytes,
    /,
    *,
    uri: str,
    keys: Sequence[VerifyingKey],
    now: datetime | None,
    clock_skew: timedelta = CLOCK_SKEW,
    max_list_bytes: int = DEFAULT_MAX_LIST_BYTES,
    max_entries: int | None = None,
) -> StatusToken:
    """Open a Status List Token in CWT form, of any program, that one of the keys has signed.

    Claims may stand in any order and length form, and others beside them; times are whole seconds. That the list has an
    end is not required of others' lists.

    Args:
        data: the signed list.
        uri: the list that was asked for: the subject must be it, byte for byte.
        keys: the keys that may sign it.
        now: when it is used; None for archives and replay, where a list may have expired since: then no time is
            compared with the present.
        clock_skew: how far two right clocks may be apart.
        max_list_bytes: the most bytes the entries may inflate to.
        max_entries: the most entries of one list, as the trust list states them for its issuer; where that is fewer
            bytes, it counts.

    Raises:
        StatusError: ``status-list-too-large``, ``status-list-malformed``, ``status-list-signature``,
            ``status-list-type``, ``status-list-subject``, ``status-list-future``, ``status-list-expired``.
    """
    max_bytes = wire_bytes(max_list_bytes)
    payload, key_id = _signed.open_cwt(data, media_type=STATUS_LIST_TYPE, keys=keys, max_bytes=max_bytes)
    try:
        claims = _cbor.decode_general(payload, max_bytes=max_bytes)
    except RejectedInputError as cause:
        raise malformed("its claims are not well-formed CBOR") from cause
    if type(claims) is not dict or not all(type(claim) in (int, str) for claim in claims):
        raise malformed("it is not a map of claims")
    stated = _signed.read_claims(claims, uri=uri, now=now, clock_skew=clock_skew)
    return StatusToken(
        uri=uri,
        status_list=_entries(claims, max_list_bytes, max_entries),
        issued_at=stated.issued_at,
        expires_at=stated.expires_at,
        ttl=stated.ttl,
        key_id=key_id,
        data=data,
    )


def read_unverified_list(data: bytes, /, *, uri: str, max_list_bytes: int = DEFAULT_MAX_LIST_BYTES) -> StatusList:
    """The entries of a list in CWT form, unchecked: for a publisher that reads its own documents.

    Raises:
        StatusError: ``status-list-malformed``, ``status-list-subject`` or ``status-list-too-large``.
    """
    try:
        payload = _signed.unverified_payload(data, max_bytes=wire_bytes(max_list_bytes))
        claims = _cbor.decode_general(payload, max_bytes=len(payload))
    except RejectedInputError as cause:
        raise malformed("its claims are not well-formed CBOR") from cause
    if type(claims) is not dict:
        raise malformed("it is not a map of claims")
    _signed.read_claims(claims, uri=uri, now=None, clock_skew=CLOCK_SKEW)
    return _entries(claims, max_list_bytes)


def open_jwt_token(
    text: str | bytes,
    /,
    *,
    uri: str,
    keys: Sequence[VerifyingKey],
    now: datetime | None,
    clock_skew: timedelta = CLOCK_SKEW,
    max_list_bytes: int = DEFAULT_MAX_LIST_BYTES,
    max_entries: int | None = None,
) -> StatusToken:
    """Open a Status List Token in JWT form, of any program, that one of the keys has signed.

    The algorithm is the key's, by its JOSE name; never ``none`` and never a MAC. Keys that come with the token are not
    looked at. Arguments and errors as for `open_token`.
    """
    max_bytes = 2 * wire_bytes(max_list_bytes)  # base64 of base64 takes 16 characters for 9 bytes
    members, key_id = _signed.open_jws(text, typ=STATUS_LIST_JWT_TYPE, keys=keys, max_bytes=max_bytes)
    claims = {claim: members[name] for name, claim in _JWT_CLAIMS.items() if name in members}
    stated = _signed.read_claims(claims, uri=uri, now=now, clock_skew=clock_skew)
    entries = claims.get(_signed.STATUS_LIST)
    if type(entries) is dict:
        claims[_signed.STATUS_LIST] = {**entries, "lst": _signed.from_base64url(entries.get("lst"))}
    return StatusToken(
        uri=uri,
        status_list=_entries(claims, max_list_bytes, max_entries),
        issued_at=stated.issued_at,
        expires_at=stated.expires_at,
        ttl=stated.ttl,
        key_id=key_id,
        media_type=STATUS_LIST_JWT_MEDIA_TYPE,
        data=text.encode("ascii") if isinstance(text, str) else bytes(text),
    )


def status_record(
    index: int, /, *, tokens: Sequence[StatusToken] = (), events: StatusEvents | Sequence[StatusEvents] | None = None
) -> StatusRecord:
    """The facts about one entry, from documents of one list.

    Every list that is long enough to have the entry says how it stood at the list's time of issue; lists may grow, so
    one that is too short says nothing. Where none has it, and no event is about it, nothing is known of it. Different
    lists of one time of issue contradict each other: where they agree about the entry neither counts, and where they do
    not, the record has what both say. The record speaks as of the youngest events document, because up to that the
    events are complete, and only without any as of the youngest list. Events of older documents count as well.

    Args:
        index: the entry.
        tokens: lists of different times.
        events: the events document beside them, or those of different times.

    Raises:
        StatusError: ``status-unknown-reference`` for no index at all, or one that no document knows;
            ``status-value-unknown`` where a list gives the entry a value without a meaning; ``status-list-conflict``
            where nothing is left but lists that contradict each other.
        ValueError: for no documents, and for documents of different lists.
    """
    stated = [] if events is None else [events] if isinstance(events, StatusEvents) else list(events)
    stated.sort(key=lambda document: document.issued_at, reverse=True)
    documents: list[StatusToken | StatusEvents] = [*tokens, *stated]
    if len({document.uri for document in documents}) != 1:
        msg = "an entry is read from at least one document, and all are of one list"
        raise ValueError(msg)
    if type(index) is not int or index < 0:
        raise StatusError("status-unknown-reference", "An entry's index is a whole number from 0")
    observations, is_contradicted = _observations(index, tokens)
    happened = tuple(dict.fromkeys([event for document in stated for event in document.events.get(index, ())]))
    if not observations and not happened:
        if is_contradicted:
            raise StatusError("status-list-conflict", "Different lists state the same time of issue")
        raise StatusError("status-unknown-reference", "No document has such an entry")
    if observations and len(stated) > 1:
        observations += words_of_older(index, stated)
    return StatusRecord(
        events=happened,
        observations=observations,
        observed_at=stated[0].issued_at if stated else max(token.issued_at for token in tokens),
        history_from=complete_from(stated),
        expires_at=stated[0].expires_at if stated else None,
        proofs=[document.proof for document in documents],
    )


def _observations(index: int, tokens: Sequence[StatusToken]) -> tuple[list[StatusObservation], bool]:
    """What the lists say of the entry, and whether any say nothing because they contradict each other."""
    found = [(token, token.status_list.state(index)) for token in tokens if index < len(token.status_list)]
    void = _void_times(found) if len(found) > 1 else ()
    observations = [
        StatusObservation(state=state, at=token.issued_at, expires_at=token.expires_at)
        for token, state in found
        if token.issued_at not in void
    ]
    return observations, bool(void)


def _void_times(found: Iterable[tuple[StatusToken, StatusState]]) -> set[datetime]:
    """The times of issue at which different lists agree about an entry: neither of them counts."""
    by_time: dict[datetime, tuple[set[object], set[StatusState]]] = {}
    for token, state in found:
        said, states = by_time.setdefault(token.issued_at, (set(), set()))
        said.add(_said(token))
        states.add(state)
    return {at for at, (said, states) in by_time.items() if len(said) > 1 and len(states) == 1}


def _said(token: StatusToken) -> tuple[object, ...]:
    """Everything that a list says: two of one time of issue that differ in any of it contradict each other."""
    return token.status_list.bits, token.status_list.data, token.expires_at, token.ttl


def _entries(claims: dict[Any, Any], max_list_bytes: int, max_entries: int | None = None) -> StatusList:
    return StatusList.from_members(
        claims.get(_signed.STATUS_LIST), max_list_bytes=max_list_bytes, max_entries=max_entries
    )
