"""A verifier is total: whatever a backend's or a caller's classes do, there is a verdict, or misuse is told as such.

Backends and callers are somebody else's code. Their subclasses of records, text, bytes and dates may raise, change
their mind or be of the wrong type: what counts is taken once, as plain values, and a backend that cannot give them did
not answer.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, timedelta, timezone, tzinfo
from types import new_class
from typing import Any, Final, cast

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from certcore import AsyncVerifier, Expected, Policy, VehicleVerdict, Verdict, Verifier
from certcore.errors import CertcoreError, StatusError
from certcore.evidence import Evidence
from certcore.status import (
    StatusEvent,
    StatusEventKind,
    StatusObservation,
    StatusProof,
    StatusRecord,
    VehicleFlag,
    VehicleRecord,
)
from certcore.testing import FixedClock
from tests.verify_cases import (
    ISSUE,
    ISSUED,
    NOW,
    PLATE,
    SEEN,
    TEXT,
    TRUST,
    VIN,
    Answers,
    codes,
    record,
    registered,
    verifier,
)

FIRST: Final = datetime.min.replace(tzinfo=UTC)
LAST: Final = datetime.max.replace(tzinfo=UTC)
VEHICLE: Final = VehicleRecord(
    known=True, observed_at=NOW, flags=[VehicleFlag(code="A")], valid_until=date(2027, 9, 30)
)
PROOF: Final = StatusProof(data=b"data", media_type="application/x", key_id=b"key")

Asked = tuple[Verdict, Verdict, VehicleVerdict, VehicleVerdict]


@attrs.define
class Later:
    """`Answers` for an event loop."""

    answers: Answers

    async def lookup(self, query: Any, /) -> StatusRecord:  # noqa: ANN401  whatever is asked
        """The answer it was given."""
        return self.answers.lookup(query)

    async def lookup_vehicle(self, query: Any, /) -> VehicleRecord:  # noqa: ANN401  whatever is asked
        """The answer it was given."""
        return self.answers.lookup_vehicle(query)


def ask(status: object, vehicle: object, policy: Policy | None = None, as_of: datetime | date = NOW) -> Asked:
    """What both verifiers say, of the certificate and of the vehicle."""
    policy = policy or Policy.roadside()
    answers = Answers(status=status, vehicle=vehicle)
    now = Verifier(trust=TRUST, status=answers, vehicles=answers, policy=policy, clock=FixedClock(NOW))
    later = AsyncVerifier(
        trust=TRUST, status=Later(answers), vehicles=Later(answers), policy=policy, clock=FixedClock(NOW)
    )
    plate: dict[str, Any] = {"registration_number": PLATE, "country": "CN", "plate_type": 2}

    async def ask_later() -> tuple[Verdict, VehicleVerdict]:
        return await later.verify(TEXT, as_of=as_of, expect=SEEN), await later.check_vehicle(as_of=as_of, **plate)

    verdict, vehicle_verdict = asyncio.run(ask_later())
    return (
        now.verify(TEXT, as_of=as_of, expect=SEEN),
        verdict,
        now.check_vehicle(as_of=as_of, **plate),
        vehicle_verdict,
    )


def agreed(asked: Asked) -> tuple[Verdict, VehicleVerdict]:
    """Both verifiers' answers, which must be equal, and can be written down or say that they cannot."""
    verdict, later, vehicle, vehicle_later = asked
    assert (verdict, vehicle) == (later, vehicle_later)
    for one in (verdict, vehicle):
        one.to_dict()
        try:
            data = one.evidence.to_bytes()
        except CertcoreError as error:
            assert "evidence-not-writable" == error.code  # noqa: PT017  some answers can be written and some cannot
        else:
            Evidence.from_bytes(data)
    return verdict, vehicle


# --- subclasses


def _subclass(name: str, kind: type, members: dict[str, Any]) -> type:
    return new_class(name, (kind,), exec_body=lambda body: body.update({"__slots__": (), **members}))


