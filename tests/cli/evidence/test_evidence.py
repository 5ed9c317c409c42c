"""``certcore evidence``: kept evidence shown, replayed offline, and judged anew, with every exit code."""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import attrs
import pytest

from certcore import Evidence, LocalSigner, _cbor
from certcore._cli import exit_codes
from certcore._cli.evidence.evidence import NOT_REPLAYED
from certcore._cli.keys.keygen import write_keys
from certcore.evidence._statement import encode
from certcore.status import StatusEvent, StatusEventKind
from certcore.verdict import Outcome
from tests import tsa
from tests.cli.desk import CLAIMS, TRUSTED, Desk
from tests.cli.evidence.conftest import Keep

if TYPE_CHECKING:
    from tests.cli.conftest import Command

ROOT = ("--root", "root.pub.pem")


def revoke(desk: Desk, days: int) -> None:
    """Publish that the certificate was revoked so many days before now."""
    at = desk.now - timedelta(days=days)
    desk.publish(1, StatusEvent(kind=StatusEventKind.REVOKED, effective_at=at, recorded_at=at, reason="stolen"))


# --- replayed


def test_evidence_replays_offline(certcore: Command, keep: Keep) -> None:
    """From the file and the root alone: trust list and lists are inside, and what lies beside is not looked at."""
    path = keep()
    Path("trust.cbor").unlink()
    for document in Path("lists").iterdir():
        document.unlink()

    found = certcore("evidence", "replay", path, *ROOT)

    lines = found.stdout.splitlines()
    assert (exit_codes.DONE, True) == (found.exit_code, lines[0].startswith(f"VALID  {path}  (2026-10-20)"))
    assert "    registration number: 闽C12345" in lines
    assert any(line.startswith("    judged: 20") for line in lines)
    assert "the file's own claim" in lines[-1]


@pytest.mark.parametrize(
    ("days", "snapshot", "code", "headline"),
    [
        (9, "lists", exit_codes.DONE, "VALID"),
        (9000, "lists", exit_codes.NOT_VALID, "NOT VALID"),
        (9, None, exit_codes.UNDETERMINED, "UNDETERMINED"),
    ],
)
def test_the_exit_code_is_that_of_then(
    certcore: Command, ask: Command, desk: Desk, days: int, snapshot: str | None, code: int, headline: str
) -> None:
    """As `verify` left, so does `replay`, with the same JSON."""
    if days > 1000:
        revoke(desk, days)
    asked = ask("valid.txt", *CLAIMS, *(["--snapshot", snapshot] if snapshot else []), "--evidence", "kept", "--json")
    document = json.loads(asked.stdout)

    found = certcore("evidence", "replay", "kept", *ROOT, "--json")
    again = json.loads(found.stdout)

    assert (code, code) == (asked.exit_code, found.exit_code)
    assert headline in certcore("evidence", "replay", "kept", *ROOT).stdout
    question, report = again.pop("question"), again.pop("replay")
    assert ("闽C12345", "claims") == (question["expected"]["registration_number"], question["policy"]["name"])
    assert ["question", "asked-at", "lookups", "documents"] == report["unproved"][:4]
    assert document.pop("input") == "valid.txt"
    assert again.pop("input") == document.pop("evidence")
    assert again.pop("judged_at") == document["evaluated_at"]
    assert again.pop("sealed_by") is None
    assert document == again


def test_seals_are_required_where_a_key_is_named(certcore: Command, keep: Keep, desk: Desk) -> None:
    """It holds under its own key; under another, and without a seal, nothing is replayed."""
    sealed, plain = keep("--seal", "seal.key.pem"), keep()

    good = certcore("evidence", "replay", sealed, *ROOT, "--seal-key", "seal.pub.pem")
    document = json.loads(certcore("evidence", "replay", sealed, *ROOT, "--seal-key", "seal.pub.pem", "--json").stdout)

    assert (exit_codes.DONE, True) == (
        good.exit_code,
        f"seal: holds, by key {desk.seal.public_key.key_id.hex()}" in good.stdout,
    )
    assert desk.seal.public_key.key_id.hex() == document["sealed_by"]
    for path, key in ((sealed, "stranger.pub.pem"), (plain, "seal.pub.pem")):
        found = certcore("evidence", "replay", path, *ROOT, "--seal-key", key)
        assert (exit_codes.ERROR, "") == (found.exit_code, found.stdout)
        assert f"{path}: " in found.stderr
        assert "[evidence-seal-invalid]" in found.stderr


