"""Issuing: what is completed, what is left out, what the register is told, and that a failure hands out nothing."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any, cast

import attrs
import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from hypothesis import given

from certcore import armor, cose, payload
from certcore.certificate import confidential
from certcore.errors import IssuingError
from certcore.issue import CERTIFICATE_ID_BYTES, Issuer, Register
from certcore.keys import ML_DSA_65, GroupKey, LocalSigner, PublicKey
from certcore.keys._algorithms import ML_DSA_44
from certcore.payload import Basis, InspectionCertificate, Result, StatusListEntry, StatusRef
from certcore.policy import Policy
from certcore.testing import FixedClock, make_trust
from certcore.verify import Verifier
from tests.strategies import CERTIFICATE_ALGORITHMS, BrokenSigner, certificates, fixed_signer

NOW = datetime(2026, 9, 30, 4, 30, tzinfo=UTC)
BEFORE = NOW - timedelta(days=300)
SIGNER = fixed_signer()
NEW = InspectionCertificate(
    registration_number="闽C12345",
    country="CN",
    vin="LSVAA4187E2184211",
    valid_until=date(2027, 9, 30),
    basis=Basis.INSPECTED,
    result=Result.PASS,
    authority="闽C",
)
REFERENCE = StatusRef(list=3, index=7)
GROUP_KEY = GroupKey.generate()


@attrs.define
class MemoryRegister:
    """A register in memory, which can be told to fail."""

    allocated: int = 0
    records: list[tuple[InspectionCertificate, str, datetime | None]] = attrs.Factory(list)
    fails_to_allocate: Exception | None = None
    fails_to_record: Exception | None = None

    def allocate(self) -> StatusRef:
        """The next index in list 1."""
        if self.fails_to_allocate:
            raise self.fails_to_allocate
        self.allocated += 1
        return StatusRef(list=1, index=self.allocated)

    def record(self, certificate: InspectionCertificate, text: str, /, *, supersedes_from: datetime | None) -> None:
        """Keep all that was said."""
        if self.fails_to_record:
            raise self.fails_to_record
        self.records.append((certificate, text, supersedes_from))


def issuer(**changes: Any) -> Issuer:  # noqa: ANN401  any field
    """An issuer whose clock stands still, with some fields changed."""
    return Issuer(**{"signer": SIGNER, "clock": FixedClock(NOW), **changes})


def opened(text: str, *, signer: LocalSigner = SIGNER) -> InspectionCertificate:
    """What a text states on the wire, once its signature holds."""
    return payload.decode(cose.read_certificate(armor.decode(text)).verify(signer.public_key))


def verified(text: str) -> InspectionCertificate:
    """The certificate that a verifier shows."""
    verifier = Verifier(trust=make_trust(SIGNER), status=None, policy=Policy.counterparty(), clock=FixedClock(NOW))
    certificate = verifier.verify(text, as_of=NOW).certificate
    assert certificate is not None
    return certificate


# Completing


def test_a_new_certificate_gets_an_id() -> None:
    """Without a register: the time, and random bytes that are never the same."""
    one, other = issuer().complete(NEW), issuer().complete(NEW)

    assert NOW == one.issued_at
    assert one.status is None
    assert one.certificate_id is not None
    assert CERTIFICATE_ID_BYTES == len(one.certificate_id)
    assert one.certificate_id != other.certificate_id
    assert NEW == attrs.evolve(one, issued_at=None, certificate_id=None)


def test_a_new_certificate_gets_a_reference() -> None:
    """With a register: the time, and the reference it gives out, each once."""
    register = MemoryRegister()
    one, other = (issuer(registry=register).complete(NEW) for _ in range(2))

    assert (StatusRef(list=1, index=1), StatusRef(list=1, index=2)) == (one.status, other.status)
    assert (None, None) == (one.certificate_id, other.certificate_id)
    assert [] == register.records


@pytest.mark.parametrize(
    "reference",
    [
        {"status": REFERENCE},
        {"certificate_id": bytes(12)},
        {"status": StatusListEntry(uri="https://status.example/1", index=2)},
    ],
)
@pytest.mark.parametrize("issued_at", [None, BEFORE])
def test_what_is_there_is_kept(reference: dict[str, Any], issued_at: datetime | None) -> None:
    """A certificate that has a reference keeps it, and its time if it has one; the register is not asked."""
    register = MemoryRegister()
    certificate = attrs.evolve(NEW, **reference, issued_at=issued_at)
    complete = issuer(registry=register).complete(certificate)

    assert attrs.evolve(certificate, issued_at=issued_at or NOW) == complete
    assert 0 == register.allocated


def test_a_new_certificate_gets_the_current_time() -> None:
    """One without a reference is new, whatever time of issue it came with."""
    assert NOW == issuer().complete(attrs.evolve(NEW, issued_at=BEFORE)).issued_at


def test_completing_again_changes_nothing() -> None:
    """What is complete stays as it is."""
    complete = issuer().complete(NEW)

    assert complete == issuer(clock=FixedClock(NOW + timedelta(days=1))).complete(complete)


def test_a_live_window_is_dropped() -> None:
    """A live presentation is for minutes: issued anew it is a plain certificate again."""
    live = attrs.evolve(
        NEW,
        status=REFERENCE,
        issued_at=BEFORE,
        presented_at=NOW - timedelta(minutes=1),
        expires_at=NOW + timedelta(minutes=4),
    )
    complete = issuer().complete(live)

    assert not complete.is_live
    assert complete.expires_at is None
    assert (REFERENCE, BEFORE) == (complete.status, complete.issued_at)


def test_a_short_life_is_kept() -> None:
    """A certificate with an end and no presentation keeps its end."""
    end = NOW + timedelta(days=1)

    assert end == issuer().complete(attrs.evolve(NEW, expires_at=end)).expires_at


def test_reissuing_a_verified_certificate() -> None:
    """A verified certificate, changed and stripped of its reference, is issued as a new one."""
    text = issuer(country="CN").issue(NEW)
    old = verified(text)
    later = NOW + timedelta(days=10)
    changed = attrs.evolve(old, registration_number="闽C54321", status=None, certificate_id=None)
    new = opened(issuer(country="CN", clock=FixedClock(later)).issue(changed))

    assert ("闽C54321", later) == (new.registration_number, new.issued_at)
    assert old.certificate_id != new.certificate_id
    assert (old.vin, old.valid_until) == (new.vin, new.valid_until)


# Issuing


@pytest.mark.parametrize("algorithm", CERTIFICATE_ALGORITHMS, ids=str)
def test_what_is_issued_is_read(algorithm: int) -> None:
    """With each algorithm of certificates, the text holds what was stated, under the signer's key."""
    signer = fixed_signer(algorithm)
    complete = issuer(signer=signer).complete(NEW)

    assert complete == opened(issuer(signer=signer).issue(complete), signer=signer)


