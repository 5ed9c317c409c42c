"""The root of trust: `TrustRoot`, which the user holds, and its successive root sets.

A root set has members, each with one key or several, and says how many members must have signed. Members sign trust
lists, and they sign who comes after them: a root set is a COSE_Sign document of its own, and version v + 1 counts once
enough members of v *and* enough of v + 1 have signed it. A member counts when every one of its keys has signed. Members
are counted by their keys, not by key ids.

Rules of taking a document, in order:

1. its version: one more than the root's; not less, not more, and not another one of a version that is held;
2. the signatures of the members already trusted, before its own;
3. the signatures of its own members;
4. it begins later than the one before it.

Only root sets are checked here. No clock is read.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from enum import Enum
from typing import Any, Final, Self

import attrs

from certcore import _cbor, _maps, cose
from certcore._instants import EPOCH, utc_second
from certcore.errors import IssuingError, RejectedInputError, UntrustedError
from certcore.keys import PublicKey, Signer

__all__ = [
    "RootSetContents",
    "TrustRoot",
    "read_unverified",
]

MEDIA_TYPE: Final = "application/vnd.certcore.root+cbor"

MAX_ROOT_KEYS: Final = 64
"""Keys of one root set, those of all members together."""

MAX_ROOT_SET_BYTES: Final = 256 * 1024
"""Bytes of one document: 64 ML-DSA-65 keys have 125 kB, and 16 such signatures 53."""

MAX_CHAIN_DOCUMENTS: Final = 128
"""Documents in one chain: enough for one rotation a year, for longer than evidence is kept."""

MAX_CHAIN_BYTES: Final = 4 << 20
"""Bytes of a chain: 128 documents of the usual size are a hundredth of it."""

_SECOND: Final = timedelta(seconds=1)

_TESTING_KEY: Final = bytes.fromhex("ebbbb7e9cb4fb8e0ea20c27002b573e713ec6b5b670a44d9f11d962665244ae6")
"""The thumbprint of the key of `certcore.testing`, whose private half is published: its lists prove nothing."""


class Environment(Enum):
    """Whether a trust list is for real certificates or for trying things out."""

    PRODUCTION = "production"
    TEST = "test"


Member = tuple[PublicKey, ...]
"""The keys of one member, all of which must sign."""


def _environments(value: Iterable[Environment]) -> tuple[Environment, ...]:
    return tuple(map(Environment, value))


def _members(value: Iterable[Iterable[PublicKey]]) -> tuple[Member, ...]:
    return tuple(map(tuple, value))


@attrs.frozen(kw_only=True)
class RootSetContents:
    """What a root set says, before it is signed.

    Attributes:
        version: counts up by exactly one with every root set.
        members: who they are: each a sequence of public keys, all of which must sign for the member to count.
        threshold: how many members must have signed.
        valid_from: from when lists are signed by this set.
        valid_until: until when, if that is said; never later than the beginning of the set after it.
    """

    version: int = 1
    members: tuple[Member, ...] = attrs.field(converter=_members)
    threshold: int
    valid_from: datetime = attrs.field(converter=utc_second)
    valid_until: datetime | None = attrs.field(default=None, converter=attrs.converters.optional(utc_second))

    def __attrs_post_init__(self) -> None:
        if type(self.version) is not int or not 1 <= self.version < 1 << 32:
            msg = "a version is a whole number from 1"
            raise ValueError(msg)
        if type(self.threshold) is not int or not 1 <= self.threshold <= len(self.members):
            msg = f"a threshold of {self.threshold} cannot be met by {len(self.members)} different keys or members"
            raise ValueError(msg)
        different = [{key.thumbprint for key in member} for member in self.members]
        if not all(different):
            msg = "a member has at least one key"
            raise ValueError(msg)
        if len(set().union(*different)) != sum(map(len, different)):
            msg = "a key is one member's alone"
            raise ValueError(msg)
        if sum(map(len, self.members)) > MAX_ROOT_KEYS:
            msg = f"a root set has at most {MAX_ROOT_KEYS} keys"
            raise ValueError(msg)
        if sum(sorted(map(len, different))[: self.threshold]) > cose.MAX_SIGNATURES:
            msg = f"a threshold cannot need more than the {cose.MAX_SIGNATURES} signatures that a document has"
            raise ValueError(msg)
        if self.valid_until is not None and self.valid_until < self.valid_from:
            msg = "a root set does not end before it begins"
            raise ValueError(msg)

    @property
    def keys(self) -> tuple[PublicKey, ...]:
        """Every key of every member."""
        return tuple(key for member in self.members for key in member)

    def sign(self, *signers: Signer) -> bytes:
        """The root set as a COSE_Sign with one signature of each signer; `cose.add_signature` adds more later.

        Raises:
            IssuingError: ``signer-failed``; ``document-too-large`` for more than readers take.
            ValueError: for no signer, or more than 16.
        """
        payload = _cbor.encode(_maps.write(_ROOT_SET, self))
        signed = cose.sign(payload, signers=signers, content_type=MEDIA_TYPE)
        if len(signed) > MAX_ROOT_SET_BYTES or not _cbor.fits(payload, max_bytes=MAX_ROOT_SET_BYTES):
            raise IssuingError("document-too-large", "The root set holds more than readers take")
        return signed

    def signed_by(self, message: cose.UnverifiedSign, /) -> int:
        """How many members have signed a message with every one of their keys; of which type it is, is not checked."""
        signed = {key.thumbprint for key in message.signed_by(self.keys)}
        return sum(all(key.thumbprint in signed for key in member) for member in self.members)

    def has_signed(self, message: cose.UnverifiedSign, /) -> bool:
        """Whether enough members have."""
        return self.signed_by(message) >= self.threshold

    def covers(self, at: datetime, /) -> bool:
        """Whether an instant lies in the set's window."""
        return self.valid_from <= at and (self.valid_until is None or at <= self.valid_until)

    def _is_same_as(self, other: RootSetContents) -> bool:
        """Whether the same keys must sign, so that one is the other's document."""
        return self.threshold == other.threshold and _thumbprints(self) == _thumbprints(other)