def test_an_encrypted_key_seals(certcore: Command, keep: Keep) -> None:
    """Its password comes from a file; without it nothing is kept."""
    Path("password.txt").write_text("correct horse\n")
    write_keys(LocalSigner.generate(), Path("locked"), password=b"correct horse")
    path = keep("--seal", "locked.key.pem", "--password-file", "password.txt")

    assert exit_codes.DONE == certcore("evidence", "replay", path, *ROOT, "--seal-key", "locked.pub.pem").exit_code


def test_time_stamps_are_required_where_an_authority_is_named(certcore: Command, keep: Keep) -> None:
    """The earliest is told; evidence without one, or with a stranger's, does not hold."""
    authority, stranger = tsa.authority(), tsa.authority(seed=2)
    Path("tsa.der").write_bytes(authority.root)
    Path("other.der").write_bytes(stranger.root)
    plain, stamped = keep(), Path("kept", "stamped.vice")
    evidence = Evidence.from_bytes(plain.read_bytes())
    at = tsa.ISSUED + timedelta(days=400)
    stamped.write_bytes(evidence.with_timestamp(authority.answer(evidence.timestamp_request(), at=at)).to_bytes())

    found = certcore("evidence", "replay", stamped, *ROOT, "--tsa", "tsa.der", "--tsa", "other.der")

    assert (exit_codes.DONE, True) == (found.exit_code, f"time-stamp: {at.isoformat()}" in found.stdout)
    for path, root in ((plain, "tsa.der"), (stamped, "other.der")):
        refused = certcore("evidence", "replay", path, *ROOT, "--tsa", root)
        assert (exit_codes.ERROR, "", True) == (
            refused.exit_code,
            refused.stdout,
            "[timestamp-untrusted]" in refused.stderr,
        )


def test_detached_files_take_their_documents_from_a_folder(certcore: Command, keep: Keep) -> None:
    """Wherever they lie in it, by their digests; without them the evidence is incomplete."""
    evidence = Evidence.from_bytes(keep().read_bytes())
    Path("small.vice").write_bytes(evidence.to_bytes(detached=True))
    for number, document in enumerate(evidence.materials.values()):
        Path("store", str(number)).mkdir(parents=True)
        Path("store", str(number), "document").write_bytes(document)
    Path("store", "link").symlink_to("/dev/zero")

    assert exit_codes.DONE == certcore("evidence", "replay", "small.vice", *ROOT, "--materials", "store").exit_code
    for more in ((), ("--materials", "lists")):
        found = certcore("evidence", "replay", "small.vice", *ROOT, *more)
        assert (exit_codes.ERROR, True) == (found.exit_code, "[evidence-incomplete]" in found.stderr)
    nowhere = certcore("evidence", "replay", "small.vice", *ROOT, "--materials", "nowhere")
    assert (exit_codes.ERROR, True) == (nowhere.exit_code, "[file-unreadable]" in nowhere.stderr)


def test_altered_documents_are_told(certcore: Command, keep: Keep) -> None:
    """In a folder by the names they have, in a file by there being one too many; neither is merely missing."""
    evidence = Evidence.from_bytes(keep().read_bytes())
    Path("small.vice").write_bytes(evidence.to_bytes(detached=True))
    Path("documents").mkdir()
    for digest, document in evidence.materials.items():
        Path("documents", digest.hex()).write_bytes(document[:-1])
    digest = next(iter(evidence.materials))
    Path("changed.vice").write_bytes(
        evidence.to_bytes().replace(evidence.materials[digest], bytes(len(evidence.materials[digest])))
    )

    Path("empty").mkdir()

    beside = certcore("evidence", "replay", "small.vice", *ROOT)
    assert (exit_codes.ERROR, True) == (beside.exit_code, "[evidence-proof-invalid]" in beside.stderr), beside.stderr
    inside = certcore("evidence", "replay", "changed.vice", *ROOT, "--materials", "empty")
    assert (exit_codes.ERROR, True) == (inside.exit_code, "was altered [evidence-incomplete]" in inside.stderr)


def test_another_root_is_told(certcore: Command, keep: Keep) -> None:
    """The auditor has no list to fetch again, but may have another root's key."""
    found = certcore("evidence", "replay", keep(), "--root", "stranger.pub.pem", "--environment", "test")
    assert (exit_codes.ERROR, True) == (found.exit_code, "Check that --root is the key" in found.stderr), found.stderr


