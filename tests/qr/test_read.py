"""`certcore.qr.read`: every kind of input and pixel is read, and nothing but the documented errors comes out."""

from __future__ import annotations

import os
import pickle
import random
import struct
import subprocess
import sys
import zlib
from io import BytesIO, StringIO
from typing import TYPE_CHECKING

import numpy as np
import pytest
import segno
import zxingcpp
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageOps

from certcore import qr
from certcore.errors import RejectedInputError

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

TEXT = (
    "VIC1:6BF+70790T9WJWG.FKY*4GO0.O1CV2 O5 N2FBBRW1*70HS8WY04AC*WIFN0AHCD8KD97TK0F90KECTHGWJC0FDC:5AIA%G7X+AQB9746HS8"
)
PNG = qr.to_png(TEXT, scale=4)
SIDE = Image.open(BytesIO(PNG)).width


def picture(mode: str = "L") -> Image.Image:
    """The symbol of `TEXT` as a Pillow image."""
    return Image.open(BytesIO(PNG)).convert("L").convert(mode)


def file(image: Image.Image, kind: str, **options: object) -> bytes:
    """The bytes of a picture file."""
    out = BytesIO()
    image.save(out, kind, **options)
    return out.getvalue()


def segno_png(symbol: segno.QRCode) -> bytes:
    """A symbol that `certcore.qr._write` would not draw."""
    out = BytesIO()
    symbol.save(out, kind="png", scale=4)
    return out.getvalue()


def rejected(image: object) -> str:
    """The code with which a picture is refused."""
    with pytest.raises(RejectedInputError) as caught:
        qr.read(image)  # type: ignore[arg-type]  # whatever the test passes
    return caught.value.code


def read_text(image: object) -> list[str]:
    """What a picture says."""
    return [symbol.text for symbol in qr.read(image)]  # type: ignore[arg-type]  # whatever the test passes


class Array:
    """An array with an interface that holds its bytes, and nothing else of NumPy."""

    def __init__(self, data: bytes, shape: tuple[int, ...], typestr: str = "|u1") -> None:
        self.__array_interface__: dict[str, object] = {"version": 3, "shape": shape, "typestr": typestr, "data": data}


class NotPillow:
    """An image with Pillow's size, mode and bytes, of a class of its own."""

    def __init__(self, image: Image.Image) -> None:
        self.size, self.mode, self._image = image.size, image.mode, image

    def tobytes(self) -> bytes:
        """The pixels, row by row."""
        return self._image.tobytes()


# What is read.


def test_symbol_says_what_was_found() -> None:
    """Text, bytes, kind, place, decoder and page of a symbol are reported."""
    (symbol,) = qr.read(PNG)
    assert (TEXT, TEXT.encode(), "text", "zxing-cpp", 1) == (
        symbol.text,
        symbol.data,
        symbol.kind,
        symbol.decoder,
        symbol.page,
    )
    near, far = 16, SIDE - 16
    expected = ((near, near), (far, near), (far, far), (near, far))
    assert 4 == len(symbol.corners)
    for (x, y), (expected_x, expected_y) in zip(symbol.corners, expected, strict=True):
        assert abs(x - expected_x) <= 4
        assert abs(y - expected_y) <= 4


def test_symbol_keeps_its_content_out_of_repr() -> None:
    """A log line of a symbol shows neither its text nor its bytes, which carry plates and VINs."""
    (symbol,) = qr.read(PNG)
    assert TEXT[:12] not in repr(symbol)
    assert "data" not in repr(symbol)


def test_symbol_can_be_pickled_and_not_changed() -> None:
    """A symbol travels between processes unchanged and is frozen."""
    (symbol,) = qr.read(PNG)
    assert symbol == pickle.loads(pickle.dumps(symbol))  # noqa: S301  # our own bytes
    with pytest.raises(AttributeError):
        symbol.text = ""  # type: ignore[misc]  # refusing it is the test


