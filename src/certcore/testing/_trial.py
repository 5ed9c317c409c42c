"""The setting of the contract's tests: signed certificates, a register that knows them, and a real verifier.

The promises themselves are in `certcore.testing._promises`.

Everything happens in the 90 days before one instant, `Terms.now`, in whole steps of the backend's resolution.
References are random, so that a store may be used by several tests.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from functools import cache
from typing import Final, Protocol

import attrs

from certcore.errors import StatusError
from certcore.issue import Issuer
from certcore.keys import LocalSigner
from certcore.keys._trusted import KeyUsage, TrustedKey
from certcore.payload import Basis, InspectionCertificate, Result, StatusListEntry, StatusRef
from certcore.policy import Policy
from certcore.status.protocol import StatusBackend, StatusEvent, StatusEventKind, StatusQuery, StatusRecord
from certcore.testing._setup import ROOT_SIGNER, TRUST_ROOT, FixedClock
from certcore.trust import Environment, TrustList, TrustListContents
from certcore.trust.issuers import ListTemplate, TrustedIssuer
from certcore.verdict import Outcome, Verdict
from certcore.verify import Verifier

Reference = StatusRef | StatusListEntry | bytes
"""What names a certificate in a register: one of the two kinds of status reference, or a certificate id."""

HERE: Final = "CN"
ELSEWHERE: Final = "DE"
_ZONES: Final = {HERE: "Asia/Shanghai", ELSEWHERE: "Europe/Berlin"}

LIFE: Final = timedelta(days=90)
"""How long before now a certificate on trial was issued."""

_DAY: Final = timedelta(days=1)
_YEARS: Final = 3650 * _DAY
_LIST_NUMBERS: Final = 1 << 31
_ENTRIES: Final = 1 << 16
_ID_BYTES: Final = 12


@cache
def certificate_signer(issuer: str) -> LocalSigner:  # noqa: ARG001  the cache keeps one for each
    """Whose key signs an issuer's certificates."""
    return LocalSigner.generate()


@cache
def status_signer(issuer: str) -> LocalSigner:  # noqa: ARG001  as above
    """Whose key signs an issuer's status documents."""
    return LocalSigner.generate()


@attrs.frozen(kw_only=True)
class Terms:
    """What one backend is tried under; the attributes of its contract.

    Attributes:
        now: when every question is asked.
        policy: what the verifier requires.
        list_template: where lists are, with ``{issuer}`` and ``{list}``.
        keeps_history: whether the backend states events with their times.
    """

    now: datetime
    policy: Policy
    list_template: str
    keeps_history: bool

    def list_uri(self, issuer: str, number: int) -> str:
        """Where one list of an issuer is."""
        return self._template(issuer).replace("{list}", str(number))

    def trust(self) -> TrustList:
        """A list of both issuers, each with a key for certificates and one for status documents."""
        contents = TrustListContents(
            version=1,
            issued_at=self.now,
            next_update_at=self.now + _DAY,
            environment=Environment.TEST,
            issuers=[self._issuer(name) for name in _ZONES],
        )
        return TrustList.open(contents.sign(ROOT_SIGNER), root=TRUST_ROOT)

    def _template(self, issuer: str) -> str:
        return self.list_template.replace("{issuer}", issuer)

    def _issuer(self, name: str) -> TrustedIssuer:
        signers = {KeyUsage.CERTIFICATE: certificate_signer(name), KeyUsage.STATUS: status_signer(name)}
        since, until = self.now - _YEARS, self.now + _YEARS
        template = self._template(name)
        return TrustedIssuer(
            id=name,
            name=f"Test issuer {name}",
            country=name,
            time_zone=_ZONES[name],
            list_templates=[ListTemplate(uri=template, not_before=since)],
            uri_prefixes=[template.partition("{list}")[0]],
            keys=[
                TrustedKey(public_key=signer.public_key, usage=usage, not_before=since, not_after=until)
                for usage, signer in signers.items()
            ],
        )


