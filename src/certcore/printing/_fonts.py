"""Fonts for the printed page: one that has all its characters, or several that have them together.

The only importer of fontTools, which comes with the ``print`` extra. Every character is checked before drawing: a
missing or empty glyph is an error, never a blank box. Fonts are found with fontconfig, in its own process, or else in
the usual folders. No font is ever downloaded.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import unicodedata
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Final

import attrs

from certcore import _extras
from certcore.errors import CertcoreError, IssuingError

if TYPE_CHECKING:
    from fontTools.ttLib import TTFont  # type: ignore[import-untyped]  # ships no types

ADVICE: Final = "install a Chinese font, such as Debian's fonts-noto-cjk or fonts-wqy-microhei, or give one with font="
"""What to do where there is none."""

_LIBRARIES: Final = {"fpdf": "fpdf2", "fontTools": "fontTools"}
"""What a PDF needs, by the names they are imported and installed under."""

SUFFIXES: Final = (".ttf", ".otf", ".ttc", ".otc")
"""Of the files that are fonts, or collections of them."""

FONTCONFIG_TIMEOUT_S: Final = 20
"""Seconds: the first question after new fonts were installed makes fontconfig read them all."""

MOST_FALLBACKS: Final = 24
"""Fonts looked into for characters that may be left out."""

MAX_CANDIDATES: Final = 200
"""Fonts looked into before giving up."""

_PATTERNS: Final = {"zh": "sans-serif:lang=zh-cn", "en": "sans-serif:lang=en"}
_FOLDERS: Final = (
    "/usr/share/fonts",
    "/usr/local/share/fonts",
    "~/.local/share/fonts",
    "~/.fonts",
    "/System/Library/Fonts",
    "/Library/Fonts",
    "~/Library/Fonts",
    "C:/Windows/Fonts",
)
_FOUND: Final = re.compile(r"(?P<variable>\w*)\t(?P<index>\d+)\t(?P<name>.+)", re.ASCII)
_COLLECTION_HEAD: Final = 12
"""Bytes: the tag ``ttcf``, the version, and how many faces there are (OpenType, "TTC header")."""

_MAX_FACES: Final = 64
_FACE_BITS: Final = 0xFFFF
"""Of fontconfig's index; above them it names an instance of a variable font."""

_UNSHAPED: Final = frozenset({"R", "AL", "AN"})
"""Directions of writing that need their letters joined and reordered (Unicode annex 9), which is not done here."""


@attrs.frozen
class Face:
    """One font in a file.

    Attributes:
        path: of the file.
        index: its number, in a collection.
    """

    path: Path
    index: int = 0


def choose(characters: frozenset[str], *, lang: str, font: Path | None) -> Mapping[Face, frozenset[str]]:
    """Which fonts draw which characters: the given one, the first that has them all, or a few that do so together.

    Args:
        characters: what has to be set.
        lang: ``zh`` or ``en``, for the preference.
        font: a font's file, or a collection's; it must have every character.

    Raises:
        IssuingError: ``glyph-missing``, with the ``character``, where the given font lacks one or it needs shaping;
            ``font-unreadable``; ``font-missing``, where the fonts here do not have them all; ``library-missing``.
    """
    _require_unshaped(characters)
    if font is not None:
        return {_choose_given(font, characters, lang): characters}
    drawn: dict[Face, frozenset[str]] = {}
    for face in islice(_find_installed(lang), MAX_CANDIDATES):
        try:
            drawn[face] = characters - frozenset(_find_missing(face, characters))
        except IssuingError as error:
            if error.code != "font-unreadable":
                raise
            continue  # somebody else's broken font is passed over
        if drawn[face] == characters:
            return {face: characters}
    return _combine(drawn, characters)


def choose_most(characters: frozenset[str], *, lang: str) -> Mapping[Face, frozenset[str]]:
    """Fonts for as many of these characters as this machine has; the others, and those to be shaped, are left out."""
    chosen: dict[Face, frozenset[str]] = {}
    left = frozenset(character for character in characters if not _is_shaped(character))
    for face in islice(_find_installed(lang), MOST_FALLBACKS):
        if not left:
            break
        with suppress(IssuingError):  # somebody else's broken font is passed over
            missing = frozenset(_find_missing(face, left))
            if missing < left:
                chosen[face] = left - missing
                left = missing
    return chosen


def _combine(drawn: Mapping[Face, frozenset[str]], characters: frozenset[str]) -> Mapping[Face, frozenset[str]]:
    """Fonts that have all characters together, the one that draws most first; none draws what another does."""
    chosen: dict[Face, frozenset[str]] = {}
    left = characters
    while left:
        face = max(drawn, key=lambda found: len(drawn[found] & left), default=None)  # the preferred one among equals
        if face is None or not drawn[face] & left:
            named = _name_character(min(left))
            raise IssuingError(
                "font-missing", f"The fonts of this machine do not have all of the page ({named} is missing): {ADVICE}"
            )
        chosen[face] = drawn[face] & left
        left -= chosen[face]
    return chosen


