"""`certcore.qr._write`: what is drawn can be read again, and what cannot be drawn is refused with a reason."""

from __future__ import annotations

import struct
from io import BytesIO
from xml.etree import ElementTree as ET

import pytest
import segno
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from certcore import qr
from certcore.errors import IssuingError
from certcore.qr._write import MAX_PNG_PIXELS, QUIET_ZONE_MODULES

ALPHANUMERIC = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ $%*+-./:"
CERTIFICATE = "VIC1:" + ALPHANUMERIC * 9
LEVELS = ("L", "M", "Q", "H")
SVG = "{http://www.w3.org/2000/svg}"

# Characters of the largest symbol, version 40, in alphanumeric mode (ISO/IEC 18004 table 7).
CAPACITY = {"L": 4296, "M": 3391, "Q": 2420, "H": 1852}


def texts(picture: bytes | Image.Image) -> list[str]:
    """What `read` finds in a picture."""
    return [symbol.text for symbol in qr.read(picture)]


def drawn_svg(svg: str, pixels: int) -> Image.Image:
    """The document drawn by its path alone: runs of whole modules, which is all that `to_svg` writes."""
    root = ET.fromstring(svg)  # noqa: S314  # our own output
    modules = int(root.attrib["viewBox"].split()[2])
    picture = Image.new("L", (modules, modules), 255)
    for run in root.findall(f"{SVG}path")[1].attrib["d"].split("M")[1:]:
        start, length, _ = run.replace("v1", "").split("h")
        x, y = map(int, start.split())
        picture.paste(0, (x, y, x + int(length), y + 1))
    return picture.resize((modules * pixels,) * 2, Image.Resampling.NEAREST)


def drawn_terminal(drawing: str) -> Image.Image:
    """The characters as a terminal with black on white shows them, each two modules high."""
    lines = drawing.splitlines()
    picture = Image.new("L", (len(lines[0]), len(lines) * 2), 255)
    for row, line in enumerate(lines):
        for column, character in enumerate(line):
            if character in "▀█":
                picture.putpixel((column, row * 2), 0)
            if character in "▄█":
                picture.putpixel((column, row * 2 + 1), 0)
    return picture.resize((picture.width * 4, picture.height * 4), Image.Resampling.NEAREST)


@pytest.mark.parametrize("level", LEVELS)
@pytest.mark.parametrize("scale", [1, 2, 3, 4, 8])
def test_png_is_read_again(level: str, scale: int) -> None:
    """A PNG of any level and scale is read as the text it was made from."""
    assert [CERTIFICATE] == texts(qr.to_png(CERTIFICATE, level=level, scale=scale))


@pytest.mark.parametrize("level", LEVELS)
def test_svg_is_read_again(level: str) -> None:
    """An SVG of any level shows the text it was made from."""
    assert [CERTIFICATE] == texts(drawn_svg(qr.to_svg(CERTIFICATE, level=level), 4))


@pytest.mark.parametrize("level", LEVELS)
@pytest.mark.parametrize("text", ["VIC1:A", CERTIFICATE])
def test_terminal_is_read_again(text: str, level: str) -> None:
    """The drawing for a terminal is read on a light ground, and with its colours exchanged on a dark one."""
    picture = drawn_terminal(qr.to_terminal(text, level=level))
    assert [text] == texts(picture)
    assert [text] == texts(picture.point(lambda value: 255 - value))


@settings(max_examples=30, deadline=None)
@given(st.text(alphabet=ALPHANUMERIC, min_size=1, max_size=400))
def test_any_alphanumeric_text_comes_back(text: str) -> None:
    """Whatever is within the alphanumeric alphabet is read exactly as it was written, spaces at its ends included."""
    assert [text] == texts(qr.to_png(text))


@pytest.mark.parametrize("text", ["lower case", "闽C12345", "café", "点茗", "a\nb", "ABC\n"])
def test_other_text_comes_back(text: str) -> None:
    """Text outside that alphabet is written too, and read as it was."""
    assert [text] == texts(qr.to_png(text))


def test_alphanumeric_mode_is_used() -> None:
    """The certificate's alphabet goes into alphanumeric mode, so that a symbol holds as much as that mode allows."""
    for level, characters in CAPACITY.items():
        assert 40 == qr.size("A" * characters, level=level).version


@pytest.mark.parametrize("level", LEVELS)
def test_text_too_large_for_the_level(level: str) -> None:
    """One character more than the largest symbol holds is an issuing error that names its cause."""
    text = "A" * (CAPACITY[level] + 1)
    for draw in (qr.size, qr.to_svg, qr.to_png, qr.to_terminal):
        with pytest.raises(IssuingError) as caught:
            draw(text, level=level)
        assert "qr-too-large" == caught.value.code
        assert (("characters", len(text)), ("level", level)) == caught.value.detail
        assert isinstance(caught.value.__cause__, segno.DataOverflowError)


