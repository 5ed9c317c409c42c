"""``certcore status``: a register from a terminal, from its making to its serving."""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import closing
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any
from urllib.error import HTTPError
from urllib.request import ProxyHandler, Request, build_opener

import attrs
import pytest

pytest.importorskip("click", reason="the cli extra is not installed")
pytest.importorskip("rich", reason="the cli extra is not installed")


from certcore import Issuer, armor, qr
from certcore._cli import exit_codes
from certcore._cli.keys.keygen import write_keys
from certcore.payload import StatusRef
from certcore.proofs.receipts import open_receipt
from certcore.register.access import BearerTokens
from certcore.register.audit import AuditTrail
from certcore.register.log import StatusRegistry
from certcore.testing import ROOT_SIGNER, make_trust
from certcore.trust import KeyUsage, ListTemplate, TrustedKey, TrustListContents
from tests.cli.conftest import Command
from tests.register.cast import BEGIN, DAY, SIGNER, STATUS_SIGNER, SetClock, certificate, issue, kinds, look_up
from tests.register.test_kill import ENVIRONMENT

SAID = ("--actor", "clerk-7", "--reason", "entered in error")
PUBLISH = ("--folder", "published", "--key", "status.key.pem", "--uri-template", "https://x.example/lists/{list}")


@pytest.fixture(autouse=True)
def world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A folder with keys, a trust list and a table of tokens."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("CERTCORE_REGISTER", raising=False)
    write_keys(STATUS_SIGNER, Path("status"))
    Path("trust.cbor").write_bytes(make_trust(SIGNER).to_bytes())
    Path("tokens.json").write_text("[]")


@pytest.fixture
def status(certcore: Command) -> Command:
    """Runs the command in this process, and fails on anything it does not foresee."""
    return partial(certcore, "status")


@pytest.fixture
def ref(status: Command) -> StatusRef:
    """A register with one certificate; its reference."""
    assert exit_codes.DONE == status("init", "--db", "register.db", "--issuer", "CN", "--list-size", "512").exit_code
    found: StatusRef = opened(issue)[0]
    return found


def opened(use: Callable[..., Any], *arguments: Any) -> Any:  # noqa: ANN401  whatever the use gives
    """Use the register as a library does, at the present time."""
    registry = StatusRegistry("sqlite:///register.db", clock=lambda: datetime.now(UTC), create=False)
    try:
        return use(registry, *arguments, *([SetClock(datetime.now(UTC))] if use is issue else []))
    finally:
        registry.close()


def log(ref: StatusRef) -> list[str]:
    """What happened to a certificate."""
    found: list[str] = kinds(opened(look_up, ref))
    return found


def test_the_group_explains_itself(status: Command) -> None:
    """Alone and with --help it names its commands."""
    for arguments in ((), ("--help",)):
        found = status(*arguments)
        assert exit_codes.DONE == found.exit_code
        assert all(
            name in found.output for name in ("init", "revoke", "suspend", "resume", "publish", "receipt", "serve")
        )


def test_a_register_is_made_once(status: Command) -> None:
    """What is there is not touched."""
    found = status("init", "--db", "register.db", "--country", "CN")
    assert (exit_codes.DONE, True) == (found.exit_code, "began at" in found.output)
    again = status("init", "--db", "register.db")
    assert (exit_codes.ERROR, True) == (again.exit_code, "[file-exists]" in again.stderr)


def test_certificates_are_revoked(status: Command, ref: StatusRef) -> None:
    """Suspended, resumed and revoked, each written to the log."""
    one = ("--db", "register.db", "--ref", f"{ref.list}/{ref.index}", *SAID)
    for command in (("suspend",), ("resume",), ("revoke", "--effective-at", "now"), ("revoke", "--from-start")):
        found = status(*command, *one)
        assert exit_codes.DONE == found.exit_code, found.output
    assert ["issued", "suspended", "resumed", "revoked", "revoked"] == log(ref)


@pytest.mark.parametrize("how", [(), ("--from-start", "--effective-at", "now")])
def test_a_revocation_says_from_when(status: Command, ref: StatusRef, how: tuple[str, ...]) -> None:
    """Void from the start is never assumed, and never meant beside a time."""
    found = status("revoke", "--db", "register.db", "--ref", f"{ref.list}/{ref.index}", *SAID, *how)
    assert (exit_codes.ERROR, True) == (found.exit_code, "either" in found.stderr)
    assert ["issued"] == log(ref)


