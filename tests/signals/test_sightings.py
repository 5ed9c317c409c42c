"""`seen`: which claims showed the same certificate, vehicle or plate; the same whether kept in memory or in SQLite."""

from __future__ import annotations

import copy
import hmac
import pickle
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from threading import Barrier
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from certcore import StatusListEntry, Verdict, signals
from certcore.errors import StatusError
from certcore.signals import MemorySeenStore, PseudonymKey, SeenStore, SQLiteSeenStore
from certcore.signals._sightings import OtherClaims, Sighting, SightingMatches
from certcore.signals._signal import Signal
from tests.signals.cases import KEY, LOSS, OTHER_KEY, OTHER_VIN, noticed, ref, trust_list, verdict_on
from tests.verify_cases import (
    LIVE_SIGNER,
    NOW,
    PLATE,
    SIGNER,
    TEXT,
    VIN,
    certificate,
    live,
    seal,
    trusted_issuer,
    trusted_key,
)

MINUTE = timedelta(minutes=1)
THREADS = 32


@pytest.fixture(params=["memory", "sqlite"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[SeenStore]:
    """A store of either kind, empty."""
    if request.param == "memory":
        yield MemorySeenStore(key=KEY)
    else:
        with SQLiteSeenStore(tmp_path / "seen.db", key=KEY) as made:
            yield made


def elsewhere(code: str, claims: int, first_at: datetime, last_at: datetime) -> Signal:
    """The signal that this many other claims showed it."""
    facts: tuple[tuple[str, str | int], ...] = (
        ("claims", claims),
        ("first_seen_at", first_at.isoformat()),
        ("last_seen_at", last_at.isoformat()),
    )
    return Signal(code, facts)


def show(verdict: Verdict, claim_id: str, store: SeenStore, at: datetime = NOW) -> list[str]:
    """The codes of what is noticed when a claim shows a certificate."""
    return noticed(signals.seen(verdict, claim_id=claim_id, store=store, at=at))


# The same certificate


def test_the_first_claim(store: SeenStore) -> None:
    """Nothing is noticed when a certificate is shown for the first time, nor when the same claim asks again."""
    verdict = verdict_on()

    assert [] == show(verdict, "C-1", store)
    assert [] == show(verdict, "C-1", store, NOW + MINUTE)


def test_several_claims(store: SeenStore) -> None:
    """The signal tells how many other claims showed it, and when first and last."""
    verdict = verdict_on()
    for place in range(3):
        show(verdict, f"C-{place}", store, NOW + place * MINUTE)

    found = signals.seen(verdict, claim_id="C-9", store=store, at=NOW + 9 * MINUTE)

    assert (elsewhere("certificate-in-other-claims", 3, NOW, NOW + 2 * MINUTE),) == found
    assert found == signals.seen(verdict, claim_id="C-9", store=store, at=NOW + 10 * MINUTE)


def test_the_earlier_claim_hears_of_the_later(store: SeenStore) -> None:
    """A claim that asks again is told of those that came since."""
    verdict = verdict_on()
    show(verdict, "C-1", store, NOW)
    show(verdict, "C-2", store, NOW + MINUTE)

    assert (elsewhere("certificate-in-other-claims", 1, NOW + MINUTE, NOW + MINUTE),) == signals.seen(
        verdict, claim_id="C-1", store=store, at=NOW + 2 * MINUTE
    )


def test_moments_in_any_order(store: SeenStore) -> None:
    """First and last are by the moments given, not by the order of the calls; any zone will do."""
    verdict = verdict_on()
    for minutes in (5, 9, 1, 3):
        show(verdict, "C-1", store, (NOW + minutes * MINUTE).astimezone(timezone(timedelta(hours=8))))

    assert (elsewhere("certificate-in-other-claims", 1, NOW + MINUTE, NOW + 9 * MINUTE),) == signals.seen(
        verdict, claim_id="C-2", store=store
    )


def test_the_moment_is_that_of_the_verdict(store: SeenStore) -> None:
    """Unless told otherwise, it was shown when the verdict was asked for."""
    signals.seen(verdict_on(at=NOW), claim_id="C-1", store=store)

    assert (elsewhere("certificate-in-other-claims", 1, NOW, NOW),) == signals.seen(
        verdict_on(at=NOW + MINUTE), claim_id="C-2", store=store
    )


def test_signed_anew(store: SeenStore) -> None:
    """Neither the signature nor the text makes another certificate, nor does a live presentation."""
    texts = [TEXT, seal(certificate()), live(), live(minutes=7)]
    assert len(texts) == len(set(texts))

    found = [show(verdict_on(text), f"C-{place}", store) for place, text in enumerate(texts)]

    assert [[], *[["certificate-in-other-claims"]] * 3] == found


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ({"status": ref(1)}, {"status": ref(2)}),
        ({"status": ref(1)}, {"status": StatusListEntry(uri="https://status.example/12", index=1)}),
        ({"status": None, "certificate_id": b"12345678"}, {"status": None, "certificate_id": b"12345679"}),
    ],
)
def test_other_certificates(store: SeenStore, one: dict[str, Any], other: dict[str, Any]) -> None:
    """Another certificate of the same vehicle in another claim is no signal."""
    assert [] == show(verdict_on(**one), "C-1", store)
    assert [] == show(verdict_on(**other), "C-2", store)
    assert ["certificate-in-other-claims"] == show(verdict_on(**one), "C-3", store)
    assert ["certificate-in-other-claims"] == show(verdict_on(**other), "C-4", store)


