"""Rows 52 to 61 and 66 of the attack table, as a verifier or the installing of a trust list meets them.

Each docstring begins with its row. The rules behind them are tested one by one where they live.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

import pytest

from certcore import LocalSigner, TrustList, TrustRoot, _cbor, armor, cose, payload
from certcore.errors import RejectedInputError, UntrustedError
from certcore.trust import KeyUsage
from certcore.trust._lists import MAX_TRUST_LIST_BYTES
from tests.verify_cases import (
    ISSUED,
    LIVE_SIGNER,
    NOW,
    ROOT_SIGNER,
    SEEN,
    SIGNER,
    TEXT,
    TRUST_ROOT,
    certificate,
    codes,
    reasons,
    registered,
    seal,
    trust_bytes,
    trust_list,
    trusted_issuer,
    trusted_key,
    verifier,
)

PAYLOAD = payload.encode(certificate())
KEY_ID = SIGNER.public_key.key_id
DAY = timedelta(days=1)


def ask(text: str, **trust: Any) -> list[str]:  # noqa: ANN401  any field of a trust list, or one as ``trust``
    """The codes of the usual question about a text."""
    opened = trust.pop("opened", None) or trust_list(**trust)
    return codes(verifier(registered(), trust=opened).verify(text, as_of=NOW - DAY, expect=SEEN))


def enveloped(protected: Mapping[int, object], unprotected: Mapping[int, object]) -> str:
    """A certificate with these headers and a good signature over them."""
    header = _cbor.encode(dict(protected))
    signature = SIGNER.sign(_cbor.encode(["Signature1", header, b"", PAYLOAD]))
    return armor.encode(b"\xd2" + _cbor.encode([header, dict(unprotected), PAYLOAD, signature]))


def test_the_usual_certificate() -> None:
    """The question of this file is answered with yes where nothing is wrong, with headers made by hand as well."""
    assert [] == ask(TEXT)
    assert [] == ask(enveloped({1: -7, 4: KEY_ID}, {}))


def test_an_unknown_key_id() -> None:
    """Row 52: a key id that nobody states is an unknown issuer, another code than a bad signature."""
    stranger = LocalSigner.generate()
    disguised = LocalSigner.from_pem(stranger.to_pem(), key_id=KEY_ID)

    assert ["key-unknown"] == ask(seal(certificate(), stranger))
    assert ["signature-invalid"] == ask(seal(certificate(), disguised))


@pytest.mark.parametrize(
    ("key_id", "expected"), [(b"", "malformed"), (bytes(33), "malformed"), (bytes(32), "key-unknown")]
)
def test_key_ids_of_other_lengths(key_id: bytes, expected: str) -> None:
    """Row 52: a key id has 1 to 32 bytes; others are malformed."""
    assert [expected] == ask(enveloped({1: -7, 4: key_id}, {}))


def test_no_key_id() -> None:
    """Row 52: without a key id a certificate is malformed: no key is tried at random."""
    assert ["malformed"] == ask(enveloped({1: -7}, {}))


def test_a_key_id_of_a_megabyte() -> None:
    """Row 52: a key id of a megabyte is refused for its size, as text and as bytes."""
    data = b"\xd2" + _cbor.encode([_cbor.encode({1: -7, 4: bytes(1 << 20)}), {}, PAYLOAD, bytes(64)])

    assert ["malformed"] == ask("VIC1:" + armor.base45_encode(data))
    with pytest.raises(RejectedInputError) as caught:
        cose.read_certificate(data)
    assert "malformed" == caught.value.code


@pytest.mark.parametrize(
    "headers",
    [
        ({1: -7, 4: b"none"}, {4: KEY_ID}),
        ({1: -7}, {4: KEY_ID}),
        ({1: -7, 4: KEY_ID}, {4: KEY_ID}),
        ({4: KEY_ID}, {1: -7}),
    ],
    ids=["wrong and right", "unprotected alone", "both", "algorithm unprotected"],
)
def test_a_key_id_in_the_unprotected_header(headers: tuple[dict[int, object], dict[int, object]]) -> None:
    """Row 53: what nobody signed counts for nothing, whatever the protected header says."""
    assert ["malformed"] == ask(enveloped(*headers))


def test_two_keys_under_one_id() -> None:
    """Row 54: every entry with the key id is tried, and none without it."""
    other = LocalSigner.from_pem(LocalSigner.generate().to_pem(), key_id=b"8 bytes!")
    mine = LocalSigner.from_pem(SIGNER.to_pem(), key_id=b"8 bytes!")
    for keys in ([other, mine], [mine, other]):
        opened = trust_list(trusted_issuer(*(trusted_key(signer) for signer in keys)))
        assert [] == ask(seal(certificate(), mine), opened=opened)
        assert [] == ask(seal(certificate(), other), opened=opened)
        assert ["key-unknown"] == ask(TEXT, opened=opened)


def test_a_signature_by_another_trusted_key() -> None:
    """Row 55: a good signature by a trusted key, under the key id of another, fails."""
    disguised = LocalSigner.from_pem(LIVE_SIGNER.to_pem(), key_id=KEY_ID)

    assert ["signature-invalid"] == ask(seal(certificate(), disguised))


@pytest.mark.parametrize("label", [32, 33, 34, 35, -66666], ids=["x5bag", "x5chain", "x5t", "x5u", "unknown"])
def test_keys_in_the_message(label: int) -> None:
    """Row 56: certificates and addresses in a message's headers are no trust, protected or not, known key or not."""
    for protected, unprotected in (({label: b"x"}, {}), ({}, {label: b"x"})):
        assert ["malformed"] == ask(enveloped({1: -7, 4: KEY_ID, **protected}, unprotected))
        assert ["malformed"] == ask(enveloped({1: -7, 4: b"none", **protected}, unprotected))


