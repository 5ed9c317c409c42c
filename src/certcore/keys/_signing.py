"""Who signs and whose signature it is: `Signer`, `LocalSigner`, `PublicKey`, and key ids.

The key fixes the algorithm, never the message; `_algorithms` says which kind of key has which. Only `cryptography`
signs and checks.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final, Protocol, Self, TypeAlias, runtime_checkable

import attrs
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, mldsa, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import Prehashed, decode_dss_signature, encode_dss_signature
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
)

from certcore import _cbor, _files
from certcore.errors import RejectedInputError, UntrustedError
from certcore.keys import _forms
from certcore.keys._algorithms import (
    ALGORITHM_NAMES,
    ALGORITHM_NUMBERS,
    ALGORITHMS_OF,
    ES256,
    KIND_OF,
    USED,
    USED_TO_SIGN,
    KeyKind,
    kind_of,
)

KEY_ID_BYTES: Final = 4
"""Bytes of the thumbprint that a key id of certcore's has. It is a hint, and costs space in every certificate."""

MAX_KEY_ID_BYTES: Final = 32

_DER_INTEGER, _DER_SEQUENCE, _FIRST_BIT = 0x02, 0x30, 0x80

_PrivateHandle: TypeAlias = (
    ec.EllipticCurvePrivateKey | ed25519.Ed25519PrivateKey | mldsa.MLDSA44PrivateKey | mldsa.MLDSA65PrivateKey
)
_Check: TypeAlias = Callable[[bytes, bytes], None]


