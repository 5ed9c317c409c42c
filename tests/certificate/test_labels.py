"""A certificate's fields in words, in each language."""

from __future__ import annotations

import attrs
import pytest

from certcore._cli import demo
from certcore.certificate import labels as _labels
from certcore.payload import Basis, DeficiencyCounts, InspectionCertificate, StatusListEntry

COUNTED = attrs.evolve(
    demo.certificate("eu-valid"),
    deficiencies=DeficiencyCounts(minor=1, major=2),
    status=StatusListEntry(uri="https://de.example/1", index=7),
    authority="DE-\u034fBE",
)


@pytest.mark.parametrize(
    ("certificate", "name", "lang", "expected"),
    [
        (demo.certificate("cn-valid"), "plate_type", "zh", "2 小型汽车"),
        (demo.certificate("cn-valid"), "usage", None, "A private 非营运"),
        (demo.certificate("cn-valid"), "status", "en", "list 12, entry 524287"),
        (demo.certificate("cn-valid"), "status", "zh", "列表 12，条目 524287"),
        (demo.certificate("cn-valid"), "test_place", "zh", None),
        (demo.certificate("eu-valid"), "deficiencies", "zh", "1.1.13 (a) 轻微；4.1.2 (a) 轻微；5.2.3 (e) 轻微"),
        (demo.certificate("eu-valid"), "deficiencies", None, "1.1.13 (a) minor; 4.1.2 (a) minor; 5.2.3 (e) minor"),
        (COUNTED, "deficiencies", "en", "1 minor, 2 major, 0 dangerous"),
        (COUNTED, "deficiencies", "zh", "轻微 1，重大 2，危险 0"),
        (COUNTED, "status", "zh", "https://de.example/1, 条目 7"),
        (COUNTED, "authority", "en", "DE-\\u034fBE"),
        (COUNTED, "result", "zh", "轻微缺陷"),
    ],
)
def test_values_in_words(certificate: InspectionCertificate, name: str, lang: str | None, expected: str | None) -> None:
    """Codes, counts, lists and references become words of the language asked for, and everything is visible."""
    assert expected == _labels.value(name, certificate, lang)


def test_labels() -> None:
    """Every field has a name in each language, and both where none is asked for."""
    assert ("valid until", "有效期止", "valid until 有效期止") == tuple(
        _labels.label("valid_until", lang) for lang in ("en", "zh", None)
    )
    for words in _labels.LABELS.values():
        assert all(words)


@pytest.mark.parametrize("basis", Basis)
@pytest.mark.parametrize("lang", ["en", "zh"])
def test_no_basis_says_that_the_vehicle_passed(basis: Basis, lang: str) -> None:
    """Whether it passed is the result's to say: a failed inspection is a certificate "issued after inspection", too."""
    failed = attrs.evolve(demo.certificate("cn-failed"), basis=basis)
    words = _labels.value("basis", failed, lang)
    assert words is not None
    assert [] == [passed for passed in ("pass", "合格", "通过") if passed in words]
