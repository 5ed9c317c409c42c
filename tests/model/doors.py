"""Puts a case of the model to certcore: as a certificate, a trust list, a policy and something that can be asked."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from functools import cache
from typing import Final

import attrs

from certcore import (
    AsyncVerifier,
    Basis,
    InspectionCertificate,
    LocalSigner,
    Need,
    Policy,
    Result,
    StatusRef,
    TrustList,
    Verdict,
    Verifier,
    armor,
    cose,
    payload,
)
from certcore.evidence import Evidence
from certcore.status import (
    MemoryStatusBackend,
    SnapshotStatusBackend,
    StatusBackend,
    StatusEvent,
    StatusObservation,
    StatusQuery,
    StatusRecord,
    StatusState,
)
from certcore.status.eventlist import STATUS_EVENTS_TYPE
from certcore.status.tokenlist import StatusList, issue_events, issue_token
from certcore.testing import FixedClock
from certcore.trust import Environment, KeyUsage, ListTemplate, TrustedIssuer, TrustedKey, TrustListContents, TrustRoot
from tests.model.case import Case, Event, List, Register
from tests.status.fault_server import FaultServer, Reply, Seen
from tests.status.http_cases import cwt

LONG_AGO: Final = datetime(2010, 1, 1, tzinfo=UTC)
FAR_OFF: Final = datetime(2040, 1, 1, tzinfo=UTC)
ROOT_SIGNER: Final = LocalSigner.generate()
SIGNER: Final = LocalSigner.generate()
STATUS_SIGNER: Final = LocalSigner.generate()
ROOT: Final = TrustRoot(keys=[ROOT_SIGNER.public_key])
HOST: Final = "https://status.example"
REF: Final = StatusRef(list=7, index=5)
_VALUES: Final = {"valid": 0, "revoked": 1, "suspended": 2, "superseded": 3}


@cache
def trust(zone: str, *, suspends: bool, retroactive: bool, host: str = HOST) -> TrustList:
    """A trust list of one issuer with that zone and these flags."""
    keys = [
        TrustedKey(public_key=signer.public_key, usage=usage, not_before=LONG_AGO, not_after=FAR_OFF)
        for signer, usage in ((SIGNER, KeyUsage.CERTIFICATE), (STATUS_SIGNER, KeyUsage.STATUS))
    ]
    issuer = TrustedIssuer(
        id="DE",
        name="Test issuer",
        country="DE",
        time_zone=zone,
        keys=keys,
        list_templates=[ListTemplate(uri=f"{host}/{{list}}", not_before=LONG_AGO)],
        suspends=suspends,
        retroactive=retroactive,
    )
    contents = TrustListContents(
        version=1,
        issued_at=LONG_AGO,
        next_update_at=FAR_OFF,
        environment=Environment.PRODUCTION,
        issuers=[issuer],
    )
    return TrustList.open(contents.sign(ROOT_SIGNER), root=ROOT)


@cache
def policy(need: Need, max_status_age: timedelta | None, clock_skew: timedelta) -> Policy:
    """A policy that weighs status alone."""
    return Policy(
        name="model",
        status=need,
        vehicle=Need.NOT_USED,
        binding=(),
        max_status_age=max_status_age,
        max_trust_age=None,
        clock_skew=clock_skew,
    )


@cache
def text(issued_at: datetime, first: date | None, last: date, ref: StatusRef, *, passed: bool) -> str:
    """The signed certificate."""
    stated = InspectionCertificate(
        registration_number="B-AB 123",
        vin="WVWZZZ1JZXW000001",
        valid_from=first,
        valid_until=last,
        basis=Basis.INSPECTED,
        result=Result.PASS if passed else Result.MAJOR,
        authority="B",
        status=ref,
        issued_at=issued_at,
    )
    return armor.encode(cose.sign1(payload.encode(stated), signer=SIGNER))


def ask(case: Case, backend: StatusBackend, *, host: str = HOST, number: int = REF.list) -> Verdict:
    """The verdict on a case."""
    ref = StatusRef(list=number, index=REF.index)
    return verifier(case, backend, host).verify(_text(case, ref), as_of=case.as_of, known_at=case.known_at)


def verifier(case: Case, backend: StatusBackend, host: str = HOST) -> Verifier:
    """Who answers a case."""
    need = Need.REQUIRED if case.required else Need.IF_AVAILABLE
    return Verifier(
        trust=trust(case.zone, suspends=case.suspends, retroactive=case.retroactive, host=host),
        status=backend,
        policy=policy(need, case.max_status_age, case.clock_skew),
        clock=FixedClock(case.evaluated_at),
    )


def ask_later(case: Case, backend: StatusBackend) -> Verdict:
    """The same in an event loop."""
    asked = verifier(case, backend)
    later = AsyncVerifier(trust=asked.trust, status=_Later(backend), policy=asked.policy, clock=asked.clock)
    return asyncio.run(later.verify(_text(case, REF), as_of=case.as_of, known_at=case.known_at))


def replay(verdict: Verdict) -> Verdict:
    """The same again from the bytes of its evidence."""
    return Evidence.from_bytes(verdict.evidence.to_bytes()).replay(ROOT)


def _text(case: Case, ref: StatusRef) -> str:
    return text(case.issued_at, case.first_day, case.last_day, ref, passed=case.passed)


@attrs.frozen
class _Later:
    backend: StatusBackend

    async def lookup(self, query: StatusQuery, /) -> StatusRecord:
        return self.backend.lookup(query)


@attrs.frozen
class _Answer:
    record: StatusRecord

    def lookup(self, _query: StatusQuery, /) -> StatusRecord:
        return self.record


def memory(case: Case) -> MemoryStatusBackend:
    """A register in memory that was told the events of the one that the case has."""
    backend = MemoryStatusBackend()
    (register,) = case.registers
    backend.register(REF, at=case.issued_at)
    for event in _events(register.events):
        backend.record(REF, event)
    return backend


def answer(case: Case) -> _Answer:
    """Somebody's register, which answers what the case says."""
    (register,) = case.registers
    record = StatusRecord(
        events=_events(register.events, kinds="all"),
        observations=[StatusObservation(state=StatusState(a.state), at=a.iat) for a in case.lists],
        observed_at=register.iat,
        history_from=register.history_from,
        reliable_until=register.reliable_until,
    )
    return _Answer(record)


