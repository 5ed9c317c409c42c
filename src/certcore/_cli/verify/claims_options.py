"""The options by which ``certcore verify`` reads a table of claims. `claims` does the work, and is loaded only then."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import click

from certcore._cli.decorators import together
from certcore._cli.options import FILE

claims_options = together(
    click.option("--claims", type=FILE, help="A table of claims instead: CSV, JSON Lines or Parquet."),
    click.option("--pictures", type=FILE, help="The folder with the pictures that the claims name."),
    click.option("--out", type=FILE, help="The folder for the tables, the evidence and the report."),
    click.option("--workers", type=click.IntRange(1), help="How many processes; one for each core, unless given."),
    click.option("--resume", is_flag=True, help="Go on where an interrupted run into --out stopped."),
    click.option("--column", "columns", multiple=True, metavar="NAME=HEADER", help="Which column is which."),
)
"""The options that make `certcore verify` read a table of claims."""


def refuse_claims_options(given: Mapping[str, Any]) -> None:
    """What belongs to --claims, without it; and a question without its moment.

    Raises:
        click.UsageError: for such options.
    """
    if any(given[name] for name in ("columns", "resume", "workers", "out", "pictures")):
        msg = "--column, --resume, --workers, --out and --pictures belong to --claims"
        raise click.UsageError(msg)
    if given["as_of"] is None:
        raise click.MissingParameter(param_type="option", param_hint="'--as-of'")
