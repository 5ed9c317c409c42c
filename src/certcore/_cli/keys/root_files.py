"""Roots as files: public keys, or a file of root sets. Only reading; `trust_root` makes them."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import click

from certcore._cli.input import files
from certcore._cli.keys import keygen
from certcore.trust.roots import MAX_CHAIN_BYTES, Environment, TrustRoot

_FIRST_BYTES: Final = frozenset({0xD8, *range(0x81, 0x9C)})
"""How a document (a tag) and a chain (an array) begin; PEM begins otherwise."""


def read_root(paths: tuple[Path, ...], threshold: int = 1, environment: str | None = None) -> TrustRoot:
    """The root made of the public keys in these files, or the one in a file of root sets; for this environment.

    Raises:
        CertcoreError: for a file, a key or a root set that cannot be used.
        click.UsageError: for a threshold that the keys cannot meet, and for a file of root sets beside others.
    """
    environments = None if environment is None else (Environment(environment),)
    if any(map(_is_root_file, paths)):
        if len(paths) > 1 or threshold > 1:
            msg = "a file of root sets is a whole root: name it alone, without --threshold"
            raise click.UsageError(msg)
        return read_root_file(paths[0], environments)
    try:
        keys = [keygen.read_public_key(path) for path in paths]
        return TrustRoot(keys=keys, threshold=threshold, environments=environments)
    except ValueError as cause:
        raise click.UsageError(str(cause)) from cause


def _is_root_file(path: Path) -> bool:
    return files.read_bytes(path, limit=MAX_CHAIN_BYTES)[:1] in {bytes([first]) for first in _FIRST_BYTES}


def read_root_file(path: Path, environments: tuple[Environment, ...] | None = None) -> TrustRoot:
    """The root in a file of root sets.

    Raises:
        CertcoreError: for a file that is none.
    """
    return TrustRoot.from_document(files.read_bytes(path, limit=MAX_CHAIN_BYTES), environments=environments)
