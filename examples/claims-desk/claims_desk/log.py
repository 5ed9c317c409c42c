"""What the desk logs: a line for people or a JSON document, from a level on. Nobody's address, plate, claim or text."""

from __future__ import annotations

import json
import logging
from datetime import UTC, datetime
from typing import Final

from certcore.events import listen, write_log

LEVELS: Final = ("debug", "info", "warning", "error")
FORMATS: Final = ("text", "json")
_OWN: Final = {"claims_desk": logging.DEBUG, "certcore": logging.DEBUG, "uvicorn.error": logging.INFO}


def begin(level: str, form: str) -> None:
    """Log from now on; ``debug`` has certcore's own events as well: verdicts, look-ups, refusals.

    What other libraries have to tell is a line like any other, from ``warning`` on; but not what python-multipart has:
    that tells of the bytes that were sent.
    """
    handler = logging.StreamHandler()
    handler.setFormatter(_Json() if form == "json" else _Text())
    lowest = logging.getLevelNamesMapping()[level.upper()]
    logging.basicConfig(handlers=[handler], level=max(lowest, logging.WARNING), force=True)
    for name, least in {**_OWN, "python_multipart": logging.CRITICAL}.items():
        logging.getLogger(name).setLevel(max(lowest, least))
    if level == "debug":
        listen(write_log)


def _at(record: logging.LogRecord) -> str:
    return datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _said(record: logging.LogRecord) -> str:
    """A line: further ones, what an exception says and its trace may hold anything."""
    line = record.getMessage().partition("\n")[0]
    error = record.exc_info[0] if record.exc_info else None
    return line if error is None else f"{line}: {error.__name__}"


class _Text(logging.Formatter):
    """Without the trace of an exception."""

    def format(self, record: logging.LogRecord) -> str:
        what = getattr(record, "certcore_event", record.name)
        return f"{_at(record)} {record.levelname} {what} {_said(record)}"


class _Json(logging.Formatter):
    """The same members as `certcore status serve --log-format json` has."""

    def format(self, record: logging.LogRecord) -> str:
        told = {"at": _at(record), "level": record.levelname.lower(), "logger": record.name}
        event = {"event": getattr(record, "certcore_event", None), **getattr(record, "certcore_fields", {})}
        return json.dumps({**told, "message": _said(record), **(event if event["event"] else {})}, ensure_ascii=False)
