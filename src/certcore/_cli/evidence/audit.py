"""Evidence for an auditor: replayed results as rows of a report, and pictures found by their digests.

`certcore.bulk` makes the report itself, as it does for a table of claims.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import attrs
import click

from certcore._cli import exit_codes
from certcore._cli.input import files
from certcore._cli.options import FILE
from certcore._cli.output import terminal, verdicts
from certcore._cli.output.formats import Line
from certcore._cli.settings import language
from certcore._image_texts import IMAGE_DEADLINE, seen_in
from certcore.bulk import _report
from certcore.bulk._claims import expected, refusal, told
from certcore.bulk._report import Kind, Summary, _html, _pdf
from certcore.bulk._report._words import WORDS
from certcore.errors import CertcoreError
from certcore.evidence import Evidence, Unproved
from certcore.qr._picture import MAX_BYTES
from certcore.qr._sight import Sight
from certcore.verdict import VehicleVerdict, Verdict

FORMATS: Final = frozenset({".html", ".pdf"})
"""How the name of a report ends."""

PICTURES: Final = click.option(
    "--picture",
    type=FILE,
    multiple=True,
    help="A picture, or a folder of pictures, to compare with the digest in the evidence; repeatable.",
)

UNPROVED: Final = {
    Unproved.QUESTION: ("what was asked", "所询内容"),
    Unproved.ASKED_AT: ("when it was asked", "询问时间"),
    Unproved.LOOKUPS: ("that no look-up was left out", "未遗漏任何查询"),
    Unproved.DOCUMENTS: ("that the documents are those of then", "所附文件即当时的文件"),
    Unproved.DOCUMENTS_CURRENT: ("that the status documents were current", "状态文件当时仍在有效期内"),
    Unproved.STATUS_RECORD: ("the status record, which the verifier attests", "状态记录（仅由核验方作证）"),
    Unproved.VEHICLE_RECORD: ("the vehicle's record, which the verifier attests", "车辆记录（仅由核验方作证）"),
}
"""What a replay cannot prove, in words."""

_WORDS: Final = {
    "en": {
        "stated": "What the certificate says about the vehicle and its inspection is the issuer's word.",
        "sealed": "What was asked, and when: sealed by the key {key}.",
        "stamped": "The evidence was there by {at}: time-stamp of {authority}.",
        "found": "{path} has the SHA-256 that the evidence names",
        "shows": "{path} has the SHA-256 that the evidence names, and shows this code.",
        "other": "none of the pictures given has the SHA-256 that the evidence names",
        "none": "the evidence names no picture",
        "issued": "issued {at}",
        "expires": "speaks until {at}",
        "elsewhere": "not with the file",
        "documents": {
            "application/vnd.certcore.trust+cbor": "trust list",
            "application/vnd.certcore.root+cbor": "root set",
            "application/statuslist+cwt": "status list",
            "application/statuslist+jwt": "status list",
            "application/vnd.certcore.status-events+cwt": "status events",
            "application/vnd.certcore.vehicle+cwt": "register's answer about the vehicle",
        },
    },
    "zh": {
        "stated": "凭证所载车辆与检验信息为签发机关的陈述。",
        "sealed": "所询内容与时间：由密钥 {key} 封签。",
        "stamped": "该证据在 {at} 前已存在：{authority} 的时间戳。",
        "found": "{path} 的 SHA-256 与证据所载一致",
        "shows": "{path} 的 SHA-256 与证据所载一致，且图中为同一二维码。",
        "other": "所给图片的 SHA-256 均与证据所载不符",
        "none": "证据未提及图片",
        "issued": "签发于 {at}",
        "expires": "有效至 {at}",
        "elsewhere": "未随附",
        "documents": {
            "application/vnd.certcore.trust+cbor": "信任列表",
            "application/vnd.certcore.root+cbor": "根密钥集",
            "application/statuslist+cwt": "状态列表",
            "application/statuslist+jwt": "状态列表",
            "application/vnd.certcore.status-events+cwt": "状态事件",
            "application/vnd.certcore.vehicle+cwt": "登记系统对车辆的答复",
        },
    },
}


@attrs.frozen
class Pictures:
    """The pictures that were given, by the SHA-256 of their files."""

    paths: Mapping[bytes, Path]
    are_given: bool

    @classmethod
    def of(cls, what: Sequence[Path]) -> Pictures:
        """Those in these files and folders.

        Raises:
            RejectedInputError: ``file-unreadable`` or ``file-too-large``.
        """
        paths = {
            hashlib.sha256(files.read_bytes(path, limit=MAX_BYTES)).digest(): path for path in files.pictures(what)
        }
        return cls(paths, bool(what))

    def path(self, found: Evidence) -> Path | None:
        """The picture that the evidence names, if it was given."""
        return None if found.picture_digest is None else self.paths.get(found.picture_digest)

    def has_other(self, found: Evidence) -> bool:
        """Whether pictures were given, and the one that the evidence names was not."""
        return self.are_given and found.picture_digest is not None and self.path(found) is None

    def told(self, found: Evidence) -> bool | None:
        """Whether the picture was given; None for evidence that names none."""
        return None if found.picture_digest is None else self.path(found) is not None

    def words(self, found: Evidence, lang: str) -> str:
        """The same in words."""
        name = {None: "none", False: "other", True: "found"}[self.told(found)]
        return str(_WORDS[lang][name]).format(path=self.path(found))


@attrs.frozen(kw_only=True)
class Auditor:
    """Makes records of evidence.

    Attributes:
        pictures: those that were given.
        lang: of the words.
    """

    pictures: Pictures
    lang: str

    def unreadable(self, path: Path, error: CertcoreError) -> dict[str, Any]:
        """The record of a file that is no evidence."""
        nobody = dict.fromkeys(("as_of", "expected_plate", "expected_vin"))
        about = {"row": str(path), "claim": path.name, "document": "", "remarks": [], "cells": {}}
        return {**about, **nobody, **self._refusal(error)}

    def _refusal(self, error: CertcoreError) -> dict[str, Any]:
        detail = language.translated(error.message, self.lang)
        return {**refusal(error, self.lang), "detail": detail}

    def refused(self, path: Path, found: Evidence, error: CertcoreError) -> dict[str, Any]:
        """The record of evidence that does not hold."""
        words = WORDS[self.lang]
        compared = [self._recorded(found), [words["replayed outcome"], words["evidence error"]]]
        return {**self._about(path, found, Sight()), **self._refusal(error), "replayed": compared}

    def replayed(self, path: Path, found: Evidence, verdict: Verdict | VehicleVerdict) -> dict[str, Any]:
        """The record of evidence that was replayed."""
        if isinstance(verdict, VehicleVerdict):
            answer = _told_of_vehicle(verdict, self.lang)
        else:
            answer = told(verdict, found, self.lang)
        words, sight = WORDS[self.lang], Sight()
        answer["attested"] = list(self._attested(verdict))
        answer["proved"] = [*answer["proved"], *self._proved(verdict), *self._shown(found, sight)]
        replayed = f"{words[verdict.outcome.value]} ({words['same']})"  # another one does not replay
        judged = _report.moment(verdict.evaluated_at.isoformat(timespec="seconds"))
        compared = [self._recorded(found), [words["replayed outcome"], replayed], [words["judged"], judged]]
        return {**self._about(path, found, sight), **answer, "replayed": compared}

    def _about(self, path: Path, found: Evidence, sight: Sight) -> dict[str, Any]:
        """What was asked, and what the file holds."""
        picture = self.pictures.path(found)
        said = found.to_dict()
        words = self.pictures.words(found, self.lang) if self.pictures.are_given else said["question"]["picture"]
        return {
            "row": str(path),
            "claim": path.name,
            "document": "" if picture is None else str(picture),
            "as_of": found.as_of.isoformat(),
            "known_at": said["question"]["known_at"],
            **expected(found.expected),
            "policy": f"{found.policy.name} ({found.policy.id[:16]})",
            "picture": words,
            "remarks": [],
            "cells": {},
            "evidence": path.name,
            "evidence_sha256": found.digest.hex(),
            "documents": [document_row(document, self.lang) for document in said["documents"]],
            "has_other_picture": self.pictures.has_other(found),
            "thumbnail": sight.to_json(),
        }

    def _recorded(self, found: Evidence) -> list[str]:
        words, codes = WORDS[self.lang], ", ".join(dict.fromkeys(reason.code for reason in found.reasons))
        return [words["recorded outcome"], words[found.outcome.value] + (f" ({codes})" if codes else "")]

    def _shown(self, found: Evidence, sight: Sight) -> Iterator[str]:
        """That the picture which was given shows the code, once it is looked at."""
        path = self.pictures.path(found)
        if path is not None and found.text in seen_in(path, None, IMAGE_DEADLINE, isolate=True, sight=sight).texts:
            yield str(_WORDS[self.lang]["shows"]).format(path=path)

    def _proved(self, verdict: Verdict | VehicleVerdict) -> Iterator[str]:
        said, words = verdict.replay_report, _WORDS[self.lang]
        if said is not None and said.sealed_by is not None:
            yield str(words["sealed"]).format(key=said.sealed_by.hex())
        if said is not None and said.timestamp is not None:
            yield str(words["stamped"]).format(at=said.timestamp.at.isoformat(), authority=said.timestamp.authority)

    def _attested(self, verdict: Verdict | VehicleVerdict) -> Iterator[str]:
        if isinstance(verdict, Verdict) and verdict.certificate is not None:
            yield str(_WORDS[self.lang]["stated"])
        unproved = () if verdict.replay_report is None else verdict.replay_report.unproved
        yield from (UNPROVED[one][self.lang == "zh"] for one in unproved)


@attrs.frozen
class Written:
    """That a report was written, and what it says."""

    summary: Summary
    path: Path

    def members(self) -> Mapping[str, Any]:
        """The counts."""
        outcomes = dict(self.summary.claims)
        return {"files": self.summary.claims.total(), "outcomes": outcomes, "out": str(self.path)}

    def lines(self, lang: str) -> Iterator[Line]:
        """The counts, and where to look."""
        words = Kind(policy=None, lang=lang).words
        counts = ", ".join(f"{words[kind]} {count}" for kind, count in _report.counted(self.summary) if count)
        yield Line(f"{words['count'].format(claims=self.summary.claims.total()).rstrip('.。')}: {counts or 0}")
        yield Line(("报告：" if lang == "zh" else "report: ") + terminal.escaped(str(self.path)))


def write(path: Path, records: list[dict[str, Any]], *, lang: str, mode: int) -> Summary:
    """Write the page, whole or not at all.

    Raises:
        IssuingError: ``file-unwritable``; ``library-missing`` or ``font-missing`` where no PDF can be made here.
    """
    kind, summary = Kind(policy=None, lang=lang), _report.summarise(records)
    if path.suffix.lower() == ".html":
        data = "".join(_html.html(summary, records, kind)).encode("utf-8", "backslashreplace")
    else:
        data = _pdf.document(summary, lambda: records, kind)
    files.write(path, data, force=True, mode=mode)
    return summary


def exit_code(record: Mapping[str, Any]) -> int:
    """What a record counts for: whether its evidence holds, and whether its picture is the one."""
    if record["outcome"] == _report.ERROR:
        return exit_codes.ERROR
    return exit_codes.NOT_VALID if record["has_other_picture"] else exit_codes.DONE


def document_row(document: Mapping[str, Any], lang: str) -> tuple[str, str]:
    """What a document is, and its times and digest."""
    words = _WORDS[lang]
    kinds: Mapping[str, str] = words["documents"]  # type: ignore[assignment]  # the one entry that is a mapping
    times = [
        str(words[name]).format(at=_report.moment(document[member]))
        for name, member in (("issued", "issued_at"), ("expires", "expires_at"))
        if document[member]
    ]
    size = str(words["elsewhere"]) if document["bytes"] is None else f"{document['bytes']} B"
    parts = [*times, size, f"SHA-256 {document['sha256']}"]
    return kinds.get(document["media_type"], document["media_type"]), ("，" if lang == "zh" else ", ").join(parts)


def _told_of_vehicle(verdict: VehicleVerdict, lang: str) -> dict[str, Any]:
    """What a register said of a vehicle."""
    headline, *lines = verdict.explain(lang=lang).split("\n")
    return {
        "outcome": verdict.outcome.value,
        "codes": list(dict.fromkeys(reason.code for reason in verdict.reasons)),
        "headline": headline,
        "words": [line.removeprefix("- ") for line in lines],
        "proved": [],
        "vehicle": [list(row) for row in verdicts.of_vehicle(verdict, lang)],
        "judged_at": verdict.evaluated_at.isoformat(timespec="seconds"),
    }
