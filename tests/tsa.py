"""A time-stamp authority made in the test: RFC 3161 answers written by hand, good ones and every kind of bad one.

`Authority` is a root and a certificate below it that signs tokens. `Authority.answer` answers a request as a TSA would;
its keyword arguments make the answers no TSA should give. Nothing here needs an openssl command or a network, and all
of it is the same in every run.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Final

import attrs
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID, ObjectIdentifier

ISSUED: Final = datetime(2020, 1, 1, tzinfo=UTC)
"""When the authorities of the tests begin."""

EXPIRES: Final = datetime(2030, 1, 1, tzinfo=UTC)
"""When the certificates that sign tokens end."""

ROOT_EXPIRES: Final = datetime(2100, 1, 1, tzinfo=UTC)
"""When their roots end."""

GRANTED, GRANTED_WITH_MODS, REJECTION = 0, 1, 2

TIME_STAMPING: Final = ExtendedKeyUsageOID.TIME_STAMPING
CODE_SIGNING: Final = ExtendedKeyUsageOID.CODE_SIGNING

# Tags and object identifiers of DER (X.690), CMS (RFC 5652) and time-stamps (RFC 3161)
_INTEGER, _OCTETS, _NULL, _OID, _UTF8, _TIME, _SEQUENCE, _SET = 0x02, 0x04, 0x05, 0x06, 0x0C, 0x18, 0x30, 0x31
_TRUE: Final = b"\x01\x01\xff"
_DIGESTS: Final = {
    "sha1": "1.3.14.3.2.26",
    "sha256": "2.16.840.1.101.3.4.2.1",
    "sha384": "2.16.840.1.101.3.4.2.2",
    "sha512": "2.16.840.1.101.3.4.2.3",
}
_HASHES: Final[dict[str, hashes.HashAlgorithm]] = {"sha1": hashes.SHA1(), "sha256": hashes.SHA256()}  # noqa: S303  what a careful reader refuses
_ECDSA_WITH: Final = {"sha1": "1.2.840.10045.4.1", "sha256": "1.2.840.10045.4.3.2"}
_SIGNED_DATA, _TST_INFO = "1.2.840.113549.1.7.2", "1.2.840.113549.1.9.16.1.4"
_CONTENT_TYPE, _MESSAGE_DIGEST = "1.2.840.113549.1.9.3", "1.2.840.113549.1.9.4"
_POLICY: Final = "1.3.6.1.4.1.32473.1"  # of the arc for documentation (RFC 5612)


def der(tag: int, *parts: bytes) -> bytes:
    """One DER element around the parts."""
    content = b"".join(parts)
    size = len(content)
    if size < 0x80:
        return bytes((tag, size)) + content
    length = size.to_bytes((size.bit_length() + 7) // 8, "big")
    return bytes((tag, 0x80 | len(length))) + length + content


def integer(value: int) -> bytes:
    """An INTEGER."""
    return der(_INTEGER, value.to_bytes(value.bit_length() // 8 + 1, "big", signed=True))


def oid(dotted: str) -> bytes:
    """An OBJECT IDENTIFIER."""
    first, second, *rest = map(int, dotted.split("."))
    content = b""
    for arc in (40 * first + second, *rest):
        digits = [arc & 0x7F]
        while arc := arc >> 7:
            digits.insert(0, 0x80 | arc & 0x7F)
        content += bytes(digits)
    return der(_OID, content)


def sequence(*parts: bytes) -> bytes:
    """A SEQUENCE."""
    return der(_SEQUENCE, *parts)


def set_of(parts: Iterable[bytes], *, tag: int = _SET) -> bytes:
    """A SET OF, in the order DER wants."""
    return der(tag, *sorted(parts))


def elements(data: bytes) -> list[tuple[int, bytes]]:
    """The elements that stand side by side, each with its tag and content; for DER this file's own kind of short."""
    found = []
    while data:
        size, at = data[1], 2
        if size & 0x80:
            at += size & 0x7F
            size = int.from_bytes(data[2:at], "big")
        found.append((data[0], data[at : at + size]))
        data = data[at + size :]
    return found


@attrs.frozen(kw_only=True)
class Asked:
    """What a request asks: the digest to be stamped, and the nonce to be repeated."""

    digest: bytes
    nonce: int | None


def read_request(request: bytes) -> Asked:
    """A TimeStampReq taken apart, as a TSA does; it must ask for SHA-256 and for the certificates."""
    ((tag, members),) = elements(request)
    version, imprint, *rest = elements(members)
    algorithm, digest = elements(imprint[1])
    assert (_SEQUENCE, (_INTEGER, b"\x01"), _SEQUENCE) == (tag, version, imprint[0])
    assert oid(_DIGESTS["sha256"]) + der(_NULL) == algorithm[1]
    assert (0x01, b"\xff") == rest[-1]
    nonce = int.from_bytes(rest[0][1], "big") if rest[0][0] == _INTEGER else None
    return Asked(digest=digest[1], nonce=nonce)


