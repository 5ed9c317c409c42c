"""``certcore verify`` with registers to ask, proofs to weigh and evidence to keep."""

from __future__ import annotations

import errno
import json
import os
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from certcore import Evidence
from certcore._cli import exit_codes
from certcore.proofs import existence
from certcore.proofs.receipts import issue_receipt
from certcore.status import SnapshotStatusBackend, StatusEvent, StatusEventKind
from tests import tsa
from tests.cli.desk import CLAIMS, TRUSTED, Desk
from tests.status.fault_server import FaultServer

if TYPE_CHECKING:
    from tests.cli.conftest import Command


@pytest.fixture
def desk() -> Desk:
    """A claims desk with lists in a folder."""
    return Desk()


@pytest.fixture
def online(server: FaultServer) -> Desk:
    """A claims desk whose registers are on loopback."""
    found = Desk(server.url)
    found.serve(server)
    return found


# --- registers


@pytest.mark.parametrize("kind", ["folder", "file"])
def test_a_snapshot_is_asked(ask: Command, desk: Desk, kind: str) -> None:
    """Lists in a folder, or in a file made of them; the claims policy comes to VALID."""
    assert isinstance(desk, Desk)
    SnapshotStatusBackend.from_folder("lists").to_file("lists.cbor")
    found = ask("valid.txt", *CLAIMS, "--snapshot", "lists" if kind == "folder" else "lists.cbor")
    assert (exit_codes.DONE, True) == (found.exit_code, found.stdout.startswith("VALID  valid.txt"))


def test_a_revocation_in_a_snapshot_counts(ask: Command, desk: Desk) -> None:
    """From before the day asked about it fails, from after it is a note."""
    for day, code, reason in (("2026-10-01", exit_codes.NOT_VALID, "before"), ("2026-10-30", exit_codes.DONE, "after")):
        at = datetime.fromisoformat(f"{day}T00:00:00+08:00")
        desk.publish(1, StatusEvent(kind=StatusEventKind.REVOKED, effective_at=at, recorded_at=at, reason="stolen"))
        found = ask("valid.txt", *CLAIMS, "--snapshot", "lists")
        assert (code, True) == (found.exit_code, f"[revoked-{reason}-event" in found.stdout)


@pytest.mark.parametrize("name", ["nowhere", "valid.txt", "/dev/zero"])
def test_a_snapshot_that_is_none_is_an_error(ask: Command, desk: Desk, name: str) -> None:
    """Told by its name before anything is read."""
    assert isinstance(desk, Desk)
    found = ask("valid.txt", "--snapshot", name)
    assert (exit_codes.ERROR, "", True) == (found.exit_code, found.stdout, f"certcore: {name}: " in found.stderr)


def test_a_register_is_asked_online(ask: Command, online: Desk, server: FaultServer) -> None:
    """Over HTTP on loopback here: the list and its events are fetched, once for all inputs."""
    assert isinstance(online, Desk)
    found = ask("valid.txt", "valid.txt", *CLAIMS, "--online")
    assert (exit_codes.DONE, 2) == (found.exit_code, found.stdout.count("VALID  valid.txt"))
    assert ["/lists/12", "/lists/12.events"] == server.targets()


def test_a_register_that_is_away_decides_nothing(ask: Command, online: Desk, server: FaultServer) -> None:
    """Undetermined, and 3."""
    assert isinstance(online, Desk)
    server.close()
    found = ask("valid.txt", *CLAIMS, "--online")
    assert (exit_codes.UNDETERMINED, True) == (found.exit_code, "[status-unavailable" in found.stdout)


def test_evidence_of_an_answer_replays_without_the_register(
    ask: Command, certcore: Command, online: Desk, server: FaultServer
) -> None:
    """What was fetched is in the file."""
    assert isinstance(online, Desk)
    Path("kept").mkdir()
    assert exit_codes.DONE == ask("valid.txt", *CLAIMS, "--online", "--evidence", "kept").exit_code
    server.close()
    assert exit_codes.DONE == certcore("evidence", "replay", "kept", "--root", "root.pub.pem").exit_code


def test_nobody_is_asked_twice(ask: Command, desk: Desk) -> None:
    """A snapshot or the network, not both."""
    assert isinstance(desk, Desk)
    found = ask("valid.txt", "--snapshot", "lists", "--online")
    assert (exit_codes.ERROR, True) == (found.exit_code, "either --online or --snapshot" in found.stderr)


