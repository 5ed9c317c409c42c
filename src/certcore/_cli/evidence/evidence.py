"""``certcore evidence``: show, replay and reassess evidence files."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, Final, TypeVar

import attrs
import click

from certcore._cli import exit_codes, network, options
from certcore._cli.decorators import together
from certcore._cli.evidence import audit
from certcore._cli.groups import Group
from certcore._cli.input import files
from certcore._cli.keys import keygen, modes
from certcore._cli.options import FILE
from certcore._cli.output import terminal, verdicts
from certcore._cli.output.formats import Line, Output, Refusal, choose, choose_format
from certcore._cli.output.verdicts import Remark, VerdictAnswer
from certcore.errors import CertcoreError, RejectedInputError, UntrustedError
from certcore.evidence import Evidence
from certcore.evidence._file import MAX_EVIDENCE_BYTES
from certcore.verdict import Outcome, VehicleVerdict, Verdict

NOT_REPLAYED: Final = "NOT REPLAYED: this is what the file says of itself"

SUFFIX: Final = ".vice"
"""How the names of evidence files in a folder end."""

_DIGEST: Final = re.compile("[0-9a-f]{64}")
"""How a document in a folder is called."""

_T = TypeVar("_T")
_Judged = tuple[Verdict | VehicleVerdict, list[Remark]]

_NO_SEAL: Final = {
    "en": "not asked for (--seal-key): what was asked, and when, is the file's own claim",
    "zh": "未要求核验（--seal-key）：所询内容与时间仅为文件自述",
}
_SEALED: Final = {"en": "holds, by key {key}", "zh": "有效，密钥 {key}"}
_ASKED: Final = {
    "en": {"plate_type": "plate type", "policy": "policy", "known_at": "as known at", "picture": "picture SHA-256"},
    "zh": {"plate_type": "号牌种类", "policy": "策略", "known_at": "以此时所知为准", "picture": "图片 SHA-256"},
}
_NONE_UNPROVED: Final = {"en": "nothing: all of it is proved or sealed", "zh": "无：全部已获证明或已封签"}
_WHAT = click.argument("what", type=FILE, nargs=-1, required=True, metavar="FILE|FOLDER...")


_MATERIALS: Final = click.option(
    "--materials",
    type=FILE,
    help="A folder with the documents of detached files; one called documents beside them, unless given.",
)


@click.group(cls=Group)
def evidence() -> None:
    """Look at the evidence of verdicts, replay it, or judge the same questions anew."""


@evidence.command()
@_WHAT
@_MATERIALS
@audit.PICTURES
@choose_format
def show(what: tuple[Path, ...], *, materials: Path | None, picture: tuple[Path, ...], output: Output) -> int:
    """Show what evidence says of itself, unchecked: what was asked, and what came of it.

    Takes files, and the .vice files of folders. It names the vehicle. Exits with 1 if a picture is asked for and none
    of those given is the one that the evidence names.
    """
    codes = []
    pictures, documents = audit.Pictures.of(picture), _materials(materials, what)
    for path in _files(what):
        found = _open_file(path, lambda stored: _whole(stored, documents))
        if isinstance(found, CertcoreError):
            output.tell(Refusal(str(path), found))
            codes.append(exit_codes.ERROR)
        else:
            output.tell(_Contents(path, found, pictures))
            codes.append(exit_codes.NOT_VALID if pictures.has_other(found) else exit_codes.DONE)
    return exit_codes.worst(codes)


_replay_options = together(
    _WHAT,
    options.ROOT,
    options.THRESHOLD,
    options.ENVIRONMENT,
    click.option("--seal-key", type=FILE, help="The public key whose seal is required, PEM."),
    click.option(
        "--tsa",
        "authority_files",
        type=FILE,
        multiple=True,
        help="The root certificate of an authority; a time-stamp by one of those named is required. Repeatable.",
    ),
    _MATERIALS,
    options.GROUP_KEYS,
    modes.ALLOW_LOOSE_KEY,
)
"""What a replay asks for."""


@evidence.command()
@_replay_options
@choose
def replay(what: tuple[Path, ...], *, output: Output, **given: Any) -> int:  # noqa: ANN401  one for each option
    """Come to the verdicts of then again, offline.

    Takes files, and the .vice files of folders. Everything in them is checked again from the root up.

    Without --seal-key whoever holds a file may have changed what was asked, and when.

    Exits with 0 if all were valid, 1 if any was not, else 3 if any was undetermined, else 4 if of any it was not known
    whether it was revoked; 2 if any evidence does not hold.
    """
    replayed = _replayer(what, given)

    def judge(stored: Evidence) -> _Judged:
        found, verdict = replayed(stored)
        return verdict, list(_asserted(found, verdict, output.lang))

    return _tell_each(what, judge, output)


@evidence.command()
@_replay_options
@audit.PICTURES
@click.option("--out", type=FILE, required=True, help="The page to write: a name that ends in .html or .pdf.")
@click.option("--force", is_flag=True, help="Overwrite the page.")
@modes.MODE
@choose
def report(what: tuple[Path, ...], *, output: Output, **given: Any) -> int:  # noqa: ANN401  one for each option
    """Write a page for people about evidence, replayed offline: what is recorded beside what follows from it.

    Takes files, and the .vice files of folders. Each tells what was asked, under which policy, the documents with their
    times and digests, what is proved, and what stands on somebody's word. It names the vehicles.

    Exits with 0 if all evidence holds, 2 if any does not; else 1 if a picture is asked for and none of those given is
    the one that evidence names.
    """
    if given["out"].suffix.lower() not in audit.FORMATS:
        msg = "--out is a name that ends in .html or .pdf"
        raise click.UsageError(msg)
    files.refuse_existing([given["out"]], force=given["force"])
    replayed = _replayer(what, given)
    auditor = audit.Auditor(pictures=audit.Pictures.of(given["picture"]), lang=output.lang)

    def judge(path: Path) -> dict[str, Any]:
        stored = _open_file(path, lambda found: found)
        if isinstance(stored, CertcoreError):
            return auditor.unreadable(path, stored)
        try:
            return auditor.replayed(path, *replayed(stored))
        except CertcoreError as error:
            return auditor.refused(path, stored, error)

    records = [record for _, record in terminal.each(list(_files(what)), judge)]
    summary = audit.write(given["out"], records, lang=output.lang, mode=given["mode"])
    output.tell(audit.Written(summary, given["out"]))
    return exit_codes.worst([exit_codes.DONE, *map(audit.exit_code, records)])


@evidence.command()
@_WHAT
@options.trust_options
@options.SNAPSHOT
@network.options
@options.policy("claims")
@options.GROUP_KEYS
@modes.ALLOW_LOOSE_KEY
@options.AUTHORITIES
@options.SEAL_KEYS
@choose
def reassess(what: tuple[Path, ...], *, output: Output, **given: Any) -> int:  # noqa: ANN401  one for each option
    """Judge the same questions anew, as of today.

    Takes files, and the .vice files of folders; asks with today's trust list, today's status, and what is known by now.
    Only the question is taken from a file, as it stands there: whether the file holds is for 'replay'. Registers are
    asked about certificates, not about vehicles.

    Exits as 'certcore verify' does.
    """
    status = options.status_backend(given)
    verifier = options.verifier(given, status=status)

    def judge(found: Evidence) -> _Judged:
        verdict: Verdict | VehicleVerdict
        try:
            verdict = found.reassess_vehicle(verifier) if found.is_about_vehicle else found.reassess(verifier)
        except ValueError as cause:
            raise RejectedInputError("evidence-malformed", f"the question cannot be asked: {cause}") from cause
        then = Outcome(found.to_log()["outcome"])
        return verdict, [Remark("outcome_then", then.value, verdicts.outcome(then, output.lang))]

    return _tell_each(what, judge, output)


def _tell_each(what: tuple[Path, ...], judge: Callable[[Evidence], _Judged], output: Output) -> int:
    """Judge one file after the other; one that does not hold stops nothing."""
    codes = []
    for path, judged in terminal.each(list(_files(what)), lambda path: _open_file(path, judge)):
        if isinstance(judged, CertcoreError):
            output.tell(Refusal(str(path), judged))
            codes.append(exit_codes.ERROR)
        else:
            verdict, remarks = judged
            output.tell(VerdictAnswer(str(path), verdict, remarks))
            codes.append(exit_codes.of_verdict(verdict))
    return exit_codes.worst(codes)


def _open_file(path: Path, use: Callable[[Evidence], _T]) -> _T | CertcoreError:
    """What comes of the evidence in a file, or why nothing does, with the file's name."""
    try:
        data = files.read_bytes(path, limit=MAX_EVIDENCE_BYTES)
    except CertcoreError as error:
        return error
    try:
        return files.name_errors(path, lambda: use(Evidence.from_bytes(data)))
    except CertcoreError as error:
        return error


