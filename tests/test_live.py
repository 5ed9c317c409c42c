"""Live presentations: made of the issuer's own certificates that are in force now, and of nothing else."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any, Final

import attrs
import pytest

from certcore import (
    Basis,
    InspectionCertificate,
    Issuer,
    LocalSigner,
    Outcome,
    Policy,
    Result,
    StatusRef,
    Verifier,
    _cbor,
    armor,
    cose,
    payload,
)
from certcore.errors import IssuingError, StatusError
from certcore.keys import ES384, ML_DSA_44
from certcore.status import MemoryStatusBackend, StatusQuery, StatusRecord
from certcore.testing import ROOT_SIGNER, TRUST_ROOT, FixedClock
from certcore.trust import KeyUsage, TrustedIssuer, TrustedKey, TrustList, TrustListContents

NOW: Final = datetime(2026, 10, 20, 2, 30, tzinfo=UTC)
FIVE: Final = timedelta(minutes=5)
SIGNER: Final = LocalSigner.generate()
LIVE_SIGNER: Final = LocalSigner.generate()
REF: Final = StatusRef(list=12, index=524287)
CERTIFICATE: Final = InspectionCertificate(
    registration_number="闽C12345",
    vin="LSVAA4181E2184211",
    valid_until=date(2027, 9, 30),
    basis=Basis.INSPECTED,
    result=Result.PASS,
    authority="闽C",
    status=REF,
    issued_at=NOW - timedelta(days=20),
    unknown_claims={2: "kept"},
    unknown_fields={99: [1, b"kept"]},
)


class Register:
    """A register that answers look-ups, and keeps nothing of what is issued."""

    def __init__(self) -> None:
        self.told = MemoryStatusBackend()

    def allocate(self) -> StatusRef:
        """Never asked."""
        raise AssertionError

    def record(self, certificate: InspectionCertificate, text: str, /, *, supersedes_from: datetime | None) -> None:
        """Nothing is kept."""

    def lookup(self, query: StatusQuery, /) -> StatusRecord:
        """What it was told."""
        return self.told.lookup(query)


def registered() -> Register:
    """A register that knows the certificate."""
    register = Register()
    register.told.register(REF, at=NOW - timedelta(days=20))
    return register


def issuer(register: object = None, **changes: Any) -> Issuer:  # noqa: ANN401  an Issuer's own
    """An issuer that presents live."""
    given: dict[str, Any] = {
        "signer": SIGNER,
        "country": "CN",
        "registry": registered() if register is None else register,
        "live_signer": LIVE_SIGNER,
        "time_zone": "Asia/Shanghai",
        "clock": FixedClock(NOW),
    }
    return Issuer(**(given | changes))


TEXT: Final = issuer().issue(CERTIFICATE)


def trust() -> TrustList:
    """A list with the certificate key and the live key."""
    begin, end = datetime(2020, 1, 1, tzinfo=UTC), datetime(2030, 1, 1, tzinfo=UTC)
    entry = TrustedIssuer(
        id="CN",
        name="Test",
        country="CN",
        time_zone="Asia/Shanghai",
        keys=[
            TrustedKey(public_key=signer.public_key, usage=usage, not_before=begin, not_after=end)
            for signer, usage in ((SIGNER, KeyUsage.CERTIFICATE), (LIVE_SIGNER, KeyUsage.LIVE))
        ],
    )
    contents = TrustListContents(version=1, issued_at=NOW, next_update_at=NOW + timedelta(days=1), issuers=[entry])
    return TrustList.open(contents.sign(ROOT_SIGNER), root=TRUST_ROOT)


def refused(making: Issuer, text: str) -> str:
    """The code with which a presentation is refused."""
    with pytest.raises(IssuingError) as caught:
        making.present_live(text, lifetime=FIVE)
    return caught.value.code


def test_a_presentation_stands_for_a_look_up_in_its_minutes() -> None:
    """Within its window no register is needed; outside it, it is no longer fresh."""
    text = issuer().present_live(TEXT, lifetime=FIVE)
    policy = attrs.evolve(Policy.claims(), binding=frozenset())
    for later, outcome in ((timedelta(minutes=2), Outcome.VALID), (timedelta(minutes=30), Outcome.UNDETERMINED)):
        at = NOW + later
        verifier = Verifier(trust=trust(), status=None, policy=policy, clock=FixedClock(at))
        assert outcome is verifier.verify(text, as_of=at).outcome
    assert "presentation-expired" in verifier.verify(text, as_of=at)


def test_all_claims_stay_and_two_come() -> None:
    """Everything the certificate states, unknown claims too, is there byte for byte, with nbf and exp."""
    before = cose.read_certificate(armor.decode(TEXT)).unverified_payload
    after = cose.read_certificate(armor.decode(issuer().present_live(TEXT, lifetime=FIVE))).unverified_payload
    claims = _cbor.decode(after, max_bytes=3000)
    begin = int(NOW.timestamp())

    assert (begin, begin + 300) == (claims.pop(5), claims.pop(4))
    assert before == _cbor.encode(claims)
    assert payload.decode(after).is_live


def test_forgeries_are_not_signed() -> None:
    """Another key's certificate, an altered one, one under a live key, and what is no certificate at all."""
    foreign = Issuer(signer=LocalSigner.generate(), clock=FixedClock(NOW)).issue(CERTIFICATE)
    altered = bytearray(armor.decode(TEXT))
    altered[40] ^= 1
    live = issuer().present_live(TEXT, lifetime=FIVE)
    for text in (foreign, armor.encode(bytes(altered)), live, "", "VIC1:", "HC1:ABC", "VIC1:\ud800", TEXT + "\n"):
        assert "not-presentable" == refused(issuer(), text)


