"""What keeping evidence costs: bytes a file, and times beside the verdict it is of.

One certificate of a status list with a million entries, a thousand of them revoked, and the events beside it, under a
trust list with ten keys; everything is proved by signed documents. Every replay is asserted to give the same verdict.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

from benchmarks._desk import DAY, LIST, LONG_AGO, NOW, URI, Desk, certificate, expected, trust_list, trusted_key
from benchmarks._measure import MICRO, Figure, Setting, race, ratios, scaled, timed
from certcore import Evidence, LocalSigner, StatusRef, Verdict
from certcore.status import SnapshotStatusBackend, StatusEvent, StatusEventKind
from certcore.status.tokenlist import StatusList, issue_events, issue_token
from certcore.trust import KeyUsage, TrustList

ENTRIES = 1 << 20
REVOKED = 1000
INDEX = 524_287


def measure(setting: Setting) -> Iterator[Figure]:
    """Sizes, then times."""
    desk, seal = Desk(0), LocalSigner.generate()
    spare = [trusted_key(LocalSigner.generate()) for _ in range(8)]
    keys = [trusted_key(desk.signer), trusted_key(desk.status_signer, KeyUsage.STATUS), *spare]
    trust = TrustList.open(trust_list(keys, desk.root), root=desk.trust_root)
    verifier = desk.verifier_with(SnapshotStatusBackend(documents(desk.status_signer)), trust)
    text = desk.issuer.issue(certificate(1, StatusRef(list=LIST, index=INDEX), issued_at=NOW - 60 * DAY))
    judge = partial(verifier.verify, text, as_of=NOW - 30 * DAY, expect=expected(1))
    file = judge().evidence.to_bytes()
    _assert_correct(judge(), desk, seal)
    evidence = judge().evidence
    files = {
        "embedded": file,
        "detached": evidence.to_bytes(detached=True),
        "detached and sealed": evidence.sealed(seal).to_bytes(detached=True),
    }
    for name, data in files.items():
        yield Figure(table="files", row=name, column="size", unit="bytes", rounds=(float(len(data)),))
    count = setting.pick(100, 2)
    works = {
        "verdict alone": judge,
        "verdict and detached file": lambda: judge().evidence.to_bytes(detached=True),
        "the same, sealed": lambda: judge().evidence.sealed(seal).to_bytes(detached=True),
        "replay of the embedded file": lambda: Evidence.from_bytes(file).replay(desk.trust_root),
    }
    sides = {
        name: timed(lambda work=work: [work() for _ in range(count)], pieces=count)  # type: ignore[misc]  # mypy infers no lambda's default
        for name, work in works.items()
    }
    taken = race(sides, rounds=setting.rounds)
    for name, seconds in taken.items():
        yield Figure(table="times", row=name, column="each", unit="µs", rounds=scaled(seconds, MICRO))
        beside = ratios(seconds, taken["verdict alone"])
        yield Figure(table="times", row=name, column="times a verdict", rounds=beside)


def _assert_correct(verdict: Verdict, desk: Desk, seal: LocalSigner) -> None:
    """Replays give the same verdict, valid, with every fact proved."""
    assert verdict
    assert not verdict.degraded
    for file in (verdict.evidence.to_bytes(), verdict.evidence.sealed(seal).to_bytes()):
        assert verdict.to_json() == Evidence.from_bytes(file).replay(desk.trust_root).to_json()
    assert type(verdict.evidence._statement.status).__name__ == "ProvedRecord"  # noqa: SLF001  that it is what is timed


def documents(signer: LocalSigner, *, entries: int = ENTRIES, revoked: int = REVOKED) -> list[bytes]:
    """A list and its events."""
    values = {number * 997 % entries: 1 for number in range(1, revoked + 1)}
    event = StatusEvent(
        kind=StatusEventKind.REVOKED, effective_at=NOW - 50 * DAY, recorded_at=NOW - 50 * DAY, reason="fraud"
    )
    states = StatusList.from_values(values, size=entries)
    return [
        issue_token(states, uri=URI, signer=signer, issued_at=NOW, expires_at=NOW + 7 * DAY),
        issue_events(
            dict.fromkeys(values, (event,)),
            uri=URI,
            signer=signer,
            history_from=LONG_AGO,
            issued_at=NOW,
            expires_at=NOW + 7 * DAY,
        ),
    ]
