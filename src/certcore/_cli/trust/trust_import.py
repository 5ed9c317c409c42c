"""``certcore trust import``: add signers from other lists to the draft of a trust list.

`certcore.trust.signer_lists` reads them. The command reports every entry that is left out.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date, datetime
from pathlib import Path
from typing import Any, Final, TypeVar

import click

from certcore._cli import exit_codes
from certcore._cli.groups import Group
from certcore._cli.input import datetimes, files
from certcore._cli.output import explain, terminal
from certcore._cli.settings import language
from certcore._cli.trust import trust_draft
from certcore.trust import KeyUsage, TrustedIssuer, TrustedKey, signer_lists
from certcore.trust.signer_lists import MAX_SIGNER_LIST_BYTES, Imported, LeftOut

_FILE: Final = click.Path(path_type=Path)
_Command = TypeVar("_Command", bound=Callable[..., Any])


_PURPOSES: Final = click.option(
    "--purpose",
    "purposes",
    multiple=True,
    metavar="OID",
    help="An extended key usage that lets a certificate sign, beside those for documents; repeatable.",
)


def _limit(ctx: click.Context, param: click.Parameter, value: str | None) -> date | datetime | None:
    return None if value is None else datetimes.read_limit(ctx, param, value)


def _of_draft(command: _Command) -> _Command:
    """The arguments and options that every import has."""
    for decorate in (
        click.argument("draft_file", metavar="DRAFT", type=_FILE),
        click.argument("file", type=_FILE),
        click.option("--issuer", "issuer_id", required=True, help="The issuer's id in the draft, e.g. DE."),
        click.option("--name", help="Its name, for people. Needed for a new issuer, like the next two."),
        click.option("--country", help="Two letters, ISO 3166-1."),
        click.option("--time-zone", help="The zone of its civil days, e.g. Europe/Berlin."),
        click.option(
            "--usage", type=click.Choice([usage.value for usage in KeyUsage]), required=True, help="What they may sign."
        ),
        click.option(
            "--authority", "authorities", multiple=True, help="For whom they sign: exact, or DE-*. All, if not given."
        ),
        click.option(
            "--skip-unusable", is_flag=True, help="Leave out entries that cannot be used, instead of refusing the file."
        ),
    )[::-1]:
        command = decorate(command)
    return command


def _window(*, required: bool) -> Callable[[_Command], _Command]:
    """The options of a window, which a certificate has by itself and a bare key has not."""
    why = "" if required else " If given, it narrows what a certificate says."

    def decorate(command: _Command) -> _Command:
        for option, text in (
            ("--not-after", "Until when: a day, inclusive, or a moment."),
            ("--not-before", "From when they may have signed: a day in the issuer's zone, or a moment."),
        ):
            command = click.option(option, required=required, callback=_limit, help=text + why)(command)
        return command

    return decorate


@click.group(cls=Group)
def group() -> None:
    """Import signers into a draft: X.509 certificates, JWKS, the EU's lists."""


@group.command()
@_of_draft
@_window(required=False)
@_PURPOSES
def x509(*, purposes: tuple[str, ...], **given: Any) -> int:  # noqa: ANN401  one for each option
    """Import the X.509 certificates in FILE, PEM or DER, one or several."""

    def read(data: bytes, terms: dict[str, Any], _: TrustedIssuer) -> Imported:
        return signer_lists.read_x509(data, purposes=purposes, **terms)

    return _import(read, **given)


@group.command()
@_of_draft
@_window(required=True)
@click.option("--base64url-kids", is_flag=True, help="A kid is base64url of the bytes in messages, not their text.")
def jwks(*, base64url_kids: bool, **given: Any) -> int:  # noqa: ANN401  as above
    """Import the JWK Set in FILE."""

    def read(data: bytes, terms: dict[str, Any], _: TrustedIssuer) -> Imported:
        return signer_lists.read_jwks(data, base64url_kids=base64url_kids, **terms)

    return _import(read, **given)


@group.command()
@_of_draft
@_window(required=False)
@click.option("--from-country", help="Whose signers; those of the issuer's country, if not given.")
@_PURPOSES
def eu(*, from_country: str | None, purposes: tuple[str, ...], **given: Any) -> int:  # noqa: ANN401  as above
    """Import one country's signers from one of the EU's lists in FILE, its signature checked and taken off."""

    def read(data: bytes, terms: dict[str, Any], issuer: TrustedIssuer) -> Imported:
        country = from_country or issuer.country
        found = signer_lists.read_eu(data, countries=[country], purposes=purposes, **terms)
        return Imported(keys=found.countries.get(country, ()), left_out=found.left_out)

    return _import(read, **given)


def _import(
    read: Callable[[bytes, dict[str, Any], TrustedIssuer], Imported],
    *,
    draft_file: Path,
    file: Path,
    not_before: date | datetime | None,
    not_after: date | datetime | None,
    usage: str,
    authorities: tuple[str, ...],
    skip_unusable: bool,
    **of_issuer: Any,  # noqa: ANN401  as above
) -> int:
    draft = trust_draft.read(draft_file)
    data = files.read_bytes(file, limit=MAX_SIGNER_LIST_BYTES)
    try:
        issuer = draft.issuer(**of_issuer)
        terms = {
            "usage": KeyUsage(usage),
            "authorities": authorities or ("*",),
            "not_before": None if not_before is None else trust_draft.limit(not_before, issuer.zone),
            "not_after": None if not_after is None else trust_draft.limit(not_after, issuer.zone, is_end=True),
            "skip_unusable": skip_unusable,
        }
        imported = read(data, terms, issuer)
    except (ValueError, OverflowError) as cause:
        raise click.UsageError(str(cause)) from cause
    new, known = _new_keys(issuer, imported.keys)
    changed = draft.with_issuer(issuer, keys=new)
    files.write(draft_file, changed.to_json(), force=True)
    _tell(imported.left_out)
    already = f", {known} there already" if known else ""
    terminal.say(
        f"{terminal.escaped(str(draft_file))}: {terminal.escaped(issuer.id)} has {len(new)} {usage} keys more{already},"
        f" {len(imported.left_out)} entries left out"
    )
    return exit_codes.DONE


def _new_keys(issuer: TrustedIssuer, keys: Sequence[TrustedKey]) -> tuple[list[TrustedKey], int]:
    """The keys that the issuer does not have yet, and how many it has; those stay as they are."""
    held = {key.public_key.thumbprint for key in issuer.keys}
    new = [key for key in keys if key.public_key.thumbprint not in held]
    return new, len(keys) - len(new)


def _tell(left_out: Sequence[LeftOut]) -> None:
    for entry in left_out:
        why = f"{terminal.escaped(entry.place)}: {terminal.escaped(entry.why)} [{entry.code}]"
        click.echo(f"certcore: left out {why} {explain.more(entry.code, language.current())}", err=True)
