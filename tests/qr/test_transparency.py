"""Transparent pictures are seen on white and, where that shows nothing, on black; whatever holds the transparency."""

from __future__ import annotations

import io
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from PIL import Image

from certcore import qr

TEXT = "VIC1:TRANSPARENT"


def modules(scale: int = 4) -> Image.Image:
    """A symbol, black on white."""
    return Image.open(io.BytesIO(qr.to_png(TEXT, scale=scale))).convert("L")


def drawn(shade: int, behind: int, mode: str = "RGBA") -> Image.Image:
    """Modules, or what lies between them, in one shade on a transparent ground of another."""
    light = modules()
    alpha = light if shade > behind else light.point(lambda level: 255 - level)
    grey = light.point(lambda level: max(shade, behind) if level else min(shade, behind))
    return Image.merge("LA", (grey, alpha)) if mode == "LA" else Image.merge("RGBA", (grey, grey, grey, alpha))


def as_file(kind: str) -> Callable[[Image.Image], bytes]:
    """How to save a picture."""

    def save(picture: Image.Image) -> bytes:
        written = io.BytesIO()
        picture.save(written, kind, **({"lossless": True} if kind == "WEBP" else {}))
        return written.getvalue()

    return save


HOLDERS: dict[str, Callable[[Image.Image], Any]] = {
    "png": as_file("PNG"),
    "webp": as_file("WEBP"),
    "tiff": as_file("TIFF"),
    "pillow": lambda picture: picture,
    "array": lambda picture: np.asarray(picture.convert("RGBA")),
}


@pytest.mark.parametrize("isolate", [False, True])
@pytest.mark.parametrize("holder", HOLDERS)
@pytest.mark.parametrize(("shade", "behind"), [(255, 0), (255, 255), (240, 0), (200, 255), (0, 0), (0, 255), (40, 255)])
def test_a_symbol_in_one_shade_is_read(shade: int, behind: int, holder: str, *, isolate: bool) -> None:
    """White on transparent black, black on transparent white, and what lies between."""
    (symbol,) = qr.read(HOLDERS[holder](drawn(shade, behind)), isolate=isolate)
    assert symbol.text == TEXT


@pytest.mark.parametrize("mode", ["LA", "RGBA"])
def test_both_kinds_of_alpha(mode: str) -> None:
    """A grey picture with transparency is one, too."""
    assert [symbol.text for symbol in qr.read(as_file("PNG")(drawn(255, 0, mode)))] == [TEXT]


def test_soft_edges_and_a_light_logo_do_not_hide_it() -> None:
    """What shows more than one shade on white and is not read there is looked at on black as well."""
    picture = drawn(255, 0).resize((300, 300), Image.Resampling.BICUBIC)
    picture.putpixel((1, 1), (250, 250, 250, 255))
    assert [symbol.text for symbol in qr.read(as_file("PNG")(picture))] == [TEXT]


def test_a_transparent_colour_of_a_palette() -> None:
    """A palette's transparent entry is seen through, like any."""
    picture = Image.new("P", modules().size)
    picture.putpalette([0, 0, 0, 255, 255, 255])
    picture.putdata([int(level > 0) for level in modules().tobytes()])
    written = io.BytesIO()
    picture.save(written, "PNG", transparency=0)
    assert [symbol.text for symbol in qr.read(written.getvalue())] == [TEXT]


@pytest.mark.parametrize("shade", [0, 255])
def test_nothing_is_nothing_on_any_ground(shade: int) -> None:
    """A picture that is transparent throughout holds no symbol."""
    assert qr.read(as_file("PNG")(Image.new("RGBA", (200, 200), (shade, shade, shade, 0)))) == []
