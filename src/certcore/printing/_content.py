"""The text of a printed page: the fields of a certificate, by language and by the rules of its country.

Pure, and only text: `_layout` decides the places, and the writers escape markup. All text from the certificate goes
through `certcore._escaping`. If the result does not pass, an expiry is never the page's headline.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from datetime import datetime, tzinfo
from types import MappingProxyType
from typing import Final, Protocol

import attrs

from certcore._escaping import escape
from certcore._instants import time_zone
from certcore.certificate import labels as _labels
from certcore.certificate._claims import BY_NAME, NAMES
from certcore.certificate.labels import Words, chosen
from certcore.payload import DeficiencyCounts, InspectionCertificate, Profile, Result, missing_fields

LANGUAGE_TAGS: Final = MappingProxyType({"zh": "zh-CN", "en": "en"})
"""The languages of a page, and what each is called in its markup (BCP 47)."""

LANGUAGES: Final = tuple(LANGUAGE_TAGS)

_MARKS_IN_A_ROW: Final = 2
"""Combining marks a character may carry; Vietnamese needs two. A tower of them would reach into other lines."""

_SIGNS: Final = MappingProxyType(
    {country: country for country in ("BG", "CY", "CZ", "DK", "GR", "HR", "IS", "LT", "LV", "NL", "PL", "RO", "SK")}
    | {
        "AT": "A",
        "BE": "B",
        "DE": "D",
        "EE": "EST",
        "ES": "E",
        "FI": "FIN",
        "FR": "F",
        "HU": "H",
        "IE": "IRL",
        "IT": "I",
        "LI": "FL",
        "LU": "L",
        "MT": "M",
        "NO": "N",
        "PT": "P",
        "SE": "S",
        "SI": "SLO",
    }
)
"""The distinguishing signs of vehicles (Vienna Convention on Road Traffic, annex 3) of the EU and EEA countries, where
Directive 2014/45/EU holds."""

_OTHER: Final = 10
"""The code of Directive 2014/45/EU annex II for other information, which is stated with its labels."""

_ANNEX_II: Final[tuple[Words, ...]] = (
    ("vehicle identification number", "车辆识别代号"),
    ("registration number, country", "号牌号码、国家"),
    ("place and date of the test", "检验地点、日期"),
    ("odometer reading", "里程表读数"),
    ("vehicle category", "车辆类别"),
    ("deficiencies and their severity", "缺陷及严重程度"),
    ("result of the test", "检验结果"),
    ("next test, or expiry", "下次检验或到期日"),
    ("testing body, inspector", "检验机构、检验员"),
    ("other information", "其他信息"),
)
"""What Directive 2014/45/EU annex II asks for, each under its harmonised code: 1 to 10, in order."""

_NEXT_OR_EXPIRY: Final = 8
_PRINTED: Final = MappingProxyType({name: BY_NAME[name] for name in NAMES if BY_NAME[name].is_printed})

_TITLE: Final = ("Vehicle inspection certificate", "机动车检验凭证")
_EU_TITLE: Final = ("Roadworthiness certificate", "道路适行性检验证书")
_VALID_UNTIL: Final = ("valid until, inclusive", "有效期至（含当日）")
_NOT_PASSED: Final = ("not passed", "未通过")
_UNKNOWN_RESULT: Final = ("code {}, meaning not known", "代码 {}，含义未知")
_CONFIDENTIAL: Final = ("confidential", "保密")
_SEALED: Final = ("a part is sealed and not shown", "部分内容已加密，未显示")
_NOT_STATED: Final = ("not stated", "未注明")
_NONE_FOUND: Final = ("none", "无")
_IN_WORDS: Final[Mapping[str, Words]] = MappingProxyType(
    {
        "odometer_km": ("{} km", "{} km"),
        "next_test_due": ("next test {}", "下次检验 {}"),
        "valid_until": ("this certificate until {}", "本证书有效期至 {}"),
    }
)
"""What stands beside a value in the EU's form, where the code alone does not say what it is."""

