"""The algorithms: one row for each, and one for each kind of key. Everything else follows from these rows.

It has numbers, names and sizes. Reading keys is in `_forms`, signing and checking in `_signing`. The key fixes the
algorithm, never the message.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

import attrs
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, mldsa, rsa

ES256: Final = -7
EDDSA: Final = -8
ESP256: Final = -9
ED25519: Final = -19
ES384: Final = -35
PS256: Final = -37
ML_DSA_44: Final = -48
ML_DSA_65: Final = -49
ESP384: Final = -51

# COSE key types (RFC 9053 section 7, RFC 8230 section 4, RFC 9964)
OKP, EC2, RSA, AKP = 1, 2, 3, 7


@attrs.frozen(kw_only=True, eq=False)
class KeyKind:
    """A kind of key.

    Attributes:
        name: for people.
        public_class: what `cryptography` makes of it.
        generate: makes a private key; None where certcore does not sign with it.
        cose_type: its COSE key type.
        cose_curve: its COSE curve, if it has one.
        jwk_type: its type in a JWK.
        jwk_curve: its curve there.
        curve: what `cryptography` computes on, for ECDSA.
        digest: what is hashed with, where the key does not say itself.
        signature_bytes: how long signatures are; 0: as long as the key.
    """

    name: str
    public_class: type[Any]
    generate: Callable[[], Any] | None
    cose_type: int
    cose_curve: int | None = None
    jwk_type: str
    jwk_curve: str | None = None
    curve: ec.EllipticCurve | None = None
    digest: hashes.HashAlgorithm | None = None
    signature_bytes: int


@attrs.frozen(kw_only=True)
class Algorithm:
    """An algorithm.

    Attributes:
        number: its COSE number.
        name: its COSE name.
        jose_name: its name in JOSE, if it has one.
        kind: the one kind of key that it is used with.
    """

    number: int
    name: str
    jose_name: str | None
    kind: KeyKind


_P256: Final = KeyKind(
    name="P-256",
    public_class=ec.EllipticCurvePublicKey,
    generate=lambda: ec.generate_private_key(ec.SECP256R1()),
    cose_type=EC2,
    cose_curve=1,
    jwk_type="EC",
    jwk_curve="P-256",
    curve=ec.SECP256R1(),
    digest=hashes.SHA256(),
    signature_bytes=64,
)
_P384: Final = KeyKind(
    name="P-384",
    public_class=ec.EllipticCurvePublicKey,
    generate=lambda: ec.generate_private_key(ec.SECP384R1()),
    cose_type=EC2,
    cose_curve=2,
    jwk_type="EC",
    jwk_curve="P-384",
    curve=ec.SECP384R1(),
    digest=hashes.SHA384(),
    signature_bytes=96,
)
_ED25519: Final = KeyKind(
    name="Ed25519",
    public_class=ed25519.Ed25519PublicKey,
    generate=ed25519.Ed25519PrivateKey.generate,
    cose_type=OKP,
    cose_curve=6,
    jwk_type="OKP",
    jwk_curve="Ed25519",
    signature_bytes=64,
)
_ML_DSA_44: Final = KeyKind(
    name="ML-DSA-44",
    public_class=mldsa.MLDSA44PublicKey,
    generate=mldsa.MLDSA44PrivateKey.generate,
    cose_type=AKP,
    jwk_type="AKP",
    signature_bytes=2420,
)
_ML_DSA_65: Final = KeyKind(
    name="ML-DSA-65",
    public_class=mldsa.MLDSA65PublicKey,
    generate=mldsa.MLDSA65PrivateKey.generate,
    cose_type=AKP,
    jwk_type="AKP",
    signature_bytes=3309,
)
_RSA: Final = KeyKind(
    name="RSA",
    public_class=rsa.RSAPublicKey,
    generate=None,
    cose_type=RSA,
    jwk_type="RSA",
    digest=hashes.SHA256(),
    signature_bytes=0,
)

# RFC 9053 section 2, RFC 9864, RFC 8230, RFC 9964; RFC 7518 and RFC 8037 for JOSE
ALGORITHMS: Final = (
    Algorithm(number=ES256, name="ES256", jose_name="ES256", kind=_P256),
    Algorithm(number=ESP256, name="ESP256", jose_name=None, kind=_P256),
    Algorithm(number=ES384, name="ES384", jose_name="ES384", kind=_P384),
    Algorithm(number=ESP384, name="ESP384", jose_name=None, kind=_P384),
    Algorithm(number=EDDSA, name="EdDSA", jose_name="EdDSA", kind=_ED25519),
    Algorithm(number=ED25519, name="Ed25519", jose_name="Ed25519", kind=_ED25519),
    Algorithm(number=ML_DSA_44, name="ML-DSA-44", jose_name="ML-DSA-44", kind=_ML_DSA_44),
    Algorithm(number=ML_DSA_65, name="ML-DSA-65", jose_name="ML-DSA-65", kind=_ML_DSA_65),
    Algorithm(number=PS256, name="PS256", jose_name="PS256", kind=_RSA),
)
"""Everything that certcore signs or checks. Of one kind of key, the first is the one that its signatures bear."""

KINDS: Final = tuple(dict.fromkeys(row.kind for row in ALGORITHMS))

ALGORITHM_NAMES: Final[Mapping[int, str]] = {row.number: row.name for row in ALGORITHMS}
"""IANA COSE algorithm number to name: everything certcore signs or checks."""

ALGORITHM_NUMBERS: Final[Mapping[str, int]] = {name: number for number, name in ALGORITHM_NAMES.items()}

JOSE_ALGORITHMS: Final[Mapping[str, int]] = {row.jose_name: row.number for row in ALGORITHMS if row.jose_name}
"""The name in JOSE to the COSE number."""

ALGORITHMS_OF: Final[Mapping[KeyKind, tuple[int, ...]]] = {
    kind: tuple(row.number for row in ALGORITHMS if row.kind == kind) for kind in KINDS
}
"""What signatures of a kind of key may be labelled with, the emitted one first."""

KIND_OF: Final[Mapping[int, KeyKind]] = {row.number: row.kind for row in ALGORITHMS}

SIGNING_KINDS: Final = tuple(kind for kind in KINDS if kind.generate is not None)

_SIGNING_NAMES: Final = ", ".join(kind.name for kind in SIGNING_KINDS)
_CHECKED_NAMES: Final = ", ".join(kind.name for kind in KINDS if kind not in SIGNING_KINDS)
USED_TO_SIGN: Final = f"certcore signs with keys of these kinds: {_SIGNING_NAMES}"
USED: Final = f"certcore uses keys of these kinds: {_SIGNING_NAMES}; and, to verify, {_CHECKED_NAMES}"


def kind_of(public_key: Any, /) -> KeyKind | None:  # noqa: ANN401  whatever `cryptography` loaded
    """The kind of a public key; None for one that certcore does not use."""
    for kind in KINDS:
        is_alike = isinstance(public_key, kind.public_class)
        if is_alike and (kind.curve is None or kind.curve.name == public_key.curve.name):
            return kind
    return None


def kind_of_cose_key(key_type: int, curve: int, algorithm: int) -> KeyKind | None:
    """The kind of a COSE_Key; AKP keys are told apart by their algorithm (RFC 9964)."""
    for kind in KINDS:
        is_alike = kind.cose_type == key_type and kind.cose_curve in {None, curve}
        if is_alike and (key_type != AKP or algorithm in ALGORITHMS_OF[kind]):
            return kind
    return None


def kind_of_jwk(key_type: str, curve: str, algorithm: str) -> KeyKind | None:
    """The kind of a JWK, likewise."""
    for kind in KINDS:
        is_alike = kind.jwk_type == key_type and kind.jwk_curve in {None, curve}
        if is_alike and (kind.cose_type != AKP or JOSE_ALGORITHMS.get(algorithm) in ALGORITHMS_OF[kind]):
            return kind
    return None
