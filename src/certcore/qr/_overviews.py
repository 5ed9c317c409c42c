"""The reduced copies that a TIFF may have of its own pages, for a first look.

They follow their page in the file, or hang below it as sub-images (tag 330), and say that they are reduced (tag 254,
TIFF 6.0, section 8, "NewSubfileType"). One that has another shape than its page is none, and a page of its own.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Final, Literal

from certcore.qr import _detail

if TYPE_CHECKING:
    from PIL.TiffImagePlugin import TiffImageFile

_KIND: Final = 254
_SUB_IMAGES: Final = 330
_REDUCED: Final = 1
_MOST: Final = 8
"""Copies of one page that are looked at: each is half as large as the one before."""

_BIG: Final = 43
"""The version of a TIFF with offsets of eight bytes."""

_SKEW: Final = 0.02
"""How much the sides of an overview may be off: they are whole pixels."""


def is_overview(picture: TiffImageFile, of: tuple[int, int]) -> bool:
    """Whether where the picture stands is no page, but a reduced copy of one of this size."""
    return _is_reduced(picture) and _scale(picture, of) is not None


def overview(picture: TiffImageFile, header: bytes, opened: Callable[[bytes], TiffImageFile]) -> TiffImageFile | None:
    """A reduced copy of the page at which the picture stands that shows what a first look needs; None where none is.

    Args:
        picture: stands there again afterwards, unless something is wrong with the file, which is raised.
        header: the first bytes of the file.
        opened: opens the same file with another header, if one is given.
    """
    most = _detail.first_scale(*picture.size)
    if most == 1:
        return None
    size, page = picture.size, picture.tell()
    try:
        copies = [*_sub_images(picture, header, opened), *_behind(picture, opened)]
    finally:
        picture.seek(page)
    scales = {scale: copy for copy in copies if (scale := _scale(copy, size)) and scale <= most * (1 + _SKEW)}
    return scales[max(scales)] if scales else None


def _sub_images(picture: TiffImageFile, header: bytes, opened: Callable[[bytes], TiffImageFile]) -> list[TiffImageFile]:
    offsets = picture.tag_v2.get(_SUB_IMAGES, ())
    several = offsets if isinstance(offsets, tuple) else (offsets,)
    copies = [opened(_pointing(header, int(offset))) for offset in several[:_MOST]]
    return [copy for copy in copies if _is_reduced(copy)]


def _behind(picture: TiffImageFile, opened: Callable[[bytes], TiffImageFile]) -> list[TiffImageFile]:
    size, copies = picture.size, []
    for number in range(picture.tell() + 1, picture.tell() + 1 + _MOST):
        try:
            picture.seek(number)
        except EOFError:
            break
        if not is_overview(picture, size):
            break
        copy = opened(b"")
        copy.seek(number)
        copies.append(copy)
    return copies


def _pointing(header: bytes, offset: int) -> bytes:
    """The header of a TIFF with another first directory."""
    order: Literal["little", "big"] = "little" if header[:2] == b"II" else "big"
    is_big = int.from_bytes(header[2:4], order) == _BIG
    return header[:8] + offset.to_bytes(8, order) if is_big else header[:4] + offset.to_bytes(4, order)


def _is_reduced(picture: TiffImageFile) -> bool:
    return bool(picture.tag_v2.get(_KIND, 0) & _REDUCED)


def _scale(picture: TiffImageFile, of: tuple[int, int]) -> float | None:
    """Pixels of the page to one of the picture's; None where it has another shape, or is no smaller."""
    across, down = of[0] / max(1, picture.width), of[1] / max(1, picture.height)
    return across if across > 1 and abs(across - down) <= _SKEW * across else None
