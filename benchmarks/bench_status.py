"""What status lists cost: to build, sign, send, open and ask, and to hold in memory.

Run it with ``make bench``, or ``python benchmarks/bench_status.py``. What is measured, with two bits an entry and one
entry in a thousand revoked, at places drawn at random:

- one list of ten million entries: building, compressing and signing it, its bytes on the wire and in memory, opening
  it, and asking for one entry;
- the events document beside it, one revocation each;
- 450 lists of a million entries, a country's certificates: the same, one after the other, all of them held at once.

Signing is ES256 with a key in memory; a null signer shows what is left without it. Entries are asserted outside the
timed part. Memory is what `tracemalloc` counts, in a run of its own, because counting slows everything down.
"""

from __future__ import annotations

import platform
import random
import statistics
import sys
import time
import tracemalloc
import zlib
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from importlib import metadata
from typing import Final, TypeVar

import attrs

from certcore.keys import LocalSigner, PublicKey, Signer
from certcore.status.protocol import StatusEvent, StatusEventKind, StatusState
from certcore.status.tokenlist import StatusList, StatusToken, issue_events, issue_token, open_events, open_token

NOW: Final = datetime(2026, 11, 22, 4, 0, tzinfo=UTC)
LARGE: Final = 10_000_000
MEDIUM: Final = 1_000_000
LISTS: Final = 450
REVOKED_OF_THOUSAND: Final = 1
ASKED: Final = 200_000
ROUNDS: Final = 5
MB: Final = 1e6

T = TypeVar("T")


@attrs.frozen
class NullSigner:
    """Signs nothing: bytes of the right length, so that the codec is seen apart from the signature."""

    public_key: PublicKey

    def sign(self, data: bytes, /) -> bytes:
        """Bytes as long as a signature."""
        return bytes(self.public_key.signature_bytes + 0 * len(data))


