"""Who may sign what, and when: `TrustRoot`, which the user holds, and `TrustList`, which it signs.

A trust list names issuers; each issuer has keys, and each key has one usage, the authorities it may sign for and a
window of time. The list is a COSE_Sign: enough members of the root set *already trusted* must have signed exactly the
bytes received. Rules, in order:

1. the signatures, before anything in the list is believed;
2. the content: whole, sound, no public key twice, no more than four keys under one key id;
3. against the list held before: not older, not another one of the same version, no issuer moved to another country or
   time zone.

How old a list may be is not judged here but in each verdict, or a verifier that lives long would never notice. Retired
keys stay in the list with their windows: evidence that is ten years old stands on them. Windows, usages and authorities
are applied by the engine.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from enum import Enum
from types import MappingProxyType
from typing import Any, Final, Self

import attrs

from certcore import _cbor, cose
from certcore._instants import LAST_SECOND, utc_second
from certcore.errors import RejectedInputError, UntrustedError
from certcore.issuers import KeyUsage, ListTemplate, TrustedIssuer, TrustedKey
from certcore.keys import PublicKey, Signer, key_tuple

__all__ = [
    "Environment",
    "Grant",
    "KeyUsage",
    "ListTemplate",
    "TrustList",
    "TrustListContents",
    "TrustRoot",
    "TrustedIssuer",
    "TrustedKey",
    "read_unverified",
]

MEDIA_TYPE: Final = "application/vnd.certcore.trust+cbor"

MAX_TRUST_LIST_BYTES: Final = cose.MAX_SIGN_BYTES

MAX_KEYS_PER_ID: Final = 4
"""Keys under one key id: each one is a signature check on somebody else's certificate."""

DEFAULT_LIVE_MAXIMUM: Final = timedelta(minutes=15)


class Environment(Enum):
    """Whether a list is for real certificates or for trying things out."""

    PRODUCTION = "production"
    TEST = "test"


_ENVIRONMENTS: Final = dict(enumerate(Environment, start=1))
_USAGES: Final = dict(enumerate(KeyUsage, start=1))


def _issuers(value: Iterable[TrustedIssuer]) -> tuple[TrustedIssuer, ...]:
    return tuple(value)


@attrs.frozen(kw_only=True)
class TrustRoot:
    """The keys a user trusts from the start, and how many of them must have signed a trust list.

    Attributes:
        keys: the members, each one key; the same key under two ids counts once.
        threshold: how many of them must sign.
    """

    keys: tuple[PublicKey, ...] = attrs.field(converter=key_tuple)
    threshold: int = 1

    def __attrs_post_init__(self) -> None:
        members = {key.thumbprint for key in self.keys}
        if not 1 <= self.threshold <= len(members):
            msg = f"a threshold of {self.threshold} cannot be met by {len(members)} different keys"
            raise ValueError(msg)


@attrs.frozen
class Grant:
    """One key of one issuer: what a key id in a certificate may lead to."""

    issuer: TrustedIssuer
    key: TrustedKey


@attrs.frozen(kw_only=True)
class TrustListContents:
    """What a trust list says, before it is signed.

    Attributes:
        version: counts up by at least one with every list.
        issued_at: when it was made.
        next_update_at: by when there will be another.
        environment: real certificates, or trying out.
        live_maximum: the longest a live presentation may last.
        issuers: who is trusted.
    """

    version: int
    issued_at: datetime = attrs.field(converter=utc_second)
    next_update_at: datetime = attrs.field(converter=utc_second)
    issuers: tuple[TrustedIssuer, ...] = attrs.field(converter=_issuers)
    environment: Environment = Environment.PRODUCTION
    live_maximum: timedelta = DEFAULT_LIVE_MAXIMUM

    def __attrs_post_init__(self) -> None:
        if type(self.version) is not int or not 1 <= self.version < 1 << 32:
            msg = "a version is a whole number from 1"
            raise ValueError(msg)
        if self.next_update_at <= self.issued_at:
            msg = "the next update comes after the issue"
            raise ValueError(msg)
        if not timedelta(seconds=1) <= self.live_maximum <= timedelta(days=1):
            msg = "live presentations last from a second to a day"
            raise ValueError(msg)
        _refuse_repeated([issuer.id for issuer in self.issuers], "an issuer id")
        _refuse_repeated([key.public_key.thumbprint for issuer in self.issuers for key in issuer.keys], "a public key")
        for grants in _by_key_id(self.issuers).values():
            if len(grants) > MAX_KEYS_PER_ID:
                msg = f"more than {MAX_KEYS_PER_ID} keys have one key id"
                raise ValueError(msg)

    def sign(self, *signers: Signer) -> bytes:
        """The list as a COSE_Sign with one signature of each signer; `cose.add_signature` adds more later.

        Raises:
            IssuingError: ``signer-failed``.
            ValueError: for no signer, or more than 16.
        """
        return cose.sign(_cbor.encode(_write(_LIST, self)), signers=signers, content_type=MEDIA_TYPE)