@pytest.mark.parametrize("option", ["--online", "--snapshot"])
def test_the_network_is_loaded_only_when_asked_for(desk: Desk, option: str) -> None:
    """Without the http extra a snapshot is asked all the same, and --online says in one line what to install."""
    assert isinstance(desk, Desk)
    hidden = "import sys; sys.modules['httpx2'] = None; from certcore.cli import main; sys.exit(main(sys.argv[1:]))"
    how = [option] if option == "--online" else [option, "lists"]
    done = subprocess.run(
        [sys.executable, "-c", hidden, "verify", "valid.txt", "--as-of", "2026-10-20", *TRUSTED, *CLAIMS, *how],
        env=os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)},
        capture_output=True,
        text=True,
        encoding="utf-8",
        check=False,
    )
    if option == "--snapshot":
        assert (exit_codes.DONE, "") == (done.returncode, done.stderr)
    else:
        line = "certcore: asking over HTTPS needs httpx2, which is not installed: pip install 'certcore[http]'\n"
        assert (exit_codes.ERROR, "", line) == (done.returncode, done.stdout, done.stderr)


# --- what else is read


def test_confidential_fields_are_read_with_the_groups_key(ask: Command, desk: Desk) -> None:
    """Compared and shown; without the key neither."""
    assert isinstance(desk, Desk)
    asked = ("hidden.txt", "--vin", "LSVAA4181E2184211")
    found = ask(*asked, "--group-key", "group.key")
    assert (exit_codes.DEGRADED, True) == (found.exit_code, "    VIN: LSVAA4181E2184211" in found.stdout)
    without = ask(*asked)
    assert (exit_codes.UNDETERMINED, False) == (without.exit_code, "LSVAA4181E2184211" in without.stdout)


@pytest.mark.parametrize(
    ("name", "code"), [("missing", "file-unreadable"), ("valid.txt", "key-malformed"), (".", "file-unreadable")]
)
def test_a_file_without_a_group_key_is_an_error(ask: Command, desk: Desk, name: str, code: str) -> None:
    """Told by its name."""
    assert isinstance(desk, Desk)
    found = ask("valid.txt", "--group-key", name)
    assert (exit_codes.ERROR, True, True) == (found.exit_code, f"{name}: " in found.stderr, f"[{code}]" in found.stderr)


def test_proofs_lift_the_doubt_of_a_stolen_key(ask: Command, desk: Desk) -> None:
    """A receipt by itself; a time-stamp and a seal where their keys are named; and evidence with all its documents."""
    Path("kept").mkdir()
    at = datetime(2026, 10, 1, tzinfo=UTC)
    text = Path("valid.txt").read_text().strip()
    Path("receipt").write_bytes(issue_receipt(text, issuer="CN", signer=desk.register, issued_at=at))
    authority = tsa.authority()
    stamp = authority.answer(existence.timestamp_request(text), at=at)
    Path("stamp").write_bytes(stamp)
    Path("tsa.der").write_bytes(authority.root)
    assert exit_codes.DEGRADED == ask("valid.txt", "--evidence", "kept", "--seal", "seal.key.pem").exit_code
    (sealed,) = Path("kept").iterdir()
    desk.trust(certificate_key={"compromised_since": desk.now - timedelta(days=1)})

    doubtful = ask("valid.txt")
    assert (exit_codes.UNDETERMINED, True) == (doubtful.exit_code, "[key-compromised-unproven" in doubtful.stdout)
    for proof, key in (("receipt", ()), ("stamp", ("--tsa", "tsa.der"))):
        assert exit_codes.DEGRADED == ask("valid.txt", "--existed-by", proof, *key).exit_code, proof
    assert exit_codes.UNDETERMINED == ask("valid.txt", "--existed-by", "stamp").exit_code

    desk.trust(certificate_key={"compromised_since": desk.now + timedelta(days=1)})
    assert exit_codes.DEGRADED == ask("valid.txt", "--existed-by", str(sealed), "--seal-key", "seal.pub.pem").exit_code
    assert exit_codes.UNDETERMINED == ask("valid.txt", "--existed-by", str(sealed)).exit_code


def test_evidence_of_any_size_is_a_proof(ask: Command, desk: Desk) -> None:
    """What is too large with its documents is taken without them."""
    Path("kept").mkdir()
    assert exit_codes.DEGRADED == ask("valid.txt", "--evidence", "kept", "--seal", "seal.key.pem").exit_code
    (sealed,) = Path("kept").iterdir()
    evidence = Evidence.from_bytes(sealed.read_bytes())
    large = Evidence(evidence._body, {**evidence.materials, b"0" * 32: bytes(100_000)})
    Path("large.vice").write_bytes(large.to_bytes())
    desk.trust(certificate_key={"compromised_since": desk.now + timedelta(days=1)})
    assert exit_codes.DEGRADED == ask("valid.txt", "--existed-by", "large.vice", "--seal-key", "seal.pub.pem").exit_code


