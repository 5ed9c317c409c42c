"""What Sphinx needs to know of certcore to build the site from `docs`, as an extension of it (`docs/conf.py`).

- The reference of Python names comes from `__all__` and the docstrings: a page says which modules it shows.
- The side bar comes from the lists of `docs/index.md` and the pages like it, so that a page is sorted in one place.
- A link that leaves `docs` leads to the file in the repository.
- A code has an anchor that does not change: `reference/reasons.html#CODE`.

Nothing is fetched: the standard library's names are looked up in the Python that builds the site.
"""

from __future__ import annotations

import ast
import importlib
import inspect
import pkgutil
import posixpath
import re
import sys
from collections.abc import Iterator
from enum import Enum
from functools import cache
from pathlib import Path
from types import FunctionType, ModuleType
from typing import Any, Final

import attrs
from docutils import nodes
from sphinx import addnodes
from sphinx.application import Sphinx
from sphinx.environment import BuildEnvironment
from sphinx.errors import ExtensionError
from sphinx.ext.napoleon import Config, GoogleDocstring
from sphinx.util import inspect as sphinx_inspect

import certcore
from certcore import _forks
from certcore.reasons import REASONS, _addresses
from certcore.reasons._meaning import CAUSE, causes

LISTS: Final = frozenset({"index", "zh/index", "adr/README", "reference/api/README"})
"""The pages whose lists of links are the side bar."""

_PUBLIC: Final = re.compile(r"^```\{public\} (?P<module>[\w.]+)\n```$", re.MULTILINE)
_LINK: Final = re.compile(r"(?<=\]\()(?P<target>\.{0,2}/?[^)\s:#]+)(?P<fragment>#[^)\s]*)?(?=\))")
_CODE_SPAN: Final = re.compile(r"(?<![`:\w])`(?P<text>[^`<>]+)`(?!`|_)")
_GOOGLE: Final = Config(napoleon_numpy_docstring=False, napoleon_attr_annotations=True)
_FACTORY: Final[object] = attrs.Factory
"""A class at run time, and a function to type checkers."""

_CONSTANT: Final = re.compile(r"(?<== )_?[A-Z][A-Z0-9_]{2,}\b(?![.(])")

_SEE: Final = re.compile(r"; see `(?P<name>[\w.]+)`(?: for the attributes)?(?=\.)")
_ANCHOR: Final = re.compile(r'<a id="(?P<id>[a-z0-9-]+)">(?:</a>)?')


# --- the public names -------------------------------------------------------------------------------------------------


@attrs.frozen
class Place:
    """Where a public name is promised first.

    Attributes:
        module: of the shortest import path; the front door goes before all others.
        name: within it.
    """

    module: str
    name: str

    def __str__(self) -> str:
        return f"{self.module}.{self.name}"


def public_modules() -> Iterator[ModuleType]:
    """Every module without a private part in its name, those nearest the front door first."""
    names = [found.name for found in pkgutil.walk_packages(certcore.__path__, "certcore.") if "._" not in found.name]
    for name in sorted(["certcore", *names], key=lambda name: (name.count("."), name)):
        yield importlib.import_module(name)


@cache
def places() -> dict[tuple[str, int], Place]:
    """Each promised object, by name and identity, with the place under which it is documented."""
    found: dict[tuple[str, int], Place] = {}
    for module in public_modules():
        for name in getattr(module, "__all__", ()):
            value = getattr(module, name)
            if not isinstance(value, ModuleType):
                found.setdefault((name, id(value)), Place(module.__name__, name))
    return found


@cache
def known() -> dict[str, str]:
    """What a docstring may call a promised thing, to its whole name: alone, with its module, or with a member of it."""
    found = {module.__name__: module.__name__ for module in public_modules()}
    for module in public_modules():
        for name in getattr(module, "__all__", ()):
            value = getattr(module, name)
            if isinstance(value, ModuleType):
                continue
            whole = str(places()[name, id(value)])
            found[f"{module.__name__}.{name}"] = whole
            if name.isupper():
                found.setdefault(name, whole)
            if isinstance(value, type):
                found.setdefault(name, whole)
                found |= {f"{name}.{key}": f"{whole}.{key}" for key, member in _methods(value)}
    return found


