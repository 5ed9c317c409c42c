"""Wherever a code is shown to a person, the way to its words stands beside it, for every code, and leads somewhere.

`tests/reasons/test_addresses.py` holds the addresses to the page, `make docs` the page to its anchors;
`tests/cli/output/test_explain.py` has the command's messages, `tests/register/test_service_events.py` the service's.
"""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path
from typing import Any, Final

import pytest

from certcore import VehicleVerdict
from certcore.bulk import _report
from certcore.bulk._report import Kind, Summary, _html, _pdf
from certcore.errors import IssuingError
from certcore.reasons import REASONS, explain
from certcore.reasons._meaning import LANGUAGES, words_of
from certcore.signals._signal import Signal
from tests.truth_table.cases import Case, cases

ANCHORS: Final = frozenset(
    re.findall(
        r'<a id="([a-z0-9-]+)"></a>',
        (Path(__file__).parents[1] / "docs" / "reference" / "reasons.md").read_text("utf-8"),
    )
)


@pytest.mark.parametrize("lang", LANGUAGES)
@pytest.mark.parametrize("case", [pytest.param(case, id=case.name) for case in cases()[::3]])
def test_explanations_with_links(case: Case, lang: str) -> None:
    """Each line of a verdict, about a certificate or a vehicle, ends with its address; all else is as it was."""
    verdict = case.ask()
    plain, linked = (verdict.explain(lang=lang, links=links).splitlines() for links in (False, True))
    assert plain == [re.sub(r" https://\S+$", "", line) for line in linked]
    assert re.search("https", linked[0]) is None
    about = isinstance(verdict, VehicleVerdict)
    expected = dict.fromkeys(words_of(one, lang=lang, is_about_vehicle=about).url for one in verdict.reasons)
    assert [*expected] == list(dict.fromkeys(line.rpartition(" ")[2] for line in linked[1:]))
    assert {url.rpartition("#")[2] for url in expected} <= ANCHORS


@pytest.mark.parametrize("lang", LANGUAGES)
def test_a_signal_with_its_link(lang: str) -> None:
    """A signal's words end with their address, too."""
    signal = Signal("chain-forked")
    assert f"{signal.explain(lang=lang)} {explain('chain-forked').url}" == signal.explain(lang=lang, links=True)


# --- reports


def record(row: int, *codes: str) -> dict[str, Any]:
    """What a report is made of, for a document without a verdict."""
    about = {
        "row": row,
        "part": 0,
        "claim": f"K-{row}",
        "document": "a.png",
        "as_of": None,
        "known_at": None,
        "cells": {},
    }
    return {**about, "outcome": "error", "codes": list(codes), "words": [], "remarks": [], "detail": "<b>&"}


def report(*codes: str) -> tuple[Summary, list[dict[str, Any]]]:
    """Two codes in each claim; the second of a claim of two documents decides nothing, and is told all the same."""
    records = [record(row, *codes[row : row + 2]) for row in range(0, len(codes), 2)]
    records.append({**record(records[-1]["row"], codes[0]), "part": 1})
    return _report.summarise(records), records


@pytest.mark.parametrize("policy", ["claims", None], ids=["claims", "evidence"])
@pytest.mark.parametrize("lang", LANGUAGES)
def test_a_page_explains_every_code_on_it(lang: str, policy: str | None) -> None:
    """Each code leads down the page, and from there to the documentation: all codes there are, none twice."""
    summary, records = report(*REASONS)
    page = "".join(_html.html(summary, records, Kind(policy=policy, lang=lang)))
    for code in REASONS:
        words = explain(code, lang=lang)
        assert f"<a href=#{code}>{code}</a>" in page
        assert 1 == page.count(f'id="{code}"')
        assert f"<a href={words.url}>" in page
        assert re.sub("[&']", "", words.next_step) in re.sub("&#x27;|&amp;", "", page)
    assert set(re.findall(r"href=#([\w-]+)", page)) <= set(re.findall(r'id="([\w-]+)"', page))


def test_a_page_does_not_link_to_what_it_does_not_know() -> None:
    """A stranger's code may be anything: it is shown, and neither linked nor explained."""
    summary, records = report('<a href="x">', "malformed")
    page = "".join(_html.html(summary, records, Kind(policy="claims", lang="en")))
    assert ["malformed"] == re.findall(r"href=#([\w-]+)", page)
    assert '<a href="x">' not in page


@pytest.mark.parametrize("lang", LANGUAGES)
def test_a_paper_explains_every_code_on_it(lang: str) -> None:
    """A PDF says what each code means; on a screen its lines lead there, and on to the documentation."""
    pdfium = pytest.importorskip("pypdfium2", reason="pypdfium2 is not installed: the pdf extra has it")
    pytest.importorskip("fpdf", reason="fpdf2 is not installed: the print extra has it")
    codes = [*REASONS][::9]
    summary, records = report(*codes)
    kind = Kind(policy="claims", lang=lang)
    try:
        found = _pdf.document(summary, lambda: records, kind)
    except IssuingError:
        pytest.skip("no font with Chinese is installed: apt-get install fonts-noto-cjk")
    links = Counter(re.findall(rb"/URI \(([^)]+)\)", found))
    assert {explain(code).url.encode(): 1 for code in codes} == links
    assert len(records) <= len(re.findall(rb"/Subtype /Link", found)) - len(codes)
    pages = pdfium.PdfDocument(found)
    last = "".join(page.get_textpage().get_text_range() for page in pages)
    assert all(last.count(code) >= 2 for code in codes)
