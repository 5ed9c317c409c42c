"""COSE_Sign1 and COSE_Sign: what is signed opens, what is not is refused, and which code never runs."""

from __future__ import annotations

import contextlib
import subprocess
import sys
from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime
from typing import Any

import attrs
import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from hypothesis import given
from hypothesis import strategies as st

from certcore import _cbor, cose
from certcore.errors import CertcoreError, IssuingError, RejectedInputError, UntrustedError
from certcore.issue import Issuer
from certcore.keys import EDDSA, ES256, ES384, ML_DSA_65, LocalSigner, PublicKey
from certcore.keys._algorithms import ESP256, ML_DSA_44
from certcore.payload import Basis, InspectionCertificate, Result
from certcore.testing import FixedClock, make_trust
from certcore.trust import Environment, TrustList, TrustListContents, TrustRoot
from tests.strategies import CERTIFICATE_ALGORITHMS, SIGNING_ALGORITHMS, BrokenSigner, fixed_signer, signers

PAYLOAD = b"the payload"
SIGNER = fixed_signer()
KEY = SIGNER.public_key
NOW = datetime(2026, 9, 30, 12, tzinfo=UTC)
HEADER = {1: ES256, 4: KEY.key_id}

CERTIFICATE = InspectionCertificate(
    registration_number="闽C12345",
    vin="LSVAA4187E2184211",
    valid_until=date(2027, 9, 30),
    basis=Basis.INSPECTED,
    result=Result.PASS,
    authority="闽C",
    certificate_id=bytes(12),
    issued_at=NOW,
)

every_algorithm = pytest.mark.parametrize("algorithm", SIGNING_ALGORITHMS, ids=str)


def structure(header: bytes, payload: bytes, aad: bytes = b"", context: str = "Signature1") -> bytes:
    """A Sig_structure (RFC 9052 section 4.4)."""
    return _cbor.encode([context, header, aad, payload])


def message(
    protected: object = HEADER,
    unprotected: object = None,
    payload: object = PAYLOAD,
    *,
    signer: LocalSigner = SIGNER,
    tag: bytes = b"\xd2",
    more: Sequence[object] = (),
    signature: object = None,
) -> bytes:
    """A COSE_Sign1 put together by hand, so that anything in it can be wrong and yet be signed."""
    header = protected if isinstance(protected, bytes) else _cbor.encode(protected)
    if signature is None:
        signed = payload if isinstance(payload, bytes) else b""
        signature = signer.sign(structure(header, signed))
    body = [header, {} if unprotected is None else unprotected, payload, signature, *more]
    return tag + _cbor.encode(body)


def assert_malformed(data: bytes, *, read: Callable[[bytes], object] | None = None) -> None:
    """The general door, or another, refuses the message as malformed."""
    with pytest.raises(RejectedInputError) as caught:
        (read or open_sign1)(data)
    assert "malformed" == caught.value.code


def open_sign1(data: bytes) -> cose.Opened:
    """The general door under the one key."""
    return cose.open_sign1(data, keys=[KEY])


def changed(data: bytes) -> list[bytes]:
    """The bytes with each one changed in turn."""
    return [data[:place] + bytes((data[place] ^ 1 << place % 8,)) + data[place + 1 :] for place in range(len(data))]


# Round trips of one signature


@every_algorithm
def test_sign1_round_trip(algorithm: int) -> None:
    """What a signer signs opens under its key, with its algorithm and key id protected and nothing unprotected."""
    signer = fixed_signer(algorithm)
    opened = cose.open_sign1(cose.sign1(PAYLOAD, signer=signer), keys=[signer.public_key])

    assert PAYLOAD == opened.payload
    assert {1: algorithm, 4: signer.public_key.key_id} == dict(opened.protected)
    assert {} == dict(opened.unprotected)
    assert signer.public_key == opened.key


@given(st.binary(max_size=300), signers, st.binary(max_size=20))
def test_sign1_law(payload: bytes, signer: LocalSigner, aad: bytes) -> None:
    """Any payload with any external data comes back."""
    data = cose.sign1(payload, signer=signer, external_aad=aad)

    assert payload == cose.open_sign1(data, keys=[signer.public_key], external_aad=aad).payload


def test_sign1_bytes() -> None:
    """The message is what RFC 9052 section 4.2 says, deterministically encoded."""
    data = cose.sign1(PAYLOAD, signer=SIGNER)
    header, unprotected, payload, signature = _cbor.decode(data[1:], max_bytes=1000)

    assert 0xD2 == data[0]
    assert (_cbor.encode(HEADER), {}, PAYLOAD) == (header, unprotected, payload)
    KEY.verify(signature, structure(header, PAYLOAD))


def test_further_protected_headers() -> None:
    """The caller may protect more; the header is in deterministic order."""
    data = cose.sign1(PAYLOAD, signer=SIGNER, protected={16: "a/b", -70000: [1, 2], 3: 60})
    header = _cbor.decode(data[1:], max_bytes=1000)[0]

    assert {**HEADER, 3: 60, 16: "a/b", -70000: [1, 2]} == dict(open_sign1(data).protected)
    assert header == _cbor.encode(_cbor.decode(header, max_bytes=1000))


@pytest.mark.parametrize("label", [1, 2, 4])
def test_headers_that_are_not_the_caller_s(label: int) -> None:
    """Algorithm, critical headers and key id cannot be set, so that a message never lies about its signer."""
    with pytest.raises(ValueError, match="alg, crit and kid"):
        cose.sign1(PAYLOAD, signer=SIGNER, protected={label: b"x"})


class SignerWithALongId:
    """A signer whose key came from a JWK with a long kid."""

    public_key = attrs.evolve(KEY, key_id=b"k" * 33)

    def sign(self, data: bytes, /) -> bytes:
        """As the usual signer."""
        return SIGNER.sign(data)


