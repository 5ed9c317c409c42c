"""The printed presentation of a certificate: one page, as HTML or as PDF, with the QR symbol and its readable fields.

A forger could use a page whose words differ from its code, so both functions refuse a text that does not belong to the
given certificate. They verify nothing: print what `Verifier.verify(...).require_valid()` gave, or what the issuer has
just issued. The page itself says that it proves nothing until its code is scanned.

The symbol's modules are as large as the page allows, at least 0.4 mm, and its quiet zone is kept. The page has all
fields that people can read. Fields for programs (the digest of the report, a previous certificate, unknown fields) are
only in the code. PDF needs the ``print`` extra, and a font for what Helvetica does not have.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any, Final

import attrs

from certcore import armor, cose, payload
from certcore.errors import IssuingError
from certcore.payload import InspectionCertificate, Profile
from certcore.printing import _content, _fonts, _html, _layout
from certcore.printing._content import Origin
from certcore.printing._layout import Paper
from certcore.qr._write import SymbolSize, size

__all__ = [
    "to_html",
    "to_pdf",
]

LANGUAGES: Final = _content.LANGUAGES
"""The languages of a page."""

PAGES: Final = tuple(_layout.PAPERS)
"""The sizes of a page."""

LEVELS: Final = (("Q", "M"), ("L",))
"""Error correction for print, unless the caller says: Q, or M where Q would make the modules smaller; L where only that
fits, for texts three times as long as a certificate's."""

_LAST_LATIN_1: Final = "\xff"


def to_html(
    text: str,
    certificate: InspectionCertificate,
    /,
    *,
    lang: str,
    page: str,
    level: str | None = None,
    profile: Profile | None = None,
    issuer: Origin | None = None,
    verifier: str | None = None,
) -> str:
    """The page as one HTML file, complete in itself: no script, nothing loaded, the symbol as inline SVG.

    Values are escaped, and characters that leave no trace or turn the writing round are made visible. The viewer's
    own fonts are used: on a machine without a Chinese one, Chinese text does not show. No signature is checked, nor
    the country that a verifier filled in.

    Args:
        text: the certificate's text, as its symbol will carry it.
        certificate: what that text says; confidential fields that were opened are not printed.
        lang: ``zh`` or ``en``.
        page: ``A4`` or ``A6``, upright.
        level: error correction: L, M, Q or H; unless given Q, or M where Q makes smaller modules, or L where only
            that fits.
        profile: whose form: EU puts the codes (1) to (10) of Directive 2014/45/EU annex II before the fields, CN lists
            them; by the certificate's country, or else its fields, unless given.
        issuer: the issuer, as the trust list has it: its name stands on the page, and times are those of its zone;
            without it there is no name, and times are UTC.
        verifier: where a program that verifies is to be had: an address, or words.

    Raises:
        IssuingError: ``live-not-printed``; ``page-too-small``; ``qr-too-large``, only where a level is given.
        RejectedInputError: the text cannot be read as a certificate.
        TypeError: the text is not a ``str``, or the certificate not an `InspectionCertificate`.
        ValueError: the text is another certificate's; a language, page or level that there is not.
    """
    paper, stated, symbols = _check(text, certificate, lang, page, level)
    content = _content.content(stated, lang=lang, profile=profile, issuer=issuer, verifier=verifier)
    placed = _layout.fit(content, paper, symbols, _html.measure)
    return _html.document(text, content, paper, placed)


def to_pdf(  # noqa: PLR0913  each of them may be asked for alone
    text: str,
    certificate: InspectionCertificate,
    /,
    *,
    lang: str,
    page: str,
    font: Path | None = None,
    level: str | None = None,
    profile: Profile | None = None,
    issuer: Origin | None = None,
    verifier: str | None = None,
) -> bytes:
    """The page as a PDF of one page, its text searchable, its font embedded.

    The font is the one given; else Helvetica where the page has no character beyond Latin-1; else the first on this
    machine that has every character, in fontconfig's order. The same arguments, font and fpdf2 give the same bytes:
    the only time in them is ``issued_at``. Right-to-left and combining scripts are refused: they need shaping, so print
    them with `to_html`. No signature is checked, nor the country that a verifier filled in.

    Args:
        text: the certificate's text, as its symbol will carry it.
        certificate: what that text says; confidential fields that were opened are not printed.
        lang: ``zh`` or ``en``.
        page: ``A4`` or ``A6``, upright.
        font: a TrueType or OpenType font, or a collection of them.
        level: error correction: L, M, Q or H; unless given Q, or M where Q makes smaller modules, or L where only
            that fits.
        profile: whose form: as in `to_html`.
        issuer: as in `to_html`.
        verifier: as in `to_html`.

    Raises:
        IssuingError: as `to_html`; ``glyph-missing`` with the ``character``; ``font-missing``; ``font-unreadable``;
            ``library-missing`` without the ``print`` extra.
        RejectedInputError: the text cannot be read as a certificate.
        TypeError: as `to_html`.
        ValueError: as `to_html`.
    """
    return sheets(
        [(text, certificate, issuer)],
        lang=lang,
        page=page,
        font=font,
        level=level,
        profile=profile,
        verifier=verifier,
    )