@given(certificates())
def test_any_certificate_is_issued(certificate: InspectionCertificate) -> None:
    """Every certificate that can be made is issued, and reads as it was completed, save days that it states twice.

    One with a sealed part is issued as it is: the part is bound to all of it.
    """
    complete = issuer().complete(certificate)
    valid_from = None if complete.valid_from == complete.inspected_on else complete.valid_from
    next_test_due = None if complete.next_test_due == complete.valid_until else complete.next_test_due
    shorter = attrs.evolve(complete, valid_from=valid_from, next_test_due=next_test_due)
    expected = shorter if complete.confidential is None else complete

    assert expected == opened(issuer().issue(certificate))


def test_own_country_is_left_out() -> None:
    """The issuer's country takes no bytes, and a verifier fills it in; another country stays."""
    own, other = issuer(country="CN").issue(NEW), issuer(country="MN").issue(NEW)

    assert opened(own).country is None
    assert "CN" == opened(other).country
    assert "CN" == verified(own).country
    assert len(own) < len(other)


def test_without_a_country_nothing_is_left_out() -> None:
    """An issuer that states no country keeps each certificate's."""
    assert "CN" == opened(issuer().issue(NEW)).country


def test_repeated_days_are_left_out() -> None:
    """A first day that is the day of inspection, and a next test on the last day, are stated once."""
    day, last = date(2026, 9, 30), date(2027, 9, 30)
    repeated = attrs.evolve(NEW, inspected_on=day, valid_from=day, next_test_due=last)
    different = attrs.evolve(NEW, inspected_on=day, valid_from=date(2026, 10, 1), next_test_due=date(2027, 9, 29))
    plain, full = (opened(issuer().issue(certificate)) for certificate in (repeated, different))

    assert (day, None, None) == (plain.inspected_on, plain.valid_from, plain.next_test_due)
    assert (date(2026, 10, 1), date(2027, 9, 29)) == (full.valid_from, full.next_test_due)


