"""`for_verdict`: the signals that one verdict shows by itself. Pure.

Most repeat a reason of the verdict, under its code, because a fraud desk wants them in one list with the others. The
rest are looked for here because no verdict may rest on them.

Not looked for, because it would not be sound: the model year in a VIN. Its letter comes back every thirty years, and
European VINs need not have one.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from typing import Final

from certcore.payload import InspectionCertificate
from certcore.signals._signal import Signal, signal
from certcore.verdict import Verdict
from certcore.vocabulary._plates import PlateNote, classify_registration_number

_DAY: Final = timedelta(days=1)
_MINUTE: Final = timedelta(minutes=1)
_EASTMOST: Final = timedelta(hours=14)
"""How far the first civil day on earth is ahead of UTC."""
_WESTMOST: Final = timedelta(hours=12)
"""How far the last is behind it."""

_REPEATED: Final = (
    "country-mismatch",
    "plate-type-mismatch",
    "plate-mismatch",
    "vin-mismatch",
    "cloned-plate",
    "status-contradicts-certificate",
    "chassis-check-digit",
)
"""Reasons that are signals as they stand."""

_OF_NOTE: Final = {
    PlateNote.PLATE_TYPE_CONTRADICTS_FORM: "plate-type-contradicts-form",
    PlateNote.UNRECOGNISED_FORM: "plate-form-unrecognised",
}


def for_verdict(verdict: Verdict, /) -> tuple[Signal, ...]:
    """What one verdict shows by itself, in a fixed order; nothing where the certificate is not authentic.

    - ``inspected-after-event``, ``issued-after-event``: the inspection, or the certificate, came after the moment asked
      about; ``days`` is how many days later, at least.
    - The reasons that a number differs from the vehicle seen, that the register contradicts the certificate, and that a
      VIN's check digit is wrong, each under its own code and with its own detail.
    - ``plate-type-contradicts-form``, ``plate-form-unrecognised``: the plate's characters against its 号牌种类.
    - ``presentation-past-window``: a live presentation that was looked at ``minutes`` after its end.

    Not checked: anything that needs another certificate or another claim (`check_chain`, `seen`).
    """
    certificate = verdict.certificate
    if certificate is None:
        return ()
    return (
        *_after_the_event(verdict, certificate),
        *(
            Signal(reason.code, reason.detail)
            for code in _REPEATED
            for reason in verdict.reasons
            if reason.code == code
        ),
        *_plate(certificate),
        *_presentation(verdict, certificate),
    )


def _after_the_event(verdict: Verdict, certificate: InspectionCertificate) -> Iterator[Signal]:
    """The engine has compared days in the issuer's zone, and says so where they bound the certificate's period.

    Where they do not, only what holds in every time zone is taken.
    """
    begins_later = "not-yet-valid-on-date" in verdict and certificate.valid_from is None
    tested_on, issued_at = certificate.inspected_on, certificate.issued_at
    last_day, over_at = _bounds(verdict.as_of)
    if tested_on is not None and (begins_later or tested_on > last_day):
        yield signal("inspected-after-event", days=max(1, (tested_on - last_day).days))
    if issued_at is None:  # cannot be: no authentic certificate is without
        return
    is_later = "issued-after-event" in verdict or (begins_later and tested_on is None) or issued_at >= over_at
    if is_later:
        yield signal("issued-after-event", days=max(0, (issued_at - over_at) // _DAY))


def _bounds(as_of: datetime | date) -> tuple[date, datetime]:
    """The latest civil day the moment can lie on, and the earliest instant that is after it wherever the issuer is."""
    if isinstance(as_of, datetime):
        return (as_of + _EASTMOST).date(), as_of + timedelta.resolution
    return as_of, datetime.combine(as_of + _DAY, time(), UTC) + _WESTMOST


def _plate(certificate: InspectionCertificate) -> Iterator[Signal]:
    if certificate.country is not None:
        number, plate_type = certificate.registration_number, certificate.plate_type
        for note in classify_registration_number(number, certificate.country, plate_type).notes:
            yield signal(_OF_NOTE[note])


def _presentation(verdict: Verdict, certificate: InspectionCertificate) -> Iterator[Signal]:
    ends_at = certificate.expires_at
    if "presentation-expired" in verdict and ends_at is not None and verdict.evaluated_at >= ends_at:
        yield signal("presentation-past-window", minutes=(verdict.evaluated_at - ends_at) // _MINUTE)
