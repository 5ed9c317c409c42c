"""``certcore demo``: certificates issued, drawn, read back from the pictures and verified, against what is expected.

``demo.json`` has the certificates, the questions and the expected answers, with fixed dates, so that the demonstration
gives the same output every day.
"""

from __future__ import annotations

import json
import secrets
import shlex
import shutil
import sys
import zlib
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, date, datetime
from functools import cache
from pathlib import Path
from typing import Any, Final
from zoneinfo import ZoneInfo

import attrs
import click

from certcore import armor, qr
from certcore._cli import exit_codes
from certcore._cli.input import datetimes, files
from certcore._cli.issue import certificate_draft
from certcore._cli.keys import keygen
from certcore._cli.output import terminal
from certcore._cli.output.verdicts import STYLES
from certcore._cli.printing.pages import DEFAULT_SCALE
from certcore._cli.settings import language
from certcore._cli.trust.trust_draft import TrustDraft
from certcore.errors import IssuingError, RejectedInputError
from certcore.issue import Issuer
from certcore.keys import LocalSigner
from certcore.payload import InspectionCertificate
from certcore.policy import Expected, Policy
from certcore.qr._read import MAX_BYTES as MAX_PICTURE_BYTES
from certcore.status import MemoryStatusBackend
from certcore.testing import FixedClock
from certcore.trust import Environment, KeyUsage, ListTemplate, TrustedIssuer, TrustedKey, TrustList, TrustRoot
from certcore.verdict import Outcome, Verdict
from certcore.verify import Verifier

MARKER: Final = ".certcore-demo"
"""The file that says that a folder was made by the demonstration, and may be replaced by it."""

_DAY_OF_LOSS: Final = "2026-10-20"
"""Of every claim in ``claims.csv``: a day that is over, whatever the day is on which somebody tries it."""

_HEADS: Final = ("picture", "asked about", "verdict", "reasons", "expected")
_UNEXPECTED: Final = "NOT THIS BUT"
_SIZE_HEADS: Final = ("certificate", "bytes", "characters", "QR", "picture")
_INTRODUCTION: Final = """\
Every question is asked at a fixed time, {:%Y-%m-%d %H:%M} in Shanghai,
under the policy for claims: the register must answer, and plate and VIN are
compared. The keys are new, and trusted in the test environment alone.
"""
_KEY_FROM, _KEY_UNTIL = datetime(2026, 1, 1, tzinfo=UTC), datetime(2028, 12, 31, tzinfo=UTC)


@cache
def scenario() -> dict[str, Any]:
    """What ``demo.json`` holds."""
    found: dict[str, Any] = json.loads(Path(__file__).with_name("demo.json").read_text("utf-8"))
    return found


def moment(name: str) -> datetime:
    """One of the scenario's moments, in its zone."""
    return datetimes.parse_instant(scenario()[name]).astimezone(ZoneInfo(scenario()["zone"]))


def certificate(name: str) -> InspectionCertificate:
    """One of the scenario's certificates; some are like another but for what is given."""
    fields = dict(scenario()["certificates"][name])
    like = fields.pop("like", None)
    return certificate_draft.from_members({**(scenario()["certificates"][like] if like else {}), **fields})


@attrs.frozen(kw_only=True)
class Cast:
    """Everybody in the demonstration.

    Attributes:
        keys: by the names of their files.
        draft: the trust list before it is signed.
        register: what is known of the certificates.
        certificates: what each states; none for one whose text was tampered with.
        texts: each certificate as its QR code carries it, by the name of its files.
    """

    keys: Mapping[str, LocalSigner]
    draft: TrustDraft
    register: MemoryStatusBackend
    certificates: Mapping[str, InspectionCertificate]
    texts: Mapping[str, str]


def assemble() -> Cast:
    """Fresh keys, and everything that is made with them."""
    keys = {name: LocalSigner.generate(keygen.ALGORITHMS[kind]) for name, kind in scenario()["keys"].items()}
    certificates = {name: certificate(name) for name in scenario()["certificates"]}
    texts = {}
    for name, stated in certificates.items():
        signer = keys[scenario()["signed_with"].get(name, "issuer-cn")]
        texts[name] = Issuer(signer=signer, country=stated.country).issue(stated)
    for name, of in scenario()["tampered"].items():
        texts[name] = _tamper(texts[of], certificates[of].registration_number)
    draft = TrustDraft(
        environment=Environment.TEST, issuers=tuple(_issuer(keys, **entry) for entry in scenario()["issuers"])
    )
    return Cast(keys=keys, draft=draft, register=_register(certificates), texts=texts, certificates=certificates)


