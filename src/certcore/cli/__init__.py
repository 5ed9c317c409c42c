"""The command ``certcore``: everything the library does, from a terminal.

What lives here: reading files and options, and showing what the library says. What never does: a decision about a
certificate; those are the library's alone. Importing this package loads nothing; `main` loads click and rich, which
the ``cli`` extra brings.

- One module for each command, named after it; `demo` carries out what ``demo.json`` says.
- `app`: the command's entry and its errors. `exit_codes`: their meaning. `options`: options that commands share.
- `output`: the formats of answers. `verdicts`: verdicts in words. `fields`: a certificate's fields in words.
- `files`, `inputs`: what is read and written, with its limits. `datetimes`: dates and times as they are typed.
- `json_input`, `trust_draft`, `certificate_draft`: the JSON that people edit, read strictly.
- `terminal`: escaping, colour, tables, progress.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence

__all__ = ["main"]

_EXTRA = frozenset({"click", "rich"})
_NOT_INSTALLED = "certcore: the command needs click and rich, which are not installed: pip install 'certcore[cli]'"


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command and give its exit code: 0 valid or done, 1 not valid, 3 undetermined, 2 wrong usage or an error.

    Args:
        arguments: what was typed behind the command's name; those of the process unless given.
    """
    try:
        from certcore.cli.app import run  # noqa: PLC0415  click and rich are an extra
    except ModuleNotFoundError as cause:
        if (cause.name or "").partition(".")[0] not in _EXTRA:
            raise
        print(_NOT_INSTALLED, file=sys.stderr)  # noqa: T201  click is what is missing
        return 2
    return run(arguments)
