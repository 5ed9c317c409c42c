"""The example tokens of the IETF draft on Token Status Lists, as signed CWTs: their signatures, headers and claims."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

import pytest

from certcore import _cbor, cose
from certcore.keys import PublicKey
from tests.outside.cases import outcome_of, read_json

pytestmark = [pytest.mark.vectors, pytest.mark.usefixtures("vectors")]

FOLDER: Final = "status-list"
URI: Final = "https://example.com/statuslists/1"
UNPROTECTED: Final = b"\xa1\x04\x4212"
ISSUED_AT, EXPIRES, TIME_TO_LIVE = 1686920170, 2291720170, 43200

TOKENS: Final[dict[str, tuple[str, dict[int, object], dict[int | str, object]]]] = {
    "status_list_token_cwt_hex": (
        "status_list_cwt.md",
        {1: -7, 16: "application/statuslist+cwt"},
        {
            2: URI,
            6: ISSUED_AT,
            4: EXPIRES,
            65534: TIME_TO_LIVE,
            65533: {"bits": 1, "lst": bytes.fromhex("78dadbb918000217015d")},
        },
    ),
    "referenced_token_cwt_hex": (
        "referenced_token_cwt.md",
        {1: -7},
        {
            2: "12345",
            1: "https://example.com",
            6: ISSUED_AT,
            4: EXPIRES,
            65535: {"status_list": {"idx": 0, "uri": URI}},
        },
    ),
}
"""Each token with the draft's file that shows it, its protected header and its claims."""


def token_of(vectors: Path, name: str) -> tuple[bytes, dict[str, Any]]:
    """An encoded token and the JWK of the key that signed it."""
    tokens = read_json(vectors / FOLDER / "ietf_status_list_vectors.json")["tokens"]
    return bytes.fromhex(tokens[name]), tokens["public_key_jwk"]


@pytest.mark.parametrize("name", TOKENS)
def test_token(vectors: Path, name: str) -> None:
    """A token opens under the key of the examples, found by its key id, and says what the draft shows."""
    data, jwk = token_of(vectors, name)
    page, protected, claims = TOKENS[name]
    key = PublicKey.from_jwk(jwk)
    opened = cose.open_sign1(data, keys=[key])
    assert key == opened.key
    assert protected == opened.protected
    assert {4: b"12"} == opened.unprotected
    assert claims == _cbor.decode_general(opened.payload, max_bytes=len(data))
    shown = (vectors / FOLDER / "draft-examples" / page).read_text("ascii")
    assert data == bytes.fromhex(shown)


@pytest.mark.parametrize("name", TOKENS)
def test_token_changed(vectors: Path, name: str) -> None:
    """A token does not open once any byte is another, but for those of the unprotected header, which nobody signed."""
    data, jwk = token_of(vectors, name)
    keys = [PublicKey.from_jwk(jwk)]
    start = data.index(UNPROTECTED)
    for place in set(range(len(data))) - set(range(start, start + len(UNPROTECTED))):
        changed = data[:place] + bytes([data[place] ^ 1]) + data[place + 1 :]
        assert outcome_of(changed, keys) in {"malformed", "signature-invalid", "key-unknown"}, place