def _methods(kind: type) -> Iterator[tuple[str, object]]:
    for key, member in inspect.getmembers_static(kind):
        if not key.startswith("_") and isinstance(member, FunctionType | property | classmethod | staticmethod):
            yield key, member


# --- the reference ----------------------------------------------------------------------------------------------------


def shown(module: ModuleType) -> str:
    """What a page says about a module: its purpose, its own names, and those that are documented elsewhere."""
    own: list[tuple[Place, Any]] = []
    others: list[tuple[Place, Any]] = []
    for name in getattr(module, "__all__", ()):
        value = getattr(module, name)
        if isinstance(value, ModuleType):
            continue
        place = places()[name, id(value)]
        (own if place.module == module.__name__ else others).append((place, value))
    text = f"## {module.__name__}\n\n```{{eval-rst}}\n.. automodule:: {module.__name__}\n   :no-members:\n\n"
    text += "".join(_directive(place, value) for place, value in own)
    text += "```\n"
    if others:
        text += f"\nAlso here: {', '.join(f'{{py:obj}}`~{place}`' for place, _ in others)}.\n"
    return text


def _directive(place: Place, value: Any) -> str:  # noqa: ANN401  whatever a module promises
    kind, options = "data", []
    if isinstance(value, type):
        kind, options = "class", ["members"]
        if issubclass(value, BaseException):
            kind = "exception"
        elif issubclass(value, Enum) and "Attributes:" not in (value.__doc__ or ""):
            options.append("undoc-members")
        elif any(base.__name__.startswith("_") for base in value.__mro__):
            options.append("inherited-members")
    elif isinstance(value, FunctionType):
        kind = "function"
    else:
        options.append("no-value")
    return f".. auto{kind}:: {place}\n" + "".join(f"   :{option}:\n" for option in options) + "\n"


def mend_docstring(app: Sphinx, what: str, name: str, value: object, options: object, lines: list[str]) -> None:
    """A docstring in reStructuredText: a single backtick marks a promised name, which becomes a link, or code."""
    for at, line in enumerate(lines):
        told = _SEE.search(line)
        if told is not None and told["name"] not in known():
            lines[at] = line.replace(told[0], "", 1)
            lines += _sections(told["name"], value)
            break
    if what != "property":  # whose sentence before a colon would be taken for its type
        lines[:] = GoogleDocstring(lines, _GOOGLE, app, what, name, value, options).lines()
    if what == "module" and "" in lines:  # what follows is for those who work on it
        del lines[lines.index("") :]
    lines[:] = [_CODE_SPAN.sub(_linked, line) for line in lines]


def _sections(name: str, value: object) -> list[str]:
    """What the docstring that another one names says of attributes, errors and those arguments that both take."""
    place, _, member = name.rpartition(".")
    module = importlib.import_module(place or str(getattr(value, "__module__", "")))
    lines = (inspect.getdoc(getattr(module, member)) or "").splitlines()
    begin = next(at for at, line in enumerate(lines) if line in {"Args:", "Attributes:", "Raises:"})
    taken = inspect.signature(value).parameters if isinstance(value, FunctionType) else None
    said = [(line, re.match(r" {4}(?P<name>[a-z_]+): ", line)) for line in lines[begin:]]
    return ["", *(line for line, one in said if taken is None or one is None or one["name"] in taken)]


def mend_signature(*event: Any) -> tuple[str, str] | None:  # noqa: ANN401  as Sphinx calls it
    """A signature that says what a default is, in place of its name, and the type of everything that attrs takes.

    A protocol and an enum have none: they are not called.
    """
    value, signature, returned = event[3], event[5], event[6]
    if signature is None:
        return None
    if isinstance(value, type) and (getattr(value, "_is_protocol", False) or issubclass(value, Enum)):
        return "", returned
    maker: Any = inspect.getattr_static(value, "__init__") if isinstance(value, type) else value
    if attrs.has(value) and "attrs generated" in maker.__code__.co_filename:
        return _taken_by(value), returned
    return _CONSTANT.sub(lambda match: written(maker.__module__, match[0]) or match[0], signature), returned


