"""Who may sign what, and when: `TrustList`, which the members of a `TrustRoot` (`certcore.trust.roots`) sign.

A trust list names issuers; each issuer has keys, and each key has one usage, the authorities it may sign for and a
window of time. The list is a COSE_Sign: enough members of the root set *already trusted* must have signed exactly the
bytes received. Rules, in order:

1. the signatures, before anything in the list is believed;
2. the content: whole, sound, no public key twice, no more than four keys under one key id;
3. against the root's window: not issued after the root set that signed it had ended;
4. against the list held before: not older, not another one of the same version, no issuer moved to another country or
   time zone, no compromise of a key taken back, the same environment;
5. against the environment that it is opened for: production, unless the caller says otherwise;
6. against the clock, where a list is installed: not from the future, not past its next update, nor its root set.

Versions count within a root set: a list of the current set, issued since that set began, follows any list of the sets
before. So if a list with the largest version was signed by mistake, a rotation of the root helps.

The age of a list is judged in each verdict, not here, because a verifier may run for a long time. Retired keys stay in
the list with their windows: ten-year-old evidence is reassessed with them. A list that leaves one out is accepted, and
its signatures no longer count: if it were refused, one mistake would keep every reader on an old list. A *compromised*
key must stay, or it could come back later as a good key. The engine applies windows, usages and authorities.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import Final, Self

import attrs

from certcore import _cbor, _maps, cose
from certcore._instants import CLOCK_SKEW, utc, utc_second
from certcore.errors import IssuingError, RejectedInputError, UntrustedError
from certcore.keys import PublicKey, Signer
from certcore.keys._trusted import KeyUsage, TrustedKey
from certcore.trust.issuers import ListTemplate, TrustedIssuer
from certcore.trust.roots import Environment, TrustRoot

MEDIA_TYPE: Final = "application/vnd.certcore.trust+cbor"

MAX_TRUST_LIST_BYTES: Final = cose.MAX_SIGN_BYTES
MAX_TRUST_LIST_ITEMS: Final = 300_000
"""CBOR items of a trust list: some 10 000 keys."""

MAX_KEYS_PER_ID: Final = 4
"""Keys under one key id: each one costs a signature check."""

DEFAULT_LIVE_MAXIMUM: Final = timedelta(minutes=15)


# The numbers of docs/reference/trust-list.md, which no change to the enumerations may move
_ENVIRONMENTS: Final = {1: Environment.PRODUCTION, 2: Environment.TEST}
_USAGES: Final = {1: KeyUsage.CERTIFICATE, 2: KeyUsage.LIVE, 3: KeyUsage.STATUS, 4: KeyUsage.REGISTER}


def _issuers(value: Iterable[TrustedIssuer]) -> tuple[TrustedIssuer, ...]:
    return tuple(value)


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
    environment: Environment = attrs.field(default=Environment.PRODUCTION, converter=Environment)
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
            IssuingError: ``signer-failed``; ``document-too-large`` for more than readers take.
            ValueError: for no signer, or more than 16.
        """
        payload = _cbor.encode(_maps.write(_LIST, self))
        signed = cose.sign(payload, signers=signers, content_type=MEDIA_TYPE)
        if len(signed) > MAX_TRUST_LIST_BYTES or not _cbor.fits(
            payload, max_bytes=MAX_TRUST_LIST_BYTES, max_items=MAX_TRUST_LIST_ITEMS
        ):
            raise IssuingError("document-too-large", "The trust list holds more than readers take")
        return signed

    def lost_keys(self, held: TrustListContents, /) -> tuple[TrustedKey, ...]:
        """The keys of another list that are not in this one: what they signed can be reassessed with that one alone."""
        kept = _by_thumbprint(self)
        return tuple(key for thumbprint, key in _by_thumbprint(held).items() if thumbprint not in kept)

    def withdrawn_compromises(self, held: TrustListContents, /) -> tuple[TrustedKey, ...]:
        """The compromised keys of another list that this one has as sound, as compromised later, or not at all."""
        kept = _by_thumbprint(self)
        found = []
        for thumbprint, key in _by_thumbprint(held).items():
            if key.compromised_since is not None:
                now = kept.get(thumbprint)
                if now is None or now.compromised_since is None or now.compromised_since > key.compromised_since:
                    found.append(key)
        return tuple(found)


