"""``certcore.toml``: option before environment before file, from places that no stranger can fill."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from certcore._cli import exit_codes
from certcore._cli.settings import configuration

if TYPE_CHECKING:
    from tests.cli.conftest import Command

ASK = ("verify", "valid.txt", "--as-of", "2026-10-20")
WHOLE = 'trust = "trust.cbor"\nroot = ["root.pub.pem"]\n'


def write(text: str, path: str = "certcore.toml") -> None:
    """A file of settings."""
    Path(path).parent.mkdir(parents=True, exist_ok=True)
    Path(path).write_text(text, encoding="utf-8")


def test_the_file_says_whom_to_trust(certcore: Command) -> None:
    """And the command says that it does, on standard error."""
    write(WHOLE)
    found = certcore(*ASK)
    assert exit_codes.DEGRADED == found.exit_code, found.output
    assert "certcore: whom to trust is said by certcore.toml in this folder\n" == found.stderr


@pytest.mark.parametrize("how", ["option", "variable", "own"])
def test_a_file_that_was_named_or_is_ones_own_needs_no_word(
    certcore: Command, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, how: str
) -> None:
    """Names in it are meant from its own folder."""
    own = tmp_path / "nobody" / "certcore" / "certcore.toml"
    path = own if how == "own" else tmp_path / "elsewhere" / "mine.toml"
    write('trust = "../../trust.cbor"\nroot = "../../root.pub.pem"\n' if how == "own" else WHOLE, str(path))
    if how != "own":
        for name in ("trust.cbor", "root.pub.pem"):
            (tmp_path / "elsewhere" / name).write_bytes(Path(name).read_bytes())
    if how == "variable":
        monkeypatch.setenv("CERTCORE_CONFIG", str(path))
    found = certcore(*ASK, *(("--config", path) if how == "option" else ()))
    assert (exit_codes.DEGRADED, "") == (found.exit_code, found.stderr)


def test_option_before_environment_before_file(certcore: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    """For whom to trust, the policy and the language."""
    write(WHOLE + 'policy = "claims"\nlanguage = "zh"\n')
    assert "无法判定" in certcore(*ASK).stdout
    monkeypatch.setenv("CERTCORE_POLICY", "counterparty")
    monkeypatch.setenv("CERTCORE_LANG", "en")
    assert "VALID, STATUS NOT KNOWN" in certcore(*ASK).stdout
    assert "UNDETERMINED" in certcore(*ASK, "--policy", "claims").stdout
    monkeypatch.setenv("CERTCORE_ROOT", "stranger.pub.pem")
    assert "[trust-list-threshold]" in certcore(*ASK).stderr
    assert exit_codes.DEGRADED == certcore(*ASK, "--root", "root.pub.pem").exit_code


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("trsut = 'a'\n", "there is no setting 'trsut'"),
        ("[network]\nca = 'a'\n", "there is no setting 'network.ca'"),
        ("network = 7\n", "there is no setting 'network'"),
        ("trust = 7\n", "trust must be the name of a file"),
        ("root = []\n", "root must be the name of a file, or a list"),
        ("root = ['a', 1]\n", "root must be"),
        ("threshold = true\n", "threshold must be a whole number"),
        ("threshold = 0\n", "threshold must be a whole number"),
        ("[network]\nonline = 'yes'\n", "network.online must be true or false"),
        ("[network]\ntimeout = -1\n", "network.timeout must be a number of seconds"),
        ("language = ''\n", "language must be a text"),
        ("policy = 'clams'\n", "'clams' is not one of"),
        ("environment = 'prod'\n", "'prod' is not one of"),
        ("language = 'de'\n", "'de' is not one of"),
        ("trust = \n", "it is no TOML"),
        ("a" * 70_000, "more than 65536 bytes"),
    ],
)
def test_what_cannot_be_used_is_one_clear_sentence(certcore: Command, text: str, told: str) -> None:
    """With the file's name or the option's, and nothing is verified."""
    write(text)
    found = certcore(*ASK, "--trust", "trust.cbor")
    assert (exit_codes.ERROR, "", True) == (found.exit_code, found.stdout, told in found.stderr), found.stderr


def test_only_commands_that_take_settings_read_the_file(certcore: Command) -> None:
    """A broken file stops no `keygen`; and what `trust init` makes is not what the file trusts."""
    write('environment = "production"\n')
    assert exit_codes.DONE == certcore("trust", "init", "draft.json", "--environment", "test", "--lang", "en").exit_code
    assert exit_codes.DONE == certcore("--version").exit_code


@pytest.mark.skipif(not hasattr(os, "getuid"), reason="there are no modes here")
@pytest.mark.parametrize("mode", [0o666, 0o664])
def test_a_file_here_that_others_can_write_is_refused(certcore: Command, mode: int) -> None:
    """Unless it is named."""
    write(WHOLE)
    Path("certcore.toml").chmod(mode)
    found = certcore(*ASK)
    assert (exit_codes.ERROR, True) == (found.exit_code, "others can write it" in found.stderr)
    assert exit_codes.DEGRADED == certcore(*ASK, "--config", "certcore.toml").exit_code


@pytest.mark.parametrize(
    "setting", ['trust = "x"', 'root = "stranger.pub.pem"', "threshold = 1", 'environment = "test"']
)
def test_a_file_here_cannot_overrule_ones_own_about_trust(certcore: Command, tmp_path: Path, setting: str) -> None:
    """A stranger's folder may bring a file; it is refused, and says what to do."""
    own = tmp_path / "nobody" / "certcore" / "certcore.toml"
    write(f'{WHOLE}threshold = 1\nenvironment = "production"\n', str(own))
    write(f"{setting}\n")
    found = certcore(*ASK)
    assert (exit_codes.ERROR, True) == (found.exit_code, "name the one that counts: --config" in found.stderr)


def test_folders_above_are_not_searched(certcore: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    """They may be anybody's."""
    write(WHOLE)
    Path("below").mkdir()
    monkeypatch.chdir("below")
    assert "whom do you trust?" in certcore("verify", "../valid.txt", "--as-of", "2026-10-20").stderr


def test_the_null_device_is_no_file(certcore: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    """So a script can say that none counts."""
    write("nonsense = 1\n")
    monkeypatch.setenv("CERTCORE_CONFIG", os.devnull)
    assert "whom do you trust?" in certcore(*ASK).stderr


@pytest.mark.parametrize("name", sorted(configuration.SETTINGS))
def test_every_setting_is_taken_by_some_option(name: str) -> None:
    """The page of the guide names it, too."""
    page = Path(__file__).parents[3] / "docs" / "configure-the-command.md"
    assert f"`{name}`" in page.read_text("utf-8")
