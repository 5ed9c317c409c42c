"""Registration numbers: compared as people write them, and the Chinese ones classified.

Equal numbers do not mean the same vehicle: in China a number is unique only together with its 号牌种类, and everywhere
only within its country, so the caller compares those too. A classification never decides: new plates appear before any
published pattern, and a signed certificate is not doubted because its plate looks new.
"""

from __future__ import annotations

import re
from enum import Enum
from functools import cache
from itertools import accumulate
from types import MappingProxyType
from typing import Final

import attrs

from certcore.vocabulary import _written as written
from certcore.vocabulary._codes import PROVINCES

_NAME: Final = "a registration number"


def normalise_registration_number(text: str) -> str:
    """What is left of a plate for comparison and for looking it up: NFKC, upper case, no separators. Idempotent.

    Separators are spaces of every kind, dots, dashes, `_` and `/`. Invisible characters are removed as well, since
    they arrive by copy and paste; issuing refuses them (`issued_registration_number`). Empty if nothing is
    left.

    Raises:
        TypeError: not text. ValueError: more than 256 characters.
    """
    return written.normalise(text)


def registration_number_groups(text: str) -> tuple[str, ...]:
    """Into which groups a plate's separators divide it: `("B", "AB", "123")` for `B-AB 123`.

    Normalised as by `normalise_registration_number`, which equals the groups joined.
    """
    return written.groups(text)


def same_registration_number(a: str, b: str, /) -> bool:
    """Whether two writings can be the same plate: equal when normalised, and not divided in contradictory ways.

    Separators alone never matter, except that German B-AB 123 is not BA-B 123. Two divisions contradict each other
    when neither set of split positions contains the other, counting as split wherever Chinese characters, other
    letters and digits meet, as nobody can read those apart: so 闽C·12345, 闽C12345 and 闽 C12345 are all the same.
    Symmetric, but not transitive: BAB123 says less than either of the German ones, and can be both. A text with
    nothing left is no plate and equals nothing.

    Not checked: country and plate type, without which a number is not unique.

    Example:
        >>> same_registration_number("闽C·12345", "闽 c12345"), same_registration_number("B-AB 123", "BA-B 123")
        (True, False)
    """
    return is_same_as(written.normalise(a), a, b)


def is_same_as(whole: str, a: str, b: str, /) -> bool:
    """As `same_registration_number` of ``a`` and ``b``, where ``a`` is known normalised, as ``whole``."""
    if whole == b:  # which normalised again stays as it is
        return bool(whole)
    if not whole or whole != written.normalise(b):
        return False
    if whole in (a, b):  # one of them is not divided at all, as nearly always
        return True
    groups_a, groups_b = written.groups(a), written.groups(b)
    if len(groups_a) == 1 or len(groups_b) == 1:
        return True
    implied = {
        position
        for position in range(1, len(whole))
        if written.kind_of(whole[position - 1]) != written.kind_of(whole[position])
    }
    splits_a, splits_b = implied.union(_splits(groups_a)), implied.union(_splits(groups_b))
    return splits_a <= splits_b or splits_b <= splits_a


def looks_like_registration_number(a: str, b: str, /) -> bool:
    """Whether two different plates look the same: letters of Cyrillic and Greek, and digits of other scripts.

    A hint for whoever reads a mismatch, and no more: CA1234 in Cyrillic and in Latin letters are two plates.
    """
    a, b = written.normalise(a), written.normalise(b)
    return a != b and written.fold_scripts(a) == written.fold_scripts(b)


def issued_registration_number(text: str) -> str:
    """A plate as a certificate carries it: NFC, trimmed, separators kept as printed.

    Not checked: whether any country issues such a plate; see `classify_registration_number`.

    Raises:
        TypeError: not text.
        ValueError: nothing but separators, longer than 32 characters or 64 bytes of UTF-8, or it holds control,
            bidirectional, invisible or private-use characters. The message does not repeat the plate.
    """
    return written.issued(text, _NAME)


class PlateForm(Enum):
    """The forms of Chinese plates that can be told apart by their characters (GA 36)."""

    ORDINARY = "ordinary"
    NEW_ENERGY_SMALL = "new-energy-small"
    NEW_ENERGY_LARGE = "new-energy-large"
    EMBASSY = "embassy"
    CONSULATE = "consulate"
    HONG_KONG = "hong-kong"
    MACAO = "macao"
    DRIVING_SCHOOL = "driving-school"
    POLICE = "police"
    TRAILER = "trailer"
    TEMPORARY = "temporary"
    EMERGENCY = "emergency"
    CIVIL_AVIATION = "civil-aviation"
    ARMED_POLICE = "armed-police"
    MILITARY = "military"


class PlateNote(Enum):
    """What deserves a second look about a plate's form. Never a reason to doubt a signature."""

    UNRECOGNISED_FORM = "unrecognised-form"
    PLATE_TYPE_CONTRADICTS_FORM = "plate-type-contradicts-form"


@attrs.frozen(kw_only=True)
class ClassifiedRegistrationNumber:
    """What the characters of a plate suggest. Advisory only.

    Attributes:
        form: the form recognised; `None` where none was, or where this version knows no forms of the country.
        notes: what deserves a second look; empty for most plates.
    """

    form: PlateForm | None = None
    notes: tuple[PlateNote, ...] = ()


