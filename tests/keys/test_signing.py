"""Keys: every form they come in, which are refused, what they may sign, and that private ones stay private."""

from __future__ import annotations

import base64
import copy
import hashlib
import json
import os
import pickle
import stat
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import dsa, ec, ed448, ed25519, padding, rsa, x25519
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
)
from hypothesis import given
from hypothesis import strategies as st

from certcore import _cbor, cose
from certcore.errors import IssuingError, RejectedInputError, UntrustedError
from certcore.keys import EDDSA, ES256, ES384, ML_DSA_65, LocalSigner, PublicKey, Signer
from certcore.keys._algorithms import ALGORITHM_NAMES, ED25519, ESP256, ESP384, ML_DSA_44, PS256
from certcore.keys._signing import KEY_ID_BYTES
from tests.strategies import CERTIFICATE_ALGORITHMS, SIGNING_ALGORITHMS, fixed_signer

P256_ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
P384_ORDER = int("f" * 48 + "c7634d81f4372ddf581a0db248b0a77aecec196accc52973", 16)
ED25519_ORDER = 2**252 + 27742317777372353535851937790883648493
ED25519_PRIME = 2**255 - 19
DATA = b"what is signed"

# RFC 9679 section 6: the example key and its thumbprint
RFC_X = bytes.fromhex("65eda5a12577c2bae829437fe338701a10aaa375e1bb5b5de108de439c08551d")
RFC_Y = bytes.fromhex("1e52ed75701163f7f9e40ddf9f341b3dc9ba860af7e0ca7ca7e9eecd0084d19c")
RFC_THUMBPRINT = "496bd8afadf307e5b08c64b0421bf9dc01528a344a43bda88fadd1669da253ec"

RSA_KEY = rsa.generate_private_key(public_exponent=65537, key_size=2048)
RSA_PEM = RSA_KEY.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)


def spki(key: Any) -> bytes:  # noqa: ANN401  any public key of cryptography's
    """A public key as PEM."""
    pem: bytes = key.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    return pem


def pkcs8(key: Any, password: bytes | None = None) -> bytes:  # noqa: ANN401  any private key of cryptography's
    """A private key as PEM."""
    encryption = BestAvailableEncryption(password) if password else NoEncryption()
    pem: bytes = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, encryption)
    return pem


def base64url(data: bytes) -> str:
    """Base64url without padding."""
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def cose_map(key: PublicKey) -> dict[int, Any]:
    """The members of a key's COSE_Key."""
    members: dict[int, Any] = _cbor.decode(key.to_cose_key(), max_bytes=1 << 16)
    return members


def jwk(key: PublicKey) -> dict[str, Any]:
    """The key as a JWK, without algorithm and id."""
    members = cose_map(key)
    if members[1] == 2:
        crv = {1: "P-256", 2: "P-384"}[members[-1]]
        return {"kty": "EC", "crv": crv, "x": base64url(members[-2]), "y": base64url(members[-3])}
    if members[1] == 1:
        return {"kty": "OKP", "crv": "Ed25519", "x": base64url(members[-2])}
    if members[1] == 3:
        return {"kty": "RSA", "n": base64url(members[-1]), "e": base64url(members[-2])}
    return {"kty": "AKP", "alg": ALGORITHM_NAMES[members[3]], "pub": base64url(members[-1])}


def certificate(algorithm: int) -> x509.Certificate:
    """A self-signed X.509 certificate over a fixed key; only its key matters."""
    private: Any = load_pem_private_key(fixed_signer(algorithm).to_pem(), None)
    digest = hashes.SHA256() if isinstance(private, ec.EllipticCurvePrivateKey) else None
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "Test")])
    return (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(private.public_key())
        .serial_number(1)
        .not_valid_before(datetime(2000, 1, 1, tzinfo=UTC))
        .not_valid_after(datetime(2001, 1, 1, tzinfo=UTC))
        .sign(private, digest)
    )


ALL_KEYS = [*(fixed_signer(algorithm).public_key for algorithm in SIGNING_ALGORITHMS), PublicKey.from_pem(RSA_PEM)]
key_names = [ALGORITHM_NAMES[key.algorithm] for key in ALL_KEYS]
every_key = pytest.mark.parametrize("key", ALL_KEYS, ids=key_names)
every_algorithm = pytest.mark.parametrize("algorithm", SIGNING_ALGORITHMS, ids=str)


# Forms


@every_key
def test_pem_round_trip(key: PublicKey) -> None:
    """PEM carries the key; algorithm and key id are stated beside it."""
    assert key == PublicKey.from_pem(key.to_pem(), algorithm=key.algorithm)
    other = PublicKey.from_pem(key.to_pem(), algorithm=key.algorithm, key_id=b"other")
    assert (b"other", key.thumbprint) == (other.key_id, other.thumbprint)
    assert key != other


@every_key
def test_cose_key_round_trip(key: PublicKey) -> None:
    """A COSE_Key carries key, algorithm and key id, deterministically."""
    data = key.to_cose_key()

    assert key == PublicKey.from_cose_key(data)
    assert data == _cbor.encode(cose_map(key))
    named = PublicKey.from_pem(key.to_pem(), algorithm=key.algorithm, key_id=b"named")
    assert named == PublicKey.from_cose_key(named.to_cose_key())


@every_key
def test_jwk_round_trip(key: PublicKey) -> None:
    """A JWK gives the same key, as an object, as text and as bytes."""
    members = jwk(key) | {"alg": ALGORITHM_NAMES[key.algorithm]}
    for form in (members, json.dumps(members), json.dumps(members).encode()):
        assert key == PublicKey.from_jwk(form)


@pytest.mark.parametrize("algorithm", [ES256, ES384, EDDSA, ML_DSA_65])
def test_x509_round_trip(algorithm: int) -> None:
    """A certificate gives its key, DER or PEM, under the first 8 bytes of its fingerprint."""
    found = certificate(algorithm)
    der = found.public_bytes(Encoding.DER)
    key = PublicKey.from_x509(der)

    assert fixed_signer(algorithm).public_key.thumbprint == key.thumbprint
    assert hashlib.sha256(der).digest()[:8] == key.key_id
    assert algorithm == key.algorithm
    assert key == PublicKey.from_x509(found.public_bytes(Encoding.PEM))


@every_key
def test_thumbprint_is_the_same_in_every_form(key: PublicKey) -> None:
    """Neither the algorithm nor the key id nor the form changes what key it is."""
    thumbprints = {
        key.thumbprint,
        PublicKey.from_pem(key.to_pem(), key_id=b"1").thumbprint,
        PublicKey.from_jwk(jwk(key)).thumbprint,
        PublicKey.from_cose_key(_cbor.encode(cose_map(key) | {2: b"2"})).thumbprint,
    }

    assert 1 == len(thumbprints)
    assert 32 == len(key.thumbprint)


