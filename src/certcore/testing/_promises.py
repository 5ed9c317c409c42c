"""What a status backend promises, with a test for each promise; both contracts use them.

How a backend is called (directly, in an event loop) is in `certcore.testing.contract` and
`certcore.testing.async_contract`. Nothing here needs pytest: a test fails with an AssertionError that says what it
found, and is skipped with `unittest.SkipTest`, which pytest and unittest both understand.

    Known or not     an unregistered certificate is unknown; issued is valid
    Stops            revoked, void, suspended, superseded: each at, before and after the moment
    Times            kept as they were given, effective and recorded; earlier moments are answered or refused
    Apart            issuers, references, ids
    Behaviour        repeatable, honest about its age, StatusError alone, threads, pickling
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from datetime import UTC, datetime, timedelta
from typing import Final
from unittest import SkipTest

from certcore.errors import StatusError
from certcore.keys import Signer
from certcore.payload import StatusListEntry, StatusRef
from certcore.policy import Need, Policy
from certcore.status.protocol import StatusEventKind, StatusQuery
from certcore.testing._trial import (
    ELSEWHERE,
    HERE,
    Driver,
    Reference,
    Sample,
    Terms,
    Trial,
    answer,
    codes,
    expect,
    neighbours,
    require,
    some_list_number,
    some_reference,
    status_signer,
    suspensions,
    told,
)
from certcore.verdict import Outcome

_PAIRS: Final = 8
"""Suspensions recorded while others ask."""

_ODD: Final = timedelta(hours=3, minutes=25, seconds=45, microseconds=678_901)
"""A time of day that is round in nothing."""


class Promises:
    """The tests, and the attributes by which a backend's author says what it does not do.

    Attributes:
        references: the kinds of reference that the backend supports.
        resolution: the least difference between two times that it keeps.
        keeps_history: whether it states events with their times. One that does not, because it knows the present alone
            or lists alone, may leave earlier moments undetermined, and is never allowed to guess.
        tells_unissued: whether it knows which references were issued. A status list does not: every entry of it reads
            valid until something happens to it, and only entries of other lists are unknown.
        several_issuers: whether it holds certificates of more than one issuer.
        pickles: whether it pickles; None: either, but what does not must refuse with TypeError.
        now: when every question is asked; events lie in the 90 days before.
        policy: what the verifiers require.
        list_template: where an issuer's lists are, with ``{issuer}`` and ``{list}``; for backends that fetch them.
    """

    references: tuple[type[Reference], ...] = (StatusRef, StatusListEntry, bytes)
    resolution: timedelta = timedelta(seconds=1)
    keeps_history: bool = True
    tells_unissued: bool = True
    several_issuers: bool = True
    pickles: bool | None = None
    now: datetime = datetime(2026, 10, 1, 4, 0, tzinfo=UTC)
    policy: Policy = Policy(
        name="status backend contract",
        status=Need.REQUIRED,
        vehicle=Need.NOT_USED,
        binding=frozenset(),
        max_status_age=timedelta(),
        max_trust_age=None,
    )
    list_template: str = "https://status.example/{issuer}/{list}"

    def make_reference(self, kind: type[Reference]) -> Reference:
        """A reference of a kind, for a certificate about to be issued; override where the register gives them out."""
        return some_reference(kind, self._terms().list_uri(HERE, some_list_number()))

    def status_signer(self, query: StatusQuery) -> Signer:
        """Whose key, among the query's, signs status documents: for backends that hold signed lists."""
        return status_signer(query.issuer)

    # --- known or not

    def test_unregistered_is_unknown(self) -> None:
        """A certificate that was never registered has neither events nor observations, and decides nothing."""
        with self._trial() as trial:
            for kind in self.references:
                _is_unknown(trial, trial.sample(self.make_reference(kind)))

    def test_unregistered_beside_registered_is_unknown(self) -> None:
        """References next to a registered and to a revoked one, in the list and beside it, stay unknown."""
        with self._trial() as trial:
            for kind in self.references:
                ref = self.make_reference(kind)
                sample = trial.issued(ref)
                self._are_untouched(trial, neighbours(ref))
                trial.file(sample, StatusEventKind.REVOKED, trial.at(5))
                self._are_untouched(trial, neighbours(ref))

    def test_issued_is_valid(self) -> None:
        """A certificate that was issued, and nothing else, is valid now and from its issue on."""
        with self._trial() as trial:
            sample = self._issued(trial)

            trial.expect(Outcome.VALID, sample)
            trial.expect(Outcome.VALID, sample, as_of=trial.at(30))
            trial.expect(Outcome.VALID, sample, as_of=trial.issued_at)

    # --- stops

    def test_revoked_before_the_moment(self) -> None:
        """A revocation with effect before the moment fails."""
        with self._trial() as trial:
            sample = self._issued(trial)
            trial.file(sample, StatusEventKind.REVOKED, trial.at(20))

            trial.expect(Outcome.INVALID, sample, "revoked-before-event")
            trial.expect(Outcome.INVALID, sample, "revoked-before-event", as_of=trial.at(20) + self.resolution)

    def test_revoked_at_the_moment(self) -> None:
        """A revocation has effect from its first instant on, and not one before."""
        with self._trial() as trial:
            sample = self._issued(trial)
            trial.file(sample, StatusEventKind.REVOKED, trial.at(20))

            trial.expect(Outcome.INVALID, sample, "revoked-before-event", as_of=trial.at(20))
            trial.expect(Outcome.VALID, sample, as_of=trial.at(20) - self.resolution)

    def test_revoked_after_the_moment(self) -> None:
        """What was revoked later was valid then, and the verdict says what came after."""
        with self._trial() as trial:
            sample = self._issued(trial)
            trial.file(sample, StatusEventKind.REVOKED, trial.at(20))

            trial.expect(Outcome.VALID, sample, "revoked-after-event", as_of=trial.at(30))

    def test_void_from_the_start(self) -> None:
        """A revocation without a date of effect fails for every moment, those before it was recorded among them."""
        with self._trial() as trial:
            sample = self._issued(trial)
            trial.file(sample, StatusEventKind.REVOKED, None, trial.at(20))

            for as_of in (trial.at(0), trial.at(30), trial.issued_at):
                trial.expect(Outcome.INVALID, sample, "void-from-start", as_of=as_of)

    def test_suspended_until_resumed(self) -> None:
        """A suspension fails while it lasts, and neither before nor after."""
        with self._trial() as trial:
            sample = self._issued(trial)
            trial.file(sample, StatusEventKind.SUSPENDED, trial.at(40))
            trial.expect(Outcome.INVALID, sample, "suspended-then")
            trial.file(sample, StatusEventKind.RESUMED, trial.at(20))

            trial.expect(Outcome.VALID, sample, as_of=trial.at(50))
            for as_of in (trial.at(40), trial.at(30), trial.at(20) - self.resolution):
                trial.expect(Outcome.INVALID, sample, "suspended-then", as_of=as_of)
            for as_of in (trial.at(20), trial.at(0)):
                trial.expect(Outcome.VALID, sample, as_of=as_of)

    def test_superseded_from_the_moment(self) -> None:
        """What another certificate took the place of fails from then on, and was good before."""
        with self._trial() as trial:
            sample = self._issued(trial)
            trial.file(sample, StatusEventKind.SUPERSEDED, trial.at(20))

            trial.expect(Outcome.VALID, sample, "superseded-after-event", as_of=trial.at(30))
            trial.expect(Outcome.INVALID, sample, "superseded-by-then", as_of=trial.at(20))
            trial.expect(Outcome.INVALID, sample, "superseded-by-then")

    def test_an_earlier_statement_counts(self) -> None:
        """What is to be stopped next month, and is then stopped earlier, is stopped from the earlier time on."""
        for kind, code in (
            (StatusEventKind.SUSPENDED, "suspended-then"),
            (StatusEventKind.SUPERSEDED, "superseded-by-then"),
            (StatusEventKind.REVOKED, "revoked-before-event"),
        ):
            with self._trial() as trial:
                sample = self._issued(trial)
                trial.file(sample, kind, trial.at(10), trial.at(40))
                trial.file(sample, kind, trial.at(30), trial.at(30))

                trial.expect(Outcome.VALID, sample, as_of=trial.at(35))
                for day in (30, 20, 10, 0):
                    trial.expect(Outcome.INVALID, sample, code, as_of=trial.at(day))

    # --- times

    def test_times_are_kept(self) -> None:
        """Every event comes back once, with its kind and both its times, as finely as the backend promises."""
        self._needs_history()
        with self._trial() as trial:
            sample = self._issued(trial)
            filed = [
                trial.file(sample, kind, effective_at, self._fine(trial.at(day) + timedelta(hours=7)))
                for kind, effective_at, day in (
                    (StatusEventKind.SUSPENDED, self._fine(trial.at(60)), 55),
                    (StatusEventKind.RESUMED, self._fine(trial.at(52)), 50),
                    (StatusEventKind.SUSPENDED, self._fine(trial.at(45)), 45),
                    (StatusEventKind.REVOKED, None, 20),
                )
            ]
            events = trial.lookup(sample).events

            expect("issued", told(events)[0][1] if events else None, "the first event recorded")
            expect(told(filed), told(events)[1:], "the events (recorded, kind, effective)")
            trial.expect(Outcome.INVALID, sample, "void-from-start")

    def test_two_events_of_one_moment_are_both_kept(self) -> None:
        """Two things that happened and were recorded in the same instant do not overwrite each other."""
        self._needs_history()
        with self._trial() as trial:
            sample = self._issued(trial)
            for kind in (StatusEventKind.SUSPENDED, StatusEventKind.REVOKED):
                trial.file(sample, kind, trial.at(20))

            found = [event.kind.value for event in trial.lookup(sample).events]
            expect(["issued", "revoked", "suspended"], sorted(found), "the kinds of event")
            trial.expect(Outcome.INVALID, sample, "revoked-before-event")

    def test_what_was_not_recorded_yet_was_not_known(self) -> None:
        """A revocation that reaches back counts from when it was recorded, and not for who asks what was known."""
        with self._trial() as trial:
            sample = self._issued(trial)
            trial.file(sample, StatusEventKind.REVOKED, trial.at(40), trial.at(10))
            recorded_at, as_of = trial.at(10), trial.at(30)

            trial.expect(Outcome.INVALID, sample, "revoked-before-event", as_of=as_of)
            trial.expect(Outcome.INVALID, sample, "revoked-before-event", as_of=as_of, known_at=recorded_at)
            trial.expect(Outcome.VALID, sample, as_of=as_of, known_at=recorded_at - self.resolution)
            trial.expect(Outcome.VALID, sample, as_of=as_of, known_at=as_of)

    def test_earlier_moments_are_never_guessed(self) -> None:
        """About any moment of its life, the verdict is the truth, or that it is not known."""
        with self._trial() as trial:
            sample = self._issued(trial)
            trial.file(sample, StatusEventKind.SUSPENDED, trial.at(60))
            trial.file(sample, StatusEventKind.RESUMED, trial.at(50))
            trial.file(sample, StatusEventKind.REVOKED, trial.at(10))

            for day in range(90, -1, -5):
                truth = Outcome.INVALID if 50 < day <= 60 or day <= 10 else Outcome.VALID  # noqa: PLR2004  as filed
                verdict = trial.verdict(sample, as_of=trial.at(day))
                is_honest = verdict.outcome in {truth, Outcome.UNDETERMINED}
                what = f"{verdict.outcome.value} for {codes(verdict)} {day} days ago, when it was {truth.value}"
                require(is_honest, what)

    # --- apart

    def test_other_issuers_certificates_are_unknown(self) -> None:
        """What one issuer registered and revoked says nothing of another issuer's certificate with that reference."""
        with self._trial() as trial:
            for kind in self._same_everywhere():
                ref = self.make_reference(kind)
                sample, other = trial.issued(ref), trial.sample(ref, issuer=ELSEWHERE)
                _is_unknown(trial, other)
                trial.file(sample, StatusEventKind.REVOKED, trial.at(20))
                _is_unknown(trial, other)

    def test_each_issuer_has_its_own_events(self) -> None:
        """Of two issuers' certificates with one reference, one is revoked and the other stays valid."""
        if not self.several_issuers:
            msg = "the backend holds the certificates of one issuer"
            raise SkipTest(msg)
        with self._trial() as trial:
            for kind in self._same_everywhere():
                ref = self.make_reference(kind)
                sample, other = trial.issued(ref), trial.issued(ref, issuer=ELSEWHERE)
                trial.file(other, StatusEventKind.REVOKED, trial.at(20))

                trial.expect(Outcome.VALID, sample)
                trial.expect(Outcome.INVALID, other)

    def test_list_references(self) -> None:
        """Certificates with a list's number and an index are found by both."""
        self._finds(StatusRef)

    def test_list_entries(self) -> None:
        """Certificates with a list's URI and an index are found by both."""
        self._finds(StatusListEntry)

    def test_certificate_ids(self) -> None:
        """Certificates without a status reference are found by their id."""
        self._finds(bytes)

    # --- behaviour

    def test_lookups_change_nothing(self) -> None:
        """The same question has the same answer, whatever was asked in between; asking makes nothing known."""
        with self._trial() as trial:
            sample, unknown = self._issued(trial), trial.sample(self._reference())
            trial.file(sample, StatusEventKind.SUSPENDED, trial.at(20))
            first = trial.lookup(sample)

            for as_of in (trial.at(0), trial.at(30), trial.issued_at):
                _is_unknown(trial, unknown)
                trial.lookup(sample, as_of=as_of)
            again = trial.lookup(sample)

            expect(told(first.events), told(again.events), "the events of the second look-up")
            expect(first.observations, again.observations, "the observations of the second look-up")
            expect(first.history_from, again.history_from, "since when the history is whole, at the second look-up")
            trial.expect(Outcome.INVALID, sample, "suspended-then")

    def test_news_arrives_or_its_age_is_told(self) -> None:
        """What is recorded after a look-up is in the next, or that one says that it speaks for a time before."""
        with self._trial() as trial:
            sample, before = self._issued(trial), self.now - timedelta(hours=2)
            first = trial.verdict(sample, as_of=before, asked_at=before)
            expect("valid", first.outcome.value, f"two hours ago, for {codes(first)}")
            event = trial.file(sample, StatusEventKind.REVOKED, self.now - timedelta(hours=1))

            verdict = trial.verdict(sample)
            speaks_for = trial.lookup(sample).observed_at
            is_honest = verdict.outcome is not Outcome.VALID or speaks_for < event.recorded_at
            require(is_honest, f"valid as of {speaks_for}, and revoked since {event.recorded_at}")

    def test_speaks_for_no_later_than_it_is_asked(self) -> None:
        """An answer's own time is not after the question's, for a certificate that is known and one that is not."""
        with self._trial() as trial:
            for sample in (self._issued(trial), trial.sample(self._reference())):
                try:
                    observed_at = trial.lookup(sample).observed_at
                except StatusError:
                    continue
                latest = sample.query.asked_at + self.policy.clock_skew
                require(observed_at <= latest, f"asked at {sample.query.asked_at}, it speaks for {observed_at}")

    def test_proofs_carry_keys_of_the_query(self) -> None:
        """Signed documents in an answer, if any, are signed with keys that the query allows."""
        with self._trial() as trial:
            for kind in self.references:
                sample = trial.issued(self.make_reference(kind))
                allowed = {key_id for key in sample.query.keys for key_id in (key.key_id, *key.key_ids)}
                used = {proof.key_id for proof in trial.lookup(sample).proofs}
                expect(set(), used - allowed, "key ids of proofs that are none of the query's")
                trial.expect(Outcome.VALID, sample)

    def test_failure_is_a_status_error(self) -> None:
        """A backend that cannot answer raises StatusError, which means neither valid nor revoked."""
        with self._trial() as trial:
            good, revoked, unknown = self._issued(trial), self._issued(trial), trial.sample(self._reference())
            trial.file(revoked, StatusEventKind.REVOKED, trial.at(20))
            trial.driver.break_backend()

            for sample in (good, revoked, unknown):
                _is_refused(trial, sample)
                verdict = trial.verdict(sample)
                expect("undetermined", verdict.outcome.value, f"the outcome for {codes(verdict)}")

    def test_concurrent_lookups_see_consistent_prefixes(self) -> None:
        """Sixteen who ask while events are recorded see them in their order, none missing and none taken back."""
        self._needs_history()
        with self._trial() as trial:
            sample = self._issued(trial)
            (issued,) = trial.lookup(sample).events
            events = suspensions(trial, _PAIRS)
            everything = told([issued, *events])

            for seen in trial.driver.watch(sample.query, events):
                lengths = [len(record.events) for record in seen]
                expect(sorted(lengths), lengths, "how many events one of them saw, from look-up to look-up")
                for record in seen:
                    expect(everything[: max(1, len(record.events))], told(record.events), "the events they saw")
            expect(everything, told(trial.lookup(sample).events), "the events in the end")
            trial.expect(Outcome.VALID, sample)

    def test_pickles_or_refuses(self) -> None:
        """A copy in another process answers the same; a backend that cannot be copied says so with TypeError."""
        with self._trial() as trial:
            good, revoked = self._issued(trial), self._issued(trial)
            trial.file(revoked, StatusEventKind.REVOKED, trial.at(20))
            try:
                copy = trial.driver.copy()
            except TypeError as refusal:
                require(self.pickles is not True, f"it was to pickle, and refused: {refusal}")
                return
            require(self.pickles is not False, "it pickled, and was to refuse with TypeError")

            for sample, expected in ((good, Outcome.VALID), (revoked, Outcome.INVALID)):
                events = told(trial.lookup(sample).events)
                expect(events, told(answer(copy, sample.query).events), "the events that the copy knows")
                expect(expected.value, trial.verdict(sample, by=copy).outcome.value, "the outcome by the copy")

    # --- what the tests share

    def _driven(self) -> AbstractContextManager[Driver]:
        raise NotImplementedError

    def _terms(self) -> Terms:
        return Terms(
            now=self.now, policy=self.policy, list_template=self.list_template, keeps_history=self.keeps_history
        )

    @contextmanager
    def _trial(self) -> Iterator[Trial]:
        """A fresh backend under this contract's terms, which it may have changed while it was made."""
        with self._driven() as driver:
            terms = self._terms()
            yield Trial(driver=driver, terms=terms, trust=terms.trust())

    def _reference(self) -> Reference:
        return self.make_reference(self.references[0])

    def _issued(self, trial: Trial) -> Sample:
        return trial.issued(self._reference())

    def _same_everywhere(self) -> list[type[Reference]]:
        """The kinds of reference that two issuers may both give out; a URI is one issuer's."""
        return [kind for kind in self.references if kind is not StatusListEntry]

    def _fine(self, at: datetime) -> datetime:
        """An instant of the same day, as odd as the backend can tell."""
        return at + _ODD - _ODD % self.resolution

    def _are_untouched(self, trial: Trial, others: tuple[Reference, Reference]) -> None:
        """Fail unless the next entry and the same entry of another list are unknown, where that can be told."""
        beside, elsewhere = map(trial.sample, others)
        _is_unknown(trial, elsewhere)
        if self.tells_unissued:
            _is_unknown(trial, beside)
        else:
            expect((), trial.lookup(beside).events, "events of an entry to which nothing happened")
            require(trial.verdict(beside).outcome is not Outcome.INVALID, "an entry is invalid for its neighbour")

    def _needs_history(self) -> None:
        if not self.keeps_history:
            msg = "the backend states no events with their times"
            raise SkipTest(msg)

    def _finds(self, kind: type[Reference]) -> None:
        if kind not in self.references:
            msg = f"the backend does not support references of the kind {kind.__name__}"
            raise SkipTest(msg)
        with self._trial() as trial:
            good, revoked = trial.issued(self.make_reference(kind)), trial.issued(self.make_reference(kind))
            trial.file(revoked, StatusEventKind.REVOKED, trial.at(20))

            trial.expect(Outcome.VALID, good)
            trial.expect(Outcome.INVALID, revoked)


def _is_unknown(trial: Trial, sample: Sample) -> None:
    """Fail unless a certificate is unknown: no events and no observations, or no answer at all."""
    try:
        record = trial.lookup(sample)
    except StatusError:
        pass
    else:
        expect((), record.events, "events of a certificate that was never registered")
        expect((), record.observations, "observations of a certificate that was never registered")
    for as_of in (trial.at(0), trial.at(30)):
        verdict = trial.verdict(sample, as_of=as_of)
        expect("undetermined", verdict.outcome.value, f"never registered, as of {as_of}, for {codes(verdict)}")


def _is_refused(trial: Trial, sample: Sample) -> None:
    """Fail unless the look-up raises StatusError; what else it raises comes through."""
    try:
        record = trial.lookup(sample)
    except StatusError:
        return
    msg = f"it cannot answer, and answered {record!r}"
    raise AssertionError(msg)