@attrs.frozen(repr=False)
class TrustList:
    """A trust list whose signatures hold. Made by `open` or `open_archived`; immutable, and pickles by value.

    Equal lists are the same bytes, whichever root opened them.

    Attributes:
        contents: what it says.
        root_chain: the root set documents that led to those who signed it, as the root held them: evidence keeps them.
    """

    contents: TrustListContents
    _data: bytes
    root_chain: tuple[bytes, ...] = attrs.field(default=(), eq=False)
    _grants: Mapping[bytes, tuple[Grant, ...]] = attrs.field(init=False, eq=False)

    @_grants.default
    def _index(self) -> Mapping[bytes, tuple[Grant, ...]]:
        return MappingProxyType({key_id: tuple(grants) for key_id, grants in _by_key_id(self.contents.issuers).items()})

    @classmethod
    def open(
        cls,
        data: bytes,
        /,
        *,
        root: TrustRoot,
        previous: TrustList | None = None,
        now: datetime | None = None,
        environment: Environment | None = None,
    ) -> Self:
        """The list in these bytes, once enough members of the root have signed them.

        Args:
            data: the signed list.
            root: whom the caller trusts.
            previous: the list held until now, which this one is to replace.
            now: given when a list is installed, so that one past its next update is refused, and a production list from
                the future, which only a clock that was set back can show; left out when an old one is looked at.
            environment: what the list must be for; unless given, what the root is for: production, as a rule.

        Raises:
            RejectedInputError: ``trust-list-malformed``.
            UntrustedError: ``trust-list-threshold``, ``trust-list-environment``, ``root-expired``,
                ``trust-list-rollback``, ``trust-list-conflict``, ``trust-list-issuer-changed``,
                ``trust-list-compromise-withdrawn``, ``trust-list-future`` or ``trust-list-expired``.
        """
        message = _read_envelope(data)
        signed = root.current.signed_by(message)  # 1
        if signed < root.threshold:
            raise _too_few(signed, root)
        trust = cls(_read_contents(message.payload), data, root.chain)  # 2
        trust._check_root_window(root)  # 3
        if previous is not None:
            trust._check_succeeds(previous, root)  # 4
        trust.require_environment(root.environments if environment is None else (Environment(environment),))  # 5
        if now is not None:
            trust._check_is_current(root, utc(now))  # 6
        return trust

    @classmethod
    def open_archived(cls, data: bytes, /, *, root: TrustRoot, chain: Iterable[bytes] = ()) -> Self:
        """Open a list that was kept with old evidence, under the members that the root had at its time.

        Enough members must have signed it: of the root's current set; or of a retired one, if the list states to have
        been issued within that set's window. ``chain`` brings in root sets that the caller's root has not seen yet;
        they count only where they lead on from it.

        That the list was there at the time it states is *not* proved. Who steals the keys of a retired set can sign a
        list and date it back; what stands against that is a seal or a time-stamp on the evidence. Never install a list
        with this: it knows neither a held list nor a clock.

        Args:
            data: the signed list.
            root: whom the caller trusts; one that starts early enough: who trusts a set knows nothing of earlier ones.
            chain: root set documents kept beside the list, oldest first.

        Raises:
            RejectedInputError: ``trust-list-malformed``, ``root-malformed``, ``too-new``.
            UntrustedError: ``trust-list-threshold``; ``trust-list-environment`` when it is for another environment than
                the root; ``trust-list-root-retired`` when a retired set signed it outside its window;
                ``root-expired``; ``root-gap``, ``root-conflict``, ``root-threshold`` or ``root-rollback`` for the
                chain.
        """
        message = _read_envelope(data)
        known = root.extended(chain)
        signed = known.current.signed_by(message)
        signers = [one for one in known.retired if one.signed_by(message) >= one.threshold]
        if signed < known.threshold and not signers:
            raise _too_few(signed, known)
        trust = cls(_read_contents(message.payload), data, known.chain)
        trust.require_environment(root.environments)
        if signed >= known.threshold:
            trust._check_root_window(known)
        elif not any(one.covers(trust.issued_at) for one in signers):
            raise UntrustedError(
                "trust-list-root-retired",
                "The root set that signed the list was not the one in force when the list says it was issued",
                root_version=signers[-1].version,
            )
        return trust

    def require_environment(self, expected: Iterable[Environment], /) -> None:
        """Return when the list is for one of these.

        Raises:
            UntrustedError: ``trust-list-environment``.
        """
        if self.contents.environment not in expected:
            raise UntrustedError(
                "trust-list-environment",
                "The trust list is for another environment than the one it is opened for",
                environment=self.environment,
            )

    def _check_root_window(self, root: TrustRoot) -> None:
        end = root.current.valid_until
        if end is not None and self.issued_at > end:
            raise UntrustedError("root-expired", "The list was issued after the root set that signed it had ended")

    def _check_is_current(self, root: TrustRoot, now: datetime) -> None:
        is_real = self.contents.environment is Environment.PRODUCTION  # lists for tests may be dated at will
        if is_real and now < self.issued_at - CLOCK_SKEW:
            raise UntrustedError("trust-list-future", "The trust list was issued later than now; look at the clock")
        if now > self.next_update_at:
            raise UntrustedError("trust-list-expired", "The trust list is past its next update; fetch the current one")
        if root.current.valid_until is not None and now > root.current.valid_until:
            raise UntrustedError("root-expired", "The root set has ended; fetch the one that follows it")

    def _check_succeeds(self, previous: TrustList, root: TrustRoot) -> None:
        self._check_version(previous, root)
        for issuer in self.issuers:
            held = previous.issuer(issuer.id)
            if held is not None and (held.country, held.time_zone) != (issuer.country, issuer.time_zone):
                raise UntrustedError(
                    "trust-list-issuer-changed", "The trust list moves an issuer to another country or time zone"
                )
        withdrawn = self.contents.withdrawn_compromises(previous.contents)
        if withdrawn:
            raise UntrustedError(
                "trust-list-compromise-withdrawn",
                "The trust list takes back that a key was compromised, or from when",
                keys=len(withdrawn),
            )
        self.require_environment([previous.contents.environment])

    def _check_version(self, previous: TrustList, root: TrustRoot) -> None:
        is_of_this_set, was_of_this_set = self._is_of_current_set(root), previous._is_of_current_set(root)
        if is_of_this_set and not was_of_this_set:
            return
        if self.version < previous.version or (was_of_this_set and not is_of_this_set):
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

    def _is_of_current_set(self, root: TrustRoot) -> bool:
        """Whether the root's current set signed the list, and not before its time came."""
        current = root.current
        return self.issued_at >= current.valid_from and current.has_signed(_read_envelope(self._data))

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
        try:
            return self._grants[key_id]  # a proxy's `get` takes three times as long
        except KeyError:
            return ()

    def to_bytes(self) -> bytes:
        """The signed list, exactly as it was opened."""
        return self._data

    def __reduce__(self) -> tuple[type[TrustList], tuple[TrustListContents, bytes, tuple[bytes, ...]]]:
        return TrustList, (self.contents, self._data, self.root_chain)

    def __repr__(self) -> str:
        ids = ", ".join(issuer.id for issuer in self.issuers)
        return f"TrustList(version={self.version}, environment={self.environment}, issuers=[{ids}])"