def _replayer(
    what: tuple[Path, ...], given: Mapping[str, Any]
) -> Callable[[Evidence], tuple[Evidence, Verdict | VehicleVerdict]]:
    """What replays evidence as the options say; it gives the evidence with its documents, and the verdict."""
    root = options.root(given)
    seal_key = None if given["seal_key"] is None else keygen.read_public_key(given["seal_key"])
    authorities = options.authorities(given["authority_files"])
    group_keys = options.group_keys(given["group_key_files"])
    materials = _materials(given["materials"], what)

    def replayed(stored: Evidence) -> tuple[Evidence, Verdict | VehicleVerdict]:
        found = _whole(stored, materials)
        verdict: Verdict | VehicleVerdict
        try:
            if found.is_about_vehicle:
                verdict = found.replay_vehicle(root, seal_key=seal_key, authorities=authorities)
            else:
                verdict = found.replay(root, seal_key=seal_key, group_keys=group_keys, authorities=authorities)
        except CertcoreError as cause:
            if cause.code not in options.OF_ROOT:
                raise
            raise type(cause)(cause.code, cause.message, **dict(cause.detail), advice="own-root") from cause
        said = verdict.replay_report
        if authorities and (said is None or said.timestamp is None):
            raise UntrustedError("timestamp-untrusted", "None of these authorities has stamped the evidence")
        return found, verdict

    return replayed