def _taken_by(kind: type[attrs.AttrsInstance]) -> str:
    """What a class of attrs is made of; a converter hides a type, and a factory its default."""
    fields = {field.alias: field for field in attrs.fields(kind)}
    found = sphinx_inspect.signature(kind.__init__, bound_method=True)
    taken = [
        one.replace(
            annotation=fields[name].type if one.annotation is one.empty else one.annotation,
            default=one.empty if one.default is one.empty else _Word(_default(fields[name].default)),
        )
        for name, one in found.parameters.items()
    ]
    whole = found.replace(parameters=taken, return_annotation=found.empty)
    return str(sphinx_inspect.stringify_signature(whole, unqualified_typehints=True))


class _Word(str):
    """What stands for a default in a signature."""

    __slots__ = ()

    def __repr__(self) -> str:
        return str(self)


def _default(value: object) -> str:
    if type(value) is _FACTORY:
        return "..."
    if isinstance(value, Enum):
        return f"{type(value).__name__}.{value.name}"
    if isinstance(value, frozenset):  # whose order differs from build to build
        return f"frozenset({sorted(value)})"
    return getattr(value, "__name__", repr(value))


@cache
def written(module: str, name: str) -> str | None:
    """A constant's value as its module writes it, `timedelta(seconds=10)`; none for a name that is promised."""
    if name in {promised for promised, _ in places()}:
        return None
    source = inspect.getsource(importlib.import_module(module))
    for node in ast.parse(source).body:
        if isinstance(node, ast.AnnAssign) and node.value and ast.unparse(node.target) == name:
            return ast.unparse(node.value)
        if isinstance(node, ast.ImportFrom) and node.module and name in {alias.name for alias in node.names}:
            return written(node.module, name)
    return None


def leave_out(*event: Any) -> bool | None:  # noqa: ANN401  as Sphinx calls it
    """Whether a member is for certcore alone: what it calls in a process that was forked."""
    return True if event[2] in vars(_forks.Forked) else None


def _linked(match: re.Match[str]) -> str:
    text = match["text"]
    return f":py:obj:`{text} <{known()[text]}>`" if text in known() else f"``{text}``"


def resolve(app: Sphinx, _: BuildEnvironment, node: addnodes.pending_xref, shown_as: nodes.TextElement) -> Any:  # noqa: ANN401  a node of docutils, or None
    """What a type that no page describes becomes: a link where it is Python's own, words where it is not promised."""
    if node.get("refdomain") != "py":
        return None
    target = str(node["reftarget"])
    if "." not in target and target not in known():
        target = imported().get(target, target)
    if (whole := known().get(target)) is not None and whole != target:
        found = app.env.domains.python_domain.resolve_xref(
            app.env, node["refdoc"], app.builder, "obj", whole, node, shown_as
        )
        if found is not None:
            return found
    module = _exists(target)
    if module is None:
        return None
    if module.partition(".")[0] not in sys.stdlib_module_names:
        return shown_as
    page = "stdtypes" if module == "builtins" else module
    uri = f"https://docs.python.org/3/library/{page}.html#{target}"
    return nodes.reference("", "", shown_as, internal=False, refuri=uri)


@cache
def imported() -> dict[str, str]:
    """The whole names of what certcore's modules call by a short one, in annotations alone as well."""
    found: dict[str, str] = {}
    source = Path(certcore.__file__).parent
    for file in sorted(source.rglob("*.py")):
        module = ".".join(file.relative_to(source.parent).with_suffix("").parts)
        for node in ast.walk(ast.parse(file.read_text("utf-8"))):
            if isinstance(node, ast.ImportFrom):
                found |= {alias.asname or alias.name: f"{node.module}.{alias.name}" for alias in node.names}
            elif isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
                found.setdefault(node.targets[0].id, f"{module}.{node.targets[0].id}")
    return found


def _exists(target: str) -> str | None:
    """The module that a dotted name is in, if there is such a thing."""
    module, _, name = target.rpartition(".")
    try:
        found = importlib.import_module(module or "builtins")
    except ImportError:
        return None
    return found.__name__ if hasattr(found, name) else None


