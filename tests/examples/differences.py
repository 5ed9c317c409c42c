"""Questions that the Python verifier and `examples/verify-in-browser` must answer alike, made from a seed.

Each case is a conformance vector in everything but its name: text, trust list, question, registers' answers. What
Python comes to is computed here; the JavaScript side answers the same JSON.
"""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Callable, Iterator
from datetime import date, datetime, timedelta
from pathlib import Path
from random import Random
from typing import Any, Final

import cbor2
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from certcore import Expected, PublicKey, TrustList, Verdict, Verifier, armor, cose, payload
from certcore.errors import CertcoreError, RejectedInputError, StatusError
from certcore.policy import PRESETS, Policy
from certcore.status import StatusEvent, StatusEventKind
from certcore.status.tokenlist import StatusList, issue_events, issue_token, open_events, open_token, status_record
from certcore.testing import FixedClock
from tests.model import doors
from tests.model.case import Case, Register
from tests.model.worlds import worlds
from tests.verify_cases import LIVE_SIGNER, NOW, ROOT_SIGNER, SIGNER, TRUST_ROOT, certificate, trust_bytes
from tests.verify_vectors import FOLDER, VECTORS
from tests.verify_vectors import Vector as ConformanceVector

Vector = dict[str, Any]

EXAMPLE: Final = Path(__file__).parents[2] / "examples" / "verify-in-browser"
CLAIMS: Final = json.loads((EXAMPLE / "claims.json").read_text("utf-8"))["leaves_out"]
"""What the example leaves out, and why."""

VECTOR_ROOTS: Final = tuple(PublicKey.from_pem(path.read_bytes()) for path in sorted(FOLDER.glob("root*.pem")))
ROOTS: Final = (ROOT_SIGNER.public_key, doors.ROOT_SIGNER.public_key, *VECTOR_ROOTS)
TRUST_BYTES: Final = trust_bytes()
TRUST: Final = TrustList.open(TRUST_BYTES, root=TRUST_ROOT)
AS_OF: Final = NOW - timedelta(days=30)

LEFT_OUT: Final = {"chassis-check-digit"}
"""Notes that the example does not make; its claims.json says so."""

_EDGES: Final[tuple[Any, ...]] = (
    *(0, 1, 2, 3, 4, 5, 6, 7, 23, 24, 255, 256, 65535, 65536, 2932531, 2932532, 4102444800, 253370678399, 253370678400),
    *(2**32 - 1, 2**32, 2**53 - 1, 2**53, 2**63, 2**64 - 1, -1, -2, -7, -24, -25, -65537, -(2**53), -(2**63), -(2**64)),
    *(
        True,
        False,
        None,
        b"",
        b"\0",
        bytes(8),
        bytes(11),
        b"\xff" * 11,
        bytes(16),
        bytes(17),
        [],
        {},
        [0],
        [0, 0],
        [1, 2, 3],
    ),
    *(
        [2**32, 0],
        [0, 2**32],
        [[b"x", 2]],
        [["x", 2]],
        [["x", 1]],
        [["x", 4], ["y", 5]],
        {0: 0},
        {"a": 1},
        [[[[[[]]]]]],
        [[[[[[[]]]]]]],
    ),
    *(
        "",
        " ",
        "A",
        "a",
        "AB",
        "ab",
        "CN",
        "DE",
        "x" * 128,
        "x" * 129,
        "é" * 32,
        "中" * 21,
        "中" * 22,
        "x" * 32,
        "x" * 33,
    ),
)
_STRANGE: Final = (
    *"\0\t\n\r\x1b\x7f\x80\x85\x9f\xa0\xad\u034f\u0378\u0600\u061c\u06dd\u070f\u0890\u08e2\u115f\u1680\u17b4\u180b\u180e\u180f",
    *"\u2000\u200a\u200b\u200f\u2010\u2015\u2027\u2028\u2029\u202a\u202e\u202f\u205f\u2060\u206f\u3000\u30fb\u3164\ue000\uf8ff",
    *"\ufdcf\ufdd0\ufdef\ufdf0\ufe00\ufe0f\ufeff\uffa0\ufff0\ufffb\ufffc\ufffd\ufffe\uffff\U000110bd\U000110cd\U00013430\U0001343f",
    *"\U00013440\U0001bca0\U0001d173\U0001fffe\U0002ffff\U000e0000\U000e00ff\U000e0100\U000e01f0\U000e0fff\U000e1000\U000efffe",
    *"\U000effff\U000f0000\U0010ffff\u00b7\u2022\u2043\u2212\u2219\u22c5\u25cf\u2e3a\u002d_./\u0301\u0345\u00df\u0131\u01c5\u0149",
    *"\u1e9e\ufb01\u0390\u03c2\uff21\u2160\u24d0\u0264\u019b\ua7cb\ua7da\U00010d70\U00010efd\U0001e4ec\u0897\u212b\u0958\ufa10\u1100\u1161",
    *"\U000113c2\U000113c7\U000113c9\U00016121\U0001611e\U00016129\U00011383\U00011382\U000105d2\U0001e5ee\u1c8a\u1c89\U00016ebb",
)


