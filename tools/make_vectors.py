#!/usr/bin/env python3
"""Write certcore's own conformance vectors, tests/vectors: `PYTHONPATH=src python tools/make_vectors.py`.

Run by hand, and the output is checked in. A case that has no file gets one; a file that is there stays as it is, because
others run it, and must still say what its case says here. Every run makes new keys, which are kept nowhere but as public
keys inside the trust lists, the root's in root.pem or the next root-N.pem, and the group keys of the confidential cases.
What each case must give is written down here by whoever wrote it, with the rules of the verdict in hand, and never taken
from what certcore answers.
"""

# ruff: noqa: ANN401, D103, E501, PLR0913, PLR0915, PLR2004, RUF001  a table of cases in a script: its functions are its columns

from __future__ import annotations

import base64
import hashlib
import json
import sys
from datetime import UTC, date, datetime, timedelta
from itertools import count
from pathlib import Path
from typing import Any, Final

import attrs
import cbor2

ROOT: Final = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from certcore import (
    Basis,
    Deficiency,
    DeficiencyCounts,
    InspectionCertificate,
    LocalSigner,
    Result,
    StatusListEntry,
    StatusRef,
    armor,
    cose,
    payload,
)
from certcore.certificate import confidential
from certcore.keys import EDDSA, ES256, ES384, GroupKey
from certcore.keys._algorithms import ED25519, ESP256, ESP384
from certcore.keys._group import A128GCM, A256GCM, AES_CCM_16_64_128, AES_CCM_16_64_256
from certcore.proofs import receipts
from certcore.trust import Environment, KeyUsage
from tests.verify_cases import (
    FAR_OFF,
    ISSUED,
    LIVE_SIGNER,
    LONG_AGO,
    NOW,
    REF,
    ROOT_SIGNER,
    SIGNER,
    VIN,
    certificate,
    live,
    seal,
    trust_bytes,
    trusted_issuer,
    trusted_key,
)

FOLDER: Final = ROOT / "tests" / "vectors"
DAY: Final = timedelta(days=1)
HOUR: Final = timedelta(hours=1)
MINUTE: Final = timedelta(minutes=1)
TICK: Final = timedelta(microseconds=1)
LOSS: Final = datetime(2026, 9, 1, 2, 30, tzinfo=UTC)
"""The usual moment asked about: half past ten in the morning in Shanghai, a month ago."""

SEEN: Final = {"registration_number": "闽C12345", "country": None, "plate_type": None, "vin": VIN}
PLATE_SEEN: Final = {**SEEN, "vin": None}

PREFIX: Final = "https://lists.example/cn/"
USUAL: Final = trust_bytes()

FOUND: dict[str, dict[str, Any]] = {}


def iso(at: date | datetime | None) -> str | None:
    return None if at is None else at.isoformat()


def event(
    kind: str, effective_at: datetime | None, recorded_at: datetime | None = None, reason: str = "test"
) -> dict[str, Any]:
    at = recorded_at or effective_at
    assert at is not None
    return {"kind": kind, "effective_at": iso(effective_at), "recorded_at": iso(at), "reason": reason}


def seen(state: str, at: datetime, expires_at: datetime | None = None) -> dict[str, Any]:
    end = {} if expires_at is None else {"expires_at": iso(expires_at)}
    return {"state": state, "at": iso(at), **end}


def says(
    *events: dict[str, Any],
    observations: list[dict[str, Any]] | None = None,
    issued: bool = True,
    observed_at: datetime = NOW,
    history_from: datetime | None = LONG_AGO,
    reliable_until: datetime | None = None,
    expires_at: datetime | None = None,
    proofs: list[dict[str, Any]] | None = None,
) -> dict[str, Any]:
    """What a register answers: issued, and whatever else."""
    first = [event("issued", ISSUED)] if issued else []
    return {
        "events": [*first, *events],
        "observations": observations or [],
        "observed_at": iso(observed_at),
        "history_from": iso(history_from),
        "reliable_until": iso(reliable_until),
        "proofs": proofs or [],
        **({} if expires_at is None else {"expires_at": iso(expires_at)}),
    }


def vehicle(*flags: str | tuple[str, date | None, date | None], **changes: Any) -> dict[str, Any]:
    given = [flag if isinstance(flag, tuple) else (flag, None, None) for flag in flags]
    usual = {
        "known": True,
        "flags": [{"code": code, "since": iso(since), "until": iso(until)} for code, since, until in given],
        "observed_at": iso(NOW),
        "history_from": None,
        "reliable_until": None,
    }
    return usual | changes


ERROR: Final = {"error": "status-unavailable"}


def case(
    name: str,
    describes: str,
    *expected: str,
    text: str | None = None,
    trust: bytes = USUAL,
    policy: str = "claims",
    as_of: datetime | date = LOSS,
    known_at: datetime | None = None,
    evaluated_at: datetime = NOW,
    expect: dict[str, Any] | None = SEEN,
    status: dict[str, Any] | None = None,
    vehicle: dict[str, Any] | None = None,
    degraded: bool = False,
    group_keys: list[GroupKey] | None = None,
    existed_by: list[bytes] | None = None,
    seal_keys: list[LocalSigner] | None = None,
    in_force: list[tuple[datetime, datetime | None]] | None = None,
) -> None:
    """One vector. Each reason expected is ``effect code``. What came after ``degraded`` is left out where it is None."""
    pairs = sorted({(code, effect) for effect, code in (reason.split() for reason in expected)})
    effects = {effect for _, effect in pairs}
    assert effects <= {"fails", "blocks", "notes"}, name
    outcome = "invalid" if "fails" in effects else "undetermined" if "blocks" in effects else "valid"
    assert name not in FOUND, name
    FOUND[name] = {
        "name": name,
        "describes": describes,
        "text": TEXT if text is None else text,
        "trust": base64.b64encode(trust).decode(),
        "policy": policy,
        "as_of": iso(as_of),
        "known_at": iso(known_at),
        "evaluated_at": iso(evaluated_at),
        "expect": expect,
        "status": status,
        "vehicle": vehicle,
        "expected": {
            "outcome": outcome,
            "degraded": degraded,
            "reasons": [{"code": code, "effect": effect} for code, effect in pairs],
        },
    }
    further: dict[str, list[str] | None] = {
        "group_keys": None if group_keys is None else [key.to_cose_key().hex() for key in group_keys],
        "existed_by": None if existed_by is None else [proof.hex() for proof in existed_by],
        "seal_keys": None if seal_keys is None else [signer.public_key.to_cose_key().hex() for signer in seal_keys],
    }
    FOUND[name] |= {member: value for member, value in further.items() if value is not None}
    if in_force is not None:
        FOUND[name]["expected"]["in_force"] = [[iso(start), iso(end)] for start, end in in_force]


TEXT: Final = seal(certificate())
GOOD: Final = says()


def claims_map(**changes: Any) -> dict[int, Any]:
    """The usual payload as a map, for what a certificate object would refuse."""
    return dict(cbor2.loads(payload.encode(certificate(**changes))))


def raw(claims: object, signer: LocalSigner = SIGNER) -> str:
    """A payload of any shape, signed; keys in the order 0, 1, …, -1, -2, …."""
    return seal(cbor2.dumps(in_order(claims)), signer)


def in_order(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: in_order(value[key]) for key in sorted(value, key=rank)}
    return value


def rank(key: int | str) -> tuple[bool, bool, int | str]:
    return (True, False, key) if isinstance(key, str) else (False, key < 0, abs(key))


def envelope(signer: LocalSigner = SIGNER, **parts: Any) -> str:
    """The usual certificate's envelope with parts of it replaced, not signed again."""
    header, unprotected, claims, signature = cbor2.loads(armor.decode(seal(certificate(), signer))[1:])
    usual = {"header": header, "unprotected": unprotected, "claims": claims, "signature": signature}
    usual |= parts
    return armor.encode(b"\xd2" + cbor2.dumps(list(usual.values())))


INSPECTION: Final = -65537


