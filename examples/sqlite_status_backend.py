"""A status backend of one's own: a register's events in SQLite, and a verifier that asks it.

A certificate that the table does not hold can never be valid, and neither can one whose table cannot be read.
"""

import sqlite3
from contextlib import closing
from datetime import UTC, date, datetime
from pathlib import Path

from certcore import Basis, InspectionCertificate, Issuer, LocalSigner, Policy, Result, StatusRef, Verifier
from certcore.errors import StatusError
from certcore.status import StatusEvent, StatusEventKind, StatusQuery, StatusRecord
from certcore.testing import make_trust

HISTORY_FROM = datetime(2026, 1, 1, tzinfo=UTC)
"""From here on the table is complete."""

EVENTS = [
    ("CN", "12/1", "issued", "2026-09-25T07:20:00+00:00", "2026-09-25T07:20:00+00:00"),
    ("CN", "12/1", "suspended", "2026-10-05T00:00:00+00:00", "2026-10-05T06:00:00+00:00"),
    ("CN", "12/1", "resumed", "2026-10-12T00:00:00+00:00", "2026-10-12T06:00:00+00:00"),
]


class SqliteStatusBackend:
    """Reads the events of one certificate from a SQLite file; opens it for each look-up, so threads may share it."""

    def __init__(self, path: Path) -> None:
        self._uri = f"{path.absolute().as_uri()}?mode=ro"

    def lookup(self, query: StatusQuery, /) -> StatusRecord:
        """What the table holds of one certificate.

        Raises:
            StatusError: ``status-unavailable``; the table cannot be read.
        """
        try:
            with closing(sqlite3.connect(self._uri, uri=True)) as connection:
                rows = connection.execute(
                    "SELECT kind, effective_at, recorded_at FROM events WHERE issuer = ? AND certificate = ?",
                    (query.issuer, query.key),
                ).fetchall()
        except sqlite3.Error as cause:
            raise StatusError("status-unavailable", "The register's file cannot be read") from cause
        events = [
            StatusEvent(
                kind=StatusEventKind(kind),
                effective_at=datetime.fromisoformat(effective_at) if effective_at else None,
                recorded_at=datetime.fromisoformat(recorded_at),
            )
            for kind, effective_at, recorded_at in rows
        ]
        return StatusRecord(events=events, observed_at=query.asked_at, history_from=HISTORY_FROM)


def fill(path: Path) -> None:
    """A register with one certificate, suspended for a week in October."""
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute(
            "CREATE TABLE events (issuer TEXT, certificate TEXT, kind TEXT, effective_at TEXT, recorded_at TEXT)"
        )
        connection.executemany("INSERT INTO events VALUES (?, ?, ?, ?, ?)", EVENTS)


def main() -> None:
    """Ask before, during and after the suspension."""
    path = Path("register.db")
    fill(path)
    signer = LocalSigner.generate()
    text = Issuer(signer=signer, country="CN").issue(
        InspectionCertificate(
            registration_number="闽C12345",
            vin="LSVAA4181E2184211",
            valid_until=date(2027, 9, 30),
            basis=Basis.INSPECTED,
            result=Result.PASS,
            authority="闽C",
            status=StatusRef(list=12, index=1),
            issued_at=datetime(2026, 9, 25, 7, 20, tzinfo=UTC),
        )
    )
    verifier = Verifier(trust=make_trust(signer), status=SqliteStatusBackend(path), policy=Policy.counterparty())
    expected = {date(2026, 10, 1): "valid", date(2026, 10, 8): "invalid", date(2026, 10, 20): "valid"}
    for day, outcome in expected.items():
        verdict = verifier.verify(text, as_of=day)
        print(day, verdict.outcome.value, ", ".join(reason.code for reason in verdict.reasons))
        assert outcome == verdict.outcome.value

    for interval in verdict.in_force:
        print("in force from", interval.start_at, "to", interval.end_at)


if __name__ == "__main__":
    main()
