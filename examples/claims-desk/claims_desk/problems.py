"""What goes wrong, as problem details (RFC 9457). A problem never repeats what was sent: it may name a vehicle."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, Final

from starlette.exceptions import HTTPException
from starlette.responses import Response

MEDIA_TYPE: Final = "application/problem+json"

PROBLEMS: Final[Mapping[str, tuple[int, str, str]]] = {
    "busy": (503, "The desk has too many requests at once; try again with the same key.", "请求过多，请用同一键重试。"),
    "cannot-read-here": (503, "No picture of this kind can be read on this machine.", "本机无法读取此类图片。"),
    "expected-vehicle": (422, "The expected vehicle is not written as one is.", "所填车辆信息格式有误。"),
    "field": (
        422,
        "A field is missing, unknown, there twice, or not as it must be.",
        "某一字段缺失、未知、重复或格式有误。",
    ),
    "form": (
        415,
        "A question is a form in UTF-8: multipart/form-data, or application/x-www-form-urlencoded.",
        "查询须为 UTF-8 编码的表单。",
    ),
    "host": (400, "The service is not known by this host name.", "主机名不被接受。"),
    "internal": (500, "The desk failed; try again with the same key.", "服务出错，请用同一键重试。"),
    "key-in-progress": (409, "The request with this key is still being answered.", "该键的请求仍在处理中。"),
    "key-missing": (
        400,
        "The header Idempotency-Key is missing, there twice, or not 8 to 255 characters.",
        "缺少有效的幂等键。",
    ),
    "key-reused": (422, "This key was used for another request.", "该键已用于另一请求。"),
    "method": (405, "This address does not take the method.", "此地址不支持该方法。"),
    "moment": (
        422,
        "The date of loss is a day (2026-10-20), or a time with its zone (2026-10-20T08:30:00+08:00).",
        "出险时间须为日期，或带时区的时间。",
    ),
    "no-picture": (503, "The picture cannot be shown now; try again.", "暂时无法显示图片，请重试。"),
    "no-report": (500, "The report cannot be written.", "无法生成报告。"),
    "not-found": (404, "There is nothing here.", "未找到。"),
    "picture-or-text": (422, "A question has a picture or a text: one of them.", "须提供图片或文本，且只提供一种。"),
    "picture-too-large": (413, "The picture has too many pixels, or pages.", "图片像素或页数过多。"),
    "request": (400, "The request cannot be read.", "请求无法读取。"),
    "too-large": (413, "The request has too many bytes.", "请求过大。"),
    "too-slow": (408, "The request did not arrive in time.", "请求未及时送达。"),
    "wrong-type": (
        415,
        "The file is no PNG, JPEG, WebP, TIFF, GIF, BMP, PDF or HEIC.",
        "文件不是可读取的图片或 PDF。",
    ),
}
"""By code: the status, and a sentence in English and in Chinese."""

_LATER: Final = frozenset({"busy", "key-in-progress"})


class Problem(HTTPException):
    """Something is wrong with a request, or with the desk."""

    def __init__(self, code: str, *, at: str | None = None) -> None:
        self.code, self.at = code, at
        super().__init__(PROBLEMS[code][0], code)


def response(problem: Problem) -> Response:
    """The answer that tells a problem."""
    status, en, zh = PROBLEMS[problem.code]
    body: dict[str, Any] = {"type": f"/problems#{problem.code}", "title": en, "status": status, "code": problem.code}
    body |= {"title_zh": zh} | ({"field": problem.at} if problem.at else {})
    headers = {"retry-after": "1"} if problem.code in _LATER else {}
    content = json.dumps(body, ensure_ascii=False)
    return Response(content, status_code=status, media_type=MEDIA_TYPE, headers=headers)


def page() -> str:
    """Every problem, for who follows a problem's type."""
    rows = "".join(
        f'<tr id="{code}"><td><code>{code}</code></td><td>{status}</td><td>{en}</td><td lang="zh">{zh}</td></tr>'
        for code, (status, en, zh) in PROBLEMS.items()
    )
    head = '<!doctype html><html lang="en"><meta charset="utf-8"><title>Problems</title>'
    return f'{head}<link rel="stylesheet" href="/page/style.css"><main><h1>Problems</h1><table>{rows}</table></main>'
