"""What reading a picture hands over for people: a small copy in colour, and where the symbols stand on it."""

from __future__ import annotations

import io
from collections.abc import Callable
from typing import Any

import pytest

from certcore import qr
from certcore.qr import Effort, _raster
from certcore.qr._deadline import NEVER
from certcore.qr._read import read_for
from certcore.qr._sight import Sight

image = pytest.importorskip("PIL.Image")

TEXT = "VIC1:TEST123456789"
RED = (200, 30, 40)


def picture() -> Any:  # noqa: ANN401  Pillow's
    """A red page, wider than high, with a code in its upper right quarter."""
    page = image.new("RGB", (900, 600), RED)
    page.paste(image.open(io.BytesIO(qr.to_png(TEXT, scale=6))).convert("RGB"), (600, 40))
    return page


def as_file(page: Any, kind: str, **options: Any) -> bytes:  # noqa: ANN401  as above
    """The page as a file of this kind."""
    file = io.BytesIO()
    page.save(file, kind, **options)
    return file.getvalue()


def turned(orientation: int) -> bytes:
    """The page as a camera that was held sideways writes it."""
    exif = image.Exif()
    exif[0x0112] = orientation
    undo = {6: image.Transpose.ROTATE_90, 3: image.Transpose.ROTATE_180, 8: image.Transpose.ROTATE_270}[orientation]
    return as_file(picture().transpose(undo), "JPEG", exif=exif)


def transparent() -> bytes:
    """The page with a transparent left half."""
    page = picture().convert("RGBA")
    page.paste((0, 0, 0, 0), (0, 0, 300, 600))
    return as_file(page, "PNG")


FILES: dict[str, Callable[[], bytes]] = {
    "JPEG": lambda: as_file(picture(), "JPEG"),
    "grey JPEG": lambda: as_file(picture().convert("L"), "JPEG"),
    "CMYK JPEG": lambda: as_file(picture().convert("CMYK"), "JPEG"),
    "PNG": lambda: as_file(picture(), "PNG"),
    "palette": lambda: as_file(picture().convert("P"), "PNG"),
    "transparent": transparent,
    "WebP": lambda: as_file(picture(), "WEBP"),
    "GIF": lambda: as_file(picture(), "GIF"),
    "TIFF": lambda: as_file(picture(), "TIFF"),
    "deep": lambda: as_file(picture().convert("L").convert("I;16"), "TIFF"),
    "PDF": lambda: as_file(picture(), "PDF"),
    "right": lambda: turned(6),
    "upside down": lambda: turned(3),
    "left": lambda: turned(8),
}


@pytest.mark.parametrize("isolate", [False, True])
@pytest.mark.parametrize("kind", FILES)
def test_the_small_copy_is_as_displayed(kind: str, isolate: bool) -> None:  # noqa: FBT001  a parameter of the test
    """In colour where there is any, upright, with the outline around the symbol; and the same is read as without it."""
    if kind == "PDF":
        pytest.importorskip("pypdfium2")
    data, sight = FILES[kind](), Sight()

    found = read_for(data, sight, effort=Effort.NORMAL, deadline=None, isolate=isolate)

    assert qr.read(data) == found
    assert [TEXT] == [symbol.text for symbol in found]
    small = image.open(io.BytesIO(sight.jpeg))
    assert (360, 240) == small.size == sight.size
    (outline,) = sight.outlines
    assert all(236 < x < 360 and 12 < y < 130 for x, y in outline), outline
    red, green, _ = small.convert("RGB").getpixel((180, 200))
    assert (red - green > 100) == (kind not in {"grey JPEG", "deep"})


@pytest.mark.parametrize("isolate", [False, True])
@pytest.mark.parametrize("kind", FILES)
def test_places_without_a_copy(kind: str, isolate: bool) -> None:  # noqa: FBT001  a parameter of the test
    """Who wants no copy is told the same places on it, and no picture is made."""
    if kind == "PDF":
        pytest.importorskip("pypdfium2")
    data, seen, told = FILES[kind](), Sight(), Sight(wants_copy=False)
    for sight in (seen, told):
        read_for(data, sight, effort=Effort.NORMAL, deadline=None, isolate=isolate)

    assert told.jpeg == b""
    assert told.size == seen.size
    places = [[place for outline in sight.outlines for point in outline for place in point] for sight in (seen, told)]
    assert places[1] == pytest.approx(places[0], abs=1)


def test_a_copy_that_nobody_asked_for_is_refused() -> None:
    """The other process says no more than it was asked."""
    seen = Sight()
    read_for(FILES["PNG"](), seen, effort=Effort.NORMAL, deadline=None, isolate=False)
    with pytest.raises(ValueError, match="no small picture"):
        Sight(wants_copy=False).take(seen.to_json())


def test_colours_change_nothing_that_decoders_see() -> None:
    """A JPEG decoded with its colours has the same brightness to the bit."""
    data = FILES["JPEG"]()

    (plain,) = _raster.pages_of_file(data, "JPEG", None, NEVER)
    (seen,) = _raster.pages_of_file(data, "JPEG", None, NEVER, small=True)

    assert plain.pixels == seen.pixels
    assert (None, True) == (plain.small, seen.small is not None)


def test_the_first_page_with_a_certificate_is_kept() -> None:
    """Else the first page; one picture in any case."""
    blank = image.new("RGB", (900, 600), (30, 40, 200))
    for pages, is_red in (([blank, picture()], True), ([blank, blank], False), ([picture(), blank], True)):
        sight = Sight()
        read_for(
            as_file(pages[0], "TIFF", save_all=True, append_images=pages[1:]),
            sight,
            effort=Effort.NORMAL,
            deadline=None,
            isolate=False,
        )
        red, _, blue = image.open(io.BytesIO(sight.jpeg)).convert("RGB").getpixel((180, 200))
        assert is_red == (red > blue)


@pytest.mark.parametrize(
    "sent",
    [
        [],
        {"jpeg": "AAAA", "size": [10, 10], "outlines": []},
        {"jpeg": "/9j/", "size": [10, 10_000], "outlines": []},
        {"jpeg": "/9j/", "size": [10, 10], "outlines": [[[0, 0]]]},
        {"jpeg": "/9j/", "size": [10, 10], "outlines": [[[0, 0], [0, 0], [0, 0], [0, "nan"]]]},
        {"jpeg": "<b>", "size": [10, 10], "outlines": []},
        {"jpeg": "/9j/", "size": [10, 10], "outlines": "no"},
    ],
)
def test_what_another_process_saw_is_checked(sent: object) -> None:
    """It may have been taken over."""
    sight = Sight()
    with pytest.raises((TypeError, ValueError)):
        sight.take(sent)
    assert sight.to_json() is None
