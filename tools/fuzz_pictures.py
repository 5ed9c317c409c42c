#!/usr/bin/env python3
"""Mutate picture files of every kind and read them: `PYTHONPATH=src python tools/fuzz_pictures.py MINUTES [SEED]`.

A case is a kind of file and a number; the same two make the same bytes for ever, and `--case KIND NUMBER FILE` writes
them. Cases run in workers with a memory limit, one for each core. Reported is whatever is not a list of symbols or a
certcore error: another exception, a worker that died, a case that took longer than STUCK_S. What is found belongs into
tests/qr/test_inputs_bad.py, made smaller, and the error behind it mended.
"""

from __future__ import annotations

import os
import random
import resource
import select
import struct
import subprocess
import sys
import time
import traceback
import warnings
import zlib
from collections import Counter
from collections.abc import Callable
from functools import cache
from io import BytesIO
from pathlib import Path
from typing import IO, Final

from PIL import Image

from certcore import qr
from certcore.errors import CertcoreError
from certcore.qr import _picture as picture

MEMORY: Final = 2 * 1024**3
STUCK_S: Final = 60
SLOW_S: Final = 10
TEXT: Final = "VIC1:6BF+70790T9WJWG.FKY*4GO0.O1CV2 O5 N2FBBRW1*70HS8WY04AC*WIFN0AHCD8KD97TK0F90"
EDGES: Final = (0, 1, 2, 0x7F, 0x80, 0xFF, 0x7FFF, 0x8000, 0xFFFF, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF)
WORDS: Final = (
    *(b"\xff\xd8", b"\xff\xda", b"\xff\xc2", b"\xff\xc4", b"\xff\xdd", b"\xff\xe1", b"IDAT", b"acTL", b"fdAT", b"tRNS"),
    *(b"PLTE", b"iCCP", b"eXIf", b"VP8X", b"ANMF", b"ALPH", b"\x21\xf9\x04", b"\x2c", b"stream", b"endobj", b" 0 R"),
    *(b"/Filter", b"/Length", b"/Kids", b"/Count", b"obj", b"<<", b">>", b"iloc", b"iref", b"ispe", b"grid", b"irot"),
)
"""What parsers look for."""


def symbol(side: int = 0, mode: str = "L") -> Image.Image:
    """The picture that every seed shows."""
    image = Image.open(BytesIO(qr.to_png(TEXT, scale=2))).convert("L")
    return (image.resize((side, side)) if side else image).convert(mode)


def saved(kind: str, *images: Image.Image, **options: object) -> bytes:
    """A file of one or several pictures."""
    out = BytesIO()
    first, *others = images
    several = {"save_all": True, "append_images": others} if others else {}
    first.save(out, kind, **several, **options)
    return out.getvalue()


@cache
def seeds(kind: str) -> tuple[bytes, ...]:
    """Whole files of a kind, of as many inner forms as can be made here."""
    exif = Image.Exif()
    exif[0x0112] = 6
    made: dict[str, Callable[[], list[bytes]]] = {
        "png": lambda: [
            *(saved("PNG", symbol(0, mode), exif=exif) for mode in ("1", "L", "LA", "P", "RGB", "RGBA", "I;16")),
            saved("PNG", symbol(), symbol(60).resize(symbol().size)),
            saved("PNG", symbol(0, "RGB"), transparency=(255, 255, 255)),
        ],
        "jpeg": lambda: [
            *(saved("JPEG", symbol(0, mode), exif=exif) for mode in ("L", "RGB", "CMYK")),
            *(saved("JPEG", symbol(0, "RGB"), progressive=True, subsampling=sampling) for sampling in (0, 2)),
            saved("JPEG", symbol(), restart_marker_blocks=2),
            saved("MPO", symbol(), symbol()),
        ],
        "webp": lambda: [
            saved("WEBP", symbol(0, "RGB"), exif=exif),
            saved("WEBP", symbol(0, "RGBA"), lossless=True),
            saved("WEBP", symbol(0, "RGB"), symbol(0, "RGB").rotate(90)),
        ],
        "tiff": lambda: [
            *(
                saved("TIFF", symbol(0, "RGB"), symbol(40, "RGB"), compression=compression)
                for compression in ("raw", "tiff_lzw", "tiff_adobe_deflate", "packbits", "jpeg", "lzma", "zstd")
            ),
            *(saved("TIFF", symbol(0, "1"), compression=how) for how in ("group3", "group4", "tiff_ccitt")),
            *(saved("TIFF", symbol(0, mode)) for mode in ("L", "LA", "P", "RGBA", "CMYK", "I;16", "I", "F", "YCbCr")),
            saved("TIFF", symbol(), big_tiff=True),
            saved("TIFF", symbol(), exif=exif),
        ],
        "gif": lambda: [
            saved("GIF", symbol()),
            saved("GIF", symbol(), symbol().rotate(90), symbol(30).resize(symbol().size), disposal=2, transparency=1),
        ],
        "bmp": lambda: [saved("BMP", symbol(0, mode)) for mode in ("1", "L", "P", "RGB", "RGBA")],
        "pdf": pdf_seeds,
        "heic": heic_seeds,
    }
    return tuple(made[kind]())


