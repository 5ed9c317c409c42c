"""The strict CBOR profile: what it writes, what it reads, and what it refuses, each at once."""

from __future__ import annotations

import contextlib
import random
import time
import tracemalloc
from collections.abc import Callable

import cbor2
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from certcore import _cbor
from certcore.errors import RejectedInputError
from tests.strategies import CborValue, cbor_integers, cbor_values

MAX_BYTES = 1 << 16

SECONDS = 5.0
"""Far more than any refusal takes; only a catastrophe takes longer."""


def decode(data: bytes) -> CborValue:
    """One item of the strict profile, within the usual limit."""
    return _cbor.decode(data, max_bytes=MAX_BYTES)


def assert_malformed(data: bytes, *, text_keys: frozenset[str] = frozenset()) -> None:
    """The bytes are refused as malformed, and at once."""
    begin = time.perf_counter()
    with pytest.raises(RejectedInputError) as caught:
        _cbor.decode(data, max_bytes=MAX_BYTES, text_keys=text_keys)
    assert time.perf_counter() - begin < SECONDS
    assert "malformed" == caught.value.code
    assert ("layer", "cbor") in caught.value.detail


def shared_references(levels: int) -> bytes:
    """Tags 28 and 29: each level is an array of two references to the one below, so that n levels are 2**n leaves."""
    item = b"\xd8\x1c\x81\x00"
    for level in range(levels):
        reference = b"\xd8\x1d" + cbor2.dumps(level)
        item = b"\xd8\x1c\x83" + item + reference + reference
    return item


# Writing


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (0, "00"),
        (23, "17"),
        (24, "1818"),
        (255, "18ff"),
        (256, "190100"),
        (65535, "19ffff"),
        (65536, "1a00010000"),
        (2**32 - 1, "1affffffff"),
        (2**32, "1b0000000100000000"),
        (2**64 - 1, "1bffffffffffffffff"),
        (-1, "20"),
        (-24, "37"),
        (-25, "3818"),
        (-65537, "3a00010000"),
        (-(2**64), "3bffffffffffffffff"),
        (b"", "40"),
        (b"\x01\x02", "420102"),
        ("", "60"),
        ("闽", "63e997bd"),
        ([], "80"),
        ((1, [2]), "82018102"),
        ({}, "a0"),
        (False, "f4"),
        (True, "f5"),
        (None, "f6"),
        ({-2: 0, 1: 0, -1: 0, 0: 0}, "a4000001002000" + "2100"),
        ({24: 0, -1: 0, 256: 0, 10: 0}, "a40a001818001901000020" + "00"),
        ({"uri": 1, "idx": 2, "b": 3, 5: 4}, "a40504" + "616203" + "6369647802" + "6375726901"),
    ],
)
def test_encodings(value: object, expected: str) -> None:
    """Shortest heads, and map keys in the bytewise order of their encodings (RFC 8949 section 4.2.1)."""
    assert expected == _cbor.encode(value).hex()


@pytest.mark.parametrize(
    "value", [1.0, float("nan"), {1, 2}, object(), bytearray(b"x"), memoryview(b"x"), 1j, cbor2.CBORTag(0, "x")]
)
def test_other_types_are_not_written(value: object) -> None:
    """What the profile does not have is the caller's mistake, wherever it stands."""
    for nested in (value, [value], {0: value}):
        with pytest.raises(TypeError):
            _cbor.encode(nested)


@pytest.mark.parametrize("key", [b"x", None, 1.0, True, (1,)])
def test_other_keys_are_not_written(key: object) -> None:
    """A map key is an integer or text: True is neither, however equal it is to 1."""
    with pytest.raises(TypeError):
        _cbor.encode({key: 0})


@pytest.mark.parametrize("value", [2**64, -(2**64) - 1, 10**30, "\ud800"])
def test_values_without_an_encoding(value: object) -> None:
    """Integers that would need a bignum, and text that is no Unicode, cannot be written."""
    with pytest.raises(ValueError, match=r".+"):
        _cbor.encode([value])


@pytest.mark.parametrize("key", [2**64, -(2**64) - 1])
def test_keys_without_an_encoding(key: int) -> None:
    """A map key that would need a bignum cannot be written either."""
    with pytest.raises(ValueError, match=r".+"):
        _cbor.encode({key: 0})


@given(cbor_values())
def test_what_is_written_is_read(value: CborValue) -> None:
    """Every value comes back equal, and of the same types: writing it again gives the same bytes."""
    data = _cbor.encode(value)

    assert value == decode(data)
    assert data == _cbor.encode(decode(data))