def test_two_issuers(store: SeenStore) -> None:
    """The same place in two issuers' lists is two certificates."""
    trust = trust_list(trusted_issuer(trusted_key(SIGNER), id="A"), trusted_issuer(trusted_key(LIVE_SIGNER), id="B"))
    one, other = (verdict_on(seal(certificate(), signer), trust=trust) for signer in (SIGNER, LIVE_SIGNER))

    assert ("A", "B") == (one.issuer, other.issuer)
    assert [] == show(one, "C-1", store)
    assert [] == show(other, "C-2", store)


@pytest.mark.parametrize("text", ["", "VIC1:", TEXT[:-3] + "000"])
def test_what_is_not_authentic(store: SeenStore, text: str) -> None:
    """Anybody can make what is not authentic: nothing is stored of it, and nothing told."""
    assert [] == show(verdict_on(text), "C-1", store)
    assert [] == show(verdict_on(text), "C-2", store)
    assert 0 == store.forget(before=NOW + timedelta(days=1))


def test_whatever_the_outcome(store: SeenStore) -> None:
    """A certificate that had expired is remembered like any other that is authentic."""
    verdict = verdict_on(as_of=LOSS + timedelta(days=3000))

    assert not verdict
    assert [] == show(verdict, "C-1", store)
    assert ["certificate-in-other-claims"] == show(verdict_on(), "C-2", store)


# The same vehicle, the same plate


def test_the_same_vehicle_under_another_plate(store: SeenStore) -> None:
    """A VIN that another claim showed under another plate is noticed, in both claims."""
    one = verdict_on(plate_type=2)
    other = verdict_on(plate_type=2, registration_number="闽C54321", status=ref(2))

    assert [] == show(one, "C-1", store, NOW)
    assert (elsewhere("same-vin-other-plate", 1, NOW, NOW),) == signals.seen(other, claim_id="C-2", store=store)
    assert ["certificate-in-other-claims", "same-vin-other-plate"] == show(one, "C-3", store)


def test_the_same_plate_on_another_vehicle(store: SeenStore) -> None:
    """A plate that another claim showed on another vehicle is noticed."""
    assert [] == show(verdict_on(plate_type=2), "C-1", store, NOW)
    assert (elsewhere("same-plate-other-vin", 1, NOW, NOW),) == signals.seen(
        verdict_on(plate_type=2, vin=OTHER_VIN, status=ref(2)), claim_id="C-2", store=store
    )