def raising(kind: type, name: str, error: BaseException) -> type:
    """A subclass, one attribute of which raises."""

    def fail(_: object) -> object:
        raise error

    return _subclass(f"Raising{kind.__name__}", kind, {name: property(fail)})


def turning(kind: type, name: str, first: object, then: object) -> type:
    """A subclass, one attribute of which is something else from the second time on."""
    seen: list[object] = []

    def turn(_: object) -> object:
        seen.append(name)
        return first if len(seen) == 1 else then

    return _subclass(f"Turning{kind.__name__}", kind, {name: property(turn)})


def without_init(kind: type, made: object) -> object:
    """One of a subclass with the same members, where they can be set."""
    found: object = object.__new__(kind)
    for field in attrs.fields(type(made)):  # type: ignore[arg-type]  # an attrs class
        try:
            object.__setattr__(found, field.name, getattr(made, field.name))
        except AttributeError:
            assert isinstance(getattr(kind, field.name), property)
    return found


RECORDS: Final[dict[str, tuple[Any, Any]]] = {
    "record": (record(), VEHICLE),
    "event": (ISSUE, VehicleFlag(code="B")),
    "observation": (StatusObservation(state="valid", at=NOW), None),
    "proof": (PROOF, PROOF),
}
MEMBERS: Final = [
    (what, place, field.name)
    for what, made in RECORDS.items()
    for place, one in enumerate(made)
    if one is not None
    for field in attrs.fields(type(one))
]
WRONG: Final = (None, 5, "text", b"bytes", object(), [object()], NotImplemented, float("nan"), ..., type)


def holding(what: str, place: int, one: object) -> tuple[object, object]:
    """Answers of both backends, one of which holds something of a subclass."""
    status, vehicle = RECORDS["record"]
    if what == "record":
        return (one, vehicle) if place == 0 else (status, one)
    names = {"event": ("events", "flags"), "observation": ("observations", ""), "proof": ("proofs", "proofs")}
    holder: Any = attrs.evolve(cast("Any", (status, vehicle)[place]))
    object.__setattr__(holder, names[what][place], (one,))  # as a subclass's own attribute gives it
    kind = type(holder)
    changed = without_init(_subclass(f"Holding{kind.__name__}", kind, {}), holder)
    return (changed, vehicle) if place == 0 else (status, changed)


@pytest.mark.parametrize(("what", "place", "name"), MEMBERS, ids=str)
@pytest.mark.parametrize(
    "error", [RuntimeError("no"), RecursionError(), StatusError("made-up"), MemoryError()], ids=ascii
)
def test_attributes_that_raise(what: str, place: int, name: str, error: Exception) -> None:
    """Every member of every record, event, flag, observation and proof: then that backend gave no answer."""
    made = RECORDS[what][place]
    answers = holding(what, place, without_init(raising(type(made), name, error), made))

    verdict, vehicle = agreed(ask(*answers))

    assert not verdict or place == 1
    assert "revoked-before-event" not in [*codes(verdict), *codes(cast("Any", vehicle))]


@pytest.mark.parametrize(("what", "place", "name"), MEMBERS, ids=str)
def test_attributes_of_the_wrong_type(what: str, place: int, name: str) -> None:
    """Whatever stands where a member should be, there is a verdict."""
    made = RECORDS[what][place]
    for wrong in WRONG:
        kind = turning(type(made), name, wrong, wrong)
        answers = Answers(*holding(what, place, without_init(kind, made)))
        asker = verifier(answers, Policy.roadside(), vehicles=answers)
        asker.verify(TEXT, as_of=NOW, expect=SEEN).to_dict()
        asker.check_vehicle(as_of=NOW, vin=VIN).to_dict()


