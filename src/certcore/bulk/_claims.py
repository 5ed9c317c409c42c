"""A claim's question judged in a worker: a verdict, its evidence on the disk, and a record for tables and the report.

A record is plain JSON. What lives here: what it holds, and what of a verdict was proved, attested and not checked.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

import attrs

from certcore import _files
from certcore.bulk._kernel import verify_one
from certcore.bulk._questions import BulkQuestion, BulkResult
from certcore.bulk._thumbnails import thumbnail
from certcore.certificate import labels
from certcore.errors import CertcoreError, IssuingError, RejectedInputError
from certcore.evidence import Backing, Evidence
from certcore.policy import Expected
from certcore.reasons import REASONS, explain
from certcore.verdict import Axis, AxisState, Verdict
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

ERROR: Final = "error"
"""The outcome of a row that has no verdict."""

_PROVED: Final = {
    Axis.AUTHENTICITY: {
        "en": "The certificate was signed with a key that the trust list gives to this issuer: {issuer}.",
        "zh": "凭证由信任列表所列签发机关的密钥签署：{issuer}。",
    },
    Axis.BINDING: {
        "en": "The plate and VIN that the claim gives are those of the certificate, as far as they are given.",
        "zh": "理赔表所填号牌号码与车辆识别代号（以所填为限）与凭证一致。",
    },
    Axis.STATUS: {
        "en": "What the register said stands in documents that the issuer signed.",
        "zh": "登记系统的答复载于签发机关签署的文件。",
    },
}
_PICTURE: Final = {
    "en": "The code was read from the file with this SHA-256: {digest}.",
    "zh": "二维码读自该文件，其 SHA-256 为 {digest}。",
}
_STATED: Final = {
    "en": "What the certificate says about the vehicle and its inspection is the issuer's word.",
    "zh": "凭证所载车辆与检验信息为签发机关的陈述。",
}
_ASKED: Final = {
    "en": "The date of loss, and the vehicle to compare with, are as the table of claims gives them.",
    "zh": "出险日期及用于比对的车辆信息以理赔表所填为准。",
}
_ATTESTED_STATUS: Final = {
    "en": "What the register said is this verifier's word: it came without signed documents.",
    "zh": "登记系统的答复未附签署文件，仅由本核验方记录。",
}
_UNCHECKED: Final = {
    Axis.AUTHENTICITY: {"en": "Whether the certificate is genuine.", "zh": "凭证是否真实。"},
    Axis.PERIOD: {"en": "Whether the date lies in the certificate's period.", "zh": "所询日期是否在凭证有效期内。"},
    Axis.STATUS: {
        "en": "Whether the certificate was revoked: no register's answer.",
        "zh": "凭证是否被撤销：没有登记系统的答复。",
    },
    Axis.BINDING: {"en": "Whether it belongs to the claim's vehicle.", "zh": "凭证是否属于本案车辆。"},
    Axis.FRESHNESS: {"en": "Whether what was known is recent enough.", "zh": "所依据的信息是否足够新。"},
}
_VEHICLE: Final = {
    "en": "The vehicle's own state with the register (stolen, scrapped and the like): it was not asked for.",
    "zh": "车辆在登记系统中的状态（被盗抢、报废等）：未查询。",
}
_SCENE: Final = {
    "en": "Whether the picture is genuine, and who took it, when and where.",
    "zh": "图片是否真实，由何人在何时何地拍摄。",
}


@attrs.frozen(kw_only=True)
class ClaimTask:
    """One document of a claim, or a row that cannot be asked about.

    Attributes:
        row: the row of the table, from 1.
        part: which document of the row, from 1.
        claim: what the claim is called.
        document: what the document is called; empty without one.
        question: what is asked.
        cells: the row as it was given.
        error: what is wrong with the row.
        remarks: what else is to be told of it.
    """

    row: int
    part: int = 1
    claim: str = ""
    document: str = ""
    question: BulkQuestion | None = None
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
        reading: what `Verifier.verify_image` takes for reading a picture.
    """

    verifier: Verifier
    evidence: Path
    lang: str
    mode: int = _files.PRIVATE
    reading: Mapping[str, Any] = attrs.field(factory=dict)

    def __call__(self, task: ClaimTask) -> dict[str, Any]:
        """The record of a task, whatever happens."""
        try:
            return self._judged(task)
        except Exception as cause:  # noqa: BLE001  one claim must not end the others
            return refused(task, RejectedInputError("row-failed", type(cause).__name__), self.lang)

    def _judged(self, task: ClaimTask) -> dict[str, Any]:
        if task.error is not None or task.question is None:
            error = task.error or RejectedInputError("row-malformed", "The row names nothing to verify")
            return refused(task, error, self.lang)
        asked, picture = task.question, None
        if asked.picture is not None:
            try:
                picture = _loaded(asked.picture)
            except CertcoreError as error:
                return refused(task, error, self.lang)
            asked = attrs.evolve(asked, picture=picture)
        result = verify_one(self.verifier, asked, **self.reading)
        if result.verdict is None:
            return refused(task, _error_of(result), self.lang)
        try:
            kept = self._keep(result.verdict.evidence, result.verdict.id)
        except (OSError, CertcoreError):
            return refused(task, IssuingError("file-unwritable", "The evidence could not be written"), self.lang)
        seen = None if picture is None else thumbnail(picture, result.verdict.text)
        return {**_about(task), **_told(result.verdict, self.lang), **kept, "thumbnail": seen}

    def _keep(self, evidence: Evidence, verdict_id: str) -> dict[str, str]:
        """Write the evidence without its documents, and each document once for all claims."""
        digest = evidence.digest.hex()
        name = f"{verdict_id[:16]}-{digest[:16]}.vice"
        _write(self.evidence / name, evidence.to_bytes(detached=True), self.mode)
        for material, document in evidence.materials.items():
            _write(self.evidence / "documents" / material.hex(), document, self.mode)
        return {"evidence": name, "evidence_sha256": digest}


