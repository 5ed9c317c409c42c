"""`Issuer`: turns an `InspectionCertificate` into the text for a QR symbol, has it recorded, and presents it live.

It does not check whether the vehicle was inspected, or whether the plate has a form that its country issues.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterable
from datetime import datetime, timedelta
from typing import Any, Final, Protocol, runtime_checkable

import attrs

from certcore import _live, armor, cose, payload
from certcore._clock import utc_now
from certcore._instants import time_zone, utc
from certcore.certificate.confidential import seal
from certcore.errors import IssuingError
from certcore.keys import Signer
from certcore.keys._group import GroupKey
from certcore.keys._trusted import VerifyingKey, trusted_key_tuple
from certcore.payload import InspectionCertificate, StatusRef
from certcore.trust._lists import DEFAULT_LIVE_MAXIMUM
from certcore.vocabulary._codes import is_country_code

__all__ = [
    "Issuer",
    "Register",
]

CERTIFICATE_ID_BYTES: Final = 12
"""Random bytes of a certificate id: a thousand million certificates have a chance of 1 in 10**11 that two agree."""


@runtime_checkable
class Register(Protocol):
    """Where certificates are recorded: gives out status references that are never used twice, and keeps the texts."""

    def allocate(self) -> StatusRef:
        """A new status reference, which was never given out before."""
        ...

    def record(self, certificate: InspectionCertificate, text: str, /, *, supersedes_from: datetime | None) -> None:
        """Keep a certificate with its text; the one it follows is superseded from the given instant, if any."""
        ...


@attrs.frozen(kw_only=True)
class Issuer:
    """Issues certificates with one key.

    Attributes:
        signer: whose key signs; a file, a KMS, an HSM.
        country: the issuer's own, ISO 3166-1 alpha-2: certificates of that country leave it out, to save bytes.
        registry: where certificates are recorded; without one they get a random id and no status reference.
        live_signer: whose key signs live presentations; another key, whose usage in the trust list is ``live``.
        former_keys: certificate keys of its own that signed before this one, for live presentations; as in the trust
            list, with their dates: a certificate outside a key's dates, or after its compromise, is not presented.
        time_zone: the IANA zone whose civil days decide whether a certificate may still be presented; verifiers always
            use the trust list's zone.
        issuer_id: the issuer's id, as its register and the trust list know it; the country unless given.
        clock: what time it is.
    """

    signer: Signer
    country: str | None = None
    registry: Register | None = None
    live_signer: Signer | None = None
    former_keys: tuple[VerifyingKey, ...] = attrs.field(default=(), converter=trusted_key_tuple)
    time_zone: str = "UTC"
    issuer_id: str | None = None
    clock: Callable[[], datetime] = utc_now

    def __attrs_post_init__(self) -> None:
        if self.country is not None and not is_country_code(self.country):
            msg = "a country is two capital letters (ISO 3166-1 alpha-2)"
            raise ValueError(msg)
        if self.signer.public_key.signature_bytes not in cose.CERTIFICATE_SIGNATURE_BYTES:
            msg = (
                "a certificate is signed with P-256, P-384 or Ed25519; the signatures of other keys are too long for it"
            )
            raise ValueError(msg)
        if self.live_signer is not None:
            live = self.live_signer.public_key
            if live.signature_bytes not in cose.CERTIFICATE_SIGNATURE_BYTES:
                msg = "a live presentation is signed with P-256, P-384 or Ed25519"
                raise ValueError(msg)
            if live.thumbprint in {key.thumbprint for key in (self.signer.public_key, *self.former_keys)}:
                msg = "a key has one usage: certificates and live presentations are signed with different keys"
                raise ValueError(msg)
        time_zone(self.time_zone)

    def complete(self, certificate: InspectionCertificate, /) -> InspectionCertificate:
        """The certificate as it will be issued: with a time of issue, and a status reference or an id.

        A certificate without reference and id is new: it gets one of them, and the current time as its time of issue.
        So you can change a verified certificate with `attrs.evolve(old, ..., status=None, certificate_id=None)` and
        issue it anew. A certificate with a reference or an id keeps it. A live presentation's window is dropped. Sealed
        bytes belong to the old certificate: a new one does not keep them, and must have been opened, so that its fields
        can be sealed anew.

        Raises:
            IssuingError: ``register-failed``; ``confidential-unbound`` for a new one with a sealed part that was not
                opened.
        """
        changes: dict[str, Any] = {"presented_at": None, "expires_at": None} if certificate.is_live else {}
        is_new = certificate.status is None and certificate.certificate_id is None
        if is_new and certificate.confidential is not None:
            _require_opened(certificate)
            changes["confidential"] = None
        if is_new or certificate.issued_at is None:
            changes["issued_at"] = self.clock()
        if is_new:
            changes |= self._reference()
        return attrs.evolve(certificate, **changes) if changes else certificate

    def issue(
        self,
        certificate: InspectionCertificate,
        /,
        *,
        supersedes_from: datetime | None = None,
        confidential: Iterable[str | int] | None = None,
        group_key: GroupKey | None = None,
    ) -> str:
        """The text for a QR symbol: completed, signed, and recorded where there is a register.

        The register gets only the public fields. A certificate that is already sealed is written unchanged.

        Args:
            certificate: what to state.
            supersedes_from: from when the certificate it follows is superseded; the register keeps it.
            confidential: the fields that only holders of the group key may read, out of `MAY_BE_CONFIDENTIAL` in
                `certcore.certificate.confidential`; fields that the certificate does not have are ignored.
            group_key: the key they are sealed under, for this issuer's id: the certificate's ``issuer``, else the
                issuer's ``issuer_id``, else its country. It must be the id in the trust list, or the fields cannot be
                read.

        Raises:
            IssuingError: ``certificate-incomplete`` for both an id and a status reference, ``confidential-exposed`` for
                an opened certificate whose confidential fields are not all named, ``confidential-unbound``,
                ``signer-failed``, ``register-failed`` or ``qr-too-large``.
            TypeError: for a ``supersedes_from`` that is no datetime.
            ValueError: for ``supersedes_from`` without a register or without a time zone; for ``confidential`` without
                ``group_key`` or the other way round, with a field that may not be confidential, or without an
                issuer's id.
        """
        if not isinstance(supersedes_from, datetime | None):
            raise TypeError(f"supersedes_from is a timezone-aware datetime, not {type(supersedes_from).__name__}")
        if supersedes_from is not None and (self.registry is None or supersedes_from.utcoffset() is None):
            msg = "supersedes_from is a timezone-aware datetime, and needs a register"
            raise ValueError(msg)
        names = payload.confidential_names(confidential or ())
        issuer_id = certificate.issuer or self.issuer_id or self.country
        if bool(names) != (group_key is not None) or (names and issuer_id is None):
            msg = "confidential fields need a group key and the issuer's id, and a group key needs confidential fields"
            raise ValueError(msg)
        payload.require_unexposed(certificate, but_for=names)
        ready = self.complete(certificate)
        stated = ready if ready.confidential is not None and not names else self.written(ready)
        if group_key is not None and issuer_id is not None:
            stated = seal(stated, fields=names, group_key=group_key, issuer_id=issuer_id)
            ready = attrs.evolve(stated, country=ready.country)
        text = armor.encode(cose.sign1(payload.encode(stated), signer=self.signer))
        if self.registry is not None:
            try:
                self.registry.record(ready, text, supersedes_from=supersedes_from)
            except Exception as cause:
                raise _register_failed(cause) from cause
        return text

    def present_live(self, text: str, /, *, lifetime: timedelta) -> str:
        """The text of a live presentation: the same claims, signed for a few minutes from now.

        The certificate must be one of this issuer's own, recorded in the register with exactly this text, and in force
        now by its days and by the register. The presentation proves that it was requested just now, not by whom.

        Args:
            text: the certificate's text.
            lifetime: for how long; a second to 15 minutes, and no longer than the trust list's maximum.

        Raises:
            IssuingError: ``not-presentable`` or ``signer-failed``; nothing was signed.
            ValueError: without a live signer, without a register that answers look-ups and shows recorded texts
                (``text``), or for another lifetime.
        """
        registry: object = self.registry
        if self.live_signer is None or not isinstance(registry, _live.TextRegistry):
            msg = "live presentations need a live signer, and a register that answers look-ups and shows recorded texts"
            raise ValueError(msg)
        if not timedelta(seconds=1) <= lifetime <= DEFAULT_LIVE_MAXIMUM:
            msg = f"a live presentation lasts from a second to {DEFAULT_LIVE_MAXIMUM}"
            raise ValueError(msg)
        return _live.present(
            text,
            keys=(self.signer.public_key, *self.former_keys),
            registry=registry,
            signer=self.live_signer,
            issuer=self.issuer_id or self.country or "",
            zone=time_zone(self.time_zone),
            now=utc(self.clock()),
            lifetime=lifetime,
        )

    def _reference(self) -> dict[str, StatusRef | bytes]:
        if self.registry is None:
            return {"certificate_id": secrets.token_bytes(CERTIFICATE_ID_BYTES)}
        try:
            ref: object = self.registry.allocate()
        except Exception as cause:
            raise _register_failed(cause) from cause
        if not isinstance(ref, StatusRef):
            raise IssuingError("register-failed", "The register gave no status reference")
        return {"status": ref}

    def written(self, certificate: InspectionCertificate, /) -> InspectionCertificate:
        """The same without what a reader fills in: the issuer's own country, and days that are stated already."""
        changes: dict[str, Any] = {}
        if certificate.country is not None and certificate.country == self.country:
            changes["country"] = None
        if certificate.valid_from is not None and certificate.valid_from == certificate.inspected_on:
            changes["valid_from"] = None
        if certificate.next_test_due is not None and certificate.next_test_due == certificate.valid_until:
            changes["next_test_due"] = None
        return attrs.evolve(certificate, **changes) if changes else certificate


def _require_opened(certificate: InspectionCertificate) -> None:
    """Return where nothing is lost with the sealed bytes, because they were opened."""
    if certificate.confidential_fields is None:
        raise IssuingError(
            "confidential-unbound",
            "Its sealed part belongs to another certificate: open it with the group key, and seal it anew",
        )


def _register_failed(cause: Exception) -> IssuingError:
    if isinstance(cause, IssuingError):
        return cause
    return IssuingError("register-failed", "The register could not record the certificate; nothing was handed out")
