"""Backends that break one promise each: they fail exactly the tests that are named for it."""

# ruff: noqa: D102  each class says what is broken; its methods are the protocol's

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta
from typing import Any, cast

import attrs
import pytest

from certcore.errors import StatusError
from certcore.payload import StatusListEntry
from certcore.status import (
    MemoryStatusBackend,
    StatusBackend,
    StatusEvent,
    StatusEventKind,
    StatusProof,
    StatusQuery,
    StatusRecord,
)
from certcore.status.memory import Reference
from certcore.status.protocol import reference_key
from tests.contract.backends import BreakableBackend, MemoryContract, failed, promises_of, subject

ALWAYS = datetime(1970, 1, 1, tzinfo=UTC)
ALL = {name.removeprefix("test_") for name in promises_of(MemoryContract)}


def event(kind: StatusEventKind) -> StatusEvent:
    """Something that has always been so."""
    return StatusEvent(kind=kind, effective_at=ALWAYS, recorded_at=ALWAYS)


class ForgetsIssuers(BreakableBackend):
    """Files by reference alone."""

    def lookup(self, query: StatusQuery, /) -> StatusRecord:
        return super().lookup(attrs.evolve(query, issuer=""))

    def register(self, ref: Reference, /, *, issuer: str | None = None, at: datetime | None = None) -> None:
        super().register(ref, at=at, issuer=issuer and None)

    def record(self, ref: Reference, event: StatusEvent, /, *, issuer: str | None = None) -> None:
        super().record(ref, event, issuer=issuer and None)


class SaysIssued(BreakableBackend):
    """Answers every question with an issued certificate."""

    def lookup(self, query: StatusQuery, /) -> StatusRecord:
        super().lookup(query)
        issued = event(StatusEventKind.ISSUED)
        return StatusRecord(events=[issued], observed_at=query.asked_at, history_from=ALWAYS)


class SaysIssuedOfTheUnknown(BreakableBackend):
    """Takes what it was never told of for issued."""

    def lookup(self, query: StatusQuery, /) -> StatusRecord:
        record = super().lookup(query)
        return record if record.events else attrs.evolve(record, events=[event(StatusEventKind.ISSUED)])


class SaysRevokedOfTheUnknown(BreakableBackend):
    """Takes what it was never told of for revoked."""

    def lookup(self, query: StatusQuery, /) -> StatusRecord:
        record = super().lookup(query)
        return record if record.events else attrs.evolve(record, events=[event(StatusEventKind.REVOKED)])


class SaysRevokedWhenBroken(BreakableBackend):
    """Takes having no answer for a revocation."""

    def lookup(self, query: StatusQuery, /) -> StatusRecord:
        try:
            return super().lookup(query)
        except StatusError:
            events = [event(StatusEventKind.ISSUED), event(StatusEventKind.REVOKED)]
            return StatusRecord(events=events, observed_at=query.asked_at, history_from=ALWAYS)


class SaysTheOldWhenBroken(BreakableBackend):
    """Answers for now from memory, as if nothing had happened."""

    def lookup(self, query: StatusQuery, /) -> StatusRecord:
        return MemoryStatusBackend.lookup(self, query)


class KeepsTheFirstOfAKind(BreakableBackend):
    """Takes a second statement of a kind for a repetition, and drops it."""

    def lookup(self, query: StatusQuery, /) -> StatusRecord:
        record = super().lookup(query)
        kinds = [item.kind for item in record.events]
        events = [item for place, item in enumerate(record.events) if item.kind not in kinds[:place]]
        return attrs.evolve(record, events=events)


class DropsRecordedTimes(BreakableBackend):
    """Takes everything for known from when it had effect."""

    def lookup(self, query: StatusQuery, /) -> StatusRecord:
        record = super().lookup(query)
        events = [attrs.evolve(item, recorded_at=item.effective_at or item.recorded_at) for item in record.events]
        return attrs.evolve(record, events=events)