def valid_forms() -> None:
    """Algorithms, profiles, references, and whatever else a valid certificate may be."""
    for number, name in (
        (ES256, "es256"),
        (ESP256, "esp256"),
        (ES384, "es384"),
        (ESP384, "esp384"),
        (EDDSA, "eddsa"),
        (ED25519, "ed25519"),
    ):
        signer = LocalSigner.generate(number)
        trust = trust_bytes(trusted_issuer(trusted_key(signer)))
        case(
            f"valid-{name}",
            f"A certificate signed with {name}.",
            text=seal(certificate(), signer),
            trust=trust,
            status=GOOD,
        )
    full = certificate(
        plate_type=2, vehicle_category="K33", usage="A", status=REF, valid_from=date(2025, 10, 1), odometer_km=42_000
    )
    case(
        "valid-profile-cn",
        "Every field of the Chinese mark.",
        text=seal(full),
        expect=SEEN | {"plate_type": 2, "country": "CN"},
        status=GOOD,
    )
    berlin = LocalSigner.generate()
    germany = trusted_issuer(trusted_key(berlin), id="DE", country="DE", time_zone="Europe/Berlin", suspends=False)
    european = InspectionCertificate(
        registration_number="B-AB 123",
        vin="WVWZZZ1JZXW000001",
        valid_until=date(2027, 10, 31),
        inspected_on=date(2025, 10, 10),
        basis=Basis.INSPECTED,
        result=Result.MINOR,
        authority="DE-BE",
        vehicle_category="M1",
        status=REF,
        odometer_km=88_123,
        deficiencies=(Deficiency(code="1.1.13 (a) (ii)", severity=Result.MINOR),),
        test_place="Berlin",
        inspector="T-4711",
        issued_at=ISSUED,
    )
    german = {"registration_number": "b ab 123", "country": "DE", "plate_type": None, "vin": "W000001"}
    case(
        "valid-profile-eu",
        "Every field of 2014/45/EU annex II, deficiencies coded.",
        text=seal(european, berlin),
        trust=trust_bytes(germany),
        expect=german,
        status=GOOD,
    )
    case(
        "plate-mismatch-split",
        "B-AB 123 is not BA-B 123, though the characters are the same.",
        "fails plate-mismatch",
        text=seal(european, berlin),
        trust=trust_bytes(germany),
        expect=german | {"registration_number": "BA-B 123"},
        status=GOOD,
    )
    case(
        "cloned-plate-tail",
        "The plate is right and the last seven of the VIN are not.",
        "fails cloned-plate",
        "fails vin-mismatch",
        text=seal(european, berlin),
        trust=trust_bytes(germany),
        expect=german | {"vin": "W000002"},
        status=GOOD,
    )
    counted = certificate(deficiencies=DeficiencyCounts(minor=2), result=Result.MINOR)
    case("valid-deficiency-counts", "Two minor deficiencies, counted.", text=seal(counted), status=GOOD)
    case(
        "valid-exempt",
        "Exempt from the lane test.",
        text=seal(certificate(basis=Basis.EXEMPT, result=Result.EXEMPT)),
        status=GOOD,
    )
    case("valid-reference-terse", "The terse status reference, and a civil day.", as_of=date(2026, 9, 1), status=GOOD)
    standard = trust_bytes(trusted_issuer(uri_prefixes=[PREFIX]))
    entry = certificate(status=StatusListEntry(uri=PREFIX + "7", index=3))
    case(
        "valid-reference-standard",
        "The standard status claim, under a prefix of the issuer's.",
        text=seal(entry),
        trust=standard,
        status=GOOD,
    )
    numbered = certificate(status=None, certificate_id=bytes(range(12)))
    case("valid-reference-id", "A certificate id and no status reference.", text=seal(numbered), status=GOOD)
    case(
        "valid-issuer-stated",
        "The certificate names its issuer, rightly.",
        text=seal(certificate(issuer="CN")),
        status=GOOD,
    )
    case(
        "valid-chassis-number-as-text",
        "A chassis number that is no VIN.",
        text=seal(certificate(vin="ZVW30-1234567")),
        expect=SEEN | {"vin": "ZVW30 1234567"},
        status=GOOD,
    )
    case(
        "valid-plate-full-width",
        "The plate as a full-width keyboard writes it.",
        expect=SEEN | {"registration_number": "闽Ｃ－１２３４５"},
        status=GOOD,
    )
    case("valid-vin-tail", "The last six of the VIN.", expect=SEEN | {"vin": "184211"}, status=GOOD)
    case(
        "valid-unknown-claims",
        "Claims of CWT that certcore does not know are kept.",
        text=raw(claims_map() | {2: "subject", 3: "audience", 70_000: [1, b"x"]}),
        status=GOOD,
    )
    newer = claims_map()
    newer[INSPECTION] |= {99: "of a later version"}
    case(
        "valid-unknown-field",
        "A positive key of the inspection that certcore does not know is kept.",
        text=raw(newer),
        status=GOOD,
    )
    twin = LocalSigner.generate()
    same_id = LocalSigner.from_pem(LocalSigner.generate().to_pem(), key_id=twin.public_key.key_id)
    both = trust_bytes(trusted_issuer(trusted_key(twin), trusted_key(same_id)))
    case(
        "valid-key-id-shared-first",
        "Two keys go by one key id: the first signed.",
        text=seal(certificate(), twin),
        trust=both,
        status=GOOD,
    )
    case(
        "valid-key-id-shared-second",
        "Two keys go by one key id: the second signed.",
        text=seal(certificate(), same_id),
        trust=both,
        status=GOOD,
    )
    case("valid-live", "A live presentation needs no status look-up in its minutes.", text=live(), as_of=NOW)
    case(
        "valid-live-first-instant",
        "Its first instant is one of them.",
        text=live(presented_at=NOW - 5 * MINUTE + MINUTE),
        as_of=NOW - 4 * MINUTE,
    )
    case(
        "valid-live-last-instant",
        "And so is the last before its end.",
        text=live(presented_at=NOW - 5 * MINUTE),
        as_of=NOW - TICK,
    )
    case(
        "valid-live-another-moment",
        "For another moment a live presentation is one more certificate, and status is asked.",
        text=live(),
        status=GOOD,
    )
    case(
        "live-at-its-end",
        "From its end on, nothing stands for the look-up.",
        "blocks status-not-checked",
        text=live(presented_at=NOW - 5 * MINUTE),
        as_of=NOW,
    )
    short = certificate(expires_at=NOW + HOUR)
    case(
        "valid-short-lived",
        "An hour before a certificate of short life ends.",
        text=seal(short),
        as_of=NOW,
        status=GOOD,
    )
    case(
        "valid-short-lived-today",
        "A day is cut at now, so an end later today is no change.",
        text=seal(short),
        as_of=date(2026, 10, 1),
        status=GOOD,
    )
    hidden = seal(certificate(vin=None, confidential=b"\x83\x43\xa1\x01\x01\xa0\x40"))
    case(
        "valid-vin-confidential",
        "The VIN is confidential and nobody asks for it.",
        "notes binding-not-checked",
        text=hidden,
        policy="counterparty",
        expect=None,
        status=GOOD,
    )
    case(
        "valid-vin-confidential-plate",
        "The VIN is confidential and the plate is compared.",
        text=hidden,
        policy="counterparty",
        expect=PLATE_SEEN,
        status=GOOD,
    )
    case(
        "binding-not-readable",
        "The VIN is confidential and the policy asks for it.",
        "blocks binding-not-readable",
        text=hidden,
        status=GOOD,
    )
    case(
        "valid-test-environment",
        "A test list proves nothing, and says so.",
        "notes test-environment",
        trust=trust_bytes(environment=Environment.TEST),
        status=GOOD,
    )
    case(
        "valid-authority-in-scope",
        "A key for one authority, by its beginning.",
        trust=trust_bytes(trusted_issuer(trusted_key(SIGNER, authorities=["粤*", "闽*"]))),
        status=GOOD,
    )


