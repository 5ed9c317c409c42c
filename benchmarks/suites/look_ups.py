"""One status, from every kind of backend: what a verdict waits for."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from functools import partial
from importlib.util import find_spec

from benchmarks._desk import LIST, NOW, URI, Desk
from benchmarks._measure import MICRO, Figure, Setting, grouped, race, scaled, timed
from benchmarks.suites.evidence import documents
from certcore import StatusRef
from certcore.status import MemoryStatusBackend, SnapshotStatusBackend, StatusEventKind, StatusQuery, StatusRecord
from certcore.status.tokenlist import open_token

REVOKED = StatusEventKind.REVOKED

Lookup = Callable[[StatusQuery], StatusRecord]


def measure(setting: Setting) -> Iterator[Figure]:
    """Backends in turns, over the same questions."""
    entries, asked = setting.pick(1_000_000, 1_000), setting.pick(2_000, 20)
    desk = Desk(0)
    signed = documents(desk.status_signer, entries=entries, revoked=0)
    keys = desk.trust.issuers[0].status_keys
    places = random.Random(2).choices(range(entries), k=asked)
    query = partial(StatusQuery, issuer="CN", list_uri=URI, keys=keys, as_of=NOW, asked_at=NOW)
    queries = [query(ref=StatusRef(list=LIST, index=place)) for place in places]
    memory = MemoryStatusBackend()
    for place in places:
        memory.register(StatusRef(list=LIST, index=place), at=NOW)
    backends: dict[str, Lookup] = {"in memory": memory.lookup, "a snapshot": SnapshotStatusBackend(signed).lookup}
    for lookup in backends.values():
        assert all(event.kind is not REVOKED for one in queries[:50] for event in lookup(one).events)
    get = open_token(signed[0], uri=URI, keys=[desk.status_signer.public_key], now=NOW).status_list.get
    sides = {name: timed(partial(_ask, lookup, queries), pieces=asked) for name, lookup in backends.items()}
    sides["an entry of an opened list, alone"] = timed(lambda: [get(place) for place in places], pieces=asked)
    table = f"one of {grouped(entries)} entries"
    for name, seconds in race(sides, rounds=setting.rounds).items():
        yield Figure(table=table, row=name, column="each", unit="µs", rounds=scaled(seconds, MICRO))
    note = "in the suite register" if find_spec("sqlalchemy") else "not measured: the register extra is not installed"
    yield Figure(table=table, row="the register's database", column="each", unit="µs", note=note)


def _ask(lookup: Lookup, queries: list[StatusQuery]) -> None:
    for one in queries:
        lookup(one)
