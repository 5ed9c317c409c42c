"""A certificate's fields in words."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import attrs
import pytest

from certcore._cli import demo
from certcore._cli.output import fields
from certcore.payload import DeficiencyCounts, InspectionCertificate, StatusListEntry, StatusRef

if TYPE_CHECKING:
    from tests.cli.conftest import Command

LIVE = attrs.evolve(
    demo.certificate("eu-valid"),
    authority="DE-\u034fBE",
    basis=99,
    status=StatusListEntry(uri="https://de.example/1", index=7),
    deficiencies=DeficiencyCounts(minor=1),
    previous=StatusRef(list=1, index=2),
    report_digest=bytes(16),
    presented_at=demo.moment("evaluated_at"),
    expires_at=demo.moment("evaluated_at") + timedelta(minutes=5),
    unknown_claims={9: b"x"},
    unknown_fields={77: "\x1b[31m"},
)


def test_every_field_has_a_label() -> None:
    """A field that is added to certificates is shown as well."""
    hidden = {"unknown_claims", "unknown_fields", "confidential_fields"}
    assert {field.name for field in attrs.fields(InspectionCertificate)} - hidden == set(fields.LABELS)


@pytest.mark.parametrize(
    ("lang", "label", "value"),
    [
        ("en", "registration number", "B-AB 123"),
        ("en", "basis", "99"),
        ("en", "result", "minor deficiencies"),
        ("zh", "检验结果", "轻微缺陷"),
        ("en", "authority", "DE-\\u034fBE"),
        ("en", "status entry", "https://de.example/1, entry 7"),
        ("en", "previous", "list 1, entry 2"),
        ("en", "deficiencies", "1 minor, 0 major, 0 dangerous"),
        ("en", "report digest", "00" * 16),
        ("en", "presented at", "2027-11-15T02:00:00Z"),
    ],
)
def test_values_are_shown_in_words_and_escaped(lang: str, label: str, value: str) -> None:
    """Codes become words, bytes hexadecimal, and a character that leaves no trace becomes visible."""
    assert value == dict(fields.rows(LIVE, lang=lang))[label]


def test_what_is_unknown_is_told_and_not_shown() -> None:
    """Of unknown claims and fields only the key is named: what they hold is for a newer reader."""
    rows = [row for row in fields.rows(LIVE, lang="en") if row[0] == "unknown"]
    assert [("unknown", "claim 9"), ("unknown", "field 77")] == rows


def test_chinese_tables_speak_for_chinese_vehicles_alone() -> None:
    """A German certificate's plate type is no 号牌种类; a Chinese one's is, and an unknown code stays a number."""
    chinese = demo.certificate("cn-valid")
    german = attrs.evolve(demo.certificate("eu-valid"), plate_type=2)
    strange = attrs.evolve(chinese, plate_type=77)
    found = [dict(fields.rows(stated, lang="en"))["plate type"] for stated in (german, chinese, strange)]
    assert ["2", "2 small vehicle", "77"] == found


def test_a_certificate_of_many_fields_is_shown(certcore: Command) -> None:
    """The European certificate of the demonstration is shown with every field it has, in both languages."""
    shown = certcore("show", demo.assemble().texts["eu-valid"]).stdout
    for words in ("deficiencies 缺陷: 1.1.13 (a) minor; 4.1.2 (a) minor", "test place 检验地点: Berlin", "84210"):
        assert words in shown