SHARES: Final = {"png": 1, "jpeg": 1, "webp": 1, "tiff": 1, "gif": 1, "bmp": 1, "pdf": 3, "heic": 3}
"""How the time is divided: the last two start a process for every case."""


def pdf_seeds() -> list[bytes]:
    """PDFs as two writers make them: scans in several filters, drawings, forms, a password."""
    from fpdf import FPDF  # noqa: PLC0415  # an extra, for this kind alone

    files = [saved("PDF", symbol(0, mode), symbol(50, mode)) for mode in ("1", "L", "RGB", "CMYK", "P", "LA")]
    for protected in (False, True):
        page = FPDF()
        if protected:
            page.set_encryption(owner_password="owner", user_password="")  # noqa: S106  # it protects nothing
        page.add_page()
        page.image(symbol(0, "RGBA"), x=20, y=30, w=50)
        page.image(BytesIO(qr.to_svg(TEXT).encode()), x=100, y=30, w=40)
        page.set_font("helvetica", size=9)
        page.text(20, 150, TEXT)
        files.append(bytes(page.output()))
    return files


def heic_seeds() -> list[bytes]:
    """HEIC files: plain, with alpha, grey, deep, several pictures, tiles."""
    import pillow_heif  # noqa: PLC0415  # as above

    def heic(*images: Image.Image, **options: object) -> bytes:
        out = BytesIO()
        file = pillow_heif.from_pillow(images[0])
        for image in images[1:]:
            file.add_from_pillow(image)
        file.save(out, quality=50, **options)
        return out.getvalue()

    return [
        *(heic(symbol(0, mode)) for mode in ("L", "RGB", "RGBA")),
        heic(symbol(0, "RGB"), symbol(40, "RGB")),
        heic(symbol(0, "RGB"), tile_size=64),
    ]


def mutated(kind: str, number: int) -> bytes:
    """The bytes of a case."""
    chance = random.Random(f"{kind} {number}")  # noqa: S311  # to be repeated, not to be kept secret
    data = bytearray(chance.choice(seeds(kind)))
    for _ in range(chance.choice((1, 1, 2, 3, 5, 12))):
        chance.choice((flip, flip, number_at, number_at, word, cut, double, splice, shorten))(chance, data, kind)
    return with_checksums(bytes(data)) if kind == "png" and chance.randrange(5) else bytes(data)


def flip(chance: random.Random, data: bytearray, _kind: str) -> None:
    """Change a byte, oftener near the start, where headers are."""
    if data:
        data[at(chance, data)] = chance.randrange(256)


def number_at(chance: random.Random, data: bytearray, _kind: str) -> None:
    """Write a number at the edge of what fits."""
    size = chance.choice((1, 2, 4))
    start = at(chance, data)
    value = chance.choice(EDGES) & (256**size - 1)
    data[start : start + size] = value.to_bytes(size, chance.choice(("big", "little")))


def word(chance: random.Random, data: bytearray, _kind: str) -> None:
    """Write something that parsers look for."""
    start, what = at(chance, data), chance.choice(WORDS)
    data[start : start + len(what) * chance.randrange(2)] = what


def cut(chance: random.Random, data: bytearray, _kind: str) -> None:
    """Take a piece out."""
    start = at(chance, data)
    del data[start : start + chance.choice((1, 2, 4, 16, 256))]


def double(chance: random.Random, data: bytearray, _kind: str) -> None:
    """Repeat a piece, many times now and then."""
    start = at(chance, data)
    piece = bytes(data[start : start + chance.choice((1, 4, 12, 64, 512))])
    data[start:start] = piece * chance.choice((1, 1, 2, 300))


