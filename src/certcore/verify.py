"""`Verifier` and `AsyncVerifier`: they read the clock and the pictures, and ask the registers.

Both give the answers to the same decision procedure, so both give equal verdicts. Each is immutable, safe to share
between threads or tasks, cheap to copy, and can be pickled if its backends and its clock can. Their methods give a
verdict for every text, picture and answer. They raise only for misuse.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING, Final, Self, TypeVar

import attrs

from certcore import events
from certcore._clock import steady, utc_now
from certcore._image_texts import IMAGE_DEADLINE, seen_in, without_line_end
from certcore._instants import FIRST_DAY, LAST_DAY, plain_date, utc
from certcore.engine import certificate as _engine
from certcore.engine import vehicle as _vehicle_check
from certcore.engine._question import Question, StatusAnswer, VehicleAnswer, VehicleQuestion
from certcore.errors import RejectedInputError, StatusError
from certcore.events._verdicts import tell_look_up, tell_verdict
from certcore.keys._group import GroupKey, group_key_tuple
from certcore.policy import Expected, Policy
from certcore.proofs.existence import MAX_PROOF_BYTES, MAX_PROOFS
from certcore.status.protocol import (
    AsyncStatusBackend,
    AsyncVehicleStatusBackend,
    StatusBackend,
    StatusRecord,
    VehicleRecord,
    VehicleStatusBackend,
    plain_record,
)
from certcore.trust import TrustList
from certcore.verdict import VehicleVerdict, Verdict
from certcore.vocabulary._vins import LONGEST_TAIL

if TYPE_CHECKING:
    from certcore.qr import Effort, Image

__all__ = ["AsyncVerifier", "Verifier"]

Clock = Callable[[], datetime]
"""Gives the current time, timezone-aware."""

_Query = TypeVar("_Query")
_Record = TypeVar("_Record")

_NOBODY: Final = Expected()
_FIRST_YEAR: Final = FIRST_DAY.year
_LAST_YEAR: Final = LAST_DAY.year


@attrs.frozen(kw_only=True)
class _Asker:
    """What both verifiers are made of, besides whom they ask; and how a question is put."""

    trust: TrustList
    policy: Policy
    group_keys: tuple[GroupKey, ...] = attrs.field(default=(), converter=group_key_tuple, repr=False)
    clock: Clock = utc_now

    def __attrs_post_init__(self) -> None:  # a policy's maker that was not called is found here, not in each verdict
        for given, kind in ((self.trust, TrustList), (self.policy, Policy)):
            if not isinstance(given, kind):
                raise TypeError(f"a verifier has a {kind.__name__}, not {type(given).__name__}")

    def with_trust(self, trust: TrustList, /) -> Self:
        """The same verifier under another trust list; `UntrustedError` for one of another environment."""
        trust.require_environment([self.trust.contents.environment])
        return attrs.evolve(self, trust=trust)

    def _question(
        self,
        text: str,
        as_of: datetime | date,
        expect: Expected | None,
        known_at: datetime | None,
        existed_by: Sequence[bytes] = (),
    ) -> Question:
        """The question, once the caller has put it properly. The clock is read here, once for each call."""
        seen = _NOBODY if expect is None else expect
        if not isinstance(seen, Expected):
            raise TypeError(f"expect is an Expected, not {type(expect).__name__}")
        evaluated_at, policy = _instant(self.clock(), "the clock's time"), self.policy
        as_of = _instant(as_of, "as_of") if type(as_of) is datetime else _moment(as_of)
        if known_at is not None:
            known_at = _instant(known_at, "known_at")
            if known_at > evaluated_at + policy.clock_skew:
                raise ValueError("known_at lies in the future")
        return Question(text, as_of, seen, known_at, evaluated_at, policy, _proofs(existed_by) if existed_by else ())

    def _refuse(self, question: Question, cause: RejectedInputError) -> Verdict:
        """The verdict where a picture holds no text to judge."""
        began = events.start()
        return tell_verdict(_engine.refuse(question, cause, self.trust), began)

    def _vehicle_question(
        self,
        as_of: datetime | date,
        registration_number: str | None,
        country: str | None,
        plate_type: int | None,
        vin: str | None,
    ) -> VehicleQuestion:
        """The question about a vehicle, likewise; a vehicle is described as it is to be expected."""
        asked = Expected(registration_number=registration_number, country=country, plate_type=plate_type, vin=vin)
        if asked.registration_number is None and asked.vin is None:
            raise ValueError("a vehicle is asked for by registration number or VIN")
        if asked.registration_number is not None and asked.country is None:
            raise ValueError("a registration number belongs to a country: say which")
        if asked.vin is not None and len(asked.vin) <= LONGEST_TAIL:
            raise ValueError("a vehicle is asked for by its whole VIN; the end of one fits many")
        return VehicleQuestion(
            registration_number=asked.registration_number,
            country=asked.country,
            plate_type=asked.plate_type,
            vin=asked.vin,
            as_of=_moment(as_of),
            evaluated_at=_instant(self.clock(), "the clock's time"),
            policy=self.policy,
        )


@attrs.frozen(kw_only=True)
class Verifier(_Asker):
    """Verifies certificates under one trust list and one policy.

    Attributes:
        trust: whom to trust.
        status: whom to ask what happened to a certificate; None: nobody, which the policy weighs like any missing
            answer.
        policy: what is required.
        vehicles: whom to ask about the vehicle itself.
        group_keys: by which confidential claims are read; without, they are there and not readable.
        clock: what time it is; read once for each call.
    """

    status: StatusBackend | None
    vehicles: VehicleStatusBackend | None = None

    def verify(
        self,
        text: str,
        /,
        *,
        as_of: datetime | date,
        expect: Expected | None = None,
        known_at: datetime | None = None,
        existed_by: Sequence[bytes] = (),
    ) -> Verdict:
        """The verdict on the text of one certificate, about one moment.

        A single line end behind the text, which many scanners add, is dropped.

        Status is looked up only once the signature is trusted.

        Args:
            text: what the QR symbol carries.
            as_of: the moment the question is about: an aware datetime, or a civil day in the issuer's zone.
            expect: the vehicle that was seen.
            known_at: judge with what was knowable then; now, unless given.
            existed_by: what may prove that the certificate, or a register's document, is older than the theft of its
                key: time-stamps, sealed evidence, a register's receipts (`certcore.proofs.existence`); at most 16.

        Raises:
            TypeError: for a text that is not a str, or a moment that is no date.
            ValueError: for a naive datetime, a moment before 1970 or after 9998, or a ``known_at`` in the future.
        """
        return self._judge(self._question(_text(text), as_of, expect, known_at, existed_by))

    def verify_image(
        self,
        image: Image,
        /,
        *,
        as_of: datetime | date,
        expect: Expected | None = None,
        known_at: datetime | None = None,
        existed_by: Sequence[bytes] = (),
        effort: Effort | None = None,
        deadline: timedelta | None = IMAGE_DEADLINE,
        isolate: bool = False,
    ) -> Verdict:
        """The verdict on the one certificate in a picture; on several different ones it is ``several-certificates``.

        Other codes in the picture are passed over. See `certcore.qr.read` for what a picture may be, and for what
        ``effort`` and ``isolate`` are. A picture that is not read by the deadline is ``image-timeout``; None waits for
        as long as it takes.

        Raises:
            TypeError, ValueError: as `verify`, and for something that is no picture at all.
        """
        question = self._question("", as_of, expect, known_at, existed_by)
        seen = seen_in(image, effort, deadline, isolate=isolate)
        question = seen.put(question)
        cause = seen.why_not_one
        return self._judge(question) if cause is None else self._refuse(question, cause)

    def verify_all(
        self,
        image: Image,
        /,
        *,
        as_of: datetime | date,
        expect: Expected | None = None,
        known_at: datetime | None = None,
        existed_by: Sequence[bytes] = (),
        effort: Effort | None = None,
        deadline: timedelta | None = IMAGE_DEADLINE,
        isolate: bool = False,
    ) -> tuple[Verdict, ...]:
        """A verdict on each different certificate in a picture, in reading order; a single one if there is none.

        It is looked for further ones where one was read: where `verify_image` takes one look, this takes more.

        Raises:
            TypeError, ValueError: as `verify_image`.
        """
        question = self._question("", as_of, expect, known_at, existed_by)
        seen = seen_in(image, effort, deadline, isolate=isolate, wants_every=True)
        if seen.refused is not None:
            return (self._refuse(seen.put(question), seen.refused),)
        return tuple([self._judge(seen.put(question, place)) for place in range(len(seen.texts))])

    def check_vehicle(
        self,
        *,
        as_of: datetime | date,
        registration_number: str | None = None,
        country: str | None = None,
        plate_type: int | None = None,
        vin: str | None = None,
    ) -> VehicleVerdict:
        """What the register says of a vehicle for which nobody showed a certificate.

        That there was no certificate is no fact about the vehicle, and weighs nothing. Whatever the policy says of
        vehicles, the answer is required here: it is all there is.

        Args:
            as_of: the moment the question is about: an aware datetime, or a civil day in the register's zone.
            registration_number: as read off the plate; needs the country, and in China the plate type to be unique.
            country: ISO 3166-1 alpha-2; may be left out with a VIN where the trust list is of one country.
            plate_type: 号牌种类.
            vin: the whole VIN, or any other chassis number.

        Raises:
            TypeError: for a moment that is no date.
            ValueError: for a naive datetime, a moment before 1970 or after 9998, a number without its country, part of
                a VIN, or no vehicle at all.
        """
        question = self._vehicle_question(as_of, registration_number, country, plate_type, vin)
        began = events.start()
        return tell_verdict(self._check(question), began)

    def _check(self, question: VehicleQuestion) -> VehicleVerdict:
        pending = _vehicle_check.begin(question, self.trust)
        if isinstance(pending, VehicleVerdict):
            return pending
        vehicles = self.vehicles
        answer = None if vehicles is None else _ask(vehicles.lookup_vehicle, pending.vehicle_query, VehicleRecord)
        return _vehicle_check.conclude(pending, vehicle=answer)

    def _judge(self, question: Question) -> Verdict:
        began = events.start()
        verdict = self._decide(question)
        return verdict if began is None else tell_verdict(verdict, began)

    def _decide(self, question: Question) -> Verdict:
        """Drive the decision procedure once."""
        pending = _engine.begin(question, self.trust, self.group_keys)
        if isinstance(pending, Verdict):
            return pending
        status: StatusAnswer = None
        vehicle: VehicleAnswer = None
        if self.status is not None and (query := pending.status_query) is not None:
            status = _ask(self.status.lookup, query, StatusRecord)
        if self.vehicles is not None and (about := pending.vehicle_query) is not None:
            vehicle = _ask(self.vehicles.lookup_vehicle, about, VehicleRecord)
        return _engine.conclude(pending, status=status, vehicle=vehicle)


@attrs.frozen(kw_only=True)
class AsyncVerifier(_Asker):
    """`Verifier` for an event loop: the same questions, the same verdicts.

    The two registers are asked at once. Pictures are read in a thread; signatures are checked in the loop's own, some
    50 microseconds each.

    Attributes:
        trust: whom to trust.
        status: whom to ask what happened to a certificate; None: nobody.
        policy: what is required.
        vehicles: whom to ask about the vehicle itself.
        group_keys: by which confidential claims are read.
        clock: what time it is; read once for each call.
    """

    status: AsyncStatusBackend | None
    vehicles: AsyncVehicleStatusBackend | None = None

    async def verify(
        self,
        text: str,
        /,
        *,
        as_of: datetime | date,
        expect: Expected | None = None,
        known_at: datetime | None = None,
        existed_by: Sequence[bytes] = (),
    ) -> Verdict:
        """As `Verifier.verify`."""
        return await self._judge(self._question(_text(text), as_of, expect, known_at, existed_by))

    async def verify_image(
        self,
        image: Image,
        /,
        *,
        as_of: datetime | date,
        expect: Expected | None = None,
        known_at: datetime | None = None,
        existed_by: Sequence[bytes] = (),
        effort: Effort | None = None,
        deadline: timedelta | None = IMAGE_DEADLINE,
        isolate: bool = False,
    ) -> Verdict:
        """As `Verifier.verify_image`."""
        question = self._question("", as_of, expect, known_at, existed_by)
        import asyncio  # noqa: PLC0415  as in `verify`

        seen = await asyncio.to_thread(seen_in, image, effort, deadline, isolate=isolate, asked_at=steady())
        question = seen.put(question)
        cause = seen.why_not_one
        return await self._judge(question) if cause is None else self._refuse(question, cause)

    async def verify_all(
        self,
        image: Image,
        /,
        *,
        as_of: datetime | date,
        expect: Expected | None = None,
        known_at: datetime | None = None,
        existed_by: Sequence[bytes] = (),
        effort: Effort | None = None,
        deadline: timedelta | None = IMAGE_DEADLINE,
        isolate: bool = False,
    ) -> tuple[Verdict, ...]:
        """As `Verifier.verify_all`."""
        question = self._question("", as_of, expect, known_at, existed_by)
        import asyncio  # noqa: PLC0415  as in `verify`

        seen = await asyncio.to_thread(
            seen_in, image, effort, deadline, isolate=isolate, asked_at=steady(), wants_every=True
        )
        if seen.refused is not None:
            return (self._refuse(seen.put(question), seen.refused),)
        return tuple([await self._judge(seen.put(question, place)) for place in range(len(seen.texts))])

    async def check_vehicle(
        self,
        *,
        as_of: datetime | date,
        registration_number: str | None = None,
        country: str | None = None,
        plate_type: int | None = None,
        vin: str | None = None,
    ) -> VehicleVerdict:
        """As `Verifier.check_vehicle`."""
        question = self._vehicle_question(as_of, registration_number, country, plate_type, vin)
        began = events.start()
        return tell_verdict(await self._check(question), began)

    async def _check(self, question: VehicleQuestion) -> VehicleVerdict:
        pending = _vehicle_check.begin(question, self.trust)
        if isinstance(pending, VehicleVerdict):
            return pending
        lookup = None if self.vehicles is None else self.vehicles.lookup_vehicle
        answer = await _ask_later(lookup, pending.vehicle_query, VehicleRecord)
        return _vehicle_check.conclude(pending, vehicle=answer)

    async def _judge(self, question: Question) -> Verdict:
        began = events.start()
        return tell_verdict(await self._decide(question), began)

    async def _decide(self, question: Question) -> Verdict:
        """Drive the decision procedure once."""
        pending = _engine.begin(question, self.trust, self.group_keys)
        if isinstance(pending, Verdict):
            return pending
        import asyncio  # noqa: PLC0415  who comes here has it; loading it costs others a tenth of a second

        status, vehicle = await asyncio.gather(
            _ask_later(None if self.status is None else self.status.lookup, pending.status_query, StatusRecord),
            _ask_later(
                None if self.vehicles is None else self.vehicles.lookup_vehicle, pending.vehicle_query, VehicleRecord
            ),
        )
        return _engine.conclude(pending, status=status, vehicle=vehicle)


def _ask(lookup: Callable[[_Query], _Record], query: _Query, kind: type[_Record]) -> _Record | StatusError:
    """A backend's answer; whatever it does wrong becomes an error that decides nothing."""
    began = events.start()
    answer: _Record | StatusError
    try:
        answer = lookup(query)
        if type(answer) is not kind:
            answer = plain_record(answer, kind)
    except StatusError as error:
        answer = error
    except Exception as cause:  # noqa: BLE001  a backend is somebody else's code, and a verifier is total
        answer = _backend_error(cause)
    if began is not None:
        tell_look_up(lookup, [answer], began, is_vehicle=kind is VehicleRecord)
    return answer


