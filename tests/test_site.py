"""The documentation site is whole: every page has its place, every name and code an address, every drawing its source.

`make docs` builds it; here stands what can be said without building it.
"""

from __future__ import annotations

import ast
import doctest
import importlib
import importlib.util
import inspect
import re
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest

from certcore import LocalSigner, Outcome, Policy, Signer, Verifier
from certcore.reasons import REASONS
from certcore.reasons._meaning import causes
from certcore.status import SnapshotStatusBackend, StatusEventKind
from certcore.testing import StatusBackendContract
from certcore.trust import TrustedKey, TrustListContents

ROOT: Final = Path(__file__).parents[1]
DOCS: Final = ROOT / "docs"
CODES: Final = (DOCS / "reference" / "reasons.md").read_text("utf-8")
HAS_SPHINX: Final = importlib.util.find_spec("sphinx") is not None and importlib.util.find_spec("docutils") is not None
HAS_COMMAND: Final = importlib.util.find_spec("click") is not None and importlib.util.find_spec("rich") is not None

_PYTHON: Final = re.compile(r"^```python\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_PUBLIC: Final = re.compile(r"^```\{public\} ([\w.]+)$", re.MULTILINE)
_ELSEWHERE: Final = frozenset(
    {
        "NNNN-title.md",  # what a new record is called
        "status_list_cwt.md",  # examples of the status list's draft, outside vectors
        "status_list_jwt_raw.md",
        "referenced_token_cwt.md",
    }
)
_DOCUMENT: Final = re.compile(r"[\w./-]*\w\.md\b")


@pytest.mark.skipif(not HAS_SPHINX, reason="Sphinx is not installed: the dependency group docs has it")
def test_every_page_is_sorted() -> None:
    """A list that makes the side bar names each page, once."""
    from tools import site

    bars = "".join(
        site.side_bar((DOCS / f"{name}.md").read_text("utf-8"), name.rpartition("/")[0]) for name in site.LISTS
    )
    found = re.findall(r"^/(.+)$", bars, re.MULTILINE)
    pages = {path.relative_to(DOCS).with_suffix("").as_posix() for path in DOCS.rglob("*.md")} - {"index"}
    assert sorted(pages) == sorted(found)


@pytest.mark.skipif(not HAS_SPHINX, reason="Sphinx is not installed: the dependency group docs has it")
def test_every_module_is_in_the_reference() -> None:
    """A page shows each module that promises a name, once."""
    from tools import site

    shown = [
        name for path in (DOCS / "reference" / "api").glob("*.md") for name in _PUBLIC.findall(path.read_text("utf-8"))
    ]
    assert sorted(module.__name__ for module in site.public_modules() if getattr(module, "__all__", ())) == sorted(
        shown
    )


@pytest.mark.skipif(not HAS_SPHINX, reason="Sphinx is not installed: the dependency group docs has it")
@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("`Verifier` and `x.y`", ":py:obj:`Verifier <certcore.Verifier>` and ``x.y``"),
        ("``code`` stays", "``code`` stays"),
        ("`certcore.verify.Verifier`", ":py:obj:`certcore.verify.Verifier <certcore.Verifier>`"),
    ],
    ids=["a name and a code", "a literal", "a longer path"],
)  # fmt: skip
def test_docstrings_link_to_promised_names(written: str, read: str) -> None:
    """A single backtick is a link where it names something that is promised, and code elsewhere."""
    from tools import site

    lines = [written]
    site.mend_docstring(None, "property", "", None, None, lines)
    assert [read] == lines


@pytest.mark.skipif(not HAS_SPHINX, reason="Sphinx is not installed: the dependency group docs has it")
@pytest.mark.parametrize(
    ("value", "written", "read"),
    [
        (Verifier.verify_image, "(*, deadline = IMAGE_DEADLINE)", "(*, deadline = timedelta(seconds=10))"),
        (LocalSigner.generate, "(algorithm = ES256)", "(algorithm = ES256)"),
        (Policy, "(*, stop_flags = NOTHING)", "stop_flags: ~collections.abc.Iterable[str] = frozenset(['C', 'E', "),
        (SnapshotStatusBackend, "(*, at_most = DEFAULT_MAX_LIST_BYTES)", "(*, at_most = 16 << 20)"),
        (TrustedKey, "(*, usage)", ", usage: KeyUsage, "),
        (TrustedKey, "(*, key_ids = NOTHING)", ", key_ids: ~collections.abc.Iterable[bytes] = ..., "),
        (TrustListContents, "(*, environment = <Environment: 'test'>)", " = Environment.PRODUCTION, "),
        (Signer, "(*args, **kwargs)", ""),
        (Outcome, "(value)", ""),
    ],
    ids=[
        "a span of time",
        "a promised name",
        "a set",
        "a size",
        "a type",
        "a factory",
        "a member",
        "a protocol",
        "an enum",
    ],
)
def test_a_signature_says_what_is_taken(value: object, written: str, read: str) -> None:
    """A default has its value, whatever attrs takes has its type, and what is not called has no arguments."""
    from tools import site

    mended = site.mend_signature(None, "class", "", value, None, written, "")
    assert mended is not None
    assert read in mended[0]
    assert bool(read) == bool(mended[0])


@pytest.mark.skipif(not HAS_SPHINX, reason="Sphinx is not installed: the dependency group docs has it")
def test_a_docstring_that_sends_elsewhere_says_it_itself() -> None:
    """What is in no reference is told where it is named: the arguments, attributes and errors of another docstring."""
    from tools import site

    lines = ["A contract; see `Promises` for the attributes. And so on."]
    site.mend_docstring(None, "class", "", StatusBackendContract, None, lines)
    assert "A contract. And so on." == lines[0]
    assert ".. attribute:: resolution" in lines


@pytest.mark.skipif(not HAS_SPHINX, reason="Sphinx is not installed: the dependency group docs has it")
def test_the_reference_names_no_constant_that_it_does_not_show() -> None:
    """A promised docstring states a limit or a set as a value, not by the name of a constant."""
    from tools import site

    documented = [
        (place, getattr(importlib.import_module(place.module), place.name)) for place in site.places().values()
    ]
    members = [
        (f"{place}.{key}", member)
        for place, kind in documented
        if isinstance(kind, type)
        for key, member in site._methods(kind)
    ]
    named = {
        f"{place}: {word}"
        for place, value in [*documented, *members]
        if callable(value) or isinstance(value, property | classmethod | staticmethod)
        for word in re.findall(r"`([A-Z][A-Z0-9_]{3,})`", inspect.getdoc(value) or "")
        if word not in site.known() and not word.startswith("CERTCORE_") and word not in StatusEventKind.__members__
    }
    assert set() == named


@pytest.mark.skipif(not HAS_SPHINX, reason="Sphinx is not installed: the dependency group docs has it")
def test_what_a_fork_calls_is_not_in_the_reference() -> None:
    """A member that certcore's own hook calls is no promise."""
    from tools import site

    assert site.leave_out(None, "class", "begin_in_child", None, None, None) is True
    assert site.leave_out(None, "class", "lookup", None, None, None) is None


@pytest.mark.parametrize("module", ["certcore.reasons._meaning", "certcore.vocabulary._plates"])
def test_examples_in_docstrings(module: str) -> None:
    """An example gives the answer that stands below it."""
    done = doctest.testmod(importlib.import_module(module))
    assert (0, True) == (done.failed, done.attempted > 0)


@pytest.mark.source
def test_every_example_in_a_docstring_is_run() -> None:
    """No docstring has an example that the test above leaves out."""
    source = ROOT / "src"
    found = [path for path in source.rglob("*.py") if ">>> " in path.read_text("utf-8")]
    assert ["_meaning.py", "_plates.py"] == sorted(path.name for path in found)


def test_every_code_has_an_anchor() -> None:
    """What links to a code finds it, as long as the code is there; and no anchor stands twice."""
    anchors = re.findall(r'<a id="([a-z0-9-]+)"></a>', CODES)
    assert len(anchors) == len(set(anchors))
    assert {*REASONS, *(f"cause-{cause}" for cause in causes())} == set(anchors)


@pytest.mark.skipif(not HAS_SPHINX, reason="Sphinx is not installed: the dependency group docs has it")
def test_the_build_fails_where_a_link_of_a_message_is_dead() -> None:
    """An anchor that is missing from the built page, or stands there twice, ends `make docs`."""
    from tools import site

    built = "".join(f'<span id="{anchor}"></span>' for anchor in re.findall(r'<a id="([a-z0-9-]+)"></a>', CODES))
    assert [] == site.dead_anchors(built)
    assert ["malformed"] == site.dead_anchors(built.replace('id="malformed"', ""))
    assert ["cause-dns"] == site.dead_anchors(f'{built}<i id="cause-dns">')


@pytest.mark.skipif(not HAS_COMMAND, reason="click or rich is missing: the cli extra is not installed")
def test_the_diagrams_show_what_is() -> None:
    """Each drawing is what its source makes now."""
    from tools import diagrams

    assert {} == {
        name: "run tools/diagrams.py"
        for name, draw in diagrams.DIAGRAMS.items()
        if draw() != (diagrams.IMAGES / name).read_text("utf-8")
    }


def test_the_chinese_tutorial_is_the_english_one() -> None:
    """Both have the same code, but for the language of the words."""
    english, chinese = ((DOCS / page).read_text("utf-8") for page in ("tutorial.md", "zh/tutorial.md"))
    assert [block.replace("explain()", 'explain(lang="zh")') for block in _PYTHON.findall(english)] == _PYTHON.findall(
        chinese
    )


def test_the_chinese_glossary_has_every_word() -> None:
    """Both glossaries have the same words, with the same Chinese for each."""
    english = {word: chinese or word for word, chinese in _columns("reference/glossary.md", 1, 2)}
    chinese = {word: chinese for chinese, word in _columns("zh/glossary.md", 1, 2)}
    assert english == chinese


def _columns(page: str, *numbers: int) -> Iterator[tuple[str, ...]]:
    rows = [line.split("|") for line in (DOCS / page).read_text("utf-8").splitlines() if line.startswith("| ")]
    return (tuple(row[number].strip() for number in numbers) for row in rows[2:])


def test_llms_txt_leads_to_files_that_are_there() -> None:
    """Its links work wherever it is read: each is absolute, below the project's own home."""
    home = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]["urls"]["Source"]
    targets = re.findall(r"\]\(([^)\s]+)\)", (DOCS / "llms.txt").read_text("utf-8"))
    places = [target.removeprefix(f"{home}/blob/main/") for target in targets]
    assert [] == [place for place in places if not (ROOT / place).is_file()]


def test_no_file_names_a_document_that_is_not_there() -> None:
    """Every page in Markdown that a page, a docstring or a test mentions is a file of this repository."""
    folders = [ROOT / name for name in ("docs", "src", "tests", "tools", "examples", "benchmarks")]
    paths = [path for folder in folders for path in folder.rglob("*") if "node_modules" not in path.parts]
    paths += list(ROOT.glob("*.md"))
    there = {path.name for path in paths}
    missing = [
        f"{path.relative_to(ROOT)}: {word}"
        for path in paths
        if path.suffix in {".py", ".md", ".toml", ".js", ".mjs", ".html"} and path != Path(__file__)
        for word in _DOCUMENT.findall(path.read_text("utf-8"))
        if word.rpartition("/")[2] not in there | _ELSEWHERE
    ]
    assert [] == missing


@pytest.mark.source
def test_no_file_names_a_place_that_is_not_there() -> None:
    """A file or a test of this repository that a page, a docstring or a test names by its path is there."""
    roots = ["docs", "src", "tests", "tools", "examples", "benchmarks", "security"]
    place = re.compile(
        rf"(?<![\w/.-])(?P<path>(?:{'|'.join(roots)})/[\w./-]*\.(?:py|md|mjs|json|js|toml)\b)(?:::(?P<test>\w+))?"
    )
    files = [path for name in roots for path in (ROOT / name).rglob("*") if "node_modules" not in path.parts]
    files += ROOT.glob("*.*")
    missing = [
        f"{path.relative_to(ROOT)}: {found[0]}"
        for path in files
        if path.suffix in {".py", ".md", ".toml", ".js", ".mjs", ".html", ".css"} and path != Path(__file__)
        for found in place.finditer(path.read_text("utf-8"))
        if not (ROOT / found["path"]).is_file()
        or (found["test"] and f"def {found['test']}(" not in (ROOT / found["path"]).read_text("utf-8"))
    ]
    assert [] == missing


@pytest.mark.source
def test_no_message_sends_a_reader_into_a_checkout() -> None:
    """Whoever has the wheel has no folder `docs`: what a message says of a page is an address."""
    found = [
        f"{path.relative_to(ROOT)}: {word}"
        for path in sorted((ROOT / "src").rglob("*"))
        if path.suffix in {".py", ".toml"}
        for word in _messages(path)
        if re.search(r"(?<![\w/])docs/[\w./-]+\.md", word)
    ]
    assert [] == found


def _messages(path: Path) -> Iterator[str]:
    """The strings of a file, without docstrings and comments."""
    text = path.read_text("utf-8")
    if path.suffix == ".toml":
        yield from (line for line in text.splitlines() if not line.startswith("#"))
        return
    tree = ast.parse(text)
    alone = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in alone:
            yield node.value
