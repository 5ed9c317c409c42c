"""``certcore keygen``: a new key pair in two files."""

from __future__ import annotations

import codecs
from pathlib import Path
from typing import Final

import click

from certcore import _files
from certcore._cli import exit_codes
from certcore._cli.input import files
from certcore._cli.keys import modes
from certcore._cli.output import terminal
from certcore.errors import CertcoreError, RejectedInputError
from certcore.keys import LocalSigner, PublicKey
from certcore.keys._algorithms import ALGORITHM_NAMES, ALGORITHMS_OF, SIGNING_KINDS

ALGORITHMS: Final = {ALGORITHM_NAMES[number]: number for number, *_ in map(ALGORITHMS_OF.__getitem__, SIGNING_KINDS)}
"""What a key may be made for: the one algorithm that each kind of key is used with once it is read back from PEM."""


@click.command()
@click.argument("name", type=click.Path(path_type=Path))
@click.option(
    "--algorithm", type=click.Choice(list(ALGORITHMS)), default="ES256", show_default=True, help="What the key is for."
)
@click.option(
    "--password-file", type=click.Path(path_type=Path), help="Encrypt the private key with this file's first line."
)
@click.option(
    "--force", is_flag=True, help="Overwrite keys of this name. What they signed can no longer be signed again."
)
def keygen(name: Path, algorithm: str, password_file: Path | None, *, force: bool) -> int:
    """Make a key pair: NAME.key.pem, readable by you alone, and NAME.pub.pem, to hand out."""
    signer = LocalSigner.generate(ALGORITHMS[algorithm])
    private, public = key_paths(name)
    write_keys(signer, name, password=None if password_file is None else password(password_file), force=force)
    terminal.say(f"private key  {terminal.escaped(str(private))}" + ("" if password_file else "  (not encrypted)"))
    terminal.say(f"public key   {terminal.escaped(str(public))}")
    terminal.say(f"algorithm    {algorithm}")
    terminal.say(f"key id       {signer.public_key.key_id.hex()}")
    terminal.say(f"thumbprint   {signer.public_key.thumbprint.hex()}")
    return exit_codes.DONE


def key_paths(name: Path) -> tuple[Path, Path]:
    """Where a private and a public key of a name are."""
    return name.with_name(f"{name.name}.key.pem"), name.with_name(f"{name.name}.pub.pem")


def write_keys(signer: LocalSigner, name: Path, *, password: bytes | None = None, force: bool = False) -> None:
    """Write both files, or neither.

    Raises:
        IssuingError: ``file-exists`` unless forced; ``file-unwritable``.
    """
    private, public = key_paths(name)
    files.refuse_existing([private, public], force=force)
    signer.to_file(private, password=password, overwrite=force)
    try:
        files.write(public, signer.public_key.to_pem(), force=force)
    except CertcoreError:
        if not force:
            private.unlink(missing_ok=True)
        raise


def read_signer(path: Path, password_file: Path | None = None) -> LocalSigner:
    """The private key in a file.

    Raises:
        RejectedInputError: ``file-unreadable``, ``file-too-large``, ``key-malformed``, ``key-password`` or
            ``key-unsupported``.
        UntrustedError: ``key-weak``; ``key-file-loose`` unless that is allowed.
    """
    secret = None if password_file is None else password(password_file)
    data = files.read_bytes(path, limit=files.MAX_KEY_FILE_BYTES)
    signer = files.name_errors(path, lambda: LocalSigner.from_pem(data, password=secret))
    if not modes.is_loose_key_allowed():
        files.name_errors(path, lambda: _files.require_private(path))
    return signer


def read_public_key(path: Path) -> PublicKey:
    """The public key in a PEM file.

    Raises:
        RejectedInputError: ``file-unreadable``, ``file-too-large``, ``key-malformed`` or ``key-unsupported``.
        UntrustedError: ``key-weak``.
    """
    data = files.read_bytes(path, limit=files.MAX_KEY_FILE_BYTES)
    return files.name_errors(path, lambda: PublicKey.from_pem(data))


def password(path: Path) -> bytes:
    """The first line of a password file.

    Raises:
        RejectedInputError: ``key-password`` where there is none; ``file-unreadable`` or ``file-too-large``.
    """
    lines = files.read_bytes(path, limit=files.MAX_KEY_FILE_BYTES).removeprefix(codecs.BOM_UTF8).splitlines()
    if not lines or not lines[0]:
        raise RejectedInputError("key-password", f"{path}: the first line holds no password")
    modes.warn_if_loose(path, "this password")
    return lines[0]
