"""Who and what the register's tests are about: a clock to be set, an issuer, vehicles, and databases."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any, Final
from uuid import uuid4

import attrs

from certcore import InspectionCertificate, Issuer, LocalSigner
from certcore.certificate.confidential import seal
from certcore.keys import ES256
from certcore.keys._group import GroupKey
from certcore.payload import Basis, Result, StatusRef
from certcore.register.log import StatusRegistry
from certcore.status import StatusQuery, StatusRecord, VehicleQuery

BEGIN: Final = datetime(2026, 9, 1, 0, 0, tzinfo=UTC)
NOW: Final = datetime(2026, 11, 22, 4, 0, tzinfo=UTC)
DAY: Final = timedelta(days=1)
SIGNER: Final = LocalSigner.generate(ES256)
STATUS_SIGNER: Final = LocalSigner.generate(ES256)
GROUP_KEY: Final = GroupKey.generate()
SOURCE: Final = Path(__file__).parents[2] / "src"
POSTGRES: Final = os.environ.get("CERTCORE_POSTGRES_URL")


@attrs.define
class SetClock:
    """A clock that shows what it was set to."""

    at: datetime = NOW

    def __call__(self) -> datetime:
        """The instant it was set to."""
        return self.at

    def pass_by(self, time: timedelta = timedelta(seconds=1)) -> datetime:
        """Some time later."""
        self.at += time
        return self.at


def certificate(number: int = 1, **changes: Any) -> InspectionCertificate:  # noqa: ANN401  a certificate's fields
    """One of the vehicle of this number."""
    fields: dict[str, Any] = {
        "registration_number": f"闽C{10000 + number}",
        "country": "CN",
        "vin": f"LSVAA418{number:09d}",
        "plate_type": 2,
        "valid_until": date(2027, 9, 30),
        "basis": Basis.INSPECTED,
        "result": Result.PASS,
        "authority": "闽C",
    }
    return InspectionCertificate(**(fields | changes))


def issue(
    registry: StatusRegistry,
    clock: SetClock,
    number: int = 1,
    *,
    signer: LocalSigner = SIGNER,
    **changes: Any,  # noqa: ANN401  a certificate's fields
) -> tuple[StatusRef, str]:
    """Issue a certificate, recorded; its reference and its text."""
    said: dict[str, Any] = {"supersedes_from": changes.pop("supersedes_from", None)}
    if hidden := changes.pop("confidential", ()):
        said |= {"confidential": hidden, "group_key": GROUP_KEY}
    issuer = Issuer(signer=signer, country="CN", registry=registry, clock=clock)
    ready = issuer.complete(certificate(number, **changes))
    assert isinstance(ready.status, StatusRef)
    return ready.status, issuer.issue(ready, **said)


def prepared(
    registry: StatusRegistry,
    clock: SetClock,
    count: int,
    *,
    first: int = 0,
    **changes: Any,  # noqa: ANN401  a certificate's fields
) -> list[tuple[InspectionCertificate, str]]:
    """Certificates with their texts, signed and not yet recorded."""
    refs = registry.allocate_many(count)
    issuer = Issuer(signer=SIGNER, country="CN", clock=clock)
    hidden = changes.pop("confidential", ())
    ready = [certificate(first + number, status=ref, issued_at=clock(), **changes) for number, ref in enumerate(refs)]
    if hidden:
        ready = [seal(one, fields=hidden, group_key=GROUP_KEY, issuer_id="CN") for one in ready]
    return [(one, issuer.issue(one)) for one in ready]


def look_up(registry: StatusRegistry, ref: StatusRef, *, issuer: str = "CN", at: datetime = NOW) -> StatusRecord:
    """What the register says of a reference."""
    return registry.lookup(StatusQuery(issuer=issuer, ref=ref, as_of=at, asked_at=at))


def kinds(record: StatusRecord) -> list[str]:
    """What happened, in the order of the log."""
    return [event.kind.value for event in record.events]


def vehicle(number: int = 1, *, at: datetime = NOW, **changes: Any) -> VehicleQuery:  # noqa: ANN401  a query's fields
    """The question about the vehicle of this number, by its plate."""
    fields: dict[str, Any] = {"registration_number": f"闽C·{10000 + number}", "country": "CN", "plate_type": 2}
    return VehicleQuery(as_of=at, asked_at=at, **(fields | changes))


@contextmanager
def database(kind: str, folder: Path) -> Iterator[str]:
    """The URL of an empty database: a file, or a schema of its own in the PostgreSQL that the environment names."""
    if kind == "sqlite":
        yield f"sqlite:///{folder / 'register.db'}"
        return
    from sqlalchemy import create_engine, make_url, text

    assert POSTGRES is not None
    base = make_url(POSTGRES).set(drivername="postgresql+psycopg")
    schema = f"register_{uuid4().hex}"
    engine = create_engine(base)
    try:
        with engine.begin() as connection:
            connection.execute(text(f"CREATE SCHEMA {schema}"))
        yield base.update_query_dict({"options": f"-csearch_path={schema}"}).render_as_string(hide_password=False)
        with engine.begin() as connection:
            connection.execute(text(f"DROP SCHEMA {schema} CASCADE"))
    finally:
        engine.dispose()
