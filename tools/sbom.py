#!/usr/bin/env python3
"""Write security/sbom.cdx.json and vex.openvex.json beside it, from the packages installed here: `make papers`.

The software bill of materials names everything that each extra installs, with versions, licences and the libraries that
wheels bring along. The wheel carries it (PEP 770). Both files are the same bytes whenever the packages are the same.
The table of licences in the docs is made from the first (`tools/tables.py`).
"""

from __future__ import annotations

import json
import re
import sys
import tomllib
import uuid
from collections.abc import Iterable, Mapping
from importlib.metadata import Distribution, PackageNotFoundError, distribution
from pathlib import Path
from typing import Any, Final

from packaging.requirements import Requirement
from packaging.utils import NormalizedName, canonicalize_name

ROOT: Final = Path(__file__).resolve().parent.parent
SBOM: Final = ROOT / "security" / "sbom.cdx.json"
VEX: Final = ROOT / "security" / "vex.openvex.json"
PROJECT: Final[dict[str, Any]] = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]

OWN: Final = canonicalize_name(PROJECT["name"])
CORE: Final = "core"
"""What is installed with no extra, as one of the extras."""

SPDX: Final = {
    "Apache-2.0": "Apache-2.0",
    "BSD 3-Clause License": "BSD-3-Clause",
    "BSD-3-Clause": "BSD-3-Clause",
    "MIT": "MIT",
    "OSI Approved :: Apache Software License": "Apache-2.0",
    "OSI Approved :: MIT License": "MIT",
}
"""What older metadata calls a licence, in SPDX's words."""

READ: Final = {
    "defusedxml": "PSF-2.0",
    "pandas": "BSD-3-Clause",
    "py4j": "BSD-3-Clause",
    "pypdfium2": "(Apache-2.0 OR BSD-3-Clause) AND BSD-3-Clause",
    "segno": "BSD-3-Clause",
}
"""Licences read in the packages' own files, where their metadata says "BSD License" and the like."""

_GCC: Final = "GPL-3.0-or-later WITH GCC-exception-3.1"
CARRIED: Final = {
    "libXau": "MIT-open-group",
    "libavif": "BSD-2-Clause",
    "libbrotlicommon": "MIT",
    "libbrotlidec": "MIT",
    "libcom_err": "MIT",
    "libcrypt": "LGPL-2.1-or-later",
    "libcrypto": "Apache-2.0",
    "libde265": "LGPL-3.0-or-later",
    "libfreetype": "FTL OR GPL-2.0-or-later",
    "libgfortran": _GCC,
    "libgssapi_krb5": "MIT",
    "libharfbuzz": "MIT-Modern-Variant",
    "libheif": "LGPL-3.0-or-later",
    "libjpeg": "IJG AND BSD-3-Clause AND Zlib",
    "libk5crypto": "MIT",
    "libkeyutils": "LGPL-2.0-or-later",
    "libkrb5": "MIT",
    "libkrb5support": "MIT",
    "liblber": "OLDAP-2.8",
    "liblcms2": "MIT",
    "libldap": "OLDAP-2.8",
    "liblzma": "0BSD",
    "libopenjp2": "BSD-2-Clause",
    "libpng16": "libpng-2.0",
    "libpq": "PostgreSQL",
    "libquadmath": "LGPL-2.1-or-later",
    "libsasl2": "BSD-3-Clause-Attribution",
    "libscipy_openblas64_": "BSD-3-Clause",
    "libsharpyuv": "BSD-3-Clause",
    "libssl": "Apache-2.0",
    "libtiff": "libtiff",
    "libwebp": "BSD-3-Clause",
    "libwebpdemux": "BSD-3-Clause",
    "libwebpmux": "BSD-3-Clause",
    "libx265": "GPL-2.0-or-later",
    "libxcb": "MIT",
    "libzstd": "BSD-3-Clause OR GPL-2.0-only",
}
"""Licences of the shared libraries in the packages' wheels for Linux. One that is not here stops this tool."""