def snapshot(case: Case) -> SnapshotStatusBackend:
    """The signed documents of a case, in memory."""
    uri = f"{HOST}/{REF.list}"
    return SnapshotStatusBackend(
        [*(signed_list(a, uri) for a in case.lists), *(signed_events(r, uri) for r in case.registers)]
    )


def signed_list(stated: List, uri: str) -> bytes:
    """A list as it is published."""
    entries = StatusList.from_values({REF.index: _VALUES[stated.state]}, size=16)
    return issue_token(entries, uri=uri, signer=STATUS_SIGNER, issued_at=stated.iat, expires_at=_end(stated))


def signed_events(stated: Register, uri: str) -> bytes:
    """An events document as it is published."""
    assert stated.history_from is not None
    return issue_events(
        {REF.index: _events(stated.events)},
        uri=uri,
        signer=STATUS_SIGNER,
        history_from=stated.history_from,
        issued_at=stated.iat,
        expires_at=_end(stated),
    )


class Published:
    """A case's documents on a server, as it stands when the case is asked; it keeps count of what it gave away."""

    def __init__(self, case: Case, server: FaultServer, number: int) -> None:
        self._case, self._path, self._uri = case, f"/{number}", f"{server.url}/{number}"
        self._given: list[List | Register] = []
        server.routes["*"] = self._reply

    def told(self) -> Case:
        """The case with the documents that were given away."""
        lists = tuple({a: None for a in self._given if isinstance(a, List)})
        registers = tuple({r: None for r in self._given if isinstance(r, Register)})
        return replace(self._case, lists=lists, registers=registers)

    def _reply(self, seen: Seen) -> Reply:
        case, target = self._case, seen.target.removeprefix(self._path)
        lists = [a for a in case.lists if self._is_current(a)]
        if target == ".events":
            return self._give([r for r in case.registers if self._is_current(r)])
        if target.startswith("?time="):
            at = datetime.fromtimestamp(int(target.removeprefix("?time=")), UTC)
            lists = [a for a in case.lists if a.iat <= at < _end(a)]
        return self._give(lists)

    def _is_current(self, stated: List | Register) -> bool:
        """A server withdraws what has expired."""
        return stated.iat <= self._case.now and self._case.evaluated_at < _end(stated)

    def _give(self, found: Sequence[List | Register]) -> Reply:
        """The newest, or that there is none."""
        if not found:
            return Reply(status=404)
        newest = max(found, key=lambda a: a.iat)
        self._given.append(newest)
        if isinstance(newest, List):
            return cwt(signed_list(newest, self._uri))
        return cwt(signed_events(newest, self._uri), STATUS_EVENTS_TYPE)


def _end(stated: List | Register) -> datetime:
    assert stated.exp is not None
    return stated.exp


def _events(events: Iterable[Event], kinds: str = "changes") -> tuple[StatusEvent, ...]:
    return tuple(
        StatusEvent(kind=event.kind, effective_at=event.effective, recorded_at=event.recorded, reason="test")
        for event in events
        if kinds == "all" or event.kind != "issued"
    )
