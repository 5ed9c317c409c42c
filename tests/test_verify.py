"""`Verifier.verify`: total for whatever a text or a register holds, strict with its caller, sparing with questions."""

from __future__ import annotations

import pickle
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime, timedelta, tzinfo
from typing import Any, Final, cast

import attrs
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from certcore import (
    Effect,
    Expected,
    LocalSigner,
    Need,
    Outcome,
    Policy,
    Reason,
    StatusListEntry,
    Verdict,
    Verifier,
    armor,
    cose,
)
from certcore.errors import StatusError
from certcore.policy import STOP_FLAGS
from certcore.reasons import REASONS, Axis
from certcore.status import (
    MemoryStatusBackend,
    StatusEventKind,
    StatusObservation,
    StatusProof,
    StatusQuery,
    StatusRecord,
    StatusState,
    VehicleFlag,
    VehicleQuery,
    VehicleRecord,
)
from certcore.testing import FixedClock, make_trust
from certcore.trust import Environment, KeyUsage, ListTemplate
from tests.verify_cases import (
    FAR_OFF,
    ISSUED,
    LIVE_SIGNER,
    LONG_AGO,
    NOW,
    PLATE,
    REF,
    SEEN,
    SIGNER,
    TEXT,
    TRUST,
    VIN,
    Answers,
    certificate,
    codes,
    happened,
    live,
    reasons,
    record,
    registered,
    seal,
    trust_list,
    trusted_issuer,
    trusted_key,
    verifier,
)
from tests.verify_vectors import VECTORS, Vector

LOSS: Final = datetime(2026, 9, 1, 2, 30, tzinfo=UTC)
DAY, HOUR, MINUTE, TICK = timedelta(days=1), timedelta(hours=1), timedelta(minutes=1), timedelta(microseconds=1)
REQUIRED, IF_AVAILABLE, NOT_USED = Need
PLATE_SEEN: Final = Expected(registration_number=PLATE)
UNTYPED: Final = ("plate-type-not-compared", "notes")
"""What is noted of a Chinese plate that is compared alone; tests/engine/test_binding.py is about it."""


def ask(status: Any = None, text: str = TEXT, **changes: Any) -> Verdict:  # noqa: ANN401  rubbish among them
    """The usual question, answered by what is given, or by a register that knows the certificate."""
    given: dict[str, Any] = {"as_of": LOSS, "expect": SEEN}
    return verifier(registered() if status is None else status).verify(text, **(given | changes))


# Total: whatever is in a text


@settings(deadline=None)  # a slow machine is no failure
@given(st.text(max_size=40))
@example("")
@example("VIC1:")
@example("VIC1:\ud800")
@example("\x00")
def test_any_text_gets_a_verdict(text: str) -> None:
    """No text raises, and none that nobody signed is valid."""
    verdict = ask(text=text)

    assert verdict.outcome in {Outcome.INVALID, Outcome.UNDETERMINED}
    assert verdict.certificate is None


@settings(deadline=None)  # a slow machine is no failure
@given(st.text(alphabet="0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ $%*+-./:", max_size=400))
def test_any_base45_gets_a_verdict(text: str) -> None:
    """Nor does anything behind the prefix."""
    assert [Axis.AUTHENTICITY] == [reason.axis for reason in ask(text="VIC1:" + text).reasons]


@settings(deadline=None)  # a slow machine is no failure
@given(st.binary(max_size=300))
@example(b"\xd2" + b"\x81" * 200)
@example(b"\xd2\x84\x40\xa0\x40\x40")
@example(b"\xd8\x1c" * 150)
def test_any_bytes_get_a_verdict(data: bytes) -> None:
    """Nor do any bytes in it, signed or not."""
    assert not ask(text=armor.encode(data))
    assert ["malformed"] == codes(ask(text=armor.encode(b"\xd2" + data)))
    assert {"malformed", "too-new"} >= set(codes(ask(text=seal(data))))


@settings(deadline=None)  # a slow machine is no failure
@given(st.integers(0, len(TEXT) - 1), st.integers(0, 8), st.text(max_size=8))
def test_a_changed_text_gets_a_verdict(place: int, length: int, put: str) -> None:
    """A piece of a valid text replaced by another never raises; it is valid only if no more than a line end changed."""
    text = TEXT[:place] + put + TEXT[place + length :]

    verdict = ask(text=text)

    assert bool(verdict) == (text in {TEXT, TEXT + "\n", TEXT + "\r", TEXT + "\r\n"})


@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_one_line_end_is_dropped(end: str) -> None:
    """The line end that scanners add is dropped, and the question is the same."""
    assert Outcome.VALID is ask(text=TEXT + end).outcome
    assert ask().id == ask(text=TEXT + end).id


@pytest.mark.parametrize(
    "text",
    [TEXT + "\n\n", TEXT + "\r\n\r\n", TEXT + "\r\n\n", TEXT + "\n\r", TEXT + "\r\r", TEXT + " \n", TEXT + "\x85"],
    ids=lambda text: ascii(text[len(TEXT) :]),
)
def test_no_more_than_one(text: str) -> None:
    """Only one line end is dropped and nothing else is trimmed."""
    assert ["malformed"] == codes(ask(text=text))


@pytest.mark.parametrize(
    "text",
    ["\n" + TEXT, " " + TEXT, "\ufeff" + TEXT, TEXT.lower(), "ＶＩＣ１：" + TEXT[5:]],
    ids=lambda text: ascii(text[:6]),
)
def test_nothing_before_it(text: str) -> None:
    """The prefix is exactly that; nothing is guessed."""
    assert ["foreign-format"] == codes(ask(text=text))


def test_only_a_line_end() -> None:
    """A line end alone is no text."""
    assert ["no-certificate"] == codes(ask(text="\n"))


def test_a_very_long_text() -> None:
    """A text of a megabyte is refused before it is decoded."""
    assert ["malformed"] == codes(ask(text="VIC1:" + "0" * (1 << 20)))


# Strict with its caller


class NoOffset(tzinfo):
    """A time zone that does not know its offset, which leaves a datetime naive."""

    def utcoffset(self, _: datetime | None) -> None:
        """Unknown."""

    def dst(self, _: datetime | None) -> None:
        """Unknown."""

    def tzname(self, _: datetime | None) -> str:
        """A name all the same."""
        return "nowhere"


