"""How far each effort goes, and that no step changes what is said of a picture."""

from __future__ import annotations

from datetime import timedelta
from io import BytesIO
from typing import TYPE_CHECKING

import numpy as np
import pytest
from PIL import Image

from benchmarks.damage import Shot, certificate_text
from certcore import qr
from certcore._image_texts import seen_in
from certcore.errors import RejectedInputError
from certcore.qr import Effort, _cascade, _decoders
from certcore.qr._deadline import NEVER, Deadline
from certcore.qr._picture import Grey

if TYPE_CHECKING:
    from collections.abc import Callable

HARD = Shot(("crumpled",), "M", 0)


def page_of(picture: Image.Image) -> Grey:
    """A picture's pixels."""
    return Grey(picture.tobytes(), *picture.size)


def with_two() -> Image.Image:
    """Two certificates side by side, one of which a first look does not read."""
    hard = HARD.picture()
    easy = Image.open(BytesIO(qr.to_png("VIC1:OTHER", scale=4))).convert("L")
    picture = Image.new("L", (hard.width + easy.width + 40, max(hard.height, easy.height)), 255)
    picture.paste(hard, (0, 0))
    picture.paste(easy, (hard.width + 40, 0))
    return picture


def test_efforts() -> None:
    """Fast is one look; normal goes on where that read nothing, and says what it took."""
    picture = HARD.picture()

    assert [] == qr.read(picture, effort=Effort.FAST)
    (symbol,) = qr.read(picture)
    assert certificate_text() == symbol.text
    assert "zxing-cpp+grid" == symbol.decoder


def test_an_easy_picture_takes_one_look() -> None:
    """What the first decoder reads is its answer, at every effort."""
    picture = Image.open(BytesIO(qr.to_png("VIC1:EASY", scale=4)))

    for effort in Effort:
        assert [("VIC1:EASY", "zxing-cpp")] == [(one.text, one.decoder) for one in qr.read(picture, effort=effort)]


def test_several_are_never_the_first_alone() -> None:
    """One that is easily read does not hide one that is not, at thorough effort."""
    texts = [symbol.text for symbol in qr.read(with_two(), effort=Effort.THOROUGH)]

    assert sorted([certificate_text(), "VIC1:OTHER"]) == sorted(texts)


def test_a_symbol_that_two_steps_read_is_one() -> None:
    """Steps may find the same symbol: it is reported once."""
    page = page_of(HARD.picture())
    found = _cascade.symbols(page, effort=Effort.THOROUGH, deadline=NEVER, steps=(*_cascade.STEPS, *_cascade.STEPS))

    assert [certificate_text()] == [symbol.text for symbol in found]


