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
from certcore.certificate import confidential
from certcore.errors import IssuingError, StatusError
from certcore.keys import ES384, GroupKey, PublicKey
from certcore.keys._algorithms import ML_DSA_44
from certcore.status import MemoryStatusBackend, StatusBackend, StatusQuery, StatusRecord
from certcore.testing import ROOT_SIGNER, TRUST_ROOT, FixedClock
from certcore.trust import KeyUsage, TrustedIssuer, TrustedKey, TrustList, TrustListContents
from certcore.verdict import Verdict

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


RECORDED: Final[dict[StatusRef, str]] = {}
"""The text that was recorded last under each reference, in any register of this page."""


@pytest.fixture(autouse=True)
def recorded() -> None:
    """Before each test the registers hold the one certificate."""
    RECORDED.clear()
    RECORDED[REF] = TEXT


class Register:
    """A register that answers look-ups, and keeps the texts of what is issued."""

    def __init__(self) -> None:
        self.told = MemoryStatusBackend()

    def allocate(self) -> StatusRef:
        """Never asked."""
        raise AssertionError

    def record(self, certificate: InspectionCertificate, text: str, /, *, supersedes_from: datetime | None) -> None:
        """The text is kept."""
        assert supersedes_from is None
        assert isinstance(certificate.status, StatusRef)
        RECORDED[certificate.status] = text

    def text(self, ref: StatusRef, /) -> str:
        """The text that was recorded."""
        if ref not in RECORDED:
            raise StatusError("status-unknown-reference")
        return RECORDED[ref]

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


def signed_live(certificate: InspectionCertificate | bytes) -> str:
    """What a live key can be made to sign by who has it: any payload at all."""
    data = certificate if isinstance(certificate, bytes) else payload.encode(certificate)
    return armor.encode(cose.sign1(data, signer=LIVE_SIGNER))


def verdict_on(text: str, *, as_of: datetime, at: datetime, status: StatusBackend | None = None) -> Verdict:
    """What a claims desk makes of a text, with no register unless one is given."""
    policy = attrs.evolve(Policy.claims(), binding=frozenset(), max_trust_age=None)
    return Verifier(trust=trust(), status=status, policy=policy, clock=FixedClock(at)).verify(text, as_of=as_of)


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


@attrs.define
class Watched:
    """A live key that tells how often it was used."""

    uses: int = 0
    public_key: PublicKey = LIVE_SIGNER.public_key

    def sign(self, data: bytes, /) -> bytes:
        """The signature, counted."""
        self.uses += 1
        return LIVE_SIGNER.sign(data)


def forgery() -> str:
    """A certificate that names the issuer's key and is signed with another: no look at the key id alone shows it."""
    own = SIGNER.public_key
    stranger = PublicKey.from_pem(LocalSigner.generate().public_key.to_pem(), key_id=own.key_id)
    thief = LocalSigner.generate()
    assert stranger.key_id == own.key_id

    @attrs.frozen
    class Thief:
        """Signs with a key of its own under the issuer's key id."""

        public_key: PublicKey = stranger

        def sign(self, data: bytes, /) -> bytes:
            """A signature, but not the issuer's."""
            return thief.sign(data)

    return Issuer(signer=Thief(), country="CN", clock=FixedClock(NOW)).issue(CERTIFICATE)


def test_forgeries_are_not_signed() -> None:
    """Another key's certificate, also under the issuer's key id, an altered one, one under a live key, and nonsense."""
    foreign = Issuer(signer=LocalSigner.generate(), clock=FixedClock(NOW)).issue(CERTIFICATE)
    altered = bytearray(armor.decode(TEXT))
    altered[40] ^= 1
    live, watched = issuer().present_live(TEXT, lifetime=FIVE), Watched()
    nonsense = (armor.encode(bytes(altered)), live, "", "VIC1:", "HC1:ABC", "VIC1:\ud800", TEXT + "\n")
    for text in (foreign, forgery(), signed_live(CERTIFICATE), *nonsense):
        assert "not-presentable" == refused(issuer(live_signer=watched), text)

    assert 0 == watched.uses
    assert issuer(live_signer=watched).present_live(TEXT, lifetime=FIVE)
    assert 1 == watched.uses


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


class Odd(Register):
    """A register that answers something else."""

    def lookup(self, query: StatusQuery, /) -> StatusRecord:
        """No record."""
        return query  # type: ignore[return-value]  # the mistake under test


