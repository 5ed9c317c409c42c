"""The one table of codes: what each means, its effect, and what to do next, in English and Chinese.

Codes are append-only from the first release: they are stored in claim files for ten years. Reasons of a verdict have
an axis and the effects they may have; error codes have neither and share the namespace. Sentences may be improved at
any time; nothing may depend on them. The rows are in `table.toml`; the words for each cause of `status-unavailable` are
in `causes.toml`.
"""

from __future__ import annotations

import pkgutil
import tomllib
from collections.abc import Mapping, Sequence
from enum import Enum
from functools import cache
from types import MappingProxyType
from typing import Any, Final

import attrs

from certcore.errors import Detail
from certcore.reasons._addresses import address

LANGUAGES: Final = ("en", "zh")


class Axis(Enum):
    """The five questions a verdict answers, in this order."""

    AUTHENTICITY = "authenticity"
    PERIOD = "period"
    STATUS = "status"
    BINDING = "binding"
    FRESHNESS = "freshness"


class Effect(Enum):
    """What a reason does to the outcome: any that fails makes it INVALID, else any that blocks UNDETERMINED."""

    FAILS = "fails"
    BLOCKS = "blocks"
    NOTES = "notes"


@attrs.frozen
class Words:
    """What a code means, and what the reader can do about it.

    Attributes:
        line: what it means.
        next_step: what to do next.
        anchor: where the page about codes says so.
    """

    line: str
    next_step: str
    anchor: str

    @property
    def url(self) -> str:
        """The address of these words in the documentation; a copy elsewhere is named by ``CERTCORE_DOCS``."""
        return address(self.anchor)


@attrs.frozen
class Meaning:
    """One row of the table.

    Attributes:
        axis: which question it is about; None for an error code.
        effects: the effects it may have; none for an error code.
        en: in English.
        zh: in Chinese.
    """

    axis: Axis | None
    effects: frozenset[Effect]
    en: Words
    zh: Words

    def words(self, lang: str) -> Words:
        """The words in a language, ``en`` or ``zh``.

        Raises:
            ValueError: for any other language.
        """
        if lang not in LANGUAGES:
            msg = f"the languages are {' and '.join(LANGUAGES)}"
            raise ValueError(msg)
        return self.zh if lang == "zh" else self.en


def _rows(name: str) -> Mapping[str, Mapping[str, Any]]:
    data = pkgutil.get_data("certcore.reasons", name)  # from a folder or from a zip file
    if data is None:  # pragma: no cover  only a loader that has no data files at all
        msg = f"certcore.reasons has lost its {name}"
        raise ImportError(msg)
    return tomllib.loads(data.decode())


def _words(row: Sequence[str], anchor: str) -> Words:
    line, next_step = row
    return Words(line, next_step, anchor)


_ROWS: Final = _rows("table.toml")

REASONS: Final[Mapping[str, Meaning]] = MappingProxyType(
    {
        code: Meaning(
            Axis(row["axis"]) if "axis" in row else None,
            frozenset(map(Effect, row.get("effects", ()))),
            _words(row["en"], code),
            _words(row["zh"], code),
        )
        for code, row in _ROWS.items()
    }
)
"""Code to meaning."""

_AXIS_OF: Final = {code: meaning.axis for code, meaning in REASONS.items() if meaning.axis is not None}


@attrs.frozen
class Reason:
    """One thing that bears on the outcome of a verdict.

    Attributes:
        code: what, stable from the first release.
        axis: which question it is about.
        effect: what it does to the outcome.
        detail: small facts, never a registration number or a VIN.
    """

    code: str
    axis: Axis
    effect: Effect
    detail: Detail = ()


def fails(code: str, **detail: str | int) -> Reason:
    """A reason that makes the outcome INVALID."""
    return Reason(code, _AXIS_OF[code], Effect.FAILS, tuple(sorted(detail.items())))


def blocks(code: str, **detail: str | int) -> Reason:
    """A reason that makes the outcome UNDETERMINED, unless another fails."""
    return Reason(code, _AXIS_OF[code], Effect.BLOCKS, tuple(sorted(detail.items())))


def notes(code: str, **detail: str | int) -> Reason:
    """A reason that leaves the outcome as it is."""
    return Reason(code, _AXIS_OF[code], Effect.NOTES, tuple(sorted(detail.items())))


def explain(code: str, *, lang: str = "en") -> Words:
    """What a code means, in a language.

    Raises:
        KeyError: for a code that is not in the table.
        ValueError: for a language other than ``en`` and ``zh``.

    Example:
        >>> explain("plate-mismatch", lang="zh").line
        '凭证的号牌号码与所查车辆不符。'
    """
    return REASONS[code].words(lang)


CAUSE: Final = "cause-"
"""How the anchors of causes begin: they share a page with the codes."""

_ABOUT_VEHICLE: Final = {"en": "About the vehicle itself: ", "zh": "关于车辆本身："}


@cache
def causes() -> Mapping[str, Mapping[str, Any]]:
    """The rows of `causes.toml`, read when first used."""
    return _rows("causes.toml")


def cause_words(cause: str, *, lang: str = "en") -> Words:
    """What a cause of ``status-unavailable`` means; `KeyError` for one that is not in the table."""
    return _words(causes()[cause][lang], f"{CAUSE}{cause}")


def words_of(reason: Reason, *, lang: str = "en", is_about_vehicle: bool = False) -> Words:
    """What a reason means where it stands: by its cause, and by whether it is said of a vehicle.

    Args:
        reason: the reason.
        lang: ``en`` or ``zh``.
        is_about_vehicle: whether all is about a vehicle; otherwise the reason's detail says whether it is.

    Raises:
        ValueError: for another language.
    """
    words, row, detail = explain(reason.code, lang=lang), _ROWS[reason.code], dict(reason.detail)
    cause = detail.get("cause")
    if reason.code == "status-unavailable" and isinstance(cause, str) and cause in causes():
        row = causes()[cause]
        words = cause_words(cause, lang=lang)
    if not is_about_vehicle and detail.get("subject") != "vehicle":
        return words
    if "vehicle" in row:
        return _words(row["vehicle"][lang], words.anchor)
    if is_about_vehicle or reason.code.startswith("vehicle-answer-"):  # which say so themselves
        return words
    return attrs.evolve(words, line=_ABOUT_VEHICLE[lang] + words.line)