@pytest.mark.parametrize(
    ("given", "error"),
    [
        ({"text": TEXT.encode()}, TypeError),
        ({"text": None}, TypeError),
        ({"text": bytearray(b"VIC1:")}, TypeError),
        ({"as_of": None}, TypeError),
        ({"as_of": "2026-09-01"}, TypeError),
        ({"as_of": 1_790_000_000}, TypeError),
        ({"as_of": LOSS.replace(tzinfo=None)}, ValueError),
        ({"as_of": LOSS.replace(tzinfo=NoOffset())}, ValueError),
        ({"as_of": date(1969, 12, 31)}, ValueError),
        ({"as_of": date(9999, 1, 1)}, ValueError),
        ({"as_of": date.min}, ValueError),
        ({"as_of": date.max}, ValueError),
        ({"as_of": datetime(1969, 12, 31, 23, 59, 59, tzinfo=UTC)}, ValueError),
        ({"as_of": datetime(9999, 1, 1, tzinfo=UTC)}, ValueError),
        ({"as_of": datetime.min.replace(tzinfo=UTC)}, ValueError),
        ({"as_of": datetime.max.replace(tzinfo=UTC)}, ValueError),
        ({"known_at": date(2026, 9, 1)}, TypeError),
        ({"known_at": "2026-09-01"}, TypeError),
        ({"known_at": NOW.replace(tzinfo=None)}, ValueError),
        ({"known_at": NOW + MINUTE + TICK}, ValueError),
        ({"known_at": datetime(1969, 1, 1, tzinfo=UTC)}, ValueError),
    ],
)
def test_misuse(given: dict[str, Any], error: type[Exception]) -> None:
    """A caller's mistake is a TypeError or a ValueError, found before anything is asked, without the text in it."""
    backend = Answers(AssertionError())
    arguments: dict[str, Any] = {"as_of": LOSS, "expect": SEEN} | given
    text = arguments.pop("text", TEXT)

    with pytest.raises(error) as caught:
        verifier(backend).verify(text, **arguments)

    assert [] == backend.asked
    assert error is caught.type
    assert TEXT[5:20] not in str(caught.value)


@pytest.mark.parametrize("at", [NOW.replace(tzinfo=None), datetime(1969, 1, 1, tzinfo=UTC)])
def test_a_clock_that_is_wrong_in_kind(at: datetime) -> None:
    """A clock must know its time zone, and a time within range."""
    with pytest.raises(ValueError, match="clock"):
        verifier(registered(), at=at).verify(TEXT, as_of=LOSS)


def test_as_of_has_no_default() -> None:
    """Nobody asks about now by accident."""
    with pytest.raises(TypeError):
        verifier(registered()).verify(TEXT)  # type: ignore[call-arg]  # the mistake under test


@pytest.mark.parametrize(
    "as_of",
    [
        date(1970, 1, 1),
        date(9998, 12, 31),
        datetime(1970, 1, 1, tzinfo=UTC),
        datetime(9998, 12, 31, 23, 59, 59, 999_999, tzinfo=UTC),
    ],
)
@pytest.mark.parametrize("zone", ["Asia/Shanghai", "Pacific/Kiritimati", "Etc/GMT+12", "America/Adak"])
def test_the_ends_of_time(as_of: datetime | date, zone: str) -> None:
    """The first and the last moment that may be asked about get an answer in every zone."""
    trust = trust_list(trusted_issuer(time_zone=zone))

    assert Outcome.INVALID is verifier(registered(), trust=trust).verify(TEXT, as_of=as_of, expect=SEEN).outcome


@attrs.define
class Counting:
    """A clock that counts how often it is read, and moves on each time."""

    reads: int = 0

    def __call__(self) -> datetime:
        """A minute later each time."""
        self.reads += 1
        return NOW + self.reads * MINUTE


def test_the_clock_is_read_once() -> None:
    """One call, one time: the verdict's."""
    clock = Counting()

    verdict = attrs.evolve(verifier(registered()), clock=clock).verify(TEXT, as_of=LOSS, expect=SEEN)

    assert 1 == clock.reads
    assert NOW + MINUTE == verdict.evaluated_at


# Asking no more than it must


def is_authentic(vector: Vector) -> bool:
    """Whether a vector's text is a certificate at all."""
    return all(REASONS[code].axis is not Axis.AUTHENTICITY or effect == "notes" for code, effect in vector.reasons)


@pytest.mark.parametrize("vector", [pytest.param(each, id=each.name) for each in VECTORS if not is_authentic(each)])
def test_nothing_is_asked_before_the_signature_is_trusted(vector: Vector) -> None:
    """Whatever is not authentic is looked up nowhere, under any policy."""
    backend = Answers(AssertionError("asked"), AssertionError("asked"))
    for policy in (Policy.roadside(), Policy.claims(), Policy.counterparty(), Policy.bulk()):
        asking = attrs.evolve(vector.verifier, status=backend, vehicles=backend, policy=policy)
        asking.verify(vector.text, as_of=vector.as_of, expect=vector.expect)

    assert [] == backend.asked


@pytest.mark.parametrize("vector", [pytest.param(each, id=each.name) for each in VECTORS if is_authentic(each)])
def test_each_register_is_asked_at_most_once(vector: Vector) -> None:
    """What is authentic is asked about once at each register, and never about another certificate."""
    backend = Answers(record(), VehicleRecord(known=True, observed_at=NOW))
    asking = attrs.evolve(vector.verifier, status=backend, vehicles=backend)
    asking.verify(vector.text, as_of=vector.as_of, expect=vector.expect)

    assert len(backend.asked) == len({type(query) for query in backend.asked}) <= 2
    assert {asking.clock()} >= {query.asked_at for query in backend.asked}


@pytest.mark.parametrize(
    ("text", "policy", "as_of", "asked"),
    [
        (TEXT, Policy.roadside(), LOSS, {StatusQuery, VehicleQuery}),
        (TEXT, Policy.claims(), LOSS, {StatusQuery, VehicleQuery}),
        (TEXT, Policy.counterparty(), LOSS, {StatusQuery}),
        (TEXT, Policy.bulk(), LOSS, {StatusQuery}),
        (TEXT, attrs.evolve(Policy.claims(), status=NOT_USED), LOSS, {VehicleQuery}),
        (TEXT, Policy.roadside(), NOW + MINUTE + TICK, set()),
        (TEXT, Policy.roadside(), date(2026, 10, 2), set()),
        (live(), Policy.claims(), NOW, {VehicleQuery}),
        (live(), Policy.claims(), LOSS, {StatusQuery, VehicleQuery}),
        (live(), attrs.evolve(Policy.claims(), live_replaces_status=False), NOW, {StatusQuery, VehicleQuery}),
    ],
)
def test_what_is_asked(text: str, policy: Policy, as_of: datetime | date, asked: set[type]) -> None:
    """Only what the policy needs is asked, nothing about the future, and no status where a live presentation speaks."""
    backend = Answers(record(), VehicleRecord(known=True, observed_at=NOW))

    verifier(backend, policy, vehicles=backend).verify(text, as_of=as_of)

    assert asked == {type(query) for query in backend.asked}


def test_what_a_status_query_says() -> None:
    """Where the list is and who signs it comes from the trust list; the moment is never before the time of issue."""
    status_signer = LocalSigner.generate()
    old = ListTemplate(uri="https://old.example/{list}", not_before=LONG_AGO, not_after=NOW - DAY)
    new = ListTemplate(uri="https://new.example/{list}", not_before=NOW - DAY)
    issuer = trusted_issuer(
        trusted_key(SIGNER), trusted_key(status_signer, usage=KeyUsage.STATUS), list_templates=[old, new]
    )
    backend = Answers(record())
    asking = verifier(backend, trust=trust_list(issuer))

    asking.verify(TEXT, as_of=LOSS)
    asking.verify(TEXT, as_of=date(2025, 10, 10))

    (query, first_day) = cast("list[StatusQuery]", backend.asked)
    assert ("CN", REF, None, "12/524287") == (query.issuer, query.ref, query.certificate_id, query.key)
    assert "https://new.example/12" == query.list_uri
    assert issuer.status_keys == query.keys
    assert (LOSS, NOW) == (query.as_of, query.asked_at)
    assert ISSUED == first_day.as_of


