"""The table of codes: complete, in two languages, and as the design states it."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import pytest

import certcore
from certcore import errors, reasons
from certcore.reasons import REASONS, Axis, Effect
from certcore.reasons._meaning import LANGUAGES, Meaning, Words, blocks, causes, words_of
from certcore.status._url_policy import CAUSES

SOURCE = Path(certcore.__file__).parent

# The reasons of the first table, one row an axis. A code that the policy may turn
# from blocking into noting (marked ¹ there) stands in both columns.
DESIGN: dict[Axis, dict[Effect, str]] = {
    Axis.AUTHENTICITY: {
        Effect.FAILS: "malformed too-new signature-invalid key-unknown key-usage key-scope key-window key-compromised"
        " issuer-mismatch",
        Effect.BLOCKS: "no-certificate foreign-format several-certificates key-unknown key-compromised-unproven",
        Effect.NOTES: "test-environment",
    },
    Axis.PERIOD: {
        Effect.FAILS: "expired-on-date not-yet-valid-on-date result-not-pass",
        Effect.BLOCKS: "period-changed-on-date issued-in-future code-unknown",
        Effect.NOTES: "issued-after-event code-unknown chassis-check-digit",
    },
    Axis.STATUS: {
        Effect.FAILS: "revoked-before-event void-from-start suspended-then superseded-by-then vehicle-stopped",
        Effect.BLOCKS: "revocation-effect-unknown status-gap status-unknown-reference status-unavailable"
        " status-not-checked as-of-unsupported status-not-covered status-in-future status-backend-error"
        " status-changed-on-date status-contradicts-certificate",
        Effect.NOTES: "revoked-after-event vehicle-caution status-unavailable status-not-checked",
    },
    Axis.BINDING: {
        Effect.FAILS: "plate-mismatch country-mismatch plate-type-mismatch vin-mismatch cloned-plate",
        Effect.BLOCKS: "binding-not-given binding-not-readable",
        Effect.NOTES: "binding-not-checked",
    },
    Axis.FRESHNESS: {
        Effect.BLOCKS: "status-stale trust-list-stale presentation-expired",
        Effect.NOTES: "checked-offline",
    },
}
ROWS = [(axis, effect, code) for axis, row in DESIGN.items() for effect, codes in row.items() for code in codes.split()]


@pytest.mark.parametrize(("axis", "effect", "code"), ROWS)
def test_the_design_s_reasons(axis: Axis, effect: Effect, code: str) -> None:
    """Every code of the design is there, on its axis, and may have its effect."""
    assert axis is REASONS[code].axis
    assert effect in REASONS[code].effects


@pytest.mark.parametrize("code", REASONS)
def test_form_of_codes(code: str) -> None:
    """A code is lower-case words with hyphens: safe in a log, a URL and a database."""
    assert re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", code)


@pytest.mark.parametrize(("code", "meaning"), REASONS.items())
def test_words_in_both_languages(code: str, meaning: Meaning) -> None:
    """Each code has a line and a next step, in English without Chinese and in Chinese with it."""
    for words in (meaning.en, meaning.zh):
        assert words.line.strip(), code
        assert words.next_step.strip(), code
    for text in (meaning.en.line, meaning.en.next_step):
        assert text.isascii()
    for text in (meaning.zh.line, meaning.zh.next_step):
        assert re.search("[\u4e00-\u9fff]", text)


@pytest.mark.parametrize("meaning", REASONS.values(), ids=list(REASONS))
def test_reasons_and_errors_are_told_apart(meaning: Meaning) -> None:
    """A reason has an axis and at least one effect; an error code has neither."""
    assert (meaning.axis is None) == (not meaning.effects)


def test_no_two_codes_say_the_same() -> None:
    """A line stands for one code, in either language."""
    for language in LANGUAGES:
        lines = [meaning.words(language).line for meaning in REASONS.values()]
        assert len(set(lines)) == len(lines)


def test_reasons_stand_first() -> None:
    """The table lists reasons before error codes."""
    are_errors = [meaning.axis is None for meaning in REASONS.values()]

    assert sorted(are_errors) == are_errors


def test_the_table_cannot_be_changed() -> None:
    """Nobody can add a code at run time."""
    with pytest.raises(TypeError):
        REASONS["new"] = REASONS["malformed"]  # type: ignore[index]  # the mistake under test


def test_explain() -> None:
    """A code is explained in English unless asked otherwise."""
    assert REASONS["malformed"].en == reasons.explain("malformed")
    assert REASONS["malformed"].zh == reasons.explain("malformed", lang="zh")
    assert isinstance(reasons.explain("malformed"), Words)


def test_explain_what_is_not_there() -> None:
    """An unknown code is a KeyError, a language that is not spoken a ValueError."""
    with pytest.raises(KeyError):
        reasons.explain("no-such-code")
    with pytest.raises(ValueError, match="en and zh"):
        reasons.explain("malformed", lang="de")


def test_axes_in_the_order_they_are_judged() -> None:
    """Authenticity comes first: without it nothing else is said."""
    assert ["authenticity", "period", "status", "binding", "freshness"] == [axis.value for axis in Axis]
    assert ["fails", "blocks", "notes"] == [effect.value for effect in Effect]


def error_names() -> frozenset[str]:
    """The names of the classes that take a code."""
    return frozenset(
        name
        for name, found in vars(errors).items()
        if isinstance(found, type) and issubclass(found, errors.CertcoreError)
    )


def literals(node: ast.expr) -> Iterator[str]:
    """The text that an expression may be: a literal, or either branch of a conditional one."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        yield node.value
    elif isinstance(node, ast.IfExp):
        yield from literals(node.body)
        yield from literals(node.orelse)