@attrs.frozen(kw_only=True, repr=False)
class Authority:
    """A root and the certificate below it that signs tokens.

    Attributes:
        root: the self-signed certificate that verifiers pin, DER.
        root_key: its private key.
        certificate: the one that signs tokens.
        key: its private key.
    """

    root: bytes
    root_key: ec.EllipticCurvePrivateKey
    certificate: x509.Certificate
    key: ec.EllipticCurvePrivateKey

    def answer(
        self,
        request: bytes,
        *,
        at: datetime,
        accuracy: timedelta | None = None,
        status: int = GRANTED,
        nonce: int | None = None,
        digest: bytes | None = None,
        imprint_name: str = "sha256",
        digest_name: str = "sha256",
        signing_key: ec.EllipticCurvePrivateKey | None = None,
        certificates: Sequence[bytes] | None = None,
        fraction: str = "",
        content_type: str = _TST_INFO,
        signed_content: bytes | None = None,
        is_sorted: bool = True,
    ) -> bytes:
        """A TimeStampResp.

        Args:
            request: the TimeStampReq.
            at: when the token says it was made, in whole seconds.
            accuracy: how far off that may be.
            status: the PKIStatus; from 2 on there is no token.
            nonce: another nonce than that of the request.
            digest: another message imprint than that of the request.
            imprint_name: the digest that the imprint claims to be.
            digest_name: what the token is hashed with for its signature.
            signing_key: whose key signs instead of the authority's.
            certificates: the certificates inside; the signing one alone unless given.
            fraction: digits behind the second.
            content_type: what the signed content claims to be.
            signed_content: what the signature is over instead of the content inside.
            is_sorted: whether the certificates come in the order of DER; else as given.
        """
        if status >= REJECTION:
            return sequence(sequence(integer(status), sequence(der(_UTF8, b"no"))))
        asked = read_request(request)
        nonce = asked.nonce if nonce is None else nonce
        info = sequence(
            integer(1),
            oid(_POLICY),
            sequence(sequence(oid(_DIGESTS[imprint_name]), der(_NULL)), der(_OCTETS, digest or asked.digest)),
            integer(4711),
            der(_TIME, f"{at:%Y%m%d%H%M%S}{fraction}Z".encode()),
            b"" if accuracy is None else _accuracy(accuracy),
            b"" if nonce is None else integer(nonce),
        )
        inside = [self.certificate.public_bytes(Encoding.DER)] if certificates is None else certificates
        signed_data = sequence(
            integer(3),
            set_of([_algorithm(digest_name)]),
            sequence(oid(content_type), der(0xA0, der(_OCTETS, info))),
            der(0xA0, *(sorted(inside) if is_sorted else inside)) if inside else b"",
            set_of([self._signer_info(signed_content or info, content_type, digest_name, signing_key or self.key)]),
        )
        token = sequence(oid(_SIGNED_DATA), der(0xA0, signed_data))
        return sequence(sequence(integer(status)), token)

    def disguise(self, *, padding: int) -> bytes:
        """A certificate for time-stamping that its holder made: issuer, number and key are the true one's.

        Args:
            padding: bytes of an extension without meaning; 0 for a certificate that is shorter than the true one.
        """
        builder = _certificate(
            self.certificate.subject, self.certificate.issuer, self.key, serial=2, window=(ISSUED, EXPIRES)
        ).add_extension(x509.ExtendedKeyUsage([TIME_STAMPING]), critical=True)
        if padding:
            nothing = x509.UnrecognizedExtension(ObjectIdentifier(_POLICY), bytes(padding))
            builder = builder.add_extension(nothing, critical=False)
        return builder.sign(self.key, hashes.SHA256(), ecdsa_deterministic=True).public_bytes(Encoding.DER)

    def _signer_info(
        self, content: bytes, content_type: str, digest_name: str, key: ec.EllipticCurvePrivateKey
    ) -> bytes:
        attributes = [
            sequence(oid(_CONTENT_TYPE), set_of([oid(content_type)])),
            sequence(oid(_MESSAGE_DIGEST), set_of([der(_OCTETS, hashlib.new(digest_name, content).digest())])),
        ]
        return sequence(
            integer(1),
            sequence(self.certificate.issuer.public_bytes(), integer(self.certificate.serial_number)),
            _algorithm(digest_name),
            set_of(attributes, tag=0xA0),
            sequence(oid(_ECDSA_WITH[digest_name])),
            der(_OCTETS, key.sign(set_of(attributes), ec.ECDSA(_HASHES[digest_name], deterministic_signing=True))),
        )