def test_a_certificates_own_list() -> None:
    """A standard reference is asked at its own URI, if the issuer may have lists there."""
    entry = StatusListEntry(uri="https://lists.example/cn/7", index=3)
    text = seal(certificate(status=entry))
    for prefix, uris in (
        ("https://lists.example/cn/", [entry.uri]),
        ("https://lists.example/", [entry.uri]),
        ("https://lists.example/c/", []),
        ("https://lists.example:8443/cn/", []),
        ("https://other.example/cn/", []),
    ):
        backend = Answers(record())
        verifier(backend, trust=trust_list(trusted_issuer(uri_prefixes=[prefix]))).verify(text, as_of=LOSS)

        assert uris == [query.list_uri for query in backend.asked if isinstance(query, StatusQuery)]


@pytest.mark.parametrize(
    "uri",
    [
        "http://lists.example/cn/7",
        "https://lists.example/cn/../de/7",
        "https://user@lists.example/cn/7",
        "https://lists.example/cn/%2e%2e/de/7",
        "https://lists.example/cn/7?x",
        "https://lists.example/cn/7#x",
        "https://lists.example\\@evil.example/cn/7",
        "file:///etc/passwd",
        "lists.example/cn/7",
    ],
)
def test_a_list_elsewhere_is_never_asked(uri: str) -> None:
    """A URI that two parsers might read differently is outside every prefix."""
    backend = Answers(record())
    trust = trust_list(trusted_issuer(uri_prefixes=["https://lists.example/cn/"]))
    text = seal(certificate(status=StatusListEntry(uri=uri, index=3)))

    verdict = verifier(backend, trust=trust).verify(text, as_of=LOSS, expect=SEEN)

    assert {("status-unknown-reference", "blocks")} == reasons(verdict)
    assert [] == backend.asked


def test_what_a_vehicle_query_says() -> None:
    """A vehicle is asked about as the certificate has it, not as the caller expected it."""
    backend = Answers(record(), VehicleRecord(known=True, observed_at=NOW))
    text = seal(certificate(plate_type=2))

    verifier(backend, vehicles=backend).verify(text, as_of=LOSS, expect=Expected(registration_number="京A00000"))

    (query,) = [query for query in backend.asked if isinstance(query, VehicleQuery)]
    assert (PLATE, "CN", 2, VIN, LOSS, NOW) == (
        query.registration_number,
        query.country,
        query.plate_type,
        query.vin,
        query.as_of,
        query.asked_at,
    )


# Total: whatever a register does


class OddError(Exception):
    """What a backend may raise that is nothing of certcore's."""

    def __str__(self) -> str:
        msg = "even its text fails"
        raise RuntimeError(msg)


RUBBISH: Final = [
    None,
    0,
    "valid",
    b"",
    {},
    object(),
    StatusError,
    VehicleRecord(known=True, observed_at=NOW),
]


@pytest.mark.parametrize("answer", RUBBISH, ids=lambda answer: type(answer).__name__)
@pytest.mark.parametrize("policy", [Policy.claims(), Policy.counterparty()], ids=["claims", "counterparty"])
def test_rubbish_is_no_answer(answer: object, policy: Policy) -> None:
    """A backend that answers with anything but a record has failed, whatever the policy lets pass."""
    verdict = verifier(Answers(answer), policy).verify(TEXT, as_of=LOSS, expect=SEEN)

    assert {("status-backend-error", "blocks")} == reasons(verdict)


@pytest.mark.parametrize(
    "error",
    [ValueError("x"), KeyError(), OSError(), RecursionError(), MemoryError(), OddError(), StopIteration()],
    ids=lambda error: type(error).__name__,
)
def test_what_a_backend_raises(error: Exception) -> None:
    """Whatever a backend raises decides nothing."""
    for status, vehicle in ((error, None), (record(), error)):
        backend = Answers(status, vehicle)
        verdict = verifier(backend, vehicles=backend if vehicle else None).verify(TEXT, as_of=LOSS, expect=SEEN)

        assert {("status-backend-error", "blocks")} == reasons(verdict)


@pytest.mark.parametrize("interrupt", [KeyboardInterrupt, SystemExit])
def test_interrupts_are_not_swallowed(interrupt: type[BaseException]) -> None:
    """Who stops the process stops it."""
    with pytest.raises(interrupt):
        ask(Answers(interrupt()))


@pytest.mark.parametrize("code", [*REASONS, "", "no-such-code", "REVOKED-BEFORE-EVENT"])
def test_whatever_an_error_says_it_is_no_revocation(code: str) -> None:
    """A StatusError of any code, even a revocation's, makes nothing invalid, nor valid where an answer is needed."""
    error = StatusError(code, "revoked, honestly")
    backend = Answers(error, error)

    verdict = verifier(backend, Policy.roadside(), vehicles=backend).verify(TEXT, as_of=NOW, expect=PLATE_SEEN)

    assert Outcome.UNDETERMINED is verdict.outcome
    found = [reason for reason in verdict.reasons if reason.code != UNTYPED[0]]
    assert {Axis.STATUS} == {reason.axis for reason in found}
    assert {Effect.BLOCKS} == {reason.effect for reason in found}


@pytest.mark.parametrize("code", [[], {}, b"x", None, 0.5])
def test_an_error_whose_code_is_no_text(code: object) -> None:
    """A StatusError whose code is not text is no usable answer, and its verdict is JSON like any other."""
    verdict = ask(Answers(StatusError(cast("str", code))))

    assert Outcome.UNDETERMINED is verdict.outcome
    assert verdict.to_json()
    assert {str, int} >= {type(value) for reason in verdict.reasons for _, value in reason.detail}


class UnfinishedError(StatusError):
    """A backend's own error that forgot to call its parent."""

    def __init__(self) -> None:
        Exception.__init__(self, "down")


def test_an_error_without_a_code() -> None:
    """A subclass of StatusError that was never given a code is no usable answer."""
    assert Outcome.UNDETERMINED is ask(Answers(UnfinishedError())).outcome


def test_an_errors_code_cannot_bring_a_vin_into_a_log() -> None:
    """A backend that puts a VIN into its error's code does not get it into a reason's detail."""
    verdict = ask(Answers(StatusError(VIN)))

    assert VIN not in repr(verdict.reasons)


MADE_UP: Final[dict[str, Callable[[], object]]] = {
    "events": lambda: record(cast("Any", "revoked")),
    "no event": lambda: record(cast("Any", None)),
    "observations": lambda: record(observations=(None,)),
    "proofs": lambda: record(proofs=("signed",)),
    "flags": lambda: VehicleRecord(known=True, flags=cast("Any", ["C"]), observed_at=NOW),
}