@attrs.frozen(kw_only=True, repr=False)
class PublicKey:
    """A public key that may be trusted, the algorithm it uses and the id it is found by.

    Made by one of the ``from_`` constructors, which refuse points off the curve, Ed25519 points of small order and RSA
    moduli below 2048 bits. Equal keys have equal key material, algorithm and key id. Pickles by value.

    Attributes:
        key_id: 1 to 32 bytes; unless stated otherwise the first 4 of the RFC 9679 thumbprint. A JWK's may be longer:
            it finds the key of a token, and no certificate or trust list holds it. A hint, never a proof.
        algorithm: the COSE algorithm number this key's signatures are labelled with.
        algorithms: every number that a signature of this key may be labelled with.
    """

    key_id: bytes
    algorithm: int
    _cose_key: bytes
    algorithms: tuple[int, ...] = attrs.field(eq=False)
    _handle: _forms.Handle = attrs.field(eq=False)
    _check: _Check = attrs.field(eq=False)

    @classmethod
    def from_pem(cls, data: bytes, /, *, algorithm: int | None = None, key_id: bytes | None = None) -> Self:
        """The key in a PEM SubjectPublicKeyInfo (RFC 7468 section 13).

        Raises:
            RejectedInputError: ``key-malformed`` or ``key-unsupported``.
            UntrustedError: ``key-weak``.
            ValueError: for an algorithm this key cannot use, or an impossible key id.
        """
        return cls._from_handle(_forms.from_pem(data), algorithm, key_id)

    @classmethod
    def from_jwk(
        cls, jwk: Mapping[str, Any] | str | bytes, /, *, algorithm: int | None = None, key_id: bytes | None = None
    ) -> Self:
        """The key in a JWK (RFC 7517): an object or its JSON. A private member is not looked at.

        The key id is ``key_id``, else the UTF-8 bytes of the member ``kid``, however long, else of the thumbprint. A
        member ``use`` or ``key_ops`` that does not let the key check signatures refuses it.

        Raises:
            RejectedInputError: ``key-malformed`` or ``key-unsupported``.
            UntrustedError: ``key-weak``.
            ValueError: for an algorithm this key cannot use, or an impossible key id.
        """
        handle, members = _forms.from_jwk(jwk)
        alg = members.get("alg")
        if alg is not None and alg not in ALGORITHM_NUMBERS:
            raise RejectedInputError("key-unsupported", "The JWK's algorithm is not one that certcore uses")
        return cls._from_handle(
            handle,
            algorithm,
            key_id,
            stated_algorithm=None if alg is None else ALGORITHM_NUMBERS[alg],
            stated_id=members.get("kid", "").encode("utf-8", "replace"),
        )

    @classmethod
    def from_cose_key(cls, data: bytes, /, *, algorithm: int | None = None, key_id: bytes | None = None) -> Self:
        """The key in an encoded COSE_Key (RFC 9052 section 7). A private member is not looked at.

        ``key_ops``, where it is there, must let the key check signatures.

        Raises:
            RejectedInputError: ``key-malformed`` or ``key-unsupported``.
            UntrustedError: ``key-weak``.
            ValueError: for an algorithm this key cannot use, or an impossible key id.
        """
        handle, members = _forms.from_cose_key(data)
        stated_id = members.get(_forms.KID)
        if stated_id is not None and len(stated_id) > MAX_KEY_ID_BYTES:
            raise RejectedInputError("key-unsupported", f"A key id has 1 to {MAX_KEY_ID_BYTES} bytes")
        return cls._from_handle(
            handle, algorithm, key_id, stated_algorithm=members.get(_forms.ALG), stated_id=stated_id
        )

    @classmethod
    def from_x509(cls, data: bytes, /) -> Self:
        """The key in an X.509 certificate, DER or PEM, under the EU's key id: 8 bytes of SHA-256 over the DER.

        Neither the chain nor the validity nor the key usage of the certificate is checked.

        Raises:
            RejectedInputError: ``key-malformed`` or ``key-unsupported``.
            UntrustedError: ``key-weak``.
        """
        handle, certificate = _forms.from_x509(data)
        return cls._from_handle(handle, None, certificate.fingerprint(hashes.SHA256())[:8])

    @classmethod
    def _from_handle(
        cls,
        handle: _forms.Handle,
        algorithm: int | None,
        key_id: bytes | None,
        *,
        stated_algorithm: int | None = None,
        stated_id: bytes | None = None,
    ) -> Self:
        """The key of a handle. What the caller gives goes before what the key's form states, which must fit it."""
        kind = _kind_of(handle)
        numbers = ALGORITHMS_OF[kind]
        if stated_algorithm is not None and stated_algorithm not in numbers:
            raise RejectedInputError("key-unsupported", "The key's stated algorithm does not fit it")
        if algorithm is None:
            algorithm = numbers[0] if stated_algorithm is None else stated_algorithm
        if algorithm not in numbers:
            msg = f"this key cannot be used with COSE algorithm {algorithm}"
            raise ValueError(msg)
        if key_id is not None and not 1 <= len(key_id) <= MAX_KEY_ID_BYTES:
            msg = f"a key id has 1 to {MAX_KEY_ID_BYTES} bytes"
            raise ValueError(msg)
        cose_key = _cbor.encode(_forms.to_cose_map(handle))
        return cls(
            key_id=key_id or stated_id or hashlib.sha256(cose_key).digest()[:KEY_ID_BYTES],
            algorithm=algorithm,
            cose_key=cose_key,
            algorithms=numbers,
            handle=handle,
            check=_check_for(handle, kind),
        )

    @property
    def key_ids(self) -> tuple[bytes, ...]:
        """The ids that messages may find it by: its own alone; a `TrustedKey` may have several."""
        return (self.key_id,)

    @property
    def thumbprint(self) -> bytes:
        """SHA-256 over the key's defining members, 32 bytes (RFC 9679): one for each key, whatever its id and form."""
        return hashlib.sha256(self._cose_key).digest()

    @property
    def signature_bytes(self) -> int:
        """How long every signature of this key is."""
        return _signature_bytes(self._handle)

    def verify(self, signature: bytes, data: bytes) -> None:
        """Return when the signature over the data is this key's.

        Args:
            signature: r and s side by side for ECDSA (64 or 96 bytes), 64 bytes for Ed25519, as long as the modulus for
                PS256.
            data: what was signed, not hashed.

        Raises:
            UntrustedError: ``signature-invalid``.
        """
        self._check(signature, data)

    def to_pem(self) -> bytes:
        """The key as PEM SubjectPublicKeyInfo; the key id is not part of it."""
        return self._handle.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)

    def to_cose_key(self) -> bytes:
        """The key as a deterministic COSE_Key with its algorithm and key id, unless that has more than 32 bytes."""
        members: dict[int, object] = {**_forms.to_cose_map(self._handle), _forms.ALG: self.algorithm}
        return _cbor.encode(members if len(self.key_id) > MAX_KEY_ID_BYTES else members | {_forms.KID: self.key_id})

    def __reduce__(self) -> tuple[Callable[..., PublicKey], tuple[bytes, int, bytes]]:
        return _restored, (self._cose_key, self.algorithm, self.key_id)

    def __repr__(self) -> str:
        return f"PublicKey({ALGORITHM_NAMES[self.algorithm]}, key_id={self.key_id.hex()})"


def _restored(cose_key: bytes, algorithm: int, key_id: bytes) -> PublicKey:
    handle, _ = _forms.from_cose_key(cose_key)
    return PublicKey._from_handle(handle, algorithm, None, stated_id=key_id)  # noqa: SLF001  same module


