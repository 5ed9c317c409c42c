"""The decision procedure. Pure: a text, a trust list, a policy and a register's answers go in, a `Verdict` comes out.

The clock, the network and the pictures are elsewhere: `begin` checks the text with the trust list and says what must be
looked up; a driver (`certcore.verify`) looks it up; `conclude` decides. No text and no answer makes this module raise.

    Authenticity (any reason here ends it: nothing is looked up, no certificate is shown)
      1  the text: prefix and Base45
      2  the envelope: the certificate profile of COSE_Sign1
      3  the key id: entries of the trust list that go by it
      4  the signature, under each of those keys and no other
      5  the payload
      6  the key's usage, window, authorities and compromise; the issuer it names
      7  confidential claims, where the reader has the group's key
    What needs no register
      8  period: result, first and last civil day in the issuer's zone, codes
      9  binding: is it this vehicle?
     10  which look-ups remain: status, and the vehicle's own state
    What the answers say
     11  status at that moment
     12  the vehicle's state
     13  freshness: the trust list's age, a live presentation's window
     14  the outcome of the reasons

A vehicle without a certificate has its own procedure, `certcore.engine.vehicle`. The rules are numbered: `RULES` is in
evidence, and a later version with other rules has another number.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final

import attrs

from certcore import armor, cose, payload
from certcore._encrypt0 import key_id_of
from certcore._instants import RESOLUTION
from certcore._maps import maker
from certcore.certificate import confidential
from certcore.engine import _binding, _flags, _freshness, _period
from certcore.engine._failures import missing, refusal_of_proofs, without_traceback
from certcore.engine._moment import Moment, Moments, find_moment
from certcore.engine._question import Question, Sources, StatusAnswer, VehicleAnswer
from certcore.errors import RejectedInputError, StatusError, UntrustedError
from certcore.keys import GroupKey
from certcore.keys._trusted import ExistingDocument, KeyUsage, Standing
from certcore.payload import InspectionCertificate, StatusListEntry, StatusRef
from certcore.policy import Need
from certcore.proofs import existence
from certcore.reasons._meaning import REASONS, Axis, Effect, Reason, blocks, fails, notes
from certcore.status import timeline
from certcore.status.protocol import StatusQuery, StatusRecord, VehicleQuery, VehicleRecord
from certcore.status.timeline import Window
from certcore.trust import Environment, TrustList
from certcore.trust._lists import Grant
from certcore.trust.issuers import TrustedIssuer
from certcore.verdict import Verdict, outcome_of

__all__: list[str] = []

RULES: Final = 1
"""The version of these rules: the same question, on the same sources, has the same verdict under the same rules."""

_new_query: Final = maker(StatusQuery)
_new_verdict: Final = maker(Verdict)

# A look-up in an enumeration takes longer than what it is for
_NOT_USED, _IF_AVAILABLE = Need.NOT_USED, Need.IF_AVAILABLE
_LIVE, _CERTIFICATE = KeyUsage.LIVE, KeyUsage.CERTIFICATE
_COUNTS, _OUTSIDE_WINDOW, _COMPROMISED = Standing.COUNTS, Standing.OUTSIDE_WINDOW, Standing.COMPROMISED
_TEST: Final = Environment.TEST

_NOT_ASKED: Final[tuple[None, Sequence[Reason]]] = (None, ())
_AUTHENTICITY_ALONE: Final = frozenset({Axis.AUTHENTICITY})
_CHECKED: Final = {
    status: {
        is_empty: frozenset(
            axis for axis in Axis if (status or axis is not Axis.STATUS) and not (is_empty and axis is Axis.BINDING)
        )
        for is_empty in (False, True)
    }
    for status in (False, True)
}
"""Which axes were looked at, by whether status was among them, and whether there was nothing to compare."""


@attrs.define  # not frozen, as all that is made for one verdict; by position, since a class takes twice as long by name
class Pending:
    """An authentic certificate, and what remains to be looked up before `conclude`."""

    question: Question
    trust: TrustList
    grant: Grant
    certificate: InspectionCertificate
    moment: Moment
    reasons: list[Reason]
    is_live: bool
    asks_status: bool
    group_key_id: bytes | None
    existing: tuple[ExistingDocument, ...]
    _status_query: StatusQuery | None = attrs.field(init=False, default=None)
    _vehicle_query: VehicleQuery | None = attrs.field(init=False, default=None)

    @property
    def status_query(self) -> StatusQuery | None:
        """What to ask a status backend; None where nothing is to be asked. Made when first asked for, and kept."""
        if self._status_query is None and self.asks_status:
            self._status_query = self._to_ask_of_status()
        return self._status_query

    @property
    def vehicle_query(self) -> VehicleQuery | None:
        """What to ask a vehicle backend, likewise."""
        if self._vehicle_query is None and not (self.moment.is_future or self.question.policy.vehicle is _NOT_USED):
            self._vehicle_query = self._to_ask_of_vehicle()
        return self._vehicle_query

    def _to_ask_of_status(self) -> StatusQuery:
        """The question to a status backend, resolved through the trust list."""
        issuer, certificate, asked_at = self.grant.issuer, self.certificate, self.question.evaluated_at
        ref = certificate.status
        return _new_query(
            issuer.id,
            ref,
            certificate.certificate_id,
            issuer.list_uri(ref.list, at=asked_at) if isinstance(ref, StatusRef) else ref and ref.uri,
            issuer.max_entries,
            issuer.status_keys,
            _status_window(certificate, self.moment).start,
            asked_at,
            self.existing,
        )

    def _to_ask_of_vehicle(self) -> VehicleQuery:
        return VehicleQuery(
            registration_number=self.certificate.registration_number,
            country=self.certificate.country,
            plate_type=self.certificate.plate_type,
            vin=self.certificate.vin,
            keys=self.grant.issuer.register_keys,
            as_of=self.moment.start,
            asked_at=self.question.evaluated_at,
        )


def refuse(question: Question, cause: RejectedInputError, trust: TrustList) -> Verdict:
    """The verdict where there was no text to judge, because a picture held none."""
    return _unauthentic(question, _as_reason(cause), trust, cause)


def begin(question: Question, trust: TrustList, group_keys: Sequence[GroupKey] = ()) -> Verdict | Pending:
    """Steps 1 to 10."""
    envelope = read_text(question, trust)
    if isinstance(envelope, Verdict):
        return envelope
    grant = find_signer(question, trust, envelope)
    if isinstance(grant, Verdict):
        return grant
    return judge(question, trust, envelope, grant, group_keys)


def read_text(question: Question, trust: TrustList) -> Verdict | cose.UnverifiedCertificate:
    """Steps 1 and 2."""
    try:
        return cose.read_certificate(armor.decode(question.text))
    except RejectedInputError as cause:
        return _unauthentic(question, _as_reason(cause), trust)


def find_signer(question: Question, trust: TrustList, envelope: cose.UnverifiedCertificate) -> Verdict | Grant:
    """Steps 3 and 4: whose key it is that made the signature."""
    grants = trust.grants(envelope.unverified_key_id)
    for grant in grants:
        try:
            envelope.verify(grant.key.public_key)
        except UntrustedError:
            continue
        return grant
    reason = fails("signature-invalid") if grants else _key_unknown(question, trust)
    return _unauthentic(question, reason, trust)


def judge(
    question: Question,
    trust: TrustList,
    envelope: cose.UnverifiedCertificate,
    grant: Grant,
    group_keys: Sequence[GroupKey] = (),
    moments: Moments | None = None,
) -> Verdict | Pending:
    """Steps 5 to 10."""
    claims = envelope.unverified_payload  # which `grant` has signed
    try:
        certificate = payload.decode(claims, country=grant.issuer.country)  # 5
    except RejectedInputError as cause:
        return _unauthentic(question, _as_reason(cause), trust)
    if (reason := _refusal_of_key(question, grant, certificate, trust)) is not None:  # 6
        return _unauthentic(question, reason, trust)
    moment = find_moment(question, grant.issuer, trust, moments)
    if certificate.confidential is not None and group_keys:  # 7
        return _prepare(question, trust, grant, moment, *_unseal(claims, certificate, grant.issuer, group_keys))
    return _prepare(question, trust, grant, moment, certificate)  # 8, 9, 10


def conclude(pending: Pending, *, status: StatusAnswer = None, vehicle: VehicleAnswer = None) -> Verdict:
    """Steps 11 to 14."""
    question, certificate, issuer = pending.question, pending.certificate, pending.grant.issuer
    moment, found = pending.moment, [*pending.reasons]  # what was begun may be concluded again
    if isinstance(status, StatusError):
        status = without_traceback(status)
    if isinstance(vehicle, StatusError):
        vehicle = without_traceback(vehicle)
    is_live = pending.is_live
    record, said = _judge_status(pending, status) if pending.asks_status else _NOT_ASKED  # 11
    if said:
        found += said
    need = question.policy.vehicle
    if not (moment.is_future or need is _NOT_USED or (vehicle is None and need is _IF_AVAILABLE)):
        found += _vehicle_reasons(pending, vehicle)  # 12; where an answer is merely wished for, none is missing
    is_judged = is_live or (record is not None and not (said and any(map(_blocks_freshness, said))))
    if record is None and not (is_live or any(map(_blocks_status, found))):
        found.append(notes("checked-offline"))
    if moment.trust_reasons:  # 13
        if any(reason.code == "clock-behind" for reason in moment.trust_reasons):
            found = _freshness.without_wrong_now(found, moment, question.evaluated_at)
        found += moment.trust_reasons
    if certificate.presented_at is not None and _is_presentation_over(question, certificate):
        found.append(blocks("presentation-expired"))
    outcome, reasons = outcome_of(found)  # 14
    return _new_verdict(
        outcome,
        reasons,
        certificate,
        issuer.id,
        record.observed_at if record is not None else certificate.presented_at if is_live else None,
        question,
        _CHECKED[is_judged][question.expect.is_empty],
        None if record is None else moment.rules,
        Sources(
            pending.trust,
            issuer,
            None if status is None else pending._status_query or pending.status_query,  # noqa: SLF001  same module
            None if vehicle is None else pending.vehicle_query,
            None,
            status,
            vehicle,
            pending.group_key_id,
        ),
        None,
    )


# --- 1 to 7: authenticity ---------------------------------------------------------------------------------------------


def _as_reason(cause: RejectedInputError) -> Reason:
    """An error of the lower floors as the reason of the same code."""
    meaning = REASONS.get(cause.code)
    if meaning is None or meaning.axis is not Axis.AUTHENTICITY or len(meaning.effects) != 1:
        return fails("malformed")
    (effect,) = meaning.effects
    return Reason(cause.code, Axis.AUTHENTICITY, effect, cause.detail)


def _key_unknown(question: Question, trust: TrustList) -> Reason:
    """A key that is not listed: a current list settles it, an overdue one may simply not have it yet."""
    is_current = question.evaluated_at <= trust.next_update_at and not _freshness.is_clock_behind(
        question.policy, question.evaluated_at, trust
    )
    return fails("key-unknown") if is_current else blocks("key-unknown")


def _refusal_of_key(
    question: Question, grant: Grant, certificate: InspectionCertificate, trust: TrustList
) -> Reason | None:
    """Why this key may not have signed this, if so (step 6)."""
    key, signed_at = grant.key, certificate.presented_at
    is_live = signed_at is not None
    if key.usage is not (_LIVE if is_live else _CERTIFICATE):
        return fails("key-usage", usage=key.usage.value)
    if is_live and _presentation_length(certificate) > trust.live_maximum:
        return fails("key-usage", presentation="too-long")
    standing = key.standing(signed_at or certificate.issued_at, lambda: _existed_at(question, grant))
    if standing is _OUTSIDE_WINDOW:
        return fails("key-window")
    if not key.signs_for(certificate.authority):
        return fails("key-scope")
    if not grant.issuer.speaks_for(certificate.country or grant.issuer.country):
        return fails("key-scope", scope="country")
    if certificate.issuer is not None and certificate.issuer != grant.issuer.id:
        return fails("issuer-mismatch")
    if standing is _COUNTS:
        return None
    return fails("key-compromised") if standing is _COMPROMISED else blocks("key-compromised-unproven")


def _existed_at(question: Question, grant: Grant) -> datetime | None:
    """By when anything but its own dates, which are the thief's to choose, shows that it existed."""
    policy = question.policy
    existed = existence.earliest(
        armor.decode(question.text),
        question.existed_by,
        text=question.text,
        authorities=policy.time_stamp_authorities,
        seal_keys=policy.seal_keys,
        register_keys=grant.issuer.register_keys,
    )
    return None if existed is None else existed.at