_HOW_TITLE: Final = ("How to verify", "如何核验")
_HOW: Final = (
    (
        'Scan the code with a program that verifies VIC1 certificates, trusts the issuer for "{}" and asks its'
        " register whether this one still stands. Then compare plate and VIN with the vehicle."
    ),
    (
        "请用能核验 VIC1 凭证的程序扫描二维码：程序须信任“{}”的签发方，并向其登记系统查询本凭证是否仍然有效；"
        "再将号牌和车辆识别代号与实车核对。"
    ),
)
_ISSUED_BY: Final = ("Issued by {}.", "签发方：{}。")
_WHERE: Final = ("Such a program: {}", "核验程序见：{}")
_CAUTION: Final = (
    "Until its code is scanned and verified, this page proves nothing: anybody can print one like it.",
    "未经扫码核验，本页不证明任何事项：文字人人可以仿制，以核验结果为准。",
)
_FIRST_LETTER: Final = re.compile("[a-z]")
_COMMA: Final = (", ", "，")
_SEMICOLON: Final = ("; ", "；")
_COLON: Final = (": ", "：")


@attrs.frozen
class _Stated:
    """What a certificate says, in one language and in the times of one zone."""

    certificate: InspectionCertificate
    lang: str
    zone: tzinfo

    def value(self, name: str) -> str | None:
        """A field as it is printed; None where there is nothing to print."""
        found = getattr(self.certificate, name)
        if name == "vin" and found is None:
            return chosen(_CONFIDENTIAL, self.lang)
        if found is None:
            return None
        if name == "confidential":
            return chosen(_SEALED, self.lang)
        if isinstance(found, datetime):
            return _moment(found, self.zone)
        return _limit_marks(_labels.value(name, self.certificate, self.lang) or "")


class Origin(Protocol):
    """Who issued a certificate, as its page names them: an issuer of a trust list is one."""

    @property
    def name(self) -> str:
        """For people."""
        ...

    @property
    def time_zone(self) -> str:
        """The IANA zone whose times the page states."""
        ...


def _capitalise(label: str) -> str:
    return _FIRST_LETTER.sub(lambda found: found.group().upper(), label, count=1)


@attrs.frozen
class Cell:
    """A value with what it is called.

    Attributes:
        label: may be of any length.
        value: as well; never empty.
    """

    label: str = attrs.field(converter=_capitalise)
    value: str = attrs.field(repr=False)


@attrs.frozen(kw_only=True)
class Content:
    """Every word of one page.

    Attributes:
        lang: ``zh`` or ``en``.
        title: what the page is.
        claim: the headline: until when it is valid, or that the vehicle did not pass.
        plate: the registration number.
        cells: the other fields, in order.
        how_title: above how.
        how: how to verify it.
        caution: that the print alone proves nothing.
    """

    lang: str
    title: str
    claim: Cell
    plate: Cell
    cells: tuple[Cell, ...]
    how_title: str
    how: str
    caution: str

    @property
    def characters(self) -> frozenset[str]:
        """Every character that a font must have."""
        cells = (self.claim, self.plate, *self.cells)
        words = [self.title, self.how_title, self.how, self.caution]
        return frozenset("".join([*words, *(cell.label + cell.value for cell in cells)]))


def profile_of(certificate: InspectionCertificate) -> Profile | None:
    """The default profile of a certificate's page: by its country, else by the fields it has."""
    if certificate.country is not None:
        return Profile.EU if certificate.country in _SIGNS else Profile.CN if certificate.country == "CN" else None
    return None if set(missing_fields(certificate, Profile.EU)) - {"vin"} else Profile.EU


def content(
    certificate: InspectionCertificate,
    *,
    lang: str,
    profile: Profile | None,
    issuer: Origin | None = None,
    verifier: str | None = None,
) -> Content:
    """The words of a certificate's page, in one language; the form is the country's, unless given."""
    is_eu = (profile or profile_of(certificate)) is Profile.EU
    zone = time_zone("UTC" if issuer is None else issuer.time_zone)
    stated = _Stated(certificate, lang, zone)
    headline, claim = _claim(stated)
    plate = stated.value("registration_number") or ""
    return Content(
        lang=lang,
        title=chosen(_EU_TITLE if is_eu else _TITLE, lang),
        claim=claim,
        plate=Cell(_labels.label("registration_number", lang), plate),
        cells=_annex_ii(stated) if is_eu else _list_fields(stated, headline),
        how_title=chosen(_HOW_TITLE, lang),
        how=_how(stated.value("authority") or "", issuer, verifier, lang),
        caution=chosen(_CAUTION, lang),
    )