def test_since_ever_is_no_moment(status: Command, ref: StatusRef) -> None:
    """The first moment that a program knows is wrong usage, and nothing is written to the log."""
    one = ("--db", "register.db", "--ref", f"{ref.list}/{ref.index}", *SAID)
    found = status("revoke", "--effective-at", "0001-01-01T00:00Z", *one)
    assert (exit_codes.ERROR, True) == (found.exit_code, "1970 to 9998" in found.stderr)
    assert ["issued"] == log(ref)


@pytest.mark.parametrize("written", ["", "12", "12/", "a/b", "1/99999999999", "9999999999/1"])
def test_a_reference_is_two_numbers(status: Command, ref: StatusRef, written: str) -> None:
    """Anything else is wrong usage."""
    assert isinstance(ref, StatusRef)
    found = status("suspend", "--db", "register.db", "--ref", written, *SAID)
    assert exit_codes.ERROR == found.exit_code


def test_errors_of_the_register_are_told(status: Command, ref: StatusRef) -> None:
    """An unknown reference and an empty reason are one line each, and exit with 2."""
    unknown = status("suspend", "--db", "register.db", "--ref", "7/7", *SAID)
    assert (exit_codes.ERROR, True) == (unknown.exit_code, "[register-failed]" in unknown.stderr)
    assert "folder of the register" not in unknown.stderr  # the register is well
    assert "the register is as it was" in unknown.stderr
    assert ["issued"] == log(ref)


@pytest.mark.parametrize("option", ["--actor", "--reason"])
@pytest.mark.parametrize("value", ["", "a\nb", "x" * 2000, "\udcc3x"], ids=["empty", "two lines", "long", "no text"])
@pytest.mark.parametrize("command", ["revoke", "suspend", "resume"])
def test_a_statement_takes_a_word_or_two(
    status: Command, ref: StatusRef, command: str, option: str, value: str
) -> None:
    """What cannot be kept and published is wrong usage, not a defect."""
    said = {"--actor": "clerk-7", "--reason": "sold"} | {option: value}
    how = ["--from-start"] if command == "revoke" else []
    words = [word for pair in said.items() for word in pair]
    found = status(command, "--db", "register.db", "--ref", f"{ref.list}/{ref.index}", *how, *words)
    assert (exit_codes.ERROR, True) == (found.exit_code, f"Invalid value for '{option}'" in found.stderr), found.output
    assert ["issued"] == log(ref)


def test_a_station_in_another_encoding_is_told(status: Command, ref: StatusRef) -> None:
    """Nothing is looked for that nobody can have: the register is well."""
    revoke = ("revoke", "--db", "register.db", "--from-start", *SAID, "--inspector", "\udcc3x")
    assert "bytes that are no text" in status(*revoke).stderr
    assert ["issued"] == log(ref)


def test_a_file_that_is_not_there_is_told(status: Command, ref: StatusRef) -> None:
    """Who names a picture that is not there has written no reference wrongly."""
    assert isinstance(ref, StatusRef)
    assert "there is no such file" in status("suspend", "--db", "register.db", "--ref", "mrak.png", *SAID).stderr


@pytest.mark.parametrize("command", ["suspend", "publish"])
def test_no_register_is_made_by_a_slip_of_the_pen(status: Command, command: str) -> None:
    """A file that is not there is an error for everything but init."""
    rest = ("--ref", "1/1", *SAID) if command == "suspend" else PUBLISH
    found = status(command, "--db", "regsiter.db", *rest)
    assert (exit_codes.ERROR, True, False) == (
        found.exit_code,
        "[file-unreadable]" in found.stderr,
        Path("regsiter.db").exists(),
    )


def test_a_register_is_published(status: Command, ref: StatusRef, monkeypatch: pytest.MonkeyPatch) -> None:
    """What changed is counted; the database may be named by the environment."""
    assert isinstance(ref, StatusRef)
    monkeypatch.setenv("CERTCORE_REGISTER", "register.db")
    found = [status("publish", *PUBLISH).output for _ in range(2)]
    assert [
        "published: 1 published, 0 unchanged, 0 postponed\n",
        "published: 0 published, 1 unchanged, 0 postponed\n",
    ] == found
    wrong = status("publish", *PUBLISH[:-1], "https://x.example/none")
    assert exit_codes.ERROR == wrong.exit_code


@pytest.fixture
def text(ref: StatusRef) -> str:
    """The text of the one certificate in the register."""
    found: str = opened(StatusRegistry.text, ref)
    return found


