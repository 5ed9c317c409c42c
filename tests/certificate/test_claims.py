"""The table of claims: what follows from a row, and what must be written elsewhere; a claim that lacks it is named."""

from __future__ import annotations

import json
import re
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any, Final

import attrs
import pytest

from certcore import Basis, DeficiencyCounts, InspectionCertificate, LocalSigner, Result, StatusRef
from certcore.certificate import _claims, labels
from certcore.certificate._claims import CLAIMS, FIELDS, INSPECTION_TABLE, NAMES, TABLE, Claim
from certcore.issue import Issuer
from certcore.payload import Profile
from certcore.printing import document

DOCS: Final = Path(__file__).parents[2] / "docs" / "reference"
NOT_CLAIMS: Final = {"unknown_claims", "unknown_fields", "confidential_fields"}
ROWS: Final = [pytest.param(row, id=f"{row.key}-{row.name}") for row in TABLE]
FULL: Final = InspectionCertificate(
    registration_number="B-AB 123",
    country="DE",
    vin="WVWZZZ1KZAW000123",
    valid_from=date(2026, 10, 12),
    valid_until=date(2028, 10, 31),
    basis=Basis.INSPECTED,
    result=Result.MINOR,
    authority="DE-BE",
    inspected_on=date(2026, 10, 11),
    plate_type=7777,
    vehicle_category="M1",
    usage="use",
    status=StatusRef(list=3, index=70001),
    odometer_km=84210,
    deficiencies=DeficiencyCounts(minor=3),
    test_place="Berlin",
    inspector="BE-0417",
    next_test_due=date(2028, 9, 30),
    document_number="HU-1",
    previous=StatusRef(list=5, index=6),
    confidential=b"\x01",
    report_digest=bytes(16),
    issuer="DE",
    issued_at=datetime(2026, 10, 12, 9, tzinfo=UTC),
    expires_at=datetime(2027, 10, 12, 9, tzinfo=UTC),
)
JSON_TYPES: Final[dict[str, tuple[str, ...]]] = {
    "text": ('"type": "string"',),
    "day": ('"#/$defs/day"',),
    "instant": ('"#/$defs/instant"',),
    "number": ('"type": "integer"', '"#/$defs/code"'),
    "hexadecimal": ('"#/$defs/hexadecimal"', "0-9a-f"),
    "basis": ("within-validity",),
    "result": ('"#/$defs/result"',),
    "status": ('"#/$defs/statusRef"', '"#/$defs/statusListEntry"'),
    "previous": ('"#/$defs/hexadecimal"',),
    "deficiencies": ('"#/$defs/deficiency"',),
    "deficiency-counts": ('"#/$defs/deficiencyCounts"',),
}
"""What the schema says of each kind: one of these."""


def test_every_attribute_has_a_row_and_every_row_an_attribute() -> None:
    """Neither can be added alone, and no key stands twice."""
    assert {field.name for field in attrs.fields(InspectionCertificate)} - NOT_CLAIMS == set(NAMES)
    assert len(TABLE) == len(FIELDS) + len(CLAIMS)
    assert list(labels.LABELS) == list(NAMES)


@pytest.mark.parametrize("row", ROWS)
def test_the_grammar_has_every_claim(row: Claim) -> None:
    """The CDDL has a line with its key and its form; the sealed part as well, where it may be sealed."""
    grammar = (DOCS / "cddl" / "certificate.cddl").read_text("utf-8")
    line = re.compile(rf"^ *(\? )?{row.key}: {re.escape(row.form.cddl)} *,", re.MULTILINE)
    public, _, sealed = grammar.partition("confidential-fields = {")
    assert line.search(public), f"certificate.cddl: {row.key}: {row.form.cddl}"
    if row in INSPECTION_TABLE:
        assert row.may_be_sealed == bool(line.search(sealed)), "confidential-fields in certificate.cddl"


@pytest.mark.parametrize("row", ROWS)
def test_the_page_of_the_format_has_every_claim(row: Claim) -> None:
    """format.md has a row with its key and its name."""
    page = (DOCS / "format.md").read_text("utf-8")
    assert re.search(rf"^\| {str(row.key).replace('-', '−')} \| [^|]*`{row.name}`", page, re.MULTILINE), "format.md"


@pytest.mark.parametrize("row", ROWS)
def test_the_schema_has_every_claim(row: Claim) -> None:
    """The schema of verdicts has a property of its name, of the type that its form has in JSON."""
    schema = json.loads((DOCS / "verdict.schema.json").read_text("utf-8"))
    found = json.dumps(schema["$defs"]["certificate"]["properties"].get(row.name, "verdict.schema.json lacks it"))
    assert any(words in found for words in JSON_TYPES[row.form.json]), found


@pytest.mark.parametrize("lang", document.LANGUAGES)
@pytest.mark.parametrize("profile", Profile)
def test_every_printed_claim_stands_on_the_page(profile: Profile, lang: str) -> None:
    """What is printed is there whatever the form, and what only a program can use is not."""
    text = Issuer(signer=LocalSigner.generate(), country="FR").issue(FULL)
    page = document.to_html(text, FULL, lang=lang, page="A4", profile=profile)
    words = re.sub(r"\s", "", page)
    for name in NAMES:
        value = labels.value(name, FULL, lang)
        if name in {"confidential", "issued_at", "expires_at"}:
            value = {"confidential": "sealed" if lang == "en" else "加密"}.get(name, "09:00UTC")
        if value is not None:
            assert (re.sub(r"\s", "", value) in words) == _claims.BY_NAME[name].is_printed, name


def test_a_row_is_all_that_words_and_readers_need() -> None:
    """Options, JSON and page know each kind of value; a row of a known kind needs nothing there."""
    click = pytest.importorskip("click", reason="click is missing: the cli extra is not installed")
    from certcore._cli.issue import certificate_draft, issue

    kinds = {row.form.json for row in TABLE if row.help}
    assert kinds == set(issue.KINDS)
    assert kinds - {"deficiency-counts"} == set(certificate_draft.KINDS)
    assert {row.name for row in TABLE if row.help} == set(certificate_draft.READERS)
    options: dict[str, Any] = {option.name: option for option in issue.issue.params if isinstance(option, click.Option)}
    stated = {name for name in certificate_draft.READERS if name != "deficiencies"}
    assert {*stated, "deficiency", "deficiency_counts"} <= set(options)
