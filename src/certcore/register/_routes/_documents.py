"""The routes for everybody: the trust list, what was published, and whether the service is well.

Everything is handed out byte for byte as it was published. What an answer costs depends on its own size, and not on how
many lists there are or how old the archive is (`_publication._published`).
"""

from __future__ import annotations

import hashlib
import re
from pathlib import Path
from typing import Any, Final

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from certcore._instants import CLOCK_SKEW
from certcore.errors import StatusError
from certcore.register._publication import _layout
from certcore.register._routes._http import BAD_REQUEST, NOT_FOUND, NOT_MODIFIED, Settings, threaded
from certcore.register.openapi import JSON_TYPE
from certcore.status.eventlist import STATUS_EVENTS_TYPE
from certcore.status.tokenlist import STATUS_LIST_TYPE
from certcore.trust._lists import MEDIA_TYPE as TRUST_LIST_TYPE

_NUMBER: Final = re.compile("0|[1-9][0-9]{0,9}")
_SECONDS: Final = re.compile("[0-9]{1,11}")
_OPAQUE_TAG: Final = re.compile('"[^"]*"')
_PAST_MAX_AGE_S: Final = 86_400
"""How long a document of the past may be cached: it does not change, but need not fill a cache for ever."""

_DEFAULT_MAX_AGE_S: Final = 300


def routes_of_documents(settings: Settings, description: dict[str, Any]) -> list[Route]:
    """The routes, with the service's description."""
    return [
        Route("/trust-list", threaded(settings, _trust_list)),
        Route("/status-lists", threaded(settings, _aggregation)),
        Route(f"{settings.list_path}.events", threaded(settings, _events)),
        Route(settings.list_path, threaded(settings, _list)),
        Route("/health", threaded(settings, _health)),
        Route("/ready", threaded(settings, _ready)),
        Route("/openapi.json", threaded(settings, lambda _, __: JSONResponse(description))),
    ]


def _trust_list(settings: Settings, request: Request) -> Response:
    data = settings.trust_list if isinstance(settings.trust_list, bytes) else _read(settings.trust_list)
    return _document(request, data, TRUST_LIST_TYPE, max_age_s=_DEFAULT_MAX_AGE_S)


def _aggregation(settings: Settings, request: Request) -> Response:
    data = _read(settings.folder.path / _layout.INDEX)
    return _document(request, data, JSON_TYPE, max_age_s=_DEFAULT_MAX_AGE_S)


def _list(settings: Settings, request: Request) -> Response:
    return _published(settings, request, "", STATUS_LIST_TYPE)


def _events(settings: Settings, request: Request) -> Response:
    return _published(settings, request, _layout.EVENTS_SUFFIX, STATUS_EVENTS_TYPE)


def _published(settings: Settings, request: Request, suffix: str, media_type: str) -> Response:
    number = str(request.path_params["list"])
    if not _NUMBER.fullmatch(number):
        raise HTTPException(NOT_FOUND, "There is no such list")
    place = settings.list_path.replace("{list}", number).removeprefix("/")
    now = settings.second
    time = request.query_params.get("time")
    if time is None:
        data = _read(settings.folder.path / f"{place}{suffix}")
        return _document(request, data, media_type, max_age_s=_max_age_s(settings, place, now))
    if not _SECONDS.fullmatch(time):
        raise HTTPException(BAD_REQUEST, "A time is a number of seconds since 1970")
    if not (settings.folder.path / place).is_file():
        raise HTTPException(NOT_FOUND, "There is no such list")
    found = settings.folder.find_archived(f"{place}{suffix}", int(time))
    if found is None:
        raise HTTPException(NOT_FOUND, "There is no list for that time")
    max_age_s = _PAST_MAX_AGE_S if int(time) < now else _max_age_s(settings, place, now)
    return _document(request, _read(found), media_type, max_age_s=max_age_s)


def _max_age_s(settings: Settings, place: str, now: int) -> int:
    """How long a current list may be cached: as long as it says itself, and never past its end."""
    published = settings.folder.state().lists.get(place)
    if published is None:
        return 0
    left = max(0, published.expires_at - now)
    return min(left, _DEFAULT_MAX_AGE_S if published.ttl_s is None else published.ttl_s)


def _document(request: Request, data: bytes, media_type: str, *, max_age_s: int) -> Response:
    tag = f'"{hashlib.sha256(data).hexdigest()[:32]}"'
    headers = {
        "ETag": tag,
        "Cache-Control": f"public, max-age={max_age_s}",
        "Access-Control-Allow-Origin": "*",
        "X-Content-Type-Options": "nosniff",
    }
    wanted = request.headers.get("if-none-match", "")
    if wanted.strip() == "*" or tag in _OPAQUE_TAG.findall(wanted):
        return Response(status_code=NOT_MODIFIED, headers=headers)
    response = Response(data, headers=headers)
    response.headers["Content-Type"] = media_type  # as it is: no charset behind it
    return response


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except (OSError, ValueError) as cause:  # ValueError: a name that no file can have
        raise HTTPException(NOT_FOUND, "There is no such document") from cause


def _health(_: Settings, __: Request) -> Response:
    return JSONResponse({"status": "ok"}, headers={"Cache-Control": "no-store"})


def _ready(settings: Settings, _: Request) -> Response:
    """Ready when the register answers and what is published still speaks for the present."""
    settings.registry.check()
    now, published = settings.second, settings.folder.state()
    if not published.lists:
        raise StatusError("status-unavailable", "Nothing is published")
    if expired := published.count_expired(now):
        raise StatusError("status-list-expired", "A published list has expired", lists=expired)
    if ahead := published.count_ahead(now + int(CLOCK_SKEW.total_seconds())):
        raise StatusError("status-list-future", "A published list is dated in the future", lists=ahead)
    return JSONResponse({"status": "ok", "lists": len(published.lists)}, headers={"Cache-Control": "no-store"})
