"""One verifier for everybody: in a pickle, in other processes, in 32 threads at once. It answers alike, and stays."""

from __future__ import annotations

import multiprocessing
import pickle
import sys
import threading
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from datetime import UTC, date, datetime, timedelta
from enum import Enum
from multiprocessing.connection import Connection
from types import MappingProxyType
from typing import Any, Final
from zoneinfo import ZoneInfo

import attrs
import pytest

from certcore import Expected, LocalSigner, Policy, StatusRef, VehicleVerdict, Verdict, Verifier
from certcore.keys import PublicKey
from certcore.status import (
    HTTPStatusBackend,
    MemoryStatusBackend,
    SnapshotStatusBackend,
    StatusEvent,
    StatusEventKind,
    VehicleFlag,
)
from certcore.status.eventlist import STATUS_EVENTS_TYPE
from certcore.status.tokenlist import STATUS_LIST_TYPE, StatusList, issue_events, issue_token
from certcore.testing import FixedClock
from certcore.trust import KeyUsage, ListTemplate, TrustList
from tests.status.fault_server import FaultServer, Reply
from tests.truth_table.cases import cases
from tests.verify_cases import (
    ISSUED,
    LONG_AGO,
    NOW,
    PLATE,
    SEEN,
    SIGNER,
    VIN,
    certificate,
    seal,
    trust_list,
    trusted_issuer,
    trusted_key,
)

KINDS: Final = ("memory", "snapshot", "http")
THREADS: Final = 32
PATIENCE: Final = 60
"""Seconds after which a test that hangs has failed; none waits for it otherwise."""

DAY: Final = timedelta(days=1)
GOOD, REVOKED = StatusRef(list=12, index=3), StatusRef(list=12, index=5)
SINCE: Final = datetime(2026, 9, 1, 2, 30, tzinfo=UTC)
STATUS_SIGNER: Final = LocalSigner.generate()
TEXTS: Final = (
    seal(certificate(status=GOOD)),
    seal(certificate(status=REVOKED)),
    seal(certificate(status=GOOD, valid_until=date(2026, 8, 31))),
    "HELLO",
)
MOMENTS: Final = (SINCE, SINCE - DAY, date(2026, 9, 1), date(2026, 9, 30), NOW)
VEHICLES: Final = ({"vin": VIN}, {"registration_number": PLATE, "country": "CN", "plate_type": 2})


def documents(base: str) -> tuple[bytes, bytes]:
    """The signed list of the certificates, and the events beside it."""
    uri = f"{base}/12"
    times: dict[str, Any] = {"issued_at": NOW - timedelta(minutes=1), "expires_at": NOW + DAY}
    revoked = StatusEvent(kind=StatusEventKind.REVOKED, effective_at=SINCE, recorded_at=SINCE, reason="stolen")
    token = issue_token(StatusList.from_values({5: 1}, size=64), uri=uri, signer=STATUS_SIGNER, ttl=DAY, **times)
    events = issue_events({5: [revoked]}, uri=uri, signer=STATUS_SIGNER, history_from=LONG_AGO, **times)
    return token, events


def trust(base: str) -> TrustList:
    """The trust list whose issuer publishes there."""
    template = ListTemplate(uri=f"{base}/{{list}}", not_before=LONG_AGO)
    keys = trusted_key(SIGNER), trusted_key(STATUS_SIGNER, usage=KeyUsage.STATUS)
    return trust_list(trusted_issuer(*keys, list_templates=[template]))


def in_memory() -> MemoryStatusBackend:
    """The same register in memory, with the vehicle."""
    register = MemoryStatusBackend()
    for ref in (GOOD, REVOKED):
        register.register(ref, at=ISSUED)
    register.revoke(REVOKED, at=SINCE, effective_at=SINCE, reason="stolen")
    register.register_vehicle(
        VehicleFlag(code="G"),
        registration_number=PLATE,
        country="CN",
        plate_type=2,
        vin=VIN,
        valid_until=date(2027, 9, 30),
    )
    return register


