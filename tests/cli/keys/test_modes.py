"""Who may read what is written, which secret keys are taken, and how a full disk is told."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import Result as Run

from certcore import LocalSigner
from certcore._cli import exit_codes
from certcore._cli.keys.keygen import write_keys
from certcore.errors import UntrustedError
from certcore.keys import GroupKey
from tests.cli.conftest import Command

Ask = Callable[..., Run]

pytestmark = pytest.mark.skipif(os.name != "posix", reason="Windows: a mode says nothing there")

ISSUE = (
    *("issue", "--key", "issuer.key.pem", "--plate", "闽C12345", "--country", "CN"),
    *("--vin", "LSVAA4181E2184211", "--valid-until", "2027-09-30", "--basis", "inspected", "--result", "pass"),
    *("--authority", "闽C", "--certificate-id", "00" * 12),
)


def mode(path: Path | str) -> str:
    """A file's mode."""
    return f"{Path(path).stat().st_mode & 0o777:o}"


@pytest.fixture(params=[0o000, 0o022, 0o077], ids=oct)
def umask(request: pytest.FixtureRequest) -> object:
    """What the shell would take away from a new file's mode."""
    before = os.umask(request.param)
    yield request.param
    os.umask(before)


@pytest.mark.usefixtures("umask")
@pytest.mark.parametrize(
    ("options", "expected"), [((), "600"), (("--mode", "640"), "640"), (("--mode", "0644"), "644")]
)
def test_who_may_read_what_is_issued_and_kept(
    certcore: Command, ask: Ask, options: tuple[str, ...], expected: str
) -> None:
    """Texts, pictures, pages and evidence are their owner's alone, or as told, whatever the umask and the old file."""
    Path("new.png").write_bytes(b"")
    Path("new.png").chmod(0o666)
    outputs = ("--text", "new.txt", "--png", "new.png", "--svg", "new.svg", "--force")
    assert exit_codes.DONE == certcore(*ISSUE, *outputs, *options).exit_code
    trusted = ("--trust", "trust.cbor", "--root", "root.pub.pem")
    assert exit_codes.DONE == certcore("print", "valid.txt", "--to", "page.html", *trusted, *options).exit_code
    Path("kept").mkdir()
    ask("valid.txt", "--evidence", "kept", *options)
    (kept,) = Path("kept").iterdir()

    assert {expected} == {mode(path) for path in ("new.txt", "new.png", "new.svg", "page.html", kept)}


@pytest.mark.parametrize("wrong", ["", "rw", "700", "1600", "8", "00600", "-1", "6OO"])
def test_modes_that_are_none(certcore: Command, wrong: str) -> None:
    """Anything but an octal mode of reading and writing is wrong usage, and nothing is written."""
    found = certcore(*ISSUE, "--text", "new.txt", "--mode", wrong)
    assert (exit_codes.ERROR, False) == (found.exit_code, Path("new.txt").exists())


SIGNING = {
    "issue": ISSUE,
    "trust": ("trust", "sign", "draft.json", "--key", "issuer.key.pem", "--out", "new.cbor"),
    "root": ("trust", "root", "sign", "chain", "--key", "issuer.key.pem"),
    "seal": (
        *("verify", "valid.txt", "--trust", "trust.cbor", "--root", "root.pub.pem", "--as-of", "2026-10-20"),
        *("--evidence", "kept", "--seal", "issuer.key.pem"),
    ),
    "publish": ("status", "publish", "register.db", "--folder", "lists", "--key", "issuer.key.pem"),
}


@pytest.mark.parametrize("command", SIGNING)
@pytest.mark.parametrize("loose", [0o640, 0o604, 0o620, 0o666])
def test_loose_private_keys_are_refused(certcore: Command, command: str, loose: int) -> None:
    """Every command that signs refuses a key that others can read or write, and takes it where it is told to."""
    Path("issuer.key.pem").chmod(loose)
    Path("kept").mkdir()
    certcore("trust", "init", "draft.json", "--environment", "test")

    refused = certcore(*SIGNING[command])
    allowed = certcore(*SIGNING[command], "--allow-loose-key")

    if "[key-file-loose]" not in refused.stderr:  # it asks for something else before it reads the key
        assert command in {"root", "publish"}
        return
    assert (exit_codes.ERROR, True) == (refused.exit_code, "issuer.key.pem" in refused.stderr)
    assert "key-file-loose" not in allowed.output
    assert exit_codes.ERROR != allowed.exit_code