def test_what_is_signed_can_be_read() -> None:
    """A key id that no certificate and no trust list may hold is refused before anything is signed with it."""
    signer = SignerWithALongId()
    writers: list[Callable[[], bytes]] = [
        lambda: cose.sign1(PAYLOAD, signer=signer),
        lambda: cose.sign(PAYLOAD, signers=[signer], content_type="a/b"),
        lambda: cose.add_signature(cose.sign(PAYLOAD, signers=[OTHER], content_type="a/b"), signer=signer),
    ]
    for write in writers:
        with pytest.raises(ValueError, match="32 bytes"):
            write()


def test_opened_hides_the_payload() -> None:
    """What was in the message is not in a log."""
    opened = open_sign1(message(unprotected={33: b"unsigned"}))

    assert "payload" not in repr(opened)
    assert "unsigned" not in repr(opened)
    with pytest.raises(TypeError):
        opened.protected[1] = 0  # type: ignore[index]  # the mistake under test
    with pytest.raises(AttributeError):
        opened.payload = b"x"  # type: ignore[misc]  # the mistake under test


# What one signature is over


@pytest.mark.parametrize("aad", [b"", b"other", b"aad "])
def test_external_data_is_signed(aad: bytes) -> None:
    """Other external data, or none, is another message."""
    data = cose.sign1(PAYLOAD, signer=SIGNER, external_aad=b"aad")
    with pytest.raises(UntrustedError) as caught:
        cose.open_sign1(data, keys=[KEY], external_aad=aad)

    assert "signature-invalid" == caught.value.code


def test_external_data_where_none_was_signed() -> None:
    """Nor does external data go with a message that has none."""
    with pytest.raises(UntrustedError):
        cose.open_sign1(cose.sign1(PAYLOAD, signer=SIGNER), keys=[KEY], external_aad=b"x")


@pytest.mark.parametrize("payload", [PAYLOAD, b"", bytes(1000)], ids=len)
def test_detached_payload(payload: bytes) -> None:
    """A payload may travel beside its message."""
    data = message(payload=None, signature=SIGNER.sign(structure(_cbor.encode(HEADER), payload)))

    assert payload == cose.open_sign1(data, keys=[KEY], payload=payload).payload
    with pytest.raises(UntrustedError):
        cose.open_sign1(data, keys=[KEY], payload=payload + b".")


def test_detached_payload_missing_or_superfluous() -> None:
    """No payload at all is never an empty one, and two are one too many, even equal ones."""
    assert_malformed(message(payload=None))
    assert_malformed(message(), read=lambda data: cose.open_sign1(data, keys=[KEY], payload=PAYLOAD))


@pytest.mark.parametrize("context", ["Signature", "CounterSignature", "MAC0", "Signature1 "])
def test_other_contexts(context: str) -> None:
    """A signature made for another structure is none here."""
    signature = SIGNER.sign(structure(_cbor.encode(HEADER), PAYLOAD, context=context))
    with pytest.raises(UntrustedError) as caught:
        open_sign1(message(signature=signature))

    assert "signature-invalid" == caught.value.code


def test_signature_of_a_cose_sign_does_not_serve() -> None:
    """A COSE_Sign's signature is over another structure and is no Sign1."""
    data = cose.sign(PAYLOAD, signers=[SIGNER], content_type="a/b")
    _, _, _, ((header, _, signature),) = _cbor.decode(data[2:], max_bytes=1000)
    with pytest.raises(UntrustedError):
        open_sign1(message(header, signature=signature))


def test_received_bytes_are_verified() -> None:
    """Another order, and longer forms, are verified as they came and never re-encoded."""
    header = b"\xb9\x00\x02" + _cbor.encode(HEADER)[1:]
    assert PAYLOAD == open_sign1(message(header)).payload
    swapped = b"\xa2" + _cbor.encode(4) + _cbor.encode(KEY.key_id) + b"\x01\x26"
    assert PAYLOAD == open_sign1(message(swapped)).payload
    assert_malformed(message(swapped), read=cose.read_certificate)


# What a message with one signature may look like


@pytest.mark.parametrize(
    "data",
    [
        pytest.param(message(more=[b""]), id="five elements"),
        pytest.param(b"\xd2" + _cbor.encode([_cbor.encode(HEADER), {}, PAYLOAD]), id="three elements"),
        pytest.param(b"\xd2\x80", id="no elements"),
        pytest.param(b"\xd2\xf6", id="null"),
        pytest.param(b"\xd2\x84\xf6\xf6\xf6\xf6", id="four nulls"),
        pytest.param(b"\xd2\xa0", id="a map"),
        pytest.param(b"\xd2", id="tag alone"),
        pytest.param(b"", id="nothing"),
        pytest.param(message(tag=b""), id="untagged"),
        pytest.param(message(tag=b"\xd1"), id="tag 17"),
        pytest.param(message(tag=b"\xd8\x62"), id="tag 98"),
        pytest.param(message(tag=b"\xd9\x03\xe6"), id="tag 998"),
        pytest.param(message(tag=b"\xd8\x12"), id="tag 18 in two bytes"),
        pytest.param(message(tag=b"\xd9\xd9\xf7\xd2"), id="tag 55799 around 18"),
        pytest.param(message(tag=b"\xd8\x3d\xd8\x3d\xd2"), id="tag 61 twice"),
        pytest.param(message(tag=b"\xd2\xd2"), id="tag 18 twice"),
        pytest.param(message(tag=b"\xd2\xd8\x3d"), id="tag 61 within 18"),
        pytest.param(message(tag=b"\xd8\x3d"), id="tag 61 alone"),
        pytest.param(message(tag=b"\xd8\x3d\xd1"), id="tag 61 around 17"),
        pytest.param(message() + b"\x00", id="trailing byte"),
        pytest.param(message() * 2, id="twice"),
        pytest.param(b"\xd2\x9f" + message()[2:] + b"\xff", id="indefinite array"),
        pytest.param(message(unprotected=[]), id="unprotected is an array"),
        pytest.param(message(unprotected=b""), id="unprotected is bytes"),
        pytest.param(b"\xd2" + _cbor.encode([HEADER, {}, PAYLOAD, bytes(64)]), id="protected is a map"),
        pytest.param(b"\xd2" + _cbor.encode([None, {}, PAYLOAD, bytes(64)]), id="protected is null"),
        pytest.param(b"\xd2" + _cbor.encode(["", {}, PAYLOAD, bytes(64)]), id="protected is text"),
        pytest.param(message(b"\x80"), id="protected holds an array"),
        pytest.param(message(b"\x01"), id="protected holds an integer"),
        pytest.param(message(_cbor.encode(HEADER) + b"\x00"), id="trailing byte within protected"),
        pytest.param(message(_cbor.encode(HEADER)[:-1]), id="protected cut off"),
        pytest.param(message(b"\xbf\x01\x26\xff"), id="protected indefinite"),
        pytest.param(message(b"\xa2\x01\x26\x01\x26"), id="alg twice"),
        pytest.param(message(b"\xa2\x01\x26\x18\x01\x26"), id="alg twice, once overlong"),
        pytest.param(message(b"\xa1\xf5\x26"), id="True for the label 1"),
        pytest.param(message(b"\xa1\xf9\x3c\x00\x26"), id="1.0 for the label 1"),
        pytest.param(message(b"\xa2\x01\x26\x80\x00"), id="an array as a label"),
        pytest.param(message(b"\xa2\x01\x26\xa0\x00"), id="a map as a label"),
        pytest.param(message(b"\xa2\x01\x26\xf6\x00"), id="null as a label"),
        pytest.param(message(b"\xa2\x01\x26\x40\x00"), id="bytes as a label"),
        pytest.param(message(payload="text"), id="payload is text"),
        pytest.param(message(payload=[]), id="payload is an array"),
        pytest.param(message(payload={}), id="payload is a map"),
        pytest.param(message(payload=0), id="payload is an integer"),
        pytest.param(message(signature=b""), id="empty signature"),
        pytest.param(message(signature=[]), id="signature is an array"),
        pytest.param(message(signature="x" * 64), id="signature is text"),
        pytest.param(b"\xd2" + _cbor.encode([_cbor.encode(HEADER), {}, PAYLOAD, None]), id="signature is null"),
        pytest.param(message()[:-65] + b"\xf7", id="signature is undefined"),
    ],
)
def test_structures_that_are_refused(data: bytes) -> None:
    """Whatever is not exactly a tagged COSE_Sign1 is malformed, for both doors."""
    assert_malformed(data)
    assert_malformed(data, read=cose.read_certificate)


