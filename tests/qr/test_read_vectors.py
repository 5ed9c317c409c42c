"""`certcore.qr.read` on other people's pictures: how many are read, none of them wrongly, and nothing crashes.

The floors hold where libzbar is missing, too; raise them when the figures rise.
"""

from __future__ import annotations

import hashlib
import json
import warnings
from typing import TYPE_CHECKING, Any

import pytest

from certcore import qr
from certcore.errors import RejectedInputError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

pytestmark = pytest.mark.vectors

# Pictures in each corpus; of these, read without pyzbar; read with it. Measured with zxing-cpp 3.1.1
# and zbar 0.23.92.
CORPORA = {
    "zxing-cpp": (137, 136, 137),
    "zxing-cpp-negative": (46, 0, 0),
    "boofcv-v3-decoding": (26, 26, 26),
    "rqrr": (15, 11, 12),
    "zbar-examples": (13, 3, 3),
    "pyzbar": (5, 2, 2),
}

# Pictures whose symbol ends its lines with CR LF, the last one too: their text files have LF, and none at the end.
LINE_ENDS = {
    "decoding/v2Event.png",
    "decoding/v2VCard-BasicWikipedia.png",
    "decoding/v2VCard-Encoding.png",
    "decoding/v2VCard-Title.png",
    "decoding/v2VCard-Type.png",
    "decoding/v3VCard-BasicWikipedia.png",
    "decoding/v3VCard-Encoding.png",
    "decoding/v3VCard-Title.png",
    "decoding/v3VCard-Type.png",
}

# Pictures whose symbol mixes text with control characters, which certcore reports as bytes without text.
NO_TEXT = {"qrcode-2/33.png": b"\x01\x10AD:SUB:\xb0\xa2;;"}


def each_read(vectors: Path, corpus: str) -> Iterator[tuple[dict[str, Any], list[qr.Symbol]]]:
    """Every picture of a corpus with what was read in it; a rejected one has none, any other error is a failure."""
    folder = vectors / "qr-images" / corpus
    for entry in json.loads((folder / "manifest.json").read_text("utf-8")):
        data = (folder / entry["file"]).read_bytes()
        assert entry["sha256"] == hashlib.sha256(data).hexdigest(), entry["file"]
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # Pillow's, about the metadata of some photographs
            try:
                symbols = qr.read(data)
            except RejectedInputError:
                symbols = []
        yield entry, symbols


def stated_texts(entry: dict[str, Any]) -> list[str]:
    """The texts that the manifest states for the QR symbols of a picture, if it does."""
    if entry.get("not_qr"):
        return []
    return list(entry.get("expected_texts", [entry["expected_text"]] if "expected_text" in entry else []))


@pytest.mark.parametrize("corpus", CORPORA)
def test_pictures_read(vectors: Path, corpus: str) -> None:
    """As many pictures are read as when this was written, with the decoders that are here."""
    pictures, alone, both = CORPORA[corpus]
    read = [bool(symbols) for _, symbols in each_read(vectors, corpus)]
    assert pictures == len(read)
    assert sum(read) >= (both if qr.decoders()[1].available else alone)


@pytest.mark.parametrize("corpus", CORPORA)
def test_pictures_read_by_zxing_cpp_alone(vectors: Path, corpus: str, machine: Callable[..., None]) -> None:
    """Without pyzbar, as many are read as when this was written, and zxing-cpp decodes each."""
    machine("pyzbar", "pyzbar.pyzbar")
    _, alone, _ = CORPORA[corpus]
    found = [symbols for _, symbols in each_read(vectors, corpus)]
    assert sum(bool(symbols) for symbols in found) >= alone
    assert {"zxing-cpp"} >= {symbol.decoder.partition("+")[0] for symbols in found for symbol in symbols}


@pytest.mark.parametrize("corpus", CORPORA)
def test_texts_are_those_stated(vectors: Path, corpus: str) -> None:
    """What was read is what the picture's makers say it says, each exception apart."""
    for entry, symbols in each_read(vectors, corpus):
        stated, texts = stated_texts(entry), [symbol.text for symbol in symbols]
        if not stated or not symbols:
            continue
        if entry["file"] in NO_TEXT:
            assert [("binary", "", NO_TEXT[entry["file"]])] == [(s.kind, s.text, s.data) for s in symbols]
        elif entry["file"] in LINE_ENDS:
            assert [stated[0].replace("\n", "\r\n") + "\r\n"] == texts
        elif len(stated) > 1:
            assert sorted(stated) == sorted(texts), entry["file"]
        else:
            assert stated[0] in texts, entry["file"]


@pytest.mark.parametrize("corpus", CORPORA)
def test_nothing_is_read_where_nothing_is(vectors: Path, corpus: str) -> None:
    """No picture without a QR symbol gives one: not the 46 made to mislead, and not a bar code."""
    for entry, symbols in each_read(vectors, corpus):
        if entry.get("expected_none") or entry.get("not_qr"):
            assert [] == symbols, entry["file"]


def test_symbol_in_a_symbol(vectors: Path) -> None:
    """Of one QR code inside another both are reported, the outer first."""
    outer, inner = qr.read(vectors / "qr-images" / "zxing-cpp" / "qrcode-2" / "16.webp")
    assert "[外側QRコード]" in outer.text
    assert "[内側QRコード]" in inner.text


def test_binary_symbol(vectors: Path) -> None:
    """A PNG file inside a symbol comes back byte for byte."""
    (symbol,) = qr.read(vectors / "qr-images" / "zbar-examples" / "qr-code-binary.png")
    assert ("binary", "", b"\x89PNG\r\n\x1a\n") == (symbol.kind, symbol.text, symbol.data[:8])