@given(cbor_values(), st.randoms(use_true_random=False))
def test_writing_does_not_depend_on_the_order_of_a_map(value: CborValue, random_: random.Random) -> None:
    """However a map was put together, its bytes are the same."""
    assert _cbor.encode(value) == _cbor.encode(shuffled(value, random_))


def shuffled(value: CborValue, random_: random.Random) -> CborValue:
    """The same value, its maps put together in another order."""
    if isinstance(value, dict):
        items = [(key, shuffled(item, random_)) for key, item in value.items()]
        random_.shuffle(items)
        return dict(items)
    return [shuffled(item, random_) for item in value] if isinstance(value, list) else value


@given(st.dictionaries(st.one_of(cbor_integers, st.text(max_size=5)), st.none(), max_size=8))
def test_map_keys_are_in_bytewise_order(value: dict[int | str, None]) -> None:
    """The keys' encodings ascend; the order is not length first, as in RFC 7049."""
    keys = [_cbor.encode(key) for key in cbor2.loads(_cbor.encode(value))]

    assert sorted(keys) == keys


@given(st.binary(max_size=400))
@example(bytes(23))
@example(bytes(24))
@example(bytes(255))
@example(bytes(256))
@example(bytes(65_535))
@example(bytes(65_536))
def test_byte_strings_without_an_encoder(data: bytes) -> None:
    """The shortcut for Sig_structures gives what the encoder gives."""
    assert _cbor.encode(data) == _cbor.byte_string(data)


# Reading


@given(cbor_values(depth=3), st.binary(min_size=1, max_size=3))
def test_prefixes_and_appendices_are_refused(value: CborValue, more: bytes) -> None:
    """Nothing may be missing and nothing may follow: every strict prefix, and every longer input, is malformed."""
    data = _cbor.encode(value)
    for end in range(len(data)):
        assert_malformed(data[:end])
    assert_malformed(data + more)


@given(cbor_values(depth=3), st.data())
def test_one_value_one_encoding(value: CborValue, data: st.DataObject) -> None:
    """Change any byte, and the result is refused or is the one encoding of what it now says."""
    original = _cbor.encode(value)
    place = data.draw(st.integers(0, len(original) - 1))
    mutated = bytearray(original)
    mutated[place] ^= data.draw(st.integers(1, 255))

    assert_refused_or_canonical(bytes(mutated))


@given(st.binary(max_size=24))
def test_arbitrary_bytes_are_refused_or_canonical(data: bytes) -> None:
    """Whatever is read is written as exactly the same bytes."""
    assert_refused_or_canonical(data)


def assert_refused_or_canonical(data: bytes) -> None:
    """The canonicity law, for any bytes."""
    try:
        value = decode(data)
    except RejectedInputError as error:
        code = error.code
    else:
        assert data == _cbor.encode(value)
        return
    assert "malformed" == code


def test_every_initial_byte() -> None:
    """All 256 initial bytes, alone and before some zeros, keep the canonicity law."""
    for initial in range(256):
        for zeros in range(10):
            assert_refused_or_canonical(bytes((initial,)) + bytes(zeros))


@pytest.mark.parametrize("levels", [1, 10, 25, 60])
def test_shared_references_are_refused(levels: int) -> None:
    """A few hundred bytes of tags 28 and 29 would otherwise unfold into 2**levels values."""
    data = shared_references(levels)

    assert len(data) <= 20 + 10 * levels
    assert_malformed(data)
    assert_malformed(b"\x81" + data)


def test_cyclic_reference_is_refused() -> None:
    """An array that holds itself is no document."""
    assert_malformed(bytes.fromhex("d81c81d81d00"))


@pytest.mark.parametrize(
    ("tag", "content"),
    [
        (0, "2013-03-21T20:04:00Z"),
        (1, 1363896240),
        (2, b"\x01"),
        (3, b"\x01"),
        (4, [1, 2]),
        (4, [10**9, 1]),
        (5, [10**9, 1]),
        (18, [b"", {}, b"", b""]),
        (24, b"\x00"),
        (25, 0),
        (30, [1, 3]),
        (32, "https://example.com"),
        (35, "(a+)+$"),
        (36, "MIME-Version: 1.0"),
        (37, bytes(16)),
        (52, bytes(4)),
        (54, bytes(16)),
        (61, 0),
        (100, 1),
        (256, ["aaaa", "aaaa"]),
        (258, [1, 2]),
        (260, bytes(4)),
        (261, {24: bytes(4)}),
        (1004, "2013-03-21"),
        (43000, 1),
        (55799, 0),
        (2**32, 0),
        (2**64 - 1, 0),
    ],
)
def test_tags_are_refused(tag: int, content: object) -> None:
    """No tag passes, known or not, around a whole item or within one, in the strict reading or the general one."""
    tagged = cbor2.dumps(cbor2.CBORTag(tag, content))
    for data in (tagged, b"\x81" + tagged, b"\xa1\x00" + tagged):
        assert_malformed(data)
        with pytest.raises(RejectedInputError):
            _cbor.decode_general(data, max_bytes=MAX_BYTES)


