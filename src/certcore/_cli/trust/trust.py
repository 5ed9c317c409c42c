"""``certcore trust``: the draft of a trust list, its signing by the roots, and what a signed one says."""

from __future__ import annotations

from datetime import date, datetime
from pathlib import Path
from typing import Any, Final

import attrs
import click

from certcore import cose
from certcore._cli import exit_codes
from certcore._cli.groups import Group
from certcore._cli.input import datetimes, files
from certcore._cli.keys import keygen, modes
from certcore._cli.keys.root_files import read_root
from certcore._cli.output import terminal
from certcore._cli.trust import trust_draft, trust_fetch, trust_import, trust_root, trust_view
from certcore._cli.trust.trust_draft import DEFAULT_LIVE_SECONDS, DEFAULT_UPDATE_DAYS, TrustDraft
from certcore._clock import utc_now
from certcore.errors import IssuingError, RejectedInputError
from certcore.keys import LocalSigner
from certcore.trust import (
    Environment,
    KeyUsage,
    ListTemplate,
    TrustedKey,
    TrustList,
    TrustListContents,
    read_unverified,
)
from certcore.trust._lists import MAX_TRUST_LIST_BYTES

_FILE: Final = click.Path(path_type=Path)


@click.group(cls=Group)
def trust() -> None:
    """Make, sign and show trust lists: who may sign certificates, and when."""


@trust.command()
@click.argument("file", type=_FILE)
@click.option(
    "--environment",
    type=click.Choice([environment.value for environment in Environment]),
    required=True,
    help="Real certificates, or trying things out.",
)
@click.option("--update-days", type=click.IntRange(1, 3650), default=DEFAULT_UPDATE_DAYS, show_default=True)
@click.option(
    "--live-seconds",
    type=click.IntRange(1, 86400),
    default=DEFAULT_LIVE_SECONDS,
    show_default=True,
    help="The longest a live presentation may last.",
)
@click.option("--force", is_flag=True, help="Overwrite FILE.")
def init(file: Path, environment: str, update_days: int, live_seconds: int, *, force: bool) -> int:
    """Begin the draft of a trust list: a JSON FILE to add issuers to, or to edit."""
    draft = TrustDraft(environment=Environment(environment), update_days=update_days, live_maximum_s=live_seconds)
    files.write(file, draft.to_json(), force=force)
    terminal.say(
        f"{terminal.escaped(str(file))}: a {environment} list without issuers; add one with 'certcore trust add'"
    )
    return exit_codes.DONE


@trust.command()
@click.argument("file", type=_FILE)
@click.option("--issuer", "issuer_id", required=True, help="The issuer's id, e.g. CN.")
@click.option("--name", help="Its name, for people. Needed for a new issuer, like the next two.")
@click.option("--country", help="Two letters, ISO 3166-1.")
@click.option("--also-country", "countries", multiple=True, help="Another country that it speaks for; repeatable.")
@click.option("--time-zone", help="The zone of its civil days, e.g. Asia/Shanghai.")
@click.option("--query-endpoint", help="Where vehicles are looked up.")
@click.option(
    "--uri-prefix", "uri_prefixes", multiple=True, help="Where status URIs in certificates must lie; ends in /."
)
@click.option("--max-entries", type=int, help="The most entries one of its status lists has.")
@click.option("--suspends/--no-suspends", default=None, help="Whether an entry may become valid again.")
@click.option("--retroactive/--no-retroactive", default=None, help="Whether a revocation may reach back.")
@click.option("--list-template", "list_templates", multiple=True, help="URI of its status lists, with {list} in it.")
@click.option("--key", "key_file", type=_FILE, required=True, help="The public key to add, PEM.")
@click.option(
    "--usage", type=click.Choice([usage.value for usage in KeyUsage]), required=True, help="What it may sign."
)
@click.option(
    "--authority", "authorities", multiple=True, help="For whom it signs: exact, or 闽*. Everybody, if not given."
)
@click.option(
    "--not-before",
    required=True,
    callback=datetimes.read_limit,
    help="From when it may have signed: a day in the issuer's zone, or a moment.",
)
@click.option(
    "--not-after", required=True, callback=datetimes.read_limit, help="Until when: a day, inclusive, or a moment."
)
def add(
    file: Path,
    key_file: Path,
    usage: str,
    authorities: tuple[str, ...],
    not_before: date | datetime,
    not_after: date | datetime,
    list_templates: tuple[str, ...],
    **of_issuer: Any,  # noqa: ANN401  the issuer's options, as click converts them
) -> int:
    """Add a key to the draft in FILE; its issuer too, if that is a new one."""
    draft = trust_draft.read(file)
    public_key = keygen.read_public_key(key_file)
    try:
        issuer = draft.issuer(**of_issuer)
        start = trust_draft.limit(not_before, issuer.zone)
        end = trust_draft.limit(not_after, issuer.zone, is_end=True)
        key = TrustedKey(
            public_key=public_key,
            usage=KeyUsage(usage),
            authorities=authorities or ("*",),
            not_before=start,
            not_after=end,
        )
        templates = [ListTemplate(uri=uri, not_before=start) for uri in list_templates]
    except (ValueError, OverflowError) as cause:
        raise click.UsageError(str(cause)) from cause
    changed = draft.with_issuer(issuer, keys=[key], templates=templates)
    files.write(file, changed.to_json(), force=True)
    terminal.say(
        f"{terminal.escaped(str(file))}: {terminal.escaped(issuer.id)} has the {usage} key {public_key.key_id.hex()}"
    )
    return exit_codes.DONE