@pytest.mark.parametrize("step", _cascade.STEPS, ids=lambda step: step.name or "look")
def test_no_step_sees_what_is_not_there(step: _cascade.Step) -> None:
    """Noise, nothing, lines and a finder pattern alone are no symbol to any step."""
    rng = np.random.default_rng(1)
    noise = rng.integers(0, 256, (400, 600)).astype(np.uint8)
    lines = np.where((np.arange(600) // 3) % 2, 0, 255).astype(np.uint8)[None, :].repeat(400, axis=0)
    finder = np.full((400, 600), 255, dtype=np.uint8)
    finder[50:120, 50:120], finder[60:110, 60:110], finder[70:100, 70:100] = 0, 255, 0
    for pixels in (noise, lines, finder, np.zeros((400, 600), np.uint8), np.full((1, 5000), 128, np.uint8)):
        page = Grey(pixels.tobytes(), pixels.shape[1], pixels.shape[0])
        assert [] == _cascade.symbols(page, effort=Effort.THOROUGH, deadline=NEVER, steps=(step,))


def test_the_deadline_ends_between_steps() -> None:
    """The first look is always taken; behind it no step is begun once the time is over."""
    over = Deadline.after(0.0)
    easy = page_of(Image.open(BytesIO(qr.to_png("VIC1:EASY", scale=4))).convert("L"))

    assert ["VIC1:EASY"] == [symbol.text for symbol in _cascade.symbols(easy, effort=Effort.THOROUGH, deadline=over)]
    assert [] == _cascade.symbols(page_of(HARD.picture()), effort=Effort.THOROUGH, deadline=over)


def test_misuse() -> None:
    """An effort is an `Effort`, and a deadline is not below zero."""
    with pytest.raises(TypeError, match="Effort"):
        qr.read(HARD.picture(), effort="normal")  # type: ignore[arg-type]  # the mistake under test
    with pytest.raises(ValueError, match="deadline"):
        qr.read(HARD.picture(), deadline=timedelta(seconds=-1))


def test_a_deadline_that_is_over_is_told() -> None:
    """Where no page was begun in time, that is the answer, and not that nothing is there."""
    with pytest.raises(RejectedInputError) as caught:
        qr.read(qr.to_png("VIC1:EASY", scale=4), deadline=timedelta())

    assert "image-timeout" == caught.value.code


def test_many_small_symbols_are_all_wanted_or_not() -> None:
    """Normal effort may stop once some are read; where every one is wanted, it goes on, and so does verify_all."""
    page = page_of(with_two())

    def found(*, wants_every: bool) -> set[str]:
        read = _cascade.symbols(page, effort=Effort.NORMAL, deadline=NEVER, wants_every=wants_every)
        return {symbol.text for symbol in read}

    assert "VIC1:OTHER" in found(wants_every=False)
    assert {certificate_text(), "VIC1:OTHER"} == found(wants_every=True)


@pytest.mark.parametrize("isolate", [False, True])
def test_every_certificate_is_looked_for(*, isolate: bool) -> None:
    """In this process and in another: `verify_all` finds the second where one was easily read."""
    for wants_every in (True, False):
        seen = seen_in(with_two(), None, None, isolate=isolate, wants_every=wants_every)
        assert "VIC1:OTHER" in seen.texts
        assert (certificate_text() in seen.texts) or not wants_every


def test_an_under_exposed_picture_is_read() -> None:
    """Fourteen shades of 255 are spread over all: a decoder reads what it does not see in the dark."""
    dark = Image.open(BytesIO(qr.to_png("VIC1:DARK", scale=4))).convert("L").point(lambda shade: 4 + shade * 14 // 255)
    page = Image.new("L", (500, 400), 20)
    page.paste(dark, (200, 150))
    step = next(step for step in _cascade.STEPS if step.name == "brightened")
    assert [] == qr.read(page, effort=Effort.FAST)
    for effort in (Effort.NORMAL, Effort.THOROUGH):
        (symbol,) = _cascade.symbols(page_of(page), effort=effort, deadline=NEVER, steps=(step,))
        assert ("VIC1:DARK", "zxing-cpp+brightened") == (symbol.text, symbol.decoder)


@pytest.mark.parametrize("module", [1.5, 30])
def test_the_smallest_and_the_largest_modules(module: float) -> None:
    """From full pixels on a large page to a symbol that fills it, turned as is worst for rows and columns."""
    text = "VIC1:" + "A1" * 30
    symbol = Image.open(BytesIO(qr.to_png(text, scale=8))).convert("L")
    side = round(symbol.width / 8 * module)
    turned = symbol.resize((side, side), Image.Resampling.LANCZOS).rotate(
        38, Image.Resampling.BICUBIC, expand=True, fillcolor=255
    )
    page = Image.new("L", (3000, 2600), 180)
    page.paste(turned, (300, 200))
    grids = tuple(step for step in _cascade.STEPS if step.name.endswith("grid"))

    for effort in (Effort.NORMAL, Effort.THOROUGH):
        picture = page_of(page)
        looks = _cascade.STEPS[:1] if effort is Effort.NORMAL else ()
        found = _cascade.symbols(picture, effort=effort, deadline=NEVER, steps=(*looks, *grids))
        assert [text] == [one.text for one in found]
        (one,) = found
        assert 300 < sum(x for x, _ in one.corners) / 4 < 300 + turned.width


@pytest.mark.usefixtures("libzbar")
def test_pyzbar_is_spare(machine: Callable[..., None]) -> None:
    """Beside zxing-cpp it is not asked; without it, it reads; and a symbol without content is none."""
    picture = Image.open(BytesIO(qr.to_png("VIC1:EASY", scale=4)))
    assert all(decoder.is_spare == (decoder.name == "pyzbar") for decoder in _decoders.DECODERS)
    machine("zxing-cpp", "zxingcpp")
    assert [("VIC1:EASY", "pyzbar")] == [(one.text, one.decoder) for one in qr.read(picture)]