@pytest.fixture(params=KINDS)
def asking(request: pytest.FixtureRequest) -> Iterator[Verifier]:
    """A verifier on each kind of backend."""
    kind = request.param
    base = "https://status.example/lists"
    with closing(FaultServer()) as server:
        status: Any = in_memory()
        if kind == "snapshot":
            status = SnapshotStatusBackend(documents(base))
        elif kind == "http":
            pytest.importorskip("httpx2", reason="httpx2 is not installed: the http extra")
            from certcore.status._documents import events_uri

            base = f"{server.url}/lists"
            token, events = documents(base)
            server.routes["/lists/12"] = Reply(headers={"Content-Type": STATUS_LIST_TYPE}, body=token)
            server.routes[events_uri("/lists/12")] = Reply(headers={"Content-Type": STATUS_EVENTS_TYPE}, body=events)
            status = HTTPStatusBackend(deadline=timedelta(seconds=30))
        yield Verifier(
            trust=trust(base), status=status, policy=Policy.claims(), vehicles=in_memory(), clock=FixedClock(NOW)
        )
        if isinstance(status, HTTPStatusBackend):
            status.close()


def answers(asking: Verifier, texts: tuple[str, ...] = TEXTS) -> list[str]:
    """What it says to many questions, as JSON."""
    found: list[Verdict | VehicleVerdict] = [
        asking.verify(text, as_of=as_of, expect=SEEN) for text in texts for as_of in MOMENTS
    ]
    found += [asking.check_vehicle(as_of=as_of, **about) for about in VEHICLES for as_of in MOMENTS]
    return [verdict.to_json() for verdict in found]


@contextmanager
def copied(asking: Verifier) -> Iterator[Verifier]:
    """A copy by pickle, whose connections are closed at the end."""
    copy: Verifier = pickle.loads(pickle.dumps(asking))  # noqa: S301  our own bytes
    yield copy
    if isinstance(copy.status, HTTPStatusBackend):
        copy.status.close()


def alone(asking: Verifier) -> list[str]:
    """What a copy says that nobody shares."""
    with copied(asking) as copy:
        return answers(copy)


def answer_into(box: Connection, pickled: bytes, texts: tuple[str, ...]) -> None:
    """Answer in another process, from a pickle; its certificates are given along, as it would sign others."""
    box.send(answers(pickle.loads(pickled), texts))  # noqa: S301  our own bytes


def answer_shared(box: Connection, asking: Verifier) -> None:
    """Answer in a forked process, with the very objects of the first."""
    box.send(answers(asking))


def received(process: multiprocessing.process.BaseProcess, box: Connection) -> object:
    """What the process answered; it is gone afterwards."""
    process.start()
    try:
        assert box.poll(PATIENCE), "the other process does not answer"
        return box.recv()
    finally:
        process.join(PATIENCE)
        process.kill()


def test_the_answers_are_worth_comparing(asking: Verifier) -> None:
    """The questions come to every outcome."""
    found = {verdict.split('"outcome":"')[1].split('"')[0] for verdict in answers(asking)}

    assert {"valid", "invalid", "undetermined"} == found


def test_a_pickle_answers_alike(asking: Verifier) -> None:
    """A pickled verifier gives the same answers, before and after it was used."""
    with copied(asking) as fresh:
        expected = answers(asking)

        assert expected == answers(fresh) == alone(asking) == answers(asking)
        assert (asking.trust, asking.policy, asking.clock) == (fresh.trust, fresh.policy, fresh.clock)


@pytest.mark.slow
def test_it_survives_spawn(asking: Verifier) -> None:
    """It answers alike in a process that shares nothing with this one."""
    expected = answers(asking)
    context = multiprocessing.get_context("spawn")
    box, other = context.Pipe(duplex=False)

    arguments = (other, pickle.dumps(asking), TEXTS)

    assert expected == received(context.Process(target=answer_into, args=arguments), box)


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="there is no fork here")
@pytest.mark.filterwarnings("ignore:This process .* is multi-threaded:DeprecationWarning")
@pytest.mark.parametrize("is_used", [False, True], ids=["fresh", "used"])
def test_it_survives_fork(asking: Verifier, *, is_used: bool) -> None:
    """It answers alike in a forked process, whether it was used before or not; and in this one afterwards."""
    expected = alone(asking)
    if is_used:
        answers(asking)
    context = multiprocessing.get_context("fork")
    box, other = context.Pipe(duplex=False)

    assert expected == received(context.Process(target=answer_shared, args=(other, asking)), box)
    assert expected == answers(asking)


def at_once(work: Any) -> list[Any]:  # noqa: ANN401  any function
    """What 32 threads that begin together get."""
    together = threading.Barrier(THREADS)

    def wait_and_work(number: int) -> Any:  # noqa: ANN401  as above
        together.wait(PATIENCE)
        return work(number)

    with ThreadPoolExecutor(THREADS) as pool:
        return list(pool.map(wait_and_work, range(THREADS), timeout=PATIENCE))