def test_thumbprint_of_the_rfc() -> None:
    """The example of RFC 9679 section 6, with the members that its thumbprint leaves out."""
    members = {1: 2, 2: b"meriadoc.brandybuck@buckland", -1: 1, -2: RFC_X, -3: RFC_Y}
    key = PublicKey.from_cose_key(_cbor.encode(members))

    assert RFC_THUMBPRINT == key.thumbprint.hex()
    assert RFC_THUMBPRINT[:8] == PublicKey.from_pem(key.to_pem()).key_id.hex()


def test_private_members_are_not_looked_at() -> None:
    """A COSE_Key or JWK of a key pair gives its public half."""
    key = fixed_signer().public_key

    assert key == PublicKey.from_cose_key(_cbor.encode(cose_map(key) | {-4: bytes(32)}))
    assert key == PublicKey.from_jwk(jwk(key) | {"d": base64url(bytes(32))})


def test_x509_is_not_judged() -> None:
    """The certificate in these tests ended in 2001: its key is read all the same."""
    assert ES256 == PublicKey.from_x509(certificate(ES256).public_bytes(Encoding.DER)).algorithm


# Key ids and algorithms


@pytest.mark.parametrize("algorithm", SIGNING_ALGORITHMS)
def test_own_key_id(algorithm: int) -> None:
    """Unless stated, a key id is the first four bytes of the thumbprint."""
    key = PublicKey.from_pem(fixed_signer(algorithm).public_key.to_pem())

    assert key.thumbprint[:4] == key.key_id
    assert KEY_ID_BYTES == len(key.key_id)


@pytest.mark.parametrize("key_id", [b"", bytes(33), bytes(1 << 20)], ids=len)
def test_impossible_key_ids(key_id: bytes) -> None:
    """A key id has 1 to 32 bytes: another is the caller's mistake, or the input's where the input states it."""
    signer = fixed_signer()
    with pytest.raises(ValueError, match="key id"):
        PublicKey.from_pem(signer.public_key.to_pem(), key_id=key_id)
    with pytest.raises(ValueError, match="key id"):
        LocalSigner.from_pem(signer.to_pem(), key_id=key_id)
    with pytest.raises(RejectedInputError) as caught:
        PublicKey.from_cose_key(_cbor.encode(cose_map(signer.public_key) | {2: key_id}))
    assert caught.value.code in {"key-unsupported", "key-malformed"}


@pytest.mark.parametrize("key_id", [b"\x00", bytes(32)], ids=len)
def test_key_ids_at_the_limits(key_id: bytes) -> None:
    """One byte is enough and 32 are allowed."""
    assert key_id == PublicKey.from_pem(fixed_signer().public_key.to_pem(), key_id=key_id).key_id
    assert key_id == LocalSigner.from_pem(fixed_signer().to_pem(), key_id=key_id).public_key.key_id


def test_key_id_of_a_jwk() -> None:
    """The argument, else the member kid, else the thumbprint."""
    members = jwk(fixed_signer().public_key)

    assert b"mine" == PublicKey.from_jwk(members | {"kid": "theirs"}, key_id=b"mine").key_id
    assert b"theirs" == PublicKey.from_jwk(members | {"kid": "theirs"}).key_id
    assert fixed_signer().public_key.key_id == PublicKey.from_jwk(members | {"kid": ""}).key_id


@pytest.mark.parametrize("kid", ["x" * 33, "x" * 43, "3f2504e0-4f89-11d3-9a0c-0305e82c3301", "é" * 40, "x" * 10_000])
@pytest.mark.parametrize("algorithm", SIGNING_ALGORITHMS)
def test_kids_of_any_length(kid: str, algorithm: int) -> None:
    """A foreign name for a key is its id, however long: UUIDs, thumbprints. The key pickles with it."""
    members = jwk(fixed_signer(algorithm).public_key) | {"kid": kid}
    key = PublicKey.from_jwk(members)

    assert kid.encode() == key.key_id == pickle.loads(pickle.dumps(key)).key_id  # noqa: S301  our own bytes
    assert key == pickle.loads(pickle.dumps(key))  # noqa: S301  as above
    assert b"mine" == PublicKey.from_jwk(members, key_id=b"mine").key_id
    assert kid.encode() == PublicKey.from_jwk(members, algorithm=algorithm).key_id
    written = PublicKey.from_cose_key(key.to_cose_key())
    assert (key.thumbprint, key.thumbprint[:4]) == (written.thumbprint, written.key_id)


COSE_VALUES: dict[int, list[Any]] = {
    2: [1, "key-1", "", b"", None, True, [b"1"]],
    3: [b"\x26", "ES256", "", None, True, [-7]],
    4: [
        *(2, "verify", b"\x02", None, [], {}, [2, 2], ["verify"], [b"\x02"], [None], [True]),
        *([2, 0], [2, -1], [2, 99], [1], [7], [1, 7, 8], [[2]]),
    ],
    5: [1, "iv", b"", None, []],
}
ILL_TYPED_COSE = [(label, value) for label, values in COSE_VALUES.items() for value in values]


@every_key
@pytest.mark.parametrize(("label", "value"), ILL_TYPED_COSE, ids=repr)
def test_members_that_define_nothing_are_checked_in_a_cose_key(key: PublicKey, label: int, value: Any) -> None:  # noqa: ANN401  any CBOR
    """kid, alg, key_ops and base IV have their types, and key_ops lets the key verify (RFC 9052 section 7.1)."""
    with pytest.raises(RejectedInputError) as caught:
        PublicKey.from_cose_key(_cbor.encode({**cose_map(key), label: value}))

    assert caught.value.code in {"key-malformed", "key-unsupported"}


@every_key
@pytest.mark.parametrize("operations", [[2], [1, 2], [2, 1, "other"], [2, 10]], ids=repr)
def test_keys_that_may_verify(key: PublicKey, operations: list[Any]) -> None:
    """Whatever else they may do."""
    assert (
        key.thumbprint == PublicKey.from_cose_key(_cbor.encode({**cose_map(key), 4: operations, 5: b"iv"})).thumbprint
    )


JWK_VALUES: dict[str, list[Any]] = {
    "kid": [1, None, True, ["x"], {}, b"x"],
    "alg": [-7, None, ["ES256"], {}],
    "use": ["enc", "", "SIG", None, 1, ["sig"]],
    "key_ops": [
        *("verify", None, {}, [], ["sign"], ["deriveKey"], ["verify", "verify"]),
        *([2], ["verify", 2], ["Verify"], [["verify"]]),
    ],
}
ILL_TYPED_JWK = [(member, value) for member, values in JWK_VALUES.items() for value in values]