@attrs.frozen(repr=False)
class TrustList:
    """A trust list whose signatures hold. Made by `open`; immutable, and pickles by value.

    Attributes:
        contents: what it says.
    """

    contents: TrustListContents
    _data: bytes
    _grants: Mapping[bytes, tuple[Grant, ...]] = attrs.field(init=False, eq=False)

    @_grants.default
    def _index(self) -> Mapping[bytes, tuple[Grant, ...]]:
        return MappingProxyType({key_id: tuple(grants) for key_id, grants in _by_key_id(self.contents.issuers).items()})

    @classmethod
    def open(
        cls, data: bytes, /, *, root: TrustRoot, previous: TrustList | None = None, now: datetime | None = None
    ) -> Self:
        """The list in these bytes, once enough members of the root have signed them.

        Args:
            data: the signed list.
            root: whom the caller trusts.
            previous: the list held until now, which this one is to replace.
            now: given when a list is installed, so that one past its next update is refused; left out when an old one
                is looked at.

        Raises:
            RejectedInputError: ``trust-list-malformed``.
            UntrustedError: ``trust-list-threshold``, ``trust-list-rollback``, ``trust-list-conflict``,
                ``trust-list-issuer-changed`` or ``trust-list-expired``.
        """
        message = _read_envelope(data)
        signed_by = message.signed_by(root.keys)
        if len(signed_by) < root.threshold:
            raise UntrustedError(
                "trust-list-threshold",
                "Too few members of the trust root have signed the list",
                signed=len(signed_by),
                needed=root.threshold,
            )
        trust = cls(_read_contents(message.payload), data)
        if previous is not None:
            trust._check_succeeds(previous)
        if now is not None and now > trust.next_update_at:
            raise UntrustedError("trust-list-expired", "The trust list is past its next update; fetch the current one")
        return trust

    def _check_succeeds(self, previous: TrustList) -> None:
        if self.version < previous.version:
            raise UntrustedError(
                "trust-list-rollback",
                "The trust list is older than the one held",
                version=self.version,
                held=previous.version,
            )
        if self.version == previous.version and self._data != previous._data:
            raise UntrustedError(
                "trust-list-conflict", "There are two different trust lists of one version", version=self.version
            )
        for issuer in self.issuers:
            held = previous.issuer(issuer.id)
            if held is not None and (held.country, held.time_zone) != (issuer.country, issuer.time_zone):
                raise UntrustedError(
                    "trust-list-issuer-changed", "The trust list moves an issuer to another country or time zone"
                )

    @property
    def version(self) -> int:
        """Counts up with every list."""
        return self.contents.version

    @property
    def issued_at(self) -> datetime:
        """When it was made."""
        return self.contents.issued_at

    @property
    def next_update_at(self) -> datetime:
        """By when there will be another."""
        return self.contents.next_update_at

    @property
    def environment(self) -> str:
        """``production`` or ``test``."""
        return self.contents.environment.value

    @property
    def live_maximum(self) -> timedelta:
        """The longest a live presentation may last."""
        return self.contents.live_maximum

    @property
    def issuers(self) -> tuple[TrustedIssuer, ...]:
        """Who is trusted."""
        return self.contents.issuers

    def issuer(self, issuer_id: str, /) -> TrustedIssuer | None:
        """The issuer with this id."""
        return next((issuer for issuer in self.issuers if issuer.id == issuer_id), None)

    def grants(self, key_id: bytes, /) -> tuple[Grant, ...]:
        """Every key that a message with this key id may be checked with, whatever its usage; at most four."""
        return self._grants.get(key_id, ())

    def to_bytes(self) -> bytes:
        """The signed list, exactly as it was opened."""
        return self._data

    def __reduce__(self) -> tuple[type[TrustList], tuple[TrustListContents, bytes]]:
        return TrustList, (self.contents, self._data)

    def __repr__(self) -> str:
        ids = ", ".join(issuer.id for issuer in self.issuers)
        return f"TrustList(version={self.version}, environment={self.environment}, issuers=[{ids}])"


