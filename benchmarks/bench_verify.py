"""Text to Verdict, beside a bare check of the same signature: both in one run, interleaved.

Run it with ``make bench``, or ``python benchmarks/bench_verify.py``. What is compared:

- *bare*: `cryptography` checking the same COSE signature over the same bytes. It is handed the parsed key and the
  finished Sig_structure, and turns r and s into the DER that it needs.
- *verdict*: `Verifier.verify` from the QR symbol's text: Base45, CBOR, the trust list, the signature, the payload,
  period, binding to plate and VIN, status from memory, and the verdict.
- *row*: the same by `verify_many`, which judges the certificates step by step.

Every certificate is another one, so that nothing can be remembered from one to the next. Outcomes are asserted outside
the timed part. Single times mean little on a shared machine: the ratio of the medians is the figure.
"""

from __future__ import annotations

import platform
import statistics
import sys
import time
from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime, timedelta
from functools import partial
from importlib import metadata
from pathlib import Path

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from cryptography.hazmat.primitives.serialization import load_pem_public_key

from certcore import (
    Basis,
    Expected,
    InspectionCertificate,
    Issuer,
    LocalSigner,
    Policy,
    Result,
    StatusRef,
    Verifier,
    _cbor,
    armor,
)
from certcore.bulk import BulkQuestion, verify_many
from certcore.keys import EDDSA, ES256
from certcore.status import MemoryStatusBackend
from certcore.testing import FixedClock
from certcore.trust import KeyUsage, TrustedIssuer, TrustedKey, TrustList, TrustListContents, TrustRoot

NOW = datetime(2026, 11, 22, 4, 0, tzinfo=UTC)
CERTIFICATES = 256
ROUNDS = 60
VIN = "LSVAA49J132047371"
GOAL = "0.68 of the bare check's rate, and 0.75 in rows"


class Bench:
    """Everything needed to run both sides over the same certificates."""

    def __init__(self, algorithm: int) -> None:
        signer, root = LocalSigner.generate(algorithm), LocalSigner.generate()
        entry = TrustedKey(
            public_key=signer.public_key,
            usage=KeyUsage.CERTIFICATE,
            not_before=NOW - timedelta(days=30),
            not_after=NOW + timedelta(days=365),
        )
        authority = TrustedIssuer(
            id="CN", name="Benchmark", country="CN", time_zone="Asia/Shanghai", max_entries=1 << 31, keys=[entry]
        )
        contents = TrustListContents(
            version=1, issued_at=NOW, next_update_at=NOW + timedelta(days=7), issuers=[authority]
        )
        trust = TrustList.open(contents.sign(root), root=TrustRoot(keys=[root.public_key]))
        status = MemoryStatusBackend()
        issuer = Issuer(signer=signer, country="CN", clock=FixedClock(NOW - timedelta(days=1)))
        self.texts = [issuer.issue(certificate(number, status)) for number in range(CERTIFICATES)]
        self.expected = [
            Expected(registration_number=f"闽C·{10000 + number}", country="CN", vin=VIN)
            for number in range(CERTIFICATES)
        ]
        self.verifier = Verifier(trust=trust, status=status, policy=Policy.claims(), clock=FixedClock(NOW))
        self.questions = [
            BulkQuestion(row=row, text=text, as_of=NOW, expect=expect)
            for row, (text, expect) in enumerate(zip(self.texts, self.expected, strict=True))
        ]
        self.checks = [bare_check(signer.public_key.to_pem(), text) for text in self.texts]

    def verdicts(self) -> None:
        """One verdict on each certificate."""
        for text, expected in zip(self.texts, self.expected, strict=True):
            self.verifier.verify(text, as_of=NOW, expect=expected)

    def rows(self) -> None:
        """The same, as rows of `verify_many`."""
        for _ in verify_many(self.verifier, self.questions):
            pass

    def bare(self) -> None:
        """One bare check of each signature."""
        for check in self.checks:
            check()

    def assert_correct(self) -> None:
        """Both sides do the work they are timed for: all valid, and none valid once a byte is changed."""
        for text, expected in zip(self.texts, self.expected, strict=True):
            verdict = self.verifier.verify(text, as_of=NOW, expect=expected)
            assert verdict, verdict
            assert verdict.reasons == (), verdict
            data = bytearray(armor.decode(text))
            data[-1] ^= 1
            assert "signature-invalid" in self.verifier.verify(armor.encode(bytes(data)), as_of=NOW, expect=expected)
        assert [result.verdict for result in verify_many(self.verifier, self.questions)] == [
            self.verifier.verify(asked.text, as_of=NOW, expect=asked.expect) for asked in self.questions
        ]
        self.bare()


