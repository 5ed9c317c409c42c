"""Dates and times as they are typed: ISO 8601 in its extended form, and never a time without its zone."""

from __future__ import annotations

import re
from datetime import date, datetime
from typing import Final

import click

from certcore._clock import utc_now
from certcore._instants import LAST_SECOND

_DAY: Final = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)
_INSTANT: Final = re.compile(r"\d{4}-\d{2}-\d{2}[T ]\d{2}:\d{2}.*", re.ASCII | re.DOTALL)


EITHER: Final = "write a day, like 2027-09-30, or a moment with its zone, like 2027-08-14T14:30+08:00"


def parse_day(text: str) -> date:
    """A civil day: ``2027-09-30``.

    Raises:
        ValueError: for anything else; the message says what belongs here.
    """
    if _DAY.fullmatch(text):
        try:
            return date.fromisoformat(text)
        except ValueError as cause:
            msg = "there is no such day"
            raise ValueError(msg) from cause
    msg = "a day is written like 2027-09-30"
    raise ValueError(msg)


def parse_instant(text: str) -> datetime:
    """A moment with its zone: ``2027-08-14T14:30+08:00``, or with ``Z``.

    Raises:
        ValueError: for anything else, a moment without a zone among it; the message says what belongs here.
    """
    example = "like 2027-08-14T14:30+08:00, or with Z for UTC"
    if not _INSTANT.fullmatch(text):
        msg = f"a moment is written {example}"
        raise ValueError(msg)
    try:
        moment = datetime.fromisoformat(text)
    except ValueError as cause:
        msg = f"there is no such moment; it is written {example}"
        raise ValueError(msg) from cause
    if moment.utcoffset() is None:
        msg = f"a time without a zone is another moment on every machine: write it {example}"
        raise ValueError(msg)
    if not 0 <= moment.timestamp() < LAST_SECOND:
        msg = "a moment lies within the years 1970 to 9998, which a document can state"
        raise ValueError(msg)
    return moment


def parse_limit(text: str) -> date | datetime:
    """A day, or a moment with its zone.

    Raises:
        ValueError: for anything else.
    """
    if _DAY.fullmatch(text):
        return parse_day(text)
    if not _INSTANT.fullmatch(text):
        raise ValueError(EITHER)
    return parse_instant(text)


def read_question(_ctx: click.Context, _param: click.Parameter, value: str | None) -> date | datetime | None:
    """An option's value: a day, a moment with its zone, ``now``, or ``today`` by this machine's clock and zone."""
    if value is None:
        return None
    if value == "today":
        return _now().astimezone().date()
    if value == "now":
        return _now()
    try:
        return parse_limit(value)
    except ValueError as cause:
        more = "; or 'now', or 'today'" if str(cause) == EITHER else ""
        raise click.BadParameter(f"{cause}{more}") from cause


def read_limit(_ctx: click.Context, _param: click.Parameter, value: str) -> date | datetime:
    """An option's value: a day, or a moment with its zone."""
    try:
        return parse_limit(value)
    except ValueError as cause:
        raise click.BadParameter(str(cause)) from cause


def read_limit_if(_ctx: click.Context, _param: click.Parameter, value: str | None) -> date | datetime | None:
    """As `read_limit`; nothing where the option was not given."""
    return None if value is None else read_limit(_ctx, _param, value)


def read_day(_ctx: click.Context, _param: click.Parameter, value: str | None) -> date | None:
    """An option's value: a day; nothing where the option was not given."""
    try:
        return None if value is None else parse_day(value)
    except ValueError as cause:
        raise click.BadParameter(str(cause)) from cause


def read_instant(_ctx: click.Context, _param: click.Parameter, value: str | None) -> datetime | None:
    """An option's value: a moment with its zone, or ``now``; nothing where the option was not given."""
    if value is None or value == "now":
        return _now() if value else None
    try:
        return parse_instant(value)
    except ValueError as cause:
        raise click.BadParameter(str(cause)) from cause


def _now() -> datetime:
    return utc_now().replace(microsecond=0)