def _existing_documents(question: Question, issuer: TrustedIssuer) -> tuple[ExistingDocument, ...]:
    """Which of the register's documents are proved to have existed; looked at only where that can matter."""
    keys = (*issuer.status_keys, *issuer.register_keys)
    if all(key.compromised_since is None for key in keys):
        return ()
    policy = question.policy
    return existence.existing_documents(
        question.existed_by,
        authorities=policy.time_stamp_authorities,
        seal_keys=policy.seal_keys,
        but_not_by=keys,
    )


def _unseal(
    claims: bytes, certificate: InspectionCertificate, issuer: TrustedIssuer, group_keys: Sequence[GroupKey]
) -> tuple[InspectionCertificate, bytes | None, Reason | None]:
    """Step 7: the certificate with its confidential claims, by which key id, and what is wrong if so."""
    try:
        unsealed = confidential.unseal(claims, certificate, group_keys=group_keys, issuer_id=issuer.id)
    except RejectedInputError:
        return certificate, key_id_of(certificate.confidential or b"") or b"", blocks("confidential-invalid")
    return (certificate, None, None) if unsealed is None else (unsealed.certificate, unsealed.key_id, None)


def _presentation_length(certificate: InspectionCertificate) -> timedelta:
    if certificate.presented_at is None or certificate.expires_at is None:
        return timedelta()
    return certificate.expires_at - certificate.presented_at


