"""The documentation is true: its code runs and prints what it says, its commands work, its tables and links hold."""

from __future__ import annotations

import codeop
import importlib.util
import os
import re
import runpy
import shlex
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from contextlib import redirect_stdout
from io import StringIO
from pathlib import Path
from types import ModuleType
from typing import Final

import attrs
import pytest

import certcore
from certcore import armor, cose, errors, payload, qr, verdict
from certcore.payload import Basis
from certcore.policy import Need
from certcore.reasons import REASONS
from certcore.reasons._meaning import causes

ROOT: Final = Path(__file__).parent.parent
PAGES: Final = [
    ROOT / "README.md",
    ROOT / "CHANGELOG.md",
    ROOT / "CONTRIBUTING.md",
    *sorted((ROOT / "docs").rglob("*.md")),
    ROOT / "docs" / "llms.txt",
]
EXAMPLES: Final = sorted((ROOT / "examples").glob("*.py"))
HAS_COMMAND: Final = importlib.util.find_spec("click") is not None and importlib.util.find_spec("rich") is not None

_FENCE: Final = re.compile(r"^(?P<fence>`{3,})(?P<info>[^`\n]*)\n(?P<body>.*?)^(?P=fence)$", re.MULTILINE | re.DOTALL)
_RUN: Final = re.compile(r"python|console(?: exits (?P<code>\d))?")
"""The kinds of block that are run; the last command of a console's exits with 0, unless it says with what."""

_LINK: Final = re.compile(r"(?<!!)\[[^\]]*\]\((?P<target>[^)\s]+)\)")
_CODE_WORD: Final = re.compile(r"`(?P<word>[a-z]+(?:-[a-z]+)+)`")
_NOT_RUN: Final = re.compile(r"python not-run: \S")
"""How a block that must not run is marked: with the reason why."""

NEEDED: Final = {
    "docs/deploy.md": ("opentelemetry.sdk",),
    "docs/log-and-measure.md": ("opentelemetry",),
    "docs/verify-in-spark-duckdb-polars.md": ("pyarrow", "duckdb", "polars"),
}
"""Libraries of others that a page uses."""

_OTHER_WORDS: Final = frozenset(
    {
        *(member.value for kind in (Basis, Need, verdict.AxisState) for member in kind),
        "structured-append",  # a kind of symbol
        "zxing-cpp",  # a decoder
        "pillow-heif",  # a library
    }
)
"""Words with a hyphen that are no codes."""


@attrs.frozen
class Block:
    """A fenced block of a page.

    Attributes:
        info: what stands behind the opening fence.
        body: what is between the fences.
        line: where the body begins, counted from 1.
    """

    info: str
    body: str
    line: int


def blocks(page: Path) -> list[Block]:
    """The fenced blocks of a page, in order."""
    text = page.read_text("utf-8")
    return [
        Block(found["info"].strip(), found["body"], text.count("\n", 0, found.start("body")) + 1)
        for found in _FENCE.finditer(text)
    ]


def with_output(page: Path) -> Iterator[tuple[Block, str | None]]:
    """The blocks that are run, each with the output that the page shows right behind it, if any."""
    found = blocks(page)
    for block, following in zip(found, [*found[1:], None], strict=True):
        if is_run(block):
            shown = following.body if following is not None and following.info == "text output" else None
            yield block, shown


def is_run(block: Block) -> bool:
    """Whether a block is run."""
    return _RUN.fullmatch(block.info) is not None


def name(path: Path) -> str:
    """A path as the tests are called."""
    return path.relative_to(ROOT).as_posix()


def environment() -> dict[str, str]:
    """The environment for a process that imports the same certcore."""
    return {**os.environ, "PYTHONPATH": str(Path(certcore.__file__).parents[1]), "PYTHONIOENCODING": "utf-8"}


def expanded(word: str, folder: Path) -> list[str]:
    """A word of a command as a shell takes it: the files whose names fit its asterisk, itself where there are none."""
    found = [path.relative_to(folder).as_posix() for path in folder.glob(word)] if "*" in word else []
    return sorted(found) or [word]


