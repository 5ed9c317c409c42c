"""Requests and answers about vehicles: bound to each other, signed, short-lived, and strict."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from certcore import _cbor, cose
from certcore.errors import RejectedInputError, StatusError
from certcore.status import vehicledoc
from certcore.status.protocol import VehicleFlag, VehicleQuery, VehicleRecord
from certcore.status.tokenlist import STATUS_LIST_TYPE
from tests.status.http_cases import DAY, MINUTE, NOW, OTHER_SIGNER, REGISTER_SIGNER

NONCE = bytes(range(16))
QUERY = VehicleQuery(
    registration_number="闽C12345", country="CN", plate_type=2, vin="LSVAA4187E2184211", as_of=NOW - DAY, asked_at=NOW
)
REQUEST = vehicledoc.encode_request(QUERY, nonce=NONCE)
RECORD = VehicleRecord(
    known=True,
    flags=[
        VehicleFlag(code="G", since=date(2026, 1, 2), until=date(2026, 3, 4)),
        VehicleFlag(code="G"),
        VehicleFlag(code="Q", since=date(2026, 5, 6)),
    ],
    valid_until=date(2027, 9, 30),
    observed_at=NOW,
    history_from=datetime(2020, 1, 1, tzinfo=UTC),
    reliable_until=NOW + DAY,
)
KEYS = [REGISTER_SIGNER.public_key]


def issued(**how: Any) -> bytes:  # noqa: ANN401  as issue_answer takes it
    """An answer to the request."""
    settings = {
        "request": REQUEST,
        "signer": REGISTER_SIGNER,
        "issued_at": NOW,
        "expires_at": NOW + 5 * MINUTE,
    }
    return vehicledoc.issue_answer(how.pop("record", RECORD), **{**settings, **how})


def opened(data: bytes, **how: Any) -> VehicleRecord:  # noqa: ANN401  as open_answer takes it
    """What it says."""
    return vehicledoc.open_answer(data, **{"request": REQUEST, "keys": KEYS, "now": NOW, **how})


def code_of(call: Callable[[], object]) -> str:
    """The code of the error."""
    with pytest.raises(StatusError) as caught:
        call()
    return caught.value.code


@pytest.mark.parametrize(
    "query",
    [
        QUERY,
        VehicleQuery(vin="LSVAA4187E2184211", as_of=NOW, asked_at=NOW),
        VehicleQuery(registration_number="B-AB 123", country="DE", as_of=NOW, asked_at=NOW),
    ],
)
def test_requests_round_trip(query: VehicleQuery) -> None:
    """What is asked is what is read."""
    data = vehicledoc.encode_request(query, nonce=NONCE)

    assert query == vehicledoc.decode_request(data, asked_at=NOW)
    assert data == vehicledoc.encode_request(query, nonce=NONCE)


@pytest.mark.parametrize(
    ("query", "nonce"),
    [
        (VehicleQuery(as_of=NOW, asked_at=NOW), NONCE),
        (QUERY, b"short"),
        (QUERY, bytes(65)),
        (VehicleQuery(vin="x" * 129, as_of=NOW, asked_at=NOW), NONCE),
        (VehicleQuery(vin="a\nb", as_of=NOW, asked_at=NOW), NONCE),
        (VehicleQuery(vin="1", plate_type=-1, as_of=NOW, asked_at=NOW), NONCE),
        (VehicleQuery(vin="1", as_of=datetime(1969, 1, 1, tzinfo=UTC), asked_at=NOW), NONCE),
    ],
)
def test_requests_that_cannot_be_made(query: VehicleQuery, nonce: bytes) -> None:
    """A misuse is the caller's, and found out before anything is sent."""
    with pytest.raises(ValueError, match=r"."):
        vehicledoc.encode_request(query, nonce=nonce)