@pytest.mark.parametrize("usage", [usage for usage in KeyUsage if usage is not KeyUsage.CERTIFICATE])
def test_a_key_for_something_else(usage: KeyUsage) -> None:
    """Row 57: a key that may sign another kind of document may not sign certificates."""
    assert ["key-usage"] == ask(TEXT, opened=trust_list(trusted_issuer(trusted_key(SIGNER, usage=usage))))


def test_a_key_for_somebody_else() -> None:
    """Row 57: a key that may sign for other authorities may not sign for this one."""
    assert ["key-scope"] == ask(TEXT, opened=trust_list(trusted_issuer(trusted_key(SIGNER, authorities=["粤*"]))))


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"not_before": ISSUED + DAY}, "key-window"),
        ({"not_after": ISSUED - DAY}, "key-window"),
        ({"compromised_since": ISSUED - DAY}, "key-compromised"),
        ({"compromised_since": ISSUED + DAY}, "key-compromised-unproven"),
    ],
)
def test_a_key_out_of_its_window(changes: dict[str, Any], code: str) -> None:
    """Row 58: a key that was not yet, no longer or wrongly in use says so, each with its code."""
    assert [code] == ask(TEXT, opened=trust_list(trusted_issuer(trusted_key(SIGNER, **changes))))


def test_an_issuer_that_is_not_the_keys() -> None:
    """Row 59: a certificate that names another issuer than its key's owner fails."""
    opened = trust_list(trusted_issuer(), trusted_issuer(trusted_key(ROOT_SIGNER), id="DE", country="DE"))

    assert [] == ask(seal(certificate(issuer="CN")), opened=opened)
    assert ["issuer-mismatch"] == ask(seal(certificate(issuer="DE")), opened=opened)


def install(data: bytes, held: TrustList | None = None, **arguments: Any) -> str | None:  # noqa: ANN401  of `open`
    """The code with which a list is not installed, if it is not."""
    try:
        TrustList.open(data, root=TRUST_ROOT, previous=held, now=NOW, **arguments)
    except (RejectedInputError, UntrustedError) as error:
        return error.code
    return None


