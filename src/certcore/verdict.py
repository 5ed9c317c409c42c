"""The answers: `Verdict` and `VehicleVerdict`, with their reasons and their outcome.

A verdict states facts about one certificate, or one vehicle, at one moment, never whether a claim is covered. A reason
that FAILS makes it INVALID; else a reason that BLOCKS makes it UNDETERMINED; else it is VALID. `bool` is true only for
VALID. The JSON forms follow `docs/reference/verdict.schema.json`.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from datetime import date, datetime
from enum import Enum
from typing import TYPE_CHECKING, Any, Final

import attrs

from certcore.certificate._json import members
from certcore.engine import _period
from certcore.engine._question import Question, Sources, VehicleQuestion
from certcore.errors import NotValidError
from certcore.payload import InspectionCertificate
from certcore.reasons import Axis, Effect, Reason
from certcore.reasons._meaning import LANGUAGES, words_of
from certcore.status._facts import Rules
from certcore.status.protocol import StatusRecord, VehicleRecord
from certcore.status.timeline import Interval

if TYPE_CHECKING:
    from certcore.evidence import Evidence, ReplayReport

__all__ = ["Axis", "AxisState", "Effect", "Interval", "Outcome", "Reason", "VehicleVerdict", "Verdict"]

_MISSING: Final = frozenset({"status-unavailable", "status-not-checked"})
_EFFECTS: Final = (Effect.FAILS, Effect.BLOCKS, Effect.NOTES)
_AXES: Final = (Axis.AUTHENTICITY, Axis.PERIOD, Axis.STATUS, Axis.BINDING, Axis.FRESHNESS)
"""In which order reasons and axes stand, in evidence and JSON, too: it never follows how they are declared."""


class Outcome(Enum):
    """The result that follows from the reasons."""

    VALID = "valid"
    INVALID = "invalid"
    UNDETERMINED = "undetermined"


class AxisState(Enum):
    """How one of the five questions was answered."""

    PASSED = "passed"
    FAILED = "failed"
    UNDETERMINED = "undetermined"
    NOT_CHECKED = "not-checked"


_Headlines = Mapping[str, Mapping[Outcome, str]]

_HEADLINES: Final[_Headlines] = {
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


_DEGRADED: Final = {
    "en": "VALID, STATUS NOT KNOWN: nothing speaks against it, but what the register would have said is not known.",
    "zh": "有效（状态未知）：未发现不利情形，但登记情况未知。",
}
"""VALID although an answer is missing: a revoked certificate would look the same."""

_VEHICLE_HEADLINES: Final[_Headlines] = {
    "en": {
        Outcome.VALID: "VALID: by the register, the vehicle's inspection was in force.",
        Outcome.INVALID: "NOT VALID: by the register, the vehicle was not in order at that moment.",
        Outcome.UNDETERMINED: "UNDETERMINED: the register does not say; that no certificate was shown means nothing.",
    },
    "zh": {
        Outcome.VALID: "有效：据登记系统，所询时刻该车检验在有效期内。",
        Outcome.INVALID: "无效：据登记系统，所询时刻该车状态不合格。",
        Outcome.UNDETERMINED: "无法判定：登记系统未能说明；未出示凭证本身不说明任何问题。",
    },
}


@attrs.frozen(kw_only=True, repr=False, weakref_slot=False)  # of the slots that its maker knows
class Verdict:
    """What is known about one certificate at one moment, under one policy.

    Attributes:
        outcome: VALID, INVALID or UNDETERMINED.
        reasons: everything that bears on it, the weightiest first.
        certificate: what the issuer states; None unless the certificate is authentic.
        issuer: the issuer's id in the trust list; None unless the certificate is authentic.
        status_observed_at: the moment that the register's answer describes; None without an answer.
        replay_report: what the replay that gave this verdict proved; None for a verdict that was not replayed.
    """

    outcome: Outcome
    reasons: tuple[Reason, ...]
    certificate: InspectionCertificate | None
    issuer: str | None
    status_observed_at: datetime | None
    _question: Question
    _checked: frozenset[Axis]
    _rules: Rules | None = attrs.field(eq=False)
    _sources: Sources = attrs.field(eq=False)
    replay_report: ReplayReport | None = attrs.field(default=None, eq=False)

    @property
    def text(self) -> str:
        """The text of the code that was judged, as it was read; empty where a picture held none. Personal data."""
        return self._question.text

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
        """Later records are left out: the moment of asking, unless the caller gave another."""
        return self._question.known_at or self._question.evaluated_at

    @property
    def policy_id(self) -> str:
        """The id of the policy."""
        return self._question.policy.id

    @property
    def id(self) -> str:
        """SHA-256 over text, as_of, known_at, expected and policy id: the same question has the same id."""
        return self._question.id

    @property
    def evidence(self) -> Evidence:
        """Everything the verdict stands on, to be kept and replayed; written down only when asked for bytes."""
        from certcore.evidence import Evidence  # noqa: PLC0415  the one exception to the order of imports

        return Evidence.of(self)

    @property
    def axes(self) -> Mapping[Axis, AxisState]:
        """How each of the five questions was answered."""
        return _axes(self.reasons, self._checked)

    @property
    def in_force(self) -> tuple[Interval, ...]:
        """When the certificate was valid, as far as the register's history says; empty if it says nothing."""
        record, issuer, zone = self._sources.status, self._sources.issuer, self._question.zone
        if self._rules is None or self.certificate is None or not isinstance(record, StatusRecord) or issuer is None:
            return ()
        if "result-not-pass" in self:
            return ()
        return _period.intervals(self.certificate, record, self._rules, zone or issuer.zone)

    @property
    def degraded(self) -> bool:
        """Whether it is VALID although an answer was missing, which the policy accepted."""
        return self.outcome is Outcome.VALID and any(reason.code in _MISSING for reason in self.reasons)

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

    def explain(self, *, lang: str = "en", links: bool = False) -> str:
        """The outcome and every reason, with what to do next, in ``en`` or ``zh``; a line each, none twice.

        Args:
            lang: ``en`` or ``zh``.
            links: whether each reason ends with the address of its page in the documentation.

        Raises:
            ValueError: for any other language.
        """
        _check_language(lang)
        headline = _DEGRADED[lang] if self.degraded else _HEADLINES[lang][self.outcome]
        return _explain(headline, self.reasons, lang, links=links)

    def to_dict(self) -> dict[str, Any]:
        """The verdict as JSON types. It names the vehicle, as the certificate does: keep it where the claim is kept."""
        return {
            "id": self.id,
            "outcome": self.outcome.value,
            "degraded": self.degraded,
            "axes": {axis.value: state.value for axis, state in self.axes.items()},
            "reasons": _reasons_list(self.reasons),
            "issuer": self.issuer,
            "as_of": self.as_of.isoformat(),
            "known_at": self.known_at.isoformat(),
            "evaluated_at": self.evaluated_at.isoformat(),
            "status_observed_at": _iso(self.status_observed_at),
            "policy_id": self.policy_id,
            "in_force": [
                {"start_at": _iso(interval.start_at), "end_at": _iso(interval.end_at)} for interval in self.in_force
            ],
            "certificate": None if self.certificate is None else members(self.certificate),
        }

    def to_json(self) -> str:
        """`to_dict` as JSON, in the characters it has."""
        return _as_json(self.to_dict())

    def __repr__(self) -> str:
        codes = ", ".join(reason.code for reason in self.reasons)
        return f"Verdict({self.outcome.value}, as_of={self.as_of.isoformat()}, reasons=[{codes}])"


