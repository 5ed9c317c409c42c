"""Verdicts in words, for every command: the outcome, its reasons, and only then the certificate.

`formats` has the formats. Untrusted text is escaped.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any, Final

import attrs

from certcore._cli.output import explain, fields, terminal
from certcore._cli.output.formats import Line
from certcore.reasons import Reason
from certcore.reasons._meaning import words_of
from certcore.status.protocol import VehicleFlag, VehicleRecord
from certcore.verdict import Outcome, VehicleVerdict, Verdict
from certcore.vocabulary import _codes

STYLES: Final = {Outcome.VALID: "bold green", Outcome.INVALID: "bold red", Outcome.UNDETERMINED: "bold yellow"}

_HEADLINES: Final = {
    "en": {Outcome.VALID: "VALID", Outcome.INVALID: "NOT VALID", Outcome.UNDETERMINED: "UNDETERMINED"},
    "zh": {Outcome.VALID: "有效", Outcome.INVALID: "无效", Outcome.UNDETERMINED: "无法判定"},
}

_DEGRADED: Final = {"en": "VALID, STATUS NOT KNOWN", "zh": "有效（状态未知）"}
"""A revoked certificate would read the same: this must not pass for a plain VALID."""

_KNOWN: Final = {"en": "known to the register", "zh": "登记系统有记录"}
_ANSWERS: Final = {"en": {True: "yes", False: "no"}, "zh": {True: "是", False: "否"}}
_STATES: Final = {"en": "vehicle states", "zh": "机动车状态"}
_VALID_UNTIL: Final = {"en": "inspection valid until", "zh": "检验有效期止"}
_LABELS: Final = {
    "evidence": {"en": "evidence", "zh": "证据文件"},
    "judged_at": {"en": "judged", "zh": "判定时间"},
    "question": {"en": "asked", "zh": "所询内容"},
    "sealed_by": {"en": "seal", "zh": "封签"},
    "replay": {"en": "not proved", "zh": "未获证明"},
    "stamped_at": {"en": "time-stamp", "zh": "时间戳"},
    "outcome_then": {"en": "by the file it was", "zh": "文件原载结论"},
}
_MORE: Final = {"en": "more", "zh": "详见"}
_FROM, _TO = {"en": "from", "zh": "自"}, {"en": "to", "zh": "至"}


@attrs.frozen
class Remark:
    """Something beside a verdict: a member of its JSON document, and a row of its words.

    Attributes:
        name: of the member; the label of the row follows from it.
        value: of the member, a JSON type.
        words: of the row; the value, unless given.
    """

    name: str
    value: Any
    words: str | None = None

    def row(self, lang: str) -> tuple[str, str]:
        """Label and value, safe to show."""
        words = self.words or self.value or "-"
        if self.name == "judged_at":
            words = terminal.moment(datetime.fromisoformat(words))
        return _LABELS[self.name][lang], terminal.escaped(words)


def outcome(found: Outcome, lang: str) -> str:
    """An outcome in words."""
    return _HEADLINES[lang][found]


@attrs.frozen
class VerdictAnswer:
    """A verdict, under the name of what it is about.

    Attributes:
        name: of what it is about.
        verdict: what is told.
        remarks: what stands beside it.
        is_named: whether a document states the name; one about a vehicle has the verdict's id instead.
    """

    name: str
    verdict: Verdict | VehicleVerdict
    remarks: Sequence[Remark] = ()
    is_named: bool = True

    def members(self) -> dict[str, Any]:
        """The verdict's own, the name, and the remarks."""
        about = {"input": self.name} if self.is_named else {}
        return {**about, **self.verdict.to_dict(), **{remark.name: remark.value for remark in self.remarks}}

    def lines(self, lang: str) -> Iterator[Line]:
        """The outcome, its reasons, and only then what is stated."""
        verdict = self.verdict
        is_degraded = isinstance(verdict, Verdict) and verdict.degraded
        headline = _DEGRADED[lang] if is_degraded else _HEADLINES[lang][verdict.outcome]
        name = terminal.escaped(self.name)
        yield Line(f"{headline}  {name}  ({verdict.as_of.isoformat()})", STYLES[verdict.outcome])
        for reason in verdict.reasons:
            yield Line(_reason(reason, lang, is_about_vehicle=isinstance(verdict, VehicleVerdict)))
        stated = of_vehicle(verdict, lang) if isinstance(verdict, VehicleVerdict) else _of_certificate(verdict, lang)
        for label, value in [*stated, *(remark.row(lang) for remark in self.remarks)]:
            yield Line(f"    {label}: {value}")
        if verdict.reasons:
            yield Line(f"    {_MORE[lang]}: {explain.command(*map(self._anchor, verdict.reasons))}")

    def _anchor(self, reason: Reason) -> str:
        return words_of(reason, is_about_vehicle=isinstance(self.verdict, VehicleVerdict)).anchor


def _of_certificate(verdict: Verdict, lang: str) -> list[tuple[str, str]]:
    if verdict.certificate is None:
        return []
    return list(fields.rows(verdict.certificate, lang=lang, only=fields.MOST_ASKED))


def of_vehicle(verdict: VehicleVerdict, lang: str) -> list[tuple[str, str]]:
    record: VehicleRecord | None = verdict.vehicle
    if record is None:
        return []
    flags = sorted(record.flags, key=lambda flag: (flag.code, str(flag.since), str(flag.until)))
    until = record.valid_until
    return [
        (_KNOWN[lang], _ANSWERS[lang][record.known]),
        (_STATES[lang], ("；" if lang == "zh" else "; ").join(_flag(flag, lang) for flag in flags) or "-"),
        (_VALID_UNTIL[lang], "-" if until is None else until.isoformat()),
    ]


def _flag(flag: VehicleFlag, lang: str) -> str:
    """A state's letter, what it is called, and its days."""
    state = _codes.vehicle_state(flag.code)
    called = [] if state is None else [state.zh if lang == "zh" else state.en]
    days = [
        f"{word[lang]} {day.isoformat()}" for word, day in ((_FROM, flag.since), (_TO, flag.until)) if day is not None
    ]
    return " ".join([terminal.escaped(flag.code), *called, *days])


def _reason(reason: Reason, lang: str, *, is_about_vehicle: bool) -> str:
    words = words_of(reason, lang=lang, is_about_vehicle=is_about_vehicle)
    detail = "".join(f", {name} {value}" for name, value in reason.detail)
    gap = "" if lang == "zh" else " "
    return f"  - {words.line}{gap}{words.next_step} [{reason.code}{terminal.escaped(detail)}]"
