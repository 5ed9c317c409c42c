#!/usr/bin/env python3
"""Write the golden evidence of this release, tests/evidence/golden: `PYTHONPATH=src python tools/make_evidence.py`.

Run by hand before a release, and the output is checked in. Every later version must replay every file of every release
to the verdict beside it, byte for byte: a folder that is there is never written again. With `--force` it is, which is
for a release that is not out yet. With `--check` nothing is written: it says which files are not as their manifest has
them, and exits with 1. With `--add` the cases that are not there yet are written beside those that are.

A release's folder holds NAME.vice, the evidence; NAME.json, the verdict's `to_json`; the roots, keys and documents that
a replay takes; and manifest.json: what each case shows, what it takes, and the SHA-256 of every file. Keys and clocks
are fixed; ES384 and ML-DSA signatures and confidential fields are other bytes in each run. Outcomes are written down
here by whoever wrote the case, and checked before anything is written.
"""

# ruff: noqa: ANN401, D103, PLR0913  a table of cases in a script: its functions are its columns

from __future__ import annotations

import base64
import hashlib
import json
import shutil
import sys
import zlib
from collections.abc import Iterable, Sequence
from datetime import UTC, date, datetime, timedelta
from io import BytesIO
from pathlib import Path
from typing import Any, Final, cast

import attrs
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from PIL import Image

ROOT: Final = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

import certcore
from certcore import (
    Basis,
    Deficiency,
    Evidence,
    Expected,
    InspectionCertificate,
    Policy,
    PublicKey,
    Result,
    StatusListEntry,
    StatusRef,
    TrustList,
    TrustRoot,
    VehicleVerdict,
    Verdict,
    Verifier,
    armor,
    cose,
    payload,
    qr,
)
from certcore.certificate import confidential
from certcore.engine import certificate as engine
from certcore.errors import CertcoreError, RejectedInputError, StatusError
from certcore.evidence._statement import encode
from certcore.keys import EDDSA, ES384, ML_DSA_65, GroupKey, Signer
from certcore.keys._group import A256GCM
from certcore.policy import Need
from certcore.proofs import receipts
from certcore.proofs.existence import timestamp_request
from certcore.reasons import REASONS, Axis
from certcore.status import (
    SnapshotStatusBackend,
    StatusBackend,
    StatusEvent,
    StatusEventKind,
    StatusObservation,
    StatusProof,
    StatusQuery,
    StatusRecord,
    StatusState,
    VehicleFlag,
    VehicleQuery,
    VehicleRecord,
)
from certcore.status.tokenlist import StatusList, issue_events, issue_token
from certcore.status.vehicledoc import encode_request, issue_answer, open_answer
from certcore.testing import FixedClock
from certcore.trust import (
    Environment,
    KeyUsage,
    ListTemplate,
    TrustedIssuer,
    TrustedKey,
    TrustListContents,
)
from certcore.trust.roots import RootSetContents, encode_chain
from tests import tsa
from tests.strategies import fixed_signer
from tests.verify_vectors import VECTORS, Vector

GOLDEN: Final = ROOT / "tests" / "evidence" / "golden"
RELEASE: Final = ".".join(certcore.__version__.split(".")[:2])
MANIFEST: Final = "manifest.json"
MAX_BYTES: Final = 400_000

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
NOW: Final = datetime(2026, 10, 1, 4, 0, tzinfo=UTC)
ISSUED: Final = datetime(2025, 10, 10, 2, 0, tzinfo=UTC)
LOSS: Final = datetime(2026, 8, 14, 9, 30, tzinfo=UTC)
LONG_AGO, FAR_OFF = datetime(2020, 1, 1, tzinfo=UTC), datetime(2035, 1, 1, tzinfo=UTC)
LIST_URI: Final = "https://status.example/lists/12"
REF: Final = StatusRef(list=12, index=524287)
PLATE, VIN = "闽C12345", "LSVAA4181E2184211"
SEEN: Final = Expected(registration_number=PLATE, vin=VIN)
PLATE_SEEN: Final = Expected(registration_number=PLATE, country="CN", plate_type=2)


@attrs.frozen
class Steady:
    """ES256 whose signatures are the same in every run (RFC 6979); `LocalSigner`'s are not."""

    seed: int

    @property
    def _key(self) -> ec.EllipticCurvePrivateKey:
        return ec.derive_private_key(9000 + self.seed, ec.SECP256R1())

    @property
    def public_key(self) -> PublicKey:
        """As a signer has it."""
        pem = self._key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
        return PublicKey.from_pem(pem)

    def sign(self, data: bytes, /) -> bytes:
        """As a signer signs."""
        pair = decode_dss_signature(self._key.sign(data, ec.ECDSA(hashes.SHA256(), deterministic_signing=True)))
        return b"".join(number.to_bytes(32, "big") for number in pair)


ISSUER: Final = Steady(1)
STRANGER: Final = Steady(2)
SEALER: Final = Steady(3)
LIVE, STATUS, REGISTER, FIRST_ROOT, SECOND_ROOT, THIRD_ROOT = (fixed_signer(EDDSA, seed) for seed in range(301, 307))
POST_QUANTUM: Final = fixed_signer(ML_DSA_65, 7)
GROUP: Final = GroupKey(key_id=b"desk", algorithm=A256GCM, secret=bytes(range(32)))
TSA: Final = tsa.authority()


