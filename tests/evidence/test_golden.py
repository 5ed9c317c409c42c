"""Golden evidence: every file that any release has written comes to the verdict it came to then, byte for byte.

`tools/make_evidence.py` writes them, once for each release, and never again.
"""

from __future__ import annotations

import hashlib
import json
from datetime import datetime
from pathlib import Path
from typing import Any, Final, Self

import attrs
import pytest

from certcore import Evidence, LocalSigner, PublicKey, TrustRoot, VehicleVerdict, Verdict
from certcore.errors import RejectedInputError, UntrustedError
from certcore.evidence._values import AttestedRecord, ProvedRecord
from certcore.keys import GroupKey
from certcore.policy import Need
from certcore.reasons import REASONS
from certcore.status import StatusEventKind, StatusRecord, StatusState, VehicleRecord
from certcore.status.eventlist import STATUS_EVENTS_TYPE
from certcore.status.tokenlist import STATUS_LIST_JWT_MEDIA_TYPE, STATUS_LIST_TYPE
from certcore.trust import Environment

GOLDEN: Final = Path(__file__).parent / "golden"
MANIFEST: Final = "manifest.json"

RELEASES: Final = {"0.1": 135}
"""How many cases each release has. A release that is out keeps its own for ever; until then some may be added."""

MAX_BYTES: Final = 400_000
"""Bytes of one release: files that are checked in for ever."""


@attrs.frozen(kw_only=True)
class Case:
    """One golden file, and what its manifest says that a replay takes."""

    folder: Path
    name: str
    roots: tuple[str, ...]
    seal_key: str | None
    group_key: str | None
    materials: str | None
    authority: str | None
    stamped_at: str | None

    @classmethod
    def of(cls, folder: Path, name: str, takes: dict[str, Any]) -> Self:
        """The case in a manifest."""
        names = ("seal_key", "group_key", "materials", "authority", "stamped_at")
        given = {each: takes.get(each) for each in names}
        return cls(folder=folder, name=name, roots=tuple(takes["roots"]), **given)

    @property
    def id(self) -> str:
        """Release and name."""
        return f"{self.folder.name}/{self.name}"

    @property
    def verdict(self) -> bytes:
        """What it came to."""
        return (self.folder / f"{self.name}.json").read_bytes()

    def evidence(self) -> Evidence:
        """The file, with the documents that are kept elsewhere."""
        data = (self.folder / f"{self.name}.vice").read_bytes()
        kept = {} if self.materials is None else _documents(self.folder / self.materials)
        return Evidence.from_bytes(data, materials=kept)

    def replay(self, root: str, evidence: Evidence | None = None) -> Verdict | VehicleVerdict:
        """The verdict from one of its roots, with the seal and the group's key where there are any."""
        found = evidence or self.evidence()
        trusted = read_root(self.folder / root)
        seal_key = None if self.seal_key is None else PublicKey.from_pem((self.folder / self.seal_key).read_bytes())
        if found.is_about_vehicle:
            return found.replay_vehicle(trusted, seal_key=seal_key)
        keys = [] if self.group_key is None else [GroupKey.from_file(self.folder / self.group_key, allow_loose=True)]
        return found.replay(trusted, seal_key=seal_key, group_keys=keys)


def _documents(folder: Path) -> dict[bytes, bytes]:
    return {bytes.fromhex(path.name): path.read_bytes() for path in folder.iterdir()}


def read_root(path: Path) -> TrustRoot:
    """A root's key, or root sets."""
    data = path.read_bytes()
    if path.suffix == ".pem":
        return TrustRoot(keys=[PublicKey.from_pem(data)], environments=Environment)
    return TrustRoot.from_document(data, environments=Environment)


def manifest(release: str) -> dict[str, Any]:
    """What the release says of its files."""
    found: dict[str, Any] = json.loads((GOLDEN / release / MANIFEST).read_bytes())
    return found


CASES: Final = tuple(
    Case.of(GOLDEN / release, name, takes) for release in RELEASES for name, takes in manifest(release)["cases"].items()
)
SEALED: Final = tuple(case for case in CASES if case.seal_key is not None)
STAMPED: Final = tuple(case for case in CASES if case.authority is not None)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.id)
def test_the_verdict_of_then(case: Case) -> None:
    """From each root it is said to replay from, the seal and the group's key required where there are any."""
    for root in case.roots:
        assert case.verdict == case.replay(root).to_json().encode(), root


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.id)
def test_files_are_read_and_written_without_loss(case: Case) -> None:
    """What a later version reads it can write again, the same bytes."""
    data = (case.folder / f"{case.name}.vice").read_bytes()

    assert data == Evidence.from_bytes(data).to_bytes()
    assert data == case.evidence().to_bytes(detached=case.materials is not None)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.id)