def question(text: str, trust: bytes = TRUST_BYTES, **changes: Any) -> Vector:  # noqa: ANN401  any member of a vector
    """A vector that asks a counterparty's question about last month, unless told otherwise."""
    usual = {
        "text": text,
        "trust": base64.b64encode(trust).decode(),
        "policy": "counterparty",
        "as_of": AS_OF.isoformat(),
        "known_at": None,
        "evaluated_at": NOW.isoformat(),
        "expect": None,
        "status": None,
        "vehicle": None,
    }
    return usual | changes


def _ask(text: str, trust: TrustList = TRUST, policy: Policy = PRESETS["counterparty"](), **question: Any) -> Verdict:  # noqa: ANN401, B008  any question; the preset is frozen
    return Verifier(trust=trust, status=None, policy=policy, clock=FixedClock(NOW)).verify(
        text, **({"as_of": AS_OF} | question)
    )


def line(verdict: Verdict) -> str:
    """What a verdict comes to, as conformance.js writes it."""
    pairs = sorted(
        {f"{reason.effect.value} {reason.code}" for reason in verdict.reasons if reason.code not in LEFT_OUT}
    )
    return "|".join([verdict.outcome.value, str(verdict.degraded).lower(), *pairs])


# --- certificates, changed and signed again ---------------------------------------------------------------------------


def _in_order(value: Any) -> Any:  # noqa: ANN401  any item of CBOR
    if isinstance(value, dict):
        return {key: _in_order(inner) for key, inner in sorted(value.items(), key=lambda item: _rank(item[0]))}
    return [_in_order(inner) for inner in value] if isinstance(value, list) else value


def _rank(key: object) -> bytes:
    encoded = cbor2.dumps(key)
    return bytes([isinstance(key, str)]) + encoded


def _texts(random: Random) -> str:
    base = random.choice(
        ("闽C12345", "B-AB 123", "AB", "LSVAA4181E2184211", "A" * 17, "abc", "--", " A", "A ", "É", "E\u0301")
    )
    if random.random() < 0.7:
        place = random.randrange(len(base) + 1)
        base = base[:place] + random.choice(_STRANGE) + base[place:]
    return base


def _any(random: Random) -> Any:  # noqa: ANN401  any item of CBOR
    return _texts(random) if random.random() < 0.4 else random.choice(_EDGES)


def _change_map(random: Random, found: dict[Any, Any], keys: tuple[Any, ...]) -> None:
    key = random.choice(keys)
    if random.random() < 0.25:
        found.pop(key, None)
    else:
        found[key] = _any(random)


