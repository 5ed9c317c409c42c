"""What a server of the command logs, on standard error: from which level on, which events besides, and in which form.

A record has a time, a level, a logger and, where it is one of certcore's events, its name and fields. None has an
address of a client, a path that was asked for, a token or a vehicle: requests are events, told by their route.
"""

from __future__ import annotations

import json
import logging
import sys
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from typing import Any, Final, TypeVar

import click

from certcore.events import Event, listen, write_log
from certcore.events._table import DEBUG, INFO, KINDS

_F = TypeVar("_F", bound=Callable[..., Any])

LEVELS: Final = ("debug", "info", "warning", "error")
_SERVER: Final = "uvicorn.error"
"""Where uvicorn tells of starting and stopping; what it says below INFO names clients."""


def options(command: _F) -> _F:
    """What a server logs; the command takes it as ``log_level``, ``log_format`` and ``log_events``."""
    for option in (
        click.option(
            "--log-event",
            "log_events",
            type=click.Choice(list(KINDS)),
            multiple=True,
            metavar="EVENT",
            help="Log this event as well, whatever its level; repeatable.",
        ),
        click.option(
            "--log-format", type=click.Choice(["text", "json"]), default="text", show_default=True,
            help="A line for people, or a JSON document.",
        ),
        click.option(
            "--log-level", type=click.Choice(LEVELS), default="info", show_default=True,
            help="From which level on: 'warning' is quiet, 'debug' has every request.",
        ),
    ):  # fmt: skip
        command = option(command)
    return command


def begin(*, log_level: str, log_format: str, log_events: Iterable[str]) -> None:
    """Log from now on, for as long as the process runs."""
    level, wanted = logging.getLevelNamesMapping()[log_level.upper()], frozenset(log_events)

    def is_wanted(record: logging.LogRecord) -> bool:
        return record.levelno >= level or getattr(record, "certcore_event", None) in wanted

    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(_Json() if log_format == "json" else _Text())
    handler.addFilter(is_wanted)
    for name, lowest in (("certcore", DEBUG), (_SERVER, max(level, INFO))):
        logger = logging.getLogger(name)
        logger.addHandler(handler)
        logger.setLevel(lowest)
        logger.propagate = False

    def write_wanted(event: Event) -> None:
        if event.level >= level or event.name in wanted:
            write_log(event)

    if level <= DEBUG or any(KINDS[name].level < INFO for name in wanted):
        listen(write_wanted)


def _at(record: logging.LogRecord) -> str:
    return datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


class _Text(logging.Formatter):
    """A line."""

    def format(self, record: logging.LogRecord) -> str:
        """Time, level, event or logger, and the message."""
        what = getattr(record, "certcore_event", record.name)
        return f"{_at(record)} {record.levelname} {what} {record.getMessage()}"


class _Json(logging.Formatter):
    """A JSON document in a line."""

    def format(self, record: logging.LogRecord) -> str:
        """The same, and an event's fields."""
        about = {"at": _at(record), "level": record.levelname.lower(), "logger": record.name}
        event = {"event": record.certcore_event, **record.certcore_fields} if hasattr(record, "certcore_event") else {}  # type: ignore[attr-defined]  # of certcore.events
        return json.dumps({**about, "message": record.getMessage(), **event}, ensure_ascii=False)
