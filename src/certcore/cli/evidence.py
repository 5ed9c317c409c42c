"""``certcore evidence``: what a verdict stood on, looked at, replayed and judged anew."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Final

import click

from certcore import reasons
from certcore.cli import exits, files, keygen, terminal, trust, verdicts
from certcore.cli.verify import POLICIES, read_snapshot
from certcore.errors import RejectedInputError
from certcore.evidence import MAX_EVIDENCE_BYTES, Evidence
from certcore.trust import MAX_TRUST_LIST_BYTES, TrustList
from certcore.verdict import VehicleVerdict, Verdict
from certcore.verify import Verifier

_FILE = click.Path(path_type=Path)

NOT_REPLAYED: Final = "NOT REPLAYED: this is what the file says of itself"

_ROOT = click.option("--root", "roots", type=_FILE, multiple=True, required=True, envvar="CERTCORE_ROOT")
_THRESHOLD = click.option("--threshold", type=click.IntRange(1), default=1, show_default=True)
_MATERIALS = click.option("--materials", type=_FILE, help="A folder with the documents of detached files.")
_LANG = click.option("--lang", type=click.Choice(reasons.LANGUAGES), default="en", show_default=True)
_JSON = click.option("--json", "is_json", is_flag=True, help="One JSON document.")


@click.group()
def evidence() -> None:
    """Look at the evidence of a verdict, replay it, or judge the same question anew."""


@evidence.command()
@click.argument("file", type=_FILE)
def show(file: Path) -> int:
    """Show what the evidence in FILE says of itself. Nothing is checked."""
    found = _read(file, None)
    terminal.say(NOT_REPLAYED, style="bold red")
    rows = {
        **found.to_log(),
        "about": "a vehicle" if found.is_about_vehicle else "a certificate",
        "sealed": "yes, by whom is not checked" if found.is_sealed else "no: the question can be changed unnoticed",
        "documents": f"{len(found.materials)}, {sum(map(len, found.materials.values()))} bytes",
        "missing": str(len(found.missing)),
    }
    for name, value in rows.items():
        terminal.say(f"  {name:<13} {terminal.escaped(value)}")
    terminal.say(NOT_REPLAYED, style="bold red")
    return exits.DONE


@evidence.command()
@click.argument("file", type=_FILE)
@_ROOT
@_THRESHOLD
@click.option("--seal-key", type=_FILE, help="The public key whose seal is required, PEM.")
@_MATERIALS
@_LANG
@_JSON
def replay(
    file: Path,
    *,
    roots: tuple[Path, ...],
    threshold: int,
    seal_key: Path | None,
    materials: Path | None,
    lang: str,
    is_json: bool,
) -> int:
    """Come to the verdict of then again, offline, from the evidence in FILE.

    Exits with 0 if it was valid, 1 if not, 3 if undetermined; 2 if the evidence does not hold.
    """
    found = _read(file, materials)
    root = trust.read_root(roots, threshold)
    key = None if seal_key is None else keygen.read_public_key(seal_key)
    verdict = found.replay_vehicle(root, seal_key=key) if found.is_about_vehicle else found.replay(root, seal_key=key)
    return _tell(file, verdict, lang, is_json=is_json)


@evidence.command()
@click.argument("file", type=_FILE)
@click.option("--trust", "trust_file", type=_FILE, required=True, envvar="CERTCORE_TRUST", help="Today's trust list.")
@_ROOT
@_THRESHOLD
@click.option("--snapshot", type=_FILE, help="Status documents kept in a file or a folder, to be asked.")
@click.option("--policy", type=click.Choice(list(POLICIES)), default="claims", show_default=True)
@_LANG
@_JSON
def reassess(
    file: Path,
    *,
    trust_file: Path,
    roots: tuple[Path, ...],
    threshold: int,
    snapshot: Path | None,
    policy: str,
    lang: str,
    is_json: bool,
) -> int:
    """Judge the question in FILE anew: with today's trust list, today's status, and what is known by now."""
    root = trust.read_root(roots, threshold)
    verifier = Verifier(
        trust=TrustList.open(files.read_bytes(trust_file, limit=MAX_TRUST_LIST_BYTES), root=root),
        status=None if snapshot is None else read_snapshot(snapshot),
        policy=POLICIES[policy](),
    )
    found = _read(file, None)
    verdict = found.reassess_vehicle(verifier) if found.is_about_vehicle else found.reassess(verifier)
    return _tell(file, verdict, lang, is_json=is_json)


def _tell(file: Path, verdict: Verdict | VehicleVerdict, lang: str, *, is_json: bool) -> int:
    if is_json:
        terminal.say(json.dumps({"input": str(file), **verdict.to_dict()}))
    elif isinstance(verdict, Verdict):
        verdicts.show(str(file), verdict, lang)
    else:
        verdicts.show_vehicle(str(file), verdict, lang)
    return exits.OF_OUTCOME[verdict.outcome]


def _read(file: Path, materials: Path | None) -> Evidence:
    found = Evidence.from_bytes(files.read_bytes(file, limit=MAX_EVIDENCE_BYTES))
    if materials is None or not found.missing:
        return found
    if not materials.is_dir():
        raise RejectedInputError("file-unreadable", f"{materials}: there is no such folder")
    documents: dict[bytes, bytes] = {}
    for path in sorted(materials.rglob("*")):
        if path.is_file() and not path.is_symlink():
            data = files.read_bytes(path, limit=MAX_EVIDENCE_BYTES)
            digest = hashlib.sha256(data).digest()
            if digest in found.missing:
                documents[digest] = data
    return Evidence.from_bytes(found.to_bytes(), materials=documents)
