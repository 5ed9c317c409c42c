"""The command's language: whatever command, whatever message, whichever way it was asked for."""

from __future__ import annotations

import ast
import re
import tomllib
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from certcore._cli import app, exit_codes
from certcore._cli.demo import scenario
from certcore._cli.settings import language

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.cli.conftest import Command

SOURCE = Path(app.__file__).parent
CHINESE: dict[str, str] = tomllib.loads((SOURCE / "settings" / "chinese.toml").read_text("utf-8"))
HAN = re.compile(r"[\u4e00-\u9fff]")
TRUST = ("--trust", "trust.cbor", "--root", "root.pub.pem")

WRONG: dict[str, tuple[str, ...]] = {
    "no such command": ("nonsense",),
    "no such option": ("verify", "--nonsense"),
    "no argument": ("show",),
    "one argument too many": ("keygen", "a", "b"),
    "no such choice": ("verify", "a", "--policy", "clams"),
    "no number": ("verify", "a", "--plate-type", "x"),
    "nobody trusted": ("verify", "valid.txt", "--as-of", "now"),
    "no day": ("verify", "valid.txt", "--as-of", "yesterday", *TRUST),
    "no file to verify": ("verify", "nothere.png", "--as-of", "now", *TRUST),
    "no trust list": ("verify", "valid.txt", "--as-of", "now", "--trust", "nothere", "--root", "root.pub.pem"),
    "another root": ("verify", "valid.txt", "--as-of", "now", "--trust", "trust.cbor", "--root", "stranger.pub.pem"),
    "nothing to scan": ("scan", "nothere.png"),
    "nothing to show": ("show", "nothere.txt"),
    "keys that are there": ("keygen", "issuer"),
    "no draft": ("trust", "add", "nothere.json", "--issuer", "CN"),
    "no list to show": ("trust", "show", "nothere.cbor"),
    "a folder that is not the demonstration's": ("demo", "--out", "."),
    "no register": ("status", "publish", "--db", "nothere.db", "--folder", "x", "--key", "issuer.key.pem"),
    "nothing to print": ("print", "nothere.txt", "--to", "a.html", *TRUST),
    "no evidence": ("evidence", "show", "nothere.vice"),
    "no snapshot": ("verify", "valid.txt", "--as-of", "now", *TRUST, "--snapshot", "nothere"),
    "no vehicle": ("vehicle", "--as-of", "now", *TRUST),
    "no settings": ("verify", "valid.txt", "--as-of", "now", "--config", "nothere.toml"),
    "no list to be fetched for": ("trust", "fetch", "https://trust.example/list"),
}
"""A wrong call for every command, by what is wrong with it."""


@pytest.mark.parametrize("how", ["option", "equals", "CERTCORE_LANG", "LANG", "LC_ALL", "file"])
@pytest.mark.parametrize("arguments", WRONG.values(), ids=WRONG)
def test_every_error_is_in_chinese(
    certcore: Command, monkeypatch: pytest.MonkeyPatch, arguments: tuple[str, ...], how: str
) -> None:
    """Usage, file and trust errors of every command, however the language was asked for."""
    options = {"option": ("--lang", "zh"), "equals": ("--lang=zh",)}.get(how, ())
    if options and arguments == ("nonsense",):
        pytest.skip("the option belongs to a command, and this one is none")
    if how == "file":
        Path("certcore.toml").write_text('language = "zh"\n', encoding="utf-8")
    elif not options:
        monkeypatch.setenv(how, "zh" if how == "CERTCORE_LANG" else "zh_CN.UTF-8")
    if how == "LC_ALL":
        monkeypatch.setenv("LANG", "en_US.UTF-8")
    if how == "file" and "--config" in arguments:
        pytest.skip("another file is named")

    found = certcore(*arguments, *options)

    assert found.exit_code in {exit_codes.ERROR, exit_codes.UNDETERMINED}, found.output
    last = [line for line in found.output.splitlines() if line.startswith("certcore: ")] or [found.output]
    assert HAN.search(last[-1]), found.output


@pytest.mark.parametrize(
    ("variables", "expected"),
    [
        ({}, "en"),
        ({"LANG": "C.UTF-8"}, "en"),
        ({"LANG": "zh_TW"}, "zh"),
        ({"LANG": "zh_CN.UTF-8", "LC_ALL": "C"}, "en"),
        ({"LANG": "en_GB", "LC_MESSAGES": "zh_CN.UTF-8"}, "zh"),
        ({"LC_ALL": "", "LANG": "ZH_cn"}, "zh"),
    ],
    ids=str,
)
def test_the_systems_variables(monkeypatch: pytest.MonkeyPatch, variables: dict[str, str], expected: str) -> None:
    """LC_ALL before LC_MESSAGES before LANG, as everywhere."""
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    assert expected == language.of_system()


