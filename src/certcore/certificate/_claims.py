"""The claims of a certificate: one table, one row for each.

A row says under which key a claim is written and in which form, what it is called in English and Chinese, whether it is
printed and may be sealed, and how it is given to the command. The table gives the reader and the writer here, the words
for people (`certcore.certificate.labels`), the printed page, the command's options and its JSON. A new row also needs
an attribute of `InspectionCertificate` and lines in ``docs/reference``. The tests of this table name what is missing.
The rules for a whole certificate are in `certcore.payload`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from types import MappingProxyType
from typing import Any, Final

import attrs

from certcore import _maps
from certcore.certificate import _forms
from certcore.certificate._forms import Form
from certcore.errors import RejectedInputError

# CWT claims (RFC 8392 section 4; 65535 draft-ietf-oauth-status-list section 6.2); the inspection in the private range
ISS, EXP, NBF, IAT, CTI, STATUS, INSPECTION = 1, 4, 5, 6, 7, 65535, -65537

CONFIDENTIAL: Final = 20
"""The inspection's key that holds the sealed fields."""

STATUS_TEXT_KEYS: Final = frozenset({"status_list", "idx", "uri"})
"""The only text keys in a certificate, those of the standard status claim."""


@attrs.frozen
class Claim(_maps.Field):
    """One row: a key, the attribute it fills, and what people and the command call it.

    Attributes:
        form: how its values are written, here and in JSON.
        label: what it is called, in English and in Chinese.
        help: what the command says of its option; empty where it has none of its own.
        option: the option's name, where it is not the attribute's.
        is_printed: whether it stands on the printed page; what only a program can use does not.
        annex: the code under which a page of the EU's form has it (Directive 2014/45/EU annex II): 1 to 10.
        may_be_sealed: whether it may be confidential.
    """

    form: Form = attrs.field(kw_only=True)
    label: tuple[str, str] = attrs.field(kw_only=True)
    help: str = attrs.field(kw_only=True)
    option: str = attrs.field(kw_only=True, default="")
    is_printed: bool = attrs.field(kw_only=True, default=True)
    annex: int = attrs.field(kw_only=True, default=10)
    may_be_sealed: bool = attrs.field(kw_only=True, default=False)


def _row(key: int, name: str, form: Form, label: tuple[str, str], help: str = "", **more: Any) -> Claim:  # noqa: A002, ANN401  named as click names it; members of `Claim`
    return Claim(key, name, form.to_wire, form.from_wire, form=form, label=label, help=help, **more)


INSPECTION_TABLE: Final = (
    _row(
        0, "registration_number", _forms.NUMBER, ("registration number", "号牌号码"), "Registration number, as issued.",
        option="plate", annex=2,
    ),
    _row(
        2, "vin", _forms.VIN, ("VIN", "车辆识别代号"), "VIN, or any other chassis number.",
        annex=1, may_be_sealed=True,
    ),
    _row(5, "result", _forms.RESULT, ("result", "检验结果"), "How the inspection ended.", annex=7),
    _row(
        17, "next_test_due", _forms.DAY, ("next test due", "下次检验"), "If it is not the last day.",
        annex=8, may_be_sealed=True,
    ),
    _row(
        21, "valid_from", _forms.DAY, ("valid from", "有效期起"),
        "The first day, if neither that of inspection nor of issue.",
    ),
    _row(
        3, "valid_until", _forms.DAY, ("valid until", "有效期止"), "The last day, inclusive, e.g. 2027-09-30.",
        annex=8,
    ),
    _row(1, "country", _forms.COUNTRY, ("country", "国家"), "Of the vehicle's plate: two letters.", annex=2),
    _row(8, "plate_type", _forms.UINT, ("plate type", "号牌种类"), "号牌种类 (GA/T 16.7), e.g. 2 or 52."),
    _row(
        9, "vehicle_category", _forms.TEXT, ("vehicle category", "车辆类型"), "E.g. M1 or K33.",
        annex=5, may_be_sealed=True,
    ),
    _row(10, "usage", _forms.TEXT, ("usage", "使用性质"), "使用性质 (GA/T 16.3), a letter.", may_be_sealed=True),
    _row(6, "authority", _forms.TEXT, ("authority", "签发机关"), "Who is responsible, e.g. 闽C.", annex=9),
    _row(4, "basis", _forms.BASIS, ("basis", "签发依据"), "Why it is issued."),
    _row(
        14, "test_place", _forms.TEXT, ("test place", "检验地点"), "Where it was tested.",
        annex=3, may_be_sealed=True,
    ),
    _row(7, "inspected_on", _forms.DAY, ("inspected on", "检验日期"), "The day of the inspection.", annex=3),
    _row(
        15, "inspector", _forms.TEXT, ("inspector", "检验员或机构"), "Id of the inspector or station.",
        annex=9, may_be_sealed=True,
    ),
    _row(
        12, "odometer_km", _forms.UINT, ("odometer, km", "里程（公里）"), "At the test.",
        annex=4, may_be_sealed=True,
    ),
    _row(
        22, "deficiencies", _forms.DEFICIENCIES, ("deficiencies", "缺陷"), "Repeatable.",
        option="deficiency", annex=6, may_be_sealed=True,
    ),
    _row(
        13, "deficiencies", _forms.COUNTS, ("deficiencies", "缺陷"), "How many of each, instead of a list.",
        option="deficiency-counts", annex=6, may_be_sealed=True,
    ),
    _row(
        18, "document_number", _forms.TEXT, ("document number", "凭证编号"), "As shown to people.",
        may_be_sealed=True,
    ),
    _row(
        11, "status", _forms.REFERENCE, ("status entry", "状态索引"),
        "Its status: 12/524287, or URI#INDEX.",
    ),
    _row(
        19, "previous", _forms.PREVIOUS, ("previous", "前一凭证"), "The certificate it follows.",
        is_printed=False,
    ),
    _row(
        16, "report_digest", _forms.DIGEST, ("report digest", "报告摘要"),
        "First 16 bytes of SHA-256 of the full report.", is_printed=False, may_be_sealed=True,
    ),
    _row(CONFIDENTIAL, "confidential", _forms.BYTES, ("confidential", "加密内容"), "Sealed claims: a COSE_Encrypt0."),
)  # fmt: skip
"""The inspection's fields, in the order in which people are shown them.

Those that may not be sealed say which plate it is, whether and when the certificate is in force, and where its status
stands: these are the same for every reader, with a group key or without."""

