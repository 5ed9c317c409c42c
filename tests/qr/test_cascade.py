"""How far each effort goes, and that no step changes what is said of a picture."""

from __future__ import annotations

from datetime import timedelta
from io import BytesIO

import numpy as np
import pytest
from PIL import Image

from benchmarks.damage import Shot, certificate_text
from certcore import qr
from certcore.errors import RejectedInputError
from certcore.qr import Effort, _cascade
from certcore.qr._deadline import NEVER, Deadline
from certcore.qr._picture import Grey

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
