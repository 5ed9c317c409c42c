"""The options by which ``certcore verify`` reads a table of claims. `claims` does the work, and is loaded only then."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, TypeVar

import click

from certcore._cli.options import FILE

_F = TypeVar("_F", bound=Callable[..., Any])


def claims_options(command: _F) -> _F:
    """The options that make `certcore verify` read a table of claims."""
    for option in (
        click.option("--column", "columns", multiple=True, metavar="NAME=HEADER", help="Which column is which."),
        click.option("--resume", is_flag=True, help="Go on where an interrupted run into --out stopped."),
        click.option("--workers", type=click.IntRange(1), help="How many processes; one for each core, unless given."),
        click.option("--out", type=FILE, help="The folder for the tables, the evidence and the report."),
        click.option("--pictures", type=FILE, help="The folder with the pictures that the claims name."),
        click.option("--claims", type=FILE, help="A table of claims instead: CSV, JSON Lines or Parquet."),
    ):
        command = option(command)
    return command


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
