"""Single signers of somebody else's: files taken apart and entries read; whole lists are in test_signer_lists."""

from __future__ import annotations

import base64

import pytest

from certcore.errors import RejectedInputError
from certcore.keys import ES256
from certcore.trust import _signers
from tests.strategies import fixed_signer

SIGNER = fixed_signer(ES256, 31)


def body_of(pem: bytes) -> str:
    """The Base64 of a PEM block, in one line."""
    return "".join(pem.decode().splitlines()[1:-1])


def test_pem_blocks_are_taken_apart() -> None:
    """Label and Base64 of each, with whatever white space and text between."""
    data = b"x\n-----BEGIN A B-----\r\n QU\nI= \r\n-----END A B-----y-----BEGIN C-----\n-----END C-----\n"

    assert [(b"A B", b"QUI="), (b"C", b"")] == list(_signers.pem_blocks(data))


@pytest.mark.parametrize("data", [b"-----BEGIN A-----", b"-----BEGIN A-----\n-----END B-----", b"-----BEGIN " * 9])
def test_pem_blocks_without_an_end(data: bytes) -> None:
    """A block that nothing ends is malformed."""
    with pytest.raises(RejectedInputError) as caught:
        list(_signers.pem_blocks(data))
    assert "signer-list-malformed" == caught.value.code


def test_der_items_are_taken_apart() -> None:
    """Sequences follow one another, with lengths of every form."""
    items = [b"0\x01x", b"0\x81\x80" + bytes(128), b"0\x82\x01\x00" + bytes(256), b"0\x83\x00\x00\x01x"]

    assert items == [base64.b64decode(item) for item in _signers.der_items(b"".join(items))]


def test_a_public_key_in_base64() -> None:
    """A SubjectPublicKeyInfo goes by the id that is stated, or by certcore's own."""
    text = body_of(SIGNER.public_key.to_pem())

    assert (b"id",) == _signers.from_public_key(text, b"id").key_ids
    assert (SIGNER.public_key.key_id,) == _signers.from_public_key(text, None).key_ids
    assert _signers.from_public_key(text, None).window is None


@pytest.mark.parametrize("text", ["QUI=", "QUI", "QUI=="])
def test_base64_with_and_without_padding(text: str) -> None:
    """Lists in use leave padding out, or have too much of it."""
    assert b"AB" == _signers.base64_bytes(text)


@pytest.mark.parametrize("value", ["Q", "Q U I", "QU-_", "é", "\ud800", 5, None, b"QUI="])
def test_what_is_no_base64(value: object) -> None:
    """Anything else, another alphabet included, makes the entry unusable."""
    with pytest.raises(RejectedInputError) as caught:
        _signers.base64_bytes(value)
    assert "signer-list-entry" == caught.value.code


def test_a_jwk_without_its_kid() -> None:
    """A JWK's key is read whatever its kid is, also where that is longer than any key id."""
    jwk = {
        "kty": "OKP",
        "crv": "Ed25519",
        "kid": "x" * 99,
        "x": base64.urlsafe_b64encode(bytes.fromhex("d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a"))
        .rstrip(b"=")
        .decode(),
    }

    assert b"id" == _signers.jwk_key(jwk, key_id=b"id").key_id
    assert 4 == len(_signers.jwk_key(jwk).key_id)
