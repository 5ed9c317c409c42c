"""Pictures to measure on: outside sets, where they are, and photographs made here."""

from __future__ import annotations

import io
import os
import random
from functools import lru_cache
from pathlib import Path
from typing import Any, Final

import attrs
import numpy as np
from PIL import Image

from benchmarks._results import ROOT
from certcore import qr

VECTORS: Final = Path(os.environ.get("CERTCORE_VECTORS", ROOT.parent / "shared" / "vectors")) / "qr-images"

SETS: Final = {
    "boofcv-v3-decoding": ("paulmillr/qr-code-vectors", "d3e342bfb43b64bfea80de73425556dad9816fd8", 26),
    "pyzbar": ("NaturalHistoryMuseum/pyzbar", "ff2892666fa7cd305f0a95f9808159809c6fc222", 5),
    "rqrr": ("WanzenBug/rqrr", "bc5f124f4f3e901f87af2ca5053449e2520c0bdd", 15),
    "zbar-examples": ("mchehab/zbar", "a549566ea11eb03622bd4458a1728ffe3f589163", 13),
    "zxing-cpp": ("zxing-cpp/zxing-cpp", "77dceca0687d46914b13f007447f5b354b078dd8", 137),
    "zxing-cpp-negative": ("zxing-cpp/zxing-cpp", "77dceca0687d46914b13f007447f5b354b078dd8", 46),
}
"""Outside sets: the GitHub repository, its commit, and how many pictures of it are used."""

SIZES: Final = {"0.05": (258, 194), "0.5": (816, 612), "2": (1632, 1224), "12": (4000, 3000)}
"""Megapixels, and width and height."""


@attrs.frozen(kw_only=True)
class Kind:
    """How a picture is handed over: as a file of a format, or as an array."""

    name: str
    ending: str = ""
    options: dict[str, Any] = attrs.field(factory=dict)


KINDS: Final = {
    one.name: one
    for one in (
        Kind(name="JPEG", ending="jpg", options={"quality": 85}),
        Kind(name="PNG", ending="png", options={"compress_level": 6}),
        Kind(name="WebP", ending="webp", options={"quality": 85}),
        Kind(name="PDF", ending="pdf"),
        Kind(name="HEIC", ending="heic", options={"quality": 85}),
        Kind(name="array"),
    )
}


def found() -> dict[str, Path]:
    """The outside sets that are here, by name."""
    return {name: path.parent for name in SETS if (path := VECTORS / name / "manifest.json").exists()}


def photograph(text: str, *, megapixels: str, share: float, seed: int) -> Image.Image:
    """A code turned by some degrees, as large as the share of the frame says, on an uneven noisy ground in colour."""
    width, height = SIZES[megapixels]
    rng = random.Random(seed)
    side = int((width * height * share) ** 0.5)
    code = (
        Image.open(io.BytesIO(qr.to_png(text, scale=8))).convert("RGB").resize((side, side), Image.Resampling.LANCZOS)
    )
    code = code.rotate(rng.uniform(-7, 7), expand=True, fillcolor="white", resample=Image.Resampling.BICUBIC)
    page = _ground(width, height, seed % 3).copy()
    place = (rng.randint(0, max(0, width - code.width)), rng.randint(0, max(0, height - code.height)))
    page.paste(code, place)
    return page


@lru_cache(maxsize=3)
def _ground(width: int, height: int, seed: int) -> Image.Image:
    chance = np.random.default_rng(seed)
    coarse = Image.fromarray(chance.integers(60, 220, (30, 40, 3), np.uint8))
    noise = np.tile(chance.normal(0, 6, (512, 512, 1)).astype(np.int16), (height // 512 + 1, width // 512 + 1, 1))
    scene = np.asarray(coarse.resize((width, height), Image.Resampling.BICUBIC), np.int16) + noise[:height, :width]
    return Image.fromarray(np.clip(scene, 0, 255).astype(np.uint8))


def empty_page(reduced: int = 1) -> Image.Image:
    """Twelve megapixels of writing and photographs without any code, or so many times fewer across and down."""
    rng = np.random.default_rng(5)
    page = np.full((3000, 4000), 240, dtype=np.uint8)
    for _ in range(4000):
        x, y = rng.integers(0, 3900), rng.integers(0, 2950)
        page[y : y + rng.integers(3, 40), x : x + rng.integers(3, 60)] = rng.integers(0, 120)
    photograph = rng.integers(0, 255, (60, 80)).astype(np.uint8)
    page[1500:2700, 200:1800] = np.asarray(Image.fromarray(photograph).resize((1600, 1200), Image.Resampling.BICUBIC))
    return Image.fromarray(page).reduce(reduced)


def handed_over(picture: Image.Image, kind: Kind, path: Path) -> Any:  # noqa: ANN401  a path or an array
    """The picture as a file at this path, or as a grey array.

    Raises:
        ImportError: what writes such files is not installed.
    """
    if kind.name == "array":
        return np.asarray(picture.convert("L"))
    if kind.name == "HEIC":
        import pillow_heif  # noqa: PLC0415  an extra

        pillow_heif.register_heif_opener()
    if kind.name == "PDF":
        picture.save(path, "PDF", resolution=150)
        return path
    picture.save(path, "HEIF" if kind.name == "HEIC" else kind.name, **kind.options)
    return path