def authenticity() -> None:
    """What never becomes a certificate. No status is asked, so each case would be valid but for its text or its keys."""
    data = armor.decode(TEXT)
    body = bytearray(data)
    body[-1] ^= 1
    for name, describes, text in (
        ("malformed-prefix-only", "Nothing behind the prefix.", "VIC1:"),
        ("malformed-base45-length", "One character left over.", "VIC1:ABCD"),
        ("malformed-base45-triple", "Three characters above 65535.", "VIC1::::"),
        ("malformed-base45-lower-case", "Base45 has no lower case.", "VIC1:" + TEXT[5:].lower()),
        ("malformed-url-escaped", "Space written as %20.", "VIC1:" + TEXT[5:] + "%20AB_"),
        ("malformed-not-ascii", "A full-width letter.", TEXT[:-1] + "Ａ"),
        ("malformed-newline-within", "A line end in the middle.", TEXT[:50] + "\n" + TEXT[50:]),
        ("malformed-two-newlines", "Two line ends: one is the scanner's, two are not.", TEXT + "\n\n"),
        ("malformed-prefix-twice", "The prefix twice.", "VIC1:" + TEXT),
        ("malformed-too-long", "More characters than a QR symbol holds.", "VIC1:" + "0" * 4302),
        ("malformed-cut", "The last byte is missing.", armor.encode(data[:-1])),
        ("malformed-trailing-byte", "One byte too many.", armor.encode(data + b"\0")),
        ("malformed-untagged", "COSE_Sign1 without its tag.", armor.encode(data[1:])),
        ("malformed-cwt-tag", "A CWT tag around it.", armor.encode(b"\xd8\x3d" + data)),
        (
            "malformed-unprotected-header",
            "Something in the unprotected header.",
            envelope(unprotected={4: SIGNER.public_key.key_id}),
        ),
        (
            "malformed-kid-unprotected",
            "The key id in the unprotected header alone.",
            envelope(header=cbor2.dumps({1: -7}), unprotected={4: SIGNER.public_key.key_id}),
        ),
        (
            "malformed-further-header",
            "A further protected header.",
            envelope(header=cbor2.dumps({1: -7, 4: SIGNER.public_key.key_id, 16: "x"})),
        ),
        ("malformed-key-id-empty", "A key id of no bytes.", envelope(header=cbor2.dumps({1: -7, 4: b""}))),
        ("malformed-key-id-too-long", "A key id of 33 bytes.", envelope(header=cbor2.dumps({1: -7, 4: bytes(33)}))),
        ("malformed-signature-length", "A signature of 63 bytes.", envelope(signature=bytes(63))),
        (
            "malformed-no-time-of-issue",
            "No time of issue.",
            raw({key: value for key, value in claims_map().items() if key != 6}),
        ),
        ("malformed-time-of-issue-negative", "A time of issue before 1970.", raw(claims_map() | {6: -1})),
        ("malformed-two-references", "An id and a status reference.", raw(claims_map() | {7: bytes(12)})),
        ("malformed-no-inspection", "No inspection.", raw({6: 1_760_000_000, 7: bytes(12)})),
        ("malformed-text-key", "A claim under a text.", raw(claims_map() | {"iat": 1})),
        (
            "malformed-live-without-end",
            "A presentation with no end.",
            raw(claims_map() | {5: 1_790_000_000}, LIVE_SIGNER),
        ),
        (
            "malformed-end-before-start",
            "A presentation that ends before it begins.",
            raw(claims_map() | {4: 1_789_999_999, 5: 1_790_000_000}, LIVE_SIGNER),
        ),
    ):
        case(name, describes, "fails malformed", text=text, status=GOOD)
    newer = claims_map()
    newer[INSPECTION] |= {-1: "critical"}
    case(
        "too-new",
        "A negative key of the inspection that certcore does not know.",
        "fails too-new",
        text=raw(newer),
        status=GOOD,
    )
    case(
        "signature-changed",
        "One bit of the signature.",
        "fails signature-invalid",
        text=armor.encode(bytes(body)),
        status=GOOD,
    )
    changed = armor.encode(data.replace("闽C·12345".encode(), "闽C·12346".encode()))
    case("signature-of-another-plate", "One digit of the plate.", "fails signature-invalid", text=changed, status=GOOD)
    case(
        "signature-zero",
        "A signature of zeros.",
        "fails signature-invalid",
        text=envelope(signature=bytes(64)),
        status=GOOD,
    )
    case(
        "signature-algorithm-confused",
        "A P-256 key's signature labelled EdDSA.",
        "fails signature-invalid",
        text=envelope(header=cbor2.dumps({1: -8, 4: SIGNER.public_key.key_id})),
        status=GOOD,
    )
    other = LocalSigner.generate()
    trust = trust_bytes(trusted_issuer(trusted_key(SIGNER), trusted_key(other)))
    disguised = LocalSigner.from_pem(other.to_pem(), key_id=SIGNER.public_key.key_id)
    case(
        "signature-by-another-trusted-key",
        "Another trusted key signed under this key's id.",
        "fails signature-invalid",
        text=seal(certificate(), disguised),
        trust=trust,
        status=GOOD,
    )
    stranger = LocalSigner.generate()
    case(
        "key-unknown",
        "A key that a current list does not hold.",
        "fails key-unknown",
        text=seal(certificate(), stranger),
        status=GOOD,
    )
    overdue = trust_bytes(issued_at=NOW - 8 * DAY, next_update_at=NOW - TICK - DAY)
    case(
        "key-unknown-overdue",
        "A key that an overdue list does not hold may be newer than the list.",
        "blocks key-unknown",
        text=seal(certificate(), stranger),
        trust=overdue,
        status=GOOD,
    )
    case(
        "key-usage-live-key",
        "A live key signed a certificate.",
        "fails key-usage",
        text=seal(certificate(), LIVE_SIGNER),
        status=GOOD,
    )
    case(
        "key-usage-certificate-key",
        "A certificate key signed a live presentation.",
        "fails key-usage",
        text=live(signer=SIGNER),
        as_of=NOW,
    )
    for usage in (KeyUsage.STATUS, KeyUsage.REGISTER):
        case(
            f"key-usage-{usage.value}-key",
            f"A {usage.value} key signed a certificate.",
            "fails key-usage",
            trust=trust_bytes(trusted_issuer(trusted_key(SIGNER, usage=usage))),
            status=GOOD,
        )
    case(
        "key-usage-live-too-long",
        "A presentation of more than the list's longest.",
        "fails key-usage",
        text=live(minutes=15 + 1 / 60),
        as_of=NOW,
    )
    case("valid-live-longest", "A presentation of just the list's longest.", text=live(minutes=15), as_of=NOW)
    case(
        "key-scope",
        "A key for another authority.",
        "fails key-scope",
        trust=trust_bytes(trusted_issuer(trusted_key(SIGNER, authorities=["粤*", "闽"]))),
        status=GOOD,
    )
    second = timedelta(seconds=1)
    for name, begin, end, held in (
        ("before", ISSUED + second, FAR_OFF, False),
        ("first-second", ISSUED, FAR_OFF, True),
        ("last-second", LONG_AGO, ISSUED, True),
        ("after", LONG_AGO, ISSUED - second, False),
    ):
        windowed = trust_bytes(trusted_issuer(trusted_key(SIGNER, not_before=begin, not_after=end)))
        case(
            f"key-window-{name}",
            f"The key's window against the time of issue: {name}.",
            *([] if held else ["fails key-window"]),
            trust=windowed,
            status=GOOD,
        )
    case(
        "issuer-mismatch",
        "It names another issuer.",
        "fails issuer-mismatch",
        text=seal(certificate(issuer="HK")),
        status=GOOD,
    )
    for name, since, effect in (
        ("compromised", ISSUED, "fails key-compromised"),
        ("compromised-unproven", ISSUED + second, "blocks key-compromised-unproven"),
    ):
        leaked = trust_bytes(trusted_issuer(trusted_key(SIGNER, compromised_since=since, compromise="stolen")))
        case(
            f"key-{name}",
            "The key fell into other hands; the time of issue alone proves nothing.",
            effect,
            trust=leaked,
            status=GOOD,
        )
    case("no-certificate", "No text at all.", "blocks no-certificate", text="", status=GOOD)
    for name, text in (
        ("url", "https://example.org/"),
        ("eu-dcc", "HC1:6BF"),
        ("lower-case", "vic1:" + TEXT[5:]),
        ("leading-space", " " + TEXT),
        ("byte-order-mark", "\ufeff" + TEXT),
    ):
        case(
            f"foreign-format-{name}",
            "Another kind of code, or ours not as it must be.",
            "blocks foreign-format",
            text=text,
            status=GOOD,
        )


def period() -> None:
    """Civil days in the issuer's zone, results and codes."""
    last = datetime(2027, 9, 30, 15, 59, 59, 999_999, tzinfo=UTC)  # 23:59:59.999999 in Shanghai
    later: dict[str, Any] = {
        "evaluated_at": last + 2 * DAY,
        "trust": trust_bytes(issued_at=last, next_update_at=last + 7 * DAY),
        "status": says(observed_at=last + 2 * DAY),
    }
    case("valid-last-instant", "The last instant of the last day in Shanghai.", as_of=last, **later)
    case("expired-first-instant", "The first instant after it.", "fails expired-on-date", as_of=last + TICK, **later)
    case("valid-last-day", "The last day, as a day.", as_of=date(2027, 9, 30), **later)
    case("expired-next-day", "The day after it.", "fails expired-on-date", as_of=date(2027, 10, 1), **later)
    case(
        "expired-in-future",
        "A future moment that lies after the last day fails all the same, and is not asked about.",
        "fails expired-on-date",
        "notes checked-offline",
        as_of=date(2028, 1, 1),
        status=GOOD,
    )
    case(
        "valid-first-day",
        "The first day began before the certificate was issued.",
        "notes issued-after-event",
        as_of=date(2025, 10, 10),
        status=GOOD,
    )
    case(
        "valid-first-instant",
        "The first instant of the first day.",
        "notes issued-after-event",
        as_of=datetime(2025, 10, 9, 16, tzinfo=UTC),
        status=GOOD,
    )
    case(
        "not-yet-valid-instant",
        "The instant before the first day.",
        "fails not-yet-valid-on-date",
        as_of=datetime(2025, 10, 9, 16, tzinfo=UTC) - TICK,
        status=GOOD,
    )
    case(
        "not-yet-valid-day",
        "The day before the first.",
        "fails not-yet-valid-on-date",
        as_of=date(2025, 10, 9),
        status=GOOD,
    )
    early = seal(certificate(valid_from=date(2025, 10, 1)))
    case(
        "issued-after-event",
        "Valid from ten days before it was issued.",
        "notes issued-after-event",
        text=early,
        as_of=date(2025, 10, 5),
        status=GOOD,
    )
    case(
        "issued-after-event-revoked",
        "Status is judged at its time of issue.",
        "fails revoked-before-event",
        "notes issued-after-event",
        text=early,
        as_of=date(2025, 10, 5),
        status=says(event("revoked", ISSUED)),
    )
    unstated = seal(certificate(inspected_on=None))
    case(
        "valid-day-of-issue",
        "Without other days, validity begins on the day of issue.",
        "notes issued-after-event",
        text=unstated,
        as_of=date(2025, 10, 10),
        status=GOOD,
    )
    case(
        "not-yet-valid-before-issue",
        "The day before that.",
        "fails not-yet-valid-on-date",
        text=unstated,
        as_of=date(2025, 10, 9),
        status=GOOD,
    )
    short = seal(certificate(expires_at=LOSS))
    case(
        "short-lived-last-instant",
        "The last instant of a certificate of short life.",
        text=short,
        as_of=LOSS - TICK,
        status=GOOD,
    )
    case("short-lived-over", "At its end it is over.", "fails expired-on-date", text=short, as_of=LOSS, status=GOOD)
    case(
        "period-changed-on-date",
        "It ended in the course of the day asked about.",
        "blocks period-changed-on-date",
        text=short,
        as_of=date(2026, 9, 1),
        status=GOOD,
    )
    soon = seal(certificate(issued_at=NOW + HOUR))
    case(
        "issued-in-future",
        "Issued an hour from now.",
        "blocks issued-in-future",
        "notes issued-after-event",
        text=soon,
        as_of=NOW,
        status=GOOD,
    )
    case(
        "issued-within-clock-skew",
        "Issued within what two clocks may be apart.",
        "notes issued-after-event",
        text=seal(certificate(issued_at=NOW + MINUTE)),
        as_of=NOW,
        status=GOOD,
    )
    for result in (Result.MAJOR, Result.DANGEROUS):
        case(
            f"result-{result.value}",
            "A failed inspection is never valid.",
            "fails result-not-pass",
            text=seal(certificate(result=result)),
            status=GOOD,
        )
    case(
        "result-without-last-day",
        "A failed inspection need not name a last day.",
        "fails result-not-pass",
        text=seal(certificate(result=Result.MAJOR, valid_until=None)),
        status=GOOD,
    )
    case(
        "code-unknown-result",
        "A result of a later version.",
        "blocks code-unknown",
        text=seal(certificate(result=9)),
        status=GOOD,
    )
    case(
        "code-unknown-basis",
        "A basis of a later version.",
        "blocks code-unknown",
        text=seal(certificate(basis=77)),
        status=GOOD,
    )
    case(
        "code-unknown-plate-type",
        "A plate type of a later version.",
        "notes code-unknown",
        text=seal(certificate(plate_type=77)),
        status=GOOD,
    )
    case(
        "code-unknown-usage",
        "A usage of a later version.",
        "notes code-unknown",
        text=seal(certificate(usage="Y")),
        status=GOOD,
    )
    case(
        "code-unknown-category",
        "A category of a later version.",
        "notes code-unknown",
        text=seal(certificate(vehicle_category="X9")),
        status=GOOD,
    )
    wrong = "LSVAA4187E2184211"
    case(
        "chassis-check-digit",
        "A VIN whose check digit does not agree.",
        "notes chassis-check-digit",
        text=seal(certificate(vin=wrong)),
        expect=SEEN | {"vin": wrong},
        status=GOOD,
    )
    for name, zone, day, offset in (
        ("cairo", "Africa/Cairo", date(2026, 4, 23), -2),
        ("beirut", "Asia/Beirut", date(2026, 3, 28), -2),
    ):
        trust = trust_bytes(trusted_issuer(time_zone=zone))
        text = seal(certificate(valid_until=day))
        turn = datetime(day.year, day.month, day.day, tzinfo=UTC) + timedelta(hours=24 + offset)
        case(
            f"valid-{name}-last-instant",
            "The last instant before a midnight that does not exist.",
            text=text,
            trust=trust,
            as_of=turn - TICK,
            status=GOOD,
        )
        case(
            f"expired-{name}-first-instant",
            "The first instant after a midnight that does not exist.",
            "fails expired-on-date",
            text=text,
            trust=trust,
            as_of=turn,
            status=GOOD,
        )


