"""The text in a QR symbol: the prefix, Base45, and that nothing is trimmed, guessed or repaired."""

from __future__ import annotations

import re
import time

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from certcore import armor
from certcore.errors import IssuingError, RejectedInputError
from tests.strategies import BASE45, any_text, base45_like

SECONDS = 20.0
"""Far more than any refusal takes; only a catastrophe takes longer."""

CERTIFICATE = bytes(range(40))
TEXT = armor.encode(CERTIFICATE)


def refusal(text: str) -> RejectedInputError:
    """How a text is refused; at once."""
    begin = time.perf_counter()
    with pytest.raises(RejectedInputError) as caught:
        armor.decode(text)
    assert time.perf_counter() - begin < SECONDS
    return caught.value


# Base45


@pytest.mark.parametrize(
    ("data", "text"),
    [
        (b"", ""),
        (b"AB", "BB8"),
        (b"Hello!!", "%69 VD92EX0"),
        (b"base-45", "UJCLQE7W581"),
        (b"ietf!", "QED8WEX0"),
        (b"\x00", "00"),
        (b"\x00\x00", "000"),
        (b"\xff", "U5"),
        (b"\xff\xff", "FGW"),
    ],
)
def test_base45_examples(data: bytes, text: str) -> None:
    """The examples of RFC 9285 section 4, and the ends of the ranges."""
    assert text == armor.base45_encode(data)
    assert data == armor.base45_decode(text)


@given(st.binary(max_size=300))
def test_base45_round_trip(data: bytes) -> None:
    """Every byte string comes back from its text: three characters for two bytes, two for the last."""
    text = armor.base45_encode(data)

    assert data == armor.base45_decode(text)
    assert len(data) // 2 * 3 + len(data) % 2 * 2 == len(text)
    assert set(text) <= set(BASE45)


