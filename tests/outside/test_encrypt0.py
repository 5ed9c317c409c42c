"""The COSE working group's examples of COSE_Encrypt0, under `cose.unseal`.

certcore's profile is narrower than theirs: untagged, and with a key id. Neither the tag nor a key id in the unprotected
header is among the authenticated bytes, so each example is brought into the profile without touching those. Every one
then opens, or is refused for a reason that stands in a table here.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import pytest

from certcore import _cbor, cose
from certcore.errors import RejectedInputError
from certcore.keys._group import A128GCM, A256GCM, AES_CCM_16_64_128, AES_CCM_16_64_256, GroupKey
from tests.conftest import VECTORS, vector_files
from tests.outside.cases import read_json, result_of

pytestmark = [pytest.mark.vectors, pytest.mark.usefixtures("vectors")]

FOLDER: Final = "cose-wg-examples"
EXAMPLES: Final = vector_files(f"{FOLDER}/*/*.json")
KEY_ID: Final = b"our-secret"
TAG: Final = b"\xd0"

ALGORITHMS: Final = {"A128GCM": A128GCM, "A256GCM": A256GCM} | {
    "AES-CCM-16-128/64": AES_CCM_16_64_128,
    "AES-CCM-16-256/64": AES_CCM_16_64_256,
}
"""What the examples call the algorithms that certcore uses."""

OPENED: Final = frozenset(
    {
        "CWT/A_5",
        "CWT/A_6",
        "RFC8152/Appendix_C_4_1",
        "aes-ccm-examples/aes-ccm-enc-01",
        "aes-ccm-examples/aes-ccm-enc-05",
        "aes-gcm-examples/aes-gcm-enc-01",
        "aes-gcm-examples/aes-gcm-enc-03",
        "encrypted-tests/aes-gcm-01",
        "encrypted-tests/enc-pass-02",
    }
)
"""Every example that must open."""

FAILING: Final[Mapping[str, str]] = {
    "aes-gcm-examples/aes-gcm-enc-04": "confidential-invalid",  # another tag behind the ciphertext
    "encrypted-tests/enc-fail-01": "malformed",  # CBOR tag 995
    "encrypted-tests/enc-fail-02": "confidential-invalid",  # another tag behind the ciphertext
    "encrypted-tests/enc-fail-03": "confidential-invalid",  # algorithm -999
    "encrypted-tests/enc-fail-04": "malformed",  # an algorithm named in text
    "encrypted-tests/enc-fail-06": "malformed",  # a protected header more
    "encrypted-tests/enc-fail-07": "confidential-invalid",  # a protected header less
}
"""Every example that nobody may open, and the code it is refused with."""

NOT_OPENED: Final[Mapping[str, tuple[str, str]]] = {
    "RFC8152/Appendix_C_4_2": ("malformed", "a partial IV, with the rest agreed elsewhere"),
    "aes-ccm-examples/aes-ccm-enc-02": ("confidential-invalid", "a tag of 16 bytes, which is another algorithm"),
    "aes-ccm-examples/aes-ccm-enc-03": ("confidential-invalid", "a nonce of 7 bytes, which is another algorithm"),
    "aes-ccm-examples/aes-ccm-enc-04": ("confidential-invalid", "likewise, and a tag of 16"),
    "aes-ccm-examples/aes-ccm-enc-06": ("confidential-invalid", "a tag of 16 bytes, which is another algorithm"),
    "aes-ccm-examples/aes-ccm-enc-07": ("confidential-invalid", "a nonce of 7 bytes, which is another algorithm"),
    "aes-ccm-examples/aes-ccm-enc-08": ("confidential-invalid", "likewise, and a tag of 16"),
    "aes-gcm-examples/aes-gcm-enc-02": ("confidential-invalid", "AES-192, which certcore does not use"),
    "chacha-poly-examples/chacha-poly-enc-01": ("confidential-invalid", "ChaCha20, which certcore does not use"),
    "countersign/Encrypt-01": ("malformed", "a countersignature in the unprotected header"),
    "countersign/Encrypt-02": ("malformed", "two countersignatures there"),
    "countersign1/Encrypt-01": ("malformed", "a countersignature there"),
    "encrypted-tests/enc-pass-01": ("malformed", "the algorithm is in the unprotected header alone"),
    "encrypted-tests/enc-pass-03": ("malformed", "likewise, and without a tag"),
}
"""Every other example: the code it is refused with, and why certcore does not open it."""


def examples() -> Mapping[str, Mapping[str, Any]]:
    """The examples of COSE_Encrypt0 by folder and name; none where the vectors are missing."""
    paths = [path for path in map(Path, EXAMPLES) if "*" not in path.name]
    read = {f"{path.parent.name}/{path.stem}": read_json(VECTORS / path) for path in paths}
    return {name: example for name, example in read.items() if "encrypted" in example["input"]}


ALL: Final = examples()


def message_of(example: Mapping[str, Any]) -> bytes:
    """The example in certcore's profile: its tag taken off, and a key id put beside its IV."""
    data = bytes.fromhex(example["output"]["cbor"])
    message: Any = _cbor.decode_general(data.removeprefix(TAG), max_bytes=3000)
    header, unprotected, ciphertext = message
    return _cbor.encode([header, {4: KEY_ID, **unprotected}, ciphertext])


