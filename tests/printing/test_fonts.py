"""Fonts of printed pages: found or given, and asked for every character before anything is drawn."""

from __future__ import annotations

from pathlib import Path

import pytest

from certcore import qr
from certcore.errors import IssuingError
from certcore.printing import _fonts, document
from certcore.printing._fonts import Face, choose
from tests.printing.pages import CHINESE, changed, chinese_font, made_font, rendered, words_of

pytest.importorskip("fontTools", reason="fontTools is not installed: it comes with fpdf2, of the print extra")


def only_font(folder: Path, monkeypatch: pytest.MonkeyPatch, *rows: str) -> None:
    """Make fontconfig's command, in a folder that is all of PATH, answer with these rows."""
    folder.mkdir()
    command = folder / "fc-match"
    lines = "".join(f"{row}\n" for row in rows)
    command.write_text(f"#!/bin/sh\n/bin/cat <<'END'\n{lines}END\n")
    command.chmod(0o755)
    monkeypatch.setenv("PATH", str(folder))


def test_a_given_font_is_taken(tmp_path: Path) -> None:
    """A font that has every character is taken as it is; spaces may be blank."""
    font = made_font(tmp_path / "squares.ttf", "闽C1")
    assert [Face(font)] == list(choose(frozenset("闽 C1"), lang="zh", font=font))


@pytest.mark.parametrize(("drawn", "blank"), [("C1", " "), ("C1", "闽 ")], ids=["absent", "blank"])
def test_a_missing_or_empty_glyph_is_an_error(tmp_path: Path, drawn: str, blank: str) -> None:
    """A character without a glyph, or with one that draws nothing, is named by its code point."""
    font = made_font(tmp_path / "squares.ttf", drawn, blank=blank)
    with pytest.raises(IssuingError) as caught:
        choose(frozenset("闽C1"), lang="zh", font=font)
    assert ("glyph-missing", (("character", "U+95FD"),)) == (caught.value.code, caught.value.detail)


@pytest.mark.parametrize("character", ["\u0633", "\u05d0", "\u0661", "\u0e31", "\u0301"])
def test_what_needs_shaping_is_an_error(character: str) -> None:
    """Letters that join or run from right to left, and combining marks, would be set wrongly: they are not set."""
    with pytest.raises(IssuingError) as caught:
        choose(frozenset({"A", character}), lang="en", font=None)
    assert ("glyph-missing", (("character", f"U+{ord(character):04X}"),)) == (caught.value.code, caught.value.detail)


@pytest.mark.parametrize("name", ["missing.ttf", "folder.ttf", "noise.ttf", "noise.ttc", "font.txt", "\0.ttf"])
def test_what_is_no_font_is_an_error(tmp_path: Path, name: str) -> None:
    """A file that is not there, a folder, noise, and another kind of file are one code."""
    (tmp_path / "folder.ttf").mkdir()
    (tmp_path / "noise.ttf").write_bytes(bytes(range(256)))
    (tmp_path / "noise.ttc").write_bytes(b"ttcf\0\2\0\0\0\0\0\2" + bytes(range(256)))
    made_font(tmp_path / "font.ttf", "A").rename(tmp_path / "font.txt")
    with pytest.raises(IssuingError) as caught:
        choose(frozenset("A"), lang="en", font=tmp_path / name)
    assert "font-unreadable" == caught.value.code


def test_a_collection_is_searched_for_the_face(tmp_path: Path) -> None:
    """Of a collection, the first face that has every character is taken."""
    from fontTools.ttLib import TTCollection, TTFont  # type: ignore[import-untyped]  # ships no types

    collection = TTCollection()
    parts = [made_font(tmp_path / f"{name}.ttf", drawn) for name, drawn in (("a", "AB"), ("b", "闽C"))]
    with TTFont(parts[0]) as one, TTFont(parts[1]) as other:
        collection.fonts += [one, other]
        collection.save(tmp_path / "both.ttc")
    assert [Face(tmp_path / "both.ttc", 1)] == list(choose(frozenset("闽"), lang="zh", font=tmp_path / "both.ttc"))


