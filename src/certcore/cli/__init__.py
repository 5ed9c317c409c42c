"""The command ``certcore``, as a function. Importing this package loads no library; `main` loads click and rich.

What the command does is in `certcore._cli`.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence

from certcore import _extras

__all__ = ["main"]

_EXTRA = frozenset({"click", "rich"})
_NOT_INSTALLED = "certcore: the command needs click and rich, which are not installed: pip install 'certcore[cli]'"


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command and give its exit code.

    0: valid, or done. 1: not valid. 2: wrong usage, or an error. 3: undetermined. 4: valid, status not known.

    Args:
        arguments: what was typed behind the command's name; those of the process unless given.
    """
    try:
        _extras.require("cli", "rich")  # which the command loads only for colours and tables
        from certcore._cli.app import run  # noqa: PLC0415  click and rich are an extra
    except ModuleNotFoundError as cause:
        if (cause.name or "").partition(".")[0] not in _EXTRA:
            raise
        print(_NOT_INSTALLED, file=sys.stderr)  # noqa: T201  click is what is missing
        return 2
    return run(arguments)
