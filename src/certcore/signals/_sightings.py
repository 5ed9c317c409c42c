"""`seen`: whether other claims showed the same certificate, or its vehicle under another plate.

It has what is stored of a verdict, its pseudonyms, and the protocol of a store of sightings. It does not have files
or databases (`_memory` and `_sqlite` are stores), and does not say how important a sighting is.

A store is told pseudonyms only: HMAC-SHA-256 (RFC 2104) under the tenant's secret key. A thief of the store without the
key learns how often something was seen and when, but neither certificate nor plate nor VIN nor claim; a thief of both
can test guesses, as the numbers of plates are few.
"""

from __future__ import annotations

import hmac
from collections.abc import Sequence
from datetime import datetime
from typing import Final, Protocol

import attrs

from certcore import _cbor
from certcore._instants import utc
from certcore.signals._identity import (
    Identity,
    Part,
    certificate_identity,
    plate_identity,
    plate_number,
    vehicle_identity,
)
from certcore.signals._signal import Signal, signal
from certcore.verdict import Verdict

MIN_KEY_BYTES: Final = 32
"""Bytes of a key: as many as SHA-256 gives (RFC 2104 section 3)."""

_FORM: Final = "certcore/seen/1"


def _secret(_instance: object, _field: object, value: bytes) -> None:
    if not isinstance(value, bytes):
        msg = f"a key is bytes, not {type(value).__name__}"
        raise TypeError(msg)
    if len(value) < MIN_KEY_BYTES:
        msg = f"a key has at least {MIN_KEY_BYTES} bytes; secrets.token_bytes({MIN_KEY_BYTES}) makes one"
        raise ValueError(msg)


@attrs.frozen(repr=False)
class PseudonymKey:
    """The tenant's secret, and the pseudonyms under it. Its repr hides it; its pickle holds it.

    Not checked: whether the bytes are random.

    Raises:
        TypeError: not bytes. ValueError: fewer than 32 of them.
    """

    _secret: bytes = attrs.field(validator=_secret)

    def pseudonym(self, purpose: str, /, *parts: Part) -> bytes:
        """32 bytes that stand for the parts, and for this purpose alone."""
        return hmac.digest(self._secret, _cbor.encode([_FORM, purpose, *parts]), "sha256")

    def __repr__(self) -> str:
        return "PseudonymKey(not shown)"


@attrs.frozen(kw_only=True)
class Sighting:
    """That a subject was seen in the company of something; both are pseudonyms.

    Attributes:
        subject: a certificate, a vehicle or a plate.
        companion: what it was seen with: the vehicle's plate, the plate's vehicle, nothing in particular.
    """

    subject: bytes
    companion: bytes


@attrs.frozen(kw_only=True)
class OtherClaims:
    """In how many other claims, and when.

    Attributes:
        claims: how many, at least one.
        first_at: when first, among those.
        last_at: when last.
    """

    claims: int
    first_at: datetime
    last_at: datetime


@attrs.frozen(kw_only=True)
class SightingMatches:
    """What a store knows of one sighting's subject from other claims.

    Attributes:
        same: where it was seen with the same companion; None: nowhere.
        different: where it was seen with another; None likewise.
    """

    same: OtherClaims | None = None
    different: OtherClaims | None = None


class SeenStore(Protocol):
    """Where sightings are kept. Write one for the database that all your workers share.

    Its methods are called from several threads at once.
    """

    @property
    def key(self) -> PseudonymKey:
        """The tenant's key, under which everything in the store is pseudonymous."""
        ...

    def remember(self, sightings: Sequence[Sighting], /, *, claim: bytes, at: datetime) -> tuple[SightingMatches, ...]:
        """Keep that one claim showed these at an instant, and tell what other claims showed; in their order.

        All at once or not at all, and one call after the other: of two claims that show the same at the same time, the
        second is told of the first. A claim that shows the same again is no other claim: its first and last instants
        are widened. What is told is on the disk, if there is one.

        Args:
            sightings: what was seen.
            claim: the claim's pseudonym.
            at: when, aware.

        Raises:
            StatusError: ``seen-store-failed``; nothing was kept, and nothing can be concluded.
        """
        ...

    def forget(self, *, before: datetime) -> int:
        """Erase every sighting that was last seen before an instant; how many there were.

        Raises:
            StatusError: ``seen-store-failed``.
        """
        ...


def seen(verdict: Verdict, /, *, claim_id: str, store: SeenStore, at: datetime | None = None) -> tuple[Signal, ...]:
    """Remember what a claim showed, and tell what other claims did.

    - ``certificate-in-other-claims``: the same certificate; a live presentation of it is the same one.
    - ``same-vin-other-plate``: the same vehicle, with another country or registration number.
    - ``same-plate-other-vin``: the same plate, on another vehicle.

    Each tells in how many other ``claims`` and when, ``first_seen_at`` and ``last_seen_at``. Only an authentic
    certificate is remembered, whatever its verdict; of any other nothing is stored and nothing told. Asking again for
    the same claim gives the same answer.

    Not checked: whether the other claims are about the same event, which is common and honest; and a plate may have
    changed hands.

    Args:
        verdict: what was found; it is not changed.
        claim_id: the claim's number, compared exactly as given. It is not stored, only its pseudonym.
        store: where to remember it.
        at: when it was shown, aware; when the verdict was asked for, unless given.

    Raises:
        StatusError: ``seen-store-failed``; the store gave no answer, which never means that nothing was seen.
        TypeError: ``claim_id`` is no text. ValueError: it is blank, or ``at`` is naive.
    """
    if not isinstance(claim_id, str):
        msg = f"a claim's id is a str, not {type(claim_id).__name__}"
        raise TypeError(msg)
    if not claim_id.strip():
        msg = "a claim's id is not blank"
        raise ValueError(msg)
    at = utc(verdict.evaluated_at if at is None else at)
    key, watched = store.key, _identities_to_store(verdict)
    if not watched:
        return ()
    claim = key.pseudonym("claim", claim_id.encode("utf-8", "surrogatepass"))
    sightings = [
        Sighting(subject=key.pseudonym(code, *subject), companion=key.pseudonym(code, *companion))
        for code, subject, companion in watched
    ]
    told = store.remember(sightings, claim=claim, at=at)
    return tuple(
        signal(
            code,
            claims=others.claims,
            first_seen_at=others.first_at.isoformat(),
            last_seen_at=others.last_at.isoformat(),
        )
        for (code, _, companion), matches in zip(watched, told, strict=True)
        if (others := matches.different if companion else matches.same) is not None
    )


def _identities_to_store(verdict: Verdict) -> list[tuple[str, Identity, Identity]]:
    """What is remembered of a certificate: the code of the signal, the subject, and the companion.

    A subject that another claim showed with the same companion makes the signal where there is no companion; with
    another companion, it makes it where there is one.
    """
    certificate = verdict.certificate
    identity = None if certificate is None else certificate_identity(certificate, verdict.issuer)
    if certificate is None or identity is None:
        return []
    found: list[tuple[str, Identity, Identity]] = [("certificate-in-other-claims", identity, ())]
    vehicle, plate = vehicle_identity(certificate), plate_identity(certificate)
    if vehicle is not None:
        found.append(("same-vin-other-plate", vehicle, plate_number(certificate)))
        if plate is not None:
            found.append(("same-plate-other-vin", plate, vehicle))
    return found
