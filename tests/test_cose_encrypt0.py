"""COSE_Encrypt0 under a group key: what is sealed opens, for those who hold the key, in its place, and in one form."""

from __future__ import annotations

import pickle
import subprocess
import sys
from pathlib import Path
from typing import Any, Final

import attrs
import pytest
from cryptography.hazmat.primitives.ciphers.aead import AESCCM, AESGCM
from hypothesis import given
from hypothesis import strategies as st

from certcore import _cbor, cose
from certcore.errors import CertcoreError, IssuingError, RejectedInputError, UntrustedError
from certcore.keys._group import A128GCM, A256GCM, AES_CCM_16_64_128, AES_CCM_16_64_256, GroupKey, group_key_tuple

ALGORITHMS: Final = {A128GCM: (16, 12, 16), A256GCM: (32, 12, 16), AES_CCM_16_64_128: (16, 13, 8)} | {
    AES_CCM_16_64_256: (32, 13, 8)
}
"""Bytes of key, IV and tag."""

KEYS: Final = {
    algorithm: GroupKey(key_id=b"claims", algorithm=algorithm, secret=bytes(range(size)))
    for algorithm, (size, _, _) in ALGORITHMS.items()
}
KEY: Final = KEYS[A256GCM]
PLAINTEXT: Final = b"what only the group may read"
AAD: Final = b"where it belongs"

every_algorithm = pytest.mark.parametrize("algorithm", ALGORITHMS)


def parts(data: bytes) -> list[Any]:
    """The three elements of a message."""
    return list(_cbor.decode(data, max_bytes=3000))


def message(
    protected: object = None,
    unprotected: object = None,
    ciphertext: object = None,
    *,
    key: GroupKey = KEY,
    iv: bytes | None = None,
) -> bytes:
    """A message made without pycose and without `seal`; what is given is put in, and the tag is over it."""
    iv = bytes(key.iv_bytes) if iv is None else iv
    header = protected if isinstance(protected, bytes) else _cbor.encode(protected or {1: key.algorithm})
    structure = _cbor.encode(["Encrypt0", header, AAD])
    if ciphertext is None:
        is_gcm = key.algorithm in {A128GCM, A256GCM}
        cipher = AESGCM(key.secret) if is_gcm else AESCCM(key.secret, tag_length=8)
        ciphertext = cipher.encrypt(iv, PLAINTEXT, structure)
    return _cbor.encode([header, {4: key.key_id, 5: iv} if unprotected is None else unprotected, ciphertext])


def refused(data: bytes, *keys: GroupKey, aad: bytes = AAD) -> str:
    """The code with which a message is refused."""
    with pytest.raises(CertcoreError) as caught:
        cose.unseal(data, keys=keys or [KEY], external_aad=aad)
    assert isinstance(caught.value, UntrustedError if caught.value.code == "key-unknown" else RejectedInputError)
    return caught.value.code


# Sealing


@every_algorithm
def test_what_is_sealed_opens(algorithm: int) -> None:
    """With each algorithm, the group reads what was sealed for it."""
    data = cose.seal(PLAINTEXT, key=KEYS[algorithm], external_aad=AAD)

    assert PLAINTEXT == cose.unseal(data, keys=[KEYS[algorithm]], external_aad=AAD)


@given(plaintext=st.binary(max_size=300), aad=st.binary(max_size=100), algorithm=st.sampled_from(sorted(ALGORITHMS)))
def test_anything_is_sealed(plaintext: bytes, aad: bytes, algorithm: int) -> None:
    """Whatever the bytes, they come back."""
    key = KEYS[algorithm]

    assert plaintext == cose.unseal(cose.seal(plaintext, key=key, external_aad=aad), keys=[key], external_aad=aad)


