"""Reads certcore's own conformance vectors (tests/vectors): one question each, with what it must come to."""

from __future__ import annotations

import base64
import json
import tomllib
from datetime import date, datetime
from pathlib import Path
from typing import Any, Final

import attrs

from certcore import Expected, PublicKey, TrustList, TrustRoot, Verdict, Verifier
from certcore.errors import StatusError
from certcore.keys import GroupKey
from certcore.policy import PRESETS
from certcore.status import (
    StatusEvent,
    StatusEventKind,
    StatusObservation,
    StatusProof,
    StatusRecord,
    StatusState,
    VehicleFlag,
    VehicleRecord,
)
from certcore.testing import FixedClock
from certcore.trust import Environment
from tests.verify_cases import Answers

FOLDER: Final = Path(__file__).parent / "vectors"
ROOT: Final = TrustRoot(
    keys=[PublicKey.from_pem(path.read_bytes()) for path in sorted(FOLDER.glob("root*.pem"))],
    environments=Environment,
)
CHANGED: Final = tomllib.loads((FOLDER / "changed.toml").read_text("utf-8"))["changed"]
"""What later rules say of some files, which are never changed themselves."""

POLICIES: Final = {name: preset() for name, preset in PRESETS.items()}


@attrs.frozen(kw_only=True)
class Vector:
    """One vector, in certcore's own types.

    Attributes:
        name: the file's name without its ending.
        folder: the outcome that the file states.
        text: the text under test.
        verifier: trust list, registers, policy, group keys and clock.
        as_of: the moment or the civil day asked about.
        known_at: what was knowable when.
        expect: the vehicle that was seen.
        existed_by: what may prove that the certificate existed before its key was compromised.
        outcome: what it must come to.
        degraded: whether that rests on something missing.
        reasons: every code with its effect.
        in_force: when the certificate was in force; None where the vector does not say.
    """

    name: str
    folder: str
    text: str
    verifier: Verifier
    as_of: datetime | date
    known_at: datetime | None
    expect: Expected | None
    existed_by: tuple[bytes, ...]
    outcome: str
    degraded: bool
    reasons: frozenset[tuple[str, str]]
    in_force: tuple[tuple[datetime | None, datetime | None], ...] | None

    def verify(self, text: str | None = None) -> Verdict:
        """The verdict on the vector's text, or on another put in its place."""
        asked = self.text if text is None else text
        return self.verifier.verify(
            asked, as_of=self.as_of, expect=self.expect, known_at=self.known_at, existed_by=self.existed_by
        )


def _instant(text: str | None) -> datetime | None:
    return None if text is None else datetime.fromisoformat(text)


def _day(text: str | None) -> date | None:
    return None if text is None else date.fromisoformat(text)


def _moment(text: str) -> datetime | date:
    return datetime.fromisoformat(text) if "T" in text else date.fromisoformat(text)


def _error(said: dict[str, Any]) -> StatusError:
    return StatusError(said["error"], **({"cause": said["cause"]} if "cause" in said else {}))


def _status(said: dict[str, Any]) -> StatusRecord | StatusError:
    if "error" in said:
        return _error(said)
    return StatusRecord(
        events=[
            StatusEvent(
                kind=StatusEventKind(event["kind"]),
                effective_at=_instant(event["effective_at"]),
                recorded_at=datetime.fromisoformat(event["recorded_at"]),
                reason=event["reason"],
            )
            for event in said["events"]
        ],
        observations=[
            StatusObservation(
                state=StatusState(seen["state"]),
                at=datetime.fromisoformat(seen["at"]),
                expires_at=_instant(seen.get("expires_at")),
            )
            for seen in said["observations"]
        ],
        observed_at=datetime.fromisoformat(said["observed_at"]),
        history_from=_instant(said["history_from"]),
        reliable_until=_instant(said["reliable_until"]),
        expires_at=_instant(said.get("expires_at")),
        proofs=[
            StatusProof(
                data=bytes.fromhex(proof["data"]),
                media_type=proof["media_type"],
                key_id=bytes.fromhex(proof["key_id"]),
            )
            for proof in said["proofs"]
        ],
    )


def _vehicle(said: dict[str, Any]) -> VehicleRecord | StatusError:
    if "error" in said:
        return _error(said)
    return VehicleRecord(
        known=said["known"],
        flags=[
            VehicleFlag(code=flag["code"], since=_day(flag["since"]), until=_day(flag["until"]))
            for flag in said["flags"]
        ],
        observed_at=datetime.fromisoformat(said["observed_at"]),
        history_from=_instant(said["history_from"]),
        reliable_until=_instant(said["reliable_until"]),
    )


def _expected(name: str, stated: dict[str, Any]) -> dict[str, Any]:
    """What a file says that it must come to, by the rules of today."""
    reasons = {(reason["code"], reason["effect"]) for reason in stated["reasons"]}
    outcome = stated["outcome"]
    for change in CHANGED:
        if name in change["vectors"]:
            reasons -= {_pair(reason) for reason in change.get("drops", [])}
            reasons |= {_pair(reason) for reason in change["adds"]}
            outcome = change.get("outcome", outcome)
    return {**stated, "outcome": outcome, "reasons": [{"code": code, "effect": effect} for code, effect in reasons]}


def _pair(reason: str) -> tuple[str, str]:
    effect, code = reason.split()
    return code, effect


def _bytes(texts: list[str]) -> tuple[bytes, ...]:
    return tuple(map(bytes.fromhex, texts))


def _read(path: Path) -> Vector:
    found = json.loads(path.read_text(encoding="ascii"))
    status, vehicle, expected = found["status"], found["vehicle"], _expected(path.stem, found["expected"])
    verifier = Verifier(
        trust=TrustList.open(base64.b64decode(found["trust"], validate=True), root=ROOT),
        status=None if status is None else Answers(status=_status(status)),
        policy=attrs.evolve(
            POLICIES[found["policy"]],
            seal_keys=[PublicKey.from_cose_key(key) for key in _bytes(found.get("seal_keys", []))],
        ),
        vehicles=None if vehicle is None else Answers(vehicle=_vehicle(vehicle)),
        group_keys=[GroupKey.from_cose_key(key) for key in _bytes(found.get("group_keys", []))],
        clock=FixedClock(datetime.fromisoformat(found["evaluated_at"])),
    )
    return Vector(
        name=path.stem,
        folder=found["expected"]["outcome"],
        text=found["text"],
        verifier=verifier,
        as_of=_moment(found["as_of"]),
        known_at=_instant(found["known_at"]),
        expect=None if found["expect"] is None else Expected(**found["expect"]),
        existed_by=_bytes(found.get("existed_by", [])),
        outcome=expected["outcome"],
        degraded=expected["degraded"],
        reasons=frozenset((reason["code"], reason["effect"]) for reason in expected["reasons"]),
        in_force=tuple((_instant(start), _instant(end)) for start, end in expected["in_force"])
        if "in_force" in expected
        else None,
    )


VECTORS: Final = tuple(_read(path) for path in sorted(FOLDER.glob("*/*.json")))
VALID: Final = tuple(vector for vector in VECTORS if vector.outcome == "valid")