@attrs.frozen(kw_only=True)
class Sample:
    """A certificate on trial: its text, and what a verifier asks about it."""

    text: str
    query: StatusQuery


class Driver(Protocol):
    """How a backend is reached: by a call, or by an event loop."""

    @property
    def backend(self) -> StatusBackend:
        """The backend, as a verifier calls it."""
        ...

    def record(self, query: StatusQuery, event: StatusEvent, /) -> None:
        """File an event for the certificate that a query is about."""
        ...

    def copy(self) -> StatusBackend:
        """The backend, pickled and read again."""
        ...

    def break_backend(self) -> None:
        """Make the backend fail from now on."""
        ...

    def watch(self, query: StatusQuery, events: Iterable[StatusEvent], /) -> list[list[StatusRecord]]:
        """What each of many who keep asking sees, change by change, while events are recorded."""
        ...


def expect(expected: object, actual: object, what: str) -> None:
    """Fail unless both are equal, in words of their own: an assert in a library is not explained by pytest."""
    require(expected == actual, f"{what}: expected {expected!r}, got {actual!r}")


def require(holds: bool, what: str) -> None:  # noqa: FBT001  the one thing it is about
    """Fail, saying what does not hold."""
    if not holds:
        raise AssertionError(what)


def some_reference(kind: type[Reference], uri: str) -> Reference:
    """A new reference; never the last of its list, so that there is a next one."""
    if kind is StatusRef:
        return StatusRef(list=secrets.randbelow(_LIST_NUMBERS), index=secrets.randbelow(_ENTRIES))
    if kind is StatusListEntry:
        return StatusListEntry(uri=uri, index=secrets.randbelow(_ENTRIES))
    return secrets.token_bytes(_ID_BYTES)


def some_list_number() -> int:
    """A new list."""
    return secrets.randbelow(_LIST_NUMBERS)


def neighbours(ref: Reference) -> tuple[Reference, Reference]:
    """The next entry, and the same entry of another list; two ids that are nearly this one."""
    if isinstance(ref, StatusRef):
        return StatusRef(list=ref.list, index=ref.index + 1), StatusRef(list=ref.list + 1, index=ref.index)
    if isinstance(ref, StatusListEntry):
        return StatusListEntry(uri=ref.uri, index=ref.index + 1), StatusListEntry(uri=f"{ref.uri}0", index=ref.index)
    return ref[:-1] + bytes([ref[-1] ^ 1]), ref[:-1]


class _Listener:
    """A backend that only keeps what it was asked."""

    def __init__(self) -> None:
        self.asked: list[StatusQuery] = []

    def lookup(self, query: StatusQuery, /) -> StatusRecord:
        self.asked.append(query)
        raise StatusError("status-unavailable")


