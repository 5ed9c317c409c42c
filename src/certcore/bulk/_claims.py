"""One claim's question, answered in a worker: a verdict, its evidence on disk, and a record for tables and report.

A record is plain JSON. This module decides what it holds.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import timedelta
from functools import cache
from pathlib import Path
from typing import Any, Final

import attrs

from certcore import _files
from certcore._image_texts import Seen, seen_in
from certcore.bulk._kernel import verify_one
from certcore.bulk._questions import BulkQuestion
from certcore.bulk._report import ERROR
from certcore.bulk._report._standing import read_from, standing
from certcore.certificate import labels
from certcore.errors import CertcoreError, RejectedInputError
from certcore.evidence import Evidence
from certcore.keys import Signer
from certcore.payload import InspectionCertificate
from certcore.policy import Expected
from certcore.qr import Effort, load
from certcore.qr._sight import Sight
from certcore.reasons import REASONS, explain
from certcore.verdict import Verdict
from certcore.verify import Verifier

FIELDS: Final = (
    "registration_number",
    "country",
    "plate_type",
    "vin",
    "basis",
    "result",
    "inspected_on",
    "valid_until",
    "authority",
)
"""The certificate's fields that a report shows."""


class UnwritableError(Exception):
    """The evidence cannot be kept: no fault of the row, and no reason to go on."""


@attrs.frozen(kw_only=True)
class ClaimTask:
    """One document of a claim, or a row that cannot be asked about.

    Attributes:
        row: the row of the table, from 1.
        part: which document of the row, from 1.
        claim: what the claim is called.
        document: what the document is called; empty without one.
        question: what is asked.
        pages: which pages of the document, if not all.
        existed_by: proofs of existence that the row names.
        cells: the row as it was given.
        error: what is wrong with the row.
        remarks: what else is to be told of it.
    """

    row: int
    part: int = 1
    claim: str = ""
    document: str = ""
    question: BulkQuestion | None = None
    pages: range | None = None
    existed_by: tuple[bytes, ...] = attrs.field(default=(), repr=False)
    cells: Mapping[str, str] = attrs.field(factory=dict, repr=False)
    error: CertcoreError | None = None
    remarks: tuple[str, ...] = ()


@attrs.frozen(kw_only=True)
class ClaimJudge:
    """Judges one document of a claim; pickles, for workers.

    Attributes:
        verifier: who judges.
        evidence: the folder for evidence.
        lang: of the words.
        mode: who may read the evidence.
        seal: makes the key that seals the evidence, in the process that seals; None seals nothing.
        existed_by: proofs of existence that count for every row.
        effort: how much is done to read a picture.
        deadline: how long reading one may take.
        isolate: read pictures in a process of their own.
    """

    verifier: Verifier
    evidence: Path
    lang: str
    mode: int = _files.PRIVATE
    seal: Callable[[], Signer] | None = attrs.field(default=None, repr=False)
    existed_by: tuple[bytes, ...] = attrs.field(default=(), repr=False)
    effort: Effort = Effort.NORMAL
    deadline: timedelta | None = None
    isolate: bool = False

    def __call__(self, task: ClaimTask) -> dict[str, Any]:
        """The record of a task, whatever happens; None in place of its outcome where its evidence cannot be kept."""
        try:
            return self._judged(task)
        except UnwritableError as cause:
            return {"outcome": None, "detail": str(cause)}
        except CertcoreError as error:
            return refused(task, error, self.lang)
        except Exception as cause:  # noqa: BLE001  one claim must not end the others
            return refused(task, RejectedInputError("row-failed", type(cause).__name__), self.lang)

    def _judged(self, task: ClaimTask) -> dict[str, Any]:
        if task.error is not None or task.question is None:
            raise task.error or RejectedInputError("row-malformed", "The row names nothing to verify")
        asked, sight = task.question, Sight()
        if asked.picture is not None:
            asked = attrs.evolve(asked, picture=self._seen(task, sight))
        result = verify_one(self.verifier, asked, existed_by=(*self.existed_by, *task.existed_by))
        if result.verdict is None:
            raise result.error or RejectedInputError("row-failed", "There is no verdict")
        evidence = result.verdict.evidence
        kept = self._keep(result.verdict.id, evidence)
        answer = told(result.verdict, evidence, self.lang)
        answer["proved"] += read_from(evidence, self.lang)
        return {**about(task), **answer, **kept, "thumbnail": sight.to_json()}

    def _seen(self, task: ClaimTask, sight: Sight) -> Seen:
        """What is in the row's picture, which is read once."""
        assert task.question is not None  # noqa: S101  as the caller has seen
        picture = load(task.question.picture, pages=task.pages)
        return seen_in(picture, self.effort, self.deadline, isolate=self.isolate, sight=sight)

    def _keep(self, verdict_id: str, evidence: Evidence) -> dict[str, str]:
        """Write the evidence without its documents, and each document once for all claims."""
        if self.seal is not None:
            evidence = evidence.sealed(_signer(self.seal))
        digest = evidence.digest.hex()
        name = f"{verdict_id[:16]}-{digest[:16]}.vice"
        try:
            _write(self.evidence / name, evidence.to_bytes(detached=True), self.mode)
            for material, document in evidence.materials.items():
                _write(self.evidence / "documents" / material.hex(), document, self.mode)
        except OSError as cause:
            raise UnwritableError(cause.strerror or "it cannot be written") from cause
        return {"evidence": name, "evidence_sha256": digest}