@pytest.mark.parametrize(
    "members",
    [
        [],
        {},
        {0: "闽C12345", 4: 1},
        {4: 1, 5: NONCE},
        {3: "1", 5: NONCE},
        {3: "1", 4: -1, 5: NONCE},
        {3: "1", 4: True, 5: NONCE},
        {3: "1", 4: 1, 5: b"short"},
        {3: "1", 4: 1, 5: "text"},
        {3: "", 4: 1, 5: NONCE},
        {3: 1, 4: 1, 5: NONCE},
        {2: "2", 3: "1", 4: 1, 5: NONCE},
        {2: True, 3: "1", 4: 1, 5: NONCE},
        {3: "1", 4: 1, 5: NONCE, 6: 1},
        {3: "1", 4: 1, 5: NONCE, -1: 1},
    ],
)
def test_requests_that_are_none(members: object) -> None:
    """Members a request does not have, or not of their type."""
    with pytest.raises(RejectedInputError) as caught:
        vehicledoc.decode_request(_cbor.encode(members), asked_at=NOW)

    assert "malformed" == caught.value.code


def test_requests_byte_by_byte() -> None:
    """Cut off anywhere, with a byte behind, or anything at all: malformed, or another request, and nothing else."""
    for data in [REQUEST[:size] for size in range(len(REQUEST))] + [REQUEST + b"\0", bytes(2000)]:
        with pytest.raises(RejectedInputError):
            vehicledoc.decode_request(data, asked_at=NOW)
    for place in range(len(REQUEST)):
        flipped = bytes([*REQUEST[:place], REQUEST[place] ^ 0x10, *REQUEST[place + 1 :]])
        try:
            assert QUERY != vehicledoc.decode_request(flipped, asked_at=NOW) or NONCE not in flipped
        except RejectedInputError:
            continue


def test_answers_round_trip() -> None:
    """The record, as of the answer's time of issue, with the answer as its proof."""
    record = opened(issued())

    assert (True, RECORD.flags, RECORD.valid_until) == (record.known, record.flags, record.valid_until)
    assert (NOW, RECORD.history_from, RECORD.reliable_until) == (
        record.observed_at,
        record.history_from,
        record.reliable_until,
    )
    assert [(vehicledoc.VEHICLE_ANSWER_TYPE, KEYS[0].key_id)] == [(p.media_type, p.key_id) for p in record.proofs]


def test_unknown_vehicles() -> None:
    """That a vehicle is not known is an answer, too."""
    record = opened(issued(record=VehicleRecord(known=False, observed_at=NOW)))

    assert (False, frozenset(), None) == (record.known, record.flags, record.valid_until)


def test_replay_of_another_answer() -> None:
    """An answer to the same question with another nonce, or about another vehicle, is refused."""
    again = vehicledoc.encode_request(QUERY, nonce=bytes(16))

    assert "vehicle-answer-subject" == code_of(lambda: opened(issued(), request=again))
    assert "vehicle-answer-subject" == code_of(lambda: opened(issued(request=again)))


def test_whose_answer() -> None:
    """Only the keys that were named, and only as an answer about vehicles."""
    listed = cose.sign1(b"\xa0", signer=REGISTER_SIGNER, protected={cose.TYP: STATUS_LIST_TYPE})

    assert "vehicle-answer-signature" == code_of(lambda: opened(issued(signer=OTHER_SIGNER)))
    assert "vehicle-answer-signature" == code_of(lambda: opened(issued(), keys=[]))
    assert "vehicle-answer-type" == code_of(lambda: opened(listed))
    assert "vehicle-answer-type" == code_of(lambda: opened(cose.sign1(b"\xa0", signer=REGISTER_SIGNER)))


@pytest.mark.parametrize(
    ("minutes", "code"),
    [
        (-2, "vehicle-answer-future"),
        (-1, None),
        (5, None),
        (6, "vehicle-answer-expired"),
        (60, "vehicle-answer-expired"),
    ],
)
def test_when_an_answer_counts(minutes: int, code: str | None) -> None:
    """From its issue to its end, and a clock's error beyond; without a moment, always."""
    opened(issued(), now=None)
    if code is None:
        opened(issued(), now=NOW + minutes * MINUTE)
    else:
        assert code == code_of(lambda: opened(issued(), now=NOW + minutes * MINUTE))