@pytest.mark.parametrize(
    ("protected", "unprotected"),
    [
        pytest.param(b"", None, id="no algorithm"),
        pytest.param({}, None, id="no algorithm, empty map"),
        pytest.param({4: b"k"}, None, id="key id alone"),
        pytest.param({4: KEY.key_id}, {1: ES256}, id="alg unprotected"),
        pytest.param(b"", {1: ES256}, id="alg unprotected alone"),
        pytest.param(HEADER, {1: ES256}, id="alg in both"),
        pytest.param(HEADER, {1: EDDSA}, id="alg in both, another"),
        pytest.param({1: "ES256"}, None, id="alg is text"),
        pytest.param({1: b"\x26"}, None, id="alg is bytes"),
        pytest.param({1: True}, None, id="alg is True"),
        pytest.param({1: None}, None, id="alg is null"),
        pytest.param({1: [ES256]}, None, id="alg is an array"),
        pytest.param({**HEADER, 2: [1]}, None, id="crit"),
        pytest.param({**HEADER, 2: []}, None, id="crit empty"),
        pytest.param({**HEADER, 2: [99]}, None, id="crit unknown"),
        pytest.param({**HEADER, 2: [[]]}, None, id="crit with an array"),
        pytest.param({**HEADER, 2: [{}]}, None, id="crit with a map"),
        pytest.param({**HEADER, 2: "1"}, None, id="crit is text"),
        pytest.param({**HEADER, 2: None}, None, id="crit is null"),
        pytest.param({**HEADER, 2: 0}, None, id="crit is zero"),
        pytest.param(HEADER, {2: [1]}, id="crit unprotected"),
        pytest.param(HEADER, {2: []}, id="crit unprotected and empty"),
        pytest.param({**HEADER, 33: b"x"}, {33: b"x"}, id="a label in both"),
        pytest.param({**HEADER, -1: 0}, {-1: 0}, id="a private label in both"),
        pytest.param({1: ES256, 4: b""}, None, id="empty key id"),
        pytest.param({1: ES256}, {4: b""}, id="empty key id unprotected"),
        pytest.param({1: ES256, 4: "kid"}, None, id="key id is text"),
        pytest.param({1: ES256, 4: 5}, None, id="key id is an integer"),
        pytest.param({1: ES256, 4: None}, None, id="key id is null"),
        pytest.param({1: ES256}, {4: "kid"}, id="key id unprotected is text"),
        pytest.param({**HEADER, 3: b"x"}, None, id="content type is bytes"),
        pytest.param({**HEADER, 3: None}, None, id="content type is null"),
        pytest.param({**HEADER, 3: True}, None, id="content type is True"),
        pytest.param({**HEADER, 16: []}, None, id="typ is an array"),
        pytest.param({**HEADER, 5: "iv"}, None, id="IV is text"),
        pytest.param({**HEADER, 6: 7}, None, id="partial IV is an integer"),
    ],
)
def test_headers_that_are_refused(protected: object, unprotected: object) -> None:
    """The algorithm is an integer in the protected header alone; nothing is critical; no label stands in both."""
    data = message(protected, unprotected)

    assert_malformed(data)
    assert_malformed(data, read=cose.read_certificate)


@pytest.mark.parametrize(
    ("protected", "unprotected"),
    [
        ({1: ES256}, None),
        (HEADER, {33: b"anything", 99: [1, {2: 3}]}),
        (HEADER, {7: [[b"", {}, bytes(64)]], 11: b"", 12: bytes(64)}),
        (HEADER, {32: b"chain", 34: [-16, b"x"], 35: "https://example.com/key"}),
        ({**HEADER, 3: 60, 16: "a/b"}, None),
        ({**HEADER, 15: {1: "issuer"}}, None),
        ({1: ES256}, {4: KEY.key_id}),
        ({1: ES256, 4: KEY.key_id}, {4: b"another"}),
        ({1: ESP256, 4: KEY.key_id}, None),
    ],
)
def test_headers_that_are_only_general(protected: object, unprotected: object) -> None:
    """The general door lets other headers stand, follows none of them, and the certificate profile refuses them."""
    data = message(protected, unprotected)

    assert PAYLOAD == open_sign1(data).payload
    if protected != {1: ESP256, 4: KEY.key_id}:
        assert_malformed(data, read=cose.read_certificate)


