"""The register on SQLite, and on PostgreSQL where ``CERTCORE_POSTGRES_URL`` names one: events a second, and look-ups.

Each on a register of its own in a temporary folder, with every commit on the disk. Where work changes the register
there is one round, because a second would find another register. What was written is counted outside the timed part.
"""

from __future__ import annotations

import os
import random
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from statistics import fmean
from typing import TypeVar
from uuid import uuid4

from sqlalchemy import create_engine, make_url, text

from benchmarks._desk import NOW, certificate, plate
from benchmarks._measure import MILLI, Figure, Setting, grouped, timed
from certcore import InspectionCertificate, Issuer, LocalSigner, StatusRef
from certcore.register import StatusRegistry
from certcore.status import StatusEventKind, StatusQuery, VehicleQuery

BATCH = 1_000
TEMPLATE = "https://status.example/{list}"

T = TypeVar("T")

Issued = tuple[InspectionCertificate, str]
Row = tuple[str, tuple[float, ...]]


class Clock:
    """A clock that is set."""

    def __init__(self) -> None:
        self.at = NOW - timedelta(days=1)

    def __call__(self) -> datetime:
        """The instant it was set to."""
        return self.at


def measure(setting: Setting) -> Iterator[Figure]:
    """Every database there is."""
    with databases(setting.folder) as found:
        for name, url in found.items():
            if url is None:
                yield Figure(table=name, row="all", column="figure", note="CERTCORE_POSTGRES_URL names no database")
                continue
            bench = Bench(url, setting)
            try:
                for row, values in bench.rows():
                    yield Figure(table=name, row=row, column="figure", rounds=values)
            finally:
                bench.registry.close()


@contextmanager
def databases(folder: Path) -> Iterator[dict[str, str | None]]:
    """Name and URL of every database, empty; None where there is none."""
    found: dict[str, str | None] = {"SQLite": f"sqlite:///{folder}/register.db", "PostgreSQL": None}
    if base := os.environ.get("CERTCORE_POSTGRES_URL"):
        url = make_url(base).set(drivername="postgresql+psycopg")
        schema = f"bench_{uuid4().hex}"
        engine = create_engine(url)
        with engine.begin() as connection:
            connection.execute(text(f"CREATE SCHEMA {schema}"))
        engine.dispose()
        own = url.update_query_dict({"options": f"-csearch_path={schema}"})
        found["PostgreSQL"] = own.render_as_string(hide_password=False)
    yield found


class Bench:
    """A register, and what is needed to measure it."""

    def __init__(self, url: str, setting: Setting) -> None:
        self.setting, self.clock, self.signer = setting, Clock(), LocalSigner.generate()
        self.count = setting.pick(10_000, 20)
        self.registry = StatusRegistry(url, clock=self.clock, list_size=1 << 13)
        self.issuer = Issuer(signer=self.signer, clock=self.clock)

    def rows(self) -> Iterator[Row]:
        """What was measured: name and values."""
        for name, events in (("recorded in batches", 1), ("recorded in batches, each superseding one", 2)):
            issued = self._signed()
            self.clock.at += timedelta(hours=1)
            yield f"{name}, events a second", self._rate(events * self.count, lambda: self._record(issued))  # noqa: B023  called here
        refs = [one.status for one, _ in issued if isinstance(one.status, StatusRef)]
        yield from self._revocations(refs)
        few = self.setting.pick(200, 2)
        yield "issued one by one, certificates a second", self._rate(few, lambda: self._one_by_one(few))
        yield "a look-up, ms", self._each(self._lookups(refs))
        yield "a vehicle by its plate, ms", self._each(self._vehicle_lookups())
        yield from self._publishing()

    def _rate(self, count: int, work: Callable[[], object]) -> tuple[float, ...]:
        return (count / timed(work, clock=time.perf_counter)(),)

    def _each(self, calls: Iterator[Callable[[], object]]) -> tuple[float, ...]:
        """Milliseconds: of many calls, the means of some at a time."""
        taken = [timed(call, clock=time.perf_counter)() for call in calls]
        return tuple(MILLI * fmean(part) for part in _parts(taken, max(1, len(taken) // 20)))

    def _signed(self) -> list[Issued]:
        """Certificates with their texts; references are given out, nothing is recorded."""
        refs = self.registry.allocate_many(self.count)
        ready = [_certificate(number, ref, self.clock()) for number, ref in enumerate(refs)]
        return [(one, self.issuer.issue(one)) for one in ready]

    def _record(self, issued: Sequence[Issued]) -> None:
        for part in _parts(issued):
            self.registry.record_many(part)

    def _revocations(self, refs: list[StatusRef]) -> Iterator[Row]:
        half, counts = refs[: self.count // 2], list[int]()

        def in_batches() -> None:
            for part in _parts(half):
                self.registry.revoke_many(part, effective_at=NOW, actor="bench", reason="measured")

        def in_one() -> None:
            found = self.registry.revoke_where(authority="闽C", effective_at=NOW, actor="bench", reason="measured")
            counts.append(found)

        yield "revoked in batches, events a second", self._rate(len(half), in_batches)
        (rate,) = self._rate(2 * self.count - len(half), in_one)
        assert [2 * self.count - len(half)] == counts
        yield "revoked in one statement, events a second", (rate,)
        record = self.registry.lookup(StatusQuery(issuer="CN", ref=refs[0], as_of=NOW, asked_at=NOW))
        assert [event.kind for event in record.events] == [StatusEventKind.ISSUED, StatusEventKind.REVOKED]

    def _one_by_one(self, count: int) -> None:
        issuer = Issuer(signer=self.signer, registry=self.registry, clock=self.clock)
        for number in range(count):
            issuer.issue(_certificate(number, None, self.clock()))

    def _lookups(self, refs: list[StatusRef]) -> Iterator[Callable[[], object]]:
        for ref in random.Random(1).choices(refs, k=self.setting.pick(2_000, 5)):
            query = StatusQuery(issuer="CN", ref=ref, as_of=NOW, asked_at=NOW)
            yield lambda query=query: self.registry.lookup(query)  # type: ignore[misc]  # mypy infers no lambda's default

    def _vehicle_lookups(self) -> Iterator[Callable[[], object]]:
        for number in random.Random(2).choices(range(self.count), k=self.setting.pick(2_000, 5)):
            query = VehicleQuery(registration_number=plate(number), country="CN", plate_type=2, as_of=NOW, asked_at=NOW)
            yield lambda query=query: self.registry.lookup_vehicle(query)  # type: ignore[misc]  # as above

    def _publishing(self) -> Iterator[Row]:
        self.clock.at = NOW + timedelta(hours=1)
        counts: list[int] = []

        def publish() -> None:
            done = self.registry.publish(self.setting.folder, signer=self.signer, uri_template=TEMPLATE)
            counts.append(len(done.published))

        changed = grouped(self.count * 2)
        yield f"publish {changed} changed entries, s", (timed(publish, clock=time.perf_counter)(),)
        yield "publish when nothing changed, ms", self._each(iter([publish]))
        assert (counts[0] > 0, counts[1]) == (True, 0)


def _certificate(number: int, ref: StatusRef | None, at: datetime) -> InspectionCertificate:
    return certificate(number, status=ref, vin=f"LSVAA418{number:09}", plate_type=2, issued_at=at)


def _parts(values: Sequence[T], size: int = BATCH) -> Iterator[Sequence[T]]:
    for start in range(0, len(values), size):
        yield values[start : start + size]