# --- on the wire
# ------------------------------------------------------------------------------------------------------------------


@attrs.frozen
class _Field:
    """One key of a map in the trust list: the attribute, and how it is written and read; both raise ValueError."""

    key: int
    name: str
    to_wire: Callable[[Any], object]
    from_wire: Callable[[Any], object]


def _typed(kind: type) -> Callable[[Any], Any]:
    def check(value: object) -> object:
        if type(value) is not kind:
            msg = f"a {kind.__name__} is expected"
            raise ValueError(msg)
        return value

    return check


def _array(item: Callable[[Any], Any]) -> Callable[[Any], Any]:
    def convert(value: Any) -> list[Any]:  # noqa: ANN401  what the wire or the attribute holds
        if not isinstance(value, (list, tuple)):
            msg = "an array is expected"
            raise ValueError(msg)  # noqa: TRY004  as above
        return [item(element) for element in value]

    return convert


def _from_seconds(value: object) -> datetime:
    if type(value) is not int or not 0 <= value < LAST_SECOND:
        msg = "an instant is seconds since 1970"
        raise ValueError(msg)
    return datetime.fromtimestamp(value, UTC)


def _to_seconds(value: datetime) -> int:
    return int(value.timestamp())


def _member(members: Mapping[int, Enum]) -> tuple[Callable[[Any], object], Callable[[Any], object]]:
    codes = {member: code for code, member in members.items()}

    def from_wire(value: object) -> Enum:
        if type(value) is not int or value not in members:
            msg = "a code is unknown"
            raise ValueError(msg)
        return members[value]

    return codes.__getitem__, from_wire


def _plain(kind: type) -> tuple[Callable[[Any], Any], Callable[[Any], Any]]:
    return _typed(kind), _typed(kind)


def _template_from_wire(value: object) -> ListTemplate:
    match value:
        case [str() as uri, start, end]:
            return ListTemplate(
                uri=uri, not_before=_from_seconds(start), not_after=None if end is None else _from_seconds(end)
            )
        case _:
            msg = "a list template is [URI, from, until]"
            raise ValueError(msg)


def _template_to_wire(value: ListTemplate) -> list[object]:
    return [value.uri, _to_seconds(value.not_before), None if value.not_after is None else _to_seconds(value.not_after)]