def _asserted(found: Evidence, verdict: Verdict | VehicleVerdict, lang: str) -> Iterator[Remark]:
    """What was asked, by whose seal and time-stamp it holds, and what the replay does not prove."""
    report = verdict.replay_report
    assert report is not None  # noqa: S101  it was replayed
    sealed_by = None if report.sealed_by is None else report.sealed_by.hex()
    yield Remark("judged_at", verdict.evaluated_at.isoformat())
    yield Remark("question", found.to_dict()["question"], _question_text(found, lang))
    unproved = [audit.UNPROVED[one][lang == "zh"] for one in report.unproved]
    words = ("；" if lang == "zh" else "; ").join(unproved) or _NONE_UNPROVED[lang]
    yield Remark("replay", report.to_dict(), words)
    yield Remark("sealed_by", sealed_by, _NO_SEAL[lang] if sealed_by is None else _SEALED[lang].format(key=sealed_by))
    if report.timestamp is not None:
        yield Remark("stamped_at", report.timestamp.at.isoformat())


def _question_text(found: Evidence, lang: str) -> str:
    """The vehicle that was expected, what was knowable when, the policy by name, and the picture."""
    expected, words = found.expected, _ASKED[lang]
    plate_type = None if expected.plate_type is None else f"{words['plate_type']} {expected.plate_type}"
    asked = [expected.registration_number, expected.country, plate_type, expected.vin]
    parts = [part for part in asked if part] + [f"{words['policy']} {found.policy.name}"]
    if found.known_at != found.evaluated_at:
        parts.append(f"{words['known_at']} {found.known_at.isoformat()}")
    if found.picture_digest is not None:
        parts.append(f"{words['picture']} {found.picture_digest.hex()}")
    return ", ".join(parts)