def test_a_strangers_root_proves_nothing(case: Case) -> None:
    """Under a root that signed nothing in it no file replays, whatever it is about."""
    evidence, stranger = case.evidence(), TrustRoot(keys=[LocalSigner.generate().public_key])
    replay = evidence.replay_vehicle if evidence.is_about_vehicle else evidence.replay

    with pytest.raises(UntrustedError) as caught:
        replay(stranger)
    assert caught.value.code in {"trust-list-threshold", "root-conflict", "root-threshold"}


@pytest.mark.parametrize("case", SEALED, ids=lambda case: case.id)
def test_seals_hold_under_their_own_key(case: Case) -> None:
    """And under no other."""
    evidence = case.evidence()

    assert evidence.is_sealed
    with pytest.raises(UntrustedError) as caught:
        evidence.replay(read_root(case.folder / case.roots[0]), seal_key=LocalSigner.generate().public_key)
    assert "evidence-seal-invalid" == caught.value.code


@pytest.mark.parametrize("case", STAMPED, ids=lambda case: case.id)
def test_time_stamps_hold(case: Case) -> None:
    """Years later, and for detached files, too."""
    assert case.authority is not None
    assert case.stamped_at is not None
    stamp = case.evidence().timestamp([(case.folder / case.authority).read_bytes()])

    assert stamp is not None
    assert datetime.fromisoformat(case.stamped_at) == stamp.at


@pytest.mark.parametrize("case", [case for case in CASES if case.materials or case.group_key], ids=lambda case: case.id)
def test_what_a_replay_takes_is_missed(case: Case) -> None:
    """Without the documents, or the group's key, it is incomplete, and nothing is guessed."""
    bare = attrs.evolve(case, materials=None, group_key=None)

    with pytest.raises(RejectedInputError) as caught:
        bare.replay(case.roots[0])
    assert "evidence-incomplete" == caught.value.code


@pytest.mark.parametrize("release", RELEASES)
def test_nothing_is_lost_or_changed(release: str) -> None:
    """Every file is there with the bytes it had, no other is, and there are no fewer cases than there were."""
    folder, said = GOLDEN / release, manifest(release)
    there = {path.relative_to(folder).as_posix(): path for path in folder.rglob("*") if path.is_file()}
    del there[MANIFEST]

    assert release == said["release"]
    assert RELEASES[release] == len(said["cases"])
    assert said["files"] == {name: hashlib.sha256(path.read_bytes()).hexdigest() for name, path in there.items()}
    for name in said["cases"]:
        assert {f"{name}.vice", f"{name}.json"} <= there.keys()
    assert sum(path.stat().st_size for path in folder.rglob("*")) < MAX_BYTES


def test_no_release_is_left_out() -> None:
    """Each folder is a release that this test knows of, and each release has one."""
    assert set(RELEASES) == {path.name for path in GOLDEN.iterdir()}


@pytest.mark.parametrize("release", RELEASES)
def test_a_release_shows_every_kind(release: str) -> None:
    """Each outcome, each kind of answer, and both kinds of question are among its cases."""
    found = [case for case in CASES if case.folder.name == release]
    statements = [case.evidence()._statement for case in found]
    kinds = {type(answer).__name__ for one in statements for answer in (one.status, one.vehicle)}

    assert {"valid", "invalid", "undetermined"} == {one.outcome.value for one in statements}
    assert {"certificate", "vehicle"} == {one.kind.value for one in statements}
    assert {"NoneType", "FailedLookup", "ProvedRecord", "AttestedRecord", "SignedAnswer"} == kinds
    for name in ("known_at", "existed_by", "picture", "chain", "refused", "group_key_id", "offsets", "expect"):
        assert any(getattr(one, name) is not None for one in statements), name


def test_every_kind_is_in_some_file() -> None:
    """Every kind of event, observation, document and reason that there is: what has a number has a file that keeps it.

    For a new one `tools/make_evidence.py --add` writes a case.
    """
    statements = [case.evidence()._statement for case in CASES]
    answers = [answer for one in statements for answer in (one.status, one.vehicle)]
    records = [answer.record for answer in answers if isinstance(answer, AttestedRecord)]
    of_status = [record for record in records if isinstance(record, StatusRecord)]
    proofs = {kind for answer in answers if isinstance(answer, ProvedRecord) for _, kind in answer.documents}

    assert set(StatusEventKind) == {event.kind for record in of_status for event in record.events}
    assert set(StatusState) == {seen.state for record in of_status for seen in record.observations}
    assert any(event.effective_at is None for record in of_status for event in record.events)
    assert any(record.flags for record in records if isinstance(record, VehicleRecord))
    assert {STATUS_LIST_TYPE, STATUS_LIST_JWT_MEDIA_TYPE, STATUS_EVENTS_TYPE} == proofs
    assert set(Need) == {need for one in statements for need in (one.policy.status, one.policy.vehicle)}
    table = {(code, effect.value) for code, meaning in REASONS.items() for effect in meaning.effects}
    assert table == {(reason.code, reason.effect.value) for one in statements for reason in one.reasons}