@cache
def _signer(make: Callable[[], Signer]) -> Signer:
    """A key, made once in each process: keys are not handed from one to another."""
    return make()


def refused(task: ClaimTask, error: CertcoreError, lang: str) -> dict[str, Any]:
    """The record of a task without a verdict."""
    return {**about(task), **refusal(error, lang)}


def refusal(error: CertcoreError, lang: str) -> dict[str, Any]:
    """That there is no verdict, and why."""
    words = explain(error.code, lang=lang) if error.code in REASONS else None
    said = [error.message] if words is None else [words.line + ("" if lang == "zh" else " ") + words.next_step]
    return {"outcome": ERROR, "codes": [error.code], "words": said, "detail": error.message}


def about(task: ClaimTask) -> dict[str, Any]:
    """What was asked, as JSON types."""
    question = task.question
    expect: Any = None if question is None else question.expect
    return {
        "row": task.row,
        "part": task.part,
        "claim": task.claim,
        "document": task.document,
        "as_of": None if question is None or question.as_of is None else question.as_of.isoformat(),
        "known_at": None if question is None or question.known_at is None else question.known_at.isoformat(),
        **expected(expect if isinstance(expect, Expected) else Expected()),
        "remarks": list(task.remarks),
        "cells": dict(task.cells),
    }


def expected(vehicle: Expected) -> dict[str, Any]:
    """The vehicle to compare with, as JSON types."""
    return {
        "expected_plate": vehicle.registration_number,
        "expected_country": vehicle.country,
        "expected_plate_type": vehicle.plate_type,
        "expected_vin": vehicle.vin,
    }


def told(verdict: Verdict, evidence: Evidence, lang: str) -> dict[str, Any]:
    """What was answered."""
    certificate = verdict.certificate
    headline, *lines = verdict.explain(lang=lang).split("\n")
    return {
        "outcome": verdict.outcome.value,
        "degraded": verdict.degraded,
        "codes": list(dict.fromkeys(reason.code for reason in verdict.reasons)),
        "headline": headline,
        "words": [line.removeprefix("- ") for line in lines],
        "certificate_plate": None if certificate is None else certificate.registration_number,
        "certificate_vin": None if certificate is None else certificate.vin,
        "issuer": verdict.issuer,
        "verdict": verdict.id,
        "judged_at": verdict.evaluated_at.isoformat(timespec="seconds"),
        "fields": [] if certificate is None else _fields(certificate, lang),
        **standing(verdict, evidence, lang),
    }


def _fields(certificate: InspectionCertificate, lang: str) -> list[list[str]]:
    found = ((name, labels.value(name, certificate, lang)) for name in FIELDS)
    return [[labels.label(name, lang), shown] for name, shown in found if shown is not None]


def _write(path: Path, data: bytes, mode: int) -> None:
    """Write a file that is named by its content, unless it is there."""
    if not path.exists():
        _files.write_whole(path, data, overwrite=True, mode=mode, durable=False)
