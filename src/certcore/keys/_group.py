"""`GroupKey`: the secret that a group of readers shares, and AES-GCM and AES-CCM under it.

The key fixes the algorithm, never the message (RFC 9053 sections 4.1 and 4.2). `certcore.certificate.confidential`
explains its use. COSE structures, and what is sealed, are not known here.
"""

from __future__ import annotations

import hmac
import os
import secrets
from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Final, Self

import attrs
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESCCM, AESGCM

from certcore import _cbor, _files
from certcore.errors import RejectedInputError
from certcore.keys._signing import KEY_ID_BYTES, MAX_KEY_ID_BYTES

A128GCM: Final = 1
A256GCM: Final = 3
AES_CCM_16_64_128: Final = 10
AES_CCM_16_64_256: Final = 11

MAX_KEYS_WITH_ONE_ID: Final = 4
"""Keys that may go by one id: each is tried."""

_MAX_FILE_BYTES: Final = 128

_KTY, _KID, _ALG, _K, _SYMMETRIC = 1, 2, 3, -1, 4  # RFC 9052 section 7.1, RFC 9053 section 6.3


@attrs.frozen
class _Suite:
    """An algorithm of RFC 9053: its name, and the bytes of its key, IV and tag."""

    name: str
    key_bytes: int
    iv_bytes: int
    tag_bytes: int


_SUITES: Final[Mapping[int, _Suite]] = {
    A128GCM: _Suite("A128GCM", 16, 12, 16),
    A256GCM: _Suite("A256GCM", 32, 12, 16),
    AES_CCM_16_64_128: _Suite("AES-CCM-16-64-128", 16, 13, 8),
    AES_CCM_16_64_256: _Suite("AES-CCM-16-64-256", 32, 13, 8),
}


