"""The issuer's register keeps the contract: on SQLite, told of everything by its own methods, at times of its clock."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Final

import attrs
import pytest

from certcore.issue import Issuer
from certcore.keys import LocalSigner
from certcore.payload import Basis, InspectionCertificate, Result, StatusListEntry, StatusRef
from certcore.status import StatusBackend, StatusEvent, StatusEventKind, StatusQuery
from certcore.testing import StatusBackendContract

pytest.importorskip("sqlalchemy", reason="the register extra is not installed")

from certcore.register import StatusRegistry

SIGNER: Final = LocalSigner.generate()


@attrs.define
class SetClock:
    """A clock that shows what it was set to."""

    at: datetime

    def __call__(self) -> datetime:
        """The instant it was set to."""
        return self.at


class TestRegister(StatusBackendContract):
    """One issuer's register, which gives out its own references; to the second, and it pickles by its URL."""

    references = (StatusRef,)
    several_issuers = False
    pickles = True

    @pytest.fixture(autouse=True)
    def folder(self, tmp_path: Path) -> None:
        """A folder for the database."""
        self.path = tmp_path / "register.db"

    def make_backend(self) -> StatusBackend:
        """A register that began before anything on trial was issued."""
        self.clock = SetClock(self.now - timedelta(days=100))
        self.registry = StatusRegistry(f"sqlite:///{self.path}", issuer="CN", clock=self.clock)
        return self.registry

    def make_reference(self, kind: type[StatusRef | StatusListEntry | bytes]) -> StatusRef:
        """One that the register gives out."""
        assert kind is StatusRef
        return self.registry.allocate()

    def record(self, backend: StatusBackend, query: StatusQuery, event: StatusEvent) -> None:
        """Issue, revoke, suspend, resume or supersede, when the event was recorded."""
        assert isinstance(backend, StatusRegistry)
        assert isinstance(query.ref, StatusRef)
        self.clock.at = event.recorded_at
        if event.kind is StatusEventKind.ISSUED:
            self._issue(backend, query.ref)
            return
        methods: dict[StatusEventKind, Callable[..., None]] = {
            StatusEventKind.REVOKED: backend.revoke,
            StatusEventKind.SUSPENDED: backend.suspend,
            StatusEventKind.RESUMED: backend.resume,
            StatusEventKind.SUPERSEDED: backend.supersede,
        }
        methods[event.kind](query.ref, effective_at=event.effective_at, actor="test", reason=event.reason)

    def break_backend(self, backend: StatusBackend) -> None:
        """Put something else in the database's place."""
        self.close_backend(backend)
        for suffix in ("", "-wal", "-shm"):
            Path(f"{self.path}{suffix}").unlink(missing_ok=True)
        self.path.write_bytes(b"no database" * 1000)

    def close_backend(self, backend: StatusBackend) -> None:
        """Give up its connections."""
        assert isinstance(backend, StatusRegistry)
        backend.close()

    def _issue(self, registry: StatusRegistry, ref: StatusRef) -> None:
        """Issue a certificate for a vehicle of its own: another one's would supersede it."""
        certificate = InspectionCertificate(
            registration_number=f"闽C{ref.list}{ref.index:06}",
            country="CN",
            vin=f"TEST{ref.list:03}{ref.index:08}",
            valid_until=date(2027, 9, 30),
            basis=Basis.INSPECTED,
            result=Result.PASS,
            authority="闽C",
            status=ref,
            issued_at=self.clock.at,
        )
        Issuer(signer=SIGNER, registry=registry, clock=self.clock).issue(certificate)
