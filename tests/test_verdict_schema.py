"""`docs/reference/verdict.schema.json`: every verdict follows it, what does not is found, and it names all there is."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path
from typing import Any, Final

import attrs
import pytest

from certcore import (
    AxisState,
    Basis,
    Deficiency,
    DeficiencyCounts,
    InspectionCertificate,
    LocalSigner,
    Outcome,
    Result,
    StatusListEntry,
    StatusRef,
    VehicleVerdict,
    Verdict,
)
from certcore.evidence import Backing, Unproved
from certcore.evidence._report import CivilTime
from certcore.policy import Need
from certcore.reasons import Axis, Effect
from certcore.status import VehicleRecord
from tests.truth_table.cases import Case, cases
from tests.verify_cases import (
    LOSS,
    NOW,
    SEEN,
    TRUST_ROOT,
    Answers,
    certificate,
    record,
    seal,
    trust_list,
    trusted_issuer,
    verifier,
)
from tests.verify_vectors import VECTORS, Vector

jsonschema = pytest.importorskip("jsonschema", reason="jsonschema is not installed: the test group")

SCHEMA: Final[dict[str, Any]] = json.loads(
    (Path(__file__).parents[1] / "docs" / "reference" / "verdict.schema.json").read_text("utf-8")
)
FOLLOWS: Final = jsonschema.Draft202012Validator(SCHEMA)
SEALER: Final = LocalSigner.generate()


def errors(content: object) -> list[str]:
    """What is wrong with it, if anything."""
    return [error.message for error in FOLLOWS.iter_errors(content)]


def test_it_is_a_schema() -> None:
    """The schema itself is one of draft 2020-12, and every reference in it leads somewhere."""
    jsonschema.Draft202012Validator.check_schema(SCHEMA)
    text = json.dumps(SCHEMA)
    assert "https://json-schema.org/draft/2020-12/schema" == SCHEMA["$schema"]
    assert [] == [name for name in SCHEMA["$defs"] if f'"#/$defs/{name}"' not in text]


@pytest.mark.parametrize("case", [pytest.param(case, id=case.name) for case in cases()])
def test_every_row(case: Case) -> None:
    """The verdict of every row of the truth table follows it, certificates and vehicles, as JSON."""
    assert [] == errors(json.loads(case.ask().to_json()))


@pytest.mark.parametrize("vector", [pytest.param(vector, id=vector.name) for vector in VECTORS])
def test_every_vector(vector: Vector) -> None:
    """So does that of every conformance vector."""
    assert [] == errors(vector.verify().to_dict())


FULL: Final = {
    "country": "CN",
    "valid_from": date(2025, 10, 11),
    "plate_type": 2,
    "vehicle_category": "K33",
    "usage": "A",
    "odometer_km": 84210,
    "deficiencies": (Deficiency(code="1.1.13 (a)", severity=Result.MINOR),),
    "test_place": "Xiamen",
    "inspector": "XM-7",
    "report_digest": bytes(16),
    "next_test_due": date(2027, 10, 31),
    "document_number": "2025-1",
    "previous": bytes(range(12)),
    "confidential": b"\x01\xff",
    "issuer": "CN",
    "presented_at": NOW,
    "expires_at": NOW.replace(minute=5),
}


@pytest.mark.parametrize(
    "changes",
    [
        FULL,
        {"status": None, "certificate_id": bytes(16)},
        {"status": StatusListEntry(uri="https://status.example/1", index=7)},
        {"deficiencies": DeficiencyCounts(minor=1, major=0, dangerous=0), "previous": StatusRef(list=1, index=2)},
        {"basis": 77, "result": 9},
        {"result": Result.MAJOR, "valid_until": None},
        {"vin": None, "confidential": b"\x01"},
        *({"basis": basis} for basis in Basis),
        *({"result": result} for result in Result),
    ],
    ids=" ".join,
)
def test_every_field_of_a_certificate(changes: dict[str, Any]) -> None:
    """So does a certificate with every field it may have, in each of its forms."""
    from tests.verify_cases import LIVE_SIGNER, SIGNER

    stated = certificate(**changes)
    trust = trust_list(trusted_issuer(uri_prefixes=["https://status.example/"]), version=2)
    trust = trust if "status" in changes else trust_list()
    asking = verifier(Answers(status=record()), trust=trust)
    verdict = asking.verify(seal(stated, LIVE_SIGNER if stated.is_live else SIGNER), as_of=LOSS, expect=SEEN)

    assert verdict.certificate is not None
    assert [] == errors(verdict.to_dict())


def without(name: str) -> dict[str, Any]:
    """A good verdict that lacks a member."""
    return {key: value for key, value in good().items() if key != name}


def good() -> dict[str, Any]:
    """A good verdict."""
    return verifier(Answers(status=record())).verify(seal(certificate()), as_of=LOSS, expect=SEEN).to_dict()


NOTE: Final = {"code": "test-environment", "axis": "authenticity", "effect": "notes", "detail": {}}


@pytest.mark.parametrize(
    "changes",
    [
        {"outcome": "VALID"},
        {"outcome": "invalid"},
        {"outcome": "undetermined"},
        {"reasons": [NOTE | {"effect": "blocks"}]},
        {"reasons": [NOTE | {"effect": "fails"}]},
        {"reasons": [NOTE | {"effect": "kills"}]},
        {"reasons": [NOTE | {"axis": "colour"}]},
        {"reasons": [NOTE | {"code": "Not A Code"}]},
        {"reasons": [NOTE | {"detail": {"days": 1.5}}]},
        {"reasons": [NOTE | {"detail": None}]},
        {"reasons": ["test-environment"]},
        {"axes": {}},
        {"issuer": None},
        {"certificate": None},
        {"certificate": {}},
        {"as_of": "2026-09-01T02:30:00"},
        {"as_of": "2026-09-01T10:30:00+08:00"},
        {"evaluated_at": "2026-10-01"},
        {"in_force": [{"start_at": None}]},
        {"id": "x"},
        {"policy_id": None},
        {"degraded": "no"},
        {"vehicle": None},
        {"outcome": "invalid", "reasons": [NOTE | {"effect": "fails"}], "degraded": True},
    ],
    ids=str,
)
def test_what_is_no_verdict(changes: dict[str, Any]) -> None:
    """A verdict that contradicts itself, or has a member of the wrong form, does not follow it."""
    assert [] == errors(good())
    assert errors(good() | changes)


@pytest.mark.parametrize("name", list(good()))
def test_what_lacks_a_member(name: str) -> None:
    """Nor does one that lacks a member."""
    assert errors(without(name))


def test_a_later_version_may_add_members() -> None:
    """A member that is not known today is passed over, in a verdict and in its certificate."""
    later = good() | {"later": 1}
    later["certificate"] = later["certificate"] | {"later": 1}

    assert [] == errors(later)


def test_it_names_all_there_is() -> None:
    """Every member of a verdict, every field of a certificate and every word of an enumeration stands in it."""
    defs = SCHEMA["$defs"]
    of_vehicle = next(case.ask() for case in cases() if case.name == "in order").to_dict()
    hidden = {"unknown_claims", "unknown_fields"}
    fields = {field.name for field in attrs.fields(InspectionCertificate)} - hidden

    assert set(good()) == set(defs["verdict"]["properties"]) == set(defs["verdict"]["required"])
    assert set(of_vehicle) == set(defs["vehicleVerdict"]["properties"]) == set(defs["vehicleVerdict"]["required"])
    assert set(of_vehicle["vehicle"]) == set(defs["vehicle"]["properties"])
    assert fields == set(defs["certificate"]["properties"])
    assert [one.value for one in Outcome] == defs["outcome"]["enum"]
    assert [one.value for one in Axis] == defs["axis"]["enum"] == defs["axes"]["required"]
    assert [one.value for one in AxisState] == defs["axes"]["additionalProperties"]["enum"]
    assert [one.value for one in Effect] == defs["reason"]["properties"]["effect"]["enum"]
    assert [one.value for one in Basis] == defs["certificate"]["properties"]["basis"]["anyOf"][0]["enum"]
    assert [one.value for one in Result] == defs["result"]["enum"]


def test_what_evidence_says_of_itself() -> None:
    """The question in a file, of every form, and what its replay asserts."""
    backend = Answers(status=record(), vehicle=VehicleRecord(known=True, observed_at=NOW))
    asking = verifier(backend, vehicles=backend)
    about = asking.check_vehicle(registration_number="闽C12345", country="CN", plate_type=2, as_of=LOSS)
    for verdict in (
        asking.verify(seal(certificate()), as_of=LOSS, expect=SEEN, known_at=NOW),
        asking.verify_image(b"no picture", as_of=LOSS.date()),
        about,
    ):
        evidence = verdict.evidence.sealed(SEALER)
        how: dict[str, Any] = {"seal_key": SEALER.public_key}
        again: Verdict | VehicleVerdict
        again = evidence.replay_vehicle(TRUST_ROOT, **how) if verdict is about else evidence.replay(TRUST_ROOT, **how)
        assert again.replay_report is not None
        said, report = evidence.to_dict(), again.replay_report.to_dict()
        assert [] == errors(json.loads(json.dumps(said)))
        assert [] == errors(json.loads(json.dumps(again.to_dict() | {"question": said["question"], "replay": report})))
        assert errors(again.to_dict() | {"replay": {}})
        assert errors(said | {"question": {}})
        _names_all(said, report)


def _names_all(said: dict[str, Any], report: dict[str, Any]) -> None:
    defs = SCHEMA["$defs"]
    question = defs["question"]["properties"]

    assert set(said) == set(defs["evidence"]["properties"]) == set(defs["evidence"]["required"])
    assert set(said["question"]) == set(question) == set(defs["question"]["required"])
    assert set(said["question"]["expected"]) == set(question["expected"]["properties"])
    assert set(said["question"]["policy"]) == set(defs["policy"]["properties"]) == set(defs["policy"]["required"])
    assert said["documents"]
    assert {frozenset(document) for document in said["documents"]} == {frozenset(defs["document"]["required"])}
    assert set(defs["document"]["required"]) == set(defs["document"]["properties"])
    assert set(report) == set(defs["replay"]["properties"]) == set(defs["replay"]["required"])
    assert [one.value for one in Need] == defs["need"]["enum"]
    assert [one.value for one in Backing] == defs["backing"]["enum"]
    assert [one.value for one in CivilTime] == defs["replay"]["properties"]["civil_time"]["enum"]
    assert [one.value for one in Unproved] == defs["replay"]["properties"]["unproved"]["items"]["enum"]
