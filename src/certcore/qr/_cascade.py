"""A page's symbols, by one decoder after another and one step after another until they are read.

The cheapest comes first, and what it reads is what most pictures hold. The rules:

- A step that is not needed is not taken: `Effort.NORMAL` ends with the first that reads anything, unless the decoder
  saw a symbol that it could not read.
- Every step is here because the benchmark (``python -m benchmarks decoders``) shows pictures that are lost without it.
- Whatever copy of the picture a step looked at, corners are pixels of the picture itself, and a symbol that two steps
  read is one symbol.
- The deadline is looked at between steps. What was read by then is the answer.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator
from functools import cached_property
from itertools import accumulate
from typing import TYPE_CHECKING, Final

import attrs

from certcore.errors import RejectedInputError
from certcore.qr import _crowds, _decoders, _detail
from certcore.qr._crowds import Crowds
from certcore.qr._deadline import Deadline
from certcore.qr._decoders import PictureDecoder
from certcore.qr._dewarp.copies import Copies, Copy
from certcore.qr._dewarp.symbols import Corners, Symbol, distinct, in_reading_order, is_same_place
from certcore.qr._effort import Effort
from certcore.qr._raster import SCAN_EXTRA, Grey

if TYPE_CHECKING:
    from PIL import Image


@attrs.define
class Page:
    """A page that is being read.

    Attributes:
        given: its pixels, or a reduced copy; corners are pixels of this.
        effort: how much may be done.
        wants_every: whether one that was read is no reason to stop.
        read: the symbols found so far.
        is_looked_at: whether a first look was taken.
        unread: symbols that the first decoder saw and could not read.
        fine: the part of what was given that may hold symbols too fine for a reduced copy.
        is_seen_whole: whether all its pixels were looked at.
        patterns: the most finder patterns that a step saw in it.
        crowds: the pages of the picture so far that showed many of them in vain.
        modules: how many may yet be laid.
    """

    given: Grey
    effort: Effort
    wants_every: bool = False
    read: list[Symbol] = attrs.field(factory=list)
    is_looked_at: bool = False
    unread: int = 0
    fine: _detail.Box | None = None
    is_seen_whole: bool = False
    patterns: float = 0
    crowds: Crowds = attrs.field(factory=Crowds)
    modules: int = attrs.field(init=False)

    @modules.default
    def _all_modules(self) -> int:
        return MODULES[self.effort]

    @cached_property
    def whole(self) -> Grey:
        """All its pixels."""
        return self.given if self.given.whole is None else self.given.whole()

    @property
    def unit(self) -> float:
        """Pixels of what was given to one of the whole page."""
        return self.given.width / self.whole.width

    @cached_property
    def copies(self) -> Copies:
        """The whole page as Pillow images of several sizes."""
        return Copies(_picture(self.whole), self.unit)

    @property
    def is_done(self) -> bool:
        """Whether what was read is enough at this effort."""
        if self.wants_every or self.is_thorough:
            return False
        if self.effort is Effort.FAST:
            return bool(self.read)
        return self.is_settled

    @property
    def is_settled(self) -> bool:
        """Whether something was read, and nothing tells that there is more."""
        return bool(self.read) and self.unread <= 0 and (self.fine is None or self.is_seen_whole)

    @property
    def is_hopeless(self) -> bool:
        """Whether it stands behind so many that were searched in vain that a look is all it gets."""
        return not self.is_thorough and self.crowds.pages >= _crowds.MOST_SEARCHED

    @property
    def is_thorough(self) -> bool:
        """Whether all is done that helps."""
        return self.effort is Effort.THOROUGH


@attrs.frozen
class Step:
    """One way to read more.

    Attributes:
        name: what it is called in `Symbol.decoder`, behind the decoder's own name; empty for a plain look.
        efforts: where it belongs.
        symbols: what it reads in a page, with corners in the page's pixels.
        is_for_more: whether it may find symbols beside those that were read, and is worth taking for that.
        is_look: whether it costs little, and every page gets it.
    """

    name: str
    efforts: frozenset[Effort]
    symbols: Callable[[Page], Iterator[Symbol]] = attrs.field(repr=False)
    is_for_more: bool = False
    is_look: bool = False

    def is_due(self, page: Page) -> bool:
        """Whether the page needs it."""
        is_wanted = self.is_for_more or not page.read
        return page.effort in self.efforts and is_wanted and (self.is_look or not page.is_hopeless)


def symbols(
    page: Grey,
    *,
    effort: Effort,
    deadline: Deadline,
    crowds: Crowds | None = None,
    wants_every: bool = False,
    steps: tuple[Step, ...] | None = None,
) -> list[Symbol]:
    """The QR symbols on a page, in reading order, with corners in its pixels.

    Args:
        page: the page, or a reduced copy of it that has all of it.
        effort: how much may be done.
        deadline: when no further step is begun.
        crowds: the pages of the same picture so far that showed many patterns in vain; this one may be added.
        wants_every: go on where one was read; at thorough effort that is done anyway.
        steps: what is done, in that order; all there is, unless given.

    Raises:
        RejectedInputError: ``no-decoder``; ``image-unreadable`` where a decoder fails on the picture.
    """
    if next(_decoders.available(), None) is None:
        raise RejectedInputError("no-decoder", f"No decoder of QR codes is installed: {SCAN_EXTRA}")
    state = Page(page, effort, wants_every, crowds=Crowds() if crowds is None else crowds)
    for step in STEPS if steps is None else steps:
        if state.is_looked_at and (state.is_done or deadline.is_over):
            break
        if step.is_due(state):
            try:
                found = [_named(symbol, step.name) for symbol in step.symbols(state)]
            except RejectedInputError:  # the file turns out to be damaged only now that all of it is decoded
                raise
            except Exception as error:
                raise RejectedInputError("image-unreadable", "the decoder failed on the picture") from error
            state.read = distinct(state.read + found)
    if state.patterns > _crowds.MANY and not state.read:
        state.crowds.pages += 1
    return in_reading_order(state.read)


def _named(symbol: Symbol, step: str) -> Symbol:
    return attrs.evolve(symbol, decoder=f"{symbol.decoder}+{step}") if step else symbol


# The steps.

LONGEST: Final = 1600
"""Pixels along the longer side of the largest copy in which finder patterns are looked for, at first."""

SHARPENED: Final = 1200
"""The same of the copy in which those out of focus are."""

MAX_SHARPENED: Final = 250_000
"""Pixels of a picture in which they are looked for; thorough effort has steps that read more."""

FINEST: Final = 6400
"""The same of the finest copy, which shows a symbol of 1.5 pixels a module on a page of 24 megapixels."""

MOST_CLOSE: Final = 1 / 16
"""The part of a reduced copy that is looked at more closely: it costs as much as the copy did."""

ENLARGED: Final = 3
"""Pixels that one of the copy's becomes for that: a decoder reads a third less pixels a module than otherwise."""

