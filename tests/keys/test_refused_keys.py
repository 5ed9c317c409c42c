"""Keys that must never be trusted: off their curves, of the wrong length or kind, weak, or garbage."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from typing import Any

import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import dsa, ec, ed448, ed25519, rsa, x25519
from hypothesis import given
from hypothesis import strategies as st

from certcore import _cbor
from certcore.errors import RejectedInputError, UntrustedError
from certcore.keys import EDDSA, ES256, ES384, ML_DSA_65, LocalSigner, PublicKey
from certcore.keys._algorithms import ML_DSA_44
from tests.keys.sample_keys import (
    ED25519_PRIME,
    RFC_X,
    RFC_Y,
    RSA_KEY,
    base64url,
    cose_map,
    every_algorithm,
    every_key,
    jwk,
    pkcs8,
    spki,
)
from tests.strategies import fixed_signer

# Keys that must never be trusted


ORDER_8_Y = 0x7A03AC9277FDC74EC6CC392CFA53202A0F67100D760B3CBA4FD84D3D706A17C7
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


@pytest.mark.parametrize("x", small_order_encodings(), ids=bytes.hex)
def test_small_order_points_take_anybodys_signature(x: bytes) -> None:
    """The library under certcore takes a signature that nobody made, of R = 1 and S = 0, for some message in 64."""
    key = ed25519.Ed25519PublicKey.from_public_bytes(x)
    assert any(_takes(key, bytes([1, *bytes(63)]), bytes([message])) for message in range(64))


def _takes(key: ed25519.Ed25519PublicKey, signature: bytes, message: bytes) -> bool:
    try:
        key.verify(signature, message)
    except InvalidSignature:
        return False
    return True


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