# --- whom to trust ----------------------------------------------------------------------------------------------------


def key(signer: Signer, usage: KeyUsage = KeyUsage.CERTIFICATE, **changes: Any) -> TrustedKey:
    return TrustedKey(public_key=signer.public_key, usage=usage, not_before=LONG_AGO, not_after=FAR_OFF, **changes)


def issuer(*, certificate_key: dict[str, Any] | None = None, **changes: Any) -> TrustedIssuer:
    fields: dict[str, Any] = {
        "id": "CN",
        "name": "Golden issuer",
        "country": "CN",
        "time_zone": "Asia/Shanghai",
        "keys": [
            key(ISSUER, **(certificate_key or {})),
            key(LIVE, KeyUsage.LIVE),
            key(STATUS, KeyUsage.STATUS),
            key(REGISTER, KeyUsage.REGISTER),
        ],
        "list_templates": [ListTemplate(uri="https://status.example/lists/{list}", not_before=LONG_AGO)],
        "uri_prefixes": ["https://status.example/"],
    }
    return TrustedIssuer(**(fields | changes))


def listed(*issuers: TrustedIssuer, signers: Sequence[Signer] = (FIRST_ROOT,), **changes: Any) -> bytes:
    fields: dict[str, Any] = {
        "version": 1,
        "issued_at": NOW - 4 * HOUR,
        "next_update_at": NOW + 7 * DAY,
        "environment": Environment.PRODUCTION,
    }
    return TrustListContents(issuers=issuers or (issuer(),), **(fields | changes)).sign(*signers)


KEYS_ROOT: Final = TrustRoot(keys=[FIRST_ROOT.public_key], environments=Environment)
TRUST: Final = TrustList.open(listed(), root=KEYS_ROOT)


def trusting(*issuers: TrustedIssuer, **changes: Any) -> TrustList:
    return TrustList.open(listed(*issuers, **changes), root=KEYS_ROOT)


def root_set(version: int, *members: Sequence[Signer], signers: Iterable[Signer], year: int) -> bytes:
    contents = RootSetContents(
        version=version,
        members=[[signer.public_key for signer in member] for member in members],
        threshold=len(members),
        valid_from=datetime(year, 1, 1, tzinfo=UTC),
    )
    return contents.sign(*signers)


SET_1: Final = root_set(1, [FIRST_ROOT], signers=[FIRST_ROOT], year=2024)
SET_2: Final = root_set(2, [SECOND_ROOT], signers=[FIRST_ROOT, SECOND_ROOT], year=2026)
SET_3: Final = root_set(
    3, [THIRD_ROOT, POST_QUANTUM], [SECOND_ROOT], signers=[SECOND_ROOT, THIRD_ROOT, POST_QUANTUM], year=2027
)
ROOT_1: Final = TrustRoot.from_document(SET_1)
ROOT_2: Final = ROOT_1.rotate(SET_2)
ROOT_3: Final = ROOT_2.rotate(SET_3)
ROOTS: Final[dict[str, bytes]] = {
    "root.pem": FIRST_ROOT.public_key.to_pem(),
    "root-1.cbor": encode_chain(ROOT_1.chain),
    "root-2-alone.cbor": SET_2,
    "root-1-to-2.cbor": encode_chain(ROOT_2.chain),
    "root-1-to-3.cbor": encode_chain(ROOT_3.chain),
}
PLAIN: Final = ("root.pem",)


# --- certificates -----------------------------------------------------------------------------------------------------


def certificate(**changes: Any) -> InspectionCertificate:
    fields: dict[str, Any] = {
        "registration_number": PLATE,
        "vin": VIN,
        "valid_until": date(2027, 9, 30),
        "inspected_on": date(2025, 10, 10),
        "basis": Basis.INSPECTED,
        "result": Result.PASS,
        "authority": "闽C",
        "plate_type": 2,
        "status": REF,
        "issued_at": ISSUED,
    }
    return InspectionCertificate(**(fields | changes))


def text_of(stated: InspectionCertificate, signer: Signer = ISSUER) -> str:
    return armor.encode(cose.sign1(payload.encode(stated), signer=signer))


TEXT: Final = text_of(certificate())
HIDDEN: Final = text_of(
    confidential.seal(
        certificate(document_number="35-778812"), fields=["vin", "document_number"], group_key=GROUP, issuer_id="CN"
    )
)
WIDE: Final = InspectionCertificate(
    registration_number="B-AB 123",
    vin="WVWZZZ1KZAW000123",
    valid_until=date(2028, 10, 31),
    basis=Basis.INSPECTED,
    result=Result.MINOR,
    authority="DE-BE",
    inspected_on=date(2026, 9, 12),
    vehicle_category="M1",
    status=StatusListEntry(uri=LIST_URI, index=7),
    odometer_km=84210,
    deficiencies=(
        Deficiency(code="1.1.13 (a)", severity=Result.MINOR),
        Deficiency(code="5.2.3 (e)", severity=Result.MINOR),
    ),
    test_place="Berlin",
    inspector="BE-0417",
    document_number="4711",
    previous=bytes(range(12)),
    issued_at=datetime(2026, 9, 12, 9, tzinfo=UTC),
    unknown_fields={99: "of a later version"},
)


# --- whom to ask ------------------------------------------------------------------------------------------------------