def refused(task: ClaimTask, error: CertcoreError, lang: str) -> dict[str, Any]:
    """The record of a task without a verdict."""
    words = explain(error.code, lang=lang) if error.code in REASONS else None
    told = [error.message] if words is None else [words.line + ("" if lang == "zh" else " ") + words.next_step]
    return {**_about(task), "outcome": ERROR, "codes": [error.code], "words": told, "detail": error.message}


def _loaded(picture: Any) -> Any:  # noqa: ANN401  what `qr.load` takes and gives
    from certcore import qr  # noqa: PLC0415  Pillow and the decoders are an extra

    return qr.load(picture)


def _error_of(result: BulkResult) -> CertcoreError:
    return result.error or RejectedInputError("row-failed", "There is no verdict")


def _about(task: ClaimTask) -> dict[str, Any]:
    """What was asked, as JSON types."""
    expect: Any = None if task.question is None else task.question.expect
    expected = expect if isinstance(expect, Expected) else Expected()
    as_of = None if task.question is None else task.question.as_of
    return {
        "row": task.row,
        "part": task.part,
        "claim": task.claim,
        "document": task.document,
        "as_of": None if as_of is None else as_of.isoformat(),
        "expected_plate": expected.registration_number,
        "expected_vin": expected.vin,
        "remarks": list(task.remarks),
        "cells": dict(task.cells),
    }


def _told(verdict: Verdict, lang: str) -> dict[str, Any]:
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
        "fields": []
        if certificate is None
        else [
            [labels.label(name, lang), shown]
            for name in FIELDS
            if (shown := labels.value(name, certificate, lang)) is not None
        ],
        **_standing(verdict, lang),
    }


def _standing(verdict: Verdict, lang: str) -> dict[str, Any]:
    """How far the answer is proved, attested, or not looked into."""
    evidence = verdict.evidence
    return {
        "proved": list(_proved(verdict, evidence, lang)),
        "attested": list(_attested(verdict, evidence, lang)),
        "unchecked": list(_unchecked(verdict, evidence, lang)),
        "picture_sha256": None if evidence.picture_digest is None else evidence.picture_digest.hex(),
    }


def _proved(verdict: Verdict, evidence: Evidence, lang: str) -> Iterator[str]:
    axes = verdict.axes
    if verdict.certificate is not None and axes[Axis.AUTHENTICITY] is not AxisState.FAILED:
        yield _PROVED[Axis.AUTHENTICITY][lang].format(issuer=verdict.issuer)
    if axes[Axis.BINDING] is AxisState.PASSED:
        yield _PROVED[Axis.BINDING][lang]
    if evidence.status_backing is Backing.PROVED:
        yield _PROVED[Axis.STATUS][lang]
    if evidence.picture_digest is not None and verdict.text:
        yield _PICTURE[lang].format(digest=evidence.picture_digest.hex())


def _attested(verdict: Verdict, evidence: Evidence, lang: str) -> Iterator[str]:
    if verdict.certificate is not None:
        yield _STATED[lang]
    yield _ASKED[lang]
    if evidence.status_backing is Backing.ATTESTED:
        yield _ATTESTED_STATUS[lang]


def _unchecked(verdict: Verdict, evidence: Evidence, lang: str) -> Iterator[str]:
    no_status = evidence.status_backing in {Backing.NOT_ASKED, Backing.FAILED}
    for axis, state in verdict.axes.items():
        if state is AxisState.NOT_CHECKED or (axis is Axis.STATUS and no_status):
            yield _UNCHECKED[axis][lang]
    if evidence.vehicle_backing in {Backing.NOT_ASKED, Backing.FAILED}:
        yield _VEHICLE[lang]
    if evidence.picture_digest is not None:
        yield _SCENE[lang]


def _write(path: Path, data: bytes, mode: int) -> None:
    """Write a file that is named by its content, unless it is there."""
    if not path.exists():
        _files.write_whole(path, data, overwrite=True, mode=mode, durable=False)
