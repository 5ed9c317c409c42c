"""``certcore keygen``: key pairs in files."""

from __future__ import annotations

import stat
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from certcore import LocalSigner, PublicKey
from certcore._cli import exit_codes
from certcore._cli.input import files
from certcore._cli.keys import keygen
from certcore.errors import CertcoreError, IssuingError

if TYPE_CHECKING:
    from tests.cli.conftest import Command


@pytest.mark.parametrize("algorithm", list(keygen.ALGORITHMS))
def test_a_pair_belongs_together(certcore: Command, algorithm: str) -> None:
    """The private key is readable by its owner alone, and the public one is its own; id and thumbprint are printed."""
    found = certcore("keygen", "new", "--algorithm", algorithm)
    private, public = Path("new.key.pem"), PublicKey.from_pem(Path("new.pub.pem").read_bytes())
    assert exit_codes.DONE == found.exit_code
    assert 0o600 == stat.S_IMODE(private.stat().st_mode)
    assert public == LocalSigner.from_file(private).public_key
    assert keygen.ALGORITHMS[algorithm] == public.algorithm
    assert f"key id       {public.key_id.hex()}\n" in found.stdout
    assert f"thumbprint   {public.thumbprint.hex()}\n" in found.stdout
    assert "PRIVATE" not in found.output


def test_a_password_encrypts_the_private_key(certcore: Command) -> None:
    """The password file's first line is needed to read the key again."""
    Path("word").write_text("open sesame\nnot this\n")
    assert exit_codes.DONE == certcore("keygen", "new", "--password-file", "word").exit_code
    assert b"ENCRYPTED" in Path("new.key.pem").read_bytes()
    assert keygen.read_signer(Path("new.key.pem"), Path("word")).public_key.key_id
    with pytest.raises(CertcoreError) as caught:
        keygen.read_signer(Path("new.key.pem"))
    assert "key-password" == caught.value.code


def test_an_empty_password_is_refused(certcore: Command) -> None:
    """A password file without a first line makes no key."""
    Path("word").write_text("\n")
    found = certcore("keygen", "new", "--password-file", "word")
    assert (exit_codes.ERROR, False) == (found.exit_code, Path("new.key.pem").exists())
    assert "[key-password]" in found.stderr


@pytest.mark.parametrize("there", ["new.key.pem", "new.pub.pem"])
def test_keys_are_not_overwritten(certcore: Command, there: str) -> None:
    """One file of the pair is enough to refuse; forced, both are replaced."""
    Path(there).write_text("mine")
    found = certcore("keygen", "new")
    assert exit_codes.ERROR == found.exit_code
    assert "[file-exists]" in found.stderr
    assert "mine" == Path(there).read_text()
    assert [there] == [path.name for path in Path().glob("new*")]
    assert exit_codes.DONE == certcore("keygen", "new", "--force").exit_code


def test_half_a_pair_is_taken_away_again(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the public key cannot be written no private one is left."""

    def full(*_: object, **__: object) -> None:
        raise IssuingError("file-unwritable")

    monkeypatch.setattr(files, "write", full)
    with pytest.raises(IssuingError):
        keygen.write_keys(LocalSigner.generate(), Path("new"))
    assert [] == list(Path().glob("*new*"))


def test_a_folder_that_is_not_there_is_told(certcore: Command) -> None:
    """A name in a missing folder is an error, not a traceback."""
    found = certcore("keygen", "missing/new")
    assert exit_codes.ERROR == found.exit_code
    assert "[file-unwritable]" in found.stderr


def test_keys_of_the_wrong_kind_name_the_file(certcore: Command) -> None:
    """A public key where a private one belongs, and the other way round, is told with the file's name."""
    found = certcore("issue", "--key", "issuer.pub.pem", "--json-file", "valid.json")
    assert exit_codes.ERROR == found.exit_code
    for path in ("issuer.key.pem", "valid.txt"):
        with pytest.raises(CertcoreError) as caught:
            keygen.read_public_key(Path(path))
        assert ("key-malformed", True) == (caught.value.code, path in caught.value.message)
