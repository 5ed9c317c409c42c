"""The one table of codes: what each means, which way it weighs, and what to do next, in English and Chinese.

Codes are append-only from the first release: they are stored in claim files for ten years. Reasons of a verdict have
an axis and the effects they may have; error codes have neither and share the namespace. Sentences may be improved at
any time; nothing may depend on them.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum
from types import MappingProxyType
from typing import Final

import attrs


class Axis(Enum):
    """The five questions a verdict answers, in this order."""

    AUTHENTICITY = "authenticity"
    PERIOD = "period"
    STATUS = "status"
    BINDING = "binding"
    FRESHNESS = "freshness"


class Effect(Enum):
    """What a reason does to the outcome: any that fails makes it INVALID, else any that blocks UNDETERMINED."""

    FAILS = "fails"
    BLOCKS = "blocks"
    NOTES = "notes"


@attrs.frozen
class Words:
    """What a code means, and what the reader can do about it."""

    line: str
    next_step: str


@attrs.frozen
class Meaning:
    """One row of the table.

    Attributes:
        axis: which question it is about; None for an error code.
        effects: the effects it may have; none for an error code.
        en: in English.
        zh: in Chinese.
    """

    axis: Axis | None
    effects: frozenset[Effect]
    en: Words
    zh: Words

    def words(self, lang: str) -> Words:
        """The words in a language: ``en`` or ``zh``.

        Raises:
            ValueError: for any other language.
        """
        if lang not in LANGUAGES:
            msg = f"the languages are {' and '.join(LANGUAGES)}"
            raise ValueError(msg)
        return self.zh if lang == "zh" else self.en


LANGUAGES: Final = ("en", "zh")

_A, _P, _S, _B, _F = Axis
_FAILS, _BLOCKS, _NOTES = Effect
_ROWS: dict[str, Meaning] = {}


def _reason(code: str, axis: Axis, effects: Effect | tuple[Effect, ...], *words: str) -> None:
    allowed = frozenset(effects) if isinstance(effects, tuple) else frozenset({effects})
    _add(code, Meaning(axis, allowed, Words(*words[:2]), Words(*words[2:])))


def _error(code: str, *words: str) -> None:
    _add(code, Meaning(None, frozenset(), Words(*words[:2]), Words(*words[2:])))


def _add(code: str, meaning: Meaning) -> None:
    if code in _ROWS:
        msg = f"{code} stands in the table twice"
        raise ValueError(msg)
    _ROWS[code] = meaning


# One row a code: code, axis, effects; English line and next step; Chinese line and next step.
# --- authenticity
_reason(
    "malformed",
    _A,
    _FAILS,
    "The code says it is an inspection certificate, but it cannot be read as one.",
    "Scan it again; if it stays so, treat it as damaged or forged and ask the issuer.",
    "该二维码自称检验凭证，但内容无法解析。",
    "请重新扫描；若仍如此，按损坏或伪造处理，并向签发机关核实。",
)
_reason(
    "too-new",
    _A,
    _FAILS,
    "The certificate uses a feature that this software does not know.",
    "Update the software and check again.",
    "该凭证使用了本软件尚不支持的内容。",
    "请升级软件后重新核验。",
)
_reason(
    "signature-invalid",
    _A,
    _FAILS,
    "The signature does not match: the content was changed, or somebody else made it.",
    "Do not accept it; report it as a suspected forgery.",
    "签名不符：内容被改动，或并非签发机关所制。",
    "请勿采信，并按疑似伪造上报。",
)
_reason(
    "key-unknown",
    _A,
    (_FAILS, _BLOCKS),
    "The trust list holds no key that this certificate names.",
    "Fetch the current trust list and check again; if the key is still unknown, do not accept it.",
    "信任列表中没有该凭证所指的密钥。",
    "请更新信任列表后重新核验；仍未知则不予采信。",
)
_reason(
    "key-usage",
    _A,
    _FAILS,
    "It was signed with a key that may not sign this kind of document.",
    "Do not accept it; report it to the issuer.",
    "签名所用密钥无权签署此类文件。",
    "请勿采信，并通知签发机关。",
)
_reason(
    "key-scope",
    _A,
    _FAILS,
    "It was signed with a key that may not sign for this authority.",
    "Do not accept it; report it to the issuer.",
    "签名所用密钥无权代表该发证机关。",
    "请勿采信，并通知签发机关。",
)
_reason(
    "key-window",
    _A,
    _FAILS,
    "It was signed outside the time in which its key was in use.",
    "Do not accept it; report it to the issuer.",
    "签发时间不在密钥的使用期限内。",
    "请勿采信，并通知签发机关。",
)
_reason(
    "key-compromised",
    _A,
    _FAILS,
    "It was signed after its key had fallen into other hands.",
    "Do not accept it; the holder can have a new one issued.",
    "签发时密钥已泄露。",
    "请勿采信；持有人可申请重新签发。",
)
_reason(
    "issuer-mismatch",
    _A,
    _FAILS,
    "It names another issuer than the owner of the key that signed it.",
    "Do not accept it; report it to the issuer.",
    "凭证所写签发方与密钥所有者不一致。",
    "请勿采信，并通知签发机关。",
)
_reason(
    "no-certificate",
    _A,
    _BLOCKS,
    "No inspection certificate was found.",
    "Take the picture again, closer and in focus, or look the vehicle up by its plate.",
    "未找到检验凭证。",
    "请靠近并对焦后重新拍摄，或按号牌查询。",
)
_reason(
    "foreign-format",
    _A,
    _BLOCKS,
    "The code is not an inspection certificate of this kind.",
    "Ask for the vehicle's inspection certificate.",
    "该二维码不是本类检验凭证。",
    "请出示车辆检验凭证。",
)
_reason(
    "several-certificates",
    _A,
    _BLOCKS,
    "The picture shows several different certificates.",
    "Choose one: take a picture of it alone, or have all of them checked one by one.",
    "图片中有多张不同的凭证。",
    "请单独拍摄其中一张，或逐一核验。",
)
_reason(
    "key-compromised-unproven",
    _A,
    _BLOCKS,
    "Its key fell into other hands later, and nothing proves that it was signed before.",
    "Ask the issuer, or supply proof that it existed before.",
    "密钥后来泄露，且无法证明凭证签于此前。",
    "请向签发机关核实，或提供此前已存在的证明。",
)
_reason(
    "test-environment",
    _A,
    _NOTES,
    "The trust list is a test list: this certificate proves nothing.",
    "Use the production trust list for real decisions.",
    "所用为测试信任列表，核验结果不具证明效力。",
    "正式业务请使用生产信任列表。",
)
# --- period
_reason(
    "expired-on-date",
    _P,
    _FAILS,
    "The certificate had expired on that date.",
    "Ask for a later certificate of the same vehicle.",
    "该日期凭证已过有效期。",
    "请出示该车之后的凭证。",
)
_reason(
    "not-yet-valid-on-date",
    _P,
    _FAILS,
    "The certificate was not yet valid on that date.",
    "Ask for the certificate that was valid before it.",
    "该日期凭证尚未生效。",
    "请出示此前有效的凭证。",
)
_reason(
    "result-not-pass",
    _P,
    _FAILS,
    "The vehicle failed this inspection.",
    "Ask for the certificate of a passed re-test.",
    "该次检验结果为不合格。",
    "请出示复检合格的凭证。",
)
_reason(
    "period-changed-on-date",
    _P,
    _BLOCKS,
    "The certificate's validity began or ended in the course of that day.",
    "Ask again with the hour of the event.",
    "凭证有效期在当日内开始或结束。",
    "请提供事件发生的具体时刻后重新核验。",
)
_reason(
    "issued-in-future",
    _P,
    _BLOCKS,
    "The certificate states a time of issue that has not come yet.",
    "Check the clock of this device; if it is right, ask the issuer.",
    "凭证的签发时间晚于当前时间。",
    "请检查本机时钟；若无误，请向签发机关核实。",
)
_reason(
    "issued-after-event",
    _P,
    _NOTES,
    "The certificate was issued after the moment asked about.",
    "This can be in good faith; look at why it was issued late.",
    "凭证签发于所询时刻之后。",
    "可能属正常情形；请核实其迟发的原因。",
)
_reason(
    "code-unknown",
    _P,
    (_BLOCKS, _NOTES),
    "The certificate uses a code that this software's tables do not hold.",
    "Update the software; until then read the code as the issuer defines it.",
    "凭证含有本软件代码表中没有的代码。",
    "请升级软件；此前请按签发机关的定义理解该代码。",
)
_reason(
    "chassis-check-digit",
    _P,
    _NOTES,
    "The check digit of the VIN does not agree, which is usual outside North America and China.",
    "Compare the VIN with the vehicle.",
    "车辆识别代号校验位不符，在部分国家属常见情形。",
    "请与车辆实际识别代号核对。",
)
# --- status
_reason(
    "revoked-before-event",
    _S,
    _FAILS,
    "The certificate had been revoked by that moment.",
    "Do not rely on it; ask for a later certificate.",
    "在该时刻之前凭证已被撤销。",
    "不予采信；请出示之后的凭证。",
)
_reason(
    "void-from-start",
    _S,
    _FAILS,
    "The certificate was declared void from the start.",
    "Do not rely on it for any date.",
    "该凭证自始无效。",
    "任何日期均不予采信。",
)
_reason(
    "suspended-then",
    _S,
    _FAILS,
    "The certificate was suspended at that moment.",
    "Ask the issuer when it was restored.",
    "在该时刻凭证处于暂停状态。",
    "请向签发机关核实恢复时间。",
)
_reason(
    "superseded-by-then",
    _S,
    _FAILS,
    "A later certificate had taken its place by that moment.",
    "Ask for the later certificate.",
    "在该时刻之前凭证已被新凭证取代。",
    "请出示新的凭证。",
)
_reason(
    "vehicle-stopped",
    _S,
    _FAILS,
    "The register says that this vehicle may not be on the road.",
    "Refer it to the police or the registration authority.",
    "登记信息显示该车辆不得上路行驶。",
    "请转交公安机关交通管理部门处理。",
)
_reason(
    "revocation-effect-unknown",
    _S,
    _BLOCKS,
    "It was revoked later, and it is not known whether the revocation reaches back to that moment.",
    "Ask the issuer from when the revocation has effect.",
    "凭证后来被撤销，撤销是否溯及该时刻不明。",
    "请向签发机关核实撤销的生效时间。",
)
_reason(
    "status-gap",
    _S,
    _BLOCKS,
    "The register speaks for moments before or after, and entries may change in between.",
    "Ask the issuer for the state at that moment.",
    "登记状态未覆盖该时刻，其间可能有变动。",
    "请向签发机关核实该时刻的状态。",
)
_reason(
    "status-unknown-reference",
    _S,
    _BLOCKS,
    "The register does not know this certificate.",
    "Ask the issuer; a genuine certificate is in its register.",
    "登记系统中没有该凭证。",
    "请向签发机关核实；真实凭证应有登记。",
)
_reason(
    "status-unavailable",
    _S,
    (_BLOCKS, _NOTES),
    "The register could not be reached, so nothing is known of revocation.",
    "Check again later.",
    "无法连接登记系统，撤销情况未知。",
    "请稍后重新核验。",
)
_reason(
    "status-not-checked",
    _S,
    (_BLOCKS, _NOTES),
    "Nobody asked the register whether the certificate has been revoked.",
    "Check again with access to the register.",
    "未查询登记系统，撤销情况未知。",
    "请在可访问登记系统时重新核验。",
)
_reason(
    "as-of-unsupported",
    _S,
    _BLOCKS,
    "The register knows only the present, not the moment asked about.",
    "Ask the issuer for the state at that moment.",
    "登记系统只提供当前状态，不支持所询时刻。",
    "请向签发机关核实该时刻的状态。",
)
_reason(
    "status-not-covered",
    _S,
    _BLOCKS,
    "What the register says does not reach to the moment asked about.",
    "Ask the issuer for the state at that moment, or check again later.",
    "登记信息未覆盖所询时刻。",
    "请向签发机关核实，或稍后重新核验。",
)
_reason(
    "status-in-future",
    _S,
    _BLOCKS,
    "The moment asked about has not come yet.",
    "Ask again when it has.",
    "所询时刻尚未到来。",
    "请届时再行核验。",
)
_reason(
    "status-backend-error",
    _S,
    _BLOCKS,
    "The connection to the register failed in an unexpected way.",
    "Report it to whoever runs this system.",
    "登记系统接口发生异常。",
    "请通知系统维护人员。",
)
_reason(
    "status-changed-on-date",
    _S,
    _BLOCKS,
    "The certificate's state changed in the course of that day.",
    "Ask again with the hour of the event.",
    "凭证状态在当日内发生变更。",
    "请提供事件发生的具体时刻后重新核验。",
)
_reason(
    "status-contradicts-certificate",
    _S,
    _BLOCKS,
    "The register says the inspection is overdue while this certificate is in force: one of them is out of date.",
    "Ask the registration authority.",
    "登记显示逾期未检验，而凭证仍在有效期内，两者矛盾。",
    "请向登记机关核实。",
)
_reason(
    "revoked-after-event",
    _S,
    _NOTES,
    "The certificate was revoked later; it was not at the moment asked about.",
    "See the date and reason of the revocation.",
    "凭证在所询时刻之后才被撤销。",
    "请查看撤销的日期与原因。",
)
_reason(
    "vehicle-caution",
    _S,
    _NOTES,
    "The register has a remark on this vehicle.",
    "Read the remark before you decide.",
    "登记系统对该车辆有备注。",
    "请先查看备注再作决定。",
)
# --- binding
_reason(
    "plate-mismatch",
    _B,
    _FAILS,
    "The certificate is for another registration number.",
    "Compare the plate on the vehicle; do not accept it for this vehicle.",
    "凭证的号牌号码与所查车辆不符。",
    "请核对车辆号牌；不得用于该车辆。",
)
_reason(
    "country-mismatch",
    _B,
    _FAILS,
    "The certificate is for a vehicle registered in another country.",
    "Compare the country of the plate.",
    "凭证所属国家与所查车辆不符。",
    "请核对号牌所属国家。",
)
_reason(
    "plate-type-mismatch",
    _B,
    _FAILS,
    "The certificate is for another type of plate.",
    "Compare the plate's colour and type.",
    "凭证的号牌种类与所查车辆不符。",
    "请核对号牌颜色与种类。",
)
_reason(
    "vin-mismatch",
    _B,
    _FAILS,
    "The certificate is for another vehicle identification number.",
    "Compare the number on the vehicle; do not accept it for this vehicle.",
    "凭证的车辆识别代号与所查车辆不符。",
    "请核对车辆识别代号；不得用于该车辆。",
)
_reason(
    "cloned-plate",
    _B,
    _FAILS,
    "The plate agrees and the vehicle identification number does not: one of the vehicles may carry a copied plate.",
    "Refer it to the police.",
    "号牌一致而车辆识别代号不符，涉嫌套牌。",
    "请转交公安机关处理。",
)
_reason(
    "binding-not-given",
    _B,
    _BLOCKS,
    "The policy compares the certificate with the vehicle, and what to compare with was not given.",
    "Give the plate and VIN that were seen.",
    "策略要求核对车辆，但未提供核对信息。",
    "请提供实际的号牌号码与车辆识别代号。",
)
_reason(
    "binding-not-readable",
    _B,
    _BLOCKS,
    "The vehicle identification number is confidential and cannot be read here.",
    "Check where the group key is available.",
    "车辆识别代号已加密，此处无法读取。",
    "请在持有密钥处核验。",
)
_reason(
    "binding-not-checked",
    _B,
    _NOTES,
    "The certificate was not compared with a vehicle.",
    "Compare plate and vehicle by eye.",
    "未将凭证与车辆核对。",
    "请人工核对号牌与车辆。",
)
# --- freshness
_reason(
    "status-stale",
    _F,
    _BLOCKS,
    "What is known of the register is older than the policy allows.",
    "Check again with access to the register.",
    "登记信息的时效超出策略允许的范围。",
    "请在可访问登记系统时重新核验。",
)
_reason(
    "trust-list-stale",
    _F,
    (_BLOCKS, _NOTES),
    "The trust list is older than the policy allows.",
    "Fetch the current trust list.",
    "信任列表的时效超出策略允许的范围。",
    "请更新信任列表。",
)
_reason(
    "presentation-expired",
    _F,
    _BLOCKS,
    "This live presentation is outside its few minutes: it may be a copy.",
    "Have the holder show it again.",
    "该实时出示已超出有效时段，可能为截图。",
    "请持有人重新出示。",
)
_reason(
    "checked-offline",
    _F,
    _NOTES,
    "It was checked without asking the register.",
    "Check again online if it matters.",
    "本次为离线核验，未查询登记系统。",
    "如有必要，请联网重新核验。",
)
# --- appended since the first table
_reason(
    "superseded-after-event",
    _S,
    _NOTES,
    "A later certificate has taken its place since; at the moment asked about it had not.",
    "None is needed.",
    "凭证在所询时刻之后被新凭证取代。",
    "无需处理。",
)
_reason(
    "suspended-after-event",
    _S,
    _NOTES,
    "The certificate was suspended later; it was not at the moment asked about.",
    "See the date and reason of the suspension.",
    "凭证在所询时刻之后才被暂停。",
    "请查看暂停的日期与原因。",
)
_reason(
    "image-unreadable",
    _A,
    _BLOCKS,
    "The picture cannot be read.",
    "Send the picture again, as PNG or JPEG.",
    "图片无法读取。",
    "请以 PNG 或 JPEG 格式重新发送图片。",
)
_reason(
    "image-too-large",
    _A,
    _BLOCKS,
    "The picture is too large.",
    "Send it with fewer pixels.",
    "图片过大。",
    "请缩小后重新发送。",
)
_reason(
    "image-format",
    _A,
    _BLOCKS,
    "The picture is in a format that is not read here.",
    "Send it as PNG or JPEG.",
    "不支持该图片格式。",
    "请以 PNG 或 JPEG 格式发送。",
)
_reason(
    "file-unreadable",
    _A,
    _BLOCKS,
    "The file cannot be read.",
    "Check that it is there and may be read.",
    "文件无法读取。",
    "请检查文件是否存在并可读。",
)
_reason(
    "no-decoder",
    _A,
    _BLOCKS,
    "No QR decoder is installed.",
    "Install certcore[scan].",
    "未安装二维码解码器。",
    "请安装 certcore[scan]。",
)
_reason(
    "code-not-text",
    _A,
    _BLOCKS,
    "The code holds binary data, or is one part of several, and not a certificate's text.",
    "Ask for the vehicle's inspection certificate.",
    "该二维码为二进制内容或多码之一，不是凭证文本。",
    "请出示车辆检验凭证。",
)
# --- errors alone
_error(
    "key-malformed",
    "The key cannot be read.",
    "Check that the file holds one key in PEM, JWK, COSE_Key or X.509 form.",
    "密钥无法读取。",
    "请确认文件为 PEM、JWK、COSE_Key 或 X.509 格式。",
)
_error(
    "key-unsupported",
    "The key is of a kind that is not used here.",
    "Use P-256, P-384 or Ed25519.",
    "不支持该类密钥。",
    "请使用 P-256、P-384 或 Ed25519。",
)
_error(
    "key-weak",
    "The key is too weak, or not a proper key at all.",
    "Do not trust it; have a new one made.",
    "密钥强度不足或本身无效。",
    "请勿信任，并重新生成密钥。",
)
_error(
    "key-password",
    "The private key's password is missing, wrong, or not needed.",
    "Give the right password.",
    "私钥口令缺失、错误或多余。",
    "请提供正确的口令。",
)
_error(
    "trust-list-malformed",
    "The trust list cannot be read.",
    "Fetch it again from its publisher.",
    "信任列表无法解析。",
    "请从发布方重新获取。",
)
_error(
    "trust-list-threshold",
    "Too few members of the trust root have signed the list.",
    "Do not install it; fetch it again from its publisher.",
    "信任列表的根签名数量不足。",
    "请勿安装，并从发布方重新获取。",
)
_error(
    "trust-list-rollback",
    "The trust list is older than the one held.",
    "Keep the one held; find out why an old one is offered.",
    "信任列表的版本低于现有版本。",
    "请保留现有列表，并查明原因。",
)
_error(
    "trust-list-conflict",
    "There are two different trust lists of the same version.",
    "Keep the one held and tell its publisher.",
    "同一版本存在两份不同的信任列表。",
    "请保留现有列表并通知发布方。",
)
_error(
    "trust-list-expired",
    "The trust list is past its next update.",
    "Fetch the current one.",
    "信任列表已过更新期限。",
    "请获取最新列表。",
)
_error(
    "trust-list-issuer-changed",
    "The trust list moves an issuer to another country or time zone.",
    "Keep the one held and tell its publisher.",
    "信任列表改变了签发方的国家或时区。",
    "请保留现有列表并通知发布方。",
)
_error(
    "certificate-incomplete",
    "The certificate lacks what it needs to be issued.",
    "Let the issuer complete it.",
    "凭证缺少签发所需内容。",
    "请先补全凭证。",
)
_error(
    "qr-too-large",
    "The text does not fit a QR symbol.",
    "Choose a lower error level or shorten the content.",
    "内容超出二维码容量。",
    "请降低纠错级别或精简内容。",
)
_error(
    "signer-failed",
    "The signer could not sign.",
    "See the cause; nothing was issued.",
    "签名失败。",
    "请查看原因；未签发任何凭证。",
)
_error(
    "register-failed",
    "The register could not record the certificate.",
    "See the cause; do not hand out the certificate.",
    "登记失败。",
    "请查看原因；请勿发放该凭证。",
)
_error(
    "already-signed",
    "This key has signed the document already.",
    "Sign with another member's key.",
    "该密钥已签署过此文件。",
    "请使用其他成员的密钥。",
)
_error(
    "file-exists",
    "The file is there already.",
    "Choose another name, or say that it may be overwritten.",
    "文件已存在。",
    "请更换名称，或明确允许覆盖。",
)
_error(
    "file-unwritable",
    "The file cannot be written.",
    "Check the folder and its permissions.",
    "文件无法写入。",
    "请检查目录及权限。",
)
_error(
    "file-too-large",
    "The file is larger than such a file can be.",
    "Check that it is the right file.",
    "文件过大。",
    "请确认文件是否正确。",
)
_error(
    "input-malformed",
    "The input file cannot be read as what it should be.",
    "See the message for the place and mend it.",
    "输入文件格式有误。",
    "请按提示位置修改。",
)
_error(
    "not-valid",
    "The certificate is not valid for that moment.",
    "See the verdict's reasons.",
    "凭证在该时刻无效。",
    "请查看核验理由。",
)

REASONS: Final[Mapping[str, Meaning]] = MappingProxyType(_ROWS)
"""Code to meaning, reasons first, in the order in which codes were added."""


def explain(code: str, *, lang: str = "en") -> Words:
    """What a code means, in a language.

    Raises:
        KeyError: for a code that is not in the table.
        ValueError: for a language that is not spoken here.
    """
    return REASONS[code].words(lang)
