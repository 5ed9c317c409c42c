"""Who may ask for what, and how often: principals, a table of bearer tokens, a token bucket and a day's quota for each.

It decides from a request's header, and stores no token in clear. The table holds the SHA-256 of each, which is enough
for random tokens (`BearerTokens.new_token`), but not for tokens that a person made up.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import re
import secrets
from collections import OrderedDict
from collections.abc import Callable, Iterable
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING, Any, Final, Self

import attrs

from certcore import _forks
from certcore.errors import RejectedInputError
from certcore.vocabulary._characters import is_text

if TYPE_CHECKING:
    from starlette.requests import Request

__all__ = [
    "BearerTokens",
    "Principal",
]

BY_PLATE: Final = "vehicles:plate"
"""The scope of looking a vehicle up by its registration number."""

BY_VIN: Final = "vehicles:vin"
"""The scope of looking a vehicle up by its VIN."""

LIVE: Final = "certificates:live"
"""The scope of having a certificate presented live: for the service that knows who its holder is."""

RECEIPT: Final = "certificates:receipt"
"""The scope of being given receipts: for whoever has a certificate, and keeps proof that it existed by then."""

SCOPES: Final = frozenset({BY_PLATE, BY_VIN, LIVE, RECEIPT})

MAX_TABLE_BYTES: Final = 1 << 20
MAX_HEADER_CHARACTERS: Final = 512

_DIGEST: Final = re.compile("[0-9a-f]{64}")
_BEARER: Final = re.compile(r"[Bb]earer +(?P<token>[A-Za-z0-9._~+/-]{16,}=*)")
_MAX_BUCKETS: Final = 10_000
_A_DAY: Final = timedelta(days=1)


def _scopes(value: Iterable[str]) -> frozenset[str]:
    return frozenset(value)


def _are_known(_: object, __: attrs.Attribute[frozenset[str]], value: frozenset[str]) -> None:
    if not value <= SCOPES:
        msg = f"a scope is one of {', '.join(sorted(SCOPES))}"
        raise ValueError(msg)


def _is_name(_: object, __: attrs.Attribute[str], value: object) -> None:
    if not isinstance(value, str) or not is_text(str(value)):
        msg = "a principal has a name that can be printed"
        raise ValueError(msg)


def _is_count(_: object, __: attrs.Attribute[int | None], value: object) -> None:
    if value is not None and (type(value) is not int or value < 0):
        msg = "a number of requests is 0 or more"
        raise ValueError(msg)


@attrs.frozen
class Principal:
    """Somebody who may ask.

    Attributes:
        name: who; the rate is limited for each name.
        scopes: for what; some of ``vehicles:plate``, ``vehicles:vin``, ``certificates:live``, ``certificates:receipt``.
        per_day: how many requests a day, where that is another number than everybody's.
    """

    name: str = attrs.field(validator=_is_name)
    scopes: frozenset[str] = attrs.field(converter=_scopes, validator=_are_known)
    per_day: int | None = attrs.field(default=None, validator=_is_count)


@attrs.frozen(repr=False)
class BearerTokens:
    """Principals by the SHA-256 of their tokens: an ``authorize`` for `certcore.register.service.create_app`."""

    _principals: tuple[tuple[bytes, Principal], ...]

    @classmethod
    def from_file(cls, path: Path | str, /) -> Self:
        """The table in a JSON file: ``[{"name": ..., "sha256": ..., "scopes": [...]}, ...]``, and ``per_day`` if any.

        Raises:
            RejectedInputError: ``file-unreadable``, ``file-too-large``, ``input-malformed``.
        """
        try:
            with Path(path).open("rb") as file:
                data = file.read(MAX_TABLE_BYTES + 1)
        except OSError as cause:
            raise RejectedInputError("file-unreadable", f"The table of tokens: {cause.strerror}") from cause
        if len(data) > MAX_TABLE_BYTES:
            raise RejectedInputError("file-too-large", "The table of tokens is too large", max_bytes=MAX_TABLE_BYTES)
        try:
            return cls(tuple(map(_read_row, _rows(json.loads(data)))))
        except (ValueError, RecursionError) as cause:
            raise RejectedInputError("input-malformed", "The table of tokens is not a list of them") from cause

    @staticmethod
    def new_token() -> tuple[str, str]:
        """A fresh token for a principal, and its SHA-256 for the table."""
        token = secrets.token_urlsafe(32)
        return token, hashlib.sha256(token.encode()).hexdigest()

    def __call__(self, request: Request, /) -> Principal | None:
        """Whose token the request bears; None for nobody's. Every row is compared, whichever fits."""
        header = request.headers.get("authorization", "")
        found = _BEARER.fullmatch(header) if len(header) <= MAX_HEADER_CHARACTERS else None
        if found is None:
            return None
        digest = hashlib.sha256(found["token"].encode()).digest()
        matching = [principal for stored, principal in self._principals if hmac.compare_digest(stored, digest)]
        return matching[0] if matching else None

    def __repr__(self) -> str:
        return f"BearerTokens({len(self._principals)} principals)"