@pytest.mark.parametrize(
    "how",
    [
        {"expires_at": NOW},
        {"expires_at": NOW + DAY + MINUTE},
        {"issued_at": datetime(1969, 1, 1, tzinfo=UTC)},
        {"record": VehicleRecord(known=True, flags=[VehicleFlag(code="")], observed_at=NOW)},
        {"record": VehicleRecord(known=True, valid_until=date(1960, 1, 1), observed_at=NOW)},
        {"record": VehicleRecord(known=False, flags=[VehicleFlag(code="G")], observed_at=NOW)},
        {
            "record": VehicleRecord(
                known=True, flags=[VehicleFlag(code=f"{'闽' * 120}{number}") for number in range(200)], observed_at=NOW
            )
        },
        {
            "record": VehicleRecord(
                known=True,
                flags=[VehicleFlag(code="G", since=date(2000, 1, 1) + timedelta(days=day)) for day in range(513)],
                observed_at=NOW,
            )
        },
    ],
)
def test_answers_that_cannot_be_issued(how: dict[str, Any]) -> None:
    """What no reader would take is not signed."""
    with pytest.raises(ValueError, match=r"."):
        issued(**how)


def _claims(**changed: Any) -> dict[int, Any]:  # noqa: ANN401  any claim
    claims: dict[int, Any] = {
        2: vehicledoc._digest(REQUEST),
        4: int((NOW + MINUTE).timestamp()),
        6: int(NOW.timestamp()),
        -65538: {0: True, 1: []},
    }
    return {**claims, **{int(key): value for key, value in changed.items()}}


@pytest.mark.parametrize(
    "claims",
    [
        [],
        _claims(**{"-65538": None}),
        _claims(**{"-65538": {0: 1, 1: []}}),
        _claims(**{"-65538": {0: True}}),
        _claims(**{"-65538": {0: True, 1: [["A"]]}}),
        _claims(**{"-65538": {0: True, 1: [["A", -1, None]]}}),
        _claims(**{"-65538": {0: True, 1: [["A", True, None]]}}),
        _claims(**{"-65538": {0: True, 1: [["", None, None]]}}),
        _claims(**{"-65538": {0: True, 1: [[1, None, None]]}}),
        _claims(**{"-65538": {0: False, 1: [["A", None, None]]}}),
        _claims(**{"-65538": {0: True, 1: [["A", None, None]] * 513}}),
        _claims(**{"-65538": {0: True, 1: [], 2: 1 << 60}}),
        _claims(**{"-65538": {0: True, 1: [], 3: "x"}}),
        _claims(**{"-65538": {0: True, 1: [], -1: 0}}),
        _claims(**{"4": None}),
        _claims(**{"4": int(NOW.timestamp())}),
        _claims(**{"4": int((NOW + 2 * DAY).timestamp())}),
        _claims(**{"6": 1 << 60}),
        _claims(**{"-1": 0}),
    ],
)
def test_answers_that_are_none(claims: object) -> None:
    """Signed, of the right type, and still no answer."""
    data = cose.sign1(
        _cbor.encode(claims), signer=REGISTER_SIGNER, protected={cose.TYP: vehicledoc.VEHICLE_ANSWER_TYPE}
    )

    assert "vehicle-answer-malformed" == code_of(lambda: opened(data))


def test_answers_byte_by_byte() -> None:
    """Cut off anywhere, with a byte behind, or with a bit changed: refused, and never as anything else."""
    data = issued()
    for broken in [data[:size] for size in range(len(data))] + [data + b"\0", bytes(70_000)]:
        assert "vehicle-answer-malformed" == code_of(lambda broken=broken: opened(broken))  # type: ignore[misc]  # a default
    for place in range(len(data)):
        flipped = bytes([*data[:place], data[place] ^ 0x01, *data[place + 1 :]])
        assert code_of(lambda flipped=flipped: opened(flipped)).startswith("vehicle-answer-")  # type: ignore[misc]  # as above
