"""``certcore print``: pages of authentic certificates, and of no others."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from certcore import qr
from certcore._cli import exit_codes
from tests.printing.pages import chinese_font, made_font, rendered, words_of

if TYPE_CHECKING:
    from tests.cli.conftest import Command

TRUST = ("--trust", "trust.cbor", "--root", "root.pub.pem")


@pytest.mark.parametrize("what", ["valid.txt", "valid.png", "text", "-"])
def test_an_html_page_is_written(certcore: Command, what: str) -> None:
    """A text, a text file, a picture or standard input, verified first, becomes a page with the same symbol."""
    text = Path("valid.txt").read_text().strip()
    argument = text if what == "text" else what
    found = certcore("print", argument, *TRUST, "--to", "page.html", stdin=f"{text}\n" if what == "-" else None)
    page = Path("page.html").read_text("utf-8")
    assert (exit_codes.DONE, "") == (found.exit_code, found.stderr)
    assert "page.html: one page, A4" in found.stdout
    assert qr.to_svg(text, level="Q").strip().split("<path")[2] in page
    assert "闽C12345" in page


@pytest.mark.parametrize("page", ["A4", "A6"])
@pytest.mark.parametrize("lang", ["en", "zh"])
def test_a_pdf_is_written_and_scans(certcore: Command, page: str, lang: str) -> None:
    """The PDF has the size and the language asked for, and its code is the certificate's."""
    chinese_font()
    found = certcore("print", "valid.txt", *TRUST, "--to", "page.pdf", "--page", page, "--lang", lang)
    assert exit_codes.DONE == found.exit_code, found.output
    pdf = Path("page.pdf").read_bytes()
    texts = [symbol.text for symbol in qr.read(rendered(pdf, dpi=100))]
    assert [Path("valid.txt").read_text().strip()] == texts
    assert {"en": "Howtoverify", "zh": "如何核验"}[lang] in words_of(pdf)


def test_a_font_can_be_given(certcore: Command) -> None:
    """A font that is named is used; one that is none is an error with its code."""
    assert exit_codes.DONE == certcore("print", "valid.txt", *TRUST, "--to", "a.html", "--lang", "zh").exit_code
    font = made_font(Path("squares.ttf"), "".join(set(Path("a.html").read_text("utf-8")) - {" ", "\n"}))
    found = certcore("print", "valid.txt", *TRUST, "--to", "a.pdf", "--lang", "zh", "--font", font)
    assert (exit_codes.DONE, True) == (found.exit_code, b"Squares" in Path("a.pdf").read_bytes())
    found = certcore("print", "valid.txt", *TRUST, "--to", "b.pdf", "--font", "valid.txt")
    assert (exit_codes.ERROR, False) == (found.exit_code, Path("b.pdf").exists())
    assert "[font-unreadable]" in found.stderr


def test_level_and_form_can_be_chosen(certcore: Command) -> None:
    """The error level and the EU's form are taken as asked for."""
    found = certcore("print", "valid.txt", *TRUST, "--to", "page.html", "--level", "H", "--profile", "eu")
    page, text = Path("page.html").read_text("utf-8"), Path("valid.txt").read_text().strip()
    assert exit_codes.DONE == found.exit_code
    assert qr.to_svg(text, level="H").strip().split("<path")[2] in page
    assert "(10) Other information" in page


@pytest.mark.parametrize("what", ["forged.txt", "forged.png", "VIC1:ABC"])
def test_what_is_not_authentic_is_not_printed(certcore: Command, what: str) -> None:
    """A stranger's certificate, and a text that is none, get a verdict and no page."""
    found = certcore("print", what, *TRUST, "--to", "page.html")
    assert found.exit_code in {exit_codes.NOT_VALID, exit_codes.UNDETERMINED}
    assert not Path("page.html").exists()
    assert "闽C12345" not in found.output


def test_no_trust_no_page(certcore: Command) -> None:
    """Without a trust list nothing is printed, and no option says otherwise."""
    found = certcore("print", "valid.txt", "--to", "page.html")
    assert (exit_codes.ERROR, False) == (found.exit_code, Path("page.html").exists())
    assert "whom do you trust?" in found.stderr


def test_an_existing_page_is_kept(certcore: Command) -> None:
    """A file that is there is not overwritten, unless that is asked for."""
    Path("page.html").write_text("mine")
    assert exit_codes.ERROR == certcore("print", "valid.txt", *TRUST, "--to", "page.html").exit_code
    assert "mine" == Path("page.html").read_text()
    assert exit_codes.DONE == certcore("print", "valid.txt", *TRUST, "--to", "page.html", "--force").exit_code
    assert "mine" != Path("page.html").read_text("utf-8")


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("valid.txt", "--to", "page.png"), "ends in .pdf or .html"),
        (("valid.txt", "--to", "page.html", "--font", "x.ttf"), "--font is for a PDF"),
        (("two.txt", "--to", "page.html"), "[several-certificates]"),
        (("empty.txt", "--to", "page.html"), "[no-certificate]"),
        (("missing.png", "--to", "page.html"), "[file-unreadable]"),
        (("valid.txt", "--to", "page.html", "--lang", "fr"), "--lang"),
        (("valid.txt", "--to", "page.html", "--page", "B9"), "--page"),
        (("valid.txt", "--to", "nowhere/page.html"), "[file-unwritable]"),
    ],
)
def test_what_cannot_be_done_is_said(certcore: Command, arguments: tuple[str, ...], words: str) -> None:
    """Each mistake is one line that names it, and no page."""
    one, other = (Path(name).read_text() for name in ("valid.txt", "forged.txt"))
    Path("two.txt").write_text(one + other)
    Path("empty.txt").write_text("")
    found = certcore("print", *arguments, *TRUST)
    assert (exit_codes.ERROR, []) == (found.exit_code, list(Path().glob("page.*")))
    assert words in found.stderr


def test_the_same_certificate_twice_is_one(certcore: Command) -> None:
    """A file with one certificate in two lines is no riddle."""
    Path("twice.txt").write_text(Path("valid.txt").read_text() * 2)
    assert exit_codes.DONE == certcore("print", "twice.txt", *TRUST, "--to", "page.html").exit_code