@attrs.frozen(kw_only=True, repr=False)
class VehicleVerdict:
    """What a register says about one vehicle without a certificate, at one moment, under one policy.

    VALID means that, by the register, the vehicle's inspection was in force and nothing took it off the road. A missing
    certificate is not evidence against the vehicle: if the register does not know, it is UNDETERMINED.

    Attributes:
        outcome: VALID, INVALID or UNDETERMINED.
        reasons: everything that bears on it, the weightiest first.
        vehicle: what the register said; None without a usable answer.
        issuer: the id of the issuer whose register it is; None where none is trusted.
        replay_report: as in `Verdict`.
    """

    outcome: Outcome
    reasons: tuple[Reason, ...]
    vehicle: VehicleRecord | None
    issuer: str | None
    _question: VehicleQuestion
    _sources: Sources = attrs.field(eq=False)
    replay_report: ReplayReport | None = attrs.field(default=None, eq=False)

    @property
    def as_of(self) -> datetime | date:
        """The moment, or the civil day in the register's zone, it is about."""
        return self._question.as_of

    @property
    def evaluated_at(self) -> datetime:
        """When it was asked."""
        return self._question.evaluated_at

    @property
    def policy_id(self) -> str:
        """The id of the policy."""
        return self._question.policy.id

    @property
    def id(self) -> str:
        """SHA-256 over the vehicle, as_of and policy id: the same question has the same id."""
        return self._question.id

    @property
    def evidence(self) -> Evidence:
        """Everything the verdict stands on, to be kept and replayed; written down only when asked for bytes."""
        from certcore.evidence import Evidence  # noqa: PLC0415  as in `Verdict`

        return Evidence.of(self)

    def __bool__(self) -> bool:
        return self.outcome is Outcome.VALID

    def __contains__(self, code: object) -> bool:
        return any(reason.code == code for reason in self.reasons)

    def explain(self, *, lang: str = "en", links: bool = False) -> str:
        """The outcome and every reason, with what to do next, in ``en`` or ``zh``; a line each, none twice.

        Args:
            lang: ``en`` or ``zh``.
            links: whether each reason ends with the address of its page in the documentation.

        Raises:
            ValueError: for any other language.
        """
        _check_language(lang)
        headline = _VEHICLE_HEADLINES[lang][self.outcome]
        return _explain(headline, self.reasons, lang, links=links, is_about_vehicle=True)

    def to_dict(self) -> dict[str, Any]:
        """The verdict as JSON types. It does not name the vehicle: the id stands for the question."""
        return {
            "id": self.id,
            "outcome": self.outcome.value,
            "reasons": _reasons_list(self.reasons),
            "issuer": self.issuer,
            "as_of": self.as_of.isoformat(),
            "evaluated_at": self.evaluated_at.isoformat(),
            "policy_id": self.policy_id,
            "vehicle": None if self.vehicle is None else _vehicle_dict(self.vehicle),
        }

    def to_json(self) -> str:
        """`to_dict` as JSON."""
        return _as_json(self.to_dict())

    def __repr__(self) -> str:
        codes = ", ".join(reason.code for reason in self.reasons)
        return f"VehicleVerdict({self.outcome.value}, as_of={self.as_of.isoformat()}, reasons=[{codes}])"