def _changed_claims(random: Random) -> bytes:
    stated = certificate(**random.choice(_FORMS)(random))
    claims: dict[Any, Any] = cbor2.loads(payload.encode(stated))
    inspection = claims[-65537]
    for _ in range(random.choice((1, 1, 1, 2, 3))):
        way = random.random()
        if way < 0.75:
            _change_map(random, inspection, (*range(24), *range(23), -1, 99, "a", 2, 2, 0, 0, 3, 13, 22))
        else:
            _change_map(random, claims, (1, 4, 5, 6, 7, 65535, -65537, 8, -1, "a", 2**64 - 1))
            inspection = claims.get(-65537) if isinstance(claims.get(-65537), dict) else {}
    return cbor2.dumps(claims if random.random() < 0.03 else _in_order(claims))


_STATUS_CLAIMS: Final = (
    {"status_list": {"idx": 1, "uri": "https://status.example/1"}},
    {"status_list": {"idx": 1, "uri": ""}},
    {"status_list": {"idx": 1, "uri": "https://status.example/é"}},
    {"status_list": {"idx": 1, "uri": "a b"}},
    {"status_list": {"idx": -1, "uri": "x"}},
    {"status_list": {"idx": 2**32, "uri": "x"}},
    {"status_list": {"idx": 1}},
    {"status_list": {"idx": 1, "uri": 5}},
    {"status_list": {"idx": 1, "uri": None}},
    {"status_list": {"idx": 1, "uri": ["x"]}},
    {"status_list": {"idx": 1, "status_list": 0}},
    {"status_list": {"idx": 1, "uri": "x", "zzz": 1}},
    {"status_list": {"idx": 1, "uri": "x" * 513}},
    {"status_list": [1]},
    {"status_list": {"idx": 1, "uri": "x"}, "more": 1},
    {1: {"idx": 1, "uri": "x"}},
)
_FORMS: Final[tuple[Callable[[Random], dict[str, Any]], ...]] = (
    lambda _: {},
    lambda _: {"odometer_km": 12, "inspector": "7"},
    lambda random: {"presented_at": NOW, "expires_at": NOW + timedelta(seconds=random.choice((1, 300, 900, 901)))},
    lambda _: {"expires_at": NOW},
    lambda _: {"status": None, "certificate_id": bytes(12)},
)


_ODD_TEXTS: Final = (
    "",
    "\n",
    "\r",
    "\r\n",
    "\n\r",
    "\n\n",
    "\r\r\n",
    " ",
    "VIC1",
    "VIC1:",
    "VIC1:0",
    "vic1:00",
    "HC1:6BF",
    "\u2028",
)


def certificates(random: Random) -> Iterator[tuple[Vector, str]]:
    """Certificates with claims changed by structure, by bytes, and as a whole; the first two signed again."""
    while True:
        way = random.random()
        signer = random.choice((SIGNER, SIGNER, SIGNER, LIVE_SIGNER))
        claims = _changed_claims(random)
        if way < 0.06:
            inner = cbor2.loads(claims)
            inner[65535] = random.choice(_STATUS_CLAIMS)
            if random.random() < 0.8 and isinstance(inner.get(-65537), dict):
                inner[-65537].pop(11, None)
                inner.pop(7, None)
            claims = cbor2.dumps(_in_order(inner))
        elif way < 0.3:
            claims = _bytes(random, payload.encode(certificate()))
        data = cose.sign1(claims, signer=signer)
        if way > 0.8:
            data = _bytes(random, data)
        text = armor.encode(data) if data else "VIC1:"
        if way > 0.985:
            text = random.choice(_ODD_TEXTS) if random.random() < 0.5 else text + random.choice(_ODD_TEXTS)
        elif way > 0.97:
            place = random.randrange(len(text))
            text = text[:place] + random.choice("0Z :\t\0\u00a0é\na") + text[place + random.randrange(2) :]
        yield question(text), line(_ask(text))


