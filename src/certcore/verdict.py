"""The answer: `Verdict`, its reasons, and what they come to.

A verdict states facts about one certificate at one moment, never whether a claim is covered. Any reason that FAILS
makes it INVALID, else any that BLOCKS makes it UNDETERMINED, else it is VALID; `bool` is true for VALID alone.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from enum import Enum
from typing import Any, Final
from zoneinfo import ZoneInfo

import attrs

from certcore import _cbor, reasons
from certcore._period import span
from certcore.errors import NotValidError
from certcore.payload import Deficiency, DeficiencyCounts, InspectionCertificate, StatusListEntry, StatusRef
from certcore.policy import Expected, Policy
from certcore.reasons import Axis, Effect, Reason
from certcore.status.protocol import StatusRecord
from certcore.status.timeline import Interval, Rules, in_force
from certcore.vocabulary import registration_number_groups

__all__ = ["Axis", "AxisState", "Effect", "Interval", "Outcome", "Question", "Reason", "Verdict"]

_ABOUT_VEHICLE: Final = {"en": "About the vehicle itself: ", "zh": "关于车辆本身："}
_MISSING: Final = frozenset({"status-unavailable", "status-not-checked"})
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


class Outcome(Enum):
    """What the reasons come to."""

    VALID = "valid"
    INVALID = "invalid"
    UNDETERMINED = "undetermined"


class AxisState(Enum):
    """How one of the five questions was answered."""

    PASSED = "passed"
    FAILED = "failed"
    UNDETERMINED = "undetermined"
    NOT_CHECKED = "not-checked"


_HEADLINES: Final[Mapping[str, Mapping[Outcome, str]]] = {
    "en": {
        Outcome.VALID: "VALID: the certificate was in force.",
        Outcome.INVALID: "NOT VALID: do not rely on this certificate for that moment.",
        Outcome.UNDETERMINED: "UNDETERMINED: it cannot be said either way.",
    },
    "zh": {
        Outcome.VALID: "有效：所询时刻凭证有效。",
        Outcome.INVALID: "无效：所询时刻不得采信该凭证。",
        Outcome.UNDETERMINED: "无法判定：现有信息不足以得出结论。",
    },
}


@attrs.define(kw_only=True, repr=False)  # not frozen: private to the verdict that holds it, and made for every one
class Question:
    """What was asked, of whom, when.

    Attributes:
        text: the certificate's text, as scanned.
        as_of: the moment, or the civil day in the issuer's zone, it is about.
        expect: the vehicle that was seen.
        known_at: what was knowable when, if the caller said.
        evaluated_at: when it was asked.
        policy: what is required.
    """

    text: str
    as_of: datetime | date
    expect: Expected
    known_at: datetime | None
    evaluated_at: datetime
    policy: Policy

    @property
    def id(self) -> str:
        """SHA-256 over text, as_of, known_at, expected and policy id, in hexadecimal; not over when it was asked."""
        plate = self.expect.registration_number
        expected = [
            None if plate is None else list(registration_number_groups(plate)),
            self.expect.country,
            self.expect.plate_type,
            self.expect.vin,
        ]
        text = self.text.encode("utf-8", "surrogatepass")
        form = [text, _moment(self.as_of), _moment(self.known_at), expected, self.policy.id]
        return hashlib.sha256(_cbor.encode(form)).hexdigest()


@attrs.define(kw_only=True)  # as above
class Grounds:
    """What the stretches of validity are worked out from, when somebody asks for them."""

    record: StatusRecord
    rules: Rules
    zone: ZoneInfo


@attrs.frozen(kw_only=True, repr=False)
class Verdict:
    """What is known of one certificate at one moment, under one policy.

    Attributes:
        outcome: VALID, INVALID or UNDETERMINED.
        reasons: everything that bears on it, the weightiest first.
        certificate: what the issuer states; None unless the certificate is authentic.
        issuer: the issuer's id in the trust list; None likewise.
        status_observed_at: as of when the register spoke; None when it did not.
    """

    outcome: Outcome
    reasons: tuple[Reason, ...]
    certificate: InspectionCertificate | None
    issuer: str | None
    status_observed_at: datetime | None
    _question: Question
    _checked: frozenset[Axis]
    _grounds: Grounds | None

    @property
    def as_of(self) -> datetime | date:
        """The moment, or the civil day in the issuer's zone, the question was about."""
        return self._question.as_of

    @property
    def evaluated_at(self) -> datetime:
        """When it was asked."""
        return self._question.evaluated_at

    @property
    def known_at(self) -> datetime:
        """What was knowable when: when it was asked, unless the caller said otherwise."""
        return self._question.known_at or self._question.evaluated_at

    @property
    def policy_id(self) -> str:
        """Under which policy."""
        return self._question.policy.id

    @property
    def id(self) -> str:
        """SHA-256 over text, as_of, known_at, expected and policy id: the same question has the same id."""
        return self._question.id

    @property
    def axes(self) -> Mapping[Axis, AxisState]:
        """How each of the five questions was answered."""
        return {axis: self._axis(axis) for axis in Axis}

    @property
    def in_force(self) -> tuple[Interval, ...]:
        """When the certificate was valid, as far as the register's history tells; empty when it tells nothing."""
        if self._grounds is None or self.certificate is None or "result-not-pass" in self:
            return ()
        return in_force(self._grounds.record, span(self.certificate, self._grounds.zone), self._grounds.rules)

    @property
    def degraded(self) -> bool:
        """Whether VALID rests on something that was not available, which the policy let pass."""
        return self.outcome is Outcome.VALID and any(reason.code in _MISSING for reason in self.reasons)

    def _axis(self, axis: Axis) -> AxisState:
        effects = [reason.effect for reason in self.reasons if reason.axis is axis]
        if Effect.FAILS in effects:
            return AxisState.FAILED
        if Effect.BLOCKS in effects:
            return AxisState.UNDETERMINED
        return AxisState.PASSED if axis in self._checked else AxisState.NOT_CHECKED

    def __bool__(self) -> bool:
        return self.outcome is Outcome.VALID

    def __contains__(self, code: object) -> bool:
        return any(reason.code == code for reason in self.reasons)

    def require_valid(self) -> InspectionCertificate:
        """The certificate, if the outcome is VALID.

        Raises:
            NotValidError: for any other outcome; it holds this verdict.
        """
        if self.outcome is not Outcome.VALID or self.certificate is None:
            raise NotValidError(self)
        return self.certificate

    def explain(self, *, lang: str = "en") -> str:
        """The outcome and every reason, with what to do next, in ``en`` or ``zh``; a line each, none twice.

        Raises:
            ValueError: for any other language.
        """
        if lang not in _HEADLINES:
            msg = f"the languages are {' and '.join(_HEADLINES)}"
            raise ValueError(msg)
        gap = "" if lang == "zh" else " "
        lines = []
        for reason in self.reasons:
            words = reasons.explain(reason.code, lang=lang)
            about = _ABOUT_VEHICLE[lang] if ("subject", "vehicle") in reason.detail else ""
            lines.append(f"- {about}{words.line}{gap}{words.next_step}")
        return "\n".join([_HEADLINES[lang][self.outcome], *dict.fromkeys(lines)])

    def to_dict(self) -> dict[str, Any]:
        """The verdict as JSON types. It names the vehicle, as the certificate does: keep it where the claim is kept."""
        return {
            "id": self.id,
            "outcome": self.outcome.value,
            "degraded": self.degraded,
            "axes": {axis.value: state.value for axis, state in self.axes.items()},
            "reasons": [
                {
                    "code": reason.code,
                    "axis": reason.axis.value,
                    "effect": reason.effect.value,
                    "detail": dict(reason.detail),
                }
                for reason in self.reasons
            ],
            "issuer": self.issuer,
            "as_of": self.as_of.isoformat(),
            "known_at": self.known_at.isoformat(),
            "evaluated_at": self.evaluated_at.isoformat(),
            "status_observed_at": _iso(self.status_observed_at),
            "policy_id": self.policy_id,
            "in_force": [
                {"start_at": _iso(interval.start_at), "end_at": _iso(interval.end_at)} for interval in self.in_force
            ],
            "certificate": None if self.certificate is None else _certificate_dict(self.certificate),
        }

    def to_json(self) -> str:
        """`to_dict` as JSON, in the characters it has."""
        return json.dumps(self.to_dict(), ensure_ascii=False, separators=(",", ":"))

    def __repr__(self) -> str:
        codes = ", ".join(reason.code for reason in self.reasons)
        return f"Verdict({self.outcome.value}, as_of={self.as_of.isoformat()}, reasons=[{codes}])"


def _certificate_dict(certificate: InspectionCertificate) -> dict[str, Any]:
    """The fields that are there, as JSON types; bytes in hexadecimal, unknown claims left out."""
    hidden = {"unknown_claims", "unknown_fields"}
    fields = (field.name for field in attrs.fields(InspectionCertificate) if field.name not in hidden)
    return {name: _json(value) for name in fields if (value := getattr(certificate, name)) is not None}


def _json(value: object) -> Any:  # noqa: ANN401  any JSON type
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, (date, datetime)):
        return value.isoformat()
    if isinstance(value, bytes):
        return value.hex()
    if isinstance(value, tuple):
        return [_json(item) for item in value]
    if isinstance(value, (StatusRef, StatusListEntry, Deficiency, DeficiencyCounts)):
        return {field.name: _json(getattr(value, field.name)) for field in attrs.fields(type(value))}
    return value


def _iso(value: datetime | None) -> str | None:
    return None if value is None else value.isoformat()


def _moment(value: datetime | date | None) -> list[object] | None:
    """A moment in canonical form: a civil day and an instant are different questions."""
    if value is None:
        return None
    if isinstance(value, datetime):
        return ["instant", (value - _EPOCH) // timedelta(microseconds=1)]
    return ["day", value.toordinal()]
