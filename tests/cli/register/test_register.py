"""``certcore issue --register`` and ``certcore register``: issued into a register, found, listed, and shown again."""

from __future__ import annotations

import json
import re
import sqlite3
from collections.abc import Callable
from contextlib import closing
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import attrs
import pytest

pytest.importorskip("click", reason="the cli extra is not installed")
pytest.importorskip("rich", reason="the cli extra is not installed")

from click.testing import Result as Run

from certcore import LocalSigner, armor, cose, payload, qr
from certcore._cli import exit_codes
from certcore._cli.keys.keygen import write_keys
from certcore._cli.register import registers
from certcore.payload import InspectionCertificate, StatusRef
from certcore.testing import ROOT_SIGNER, make_trust
from certcore.trust import Environment, KeyUsage, TrustedKey, TrustListContents
from tests.cli.conftest import Command
from tests.register.cast import SIGNER

LIVE_SIGNER = LocalSigner.generate()
TRUSTED = ("--trust", "trust.cbor", "--root", "root.pub.pem", "--environment", "test")
ISSUE = ("issue", "--key", "issuer.key.pem", "--register", "register.db")
COMMON = ("--basis", "inspected", "--result", "pass", "--authority", "闽C")
ONE = (
    *("--plate", "闽C12345", "--plate-type", "2", "--vin", "LSVAA4181E2184211", "--valid-until", "2099-09-30"),
    *COMMON,
)


