"""What keeping evidence costs: bytes a file, and times beside the verdict it is of; in one run, interleaved.

Run it with ``make bench``, or ``python benchmarks/bench_evidence.py``. One certificate of a status list with a million
entries, a thousand of them revoked, and the events beside it, under a trust list with ten keys. What is compared:

- *verdict*: `Verifier.verify` with that snapshot.
- *written*: the same, and its evidence to bytes, detached.
- *sealed*: the same under a seal.
- *replayed*: the embedded file read and replayed from the root.

Every replay is asserted to give the same verdict, outside the timed part.
"""

from __future__ import annotations

import sys
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from benchmarks.bench_verify import CERTIFICATES, environment, interleaved
from certcore import (
    Basis,
    Evidence,
    Expected,
    InspectionCertificate,
    Issuer,
    LocalSigner,
    Policy,
    Result,
    StatusRef,
    Verdict,
    Verifier,
)
from certcore.status import SnapshotStatusBackend, StatusEvent, StatusEventKind
from certcore.status.tokenlist import StatusList, issue_events, issue_token
from certcore.testing import FixedClock
from certcore.trust import KeyUsage, ListTemplate, TrustedIssuer, TrustedKey, TrustList, TrustListContents, TrustRoot

NOW = datetime(2026, 11, 22, 4, 0, tzinfo=UTC)
DAY = timedelta(days=1)
LONG_AGO = datetime(2020, 1, 1, tzinfo=UTC)
ENTRIES = 1 << 20
REVOKED = 1000
INDEX = 524_287
URI = "https://status.example/lists/{list}"


class Bench:
    """A claims desk over signed lists, and one certificate."""

    def __init__(self) -> None:
        signer, status, root, self.seal = (LocalSigner.generate() for _ in range(4))
        spare = [LocalSigner.generate() for _ in range(8)]
        keys = [
            TrustedKey(public_key=one.public_key, usage=usage, not_before=LONG_AGO, not_after=NOW + 3650 * DAY)
            for one, usage in [
                (signer, KeyUsage.CERTIFICATE),
                (status, KeyUsage.STATUS),
                *((one, KeyUsage.CERTIFICATE) for one in spare),
            ]
        ]
        issuer = TrustedIssuer(
            id="CN",
            name="Benchmark",
            country="CN",
            time_zone="Asia/Shanghai",
            keys=keys,
            list_templates=[ListTemplate(uri=URI, not_before=LONG_AGO)],
        )
        self.root = TrustRoot(keys=[root.public_key])
        contents = TrustListContents(version=1, issued_at=NOW, next_update_at=NOW + 7 * DAY, issuers=[issuer])
        self.verifier = Verifier(
            trust=TrustList.open(contents.sign(root), root=self.root),
            status=SnapshotStatusBackend(_documents(status)),
            policy=Policy.claims(),
            clock=FixedClock(NOW),
        )
        certificate = InspectionCertificate(
            registration_number="闽C12345",
            vin="LSVAA4181E2184211",
            valid_until=date(2027, 9, 30),
            basis=Basis.INSPECTED,
            result=Result.PASS,
            authority="闽C",
            status=StatusRef(list=12, index=INDEX),
            issued_at=NOW - 60 * DAY,
        )
        self.text = Issuer(signer=signer, country="CN").issue(certificate)
        self.seen = Expected(registration_number="闽C·12345", vin="LSVAA4181E2184211")
        self.file = self.verdict().evidence.to_bytes()

    def verdict(self) -> Verdict:
        """The verdict at a date of loss."""
        return self.verifier.verify(self.text, as_of=NOW - 30 * DAY, expect=self.seen)

    def judge(self) -> None:
        """Verdicts alone."""
        for _ in range(CERTIFICATES):
            self.verdict()

    def write(self) -> None:
        """Verdicts, each with a detached file."""
        for _ in range(CERTIFICATES):
            self.verdict().evidence.to_bytes(detached=True)

    def write_sealed(self) -> None:
        """The same, sealed."""
        for _ in range(CERTIFICATES):
            self.verdict().evidence.sealed(self.seal).to_bytes(detached=True)

    def replay(self) -> None:
        """Embedded files replayed."""
        for _ in range(CERTIFICATES):
            Evidence.from_bytes(self.file).replay(self.root)

    def assert_correct(self) -> None:
        """Replays give the same verdict, valid, with every fact proved."""
        verdict = self.verdict()
        assert verdict
        assert not verdict.degraded
        for file in (self.file, verdict.evidence.sealed(self.seal).to_bytes()):
            assert verdict.to_json() == Evidence.from_bytes(file).replay(self.root).to_json()
        assert {"ProvedRecord"} == {type(verdict.evidence._statement.status).__name__}  # noqa: SLF001  that it is what is timed


def _documents(signer: LocalSigner) -> list[bytes]:
    """A list of a million entries and its events."""
    revoked = {number * 997: 1 for number in range(1, REVOKED + 1)}
    uri = URI.replace("{list}", "12")
    event = StatusEvent(
        kind=StatusEventKind.REVOKED, effective_at=NOW - 50 * DAY, recorded_at=NOW - 50 * DAY, reason="fraud"
    )
    entries = StatusList.from_values(revoked, size=ENTRIES)
    return [
        issue_token(entries, uri=uri, signer=signer, issued_at=NOW, expires_at=NOW + 7 * DAY),
        issue_events(
            dict.fromkeys(revoked, (event,)),
            uri=uri,
            signer=signer,
            history_from=LONG_AGO,
            issued_at=NOW,
            expires_at=NOW + 7 * DAY,
        ),
    ]


def report() -> list[str]:
    """The table, as lines of Markdown."""
    bench = Bench()
    bench.assert_correct()
    evidence = bench.verdict().evidence
    sizes = [
        ("embedded", len(evidence.to_bytes())),
        ("detached", len(evidence.to_bytes(detached=True))),
        ("detached, sealed", len(evidence.sealed(bench.seal).to_bytes(detached=True))),
    ]
    verdict, *others = interleaved(bench.judge, bench.write, bench.write_sealed, bench.replay, rounds=5)
    rows = [f"| {name} | {size} bytes | |" for name, size in sizes]
    names = ("verdict and detached file", "the same, sealed", "replay of the embedded file")
    rows += [
        f"| {name} | {took * 1e6:.0f} µs | {took / verdict:.1f} |" for name, took in zip(names, others, strict=True)
    ]
    return ["| | | times a verdict |", "|---|--:|--:|", f"| verdict alone | {verdict * 1e6:.0f} µs | 1 |", *rows]


def test_evidence_beside_verdicts() -> None:
    """Every replay is the same verdict; the figures are printed, and no test fails because a machine is slow."""
    sys.stdout.write("\n".join(["", environment(), *report(), ""]))


if __name__ == "__main__":
    sys.stdout.write("\n".join([environment(), *report(), ""]))
