"""A client without a network: one request to an ASGI app, and its answer."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping, Sequence
from typing import Any

import attrs
from starlette.applications import Starlette


@attrs.frozen
class Answer:
    """What the app sent."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def code(self) -> str:
        """The code of a problem."""
        return str(json.loads(self.body)["code"])


def ask(
    app: Starlette,
    target: str,
    *,
    method: str = "GET",
    headers: Mapping[str, str] | None = None,
    body: Sequence[bytes | None] = (b"",),
) -> Answer:
    """Send a request, its body in parts, and gather the answer; a part that is None: the client has left."""
    path, _, query = target.partition("?")
    scope: dict[str, Any] = {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": method,
        "scheme": "http",
        "path": path,
        "raw_path": path.encode(),
        "root_path": "",
        "query_string": query.encode(),
        "headers": [(name.lower().encode(), value.encode()) for name, value in (headers or {}).items()],
        "client": ("127.0.0.1", 1),
        "server": ("127.0.0.1", 80),
    }
    parts = list(body)
    sent: list[Any] = []

    async def receive() -> dict[str, Any]:
        part = parts.pop(0) if parts else b""
        if part is None:
            return {"type": "http.disconnect"}
        return {"type": "http.request", "body": part, "more_body": bool(parts)}

    async def send(message: Any) -> None:  # noqa: ANN401  the protocol's messages and its form
        sent.append(message)

    asyncio.run(app(scope, receive, send))
    start = sent[0]
    found = {name.decode(): value.decode() for name, value in start["headers"]}
    return Answer(start["status"], found, b"".join(message.get("body", b"") for message in sent[1:]))