_INSTANT: Final = (_to_seconds, _from_seconds)
_KEY: Final = (
    _Field(1, "public_key", PublicKey.to_cose_key, lambda wire: PublicKey.from_cose_key(_typed(bytes)(wire))),
    _Field(2, "key_ids", *(_array(_typed(bytes)),) * 2),
    _Field(3, "usage", *_member(_USAGES)),
    _Field(4, "authorities", *(_array(_typed(str)),) * 2),
    _Field(5, "not_before", *_INSTANT),
    _Field(6, "not_after", *_INSTANT),
    _Field(7, "compromised_since", *_INSTANT),
    _Field(8, "compromise", *_plain(str)),
)
_ISSUER: Final = (
    _Field(1, "id", *_plain(str)),
    _Field(2, "name", *_plain(str)),
    _Field(3, "country", *_plain(str)),
    _Field(4, "time_zone", *_plain(str)),
    _Field(5, "query_endpoint", *_plain(str)),
    _Field(6, "list_templates", _array(_template_to_wire), _array(_template_from_wire)),
    _Field(7, "uri_prefixes", *(_array(_typed(str)),) * 2),
    _Field(8, "max_entries", *_plain(int)),
    _Field(9, "suspends", *_plain(bool)),
    _Field(10, "retroactive", *_plain(bool)),
    _Field(11, "keys", _array(lambda key: _write(_KEY, key)), _array(lambda wire: _read(_KEY, TrustedKey, wire))),
)
_LIST: Final = (
    _Field(1, "version", *_plain(int)),
    _Field(2, "issued_at", *_INSTANT),
    _Field(3, "next_update_at", *_INSTANT),
    _Field(4, "environment", *_member(_ENVIRONMENTS)),
    _Field(
        5, "live_maximum", lambda value: int(value.total_seconds()), lambda value: timedelta(seconds=_typed(int)(value))
    ),
    _Field(
        6,
        "issuers",
        _array(lambda issuer: _write(_ISSUER, issuer)),
        _array(lambda wire: _read(_ISSUER, TrustedIssuer, wire)),
    ),
)


def _write(fields: Sequence[_Field], value: object) -> dict[int, object]:
    """An object as a map; what is None is left out."""
    present = ((field, getattr(value, field.name)) for field in fields)
    return {field.key: field.to_wire(attribute) for field, attribute in present if attribute is not None}


def _read(fields: Sequence[_Field], kind: Callable[..., Any], wire: object) -> Any:  # noqa: ANN401  an instance of kind
    """An object from a map. Unknown positive keys are left to newer readers; an unknown negative one is critical."""
    if type(wire) is not dict:
        msg = "a map is expected"
        raise ValueError(msg)
    if any(key < 0 for key in wire):
        raise RejectedInputError("too-new", "The trust list has a critical field that this version does not know")
    values = {field.name: field.from_wire(wire[field.key]) for field in fields if field.key in wire}
    try:
        return kind(**values)
    except TypeError as cause:
        msg = f"{getattr(kind, '__name__', 'an entry')} lacks a field"
        raise ValueError(msg) from cause


def read_unverified(data: bytes, /) -> TrustListContents:
    """What a list says, whoever made it: to be shown to a person, never to be trusted. `TrustList.open` checks.

    Raises:
        RejectedInputError: ``trust-list-malformed`` or ``too-new``.
    """
    return _read_contents(_read_envelope(data).payload)


def _read_envelope(data: bytes) -> cose.UnverifiedSign:
    try:
        message = cose.read_sign(data)
    except RejectedInputError as cause:
        raise RejectedInputError("trust-list-malformed", "The trust list cannot be read") from cause
    if message.content_type != MEDIA_TYPE:
        raise RejectedInputError("trust-list-malformed", "The signed document is not a trust list")
    return message


def _read_contents(payload: bytes) -> TrustListContents:
    try:
        contents: TrustListContents = _read(
            _LIST, TrustListContents, _cbor.decode(payload, max_bytes=MAX_TRUST_LIST_BYTES)
        )
    except RejectedInputError as cause:
        if cause.code == "too-new":
            raise
        raise RejectedInputError("trust-list-malformed", "The trust list's content cannot be read") from cause
    except (ValueError, UntrustedError, OverflowError) as cause:
        raise RejectedInputError("trust-list-malformed", f"The trust list's content does not hold: {cause}") from cause
    return contents


def _by_key_id(issuers: Iterable[TrustedIssuer]) -> dict[bytes, list[Grant]]:
    grants: dict[bytes, list[Grant]] = {}
    for issuer in issuers:
        for key in issuer.keys:
            for key_id in key.key_ids:
                grants.setdefault(key_id, []).append(Grant(issuer, key))
    return grants


def _refuse_repeated(values: Sequence[object], what: str) -> None:
    if len(set(values)) != len(values):
        msg = f"{what} appears twice in the list"
        raise ValueError(msg)