def _tamper(text: str, registration_number: str) -> str:
    """The text with another last digit in its plate: still Base45, still CBOR, no longer what was signed."""
    other = registration_number[:-1] + ("8" if registration_number[-1] != "8" else "9")
    return armor.encode(armor.decode(text).replace(registration_number.encode(), other.encode()))


def _issuer(keys: Mapping[str, LocalSigner], *, key: str, authority: str, **entry: Any) -> TrustedIssuer:  # noqa: ANN401  members of the file
    trusted = TrustedKey(
        public_key=keys[key].public_key,
        usage=KeyUsage.CERTIFICATE,
        authorities=[authority],
        not_before=_KEY_FROM,
        not_after=_KEY_UNTIL,
    )
    template = ListTemplate(uri=f"https://{entry['id'].lower()}.example/status/{{list}}", not_before=_KEY_FROM)
    return TrustedIssuer(country=entry["id"], list_templates=[template], suspends=False, keys=[trusted], **entry)


def _register(certificates: Mapping[str, InspectionCertificate]) -> MemoryStatusBackend:
    """Every certificate as issued; some revoked, from a moment on or from the start."""
    register = MemoryStatusBackend()
    by_status = {stated.status: stated for stated in reversed(list(certificates.values()))}
    for status, stated in by_status.items():
        assert status is not None  # noqa: S101  each is written with one
        register.register(status, issuer=str(stated.country), at=stated.issued_at)
    for name, effective in scenario()["revoked"].items():
        status = certificates[name].status
        assert status is not None  # noqa: S101  as above
        effective_at = None if effective is None else datetimes.parse_instant(effective)
        issuer = str(certificates[name].country)
        register.revoke(status, at=moment("revoked_at"), effective_at=effective_at, issuer=issuer)
    return register


@attrs.frozen
class Answer:
    """A question about one picture, and the verdict it came to.

    Attributes:
        about: what the picture shows, in a few words.
        picture: its name, without its suffix.
        as_of: the moment asked about.
        expect: the vehicle that was seen.
        outcome: what it must come to.
        reasons: the codes it must give, all of them.
        verdict: what came of it.
    """

    about: str
    picture: str
    as_of: datetime | date
    expect: Expected
    outcome: Outcome
    reasons: tuple[str, ...]
    verdict: Verdict

    @property
    def is_expected(self) -> bool:
        """Whether outcome and reasons are the expected ones."""
        codes = tuple(reason.code for reason in self.verdict.reasons)
        return (self.outcome, self.reasons) == (self.verdict.outcome, codes)

    def to_dict(self) -> dict[str, Any]:
        """The question and its answer as JSON types."""
        return {
            "about": self.about,
            "picture": f"{self.picture}.png",
            "as_of": self.as_of.isoformat(),
            "expect": {"registration_number": self.expect.registration_number, "vin": self.expect.vin},
            "expected": {"outcome": self.outcome.value, "reasons": list(self.reasons)},
            "is_expected": self.is_expected,
            "verdict": self.verdict.to_dict(),
        }


def ask(cast: Cast, trust: TrustList, pictures: Path) -> list[Answer]:
    """Read every picture back from its file, and ask.

    Raises:
        RejectedInputError: ``no-decoder``; pictures cannot be read here.
    """
    clock = FixedClock(moment("evaluated_at"))
    verifier = Verifier(trust=trust, status=cast.register, policy=Policy.claims(), clock=clock)
    answers = []
    for about, picture, moment_or_day, seen, outcome, codes in scenario()["questions"]:
        as_of = datetimes.parse_limit(moment_or_day)
        expect = _note_down(cast.certificates[seen])
        data = files.read_bytes(pictures / f"{picture}.png", limit=MAX_PICTURE_BYTES)
        verdict = verifier.verify_image(data, as_of=as_of, expect=expect)
        answers.append(Answer(about, picture, as_of, expect, Outcome(outcome), tuple(codes), verdict))
    if any("no-decoder" in answer.verdict for answer in answers):
        raise RejectedInputError("no-decoder", "Reading pictures needs the scan extra: pip install 'certcore[scan]'")
    return answers