def test_every_kind_of_input(tmp_path: Path) -> None:
    """A path, a string path, bytes, an open file, a Pillow image, its like, and arrays all give the same text."""
    path = tmp_path / "photo.png"
    path.write_bytes(PNG)
    grey = np.asarray(picture())
    with path.open("rb") as opened:
        inputs: list[object] = [path, str(path), PNG, bytearray(PNG), memoryview(PNG), opened, BytesIO(PNG)]
        inputs += [picture(), Image.open(BytesIO(PNG)), NotPillow(picture()), NotPillow(picture("RGB"))]
        inputs += [grey, grey[:, :, None], np.asarray(picture("RGB")), np.asarray(picture("RGBA"))]
        inputs += [
            np.asfortranarray(grey),
            np.asarray(picture("RGB"))[:, :, ::-1],
            np.asarray(picture("RGBA"))[..., :3],
        ]
        inputs += [np.rot90(grey), np.ascontiguousarray(grey), grey[::-1, ::-1]]
        inputs += [Array(grey.tobytes(), grey.shape), Array(picture("RGB").tobytes(), (SIDE, SIDE, 3))]
        for image in inputs:
            assert [TEXT] == read_text(image), type(image)


def test_caller_keeps_their_picture() -> None:
    """A Pillow image is neither changed, closed nor wound back."""
    image = picture("RGBA")
    before = image.tobytes()
    qr.read(image)
    assert ("RGBA", before) == (image.mode, image.tobytes())
    opened = BytesIO(PNG)
    qr.read(opened)
    assert not opened.closed


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP", "TIFF", "GIF", "BMP"])
@pytest.mark.parametrize("mode", ["L", "RGB"])
def test_every_kind_of_file(kind: str, mode: str) -> None:
    """Each kind of picture on the list is read."""
    assert [TEXT] == read_text(file(picture(mode), kind))


@pytest.mark.parametrize(
    "mode", ["1", "L", "LA", "La", "P", "PA", "RGB", "RGBA", "RGBa", "RGBX", "CMYK", "YCbCr", "HSV", "LAB", "I", "F"]
)
def test_every_mode(mode: str) -> None:
    """Every mode Pillow has is seen as the eye would see it."""
    if mode == "LAB":
        neutral = Image.new("L", (SIDE, SIDE), 128)
        image = Image.merge("LAB", (picture(), neutral, neutral))
    else:
        image = picture({"RGBa": "RGBA", "La": "LA", "PA": "P", "HSV": "RGB"}.get(mode, mode)).convert(mode)
    assert mode == image.mode
    assert [TEXT] == read_text(image)


