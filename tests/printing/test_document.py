"""Printed pages: their code scans, their words are the certificate's and all there, and nothing in them is a trick."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import unicodedata
from datetime import UTC, datetime, timedelta
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import attrs
import pytest

from certcore import DeficiencyCounts, InspectionCertificate, Result, StatusRef, armor, cose, payload, qr
from certcore.errors import CertcoreError, IssuingError, RejectedInputError
from certcore.payload import Profile
from certcore.printing import document
from certcore.printing._layout import MIN_MODULE_MM
from tests.printing.pages import (
    BOTH,
    CHINESE,
    EUROPEAN,
    ISSUED_AT,
    SIGNER,
    changed,
    chinese_font,
    opened,
    rendered,
    text_of,
    words_of,
)

TEXTS = {kind: text_of(certificate) for kind, certificate in BOTH.items()}
EVERY_PAGE = [(kind, lang, page) for kind in BOTH for lang in document.LANGUAGES for page in document.PAGES]
LARGE = changed(EUROPEAN, confidential=bytes(2600))
"""A certificate that needs the largest symbol, at the lowest level."""


class Reader(HTMLParser):
    """The elements, attributes and words of a page."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str | None]] = []
        self.words: list[str] = []
        self.feed(page)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """An element begins."""
        self.tags.append(tag)
        self.attributes += attrs

    def handle_data(self, data: str) -> None:
        """Text, or a style."""
        self.words.append(data)


def packed(text: str) -> str:
    """A text without its spaces."""
    return "".join(text.split())


def refused(text: str, certificate: InspectionCertificate, **how: Any) -> list[CertcoreError]:  # noqa: ANN401  keywords
    """The errors that both kinds of page are refused with."""
    errors = []
    for make in (document.to_html, document.to_pdf):
        with pytest.raises(CertcoreError) as caught:
            make(text, certificate, **{"lang": "en", "page": "A6", **how})
        errors.append(caught.value)
    return errors


# The code


@pytest.mark.parametrize("dpi", [300, 100])
@pytest.mark.parametrize(("kind", "lang", "page"), EVERY_PAGE)
def test_the_pdf_scans(kind: str, lang: str, page: str, dpi: int) -> None:
    """Rendered in black and white alone, every page's code is read as the certificate's text."""
    chinese_font()
    pdf = document.to_pdf(TEXTS[kind], BOTH[kind], lang=lang, page=page)
    assert [TEXTS[kind]] == [symbol.text for symbol in qr.read(rendered(pdf, dpi=dpi))]


@pytest.mark.parametrize("dpi", [300, 100])
def test_the_largest_symbol_scans(dpi: int) -> None:
    """The largest symbol fits A4, with modules of at least 0.4 mm, and scans; A6 does not hold it and says so."""
    text, certificate = LARGE
    assert (40, "L") == ((size := qr.size(text, level="L")).version, size.level)
    pdf = document.to_pdf(text, certificate, lang="en", page="A4")
    assert [text] == [symbol.text for symbol in qr.read(rendered(pdf, dpi=dpi))]
    assert ["page-too-small"] * 2 == [error.code for error in refused(text, certificate)]


@pytest.mark.parametrize(("kind", "lang", "page"), EVERY_PAGE)
def test_the_html_page_holds_the_symbol(kind: str, lang: str, page: str) -> None:
    """The drawing is what `to_svg` draws at level Q, with its quiet zone, and its modules are large enough."""
    html = document.to_html(TEXTS[kind], BOTH[kind], lang=lang, page=page)
    path = re.compile(r"<path[^>]*>")
    assert path.findall(qr.to_svg(TEXTS[kind], level="Q")) == path.findall(html)
    side = re.search(r"svg\{[^}]*width:(?P<side>[\d.]+)mm", html)
    assert side is not None
    assert MIN_MODULE_MM <= float(side["side"]) / (qr.size(TEXTS[kind], level="Q").modules + 8)


@pytest.mark.parametrize("level", ["L", "M", "Q", "H"])
def test_a_level_that_is_given_is_taken(level: str) -> None:
    """The caller's level is drawn, whatever would be chosen."""
    html = document.to_html(TEXTS["eu"], EUROPEAN, lang="en", page="A4", level=level)
    assert qr.to_svg(TEXTS["eu"], level=level).strip().split("<path")[2] in html


def test_a_level_that_cannot_hold_the_text_is_refused() -> None:
    """A level that was asked for is not silently lowered."""
    assert ["qr-too-large"] * 2 == [error.code for error in refused(*LARGE, page="A4", level="H")]


