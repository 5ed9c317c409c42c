"""Give the symbols in a camera's frames, each once while it is in view.

Frames are read one by one by `certcore.qr.read`; here is only what has been seen before. No frame is kept.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any, Final

import attrs

from certcore.errors import RejectedInputError
from certcore.qr._picture import ArrayLike, Channels, load
from certcore.qr._read import Symbol, read

if TYPE_CHECKING:
    from certcore.qr._effort import Effort

FORGET_AFTER: Final = 30
"""Frames without a symbol after which it counts as new: a second or two of a camera."""


def watch(
    frames: Iterable[ArrayLike | None],
    /,
    *,
    effort: Effort | None = None,
    channels: Channels = "RGB",
    forget_after: int = FORGET_AFTER,
) -> Iterator[Symbol]:
    """The symbols that come into view in a camera's frames, as they come.

    A symbol that stays in view, or that is missed in some frames between, is told once; it is told again when no frame
    has shown it for ``forget_after`` frames. Which it is, is what it says: the same text on two certificates is one.
    A symbol's `page` is the number of its frame, counted from 1.

    The next frame is asked for when the caller has dealt with the symbols of the last, and none is held meanwhile.
    ``None``, as cameras give for a frame that failed, and a frame that cannot be read are passed over: one bad frame
    ends no terminal's day. What would be wrong with every frame is raised.

    Args:
        frames: arrays of unsigned bytes, as `read` takes them: grey, or with 3 or 4 channels.
        effort: as in `read`.
        channels: ``"BGR"`` for OpenCV's cameras.
        forget_after: how long a symbol is remembered, in frames. There is no clock in a frame.

    Raises:
        RejectedInputError: ``no-decoder``.
        TypeError, ValueError: as `read`, for a frame that is no array of bytes; other channels; or ``forget_after``
            below 1.
    """
    if forget_after < 1:
        raise ValueError("forget_after must be at least 1")
    if channels not in {"RGB", "BGR"}:
        raise ValueError("channels must be RGB or BGR")
    options: dict[str, Any] = {} if effort is None else {"effort": effort}
    return _fresh(iter(frames), options, channels, forget_after)


def _fresh(
    frames: Iterator[ArrayLike | None], options: dict[str, Any], channels: Channels, forget_after: int
) -> Iterator[Symbol]:
    last_seen: dict[bytes, int] = {}
    number = 0
    while True:
        try:
            frame = next(frames)
        except StopIteration:
            return
        number += 1
        found = [] if frame is None else _symbols(frame, options, channels)
        del frame  # the caller may take long over a symbol
        last_seen = {data: at for data, at in last_seen.items() if number - at <= forget_after}
        for symbol in found:
            is_new = symbol.data not in last_seen
            last_seen[symbol.data] = number
            if is_new:
                yield attrs.evolve(symbol, page=number)


def _symbols(frame: ArrayLike, options: dict[str, Any], channels: Channels) -> list[Symbol]:
    try:
        return read(load(frame, channels=channels), **options)
    except RejectedInputError as error:
        if error.code == "no-decoder":
            raise
        return []