@pytest.mark.parametrize("name", MADE_UP)
def test_a_record_of_rubbish(name: str) -> None:
    """A record of anything but what it must hold is refused when it is made: in a backend, that is no usable answer."""
    with pytest.raises(TypeError):
        MADE_UP[name]()

    assert {("status-backend-error", "blocks")} == reasons(ask(Careless(MADE_UP[name])))


@attrs.frozen
class Careless:
    """A backend that makes its answer only when it is asked."""

    make: Callable[[], object]

    def lookup(self, _: StatusQuery, /) -> StatusRecord:
        """What it makes."""
        return cast("StatusRecord", self.make())


WRONG_INSIDE: Final[dict[str, Callable[[], object]]] = {
    "reason": lambda: record(
        attrs.evolve(happened(StatusEventKind.REVOKED, LOSS), reason=cast("Any", b"\xff")),
    ),
    "key id": lambda: record(proofs=[StatusProof(data=b"", media_type="", key_id=cast("Any", []))]),
    "flag": lambda: VehicleRecord(
        known=True, flags=[VehicleFlag(code="C"), VehicleFlag(code=cast("Any", None))], observed_at=NOW
    ),
    "day as moment": lambda: VehicleRecord(known=True, flags=[VehicleFlag(code="C", since=LOSS)], observed_at=NOW),
    "day as text": lambda: VehicleRecord(
        known=True, flags=[VehicleFlag(code="C", since=cast("Any", "2026-09-01"))], observed_at=NOW
    ),
}


@pytest.mark.parametrize("name", WRONG_INSIDE)
def test_a_record_with_rubbish_within(name: str) -> None:
    """Nor does a field of the wrong kind within a record reach the caller as an exception."""

    class Both(Careless):
        def lookup_vehicle(self, query: VehicleQuery, /) -> VehicleRecord:
            return cast("VehicleRecord", self.lookup(cast("StatusQuery", query)))

    backend = Both(WRONG_INSIDE[name])
    for_vehicles = name in {"flag", "day as moment", "day as text"}
    asking = verifier(registered() if for_vehicles else backend, vehicles=backend if for_vehicles else None)
    verdict = asking.verify(TEXT, as_of=LOSS, expect=SEEN)

    assert Outcome.VALID is not verdict.outcome
    assert verdict.to_json()


def test_only_expected_is_expected() -> None:
    """A plate where an `Expected` belongs is a caller's mistake, told as one."""
    with pytest.raises(TypeError):
        ask(expect=PLATE)


def test_times_at_the_edge_of_what_can_be_written() -> None:
    """A register may speak of the first instant and promise to the last that exist; as of the last none can speak."""
    first, last = datetime.min.replace(tzinfo=UTC), datetime.max.replace(tzinfo=UTC)

    verdict = ask(Answers(record(history_from=first, reliable_until=last)))
    later = ask(Answers(record(observed_at=last, history_from=first, reliable_until=last)))

    assert (Outcome.VALID, Outcome.UNDETERMINED) == (verdict.outcome, later.outcome)
    assert verdict.to_json()
    assert later.to_json()


def test_proofs_of_the_issuers_own_keys() -> None:
    """Proofs count only under keys that the trust list gives for status."""
    status_signer = LocalSigner.generate()
    trust = trust_list(trusted_issuer(trusted_key(SIGNER), trusted_key(status_signer, usage=KeyUsage.STATUS)))
    own = StatusProof(data=b"", media_type="x", key_id=status_signer.public_key.key_id)
    certificates = StatusProof(data=b"", media_type="x", key_id=SIGNER.public_key.key_id)

    assert verifier(Answers(record(proofs=[own])), trust=trust).verify(TEXT, as_of=LOSS, expect=SEEN)
    for proofs in ([certificates], [own, certificates]):
        verdict = verifier(Answers(record(proofs=proofs)), trust=trust).verify(TEXT, as_of=LOSS, expect=SEEN)
        assert {("status-backend-error", "blocks")} == reasons(verdict)


# What a policy makes of a missing answer

UNREACHABLE: Final = StatusError("status-unavailable")
UNSUPPORTED: Final = StatusError("as-of-unsupported")


@pytest.mark.parametrize(
    ("need", "answer", "expected", "degraded"),
    [
        (REQUIRED, None, {"blocks status-not-checked"}, False),
        (REQUIRED, UNREACHABLE, {"blocks status-unavailable"}, False),
        (REQUIRED, UNSUPPORTED, {"blocks as-of-unsupported"}, False),
        (REQUIRED, ValueError(), {"blocks status-backend-error"}, False),
        (REQUIRED, record(), set(), False),
        (IF_AVAILABLE, None, {"notes status-not-checked", "notes checked-offline"}, True),
        (IF_AVAILABLE, UNREACHABLE, {"notes status-unavailable", "notes checked-offline"}, True),
        (IF_AVAILABLE, UNSUPPORTED, {"blocks as-of-unsupported"}, False),
        (IF_AVAILABLE, ValueError(), {"blocks status-backend-error"}, False),
        (IF_AVAILABLE, record(events=()), {"blocks status-unknown-reference"}, False),
        (IF_AVAILABLE, record(happened(StatusEventKind.REVOKED, LOSS)), {"fails revoked-before-event"}, False),
        (IF_AVAILABLE, record(), set(), False),
        (NOT_USED, None, {"notes checked-offline"}, False),
        (NOT_USED, record(happened(StatusEventKind.REVOKED, LOSS)), {"notes checked-offline"}, False),
    ],
)
def test_a_missing_status(need: Need, answer: object, expected: set[str], *, degraded: bool) -> None:
    """Where status is required a missing answer blocks, where it is not it is noted; an answer always counts."""
    policy = attrs.evolve(Policy.claims(), status=need)

    verdict = verifier(None if answer is None else Answers(answer), policy).verify(TEXT, as_of=LOSS, expect=SEEN)

    assert expected == {f"{effect} {code}" for code, effect in reasons(verdict)}
    assert degraded == verdict.degraded


@pytest.mark.parametrize(
    ("need", "answer", "expected", "degraded"),
    [
        (REQUIRED, None, {"blocks status-not-checked"}, False),
        (REQUIRED, UNREACHABLE, {"blocks status-unavailable"}, False),
        (REQUIRED, ValueError(), {"blocks status-backend-error"}, False),
        (REQUIRED, VehicleRecord(known=False, observed_at=NOW), {"blocks status-unknown-reference"}, False),
        (IF_AVAILABLE, None, set(), False),
        (IF_AVAILABLE, UNREACHABLE, {"notes status-unavailable"}, True),
        (IF_AVAILABLE, ValueError(), {"blocks status-backend-error"}, False),
        (IF_AVAILABLE, VehicleRecord(known=False, observed_at=NOW), {"notes vehicle-caution"}, False),
        (NOT_USED, None, set(), False),
        (NOT_USED, UNREACHABLE, set(), False),
        (NOT_USED, VehicleRecord(known=True, flags=[VehicleFlag(code="C")], observed_at=NOW), set(), False),
    ],
)
def test_a_missing_vehicle(need: Need, answer: object, expected: set[str], *, degraded: bool) -> None:
    """The same for the vehicle's own state."""
    policy = attrs.evolve(Policy.claims(), vehicle=need)
    vehicles = None if answer is None else Answers(vehicle=answer)

    verdict = verifier(registered(), policy, vehicles=vehicles).verify(TEXT, as_of=NOW, expect=SEEN)

    assert expected == {f"{effect} {code}" for code, effect in reasons(verdict)}
    assert degraded == verdict.degraded


