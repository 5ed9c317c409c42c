"""What the desk logs: a line for people or a JSON document, from a level on. Nobody's address, plate, claim or text."""

from __future__ import annotations

import json
import logging
from datetime import UTC, datetime
from typing import Final

from certcore.events import listen, write_log

LEVELS: Final = ("debug", "info", "warning", "error")
FORMATS: Final = ("text", "json")


def begin(level: str, form: str) -> None:
    """Log from now on; ``debug`` has certcore's own events as well: verdicts, look-ups, refusals."""
    handler = logging.StreamHandler()
    handler.setFormatter(_Json() if form == "json" else _Text())
    for name in ("claims_desk", "certcore", "uvicorn.error"):
        logger = logging.getLogger(name)
        logger.addHandler(handler)
        logger.setLevel(level.upper() if name != "uvicorn.error" or level != "debug" else "INFO")
    if level == "debug":
        listen(write_log)


def _at(record: logging.LogRecord) -> str:
    return datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


class _Text(logging.Formatter):
    """Without the trace of an exception, which may hold anything."""

    def format(self, record: logging.LogRecord) -> str:
        what = getattr(record, "certcore_event", record.name)
        return f"{_at(record)} {record.levelname} {what} {record.getMessage()}"


class _Json(logging.Formatter):
    """The same members as `certcore status serve --log-format json` has."""

    def format(self, record: logging.LogRecord) -> str:
        told = {"at": _at(record), "level": record.levelname.lower(), "logger": record.name}
        event = {"event": getattr(record, "certcore_event", None), **getattr(record, "certcore_fields", {})}
        return json.dumps(
            {**told, "message": record.getMessage(), **(event if event["event"] else {})}, ensure_ascii=False
        )
