"""A claims desk and its certificates: what most suites measure on.

Every certificate is another one, so that nothing can be remembered from one to the next.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any, Final

from certcore import (
    Basis,
    Expected,
    InspectionCertificate,
    Issuer,
    LocalSigner,
    Policy,
    Result,
    StatusRef,
    Verdict,
    Verifier,
    armor,
)
from certcore.keys import ES256
from certcore.status import MemoryStatusBackend
from certcore.testing import FixedClock
from certcore.trust import KeyUsage, ListTemplate, TrustedIssuer, TrustedKey, TrustList, TrustListContents, TrustRoot

NOW: Final = datetime(2026, 11, 22, 4, 0, tzinfo=UTC)
DAY: Final = timedelta(days=1)
LONG_AGO: Final = datetime(2020, 1, 1, tzinfo=UTC)
VIN: Final = "LSVAA49J132047371"
TEMPLATE: Final = "https://status.example/lists/{list}"
LIST: Final = 12
URI: Final = TEMPLATE.replace("{list}", str(LIST))


def plate(number: int) -> str:
    """A registration number."""
    return f"闽C{number:05}"


def certificate(number: int, ref: StatusRef | None = None, **others: Any) -> InspectionCertificate:  # noqa: ANN401  any field
    """One of many: another plate, another entry of the status list."""
    fields: dict[str, Any] = {
        "registration_number": plate(number),
        "country": "CN",
        "vin": VIN,
        "valid_until": date(2027, 9, 30),
        "basis": Basis.INSPECTED,
        "result": Result.PASS,
        "authority": "闽C",
        "status": ref or StatusRef(list=LIST, index=number),
    }
    return InspectionCertificate(**{**fields, **others})


def expected(number: int) -> Expected:
    """The vehicle that was seen, written another way than in the certificate."""
    return Expected(registration_number=f"{plate(number)[:2]}·{plate(number)[2:]}", country="CN", vin=VIN)


def trusted_key(signer: LocalSigner, usage: KeyUsage = KeyUsage.CERTIFICATE) -> TrustedKey:
    """A key with years before and after."""
    return TrustedKey(public_key=signer.public_key, usage=usage, not_before=LONG_AGO, not_after=NOW + 3650 * DAY)


def trust_list(keys: Sequence[TrustedKey], root: LocalSigner) -> bytes:
    """The signed list of one issuer with these keys."""
    authority = TrustedIssuer(
        id="CN",
        name="Benchmark",
        country="CN",
        time_zone="Asia/Shanghai",
        max_entries=1 << 31,
        keys=keys,
        list_templates=[ListTemplate(uri=TEMPLATE, not_before=LONG_AGO)],
    )
    return TrustListContents(version=1, issued_at=NOW, next_update_at=NOW + 7 * DAY, issuers=[authority]).sign(root)


class Desk:
    """Signers, a verifier with status in memory, and certificates."""

    def __init__(self, count: int, algorithm: int = ES256) -> None:
        self.signer, self.root, self.status_signer = (
            LocalSigner.generate(algorithm),
            LocalSigner.generate(),
            LocalSigner.generate(),
        )
        self.trust_root = TrustRoot(keys=[self.root.public_key])
        keys = [trusted_key(self.signer), trusted_key(self.status_signer, KeyUsage.STATUS)]
        self.trust_bytes = trust_list(keys, self.root)
        self.trust = TrustList.open(self.trust_bytes, root=self.trust_root)
        self.status = MemoryStatusBackend()
        self.issuer = Issuer(signer=self.signer, country="CN", clock=FixedClock(NOW - DAY))
        for number in range(count):
            self.status.register(StatusRef(list=LIST, index=number), at=NOW - DAY)
        self.texts = [self.issuer.issue(certificate(number)) for number in range(count)]
        self.expected = [expected(number) for number in range(count)]
        self.verifier = self.verifier_with(self.status)

    def verifier_with(self, status: Any, trust: TrustList | None = None) -> Verifier:  # noqa: ANN401  any backend
        """A verifier for claims."""
        return Verifier(trust=trust or self.trust, status=status, policy=Policy.claims(), clock=FixedClock(NOW))

    def judge_all(self, verifier: Verifier | None = None) -> list[Verdict]:
        """One verdict on each certificate."""
        verify = (verifier or self.verifier).verify
        return [verify(text, as_of=NOW, expect=seen) for text, seen in zip(self.texts, self.expected, strict=True)]

    def assert_correct(self, verifier: Verifier | None = None) -> None:
        """All are valid, and none once a byte is changed."""
        for verdict in self.judge_all(verifier):
            assert verdict, verdict
            assert verdict.reasons == (), verdict
        for text in self.texts:
            data = bytearray(armor.decode(text))
            data[-1] ^= 1
            assert "signature-invalid" in self.verifier.verify(armor.encode(bytes(data)), as_of=NOW)
