"""Making a live presentation: a certificate signed once more, for a few minutes.

It proves freshness, not possession. Only a certificate that is in the register with exactly this text, and is in force
now, may be signed. Everything else is refused, or the service would turn forgeries into genuine codes. A signature of
the issuer's own key is not enough, because the key may be stolen. All claims stay unchanged; nbf and exp are added.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta, tzinfo
from typing import Protocol, runtime_checkable
from zoneinfo import ZoneInfo

from certcore import _cbor, armor, cose, payload
from certcore._instants import CLOCK_SKEW, RESOLUTION
from certcore.certificate._claims import EXP, NBF, STATUS_TEXT_KEYS
from certcore.engine import _period
from certcore.engine._moment import Moment
from certcore.errors import CertcoreError, IssuingError, StatusError, UntrustedError
from certcore.keys import Signer
from certcore.keys._trusted import Standing, VerifyingKey, plain_key, standing_of
from certcore.payload import InspectionCertificate, StatusRef
from certcore.reasons import Effect, Reason
from certcore.status import timeline
from certcore.status._facts import Rules
from certcore.status.protocol import StatusBackend, StatusQuery, StatusRecord


@runtime_checkable
class TextRegistry(StatusBackend, Protocol):
    """A register that answers look-ups, and shows the texts that it recorded."""

    def text(self, ref: StatusRef, /) -> str:
        """The text that was recorded under a reference; raises `StatusError` where there is none."""
        ...


def present(
    text: str,
    /,
    *,
    keys: Iterable[VerifyingKey],
    registry: TextRegistry,
    signer: Signer,
    issuer: str,
    zone: ZoneInfo,
    now: datetime,
    lifetime: timedelta,
) -> str:
    """The text of a live presentation.

    Args:
        text: the certificate's text.
        keys: the issuer's own certificate keys, with their dates where they are known; no other signature is looked at.
        registry: the issuer's register.
        signer: whose key signs; its usage in the trust list must be ``live``.
        issuer: the issuer's id, as the register knows it.
        zone: the zone whose civil days the certificate's dates are.
        now: when it is presented.
        lifetime: for how long.

    Raises:
        IssuingError: ``not-presentable``; ``signer-failed``.
    """
    try:
        data, key = _own_payload(text, keys)
        certificate = payload.decode(data)
    except CertcoreError as cause:
        raise _refused("It is no certificate of this issuer's") from cause
    if certificate.is_live or certificate.expires_at is not None:
        raise _refused("It is a presentation already, or a certificate of short life")
    if certificate.issued_at is None or certificate.issued_at > now:
        raise _refused("It states a time of issue that has not come yet")
    moment = _moment_of_presentation(now, zone)
    _require_recorded(certificate, text, registry)
    if standing_of(key, certificate.issued_at, lambda: certificate.issued_at) is not Standing.COUNTS:
        raise _refused("Its key could not sign at the time it states")  # that it is recorded proves what is earlier
    found = _period.evaluate(certificate, moment)
    if _is_against(found) or _is_against(_status_reasons(certificate, registry, issuer, moment)):
        raise _refused("It is not in force now")
    claims = _cbor.decode(data, max_bytes=cose.MAX_CERTIFICATE_BYTES, text_keys=STATUS_TEXT_KEYS)
    begin = int(now.timestamp())
    shown = {**claims, NBF: begin, EXP: begin + int(lifetime.total_seconds())}
    return armor.encode(cose.sign1(_cbor.encode(shown), signer=signer))


def _moment_of_presentation(now: datetime, zone: tzinfo) -> Moment:
    """This moment, by the strictest rules: whatever an issuer may do to its register."""
    rules = Rules(
        suspends=True, retroactive=True, max_age=timedelta(), clock_skew=CLOCK_SKEW, known_at=now, evaluated_at=now
    )
    return Moment(now, now + RESOLUTION, zone, False, rules, [], None)  # noqa: FBT003  members in order, as everywhere


def _own_payload(text: str, keys: Iterable[VerifyingKey]) -> tuple[bytes, VerifyingKey]:
    envelope = cose.read_certificate(armor.decode(text))
    for key in keys:
        if envelope.unverified_key_id in key.key_ids:
            try:
                return envelope.verify(plain_key(key)), key
            except UntrustedError:
                continue
    raise UntrustedError("signature-invalid", "None of the issuer's own keys signed it")


def _require_recorded(certificate: InspectionCertificate, text: str, registry: TextRegistry) -> None:
    """Return where the register holds this very text under the certificate's reference."""
    try:
        recorded = registry.text(certificate.status) if isinstance(certificate.status, StatusRef) else None
    except StatusError as cause:
        raise _refused("The register did not show its text") from cause
    if recorded is None or recorded != text:
        raise _refused("The register does not hold this text")


def _status_reasons(
    certificate: InspectionCertificate, status: StatusBackend, issuer: str, moment: Moment
) -> Iterable[Reason]:
    """What the issuer's own register says of it now; it must know it."""
    query = StatusQuery(
        issuer=issuer,
        ref=certificate.status,
        certificate_id=certificate.certificate_id,
        as_of=moment.start,
        asked_at=moment.start,
    )
    try:
        record: object = status.lookup(query)
    except StatusError as cause:
        raise _refused("The register gave no answer") from cause
    if not isinstance(record, StatusRecord):
        raise _refused("The register gave no answer")
    return timeline.evaluate(record, moment, moment.rules)


def _is_against(found: Iterable[Reason]) -> bool:
    return any(reason.effect is not Effect.NOTES for reason in found)


def _refused(why: str) -> IssuingError:
    return IssuingError("not-presentable", f"{why}; nothing was signed")