@pytest.mark.parametrize("what", ["text", "held.txt", "held.png"])
def test_a_receipt_is_signed(status: Command, text: str, what: str) -> None:
    """For a text, a file of it, or a picture; and no file is overwritten unasked."""
    Path("held.txt").write_text(f"{text}\n")
    Path("held.png").write_bytes(qr.to_png(text, scale=4))
    command = ("receipt", text if what == "text" else what, "--db", "register.db", "--key", "status.key.pem")
    found = status(*command, "--out", "held.receipt")
    data = Path("held.receipt").read_bytes()
    assert (exit_codes.DONE, f"held.receipt: {len(data)} bytes\n") == (found.exit_code, found.output)
    key = TrustedKey(
        public_key=STATUS_SIGNER.public_key,
        usage=KeyUsage.REGISTER,
        not_before=BEGIN,
        not_after=datetime.now(UTC) + 1000 * DAY,
    )
    assert open_receipt(data, certificate=armor.decode(text), keys=[key]) <= datetime.now(UTC) + timedelta(seconds=1)
    again = status(*command, "--out", "held.receipt")
    assert (exit_codes.ERROR, True) == (again.exit_code, "[file-exists]" in again.stderr)
    assert exit_codes.DONE == status(*command, "--out", "held.receipt", "--force").exit_code


@pytest.mark.parametrize(
    ("what", "options", "told"),
    [
        ("unknown.txt", (), "[not-recorded]"),
        ("both.txt", (), "[several-certificates]"),
        ("empty.txt", (), "[no-certificate]"),
        ("missing.txt", (), "[file-unreadable]"),
        ("held.txt", ("--issuer", "DE"), "another issuer"),
        ("held.txt", ("--key", "missing.pem"), "[file-unreadable]"),
        ("held.txt", ("--out", "nowhere/receipt"), "[file-unwritable]"),
    ],
)
def test_a_receipt_is_for_one_certificate_that_is_held(
    status: Command, text: str, what: str, options: tuple[str, ...], told: str
) -> None:
    """Anything else is an error, and nothing is written."""
    other = Issuer(signer=SIGNER).issue(certificate())
    for name, content in (("held", text), ("unknown", other), ("both", f"{text}\n{other}"), ("empty", "")):
        Path(f"{name}.txt").write_text(content)
    found = status("receipt", what, "--db", "register.db", "--key", "status.key.pem", "--out", "held.receipt", *options)
    assert (exit_codes.ERROR, True, False) == (found.exit_code, told in found.stderr, Path("held.receipt").exists())


@pytest.mark.parametrize("given", [("--key", "status.key.pem"), ("--tokens", "tokens.json")])
def test_vehicles_take_key_and_tokens(status: Command, ref: StatusRef, given: tuple[str, str]) -> None:
    """One without the other is wrong usage."""
    assert isinstance(ref, StatusRef)
    found = status("serve", "--db", "register.db", "--folder", "published", "--trust-list", "trust.cbor", *given)
    assert (exit_codes.ERROR, True) == (found.exit_code, "both" in found.stderr)


@pytest.mark.parametrize(
    "command", [("serve", "--folder", "f", "--trust-list", "trust.json"), (*PUBLISH, "--trust", "trust.json")]
)
def test_a_draft_is_no_trust_list(status: Command, ref: StatusRef, command: tuple[str, ...]) -> None:
    """It is neither served as one nor taken for one, and the next step says how one is made of it."""
    assert isinstance(ref, StatusRef)
    Path("trust.json").write_text('{"format": "certcore-trust-draft/1"}')
    command = command if command[0] == "serve" else ("publish", *command, "--root", "status.pub.pem")
    found = status(*command, "--db", "register.db")
    assert (exit_codes.ERROR, True) == (found.exit_code, "trust.json: it is JSON" in found.stderr), found.output
    assert "'certcore trust sign' makes the list of it" in found.stderr


@pytest.mark.parametrize("given", [("--audit", "audit.db"), ("--audit-key", "audit.key")])
def test_an_audit_trail_takes_a_file_and_a_key(status: Command, ref: StatusRef, given: tuple[str, str]) -> None:
    """One without the other is wrong usage, and makes neither."""
    assert isinstance(ref, StatusRef)
    found = status("serve", "--db", "register.db", "--folder", "published", "--trust-list", "trust.cbor", *given)
    assert (exit_codes.ERROR, True) == (found.exit_code, "both" in found.stderr)
    assert not Path(given[1]).exists()