def test_confidential_fields_take_the_groups_key(certcore: Command, keep: Keep) -> None:
    """What was read then is read again with the same key, and missed without."""
    path = keep("--group-key", "group.key", what="hidden.txt")

    assert exit_codes.DONE == certcore("evidence", "replay", path, *ROOT, "--group-key", "group.key").exit_code
    found = certcore("evidence", "replay", path, *ROOT)
    assert (exit_codes.ERROR, True) == (found.exit_code, "[evidence-incomplete]" in found.stderr)


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"", "evidence-malformed"),
        (b"not evidence", "evidence-malformed"),
        (b"\xa2\x00\x02\x01\x40", "evidence-rules-unsupported"),
        (None, "file-unreadable"),
    ],
)
def test_one_bad_file_stops_nothing(certcore: Command, keep: Keep, content: bytes | None, code: str) -> None:
    """It is told under its name, the others are replayed, and the command exits with 2."""
    path = keep()
    if content is not None:
        Path("bad.vice").write_bytes(content)

    found = certcore("evidence", "replay", "bad.vice", path, *ROOT, "--json")
    first, second = map(json.loads, found.stdout.splitlines())

    assert (exit_codes.ERROR, code, "valid") == (found.exit_code, first["error"]["code"], second["outcome"])
    assert "bad.vice" in found.stderr
    assert f"[{code}]" in found.stderr
    shown = certcore("evidence", "show", "bad.vice", path)
    assert (exit_codes.ERROR, 2) == (shown.exit_code, shown.stdout.count(NOT_REPLAYED))


def test_changed_evidence_does_not_hold(certcore: Command, keep: Keep) -> None:
    """An outcome that does not follow, and a cut file."""
    path = keep()
    evidence = Evidence.from_bytes(path.read_bytes())
    body = encode(attrs.evolve(evidence._statement, outcome=Outcome.INVALID))
    path.write_bytes(Evidence(body, evidence.materials).to_bytes())

    found = certcore("evidence", "replay", path, *ROOT)
    assert (exit_codes.ERROR, "", True) == (found.exit_code, found.stdout, "[evidence-outcome-differs]" in found.stderr)

    path.write_bytes(path.read_bytes()[:-10])
    assert exit_codes.ERROR == certcore("evidence", "replay", path, *ROOT).exit_code


def test_a_strangers_root_replays_nothing(certcore: Command, keep: Keep) -> None:
    """Neither does no root at all; and the root may come from the environment."""
    path = keep()
    found = certcore("evidence", "replay", path, "--root", "stranger.pub.pem")
    assert (exit_codes.ERROR, True) == (found.exit_code, "[trust-list-threshold]" in found.stderr)
    assert "whom do you trust?" in certcore("evidence", "replay", path).stderr


def test_the_root_may_come_from_the_environment(certcore: Command, keep: Keep, monkeypatch: pytest.MonkeyPatch) -> None:
    """As for `verify`."""
    path = keep()
    monkeypatch.setenv("CERTCORE_ROOT", "root.pub.pem")
    assert exit_codes.DONE == certcore("evidence", "replay", path).exit_code


@pytest.mark.parametrize(
    "wrong",
    [
        ("--seal-key", "missing.pem"),
        ("--seal-key", "valid.txt"),
        ("--tsa", "valid.txt"),
        ("--tsa", "missing"),
        ("--group-key", "valid.txt"),
        ("--threshold", "2"),
        ("--lang", "de"),
    ],
    ids=" ".join,
)
def test_what_is_asked_for_wrongly_is_told_first(certcore: Command, keep: Keep, wrong: tuple[str, str]) -> None:
    """Before any file is looked at, and with exit code 2."""
    found = certcore("evidence", "replay", keep(), *ROOT, *wrong)
    assert (exit_codes.ERROR, "", True) == (found.exit_code, found.stdout, "certcore: " in found.stderr)


def test_chinese_is_spoken_where_asked_for(certcore: Command, keep: Keep) -> None:
    """Headline, labels and remarks."""
    found = certcore("evidence", "replay", keep(), *ROOT, "--lang", "zh").stdout
    for word in ("有效", "号牌号码: 闽C12345", "判定时间", "封签: 未要求核验"):
        assert word in found


# --- shown


def test_what_a_file_says_is_shown_as_unchecked(certcore: Command, keep: Keep) -> None:
    """Digest, outcome, times, seal and the whole question, between two warnings."""
    sealed, plain = keep("--seal", "seal.key.pem"), keep()
    evidence = Evidence.from_bytes(sealed.read_bytes())

    found = certcore("evidence", "show", sealed)

    lines = found.stdout.splitlines()
    assert (exit_codes.DONE, NOT_REPLAYED, NOT_REPLAYED) == (found.exit_code, lines[0], lines[-1])
    assert f"  evidence      {evidence.digest.hex()}" in lines
    assert "  outcome       valid" in lines
    assert "  sealed        yes, by whom is not checked" in lines
    assert "sealed        no: what was asked can be changed unnoticed" in certcore("evidence", "show", plain).stdout
    assert "  plate         闽C12345" in lines
    assert f"  text          {evidence.text}" in lines
    assert f"  policy        claims ({evidence.policy.id})" in lines
    assert "  status        proved" in lines
    said = json.loads(certcore("evidence", "show", sealed, "--json").stdout)
    assert ({"input": str(sealed), "replayed": False} | evidence.to_dict()) == said
    for secret in ("闽", "12345", "LSVAA", "VIC1:"):
        assert secret not in str(evidence.to_log())


