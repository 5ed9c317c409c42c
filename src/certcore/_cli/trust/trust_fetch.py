"""``certcore trust fetch``: fetch the current trust list, and replace the local one if the new one may follow it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from certcore._cli import exit_codes, network, options
from certcore._cli.input import files
from certcore._cli.network import Network
from certcore._cli.options import FILE
from certcore._cli.output import terminal


@click.command("fetch")
@click.argument("url")
@click.option("--out", "target", type=FILE, help="Where the list is kept; the file of --trust, unless given.")
@options.trust_options
@network.connection_options
def fetch(url: str, *, target: Path | None, **given: Any) -> int:  # noqa: ANN401  one for each option
    """Fetch the trust list at a URL, https, into the file of --out or --trust.

    It is installed only if the root that is trusted has signed it, for the environment that is asked for, if it is
    current, and no older than the list in the file that it replaces. Otherwise the file stays as it is.
    """
    path = target or given["trust_file"]
    if path is None:
        msg = "where is the list kept? Give --out or --trust, or set CERTCORE_TRUST"
        raise click.UsageError(msg)
    root = options.root(given)
    held = options.trust_list(path, root) if path.exists() else None
    from certcore.status.http import fetch_trust_list  # noqa: PLC0415  the extra `http`

    with network.needing_http():
        found = fetch_trust_list(url, root=root, previous=held, **Network.of(given).connection)
    name, contents = terminal.escaped(str(path)), found.contents
    if held is not None and held.to_bytes() == found.to_bytes():
        terminal.say(f"{name}: the list there is the current one, version {contents.version}")
        return exit_codes.DONE
    files.write(path, found.to_bytes(), force=True)
    until = terminal.moment(contents.next_update_at)
    terminal.say(f"{name}: version {contents.version}, {len(contents.issuers)} issuers, next update by {until}")
    return exit_codes.DONE
