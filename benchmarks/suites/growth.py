"""A verdict with 10, a thousand, 100 000 and a million keys and entries: nothing on the way to a verdict grows.

A signed trust list has room for tens of thousands of keys, and no more. So the index of keys is filled as if more had
been signed: what is asked about is the way to a verdict, not opening.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from functools import partial

from benchmarks._desk import LIST, NOW, Desk
from benchmarks._measure import MICRO, Figure, Setting, Side, grouped, race, ratios, scaled, timed
from benchmarks.suites.evidence import documents
from certcore import StatusRef, TrustList, Verifier
from certcore.status import MemoryStatusBackend, SnapshotStatusBackend


def measure(setting: Setting) -> Iterator[Figure]:
    """Keys, then entries in memory, then entries of a list."""
    sizes = setting.pick((10, 1_000, 100_000, 1_000_000), (10, 100))
    for table, make in (
        ("keys in the trust list", _with_keys),
        ("entries in memory", _with_entries),
        ("entries of a signed list", _with_list),
    ):
        desk = Desk(setting.pick(32, 2))
        sides: dict[str, Side] = {}
        for size in sizes:
            verifier = make(desk, size)
            assert all(desk.judge_all(verifier))
            sides[grouped(size)] = timed(partial(desk.judge_all, verifier), pieces=len(desk.texts))
            setting.say(f"{table}: {size} made")
        taken = race(sides, rounds=setting.rounds)
        first = next(iter(taken.values()))
        for row, seconds in taken.items():
            yield Figure(table=table, row=row, column="a verdict", unit="µs", rounds=scaled(seconds, MICRO))
            yield Figure(table=table, row=row, column="beside the smallest", rounds=ratios(seconds, first))


def _with_keys(desk: Desk, size: int) -> Verifier:
    """The index of a list with so many keys: the same grant under other ids beside the ones that count."""
    trust = TrustList(desk.trust.contents, desk.trust_bytes)
    own = dict(trust._grants)  # noqa: SLF001  there is no signed list of this size
    spare = next(iter(own.values()))
    others = {hashlib.sha256(str(number).encode()).digest()[:4]: spare for number in range(size)}
    others |= {hashlib.sha256(str(number).encode()).digest()[:8]: spare for number in range(size - len(others))}
    return desk.verifier_with(desk.status, _indexed(trust, {**others, **own}))


def _indexed(trust: TrustList, grants: dict[bytes, object]) -> TrustList:
    object.__setattr__(trust, "_grants", grants)
    return trust


def _with_entries(desk: Desk, size: int) -> Verifier:
    status = MemoryStatusBackend()
    for index in range(max(size, len(desk.texts))):
        status.register(StatusRef(list=LIST, index=index), at=NOW)
    return desk.verifier_with(status)


def _with_list(desk: Desk, size: int) -> Verifier:
    entries = max(size, len(desk.texts))
    return desk.verifier_with(SnapshotStatusBackend(documents(desk.status_signer, entries=entries, revoked=0)))
