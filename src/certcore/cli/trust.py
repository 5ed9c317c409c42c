"""``certcore trust``: the draft of a trust list, its signing by the roots, and what a signed one says."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import attrs
import click

from certcore import cose
from certcore._clock import utc_now
from certcore.cli import exits, files, keygen, moments, terminal, trust_view
from certcore.cli.trust_draft import DEFAULT_LIVE_SECONDS, DEFAULT_UPDATE_DAYS, TrustDraft
from certcore.errors import IssuingError
from certcore.keys import LocalSigner
from certcore.trust import (
    MAX_TRUST_LIST_BYTES,
    Environment,
    KeyUsage,
    ListTemplate,
    TrustedIssuer,
    TrustedKey,
    TrustList,
    TrustRoot,
    read_unverified,
)

_FILE = click.Path(path_type=Path)


@click.group(invoke_without_command=True, no_args_is_help=False)
@click.pass_context
def trust(ctx: click.Context) -> None:
    """Make, sign and show trust lists: who may sign certificates, and when."""
    if ctx.invoked_subcommand is None:
        click.echo(ctx.get_help())


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
    return exits.DONE


@trust.command()
@click.argument("file", type=_FILE)
@click.option("--issuer", "issuer_id", required=True, help="The issuer's id, e.g. CN.")
@click.option("--name", help="Its name, for people. Needed for a new issuer, like the next two.")
@click.option("--country", help="Two letters, ISO 3166-1.")
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
    callback=moments.typed_limit,
    help="From when it may have signed: a day in the issuer's zone, or a moment.",
)
@click.option(
    "--not-after", required=True, callback=moments.typed_limit, help="Until when: a day, inclusive, or a moment."
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
    draft = _read_draft(file)
    public_key = keygen.read_public_key(key_file)
    try:
        issuer = _issuer(draft, **of_issuer)
        start, end = _limit(not_before, issuer.zone), _limit(not_after, issuer.zone, is_end=True)
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
    issuer = attrs.evolve(issuer, keys=(*issuer.keys, key), list_templates=(*issuer.list_templates, *templates))
    issuers = {other.id: other for other in draft.issuers} | {issuer.id: issuer}
    changed = attrs.evolve(draft, issuers=tuple(issuers.values()))
    changed.contents(issued_at=utc_now())
    files.write(file, changed.to_json(), force=True)
    terminal.say(
        f"{terminal.escaped(str(file))}: {terminal.escaped(issuer.id)} has the {usage} key {public_key.key_id.hex()}"
    )
    return exits.DONE


@trust.command()
@click.argument("file", type=_FILE)
@click.option("--key", "key_file", type=_FILE, required=True, help="A root's private key, PEM.")
@click.option("--password-file", type=_FILE, help="Its first line opens the private key.")
@click.option("--out", type=_FILE, required=True, help="The signed list.")
@click.option("--version", "version", type=click.IntRange(1), help="The list's version; kept in the draft.")
@click.option("--bump", is_flag=True, help="One version more than the draft's; kept in the draft.")
@click.option("--add", "is_addition", is_flag=True, help="Add a signature to --out, if it says what FILE says.")
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
    draft = _read_draft(file)
    signer = keygen.read_signer(key_file, password_file)
    if how["is_addition"]:
        data = _countersigned(draft, files.read_bytes(out, limit=MAX_TRUST_LIST_BYTES), signer)
        files.write(out, data, force=True)
    else:
        files.refuse_existing([out], force=how["force"])
        version = how["version"] or draft.version + how["bump"]
        signed = attrs.evolve(draft, version=version)
        data = signed.contents(issued_at=utc_now()).sign(signer)
        files.write(out, data, force=how["force"])
        if signed != draft:
            files.write(file, signed.to_json(), force=True)
    terminal.say(
        f"{terminal.escaped(str(out))}: {len(data)} bytes, signed by {signer.public_key.key_id.hex()}"
        f" ({signer.public_key.thumbprint.hex()})"
    )
    return exits.DONE


@trust.command()
@click.argument("file", type=_FILE)
@click.option("--root", "roots", type=_FILE, multiple=True, help="A root's public key, PEM; may be repeated.")
@click.option(
    "--threshold", type=click.IntRange(1), default=1, show_default=True, help="How many roots must have signed."
)
def show(file: Path, roots: tuple[Path, ...], threshold: int) -> int:
    """Show what a signed trust list in FILE says, and who of the roots signed it."""
    data = files.read_bytes(file, limit=MAX_TRUST_LIST_BYTES)
    if roots:
        root = read_root(roots, threshold)
        signed_by = cose.read_sign(data, max_bytes=MAX_TRUST_LIST_BYTES).signed_by(root.keys)
        trust_view.show(TrustList.open(data, root=root).contents, signed_by=signed_by)
    else:
        trust_view.show_unverified(data)
    return exits.DONE


def read_root(paths: tuple[Path, ...], threshold: int = 1) -> TrustRoot:
    """The root of trust made of the public keys in these files.

    Raises:
        CertcoreError: for a file or a key that cannot be used.
        click.UsageError: for a threshold that the keys cannot meet.
    """
    try:
        return TrustRoot(keys=[keygen.read_public_key(path) for path in paths], threshold=threshold)
    except ValueError as cause:
        raise click.UsageError(str(cause)) from cause


def _read_draft(path: Path) -> TrustDraft:
    return TrustDraft.from_json(files.read_text(path, limit=files.MAX_DRAFT_BYTES))


def _issuer(draft: TrustDraft, issuer_id: str, **given: Any) -> TrustedIssuer:  # noqa: ANN401  as above
    """The draft's issuer of this id with what was given changed, or a new one."""
    changes = {name: value for name, value in given.items() if value not in (None, ())}
    held = next((issuer for issuer in draft.issuers if issuer.id == issuer_id), None)
    if held is None:
        missing = [f"--{name.replace('_', '-')}" for name in ("name", "country", "time_zone") if name not in changes]
        if missing:
            msg = f"a new issuer needs {', '.join(missing)}"
            raise ValueError(msg)
        return TrustedIssuer(id=issuer_id, keys=(), **changes)
    for name in ("country", "time_zone"):
        if changes.get(name, getattr(held, name)) != getattr(held, name):
            msg = f"an issuer's {name.replace('_', ' ')} cannot change: old certificates would mean something else"
            raise ValueError(msg)
    return attrs.evolve(held, **changes)


