"""The one table of events: their names, levels, loggers and fields. Names and fields are only ever added."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import attrs

DEBUG, INFO, WARNING, ERROR = 10, 20, 30, 40
"""As in `logging`, which is not loaded for them."""


@attrs.frozen
class Kind:
    """One kind of event.

    Attributes:
        level: as in `logging`.
        logger: the logger it is written to.
        message: the line in the log, with the fields in braces.
        about: when it happens.
        fields: what each field says.
    """

    level: int
    logger: str
    message: str
    about: str
    fields: Mapping[str, str]


_DURATION: Final = {"duration_ms": "how long it took, in milliseconds"}
_URL: Final = {"url": "the address without its query; none if it may not be shown"}

KINDS: Final[Mapping[str, Kind]] = {
    "certcore.verdict": Kind(
        DEBUG,
        "certcore.verify",
        "{kind}: {outcome} ({reasons})",
        "a verifier gave a verdict",
        {
            "kind": "`certificate` or `vehicle`",
            "outcome": "`valid`, `invalid` or `undetermined`",
            "reasons": "the reason codes",
            "policy": "the policy's id",
            "duration_ms": "how long it took, without reading a picture; none for the rows of a table",
        },
    ),
    "certcore.refusal": Kind(
        DEBUG,
        "certcore.verify",
        "refused: {code}",
        "a verifier was given no authentic certificate, so that no question was answered",
        {"code": "why"},
    ),
    "certcore.look-up": Kind(
        DEBUG,
        "certcore.status",
        "look-up ({subject}): {code}",
        "a verifier asked a status backend, whichever it is",
        {
            "subject": "`status` or `vehicle`",
            "backend": "the name of the backend's class",
            "count": "how many were asked about at once",
            "code": "why there is no answer; none if there is one",
            **_DURATION,
        },
    ),
    "certcore.fetch": Kind(
        DEBUG,
        "certcore.status",
        "fetch: {status} {cause} from {url}",
        "one HTTP request was sent; a repeated attempt is another",
        {
            **_URL,
            "status": "the status of HTTP; none if there was no response",
            "bytes": "the size of the body",
            "cause": "why there was no response, in a word; none if there was one",
            **_DURATION,
        },
    ),
    "certcore.fetch-failed": Kind(
        WARNING,
        "certcore.status",
        "status {subject}: {code} ({cause}) from {url}",
        "an HTTP backend could not get a document or an answer, or may not use it",
        {
            "subject": "`list`, `events`, `history` or `vehicle`",
            **_URL,
            "code": "the reason code",
            "cause": "why there was no answer, in a word",
            "retry_after_s": "when the server wants to be asked again, in seconds",
        },
    ),
    "certcore.cache-busy": Kind(
        INFO,
        "certcore.status",
        "the folder for status lists is in use; a copy was not written",
        "another process was writing to the cache folder",
        {},
    ),
    "certcore.cache-failed": Kind(
        WARNING,
        "certcore.status",
        "the folder for status lists is not used: {error}",
        "the cache folder cannot be read or written",
        {"error": "a code, or what the system says"},
    ),
    "certcore.request": Kind(
        DEBUG,
        "certcore.register",
        "{method} {route}: {status} {code}",
        "the register's service answered a request",
        {
            "method": "the method of HTTP",
            "route": "the route, with names for what varies: `/lists/{list}`; none where nothing is served",
            "status": "the status of HTTP",
            "code": "why it was refused; `http-` and the status if no code of certcore's says it; none if it was not",
            **_DURATION,
        },
    ),
    "certcore.audit-failed": Kind(
        ERROR,
        "certcore.register",
        "the audit trail was not written: {error}",
        "the register's service could not write its audit trail",
        {"error": "the class of the exception"},
    ),
    "certcore.defect": Kind(
        ERROR,
        "certcore.register",
        "a defect: {error} in {function}, line {line}",
        "the register's service answered with 500",
        {"error": "the class of the exception", "function": "where it was raised", "line": "likewise"},
    ),
    "certcore.hook-failed": Kind(
        WARNING,
        "certcore.events",
        "{hook} raised {error}",
        "a listener or `on_failure` raised an exception; this event is logged and given to no listener",
        {"hook": "which one", "error": "the class of the exception"},
    ),
}
