"""The contract passes on what keeps it, and says by skipping what was not tried."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from datetime import timedelta
from threading import Lock
from typing import cast

import attrs
import pytest

import certcore.testing
from certcore.payload import StatusListEntry, StatusRef
from certcore.policy import Need, Policy
from certcore.status import (
    AsyncStatusBackend,
    MemoryStatusBackend,
    StatusBackend,
    StatusEvent,
    StatusEventKind,
    StatusObservation,
    StatusProof,
    StatusQuery,
    StatusRecord,
    StatusState,
)
from certcore.testing import AsyncStatusBackendContract, StatusBackendContract
from tests.contract.backends import BreakableBackend, MemoryContract, failed, file, outcomes, promises_of


class TestMemory(MemoryContract):
    """The reference backend keeps every promise, to the microsecond, and pickles."""

    resolution = timedelta(microseconds=1)
    pickles = True


class AwaitedBackend:
    """A register in memory that is awaited."""

    def __init__(self) -> None:
        self.memory = BreakableBackend()

    async def lookup(self, query: StatusQuery, /) -> StatusRecord:
        """As in memory."""
        return self.memory.lookup(query)


class TestAwaited(AsyncStatusBackendContract):
    """The same, in an event loop."""

    resolution = timedelta(microseconds=1)
    pickles = True

    async def make_backend(self) -> AsyncStatusBackend:
        """An empty one."""
        return AwaitedBackend()

    async def record(self, backend: AsyncStatusBackend, query: StatusQuery, event: StatusEvent) -> None:
        """File it for the issuer and the certificate."""
        assert isinstance(backend, AwaitedBackend)
        file(backend.memory, query, event)

    async def break_backend(self, backend: AsyncStatusBackend) -> None:
        """Fail from now on."""
        assert isinstance(backend, AwaitedBackend)
        backend.memory.is_broken = True


class PresentBackend:
    """Knows the present alone, as a status list does: one observation, of the time it is asked, and its proof."""

    def __init__(self, signer_of: StatusBackendContract) -> None:
        self._connection = Lock()  # does not pickle, as connections do not
        self.memory = MemoryStatusBackend()
        self._contract = signer_of

    def lookup(self, query: StatusQuery, /) -> StatusRecord:
        """The state after the last event."""
        events = self.memory.lookup(query).events
        if not events:
            return StatusRecord(observed_at=query.asked_at)
        states = {
            StatusEventKind.ISSUED: StatusState.VALID,
            StatusEventKind.RESUMED: StatusState.VALID,
            StatusEventKind.REVOKED: StatusState.REVOKED,
            StatusEventKind.SUSPENDED: StatusState.SUSPENDED,
            StatusEventKind.SUPERSEDED: StatusState.SUPERSEDED,
        }
        return StatusRecord(
            observations=[StatusObservation(state=states[events[-1].kind], at=query.asked_at)],
            observed_at=query.asked_at,
            proofs=[
                StatusProof(
                    data=b"a list",
                    media_type="application/statuslist+cwt",
                    key_id=self._contract.status_signer(query).public_key.key_id,
                )
            ],
        )


class TestPresent(StatusBackendContract):
    """A backend without history passes by not knowing; it supports references to lists alone, and does not pickle."""

    references = (StatusRef, StatusListEntry)
    keeps_history = False
    pickles = False

    def make_backend(self) -> StatusBackend:
        """An empty one."""
        return PresentBackend(self)

    def record(self, backend: StatusBackend, query: StatusQuery, event: StatusEvent) -> None:
        """File it for the issuer and the certificate."""
        assert isinstance(backend, PresentBackend)
        file(backend.memory, query, event)


class CachingContract(MemoryContract):
    """Answers for a while with what it read before, and tells how old that is."""

    policy = Policy(
        name="an hour old",
        status=Need.REQUIRED,
        vehicle=Need.NOT_USED,
        binding=frozenset(),
        max_status_age=timedelta(days=7),
        max_trust_age=None,
    )

    def make_backend(self) -> StatusBackend:
        """An empty one."""
        return CachingBackend()


class CachingBackend(MemoryStatusBackend):
    """Holds on to the first answer of a known certificate, which speaks for two days ago."""

    def __init__(self) -> None:
        super().__init__()
        self.held: dict[tuple[str, str], StatusRecord] = {}

    def lookup(self, query: StatusQuery, /) -> StatusRecord:
        """What was read first."""
        record = super().lookup(query)
        return self.held.setdefault(
            (query.issuer, query.key),
            StatusRecord(
                events=record.events,
                observed_at=query.asked_at - timedelta(days=2),
                history_from=record.history_from,
            ),
        )


def test_honest_age_passes() -> None:
    """The news may be missing from an answer that says it speaks for a time before them."""
    CachingContract().test_news_arrives_or_its_age_is_told()


def test_one_issuer_only() -> None:
    """A backend that holds one issuer's certificates is not asked to hold another's."""

    class OneIssuer(MemoryContract):
        several_issuers = False

    assert "skipped" == outcomes(OneIssuer)["test_each_issuer_has_its_own_events"]
    assert set() == failed(OneIssuer)


class ListBackend(PresentBackend):
    """A backend over one list of each issuer, whose entries all read valid until something happens to them."""

    def lookup(self, query: StatusQuery, /) -> StatusRecord:
        """As its sibling, once anything of the list was recorded."""
        record = super().lookup(query)
        lists = {list_of(key) for issuer, key in self.memory._events if issuer == query.issuer}
        if record.observations or list_of(query.key) not in lists:
            return record
        return attrs.evolve(record, observations=[StatusObservation(state=StatusState.VALID, at=query.asked_at)])


def list_of(key: str) -> str:
    """The list in the text of a reference: its URI or its number."""
    return key.rpartition("#")[0] or key.rpartition("/")[0]


def test_lists_cannot_tell_what_was_issued() -> None:
    """Entries that were never issued may read valid where the backend says so, and nowhere else."""

    class Lists(TestPresent):
        tells_unissued = False

        def make_backend(self) -> StatusBackend:
            return ListBackend(self)

    class Unsaid(Lists):
        tells_unissued = True

    assert set() == failed(Lists)
    assert {"unregistered_beside_registered_is_unknown"} == failed(Unsaid)


class AnswersWithTuple(AwaitedBackend):
    """Awaited, and answers in another type."""

    async def lookup(self, query: StatusQuery, /) -> StatusRecord:
        """Everything but a record."""
        return cast("StatusRecord", attrs.astuple(await super().lookup(query)))


class PausesWithin(AwaitedBackend):
    """Lets others in while it writes: what a task without a lock does."""

    async def add(self, query: StatusQuery, event: StatusEvent) -> None:
        """Take the events away, pause, and put them back with one more."""
        key = (query.issuer, query.key)
        held, self.memory._events[key] = self.memory._events.get(key, ()), ()
        await asyncio.sleep(0.001)
        self.memory._events[key] = (*held, event)


def test_broken_awaited_backends_fail() -> None:
    """What is awaited is held to the same: the type of an answer, and agreement between tasks."""

    class Typed(TestAwaited):
        async def make_backend(self) -> AsyncStatusBackend:
            return AnswersWithTuple()

    class Torn(TestAwaited):
        async def make_backend(self) -> AsyncStatusBackend:
            return PausesWithin()

        async def record(self, backend: AsyncStatusBackend, query: StatusQuery, event: StatusEvent) -> None:
            assert isinstance(backend, PausesWithin)
            await backend.add(query, event)

    everything = {name.removeprefix("test_") for name in promises_of(TestAwaited)}
    assert {"failure_is_a_status_error", "earlier_moments_are_never_guessed"} == everything - failed(Typed)
    assert {"concurrent_lookups_see_consistent_prefixes"} == failed(Torn)


def test_failure_says_what_was_found() -> None:
    """A failing test tells what was expected, what was found and about which moment, without pytest's help."""

    class Forgetful(MemoryContract):
        def record(self, backend: StatusBackend, query: StatusQuery, event: StatusEvent) -> None:
            if event.kind is StatusEventKind.ISSUED:
                super().record(backend, query, event)

    with pytest.raises(AssertionError, match=r"as of 2026-10-01 .*expected 'invalid', got 'valid'"):
        Forgetful().test_revoked_before_the_moment()