def a_list(values: dict[int, int] | None = None, *, at: datetime = NOW - HOUR, uri: str = LIST_URI) -> bytes:
    entries = StatusList.from_values(values or {}, size=1 << 20)
    return issue_token(entries, uri=uri, signer=STATUS, issued_at=at, expires_at=at + 7 * DAY)


def happened(kind: StatusEventKind, at: datetime | None, *, recorded_at: datetime | None = None) -> StatusEvent:
    recorded = recorded_at or at
    assert recorded is not None
    return StatusEvent(kind=kind, effective_at=at, recorded_at=recorded, reason="golden")


def events(*found: StatusEvent, at: datetime = NOW - HOUR) -> bytes:
    return issue_events(
        {REF.index: found} if found else {},
        uri=LIST_URI,
        signer=STATUS,
        history_from=LONG_AGO,
        issued_at=at,
        expires_at=at + 7 * DAY,
    )


def a_jwt_list() -> bytes:
    at = int((NOW - HOUR).timestamp())
    entries = StatusList.from_values({}, size=1 << 20)
    listing = {"bits": entries.bits, "lst": base64url(zlib.compress(entries.data, 9))}
    claims = {"sub": LIST_URI, "iat": at, "exp": at + 7 * 86400, "status_list": listing}
    parts = [{"alg": "EdDSA", "typ": "statuslist+jwt"}, claims]
    signed = ".".join(base64url(json.dumps(part, separators=(",", ":")).encode()) for part in parts)
    return f"{signed}.{base64url(STATUS.sign(signed.encode()))}".encode()


