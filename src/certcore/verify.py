"""`Verifier`: asks the clock, the pictures and the registers what the decision procedure needs, and nothing else.

A Verifier is immutable, safe to share between threads, cheap to copy, and pickles as long as its backends and its clock
do. Its methods are total: whatever is in a text, a picture or a register's answer, there is a `Verdict`. What they
raise is for the caller's own misuse.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime
from typing import TYPE_CHECKING, Final, Self

import attrs

from certcore import _engine, armor
from certcore._clock import utc_now
from certcore._instants import FIRST_DAY, LAST_DAY, utc
from certcore.errors import RejectedInputError, StatusError
from certcore.policy import Expected, Policy
from certcore.status.protocol import (
    StatusBackend,
    StatusRecord,
    VehicleRecord,
    VehicleStatusBackend,
)
from certcore.trust import TrustList
from certcore.verdict import Question, Verdict

if TYPE_CHECKING:
    from certcore.qr import Image, Symbol

Clock = Callable[[], datetime]
"""Gives the current time, timezone-aware."""

_NOBODY: Final = Expected()
_FIRST_YEAR: Final = FIRST_DAY.year
_LAST_YEAR: Final = LAST_DAY.year


@attrs.frozen(kw_only=True)
class Verifier:
    """Verifies certificates under one trust list and one policy.

    Attributes:
        trust: whom to trust.
        status: whom to ask what happened to a certificate; None: nobody, which the policy weighs like any missing
            answer.
        policy: what is required.
        vehicles: whom to ask about the vehicle itself.
        clock: what time it is; read once for each call.
    """

    trust: TrustList
    status: StatusBackend | None
    policy: Policy
    vehicles: VehicleStatusBackend | None = None
    clock: Clock = utc_now

    def verify(
        self, text: str, /, *, as_of: datetime | date, expect: Expected | None = None, known_at: datetime | None = None
    ) -> Verdict:
        """The verdict on the text of one certificate, about one moment.

        A single line end behind the text, which many scanners add, is dropped. Status is looked up only once the
        signature is trusted.

        Args:
            text: what the QR symbol carries.
            as_of: the moment the question is about: an aware datetime, or a civil day in the issuer's zone.
            expect: the vehicle that was seen.
            known_at: judge with what was knowable then; now, unless given.

        Raises:
            TypeError: for a text that is not a str, or a moment that is no date.
            ValueError: for a naive datetime, a moment before 1970 or after 9998, or a ``known_at`` in the future.
        """
        if not isinstance(text, str):
            msg = f"a certificate's text is a str, not {type(text).__name__}"
            raise TypeError(msg)
        return self._judge(self._question(_without_line_end(text), as_of, expect, known_at))

    def verify_image(
        self,
        image: Image,
        /,
        *,
        as_of: datetime | date,
        expect: Expected | None = None,
        known_at: datetime | None = None,
    ) -> Verdict:
        """The verdict on the one certificate in a picture; on several different ones it is ``several-certificates``.

        Other codes in the picture are passed over. See `certcore.qr.read` for what a picture may be.

        Raises:
            TypeError, ValueError: as `verify`, and for something that is no picture at all.
        """
        question = self._question("", as_of, expect, known_at)
        texts = _texts_in(image)
        if isinstance(texts, RejectedInputError):
            return _engine.refuse(question, texts, self.trust)
        if len(texts) > 1:
            several = RejectedInputError("several-certificates", "There are several certificates", count=len(texts))
            return _engine.refuse(question, several, self.trust)
        return self._judge(attrs.evolve(question, text=texts[0]))

    def verify_all(
        self,
        image: Image,
        /,
        *,
        as_of: datetime | date,
        expect: Expected | None = None,
        known_at: datetime | None = None,
    ) -> tuple[Verdict, ...]:
        """A verdict on each different certificate in a picture, in reading order; a single one if there is none.

        Raises:
            TypeError, ValueError: as `verify_image`.
        """
        question = self._question("", as_of, expect, known_at)
        texts = _texts_in(image)
        if isinstance(texts, RejectedInputError):
            return (_engine.refuse(question, texts, self.trust),)
        return tuple(self._judge(attrs.evolve(question, text=text)) for text in texts)

    def with_trust(self, trust: TrustList, /) -> Self:
        """The same verifier under another trust list."""
        return attrs.evolve(self, trust=trust)

    def _question(
        self, text: str, as_of: datetime | date, expect: Expected | None, known_at: datetime | None
    ) -> Question:
        """The question, once the caller has put it properly. The clock is read here, once for each call."""
        given: object = expect
        if given is not None and not isinstance(given, Expected):
            msg = f"expect is an Expected, not {type(expect).__name__}"
            raise TypeError(msg)
        evaluated_at = _instant(self.clock(), "the clock's time")
        if isinstance(as_of, datetime):
            as_of = _instant(as_of, "as_of")
        else:
            _check_day(as_of)
        if known_at is not None:
            known_at = _instant(known_at, "known_at")
            if known_at > evaluated_at + self.policy.clock_skew:
                msg = "known_at lies in the future"
                raise ValueError(msg)
        return Question(
            text=text,
            as_of=as_of,
            expect=_NOBODY if expect is None else expect,
            known_at=known_at,
            evaluated_at=evaluated_at,
            policy=self.policy,
        )

    def _judge(self, question: Question) -> Verdict:
        """Drive the decision procedure once."""
        pending = _engine.begin(question, self.trust)
        if isinstance(pending, Verdict):
            return pending
        return _engine.conclude(pending, status=self._ask_status(pending), vehicle=self._ask_vehicle(pending))

    def _ask_status(self, pending: _engine.Pending) -> _engine.StatusAnswer:
        """The backend's answer; whatever it does wrong becomes an error that decides nothing."""
        if self.status is None or (query := pending.status_query) is None:
            return None
        try:
            answer: object = self.status.lookup(query)
        except StatusError as error:
            return error
        except Exception as cause:  # noqa: BLE001  a backend is somebody else's code, and `verify` is total
            return _backend_error(cause)
        return answer if isinstance(answer, StatusRecord) else _backend_error(answer)

    def _ask_vehicle(self, pending: _engine.Pending) -> _engine.VehicleAnswer:
        """As above, for the vehicle."""
        if self.vehicles is None or (query := pending.vehicle_query) is None:
            return None
        try:
            answer: object = self.vehicles.lookup_vehicle(query)
        except StatusError as error:
            return error
        except Exception as cause:  # noqa: BLE001  as above
            return _backend_error(cause)
        return answer if isinstance(answer, VehicleRecord) else _backend_error(answer)