def test_left_out_days_count_in_the_verdict() -> None:
    """A left-out first day is still the first day of the period."""
    day = date(2026, 9, 1)
    text = issuer(country="CN").issue(attrs.evolve(NEW, inspected_on=day, valid_from=day))
    verifier = Verifier(trust=make_trust(SIGNER), status=None, policy=Policy.counterparty(), clock=FixedClock(NOW))

    assert verifier.verify(text, as_of=day)
    assert "not-yet-valid-on-date" in {
        reason.code for reason in verifier.verify(text, as_of=day - timedelta(days=1)).reasons
    }


def test_issuing_is_deterministic_but_for_the_signature() -> None:
    """The same complete certificate has the same payload each time."""
    complete = issuer().complete(NEW)
    one, other = (cose.read_certificate(armor.decode(issuer().issue(complete))) for _ in range(2))

    assert one.verify(SIGNER.public_key) == other.verify(SIGNER.public_key)


# Confidential fields


def unsealed(text: str, *, issuer_id: str = "CN") -> InspectionCertificate:
    """What a text states on the wire, opened with the group key."""
    data = cose.read_certificate(armor.decode(text)).verify(SIGNER.public_key)
    found = confidential.unseal(data, group_keys=[GROUP_KEY], issuer_id=issuer_id)
    assert found is not None
    return found.certificate


@pytest.mark.parametrize("country", ["CN", "MN"])
def test_confidential_fields(country: str) -> None:
    """They are sealed over exactly what is written: the own country left out, days stated once, unknown fields in."""
    day, last = date(2026, 9, 30), date(2027, 9, 30)
    whole = attrs.evolve(
        NEW, inspected_on=day, valid_from=day, next_test_due=last, odometer_km=5, unknown_fields={99: 1}
    )
    text = issuer(country=country, issuer_id="CN").issue(
        whole, confidential=["vin", "odometer_km", "next_test_due", "usage"], group_key=GROUP_KEY
    )
    public, found = opened(text), unsealed(text)

    assert (None, None, None, {99: 1}) == (public.vin, public.odometer_km, public.valid_from, public.unknown_fields)
    assert (NEW.vin, 5, None) == (found.vin, found.odometer_km, found.next_test_due)
    assert ("vin", "odometer_km") == found.confidential_fields


@given(certificates())
def test_any_certificate_is_sealed(certificate: InspectionCertificate) -> None:
    """Every certificate that names its chassis number can keep it for the group."""
    stated = attrs.evolve(certificate, vin=NEW.vin, confidential=None, issuer=None)
    text = issuer(country="CN").issue(stated, confidential={"vin"}, group_key=GROUP_KEY)

    assert (None, NEW.vin) == (opened(text).vin, unsealed(text).vin)


def test_for_whom_it_is_sealed() -> None:
    """The issuer's id is the one the certificate states, else the issuer's own, else its country."""
    sealed: dict[str, Any] = {"confidential": {"vin"}, "group_key": GROUP_KEY}
    stated = attrs.evolve(NEW, issuer="CN-1")
    for making, certificate, issuer_id in (
        (issuer(country="CN", issuer_id="CN-2"), stated, "CN-1"),
        (issuer(country="CN", issuer_id="CN-2"), NEW, "CN-2"),
        (issuer(country="CN"), NEW, "CN"),
    ):
        assert NEW.vin == unsealed(making.issue(certificate, **sealed), issuer_id=issuer_id).vin


def test_the_register_is_told_what_is_public() -> None:
    """It gets the certificate as everybody sees it, country and all."""
    register = MemoryRegister()
    text = issuer(country="CN", registry=register).issue(NEW, confidential={"vin"}, group_key=GROUP_KEY)
    ((certificate, recorded, _),) = register.records

    assert text == recorded
    assert attrs.evolve(opened(text), country="CN") == certificate
    assert (None, None) == (certificate.vin, certificate.confidential_fields)


@pytest.mark.parametrize(
    ("making", "asked"),
    [
        ({"country": "CN"}, {"confidential": {"vin"}}),
        ({"country": "CN"}, {"group_key": GROUP_KEY}),
        ({"country": "CN"}, {"group_key": GROUP_KEY, "confidential": ()}),
        ({}, {"group_key": GROUP_KEY, "confidential": {"vin"}}),
        ({"country": "CN"}, {"group_key": GROUP_KEY, "confidential": {"status"}}),
        ({"country": "CN"}, {"group_key": GROUP_KEY, "confidential": {"vim"}}),
    ],
    ids=["no key", "no fields", "empty", "no issuer id", "not this field", "no field"],
)
def test_confidential_needs(making: dict[str, Any], asked: dict[str, Any]) -> None:
    """Fields, a key and the issuer's id go together; nothing is given out, signed or recorded without."""
    register = MemoryRegister()
    with pytest.raises(ValueError, match="confidential"):
        issuer(registry=register, **making).issue(NEW, **asked)

    assert ([], 0) == (register.records, register.allocated)