def status() -> None:
    """What registers say, and do not say."""
    noon = datetime(2026, 9, 1, 4, 0, tzinfo=UTC)
    case(
        "revoked-before-event",
        "Revoked by the moment asked about.",
        "fails revoked-before-event",
        status=says(event("revoked", LOSS)),
    )
    case(
        "revoked-after-event",
        "Revoked an instant later.",
        "notes revoked-after-event",
        status=says(event("revoked", LOSS + TICK)),
    )
    case(
        "revoked-backdated",
        "Recorded long after, with effect before.",
        "fails revoked-before-event",
        status=says(event("revoked", LOSS - DAY, NOW - HOUR)),
    )
    case(
        "revoked-backdated-known-then",
        "The same, with what was knowable before it was recorded.",
        known_at=NOW - HOUR - TICK,
        status=says(event("revoked", LOSS - DAY, NOW - HOUR)),
    )
    case(
        "void-from-start",
        "Void from the start, recorded after the moment.",
        "fails void-from-start",
        status=says(event("revoked", None, NOW - DAY)),
    )
    case(
        "void-known-then",
        "Not known to be void yet.",
        known_at=NOW - DAY - TICK,
        status=says(event("revoked", None, NOW - DAY)),
    )
    case(
        "suspended-then",
        "Suspended and not yet resumed.",
        "fails suspended-then",
        status=says(event("suspended", LOSS - DAY), event("resumed", LOSS + TICK)),
    )
    case(
        "resumed-by-then",
        "Suspended and resumed before.",
        status=says(event("resumed", LOSS), event("suspended", LOSS - DAY)),
    )
    case(
        "suspended-after-event",
        "Suspended later.",
        "notes suspended-after-event",
        status=says(event("suspended", LOSS + DAY)),
    )
    case(
        "superseded-by-then",
        "A later certificate had taken its place.",
        "fails superseded-by-then",
        status=says(event("superseded", LOSS)),
    )
    case(
        "superseded-after-event",
        "A later certificate took its place afterwards.",
        "notes superseded-after-event",
        status=says(event("superseded", LOSS + TICK)),
    )
    case(
        "status-changed-on-date",
        "Revoked in the course of the day asked about.",
        "blocks status-changed-on-date",
        as_of=date(2026, 9, 1),
        status=says(event("revoked", noon)),
    )
    case(
        "suspended-and-resumed-on-date",
        "Suspended and resumed in the course of that day.",
        "blocks status-changed-on-date",
        as_of=date(2026, 9, 1),
        status=says(event("suspended", noon), event("resumed", noon + HOUR)),
    )
    case(
        "revoked-with-the-day",
        "Revoked with the first instant of the day.",
        "fails revoked-before-event",
        as_of=date(2026, 9, 1),
        status=says(event("revoked", datetime(2026, 8, 31, 16, tzinfo=UTC))),
    )
    case(
        "revoked-with-the-next-day",
        "Revoked with the first instant of the next.",
        "notes revoked-after-event",
        as_of=date(2026, 9, 1),
        status=says(event("revoked", datetime(2026, 9, 1, 16, tzinfo=UTC))),
    )
    case(
        "status-unknown-reference",
        "The register knows nothing of it.",
        "blocks status-unknown-reference",
        status=says(issued=False),
    )
    case(
        "status-unknown-reference-yet",
        "The register knew nothing of it then.",
        "blocks status-unknown-reference",
        "blocks issued-in-future",
        as_of=LOSS,
        known_at=ISSUED - DAY,
        status=GOOD,
    )
    case(
        "status-reference-beyond-list",
        "An index that no list of the issuer has.",
        "blocks status-unknown-reference",
        text=seal(certificate(status=StatusRef(list=1, index=1 << 20))),
        status=GOOD,
    )
    entry = seal(certificate(status=StatusListEntry(uri="https://lists.example/de/7", index=3)))
    case(
        "status-reference-outside-prefixes",
        "A status claim outside the issuer's prefixes.",
        "blocks status-unknown-reference",
        text=entry,
        trust=trust_bytes(trusted_issuer(uri_prefixes=[PREFIX])),
        status=GOOD,
    )
    case("status-unavailable", "The register could not be reached.", "blocks status-unavailable", status=ERROR)
    case(
        "status-unavailable-let-pass",
        "The same for somebody who takes it if available.",
        "notes status-unavailable",
        "notes checked-offline",
        "notes binding-not-checked",
        policy="counterparty",
        expect=None,
        status=ERROR,
        degraded=True,
    )
    case("status-not-checked", "There is no register to ask.", "blocks status-not-checked")
    case(
        "status-not-checked-let-pass",
        "The same for somebody who takes it if available.",
        "notes status-not-checked",
        "notes checked-offline",
        policy="counterparty",
        degraded=True,
    )
    case(
        "status-backend-error",
        "The connection failed in an unexpected way.",
        "blocks status-backend-error",
        status={"error": "status-backend-error"},
    )
    for code in ("revoked-before-event", "void-from-start", "no-such-code"):
        case(
            f"status-error-{code}",
            "Whatever an error says, it is never a revocation.",
            "blocks status-unavailable",
            status={"error": code},
        )
    foreign = {"data": "", "media_type": "application/statuslist+cwt", "key_id": "00"}
    case(
        "status-proof-foreign",
        "The answer is signed by a key that may not.",
        "blocks status-backend-error",
        status=says(proofs=[foreign]),
    )
    tomorrow = date(2026, 10, 2)
    case("status-in-future", "Tomorrow.", "blocks status-in-future", as_of=tomorrow, status=GOOD)
    case(
        "status-in-future-instant",
        "More than a minute from now.",
        "blocks status-in-future",
        as_of=NOW + MINUTE + TICK,
        status=GOOD,
    )
    case("valid-within-clock-skew", "A minute from now is now.", as_of=NOW + MINUTE, status=GOOD)
    case("valid-today", "Today is cut at now.", as_of=date(2026, 10, 1), status=GOOD)
    present = says(history_from=None)
    case(
        "as-of-unsupported",
        "A register that knows only the present, of an issuer whose entries may resume.",
        "blocks as-of-unsupported",
        status=present,
    )
    case("valid-present-only", "The same register about now.", as_of=NOW, status=present)
    firm = trust_bytes(trusted_issuer(suspends=False, retroactive=False))
    reaching = trust_bytes(trusted_issuer(suspends=False, retroactive=True))
    case(
        "valid-present-only-firm", "The same register, where nothing that stopped resumes.", trust=firm, status=present
    )
    case(
        "status-gap-history",
        "History begins after the moment.",
        "blocks status-gap",
        status=says(history_from=LOSS + TICK),
    )

    def lists(*observations: tuple[str, datetime], **more: Any) -> dict[str, Any]:
        return says(issued=False, history_from=None, observations=[seen(*pair) for pair in observations], **more)

    case(
        "valid-list-after",
        "A later list reads valid, and nothing that stopped resumes.",
        trust=firm,
        status=lists(("valid", LOSS + DAY)),
    )
    case(
        "status-gap-list-after",
        "A later list reads valid, but entries may resume.",
        "blocks status-gap",
        status=lists(("valid", LOSS + DAY)),
    )
    case(
        "valid-list-then-revoked",
        "A still later one reads revoked; revocations do not reach back.",
        trust=firm,
        status=lists(("valid", LOSS + DAY), ("revoked", LOSS + 3 * DAY)),
    )
    case(
        "revocation-effect-unknown",
        "The same, and revocations may reach back.",
        "blocks revocation-effect-unknown",
        trust=reaching,
        status=lists(("valid", LOSS + DAY), ("revoked", LOSS + 3 * DAY)),
    )
    case(
        "valid-list-then-superseded",
        "Being superseded never reaches back.",
        trust=reaching,
        status=lists(("valid", LOSS + DAY), ("superseded", LOSS + 3 * DAY)),
    )
    case(
        "revoked-only-after-list",
        "Read as revoked later, and nothing else.",
        "blocks revocation-effect-unknown",
        trust=firm,
        status=lists(("revoked", LOSS + DAY)),
    )
    case(
        "revoked-before-list",
        "Read as revoked before.",
        "fails revoked-before-event",
        trust=firm,
        status=lists(("revoked", LOSS - 3 * DAY)),
    )
    case(
        "superseded-before-list",
        "Read as superseded before.",
        "fails superseded-by-then",
        trust=firm,
        status=lists(("superseded", LOSS - 3 * DAY)),
    )
    case(
        "status-gap-suspended-list",
        "Read as suspended three days before, where entries may resume.",
        "blocks status-gap",
        status=lists(("suspended", LOSS - 3 * DAY)),
    )
    case(
        "valid-list-before-fresh",
        "Read as valid just the age before that the policy bears.",
        status=lists(("valid", LOSS - DAY)),
    )
    case(
        "status-not-covered",
        "Read as valid longer before than the policy bears.",
        "blocks status-not-covered",
        status=lists(("valid", LOSS - DAY - TICK), observed_at=LOSS - DAY),
    )
    case(
        "status-stale",
        "The same about now.",
        "blocks status-stale",
        as_of=NOW,
        status=lists(("valid", NOW - DAY - TICK), observed_at=NOW - DAY),
    )
    case(
        "valid-reliable-until",
        "The register promised that nothing would change.",
        policy="bulk",
        expect=SEEN,
        as_of=NOW,
        status=says(observed_at=NOW - 3 * DAY, reliable_until=NOW),
    )
    case(
        "status-stale-snapshot",
        "A snapshot says nothing of a moment after it.",
        "blocks status-stale",
        policy="bulk",
        as_of=NOW,
        status=says(observed_at=NOW - 3 * DAY),
    )
    case(
        "status-not-covered-snapshot",
        "Nor of one between it and now.",
        "blocks status-not-covered",
        policy="bulk",
        as_of=NOW - DAY,
        status=says(observed_at=NOW - 3 * DAY),
    )


