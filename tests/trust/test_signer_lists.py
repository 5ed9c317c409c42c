"""Other people's signers as trusted keys: every form, what is left out and told, and what is refused."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    PublicFormat,
    load_pem_private_key,
    load_pem_public_key,
)
from cryptography.x509.oid import ExtensionOID, NameOID
from hypothesis import given
from hypothesis import strategies as st

from certcore import LocalSigner, cose
from certcore.errors import CertcoreError, RejectedInputError
from certcore.keys import EDDSA, ES256, ES384, ML_DSA_65, PublicKey
from certcore.trust import KeyUsage, TrustedKey, TrustListContents
from certcore.trust.signer_lists import (
    MAX_SIGNER_LIST_BYTES,
    MAX_SIGNERS,
    Imported,
    LeftOut,
    read_eu,
    read_jwks,
    read_x509,
)
from tests.strategies import fixed_signer
from tests.verify_cases import (
    ISSUED,
    NOW,
    SEEN,
    certificate,
    codes,
    registered,
    seal,
    trust_list,
    trusted_issuer,
    verifier,
)

BEGIN = datetime(2024, 1, 1, tzinfo=UTC)
END = datetime(2028, 1, 1, tzinfo=UTC)
USAGE = KeyUsage.CERTIFICATE

SIGNS = x509.KeyUsage(
    digital_signature=True,
    content_commitment=False,
    key_encipherment=False,
    data_encipherment=False,
    key_agreement=False,
    key_cert_sign=False,
    crl_sign=False,
    encipher_only=False,
    decipher_only=False,
)
CERTIFIES = x509.KeyUsage(
    digital_signature=False,
    content_commitment=False,
    key_encipherment=False,
    data_encipherment=False,
    key_agreement=False,
    key_cert_sign=True,
    crl_sign=True,
    encipher_only=False,
    decipher_only=False,
)

_CA = ec.derive_private_key(77, ec.SECP256R1())


def x509_of(
    signer: LocalSigner, *, begin: datetime = BEGIN, end: datetime = END, usage: x509.ExtensionType | None = SIGNS
) -> bytes:
    """An X.509 certificate of a signer's key, DER."""
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "signer")])
    key = load_pem_public_key(signer.public_key.to_pem())
    builder = x509.CertificateBuilder(name, name, key, 5, begin, end)  # type: ignore[arg-type]  # a key of ours is one of theirs
    if usage is not None:
        builder = builder.add_extension(usage, critical=isinstance(usage, x509.KeyUsage))
    return builder.sign(_CA, hashes.SHA256()).public_bytes(Encoding.DER)


def pem(der: bytes, label: str = "CERTIFICATE") -> bytes:
    """DER as a PEM block."""
    return f"-----BEGIN {label}-----\n".encode() + base64.encodebytes(der) + f"-----END {label}-----\n".encode()


def b64(data: bytes) -> str:
    """Bytes in Base64."""
    return base64.b64encode(data).decode()


def b64url(data: bytes) -> str:
    """Bytes in base64url, without padding."""
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def eu_id(der: bytes) -> bytes:
    """The EU's key id of a certificate."""
    return hashlib.sha256(der).digest()[:8]


def jwk_of(signer: LocalSigner, **members: Any) -> dict[str, Any]:  # noqa: ANN401  whatever a JWK may say
    """The JWK of a P-256 signer's public key."""
    key = load_pem_public_key(signer.public_key.to_pem())
    assert isinstance(key, ec.EllipticCurvePublicKey)
    numbers = key.public_numbers()
    point = {name: b64url(number.to_bytes(32, "big")) for name, number in (("x", numbers.x), ("y", numbers.y))}
    return {"kty": "EC", "crv": "P-256", **point, **members}


def spki_of(signer: LocalSigner) -> bytes:
    """The SubjectPublicKeyInfo of a signer's key."""
    return load_pem_public_key(signer.public_key.to_pem()).public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)


ONE, TWO, THREE = (fixed_signer(ES256, seed) for seed in (31, 32, 33))
DER_1, DER_2, DER_3 = map(x509_of, (ONE, TWO, THREE))