class DropsEffectiveTimes(BreakableBackend):
    """Takes everything for in force from when it was recorded; a certificate void from the start too."""

    def lookup(self, query: StatusQuery, /) -> StatusRecord:
        record = super().lookup(query)
        return attrs.evolve(
            record, events=[attrs.evolve(item, effective_at=item.recorded_at) for item in record.events]
        )


class RoundsToDays(BreakableBackend):
    """Keeps no more than days."""

    def lookup(self, query: StatusQuery, /) -> StatusRecord:
        record = super().lookup(query)
        events = [
            attrs.evolve(
                item,
                effective_at=item.effective_at and item.effective_at.replace(hour=0, minute=0, second=0, microsecond=0),
                recorded_at=item.recorded_at.replace(hour=0, minute=0, second=0, microsecond=0),
            )
            for item in record.events
        ]
        return attrs.evolve(record, events=events)


class KeepsTheLastOfAMoment(BreakableBackend):
    """Files by time, so that of two events of one moment the later overwrites the earlier."""

    def lookup(self, query: StatusQuery, /) -> StatusRecord:
        record = super().lookup(query)
        return attrs.evolve(record, events=list({item.effective_at: item for item in record.events}.values()))


class KnowsTheLastEvent(BreakableBackend):
    """Holds a state and when it began, and says that its history is whole."""

    def lookup(self, query: StatusQuery, /) -> StatusRecord:
        record = super().lookup(query)
        return attrs.evolve(record, events=list(dict.fromkeys([*record.events[:1], *record.events[-1:]])))


class RaisesKeyError(BreakableBackend):
    """Lets its store's own error through for what it does not know."""

    def lookup(self, query: StatusQuery, /) -> StatusRecord:
        record = super().lookup(query)
        if not record.events:
            raise KeyError(query.key)
        return record


class RaisesTimeoutWhenBroken(BreakableBackend):
    """Lets its store's own error through when the store is gone."""

    def lookup(self, query: StatusQuery, /) -> StatusRecord:
        try:
            return super().lookup(query)
        except StatusError as cause:
            raise TimeoutError from cause


class RegistersOnLookup(BreakableBackend):
    """Takes a certificate for issued once it was asked about."""

    def lookup(self, query: StatusQuery, /) -> StatusRecord:
        record = super().lookup(query)
        self.register(subject(query), issuer=query.issuer, at=ALWAYS)
        return record


class ForgetsOnLookup(BreakableBackend):
    """Hands out its last event once, as a queue would."""

    def lookup(self, query: StatusQuery, /) -> StatusRecord:
        record = super().lookup(query)
        key = (query.issuer, query.key)
        if len(record.events) > 1:
            self._events[key] = record.events[:-1]
        return record


class SpeaksForTomorrow(BreakableBackend):
    """Answers as of a time that has not come."""

    def lookup(self, query: StatusQuery, /) -> StatusRecord:
        return attrs.evolve(super().lookup(query), observed_at=query.asked_at + timedelta(days=1))


class HoldsItsFirstAnswer(BreakableBackend):
    """Answers with what it read first, and says that this is how it is now."""

    def __init__(self) -> None:
        super().__init__()
        self.held: dict[tuple[str, str], StatusRecord] = {}

    def __reduce__(self) -> str | tuple[Any, ...]:
        msg = "it stays here"
        raise TypeError(msg)

    def lookup(self, query: StatusQuery, /) -> StatusRecord:
        record = super().lookup(query)
        held = self.held.setdefault((query.issuer, query.key), record) if record.events else record
        return attrs.evolve(held, observed_at=query.asked_at)


class AnswersWithADict(BreakableBackend):
    """Answers in another type."""

    def lookup(self, query: StatusQuery, /) -> StatusRecord:
        return cast("StatusRecord", attrs.asdict(super().lookup(query)))


