"""A second reader of the grammars in docs/reference/cddl: it shares no code with certcore, and refuses the same.

cddl-verifier, because pycddl 0.6 follows no `.cbor` inside an array and lets keys pass that no rule has.
"""

from __future__ import annotations

import base64
import json
from functools import cache
from pathlib import Path
from typing import Final

import pytest
from cddl_verifier import Validator  # type: ignore[import-untyped]  # it ships no types

from certcore import armor
from tests.verify_vectors import FOLDER, VECTORS, Vector

GRAMMARS: Final = Path(__file__).parents[1] / "docs" / "reference" / "cddl"
GOLDEN: Final = Path(__file__).parent / "evidence" / "golden"

NOT_IN_THE_GRAMMAR: Final = {
    "malformed-end-before-start",
    "malformed-live-without-end",
    "malformed-two-newlines",
    "malformed-two-references",
}
"""Refused by rules between members, or of the text, that format.md states and a grammar cannot."""

NOT_LOOKED_INTO: Final = {
    "binding-not-readable",
    "confidential-invalid-tagged",
    "valid-vin-confidential",
    "valid-vin-confidential-plate",
}
"""A sealed part that is none: only who holds the group's key looks into it (format.md, section 7)."""


@cache
def grammar(name: str) -> Validator:
    """One of the grammars, read once."""
    return Validator(GRAMMARS / f"{name}.cddl")


def complaint(name: str, data: bytes, rule: str | None = None) -> str:
    """What the grammar has against a document; nothing where it matches."""
    result = grammar(name).validate(data, root_type=rule) if rule else grammar(name).validate(data)
    return "" if result.valid else str(result.diagnostics[0])


def _bytes(vector: Vector) -> bytes | None:
    """The bytes that a vector's text carries; None where it is no armored text."""
    try:
        return armor.decode(vector.text.rstrip("\n"))
    except Exception:  # noqa: BLE001  whatever is wrong with the text: the grammar is about bytes
        return None


def test_every_certificate() -> None:
    """What is malformed, or has a critical field of a later version, is not in the grammar; everything else is."""
    surprises = {}
    for vector in VECTORS:
        data = _bytes(vector)
        if data is None:
            continue
        is_refused = not {"malformed", "too-new"}.isdisjoint(code for code, _ in vector.reasons)
        said = complaint("certificate", data)
        if bool(said) != is_refused:
            surprises[vector.name] = said

    assert surprises.keys() == NOT_IN_THE_GRAMMAR | NOT_LOOKED_INTO
    assert {name for name, said in surprises.items() if not said} == NOT_IN_THE_GRAMMAR


def test_every_trust_list_and_receipt() -> None:
    """The trust lists of all vectors, and the receipts among what proves that a certificate existed."""
    files = [json.loads(path.read_text("ascii")) for path in FOLDER.glob("*/*.json")]
    lists = {base64.b64decode(file["trust"]) for file in files}
    receipts = {
        proof
        for file in files
        for proof in map(bytes.fromhex, file.get("existed_by", []))
        if b"application/vnd.certcore.receipt+cwt" in proof
    }

    assert len(lists) > 50
    assert receipts
    assert [] == [said for data in lists if (said := complaint("trust-list", data))]
    assert [] == [said for data in receipts if (said := complaint("receipt", data))]


@pytest.mark.parametrize(
    ("typ", "name"),
    [
        (b"application/statuslist+cwt", "status-events"),
        (b"application/vnd.certcore.status-events+cwt", "status-events"),
        (b"application/vnd.certcore.trust+cbor", "trust-list"),
    ],
)
def test_every_document_of_the_golden_evidence(typ: bytes, name: str) -> None:
    """The documents that evidence of earlier versions stands on."""
    found = [data for path in GOLDEN.glob("*/materials/*") if typ in (data := path.read_bytes())[:100]]

    assert found
    assert [] == [said for data in found if (said := complaint(name, data))]


def test_every_golden_evidence() -> None:
    """The evidence of earlier versions, and the root sets beside it."""
    evidence = sorted(GOLDEN.glob("*/*.vice"))
    chains = sorted(GOLDEN.glob("*/root-*.cbor"))

    assert evidence
    assert chains
    assert [] == [(path.name, said) for path in evidence if (said := complaint("evidence", path.read_bytes()))]
    for path in chains:
        rule = "root-set" if "alone" in path.name else "chain"
        assert complaint("root-set", path.read_bytes(), rule) == "", path.name


def test_a_byte_more_or_less_is_seen() -> None:
    """The reader does refuse: no certificate cut short matches, nor one with a byte behind it."""
    data = next(data for vector in VECTORS if vector.name == "valid-es256" and (data := _bytes(vector)))

    assert not complaint("certificate", data)
    assert all(complaint("certificate", data[:length]) for length in range(len(data)))
    assert complaint("certificate", data + b"\0")
