"""What attackers do with times, with the interface, and with shared objects: one test for each kind, to the verdict.

Certificates are signed with a trusted key here: a signature does not make a wrong time right.
"""

from __future__ import annotations

import inspect
import struct
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime, timedelta
from typing import Any, Final
from zoneinfo import ZoneInfo

import attrs
import pytest

from certcore import AsyncVerifier, Expected, Outcome, Policy, Verdict, Verifier, _cbor, armor, cose, payload
from certcore.certificate._claims import EXP, IAT, NBF
from certcore.testing import FixedClock
from tests.verify_cases import (
    ISSUED,
    LIVE_SIGNER,
    LOSS,
    NOW,
    REF,
    SEEN,
    SIGNER,
    TEXT,
    Answers,
    certificate,
    codes,
    live,
    record,
    registered,
    seal,
    trust_list,
    verifier,
)

MINUTE, DAY = timedelta(minutes=1), timedelta(days=1)
NOW_S: Final = int(NOW.timestamp())
ISSUED_S: Final = int(ISSUED.timestamp())


def with_claims(**claims: object) -> str:
    """The text of the usual certificate with other times, correctly signed; None leaves a claim out."""
    keys = {"iat": IAT, "nbf": NBF, "exp": EXP}
    members: Any = _cbor.decode(payload.encode(certificate()), max_bytes=1 << 12)
    stated = {keys[name]: value for name, value in claims.items()}
    kept = {key: value for key, value in {**members, **stated}.items() if value is not None}
    is_live = claims.get("nbf") is not None
    return armor.encode(cose.sign1(_cbor.encode(kept), signer=LIVE_SIGNER if is_live else SIGNER))


def with_float(claim: int, value: float) -> str:
    """The same with a time written as a float, which the encoder here would not write: its bytes are put in."""
    data = payload.encode(certificate())
    number = _cbor.encode(ISSUED_S)
    place = data.index(bytes([claim]) + number) + 1
    changed = data[:place] + b"\xfb" + struct.pack(">d", value) + data[place + len(number) :]
    return armor.encode(cose.sign1(changed, signer=SIGNER))


def ask(text: str, as_of: datetime | date = LOSS, *, at: datetime = NOW, policy: Policy | None = None) -> Verdict:
    """The verdict of a register that knows the certificate, and spoke just now."""
    backend = Answers(record(observed_at=at))
    trust = trust_list(issued_at=at - timedelta(hours=4), next_update_at=at + 7 * DAY)
    return verifier(backend, policy, trust=trust, at=at).verify(text, as_of=as_of, expect=SEEN)


def test_each_wrong_time_has_a_reason_of_its_own() -> None:
    """An end that passed, a beginning and an issue to come, and a clock before the issue are told apart."""
    over = ask(live(presented_at=NOW - 10 * MINUTE))
    early = ask(live(presented_at=NOW + 10 * MINUTE))
    short = ask(seal(certificate(expires_at=LOSS - MINUTE)))
    unborn = ask(seal(certificate(issued_at=NOW + DAY, inspected_on=date(2026, 8, 1))))
    before = ask(TEXT, ISSUED - 2 * DAY, at=ISSUED - DAY)

    assert ["presentation-expired"] == codes(over) == codes(early)
    assert ["expired-on-date"] == codes(short)
    assert ["issued-in-future", "issued-after-event"] == codes(unborn)
    assert "issued-in-future" in before
    assert not any((over, early, short, unborn, before))
    skewed = attrs.evolve(Policy.claims(), name="an hour", clock_skew=timedelta(hours=1))
    assert ask(live(presented_at=NOW - 10 * MINUTE), policy=skewed)