@trust.command()
@click.argument("file", type=_FILE)
@click.option("--key", "key_file", type=_FILE, required=True, help="A root's private key, PEM.")
@click.option("--password-file", type=_FILE, help="Its first line opens the private key.")
@modes.ALLOW_LOOSE_KEY
@click.option("--out", type=_FILE, required=True, help="The signed list.")
@click.option("--version", "version", type=click.IntRange(1), help="The list's version; kept in the draft.")
@click.option("--bump", is_flag=True, help="One version more than the draft's; kept in the draft.")
@click.option("--add", "is_addition", is_flag=True, help="Add a signature to --out, if it says what FILE says.")
@click.option("--previous", type=_FILE, help="The list before, to compare with; --out, if that is overwritten.")
@click.option("--force", is_flag=True, help="Overwrite --out with a new list.")
def sign(
    file: Path,
    key_file: Path,
    password_file: Path | None,
    out: Path,
    **how: Any,  # noqa: ANN401  as above
) -> int:
    """Sign the draft in FILE, now; or, with --add, sign as one more root what another has signed."""
    _refuse_both(how)
    draft = trust_draft.read(file)
    signer = keygen.read_signer(key_file, password_file)
    if how["is_addition"]:
        data = _countersign(draft, files.read_bytes(out, limit=MAX_TRUST_LIST_BYTES), signer)
        files.write(out, data, force=True)
    else:
        files.refuse_existing([out], force=how["force"])
        version = how["version"] or draft.version + how["bump"]
        signed = attrs.evolve(draft, version=version)
        contents = signed.contents(issued_at=utc_now())
        _compare(contents, how["previous"] or out, is_stated=how["previous"] is not None)
        data = contents.sign(signer)
        files.write(out, data, force=how["force"])
        if signed != draft:
            files.write(file, signed.to_json(), force=True)
    terminal.say(
        f"{terminal.escaped(str(out))}: {len(data)} bytes, signed by {signer.public_key.key_id.hex()}"
        f" ({signer.public_key.thumbprint.hex()})"
    )
    return exit_codes.DONE


@trust.command()
@click.argument("file", type=_FILE)
@click.option(
    "--root", "roots", type=_FILE, multiple=True, help="A root's public key, PEM, repeatable; or a root set's file."
)
@click.option(
    "--threshold", type=click.IntRange(1), default=1, show_default=True, help="How many roots must have signed."
)
def show(file: Path, roots: tuple[Path, ...], threshold: int) -> int:
    """Show what a signed trust list in FILE says, and who of the roots signed it."""
    data = files.read_bytes(file, limit=MAX_TRUST_LIST_BYTES)
    if roots:
        root = read_root(roots, threshold)
        signed_by = cose.read_sign(data, max_bytes=MAX_TRUST_LIST_BYTES).signed_by(root.keys)
        environment = read_unverified(data).environment  # it is shown, not installed: the first line says which
        trust_view.show(TrustList.open(data, root=root, environment=environment).contents, signed_by=signed_by)
    else:
        trust_view.show_unverified(data)
    return exit_codes.DONE


trust.add_command(trust_import.group, "import")
trust.add_command(trust_root.group, "root")
trust.add_command(trust_fetch.fetch)


def _refuse_both(how: dict[str, Any]) -> None:
    if how["is_addition"] and (how["version"] or how["bump"] or how["force"] or how["previous"]):
        msg = "--add signs the list as it is: leave out --version, --bump, --previous and --force"
        raise click.UsageError(msg)
    if how["version"] and how["bump"]:
        msg = "either --version or --bump"
        raise click.UsageError(msg)


def _compare(contents: TrustListContents, path: Path, *, is_stated: bool) -> None:
    """Compare with the list before, where there is one: refuse what readers refuse, and warn of what they lose.

    Raises:
        IssuingError: ``trust-list-compromise-withdrawn``.
        RejectedInputError: for a list before that was named and cannot be read.
    """
    try:
        held = read_unverified(files.read_bytes(path, limit=MAX_TRUST_LIST_BYTES))
    except RejectedInputError:
        if is_stated:
            raise
        return
    if contents.withdrawn_compromises(held):
        what = "The list takes back that a key was compromised, or from when; every reader would refuse it"
        raise IssuingError("trust-list-compromise-withdrawn", what)
    lost = contents.lost_keys(held)
    if lost:
        ids = ", ".join(key.public_key.key_id.hex() for key in lost)
        _warn(f"the list before has keys that this one lacks: {ids}; end a key's window, and keep it")
    if contents.version <= held.version:
        _warn(f"the list before has version {held.version}: who has it takes only a higher one")


def _warn(what: str) -> None:
    click.echo(f"certcore: warning: {what}", err=True)


def _countersign(draft: TrustDraft, data: bytes, signer: LocalSigner) -> bytes:
    """The list with one more signature, if it says what the draft says, so that the signer has seen the content.

    Raises:
        IssuingError: ``input-malformed`` if it says something else; ``already-signed``; ``signer-failed``.
        RejectedInputError: ``trust-list-malformed``.
    """
    contents = read_unverified(data)
    if contents != draft.contents(issued_at=contents.issued_at):
        raise IssuingError("input-malformed", "The signed list does not say what the draft says; nothing was signed")
    return cose.add_signature(data, signer=signer)