def test_all_small_tags_are_refused() -> None:
    """Not one of the first 2000 tags has a meaning here."""
    for tag in range(2000):
        head = cbor2.dumps(cbor2.CBORTag(tag, 0))
        with pytest.raises(RejectedInputError):
            decode(head)


@pytest.mark.parametrize("data", [cbor2.dumps(2**64), cbor2.dumps(-(2**64) - 1), cbor2.dumps(10**1000)])
def test_bignums_are_refused(data: bytes) -> None:
    """A tag-2 bignum re-encodes to itself, so that re-encoding alone would not find it."""
    assert_malformed(data)


@pytest.mark.parametrize("opening", ["81", "a100", "d818", "9f", "bf00", "d9d9f7", "8182", "c1"])
@pytest.mark.parametrize("depth", [20, 1000, 30_000])
def test_deep_nesting_is_refused(opening: str, depth: int) -> None:
    """Depth costs neither time nor the stack."""
    data = (bytes.fromhex(opening) * depth + b"\x00")[:MAX_BYTES]

    assert_malformed(data)
    with pytest.raises(RejectedInputError):
        _cbor.decode_general(data, max_bytes=MAX_BYTES)


def test_six_levels_are_enough() -> None:
    """The trust list, the deepest document, has six levels; a seventh is refused."""
    assert [[[[[[0]]]]]] == decode(b"\x81" * _cbor.MAX_DEPTH + b"\x00")
    assert_malformed(b"\x81" * (_cbor.MAX_DEPTH + 1) + b"\x00")


@pytest.mark.parametrize("major", ["5", "7", "9", "b"])
@pytest.mark.parametrize("length", ["affffffff", "b0000000100000000", "b7fffffffffffffff", "bffffffffffffffff"])
def test_huge_declared_lengths_are_refused(major: str, length: str) -> None:
    """A length without the data behind it allocates nothing."""
    assert_malformed(bytes.fromhex(major + length))
    assert_malformed(bytes.fromhex(major + length) + bytes(100))


