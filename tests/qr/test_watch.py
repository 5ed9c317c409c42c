"""`certcore.qr.watch`: each symbol is told once while it is in view, no frame is kept, and none ends the loop."""

from __future__ import annotations

import weakref
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest

from certcore import qr
from certcore.errors import RejectedInputError
from tests.qr_files import symbol

EMPTY = np.full((60, 60), 255, np.uint8)


def frame(text: str) -> Any:  # noqa: ANN401  # an array, in whichever of NumPy's many types
    """A grey frame with a symbol."""
    return np.asarray(symbol(text)).copy()


def told(*frames: Any, **options: Any) -> list[tuple[str, int]]:  # noqa: ANN401  # whatever the test passes
    """What is told, and at which frame."""
    return [(found.text, found.page) for found in qr.watch(iter(frames), **options)]


def test_told_once_while_in_view() -> None:
    """A symbol that stays in view, or flickers, is told when it comes, and the next when that one does."""
    one, two = frame("VIC1:ONE"), frame("VIC1:TWO")
    assert [("VIC1:ONE", 2), ("VIC1:TWO", 6)] == told(EMPTY, one, one, EMPTY, one, two, one, two)


def test_told_again_after_it_was_away() -> None:
    """A symbol counts as new when no frame has shown it for as many frames as were said, and not one earlier."""
    one = frame("VIC1:ONE")
    assert [("VIC1:ONE", 1)] == told(one, EMPTY, EMPTY, one, EMPTY, EMPTY, one, forget_after=3)
    assert [("VIC1:ONE", 1), ("VIC1:ONE", 5)] == told(one, EMPTY, EMPTY, EMPTY, one, forget_after=3)


def test_several_in_one_frame() -> None:
    """Several symbols are told in reading order, one that is there twice once."""
    shown = np.concatenate([frame("VIC1:ONE"), frame("VIC1:TWO"), frame("VIC1:ONE")], axis=1)
    assert [("VIC1:ONE", 1), ("VIC1:TWO", 1)] == told(shown, shown)


def test_colours() -> None:
    """Frames with three channels are read, OpenCV's order among them."""
    colour = np.stack([frame("VIC1:ONE")] * 3, axis=2)
    assert [("VIC1:ONE", 1)] == told(colour)
    assert [("VIC1:ONE", 1)] == told(colour, channels="BGR")


def test_bad_frames_are_passed_over() -> None:
    """A frame that is missing, empty, too large or of noise ends nothing."""
    huge = np.broadcast_to(np.zeros(1, np.uint8), (10_000, 10_000))
    noise = np.random.default_rng(1).integers(0, 256, (200, 200), np.uint8)
    assert [("VIC1:ONE", 5)] == told(None, np.zeros((0, 9), np.uint8), huge, noise, frame("VIC1:ONE"))


def test_what_is_wrong_with_every_frame_is_raised(machine: Callable[..., None]) -> None:
    """A loop that could never find anything says so: floats for bytes, or no decoder."""
    with pytest.raises(TypeError, match="unsigned bytes"):
        told(np.zeros((9, 9), np.float32))
    with pytest.raises(ValueError, match="rows by columns"):
        told(np.zeros((9, 9, 2), np.uint8))
    machine("zxingcpp", libzbar=False)
    with pytest.raises(RejectedInputError) as caught:
        told(EMPTY)
    assert "no-decoder" == caught.value.code


@pytest.mark.parametrize("options", [{"forget_after": 0}, {"channels": "GBR"}])
def test_wrong_arguments_are_raised_at_once(options: dict[str, Any]) -> None:
    """The caller's mistakes are told before the first frame is asked for."""
    with pytest.raises(ValueError, match="must be"):
        qr.watch([], **options)


def test_no_frame_is_kept() -> None:
    """While the caller deals with a symbol, and when the next frame is asked for, the frame before is gone."""
    alive: list[weakref.ref[Any]] = []

    class Frames:
        """Gives a frame and keeps nothing, as a camera does; a generator keeps what it yielded."""

        def __iter__(self) -> Iterator[Any]:
            return self

        def __next__(self) -> Any:  # noqa: ANN401  # as above
            if len(alive) == 2:
                raise StopIteration
            assert [] == [ref for ref in alive if ref() is not None]
            taken = frame("VIC1:ONE" if not alive else "VIC1:TWO")
            alive.append(weakref.ref(taken))
            return taken

    found = []
    for one in qr.watch(Frames()):
        assert [] == [ref for ref in alive if ref() is not None]
        found.append(one.text)
    assert ["VIC1:ONE", "VIC1:TWO"] == found


def test_frames_are_asked_for_one_by_one() -> None:
    """The next frame is taken when the symbols of the last are dealt with: a slow caller sees the present."""
    asked: list[int] = []

    def camera() -> Iterator[Any]:
        for number in (1, 2):
            asked.append(number)
            yield frame(f"VIC1:{number}")

    watched = qr.watch(camera())
    assert [] == asked
    assert "VIC1:1" == next(watched).text
    assert [1] == asked