MOST_FINE: Final = 2_000_000
"""Pixels of a finely textured part that is searched below thorough effort."""

COPIES: Final = 5
"""Copies from the first on, each half as long as the one before: up to some 40 pixels a module on 12 megapixels."""

_DARK: Final = 110
"""The middle shade of a picture up to which it may be under-exposed."""

_SHADES_SIDE: Final = 256
"""Pixels of a side that tell it, taken here and there."""

_SMALLEST: Final = 100
"""Pixels of the shorter side of the smallest copy of a crowded page."""

MAX_DOUBLED: Final = 1_000_000
"""Pixels of a picture that is doubled: larger ones are not short of pixels."""


def _reduced_look(page: Page) -> Iterator[Symbol]:
    """What is read in a reduced copy of a large page, and where it may hide more."""
    copy = _first_copy(page)
    if copy is None or _crowds.is_crowded(copy):
        return
    result = next(_decoders.available()).decode(copy)
    page.is_looked_at = True
    scale = page.given.width / copy.width
    read, failed = result.symbols, result.failed
    if page.effort is Effort.NORMAL:
        texture = _detail.Texture.of(_picture(copy))
        fine = texture.part([symbol.corners for symbol in read])
        closer = [] if fine is None else list(_closer_look(page, copy, fine))
        if closer:
            read = distinct(read + closer)
            failed = [corners for corners in failed if not any(is_same_place(corners, one.corners) for one in closer)]
            fine = texture.part([symbol.corners for symbol in read])
        page.fine = None if fine is None else _boxed(fine, scale)
        page.crowds.is_fine = not read
    page.unread = len(failed)
    yield from (_scaled(symbol, scale) for symbol in read)