CLAIM_TABLE: Final = (
    _row(CTI, "certificate_id", _forms.CERTIFICATE_ID, ("certificate id", "凭证标识"),
         "8 to 16 bytes; random, if there is no status either."),
    _row(STATUS, "status", _forms.STATUS_ENTRY, ("status entry", "状态索引")),
    _row(ISS, "issuer", _forms.TEXT, ("issuer", "签发方"), "The issuer's id in the trust list; optional."),
    _row(IAT, "issued_at", _forms.INSTANT, ("issued at", "签发时间"), "Only with a status or an id; else now."),
    _row(NBF, "presented_at", _forms.INSTANT, ("presented at", "出示时间"), is_printed=False),
    _row(EXP, "expires_at", _forms.INSTANT, ("expires at", "失效时间"), "The end of a certificate of very short life."),
)  # fmt: skip
"""The claims around it, in the same order."""


def _by_key(rows: Iterable[Claim]) -> Mapping[int, Claim]:
    return MappingProxyType({row.key: row for row in sorted(rows, key=lambda row: row.key)})


FIELDS: Final = _by_key(INSPECTION_TABLE)
CLAIMS: Final = _by_key(CLAIM_TABLE)
TABLE: Final = (*INSPECTION_TABLE, *CLAIM_TABLE)
BY_NAME: Final[Mapping[str, Claim]] = MappingProxyType({row.name: row for row in reversed(TABLE)})
"""The first row of each attribute."""

NAMES: Final = tuple(dict.fromkeys(row.name for row in TABLE))
"""Every attribute, in the order in which people are shown them."""

KEYS_OF: Final[Mapping[str, tuple[int, ...]]] = MappingProxyType(
    {name: tuple(key for key, row in FIELDS.items() if row.name == name) for name in NAMES}
)
"""Attribute to the inspection's keys that fill it."""

MAY_BE_CONFIDENTIAL: Final = frozenset(row.name for row in TABLE if row.may_be_sealed)
"""The fields that may be sealed."""

ALWAYS_THERE: Final = ("registration_number", "basis", "result", "authority", "issued_at")
"""What every certificate has."""

CLAIM_READERS: Final = {key: (row.name, row.from_wire) for key, row in CLAIMS.items()}
FIELD_READERS: Final = {key: (row.name, row.from_wire) for key, row in FIELDS.items()}


def write(values: Mapping[str, Any], fields: Mapping[int, Claim]) -> dict[int, Any]:
    """The values that are there, by key; ValueError names the field that cannot be written."""
    written: dict[int, Any] = {}
    for key, field in fields.items():
        value = values[field.name]
        if value is None or ((kind := field.form.kind) is not None and not isinstance(value, kind)):
            continue
        try:
            written[key] = field.to_wire(value)
        except ValueError as cause:
            msg = f"{field.name}: {cause}"
            raise ValueError(msg) from cause
    return written


def read(
    wire: dict[Any, object], readers: Mapping[int, tuple[str, Callable[[object], Any]]], values: dict[str, Any]
) -> dict[int, object]:
    """Read the known keys into ``values``, which has nothing but None under the names that may be read; the others."""
    unknown: dict[int, object] = {}
    for key, value in wire.items():
        try:
            name, from_wire = readers[key]
        except KeyError:
            if type(key) is not int:
                raise malformed("a key is text", "claims") from None
            unknown[key] = value
            continue
        if values.get(name) is not None:
            raise malformed("it says one thing under two keys", name)
        try:
            values[name] = from_wire(value)
        except ValueError as cause:
            raise malformed(str(cause), name) from cause
    return unknown


def malformed(what: str, field: str) -> RejectedInputError:
    return RejectedInputError(
        "malformed", f"The certificate's content cannot be read ({field}): {what}", layer="payload", field=field
    )