def test_text_labels() -> None:
    """A foreign header may have text labels."""
    header = bytes.fromhex("a2012663666f6f01")

    assert {1: ES256, "foo": 1} == dict(open_sign1(message(header)).protected)


@pytest.mark.parametrize("tag", ["d2", "d83dd2"])
def test_cwt_tag(tag: str) -> None:
    """Tag 61 may stand around a foreign CWT; a certificate has tag 18 alone."""
    data = message(tag=bytes.fromhex(tag))

    assert PAYLOAD == open_sign1(data).payload
    if tag == "d2":
        assert PAYLOAD == cose.read_certificate(data).verify(KEY)
    else:
        assert_malformed(data, read=cose.read_certificate)


@pytest.mark.parametrize("tag", ["d1", "d0", "d8 60", "d8 61", "d8 62"])
@pytest.mark.parametrize("length", [3, 4, 5])
def test_other_cose_messages(tag: str, length: int) -> None:
    """MACs, encrypted messages and COSE_Sign are no COSE_Sign1."""
    body = [_cbor.encode({1: 5}), {}, PAYLOAD, bytes(32), []][:length]
    for door in (open_sign1, cose.read_certificate):
        assert_malformed(bytes.fromhex(tag) + _cbor.encode(body), read=door)


def test_size_limit() -> None:
    """A message over the limit is refused before it is parsed."""
    data = cose.sign1(bytes(3000), signer=SIGNER)

    assert 3000 == len(open_sign1(data).payload)
    assert_malformed(data, read=lambda data: cose.open_sign1(data, keys=[KEY], max_bytes=1000))
    assert_malformed(data, read=cose.read_certificate)
    assert_malformed(b"\xd2" + bytes(2 << 20))


@given(st.binary(max_size=80))
def test_arbitrary_bytes(data: bytes) -> None:
    """Whatever the bytes, a door raises RejectedInputError, or UntrustedError where it verifies."""
    codes: set[str] = set()
    for candidate in (data, b"\xd2" + data, b"\xd2\x84" + data, b"\xd8\x62\x84" + data):
        for door in (open_sign1, cose.read_certificate, cose.read_sign):
            try:
                door(candidate)
            except (RejectedInputError, UntrustedError) as error:
                codes.add(error.code)
    assert codes <= {"malformed", "key-unknown", "signature-invalid"}


# Headers (RFC 9052 section 3.1)


BAD_HEADERS: list[dict[Any, Any]] = [
    {5: b"iv", 6: b"partial"},
    {5: b""},
    {6: b""},
    {5: "iv"},
    {6: 1},
    {3: ""},
    {3: "text"},
    {3: " text/plain"},
    {3: "text/plain "},
    {3: "text/plain\n"},
    {3: "text/"},
    {3: "/plain"},
    {3: "text/plain/x"},
    {3: "text /plain"},
    {3: "tëxt/plain"},
    {3: "text/plain; "},
    {3: "text/plain;"},
    {3: "text/" + "x" * 128},
    {3: -1},
    {3: b"text/plain"},
    {3: None},
    {16: b"x"},
]


@pytest.mark.parametrize("headers", BAD_HEADERS, ids=repr)
def test_headers_that_cannot_be(headers: dict[Any, Any]) -> None:
    """In either map: the rules are of the message, and an unsigned header is no excuse. Nor are they written."""
    assert_malformed(message({1: ES256, **headers}))
    assert_malformed(message({1: ES256}, headers))
    with pytest.raises(ValueError, match=r".+"):
        cose.sign1(PAYLOAD, signer=SIGNER, protected=headers)


def test_an_iv_in_each_map() -> None:
    """They must not be there together, wherever each of them is."""
    assert_malformed(message({1: ES256, 5: b"iv"}, {6: b"partial"}))
    assert_malformed(message({1: ES256, 6: b"partial"}, {5: b"iv"}))


@pytest.mark.parametrize(
    "headers",
    [
        *({5: b"i"}, {6: b"p"}, {3: 0}, {3: 60}, {3: 65535}, {3: "text/plain"}, {3: "application/a.b+c-d_e"}),
        *({3: "text/plain; charset=utf-8"}, {3: 'multipart/x;a="b c"'}, {99: None, "text": []}),
    ],
    ids=repr,
)
def test_headers_that_are_proper(headers: dict[Any, Any]) -> None:
    """In either map."""
    assert headers.items() <= open_sign1(message({1: ES256, **headers})).protected.items()
    assert headers == open_sign1(message({1: ES256}, headers)).unprotected


# Without a tag


def test_untagged_messages() -> None:
    """As in an mdoc: taken where the caller says so, and otherwise refused; a tag is always taken, another never."""
    bare = message(tag=b"")
    assert_malformed(bare)
    assert PAYLOAD == cose.open_sign1(bare, keys=[KEY], allow_untagged=True).payload
    assert PAYLOAD == cose.open_sign1(message(), keys=[KEY], allow_untagged=True).payload
    assert PAYLOAD == cose.open_sign1(b"\xd8\x3d" + message(), keys=[KEY], allow_untagged=True).payload
    for wrong in (b"\xd8\x3d" + bare, b"\xd8\x62" + bare, b"\xd1" + bare, b"", bare + b"\x00", b"\xd2" + message()):
        assert_malformed(wrong, read=lambda data: cose.open_sign1(data, keys=[KEY], allow_untagged=True))


# Which key is tried


OTHER = fixed_signer(ES256, 2)
THIRD = fixed_signer(ES256, 3)
ED = fixed_signer(EDDSA)


def named(signer: LocalSigner, key_id: bytes) -> LocalSigner:
    """The same private key under another key id."""
    return LocalSigner.from_pem(signer.to_pem(), algorithm=signer.public_key.algorithm, key_id=key_id)