def key_tuple(keys: Iterable[PublicKey]) -> tuple[PublicKey, ...]:
    """The keys as a tuple: what values made of keys convert with."""
    return tuple(keys)


@runtime_checkable
class Signer(Protocol):
    """Anything that signs with one key: a file, a KMS, an HSM."""

    @property
    def public_key(self) -> PublicKey:
        """The key that checks what this signs."""
        ...

    def sign(self, data: bytes, /) -> bytes:
        """The signature over the data, as `PublicKey.verify` takes it: r and s side by side for ECDSA, never DER."""
        ...


@attrs.frozen(repr=False, eq=False)
class LocalSigner:
    """Signs with a private key held in this process's memory.

    Keeps the key out of its repr and out of pickles. RSA keys are refused: PS256 is for checking foreign documents.
    """

    _handle: _PrivateHandle
    _public_key: PublicKey
    _sign: Callable[[bytes], bytes]

    @classmethod
    def generate(cls, algorithm: int = ES256) -> Self:
        """A fresh key for an algorithm, by its COSE number.

        ES256 (-7), ESP256 (-9), ES384 (-35), ESP384 (-51), EdDSA (-8), Ed25519 (-19), ML-DSA-44 (-48), ML-DSA-65 (-49).

        Raises:
            ValueError: for any other number.
        """
        kind = KIND_OF.get(algorithm)
        if kind is None or kind.generate is None:
            msg = f"certcore does not sign with COSE algorithm {algorithm}"
            raise ValueError(msg)
        return cls._from_handle(kind.generate(), algorithm)

    @classmethod
    def from_pem(
        cls, data: bytes, /, *, password: bytes | None = None, algorithm: int | None = None, key_id: bytes | None = None
    ) -> Self:
        """The private key in PEM (PKCS #8, or the older SEC 1), encrypted or not.

        Raises:
            RejectedInputError: ``key-malformed``, ``key-password`` or ``key-unsupported``.
            UntrustedError: ``key-weak``.
            ValueError: for an algorithm this key cannot use, or an impossible key id.
        """
        if len(data) > _forms.MAX_KEY_BYTES:
            raise RejectedInputError("key-malformed", f"The key is longer than {_forms.MAX_KEY_BYTES} bytes")
        if b"PUBLIC KEY-----" in data and b"PRIVATE KEY-----" not in data:
            raise RejectedInputError("key-malformed", "This is a public key; a private key belongs here")
        encrypted = b"ENCRYPTED" in data
        if encrypted != (password is not None):
            raise RejectedInputError(
                "key-password", "The private key needs a password" if encrypted else "The private key is not encrypted"
            )
        try:
            handle = load_pem_private_key(data, password)
        except UnsupportedAlgorithm as cause:
            raise RejectedInputError("key-unsupported", "The private key is of a kind that is not supported") from cause
        except Exception as cause:  # of `cryptography`, whose errors share no class and change
            code = "key-password" if encrypted else "key-malformed"
            raise RejectedInputError(
                code, "The private key cannot be read" + (", or the password is wrong" * encrypted)
            ) from cause
        if not isinstance(handle, _PrivateHandle):
            raise RejectedInputError("key-unsupported", USED_TO_SIGN)
        return cls._from_handle(handle, algorithm, key_id)

    @classmethod
    def from_file(
        cls, path: str | os.PathLike[str], /, *, password: bytes | None = None, allow_loose: bool = False
    ) -> Self:
        """The private key in a PEM file that only its owner can read.

        Args:
            path: the file.
            password: what it is encrypted with.
            allow_loose: take it where others can read it, too, as a container's secrets often are.

        Raises:
            RejectedInputError: ``file-unreadable``, or as `from_pem`.
            UntrustedError: ``key-weak``; ``key-file-loose``.
        """
        signer = cls.from_pem(_files.read(path, max_bytes=_forms.MAX_KEY_BYTES), password=password)
        if not allow_loose:
            _files.require_private(path)
        return signer

    @classmethod
    def _from_handle(cls, handle: _PrivateHandle, algorithm: int | None, key_id: bytes | None = None) -> Self:
        checked = _forms.checked(handle.public_key())
        public = PublicKey._from_handle(checked, algorithm, key_id)  # noqa: SLF001  same module
        return cls(handle, public, _sign_with(handle, _kind_of(checked)))

    @property
    def public_key(self) -> PublicKey:
        """The key that checks what this signs."""
        return self._public_key

    def sign(self, data: bytes, /) -> bytes:
        """The signature over the data: r and s side by side for ECDSA, as is for the others."""
        return self._sign(data)

    def to_pem(self, *, password: bytes | None = None) -> bytes:
        """The private key as PKCS #8 PEM, encrypted when there is a password."""
        encryption = BestAvailableEncryption(password) if password else NoEncryption()
        return self._handle.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, encryption)

    def to_file(
        self, path: str | os.PathLike[str], /, *, password: bytes | None = None, overwrite: bool = False
    ) -> None:
        """Write the private key as PEM, readable by its owner alone (mode 0600): whole, or not at all.

        Raises:
            IssuingError: ``file-exists`` without ``overwrite``; ``file-unwritable``.
        """
        _files.write(path, self.to_pem(password=password), overwrite=overwrite)

    def __reduce__(self) -> tuple[Any, ...]:
        msg = "a LocalSigner does not pickle: its private key stays in this process"
        raise TypeError(msg)

    def __repr__(self) -> str:
        return f"LocalSigner({self._public_key!r})"