@attrs.frozen(kw_only=True, repr=False, eq=False)
class GroupKey:
    """A secret that a group shares: its issuers seal fields under it, and its readers open them.

    Every reader can also seal: that the issuer wrote a sealed field follows from the certificate's signature, which is
    over the sealed bytes. Use one key for at most 2**32 certificates: each has a random IV.

    Its repr shows no secret. Its pickles hold it, because verifiers travel to other processes with their keys: treat
    them as you treat the key. Equal keys have equal ids, algorithms and secrets, compared in constant time.

    Attributes:
        key_id: 1 to 32 bytes by which the key is found; no secret, and no proof.
        algorithm: the COSE algorithm number: 1 (A128GCM), 3 (A256GCM), 10 or 11 (AES-CCM-16-64-128, -256).
        secret: 16 or 32 bytes, as the algorithm takes them.
    """

    key_id: bytes
    algorithm: int
    secret: bytes

    def __attrs_post_init__(self) -> None:
        suite = _SUITES.get(self.algorithm) if type(self.algorithm) is int else None
        if suite is None:
            msg = f"a group key's algorithm is one of {', '.join(map(str, _SUITES))}"
            raise ValueError(msg)
        if type(self.key_id) is not bytes or not 1 <= len(self.key_id) <= MAX_KEY_ID_BYTES:
            msg = f"a key id has 1 to {MAX_KEY_ID_BYTES} bytes"
            raise ValueError(msg)
        if type(self.secret) is not bytes or len(self.secret) != suite.key_bytes:
            msg = f"a key for {suite.name} has {suite.key_bytes} bytes"
            raise ValueError(msg)

    @classmethod
    def generate(cls, algorithm: int = A256GCM, *, key_id: bytes | None = None) -> Self:
        """A fresh random key, under a random id of 4 bytes unless one is given.

        Raises:
            ValueError: for another algorithm than the four, or an impossible key id.
        """
        suite = _SUITES.get(algorithm)
        return cls(
            key_id=secrets.token_bytes(KEY_ID_BYTES) if key_id is None else key_id,
            algorithm=algorithm,
            secret=secrets.token_bytes(suite.key_bytes if suite else 0),
        )

    @classmethod
    def from_cose_key(cls, data: bytes, /) -> Self:
        """The key in a deterministic COSE_Key of type Symmetric with exactly kty, kid, alg and k.

        Raises:
            RejectedInputError: ``key-malformed``; ``key-unsupported`` for another type or algorithm.
        """
        try:
            members = _cbor.decode(data, max_bytes=_MAX_FILE_BYTES)
        except RejectedInputError as cause:
            raise RejectedInputError("key-malformed", "The group key is not deterministic CBOR") from cause
        if type(members) is not dict:
            raise RejectedInputError("key-malformed", "The group key is no COSE_Key")
        if members.get(_KTY) != _SYMMETRIC or members.get(_ALG) not in tuple(_SUITES):
            raise RejectedInputError("key-unsupported", "A group key is symmetric, for AES-GCM or AES-CCM-16-64")
        if members.keys() != {_KTY, _KID, _ALG, _K}:
            raise RejectedInputError("key-malformed", "A group key has exactly a type, an id, an algorithm and a value")
        try:
            return cls(key_id=members[_KID], algorithm=members[_ALG], secret=members[_K])
        except ValueError as cause:
            raise RejectedInputError("key-malformed", "The group key's id or value has another length") from cause

    @classmethod
    def from_file(cls, path: str | os.PathLike[str], /, *, allow_loose: bool = False) -> Self:
        """The key in a file that `to_file` wrote, and that only its owner can read.

        Args:
            path: the file.
            allow_loose: take it where others can read it, too.

        Raises:
            RejectedInputError: ``file-unreadable``, or as `from_cose_key`.
            UntrustedError: ``key-file-loose``.
        """
        key = cls.from_cose_key(_files.read(path, max_bytes=_MAX_FILE_BYTES))
        if not allow_loose:
            _files.require_private(path)
        return key

    def to_cose_key(self) -> bytes:
        """The key, secret and all, as a deterministic COSE_Key (RFC 9052 section 7)."""
        return _cbor.encode({_KTY: _SYMMETRIC, _KID: self.key_id, _ALG: self.algorithm, _K: self.secret})

    def to_file(self, path: str | os.PathLike[str], /, *, overwrite: bool = False) -> None:
        """Write the key as a COSE_Key, readable by its owner alone (mode 0600): whole, or not at all.

        Raises:
            IssuingError: ``file-exists`` without ``overwrite``; ``file-unwritable``.
        """
        _files.write(path, self.to_cose_key(), overwrite=overwrite)

    @property
    def iv_bytes(self) -> int:
        """How long the IV of each message is: 12 with GCM, 13 with CCM."""
        return _SUITES[self.algorithm].iv_bytes

    def decrypt(self, ciphertext: bytes, /, *, iv: bytes, aad: bytes) -> bytes | None:
        """The plaintext; None where the IV has another length, or the tag does not hold."""
        suite = _SUITES[self.algorithm]
        if len(iv) != suite.iv_bytes or len(ciphertext) < suite.tag_bytes:
            return None
        is_gcm = self.algorithm in {A128GCM, A256GCM}
        cipher = AESGCM(self.secret) if is_gcm else AESCCM(self.secret, tag_length=suite.tag_bytes)
        try:
            return cipher.decrypt(iv, ciphertext, aad)
        except InvalidTag:
            return None

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, GroupKey):
            return NotImplemented
        is_same_secret = hmac.compare_digest(self.secret, other.secret)
        return is_same_secret and (self.key_id, self.algorithm) == (other.key_id, other.algorithm)

    def __hash__(self) -> int:
        return hash((self.key_id, self.algorithm))

    def __repr__(self) -> str:
        return f"GroupKey({_SUITES[self.algorithm].name}, key_id={self.key_id.hex()})"


def group_key_tuple(keys: Iterable[GroupKey]) -> tuple[GroupKey, ...]:
    """The keys as a tuple, each once: what values made of group keys convert with.

    Raises:
        TypeError: for something that is no `GroupKey`.
        ValueError: for more than 4 keys that go by one id.
    """
    found = tuple(dict.fromkeys(keys))
    given: tuple[object, ...] = found
    if not all(isinstance(key, GroupKey) for key in given):
        msg = "group keys are GroupKey"
        raise TypeError(msg)
    if any(count > MAX_KEYS_WITH_ONE_ID for count in Counter(key.key_id for key in found).values()):
        msg = f"at most {MAX_KEYS_WITH_ONE_ID} group keys may go by one id"
        raise ValueError(msg)
    return found
