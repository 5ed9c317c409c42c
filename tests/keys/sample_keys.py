"""Keys of every algorithm, and the forms that tests write them in."""

from __future__ import annotations

import base64
from datetime import UTC, datetime
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
)

from certcore import _cbor
from certcore.keys import PublicKey
from certcore.keys._algorithms import ALGORITHM_NAMES
from tests.strategies import SIGNING_ALGORITHMS, fixed_signer

P256_ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
P384_ORDER = int("f" * 48 + "c7634d81f4372ddf581a0db248b0a77aecec196accc52973", 16)
ED25519_ORDER = 2**252 + 27742317777372353535851937790883648493
ED25519_PRIME = 2**255 - 19
DATA = b"what is signed"

# RFC 9679 section 6: the example key and its thumbprint
RFC_X = bytes.fromhex("65eda5a12577c2bae829437fe338701a10aaa375e1bb5b5de108de439c08551d")
RFC_Y = bytes.fromhex("1e52ed75701163f7f9e40ddf9f341b3dc9ba860af7e0ca7ca7e9eecd0084d19c")
RFC_THUMBPRINT = "496bd8afadf307e5b08c64b0421bf9dc01528a344a43bda88fadd1669da253ec"

RSA_KEY = rsa.generate_private_key(public_exponent=65537, key_size=2048)
RSA_PEM = RSA_KEY.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)


def spki(key: Any) -> bytes:  # noqa: ANN401  any public key of cryptography's
    """A public key as PEM."""
    pem: bytes = key.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    return pem


def pkcs8(key: Any, password: bytes | None = None) -> bytes:  # noqa: ANN401  any private key of cryptography's
    """A private key as PEM."""
    encryption = BestAvailableEncryption(password) if password else NoEncryption()
    pem: bytes = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, encryption)
    return pem


def base64url(data: bytes) -> str:
    """Base64url without padding."""
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def cose_map(key: PublicKey) -> dict[int, Any]:
    """The members of a key's COSE_Key."""
    members: dict[int, Any] = _cbor.decode(key.to_cose_key(), max_bytes=1 << 16)
    return members


def jwk(key: PublicKey) -> dict[str, Any]:
    """The key as a JWK, without algorithm and id."""
    members = cose_map(key)
    if members[1] == 2:
        crv = {1: "P-256", 2: "P-384"}[members[-1]]
        return {"kty": "EC", "crv": crv, "x": base64url(members[-2]), "y": base64url(members[-3])}
    if members[1] == 1:
        return {"kty": "OKP", "crv": "Ed25519", "x": base64url(members[-2])}
    if members[1] == 3:
        return {"kty": "RSA", "n": base64url(members[-1]), "e": base64url(members[-2])}
    return {"kty": "AKP", "alg": ALGORITHM_NAMES[members[3]], "pub": base64url(members[-1])}


def certificate(algorithm: int) -> x509.Certificate:
    """A self-signed X.509 certificate over a fixed key; only its key matters."""
    private: Any = load_pem_private_key(fixed_signer(algorithm).to_pem(), None)
    digest = hashes.SHA256() if isinstance(private, ec.EllipticCurvePrivateKey) else None
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "Test")])
    return (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(private.public_key())
        .serial_number(1)
        .not_valid_before(datetime(2000, 1, 1, tzinfo=UTC))
        .not_valid_after(datetime(2001, 1, 1, tzinfo=UTC))
        .sign(private, digest)
    )


ALL_KEYS = [*(fixed_signer(algorithm).public_key for algorithm in SIGNING_ALGORITHMS), PublicKey.from_pem(RSA_PEM)]
key_names = [ALGORITHM_NAMES[key.algorithm] for key in ALL_KEYS]
every_key = pytest.mark.parametrize("key", ALL_KEYS, ids=key_names)
every_algorithm = pytest.mark.parametrize("algorithm", SIGNING_ALGORITHMS, ids=str)
