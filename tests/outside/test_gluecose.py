"""The vectors of gluecose: messages that others made, which open, and the bytes under their signatures."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import pytest

from certcore import _cbor
from tests.conftest import vector_files
from tests.outside.cases import outcome_of, read_json, sig_structure, usable_keys

pytestmark = [pytest.mark.vectors, pytest.mark.usefixtures("vectors")]

NOT_OPENED: Final[Mapping[str, str]] = {
    "ES512": "a P-521 key, which certcore does not use",
    "PS384": "an RSA key goes with PS256 alone",
    "PS512": "an RSA key goes with PS256 alone",
}
"""The algorithms whose messages are refused with ``key-unknown``, and why."""


def expected_of(vector: Mapping[str, Any], payload: bytes) -> bytes | str:
    """What must come of opening the message of a vector."""
    return "key-unknown" if vector["alg"] in NOT_OPENED else payload


@pytest.mark.parametrize("path", vector_files("gluecose/sign1-verify-*.json"))
def test_message_to_verify(vectors: Path, path: str) -> None:
    """A message that others verify opens, unless its algorithm stands in the table."""
    vector = read_json(vectors / path)
    case = vector["sign1::verify"]
    external_aad = bytes.fromhex(case.get("external", ""))
    assert case["shouldVerify"]
    message, keys = bytes.fromhex(case["taggedCOSESign1"]["cborHex"]), usable_keys(vector["key"])
    opened = outcome_of(message, keys, external_aad=external_aad, ignore_key_id=True)
    assert expected_of(vector, b"This is the content.") == opened
    if vector["alg"] == "PS256":  # its message names the key of somebody else
        assert "signature-invalid" == outcome_of(message, keys, external_aad=external_aad)
    else:
        assert opened == outcome_of(message, keys, external_aad=external_aad)


@pytest.mark.parametrize("path", vector_files("gluecose/sign1-sign-*.json"))
def test_message_to_sign(vectors: Path, path: str) -> None:
    """The message that others made of an input opens to that input, unless its algorithm stands in the table."""
    vector = read_json(vectors / path)
    case = vector["sign1::sign"]
    payload, external_aad = bytes.fromhex(case["payload"]), bytes.fromhex(case.get("external", ""))
    message = bytes.fromhex(case["expectedOutput"]["cborHex"])
    detached = payload if case["detached"] else None
    keys = usable_keys(vector["key"])
    opened = outcome_of(message, keys, external_aad=external_aad, payload=detached, ignore_key_id=True)
    assert expected_of(vector, payload) == opened
    header = bytes.fromhex(case["protectedHeaders"]["cborHex"])
    assert case["tbsHex"]["cborHex"] == sig_structure("Signature1", header, external_aad, payload).hex()


@pytest.mark.parametrize("path", vector_files("gluecose/sign1-sign-*.json"))
def test_detached_payload(vectors: Path, path: str) -> None:
    """The same message without its payload opens with it beside it, and not with another, none or two of them."""
    vector = read_json(vectors / path)
    case, keys = vector["sign1::sign"], usable_keys(vector["key"])
    payload, external_aad = bytes.fromhex(case["payload"]), bytes.fromhex(case.get("external", ""))
    whole = bytes.fromhex(case["expectedOutput"]["cborHex"])
    header, unprotected, _, signature = _cbor.decode_general(whole[1:], max_bytes=len(whole))
    message = whole[:1] + _cbor.encode([header, unprotected, None, signature])
    wrong = "key-unknown" if vector["alg"] in NOT_OPENED else "signature-invalid"
    how: dict[str, Any] = {"external_aad": external_aad, "ignore_key_id": True}
    assert expected_of(vector, payload) == outcome_of(message, keys, payload=payload, **how)
    assert wrong == outcome_of(message, keys, payload=payload[1:], **how)
    assert "malformed" == outcome_of(message, keys, external_aad=external_aad)
    assert "malformed" == outcome_of(whole, keys, external_aad=external_aad, payload=payload)


def test_number_of_cases(vectors: Path) -> None:
    """As many vectors are there as when this was written, and every algorithm of the table is among them."""
    read = [read_json(vectors / path) for path in vector_files("gluecose/sign1-*.json")]
    assert 14 == len(read)
    assert {"ES256", "ES384", "PS256", *NOT_OPENED} == {vector["alg"] for vector in read}
    assert 8 == sum(vector["alg"] not in NOT_OPENED for vector in read)
