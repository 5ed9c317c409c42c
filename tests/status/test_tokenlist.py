"""Status lists, their tokens and the events beside them: what is issued opens, and what is wrong says how."""

from __future__ import annotations

import base64
import gzip
import json
import pickle
import random
import tracemalloc
import zlib
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any, Final

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from certcore import _cbor, cose
from certcore.errors import StatusError
from certcore.keys import EDDSA, ES256, ES384, ML_DSA_65, LocalSigner, PublicKey
from certcore.keys._algorithms import ML_DSA_44
from certcore.reasons import REASONS, Axis, Effect
from certcore.status import timeline, tokenlist
from certcore.status._facts import Rules
from certcore.status._inflate import wire_bytes
from certcore.status.eventlist import STATUS_EVENTS_TYPE
from certcore.status.protocol import StatusEvent, StatusEventKind, StatusObservation, StatusProof, StatusState
from certcore.status.tokenlist import StatusEvents, StatusList, StatusToken
from tests.outside.cases import result_of
from tests.strategies import SIGNING_ALGORITHMS, fixed_signer

URI: Final = "https://lists.example/cn/12"
NOW: Final = datetime(2026, 10, 1, 4, 0, tzinfo=UTC)
HOUR: Final = timedelta(hours=1)
SECOND: Final = timedelta(seconds=1)
DAY: Final = timedelta(days=1)
ISSUED: Final = NOW - HOUR
EXPIRES: Final = NOW + DAY
SIGNER: Final = fixed_signer()
KEYS: Final = (SIGNER.public_key,)
ENTRIES: Final = StatusList.from_values({1: 1, 2: 2, 7: 3}, size=64)
EVENT: Final = StatusEvent(
    kind=StatusEventKind.REVOKED, effective_at=NOW - 3 * DAY, recorded_at=NOW - 2 * DAY, reason="write-off"
)
HISTORY: Final = NOW - 30 * DAY

SUB, EXP, NBF, IAT, STATUS_LIST, TTL, EVENTS, HISTORY_FROM = 2, 4, 5, 6, 65533, 65534, -65539, -65540
ABSENT: Final = ...
"""Marks a claim that a test leaves out; its name is the same in every process, as the names of tests must be."""

entry_bits = st.sampled_from([1, 2, 4, 8])
every_width = pytest.mark.parametrize("bits", [1, 2, 4, 8])


def stamp(at: datetime) -> int:
    """An instant as documents state it."""
    return int(at.timestamp())


def issue(entries: StatusList = ENTRIES, signer: LocalSigner = SIGNER, **changed: Any) -> bytes:  # noqa: ANN401  arguments of any type
    """A list as certcore issues it."""
    stated: dict[str, Any] = {"uri": URI, "issued_at": ISSUED, "expires_at": EXPIRES, "ttl": HOUR}
    return tokenlist.issue_token(entries, signer=signer, **{**stated, **changed})


def issue_events(events: Mapping[int, Sequence[StatusEvent]] | None = None, **changed: Any) -> bytes:  # noqa: ANN401  as above
    """An events document as certcore issues it."""
    stated: dict[str, Any] = {
        "uri": URI,
        "signer": SIGNER,
        "history_from": HISTORY,
        "issued_at": ISSUED,
        "expires_at": EXPIRES,
    }
    return tokenlist.issue_events({3: [EVENT]} if events is None else events, **{**stated, **changed})


def opened(data: bytes, **changed: Any) -> StatusToken:  # noqa: ANN401  as above
    """A list in CWT form, opened for the moment of the tests."""
    return tokenlist.open_token(data, **{"uri": URI, "keys": KEYS, "now": NOW, **changed})


def opened_jwt(text: str | bytes, **changed: Any) -> StatusToken:  # noqa: ANN401  as above
    """The same, in JWT form."""
    return tokenlist.open_jwt_token(text, **{"uri": URI, "keys": KEYS, "now": NOW, **changed})


def opened_events(data: bytes, **changed: Any) -> StatusEvents:  # noqa: ANN401  as above
    """An events document, opened for the moment of the tests."""
    return tokenlist.open_events(data, **{"uri": URI, "keys": KEYS, "now": NOW, **changed})


def code_of(call: Callable[[], object]) -> str:
    """The code of the `StatusError` that a call raises; ``opened`` where it raises none, and any other error passes."""
    try:
        call()
    except StatusError as error:
        return error.code
    return "opened"


def without_absent(claims: Mapping[Any, Any]) -> dict[Any, Any]:
    """The claims that are not `ABSENT`."""
    return {name: value for name, value in claims.items() if value is not ABSENT}


def cwt(changed: Mapping[Any, Any], *, typ: object = tokenlist.STATUS_LIST_TYPE, signer: LocalSigner = SIGNER) -> bytes:
    """A list signed by the right key that states other claims than it should."""
    claims = {SUB: URI, IAT: stamp(ISSUED), EXP: stamp(EXPIRES), STATUS_LIST: ENTRIES.to_members()}
    payload = _cbor.encode(without_absent({**claims, **changed}))
    return cose.sign1(payload, signer=signer, protected={} if typ is ABSENT else {16: typ})


def events_cwt(changed: Mapping[Any, Any], *, typ: object = STATUS_EVENTS_TYPE) -> bytes:
    """An events document likewise."""
    claims = {SUB: URI, IAT: stamp(ISSUED), EXP: stamp(EXPIRES), EVENTS: {}, HISTORY_FROM: stamp(HISTORY)}
    return cose.sign1(
        _cbor.encode(without_absent({**claims, **changed})), signer=SIGNER, protected={} if typ is ABSENT else {16: typ}
    )


def base64url(data: bytes) -> str:
    """Base64url without padding."""
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def jws(header: bytes, payload: bytes, signer: LocalSigner = SIGNER) -> str:
    """A compact JWS of these very bytes."""
    signed = f"{base64url(header)}.{base64url(payload)}"
    return f"{signed}.{base64url(signer.sign(signed.encode()))}"


def jwt(
    changed: Mapping[str, Any] | None = None,
    *,
    header: Mapping[str, Any] | None = None,
    signer: LocalSigner = SIGNER,
    entries: StatusList = ENTRIES,
) -> str:
    """A list in JWT form, with other claims and header parameters than it should have."""
    listed = {"bits": entries.bits, "lst": base64url(zlib.compress(entries.data, 9))}
    claims = {"sub": URI, "iat": stamp(ISSUED), "exp": stamp(EXPIRES), "ttl": 3600, "status_list": listed}
    parameters = {"alg": "ES256", "typ": "statuslist+jwt"}
    return jws(
        json.dumps(without_absent({**parameters, **(header or {})})).encode(),
        json.dumps(without_absent({**claims, **(changed or {})})).encode(),
        signer,
    )


def naive(data: bytes, bits: int) -> list[int]:
    """Every entry, unpacked bit by bit as the draft describes it: the lowest index in the least significant bits."""
    stream = [(byte >> place) & 1 for byte in data for place in range(8)]
    return [
        sum(bit << place for place, bit in enumerate(stream[start : start + bits]))
        for start in range(0, len(stream), bits)
    ]


