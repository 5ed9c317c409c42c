"""`Moment`: one moment as the certificates of one issuer are judged at it, worked out once for all that share it. Pure.

It holds the instants and the civil day that are meant, and what does not depend on a certificate: whether the moment
has come, by which rules the issuer's register is read, and what is to be said of the trust list.
"""

from __future__ import annotations

from datetime import date, datetime, timedelta, tzinfo

import attrs

from certcore._instants import RESOLUTION, civil_day, midnight
from certcore.engine import _freshness
from certcore.engine._question import Question
from certcore.reasons import Reason
from certcore.status._facts import Rules
from certcore.status.timeline import Window
from certcore.trust import TrustedIssuer, TrustList

Moments = dict[tuple[object, ...], "Moment"]
"""Moments that were worked out: for questions under one trust list and one policy, all asked at one time."""


@attrs.define  # not frozen: made for one verdict, or for those of one time, and never handed out
class Moment:
    """What is the same for every certificate of an issuer.

    Attributes:
        window: the instants asked about.
        day: the civil day asked about, or that of the instant asked about.
        zone: whose civil days are meant.
        is_future: whether it has not come.
        latest_issue: the latest time of issue that is not in the future.
        rules: how the issuer keeps its register, and how much age the policy bears.
        trust_reasons: what is to be said of the trust list.
    """

    window: Window
    day: date
    zone: tzinfo
    is_future: bool
    latest_issue: datetime
    rules: Rules
    trust_reasons: list[Reason]


def find_moment(question: Question, issuer: TrustedIssuer, trust: TrustList, known: Moments | None = None) -> Moment:
    """The moment of a question; one that is known already is not worked out again."""
    if known is None:
        return _moment_of(question, issuer, trust)
    key = (issuer.id, question.as_of, question.known_at)
    found = known.get(key)
    if found is None:
        found = known[key] = _moment_of(question, issuer, trust)
    return found


def _moment_of(question: Question, issuer: TrustedIssuer, trust: TrustList) -> Moment:
    as_of, evaluated_at, policy, zone = question.as_of, question.evaluated_at, question.policy, question.zone
    known_at = question.known_at or evaluated_at
    if zone is None:
        zone = issuer.zone
    window = window_of(as_of, evaluated_at, zone)
    skew = policy.clock_skew
    return Moment(
        window,
        civil_day(as_of, zone) if isinstance(as_of, datetime) else as_of,
        zone,
        _freshness.has_not_come(as_of, window, evaluated_at, policy),
        known_at + skew,
        Rules(issuer.suspends, issuer.retroactive, policy.max_status_age, skew, known_at, evaluated_at),
        _freshness.trust_reasons(policy, evaluated_at, trust),
    )


def window_of(as_of: datetime | date, evaluated_at: datetime, zone: tzinfo) -> Window:
    """The instants asked about: a civil day is the issuer's, and ends no later than now."""
    if isinstance(as_of, datetime):
        return Window(as_of, as_of + RESOLUTION)
    start, end = midnight(as_of, zone), midnight(as_of + timedelta(days=1), zone)
    now = evaluated_at + RESOLUTION
    return Window(start, now if start < now < end else end)
