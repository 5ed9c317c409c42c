"""The layout's rules, held by walking the imports of every module."""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Final

import pytest

pytestmark = pytest.mark.source

SOURCE = Path(__file__).parent.parent / "src" / "certcore"

FLOORS: tuple[tuple[str, ...], ...] = (
    ("errors",),
    (
        "reasons",
        "vocabulary",
        "_cbor",
        "armor",
        "_instants",
        "_clock",
        "_files",
        "_extras",
        "_forks",
        "_escaping",
        "_sqlite",
        "_base64url",
        "_json",
        "_urls",
    ),
    ("keys", "events"),
    ("_encrypt0", "_cose_headers", "_maps"),
    ("cose", "certificate._values", "certificate._forms", "proofs.timestamps"),
    ("certificate._claims", "certificate._usual", "certificate"),
    ("payload",),
    ("certificate.confidential", "certificate.labels", "certificate._json", "status.protocol", "qr"),
    ("printing", "status._states"),
    (
        "qr.document",
        "trust",
        "status._facts",
        "status._inflate",
        "status._signed",
        "status._url_policy",
        "status._cache_file",
    ),
    (
        "policy",
        "status.timeline",
        "proofs.receipts",
        "status.eventlist",
        "status.vehicledoc",
        "status._keys",
        "status.http._failures",
        "status.http._budget",
        "status.http._folder",
        "status.http._workers",
    ),
    (
        "engine._period",
        "engine._question",
        "engine._binding",
        "engine._flags",
        "engine._freshness",
        "engine._moment",
        "proofs.existence",
        "proofs",
        "status.tokenlist",
    ),
    ("verdict", "_image_texts"),
    ("engine.certificate", "_live", "status._documents", "events._verdicts"),
    ("engine.vehicle", "engine"),
    ("evidence",),
    ("issue", "status", "status.memory", "status.snapshot", "status.http._fetch"),
    ("status.http._store", "status.http._settings", "status.http._intake"),
    ("status.http._flows",),
    ("status.http._prefetch", "status.http._wire"),
    ("verify", "signals", "status.http._trust_list", "status.http._backend"),
    ("status.http.backends",),
    ("status.http",),
    ("register._store", "register.access", "register.audit"),
    ("register._publication", "register.openapi"),
    ("register.publish",),
    ("register.log",),
    ("register._routes",),
    ("register.service",),
    ("testing", "register", "bulk"),
    ("_cli.exit_codes", "_cli.decorators", "_cli.input"),
    ("_cli.settings",),
    ("_cli.output", "_cli.network"),
    ("_cli.keys", "_cli.groups"),
    ("_cli.options",),
    ("_cli.verify", "_cli.evidence", "_cli.printing"),
    ("_cli.register", "_cli.trust"),
    ("_cli.issue",),
    ("_cli.demo", "_cli.doctor", "_cli.app", "_cli"),
    ("cli",),
)
"""From the ground up. A module imports only from floors below its own, or from its own package."""

WHEN_CALLED = {("verdict", "evidence"), ("_cli.settings.configuration", "_cli.output.terminal")}
"""The exceptions, imported when called: `Verdict.evidence`, and what the command says of its settings."""

ONE_IMPORTER = {
    "cbor2": {"_cbor"},
    "pycose": {"cose"},
    "segno": {"qr._write"},
    "pypdfium2": {"qr._pdf"},
    "pillow_heif": {"qr._heic"},
    "fpdf": {"printing._pdf"},
    "fontTools": {"printing._fonts"},
    "pyzbar": {"qr._decoders"},
    "zxingcpp": {"qr._decoders"},
    "cryptography": {"keys", "proofs.timestamps"},
    "rfc3161_client": {"proofs.timestamps"},
    "click": {"_cli"},
    "rich": {"_cli"},
    "httpx2": {"status.http._wire"},
    "httpcore2": {"status.http._wire"},
    "sqlalchemy": {"register"},
    "starlette": {"register"},
    "uvicorn": {"_cli.register.server"},
    "h11": {"_cli.register.server"},
    "anyio": {"register"},
    "tzdata": {"_instants"},
    "PyInstaller": {"_pyinstaller"},
    "pyarrow": {"bulk", "_cli.input.tables"},
    "pyspark": {"bulk.spark"},
    "opentelemetry": {"events.otel"},
}
"""Third-party packages that only certain modules may import."""

NETWORK = {"socket", "ssl", "http", "urllib.request", "httpx", "httpx2", "requests", "asyncio"}

NETWORKED = {
    "status.http._wire": NETWORK,
    "status.http.backends": {"asyncio"},
    "verify": {"asyncio"},
    "testing.async_contract": {"asyncio"},
}
"""Where connections are opened, and where an event loop is needed for somebody else's."""

CLOCK_READERS = {"_clock", "_cli", "status.http._flows"}
"""Where a clock may be asked: behind an injectable one, and in the command."""

MAX_LINES = 500


@cache
def modules() -> tuple[tuple[str, Path, ast.Module], ...]:
    """Every module: its name below certcore, its file and its syntax tree."""
    found = []
    for path in sorted(SOURCE.rglob("*.py")):
        parts = path.relative_to(SOURCE).with_suffix("").parts
        name = ".".join(part for part in parts if part != "__init__")
        found.append((name, path, ast.parse(path.read_text(encoding="utf-8"))))
    return tuple(found)


