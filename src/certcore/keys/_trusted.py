"""`TrustedKey`: a key with what it may sign, and its window; and the one rule for its signatures.

The rule is the same for every usage. Trust lists, documents, and proofs of existence are not known here.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable
from datetime import datetime
from enum import Enum
from typing import Final, TypeAlias

import attrs

from certcore._instants import utc_second
from certcore.keys._signing import KEY_ID_BYTES, MAX_KEY_ID_BYTES, PublicKey
from certcore.vocabulary._characters import is_text

_MAX_TEXT: Final = 512


class KeyUsage(Enum):
    """The one kind of document a key may sign; this is what keeps one kind from passing for another."""

    CERTIFICATE = "certificate"
    LIVE = "live"
    STATUS = "status"
    REGISTER = "register"


class Standing(Enum):
    """What a key's dates say of one document that it signed."""

    COUNTS = "counts"
    OUTSIDE_WINDOW = "outside-window"
    COMPROMISED = "compromised"
    UNPROVEN = "unproven"
    """Dated before the compromise, but the thief can choose that date; nothing else proves it."""


_COUNTS: Final = Standing.COUNTS  # a look-up in an enumeration takes longer than the rule


def _key_ids(value: Iterable[bytes]) -> tuple[bytes, ...]:
    return tuple(value)


def text_tuple(value: Iterable[str]) -> tuple[str, ...]:
    """The texts as a tuple; TypeError for a single text, whose letters, a ``*`` among them, would be taken for them."""
    if isinstance(value, str):
        msg = "several texts are expected, in a tuple or a list, not one text"
        raise TypeError(msg)
    return tuple(value)


@attrs.frozen(kw_only=True)
class TrustedKey:
    """One key of an issuer and what it may be used for.

    What opens documents takes it where it takes a public key; it is then found by each of its ``key_ids``.

    Attributes:
        public_key: the key.
        key_ids: the exact key ids that messages may find it by; certcore's own by default.
        usage: the one kind of document it may sign.
        authorities: whose certificates it may sign: exact, or a beginning followed by ``*``; only for certificates and
            live presentations.
        not_before: the first instant it may have signed at.
        not_after: the last.
        compromised_since: from when a thief may have had it, if so.
        compromise: why, in a few words.
    """

    public_key: PublicKey
    usage: KeyUsage = attrs.field(converter=KeyUsage)
    not_before: datetime = attrs.field(converter=utc_second)
    not_after: datetime = attrs.field(converter=utc_second)
    authorities: tuple[str, ...] = attrs.field(default=("*",), converter=text_tuple)
    key_ids: tuple[bytes, ...] = attrs.field(converter=_key_ids)
    compromised_since: datetime | None = attrs.field(default=None, converter=attrs.converters.optional(utc_second))
    compromise: str | None = None

    @key_ids.default
    def _own_key_id(self) -> tuple[bytes, ...]:
        return (self.public_key.key_id,)

    def __attrs_post_init__(self) -> None:
        if not self.key_ids or len(set(self.key_ids)) != len(self.key_ids):
            msg = "a key is found by at least one key id, each stated once"
            raise ValueError(msg)
        if not all(type(key_id) is bytes and 1 <= len(key_id) <= MAX_KEY_ID_BYTES for key_id in self.key_ids):
            msg = f"a key id is 1 to {MAX_KEY_ID_BYTES} bytes"
            raise ValueError(msg)
        if not self.authorities or not all(map(_is_text, self.authorities)):
            msg = "a key signs for at least one authority"
            raise ValueError(msg)
        if self.compromise is not None and not _is_text(self.compromise):
            msg = f"the reason of a compromise is 1 to {_MAX_TEXT} printable characters"
            raise ValueError(msg)
        if self.not_after <= self.not_before:
            msg = "a key's window ends after it begins"
            raise ValueError(msg)

    def signs_for(self, authority: str) -> bool:
        """Whether the key may sign for this authority."""
        for allowed in self.authorities:
            if allowed == "*" or allowed == authority:  # noqa: PLR1714  a tuple takes twice as long
                return True
            if allowed[-1] == "*" and authority.startswith(allowed[:-1]):
                return True
        return False

    def standing(self, signed_at: datetime | None, existed_at: Callable[[], datetime | None]) -> Standing:
        """Whether a document counts by the dates of the key that signed it: one rule for every usage.

        Args:
            signed_at: when the document says that it was signed.
            existed_at: gives the earliest instant by which something else than the document proves that it existed;
                called only where the key is compromised and the document is dated before that.
        """
        if signed_at is None or not self.not_before <= signed_at <= self.not_after:
            return Standing.OUTSIDE_WINDOW
        if self.compromised_since is None:
            return _COUNTS
        if signed_at >= self.compromised_since:
            return Standing.COMPROMISED
        proved_at = existed_at()
        return Standing.COUNTS if proved_at is not None and proved_at < self.compromised_since else Standing.UNPROVEN

    @property
    def key_id(self) -> bytes:
        """The public key's own id."""
        return self.public_key.key_id

    @property
    def algorithm(self) -> int:
        """The COSE algorithm number this key's signatures are labelled with."""
        return self.public_key.algorithm

    @property
    def algorithms(self) -> tuple[int, ...]:
        """Every algorithm number a signature of this key may be labelled with."""
        return self.public_key.algorithms

    @property
    def thumbprint(self) -> bytes:
        """As `PublicKey.thumbprint`."""
        return self.public_key.thumbprint

    def verify(self, signature: bytes, data: bytes) -> None:
        """As `PublicKey.verify`; the key's dates are not looked at."""
        self.public_key.verify(signature, data)