@pytest.mark.slow
@pytest.mark.parametrize(("kind", "lang", "page"), EVERY_PAGE)
def test_a_browser_prints_the_html_page(kind: str, lang: str, page: str, tmp_path: Path) -> None:
    """Printed by Chromium it is one page of its size, and its code is read at 300 and at 100 dots per inch."""
    chromium = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if chromium is None:
        pytest.skip("no Chromium is installed")
    (tmp_path / "page.html").write_text(document.to_html(TEXTS[kind], BOTH[kind], lang=lang, page=page), "utf-8")
    options = [
        "--headless",
        "--no-sandbox",
        "--disable-gpu",
        "--no-pdf-header-footer",
        f"--user-data-dir={tmp_path}/user",
    ]
    subprocess.run(
        [chromium, *options, f"--print-to-pdf={tmp_path}/page.pdf", (tmp_path / "page.html").as_uri()],
        check=True,
        capture_output=True,
        timeout=300,
    )
    pdf = (tmp_path / "page.pdf").read_bytes()
    width, height = opened(pdf)[0].get_size()
    millimetres = {"A4": (210, 297), "A6": (105, 148)}[page]
    assert (1, *millimetres) == (len(opened(pdf)), round(width / 72 * 25.4), round(height / 72 * 25.4))
    for dpi in (300, 100):
        assert [TEXTS[kind]] == [symbol.text for symbol in qr.read(rendered(pdf, dpi=dpi))]


# The words


@pytest.mark.parametrize(
    ("kind", "lang", "expected"),
    [
        (
            "cn",
            "zh",
            "机动车检验凭证 有效期至（含当日） 2027-09-30 闽C12345 LSVAA4181E2184211 2小型汽车 A非营运 合格 如何核验",
        ),
        ("cn", "zh", "列表12，条目524287 信任“闽C”的签发方 未经扫码核验"),
        ("cn", "en", "Validuntil,inclusive 2027-09-30 闽C12345 2smallvehicle Aprivate Howtoverify provesnothing"),
        ("eu", "en", "B-AB123,D(DE) München,2026-09-24 84210km 1.1.13(a)minor;4.1.2(a)minor DE-BE,BE-0417"),
        ("eu", "en", 'nexttest2028-09-30;thiscertificateuntil2028-10-31 documentnumber:HU-2026-1187 issuerfor"DE-BE"'),
        ("eu", "zh", "道路适行性检验证书 1.1.13(a)轻微；4.1.2(a)轻微 轻微缺陷"),
    ],
)
@pytest.mark.parametrize("page", document.PAGES)
def test_the_fields_are_readable(kind: str, lang: str, expected: str, page: str) -> None:
    """What the certificate says stands on the page in words, in HTML and, as text that can be searched, in the PDF."""
    chinese_font()
    how: dict[str, Any] = {"lang": lang, "page": page}
    html = packed("".join(Reader(document.to_html(TEXTS[kind], BOTH[kind], **how)).words))
    pdf = packed(unicodedata.normalize("NFKC", words_of(document.to_pdf(TEXTS[kind], BOTH[kind], **how))))
    for words in expected.split():
        assert words in html
        assert unicodedata.normalize("NFKC", words) in pdf


@pytest.mark.parametrize("lang", document.LANGUAGES)
def test_the_codes_of_annex_ii_stand_before_the_fields(lang: str) -> None:
    """An EU certificate has the codes (1) to (10), each once and in order; a Chinese one has none, unless asked for."""
    codes = re.compile(r"<dt>\((\d+)\)")
    numbers = [str(number) for number in range(1, 11)]
    html = document.to_html(TEXTS["eu"], EUROPEAN, lang=lang, page="A4")
    assert numbers == codes.findall(html)
    assert [] == codes.findall(document.to_html(TEXTS["cn"], CHINESE, lang=lang, page="A4"))
    assert numbers == codes.findall(document.to_html(TEXTS["cn"], CHINESE, lang=lang, page="A4", profile=Profile.EU))
    assert [] == codes.findall(document.to_html(TEXTS["eu"], EUROPEAN, lang=lang, page="A4", profile=Profile.CN))


def test_without_a_country_the_fields_decide() -> None:
    """A certificate that names no country takes the EU's form if it has what Annex II asks for."""
    plain, european = attrs.evolve(CHINESE, country=None), attrs.evolve(EUROPEAN, country=None)
    assert "(1)" not in document.to_html(TEXTS["cn"], plain, lang="en", page="A4")
    assert "(10)" in document.to_html(TEXTS["eu"], european, lang="en", page="A4")