def vehicles() -> None:
    """The vehicle's own state, for the roadside: now, with the plate compared."""
    road: dict[str, Any] = {"policy": "roadside", "expect": PLATE_SEEN, "as_of": NOW, "status": GOOD}
    desk: dict[str, Any] = {"status": GOOD}
    day = date(2026, 9, 1)
    case("valid-vehicle-normal", "A alone is normal.", vehicle=vehicle("A"), **road)
    for letter in "CEJMNPKL":
        case(
            f"vehicle-stopped-{letter.lower()}",
            "A state that takes it off the road.",
            "fails vehicle-stopped",
            vehicle=vehicle(letter),
            **road,
        )
    for letter in "BDGHIOZ":
        case(f"vehicle-caution-{letter.lower()}", "A remark.", "notes vehicle-caution", vehicle=vehicle(letter), **road)
    case(
        "vehicle-caution-unknown-letter",
        "A letter of a later version.",
        "notes vehicle-caution",
        vehicle=vehicle("W"),
        **road,
    )
    case(
        "vehicle-flags-together",
        "Flags are a set: the weightiest decides, each is reported.",
        "fails vehicle-stopped",
        "notes vehicle-caution",
        "blocks status-contradicts-certificate",
        vehicle=vehicle("G", "Q", "C"),
        **road,
    )
    case(
        "status-contradicts-certificate",
        "Overdue beside a certificate in force.",
        "blocks status-contradicts-certificate",
        vehicle=vehicle("Q"),
        **road,
    )
    case(
        "vehicle-overdue-of-expired",
        "Overdue beside a certificate that is not in force is no contradiction.",
        "fails expired-on-date",
        text=seal(certificate(valid_until=date(2026, 9, 30))),
        vehicle=vehicle("Q"),
        **road,
    )
    case(
        "vehicle-unknown",
        "The register does not know the vehicle.",
        "blocks status-unknown-reference",
        vehicle=vehicle(known=False),
        **road,
    )
    case(
        "vehicle-unavailable",
        "The register of vehicles cannot be reached.",
        "blocks status-unavailable",
        vehicle=ERROR,
        **road,
    )
    case("vehicle-not-checked", "There is no register of vehicles.", "blocks status-not-checked", **road)
    case(
        "vehicle-stale",
        "The register speaks as of half an hour ago.",
        "blocks status-stale",
        vehicle=vehicle(observed_at=iso(NOW - 30 * MINUTE)),
        **road,
    )
    case(
        "vehicle-present-only",
        "The register knows only the present, asked about last month.",
        "blocks as-of-unsupported",
        vehicle=vehicle("A"),
        **(road | {"as_of": LOSS}),
    )
    case("vehicle-stopped-later", "Stolen after the day asked about.", vehicle=vehicle(("C", day + DAY, None)), **desk)
    case(
        "vehicle-stopped-that-day",
        "Stolen on the day asked about.",
        "fails vehicle-stopped",
        vehicle=vehicle(("C", day, None)),
        **desk,
    )
    case(
        "vehicle-stopped-until-that-day",
        "Found again on the day asked about.",
        "fails vehicle-stopped",
        vehicle=vehicle(("C", day - 9 * DAY, day)),
        **desk,
    )
    case(
        "vehicle-stopped-earlier",
        "Found again before the day asked about.",
        vehicle=vehicle(("C", day - 9 * DAY, day - DAY)),
        **desk,
    )
    case(
        "vehicle-unknown-if-available",
        "The register does not know the vehicle, for a desk that takes what is available.",
        "notes vehicle-caution",
        vehicle=vehicle(known=False),
        **desk,
    )
    case(
        "vehicle-unavailable-if-available",
        "It cannot be reached, for the same desk.",
        "notes status-unavailable",
        vehicle=ERROR,
        degraded=True,
        **desk,
    )
    case(
        "valid-vehicle-not-used",
        "A policy that does not use it does not look.",
        policy="bulk",
        vehicle=vehicle("C"),
        **desk,
    )


def binding() -> None:
    """Whether it is this vehicle."""
    case(
        "plate-mismatch",
        "Another plate.",
        "fails plate-mismatch",
        expect=SEEN | {"registration_number": "闽C12346"},
        status=GOOD,
    )
    case(
        "plate-mismatch-look-alike",
        "A Cyrillic letter is not the Latin one.",
        "fails plate-mismatch",
        expect=SEEN | {"registration_number": "闽С12345"},
        status=GOOD,
    )
    case(
        "country-mismatch",
        "Another country's plate.",
        "fails country-mismatch",
        expect=SEEN | {"country": "HK"},
        status=GOOD,
    )
    case(
        "plate-type-mismatch",
        "A plate of another type, which is another plate.",
        "fails plate-type-mismatch",
        text=seal(certificate(plate_type=2)),
        expect=SEEN | {"plate_type": 1},
        status=GOOD,
    )
    case(
        "vin-mismatch",
        "Another vehicle.",
        "fails vin-mismatch",
        policy="bulk",
        expect=SEEN | {"registration_number": None, "vin": "LSVAA4181E2184212"},
        status=GOOD,
    )
    case(
        "vin-mismatch-look-alike",
        "I for 1 is a hint, not a match.",
        "fails vin-mismatch",
        policy="bulk",
        expect=SEEN | {"registration_number": None, "vin": "E2I842II"},
        status=GOOD,
    )
    case(
        "cloned-plate",
        "The same plate, another VIN.",
        "fails cloned-plate",
        "fails vin-mismatch",
        expect=SEEN | {"vin": "LSVAA4181E2184212"},
        status=GOOD,
    )
    case(
        "binding-not-given",
        "The policy compares plate and VIN, and neither was given.",
        "blocks binding-not-given",
        "blocks binding-not-given",
        expect=None,
        status=GOOD,
    )
    case("binding-not-given-vin", "The VIN was not given.", "blocks binding-not-given", expect=PLATE_SEEN, status=GOOD)
    case(
        "binding-not-checked",
        "Nothing to compare, for eyes that compare themselves.",
        "notes binding-not-checked",
        policy="counterparty",
        expect=None,
        status=GOOD,
    )


def freshness() -> None:
    """How old the trust list and a presentation may be."""
    for name, policy, age, expected in (
        ("claims-edge", "claims", 7 * DAY, []),
        ("claims", "claims", 7 * DAY + timedelta(seconds=1), ["blocks trust-list-stale"]),
        ("counterparty", "counterparty", 30 * DAY, []),
        ("counterparty-over", "counterparty", 31 * DAY, ["blocks trust-list-stale"]),
        ("bulk", "bulk", 300 * DAY, []),
    ):
        trust = trust_bytes(issued_at=NOW - age, next_update_at=NOW + 400 * DAY)
        case(
            f"trust-age-{name}",
            f"The trust list is {age.days} days old.",
            *expected,
            policy=policy,
            trust=trust,
            status=GOOD,
        )
    for name, age, effect in (
        ("edge", DAY, []),
        ("noted", 2 * DAY, ["notes trust-list-stale"]),
        ("blocked", 8 * DAY, ["blocks trust-list-stale"]),
    ):
        trust = trust_bytes(issued_at=NOW - age, next_update_at=NOW + 400 * DAY)
        case(
            f"trust-age-roadside-{name}",
            f"The trust list is {age.days} days old.",
            *effect,
            policy="roadside",
            trust=trust,
            expect=PLATE_SEEN,
            as_of=NOW,
            status=GOOD,
            vehicle=vehicle("A"),
        )
    old = live(presented_at=NOW - HOUR)
    case(
        "presentation-expired",
        "Shown an hour after it was made.",
        "blocks presentation-expired",
        "blocks status-not-checked",
        text=old,
        as_of=NOW,
    )
    case(
        "presentation-expired-status-known",
        "The same, with the register's answer.",
        "blocks presentation-expired",
        text=old,
        as_of=NOW,
        status=GOOD,
    )
    case(
        "presentation-not-yet",
        "Shown before it was made.",
        "blocks presentation-expired",
        text=live(presented_at=NOW + HOUR),
        status=GOOD,
    )


SECRET: Final = b"the secret of a group of readers"
GROUP: Final = GroupKey(key_id=b"grp1", algorithm=A256GCM, secret=SECRET)
REGISTER_SIGNER: Final = LocalSigner.generate()
SEAL_SIGNER: Final = LocalSigner.generate()


def sealed(*fields: str, key: GroupKey = GROUP, issuer_id: str = "CN", **changes: Any) -> InspectionCertificate:
    """The usual certificate, its VIN sealed or other fields."""
    return confidential.seal(certificate(**changes), fields=fields or ("vin",), group_key=key, issuer_id=issuer_id)


def holding(content: object, *, message: bytes | None = None) -> InspectionCertificate:
    """The usual certificate with anything sealed into it for its place, as only an issuer's own software could."""
    public = claims_map(vin=None, confidential=b"\0")
    bound = [
        "certcore/confidential/1",
        "CN",
        {6: public[6]},
        {key: value for key, value in public[INSPECTION].items() if key != 20},
    ]
    made = message or cose.seal(cbor2.dumps(in_order(content)), key=GROUP, external_aad=cbor2.dumps(bound))
    return certificate(vin=None, confidential=made)