# Is it this vehicle?

GERMAN: Final = seal(certificate(registration_number="B-AB 123"))
ALL: Final = attrs.evolve(Policy.counterparty(), name="eyes")


@pytest.mark.parametrize(
    ("text", "expect", "expected"),
    [
        (TEXT, {"registration_number": "闽C·12345"}, set()),
        (TEXT, {"registration_number": "闽C12345"}, set()),
        (TEXT, {"registration_number": "闽c-12345"}, set()),
        (TEXT, {"registration_number": "闽C•12345"}, set()),
        (TEXT, {"registration_number": "闽 C.12345"}, set()),
        (TEXT, {"registration_number": "闽Ｃ・１２３４５"}, set()),
        (TEXT, {"registration_number": "闽C12346"}, {"plate-mismatch"}),
        (TEXT, {"registration_number": "C12345"}, {"plate-mismatch"}),
        (TEXT, {"registration_number": "闽C1234"}, {"plate-mismatch"}),
        (TEXT, {"registration_number": "闽CI2345"}, {"plate-mismatch"}),
        (GERMAN, {"registration_number": "B-AB 123"}, set()),
        (GERMAN, {"registration_number": "B AB 123"}, set()),
        (GERMAN, {"registration_number": "BAB123"}, set()),
        (GERMAN, {"registration_number": "b-ab123"}, set()),
        (GERMAN, {"registration_number": "BA-B 123"}, {"plate-mismatch"}),
        (GERMAN, {"registration_number": "BA B 123"}, {"plate-mismatch"}),
        (TEXT, {"country": "CN"}, set()),
        (TEXT, {"country": "HK"}, {"country-mismatch"}),
        (seal(certificate(plate_type=2)), {"plate_type": 2}, set()),
        (seal(certificate(plate_type=2)), {"plate_type": 1}, {"plate-type-mismatch"}),
        (TEXT, {"vin": VIN}, set()),
        (TEXT, {"vin": VIN.lower()}, set()),
        (TEXT, {"vin": VIN[-6:]}, set()),
        (TEXT, {"vin": VIN[-7:]}, set()),
        (TEXT, {"vin": VIN[-8:]}, set()),
        (TEXT, {"vin": VIN[-9:]}, {"vin-mismatch"}),
        (TEXT, {"vin": VIN[:8]}, {"vin-mismatch"}),
        (TEXT, {"vin": "184212"}, {"vin-mismatch"}),
        (TEXT, {"vin": VIN.replace("1", "I")}, {"vin-mismatch"}),
        (TEXT, {"registration_number": PLATE, "vin": "184212"}, {"cloned-plate", "vin-mismatch"}),
        (TEXT, {"registration_number": "闽C12346", "vin": "184212"}, {"plate-mismatch", "vin-mismatch"}),
        (TEXT, {"registration_number": "闽C12346", "vin": VIN}, {"plate-mismatch"}),
        (TEXT, {"registration_number": PLATE, "country": "HK", "vin": "184212"}, {"country-mismatch", "vin-mismatch"}),
        (TEXT, {"registration_number": PLATE, "country": "HK"}, {"country-mismatch"}),
    ],
)
def test_the_right_vehicle(text: str, expect: dict[str, Any], expected: set[str]) -> None:
    """What is given is compared as people write it, under any policy; each difference has its code and fails."""
    verdict = verifier(registered(), ALL).verify(text, as_of=LOSS, expect=Expected(**expect))

    assert {(code, "fails") for code in expected} == reasons(verdict) - {UNTYPED}


@pytest.mark.parametrize(
    ("vin", "hint"),
    [(VIN.replace("1", "I"), "lookalike"), ("E2I842I1", "lookalike"), (VIN[-9:], "incomplete"), ("184212", None)],
)
def test_hints(vin: str, hint: str | None) -> None:
    """What was probably meant is a hint in the detail, and no match."""
    verdict = verifier(registered(), ALL).verify(TEXT, as_of=LOSS, expect=Expected(vin=vin))

    assert [Reason("vin-mismatch", Axis.BINDING, Effect.FAILS, (("hint", hint),) if hint else ())] == list(
        verdict.reasons
    )


@pytest.mark.parametrize(
    ("policy", "expect", "missing"),
    [
        (Policy.claims(), None, ["plate", "vin"]),
        (Policy.claims(), Expected(), ["plate", "vin"]),
        (Policy.claims(), Expected(registration_number=PLATE), ["vin"]),
        (Policy.claims(), Expected(vin=VIN), ["plate"]),
        (Policy.claims(), Expected(country="CN"), ["plate", "vin"]),
        (Policy.bulk(), Expected(registration_number=PLATE), ["vin"]),
        (attrs.evolve(Policy.roadside(), vehicle=NOT_USED), Expected(vin=VIN), ["plate"]),
    ],
)
def test_what_the_policy_compares_must_be_given(policy: Policy, expect: Expected | None, missing: list[str]) -> None:
    """A binding that the policy needs and the caller did not give blocks, one reason for each."""
    verdict = verifier(registered(), policy).verify(TEXT, as_of=LOSS, expect=expect)

    assert [("binding-not-given", (("missing", what),)) for what in missing] == [
        (reason.code, reason.detail) for reason in verdict.reasons if reason.code != UNTYPED[0]
    ]


def test_a_mismatch_outweighs_what_was_not_given() -> None:
    """A wrong plate fails even where the VIN was not given."""
    verdict = ask(expect=Expected(registration_number="闽C12346"))

    assert {("plate-mismatch", "fails"), ("binding-not-given", "blocks")} == reasons(verdict)


def test_a_confidential_vin() -> None:
    """A VIN that this reader cannot see blocks where it is compared, and nowhere else."""
    text = seal(certificate(vin=None, confidential=b"\x80"))

    assert {("binding-not-readable", "blocks")} == reasons(ask(text=text))
    assert {UNTYPED} == reasons(verifier(registered(), ALL).verify(text, as_of=LOSS, expect=PLATE_SEEN))


# What state the vehicle is in

ROAD: Final = Policy.roadside()


def on_the_road(
    *flags: VehicleFlag, policy: Policy = ROAD, as_of: datetime | date = NOW, **changes: object
) -> set[tuple[str, str]]:
    """What the roadside finds of a vehicle with these flags."""
    fields: dict[str, Any] = {"observed_at": NOW} | changes
    found = VehicleRecord(known=True, flags=flags, **fields)
    verdict = verifier(registered(), policy, vehicles=Answers(vehicle=found)).verify(TEXT, as_of=as_of, expect=SEEN)
    return reasons(verdict)


