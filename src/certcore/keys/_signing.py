"""Who signs and whose signature it is: `Signer`, `LocalSigner`, `PublicKey`, and key ids.

The key fixes the algorithm, never the message: a P-256 key takes ES256 and ESP256, P-384 takes ES384 and ESP384,
Ed25519 takes EdDSA and Ed25519, RSA takes PS256 (to verify only), ML-DSA-44 and -65 their own (RFC 9053, RFC 9864,
draft-ietf-cose-dilithium). Signing and checking is done by `cryptography`, nowhere else.
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
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature, encode_dss_signature
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

ES256: Final = -7
EDDSA: Final = -8
ESP256: Final = -9
ED25519: Final = -19
ES384: Final = -35
PS256: Final = -37
ML_DSA_44: Final = _forms.ML_DSA_44
ML_DSA_65: Final = _forms.ML_DSA_65
ESP384: Final = -51

ALGORITHM_NAMES: Final[Mapping[int, str]] = {
    ES256: "ES256",
    EDDSA: "EdDSA",
    ESP256: "ESP256",
    ED25519: "Ed25519",
    ES384: "ES384",
    PS256: "PS256",
    ML_DSA_44: "ML-DSA-44",
    ML_DSA_65: "ML-DSA-65",
    ESP384: "ESP384",
}
"""IANA COSE algorithm number to name: everything certcore signs or checks."""

KEY_ID_BYTES: Final = 4
"""Bytes of the thumbprint that a key id of certcore's has. It is a hint, and costs space in every certificate."""

MAX_KEY_ID_BYTES: Final = 32

_PrivateHandle: TypeAlias = (
    ec.EllipticCurvePrivateKey | ed25519.Ed25519PrivateKey | mldsa.MLDSA44PrivateKey | mldsa.MLDSA65PrivateKey
)
_Check: TypeAlias = Callable[[bytes, bytes], None]


@attrs.frozen
class _KeyClass:
    """What a kind of key may do.

    Attributes:
        algorithms: those its signatures may be labelled with, the emitted one first.
        signature_bytes: how long they are; 0: as long as the key.
        digest: what ECDSA hashes with.
    """

    algorithms: tuple[int, ...]
    signature_bytes: int
    digest: hashes.HashAlgorithm | None = None


_P256: Final = _KeyClass((ES256, ESP256), 64, hashes.SHA256())
_P384: Final = _KeyClass((ES384, ESP384), 96, hashes.SHA384())
_ED25519: Final = _KeyClass((EDDSA, ED25519), 64)
_RSA: Final = _KeyClass((PS256,), 0, hashes.SHA256())
_ML_DSA_44: Final = _KeyClass((ML_DSA_44,), 2420)
_ML_DSA_65: Final = _KeyClass((ML_DSA_65,), 3309)