def test_fontconfigs_order_is_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The first font that has every character is found; broken ones are passed over, those of variable weight last."""
    some, good, other = (
        made_font(tmp_path / f"{name}.ttf", drawn) for name, drawn in zip("abc", ("A", "AB", "AB"), strict=True)
    )
    rows = (
        f"False\t0\t{tmp_path}/gone.ttf",
        f"True\t0\t{other}",
        f"False\t0\t{some}",
        "nonsense",
        f"False\t65536\t{good}",
    )
    only_font(tmp_path / "bin", monkeypatch, *rows)
    assert [Face(good)] == list(choose(frozenset("AB"), lang="en", font=None))


def test_no_font_is_an_error_that_says_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where no font has all characters the error names a Debian package."""
    only_font(tmp_path / "bin", monkeypatch, f"False\t0\t{made_font(tmp_path / 'a.ttf', 'A')}")
    with pytest.raises(IssuingError) as caught:
        choose(frozenset("A闽"), lang="zh", font=None)
    assert "font-missing" == caught.value.code
    assert "fonts-wqy-microhei" in caught.value.message


def test_folders_are_searched_without_fontconfig(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without fontconfig's command, or where it fails, the usual folders are looked through."""
    monkeypatch.setenv("HOME", str(tmp_path))
    (tmp_path / ".fonts" / "mine").mkdir(parents=True)
    font = made_font(tmp_path / ".fonts" / "mine" / "squares.ttf", "\U0003134a")  # of no other font, one may hope
    monkeypatch.setenv("PATH", str(tmp_path / "nowhere"))
    assert [Face(font)] == list(choose(frozenset("\U0003134a"), lang="zh", font=None))
    command = tmp_path / "fc-match"
    command.write_text("#!/bin/sh\nexit 1\n")
    command.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    assert [Face(font)] == list(choose(frozenset("\U0003134a"), lang="zh", font=None))


def test_a_chinese_font_of_this_machine_is_found() -> None:
    """On a machine with a Chinese font, it is found, and accepted when it is given."""
    font = chinese_font()
    assert font.is_file()
    assert [font] == [face.path for face in choose(frozenset("闽检验凭证"), lang="zh", font=font)]
    assert font.suffix.lower() in _fonts.SUFFIXES


def test_fonts_have_all_characters_together(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where no font has every character, a few share the work; the one that draws most is first."""
    latin, chinese, both = (
        made_font(tmp_path / f"{name}.ttf", drawn) for name, drawn in (("a", "AB1"), ("b", "闽检验凭"), ("c", "B凭证"))
    )
    only_font(tmp_path / "bin", monkeypatch, *(f"False\t0\t{font}" for font in (latin, chinese, both)))
    found = choose(frozenset("AB1闽检验凭证"), lang="zh", font=None)
    assert {Face(chinese): frozenset("闽检验凭"), Face(latin): frozenset("AB1"), Face(both): frozenset("证")} == found


def test_a_page_is_set_in_several_fonts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A page whose characters are in several fonts has all its words, in their order, and its code is read."""
    text, certificate = changed(CHINESE)
    characters = set(document.to_html(text, certificate, lang="zh", page="A4"))
    parts = ("".join(filter(str.isascii, characters)), "".join(one for one in characters if not one.isascii()))
    fonts = [made_font(tmp_path / f"{number}.ttf", part.replace(" ", "")) for number, part in enumerate(parts)]
    only_font(tmp_path / "bin", monkeypatch, *(f"False\t0\t{font}" for font in fonts))
    pdf = document.to_pdf(text, certificate, lang="zh", page="A4")
    assert "闽C12345" in words_of(pdf)
    assert [text] == [symbol.text for symbol in qr.read(rendered(pdf, dpi=300))]
