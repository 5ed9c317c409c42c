"""Which civil days a certificate spans, in its issuer's time zone. Pure."""

from __future__ import annotations

from datetime import date, timedelta
from zoneinfo import ZoneInfo

from certcore._instants import civil_day, midnight
from certcore.payload import InspectionCertificate
from certcore.status.timeline import Interval

_DAY = timedelta(days=1)


def first_day(certificate: InspectionCertificate, zone: ZoneInfo) -> date:
    """The first civil day: valid_from, else the day of inspection, else the day of issue."""
    stated = certificate.valid_from or certificate.inspected_on
    if stated is not None:
        return stated
    assert certificate.issued_at is not None  # noqa: S101  payload.decode refuses a certificate without
    return civil_day(certificate.issued_at, zone)


def span(certificate: InspectionCertificate, zone: ZoneInfo) -> Interval:
    """The instants of its days; a certificate of very short life ends sooner."""
    end = None if certificate.valid_until is None else midnight(certificate.valid_until + _DAY, zone)
    if certificate.expires_at is not None and not certificate.is_live:
        end = certificate.expires_at if end is None else min(end, certificate.expires_at)
    return Interval(start_at=midnight(first_day(certificate, zone), zone), end_at=end)