@every_key
@pytest.mark.parametrize(("member", "value"), ILL_TYPED_JWK, ids=repr)
def test_members_that_define_nothing_are_checked_in_a_jwk(key: PublicKey, member: str, value: Any) -> None:  # noqa: ANN401  any JSON
    """kid, alg, use and key_ops have their types, and let the key verify (RFC 7517 section 4)."""
    with pytest.raises(RejectedInputError) as caught:
        PublicKey.from_jwk(jwk(key) | {member: value})

    assert caught.value.code in {"key-malformed", "key-unsupported"}


@every_key
def test_coordinates_in_another_base64(key: PublicKey) -> None:
    """A member is base64url without padding, in the one form that there is of its bytes (RFC 7515 section 2)."""
    members = jwk(key)
    for member in {"x", "y", "n", "e", "pub"} & members.keys():
        value = members[member]
        last = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_".index(value[-1])
        other = [value + "=", value + "==", value + "A" * (4 - len(value) % 4 or 4), f" {value}", value + "\n"]
        other += [value.replace("-", "+")] * ("-" in value) + [value.replace("_", "/")] * ("_" in value)
        if len(value) % 4:
            other.append(value[:-1] + "BCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_A"[last])
        for text in other:
            with pytest.raises((RejectedInputError, UntrustedError)) as caught:
                PublicKey.from_jwk(members | {member: text})
            assert caught.value.code in {"key-malformed", "key-weak", "key-unsupported"}


ALLOWED = {
    ES256: (ES256, ESP256),
    ESP256: (ES256, ESP256),
    ES384: (ES384, ESP384),
    ESP384: (ES384, ESP384),
    EDDSA: (EDDSA, ED25519),
    ED25519: (EDDSA, ED25519),
    ML_DSA_44: (ML_DSA_44,),
    ML_DSA_65: (ML_DSA_65,),
    PS256: (PS256,),
}


@every_key
@pytest.mark.parametrize("algorithm", [*ALGORITHM_NAMES, 5, -36, -37, -38, -39, -257, -65535, -47, -50, 0])
def test_a_key_takes_its_own_algorithms_only(key: PublicKey, algorithm: int) -> None:
    """No key is used with an algorithm of another kind of key, such as -7 with P-384; nor HMAC, RS1 or ES512."""
    if algorithm in ALLOWED[key.algorithm]:
        assert algorithm == PublicKey.from_pem(key.to_pem(), algorithm=algorithm).algorithm
        return
    with pytest.raises(ValueError, match="algorithm"):
        PublicKey.from_pem(key.to_pem(), algorithm=algorithm)
    with pytest.raises(RejectedInputError) as caught:
        PublicKey.from_cose_key(_cbor.encode(cose_map(key) | {3: algorithm}))
    assert caught.value.code in {"key-unsupported", "key-malformed"}  # the latter: of another length than ML-DSA's


@every_key
def test_algorithms_of_a_key(key: PublicKey) -> None:
    """The default is the one every COSE stack checks; the key says which others its signatures may bear."""
    assert set(ALLOWED[key.algorithm]) == set(key.algorithms)
    assert PublicKey.from_pem(key.to_pem()).algorithm in {ES256, ES384, EDDSA, ML_DSA_44, ML_DSA_65, PS256}


@pytest.mark.parametrize("name", ["HS256", "none", "ES512", "RS256", "ES384", "", "es256"])
def test_jwk_with_another_algorithm(name: str) -> None:
    """A JWK whose alg is unknown, or of another kind of key, is refused."""
    with pytest.raises(RejectedInputError) as caught:
        PublicKey.from_jwk(jwk(fixed_signer().public_key) | {"alg": name})

    assert "key-unsupported" == caught.value.code


@pytest.mark.parametrize("form", ["from_jwk", "from_cose_key"])
@pytest.mark.parametrize("arguments", [{"algorithm": ES384}, {"key_id": b""}], ids=str)
def test_arguments_that_do_not_fit(form: str, arguments: dict[str, Any]) -> None:
    """An algorithm or a key id that the caller states, and the key cannot have, is the caller's mistake."""
    key = fixed_signer().public_key
    data = jwk(key) if form == "from_jwk" else key.to_cose_key()
    with pytest.raises(ValueError, match=r"algorithm|key id"):
        getattr(PublicKey, form)(data, **arguments)


# Keys that must never be trusted


ORDER_8_Y = 0x7A03AC9277FDC74EC6CC392CFA53202A0F67100D760B3CBA4FD83D3D706A17C7
SMALL_ORDER_Y = [0, 1, ED25519_PRIME - 1, ORDER_8_Y, ED25519_PRIME - ORDER_8_Y, ED25519_PRIME, ED25519_PRIME + 1]


def small_order_encodings() -> list[bytes]:
    """The 14 encodings of the eight Ed25519 points of small order: with both signs, and y not reduced."""
    return [(y | sign << 255).to_bytes(32, "little") for y in SMALL_ORDER_Y for sign in (0, 1)]


def ed25519_forms(x: bytes) -> dict[str, Any]:
    """One Ed25519 key in each form, unchecked."""
    der = bytes.fromhex("302a300506032b6570032100") + x
    pem = b"-----BEGIN PUBLIC KEY-----\n" + base64.b64encode(der) + b"\n-----END PUBLIC KEY-----\n"
    return {
        "from_pem": pem,
        "from_jwk": {"kty": "OKP", "crv": "Ed25519", "x": base64url(x)},
        "from_cose_key": _cbor.encode({1: 1, -1: 6, -2: x}),
    }


@pytest.mark.parametrize("form", ["from_pem", "from_jwk", "from_cose_key"])
@pytest.mark.parametrize("x", small_order_encodings(), ids=bytes.hex)
def test_small_order_points_are_refused(x: bytes, form: str) -> None:
    """A key of small order would accept a signature by nobody; every one of its encodings is refused, in every form."""
    with pytest.raises(UntrustedError) as caught:
        getattr(PublicKey, form)(ed25519_forms(x)[form])

    assert "key-weak" == caught.value.code


@pytest.mark.parametrize("form", ["from_pem", "from_jwk", "from_cose_key"])
@pytest.mark.parametrize("y", [2, 7, *range(ED25519_PRIME + 2, ED25519_PRIME + 19)])
def test_ed25519_points_off_the_curve_are_refused(y: int, form: str) -> None:
    """A y without an x, and a y that is not reduced, are no keys."""
    with pytest.raises(UntrustedError) as caught:
        getattr(PublicKey, form)(ed25519_forms(y.to_bytes(32, "little"))[form])

    assert "key-weak" == caught.value.code


