"""HEIC photographs: the primary image, as displayed, in a process of its own, and nothing registered with Pillow."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from typing import Any

import pytest
from PIL import Image

from certcore import qr
from certcore.errors import RejectedInputError
from certcore.qr import _picture as picture
from certcore.qr._deadline import Deadline
from certcore.qr._picture import Grey
from tests.qr_files import SYMBOL_PIXELS, TEXT, heic, symbol

pytest.importorskip("pillow_heif", reason="pillow-heif is not installed (certcore[heic])")


def pages(image: Any, **options: Any) -> list[Grey]:  # noqa: ANN401  # whatever the test passes
    """All pages."""
    return list(picture.pages(image, **options))


def seen(page: Grey) -> Image.Image:
    """The page as a picture."""
    return Image.frombytes("L", (page.width, page.height), bytes(page.pixels))


def texts(page: Grey) -> list[str]:
    """What the symbols on a page say."""
    return [found.text for found in qr.read(seen(page))]


def refused(data: bytes, **options: Any) -> str:  # noqa: ANN401  # as above
    """The code with which a file is refused."""
    with pytest.raises(RejectedInputError) as caught:
        pages(data, **options)
    return caught.value.code


@pytest.mark.parametrize("mode", ["L", "RGB", "RGBA", "LA"])
def test_photograph_is_read(mode: str) -> None:
    """A HEIC file is read, in grey and in colours."""
    (page,) = pages(heic(symbol(mode=mode)))
    assert (SYMBOL_PIXELS, SYMBOL_PIXELS, 1) == (page.width, page.height, page.page)
    assert [TEXT] == texts(page)
    assert (3, 7) == page.at(3, 7)


def test_deep_photograph() -> None:
    """Ten bits of grey are stretched as in other files."""
    deep = Image.new("I;16", (SYMBOL_PIXELS, SYMBOL_PIXELS))
    deep.putdata([value * 257 for value in symbol().tobytes()])
    (page,) = pages(heic(deep))
    assert [TEXT] == texts(page)


def test_transparency_is_seen_on_white() -> None:
    """Ink on nothing is read."""
    clear = Image.new("RGBA", (SYMBOL_PIXELS, SYMBOL_PIXELS), (0, 0, 0, 0))
    clear.paste((0, 0, 0, 255), mask=symbol().point(lambda value: 255 - value))
    (page,) = pages(heic(clear))
    assert [TEXT] == texts(page)


def test_primary_image_alone() -> None:
    """Of several images the primary one is the photograph; only page 1 can be asked for."""
    data = heic(symbol("VIC1:FIRST"), symbol("VIC1:SECOND"))
    assert [["VIC1:FIRST"]] == [texts(page) for page in pages(data)]
    assert [] == pages(qr.load(data, pages=range(2, 3)))


def test_transformation_is_applied_once() -> None:
    """A stored picture is turned as its transformation says, and not once more as its EXIF tag says, which repeats it.

    pillow-heif writes such a file by turning the pixels by a quarter, and then telling readers to turn them by another.
    """
    exif = Image.Exif()
    exif[0x0112] = 6
    sheet = Image.new("RGB", (600, 400), "white")
    sheet.paste(symbol(), (20, 10))
    sheet.info["exif"] = exif.tobytes()
    data = heic(sheet)
    assert b"irot" in data
    assert b"Exif" in data
    (page,) = pages(data)
    (found,) = qr.read(seen(page))
    assert (600, 400) == (page.width, page.height)
    assert 580 - SYMBOL_PIXELS < min(x for x, _ in found.corners) < max(x for x, _ in found.corners) < 580
    assert 390 - SYMBOL_PIXELS < min(y for _, y in found.corners) < max(y for _, y in found.corners) < 390


def test_tiles() -> None:
    """A photograph made of tiles, as telephones write it, is one picture."""
    (page,) = pages(heic(symbol(mode="RGB", side=400), tile_size=128))
    assert [TEXT] == texts(page)


@pytest.mark.parametrize("part", [0.01, 0.1, 0.5, 0.9, 0.999])
def test_truncated_files(part: float) -> None:
    """A file cut short is refused."""
    whole = heic(symbol(mode="RGB"))
    assert "image-unreadable" == refused(whole[: max(12, int(len(whole) * part))])


def test_too_many_pixels() -> None:
    """A file that declares too many pixels is refused before they are decoded, by certcore's limit or libheif's."""
    whole = heic(symbol(mode="RGB"))
    declared = SYMBOL_PIXELS.to_bytes(4, "big") * 2
    assert declared in whole
    assert "image-too-large" == refused(whole.replace(declared, (10_000).to_bytes(4, "big") * 2))
    assert "image-unreadable" == refused(whole.replace(declared, (2**31).to_bytes(4, "big") * 2))


def test_deadline() -> None:
    """No photograph is begun after the deadline."""
    assert "image-timeout" == refused(heic(symbol()), deadline=Deadline.after(0))


def test_without_pillow_heif(machine: Callable[..., None]) -> None:
    """Without the extra, HEIC files are refused for that reason, and the extra is named."""
    data = heic(symbol())
    machine("pillow_heif")
    with pytest.raises(RejectedInputError) as caught:
        pages(data)
    assert "no-heic-decoder" == caught.value.code
    assert "certcore[heic]" in str(caught.value)


def test_nothing_is_registered_with_pillow() -> None:
    """Reading a HEIC file loads no decoder into the process that asks, and teaches Pillow no new kind."""
    code = (
        "import sys\nfrom certcore.qr import _picture as picture\nfrom PIL import Image\n"
        "print(len(list(picture.pages(sys.stdin.buffer.read()))), 'pillow_heif' in sys.modules, 'HEIF' in Image.OPEN)"
    )
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", code],
        input=heic(symbol()),
        capture_output=True,
        check=True,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
    )
    assert b"1 False False" == done.stdout.strip()