def test_kinds_of_reference_are_declared() -> None:
    """Kinds that a backend does not support are skipped, the others tried."""

    class Ids(MemoryContract):
        references = (bytes,)

    found = outcomes(Ids)

    assert ("skipped", "skipped", "passed") == tuple(
        found[f"test_{kind}"] for kind in ("list_references", "list_entries", "certificate_ids")
    )
    assert set() == failed(Ids)


def test_breaking_is_optional() -> None:
    """Without a way to break the backend, its failing is skipped."""
    assert "skipped" == outcomes(TestPresent)["test_failure_is_a_status_error"]


def test_pickling_is_held_to_what_was_declared() -> None:
    """One that pickles and was to refuse fails, and so does one that refuses and was to pickle."""

    class Refuses(MemoryContract):
        pickles = False

    class Pickles(TestPresent):
        pickles = True

    assert {"pickles_or_refuses"} == failed(Refuses)
    assert {"pickles_or_refuses"} == failed(Pickles)


def test_both_contracts_hold_the_same_promises() -> None:
    """What is asked of a backend does not depend on how it is reached."""
    assert promises_of(StatusBackendContract) == promises_of(AsyncStatusBackendContract)
    assert 26 == len(promises_of(StatusBackendContract))


@pytest.mark.parametrize("contract", [StatusBackendContract, AsyncStatusBackendContract])
def test_every_promise_is_described(contract: type) -> None:
    """Each test says in a sentence what it shows."""
    assert [] == [name for name in dir(contract) if name.startswith("test_") and not getattr(contract, name).__doc__]


