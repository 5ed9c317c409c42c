"""``certcore demo``: certificates issued, drawn, read back from the pictures and verified, against what is expected."""

from __future__ import annotations

import json
import secrets
import shutil
import struct
import zlib
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Final

import click

from certcore import armor, qr
from certcore.cli import certificate_draft, demo_cast, demo_questions, exit_codes, files, keygen, terminal
from certcore.cli.demo_cast import Cast
from certcore.cli.demo_questions import Answer
from certcore.cli.issue import DEFAULT_SCALE
from certcore.cli.verdicts import STYLES
from certcore.errors import IssuingError
from certcore.trust import Environment, TrustList, TrustRoot
from certcore.verdict import Outcome

MARKER: Final = ".certcore-demo"
"""The file that says that a folder was made by the demonstration, and may be replaced by it."""

_HEADS: Final = ("picture", "asked about", "verdict", "reasons", "expected")
_UNEXPECTED: Final = "NOT THIS BUT"
_SIZE_HEADS: Final = ("certificate", "bytes", "characters", "QR", "picture")
_INTRODUCTION: Final = f"""\
Every question is asked at a fixed time, {demo_cast.EVALUATED_AT:%Y-%m-%d %H:%M} in Shanghai,
under the policy for claims: the register must answer, and plate and VIN are
compared. The keys are new, but for the root's, which is published: a list
that it signs is for trying things out.
"""


@click.command()
@click.option(
    "--out",
    type=click.Path(path_type=Path),
    default=Path("demo-out"),
    show_default=True,
    help="The folder to make; one that the demonstration made before is replaced.",
)
def demo(out: Path) -> int:
    """Issue, draw, scan and verify: valid, expired, revoked, tampered and more.

    Exits with 1 if any verdict is not the expected one.
    """
    _refuse_foreign(out)
    building = out.with_name(f".{out.name}.{secrets.token_hex(8)}")
    try:
        cast = demo_cast.assemble()
        try:
            _make_folders(building)
            trust = _write_cast(cast, building)
            answers = demo_questions.judge(cast, trust, building / "certificates")
            _write_answers(answers, building)
            _put_in_place(building, out)
        finally:
            shutil.rmtree(building, ignore_errors=True)
    except OSError as cause:
        raise IssuingError("file-unwritable", f"{out}: {cause.strerror}") from cause
    _print(cast, answers, out)
    return exit_codes.DONE if all(answer.is_expected for answer in answers) else exit_codes.NOT_VALID


def _refuse_foreign(out: Path) -> None:
    """Replace nothing but what the demonstration made."""
    if out.is_symlink() or (out.exists() and not out.is_dir()):
        raise IssuingError("file-exists", f"{out}: there is something else of this name")
    if out.is_dir() and any(out.iterdir()) and not (out / MARKER).is_file():
        raise IssuingError("file-exists", f"{out}: the folder is not empty, and the demonstration did not make it")


def _make_folders(folder: Path) -> None:
    folder.mkdir(parents=True)
    for name in ("keys", "certificates"):
        (folder / name).mkdir()
    files.write(folder / MARKER, "Made by 'certcore demo', which replaces this folder when it is run again.\n")


def _put_in_place(building: Path, out: Path) -> None:
    old = out.with_name(f".{out.name}.{secrets.token_hex(8)}")
    if out.exists():
        out.rename(old)
    building.rename(out)
    shutil.rmtree(old, ignore_errors=True)


def _write_cast(cast: Cast, folder: Path) -> TrustList:
    """Everything but the verdicts; and the trust list, opened as anybody would."""
    for name, signer in cast.keys.items():
        keygen.write_keys(signer, folder / "keys" / name)
    signed = cast.draft.contents(issued_at=demo_cast.TRUST_ISSUED_AT).sign(cast.keys["root"])
    files.write(folder / "trust.json", cast.draft.to_json())
    files.write(folder / "trust.cbor", signed)
    for name, text in cast.texts.items():
        path = folder / "certificates" / name
        files.write(path.with_suffix(".txt"), f"{text}\n")
        files.write(path.with_suffix(".png"), qr.to_png(text, scale=DEFAULT_SCALE))
        files.write(path.with_suffix(".svg"), qr.to_svg(text, scale=DEFAULT_SCALE))
        if name in cast.certificates:
            files.write(path.with_suffix(".json"), certificate_draft.to_json(cast.certificates[name]))
    files.write(folder / "certificates" / "no-code.png", _picture_without_code())
    root = keygen.read_public_key(folder / "keys" / "root.pub.pem")
    return TrustList.open(
        (folder / "trust.cbor").read_bytes(), root=TrustRoot(keys=[root], environments=[Environment.TEST])
    )


def _write_answers(answers: Sequence[Answer], folder: Path) -> None:
    rows = [answer.to_dict() for answer in answers]
    files.write(folder / "verdicts.json", json.dumps(rows, ensure_ascii=False, indent=2) + "\n")
    files.write(folder / "table.txt", f"{_INTRODUCTION}\n{terminal.plain_table(_HEADS, map(_cells, answers))}")


def _print(cast: Cast, answers: Sequence[Answer], out: Path) -> None:
    terminal.say(_INTRODUCTION)
    terminal.table(_SIZE_HEADS, [_sizes(name, text) for name, text in cast.texts.items()])
    terminal.say("")
    styles = {outcome.value.upper(): STYLES[outcome] for outcome in Outcome} | {_UNEXPECTED: "bold red"}
    terminal.table(_HEADS, map(_cells, answers), styles=lambda cell: styles.get(cell.partition("\n")[0]))
    expected = sum(answer.is_expected for answer in answers)
    folder = terminal.escaped(str(out))
    terminal.say(
        f"\n{expected} of {len(answers)} verdicts are as expected."
        f" Keys, trust list, codes and verdicts are in {folder}."
    )
    terminal.say(
        "Ask a question of your own:\n"
        f"  certcore verify {folder}/certificates/cn-valid.png --as-of 2026-10-20 --plate 闽C12345 \\\n"
        f"    --trust {folder}/trust.cbor --root {folder}/keys/root.pub.pem"
    )


def _cells(answer: Answer) -> tuple[str, ...]:
    row, verdict = answer.row, answer.verdict
    as_of = f"{row.as_of:%Y-%m-%d %H:%M}" if isinstance(row.as_of, datetime) else row.as_of.isoformat()
    instead = "\n".join([_UNEXPECTED, row.outcome.value.upper(), *row.reasons])
    return (
        f"{row.picture}\n{row.about}",
        f"{as_of}\n{demo_cast.seen(row.seen)[0]}",
        verdict.outcome.value.upper(),
        "\n".join(reason.code for reason in verdict.reasons),
        "yes" if answer.is_expected else instead,
    )


def _sizes(name: str, text: str) -> tuple[str, ...]:
    size = qr.size(text)
    side = (size.modules + 8) * DEFAULT_SCALE  # four modules of quiet zone on either side
    return (name, str(len(armor.decode(text))), str(len(text)), f"{size.version}-{size.level}", f"{side} x {side}")


def _picture_without_code(side: int = 240) -> bytes:
    """A grey slope as PNG (RFC 2083): a picture like any other, with nothing in it to be read."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", side, side, 8, 0, 0, 0, 0)
    rows = b"".join(b"\0" + bytes((x + y) * 255 // (2 * side) for x in range(side)) for y in range(side))
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")