@pytest.mark.parametrize("mode", ["I;16", "I;16L", "I;16B", "I;16N"])
@pytest.mark.parametrize("white", [255, 1023, 4095, 65535])
def test_sixteen_bits(mode: str, white: int) -> None:
    """Sixteen-bit grey is read however many of its bits the camera fills."""
    order = {"I;16": "<", "I;16L": "<", "I;16B": ">", "I;16N": "="}[mode]
    pixels = (np.asarray(picture()).astype(np.uint32) * white // 255).astype(order + "u2").tobytes()
    assert [TEXT] == read_text(Image.frombytes(mode, (SIDE, SIDE), pixels))


def test_sixteen_bit_files() -> None:
    """Sixteen-bit PNG and TIFF files are read."""
    deep = Image.fromarray((np.asarray(picture()).astype(np.uint16)) * 257)
    for kind in ("PNG", "TIFF"):
        assert [TEXT] == read_text(file(deep, kind))


@pytest.mark.parametrize("white", [1.0, 255.0, 1e-30, 1e30])
def test_floating_point(white: float) -> None:
    """Floating-point pixels are stretched between their darkest and their lightest."""
    assert [TEXT] == read_text(
        Image.fromarray(np.asarray(picture()).astype(np.float32) / np.float32(255) * np.float32(white))
    )


@pytest.mark.parametrize("value", [float("nan"), float("inf"), 0.0])
def test_floating_point_without_a_picture(value: float) -> None:
    """Pixels that are no numbers, or all the same, are an empty picture."""
    assert [] == read_text(Image.new("F", (60, 60), value))


def test_transparency_is_seen_on_white() -> None:
    """Black modules on nothing are read: in RGBA, grey with alpha, palette, or one colour declared transparent."""
    ink = picture().point(lambda value: 255 - value)
    clear = Image.new("RGBA", (SIDE, SIDE), (0, 0, 0, 0))
    clear.paste((0, 0, 0, 255), mask=ink)
    assert [TEXT] == read_text(clear)
    for kind in ("PNG", "WEBP", "TIFF"):
        assert [TEXT] == read_text(file(clear, kind))
    assert [TEXT] == read_text(file(clear.convert("LA"), "PNG"))
    assert [TEXT] == read_text(clear.convert("PA"))
    black_on_key = Image.new("RGB", (SIDE, SIDE), (1, 2, 3))
    black_on_key.paste((0, 0, 0), mask=ink)
    assert [TEXT] == read_text(file(black_on_key, "PNG", transparency=(1, 2, 3)))
    grey_key = Image.new("L", (SIDE, SIDE), 1)
    grey_key.paste(0, mask=ink)
    assert [TEXT] == read_text(file(grey_key, "PNG", transparency=1))
    palette = black_on_key.convert("P", palette=Image.Palette.ADAPTIVE, colors=2)
    key = palette.getpixel((0, 0))
    assert [TEXT] == read_text(file(palette, "PNG", transparency=key))
    assert [TEXT] == read_text(file(palette, "GIF", transparency=key))


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "TIFF"])
def test_exif_orientation(kind: str, orientation: int) -> None:
    """Corners are those of the picture as displayed, whichever way the camera was held, and mirrored too."""
    upright = Image.new("L", (600, 400), 255)
    upright.paste(picture().resize((200, 200)), (380, 20))
    turns = {
        2: Image.Transpose.FLIP_LEFT_RIGHT,
        3: Image.Transpose.ROTATE_180,
        4: Image.Transpose.FLIP_TOP_BOTTOM,
        5: Image.Transpose.TRANSPOSE,
        6: Image.Transpose.ROTATE_90,
        7: Image.Transpose.TRANSVERSE,
        8: Image.Transpose.ROTATE_270,
    }
    stored = upright.transpose(turns[orientation]) if orientation in turns else upright
    exif = Image.Exif()
    exif[0x0112] = orientation
    data = file(stored, kind, exif=exif.tobytes())
    assert (600, 400) == ImageOps.exif_transpose(Image.open(BytesIO(data))).size
    (symbol,) = qr.read(data)
    assert TEXT == symbol.text
    assert 380 < min(x for x, _ in symbol.corners) < max(x for x, _ in symbol.corners) < 580
    assert 20 < min(y for _, y in symbol.corners) < max(y for _, y in symbol.corners) < 220


@pytest.mark.filterwarnings("ignore:Corrupt EXIF data:UserWarning")
@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
def test_damaged_exif_does_not_hide_a_picture(kind: str) -> None:
    """Metadata that cannot be read is as good as none, unless the caller made Pillow's warning about it an error."""
    for exif in (
        b"Exif\x00\x00garbage",
        b"Exif\x00\x00II*\x00\xff\xff\xff\xff",
        b"Exif\x00\x00MM\x00*\x00\x00\x00\x08\xff\xff",
    ):
        assert [TEXT] == read_text(file(picture(), kind, exif=exif))


def test_every_frame_is_read() -> None:
    """Of an animation and of a document of several pages, all are read, each symbol with its page."""
    other = Image.open(BytesIO(qr.to_png("VIC1:SECOND", scale=4))).convert("L").resize((SIDE, SIDE))
    for kind in ("GIF", "TIFF", "WEBP", "PNG"):
        data = file(picture(), kind, save_all=True, append_images=[other])
        assert 2 == getattr(Image.open(BytesIO(data)), "n_frames", 1)
        assert [(TEXT, 1), ("VIC1:SECOND", 2)] == [(symbol.text, symbol.page) for symbol in qr.read(data)]


def test_pillow_image_is_read_as_it_stands() -> None:
    """A Pillow image that the caller wound to another frame is read there."""
    other = Image.open(BytesIO(qr.to_png("VIC1:SECOND", scale=4))).convert("L")
    image = Image.open(BytesIO(file(picture(), "TIFF", save_all=True, append_images=[other])))
    image.seek(1)
    assert ["VIC1:SECOND"] == read_text(image)


def test_photographs_with_a_second_picture() -> None:
    """A JPEG that carries a second picture behind the first, as telephones write it, is read."""
    data = file(picture(), "MPO", save_all=True, append_images=[picture()])
    assert [TEXT] == read_text(data)


@pytest.mark.parametrize("angle", [0, 90, 180, 270, 17])
def test_turned_symbol(angle: int) -> None:
    """The symbol may lie any way round in the picture."""
    assert [TEXT] == read_text(picture().rotate(angle, expand=True, fillcolor=255, resample=Image.Resampling.BICUBIC))


