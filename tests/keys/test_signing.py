"""What keys sign and verify, and that private ones stay private."""

from __future__ import annotations

import copy
import os
import pickle
import stat
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature, encode_dss_signature
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)
from hypothesis import given
from hypothesis import strategies as st

from certcore import cose
from certcore.errors import IssuingError, RejectedInputError, UntrustedError
from certcore.keys import EDDSA, ES256, ES384, ML_DSA_65, LocalSigner, PublicKey, Signer
from certcore.keys._algorithms import ED25519, ESP256, ESP384, ML_DSA_44, PS256
from certcore.keys._signing import _der_writer
from tests.keys.sample_keys import (
    DATA,
    ED25519_ORDER,
    P256_ORDER,
    P384_ORDER,
    RSA_KEY,
    RSA_PEM,
    every_algorithm,
    pkcs8,
)
from tests.strategies import CERTIFICATE_ALGORITHMS, fixed_signer

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


FIRST_BYTES = st.sampled_from([b"", b"\0", b"\x7f", b"\x80", b"\xff"])


@pytest.mark.parametrize("half", [32, 48])
@given(st.data())
def test_ecdsa_signatures_as_der(half: int, data: st.DataObject) -> None:
    """Both numbers are written as `cryptography` writes them, whatever their first bytes are."""
    number = st.builds(bytes.__add__, FIRST_BYTES, st.binary(max_size=half))
    r, s = (data.draw(number)[:half].ljust(half, b"\0") for _ in range(2))

    assert encode_dss_signature(int.from_bytes(r, "big"), int.from_bytes(s, "big")) == _der_writer(half)(r + s)


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


def test_a_public_key_in_a_private_ones_place() -> None:
    """The most likely slip is told as what it is."""
    with pytest.raises(RejectedInputError, match="This is a public key") as caught:
        LocalSigner.from_pem(LocalSigner.generate().public_key.to_pem())

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