def check_names(app: Sphinx, error: Exception | None) -> None:
    """Fail when a promised name is on no page."""
    if error is None and app.builder.name == "html":
        objects = app.env.domains.python_domain.objects
        missing = sorted(str(place) for place in places().values() if str(place) not in objects)
        if missing:
            raise ExtensionError(f"on no page of docs/reference/api: {', '.join(missing)}")


def check_codes(app: Sphinx, error: Exception | None) -> None:
    """Fail when an address that a message gives leads nowhere on the built site."""
    if error is None and app.builder.name == "html":
        built = (Path(app.outdir) / _addresses.PATH).read_text("utf-8")
        if dead := dead_anchors(built):
            raise ExtensionError(f"without an anchor in {_addresses.PATH}: {', '.join(dead)}")


def dead_anchors(built: str) -> list[str]:
    """The codes and causes whose words have no anchor, or several, on a built page."""
    wanted = [*REASONS, *(f"{CAUSE}{cause}" for cause in causes())]
    return [anchor for anchor in wanted if built.count(f' id="{anchor}"') != 1]


# --- the pages --------------------------------------------------------------------------------------------------------


def read_page(app: Sphinx, name: str, source: list[str]) -> None:
    """A page as Sphinx takes it."""
    text = _PUBLIC.sub(lambda match: shown(importlib.import_module(match["module"])), source[0])
    if name in LISTS:
        text += side_bar(text, posixpath.dirname(name))
    source[0] = _LINK.sub(lambda match: _inside(match, posixpath.dirname(name), app.config.site_source), text)


def _inside(match: re.Match[str], folder: str, home: str) -> str:
    target = posixpath.normpath(posixpath.join("docs", folder, match["target"]))
    is_taken_along = target.startswith("docs/") or target.endswith(".svg")  # pictures are copied
    return match[0] if is_taken_along else f"{home}/blob/main/{target}{match['fragment'] or ''}"


def side_bar(text: str, folder: str) -> str:
    """The pages that a list links to, as the side bar's parts: one for each heading, each page at its first mention.

    A list sorts the pages of its own folder, and of those below.
    """
    seen: set[str] = set()
    made = ""
    for part in re.split(r"^##? ", text, flags=re.MULTILINE):
        caption, _, body = part.partition("\n")
        pages = []
        for match in _LINK.finditer(body):
            target = posixpath.normpath(posixpath.join("docs", folder, match["target"]))
            inside = target.startswith(posixpath.join("docs", folder, ""))
            if target.endswith(".md") and inside and target not in seen and not match["fragment"]:
                seen.add(target)
                pages.append("/" + target.removeprefix("docs/").removesuffix(".md"))
        if pages:
            made += f"\n```{{toctree}}\n:hidden:\n:caption: {caption}\n\n" + "\n".join(pages) + "\n```\n"
    return made


def mark_anchors(_: Sphinx, doctree: nodes.document) -> None:
    """An anchor written in HTML, which GitHub understands as well, becomes one that links are checked against."""
    for raw in list(doctree.findall(nodes.raw)):
        match = _ANCHOR.fullmatch(raw.astext())
        if match is not None:
            target = nodes.target("", "", ids=[match["id"]], names=[match["id"]])
            doctree.note_explicit_target(target)
            raw.replace_self(target)
        elif raw.astext() == "</a>":
            raw.parent.remove(raw)


def say_language(_: Sphinx, page: str, __: str, context: dict[str, Any], ___: object) -> None:
    """Browsers and screen readers learn that a page is Chinese."""
    if page.startswith("zh/"):
        context["language"] = "zh-CN"


def setup(app: Sphinx) -> dict[str, bool]:
    """Tell Sphinx what is here."""
    app.add_config_value("site_source", "", "env")
    app.connect("source-read", read_page)
    app.connect("doctree-read", mark_anchors)
    app.connect("autodoc-process-docstring", mend_docstring)
    app.connect("autodoc-process-signature", mend_signature)
    app.connect("autodoc-skip-member", leave_out)
    app.connect("missing-reference", resolve)
    app.connect("html-page-context", say_language)
    app.connect("build-finished", check_names)
    app.connect("build-finished", check_codes)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
