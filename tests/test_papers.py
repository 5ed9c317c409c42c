"""The papers that travel with certcore agree with what it installs: bill of materials, hashes, licences, wheel."""

from __future__ import annotations

import ast
import hashlib
import json
import os
import platform
import re
import shutil
import subprocess
import sys
import tarfile
import zipfile
from importlib.metadata import PackageNotFoundError, distribution, distributions
from pathlib import Path
from typing import Any, Final

import pytest
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name

import certcore
from tools import sbom

ROOT: Final = sbom.ROOT
DOCUMENT: Final[dict[str, Any]] = json.loads(sbom.SBOM.read_text("utf-8"))
COMPONENTS: Final = {found["name"]: found for found in DOCUMENT["components"]}
REFS: Final = {found["bom-ref"] for found in COMPONENTS.values()}
STALE: Final = "the papers are out of date: make papers"


def pins(name: str) -> dict[str, str]:
    """The versions that a file pins."""
    found = re.findall(r"^([A-Za-z0-9._-]+)==([^\s;\\]+)", (ROOT / name).read_text("utf-8"), re.MULTILINE)
    return {canonicalize_name(package): version for package, version in found}


def of(extra: str) -> set[str]:
    """Names of what an extra installs, by the bill of materials."""
    return {
        name for name, found in COMPONENTS.items() if {"name": "certcore:extra", "value": extra} in found["properties"]
    }


# --- licences


def needs_gpl(expression: str) -> bool:
    """Whether an SPDX expression leaves no way around the GPL or AGPL; GCC's exception for its libraries is one."""
    parts = re.split(r"\s+AND\s+", expression.replace("(", "").replace(")", ""))
    branches = [re.split(r"\s+OR\s+", part) for part in parts]
    return any(all(re.match(r"A?GPL-(?!.*WITH GCC-exception)", one) for one in part) for part in branches)


def under_gpl(extra: str) -> set[str]:
    """Packages of an extra that are under the GPL, or hold a library that is."""
    return {
        name
        for name in of(extra)
        for found in (COMPONENTS[name], *COMPONENTS[name].get("components", []))
        if needs_gpl(found["licenses"][0]["expression"])
    }


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("GPL-2.0-or-later", True),
        ("AGPL-3.0-only", True),
        ("MIT AND GPL-3.0-only", True),
        ("GPL-2.0-only OR AGPL-3.0-only", True),
        ("LGPL-3.0-only", False),
        ("FTL OR GPL-2.0-or-later", False),
        ("GPL-3.0-or-later WITH GCC-exception-3.1", False),
        ("(Apache-2.0 OR BSD-3-Clause) AND MIT", False),
    ],
)
def test_what_counts_as_gpl(expression: str, expected: bool) -> None:  # noqa: FBT001  a parameter of the test
    """A choice is no bond, and the LGPL is another licence."""
    assert expected == needs_gpl(expression)


@pytest.mark.parametrize("extra", sbom.extras())
def test_nothing_is_under_the_gpl_but_heic(extra: str) -> None:
    """pillow-heif's wheels hold libx265, and nobody gets them who did not ask for `heic` by name."""
    assert ({"pillow-heif"} if extra == "heic" else set()) == under_gpl(extra)


def test_all_is_every_extra_but_two() -> None:
    """A new extra is in `all`, or here and in the docs with the reason why not."""
    (entry,) = map(Requirement, sbom.extras()["all"])
    implied = {"register"} if "postgres" in entry.extras else set()
    assert sbom.extras().keys() - {sbom.CORE, "all"} == entry.extras | implied | {"heic", "spark"}


# --- the bill of materials


@pytest.mark.parametrize("extra", sbom.extras())
def test_what_an_extra_names_is_in_the_bill(extra: str) -> None:
    """Each requirement, of certcore or of an extra, has a component of a version that it allows."""
    for need in map(Requirement, sbom.extras()[extra]):
        if need.name == "certcore":
            assert all(of(other) <= of(extra) for other in need.extras), STALE
            continue
        name = canonicalize_name(need.name)
        assert name in of(extra), STALE
        assert COMPONENTS[name]["version"] in need.specifier, STALE


def test_the_bill_says_what_is_tested() -> None:
    """Its versions are those of constraints.txt, and no package is in it that no extra installs."""
    tested = pins("constraints.txt")
    assert {name: tested[name] for name in COMPONENTS} == {n: c["version"] for n, c in COMPONENTS.items()}, STALE
    assert set().union(*map(of, sbom.extras())) == COMPONENTS.keys()


def test_licences_and_libraries_are_those_of_the_packages_here() -> None:
    """Whatever is installed here in the bill's version has the licence and, on Linux, the libraries that it says."""
    found = 0
    for name, said in COMPONENTS.items():
        try:
            package = distribution(name)
        except PackageNotFoundError:
            continue
        if package.version == said["version"]:
            found += 1
            assert sbom.licence(package) == said["licenses"][0]["expression"]
            if (sys.platform, platform.machine()) == ("linux", "x86_64"):
                assert sbom.carried(package) == [inside["name"] for inside in said.get("components", [])]
    assert found > 0