def _choose_given(font: Path, characters: frozenset[str], lang: str) -> Face:
    missing = None
    for face in sorted(_faces(font), key=lambda found: not _suits(found, lang)):
        lacking = next(_find_missing(face, characters), None)
        if lacking is None:
            return face
        missing = missing or lacking
    raise _glyph_missing(missing or "", "the font that was given does not have it")


def _faces(font: Path) -> list[Face]:
    """Each face in a file."""
    try:
        with font.open("rb") as file:
            head = file.read(_COLLECTION_HEAD)
    except (OSError, ValueError) as cause:  # ValueError: a null character in the name
        raise _unreadable() from cause
    if font.suffix.lower() not in SUFFIXES:
        raise _unreadable()
    count = int.from_bytes(head[8:], "big") if head.startswith(b"ttcf") else 1
    return [Face(font, index) for index in range(min(count, _MAX_FACES))]


def _suits(face: Face, lang: str) -> bool:
    """Whether a face of a collection has the shapes of mainland China: some differ in Taiwan, Japan and Korea."""
    with _open_face(face) as font:
        name = str(font["name"].getBestFullName()) if "name" in font else ""
    return lang != "zh" or any(f" {word} " in f" {name} " for word in ("SC", "GB", "CN"))


def require_libraries() -> None:
    """Find out whether a PDF can be made at all, before any font is looked for.

    Raises:
        IssuingError: ``library-missing``.
    """
    for module, name in _LIBRARIES.items():
        if not _extras.is_there(module):
            raise IssuingError("library-missing", _extras.missing(name, "print"))


def _find_missing(face: Face, characters: frozenset[str]) -> Iterator[str]:
    """The characters that a face lacks, or draws as nothing, in their order."""
    from fontTools.pens.boundsPen import BoundsPen  # type: ignore[import-untyped]  # noqa: PLC0415  ships no types, and is part of an extra

    with _open_face(face) as font:
        names: Mapping[int, str] = font.getBestCmap() or {}
        glyphs = font.getGlyphSet()
        for character in sorted(characters):
            name = names.get(ord(character))
            if name is None or name == ".notdef":
                yield character
            elif not character.isspace():
                pen = BoundsPen(glyphs)
                glyphs[name].draw(pen)
                if pen.bounds is None:
                    yield character


@contextmanager
def _open_face(face: Face) -> Iterator[TTFont]:
    """A face, closed again; whatever is wrong with it is one error."""
    from fontTools.ttLib import TTFont  # noqa: PLC0415  part of an extra

    try:
        with face.path.open("rb") as file, TTFont(file, fontNumber=face.index, lazy=True) as font:
            yield font
    except CertcoreError:
        raise
    except Exception as cause:  # fontTools raises whatever a broken table leads to
        raise _unreadable() from cause


def _find_installed(lang: str) -> Iterator[Face]:
    """The fonts of this machine, the preferred ones first; those with variable weight last, for theirs may be thin."""
    command = shutil.which("fc-match")
    if command is None:
        yield from _in_folders()
        return
    pattern = _PATTERNS[lang]
    try:
        done = subprocess.run(  # noqa: S603  fixed arguments, no shell
            [command, "--sort", "--format", "%{variable}\t%{index}\t%{file}\n", pattern],
            capture_output=True,
            check=True,
            timeout=FONTCONFIG_TIMEOUT_S,
        )
    except (OSError, subprocess.SubprocessError):
        yield from _in_folders()
        return
    rows = filter(None, map(_FOUND.fullmatch, os.fsdecode(done.stdout).splitlines()))
    for row in sorted(rows, key=lambda row: row["variable"] == "True"):
        if row["name"].lower().endswith(SUFFIXES):
            yield Face(Path(row["name"]), int(row["index"]) & _FACE_BITS)


def _in_folders() -> Iterator[Face]:
    for folder in _FOLDERS:
        for path in sorted(Path(folder).expanduser().rglob("*")):
            if path.suffix.lower() in SUFFIXES:
                with suppress(IssuingError):
                    yield from _faces(path)


def _require_unshaped(characters: frozenset[str]) -> None:
    for character in sorted(characters):
        if _is_shaped(character):
            raise _glyph_missing(
                character, "its script has to be shaped, which the PDF does not do; print the HTML page"
            )


def _is_shaped(character: str) -> bool:
    return unicodedata.bidirectional(character) in _UNSHAPED or unicodedata.category(character).startswith("M")


def _glyph_missing(character: str, why: str) -> IssuingError:
    named = _name_character(character)
    return IssuingError("glyph-missing", f"The character {named} cannot be printed: {why}", character=named)


def _unreadable() -> IssuingError:
    return IssuingError("font-unreadable", f"The font cannot be read; such a file ends in {', '.join(SUFFIXES)}")


def _name_character(character: str) -> str:
    return f"U+{ord(character):04X}"
