"""Reads the truth table: questions with their answers, written by hand from the rules of a verdict, never from a run.

Each ``*.toml`` file here is a chapter: its ``rules``, and ``rows``, each a question about the usual certificate with
what is unusual about it, and what it must come to. What a row does not mention is as `tests.verify_cases` has it: asked
by a claims desk on 2026-10-01 at noon in Shanghai about 2026-09-01 10:30 there, of a register with its whole history.

A row that `asks` about a vehicle is one for which nobody showed a certificate.
"""

from __future__ import annotations

import hashlib
import tomllib
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any, Final, cast

import attrs

from certcore import (
    AsyncVerifier,
    Basis,
    Expected,
    LocalSigner,
    Need,
    Policy,
    Result,
    StatusListEntry,
    StatusRef,
    VehicleVerdict,
    Verdict,
    Verifier,
    _cbor,
    armor,
    cose,
    payload,
)
from certcore.certificate._claims import INSPECTION
from certcore.errors import StatusError
from certcore.policy import PRESETS
from certcore.proofs import timestamps
from certcore.proofs.existence import EVALUATED_AT, EVIDENCE_FORMAT, EVIDENCE_TYPE, FORMAT, TEXT
from certcore.proofs.receipts import RECEIPT_TYPE
from certcore.status import (
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
    vehicledoc,
)
from certcore.testing import FixedClock
from certcore.trust import Environment, KeyUsage, TrustedIssuer, TrustedKey, TrustList
from tests import tsa
from tests.verify_cases import (
    ISSUED,
    LIVE_SIGNER,
    LONG_AGO,
    NOW,
    SEEN,
    SIGNER,
    TRUST_ROOT,
    Answers,
    certificate,
    trust_list,
    trusted_key,
)

FOLDER: Final = Path(__file__).parent
ROOT: Final = TRUST_ROOT
LOSS: Final = datetime(2026, 9, 1, 2, 30, tzinfo=UTC)

STATUS_SIGNER: Final = LocalSigner.generate()
REGISTER_SIGNER: Final = LocalSigner.generate()
NEIGHBOUR_SIGNER: Final = LocalSigner.generate()
STRANGER: Final = LocalSigner.generate()
SEAL_SIGNER: Final = LocalSigner.generate()

_SIGNERS: Final = {
    "certificate": SIGNER,
    "live": LIVE_SIGNER,
    "status": STATUS_SIGNER,
    "register": REGISTER_SIGNER,
    "neighbour": NEIGHBOUR_SIGNER,
    "stranger": STRANGER,
}
_UNITS: Final = {"d": timedelta(days=1), "h": timedelta(hours=1), "m": timedelta(minutes=1), "s": timedelta(seconds=1)}
_ASKED: Final = frozenset(
    {
        *("certificate", "signer", "live", "text", "damage", "critical"),  # the text
        *("trust", "issuer", "key", "live_key", "status_key", "register_key", "neighbour", "register_keys"),  # the list
        *("at", "as_of", "known_at", "policy", "expect", "proofs", "asks"),  # the question
        *("status", "vehicle"),  # the registers
    }
)
_ROW: Final = frozenset({"name", "rules", *_ASKED, "outcome", "reasons", "degraded", "in_force", "observed"})
"""What a row may say: the question, and behind it the answer."""


@attrs.frozen(kw_only=True)
class Rule:
    """One rule of a verdict.

    Attributes:
        id: its section, and its place there.
        says: the rule.
        one_sided: why it cannot be held in both directions, if so.
        elsewhere: which test holds it, where no row can.
    """

    id: str
    says: str
    one_sided: str | None = None
    elsewhere: str | None = None


@attrs.frozen(kw_only=True)
class Chapter:
    """One section of the rules.

    Attributes:
        title: what it is about.
        rules: its rules.
        rows: its rows, as they are written.
    """

    title: str
    rules: tuple[Rule, ...]
    rows: tuple[Mapping[str, Any], ...]