def _closer_look(page: Page, copy: Grey, part: _detail.Box) -> Iterator[Symbol]:
    """What is read in a small part of a reduced copy: in all its pixels, if they are decoded, else in a larger drawing.

    Corners are pixels of the copy.
    """
    from PIL import Image  # noqa: PLC0415  # part of an extra

    left, top, right, bottom = part
    if (right - left) * (bottom - top) > MOST_CLOSE * copy.width * copy.height:
        return
    if page.given.whole is None:
        scale = page.given.width / copy.width
        looked_at = page.copies.picture.crop(_whole_pixels(_boxed(part, scale)))
    else:
        scale = ENLARGED
        close = _picture(copy).crop(_whole_pixels(part))
        size = (close.width * ENLARGED, close.height * ENLARGED)
        looked_at = close.resize(size, Image.Resampling.LANCZOS)
    for symbol in _decoded(looked_at, 1 / scale):
        yield attrs.evolve(symbol, corners=tuple((x + left, y + top) for x, y in symbol.corners))


def _boxed(box: _detail.Box, scale: float) -> _detail.Box:
    left, top, right, bottom = box
    return left * scale, top * scale, right * scale, bottom * scale


def _whole_pixels(box: _detail.Box) -> tuple[int, int, int, int]:
    left, top, right, bottom = map(int, box)
    return left, top, right, bottom


def _first_copy(page: Page) -> Grey | None:
    if page.given.whole is not None:
        return page.given
    if page.crowds.is_fine:
        return None
    scale = _detail.first_scale(page.given.width, page.given.height)
    return None if scale == 1 else attrs.evolve(_grey(page.copies.reduced(scale).picture), page=page.given.page)


def _look(page: Page) -> Iterator[Symbol]:
    """What is read with all pixels, or in the part that may hide more."""
    wants_part = bool(page.read) and not page.unread and page.fine is not None and not page.wants_every
    page.is_looked_at = page.is_seen_whole = True
    scale: float = 1
    part, left, top = _part(page) if wants_part else (None, 0, 0)
    shown = page.whole if part is None else _grey(part)
    looked_at: Grey | None = shown
    if _crowds.is_crowded(shown):
        page.patterns = math.inf
        left = top = 0
        scale, looked_at = _thinned_out(page)
    if looked_at is None:
        return
    result = next(_decoders.available()).decode(looked_at)
    page.unread = sum(
        not any(is_same_place(_placed(corners, left, top, scale * page.unit), one.corners) for one in page.read)
        for corners in result.failed
    )
    for symbol in result.symbols:
        yield attrs.evolve(symbol, corners=_placed(symbol.corners, left, top, scale * page.unit))


def _placed(corners: Corners, left: float, top: float, scale: float) -> Corners:
    return tuple(((x + left) * scale, (y + top) * scale) for x, y in corners)


