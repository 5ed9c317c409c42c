"""What certcore offers to the tests of others: a root, a trust list in one line, and a clock that stands still."""

from __future__ import annotations

import pickle
from datetime import UTC, date, datetime, timedelta

import pytest

from certcore import cose, payload
from certcore.issue import Issuer
from certcore.keys import LocalSigner
from certcore.payload import Basis, InspectionCertificate, Result
from certcore.policy import Policy
from certcore.testing import ROOT_SIGNER, TRUST_ROOT, FixedClock, make_trust
from certcore.trust import KeyUsage, TrustList
from certcore.verify import Verifier
from tests.strategies import SIGNING_ALGORITHMS, fixed_signer

NOW = datetime(2026, 9, 30, 12, tzinfo=UTC)


def test_clock_stands_still() -> None:
    """It gives the same instant each time, and pickles."""
    clock = FixedClock(NOW)

    assert (NOW, NOW) == (clock(), clock())
    assert clock == pickle.loads(pickle.dumps(clock))  # noqa: S301  our own bytes


def test_root_is_the_root_signer() -> None:
    """The root trusts exactly the key that is in the module."""
    assert (ROOT_SIGNER.public_key,) == TRUST_ROOT.keys
    assert 1 == TRUST_ROOT.threshold


@pytest.mark.parametrize("algorithm", SIGNING_ALGORITHMS)
def test_every_signer_s_key_is_trusted(algorithm: int) -> None:
    """Each key may sign certificates, for any authority, from 1970 on."""
    signers = [fixed_signer(algorithm, seed) for seed in (1, 2)]
    trust = make_trust(*signers)

    for signer in signers:
        (grant,) = trust.grants(signer.public_key.key_id)
        assert signer.public_key == grant.key.public_key
        assert KeyUsage.CERTIFICATE is grant.key.usage
        assert grant.key.signs_for("闽C")
        assert grant.key.not_before <= datetime(1970, 1, 1, tzinfo=UTC) < NOW < grant.key.not_after


def test_list_is_for_the_test_environment() -> None:
    """Nothing under the public root key passes for real."""
    assert "test" == make_trust().environment


def test_list_opens_again() -> None:
    """The list is signed by the root, like any other."""
    trust = make_trust(fixed_signer())

    assert trust.contents == TrustList.open(trust.to_bytes(), root=TRUST_ROOT).contents


@pytest.mark.parametrize("now", [datetime(1999, 1, 1, tzinfo=UTC), NOW, datetime(9997, 1, 1, tzinfo=UTC)])
def test_list_is_never_old(now: datetime) -> None:
    """No clock that a test injects is past the list's next update."""
    trust = make_trust(fixed_signer())

    assert trust.version == TrustList.open(trust.to_bytes(), root=TRUST_ROOT, now=now).version


@pytest.mark.parametrize(
    ("issuer", "country", "expected"),
    [("CN", None, "CN"), ("DE", None, "DE"), ("ACME", None, "CN"), ("de", None, "CN"), ("CN", "MN", "MN")],
)
def test_country_of_the_issuer(issuer: str, country: str | None, expected: str) -> None:
    """The country is the one given, else the issuer's id where that is one, else CN."""
    (entry,) = make_trust(issuer=issuer, country=country).issuers

    assert (issuer, expected) == (entry.id, entry.country)


def test_time_zone_of_the_issuer() -> None:
    """The zone is Shanghai's unless another is given; an unknown one is a mistake."""
    (entry,) = make_trust().issuers
    (other,) = make_trust(time_zone="Europe/Berlin").issuers

    assert ("Asia/Shanghai", "Europe/Berlin") == (entry.time_zone, other.time_zone)
    with pytest.raises(ValueError, match="IANA"):
        make_trust(time_zone="Nowhere")


def test_first_steps() -> None:
    """A signer, a certificate and a trust list are enough for a verdict."""
    signer = LocalSigner.generate()
    certificate = InspectionCertificate(
        registration_number="闽C12345",
        vin="LSVAA4187E2184211",
        valid_until=date(2027, 9, 30),
        basis=Basis.INSPECTED,
        result=Result.PASS,
        authority="闽C",
    )
    text = Issuer(signer=signer, clock=FixedClock(NOW)).issue(certificate)
    verifier = Verifier(
        trust=make_trust(signer), status=None, policy=Policy.counterparty(), clock=FixedClock(NOW + timedelta(days=1))
    )

    assert verifier.verify(text, as_of=NOW + timedelta(hours=1))
    assert not verifier.verify(text[:-3], as_of=NOW)


def test_lower_floors_work_alone() -> None:
    """Envelope and payload serve without an issuer or a verifier."""
    signer = fixed_signer()
    data = cose.sign1(b"payload", signer=signer)

    assert b"payload" == cose.open_sign1(data, keys=[signer.public_key]).payload
    assert 2860 == cose.MAX_CERTIFICATE_BYTES
    assert payload.Profile.CN is payload.Profile("cn")