def revoked(size: int, seed: int) -> dict[int, int]:
    """Which entries are revoked: the same ones for the same seed."""
    return dict.fromkeys(random.Random(seed).sample(range(size), size * REVOKED_OF_THOUSAND // 1000), 1)


def uri(number: int) -> str:
    """Where a list is."""
    return f"https://status.example/lists/{number}"


def built(values: dict[int, int], size: int, number: int, signer: Signer) -> bytes:
    """A list from the revoked entries to signed bytes."""
    entries = StatusList.from_values(values, size=size)
    return issue_token(entries, uri=uri(number), signer=signer, issued_at=NOW, expires_at=NOW + timedelta(days=1))


def opened(data: bytes, number: int, key: PublicKey) -> StatusToken:
    """The list in signed bytes."""
    return open_token(data, uri=uri(number), keys=[key], now=NOW)


def assert_correct(token: StatusToken, values: dict[int, int], size: int) -> None:
    """Every revoked entry reads revoked, nothing else does, and the list is as long as it should be."""
    assert len(token.status_list) == size
    assert all(token.status_list.state(index) is StatusState.REVOKED for index in values)
    assert sum(byte.bit_count() for byte in token.status_list.data if byte) == len(values)


def timed(work: Callable[[], T]) -> tuple[float, T]:
    """The seconds that some work takes, and what comes of it."""
    start = time.perf_counter()
    result = work()
    return time.perf_counter() - start, result


def median(work: Callable[[], object]) -> float:
    """The median of some rounds, in seconds."""
    return statistics.median(timed(work)[0] for _ in range(ROUNDS))


def counted(work: Callable[[], T]) -> tuple[int, int, T]:
    """The bytes still held after some work, the most held in between, and what comes of it."""
    tracemalloc.start()
    try:
        before, _ = tracemalloc.get_traced_memory()
        result = work()
        held, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    return held - before, peak - before, result


def asked(token: StatusToken) -> float:
    """The seconds that one `get` takes, the loop around it included, at places all over the list."""
    places = random.Random(2).choices(range(len(token.status_list)), k=ASKED)
    get = token.status_list.get

    def ask_all() -> None:
        for place in places:
            get(place)

    return median(ask_all) / ASKED


def report_one() -> list[str]:
    """The table of the one large list, as lines of Markdown."""
    signer, values = LocalSigner.generate(), revoked(LARGE, seed=1)
    nobody = NullSigner(signer.public_key)
    data = built(values, LARGE, 0, signer)
    token = opened(data, 0, signer.public_key)
    assert_correct(token, values, LARGE)
    signing, unsigned = (median(lambda who=who: built(values, LARGE, 0, who)) for who in (signer, nobody))  # type: ignore[misc]  # mypy has no type for a default of a lambda
    _, peak_build, _ = counted(lambda: built(values, LARGE, 0, signer))
    held, peak_open, _ = counted(lambda: opened(data, 0, signer.public_key))
    figures = [
        ("entries, of which revoked", f"{LARGE:,}, {len(values):,}"),
        ("build, compress and sign, ms", f"{signing * 1e3:.0f}"),
        ("the same without signing, ms", f"{unsigned * 1e3:.0f}"),
        ("signed, on the wire, bytes", f"{len(data):,}"),
        ("packed entries in memory (`sys.getsizeof`), bytes", f"{sys.getsizeof(token.status_list.data):,}"),
        ("an opened list holds, bytes", f"{held:,}"),
        ("at most while building / while opening, MB", f"{peak_build / MB:.1f} / {peak_open / MB:.1f}"),
        ("open, ms", f"{median(lambda: opened(data, 0, signer.public_key)) * 1e3:.1f}"),
        ("get, µs", f"{asked(token) * 1e6:.2f}"),
    ]
    return ["| one list | |", "|---|--:|", *(f"| {what} | {figure} |" for what, figure in figures)]


def report_events() -> list[str]:
    """The table of the events document beside the large list, as lines of Markdown."""
    signer, end, rng = LocalSigner.generate(), NOW + timedelta(days=1), random.Random(3)
    events = {index: (revocation(rng),) for index in revoked(LARGE, seed=1)}
    issuing, data = timed(
        lambda: issue_events(
            events,
            uri=uri(0),
            signer=signer,
            history_from=NOW - timedelta(days=4000),
            issued_at=NOW,
            expires_at=end,
        )
    )
    opening, document = timed(lambda: open_events(data, uri=uri(0), keys=[signer.public_key], now=NOW))
    assert document.events == events
    figures = [
        ("entries that changed", f"{len(events):,}"),
        ("write and sign, ms", f"{issuing * 1e3:.0f}"),
        ("signed, on the wire, bytes", f"{len(data):,}"),
        ("open, ms", f"{opening * 1e3:.0f}"),
    ]
    return ["| its events | |", "|---|--:|", *(f"| {what} | {figure} |" for what, figure in figures)]


def revocation(rng: random.Random) -> StatusEvent:
    """A revocation at some second of the last three years, known a day later."""
    at = NOW - timedelta(seconds=rng.randrange(86_400, 3 * 365 * 86_400))
    return StatusEvent(
        kind=StatusEventKind.REVOKED,
        effective_at=at,
        recorded_at=at + timedelta(days=1),
        reason="certificate withdrawn",
    )


def report_many() -> list[str]:
    """The table of a country's lists, as lines of Markdown."""
    signer = LocalSigner.generate()
    drawn = [revoked(MEDIUM, seed=number) for number in range(LISTS)]
    building, documents = timed(lambda: [built(values, MEDIUM, number, signer) for number, values in enumerate(drawn)])
    opening, tokens = timed(lambda: [opened(data, number, signer.public_key) for number, data in enumerate(documents)])
    for token, values in zip(tokens, drawn, strict=True):
        assert_correct(token, values, MEDIUM)
    tokens.clear()
    held, peak, _ = counted(lambda: [opened(data, number, signer.public_key) for number, data in enumerate(documents)])
    total = sum(map(len, documents))
    figures = [
        ("lists of entries each", f"{LISTS} × {MEDIUM:,}"),
        ("build, compress and sign all, s", f"{building:.1f}"),
        ("signed, on the wire, together, bytes", f"{total:,}"),
        ("one of them, bytes", f"{total // LISTS:,}"),
        ("open all, s", f"{opening:.2f}"),
        ("all held open, MB", f"{held / MB:.1f}"),
        ("at most while opening, MB", f"{peak / MB:.1f}"),
    ]
    return ["| a country's lists | |", "|---|--:|", *(f"| {what} | {figure} |" for what, figure in figures)]


def environment() -> str:
    """What the figures were measured on."""
    packages = ", ".join(f"{name} {metadata.version(name)}" for name in ("cryptography", "cbor2", "attrs"))
    return f"Python {platform.python_version()}, zlib {zlib.ZLIB_RUNTIME_VERSION}, {packages}, {platform.machine()}"


def test_one_large_list() -> None:
    """Ten million entries are right after a round trip; the figures are printed, and slowness fails nothing."""
    sys.stdout.write("\n".join(["", environment(), *report_one(), ""]))


def test_events() -> None:
    """So are ten thousand events."""
    sys.stdout.write("\n".join(["", *report_events(), ""]))


def test_many_lists() -> None:
    """As are 450 lists of a million entries."""
    sys.stdout.write("\n".join(["", *report_many(), ""]))


if __name__ == "__main__":
    sys.stdout.write("\n".join([environment(), *report_one(), "", *report_events(), "", *report_many(), ""]))