@attrs.frozen(kw_only=True)
class Trial:
    """A backend, the terms it is tried under, and what may be done to it."""

    driver: Driver
    terms: Terms
    trust: TrustList

    def at(self, days: float) -> datetime:
        """An instant so many days before now."""
        return self.terms.now - days * _DAY

    @property
    def issued_at(self) -> datetime:
        """When certificates on trial were issued."""
        return self.terms.now - LIFE

    def sample(self, ref: Reference, *, issuer: str = HERE) -> Sample:
        """A certificate with a reference, of which the register knows nothing yet."""
        certificate = InspectionCertificate(
            registration_number="闽C12345",
            vin="LSVAA4187E2184211",
            valid_until=(self.terms.now + LIFE).date(),
            basis=Basis.INSPECTED,
            result=Result.PASS,
            authority="闽C",
            issued_at=self.issued_at,
            status=None if isinstance(ref, bytes) else ref,
            certificate_id=ref if isinstance(ref, bytes) else None,
        )
        text = Issuer(signer=certificate_signer(issuer)).issue(certificate)
        listener = _Listener()
        self._verifier(listener).verify(text, as_of=self.terms.now)
        return Sample(text=text, query=listener.asked[0])

    def issued(self, ref: Reference, *, issuer: str = HERE) -> Sample:
        """A certificate that the register knows, from the second of its issue."""
        sample = self.sample(ref, issuer=issuer)
        self.file(sample, StatusEventKind.ISSUED, self.issued_at)
        return sample

    def file(
        self, sample: Sample, kind: StatusEventKind, effective_at: datetime | None, recorded_at: datetime | None = None
    ) -> StatusEvent:
        """Have an event recorded; when it took effect, unless said otherwise."""
        at = recorded_at or effective_at
        event = StatusEvent(kind=kind, effective_at=effective_at, recorded_at=at or self.terms.now)
        self.driver.record(sample.query, event)
        return event

    def lookup(self, sample: Sample, *, as_of: datetime | None = None) -> StatusRecord:
        """The backend's answer, which is a record and nothing like one."""
        return answer(self.driver.backend, attrs.evolve(sample.query, as_of=as_of or self.terms.now))

    def verdict(
        self,
        sample: Sample,
        *,
        as_of: datetime | None = None,
        known_at: datetime | None = None,
        asked_at: datetime | None = None,
        by: StatusBackend | None = None,
    ) -> Verdict:
        """The verdict of a real verifier; asked now, and by the backend, unless earlier or by a copy."""
        verifier = self._verifier(by or self.driver.backend, asked_at)
        return verifier.verify(sample.text, as_of=as_of or self.terms.now, known_at=known_at)

    def expect(
        self,
        expected: Outcome,
        sample: Sample,
        code: str | None = None,
        *,
        as_of: datetime | None = None,
        known_at: datetime | None = None,
    ) -> None:
        """Fail unless the verdict is the expected one; about the past, a backend without history may not know."""
        verdict = self.verdict(sample, as_of=as_of, known_at=known_at)
        may_not_know = not self.terms.keeps_history and (known_at is not None or as_of not in {None, self.terms.now})
        if may_not_know and verdict.outcome is Outcome.UNDETERMINED:
            return
        what = f"as of {as_of or self.terms.now}, known at {known_at or self.terms.now}"
        expect(expected.value, verdict.outcome.value, f"{what}, for {codes(verdict)}")
        if code is not None and self.terms.keeps_history:
            require(code in codes(verdict), f"{what}: {code} is missing in {codes(verdict)}")

    def _verifier(self, status: StatusBackend, asked_at: datetime | None = None) -> Verifier:
        clock = FixedClock(asked_at or self.terms.now)
        return Verifier(trust=self.trust, status=status, policy=self.terms.policy, clock=clock)


def answer(backend: StatusBackend, query: StatusQuery) -> StatusRecord:
    """What a backend answers; fails for anything that is no record."""
    found: object = backend.lookup(query)
    if not isinstance(found, StatusRecord):
        msg = f"lookup answers with a StatusRecord, not with a {type(found).__name__}"
        raise AssertionError(msg)  # noqa: TRY004  a promise that is not kept, not a mistake in calling
    return found


def codes(verdict: Verdict) -> list[str]:
    """A verdict's reasons by code."""
    return [reason.code for reason in verdict.reasons]


def told(events: Iterable[StatusEvent]) -> list[tuple[datetime, str, datetime | None]]:
    """What must be kept of events, in the order in which they were recorded; their reasons may be left out."""
    rows = [(event.recorded_at, event.kind.value, event.effective_at) for event in events]
    return sorted(rows, key=lambda row: (row[0], row[1], str(row[2])))


def suspensions(trial: Trial, pairs: int) -> Sequence[StatusEvent]:
    """Suspended and resumed, again and again, an hour apart."""
    kinds = (StatusEventKind.SUSPENDED, StatusEventKind.RESUMED)
    moments = [trial.at(50) + timedelta(hours=number) for number in range(2 * pairs)]
    return [StatusEvent(kind=kinds[number % 2], effective_at=at, recorded_at=at) for number, at in enumerate(moments)]