@pytest.mark.parametrize("module", ["sqlalchemy", "uvicorn", "starlette"])
def test_without_the_extra_one_line_says_so(module: str) -> None:
    """What is missing, what to install, exit 2; and the other commands work."""
    hidden = f"import sys; sys.modules[{module!r}] = None; from certcore.cli import main; sys.exit(main(sys.argv[1:]))"
    serve = ("--db", "register.db", "--folder", "f", "--trust-list", "trust.cbor")
    arguments = ("init", "--db", "new.db") if module == "sqlalchemy" else ("serve", *serve)
    Path("register.db").touch()
    done = subprocess.run(
        [sys.executable, "-c", hidden, "status", *arguments],
        env=ENVIRONMENT,
        capture_output=True,
        text=True,
        check=False,
    )
    line = f"certcore: the register needs {module}, which is not installed: pip install 'certcore[register]'\n"
    assert (exit_codes.ERROR, "", line) == (done.returncode, done.stdout, done.stderr)
    help_ = [sys.executable, "-c", hidden, "status", "--help"]
    assert 0 == subprocess.run(help_, env=ENVIRONMENT, capture_output=True, check=False).returncode


@pytest.mark.slow
def test_a_register_is_served(status: Command, ref: StatusRef) -> None:
    """On loopback, until it is told to stop; a list comes over the wire as it was published."""
    assert isinstance(ref, StatusRef)
    assert exit_codes.DONE == status("publish", "--db", "register.db", *PUBLISH).exit_code
    token, digest = BearerTokens.new_token()
    Path("tokens.json").write_text(json.dumps([{"name": "a", "sha256": digest, "scopes": []}]))
    with closing(socket.socket()) as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    files = ("--db", "register.db", "--folder", "published", "--trust-list", "trust.cbor")
    vehicles = ("--key", "status.key.pem", "--tokens", "tokens.json", "--audit", "audit.db", "--audit-key", "audit.key")
    command = [sys.executable, "-m", "certcore.cli", "status", "serve", *files, *vehicles, "--port", str(port)]
    Path("tokens.json").chmod(0o640)
    environment = ENVIRONMENT | os.environ | {"PYTHONPATH": ENVIRONMENT["PYTHONPATH"]}
    with Path("told").open("wb") as told:
        process = subprocess.Popen(command, env=environment, stderr=told)
    try:
        for _ in range(1200):
            with closing(socket.socket()) as probe:
                if not probe.connect_ex(("127.0.0.1", port)):
                    break
            assert process.poll() is None
            time.sleep(0.05)
        with build_opener(ProxyHandler({})).open(f"http://127.0.0.1:{port}/lists/0", timeout=60) as answer:
            assert "application/statuslist+cwt" == answer.headers["Content-Type"]
            assert Path("published/lists/0").read_bytes() == answer.read()
        with build_opener(ProxyHandler({})).open(f"http://127.0.0.1:{port}/ready", timeout=60) as answer:
            assert {"status": "ok", "lists": 1} == json.load(answer)
        asking = Request(f"http://127.0.0.1:{port}/vehicles", b"", {"Authorization": f"Bearer {token}"})
        with pytest.raises(HTTPError) as refused:
            build_opener(ProxyHandler({})).open(asking, timeout=60)
        assert 415 == refused.value.code
        refused.value.close()
        assert [32, True] == [Path("audit.key").stat().st_size, Path("audit.db").exists()]
        with closing(AuditTrail("audit.db", key=AuditTrail.read_key("audit.key"))) as trail:
            assert [("a", "vehicles", 415)] == [(one.who, one.kind, one.outcome) for one in trail.entries()]
    finally:
        process.send_signal(signal.SIGINT)
        process.wait(timeout=60)
    told_at_first = Path("told").read_text("utf-8").splitlines()[0]
    assert "certcore: tokens.json: others can read or write this table of tokens; its mode is 0640" in told_at_first


# --- nothing is lost by publishing


def publishing(folder: str = "published", *more: str) -> tuple[str, ...]:
    """The arguments of a publication."""
    return ("publish", "--db", "register.db", *PUBLISH[2:], "--folder", folder, *more)


def revoked(status: Command, ref: StatusRef) -> None:
    """Revoke a certificate from the start."""
    found = status("revoke", "--db", "register.db", "--ref", f"{ref.list}/{ref.index}", *SAID, "--from-start")
    assert exit_codes.DONE == found.exit_code, found.output


def test_a_rebuilt_register_is_not_taken_for_the_one_before(status: Command, ref: StatusRef) -> None:
    """Made anew with as many events, published to the same folder: refused with a code, never 'unchanged'."""
    revoked(status, ref)
    assert exit_codes.DONE == status(*publishing()).exit_code
    Path("register.db").unlink()
    assert exit_codes.DONE == status("init", "--db", "register.db", "--issuer", "CN", "--list-size", "512").exit_code
    revoked(status, opened(issue)[0])
    found = status(*publishing())
    assert (exit_codes.ERROR, True, "") == (found.exit_code, "[register-mismatch]" in found.stderr, found.stdout)


