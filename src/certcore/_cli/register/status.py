"""``certcore status``: the issuer's register from a terminal: make it, change it, publish it and serve it.

`certcore._cli.issue.issue` issues into it, and `certcore._cli.register.register` searches it.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, TypeVar

import click

from certcore._cli import exit_codes, options
from certcore._cli.decorators import together
from certcore._cli.groups import Group
from certcore._cli.input import datetimes, files, inputs
from certcore._cli.keys import keygen, modes
from certcore._cli.output import logs, terminal
from certcore._cli.register import registers
from certcore._instants import CLOCK_SKEW
from certcore.errors import IssuingError
from certcore.payload import StatusRef
from certcore.trust import TrustList

if TYPE_CHECKING:
    from certcore.register import Publication
    from certcore.register.audit import AuditTrail

_FILE = click.Path(path_type=Path)
_F = TypeVar("_F", bound=Callable[..., Any])

_LOOPBACK: Final = "127.0.0.1"
_DEFAULT_PORT: Final = 8460


@click.group(cls=Group)
def status() -> None:
    """Keep the issuer's register: revoke, suspend, publish and serve. Needs the register extra."""


_statement_options = together(
    registers.DATABASE,
    click.option("--actor", callback=registers.as_words, required=True, help="Who says so."),
    click.option("--reason", callback=registers.as_words, required=True, help="Why: a short, stable word or two."),
)
"""What every change takes."""


_event_options = together(registers.reference_option(), _statement_options)
"""What every change of one certificate takes."""

_criteria_options = together(
    click.option("--authority", callback=registers.as_text, help="That name this authority."),
    click.option("--inspector", callback=registers.as_text, help="That name this inspector or station."),
    click.option("--signed-by", type=_FILE, help="Signed with this public key, PEM."),
    click.option("--issued-from", callback=datetimes.read_instant, metavar="INSTANT", help="Issued then or later."),
    click.option("--issued-until", callback=datetimes.read_instant, metavar="INSTANT", help="Issued before this."),
)
"""What names many certificates at once."""


def _effective_option(text: str) -> Callable[[_F], _F]:
    return click.option("--effective-at", callback=datetimes.read_instant, metavar="INSTANT", help=text)


@status.command()
@registers.DATABASE
@click.option(
    "--issuer",
    callback=registers.as_text,
    help="The issuer's id in the trust list; look-ups of another's are then unknown.",
)
@click.option("--country", help="Of plates whose certificates state none: two letters.")
@click.option("--list-size", type=click.IntRange(1), help="Entries of each list.")
def init(database: str, issuer: str | None, country: str | None, list_size: int | None) -> int:
    """Make an empty register."""
    given = {"issuer": issuer, "country": country, "list_size": list_size}
    registry = registers.make_register(database, **{name: value for name, value in given.items() if value is not None})
    terminal.say(f"a register that began at {registry.history_from.isoformat()}")
    return exit_codes.DONE


@status.command()
@registers.reference_option(is_required=False)
@_statement_options
@_criteria_options
@_effective_option("From when, with its zone; or now.")
@click.option("--from-start", is_flag=True, help="Void from the start, as if it had never been good.")
def revoke(database: str, ref: StatusRef | None, effective_at: datetime | None, **said: Any) -> int:  # noqa: ANN401  one for each option
    """Revoke for good, either --effective-at an instant or --from-start.

    One certificate by --ref; or, in one statement, all that meet what is given besides: those of a station that lost
    its licence, or those that a stolen key signed.
    """
    if said.pop("from_start") == (effective_at is not None):
        msg = "either --effective-at or --from-start"
        raise click.UsageError(msg)
    key_file = said.pop("signed_by")
    criteria = {name: said.pop(name) for name in ("authority", "inspector", "issued_from", "issued_until")}
    if (ref is None) == (key_file is None and not any(criteria.values())):
        msg = (
            "either --ref, or what many have in common: --authority, --inspector, --signed-by, --issued-from or -until"
        )
        raise click.UsageError(msg)
    if ref is not None:
        registers.open_register(database).revoke(ref, effective_at=effective_at, **said)
        return _done(registers.written(ref), "revoked")
    key_id = None if key_file is None else keygen.read_public_key(key_file).key_id
    registry = registers.open_register(database)
    count = registry.revoke_where(effective_at=effective_at, key_id=key_id, **criteria, **said)
    return _done(f"{count} certificates", "revoked")


@status.command()
@_event_options
@_effective_option("From when, with its zone; now, unless given.")
def suspend(database: str, ref: StatusRef, effective_at: datetime | None, actor: str, reason: str) -> int:
    """Suspend a certificate until it is resumed."""
    registers.open_register(database).suspend(ref, effective_at=effective_at, actor=actor, reason=reason)
    return _done(registers.written(ref), "suspended")