@every_algorithm
def test_the_form(algorithm: int) -> None:
    """Untagged and deterministic: the algorithm protected, id and IV beside it, the tag behind the ciphertext."""
    _, iv_bytes, tag_bytes = ALGORITHMS[algorithm]
    data = cose.seal(PLAINTEXT, key=KEYS[algorithm], external_aad=AAD)
    header, unprotected, ciphertext = parts(data)

    assert _cbor.encode({1: algorithm}) == header
    assert [4, 5] == list(unprotected)
    assert b"claims" == unprotected[4]
    assert iv_bytes == len(unprotected[5]) == KEYS[algorithm].iv_bytes
    assert len(PLAINTEXT) + tag_bytes == len(ciphertext)
    assert data == _cbor.encode([header, unprotected, ciphertext])


@every_algorithm
def test_another_hand_makes_the_same(algorithm: int) -> None:
    """Made from the RFC with `cryptography` alone, a message opens just as well."""
    assert PLAINTEXT == cose.unseal(message(key=KEYS[algorithm]), keys=[KEYS[algorithm]], external_aad=AAD)


@every_algorithm
def test_pycose_agrees_both_ways(algorithm: int) -> None:
    """What `seal` makes is opened by pycose, and what pycose makes by `unseal`."""
    from pycose.keys import SymmetricKey
    from pycose.messages import Enc0Message

    key = KEYS[algorithm]
    header, unprotected, ciphertext = parts(cose.seal(PLAINTEXT, key=key, external_aad=AAD))
    read = Enc0Message(phdr_encoded=header, uhdr=unprotected, payload=ciphertext, external_aad=AAD)
    read.key = SymmetricKey(key.secret)
    made = Enc0Message(
        phdr={1: algorithm},
        uhdr={4: key.key_id, 5: bytes(key.iv_bytes)},
        payload=PLAINTEXT,
        external_aad=AAD,
        key=SymmetricKey(key.secret),
    )

    assert PLAINTEXT == read.decrypt()
    assert PLAINTEXT == cose.unseal(made.encode(tag=False), keys=[key], external_aad=AAD)
    assert message(key=key) == made.encode(tag=False)


@every_algorithm
def test_no_nonce_twice(algorithm: int) -> None:
    """Ten thousand messages under one key have ten thousand IVs."""
    key = KEYS[algorithm]
    ivs = {parts(cose.seal(b"", key=key, external_aad=b""))[1][5] for _ in range(10_000)}

    assert 10_000 == len(ivs)


def test_too_long_to_be_sealed() -> None:
    """What no certificate holds is refused before anything is encrypted."""
    assert cose.seal(bytes(2860), key=KEY, external_aad=b"")
    with pytest.raises(ValueError, match="2860"):
        cose.seal(bytes(2861), key=KEY, external_aad=b"")


# Opening