STOPPED: Final = {("vehicle-stopped", "fails")}
CAUTION: Final = {("vehicle-caution", "notes")}
CONTRADICTED: Final = {("status-contradicts-certificate", "blocks")}


@pytest.mark.parametrize(
    ("letters", "expected"),
    [
        ("", set()),
        ("A", set()),
        *((letter, STOPPED) for letter in "CEJMNPKL"),
        *((letter, CAUTION) for letter in "BDGHIOZ"),
        *((letter, CAUTION) for letter in "FW1z车"),
        ("Q", CONTRADICTED),
        ("AQ", CONTRADICTED),
        ("AC", STOPPED),
        ("GC", STOPPED | CAUTION),
        ("QC", STOPPED | CONTRADICTED),
        ("GHQCE", STOPPED | CONTRADICTED | CAUTION),
    ],
)
def test_flags_are_a_set(letters: str, expected: set[tuple[str, str]]) -> None:
    """Stop states fail, an overdue inspection contradicts, remarks and unknown letters are noted, A says nothing."""
    flags = [VehicleFlag(code=letter) for letter in letters]

    assert expected == on_the_road(*flags) == on_the_road(*reversed(flags))


def test_each_flag_is_a_reason_of_its_own() -> None:
    """Every flag is told by its letter."""
    backend = Answers(vehicle=VehicleRecord(known=True, flags=[VehicleFlag(code=c) for c in "CGE"], observed_at=NOW))

    verdict = verifier(registered(), ROAD, vehicles=backend).verify(TEXT, as_of=NOW, expect=SEEN)

    assert [("vehicle-stopped", "C"), ("vehicle-stopped", "E"), ("vehicle-caution", "G")] == [
        (reason.code, dict(reason.detail)["flag"]) for reason in verdict.reasons
    ]


def test_which_states_stop_is_the_policys() -> None:
    """A policy may let pass what stops others, and stop for what others let pass."""
    lenient = attrs.evolve(ROAD, stop_flags=STOP_FLAGS - {"L"})
    strict = attrs.evolve(ROAD, stop_flags=STOP_FLAGS | {"G", "Q", "W"})

    assert CAUTION == on_the_road(VehicleFlag(code="L"), policy=lenient)
    for letter in "GQW":
        assert STOPPED == on_the_road(VehicleFlag(code=letter), policy=strict)


THAT_DAY: Final = date(2026, 9, 1)


@pytest.mark.parametrize(
    ("since", "until", "stops"),
    [
        (None, None, True),
        (THAT_DAY, None, True),
        (THAT_DAY + DAY, None, False),
        (None, THAT_DAY, True),
        (None, THAT_DAY - DAY, False),
        (THAT_DAY, THAT_DAY, True),
        (THAT_DAY - 9 * DAY, THAT_DAY - DAY, False),
        (THAT_DAY - 9 * DAY, THAT_DAY + 9 * DAY, True),
    ],
)
@pytest.mark.parametrize(
    "as_of",
    [THAT_DAY, datetime(2026, 8, 31, 16, tzinfo=UTC), datetime(2026, 9, 1, 15, 59, 59, 999_999, tzinfo=UTC)],
    ids=["day", "first-instant", "last-instant"],
)
def test_days_of_a_flag(as_of: datetime | date, since: date | None, until: date | None, *, stops: bool) -> None:
    """A flag counts from its first to its last civil day in the issuer's zone, both included."""
    found = on_the_road(VehicleFlag(code="C", since=since, until=until), as_of=as_of, history_from=LONG_AGO)

    assert (STOPPED if stops else set()) == found


NOT_THEN: Final = {("as-of-unsupported", "blocks")}


@pytest.mark.parametrize(
    ("policy", "as_of", "flag", "changes", "expected"),
    [
        (ROAD, NOW - 15 * MINUTE, None, {}, set()),
        (ROAD, NOW - 15 * MINUTE - TICK, None, {}, NOT_THEN),
        (ROAD, LOSS, None, {}, NOT_THEN),
        (ROAD, LOSS, None, {"history_from": LOSS}, set()),
        (ROAD, LOSS, None, {"history_from": LOSS + TICK}, {("status-not-covered", "blocks")}),
        (ROAD, NOW, None, {"observed_at": NOW - 15 * MINUTE}, set()),
        (ROAD, NOW, None, {"observed_at": NOW - 15 * MINUTE - TICK}, {("status-stale", "blocks")}),
        (ROAD, NOW, None, {"observed_at": NOW - DAY, "reliable_until": NOW}, set()),
        (ROAD, LOSS, VehicleFlag(code="C"), {}, NOT_THEN),
        (ROAD, LOSS, VehicleFlag(code="C", since=THAT_DAY), {"history_from": LONG_AGO}, STOPPED),
        (Policy.claims(), LOSS, None, {}, set()),
        (Policy.claims(), LOSS, VehicleFlag(code="C"), {}, NOT_THEN),
        (Policy.claims(), LOSS, VehicleFlag(code="C", since=THAT_DAY), {}, STOPPED),
        (Policy.claims(), LOSS, VehicleFlag(code="C", since=THAT_DAY + DAY), {}, set()),
        (Policy.claims(), LOSS, VehicleFlag(code="G"), {}, CAUTION),
    ],
)
def test_registers_that_know_the_present(
    policy: Policy, as_of: datetime, flag: VehicleFlag | None, changes: dict[str, Any], expected: set[tuple[str, str]]
) -> None:
    """A register without history speaks for about now; a stop without a date says nothing of a month ago."""
    assert expected == on_the_road(*([flag] if flag else []), policy=policy, as_of=as_of, **changes)


# Whom to trust


def test_key_ids_lead_to_every_key_that_has_them() -> None:
    """Up to four keys under one id, of several issuers, are all tried; which one signed says who issued."""
    signers = [LocalSigner.from_pem(LocalSigner.generate().to_pem(), key_id=b"shared") for _ in range(4)]
    issuers = [
        trusted_issuer(trusted_key(signer), id=f"X{number}", time_zone="UTC") for number, signer in enumerate(signers)
    ]
    trust = trust_list(*issuers)

    for number, signer in enumerate(signers):
        verdict = verifier(registered(), trust=trust).verify(seal(certificate(), signer), as_of=LOSS, expect=SEEN)
        assert (True, f"X{number}") == (bool(verdict), verdict.issuer)


def test_a_key_under_two_ids() -> None:
    """A key is found by each of the ids that the list states, and by its own only if that is among them."""
    trust = trust_list(trusted_issuer(trusted_key(SIGNER, key_ids=[b"old", b"new"])))
    for key_id, code in (
        (b"old", None),
        (b"new", None),
        (b"other", "key-unknown"),
        (SIGNER.public_key.key_id, "key-unknown"),
    ):
        text = seal(certificate(), LocalSigner.from_pem(SIGNER.to_pem(), key_id=key_id))
        assert [code] * bool(code) == codes(verifier(registered(), trust=trust).verify(text, as_of=LOSS, expect=SEEN))