def _bytes(random: Random, data: bytes) -> bytes:
    """The bytes with some bit, byte or head changed, put in, left out, or the end cut off."""
    place = random.randrange(len(data))
    way = random.random()
    if way < 0.5:
        return data[:place] + bytes([data[place] ^ 1 << random.randrange(8)]) + data[place + 1 :]
    if way < 0.75:
        return (
            data[:place]
            + bytes([random.choice((0, 0x17, 0x18, 0x1F, 0x5F, 0xA0, 0xF6, 0xF9, 0xFB, 0xFF))])
            + data[place + 1 :]
        )
    if way < 0.85:
        return data[:place] + bytes([random.randrange(256)]) + data[place:]
    return data[:place] + data[place + 1 :] if way < 0.95 else data[:place]


# --- the conformance suite's own changes ------------------------------------------------------------------------------


def vectors(random: Random) -> Iterator[tuple[Vector, str]]:
    """Vectors with their texts cut, lengthened and flipped, as tests/test_conformance.py does it, valid or not."""
    known = [(vector, file) for vector in VECTORS if is_claimed(file := file_of(vector))]
    while True:
        vector, file = random.choice(known)
        text = _changed_text(random, vector.text)
        yield file | {"text": text}, line(vector.verify(text))


def _changed_text(random: Random, text: str) -> str:
    way = random.random()
    if way < 0.2:
        return text[: random.randrange(len(text) + 1)]
    if way < 0.4:
        more = random.choice("0Z :\t\0\u00a0\u2028é")
        return random.choice((text + more, more + text))
    try:
        data = armor.decode(text)
    except RejectedInputError:
        return text
    if way < 0.5:
        return armor.encode(data + bytes([random.choice((0, 0x40, 0xF6, 0xFF))]))
    place = random.randrange(len(data))
    changed = data[place] ^ random.choice((1, 2, 4, 8, 16, 32, 64, 128, 255))
    return armor.encode(data[:place] + bytes([changed]) + data[place + 1 :])


def file_of(vector: ConformanceVector) -> Vector:
    """A vector as it is in its file."""
    found: Vector = json.loads((FOLDER / vector.folder / f"{vector.name}.json").read_text("ascii"))
    return found


def is_claimed(file: Vector) -> bool:
    """Whether the example's manifest claims a vector."""
    if any(file.get(member) for rule in CLAIMS for member in rule.get("members", [])):
        return False
    return not any(file["name"] in rule.get("names", []) for rule in CLAIMS)


# --- is it this vehicle? ----------------------------------------------------------------------------------------------

_PLATES: Final = (
    "闽C12345", "闽C·12345", "闽 C12345", "B-AB 123", "BA-B 123", "BAB123", "СА1234ВХ", "CA1234BX", "ΑΒΕ١٢٣", "ABE123",
    "A-1", "A1", "A 1-2", "A1 2", "Straße 1", "STRASSE1", "ﬁ-12", "FI12", "Ⅳ-1", "IV1", "ＡＢ１２", "AB12", "ab·12",
    "Á1", "A\u03011", "ĸA-1", "ĸ A1", "ɕ-A1", "ɕA 1",
)  # fmt: skip
_VINS: Final = (
    "LSVAA4181E2184211", "184211", "84211", "E2184211", "1E2184211", "LSVAA4I8IE2I842II", "lsvaa4181e2184211", "184212",
    "JN1-AB 12345", "AB12345", "12345", "B12345", "ЅVAA41", "WVWZZZ1JZXW000001", "XW000OO1", "XW0000Q1", "5 X-184211",
    "٣٤٥-١٢٣٤٥", "345-12345", "𐌀𐌁𐌂𐌃𐌄𐌅𐌆𐌇𐌈𐌉",
)  # fmt: skip