@pytest.mark.parametrize(("what", "place", "name"), MEMBERS, ids=str)
def test_attributes_that_change(what: str, place: int, name: str) -> None:
    """A member that is right once and wrong from then on is taken as it was the first time, or not at all."""
    made = RECORDS[what][place]
    for wrong in WRONG:
        for policy in (Policy.roadside(), Policy.counterparty()):
            kind = turning(type(made), name, getattr(made, name), wrong)
            answers = holding(what, place, without_init(kind, made))
            verdict = verifier(Answers(*answers), policy, vehicles=Answers(*answers)).verify(
                TEXT, as_of=NOW, expect=SEEN
            )
            verdict.to_dict()


class Liar(str):
    """Text that lies about what it is."""

    __slots__ = ()

    def __eq__(self, other: object) -> bool:
        raise RuntimeError

    def __hash__(self) -> int:
        return 7

    def __len__(self) -> int:
        return 1

    def __str__(self) -> str:
        raise RuntimeError

    def __iter__(self) -> Iterator[str]:
        raise RuntimeError

    def encode(self, *_: object) -> bytes:
        """Nothing."""
        raise RuntimeError

    upper = strip = removesuffix = startswith = isascii = encode  # type: ignore[assignment]  # on purpose


class LyingBytes(bytes):
    """Bytes that lie about what they are."""

    __slots__ = ()

    def __eq__(self, other: object) -> bool:
        raise RuntimeError

    def __hash__(self) -> int:
        return 7

    def __len__(self) -> int:
        return 1

    def __bytes__(self) -> bytes:
        raise RuntimeError

    def startswith(self, *_: object) -> bool:
        """Nothing."""
        raise RuntimeError


@pytest.mark.parametrize(
    "code", [Liar("status-unavailable"), Liar("revoked-before-event"), Liar(""), 5, None, []], ids=ascii
)
@pytest.mark.parametrize("cause", [Liar("dns"), Liar(PLATE), 5, None], ids=ascii)
def test_codes_of_other_classes(code: Any, cause: Any) -> None:  # noqa: ANN401  whatever a backend puts there
    """An error whose code or cause is no plain text says that nothing is known, and no more."""
    error = StatusError(code, "", cause=cause)
    verdict, vehicle = agreed(ask(error, error))

    assert not verdict
    assert not vehicle
    assert "revoked-before-event" not in codes(verdict)


def test_text_of_other_classes_in_records() -> None:
    """What a backend calls a reason, a flag, a media type or a key is taken as plain text and bytes."""
    event = StatusEvent(kind=StatusEventKind.ISSUED, effective_at=ISSUED, recorded_at=ISSUED, reason=Liar("odd"))
    proof = StatusProof(
        data=LyingBytes(b"x"), media_type=Liar("a/b"), key_id=LyingBytes(b"k"), request=LyingBytes(b"r")
    )
    flag = VehicleFlag(code=Liar("B"))

    assert [str, bytes, str, bytes, bytes, str] == [
        type(value) for value in (event.reason, proof.data, proof.media_type, proof.key_id, proof.request, flag.code)
    ]
    agreed(ask(record(observed_at=NOW, events=[event], proofs=[proof]), attrs.evolve(VEHICLE, flags=[flag])))


@pytest.mark.parametrize("error", [KeyboardInterrupt, SystemExit, GeneratorExit, asyncio.CancelledError])
def test_what_ends_a_program_ends_it(error: type[BaseException]) -> None:
    """Exceptions that are no `Exception` pass through: they are no answer of a backend."""
    for answers in ((error(), VEHICLE), (record(), error())):
        with pytest.raises(error):
            ask(*answers)
        hidden = without_init(raising(StatusRecord, "events", error()), record())
        with pytest.raises(error):
            verifier(Answers(status=hidden)).verify(TEXT, as_of=NOW)


class Cancelling:
    """A backend whose task is cancelled while it waits."""

    async def lookup(self, _: object, /) -> StatusRecord:
        """Never answers."""
        await asyncio.sleep(3600)
        raise AssertionError


