"""A register's receipts: bound to one certificate's bytes, and worth as much as the key that signs them."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Final

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from certcore import _cbor, armor, cose
from certcore.errors import CertcoreError, IssuingError, RejectedInputError, UntrustedError
from certcore.keys import ES384, ML_DSA_65, PublicKey, Signer
from certcore.keys._trusted import KeyUsage, TrustedKey
from certcore.proofs import receipts
from certcore.proofs.receipts import MAX_RECEIPT_BYTES, RECEIPT_TYPE
from certcore.trust.issuers import TrustedIssuer
from tests.proofs.existence_cases import (
    AT,
    CERTIFICATE,
    CERTIFICATE_SIGNER,
    OTHER_SIGNER,
    REGISTER_SIGNER,
    SECOND,
    TEXT,
    issue,
    trusted,
    varied,
)
from tests.strategies import fixed_signer


def issued(text: str = TEXT, *, signer: Signer = REGISTER_SIGNER, at: datetime = AT) -> bytes:
    """A receipt."""
    return receipts.issue_receipt(text, issuer="CN", signer=signer, issued_at=at)


def signed(claims: object, *, typ: str = RECEIPT_TYPE, signer: Signer = REGISTER_SIGNER) -> bytes:
    """Any claims, signed as a receipt is."""
    return cose.sign1(_cbor.encode(claims), signer=signer, protected={cose.TYP: typ})


def opened(data: bytes, *keys: TrustedKey, certificate: bytes = CERTIFICATE) -> datetime:
    """By when the certificate was held."""
    return receipts.open_receipt(data, certificate=certificate, keys=keys or [trusted()])


def why(call: Callable[[], object]) -> object:
    """Why a receipt is not trusted."""
    with pytest.raises(UntrustedError) as caught:
        call()
    assert "receipt-untrusted" == caught.value.code
    return dict(caught.value.detail)["why"]


CLAIMS: Final[dict[int, object]] = _cbor.decode(
    cose.open_sign1(issued(), keys=[REGISTER_SIGNER.public_key]).payload, max_bytes=MAX_RECEIPT_BYTES
)


def test_a_receipt() -> None:
    """It says by when exactly this certificate was held."""
    assert AT == opened(issued())


def test_what_a_receipt_is_made_of() -> None:
    """Its own type, the issuer, the digest of the whole COSE_Sign1, and the time: nothing of the certificate."""
    message = cose.open_sign1(issued(), keys=[REGISTER_SIGNER.public_key])

    assert RECEIPT_TYPE == message.protected[cose.TYP]
    assert {1: "CN", 2: CLAIMS[2], 6: int(AT.timestamp())} == CLAIMS
    assert 64 == len(str(CLAIMS[2]))
    assert len(issued()) < 250


@pytest.mark.parametrize("algorithm", [ES384, ML_DSA_65])
def test_other_keys(algorithm: int) -> None:
    """A register may sign with any key that signs lists."""
    signer = fixed_signer(algorithm)

    assert AT == opened(issued(signer=signer), trusted(), trusted(signer))


@pytest.mark.parametrize("fraction", [1, 500_000, 999_999])
def test_a_begun_second_is_counted_whole(fraction: int) -> None:
    """A receipt never says earlier than it was."""
    assert AT + SECOND == opened(issued(at=AT + timedelta(microseconds=fraction)))


def test_another_certificate() -> None:
    """A receipt for one certificate proves nothing of another."""
    assert "subject" == why(lambda: opened(issued(issue("闽C54321"))))


def test_the_signature_s_bytes_belong_to_it() -> None:
    """Of a certificate whose ECDSA signature somebody turned round, nothing was held; and the other way round."""
    turned = varied(CERTIFICATE)
    cose.read_certificate(turned).verify(CERTIFICATE_SIGNER.public_key)  # it is as good a signature as the first

    assert "subject" == why(lambda: opened(issued(), certificate=turned))
    assert "subject" == why(lambda: opened(issued(armor.encode(turned))))
    assert AT == opened(issued(armor.encode(turned)), certificate=turned)


def test_foreign_keys() -> None:
    """A receipt signed by anybody else, or offered without any register key."""
    assert "signature" == why(lambda: opened(issued(signer=OTHER_SIGNER)))
    assert "signature" == why(lambda: receipts.open_receipt(issued(), certificate=CERTIFICATE, keys=[]))


@pytest.mark.parametrize("usage", [usage for usage in KeyUsage if usage is not KeyUsage.REGISTER])
def test_keys_of_another_usage(usage: KeyUsage) -> None:
    """Only keys that may speak for the register are tried."""
    assert "signature" == why(lambda: opened(issued(), trusted(usage=usage)))


def test_the_certificate_s_own_key() -> None:
    """The key whose compromise is at stake proves nothing, whatever a list says it may sign."""
    forged = signed(CLAIMS, signer=CERTIFICATE_SIGNER)

    assert "key" == why(lambda: opened(forged, trusted(CERTIFICATE_SIGNER)))
    with pytest.raises(ValueError, match="usage"):
        issued(signer=CERTIFICATE_SIGNER)


@pytest.mark.parametrize("since", [AT - SECOND, AT, AT + SECOND, AT + timedelta(days=300)])
def test_compromised_keys(since: datetime) -> None:
    """Whoever has a register's key chooses the time in a receipt: before or after the compromise is all the same."""
    assert "compromised" == why(lambda: opened(issued(), trusted(compromised_since=since)))


