"""The report for people: one HTML file that loads nothing, has no script, and prints.

It is written claim by claim from records (`certcore.bulk._claims`), which may hold anything: all is escaped here.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from html import escape as _markup
from typing import Any, Final

import attrs

from certcore._escaping import escape
from certcore.reasons import REASONS, explain

MOST_CLAIMS: Final = 5000
"""Claims that are shown one by one: a browser opens no more of them in good time. Tables hold all."""

MOST_REASONS: Final = 15
_OUTCOMES: Final = ("valid", "degraded", "invalid", "undetermined", "error")

_WORDS: Final[Mapping[str, Mapping[str, str]]] = {
    "en": {
        "lang": "en",
        "title": "Claims verified",
        "valid": "valid",
        "degraded": "valid, status not known",
        "invalid": "not valid",
        "undetermined": "undetermined",
        "error": "could not be asked",
        "by outcome": "By outcome",
        "by reason": "By reason",
        "how": "How to read this",
        "how valid": "By what could be known, the certificate was in force on the date of loss, for this vehicle.",
        "how degraded": "Nothing speaks against it, but no register said whether it was revoked. Ask the register.",
        "how invalid": "Do not rely on the certificate for that date. The reasons say why.",
        "how undetermined": "It cannot be said either way. This is no finding against anybody: get what is missing.",
        "how error": "The row or the picture could not be used. Correct it, and verify it again.",
        "note": "A verdict is about the certificate at that moment. It does not say whether a claim is covered.",
        "replay": "The evidence of each verdict is kept beside this report; anybody with the root's key comes to the"
        " same verdict again, offline: certcore evidence replay --materials evidence/documents evidence/FILE.",
        "question": "Question",
        "date of loss": "date of loss",
        "plate": "plate given",
        "vin": "VIN given",
        "document": "document",
        "row": "row",
        "certificate": "The certificate says",
        "proved": "Proved",
        "attested": "On somebody's word",
        "unchecked": "Not checked",
        "evidence": "evidence",
        "claims": "Claims",
        "facts": "Asked under the policy “{policy}”. Judged {judged}.",
        "more": "{count} further documents are in the tables beside this report, and not here.",
        "documents": "{count} documents.",
        "none": "not given",
        "no picture": "no picture",
        "repeated": "Another row has the same claim number.",
    },
    "zh": {
        "lang": "zh-CN",
        "title": "理赔凭证核验报告",
        "valid": "有效",
        "degraded": "有效（状态未知）",
        "invalid": "无效",
        "undetermined": "无法判定",
        "error": "无法核验",
        "by outcome": "按结论统计",
        "by reason": "按理由统计",
        "how": "如何阅读本报告",
        "how valid": "据现有信息，该凭证在出险日期对该车辆有效。",
        "how degraded": "未发现不利情形，但没有登记系统说明其是否已被撤销。请查询登记系统。",
        "how invalid": "不得就该日期采信该凭证。理由见各项说明。",
        "how undetermined": "现有信息不足以得出结论，不构成对任何人的不利认定。请补齐所缺信息。",
        "how error": "该行或图片无法使用。请更正后重新核验。",
        "note": "结论仅针对该时刻的凭证，不说明是否属于赔付范围。",
        "replay": "每项结论的证据与本报告一并保存；任何持有根密钥的人均可离线重现同一结论："
        "certcore evidence replay --materials evidence/documents evidence/FILE。",
        "question": "所询内容",
        "date of loss": "出险日期",
        "plate": "所填号牌号码",
        "vin": "所填车辆识别代号",
        "document": "文件",
        "row": "行",
        "certificate": "凭证所载",
        "proved": "已证明",
        "attested": "据陈述",
        "unchecked": "未核查",
        "evidence": "证据文件",
        "claims": "案件",
        "facts": "判定策略：“{policy}”。判定时间：{judged}。",
        "more": "另有 {count} 份文件未在此列出，见随附表格。",
        "documents": "共 {count} 份文件。",
        "none": "未填",
        "no picture": "无图片",
        "repeated": "另有一行使用相同案号。",
    },
}

_COLOURS: Final = {
    "valid": "#1a7f37",
    "degraded": "#8a6d00",
    "invalid": "#b3261e",
    "undetermined": "#9a5b00",
    "error": "#57606a",
}

_STYLE: Final = """
*{box-sizing:border-box}
body{margin:0 auto;max-width:64rem;padding:1.5rem;color:#1f2328;background:#fff;line-height:1.5;
font-family:"Noto Sans","Noto Sans CJK SC","Noto Sans SC","PingFang SC","Microsoft YaHei",Arial,sans-serif}
h1{margin:0 0 .3rem;font-size:1.7rem}h2{font-size:1.15rem;margin:1.8rem 0 .6rem;break-after:avoid}
h3{font-size:.9rem;margin:.7rem 0 .2rem}
p{margin:.2rem 0}.quiet{color:#57606a;font-size:.88rem}
.cards{display:flex;flex-wrap:wrap;gap:.6rem;margin:1rem 0}
.card{border:1px solid #d0d7de;border-top:4px solid;border-radius:6px;padding:.5rem .9rem;min-width:7.5rem}
.card b{display:block;font-size:1.6rem;line-height:1.2}
svg.plot{width:100%;height:auto;display:block}
table{border-collapse:collapse;width:100%;font-size:.88rem}
td,th{text-align:left;padding:.25rem .5rem;border-bottom:1px solid #d8dee4;vertical-align:top}
article{border:1px solid #d0d7de;border-left:6px solid;border-radius:6px;padding:.8rem 1rem;margin:1rem 0;
break-inside:avoid;content-visibility:auto;contain-intrinsic-size:auto 26rem}
article header{display:flex;justify-content:space-between;gap:1rem;flex-wrap:wrap}
article header h2{margin:0;font-size:1.1rem;overflow-wrap:anywhere}
.tag{color:#fff;border-radius:4px;padding:.1rem .6rem;font-weight:600;white-space:nowrap;align-self:flex-start}
.body{display:grid;grid-template-columns:minmax(0,15rem) minmax(0,1fr);gap:1.2rem;margin-top:.6rem}
.picture svg{width:100%;height:auto;max-height:24rem;border:1px solid #d0d7de;background:#f6f8fa}
.none{border:1px dashed #d0d7de;color:#57606a;text-align:center;padding:3rem .5rem;font-size:.85rem}
ul{margin:.1rem 0;padding-left:1.2rem;font-size:.92rem;overflow-wrap:anywhere}
dl{display:grid;grid-template-columns:max-content minmax(0,1fr);gap:.1rem .8rem;margin:.2rem 0;font-size:.92rem}
dt{color:#57606a}dd{margin:0;overflow-wrap:anywhere}
.small{font-size:.82rem;overflow-wrap:anywhere}code{overflow-wrap:anywhere}
@media(max-width:40rem){.body{grid-template-columns:1fr}}
@media print{body{max-width:none;padding:0;font-size:10pt}article{content-visibility:visible}
.tag,.card,article,svg{print-color-adjust:exact;-webkit-print-color-adjust:exact}}
"""


@attrs.frozen(kw_only=True)
class Summary:
    """What all records come to.

    Attributes:
        outcomes: how many of each.
        codes: in how many records each code stands.
        total: how many records there are.
        judged_at: when the first verdict was come to.
    """

    outcomes: Counter[str]
    codes: Counter[str]
    total: int
    judged_at: str | None


def kind_of(record: Mapping[str, Any]) -> str:
    """The outcome, or that a valid one rests on something missing."""
    return "degraded" if record.get("degraded") else str(record["outcome"])


def summarise(records: Iterable[Mapping[str, Any]]) -> Summary:
    """Count what there is."""
    outcomes: Counter[str] = Counter()
    codes: Counter[str] = Counter()
    judged_at = None
    for record in records:
        outcomes[kind_of(record)] += 1
        codes.update(record["codes"])
        judged_at = judged_at or record.get("judged_at")
    return Summary(outcomes=outcomes, codes=codes, total=outcomes.total(), judged_at=judged_at)


def html(summary: Summary, records: Iterable[Mapping[str, Any]], *, policy: str, lang: str) -> Iterator[str]:
    """The report, part by part."""
    words = _WORDS[lang]
    yield f'<!doctype html><html lang="{words["lang"]}"><meta charset="utf-8">'
    yield '<meta name="viewport" content="width=device-width"><meta name="referrer" content="no-referrer">'
    yield '<meta http-equiv="Content-Security-Policy" content="default-src \'none\'; '
    yield "img-src data:; style-src 'unsafe-inline'\">"
    yield f"<title>{words['title']}</title><style>{_STYLE}</style><body>"
    yield from _head(summary, words, policy, lang)
    yield f"<h2>{words['claims']}</h2>"
    for number, record in enumerate(records):
        if number == MOST_CLAIMS:
            break
        yield from _article(record, words)
    if summary.total > MOST_CLAIMS:
        yield f"<p>{words['more'].format(count=summary.total - MOST_CLAIMS)}</p>"
    yield "</body></html>\n"


def _head(summary: Summary, words: Mapping[str, str], policy: str, lang: str) -> Iterator[str]:
    judged = (summary.judged_at or "–").replace("T", " ").replace("+00:00", " UTC")
    facts = words["documents"].format(count=summary.total) + ("" if lang == "zh" else " ")
    facts += words["facts"].format(policy=policy, judged=judged)
    yield f"<h1>{words['title']}</h1>"
    yield f'<p class="quiet">{_shown(facts)}</p><div class="cards">'
    found = [kind for kind in _OUTCOMES if summary.outcomes[kind] or kind not in {"degraded", "error"}]
    for kind in found:
        yield f'<div class="card" style="border-top-color:{_COLOURS[kind]}">'
        yield f"<b>{summary.outcomes[kind]}</b>{words[kind]}</div>"
    yield f"</div><h2>{words['by outcome']}</h2>"
    yield _bars([(words[kind], summary.outcomes[kind], _COLOURS[kind]) for kind in found], words["by outcome"])
    yield f"<h2>{words['by reason']}</h2>"
    reasons = [(_meaning(code, lang), count, "#0969da") for code, count in summary.codes.most_common(MOST_REASONS)]
    yield _bars(reasons, words["by reason"])
    yield f"<h2>{words['how']}</h2><table>"
    for kind in found:
        yield f'<tr><th style="color:{_COLOURS[kind]};white-space:nowrap">{words[kind]}<td>{words["how " + kind]}'
    yield f'</table><p class="quiet">{words["note"]} {words["replay"]}</p>'


def _meaning(code: str, lang: str) -> str:
    return explain(code, lang=lang).line if code in REASONS else code


def _bars(rows: Sequence[tuple[str, int, str]], title: str) -> str:
    """Horizontal bars, each with its words above it and its number behind it."""
    most = max((count for _, count, _ in rows), default=0) or 1
    parts = []
    for place, (label, count, colour) in enumerate(rows):
        top, width = 38 * place, max(620 * count / most, 1 if count else 0)
        parts.append(
            f'<text x="0" y="{top + 13}" font-size="13">{_shown(label)}</text>'
            f'<rect x="0" y="{top + 18}" width="{width:.1f}" height="12" rx="2" fill="{colour}"/>'
            f'<text x="{width + 6:.1f}" y="{top + 29}" font-size="13" font-weight="600">{count}</text>'
        )
    height = 38 * max(len(rows), 1)
    return (
        f'<svg class="plot" role="img" aria-label="{_shown(title)}" viewBox="0 0 900 {height}">{"".join(parts)}</svg>'
    )


def _article(record: Mapping[str, Any], words: Mapping[str, str]) -> Iterator[str]:
    kind = kind_of(record)
    colour = _COLOURS[kind]
    yield f'<article style="border-left-color:{colour}"><header><h2>{_shown(record["claim"] or "–")}</h2>'
    yield f'<span class="tag" style="background:{colour}">{words[kind]}</span></header>'
    yield f'<div class="body"><div class="picture">{_picture(record.get("thumbnail"), words)}</div><div>'
    if headline := record.get("headline"):
        yield f"<p><b>{_shown(headline)}</b></p>"
    yield _list(record["words"])
    if record["remarks"]:
        yield _list([words[remark] for remark in record["remarks"]])
    yield f"<h3>{words['question']}</h3>{_pairs(_question(record, words))}"
    if fields := record.get("fields"):
        yield f"<h3>{words['certificate']}</h3>{_pairs(fields)}"
    for name in ("proved", "attested", "unchecked"):
        if record.get(name):
            yield f"<h3>{words[name]}</h3>{_list(record[name])}"
    yield f'<p class="quiet small">{_shown(", ".join(record["codes"]))}'
    if record.get("detail"):
        yield f": {_shown(record['detail'])}"
    if record.get("evidence"):
        yield f"<br>{words['evidence']}: {_shown(record['evidence'])}, SHA-256 {_shown(record['evidence_sha256'])}"
    yield "</p></div></div></article>"


def _question(record: Mapping[str, Any], words: Mapping[str, str]) -> list[tuple[str, str]]:
    return [
        (words["date of loss"], record["as_of"] or words["none"]),
        (words["plate"], record["expected_plate"] or words["none"]),
        (words["vin"], record["expected_vin"] or words["none"]),
        (words["document"], record["document"] or words["none"]),
        (words["row"], str(record["row"])),
    ]


def _picture(found: Mapping[str, Any] | None, words: Mapping[str, str]) -> str:
    """The picture, and the symbol outlined on it."""
    if not found:
        return f'<div class="none">{words["no picture"]}</div>'
    width, height = (int(side) for side in found["size"])
    points = " ".join(f"{float(x)},{float(y)}" for x, y in found["outline"])
    stroke = max(width, height) / 90
    outline = f'<polygon points="{points}" fill="none" stroke="#d1242f" stroke-width="{stroke:.1f}"/>' if points else ""
    image = f'<image width="{width}" height="{height}" href="data:image/jpeg;base64,{_shown(found["jpeg"])}"/>'
    return f'<svg viewBox="0 0 {width} {height}">{image}{outline}</svg>'


def _list(lines: Iterable[str]) -> str:
    items = "".join(f"<li>{_shown(line)}" for line in lines)
    return f"<ul>{items}</ul>" if items else ""


def _pairs(rows: Iterable[Sequence[str]]) -> str:
    return "<dl>" + "".join(f"<dt>{_shown(label)}<dd>{_shown(value)}" for label, value in rows) + "</dl>"


def _shown(text: object) -> str:
    return _markup(escape(str(text)))