def certificate(number: int, status: MemoryStatusBackend) -> InspectionCertificate:
    """One of many: another plate, another entry of the status list."""
    ref = StatusRef(list=12, index=number)
    status.register(ref, at=NOW - timedelta(days=1))
    return InspectionCertificate(
        registration_number=f"闽C{10000 + number}",
        country="CN",
        vin=VIN,
        valid_until=date(2027, 9, 30),
        basis=Basis.INSPECTED,
        result=Result.PASS,
        authority="闽C",
        status=ref,
    )


def bare_check(pem: bytes, text: str) -> Callable[[], None]:
    """What `cryptography` alone does for this certificate's signature."""
    protected, _, payload, signature = _cbor.decode(armor.decode(text)[1:], max_bytes=3000)
    signed = _cbor.encode(["Signature1", protected, b"", payload])
    key = load_pem_public_key(pem)
    if isinstance(key, ed25519.Ed25519PublicKey):
        return partial(key.verify, signature, signed)
    assert isinstance(key, ec.EllipticCurvePublicKey)
    ecdsa, half = ec.ECDSA(hashes.SHA256()), len(signature) // 2

    def check() -> None:
        r, s = int.from_bytes(signature[:half], "big"), int.from_bytes(signature[half:], "big")
        key.verify(encode_dss_signature(r, s), signed, ecdsa)

    return check


def interleaved(*sides: Callable[[], None], rounds: int = ROUNDS) -> list[float]:
    """The median time of each side in seconds for one certificate, the sides taking turns.

    Processor time: on a shared machine, what others do meanwhile is left out.
    """
    times: list[list[float]] = [[] for _ in sides]
    for _ in range(rounds):
        for side, taken in zip(sides, times, strict=True):
            start = time.process_time()
            side()
            taken.append((time.process_time() - start) / CERTIFICATES)
    return [statistics.median(taken) for taken in times]


def environment() -> str:
    """What the figures were measured on."""
    packages = ", ".join(f"{name} {metadata.version(name)}" for name in ("cryptography", "cbor2", "attrs"))
    return f"Python {platform.python_version()}, {packages}, {processor()}"


def processor() -> str:
    """The processor's name, where the system tells."""
    try:
        with Path("/proc/cpuinfo").open(encoding="utf-8") as file:
            return next(line.split(":", 1)[1].strip() for line in file if line.startswith("model name"))
    except (OSError, StopIteration):
        return platform.processor() or platform.machine()


def report(algorithms: Sequence[tuple[str, int]] = (("ES256", ES256), ("EdDSA", EDDSA))) -> list[str]:
    """The table, as lines of Markdown."""
    lines = [
        "| | bare check, µs | text to Verdict, µs | of a bare check's rate | row of `verify_many`, µs | of its rate |",
        "|---|--:|--:|--:|--:|--:|",
    ]
    for name, algorithm in algorithms:
        bench = Bench(algorithm)
        bench.assert_correct()
        bare, verdict, row = interleaved(bench.bare, bench.verdicts, bench.rows)
        single, many = f"{verdict * 1e6:.1f} | {bare / verdict:.2f}", f"{row * 1e6:.1f} | {bare / row:.2f}"
        lines.append(f"| {name} | {bare * 1e6:.1f} | {single} | {many} |")
    return lines


def test_verdict_beside_bare_check() -> None:
    """Both sides are correct; the figures are printed, and no test fails because a machine is slow."""
    sys.stdout.write("\n".join(["", environment(), *report(), ""]))


if __name__ == "__main__":
    sys.stdout.write("\n".join([environment(), *report(), f"goal for ES256: {GOAL}", ""]))