@pytest.mark.parametrize(
    ("claims", "expected"),
    [
        ({"iat": None}, ["malformed"]),
        ({"nbf": NOW_S}, ["malformed"]),
        ({"nbf": NOW_S, "exp": NOW_S}, ["malformed"]),
        ({"nbf": NOW_S, "exp": NOW_S - 1}, ["malformed"]),
        ({"exp": ISSUED_S}, ["malformed"]),
        ({"exp": ISSUED_S - 1}, ["malformed"]),
        ({"exp": -1}, ["malformed"]),
        ({"iat": -1}, ["malformed"]),
        ({"exp": 1 << 63}, ["malformed"]),
        ({"iat": 1 << 63}, ["malformed"]),
        ({"iat": (1 << 64) - 1}, ["malformed"]),
        ({"nbf": NOW_S, "exp": 1 << 62}, ["malformed"]),
        ({"exp": 0}, ["malformed"]),
        ({"iat": "2026"}, ["malformed"]),
        ({"iat": True}, ["malformed"]),
        ({"exp": b"\x00"}, ["malformed"]),
    ],
    ids=str,
)
def test_times_that_cannot_be(claims: dict[str, object], expected: list[str]) -> None:
    """A time that is missing, before its beginning, negative, past all calendars or no number is malformed."""
    verdict = ask(with_claims(**claims))

    assert expected == codes(verdict)
    assert Outcome.INVALID is verdict.outcome


@pytest.mark.parametrize("value", [float(ISSUED_S), ISSUED_S + 0.5, 0.0, -1.0, 1e300, float("inf"), float("nan")])
def test_times_as_floats(value: float) -> None:
    """A float is refused even where it is whole: the profile has one encoding of each time."""
    assert ["malformed"] == codes(ask(with_float(IAT, value)))


@pytest.mark.parametrize("skew", [timedelta(microseconds=-1), timedelta(hours=1, microseconds=1), timedelta.max])
def test_leeway_is_bounded(skew: timedelta) -> None:
    """A leeway that is negative or more than an hour is a caller's mistake."""
    with pytest.raises(ValueError, match="hour"):
        attrs.evolve(Policy.claims(), name="skewed", clock_skew=skew)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (live(presented_at=NOW - 6 * MINUTE + timedelta(seconds=1)), []),
        (live(presented_at=NOW - 6 * MINUTE), ["presentation-expired"]),
        (live(presented_at=NOW + MINUTE), []),
        (live(presented_at=NOW + MINUTE + timedelta(seconds=1)), ["presentation-expired"]),
        (seal(certificate(issued_at=NOW + MINUTE, inspected_on=date(2026, 8, 1))), ["issued-after-event"]),
        (
            seal(certificate(issued_at=NOW + MINUTE + timedelta(seconds=1), inspected_on=date(2026, 8, 1))),
            ["issued-in-future", "issued-after-event"],
        ),
    ],
)
def test_leeway_is_applied_once(text: str, expected: list[str]) -> None:
    """Sixty seconds are sixty seconds: a second more is over, so no two leeways add up; an end is itself over."""
    assert expected == codes(ask(text))


@pytest.mark.parametrize("name", ["as_of", "known_at"])
def test_naive_datetimes(name: str) -> None:
    """A moment without a zone is refused, and so is a clock that gives one."""
    given: dict[str, Any] = {"as_of": LOSS, "expect": SEEN} | {name: LOSS.replace(tzinfo=None)}

    with pytest.raises(ValueError, match="time zone"):
        verifier(registered()).verify(TEXT, **given)
    with pytest.raises(ValueError, match="time zone"):
        verifier(registered(), at=NOW.replace(tzinfo=None)).verify(TEXT, as_of=LOSS)


def test_clocks_that_change() -> None:
    """The hour that comes twice in autumn is two hours, and each finds its own side of a revocation between them."""
    berlin = ZoneInfo("Europe/Berlin")
    first = datetime(2025, 10, 26, 2, 30, tzinfo=berlin)
    second = first.replace(fold=1)
    between = datetime(2025, 10, 26, 1, 0, tzinfo=UTC)
    revoked = registered()
    revoked.revoke(REF, at=between, effective_at=between)

    assert timedelta(hours=1) == second.astimezone(UTC) - first.astimezone(UTC)
    assert ["revoked-after-event"] == codes(verifier(revoked).verify(TEXT, as_of=first, expect=SEEN))
    assert ["revoked-before-event"] == codes(verifier(revoked).verify(TEXT, as_of=second, expect=SEEN))


def test_a_clock_set_back() -> None:
    """A clock that is behind the trust list makes nothing valid: neither what is over, nor what is in order."""
    trust = trust_list()  # issued four hours before NOW
    for text in (TEXT, live(presented_at=NOW - DAY)):
        back = verifier(Answers(record(observed_at=NOW - DAY)), trust=trust, at=NOW - DAY)
        verdict = back.verify(text, as_of=LOSS, expect=SEEN)
        assert "clock-behind" in verdict
        assert not verdict
        assert "clock-behind" in back.check_vehicle(vin="LSVAA4181E2184211", as_of=LOSS)