@pytest.mark.parametrize(
    "changes",
    [
        {"plate_type": 2, "registration_number": PLATE.replace("·", "")},  # the same plate, written otherwise
        {"plate_type": 1, "vin": OTHER_VIN},  # in China the other type makes it another plate
        {"vin": OTHER_VIN},  # without a type, a Chinese number may be on two vehicles
        {"plate_type": 2, "vin": OTHER_VIN, "country": "HK"},
        {"plate_type": 2, "vin": None, "confidential": b"\x80", "registration_number": "闽C54321"},
    ],
)
def test_what_is_no_contradiction(store: SeenStore, changes: dict[str, Any]) -> None:
    """Where two plates or two vehicles may be what they seem, nothing is noticed."""
    assert [] == show(verdict_on(plate_type=2), "C-1", store)
    assert [] == show(verdict_on(status=ref(2), **changes), "C-2", store)


def test_within_one_claim(store: SeenStore) -> None:
    """Two vehicles of one plate in one claim are for `check_chain`; here only other claims count."""
    assert [] == show(verdict_on(plate_type=2), "C-1", store)
    assert [] == show(verdict_on(plate_type=2, vin=OTHER_VIN, status=ref(2)), "C-1", store)


def test_claims_are_counted_once(store: SeenStore) -> None:
    """A claim that showed a vehicle under two other plates is one claim."""
    for place, number in enumerate(("闽C54321", "闽C54322")):
        show(verdict_on(registration_number=number, status=ref(place)), "C-1", store, NOW + place * MINUTE)

    assert (elsewhere("same-vin-other-plate", 1, NOW, NOW + MINUTE),) == signals.seen(
        verdict_on(), claim_id="C-2", store=store
    )


# Forgetting


def test_forgetting(store: SeenStore) -> None:
    """What was last seen before an instant is forgotten, and what was seen again since is not."""
    old, again = verdict_on(status=ref(1), vin=None, confidential=b"\x80"), verdict_on(status=ref(2), vin=VIN)
    show(old, "C-1", store, NOW)
    show(again, "C-1", store, NOW)
    show(again, "C-1", store, NOW + MINUTE)

    assert 0 == store.forget(before=NOW)
    assert 1 == store.forget(before=NOW + MINUTE)
    assert [] == show(old, "C-2", store)
    assert ["certificate-in-other-claims"] == show(again, "C-2", store)
    assert 5 == store.forget(before=NOW + timedelta(days=1))
    assert 0 == store.forget(before=NOW + timedelta(days=1))


# Many at once


def test_threads(store: SeenStore) -> None:
    """Of 32 threads that show one certificate at once, the n-th to be heard is told of the n - 1 before it."""
    verdict, start = verdict_on(), Barrier(THREADS)

    def one(place: int) -> int:
        start.wait(timeout=60)
        found = signals.seen(verdict, claim_id=f"C-{place}", store=store)
        return int(dict(found[0].detail)["claims"]) if found else 0

    with ThreadPoolExecutor(THREADS) as threads:
        told = list(threads.map(one, range(THREADS)))

    assert list(range(THREADS)) == sorted(told)


def test_threads_of_one_claim(store: SeenStore) -> None:
    """The same question from 32 threads at once is one claim."""
    verdict, start = verdict_on(), Barrier(THREADS)

    def one(_place: int) -> list[str]:
        start.wait(timeout=60)
        return show(verdict, "C-1", store)

    with ThreadPoolExecutor(THREADS) as threads:
        assert [[]] * THREADS == list(threads.map(one, range(THREADS)))
    assert ["certificate-in-other-claims"] == show(verdict, "C-2", store)


# Secrets and mistakes


class Listening:
    """A store that keeps what it is told and knows nothing."""

    def __init__(self, key: bytes = KEY) -> None:
        self.key = PseudonymKey(key)
        self.told: list[bytes] = []

    def remember(self, sightings: Sequence[Sighting], /, *, claim: bytes, at: datetime) -> tuple[SightingMatches, ...]:
        """Nothing was seen."""
        assert at.tzinfo is UTC
        self.told += [claim, *(part for one in sightings for part in (one.subject, one.companion))]
        return tuple(SightingMatches() for _ in sightings)

    def forget(self, *, before: datetime) -> int:
        """Nothing is kept."""
        assert before.tzinfo
        return 0