def key_of(example: Mapping[str, Any]) -> GroupKey:
    """The example's key; where it is for another algorithm, one of certcore's that is as long, or longer."""
    stated = example["input"]["encrypted"]
    name = {**stated.get("unprotected", {}), **stated.get("protected", {})}["alg"]
    secret = bytes.fromhex(example["intermediates"]["CEK_hex"])
    size, fallback = (16, A128GCM) if len(secret) == 16 else (32, A256GCM)
    return GroupKey(key_id=KEY_ID, algorithm=ALGORITHMS.get(name, fallback), secret=secret.ljust(size, b"\0"))


def outcome_of(example: Mapping[str, Any]) -> bytes | str:
    """The plaintext, or the code that the example is refused with."""
    try:
        data = message_of(example)
    except RejectedInputError as error:
        return error.code
    aad = bytes.fromhex(example["input"]["encrypted"].get("external", ""))
    return result_of(cose.unseal, data, keys=[key_of(example)], external_aad=aad)


def test_every_example_is_in_one_table() -> None:
    """Thirty examples, each in exactly one of the tables."""
    assert [*OPENED, *FAILING, *NOT_OPENED] == list(dict.fromkeys([*OPENED, *FAILING, *NOT_OPENED]))
    assert {*OPENED, *FAILING, *NOT_OPENED} == ALL.keys()
    assert set(FAILING) == {name for name, example in ALL.items() if example.get("fail")}


@pytest.mark.parametrize("name", sorted(OPENED))
def test_examples_that_open(name: str) -> None:
    """What the working group sealed opens, with the right plaintext."""
    stated = ALL[name]["input"]
    plaintext = bytes.fromhex(stated["plaintext_hex"]) if "plaintext_hex" in stated else stated["plaintext"].encode()

    assert plaintext == outcome_of(ALL[name])


@pytest.mark.parametrize(
    ("name", "code"), [*FAILING.items(), *((name, code) for name, (code, _) in NOT_OPENED.items())]
)
def test_examples_that_do_not(name: str, code: str) -> None:
    """What nobody may open, and what certcore does not use, is refused with its code."""
    assert code == outcome_of(ALL[name])


@pytest.mark.parametrize("name", sorted(OPENED))
def test_examples_as_they_are(name: str) -> None:
    """With their tag, or without a key id, examples are outside the profile."""
    data = bytes.fromhex(ALL[name]["output"]["cbor"])

    for given in (data, data.removeprefix(TAG)):
        assert "malformed" == result_of(cose.unseal, given, keys=[key_of(ALL[name])], external_aad=b"")