def codes_raised() -> set[tuple[str, str]]:
    """Every literal code that is given to an error class, with the file it stands in."""
    names = error_names()
    found: set[tuple[str, str]] = set()
    for path in sorted(SOURCE.rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and node.args:
                name = node.func.id if isinstance(node.func, ast.Name) else getattr(node.func, "attr", "")
                if name in names:
                    found |= {(path.relative_to(SOURCE).as_posix(), code) for code in literals(node.args[0])}
    return found


def test_every_code_that_is_raised_is_in_the_table() -> None:
    """No error is raised with a code that nobody can look up."""
    raised = codes_raised()

    assert len(raised) > 20
    assert set() == {(path, code) for path, code in raised if code not in REASONS}


# --- the words for a cause


@pytest.mark.parametrize(
    ("cause", "row"),
    [(cause, words) for cause, row in causes().items() for words in (row, row.get("vehicle")) if words is not None],
)
def test_words_for_causes(cause: str, row: Mapping[str, Sequence[str]]) -> None:
    """Each cause has a line and a next step in both languages."""
    (line, step), (line_zh, step_zh) = row["en"], row["zh"]

    assert line.isascii(), cause
    assert step.isascii(), cause
    assert re.search("[\u4e00-\u9fff]", line_zh), cause
    assert re.search("[\u4e00-\u9fff]", step_zh), cause


def test_no_two_causes_say_the_same() -> None:
    """A line stands for one cause, and for no code."""
    for lang in LANGUAGES:
        lines = [words[lang][0] for row in causes().values() for words in (row, row.get("vehicle")) if words]
        assert len({*lines} - {meaning.words(lang).line for meaning in REASONS.values()}) == len(lines)


def test_every_cause_has_words() -> None:
    """What the network code may tell, and nothing else, has words."""
    assert CAUSES == causes().keys()


@pytest.mark.parametrize("is_about_vehicle", [False, True])
@pytest.mark.parametrize("lang", LANGUAGES)
def test_a_cause_is_told_where_it_stands(lang: str, *, is_about_vehicle: bool) -> None:
    """A missing answer reads by its cause, beside a certificate and for a vehicle alone; an unknown cause as none."""
    plain = words_of(blocks("status-unavailable"), lang=lang)
    for cause in causes():
        for subject in ({}, {"subject": "vehicle"}):
            told = words_of(blocks("status-unavailable", cause=cause, **subject), lang=lang)
            assert plain.next_step != told.next_step or plain.line != told.line
    unknown = blocks("status-unavailable", cause="sunspots")
    assert plain == words_of(unknown, lang=lang, is_about_vehicle=is_about_vehicle)
    refused = words_of(blocks("status-unavailable", cause="http-403"), lang=lang, is_about_vehicle=is_about_vehicle)
    assert ("token" in refused.line or "令牌" in refused.line) == is_about_vehicle