@attrs.frozen(init=False, repr=False)
class TrustRoot:
    """The keys a user trusts from the start, and how many of their holders must have signed a trust list.

    Immutable, and pickles by value. `rotate` gives the root after a change of members; the one before stays as it is.
    Equal roots have equal current and retired sets and hold the same documents.

    Attributes:
        current: the set whose members sign now.
        retired: the sets before it that this root has seen, oldest first, each with the end of its window.
        chain: the documents that led here, oldest first: what evidence keeps. Empty before the first `rotate`.
        environments: which lists open under this root: those for production, unless the caller says otherwise.
    """

    current: RootSetContents
    retired: tuple[RootSetContents, ...]
    chain: tuple[bytes, ...]
    environments: tuple[Environment, ...] = attrs.field(converter=_environments)

    def __init__(
        self,
        *,
        keys: Iterable[PublicKey] = (),
        threshold: int = 1,
        members: Iterable[Iterable[PublicKey]] = (),
        version: int = 1,
        valid_from: datetime = EPOCH,
        environments: Iterable[Environment] | None = None,
    ) -> None:
        """A root that the caller states, as it came with the software or from a place the caller trusts.

        Args:
            keys: members with one key each; the same key under two ids is one member.
            threshold: how many members must sign.
            members: members with several keys, all of which must sign, beside those in ``keys``.
            version: of which root set these are the keys; only its successors are taken by `rotate`.
            valid_from: from when they sign, for `TrustList.open_archived` after a rotation; since ever, unless given.
            environments: which lists open under this root: production alone, unless given. Under a root
                that the published key of `certcore.testing` can sign for, both: it proves nothing in either.

        Raises:
            ValueError: for a threshold that cannot be met, or a key that two members have; for another environment.
        """
        single: dict[bytes, list[PublicKey]] = {}
        for key in keys:
            single.setdefault(key.thumbprint, []).append(key)
        current = RootSetContents(
            version=version, members=[*single.values(), *members], threshold=threshold, valid_from=valid_from
        )
        self.__attrs_init__(current, (), (), _usual_environments(current) if environments is None else environments)

    @classmethod
    def from_document(cls, document: bytes, /, *, environments: Iterable[Environment] | None = None) -> Self:
        """The root in a root set document, or in a chain, whose first document is trusted for where it is from.

        As with a key in a PEM file, nothing here can tell whether it is the right one: take the file from the software
        itself, or compare it. Those that follow in a chain are checked as `rotate` does. A `TrustRoot` is kept between
        processes as ``encode_chain(root.chain)``.

        Raises:
            RejectedInputError: ``root-malformed`` or ``too-new``.
            UntrustedError: ``root-threshold`` when too few of its own members have signed it; otherwise as `rotate`.
        """
        first, *others = decode_chain(document)
        message, contents = _read_document(first)
        _require(contents, message, whose="own")
        root = cls.__new__(cls)
        usual = _usual_environments(contents) if environments is None else environments
        root.__attrs_init__(contents, (), (first,), usual)
        return root._advanced(others)  # noqa: SLF001  of the same class

    @property
    def version(self) -> int:
        """Which root set this is."""
        return self.current.version

    @property
    def members(self) -> tuple[Member, ...]:
        """The current members, each with its keys."""
        return self.current.members

    @property
    def keys(self) -> tuple[PublicKey, ...]:
        """Every key of every current member."""
        return self.current.keys

    @property
    def threshold(self) -> int:
        """How many members must sign."""
        return self.current.threshold

    def rotate(self, document: bytes, /) -> Self:
        """The root after the root sets in these bytes: one document, or a chain of consecutive ones.

        Documents of versions before the root's first are passed over, and so are those it has; the rest must follow one
        by one. A root whose own window has ended still says who comes after it, so that a reader who slept through
        several rotations catches up. The new set counts as soon as it is taken: publish it when it is in force.

        Raises:
            RejectedInputError: ``root-malformed``, ``too-new``.
            UntrustedError: ``root-rollback`` when all there is is older; ``root-gap``, ``root-conflict``,
                ``root-threshold``.
        """
        root = self._advanced(decode_chain(document))
        if root is self and max(map(_version, map(_envelope, decode_chain(document)))) < self.version:
            raise UntrustedError("root-rollback", "The root set is older than the one held", held=self.version)
        return root

    def extended(self, documents: Iterable[bytes], /) -> Self:
        """As `rotate`, for documents that may all be older: what was kept beside old evidence.

        Raises:
            RejectedInputError: ``root-malformed``, ``too-new``.
            UntrustedError: ``root-gap``, ``root-conflict``, ``root-threshold`` or ``root-rollback``.
        """
        return self._advanced(_check_bounds(documents))

    def _advanced(self, documents: Iterable[bytes]) -> Self:
        root = self
        held = {_version(message): message.payload for message in map(_envelope, self.chain)}
        for document in documents:
            message = _envelope(document)
            version = _version(message)
            if version > root.version + 1:  # 1
                raise UntrustedError(
                    "root-gap", "A root set is missing before this one", held=root.version, version=version
                )
            if version == root.version + 1:
                root = root._succeeded_by(document, message)
                held[version] = message.payload
            elif not root._has(message, version, held.get(version)):  # noqa: SLF001  of the same class
                raise UntrustedError(
                    "root-conflict", "There are two different root sets of one version", version=version
                )
        return root

    def _has(self, message: cose.UnverifiedSign, version: int, held: bytes | None) -> bool:
        """Whether a document is the one held of its version, or older than the first, of which nothing is known.

        What was signed is compared, not the signatures: some may have been added since.
        """
        if held is not None:
            return held == message.payload
        stated = next((known for known in (*self.retired, self.current) if known.version == version), None)
        return stated is None or stated._is_same_as(_contents(message))  # noqa: SLF001  same module

    def _succeeded_by(self, document: bytes, message: cose.UnverifiedSign) -> Self:
        _require(self.current, message, whose="old")  # 2
        contents = _contents(message)
        _require(contents, message, whose="new")  # 3
        if contents.valid_from <= self.current.valid_from:  # 4
            raise UntrustedError(
                "root-rollback", "The root set begins before the one it follows", version=contents.version
            )
        end = contents.valid_from - _SECOND
        if self.current.valid_until is not None:
            end = min(end, self.current.valid_until)
        root = self.__class__.__new__(self.__class__)
        root.__attrs_init__(
            contents,
            (*self.retired, attrs.evolve(self.current, valid_until=end)),
            (*self.chain, document),
            self.environments,
        )
        return root

    def __repr__(self) -> str:
        return (
            f"TrustRoot(version={self.version}, threshold={self.threshold}, members={len(self.members)},"
            f" retired={len(self.retired)})"
        )


