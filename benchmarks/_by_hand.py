"""What an engineer writes without certcore: Base45, CBOR and the signature, and nothing of trust, status or dates.

It imports nothing of certcore, because it also runs in the environments of other libraries.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import cbor2
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from cryptography.hazmat.primitives.serialization import load_pem_public_key

_DIGITS = {letter: value for value, letter in enumerate("0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ $%*+-./:")}
_PREFIX = "VIC1:"


def base45(text: str) -> bytes:
    """RFC 9285, from the RFC's text."""
    digits = [_DIGITS[letter] for letter in text]
    found = bytearray()
    for place in range(0, len(digits) - 2, 3):
        found += (digits[place] + 45 * digits[place + 1] + 2025 * digits[place + 2]).to_bytes(2, "big")
    if len(digits) % 3:
        found.append(digits[-2] + 45 * digits[-1])
    return bytes(found)


def message(text: str) -> bytes:
    """The COSE message that a text carries."""
    if not text.startswith(_PREFIX):
        raise ValueError("no certificate")
    return base45(text.removeprefix(_PREFIX))


def checker(pem: bytes) -> Callable[[bytes, bytes], None]:
    """Checks a signature over some bytes."""
    key = load_pem_public_key(pem)
    if isinstance(key, ed25519.Ed25519PublicKey):
        return key.verify
    assert isinstance(key, ec.EllipticCurvePublicKey)
    ecdsa = ec.ECDSA(hashes.SHA256())

    def check(signature: bytes, signed: bytes) -> None:
        r, s = (int.from_bytes(half, "big") for half in (signature[:32], signature[32:]))
        key.verify(encode_dss_signature(r, s), signed, ecdsa)

    return check


def parts(text: str) -> tuple[bytes, bytes]:
    """The signature, and what it is over (RFC 9052 section 4.4)."""
    found: Any = cbor2.loads(message(text))
    protected, _, payload, signature = found.value if hasattr(found, "value") else found
    return signature, cbor2.dumps(["Signature1", protected, b"", payload])


def verifier(pem: bytes) -> Callable[[str], dict[int, Any]]:
    """From a text to its claims."""
    check = checker(pem)

    def verify(text: str) -> dict[int, Any]:
        found: Any = cbor2.loads(message(text))
        protected, _, payload, signature = found.value if hasattr(found, "value") else found
        check(signature, cbor2.dumps(["Signature1", protected, b"", payload]))
        claims: dict[int, Any] = cbor2.loads(payload)
        return claims

    return verify
