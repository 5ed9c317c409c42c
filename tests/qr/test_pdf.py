"""PDF files: scans as they were scanned, other pages rendered, all of them once, in a process that can be stopped."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from collections.abc import Callable
from io import BytesIO
from typing import Any

import pytest
from PIL import Image

from certcore import qr
from certcore.errors import RejectedInputError
from certcore.qr import _picture as picture
from certcore.qr._deadline import Deadline
from certcore.qr._picture import MAX_PAGES, Grey
from tests.qr_files import SYMBOL_PIXELS, TEXT, deflated, pdf, pdf_image, pdf_of, saved, stream, symbol

pdfium = pytest.importorskip("pypdfium2", reason="pypdfium2 is not installed (certcore[pdf])")

PAGE = (595, 842)
DRAWN = b"q 144 0 0 144 100 600 cm /X5 Do Q"
"""An image of two inches, 100 points from the left and 98 from the top."""

SQUARE = ((100, 98), (244, 242))
"""Its upper left and lower right corner, in points from the upper left corner of the page."""

INK = b"\n0 0 5 5 re f"
"""A small mark in the corner of the page: no longer is the image all there is to be seen."""


def pages(image: Any, **options: Any) -> list[Grey]:  # noqa: ANN401  # whatever the test passes
    """All pages."""
    return list(picture.pages(image, **options))


def found(page: Grey) -> list[qr.Symbol]:
    """The symbols on a page."""
    return qr.read(Image.frombytes("L", (page.width, page.height), bytes(page.pixels)))


def texts(page: Grey) -> list[str]:
    """What the symbols on a page say."""
    return [symbol.text for symbol in found(page)]


def refused(data: bytes, **options: Any) -> str:  # noqa: ANN401  # as above
    """The code with which a file is refused."""
    with pytest.raises(RejectedInputError) as caught:
        pages(data, **options)
    return caught.value.code


def within(page: Grey, square: tuple[tuple[float, float], tuple[float, float]]) -> bool:
    """Whether the one symbol of a page lies in a square and fills most of it."""
    ((left, top), (right, bottom)) = square
    points = [page.at(*corner) for corner in found(page)[0].corners]
    xs, ys = [x for x, _ in points], [y for _, y in points]
    inside = left < min(xs) < max(xs) < right and top < min(ys) < max(ys) < bottom
    return inside and max(xs) - min(xs) > (right - left) * 0.7


# What is seen.


@pytest.mark.parametrize("mode", ["L", "RGB", "CMYK", "1"])
def test_scan_is_given_as_it_was_scanned(mode: str) -> None:
    """A page that is one image is that image, pixel for pixel, and its place on the page is known."""
    (page,) = pages(pdf_of(DRAWN, pdf_image(symbol(mode=mode))))
    assert (SYMBOL_PIXELS, SYMBOL_PIXELS, 1) == (page.width, page.height, page.page)
    assert [TEXT] == texts(page)
    assert within(page, SQUARE)


@pytest.mark.parametrize("mode", ["1", "L", "P", "RGB", "CMYK", "LA"])
def test_scans_by_another_writer(mode: str) -> None:
    """The PDFs that Pillow writes are read, in every one of its filters, all their pages."""
    found_pages = pages(saved("PDF", symbol(mode=mode), symbol(mode=mode, side=300)))
    assert [1, 2] == [page.page for page in found_pages]
    assert [[TEXT], [TEXT]] == [texts(page) for page in found_pages]


def test_anything_else_is_rendered() -> None:
    """A page with more on it than an image is rendered at 300 dots per inch, with everything in its place."""
    (page,) = pages(pdf_of(DRAWN + INK, pdf_image(symbol())))
    assert (2480, 3509) == (page.width, page.height)
    assert [TEXT] == texts(page)
    assert within(page, SQUARE)


def test_every_symbol_of_a_page() -> None:
    """An image does not hide what is drawn beside it: a page is given once, and whole."""
    draw = DRAWN + b"\nq 144 0 0 144 300 600 cm /X6 Do Q"
    (page,) = pages(pdf_of(draw, pdf_image(symbol("VIC1:LEFT")), pdf_image(symbol("VIC1:RIGHT"))))
    assert ["VIC1:LEFT", "VIC1:RIGHT"] == texts(page)


@pytest.mark.parametrize("ink", [b"", INK])
@pytest.mark.parametrize(
    ("turn", "square"),
    [
        (0, SQUARE),
        (90, ((842 - 242, 100), (842 - 98, 244))),
        (180, ((595 - 244, 842 - 242), (595 - 100, 842 - 98))),
        (270, ((98, 595 - 244), (242, 595 - 100))),
    ],
)
def test_turned_pages(ink: bytes, turn: int, square: tuple[tuple[float, float], tuple[float, float]]) -> None:
    """Points are those of the page as displayed, however it is turned, scanned or rendered."""
    (page,) = pages(pdf_of(DRAWN + ink, pdf_image(symbol()), page=b"/MediaBox[0 0 595 842]/Rotate %d" % turn))
    assert [TEXT] == texts(page)
    assert within(page, square)


@pytest.mark.parametrize("ink", [b"", INK])
def test_cropped_pages(ink: bytes) -> None:
    """Points are counted from the corner of what is displayed."""
    box = b"/MediaBox[0 0 595 842]/CropBox[50 400 595 800]"
    (page,) = pages(pdf_of(DRAWN + ink, pdf_image(symbol()), page=box))
    assert within(page, ((50, 56), (194, 200)))


@pytest.mark.parametrize(
    ("draw", "box", "entries"),
    [
        (b"q 100 600 1 1 re W n 144 0 0 144 100 600 cm /X5 Do Q", b"/MediaBox[0 0 595 842]", b""),
        (DRAWN, b"/MediaBox[0 0 595 842]/CropBox[0 0 120 120]", b""),
        (b"/OC /Off BDC " + DRAWN + b" EMC", b"/MediaBox[0 0 595 842]/Rotate 0", b""),
    ],
)
def test_what_is_not_displayed_is_not_read(draw: bytes, box: bytes, entries: bytes) -> None:
    """An image that is cut away, lies off the page, or stands on a layer that is off is no part of the page."""
    data = pdf_of(draw, pdf_image(symbol(), entries), page=box)
    if b"/OC" in draw:
        data = pdf(
            b"<</Type/Catalog/Pages 2 0 R/OCProperties<</OCGs[6 0 R]/D<</OFF[6 0 R]>>>>>>",
            b"<</Type/Pages/Kids[3 0 R]/Count 1>>",
            b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 595 842]/Contents 4 0 R"
            b"/Resources<</XObject<</X5 5 0 R>>/Properties<</Off 6 0 R>>>>>>",
            stream(draw),
            pdf_image(symbol()),
            b"<</Type/OCG/Name(Off)>>",
        )
    (page,) = pages(data)
    assert [] == texts(page)


def test_stencils_and_transparent_images_are_rendered() -> None:
    """An image that means something only together with the page is seen on it."""
    stencil = pdf_image(symbol(mode="1")).replace(b"/ColorSpace/DeviceGray", b"/ImageMask true")
    (page,) = pages(pdf_of(b"1 g 0 0 595 842 re f 0 g " + DRAWN, stencil))
    assert [TEXT] == texts(page)
    (page,) = pages(pdf_of(DRAWN, stencil))
    assert (2480, 3509) == (page.width, page.height)
    hidden = pdf_of(DRAWN, pdf_image(symbol(), b"/SMask 6 0 R"), pdf_image(Image.new("L", (9, 9), 0)))
    ink = symbol().point(lambda value: 255 - value)
    shown = pdf_of(DRAWN, pdf_image(Image.new("L", (9, 9), 0), b"/SMask 6 0 R"), pdf_image(ink))
    assert [[], [TEXT]] == [texts(page) for data in (hidden, shown) for page in pages(data)]


@pytest.mark.parametrize(("ink", "size"), [(b"", (2480, 3508)), (INK, (3508, 4961))])
def test_fine_scans_keep_their_pixels(ink: bytes, size: tuple[int, int]) -> None:
    """A scan finer than usual is rendered as finely, if it must be rendered at all."""
    sheet = Image.new("L", (2480, 3508) if not ink else (3508, 4961), 255)
    sheet.paste(symbol(side=400), (500, 500))
    (page,) = pages(pdf_of(b"q 595 0 0 842 0 0 cm /X5 Do Q" + ink, pdf_image(sheet)))
    assert abs(size[0] - page.width) <= 4
    assert abs(size[1] - page.height) <= 4
    assert [TEXT] == texts(page)


def test_recognised_text_behind_a_scan() -> None:
    """The invisible text that scanners put behind a page leaves it a scan."""
    draw = DRAWN + b"\nBT 3 Tr /F1 9 Tf 100 600 Td (VIC1) Tj ET"
    (page,) = pages(pdf_of(draw, pdf_image(symbol())))
    assert SYMBOL_PIXELS == page.width


def test_annotations_are_seen() -> None:
    """A stamp that was put on a page afterwards is on it."""
    form = stream(
        b"q 144 0 0 144 0 0 cm /I Do Q",
        b"/Type/XObject/Subtype/Form/BBox[0 0 144 144]/Resources<</XObject<</I 5 0 R>>>>",
    )
    stamp = b"/MediaBox[0 0 595 842]/Annots[<</Type/Annot/Subtype/Stamp/Rect[100 600 244 744]/F 4/AP<</N 6 0 R>>>>]"
    (page,) = pages(pdf_of(b"", pdf_image(symbol()), form, page=stamp))
    assert [TEXT] == texts(page)


def test_small_modules_on_a_rendered_page() -> None:
    """A drawn symbol of 14 mm, with modules of 0.23 mm, is read."""
    cell = 40 / SYMBOL_PIXELS
    draw = b"q %f 0 0 %f 100 600 cm /X5 Do Q" % (cell * SYMBOL_PIXELS, cell * SYMBOL_PIXELS)
    (page,) = pages(pdf_of(draw + INK, pdf_image(symbol(side=720))))
    assert [TEXT] == texts(page)


@pytest.mark.parametrize("box", [b"[0 0 14400 14400]", b"[0 0 1 14400]", b"[0 0 0 0]", b"[9 9 5 5]", b"[0 0 1e9 1e9]"])
def test_pages_of_any_size(box: bytes) -> None:
    """Giant, narrow and impossible sheets are rendered as finely as fits."""
    for page in pages(pdf_of(b"0 0 5 5 re f", page=b"/MediaBox" + box)):
        assert page.width * page.height <= 36_500_000
        assert len(page.pixels) == page.width * page.height


# Pages, deadline, and what is refused.


def test_wanted_pages() -> None:
    """Pages are chosen as in any document, of one with ten thousand too."""
    data = pdf_of(DRAWN + INK, pdf_image(symbol()), count=10_000)
    assert "image-too-many-pages" == refused(data)
    assert [2, 9_999] == [page.page for page in pages(qr.load(data, pages=range(2, 10_000, 9_997)))]
    assert [] == pages(qr.load(data, pages=range(10_001, 10_002)))
    small = pdf_of(b"", count=MAX_PAGES, page=b"/MediaBox[0 0 9 9]")
    assert MAX_PAGES == len(pages(small))


def test_pages_come_one_by_one() -> None:
    """The caller may stop after a page, and the decoder's process is gone."""
    found_pages = picture.pages(pdf_of(DRAWN + INK, pdf_image(symbol()), count=90))
    assert 1 == next(found_pages).page
    found_pages.close()
    with pytest.raises(StopIteration):
        next(found_pages)