def test_what_annex_ii_asks_for_and_is_not_there() -> None:
    """A field that the certificate lacks is said not to be stated; that nothing was found is another thing."""
    text, bare = changed(EUROPEAN, odometer_km=None, deficiencies=None)
    assert 2 == document.to_html(text, bare, lang="en", page="A4").count("not stated")
    text, clean = changed(EUROPEAN, deficiencies=DeficiencyCounts(), result=Result.PASS)
    assert "<bdi>none</bdi>" in document.to_html(text, clean, lang="en", page="A4")


@pytest.mark.parametrize(
    ("changes", "headline"),
    [
        ({}, "2028-10-31"),
        ({"result": Result.MAJOR}, "not passed: major deficiencies"),
        ({"result": Result.DANGEROUS, "valid_until": None}, "not passed: dangerous deficiencies"),
        ({"result": 7}, "code 7, meaning not known"),
        ({"expires_at": ISSUED_AT + timedelta(hours=3)}, "2026-09-25 10:20 UTC"),
    ],
)
def test_no_last_day_is_promised_that_does_not_hold(changes: dict[str, Any], headline: str) -> None:
    """The headline is the last day only of a certificate whose result passes and that does not end before."""
    text, certificate = changed(EUROPEAN, **changes)
    html = document.to_html(text, certificate, lang="en", page="A6")
    found = re.search(r'<div class="claim"><dt>[^<]*</dt><dd><bdi>(?P<value>[^<]*)', html)
    assert found is not None
    assert headline == found["value"]


@attrs.frozen
class Office:
    """An issuer, as far as a page names it."""

    name: str
    time_zone: str


@pytest.mark.parametrize("kind", BOTH)
@pytest.mark.parametrize(("lang", "by"), [("en", "Issued by {}."), ("zh", "签发方：{}。")])
@pytest.mark.parametrize("page", ["A4", "A6"])
def test_the_page_names_its_issuer_and_where_to_verify(kind: str, lang: str, by: str, page: str) -> None:
    """In the issuer's own time, and escaped; without an issuer there is no name, and times are UTC."""
    office = Office("Office <b>\u202e", "Asia/Kathmandu" if kind == "cn" else "Europe/Berlin")
    text, certificate = changed(BOTH[kind])
    html = document.to_html(text, certificate, lang=lang, page=page, issuer=office, verifier="https://verify.example")
    assert by.format("Office &lt;b&gt;\\u202e") in html
    assert "https://verify.example" in html
    assert ("2026-09-25 13:05 UTC+05:45" if kind == "cn" else "2026-09-25 09:20 UTC+02:00") in html
    bare = document.to_html(text, certificate, lang=lang, page=page)
    assert "2026-09-25 07:20 UTC<" in bare
    assert by.partition("{")[0] not in bare


@pytest.mark.parametrize(("lang", "word"), [("en", "confidential"), ("zh", "保密")])
def test_a_confidential_number_is_called_so(lang: str, word: str) -> None:
    """A certificate whose chassis number is sealed says so instead."""
    text, sealed = changed(CHINESE, vin=None, confidential=b"\xd0" * 40)
    assert f"<dd><bdi>{word}</bdi>" in document.to_html(text, sealed, lang=lang, page="A6")


def test_opened_fields_stay_off_the_page() -> None:
    """What a reader with the group's key sees in the sealed part is not printed: the text does not say it."""
    text, sealed = changed(CHINESE, vin=None, confidential=b"\xd0" * 40)
    read = attrs.evolve(sealed, vin=CHINESE.vin, confidential_fields=("vin",))
    html = document.to_html(text, read, lang="en", page="A6")
    assert (document.to_html(text, sealed, lang="en", page="A6"), False) == (html, str(CHINESE.vin) in html)


def test_long_values_are_there_whole() -> None:
    """Values of 128 characters are wrapped on A4; what A6 cannot hold it refuses, and never cuts."""
    chinese_font()
    long = {
        name: character * 128 for name, character in (("authority", "局"), ("test_place", "站"), ("inspector", "W"))
    }
    text, certificate = changed(CHINESE, registration_number="粤Z" + "港" * 18, document_number="D" * 128, **long)
    pdf = document.to_pdf(text, certificate, lang="zh", page="A4")
    assert [text] == [symbol.text for symbol in qr.read(rendered(pdf, dpi=300))]
    words = words_of(pdf)
    for value in (certificate.registration_number, "D" * 128, *long.values()):
        assert value in words
    text, longer = changed(EUROPEAN, **dict.fromkeys(("authority", "test_place", "inspector", "usage"), "W" * 128))
    assert ["page-too-small"] * 2 == [error.code for error in refused(text, longer)]


