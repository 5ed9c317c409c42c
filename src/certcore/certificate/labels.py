"""A certificate's fields in words, for people: their names and their codes' meanings, in English and Chinese.

The command and the printed page share them, and decide which fields are shown, and where. Every value is escaped
(`certcore._escaping`); markup is not.
"""

from __future__ import annotations

from datetime import date, datetime
from enum import Enum
from types import MappingProxyType
from typing import Final

from certcore._escaping import escape
from certcore.certificate._claims import BY_NAME, NAMES
from certcore.payload import Deficiency, DeficiencyCounts, InspectionCertificate, Result, StatusListEntry, StatusRef
from certcore.vocabulary import _codes
from certcore.vocabulary._codes import Term

__all__: list[str] = []

Words = tuple[str, str]
"""The same in English and in Chinese."""

LABELS: Final = MappingProxyType({name: BY_NAME[name].label for name in NAMES})
"""Every field in the order it is shown, in English and Chinese."""

_CODES: Final = MappingProxyType(
    {
        "exempt": ("exempt", "免检"),
        "pass": ("pass", "合格"),
        "minor": ("minor deficiencies", "轻微缺陷"),
        "major": ("major deficiencies", "重大缺陷"),
        "dangerous": ("dangerous deficiencies", "危险缺陷"),
        "registration": ("registration", "注册登记"),
        "transfer-or-change": ("transfer or change", "转移或变更"),
        "inspected": ("inspected", "经检验签发"),
        "within-validity": ("within validity", "有效期内签发"),
        "temporary": ("temporary", "临时"),
    }
)

_SEVERITIES: Final = MappingProxyType(
    {
        Result.MINOR: ("minor", "轻微"),
        Result.MAJOR: ("major", "重大"),
        Result.DANGEROUS: ("dangerous", "危险"),
    }
)


def chosen(words: Words, lang: str | None) -> str:
    """The words in ``en`` or ``zh``; one behind the other where no language is given."""
    if lang is None:
        return " ".join(words)
    return words[1] if lang == "zh" else words[0]


def label(name: str, lang: str | None) -> str:
    """What a field is called."""
    return chosen(LABELS[name], lang)


def value(name: str, certificate: InspectionCertificate, lang: str | None) -> str | None:
    """What a certificate says in a field, in words; None where it says nothing.

    Args:
        name: of the field.
        certificate: whose field.
        lang: ``en`` or ``zh``; both, unless given, and then what is counted or referred to in English alone.
    """
    found = getattr(certificate, name)
    return None if found is None else escape(_value(name, found, certificate, lang))


def _value(name: str, found: object, certificate: InspectionCertificate, lang: str | None) -> str:
    term = _term(name, found, certificate)
    if term is not None:
        return f"{found} {chosen((term.en, term.zh), lang)}"
    if isinstance(found, Enum):
        return chosen(_CODES.get(found.value, (found.value, found.value)), lang)
    if isinstance(found, (date, datetime)):
        return found.isoformat().replace("+00:00", "Z")
    if isinstance(found, DeficiencyCounts):
        return _deficiency_counts(found, lang)
    if isinstance(found, tuple):
        return ("；" if lang == "zh" else "; ").join(_deficiency(item, lang) for item in found)
    return _plain(found, lang)


def _term(name: str, found: object, certificate: InspectionCertificate) -> Term | None:
    """The vocabulary's term for a code; Chinese tables speak for Chinese vehicles, or where no country is stated."""
    if name == "vehicle_category":
        return _codes.vehicle_category(str(found))
    if certificate.country not in {None, "CN"}:
        return None
    if name == "plate_type" and isinstance(found, int):
        return _codes.plate_type(found)
    return _codes.usage(str(found)) if name == "usage" else None


def _deficiency_counts(counts: DeficiencyCounts, lang: str | None) -> str:
    numbers = ((Result.MINOR, counts.minor), (Result.MAJOR, counts.major), (Result.DANGEROUS, counts.dangerous))
    if lang == "zh":
        return "，".join(f"{_SEVERITIES[severity][1]} {count}" for severity, count in numbers)
    return ", ".join(f"{count} {_SEVERITIES[severity][0]}" for severity, count in numbers)


def _deficiency(item: Deficiency, lang: str | None) -> str:
    return f"{item.code} {chosen(_SEVERITIES[item.severity], lang or 'en')}"


def _plain(found: object, lang: str | None) -> str:
    if isinstance(found, (StatusRef, StatusListEntry)):
        index = f"条目 {found.index}" if lang == "zh" else f"entry {found.index}"
        if isinstance(found, StatusListEntry):
            return f"{found.uri}, {index}"
        return f"列表 {found.list}，{index}" if lang == "zh" else f"list {found.list}, {index}"
    return found.hex() if isinstance(found, bytes) else str(found)