class AnswersInNaiveTimes(BreakableBackend):
    """Reads its times without their zone."""

    def lookup(self, query: StatusQuery, /) -> StatusRecord:
        record = super().lookup(query)
        return attrs.evolve(
            record,
            events=[attrs.evolve(item, recorded_at=item.recorded_at.replace(tzinfo=None)) for item in record.events],
        )


class ProvesWithAnotherKey(BreakableBackend):
    """Shows a document of somebody's."""

    def lookup(self, query: StatusQuery, /) -> StatusRecord:
        proof = StatusProof(data=b"a list", media_type="application/statuslist+cwt", key_id=b"somebody")
        return attrs.evolve(super().lookup(query), proofs=[proof])


class IgnoresListUris(BreakableBackend):
    """Files a standard reference by its index alone."""

    def lookup(self, query: StatusQuery, /) -> StatusRecord:
        if isinstance(query.ref, StatusListEntry):
            query = attrs.evolve(query, ref=attrs.evolve(query.ref, uri="https://status.example/"))
        return super().lookup(query)

    def register(self, ref: Reference, /, *, issuer: str | None = None, at: datetime | None = None) -> None:
        super().register(anywhere(ref), issuer=issuer, at=at)

    def record(self, ref: Reference, event: StatusEvent, /, *, issuer: str | None = None) -> None:
        super().record(anywhere(ref), event, issuer=issuer)


def anywhere(ref: Reference) -> Reference:
    """A reference without its list's URI."""
    return attrs.evolve(ref, uri="https://status.example/") if isinstance(ref, StatusListEntry) else ref


class WritesInTwoSteps(BreakableBackend):
    """Takes the events away for a moment before it puts them back with one more."""

    def record(self, ref: Reference, event: StatusEvent, /, *, issuer: str | None = None) -> None:
        key = (issuer or "", reference_key(ref))
        held, self._events[key] = self._events[key], ()
        time.sleep(0.005)
        self._events[key] = (*held, event)


class WritesOutOfOrder(BreakableBackend):
    """Shows an event before the one that was recorded first: two replicas that run apart."""

    def lookup(self, query: StatusQuery, /) -> StatusRecord:
        record = super().lookup(query)
        if len(record.events) % 2 or len(record.events) < 3:
            return record
        return attrs.evolve(record, events=[*record.events[:-2], record.events[-1]])


class PicklesEmpty(BreakableBackend):
    """Leaves behind what it holds when it is sent away."""

    def __getstate__(self) -> dict[str, object]:
        return {"events": {}, "vehicles": {}}


KNOWS_THE_UNKNOWN = {
    "unregistered_is_unknown",
    "unregistered_beside_registered_is_unknown",
    "other_issuers_certificates_are_unknown",
    "lookups_change_nothing",
}
"""What fails where a certificate that was never registered is taken for anything else."""