def _how(authority: str, issuer: Origin | None, verifier: str | None, lang: str) -> str:
    """How to verify it, whom the program must trust, and where there is such a program."""
    said = [chosen(_HOW, lang).format(authority)]
    if issuer is not None:
        said.insert(0, chosen(_ISSUED_BY, lang).format(_limit_marks(escape(issuer.name))))
    if verifier is not None:
        said.append(chosen(_WHERE, lang).format(_limit_marks(escape(verifier))))
    return ("" if lang == "zh" else " ").join(said)


def _claim(stated: _Stated) -> tuple[str, Cell]:
    """The headline, and the field it is made of.

    What ends within the validity, or did not pass, is never told as a plain last day.
    """
    certificate, lang = stated.certificate, stated.lang
    result = _labels.label("result", lang)
    if not isinstance(certificate.result, Result):
        return "result", Cell(result, chosen(_UNKNOWN_RESULT, lang).format(certificate.result))
    if not certificate.result.passes or certificate.valid_until is None:
        found = _labels.value("result", certificate, lang)
        return "result", Cell(result, f"{chosen(_NOT_PASSED, lang)}{chosen(_COLON, lang)}{found}")
    if certificate.expires_at is not None:
        return "expires_at", Cell(_labels.label("expires_at", lang), _moment(certificate.expires_at, stated.zone))
    return "valid_until", Cell(chosen(_VALID_UNTIL, lang), certificate.valid_until.isoformat())


def _list_fields(stated: _Stated, headline: str) -> tuple[Cell, ...]:
    names = (name for name, row in _PRINTED.items() if name not in {headline, "registration_number"})
    found = ((name, stated.value(name)) for name in names)
    return tuple(Cell(_labels.label(name, stated.lang), value) for name, value in found if value is not None)


def _annex_ii(stated: _Stated) -> tuple[Cell, ...]:
    """The fields under their harmonised codes, each code once whether anything is stated or not."""
    lang = stated.lang
    return tuple(
        Cell(f"({code}) {chosen(words, lang)}", _under_code(code, stated) or chosen(_NOT_STATED, lang))
        for code, words in enumerate(_ANNEX_II, start=1)
    )


def _under_code(code: int, stated: _Stated) -> str:
    lang = stated.lang
    values = {name: _in_annex(name, stated) for name, row in _PRINTED.items() if row.annex == code}
    found = {name: value for name, value in values.items() if value is not None}
    if code == _OTHER:
        labelled = (f"{_labels.label(name, lang)}{chosen(_COLON, lang)}{value}" for name, value in found.items())
        return chosen(_SEMICOLON, lang).join(labelled)
    return chosen(_SEMICOLON if code == _NEXT_OR_EXPIRY else _COMMA, lang).join(found.values())


def _in_annex(name: str, stated: _Stated) -> str | None:
    """A field as the EU's form has it."""
    value = stated.value(name)
    if value is None:
        return None
    if name == "country":
        sign = _SIGNS.get(value)
        return value if sign in {None, value} else f"{sign} ({value})"
    if name == "deficiencies" and stated.certificate.deficiencies == DeficiencyCounts():
        return chosen(_NONE_FOUND, stated.lang)
    return chosen(_IN_WORDS[name], stated.lang).format(value) if name in _IN_WORDS else value


def _moment(moment: datetime, zone: tzinfo) -> str:
    local = moment.astimezone(zone)
    offset = f"{local:%z}"
    return f"{local:%Y-%m-%d %H:%M} UTC{'' if not local.utcoffset() else f'{offset[:3]}:{offset[3:]}'}"


def _limit_marks(text: str) -> str:
    """A visible text without towers of combining marks."""
    marks, found = 0, []
    for character in text:
        marks = marks + 1 if unicodedata.category(character).startswith("M") else 0
        found.append(character if marks <= _MARKS_IN_A_ROW else f"\\u{ord(character):04x}")
    return "".join(found)