@attrs.frozen(kw_only=True)
class Case:
    """One row, ready to be asked.

    Attributes:
        name: what it shows.
        rules: the rules it holds, each with ``+`` where the rule decides and ``-`` where it just does not.
        verifier: trust list, registers, policy and clock.
        text: the certificate; None where a vehicle is asked about.
        question: the named arguments of the question.
        outcome: what it must come to.
        reasons: every reason as its effect, its code and, where the row says so, its detail.
        degraded: whether that rests on something missing.
        in_force: the stretches in which it was in force; None where the row does not say.
        observed: as of when the register spoke; None where the row does not say, "nobody" where none did.
    """

    name: str
    rules: tuple[str, ...]
    verifier: Verifier
    text: str | None
    question: Mapping[str, Any]
    outcome: str
    reasons: tuple[str, ...]
    degraded: bool
    in_force: tuple[tuple[datetime, datetime | None], ...] | None
    observed: datetime | str | None

    def ask(self) -> Verdict | VehicleVerdict:
        """The answer to it."""
        if self.text is None:
            return self.verifier.check_vehicle(**self.question)
        return self.verifier.verify(self.text, **self.question)

    async def ask_later(self) -> Verdict | VehicleVerdict:
        """The answer to it in an event loop."""
        asking = self.verifier
        status, vehicles = cast("Answers | None", asking.status), cast("Answers | None", asking.vehicles)
        verifier = AsyncVerifier(
            trust=asking.trust,
            status=None if status is None else AnswersLater(status),
            policy=asking.policy,
            vehicles=None if vehicles is None else AnswersLater(vehicles),
            clock=asking.clock,
        )
        if self.text is None:
            return await verifier.check_vehicle(**self.question)
        return await verifier.verify(self.text, **self.question)

    def found(self, verdict: Verdict | VehicleVerdict) -> list[str]:
        """The reasons of an answer as this row writes them: a detail is shown where the row has one of that code."""
        detailed = {words.split()[1] for words in self.reasons if len(words.split()) > 2}
        return sorted(
            " ".join(
                [
                    reason.effect.value,
                    reason.code,
                    *(f"{name}={value}" for name, value in reason.detail if reason.code in detailed),
                ]
            )
            for reason in verdict.reasons
        )


@attrs.define
class SignedAnswers(Answers):
    """A vehicle register that signs what it is told to answer, to exactly the question it is asked."""

    signer: LocalSigner = attrs.field(kw_only=True)

    def lookup_vehicle(self, query: VehicleQuery, /) -> VehicleRecord:
        """The answer it was given, with its proof; to the same question it is the same document."""
        return _signed_answer(super().lookup_vehicle(query), query, self.signer)


@cache
def _signed_answer(record: VehicleRecord, query: VehicleQuery, signer: LocalSigner) -> VehicleRecord:
    request = vehicledoc.encode_request(query, nonce=bytes(16))
    lifetime = {"issued_at": query.asked_at, "expires_at": query.asked_at + timedelta(hours=1)}
    answer = vehicledoc.issue_answer(record, request=request, signer=signer, **lifetime)
    return vehicledoc.open_answer(answer, request=request, keys=[signer.public_key], now=query.asked_at)


@attrs.frozen
class AnswersLater:
    """The answers of a backend, for an event loop."""

    answers: Answers

    async def lookup(self, query: StatusQuery, /) -> StatusRecord:
        """The answer it was given."""
        return self.answers.lookup(query)

    async def lookup_vehicle(self, query: VehicleQuery, /) -> VehicleRecord:
        """The answer it was given."""
        return self.answers.lookup_vehicle(query)


def chapters() -> tuple[Chapter, ...]:
    """Every chapter in its order."""
    return tuple(map(_chapter, sorted(FOLDER.glob("*.toml"))))


def cases() -> tuple[Case, ...]:
    """Every row."""
    return tuple(_case(row) for chapter in chapters() for row in chapter.rows)


def rules() -> tuple[Rule, ...]:
    """Every rule."""
    return tuple(rule for chapter in chapters() for rule in chapter.rules)