def test_strangers_names_are_escaped(certcore: Command, keep: Keep) -> None:
    """Whoever names a file writes nothing into a terminal."""
    hostile = Path("kept", "a\x1b[31m\nVALID.vice")
    keep().rename(hostile)
    for command in (("show",), ("replay", *ROOT)):
        found = certcore("evidence", command[0], hostile, *command[1:])  # which fails on an escape character
        assert exit_codes.DONE == found.exit_code
        assert "a\\x1b[31m\\nVALID.vice" in found.stdout


def test_folders_stand_for_their_files(certcore: Command, keep: Keep) -> None:
    """Every .vice file in them, in order, and nothing else; an empty one is an error."""
    paths = sorted([keep(), keep("--seal", "seal.key.pem")])
    Path("kept", "notes.txt").write_text("no evidence")
    found = certcore("evidence", "replay", "kept", *ROOT, "--json")
    assert list(map(str, paths)) == [json.loads(line)["input"] for line in found.stdout.splitlines()]
    for nothing in ("lists", "nowhere"):
        refused = certcore("evidence", "show", nothing)
        assert (exit_codes.ERROR, True) == (refused.exit_code, "[file-unreadable]" in refused.stderr)


def test_the_group_explains_itself(certcore: Command) -> None:
    """Alone it names its commands; without a file they say what is missing."""
    found = certcore("evidence")
    assert exit_codes.DONE == found.exit_code
    assert all(name in found.output for name in ("show", "replay", "reassess"))
    for command in ("show", "replay", "reassess"):
        assert exit_codes.ERROR == certcore("evidence", command).exit_code


# --- judged anew


def test_the_same_question_is_judged_anew(certcore: Command, keep: Keep, desk: Desk) -> None:
    """With today's lists: what was valid is not any more, and the replay is as it was."""
    path = keep()
    revoke(desk, 9000)

    found = certcore("evidence", "reassess", path, *TRUSTED, "--snapshot", "lists")
    document = json.loads(certcore("evidence", "reassess", path, *TRUSTED, "--snapshot", "lists", "--json").stdout)

    assert (exit_codes.NOT_VALID, True) == (found.exit_code, "[revoked-before-event" in found.stdout)
    assert "    by the file it was: VALID" in found.stdout
    assert ("invalid", "valid") == (document["outcome"], document["outcome_then"])
    assert exit_codes.DONE == certcore("evidence", "replay", path, *ROOT).exit_code


def test_without_a_register_nothing_is_known_today(certcore: Command, keep: Keep) -> None:
    """The claims policy requires its answer; another policy may do without."""
    path = keep()
    assert exit_codes.UNDETERMINED == certcore("evidence", "reassess", path, *TRUSTED).exit_code
    assert exit_codes.DEGRADED == certcore("evidence", "reassess", path, *TRUSTED, "--policy", "counterparty").exit_code


def test_confidential_fields_are_read_anew(certcore: Command, keep: Keep) -> None:
    """With the group's key of today."""
    path = keep("--group-key", "group.key", what="hidden.txt")
    asked = ("evidence", "reassess", path, *TRUSTED, "--snapshot", "lists")
    assert exit_codes.UNDETERMINED == certcore(*asked).exit_code
    assert exit_codes.DONE == certcore(*asked, "--group-key", "group.key").exit_code


def test_a_question_that_nobody_can_ask_is_bad_evidence(certcore: Command, keep: Keep) -> None:
    """A file with more proofs than are looked at is told, and no traceback."""
    path = keep()
    evidence = Evidence.from_bytes(path.read_bytes())
    statement = _cbor.decode(evidence._body, max_bytes=1 << 20)
    body = _cbor.encode({**statement, 9: [b"x"] * 17})
    path.write_bytes(_cbor.encode({0: 1, 1: body, 2: sorted(evidence.materials.values())}))
    found = certcore("evidence", "reassess", path, *TRUSTED)
    assert (exit_codes.ERROR, True) == (found.exit_code, "[evidence-malformed]" in found.stderr)


@pytest.mark.parametrize("missing", ["--trust", "--root"])
def test_reassessing_takes_trust(certcore: Command, keep: Keep, missing: str) -> None:
    """A trust list and a root."""
    place = TRUSTED.index(missing)
    found = certcore("evidence", "reassess", keep(), *TRUSTED[:place], *TRUSTED[place + 2 :])
    assert (exit_codes.ERROR, True) == (found.exit_code, "whom do you trust?" in found.stderr)
