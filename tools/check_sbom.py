#!/usr/bin/env python3
"""Check a bill of materials against CycloneDX's own schema and SPDX's list of licences: `tools/check_sbom.py FILE`.

A part of tools/release; both come with the packages of the dependency group `release`.
"""

from __future__ import annotations

import importlib
import json
import sys
from collections.abc import Iterator
from importlib.resources import files
from pathlib import Path
from typing import Any

from jsonschema.validators import validator_for  # type: ignore[import-untyped]  # ships no types
from referencing import Registry, Resource


def complaints(document: dict[str, Any]) -> Iterator[str]:
    """What the schema, and the list of licences, have to say against a document."""
    folder = files("cyclonedx.schema") / "_res"
    contents = [json.loads(path.read_text("utf-8")) for path in folder.iterdir() if path.name.endswith(".schema.json")]
    schemas = {schema["$id"]: schema for schema in contents if "$id" in schema}
    registry: Registry[Any] = Registry().with_resources(
        (where, Resource.from_contents(schema)) for where, schema in schemas.items()
    )
    schema = schemas[document["$schema"]]
    for error in validator_for(schema)(schema, registry=registry).iter_errors(document):
        yield f"{error.json_path}: {error.message}"
    licensing = importlib.import_module("license_expression").get_spdx_licensing()
    for component in document["components"]:
        for found in (component, *component.get("components", [])):
            said = found["licenses"][0]["expression"]
            yield from (f"{found['name']}: {error}" for error in licensing.validate(said).errors)


def main(path: Path) -> int:
    """Say what is wrong with the file, if anything."""
    wrong = list(complaints(json.loads(path.read_text("utf-8"))))
    print(*wrong, sep="\n", file=sys.stderr, end="\n" if wrong else "")
    return bool(wrong)


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