def sheets(
    marks: Iterable[tuple[str, InspectionCertificate, Origin | None]],
    /,
    *,
    lang: str,
    page: str,
    font: Path | None = None,
    level: str | None = None,
    profile: Profile | None = None,
    verifier: str | None = None,
) -> bytes:
    """Certificates with their issuers in one PDF, at least one, a page each as `to_pdf` makes it; errors as there."""
    drawn = []
    at = None
    for text, certificate, issuer in marks:
        paper, stated, symbols = _check(text, certificate, lang, page, level)
        content = _content.content(stated, lang=lang, profile=profile, issuer=issuer, verifier=verifier)
        drawn.append((text, content, symbols))
        at = certificate.issued_at
    _fonts.require_libraries()
    from certcore.printing import _pdf  # noqa: PLC0415  only a PDF needs it

    characters = frozenset[str]().union(*(content.characters for _, content, _ in drawn))
    is_latin = max(characters) <= _LAST_LATIN_1
    fonts = {} if font is None and is_latin else _fonts.choose(characters, lang=lang, font=font)
    canvas = _pdf.Canvas(paper, fonts)
    for number, (text, content, symbols) in enumerate(drawn):
        if number:
            canvas.turn()
        canvas.draw(text, paper, _layout.fit(content, paper, symbols, canvas.measure))
    return canvas.output(title=content.title, lang=content.lang, at=at)


def _check(
    text: str, certificate: InspectionCertificate, lang: str, page: str, level: str | None
) -> tuple[Paper, InspectionCertificate, list[list[SymbolSize]]]:
    """The page's size, what it states, and the symbols it may bear; what is wrong is found before anything is drawn."""
    if not isinstance(text, str):
        raise TypeError("the text must be a str")
    if not isinstance(certificate, InspectionCertificate):
        raise TypeError("the certificate must be an InspectionCertificate")
    if lang not in _content.LANGUAGES:
        raise ValueError(f"the languages are {' and '.join(LANGUAGES)}")
    if page not in _layout.PAPERS:
        raise ValueError(f"the pages are {' and '.join(PAGES)}")
    stated = _read_text(text, certificate)
    if stated.is_live:
        raise IssuingError("live-not-printed", "A live presentation ends within minutes: print the certificate itself")
    return _layout.PAPERS[page], stated, _symbols(text, level)


def _read_text(text: str, certificate: InspectionCertificate) -> InspectionCertificate:
    """What the text says to everybody, which has to be what the certificate says.

    But for what a verifier adds: the country, and the confidential fields that it opened, which stay off the page.
    """
    data = cose.read_certificate(armor.decode(text)).unverified_payload
    stated = payload.decode(data, country=certificate.country)
    opened = certificate.confidential_fields or ()
    unknown = {key: value for key, value in certificate.unknown_fields.items() if key not in opened}
    public: dict[str, Any] = {name: None for name in opened if isinstance(name, str)}
    if stated != attrs.evolve(certificate, confidential_fields=None, unknown_fields=unknown, **public):
        raise ValueError("the text is not this certificate's: the page would say something else than its code")
    return stated


def _symbols(text: str, level: str | None) -> list[list[SymbolSize]]:
    """The symbols for a text, those of a lower choice apart; a level that cannot hold it is left out."""
    if level is not None:
        return [[size(text, level=level)]]
    choices: list[list[SymbolSize]] = []
    for levels in LEVELS:
        choices.append([])
        for one in levels:
            try:
                choices[-1].append(size(text, level=one))
            except IssuingError:  # too large for this level; L holds every text that can be decoded
                continue
    return choices