def encode_chain(documents: Sequence[bytes], /) -> bytes:
    """Several root set documents, oldest first, as one file.

    Raises:
        ValueError: for none, or more than a reader takes.
    """
    chain = _cbor.encode(list(documents))
    if not 1 <= len(documents) <= MAX_CHAIN_DOCUMENTS or len(chain) > MAX_CHAIN_BYTES:
        msg = f"a chain has 1 to {MAX_CHAIN_DOCUMENTS} documents and at most {MAX_CHAIN_BYTES} bytes"
        raise ValueError(msg)
    return chain


def decode_chain(data: bytes, /) -> tuple[bytes, ...]:
    """The documents in a file, which may be a chain or a single one. No signature is looked at.

    Raises:
        RejectedInputError: ``root-malformed``; also for more documents or bytes than a chain may have.
    """
    _cbor.require_bytes(data, "a root set")
    if data.startswith(_DOCUMENT_START):
        return (data,)
    try:
        documents = _cbor.decode(data, max_bytes=MAX_CHAIN_BYTES)
    except RejectedInputError as cause:
        raise _malformed("it is neither a document nor a chain of them") from cause
    if type(documents) is not list or not documents or not all(type(one) is bytes for one in documents):
        raise _malformed("a chain is an array of documents")
    return _check_bounds(documents)


