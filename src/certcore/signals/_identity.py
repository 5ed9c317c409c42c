"""What counts as the same certificate, the same vehicle, the same plate. Pure.

Every answer is a flat tuple of numbers, text and bytes: a key for a dictionary, and what a pseudonym is made over.
Where two writings may mean one thing or two, the choice is the one that gives no signal.
"""

from __future__ import annotations

from itertools import groupby

from certcore.payload import InspectionCertificate, StatusListEntry, StatusRef
from certcore.vocabulary import _written, normalise_registration_number, normalise_vin
from certcore.vocabulary._plates import registration_number_groups
from certcore.vocabulary._vins import is_vin

Part = str | int | bytes | None
Identity = tuple[Part, ...]


def certificate_identity(certificate: InspectionCertificate, issuer: str | None) -> Identity | None:
    """Which certificate it is: its issuer, and its id or its place in a status list; None where it has neither.

    Never the signature and never the text: an ECDSA signature can be changed without the key, and a live presentation
    is signed anew though it is the same certificate.
    """
    status = certificate.status
    if isinstance(status, StatusRef):
        return issuer, "list", status.list, status.index
    if isinstance(status, StatusListEntry):
        return issuer, "uri", status.uri, status.index
    return None if certificate.certificate_id is None else (issuer, "id", certificate.certificate_id)


def vehicle_identity(certificate: InspectionCertificate) -> Identity | None:
    """Which vehicle it is for: a VIN by itself, any other chassis number within its country; None if confidential."""
    if certificate.vin is None:
        return None
    number = normalise_vin(certificate.vin)
    return ("vin", number) if is_vin(number) else ("chassis", certificate.country, number)


def plate_identity(certificate: InspectionCertificate) -> Identity | None:
    """Which plate it names, so narrowly that two vehicles can hardly have it at once; None where that cannot be said.

    The number divided as printed (German B-AB 123 is not BA-B 123), its country and its type; a Chinese number without
    its 号牌种类 is not unique.
    """
    if certificate.country == "CN" and certificate.plate_type is None:
        return None
    groups = registration_number_groups(certificate.registration_number)
    runs = ("".join(run) for group in groups for _, run in groupby(group, key=_written.kind_of))
    return "plate", certificate.country, certificate.plate_type, *runs


def plate_number(certificate: InspectionCertificate) -> Identity:
    """Its number and country alone, so widely that two of them are certainly two plates."""
    return "number", certificate.country, normalise_registration_number(certificate.registration_number)