@pytest.mark.parametrize("level", LEVELS)
def test_size_foretells_the_drawing(level: str) -> None:
    """The size is that of what is drawn, quiet zone apart, and the level is the one asked for."""
    size = qr.size(CERTIFICATE, level=level)
    assert level == size.level
    assert 17 + 4 * size.version == size.modules
    side = size.modules + 2 * QUIET_ZONE_MODULES
    png = Image.open(BytesIO(qr.to_png(CERTIFICATE, level=level, scale=3)))
    svg = ET.fromstring(qr.to_svg(CERTIFICATE, level=level))  # noqa: S314  # our own output
    assert (side * 3, side * 3) == png.size
    assert f"0 0 {side} {side}" == svg.attrib["viewBox"]
    assert [side] * ((side + 1) // 2) == [len(line) for line in qr.to_terminal(CERTIFICATE, level=level).splitlines()]


def test_level_m_is_the_default_and_is_not_raised() -> None:
    """Nothing is drawn in a higher level than asked, even where it would fit."""
    assert qr.size("VIC1:A", level="M") == qr.size("VIC1:A")
    assert qr.to_png("VIC1:A", level="M") == qr.to_png("VIC1:A")
    assert 4 == len({qr.to_png("VIC1:A", level=level) for level in LEVELS})


def test_never_a_micro_qr_code() -> None:
    """The shortest text still makes a full symbol, which every reader knows."""
    assert qr.SymbolSize(version=1, level="L", modules=21) == qr.size("1", level="L")


def test_png_is_black_on_white_with_a_quiet_zone() -> None:
    """Four modules of white surround the symbol, whose first module is black."""
    picture = Image.open(BytesIO(qr.to_png("VIC1:A", scale=5))).convert("L")
    inner = (20, 20, picture.width - 20, picture.height - 20)
    assert inner == picture.point(lambda value: 255 - value).getbbox()
    assert [0, 255] == [shade for _, shade in sorted(picture.getcolors() or [], key=lambda pair: pair[1])]


def test_svg_is_complete_in_itself() -> None:
    """The document is XML, refers to nothing, repeats no text, and has a white ground and crisp edges."""
    svg = qr.to_svg("https://example.test/<&>\"'", scale=2.5)
    root = ET.fromstring(svg)  # noqa: S314  # our own output
    assert {f"{SVG}svg", f"{SVG}path"} == {element.tag for element in root.iter()}
    assert "crispEdges" == root.attrib["shape-rendering"]
    ground, ink = root
    side = root.attrib["viewBox"].split()[2]
    assert ("#fff", f"M0 0h{side}v{side}h-{side}z") == (ground.attrib["fill"], ground.attrib["d"])
    assert "#000" == ink.attrib["fill"]
    assert 1 == svg.count("http")
    assert "example" not in svg


@pytest.mark.parametrize(
    ("scale", "side"), [(1, "29"), (0.5, "14.5"), (10, "290"), (1e6, "29000000"), (1 / 3, "9.666667")]
)
def test_svg_scale_is_its_natural_size(scale: float, side: str) -> None:
    """The scale sets width and height in plain decimals, and leaves the drawing as it is."""
    root = ET.fromstring(qr.to_svg("VIC1:A", scale=scale))  # noqa: S314  # our own output
    assert (side, side, "0 0 29 29") == (root.attrib["width"], root.attrib["height"], root.attrib["viewBox"])


@pytest.mark.parametrize("scale", [0, -1, float("nan"), float("inf")])
def test_svg_scale_is_checked(scale: float) -> None:
    """A scale that gives no size is the caller's mistake."""
    with pytest.raises(ValueError, match="scale"):
        qr.to_svg("VIC1:A", scale=scale)


@pytest.mark.parametrize("scale", [0, -4])
def test_png_scale_is_checked(scale: int) -> None:
    """A scale below one pixel to a module is the caller's mistake."""
    with pytest.raises(ValueError, match="scale"):
        qr.to_png("VIC1:A", scale=scale)


@pytest.mark.parametrize("scale", [1.5, True, "4", None])
def test_png_scale_is_a_whole_number(scale: object) -> None:
    """Pixels are whole: nothing is rounded silently."""
    with pytest.raises(TypeError, match="scale"):
        qr.to_png("VIC1:A", scale=scale)  # type: ignore[arg-type]  # the wrong type is the test


def test_png_pixels_are_capped() -> None:
    """The largest allowed picture is drawn, one step more is refused before anything is drawn."""
    largest = 5000 // 29
    width, height = struct.unpack(">II", qr.to_png("VIC1:A", scale=largest)[16:24])
    assert width * height <= MAX_PNG_PIXELS
    for scale in (largest + 1, 10**9):
        with pytest.raises(ValueError, match="pixels"):
            qr.to_png("VIC1:A", scale=scale)


@pytest.mark.parametrize("level", ["", "m", "X", "LM", "LMQH", None, 1])
def test_level_is_checked(level: object) -> None:
    """Only L, M, Q and H are levels."""
    for draw in (qr.size, qr.to_svg, qr.to_png, qr.to_terminal):
        with pytest.raises(ValueError, match="level"):
            draw("VIC1:A", level=level)  # type: ignore[arg-type]  # the wrong value is the test


@pytest.mark.parametrize("text", [b"VIC1:A", 12, None])
def test_text_is_a_str(text: object) -> None:
    """Bytes and numbers are not text."""
    for draw in (qr.size, qr.to_svg, qr.to_png, qr.to_terminal):
        with pytest.raises(TypeError, match="str"):
            draw(text)  # type: ignore[arg-type]  # the wrong type is the test


@pytest.mark.parametrize("text", ["", "\ud800"])
def test_text_that_no_symbol_can_hold(text: str) -> None:
    """An empty text, and half of a surrogate pair, are the caller's mistake."""
    for draw in (qr.size, qr.to_svg, qr.to_png, qr.to_terminal):
        with pytest.raises(ValueError, match=r"character|surrogate"):
            draw(text)


def test_drawing_is_repeatable() -> None:
    """The same text gives the same bytes, so that a printed page can be compared."""
    for draw in (qr.to_svg, qr.to_png, qr.to_terminal):
        assert draw(CERTIFICATE) == draw(CERTIFICATE)
