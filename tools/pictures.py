#!/usr/bin/env python3
"""Draw the pictures of README.md anew, docs/images: `PYTHONPATH=src python tools/pictures.py`.

A certificate as it is printed, and a verdict as the command shows it. The key is that of RFC 8032 section 7.1, test 1,
so that the pictures are the same every time. They are looked at by a person before they are committed.
"""

from __future__ import annotations

import io
import re
import sys
from datetime import date, datetime
from pathlib import Path
from typing import Final

import pypdfium2
from PIL import Image
from rich._export_format import CONSOLE_SVG_FORMAT
from rich.console import Console

ROOT: Final = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from certcore import Expected, Issuer, LocalSigner, Policy, StatusRef, Verdict, Verifier
from certcore.printing.document import to_pdf
from certcore.status import MemoryStatusBackend, StatusEvent, StatusEventKind
from certcore.testing import FixedClock, make_trust
from tools.tables import CHINESE, walk_signer

IMAGES: Final = ROOT / "docs" / "images"
DPI: Final = 110
REF: Final = StatusRef(list=12, index=524287)
REVOKED: Final = StatusEvent(
    kind=StatusEventKind.REVOKED,
    effective_at=datetime.fromisoformat("2027-06-01T00:00+08:00"),
    recorded_at=datetime.fromisoformat("2027-06-02T09:30+08:00"),
    reason="odometer falsified",
)
TOP_OF_PAGE: Final = 0.49
"""The part of the A4 page that has anything on it."""


def certificate(text: str) -> Image.Image:
    """The printed page, as far as there is anything on it."""
    pdf = to_pdf(text, CHINESE, lang="zh", page="A4")
    page = pypdfium2.PdfDocument(pdf)[0].render(scale=DPI / 72).to_pil()
    cut: Image.Image = page.crop((0, 0, page.width, round(page.height * TOP_OF_PAGE)))
    return cut.convert("L").quantize(16)


def ask(text: str, signer: LocalSigner) -> Verdict:
    """The verdict on the certificate about a day before it was revoked."""
    registry = MemoryStatusBackend()
    registry.register(REF, at=CHINESE.issued_at)
    registry.record(REF, REVOKED)
    clock = FixedClock(datetime.fromisoformat("2027-08-14T14:30+08:00"))
    verifier = Verifier(trust=make_trust(signer), status=registry, policy=Policy.claims(), clock=clock)
    seen = Expected(registration_number=CHINESE.registration_number, country="CN", vin=CHINESE.vin)
    return verifier.verify(text, as_of=date(2027, 5, 20), expect=seen)


def _without_fonts(template: str) -> str:
    """The template of a drawing that takes the fonts of whoever looks at it, and none from the network."""
    return re.sub(r"@font-face \{\{.*?\}\}\s*|<!-- Generated .*?-->", "", template, flags=re.DOTALL)


def drawing(verdict: Verdict) -> str:
    """The verdict's words, as an SVG drawing that loads nothing."""
    console = Console(record=True, width=96, file=io.StringIO())
    headline, *reasons = verdict.explain().splitlines()
    console.print(headline, style="bold green", highlight=False)
    for reason in reasons:
        console.print(reason, highlight=False)
    return console.export_svg(title="verdict.explain()", code_format=_without_fonts(CONSOLE_SVG_FORMAT), unique_id="v")


def main() -> None:
    """Draw both."""
    signer = walk_signer()
    text = Issuer(signer=signer, country="CN").issue(CHINESE)
    IMAGES.mkdir(exist_ok=True)
    certificate(text).save(IMAGES / "certificate.png", optimize=True)
    (IMAGES / "verdict.svg").write_text(drawing(ask(text, signer)), "utf-8")


if __name__ == "__main__":
    main()