def test_inverted_and_mirrored_symbol() -> None:
    """Light on dark, and seen from behind, a symbol is still read."""
    assert [TEXT] == read_text(picture().point(lambda value: 255 - value))
    assert [TEXT] == read_text(picture().transpose(Image.Transpose.FLIP_LEFT_RIGHT))


def page_of(*places: tuple[str, int, int]) -> Image.Image:
    """A page with small symbols in given places."""
    page = Image.new("L", (900, 700), 255)
    for text, x, y in places:
        page.paste(Image.open(BytesIO(qr.to_png(text, scale=4))), (x, y))
    return page


def test_all_symbols_in_reading_order() -> None:
    """Every symbol is reported, line by line from the top and from left to right, though a line be uneven."""
    page = page_of(("D", 20, 500), ("B", 320, 40), ("A", 10, 60), ("C", 700, 20), ("E", 500, 520))
    assert ["A", "B", "C", "D", "E"] == read_text(page)


def test_one_text_in_two_places() -> None:
    """The same text printed twice is two symbols, because the one who reads it must know that there were two."""
    symbols = qr.read(page_of(("SAME", 10, 10), ("SAME", 500, 10)))
    assert ["SAME", "SAME"] == [symbol.text for symbol in symbols]
    assert symbols[0].corners[0][0] < symbols[1].corners[0][0]


# What a symbol's content is.


@pytest.mark.parametrize(
    "data",
    [bytes(range(256)), b"\xd2\x84\x43\xa1\x01\x26\xa0\xff\xfe\x00", b"A\x00B", b"\x89PNG\r\n\x1a\n\x00\x00", b"\x00"],
)
def test_binary_is_not_mojibake(data: bytes) -> None:
    """Bytes that are no text are reported as bytes, unchanged, with no text at all."""
    (symbol,) = qr.read(segno_png(segno.make_qr(data, mode="byte")))
    assert ("binary", "", data) == (symbol.kind, symbol.text, symbol.data)


@pytest.mark.parametrize(
    ("symbol", "text", "data"),
    [
        (segno.make_qr("café", mode="byte"), "café", b"caf\xe9"),
        (segno.make_qr("闽C12345", encoding="utf-8"), "闽C12345", "闽C12345".encode()),
        (segno.make_qr("闽C12345", encoding="utf-8", eci=True), "闽C12345", "闽C12345".encode()),
        (segno.make_qr("点茗", mode="kanji"), "点茗", b"\x93_\xe4\xaa"),
        (segno.make_qr("书读百遍", mode="hanzi"), "书读百遍", b"\xca\xe9\xb6\xc1\xb0\xd9\xb1\xe9"),
        (segno.make_qr("0123456789"), "0123456789", b"0123456789"),
    ],
)
def test_text_in_every_mode(symbol: segno.QRCode, text: str, data: bytes) -> None:
    """Latin, UTF-8, declared UTF-8, kanji, hanzi and digits are text, and the raw bytes stay to be seen."""
    (found,) = qr.read(segno_png(symbol))
    assert ("text", text, data) == (found.kind, found.text, found.data)


@pytest.mark.parametrize("parts", [2, 3, 7])
@pytest.mark.parametrize("level", ["L", "M", "Q", "H"])
def test_structured_append_is_a_part(parts: int, level: str) -> None:
    """One of several symbols that share a message says so, in every mask and turned, and gives its own part alone."""
    for mask in range(8):
        sequence = segno.make_sequence(TEXT, error=level, symbol_count=parts, mask=mask, boost_error=False)
        together = ""
        for symbol in sequence:
            image = Image.open(BytesIO(segno_png(symbol))).convert("L")
            (found,) = qr.read(image)
            (turned,) = qr.read(image.rotate(90))
            assert ("structured-append", "structured-append") == (found.kind, turned.kind)
            assert found.data == found.text.encode()
            together += found.text
        assert TEXT == together