@pytest.mark.parametrize("size", [2860, 2861, 2862, 2863, 2864, 2865, 2866, 5001])
def test_base45_of_more_than_a_symbol_holds(size: int) -> None:
    """Around the longest text of a symbol and beyond, every triple counts: the largest is taken, a larger refused."""
    data = b"\xff" * size
    text = armor.base45_encode(data)

    assert data == armor.base45_decode(text)
    for place in (0, size // 4 * 3, (size // 2 - 1) * 3):
        with pytest.raises(RejectedInputError):
            armor.base45_decode(f"{text[:place]}GGW{text[place + 3 :]}")


@given(base45_like)
@example("GGW")
def test_base45_text_is_refused_or_canonical(text: str) -> None:
    """Text over the alphabet stands for no bytes, or is the one text of its bytes."""
    try:
        data = armor.base45_decode(text)
    except RejectedInputError as error:
        code = error.code
    else:
        assert text == armor.base45_encode(data)
        return
    assert "malformed" == code


def test_every_triple_and_pair() -> None:
    """All 91125 triples and 2025 pairs: exactly 65536 and 256 of them stand for bytes."""
    triples = sum(is_base45(third + second + first) for third in BASE45 for second in BASE45 for first in BASE45)
    pairs = sum(is_base45(second + first) for second in BASE45 for first in BASE45)

    assert (1 << 16, 1 << 8) == (triples, pairs)


def is_base45(text: str) -> bool:
    """Whether a text stands for bytes."""
    try:
        armor.base45_decode(text)
    except RejectedInputError:
        return False
    return True


@pytest.mark.parametrize(
    "text",
    ["GGW", ":::", "000:::000", "::", "000::", "V5", "0", "0000", "bb8", "BB8\n", "\nBB8", "BB8\r\n", "BB 8 "]
    + [f"B{character}8" for character in "^_#=,;!&'()[]{}<>?@\\|~`\"\t\n\r\x00\x7f"],
    ids=ascii,
)
def test_not_base45(text: str) -> None:
    """Values too large, a length that leaves one over, and characters outside the alphabet (RFC 9285 section 6)."""
    with pytest.raises(RejectedInputError) as caught:
        armor.base45_decode(text)

    assert "malformed" == caught.value.code
    assert (("layer", "base45"),) == caught.value.detail


@pytest.mark.parametrize(
    "character", ["Ｂ", "ß", "é", "٣", "０", "\ud800", chr(0xDC42), "\ufeff", "\u200b", "\U0001d401"], ids=ascii
)
def test_characters_beyond_ascii(character: str) -> None:
    """Full-width letters, other digits, surrogates and invisible characters are refused, never a UnicodeError."""
    for text in (character, f"{character}B8", f"BB{character}", f"BB8{character}{character}{character}"):
        with pytest.raises(RejectedInputError) as caught:
            armor.base45_decode(text)
        assert "malformed" == caught.value.code


def test_long_base45_is_decoded_in_linear_time() -> None:
    """A million characters are no matter, well formed or not."""
    begin = time.perf_counter()

    assert bytes(2_000_000 // 3 // 2 * 2) == armor.base45_decode("0" * (2_000_000 // 3 // 2 * 3))
    with pytest.raises(RejectedInputError):
        armor.base45_decode("0" * 999_999 + "GGW")
    assert time.perf_counter() - begin < SECONDS


# The text of a certificate


@given(st.binary(min_size=1, max_size=400))
def test_round_trip(data: bytes) -> None:
    """The bytes come back from their text, which QR's alphanumeric mode holds."""
    text = armor.encode(data)

    assert data == armor.decode(text)
    assert re.fullmatch(r"VIC1:[0-9A-Z $%*+\-./:]+", text)
    assert len(armor.PREFIX) + len(data) // 2 * 3 + len(data) % 2 * 2 == len(text)


@given(any_text)
def test_decode_raises_one_error_only(text: str) -> None:
    """Whatever the text, there are bytes or a RejectedInputError."""
    for candidate in (text, armor.PREFIX + text):
        try:
            data = armor.decode(candidate)
        except RejectedInputError:
            continue
        assert candidate == armor.encode(data)


def test_every_prefix_of_a_text() -> None:
    """Cut off anywhere, a text is refused or stands for fewer bytes; it never stands for the certificate."""
    for end in range(len(TEXT)):
        try:
            data = armor.decode(TEXT[:end])
        except RejectedInputError:
            continue
        assert len(CERTIFICATE) > len(data)


@pytest.mark.parametrize(
    "text",
    [
        TEXT.lower(),
        "vic1:" + TEXT[5:],
        "Vic1:" + TEXT[5:],
        TEXT[5:],
        TEXT[1:],
        "VIC2:" + TEXT[5:],
        "VIC1" + TEXT[5:],
        "VIC1;" + TEXT[5:],
        "VIC1%3A" + TEXT[5:],
        "ＶＩＣ１：" + TEXT[5:],
        "VIC１:" + TEXT[5:],
        " " + TEXT,
        "\n" + TEXT,
        "\t" + TEXT,
        "\x00" + TEXT,
        "\ufeff" + TEXT,
        "\u200b" + TEXT,
        "\ud800" + TEXT,
        "VIC1",
        "V",
        " ",
        "\x00",
    ],
    ids=ascii,
)
def test_without_the_prefix(text: str) -> None:
    """Anything but exactly the prefix, at the very beginning, is another format: nothing is guessed."""
    error = refusal(text)

    assert "foreign-format" == error.code
    assert (("format", "unknown"),) == error.detail


@pytest.mark.parametrize(
    "text",
    [
        TEXT + "\n",
        TEXT + "\r\n",
        TEXT + "\r",
        TEXT + "\t",
        TEXT + "\x00",
        TEXT + "\ufeff",
        TEXT + "\u2028",
        TEXT + "\ud800",
        TEXT + "é",
        TEXT + "=",
        "VIC1:" + TEXT[5:].lower(),
        "VIC1:\n" + TEXT[5:],
        "VIC1:" + TEXT[5:20] + "\n" + TEXT[20:],
        "VIC1:" + TEXT[5:20] + "Ａ" + TEXT[21:],
        "VIC1:" + TEXT[5:20] + "\udcff" + TEXT[21:],
        "VIC1:0",
        "VIC1:::",
        "VIC1:GGW",
        "VIC1:^^^",
    ],
    ids=ascii,
)
def test_damaged_texts(text: str) -> None:
    """With the prefix and a stray character, a text is ours and cannot be read; not even a line end is dropped."""
    assert "malformed" == refusal(text).code


def test_prefix_twice() -> None:
    """The prefix is within Base45's alphabet; a second one is data, and never the certificate."""
    try:
        data = armor.decode(armor.PREFIX + TEXT)
    except RejectedInputError:
        return

    assert CERTIFICATE != data


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("HC1:6BF", "eu-dcc"),
        ("shc:/5676", "smart-health-card"),
        ("SHC:/5676", "smart-health-card"),
        ("https://example.com/", "url"),
        ("http://example.com/", "url"),
        ("HTTPS://EXAMPLE.COM/", "url"),
        ("HTTP://EXAMPLE.COM/", "url"),
        ("VC1-ABC", "vc-barcode"),
        ("NZCP:/1/ABC", "nz-covid-pass"),
        ("DC04FR0", "2d-doc"),
        ("eyJhbGciOiJFUzI1NiJ9.e30.x", "jwt"),
        ("HC2:6BF", "unknown"),
        ("hc1:6BF", "unknown"),
        ("HL0:6BF", "unknown"),
        ("闽C12345", "unknown"),
        ("WIFI:S:x;;", "unknown"),
    ],
)
def test_foreign_formats_are_named(text: str, name: str) -> None:
    """Whoever scanned another kind of code is told which, as far as its beginning tells."""
    error = refusal(text)

    assert ("foreign-format", (("format", name),)) == (error.code, error.detail)


def test_no_text() -> None:
    """No text is no certificate; a prefix alone is a certificate without bytes, and malformed."""
    assert "no-certificate" == refusal("").code
    assert "malformed" == refusal(armor.PREFIX).code


def test_the_largest_text() -> None:
    """What fits the largest QR symbol is written and read; one byte more is neither."""
    largest = bytes((armor.MAX_CHARACTERS - len(armor.PREFIX)) // 3 * 2)
    text = armor.encode(largest)

    assert largest == armor.decode(text)
    assert 4295 == len(text)
    with pytest.raises(IssuingError) as caught:
        armor.encode(largest + b"\x00")
    assert "qr-too-large" == caught.value.code
    assert ("malformed", (("layer", "text"),)) == ((error := refusal(text + "00")).code, error.detail)


@pytest.mark.parametrize("text", ["0" * 1_000_000, "VIC1:" + "0" * 1_000_000, "VIC1:" * 200_000, "é" * 1_000_000])
def test_a_megabyte_is_refused_at_once(text: str) -> None:
    """A text that no QR symbol holds is refused before it is decoded."""
    assert refusal(text).code in {"foreign-format", "malformed"}


@pytest.mark.parametrize("value", [b"VIC1:BB8", None, 5])
def test_only_text_is_decoded(value: object) -> None:
    """Bytes where text belongs is a caller's mistake."""
    with pytest.raises((TypeError, AttributeError)):
        armor.decode(value)  # type: ignore[arg-type]  # the mistake under test