BROKEN: dict[type[MemoryStatusBackend], set[str]] = {
    ForgetsIssuers: {"other_issuers_certificates_are_unknown", "each_issuer_has_its_own_events"},
    SaysIssued: ALL
    - {
        "issued_is_valid",
        "failure_is_a_status_error",
        "proofs_carry_keys_of_the_query",
        "speaks_for_no_later_than_it_is_asked",
    },
    SaysIssuedOfTheUnknown: KNOWS_THE_UNKNOWN,
    SaysRevokedOfTheUnknown: KNOWS_THE_UNKNOWN,
    SaysRevokedWhenBroken: {"failure_is_a_status_error"},
    SaysTheOldWhenBroken: {"failure_is_a_status_error"},
    DropsRecordedTimes: {"times_are_kept", "what_was_not_recorded_yet_was_not_known"},
    DropsEffectiveTimes: {
        "times_are_kept",
        "what_was_not_recorded_yet_was_not_known",
        "void_from_the_start",
        "an_earlier_statement_counts",
    },
    KeepsTheFirstOfAKind: {
        "an_earlier_statement_counts",
        "times_are_kept",
        "concurrent_lookups_see_consistent_prefixes",
    },
    RoundsToDays: {
        "times_are_kept",
        "what_was_not_recorded_yet_was_not_known",
        "revoked_at_the_moment",
        "suspended_until_resumed",
        "concurrent_lookups_see_consistent_prefixes",
    },
    KeepsTheLastOfAMoment: {"two_events_of_one_moment_are_both_kept"},
    KnowsTheLastEvent: {
        "earlier_moments_are_never_guessed",
        "suspended_until_resumed",
        "times_are_kept",
        "two_events_of_one_moment_are_both_kept",
        "concurrent_lookups_see_consistent_prefixes",
    },
    RaisesKeyError: KNOWS_THE_UNKNOWN | {"speaks_for_no_later_than_it_is_asked"},
    RaisesTimeoutWhenBroken: {"failure_is_a_status_error"},
    RegistersOnLookup: KNOWS_THE_UNKNOWN,
    ForgetsOnLookup: {
        "two_events_of_one_moment_are_both_kept",
        "lookups_change_nothing",
        "an_earlier_statement_counts",
        "revoked_before_the_moment",
        "void_from_the_start",
        "superseded_from_the_moment",
        "suspended_until_resumed",
        "earlier_moments_are_never_guessed",
        "times_are_kept",
        "what_was_not_recorded_yet_was_not_known",
        "concurrent_lookups_see_consistent_prefixes",
        "pickles_or_refuses",
    },
    SpeaksForTomorrow: ALL  # what speaks as of the future has observed nothing, and makes nothing valid
    - {
        "earlier_moments_are_never_guessed",
        "failure_is_a_status_error",
        "other_issuers_certificates_are_unknown",
        "revoked_before_the_moment",
        "times_are_kept",
        "two_events_of_one_moment_are_both_kept",
        "unregistered_beside_registered_is_unknown",
        "unregistered_is_unknown",
        "void_from_the_start",
    },
    HoldsItsFirstAnswer: {
        "news_arrives_or_its_age_is_told",
        "suspended_until_resumed",
        "concurrent_lookups_see_consistent_prefixes",
    },
    AnswersWithADict: ALL - {"earlier_moments_are_never_guessed", "failure_is_a_status_error"},
    AnswersInNaiveTimes: ALL
    - {
        "earlier_moments_are_never_guessed",
        "failure_is_a_status_error",
        "other_issuers_certificates_are_unknown",
        "unregistered_beside_registered_is_unknown",
        "unregistered_is_unknown",
    },
    ProvesWithAnotherKey: ALL
    - {
        "earlier_moments_are_never_guessed",
        "failure_is_a_status_error",
        "other_issuers_certificates_are_unknown",
        "unregistered_beside_registered_is_unknown",
        "unregistered_is_unknown",
        "speaks_for_no_later_than_it_is_asked",
    },
    IgnoresListUris: {"unregistered_beside_registered_is_unknown"},
    WritesInTwoSteps: {"concurrent_lookups_see_consistent_prefixes"},
    WritesOutOfOrder: {"earlier_moments_are_never_guessed", "concurrent_lookups_see_consistent_prefixes"},
    PicklesEmpty: {"pickles_or_refuses"},
}
"""Each broken backend, and exactly the tests that find it out."""


def contract_over(backend: type[MemoryStatusBackend]) -> type[MemoryContract]:
    """The contract over a broken backend."""

    class Broken(MemoryContract):
        def make_backend(self) -> StatusBackend:
            return backend()

    return Broken


@pytest.mark.parametrize(
    ("backend", "expected"), [pytest.param(made, expected, id=made.__name__) for made, expected in BROKEN.items()]
)
def test_broken_backend_fails(backend: type[MemoryStatusBackend], expected: set[str]) -> None:
    """The contract's failing tests say what is broken."""
    assert expected == failed(contract_over(backend))