def test_a_frozen_clock() -> None:
    """Where the clock stands still with the list, what ages is seen by the answers: the future has none."""
    standing = verifier(Answers(record()), at=NOW)

    assert standing.verify(TEXT, as_of=NOW, expect=SEEN)
    assert ["status-in-future"] == codes(standing.verify(TEXT, as_of=NOW + DAY, expect=SEEN))


def test_the_clock_is_injectable() -> None:
    """Whoever has a better clock than the system's gives it, and it is the only one that is read."""
    asking = Verifier(trust=trust_list(), status=registered(), policy=Policy.claims(), clock=FixedClock(NOW))

    assert NOW == asking.verify(TEXT, as_of=LOSS, expect=SEEN).evaluated_at


def test_nothing_switches_verification_off() -> None:
    """No argument of a verifier, of its methods or of a policy has a name that would skip a check."""
    named = {
        name
        for function in (
            Verifier,
            AsyncVerifier,
            Policy,
            Expected,
            Verifier.verify,
            Verifier.verify_image,
            Verifier.verify_all,
            Verifier.check_vehicle,
            AsyncVerifier.verify,
            AsyncVerifier.check_vehicle,
        )
        for name in inspect.signature(function).parameters
    }

    assert [] == [
        name
        for name in named
        for word in (
            "skip",
            "verify",
            "allow",
            "insecure",
            "unverified",
            "ignore",
            "force",
            "check",
            "strict",
            "unsafe",
        )
        if word in name
    ]


def test_what_is_not_verified_is_not_to_be_had() -> None:
    """A forgery's claims are nowhere in its verdict; what a lower floor reads unverified says so in its name."""
    message = armor.decode(TEXT)
    forged = message[:-1] + bytes([message[-1] ^ 1])
    verdict = ask(armor.encode(forged))

    assert ["signature-invalid"] == codes(verdict)
    assert (None, None, ()) == (verdict.certificate, verdict.issuer, verdict.in_force)
    envelope = cose.read_certificate(forged)
    assert "Unverified" in type(envelope).__name__
    shown = [name for name in dir(envelope) if not name.startswith("_")]
    assert all("unverified" in name or callable(getattr(envelope, name)) for name in shown)


def test_one_verifier_in_many_threads() -> None:
    """Threads that verify different certificates at once never get each other's answer."""
    asking = verifier(Answers(record()))
    plates = [f"闽C{number:05}" for number in range(200)]
    texts = [seal(certificate(registration_number=plate)) for plate in plates]

    def plate_of(text: str) -> str | None:
        found = asking.verify(text, as_of=LOSS).certificate
        return None if found is None else found.registration_number

    with ThreadPoolExecutor(32) as pool:
        assert plates == list(pool.map(plate_of, texts))


def test_a_backend_that_asks_again() -> None:
    """A backend that verifies something itself while it is asked disturbs nothing."""

    @attrs.define
    class Reentrant:
        inner: Verifier
        depth: int = 0

        def lookup(self, query: Any, /) -> Any:  # noqa: ANN401  as the protocol has it
            self.depth += 1
            assert self.inner.verify(TEXT, as_of=LOSS, expect=SEEN)
            return record(observed_at=query.asked_at)

    backend = Reentrant(verifier(Answers(record())))
    asking = Verifier(trust=trust_list(), status=backend, policy=Policy.claims(), clock=FixedClock(NOW))

    assert asking.verify(TEXT, as_of=LOSS, expect=SEEN)
    assert 1 == backend.depth


def test_nothing_changes_after_the_verdict() -> None:
    """What a caller does with its own objects afterwards reaches no verdict."""
    proofs = [b"nothing"]
    verdict = verifier(Answers(record())).verify(TEXT, as_of=LOSS, expect=SEEN, existed_by=proofs)
    before = verdict.to_json()
    proofs.clear()
    verdict.to_dict()["reasons"].append("x")

    assert before == verdict.to_json()
    with pytest.raises(attrs.exceptions.FrozenInstanceError):
        verdict.outcome = Outcome.INVALID  # type: ignore[misc]  # the mistake under test