def test_a_backend_must_be_made() -> None:
    """A contract that is not filled in fails, rather than pass on nothing."""
    assert {"NotImplementedError"} == set(outcomes(StatusBackendContract).values())
    assert {"NotImplementedError"} == set(outcomes(AsyncStatusBackendContract).values())


def test_recording_must_be_made() -> None:
    """Nor is there a default for recording, in either."""

    class Unrecorded(StatusBackendContract):
        def make_backend(self) -> StatusBackend:
            return MemoryStatusBackend()

    class Unawaited(AsyncStatusBackendContract):
        async def make_backend(self) -> AsyncStatusBackend:
            return AwaitedBackend()

    for contract in (Unrecorded, Unawaited):
        found = outcomes(contract)
        assert "NotImplementedError" == found["test_issued_is_valid"]
        assert "passed" == found["test_unregistered_is_unknown"]


def test_backends_are_closed() -> None:
    """What was made is closed, and copies are, also when a test fails."""
    closed: list[StatusBackend] = []

    class Closes(MemoryContract):
        def close_backend(self, backend: StatusBackend) -> None:
            closed.append(backend)

    Closes().test_pickles_or_refuses()
    assert 2 == len(closed)

    class Fails(Closes):
        def record(self, backend: StatusBackend, query: StatusQuery, event: StatusEvent) -> None:
            super().record(backend, query, event)
            raise OSError

    with pytest.raises(OSError, match=r"^$"):
        Fails().test_issued_is_valid()
    assert 3 == len(closed)


def test_front_door_loads_neither_contract_nor_pytest() -> None:
    """Who only wants a trust list pays for nothing else, and the contract itself needs no pytest."""
    program = """
import sys
import certcore.testing
assert not {"certcore.testing.contract", "asyncio", "pytest"} & set(sys.modules)
certcore.testing.StatusBackendContract
assert "certcore.testing.contract" in sys.modules
certcore.testing.AsyncStatusBackendContract
assert "pytest" not in sys.modules
"""
    subprocess.run([sys.executable, "-c", program], check=True)


def test_front_door_offers_what_it_lists() -> None:
    """Every listed name is there, and no other is made up."""
    assert sorted(certcore.testing.__all__) == dir(certcore.testing)
    for name in certcore.testing.__all__:
        assert getattr(certcore.testing, name) is not None
    with pytest.raises(AttributeError, match="no attribute"):
        certcore.testing.Nothing  # type: ignore[attr-defined]  # noqa: B018  the mistake under test