def bindings(random: Random) -> Iterator[tuple[Vector, str]]:
    """Plates and chassis numbers, stated and seen."""
    while True:
        vin = random.choice(_VINS)
        plate = _noisy(random, random.choice(_PLATES))
        try:
            stated = certificate(
                registration_number=plate,
                vin=vin,
                plate_type=random.choice((None, 2)),
                country=random.choice((None, "CN")),
            )
            seen = Expected(
                registration_number=random.choice(
                    (None, plate, plate, _noisy(random, plate), _noisy(random, random.choice(_PLATES)))
                ),
                vin=random.choice((None, vin, vin[-8:], vin[-6:], _noisy(random, vin), random.choice(_VINS))),
                plate_type=random.choice((None, None, 1, 2)),
                country=random.choice((None, None, "CN", "DE", "cn")),
            )
        except ValueError:
            continue
        name = random.choice(tuple(PRESETS))
        text = armor.encode(cose.sign1(payload.encode(stated), signer=SIGNER))
        expect = {name: getattr(seen, name) for name in ("registration_number", "country", "plate_type", "vin")}
        yield question(text, policy=name, expect=expect), line(_ask(text, policy=PRESETS[name](), expect=seen))


def _noisy(random: Random, text: str) -> str:
    for _ in range(random.choice((0, 0, 1, 2))):
        place = random.randrange(len(text) + 1)
        text = text[:place] + random.choice((*_STRANGE, *"-· .1IOQ")) + text[place:]
    return random.choice((text, text, text.lower(), text.swapcase()))


# --- status at a moment -----------------------------------------------------------------------------------------------


def moments(random: Random) -> Iterator[tuple[Vector, str]]:
    """Registers' answers of the model's worlds, and questions about them."""
    for _, cases in worlds(random, "answer"):
        for case in cases:
            verdict = doors.ask(case, doors.answer(case))
            text = doors.text(case.issued_at, case.first_day, case.last_day, doors.REF, passed=case.passed)
            yield _question_of(case, text), line(verdict)


def _question_of(case: Case, text: str) -> Vector:
    trust = doors.trust(case.zone, suspends=case.suspends, retroactive=case.retroactive)
    (register,) = case.registers
    return question(
        text,
        trust.to_bytes(),
        policy={
            "status": "required" if case.required else "if-available",
            "max_status_age": _micros(case.max_status_age),
            "clock_skew": _micros(case.clock_skew),
        },
        as_of=case.as_of.isoformat(),
        known_at=_iso(case.known_at),
        evaluated_at=case.evaluated_at.isoformat(),
        status=_answer(case, register),
    )


def _answer(case: Case, register: Register) -> Vector:
    return {
        "events": [
            {"kind": event.kind, "effective_at": _iso(event.effective), "recorded_at": event.recorded.isoformat()}
            for event in register.events
        ],
        "observations": [
            {"state": one.state, "at": one.iat.isoformat(), "expires_at": _iso(one.exp)} for one in case.lists
        ],
        "observed_at": register.iat.isoformat(),
        "history_from": _iso(register.history_from),
        "reliable_until": _iso(register.reliable_until),
        "expires_at": _iso(register.exp),
    }


def _iso(at: datetime | date | None) -> str | None:
    return None if at is None else at.isoformat()


def _micros(age: timedelta | None) -> int | None:
    return None if age is None else age // timedelta(microseconds=1)


# --- documents --------------------------------------------------------------------------------------------------------

STATUS_URI: Final = "https://status.example/7"
_STATUS_KEYS: Final = doors.trust("Europe/Berlin", suspends=True, retroactive=True)
_INDEX: Final = 5


_OTHER_KEY: Final = re.compile(rb"\xa6\x01[\x03\x07]\x02")
"""A COSE_Key of another type than those made here."""


def trust_lists(random: Random) -> Iterator[tuple[Vector, str]]:
    """Trust lists changed by structure and by bytes, and signed again or not."""
    payload_bytes = cbor2.loads(TRUST_BYTES).value[2]
    while True:
        way = random.random()
        changed = _changed_list(random, cbor2.loads(payload_bytes))
        if way < 0.2:
            changed = _bytes(random, payload_bytes)
        data = cose.sign(changed, signers=[ROOT_SIGNER], content_type="application/vnd.certcore.trust+cbor")
        if way > 0.75:
            data = _bytes(random, data)
        if (b"Asia/Shanghai" not in data and b"asia/shanghai" in data.lower()) or _OTHER_KEY.search(data):
            continue  # a browser takes small letters in the name of a zone, and looks into no key that it cannot use
        try:
            found = TrustList.open(data, root=TRUST_ROOT)
            said = f"opened {found.version} {found.environment} {len(found.issuers)}"
        except CertcoreError as refused:
            said = refused.code
        yield {"document": "trust", "data": base64.b64encode(data).decode()}, said