def _limit(value: date | datetime, zone: ZoneInfo, *, is_end: bool = False) -> datetime:
    """A day's first or last second in the issuer's zone; a moment as it is."""
    if isinstance(value, datetime):
        return value
    if is_end:
        return datetime.combine(value + timedelta(days=1), time(), zone).astimezone(UTC) - timedelta(seconds=1)
    return datetime.combine(value, time(), zone)


def _refuse_both(how: dict[str, Any]) -> None:
    if how["is_addition"] and (how["version"] or how["bump"] or how["force"]):
        msg = "--add signs the list as it is: leave out --version, --bump and --force"
        raise click.UsageError(msg)
    if how["version"] and how["bump"]:
        msg = "either --version or --bump"
        raise click.UsageError(msg)


def _countersigned(draft: TrustDraft, data: bytes, signer: LocalSigner) -> bytes:
    """The list with one more signature, if it says what the draft says: nobody signs what they have not seen.

    Raises:
        IssuingError: ``input-malformed`` if it says something else; ``already-signed``; ``signer-failed``.
        RejectedInputError: ``trust-list-malformed``.
    """
    contents = read_unverified(data)
    if contents != draft.contents(issued_at=contents.issued_at):
        raise IssuingError("input-malformed", "The signed list does not say what the draft says; nothing was signed")
    return cose.add_signature(data, signer=signer)
