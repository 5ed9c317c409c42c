"""Failures of a register: logged, and given to the program's own function."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Final

import attrs

from certcore.errors import StatusError
from certcore.reasons import REASONS
from certcore.status._url_policy import CAUSES

_log: Final = logging.getLogger("certcore.status")
_log.addHandler(logging.NullHandler())  # whether and where it is written is for the program to say


@attrs.frozen(kw_only=True)
class LookupFailure:
    """One thing that could not be had from a register, for logs, metrics and alarms. It holds no personal data.

    Attributes:
        subject: what was asked for: ``list``, ``events``, ``history`` or ``vehicle``.
        url: where, without what stands behind a question mark; None where nobody could be asked, or where the address
            is not one that may be shown.
        code: ``status-unavailable``, or what is wrong with the document that came.
        cause: why there was no answer, in a word, with ``status-unavailable``.
        retry_after_s: seconds after which the server wants to be asked again, where it said so.
    """

    subject: str
    url: str | None
    code: str
    cause: str | None
    retry_after_s: float | None


def report(
    error: StatusError, /, *, subject: str, url: str | None, on_failure: Callable[[LookupFailure], object] | None
) -> None:
    """Log a failure, and tell whoever wants to know; what they do wrong breaks no look-up."""
    cause = dict(error.detail).get("cause")
    failure = LookupFailure(
        subject=subject,
        url=None if url is None or cause == "url" else url.partition("?")[0],
        code=error.code if error.code in REASONS else "status-unavailable",  # a transport may raise anything
        cause=cause if isinstance(cause, str) and cause in CAUSES else None,
        retry_after_s=error.retry_after_s,
    )
    _log.warning("status %s: %s (%s) from %s", subject, failure.code, failure.cause or "-", failure.url or "nobody")
    if on_failure is None:
        return
    try:
        on_failure(failure)
    except Exception as broken:  # noqa: BLE001  the caller's own code, which must not decide what a register says
        _log.warning("on_failure raised %s", type(broken).__name__)
