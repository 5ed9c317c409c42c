"""``trust fetch`` and ``snapshot make``: what is fetched replaces what is held, or nothing does."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import attrs
import pytest

from certcore import LocalSigner
from certcore._cli import exit_codes
from certcore.testing import ROOT_SIGNER
from certcore.trust import Environment, read_unverified
from certcore.trust._lists import MEDIA_TYPE
from tests.cli.desk import CLAIMS, TRUSTED, Desk
from tests.status.fault_server import FaultServer, Reply

if TYPE_CHECKING:
    from tests.cli.conftest import Command

pytest.importorskip("httpx2", reason="httpx2 is not installed: the http extra has it")


@pytest.fixture
def desk(server: FaultServer) -> Desk:
    """A desk whose registers are on it."""
    found = Desk(server.url)
    found.serve(server)
    return found


def offer(server: FaultServer, signer: LocalSigner = ROOT_SIGNER, **changes: Any) -> bytes:  # noqa: ANN401  a list's own
    """Publish the list that is held, with changes."""
    data = attrs.evolve(read_unverified(Path("trust.cbor").read_bytes()), **changes).sign(signer)
    server.routes["/trust"] = Reply(headers={"Content-Type": MEDIA_TYPE}, body=data)
    return data


@pytest.mark.usefixtures("desk")
@pytest.mark.parametrize("is_first", [True, False])
def test_a_current_list_is_installed(certcore: Command, server: FaultServer, *, is_first: bool) -> None:
    """As the first one, or in place of an older one."""
    data = offer(server, version=2)
    out = ("--out", "new.cbor") if is_first else ()
    found = certcore("trust", "fetch", f"{server.url}/trust", *TRUSTED, *out)
    assert (exit_codes.DONE, True) == (found.exit_code, "version 2, 1 issuers" in found.stdout), found.output
    assert data == Path("new.cbor" if is_first else "trust.cbor").read_bytes()
    again = certcore("trust", "fetch", f"{server.url}/trust", *TRUSTED, *out)
    assert (exit_codes.DONE, True) == (again.exit_code, "is the current one" in again.stdout), again.output


@pytest.mark.usefixtures("desk")
@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"version": 1, "next_update_at": "later"}, "trust-list-conflict"),
        ({"version": 2, "environment": Environment.TEST}, "trust-list-environment"),
        ({"version": 2, "signer": "stranger"}, "trust-list-threshold"),
        ({"version": 0}, "trust-list-rollback"),
        (None, "trust-list-unavailable, cause http-404"),
    ],
    ids=str,
)
def test_any_other_leaves_the_file_as_it_is(
    certcore: Command, server: FaultServer, changes: dict[str, Any] | None, code: str
) -> None:
    """Rolled back, of another environment, by a stranger, or not to be had."""
    held = read_unverified(Path("trust.cbor").read_bytes())
    if changes is not None:
        changes = dict(changes)
        signer = LocalSigner.from_file("stranger.key.pem") if changes.pop("signer", None) else ROOT_SIGNER
        if "next_update_at" in changes:
            changes["next_update_at"] = held.next_update_at.replace(year=held.next_update_at.year + 1)
        if changes["version"] == 0:
            Path("trust.cbor").write_bytes(attrs.evolve(held, version=5).sign(ROOT_SIGNER))
            changes["version"] = 4
        offer(server, signer, **changes)
    before = Path("trust.cbor").read_bytes()
    found = certcore("trust", "fetch", f"{server.url}/trust", *TRUSTED)
    assert (exit_codes.ERROR, True) == (found.exit_code, f"[{code}]" in found.stderr), found.output
    assert before == Path("trust.cbor").read_bytes()


@pytest.mark.usefixtures("desk")
def test_what_is_there_and_is_no_list_is_not_replaced(certcore: Command, server: FaultServer) -> None:
    """A slip of the file's name destroys nothing."""
    offer(server, version=2)
    found = certcore("trust", "fetch", f"{server.url}/trust", *TRUSTED, "--out", "valid.txt")
    assert (exit_codes.ERROR, True) == (found.exit_code, "valid.txt" in found.stderr)
    assert Path("valid.txt").read_text().startswith("VIC1:")


@pytest.mark.parametrize(
    "which",
    [
        ("--list", "12"),
        ("--certificate", "valid.txt"),
        ("--issuer", "CN", "--list", "12"),
        ("--list", "12", "--list", "99"),
    ],
    ids=" ".join,
)
def test_a_snapshot_is_asked_without_the_registers(
    certcore: Command, desk: Desk, server: FaultServer, ask: Command, which: tuple[str, ...]
) -> None:
    """What was fetched is in the file; what could not be had is named, and 2."""
    assert desk.base == server.url
    made = certcore("snapshot", "make", "lists.cbor", *TRUSTED, *which)
    server.close()
    found = ask("valid.txt", *CLAIMS, "--snapshot", "lists.cbor")
    assert exit_codes.DONE == found.exit_code, made.output + found.output
    is_all = "99" not in which
    assert (exit_codes.DONE if is_all else exit_codes.ERROR, not is_all) == (
        made.exit_code,
        "lists/99: not to be had: http-404" in made.stderr,
    )
    again = certcore("snapshot", "make", "lists.cbor", *TRUSTED, *which, "--timeout", "1")
    assert (exit_codes.ERROR, True) == (again.exit_code, "[status-unavailable]" in again.stderr)
    assert exit_codes.DONE == ask("valid.txt", *CLAIMS, "--snapshot", "lists.cbor").exit_code


@pytest.mark.usefixtures("desk")
def test_a_snapshot_replaces_nothing_else(certcore: Command) -> None:
    """Nor does a trust list stand in for one."""
    found = certcore("snapshot", "make", "trust.cbor", *TRUSTED)
    assert (exit_codes.ERROR, True) == (found.exit_code, "[file-exists]" in found.stderr)
    asked = certcore("verify", "valid.txt", "--as-of", "now", *TRUSTED, "--snapshot", "trust.cbor")
    assert (exit_codes.ERROR, True, False) == (
        asked.exit_code,
        "certcore snapshot make" in asked.stderr,
        "forged" in asked.stderr,
    )
