"""The register on SQLite, and on PostgreSQL where ``CERTCORE_POSTGRES_URL`` names one: events a second, and look-ups.

Run it with ``make bench``, or ``python benchmarks/bench_register.py``. What is measured, each on a register of its own
in a temporary folder, with every commit on the disk:

- *recorded in batches*: `record_many` of certificates that are signed already, each of another vehicle; and once more
  for the same vehicles, so that each supersedes one and writes two events;
- *revoked in batches*: `revoke_many`; and all at once by `revoke_where`;
- *issued one by one*: `allocate` and `record`, two transactions for each;
- *look-up*: `lookup` of one certificate among all; `lookup_vehicle` by plate;
- *publish*: every list that changed.

What was written is counted outside the timed part. No test fails because a machine is slow.
"""

from __future__ import annotations

import os
import platform
import random
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from importlib import metadata
from pathlib import Path
from typing import Any, TypeVar
from uuid import uuid4

import pytest

pytest.importorskip("sqlalchemy", reason="the register extra is not installed")

from certcore import Basis, InspectionCertificate, Issuer, LocalSigner, Result, StatusRef
from certcore.register import StatusRegistry
from certcore.status import StatusEventKind, StatusQuery, VehicleQuery

CERTIFICATES = 10_000
BATCH = 1_000
ONE_BY_ONE = 200
LOOKUPS = 2_000
NOW = datetime(2026, 11, 22, 4, 0, tzinfo=UTC)
GOAL_EVENTS_A_SECOND = 2_000
GOAL_LOOKUP_MS = 1.0

T = TypeVar("T")

Issued = tuple[InspectionCertificate, str]


class Clock:
    """A clock that is set."""

    def __init__(self) -> None:
        self.at = NOW - timedelta(days=1)

    def __call__(self) -> datetime:
        """The instant it was set to."""
        return self.at


