"""The test vectors of the IETF draft on Token Status Lists: every indexed expectation, and the example tokens."""

from __future__ import annotations

import base64
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final

import pytest

from certcore import _cbor, cose
from certcore.errors import StatusError
from certcore.keys import PublicKey
from certcore.status import tokenlist
from certcore.status.protocol import StatusState
from certcore.status.tokenlist import StatusList, StatusToken
from tests.conftest import vector_rows
from tests.outside.cases import read_json, result_of

pytestmark = [pytest.mark.vectors, pytest.mark.usefixtures("vectors")]

FILE: Final = "status-list/ietf_status_list_vectors.json"
PAGES: Final = "status-list/draft-examples"
URI: Final = "https://example.com/statuslists/1"
ISSUED: Final = datetime.fromtimestamp(1686920170, UTC)
EXPIRES: Final = datetime.fromtimestamp(2291720170, UTC)
NOW: Final = datetime(2026, 10, 1, tzinfo=UTC)
SMALL: Final = {
    "b9a3": [1, 0, 0, 1, 1, 1, 0, 1, 1, 1, 0, 0, 0, 1, 0, 1],
    "c944f9": [1, 2, 0, 3, 0, 1, 0, 1, 1, 2, 3, 3],
}
"""What the draft's sections 4.2 and 4.3 say the two small lists hold."""

NUMBER_OF_EXPECTATIONS: Final = 293

large = pytest.mark.parametrize(
    "row", vector_rows(FILE, "large"), ids=lambda row: f"{row['bits']} bits" if row else "-"
)
small = pytest.mark.parametrize("row", vector_rows(FILE, "small"), ids=lambda row: row["byte_array"] if row else "-")


def base64url(text: str) -> bytes:
    """What base64url without padding stands for."""
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def from_json(members: dict[str, Any]) -> StatusList:
    """A list in its JSON form."""
    return StatusList.from_members({**members, "lst": base64url(members["lst"])})


def tokens_of(vectors: Path) -> tuple[dict[str, Any], PublicKey]:
    """The example tokens and the key that signed them."""
    tokens = read_json(vectors / FILE)["tokens"]
    return tokens, PublicKey.from_jwk(tokens["public_key_jwk"])


@large
def test_large(row: dict[str, Any]) -> None:
    """Every listed index of a list with a million entries has its value, and all the others have the default."""
    entries = StatusList.from_bytes(bytes.fromhex(row["cbor_hex"]))
    expected = {int(index): value for index, value in row["nonzero_or_listed"].items()}
    assert (row["bits"], row["size_entries"]) == (entries.bits, len(entries))
    assert expected == {index: entries.get(index) for index in expected}
    assert StatusList.from_values(expected, size=row["size_entries"], bits=row["bits"]) == entries
    assert 0 == row["default"]


def test_number_of_expectations() -> None:
    """All the draft's indexed expectations are there to be checked."""
    rows = vector_rows(FILE, "large")
    assert NUMBER_OF_EXPECTATIONS == sum(len(row["nonzero_or_listed"]) for row in rows)
    assert [1, 2, 4, 8] == [row["bits"] for row in rows]


@large
def test_large_in_both_forms(row: dict[str, Any]) -> None:
    """The JSON form holds the same list, and written again it reads the same."""
    entries = StatusList.from_bytes(bytes.fromhex(row["cbor_hex"]))
    assert entries == from_json(row["json"])
    assert entries == StatusList.from_bytes(entries.to_bytes())