class Failing(Listening):
    """A store that gives no answer."""

    def remember(self, sightings: Sequence[Sighting], /, *, claim: bytes, at: datetime) -> tuple[SightingMatches, ...]:
        """Never."""
        super().remember(sightings, claim=claim, at=at)
        raise StatusError("seen-store-failed")


def heard(key: bytes = KEY, claim_id: str = "C-1", **changes: Any) -> list[bytes]:  # noqa: ANN401  any field
    """What a store is told about the usual certificate."""
    store = Listening(key)
    assert () == signals.seen(verdict_on(**({"plate_type": 2} | changes)), claim_id=claim_id, store=store)
    return store.told


def test_a_store_is_told_pseudonyms_alone() -> None:
    """Every word a store hears is 32 bytes of HMAC; another key gives other ones throughout."""
    told = heard()

    assert {32} == {len(part) for part in told}
    assert len(told) == len(set(told)) == 7
    assert set(told).isdisjoint(heard(OTHER_KEY))
    assert told == heard()
    assert told[1:] == heard(claim_id="C-2")[1:]
    assert told[0] != heard(claim_id="C-2")[0]


def test_pseudonyms_are_stable() -> None:
    """A store that is years old is still understood: what a pseudonym is made over never changes."""
    claim, certificate_told = heard()[:2]

    assert hmac.digest(KEY, b"\x83\x6fcertcore/seen/1\x65claim\x43C-1", "sha256") == claim
    stated = b"\x86\x6fcertcore/seen/1\x78\x1bcertificate-in-other-claims\x62CN\x64list\x0c\x1a\x00\x07\xff\xff"
    assert hmac.digest(KEY, stated, "sha256") == certificate_told


def test_pseudonyms_are_apart() -> None:
    """What is text, what is bytes, and where one part ends and the next begins make different pseudonyms."""
    key = PseudonymKey(KEY)
    made = [key.pseudonym("a", "bc"), key.pseudonym("ab", "c"), key.pseudonym("a", b"bc"), key.pseudonym("a", "b", "c")]

    assert len(made) == len(set(made))


def test_the_verdict_stays_as_it_is(store: SeenStore) -> None:
    """Remembering a verdict leaves it byte for byte as it was, signals or not."""
    verdict = verdict_on()
    before = verdict.to_json()

    signals.seen(verdict, claim_id="C-1", store=store)
    assert signals.seen(verdict, claim_id="C-2", store=store)
    assert before == verdict.to_json()


def test_no_signal_names_anybody(store: SeenStore) -> None:
    """Neither plate nor VIN nor claim stands in a signal or a repr, nor does the key."""
    show(verdict_on(plate_type=2), "CLAIM-77", store)
    show(verdict_on(plate_type=2, vin=OTHER_VIN, status=ref(2)), "CLAIM-78", store)
    found = signals.seen(verdict_on(plate_type=2, registration_number="闽C54321"), claim_id="CLAIM-79", store=store)
    shown = f"{found!r}{store!r}{store.key!r}{vars(store)!r}"

    assert 2 == len(found)
    assert not any(secret in shown for secret in (VIN, OTHER_VIN, "12345", "54321", "CLAIM", KEY.hex(), repr(KEY)))


@pytest.mark.parametrize("key", [b"", bytes(31)])
def test_a_short_key(key: bytes, tmp_path: Path) -> None:
    """A key has at least 32 bytes; the message does not repeat it."""
    for make in (
        PseudonymKey,
        lambda key: MemorySeenStore(key=key),
        lambda key: SQLiteSeenStore(tmp_path / "s", key=key),
    ):
        with pytest.raises(ValueError, match="at least 32 bytes"):
            make(key)
    assert [] == list(tmp_path.iterdir())