# Safe


@pytest.mark.parametrize(("kind", "lang", "page"), EVERY_PAGE)
def test_the_html_page_is_complete_in_itself(kind: str, lang: str, page: str) -> None:
    """It has no script, loads nothing, links nowhere, and forbids itself to."""
    html = document.to_html(TEXTS[kind], BOTH[kind], lang=lang, page=page)
    read = Reader(html)
    known = "html head meta title style body main i div h1 dl dt dd bdi svg path section h2 p"
    assert set() == set(read.tags) - set(known.split())
    assert {"xmlns"} == {name for name, value in read.attributes if value and "//" in value}
    assert set() == {name for name, _ in read.attributes if name.startswith("on") or name in {"src", "href"}}
    assert [] == re.findall(r"url\(|@import|expression\(", html)
    assert ("content", "default-src 'none'; style-src 'unsafe-inline'") in read.attributes
    assert ("lang", {"en": "en", "zh": "zh-CN"}[lang]) in read.attributes


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        ("<b onclick=x>&\"'</b>", "<b onclick=x>&\"'</b>"),
        ("</style></svg><script>alert(1)</script>", "</style></svg><script>alert(1)</script>"),
        ("&lt;{}{0}%s", "&lt;{}{0}%s"),
        ("a\u034fb\u115fc", "a\\u034fb\\u115fc"),
        ("a\\u202eb", "a\\\\u202eb"),
        ("a" + "\u0301\u0302\u0303" * 3, "\u00e1\u0302" + "\\u0303\\u0301\\u0302\\u0303\\u0301\\u0302\\u0303"),
    ],
)
def test_values_are_never_markup(value: str, shown: str) -> None:
    """Markup, format signs, invisible characters and towers of marks stand on the page as text that can be seen."""
    text, certificate = changed(EUROPEAN, authority=value, inspector=value)
    plain = Reader(document.to_html(*changed(EUROPEAN), lang="en", page="A4"))
    read = Reader(document.to_html(text, certificate, lang="en", page="A4"))
    assert sorted(set(plain.tags)) == sorted(set(read.tags))
    assert any(packed(shown) in packed(unicodedata.normalize("NFC", words)) for words in read.words)


def test_values_are_visible_in_the_pdf_too() -> None:
    """An invisible character is shown as an escape, so that no font has to have it."""
    text, certificate = changed(EUROPEAN, authority="DE\u034f-<b>")
    assert "DE\\u034f-<b>" in words_of(document.to_pdf(text, certificate, lang="en", page="A4"))


@pytest.mark.parametrize(
    "changes",
    [
        {"registration_number": "闽C54321"},
        {"valid_until": CHINESE.valid_until + timedelta(days=365) if CHINESE.valid_until else None},
        {"vin": "LSVAA4181E2184212"},
        {"result": Result.MINOR},
        {"status": StatusRef(list=12, index=1)},
        {"issued_at": ISSUED_AT + timedelta(seconds=1)},
        {"unknown_fields": {77: 1}},
        {"unknown_claims": {99: 1}},
        {"confidential_fields": ("vin",), "confidential": b"\xd0"},
    ],
    ids=lambda changes: next(iter(changes)),
)
def test_a_text_of_another_certificate_is_refused(changes: dict[str, Any]) -> None:
    """A page whose words differ from its code in anything is not made."""
    other = attrs.evolve(CHINESE, **changes)
    for make in (document.to_html, document.to_pdf):
        with pytest.raises(ValueError, match="not this certificate's") as caught:
            make(TEXTS["cn"], other, lang="en", page="A4")
        assert "闽" not in str(caught.value)


def test_the_country_may_be_filled_in() -> None:
    """A verifier fills in the issuer's country where the text has none; where it has one, that one counts."""
    assert document.to_html(TEXTS["cn"], CHINESE, lang="en", page="A4")
    abroad = text_of(CHINESE, issuer_country="DE")
    assert document.to_html(abroad, CHINESE, lang="en", page="A4")
    for country in ("DE", None):
        with pytest.raises(ValueError, match="not this certificate's"):
            document.to_html(abroad, attrs.evolve(CHINESE, country=country), lang="en", page="A4")


def test_a_live_presentation_is_not_printed() -> None:
    """What ends within minutes is refused, with a code of its own."""
    live = attrs.evolve(CHINESE, presented_at=ISSUED_AT, expires_at=ISSUED_AT + timedelta(minutes=5))
    text = armor.encode(cose.sign1(payload.encode(live), signer=SIGNER))
    assert ["live-not-printed"] * 2 == [error.code for error in refused(text, live)]