def test_a_restored_register_recovers_from_its_folder(status: Command, ref: StatusRef) -> None:
    """Refused while it knows less; recovered, it publishes; told to withdraw, it says so."""
    shutil.copy("register.db", "backup.db")
    revoked(status, ref)
    assert exit_codes.DONE == status(*publishing()).exit_code
    for name in ("register.db", "register.db-wal", "register.db-shm"):
        Path(name).unlink(missing_ok=True)
    Path("backup.db").rename("register.db")
    time.sleep(1.1)  # a list is of another second than the one before it
    refused = status(*publishing())
    assert (exit_codes.ERROR, True) == (refused.exit_code, "[register-behind]" in refused.stderr)
    shutil.copytree("published", "elsewhere")
    loud = status(*publishing("elsewhere", "--withdraw"))
    assert (exit_codes.DONE, True) == (loud.exit_code, "list 0: WITHDRAWN" in loud.stderr)
    key = ("--key", "status.pub.pem", "--uri-template", PUBLISH[-1])
    found = status("recover", "--db", "register.db", "--folder", "published", *key)
    assert (exit_codes.DONE, True) == (found.exit_code, found.output.startswith("1 events recovered"))
    again = status(*publishing())
    assert (exit_codes.DONE, "published: 2 published, 0 unchanged, 0 postponed\n") == (again.exit_code, again.output)
    assert ["issued", "revoked"] == log(ref)


def test_a_clock_that_was_ahead_is_an_error(status: Command, ref: StatusRef) -> None:
    """The exit code says that a revocation waits, the message what readers see and until when; then it is set back."""
    ahead = datetime.now(UTC) + 1000 * DAY

    def publish_ahead(registry: StatusRegistry) -> None:
        registry.publish(Path("published"), signer=STATUS_SIGNER, uri_template=PUBLISH[-1], now=ahead)

    opened(publish_ahead)
    revoked(status, ref)
    found = status(*publishing())
    assert exit_codes.ERROR == found.exit_code
    for word in ("[publication-postponed]", ahead.date().isoformat(), "expires", "--set-back"):
        assert word in found.stderr
    assert exit_codes.DONE == status(*publishing("published", "--set-back")).exit_code
    assert exit_codes.DONE == status(*publishing()).exit_code


def test_a_change_that_waits_is_an_error(status: Command, ref: StatusRef) -> None:
    """Recorded by a clock that was ahead, or changed twice within a second."""
    registry = StatusRegistry("sqlite:///register.db", clock=lambda: datetime.now(UTC) + 1000 * DAY, create=False)
    registry.revoke(ref, effective_at=None, actor="clerk-7", reason="entered in error")
    registry.close()
    found = status(*publishing())
    assert (exit_codes.ERROR, True) == (found.exit_code, "recorded later than now" in found.stderr)


def test_a_list_of_this_second_is_told(status: Command, ref: StatusRef) -> None:
    """What changes twice in a second is not published in silence."""
    soon = datetime.now(UTC) + timedelta(seconds=30)

    def publish_soon(registry: StatusRegistry) -> None:
        registry.publish(Path("published"), signer=STATUS_SIGNER, uri_template=PUBLISH[-1], now=soon)

    opened(publish_soon)
    revoked(status, ref)
    found = status(*publishing())
    assert (exit_codes.ERROR, True) == (found.exit_code, "readers see the list of" in found.stderr)


def test_a_key_that_readers_refuse_publishes_nothing(status: Command, ref: StatusRef) -> None:
    """Where the trust list is given: the issuer's own certificate key, for instance."""
    assert isinstance(ref, StatusRef)
    issuer = attrs.evolve(
        make_trust(SIGNER).issuers[0], list_templates=[ListTemplate(uri=PUBLISH[-1], not_before=BEGIN)]
    )
    now = datetime.now(UTC)
    contents = TrustListContents(version=1, issued_at=now, next_update_at=now + DAY, issuers=[issuer])
    Path("list.cbor").write_bytes(contents.sign(ROOT_SIGNER))
    Path("root.pem").write_bytes(ROOT_SIGNER.public_key.to_pem())
    found = status(*publishing("published", "--trust", "list.cbor", "--root", "root.pem"))
    assert (exit_codes.ERROR, True) == (found.exit_code, "[status-key-untrusted]" in found.stderr)
    assert not Path("published").exists()
    assert exit_codes.ERROR == status(*publishing("published", "--trust", "list.cbor")).exit_code