def _chapter(path: Path) -> Chapter:
    found = tomllib.loads(path.read_text("utf-8"))
    for row in found["rows"]:
        assert row.keys() <= _ROW, (path.name, row["name"], row.keys() - _ROW)
    return Chapter(
        title=found["title"], rules=tuple(Rule(**rule) for rule in found["rules"]), rows=tuple(found["rows"])
    )


def _case(row: Mapping[str, Any]) -> Case:
    at = row.get("at", NOW)
    text = None if "asks" in row else _text(row)
    question: dict[str, Any] = {"as_of": row.get("as_of", LOSS)}
    if text is None:
        question |= row["asks"]
    else:
        question |= {"expect": _expected(row), "known_at": row.get("known_at")}
        if "proofs" in row:
            question["existed_by"] = [_proof(text, *one) for one in row["proofs"]]
    verifier = Verifier(
        trust=_trust(row, at),
        status=None if row.get("status") == "nobody" else Answers(status=_status(row.get("status", {}), at)),
        policy=_policy(row.get("policy", "claims")),
        vehicles=_vehicles(row["vehicle"], at) if "vehicle" in row else None,
        clock=FixedClock(at),
    )
    return Case(
        name=row["name"],
        rules=tuple(row["rules"]),
        verifier=verifier,
        text=text,
        question=question,
        outcome=row["outcome"],
        reasons=tuple(row["reasons"]),
        degraded=row.get("degraded", False),
        in_force=_stretches(row["in_force"]) if "in_force" in row else None,
        observed=row.get("observed"),
    )


