"""``certcore trust root``: root sets, their signing by old and new members, and roots as files.

A root is kept in a file that holds one root set document or a chain of them. The first document of such a file is
trusted because the file is; `rotate` adds what is properly signed, and nothing else.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Final

import click

from certcore import cose
from certcore._cli import exit_codes
from certcore._cli.groups import Group
from certcore._cli.input import datetimes, files
from certcore._cli.keys import keygen, modes
from certcore._cli.keys.root_files import read_root, read_root_file
from certcore._cli.output import terminal
from certcore._cli.trust import trust_view
from certcore.keys import PublicKey
from certcore.trust import roots
from certcore.trust.roots import MAX_CHAIN_BYTES, MAX_ROOT_SET_BYTES, RootSetContents

_FILE: Final = click.Path(path_type=Path)


def _member(_ctx: click.Context, _param: click.Parameter, values: tuple[str, ...]) -> list[tuple[Path, ...]]:
    return [tuple(map(Path, value.split(","))) for value in values]


@click.group(cls=Group)
def group() -> None:
    """Make, sign, rotate and show root sets: whose signatures trust lists need."""


@group.command()
@click.argument("file", type=_FILE)
@click.option(
    "--member",
    "members",
    multiple=True,
    required=True,
    callback=_member,
    metavar="KEY[,KEY...]",
    help="A member's public key, PEM; several, separated by commas, if all of them must sign. Repeatable.",
)
@click.option("--threshold", type=click.IntRange(1), required=True, help="How many members must sign.")
@click.option("--after", type=_FILE, help="The root that this one follows: its version is one higher.")
@click.option("--version", "version", type=click.IntRange(1), help="The version, if not 1 and without --after.")
@click.option(
    "--valid-from", default="now", show_default=True, callback=datetimes.read_instant, help="When its members begin."
)
@click.option("--valid-until", callback=datetimes.read_instant, help="When they end at the latest.")
@click.option("--key", "key_file", type=_FILE, required=True, help="The private key that signs first, PEM.")
@click.option("--password-file", type=_FILE, help="Its first line opens the private key.")
@modes.ALLOW_LOOSE_KEY
@click.option("--force", is_flag=True, help="Overwrite FILE.")
def new(  # noqa: PLR0913  one for each option
    file: Path,
    *,
    members: Sequence[Sequence[Path]],
    threshold: int,
    after: Path | None,
    version: int | None,
    valid_from: datetime,
    valid_until: datetime | None,
    key_file: Path,
    password_file: Path | None,
    force: bool,
) -> int:
    """Make a root set and sign it with one key; the others sign with 'certcore trust root sign'."""
    if after is not None and version is not None:
        msg = "either --after or --version"
        raise click.UsageError(msg)
    if after is not None:
        version = read_root_file(after).version + 1
    files.refuse_existing([file], force=force)
    try:
        contents = RootSetContents(
            version=version or 1,
            members=[[keygen.read_public_key(path) for path in member] for member in members],
            threshold=threshold,
            valid_from=valid_from,
            valid_until=valid_until,
        )
    except ValueError as cause:
        raise click.UsageError(str(cause)) from cause
    data = contents.sign(keygen.read_signer(key_file, password_file))
    files.write(file, data, force=force)
    trust_view.show_root_set(contents, signed_by=_signed_by(data, contents.keys))
    return exit_codes.DONE


@group.command()
@click.argument("file", type=_FILE)
@click.option("--key", "key_file", type=_FILE, required=True, help="A private key of an old or a new member, PEM.")
@click.option("--password-file", type=_FILE, help="Its first line opens the private key.")
@modes.ALLOW_LOOSE_KEY
def sign(file: Path, key_file: Path, password_file: Path | None) -> int:
    """Add a signature to the root set in FILE, and show what was signed."""
    data = files.read_bytes(file, limit=MAX_ROOT_SET_BYTES)
    contents = roots.read_unverified(data)
    signer = keygen.read_signer(key_file, password_file)
    data = cose.add_signature(data, signer=signer)
    files.write(file, data, force=True)
    trust_view.show_root_set(contents, signed_by=_signed_by(data, (*contents.keys, signer.public_key)))
    return exit_codes.DONE


@group.command()
@click.argument("root_file", metavar="ROOT", type=_FILE)
@click.argument("file", type=_FILE)
def rotate(root_file: Path, file: Path) -> int:
    """Take the root sets in FILE into ROOT, which is trusted; all that are new, or none."""
    held = read_root_file(root_file)
    root = held.rotate(files.read_bytes(file, limit=MAX_CHAIN_BYTES))
    name = terminal.escaped(str(root_file))
    if root is held:
        terminal.say(f"{name}: is at version {held.version} already")
        return exit_codes.DONE
    files.write(root_file, roots.encode_chain(root.chain), force=True)
    terminal.say(f"{name}: from version {held.version} to {root.version}; {len(root.chain)} root sets in the chain")
    return exit_codes.DONE


@group.command()
@click.argument("file", type=_FILE)
@click.option(
    "--root",
    "root_files",
    type=_FILE,
    multiple=True,
    help="A root's public key, PEM, repeatable; or a root set's file.",
)
@click.option(
    "--threshold", type=click.IntRange(1), default=1, show_default=True, help="How many of the keys must sign."
)
def show(file: Path, root_files: tuple[Path, ...], threshold: int) -> int:
    """Show the root sets in FILE, and whether the root that is trusted leads to them."""
    data = files.read_bytes(file, limit=MAX_CHAIN_BYTES)
    if root_files:
        read_root(root_files, threshold).rotate(data)
    documents = [(document, roots.read_unverified(document)) for document in roots.decode_chain(data)]
    if not root_files:
        terminal.say(trust_view.ROOT_NOT_VERIFIED, style="bold red")
    before: tuple[PublicKey, ...] = ()
    for document, contents in documents:
        trust_view.show_root_set(contents, signed_by=_signed_by(document, (*before, *contents.keys)))
        before = contents.keys
    if not root_files:
        terminal.say(trust_view.ROOT_NOT_VERIFIED, style="bold red")
    return exit_codes.DONE


def _signed_by(document: bytes, keys: Sequence[PublicKey]) -> tuple[PublicKey, ...]:
    return cose.read_sign(document, max_bytes=MAX_ROOT_SET_BYTES).signed_by(keys)