def base64url(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


GOOD: Final = SnapshotStatusBackend([a_list(), events()])
FRESH: Final = SnapshotStatusBackend([a_list(at=NOW), events(at=NOW)])
REVOKED, SUSPENDED, RESUMED, SUPERSEDED = (
    StatusEventKind.REVOKED,
    StatusEventKind.SUSPENDED,
    StatusEventKind.RESUMED,
    StatusEventKind.SUPERSEDED,
)


def lists(state: int, *found: StatusEvent) -> SnapshotStatusBackend:
    return SnapshotStatusBackend([a_list({REF.index: state} if state else None), events(*found)])


@attrs.frozen
class Says:
    """A register that gives one answer, and proves nothing."""

    status: StatusRecord | StatusError | None = None
    vehicle: VehicleRecord | StatusError | None = None

    def lookup(self, _: StatusQuery, /) -> StatusRecord:
        """The answer."""
        return cast("StatusRecord", said(self.status))

    def lookup_vehicle(self, _: VehicleQuery, /) -> VehicleRecord:
        """The answer."""
        return cast("VehicleRecord", said(self.vehicle))


def said(answer: object) -> object:
    if isinstance(answer, Exception):
        raise answer
    return answer


RECORD: Final = StatusRecord(
    events=[happened(StatusEventKind.ISSUED, ISSUED)],
    observations=[StatusObservation(state=StatusState.VALID, at=NOW - DAY)],
    observed_at=NOW,
    history_from=LONG_AGO,
    reliable_until=NOW + HOUR,
)
VEHICLE: Final = VehicleRecord(
    known=True,
    flags=[VehicleFlag(code="B", since=date(2026, 3, 1)), VehicleFlag(code="C", until=date(2026, 2, 1))],
    valid_until=date(2027, 9, 30),
    observed_at=NOW,
    history_from=LONG_AGO,
)
STOLEN: Final = attrs.evolve(VEHICLE, flags=[VehicleFlag(code="C", since=date(2026, 8, 1))])


@attrs.frozen
class Answers:
    """A register that signs what it says of a vehicle, bound to the request."""

    record: VehicleRecord

    def lookup_vehicle(self, query: VehicleQuery, /) -> VehicleRecord:
        """The answer, opened."""
        request = encode_request(query, nonce=bytes(16))
        end = query.asked_at + timedelta(minutes=5)
        answer = issue_answer(self.record, request=request, signer=REGISTER, issued_at=query.asked_at, expires_at=end)
        return open_answer(answer, request=request, keys=query.keys, now=query.asked_at)


def asking(**changes: Any) -> Verifier:
    fields: dict[str, Any] = {"trust": TRUST, "status": GOOD, "policy": Policy.claims(), "clock": FixedClock(NOW)}
    return Verifier(**(fields | changes))


# --- the cases --------------------------------------------------------------------------------------------------------

KEPT: set[str] = set()
"""The cases that are there already, where new ones are added."""

COVERED: set[tuple[str, str]] = set()
"""The reasons, with their effects, that some file has."""

FILES: dict[str, bytes] = {}
CASES: dict[str, dict[str, Any]] = {}


def case(
    name: str,
    about: str,
    outcome: str,
    verdict: Verdict | VehicleVerdict,
    *,
    evidence: Evidence | None = None,
    detached: bool = False,
    roots: Sequence[str] = PLAIN,
    seal_key: PublicKey | None = None,
    stamped_at: datetime | None = None,
    needs_group_key: bool = False,
) -> None:
    """One golden file. The outcome is followed by the codes of all reasons, in any order."""
    expected, *codes = outcome.split()
    found = sorted({reason.code for reason in verdict.reasons})
    COVERED.update((reason.code, reason.effect.value) for reason in verdict.reasons)
    assert (expected, sorted(codes)) == (verdict.outcome.value, found), (name, verdict.outcome.value, found)
    assert name not in CASES, name
    evidence = evidence or verdict.evidence
    FILES[f"{name}.vice"] = evidence.to_bytes(detached=detached)
    FILES[f"{name}.json"] = verdict.to_json().encode()
    FILES.update({root: ROOTS[root] for root in roots})
    if detached:
        FILES.update({f"materials/{digest.hex()}": document for digest, document in evidence.materials.items()})
    takes: dict[str, Any] = {"about": about, "roots": list(roots)}
    if seal_key is not None:
        takes["seal_key"] = f"seal-{seal_key.key_id.hex()}.pem"
        FILES[takes["seal_key"]] = seal_key.to_pem()
    if stamped_at is not None:
        takes |= {"authority": "tsa.pem", "stamped_at": stamped_at.isoformat()}
        certificate = x509.load_der_x509_certificate(TSA.root)
        FILES["tsa.pem"] = certificate.public_bytes(Encoding.PEM)
    if needs_group_key:
        takes["group_key"] = "group.key"
        FILES["group.key"] = GROUP.to_cose_key()
    if detached:
        takes["materials"] = "materials"
    CASES[name] = takes


def judged(text: str = TEXT, *, as_of: datetime | date = LOSS, expect: Expected | None = SEEN, **more: Any) -> Verdict:
    """The verdict of a claims desk; what is not the question's is the verifier's."""
    question = {name: more.pop(name) for name in ("known_at", "existed_by") if name in more}
    return asking(**more).verify(text, as_of=as_of, expect=expect, **question)


def statuses() -> None:
    def of(name: str, about: str, outcome: str, status: StatusBackend | None, **more: Any) -> None:
        case(name, about, outcome, judged(status=status, **more))

    of("proved-lists-and-events", "A list and its events prove the whole history.", "valid", GOOD)
    of("proved-list", "A list alone, read an hour ago.", "valid", SnapshotStatusBackend([a_list()]), as_of=NOW)
    of(
        "proved-lists-of-two-days",
        "An archive: a list of then, and one of today that reads revoked; revocations do not reach back.",
        "valid",
        SnapshotStatusBackend([a_list(at=LOSS + HOUR), a_list({REF.index: 1}), a_list(at=LOSS - 9 * DAY)]),
        trust=trusting(issuer(suspends=False, retroactive=False)),
    )
    of("proved-jwt-list", "A list in its JWT form.", "valid", SnapshotStatusBackend([a_jwt_list()]), as_of=NOW)
    of(
        "revoked-before",
        "Revoked before the loss.",
        "invalid revoked-before-event",
        lists(1, happened(REVOKED, LOSS - DAY)),
    )
    of("revoked-after", "Revoked after the loss.", "valid revoked-after-event", lists(1, happened(REVOKED, LOSS + DAY)))
    of(
        "void-from-start",
        "Found void a month after the loss.",
        "invalid void-from-start",
        lists(1, happened(REVOKED, None, recorded_at=NOW - DAY)),
    )
    of("superseded", "Superseded by then.", "invalid superseded-by-then", lists(3, happened(SUPERSEDED, LOSS - DAY)))
    of(
        "suspended-and-resumed",
        "Suspended on the day of loss, and resumed since.",
        "invalid suspended-then",
        lists(0, happened(SUSPENDED, LOSS - HOUR), happened(RESUMED, LOSS + DAY)),
    )
    of(
        "effect-unknown",
        "A list that reads revoked, and nothing that says since when.",
        "undetermined revocation-effect-unknown",
        SnapshotStatusBackend([a_list({REF.index: 1})]),
    )
    of("attested", "A register that proves nothing: the verifier's word.", "valid", Says(RECORD))
    foreign = StatusProof(data=a_list(), media_type="application/statuslist+cwt", key_id=STATUS.public_key.key_id)
    of(
        "attested-with-documents",
        "Facts that go beyond their documents, which are kept as they came.",
        "valid",
        Says(attrs.evolve(RECORD, proofs=[foreign])),
    )
    of(
        "failed",
        "The register could not be reached.",
        "undetermined status-unavailable",
        Says(StatusError("status-unavailable")),
    )
    of("not-asked", "Nobody was asked.", "undetermined status-not-checked", None)
    of(
        "unknown-reference",
        "The list has no such entry.",
        "undetermined status-unknown-reference",
        Says(StatusError("status-unknown-reference")),
    )


def moments() -> None:
    noon = lists(1, happened(REVOKED, datetime(2026, 8, 14, 4, tzinfo=UTC)))
    case(
        "civil-day-of-revocation",
        "A civil day, at whose noon it was revoked: what held in the morning did not in the evening.",
        "undetermined status-changed-on-date",
        judged(as_of=date(2026, 8, 14), status=noon),
    )
    case(
        "civil-day-before", "The day before.", "valid revoked-after-event", judged(as_of=date(2026, 8, 13), status=noon)
    )
    revoked = happened(REVOKED, LOSS - DAY, recorded_at=NOW - DAY)
    late = SnapshotStatusBackend([a_list(at=NOW - 3 * DAY), a_list({REF.index: 1}), events(revoked)])
    case(
        "known-then",
        "Judged with what was knowable before a revocation was recorded.",
        "valid",
        judged(status=late, known_at=NOW - 2 * DAY),
    )
    case("known-now", "The same, with what is known now.", "invalid revoked-before-event", judged(status=late))
    ends = text_of(certificate(valid_until=date(2026, 8, 14)))
    end = datetime(2026, 8, 14, 16, tzinfo=UTC)
    case(
        "last-day",
        "The last instant of its last day in Shanghai.",
        "valid",
        judged(ends, as_of=end - timedelta.resolution),
    )
    case("day-after", "The first instant of the day after.", "invalid expired-on-date", judged(ends, as_of=end))
    early = text_of(certificate(issued_at=LOSS + HOUR, inspected_on=None))
    case("issued-after", "Issued an hour after the loss.", "valid issued-after-event", judged(early))
    case("future", "A day that has not come.", "undetermined status-in-future", judged(as_of=date(2027, 1, 1)))


def zones() -> None:
    """Cairo put its clocks forward at midnight before 24 April 2026: that day began at one o'clock."""
    cairo = trusting(issuer(country="EG", time_zone="Africa/Cairo"))
    eve = text_of(certificate(country="EG", plate_type=None, valid_until=date(2026, 4, 23)))
    night = datetime(2026, 4, 23, 22, tzinfo=UTC)
    asked: dict[str, Any] = {"trust": cairo, "expect": None, "policy": Policy.counterparty()}
    case(
        "cairo-last-instant",
        "The last instant of the day before.",
        "valid binding-not-checked",
        judged(eve, as_of=night - timedelta.resolution, **asked),
    )
    case(
        "cairo-first-instant",
        "The first instant of the day without midnight.",
        "invalid expired-on-date binding-not-checked",
        judged(eve, as_of=night, **asked),
    )
    odd = text_of(certificate(country="EG", plate_type=None, valid_until=date(2026, 4, 24)))
    case(
        "cairo-odd-day",
        "The day of 23 hours itself.",
        "valid binding-not-checked",
        judged(odd, as_of=date(2026, 4, 24), **asked),
    )


def vehicles() -> None:
    road: dict[str, Any] = {"policy": Policy.roadside(), "as_of": NOW, "expect": PLATE_SEEN, "status": FRESH}
    answers = {"answered": Answers(VEHICLE), "attested": Says(vehicle=VEHICLE)}
    for kind, backend in answers.items():
        case(
            f"vehicle-{kind}",
            f"The vehicle's state, {kind}, with a remark.",
            "valid vehicle-caution",
            judged(vehicles=backend, **road),
        )
    case(
        "vehicle-stopped",
        "Reported stolen, by the register's signed answer.",
        "invalid vehicle-stopped",
        judged(vehicles=Answers(STOLEN), **road),
    )
    case(
        "vehicle-failed",
        "The register of vehicles could not be reached.",
        "undetermined status-unavailable",
        judged(vehicles=Says(vehicle=StatusError("status-unavailable")), **road),
    )

    def ask(name: str, about: str, outcome: str, vehicle: Any, *, as_of: Any = NOW, **changes: Any) -> None:
        asked: dict[str, Any] = {"registration_number": PLATE, "country": "CN", "plate_type": 2} | changes
        verifier = asking(vehicles=vehicle, policy=Policy.roadside())
        case(f"nobody-{name}", about, outcome, verifier.check_vehicle(as_of=as_of, **asked))

    ask(
        "answered",
        "Nobody showed a certificate; the register's signed answer.",
        "valid vehicle-caution",
        Answers(VEHICLE),
    )
    ask("stopped", "The same, stolen.", "invalid vehicle-stopped", Answers(STOLEN))
    by_vin = {"registration_number": None, "country": None, "plate_type": None, "vin": VIN}
    ask(
        "attested",
        "By VIN, of a register that proves nothing.",
        "valid vehicle-caution",
        Says(vehicle=VEHICLE),
        **by_vin,
    )
    ask("day", "About a civil day.", "valid vehicle-caution", Answers(VEHICLE), as_of=date(2026, 9, 30))
    unknown = attrs.evolve(VEHICLE, known=False, flags=[], valid_until=None)
    ask(
        "unknown",
        "A vehicle that the register does not know.",
        "undetermined status-unknown-reference",
        Answers(unknown),
    )
    ask("silent", "Nobody to ask.", "undetermined status-not-checked", None)
    ask(
        "untrusted",
        "A country without a register.",
        "undetermined register-unknown",
        None,
        country="DE",
        plate_type=None,
    )


def seals() -> None:
    plain = judged()
    stamped_at = NOW + timedelta(seconds=30)

    def stamped(evidence: Evidence) -> Evidence:
        return evidence.with_timestamp(TSA.answer(evidence.timestamp_request(), at=stamped_at, nonce=4711))

    signers: dict[str, Signer] = {"es256": SEALER, "es384": fixed_signer(ES384, 8), "ml-dsa-65": POST_QUANTUM}
    for name, signer in signers.items():
        case(
            f"sealed-{name}",
            f"Sealed with a key for {name.upper()}.",
            "valid",
            plain,
            evidence=plain.evidence.sealed(signer),
            seal_key=signer.public_key,
        )
    case(
        "stamped",
        "Time-stamped and not sealed.",
        "valid",
        plain,
        evidence=stamped(plain.evidence),
        stamped_at=stamped_at,
    )
    sealed = stamped(plain.evidence.sealed(SEALER))
    case(
        "sealed-and-stamped",
        "Sealed, and time-stamped after that.",
        "valid",
        plain,
        evidence=sealed,
        seal_key=SEALER.public_key,
        stamped_at=stamped_at,
    )
    case("detached", "The documents are kept elsewhere.", "valid", plain, detached=True)
    case(
        "detached-sealed-and-stamped",
        "Everything at once: seal and time-stamp hold for the detached file.",
        "valid",
        plain,
        evidence=sealed,
        detached=True,
        seal_key=SEALER.public_key,
        stamped_at=stamped_at,
    )


def roots() -> None:
    second = TrustList.open(listed(signers=[SECOND_ROOT]), root=ROOT_2)
    case(
        "root-of-the-chain",
        "A list of the second root set; the file has the chain to it.",
        "valid",
        judged(trust=second),
        roots=tuple(ROOTS),
    )
    then = datetime(2025, 12, 1, tzinfo=UTC)
    window: dict[str, Any] = {"issued_at": then - HOUR, "next_update_at": then + 7 * DAY}
    first = TrustList.open(listed(**window), root=ROOT_1)
    status = SnapshotStatusBackend([a_list(at=then - HOUR), events(at=then - HOUR)])
    case(
        "root-retired",
        "A list of the first root set, which was retired a month later.",
        "valid",
        judged(as_of=then - DAY, trust=first, status=status, clock=FixedClock(then)),
        roots=("root-1.cbor", "root-1-to-2.cbor", "root-1-to-3.cbor"),
    )
    later = datetime(2027, 2, 1, tzinfo=UTC)
    window = {"issued_at": later - HOUR, "next_update_at": later + 7 * DAY}
    signers = (SECOND_ROOT, THIRD_ROOT, POST_QUANTUM)
    third = TrustList.open(listed(signers=signers, **window), root=ROOT_3)
    status = SnapshotStatusBackend([a_list(at=later - HOUR), events(at=later - HOUR)])
    case(
        "root-post-quantum",
        "A member of the third root set signs with two keys, one of them ML-DSA-65.",
        "valid",
        judged(as_of=later - DAY, trust=third, status=status, clock=FixedClock(later)),
        roots=("root-1.cbor", "root-1-to-3.cbor"),
    )


def proofs() -> None:
    stolen = trusting(issuer(certificate_key={"compromised_since": NOW - DAY, "compromise": "stolen"}))
    policy = attrs.evolve(Policy.claims(), time_stamp_authorities=[TSA.root], seal_keys=[SEALER.public_key])
    before = NOW - 2 * DAY
    stamp = TSA.answer(timestamp_request(TEXT, nonce=False), at=before)
    kept = judged(clock=FixedClock(before), status=None).evidence.sealed(SEALER).to_bytes(detached=True)
    receipt = receipts.issue_receipt(TEXT, issuer="CN", signer=REGISTER, issued_at=before)
    for name, proof in (("time-stamp", stamp), ("seal", kept), ("receipt", receipt)):
        case(
            f"existed-by-{name}",
            f"The key was stolen yesterday; a {name} shows that the certificate is older.",
            "valid",
            judged(trust=stolen, policy=policy, existed_by=[proof]),
        )
    case(
        "existed-by-all",
        "All of them, and one that proves nothing.",
        "valid",
        judged(trust=stolen, policy=policy, existed_by=[b"nothing", stamp, kept, receipt]),
    )
    case(
        "existed-by-nothing",
        "No proof.",
        "undetermined key-compromised-unproven",
        judged(trust=stolen, policy=policy),
    )


def forms() -> None:
    case(
        "hidden-read",
        "Confidential fields, read with the group's key.",
        "valid",
        judged(HIDDEN, group_keys=[GROUP]),
        needs_group_key=True,
    )
    case("hidden-unread", "The same without the key.", "undetermined binding-not-readable", judged(HIDDEN))
    case(
        "hidden-wrong-plate",
        "Another plate, beside a VIN that cannot be read.",
        "invalid plate-mismatch binding-not-readable",
        judged(HIDDEN, expect=Expected(registration_number="闽C99999", vin=VIN)),
    )
    shown = text_of(certificate(presented_at=NOW - timedelta(minutes=1), expires_at=NOW + timedelta(minutes=4)), LIVE)
    road: dict[str, Any] = {"policy": Policy.roadside(), "expect": PLATE_SEEN, "vehicles": Answers(VEHICLE)}
    case(
        "live",
        "A live presentation instead of a look-up.",
        "valid vehicle-caution",
        judged(shown, status=None, as_of=NOW, **road),
    )
    case(
        "live-over",
        "The same, an hour later.",
        "undetermined presentation-expired status-not-checked vehicle-caution",
        judged(shown, status=None, as_of=NOW + HOUR, clock=FixedClock(NOW + HOUR), **road),
    )
    wide: dict[str, Any] = {
        "trust": trusting(issuer(id="DE", country="DE", time_zone="Europe/Berlin")),
        "policy": Policy.bulk(),
        "expect": Expected(vin=WIDE.vin),
        "status": FRESH,
    }
    case(
        "european",
        "Deficiencies, an odometer, a status URI, and a field of a later version.",
        "valid",
        judged(text_of(WIDE), as_of=NOW, **wide),
    )
    tried = trusting(environment=Environment.TEST)
    case("test-environment", "A list for trying out.", "valid test-environment", judged(trust=tried))
    lapsed = trusting(issued_at=NOW - 9 * DAY, next_update_at=NOW - DAY)
    case("lapsed-list", "A trust list past its next update.", "undetermined trust-list-stale", judged(trust=lapsed))


def refusals() -> None:
    message = armor.decode(TEXT)
    texts = {
        "empty": ("", "undetermined no-certificate"),
        "foreign": ("https://example.com/?plate=1", "undetermined foreign-format"),
        "half-a-pair": ("VIC1:\ud800", "invalid malformed"),
        "cut-off": (TEXT[:-4], "invalid malformed"),
        "forged": (text_of(certificate(), STRANGER), "invalid key-unknown"),
        "changed": (armor.encode(message[:-1] + bytes([message[-1] ^ 1])), "invalid signature-invalid"),
    }
    for name, (text, outcome) in texts.items():
        case(f"text-{name}", "A text that is no certificate of anybody trusted.", outcome, judged(text))
    picture = BytesIO()
    Image.open(BytesIO(qr.to_png(TEXT, scale=3))).convert("1").save(picture, "PNG")
    of_picture = asking().verify_image(picture.getvalue(), as_of=LOSS, expect=SEEN)
    case("picture", "A certificate read from a picture, whose digest is kept.", "valid", of_picture)
    for name, data, outcome in (
        ("none", b"not a picture", "undetermined image-format"),
        ("several", both(), "undetermined several-certificates"),
    ):
        verdict = asking().verify_image(data, as_of=LOSS, expect=SEEN)
        case(f"picture-{name}", "A picture without one certificate in it.", outcome, verdict)
    other = Expected(registration_number=PLATE, vin="LSVAA4187E2184212")
    case("other-vehicle", "The plate on another vehicle.", "invalid cloned-plate vin-mismatch", judged(expect=other))
    case("nothing-expected", "Nothing to compare with.", "undetermined binding-not-given", judged(expect=None))
    free = attrs.evolve(
        Policy.claims(),
        name="自定义",
        binding={"vin"},
        max_status_age=None,
        max_trust_age=timedelta(days=30, microseconds=1),
        note_trust_age=timedelta(hours=1),
        clock_skew=timedelta(seconds=5),
        live_replaces_status=False,
        stop_flags={"B", "C"},
        vehicle=Need.REQUIRED,
        time_stamp_authorities=[TSA.root],
        seal_keys=[SEALER.public_key],
    )
    case(
        "free-policy",
        "A policy of the user's own, every member of it set.",
        "invalid trust-list-stale vehicle-stopped",
        judged(policy=free, vehicles=Answers(VEHICLE)),
    )


def kinds() -> None:
    """Every kind of event, observation, flag and reason that no other file has."""
    happenings = [happened(kind, ISSUED + number * DAY) for number, kind in enumerate(StatusEventKind)]
    record = attrs.evolve(
        RECORD,
        events=[*happenings, happened(REVOKED, None, recorded_at=NOW)],
        observations=[StatusObservation(state=state, at=ISSUED + 30 * DAY) for state in StatusState],
    )
    register = Says(status=record, vehicle=VEHICLE)
    silent = Answers(VehicleRecord(known=True, observed_at=NOW))
    about: dict[str, Any] = {"registration_number": PLATE, "country": "CN", "plate_type": 2, "as_of": NOW}
    some: dict[str, Verdict | VehicleVerdict] = {
        "every-event": judged(status=register, vehicles=register),
        "civil-time-differs": changed_civil_time(),
        "nobody-without-period": asking(vehicles=silent).check_vehicle(**about),
    }
    for name, verdict in some.items():
        every(name, "For the forms in it: events, observations, flags, reasons.", verdict)
    for vector, found in chosen(missing_reasons()):
        root, opened = vectors_root(vector.verifier.trust)
        ROOTS[root] = opened
        keys = vector.verifier.group_keys
        every(
            f"vector-{vector.name}", "A conformance vector.", found, roots=[root], group_key=keys[0] if keys else None
        )
    for code, _ in sorted(missing_reasons()):
        if REASONS[code].axis is Axis.AUTHENTICITY:
            every(f"refused-{code}", "A picture that gave no text.", refused(code))
    for code, effect in sorted(missing_reasons()):
        print(f"no file has {code} ({effect})", file=sys.stderr)


def missing_reasons() -> set[tuple[str, str]]:
    """Every reason, with each effect it may have, that no file has yet."""
    wanted = {(code, effect.value) for code, meaning in REASONS.items() for effect in meaning.effects}
    return wanted - COVERED


def every(
    name: str,
    about: str,
    verdict: Verdict | VehicleVerdict,
    *,
    roots: Sequence[str] = PLAIN,
    group_key: GroupKey | None = None,
) -> None:
    """A case that has the outcome it has: it is there for the forms in it."""
    if name in KEPT:
        return
    codes = " ".join({reason.code for reason in verdict.reasons})
    case(name, about, f"{verdict.outcome.value} {codes}", verdict, roots=roots)
    if group_key is not None:
        CASES[name]["group_key"] = f"group-{group_key.key_id.hex()}.key"
        FILES[CASES[name]["group_key"]] = group_key.to_cose_key()


def refused(code: str) -> Verdict:
    """The verdict on a picture that was refused with this code."""
    question = asking()._question("", LOSS, SEEN, None)  # noqa: SLF001  as a verifier puts it
    return engine.refuse(question, RejectedInputError(code, "", limit=7), TRUST)


def chosen(wanted: set[tuple[str, str]]) -> list[tuple[Vector, Verdict]]:
    """Vectors that together have these reasons, the richest first."""
    judged = [(vector, vector.verify()) for vector in VECTORS]
    left, found = set(wanted), []
    while left:
        have = [({(one.code, one.effect.value) for one in verdict.reasons} & left, verdict) for _, verdict in judged]
        best = max(range(len(judged)), key=lambda place: len(have[place][0]))
        if not have[best][0]:
            break
        left -= have[best][0]
        found.append(judged[best])
    return found


def vectors_root(trust: TrustList) -> tuple[str, bytes]:
    """The root of the vectors that signed a list, and the name it gets here."""
    for path in sorted((ROOT / "tests" / "vectors").glob("root*.pem")):
        data = path.read_bytes()
        try:
            TrustList.open(trust.to_bytes(), root=TrustRoot(keys=[PublicKey.from_pem(data)], environments=Environment))
        except CertcoreError:
            continue
        return f"vectors-{path.name}", data
    raise AssertionError


def changed_civil_time() -> Verdict:
    """What a replay comes to where somebody moved the clocks by eleven hours."""
    evidence = judged(as_of=date(2026, 8, 14)).evidence
    stated = evidence._statement  # noqa: SLF001  as somebody gets at it who changes it
    statement = attrs.evolve(stated, offsets=((0, -3 * 3600),), zone_edition="2020a")
    return Evidence(encode(statement), evidence.materials).replay(KEYS_ROOT)


def both() -> bytes:
    """A picture of two different certificates, side by side."""
    other = text_of(certificate(registration_number="闽C54321"))
    pictures = [Image.open(BytesIO(qr.to_png(text, scale=3))).convert("1") for text in (TEXT, other)]
    sheet = Image.new("1", (sum(one.width for one in pictures), max(one.height for one in pictures)), 1)
    sheet.paste(pictures[0], (0, 0))
    sheet.paste(pictures[1], (pictures[0].width, 0))
    found = BytesIO()
    sheet.save(found, "PNG")
    return found.getvalue()


# --- writing and checking ---------------------------------------------------------------------------------------------


def sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def make() -> None:
    for group in (statuses, moments, zones, vehicles, seals, roots, proofs, forms, refusals, kinds):
        group()
    files = {name: sha256(data) for name, data in sorted(FILES.items())}
    manifest = {"release": RELEASE, "cases": dict(sorted(CASES.items())), "files": files}
    FILES[MANIFEST] = (json.dumps(manifest, ensure_ascii=False, indent=1) + "\n").encode()


def add(folder: Path) -> None:
    """What is not there yet: new cases beside the old ones, whose files stay as they are."""
    held = json.loads((folder / MANIFEST).read_bytes())
    KEPT.update(held["cases"])
    for name in held["cases"]:
        kept = Evidence.from_bytes((folder / f"{name}.vice").read_bytes())
        COVERED.update((reason.code, reason.effect.value) for reason in kept.reasons)
    kinds()
    assert not CASES.keys() & held["cases"].keys()
    for name in FILES.keys() & held["files"].keys():
        assert sha256(FILES[name]) == held["files"][name], f"{name} would be changed"
    held["cases"] = dict(sorted((held["cases"] | CASES).items()))
    held["files"] = dict(sorted((held["files"] | {name: sha256(data) for name, data in FILES.items()}).items()))
    FILES[MANIFEST] = (json.dumps(held, ensure_ascii=False, indent=1) + "\n").encode()


def check() -> list[str]:
    """What is not as the manifests have it, of every release."""
    wrong = []
    for folder in sorted(path for path in GOLDEN.iterdir() if path.is_dir()):
        manifest = json.loads((folder / MANIFEST).read_bytes())
        there = {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()} - {MANIFEST}
        wrong += [f"{folder.name}/{name}: missing" for name in manifest["files"].keys() - there]
        wrong += [f"{folder.name}/{name}: not in the manifest" for name in there - manifest["files"].keys()]
        for name in there & manifest["files"].keys():
            if sha256((folder / name).read_bytes()) != manifest["files"][name]:
                wrong.append(f"{folder.name}/{name}: changed")
    return sorted(wrong)


def write(folder: Path) -> None:
    for name, data in FILES.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(data)


def main(arguments: list[str]) -> int:
    """Write the files of this release, or check those of all."""
    if arguments not in ([], ["--add"], ["--force"], ["--check"]):
        print("usage: tools/make_evidence.py [--add | --check | --force]", file=sys.stderr)
        return 2
    if arguments == ["--check"]:
        wrong = check()
        print("\n".join(wrong) or "every golden file is as its manifest has it")
        return 1 if wrong else 0
    folder = GOLDEN / RELEASE
    if folder.exists() and not arguments:
        print(f"{folder.relative_to(ROOT)} is there, and a release's files are frozen", file=sys.stderr)
        return 1
    if arguments == ["--add"]:
        add(folder)
        write(folder)
        print(f"{len(CASES)} cases added to {folder.relative_to(ROOT)}: {len(FILES) - 1} files")
        return 0
    make()
    total = sum(map(len, FILES.values()))
    if total > MAX_BYTES:
        print(f"{total} bytes are more than {MAX_BYTES}", file=sys.stderr)
        return 1
    shutil.rmtree(folder, ignore_errors=True)
    write(folder)
    print(f"{len(CASES)} cases in {folder.relative_to(ROOT)}: {len(FILES)} files, {total} bytes")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
