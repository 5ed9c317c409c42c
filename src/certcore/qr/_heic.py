"""The photograph in a HEIC file as pixels: a program that `certcore.qr._sandbox` starts, fed by standard input.

The only importer of pillow-heif, and of nothing else outside the standard library. Nothing is registered with Pillow,
here or elsewhere: installing the ``heic`` extra changes what certcore reads, and nothing for other users of Pillow.
"""

from __future__ import annotations

import sys
from typing import BinaryIO

import pillow_heif
from pillow_heif import options


def main(arguments: list[str], file: BinaryIO, answers: BinaryIO) -> None:
    """Answer for the file on standard input; the only argument is the most pixels there may be."""
    options.THUMBNAILS = options.DEPTH_IMAGES = options.AUX_IMAGES = False
    try:
        answers.writelines(_answers(file.read(), int(*arguments)))
    except Exception:  # noqa: BLE001  # libheif's errors come as any kind, and every one is about the file
        answers.write(b"refuse image-unreadable\n")
    answers.flush()


def _answers(data: bytes, most: int) -> list[bytes]:
    """The primary image, decoded and turned upright as its transformations say; its EXIF orientation repeats them."""
    found = pillow_heif.open_heif(data)
    image = found[found.primary_index]
    width, height = image.size
    if width * height > most:
        return [b"refuse image-too-large\n"]
    picture = image.to_pillow()
    if picture.mode == "RGB":
        picture = picture.convert("L")
    elif picture.mode == "RGBa":
        picture = picture.convert("RGBA")
    size = {"L": 1, "I;16": 2, "RGBA": 4}[picture.mode]
    words = (
        f"page {picture.mode} {picture.mode} 1 {picture.width} {picture.height} {picture.width * size} 1 0 0 0 1 0\n"
    )
    return [words.encode("ascii"), picture.tobytes(), b"end\n"]


if __name__ == "__main__":
    main(sys.argv[1:], sys.stdin.buffer, sys.stdout.buffer)
