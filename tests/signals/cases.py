"""What the tests of signals build with: verdicts and certificates of one vehicle, and sightings."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any, Final

import attrs

from certcore import Expected, InspectionCertificate, Policy, StatusRef, Verdict
from certcore.signals._signal import Signal
from certcore.status import MemoryStatusBackend
from tests.verify_cases import NOW, TRUST, certificate, seal, verifier
from tests.verify_cases import trust_list as made_trust_list

KEY: Final = bytes(range(32))
OTHER_KEY: Final = bytes(range(1, 33))
OTHER_VIN: Final = "LSVAA4187E2184212"
LOSS: Final = datetime(2026, 9, 1, 2, 30, tzinfo=UTC)
EYES: Final = Policy.counterparty()
"""Compares nothing unless told to, and needs no register."""

trust_list = made_trust_list


def verdict_on(
    text: str | None = None,
    /,
    *,
    as_of: datetime | date = LOSS,
    expect: Expected | None = None,
    register: MemoryStatusBackend | None = None,
    at: datetime = NOW,
    trust: Any = TRUST,  # noqa: ANN401  an opened trust list, under the name that the package gives it
    **changes: Any,  # noqa: ANN401  any field of a certificate
) -> Verdict:
    """The verdict on a text, or on the usual certificate with some fields changed."""
    text = seal(certificate(**changes)) if text is None else text
    return verifier(register, EYES, trust=trust, at=at).verify(text, as_of=as_of, expect=expect)


def noticed(signals: tuple[Signal, ...]) -> list[str]:
    """The codes in their order."""
    return [signal.code for signal in signals]


def ref(index: int) -> StatusRef:
    """A place in the usual list."""
    return StatusRef(list=12, index=index)


def link(index: int, year: int, **changes: Any) -> InspectionCertificate:  # noqa: ANN401  any field of a certificate
    """A certificate of the usual vehicle that was tested and issued on one day of October and runs a year from it."""
    day = date(year, 10, 10)
    fields: dict[str, Any] = {
        "status": ref(index),
        "issued_at": datetime(year, 10, 10, 2, tzinfo=UTC),
        "inspected_on": day,
        "valid_until": day + timedelta(days=364),
    }
    return attrs.evolve(certificate(country="CN", plate_type=2), **(fields | changes))


def chain(*years: int, **changes: Any) -> list[InspectionCertificate]:  # noqa: ANN401  as above
    """Certificates of these years, each following the one before it."""
    return [
        link(position, year, previous=ref(position - 1) if position else None, **changes)
        for position, year in enumerate(years)
    ]