VerifyingKey: TypeAlias = PublicKey | TrustedKey
"""A key that checks signatures: with dates wherever there are any, and plain where a caller has only the key."""


def trusted_key_tuple(keys: Iterable[VerifyingKey]) -> tuple[VerifyingKey, ...]:
    """The keys as a tuple: what queries and endpoints convert with."""
    return tuple(keys)


def candidates(
    keys: Iterable[VerifyingKey], /, *, algorithm: int | None, key_id: object, ignore_key_id: bool = False
) -> list[VerifyingKey]:
    """The keys that may have made a signature: of its algorithm, and found by its key id where it states one.

    A key with a stated id has no other id. A key without a stated id has that of its thumbprint, but others may use any
    id for it: it is tried if no key has the message's id.

    Args:
        keys: those that are trusted for it.
        algorithm: what the message states.
        key_id: what the message states; None for none.
        ignore_key_id: whether every key of the algorithm is tried, whatever the message states.
    """
    able = [key for key in keys if algorithm in key.algorithms]
    if key_id is None or ignore_key_id:
        return able
    named = [key for key in keys if key_id in key.key_ids]
    return [key for key in able if key in named] if named else [key for key in able if _has_no_stated_id(key)]


def _has_no_stated_id(key: VerifyingKey) -> bool:
    return isinstance(key, PublicKey) and key.key_id == key.thumbprint[:KEY_ID_BYTES]


def plain_key(key: VerifyingKey, /) -> PublicKey:
    """The public key alone."""
    return key.public_key if isinstance(key, TrustedKey) else key


def standing_of(
    key: VerifyingKey, signed_at: datetime | None, existed_at: Callable[[], datetime | None], /
) -> Standing:
    """As `TrustedKey.standing`; a plain public key has no dates, and what it signed counts."""
    return key.standing(signed_at, existed_at) if isinstance(key, TrustedKey) else Standing.COUNTS


@attrs.frozen(kw_only=True)
class ExistingDocument:
    """A document whose existence a party that the policy pins has proved.

    Attributes:
        digest: its digest.
        algorithm: by which of `hashlib`'s algorithms.
        at: by when it existed.
    """

    digest: bytes
    algorithm: str
    at: datetime


def proved_at(data: bytes, existing: Iterable[ExistingDocument], /) -> datetime | None:
    """The earliest instant by which a document is proved to have existed; None where nothing proves it."""
    found = [one.at for one in existing if hashlib.new(one.algorithm, data).digest() == one.digest]
    return min(found, default=None)


def _is_text(value: object) -> bool:
    return is_text(value, _MAX_TEXT)