def confidential_claims() -> None:
    """What is sealed for a group of readers, and what is sealed badly."""
    usual: dict[str, Any] = {"status": GOOD, "group_keys": [GROUP]}
    for algorithm, name, size in (
        (A128GCM, "a128gcm", 16),
        (A256GCM, "a256gcm", 32),
        (AES_CCM_16_64_128, "aes-ccm-16-64-128", 16),
        (AES_CCM_16_64_256, "aes-ccm-16-64-256", 32),
    ):
        key = GroupKey(key_id=b"grp1", algorithm=algorithm, secret=SECRET[:size])
        case(
            f"valid-confidential-{name}",
            f"The VIN is sealed with {name}, the reader holds the key, and it is the VIN that was seen.",
            text=seal(sealed(key=key)),
            status=GOOD,
            group_keys=[key],
        )
    case(
        "valid-confidential-several-fields",
        "VIN, odometer and document number are sealed together.",
        text=seal(sealed("vin", "odometer_km", "document_number", odometer_km=84_210, document_number="35-1")),
        **usual,
    )
    case(
        "valid-confidential-plate-only",
        "The odometer is sealed and the VIN is not: without the key, plate and VIN are compared all the same.",
        text=seal(sealed("odometer_km", odometer_km=84_210)),
        status=GOOD,
    )
    case(
        "valid-confidential-keys-of-one-id",
        "Two group keys go by one id: each is tried.",
        text=seal(sealed()),
        status=GOOD,
        group_keys=[attrs.evolve(GROUP, secret=SECRET[::-1]), GROUP],
    )
    shown = attrs.evolve(sealed(), presented_at=NOW, expires_at=NOW + 5 * MINUTE)
    case(
        "valid-confidential-live",
        "A live presentation keeps all that the sealed part is bound to.",
        text=seal(shown, LIVE_SIGNER),
        as_of=NOW,
        group_keys=[GROUP],
    )
    case(
        "confidential-vin-differs",
        "The VIN that was sealed is another one than was seen.",
        "fails cloned-plate",
        "fails vin-mismatch",
        text=seal(sealed()),
        expect=SEEN | {"vin": "LSVAA4181E2184212"},
        **usual,
    )
    case(
        "confidential-no-key",
        "The VIN is sealed, and the reader has no key at all.",
        "blocks binding-not-readable",
        text=seal(sealed()),
        status=GOOD,
    )
    case(
        "confidential-key-of-another-group",
        "The reader's key goes by another id: to him the VIN is there and not readable.",
        "blocks binding-not-readable",
        text=seal(sealed()),
        status=GOOD,
        group_keys=[attrs.evolve(GROUP, key_id=b"grp2")],
    )
    elsewhere = sealed(registration_number="闽C·54321", status=StatusRef(list=12, index=7)).confidential
    message = sealed().confidential
    assert elsewhere is not None
    assert message is not None
    damaged = message[:-1] + bytes([message[-1] ^ 1])
    packed = claims_map()[INSPECTION][2]
    small = GroupKey(key_id=b"grp1", algorithm=A128GCM, secret=SECRET[:16])
    for name, describes, stated, key in (
        ("transplanted", "Sealed in another certificate.", certificate(vin=None, confidential=elsewhere), GROUP),
        ("another-issuer", "Sealed for another issuer.", sealed(issuer_id="HK"), GROUP),
        (
            "another-time",
            "The time of issue was changed after sealing.",
            attrs.evolve(sealed(), issued_at=ISSUED + HOUR),
            GROUP,
        ),
        ("tag", "One bit of the tag.", certificate(vin=None, confidential=damaged), GROUP),
        ("key-of-another-size", "The reader's A128GCM key goes by the id of an A256GCM key.", sealed(), small),
        (
            "another-secret",
            "The reader's key goes by the id and has another secret.",
            sealed(),
            attrs.evolve(GROUP, secret=SECRET[::-1]),
        ),
        ("repeats-public", "The plate stands inside, too.", holding({0: "闽C·12345", 2: packed}), GROUP),
        ("critical", "A negative key inside that certcore does not know.", holding({2: packed, -1: "critical"}), GROUP),
        (
            "must-be-public",
            "The first day of validity inside, which every reader has to see.",
            holding({2: packed, 21: 20_000}),
            GROUP,
        ),
        ("no-map", "What is inside is no map.", holding([packed]), GROUP),
        ("tagged", "The message bears the tag of COSE_Encrypt0.", holding(None, message=b"\xd0" + message), GROUP),
    ):
        case(
            f"confidential-invalid-{name}",
            describes,
            "blocks confidential-invalid",
            "blocks binding-not-readable",
            text=seal(stated),
            status=GOOD,
            group_keys=[key],
        )
    case(
        "confidential-invalid-not-asked",
        "What was tampered with blocks, though nobody asks for the VIN.",
        "blocks confidential-invalid",
        text=seal(certificate(vin=None, confidential=damaged)),
        policy="counterparty",
        expect=PLATE_SEEN,
        **usual,
    )
    case(
        "valid-confidential-not-opened",
        "The same for a reader without the key: it is there, and not readable here.",
        text=seal(certificate(vin=None, confidential=damaged)),
        policy="counterparty",
        expect=PLATE_SEEN,
        status=GOOD,
    )


def existed() -> None:
    """What proves that a certificate existed before its key was compromised."""
    since = datetime(2026, 1, 1, tzinfo=UTC)
    second = timedelta(seconds=1)

    def leaked(at: datetime = since, **of_register: Any) -> bytes:
        stolen = trusted_key(SIGNER, compromised_since=at, compromise="stolen")
        return trust_bytes(trusted_issuer(stolen, trusted_key(REGISTER_SIGNER, usage=KeyUsage.REGISTER, **of_register)))

    def receipt(at: datetime, text: str = TEXT, signer: LocalSigner = REGISTER_SIGNER) -> bytes:
        return receipts.issue_receipt(text, issuer="CN", signer=signer, issued_at=at)

    def statement(at: datetime) -> bytes:
        said = {0: 1, 2: TEXT, 3: int(at.timestamp()) * 10**6}
        header = {16: "application/vnd.certcore.evidence+cbor"}
        return cose.sign1(cbor2.dumps(said), signer=SEAL_SIGNER, protected=header)

    usual: dict[str, Any] = {"trust": leaked(), "status": GOOD}
    case(
        "valid-existed-by-receipt",
        "The register's receipt is of the second before its key was compromised.",
        existed_by=[receipt(since - second)],
        **usual,
    )
    case(
        "valid-existed-by-seal",
        "The reader's own sealed evidence is from before.",
        existed_by=[statement(since - second)],
        seal_keys=[SEAL_SIGNER],
        **usual,
    )
    case(
        "valid-existed-by-one-of-several",
        "One proof that holds is enough, whatever comes with it.",
        existed_by=[b"no proof", receipt(since + DAY), receipt(since - DAY)],
        **usual,
    )
    another = seal(certificate(registration_number="闽C·54321"))
    for name, describes, proof, trust in (
        ("too-late", "The receipt is of the second of the compromise.", receipt(since), leaked()),
        ("of-another", "The receipt is for another certificate.", receipt(since - DAY, another), leaked()),
        (
            "by-a-stranger",
            "The receipt is signed by a key that is not listed.",
            receipt(since - DAY, signer=LocalSigner.generate()),
            leaked(),
        ),
        (
            "key-compromised",
            "The receipt's own key was compromised, later: its time is the thief's to choose.",
            receipt(since - DAY),
            leaked(compromised_since=since + DAY, compromise="stolen"),
        ),
        ("window", "The receipt is from before its key's window.", receipt(since - DAY), leaked(not_before=since)),
        (
            "presentation",
            "A live presentation proves nothing about when.",
            armor.decode(live(presented_at=since - DAY)),
            leaked(),
        ),
    ):
        case(
            f"key-compromised-unproven-receipt-{name}",
            describes,
            "blocks key-compromised-unproven",
            trust=trust,
            existed_by=[proof],
            status=GOOD,
        )
    case(
        "key-compromised-unproven-seal-not-pinned",
        "Sealed evidence, and the policy pins no key.",
        "blocks key-compromised-unproven",
        existed_by=[statement(since - second)],
        **usual,
    )
    case(
        "key-compromised-in-spite-of-receipt",
        "It was issued after the compromise by its own word, so that nothing can help.",
        "fails key-compromised",
        trust=leaked(ISSUED),
        existed_by=[receipt(ISSUED - DAY)],
        status=GOOD,
    )
    case(
        "existed-and-revoked",
        "That it existed does not make it valid.",
        "fails revoked-before-event",
        trust=leaked(),
        existed_by=[receipt(since - DAY)],
        status=says(event("revoked", LOSS - DAY)),
    )


def keys_of_registers() -> None:
    """Documents of a status key, by its dates. They are empty here, and so bear the time of the answer."""
    second = timedelta(seconds=1)
    dated = NOW - HOUR

    def known_as(**of_key: Any) -> bytes:
        own = LocalSigner.from_pem(LocalSigner.generate().to_pem(), key_id=b"list-of-cn")
        return trust_bytes(trusted_issuer(trusted_key(SIGNER), trusted_key(own, usage=KeyUsage.STATUS, **of_key)))

    def named(at: datetime, data: bytes = b"") -> bytes:
        answer = [1, [[hashlib.sha256(data).digest(), "application/statuslist+cwt"]]]
        said = {0: 1, 2: TEXT, 3: int(at.timestamp()) * 10**6, 14: answer}
        header = {16: "application/vnd.certcore.evidence+cbor"}
        return cose.sign1(cbor2.dumps(said, canonical=True), signer=SEAL_SIGNER, protected=header)

    proof = {"data": "", "media_type": "application/statuslist+cwt", "key_id": b"list-of-cn".hex()}
    signed = says(observed_at=dated, proofs=[proof])
    stolen = {"compromised_since": dated + second, "compromise": "stolen"}
    rows: tuple[tuple[str, str, str | None, dict[str, Any], list[bytes]], ...] = (
        (
            "valid-status-key-over-since",
            "Within its key's window, which is over since.",
            None,
            {"not_after": dated},
            [],
        ),
        (
            "status-key-window-over",
            "Of the second after its key's window.",
            "window",
            {"not_after": dated - second},
            [],
        ),
        ("status-key-window-to-come", "Of before its key's window.", "window", {"not_before": dated + second}, []),
        ("status-key-compromised", "Of the second of the compromise.", "compromised", {"compromised_since": dated}, []),
        ("status-key-compromised-unproven", "Of before the compromise, by its own word.", "compromised", stolen, []),
        ("valid-status-key-proven", "In the reader's own sealed evidence from before.", None, stolen, [named(dated)]),
        ("status-key-compromised-late", "In evidence sealed too late.", "compromised", stolen, [named(dated + second)]),
        (
            "status-key-compromised-other",
            "Another document was sealed.",
            "compromised",
            stolen,
            [named(dated, b"list")],
        ),
    )
    for name, describes, code, of_key, existed_by in rows:
        case(
            name,
            f"The register's document, and what the trust list says of its key. {describes}",
            *([] if code is None else [f"blocks status-key-{code}"]),
            trust=known_as(**of_key),
            existed_by=existed_by,
            seal_keys=[SEAL_SIGNER],
            status=signed,
            in_force=None if code is None else [],
        )
    case(
        "status-key-compromised-revoked",
        "A revocation by the thief is no revocation.",
        "blocks status-key-compromised",
        trust=known_as(compromised_since=dated),
        status=says(event("revoked", LOSS - DAY), observed_at=dated, proofs=[proof]),
        in_force=[],
    )


