"""Every library answers alike: what stands in a symbol, unchanged, and how many it could not read."""

from __future__ import annotations

import threading
from io import BytesIO

import numpy as np
import pytest
from PIL import Image

from certcore import qr
from certcore.qr import _decoders
from certcore.qr._picture import Grey

TEXT = "VIC1:" + "ABC123" * 20


def page(text: str = TEXT, *, hidden: float = 0) -> Grey:
    """A symbol, with noise over the middle part of so much of its side."""
    pixels = np.array(Image.open(BytesIO(qr.to_png(text, scale=4))).convert("L"))
    reach = int(len(pixels) * hidden / 2)
    if reach:
        middle = slice(len(pixels) // 2 - reach, len(pixels) // 2 + reach)
        noise = np.random.default_rng(1).integers(0, 2, (2 * reach, 2 * reach)) * 255
        pixels[middle, middle] = noise
    return Grey(pixels.tobytes(), len(pixels), len(pixels))


def test_zxing() -> None:
    """zxing-cpp gives text, bytes and corners."""
    look = _decoders.decode_with_zxing(page())
    (symbol,) = look.symbols

    assert (TEXT, TEXT.encode(), "text", "zxing-cpp") == (symbol.text, symbol.data, symbol.kind, symbol.decoder)
    assert 0 == look.unread


def test_what_zxing_could_not_read_is_counted() -> None:
    """A symbol that is damaged beyond its error correction is no symbol read, and one unread."""
    look = _decoders.decode_with_zxing(page(hidden=0.6))

    assert ([], 1) == (look.symbols, look.unread)


def test_nothing() -> None:
    """An empty page has neither."""
    assert _decoders.DecodeResult([]) == _decoders.decode_with_zxing(Grey(bytes(100), 10, 10))


@pytest.mark.zbar
@pytest.mark.usefixtures("libzbar")
def test_zbar() -> None:
    """The same text and bytes come from pyzbar."""
    (symbol,) = _decoders.decode_with_zbar(page()).symbols

    assert (TEXT, TEXT.encode(), "text", "pyzbar") == (symbol.text, symbol.data, symbol.kind, symbol.decoder)


def test_threads() -> None:
    """Several threads read at once, each its own picture."""
    texts = [f"VIC1:THREAD{number}" for number in range(8)]
    read: dict[str, str] = {}

    def work(text: str) -> None:
        for _ in range(20):
            read[text] = _decoders.decode_with_zxing(page(text)).symbols[0].text

    threads = [threading.Thread(target=work, args=(text,)) for text in texts]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert {text: text for text in texts} == read


def test_a_decoder_is_one_row(monkeypatch: pytest.MonkeyPatch) -> None:
    """One more row is told, and asked where the first one reads nothing; its corners are those of the page."""
    asked: list[tuple[int, int]] = []

    def decode(picture: _decoders.Pixels, /) -> _decoders.DecodeResult:
        asked.append((picture.width, picture.height))
        corners = ((0.0, 0.0), (1.0, 0.0), (1.0, 1.0), (0.0, 1.0))
        return _decoders.DecodeResult([qr.Symbol(text="A", data=b"A", kind="text", corners=corners, decoder="third")])

    third = _decoders.PictureDecoder(
        name="third", module="json", decode=decode, decode_drawing=lambda _: None, advice=str, longest=50
    )
    monkeypatch.setattr(_decoders, "DECODERS", (_decoders.DECODERS[0], third))
    assert ["zxing-cpp", "third"] == [decoder.name for decoder in qr.decoders()]
    (symbol,) = qr.read(Image.new("L", (100, 100), 255))
    assert ("third", [(50, 50)]) == (symbol.decoder, asked)
    assert (2.0, 2.0) == symbol.corners[2]