@status.command()
@_event_options
@_effective_option("From when, with its zone; now, unless given.")
def resume(database: str, ref: StatusRef, effective_at: datetime | None, actor: str, reason: str) -> int:
    """End a suspension."""
    registers.open_register(database).resume(ref, effective_at=effective_at, actor=actor, reason=reason)
    return _done(registers.written(ref), "resumed")


_TEMPLATE = click.option(
    "--uri-template", required=True, help="URI of the lists as the trust list has it, with {list} in it."
)


@status.command()
@registers.DATABASE
@click.option("--folder", type=_FILE, required=True, help="Where to; made where there is none.")
@click.option("--key", "key_file", type=_FILE, required=True, help="The private key for status lists, PEM.")
@click.option("--password-file", type=_FILE, help="Its first line opens the private key.")
@modes.ALLOW_LOOSE_KEY
@_TEMPLATE
@click.option(
    "--lifetime-hours", type=click.IntRange(1, 8760), default=24, show_default=True, help="Until a list expires."
)
@click.option(
    "--ttl-seconds", type=click.IntRange(1), default=3600, show_default=True, help="How long readers may keep it."
)
@click.option("--trust", "trust_file", type=_FILE, help="The signed trust list: is the key one that readers believe?")
@click.option("--root", "roots", type=_FILE, multiple=True, help="A root's key for --trust, repeatable.")
@options.THRESHOLD
@options.ENVIRONMENT
@click.option("--withdraw", is_flag=True, help="Publish even if that withdraws something; it is told then.")
@click.option("--set-back", is_flag=True, help="Replace lists that are dated in the future: a clock was ahead.")
def publish(database: str, folder: Path, key_file: Path, password_file: Path | None, **how: Any) -> int:  # noqa: ANN401  one for each option
    """Write the lists and events that changed since the last time.

    Exits with 2 when a change could not be published, and says what readers see.
    """
    signer = keygen.read_signer(key_file, password_file)
    trust = _trust_list(how)
    registry = registers.open_register(database)
    try:
        found = registry.publish(
            folder,
            signer=signer,
            uri_template=how["uri_template"],
            lifetime=timedelta(hours=how["lifetime_hours"]),
            ttl=timedelta(seconds=how["ttl_seconds"]),
            trust=trust,
            withdraw=how["withdraw"],
            set_back=how["set_back"],
        )
    except ValueError as cause:
        raise click.UsageError(str(cause)) from cause
    terminal.say(
        f"{terminal.escaped(str(folder))}: {len(found.published)} published, {len(found.unchanged)} unchanged,"
        f" {len(found.postponed)} postponed"
    )
    for number in found.withdrawn:
        terminal.say(f"list {number}: WITHDRAWN: it says less now than what was published before", err=True)
    if postponed := _postponed(found, registry.read_clock()):
        raise IssuingError("publication-postponed", "; ".join(postponed))
    return exit_codes.DONE


@status.command()
@registers.DATABASE
@click.option("--folder", type=_FILE, required=True, help="What 'certcore status publish' wrote.")
@_TEMPLATE
@click.option(
    "--key", "key_files", type=_FILE, multiple=True, required=True, help="A public key that signed it, repeatable."
)
def recover(database: str, folder: Path, uri_template: str, key_files: tuple[Path, ...]) -> int:
    """Learn from the published folder what happened after this database was copied.

    For a database that was brought back from a backup, before anything is issued.
    """
    keys = [keygen.read_public_key(path) for path in key_files]
    try:
        learnt = registers.open_register(database).recover(folder, uri_template=uri_template, keys=keys)
    except ValueError as cause:
        raise click.UsageError(str(cause)) from cause
    terminal.say(f"{learnt} events recovered; references come from a new list now")
    return exit_codes.DONE


@status.command()
@click.argument("what", metavar="TEXT|FILE")
@registers.DATABASE
@click.option("--key", "key_file", type=_FILE, required=True, help="The private key of the register, PEM.")
@click.option("--password-file", type=_FILE, help="Its first line opens the private key.")
@modes.ALLOW_LOOSE_KEY
@click.option(
    "--issuer",
    callback=registers.as_text,
    help="The issuer's id in the trust list, if the register was made without it.",
)
@click.option("--out", type=_FILE, required=True, help="The receipt.")
@click.option("--force", is_flag=True, help="Overwrite --out.")
@modes.MODE
def receipt(what: str, database: str, key_file: Path, password_file: Path | None, **how: Any) -> int:  # noqa: ANN401  one for each option
    """Sign a receipt: that the register held this certificate by the time at which it was recorded."""
    files.refuse_existing([how["out"]], force=how["force"])
    signer = keygen.read_signer(key_file, password_file)
    text = inputs.one_certificate(what)
    try:
        data = registers.open_register(database).receipt(text, issuer=how["issuer"], signer=signer)
    except ValueError as cause:
        raise click.UsageError(str(cause)) from cause
    files.write(how["out"], data, force=how["force"], mode=how["mode"])
    terminal.say(f"{terminal.escaped(str(how['out']))}: {len(data)} bytes")
    return exit_codes.DONE


