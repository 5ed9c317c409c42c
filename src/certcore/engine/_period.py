"""Which civil days a certificate spans in its issuer's time zone, and what that means for a moment. Pure."""

from __future__ import annotations

from datetime import date, timedelta, tzinfo
from typing import Final

from certcore._instants import civil_day, midnight
from certcore.certificate._values import PASSING
from certcore.engine._moment import Moment
from certcore.payload import InspectionCertificate, Result
from certcore.reasons import Reason
from certcore.reasons._meaning import blocks, fails, notes
from certcore.status._facts import Rules
from certcore.status.protocol import StatusRecord
from certcore.status.timeline import Interval, in_force
from certcore.vocabulary import _codes
from certcore.vocabulary._vins import has_wrong_check_digit

_DAY: Final = timedelta(days=1)

_CHECK_DIGIT_COUNTRIES: Final = frozenset({"CN", "US", "CA", "MX"})
"""Where the VIN's check digit is mandatory (GB 16735, 49 CFR 565 and its neighbours); elsewhere it says nothing."""


def first_day(certificate: InspectionCertificate, zone: tzinfo) -> date:
    """The first civil day: valid_from, else the day of inspection, else the day of issue."""
    stated = certificate.valid_from or certificate.inspected_on
    if stated is not None:
        return stated
    assert certificate.issued_at is not None  # noqa: S101  payload.decode refuses a certificate without
    return civil_day(certificate.issued_at, zone)


def span(certificate: InspectionCertificate, zone: tzinfo) -> Interval:
    """The instants of its days; a certificate of very short life ends sooner."""
    end = None if certificate.valid_until is None else midnight(certificate.valid_until + _DAY, zone)
    if certificate.expires_at is not None and not certificate.is_live:
        end = certificate.expires_at if end is None else min(end, certificate.expires_at)
    return Interval(start_at=midnight(first_day(certificate, zone), zone), end_at=end)


def intervals(
    certificate: InspectionCertificate, record: StatusRecord, rules: Rules, zone: tzinfo
) -> tuple[Interval, ...]:
    """When the certificate was valid, as far as the register's history tells."""
    return in_force(record, span(certificate, zone), rules, issued_at=certificate.issued_at)


def evaluate(certificate: InspectionCertificate, moment: Moment) -> list[Reason]:
    """Whether the certificate's days hold the moment asked about, and what its codes say.

    Civil days are compared as days; instants only where the certificate has one of its own.
    """
    found: list[Reason] = []
    rules = moment.rules
    issued_at, last_day, result = certificate.issued_at, certificate.valid_until, certificate.result
    ends_at = certificate.expires_at if certificate.presented_at is None else None
    if issued_at is not None and issued_at > rules.known_at and issued_at - rules.known_at > rules.clock_skew:
        found.append(blocks("issued-in-future"))
    if result not in PASSING and isinstance(result, Result):
        found.append(fails("result-not-pass", result=result.value))
    is_issued = issued_at is not None and issued_at <= moment.start  # then the day of issue has come in every zone
    begins_on_issue = certificate.valid_from is None and certificate.inspected_on is None
    if not (is_issued and begins_on_issue) and moment.days_until(first_day(certificate, moment.zone)) > 0:
        found.append(fails("not-yet-valid-on-date"))
    elif (last_day is not None and moment.days_until(last_day) < 0) or (
        ends_at is not None and ends_at <= moment.start
    ):
        found.append(fails("expired-on-date"))
    else:
        if ends_at is not None and ends_at < moment.end:
            found.append(blocks("period-changed-on-date"))
        if not is_issued:
            found.append(notes("issued-after-event"))
    _note_codes(certificate, found)
    return found


def _note_codes(certificate: InspectionCertificate, found: list[Reason]) -> None:
    """Codes that no table here holds: of result and basis it blocks, of anything else it is a note."""
    if isinstance(certificate.result, int):
        found.append(blocks("code-unknown", field="result", number=certificate.result))
    if isinstance(certificate.basis, int):
        found.append(blocks("code-unknown", field="basis", number=certificate.basis))
    country, vin = certificate.country, certificate.vin
    category, plate_type, usage = certificate.vehicle_category, certificate.plate_type, certificate.usage
    if category is not None and _codes.vehicle_category(category) is None:
        found.append(notes("code-unknown", field="vehicle_category"))
    if country == "CN":  # the tables of plate types and usages are China's
        if plate_type is not None and _codes.plate_type(plate_type) is None:
            found.append(notes("code-unknown", field="plate_type"))
        if usage is not None and _codes.usage(usage) is None:
            found.append(notes("code-unknown", field="usage"))
    if vin is not None and country in _CHECK_DIGIT_COUNTRIES and has_wrong_check_digit(vin):
        found.append(notes("chassis-check-digit"))
