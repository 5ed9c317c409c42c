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
class Moment(Window):
    """The instants asked about, with what is the same for every certificate of an issuer.

    Attributes:
        zone: whose civil days are meant.
        is_future: whether it has not come.
        rules: how the issuer keeps its register, and how much age the policy bears.
        trust_reasons: what is to be said of the trust list.
    """

    zone: tzinfo
    is_future: bool
    rules: Rules
    trust_reasons: list[Reason]
    _day: date | None

    @property
    def day(self) -> date:
        """The civil day asked about, or that of the instant asked about."""
        if self._day is None:
            self._day = civil_day(self.start, self.zone)
        return self._day

    def days_until(self, day: date) -> int:
        """How much later another civil day is; of one that is far from an instant, by the days of UTC, as far as known.

        No zone is a day away from UTC, so only a day beside UTC's needs the zone, which takes longer than all the rest.
        """
        if self._day is None:
            days = day.toordinal() - self.start.toordinal()
            if not -1 <= days <= 1:
                return days
        return day.toordinal() - self.day.toordinal()


def find_moment(question: Question, issuer: TrustedIssuer, trust: TrustList, known: Moments | None = None) -> Moment:
    """The moment of a question; one that is known already is not worked out again."""
    if known is not None:
        key = (issuer.id, question.as_of, question.known_at)
        found = known.get(key)
        if found is None:
            found = known[key] = find_moment(question, issuer, trust)
        return found
    as_of, evaluated_at, policy = question.as_of, question.evaluated_at, question.policy
    zone = question.zone or issuer.zone
    if isinstance(as_of, datetime):
        start, end, day = as_of, as_of + RESOLUTION, None
    else:
        (start, end), day = _instants_of(as_of, evaluated_at, zone), as_of
    return Moment(
        start,
        end,
        zone,
        start > evaluated_at and _freshness.has_not_come(as_of, start, evaluated_at, policy),
        Rules(
            issuer.suspends,
            issuer.retroactive,
            policy.max_status_age,
            policy.clock_skew,
            question.known_at or evaluated_at,
            evaluated_at,
        ),
        _freshness.trust_reasons(policy, evaluated_at, trust),
        day,
    )


def window_of(as_of: datetime | date, evaluated_at: datetime, zone: tzinfo) -> Window:
    """The instants asked about: a civil day is the issuer's, and ends no later than now."""
    if isinstance(as_of, datetime):
        return Window(as_of, as_of + RESOLUTION)
    return Window(*_instants_of(as_of, evaluated_at, zone))


def _instants_of(day: date, evaluated_at: datetime, zone: tzinfo) -> tuple[datetime, datetime]:
    start, end = midnight(day, zone), midnight(day + timedelta(days=1), zone)
    now = evaluated_at + RESOLUTION
    return start, now if start < now < end else end