# --- 8 to 10: what needs no register ----------------------------------------------------------------------------------


def _prepare(
    question: Question,
    trust: TrustList,
    grant: Grant,
    moment: Moment,
    certificate: InspectionCertificate,
    group_key_id: bytes | None = None,
    sealed: Reason | None = None,
) -> Pending:
    issuer, policy, is_future = grant.issuer, question.policy, moment.is_future
    found = _period.evaluate(certificate, moment)  # 8
    if is_future and not any(reason.code == "expired-on-date" for reason in found):
        found.append(blocks("status-in-future"))
    if trust.contents.environment is _TEST:
        found.append(notes("test-environment"))
    found += _binding.compare(question.expect, certificate, policy)  # 9
    if sealed is not None:
        found.append(sealed)
    is_live = certificate.presented_at is not None and not is_future
    is_live = is_live and _stands_for_status(question, certificate, moment)
    asks_status = not (is_future or is_live or policy.status is _NOT_USED)
    if asks_status and (ref := certificate.status) is not None:  # 10
        unknown = _refusal_of_reference(ref, issuer)
        if unknown is not None:
            found.append(unknown)
            asks_status = False
    existing = _existing_documents(question, issuer) if question.existed_by else ()
    return Pending(question, trust, grant, certificate, moment, found, is_live, asks_status, group_key_id, existing)