def _changed_list(random: Random, contents: dict[Any, Any]) -> bytes:
    """With one change: of two faults, which one is told depends on the order of reading."""
    issuer = contents[6][0]
    if random.random() < 0.15:
        return cbor2.dumps(_in_order(_repeated(random, contents)))
    found, keys = random.choice(((contents, range(1, 8)), (issuer, range(1, 14)), (issuer[11][0], range(1, 10))))
    if random.random() < 0.1:
        issuer[random.choice((6, 7))] = random.choice(_PLACES)
    else:
        _change_map(random, found, (*keys, *keys, -1, "a"))
    return cbor2.dumps(_in_order(contents))


def _repeated(random: Random, contents: dict[Any, Any]) -> dict[Any, Any]:
    """With an issuer, a key, an id or a country more than once, or just not."""
    issuer = contents[6][0]
    key, other = issuer[11]
    way = random.randrange(5)
    if way == 0:
        contents[6].append(issuer | {1: random.choice((issuer[1], "other")), 11: []})
    elif way == 1:
        issuer[11].append(random.choice((key, key | {5: key[5] + 1}, key | {1: _another_key(random)})))
    elif way == 2:
        key[2] = random.choice(([b"k", b"k"], [b"k", b"l"]))
    elif way == 3:
        issuer[12] = random.choice((["CN"], ["DE", "DE"], ["DE", "FR"]))
    else:
        more = [other | {1: _another_key(random), 2: [b"k"]} for _ in range(random.choice((2, 3)))]
        issuer[11] = [key | {2: [b"k"]}, other | {2: [b"k", b"l"]}, *more]
    return contents


def _another_key(random: Random) -> bytes:
    seed = random.randbytes(32)
    public = Ed25519PrivateKey.from_private_bytes(seed).public_key().public_bytes_raw()
    return cbor2.dumps({1: 1, 2: seed[:4], -1: 6, -2: public})


_PLACES: Final = (
    [["https://status.example/{list}", 0, None]],
    [["https://status.example/{list}", 9, 8]],
    [["https://status.example/", 0, None]],
    [["http://status.example/{list}", 0, None]],
    [["http://127.0.0.1:8000/{list}", 0, None]],
    ["https://status.example/"],
    ["https://status.example/a"],
    ["https://user@status.example/"],
    ["https://status.example/../"],
    ["https://status.example/%2e/"],
    ["https://status.example//"],
    ["https://STATUS.example/"],
    ["https://0x7f.1/"],
    ["http://localhost.evil.example/"],
    ["http://127.evil.example/"],
    ["https://status.example/a|b/"],
    ["https://status..example/"],
    [[5, 0, None]],
)


def documents(random: Random) -> Iterator[tuple[Vector, str]]:
    """Status lists and events documents, changed likewise."""
    at = NOW - timedelta(hours=1)
    times: dict[str, Any] = {"issued_at": at, "expires_at": NOW + timedelta(days=1), "ttl": timedelta(hours=1)}
    while True:
        is_list = random.random() < 0.5
        if is_list:
            entries = StatusList.from_values({_INDEX: random.randrange(4)}, size=64, bits=random.choice((2, 4, 8)))
            data = issue_token(entries, uri=STATUS_URI, signer=doors.STATUS_SIGNER, **times)
        else:
            happened = [_event(random, at) for _ in range(random.randrange(3))]
            signer = doors.STATUS_SIGNER
            data = issue_events(
                {_INDEX: happened, 9: happened[:1]}, uri=STATUS_URI, signer=signer, history_from=at, **times
            )
        data = _changed_document(random, data, is_list=is_list)
        yield (
            {"document": "list" if is_list else "events", "data": base64.b64encode(data).decode()},
            said(data, is_list=is_list),
        )


