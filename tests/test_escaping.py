"""Strangers' characters made visible."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from certcore._escaping import escape


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("闽C·12345 Ünï", "闽C·12345 Ünï"),
        ("\x1b[31m", "\\x1b[31m"),
        ("a\u202eb\u2066c", "a\\u202eb\\u2066c"),
        ("a\u200bb\u00adc\u3164d", "a\\u200bb\\xadc\\u3164d"),
        ("\n\r\t\\n", "\\n\\r\\t\\\\n"),
        ("\u2028\u00a0\u3000", "\\u2028\\xa0\\u3000"),
        ("\ud800\ue000\U000e0041", "\\ud800\\ue000\\U000e0041"),
    ],
)
def test_what_is_not_printed_as_itself_is_escaped(text: str, expected: str) -> None:
    """Control, bidirectional, invisible and private characters, odd spaces and the backslash become escapes."""
    assert expected == escape(text)


@given(st.text())
def test_whatever_comes_out_is_printable(text: str) -> None:
    """No text makes it let anything through that could act on a screen."""
    assert escape(text).isprintable()


@given(st.text(), st.text())
def test_no_two_texts_look_the_same(one: str, other: str) -> None:
    """The escapes can be told from text, so that different texts stay different."""
    assert (one == other) == (escape(one) == escape(other))
