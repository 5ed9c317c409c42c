"""The command itself: its subcommands, and its error messages. A user never sees a traceback.

An error is one line, ``certcore: <message> [code]``, and one with the next step. For wrong usage, the usage is shown.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from contextlib import suppress
from io import StringIO, TextIOWrapper
from typing import Final

import click

import certcore
from certcore._cli import exit_codes
from certcore._cli.groups import CommandGroup
from certcore._cli.settings import language

_COMMANDS: Final = {
    "demo": ("demo", "demo"),
    "doctor": ("doctor", "doctor"),
    "evidence": ("evidence.evidence", "evidence"),
    "explain": ("output.explain", "explain_codes"),
    "issue": ("issue.issue", "issue"),
    "keygen": ("keys.keygen", "keygen"),
    "print": ("printing.print", "print_page"),
    "register": ("register.register", "register"),
    "scan": ("verify.scan", "scan"),
    "show": ("verify.show", "show"),
    "snapshot": ("verify.snapshot", "snapshot"),
    "status": ("register.status", "status"),
    "trust": ("trust.trust", "trust"),
    "vehicle": ("verify.vehicle", "vehicle"),
    "verify": ("verify.verify", "verify"),
}
"""Every command, the module it is in, and what it is called there."""

_READING: Final = frozenset({"scan", "show", "status", "verify"})
"""The commands that are pointed at pictures."""


@click.group(
    cls=CommandGroup,
    modules={name: (f"certcore._cli.{module}", there) for name, (module, there) in _COMMANDS.items()},
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    epilog="Exit codes: 0 valid or done, 1 not valid, 3 undetermined, 4 valid but the status is not known,"
    " 2 wrong usage or an error.",
)
@click.version_option(certcore.__version__, prog_name="certcore")
def group() -> None:
    """Issue, show and verify vehicle inspection certificates in QR codes."""


def run(arguments: Sequence[str] | None = None) -> int:
    """Run the command and give its exit code."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")  # a terminal without Chinese characters is no reason to fail
    _prepare_reader(sys.argv[1:] if arguments is None else arguments)
    try:
        code = group.main(arguments, prog_name="certcore", standalone_mode=False)
    except (click.Abort, KeyboardInterrupt):
        return exit_codes.INTERRUPTED
    except SystemExit as left:  # click's way out when nobody reads its output any more, or after completing a line
        return exit_codes.ERROR if left.code else exit_codes.DONE
    except OSError as error:
        return _stop(_told_by_the_system(error))
    except Exception as error:  # noqa: BLE001  the last resort: a traceback may hold a plate, a VIN or a key
        return _stop(f"this is a defect in certcore, please report it: {_where(error)}")
    return code if isinstance(code, int) else exit_codes.DONE


def _prepare_reader(arguments: Sequence[str]) -> None:
    """Have the process that reads pictures started while the command is loaded, which takes as long."""
    from certcore._cli.input import files  # noqa: PLC0415  not every command has files

    if not arguments or arguments[0] not in _READING:
        return
    picture = next(filter(files.is_picture, arguments[1:]), None)
    if picture is not None:
        from certcore.qr import _readers, _sandbox  # noqa: PLC0415  only pictures need them

        _readers.POOL.prepare()
        _sandbox.prepare(picture.rpartition(".")[2].lower())


def _stop(why: str) -> int:
    """Say why the command ends here, if that can still be said, and let nothing be written any more."""
    from certcore._cli.output import errors  # noqa: PLC0415  words are loaded only where something went wrong

    with suppress(OSError):
        click.echo(errors.stop(why, language.of(None)), err=True)
    for name in ("stdout", "stderr"):
        try:
            getattr(sys, name).flush()
        except OSError:  # what it holds cannot be written at the end of the process either
            setattr(sys, name, StringIO())
    return exit_codes.ERROR


def _told_by_the_system(error: OSError) -> str:
    """What the system says of a file, or of the output where it names none."""
    what = "the output" if error.filename is None else str(error.filename)
    return f"{what}: {error.strerror or type(error).__name__} [file-unwritable]"


def _where(error: Exception) -> str:
    """The kind of an unforeseen error and certcore's line it came from; not its message, a secret perhaps."""
    import traceback  # noqa: PLC0415  loads slowly, and is for defects alone

    place = ""
    for frame, line in traceback.walk_tb(error.__traceback__):
        module = str(frame.f_globals.get("__name__"))
        if module.partition(".")[0] == "certcore":
            place = f" in {module}, line {line}"
    return f"{type(error).__name__}{place}"