@pytest.mark.parametrize("text", ["", "VIC1:", "VIC1:ABC", "https://example.org", "VIC1:" + "0" * 5000])
def test_what_is_no_certificate_is_refused(text: str) -> None:
    """A text that cannot be decoded is rejected as any reader rejects it."""
    assert all(isinstance(error, RejectedInputError) for error in refused(text, CHINESE))


@pytest.mark.parametrize(
    ("error", "arguments", "how"),
    [
        (ValueError, ("cn", CHINESE), {"lang": "fr", "page": "A4"}),
        (ValueError, ("cn", CHINESE), {"lang": "en", "page": "a4"}),
        (ValueError, ("cn", CHINESE), {"lang": "en", "page": "B9"}),
        (ValueError, ("cn", CHINESE), {"lang": "en", "page": "A4", "level": "X"}),
        (TypeError, ("cn", None), {"lang": "en", "page": "A4"}),
        (TypeError, (None, CHINESE), {"lang": "en", "page": "A4"}),
    ],
)
def test_misuse(error: type[Exception], arguments: tuple[Any, Any], how: dict[str, Any]) -> None:
    """An unknown language, page or level is a ValueError, another type a TypeError."""
    kind, certificate = arguments
    for make in (document.to_html, document.to_pdf):
        with pytest.raises(error):
            make(TEXTS.get(kind, kind), certificate, **how)


# The PDF


def test_the_pdf_states_no_other_time_than_the_certificates() -> None:
    """Its date is that of issue; its title says what it is, in its language, and nothing of the vehicle."""
    pytest.importorskip("fpdf", reason="fpdf2 is not installed: the print extra has it")
    pdf = opened(document.to_pdf(TEXTS["eu"], EUROPEAN, lang="en", page="A6"))
    facts = pdf.get_metadata_dict()
    made = datetime.strptime(facts["CreationDate"].rstrip("Z").replace("D:", "")[:14], "%Y%m%d%H%M%S").replace(
        tzinfo=UTC
    )
    assert (ISSUED_AT, "Roadworthiness certificate", 1) == (made, facts["Title"], len(pdf))


@pytest.mark.slow
def test_the_same_page_is_the_same_bytes() -> None:
    """Two processes, whatever their hash seeds, make the same PDF of a certificate."""
    chinese_font()
    code = f"""
import sys
from pathlib import Path
from certcore import armor, cose, payload
from certcore.printing import document
text = {TEXTS["cn"]!r}
certificate = payload.decode(cose.read_certificate(armor.decode(text)).unverified_payload, country="CN")
sys.stdout.buffer.write(document.to_pdf(text, certificate, lang="zh", page="A4"))
"""
    made = {
        subprocess.run(
            [sys.executable, "-c", code],
            check=True,
            capture_output=True,
            env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path), "PYTHONHASHSEED": seed},
        ).stdout
        for seed in ("1", "2")
    }
    assert {document.to_pdf(TEXTS["cn"], CHINESE, lang="zh", page="A4")} == made


def test_only_what_is_used_of_the_font_is_embedded() -> None:
    """A Chinese page takes no more than 100 kB, of a font with megabytes; a page in Latin letters embeds none."""
    chinese_font()
    assert 100_000 > len(document.to_pdf(TEXTS["cn"], CHINESE, lang="zh", page="A4"))
    assert b"FontFile" not in document.to_pdf(TEXTS["eu"], EUROPEAN, lang="en", page="A4")


def test_latin_pages_need_no_font(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """On a machine without any font a page in Latin letters is made, and a Chinese one refused with what to install."""
    pytest.importorskip("fpdf", reason="fpdf2 is not installed: the print extra has it")
    command = tmp_path / "fc-match"
    command.write_text("#!/bin/sh\n")
    command.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    assert document.to_pdf(TEXTS["eu"], EUROPEAN, lang="en", page="A6").startswith(b"%PDF-")
    with pytest.raises(IssuingError) as caught:
        document.to_pdf(TEXTS["cn"], CHINESE, lang="en", page="A6")
    assert "font-missing" == caught.value.code


def test_without_the_extra_there_is_html_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without fpdf2 the HTML page is made, and the PDF refused with a code that says which library is missing."""
    monkeypatch.setitem(sys.modules, "fpdf", None)
    assert document.to_html(TEXTS["eu"], EUROPEAN, lang="en", page="A6")
    with pytest.raises(IssuingError) as caught:
        document.to_pdf(TEXTS["eu"], EUROPEAN, lang="en", page="A6")
    assert "library-missing" == caught.value.code
