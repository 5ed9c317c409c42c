"""The question and the sources of its answer: `Question`, `VehicleQuestion` and their `Sources`. Pure values.

A question holds everything that the caller gave, and the policy; sources hold everything that was found to answer it.
Together they are enough to give the same answer again, as `certcore.evidence` does.
"""

from __future__ import annotations

import hashlib
from datetime import date, datetime, timedelta, tzinfo

import attrs

from certcore import _cbor
from certcore._instants import EPOCH
from certcore.errors import RejectedInputError, StatusError
from certcore.policy import Expected, Policy
from certcore.status.protocol import StatusQuery, StatusRecord, VehicleQuery, VehicleRecord
from certcore.trust import TrustedIssuer, TrustList
from certcore.vocabulary import normalise_vin
from certcore.vocabulary._plates import registration_number_groups

StatusAnswer = StatusRecord | StatusError | None
"""What came of a status look-up; None: there was nobody to ask, or nothing to be asked."""

VehicleAnswer = VehicleRecord | StatusError | None
"""What came of a vehicle look-up; None likewise."""


@attrs.define(repr=False)  # not frozen: private to the verdict that holds it, and made for every one
class Question:
    """What was asked about one certificate, when, under which policy.

    Attributes:
        text: the certificate's text, as scanned.
        as_of: the moment, or the civil day in the issuer's zone, it is about.
        expect: the vehicle that was seen.
        known_at: what was knowable when, if the caller said.
        evaluated_at: when it was asked.
        policy: what is required.
        existed_by: what may prove that the certificate existed before its key was compromised.
        picture: SHA-256 of the picture's file, where the text was read from one.
        zone: the civil time to judge in, where it is not the issuer's of today: a replay has that of then.
    """

    text: str
    as_of: datetime | date
    expect: Expected
    known_at: datetime | None
    evaluated_at: datetime
    policy: Policy
    existed_by: tuple[bytes, ...] = ()
    picture: bytes | None = None
    zone: tzinfo | None = attrs.field(default=None, eq=False)

    @property
    def id(self) -> str:
        """SHA-256 over text, as_of, known_at, expected and policy id, in hexadecimal; not over when it was asked."""
        expect = self.expect
        vehicle = _vehicle(expect.registration_number, expect.country, expect.plate_type, expect.vin)
        text = self.text.encode("utf-8", "surrogatepass")
        return _digest([text, _moment(self.as_of), _moment(self.known_at), vehicle, self.policy.id])


@attrs.define(kw_only=True, repr=False)  # as above
class VehicleQuestion:
    """What was asked about a vehicle for which nobody showed a certificate.

    Attributes:
        registration_number: as read off the plate.
        country: ISO 3166-1 alpha-2 of the plate, and of the register that is asked.
        plate_type: 号牌种类.
        vin: the whole VIN, or any other chassis number.
        as_of: the moment, or the civil day in the register's zone, it is about.
        evaluated_at: when it was asked.
        policy: what is required.
        zone: as in `Question`.
    """

    registration_number: str | None
    country: str | None
    plate_type: int | None
    vin: str | None
    as_of: datetime | date
    evaluated_at: datetime
    policy: Policy
    zone: tzinfo | None = attrs.field(default=None, eq=False)

    @property
    def id(self) -> str:
        """SHA-256 over the vehicle, as_of and policy id, in hexadecimal; not over when it was asked."""
        vehicle = _vehicle(self.registration_number, self.country, self.plate_type, self.vin)
        return _digest(["vehicle", _moment(self.as_of), vehicle, self.policy.id])


@attrs.define(repr=False)  # as above
class Sources:
    """What an answer stands on, besides the question: kept by reference, and written down only when asked.

    Attributes:
        trust: the trust list it was judged under.
        issuer: whose civil days were meant; None where it did not come to that.
        status_query: what a status backend was asked; None where nobody was.
        vehicle_query: what a vehicle backend was, likewise.
        refused: why there was no text to judge, where a picture held none.
        status: what came of the status look-up.
        vehicle: what came of the vehicle look-up.
        group_key_id: by which group key's id the confidential claims were opened, or should have been; empty where they
            name none that can be read.
    """

    trust: TrustList
    issuer: TrustedIssuer | None = None
    status_query: StatusQuery | None = None
    vehicle_query: VehicleQuery | None = None
    refused: RejectedInputError | None = None
    status: StatusAnswer = None
    vehicle: VehicleAnswer = None
    group_key_id: bytes | None = None


def _vehicle(
    registration_number: str | None, country: str | None, plate_type: int | None, vin: str | None
) -> list[object]:
    """A vehicle in canonical form: the same plate written in another way is the same question."""
    groups = None if registration_number is None else list(registration_number_groups(registration_number))
    return [groups, country, plate_type, None if vin is None else normalise_vin(vin)]


def _moment(value: datetime | date | None) -> list[object] | None:
    """A moment in canonical form: a civil day and an instant are different questions."""
    if value is None:
        return None
    if isinstance(value, datetime):
        return ["instant", (value - EPOCH) // timedelta(microseconds=1)]
    return ["day", value.toordinal()]


def _digest(form: list[object]) -> str:
    return hashlib.sha256(_cbor.encode(form)).hexdigest()