def test_the_register_must_know_it_as_good() -> None:
    """Unknown, revoked, suspended, or a register that is down or answers nonsense: nothing is signed."""
    revoked, suspended = registered(), registered()
    revoked.told.revoke(REF, at=NOW - FIVE, effective_at=NOW - FIVE)
    suspended.told.suspend(REF, at=NOW - FIVE)
    for register in (revoked, suspended, Register(), Down(), Odd()):
        assert "not-presentable" == refused(issuer(register), TEXT)


CHANGES: Final = [
    {"registration_number": "闽C99999"},
    {"vin": "LSVAA418777777777"},
    {"valid_until": date(2028, 9, 30)},
    {"inspector": "station-17"},
    {"unknown_fields": {99: [2]}},
    {},
]
"""What a forger changes; the last is the same certificate, signed once more."""


@pytest.mark.parametrize("changes", CHANGES, ids=str)
@pytest.mark.parametrize("whose", ["present key", "former key"])
def test_what_was_not_recorded_is_not_signed(changes: dict[str, Any], whose: str) -> None:
    """A stolen key of the issuer's own signs anything; what the register does not hold, text for text, is refused."""
    stolen, watched = LocalSigner.generate(), Watched()
    keys: dict[str, Any] = {"signer": stolen} if whose == "present key" else {"former_keys": [stolen.public_key]}
    forged = Issuer(signer=stolen, country="CN", clock=FixedClock(NOW)).issue(attrs.evolve(CERTIFICATE, **changes))
    assert "not-presentable" == refused(issuer(live_signer=watched, **keys), forged)
    assert 0 == watched.uses
    RECORDED[REF] = forged
    assert issuer(live_signer=watched, **keys).present_live(forged, lifetime=FIVE)
    RECORDED.clear()
    assert "not-presentable" == refused(issuer(live_signer=watched, **keys), forged)


SECOND: Final = timedelta(seconds=1)
ISSUED: Final = NOW - timedelta(days=20)


@pytest.mark.parametrize(
    ("dates", "is_shown"),
    [
        ({}, True),
        ({"not_after": ISSUED}, True),
        ({"not_before": ISSUED + SECOND}, False),
        ({"not_after": ISSUED - SECOND}, False),
        ({"compromised_since": ISSUED}, False),
        ({"compromised_since": ISSUED - SECOND}, False),
        ({"compromised_since": ISSUED + SECOND}, True),  # the register recorded it before
    ],
    ids=str,
)
def test_former_keys_have_dates(dates: dict[str, Any], is_shown: bool) -> None:  # noqa: FBT001  parametrised
    """What is recorded is shown where its key could sign it then; the same rule as for a verdict."""
    window = {"not_before": ISSUED - FIVE, "not_after": ISSUED + FIVE} | dates
    former = TrustedKey(public_key=SIGNER.public_key, usage=KeyUsage.CERTIFICATE, **window)
    making = issuer(signer=LocalSigner.generate(), former_keys=[former])

    if is_shown:
        assert making.present_live(TEXT, lifetime=FIVE)
    else:
        assert "not-presentable" == refused(making, TEXT)


def test_a_register_without_texts_vouches_for_nothing() -> None:
    """A backend that keeps no texts cannot tell a forgery, and so presents nothing."""

    class Textless(MemoryStatusBackend):
        """Answers look-ups, and takes certificates."""

        def allocate(self) -> StatusRef:
            """Never asked."""
            raise AssertionError

    with pytest.raises(ValueError, match="recorded texts"):
        issuer(Textless()).present_live(TEXT, lifetime=FIVE)


def test_keys_that_signed_before() -> None:
    """A certificate of a former key of the issuer's own may be shown, too."""
    renewed = LocalSigner.generate(ES384)
    assert "not-presentable" == refused(issuer(signer=renewed), TEXT)
    assert issuer(signer=renewed, former_keys=[SIGNER.public_key]).present_live(TEXT, lifetime=FIVE)


# What a reader makes of them


