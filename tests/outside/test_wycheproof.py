"""Signatures made to mislead: Project Wycheproof's, under `PublicKey.verify`.

None of these files has a result "acceptable", on which libraries may differ; should one come, `test_group` fails and
it must be decided.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

import pytest

from certcore import _cbor
from certcore.keys import PublicKey
from tests.conftest import vector_rows
from tests.outside.cases import read_json, result_of

pytestmark = [pytest.mark.vectors, pytest.mark.usefixtures("vectors")]

FILES: Final = {
    "ecdsa_secp256r1_sha256_p1363_test": (112, 173, 89),
    "ecdsa_secp384r1_sha384_p1363_test": (104, 193, 87),
    "ed25519_test": (78, 88, 63),
}
"""The files, with their groups, each of one key, and of the tests in these the valid and the invalid."""

GROUPS: Final = [
    pytest.param(group, id=f"{file}-{number}")
    for file in FILES
    for number, group in enumerate(vector_rows(f"wycheproof/{file}.json", "testGroups"))
]

OUTCOMES: Final = {"valid": None, "invalid": "signature-invalid"}


def cose_key_of(public: dict[str, str]) -> bytes:
    """The key of a group as a COSE_Key."""
    if "pk" in public:
        return _cbor.encode({1: 1, -1: 6, -2: bytes.fromhex(public["pk"])})
    point = bytes.fromhex(public["uncompressed"])[1:]
    curve = {"secp256r1": 1, "secp384r1": 2}[public["curve"]]
    half = len(point) // 2
    return _cbor.encode({1: 2, -1: curve, -2: point[:half], -3: point[half:]})


def key_of(group: dict[str, Any]) -> PublicKey:
    """The key of a group, which is one key in every form it is stated in."""
    forms = [
        PublicKey.from_pem(group["publicKeyPem"].encode()),
        PublicKey.from_cose_key(cose_key_of(group["publicKey"])),
    ]
    if "publicKeyJwk" in group:
        forms.append(PublicKey.from_jwk(group["publicKeyJwk"]))
    assert 1 == len({key.thumbprint for key in forms})
    return forms[0]


def outcome_of(key: PublicKey, test: dict[str, Any]) -> str | None:
    """What came of checking one signature: nothing, or the code it was refused with."""
    return result_of(key.verify, bytes.fromhex(test["sig"]), bytes.fromhex(test["msg"]))


@pytest.mark.parametrize("group", GROUPS)
def test_group(group: dict[str, Any]) -> None:
    """A valid signature verifies; an invalid one is refused as such, and with no other error."""
    key = key_of(group)
    expected = {f"tcId {test['tcId']}": OUTCOMES[test["result"]] for test in group["tests"]}
    assert expected == {f"tcId {test['tcId']}": outcome_of(key, test) for test in group["tests"]}


@pytest.mark.parametrize("file", FILES)
def test_number_of_cases(vectors: Path, file: str) -> None:
    """As many groups and tests are in a file as when this was written, and as many as it says."""
    data = read_json(vectors / f"wycheproof/{file}.json")
    results = [test["result"] for group in data["testGroups"] for test in group["tests"]]
    assert FILES[file] == (len(data["testGroups"]), results.count("valid"), results.count("invalid"))
    assert data["numberOfTests"] == len(results)
