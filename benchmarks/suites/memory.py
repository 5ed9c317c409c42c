"""What is held in memory: a verifier, and a million statuses in every form. Counted by `tracemalloc`, without code."""

from __future__ import annotations

import gc
import tracemalloc
from collections.abc import Callable, Iterator
from typing import Any, Final, TypeVar

from benchmarks._desk import LIST, NOW, URI, Desk, trust_list, trusted_key
from benchmarks._measure import Figure, Setting, grouped
from benchmarks.suites.evidence import documents
from certcore import LocalSigner, StatusRef
from certcore.status import MemoryStatusBackend, SnapshotStatusBackend, StatusQuery
from certcore.status.tokenlist import open_token
from certcore.trust import TrustList

MB: Final = 1e6
KB: Final = 1e3

T = TypeVar("T")


def counted(work: Callable[[], T]) -> tuple[int, int, T]:
    """The bytes still held after some work, the most held in between, and what comes of it."""
    gc.collect()
    tracemalloc.start()
    try:
        before, _ = tracemalloc.get_traced_memory()
        result = work()
        gc.collect()
        held, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    return held - before, peak - before, result


def measure(setting: Setting) -> Iterator[Figure]:
    """Verifiers, then statuses."""
    desk = Desk(1)
    desk.assert_correct()
    for count in (10, setting.pick(1000, 20)):
        keys = [trusted_key(desk.signer), *(trusted_key(LocalSigner.generate()) for _ in range(count - 1))]
        data = trust_list(keys, desk.root)

        def make(data: bytes = data) -> object:
            return desk.verifier_with(desk.status, TrustList.open(data, root=desk.trust_root))

        held, peak, _ = counted(make)
        row = f"with a trust list of {count} keys"
        yield Figure(table="a verifier", row=row, column="held", unit="kB", rounds=(held / KB,))
        yield Figure(table="a verifier", row=row, column="at most", unit="kB", rounds=(peak / KB,))
    yield from _statuses(setting, desk)


def _statuses(setting: Setting, desk: Desk) -> Iterator[Figure]:
    entries = setting.pick(1_000_000, 1_000)
    some = setting.pick(100_000, 1_000)
    signed = documents(desk.status_signer, entries=entries, revoked=entries // 1000)
    query = StatusQuery(
        issuer="CN",
        ref=StatusRef(list=LIST, index=7),
        list_uri=URI,
        keys=desk.trust.issuers[0].status_keys,
        as_of=NOW,
        asked_at=NOW,
    )

    def snapshot() -> Any:  # noqa: ANN401  only held
        backend = SnapshotStatusBackend(signed)
        backend.lookup(query)
        return backend

    forms: dict[str, tuple[Callable[[], object], float]] = {
        "an opened list": (lambda: open_token(signed[0], uri=URI, keys=[desk.status_signer.public_key], now=NOW), 1),
        "a snapshot with list and events, one thousandth revoked": (snapshot, 1),
        f"in memory, each registered (from {grouped(some)})": (lambda: _registered(some), entries / some),
    }
    for row, (work, times) in forms.items():
        held, peak, _ = counted(work)
        table = f"{grouped(entries)} statuses"
        yield Figure(table=table, row=row, column="held", unit="MB", rounds=(held * times / MB,))
        yield Figure(table=table, row=row, column="at most", unit="MB", rounds=(peak * times / MB,))


def _registered(count: int) -> MemoryStatusBackend:
    backend = MemoryStatusBackend()
    for index in range(count):
        backend.register(StatusRef(list=LIST, index=index), at=NOW)
    return backend
