"""``certcore doctor``: what works here, and what to do about the rest; in both languages, and as JSON."""

from __future__ import annotations

import json
import tomllib
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from certcore._cli import doctor, exit_codes
from certcore.testing import ROOT_SIGNER
from certcore.trust import Environment, TrustListContents, read_unverified
from tests.cli.desk import TRUSTED, Desk
from tests.status.fault_server import FaultServer

if TYPE_CHECKING:
    from tests.cli.conftest import Command

ROOT = Path(__file__).parents[2]


def told(certcore: Command, *options: str) -> dict[str, list[tuple[str, str]]]:
    """The states and what was found, by the name of the check."""
    document = json.loads(certcore("doctor", *options, "--json").stdout)
    found: dict[str, list[tuple[str, str]]] = {}
    for check in document["checks"]:
        found.setdefault(check["name"], []).append((check["state"], check["found"]))
    return found


def test_nothing_wrong_is_0(certcore: Command) -> None:
    """With nothing set up there are notes, and what to do."""
    found = certcore("doctor")
    assert exit_codes.DONE == found.exit_code, found.output
    assert "nobody is trusted" in found.stdout
    assert "certcore.toml" in found.stdout


def test_it_speaks_chinese(certcore: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    """By the system's variables, too."""
    monkeypatch.setenv("LANG", "zh_CN.UTF-8")
    assert "没有信任任何人" in certcore("doctor").stdout


def test_a_trust_list_in_order(certcore: Command) -> None:
    """Its version, age and next update."""
    Desk()
    ((state, words),) = told(certcore, *TRUSTED)["trust list"]
    assert ("ok", True) == (state, words.startswith("version 1, production, 0 days old, next update by "))


@pytest.mark.parametrize(
    ("issued", "updated", "advice"),
    [(-40, -10, "past its next update"), (5, 10, "from the future")],
    ids=["old", "new"],
)
def test_a_trust_list_out_of_order(certcore: Command, issued: int, updated: int, advice: str) -> None:
    """Past its update, or from the future: wrong, and 1."""
    Desk()
    issuers = read_unverified(Path("trust.cbor").read_bytes()).issuers
    now = datetime.now(UTC).replace(microsecond=0)
    contents = TrustListContents(
        version=1,
        issued_at=now + timedelta(days=issued),
        next_update_at=now + timedelta(days=updated),
        environment=Environment.PRODUCTION,
        issuers=issuers,
    )
    Path("trust.cbor").write_bytes(contents.sign(ROOT_SIGNER))
    found = certcore("doctor", *TRUSTED)
    assert (exit_codes.NOT_VALID, True) == (found.exit_code, advice in found.stdout)


def test_a_trust_list_that_cannot_be_used(certcore: Command) -> None:
    """It is told as a finding, and the other checks go on."""
    found = certcore("doctor", "--trust", "trust.cbor", "--root", "stranger.pub.pem")
    assert exit_codes.NOT_VALID == found.exit_code
    assert "file modes" in found.stdout


@pytest.fixture
def server() -> Iterator[FaultServer]:
    """A register on loopback."""
    pytest.importorskip("httpx2", reason="httpx2 is not installed: the http extra has it")
    with FaultServer() as running:
        yield running


@pytest.mark.parametrize("is_there", [True, False])
def test_registers_are_asked_where_that_is_wanted(certcore: Command, server: FaultServer, *, is_there: bool) -> None:
    """One that answers, whatever it answers, is there; one that does not is wrong, with what to do."""
    Desk(server.url).serve(server)
    assert [("note", "they were not asked")] == told(certcore, *TRUSTED)["registers"]
    if not is_there:
        server.close()
    found = certcore("doctor", *TRUSTED, "--online", "--timeout", "30")
    assert (exit_codes.DONE if is_there else exit_codes.NOT_VALID) == found.exit_code
    assert ("CN answers" in found.stdout) == is_there


def test_files_that_others_can_write_or_keys_they_can_read(certcore: Command) -> None:
    """Named one by one, with what to do."""
    Desk()
    Path("trust.cbor").chmod(0o666)
    Path("issuer.key.pem").chmod(0o644)
    found = told(certcore, *TRUSTED)["file modes"]
    assert [("wrong", True), ("wrong", True)] == [
        (state, word in words) for (state, words), word in zip(found, ("trust.cbor", "issuer.key.pem"), strict=True)
    ]


def test_every_extra_is_looked_for() -> None:
    """What the project offers is what the doctor knows."""
    offered = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]["optional-dependencies"]
    assert set(offered) - {"all"} == set(doctor.EXTRAS)


def test_an_unusable_file_of_settings_is_a_finding(certcore: Command) -> None:
    """The options that it gives are read first, so that the command says it at once."""
    Path("certcore.toml").write_text("trust = 7\n", encoding="utf-8")
    found = certcore("doctor")
    assert (exit_codes.ERROR, True) == (found.exit_code, "certcore.toml: trust must be" in found.stderr)