def test_no_keys() -> None:
    """Without keys nobody is known."""
    with pytest.raises(UntrustedError) as caught:
        cose.open_sign1(message(), keys=[])

    assert "key-unknown" == caught.value.code


def test_no_key_of_the_algorithm() -> None:
    """A key that cannot have signed is no candidate, whatever its id."""
    keys = [ED.public_key, fixed_signer(ES384).public_key, fixed_signer(ML_DSA_44).public_key]
    with pytest.raises(UntrustedError) as caught:
        cose.open_sign1(message(), keys=keys)

    assert "key-unknown" == caught.value.code


@pytest.mark.parametrize("algorithm", [ES384, EDDSA, 5, -36, -37, 0, -65535, 2**63])
def test_algorithm_is_the_key_s(algorithm: int) -> None:
    """A message that states another algorithm than its key's is refused, HMAC with a public key among them."""
    with pytest.raises(UntrustedError) as caught:
        open_sign1(message({1: algorithm, 4: KEY.key_id}))

    assert "key-unknown" == caught.value.code


def test_key_id_selects() -> None:
    """Where one of the keys goes by the message's key id, no other is tried, even if it signed."""
    lying = message({1: ES256, 4: KEY.key_id}, signer=OTHER)
    with pytest.raises(UntrustedError) as caught:
        cose.open_sign1(lying, keys=[OTHER.public_key, KEY])

    assert "signature-invalid" == caught.value.code


def test_unknown_key_id_selects_nothing() -> None:
    """A key id that none of the caller's keys goes by is a hint that did not help: all are tried."""
    data = message({1: ES256, 4: b"unheard of"})

    assert KEY == cose.open_sign1(data, keys=[OTHER.public_key, KEY]).key


STATED = named(OTHER, b"key-1")
"""A key whose id somebody stated."""


@pytest.mark.parametrize("unprotected", [False, True])
@pytest.mark.parametrize("key_id", [b"key-2", KEY.key_id, OTHER.public_key.key_id, b"x" * 43])
def test_a_message_that_names_another_key(key_id: bytes, *, unprotected: bool) -> None:
    """It opens under no key whose id was stated, though that key signed it; unless the caller says so."""
    headers: tuple[Any, ...] = ({1: ES256}, {4: key_id}) if unprotected else ({1: ES256, 4: key_id}, {})
    data = message(*headers, signer=OTHER)
    for keys in ([STATED.public_key], [STATED.public_key, named(THIRD, b"key-3").public_key], [STATED.public_key, KEY]):
        with pytest.raises(UntrustedError) as caught:
            cose.open_sign1(data, keys=keys)
        assert "signature-invalid" == caught.value.code
        assert STATED.public_key == cose.open_sign1(data, keys=keys, ignore_key_id=True).key


def test_a_message_that_names_its_key_or_none() -> None:
    """The stated id, and no id at all, open; so does any id under a key that was given none."""
    for header in ({1: ES256, 4: b"key-1"}, {1: ES256}):
        assert STATED.public_key == cose.open_sign1(message(header, signer=OTHER), keys=[STATED.public_key]).key
    data = message({1: ES256, 4: b"theirs"}, signer=OTHER)
    assert OTHER.public_key == cose.open_sign1(data, keys=[named(THIRD, b"key-3").public_key, OTHER.public_key]).key


def test_no_key_id() -> None:
    """Without a key id all keys of the algorithm are tried."""
    assert KEY == cose.open_sign1(message({1: ES256}), keys=[ED.public_key, OTHER.public_key, KEY]).key
    with pytest.raises(UntrustedError) as caught:
        cose.open_sign1(message({1: ES256}), keys=[OTHER.public_key])
    assert "signature-invalid" == caught.value.code


def test_protected_key_id_wins() -> None:
    """A wrong key id that is signed is not mended by a right one that anybody may have written."""
    data = message({1: ES256, 4: OTHER.public_key.key_id}, {4: KEY.key_id})
    with pytest.raises(UntrustedError) as caught:
        cose.open_sign1(data, keys=[KEY, OTHER.public_key])

    assert "signature-invalid" == caught.value.code


def test_unprotected_key_id_helps() -> None:
    """Without a protected one, an unprotected key id selects."""
    keys = [KEY, OTHER.public_key]

    assert KEY == cose.open_sign1(message({1: ES256}, {4: KEY.key_id}), keys=keys).key
    with pytest.raises(UntrustedError):
        cose.open_sign1(message({1: ES256}, {4: OTHER.public_key.key_id}), keys=keys)


def test_several_keys_with_one_id() -> None:
    """All keys that go by the message's key id are tried, and no other."""
    same = [named(signer, b"same") for signer in (SIGNER, OTHER)]
    for signer in same:
        opened = cose.open_sign1(message({1: ES256, 4: b"same"}, signer=signer), keys=[s.public_key for s in same])
        assert signer.public_key == opened.key
    with pytest.raises(UntrustedError):
        cose.open_sign1(
            message({1: ES256, 4: b"same"}, signer=THIRD), keys=[*(s.public_key for s in same), THIRD.public_key]
        )


def test_key_id_of_a_key_of_another_algorithm() -> None:
    """A key that goes by the id but cannot have signed leaves no candidate."""
    keys = [named(ED, KEY.key_id).public_key, OTHER.public_key]
    with pytest.raises(UntrustedError) as caught:
        cose.open_sign1(message(signer=OTHER), keys=keys)

    assert "signature-invalid" == caught.value.code


def test_key_id_of_a_megabyte() -> None:
    """A long foreign key id is a bad hint and nothing else."""
    header = _cbor.encode({1: ES256, 4: bytes(100_000)})

    assert PAYLOAD == open_sign1(message(header)).payload


def test_ps256_message() -> None:
    """A foreign message signed with PS256 opens under its RSA key."""
    private = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    key = PublicKey.from_pem(private.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo))
    pss = padding.PSS(mgf=padding.MGF1(hashes.SHA256()), salt_length=32)
    header = _cbor.encode({1: -37})
    signature = private.sign(structure(header, PAYLOAD), pss, hashes.SHA256())

    assert PAYLOAD == cose.open_sign1(message(header, signature=signature), keys=[KEY, key]).payload


