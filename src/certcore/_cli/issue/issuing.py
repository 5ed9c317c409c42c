"""Issue one certificate: warn of likely mistakes, record it, and report what was done."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, Any, Final

import attrs
import click

from certcore import payload
from certcore._cli.output.formats import Line
from certcore._cli.printing import pages
from certcore._cli.register import registers
from certcore.errors import CertcoreError, IssuingError
from certcore.issue import Issuer
from certcore.payload import InspectionCertificate, Profile, StatusRef
from certcore.status.protocol import StatusState
from certcore.vocabulary._vins import is_vin, vin_check_digit_ok

if TYPE_CHECKING:
    from certcore.register import StatusRegistry
    from certcore.register._store._holdings import Holding

_NEARLY_A_VIN: Final = range(15, 20)
"""Lengths of a chassis number that may be meant to be a VIN of 17 characters."""

_RECORDED: Final = {"en": "issued, and recorded in the register", "zh": "已签发并登记"}
_SUPERSEDES: Final = {"en": "supersedes", "zh": "取代"}
_NEVER_REVOKED: Final = {
    "en": "this certificate is in no register, so it can never be revoked; --register issues into one",
    "zh": "该凭证未登记在任何登记系统中，无法撤销；--register 可签发并登记",
}
_REFERENCE_ALONE: Final = {
    "en": "no register is given, so this certificate can never be revoked unless the one that gave out its reference"
    " also gets its text; --register does both",
    "zh": "未指定登记系统：除非给出该索引的登记系统也登记其文本，否则无法撤销；--register 一并办理",
}


@attrs.frozen(kw_only=True)
class Issued:
    """A certificate that was issued.

    Attributes:
        text: what its QR symbol carries.
        ref: its reference in the register; None without one.
        supersedes: the vehicle's certificates that it took the place of.
        written: what was written, a line for each file; None where the text alone is told.
    """

    text: str = attrs.field(repr=False)
    ref: StatusRef | None
    supersedes: tuple[StatusRef, ...] = ()
    written: tuple[str, ...] | None = None

    def members(self) -> Mapping[str, Any]:
        """The reference, the text, and what it superseded."""
        return {
            "ref": None if self.ref is None else registers.written(self.ref),
            "text": self.text,
            "supersedes": [registers.written(ref) for ref in self.supersedes],
        }

    def lines(self, lang: str) -> Iterator[Line]:
        """The text alone, so that it can be handed on; or the files. The reference is beside it, or above."""
        if self.ref is not None:
            said = f"{registers.written(self.ref)}: {_RECORDED[lang]}"
            if self.supersedes:
                said += f"; {_SUPERSEDES[lang]} {', '.join(map(registers.written, self.supersedes))}"
            yield Line(said, is_error=self.written is None)
        yield from map(Line, [self.text] if self.written is None else self.written)


def issue(issuer: Issuer, certificate: InspectionCertificate, *, supersedes_from: datetime | None = None) -> Issued:
    """Issue it, into the issuer's register where there is one.

    Raises:
        IssuingError: as `Issuer.issue`.
        StatusError: ``status-unavailable``.
        click.UsageError: for a reference that was typed, beside a register that gives one.
    """
    registry = of(issuer)
    if registry is None:
        return Issued(text=issuer.issue(certificate), ref=None)
    if certificate.status is not None or certificate.certificate_id is not None:
        msg = "--register gives each certificate its reference: leave --status and --certificate-id out"
        raise click.UsageError(msg)
    before = {held.ref for held in of_vehicle(registry, certificate) if held.state in _IN_FORCE}
    ready = issuer.complete(certificate)
    text = issuer.issue(ready, supersedes_from=supersedes_from)
    after = of_vehicle(registry, certificate) if before else ()
    ended = tuple(held.ref for held in after if held.ref in before and held.state is StatusState.SUPERSEDED)
    return Issued(text=text, ref=ready.status if isinstance(ready.status, StatusRef) else None, supersedes=ended)


_IN_FORCE: Final = (StatusState.VALID, StatusState.SUSPENDED)


def of(issuer: Issuer) -> StatusRegistry | None:
    """The register that an issuer of the command's issues into."""
    registry: Any = issuer.registry
    found: StatusRegistry | None = registry
    return found


def of_vehicle(registry: StatusRegistry, certificate: InspectionCertificate) -> Iterator[Holding]:
    """What the register holds of the vehicle of a certificate, by its chassis number, or else by its plate."""
    made = registers.module("certcore.register._store._holdings").Selection
    if certificate.vin is not None:
        return registry.holdings(made(vin=certificate.vin))
    plate = {name: getattr(certificate, name) for name in ("registration_number", "plate_type")}
    return registry.holdings(made(country=certificate.country or registry.country, **plate))


def write(issued: Issued, wanted: pages.Wanted) -> Iterator[str]:
    """Write what is asked for; an error says where the certificate is to be had all the same."""
    try:
        yield from wanted.write(issued.text)
    except CertcoreError as cause:
        if issued.ref is None:
            raise
        again = f"it is issued, and 'certcore register show {registers.written(issued.ref)}' draws it again"
        raise type(cause)(cause.code, f"{cause.message}; {again}", **dict(cause.detail)) from cause


def unrecorded(certificate: InspectionCertificate, lang: str) -> str:
    """That nobody can revoke it."""
    return (_NEVER_REVOKED if certificate.status is None else _REFERENCE_ALONE)[lang]


def doubts(certificate: InspectionCertificate, today: date) -> Iterator[str]:
    """What is allowed and is probably a slip of the pen, which would be printed."""
    day = certificate.issued_at.date() if certificate.issued_at else today
    if certificate.valid_until is not None and certificate.valid_until < day - timedelta(days=1):
        yield "the last day of validity is before the day of issue"
    vin = certificate.vin
    if vin is not None and not is_vin(vin) and len(vin) in _NEARLY_A_VIN and vin.isalnum():
        yield f"the chassis number has {len(vin)} characters and is no VIN: is it complete?"
    elif certificate.country == "CN" and vin is not None and is_vin(vin) and not vin_check_digit_ok(vin):
        yield "the VIN's check digit is wrong"


def require_profile(certificate: InspectionCertificate, profile: Profile) -> None:
    """Return where a certificate has the fields of a profile.

    Raises:
        IssuingError: ``certificate-incomplete``.
    """
    missing = payload.missing_fields(certificate, profile)
    if missing:
        raise IssuingError(
            "certificate-incomplete",
            f"The {profile.name} profile also needs {', '.join(missing)}",
            profile=profile.value,
            missing=", ".join(missing),
        )
