"""X.509 certificates as signers: what they may sign, and that an odd one costs itself alone, through every door."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, load_pem_public_key
from cryptography.x509.oid import NameOID, ObjectIdentifier

from certcore.errors import CertcoreError, RejectedInputError
from certcore.keys import ES256, PublicKey
from certcore.trust import KeyUsage, TrustedKey
from certcore.trust.signer_lists import LeftOut, read_eu, read_x509
from tests.strategies import fixed_signer
from tests.trust.test_signer_lists import BEGIN, CERTIFIES, END, SIGNS, b64, entry, pem

SIGNER = fixed_signer(ES256, 41)
CA_KEY = ec.derive_private_key(78, ec.SECP256R1())
SIGNS_AND_CERTIFIES = x509.KeyUsage(
    digital_signature=True,
    content_commitment=False,
    key_encipherment=False,
    data_encipherment=False,
    key_agreement=False,
    key_cert_sign=True,
    crl_sign=False,
    encipher_only=False,
    decipher_only=False,
)


def certificate(*extensions: tuple[x509.ExtensionType, bool], seed: int = 41) -> bytes:
    """A certificate with extensions, each critical or not, DER."""
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "signer")])
    key = load_pem_public_key(fixed_signer(ES256, seed).public_key.to_pem())
    builder = x509.CertificateBuilder(name, name, key, 5, BEGIN, END)  # type: ignore[arg-type]  # a key of ours is one of theirs
    for extension, is_critical in extensions:
        builder = builder.add_extension(extension, critical=is_critical)
    return builder.sign(CA_KEY, hashes.SHA256()).public_bytes(Encoding.DER)


def purposes(*oids: str) -> x509.ExtendedKeyUsage:
    """An extended key usage."""
    return x509.ExtendedKeyUsage([ObjectIdentifier(oid) for oid in oids])


SERVER, CLIENT, CODE, MAIL, STAMP, OCSP = (f"1.3.6.1.5.5.7.3.{number}" for number in (1, 2, 3, 4, 8, 9))
DOCUMENTS, ANY, EU_TEST, OWN = "1.3.6.1.5.5.7.3.36", "2.5.29.37.0", "1.3.6.1.4.1.1847.2021.1.1", "1.2.3.4"


def unknown(oid: str = "1.2.3.4.5") -> x509.UnrecognizedExtension:
    """An extension of somebody's own."""
    return x509.UnrecognizedExtension(ObjectIdentifier(oid), b"\x05\x00")


Read = Callable[..., tuple[tuple[TrustedKey, ...], tuple[LeftOut, ...]]]


def by_x509(*ders: bytes, **how: Any) -> tuple[tuple[TrustedKey, ...], tuple[LeftOut, ...]]:  # noqa: ANN401  those of the reader
    """The certificates as PEM."""
    found = read_x509(b"".join(map(pem, ders)), usage=KeyUsage.STATUS, **how)
    return found.keys, found.left_out


def by_der(*ders: bytes, **how: Any) -> tuple[tuple[TrustedKey, ...], tuple[LeftOut, ...]]:  # noqa: ANN401  as above
    """The certificates as DER."""
    found = read_x509(b"".join(ders), usage=KeyUsage.CERTIFICATE, **how)
    return found.keys, found.left_out


def by_gateway(*ders: bytes, **how: Any) -> tuple[tuple[TrustedKey, ...], tuple[LeftOut, ...]]:  # noqa: ANN401  as above
    """The certificates in the gateway's form."""
    found = read_eu(json.dumps([entry(der) for der in ders]), usage=KeyUsage.CERTIFICATE, **how)
    return found.countries["DE"], found.left_out


def by_dsc_list(*ders: bytes, **how: Any) -> tuple[tuple[TrustedKey, ...], tuple[LeftOut, ...]]:  # noqa: ANN401  as above
    """The certificates in the DSC trust list's form."""
    lists = {"DE": {"keys": [{"x5c": [b64(der)]} for der in ders]}}
    found = read_eu(json.dumps({"dsc_trust_list": lists}), usage=KeyUsage.CERTIFICATE, **how)
    return found.countries["DE"], found.left_out


every_door = pytest.mark.parametrize("read", [by_x509, by_der, by_gateway, by_dsc_list])
GOOD = certificate((SIGNS, True), seed=42)


@every_door
@pytest.mark.parametrize(
    "extensions",
    [
        *(
            [(purposes(one), critical)]
            for one in (SERVER, CLIENT, CODE, MAIL, STAMP, OCSP, OWN)
            for critical in (True, False)
        ),
        [(purposes(SERVER, CLIENT, OWN), False)],
        [(SIGNS, True), (purposes(STAMP), True)],
        [(unknown(), True)],
        [(SIGNS, True), (purposes(DOCUMENTS), False), (unknown("1.3.6.9"), True)],
        [(x509.NameConstraints([x509.DNSName("a.example")], None), True)],
        [(x509.BasicConstraints(ca=True, path_length=None), True)],
        [(x509.BasicConstraints(ca=True, path_length=0), False), (SIGNS, True)],
        [(x509.BasicConstraints(ca=True, path_length=None), True), (SIGNS_AND_CERTIFIES, True)],
        [(CERTIFIES, False)],
    ],
    ids=lambda extensions: ", ".join(f"{type(one).__name__}{'!' * critical}" for one, critical in extensions),
)
def test_certificates_that_sign_no_documents(read: Read, extensions: list[Any]) -> None:
    """By their extended key usage, an unknown critical extension, or as a CA's: refused, or left out and told."""
    bad = certificate(*extensions)

    with pytest.raises(RejectedInputError) as caught:
        read(GOOD, bad, GOOD)
    assert ("signer-list-entry", "key-usage") == (caught.value.code, dict(caught.value.detail)["cause"])
    keys, left_out = read(GOOD, bad, GOOD, skip_unusable=True)
    assert [fixed_signer(ES256, 42).public_key.thumbprint] == [key.public_key.thumbprint for key in keys]
    assert ["key-usage"] == [one.code for one in left_out]


