"""The fields of a certificate as JSON: to and from `InspectionCertificate`.

People type, keep and read certificates in this form, and a verdict's JSON has it under ``certificate``. Dates and
instants are ISO 8601, bytes are hexadecimal, and codes are words. An unknown member is refused, with its place.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import Any, Final

from certcore._cli.input import json_input
from certcore._cli.input.json_input import Members, Reader
from certcore.certificate._claims import BY_NAME
from certcore.certificate._forms import INSTANT
from certcore.certificate._json import members
from certcore.payload import (
    Basis,
    Deficiency,
    DeficiencyCounts,
    InspectionCertificate,
    Result,
    StatusListEntry,
    StatusRef,
)

_PAIR: Final = re.compile(r"(?P<list>\d{1,10})/(?P<index>\d{1,10})", re.ASCII)
_ENTRY: Final = re.compile(r"(?P<uri>[^#]+)#(?P<index>\d{1,10})", re.ASCII)

REQUIRED: Final = ("registration_number", "basis", "result", "authority")


def from_json(text: str, what: str) -> dict[str, object]:
    """The members of a certificate's JSON text, not looked at yet.

    Raises:
        RejectedInputError: ``input-malformed``; it is no JSON object.
    """
    value = json_input.parse(text, what)
    if not isinstance(value, dict):
        raise json_input.malformed(what, "an object in braces is expected")
    return value


def to_json(certificate: InspectionCertificate) -> str:
    """The fields that are there as JSON: indented, in the characters they have."""
    return json.dumps(to_members(certificate), ensure_ascii=False, indent=2) + "\n"


def to_members(certificate: InspectionCertificate) -> dict[str, Any]:
    """The fields that are there as JSON types; also ``presented_at``, which `from_members` does not read."""
    found = members(certificate)
    instants = (name for name in found if name in BY_NAME and BY_NAME[name].form is INSTANT)
    return found | {name: found[name].replace("+00:00", "Z") for name in instants}


def from_members(given: Mapping[str, object]) -> InspectionCertificate:
    """The certificate that these JSON members state.

    Raises:
        RejectedInputError: ``input-malformed``, with the place: unknown, missing, or not fit for a certificate.
    """
    reading = Members(dict(given), "")
    values = {name: reading.take_if(name, read) for name, read in READERS.items()}
    reading.finish()
    stated = {name: value for name, value in values.items() if value is not None}
    missing = [name for name in REQUIRED if name not in stated]
    if missing:
        raise json_input.malformed(", ".join(missing), "missing")
    if "issued_at" in stated and stated.keys().isdisjoint({"status", "certificate_id"}):
        raise json_input.malformed("issued_at", "it is set when issuing, unless there is a status or a certificate_id")
    return json_input.build(InspectionCertificate, "the certificate", **stated)


def typed_reference(text: str) -> object:
    """``12/524287`` or ``https://...#7`` as the members of a status reference; anything else as it is."""
    if entry := _ENTRY.fullmatch(text):
        return {"uri": entry["uri"], "index": int(entry["index"])}
    if pair := _PAIR.fullmatch(text):
        return {"list": int(pair["list"]), "index": int(pair["index"])}
    return text


def typed_deficiencies(values: Iterable[str]) -> list[dict[str, str]]:
    """Several ``CODE=SEVERITY`` as the members of deficiencies.

    Raises:
        ValueError: for anything else; the message says what belongs here.
    """
    found: list[dict[str, str]] = []
    for value in values:
        code, sign, severity = value.rpartition("=")
        if not sign:
            msg = "a deficiency is written like '1.1.13 (a) (ii)=minor'"
            raise ValueError(msg)
        found.append({"code": code.strip(), "severity": severity.strip()})
    return found


def _basis(value: object, place: str) -> Basis | int:
    return value if type(value) is int else json_input.one_of(Basis)(value, place)


def _result(value: object, place: str) -> Result | int:
    return value if type(value) is int else json_input.one_of(Result)(value, place)


def _status(value: object, place: str) -> StatusRef | StatusListEntry:
    members = Members(value, place)
    list_number = members.take_if("list", json_input.whole_number)
    uri = members.take_if("uri", json_input.text)
    index = members.take("index", json_input.whole_number)
    members.finish()
    if list_number is not None and uri is None:
        return json_input.build(StatusRef, place, list=list_number, index=index)
    if uri is not None and list_number is None:
        return json_input.build(StatusListEntry, place, uri=uri, index=index)
    raise json_input.malformed(place, "either list and index, or uri and index, are expected")


def _previous(value: object, place: str) -> StatusRef | bytes:
    if isinstance(value, str):
        return json_input.hexadecimal(value, place)
    reference = _status(value, place)
    if not isinstance(reference, StatusRef):
        raise json_input.malformed(place, "a certificate id, or list and index, are expected")
    return reference


def _deficiencies(value: object, place: str) -> DeficiencyCounts | tuple[Deficiency, ...]:
    if isinstance(value, list):
        return json_input.array_of(_deficiency)(value, place)
    members = Members(value, place)
    counts = {name: members.take_if(name, json_input.whole_number) or 0 for name in ("minor", "major", "dangerous")}
    members.finish()
    return json_input.build(DeficiencyCounts, place, **counts)


def _deficiency(value: object, place: str) -> Deficiency:
    members = Members(value, place)
    code = members.take("code", json_input.text)
    severity = members.take("severity", json_input.one_of(Result))
    members.finish()
    return json_input.build(Deficiency, place, code=code, severity=severity)


KINDS: Final[Mapping[str, Reader[Any]]] = MappingProxyType(
    {
        "text": json_input.text,
        "day": json_input.day,
        "instant": json_input.instant,
        "number": json_input.whole_number,
        "hexadecimal": json_input.hexadecimal,
        "basis": _basis,
        "result": _result,
        "status": _status,
        "previous": _previous,
        "deficiencies": _deficiencies,
    }
)
READERS: Final = MappingProxyType({name: KINDS[row.form.json] for name, row in BY_NAME.items() if row.help})
"""Every field that can be stated, and how it is read."""