def test_an_option_outweighs_all(certcore: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    """Who types a language gets it."""
    monkeypatch.setenv("LC_ALL", "zh_CN.UTF-8")
    assert not HAN.search(certcore("show", "nothere.txt", "--lang", "en").stderr)


# --- the catalogue

MODULES = sorted(path for path in SOURCE.rglob("*.py") if path.stem != "__init__")
LIBRARY = sorted(
    path for path in SOURCE.parent.rglob("*.py") if not {"_cli", "testing", "signals"} & {*path.parts, path.stem}
)
MOST_ENGLISH = 20
"""Messages of the library that may wait for their Chinese; the command's own may not."""


def messages(path: Path, *, is_library: bool = False) -> Iterator[str]:
    """What a module says or raises, with {} for what is filled in; of the library, what has a code."""
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        text = None
        if isinstance(node, ast.Call):
            called = ast.unparse(node.func)
            if called in {"terminal.say", "click.UsageError", "click.BadParameter", "click.ClickException"}:
                text = template(node.args[0])
            elif called in {"malformed", "json_input.malformed", "_bad"}:
                text = template(node.args[-1])
            elif called.endswith("Error") and len(node.args) > 1:
                text = template(node.args[1])
        elif not is_library and isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "msg":
            text = template(node.value)
        if text and re.search(r"[a-z]{3}", text.replace("certcore: ", "")):
            yield text


def template(node: ast.expr) -> str | None:
    """A text, with {} for each part that is not written there."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return node.value
    if isinstance(node, ast.JoinedStr):
        return "".join(str(part.value) if isinstance(part, ast.Constant) else "{}" for part in node.values)
    return None


@pytest.mark.parametrize("path", MODULES, ids=[path.relative_to(SOURCE).as_posix() for path in MODULES])
def test_every_message_has_its_chinese(path: Path) -> None:
    """Whatever a command says, somebody has translated."""
    missing = [text for text in messages(path) if language.translated(text, "zh") == text]
    assert [] == missing


def test_what_the_library_says_has_its_chinese() -> None:
    """The second line of an error, too, which is the library's own message."""
    found = {text for path in LIBRARY for text in messages(path, is_library=True)}
    missing = sorted(text for text in found if language.translated(text, "zh") == text)
    assert len(found) > 250
    assert len(missing) <= MOST_ENGLISH, missing


@pytest.mark.parametrize("said", ["a whole number is expected", "bytes that are no text in their encoding"])
def test_a_place_stays_before_what_is_said_of_it(said: str) -> None:
    """Of a row, a field or a file; what nobody has translated stays as it is, with its place."""
    chinese = CHINESE[said]
    assert f"row 1：a.csv：plate_type：{chinese}" == language.translated(f"row 1: a.csv: plate_type: {said}", "zh")
    assert "row 1: plate_type: nonsense" == language.translated("row 1: plate_type: nonsense", "zh")


def test_what_the_demonstration_asks_about_has_its_chinese() -> None:
    """Every picture's question has words of its own."""
    asked = {question[0] for question in scenario()["questions"]}
    assert set() == asked - CHINESE.keys()


def test_the_catalogue_keeps_every_gap() -> None:
    """What is filled in is filled in in Chinese, too."""
    assert [] == [english for english, chinese in CHINESE.items() if english.count("{}") != chinese.count("{}")]


def test_names_in_gaps_stay_as_they_are() -> None:
    """A name is put in unchanged, whatever is in it."""
    told = language.translated(r"a{}b\1.txt: there is a folder of this name", "zh")
    assert r"a{}b\1.txt：已有同名文件夹" == told


# --- what to do fits the situation


ASK = ("verify", "valid.txt", "--as-of", "now")
OTHER_ROOT = ("--root", "stranger.pub.pem")


@pytest.mark.parametrize(
    ("arguments", "said", "unsaid"),
    [
        (("status", "init", "--db", "valid.txt", "--issuer", "CN"), "", "--force"),
        (("status", "init", "--db", "no/where.db", "--issuer", "CN"), "there is no such folder", "hand out"),
        (("demo", "--out", "."), "Give another name", "--force"),
        (("keygen", "issuer"), "--force overwrites it", "Give another name"),
        ((*ASK, "--trust", "draft.json", "--root", "root.pub.pem"), "draft.json: it is JSON", "fetch it again"),
        ((*ASK, "--trust", "trust.cbor", *OTHER_ROOT), "trust.cbor: ", "from its publisher"),
        ((*ASK, *TRUST, "--snapshot", "trust.cbor"), "snapshot make", "forged"),
        ((*ASK, *TRUST, "--as-of", "28.11.2026"), "write a day, like 2027-09-30", "[input"),
        ((*ASK, *TRUST, "--as-of", "yesterday"), "or 'now', or 'today'", "[input"),
        ((*ASK, *TRUST, "--known-at", "2099-01-01T00:00Z"), "--known-at lies in the future", " known_at"),
        (("verify", "https://x.example/a.png", "--as-of", "now", *TRUST), "this is an address", "No such file"),
        (("scan", "https://x.example/a.png"), "this is an address", "No such file"),
    ],
)
def test_advice_fits_the_situation(certcore: Command, arguments: tuple[str, ...], said: str, unsaid: str) -> None:
    """And not only the code."""
    Path("draft.json").write_text('{"environment": "test"}', encoding="utf-8")
    found = certcore(*arguments)
    assert (exit_codes.ERROR, True, False) == (found.exit_code, said in found.output, unsaid in found.stderr), (
        found.output
    )