@pytest.mark.parametrize("level", ["L", "M", "Q", "H"])
def test_whole_symbol_is_no_part(level: str) -> None:
    """A symbol by itself is never taken for a part, whatever its version, mask and mode, even damaged or mirrored."""
    for mask in range(8):
        for text in ("1", "VIC1:A", TEXT, TEXT * 4, "lower case", "闽C12345"):
            image = Image.open(BytesIO(segno_png(segno.make_qr(text, error=level, mask=mask)))).convert("L")
            damaged = image.copy()
            damaged.paste(255, (image.width - 24, image.height - 24, image.width - 20, image.height - 20))
            inverted = image.point(lambda value: 255 - value)
            mirrored = image.transpose(Image.Transpose.FLIP_LEFT_RIGHT)
            for seen in (image, damaged, inverted, mirrored):
                assert [("text", text)] == [(symbol.kind, symbol.text) for symbol in qr.read(seen)]


def test_relatives_of_the_qr_code_are_not_reported() -> None:
    """Micro QR, rMQR, Data Matrix, Aztec and bar codes are not what a certificate is printed in."""
    formats = zxingcpp.BarcodeFormat
    for kind in (
        formats.MicroQRCode,
        formats.RMQRCode,
        formats.DataMatrix,
        formats.Aztec,
        formats.PDF417,
        formats.Code128,
    ):
        drawn = zxingcpp.create_barcode("VIC1:ABC", kind).to_image(scale=5)
        assert [] == qr.read(drawn)
    assert [] == qr.read(segno_png(segno.make_micro("123")))


# What is refused, or empty.


@pytest.mark.parametrize("size", [(1, 1), (2, 2), (5000, 1), (1, 5000), (300, 200)])
@pytest.mark.parametrize("shade", [0, 255])
def test_empty_pictures(size: tuple[int, int], shade: int) -> None:
    """A picture of one shade, down to a single pixel or line, has no symbols and does no harm."""
    assert [] == qr.read(Image.new("L", size, shade))
    assert [] == qr.read(file(Image.new("RGB", size, (shade,) * 3), "PNG"))


def test_pictures_without_pixels() -> None:
    """Nothing has no symbols."""
    assert [] == qr.read(Image.new("L", (0, 7)))
    assert [] == qr.read(np.zeros((0, 7), np.uint8))
    assert [] == qr.read(np.zeros((7, 0, 3), np.uint8))