def _note_down(stated: InspectionCertificate) -> Expected:
    """Plate and VIN as a person at the vehicle writes them: a Chinese plate has a dot."""
    plate = stated.registration_number
    shown = f"{plate[:2]}·{plate[2:]}" if stated.country == "CN" else plate
    return Expected(registration_number=shown, vin=stated.vin)


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
        cast = assemble()
        try:
            _make_folders(building)
            trust = _write_cast(cast, building)
            answers = ask(cast, trust, building / "certificates")
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
        raise IssuingError("file-exists", f"{out}: there is something else of this name", advice="another-name")
    if out.is_dir() and any(out.iterdir()) and not (out / MARKER).is_file():
        what = "the folder is not empty, and the demonstration did not make it"
        raise IssuingError("file-exists", f"{out}: {what}", advice="another-name")


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
    """Everything but the verdicts; and the trust list, opened as a verifier opens it."""
    for name, signer in cast.keys.items():
        keygen.write_keys(signer, folder / "keys" / name)
    signed = cast.draft.contents(issued_at=moment("trust_issued_at")).sign(cast.keys["root"])
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
    files.write(folder / "claims.csv", "".join(_claims(answers)))
    files.write(folder / "table.txt", f"{_introduction()}\n{terminal.plain_table(_HEADS, map(_cells, answers))}")


def _claims(answers: Sequence[Answer]) -> Iterator[str]:
    """Each picture with each vehicle as a table for `certcore verify --claims`."""
    yield "claim,picture,date-of-loss,plate,vin\n"
    seen = dict.fromkeys((answer.picture, answer.expect.registration_number, answer.expect.vin) for answer in answers)
    for number, (picture, plate, vin) in enumerate(seen, start=1):
        yield f"K-{number},{picture}.png,{_DAY_OF_LOSS},{plate},{vin}\n"


def _print(cast: Cast, answers: Sequence[Answer], out: Path) -> None:
    terminal.say(_introduction())
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
    folder = terminal.escaped(shlex.quote(str(out)))
    terminal.say(
        "Ask a question of your own:\n"
        f"  {_called()} verify {folder}/certificates/cn-valid.png --as-of 2026-10-20 --plate 闽C12345 \\\n"
        f"    --trust {folder}/trust.cbor --root {folder}/keys/root.pub.pem \\\n"
        "    --environment test"
    )


def _called() -> str:
    """How the command is called here, so that what is printed can be pasted: `make demo` has it on no search path."""
    return "certcore" if shutil.which("certcore") else f"{shlex.quote(sys.executable)} -m certcore.cli"


def _introduction() -> str:
    return _INTRODUCTION.format(moment("evaluated_at"))


def _cells(answer: Answer) -> tuple[str, ...]:
    as_of = f"{answer.as_of:%Y-%m-%d %H:%M}" if isinstance(answer.as_of, datetime) else answer.as_of.isoformat()
    instead = "\n".join([_UNEXPECTED, answer.outcome.value.upper(), *answer.reasons])
    about, yes = (language.translated(word, language.current()) for word in (answer.about, "yes"))
    return (
        f"{answer.picture}\n{about}",
        f"{as_of}\n{answer.expect.registration_number}",
        answer.verdict.outcome.value.upper(),
        "\n".join(reason.code for reason in answer.verdict.reasons),
        yes if answer.is_expected else instead,
    )


def _sizes(name: str, text: str) -> tuple[str, ...]:
    size = qr.size(text)
    side = (size.modules + 8) * DEFAULT_SCALE  # four modules of quiet zone on either side
    return (name, str(len(armor.decode(text))), str(len(text)), f"{size.version}-{size.level}", f"{side} x {side}")


def _picture_without_code(side: int = 240) -> bytes:
    """A grey slope as PNG (RFC 2083): a picture like any other, with nothing in it to be read."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return len(data).to_bytes(4, "big") + kind + data + zlib.crc32(kind + data).to_bytes(4, "big")

    header = 2 * side.to_bytes(4, "big") + bytes((8, 0, 0, 0, 0))
    rows = b"".join(b"\0" + bytes((x + y) * 255 // (2 * side) for x in range(side)) for y in range(side))
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")