def is_ed25519_point(y: int) -> bool:
    """Whether some x belongs to this y: by Euler's criterion, from RFC 8032's equation."""
    d = -121665 * pow(121666, -1, ED25519_PRIME)
    x_squared = (y * y - 1) * pow(d * y * y + 1, -1, ED25519_PRIME) % ED25519_PRIME
    return pow(x_squared, (ED25519_PRIME - 1) // 2, ED25519_PRIME) <= 1


@given(st.integers(2, ED25519_PRIME - 2).filter(lambda y: y not in SMALL_ORDER_Y), st.sampled_from([0, 1]))
def test_ed25519_keys_are_points(y: int, sign: int) -> None:
    """Half of all numbers are points of the curve, and exactly those are keys."""
    encoded = (y | sign << 255).to_bytes(32, "little")
    try:
        PublicKey.from_cose_key(ed25519_forms(encoded)["from_cose_key"])
    except UntrustedError:
        accepted = False
    else:
        accepted = True

    assert is_ed25519_point(y) == accepted


@given(st.integers(1, 2**64))
def test_generated_ed25519_keys_are_accepted(seed: int) -> None:
    """No honest key is taken for a weak one."""
    private = ed25519.Ed25519PrivateKey.from_private_bytes(seed.to_bytes(32, "big"))

    assert EDDSA == PublicKey.from_pem(spki(private.public_key())).algorithm


def ec_member(curve: int, x: bytes, y: object) -> bytes:
    """A COSE_Key on a NIST curve."""
    return _cbor.encode({1: 2, -1: curve, -2: x, -3: y})


@pytest.mark.parametrize(("curve", "size"), [(1, 32), (2, 48)])
@pytest.mark.parametrize(
    ("x", "y"), [(0, 0), (1, 1), (0, 1), (-1, -1), (5, 5)], ids=["infinity", "1 1", "0 1", "all ones", "5 5"]
)
def test_points_off_the_nist_curves(curve: int, size: int, x: int, y: int) -> None:
    """A point that is not on its curve is refused, in a COSE_Key and in a JWK."""
    encoded = [(value % 256**size).to_bytes(size, "big") for value in (x, y)]
    crv = {1: "P-256", 2: "P-384"}[curve]
    members = {"kty": "EC", "crv": crv, "x": base64url(encoded[0]), "y": base64url(encoded[1])}
    for load in (
        lambda: PublicKey.from_cose_key(ec_member(curve, encoded[0], encoded[1])),
        lambda: PublicKey.from_jwk(members),
    ):
        with pytest.raises(UntrustedError) as caught:
            load()  # type: ignore[no-untyped-call]  # a lambda
        assert "key-weak" == caught.value.code


def test_a_point_of_another_curve() -> None:
    """Coordinates from P-384 do not make a P-256 key, nor the other way round."""
    p256, p384 = (cose_map(fixed_signer(algorithm).public_key) for algorithm in (ES256, ES384))
    for members in (p256 | {-1: 2}, p384 | {-1: 1}):
        with pytest.raises(RejectedInputError) as caught:
            PublicKey.from_cose_key(_cbor.encode(members))
        assert "key-malformed" == caught.value.code


@pytest.mark.parametrize("algorithm", [ES256, ES384])
def test_compressed_y(algorithm: int) -> None:
    """A COSE_Key may give the sign of y (RFC 9053 section 7.1.1): it is the same key, and written whole."""
    key = fixed_signer(algorithm).public_key
    members = cose_map(key)
    compressed = _cbor.encode(members | {-3: bool(members[-3][-1] & 1)})
    mirrored = PublicKey.from_cose_key(_cbor.encode(members | {-3: not members[-3][-1] & 1}))

    assert key == PublicKey.from_cose_key(compressed)
    assert key.to_cose_key() == PublicKey.from_cose_key(compressed).to_cose_key()
    assert key.thumbprint != mirrored.thumbprint


@pytest.mark.parametrize("algorithm", [ES256, ES384, EDDSA, ML_DSA_44, ML_DSA_65])
@pytest.mark.parametrize("change", [lambda b: b[:-1], lambda b: b + b"\x00", lambda b: b"\x00" + b, lambda _: b""])
@pytest.mark.parametrize("member", [-1, -2, -3])
def test_wrong_lengths(algorithm: int, change: Any, member: int) -> None:  # noqa: ANN401  a function of bytes
    """A coordinate or key of another length is refused, with leading zeros too."""
    members = cose_map(fixed_signer(algorithm).public_key)
    if type(members.get(member)) is not bytes:
        return
    with pytest.raises(RejectedInputError) as caught:
        PublicKey.from_cose_key(_cbor.encode(members | {member: change(members[member])}))

    assert "key-malformed" == caught.value.code


@every_key
@pytest.mark.parametrize("value", [None, 5, "text", b""], ids=repr)
def test_members_of_the_wrong_type(key: PublicKey, value: object) -> None:
    """Whatever stands in place of a defining member, or nothing, there is one error."""
    members = cose_map(key)
    for member in {-1, -2, -3, 1} & members.keys():
        for changed in (members | {member: value}, {k: v for k, v in members.items() if k != member}):
            with pytest.raises((RejectedInputError, UntrustedError)) as caught:
                PublicKey.from_cose_key(_cbor.encode(changed))
            assert caught.value.code in {"key-malformed", "key-unsupported", "key-weak"}


@every_key
@pytest.mark.parametrize("value", [[], {}, [1]], ids=repr)
@pytest.mark.parametrize("member", [1, -2, -3])
def test_containers_as_members(key: PublicKey, member: int, value: object) -> None:
    """An array or a map in place of a member is malformed."""
    with pytest.raises(RejectedInputError) as caught:
        PublicKey.from_cose_key(_cbor.encode({**cose_map(key), -1: None, member: value}))

    assert caught.value.code in {"key-malformed", "key-unsupported"}


@pytest.mark.parametrize("value", [[], {}, [1]], ids=repr)
@pytest.mark.parametrize(("algorithm", "member"), [(ES256, -1), (ES384, -1), (ML_DSA_44, 3), (ML_DSA_65, 3)])
def test_containers_as_curve_or_algorithm(algorithm: int, member: int, value: object) -> None:
    """Nor is an array or a map a curve or an algorithm."""
    members = cose_map(fixed_signer(algorithm).public_key)
    with pytest.raises(RejectedInputError) as caught:
        PublicKey.from_cose_key(_cbor.encode(members | {member: value}))

    assert caught.value.code in {"key-malformed", "key-unsupported"}


@pytest.mark.parametrize(("algorithm", "member"), [(EDDSA, 1), (ES256, -1)])
def test_true_is_no_one(algorithm: int, member: int) -> None:
    """True equals 1, and is neither key type OKP nor curve P-256."""
    members = cose_map(fixed_signer(algorithm).public_key)
    with pytest.raises(RejectedInputError) as caught:
        PublicKey.from_cose_key(_cbor.encode(members | {member: True}))

    assert "key-unsupported" == caught.value.code


@pytest.mark.parametrize(
    "members",
    [
        {"kty": "EC", "crv": "P-256"},
        {"kty": "EC", "crv": "P-256", "x": "!!!!", "y": "AAAA"},
        {"kty": "EC", "crv": "P-256", "x": 5, "y": 6},
        pytest.param(
            {"kty": "EC", "crv": "P-256", "x": base64url(RFC_X) + "=", "y": base64url(RFC_Y)},
        ),
        {"kty": "EC", "crv": "P-256", "x": base64url(RFC_X)[:-1], "y": base64url(RFC_Y)},
        {"kty": "OKP", "crv": "Ed25519", "x": "é"},
        {"kty": "OKP", "crv": "Ed25519", "x": ""},
        {"kty": "RSA", "n": "AQAB", "e": None},
        {"kty": "AKP", "alg": "ML-DSA-44", "pub": "AAAA"},
    ],
    ids=str,
)
def test_malformed_jwks(members: Mapping[str, Any]) -> None:
    """A member that is missing, of another type, of another length or not base64url."""
    with pytest.raises(RejectedInputError) as caught:
        PublicKey.from_jwk(members)

    assert "key-malformed" == caught.value.code


@pytest.mark.parametrize("text", ["", "{", "[]", "5", '"x"', "null", "[" * 60_000, b"\xff", " " * 70_000, "\ud800"])
def test_jwks_that_are_no_objects(text: str | bytes) -> None:
    """Text that is no JSON object, too long or too deep."""
    with pytest.raises(RejectedInputError) as caught:
        PublicKey.from_jwk(text)

    assert "key-malformed" == caught.value.code


@pytest.mark.parametrize(
    "members",
    [
        {"kty": "oct", "k": "AAAA"},
        {"kty": "EC", "crv": "secp256k1", "x": base64url(RFC_X), "y": base64url(RFC_Y)},
        {"kty": "EC", "crv": "P-521"},
        {"kty": "OKP", "crv": "Ed448"},
        {"kty": "OKP", "crv": "X25519"},
        {"kty": "AKP", "alg": "ML-DSA-87"},
        {"kty": "ec", "crv": "P-256"},
        {},
    ],
    ids=str,
)
def test_unsupported_jwks(members: Mapping[str, Any]) -> None:
    """Symmetric keys and other curves, known or not, are not used."""
    with pytest.raises(RejectedInputError) as caught:
        PublicKey.from_jwk(members)

    assert "key-unsupported" == caught.value.code


@pytest.mark.parametrize(
    "members", [{}, {1: 4, -1: bytes(32)}, {1: 2, -1: 3}, {1: 2, -1: 8}, {1: 1, -1: 7}, {1: 1, -1: 4}, {1: 7, 3: -50}]
)
def test_unsupported_cose_keys(members: Mapping[int, Any]) -> None:
    """Symmetric keys, P-521, secp256k1, Ed448, X25519 and ML-DSA-87 are not used."""
    with pytest.raises(RejectedInputError) as caught:
        PublicKey.from_cose_key(_cbor.encode(members))

    assert "key-unsupported" == caught.value.code


@every_key
@pytest.mark.parametrize("value", [True, None, 1, 1.5])
def test_jwk_members_of_the_wrong_type(key: PublicKey, value: object) -> None:
    """Whatever stands for a member, there is one error."""
    members = jwk(key)
    for member in members:
        with pytest.raises(RejectedInputError) as caught:
            PublicKey.from_jwk(members | {member: value})
        assert caught.value.code in {"key-malformed", "key-unsupported"}


@pytest.mark.parametrize("value", [[], {}], ids=repr)
@pytest.mark.parametrize(("algorithm", "member"), [(ES256, "crv"), (ES384, "crv"), (ML_DSA_44, "alg")])
def test_containers_in_jwks(algorithm: int, member: str, value: object) -> None:
    """A list or an object is no curve and no algorithm."""
    members = jwk(fixed_signer(algorithm).public_key)
    with pytest.raises(RejectedInputError) as caught:
        PublicKey.from_jwk(members | {member: value})

    assert caught.value.code in {"key-malformed", "key-unsupported"}


OTHER_KEYS = [
    pytest.param(ec.derive_private_key(5, ec.SECP256K1()), id="secp256k1"),
    pytest.param(ec.derive_private_key(5, ec.SECP521R1()), id="secp521r1"),
    pytest.param(ec.derive_private_key(5, ec.BrainpoolP256R1()), id="brainpoolP256r1"),  # type: ignore[attr-defined,unused-ignore]  # older stubs lack it
    pytest.param(ec.derive_private_key(5, ec.SECP224R1()), id="secp224r1"),
    pytest.param(ed448.Ed448PrivateKey.from_private_bytes(bytes(57)), id="Ed448"),
    pytest.param(x25519.X25519PrivateKey.from_private_bytes(bytes(32)), id="X25519"),
]


@pytest.mark.parametrize("private", OTHER_KEYS)
def test_other_kinds_of_key(private: Any) -> None:  # noqa: ANN401  any private key of cryptography's
    """What certcore has no algorithm for is refused, to verify and to sign."""
    with pytest.raises(RejectedInputError) as caught:
        PublicKey.from_pem(spki(private.public_key()))
    assert "key-unsupported" == caught.value.code
    with pytest.raises(RejectedInputError) as caught:
        LocalSigner.from_pem(pkcs8(private))
    assert "key-unsupported" == caught.value.code


def test_dsa_keys() -> None:
    """A DSA key is refused like any other."""
    private = dsa.generate_private_key(1024)  # noqa: S505  it is there to be refused
    with pytest.raises(RejectedInputError) as caught:
        PublicKey.from_pem(spki(private.public_key()))

    assert "key-unsupported" == caught.value.code


def rsa_forms(n: int, e: int) -> list[Any]:
    """An RSA key as calls that read it from a COSE_Key and from a JWK."""
    n_bytes, e_bytes = (value.to_bytes((value.bit_length() + 7) // 8 or 1, "big") for value in (n, e))
    members = {"kty": "RSA", "n": base64url(n_bytes), "e": base64url(e_bytes)}
    cose_key = _cbor.encode({1: 3, -1: n_bytes, -2: e_bytes})
    return [lambda: PublicKey.from_cose_key(cose_key), lambda: PublicKey.from_jwk(members)]


MODULUS = RSA_KEY.public_key().public_numbers().n


@pytest.mark.parametrize(
    ("n", "e"),
    [
        pytest.param(2**1023 + 1, 65537, id="1024 bits"),
        pytest.param(2**2046 + 1, 65537, id="2047 bits"),
        pytest.param(2**8192 + 1, 65537, id="8193 bits"),
        pytest.param(2**16383 + 1, 65537, id="16384 bits"),
        pytest.param(MODULUS, 1, id="e = 1"),
        pytest.param(MODULUS, 0, id="e = 0"),
        pytest.param(MODULUS, 2, id="e = 2"),
        pytest.param(MODULUS, 2**64 + 1, id="e over 64 bits"),
        pytest.param(0, 65537, id="n = 0"),
    ],
)
def test_weak_rsa_keys(n: int, e: int) -> None:
    """Short, overlong and degenerate RSA keys are refused."""
    for load in rsa_forms(n, e):
        with pytest.raises((RejectedInputError, UntrustedError)) as caught:
            load()
        assert caught.value.code in {"key-weak", "key-malformed"}


def test_rsa_of_1024_bits_in_pem() -> None:
    """The refusal says how many bits there are."""
    numbers = rsa.RSAPublicNumbers(65537, 2**1023 + 1)
    with pytest.raises(UntrustedError) as caught:
        PublicKey.from_pem(spki(numbers.public_key()))

    assert ("key-weak", (("bits", 1024),)) == (caught.value.code, caught.value.detail)


@pytest.mark.parametrize("form", ["from_pem", "from_x509", "from_cose_key", "from_jwk"])
@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\x00",
        b"not a key",
        b"-----BEGIN PUBLIC KEY-----",
        b"-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n",
        b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n",
        b"\x30\x82\xff\xff",
        bytes(70_000),
        b"\xa0\x00",
        b"\xbf\xff",
        b"\xa1\xa0\x00",
        b"\x81" * 1000,
    ],
    ids=lambda data: ascii(data[:20]),
)
def test_garbage_is_no_key(form: str, data: bytes) -> None:
    """Bytes that are no key are refused in every form, with one error."""
    with pytest.raises(RejectedInputError) as caught:
        getattr(PublicKey, form)(data)

    assert caught.value.code in {"key-malformed", "key-unsupported"}


@given(st.binary(max_size=60))
def test_no_other_error_for_any_bytes(data: bytes) -> None:
    """Arbitrary bytes raise certcore's errors and nothing else."""
    for form in (PublicKey.from_pem, PublicKey.from_x509, PublicKey.from_cose_key, PublicKey.from_jwk):
        with pytest.raises((RejectedInputError, UntrustedError)):
            form(data)


@pytest.mark.parametrize("algorithm", [ES256, EDDSA, ML_DSA_44])
def test_flipped_cose_keys(algorithm: int) -> None:
    """Change a byte of a COSE_Key: it is refused or another key, never another error."""
    key = fixed_signer(algorithm).public_key
    data = key.to_cose_key()
    for place in range(min(len(data), 90)):
        mutated = bytearray(data)
        mutated[place] ^= 0x01
        try:
            found = PublicKey.from_cose_key(bytes(mutated))
        except (RejectedInputError, UntrustedError):
            continue
        assert key != found


@pytest.mark.parametrize("form", ["from_pem", "from_x509", "from_cose_key"])
@pytest.mark.parametrize("data", ["text", None, bytearray(b"x"), 5])
def test_keys_come_as_bytes(form: str, data: object) -> None:
    """Anything but bytes is the caller's mistake."""
    with pytest.raises(TypeError):
        getattr(PublicKey, form)(data)


@every_algorithm
def test_private_pem_where_a_public_one_belongs(algorithm: int) -> None:
    """A private key is refused by name, so that nobody publishes one."""
    with pytest.raises(RejectedInputError, match="private key") as caught:
        PublicKey.from_pem(fixed_signer(algorithm).to_pem())

    assert "key-malformed" == caught.value.code


# Values


@every_key
def test_keys_pickle(key: PublicKey) -> None:
    """A key comes back equal from another process, and still verifies."""
    other = pickle.loads(pickle.dumps(key))  # noqa: S301  our own bytes

    assert key == other
    assert hash(key) == hash(other)
    assert key == copy.deepcopy(key)
    with pytest.raises(UntrustedError):
        other.verify(b"x", DATA)


def test_equality() -> None:
    """Equal keys have equal material, algorithm and id; no key equals anything else."""
    key = fixed_signer().public_key
    again = PublicKey.from_pem(key.to_pem())

    assert key == again
    assert 1 == len({key, again})
    assert key != PublicKey.from_pem(key.to_pem(), algorithm=ESP256)
    assert key != PublicKey.from_pem(key.to_pem(), key_id=b"x")
    assert key != fixed_signer(ES256, 2).public_key
    assert not {key} & {key.to_cose_key()}


@every_key
def test_repr_names_algorithm_and_id_alone(key: PublicKey) -> None:
    """A log line identifies a key without carrying it."""
    text = repr(key)

    assert ALGORITHM_NAMES[key.algorithm] in text
    assert key.key_id.hex() in text
    assert len(text) < 60


def test_repr_of_a_signer_shows_no_secret() -> None:
    """Nothing of the private key, in any encoding, is in its repr."""
    secret = bytes(range(1, 33))
    signer = LocalSigner.from_pem(pkcs8(ed25519.Ed25519PrivateKey.from_private_bytes(secret)))
    for text in (repr(signer), str(signer), f"{signer}"):
        assert repr(signer.public_key) in text
        assert secret.hex() not in text
        assert base64.b64encode(secret).decode()[:20] not in text


def test_keys_are_immutable() -> None:
    """Nobody changes a trusted key's id."""
    with pytest.raises(AttributeError):
        fixed_signer().public_key.key_id = b"x"  # type: ignore[misc]  # the mistake under test


# Signatures


@every_algorithm
def test_sign_and_verify(algorithm: int) -> None:
    """A signature is its key's over these bytes, and over no others and no other key's."""
    signer = fixed_signer(algorithm)
    signature = signer.sign(DATA)

    signer.public_key.verify(signature, DATA)
    for key, data in ((signer.public_key, DATA + b"."), (fixed_signer(algorithm, 2).public_key, DATA)):
        with pytest.raises(UntrustedError) as caught:
            key.verify(signature, data)
        assert "signature-invalid" == caught.value.code


SIZES = {ES256: 64, ESP256: 64, ES384: 96, ESP384: 96, EDDSA: 64, ED25519: 64, ML_DSA_44: 2420, ML_DSA_65: 3309}


@every_algorithm
def test_signature_sizes(algorithm: int) -> None:
    """Each algorithm's signatures have one length; padded, cut or empty ones are refused."""
    signer = fixed_signer(algorithm)
    signature = signer.sign(DATA)
    half = len(signature) // 2
    padded_s = signature[:half] + b"\x00" + signature[half:]  # the same numbers r and s

    assert SIZES[algorithm] == len(signature)
    for changed in (b"", signature[:-1], signature + b"\x00", b"\x00" + signature, signature * 2, padded_s):
        with pytest.raises(UntrustedError) as caught:
            signer.public_key.verify(changed, DATA)
        assert "signature-invalid" == caught.value.code


@every_algorithm
def test_every_flipped_byte_of_a_signature(algorithm: int) -> None:
    """No byte of a signature is idle."""
    signer = fixed_signer(algorithm)
    signature = signer.sign(DATA)
    for place in range(0, len(signature), max(1, len(signature) // 96)):
        mutated = bytearray(signature)
        mutated[place] ^= 0x80
        with pytest.raises(UntrustedError):
            signer.public_key.verify(bytes(mutated), DATA)


@pytest.mark.parametrize(("algorithm", "order"), [(ES256, P256_ORDER), (ES384, P384_ORDER)])
def test_ecdsa_signatures_out_of_range(algorithm: int, order: int) -> None:
    """Both r and s lie in 1 to n-1: zero, n, and n more than they should be are refused, and so is DER."""
    signer = fixed_signer(algorithm)
    half = SIZES[algorithm] // 2
    good = signer.sign(DATA)
    r, s = (int.from_bytes(part, "big") for part in (good[:half], good[half:]))
    top = 256**half - 1
    for changed in [(0, s), (r, 0), (0, 0), (order, s), (r, order), (top, s), (r, top), (s, r), (1, 1)]:
        signature = b"".join(value.to_bytes(half, "big") for value in changed)
        with pytest.raises(UntrustedError) as caught:
            signer.public_key.verify(signature, DATA)
        assert "signature-invalid" == caught.value.code
    private = load_pem_private_key(signer.to_pem(), None)
    assert isinstance(private, ec.EllipticCurvePrivateKey)
    der = private.sign(DATA, ec.ECDSA(hashes.SHA256() if half == 32 else hashes.SHA384()))
    with pytest.raises(UntrustedError):
        signer.public_key.verify(der, DATA)
    assert decode_dss_signature(der)


@pytest.mark.parametrize(("algorithm", "order"), [(ES256, P256_ORDER), (ES384, P384_ORDER)])
def test_ecdsa_malleability(algorithm: int, order: int) -> None:
    """Beside s, n - s is accepted, as ECDSA has it: nothing may be keyed by signature bytes, and no payload changes."""
    signer = fixed_signer(algorithm)
    half = SIZES[algorithm] // 2
    data = cose.sign1(DATA, signer=signer)
    s = int.from_bytes(data[-half:], "big")
    other = data[:-half] + (order - s).to_bytes(half, "big")

    assert data != other
    assert DATA == cose.open_sign1(other, keys=[signer.public_key]).payload
    assert DATA == cose.read_certificate(other).verify(signer.public_key)


def test_ed25519_is_not_malleable() -> None:
    """S + L is refused (RFC 8032 section 5.1.7)."""
    signer = fixed_signer(EDDSA)
    signature = signer.sign(DATA)
    s = int.from_bytes(signature[32:], "little") + ED25519_ORDER
    with pytest.raises(UntrustedError):
        signer.public_key.verify(signature[:32] + s.to_bytes(32, "little"), DATA)


def ps256(data: bytes, *, salt: int = 32) -> bytes:
    """A PS256 signature by the test's RSA key."""
    return RSA_KEY.sign(data, padding.PSS(mgf=padding.MGF1(hashes.SHA256()), salt_length=salt), hashes.SHA256())


def test_ps256_is_verified() -> None:
    """An RSA key checks PS256 with a salt as long as the hash, and neither PKCS #1 v1.5 nor another salt."""
    key = PublicKey.from_pem(RSA_PEM)

    key.verify(ps256(DATA), DATA)
    for signature in (ps256(DATA, salt=20), RSA_KEY.sign(DATA, padding.PKCS1v15(), hashes.SHA256()), bytes(256)):
        with pytest.raises(UntrustedError) as caught:
            key.verify(signature, DATA)
        assert "signature-invalid" == caught.value.code


def test_rsa_does_not_sign() -> None:
    """PS256 is for checking foreign documents."""
    with pytest.raises(RejectedInputError) as caught:
        LocalSigner.from_pem(pkcs8(RSA_KEY))
    assert "key-unsupported" == caught.value.code
    with pytest.raises(ValueError, match="-37"):
        LocalSigner.generate(PS256)


# The local signer


def names_in(folder: Path) -> list[str]:
    """What a folder holds, hidden files too."""
    return sorted(path.name for path in folder.iterdir())


@every_algorithm
def test_generated_keys(algorithm: int) -> None:
    """Each algorithm has its key; two are never the same."""
    one, other = LocalSigner.generate(algorithm), LocalSigner.generate(algorithm)

    one.public_key.verify(one.sign(DATA), DATA)
    assert algorithm == one.public_key.algorithm
    assert one.public_key != other.public_key


@pytest.mark.parametrize("algorithm", [0, 5, -36, -46, -50, -257, 7, -65535])
def test_algorithms_that_are_not_signed_with(algorithm: int) -> None:
    """Another number is the caller's mistake."""
    with pytest.raises(ValueError, match=str(algorithm)):
        LocalSigner.generate(algorithm)


def test_generates_es256_by_default() -> None:
    """Every COSE stack checks ES256."""
    assert ES256 == LocalSigner.generate().public_key.algorithm


@every_algorithm
@pytest.mark.parametrize("password", [None, "pässword 闽".encode()])
def test_private_pem_round_trip(algorithm: int, password: bytes | None) -> None:
    """The key comes back from PEM, encrypted or not."""
    signer = fixed_signer(algorithm)
    pem = signer.to_pem(password=password)
    other = LocalSigner.from_pem(pem, password=password, algorithm=algorithm)

    assert signer.public_key == other.public_key
    signer.public_key.verify(other.sign(DATA), DATA)
    assert (password is not None) == (b"ENCRYPTED" in pem)


def test_sec1_pem() -> None:
    """The older form of elliptic-curve keys is read too, encrypted or not."""
    private = ec.derive_private_key(77, ec.SECP256R1())
    for password in (None, b"x"):
        encryption = BestAvailableEncryption(password) if password else NoEncryption()
        pem = private.private_bytes(Encoding.PEM, PrivateFormat.TraditionalOpenSSL, encryption)
        assert ES256 == LocalSigner.from_pem(pem, password=password).public_key.algorithm


@pytest.mark.parametrize("password", [b"wrong", b"", None])
def test_wrong_passwords(password: bytes | None) -> None:
    """A wrong, empty or missing password has its own code."""
    pem = fixed_signer().to_pem(password=b"right")
    with pytest.raises(RejectedInputError) as caught:
        LocalSigner.from_pem(pem, password=password)

    assert "key-password" == caught.value.code
    assert "right" not in str(caught.value)


def test_superfluous_password() -> None:
    """A password for a key that is not encrypted says that something is not as its owner thinks."""
    with pytest.raises(RejectedInputError) as caught:
        LocalSigner.from_pem(fixed_signer().to_pem(), password=b"x")

    assert "key-password" == caught.value.code


@pytest.mark.parametrize(
    "data",
    [b"", b"x", b"-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n", bytes(70_000), RSA_PEM],
    ids=len,
)
def test_malformed_private_keys(data: bytes) -> None:
    """What is no private key is refused, a public one too."""
    with pytest.raises(RejectedInputError) as caught:
        LocalSigner.from_pem(data)

    assert "key-malformed" == caught.value.code


def test_private_key_with_another_algorithm() -> None:
    """The algorithm must be the key's."""
    assert ESP256 == LocalSigner.from_pem(fixed_signer().to_pem(), algorithm=ESP256).public_key.algorithm
    with pytest.raises(ValueError, match="algorithm"):
        LocalSigner.from_pem(fixed_signer(ES384).to_pem(), algorithm=ES256)


def test_signers_do_not_pickle() -> None:
    """A private key never leaves its process by accident."""
    for action in (pickle.dumps, copy.copy, copy.deepcopy):
        with pytest.raises(TypeError, match="does not pickle"):
            action(fixed_signer())


def test_file_round_trip(tmp_path: Path) -> None:
    """A key file is read back, is its owner's alone, and leaves nothing else behind."""
    path = tmp_path / "key.pem"
    signer = fixed_signer()
    signer.to_file(path)

    assert signer.public_key == LocalSigner.from_file(path).public_key
    assert signer.public_key == LocalSigner.from_file(str(path)).public_key
    assert 0o600 == stat.S_IMODE(path.stat().st_mode)
    assert ["key.pem"] == names_in(tmp_path)


def test_file_mode_whatever_the_umask(tmp_path: Path) -> None:
    """A generous umask does not open the key to others."""
    before = os.umask(0)
    try:
        fixed_signer().to_file(tmp_path / "key.pem")
        fixed_signer().to_file(tmp_path / "key.pem", overwrite=True)
    finally:
        os.umask(before)

    assert 0o600 == stat.S_IMODE((tmp_path / "key.pem").stat().st_mode)


def test_encrypted_file(tmp_path: Path) -> None:
    """A password protects the file."""
    path = tmp_path / "key.pem"
    fixed_signer().to_file(path, password=b"secret")

    assert fixed_signer().public_key == LocalSigner.from_file(path, password=b"secret").public_key
    with pytest.raises(RejectedInputError) as caught:
        LocalSigner.from_file(path)
    assert "key-password" == caught.value.code


def test_files_are_not_overwritten(tmp_path: Path) -> None:
    """A key that is there stays as it is, and no half-written file stays beside it."""
    path = tmp_path / "key.pem"
    path.write_bytes(b"precious")
    with pytest.raises(IssuingError) as caught:
        fixed_signer().to_file(path)

    assert "file-exists" == caught.value.code
    assert b"precious" == path.read_bytes()
    assert ["key.pem"] == names_in(tmp_path)


def test_overwriting_replaces_the_file(tmp_path: Path) -> None:
    """With overwrite=True the file is replaced, not written into: a reader holds the old key or the new one, whole."""
    path = tmp_path / "key.pem"
    fixed_signer(ES256, 1).to_file(path)
    with path.open("rb") as old:
        fixed_signer(ES256, 2).to_file(path, overwrite=True)
        assert fixed_signer(ES256, 1).to_pem() == old.read()

    assert fixed_signer(ES256, 2).public_key == LocalSigner.from_file(path).public_key
    assert 0o600 == stat.S_IMODE(path.stat().st_mode)
    assert ["key.pem"] == names_in(tmp_path)


def test_links_are_not_followed(tmp_path: Path) -> None:
    """A link where the key belongs is replaced, and what it points to is untouched."""
    target, link = tmp_path / "target", tmp_path / "key.pem"
    target.write_bytes(b"precious")
    link.symlink_to(target)
    with pytest.raises(IssuingError):
        fixed_signer().to_file(link)
    fixed_signer().to_file(link, overwrite=True)

    assert b"precious" == target.read_bytes()
    assert not link.is_symlink()


def test_files_that_cannot_be_used(tmp_path: Path) -> None:
    """A folder that is not there, and a folder where the file belongs, have their codes."""
    with pytest.raises(IssuingError) as unwritable:
        fixed_signer().to_file(tmp_path / "nowhere" / "key.pem")
    with pytest.raises(IssuingError) as folder:
        fixed_signer().to_file(tmp_path, overwrite=True)
    with pytest.raises(RejectedInputError) as missing:
        LocalSigner.from_file(tmp_path / "key.pem")
    with pytest.raises(RejectedInputError) as unreadable:
        LocalSigner.from_file(tmp_path)

    assert "file-unwritable" == unwritable.value.code
    assert "file-unwritable" == folder.value.code
    assert "file-unreadable" == missing.value.code
    assert "file-unreadable" == unreadable.value.code
    assert [] == names_in(tmp_path)


def test_huge_key_files_are_not_read_whole(tmp_path: Path) -> None:
    """A sparse file of a terabyte is refused after 64 KiB."""
    path = tmp_path / "huge"
    with path.open("wb") as file:
        file.truncate(1 << 40)
    with pytest.raises(RejectedInputError) as caught:
        LocalSigner.from_file(path)

    assert "key-malformed" == caught.value.code


# Other signers


class Kms:
    """A signer whose key is elsewhere: nothing but the two members of the protocol."""

    def __init__(self, signer: LocalSigner) -> None:
        self._signer = signer
        self.calls = 0

    @property
    def public_key(self) -> PublicKey:
        """The key that checks what this signs."""
        return self._signer.public_key

    def sign(self, data: bytes, /) -> bytes:
        """A signature from elsewhere."""
        self.calls += 1
        return self._signer.sign(data)


def test_anything_with_the_protocol_signs() -> None:
    """A key management service needs a public key and `sign`, and is called once a message."""
    kms = Kms(fixed_signer())

    assert isinstance(kms, Signer)
    assert isinstance(fixed_signer(), Signer)
    assert not isinstance(fixed_signer().public_key, Signer)
    data = cose.sign1(DATA, signer=kms)
    assert DATA == cose.open_sign1(data, keys=[kms.public_key]).payload
    assert 1 == kms.calls


@pytest.mark.parametrize("algorithm", CERTIFICATE_ALGORITHMS)
def test_certificate_signatures_fit(algorithm: int) -> None:
    """What certificates are signed with has 64 or 96 bytes."""
    assert SIZES[algorithm] in {64, 96}
