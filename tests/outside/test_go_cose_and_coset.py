"""Messages that go-cose and coset refuse while reading them: certcore does too, before it looks at any key."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from certcore import cose
from certcore.errors import CertcoreError
from certcore.keys import PublicKey
from tests.conftest import vector_files, vector_rows
from tests.outside.cases import outcome_of, read_json, usable_keys

pytestmark = [pytest.mark.vectors, pytest.mark.usefixtures("vectors")]

GO_COSE = "go-cose/sign1-verify-negative-*.json"
COSET_SIGN1 = "coset/sign1_decode_fail.json"
COSET_ENCRYPT0 = "coset/encrypt0_decode_fail.json"
SIGN1_TAG = b"\xd2"


def go_cose_key(vectors: Path) -> list[PublicKey]:
    """A key whose algorithm is that of the messages."""
    return usable_keys(read_json(vectors / vector_files(GO_COSE)[0])["key"])


@pytest.mark.parametrize("path", vector_files(GO_COSE))
def test_go_cose(vectors: Path, path: str) -> None:
    """A message with a fault in its structure is malformed, with the key its algorithm needs and without any."""
    vector = read_json(vectors / path)
    case = vector["sign1::verify"]
    message = bytes.fromhex(case["taggedCOSESign1"]["cborHex"])
    assert not case["shouldVerify"]
    assert "malformed" == outcome_of(message, usable_keys(vector["key"]))
    assert "malformed" == outcome_of(message, [])


def test_go_cose_signature_alone(vectors: Path) -> None:
    """The same message without any fault in its structure reaches the signature, and then fails by that."""
    message = bytes.fromhex("d28443a10126a10442313154546869732069732074686520636f6e74656e742e5840" + 64 * "ff")
    assert "signature-invalid" == outcome_of(message, go_cose_key(vectors))


@pytest.mark.parametrize("row", vector_rows(COSET_SIGN1) + vector_rows(COSET_ENCRYPT0))
@pytest.mark.parametrize("tag", [b"", SIGN1_TAG], ids=["as-is", "tagged"])
def test_coset(vectors: Path, row: dict[str, Any], tag: bytes) -> None:
    """What coset cannot decode is malformed, as it is and behind the tag of COSE_Sign1, with a key and without any."""
    message = tag + bytes.fromhex(row["hex"])
    assert not row["valid"]
    assert "malformed" == outcome_of(message, go_cose_key(vectors))
    assert "malformed" == outcome_of(message, [])
    with pytest.raises(CertcoreError) as caught:
        cose.read_certificate(message)
    assert "malformed" == caught.value.code


def test_number_of_cases() -> None:
    """As many messages are there as when this was written."""
    assert 4 == len(vector_files(GO_COSE))
    assert (15, 5) == (len(vector_rows(COSET_SIGN1)), len(vector_rows(COSET_ENCRYPT0)))