@attrs.frozen
class _Contents:
    """What a file says of itself."""

    path: Path
    found: Evidence
    pictures: audit.Pictures

    def members(self) -> dict[str, Any]:
        """All that can be read, and that it was not replayed."""
        checked = {"picture_found": self.pictures.told(self.found)} if self.pictures.are_given else {}
        return {"input": str(self.path), "replayed": False, **self.found.to_dict(), **checked}

    def lines(self, _: str) -> Iterator[Line]:
        """The same row by row, between two warnings."""
        yield Line(NOT_REPLAYED, "bold red")
        for name, value in {"file": str(self.path), **_rows(self.found)}.items():
            yield Line(f"  {name:<13} {terminal.escaped(value) or '-'}")
        for document in self.found.to_dict()["documents"]:
            yield Line(f"  {'':<13} {terminal.escaped(': '.join(audit.document_row(document, 'en')))}")
        if self.pictures.are_given:
            yield Line(f"  {'picture found':<13} {terminal.escaped(self.pictures.words(self.found, 'en'))}")
        yield Line(NOT_REPLAYED, "bold red")


def _rows(found: Evidence) -> dict[str, str]:
    """What the file says of itself, row by row."""
    expected, sealer = found.expected, found.unverified_seal_key_id
    return {
        **found.to_log(),
        "about": "a vehicle" if found.is_about_vehicle else "a certificate",
        "plate": " ".join(filter(None, [expected.registration_number, expected.country])),
        "plate_type": "" if expected.plate_type is None else str(expected.plate_type),
        "vin": expected.vin or "",
        "known_at": found.known_at.isoformat(),
        "policy": f"{found.policy.name} ({found.policy.id})",
        "text": found.text or "",
        "picture": "" if found.picture_digest is None else f"SHA-256 {found.picture_digest.hex()}",
        "status": found.status_backing.value,
        "vehicle": found.vehicle_backing.value,
        "sealed": "yes, by whom is not checked" if found.is_sealed else "no: what was asked can be changed unnoticed",
        "seal_key": "" if sealer is None else sealer.hex(),
        "documents": f"{len(found.materials)}, {sum(map(len, found.materials.values()))} bytes",
        "missing": str(len(found.missing)),
    }


def _files(what: tuple[Path, ...]) -> Iterator[Path]:
    for path in what:
        if not path.is_dir():
            yield path
            continue
        found = sorted(path.glob(f"*{SUFFIX}"))
        if not found:
            raise RejectedInputError("file-unreadable", f"{path}: there is no {SUFFIX} file in this folder")
        yield from found


def _beside(what: tuple[Path, ...]) -> list[Path]:
    """The folders of documents that `certcore verify --claims` keeps beside its evidence."""
    folders = dict.fromkeys((path if path.is_dir() else path.parent) / "documents" for path in what)
    return [folder for folder in folders if folder.is_dir()]


def _whole(found: Evidence, materials: dict[bytes, Path]) -> Evidence:
    """The evidence with those of its documents that are kept elsewhere."""
    kept = {digest: materials[digest] for digest in found.missing if digest in materials}
    documents = {digest: files.read_bytes(place, limit=MAX_EVIDENCE_BYTES) for digest, place in kept.items()}
    return Evidence.from_bytes(found.to_bytes(), materials=documents) if documents else found


def _materials(folder: Path | None, what: tuple[Path, ...]) -> dict[bytes, Path]:
    """Where the documents are, by their SHA-256: in this folder, or beside the evidence; links are not followed."""
    folders = [folder] if folder is not None else _beside(what)
    for place in folders:
        if not place.is_dir():
            raise RejectedInputError("file-unreadable", f"{place}: there is no such folder")
    found = (path for place in folders for path in sorted(place.rglob("*")))
    places = [path for path in found if path.is_file() and not path.is_symlink()]
    called = {bytes.fromhex(path.name): path for path in places if _DIGEST.fullmatch(path.name)}  # altered ones, too
    return called | {hashlib.sha256(files.read_bytes(path, limit=MAX_EVIDENCE_BYTES)).digest(): path for path in places}