@pytest.mark.parametrize(
    "changes",
    [
        {"valid_until": date(2026, 10, 19)},
        {"inspected_on": date(2026, 10, 21)},
        {"result": Result.MAJOR},
        {"issued_at": NOW + timedelta(seconds=1)},
        {"expires_at": NOW + timedelta(hours=1)},
    ],
    ids=str,
)
def test_what_is_not_in_force_is_not_signed(changes: dict[str, Any]) -> None:
    """Expired, not yet valid, failed, from the future, or of short life."""
    assert "not-presentable" == refused(issuer(), issuer().issue(attrs.evolve(CERTIFICATE, **changes)))


def test_the_last_day_is_the_issuers() -> None:
    """The last civil day ends where the issuer is."""
    text = issuer().issue(attrs.evolve(CERTIFICATE, valid_until=date(2026, 10, 20)))
    last = datetime(2026, 10, 20, 15, 59, 59, tzinfo=UTC)

    assert issuer(clock=FixedClock(last)).present_live(text, lifetime=FIVE)
    assert "not-presentable" == refused(issuer(clock=FixedClock(last + timedelta(seconds=1))), text)


class Down(Register):
    """A register that gives no answer."""

    def lookup(self, query: StatusQuery, /) -> StatusRecord:
        """Never."""
        raise StatusError("status-unavailable", str(query.as_of))


def test_the_register_must_know_it_as_good() -> None:
    """Unknown, revoked, suspended, or a register that is down: nothing is signed."""
    revoked, suspended = registered(), registered()
    revoked.told.revoke(REF, at=NOW - FIVE, effective_at=NOW - FIVE)
    suspended.told.suspend(REF, at=NOW - FIVE)
    for register in (revoked, suspended, Register(), Down()):
        assert "not-presentable" == refused(issuer(register), TEXT)


def test_keys_that_signed_before() -> None:
    """A certificate of a former key of the issuer's own may be shown, too."""
    renewed = LocalSigner.generate(ES384)
    assert "not-presentable" == refused(issuer(signer=renewed), TEXT)
    assert issuer(signer=renewed, former_keys=[SIGNER.public_key]).present_live(TEXT, lifetime=FIVE)


def test_misuse() -> None:
    """No live key, no register that answers, another lifetime, one key for two usages, a key for lists."""
    for making in (issuer(live_signer=None), Issuer(signer=SIGNER, live_signer=LIVE_SIGNER)):
        with pytest.raises(ValueError, match="live signer"):
            making.present_live(TEXT, lifetime=FIVE)
    for lifetime in (timedelta(), timedelta(minutes=15, seconds=1), -FIVE):
        with pytest.raises(ValueError, match="lasts from"):
            issuer().present_live(TEXT, lifetime=lifetime)
    with pytest.raises(ValueError, match="one usage"):
        issuer(live_signer=SIGNER)
    with pytest.raises(ValueError, match="is signed with"):
        issuer(live_signer=LocalSigner.generate(ML_DSA_44))
    with pytest.raises(ValueError, match="time zone"):
        issuer(time_zone="Mars/Olympus")