_REACHED: Final = "tests/test_cose.py::test_pure_python_ecdsa_is_never_reached"
_EMPTY: Final = "tests/test_vex.py::test_everything_works_with_an_ecdsa_that_does_nothing"
NOT_AFFECTED: Final[tuple[dict[str, str], ...]] = (
    {
        "id": "CVE-2024-23342",
        "alias": "GHSA-wj6h-64fc-37mp",
        "package": "ecdsa",
        "since": "2026-11-29T00:00:00Z",
        "why": (
            "The flaw is in the time that ecdsa takes to sign. pycose imports ecdsa when certcore signs or seals, but"
            " builds structures only: certcore makes and checks every signature with cryptography. Proved by"
            f" {_REACHED}, where every function of ecdsa that makes, reads or uses a key raises, and by {_EMPTY}, where"
            " all of ecdsa is replaced by names that cannot be called. Verifying does not import pycose at all:"
            " tests/test_cose.py::test_pycose_is_not_loaded_to_verify."
        ),
    },
)
"""Published weaknesses of what certcore installs that do not reach certcore, and the tests that prove it."""


def extras() -> dict[str, list[str]]:
    """The requirements of each extra, those of certcore itself included."""
    return {CORE: PROJECT["dependencies"], **PROJECT["optional-dependencies"]}


def version() -> str:
    """The version of certcore."""
    found = re.search(
        r'^__version__\b.*?"(.+?)"$', (ROOT / "src/certcore/__init__.py").read_text("utf-8"), re.MULTILINE
    )
    assert found is not None
    return found[1]


def closure(requirements: Iterable[str]) -> set[tuple[str, str]]:
    """All that these requirements install here: names, each with "" and with those of its extras that are asked for."""
    seen: set[tuple[str, str]] = set()
    left = [Requirement(text) for text in requirements]
    while left:
        need = left.pop()
        name = canonicalize_name(need.name)
        for extra in {"", *need.extras}:
            if (name, extra) not in seen:
                seen.add((name, extra))
                left += needed(name, extra)
    return {(name, extra) for name, extra in seen if name != OWN}


def needed(name: str, extra: str = "") -> list[Requirement]:
    """What a package requires here, for one of its extras or for none; certcore as pyproject.toml has it."""
    if name == OWN:
        return [Requirement(text) for text in PROJECT["optional-dependencies"].get(extra, [])]
    found = map(Requirement, installed(name).requires or [])
    return [need for need in found if need.marker is None or need.marker.evaluate({"extra": extra})]


def installed(name: str) -> Distribution:
    """The installed package of that name."""
    try:
        return distribution(name)
    except PackageNotFoundError:
        sys.exit(f"sbom: {name} is not installed here: make papers")


def licence(package: Distribution) -> str:
    """The licence of a package, as an SPDX expression."""
    fields, name = package.metadata, canonicalize_name(package.metadata["Name"])
    if "License-Expression" in fields:
        return fields["License-Expression"]
    if name in READ:
        return READ[name]
    classifiers = [
        text.removeprefix("License :: ") for text in fields.get_all("Classifier", []) if "License ::" in text
    ]
    for text in (*fields.get_all("License", []), *classifiers):
        if text in SPDX:
            return SPDX[text]
    return sys.exit(f"sbom: what is the licence of {name}? Read it, and write it into READ")


def carried(package: Distribution) -> list[str]:
    """Names of the shared libraries that the wheel of a package brings along."""
    paths = [path for path in package.files or [] if path.parent.name.endswith(".libs")]
    found = sorted({re.split(r"-[0-9a-f]{8}|\.so", path.name)[0].removesuffix("-") for path in paths}, key=str.lower)
    unknown = [name for name in found if name not in CARRIED]
    return sys.exit(f"sbom: the licences of {unknown}? Read them, and write them into CARRIED") if unknown else found


def component(name: str, of: list[str]) -> dict[str, Any]:
    """A package, as the bill of materials says it; `of` are the extras that install it."""
    package = installed(name)
    purl = f"pkg:pypi/{name}@{package.version}"
    more = [
        {"type": "library", "bom-ref": f"{purl}#{lib}", "name": lib, "licenses": [{"expression": CARRIED[lib]}]}
        for lib in carried(package)
    ]
    return {
        "type": "library",
        "bom-ref": purl,
        "name": name,
        "version": package.version,
        "scope": "required" if CORE in of else "optional",
        "licenses": [{"expression": licence(package)}],
        "purl": purl,
        **({"components": more} if more else {}),
        "properties": [{"name": "certcore:extra", "value": extra} for extra in of],
    }