@status.command()
@registers.DATABASE
@click.option("--folder", type=_FILE, required=True, help="What 'certcore status publish' writes.")
@click.option("--trust-list", type=_FILE, required=True, help="The signed trust list.")
@click.option("--list-path", default="/lists/{list}", show_default=True, help="The path in the lists' URI template.")
@click.option("--key", "key_file", type=_FILE, help="The private key for answers and receipts, PEM.")
@click.option("--password-file", type=_FILE, help="Its first line opens the private key.")
@modes.ALLOW_LOOSE_KEY
@click.option("--tokens", type=_FILE, help="The table of bearer tokens, JSON: who may ask for what.")
@click.option(
    "--per-day", type=click.IntRange(0), default=10_000, show_default=True, help="Requests of each token in a day, UTC."
)
@click.option("--audit", "audit_file", type=_FILE, help="Where it is written down who asked; made where there is none.")
@click.option(
    "--audit-key",
    type=_FILE,
    help="The key that hides what was asked about; made where there is none. Keep it elsewhere.",
)
@click.option(
    "--audit-days", type=click.IntRange(0, 3650), default=90, show_default=True, help="How long; 0 keeps counts alone."
)
@click.option("--host", default=_LOOPBACK, show_default=True, help="Where to listen; put TLS in front of it.")
@click.option("--port", type=click.IntRange(0, 65535), default=_DEFAULT_PORT, show_default=True)
@logs.options
def serve(database: str, folder: Path, **how: Any) -> int:  # noqa: ANN401  one for each option
    """Serve the trust list, the published folder and, with --key and --tokens, look-ups of vehicles and receipts."""
    if (how["key_file"] is None) != (how["tokens"] is None):
        msg = "looking vehicles up and giving receipts takes both --key and --tokens"
        raise click.UsageError(msg)
    if (how["audit_file"] is None) != (how["audit_key"] is None):
        msg = "an audit trail takes both --audit and --audit-key"
        raise click.UsageError(msg)
    options.signed_list(how["trust_list"])
    server = registers.module("certcore._cli.register.server")
    service, access = registers.module("certcore.register.service"), registers.module("certcore.register.access")
    signer = None if how["key_file"] is None else keygen.read_signer(how["key_file"], how["password_file"])
    for name, what in (("tokens", "this table of tokens"), ("audit_key", "this key of the audit trail")):
        if how[name] is not None:
            modes.warn_if_loose(how[name], what)
    try:
        app = service.create_app(
            registers.open_register(database),
            signer=signer,
            trust_list=how["trust_list"],
            folder=folder,
            authorize=None if how["tokens"] is None else access.BearerTokens.from_file(how["tokens"]),
            list_path=how["list_path"],
            per_day=how["per_day"],
            audit=_open_trail(how),
        )
    except ValueError as cause:
        raise click.UsageError(str(cause)) from cause
    logs.begin(**{name: how[name] for name in ("log_level", "log_format", "log_events")})
    server.run(app, host=how["host"], port=how["port"])
    return exit_codes.DONE


def _open_trail(how: dict[str, Any]) -> AuditTrail | None:
    """The audit trail that is asked for, if any."""
    if how["audit_file"] is None:
        return None
    made: type[AuditTrail] = registers.module("certcore.register.audit").AuditTrail
    key = made.read_key(how["audit_key"])
    trail = made(how["audit_file"], key=key, keep=timedelta(days=how["audit_days"]))
    click.get_current_context().call_on_close(trail.close)
    return trail


def _trust_list(how: dict[str, Any]) -> TrustList | None:
    """The trust list that is given, if any."""
    if how["trust_file"] is None:
        return None
    return options.trust_list(how["trust_file"], options.root(how))


def _postponed(found: Publication, now: datetime) -> list[str]:
    """What could not be published, what readers see instead, and until when."""
    unseen = set(found.postponed) - {seen.number for seen in found.in_place}
    told = [f"list {number}: it was made in this very second; publish again in the next" for number in sorted(unseen)]
    for seen in found.in_place:
        issued, expires = seen.issued_at.isoformat(), seen.expires_at.isoformat()
        if seen.issued_at - now > CLOCK_SKEW:
            told.append(
                f"list {seen.number}: the list in place is dated {issued}, so readers refuse it until then, and it"
                f" expires {expires}; --set-back replaces it"
            )
        else:
            told.append(
                f"list {seen.number}: readers see the list of {issued}, which expires {expires}; publish again in the"
                " next second"
            )
    told += [
        f"list {number}: a change was recorded later than now, and readers see it when that time has come; make the"
        " statement again to publish it now"
        for number in found.waiting
    ]
    return told


def _done(which: str, what: str) -> int:
    terminal.say(f"{which}: {what}; readers know with the next 'certcore status publish'")
    return exit_codes.DONE