class RateLimit:
    """A token bucket for each principal, in this process.

    Args:
        per_second: how many requests a second are borne.
        burst: how many at once after a pause.
        clock: what time it is; one that is set back only makes somebody wait.
    """

    def __init__(self, *, per_second: float, burst: int, clock: Callable[[], datetime]) -> None:
        if not per_second > 0 or burst < 1:
            msg = "a rate is above 0, and a burst is 1 at least"
            raise ValueError(msg)
        self._per_second, self._burst, self._clock = per_second, burst, clock
        self.begin_in_child()
        _forks.begin_in_children(self)
        self._buckets: OrderedDict[str, tuple[float, datetime]] = OrderedDict()

    def begin_in_child(self) -> None:
        """As `_forks.Forked`: what is held stays."""
        self._lock = Lock()

    def wait_s(self, name: str, /) -> float:
        """0.0 where a request may pass, which is counted; else the seconds until one may."""
        now = self._clock()
        with self._lock:
            left, since = self._buckets.pop(name, (float(self._burst), now))
            earned = max(now - since, timedelta()).total_seconds() * self._per_second
            left = min(float(self._burst), left + earned)
            may_pass = left >= 1
            self._buckets[name] = (left - 1 if may_pass else left, now)
            if len(self._buckets) > _MAX_BUCKETS:
                self._buckets.popitem(last=False)
        return 0.0 if may_pass else (1 - left) / self._per_second


class DailyQuota:
    """How many requests each principal has in a day, UTC.

    Args:
        per_day: how many, for principals that state no number of their own.
        clock: what time it is.
        count: counts a principal's request of a day and tells how many there were, by whatever process; where there is
            none, or it gives None, those of this process count.
    """

    def __init__(
        self, *, per_day: int, clock: Callable[[], datetime], count: Callable[[str, date], int | None] | None = None
    ) -> None:
        if per_day < 0:
            raise ValueError("a quota is 0 or more")
        self._per_day, self._clock, self._count = per_day, clock, count
        self.begin_in_child()
        _forks.begin_in_children(self)
        self._day = date.min
        self._counts: OrderedDict[str, int] = OrderedDict()

    def begin_in_child(self) -> None:
        """As `_forks.Forked`: what is held stays."""
        self._lock = Lock()

    def wait_s(self, principal: Principal, /) -> float:
        """0.0 where a request may pass; else the seconds until the next day. It is counted either way."""
        now = self._clock().astimezone(UTC)
        here = self._count_here(principal.name, now.date())
        everywhere = None if self._count is None else self._count(principal.name, now.date())
        most = self._per_day if principal.per_day is None else principal.per_day
        if max(here, everywhere or 0) <= most:
            return 0.0
        return (datetime.combine(now.date(), time(), UTC) + _A_DAY - now).total_seconds()

    def _count_here(self, name: str, day: date) -> int:
        with self._lock:
            if day != self._day:
                self._day = day
                self._counts.clear()
            self._counts[name] = self._counts.pop(name, 0) + 1
            if len(self._counts) > _MAX_BUCKETS:
                self._counts.popitem(last=False)
            return self._counts[name]


def _rows(table: object) -> list[Any]:
    if not isinstance(table, list):
        msg = "a table is a list"
        raise ValueError(msg)  # noqa: TRY004  the file's fault, told as one kind
    return table


def _per_day(rest: dict[Any, Any]) -> dict[str, Any]:
    """The one member that a row may have besides the others."""
    if not rest.keys() <= {"per_day"}:
        raise ValueError("a row has members that this version does not know")
    return rest


def _read_row(row: object) -> tuple[bytes, Principal]:
    match row:
        case {"name": str() as name, "sha256": str() as digest, "scopes": list() as scopes, **rest} if rest.keys() <= {
            "per_day"
        }:
            if _DIGEST.fullmatch(digest) and all(isinstance(scope, str) for scope in scopes):
                return bytes.fromhex(digest), Principal(name, scopes, **_per_day(rest))
    msg = "a row has a name, sha256 in lower-case hexadecimal, and scopes; it may have per_day"
    raise ValueError(msg)
