"""Is it recent enough? Times in the future, a wrong clock, and an old trust list. Pure."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Final

from certcore.policy import Policy
from certcore.reasons import Reason
from certcore.reasons._meaning import blocks, notes
from certcore.status.protocol import VehicleRecord
from certcore.status.timeline import Window
from certcore.trust import Environment, TrustList

__all__ = ["has_not_come", "is_clock_behind", "is_from_future", "trust_reasons", "without_wrong_now"]

_PRODUCTION: Final = Environment.PRODUCTION

_NEAR_NOW: Final = timedelta(days=1)
"""How far before the clock's time a moment still is what that clock takes for now, or for today."""

_MAY_END: Final = frozenset({"not-yet-valid-on-date", "suspended-then"})
"""What fails at one moment and may hold no longer at a later one."""


def has_not_come(as_of: datetime | date, start: datetime, evaluated_at: datetime, policy: Policy) -> bool:
    """Whether a moment that starts then lies in the future.

    Clocks may differ about an instant, and not about which day is tomorrow.
    """
    tolerance = policy.clock_skew if isinstance(as_of, datetime) else timedelta()
    return start - evaluated_at > tolerance


def is_from_future(record: VehicleRecord, policy: Policy, evaluated_at: datetime) -> bool:
    """Whether a register speaks as of a time that has not come: then it has observed nothing."""
    return record.observed_at - evaluated_at > policy.clock_skew


def trust_reasons(policy: Policy, evaluated_at: datetime, trust: TrustList) -> list[Reason]:
    """Step 13: whether the trust list is too old, or old enough to say so, or younger than the clock can be right."""
    contents = trust.contents
    if contents.issued_at > evaluated_at and is_clock_behind(policy, evaluated_at, trust):
        return [blocks("clock-behind")]
    age = evaluated_at - contents.issued_at
    if policy.max_trust_age is not None and age > policy.max_trust_age:
        return [blocks("trust-list-stale", days=age.days)]  # which says more than that it is overdue
    found = [notes("trust-list-overdue")] if evaluated_at > contents.next_update_at else []
    if policy.note_trust_age is not None and age > policy.note_trust_age:
        found.append(notes("trust-list-stale", days=age.days))
    return found


def is_clock_behind(policy: Policy, evaluated_at: datetime, trust: TrustList) -> bool:
    """Whether the clock must be wrong, because the trust list was issued later than now."""
    contents = trust.contents
    return contents.environment is _PRODUCTION and contents.issued_at - evaluated_at > policy.clock_skew


def without_wrong_now(found: list[Reason], window: Window, evaluated_at: datetime) -> list[Reason]:
    """What is left to say beside ``clock-behind``: a moment near a wrong now is no moment that anything fails at.

    What can only come true with time stays: expired is expired later, too, and revoked is for good.
    """
    if evaluated_at - window.last > _NEAR_NOW:
        return found  # a date that the caller has from elsewhere
    return [reason for reason in found if reason.code not in _MAY_END]