def test_password() -> None:
    """A file that asks for a password says so."""
    writer = pytest.importorskip("fpdf", reason="fpdf2 is not installed (certcore[print])").FPDF()
    writer.set_encryption(owner_password="owner", user_password="user")
    writer.add_page()
    assert "pdf-password" == refused(bytes(writer.output()))


def test_header_behind_other_bytes() -> None:
    """What mail and web software puts before a PDF does not hide it."""
    data = pdf_of(DRAWN, pdf_image(symbol()))
    assert [[TEXT]] == [texts(page) for page in pages(b"\r\n\xef\xbb\xbf" + data)]


@pytest.mark.parametrize(
    "data", [b"%PDF-", b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n", b"%PDF-1.7" + bytes(500), b"\n%PDF-2.0 x" * 9]
)
def test_broken_files(data: bytes) -> None:
    """A file that only begins as a PDF does cannot be read."""
    assert "image-unreadable" == refused(data)


def test_truncated_files() -> None:
    """A PDF cut short is repaired and read, or refused; nothing else."""
    whole = pdf_of(DRAWN, pdf_image(symbol()))
    for length in range(5, len(whole), len(whole) // 20):
        try:
            found_pages = pages(whole[:length])
        except RejectedInputError as error:
            assert "image-unreadable" == error.code  # noqa: PT017  # some lengths raise, some do not
        else:
            assert all(texts(page) in ([TEXT], []) for page in found_pages)


def test_from_many_threads() -> None:
    """Files are read from several threads at once."""
    data = [pdf_of(DRAWN + INK, pdf_image(symbol(f"VIC1:{number}"))) for number in range(6)]
    results: dict[int, list[str]] = {}

    def work(number: int) -> None:
        results[number] = texts(pages(data[number])[0])

    threads = [threading.Thread(target=work, args=(number,)) for number in range(len(data))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert {number: [f"VIC1:{number}"] for number in range(len(data))} == results


def test_deadline_stops_the_decoder() -> None:
    """A page that would take minutes is given up when the time is over."""
    slow = pdf_of(stream(deflated(b"0 0 m 500 800 l 500 0 l S\n" * 1000, 2000), b"/Filter/FlateDecode"))
    assert "image-timeout" == refused(slow, deadline=Deadline.after(0.5))
    assert "image-timeout" == refused(slow, deadline=Deadline.after(0))


@pytest.mark.skipif(sys.platform != "linux", reason="memory is limited on Linux alone")
def test_decoder_that_dies_takes_nobody_with_it() -> None:
    """Four kilobytes that become two gigabytes end the decoder, and are a file that cannot be read."""
    bomb = pdf_of(stream(deflated(b" " * 1_000_000, 2000, layers=2), b"/Filter[/FlateDecode/FlateDecode]"))
    assert len(bomb) < 5000
    assert "image-unreadable" == refused(bomb)


def test_without_pypdfium2(machine: Callable[..., None]) -> None:
    """Without the extra, PDF files are refused for that reason, and the extra is named."""
    machine("pypdfium2")
    with pytest.raises(RejectedInputError) as caught:
        pages(pdf_of(b""))
    assert "no-pdf-decoder" == caught.value.code
    assert "certcore[pdf]" in str(caught.value)


def test_nothing_is_loaded_here() -> None:
    """PDFium is never loaded into the process that asks."""
    code = (
        "import sys\nfrom certcore.qr import _picture as picture\n"
        "print(len(list(picture.pages(sys.stdin.buffer.read()))), 'pypdfium2' in sys.modules)"
    )
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", code],
        input=saved("PDF", symbol()),
        capture_output=True,
        check=True,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
    )
    assert b"1 False" == done.stdout.strip()


def test_by_another_reader() -> None:
    """The files these tests make are PDFs: PDFium itself finds their pages."""
    with pdfium.PdfDocument(BytesIO(pdf_of(DRAWN, pdf_image(symbol()), count=3))) as document:
        assert 3 == len(document)