@pytest.mark.parametrize("page", [page for page in PAGES if any(map(is_run, blocks(page)))], ids=name)
def test_pages_work_as_they_stand(page: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A page's blocks run in their order in one empty folder, and print what the page says they print."""
    monkeypatch.chdir(tmp_path)
    module = ModuleType("documentation")
    monkeypatch.setitem(sys.modules, module.__name__, module)
    if not HAS_COMMAND and any(block.info.startswith("console") for block in blocks(page)):
        pytest.skip("click or rich is missing: the cli extra is not installed")

    for library in NEEDED.get(name(page), ()):
        pytest.importorskip(library, reason=f"{library} is not installed: the dependency group test has it")

    for block, shown in with_output(page):
        is_python = block.info == "python"
        printed = run_python(block, page, module) if is_python else run_commands(block, page, tmp_path)
        assert shown is None or shown == printed, f"{name(page)}, line {block.line}"


def run_python(block: Block, page: Path, module: ModuleType) -> str:
    """What a block prints; names go on from block to block."""
    printed = StringIO()
    code = compile("\n" * (block.line - 1) + block.body, str(page), "exec")
    with redirect_stdout(printed):
        exec(code, vars(module))  # noqa: S102  running the documentation's code is what this test is for
    return printed.getvalue()


def run_commands(block: Block, page: Path, folder: Path) -> str:
    """What the last command of a block prints; each must succeed, the last as the block says."""
    printed = ""
    lines = block.body.replace("\\\n", "").splitlines()
    last = _RUN.fullmatch(block.info)
    assert last is not None
    codes = [0] * (len(lines) - 1) + [int(last["code"] or 0)]
    for line, code in zip(lines, codes, strict=True):
        assert line.startswith("$ certcore "), f"{name(page)}, line {block.line}: not a certcore command"
        words = [found for word in shlex.split(line)[2:] for found in expanded(word, folder)]
        command = [sys.executable, "-m", "certcore.cli", *words]
        done = subprocess.run(
            command, cwd=folder, env=environment(), capture_output=True, text=True, encoding="utf-8", check=False
        )
        assert code == done.returncode, f"{line}\n{done.stdout}{done.stderr}"
        printed = done.stdout
    return printed


@pytest.mark.parametrize("example", EXAMPLES, ids=name)
def test_examples(example: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every example runs as a program, in a folder of its own."""
    monkeypatch.chdir(tmp_path)
    with redirect_stdout(StringIO()):
        runpy.run_path(str(example), run_name="__main__")


@pytest.mark.parametrize("page", PAGES, ids=name)
def test_every_python_block_runs_or_says_why_not(page: Path) -> None:
    """No block of Python is left out without a reason, and none hides behind another spelling."""
    for block in blocks(page):
        if block.info.startswith(("py", "Py")):
            assert block.info == "python" or _NOT_RUN.match(block.info), f"{name(page)}, line {block.line}"


@pytest.mark.parametrize("page", PAGES, ids=name)
def test_every_python_block_pastes_into_a_prompt(page: Path) -> None:
    """Line by line, as Python 3.11's prompt takes it: an empty line alone ends a loop or a function."""
    for block in blocks(page):
        if block.info.startswith("python"):
            typed: list[str] = []
            for number, line in enumerate([*block.body.splitlines(), ""], start=block.line):
                typed.append(line)
                try:
                    whole = codeop.compile_command("\n".join(typed))
                except SyntaxError:
                    pytest.fail(f"{name(page)}, line {number}: a prompt takes no {line!r} here")
                typed = [] if whole else typed
            assert [] == typed, f"{name(page)}, line {block.line}: unfinished"


@pytest.mark.parametrize("page", PAGES, ids=name)
def test_output_follows_what_prints_it(page: Path) -> None:
    """Every shown output stands right behind the block that is compared with it."""
    before = ""
    for block in blocks(page):
        if block.info == "text output":
            assert _RUN.fullmatch(before), f"{name(page)}, line {block.line}"
        before = block.info


@pytest.mark.parametrize("page", PAGES, ids=name)
def test_links(page: Path) -> None:
    """Every relative link leads to a file that is there, and every fragment to a heading of this page or that."""
    text = _FENCE.sub("", page.read_text("utf-8"))
    for found in _LINK.finditer(text):
        target, _, fragment = found["target"].partition("#")
        if ":" in target:
            assert target.startswith("https://"), target
            continue
        path = (page.parent / target).resolve() if target else page
        assert path.exists(), f"{name(page)}: {target}"
        if fragment:
            assert fragment in anchors(path), f"{name(page)}: {found['target']}"


def test_readme_stands_alone() -> None:
    """The README is short, and its links work wherever it is shown: each is absolute, below the project's own home."""
    text = (ROOT / "README.md").read_text("utf-8")
    home = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]["urls"]["Source"]
    targets = [found[1] for found in re.finditer(r"\]\(([^)\s]+)\)", _FENCE.sub("", text))]
    places = [re.fullmatch(rf"{re.escape(home)}/(?:blob|raw)/main/([^#]+)", target) for target in targets]
    assert [] == [target for target, place in zip(targets, places, strict=True) if place is None]
    assert [] == [place[1] for place in places if place is not None and not (ROOT / place[1]).is_file()]
    assert 700 >= len(text.split())


def test_the_readme_begins_with_two_commands_and_a_block() -> None:
    """tools/first-verdict runs these three on a fresh Debian, and times them."""
    assert ["sh", "console", "python"] == [block.info for block in blocks(ROOT / "README.md")][:3]


def test_the_readme_shows_a_certificate() -> None:
    """The picture of a certificate in the README is one: its code is read, and says what stands beside it."""
    pytest.importorskip("zxingcpp", reason="zxing-cpp is not installed: the scan extra has it")
    (symbol,) = qr.read(ROOT / "docs" / "images" / "certificate.png")
    shown = payload.decode(cose.read_certificate(armor.decode(symbol.text)).unverified_payload)
    assert ("闽C12345", "LSVAA4181E2184211") == (shown.registration_number, shown.vin)


def anchors(page: Path) -> set[str]:
    """The fragments that a page's headings can be reached by, and those that it states."""
    text = _FENCE.sub("", page.read_text("utf-8"))
    headings = re.findall(r"^#+ (.+)$", text, re.MULTILINE)
    slugs = {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}
    return slugs | set(re.findall(r'<a id="([a-z0-9-]+)"></a>', text))


@pytest.mark.parametrize("page", PAGES, ids=name)
def test_codes(page: Path) -> None:
    """Every code that a page names is in the table of codes."""
    text = _FENCE.sub("", page.read_text("utf-8"))
    words = {found["word"] for found in _CODE_WORD.finditer(text)}
    assert set() == words - REASONS.keys() - causes().keys() - _OTHER_WORDS


def test_errors_are_documented() -> None:
    """The page of codes names every class of exception."""
    text = (ROOT / "docs" / "reference" / "reasons.md").read_text("utf-8")
    raised = [kind.__name__ for kind in vars(errors).values() if isinstance(kind, type) and issubclass(kind, Exception)]
    assert [] == [kind for kind in raised if f"`{kind}`" not in text]


@pytest.mark.parametrize("page", ["format.md", "trust-list.md"])
def test_fields_are_documented(page: str) -> None:
    """A page of the reference names every field of what it describes."""
    from certcore.payload import InspectionCertificate
    from certcore.trust import TrustedIssuer, TrustedKey, TrustListContents

    kinds: dict[str, tuple[type, ...]] = {
        "format.md": (InspectionCertificate,),
        "trust-list.md": (TrustListContents, TrustedIssuer, TrustedKey),
    }
    text = (ROOT / "docs" / "reference" / page).read_text("utf-8")
    fields = [field.name for kind in kinds[page] for field in attrs.fields(kind) if field.init]
    assert [] == [field for field in fields if f"`{field}`" not in text and not field.startswith("unknown_")]


@pytest.mark.slow
@pytest.mark.skipif(not HAS_COMMAND, reason="click or rich is missing: the cli extra is not installed")
def test_tables() -> None:
    """Every table that is made from the code is what the code makes now."""
    done = subprocess.run(
        [sys.executable, str(ROOT / "tools" / "tables.py"), "--check"],
        env=environment(),
        capture_output=True,
        text=True,
        encoding="utf-8",
        check=False,
    )
    assert (0, "") == (done.returncode, done.stderr)


def test_decisions_are_listed() -> None:
    """The index of decisions names every record, and each has a date and its four parts."""
    folder = ROOT / "docs" / "adr"
    index = (folder / "README.md").read_text("utf-8")
    records = sorted(folder.glob("[0-9]*.md"))
    assert list(range(1, len(records) + 1)) == [int(record.name[:4]) for record in records]
    for record in records:
        text = record.read_text("utf-8")
        assert f"({record.name})" in index
        assert re.search(r"^Date: \d{4}-\d\d-\d\d$", text, re.MULTILINE)
        headings = re.findall(r"^## (.+)$", text, re.MULTILINE)
        assert ["Context", "Decision", "Options considered", "Consequences"] == headings