def test_every_reference_leads_somewhere() -> None:
    """Dependencies and weaknesses name components that are there, and everything is reached from certcore."""
    own = DOCUMENT["metadata"]["component"]
    graph = {entry["ref"]: entry["dependsOn"] for entry in DOCUMENT["dependencies"]}
    assert graph.keys() == REFS | {own["bom-ref"]}
    assert certcore.__version__ == own["version"], STALE
    reached, left = set(), [own["bom-ref"]]
    while left:
        ref = left.pop()
        if ref not in reached:
            reached.add(ref)
            left += graph[ref]
    assert reached == graph.keys()
    assert all(entry["ref"] in REFS for found in DOCUMENT["vulnerabilities"] for entry in found["affects"])


def test_hashes_hold_what_all_installs() -> None:
    """Every package of `all`, in the tested version, with hashes and without the address of an index."""
    text = (ROOT / "hashes.txt").read_text("utf-8")
    held = pins("hashes.txt")
    wanted = of("all") | of(sbom.CORE)
    assert {name: COMPONENTS[name]["version"] for name in wanted}.items() <= held.items(), STALE
    assert set() == (COMPONENTS.keys() - wanted) & held.keys()
    assert "://" not in text
    for block in re.split(r"\n(?=[A-Za-z])", text.split("\n\n")[-1].strip()):
        assert re.search(r"--hash=sha256:[0-9a-f]{64}", block) or block.startswith("#"), block.splitlines()[0]


def test_pins_suit_the_first_python_that_certcore_takes() -> None:
    """Debian 12 has 3.11.2: a pin that asks for a later 3.11 would leave it without `make test`."""
    tested = pins("constraints.txt")
    asked = {
        one.name: one.metadata["Requires-Python"]
        for one in distributions()
        if "Requires-Python" in one.metadata and tested.get(canonicalize_name(one.name)) == one.version
    }
    assert asked
    assert {} == {name: said for name, said in asked.items() if "3.11.0" not in SpecifierSet(said)}


# --- weaknesses


def test_statements_about_weaknesses() -> None:
    """OpenVEX and the bill of materials say the same, and every test that they name exists."""
    statements = json.loads(sbom.VEX.read_text("utf-8"))["statements"]
    in_bill = {found["id"]: found["analysis"]["detail"] for found in DOCUMENT["vulnerabilities"]}
    assert in_bill == {said["vulnerability"]["name"]: said["impact_statement"] for said in statements}
    assert "CVE-2024-23342" in in_bill
    for statement in sbom.NOT_AFFECTED:
        named = re.findall(r"tests/[\w/]+\.py::\w+", in_bill[statement["id"]])
        assert named
        for test in named:
            path, function = test.split("::")
            tree = ast.parse((ROOT / path).read_text("utf-8"))
            assert function in {node.name for node in tree.body if isinstance(node, ast.FunctionDef)}


# --- what is built


def built(source: Path, to: Path, epoch: str | None = None) -> dict[str, bytes]:
    """A source distribution and a wheel, by file name."""
    kept = {name: value for name, value in os.environ.items() if name != "SOURCE_DATE_EPOCH"}
    environment = kept | ({"SOURCE_DATE_EPOCH": epoch} if epoch else {})
    subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "-d", to],
        cwd=source,
        env=environment,
        check=True,
        capture_output=True,
    )
    return {path.name: path.read_bytes() for path in to.iterdir()}


@pytest.mark.slow
@pytest.mark.source
def test_builds_are_the_same_bytes(tmp_path: Path) -> None:
    """Built twice, from another folder, by files of another age and mode, each file has the same digest."""
    copy = tmp_path / "elsewhere" / "copy"
    git = subprocess.run(
        ["git", "ls-files", "-z"],  # noqa: S607  whichever git there is
        cwd=ROOT,
        capture_output=True,
        check=False,
    )
    if git.returncode:
        pytest.skip("this is no git checkout")
    for name in filter(None, git.stdout.decode().split("\0")):
        if (ROOT / name).is_file():  # not one that is about to be deleted
            (copy / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(ROOT / name, copy / name)
            os.utime(copy / name, (86_400, 86_400))
            (copy / name).chmod(0o600)
    first = built(copy, tmp_path / "first", "1790000000")
    for path in copy.rglob("*"):
        os.utime(path, (1_700_000_000, 1_700_000_000))
        path.chmod(0o755 if path.is_dir() else 0o644)
    second = built(copy.rename(tmp_path / "other"), tmp_path / "second", "1790000000")

    assert 2 == len(first)
    assert {name: hashlib.sha256(data).hexdigest() for name, data in first.items()} == {
        name: hashlib.sha256(data).hexdigest() for name, data in second.items()
    }
    look_inside(tmp_path / "first")


def look_inside(folder: Path) -> None:
    """The wheel has types, licence and bill of materials; the source distribution has all that its tests read."""
    (wheel,) = folder.glob("*.whl")
    (source,) = folder.glob("*.tar.gz")
    name = f"certcore-{certcore.__version__}"
    with zipfile.ZipFile(wheel) as archive:
        assert archive.read(f"{name}.dist-info/sboms/sbom.cdx.json") == sbom.SBOM.read_bytes()
        names = set(archive.namelist())
    assert {"certcore/py.typed", f"{name}.dist-info/licenses/LICENSE"} <= names
    assert {"certcore", f"{name}.dist-info"} == {path.partition("/")[0] for path in names}
    with tarfile.open(source) as archive:
        inside = {path.removeprefix(f"{name}/") for path in archive.getnames()}
    for wanted in ("tests/conftest.py", "docs/index.md", "hashes.txt", "security/sbom.cdx.json", "tools/test-wheel"):
        assert wanted in inside