def splice(chance: random.Random, data: bytearray, kind: str) -> None:
    """Go on as another seed does."""
    other = chance.choice(seeds(kind))
    data[at(chance, data) :] = other[chance.randrange(len(other)) :]


def shorten(chance: random.Random, data: bytearray, _kind: str) -> None:
    """Leave the end out."""
    del data[at(chance, data) + 1 :]


def at(chance: random.Random, data: bytearray) -> int:
    """A place in the file."""
    return chance.randrange(min(len(data), chance.choice((64, 512, len(data)))) or 1) if data else 0


def with_checksums(data: bytes) -> bytes:
    """A PNG whose chunks pass their check, so that what is in them is looked at."""
    out, position = bytearray(data[:8]), 8
    while position + 12 <= len(data):
        length = struct.unpack_from(">I", data, position)[0]
        body = data[position + 4 : position + 8 + length]
        out += data[position : position + 4] + body + struct.pack(">I", zlib.crc32(body))
        position += 12 + length
    return bytes(out + data[position:])


def work(kind: str, first: int, step: int) -> None:
    """Run cases until killed; a line before and behind each."""
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    warnings.simplefilter("ignore")
    number = first
    while True:
        data = mutated(kind, number)
        print("begin", number, flush=True)
        started = time.monotonic()
        try:
            for _ in picture.pages(data):
                pass
            result = f"{len(qr.read(data))}-symbols"
        except CertcoreError as error:
            result = error.code
        except BaseException:  # noqa: BLE001  # anything else is a find
            result = "FOUND-" + traceback.format_exc().strip().replace("\n", " | ").replace(" ", "_")
        print("end", number, round(time.monotonic() - started, 2), result, flush=True)
        number += step


def fuzz(minutes: float, seed: int) -> int:
    """Give every kind its share of the time, on all cores; returned is the number of finds."""
    finds = 0
    cores = os.cpu_count() or 1
    total: Counter[str] = Counter()
    for kind, share in SHARES.items():
        counts, slowest = Counter[str](), 0.0
        ends = time.monotonic() + minutes * 60 * share / sum(SHARES.values())
        following = [seed + core for core in range(cores)]
        workers = [start(kind, number, cores) for number in following]
        since = [time.monotonic()] * cores
        while time.monotonic() < ends:
            readable, _, _ = select.select(list(map(_answers, workers)), [], [], 1)
            for core, worker in enumerate(workers):
                died = False
                if _answers(worker) in readable:
                    line = _answers(worker).readline().decode().split()
                    since[core] = time.monotonic()
                    if line[:1] == ["end"]:
                        following[core] = int(line[1]) + cores
                        counts[line[3][:200]] += 1
                        slowest = max(slowest, float(line[2]))
                        if line[3].startswith("FOUND-") or float(line[2]) > SLOW_S:
                            finds += 1
                            print(f"{kind} {line[1]}: {line[2]} s, {line[3]}", flush=True)
                    died = not line
                stuck = time.monotonic() - since[core] > STUCK_S
                if died or stuck:
                    worker.kill()
                    finds += 1
                    print(f"{kind} {following[core]}: {'stuck' if stuck else f'died with {worker.wait()}'}", flush=True)
                    following[core] += cores
                    workers[core], since[core] = start(kind, following[core], cores), time.monotonic()
        for worker in workers:
            worker.kill()
            worker.wait()
        total += counts
        print(f"{kind}: {counts.total()} cases, slowest {slowest} s, {dict(counts.most_common(12))}", flush=True)
    print(f"{total.total()} cases from {seed} on, {minutes} minutes on {cores} cores, {finds} finds")
    return finds


def start(kind: str, first: int, step: int) -> subprocess.Popen[bytes]:
    """A worker, whose lines are read unbuffered: `select` must see each."""
    command = [sys.executable, __file__, "--work", kind, str(first), str(step)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, bufsize=0)  # noqa: S603  # this file


def _answers(worker: subprocess.Popen[bytes]) -> IO[bytes]:
    assert worker.stdout is not None, "it was started with a pipe"
    return worker.stdout


def main(arguments: list[str]) -> int:
    """Do what is asked."""
    match arguments:
        case ["--work", kind, first, step]:
            work(kind, int(first), int(step))
        case ["--case", kind, number, path]:
            Path(path).write_bytes(mutated(kind, int(number)))
        case [minutes]:
            return min(1, fuzz(float(minutes), 0))
        case [minutes, seed]:
            return min(1, fuzz(float(minutes), int(seed)))
        case _:
            print(__doc__)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