def _kind_of(handle: _forms.Handle) -> KeyKind:
    kind = kind_of(handle)
    if kind is None:  # pragma: no cover  `_forms.checked` lets no such key through
        raise RejectedInputError("key-unsupported", USED)
    return kind


def _signature_bytes(handle: _forms.Handle) -> int:
    return (handle.key_size + 7) // 8 if isinstance(handle, rsa.RSAPublicKey) else _kind_of(handle).signature_bytes


def _check_for(handle: _forms.Handle, kind: KeyKind) -> _Check:
    """The function that checks one signature with this key; built once, because it is the hot path."""
    size = _signature_bytes(handle)

    if isinstance(handle, ec.EllipticCurvePublicKey):
        assert kind.digest is not None  # noqa: S101  the kinds with a curve have one
        ecdsa, to_der = ec.ECDSA(Prehashed(kind.digest)), _der_writer(size // 2)
        digest = getattr(hashlib, kind.digest.name)  # hashing here takes less than letting `cryptography` choose how

        def verify(signature: bytes, data: bytes) -> None:
            handle.verify(to_der(signature), digest(data).digest(), ecdsa)
    elif isinstance(handle, rsa.RSAPublicKey):
        pss = padding.PSS(
            mgf=padding.MGF1(hashes.SHA256()), salt_length=32
        )  # RFC 8230 section 2: the salt is as long as the hash

        def verify(signature: bytes, data: bytes) -> None:
            handle.verify(signature, data, pss, hashes.SHA256())
    else:
        verify = handle.verify

    def check(signature: bytes, data: bytes) -> None:
        if len(signature) != size:
            raise UntrustedError("signature-invalid", f"The signature is not {size} bytes long")
        try:
            verify(signature, data)
        except InvalidSignature as cause:
            raise UntrustedError("signature-invalid", "The signature is not this key's over these bytes") from cause

    return check


def _der_writer(half: int) -> Callable[[bytes], bytes]:
    """What writes r and s, of so many bytes side by side, as a DER sequence of two integers (X.690 section 8.3).

    An integer whose first bit is set gets a zero before it. It takes a third of what `encode_dss_signature` takes,
    which is left to write the few that begin with a zero, and lose it.
    """
    short, long = bytes((_DER_INTEGER, half)), bytes((_DER_INTEGER, half + 1, 0))
    neither, second, first, both = (
        bytes((_DER_SEQUENCE, len(r) + len(s) + 2 * half)) + r for r in (short, long) for s in (short, long)
    )
    number = int.from_bytes

    def write(signature: bytes) -> bytes:
        r, s = signature[0], signature[half]
        if not r or not s:
            return encode_dss_signature(number(signature[:half], "big"), number(signature[half:], "big"))
        if s < _FIRST_BIT:
            return (neither if r < _FIRST_BIT else first) + signature[:half] + short + signature[half:]
        return (second if r < _FIRST_BIT else both) + signature[:half] + long + signature[half:]

    return write


def _sign_with(handle: _PrivateHandle, kind: KeyKind) -> Callable[[bytes], bytes]:
    if not isinstance(handle, ec.EllipticCurvePrivateKey):
        return handle.sign
    half = kind.signature_bytes // 2
    ecdsa = ec.ECDSA(kind.digest)  # type: ignore[arg-type]  # the kinds with a curve have one

    def sign(data: bytes) -> bytes:
        r, s = decode_dss_signature(handle.sign(data, ecdsa))
        return r.to_bytes(half, "big") + s.to_bytes(half, "big")

    return sign
