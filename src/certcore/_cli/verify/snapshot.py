"""``certcore snapshot``: status lists fetched into one file, for desks and terminals without a network."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import attrs
import click

from certcore._cli import exit_codes, network, options
from certcore._cli.groups import Group
from certcore._cli.input import inputs
from certcore._cli.network import Network
from certcore._cli.options import FILE
from certcore._cli.output import terminal
from certcore.errors import CertcoreError, IssuingError, StatusError
from certcore.payload import StatusRef
from certcore.trust import TrustList


@click.group(cls=Group)
def snapshot() -> None:
    """Keep status lists in a file, to be asked without a network: --snapshot."""


@snapshot.command()
@click.argument("file", type=FILE)
@click.option("--issuer", "issuer_ids", multiple=True, help="Only this issuer's lists; repeatable.")
@click.option("--list", "numbers", type=click.IntRange(0), multiple=True, help="Only the list of this number.")
@click.option(
    "--certificate",
    "certificates",
    multiple=True,
    metavar="TEXT|FILE",
    help="Only the lists that these certificates are in; repeatable.",
)
@click.option("--force", is_flag=True, help="Overwrite FILE although it is no snapshot.")
@options.trust_options
@network.connection_options
def make(
    file: Path,
    *,
    issuer_ids: tuple[str, ...],
    numbers: tuple[int, ...],
    certificates: tuple[str, ...],
    force: bool,
    **given: Any,  # noqa: ANN401  the options that commands share
) -> int:
    """Fetch the status lists of the trust list's issuers into FILE: all of them, unless options say which.

    A snapshot that is there is replaced, whole or not at all. What could not be had is named.

    Exits with 2 if any list could not be had; the others are in FILE all the same.
    """
    if given["trust_file"] is None:
        msg = "whom do you trust? Give --trust and --root, or set CERTCORE_TRUST and CERTCORE_ROOT"
        raise click.UsageError(msg)
    trust = _only(options.trust_list(given["trust_file"], options.root(given)), issuer_ids)
    _require_replaceable(file, force=force)
    chosen = Network.of(given)
    backend = chosen.backend()
    wanted = {*numbers, *(number for what in certificates for number in _numbers(what))}
    lists = {issuer.id: sorted(wanted) for issuer in trust.issuers} if wanted else None
    report = backend.prefetch(trust, lists=lists, deadline=chosen.timeout)
    for url, why in report.failed:
        terminal.say(f"{terminal.escaped(url)}: not to be had: {why}", err=True)
    if not report.fetched:
        raise StatusError("status-unavailable", "There is no status list to be had; nothing was written")
    made = backend.snapshot()
    made.to_file(file)
    terminal.say(f"{terminal.escaped(str(file))}: {len(made)} status documents")
    return exit_codes.ERROR if report.failed else exit_codes.DONE


def _only(trust: TrustList, issuer_ids: tuple[str, ...]) -> TrustList:
    """The trust list with these issuers alone; all, where none is named."""
    unknown = sorted(set(issuer_ids) - {issuer.id for issuer in trust.issuers})
    if unknown:
        msg = f"the trust list has no issuer {', '.join(unknown)}"
        raise click.UsageError(msg)
    chosen = [issuer for issuer in trust.issuers if not issuer_ids or issuer.id in issuer_ids]
    return attrs.evolve(trust, contents=attrs.evolve(trust.contents, issuers=chosen))


def _numbers(what: str) -> Iterator[int]:
    """The numbers of the lists that certificates are in, as they say themselves."""
    for text in inputs.certificate_texts(what):
        reference = inputs.unverified(text).status
        if isinstance(reference, StatusRef):
            yield reference.list
        else:
            name = terminal.escaped(what)
            raise click.UsageError(f"{name}: it names no list by its number; ask its register with --online")


def _require_replaceable(path: Path, *, force: bool) -> None:
    """Refuse to overwrite what is something else."""
    from certcore.status import SnapshotStatusBackend  # noqa: PLC0415  loads what opens lists

    if force or not path.exists():
        return
    with suppress(CertcoreError):
        SnapshotStatusBackend.from_file(path)
        return
    raise IssuingError("file-exists", f"{path}: it is there already, and no snapshot; --force overwrites it")