async def _ask_later(
    lookup: Callable[[_Query], Awaitable[_Record]] | None, query: _Query | None, kind: type[_Record]
) -> _Record | StatusError | None:
    """As `_ask`; None where there is nobody, or nothing, to ask."""
    if lookup is None or query is None:
        return None
    began = events.start()
    answer: _Record | StatusError
    try:
        answer = plain_record(await lookup(query), kind)
    except StatusError as error:
        answer = error
    except Exception as cause:  # noqa: BLE001  as above
        answer = _backend_error(cause)
    if began is not None:
        tell_look_up(lookup, [answer], began, is_vehicle=kind is VehicleRecord)
    return answer


def _text(text: str) -> str:
    if type(text) is str:
        return without_line_end(text)
    if not isinstance(text, str):
        raise TypeError(f"a certificate's text is a str, not {type(text).__name__}")
    return without_line_end(str.__str__(text))


def _backend_error(what: object) -> StatusError:
    error = StatusError("status-backend-error", "The backend did not answer as it must", error=type(what).__name__)
    error.__cause__ = what if isinstance(what, Exception) else None
    return error


def _proofs(existed_by: Sequence[bytes]) -> tuple[bytes, ...]:
    given: object = existed_by
    if isinstance(given, (bytes, str)) or not all(isinstance(proof, bytes) for proof in existed_by):
        raise TypeError("existed_by is a sequence of proofs, each as bytes")
    proofs = tuple(bytes.__getitem__(proof, slice(None)) for proof in existed_by)  # plain, whatever class they have
    if len(proofs) > MAX_PROOFS or any(len(proof) > MAX_PROOF_BYTES for proof in proofs):
        raise ValueError(f"at most {MAX_PROOFS} proofs are looked at, each of {MAX_PROOF_BYTES} bytes at most")
    return proofs


def _moment(as_of: datetime | date) -> datetime | date:
    given: object = as_of
    if isinstance(given, datetime):
        return _instant(given, "as_of")
    if not isinstance(given, date):
        raise TypeError(f"as_of is an aware datetime or a date, not {type(as_of).__name__}")
    day = plain_date(given)
    if not FIRST_DAY <= day <= LAST_DAY:
        raise ValueError(f"as_of lies outside {FIRST_DAY} to {LAST_DAY}")
    return day


def _instant(value: datetime, what: str) -> datetime:
    """The instant in UTC, within the days that can be judged."""
    if type(value) is not datetime or value.tzinfo is not UTC:
        try:
            value = utc(value)
        except Exception as cause:  # whatever a stranger's datetime, or its zone, raises
            msg = f"{what}: {cause}"
            raise (TypeError(msg) if isinstance(cause, TypeError) else ValueError(msg)) from cause
    if not _FIRST_YEAR <= value.year <= _LAST_YEAR:
        raise ValueError(f"{what} lies outside {FIRST_DAY} to {LAST_DAY}")
    return value