# The certificate profile


@pytest.mark.parametrize("algorithm", CERTIFICATE_ALGORITHMS)
def test_certificate_envelope(algorithm: int) -> None:
    """A certificate says which key and algorithm it claims, and gives its payload once a key verifies."""
    signer = fixed_signer(algorithm)
    envelope = cose.read_certificate(cose.sign1(PAYLOAD, signer=signer))

    assert algorithm == envelope.unverified_algorithm
    assert signer.public_key.key_id == envelope.unverified_key_id
    assert PAYLOAD == envelope.verify(signer.public_key)
    for key in (fixed_signer(algorithm, 2).public_key, fixed_signer(ML_DSA_65).public_key):
        with pytest.raises(UntrustedError) as caught:
            envelope.verify(key)
        assert "signature-invalid" == caught.value.code


def test_envelope_shows_nothing() -> None:
    """What nobody verified is not in a log."""
    text = repr(cose.read_certificate(message()))

    assert "payload" not in text


@pytest.mark.parametrize("size", [1, 63, 65, 72, 95, 97, 128, 256])
def test_signature_sizes_of_certificates(size: int) -> None:
    """Certificates have signatures of 64 or 96 bytes: neither DER nor ML-DSA nor RSA."""
    assert_malformed(message(signature=bytes(size)), read=cose.read_certificate)


@pytest.mark.parametrize("size", [64, 96])
def test_signature_of_another_size_than_the_key_s(size: int) -> None:
    """A length that fits another kind of key is not this key's signature."""
    envelope = cose.read_certificate(message(signature=bytes(size)))
    with pytest.raises(UntrustedError):
        envelope.verify(KEY)


@pytest.mark.parametrize("key_id", [b"", bytes(33)], ids=len)
def test_key_ids_of_certificates(key_id: bytes) -> None:
    """A certificate's key id has 1 to 32 bytes."""
    assert_malformed(message({1: ES256, 4: key_id}), read=cose.read_certificate)


@pytest.mark.parametrize(
    "header",
    [{1: ES256}, {4: b"k"}, {**HEADER, 3: 60}, {**HEADER, 16: "a"}, {1: True, 4: b"k"}, {1: ES256, 4: "k"}, {}],
)
def test_headers_of_certificates(header: dict[int, object]) -> None:
    """The protected header is exactly an algorithm and a key id."""
    assert_malformed(message(header), read=cose.read_certificate)


def test_long_forms_in_certificates() -> None:
    """A certificate has one encoding: longer forms that the general door verifies are refused."""
    data = message()
    long_array = b"\xd2\x98\x04" + data[2:]
    long_payload = data.replace(b"\x4b" + PAYLOAD, b"\x58\x0b" + PAYLOAD)
    for changed_data in (long_array, long_payload):
        assert PAYLOAD == open_sign1(changed_data).payload
        assert_malformed(changed_data, read=cose.read_certificate)


@pytest.mark.parametrize("algorithm", [ES256, EDDSA])
def test_every_changed_byte_of_a_certificate(algorithm: int) -> None:
    """No byte can change and the payload still verify: it is refused, by one of two errors."""
    signer = fixed_signer(algorithm)
    data = cose.sign1(PAYLOAD * 3, signer=signer)
    for mutated in changed(data):
        for verify in (
            lambda data: cose.read_certificate(data).verify(signer.public_key),
            lambda data: cose.open_sign1(data, keys=[signer.public_key]).payload,
        ):
            with pytest.raises((RejectedInputError, UntrustedError)) as caught:
                verify(mutated)  # type: ignore[no-untyped-call]  # a lambda
            assert caught.value.code in {"malformed", "signature-invalid", "key-unknown"}


def test_every_prefix_of_a_certificate() -> None:
    """A message that is cut off, or has a byte more, is malformed."""
    data = message()
    for door in (open_sign1, cose.read_certificate):
        for end in range(len(data)):
            assert_malformed(data[:end], read=door)
        assert_malformed(data + b"\x00", read=door)


# COSE_Sign


@every_algorithm
def test_sign_round_trip(algorithm: int) -> None:
    """A document says what it is, and who of those asked has signed it."""
    signer = fixed_signer(algorithm)
    read = cose.read_sign(cose.sign(PAYLOAD, signers=[signer], content_type="a/b"))

    assert ("a/b", PAYLOAD) == (read.content_type, read.payload)
    assert (signer.public_key,) == read.signed_by([signer.public_key])
    assert () == read.signed_by([fixed_signer(algorithm, 2).public_key])
    assert () == read.signed_by([])


MANY = [LocalSigner.generate(EDDSA) for _ in range(17)]


@pytest.mark.parametrize("count", [1, 2, 16])
def test_several_signatures(count: int) -> None:
    """Up to sixteen signatures, each found, none for those who did not sign."""
    signers_ = MANY[:count]
    read = cose.read_sign(cose.sign(PAYLOAD, signers=signers_, content_type="a/b"))

    assert [s.public_key for s in signers_] == list(read.signed_by(s.public_key for s in MANY))


def test_too_many_signatures() -> None:
    """A seventeenth signature is refused, at signing, at adding and at reading; so is none."""
    with pytest.raises(ValueError, match="16"):
        cose.sign(PAYLOAD, signers=MANY, content_type="a/b")
    with pytest.raises(ValueError, match="16"):
        cose.sign(PAYLOAD, signers=[], content_type="a/b")
    data = cose.sign(PAYLOAD, signers=MANY[:16], content_type="a/b")
    with pytest.raises(ValueError, match="16"):
        cose.add_signature(data, signer=MANY[16])
    header, unprotected, payload, signatures = _cbor.decode(data[2:], max_bytes=1 << 16)
    for count in (0, 17):
        wrong = b"\xd8\x62" + _cbor.encode([header, unprotected, payload, (signatures * 2)[:count]])
        assert_malformed(wrong, read=cose.read_sign)