def test_a_cancelled_question_is_cancelled() -> None:
    """Whoever gives up waiting gets no verdict of a register that is silent."""

    async def give_up() -> None:
        asker = AsyncVerifier(trust=TRUST, status=Cancelling(), policy=Policy.claims(), clock=FixedClock(NOW))
        task = asyncio.create_task(asker.verify(TEXT, as_of=NOW))
        await asyncio.sleep(0)
        task.cancel()
        await task

    with pytest.raises(asyncio.CancelledError):
        asyncio.run(give_up())


# --- instants at the ends of the calendar

instants = st.sampled_from(
    [FIRST, LAST, NOW, ISSUED, NOW + timedelta(days=1), LAST - timedelta(hours=14)]
) | st.datetimes(timezones=st.just(UTC))
maybe = st.none() | instants
days = st.none() | st.sampled_from([date.min, date.max]) | st.dates()
events = st.builds(
    StatusEvent,
    kind=st.sampled_from(StatusEventKind),
    effective_at=maybe,
    recorded_at=instants,
    reason=st.text(max_size=9),
)
observations = st.builds(
    StatusObservation,
    state=st.sampled_from(["valid", "revoked", "suspended", "superseded"]),
    at=instants,
    expires_at=maybe,
)
statuses = st.builds(
    StatusRecord,
    events=st.lists(events | st.just(ISSUE), max_size=3),
    observations=st.lists(observations, max_size=3),
    observed_at=instants,
    history_from=maybe,
    reliable_until=maybe,
    expires_at=maybe,
)
vehicles = st.builds(
    VehicleRecord,
    known=st.booleans(),
    flags=st.lists(
        st.builds(VehicleFlag, code=st.sampled_from("ABCEQ") | st.text(max_size=3), since=days, until=days), max_size=3
    ),
    valid_until=days,
    observed_at=instants,
    history_from=maybe,
    reliable_until=maybe,
)
policies = st.sampled_from([Policy.roadside(), Policy.claims(), Policy.counterparty(), Policy.bulk()])
moments = st.sampled_from([NOW, ISSUED, date(1970, 1, 1), date(9998, 12, 31), date(2026, 10, 1), date(2026, 9, 1)])


@given(status=statuses, vehicle=vehicles, policy=policies, as_of=moments)
def test_any_instants(status: StatusRecord, vehicle: VehicleRecord, policy: Policy, as_of: datetime | date) -> None:
    """Records of the years 1 to 9999: each has its verdict, sync and async alike."""
    agreed(ask(status, vehicle, policy, as_of))


@pytest.mark.parametrize("observed_at", [NOW + timedelta(minutes=2), datetime(9999, 1, 1, tzinfo=UTC), LAST])
@pytest.mark.parametrize("policy", [Policy.roadside(), Policy.claims(), Policy.bulk()], ids=lambda policy: policy.name)
def test_an_observation_of_the_future_is_none(observed_at: datetime, policy: Policy) -> None:
    """What a register observed in time to come it has not observed: never VALID, whatever the policy's age."""
    verdict, vehicle = agreed(
        ask(record(observed_at=observed_at), attrs.evolve(VEHICLE, observed_at=observed_at), policy)
    )

    assert not verdict
    assert not vehicle


# --- what a caller gives


class LyingDate(date):
    """A day that answers as another."""

    def __lt__(self, other: object) -> bool:
        raise RuntimeError

    __le__ = __gt__ = __ge__ = __eq__ = __ne__ = __lt__

    def __hash__(self) -> int:
        return 7

    def toordinal(self) -> int:
        """Another day's."""
        return 1

    def isoformat(self) -> str:
        """No day."""
        return "no day"

    @property
    def year(self) -> int:
        """No year."""
        raise RuntimeError


class LyingDatetime(datetime):
    """An instant that answers as another."""

    def astimezone(self, *_: object) -> datetime:  # type: ignore[override]  # on purpose
        """Nothing."""
        raise RuntimeError

    def utcoffset(self) -> timedelta:
        """Another zone's."""
        return timedelta(hours=5)

    def isoformat(self, *_: str) -> str:
        """No instant."""
        return "no instant"

    def __sub__(self, other: object) -> Any:  # noqa: ANN401  on purpose
        raise RuntimeError

    __lt__ = __le__ = __gt__ = __ge__ = __sub__


