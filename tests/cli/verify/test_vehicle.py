"""``certcore vehicle``: the register is asked about a vehicle, by those who may ask, and nobody else."""

from __future__ import annotations

import json
import os
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from certcore._cli import exit_codes
from certcore.status.vehicledoc import decode_request
from tests.cli.desk import TRUSTED, Desk
from tests.status.fault_server import FaultServer, Reply

if TYPE_CHECKING:
    from click.testing import Result as Run

    from tests.cli.conftest import Command

PLATE = ("--plate", "闽C12345", "--country", "CN", "--plate-type", "2")
STOLEN = ("--vin", "LSVAA4187E2184212")


@pytest.fixture
def desk(server: FaultServer, monkeypatch: pytest.MonkeyPatch) -> Desk:
    """A claims desk that may ask it."""
    monkeypatch.delenv("CERTCORE_TOKEN", raising=False)
    found = Desk(server.url)
    found.serve(server)
    Path("token").write_text("geheim-17-geheim\nof the claims desk\n")
    Path("token").chmod(0o600)  # one that others can read is told on standard error
    return found


@pytest.fixture
def look_up(certcore: Command, desk: Desk) -> Command:
    """Asks about now, with a token."""
    assert isinstance(desk, Desk)

    def run(*arguments: str | Path, stdin: str | bytes | None = None) -> Run:
        return certcore("vehicle", "--as-of", "now", *TRUSTED, "--token-file", "token", *arguments, stdin=stdin)

    return run


@pytest.mark.parametrize(
    ("status", "cause", "said"),
    [
        (403, "http-403", {"en": "a token whose scope covers the question", "zh": "权限范围包括该查询"}),
        (401, "http-401", {"en": "Renew the token", "zh": "请更新令牌"}),
        (503, "http-5xx", {"en": "The register's server failed", "zh": "登记系统的服务器出错"}),
        (200, "type", {"en": "sign-in page of a network", "zh": "网络登录页面"}),
    ],
)
@pytest.mark.parametrize("lang", ["en", "zh"])
def test_why_there_is_no_answer(
    look_up: Command, server: FaultServer, status: int, cause: str, said: dict[str, str], lang: str
) -> None:
    """Each cause has its own words and next step, in both languages, and 3 as for every open outcome."""
    server.routes = {"*": Reply(status=status)}

    found = look_up(*PLATE, "--lang", lang)

    assert exit_codes.UNDETERMINED == found.exit_code
    (line,) = [line for line in found.stdout.splitlines() if "status-unavailable" in line]
    assert said[lang] in line
    assert f"cause {cause}" in line
    assert "geheim" not in found.stdout + found.stderr
    assert "" == found.stderr


def test_a_vehicle_in_order(look_up: Command, server: FaultServer) -> None:
    """VALID and 0: what the register says of it, letters with their names; only the plate went to it."""
    found = look_up(*PLATE)
    lines = found.stdout.splitlines()
    assert (exit_codes.DONE, True) == (found.exit_code, lines[0].startswith("VALID  闽C12345  ("))
    assert "    known to the register: yes" in lines
    assert "    inspection valid until: 2099-09-30" in lines
    (states,) = [line for line in lines if line.startswith("    vehicle states: ")]
    assert states.startswith("    vehicle states: B ")
    assert "to 2026-08-01; W" in states
    (seen,) = server.seen
    query = decode_request(seen.body, asked_at=datetime.now(UTC))
    assert ("闽C12345", "CN", 2, None) == (query.registration_number, query.country, query.plate_type, query.vin)


def test_a_stolen_vehicle(look_up: Command) -> None:
    """NOT VALID and 1; by VIN the country follows from the trust list."""
    found = look_up(*STOLEN)
    assert (exit_codes.NOT_VALID, True, True) == (
        found.exit_code,
        "[vehicle-stopped" in found.stdout,
        "from 2026-09-01" in found.stdout,
    )


def test_chinese_is_spoken_where_asked_for(look_up: Command) -> None:
    """Headline and labels."""
    found = look_up(*PLATE, "--lang", "zh").stdout
    for word in ("有效  闽C12345", "登记系统有记录: 是", "检验有效期止: 2099-09-30", "机动车状态: B"):
        assert word in found


def test_json_has_codes_and_no_vehicle(look_up: Command) -> None:
    """The document names no plate and no VIN: its id stands for them."""
    for asked, outcome in ((PLATE, "valid"), (STOLEN, "invalid")):
        found = look_up(*asked, "--json").stdout
        document = json.loads(found)
        assert (outcome, True) == (document["outcome"], document["vehicle"]["known"])
        for secret in ("12345", "\\u95fd", "LSVAA", "input"):
            assert secret not in found


