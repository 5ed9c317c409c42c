"""A certificate's fields in words, for people: what each is called and what its codes mean, in English and Chinese."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime
from enum import Enum
from types import MappingProxyType
from typing import Final

from certcore import vocabulary
from certcore.cli import terminal
from certcore.payload import Deficiency, DeficiencyCounts, InspectionCertificate, StatusListEntry, StatusRef
from certcore.vocabulary import Term

LABELS: Final = MappingProxyType(
    {
        "registration_number": ("registration number", "号牌号码"),
        "country": ("country", "国家"),
        "plate_type": ("plate type", "号牌种类"),
        "vin": ("VIN", "车辆识别代号"),
        "vehicle_category": ("vehicle category", "车辆类型"),
        "usage": ("usage", "使用性质"),
        "result": ("result", "检验结果"),
        "basis": ("basis", "签发依据"),
        "valid_from": ("valid from", "有效期起"),
        "valid_until": ("valid until", "有效期止"),
        "inspected_on": ("inspected on", "检验日期"),
        "next_test_due": ("next test due", "下次检验"),
        "authority": ("authority", "签发机关"),
        "issuer": ("issuer", "签发方"),
        "odometer_km": ("odometer, km", "里程（公里）"),
        "deficiencies": ("deficiencies", "缺陷"),
        "test_place": ("test place", "检验地点"),
        "inspector": ("inspector", "检验员或机构"),
        "document_number": ("document number", "凭证编号"),
        "status": ("status entry", "状态索引"),
        "certificate_id": ("certificate id", "凭证标识"),
        "previous": ("previous", "前一凭证"),
        "report_digest": ("report digest", "报告摘要"),
        "confidential": ("confidential", "加密内容"),
        "issued_at": ("issued at", "签发时间"),
        "presented_at": ("presented at", "出示时间"),
        "expires_at": ("expires at", "失效时间"),
    }
)
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
        "inspected": ("inspected", "检验合格签发"),
        "within-validity": ("within validity", "有效期内签发"),
        "temporary": ("temporary", "临时"),
    }
)

MOST_ASKED: Final = ("registration_number", "country", "plate_type", "vin", "result", "valid_until", "authority")
"""What somebody at the vehicle compares by eye."""


def rows(
    certificate: InspectionCertificate, *, lang: str | None = None, only: tuple[str, ...] = ()
) -> Iterator[tuple[str, str]]:
    """Label and value of each field that is there, safe to show.

    Args:
        certificate: whose fields.
        lang: ``en`` or ``zh``; both, unless given.
        only: the fields to show; all, unless given.
    """
    for name, words in LABELS.items():
        value = getattr(certificate, name)
        if value is not None and (not only or name in only):
            yield _in(words, lang), _value(name, value, certificate, lang)
    for name in () if only else ("unknown_claims", "unknown_fields"):
        for key in getattr(certificate, name):
            yield _in(("unknown", "未知"), lang), f"{name.removeprefix('unknown_').rstrip('s')} {key}"


def _in(words: tuple[str, str], lang: str | None) -> str:
    if lang is None:
        return " ".join(words)
    return words[1] if lang == "zh" else words[0]


def _value(name: str, value: object, certificate: InspectionCertificate, lang: str | None) -> str:
    term = _term(name, value, certificate)
    if term is not None:
        return f"{terminal.escaped(str(value))} {_in((term.en, term.zh), lang)}"
    if isinstance(value, Enum):
        return _code(value, lang)
    if isinstance(value, (date, datetime)):
        return value.isoformat().replace("+00:00", "Z")
    if isinstance(value, DeficiencyCounts):
        counts = (("minor", value.minor), ("major", value.major), ("dangerous", value.dangerous))
        return ", ".join(f"{count} {severity}" for severity, count in counts)
    if isinstance(value, tuple):
        return "; ".join(_deficiency(item) for item in value)
    return terminal.escaped(_plain(value))


def _term(name: str, value: object, certificate: InspectionCertificate) -> Term | None:
    """The vocabulary's term for a code; Chinese tables speak for Chinese vehicles, or where no country is stated."""
    if name == "vehicle_category":
        return vocabulary.vehicle_category(str(value))
    if certificate.country not in {None, "CN"}:
        return None
    if name == "plate_type" and isinstance(value, int):
        return vocabulary.plate_type(value)
    return vocabulary.usage(str(value)) if name == "usage" else None


def _code(value: Enum, lang: str | None) -> str:
    return _in(_CODES.get(value.value, (value.value, value.value)), lang)


def _deficiency(item: Deficiency) -> str:
    return f"{terminal.escaped(item.code)} {item.severity.value}"


def _plain(value: object) -> str:
    if isinstance(value, StatusRef):
        return f"list {value.list}, entry {value.index}"
    if isinstance(value, StatusListEntry):
        return f"{value.uri}, entry {value.index}"
    return value.hex() if isinstance(value, bytes) else str(value)
