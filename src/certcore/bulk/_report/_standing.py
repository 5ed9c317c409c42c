"""In words: what in a verdict was proved, what somebody only stated, and what was not checked."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from certcore.evidence import Backing, Evidence
from certcore.verdict import Axis, AxisState, Verdict

_PROVED: Final = {
    Axis.AUTHENTICITY: {
        "en": "The certificate was signed with a key that the trust list gives to this issuer: {issuer}.",
        "zh": "凭证由信任列表所列签发机关的密钥签署：{issuer}。",
    },
    Axis.BINDING: {
        "en": "The plate and VIN that were asked about are those of the certificate, as far as they are given.",
        "zh": "所询号牌号码与车辆识别代号（以所填为限）与凭证一致。",
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


def standing(verdict: Verdict, evidence: Evidence, lang: str) -> dict[str, Any]:
    """How far the answer is proved, attested, or not looked into."""
    return {
        "proved": list(_proved(verdict, evidence, lang)),
        "attested": list(_attested(verdict, evidence, lang)),
        "unchecked": list(_unchecked(verdict, evidence, lang)),
        "picture_sha256": None if evidence.picture_digest is None else evidence.picture_digest.hex(),
    }


def read_from(evidence: Evidence, lang: str) -> list[str]:
    """Which file the code was read from, for whoever read it."""
    digest = evidence.picture_digest
    return [] if digest is None or not evidence.text else [_PICTURE[lang].format(digest=digest.hex())]


def _proved(verdict: Verdict, evidence: Evidence, lang: str) -> Iterator[str]:
    axes = verdict.axes
    if verdict.certificate is not None and axes[Axis.AUTHENTICITY] is not AxisState.FAILED:
        yield _PROVED[Axis.AUTHENTICITY][lang].format(issuer=verdict.issuer)
    if axes[Axis.BINDING] is AxisState.PASSED:
        yield _PROVED[Axis.BINDING][lang]
    if evidence.status_backing is Backing.PROVED:
        yield _PROVED[Axis.STATUS][lang]


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