def test_two_kinds_of_signature_side_by_side() -> None:
    """A member may sign with ES256 and with ML-DSA-65: each is a signature of its own."""
    pair = [SIGNER, fixed_signer(ML_DSA_65)]
    read = cose.read_sign(cose.sign(PAYLOAD, signers=pair, content_type="a/b"))

    assert [s.public_key for s in pair] == list(read.signed_by(s.public_key for s in pair))


def test_adding_a_signature() -> None:
    """Added signatures make the same document as signing together; those there are kept byte for byte."""
    one = cose.sign(PAYLOAD, signers=[SIGNER], content_type="a/b")
    both = cose.add_signature(one, signer=OTHER)

    assert (KEY, OTHER.public_key) == cose.read_sign(both).signed_by([KEY, OTHER.public_key])
    before, after = (_cbor.decode(data[2:], max_bytes=1 << 16) for data in (one, both))
    assert before[:3] == after[:3]
    assert before[3] == after[3][:1]


def test_adding_a_signature_twice() -> None:
    """A key that has signed is told so, under any of its ids or algorithms that the message uses."""
    data = cose.sign(PAYLOAD, signers=[SIGNER], content_type="a/b")
    with pytest.raises(IssuingError) as caught:
        cose.add_signature(data, signer=SIGNER)

    assert "already-signed" == caught.value.code


def test_adding_to_something_else() -> None:
    """A Sign1 or garbage gets no signature."""
    for data in (b"", message(), b"\xd8\x62\x80"):
        assert_malformed(data, read=lambda data: cose.add_signature(data, signer=SIGNER))


def test_one_key_counts_once() -> None:
    """The same key, twice under one id or under two, is one signer."""
    twice = [named(SIGNER, b"one"), named(SIGNER, b"two"), named(SIGNER, b"one")]
    read = cose.read_sign(cose.sign(PAYLOAD, signers=twice, content_type="a/b"))

    assert 1 == len(read.signed_by(s.public_key for s in twice))


def test_signature_under_another_s_id() -> None:
    """A signature whose key id is somebody else's is nobody's."""
    data = cose.sign(PAYLOAD, signers=[named(SIGNER, OTHER.public_key.key_id)], content_type="a/b")

    assert () == cose.read_sign(data).signed_by([KEY, OTHER.public_key])


def test_signature_under_another_algorithm() -> None:
    """A signature that is labelled with another kind of key's algorithm is nobody's."""
    body = _cbor.encode({16: "a/b"})
    header = _cbor.encode({1: EDDSA, 4: KEY.key_id})
    signature = SIGNER.sign(_cbor.encode(["Signature", body, header, b"", PAYLOAD]))
    data = b"\xd8\x62" + _cbor.encode([body, {}, PAYLOAD, [[header, {}, signature]]])

    assert () == cose.read_sign(data).signed_by([KEY])


BODY = _cbor.encode({16: "a/b"})
ONE = [_cbor.encode(HEADER), {}, bytes(64)]


@pytest.mark.parametrize(
    "body",
    [
        pytest.param([BODY, {}, PAYLOAD], id="three"),
        pytest.param([BODY, {}, PAYLOAD, [ONE], b""], id="five"),
        pytest.param([BODY, {}, PAYLOAD, ONE], id="signature in place of signatures"),
        pytest.param([BODY, {}, PAYLOAD, b""], id="bytes in place of signatures"),
        pytest.param([BODY, {}, PAYLOAD, None], id="null in place of signatures"),
        pytest.param([BODY, {}, None, [ONE]], id="detached"),
        pytest.param([BODY, {}, "text", [ONE]], id="text"),
        pytest.param(
            [BODY, {4: b"k"}, PAYLOAD, [ONE]],
            id="unprotected header",
        ),
        pytest.param([BODY, [], PAYLOAD, [ONE]], id="unprotected array"),
        pytest.param([{16: "a/b"}, {}, PAYLOAD, [ONE]], id="protected map"),
        pytest.param([b"", {}, PAYLOAD, [ONE]], id="no protected header"),
        pytest.param([b"\xa0", {}, PAYLOAD, [ONE]], id="empty protected header"),
        pytest.param([BODY + b"\x00", {}, PAYLOAD, [ONE]], id="trailing byte in protected"),
        pytest.param([_cbor.encode({16: "a", 1: -7}), {}, PAYLOAD, [ONE]], id="more protected"),
        pytest.param([_cbor.encode({16: b"a"}), {}, PAYLOAD, [ONE]], id="type is bytes"),
        pytest.param([_cbor.encode({16: 5}), {}, PAYLOAD, [ONE]], id="type is a number"),
        pytest.param([_cbor.encode({2: [16], 16: "a"}), {}, PAYLOAD, [ONE]], id="crit"),
        pytest.param([BODY, {}, PAYLOAD, [None]], id="null signature"),
        pytest.param([BODY, {}, PAYLOAD, [[]]], id="empty signature array"),
        pytest.param([BODY, {}, PAYLOAD, [ONE[:2]]], id="signature of two"),
        pytest.param([BODY, {}, PAYLOAD, [[*ONE, b""]]], id="signature of four"),
        pytest.param([BODY, {}, PAYLOAD, [[b"", {}, bytes(64)]]], id="signature without header"),
        pytest.param(
            [BODY, {}, PAYLOAD, [[ONE[0], {4: b"k"}, bytes(64)]]],
            id="signature with unprotected header",
        ),
        pytest.param([BODY, {}, PAYLOAD, [[ONE[0], {}, None]]], id="signature null"),
        pytest.param([BODY, {}, PAYLOAD, [[HEADER, {}, bytes(64)]]], id="signature's header is a map"),
        pytest.param([BODY, {}, PAYLOAD, [[_cbor.encode({1: ES256}), {}, bytes(64)]]], id="signature without key id"),
        pytest.param([BODY, {}, PAYLOAD, [[_cbor.encode({1: 1, 4: b""}), {}, b"x"]]], id="signature with empty key id"),
        pytest.param([BODY, {}, PAYLOAD, [[_cbor.encode({1: "a", 4: b"k"}), {}, b"x"]]], id="signature's alg is text"),
        pytest.param(None, id="null"),
        pytest.param({}, id="map"),
    ],
)
def test_documents_that_are_refused(body: object) -> None:
    """Whatever is not the trust list's profile of COSE_Sign is malformed."""
    assert_malformed(b"\xd8\x62" + _cbor.encode(body), read=cose.read_sign)