def _refusal_of_reference(ref: StatusRef | StatusListEntry, issuer: TrustedIssuer) -> Reason | None:
    """Why the reference cannot be one of this issuer's, if so: then nobody is asked, and nothing fetched."""
    if ref.index >= issuer.max_entries:
        return blocks("status-unknown-reference", index="beyond-list")
    if isinstance(ref, StatusListEntry) and not issuer.allows_uri(ref.uri):
        return blocks("status-unknown-reference", uri="outside-prefixes")
    return None


def _stands_for_status(question: Question, certificate: InspectionCertificate, window: Window) -> bool:
    """Whether a live presentation, shown within its minutes, speaks for the moment asked about.

    What it tells of the register is as old as itself, and is held to the same age as any answer.
    """
    start, end, policy = certificate.presented_at, certificate.expires_at, question.policy
    if start is None or end is None or not policy.live_replaces_status:
        return False
    known_at = question.known_at or question.evaluated_at
    age, limit = known_at - start, policy.max_status_age
    if age < -policy.clock_skew or not (limit is None or age <= max(limit, policy.clock_skew)):
        return False
    return start <= window.start and window.end <= end and not _is_presentation_over(question, certificate)


def _is_presentation_over(question: Question, certificate: InspectionCertificate) -> bool:
    start, end, skew = certificate.presented_at, certificate.expires_at, question.policy.clock_skew
    return start is not None and end is not None and not start - skew <= question.evaluated_at < end + skew


