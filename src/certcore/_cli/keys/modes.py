"""Who may read files: new files are readable by their owner only, and secret keys that others can read are refused.

Passwords and tokens that others can read give a warning only, because people often write these files by hand.
"""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path
from typing import Final

import click

from certcore._cli.output import terminal
from certcore._files import PRIVATE, loose_mode

_ALLOWED: Final = "certcore.allow-loose-key"
_DIGITS: Final = frozenset("01234567")


def _parse_mode(_: click.Context, __: click.Parameter, value: str) -> int:
    if not 1 <= len(value) <= 4 or not _DIGITS.issuperset(value) or int(value, 8) & ~0o666:  # noqa: PLR2004  digits, as chmod takes them
        raise click.BadParameter("a mode is octal, as for chmod, of reading and writing alone: 600, 640, 644")
    return int(value, 8)


def _keep_allowed(context: click.Context, _: click.Parameter, value: bool) -> None:  # noqa: FBT001  as click calls it
    context.meta[_ALLOWED] = value


MODE: Final = click.option(
    "--mode",
    callback=_parse_mode,
    default=f"{PRIVATE:o}",
    show_default=True,
    help="Who may read what is written, as for chmod: 640 lets the group.",
)
"""An option of whatever writes what a certificate says."""

ALLOW_LOOSE_KEY: Final = click.option(
    "--allow-loose-key",
    is_flag=True,
    envvar="CERTCORE_ALLOW_LOOSE_KEY",
    expose_value=False,
    callback=_keep_allowed,
    help="Take secret keys from files that others can read, too; or CERTCORE_ALLOW_LOOSE_KEY=1.",
)
"""An option of whatever reads secret keys; `is_loose_key_allowed` is what it comes to."""


def is_loose_key_allowed() -> bool:
    """Whether the command that runs may read such files."""
    context = click.get_current_context(silent=True)
    return context is not None and bool(context.meta.get(_ALLOWED))


def warn_if_loose(path: Path, what: str) -> None:
    """Say that others can read or write a file that holds a secret, unless that is allowed."""
    mode = None
    with suppress(OSError, ValueError):  # whoever reads it says that there is none
        mode = loose_mode(path)
    if mode is not None and not is_loose_key_allowed():
        name = terminal.escaped(str(path))
        terminal.say(f"certcore: {name}: others can read or write {what}; its mode is {mode}: chmod 600", err=True)