def test_a_key_id_is_exact() -> None:
    """A beginning of a key id, or one with more behind it, is another."""
    key_id = SIGNER.public_key.key_id
    for other in (key_id[:-1], key_id + b"\0"):
        text = seal(certificate(), LocalSigner.from_pem(SIGNER.to_pem(), key_id=other))
        assert ["key-unknown"] == codes(ask(text=text))


@pytest.mark.parametrize(
    ("next_update_at", "effect"), [(NOW, "fails"), (NOW - timedelta(seconds=1), "blocks"), (NOW + DAY, "fails")]
)
def test_an_unknown_key(next_update_at: datetime, effect: str) -> None:
    """An unknown key fails while the list is current, and blocks once the list is past its next update."""
    trust = trust_list(issued_at=NOW - 6 * DAY, next_update_at=next_update_at)

    verdict = verifier(registered(), trust=trust).verify(seal(certificate(), LocalSigner.generate()), as_of=LOSS)

    assert {("key-unknown", effect)} == reasons(verdict)


@pytest.mark.parametrize(
    ("authorities", "authority", "allowed"),
    [
        (["*"], "闽C", True),
        (["闽C"], "闽C", True),
        (["闽C"], "闽C1", False),
        (["闽C"], "闽", False),
        (["闽*"], "闽C", True),
        (["闽*"], "闽", True),
        (["闽*"], "粤C", False),
        (["粤*", "闽C"], "闽C", True),
        (["闽c"], "闽C", False),
        (["*闽"], "闽", False),
        (["闽*C"], "闽C", False),
        (["闽*C"], "闽*C", True),
        (["闽C"], "*", False),
    ],
)
def test_scopes(authorities: list[str], authority: str, *, allowed: bool) -> None:
    """A key signs for exactly the authorities it states, or for all that begin as one that ends in a star."""
    trust = trust_list(trusted_issuer(trusted_key(SIGNER, authorities=authorities)))

    verdict = verifier(registered(), trust=trust).verify(
        seal(certificate(authority=authority)), as_of=LOSS, expect=SEEN
    )

    assert ([] if allowed else ["key-scope"]) == codes(verdict)


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"not_before": ISSUED}, None),
        ({"not_before": ISSUED + timedelta(seconds=1)}, "key-window"),
        ({"not_after": ISSUED}, None),
        ({"not_after": ISSUED - timedelta(seconds=1)}, "key-window"),
        ({"compromised_since": ISSUED - timedelta(days=1)}, "key-compromised"),
        ({"compromised_since": ISSUED}, "key-compromised"),
        ({"compromised_since": ISSUED + timedelta(seconds=1)}, "key-compromised-unproven"),
        ({"compromised_since": FAR_OFF}, "key-compromised-unproven"),
        ({"compromised_since": FAR_OFF, "not_after": ISSUED - DAY}, "key-window"),
        ({"usage": KeyUsage.STATUS, "authorities": ["x"], "not_after": ISSUED - DAY}, "key-usage"),
    ],
)
def test_windows_and_leaks(changes: dict[str, Any], code: str | None) -> None:
    """The time of issue lies in the key's window, ends included; a leak ends trust and leaves doubt before."""
    trust = trust_list(trusted_issuer(trusted_key(SIGNER, **changes)))

    verdict = verifier(registered(), trust=trust).verify(TEXT, as_of=LOSS, expect=SEEN)

    assert ([code] if code else []) == codes(verdict)
    assert (code is None) == (verdict.certificate is not None)


def test_a_live_presentation_after_a_leak() -> None:
    """A live key's window and leak are compared with when it was presented; that proves nothing of before."""
    for changes, code in (
        ({"not_before": NOW}, None),
        ({"not_before": NOW + timedelta(seconds=1)}, "key-window"),
        ({"compromised_since": NOW}, "key-compromised"),
        ({"compromised_since": NOW + timedelta(seconds=1)}, "key-compromised-unproven"),
        ({"authorities": ["粤*"]}, "key-scope"),
    ):
        issuer = trusted_issuer(trusted_key(SIGNER), trusted_key(LIVE_SIGNER, usage=KeyUsage.LIVE, **changes))
        verdict = verifier(None, trust=trust_list(issuer)).verify(live(), as_of=NOW, expect=SEEN)
        assert ([code] if code else []) == codes(verdict)


def test_an_issuer_stated() -> None:
    """An issuer that a certificate names is the key's owner, or it fails."""
    assert [] == codes(ask(text=seal(certificate(issuer="CN"))))
    assert ["issuer-mismatch"] == codes(ask(text=seal(certificate(issuer="cn"))))


def test_another_trusted_key_does_not_count() -> None:
    """A good signature by a trusted key under another trusted key's id fails."""
    disguised = LocalSigner.from_pem(LIVE_SIGNER.to_pem(), key_id=SIGNER.public_key.key_id)

    assert ["signature-invalid"] == codes(ask(text=seal(certificate(), disguised)))


def test_another_kind_of_document_does_not_count() -> None:
    """A document of another type, signed by the right key, is no certificate."""
    data = cose.sign1(b"\xa0", signer=SIGNER, protected={16: "application/statuslist+cwt"})

    assert ["malformed"] == codes(ask(text=armor.encode(data)))


def test_signed_for_another_context() -> None:
    """A signature over other external data does not count."""
    data = cose.sign1(b"\xa0", signer=SIGNER, external_aad=b"x")

    assert ["signature-invalid"] == codes(ask(text=armor.encode(data)))


def test_the_test_environment() -> None:
    """Under a test list every authentic certificate says that it proves nothing."""
    trust = trust_list(environment=Environment.TEST)

    assert {("test-environment", "notes")} == reasons(
        verifier(registered(), trust=trust).verify(TEXT, as_of=LOSS, expect=SEEN)
    )
    assert "test-environment" in verifier(registered(), trust=make_trust(SIGNER)).verify(TEXT, as_of=LOSS)


@pytest.mark.parametrize(
    ("policy", "age", "effect"),
    [
        ("roadside", DAY, None),
        ("roadside", DAY + timedelta(seconds=1), "notes"),
        ("roadside", 7 * DAY, "notes"),
        ("roadside", 7 * DAY + timedelta(seconds=1), "blocks"),
        ("claims", 7 * DAY, None),
        ("claims", 7 * DAY + timedelta(seconds=1), "blocks"),
        ("counterparty", 30 * DAY, None),
        ("counterparty", 30 * DAY + timedelta(seconds=1), "blocks"),
        ("bulk", 3000 * DAY, None),
    ],
)
def test_the_age_of_a_trust_list(policy: str, age: timedelta, effect: str | None) -> None:
    """A trust list that is too old for the policy blocks; for the roadside it is noted before."""
    trust = trust_list(issued_at=NOW - age, next_update_at=NOW + 100 * DAY)
    chosen: Policy = getattr(Policy, policy)()
    vehicles = Answers(vehicle=VehicleRecord(known=True, observed_at=NOW))

    verdict = verifier(registered(), chosen, trust=trust, vehicles=vehicles).verify(TEXT, as_of=NOW, expect=SEEN)

    assert ({("trust-list-stale", effect)} if effect else set()) == reasons(verdict)


