"""A form, read strictly: a check that was asked for and is not made is worse than an answer that is not given.

Starlette reads a form as well as it can. It keeps what arrived of one that was cut off, takes the last of two fields of
one name, passes over names that nobody knows and over what a part says of its encoding, and takes text that is not
UTF-8 for Latin-1, so that a plate in another encoding would be another plate. Here each of these is a problem.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Coroutine, Mapping
from typing import Any, Final
from urllib.parse import parse_qsl

from fastapi.routing import APIRoute
from python_multipart.multipart import parse_options_header
from starlette.datastructures import FormData
from starlette.formparsers import MultiPartException, MultiPartParser
from starlette.requests import Request
from starlette.responses import Response

from claims_desk.problems import Problem

LOG: Final = logging.getLogger("claims_desk")
FIELDS: Final = frozenset(
    {"date_of_loss", "picture", "text", "registration_number", "country", "plate_type", "vin", "claim"}
)

_UTF_8: Final = frozenset({b"utf-8", b"utf8", b"us-ascii"})
_AS_IT_IS: Final = frozenset({b"7bit", b"8bit", b"binary"})


class FormRoute(APIRoute):
    """An address whose form is read strictly."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """As of any other address, with the request that reads so."""
        handle = super().get_route_handler()

        async def strictly(request: Request) -> Response:
            return await handle(_StrictRequest(request.scope, request.receive))

        return strictly


class _StrictRequest(Request):
    async def _get_form(self, **_: Any) -> FormData:  # noqa: ANN401  limits, which are those of the fields here
        if self._form is None:
            try:
                self._form = await _read(self)
            except OSError as error:  # a full disk is no fault of the request, which FastAPI would take it for
                LOG.exception("upload-not-kept")
                raise Problem("internal") from error
        return self._form


async def _read(request: Request) -> FormData:
    kind, options = parse_options_header(request.headers.get("content-type"))
    if not _is_utf_8(options):
        raise Problem("form")
    if kind == b"multipart/form-data" and options.get(b"boundary"):
        form = await _parts(request)
    elif kind == b"application/x-www-form-urlencoded":
        form = await _pairs(request)
    else:
        raise Problem("form")
    try:
        _check(form)
    except Problem:
        await form.close()
        raise
    return form


def _is_utf_8(options: Mapping[bytes, bytes]) -> bool:
    return options.get(b"charset", b"utf-8").lower() in _UTF_8


def _check(form: FormData) -> None:
    names = [name for name, _ in form.multi_items()]
    if not FIELDS.issuperset(names):
        raise Problem("field")
    for name in FIELDS:
        if names.count(name) > 1:
            raise Problem("field", at=name)


async def _parts(request: Request) -> FormData:
    parser = _Parser(request.headers, request.stream(), max_fields=len(FIELDS), max_files=len(FIELDS))
    try:
        form = await parser.parse()
    except (MultiPartException, UnicodeDecodeError) as error:
        raise Problem("request") from error
    if not parser.is_whole:
        await form.close()
        raise Problem("request")
    return form


async def _pairs(request: Request) -> FormData:
    body = await request.body()
    options: dict[str, Any] = {"keep_blank_values": True, "strict_parsing": True, "max_num_fields": len(FIELDS)}
    try:
        return FormData([*parse_qsl(body.decode(), errors="strict", **options)])
    except ValueError as error:
        raise Problem("request") from error


class _Parser(MultiPartParser):
    """As Starlette's, but for text that is no UTF-8, or said to be none; and it knows whether the end came."""

    is_whole = False

    def on_headers_finished(self) -> None:
        (self._current_part.content_disposition or b"").decode()
        super().on_headers_finished()
        given = dict(self._current_part.item_headers)
        if len(given) < len(self._current_part.item_headers):
            raise Problem("request")
        _, options = parse_options_header(given.get(b"content-type"))
        is_text = self._current_part.file is None
        if given.get(b"content-transfer-encoding", b"binary").strip().lower() not in _AS_IT_IS:
            raise Problem("form")
        if is_text and not _is_utf_8(options):
            raise Problem("form")

    def on_part_end(self) -> None:
        self._current_part.data.decode()
        super().on_part_end()

    def on_end(self) -> None:
        self.is_whole = True