@pytest.fixture(autouse=True)
def world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A folder with keys, a trust list and an empty register."""
    monkeypatch.chdir(tmp_path)
    for name in ("CERTCORE_REGISTER", "CERTCORE_TRUST", "CERTCORE_ROOT"):
        monkeypatch.delenv(name, raising=False)
    for name, signer in (("issuer", SIGNER), ("root", ROOT_SIGNER), ("live", LIVE_SIGNER)):
        write_keys(signer, Path(name))
    Path("trust.cbor").write_bytes(trust_list())


def trust_list() -> bytes:
    """Signed, with a live key beside the certificate key, for an issuer with a name and a zone."""
    made = make_trust(SIGNER)
    (issuer,) = made.issuers
    live = TrustedKey(
        public_key=LIVE_SIGNER.public_key,
        usage=KeyUsage.LIVE,
        not_before=issuer.keys[0].not_before,
        not_after=issuer.keys[0].not_after,
    )
    named = attrs.evolve(issuer, name="Fujian Vehicle Office", keys=[*issuer.keys, live])
    contents = TrustListContents(
        version=2,
        issued_at=made.issued_at,
        next_update_at=made.next_update_at,
        environment=Environment.TEST,
        issuers=[named],
    )
    return contents.sign(ROOT_SIGNER)


@pytest.fixture
def register(certcore: Command) -> Command:
    """The same with an empty register, which it looks into."""
    assert (
        exit_codes.DONE
        == certcore("status", "init", "--db", "register.db", "--issuer", "CN", "--country", "CN").exit_code
    )

    def run(name: str, *arguments: str) -> Run:
        return certcore("register", name, *arguments, "--db", "register.db")

    return run


def listed(register: Command, *filters: str) -> list[dict[str, Any]]:
    """What the register lists."""
    found = register("list", "--json", *filters)
    assert exit_codes.DONE == found.exit_code, found.output
    return [json.loads(line) for line in found.stdout.splitlines()]


def stated(text: str) -> InspectionCertificate:
    """What a text says, unverified."""
    return payload.decode(cose.read_certificate(armor.decode(text.strip())).unverified_payload)


# One certificate


@pytest.mark.usefixtures("register")
def test_a_certificate_is_issued_into_the_register(certcore: Command, register: Command) -> None:
    """It gets a reference that the register gives out, its text alone is printed, and the register holds that text."""
    found = certcore(*ISSUE, *ONE)
    (held,) = listed(register)
    assert (exit_codes.DONE, 1) == (found.exit_code, found.stdout.count("\n"))
    assert f"certcore: {held['ref']}" in f"certcore: {found.stderr}"
    assert (
        StatusRef(**dict(zip(("list", "index"), map(int, held["ref"].split("/")), strict=True)))
        == stated(found.stdout).status
    )
    assert found.stdout == json.loads(register("show", held["ref"], "--json").stdout)["text"] + "\n"
    assert ("valid", "闽C12345") == (held["state"], held["registration_number"])


@pytest.mark.parametrize("typed", [("--status", "0/7"), ("--certificate-id", "00" * 8)])
def test_a_reference_is_not_typed_beside_a_register(
    certcore: Command, register: Command, typed: tuple[str, ...]
) -> None:
    """The register gives it; nothing is issued."""
    assert exit_codes.ERROR == certcore(*ISSUE, *ONE, *typed).exit_code
    assert [] == listed(register)


def test_a_certificate_that_nobody_can_revoke_is_said_to_be_so(certcore: Command) -> None:
    """With a reference that was typed, and wherever it is written to files; in the language that is asked for."""
    alone = ("issue", "--key", "issuer.key.pem", *ONE)
    assert "can never be revoked" in certcore(*alone, "--status", "0/7").stderr
    assert "can never be revoked" in certcore(*alone, "--png", "mark.png").stderr
    assert "无法撤销" in certcore(*alone, "--svg", "mark.svg", "--lang", "zh").stderr


def test_a_later_certificate_supersedes_the_one_before_it(certcore: Command, register: Command) -> None:
    """One vehicle has one certificate in force, and which one ended is told."""
    first = json.loads(certcore(*ISSUE, *ONE, "--json").stdout)
    second = json.loads(certcore(*ISSUE, *ONE, "--json", "--document-number", "B").stdout)
    assert ([], [first["ref"]]) == (first["supersedes"], second["supersedes"])
    assert [first["ref"]] == [held["ref"] for held in listed(register, "--state", "superseded")]
    assert [second["ref"]] == [held["ref"] for held in listed(register, "--state", "valid")]


def test_what_cannot_be_written_is_issued_and_shown_again(certcore: Command, register: Command) -> None:
    """A picture that cannot be written does not lose a certificate: the error names its reference."""
    found = certcore(*ISSUE, *ONE, "--png", "nowhere/mark.png")
    (held,) = listed(register)
    assert exit_codes.ERROR == found.exit_code
    assert f"'certcore register show {held['ref']}' draws it again [file-unwritable]" in found.stderr


# Looking


@pytest.fixture
def ref(certcore: Command, register: Command) -> str:
    """The reference of one certificate in the register."""
    certcore(*ISSUE, *ONE, "--inspector", "station-17")
    (held,) = listed(register)
    return str(held["ref"])


@pytest.mark.parametrize(
    ("asked", "is_found"),
    [
        (("--plate", "闽C·12345"), True),
        (("--plate", "闽c12345", "--country", "cn", "--plate-type", "2"), True),
        (("--plate", "闽C12345", "--plate-type", "1"), False),
        (("--plate", "闽C12345", "--country", "DE"), False),
        (("--plate", "C12345"), False),
        (("--plate", "%"), False),
        (("--plate", "闽" * 100_000), False),
        (("--vin", "lsvaa4181e2184211"), True),
        (("--vin", "LSVAA4181E2184212"), False),
        (("--vin", "LSVAA4181E2184211", "--plate", "闽C99999"), False),
        (("--ref", "0/1"), False),
    ],
)
def test_certificates_are_found(register: Command, ref: str, asked: tuple[str, ...], is_found: bool) -> None:  # noqa: FBT001  a parameter of the test
    """By plate written in any way, by VIN and by reference; what is given together must all fit."""
    found = register("find", *asked, "--json")
    refs = [json.loads(line)["ref"] for line in found.stdout.splitlines()]
    expected = (exit_codes.DONE, [ref]) if is_found else (exit_codes.NOT_VALID, [])
    assert expected == (found.exit_code, refs)
    assert [ref] == [json.loads(line)["ref"] for line in register("find", "--ref", ref, "--json").stdout.splitlines()]


def test_what_is_looked_for_must_be_said(register: Command) -> None:
    """Without a plate, a VIN or a reference nothing is asked."""
    assert exit_codes.ERROR == register("find").exit_code


@pytest.mark.parametrize(
    ("filters", "is_listed"),
    [
        (("--state", "valid"), True),
        (("--state", "revoked", "--state", "suspended"), False),
        (("--ends-from", "2099-09-30", "--ends-until", "2099-09-30"), True),
        (("--ends-until", "2099-09-29"), False),
        (("--authority", "闽C", "--inspector", "station-17"), True),
        (("--inspector", "station-18"), False),
        (("--issued-until", "2020-01-01"), False),
        (("--issued-from", "2020-01-01T00:00Z"), True),
    ],
)
def test_certificates_are_listed(register: Command, ref: str, filters: tuple[str, ...], is_listed: bool) -> None:  # noqa: FBT001  as above
    """By state, by days of issue and last days, and by who issued or inspected."""
    assert [ref] * is_listed == [held["ref"] for held in listed(register, *filters)]
    assert is_listed == (ref in register("list", *filters).stdout)


def test_a_day_of_issue_is_meant_whole_and_in_the_zone(register: Command, ref: str) -> None:
    """From its first to its last instant, where the zone says that they are."""
    zone = ("--time-zone", "Pacific/Kiritimati")
    issued = datetime.fromisoformat(listed(register)[0]["issued_at"])
    day = (issued + timedelta(hours=14)).date()
    for begin, end, expected in (
        (day, day, [ref]),
        (day + timedelta(1), day + timedelta(9), []),
        (day - timedelta(9), day - timedelta(1), []),
    ):
        found = listed(register, "--issued-from", begin.isoformat(), "--issued-until", end.isoformat(), *zone)
        assert expected == [held["ref"] for held in found]
    assert day.isoformat() in register("list", *zone).stdout


def test_what_happened_is_told_with_who_said_so(certcore: Command, register: Command, ref: str) -> None:
    """Every statement, in order; the commands that change a register are found in both places."""
    said = ("--actor", "clerk-7", "--reason", "entered in error", "--db", "register.db", "--ref", ref)
    assert exit_codes.DONE == certcore("register", "revoke", *said, "--from-start").exit_code
    told = [json.loads(line) for line in register("history", ref, "--json").stdout.splitlines()]
    assert [("issued", "issuer"), ("revoked", "clerk-7")] == [(one["kind"], one["actor"]) for one in told]
    assert None is told[1]["effective_at"]
    assert "revoked from the start, by clerk-7: entered in error" in register("history", ref).stdout
    assert "撤销 自始" in register("history", ref, "--lang", "zh").stdout
    assert "revoked" == listed(register)[0]["state"]


@pytest.mark.parametrize("named", ["mark.png", "mark.txt", "the text itself"])
def test_a_certificate_is_named_by_itself(certcore: Command, register: Command, ref: str, named: str) -> None:
    """By its picture or its text instead of its reference, wherever one certificate is meant."""
    register("show", ref, "--png", "mark.png", "--text", "mark.txt")
    which = named if Path(named).exists() else Path("mark.txt").read_text().strip()
    assert register("history", ref).stdout == register("history", which).stdout
    assert ref in register("find", "--ref", which).stdout
    said = ("--actor", "clerk-7", "--reason", "entered in error", "--db", "register.db")
    assert exit_codes.DONE == certcore("status", "revoke", "--ref", which, "--from-start", *said).exit_code
    assert "revoked" == listed(register)[0]["state"]


def test_a_forgery_names_nobody(certcore: Command, register: Command, ref: str) -> None:
    """A forger may have copied a reference: what the register does not hold, text for text, is not its own."""
    write_keys(LocalSigner.generate(), Path("forger"))
    forged = certcore("issue", "--key", "forger.key.pem", *ONE, "--status", ref).stdout.strip()
    said = ("--actor", "clerk-7", "--reason", "entered in error", "--db", "register.db")
    found = certcore("status", "revoke", "--ref", forged, "--from-start", *said)
    assert (exit_codes.ERROR, True) == (found.exit_code, "[not-recorded]" in found.stderr)
    assert (
        "[not-recorded]"
        in register("history", certcore("issue", "--key", "forger.key.pem", *ONE).stdout.strip()).stderr
    )
    assert "valid" == listed(register)[0]["state"]


@pytest.mark.parametrize(
    ("criteria", "count"),
    [
        (("--inspector", "station-17"), 1),
        (("--inspector", "station-18"), 0),
        (("--signed-by", "issuer.pub.pem", "--issued-from", "2020-01-01T00:00Z"), 1),
        (("--signed-by", "live.pub.pem"), 0),
        (("--authority", "闽C", "--issued-until", "2020-01-01T00:00Z"), 0),
    ],
)
def test_many_are_revoked_in_one_statement(
    certcore: Command, register: Command, ref: str, criteria: tuple[str, ...], count: int
) -> None:
    """Those of a station, of an authority, or under a key; nothing is revoked where nothing is said."""
    said = ("revoke", "--from-start", "--actor", "chief", "--reason", "licence withdrawn", "--db", "register.db")
    assert f"{count} certificates: revoked" in certcore("status", *said, *criteria).stdout
    assert ("revoked" if count else "valid") == listed(register)[0]["state"]
    assert exit_codes.ERROR == certcore("status", *said).exit_code
    assert exit_codes.ERROR == certcore("status", *said, "--ref", ref, *criteria).exit_code


def test_a_lost_mark_is_shown_again(register: Command, ref: str) -> None:
    """As text, picture and page: the very certificate that was issued; the page names its issuer."""
    text = json.loads(register("show", ref, "--json").stdout)["text"]
    outputs = ("--text", "again.txt", "--svg", "again.svg", "--to", "page.html", *TRUSTED)
    found = register("show", ref, *outputs)
    assert exit_codes.DONE == found.exit_code, found.output
    assert (text + "\n", qr.to_svg(text, scale=8)) == (Path("again.txt").read_text(), Path("again.svg").read_text())
    page = Path("page.html").read_text("utf-8")
    issued = datetime.fromisoformat(listed(register)[0]["issued_at"]) + timedelta(hours=8)
    assert "Issued by Fujian Vehicle Office." in page
    assert "https://" in page
    assert f"{issued:%Y-%m-%d %H:%M} UTC+08:00" in page


def test_a_lost_mark_is_shown_live(certcore: Command, register: Command, ref: str) -> None:
    """A live presentation that verifies, and none of one that is not in force or under another key."""
    live = ("--live-key", "live.key.pem", *TRUSTED)
    shown = json.loads(register("show", ref, "--json", *live).stdout)["text"]
    assert stated(shown).is_live
    verified = certcore(
        "verify", "--as-of", "now", *TRUSTED, shown, "--vin", "LSVAA4181E2184211", "--plate", "闽C12345"
    )
    assert "VALID" in verified.stdout
    assert exit_codes.ERROR == register("show", ref, "--live-key", "issuer.key.pem", *TRUSTED).exit_code
    assert exit_codes.ERROR == register("show", ref, "--live-key", "live.key.pem").exit_code
    said = ("--actor", "clerk-7", "--reason", "entered in error", "--db", "register.db", "--ref", ref)
    certcore("status", "revoke", *said, "--effective-at", "now")
    assert "[not-presentable]" in register("show", ref, *live).stderr


def test_no_page_of_what_is_not_authentic(register: Command, ref: str) -> None:
    """By the trust list that is given: nothing is written."""
    Path("trust.cbor").write_bytes(make_trust(LocalSigner.generate()).to_bytes())
    found = register("show", ref, "--to", "page.html", *TRUSTED)
    assert (exit_codes.ERROR, False) == (found.exit_code, Path("page.html").exists())
    assert "[key-unknown]" in found.stderr


@pytest.mark.parametrize("command", ["show", "history"])
def test_what_is_not_held_is_one_sentence(register: Command, command: str) -> None:
    """A reference that the register does not know."""
    found = register(command, "0/1")
    assert (exit_codes.ERROR, "") == (found.exit_code, found.stdout)
    assert "[not-recorded]" in found.stderr


# Registers that cannot be used


def _foreign(path: Path) -> None:
    path.write_bytes(b"not a database, but long enough to be looked at as if it were one" * 100)


def _empty(path: Path) -> None:
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("CREATE TABLE other (id INTEGER)")


@pytest.mark.parametrize("make", [None, _foreign, _empty], ids=["missing", "foreign", "another's"])
@pytest.mark.parametrize(
    "command",
    [
        (*ISSUE, *ONE),
        ("register", "find", "--vin", "LSVAA4181E2184211", "--db", "register.db"),
        ("register", "list", "--db", "register.db"),
        ("register", "show", "0/1", "--db", "register.db"),
        ("register", "history", "0/1", "--db", "register.db"),
    ],
    ids=lambda command: command[1],
)
def test_what_is_no_register_is_one_sentence(
    certcore: Command, make: Callable[[Path], None] | None, command: tuple[str, ...]
) -> None:
    """A file that is missing, is no database, or is somebody else's; none is made, and no plate is told."""
    if make is not None:
        make(Path("register.db"))
    found = certcore(*command)
    assert (exit_codes.ERROR, "") == (found.exit_code, found.stdout)
    assert re.fullmatch(r"certcore: [^\n]+ \[[a-z-]+\]\n  [^\n]+\n", found.stderr)
    assert "LSVAA" not in found.stderr
    assert Path("register.db").exists() == (make is not None)


def test_a_locked_register_says_so(register: Command, certcore: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    """Somebody else is writing, for longer than one waits: nothing is issued, and readers are not held up."""
    monkeypatch.setattr(registers, "WAIT", timedelta(seconds=0.1))
    with closing(sqlite3.connect("register.db", isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        found = certcore(*ISSUE, *ONE)
        assert [] == listed(register)
    assert (exit_codes.ERROR, "") == (found.exit_code, found.stdout)
    assert "database is locked [register-failed]" in found.stderr
    assert "must not be handed out" in found.stderr


def test_a_register_is_not_made_where_it_cannot_be(certcore: Command) -> None:
    """In a folder that is not there: said as that, not as a certificate that must not be handed out."""
    found = certcore("status", "init", "--db", "nowhere/register.db")
    assert (exit_codes.ERROR, True) == (found.exit_code, "there is no such folder [file-unwritable]" in found.stderr)