@pytest.mark.parametrize(
    "wrong",
    [
        ("--existed-by", "missing"),
        ("--existed-by", "large"),
        ("--existed-by", "valid.txt") * 17,
        ("--tsa", "valid.txt"),
        ("--seal-key", "valid.txt"),
        ("--seal", "seal.key.pem"),
        ("--evidence", "nowhere"),
        ("--evidence", "valid.txt"),
        ("--evidence", "lists", "--seal", "seal.pub.pem"),
        ("--evidence", "lists", "--seal", "seal.key.pem", "--password-file", "missing"),
    ],
    ids=lambda wrong: " ".join(wrong[:4]),
)
def test_what_is_asked_for_wrongly_is_told_first(ask: Command, desk: Desk, wrong: tuple[str, ...]) -> None:
    """Before any input is read, and with exit code 2."""
    assert isinstance(desk, Desk)
    Path("large").write_bytes(bytes(100_000))
    found = ask("valid.txt", *wrong)
    assert (exit_codes.ERROR, "", True) == (found.exit_code, found.stdout, "certcore: " in found.stderr)


# --- what is kept


def test_each_verdict_has_its_evidence(ask: Command, desk: Desk) -> None:
    """Valid ones and others, named in the words and in the JSON; what could not be read has none."""
    assert isinstance(desk, Desk)
    Path("kept").mkdir()
    found = ask("valid.txt", "forged.txt", "missing.txt", "--evidence", "kept")
    kept = sorted(map(str, Path("kept").iterdir()))
    assert (exit_codes.ERROR, 2) == (found.exit_code, len(kept))
    assert kept == sorted(
        line.removeprefix("    evidence: ") for line in found.stdout.splitlines() if "evidence: " in line
    )
    document = json.loads(ask("valid.txt", "--evidence", "kept", "--json").stdout)
    evidence = Evidence.from_bytes(Path(document["evidence"]).read_bytes())
    assert document["evaluated_at"] == evidence.to_log()["evaluated_at"]
    assert "证据文件: kept/" in ask("valid.txt", "--evidence", "kept", "--lang", "zh").stdout
    assert "evidence" not in json.loads(ask("valid.txt", "--json").stdout)


def test_nothing_that_is_kept_is_lost(ask: Command, desk: Desk) -> None:
    """Another verdict on the same question is another file."""
    assert isinstance(desk, Desk)
    Path("kept").mkdir()
    for number in (1, 2, 3):
        ask("valid.txt", "--evidence", "kept", "--seal", "seal.key.pem")
        assert number == len(list(Path("kept").iterdir()))


@pytest.mark.skipif(not Path("/proc/self").is_dir(), reason="no /proc, in which not even root can make a file")
def test_evidence_that_cannot_be_written_is_an_error(ask: Command, desk: Desk) -> None:
    """There is no verdict without its evidence where that was asked for."""
    assert isinstance(desk, Desk)
    found = ask("valid.txt", "--evidence", "/proc/self")
    assert (exit_codes.ERROR, "", True) == (found.exit_code, found.stdout, "[file-unwritable]" in found.stderr)


@pytest.mark.parametrize("full_at", [0, 1, 2])
def test_evidence_that_cannot_be_written_costs_its_verdict_alone(
    ask: Command, desk: Desk, full_at: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its row says so with a code, the others have their verdicts and files, and the exit code is an error's."""
    assert isinstance(desk, Desk)
    texts = [Path("valid.txt").read_text("ascii"), Path("forged.txt").read_text("ascii"), "no certificate\n"]
    Path("kept").mkdir()
    flush, flushed = os.fsync, iter(range(3))

    def flush_unless_full(descriptor: int) -> None:
        if next(flushed) == full_at:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        flush(descriptor)

    monkeypatch.setattr(os, "fsync", flush_unless_full)
    found = ask("-", "--json", "--evidence", "kept", stdin="".join(texts))

    told = [json.loads(line) for line in found.stdout.splitlines()]
    assert [number == full_at for number in range(3)] == ["error" in one for one in told]
    assert "file-unwritable" == told[full_at]["error"]["code"]
    assert f"certcore: line {full_at + 1}: kept" in found.stderr
    assert 2 == len(list(Path("kept").iterdir()))
    assert (exit_codes.ERROR, True) == (found.exit_code, "[file-unwritable]" in found.stderr)