@every_door
@pytest.mark.parametrize(
    "extensions",
    [
        [],
        [(purposes(DOCUMENTS), True)],
        [(purposes(ANY), False)],
        [(purposes(SERVER, EU_TEST), False)],
        [(SIGNS, True), (x509.BasicConstraints(ca=False, path_length=None), True), (unknown(), False)],
        [(x509.SubjectAlternativeName([x509.DNSName("a.example")]), True)],
    ],
)
def test_certificates_that_sign_documents(read: Read, extensions: list[Any]) -> None:
    """Without an extended key usage, with one that admits it, and with extensions that say nothing of it."""
    keys, left_out = read(certificate(*extensions))

    assert ([SIGNER.public_key.thumbprint], ()) == ([key.public_key.thumbprint for key in keys], left_out)


@every_door
def test_purposes_of_the_callers(read: Read) -> None:
    """A national purpose counts where the caller names it; that opens nothing else."""
    keys, _ = read(certificate((purposes(OWN), True)), purposes=[OWN])

    assert [SIGNER.public_key.thumbprint] == [key.public_key.thumbprint for key in keys]
    with pytest.raises(RejectedInputError):
        read(certificate((purposes(SERVER), True)), purposes=[OWN])


def _version_2(der: bytes) -> bytes:
    return der.replace(b"\xa0\x03\x02\x01\x02", b"\xa0\x03\x02\x01\x01", 1)


def _twice(der: bytes) -> bytes:
    """Two extensions made one and the same: 2.5.29.14 becomes 2.5.29.15."""
    assert 1 == der.count(b"\x06\x03\x55\x1d\x0e")
    return der.replace(b"\x06\x03\x55\x1d\x0e", b"\x06\x03\x55\x1d\x0f", 1)


def _x400(der: bytes) -> bytes:
    """A name of a type that is not supported: dNSName [2] becomes x400Address [3], constructed."""
    assert 1 == der.count(b"\x82\x09a.example")
    return der.replace(b"\x82\x09a.example", b"\xa3\x09\x30\x07a.examp", 1)


NAMED = certificate((SIGNS, True), (x509.SubjectAlternativeName([x509.DNSName("a.example")]), False))
IDENTIFIED = certificate((SIGNS, True), (x509.SubjectKeyIdentifier(b"12345678"), False))
ZEROS = NAMED[:60] + bytes(40) + NAMED[100:]
ODD = [_version_2(NAMED), _twice(IDENTIFIED), _x400(NAMED), NAMED[:-40], b"0\x03\x02\x01\x05", ZEROS]


@every_door
@pytest.mark.parametrize("odd", ODD, ids=["version 2", "twice", "x400", "cut", "integer", "zeros"])
def test_an_odd_certificate_costs_itself(read: Read, odd: bytes) -> None:
    """Whatever the library under it raises: the entry is refused with its place, or left out, and no other."""
    if read is by_der and odd == NAMED[:-40]:
        pytest.skip("a file of DER that is cut off has no next item")
    with pytest.raises(CertcoreError):
        read(GOOD, odd)
    keys, left_out = read(odd, GOOD, skip_unusable=True)
    assert (1, 1) == (len(keys), len(left_out))


@pytest.mark.parametrize("odd", ODD, ids=["version 2", "twice", "x400", "cut", "integer", "zeros"])
def test_an_odd_certificate_as_a_key(odd: bytes) -> None:
    """`from_x509` gives its key or a CertcoreError, whether DER or PEM."""
    for data in (odd, pem(odd)):
        try:
            key = PublicKey.from_x509(data)
        except CertcoreError as error:
            assert error.code in {"key-malformed", "key-unsupported", "key-weak"}  # noqa: PT017  both ways are right
        else:
            assert SIGNER.public_key.thumbprint == key.thumbprint


def test_every_byte_of_a_certificate_changed() -> None:
    """No single changed byte brings out anything but a CertcoreError, in a list or alone."""
    for at in range(len(NAMED)):
        for bit in (1, 0x80):
            changed = NAMED[:at] + bytes([NAMED[at] ^ bit]) + NAMED[at + 1 :]
            entries = [entry(GOOD), {"country": "DE", "rawData": b64(changed)}]
            found = read_eu(json.dumps(entries), usage=KeyUsage.CERTIFICATE, skip_unusable=True)
            assert 2 == len(found.countries["DE"]) + len(found.left_out)