x509_keys = partial(read_x509, usage=USAGE)
jwks_keys = partial(read_jwks, usage=USAGE, not_before=BEGIN, not_after=END)
eu_keys = partial(read_eu, usage=USAGE)


def refused(call: Callable[[], object]) -> tuple[str, dict[str, str | int]]:
    """The code and the facts with which a list is refused."""
    with pytest.raises(RejectedInputError) as caught:
        call()
    return caught.value.code, dict(caught.value.detail)


def jwk_set(*jwks: object) -> bytes:
    """A JWK Set."""
    return json.dumps({"keys": jwks}).encode()


# X.509


def test_a_certificate() -> None:
    """Its key goes by the EU's id and by certcore's, within its own window, for what the caller says."""
    imported = read_x509(DER_1, usage=KeyUsage.STATUS, authorities=["DE-*"])

    assert Imported(keys=imported.keys, left_out=()) == imported
    (key,) = imported.keys
    assert (eu_id(DER_1), ONE.public_key.key_id) == key.key_ids
    assert (BEGIN, END, ("DE-*",), KeyUsage.STATUS) == (key.not_before, key.not_after, key.authorities, key.usage)
    assert (ONE.public_key.thumbprint, eu_id(DER_1)) == (key.public_key.thumbprint, key.public_key.key_id)


@pytest.mark.parametrize("algorithm", [ES256, ES384, EDDSA, ML_DSA_65])
def test_certificates_of_every_kind(algorithm: int) -> None:
    """A certificate may hold any key that certcore uses."""
    signer = fixed_signer(algorithm, 40)

    assert [signer.public_key.thumbprint] == [key.public_key.thumbprint for key in x509_keys(x509_of(signer)).keys]


@pytest.mark.parametrize(
    "data",
    [
        DER_1 + DER_2 + DER_3,
        pem(DER_1) + pem(DER_2) + pem(DER_3),
        b"subject=/CN=1\n" + pem(DER_1) + b"\n\nissuer=x\n" + pem(DER_2).replace(b"\n", b"\r\n") + pem(DER_3),
        pem(DER_1, "X509 CERTIFICATE") + pem(DER_2) + pem(DER_3) + b"the end",
        pem(DER_1) + pem(DER_1) + pem(DER_2) + pem(DER_3) + pem(DER_2),
    ],
    ids=["DER", "PEM", "PEM with text", "an old label", "repeated"],
)
def test_several_certificates(data: bytes) -> None:
    """One after another in either form; the same certificate twice is one key."""
    imported = x509_keys(data)

    assert [eu_id(der) for der in (DER_1, DER_2, DER_3)] == [key.key_ids[0] for key in imported.keys]
    assert () == imported.left_out


def test_the_callers_window_only_narrows() -> None:
    """A certificate's dates are never stretched."""
    day = timedelta(days=1)
    for not_before, not_after, expected in (
        (BEGIN - day, END + day, (BEGIN, END)),
        (BEGIN + day, None, (BEGIN + day, END)),
        (None, END - day, (BEGIN, END - day)),
    ):
        (key,) = x509_keys(DER_1, not_before=not_before, not_after=not_after).keys
        assert expected == (key.not_before, key.not_after)
    assert "signer-list-entry" == refused(lambda: x509_keys(DER_1, not_before=END + day))[0]


def test_a_certificate_without_an_end() -> None:
    """A certificate to the end of 9999 becomes a key that a trust list can state."""
    der = x509_of(ONE, begin=datetime(1960, 1, 1, tzinfo=UTC), end=datetime(9999, 12, 31, 23, 59, 59, tzinfo=UTC))
    (key,) = x509_keys(der).keys

    assert (1970, 9998) == (key.not_before.year, key.not_after.year)
    opened = trust_list(trusted_issuer(key))
    assert (key,) == opened.issuers[0].keys


