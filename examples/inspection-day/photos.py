"""What a telephone makes of a code: photos of paper on a table, and pictures that were sent on."""

from __future__ import annotations

import io
from functools import cache
from pathlib import Path

import numpy as np
import pypdfium2
from numpy.typing import NDArray
from PIL import Image, ImageFilter

from certcore import qr

TABLE = (1600, 1200)


def of_code(text: str, path: Path, *, turned: float = 6.0) -> Path:
    """A photo of a printed code."""
    return _photo(_image(qr.to_png(text, scale=9)), path, turned=turned)


def of_page(pdf: Path, path: Path, *, turned: float = -4.0) -> Path:
    """A photo of a printed page."""
    page = pypdfium2.PdfDocument(pdf)[0].render(scale=1.6).to_pil()
    page.thumbnail((1100, 1100))
    return _photo(page.convert("RGB"), path, turned=turned)


def sent_on(text: str, path: Path) -> Path:
    """A picture as a messenger passes it on: made smaller and compressed hard."""
    picture = _image(qr.to_png(text, scale=8))
    picture.resize((360, 360), Image.Resampling.BILINEAR).save(path, quality=35)
    return path


def spoilt(text: str, path: Path) -> Path:
    """A photo that nobody can read: out of focus."""
    of_code(text, path)
    with Image.open(path) as photo:
        photo.filter(ImageFilter.GaussianBlur(24)).save(path, quality=80)
    return path


def _photo(paper: Image.Image, path: Path, *, turned: float) -> Path:
    """The paper on a table, turned, lit from one side, with the noise of a camera."""
    table = Image.new("RGB", TABLE, (120, 92, 66))
    sheet = paper.convert("RGBA").rotate(turned, Image.Resampling.BICUBIC, expand=True)
    shadow = Image.new("RGBA", sheet.size, (30, 20, 12, 255))
    place = ((TABLE[0] - sheet.width) // 2, (TABLE[1] - sheet.height) // 2)
    table.paste(shadow, (place[0] + 12, place[1] + 14), sheet.getchannel("A").point(lambda alpha: alpha // 2))
    table.paste(sheet, place, sheet)
    pixels = np.asarray(table, dtype=np.float32)
    light = np.linspace(0.78, 1.08, TABLE[0], dtype=np.float32)[None, :, None]
    seen = Image.fromarray(np.clip(pixels * light + _noise(), 0, 255).astype(np.uint8))
    seen.filter(ImageFilter.GaussianBlur(0.8)).save(path, quality=82)
    return path


@cache
def _noise() -> NDArray[np.float32]:
    noise = np.random.default_rng(7).standard_normal((TABLE[1], TABLE[0], 1), dtype=np.float32)
    return noise * np.float32(6)


def _image(png: bytes) -> Image.Image:
    return Image.open(io.BytesIO(png)).convert("RGB")