@pytest.mark.parametrize(
    ("ahead", "found"), [(timedelta(seconds=60), set()), (timedelta(seconds=61), {"clock-behind"})]
)
def test_a_clock_set_back(ahead: timedelta, found: set[str]) -> None:
    """Row 66: a trust list from the future says that this clock is behind, and nothing can be judged by it."""
    trust = trust_list(issued_at=NOW + ahead, next_update_at=NOW + 100 * DAY)

    verdict = verifier(registered(), trust=trust).verify(TEXT, as_of=LOSS, expect=SEEN)

    assert found == set(codes(verdict))
    assert (Outcome.UNDETERMINED if found else Outcome.VALID) is verdict.outcome


def test_another_trust_list() -> None:
    """`with_trust` gives a verifier under the other list, and leaves the first as it was."""
    first = verifier(registered())
    other = first.with_trust(trust_list(trusted_issuer(trusted_key(LocalSigner.generate()))))

    assert first.verify(TEXT, as_of=LOSS, expect=SEEN)
    assert ["key-unknown"] == codes(other.verify(TEXT, as_of=LOSS, expect=SEEN))
    assert (first.status, first.policy, first.clock) == (other.status, other.policy, other.clock)


# Live presentations


@pytest.mark.parametrize(
    ("as_of", "expected"),
    [
        (NOW - 2 * MINUTE - TICK, {("status-not-checked", "blocks")}),
        (NOW - 2 * MINUTE, set()),
        (NOW, set()),
        (NOW + timedelta(seconds=60), set()),
        (date(2026, 10, 1), {("status-not-checked", "blocks")}),
        (LOSS, {("status-not-checked", "blocks")}),
    ],
)
def test_a_presentation_stands_for_its_minutes(as_of: datetime | date, expected: set[tuple[str, str]]) -> None:
    """Within its window a presentation stands for the status look-up; for any other moment the register is needed."""
    text = live(presented_at=NOW - 2 * MINUTE, minutes=5)

    assert expected == reasons(verifier(None).verify(text, as_of=as_of, expect=SEEN))


@pytest.mark.parametrize(
    ("evaluated_at", "over"),
    [
        (NOW - MINUTE - TICK, True),
        (NOW - MINUTE, False),
        (NOW, False),
        (NOW + 6 * MINUTE - TICK, False),
        (NOW + 6 * MINUTE, True),
    ],
)
def test_a_presentation_is_over(evaluated_at: datetime, *, over: bool) -> None:
    """Shown outside its window, with a minute for the clocks, it blocks and never fails."""
    verdict = verifier(registered(), at=evaluated_at).verify(live(), as_of=LOSS, expect=SEEN)

    assert over == (("presentation-expired", "blocks") in reasons(verdict))
    assert Outcome.INVALID is not verdict.outcome


def test_a_presentation_does_not_outweigh_a_revocation() -> None:
    """Asked about another moment, what the register says of it counts."""
    backend = registered()
    backend.revoke(REF, at=LOSS, effective_at=LOSS)

    assert ["revoked-before-event"] == codes(verifier(backend).verify(live(), as_of=LOSS, expect=SEEN))


@pytest.mark.parametrize("minutes", [15, 15 + 1 / 60])
def test_a_presentation_that_lasts_too_long(minutes: float) -> None:
    """The trust list says how long a presentation may last at most."""
    verdict = verifier(None).verify(live(minutes=minutes), as_of=NOW, expect=SEEN)

    assert ([] if minutes == 15 else ["key-usage"]) == codes(verdict)


def test_when_a_presentation_was_observed() -> None:
    """A presentation that stands for the look-up says as of when."""
    assert NOW == verifier(None).verify(live(), as_of=NOW, expect=SEEN).status_observed_at


# Sharing


def answers_of(asked: Verifier) -> list[str]:
    """Some answers as JSON."""
    questions: list[tuple[str, datetime | date]] = [(TEXT, LOSS), (TEXT, THAT_DAY), (live(), NOW), (TEXT[:-1], LOSS)]
    return [asked.verify(text, as_of=as_of, expect=SEEN).to_json() for text, as_of in questions]


def test_a_verifier_pickles() -> None:
    """A verifier pickles with its register, and answers the same; the copy's register is its own."""
    backend = registered()
    backend.register_vehicle(VehicleFlag(code="G"), registration_number=PLATE, country="CN", vin=VIN)
    asking = verifier(backend, vehicles=backend)

    copy: Verifier = pickle.loads(pickle.dumps(asking))  # noqa: S301  our own bytes
    text = seal(certificate())
    before = copy.verify(text, as_of=LOSS, expect=SEEN)
    backend.revoke(REF, at=LOSS, effective_at=None)

    assert ["vehicle-caution"] == codes(before) == codes(copy.verify(text, as_of=LOSS, expect=SEEN))
    assert ["void-from-start", "vehicle-caution"] == codes(asking.verify(text, as_of=LOSS, expect=SEEN))


def test_threads_share_a_verifier() -> None:
    """Sixteen threads that ask one verifier at once get what one gets alone."""
    asking = verifier(registered())
    questions = [(TEXT, LOSS + number * HOUR) for number in range(-40, 40)] + [
        (TEXT[:number], LOSS) for number in range(80)
    ]

    def answer(question: tuple[str, datetime]) -> str:
        return asking.verify(question[0], as_of=question[1], expect=SEEN).to_json()

    alone = list(map(answer, questions))
    with ThreadPoolExecutor(16) as pool:
        together = list(pool.map(answer, questions * 4))

    assert alone * 4 == together


def test_a_verifier_is_frozen() -> None:
    """A verifier cannot be changed in place."""
    with pytest.raises(attrs.exceptions.FrozenInstanceError):
        verifier().policy = ROAD  # type: ignore[misc]  # the mistake under test


def test_asking_changes_nothing() -> None:
    """Asking twice gives the same, bytes for bytes."""
    asking = verifier(registered())

    assert answers_of(asking)[:2] == answers_of(asking)[:2]


def test_observations_of_one_list_only() -> None:
    """A backend that answers with an observation alone is enough where that proves the moment."""
    seen = StatusObservation(state=StatusState.VALID, at=NOW)
    trust = trust_list(trusted_issuer(suspends=False, retroactive=False))
    backend = Answers(record(events=(), observations=[seen], history_from=None))

    assert verifier(backend, trust=trust).verify(TEXT, as_of=LOSS, expect=SEEN)


def test_a_register_that_forgot() -> None:
    """An empty register makes nothing valid, under no policy."""
    for policy in (Policy.claims(), Policy.counterparty(), Policy.bulk()):
        verdict = verifier(MemoryStatusBackend(), policy).verify(TEXT, as_of=LOSS, expect=SEEN)
        assert {("status-unknown-reference", "blocks")} == reasons(verdict)


def test_the_fixed_clock() -> None:
    """The clock for tests stands still and pickles."""
    assert NOW == FixedClock(NOW)() == pickle.loads(pickle.dumps(FixedClock(NOW)))()  # noqa: S301  our own bytes
    assert TRUST == verifier().trust
