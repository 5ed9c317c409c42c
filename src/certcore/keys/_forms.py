"""The forms a public key comes in, PEM, X.509, JWK and COSE_Key, each turned into one checked `cryptography` key.

It parses and writes these forms, and refuses keys that must never be trusted (off the curve, small order, short RSA).
Key ids, algorithms and signatures are in `certcore.keys`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, Final, TypeAlias

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, mldsa, rsa
from cryptography.hazmat.primitives.serialization import load_pem_public_key

from certcore import _base64url, _cbor, _json
from certcore.errors import RejectedInputError, UntrustedError
from certcore.keys import _algorithms

if TYPE_CHECKING:
    from cryptography import x509

Handle: TypeAlias = (
    ec.EllipticCurvePublicKey
    | ed25519.Ed25519PublicKey
    | rsa.RSAPublicKey
    | mldsa.MLDSA44PublicKey
    | mldsa.MLDSA65PublicKey
)

MAX_KEY_BYTES: Final = 65_536
"""Bytes of one key in any form; an X.509 certificate with an ML-DSA key and signature has about 8 000."""

# COSE_Key labels (RFC 9052 section 7.1, RFC 9053 section 7.1, RFC 8230 section 4, RFC 9964)
KTY, KID, ALG, KEY_OPS, BASE_IV = 1, 2, 3, 4, 5
CRV, X, Y = -1, -2, -3
RSA_N, RSA_E = -1, -2
AKP_PUB = -1

_VERIFY: Final = 2
_KEY_OPERATIONS: Final = range(1, 11)  # RFC 9052 section 7.1, table 5

MIN_RSA_BITS: Final = 2048
MAX_RSA_BITS: Final = 8192
"""Checking a signature with a longer modulus costs more than a certificate is worth."""

MAX_RSA_EXPONENT_BYTES: Final = 8
"""As with the modulus: a larger public exponent only slows verifiers down."""

_ED25519_P: Final = 2**255 - 19
_ED25519_D: Final = -121665 * pow(121666, -1, _ED25519_P) % _ED25519_P


def from_pem(data: bytes) -> Handle:
    """The public key in a PEM SubjectPublicKeyInfo."""
    _require_bytes(data)
    if b"PRIVATE KEY-----" in data:
        raise RejectedInputError("key-malformed", "This is a private key; a public key belongs here")
    return checked(_parse(lambda: load_pem_public_key(data), "PEM public key"))


def from_x509(data: bytes) -> tuple[Handle, x509.Certificate]:
    """The public key in a certificate, DER or PEM. Neither its chain, validity nor purpose is checked."""
    from cryptography import x509  # noqa: PLC0415  a fifth of the time of importing certcore, and few keys come in one

    _require_bytes(data)
    load = x509.load_pem_x509_certificate if data.lstrip().startswith(b"-----BEGIN") else x509.load_der_x509_certificate
    certificate = _parse(lambda: load(data), "X.509 certificate")
    return checked(_parse(certificate.public_key, "X.509 public key")), certificate


def from_cose_map(key: Mapping[Any, Any]) -> Handle:
    """The public key in a decoded COSE_Key (RFC 9052 section 7). Private members are not looked at."""
    _check_cose_members(key)
    kind = _algorithms.kind_of_cose_key(*(_integer(key.get(label)) for label in (KTY, CRV, ALG)))
    if kind is None:
        raise RejectedInputError(
            "key-unsupported", "The COSE_Key is of a type or on a curve that certcore does not use"
        )
    if kind.curve is not None:
        return checked(_ec_point(kind.curve, _bytes_of(key, X), key.get(Y)))
    if kind.cose_type == _algorithms.RSA:
        return _rsa(_bytes_of(key, RSA_N), _bytes_of(key, RSA_E))
    return _raw(kind, _bytes_of(key, AKP_PUB if kind.cose_type == _algorithms.AKP else X))


def _check_cose_members(key: Mapping[Any, Any]) -> None:
    """The types of what defines no key (RFC 9052 section 7.1), and that the key may check signatures."""
    for label, kinds in ((KID, (bytes,)), (ALG, (int, str)), (BASE_IV, (bytes,))):
        if label in key and (type(key[label]) not in kinds or (type(key[label]) is bytes and not key[label])):
            raise RejectedInputError("key-malformed", f"Member {label} of the COSE_Key is of the wrong type, or empty")
    if type(key.get(ALG)) is str:
        raise RejectedInputError("key-unsupported", "The COSE_Key's algorithm has no number")
    operations = key.get(KEY_OPS, [_VERIFY])
    _check_operations(operations, verify=_VERIFY, types=(int, str))
    if not all(operation in _KEY_OPERATIONS for operation in operations if type(operation) is int):
        raise RejectedInputError("key-malformed", "A key operation of the COSE_Key is unknown")


def _check_operations(operations: object, *, verify: int | str, types: tuple[type, ...]) -> None:
    """What a key may be used for, where it says so: an array, each once, and checking among them."""
    if type(operations) is not list or not operations or not all(type(operation) in types for operation in operations):
        raise RejectedInputError("key-malformed", "A key's operations are an array of one or more")
    if len(set(operations)) != len(operations):
        raise RejectedInputError("key-malformed", "A key's operations are there twice")
    if verify not in operations:
        raise RejectedInputError("key-unsupported", "The key is not for checking signatures")


def from_cose_key(data: bytes) -> tuple[Handle, Mapping[Any, Any]]:
    """The public key in an encoded COSE_Key, and its map."""
    _require_bytes(data)
    key = _parse(lambda: _cbor.decode_general(data, max_bytes=MAX_KEY_BYTES), "COSE_Key")
    if type(key) is not dict or not all(type(label) in (int, str) for label in key):
        raise RejectedInputError("key-malformed", "The COSE_Key is not a map with integer and text labels")
    return from_cose_map(key), key


def from_jwk(jwk: Mapping[str, Any] | str | bytes) -> tuple[Handle, Mapping[str, Any]]:
    """The public key in a JWK (RFC 7517), and its members. Private members are not looked at."""
    if isinstance(jwk, (str, bytes)):
        if len(jwk) > MAX_KEY_BYTES:
            raise RejectedInputError("key-malformed", f"The JWK is longer than {MAX_KEY_BYTES} bytes")
        text = jwk
        jwk = _parse(lambda: _json.decode(text), "JWK")
    if not isinstance(jwk, Mapping):
        raise RejectedInputError("key-malformed", "The JWK is not an object")
    return checked(_jwk_handle(jwk)), jwk


def to_cose_map(handle: Handle) -> dict[int, int | bytes]:
    """The members of a COSE_Key that define the key: those its thumbprint is over (RFC 9679 section 4)."""
    kind = _algorithms.kind_of(handle)
    if kind is None:  # pragma: no cover  `checked` lets no such key through
        raise RejectedInputError("key-unsupported", _algorithms.USED)
    members: dict[int, int | bytes] = {KTY: kind.cose_type}
    if kind.cose_curve is not None:
        members[CRV] = kind.cose_curve
    if isinstance(handle, ec.EllipticCurvePublicKey):
        size = (handle.key_size + 7) // 8
        numbers = handle.public_numbers()
        return members | {X: numbers.x.to_bytes(size, "big"), Y: numbers.y.to_bytes(size, "big")}
    if isinstance(handle, rsa.RSAPublicKey):
        rsa_numbers = handle.public_numbers()
        return members | {RSA_N: _unsigned(rsa_numbers.n), RSA_E: _unsigned(rsa_numbers.e)}
    if isinstance(handle, ed25519.Ed25519PublicKey):
        return members | {X: handle.public_bytes_raw()}
    return members | {ALG: _algorithms.ALGORITHMS_OF[kind][0], AKP_PUB: handle.public_bytes_raw()}


def checked(handle: object) -> Handle:
    """The same key, if it is of a kind certcore uses and fit to be trusted."""
    if _algorithms.kind_of(handle) is None:
        raise RejectedInputError("key-unsupported", _algorithms.USED)
    if isinstance(handle, ed25519.Ed25519PublicKey):
        _refuse_weak_ed25519(handle.public_bytes_raw())
    if isinstance(handle, rsa.RSAPublicKey):
        _refuse_weak_rsa(handle)
    found: Handle = handle  # type: ignore[assignment]  # what `kind_of` knows
    return found


def _refuse_weak_rsa(handle: rsa.RSAPublicKey) -> None:
    if handle.public_numbers().n % 2 == 0:
        raise UntrustedError("key-weak", "An RSA modulus is odd")
    if not MIN_RSA_BITS <= handle.key_size <= MAX_RSA_BITS:
        raise UntrustedError(
            "key-weak", f"An RSA key must have {MIN_RSA_BITS} to {MAX_RSA_BITS} bits", bits=handle.key_size
        )


def _jwk_handle(jwk: Mapping[str, Any]) -> object:
    _check_jwk_members(jwk)
    kty, crv, alg = (member if isinstance(member := jwk.get(name), str) else "" for name in ("kty", "crv", "alg"))
    kind = _algorithms.kind_of_jwk(kty, crv, alg)
    if kind is None:
        raise RejectedInputError("key-unsupported", "The JWK is of a type or on a curve that certcore does not use")
    if kind.curve is not None:
        return _ec_point(kind.curve, _member_bytes(jwk, "x"), _member_bytes(jwk, "y"))
    if kind.cose_type == _algorithms.RSA:
        return _rsa(_member_bytes(jwk, "n"), _member_bytes(jwk, "e"))
    return _raw(kind, _member_bytes(jwk, "pub" if kind.cose_type == _algorithms.AKP else "x"))


def _check_jwk_members(jwk: Mapping[str, Any]) -> None:
    """The types of what defines no key (RFC 7517 section 4), and that the key may check signatures."""
    for name in ("kid", "alg", "use"):
        if name in jwk and not isinstance(jwk[name], str):
            raise RejectedInputError("key-malformed", f"Member {name!r} of the JWK is not text")
    if jwk.get("use", "sig") != "sig":
        raise RejectedInputError("key-unsupported", "The key is not for checking signatures")
    _check_operations(jwk.get("key_ops", ["verify"]), verify="verify", types=(str,))


def _raw(kind: _algorithms.KeyKind, data: bytes) -> Handle:
    """A key that is nothing but bytes."""
    return checked(_parse(lambda: kind.public_class.from_public_bytes(data), f"{kind.name} key"))


def _ec_point(curve: ec.EllipticCurve, x: bytes, y: object) -> ec.EllipticCurvePublicKey:
    """A point from its coordinates; y may be a sign bit (RFC 9053 section 7.1.1)."""
    size = (curve.key_size + 7) // 8
    if len(x) != size or not (type(y) is bool or (type(y) is bytes and len(y) == size)):
        raise RejectedInputError(
            "key-malformed", "A coordinate of the elliptic-curve key is missing or of the wrong length"
        )
    encoded = b"\x04" + x + y if isinstance(y, bytes) else (b"\x03" if y else b"\x02") + x
    try:
        return ec.EllipticCurvePublicKey.from_encoded_point(curve, encoded)
    except ValueError as cause:
        raise UntrustedError("key-weak", "The point is not on its curve") from cause


def _rsa(n: bytes, e: bytes) -> Handle:
    if len(n) > MAX_RSA_BITS // 8 + 1 or len(e) > MAX_RSA_EXPONENT_BYTES:
        raise UntrustedError("key-weak", "The RSA modulus or exponent is longer than certcore uses")
    numbers = rsa.RSAPublicNumbers(int.from_bytes(e, "big"), int.from_bytes(n, "big"))
    return checked(_parse(numbers.public_key, "RSA key"))


def _refuse_weak_ed25519(encoded: bytes) -> None:
    """Refuse what is no point of the curve (RFC 8032 section 5.1.3), and the eight of small order."""
    y = int.from_bytes(encoded, "little") & (2**255 - 1)
    square = y * y
    if square * (square - 1) * (_ED25519_D * square * square + 2 * square - 1) % _ED25519_P == 0:
        # y = 0 has order 4; 1 and -1 have 1 and 2; doubled, a point whose y solves the third factor has y = 0: order 8
        raise UntrustedError("key-weak", "The Ed25519 key is a point of small order")
    u, v = (square - 1) % _ED25519_P, (_ED25519_D * square + 1) % _ED25519_P
    if y >= _ED25519_P or pow(u * v, (_ED25519_P - 1) // 2, _ED25519_P) != 1:
        raise UntrustedError("key-weak", "The Ed25519 key is not a point of the curve")


def _parse(load: Callable[[], Any], what: str) -> Any:  # noqa: ANN401  whatever the loader gives; `checked` narrows it
    try:
        return load()
    except RejectedInputError as cause:
        raise RejectedInputError("key-malformed", f"The {what} cannot be read") from cause
    except UnsupportedAlgorithm as cause:
        raise RejectedInputError("key-unsupported", f"The {what} is of a kind that is not supported") from cause
    except Exception as cause:  # of `cryptography`, whose errors share no class and change
        raise RejectedInputError("key-malformed", f"The {what} cannot be read") from cause


def _require_bytes(data: bytes) -> None:
    if not isinstance(data, bytes):
        msg = f"a key comes as bytes, not {type(data).__name__}"
        raise TypeError(msg)
    if len(data) > MAX_KEY_BYTES:
        raise RejectedInputError("key-malformed", f"The key is longer than {MAX_KEY_BYTES} bytes")


def _integer(value: object) -> int:
    """The value if it is an integer, else 0, which no key type, curve or algorithm has: True equals 1 and is none."""
    return value if type(value) is int else 0


def _bytes_of(key: Mapping[Any, Any], label: int) -> bytes:
    value = key.get(label)
    if type(value) is not bytes:
        raise RejectedInputError("key-malformed", f"Member {label} of the COSE_Key is missing or not bytes")
    return value


def _member_bytes(jwk: Mapping[str, Any], member: str) -> bytes:
    """The bytes of a member in base64url."""
    try:
        return _base64url.decode(jwk.get(member))
    except ValueError as cause:
        raise RejectedInputError(
            "key-malformed", f"Member {member!r} of the JWK is missing or not base64url"
        ) from cause


def _unsigned(number: int) -> bytes:
    return number.to_bytes((number.bit_length() + 7) // 8, "big")