@every_algorithm
def test_every_changed_bit_is_noticed(algorithm: int) -> None:
    """No bit of a message can be changed."""
    data = cose.seal(PLAINTEXT, key=KEYS[algorithm], external_aad=AAD)
    for bit in range(len(data) * 8):
        changed = bytearray(data)
        changed[bit // 8] ^= 1 << bit % 8
        assert refused(bytes(changed), KEYS[algorithm]) in {"malformed", "confidential-invalid", "key-unknown"}


@every_algorithm
def test_another_place(algorithm: int) -> None:
    """Under another external_aad nothing opens."""
    assert "confidential-invalid" == refused(message(key=KEYS[algorithm]), KEYS[algorithm], aad=b"")


@pytest.mark.parametrize("algorithm", ALGORITHMS)
@pytest.mark.parametrize("claimed", [*ALGORITHMS, 2, 12, 24, -7, 0])
def test_the_algorithm_is_the_keys(algorithm: int, claimed: int) -> None:
    """A key opens nothing that states another algorithm, though length and tag may fit: A128 under A256GCM."""
    key = KEYS[algorithm]
    data = message({1: claimed}, key=key)
    if claimed == algorithm:
        assert PLAINTEXT == cose.unseal(data, keys=[key], external_aad=AAD)
    else:
        assert "confidential-invalid" == refused(data, key)


@every_algorithm
@pytest.mark.parametrize("size", [0, 1, 7, 8, 11, 12, 13, 14, 16])
def test_ivs_of_another_length(algorithm: int, size: int) -> None:
    """An IV has 12 bytes with GCM and 13 with CCM; the primitives would take others."""
    key = KEYS[algorithm]
    unprotected = {4: key.key_id, 5: bytes(size)}
    try:
        data = message(unprotected=unprotected, key=key, iv=bytes(size))
    except ValueError:  # a length that the primitive itself refuses: over the usual IV then
        data = message(unprotected=unprotected, key=key)
    if size == key.iv_bytes:
        assert PLAINTEXT == cose.unseal(data, keys=[key], external_aad=AAD)
    else:
        assert "confidential-invalid" == refused(data, key)


@every_algorithm
def test_cut_tags(algorithm: int) -> None:
    """A tag that lost bytes, and a ciphertext shorter than a tag, do not open."""
    key = KEYS[algorithm]
    whole = parts(message(key=key))[2]
    for length in range(len(whole)):
        assert "confidential-invalid" == refused(message(ciphertext=whole[:length], key=key), key)


IV: Final = bytes(12)
MALFORMED: Final[dict[str, bytes]] = {
    "nothing": b"",
    "tag 16": b"\xd0" + message(),
    "tag 96, with recipients": b"\xd8\x60" + message(),
    "a byte more": message() + b"\0",
    "cut": message()[:-1],
    "four elements": _cbor.encode([*parts(message()), []]),
    "two elements": _cbor.encode(parts(message())[:2]),
    "a map": _cbor.encode({0: 1}),
    "alg unprotected": message(b"", {1: A256GCM, 4: b"claims", 5: IV}),
    "alg in both": message(unprotected={1: A256GCM, 4: b"claims", 5: IV}),
    "crit": message({1: A256GCM, 2: [5]}),
    "crit unprotected": message(unprotected={2: [5], 4: b"claims", 5: IV}),
    "key id protected": message({1: A256GCM, 4: b"claims"}, {5: IV}),
    "IV protected": message({1: A256GCM, 5: IV}, {4: b"claims"}),
    "content type": message({1: A256GCM, 3: 0}),
    "no alg": message({5: IV}),
    "alg in text": message({1: "A256GCM"}),
    "alg true": message(b"\xa1\x01\xf5"),
    "empty protected map": message(b"\xa0"),
    "long form of alg": message(b"\xa1\x01\x18\x03"),
    "protected array": message(b"\x80"),
    "partial IV": message(unprotected={4: b"claims", 6: b"\0"}),
    "IV and partial IV": message(unprotected={4: b"claims", 5: IV, 6: b"\0"}),
    "no IV": message(unprotected={4: b"claims"}),
    "no key id": message(unprotected={5: IV}),
    "empty key id": message(unprotected={4: b"", 5: IV}),
    "key id of 33 bytes": message(unprotected={4: bytes(33), 5: IV}),
    "key id in text": message(unprotected={4: "claims", 5: IV}),
    "IV in text": message(unprotected={4: b"claims", 5: "x" * 12}),
    "a header more": message(unprotected={4: b"claims", 5: IV, 16: 1}),
    "unprotected array": message(unprotected=[]),
    "ciphertext nil": message(ciphertext=b"")[:-1] + b"\xf6",
    "ciphertext in text": message(ciphertext="x" * 40),
    "keys out of order": b"\x83" + _cbor.byte_string(b"\xa1\x01\x03") + b"\xa2\x05\x40\x04\x41x" + b"\x40",
    "indefinite": b"\x9f" + message()[1:] + b"\xff",
    "too long": message(ciphertext=bytes(2860)),
}


@pytest.mark.parametrize("data", MALFORMED.values(), ids=list(MALFORMED))
def test_other_forms(data: bytes) -> None:
    """Tags, recipients, other headers, other types and other encodings are refused, whatever their tag says."""
    assert "malformed" == refused(data)


@given(st.binary(max_size=100))
def test_any_bytes(data: bytes) -> None:
    """Whatever the bytes, there is an error of certcore's and no other."""
    assert refused(data) == "malformed"


def test_no_key_by_that_id() -> None:
    """That no key goes by the id is told apart from a message that is wrong."""
    other = attrs.evolve(KEY, key_id=b"others")
    assert "key-unknown" == refused(message(), other)
    with pytest.raises(UntrustedError):
        cose.unseal(message(), keys=[], external_aad=AAD)


def test_every_key_with_the_id_is_tried() -> None:
    """Up to four keys go by one id, of whatever algorithms; a fifth is the caller's mistake."""
    others = [GroupKey(key_id=b"claims", algorithm=A256GCM, secret=bytes([n]) * 32) for n in range(4)]

    assert PLAINTEXT == cose.unseal(message(), keys=[*others[:2], KEYS[A128GCM], KEY], external_aad=AAD)
    assert "confidential-invalid" == refused(message(), *others)
    with pytest.raises(ValueError, match="one id"):
        cose.unseal(message(), keys=[*others, KEY], external_aad=AAD)


def test_opening_needs_no_pycose() -> None:
    """A sealed message is opened without pycose being loaded."""
    program = f"""
import sys
from certcore import cose
from certcore.keys import GroupKey
key = GroupKey.from_cose_key({KEY.to_cose_key()!r})
assert {PLAINTEXT!r} == cose.unseal({message()!r}, keys=[key], external_aad={AAD!r})
print("pycose" in sys.modules)
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)

    assert "False\n" == done.stdout


# Keys


@every_algorithm
def test_generated_keys(algorithm: int) -> None:
    """A generated key is random, as long as its algorithm takes, under a random id or the one that is given."""
    one, other = GroupKey.generate(algorithm), GroupKey.generate(algorithm)

    assert one != other
    assert one.key_id != other.key_id
    assert (algorithm, 4, ALGORITHMS[algorithm][0]) == (one.algorithm, len(one.key_id), len(one.secret))
    assert b"x" * 32 == GroupKey.generate(algorithm, key_id=b"x" * 32).key_id
    assert A256GCM == GroupKey.generate().algorithm


@pytest.mark.parametrize(
    "changes",
    [
        *({"algorithm": other} for other in (2, 12, 24, 30, -7, 0, True, "A256GCM", None)),
        *({"key_id": other} for other in (b"", bytes(33), "claims", None, bytearray(4))),
        *({"secret": other} for other in (b"", bytes(16), bytes(24), bytes(31), bytes(33), "x" * 32, bytearray(32))),
    ],
    ids=str,
)
def test_impossible_keys(changes: dict[str, Any]) -> None:
    """Another algorithm, an id or a secret of another length or type: no such key."""
    with pytest.raises(ValueError, match=r"algorithm|bytes"):
        attrs.evolve(KEY, **changes)


def test_impossible_algorithms_are_not_generated() -> None:
    """A key for AES-192 or for another cipher is refused."""
    for algorithm in (2, 24, 0):
        with pytest.raises(ValueError, match="algorithm"):
            GroupKey.generate(algorithm)


def test_equality() -> None:
    """Equal keys agree in id, algorithm and secret, and in nothing less."""
    same = GroupKey(key_id=KEY.key_id, algorithm=KEY.algorithm, secret=bytes(KEY.secret))

    assert same == KEY
    assert hash(same) == hash(KEY)
    assert KEYS[A128GCM] != KEYS[AES_CCM_16_64_128]
    assert attrs.evolve(KEY, key_id=b"x") != KEY
    assert attrs.evolve(KEY, secret=bytes(32)) != KEY
    assert KEY != KEY.secret


def test_keys_are_not_shown() -> None:
    """A key's repr has its id and no secret."""
    shown = repr(KEY)

    assert KEY.key_id.hex() in shown
    assert KEY.secret.hex() not in shown
    assert repr(KEY.secret) not in shown


def test_keys_pickle_and_do_not_change() -> None:
    """A key travels to another process with its verifier, and stays what it is."""
    assert KEY == pickle.loads(pickle.dumps(KEY))  # noqa: S301  a pickle of our own
    with pytest.raises(AttributeError):
        KEY.secret = bytes(32)  # type: ignore[misc]  # the mistake under test


@every_algorithm
def test_keys_in_files(algorithm: int, tmp_path: Path) -> None:
    """A key file is for its owner alone, holds the whole key, and is not overwritten unless told to."""
    path = tmp_path / "group.key"
    KEYS[algorithm].to_file(path)

    assert 0o600 == path.stat().st_mode & 0o777
    assert KEYS[algorithm] == GroupKey.from_file(path)
    with pytest.raises(IssuingError) as caught:
        KEY.to_file(path)
    assert "file-exists" == caught.value.code
    KEY.to_file(path, overwrite=True)
    assert KEY == GroupKey.from_file(path)
    assert [path] == list(tmp_path.iterdir())


def test_files_that_cannot_be_used(tmp_path: Path) -> None:
    """No file, a folder, an impossible name, no place to write to, and a file that is too long."""
    long = tmp_path / "long"
    long.write_bytes(KEY.to_cose_key() + bytes(1000))
    unreadable = (tmp_path / "none", tmp_path, tmp_path / ("x" * 5000))
    for path, code in (*((path, "file-unreadable") for path in unreadable), (long, "key-malformed")):
        with pytest.raises(RejectedInputError) as caught:
            GroupKey.from_file(path)
        assert code == caught.value.code
    with pytest.raises(IssuingError) as unwritten:
        KEY.to_file(tmp_path / "none" / "group.key")
    assert "file-unwritable" == unwritten.value.code


FORM: Final[dict[int, object]] = {1: 4, 2: b"claims", 3: A256GCM, -1: bytes(32)}


@pytest.mark.parametrize(
    ("form", "code"),
    [
        (b"", "key-malformed"),
        (b"\x80", "key-malformed"),
        (b"-----BEGIN PRIVATE KEY-----", "key-malformed"),
        (_cbor.encode(FORM) + b"\0", "key-malformed"),
        (FORM | {1: 2}, "key-unsupported"),
        (FORM | {3: 5}, "key-unsupported"),
        (FORM | {3: [1]}, "key-unsupported"),
        (FORM | {3: "A256GCM"}, "key-unsupported"),
        ({1: 4, 2: b"claims", -1: bytes(32)}, "key-unsupported"),
        ({1: 4, 3: A256GCM, -1: bytes(32)}, "key-malformed"),
        ({1: 4, 2: b"claims", 3: A256GCM}, "key-malformed"),
        (FORM | {5: bytes(12)}, "key-malformed"),
        (FORM | {2: "claims"}, "key-malformed"),
        (FORM | {2: b""}, "key-malformed"),
        (FORM | {-1: bytes(16)}, "key-malformed"),
        (FORM | {-1: 5}, "key-malformed"),
        (FORM | {3: A128GCM}, "key-malformed"),
    ],
    ids=str,
)
def test_other_forms_of_keys(form: Any, code: str) -> None:  # noqa: ANN401  bytes, or a map to be encoded
    """A group key has one form; an AES-128 secret is no key for A256GCM, nor the other way round."""
    data = form if isinstance(form, bytes) else _cbor.encode(form)
    with pytest.raises(RejectedInputError) as caught:
        GroupKey.from_cose_key(data)

    assert code == caught.value.code


def test_several_keys() -> None:
    """What a reader holds: each key once, in its order; no strangers, and at most four by one id."""
    assert (KEY, KEYS[A128GCM]) == group_key_tuple(iter([KEY, KEYS[A128GCM], KEY]))
    assert () == group_key_tuple([])
    with pytest.raises(TypeError, match="GroupKey"):
        group_key_tuple([KEY.secret])  # type: ignore[list-item]  # the mistake under test
    with pytest.raises(ValueError, match="one id"):
        group_key_tuple(GroupKey.generate(key_id=b"x") for _ in range(5))