@large
def test_large_beyond(row: dict[str, Any]) -> None:
    """One entry further there is none; a limit one byte lower refuses the list."""
    data = bytes.fromhex(row["cbor_hex"])
    entries = StatusList.from_bytes(data, max_list_bytes=row["size_entries"] * row["bits"] // 8)
    with pytest.raises(StatusError) as beyond:
        entries.get(row["size_entries"])
    assert "status-unknown-reference" == beyond.value.code
    with pytest.raises(StatusError) as limited:
        StatusList.from_bytes(data, max_list_bytes=len(entries.data) - 1)
    assert "status-list-too-large" == limited.value.code


@small
def test_small(row: dict[str, Any]) -> None:
    """The draft's two small lists unpack to the values it prints, in both forms, and pack to its bytes."""
    entries = StatusList.from_bytes(bytes.fromhex(row["cbor_hex"]))
    values = SMALL[row["byte_array"]]
    assert values == [entries.get(index) for index in range(len(entries))]
    assert bytes.fromhex(row["byte_array"]) == entries.data
    assert entries == from_json(row["json"])
    assert entries == StatusList.from_values(dict(enumerate(values)), size=len(values), bits=row["bits"])


@small
def test_small_changed(row: dict[str, Any]) -> None:
    """A list cut anywhere, or with a byte behind it, is no list."""
    data = bytes.fromhex(row["cbor_hex"])
    for changed in [*(data[:end] for end in range(len(data))), data + b"\x00"]:
        assert "status-list-malformed" == result_of(StatusList.from_bytes, changed)


@pytest.mark.parametrize(
    ("name", "encoding", "open_it", "media_type"),
    [
        ("status_list_token_cwt_hex", bytes.fromhex, tokenlist.open_token, tokenlist.STATUS_LIST_TYPE),
        ("status_list_token_jwt", str.encode, tokenlist.open_jwt_token, tokenlist.STATUS_LIST_JWT_MEDIA_TYPE),
    ],
    ids=["cwt", "jwt"],
)
def test_token(
    vectors: Path, name: str, encoding: Callable[[str], bytes], open_it: Callable[..., StatusToken], media_type: str
) -> None:
    """The example token opens in both forms under the key of the examples, and says what the draft shows."""
    tokens, key = tokens_of(vectors)
    data = encoding(tokens[name])
    token = open_it(data, uri=URI, keys=[key], now=NOW)
    expected = StatusToken(
        uri=URI,
        status_list=StatusList.from_packed(bytes.fromhex("b9a3"), bits=1),
        issued_at=ISSUED,
        expires_at=EXPIRES,
        ttl=timedelta(hours=12),
        key_id=b"12",
        media_type=media_type,
        data=data,
    )
    assert expected == token
    assert StatusState.REVOKED is token.status_list.state(0)
    assert "status-list-subject" == result_of(open_it, data, uri=URI + "0", keys=[key], now=NOW)
    assert "status-list-expired" == result_of(open_it, data, uri=URI, keys=[key], now=EXPIRES)
    assert "status-list-signature" == result_of(open_it, data, uri=URI, keys=[], now=NOW)


def test_raw_jwt_is_the_page(vectors: Path) -> None:
    """The JWT is the one that the draft prints, its line breaks undone."""
    tokens, _ = tokens_of(vectors)
    shown = (vectors / PAGES / "status_list_jwt_raw.md").read_text("ascii")
    assert "".join(shown.split()) == tokens["status_list_token_jwt"]


def test_referenced_token(vectors: Path) -> None:
    """The example of a certificate that names the list leads to its entry, and is itself no list."""
    tokens, key = tokens_of(vectors)
    data = bytes.fromhex(tokens["referenced_token_cwt_hex"])
    claims = _cbor.decode_general(cose.open_sign1(data, keys=[key]).payload, max_bytes=1000)
    reference = claims[65535]["status_list"]
    token = tokenlist.open_token(
        bytes.fromhex(tokens["status_list_token_cwt_hex"]), uri=reference["uri"], keys=[key], now=NOW
    )
    record = tokenlist.status_record(reference["idx"], tokens=[token])
    assert [StatusState.REVOKED] == [seen.state for seen in record.observations]
    assert "status-list-type" == result_of(tokenlist.open_token, data, uri=reference["uri"], keys=[key], now=NOW)
