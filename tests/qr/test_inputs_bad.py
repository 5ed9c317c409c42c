"""Pictures made to do harm: each ends within its deadline and memory, in symbols or a clear code.

More on these stands in `test_read.py`: every mode, orientation and size, caps and kinds off the list, several symbols,
binary content and structured append, Micro QR and rMQR.
"""

from __future__ import annotations

import json
import os
import random
import struct
import subprocess
import sys
from collections.abc import Callable
from importlib.util import find_spec
from io import BytesIO
from pathlib import Path
from typing import Any, Final

import numpy as np
import pytest
import segno
from PIL import Image

from certcore import qr
from certcore.errors import CertcoreError, RejectedInputError
from certcore.qr import Effort
from certcore.qr import _picture as picture
from certcore.qr._deadline import Deadline
from certcore.qr._picture import MAX_BYTES
from tests.qr_files import (
    TEXT,
    bmp_of,
    deflated,
    gif_of,
    jpeg_of,
    pdf_image,
    pdf_of,
    png_of,
    saved,
    scans,
    stream,
    symbol,
    tiff_of,
    tiff_of_size,
    webp_of,
)

MEMORY: Final = 1024 * 1024 * 1024
"""Address space in which every picture is to be read: the interpreter, the libraries, the pixels."""

PATIENCE_S: Final = 300
"""After which a test gives a process up. It says nothing about speed."""

needs_pdf = pytest.mark.skipif(find_spec("pypdfium2") is None, reason="pypdfium2 is not installed (certcore[pdf])")
needs_linux = pytest.mark.skipif(sys.platform != "linux", reason="memory is limited on Linux alone")


def codes(image: Any, **options: Any) -> str:  # noqa: ANN401  # whatever the test passes
    """The code with which a picture is refused."""
    with pytest.raises(RejectedInputError) as caught:
        for _ in picture.pages(image, **options):
            pass
    return caught.value.code


# Row 88.


@pytest.mark.parametrize("size", [(0, 0), (1, 1), (1, 5000), (5000, 1)])
@pytest.mark.parametrize("kind", ["PNG", "TIFF", "BMP", "WEBP", "GIF", "JPEG"])
def test_odd_sizes(kind: str, size: tuple[int, int]) -> None:
    """Row 88: one pixel, one line and one column of every kind have no symbols; no pixel at all cannot be written."""
    if 0 in size:
        assert [] == qr.read(np.zeros(size, np.uint8))
    else:
        assert [] == qr.read(saved(kind, Image.new("L", size, 255)))


@pytest.mark.parametrize("mode", ["CMYK", "I;16", "P", "PA", "1"])
def test_odd_pixels(mode: str) -> None:
    """Row 88: CMYK, sixteen bits, palettes with alpha and single bits are read."""
    image = symbol(mode={"PA": "P"}.get(mode, mode)).convert(mode)
    assert [TEXT] == [found.text for found in qr.read(image)]


@pytest.mark.parametrize("kind", ["GIF", "WEBP", "PNG", "TIFF"])
def test_animated(kind: str) -> None:
    """Row 88: of an animation every frame is seen."""
    names = ["VIC1:FIRST", "VIC1:SECOND"]
    frames = picture.pages(saved(kind, *(symbol(name, mode="RGB") for name in names)))
    read = [qr.read(Image.frombytes("L", (page.width, page.height), bytes(page.pixels))) for page in frames]
    assert [[name] for name in names] == [[found.text for found in symbols] for symbols in read]


# Row 89.


@pytest.mark.parametrize(
    "data",
    [
        png_of(30_000, 30_000),
        bmp_of(30_000, 30_000),
        gif_of(65_535, 65_535),
        webp_of(16_384, 16_384),
        jpeg_of(65_500, 65_500),
        tiff_of_size(100_000, 100_000),
        scans(300),
    ],
    ids=["png", "bmp", "gif", "webp", "jpeg", "tiff", "scans"],
)
@pytest.mark.filterwarnings("ignore::PIL.Image.DecompressionBombWarning")
def test_bombs(data: bytes) -> None:
    """Row 89: what declares more pixels, or has more scans, than are decoded is refused before any is."""
    assert "image-too-large" == codes(data)


@pytest.mark.parametrize("start", [b"%!PS-Adobe-3.0 EPSF-3.0\n", b"\xc5\xd0\xd3\xc6", b"P5 1 1 255 \x00", b"<svg/>"])
def test_kinds_off_the_list(start: bytes) -> None:
    """Row 89: nothing that would start another program is looked at."""
    assert "image-format" == codes(start + bytes(40))


