"""The model itself: on cases whose answer was worked out by hand, and that it is a reading of its own.

Times are days of June 2026 in UTC.
"""

from __future__ import annotations

import ast
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.model.case import Case, Event, List, Register
from tests.model.rules import judge

DAY = timedelta(days=1)


def on(day: float) -> datetime:
    """An instant of June: 10.5 is noon of the tenth."""
    return datetime(2026, 6, 1, tzinfo=UTC) + (day - 1) * DAY


def asked(as_of: float | date, evaluated_at: float, **changes: Any) -> Case:  # noqa: ANN401  any field of a case
    """A claims desk asks about a certificate of the last of May; entries may return, the past may change."""
    fields: dict[str, Any] = {
        "as_of": as_of if isinstance(as_of, date) else on(as_of),
        "evaluated_at": on(evaluated_at),
        "zone": "Europe/Berlin",
        "suspends": True,
        "retroactive": True,
        "required": True,
        "max_status_age": DAY,
        "clock_skew": timedelta(minutes=1),
        "issued_at": on(0),
        "first_day": None,
        "last_day": date(2026, 12, 31),
    }
    return Case(**(fields | changes))


def listed(state: str, iat: float, exp: float | None = None) -> List:
    """A list that speaks for 25 hours unless told otherwise."""
    return List(state=state, iat=on(iat), exp=on(iat + 25 / 24 if exp is None else exp))


def event(kind: str, effective: float | None, recorded: float) -> Event:
    """Something that happened."""
    return Event(kind=kind, effective=None if effective is None else on(effective), recorded=on(recorded))


def stated(*events: Event, iat: float, **changes: Any) -> Register:  # noqa: ANN401  any field of a register
    """A register's answer, with its whole history unless told otherwise."""
    fields: dict[str, Any] = {"history_from": on(-30), "iat": on(iat)}
    return Register(events=(event("issued", 0, 0), *events), **(fields | changes))


THE_TENTH = date(2026, 6, 10)
OFFERED = {"required": False, "max_status_age": None}
NEVER_BACK = {"suspends": False, "retroactive": False}
LIFTED = (event("suspended", 9.95, 9.95), event("resumed", 10.4, 10.4))

ROWS = {
    "a day with a suspension at noon": (
        {"invalid", "undetermined"},
        asked(THE_TENTH, 10.55, lists=(listed("valid", 9.9), listed("suspended", 10.5))),
    ),
    "a day that one list at noon speaks for": (
        {"undetermined"},
        asked(THE_TENTH, 10.5003, lists=(listed("valid", 10.5),)),
    ),
    "a revocation in a list that has expired": (
        {"invalid"},
        asked(
            3,
            3,
            lists=(listed("revoked", 1),),
            **OFFERED,
        ),
    ),
    "a suspension in a list that has expired": (
        {"undetermined"},
        asked(3, 3, lists=(listed("suspended", 1),), **OFFERED),
    ),
    "void from the start, in events that have expired": (
        {"invalid"},
        asked(3, 3, registers=(stated(event("revoked", None, 0.5), iat=1, exp=on(2)),), **OFFERED),
    ),
    "events without a list": (
        {"invalid"},
        asked(
            20,
            21,
            registers=(Register(events=(event("revoked", 1, 1),), iat=on(20.9), exp=on(30), history_from=on(0)),),
        ),
    ),
    "a suspension that may have been lifted since": (
        {"undetermined"},
        asked(10, 10, registers=(stated(event("suspended", -1, 1), iat=1),)),
    ),
    "events cover the moment, whatever a later list reads": (
        {"valid"},
        asked(
            10.5, 20.3, registers=(stated(*LIFTED, iat=20),), lists=(listed("superseded", 20.25),), retroactive=False
        ),
    ),
    "the present alone, asked with yesterday's knowledge": (
        {"undetermined"},
        asked(5, 20, known_at=on(5), registers=(stated(iat=20, history_from=None),)),
    ),
    "the present alone, asked about now": (
        {"valid"},
        asked(20, 20, registers=(stated(iat=20, history_from=None, reliable_until=on(20.1)),)),
    ),
    "tomorrow as a date, half a minute before midnight": (
        {"undetermined"},
        asked(date(2026, 6, 11), 10.916_5, registers=(stated(iat=10.916_5),), **OFFERED),
    ),
    "a list that came a minute after a moment of the past": (
        {"undetermined"},
        asked(5, 6, lists=(listed("valid", 5 + 60 / 86_400),), max_status_age=timedelta()),
    ),
    "a revocation behind a supersession that is known": (
        {"undetermined"},
        asked(3, 8.5, registers=(stated(event("superseded", 5, 5), iat=6),), lists=(listed("revoked", 8),)),
    ),
    "a stop and a return at one instant": (
        {"invalid"},
        asked(6, 8, registers=(stated(event("suspended", 5, 5), event("resumed", 5, 7), iat=8),)),
    ),
    "an answer of the future": ({"undetermined"}, asked(5, 5, registers=(stated(iat=6),), **OFFERED)),
    "two lists of one second, of which neither counts": (
        {"undetermined", "invalid"},
        asked(5, 5, lists=(listed("valid", 5), listed("revoked", 5))),
    ),
    "a list of later, where entries never return": ({"valid"}, asked(5, 8, lists=(listed("valid", 7),), **NEVER_BACK)),
    "an old list, where the past may change": (
        {"undetermined"},
        asked(5, 20, lists=(listed("valid", 7),), suspends=False),
    ),
    "the day before issue": ({"invalid"}, asked(-2, 8, registers=(stated(iat=8),))),
    "only a list that has expired, and the policy lets that pass": (
        {"valid", "undetermined"},
        asked(5, 5, lists=(listed("valid", 1),), **OFFERED),
    ),
}


@pytest.mark.parametrize("name", ROWS)
def test_a_case_by_hand(name: str) -> None:
    """The model says what the rules do."""
    outcomes, case = ROWS[name]

    assert outcomes == set(judge(case).outcomes)


@pytest.mark.parametrize("name", ["case.py", "rules.py"])
def test_a_reading_of_its_own(name: str) -> None:
    """The model has no code of certcore's."""
    tree = ast.parse((Path(__file__).parent / name).read_text("utf-8"))
    imported = {node.module for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
    imported |= {alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names}

    assert [] == [module for module in imported if str(module).startswith("certcore")]