def lists_on_both_sides() -> None:
    """Lists that read otherwise than valid after the moment only, and what is left of an answer that does not count."""

    def lists(*observations: tuple[str, datetime]) -> dict[str, Any]:
        return says(issued=False, history_from=None, observations=[seen(*pair) for pair in observations])

    firm = trust_bytes(trusted_issuer(suspends=False, retroactive=False))
    reaching = trust_bytes(trusted_issuer(suspends=False, retroactive=True))
    case(
        "status-not-covered-superseded-after-list",
        "Read as superseded later, and nothing else: that never reaches back, and says nothing of the moment.",
        "blocks status-not-covered",
        trust=reaching,
        status=lists(("superseded", LOSS + 3 * DAY)),
    )
    case(
        "valid-list-before-then-superseded",
        "Read as valid an hour before and as superseded later.",
        trust=reaching,
        status=lists(("valid", LOSS - HOUR), ("superseded", LOSS + 3 * DAY)),
    )
    case(
        "status-gap-suspended-after-list",
        "Read as suspended later, and nothing else, where entries may resume.",
        "blocks status-gap",
        status=lists(("suspended", LOSS + 3 * DAY)),
    )
    case(
        "valid-list-before-then-suspended",
        "Read as valid an hour before and as suspended later.",
        status=lists(("valid", LOSS - HOUR), ("suspended", LOSS + 3 * DAY)),
    )
    case(
        "revocation-effect-unknown-list-before",
        "Read as valid an hour before and as revoked later: the revocation may be from in between.",
        "blocks revocation-effect-unknown",
        trust=firm,
        status=lists(("valid", LOSS - HOUR), ("revoked", LOSS + 3 * DAY)),
    )
    neighbour = LocalSigner.from_pem(LocalSigner.generate().to_pem(), key_id=b"list-of-hk")
    own = LocalSigner.from_pem(LocalSigner.generate().to_pem(), key_id=b"list-of-cn")
    both = trust_bytes(
        trusted_issuer(trusted_key(SIGNER), trusted_key(own, usage=KeyUsage.STATUS)),
        trusted_issuer(
            trusted_key(neighbour, usage=KeyUsage.STATUS), id="HK", country="HK", time_zone="Asia/Hong_Kong"
        ),
    )
    proof = {"data": "", "media_type": "application/statuslist+cwt", "key_id": b"list-of-hk".hex()}
    case(
        "status-proof-of-another-issuer",
        "The answer is signed by another issuer's key: it is no answer, and says nothing of when it was in force.",
        "blocks status-backend-error",
        trust=both,
        status=says(event("revoked", LOSS - DAY), proofs=[proof]),
        in_force=[],
    )
    first = datetime(2025, 10, 9, 16, tzinfo=UTC)  # 00:00 in Shanghai
    case(
        "revoked-after-event-in-force",
        "In force from its first day until it was revoked.",
        "notes revoked-after-event",
        status=says(event("revoked", LOSS + DAY)),
        in_force=[(first, LOSS + DAY)],
    )
    case(
        "suspended-then-in-force",
        "In force before and after it was suspended.",
        "fails suspended-then",
        status=says(event("suspended", LOSS - DAY), event("resumed", LOSS + DAY)),
        in_force=[(first, LOSS - DAY), (LOSS + DAY, None)],
    )


def vehicles_since() -> None:
    """An undated state, in a register that knows only its present, asked about a month ago by a claims desk."""
    case(
        "valid-vehicle-overdue-since",
        "Overdue now, beside a certificate that was in force then and has ended since: no contradiction.",
        text=seal(certificate(valid_until=date(2026, 9, 15))),
        status=GOOD,
        vehicle=vehicle("Q"),
    )
    case(
        "status-contradicts-certificate-present-only",
        "Overdue now, beside a certificate that was in force then and still is.",
        "blocks status-contradicts-certificate",
        status=GOOD,
        vehicle=vehicle("Q"),
    )
    case(
        "valid-vehicle-overdue-dated",
        "Overdue from the day after its certificate ended.",
        text=seal(certificate(valid_until=date(2026, 9, 15))),
        status=GOOD,
        vehicle=vehicle(("Q", date(2026, 9, 16), None)),
    )


def clocks() -> None:
    """A trust list from the future: two right clocks may be a minute apart."""
    for name, ahead, expected in (
        ("valid-trust-ahead-within-clock-skew", MINUTE, []),
        ("clock-behind", MINUTE + timedelta(seconds=1), ["blocks clock-behind"]),
    ):
        case(
            name,
            f"The trust list was issued {ahead.seconds} seconds from now.",
            *expected,
            trust=trust_bytes(issued_at=NOW + ahead),
            status=GOOD,
        )


