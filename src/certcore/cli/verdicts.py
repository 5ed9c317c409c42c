"""Verdicts in words, for every command that comes to one: the outcome, its reasons, and only then what is stated."""

from __future__ import annotations

from typing import Final

from certcore import reasons
from certcore.cli import fields, terminal
from certcore.verdict import Outcome, Reason, VehicleVerdict, Verdict

STYLES: Final = {Outcome.VALID: "bold green", Outcome.INVALID: "bold red", Outcome.UNDETERMINED: "bold yellow"}

_HEADLINES: Final = {
    "en": {Outcome.VALID: "VALID", Outcome.INVALID: "NOT VALID", Outcome.UNDETERMINED: "UNDETERMINED"},
    "zh": {Outcome.VALID: "有效", Outcome.INVALID: "无效", Outcome.UNDETERMINED: "无法判定"},
}

_DEGRADED: Final = {"en": "VALID, STATUS NOT KNOWN", "zh": "有效（状态未知）"}
"""A revoked certificate would read the same: this must not pass for a plain VALID."""


def show(name: str, verdict: Verdict, lang: str) -> None:
    """A verdict under the name of what it is about; a stranger may have chosen the name."""
    headline = _DEGRADED[lang] if verdict.degraded else _HEADLINES[lang][verdict.outcome]
    _head(headline, name, verdict)
    for reason in verdict.reasons:
        terminal.say(_reason(reason, lang))
    if verdict.certificate is not None:
        for label, value in fields.rows(verdict.certificate, lang=lang, only=fields.MOST_ASKED):
            terminal.say(f"    {label}: {value}")


def show_vehicle(name: str, verdict: VehicleVerdict, lang: str) -> None:
    """Likewise, about a vehicle for which nobody showed a certificate."""
    _head(_HEADLINES[lang][verdict.outcome], name, verdict)
    for reason in verdict.reasons:
        terminal.say(_reason(reason, lang))
    if verdict.vehicle is not None:
        flags = " ".join(sorted(flag.code for flag in verdict.vehicle.flags)) or "-"
        until = verdict.vehicle.valid_until
        terminal.say(f"    {_STATES[lang]}: {terminal.escaped(flags)}")
        terminal.say(f"    {_VALID_UNTIL[lang]}: {'-' if until is None else until.isoformat()}")


_STATES: Final = {"en": "vehicle states", "zh": "机动车状态"}
_VALID_UNTIL: Final = {"en": "inspection valid until", "zh": "检验有效期止"}


def _head(headline: str, name: str, verdict: Verdict | VehicleVerdict) -> None:
    moment = verdict.as_of.isoformat()
    terminal.say(f"{headline}  {terminal.escaped(name)}  ({moment})", style=STYLES[verdict.outcome])


def _reason(reason: Reason, lang: str) -> str:
    words = reasons.explain(reason.code, lang=lang)
    detail = "".join(f", {name} {value}" for name, value in reason.detail)
    gap = "" if lang == "zh" else " "
    return f"  - {words.line}{gap}{words.next_step} [{reason.code}{terminal.escaped(detail)}]"
