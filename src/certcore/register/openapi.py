"""The service's description in OpenAPI 3.1: what each route takes and answers. Data, and tested against the routes."""

from __future__ import annotations

from typing import Any, Final

import certcore
from certcore.armor import MAX_CHARACTERS
from certcore.proofs.receipts import RECEIPT_TYPE
from certcore.register import access
from certcore.status.eventlist import STATUS_EVENTS_TYPE
from certcore.status.tokenlist import STATUS_LIST_TYPE
from certcore.status.vehicledoc import MAX_REQUEST_BYTES, VEHICLE_ANSWER_TYPE, VEHICLE_REQUEST_TYPE
from certcore.trust._lists import MEDIA_TYPE as TRUST_LIST_TYPE

__all__: list[str] = []

JSON_TYPE: Final = "application/json"
TEXT_TYPE: Final = "text/plain"

_BINARY: Final = {"type": "string", "format": "binary"}
_TEXT: Final = {TEXT_TYPE: {"schema": {"type": "string"}}}
_LIST_PARAMETERS: Final = [
    {
        "name": "list",
        "in": "path",
        "required": True,
        "description": "The list's number, decimal, without leading zeros.",
        "schema": {"type": "string", "pattern": "^(0|[1-9][0-9]{0,9})$"},
    },
    {
        "name": "time",
        "in": "query",
        "description": "A moment in seconds since 1970: the document that spoke for it, iat <= time <= exp.",
        "schema": {"type": "string", "pattern": "^[0-9]{1,11}$"},
    },
]
_PROBLEM: Final = {"content": {JSON_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}}}


def describe(
    *, list_path: str, has_vehicles: bool, has_live: bool = False, has_receipts: bool = False
) -> dict[str, Any]:
    """The description of a service with its lists at that path."""
    paths: dict[str, Any] = {
        "/trust-list": {"get": _document("The signed trust list.", TRUST_LIST_TYPE)},
        "/status-lists": {"get": _document("The URIs of all status lists (aggregation).", JSON_TYPE)},
        list_path: {"get": _document("A status list, signed.", STATUS_LIST_TYPE, is_list=True)},
        f"{list_path}.events": {
            "get": _document("What happened to a list's entries, signed.", STATUS_EVENTS_TYPE, is_list=True)
        },
        "/health": {"get": _state("Whether the process answers.")},
        "/ready": {
            "get": _state("Whether the register answers, and every list is published and current.", may_fail=True)
        },
        "/openapi.json": {"get": _state("This description.")},
    }
    if has_vehicles:
        paths["/vehicles"] = {"post": _vehicles()}
    if has_receipts:
        paths["/receipts"] = {"post": _receipts()}
    if has_live:
        paths["/live"] = {"post": _live()}
    return {
        "openapi": "3.1.0",
        "info": {"title": "certcore register", "version": certcore.__version__},
        "paths": paths,
        "components": {
            "schemas": {
                "Problem": {
                    "type": "object",
                    "required": ["code", "message"],
                    "properties": {"code": {"type": "string"}, "message": {"type": "string"}},
                }
            },
            "securitySchemes": {"bearer": {"type": "http", "scheme": "bearer"}},
        },
    }


def _document(summary: str, media_type: str, *, is_list: bool = False) -> dict[str, Any]:
    responses: dict[str, Any] = {
        "200": {
            "description": summary,
            "headers": {name: {"schema": {"type": "string"}} for name in ("ETag", "Cache-Control")},
            "content": {media_type: {"schema": {"type": "object"} if media_type == JSON_TYPE else _BINARY}},
        },
        "304": {"description": "The caller's copy, named by If-None-Match, is the current one."},
        "404": {"description": "There is none, or none for that time.", **_PROBLEM},
    }
    found: dict[str, Any] = {"summary": summary, "responses": responses}
    if is_list:
        responses["400"] = {"description": "The time is no number of seconds.", **_PROBLEM}
        found["parameters"] = _LIST_PARAMETERS
    return found


def _state(summary: str, *, may_fail: bool = False) -> dict[str, Any]:
    answer = {"content": {JSON_TYPE: {"schema": {"type": "object"}}}}
    responses = {"200": {"description": summary, **answer}}
    if may_fail:
        responses["503"] = {"description": "It is not.", **_PROBLEM}
    return {"summary": summary, "responses": responses}


def _vehicles() -> dict[str, Any]:
    problems = {
        "400": "The request cannot be read.",
        "401": "No token, or nobody's.",
        "403": "The token's scopes do not allow it.",
        "408": "The request took too long to arrive.",
        "413": f"More than {MAX_REQUEST_BYTES} bytes.",
        "415": "Not a vehicle request.",
        "429": "Too many requests, at once or in this day; Retry-After says when.",
        "503": "The register, or its key, gave no answer.",
    }
    return {
        "summary": "What the register knows of one vehicle, signed.",
        "description": f"The scope is {access.BY_PLATE} for a registration number, {access.BY_VIN} for a VIN.",
        "security": [{"bearer": []}],
        "requestBody": {"required": True, "content": {VEHICLE_REQUEST_TYPE: {"schema": _BINARY}}},
        "responses": {
            "200": {
                "description": "The answer, bound to the request by its digest.",
                "content": {VEHICLE_ANSWER_TYPE: {"schema": _BINARY}},
            },
            **{code: {"description": what, **_PROBLEM} for code, what in problems.items()},
        },
    }


def _receipts() -> dict[str, Any]:
    return _for_a_text(
        "The register's signed word that it held a certificate by the time at which it was recorded.",
        scope=access.RECEIPT,
        answer={"description": "The receipt.", "content": {RECEIPT_TYPE: {"schema": _BINARY}}},
        problems={"400": "It is no certificate.", "422": "The register does not hold this text."},
    )


def _live() -> dict[str, Any]:
    return _for_a_text(
        "A certificate presented live: the same claims, signed for a few minutes.",
        scope=access.LIVE,
        answer={"description": "The text of the presentation.", "content": _TEXT},
        problems={"422": "The register does not hold this text, or it is not in force now."},
    )


def _for_a_text(summary: str, *, scope: str, answer: dict[str, Any], problems: dict[str, str]) -> dict[str, Any]:
    """A route that takes a certificate's text, of those who may send it."""
    common = {
        "400": "The request ended before its body did.",
        "401": "No token, or nobody's.",
        "403": "The token's scopes do not allow it.",
        "408": "The request took too long to arrive.",
        "413": f"More than {MAX_CHARACTERS} bytes.",
        "429": "Too many requests, at once or in this day; Retry-After says when.",
        "503": "The register, or the key, gave no answer.",
    }
    return {
        "summary": summary,
        "description": f"The scope is {scope}. The body is the certificate's text.",
        "security": [{"bearer": []}],
        "requestBody": {"required": True, "content": _TEXT},
        "responses": {
            "200": answer,
            **{code: {"description": what, **_PROBLEM} for code, what in sorted((common | problems).items())},
        },
    }