@pytest.mark.parametrize(
    "data",
    [
        pytest.param("5fff", id="indefinite bytes, empty"),
        pytest.param("5f4100ff", id="indefinite bytes"),
        pytest.param("7f6161ff", id="indefinite text"),
        pytest.param("9fff", id="indefinite array, empty"),
        pytest.param("9f00ff", id="indefinite array"),
        pytest.param("bfff", id="indefinite map, empty"),
        pytest.param("bf0000ff", id="indefinite map"),
        pytest.param("819fff", id="indefinite within"),
        pytest.param("ff", id="break alone"),
        pytest.param("81ff", id="break in an array"),
        pytest.param("1c", id="reserved additional information 28"),
        pytest.param("5d", id="reserved additional information 29"),
        pytest.param("fe", id="reserved additional information 30"),
        pytest.param("1f", id="indefinite integer"),
        pytest.param("1800", id="integer in two bytes that fits one"),
        pytest.param("1817", id="23 in two bytes"),
        pytest.param("1900ff", id="255 in three bytes"),
        pytest.param("1a0000ffff", id="65535 in five bytes"),
        pytest.param("1b00000000ffffffff", id="2**32 - 1 in nine bytes"),
        pytest.param("3800", id="-1 in two bytes"),
        pytest.param("580100", id="byte string with a long length"),
        pytest.param("780161", id="text with a long length"),
        pytest.param("980100", id="array with a long length"),
        pytest.param("b8010000", id="map with a long length"),
        pytest.param("a1180100", id="map key in two bytes"),
        pytest.param("f90000", id="half float"),
        pytest.param("f93c00", id="1.0"),
        pytest.param("fa3f800000", id="single float"),
        pytest.param("fb3ff0000000000000", id="double float"),
        pytest.param("f97e00", id="NaN"),
        pytest.param("f97c00", id="infinity"),
        pytest.param("f98000", id="-0.0"),
        pytest.param("f7", id="undefined"),
        pytest.param("e0", id="simple value 0"),
        pytest.param("f3", id="simple value 19"),
        pytest.param("f814", id="false in two bytes"),
        pytest.param("f816", id="null in two bytes"),
        pytest.param("f820", id="simple value 32"),
        pytest.param("f8ff", id="simple value 255"),
        pytest.param("62c328", id="invalid UTF-8"),
        pytest.param("61ff", id="a byte no UTF-8 has"),
        pytest.param("61c3", id="UTF-8 cut off"),
        pytest.param("62c080", id="overlong UTF-8"),
        pytest.param("63eda080", id="a surrogate in UTF-8"),
        pytest.param("64f4908080", id="beyond U+10FFFF"),
        pytest.param("a200000001", id="duplicate key 0"),
        pytest.param("a201010102", id="duplicate key 1"),
        pytest.param("a20100180100", id="duplicate key, once overlong"),
        pytest.param("a2616100616100", id="duplicate text key"),
        pytest.param("a20100f500", id="1 and True as keys"),
        pytest.param("a20100f93c0000", id="1 and 1.0 as keys"),
        pytest.param("a1f500", id="True as a key"),
        pytest.param("a1f400", id="False as a key"),
        pytest.param("a1f600", id="null as a key"),
        pytest.param("a1f93c0000", id="1.0 as a key"),
        pytest.param("a14000", id="bytes as a key"),
        pytest.param("a18000", id="an array as a key"),
        pytest.param("a1a000", id="a map as a key"),
        pytest.param("a1810000", id="a filled array as a key"),
        pytest.param("a1c10000", id="a tag as a key"),
        pytest.param("a1616100", id="a text key where none is named"),
        pytest.param("a201000000", id="keys descending"),
        pytest.param("a220000000", id="negative before positive"),
        pytest.param("a221002000", id="-2 before -1"),
        pytest.param("a3000020000100", id="positive after negative"),
        pytest.param("a219010000181800", id="256 before 24"),
        pytest.param("0000", id="two items"),
        pytest.param("a000", id="an item after a map"),
        pytest.param("", id="nothing"),
        pytest.param("81", id="an element missing"),
        pytest.param("a100", id="a value missing"),
        pytest.param("4100ff", id="a break after bytes"),
    ],
)
def test_refused_items(data: str) -> None:
    """Everything outside the profile is refused, alone and inside an array."""
    assert_malformed(bytes.fromhex(data))
    assert_malformed(b"\x82\x00" + bytes.fromhex(data))


TEXT_KEYS = frozenset({"b", "aa", "idx", "uri"})


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        ("a1616200", {"b": 0}),
        ("a200006162f6", {0: 0, "b": None}),
        ("a3 20 00 6162 01 626161 02", {-1: 0, "b": 1, "aa": 2}),
        ("a2 63696478 00 63757269 01", {"idx": 0, "uri": 1}),
    ],
)
def test_named_text_keys(data: str, expected: dict[object, object]) -> None:
    """Text keys that a document names are read, after all integers, the shorter one first."""
    assert expected == _cbor.decode(bytes.fromhex(data), max_bytes=MAX_BYTES, text_keys=TEXT_KEYS)


@pytest.mark.parametrize(
    "data",
    [
        "a1616300",
        "a26162000000",
        "a26162002000",
        "a262616100616200",
        "a2637572690063696478 00",
        "a178016200",
        "a26162006162 00",
    ],
)
def test_refused_text_keys(data: str) -> None:
    """A text key that is not named, out of order, overlong or there twice is refused even so."""
    assert_malformed(bytes.fromhex(data), text_keys=TEXT_KEYS)


def test_the_size_is_checked_first() -> None:
    """An input over the limit is refused without being parsed; one byte less is read."""
    data = _cbor.encode(bytes(98))

    assert 100 == len(data)
    assert bytes(98) == _cbor.decode(data, max_bytes=100)
    for read in (_cbor.decode, _cbor.decode_general):
        with pytest.raises(RejectedInputError) as caught:
            read(data, max_bytes=99)
        assert "malformed" == caught.value.code


def test_key_one_is_an_integer() -> None:
    """What is read under the key 1 was written under the integer 1, and a value 1 is no True."""
    ((key, value),) = decode(bytes.fromhex("a10101")).items()

    assert (int, int) == (type(key), type(value))
    assert True is decode(b"\xf5")