def many_pieces(kind: str) -> bytes:
    """A file of the largest size that is all pieces and no picture."""
    jpeg, gif = saved("JPEG", Image.new("L", (9, 9))), gif_of(9, 9)
    piece, at, data = {"jpeg": (b"\xff\xfe\x00\x02", 2, jpeg), "gif": (b"!\xfe\x00", gif.index(b","), gif)}[kind]
    return data[:at] + piece * ((MAX_BYTES - len(data)) // len(piece)) + data[at:]


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["jpeg", "gif"])
def test_empty_pieces(kind: str) -> None:
    """Row 89: millions of empty pieces before the picture are not all gone through, with a deadline or without."""
    data = many_pieces(kind)
    assert "image-unreadable" == codes(data)
    assert codes(data, deadline=Deadline.after(0.2)) in {"image-timeout", "image-unreadable"}


@pytest.mark.filterwarnings("ignore:.*EXIF:UserWarning", "ignore:Tag data:UserWarning")
def test_tags_of_the_same_bytes() -> None:
    """Row 89: a thousand tags that all point at the same megabyte do not become a gigabyte."""
    tags = dict.fromkeys(range(1000, 2000), (7, 1_000_000, 8))
    assert "image-unreadable" == codes(tiff_of(tags, tail=bytes(1_100_000)))


@pytest.mark.filterwarnings("ignore::UserWarning")
def test_pages_in_a_circle() -> None:
    """Row 89: a TIFF whose last page is followed by its first has an end."""
    data = saved("TIFF", symbol())
    start = struct.unpack_from("<I", data, 4)[0]
    entries = struct.unpack_from("<H", data, start)[0]
    at = start + 2 + 12 * entries
    assert 1 == len(list(picture.pages(data[:at] + struct.pack("<I", start) + data[at + 4 :])))


@pytest.mark.filterwarnings("ignore::UserWarning")
def test_tile_larger_than_its_picture() -> None:
    """Row 89: a picture of one pixel whose tile has two billion takes no memory for them."""
    tags = {"t322": (4, 1, 45_000), "t323": (4, 1, 45_000), "t324": (4, 1, 8), "t325": (4, 1, 64)}
    try:
        assert [(1, 1)] == [(page.width, page.height) for page in picture.pages(tiff_of_size(1, 1, **tags))]
    except RejectedInputError as error:
        assert error.code in {"image-unreadable", "image-too-large"}  # noqa: PT017  # it depends on what Pillow believes


# Row 90.