@attrs.frozen(kw_only=True, repr=False)
class PublicKey:
    """A public key that may be trusted, the algorithm it uses and the id it is found by.

    Made by one of the ``from_`` constructors, which refuse points off the curve, Ed25519 points of small order and RSA
    moduli below 2048 bits. Equal keys have equal key material, algorithm and key id. Pickles by value.

    Attributes:
        key_id: 1 to 32 bytes; unless stated otherwise the first 4 of the RFC 9679 thumbprint. A hint for finding, never
            a proof.
        algorithm: the COSE algorithm number this key's signatures are labelled with.
    """

    key_id: bytes
    algorithm: int
    _cose_key: bytes
    _algorithms: tuple[int, ...] = attrs.field(eq=False)
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

        The key id is ``key_id``, else the UTF-8 bytes of the member ``kid``, else of the thumbprint.

        Raises:
            RejectedInputError: ``key-malformed`` or ``key-unsupported``.
            UntrustedError: ``key-weak``.
            ValueError: for an algorithm this key cannot use, or an impossible key id.
        """
        handle, members = _forms.from_jwk(jwk)
        kid, alg = members.get("kid"), members.get("alg")
        stated_id = kid.encode("utf-8", "replace") or None if isinstance(kid, str) else None
        stated_algorithm = _algorithm_number(alg) if isinstance(alg, str) else None
        return cls._from_form(handle, (algorithm, key_id), (stated_algorithm, stated_id))

    @classmethod
    def from_cose_key(cls, data: bytes, /, *, algorithm: int | None = None, key_id: bytes | None = None) -> Self:
        """The key in an encoded COSE_Key (RFC 9052 section 7). A private member is not looked at.

        Raises:
            RejectedInputError: ``key-malformed`` or ``key-unsupported``.
            UntrustedError: ``key-weak``.
            ValueError: for an algorithm this key cannot use, or an impossible key id.
        """
        handle, members = _forms.from_cose_key(data)
        kid, alg = members.get(_forms.KID), members.get(_forms.ALG)
        stated_id = kid if isinstance(kid, bytes) else None
        stated_algorithm = alg if type(alg) is int else None
        return cls._from_form(handle, (algorithm, key_id), (stated_algorithm, stated_id))

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
    def _from_form(
        cls,
        handle: _forms.Handle,
        given: tuple[int | None, bytes | None],
        stated: tuple[int | None, bytes | None],
    ) -> Self:
        """A key in a form that may state its algorithm and id; what the caller gives goes before."""
        try:
            key = cls._from_handle(handle, *stated) if None in given else None
        except ValueError as cause:
            raise RejectedInputError("key-unsupported", "The key's stated algorithm or id does not fit it") from cause
        algorithm, key_id = given
        if key is not None:
            algorithm = key.algorithm if algorithm is None else algorithm
            key_id = key.key_id if key_id is None else key_id
        return cls._from_handle(handle, algorithm, key_id)

    @classmethod
    def _from_handle(cls, handle: _forms.Handle, algorithm: int | None, key_id: bytes | None) -> Self:
        kind = _class_of(handle)
        if algorithm is None:
            algorithm = kind.algorithms[0]
        if algorithm not in kind.algorithms:
            msg = f"this key cannot be used with COSE algorithm {algorithm}"
            raise ValueError(msg)
        cose_key = _cbor.encode(_forms.to_cose_map(handle))
        if key_id is None:
            key_id = hashlib.sha256(cose_key).digest()[:KEY_ID_BYTES]
        if not 1 <= len(key_id) <= MAX_KEY_ID_BYTES:
            msg = f"a key id has 1 to {MAX_KEY_ID_BYTES} bytes"
            raise ValueError(msg)
        check = _check_for(handle, kind)
        return cls(
            key_id=key_id,
            algorithm=algorithm,
            cose_key=cose_key,
            algorithms=kind.algorithms,
            handle=handle,
            check=check,
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
    def algorithms(self) -> tuple[int, ...]:
        """Every algorithm number a signature of this key may be labelled with."""
        return self._algorithms

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
        """The key as a deterministic COSE_Key with its algorithm and key id."""
        members: dict[int, object] = dict(_forms.to_cose_map(self._handle))
        return _cbor.encode(members | {_forms.KID: self.key_id, _forms.ALG: self.algorithm})

    def __reduce__(self) -> tuple[Callable[[bytes], PublicKey], tuple[bytes]]:
        return PublicKey.from_cose_key, (self.to_cose_key(),)

    def __repr__(self) -> str:
        return f"PublicKey({ALGORITHM_NAMES[self.algorithm]}, key_id={self.key_id.hex()})"


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
        """A fresh key for one of the algorithms in `ALGORITHM_NAMES` except PS256.

        Raises:
            ValueError: for any other number.
        """
        if algorithm in _P256.algorithms:
            return cls._from_handle(ec.generate_private_key(ec.SECP256R1()), algorithm)
        if algorithm in _P384.algorithms:
            return cls._from_handle(ec.generate_private_key(ec.SECP384R1()), algorithm)
        if algorithm in _ED25519.algorithms:
            return cls._from_handle(ed25519.Ed25519PrivateKey.generate(), algorithm)
        if algorithm == ML_DSA_44:
            return cls._from_handle(mldsa.MLDSA44PrivateKey.generate(), algorithm)
        if algorithm == ML_DSA_65:
            return cls._from_handle(mldsa.MLDSA65PrivateKey.generate(), algorithm)
        msg = f"certcore does not sign with COSE algorithm {algorithm}"
        raise ValueError(msg)

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
        encrypted = b"ENCRYPTED" in data
        if encrypted != (password is not None):
            raise RejectedInputError(
                "key-password", "The private key needs a password" if encrypted else "The private key is not encrypted"
            )
        try:
            handle = load_pem_private_key(data, password)
        except UnsupportedAlgorithm as cause:
            raise RejectedInputError("key-unsupported", "The private key is of a kind that is not supported") from cause
        except (ValueError, TypeError) as cause:
            code = "key-password" if encrypted else "key-malformed"
            raise RejectedInputError(
                code, "The private key cannot be read" + (", or the password is wrong" * encrypted)
            ) from cause
        if not isinstance(handle, _PrivateHandle):
            raise RejectedInputError("key-unsupported", "certcore signs with P-256, P-384, Ed25519 and ML-DSA keys")
        return cls._from_handle(handle, algorithm, key_id)

    @classmethod
    def from_file(cls, path: str | os.PathLike[str], /, *, password: bytes | None = None) -> Self:
        """The private key in a PEM file.

        Raises:
            RejectedInputError: ``file-unreadable``, or as `from_pem`.
            UntrustedError: ``key-weak``.
        """
        data = _files.read(path, max_bytes=_forms.MAX_KEY_BYTES)
        return cls.from_pem(data, password=password)

    @classmethod
    def _from_handle(cls, handle: _PrivateHandle, algorithm: int | None, key_id: bytes | None = None) -> Self:
        checked = _forms.checked(handle.public_key())
        public = PublicKey._from_handle(checked, algorithm, key_id)  # noqa: SLF001  same module
        return cls(handle, public, _sign_with(handle))

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


def _class_of(handle: _forms.Handle) -> _KeyClass:
    if isinstance(handle, ec.EllipticCurvePublicKey):
        return _P256 if handle.curve.name == "secp256r1" else _P384
    if isinstance(handle, ed25519.Ed25519PublicKey):
        return _ED25519
    if isinstance(handle, rsa.RSAPublicKey):
        return _RSA
    return _ML_DSA_44 if isinstance(handle, mldsa.MLDSA44PublicKey) else _ML_DSA_65


def _signature_bytes(handle: _forms.Handle) -> int:
    return (handle.key_size + 7) // 8 if isinstance(handle, rsa.RSAPublicKey) else _class_of(handle).signature_bytes


def _algorithm_number(name: str) -> int:
    for number, known in ALGORITHM_NAMES.items():
        if known == name:
            return number
    raise RejectedInputError("key-unsupported", "The JWK's algorithm is not one that certcore uses")


def _check_for(handle: _forms.Handle, kind: _KeyClass) -> _Check:
    """The function that checks one signature with this key; built once, because it is the hot path."""
    size = _signature_bytes(handle)
    half = size // 2

    if isinstance(handle, ec.EllipticCurvePublicKey):
        ecdsa = ec.ECDSA(kind.digest)  # type: ignore[arg-type]  # the elliptic-curve classes have one

        def verify(signature: bytes, data: bytes) -> None:
            r, s = int.from_bytes(signature[:half], "big"), int.from_bytes(signature[half:], "big")
            handle.verify(encode_dss_signature(r, s), data, ecdsa)
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


def _sign_with(handle: _PrivateHandle) -> Callable[[bytes], bytes]:
    if not isinstance(handle, ec.EllipticCurvePrivateKey):
        return handle.sign
    half = (handle.key_size + 7) // 8
    ecdsa = ec.ECDSA(_P256.digest if half == _P256.signature_bytes // 2 else _P384.digest)  # type: ignore[arg-type]  # both have one

    def sign(data: bytes) -> bytes:
        r, s = decode_dss_signature(handle.sign(data, ecdsa))
        return r.to_bytes(half, "big") + s.to_bytes(half, "big")

    return sign