def test_loose_keys_may_be_allowed_for_a_machine(certcore: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    """A container's secrets are often readable: a variable says that this is known."""
    Path("issuer.key.pem").chmod(0o444)
    monkeypatch.setenv("CERTCORE_ALLOW_LOOSE_KEY", "1")
    assert exit_codes.DONE == certcore(*ISSUE).exit_code


@pytest.mark.parametrize("loose", [0o640, 0o604, 0o620, 0o444])
def test_the_library_refuses_them_too(tmp_path: Path, loose: int) -> None:
    """`LocalSigner.from_file` and `GroupKey.from_file` alike; an encrypted key is no exception."""
    signer, group_key = LocalSigner.generate(), GroupKey.generate()
    for name, password in (("plain", None), ("encrypted", b"secret")):
        signer.to_file(tmp_path / name, password=password)
        assert signer.public_key == LocalSigner.from_file(tmp_path / name, password=password).public_key
        (tmp_path / name).chmod(loose)
        with pytest.raises(UntrustedError) as caught:
            LocalSigner.from_file(tmp_path / name, password=password)
        assert ("key-file-loose", (("mode", f"{loose:04o}"),)) == (caught.value.code, caught.value.detail)
        taken = LocalSigner.from_file(tmp_path / name, password=password, allow_loose=True)
        assert signer.public_key == taken.public_key
    group_key.to_file(tmp_path / "group")
    (tmp_path / "group").chmod(loose)
    with pytest.raises(UntrustedError) as caught:
        GroupKey.from_file(tmp_path / "group")
    assert "key-file-loose" == caught.value.code
    assert group_key == GroupKey.from_file(tmp_path / "group", allow_loose=True)


# --- passwords and tokens


WITH_A_PASSWORD = {
    "keygen": ("keygen", "new", "--force", "--password-file", "secret.txt"),
    "issue": (*ISSUE[:1], "--key", "locked.key.pem", *ISSUE[3:], "--password-file", "secret.txt"),
    "seal": (*SIGNING["seal"][:-1], "locked.key.pem", "--password-file", "secret.txt"),
    "token": (
        *("vehicle", "--as-of", "2026-10-20", "--trust", "trust.cbor", "--root", "root.pub.pem"),
        *("--plate", "闽C12345", "--country", "CN", "--token-file", "secret.txt"),
    ),
}


@pytest.mark.parametrize("command", WITH_A_PASSWORD)
@pytest.mark.parametrize("loose", [0o640, 0o604, 0o620, 0o666])
def test_loose_passwords_and_tokens_are_told(
    certcore: Command, monkeypatch: pytest.MonkeyPatch, command: str, loose: int
) -> None:
    """They are taken, and a sentence says which file to close to others; none where it is closed or that is allowed."""
    Path("kept").mkdir()
    Path("secret.txt").write_text("correct horse\n")
    write_keys(LocalSigner.generate(), Path("locked"), password=b"correct horse")
    Path("secret.txt").chmod(loose)

    told = certcore(*WITH_A_PASSWORD[command])
    monkeypatch.setenv("CERTCORE_ALLOW_LOOSE_KEY", "1")
    allowed = certcore(*WITH_A_PASSWORD[command])
    monkeypatch.delenv("CERTCORE_ALLOW_LOOSE_KEY")
    Path("secret.txt").chmod(0o600)
    closed = certcore(*WITH_A_PASSWORD[command])

    assert exit_codes.ERROR != told.exit_code
    assert "certcore: secret.txt: others can read or write this" in told.stderr
    assert f"mode is {loose:04o}" in told.stderr
    assert "correct horse" not in told.output
    assert "others can" not in closed.stderr
    assert command == "keygen" or "others can" not in allowed.stderr


# --- disks that are full


def run(*arguments: str, stdout: str, stderr: str | None = None) -> subprocess.CompletedProcess[bytes]:
    """The command in a process of its own, as a shell starts it, writing to these files."""
    command = [sys.executable, "-c", "import sys; from certcore.cli import main; sys.exit(main())", *arguments]
    with open(stdout, "wb") as out, open(stderr or os.devnull, "wb") as told:  # noqa: PTH123  devices
        return subprocess.run(command, stdout=out, stderr=told if stderr else subprocess.PIPE, check=False)


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no device that is always full")
@pytest.mark.parametrize(
    "arguments", [("--help",), ("--version",), ("show", "valid.txt"), ("scan", "valid.png")], ids=" ".join
)
def test_a_full_disk_is_told_as_one(arguments: tuple[str, ...]) -> None:
    """Output that cannot be written is no defect of certcore: one line says so, and the exit code is 2."""
    found = run(*arguments, stdout="/dev/full")

    assert (exit_codes.ERROR, 1) == (found.returncode, found.stderr.count(b"\n")), found.stderr
    assert b"No space left" in found.stderr
    assert b"defect" not in found.stderr
    assert exit_codes.ERROR == run(*arguments, stdout="/dev/full", stderr="/dev/full").returncode


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no device that is always full")
def test_devices_are_not_replaced(certcore: Command) -> None:
    """A device or a pipe is no place for a file, forced or not."""
    os.mkfifo("pipe")
    for path in ("/dev/full", "/dev/null", "pipe"):
        found = certcore(*ISSUE, "--text", path, "--force")
        assert (exit_codes.ERROR, True) == (found.exit_code, "[file-unwritable]" in found.stderr)
        assert not Path(path).is_file()


def test_public_files_stay_public(certcore: Command) -> None:
    """Public keys are there to be handed out: the umask alone decides."""
    before = os.umask(0o022)
    try:
        write_keys(LocalSigner.generate(), Path("handed-out"))
    finally:
        os.umask(before)
    assert ("600", "644") == (mode("handed-out.key.pem"), mode("handed-out.pub.pem"))
    assert certcore("--version").exit_code == exit_codes.DONE
