"""``certcore verify``: verdicts on texts and pictures. Nothing a certificate says is shown before its verdict."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator
from datetime import date, datetime
from functools import partial
from pathlib import Path
from typing import Any, Final

import click

from certcore import reasons
from certcore.cli import exits, files, inputs, keygen, moments, terminal, trust, verdicts
from certcore.cli.inputs import Input, Source
from certcore.errors import CertcoreError, IssuingError, RejectedInputError
from certcore.policy import Expected, Policy
from certcore.status.protocol import StatusBackend
from certcore.status.snapshot import SnapshotStatusBackend
from certcore.trust import MAX_TRUST_LIST_BYTES, TrustList
from certcore.verdict import Verdict
from certcore.verify import Verifier

_FILE = click.Path(path_type=Path)

POLICIES: Final[dict[str, Callable[[], Policy]]] = {
    "counterparty": Policy.counterparty,
    "claims": Policy.claims,
    "roadside": Policy.roadside,
    "bulk": Policy.bulk,
}

_Answer = Verdict | CertcoreError


@click.command()
@click.argument("what", nargs=-1, metavar="[TEXT|PICTURE|FOLDER|FILE|-]...")
@click.option(
    "--as-of",
    required=True,
    callback=moments.typed_question,
    metavar="MOMENT",
    help="What the question is about: a day in the issuer's zone (2027-08-14), a moment with its zone"
    " (2027-08-14T14:30+08:00), 'now', or 'today' by this machine's calendar.",
)
@click.option("--known-at", callback=moments.typed_instant, metavar="MOMENT", help="Judge with what was knowable then.")
@click.option("--plate", "registration_number", help="The plate that was seen, written in any way.")
@click.option("--vin", help="The VIN that was seen: whole, or its last 6 to 8 characters.")
@click.option("--country", help="The plate's country, two letters.")
@click.option("--plate-type", type=click.IntRange(0), help="号牌种类, e.g. 2 or 52.")
@click.option("--policy", type=click.Choice(list(POLICIES)), default="counterparty", show_default=True)
@click.option("--trust", "trust_file", type=_FILE, envvar="CERTCORE_TRUST", help="The signed trust list.")
@click.option(
    "--root",
    "roots",
    type=_FILE,
    multiple=True,
    envvar="CERTCORE_ROOT",
    help="A root's key, repeatable; or a root set's file.",
)
@click.option("--snapshot", type=_FILE, help="Status documents kept in a file or a folder, to be asked.")
@click.option("--online", is_flag=True, help="Ask the issuers' registers over HTTPS.")
@click.option("--evidence", "evidence_folder", type=_FILE, help="Keep the evidence of each verdict in this folder.")
@click.option("--seal", "seal_file", type=_FILE, help="Seal the evidence with this private key, PEM.")
@click.option("--threshold", type=click.IntRange(1), default=1, show_default=True, help="How many roots must sign.")
@click.option("--lang", type=click.Choice(reasons.LANGUAGES), default="en", show_default=True)
@click.option("--json", "is_json", is_flag=True, help="One JSON document a line.")
def verify(
    what: tuple[str, ...],
    *,
    lang: str,
    is_json: bool,
    **given: Any,  # noqa: ANN401  one for each option
) -> int:
    """Verify certificates: texts, pictures, folders of pictures, text files; - or a pipe reads a text a line.

    Without --snapshot or --online no register is asked, and a policy that requires one (claims, roadside, bulk) cannot
    come to VALID. The trust list and the roots' keys come from --trust and --root, or from CERTCORE_TRUST and
    CERTCORE_ROOT.

    Exits with 0 if all are valid, 1 if any is not, else 3 if any cannot be determined; 2 if anything could not be read.
    """
    ask = _question(given)
    keep = _keeper(given["evidence_folder"], given["seal_file"])
    codes: list[int] = []
    for item, answer in _answers(what, ask):
        if isinstance(answer, CertcoreError):
            _tell(item, answer, is_json=is_json)
            codes.append(exits.ERROR)
            continue
        if is_json:
            terminal.say(json.dumps({"input": item.name, **answer.to_dict()}))
        else:
            verdicts.show(item.name, answer, lang)
        keep(answer)
        codes.append(exits.OF_OUTCOME[answer.outcome])
    if not codes:
        raise RejectedInputError("no-certificate", "There was nothing to verify")
    return exits.worst(codes)


def _question(given: dict[str, Any]) -> Callable[[Input], _Answer]:
    """What to ask about each input, checked before the first one is read."""
    if given["trust_file"] is None or not given["roots"]:
        msg = "whom do you trust? Give --trust and --root, or set CERTCORE_TRUST and CERTCORE_ROOT"
        raise click.UsageError(msg)
    root = trust.read_root(given["roots"], given["threshold"])
    trust_list = TrustList.open(files.read_bytes(given["trust_file"], limit=MAX_TRUST_LIST_BYTES), root=root)
    verifier = Verifier(trust=trust_list, status=_backend(given), policy=POLICIES[given["policy"]]())
    try:
        expect = Expected(**{name: given[name] for name in ("registration_number", "vin", "country", "plate_type")})
        moment: dict[str, Any] = {"as_of": given["as_of"], "known_at": given["known_at"]}
        verifier.verify("", **moment)
    except ValueError as cause:
        raise click.UsageError(str(cause)) from cause
    return partial(_ask, verifier, expect=None if expect.is_empty else expect, **moment)


def _backend(given: dict[str, Any]) -> StatusBackend | None:
    """Whom to ask, if anybody."""
    snapshot: Path | None = given["snapshot"]
    if given["online"] and snapshot is not None:
        msg = "either --online or --snapshot"
        raise click.UsageError(msg)
    if given["online"]:
        from certcore.status.http import HTTPStatusBackend  # noqa: PLC0415  the http extra

        return HTTPStatusBackend()
    if snapshot is None:
        return None
    return (
        SnapshotStatusBackend.from_folder(snapshot) if snapshot.is_dir() else SnapshotStatusBackend.from_file(snapshot)
    )


def read_snapshot(path: Path) -> SnapshotStatusBackend:
    """Status documents out of a file or a folder."""
    return SnapshotStatusBackend.from_folder(path) if path.is_dir() else SnapshotStatusBackend.from_file(path)


def _keeper(folder: Path | None, seal_file: Path | None) -> Callable[[Verdict], None]:
    """What keeps the evidence of a verdict, and of no picture that could not be read."""
    if folder is None:
        if seal_file is not None:
            msg = "--seal seals what --evidence keeps: give both"
            raise click.UsageError(msg)
        return lambda _: None
    if not folder.is_dir():
        raise IssuingError("file-unwritable", f"{folder}: there is no such folder")
    signer = None if seal_file is None else keygen.read_signer(seal_file, None)

    def keep(verdict: Verdict) -> None:
        evidence = verdict.evidence if signer is None else verdict.evidence.sealed(signer)
        path = folder / f"{verdict.id[:16]}-{evidence.digest.hex()[:16]}.vice"
        files.write(path, evidence.to_bytes(), force=True)  # named by its content: what is there is the same

    return keep


def _ask(
    verifier: Verifier, item: Input, *, as_of: datetime | date, known_at: datetime | None, expect: Expected | None
) -> _Answer:
    content = item.content
    if isinstance(content, CertcoreError):
        return content
    if isinstance(content, str):
        return verifier.verify(content, as_of=as_of, known_at=known_at, expect=expect)
    verdict = verifier.verify_image(content, as_of=as_of, known_at=known_at, expect=expect)
    if "no-decoder" in verdict:
        return RejectedInputError("no-decoder", "Reading pictures needs the scan extra: pip install 'certcore[scan]'")
    return verdict


def _answers(what: tuple[str, ...], ask: Callable[[Input], _Answer]) -> Iterator[tuple[Input, _Answer]]:
    """Every input with the answer to it, one after the other: a folder of pictures is never in memory whole."""
    if inputs.STANDARD_INPUT in what or (not what and not sys.stdin.isatty()):
        if len(what) > 1:
            msg = "- stands alone: give either texts and files, or standard input"
            raise click.UsageError(msg)
        yield from ((item, ask(item)) for item in inputs.standard_input())
        return
    if not what:
        msg = "give a text, a picture, a folder or a file; or pipe texts in"
        raise click.UsageError(msg)

    def answer(source: Source) -> list[tuple[Input, _Answer]]:
        return [(item, ask(item)) for item in source.read()]

    for _, answers in terminal.each(list(inputs.sources(what)), answer):
        yield from answers


def _tell(item: Input, error: CertcoreError, *, is_json: bool) -> None:
    if is_json:
        terminal.say(json.dumps({"input": item.name, "error": {"code": error.code, "message": error.message}}))
    terminal.say(f"certcore: {terminal.escaped(str(error))}", err=True)
    if error.code in reasons.REASONS:
        terminal.say(f"  {reasons.explain(error.code).next_step}", err=True)
