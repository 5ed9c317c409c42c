"""Picture files for tests, made as they are needed: every kind, whole, and built to do harm."""

from __future__ import annotations

import struct
import zlib
from io import BytesIO
from typing import Any, Final

from PIL import Image

from certcore import qr

TEXT: Final = (
    "VIC1:6BF+70790T9WJWG.FKY*4GO0.O1CV2 O5 N2FBBRW1*70HS8WY04AC*WIFN0AHCD8KD97TK0F90KECTHGWJC0FDC:5AIA%G7X+AQB9746HS8"
)

SYMBOL_PIXELS: Final = 180
"""The width of a symbol that `symbol` draws at its own scale, quiet zone and all."""


def symbol(text: str = TEXT, *, mode: str = "L", side: int = SYMBOL_PIXELS) -> Image.Image:
    """The picture of a symbol."""
    return Image.open(BytesIO(qr.to_png(text, scale=4))).convert("L").resize((side, side)).convert(mode)


def saved(kind: str, *images: Image.Image, **options: Any) -> bytes:  # noqa: ANN401  # Pillow's options are of any type
    """A picture file of one page or of several."""
    out = BytesIO()
    several = {"save_all": True, "append_images": list(images[1:])} if len(images) > 1 else {}
    images[0].save(out, kind, **several, **options)
    return out.getvalue()


def heic(*images: Image.Image, **options: Any) -> bytes:  # noqa: ANN401  # as above
    """A HEIC file, of which the first image is the primary one."""
    import pillow_heif  # an extra: the tests that need it say so

    file = pillow_heif.from_pillow(images[0])
    for image in images[1:]:
        file.add_from_pillow(image)
    out = BytesIO()
    file.save(out, quality=70, **options)
    return out.getvalue()


# PDF, object by object.


def stream(data: bytes, entries: bytes = b"") -> bytes:
    """A stream object."""
    return b"<<%s/Length %d>>stream\n%s\nendstream" % (entries, len(data), data)


def pdf(*objects: bytes) -> bytes:
    """A PDF of these objects, counted from 1; the first is the catalog."""
    out, starts = bytearray(b"%PDF-1.7\n"), []
    for number, body in enumerate(objects, start=1):
        starts.append(len(out))
        out += b"%d 0 obj\n%s\nendobj\n" % (number, body)
    table = b"".join(b"%010d 00000 n \n" % start for start in starts)
    head = b"xref\n0 %d\n0000000000 65535 f \n" % (len(objects) + 1)
    tail = b"trailer<</Size %d/Root 1 0 R>>\nstartxref\n%d\n%%%%EOF\n" % (len(objects) + 1, len(out))
    return bytes(out + head + table + tail)


def pdf_of(content: bytes, *resources: bytes, count: int = 1, page: bytes = b"/MediaBox[0 0 595 842]") -> bytes:
    """A PDF whose pages all show one content; /X5, /X6 and so on are the resources."""
    names = b"".join(b"/X%d %d 0 R" % (number, number) for number in range(5, 5 + len(resources)))
    kids = b"".join(b"%d 0 R " % number for number in ([3] * count))
    return pdf(
        b"<</Type/Catalog/Pages 2 0 R>>",
        b"<</Type/Pages/Kids[%s]/Count %d>>" % (kids, count),
        b"<</Type/Page/Parent 2 0 R%s/Contents 4 0 R/Resources<</XObject<<%s>>>>>>" % (page, names),
        content if content.startswith(b"<<") else stream(content),
        *resources,
    )


def pdf_image(image: Image.Image, entries: bytes = b"") -> bytes:
    """An image for a PDF: grey, colours or one bit a pixel."""
    colours = {"L": b"/DeviceGray", "1": b"/DeviceGray", "RGB": b"/DeviceRGB", "CMYK": b"/DeviceCMYK"}[image.mode]
    depth = 1 if image.mode == "1" else 8
    return stream(
        zlib.compress(image.tobytes()),
        b"/Type/XObject/Subtype/Image/Width %d/Height %d/BitsPerComponent %d/ColorSpace%s/Filter/FlateDecode%s"
        % (image.width, image.height, depth, colours, entries),
    )


def deflated(unit: bytes, times: int, layers: int = 1) -> bytes:
    """Bytes that become very many."""
    packer = zlib.compressobj(9)
    data = b"".join(packer.compress(unit) for _ in range(times)) + packer.flush()
    return data if layers == 1 else deflated(data, 1, layers - 1)


# Picture files that declare what they do not hold.


def png_of(width: int, height: int, *chunks: tuple[bytes, bytes]) -> bytes:
    """A PNG file whose header declares a size, whatever its pixels are; other chunks stand before them."""
    body = [(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)), *chunks]
    body += [(b"IDAT", zlib.compress(b"")), (b"IEND", b"")]
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data)) for name, data in body
    )


def bmp_of(width: int, height: int) -> bytes:
    """A BMP file whose header declares a size."""
    header = struct.pack("<IiiHHIIiiII", 40, width, height, 1, 24, 0, 0, 0, 0, 0, 0)
    return b"BM" + struct.pack("<IHHI", 54, 0, 0, 54) + header


def gif_of(width: int, height: int) -> bytes:
    """A GIF file whose header declares a size."""
    screen = b"GIF89a" + struct.pack("<HHBBB", width, height, 0, 0, 0)
    return screen + b"," + struct.pack("<HHHHB", 0, 0, 9, 9, 0) + b"\x02\x00;"


def webp_of(width: int, height: int) -> bytes:
    """A WebP file of two frames whose header declares a size."""
    data = bytearray(saved("WEBP", Image.new("RGB", (4, 4)), Image.new("RGB", (4, 4), "red")))
    at = data.index(b"VP8X") + 12
    data[at : at + 6] = (width - 1).to_bytes(3, "little") + (height - 1).to_bytes(3, "little")
    return bytes(data)


def tiff_of(tags: dict[int, tuple[int, int, int]], *, tail: bytes = b"", following: int = 0) -> bytes:
    """A TIFF file of one directory: each tag's type, count, and value or offset; then other bytes."""
    entries = b"".join(struct.pack("<HHII", tag, *entry) for tag, entry in sorted(tags.items()))
    return b"II*\x00\x08\x00\x00\x00" + struct.pack("<H", len(tags)) + entries + struct.pack("<I", following) + tail


def tiff_of_size(width: int, height: int, **others: tuple[int, int, int]) -> bytes:
    """A TIFF file that declares a size; ``t322=(4, 1, 9)`` is the tag 322 as a LONG of 9."""
    tags = {256: (4, 1, width), 257: (4, 1, height), 258: (3, 1, 8), 259: (3, 1, 1), 262: (3, 1, 1)}
    tags |= {273: (4, 1, 8), 277: (3, 1, 1), 278: (4, 1, height), 279: (4, 1, 64)}
    return tiff_of(tags | {int(name[1:]): entry for name, entry in others.items()}, tail=bytes(64))


def jpeg_of(width: int, height: int) -> bytes:
    """A JPEG file that declares a size and has the scan of a small one."""
    data = bytearray(saved("JPEG", Image.new("L", (16, 16), 200)))
    at = data.index(b"\xff\xc0") + 5
    data[at : at + 4] = struct.pack(">HH", height, width)
    return bytes(data)


def scans(times: int) -> bytes:
    """A progressive JPEG whose last scan is repeated."""
    data = saved("JPEG", symbol(mode="RGB"), progressive=True)
    at = data.rindex(b"\xff\xda")
    return data[:at] + data[at:-2] * times + b"\xff\xd9"