def _event(random: Random, at: datetime) -> StatusEvent:
    kind = random.choice([kind for kind in StatusEventKind if kind is not StatusEventKind.ISSUED])
    void = random.random() < 0.2 and kind is StatusEventKind.REVOKED
    return StatusEvent(kind=kind, effective_at=None if void else at, recorded_at=at, reason="test")


def _changed_document(random: Random, data: bytes, *, is_list: bool) -> bytes:
    header, _, claims_bytes, _ = cbor2.loads(data).value
    way = random.random()
    if way < 0.3:
        behind_header = 3 + len(header)  # headers of others may hold much; a few are changed below
        return data[:behind_header] + _bytes(random, data[behind_header:])
    claims = cbor2.loads(claims_bytes)
    for _ in range(random.choice((1, 1, 2))):
        inner = claims.get(65533) if is_list else claims.get(-65539)
        if isinstance(inner, dict) and random.random() < 0.4:
            _change_map(
                random, inner, ("bits", "lst", "aggregation_uri", "more", 1) if is_list else (_INDEX, 9, -1, "a", 2**32)
            )
            if not is_list and random.random() < 0.7:
                inner[_INDEX] = [
                    [
                        random.choice((0, 1, 4, 5, True, "1")),
                        random.choice((None, 0, -1, 1790823600)),
                        random.choice((0, 1790823600, 1790823601)),
                        random.choice(("x", "", "x" * 129, "\u200b")),
                    ][: random.choice((3, 4, 4, 4, 4))]
                ]
        else:
            _change_map(random, claims, (2, 4, 5, 6, 65533, 65534, -65539, -65540, 7, -7, "a"))
            if random.random() < 0.3:
                claims[random.choice((4, 5, 6))] = NOW_SECONDS + random.choice((-1, 0, 1, 60, 61))
    changed = cbor2.dumps(claims if is_list and way < 0.6 else _in_order(claims))
    if way > 0.9:
        changed = _bytes(random, claims_bytes)
    types = ("application/statuslist+cwt", "application/vnd.certcore.status-events+cwt", 7)
    kind = cbor2.loads(header)[16] if random.random() < 0.95 else random.choice(types)
    signer = doors.STATUS_SIGNER if random.random() < 0.95 else doors.SIGNER
    return cose.sign1(changed, signer=signer, protected={cose.TYP: kind})


NOW_SECONDS: Final = int(NOW.timestamp())


def said(data: bytes, *, is_list: bool) -> str:
    """What Python says of a document."""
    keys = _STATUS_KEYS.issuers[0].status_keys
    try:
        if is_list:
            token = open_token(data, uri=STATUS_URI, keys=keys, now=NOW, max_entries=1 << 20)
            return f"opened {status_record(_INDEX, tokens=[token]).observations[0].state.value}"
        events = open_events(data, uri=STATUS_URI, keys=keys, now=NOW)
        found = events.events.get(_INDEX, ())
        return "opened " + " ".join(
            f"{event.kind.value} {_iso(event.effective_at)} {_iso(event.recorded_at)}" for event in found
        )
    except StatusError as refused:
        return refused.code


CONTEXT: Final = {
    "trust": base64.b64encode(_STATUS_KEYS.to_bytes()).decode(),
    "uri": STATUS_URI,
    "index": _INDEX,
    "now": NOW.isoformat(),
}
"""What a document is opened with."""

KINDS: Final[dict[str, Callable[[Random], Iterator[tuple[Vector, str]]]]] = {
    "vectors": vectors,
    "certificates": certificates,
    "bindings": bindings,
    "moments": moments,
    "trust": trust_lists,
    "documents": documents,
}