def test_32_threads_at_once(asking: Verifier) -> None:
    """Threads that begin together on a fresh verifier all get what one alone gets."""
    expected = alone(asking)

    assert [expected] * THREADS == at_once(lambda _: answers(asking))


def test_32_threads_on_the_truth_table() -> None:
    """Each row of the table, asked by 32 threads, each in another order."""
    rows = [case for case in cases() if not case.name.startswith("time-stamped")]
    expected = {id(case): case.ask().to_json() for case in rows}

    def ask(number: int) -> bool:
        turned = rows[number * 7 :] + rows[: number * 7]
        return all(expected[id(case)] == case.ask().to_json() for case in turned)

    assert [True] * THREADS == at_once(ask)


def test_asking_changes_nothing(asking: Verifier) -> None:
    """Neither verifier, trust list nor policy is another afterwards, nor what a register in memory holds."""
    before = (pickle.dumps(asking.trust), pickle.dumps(asking.policy), pickle.dumps(asking.vehicles), repr(asking))

    answers(asking)

    assert before == (
        pickle.dumps(asking.trust),
        pickle.dumps(asking.policy),
        pickle.dumps(asking.vehicles),
        repr(asking),
    )


@pytest.mark.parametrize("name", [field.name for field in attrs.fields(Verifier)])
def test_it_is_frozen(name: str) -> None:
    """No part of it can be put in another's place, or taken away."""
    asking = Verifier(trust=trust_list(), status=None, policy=Policy.claims())

    with pytest.raises(attrs.exceptions.FrozenInstanceError):
        setattr(asking, name, None)
    with pytest.raises(attrs.exceptions.FrozenInstanceError):
        delattr(asking, name)


def test_another_trust_list_is_another_verifier() -> None:
    """`with_trust` leaves the verifier as it is."""
    first, second = trust_list(version=1), trust_list(version=2)
    asking = Verifier(trust=first, status=None, policy=Policy.claims())

    assert second is asking.with_trust(second).trust
    assert first is asking.trust


_PLAIN: Final = (str, bytes, int, float, bool, type(None), datetime, date, timedelta, Enum, ZoneInfo, PublicKey, type)


def mutable(thing: object, *, public: bool, seen: set[int] | None = None) -> Iterator[object]:
    """What can be changed in place among the things a value is made of, through its attributes at any depth."""
    seen = set() if seen is None else seen
    if isinstance(thing, _PLAIN) or id(thing) in seen:
        return
    seen.add(id(thing))
    parts: list[object] = []
    if isinstance(thing, (tuple, frozenset, MappingProxyType)):
        parts = [*thing.items()] if isinstance(thing, Mapping) else [*thing]
    elif attrs.has(kind := type(thing)):
        if not is_frozen(thing):
            yield thing
        fields = [field.name for field in attrs.fields(kind)]
        parts = [getattr(thing, name) for name in fields if not (public and name.startswith("_"))]
    else:
        yield thing
    for part in parts:
        yield from mutable(part, public=public, seen=seen)


def is_frozen(thing: object) -> bool:
    """Whether attrs made it so that its attributes cannot be set."""
    return type(thing).__setattr__ is not object.__setattr__


@pytest.mark.parametrize("case", [pytest.param(case, id=case.name) for case in cases()])
def test_nothing_of_a_verdict_can_be_changed(case: Any) -> None:  # noqa: ANN401  a row
    """All that a verdict shows is made of values that cannot be changed in place."""
    verdict = case.ask()

    assert [] == list(mutable(verdict, public=True))
    assert type(verdict.reasons) is tuple


def test_two_verdicts_share_nothing_that_changes(asking: Verifier) -> None:
    """What two verdicts have in common cannot be changed, even below the surface; a dict is new each time."""
    first, second = (asking.verify(TEXTS[1], as_of=SINCE - DAY, expect=SEEN) for _ in range(2))
    below = {id(thing): thing for thing in mutable(first, public=False)}
    shared = [below[id(thing)] for thing in mutable(second, public=False) if id(thing) in below]

    assert [] == [thing for thing in shared if not isinstance(thing, TrustList)]
    assert first.to_dict() is not first.to_dict()
    changed = first.to_dict()
    changed["reasons"].clear()
    changed["certificate"].clear()
    assert first.to_dict() == second.to_dict()


def test_an_expectation_is_not_shared_either() -> None:
    """What the caller expects is frozen, so changing it later cannot change a verdict's question."""
    with pytest.raises(attrs.exceptions.FrozenInstanceError):
        Expected(vin=VIN).vin = "184211"  # type: ignore[misc]  # the mistake under test