def imports(tree: ast.Module, *, type_checking: bool = False) -> Iterator[str]:
    """The full names that a module imports, at any depth; those under TYPE_CHECKING only where asked for."""
    skipped = {
        node
        for guard in ast.walk(tree)
        if isinstance(guard, ast.If) and isinstance(guard.test, ast.Name) and guard.test.id == "TYPE_CHECKING"
        for statement in guard.body
        for node in ast.walk(statement)
    }
    for node in ast.walk(tree):
        if node in skipped and not type_checking:
            continue
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            assert node.level == 0, "imports are written in full"
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def room(name: str) -> str:
    """The longest prefix of a module's name that has a floor."""
    found = [member for members in FLOORS for member in members if name == member or name.startswith(f"{member}.")]
    assert found, f"{name} has no floor: add it to FLOORS, and to the picture in the docs"
    return max(found, key=len)


def floor(name: str) -> int:
    """On which floor a module lives."""
    return next(height for height, members in enumerate(FLOORS) if room(name) in members)


def own_module(imported: str) -> str | None:
    """The certcore module that an imported name belongs to, without ``certcore.``."""
    if not imported.startswith("certcore."):
        return None
    known = {name for name, _, _ in modules()}
    parts = imported.removeprefix("certcore.").split(".")
    while parts and ".".join(parts) not in known:
        parts.pop()
    return ".".join(parts) or None


ALL = [pytest.param(name, tree, id=name or "certcore") for name, _, tree in modules()]


@pytest.mark.parametrize(("name", "tree"), ALL)
def test_lower_never_imports_higher(name: str, tree: ast.Module) -> None:
    """A module imports from lower floors, or from its own package; front doors import nothing by themselves."""
    if not name or name == "status":
        assert [] == [own for imported in imports(tree) if (own := own_module(imported))]
        return
    package = name.split(".", maxsplit=1)[0]
    for imported in imports(tree):
        own = own_module(imported)
        if own is None or own == name or own.split(".")[0] == package or (name, own) in WHEN_CALLED:
            continue
        assert floor(own) < floor(name), f"{name} imports {own}"


@pytest.mark.parametrize(("name", "tree"), ALL)
def test_rooms_of_a_package_keep_their_order(name: str, tree: ast.Module) -> None:
    """Within the packages that are divided into rooms, too, lower never imports higher."""
    package = name.split(".", maxsplit=1)[0]
    if package in {"status", "register", "_cli"} and name != "status":
        for imported in imports(tree):
            own = own_module(imported)
            if own is None or own.split(".")[0] != package or (name, own) in WHEN_CALLED or room(own) == room(name):
                continue
            assert floor(own) < floor(name), f"{name} imports {own}"


@pytest.mark.parametrize(("name", "tree"), ALL)
def test_third_parties_have_one_door(name: str, tree: ast.Module) -> None:
    """Each third-party package is imported where the design says, and nowhere else."""
    for imported in imports(tree, type_checking=True):
        allowed = ONE_IMPORTER.get(imported.split(".")[0])
        if allowed is not None:
            assert name in allowed or name.split(".", maxsplit=1)[0] in allowed, f"{name} imports {imported}"


FREE: Final = {"attr", "attrs", "numpy", "PIL"}
"""Third-party packages that any module may import."""


@pytest.mark.parametrize(("name", "tree"), ALL)
def test_every_library_has_its_importers(name: str, tree: ast.Module) -> None:
    """A library that is new here gets a row in ONE_IMPORTER, which says who may import it."""
    known = {*ONE_IMPORTER, *FREE, "certcore", *sys.stdlib_module_names}
    assert set() == {imported.split(".")[0] for imported in imports(tree)} - known, name


@pytest.mark.parametrize(("name", "tree"), ALL)
def test_no_network_code(name: str, tree: ast.Module) -> None:
    """Only the HTTP backend's wire opens connections; nothing else can be made to."""
    allowed = NETWORKED.get(name, set())
    reached = {imported for imported in imports(tree) for banned in NETWORK if f"{imported}.".startswith(f"{banned}.")}
    assert set() == {found for found in reached if not any(f"{found}.".startswith(f"{one}.") for one in allowed)}, name


@pytest.mark.parametrize(("name", "tree"), ALL)
def test_pure_modules_read_no_clock(name: str, tree: ast.Module) -> None:
    """``now``, ``today`` and ``time.time`` are called only behind the injectable clocks."""
    if name in CLOCK_READERS or name.split(".", maxsplit=1)[0] in CLOCK_READERS:
        return
    calls = {
        node.func.attr for node in ast.walk(tree) if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)
    }
    assert set() == calls & {"now", "utcnow", "today", "time", "time_ns", "monotonic"}, name


@pytest.mark.parametrize("path", [pytest.param(path, id=name or "certcore") for name, path, _ in modules()])
def test_files_stay_small(path: Path) -> None:
    """No file grows into a cupboard: what has more than one reason to exist is divided."""
    lines = len(path.read_text(encoding="utf-8").splitlines())
    assert lines <= MAX_LINES, f"{path.name} has {lines} lines"


def test_no_file_is_a_drawer() -> None:
    """Names say what lives there: no utils, helpers, common, base or manager."""
    drawers = {"utils", "util", "helpers", "helper", "common", "base", "manager", "misc"}
    assert set() == {part for name, _, _ in modules() for part in name.split(".")} & drawers


def test_todo_markers_have_an_issue() -> None:
    """Nothing is left for later without saying where that is written down."""
    marked = [path.name for _, path, _ in modules() if "TODO" in path.read_text(encoding="utf-8")]
    assert [] == marked