def as_ber(response: bytes, *, piece: int = 7) -> bytes:
    """The same response as a streaming writer makes it: no lengths in advance, the stamped content in pieces.

    What is signed is as it was: the content's octets, the certificates, the signed attributes.
    """
    (status_tag, status), (_, content_info) = elements(elements(response)[0][1])
    (_, kind), (_, around) = elements(content_info)
    version, digests, (_, content), *rest = elements(elements(around)[0][1])
    (_, content_kind), (_, octets) = elements(content)
    data = elements(octets)[0][1]
    pieces = [der(_OCTETS, data[start : start + piece]) for start in range(0, len(data), piece)]
    signed_data = [
        der(*version),
        der(*digests),
        _streamed(_SEQUENCE, der(_OID, content_kind), _streamed(0xA0, _streamed(0x24, *pieces))),
        *(_streamed(tag, inside) for tag, inside in rest),
    ]
    token = _streamed(_SEQUENCE, der(_OID, kind), _streamed(0xA0, _streamed(_SEQUENCE, *signed_data)))
    return _streamed(_SEQUENCE, der(status_tag, status), token)


def _streamed(tag: int, *parts: bytes) -> bytes:
    """An element of indefinite length (X.690 section 8.1.3.6)."""
    return bytes((tag, 0x80)) + b"".join(parts) + bytes(2)


def token_of(response: bytes) -> bytes:
    """The TimeStampToken in a TimeStampResp."""
    _, (tag, content) = elements(elements(response)[0][1])
    return der(tag, content)


@cache
def authority(
    name: str = "Test TSA",
    *,
    usage: ObjectIdentifier | None = TIME_STAMPING,
    critical: bool = True,
    not_before: datetime = ISSUED,
    not_after: datetime = EXPIRES,
    root_not_before: datetime = ISSUED,
    root_not_after: datetime = ROOT_EXPIRES,
    seed: int = 1,
) -> Authority:
    """An authority with keys that are the same in every run."""
    root_key, key = (ec.derive_private_key(7000 + 10 * seed + which, ec.SECP256R1()) for which in (0, 1))
    root_name, leaf_name = _name(f"{name} root {seed}"), _name(f"{name} {seed}")
    root = (
        _certificate(root_name, root_name, root_key, serial=1, window=(root_not_before, root_not_after))
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(root_key, hashes.SHA256(), ecdsa_deterministic=True)
    )
    builder = _certificate(leaf_name, root_name, key, serial=2, window=(not_before, not_after)).add_extension(
        x509.BasicConstraints(ca=False, path_length=None), critical=True
    )
    if usage is not None:
        builder = builder.add_extension(x509.ExtendedKeyUsage([usage]), critical=critical)
    return Authority(
        root=root.public_bytes(Encoding.DER),
        root_key=root_key,
        certificate=builder.sign(root_key, hashes.SHA256(), ecdsa_deterministic=True),
        key=key,
    )


@cache
def chained(seed: int = 5) -> tuple[Authority, list[bytes]]:
    """An authority whose certificate a second one between it and the root has issued; and all three, the leaf first."""
    names = [_name(f"Chained TSA {what} {seed}") for what in ("root", "intermediate", "leaf")]
    keys = [ec.derive_private_key(9000 + 10 * seed + which, ec.SECP256R1()) for which in range(3)]
    certificates = []
    for number, (name, key) in enumerate(zip(names, keys, strict=True)):
        above = max(number - 1, 0)
        is_ca = number < len(names) - 1
        builder = _certificate(name, names[above], key, serial=number + 1, window=(ISSUED, ROOT_EXPIRES))
        builder = builder.add_extension(x509.BasicConstraints(ca=is_ca, path_length=None), critical=True)
        if not is_ca:
            builder = builder.add_extension(x509.ExtendedKeyUsage([TIME_STAMPING]), critical=True)
        certificates.append(builder.sign(keys[above], hashes.SHA256(), ecdsa_deterministic=True))
    root, intermediate, leaf = (one.public_bytes(Encoding.DER) for one in certificates)
    authority = Authority(root=root, root_key=keys[0], certificate=certificates[2], key=keys[2])
    return authority, [leaf, intermediate, root]


def _name(common_name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common_name)])


def _certificate(
    subject: x509.Name,
    issuer: x509.Name,
    key: ec.EllipticCurvePrivateKey,
    *,
    serial: int,
    window: tuple[datetime, datetime],
) -> x509.CertificateBuilder:
    return x509.CertificateBuilder(
        issuer_name=issuer,
        subject_name=subject,
        public_key=key.public_key(),
        serial_number=serial,
        not_valid_before=window[0],
        not_valid_after=window[1],
    )


def _algorithm(name: str) -> bytes:
    return sequence(oid(_DIGESTS[name]), der(_NULL))


def _accuracy(value: timedelta) -> bytes:
    seconds, rest = divmod(value, timedelta(seconds=1))
    millis, rest = divmod(rest, timedelta(milliseconds=1))
    micros = rest // timedelta(microseconds=1)
    return sequence(
        integer(seconds) if seconds else b"",
        der(0x80, integer(millis)[2:]) if millis else b"",
        der(0x81, integer(micros)[2:]) if micros else b"",
    )