def sbom() -> dict[str, Any]:
    """Everything that certcore and its extras install here, in CycloneDX 1.6."""
    of: dict[str, list[str]] = {}
    asked: dict[str, set[str]] = {}
    for extra, requirements in extras().items():
        found = closure(requirements)
        for name, own_extra in found:
            asked.setdefault(name, set()).add(own_extra)
        for name in {name for name, _ in found}:
            of.setdefault(name, []).append(extra)
    refs = {name: f"pkg:pypi/{name}@{installed(name).version}" for name in sorted(of)}
    own = f"pkg:pypi/certcore@{version()}"
    document = {
        "$schema": "http://cyclonedx.org/schema/bom-1.6.schema.json",
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "version": 1,
        "metadata": {
            "component": {
                "type": "library",
                "bom-ref": own,
                "name": PROJECT["name"],
                "version": version(),
                "description": PROJECT["description"],
                "licenses": [{"expression": PROJECT["license"]}],
                "purl": own,
            },
            "properties": [{"name": "certcore:resolved-for", "value": "CPython 3.11 on Linux, x86-64"}],
        },
        "components": [component(name, of[name]) for name in refs],
        "dependencies": [
            {"ref": own, "dependsOn": [refs[name] for name in sorted(direct())]},
            *({"ref": ref, "dependsOn": requires(name, asked[name], refs)} for name, ref in refs.items()),
        ],
        "vulnerabilities": [not_affected(statement, refs) for statement in NOT_AFFECTED],
    }
    serial = uuid.uuid5(uuid.NAMESPACE_URL, f"{own} {json.dumps(document, sort_keys=True)}")
    return document | {"serialNumber": f"urn:uuid:{serial}"}


def direct() -> set[NormalizedName]:
    """Names that certcore's own requirements name."""
    return {canonicalize_name(Requirement(text).name) for needs in extras().values() for text in needs} - {OWN}


def requires(name: str, asked: Iterable[str], refs: Mapping[str, str]) -> list[str]:
    """Which of the packages one of them requires, with the extras of it that are asked for."""
    names = {canonicalize_name(need.name) for extra in asked for need in needed(name, extra)}
    return sorted(refs[other] for other in names if other in refs)


def not_affected(statement: Mapping[str, str], refs: Mapping[str, str]) -> dict[str, Any]:
    """A published weakness that does not reach certcore, as CycloneDX says it."""
    return {
        "id": statement["id"],
        "analysis": {"state": "not_affected", "justification": "code_not_reachable", "detail": statement["why"]},
        "affects": [{"ref": refs[statement["package"]]}],
    }


def vex() -> dict[str, Any]:
    """The same statements in OpenVEX, for scanners; about every version of certcore from this one on."""
    author = PROJECT["authors"][0]["name"]
    return {
        "@context": "https://openvex.dev/ns/v0.2.0",
        "@id": f"{PROJECT['urls']['Source']}/blob/main/security/vex.openvex.json",
        "author": author,
        "timestamp": max(statement["since"] for statement in NOT_AFFECTED),
        "version": 1,
        "statements": [
            {
                "vulnerability": {"name": statement["id"], "aliases": [statement["alias"]]},
                "products": [
                    {"@id": "pkg:pypi/certcore", "subcomponents": [{"@id": f"pkg:pypi/{statement['package']}"}]},
                ],
                "status": "not_affected",
                "justification": "vulnerable_code_not_in_execute_path",
                "impact_statement": statement["why"],
                "timestamp": statement["since"],
            }
            for statement in NOT_AFFECTED
        ],
    }


def components() -> list[dict[str, Any]]:
    """The components of the written bill of materials."""
    found: list[dict[str, Any]] = json.loads(SBOM.read_text("utf-8"))["components"]
    return found


def licences() -> str:
    """The table of licences: a row for each package, with the extras that install it and the libraries in its wheel."""
    lines = [
        "| package | version | licence | installed by | libraries in its wheel for Linux |",
        "|---|---|---|---|---|",
    ]
    for found in components():
        by = [entry["value"] for entry in found["properties"] if entry["value"] != "all"]
        shown = CORE if CORE in by else ", ".join(f"`{extra}`" for extra in by)
        inside: dict[str, list[str]] = {}
        for lib in found.get("components", []):
            inside.setdefault(lib["licenses"][0]["expression"], []).append(lib["name"].removeprefix("lib"))
        parts = "; ".join(f"{', '.join(names)}: {said}" for said, names in sorted(inside.items()))
        cells = [found["name"], found["version"], found["licenses"][0]["expression"], shown, parts]
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines) + "\n"


def main() -> None:
    """Write both files."""
    for path, made in ((SBOM, sbom()), (VEX, vex())):
        path.write_text(json.dumps(made, indent=1, sort_keys=True, ensure_ascii=False) + "\n", "utf-8")
        print(f"sbom: {path.relative_to(ROOT)}")


if __name__ == "__main__":
    main()
