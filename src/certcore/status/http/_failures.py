"""The events of fetching: each request and each failure. Failures also go to the backend's own function."""

from __future__ import annotations

from collections.abc import Callable

import attrs

from certcore import events
from certcore.errors import StatusError
from certcore.reasons import REASONS
from certcore.status._url_policy import CAUSES


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
    """Tell of a failure, and call the backend's own function; what either does wrong breaks no look-up."""
    cause = _cause_of(error)
    failure = LookupFailure(
        subject=subject,
        url=_shown(url, cause),
        code=error.code if error.code in REASONS else "status-unavailable",  # a transport may raise anything
        cause=cause,
        retry_after_s=error.retry_after_s,
    )
    events.tell("certcore.fetch-failed", **attrs.asdict(failure))
    if on_failure is not None:
        events.call(on_failure, failure, what="on_failure")


def tell_fetch(url: str, answer: StatusError | tuple[int, int], began: float | None, /) -> None:
    """Tell of one request: the status and the size of its response, or why there is none."""
    if began is None:
        return
    cause = _cause_of(answer) or "other" if isinstance(answer, StatusError) else None
    status, size = (None, 0) if isinstance(answer, StatusError) else answer
    duration_ms = events.elapsed_ms(began)
    events.tell(
        "certcore.fetch", url=_shown(url, cause), status=status, bytes=size, cause=cause, duration_ms=duration_ms
    )


def _cause_of(error: StatusError) -> str | None:
    """The word for it, if it is one of certcore's: a transport may raise anything."""
    cause = dict(error.detail).get("cause")
    return cause if isinstance(cause, str) and cause in CAUSES else None


def _shown(url: str | None, cause: str | None) -> str | None:
    """What of an address may be told."""
    return None if url is None or cause == "url" else url.partition("?")[0]