@st.composite
def sparse_lists(draw: st.DrawFn) -> tuple[dict[int, int], int, int]:
    """Values, size and bits that make a list."""
    bits, size = draw(entry_bits), draw(st.integers(1, 300))
    entries = st.dictionaries(st.integers(0, size - 1), st.integers(0, 2**bits - 1), max_size=40)
    return draw(entries), size, bits


# --- the packed list


@given(st.binary(min_size=1, max_size=40), entry_bits)
def test_get_is_naive_unpacking(data: bytes, bits: int) -> None:
    """Each entry is what unpacking bit by bit gives, and there are as many."""
    entries = StatusList.from_packed(data, bits=bits)
    assert naive(data, bits) == [entries.get(index) for index in range(len(entries))]


@given(sparse_lists())
def test_from_values(made_of: tuple[dict[int, int], int, int]) -> None:
    """A list has the values it was made of, 0 everywhere else, and fills up its last byte."""
    values, size, bits = made_of
    entries = StatusList.from_values(values, size=size, bits=bits)
    assert -(-size * bits // 8) == len(entries.data)
    assert [values.get(index, 0) for index in range(len(entries))] == naive(entries.data, bits)


@given(st.binary(min_size=1, max_size=400), entry_bits, st.none() | st.text(max_size=20))
def test_list_round_trip(data: bytes, bits: int, aggregation_uri: str | None) -> None:
    """A list written and read is the same list, deterministic, and needs no more room than it was given."""
    entries = StatusList.from_packed(data, bits=bits)
    written = entries.to_bytes(aggregation_uri=aggregation_uri)
    members = _cbor.decode(written, max_bytes=2000, text_keys=frozenset({"bits", "lst", "aggregation_uri"}))
    assert entries == StatusList.from_bytes(written, max_list_bytes=len(data))
    assert aggregation_uri == members.get("aggregation_uri")
    assert data == zlib.decompress(members["lst"])


@pytest.mark.parametrize("index", [-1, 64, 2**32, 2**70, -(2**70), True, 1.0, "1", None, b"\x01"])
@pytest.mark.parametrize("ask", [StatusList.get, StatusList.state])
def test_no_such_entry(ask: Callable[[StatusList, Any], object], index: object) -> None:
    """An index that is none of the list's is unknown; it never wraps round, and is never valid."""
    assert "status-unknown-reference" == code_of(partial(ask, ENTRIES, index))


def test_bit_order() -> None:
    """The first entry is in the least significant bits, not as W3C's bit strings count, nor by halves."""
    assert [1, 0, 0, 0, 0, 0, 0, 0] == [StatusList.from_packed(b"\x01", bits=1).get(index) for index in range(8)]
    assert [3, 2, 1, 0] == [StatusList.from_packed(b"\x1b", bits=2).get(index) for index in range(4)]
    assert [0xB, 0x1] == [StatusList.from_packed(b"\x1b", bits=4).get(index) for index in range(2)]


@pytest.mark.parametrize("bits", [0, 3, 5, 16, -1, True, 2.0, "2", None])
def test_other_bits(bits: Any) -> None:  # noqa: ANN401  what is not allowed
    """Entries of other widths are a caller's mistake where a caller says so, and malformed on the wire."""
    with pytest.raises(ValueError, match="bits"):
        StatusList.from_packed(b"\x00", bits=bits)
    with pytest.raises(ValueError, match="bits"):
        StatusList.from_values({}, size=8, bits=bits)
    members = {"bits": bits, "lst": zlib.compress(b"\x00")}
    assert "status-list-malformed" == code_of(lambda: StatusList.from_members(members))


def with_dictionary(data: bytes) -> bytes:
    """A zlib stream that needs a dictionary nobody has."""
    compressor = zlib.compressobj(zdict=b"a dictionary")
    return compressor.compress(data) + compressor.flush()


def raw_deflate(data: bytes) -> bytes:
    """DEFLATE without zlib's header."""
    compressor = zlib.compressobj(wbits=-15)
    return compressor.compress(data) + compressor.flush()


STREAM: Final = zlib.compress(bytes(100), 9)


@pytest.mark.parametrize(
    "packed",
    [
        b"",
        zlib.compress(b""),
        b"\x00" * 8,
        gzip.compress(bytes(100), mtime=0),
        raw_deflate(bytes(100)),
        with_dictionary(bytes(100)),
        STREAM[:-1],
        STREAM[:-4],
        STREAM + b"\x00",
        STREAM + STREAM,
        STREAM[:-1] + bytes([STREAM[-1] ^ 1]),
    ],
    ids=["nothing", "empty", "zeros", "gzip", "deflate", "dictionary", "cut", "no-sum", "trailing", "twice", "sum"],
)
def test_not_one_zlib_stream(packed: bytes) -> None:
    """The entries are exactly one zlib stream with something in it."""
    written = _cbor.encode({"bits": 2, "lst": packed})
    assert "status-list-malformed" == code_of(lambda: StatusList.from_bytes(written))


@pytest.mark.parametrize(
    "cbor",
    [
        b"",
        b"\xa0",
        b"\xf6",
        b"\x80",
        _cbor.encode({"bits": 2}),
        _cbor.encode({"lst": STREAM}),
        _cbor.encode({"bits": 2, "lst": "text"}),
        _cbor.encode({"bits": 2, "lst": STREAM, "aggregation_uri": 1}),
        _cbor.encode({"bits": 2, "lst": STREAM, 1: 2}),
        _cbor.encode({"bits": 2, "lst": STREAM}) + b"\x00",
        b"\xbf" + _cbor.encode({"bits": 2, "lst": STREAM})[1:] + b"\xff",
        b"\xa3\x64bits\x02" + _cbor.encode({"bits": 2, "lst": STREAM})[1:],
        b"\xa2\x64bits\xf9\x40\x00\x63lst\x41\x00",
        b"\xa2\x64bits\xc2\x41\x02\x63lst\x41\x00",
    ],
    ids=[
        "empty",
        "none",
        "null",
        "array",
        "no-list",
        "no-bits",
        "text",
        "uri",
        "key",
        "trailing",
        "indefinite",
        "twice",
        "float",
        "tag",
    ],
)
def test_list_malformed(cbor: bytes) -> None:
    """What is no map with entries and their bits is malformed."""
    assert "status-list-malformed" == code_of(lambda: StatusList.from_bytes(cbor))


def test_other_order_and_members() -> None:
    """Another's list may have its members in any order and length form, and others beside them."""
    members = [b"\x64bits\x18\x02", b"\x63new\x80", b"\x63lst" + _cbor.encode(STREAM), b"\x6faggregation_uri\x61x"]
    assert StatusList.from_packed(bytes(100), bits=2) == StatusList.from_bytes(b"\xa4" + b"".join(members))


def test_inflates_to_more_than_it_may() -> None:
    """The limit is the size of the entries in bytes, to the byte."""
    written = StatusList.from_packed(bytes(100), bits=2).to_bytes()
    assert 400 == len(StatusList.from_bytes(written, max_list_bytes=100))
    assert "status-list-too-large" == code_of(lambda: StatusList.from_bytes(written, max_list_bytes=99))
    long = _cbor.encode({"bits": 1, "lst": bytes(20_000)})
    assert "status-list-too-large" == code_of(lambda: StatusList.from_bytes(long, max_list_bytes=1))


def test_a_bomb_costs_its_limit() -> None:
    """A list that would inflate to a gigabyte is refused within twice the memory it may have."""
    compressor, block = zlib.compressobj(9), bytes(1 << 20)
    packed = b"".join(compressor.compress(block) for _ in range(1 << 10)) + compressor.flush()
    token = cwt({STATUS_LIST: {"bits": 1, "lst": packed}})
    tracemalloc.start()
    code = code_of(lambda: opened(token))
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert "status-list-too-large" == code
    assert peak < 3 * tokenlist.DEFAULT_MAX_LIST_BYTES


@pytest.mark.parametrize("limit", [0, -1, True, 1.0, "1", None])
def test_a_limit_is_a_number_from_one(limit: Any) -> None:  # noqa: ANN401  what is no limit
    """To zlib 0 means unlimited, and -1 would become it: neither is a limit here, and the caller hears of it."""
    for call in (
        partial(StatusList.from_bytes, ENTRIES.to_bytes()),
        partial(StatusList.from_members, ENTRIES.to_members()),
        partial(opened, issue()),
        partial(opened_jwt, jwt()),
    ):
        with pytest.raises(ValueError, match="number from 1"):
            call(max_list_bytes=limit)


@pytest.mark.parametrize("power", range(0, 33, 4))
def test_room_for_what_does_not_compress(power: int) -> None:
    """A document may be as long as zlib's `compressBound` says its list can become, and an ML-DSA signature beside."""
    size = 1 << power
    assert size + (size >> 12) + (size >> 14) + (size >> 25) + 13 + 8_000 < wire_bytes(size)


@pytest.mark.parametrize(
    ("values", "size", "bits"),
    [
        ({}, 0, 2),
        ({}, -1, 2),
        ({}, True, 2),
        ({4: 1}, 4, 2),
        ({-1: 1}, 4, 2),
        ({True: 1}, 4, 2),
        ({1: True}, 4, 2),
        ({1: -1}, 4, 2),
        ({1: 4}, 4, 2),
        ({1: 2}, 4, 1),
        ({1: 16}, 4, 4),
        ({1: 256}, 4, 8),
    ],
)
def test_values_that_do_not_fit(values: dict[int, int], size: int, bits: int) -> None:
    """A list is never made of what it cannot hold: it would change another's entry."""
    with pytest.raises(ValueError, match="entr"):
        StatusList.from_values(values, size=size, bits=bits)


def test_packed_entries_are_bytes() -> None:
    """A list has at least one byte of entries; those of a bytearray are copied."""
    held = bytearray(b"\x01")
    entries = StatusList.from_packed(held, bits=1)  # type: ignore[arg-type]  # bytes by another name
    held[0] = 0
    assert 1 == entries.get(0)
    with pytest.raises(ValueError, match="byte"):
        StatusList.from_packed(b"", bits=1)
    with pytest.raises(ValueError, match="byte"):
        StatusList(bits=1, data=bytearray(1))  # type: ignore[arg-type]  # the mistake under test


@every_width
def test_states(bits: int) -> None:
    """0 is valid, 1 revoked, 2 suspended, 3 superseded; every other value is none of them, and not valid."""
    found: dict[int, object] = {}
    for value in range(2**bits):
        entries = StatusList.from_values({5: value}, size=8, bits=bits)
        found[value] = result_of(entries.state, 5)
    states = [StatusState.VALID, StatusState.REVOKED, StatusState.SUSPENDED, StatusState.SUPERSEDED]
    expected = [*states, *["status-value-unknown"] * 252][: 2**bits]
    assert dict(enumerate(expected)) == found


def test_unknown_value_is_told() -> None:
    """The value that has no meaning is in the error, for whoever asks the register."""
    with pytest.raises(StatusError) as raised:
        StatusList.from_values({5: 9}, size=8, bits=4).state(5)
    assert (("value", 9),) == raised.value.detail


def test_values_of_states() -> None:
    """Every state has its value, and reads back."""
    assert set(StatusState) == set(tokenlist.VALUE_OF)
    for state, value in tokenlist.VALUE_OF.items():
        assert state is StatusList.from_values({0: value}, size=1).state(0)


def test_list_is_a_value() -> None:
    """Lists are compared and hashed by content, pickle, do not change, and are not printed entry by entry."""
    same = StatusList.from_packed(ENTRIES.data, bits=2)
    assert (ENTRIES, hash(ENTRIES)) == (same, hash(same))
    assert ENTRIES != StatusList.from_packed(ENTRIES.data, bits=1)
    assert ENTRIES == pickle.loads(pickle.dumps(ENTRIES))  # noqa: S301  our own
    assert "StatusList(bits=2, 64 entries)" == repr(ENTRIES)
    with pytest.raises(attrs.exceptions.FrozenInstanceError):
        ENTRIES.bits = 1  # type: ignore[misc]  # the mistake under test


# --- tokens


@pytest.mark.parametrize("algorithm", SIGNING_ALGORITHMS)
def test_token_round_trip(algorithm: int) -> None:
    """A list opens under the key that signed it, ML-DSA among them, and says what was put in."""
    signer = fixed_signer(algorithm)
    data = issue(signer=signer)
    expected = StatusToken(
        uri=URI,
        status_list=ENTRIES,
        issued_at=ISSUED,
        expires_at=EXPIRES,
        ttl=HOUR,
        key_id=signer.public_key.key_id,
        media_type="application/statuslist+cwt",
        data=data,
    )
    assert expected == opened(data, keys=[signer.public_key])
    assert expected == pickle.loads(pickle.dumps(expected))  # noqa: S301  our own


@given(sparse_lists(), st.none() | st.integers(1, 2**40))
def test_token_round_trips_whatever_it_holds(made_of: tuple[dict[int, int], int, int], ttl: int | None) -> None:
    """Any list and any time to live come out as they went in."""
    values, size, bits = made_of
    entries = StatusList.from_values(values, size=size, bits=bits)
    lives = None if ttl is None else timedelta(seconds=ttl)
    token = opened(issue(entries, fixed_signer(EDDSA), ttl=lives), keys=[fixed_signer(EDDSA).public_key])
    assert (entries, lives) == (token.status_list, token.ttl)


def test_token_on_the_wire() -> None:
    """A token is one tagged COSE_Sign1 with alg, kid and typ protected, nothing else, and deterministic claims."""
    data = issue(issued_at=ISSUED + timedelta(microseconds=999_999), ttl=timedelta(seconds=9.9))
    message = _cbor.decode_general(data[1:], max_bytes=1000)
    expected = {SUB: URI, EXP: stamp(EXPIRES), IAT: stamp(ISSUED), STATUS_LIST: ENTRIES.to_members(), TTL: 9}
    assert b"\xd2\x84" == data[:2]
    assert {1: ES256, 4: SIGNER.public_key.key_id, 16: "application/statuslist+cwt"} == _cbor.decode(
        message[0], max_bytes=100
    )
    assert {} == message[1]
    assert expected == _cbor.decode(message[2], max_bytes=1000, text_keys=frozenset({"bits", "lst"}))


@pytest.mark.parametrize(
    "changed",
    [
        {"expires_at": ISSUED},
        {"expires_at": ISSUED + timedelta(milliseconds=999)},
        {"ttl": timedelta()},
        {"ttl": -HOUR},
        {"ttl": timedelta(milliseconds=999)},
        {"issued_at": ISSUED.replace(tzinfo=None)},
        {"issued_at": datetime(1969, 12, 31, tzinfo=UTC)},
        {"expires_at": datetime(9999, 1, 1, tzinfo=UTC)},
        {"uri": ""},
        {"uri": "https://lists.example/é"},
        {"uri": "https://lists.example/\n"},
        {"uri": "x" * 513},
    ],
    ids=str,
)
@pytest.mark.parametrize("make", [issue, issue_events], ids=["list", "events"])
def test_what_is_never_issued(make: Callable[..., bytes], changed: dict[str, Any]) -> None:
    """Whoever issues hears of times and URIs that no document may state, before anything is signed."""
    with pytest.raises(ValueError, match=r"[a-z]"):
        make(**changed)


BAD_TIMES: Final = [-1, 253_370_678_400, 2**64 - 1, "1", None, True, b"", []]
BAD_TTLS: Final = [0, -1, 2**64 - 1, "1", None, True]
BAD_CLAIMS: Final[list[tuple[dict[int, Any], str]]] = [
    *[({IAT: value}, "status-list-malformed") for value in [*BAD_TIMES, ABSENT]],
    *[({EXP: value}, "status-list-malformed") for value in BAD_TIMES],
    *[({NBF: value}, "status-list-malformed") for value in BAD_TIMES],
    *[({TTL: value}, "status-list-malformed") for value in BAD_TTLS],
    ({EXP: stamp(ISSUED)}, "status-list-malformed"),
    *[
        ({SUB: value}, "status-list-subject")
        for value in [
            ABSENT,
            URI + "/",
            URI[:-1],
            URI.upper(),
            URI.encode(),
            None,
            12,
            "https://lists.example:443/cn/12",
        ]
    ],
    ({IAT: stamp(NOW + timedelta(seconds=61)), EXP: stamp(EXPIRES)}, "status-list-future"),
    ({NBF: stamp(NOW + timedelta(seconds=61))}, "status-list-future"),
    ({EXP: stamp(NOW)}, "status-list-expired"),
]


@pytest.mark.parametrize(("changed", "code"), BAD_CLAIMS, ids=str)
@pytest.mark.parametrize("form", ["cwt", "jwt", "events"])
def test_claims(changed: dict[int, Any], code: str, form: str) -> None:
    """Each claim that is wrong gives its own code, in whatever form it comes."""
    if form == "cwt":
        assert code == code_of(lambda: opened(cwt(changed)))
    elif form == "events":
        assert code == code_of(lambda: opened_events(events_cwt(changed)))
    elif not any(isinstance(value, bytes) for value in changed.values()):  # which JSON does not have
        names = {SUB: "sub", EXP: "exp", NBF: "nbf", IAT: "iat", TTL: "ttl"}
        text = jwt({names[claim]: value for claim, value in changed.items()})
        assert code == code_of(lambda: opened_jwt(text))


def test_times_are_whole_seconds() -> None:
    """A time with a fraction is refused in both forms, even where the fraction is nothing."""
    claims = _cbor.encode({SUB: URI, IAT: 0, STATUS_LIST: ENTRIES.to_members()})
    assert b"\x06\x00" in claims
    payload = claims.replace(b"\x06\x00", b"\x06\xfb\x41\xd0\x00\x00\x00\x00\x00\x00")
    token = cose.sign1(payload, signer=SIGNER, protected={16: tokenlist.STATUS_LIST_TYPE})
    assert "status-list-malformed" == code_of(lambda: opened(token))
    assert "status-list-malformed" == code_of(lambda: opened_jwt(jwt({"iat": float(stamp(ISSUED))})))


@pytest.mark.parametrize("ttl", [10**12, 1])
def test_ttl_is_as_stated(ttl: int) -> None:
    """A time to live is shown as it is; how much of it to use is for whoever keeps the list to say."""
    assert timedelta(seconds=ttl) == opened(cwt({TTL: ttl})).ttl
    assert timedelta(seconds=ttl) == opened_jwt(jwt({"ttl": ttl})).ttl
    assert timedelta(days=30) == tokenlist.MAX_TTL


OPENERS: Final[dict[str, tuple[Callable[..., Any], Callable[..., Any]]]] = {
    "cwt": (opened, issue),
    "events": (opened_events, issue_events),
    "jwt": (
        opened_jwt,
        lambda issued_at=ISSUED, expires_at=EXPIRES: jwt({"iat": stamp(issued_at), "exp": stamp(expires_at)}),
    ),
}
EMPTY: Final[dict[str, dict[str, Any]]] = {
    "events": {"events": {}, "history_from": datetime(2000, 1, 1, tzinfo=UTC)},
    "cwt": {},
    "jwt": {},
}
"""What makes a document that may be of any age."""

every_form = pytest.mark.parametrize("form", OPENERS)


@every_form
def test_moments(form: str) -> None:
    """A document holds from a minute before its issue, for clocks differ, up to and without its end."""
    open_it, make = OPENERS[form]
    document = make()
    for now, code in [
        (ISSUED - timedelta(seconds=60), "opened"),
        (ISSUED - timedelta(seconds=60, microseconds=1), "status-list-future"),
        (EXPIRES - timedelta(microseconds=1), "opened"),
        (EXPIRES, "status-list-expired"),
        (datetime(9999, 12, 31, tzinfo=UTC), "status-list-expired"),
        (datetime(1, 1, 1, tzinfo=UTC), "status-list-future"),
    ]:
        assert code == code_of(partial(open_it, document, now=now)), now


@every_form
def test_skew(form: str) -> None:
    """The caller says how far clocks may be apart: not at all, or more; never backwards."""
    open_it, make = OPENERS[form]
    document = make(issued_at=NOW + SECOND)
    assert "status-list-future" == code_of(partial(open_it, document, clock_skew=timedelta()))
    assert "opened" == code_of(partial(open_it, document, clock_skew=SECOND))
    with pytest.raises(ValueError, match="apart"):
        open_it(document, clock_skew=-SECOND)


@every_form
def test_replay(form: str) -> None:
    """Without a moment nothing is compared with the present: archives keep what has expired. All else is checked."""
    open_it, make = OPENERS[form]
    old = datetime(2001, 1, 1, tzinfo=UTC)
    document = make(issued_at=old, expires_at=old + SECOND, **EMPTY[form])
    assert "status-list-expired" == code_of(partial(open_it, document))
    assert old == open_it(document, now=None).issued_at
    assert "status-list-subject" == code_of(partial(open_it, document, now=None, uri="https://lists.example/cn/13"))


@every_form
def test_naive_moment(form: str) -> None:
    """A naive moment is the caller's mistake."""
    open_it, make = OPENERS[form]
    with pytest.raises(ValueError, match="time zone"):
        open_it(make(), now=NOW.replace(tzinfo=None))


@every_form
def test_an_older_one_opens(form: str) -> None:
    """A replayed document is good in itself; its time is there for whoever remembers the youngest."""
    open_it, make = OPENERS[form]
    older, younger = open_it(make(issued_at=ISSUED - HOUR)), open_it(make())
    assert older.issued_at < younger.issued_at


def test_end_may_be_missing_elsewhere() -> None:
    """The draft only recommends exp and ttl on lists; certcore's own events documents always have an end."""
    for token in (opened(cwt({EXP: ABSENT})), opened_jwt(jwt({"exp": ABSENT, "ttl": ABSENT}))):
        assert (None, None) == (token.expires_at, token.ttl)
    assert "status-list-malformed" == code_of(lambda: opened_events(events_cwt({EXP: ABSENT})))


@pytest.mark.parametrize(
    "typ",
    [
        ABSENT,
        17,
        0,
        "",
        "statuslist+cwt",
        "application/statuslist+jwt",
        "Application/StatusList+CWT",
        "application/statuslist+cwt ",
        STATUS_EVENTS_TYPE,
        "application/vnd.certcore.trust+cbor",
    ],
    ids=str,
)
def test_other_types(typ: object) -> None:
    """The type is exactly the list's, as text; the CoAP number is not settled."""
    assert "status-list-type" == code_of(lambda: opened(cwt({}, typ=typ)))


def test_one_document_is_not_another() -> None:
    """A list is no events document and an events document no list, though the same key signs both."""
    assert "status-list-type" == code_of(lambda: opened(issue_events()))
    assert "status-list-type" == code_of(lambda: opened_events(issue()))
    assert "status-list-malformed" == code_of(lambda: opened_jwt(issue()))
    assert "status-list-malformed" == code_of(lambda: opened(jwt().encode()))


def test_type_nobody_signed() -> None:
    """A type in the header that nobody signed is none."""
    message = _cbor.decode_general(cwt({}, typ=ABSENT)[1:], max_bytes=1000)
    message[1] = {16: tokenlist.STATUS_LIST_TYPE}
    assert "status-list-type" == code_of(lambda: opened(b"\xd2" + _cbor.encode(message)))


@pytest.mark.parametrize(
    "wrap", [b"\xd8\x3d", b"\xd8\x3d\xd2", b"\xd1", b"\xd8\x12", b"\xd9\xd9\xf7", b""], ids=bytes.hex
)
@pytest.mark.parametrize("form", ["cwt", "events"])
def test_other_tags(form: str, wrap: bytes) -> None:
    """The tag of a CWT around it, that of a MAC, a long form and no tag at all are refused."""
    open_it, make = OPENERS[form]
    document = make()
    tagged = wrap + (document if wrap == b"\xd8\x3d" else document[1:])
    assert "status-list-malformed" == code_of(partial(open_it, tagged))


def test_tag_of_a_cwt_in_full() -> None:
    """61(18(...)), which `cose.open_sign1` takes for others, is not a status list token."""
    assert "status-list-malformed" == code_of(lambda: opened(b"\xd8\x3d" + issue()))


def test_unsigned() -> None:
    """Without a signature, with an empty one and with one of zeros it does not open."""
    protected, unprotected, payload, signature = _cbor.decode_general(issue()[1:], max_bytes=1000)
    for message, code in [
        ([protected, unprotected, payload], "status-list-malformed"),
        ([protected, unprotected, payload, b""], "status-list-malformed"),
        ([protected, unprotected, payload, None], "status-list-malformed"),
        ([protected, unprotected, None, signature], "status-list-malformed"),
        ([protected, unprotected, payload, bytes(64)], "status-list-signature"),
    ]:
        data = b"\xd2" + _cbor.encode(message)
        assert code == code_of(partial(opened, data))


@every_form
def test_other_keys(form: str) -> None:
    """Another issuer's key, a certificate's, none, and one that uses another algorithm open nothing."""
    open_it, make = OPENERS[form]
    others: list[list[PublicKey]] = [
        [],
        [fixed_signer(ES256, 2).public_key],
        [PublicKey.from_pem(fixed_signer(ES256, 2).public_key.to_pem(), key_id=SIGNER.public_key.key_id)],
        [fixed_signer(ES384).public_key, fixed_signer(ML_DSA_44).public_key],
    ]
    for keys in others:
        assert "status-list-signature" == code_of(partial(open_it, make(), keys=keys))
    both = [*others[1], SIGNER.public_key, *others[3]]
    assert SIGNER.public_key.key_id == open_it(make(), keys=both).key_id


@pytest.mark.parametrize("algorithm", [ML_DSA_44, ML_DSA_65])
def test_post_quantum_second(algorithm: int) -> None:
    """A second document of another key, at another URI, opens under that key alone."""
    signer, other = fixed_signer(algorithm), "https://lists.example/cn/pq/12"
    data = issue(signer=signer, uri=other)
    assert ENTRIES == opened(data, uri=other, keys=[signer.public_key]).status_list
    assert "status-list-signature" == code_of(lambda: opened(data, uri=other))
    assert "status-list-subject" == code_of(lambda: opened(data, keys=[signer.public_key]))


def test_others_claims() -> None:
    """Another's list may have further claims, text ones too, in any order; certcore's typed claims must be right."""
    claims = [
        (65533, ENTRIES.to_members()),
        (6, stamp(ISSUED)),
        (1, "somebody"),
        (-70000, b""),
        ("extra", [1]),
        (2, URI),
    ]
    payload = b"\xa6" + b"".join(_cbor.encode(claim) + _cbor.encode(value) for claim, value in claims)
    token = cose.sign1(payload, signer=SIGNER, protected={16: tokenlist.STATUS_LIST_TYPE})
    assert ENTRIES == opened(token).status_list


@pytest.mark.parametrize(
    "payload",
    [
        b"",
        b"\xf6",
        b"\x80",
        b"\x43abc",
        b"\xa0\x00",
        b"\xa2\x02\x00\x02\x00",
        b"\xbf\xff",
        b"\xa1\xf5\x00",
        b"\xc1\x00",
    ],
    ids=bytes.hex,
)
@pytest.mark.parametrize(
    ("open_it", "typ"),
    [(opened, tokenlist.STATUS_LIST_TYPE), (opened_events, STATUS_EVENTS_TYPE)],
    ids=["cwt", "events"],
)
def test_payload_malformed(open_it: Callable[..., object], typ: str, payload: bytes) -> None:
    """What was signed must be a map of claims, each once."""
    token = cose.sign1(payload, signer=SIGNER, protected={16: typ})
    assert "status-list-malformed" == code_of(partial(open_it, token))


@pytest.mark.parametrize("entries", [ABSENT, None, b"", [], 1, "text", {}], ids=str)
def test_no_list_in_it(entries: object) -> None:
    """A token without a list is malformed, in both forms."""
    assert "status-list-malformed" == code_of(lambda: opened(cwt({STATUS_LIST: entries})))
    if entries != b"":
        assert "status-list-malformed" == code_of(lambda: opened_jwt(jwt({"status_list": entries})))


@every_form
def test_too_many_bytes(form: str) -> None:
    """A document longer than any of its kind is refused before it is looked at."""
    open_it, make = OPENERS[form]
    limit = {"max_bytes": 100} if form == "events" else {"max_list_bytes": 1}
    document = make() if form == "events" else b"\xd2" * 40_000
    assert "status-list-too-large" == code_of(partial(open_it, document, **limit))


def test_a_list_that_does_not_compress() -> None:
    """A list of the largest size opens whatever its entries are, and one byte more does not."""
    noise = random.Random(1).randbytes(40_000)
    entries = StatusList.from_packed(noise, bits=8)
    for open_it, document in ((opened, issue(entries)), (opened_jwt, jwt(entries=entries))):
        assert entries == open_it(document, max_list_bytes=len(noise)).status_list  # type: ignore[arg-type]  # each its own
        short = partial(open_it, document, max_list_bytes=len(noise) - 1)  # type: ignore[arg-type]  # as above
        assert "status-list-too-large" == code_of(short)


@every_form
def test_every_byte_counts(form: str) -> None:
    """A document with any byte changed, cut anywhere, or with a byte behind it never opens, and fails as it should."""
    open_it, make = OPENERS[form]
    document = make()
    data = document.encode() if isinstance(document, str) else document
    changed = [data[:end] for end in range(len(data))] + [data + b"\x00", data + data]
    changed += [
        data[:at] + bytes([data[at] ^ flip]) + data[at + 1 :]
        for at in range(len(data))
        for flip in (1, 0x20, 0x80, 0xFF)
    ]
    codes = {code_of(partial(open_it, variant)) for variant in changed}
    assert {"status-list-malformed", "status-list-signature"} == codes


@given(st.data())
def test_random_changes_never_open(data: st.DataObject) -> None:
    """Whatever is done to a few bytes of a document, it does not open, and no other error escapes."""
    open_it, make = OPENERS[data.draw(st.sampled_from(sorted(OPENERS)))]
    document = make()
    original = document.encode() if isinstance(document, str) else document
    changed = bytearray(original)
    for at in data.draw(st.lists(st.integers(0, len(original) - 1), min_size=1, max_size=4)):
        changed[at] = data.draw(st.integers(0, 255))
    assert ("opened" == code_of(partial(open_it, bytes(changed)))) == (bytes(changed) == original)


@given(st.binary(max_size=200))
def test_any_bytes(data: bytes) -> None:
    """Any bytes at all are refused with a `StatusError`, by every reader."""
    for open_it in (opened, opened_jwt, opened_events, StatusList.from_bytes):
        assert "opened" != code_of(partial(open_it, data))
        assert "opened" != code_of(partial(open_it, b"\xd2" + data))


# --- JWT


@pytest.mark.parametrize(
    ("algorithm", "name"), [(ES256, "ES256"), (ES384, "ES384"), (EDDSA, "EdDSA"), (EDDSA, "Ed25519")]
)
def test_jwt_round_trip(algorithm: int, name: str) -> None:
    """A list in JWT form opens under the key whose algorithm it names, as text and as bytes."""
    signer = fixed_signer(algorithm)
    text = jwt(header={"alg": name}, signer=signer)
    expected = StatusToken(
        uri=URI,
        status_list=ENTRIES,
        issued_at=ISSUED,
        expires_at=EXPIRES,
        ttl=HOUR,
        key_id=signer.public_key.key_id,
        media_type="application/statuslist+jwt",
        data=text.encode(),
    )
    assert expected == opened_jwt(text, keys=[signer.public_key])
    assert expected == opened_jwt(text.encode(), keys=[signer.public_key])


@pytest.mark.parametrize(
    "name", ["none", "None", "", "HS256", "ES384", "EdDSA", "PS256", "es256", None, 1, -7, ["ES256"], ABSENT]
)
def test_jwt_algorithms(name: object) -> None:
    """The key fixes the algorithm: none, a MAC keyed with a public key, and another's name are refused."""
    assert "status-list-signature" == code_of(lambda: opened_jwt(jwt(header={"alg": name})))


@pytest.mark.parametrize(
    "typ", [ABSENT, "JWT", "application/statuslist+jwt", "StatusList+JWT", 1, None, ["statuslist+jwt"]]
)
def test_jwt_types(typ: object) -> None:
    """The type is exactly the list's."""
    assert "status-list-type" == code_of(lambda: opened_jwt(jwt(header={"typ": typ})))


def test_jwt_key_ids() -> None:
    """A key id that is stated selects: under one that no key goes by nothing opens, and one that is no text is none."""
    named = PublicKey.from_pem(SIGNER.public_key.to_pem(), key_id=b"12")
    other = PublicKey.from_pem(fixed_signer(ES256, 2).public_key.to_pem(), key_id=b"13")
    assert b"12" == opened_jwt(jwt(header={"kid": "12"}), keys=[other, named]).key_id
    for foreign in ("13", "14", "\ud800"):
        assert "status-list-signature" == code_of(
            partial(opened_jwt, jwt(header={"kid": foreign}), keys=[other, named])
        )
    assert "status-list-malformed" == code_of(partial(opened_jwt, jwt(header={"kid": 13}), keys=[other, named]))


def test_jwt_brings_no_key() -> None:
    """A key in the header is not looked at."""
    stranger = fixed_signer(ES256, 3)
    jwk = {"kty": "EC", "crv": "P-256", "x": "AA", "y": "AA"}
    text = jwt(header={"jwk": jwk, "jku": "https://evil.example", "x5c": ["AA=="]}, signer=stranger)
    assert "status-list-signature" == code_of(lambda: opened_jwt(text))


CLAIMS_JSON: Final = b'{"sub":"%b","iat":%d,"status_list":{"bits":2,"lst":"%b"}}' % (
    URI.encode(),
    stamp(ISSUED),
    base64url(zlib.compress(ENTRIES.data)).encode(),
)
HEADER_JSON: Final = b'{"alg":"ES256","typ":"statuslist+jwt"}'


@pytest.mark.parametrize(
    ("header", "payload"),
    [
        (b'{"alg":"ES256","typ":"statuslist+jwt","crit":["b64"],"b64":false}', CLAIMS_JSON),
        (b'{"alg":"ES256","typ":"statuslist+jwt","crit":[]}', CLAIMS_JSON),
        (b'{"alg":"none","alg":"ES256","typ":"statuslist+jwt"}', CLAIMS_JSON),
        (b"[]", CLAIMS_JSON),
        (b"{", CLAIMS_JSON),
        (b"\xff", CLAIMS_JSON),
        (b"\xef\xbb\xbf" + HEADER_JSON, CLAIMS_JSON),
        (HEADER_JSON.decode().encode("utf-16"), CLAIMS_JSON),
        (b'{"alg":"ES256","typ":"statuslist+jwt","x":' + b"[" * 5000 + b"]" * 5000 + b"}", CLAIMS_JSON),
        (b'{"alg":"ES256","typ":"statuslist+jwt","x":"' + b"x" * 20_000 + b'"}', CLAIMS_JSON),
        (HEADER_JSON, CLAIMS_JSON.replace(b'{"sub"', b'{"sub":"a","sub"', 1)),
        (HEADER_JSON, CLAIMS_JSON.replace(b"{", b'{"a":NaN,', 1)),
        (HEADER_JSON, b'{"a":' + b"9" * 5000 + b"}"),
        (HEADER_JSON, b'{"a":' + b"[" * 200_000 + b"]" * 200_000 + b"}"),
        (HEADER_JSON, b'"text"'),
        (HEADER_JSON, b"{} {}"),
        (HEADER_JSON, b"\x00"),
    ],
    ids=[
        *["critical", "crit-empty", "twice", "array", "cut", "utf8", "bom", "utf16", "deep", "long"],
        *["claim-twice", "nan", "digits", "claims-deep", "text", "two", "zero"],
    ],
)
def test_jwt_malformed(header: bytes, payload: bytes) -> None:
    """Header and claims are JSON objects in UTF-8 with each member once, and nothing in the header is critical."""
    assert "status-list-malformed" == code_of(lambda: opened_jwt(jws(header, payload)))


def test_jwt_well_formed() -> None:
    """The parts that the refused ones are made of are good in themselves."""
    assert ENTRIES == opened_jwt(jws(HEADER_JSON, CLAIMS_JSON)).status_list


def test_jwt_parts() -> None:
    """Three parts of base64url in the one form there is: no padding, no other alphabet, no space, no stray bits."""
    text = jwt()
    header, payload, signature = text.split(".")
    last = signature[-1]
    stray = next(letter for letter in "BCDEFGHIJ" if letter != last)  # ES256: 64 bytes leave four bits that are 0
    for changed in (
        "",
        ".",
        "..",
        f"{header}.{payload}",
        f"{header}.{payload}.",
        f"{text}.",
        f"{text}.{signature}",
        f"{text}=",
        f"{text}==",
        f"{text}\n",
        f" {text}",
        f"{header} .{payload}.{signature}",
        f"{header}+.{payload}.{signature}",
        f"{text}é",
        f"{header}.{payload}.{signature[:-1]}{stray}",
        f"{header}.{payload}.{signature[:-1]}",
    ):
        assert "status-list-malformed" == code_of(partial(opened_jwt, changed)), changed
    assert "status-list-malformed" == code_of(lambda: opened_jwt(b"\xff" + text.encode()))


@pytest.mark.parametrize("packed", [ABSENT, "", "A", "eN=", "e N", "eNrbuRgAAhcBXR", 1, None, [1]], ids=str)
def test_jwt_list_is_base64url(packed: object) -> None:
    """The entries in JSON are base64url, in the one form there is of it."""
    text = jwt({"status_list": without_absent({"bits": 1, "lst": packed})})
    assert "status-list-malformed" == code_of(lambda: opened_jwt(text))


# --- events

seconds = st.integers(0, stamp(ISSUED)).map(lambda value: datetime.fromtimestamp(value, UTC))
happenings = st.builds(
    StatusEvent,
    kind=st.sampled_from([kind for kind in StatusEventKind if kind is not StatusEventKind.ISSUED]),
    effective_at=st.none() | seconds | st.just(EXPIRES),
    recorded_at=seconds,
    reason=st.text(st.characters(codec="utf-8", categories=["L", "N", "P"]), min_size=1, max_size=128),
)
histories = st.dictionaries(
    st.integers(0, 2**32 - 1), st.lists(happenings, min_size=1, max_size=4).map(tuple), max_size=5
)


@given(histories, seconds)
def test_events_round_trip(events: dict[int, tuple[StatusEvent, ...]], history_from: datetime) -> None:
    """Events come out as they went in, in their order, with the time since when they are complete."""
    document = opened_events(issue_events(events, history_from=history_from))
    assert (events, history_from) == (document.events, document.history_from)


def test_events_on_the_wire() -> None:
    """The document is deterministic CBOR: entries by index, each event [kind, effective, recorded, reason]."""
    void = StatusEvent(kind=StatusEventKind.SUPERSEDED, effective_at=None, recorded_at=ISSUED)
    data = issue_events({9: [void], 3: [EVENT]}, ttl=HOUR)
    protected, unprotected, payload, _ = _cbor.decode_general(data[1:], max_bytes=1000)
    typ = "application/vnd.certcore.status-events+cwt"
    assert {1: ES256, 4: SIGNER.public_key.key_id, 16: typ} == _cbor.decode(protected, max_bytes=100)
    assert {} == unprotected
    assert {
        SUB: URI,
        EXP: stamp(EXPIRES),
        IAT: stamp(ISSUED),
        TTL: 3600,
        EVENTS: {
            3: [[1, stamp(NOW - 3 * DAY), stamp(NOW - 2 * DAY), "write-off"]],
            9: [[4, None, stamp(ISSUED), "unspecified"]],
        },
        HISTORY_FROM: stamp(HISTORY),
    } == _cbor.decode(payload, max_bytes=1000)


def test_events_are_a_value() -> None:
    """An opened document keeps its bytes and its signer, pickles, and does not change."""
    data = issue_events()
    document = opened_events(data)
    assert (URI, ISSUED, EXPIRES, None) == (document.uri, document.issued_at, document.expires_at, document.ttl)
    assert (data, SIGNER.public_key.key_id) == (document.data, document.key_id)
    assert "application/vnd.certcore.status-events+cwt" == document.media_type
    copy = pickle.loads(pickle.dumps(document))  # noqa: S301  our own
    assert (document, hash(document)) == (copy, hash(copy))
    with pytest.raises(TypeError):
        copy.events[1] = ()
    with pytest.raises(attrs.exceptions.FrozenInstanceError):
        copy.uri = ""


def test_issued_is_the_lists_to_say() -> None:
    """That an entry was issued is not written, and an entry without anything else is left out."""
    issued = attrs.evolve(EVENT, kind=StatusEventKind.ISSUED)
    assert {3: (EVENT,)} == opened_events(issue_events({2: [issued], 3: [issued, EVENT], 4: []})).events


@pytest.mark.parametrize("index", [-1, 2**32, True, "1", 1.0])
def test_events_of_no_entry(index: Any) -> None:  # noqa: ANN401  what is no index
    """Whoever issues hears of an index that is none."""
    with pytest.raises(ValueError, match="index"):
        issue_events({index: [EVENT]})


@pytest.mark.parametrize(
    "changed",
    [
        {"recorded_at": ISSUED + SECOND},
        {"effective_at": datetime(1969, 1, 1, tzinfo=UTC)},
        {"reason": ""},
        {"reason": "two\nlines"},
        {"reason": "x" * 129},
    ],
    ids=str,
)
def test_events_that_are_never_issued(changed: dict[str, Any]) -> None:
    """Nothing was recorded after the document is made, and a reason is a short text."""
    with pytest.raises(ValueError, match=r"[a-z]"):
        issue_events({3: [attrs.evolve(EVENT, **changed)]})
    with pytest.raises(ValueError, match="history"):
        issue_events(history_from=ISSUED + SECOND)


GOOD_EVENT: Final = [1, None, 0, "why"]
NO_EVENTS: Final[list[Any]] = [ABSENT, None, [], b"", {-1: [GOOD_EVENT]}, {2**32: [GOOD_EVENT]}]
NO_ENTRY: Final[list[Any]] = [None, [], {}, GOOD_EVENT, [None], [{}]]


@pytest.mark.parametrize(
    "changed",
    [
        *[{EVENTS: value} for value in NO_EVENTS],
        *[{EVENTS: {1: value}} for value in NO_ENTRY],
        *[{EVENTS: {1: [[kind, None, 0, "why"]]}} for kind in (0, 5, -1, True, None, "1")],
        *[{EVENTS: {1: [[1, effective, 0, "why"]]}} for effective in (-1, True, "1", 253_370_678_400)],
        *[{EVENTS: {1: [[1, None, recorded, "why"]]}} for recorded in (-1, True, None, stamp(ISSUED) + 1)],
        *[{EVENTS: {1: [[1, None, 0, reason]]}} for reason in (None, "", 1, b"why", "a\nb", "x" * 129)],
        {EVENTS: {1: [GOOD_EVENT[:3]]}},
        {EVENTS: {1: [[*GOOD_EVENT, 1]]}},
        {HISTORY_FROM: ABSENT},
        {HISTORY_FROM: None},
        {HISTORY_FROM: stamp(ISSUED) + 1},
        {-1: 0},
        {"text": 0},
    ],
    ids=str,
)
def test_events_malformed(changed: dict[Any, Any]) -> None:
    """A document in which anything is not as written down is refused whole."""
    assert "status-list-malformed" == code_of(lambda: opened_events(events_cwt(changed)))


def test_events_of_later_versions() -> None:
    """A positive claim that this version does not know is left to those that do."""
    assert {} == opened_events(events_cwt({7: b"id", 70_000: 1})).events


def test_events_are_deterministic() -> None:
    """The claims in another order or in a longer form are refused, though they are signed."""
    payload = _cbor.decode_general(issue_events({})[1:], max_bytes=1000)[2]
    for changed in (payload.replace(b"\x06\x1a", b"\x06\x1b\x00\x00\x00\x00"), payload + b"\x00"):
        token = cose.sign1(changed, signer=SIGNER, protected={16: STATUS_EVENTS_TYPE})
        assert "status-list-malformed" == code_of(partial(opened_events, token))


# --- what documents say of one entry


def test_record_of_a_list() -> None:
    """A list alone is one observation at its own time, and knows no history."""
    token = opened(issue())
    record = tokenlist.status_record(2, tokens=[token])
    assert (StatusObservation(state=StatusState.SUSPENDED, at=ISSUED),) == record.observations
    assert ((), None, None, ISSUED) == (record.events, record.history_from, record.reliable_until, record.observed_at)
    proof = StatusProof(data=token.data, media_type="application/statuslist+cwt", key_id=SIGNER.public_key.key_id)
    assert (proof,) == record.proofs


def test_record_of_everything() -> None:
    """Every list is an observation, the events are the entry's own, and all that was signed stands behind it."""
    tokens = [opened(issue()), opened(issue(issued_at=ISSUED - DAY)), opened_jwt(jwt())]
    events = opened_events(issue_events({3: [EVENT], 4: [attrs.evolve(EVENT, reason="other")]}))
    record = tokenlist.status_record(3, tokens=tokens, events=events)
    assert [ISSUED, ISSUED - DAY, ISSUED] == [seen.at for seen in record.observations]
    assert ((EVENT,), HISTORY, ISSUED) == (record.events, record.history_from, record.observed_at)
    assert [*[token.data for token in tokens], events.data] == [proof.data for proof in record.proofs]
    assert [
        tokenlist.STATUS_LIST_TYPE,
        tokenlist.STATUS_LIST_TYPE,
        tokenlist.STATUS_LIST_JWT_MEDIA_TYPE,
        STATUS_EVENTS_TYPE,
    ] == [proof.media_type for proof in record.proofs]


def test_record_is_of_the_youngest_list() -> None:
    """Without events the register speaks as of its youngest list, in whatever order they come."""
    tokens = [opened(issue(issued_at=ISSUED - age)) for age in (DAY, timedelta(), HOUR)]
    assert ISSUED == tokenlist.status_record(0, tokens=tokens).observed_at


def test_history_ends_with_the_events() -> None:
    """A younger list does not stretch the history: an entry may have been suspended and resumed in between."""
    events = opened_events(issue_events({}, issued_at=ISSUED - DAY))
    record = tokenlist.status_record(0, tokens=[opened(issue())], events=events)
    assert ISSUED - DAY == record.observed_at
    rules = Rules(
        suspends=True, retroactive=False, max_age=timedelta(), clock_skew=timedelta(), known_at=NOW, evaluated_at=NOW
    )
    for at, codes in [(ISSUED - 2 * DAY, []), (ISSUED - HOUR, ["status-gap"])]:
        window = timeline.Window(start=at, end=at + timedelta(microseconds=1))
        assert codes == [reason.code for reason in timeline.evaluate(record, window, rules)]


@pytest.mark.parametrize("index", [-1, 64, 2**40, True, 1.0, "1", None])
def test_record_of_no_entry(index: Any) -> None:  # noqa: ANN401  what is no index
    """What no document has is unknown."""
    tokens, events = [opened(issue())], opened_events(issue_events())
    assert "status-unknown-reference" == code_of(lambda: tokenlist.status_record(index, tokens=tokens, events=events))


def test_lists_grow() -> None:
    """A list from before the entry was there says nothing about it; one that has it does."""
    tokens = [opened(issue(StatusList.from_values({}, size=4), issued_at=ISSUED - DAY)), opened(issue())]
    for index, seen_at in [(3, [ISSUED - DAY, ISSUED]), (4, [ISSUED]), (7, [ISSUED])]:
        assert seen_at == [seen.at for seen in tokenlist.status_record(index, tokens=tokens).observations]


def test_events_alone() -> None:
    """Events speak for the entries they name; of the others they do not even say that they are there."""
    events = opened_events(issue_events())
    assert ((EVENT,), ()) == attrs.astuple(tokenlist.status_record(3, events=events), recurse=False)[:2]
    for index in (4, 3.0):
        ask = partial(tokenlist.status_record, index, events=events)  # type: ignore[arg-type]  # 3.0 == 3 to a dict
        assert "status-unknown-reference" == code_of(ask)


def test_record_of_a_strange_value() -> None:
    """One list with a value nobody knows leaves the status unknown, whatever the others say."""
    strange = opened(issue(StatusList.from_values({2: 15}, size=64, bits=4)))
    assert "status-value-unknown" == code_of(lambda: tokenlist.status_record(2, tokens=[opened(issue()), strange]))
    assert StatusState.VALID is tokenlist.status_record(3, tokens=[strange]).observations[0].state


def test_documents_of_one_list() -> None:
    """No documents, and documents of different lists, are the caller's mistake."""
    other = opened_events(issue_events(uri=URI + "0"), uri=URI + "0")
    with pytest.raises(ValueError, match="one list"):
        tokenlist.status_record(0)
    with pytest.raises(ValueError, match="one list"):
        tokenlist.status_record(0, tokens=[opened(issue())], events=other)


@pytest.mark.parametrize(
    "code",
    ["malformed", "type", "subject", "signature", "expired", "future", "too-large", "rollback", "conflict"],
)
def test_codes_of_documents(code: str) -> None:
    """Every code is a reason of a verdict, which blocks and never fails: what goes wrong with a register is told."""
    for found in (f"status-list-{code}", "status-value-unknown", "status-unknown-reference"):
        assert Axis.STATUS is REASONS[found].axis
        assert {Effect.BLOCKS} == REASONS[found].effects


@pytest.mark.parametrize("bits", [1, 2, 4, 8])
def test_a_list_has_no_more_entries_than_its_issuer_may(bits: int) -> None:
    """A list of as many entries as the trust list states is opened; a byte more of them is too large, or millions."""
    for most, size in ((80, 80), (80, 88), (77, 80), (8, 16), (8, 64_000_000 // bits)):
        entries = StatusList(bits=bits, data=bytes(size * bits // 8))
        for read in (
            partial(opened, issue(entries), max_entries=most),
            partial(opened_jwt, jwt(entries=entries), max_entries=most),
        ):
            if (size - most) * bits < 8:
                assert size == len(read().status_list)
            else:
                assert "status-list-too-large" == code_of(read)