def test_one_key_in_two_certificates() -> None:
    """A renewed certificate adds its id and its time; where time is missing between the two, it is told."""
    renewed = x509_of(ONE, begin=END, end=END + timedelta(days=365))
    later = x509_of(ONE, begin=END + timedelta(days=30), end=END + timedelta(days=365))
    (key,) = x509_keys(DER_1 + renewed).keys

    assert (eu_id(DER_1), ONE.public_key.key_id, eu_id(renewed)) == key.key_ids
    assert (BEGIN, END + timedelta(days=365)) == (key.not_before, key.not_after)
    assert "certificates[1]" == refused(lambda: x509_keys(DER_1 + later))[1]["place"]


def test_a_certificate_of_a_ca() -> None:
    """A certificate whose key usage lets it sign no documents is refused; without key usage it may."""
    ca = x509_of(TWO, usage=CERTIFIES)

    assert ("signer-list-entry", {"place": "certificates[0]", "cause": "key-usage"}) == refused(lambda: x509_keys(ca))
    assert 1 == len(x509_keys(x509_of(TWO, usage=None)).keys)


def test_a_certificate_whose_extensions_cannot_be_read() -> None:
    """What its key may do is not known, so it may do nothing; there is one such among the EU's test signers."""
    unreadable = x509.UnrecognizedExtension(ExtensionOID.EXTENDED_KEY_USAGE, b"\x30\x00")

    assert "key-malformed" == refused(lambda: x509_keys(x509_of(ONE, usage=unreadable)))[1]["cause"]


def test_what_is_left_out_is_told() -> None:
    """With `skip_unusable` the others are taken, and each that was not has its place, its code and why."""
    weak = x509_of(TWO, usage=CERTIFIES)
    data = pem(DER_1) + pem(b"no certificate") + pem(weak) + pem(spki_of(TWO), "PUBLIC KEY") + pem(DER_3)
    imported = x509_keys(data, skip_unusable=True)

    assert [eu_id(DER_1), eu_id(DER_3)] == [key.key_ids[0] for key in imported.keys]
    assert [
        ("certificates[1]", "key-malformed"),
        ("certificates[2]", "key-usage"),
        ("certificates[3]", "signer-list-entry"),
    ] == [(one.place, one.code) for one in imported.left_out]
    assert all(one.why for one in imported.left_out)
    assert "certificates[1]" == refused(lambda: x509_keys(data))[1]["place"]


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"x",
        b"0",
        b"0\x80",
        b"0\x85\x01\x01\x01\x01\x01",
        DER_1[:-1],
        DER_1 + b"x",
        b"-----BEGIN CERTIFICATE-----\n",
        pem(DER_1).replace(b"END", b"FIN"),
        pem(DER_1) + b"-----BEGIN CERTIFICATE-----\n",
        bytes(MAX_SIGNER_LIST_BYTES + 1),
        b"0\x00" * (MAX_SIGNERS + 1),
        b"-----BEGIN X-----\n-----END X-----\n" * (MAX_SIGNERS + 1),
    ],
    ids=[
        "nothing",
        "text",
        "no length",
        "endless",
        "long length",
        "cut",
        "trailing byte",
        "PEM begun",
        "PEM not ended",
        "PEM begun twice",
        "zeros",
        "many in DER",
        "many in PEM",
    ],
)
@pytest.mark.parametrize("skip_unusable", [False, True])
def test_files_that_are_no_certificates(data: bytes, *, skip_unusable: bool) -> None:
    """What cannot be taken apart, is too large, or names nobody is malformed, whether entries may be skipped or not."""
    assert "signer-list-malformed" == refused(lambda: x509_keys(data, skip_unusable=skip_unusable))[0]