# The general reading, for foreign headers


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        ("1800", 0),
        ("580100", b"\x00"),
        ("a201000000", {1: 0, 0: 0}),
        ("a1616100", {"a": 0}),
        ("f93c00", 1.0),
        ("81" * 16 + "00", [[[[[[[[[[[[[[[[0]]]]]]]]]]]]]]]]),
    ],
)
def test_general_reading_is_lenient(data: str, expected: object) -> None:
    """Order, length forms and types are the caller's to judge."""
    assert expected == _cbor.decode_general(bytes.fromhex(data), max_bytes=MAX_BYTES)


@pytest.mark.parametrize(
    "data", ["", "0000", "9fff", "bfff", "5fff", "a201010102", "a20101180102", "ff", "61ff", "81" * 17 + "00", "c100"]
)
def test_general_reading_is_not_lax(data: str) -> None:
    """Indefinite lengths, tags, duplicate keys, deep nesting and trailing bytes are refused here too."""
    with pytest.raises(RejectedInputError) as caught:
        _cbor.decode_general(bytes.fromhex(data), max_bytes=MAX_BYTES)

    assert "malformed" == caught.value.code


@given(st.one_of(st.binary(max_size=60), st.binary(max_size=20).map(lambda tail: b"\xa2" + tail)))
@example(shared_references(40))
@example(b"\xa1\xa1\x81\x00\x00\x00")
@example(b"\xa2\xf9\x7e\x00\x00\xf9\x7e\x00\x00")
def test_general_reading_raises_one_error_only(data: bytes) -> None:
    """Whatever the bytes, there is an item or a RejectedInputError, and at once."""
    begin = time.perf_counter()
    with contextlib.suppress(RejectedInputError):
        _cbor.decode_general(data, max_bytes=MAX_BYTES)
    assert time.perf_counter() - begin < SECONDS


@given(cbor_values())
def test_general_reading_agrees_with_the_strict_one(value: CborValue) -> None:
    """What the strict reading accepts, the general one reads the same."""
    data = _cbor.encode(value)

    assert decode(data) == _cbor.decode_general(data, max_bytes=MAX_BYTES)


@given(st.binary(max_size=40))
def test_strict_is_stricter_than_general(data: bytes) -> None:
    """Nothing passes the strict reading that the general one refuses."""
    try:
        value = decode(data)
    except RejectedInputError:
        return

    assert value == _cbor.decode_general(data, max_bytes=MAX_BYTES)


# Budgets


def items(value: CborValue) -> int:
    """How many items a value is made of, keys counted."""
    if isinstance(value, list):
        return 1 + sum(map(items, value))
    if isinstance(value, dict):
        return 1 + sum(1 + items(inner) for inner in value.values())
    return 1


@given(cbor_values())
def test_items_are_counted_by_their_heads(value: CborValue) -> None:
    """A document may have as many items as it states, and not one more; no object is needed to count them."""
    data, count = _cbor.encode(value), items(value)

    assert value == _cbor.decode(data, max_bytes=MAX_BYTES, max_items=count)
    for read in (_cbor.decode, _cbor.decode_general):
        with pytest.raises(RejectedInputError) as caught:
            read(data, max_bytes=MAX_BYTES, max_items=count - 1)
        assert "malformed" == caught.value.code


@pytest.mark.parametrize("read", [_cbor.decode, _cbor.decode_general])
@pytest.mark.parametrize("item", [b"\x80", b"\xa0", b"\x00", b"\x40", b"\x60", b"\xf6"], ids=bytes.hex)
def test_many_small_items_are_refused_before_any_is_built(read: Callable[..., object], item: bytes) -> None:
    """Millions of one-byte items cost next to nothing: at most as many heads are looked at as there may be items."""
    data = b"\x9a\x00\x40\x00\x00" + item * (1 << 22)
    tracemalloc.start()
    with pytest.raises(RejectedInputError):
        read(data, max_bytes=len(data))
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < len(data) // 4


@given(st.dictionaries(st.integers(-30, 30), cbor_values(), max_size=6), st.sets(st.integers(-30, 30), max_size=3))
def test_members_are_found_without_reading_the_rest(value: dict[int, CborValue], wanted: set[int]) -> None:
    """What a long document says of itself is found without building what stands behind it."""
    expected = {key: value[key] for key in wanted if key in value}

    assert expected == _cbor.find_members(_cbor.encode(value), frozenset(wanted))


@given(st.binary(max_size=40))
def test_finding_members_raises_one_error_only(data: bytes) -> None:
    """Whatever the bytes, there are some members, none, or a RejectedInputError."""
    with contextlib.suppress(RejectedInputError):
        _cbor.find_members(data, frozenset({2, 6}))