# --- on the wire
# ------------------------------------------------------------------------------------------------------------------


def _template_from_wire(value: object) -> ListTemplate:
    match value:
        case [str() as uri, start, end]:
            return ListTemplate(
                uri=uri,
                not_before=_maps.from_seconds(start),
                not_after=None if end is None else _maps.from_seconds(end),
            )
        case _:
            msg = "a list template is [URI, from, until]"
            raise ValueError(msg)


def _template_to_wire(value: ListTemplate) -> list[object]:
    return [
        value.uri,
        _maps.to_seconds(value.not_before),
        None if value.not_after is None else _maps.to_seconds(value.not_after),
    ]


_KEY: Final = (
    _maps.Field(1, "public_key", PublicKey.to_cose_key, lambda wire: PublicKey.from_cose_key(_maps.typed(bytes)(wire))),
    _maps.Field(2, "key_ids", *(_maps.array(_maps.typed(bytes)),) * 2),
    _maps.Field(3, "usage", *_maps.member(_USAGES)),
    _maps.Field(4, "authorities", *(_maps.array(_maps.typed(str)),) * 2),
    _maps.Field(5, "not_before", *_maps.INSTANT),
    _maps.Field(6, "not_after", *_maps.INSTANT),
    _maps.Field(7, "compromised_since", *_maps.INSTANT),
    _maps.Field(8, "compromise", *_maps.plain(str)),
)
_ISSUER: Final = (
    _maps.Field(1, "id", *_maps.plain(str)),
    _maps.Field(2, "name", *_maps.plain(str)),
    _maps.Field(3, "country", *_maps.plain(str)),
    _maps.Field(4, "time_zone", *_maps.plain(str)),
    _maps.Field(5, "query_endpoint", *_maps.plain(str)),
    _maps.Field(6, "list_templates", _maps.array(_template_to_wire), _maps.array(_template_from_wire)),
    _maps.Field(7, "uri_prefixes", *(_maps.array(_maps.typed(str)),) * 2),
    _maps.Field(8, "max_entries", *_maps.plain(int)),
    _maps.Field(9, "suspends", *_maps.plain(bool)),
    _maps.Field(10, "retroactive", *_maps.plain(bool)),
    _maps.Field(12, "countries", lambda value: list(value) or None, _maps.array(_maps.typed(str))),
    _maps.Field(
        11,
        "keys",
        _maps.array(lambda key: _maps.write(_KEY, key)),
        _maps.array(lambda wire: _maps.read(_KEY, TrustedKey, wire)),
    ),
)
_LIST: Final = (
    _maps.Field(1, "version", *_maps.plain(int)),
    _maps.Field(2, "issued_at", *_maps.INSTANT),
    _maps.Field(3, "next_update_at", *_maps.INSTANT),
    _maps.Field(4, "environment", *_maps.member(_ENVIRONMENTS)),
    _maps.Field(
        5,
        "live_maximum",
        lambda value: int(value.total_seconds()),
        lambda value: timedelta(seconds=_maps.typed(int)(value)),
    ),
    _maps.Field(
        6,
        "issuers",
        _maps.array(lambda issuer: _maps.write(_ISSUER, issuer)),
        _maps.array(lambda wire: _maps.read(_ISSUER, TrustedIssuer, wire)),
    ),
)


def read_unverified(data: bytes, /) -> TrustListContents:
    """The content of a list, unchecked: show it to a person, but do not trust it. `TrustList.open` checks.

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
        contents: TrustListContents = _maps.read(
            _LIST,
            TrustListContents,
            _cbor.decode(payload, max_bytes=MAX_TRUST_LIST_BYTES, max_items=MAX_TRUST_LIST_ITEMS),
        )
    except RejectedInputError as cause:
        if cause.code == "too-new":
            raise
        raise RejectedInputError("trust-list-malformed", "The trust list's content cannot be read") from cause
    except (ValueError, UntrustedError, OverflowError) as cause:
        raise RejectedInputError("trust-list-malformed", f"The trust list's content does not hold: {cause}") from cause
    return contents


def _too_few(signed: int, root: TrustRoot) -> UntrustedError:
    return UntrustedError(
        "trust-list-threshold",
        "Too few members of the trust root have signed the list",
        signed=signed,
        needed=root.threshold,
    )


def _by_thumbprint(contents: TrustListContents) -> dict[bytes, TrustedKey]:
    return {key.public_key.thumbprint: key for issuer in contents.issuers for key in issuer.keys}


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