def test_the_key_s_window() -> None:
    """From its first second to its last, and not a second beyond."""
    key = trusted(not_before=AT, not_after=AT + SECOND)

    assert AT == opened(issued(), key)
    assert AT + SECOND == opened(issued(at=AT + SECOND), key)
    assert "window" == why(lambda: opened(issued(at=AT - SECOND), key))
    assert "window" == why(lambda: opened(issued(at=AT + 2 * SECOND), key))


def test_another_type() -> None:
    """What the register signed as something else is no receipt."""
    assert "type" == why(lambda: opened(signed(CLAIMS, typ="application/vnd.certcore.vehicle+cwt")))


@pytest.mark.parametrize(
    "claims",
    [
        [],
        {},
        {key: value for key, value in CLAIMS.items() if key != 1},
        {key: value for key, value in CLAIMS.items() if key != 2},
        {key: value for key, value in CLAIMS.items() if key != 6},
        {**CLAIMS, 1: b"CN"},
        {**CLAIMS, 2: b"digest"},
        {**CLAIMS, 6: -1},
        {**CLAIMS, 6: True},
        {**CLAIMS, 6: "1"},
        {**CLAIMS, 6: 2**63},
        {**CLAIMS, -1: 0},
    ],
)
def test_claims_that_do_not_hold(claims: object) -> None:
    """Claims missing, of another type or out of range; and one that is critical."""
    with pytest.raises(RejectedInputError) as caught:
        opened(signed(claims))

    assert "receipt-malformed" == caught.value.code


def test_claims_that_are_passed_over() -> None:
    """A later version may say more."""
    assert AT == opened(signed({**CLAIMS, 4: 1, 99: [b"more"]}))


@pytest.mark.parametrize(
    "data",
    [b"", b"\xd2", issued()[:-1], issued() + b"\0", issued()[1:], bytes(MAX_RECEIPT_BYTES + 1), CERTIFICATE[1:]],
    ids=["empty", "tag", "short", "trailing", "untagged", "large", "other"],
)
def test_no_receipts(data: bytes) -> None:
    """Bytes that are no COSE_Sign1, or too many."""
    with pytest.raises(RejectedInputError) as caught:
        opened(data)

    assert "receipt-malformed" == caught.value.code


def test_payload_that_is_no_cbor() -> None:
    """Signed is not yet readable."""
    data = cose.sign1(b"\xff", signer=REGISTER_SIGNER, protected={cose.TYP: RECEIPT_TYPE})
    with pytest.raises(RejectedInputError) as caught:
        opened(data)

    assert "receipt-malformed" == caught.value.code


@given(st.integers(0, 249), st.binary(max_size=30), st.integers(0, 30))
def test_any_bytes_within(start: int, data: bytes, length: int) -> None:
    """Whatever is changed in a receipt, it says the same or is refused as it should be."""
    whole = issued()
    changed = whole[:start] + data + whole[start + length :]
    try:
        found: object = opened(changed)
    except CertcoreError as error:
        found = error.code
    assert found in {AT, "receipt-malformed", "receipt-untrusted"}


@pytest.mark.parametrize(
    ("text", "code"), [("", "no-certificate"), ("https://x", "foreign-format"), ("VIC1:00", "malformed")]
)
def test_receipts_for_no_certificate(text: str, code: str) -> None:
    """A receipt is made for a certificate."""
    with pytest.raises(RejectedInputError) as caught:
        issued(text)

    assert code == caught.value.code


@pytest.mark.parametrize("issuer", ["", "x" * 513, "a\nb", None])
def test_issuers_that_cannot_be_stated(issuer: str) -> None:
    """An issuer's id is printable text, as in a trust list."""
    with pytest.raises(ValueError, match="text"):
        receipts.issue_receipt(TEXT, issuer=issuer, signer=REGISTER_SIGNER, issued_at=AT)


def test_the_longest_issuer_of_a_trust_list() -> None:
    """A receipt can be made for every issuer that a trust list can have."""
    longest = "长" * 512
    receipt = receipts.issue_receipt(TEXT, issuer=longest, signer=REGISTER_SIGNER, issued_at=AT)

    assert longest == TrustedIssuer(id=longest, name="x", country="CN", time_zone="UTC", keys=[trusted()]).id
    assert AT == opened(receipt)


@pytest.mark.parametrize(
    "at",
    [
        datetime(1969, 12, 31, 23, 59, 59, tzinfo=UTC),
        datetime(9998, 12, 31, tzinfo=UTC),
        datetime(2026, 1, 1),  # noqa: DTZ001  the mistake under test
    ],
)
def test_times_that_cannot_be_stated(at: datetime) -> None:
    """A document states instants from 1970 to 9998, with a zone."""
    with pytest.raises(ValueError, match="instant"):
        issued(at=at)


@attrs.frozen
class Broken:
    """A signer that cannot sign."""

    public_key: PublicKey

    def sign(self, _: bytes, /) -> bytes:
        """Never anything."""
        raise OSError


def test_signers_that_fail() -> None:
    """A broken signer is the issuer's to mend."""
    with pytest.raises(IssuingError) as caught:
        issued(signer=Broken(REGISTER_SIGNER.public_key))

    assert "signer-failed" == caught.value.code


def test_signed_by() -> None:
    """Whether a key signed a certificate; a key of another curve did not."""
    assert receipts.signed_by(CERTIFICATE, CERTIFICATE_SIGNER.public_key)
    assert not receipts.signed_by(CERTIFICATE, REGISTER_SIGNER.public_key)
    assert not receipts.signed_by(CERTIFICATE, fixed_signer(ES384).public_key)