def test_a_file_of_beginnings_takes_no_time() -> None:
    """A file of nothing but PEM beginnings is told at the first, not searched once for each."""
    data = b"-----BEGIN A-----" * (MAX_SIGNER_LIST_BYTES // 17)

    assert "signer-list-malformed" == refused(lambda: x509_keys(data))[0]


@pytest.mark.parametrize("skip_unusable", [False, True])
def test_a_private_key(*, skip_unusable: bool) -> None:
    """A private key in any list refuses it whole: it is not for us to have."""
    private = load_pem_private_key(ONE.to_pem(), None)
    assert isinstance(private, ec.EllipticCurvePrivateKey)
    secret = b64url(private.private_numbers().private_value.to_bytes(32, "big"))
    readers: list[tuple[Callable[..., object], bytes | str]] = [
        (x509_keys, pem(DER_1) + ONE.to_pem()),
        (jwks_keys, jwk_set(jwk_of(TWO), jwk_of(ONE, d=secret))),
        (jwks_keys, jwk_set({"kty": "oct", "k": "c2VjcmV0"})),
        (jwks_keys, jwk_set({"kty": "AKP", "alg": "ML-DSA-65", "priv": "eHh4"})),
        (eu_keys, json.dumps({"dsc_trust_list": {"DE": {"keys": [jwk_of(ONE, d=secret)]}}})),
    ]
    for read, data in readers:
        with pytest.raises(RejectedInputError) as caught:
            read(data, skip_unusable=skip_unusable)
        assert "signer-list-private" == caught.value.code
        assert secret not in str(caught.value)


# JWKS


def test_a_jwk_set() -> None:
    """Keys go by their kid as text, and by certcore's own id; one without kid by that alone."""
    imported = jwks_keys(jwk_set(jwk_of(ONE, kid="2026-a", alg="ES256", use="sig"), jwk_of(TWO)))

    assert [(b"2026-a", ONE.public_key.key_id), (TWO.public_key.key_id,)] == [key.key_ids for key in imported.keys]
    assert {(BEGIN, END)} == {(key.not_before, key.not_after) for key in imported.keys}
    assert imported == jwks_keys(jwk_set(jwk_of(ONE, kid="2026-a"), jwk_of(TWO)).decode())


def test_kids_in_base64url() -> None:
    """Where the kid is base64url of what messages carry, those bytes are the id: up to 32, a thumbprint of SHA-256."""
    thumbprint = hashlib.sha256(b"x").digest()
    jwk = jwk_of(ONE, kid=b64url(thumbprint))
    (key,) = jwks_keys(jwk_set(jwk), base64url_kids=True).keys

    assert (thumbprint, ONE.public_key.key_id) == key.key_ids
    assert "keys[0]" == refused(lambda: jwks_keys(jwk_set(jwk)))[1]["place"]
    assert "signer-list-entry" == refused(lambda: jwks_keys(jwk_set(jwk_of(ONE, kid="?")), base64url_kids=True))[0]


def test_keys_that_are_not_for_signing() -> None:
    """A key for encryption is no signer: left out, and told, without refusing the others."""
    imported = jwks_keys(
        jwk_set(jwk_of(ONE, use="enc"), jwk_of(TWO, key_ops=["deriveKey"]), jwk_of(THREE, key_ops=["verify"]))
    )

    assert [THREE.public_key.thumbprint] == [key.public_key.thumbprint for key in imported.keys]
    assert [("keys[0]", "key-usage"), ("keys[1]", "key-usage")] == [(one.place, one.code) for one in imported.left_out]


@pytest.mark.parametrize(
    ("jwk", "cause"),
    [
        (5, "signer-list-entry"),
        (None, "signer-list-entry"),
        ({}, "key-unsupported"),
        ({"kty": "EC", "crv": "P-521"}, "key-unsupported"),
        (jwk_of(ONE, alg="RS256"), "key-unsupported"),
        (jwk_of(ONE, alg="ES384"), "key-unsupported"),
        (jwk_of(ONE, x="AA"), "key-malformed"),
        (jwk_of(ONE, x=b64url(bytes(32))), "key-weak"),
        (jwk_of(ONE, kid=5), "signer-list-entry"),
        (jwk_of(ONE, kid=""), "signer-list-entry"),
        (jwk_of(ONE, kid="x" * 33), "signer-list-entry"),
        (jwk_of(ONE, key_ops=5), "signer-list-entry"),
        ({"kty": "OKP", "crv": "Ed25519", "x": b64url(bytes(32))}, "key-weak"),
    ],
    ids=lambda value: ascii(value)[:40],
)
def test_jwks_that_cannot_be_used(jwk: object, cause: str) -> None:
    """An unusable JWK refuses the set with its place and cause; it is left out where that was asked for."""
    data = jwk_set(jwk_of(TWO), jwk)

    assert ("signer-list-entry", {"place": "keys[1]", "cause": cause}) == refused(lambda: jwks_keys(data))
    imported = jwks_keys(data, skip_unusable=True)
    assert ([TWO.public_key.thumbprint], [cause]) == (
        [key.public_key.thumbprint for key in imported.keys],
        [one.code for one in imported.left_out],
    )


NOT_JSON: list[bytes | str] = [
    b"",
    b"{",
    b"\xff",
    b"[1]",
    b"5",
    b'{"keys":{}}',
    b'{"keys":[]}',
    b'{"keys":[],"keys":[]}',
    b'{"keys":[NaN]}',
    b'{"payload":"e30","signatures":[]}',
    b"[" * 100_000,
    b'{"keys":[' + b"9" * 5000 + b"]}",
    b" " * (MAX_SIGNER_LIST_BYTES + 1),
    b'{"keys":[' + b"1," * MAX_SIGNERS + b"1]}",
]


@pytest.mark.parametrize("data", NOT_JSON, ids=lambda data: ascii(data)[:30])
def test_files_that_are_no_jwk_set(data: bytes | str) -> None:
    """Broken, doubled, bottomless or boundless JSON, a signed set and an empty one are malformed."""
    assert "signer-list-malformed" == refused(lambda: jwks_keys(data, skip_unusable=True))[0]


# The EU's lists


def entry(der: bytes, country: object = "DE", **members: Any) -> dict[str, Any]:  # noqa: ANN401  any member
    """An entry of the gateway's list."""
    return {
        "kid": b64(eu_id(der)),
        "timestamp": "2026-01-01T00:00:00+02:00",
        "country": country,
        "certificateType": "DSC",
        "thumbprint": "x",
        "signature": "x",
        "rawData": b64(der),
        **members,
    }


GATEWAY = [entry(DER_1), entry(DER_2, "FR"), entry(DER_3)]
DSC_LIST = {
    "iss": "x",
    "iat": 5,
    "dsc_trust_list": {
        "DE": {
            "keys": [
                {**jwk_of(ONE), "kid": b64(eu_id(DER_1)), "x5c": [b64(DER_1)]},
                {"kid": b64(eu_id(DER_3)), "x5c": [b64(DER_3), "more"]},
            ],
            "eku": {},
        },
        "FR": {"keys": [{"x5c": [b64(DER_2)]}]},
    },
}
KEYS_ALONE = {
    "nl_keys": [],
    "eu_keys": {
        b64(eu_id(DER_1)): [{"subjectPk": b64(spki_of(ONE)), "ian": "DE", "san": "", "keyUsage": ["v"]}],
        b64(eu_id(DER_2)): [{"subjectPk": b64(spki_of(TWO)), "ian": "FR"}],
        b64(eu_id(DER_3)).rstrip("="): [{"subjectPk": b64(spki_of(THREE)), "ian": "DE"}],
    },
}
PUBLIC_KEYS = [
    {"kid": b64(eu_id(der)), "publicKey": b64(spki_of(signer)), "country": country}
    for signer, der, country in ((ONE, DER_1, "DE"), (TWO, DER_2, "FR"), (THREE, DER_3, "DE"))
]


@pytest.mark.parametrize(
    "members",
    [GATEWAY, {"certificates": GATEWAY}, DSC_LIST, KEYS_ALONE, PUBLIC_KEYS],
    ids=["gateway", "certificates", "DSC list", "keys alone", "public keys"],
)
def test_the_eus_lists(members: object) -> None:
    """Every form that was in use gives the same keys, under the same ids, by country."""
    found = eu_keys(json.dumps(members), not_before=BEGIN, not_after=END)

    assert {
        "DE": [(eu_id(DER_1), ONE.public_key.key_id), (eu_id(DER_3), THREE.public_key.key_id)],
        "FR": [(eu_id(DER_2), TWO.public_key.key_id)],
    } == {country: [key.key_ids for key in keys] for country, keys in found.countries.items()}
    assert {(BEGIN, END)} == {(key.not_before, key.not_after) for keys in found.countries.values() for key in keys}
    assert () == found.left_out


def test_one_country_alone() -> None:
    """Only the entries of the countries that are wanted are read: another's broken one does no harm."""
    members = [*GATEWAY, entry(DER_1, "IT", rawData="broken")]

    assert ["FR"] == list(eu_keys(json.dumps(members), countries=["FR"]).countries)
    assert {"place": "[3]", "cause": "key-malformed"} == refused(lambda: eu_keys(json.dumps(members)))[1]
    assert "signer-list-malformed" == refused(lambda: eu_keys(json.dumps(members), countries=["ES"]))[0]


def test_authorities_in_a_gateways_list() -> None:
    """CAs and upload certificates never were signers: left out and told, not refused."""
    members = [*GATEWAY, entry(DER_1, certificateType="CSCA"), entry(DER_2, certificateType="UPLOAD")]
    found = eu_keys(json.dumps(members))

    assert 3 == sum(map(len, found.countries.values()))
    assert [
        LeftOut(place="[3]", code="key-usage", why="it is not a document signer"),
        LeftOut(place="[4]", code="key-usage", why="it is not a document signer"),
    ] == list(found.left_out)


@pytest.mark.parametrize(
    ("member", "cause"),
    [
        (5, "signer-list-entry"),
        ({}, "signer-list-entry"),
        (entry(DER_1, country="Germany"), "signer-list-entry"),
        (entry(DER_1, country=None), "signer-list-entry"),
        (entry(DER_1, country=["DE"]), "signer-list-entry"),
        (entry(DER_1, kid=b64(bytes(8))), "signer-list-entry"),
        (entry(DER_1, kid=5), "signer-list-entry"),
        (entry(DER_1, kid="?"), "signer-list-entry"),
        (entry(DER_1, rawData=None), "signer-list-entry"),
        (entry(DER_1, rawData="?"), "signer-list-entry"),
        (entry(DER_1, rawData=b64(b"x")), "key-malformed"),
        ({"kid": "AA==", "country": "DE"}, "signer-list-entry"),
        ({"kid": "AA==", "country": "DE", "publicKey": b64(b"x")}, "key-malformed"),
        ({"kid": b64(bytes(33)), "country": "DE", "publicKey": b64(spki_of(ONE))}, "signer-list-entry"),
        ({"kid": "AA==", "country": "DE", "publicKey": b64(spki_of(ONE))}, "signer-list-entry"),
    ],
    ids=[
        "number",
        "empty",
        "name for a country",
        "no country",
        "list for a country",
        "foreign id",
        "number for an id",
        "id not Base64",
        "no certificate",
        "certificate not Base64",
        "certificate not DER",
        "nothing but an id",
        "key not DER",
        "long id",
        "no window",
    ],
)
def test_entries_that_cannot_be_used(member: object, cause: str) -> None:
    """An unusable entry refuses the list with its place and cause; it is left out where that was asked for.

    The last one is a key without a window.
    """
    data = json.dumps([entry(DER_2), member])

    assert ("signer-list-entry", {"place": "[1]", "cause": cause}) == refused(lambda: eu_keys(data))
    found = eu_keys(data, skip_unusable=True)
    assert (["DE"], [("[1]", cause)]) == (list(found.countries), [(one.place, one.code) for one in found.left_out])


def test_a_jwk_that_is_not_its_certificates() -> None:
    """A DSC list whose JWK and certificate disagree about the key is refused: readers would not agree, either."""
    members = {"dsc_trust_list": {"DE": {"keys": [{**jwk_of(TWO), "x5c": [b64(DER_1)]}]}}}

    assert "dsc_trust_list.DE.keys[0]" == refused(lambda: eu_keys(json.dumps(members)))[1]["place"]


@pytest.mark.parametrize(
    "members",
    [
        {},
        [],
        5,
        {"certificates": {}},
        {"dsc_trust_list": []},
        {"dsc_trust_list": {"DE": []}},
        {"dsc_trust_list": {"DE": {"keys": {}}}},
        {"dsc_trust_list": {}},
        {"eu_keys": []},
        {"eu_keys": {"AA==": {}}},
        {"eu_keys": {}},
        {"keys": [jwk_of(ONE)]},
    ],
    ids=ascii,
)
def test_files_that_are_no_list_of_the_eu(members: object) -> None:
    """Other JSON is malformed, and so is a list without a signer."""
    assert "signer-list-malformed" == refused(lambda: eu_keys(json.dumps(members), skip_unusable=True))[0]


def test_a_signature_line_before_a_list() -> None:
    """A list with a line of signature before it is not read: whoever imports it has not checked that line."""
    assert "signer-list-malformed" == refused(lambda: eu_keys(b64(bytes(64)) + "\n" + json.dumps(GATEWAY)))[0]


# All of them


@pytest.mark.parametrize("usage", ["signing", 5, None])
def test_a_usage_that_is_none(usage: Any) -> None:  # noqa: ANN401  the mistake under test
    """What the caller gets wrong is a ValueError, not the list's fault."""
    with pytest.raises(ValueError, match=r".+"):
        read_x509(DER_1, usage=usage)
    with pytest.raises(ValueError, match="window"):
        read_x509(DER_1, usage=USAGE, not_before=END, not_after=BEGIN)
    with pytest.raises(ValueError, match="zone"):
        read_x509(DER_1, usage=USAGE, not_before=datetime(2026, 1, 1))  # noqa: DTZ001  as above


@given(st.binary(max_size=200), st.recursive(st.none() | st.text(max_size=5) | st.integers(), st.lists, max_leaves=5))
def test_arbitrary_lists(data: bytes, value: object) -> None:
    """Whatever the file, there are keys or an error of certcore's."""
    readers: list[Callable[..., object]] = [x509_keys, jwks_keys, eu_keys]
    texts = [
        json.dumps(members).encode()
        for members in (
            {"keys": [value]},
            [value],
            {"certificates": [{"country": "DE", "kid": value, "rawData": value}]},
            {"dsc_trust_list": {"DE": {"keys": [{"x5c": value}]}}},
            {"eu_keys": {"AA": [{"ian": "DE", "subjectPk": value}]}},
        )
    ]
    for read in readers:
        for candidate in (data, b"-----BEGIN " + data, b"0\x82" + data, *texts):
            with pytest.raises(CertcoreError):
                read(candidate)


def test_certificates_verify_under_imported_keys() -> None:
    """From an X.509 file into a trust list, and a certificate signed under either key id is valid."""
    signer = LocalSigner.generate()
    der = x509_of(signer, begin=ISSUED - timedelta(days=1), end=ISSUED + timedelta(days=365))
    trust = trust_list(trusted_issuer(*x509_keys(der).keys))
    with_eu_id = LocalSigner.from_pem(signer.to_pem(), key_id=eu_id(der))

    for one in (signer, with_eu_id):
        verdict = verifier(registered(), trust=trust).verify(
            seal(certificate(), one), as_of=NOW - timedelta(days=1), expect=SEEN
        )
        assert [] == codes(verdict)


def test_imported_keys_go_into_a_list() -> None:
    """Keys of all three forms make one list, and check a foreign COSE_Sign1."""
    imported: list[TrustedKey] = [
        *x509_keys(DER_1).keys,
        *jwks_keys(jwk_set(jwk_of(TWO, kid="2"))).keys,
        *eu_keys(json.dumps([entry(DER_3)])).countries["DE"],
    ]
    contents = TrustListContents(version=1, issued_at=BEGIN, next_update_at=END, issuers=[trusted_issuer(*imported)])
    keys: list[PublicKey] = [key.public_key for issuer in contents.issuers for key in issuer.keys]

    for signer, key_id in ((ONE, eu_id(DER_1)), (TWO, b"2"), (THREE, eu_id(DER_3))):
        renamed = LocalSigner.from_pem(signer.to_pem(), key_id=key_id)
        opened = cose.open_sign1(cose.sign1(b"x", signer=renamed), keys=keys)
        assert signer.public_key.thumbprint == opened.key.thumbprint
