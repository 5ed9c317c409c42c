"""What a replay asserts, and what it cannot: `ReplayReport`. Values alone; nothing is checked here.

It has the words for how far each record is proved, and what follows from a seal or its absence. The checks themselves
are elsewhere.
"""

from __future__ import annotations

from enum import Enum
from typing import Any

import attrs

from certcore.evidence._values import FailedLookup, LookupResult, ProvedRecord, SignedAnswer
from certcore.proofs.timestamps import Timestamp


class Backing(Enum):
    """How far the facts of one look-up are backed."""

    NOT_ASKED = "not-asked"
    FAILED = "failed"
    ATTESTED = "attested"
    PROVED = "proved"


class CivilTime(Enum):
    """How the recorded civil time compares with the time zone database of this machine."""

    NOT_USED = "not-used"
    SAME = "same"
    CHANGED = "changed"
    IMPOSSIBLE = "impossible"


class Unproved(Enum):
    """What a replay cannot prove."""

    QUESTION = "question"
    ASKED_AT = "asked-at"
    LOOKUPS = "lookups"
    DOCUMENTS = "documents"
    DOCUMENTS_CURRENT = "documents-current"
    STATUS_RECORD = "status-record"
    VEHICLE_RECORD = "vehicle-record"


@attrs.frozen(kw_only=True)
class ReplayReport:
    """What a replay asserts beside the verdict: what was proved, by whose seal, in which civil time.

    Attributes:
        status: how far the status record is backed: proved by signed documents, or attested by the verifier alone.
        vehicle: how far the vehicle's record is.
        sealed_by: the id of the key whose seal was required and holds; None where none was required.
        timestamp: the earliest time-stamp by an authority that the caller named; None where none was named or holds.
        civil_time: whether the issuer's zone has, or can have had, the recorded civil time.
        time_zone: the issuer's zone; None where no civil time was used.
        zone_edition: the edition of the time zone database that was used then; None in older files.
        offsets: the civil time that was used: from which second on since 1970, how many seconds ahead of UTC.
        has_expired_documents: whether a status document had expired when the question was asked.
    """

    status: Backing
    vehicle: Backing
    sealed_by: bytes | None
    timestamp: Timestamp | None
    civil_time: CivilTime
    time_zone: str | None
    zone_edition: str | None
    offsets: tuple[tuple[int, int], ...]
    has_expired_documents: bool

    @property
    def unproved(self) -> tuple[Unproved, ...]:
        """What is only a statement of the file's keeper, or of its sealer.

        Without a seal: what was asked, and when; that no look-up was left out; and that the documents are those of
        then, and not other genuine ones. With one: attested records alone.
        """
        found = []
        if self.sealed_by is None:
            found += [Unproved.QUESTION, Unproved.ASKED_AT, Unproved.LOOKUPS, Unproved.DOCUMENTS]
        if self.has_expired_documents:
            found.append(Unproved.DOCUMENTS_CURRENT)
        if self.status is Backing.ATTESTED:
            found.append(Unproved.STATUS_RECORD)
        if self.vehicle is Backing.ATTESTED:
            found.append(Unproved.VEHICLE_RECORD)
        return tuple(found)

    def to_dict(self) -> dict[str, Any]:
        """The report as JSON types."""
        stamp = self.timestamp
        return {
            "status": self.status.value,
            "vehicle": self.vehicle.value,
            "sealed_by": None if self.sealed_by is None else self.sealed_by.hex(),
            "stamped_at": None if stamp is None else stamp.at.isoformat(),
            "stamped_by": None if stamp is None else stamp.authority,
            "civil_time": self.civil_time.value,
            "time_zone": self.time_zone,
            "zone_edition": self.zone_edition,
            "offsets": [list(pair) for pair in self.offsets],
            "unproved": [one.value for one in self.unproved],
        }


def backing(answer: LookupResult | None) -> Backing:
    """How far an answer in a statement is backed."""
    match answer:
        case None:
            return Backing.NOT_ASKED
        case FailedLookup():
            return Backing.FAILED
        case ProvedRecord() | SignedAnswer():
            return Backing.PROVED
    return Backing.ATTESTED
