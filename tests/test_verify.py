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
    StatusListEntry,
    Verifier,
    armor,
)
from certcore.errors import StatusError
from certcore.reasons import REASONS, Axis
from certcore.status import (
    StatusEventKind,
    StatusProof,
    StatusQuery,
    StatusRecord,
    VehicleFlag,
    VehicleQuery,
    VehicleRecord,
)
from certcore.testing import FixedClock
from certcore.trust import KeyUsage, ListTemplate
from tests.verify_cases import (
    ISSUED,
    LONG_AGO,
    LOSS,
    NOW,
    PLATE,
    REF,
    SEEN,
    SIGNER,
    TEXT,
    TRUST,
    VIN,
    Answers,
    ask,
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

PLATE_SEEN: Final = Expected(registration_number=PLATE)
DAY, HOUR, MINUTE, TICK = timedelta(days=1), timedelta(hours=1), timedelta(minutes=1), timedelta(microseconds=1)


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
        (TEXT, attrs.evolve(Policy.claims(), status=Need.NOT_USED), LOSS, {VehicleQuery}),
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
    found = [reason for reason in verdict.reasons if reason.code != "plate-type-not-compared"]
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


# Sharing


def answers_of(asked: Verifier) -> list[str]:
    """Some answers as JSON."""
    questions: list[tuple[str, datetime | date]] = [(TEXT, LOSS), (TEXT, LOSS.date()), (live(), NOW), (TEXT[:-1], LOSS)]
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
        verifier().policy = Policy.roadside()  # type: ignore[misc]  # the mistake under test


def test_asking_changes_nothing() -> None:
    """Asking twice gives the same, bytes for bytes."""
    asking = verifier(registered())

    assert answers_of(asking)[:2] == answers_of(asking)[:2]


def test_the_fixed_clock() -> None:
    """The clock for tests stands still and pickles."""
    assert NOW == FixedClock(NOW)() == pickle.loads(pickle.dumps(FixedClock(NOW)))()  # noqa: S301  our own bytes
    assert TRUST == verifier().trust