@pytest.mark.zbar
@pytest.mark.usefixtures("libzbar")
def test_zbar_alone(machine: Callable[..., None]) -> None:
    """Row 90: pictures that are nearly symbols do zbar no harm: stripes, finder patterns everywhere, torn symbols."""
    machine("zxingcpp")
    chance = random.Random(90)
    finder = np.kron(
        np.array(
            [[0] * 7, [0, *[255] * 5, 0], *[[0, 255, 0, 0, 0, 255, 0]] * 3, [0, *[255] * 5, 0], [0] * 7], np.uint8
        ),
        np.ones((3, 3), np.uint8),
    )
    shots = [np.tile(np.pad(finder, 4, constant_values=255), (20, 20)), np.tile(finder, (15, 15))]
    shots += [np.tile(np.repeat(np.array([0, 255], np.uint8), width), (200, 400 // width)) for width in (1, 2, 3)]
    whole = np.asarray(symbol())
    for _ in range(150):
        torn = whole.copy()
        for _ in range(chance.randrange(1, 6)):
            y, x, height, width = (chance.randrange(1, 180) for _ in range(4))
            torn[y : y + height, x : x + width] = np.roll(torn, chance.randrange(180))[y : y + height, x : x + width]
        shots.append(torn)
    for number, shot in enumerate(shots):
        effort = Effort.NORMAL if number < 30 else Effort.FAST  # zbar looks at all, and the slow steps at some
        found = qr.read(np.ascontiguousarray(shot), effort=effort)
        assert all(symbol.decoder.startswith("pyzbar") for symbol in found)


# Rows 91 to 95.


def test_several_symbols() -> None:
    """Row 91: of several symbols, one within another too, none is chosen."""
    sheet = Image.new("L", (1200, 700), 255)
    sheet.paste(symbol("VIC1:OUTER", side=600), (20, 20))
    sheet.paste(symbol("VIC1:BESIDE"), (800, 60))
    assert {"VIC1:OUTER", "VIC1:BESIDE"} == {found.text for found in qr.read(sheet)}


def test_what_photographs_do() -> None:
    """Row 92: inverted, mirrored, blurred a little, tiny and on a large page, a symbol is read."""
    page = Image.new("L", (4000, 3000), 255)
    page.paste(symbol(), (3100, 2100))
    tiny = Image.open(BytesIO(qr.to_png(TEXT, scale=2)))
    for seen in (
        symbol().point(lambda value: 255 - value),
        symbol().transpose(Image.Transpose.FLIP_LEFT_RIGHT),
        symbol().resize((90, 90)).resize((180, 180), Image.Resampling.BICUBIC),
        tiny,
        page,
    ):
        assert [TEXT] == [found.text for found in qr.read(seen)]


def test_no_mojibake() -> None:
    """Row 93: bytes that are no text never become text."""
    out = BytesIO()
    segno.make_qr(bytes(range(256)), mode="byte").save(out, kind="png", scale=4)
    (found,) = qr.read(out.getvalue())
    assert ("binary", "") == (found.kind, found.text)


def test_deadline() -> None:
    """Row 94: no page is begun when the time is over, and within a page Pillow's reading stops."""
    data = saved("TIFF", *[symbol()] * 3)
    assert "image-timeout" == codes(data, deadline=Deadline.after(0))
    pages = picture.pages(data, deadline=Deadline(Deadline.after(3600).at))
    assert [1, 2, 3] == [page.page for page in pages]


@pytest.mark.parametrize("version", [1, 36, 40])
def test_versions(version: int) -> None:
    """Row 95: the largest versions are read like the smallest; a Micro QR is not a certificate's symbol."""
    out = BytesIO()
    segno.make_qr("VIC1:A", version=version).save(out, kind="png", scale=4)
    assert ["VIC1:A"] == [found.text for found in qr.read(out.getvalue())]
    out = BytesIO()
    segno.make_micro("123").save(out, kind="png", scale=4)
    assert [] == qr.read(out.getvalue())


@pytest.mark.parametrize("quiet", [0, 1, 2])
def test_narrow_quiet_zone(quiet: int) -> None:
    """Row 95: a symbol whose quiet zone was cut off is read on white."""
    out = BytesIO()
    segno.make_qr(TEXT).save(out, kind="png", scale=4, border=quiet)
    sheet = Image.new("L", (400, 400), 255)
    sheet.paste(Image.open(out), (100, 100))
    assert [TEXT] == [found.text for found in qr.read(sheet)]


# PDF (the section "Bad input" of the plan, beside the rows).


@needs_pdf
def test_pdf_of_ten_thousand_pages() -> None:
    """Ten thousand pages are refused, unless the caller says which to read."""
    data = pdf_of(b"0 0 5 5 re f", count=10_000)
    assert "image-too-many-pages" == codes(data)
    assert [10_000] == [page.page for page in picture.pages(qr.load(data, pages=range(10_000, 10_001)))]


# Memory: in a process that may not have more.

_READ: Final = """
import json, resource, sys, warnings
warnings.simplefilter("ignore")
from certcore import qr
from certcore.errors import CertcoreError
from certcore.qr import _picture as picture
from certcore.qr._deadline import Deadline
data = open(sys.argv[1], "rb").read()
resource.setrlimit(resource.RLIMIT_AS, (int(sys.argv[2]),) * 2)
try:
    sizes = [(page.width, page.height) for page in picture.pages(data, deadline=Deadline.after(float(sys.argv[3])))]
    print(json.dumps(sizes))
except CertcoreError as error:
    print(json.dumps(error.code))
"""


def limited(path: Path, data: bytes, *, deadline_s: float = PATIENCE_S) -> Any:  # noqa: ANN401  # JSON
    """The sizes of the pages, or the code, that a process with limited memory gives."""
    path.write_bytes(data)
    done = subprocess.run(
        [sys.executable, "-c", _READ, str(path), str(MEMORY), str(deadline_s)],
        capture_output=True,
        check=False,
        text=True,
        timeout=PATIENCE_S,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
    )
    assert (0, "") == (done.returncode, done.stderr[-2000:])
    return json.loads(done.stdout)


def largest(kind: str) -> bytes:
    """A picture of as many pixels as are allowed, which says nothing in few bytes."""
    side = 9_400
    options: dict[str, dict[str, Any]] = {"TIFF": {"compression": "tiff_adobe_deflate"}, "JPEG": {"subsampling": 0}}
    file, _, mode = kind.partition(" ")
    if file == "WEBP":
        return saved("WEBP", Image.new(mode, (6_300, 6_300)), lossless=True, quality=0, method=0)
    if file == "GIF":
        return saved("GIF", Image.new(mode, (6_300, 6_300), 1), Image.new(mode, (6_300, 6_300), 2))
    if file == "PROGRESSIVE":
        return saved("JPEG", Image.new(mode, (side, side)), progressive=True, subsampling=0)
    return saved(file, Image.new(mode, (side, side)), **options.get(file, {}))


@needs_linux
@pytest.mark.slow
@pytest.mark.parametrize(
    "kind",
    ["PNG RGBA", "PNG I;16", "TIFF CMYK", "TIFF F", "JPEG CMYK", "PROGRESSIVE RGB", "WEBP RGBA", "GIF RGB", "GIF P"],
)
@pytest.mark.filterwarnings("ignore::PIL.Image.DecompressionBombWarning")
def test_memory_of_the_largest_pictures(tmp_path: Path, kind: str) -> None:
    """The largest pictures that are allowed are read in a gigabyte, interpreter and libraries included."""
    sizes = limited(tmp_path / "picture", largest(kind))
    assert not isinstance(sizes, str), sizes
    assert (2 if kind.startswith("GIF") else 1) == len(sizes)


@needs_linux
@needs_pdf
@pytest.mark.slow
@pytest.mark.parametrize(
    ("what", "expected"),
    [("content", "image-unreadable"), ("layers", "image-unreadable"), ("image", [[4959, 7017]]), ("forms", None)],
)
def test_memory_of_pdf_bombs(tmp_path: Path, what: str, expected: object) -> None:
    """What becomes gigabytes within a PDF ends its decoder and not the process that asked."""
    flate = b"/Filter/FlateDecode"
    data = {
        "content": lambda: pdf_of(stream(deflated(b" " * 1_000_000, 3000), flate)),
        "layers": lambda: pdf_of(stream(deflated(b" " * 1_000_000, 3000, 2), b"/Filter[/FlateDecode/FlateDecode]")),
        "image": lambda: pdf_of(
            b"q 500 0 0 500 20 20 cm /X5 Do Q",
            stream(
                deflated(bytes(12_000), 12_000),
                b"/Type/XObject/Subtype/Image/Width 12000/Height 12000/BitsPerComponent 8/ColorSpace/DeviceGray"
                + flate,
            ),
        ),
        "forms": lambda: pdf_of(
            b"/X5 Do",
            *(
                stream(
                    b"/X Do " * 10,
                    b"/Type/XObject/Subtype/Form/BBox[0 0 595 842]/Resources<</XObject<</X %d 0 R>>>>" % (number + 1),
                )
                for number in range(5, 14)
            ),
            pdf_image(symbol()),
        ),
    }[what]()
    found = limited(tmp_path / "bomb.pdf", data, deadline_s=60)
    assert (
        found == expected
        or (expected is None and found in {"image-timeout", "image-unreadable"})
        or (found == "image-timeout")
    ), found


# Noise, and what fuzzing found.


def test_noise_of_every_kind() -> None:
    """A picture of noise has no symbols, in whatever kind of file it comes."""
    noise = Image.frombytes("L", (300, 200), random.Random(95).randbytes(300 * 200))
    for kind in ("PNG", "JPEG", "WEBP", "TIFF", "GIF", "BMP"):
        assert [] == qr.read(saved(kind, noise))


def test_found_gif_of_a_hundred_large_frames() -> None:
    """Found by fuzzing: 12 kB that became a hundred frames of ten million pixels took 20 s to be refused."""
    frames = [Image.new("P", (1273, 8456), page % 3) for page in range(4)]
    data = saved("GIF", *frames)
    start = data.index(b"!\xf9", data.index(b"!\xf9") + 1)
    last = data.rindex(b"!\xf9")
    assert "image-too-many-pages" == codes(data[:start] + data[start:last] * 40 + data[last:])


def test_found_webp_of_a_thin_canvas() -> None:
    """Found by fuzzing: 5 kB with a canvas of 786514 by 82 took 11 s to be called damaged."""
    assert "image-too-large" == codes(webp_of(786_514, 82))


def mutations() -> list[tuple[str, int]]:
    """A few cases for each kind, from a fixed seed."""
    return [(kind, number) for kind in ("PNG", "JPEG", "WEBP", "TIFF", "GIF", "BMP") for number in range(40)]


@pytest.mark.filterwarnings("ignore")
def test_mutated_files_of_several_pages() -> None:
    """Whatever bytes change in a file of several pages, the answer is pages or an error of certcore's."""
    for kind, number in mutations():
        chance = random.Random(f"{kind} {number}")
        images = [symbol("VIC1:A", side=60), symbol("VIC1:B", side=60)]
        data = bytearray(saved(kind, *(images if kind in {"PNG", "WEBP", "TIFF", "GIF"} else images[:1])))
        for _ in range(chance.randint(1, 5)):
            at = chance.randrange(len(data))
            data[at : at + chance.choice((1, 2, 4))] = chance.randbytes(chance.choice((0, 1, 2, 4)))
        try:
            for page in picture.pages(bytes(data)):
                assert len(page.pixels) == page.width * page.height
        except CertcoreError as error:
            assert error.code in {"image-unreadable", "image-format", "image-too-large", "image-too-many-pages"}  # noqa: PT017  # may not raise