def test_noise() -> None:
    """Random pixels have no symbols."""
    noise = random.Random(1)
    for _ in range(5):
        assert [] == qr.read(np.frombuffer(noise.randbytes(400 * 300), np.uint8).reshape(300, 400))


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP", "GIF", "TIFF", "BMP"])
def test_truncated_files(kind: str) -> None:
    """A file cut short is refused; it is read only where what is missing is not the picture."""
    whole = file(picture(), kind)
    steps = [*range(64), *range(64, len(whole), max(1, len(whole) // 150)), *range(len(whole) - 16, len(whole))]
    read_at = []
    for length in sorted(set(steps)):
        try:
            symbols = qr.read(whole[:length])
        except RejectedInputError as error:
            assert error.code in {"image-unreadable", "image-format"}  # noqa: PT017  # most lengths raise, a few may not
        else:
            assert [TEXT] == [symbol.text for symbol in symbols]
            read_at.append(length)
    assert all(length > len(whole) * 0.9 for length in read_at)


def test_damaged_files() -> None:
    """Whatever bytes change in a picture of any kind, the answer is symbols or a rejection."""
    noise = random.Random(2)
    small = Image.open(BytesIO(qr.to_png("VIC1:A", scale=1)))
    for kind in ("PNG", "JPEG", "WEBP", "GIF", "TIFF", "BMP"):
        whole = file(small.convert("L"), kind)
        for _ in range(150):
            damaged = bytearray(whole)
            for _ in range(noise.randint(1, 4)):
                damaged[noise.randrange(len(damaged))] = noise.randrange(256)
            try:
                qr.read(bytes(damaged))
            except RejectedInputError as error:
                assert error.code in {"image-unreadable", "image-format", "image-too-large"}  # noqa: PT017  # may not raise
                assert error.code == "image-format" or error.__cause__ is not None or error.code == "image-too-large"  # noqa: PT017  # as above


@settings(max_examples=150, deadline=None)
@given(
    st.sampled_from(
        [b"", b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff", b"RIFF\x10\x00\x00\x00WEBP", b"GIF89a", b"II*\x00", b"BM"]
    ),
    st.binary(max_size=200),
)
def test_garbage(start: bytes, rest: bytes) -> None:
    """Bytes that only begin like a picture, or not even that, are refused as a picture and in no other way."""
    try:
        qr.read(start + rest)
    except RejectedInputError as error:
        assert error.code in {"image-unreadable", "image-format", "image-too-large"}  # noqa: PT017  # may not raise


@pytest.mark.parametrize(
    "data",
    [
        b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 10 10\n",
        b"\xc5\xd0\xd3\xc6" + bytes(28),
        b"<svg xmlns='http://www.w3.org/2000/svg'/>",
        b"P5 1 1 255 \x00",
        b"PK\x03\x04",
        b"garbage",
        b" " + PNG,
    ],
)
def test_formats_off_the_list(data: bytes) -> None:
    """EPS, SVG and anything else is refused by its first bytes; its plug-in never sees it."""
    assert "image-format" == rejected(data)


def test_empty_file() -> None:
    """No bytes are no picture."""
    assert "image-unreadable" == rejected(b"")


def png_of(width: int, height: int, pixels: bytes = b"") -> bytes:
    """A PNG file whose header declares a size, whatever its pixels are."""

    def chunk(name: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))

    header = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(pixels)) + chunk(b"IEND", b"")


def bmp_of(width: int, height: int) -> bytes:
    """A BMP file whose header declares a size."""
    header = struct.pack("<IiiHHIIiiII", 40, width, height, 1, 24, 0, 0, 0, 0, 0, 0)
    return b"BM" + struct.pack("<IHHI", 54, 0, 0, 54) + header


@pytest.mark.parametrize(
    "data",
    [
        png_of(30_000, 30_000),
        png_of(9_460, 9_460),
        png_of(13_000, 13_000),
        png_of(2**31 - 1, 2**31 - 1),
        bmp_of(30_000, 30_000),
        b"GIF89a"
        + struct.pack("<HHBBB", 65_535, 65_535, 0, 0, 0)
        + b","
        + struct.pack("<HHHHB", 0, 0, 9, 9, 0)
        + b"\x02\x00;",
    ],
)
@pytest.mark.filterwarnings("ignore::PIL.Image.DecompressionBombWarning")
def test_bombs(data: bytes) -> None:
    """A picture that declares too many pixels is refused from its header, at once."""
    assert "image-too-large" == rejected(data)


def test_bombs_where_warnings_are_errors() -> None:
    """Pillow's warning, made an error by the caller's filter, is the same refusal."""
    assert "image-too-large" == rejected(png_of(9_460, 9_460))


def test_pillows_own_limit_is_respected(monkeypatch: pytest.MonkeyPatch) -> None:
    """A lower limit that the caller set in Pillow is a refusal too, and no limit there leaves ours."""
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 100)
    assert "image-too-large" == rejected(PNG)
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", None)
    assert "image-too-large" == rejected(png_of(30_000, 30_000))


def test_large_arrays_and_images() -> None:
    """The cap holds for pictures that the caller decoded: it is about the decoder's time as well."""
    assert "image-too-large" == rejected(np.broadcast_to(np.zeros(1, np.uint8), (10_000, 10_000)))
    assert "image-too-large" == rejected(Image.new("1", (10_000, 10_000)))


def test_large_files(tmp_path: Path) -> None:
    """A file beyond the cap is refused without being read to its end."""
    path = tmp_path / "large.png"
    with path.open("wb") as large:
        large.write(PNG)
        large.truncate(2**33)
    assert "image-too-large" == rejected(path)
    with path.open("rb") as large:
        assert "image-too-large" == rejected(large)


def test_files_that_cannot_be_read(tmp_path: Path) -> None:
    """A missing file, a folder, an impossible name and a closed file say so, and only the file's own name is told."""
    closed = BytesIO(PNG)
    closed.close()
    for path in (tmp_path / "missing.png", tmp_path, str(tmp_path / "missing.png"), "null\x00character", closed):
        assert "file-unreadable" == rejected(path)
    with pytest.raises(RejectedInputError) as caught:
        qr.read(tmp_path / "missing.png")
    assert "missing.png" in str(caught.value)
    assert str(tmp_path) not in str(caught.value)


@pytest.mark.parametrize("image", [None, 12, [1, 2], object(), {}, StringIO("text")])
def test_wrong_types(image: object) -> None:
    """What cannot be a picture is the caller's mistake."""
    with pytest.raises(TypeError):
        qr.read(image)  # type: ignore[arg-type]  # the wrong type is the test


@pytest.mark.parametrize(
    "array",
    [np.zeros((9, 9), bool), np.zeros((9, 9), np.int8), np.zeros((9, 9), np.uint16), np.zeros((9, 9), np.float32)],
)
def test_arrays_of_other_types(array: np.ndarray) -> None:
    """Only unsigned bytes are pixels: what the others mean is for the caller to say."""
    with pytest.raises(TypeError, match="unsigned bytes"):
        qr.read(array)


@pytest.mark.parametrize("shape", [(9,), (9, 9, 2), (9, 9, 5), (1, 9, 9, 3)])
def test_arrays_of_other_shapes(shape: tuple[int, ...]) -> None:
    """Rows by columns, or three or four channels: nothing else is a picture."""
    with pytest.raises(ValueError, match="rows by columns"):
        qr.read(np.zeros(shape, np.uint8))


def test_arrays_that_lie() -> None:
    """An interface that promises more or fewer bytes than there are is refused before a decoder sees it."""
    for size in (0, 5, 200):
        with pytest.raises(ValueError, match="bytes"):
            qr.read(Array(bytes(size), (9, 9)))
    pointer = Array(b"", (9, 9))
    pointer.__array_interface__["data"] = (0, True)
    with pytest.raises(TypeError, match="buffer"):
        qr.read(pointer)


# The decoders.


def decoder_called(name: str) -> qr.Decoder:
    """One of the decoders."""
    return next(decoder for decoder in qr.decoders() if decoder.name == name)


def test_decoders_are_named_in_order() -> None:
    """Both decoders are told, zxing-cpp first, and the one these tests need is here."""
    assert ["zxing-cpp", "pyzbar"] == [decoder.name for decoder in qr.decoders()][:2]
    first, second = decoder_called("zxing-cpp"), decoder_called("pyzbar")
    assert first.available
    assert first.version
    assert not first.note
    assert bool(second.note) != second.available


def test_without_libzbar(machine: Callable[..., None]) -> None:
    """Where the system's zbar library is missing, pyzbar is left out and the note says what to install."""
    machine(libzbar=False)
    zbar = decoder_called("pyzbar")
    assert not zbar.available
    assert zbar.version
    assert "libzbar0" in zbar.note
    assert [TEXT] == read_text(PNG)
    assert [] == qr.read(Image.new("L", (50, 50), 255))


def test_without_pyzbar(machine: Callable[..., None]) -> None:
    """Where pyzbar is missing, zxing-cpp does the work."""
    machine("pyzbar", "pyzbar.pyzbar")
    assert not decoder_called("pyzbar").available
    assert [TEXT] == read_text(PNG)


def test_without_any_decoder(machine: Callable[..., None]) -> None:
    """Where neither is here, that is said, and no picture is called empty."""
    machine("zxingcpp", libzbar=False)
    assert not any(decoder.available for decoder in qr.decoders())
    assert all("certcore[scan]" in decoder.note or "libzbar0" in decoder.note for decoder in qr.decoders())
    assert "no-decoder" == rejected(PNG)
    assert "no-decoder" == rejected(Image.new("L", (50, 50), 255))


def test_without_pillow(machine: Callable[..., None]) -> None:
    """Without Pillow a file is refused for that reason, and a grey array is read all the same."""
    grey = np.asarray(picture()).copy()
    machine("PIL.Image", "PIL.PngImagePlugin", "PIL.BmpImagePlugin")
    assert "no-decoder" == rejected(PNG)
    assert [TEXT] == read_text(grey)


@pytest.mark.zbar
@pytest.mark.usefixtures("libzbar")
def test_pyzbar_alone(machine: Callable[..., None]) -> None:
    """Without zxing-cpp, pyzbar reads certificates, several of them too, and says that it did."""
    machine("zxingcpp")
    (symbol,) = qr.read(PNG)
    assert (TEXT, TEXT.encode(), "text", "pyzbar", 1) == (
        symbol.text,
        symbol.data,
        symbol.kind,
        symbol.decoder,
        symbol.page,
    )
    assert 4 == len(symbol.corners)
    for x, y in symbol.corners:
        assert min(abs(x - 16), abs(x - SIDE + 16)) <= 4
        assert min(abs(y - 16), abs(y - SIDE + 16)) <= 4
    page = page_of(("D", 20, 500), ("SAME", 320, 40), ("SAME", 10, 60))
    assert ["SAME", "SAME", "D"] == read_text(page)
    assert [TEXT] == read_text(np.asarray(picture()))


@pytest.mark.zbar
@pytest.mark.usefixtures("libzbar")
def test_pyzbar_makes_no_mojibake(machine: Callable[..., None]) -> None:
    """From pyzbar, which recodes by guess, only plain ASCII counts as text."""
    machine("zxingcpp")
    codes = [
        segno.make_qr("café", mode="byte"),
        segno.make_qr("闽C12345", encoding="utf-8"),
        segno.make_qr("点茗", mode="kanji"),
    ]
    codes += [
        segno.make_qr(bytes(range(128, 200))),
        segno.make_qr(b"\xd2\x84\x43\xa1\x01\x26\xa0\xff\xfe"),
        segno.make_qr(b"A\x01B"),
    ]
    for code in codes:
        for symbol in qr.read(segno_png(code)):
            assert ("binary", "") == (symbol.kind, symbol.text)
    assert ["a\r\n\tb"] == read_text(segno_png(segno.make_qr("a\r\n\tb")))


@pytest.mark.zbar
@pytest.mark.usefixtures("libzbar")
def test_pyzbar_on_odd_pictures(machine: Callable[..., None]) -> None:
    """Pictures of one pixel, one line or one shade do pyzbar no harm."""
    machine("zxingcpp")
    for size in ((1, 1), (2, 2), (5000, 1), (1, 5000), (300, 200)):
        for shade in (0, 255):
            assert [] == qr.read(Image.new("L", size, shade))
    assert [] == qr.read(segno_png(segno.make_micro("123")))


# What is loaded, and when.


def modules_after(code: str) -> set[str]:
    """The names of the modules that a new process has after running some code."""
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", f"{code}\nimport sys\nprint(*sys.modules)"],
        capture_output=True,
        check=True,
        text=True,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
    )
    return set(done.stdout.split())


