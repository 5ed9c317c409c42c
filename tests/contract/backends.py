"""What the contract's own tests share: contracts over memory, and running one outside pytest."""

from __future__ import annotations

from unittest import SkipTest

from certcore.errors import StatusError
from certcore.payload import StatusListEntry, StatusRef
from certcore.status import (
    MemoryStatusBackend,
    StatusBackend,
    StatusEvent,
    StatusEventKind,
    StatusQuery,
    StatusRecord,
)
from certcore.testing import AsyncStatusBackendContract, StatusBackendContract

Contract = type[StatusBackendContract] | type[AsyncStatusBackendContract]


def subject(query: StatusQuery) -> StatusRef | StatusListEntry | bytes:
    """What a query is about."""
    ref = query.ref or query.certificate_id
    assert ref is not None
    return ref


def file(backend: MemoryStatusBackend, query: StatusQuery, event: StatusEvent) -> None:
    """Record an event in a register in memory, its registration among them."""
    if event.kind is StatusEventKind.ISSUED:
        assert event.effective_at == event.recorded_at
        backend.register(subject(query), issuer=query.issuer, at=event.recorded_at)
    else:
        backend.record(subject(query), event, issuer=query.issuer)


class BreakableBackend(MemoryStatusBackend):
    """A register in memory that can be made to fail."""

    is_broken = False

    def lookup(self, query: StatusQuery, /) -> StatusRecord:
        """As in memory, until it is broken."""
        if self.is_broken:
            raise StatusError("status-unavailable")
        return super().lookup(query)


class MemoryContract(StatusBackendContract):
    """The contract over a register in memory."""

    def make_backend(self) -> StatusBackend:
        """An empty one."""
        return BreakableBackend()

    def record(self, backend: StatusBackend, query: StatusQuery, event: StatusEvent) -> None:
        """File it for the issuer and the certificate."""
        assert isinstance(backend, MemoryStatusBackend)
        file(backend, query, event)

    def break_backend(self, backend: StatusBackend) -> None:
        """Fail from now on."""
        assert isinstance(backend, BreakableBackend)
        backend.is_broken = True


def promises_of(contract: Contract) -> list[str]:
    """The names of a contract's tests."""
    return sorted(name for name in dir(contract) if name.startswith("test_"))


def outcomes(contract: Contract) -> dict[str, str]:
    """What becomes of each of a contract's tests: passed, skipped, or the name of what it raised."""
    found = {}
    for name in promises_of(contract):
        try:
            getattr(contract(), name)()
        except SkipTest:
            found[name] = "skipped"
        except Exception as failure:  # noqa: BLE001  a backend may raise anything
            found[name] = type(failure).__name__
        else:
            found[name] = "passed"
    return found


def failed(contract: Contract) -> set[str]:
    """The tests that did not pass and were not skipped, without their prefix."""
    return {name.removeprefix("test_") for name, how in outcomes(contract).items() if how not in {"passed", "skipped"}}
