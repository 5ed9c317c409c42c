"""Where things stand on a page: nothing overlaps, nothing leaves the page, nothing is left out."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from certcore.errors import IssuingError
from certcore.printing import _html
from certcore.printing._content import Cell, Content
from certcore.printing._layout import (
    LEADING,
    MIN_MODULE_MM,
    MM_PER_POINT,
    PAPERS,
    Paper,
    Placed,
    fit,
    fold_marks,
    wrapped,
)
from certcore.qr._write import QUIET_ZONE_MODULES, SymbolSize

SMALL = SymbolSize(version=11, level="Q", modules=61)
LARGEST = SymbolSize(version=40, level="L", modules=177)

words = st.text(st.sampled_from("闽检验WMil.1 (；，-/"), min_size=1, max_size=90).filter(str.strip)


def page(cells: list[Cell], *, claim: str = "2027-09-30", plate: str = "闽C12345") -> Content:
    """A page with these cells."""
    return Content(
        lang="zh",
        title="机动车检验凭证",
        claim=Cell("有效期至", claim),
        plate=Cell("号牌号码", plate),
        cells=tuple(cells),
        how_title="如何核验",
        how="请扫描二维码。" * 4,
        caution="未经扫码核验，本页不证明任何事项。",
    )


def fitted(content: Content, sheet: Paper, symbol: SymbolSize) -> Placed | None:
    """The page, or nothing where it is refused as too small; any other error is one."""
    try:
        return fit(content, sheet, [[symbol]], _html.measure)
    except IssuingError as error:
        if (error.code, error.detail) != ("page-too-small", (("page", sheet.name),)):
            raise
        return None


def boxes(placed: Placed) -> list[tuple[float, float, float, float]]:
    """What each line of text covers: left, top, right, bottom."""
    return [
        (line.x, line.top, line.x + line.width, line.top + line.size * MM_PER_POINT * LEADING) for line in placed.lines
    ]


def symbol_box(placed: Placed) -> tuple[float, float, float, float]:
    """What the symbol and its quiet zone cover."""
    quiet, side = QUIET_ZONE_MODULES * placed.module, placed.symbol.modules * placed.module
    return placed.x - quiet, placed.y - quiet, placed.x + side + quiet, placed.y + side + quiet


def overlap(one: tuple[float, float, float, float], other: tuple[float, float, float, float]) -> bool:
    """Whether two boxes share more than an edge."""
    slack = 1e-6
    return (
        one[0] < other[2] - slack
        and other[0] < one[2] - slack
        and one[1] < other[3] - slack
        and other[1] < one[3] - slack
    )


@settings(max_examples=60)
@given(
    cells=st.lists(st.builds(Cell, words, words), max_size=14),
    plate=words,
    sheet=st.sampled_from(list(PAPERS.values())),
    symbol=st.sampled_from([SMALL, LARGEST, SymbolSize(version=20, level="M", modules=97)]),
)
def test_a_page_holds_everything_or_is_refused(cells: list[Cell], plate: str, sheet: Paper, symbol: SymbolSize) -> None:
    """Whatever the words: every one of them is on the page, within its margins, beside all others and the symbol."""
    content = page(cells, plate=plate)
    placed = fitted(content, sheet, symbol)
    if placed is None:
        return
    found = boxes(placed)
    assert all(
        sheet.margin - 1e-6 <= left
        and right <= sheet.width - sheet.margin + 1e-6
        and sheet.margin - 1e-6 <= top
        and bottom <= sheet.height - sheet.margin + 1e-6
        for left, top, right, bottom in found
    )
    assert not any(itertools.starmap(overlap, itertools.combinations(found, 2)))
    assert not any(overlap(box, symbol_box(placed)) for box in found)
    written = sorted("".join("".join(line.text for line in placed.lines).split()))
    stated = [content.title, content.how_title, content.how, content.caution]
    stated += [part for cell in (content.claim, content.plate, *cells) for part in (cell.label, cell.value)]
    assert sorted("".join("".join(stated).split())) == written


@pytest.mark.parametrize("sheet", PAPERS.values(), ids=PAPERS)
@pytest.mark.parametrize("modules", range(21, 178, 4))
def test_every_symbol_fits_beside_few_words(sheet: Paper, modules: int) -> None:
    """Any version's modules are at least 0.4 mm, its quiet zone is on the page, and no fold runs through it."""
    symbol = SymbolSize(version=(modules - 17) // 4, level="M", modules=modules)
    placed = fit(page([Cell("车辆识别代号", "LSVAA4181E2184211")]), sheet, [[symbol]], _html.measure)
    left, top, right, bottom = symbol_box(placed)
    assert MIN_MODULE_MM <= placed.module
    assert (True, True) == (left >= 0 and right <= sheet.width, top >= 0 and bottom <= sheet.height)
    for axis, at in sheet.folds:
        assert not (left < at < right if axis == "x" else top < at < bottom)


def test_a_certificates_symbol_has_large_modules() -> None:
    """The symbol of an ordinary certificate gets three pixels a module at 100 dots per inch on A6, and four on A4."""
    sizes = [fit(page([]), PAPERS[name], [[SMALL]], _html.measure).module for name in ("A4", "A6")]
    assert [1.016, 0.762] == sizes


def test_the_earlier_symbol_is_preferred() -> None:
    """A later choice is taken only where no earlier one fits, and in a choice the one with the larger modules."""
    dense, loose = SymbolSize(version=24, level="Q", modules=113), SymbolSize(version=18, level="M", modules=89)
    long = page([Cell("缺陷", "1.1.13 (a) 轻微；" * 24)])
    assert dense == fit(page([]), PAPERS["A6"], [[dense, loose]], _html.measure).symbol
    assert loose == fit(long, PAPERS["A6"], [[dense, loose]], _html.measure).symbol
    assert dense == fit(long, PAPERS["A6"], [[dense], [loose]], _html.measure).symbol


@given(text=words, width=st.integers(1, 30))
def test_lines_are_never_wider_than_asked_for(text: str, width: int) -> None:
    """Whatever is wrapped keeps every character but spaces at the ends, and no line is too wide."""
    lines = wrapped(text, width, len)
    assert "".join(text.split()) == "".join("".join(lines).split())
    assert all(len(line) <= width for line in lines)
    assert not any(line != line.strip() for line in lines[1:])


def test_lines_break_between_words_and_chinese_characters() -> None:
    """A word stays whole, and no line begins with a comma."""
    assert ["alpha", "beta,", "gamma"] == wrapped("alpha beta, gamma", 7, len)
    assert ["检验", "合，", "格"] == wrapped("检验合，格", 2, len)[:1] + wrapped("合，格", 2, len)
    assert ["abc", "def"] == wrapped("abcdef", 3, len)


def test_folds_are_marked_at_the_edges() -> None:
    """Each fold of A4 has a mark at both ends, at least 4 mm from the edge; A6 is not folded."""
    marks = fold_marks(PAPERS["A4"])
    assert (8, 0) == (len(marks), len(fold_marks(PAPERS["A6"])))
    assert all(4 <= min(mark) for mark in marks)
