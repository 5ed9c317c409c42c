"""How registers are reached: the same options on every command that asks one."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from certcore._cli import exit_codes
from tests.cli.desk import CLAIMS, TRUSTED, Desk
from tests.status.fault_server import FaultServer, Reply

if TYPE_CHECKING:
    from tests.cli.conftest import Command

pytest.importorskip("httpx2", reason="httpx2 is not installed: the http extra has it")

ELSEWHERE = "http://127.0.0.1:9"
VERIFY = ("verify", "valid.txt", "--as-of", "2026-10-20", *TRUSTED, *CLAIMS, "--online")
VEHICLE = ("vehicle", "--plate", "闽C12345", "--plate-type", "2", "--country", "CN", "--as-of", "now", *TRUSTED)
ASKING = {
    "verify": VERIFY,
    "reassess": ("evidence", "reassess", "kept", *TRUSTED, "--online"),
    "vehicle": (*VEHICLE, "--token-file", "token"),
}


def behind(server: FaultServer) -> None:
    """Put a desk's registers behind a server, which is a proxy to them."""
    Path("token").write_text("geheim-17-geheim\n", encoding="ascii")
    desk = Desk(ELSEWHERE)
    desk.serve(server)
    server.routes = {f"{ELSEWHERE}{path}": route for path, route in server.routes.items()}


@pytest.fixture
def kept(certcore: Command, server: FaultServer) -> None:
    """Registers behind a proxy, and evidence of an earlier question."""
    behind(server)
    Path("kept").mkdir()
    certcore(*VERIFY[:-1], "--evidence", "kept")


@pytest.mark.usefixtures("kept")
@pytest.mark.parametrize("command", ASKING.values(), ids=ASKING)
@pytest.mark.parametrize("how", ["option", "environment", "the environment's own", "file"])
def test_a_proxy_is_gone_through(
    certcore: Command, server: FaultServer, monkeypatch: pytest.MonkeyPatch, command: tuple[str, ...], how: str
) -> None:
    """As an option, a variable, or as other programs have it; without one there is no answer."""
    monkeypatch.delenv("NO_PROXY", raising=False)
    monkeypatch.delenv("no_proxy", raising=False)
    alone = certcore(*command)
    options = {"option": ("--proxy", server.url), "the environment's own": ("--proxy", "env")}.get(how, ())
    if how == "environment":
        monkeypatch.setenv("CERTCORE_PROXY", server.url)
    if how == "the environment's own":
        monkeypatch.setenv("HTTP_PROXY", server.url)
    if how == "file":
        Path("certcore.toml").write_text(f'[network]\nproxy = "{server.url}"\n', encoding="utf-8")

    found = certcore(*command, *options)

    assert exit_codes.UNDETERMINED == alone.exit_code
    assert exit_codes.DONE == found.exit_code, found.output


@pytest.mark.usefixtures("kept")
@pytest.mark.parametrize("command", ASKING.values(), ids=ASKING)
def test_options_that_cannot_be_used_are_refused_at_once(certcore: Command, command: tuple[str, ...]) -> None:
    """One sentence, and nobody is asked; a proxy's password is not repeated."""
    for options, told in (
        (("--ca-file", "nothere.pem"), "nothere.pem"),
        (("--proxy", "user:geheim@proxy"), "http://proxy.example:3128"),
        (("--timeout", "0"), "--timeout"),
    ):
        found = certcore(*command, *options)
        assert (exit_codes.ERROR, True, False) == (found.exit_code, told in found.stderr, "geheim" in found.output)


def test_a_register_is_waited_for_as_long_as_is_said(certcore: Command, server: FaultServer) -> None:
    """And then the answer is that there is none."""
    Desk(server.url)
    server.routes["*"] = Reply(delay_s=60)
    found = certcore(*VERIFY, "--timeout", "0.2")
    assert (exit_codes.UNDETERMINED, True) == (found.exit_code, "cause timeout" in found.stdout)


def test_what_was_fetched_is_kept_for_the_next_time(certcore: Command, server: FaultServer) -> None:
    """In the folder that --cache names, in which the next run needs no register."""
    Desk(server.url).serve(server)
    assert exit_codes.DONE == certcore(*VERIFY, "--cache", "cache").exit_code
    server.close()
    assert exit_codes.DONE == certcore(*VERIFY, "--cache", "cache").exit_code
    assert exit_codes.UNDETERMINED == certcore(*VERIFY, "--cache", "another").exit_code


def test_a_snapshot_that_is_typed_outweighs_a_file_that_says_online(certcore: Command) -> None:
    """The file says what is usual here."""
    Desk(ELSEWHERE)
    Path("certcore.toml").write_text("[network]\nonline = true\n", encoding="utf-8")
    assert exit_codes.UNDETERMINED == certcore(*VERIFY[:-1]).exit_code
    assert exit_codes.DONE == certcore(*VERIFY[:-1], "--snapshot", "lists").exit_code
    assert exit_codes.UNDETERMINED == certcore(*VERIFY[:-1], "--offline").exit_code