def moments() -> None:
    """Which moment a register's word reaches to: days, ages, ends, and what came first or later."""

    def lists(*observations: tuple[Any, ...]) -> dict[str, Any]:
        return says(issued=False, history_from=None, observations=[seen(*one) for one in observations])

    firm = trust_bytes(trusted_issuer(suspends=False, retroactive=False))
    lasting = trust_bytes(trusted_issuer(suspends=True, retroactive=False))
    reaching = trust_bytes(trusted_issuer(suspends=False, retroactive=True))
    day, first = date(2026, 9, 1), datetime(2026, 8, 31, 16, tzinfo=UTC)
    noon = first + 12 * HOUR
    person: dict[str, Any] = {"policy": "counterparty", "expect": None}
    alone = "notes binding-not-checked"
    for state in ("suspended", "superseded"):
        case(
            f"changed-on-date-listed-{state}",
            f"Read as valid with the day's first instant and as {state} at noon: asked about the day.",
            "blocks status-changed-on-date",
            trust=lasting,
            as_of=day,
            status=lists(("valid", first), (state, noon)),
        )
    case(
        "status-gap-today-listed-at-noon",
        "Read as valid at noon, asked half a minute later about today: nothing is known of the morning.",
        "blocks status-gap",
        trust=lasting,
        as_of=date(2026, 10, 1),
        status=lists(("valid", NOW - timedelta(seconds=30))),
    )
    case(
        "valid-day-listed-at-its-beginning",
        "Read as valid with the day's first instant, by a policy that bears a day.",
        trust=lasting,
        as_of=day,
        status=lists(("valid", first)),
    )
    over = LOSS - HOUR
    case(
        "revoked-list-expired",
        "A list that read revoked, and has expired: a revocation does not lapse with its document.",
        "fails revoked-before-event",
        trust=firm,
        status=lists(("revoked", LOSS - 2 * DAY, over)),
    )
    for state in ("suspended", "superseded"):
        case(
            f"status-stale-list-expired-{state}",
            f"A list that read {state}, and has expired: it blocks, also for somebody who takes it if available.",
            "blocks status-stale",
            alone,
            trust=lasting,
            status=lists((state, LOSS - 2 * DAY, over)),
            **person,
        )
    case(
        "void-events-expired",
        "Events that say void from the start, and have expired.",
        "fails void-from-start",
        alone,
        status=says(event("revoked", None, LOSS - 3 * DAY), issued=False, observed_at=LOSS - 2 * DAY, expires_at=over),
        **person,
    )
    case(
        "revoked-events-without-list",
        "Events that revoke, and neither an issued event nor a list.",
        "fails revoked-before-event",
        status=says(event("revoked", LOSS - DAY), issued=False),
    )
    old = NOW - 9 * DAY
    case(
        "status-stale-suspended-long-ago",
        "Suspended by a record of nine days ago: it may have been lifted since.",
        "blocks status-stale",
        as_of=NOW,
        status=says(event("suspended", old - DAY), observed_at=old),
    )
    case(
        "suspended-then-within-age",
        "Suspended by a record of a day ago.",
        "fails suspended-then",
        as_of=NOW,
        status=says(event("suspended", old), observed_at=NOW - DAY),
    )
    lifted = [event("suspended", LOSS - 2 * DAY), event("resumed", LOSS - DAY)]
    case(
        "valid-covered-in-spite-of-later-list",
        "Suspended and resumed before, by events; a list that came after these reads superseded.",
        status=says(
            *lifted,
            observed_at=NOW - 6 * HOUR,
            observations=[seen("suspended", LOSS - 36 * HOUR), seen("superseded", NOW)],
        ),
    )
    case(
        "revocation-effect-unknown-later-list",
        "Events cover the moment; a list that came after these reads revoked, and revocations may reach back.",
        "blocks revocation-effect-unknown",
        status=says(observed_at=NOW - 6 * HOUR, observations=[seen("revoked", NOW)]),
    )
    case(
        "as-of-unsupported-known-then",
        "A register of the present, asked with what was known at the moment.",
        "blocks as-of-unsupported",
        known_at=LOSS,
        status=says(history_from=None),
    )
    case(
        "valid-present-reliable",
        "A register of the present that promises an hour more, asked about now.",
        as_of=NOW,
        status=says(history_from=None, reliable_until=NOW + HOUR),
    )
    case(
        "revoked-with-its-issue",
        "Revoked from the second of issue, asked about the hours before: it never was in force.",
        "fails revoked-before-event",
        "notes issued-after-event",
        as_of=ISSUED - HOUR,
        status=says(event("revoked", ISSUED, NOW - DAY)),
        in_force=[],
    )
    case(
        "suspended-then-earlier-effect-recorded-later",
        "Suspended from a week later on, and then recorded as suspended from before.",
        "fails suspended-then",
        status=says(event("suspended", LOSS + 7 * DAY, LOSS - 9 * DAY), event("suspended", LOSS - DAY, LOSS + 2 * DAY)),
    )
    case(
        "suspended-then-resumed-at-one-instant",
        "Suspended and resumed with effect at one instant: the one that stops decides, whichever was recorded first.",
        "fails suspended-then",
        status=says(event("suspended", LOSS - DAY), event("resumed", LOSS - DAY, LOSS - HOUR)),
    )
    case(
        "void-from-start-behind-a-supersession",
        "Void from the start, recorded behind a supersession.",
        "fails void-from-start",
        status=says(event("superseded", LOSS + DAY), event("revoked", None, NOW - DAY)),
    )
    case(
        "status-in-future-tomorrow",
        "Tomorrow as a date, asked half a minute before it.",
        "blocks status-in-future",
        alone,
        as_of=date(2026, 10, 2),
        evaluated_at=datetime(2026, 10, 1, 15, 59, 30, tzinfo=UTC),
        **person,
    )
    case(
        "status-gap-list-a-minute-later",
        "Read as valid a minute after a moment of the past, by a policy that bears no age.",
        "blocks status-gap",
        trust=lasting,
        policy="bulk",
        status=lists(("valid", LOSS + MINUTE)),
    )
    case(
        "status-stale-two-years-later",
        "Read as valid an hour after the loss, asked two years later of an issuer whose revocations reach back.",
        "blocks status-stale",
        text=seal(certificate(valid_until=date(2029, 9, 30))),
        trust=trust_bytes(
            trusted_issuer(suspends=False), issued_at=NOW + 730 * DAY - HOUR, next_update_at=NOW + 737 * DAY
        ),
        evaluated_at=NOW + 730 * DAY,
        status=lists(("valid", LOSS + HOUR)),
    )
    case(
        "status-stale-events-of-yesterday",
        "Nothing happened by a record of a day and a second ago, of an issuer whose revocations reach back.",
        "blocks status-stale",
        status=says(observed_at=NOW - DAY - timedelta(seconds=1)),
        in_force=[],
    )
    case(
        "revocation-effect-unknown-superseded",
        "Read as superseded later, and nothing else.",
        "blocks revocation-effect-unknown",
        trust=reaching,
        status=lists(("superseded", LOSS + 3 * DAY)),
    )
    case(
        "status-not-covered-observed-in-future",
        "A register that speaks as of the year 9998.",
        "blocks status-not-covered",
        status=says(observed_at=datetime(9998, 1, 1, tzinfo=UTC)),
    )
    case(
        "status-gap-two-lists-of-one-second",
        "Two lists of one second, of which one reads revoked: neither counts.",
        "blocks status-gap",
        as_of=NOW,
        status=lists(("valid", NOW - HOUR), ("revoked", NOW - HOUR)),
    )
    case(
        "valid-two-lists-and-a-later-one",
        "Two lists of one second that differ, and a later one.",
        as_of=NOW,
        status=lists(("valid", NOW - HOUR), ("suspended", NOW - HOUR), ("valid", NOW - MINUTE)),
    )
    case(
        "valid-list-of-no-end-and-long-ago",
        "Read as valid 400 days before, by a list that states no end, for somebody who bears any age.",
        "notes status-stale",
        alone,
        text=seal(certificate(issued_at=LOSS - 420 * DAY, inspected_on=date(2025, 7, 1))),
        trust=lasting,
        status=lists(("valid", LOSS - 400 * DAY)),
        **person,
    )
    case(
        "live-older-than-the-policy-bears",
        "Shown 20 hours ago under a list that allows a day, by a policy that bears a quarter of an hour.",
        "blocks status-not-checked",
        "notes plate-type-not-compared",
        text=live(presented_at=NOW - 20 * HOUR, minutes=24 * 60),
        trust=trust_bytes(live_maximum=DAY),
        policy="roadside",
        as_of=NOW,
        expect=PLATE_SEEN,
    )


def right_vehicle_and_clock() -> None:
    """What is compared, and what is said not to have been; countries, clocks and overdue lists."""
    typed = seal(certificate(plate_type=2))
    case(
        "binding-not-readable-plate-type",
        "A plate type was seen, and the certificate states none.",
        "blocks binding-not-readable",
        expect=SEEN | {"plate_type": 2},
        status=GOOD,
    )
    case("valid-plate-type", "A plate type that both state.", text=typed, expect=SEEN | {"plate_type": 2}, status=GOOD)
    case(
        "valid-plate-alone-without-type",
        "A Chinese plate compared alone and without its type.",
        "notes plate-type-not-compared",
        policy="counterparty",
        expect=PLATE_SEEN,
        status=GOOD,
    )
    kyiv = trust_bytes(trusted_issuer(id="UA", country="UA", time_zone="Europe/Kyiv"))
    case(
        "plate-mismatch-another-script",
        "A plate in Cyrillic letters, seen as the Latin ones that they look like.",
        "fails plate-mismatch",
        text=seal(certificate(registration_number="\u0421\u04101234\u0412\u0425")),
        trust=kyiv,
        policy="counterparty",
        expect=PLATE_SEEN | {"registration_number": "CA1234BX"},
        status=GOOD,
    )
    abroad = seal(certificate(country="DE"))
    case(
        "key-scope-country",
        "A certificate of another country than its issuer's.",
        "fails key-scope",
        text=abroad,
        status=GOOD,
    )
    case(
        "valid-another-country",
        "A certificate of another country, for which the trust list names its issuer.",
        text=abroad,
        trust=trust_bytes(trusted_issuer(countries=["DE"])),
        status=GOOD,
    )
    late = datetime(2020, 1, 1, tzinfo=UTC)
    case(
        "clock-behind-years",
        "A terminal that believes it is 2020, asked about now: nothing fails that rests on its clock.",
        "blocks clock-behind",
        "blocks issued-in-future",
        "blocks status-not-checked",
        as_of=late,
        evaluated_at=late,
    )
    case(
        "clock-behind-key-unknown",
        "An unknown key, where the clock is behind the trust list: it cannot be said that the list is current.",
        "blocks key-unknown",
        text=seal(certificate(), LocalSigner.generate()),
        trust=trust_bytes(issued_at=NOW + HOUR),
        status=GOOD,
    )
    case(
        "valid-trust-list-overdue",
        "A second past the trust list's next update.",
        "notes trust-list-overdue",
        trust=trust_bytes(next_update_at=NOW - timedelta(seconds=1)),
        status=GOOD,
    )


def faults() -> None:
    """What goes wrong with a register: a bad document blocks under every policy, a missing answer where one is needed."""
    document = ("malformed", "type", "subject", "signature", "expired", "future", "too-large", "rollback", "conflict")
    person: dict[str, Any] = {"policy": "counterparty", "expect": None}
    for code in (*(f"status-list-{word}" for word in document), "status-value-unknown"):
        error = {"error": code}
        case(code, "The register's document does not count.", f"blocks {code}", status=error)
        wished_for = "Nor for somebody who takes it if available: it is not merely missing."
        case(f"{code}-if-available", wished_for, f"blocks {code}", "notes binding-not-checked", status=error, **person)
    for code in [f"vehicle-answer-{word}" for word in document[:6]]:
        case(
            code,
            "The register's answer about the vehicle does not count.",
            f"blocks {code}",
            status=GOOD,
            vehicle={"error": code},
        )
    for cause in ("dns", "tls", "http-403", "address"):
        error = {"error": "status-unavailable", "cause": cause}
        case(
            f"status-unavailable-{cause}",
            "The register could not be reached, and why.",
            "blocks status-unavailable",
            status=error,
        )


MADE_ANEW: Final = {"text", "trust", "group_keys", "existed_by", "seal_keys"}
"""Members that hold keys, or what keys made, and so differ with every run."""


def stated(vector: dict[str, Any]) -> dict[str, Any]:
    """What a vector says, whatever its keys."""
    return {member: value for member, value in vector.items() if member not in MADE_ANEW}


def main() -> None:
    for make in (
        valid_forms,
        authenticity,
        period,
        status,
        vehicles,
        binding,
        freshness,
        confidential_claims,
        existed,
        lists_on_both_sides,
        vehicles_since,
        clocks,
        moments,
        right_vehicle_and_clock,
        faults,
        keys_of_registers,
    ):
        make()
    held = {path.stem: json.loads(path.read_text(encoding="ascii")) for path in FOLDER.glob("*/*.json")}
    differing = [name for name, vector in held.items() if name not in FOUND or stated(vector) != stated(FOUND[name])]
    if differing:
        sys.exit(f"these files say something else than their cases: {', '.join(sorted(differing))}")
    new = {name: found for name, found in FOUND.items() if name not in held}
    for name, found in new.items():
        path = FOLDER / found["expected"]["outcome"] / f"{name}.json"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(found, ensure_ascii=True, indent=1) + "\n", encoding="ascii")
    if new:
        names = (FOLDER / ("root.pem" if number == 1 else f"root-{number}.pem") for number in count(1))
        root = next(path for path in names if not path.exists())
        root.write_bytes(ROOT_SIGNER.public_key.to_pem())
    print(f"{len(new)} vectors written to tests/vectors, {len(held)} kept")


if __name__ == "__main__":
    main()