def test_reissuing_what_was_confidential() -> None:
    """After a transfer nothing leaks and nothing is lost: opened and named again, or nothing is signed."""
    register = MemoryRegister()
    making = issuer(country="CN", registry=register)
    text = making.issue(attrs.evolve(NEW, odometer_km=5), confidential={"vin", "odometer_km"}, group_key=GROUP_KEY)
    moved: dict[str, Any] = {"registration_number": "闽C54321", "status": None}
    closed, found = attrs.evolve(opened(text), **moved), attrs.evolve(unsealed(text), **moved)
    refusals: list[tuple[InspectionCertificate, dict[str, Any], str]] = [
        (closed, {}, "confidential-unbound"),
        (closed, {"confidential": {"usage"}, "group_key": GROUP_KEY}, "confidential-unbound"),
        (found, {}, "confidential-exposed"),
        (making.complete(found), {}, "confidential-exposed"),
        (found, {"confidential": {"vin"}, "group_key": GROUP_KEY}, "confidential-exposed"),
    ]
    for certificate, asked, code in refusals:
        before = register.allocated
        with pytest.raises(IssuingError) as caught:
            making.issue(certificate, **asked)
        assert (code, before) == (caught.value.code, register.allocated)
    with pytest.raises(IssuingError) as caught:
        making.complete(closed)
    new = making.issue(found, confidential=found.confidential_fields, group_key=GROUP_KEY)

    assert "confidential-unbound" == caught.value.code
    assert ("闽C54321", NEW.vin, 5) == (opened(new).registration_number, unsealed(new).vin, unsealed(new).odometer_km)
    assert 2 == len(register.records)
    assert all(certificate.vin is None for certificate, _, _ in register.records)


def test_issuing_what_is_sealed_already() -> None:
    """What was sealed before is written as it was sealed, country and all, and still opens."""
    making = issuer(country="CN")
    stated = attrs.evolve(making.complete(NEW), next_test_due=NEW.valid_until)
    sealed = confidential.seal(stated, fields={"vin"}, group_key=GROUP_KEY, issuer_id="CN")
    text = making.issue(sealed)

    assert sealed == opened(text)
    assert NEW.vin == unsealed(text).vin


# The register


def test_the_register_is_told() -> None:
    """It gets the complete certificate, country and all, and exactly the text that is handed out."""
    register = MemoryRegister()
    text = issuer(country="CN", registry=register).issue(NEW)
    ((certificate, recorded, supersedes_from),) = register.records

    assert isinstance(register, Register)
    assert text == recorded
    assert supersedes_from is None
    assert attrs.evolve(NEW, issued_at=NOW, status=StatusRef(list=1, index=1)) == certificate
    assert StatusRef(list=1, index=1) == opened(text).status


def test_superseding() -> None:
    """From when the certificate before is superseded is the register's to keep."""
    register = MemoryRegister()
    follows = attrs.evolve(NEW, previous=StatusRef(list=1, index=99))
    issuer(registry=register).issue(follows, supersedes_from=NOW)
    ((certificate, _, supersedes_from),) = register.records

    assert NOW == supersedes_from
    assert StatusRef(list=1, index=99) == certificate.previous


@pytest.mark.parametrize(
    ("registry", "supersedes_from"),
    [
        (None, NOW),
        (MemoryRegister(), datetime(2026, 9, 30)),  # noqa: DTZ001  the mistake under test
    ],
)
def test_superseding_needs_a_register_and_an_instant(
    registry: MemoryRegister | None, supersedes_from: datetime
) -> None:
    """Without a register nobody would keep it, and a naive datetime is no instant; nothing is signed or recorded."""
    with pytest.raises(ValueError, match="supersedes_from"):
        issuer(registry=registry).issue(NEW, supersedes_from=supersedes_from)

    assert registry is None or ([], 0) == (registry.records, registry.allocated)


def test_superseding_begins_at_an_instant() -> None:
    """A day is no instant, and neither is its text; nothing is signed or recorded."""
    for wrong in (date(2026, 9, 30), "2026-09-30"):
        register, since = MemoryRegister(), cast("Any", wrong)
        with pytest.raises(TypeError, match="supersedes_from"):
            issuer(registry=register).issue(NEW, supersedes_from=since)

        assert ([], 0) == (register.records, register.allocated)


