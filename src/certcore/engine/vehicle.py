"""The decision procedure without a certificate: what does the register say about the vehicle? Pure.

    1  whose register: the issuers of the trust list that are of the vehicle's country
    2  the moment, in their zone; nothing is asked about the future
    3  the look-up
    4  the vehicle's own state, and whether the answer reaches to the moment
    5  the period: until when its inspection runs, by the register
    6  freshness: the trust list's age

A missing certificate is not evidence against the vehicle: if the register does not know the vehicle, or says nothing
about its inspection, the outcome is open.
"""

from __future__ import annotations

from datetime import tzinfo
from typing import Final

import attrs

from certcore._instants import civil_day
from certcore.engine import _flags, _freshness
from certcore.engine._failures import missing, refusal_of_proofs, without_traceback
from certcore.engine._moment import window_of
from certcore.engine._question import Sources, VehicleAnswer, VehicleQuestion
from certcore.keys._trusted import TrustedKey
from certcore.policy import Need
from certcore.reasons import Reason
from certcore.reasons._meaning import blocks, fails, notes
from certcore.status.protocol import VehicleQuery, VehicleRecord
from certcore.status.timeline import Window
from certcore.trust import Environment, TrustList
from certcore.trust.issuers import TrustedIssuer
from certcore.verdict import VehicleVerdict, outcome_of

__all__: list[str] = []

_OUT_OF_REACH: Final = frozenset({"as-of-unsupported", "status-not-covered", "status-stale"})
"""Why an answer does not speak for the moment."""


@attrs.define(kw_only=True)  # not frozen: made for one verdict and never handed out
class Pending:
    """A vehicle whose register is trusted, and what remains to be looked up before `conclude`."""

    question: VehicleQuestion
    trust: TrustList
    issuers: tuple[TrustedIssuer, ...]
    window: Window
    zone: tzinfo
    vehicle_query: VehicleQuery = attrs.field(init=False)

    @property
    def issuer(self) -> TrustedIssuer:
        """The first of the issuers, whose civil days are meant."""
        return self.issuers[0]

    @property
    def register_keys(self) -> tuple[TrustedKey, ...]:
        """The keys that may sign the answer."""
        return tuple(key for issuer in self.issuers for key in issuer.register_keys)

    @vehicle_query.default
    def _vehicle_query(self) -> VehicleQuery:
        """What to ask a vehicle backend."""
        question = self.question
        return VehicleQuery(
            registration_number=question.registration_number,
            country=question.country or self.issuer.country,
            plate_type=question.plate_type,
            vin=question.vin,
            keys=self.register_keys,
            as_of=self.window.start,
            asked_at=question.evaluated_at,
        )


def begin(question: VehicleQuestion, trust: TrustList) -> VehicleVerdict | Pending:
    """Steps 1 and 2."""
    issuers = _find_issuers(question, trust)
    found = _trust_reasons(question, trust)
    if not issuers:
        found.append(blocks("register-unknown", subject="vehicle"))
        return _verdict(question, found, None, None, Sources(trust=trust))
    zone = question.zone or issuers[0].zone
    window = window_of(question.as_of, question.evaluated_at, zone)
    if _freshness.has_not_come(question.as_of, window.start, question.evaluated_at, question.policy):
        return _verdict(question, [*found, blocks("status-in-future")], None, None, Sources(trust=trust))
    return Pending(question=question, trust=trust, issuers=issuers, window=window, zone=zone)


def conclude(pending: Pending, *, vehicle: VehicleAnswer) -> VehicleVerdict:
    """Steps 4 to 6."""
    question, trust, vehicle = pending.question, pending.trust, without_traceback(vehicle)
    found = _trust_reasons(question, trust)  # 6
    country = question.country or pending.issuer.country
    if question.registration_number is not None and question.plate_type is None and country == "CN":
        found.append(notes("binding-not-checked", missing="plate_type"))  # a Chinese number alone is not unique
    record = vehicle if isinstance(vehicle, VehicleRecord) else None
    if not isinstance(vehicle, VehicleRecord):
        found.append(missing(vehicle, Need.REQUIRED, subject="vehicle"))
    elif (refused := refusal_of_proofs(vehicle, pending.register_keys, subject="vehicle")) is not None:
        record = None
        found.append(refused)
    elif _freshness.is_from_future(vehicle, question.policy, question.evaluated_at):
        record = None
        found.append(blocks("status-not-covered", subject="vehicle"))
    else:
        found += _evaluate(pending, vehicle)  # 4, 5
    sources = Sources(trust=trust, issuer=pending.issuer, vehicle_query=pending.vehicle_query, vehicle=vehicle)
    return _verdict(question, found, record, _find_answerer(pending, record), sources)


def _find_issuers(question: VehicleQuestion, trust: TrustList) -> tuple[TrustedIssuer, ...]:
    """The issuers that speak for the vehicle's country; those with register keys, where any has."""
    country = question.country
    of_country = tuple(issuer for issuer in trust.issuers if country is None or issuer.speaks_for(country))
    of_country = tuple(sorted(of_country, key=lambda issuer: issuer.country != country))  # its own first
    if country is None and len({issuer.country for issuer in of_country}) != 1:
        return ()
    return tuple(issuer for issuer in of_country if issuer.register_keys) or of_country


def _find_answerer(pending: Pending, record: VehicleRecord | None) -> TrustedIssuer | None:
    """Whose key signed the answer; without proof, the only issuer there is."""
    signed_by = {proof.key_id for proof in record.proofs} if record is not None else set()
    answered = [one for one in pending.issuers if not signed_by.isdisjoint(_ids_of(one))]
    candidates = answered or pending.issuers
    return candidates[0] if len(candidates) == 1 else None


def _ids_of(issuer: TrustedIssuer) -> set[bytes]:
    return {key_id for key in issuer.register_keys for key_id in (key.key_id, *key.key_ids)}


def _trust_reasons(question: VehicleQuestion, trust: TrustList) -> list[Reason]:
    """What is to be said of the trust list, whatever the register says: its age, and what it is for."""
    found = _freshness.trust_reasons(question.policy, question.evaluated_at, trust)
    return [*found, notes("test-environment")] if trust.contents.environment is Environment.TEST else found


def _evaluate(pending: Pending, record: VehicleRecord) -> list[Reason]:
    """Steps 4 and 5. An end of the inspection counts where the answer reaches to the moment, and only there."""
    policy, window, zone = pending.question.policy, pending.window, pending.zone
    first = civil_day(window.start, zone)  # the window is of one civil day at most
    until = record.valid_until
    is_running = until is not None and until >= first
    found = _flags.evaluate(
        record,
        window,
        zone,
        policy,
        need=Need.REQUIRED,
        is_in_period=is_running,
        in_force_when_observed=until is not None and until >= civil_day(record.observed_at, zone),
    )
    if not record.known or is_running:
        return found
    if until is None and not _flags.says_overdue(record, window, zone):
        found.append(blocks("vehicle-period-unknown", subject="vehicle"))
    elif not any(reason.code in _OUT_OF_REACH for reason in found):
        found.append(fails("expired-on-date", subject="vehicle"))
    return found


def _verdict(
    question: VehicleQuestion,
    found: list[Reason],
    record: VehicleRecord | None,
    issuer: TrustedIssuer | None,
    sources: Sources,
) -> VehicleVerdict:
    outcome, reasons = outcome_of(found)
    return VehicleVerdict(
        outcome=outcome,
        reasons=reasons,
        vehicle=record,
        issuer=None if issuer is None else issuer.id,
        question=question,
        sources=sources,
    )