# --- 11 to 14: what the answers say -----------------------------------------------------------------------------------


def _status_window(certificate: InspectionCertificate, window: Window) -> Window:
    """Before it was issued a certificate had no state: its time of issue stands for those instants."""
    issued_at = certificate.issued_at
    if issued_at is None or window.start >= issued_at:
        return window
    return Window(start=issued_at, end=max(window.end, issued_at + RESOLUTION))


def _judge_status(pending: Pending, answer: StatusAnswer) -> tuple[StatusRecord | None, Sequence[Reason]]:
    """Step 11: the record, if it counts, and what it means."""
    if not isinstance(answer, StatusRecord):
        return None, [missing(answer, pending.question.policy.status)]
    keys, moment = pending.grant.issuer.status_keys, pending.moment
    if answer.proofs and (refused := refusal_of_proofs(answer, keys, pending.existing)) is not None:
        return None, [refused]
    return answer, timeline.evaluate(answer, _status_window(pending.certificate, moment), moment.rules)


def _blocks_status(reason: Reason) -> bool:
    return reason.axis is Axis.STATUS and reason.effect is not Effect.NOTES


def _blocks_freshness(reason: Reason) -> bool:
    return reason.axis is Axis.FRESHNESS and reason.effect is Effect.BLOCKS


def _vehicle_reasons(pending: Pending, answer: VehicleAnswer) -> list[Reason]:
    """Step 12."""
    policy = pending.question.policy
    if not isinstance(answer, VehicleRecord):
        return [missing(answer, policy.vehicle, subject="vehicle")]
    keys = pending.grant.issuer.register_keys
    if (refused := refusal_of_proofs(answer, keys, pending.existing, subject="vehicle")) is not None:
        return [refused]
    if _freshness.is_from_future(answer, policy, pending.question.evaluated_at):
        return [blocks("status-not-covered", subject="vehicle")]
    is_in_period = not any(reason.axis is Axis.PERIOD and reason.effect is Effect.FAILS for reason in pending.reasons)
    zone = pending.moment.zone
    period = _period.span(pending.certificate, zone)
    return _flags.evaluate(
        answer,
        pending.moment,
        zone,
        policy,
        need=policy.vehicle,
        is_in_period=is_in_period,
        in_force_when_observed=period.end_at is None or answer.observed_at < period.end_at,
    )


def _unauthentic(
    question: Question, reason: Reason, trust: TrustList, refused: RejectedInputError | None = None
) -> Verdict:
    outcome, reasons = outcome_of([reason])
    return Verdict(
        outcome=outcome,
        reasons=reasons,
        certificate=None,
        issuer=None,
        status_observed_at=None,
        question=question,
        checked=_AUTHENTICITY_ALONE,
        rules=None,
        sources=Sources(trust=trust, refused=refused),
    )