def classify_registration_number(
    text: str, country: str, plate_type: int | None = None
) -> ClassifiedRegistrationNumber:
    """Which form a plate has, and whether that form contradicts its plate type (GA/T 16.7). Advisory: it gates nothing.

    Only China's forms are known, loosely, from GA 36; of any other country nothing is said. Not checked: whether an
    authority exists, or a serial was ever given out.

    Args:
        text: the plate, however written.
        country: ISO 3166-1 alpha-2.
        plate_type: 号牌种类, where known.
    """
    if country != "CN":
        return ClassifiedRegistrationNumber()
    found = _cn_forms().fullmatch(written.normalise(text))
    form = PlateForm[found.lastgroup] if found and found.lastgroup else None
    if plate_type is not None and form not in _FORMS_OF_PLATE_TYPE.get(plate_type, {form}):
        note = PlateNote.PLATE_TYPE_CONTRADICTS_FORM if form else PlateNote.UNRECOGNISED_FORM
        return ClassifiedRegistrationNumber(form=form, notes=(note,))
    if plate_type is None and form is None:
        return ClassifiedRegistrationNumber(notes=(PlateNote.UNRECOGNISED_FORM,))
    return ClassifiedRegistrationNumber(form=form)


_P: Final = f"[{''.join(PROVINCES)}]"
_S: Final = "[A-HJ-NP-Z0-9]"  # a serial holds neither I nor O
_E: Final = "[A-HJK]"  # D A B C E: battery-electric, F G H J K: other new energy; D and F alone until about 2021
_CN_PATTERNS: Final = {
    PlateForm.HONG_KONG: f"粤Z{_S}{{4,5}}港",
    PlateForm.MACAO: f"粤Z{_S}{{4,5}}澳",
    PlateForm.DRIVING_SCHOOL: f"{_P}[A-Z]{_S}{{4}}学",
    PlateForm.POLICE: f"{_P}[A-Z]{_S}{{4}}警",
    PlateForm.TRAILER: f"{_P}[A-Z]{_S}{{4}}挂",
    PlateForm.EMBASSY: r"[0-9]{6}使|使[0-9]{6}",
    PlateForm.CONSULATE: f"{_P}[A-Z0-9][0-9]{{4}}领|领[0-9]{{6}}",
    PlateForm.EMERGENCY: f"{_P}[A-Z]{_S}{{3,5}}应急",
    PlateForm.CIVIL_AVIATION: f"民航{_S}{{4,5}}",
    PlateForm.TEMPORARY: f"{_P}[A-Z](?:临{_S}{{4,6}}|{_S}{{4,6}}[临试超])",
    PlateForm.ARMED_POLICE: f"WJ{_P}?{_S}{{5}}",
    PlateForm.MILITARY: r"[A-Z]{2}[0-9]{5}",
    PlateForm.NEW_ENERGY_SMALL: f"{_P}[A-Z]{_E}{_S}[0-9]{{4}}",
    PlateForm.NEW_ENERGY_LARGE: f"{_P}[A-Z][0-9]{{5}}{_E}",
    PlateForm.ORDINARY: f"{_P}[A-Z]{_S}{{5}}",
}

_ORDINARY: Final = frozenset({PlateForm.ORDINARY})
_ABROAD: Final = frozenset({PlateForm.ORDINARY, PlateForm.HONG_KONG, PlateForm.MACAO})
_FORMS_OF_PLATE_TYPE: Final = MappingProxyType(
    dict.fromkeys((7, 8, 13), _ORDINARY)
    | dict.fromkeys((1, 2), _ORDINARY | {PlateForm.EMERGENCY, PlateForm.CIVIL_AVIATION})
    | dict.fromkeys((5, 6, 11, 12), _ABROAD)
    | dict.fromkeys((3, 9), frozenset({PlateForm.EMBASSY}))
    | dict.fromkeys((4, 10), frozenset({PlateForm.CONSULATE}))
    | dict.fromkeys((16, 17), frozenset({PlateForm.DRIVING_SCHOOL}))
    | dict.fromkeys((20, 21, 22), frozenset({PlateForm.TEMPORARY}))
    | dict.fromkeys((23, 24), frozenset({PlateForm.POLICE, PlateForm.ORDINARY}))  # 京O plates are ordinary ones
    | {
        15: frozenset({PlateForm.TRAILER}),
        26: frozenset({PlateForm.HONG_KONG}),
        27: frozenset({PlateForm.MACAO}),
        31: frozenset({PlateForm.ARMED_POLICE}),
        32: frozenset({PlateForm.MILITARY}),
        51: frozenset({PlateForm.NEW_ENERGY_LARGE}),
        52: frozenset({PlateForm.NEW_ENERGY_SMALL}),
    }
)
"""Forms that a plate type goes with; a type that is not listed goes with any, recognised or not."""


@cache
def _cn_forms() -> re.Pattern[str]:
    """Every pattern as one, each a group named after its form; compiled when first asked for, as few processes do."""
    return re.compile("|".join(f"(?P<{form.name}>{pattern})" for form, pattern in _CN_PATTERNS.items()))


def _splits(groups: tuple[str, ...]) -> set[int]:
    return set(accumulate(map(len, groups[:-1])))