@pytest.mark.parametrize(
    ("window", "code"),
    [
        ({}, "key-usage"),
        ({4: 300}, "key-usage"),
        ({5: 0}, "malformed"),
        ({5: 0, 4: 0}, "malformed"),
        ({5: 300, 4: 0}, "malformed"),
        ({5: 0, 4: 15 * 60 + 1}, "key-usage"),
        ({5: 0, 4: 10 * 365 * 86400}, "key-usage"),
    ],
    ids=["no window", "an end alone", "no end", "no time", "backwards", "a second too long", "ten years"],
)
def test_a_live_key_signs_for_minutes_alone(window: dict[int, int], code: str) -> None:
    """A live key that signs without a window, or for longer than the list allows, has made a forgery."""
    claims = _cbor.decode(payload.encode(CERTIFICATE), max_bytes=3000)
    begin = int(NOW.timestamp())
    text = signed_live(_cbor.encode({**claims, **{key: begin + seconds for key, seconds in window.items()}}))
    verdict = verdict_on(text, as_of=NOW, at=NOW, status=registered())

    assert (Outcome.INVALID, [code]) == (verdict.outcome, [reason.code for reason in verdict.reasons])
    assert verdict.certificate is None


def test_the_longest_presentation() -> None:
    """As long as the list allows, and no register is needed to its last second."""
    text = issuer().present_live(TEXT, lifetime=timedelta(minutes=15))
    last = NOW + timedelta(minutes=15, seconds=-1)

    assert Outcome.VALID is verdict_on(text, as_of=last, at=last).outcome


@pytest.mark.parametrize("before", [timedelta(seconds=1), timedelta(days=3)], ids=str)
def test_a_moment_before_its_window(before: timedelta) -> None:
    """For a moment before it was shown, a presentation says nothing: the register is needed, as for a plain one."""
    text, moment = issuer().present_live(TEXT, lifetime=FIVE), NOW - before
    alone = verdict_on(text, as_of=moment, at=NOW)
    asked = verdict_on(text, as_of=moment, at=NOW, status=registered())

    assert Outcome.UNDETERMINED is alone.outcome
    assert "status-not-checked" in alone
    assert "presentation-expired" not in alone
    assert Outcome.VALID is asked.outcome


def test_a_revocation_before_its_window() -> None:
    """A presentation does not hide that the certificate was stopped at the moment asked about."""
    register = registered()
    register.told.suspend(REF, at=NOW - timedelta(days=4), effective_at=NOW - timedelta(days=4))
    register.told.resume(REF, at=NOW - timedelta(days=2), effective_at=NOW - timedelta(days=2))
    text = issuer(register).present_live(TEXT, lifetime=FIVE)
    verdict = verdict_on(text, as_of=NOW - timedelta(days=3), at=NOW, status=register)

    assert (Outcome.INVALID, True) == (verdict.outcome, "suspended-then" in verdict)


@pytest.mark.parametrize("at", [timedelta(minutes=7), timedelta(hours=1), timedelta(days=300), -timedelta(minutes=2)])
@pytest.mark.parametrize("status", ["nobody", "register"])
def test_a_presentation_that_is_over(at: timedelta, status: str) -> None:
    """Outside its window it is not fresh, before it as well as after; that alone never makes anything invalid."""
    text, evaluated_at = issuer().present_live(TEXT, lifetime=FIVE), NOW + at
    backend = registered() if status == "register" else None
    for as_of in (NOW + timedelta(minutes=1), NOW - timedelta(days=1), evaluated_at):
        verdict = verdict_on(text, as_of=as_of, at=evaluated_at, status=backend)
        assert Outcome.UNDETERMINED is verdict.outcome
        assert "presentation-expired" in verdict


def test_a_presentation_keeps_its_confidential_fields() -> None:
    """Shown live, a certificate is as readable for the group as before, and as closed to others."""
    group_key = GroupKey.generate()
    making = issuer()
    text = making.issue(CERTIFICATE, confidential={"vin", 99}, group_key=group_key)
    live = making.present_live(text, lifetime=FIVE)
    data = cose.read_certificate(armor.decode(live)).unverified_payload
    found = confidential.unseal(data, group_keys=[group_key], issuer_id="CN")

    assert found is not None
    assert found.certificate.is_live
    assert (CERTIFICATE.vin, ("vin", 99)) == (found.certificate.vin, found.certificate.confidential_fields)
    assert (None, {}) == (payload.decode(data).vin, payload.decode(data).unknown_fields)
    assert Outcome.VALID is verdict_on(live, as_of=NOW, at=NOW).outcome


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