def _text(row: Mapping[str, Any]) -> str:
    """The text of the row's certificate."""
    if "text" in row:
        return str(row["text"])
    stated = {name: _field(name, value) for name, value in row.get("certificate", {}).items()}
    signer = _SIGNERS[row.get("signer", "live" if "live" in row else "certificate")]
    if "live" in row:
        shown_at = row["live"]["at"]
        stated |= {"presented_at": shown_at, "expires_at": shown_at + span(row["live"]["for"])}
    claims = payload.encode(certificate(**stated))
    if "critical" in row:
        members: Any = _cbor.decode(claims, max_bytes=1 << 12)
        inspection = members[INSPECTION] | {row["critical"]: 0}
        claims = _cbor.encode({**members, INSPECTION: inspection})
    data = cose.sign1(claims, signer=signer)
    if "damage" in row:
        place = {"signature": len(data) - 1, "content": len(data) // 2}[row["damage"]]
        data = data[:place] + bytes([data[place] ^ 1]) + data[place + 1 :]
    return armor.encode(data)


def _field(name: str, value: Any) -> Any:  # noqa: ANN401  any field of a certificate
    """A field as the certificate has it; nothing is written as an empty text."""
    if value == "":
        return None
    if name == "basis" and isinstance(value, str):
        return Basis(value)
    if name == "result" and isinstance(value, str):
        return Result(value)
    if name == "status":
        place, index = value
        return StatusListEntry(uri=place, index=index) if isinstance(place, str) else StatusRef(list=place, index=index)
    if name in {"certificate_id", "confidential"}:
        return bytes.fromhex(value)
    return value


def _expected(row: Mapping[str, Any]) -> Expected | None:
    if "expect" not in row:
        return SEEN
    return Expected(**row["expect"]) if row["expect"] else None


def _trust(row: Mapping[str, Any], at: datetime) -> TrustList:
    said = row.get("trust", {})
    return _signed_list(
        _frozen(row.get("issuer", {})),
        _frozen(row.get("key", {})),
        _frozen(row.get("live_key", {})),
        _frozen(row.get("status_key", {})),
        _frozen(row.get("register_key", {})),
        _frozen(row.get("neighbour", {})),
        issued_at=at - span(said.get("age", "4h")),
        next_update_at=said.get("next_update", at + timedelta(days=7)),
        environment=Environment(said.get("environment", "production")),
        live_maximum=span(said.get("live_maximum", "15m")),
        has_register_keys=row.get("register_keys", True),
    )


@cache
def _signed_list(
    issuer: tuple[tuple[str, Any], ...],
    key: tuple[tuple[str, Any], ...],
    live_key: tuple[tuple[str, Any], ...],
    status_key: tuple[tuple[str, Any], ...],
    register_key: tuple[tuple[str, Any], ...],
    neighbour: tuple[tuple[str, Any], ...],
    *,
    has_register_keys: bool,
    **contents: Any,  # noqa: ANN401  any member of a list
) -> TrustList:
    """The trust list, signed and opened; the same one is made once."""
    keys: list[TrustedKey] = [
        trusted_key(SIGNER, **dict(key)),
        trusted_key(LIVE_SIGNER, **({"usage": KeyUsage.LIVE} | dict(live_key))),
        trusted_key(STATUS_SIGNER, usage=KeyUsage.STATUS, **dict(status_key)),
    ]
    if has_register_keys:
        keys.append(trusted_key(REGISTER_SIGNER, usage=KeyUsage.REGISTER, **dict(register_key)))
    fields: dict[str, Any] = {"id": "CN", "name": "Issuer", "country": "CN", "time_zone": "Asia/Shanghai"}
    issuers = [TrustedIssuer(keys=keys, **(fields | dict(issuer)))]
    if neighbour:
        issuers.append(
            TrustedIssuer(
                keys=[trusted_key(NEIGHBOUR_SIGNER, usage=KeyUsage.REGISTER)],
                **(fields | {"id": "neighbour", "name": "Neighbour"} | dict(neighbour)),
            )
        )
    return trust_list(*issuers, **contents)


def _frozen(said: Mapping[str, Any]) -> tuple[tuple[str, Any], ...]:
    return tuple((name, tuple(value) if isinstance(value, list) else value) for name, value in said.items())


def _policy(said: str | Mapping[str, Any]) -> Policy:
    if isinstance(said, str):
        return PRESETS[said]()
    changes: dict[str, Any] = {"name": "of the row"}
    for name, value in said.items():
        if name in {"status", "vehicle"}:
            changes[name] = Need(value)
        elif name.endswith(("_age", "_skew")):
            changes[name] = None if value == "any" else span(value)
        elif name == "pins":
            changes |= _pins(value)
        elif name != "preset":
            changes[name] = value
    return attrs.evolve(PRESETS[said.get("preset", "claims")](), **changes)


def _pins(said: Sequence[str]) -> dict[str, Any]:
    """Whose time-stamps and seals the policy believes."""
    return {
        "time_stamp_authorities": [tsa.authority().root] if "authority" in said else (),
        "seal_keys": [SEAL_SIGNER.public_key] if "seal" in said else (),
    }


def _status(said: Any, at: datetime) -> object:  # noqa: ANN401  whatever the row lets the backend do
    """What the status register answers, or raises."""
    if (strange := _strange(said)) is not None:
        return strange
    has_lists = "lists" in said
    events = [_event(*event) for event in said.get("events", [])]
    if said.get("issued", not has_lists):
        issued = said["issued"] if isinstance(said.get("issued"), datetime) else ISSUED
        events.append(StatusEvent(kind=StatusEventKind.ISSUED, effective_at=issued, recorded_at=issued))
    return StatusRecord(
        events=events,
        observations=[
            StatusObservation(state=StatusState(state), at=seen_at, expires_at=end[0] if end else None)
            for state, seen_at, *end in said.get("lists", [])
        ],
        observed_at=said.get("observed", at),
        history_from=_or_none(said.get("history_from", "none" if has_lists else LONG_AGO)),
        reliable_until=said.get("reliable_until"),
        expires_at=said.get("expires"),
        proofs=_signed_by(said, "application/vnd.certcore.status-events+cwt"),
    )


def _event(kind: str, effective: datetime | str, recorded: datetime | None = None) -> StatusEvent:
    effective_at = None if isinstance(effective, str) else effective
    recorded_at = recorded or effective_at
    assert recorded_at is not None
    return StatusEvent(kind=StatusEventKind(kind), effective_at=effective_at, recorded_at=recorded_at, reason="test")


def _vehicles(said: Mapping[str, Any], at: datetime) -> Answers:
    """The vehicle register; one whose answers are signed by a register's key gives them with a true proof."""
    if said.get("proof") in {"register", "neighbour"}:
        unsigned = {name: value for name, value in said.items() if name != "proof"}
        return SignedAnswers(vehicle=_vehicle(unsigned, at), signer=_SIGNERS[said["proof"]])
    return Answers(vehicle=_vehicle(said, at))


def _vehicle(said: Any, at: datetime) -> object:  # noqa: ANN401  as above
    """What the vehicle register answers, or raises."""
    if (strange := _strange(said)) is not None:
        return strange
    flags = [[flag] if isinstance(flag, str) else flag for flag in said.get("flags", [])]
    return VehicleRecord(
        known=said.get("known", True),
        flags=[
            VehicleFlag(code=code, **dict(zip(("since", "until"), map(_or_none, days), strict=False)))
            for code, *days in flags
        ],
        valid_until=said.get("valid_until"),
        observed_at=said.get("observed", at),
        history_from=_or_none(said.get("history_from", LONG_AGO)),
        reliable_until=said.get("reliable_until"),
        proofs=_signed_by(said, "application/vnd.certcore.vehicle+cwt"),
    )


def _strange(said: Any) -> object:  # noqa: ANN401  as above
    """What is no record at all."""
    if "error" in said:
        return StatusError(said["error"], **({"cause": said["cause"]} if "cause" in said else {}))
    if "raises" in said:
        return {"ValueError": ValueError, "TimeoutError": TimeoutError, "KeyError": KeyError}[said["raises"]]("no")
    return "rubbish" if "rubbish" in said else None


def _signed_by(said: Mapping[str, Any], media_type: str) -> list[StatusProof]:
    if "proof" not in said:
        return []
    return [StatusProof(data=_DOCUMENT, media_type=media_type, key_id=_SIGNERS[said["proof"]].public_key.key_id)]


_DOCUMENT: Final = b"\xd2"
"""A register's document in a form that is not known, so that the answer's own time counts as its time."""


def _proof(text: str, kind: str, at: datetime) -> bytes:
    """What may prove that the certificate, or the register's document, existed at an instant."""
    data = armor.decode(text)
    if kind == "time-stamp of the document":
        return tsa.authority().answer(timestamps.request(_DOCUMENT, nonce=False), at=at)
    if kind == "time-stamp":
        return tsa.authority().answer(timestamps.request(data, nonce=False), at=at)
    if kind == "seal":
        statement = {FORMAT: EVIDENCE_FORMAT, TEXT: text, EVALUATED_AT: int(at.timestamp()) * 1_000_000}
        return cose.sign1(_cbor.encode(statement), signer=SEAL_SIGNER, protected={cose.TYP: EVIDENCE_TYPE})
    if kind == "live presentation":
        shown = certificate(presented_at=at, expires_at=at + timedelta(minutes=5))
        return cose.sign1(payload.encode(shown), signer=LIVE_SIGNER)
    signer = SIGNER if kind == "receipt by its own key" else REGISTER_SIGNER
    about = data[:-1] if kind == "receipt of another" else data
    assert kind in {"receipt", "receipt by its own key", "receipt of another"}
    claims = {1: "CN", 2: hashlib.sha256(about).hexdigest(), 6: int(at.timestamp())}
    return cose.sign1(_cbor.encode(claims), signer=signer, protected={cose.TYP: RECEIPT_TYPE})


def _stretches(said: Sequence[Sequence[Any]]) -> tuple[tuple[datetime, datetime | None], ...]:
    return tuple((start, None if end == "open" else end) for start, end in said)


def _or_none(value: Any) -> Any:  # noqa: ANN401  an instant or a day
    return None if value == "none" else value


def span(text: str) -> timedelta:
    """A length of time: ``24h``, ``7d``, ``0``."""
    return timedelta() if text == "0" else int(text[:-1]) * _UNITS[text[-1]]