class Nowhere(tzinfo):
    """A time zone that raises."""

    def __init__(self, error: Exception) -> None:
        self._error = error

    def utcoffset(self, _: datetime | None) -> timedelta:
        """Nothing."""
        raise self._error

    dst = tzname = utcoffset  # type: ignore[assignment]  # on purpose


@pytest.mark.parametrize("as_of", [date(2026, 9, 30), NOW])
def test_days_and_instants_of_other_classes(as_of: date) -> None:
    """A subclass's day or instant is the plain one that it is, whatever its methods say; so is a clock's."""
    odd: date
    if isinstance(as_of, datetime):
        odd = LyingDatetime(*as_of.timetuple()[:6], tzinfo=UTC)
    else:
        odd = LyingDate(as_of.year, as_of.month, as_of.day)

    found = verifier(registered()).verify(TEXT, as_of=odd, expect=SEEN, known_at=LyingDatetime(2026, 10, 1, tzinfo=UTC))
    plain = verifier(registered()).verify(TEXT, as_of=as_of, expect=SEEN, known_at=datetime(2026, 10, 1, tzinfo=UTC))

    assert plain == found
    assert type(as_of) is type(found.as_of)
    clock = LyingDatetime(*NOW.timetuple()[:6], tzinfo=UTC)
    assert (
        plain.outcome
        == attrs.evolve(verifier(registered()), clock=lambda: clock).verify(TEXT, as_of=as_of, expect=SEEN).outcome
    )


@pytest.mark.parametrize("error", [RuntimeError(), ValueError(), KeyError(), OSError(), RecursionError()], ids=ascii)
def test_zones_that_raise_are_misuse(error: Exception) -> None:
    """A moment whose zone cannot say its offset is no moment: a ValueError, as for one without a zone."""
    odd = datetime(2026, 9, 30, tzinfo=Nowhere(error))
    asker = verifier(registered())
    for ask_ in (
        lambda: asker.verify(TEXT, as_of=odd),
        lambda: asker.verify(TEXT, as_of=NOW, known_at=odd),
        lambda: attrs.evolve(asker, clock=lambda: odd).verify(TEXT, as_of=NOW),
        lambda: asker.check_vehicle(as_of=odd, vin=VIN),
    ):
        with pytest.raises(ValueError, match=":"):
            cast("Callable[[], object]", ask_)()


def test_text_of_other_classes() -> None:
    """A certificate's text, plate, VIN, country and proofs of a subclass are the plain ones that they are."""
    asker = verifier(registered())
    odd = Expected(registration_number=Liar(PLATE), vin=Liar(VIN), country=Liar("CN"))
    plain = Expected(registration_number=PLATE, vin=VIN, country="CN")

    found = asker.verify(Liar(TEXT), as_of=NOW, expect=odd, existed_by=[LyingBytes(b"x" * 9)])

    assert asker.verify(TEXT, as_of=NOW, expect=plain, existed_by=[b"x" * 9]) == found
    assert found.evidence.to_bytes()
    assert [str, str, str] == [type(value) for value in (odd.registration_number, odd.vin, odd.country)]
    with pytest.raises(ValueError, match="at most"):
        asker.verify(TEXT, as_of=NOW, existed_by=[LyingBytes(70_000)])


@given(
    st.sampled_from([timezone(timedelta(hours=23, minutes=59)), timezone(-timedelta(hours=23, minutes=59))]),
    st.datetimes(),
)
def test_any_moment(zone: timezone, at: datetime) -> None:
    """Any instant in any zone has a verdict, or lies outside what can be judged."""
    try:
        verifier(registered()).verify(TEXT, as_of=at.replace(tzinfo=zone))
    except ValueError as error:
        assert "as_of" in str(error)  # noqa: PT017  some instants can be judged and some cannot