class Bench:
    """A register, and what is needed to measure it."""

    def __init__(self, url: str) -> None:
        self.clock = Clock()
        self.registry = StatusRegistry(url, clock=self.clock, list_size=1 << 13)
        self.signer = LocalSigner.generate()
        self.issuer = Issuer(signer=self.signer, clock=self.clock)

    def signed(self, count: int, *, first: int = 0) -> list[Issued]:
        """Certificates with their texts; references are given out, nothing is recorded."""
        refs = self.registry.allocate_many(count)
        ready = [certificate(first + number, ref, self.clock()) for number, ref in enumerate(refs)]
        return [(one, self.issuer.issue(one)) for one in ready]

    def rows(self) -> Iterator[tuple[str, float, str]]:
        """What was measured: name, figure, unit."""
        for name, events in (("recorded in batches", 1), ("recorded in batches, each superseding one", 2)):
            issued = self.signed(CERTIFICATES)
            self.clock.at += timedelta(hours=1)
            taken = timed(lambda: [self.registry.record_many(part) for part in parts(issued)])  # noqa: B023  called here
            yield name, events * CERTIFICATES / taken, "events/s"
        refs = [one.status for one, _ in issued if isinstance(one.status, StatusRef)]
        yield from self._revocations(refs)
        yield "issued one by one", ONE_BY_ONE / timed(self._one_by_one), "certificates/s"
        yield "lookup, median", 1e3 * median_of(self._lookups(refs)), "ms"
        yield "lookup_vehicle by plate, median", 1e3 * median_of(self._vehicle_lookups()), "ms"
        yield from self._publishing()

    def _revocations(self, refs: list[StatusRef]) -> Iterator[tuple[str, float, str]]:
        half = refs[: CERTIFICATES // 2]
        said: dict[str, Any] = {"actor": "bench", "reason": "measured"}
        taken = timed(lambda: [self.registry.revoke_many(part, effective_at=NOW, **said) for part in parts(half)])
        yield "revoked in batches", len(half) / taken, "events/s"
        counts: list[int] = []
        taken = timed(lambda: counts.append(self.registry.revoke_where(authority="闽C", effective_at=NOW, **said)))
        assert [2 * CERTIFICATES - len(half)] == counts
        yield "revoked in one statement", counts[0] / taken, "events/s"
        record = self.registry.lookup(StatusQuery(issuer="CN", ref=refs[0], as_of=NOW, asked_at=NOW))
        assert [event.kind for event in record.events] == [StatusEventKind.ISSUED, StatusEventKind.REVOKED]

    def _one_by_one(self) -> None:
        issuer = Issuer(signer=self.signer, registry=self.registry, clock=self.clock)
        for number in range(ONE_BY_ONE):
            issuer.issue(certificate(number, None, self.clock()))

    def _lookups(self, refs: list[StatusRef]) -> Iterator[Callable[[], object]]:
        for ref in random.Random(1).choices(refs, k=LOOKUPS):
            query = StatusQuery(issuer="CN", ref=ref, as_of=NOW, asked_at=NOW)
            yield lambda query=query: self.registry.lookup(query)  # type: ignore[misc]  # mypy infers no lambda's default

    def _vehicle_lookups(self) -> Iterator[Callable[[], object]]:
        for number in random.Random(2).choices(range(CERTIFICATES), k=LOOKUPS):
            plate = f"闽C{number:05}"
            query = VehicleQuery(registration_number=plate, country="CN", plate_type=2, as_of=NOW, asked_at=NOW)
            yield lambda query=query: self.registry.lookup_vehicle(query)  # type: ignore[misc]  # as above

    def _publishing(self) -> Iterator[tuple[str, float, str]]:
        self.clock.at = NOW + timedelta(hours=1)
        with tempfile.TemporaryDirectory() as folder:
            template = "https://status.example/{list}"
            counts: list[int] = []

            def publish() -> None:
                done = self.registry.publish(Path(folder), signer=self.signer, uri_template=template)
                counts.append(len(done.published))

            yield f"publish {CERTIFICATES * 2:,} changed entries", timed(publish), "s"
            yield "publish when nothing changed", timed(publish), "s"
            assert (counts[0] > 1, counts[1]) == (True, 0)


def certificate(number: int, ref: StatusRef | None, at: datetime) -> InspectionCertificate:
    """One of many: another vehicle for each number."""
    return InspectionCertificate(
        registration_number=f"闽C{number:05}",
        country="CN",
        vin=f"LSVAA418{number:09}",
        plate_type=2,
        valid_until=date(2027, 9, 30),
        basis=Basis.INSPECTED,
        result=Result.PASS,
        authority="闽C",
        status=ref,
        issued_at=at,
    )


def parts(values: Sequence[T]) -> Iterator[list[T]]:
    """The values in batches."""
    for start in range(0, len(values), BATCH):
        yield list(values[start : start + BATCH])


def timed(work: Callable[[], object]) -> float:
    """How long it takes, in seconds."""
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def median_of(calls: Iterator[Callable[[], object]]) -> float:
    """The median time of these calls in seconds."""
    return statistics.median(timed(call) for call in calls)


@contextmanager
def databases() -> Iterator[dict[str, str]]:
    """Name and URL of every database there is to measure, empty."""
    with tempfile.TemporaryDirectory() as folder:
        found = {f"SQLite, {folder}": f"sqlite:///{folder}/register.db"}
        if base := os.environ.get("CERTCORE_POSTGRES_URL"):
            from sqlalchemy import create_engine, make_url, text  # noqa: PLC0415  only where there is one

            url = make_url(base).set(drivername="postgresql+psycopg")
            schema = f"bench_{uuid4().hex}"
            engine = create_engine(url)
            with engine.begin() as connection:
                connection.execute(text(f"CREATE SCHEMA {schema}"))
            engine.dispose()
            own = url.update_query_dict({"options": f"-csearch_path={schema}"})
            found["PostgreSQL"] = own.render_as_string(hide_password=False)
        yield found


def environment() -> str:
    """What the figures were measured on."""
    packages = ", ".join(f"{name} {metadata.version(name)}" for name in ("SQLAlchemy", "cryptography"))
    return f"Python {platform.python_version()}, {packages}, {os.cpu_count()} cores, {platform.machine()}"


def report() -> list[str]:
    """The tables, as lines of Markdown."""
    lines = [environment()]
    with databases() as found:
        for name, url in found.items():
            lines += ["", f"| {name} | |", "|---|--:|"]
            bench = Bench(url)
            lines += [f"| {what} | {figure:,.3g} {unit} |" for what, figure, unit in bench.rows()]
            bench.registry.close()
    return lines


def test_register() -> None:
    """What is written is there; the figures are printed, and no test fails because a machine is slow."""
    sys.stdout.write("\n".join(["", *report(), ""]))


if __name__ == "__main__":
    goals = f"goals: {GOAL_EVENTS_A_SECOND} events/s in batches, a look-up under {GOAL_LOOKUP_MS} ms"
    sys.stdout.write("\n".join([*report(), goals, ""]))