def test_trust_lists_that_are_not_installed() -> None:
    """Row 60: edited, by others, older, forked, cut short, longer, too large, or past its time: not installed."""
    data = trust_bytes(version=2)
    held = TrustList.open(data, root=TRUST_ROOT)
    edited = data.replace(b"Test issuer", b"Evil issuer")

    assert install(data, held) is None
    assert edited != data
    assert "trust-list-threshold" == install(edited, held)
    assert "trust-list-threshold" == install(trust_bytes(version=3, signer=SIGNER), held)
    assert "trust-list-rollback" == install(trust_bytes(version=1), held)
    assert "trust-list-conflict" == install(trust_bytes(version=2, issued_at=NOW - DAY), held)
    assert "trust-list-malformed" == install(data[:-1], held)
    assert "trust-list-malformed" == install(data + b"\0", held)
    assert "trust-list-malformed" == install(bytes(MAX_TRUST_LIST_BYTES + 1), held)
    assert "trust-list-expired" == install(trust_bytes(version=3, next_update_at=NOW - DAY, issued_at=NOW - 2 * DAY))


def test_duplicate_entries_in_a_trust_list() -> None:
    """Row 60: an issuer or a public key that stands twice makes a list malformed, even properly signed."""
    content: dict[int, Any] = _cbor.decode(cose.read_sign(trust_bytes()).payload, max_bytes=1 << 16)
    (issuer,) = content[6]
    for issuers in ([issuer, issuer], [issuer, {**issuer, 1: "DE"}], [{**issuer, 11: [*issuer[11], issuer[11][0]]}]):
        data = cose.sign(
            _cbor.encode({**content, 6: issuers}),
            signers=[ROOT_SIGNER],
            content_type="application/vnd.certcore.trust+cbor",
        )
        assert "trust-list-malformed" == install(data)


def test_mix_and_match_of_trust_lists() -> None:
    """Row 60: the signatures of one list do not carry the content of another."""
    older, newer = (_cbor.decode(trust_bytes(version=version)[2:], max_bytes=1 << 16) for version in (1, 2))
    header, unprotected, body, _ = newer

    assert "trust-list-threshold" == install(b"\xd8\x62" + _cbor.encode([header, unprotected, body, older[3]]))


def test_a_key_removed_and_added_again() -> None:
    """Row 61: the verdict follows from the list alone; a leaked key cannot come back as a sound one."""
    leaked = trusted_issuer(trusted_key(SIGNER, compromised_since=ISSUED - DAY))
    without, again = trusted_issuer(trusted_key(LIVE_SIGNER)), trusted_issuer(trusted_key(SIGNER))
    held = trust_list(leaked, version=2)

    for _ in range(2):  # the same list, the same answer: there is no memory beside it
        assert ["key-compromised"] == ask(TEXT, opened=held)
        assert ["key-unknown"] == ask(TEXT, opened=trust_list(without, version=3))
        assert [] == ask(TEXT, opened=trust_list(again, version=4))
    for issuer in (without, again):
        assert "trust-list-compromise-withdrawn" == install(trust_bytes(issuer, version=3), held)


def test_a_list_that_is_shown_for_ever() -> None:
    """Row 66: who withholds new lists gains nothing: a list past its time is not installed, and a held one ages."""
    old = trust_bytes(issued_at=NOW - 60 * DAY, next_update_at=NOW - 30 * DAY)

    assert "trust-list-expired" == install(old)
    verdict = verifier(registered(), trust=TrustList.open(old, root=TRUST_ROOT)).verify(
        TEXT, as_of=NOW - DAY, expect=SEEN
    )
    assert {("trust-list-stale", "blocks")} == reasons(verdict)


def test_a_clock_set_back() -> None:
    """Row 66: a list from the future shows that the clock was set back; an expired list does not become current."""
    current = trust_bytes(issued_at=NOW + DAY, next_update_at=NOW + 2 * DAY)

    assert "trust-list-future" == install(current)


def test_a_root_that_is_shown_for_ever() -> None:
    """Row 66: a root set with an end cannot be kept in force by withholding the one that follows it."""
    from certcore.trust import RootSetContents

    ending = RootSetContents(
        version=2,
        members=TRUST_ROOT.members,
        threshold=1,
        valid_from=NOW - 9 * DAY,
        valid_until=NOW - timedelta(hours=5),
    )
    root = TRUST_ROOT.rotate(ending.sign(ROOT_SIGNER))
    with pytest.raises(UntrustedError) as caught:
        TrustList.open(trust_bytes(), root=root, now=NOW)

    assert "root-expired" == caught.value.code
    assert TrustRoot(keys=root.keys).current.valid_until is None
