"""`StatusRegistry`: the issuer's durable, append-only record of what was issued and what happened to it since.

It has the issuer's methods, and checks their arguments. SQL is in the private modules, and decisions about a moment are
in `certcore.status.timeline`.

One register belongs to one issuer. It is safe to share between threads and between processes, also forked ones; writers
take turns. When a method returns, its result is on the disk. A failed call has written nothing; if an answer was lost,
the call may be repeated.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any, Final

from sqlalchemy import select

from certcore._clock import utc_now
from certcore._instants import utc
from certcore.certificate._values import text as short_text
from certcore.errors import IssuingError, StatusError
from certcore.keys import Signer
from certcore.keys._trusted import VerifyingKey
from certcore.payload import InspectionCertificate, StatusRef
from certcore.proofs import receipts
from certcore.register._publication import _recovery
from certcore.register._store import _entries, _events, _holdings, _indices, _opening, _schema, _vehicles
from certcore.register._store._database import DEFAULT_TIMEOUT, Database
from certcore.register._store._events import Criteria, Happening, Reference
from certcore.register._store._lists import ListChanges, ListHead
from certcore.register.publish import DEFAULT_LIFETIME, DEFAULT_TTL, Publication
from certcore.register.publish import publish as publish_to
from certcore.status._signed import seconds
from certcore.status.protocol import (
    StatusEvent,
    StatusEventKind,
    StatusQuery,
    StatusRecord,
    VehicleQuery,
    VehicleRecord,
)
from certcore.status.vehicledoc import stated_day
from certcore.trust import TrustList
from certcore.vocabulary._codes import is_country_code

__all__ = [
    "StatusRegistry",
]

DEFAULT_LIST_SIZE: Final = 1 << 17
"""Entries of a list: enough to hide one among (W3C's least is 131 072), and with one event each 4 MB of events."""


class StatusRegistry:
    """The issuer's register in one database, made where there is none yet.

    It is a `certcore.issue.Register`, a `StatusBackend` and a `VehicleStatusBackend`. Besides what the methods name,
    writing raises ``register-failed`` (IssuingError) and looking up ``status-unavailable`` (StatusError) when the
    database fails; a caller's misuse stays `ValueError` or `TypeError`. An instant or a day before 1970 or after 9998
    is such misuse: no document could state it. It pickles without its connections, unless its URL holds a password.

    Args:
        url: ``sqlite:///register.db``, or ``postgresql://user@host/name`` (needs psycopg).
        clock: what time it is.
        issuer: the issuer's id; look-ups about another's certificates are then answered as unknown.
        country: of plates whose certificates state none.
        list_size: entries of each list, of a register that is made now.
        create: make the register where there is none; else that is an error.
        timeout: how long a connection, or another writer, is waited for.

    Raises:
        IssuingError: ``register-failed``.
        ValueError: for a URL or settings that no register has, or that this one does not have.
    """

    def __init__(
        self,
        url: str,
        /,
        *,
        clock: Callable[[], datetime] = utc_now,
        issuer: str | None = None,
        country: str | None = None,
        list_size: int = DEFAULT_LIST_SIZE,
        create: bool = True,
        timeout: timedelta = DEFAULT_TIMEOUT,
    ) -> None:
        if country is not None and not is_country_code(country):
            raise ValueError("a country is two capital letters (ISO 3166-1 alpha-2)")
        if type(list_size) is not int or not 1 <= list_size <= _indices.MAX_SIZE:
            raise ValueError(f"a list has 1 to {_indices.MAX_SIZE} entries")
        self._url, self._clock, self._timeout = url, clock, timeout
        self._database = Database(url, timeout=timeout)
        try:
            self._open(issuer, country, list_size, create=create)
        except BaseException:
            self._database.close()
            raise

    # --- issuing

    def allocate(self) -> StatusRef:
        """A status reference that nobody else has, or ever will; unpredictable to who has seen others."""
        return self.allocate_many(1)[0]

    def allocate_many(self, count: int, /) -> list[StatusRef]:
        """That many of them at once."""
        if type(count) is not int or count < 1:
            raise ValueError("a count is a whole number from 1")
        with self._database.write() as connection:
            return _entries.allocate(connection, count)

    def record(
        self, certificate: InspectionCertificate, text: str, /, *, supersedes_from: datetime | None = None
    ) -> None:
        """Keep a certificate with its text; whichever of its vehicle is in force is superseded with it.

        Args:
            certificate: as `Issuer.complete` made it, with a reference of this register.
            text: what the QR symbol carries: what it says is compared, its signature is not checked.
            supersedes_from: from when the one before it is superseded; from this one's time of issue, unless given.

        Raises:
            IssuingError: ``register-failed``, also for a reference that was not given out here, or has another text.
        """
        self.record_many([(certificate, text)], supersedes_from=supersedes_from)

    def record_many(
        self, issued: Iterable[tuple[InspectionCertificate, str]], /, *, supersedes_from: datetime | None = None
    ) -> int:
        """As `record` for several, in order, all or none; how many were new."""
        at = _seconds(supersedes_from)
        held = list(issued)  # all of them are there before the clock is read: receipts rest on it
        now = self._now()
        country = self.country
        entries = [
            _entries.prepare(certificate, text, supersedes_from=at, country=country, now=now)
            for certificate, text in held
        ]
        with self._database.write() as connection:
            return _entries.record(connection, entries, now=now)

    def begin_list(self) -> int:
        """Give out references from a new list from now on; its number; after a restored backup see `recover`."""
        with self._database.write() as connection:
            return _entries.begin_list(connection)

    # --- what happens to certificates

    def revoke(self, ref: StatusRef, /, *, effective_at: datetime | None, actor: str, reason: str) -> None:
        """Revoke for good, from an instant; None: void from the start.

        Raises:
            IssuingError: ``register-failed``, also for a certificate that is not recorded.
        """
        self.revoke_many([ref], effective_at=effective_at, actor=actor, reason=reason)

    def revoke_many(
        self, refs: Iterable[StatusRef], /, *, effective_at: datetime | None, actor: str, reason: str
    ) -> int:
        """As `revoke` for several, all or none; how many of them it was new for."""
        return self._append(StatusEventKind.REVOKED, refs, _seconds(effective_at), actor, reason)

    def revoke_where(
        self,
        *,
        effective_at: datetime | None,
        actor: str,
        reason: str,
        authority: str | None = None,
        inspector: str | None = None,
        key_id: bytes | None = None,
        issued_from: datetime | None = None,
        issued_until: datetime | None = None,
    ) -> int:
        """Revoke whatever meets all that is given, in one statement; how many of them it was new for.

        Args:
            effective_at: as for `revoke`.
            actor: as for `revoke`.
            reason: as for `revoke`.
            authority: the authority they name.
            inspector: the inspector or station they name.
            key_id: the key that signed them.
            issued_from: issued at this instant or later.
            issued_until: issued before this instant.

        Raises:
            ValueError: where nothing is given: that would be every certificate there is.
        """
        criteria = Criteria(
            authority=authority,
            inspector=inspector,
            key_id=key_id,
            issued_from=_seconds(issued_from),
            issued_until=_seconds(issued_until),
        )
        if criteria == Criteria():
            raise ValueError("a bulk revocation names an authority, an inspector, a key or a window of time")
        happening = self._happening(StatusEventKind.REVOKED, _seconds(effective_at), actor, reason)
        with self._database.write() as connection:
            return _events.revoke_where(connection, criteria, happening)

    def suspend(self, ref: StatusRef, /, *, actor: str, reason: str, effective_at: datetime | None = None) -> None:
        """Suspend until resumed; from now unless told otherwise. Errors as `revoke`."""
        self._append(StatusEventKind.SUSPENDED, [ref], self._at(effective_at), actor, reason)

    def resume(self, ref: StatusRef, /, *, actor: str, reason: str, effective_at: datetime | None = None) -> None:
        """End a suspension; from now unless told otherwise. Errors as `revoke`, also where there is none."""
        self._append(StatusEventKind.RESUMED, [ref], self._at(effective_at), actor, reason)

    def supersede(self, ref: StatusRef, /, *, actor: str, reason: str, effective_at: datetime | None = None) -> None:
        """Say that a later certificate takes its place; from now unless told otherwise. Errors as `revoke`."""
        self._append(StatusEventKind.SUPERSEDED, [ref], self._at(effective_at), actor, reason)

    # --- looking up

    def text(self, ref: StatusRef, /) -> str:
        """The text that was issued: a lost mark is shown again, never issued again.

        Raises:
            StatusError: ``status-unknown-reference`` for one that is not recorded, or was erased.
        """
        with self._database.read() as connection:
            row = _events.rows_of(connection, [_reference(ref)]).get(_reference(ref))
        if row is None or row.text is None:
            raise StatusError("status-unknown-reference", "The register has no text for this reference")
        return str(row.text)

    def holdings(self, selection: _holdings.Selection, /) -> Iterator[_holdings.Holding]:
        """What is held of the certificates that are meant, the earliest issued first; for the issuer's own eyes."""
        with self._database.read() as connection:
            yield from _holdings.read(connection, selection, now=utc(self._clock()))

    def receipt(self, text: str, /, *, issuer: str | None = None, signer: Signer) -> bytes:
        """The signed word that this very text was held by the second after the one it was recorded in.

        The log's seconds are cut off, and a receipt never says earlier than it was (`certcore.proofs.receipts`).

        Args:
            text: what the QR symbol carries, exactly as it was recorded.
            issuer: the issuer's id, for a register that was made without one.
            signer: whose key signs; its usage in the trust list must be ``register``.

        Raises:
            IssuingError: ``not-recorded`` for a text that is not held, or was erased; ``signer-failed``.
            RejectedInputError: ``no-certificate``, ``foreign-format``, ``malformed`` or ``too-new``.
            StatusError: ``status-unavailable``.
            ValueError: for another issuer than the register's, or the key that signed the certificate itself.
        """
        if None not in (self.issuer, issuer) and self.issuer != issuer:
            raise ValueError("the register was made for another issuer")
        stated = self.issuer or issuer
        if stated is None:
            raise ValueError("a receipt names the issuer, which this register does not know")
        with self._database.read() as connection:
            second = _entries.recorded_at(connection, text)
        if second is None:
            raise IssuingError("not-recorded", "The register does not hold this text")
        return receipts.issue_receipt(text, issuer=stated, signer=signer, issued_at=_events.instant(second + 1))

    def lookup(self, query: StatusQuery, /) -> StatusRecord:
        """All that happened to one certificate since the register began; nothing for one it does not know."""
        events: tuple[StatusEvent, ...] = ()
        if isinstance(query.ref, StatusRef) and self.issuer in {None, query.issuer}:
            with self._database.read() as connection:
                events = _events.history(connection, _reference(query.ref))
        return StatusRecord(events=events, observed_at=query.asked_at, history_from=self.history_from)

    def lookup_vehicle(self, query: VehicleQuery, /) -> VehicleRecord:
        """Every flag a vehicle has or had, and until when its inspection runs."""
        with self._database.read() as connection:
            vehicles = _vehicles.meant(connection, query)
            flags = _vehicles.flags(connection, vehicles)
            as_of = int(query.as_of.timestamp())
            until = _vehicles.valid_until(connection, vehicles[0], as_of=as_of) if vehicles else None
        return VehicleRecord(
            known=bool(vehicles),
            flags=flags,
            valid_until=until,
            observed_at=query.asked_at,
            history_from=self.history_from,
        )

    def check(self) -> None:
        """Ask the database for something small.

        Raises:
            StatusError: ``status-unavailable``.
        """
        with self._database.read() as connection:
            connection.execute(select(_schema.REGISTER.c.id)).one()

    # --- vehicles

    def set_flag(self, code: str, /, *, vehicle: VehicleQuery, since: date | None, actor: str, reason: str) -> bool:
        """Flag a vehicle (机动车状态, a letter); False where it is flagged so already. Makes the vehicle known.

        Args:
            code: the letter.
            vehicle: which one: by VIN, else by registration number with country and type.
            since: the first civil day it holds for, where known.
            actor: who says so.
            reason: why.
        """
        return self._flag(code, vehicle, since, actor, reason, is_set=True)

    def clear_flag(self, code: str, /, *, vehicle: VehicleQuery, until: date | None, actor: str, reason: str) -> bool:
        """End a flag with its last civil day; False where there is none to end."""
        return self._flag(code, vehicle, until, actor, reason, is_set=False)

    # --- erasing

    def erase(self, ref: StatusRef, /, *, actor: str, reason: str) -> None:
        """Forget plate, VIN and text of a certificate; what happened to its reference stays answerable.

        Raises:
            IssuingError: ``register-failed``, also for one that is in force: revoke it first.
        """
        erasure = self._erasure(actor, reason)
        with self._database.write() as connection:
            _entries.erase(connection, [_reference(ref)], erasure)
        self._database.forget_the_log()

    def erase_vehicle(self, vehicle: VehicleQuery, /, *, actor: str, reason: str) -> int:
        """Forget a vehicle: as `erase` for each of its certificates; how many there were."""
        erasure = self._erasure(actor, reason)
        with self._database.write() as connection:
            found = _vehicles.find(connection, vehicle)
            refs = [] if found is None else _entries.refs_of_vehicle(connection, found)
            erased = _entries.erase(connection, refs, erasure)
            _entries.forget_vehicles(connection, [] if found is None else [found])
        self._database.forget_the_log()
        return erased

    # --- publishing

    def publish(  # noqa: PLR0913  each of them may be asked for alone
        self,
        folder: Path,
        /,
        *,
        signer: Signer,
        uri_template: str,
        now: datetime | None = None,
        lifetime: timedelta = DEFAULT_LIFETIME,
        ttl: timedelta | None = DEFAULT_TTL,
        trust: TrustList | None = None,
        withdraw: bool = False,
        set_back: bool = False,
    ) -> Publication:
        """Write the lists and events documents that changed into a folder; see `certcore.register.publish.publish`."""
        return publish_to(
            self,
            folder,
            signer=signer,
            uri_template=uri_template,
            now=self._clock() if now is None else now,
            lifetime=lifetime,
            ttl=ttl,
            trust=trust,
            withdraw=withdraw,
            set_back=set_back,
        )

    def recover(self, folder: Path, /, *, uri_template: str, keys: Iterable[VerifyingKey]) -> int:
        """Learn from the published folder what happened after this database was copied; how many events were new.

        For a database that was brought back from a backup, before it issues anything: it begins a new list then.

        Args:
            folder: what `publish` wrote.
            uri_template: as it was published with.
            keys: the status keys that signed what is in it; those of a trust list bring their dates along.

        Raises:
            IssuingError: ``register-failed`` for a folder without lists; ``register-mismatch`` for another register's.
            StatusError: for documents that none of the keys signed, or that cannot be read.
        """
        found = _recovery.read_folder(folder, uri_template, tuple(keys))
        with self._database.write() as connection:
            learnt = _recovery.recover(connection, found, now=self._now())
        self._open(self.issuer, self.country, DEFAULT_LIST_SIZE, create=False)
        return learnt

    def list_heads(self, *, now: datetime) -> list[ListHead]:
        """For publishing: every list with the mark of its latest change, and what its changes' times say."""
        with self._database.read() as connection:
            return _events.heads_of_lists(connection, now=seconds(now))

    def list_changes(self, number: int, *, now: datetime) -> ListChanges:
        """For publishing: what happened to a list's entries besides being issued, as recorded by then."""
        with self._database.read() as connection:
            mark = connection.scalar(select(_schema.LISTS.c.mark).where(_schema.LISTS.c.number == number))
            events = _events.changes_of_list(connection, number, known_by=seconds(now))
        return ListChanges(mark=str(mark), events=events)

    # --- the rest

    def close(self) -> None:
        """Give up the connections; the next call makes new ones."""
        self._database.close()

    def read_clock(self) -> datetime:
        """What time it is, by the register's clock."""
        return utc(self._clock())

    def __reduce__(self) -> tuple[Any, ...]:
        if self._database.url.password is not None:
            raise TypeError("a register whose URL holds a password is not pickled: it would travel along")
        return _reopened, (self._url, self._clock, self.issuer, self.country, self._timeout)

    def __repr__(self) -> str:
        return f"StatusRegistry({self._database.url.render_as_string(hide_password=True)!r}, issuer={self.issuer!r})"

    def _open(self, issuer: str | None, country: str | None, list_size: int, *, create: bool) -> None:
        settings = _opening.open_settings(
            self._database, issuer=issuer, country=country, list_size=list_size, create=create, now=self._now()
        )
        for name, stored, given in (("issuer", settings.issuer, issuer), ("country", settings.country, country)):
            if None not in (stored, given) and stored != given:
                raise ValueError(f"the register was made for another {name}")
        self.issuer: str | None = settings.issuer or issuer
        self.country: str | None = settings.country or country
        self.history_from: datetime = _events.instant(settings.began_at)
        self.identity: str = settings.identity

    def _append(
        self, kind: StatusEventKind, refs: Iterable[StatusRef], effective_at: int | None, actor: str, reason: str
    ) -> int:
        happening = self._happening(kind, effective_at, actor, reason)
        found = [_reference(ref) for ref in refs]
        with self._database.write() as connection:
            return _events.append(connection, found, happening)

    def _happening(self, kind: StatusEventKind, effective_at: int | None, actor: str, reason: str) -> Happening:
        return Happening(
            kind=kind,
            effective_at=effective_at,
            recorded_at=self._now(),
            actor=_word(actor, "an actor"),
            reason=_word(reason, "a reason"),
        )

    def _flag(
        self, code: str, vehicle: VehicleQuery, day: date | None, actor: str, reason: str, *, is_set: bool
    ) -> bool:
        row = {
            "is_set": is_set,
            "code": _word(code, "a flag"),
            "day": None if day is None else stated_day(day).isoformat(),
            "recorded_at": self._now(),
            "actor": _word(actor, "an actor"),
            "reason": _word(reason, "a reason"),
        }
        _vehicles.identity_of(vehicle)  # misuse is told before anything is asked
        with self._database.write() as connection:
            return _vehicles.write_flag(connection, vehicle, row)

    def _erasure(self, actor: str, reason: str) -> _entries.Erasure:
        now = self._now()
        today = _events.instant(now).date().isoformat()
        return _entries.Erasure(at=now, today=today, actor=_word(actor, "an actor"), reason=_word(reason, "a reason"))

    def _at(self, effective_at: datetime | None) -> int:
        return self._now() if effective_at is None else seconds(effective_at)

    def _now(self) -> int:
        return seconds(self._clock())


def _reopened(
    url: str, clock: Callable[[], datetime], issuer: str | None, country: str | None, timeout: timedelta
) -> StatusRegistry:
    return StatusRegistry(url, clock=clock, issuer=issuer, country=country, create=False, timeout=timeout)


def _reference(ref: StatusRef) -> Reference:
    given: object = ref
    if not isinstance(given, StatusRef):
        raise TypeError(f"a StatusRef is expected, not a {type(ref).__name__}")
    return ref.list, ref.index


def _word(value: str, name: str) -> str:
    try:
        return short_text(value)
    except ValueError as cause:
        raise ValueError(f"{name}: {cause}") from cause


def _seconds(value: datetime | None) -> int | None:
    return None if value is None else seconds(value)