def _part(page: Page) -> tuple[Image.Image, int, int]:
    """The part of the whole page that may hold symbols too fine for a reduced copy, and where it begins."""
    part = _whole_pixels(_boxed(page.fine or (0, 0, 0, 0), 1 / page.unit))
    return page.copies.picture.crop(part), part[0], part[1]


def _thinned_out(page: Page) -> tuple[int, Grey | None]:
    """The largest copy in which patterns have melted together, and how much smaller it is; none where they never do."""
    scale = 2
    while page.crowds.pages < _crowds.MOST_GLANCED_AT and min(page.copies.picture.size) >= scale * _SMALLEST:
        copy = _grey(page.copies.reduced(scale).picture)
        if _crowds.patterns(copy) <= _crowds.MAX_PATTERNS:
            return scale, copy
        scale *= 2
    return scale, None


def _brightened(page: Page) -> Iterator[Symbol]:
    """What is read once the darker half of a dark picture is spread over all shades."""
    from PIL import Image  # noqa: PLC0415  # part of an extra

    copies = page.copies
    usual = copies.reduced(copies.scale_for(LONGEST)).picture
    shades = usual.resize((_SHADES_SIDE, _SHADES_SIDE), Image.Resampling.NEAREST).histogram()
    middle = next(shade for shade, count in enumerate(accumulate(shades)) if 2 * count >= sum(shades))
    if middle <= _DARK:
        copy = copies.reduced(copies.scale_for(FINEST))
        curve = [min(255, 255 * shade // max(1, middle)) for shade in range(256)]
        yield from _decoded(copy.picture.point(curve), copy.scale)


def _other_decoders(page: Page) -> Iterator[Symbol]:
    """What the decoders behind the first one read; the first as well, where it reads more in a smaller copy."""
    for number, decoder in enumerate(_decoders.available()):
        if decoder.longest is not None if number == 0 else not decoder.is_spare:
            scale = 1 if decoder.longest is None else page.copies.scale_for(decoder.longest)
            yield from _decoded(page.copies.reduced(scale).picture, scale * page.unit, decoder)


def _decoded(picture: Image.Image, scale: float, decoder: PictureDecoder | None = None) -> Iterator[Symbol]:
    shown = _grey(picture)
    if not _crowds.is_crowded(shown):
        for symbol in (decoder or next(_decoders.available())).decode(shown).symbols:
            yield _scaled(symbol, scale)


def _grid(page: Page) -> Iterator[Symbol]:
    """Copies from a usual size down to where the modules of a symbol that fills the picture are small enough."""
    yield from _flattened(page, page.copies.from_longest(LONGEST, count=COPIES))


def _sharp_grid(page: Page) -> Iterator[Symbol]:
    """A copy in which finder patterns out of focus are found, too; of large pictures, smaller copies show them."""
    if page.whole.width * page.whole.height <= MAX_SHARPENED:
        yield from _flattened(page, page.copies.from_longest(SHARPENED, count=1), sharpen=True)


def _fine_grid(page: Page) -> Iterator[Symbol]:
    """Finer copies than the usual: of the part that is finely textured, or thorough, of the whole page."""
    copies = page.copies
    finest, scale = copies.scale_for(FINEST), copies.scale_for(LONGEST) // 2
    if page.is_thorough:
        while scale >= finest:
            yield from _flattened(page, [copies.reduced(scale)])
            if not page.read:
                yield from _flattened(page, [copies.reduced(scale)], sharpen=True)
            scale //= 2
    elif page.fine is not None and finest == 1 and scale >= 1:
        part, left, top = _part(page)
        if part.width * part.height <= MOST_FINE:
            place = (left * page.unit, top * page.unit)
            yield from _flattened(page, [Copy(part.reduce(less), less * page.unit, place) for less in (1, 2)])


def _doubled(page: Page) -> Iterator[Symbol]:
    from PIL import Image, ImageFilter  # noqa: PLC0415  # part of an extra

    picture = page.copies.picture
    if picture.width * picture.height > MAX_DOUBLED:
        return
    doubled = picture.resize((2 * picture.width, 2 * picture.height), Image.Resampling.BICUBIC)
    yield from _flattened(page, [Copy(doubled.filter(ImageFilter.UnsharpMask(4, 300, 0)), page.unit / 2)])


def _local_contrast(page: Page) -> Iterator[Symbol]:
    from PIL import ImageChops, ImageFilter  # noqa: PLC0415  # part of an extra

    small = page.copies.reduced(page.copies.scale_for(LONGEST))
    # Four times the difference to what lies around.
    blurred = small.picture.filter(ImageFilter.BoxBlur(8))
    even = Copies(ImageChops.subtract(small.picture, blurred, scale=0.25, offset=128), small.scale)
    yield from _decoded(even.picture, small.scale)
    yield from _flattened(page, even.from_longest(LONGEST, count=3))


def _flattened(page: Page, copies: Iterable[Copy], *, sharpen: bool = False) -> Iterator[Symbol]:
    """What is read in copies of the page, or of a part of it, once they are laid flat."""
    try:
        from certcore.qr._dewarp import flatten as _flatten  # noqa: PLC0415  # needs NumPy and Pillow, which are part of an extra
    except ImportError:
        return
    decoder = next(_decoders.available())
    read = list(page.read)
    for copy in copies:
        work = _flatten.Work(**_WORK[page.effort])
        spent = work.modules = min(work.modules, page.modules)
        for symbol in _flatten.symbols(copy, decoder.decode_drawing, work, read=read, sharpen=sharpen):
            read.append(symbol)
            page.unread -= 1
            yield symbol
        page.modules -= spent - work.modules
        page.patterns = max(page.patterns, work.seen)
        if read and page.unread <= 0 and not (page.is_thorough or page.wants_every):
            return


_WORK: Final = {
    Effort.NORMAL: {"finders": 32, "triples": 4, "sides": 3, "turns": 6, "modules": 32_000},
    Effort.THOROUGH: {"finders": 128, "triples": 60, "sides": 5, "turns": 6, "modules": 80_000},
}
"""What may be spent on each copy; one laying of the largest symbol takes 31 329 modules."""

MODULES: Final = {Effort.FAST: 0, Effort.NORMAL: 64_000, Effort.THOROUGH: 280_000}
"""The modules that may be laid for a page, by all steps together."""


def _picture(grey: Grey) -> Image.Image:
    from PIL import Image  # noqa: PLC0415  # part of an extra, and not needed where one look is enough

    return Image.frombuffer("L", (grey.width, grey.height), grey.pixels, "raw", "L", 0, 1)  # type: ignore[arg-type]  # a memoryview will do


def _grey(picture: Image.Image) -> Grey:
    return Grey(picture.tobytes(), *picture.size)


def _scaled(symbol: Symbol, scale: float) -> Symbol:
    return attrs.evolve(symbol, corners=tuple((x * scale, y * scale) for x, y in symbol.corners))


_EVERY: Final = frozenset(Effort)
_NOT_FAST: Final = frozenset({Effort.NORMAL, Effort.THOROUGH})
_NORMAL: Final = frozenset({Effort.NORMAL})
_THOROUGH: Final = frozenset({Effort.THOROUGH})

STEPS: Final = (
    Step("", _EVERY, _reduced_look, is_look=True),
    Step("", _EVERY, _look, is_for_more=True, is_look=True),
    Step("", _NOT_FAST, _other_decoders),
    Step("brightened", _NOT_FAST, _brightened),
    Step("grid", _NOT_FAST, _grid, is_for_more=True),
    Step("sharp-grid", _NORMAL, _sharp_grid),
    Step("fine-grid", _NOT_FAST, _fine_grid, is_for_more=True),
    Step("doubled", _THOROUGH, _doubled),
    Step("local-contrast", _THOROUGH, _local_contrast),
)
"""Every step, the cheapest first."""