def test_a_key_that_is_text() -> None:
    """A key is bytes."""
    with pytest.raises(TypeError, match="bytes, not str"):
        PseudonymKey("x" * 32)  # type: ignore[arg-type]  # the mistake under test


def test_a_key_is_a_value() -> None:
    """Keys of the same bytes are equal, and one pickles with its secret."""
    key = PseudonymKey(KEY)

    assert key == PseudonymKey(KEY) == pickle.loads(pickle.dumps(key))  # noqa: S301  our own pickle
    assert key != PseudonymKey(OTHER_KEY)


@pytest.mark.parametrize("claim_id", ["", "  ", "\t\n", "\u3000"])
def test_a_blank_claim(store: SeenStore, claim_id: str) -> None:
    """A claim without a number would be every claim."""
    with pytest.raises(ValueError, match="not blank"):
        signals.seen(verdict_on(), claim_id=claim_id, store=store)


@pytest.mark.parametrize("claim_id", [7, b"C-1", None])
def test_a_claim_that_is_no_text(store: SeenStore, claim_id: object) -> None:
    """A claim's id is text."""
    with pytest.raises(TypeError, match="is a str"):
        signals.seen(verdict_on(), claim_id=claim_id, store=store)  # type: ignore[arg-type]  # the mistake under test


def test_claims_are_compared_as_given(store: SeenStore) -> None:
    """Any text is a claim's id, half a surrogate pair among them, and another text another claim."""
    for claim_id in ("C-1", "c-1", "C-1 ", "\ud800", "案件一"):
        show(verdict_on(), claim_id, store)

    assert 5 == dict(signals.seen(verdict_on(), claim_id="C-9", store=store)[0].detail)["claims"]


def test_a_naive_moment(store: SeenStore) -> None:
    """A moment without a time zone is the caller's mistake."""
    naive = datetime(2026, 1, 1)  # noqa: DTZ001  the mistake under test
    with pytest.raises(ValueError, match="naive"):
        signals.seen(verdict_on(), claim_id="C-1", store=store, at=naive)
    with pytest.raises(ValueError, match="naive"):
        store.forget(before=naive)
    assert [] == show(verdict_on(), "C-2", store)


def test_a_store_that_fails() -> None:
    """No answer is an error, never an empty one."""
    with pytest.raises(StatusError) as caught:
        signals.seen(verdict_on(), claim_id="C-1", store=Failing(KEY))
    assert "seen-store-failed" == caught.value.code


def test_memory_does_not_travel() -> None:
    """A copy in another process would say that nothing was seen, so there is none."""
    store = MemorySeenStore(key=KEY)
    for copied in (pickle.dumps, copy.copy, copy.deepcopy):
        with pytest.raises(TypeError, match="does not pickle"):
            copied(store)


# A law

shown_by_claims = st.lists(
    st.tuples(st.integers(0, 3), st.integers(0, 2), st.integers(0, 2), st.integers(0, 30)), max_size=12
)


@given(shown_by_claims)
def test_what_is_told_is_what_the_others_showed(rows: list[tuple[int, int, int, int]]) -> None:
    """A store tells of every other claim that showed a subject, apart by companion, with its first and last instant."""
    store = MemorySeenStore(key=KEY)
    before: list[tuple[int, int, int, datetime]] = []
    for claim, subject, companion, minute in rows:
        at = NOW + minute * MINUTE
        (told,) = store.remember(
            [Sighting(subject=bytes([subject]), companion=bytes([companion]))], claim=bytes([claim]), at=at
        )
        others = [(other, with_, when) for other, what, with_, when in before if what == subject and other != claim]
        for is_alike, answer in ((True, told.same), (False, told.different)):
            meant = [(other, when) for other, with_, when in others if (with_ == companion) == is_alike]
            times = [when for _, when in meant]
            expected = (
                OtherClaims(claims=len({other for other, _ in meant}), first_at=min(times), last_at=max(times))
                if meant
                else None
            )
            assert expected == answer
        before.append((claim, subject, companion, at))
