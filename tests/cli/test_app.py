"""The command as a whole: exit codes, help, errors, and what it says without its extra."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

import certcore
from certcore._cli import app, exit_codes
from certcore.cli import main

if TYPE_CHECKING:
    from tests.cli.conftest import Command

COMMANDS = (
    ("demo",),
    ("keygen",),
    ("trust",),
    ("trust", "init"),
    ("trust", "add"),
    ("trust", "sign"),
    ("trust", "show"),
    ("issue",),
    ("show",),
    ("scan",),
    ("verify",),
    ("status",),
    *(("status", name) for name in ("init", "revoke", "suspend", "resume", "publish", "serve")),
)


def run_process(*arguments: str, code: str | None = None, stdin: bytes = b"") -> subprocess.CompletedProcess[bytes]:
    """Run the command in a process of its own."""
    source = str(Path(certcore.__file__).parents[1])
    called = ["-c", code] if code else ["-m", "certcore.cli", *arguments]
    environment = os.environ | {"PYTHONPATH": source}
    return subprocess.run([sys.executable, *called], input=stdin, capture_output=True, check=False, env=environment)


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_help_is_there_for_every_command(certcore: Command, command: tuple[str, ...]) -> None:
    """Every command explains itself and exits with 0."""
    found = certcore(*command, "--help")
    assert exit_codes.DONE == found.exit_code
    assert "Usage:" in found.output


@pytest.mark.parametrize("arguments", [(), ("trust",), ("status",)], ids=["nothing", "trust", "status"])
def test_a_group_alone_shows_its_help(certcore: Command, arguments: tuple[str, ...]) -> None:
    """Naming no command is answered with the list of commands."""
    found = certcore(*arguments)
    assert exit_codes.DONE == found.exit_code
    assert "Commands:" in found.output


def test_the_version_is_the_packages(certcore: Command) -> None:
    """The command's version is that of the package."""
    import certcore as package

    assert f"certcore, version {package.__version__}\n" == certcore("--version").output


@pytest.mark.parametrize("arguments", [("nonsense",), ("--nonsense",), ("show",), ("scan",), ("keygen", "a", "b")])
def test_wrong_usage_exits_with_2(certcore: Command, arguments: tuple[str, ...]) -> None:
    """A command, option or argument that is not there is wrong usage, not a verdict."""
    assert exit_codes.ERROR == certcore(*arguments).exit_code


def test_an_error_is_one_line_with_its_code_and_one_with_the_next_step(certcore: Command) -> None:
    """Errors go to standard error: the message with the code, then what to do."""
    found = certcore("show", "missing.txt")
    assert (
        "certcore: missing.txt: No such file or directory [file-unreadable]\n"
        "  Check that it is there and may be read.\n"
    ) == found.stderr
    assert (exit_codes.ERROR, "") == (found.exit_code, found.stdout)


def test_usage_errors_escape_what_was_typed(certcore: Command) -> None:
    """A file name that a shell expanded cannot speak to the terminal through a usage error."""
    found = certcore("verify", "--as-of", "\x1b]0;owned\x07")
    assert exit_codes.ERROR == found.exit_code
    assert "\x1b" not in found.stderr


def test_the_module_runs_as_the_command_does() -> None:
    """``python -m certcore.cli`` gives the command's exit code."""
    assert exit_codes.ERROR == run_process("show", "missing.txt").returncode


@pytest.mark.parametrize("package", ["click", "rich"])
def test_without_the_cli_extra_one_line_says_how_to_install_it(package: str) -> None:
    """A missing click or rich is told in one line, exit code 2, without a traceback."""
    code = f"import sys; sys.modules[{package!r}] = None; from certcore.cli import main; sys.exit(main(['demo']))"
    found = run_process(code=code)
    assert exit_codes.ERROR == found.returncode
    assert b"certcore: the command needs click and rich, which are not installed: pip install 'certcore[cli]'\n" == (
        found.stderr
    )


def test_pictures_without_the_scan_extra_say_how_to_install_it() -> None:
    """Where Pillow is missing, scanning exits with 2 and names the extra."""
    blocked = "import sys; sys.modules['PIL'] = None; sys.modules['PIL.Image'] = None; from certcore.cli import main; "
    verify = "['verify', 'valid.png', '--as-of', 'now', '--trust', 'trust.cbor', '--root', 'root.pub.pem']"
    for arguments in ("['scan', 'valid.png']", "['demo']", verify):
        found = run_process(code=f"{blocked}sys.exit(main({arguments}))")
        assert (exit_codes.ERROR, True) == (found.returncode, b"certcore[scan]" in found.stderr), arguments
        assert b"Traceback" not in found.stderr
    assert not Path("demo-out").exists()


def test_output_that_cannot_be_encoded_is_escaped() -> None:
    """A terminal without Chinese characters gets escapes, not a failure."""
    code = (
        "import sys; sys.stdout.reconfigure(encoding='ascii'); from certcore.cli import main;"
        "sys.exit(main(['show', 'valid.txt']))"
    )
    found = run_process(code=code)
    assert (exit_codes.DONE, b"") == (found.returncode, found.stderr)
    assert b"\\u95fdC12345" in found.stdout


def test_a_defect_is_told_without_a_traceback(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """An unforeseen exception names its kind and place, and neither its message nor its locals."""

    def broken(*_: object, **__: object) -> None:
        raise LookupError("闽C12345")

    monkeypatch.setattr(app.group, "main", broken)
    assert exit_codes.ERROR == main([])
    told = capsys.readouterr().err
    assert "LookupError in certcore._cli.app" in told
    assert "闽C12345" not in told


def test_an_interrupt_has_its_own_exit_code(monkeypatch: pytest.MonkeyPatch) -> None:
    """Stopped from the keyboard is neither an error nor a verdict."""

    def interrupted(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(app.group, "main", interrupted)
    assert exit_codes.INTERRUPTED == main([])


@pytest.mark.parametrize(
    ("codes", "expected"),
    [([], 0), ([0, 0], 0), ([0, 3], 3), ([3, 1, 0], 1), ([1, 2, 3], 2), ([0, 4], 4), ([4, 3], 3)],
    ids=str,
)
def test_the_worst_code_speaks_for_all(codes: list[int], expected: int) -> None:
    """An error outweighs not valid, which outweighs undetermined, then degraded, then valid."""
    assert expected == exit_codes.worst(codes)