def read_unverified(document: bytes, /) -> RootSetContents:
    """The content of one root set, unchecked: show it to a person, but do not trust it.

    Raises:
        RejectedInputError: ``root-malformed`` or ``too-new``.
    """
    return _read_document(document)[1]


# --- on the wire
# ------------------------------------------------------------------------------------------------------------------

_DOCUMENT_START: Final = b"\xd8\x62"  # tag 98

_MEMBER: Final = (
    _maps.array(PublicKey.to_cose_key),
    _maps.array(lambda wire: PublicKey.from_cose_key(_maps.typed(bytes)(wire))),
)
_ROOT_SET: Final = (
    _maps.Field(1, "version", *_maps.plain(int)),
    _maps.Field(2, "valid_from", *_maps.INSTANT),
    _maps.Field(3, "valid_until", *_maps.INSTANT),
    _maps.Field(4, "threshold", *_maps.plain(int)),
    _maps.Field(5, "members", *map(_maps.array, _MEMBER)),
)


def _check_bounds(documents: Iterable[bytes]) -> tuple[bytes, ...]:
    found = tuple(documents)
    if len(found) > MAX_CHAIN_DOCUMENTS or sum(map(len, found)) > MAX_CHAIN_BYTES:
        raise _malformed(f"it has more than {MAX_CHAIN_DOCUMENTS} documents or {MAX_CHAIN_BYTES} bytes")
    return found


def _envelope(document: bytes) -> cose.UnverifiedSign:
    try:
        message = cose.read_sign(document, max_bytes=MAX_ROOT_SET_BYTES)
    except RejectedInputError as cause:
        raise _malformed("its envelope does not hold") from cause
    if message.content_type != MEDIA_TYPE:
        raise _malformed("the signed document is not a root set")
    return message


def _payload(message: cose.UnverifiedSign) -> Any:  # noqa: ANN401  whatever was signed
    try:
        return _cbor.decode(message.payload, max_bytes=MAX_ROOT_SET_BYTES)
    except RejectedInputError as cause:
        raise _malformed("its content is not deterministic CBOR") from cause


def _version(message: cose.UnverifiedSign) -> int:
    """Which version a document says it is: read before any signature, because it says whose signatures count."""
    match _payload(message):
        case {1: int() as version} if type(version) is int and 1 <= version < 1 << 32:
            return version
        case _:
            raise _malformed("it has no version")


def _contents(message: cose.UnverifiedSign) -> RootSetContents:
    wire = _payload(message)
    match wire:
        case {5: list() as members} if sum(len(keys) for keys in members if type(keys) is list) > MAX_ROOT_KEYS:
            raise _malformed(f"it has more than {MAX_ROOT_KEYS} keys")  # said before any of them is looked at
    try:
        contents: RootSetContents = _maps.read(_ROOT_SET, RootSetContents, wire)
    except RejectedInputError as cause:
        if cause.code == "too-new":
            raise
        raise _malformed("a key cannot be read") from cause
    except (ValueError, UntrustedError, OverflowError) as cause:
        raise _malformed(str(cause)) from cause
    return contents


def _read_document(document: bytes) -> tuple[cose.UnverifiedSign, RootSetContents]:
    message = _envelope(document)
    return message, _contents(message)


def _require(contents: RootSetContents, message: cose.UnverifiedSign, *, whose: str) -> None:
    signed = contents.signed_by(message)
    if signed < contents.threshold:
        raise UntrustedError(
            "root-threshold",
            f"Too few of the {whose} members have signed the root set",
            members=whose,
            signed=signed,
            needed=contents.threshold,
        )


def _usual_environments(contents: RootSetContents) -> tuple[Environment, ...]:
    is_anybody = contents.threshold == 1 and frozenset({_TESTING_KEY}) in _thumbprints(contents)
    return tuple(Environment) if is_anybody else (Environment.PRODUCTION,)


def _thumbprints(contents: RootSetContents) -> set[frozenset[bytes]]:
    return {frozenset(key.thumbprint for key in member) for member in contents.members}


def _malformed(what: str) -> RejectedInputError:
    return RejectedInputError("root-malformed", f"The root set cannot be used: {what}")