@pytest.mark.parametrize("how", ["nothing", "wrong", "empty variable"])
def test_who_may_not_ask_learns_nothing(
    certcore: Command, desk: Desk, monkeypatch: pytest.MonkeyPatch, how: str
) -> None:
    """Without the right token it is undetermined, and 3."""
    assert isinstance(desk, Desk)
    Path("wrong").write_text("not-the-token-at-all\n")
    if how == "empty variable":
        monkeypatch.setenv("CERTCORE_TOKEN", "")
    token = ("--token-file", "wrong") if how == "wrong" else ()
    found = certcore("vehicle", "--as-of", "now", *TRUSTED, *PLATE, *token)
    assert (exit_codes.UNDETERMINED, True) == (found.exit_code, "[status-unavailable" in found.stdout)
    assert (how != "wrong") == ("no token to ask with" in found.stderr)


def test_the_token_may_come_from_the_environment(
    certcore: Command, desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And is never in what is told."""
    assert isinstance(desk, Desk)
    monkeypatch.setenv("CERTCORE_TOKEN", "geheim-17-geheim")
    found = certcore("vehicle", "--as-of", "now", *TRUSTED, *PLATE)
    assert (exit_codes.DONE, False) == (found.exit_code, "geheim" in found.output)


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        ((), "registration number or VIN"),
        (("--plate", "闽C12345"), "belongs to a country"),
        (("--vin", "184211"), "whole VIN"),
        ((*PLATE, "--country", "China"), "country"),
        ((*PLATE, "--as-of", "9999-12-31"), "as_of"),
        ((*PLATE, "--as-of", "2026-10-20T12:00"), "zone"),
        ((*PLATE, "--issuer", "DE"), "no register of this id"),
        ((*PLATE, "--token-file", "missing"), "[file-unreadable]"),
        ((*PLATE, "--token-file", "/dev/null"), "[file-unreadable]"),
        ((*PLATE, "--token-file", "blank"), "[input-malformed]"),
        ((*PLATE, "--seal", "seal.key.pem"), "--evidence"),
        ((*PLATE, "--trust", "valid.txt"), "[trust-list-malformed]"),
    ],
    ids=lambda wrong: " ".join(wrong) if isinstance(wrong, tuple) else None,
)
def test_a_question_put_wrongly_exits_with_2(
    look_up: Command, server: FaultServer, wrong: tuple[str, ...], told: str
) -> None:
    """Nobody is asked then."""
    Path("blank").write_text("\n")
    found = look_up(*wrong)
    assert (exit_codes.ERROR, "", True) == (found.exit_code, found.stdout, told in found.stderr)
    assert [] == server.seen


def test_a_register_that_nobody_named_is_not_asked(look_up: Command, desk: Desk, server: FaultServer) -> None:
    """Without an endpoint in the trust list, or for another country, the verdict says so."""
    other = look_up("--plate", "B-AB 123", "--country", "DE")
    assert (exit_codes.UNDETERMINED, True) == (other.exit_code, "[register-unknown" in other.stdout)
    desk.trust(query_endpoint=None)
    none = look_up(*PLATE)
    assert (exit_codes.UNDETERMINED, True) == (none.exit_code, "[status-not-checked" in none.stdout)
    assert [] == server.seen


def test_evidence_of_an_answer_is_kept_and_replayed(look_up: Command, certcore: Command, server: FaultServer) -> None:
    """Sealed, offline, and with the same outcome; the plate is in the file alone."""
    Path("kept").mkdir()
    document = json.loads(look_up(*STOLEN, "--evidence", "kept", "--seal", "seal.key.pem", "--json").stdout)
    server.close()
    found = certcore(
        "evidence", "replay", document["evidence"], "--root", "root.pub.pem", "--seal-key", "seal.pub.pem", "--json"
    )
    again = json.loads(found.stdout)
    assert (exit_codes.NOT_VALID, document["id"], document["reasons"]) == (
        found.exit_code,
        again["id"],
        again["reasons"],
    )
    shown = certcore("evidence", "show", document["evidence"]).stdout
    assert "  about         a vehicle" in shown.splitlines()
    anew = certcore("evidence", "reassess", document["evidence"], *TRUSTED)
    assert (exit_codes.UNDETERMINED, True) == (anew.exit_code, "by the file it was: NOT VALID" in anew.stdout)


def test_several_registers_take_a_name(certcore: Command, desk: Desk) -> None:
    """Which one is the caller's to say."""
    assert os.environ.get("CERTCORE_TOKEN") is None
    desk.trust_two()
    asked = ("vehicle", "--as-of", "now", *TRUSTED, *PLATE, "--token-file", "token")
    found = certcore(*asked)
    assert (exit_codes.ERROR, True) == (found.exit_code, "--issuer (CN, CN-2)" in found.stderr)
    assert exit_codes.DONE == certcore(*asked, "--issuer", "CN").exit_code