def test_tags_of_documents() -> None:
    """Tag 98, once, in its shortest form."""
    data = cose.sign(PAYLOAD, signers=[SIGNER], content_type="a/b")
    for wrong in (data[2:], b"\xd2" + data[2:], b"\xd8\x61" + data[2:], b"\xd9\x00\x62" + data[2:], data[:2] + data):
        assert_malformed(wrong, read=cose.read_sign)
    assert_malformed(b"\xd8\x3d" + data, read=cose.read_sign)
    assert_malformed(data, read=lambda data: cose.read_sign(data, max_bytes=20))


def test_every_changed_byte_of_a_document() -> None:
    """No byte can change and the signature still hold."""
    data = cose.sign(PAYLOAD, signers=[SIGNER], content_type="a/b")
    for mutated in changed(data):
        try:
            read = cose.read_sign(mutated)
        except RejectedInputError:
            continue
        assert () == read.signed_by([KEY])


# Signers that fail


@pytest.mark.parametrize(
    "answer", [OSError("down"), KeyError("x"), UntrustedError("key-weak"), None, b"", "signature", 5, bytearray(64)]
)
def test_signers_that_fail(answer: object) -> None:
    """Whatever a signer raises, or gives in place of bytes, is `signer-failed`, with its cause."""
    broken = BrokenSigner(answer, KEY)
    calls: list[Callable[[], bytes]] = [
        lambda: cose.sign1(PAYLOAD, signer=broken),
        lambda: cose.sign(PAYLOAD, signers=[broken], content_type="a/b"),
        lambda: cose.add_signature(
            cose.sign(PAYLOAD, signers=[OTHER], content_type="a/b"), signer=BrokenSigner(answer, KEY)
        ),
    ]
    for call in calls:
        with pytest.raises(IssuingError) as caught:
            call()
        assert "signer-failed" == caught.value.code
        assert caught.value.__cause__ is (answer if isinstance(answer, Exception) else None)


# Which code never runs


def test_pycose_is_not_loaded_to_verify() -> None:
    """A certificate is verified end to end without pycose, and so without its pure-Python ECDSA."""
    text = Issuer(signer=SIGNER).issue(CERTIFICATE)
    code = f"""
import sys
from datetime import UTC, datetime
from certcore import Policy, TrustList, Verifier
from certcore.testing import TRUST_ROOT
trust = TrustList.open({make_trust(SIGNER).to_bytes()!r}, root=TRUST_ROOT)
now = datetime(2026, 10, 1, tzinfo=UTC)
verifier = Verifier(trust=trust, status=None, policy=Policy.counterparty(), clock=lambda: now)
print(verifier.verify({text!r}, as_of=now).outcome.value)
print(sorted({{name.partition(".")[0] for name in sys.modules}} & {{"pycose", "ecdsa", "segno", "zxingcpp", "PIL"}}))
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True, text=True)

    assert ["valid", "[]"] == done.stdout.split()


@pytest.fixture
def traps(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Every way into the pure-Python ECDSA, and into pycose's own signing and checking, springs a trap."""
    import ecdsa  # type: ignore[import-untyped]  # ships no types
    import pycose.algorithms

    sprung: list[str] = []

    def trap(name: str) -> Callable[..., None]:
        def spring(*_: object, **__: object) -> None:
            sprung.append(name)
            raise AssertionError(name)

        return spring

    for kind in (ecdsa.SigningKey, ecdsa.VerifyingKey):
        for name in dir(kind):
            if name.startswith(("sign", "verify", "from_", "generate")):
                monkeypatch.setattr(kind, name, trap(f"{kind.__name__}.{name}"))
    for algorithm in vars(pycose.algorithms).values():
        for name in ("sign", "verify"):
            if isinstance(algorithm, type) and name in vars(algorithm):
                monkeypatch.setattr(algorithm, name, trap(f"{algorithm.__name__}.{name}"))
    return sprung


@every_algorithm
def test_pure_python_ecdsa_is_never_reached(algorithm: int, traps: list[str]) -> None:
    """Certificates, other messages and trust lists of every algorithm are signed and opened by `cryptography` alone."""
    signer = fixed_signer(algorithm)
    if algorithm in CERTIFICATE_ALGORITHMS:
        assert Issuer(signer=signer, clock=FixedClock(NOW)).issue(CERTIFICATE)
    data = cose.sign1(PAYLOAD, signer=signer)
    assert PAYLOAD == cose.open_sign1(data, keys=[signer.public_key]).payload
    contents = TrustListContents(
        version=1,
        issued_at=NOW,
        next_update_at=datetime(2027, 1, 1, tzinfo=UTC),
        issuers=[],
        environment=Environment.TEST,
    )
    signed = cose.add_signature(contents.sign(signer), signer=fixed_signer(ES384, 9))
    keys = [signer.public_key, fixed_signer(ES384, 9).public_key]
    root = TrustRoot(keys=keys, threshold=2, environments=[Environment.TEST])

    assert contents == TrustList.open(signed, root=root).contents
    assert [] == traps


def test_traps_spring(traps: list[str]) -> None:
    """The traps themselves work: pycose's own ES256 would have been seen."""
    import pycose.algorithms

    with pytest.raises(AssertionError):
        pycose.algorithms.Es256.sign(None, b"")  # type: ignore[arg-type]  # it never looks
    assert 1 == len(traps)


@given(st.binary(max_size=40), st.binary(max_size=40))
def test_only_certcore_errors_from_adding(data: bytes, tail: bytes) -> None:
    """Adding a signature to arbitrary bytes raises certcore's errors alone."""
    for candidate in (data, b"\xd8\x62" + data, cose.sign(data, signers=[ED], content_type="a")[:-3] + tail):
        with contextlib.suppress(CertcoreError):
            cose.add_signature(candidate, signer=SIGNER)
