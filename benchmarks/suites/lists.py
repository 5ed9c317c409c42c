"""What status lists cost: to build, sign, send, open and hold, two bits an entry and one in a thousand revoked.

One list of ten million entries, the events beside it, and 450 lists of a million, a country's certificates, all held at
once. A null signer shows what is left without the signature. Memory is what `tracemalloc` counts, in a run of its own.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from datetime import timedelta
from functools import partial

import attrs

from benchmarks._desk import DAY, NOW
from benchmarks._measure import MILLI, Figure, Setting, grouped, race, scaled, timed
from benchmarks.suites.memory import MB, counted
from certcore.keys import LocalSigner, PublicKey, Signer
from certcore.status.protocol import StatusEvent, StatusEventKind, StatusState
from certcore.status.tokenlist import StatusList, StatusToken, issue_events, issue_token, open_events, open_token


@attrs.frozen
class NullSigner:
    """Signs nothing: bytes of the right length, so that the codec is seen apart from the signature."""

    public_key: PublicKey

    def sign(self, data: bytes, /) -> bytes:
        """Bytes as long as a signature."""
        return bytes(self.public_key.signature_bytes + 0 * len(data))


def measure(setting: Setting) -> Iterator[Figure]:
    """The large list, its events, and the country's."""
    large, medium = setting.pick(10_000_000, 10_000), setting.pick(1_000_000, 1_000)
    yield from _one(setting, large)
    yield from _events(setting, large)
    yield from _country(setting, medium, setting.pick(450, 3))


def revoked(size: int, seed: int) -> dict[int, int]:
    """Which entries are revoked: the same ones for the same seed."""
    return dict.fromkeys(random.Random(seed).sample(range(size), size // 1000), 1)


def _uri(number: int) -> str:
    return f"https://status.example/lists/{number}"


def _built(values: dict[int, int], size: int, number: int, signer: Signer) -> bytes:
    entries = StatusList.from_values(values, size=size)
    return issue_token(entries, uri=_uri(number), signer=signer, issued_at=NOW, expires_at=NOW + DAY)


def _opened(data: bytes, number: int, key: PublicKey) -> StatusToken:
    return open_token(data, uri=_uri(number), keys=[key], now=NOW)


def _assert_correct(token: StatusToken, values: dict[int, int], size: int) -> None:
    """Every revoked entry reads revoked, nothing else does, and the list is as long as it should be."""
    assert len(token.status_list) == size
    assert all(token.status_list.state(index) is StatusState.REVOKED for index in values)
    assert sum(byte.bit_count() for byte in token.status_list.data if byte) == len(values)


def _rows(table: str, works: dict[str, Callable[[], object]], rounds: int) -> Iterator[Figure]:
    for name, seconds in race({name: timed(work) for name, work in works.items()}, rounds=rounds).items():
        yield Figure(table=table, row=f"{name}, ms", column="figure", rounds=scaled(seconds, MILLI))


def _one(setting: Setting, size: int) -> Iterator[Figure]:
    signer, values = LocalSigner.generate(), revoked(size, seed=1)
    nobody, key = NullSigner(signer.public_key), signer.public_key
    data = _built(values, size, 0, signer)
    _assert_correct(_opened(data, 0, key), values, size)
    table = f"one list of {grouped(size)}"
    works: dict[str, Callable[[], object]] = {
        "build, compress and sign": partial(_built, values, size, 0, signer),
        "the same without signing": partial(_built, values, size, 0, nobody),
        "open": partial(_opened, data, 0, key),
    }
    yield from _rows(table, works, min(setting.rounds, 7))
    yield Figure(table=table, row="on the wire, bytes", column="figure", rounds=(float(len(data)),))
    held, peak, _ = counted(works["open"])
    yield Figure(table=table, row="held open, MB", column="figure", rounds=(held / MB,))
    yield Figure(table=table, row="at most while opening, MB", column="figure", rounds=(peak / MB,))


def _events(setting: Setting, size: int) -> Iterator[Figure]:
    signer, rng = LocalSigner.generate(), random.Random(3)
    events = {index: (_revocation(rng),) for index in revoked(size, seed=1)}
    issue = partial(
        issue_events,
        events,
        uri=_uri(0),
        signer=signer,
        history_from=NOW - timedelta(days=4000),
        issued_at=NOW,
        expires_at=NOW + DAY,
    )
    data = issue()
    read = partial(open_events, data, uri=_uri(0), keys=[signer.public_key], now=NOW)
    assert read().events == events
    table = f"the events of {grouped(len(events))} entries"
    yield from _rows(table, {"write and sign": issue, "open": read}, min(setting.rounds, 7))
    yield Figure(table=table, row="on the wire, bytes", column="figure", rounds=(float(len(data)),))


def _revocation(rng: random.Random) -> StatusEvent:
    """A revocation at some second of the last three years, known a day later."""
    at = NOW - timedelta(seconds=rng.randrange(86_400, 3 * 365 * 86_400))
    return StatusEvent(
        kind=StatusEventKind.REVOKED, effective_at=at, recorded_at=at + DAY, reason="certificate withdrawn"
    )


def _country(setting: Setting, size: int, lists: int) -> Iterator[Figure]:
    signer = LocalSigner.generate()
    key, drawn = signer.public_key, [revoked(size, seed=number) for number in range(lists)]
    made = [_built(values, size, number, signer) for number, values in enumerate(drawn)]
    for number, (data, values) in enumerate(zip(made, drawn, strict=True)):
        _assert_correct(_opened(data, number, key), values, size)
    table = f"{lists} lists of {grouped(size)}"
    works: dict[str, Callable[[], object]] = {
        "build, compress and sign": lambda: [
            _built(values, size, number, signer) for number, values in enumerate(drawn)
        ],
        "open": lambda: [_opened(data, number, key) for number, data in enumerate(made)],
    }
    yield from _rows(table, works, min(setting.rounds, 3))
    yield Figure(table=table, row="on the wire, bytes", column="figure", rounds=(float(sum(map(len, made))),))
    held, _, _ = counted(works["open"])
    yield Figure(table=table, row="held open, MB", column="figure", rounds=(held / MB,))
