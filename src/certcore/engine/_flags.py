"""What a register says about the vehicle itself, and what that means for a moment. Pure.

Flags are a set and hold for civil days. The policy says which of them take a vehicle off the road.
"""

from __future__ import annotations

from datetime import datetime, timedelta, tzinfo
from typing import Final

from certcore._instants import civil_day
from certcore.policy import Need, Policy
from certcore.reasons import Reason
from certcore.reasons._meaning import blocks, fails, notes
from certcore.status.protocol import VehicleFlag, VehicleRecord
from certcore.status.timeline import Window
from certcore.vocabulary import _codes
from certcore.vocabulary._codes import Severity

_NORMAL_FLAG: Final = "A"


def evaluate(
    record: VehicleRecord,
    window: Window,
    zone: tzinfo,
    policy: Policy,
    *,
    need: Need,
    is_in_period: bool,
    in_force_when_observed: bool,
) -> list[Reason]:
    """What the answer comes to.

    Args:
        record: what the register said.
        window: the instants asked about.
        zone: the register's.
        policy: which flags stop, and how old an answer may be.
        need: how much the answer is needed.
        is_in_period: whether the inspection is in force by its days, at the moment asked about.
        in_force_when_observed: whether it was when the register spoke: a state without a date is of that time.
    """
    if not record.known:
        if need is Need.REQUIRED:
            return [blocks("status-unknown-reference", subject="vehicle")]
        return [notes("vehicle-caution", vehicle="unknown")]
    found = _coverage(record, window, policy) if need is Need.REQUIRED else []
    speaks = _speaks_for(record, window, policy)
    for flag in sorted(_holding(record, window, zone), key=lambda flag: flag.code):
        is_dated = speaks or flag.since is not None
        contradicts = is_in_period and (is_dated or in_force_when_observed)
        reason = _flag_reason(flag, policy, is_dated=is_dated, contradicts=contradicts)
        if reason is not None:
            found.append(reason)
    return found


def says_overdue(record: VehicleRecord, window: Window, zone: tzinfo) -> bool:
    """Whether the register says that the vehicle's inspection was overdue on the days asked about."""
    return any(map(_is_contradiction, _holding(record, window, zone)))


def _coverage(record: VehicleRecord, window: Window, policy: Policy) -> list[Reason]:
    """Whether the answer reaches to the moment asked about."""
    reach = max(record.observed_at, record.reliable_until or record.observed_at)
    if not _is_near(window.last, reach, policy):
        return [blocks("status-stale", subject="vehicle")]
    if not _speaks_for(record, window, policy):
        code = "as-of-unsupported" if record.history_from is None else "status-not-covered"
        return [blocks(code, subject="vehicle")]
    return []


def _speaks_for(record: VehicleRecord, window: Window, policy: Policy) -> bool:
    """Whether flags without a date can be taken as true at the moment asked about."""
    if record.history_from is not None and record.history_from <= window.start:
        return True
    backwards = timedelta() if policy.max_status_age is None else policy.max_status_age  # any age is not any youth
    return record.observed_at - window.start <= max(backwards, policy.clock_skew)


def _is_near(later: datetime, earlier: datetime, policy: Policy) -> bool:
    """Whether one instant is after another by no more than the policy's age of an answer."""
    return policy.max_status_age is None or later - earlier <= max(policy.max_status_age, policy.clock_skew)


def _holding(record: VehicleRecord, window: Window, zone: tzinfo) -> list[VehicleFlag]:
    """The flags whose days touch the days asked about."""
    first, last = civil_day(window.start, zone), civil_day(window.last, zone)
    return [
        flag
        for flag in record.flags
        if flag.code != _NORMAL_FLAG
        and (flag.since is None or flag.since <= last)
        and (flag.until is None or flag.until >= first)
    ]


def _is_contradiction(flag: VehicleFlag) -> bool:
    """Whether the flag contradicts an inspection that is in force."""
    state = _codes.vehicle_state(flag.code)
    return state is not None and state.severity is Severity.CONTRADICTION


def _flag_reason(flag: VehicleFlag, policy: Policy, *, is_dated: bool, contradicts: bool) -> Reason | None:
    if flag.code in policy.stop_flags:
        if is_dated:
            return fails("vehicle-stopped", flag=flag.code)
        return blocks("as-of-unsupported", subject="vehicle", flag=flag.code)
    if not _is_contradiction(flag):
        return notes("vehicle-caution", flag=flag.code)
    return blocks("status-contradicts-certificate", flag=flag.code) if contradicts else None