_VALID: Final = Outcome.VALID  # a look-up in an enumeration takes longer than the rest of what uses it


def outcome_of(found: list[Reason], /) -> tuple[Outcome, tuple[Reason, ...]]:
    """What reasons come to, and the reasons in order: any that fails, else any that blocks, else valid."""
    if not found:
        return _VALID, ()
    found.sort(key=_weight)
    return _OUTCOMES[_EFFECTS.index(found[0].effect)], tuple(found)


_OUTCOMES: Final = (Outcome.INVALID, Outcome.UNDETERMINED, Outcome.VALID)  # in the order of the effects


def _weight(reason: Reason) -> tuple[int, int]:
    return _EFFECTS.index(reason.effect), _AXES.index(reason.axis)


def _axes(found: Iterable[Reason], checked: frozenset[Axis]) -> Mapping[Axis, AxisState]:
    effects: dict[Axis, set[Effect]] = {axis: set() for axis in _AXES}
    for reason in found:
        effects[reason.axis].add(reason.effect)
    return {axis: _state(effects[axis], is_checked=axis in checked) for axis in _AXES}


def _state(effects: set[Effect], *, is_checked: bool) -> AxisState:
    if Effect.FAILS in effects:
        return AxisState.FAILED
    if Effect.BLOCKS in effects:
        return AxisState.UNDETERMINED
    return AxisState.PASSED if is_checked else AxisState.NOT_CHECKED


def _check_language(lang: str) -> None:
    if lang not in LANGUAGES:
        msg = f"the languages are {' and '.join(LANGUAGES)}"
        raise ValueError(msg)


def _explain(headline: str, found: Iterable[Reason], lang: str, *, links: bool, is_about_vehicle: bool = False) -> str:
    gap = "" if lang == "zh" else " "
    lines = []
    for reason in found:
        words = words_of(reason, lang=lang, is_about_vehicle=is_about_vehicle)
        lines.append(f"- {words.line}{gap}{words.next_step}" + (f" {words.url}" if links else ""))
    return "\n".join([headline, *dict.fromkeys(lines)])


def _reasons_list(found: Iterable[Reason]) -> list[dict[str, Any]]:
    return [
        {"code": reason.code, "axis": reason.axis.value, "effect": reason.effect.value, "detail": dict(reason.detail)}
        for reason in found
    ]


def _vehicle_dict(record: VehicleRecord) -> dict[str, Any]:
    return {
        "known": record.known,
        "flags": [
            {"code": flag.code, "since": _iso(flag.since), "until": _iso(flag.until)}
            for flag in sorted(record.flags, key=lambda flag: (flag.code, str(flag.since), str(flag.until)))
        ],
        "valid_until": _iso(record.valid_until),
        "observed_at": _iso(record.observed_at),
        "history_from": _iso(record.history_from),
    }


def _as_json(content: dict[str, Any]) -> str:
    """As JSON, in the characters it has: the same content is the same bytes."""
    return json.dumps(content, ensure_ascii=False, separators=(",", ":"))


def _iso(value: date | None) -> str | None:
    return None if value is None else value.isoformat()