def _without_line_end(text: str) -> str:
    """The text without the one line end that many scanners put behind it."""
    return text.removesuffix("\n").removesuffix("\r")


def _texts_in(image: Image) -> list[str] | RejectedInputError:
    """The different certificates' texts in a picture, at least one; or why there is none."""
    from certcore import qr  # noqa: PLC0415  Pillow and the decoders are an extra

    try:
        symbols = qr.read(image)
    except RejectedInputError as cause:
        return cause
    texts = dict.fromkeys(_without_line_end(symbol.text) for symbol in symbols if symbol.text.startswith(armor.PREFIX))
    return list(texts) or _why_none(symbols)


def _why_none(symbols: list[Symbol]) -> RejectedInputError:
    """What the codes in a picture are, when none is a certificate."""
    for symbol in symbols:
        if symbol.text:
            try:
                armor.decode(symbol.text)
            except RejectedInputError as error:
                return error
    if symbols:
        return RejectedInputError("code-not-text", "The code in the picture holds no text", kind=symbols[0].kind)
    return RejectedInputError("no-certificate", "There is no QR code in the picture that can be read")


def _backend_error(what: object) -> StatusError:
    error = StatusError("status-backend-error", "The backend did not answer as it must", error=type(what).__name__)
    error.__cause__ = what if isinstance(what, Exception) else None
    return error


def _check_day(day: date) -> None:
    given: object = day
    if not isinstance(given, date):
        msg = f"as_of is an aware datetime or a date, not {type(day).__name__}"
        raise TypeError(msg)
    if not FIRST_DAY <= day <= LAST_DAY:
        msg = f"as_of lies outside {FIRST_DAY} to {LAST_DAY}"
        raise ValueError(msg)


def _instant(value: datetime, what: str) -> datetime:
    """The instant in UTC, within the days that can be judged."""
    try:
        at = utc(value)
    except (TypeError, ValueError, OverflowError) as cause:
        msg = f"{what}: {cause}"
        raise (TypeError(msg) if isinstance(cause, TypeError) else ValueError(msg)) from cause
    if not _FIRST_YEAR <= at.year <= _LAST_YEAR:
        msg = f"{what} lies outside {FIRST_DAY} to {LAST_DAY}"
        raise ValueError(msg)
    return at
