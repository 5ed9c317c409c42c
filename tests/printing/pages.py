"""What the tests of printed pages share: certificates with texts, rendered pages, and a Chinese font or a skip."""

from __future__ import annotations

from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any, Final

import attrs
import pytest
from PIL import Image

from certcore import Basis, Deficiency, InspectionCertificate, Issuer, LocalSigner, Result, StatusRef
from certcore.errors import IssuingError
from certcore.printing import _fonts
from tests.conftest import IN_CI

SIGNER: Final = LocalSigner.generate()
ISSUED_AT: Final = datetime(2026, 9, 25, 7, 20, tzinfo=UTC)

CHINESE: Final = InspectionCertificate(
    registration_number="闽C12345",
    country="CN",
    vin="LSVAA4181E2184211",
    valid_from=date(2026, 10, 1),
    valid_until=date(2027, 9, 30),
    basis=Basis.INSPECTED,
    result=Result.PASS,
    authority="闽C",
    inspected_on=date(2026, 9, 25),
    plate_type=2,
    vehicle_category="K33",
    usage="A",
    status=StatusRef(list=12, index=524287),
    issued_at=ISSUED_AT,
)
EUROPEAN: Final = InspectionCertificate(
    registration_number="B-AB 123",
    country="DE",
    vin="WVWZZZ1KZAW000123",
    valid_until=date(2028, 10, 31),
    basis=Basis.INSPECTED,
    result=Result.MINOR,
    authority="DE-BE",
    inspected_on=date(2026, 9, 24),
    vehicle_category="M1",
    status=StatusRef(list=3, index=70001),
    odometer_km=84210,
    deficiencies=(
        Deficiency(code="1.1.13 (a)", severity=Result.MINOR),
        Deficiency(code="4.1.2 (a)", severity=Result.MINOR),
    ),
    next_test_due=date(2028, 9, 30),
    test_place="München",
    inspector="BE-0417",
    document_number="HU-2026-1187",
    issued_at=ISSUED_AT,
)
BOTH: Final = {"cn": CHINESE, "eu": EUROPEAN}


def text_of(certificate: InspectionCertificate, *, issuer_country: str | None = None) -> str:
    """A certificate's text. The country is left out of it where the issuer's own is the same."""
    return Issuer(signer=SIGNER, country=issuer_country or certificate.country).issue(certificate)


def changed(certificate: InspectionCertificate, **changes: Any) -> tuple[str, InspectionCertificate]:  # noqa: ANN401  any field
    """A certificate like this one, with its text."""
    made = attrs.evolve(certificate, **changes)
    return text_of(made), made


def chinese_font() -> Path:
    """A Chinese font of this machine; the test is skipped where there is none, and fails in CI, which must have one."""
    pytest.importorskip("fpdf", reason="fpdf2 is not installed: the print extra has it")
    try:
        (face,) = _fonts.choose(frozenset("闽检验凭证"), lang="zh", font=None)
    except IssuingError:
        message = "no Chinese font is installed: Debian's fonts-wqy-microhei is a small one"
        if IN_CI:
            pytest.fail(message)
        pytest.skip(message)
    return face.path


def made_font(path: Path, drawn: str, *, blank: str = " ") -> Path:
    """A font with a square for each character, and nothing for the blank ones."""
    from fontTools.fontBuilder import FontBuilder  # type: ignore[import-untyped]  # ships no types
    from fontTools.pens.ttGlyphPen import TTGlyphPen  # type: ignore[import-untyped]  # ships no types

    def square(*, is_drawn: bool) -> object:
        pen = TTGlyphPen(None)
        if is_drawn:
            pen.moveTo((100, 0))
            for corner in ((100, 700), (800, 700), (800, 0)):
                pen.lineTo(corner)
            pen.closePath()
        return pen.glyph()

    names = {character: f"u{ord(character):x}" for character in drawn + blank}
    builder = FontBuilder(1000)
    builder.setupGlyphOrder([".notdef", *names.values()])
    builder.setupCharacterMap({ord(character): name for character, name in names.items()})
    glyphs = {".notdef": square(is_drawn=True)}
    builder.setupGlyf(glyphs | {name: square(is_drawn=character in drawn) for character, name in names.items()})
    builder.setupHorizontalMetrics(dict.fromkeys([".notdef", *names.values()], (900, 100)))
    builder.setupHorizontalHeader(ascent=800, descent=-200)
    builder.setupNameTable({"familyName": "Squares", "styleName": "Regular"})
    builder.setupOS2()
    builder.setupPost()
    builder.save(path)
    return path


def opened(pdf: bytes) -> Any:  # noqa: ANN401  pypdfium2 has no types
    """The document; the test is skipped where nothing can open it."""
    pdfium = pytest.importorskip("pypdfium2", reason="pypdfium2 is not installed: the pdf extra has it")
    return pdfium.PdfDocument(pdf)


def rendered(pdf: bytes, *, dpi: int) -> Image.Image:
    """The first page in black and white alone, as a fax or a poor copier has it."""
    picture: Image.Image = opened(pdf)[0].render(scale=dpi / 72, grayscale=True).to_pil()
    return picture.point(lambda value: 255 if value >= 128 else 0).convert("1")


def words_of(pdf: bytes) -> str:
    """All text of the first page, without spaces and line ends."""
    return "".join(str(opened(pdf)[0].get_textpage().get_text_bounded()).split())
