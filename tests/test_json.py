"""JSON read strictly, and base64url in one form: the rules that every door shares."""

from __future__ import annotations

from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from certcore import _base64url, _json
from certcore.errors import CertcoreError
from certcore.keys import PublicKey
from certcore.status.tokenlist import open_token
from certcore.trust import KeyUsage, signer_lists

BAD = [
    '{"a": 1, "a": 1}',
    '{"a": {"b": 1, "b": 2}}',
    '{"a": NaN}',
    '{"a": Infinity}',
    '{"a": -Infinity}',
    '{"a": 1e999}',
    '{"a": -1e999}',
    '{"a": ' + "[" * 65 + "]" * 65 + "}",
    '{"a": ' + "[" * 100_000 + "]" * 100_000 + "}",
    '{"a": [' + "[]," * 100_000 + "[]]}",
    '{"a": ' + "9" * 5000 + "}",
    '{"a": 1',
    "{'a': 1}",
    "",
]


@pytest.mark.parametrize("text", BAD, ids=lambda text: text[:30])
def test_what_is_refused(text: str) -> None:
    """As text and as bytes, always a ValueError."""
    for data in (text, text.encode()):
        with pytest.raises(ValueError, match=r".+"):
            _json.decode(data)


def test_what_is_no_utf_8() -> None:
    """JSON between strangers is UTF-8 (RFC 8259 section 8.1), without a byte order mark."""
    for data in (b"\xff\xfe[\x00]\x00", b"\xef\xbb\xbf[]", b'"\xff"'):
        with pytest.raises(ValueError, match=r".+"):
            _json.decode(data)


def test_what_is_read() -> None:
    """Everything that JSON has, up to the deepest nesting."""
    assert {"a": [1, 2.5, None, True, "é"]} == _json.decode('{"a": [1, 2.5, null, true, "\\u00e9"]}')
    assert isinstance(_json.decode("[" * 64 + "]" * 64), list)


@pytest.mark.parametrize("text", BAD[:10], ids=lambda text: text[:30])
def test_every_door_reads_alike(text: str) -> None:
    """A key, a key set, a list of signers and a status token: what is bad JSON in one is bad in all."""
    jwk = '{"kty":"OKP","crv":"Ed25519","x":"AAAA","more":' + text + "}"
    header = _base64url.encode(b'{"alg":"ES256","typ":"statuslist+jwt","more":' + text.encode() + b"}")
    for door in (
        lambda: PublicKey.from_jwk(jwk),
        lambda: signer_lists.read_eu(text, usage=KeyUsage.CERTIFICATE),
        lambda: open_token(f"{header}.e30.AA".encode(), uri="https://a.example/1", keys=[], now=None),
    ):
        with pytest.raises(CertcoreError) as caught:
            door()
        assert caught.value.code in {"key-malformed", "signer-list-malformed", "status-list-malformed"}


@given(st.binary(max_size=40))
def test_base64url_round_trip(data: bytes) -> None:
    """Whatever the bytes."""
    assert data == _base64url.decode(_base64url.encode(data))


def test_base64url_has_one_form() -> None:
    """Of all texts of two and three characters, each one that is read is what its bytes are written as."""
    alphabet = "AB_-+/=Z9g"
    for size in (1, 2, 3):
        for characters in product(alphabet, repeat=size):
            text = "".join(characters)
            try:
                data = _base64url.decode(text)
            except ValueError:
                continue
            assert text == _base64url.encode(data)
    wrong: tuple[object, ...] = ("QQ==", "QR", "QQ=", "Q Q", "QQ\n", "é", None, b"QQ")
    for value in wrong:
        with pytest.raises(ValueError, match=r".+"):
            _base64url.decode(value)