def test_importing_loads_no_picture_library() -> None:
    """`certcore.qr` can be imported where no extra is installed, and costs next to nothing."""
    loaded = modules_after("import certcore.qr")
    assert set() == loaded & {"segno", "PIL", "zxingcpp", "pyzbar", "numpy", "certcore.qr._write"}


def test_reading_loads_neither_segno_nor_numpy(tmp_path: Path) -> None:
    """Reading a file loads what it needs: no NumPy, no segno, and none of Pillow's plug-ins off the list."""
    path = tmp_path / "code.webp"
    path.write_bytes(file(picture(), "WEBP"))
    loaded = modules_after(f"from certcore import qr\nassert len(qr.read({str(path)!r})) == 1")
    assert {"PIL.WebPImagePlugin", "zxingcpp"} <= loaded
    assert set() == loaded & {"numpy", "segno", "pyzbar", "PIL.EpsImagePlugin", "PIL.PdfImagePlugin"}


def test_drawing_loads_no_reader() -> None:
    """Drawing loads segno alone."""
    loaded = modules_after("from certcore.qr import to_png\nto_png('VIC1:A')")
    assert "segno" in loaded
    assert set() == loaded & {"PIL", "zxingcpp", "pyzbar", "numpy"}


@pytest.mark.parametrize(
    "code",
    [
        "import certcore.qr._read\nimport certcore.qr",
        "import certcore.qr\nimport certcore.qr._read",
        "from certcore.qr._read import Symbol\nimport certcore.qr",
        "import certcore.qr\ncertcore.qr.size\nimport certcore.qr._write, certcore.qr._read",
    ],
)
def test_read_is_the_function_whoever_imports_the_module(code: str) -> None:
    """`certcore.qr.read` is the function whatever was imported before."""
    modules_after(
        f"{code}\nassert certcore.qr.read.__name__ == 'read', certcore.qr.read\nassert callable(certcore.qr.read)"
    )


def test_public_names() -> None:
    """Every name that the package lists is there, and a name that is not says so."""
    for name in qr.__all__:
        assert getattr(qr, name) is not None
    assert sorted(qr.__all__) == dir(qr)
    with pytest.raises(AttributeError, match="to_pgn"):
        qr.to_pgn  # type: ignore[attr-defined]  # noqa: B018  # the wrong name is the test