@pytest.mark.parametrize("cause", [OSError("disk full"), KeyError("x"), RuntimeError()])
@pytest.mark.parametrize("step", ["fails_to_allocate", "fails_to_record"])
def test_a_register_that_fails(step: str, cause: Exception) -> None:
    """Whatever the register raises, nothing is handed out, and the cause is kept."""
    register = MemoryRegister()
    setattr(register, step, cause)
    with pytest.raises(IssuingError) as caught:
        issuer(registry=register).issue(NEW)

    assert "register-failed" == caught.value.code
    assert cause is caught.value.__cause__
    assert [] == register.records


@pytest.mark.parametrize("answer", [None, (1, 2), 5, "1/2"])
def test_a_register_that_gives_no_reference(answer: object, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is no status reference is the register's failure, not the caller's mistake."""
    monkeypatch.setattr(MemoryRegister, "allocate", lambda _: answer)
    with pytest.raises(IssuingError) as caught:
        issuer(registry=MemoryRegister()).issue(NEW)

    assert "register-failed" == caught.value.code


def test_a_register_s_own_issuing_error() -> None:
    """A register that says itself what is wrong is not overruled."""
    register = MemoryRegister(fails_to_record=IssuingError("file-unwritable", "Read-only"))
    with pytest.raises(IssuingError) as caught:
        issuer(registry=register).issue(NEW)

    assert "file-unwritable" == caught.value.code


# The signer


@pytest.mark.parametrize("answer", [OSError("down"), ValueError(), None, b"", "x" * 64, bytearray(64), 5])
def test_a_signer_that_fails(answer: object) -> None:
    """A signer that raises, or gives no bytes, is `signer-failed`; the register hears nothing of a certificate."""
    register = MemoryRegister()
    with pytest.raises(IssuingError) as caught:
        issuer(signer=BrokenSigner(answer), registry=register).issue(NEW)

    assert "signer-failed" == caught.value.code
    assert [] == register.records


@pytest.mark.parametrize("size", [1, 63, 65, 70, 72, 96, 256])
def test_a_signer_that_gives_another_length(size: int) -> None:
    """Bytes that cannot be this key's signature, such as DER, are `signer-failed`."""
    register = MemoryRegister()
    with pytest.raises(IssuingError) as caught:
        issuer(signer=BrokenSigner(b"\x30" * size), registry=register).issue(NEW)

    assert "signer-failed" == caught.value.code
    assert [] == register.records


@pytest.mark.parametrize("algorithm", [ML_DSA_44, ML_DSA_65])
def test_signers_of_lists(algorithm: int) -> None:
    """An ML-DSA signature does not fit a QR symbol: such a signer is refused from the start."""
    with pytest.raises(ValueError, match="P-256, P-384 or Ed25519"):
        issuer(signer=fixed_signer(algorithm))


def test_rsa_signers() -> None:
    """An RSA signature is none of a certificate's: a KMS that holds an RSA key is refused from the start."""
    private = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    pem = private.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    with pytest.raises(ValueError, match=r".+"):
        issuer(signer=BrokenSigner(bytes(256), PublicKey.from_pem(pem)))


@pytest.mark.parametrize("country", ["cn", "CHN", "", "C1", "ＣＮ"])
def test_bad_countries(country: str) -> None:
    """The issuer's country has the form of ISO 3166-1 alpha-2."""
    with pytest.raises(ValueError, match="country"):
        issuer(country=country)


def test_too_much_for_a_symbol() -> None:
    """What no QR symbol holds is refused before it is recorded."""
    register = MemoryRegister()
    with pytest.raises(IssuingError) as caught:
        issuer(registry=register).issue(attrs.evolve(NEW, status=REFERENCE, confidential=bytes(2860)))

    assert "qr-too-large" == caught.value.code
    assert [] == register.records


def test_two_references_are_not_issued() -> None:
    """A certificate with an id and a reference is not complete, and nothing can make it so."""
    with pytest.raises(IssuingError) as caught:
        issuer().issue(attrs.evolve(NEW, status=REFERENCE, certificate_id=bytes(12)))

    assert "certificate-incomplete" == caught.value.code


# The clock


def test_the_system_s_clock_is_the_default() -> None:
    """Without another clock, the time is the system's, in UTC; what it is does not matter here."""
    assert timedelta(0) == Issuer(signer=SIGNER).clock().utcoffset()


def test_issuers_are_immutable() -> None:
    """Nobody swaps an issuer's key."""
    one = issuer()
    with pytest.raises(AttributeError):
        one.signer = SIGNER  # type: ignore[misc]  # the mistake under test
