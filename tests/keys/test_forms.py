"""Public keys: every form they come in, their ids and algorithms, and what they are as values."""

from __future__ import annotations

import base64
import copy
import hashlib
import json
import pickle
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ed25519
from cryptography.hazmat.primitives.serialization import (
    Encoding,
)

from certcore import _cbor
from certcore.errors import RejectedInputError, UntrustedError
from certcore.keys import EDDSA, ES256, ES384, ML_DSA_65, LocalSigner, PublicKey
from certcore.keys._algorithms import ALGORITHM_NAMES, ED25519, ESP256, ESP384, ML_DSA_44, PS256
from certcore.keys._signing import KEY_ID_BYTES
from tests.keys.sample_keys import (
    DATA,
    RFC_THUMBPRINT,
    RFC_X,
    RFC_Y,
    base64url,
    certificate,
    cose_map,
    every_key,
    jwk,
    pkcs8,
)
from tests.strategies import SIGNING_ALGORITHMS, fixed_signer

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
