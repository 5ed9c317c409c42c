"""The messages in t_cose's tests, made by three other libraries, under the keys of those tests."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import pytest
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_der_private_key

from certcore.keys import PublicKey
from tests.conftest import vector_rows
from tests.outside.cases import outcome_of, read_json, result_of

pytestmark = [pytest.mark.vectors, pytest.mark.usefixtures("vectors")]

FILE: Final = "t_cose/sign1_known_good.json"

NOT_OPENED: Final[Mapping[str, str]] = {
    "ES512": "a P-521 key, which certcore does not use",
    "PS256": "the RSA key is not among the vectors",
    "PS384": "an RSA key goes with PS256 alone, and the key is not among the vectors",
    "PS512": "an RSA key goes with PS256 alone, and the key is not among the vectors",
}
"""The algorithms whose messages are refused with ``key-unknown``, and why."""


def usable(vectors: Path) -> dict[str, PublicKey]:
    """The public halves of the keys, as far as certcore uses them, by the names they have in t_cose."""
    keys: dict[str, PublicKey] = {}
    for name, der in read_json(vectors / FILE)["keys_der_hex"].items():
        if not der:
            continue
        private = load_der_private_key(bytes.fromhex(der), None)
        pem = private.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
        key = result_of(PublicKey.from_pem, pem)
        if isinstance(key, PublicKey):
            keys[name] = key
        else:
            assert ("ec521_key_pair", "key-unsupported") == (name, key)
    return keys


@pytest.mark.parametrize("row", vector_rows(FILE, "vectors"))
def test_message(vectors: Path, row: dict[str, Any]) -> None:
    """A message opens under the keys of its suite, unless its algorithm stands in the table."""
    assert row["shouldVerify"]
    expected = "key-unknown" if row["alg"] in NOT_OPENED else b"payload"
    assert expected == outcome_of(bytes.fromhex(row["cborHex"]), list(usable(vectors).values()))


def test_number_of_cases(vectors: Path) -> None:
    """As many messages and keys are there as when this was written, and the table names no algorithm besides theirs."""
    algorithms = [row["alg"] for row in vector_rows(FILE, "vectors")]
    assert ["ES256", "ES384", "ES512", "EdDSA", "PS256", "PS384", "PS512"] == sorted(algorithms)
    assert {"ES256", "ES384", "EdDSA"} == set(algorithms) - NOT_OPENED.keys()
    assert ["ec256_key_pair", "ec384_key_pair", "ed25519_private_key"] == sorted(usable(vectors))
