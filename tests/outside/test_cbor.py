"""The strict CBOR profile on the examples of RFC 8949: of appendix A it takes some, of appendix F none."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from typing import Any

import pytest

from certcore import _cbor
from certcore.errors import RejectedInputError
from tests.conftest import vector_rows

pytestmark = [pytest.mark.vectors, pytest.mark.usefixtures("vectors")]

APPENDIX_A = "cbor/appendix_a.json"
APPENDIX_F = "cbor/rfc8949_appendix_f_not_wellformed.json"
MAX_BYTES = 100

OUTSIDE = object()
"""Stands for a value that the profile does not have."""


def value_of(row: dict[str, Any]) -> object:
    """What an example of appendix A stands for, or `OUTSIDE` the profile.

    The value is the row's member ``decoded``, and where JSON has no such value, its ``diagnostic`` notation: of that,
    ``h'..'`` are bytes and what reads as a Python literal is that; the rest (tags, simple values, undefined, infinity,
    chunks) is outside. So is what does not encode to itself: indefinite lengths, and floating-point numbers longer
    than need be.
    """
    if not row["roundtrip"]:
        return OUTSIDE
    value = row["decoded"] if "decoded" in row else from_diagnostic(row["diagnostic"])
    return value if is_of_profile(value) else OUTSIDE


def from_diagnostic(text: str) -> object:
    """The value of a diagnostic notation, as far as `value_of` says."""
    try:
        return bytes.fromhex(text[2:-1]) if text.startswith("h'") else ast.literal_eval(text)
    except (ValueError, SyntaxError):
        return OUTSIDE


def is_of_profile(value: object) -> bool:
    """Whether the profile has the value: no floating-point number, and no integer that takes a tag."""
    if isinstance(value, list):
        return all(map(is_of_profile, value))
    if isinstance(value, dict):
        return all(type(key) in {int, str} for key in value) and all(map(is_of_profile, value.values()))
    if type(value) is int:
        return -(2**64) <= value < 2**64
    return value is None or type(value) in {bytes, str, bool}


def text_keys(value: object) -> Iterator[str]:
    """The text keys in all maps of a value."""
    if isinstance(value, dict):
        yield from (key for key in value if isinstance(key, str))
    if isinstance(value, (dict, list)):
        for element in value.values() if isinstance(value, dict) else value:
            yield from text_keys(element)


def assert_malformed(data: bytes, *, names: frozenset[str] = frozenset()) -> None:
    """The strict profile refuses the bytes as malformed."""
    with pytest.raises(RejectedInputError) as caught:
        _cbor.decode(data, max_bytes=MAX_BYTES, text_keys=names)
    assert "malformed" == caught.value.code


@pytest.mark.parametrize("row", vector_rows(APPENDIX_A))
def test_appendix_a(row: dict[str, Any]) -> None:
    """A value of the profile is read as stated and written as the same bytes; any other is refused."""
    data, value = bytes.fromhex(row["hex"]), value_of(row)
    if value is OUTSIDE:
        assert_malformed(data, names=frozenset(text_keys(row.get("decoded"))))
        return
    names = frozenset(text_keys(value))
    read = _cbor.decode(data, max_bytes=MAX_BYTES, text_keys=names)
    assert (type(value), value) == (type(read), read)
    assert data == _cbor.encode(read)
    if names:
        assert_malformed(data)


@pytest.mark.parametrize("row", vector_rows(APPENDIX_F))
def test_appendix_f(row: dict[str, Any]) -> None:
    """What is not well-formed is refused as malformed, in the strict profile and out of it."""
    data = bytes.fromhex(row["hex"])
    assert_malformed(data)
    with pytest.raises(RejectedInputError) as caught:
        _cbor.decode_general(data, max_bytes=MAX_BYTES)
    assert "malformed" == caught.value.code


def test_simple_value_of_the_older_rfc() -> None:
    """The one example that RFC 8949 no longer calls well-formed, simple value 24, is refused out of the profile too."""
    (row,) = [row for row in vector_rows(APPENDIX_A) if row["hex"] == "f818"]
    assert OUTSIDE is value_of(row)
    with pytest.raises(RejectedInputError) as caught:
        _cbor.decode_general(bytes.fromhex(row["hex"]), max_bytes=MAX_BYTES)
    assert "malformed" == caught.value.code


def test_number_of_cases() -> None:
    """As many examples are in the profile and out of it as when this was written, and as many are not well-formed."""
    inside = [value_of(row) is not OUTSIDE for row in vector_rows(APPENDIX_A)]
    assert (37, 45) == (inside.count(True), inside.count(False))
    assert 94 == len(vector_rows(APPENDIX_F))
