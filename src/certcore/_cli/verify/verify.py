"""``certcore verify``: verdicts on texts and pictures. Nothing a certificate says is shown before its verdict."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from datetime import date, datetime, timedelta
from functools import partial
from typing import Any, Final

import click

from certcore._cli import exit_codes, network, options
from certcore._cli.input import datetimes, files, inputs, rows
from certcore._cli.input.inputs import Input, Source
from certcore._cli.options import FILE
from certcore._cli.output import terminal
from certcore._cli.output.formats import Output, Refusal, choose
from certcore._cli.output.verdicts import Remark, VerdictAnswer
from certcore._cli.verify import claims_options
from certcore._image_texts import Seen
from certcore.errors import CertcoreError, RejectedInputError
from certcore.policy import Expected
from certcore.verdict import Verdict
from certcore.verify import Verifier

_Answer = Verdict | CertcoreError

_NO_TEXT: Final = Seen(
    refused=RejectedInputError("code-not-text", "The row holds bytes that are no text in its encoding"), digest=None
)
"""What is seen in a row that is not text: no certificate, and nothing against one either."""


@click.command()
@click.argument("what", nargs=-1, metavar="[TEXT|PICTURE|FOLDER|FILE|-]...")
@click.option(
    "--as-of",
    callback=datetimes.read_question,
    metavar="MOMENT",
    help="What the question is about: a day in the issuer's zone (2027-08-14), a moment with its zone"
    " (2027-08-14T14:30+08:00), 'now', or 'today' by this machine's calendar.",
)
@click.option(
    "--known-at", callback=datetimes.read_instant, metavar="MOMENT", help="Judge with what was knowable then."
)
@click.option("--plate", "registration_number", help="The plate that was seen, written in any way.")
@click.option("--vin", help="The VIN that was seen: whole, or its last 6 to 8 characters.")
@click.option("--country", help="The plate's country, two letters.")
@click.option("--plate-type", type=click.IntRange(0), help="号牌种类, e.g. 2 or 52.")
@inputs.EFFORT
@inputs.DEADLINE
@rows.ENCODING
@options.policy("counterparty")
@options.trust_options
@options.SNAPSHOT
@network.options
@options.GROUP_KEYS
@click.option(
    "--existed-by",
    "proof_files",
    type=FILE,
    multiple=True,
    help="Proof that the certificate existed before its key was stolen: a time-stamp, sealed evidence, a receipt;"
    " repeatable.",
)
@options.AUTHORITIES
@options.SEAL_KEYS
@options.evidence_options
@claims_options.claims_options
@choose
def verify(what: tuple[str, ...], *, output: Output, **given: Any) -> int:  # noqa: ANN401  one for each option
    """Verify certificates: texts, pictures, folders of pictures, text files; - or a pipe reads a text a line.

    Without --snapshot or --online no register is asked, and a policy that requires one (claims, roadside, bulk) cannot
    come to VALID. The trust list and the roots' keys come from --trust and --root, or from CERTCORE_TRUST and
    CERTCORE_ROOT.

    With --claims a table names what to verify, each row with its own date of loss, plate and VIN; --out is a folder for
    the same rows with the answers, for the evidence, and for a report. --policy is then claims, unless given.

    Exits with 0 if all are valid, 1 if any is not, else 3 if any cannot be determined, else 4 if of any it is not
    known whether it was revoked; 2 if anything could not be read, or its evidence not be written.
    """
    if given["claims"] is not None:
        from certcore._cli.verify import claims  # noqa: PLC0415  loads what works with tables and processes

        return claims.verify_claims({**given, "what": what}, output)
    claims_options.refuse_claims_options(given)
    ask = _question(given)
    keep = options.evidence_writer(given)
    codes: list[int] = []
    for item, answer in _answers(what, ask, given["encoding"]):
        if isinstance(answer, CertcoreError):
            output.tell(Refusal(item.name, answer))
            codes.append(exit_codes.ERROR)
            continue
        try:
            kept = files.name_errors(item.name, partial(keep, answer))
        except CertcoreError as error:  # no verdict without its evidence; the next may have theirs
            output.tell(Refusal(item.name, error))
            codes.append(exit_codes.ERROR)
            continue
        remarks = [] if kept is None else [Remark("evidence", str(kept))]
        output.tell(VerdictAnswer(item.name, answer, remarks))
        codes.append(exit_codes.of_verdict(answer))
    if not codes:
        raise RejectedInputError("no-certificate", "There was nothing to verify")
    return exit_codes.worst(codes)


def _question(given: dict[str, Any]) -> Callable[[Input], _Answer]:
    """What to ask about each input, checked before the first one is read."""
    status = options.status_backend(given)
    verifier = options.verifier(given, status=status)
    proofs = [options.proof(path) for path in given["proof_files"]]
    try:
        expect = Expected(**{name: given[name] for name in ("registration_number", "vin", "country", "plate_type")})
        question: dict[str, Any] = {"as_of": given["as_of"], "known_at": given["known_at"], "existed_by": proofs}
        verifier.verify("", **question)
    except ValueError as cause:
        raise click.UsageError(str(cause).replace("known_at", "--known-at").replace("as_of", "--as-of")) from cause
    reading = {
        "effort": given["effort"],
        "deadline": timedelta(seconds=given["deadline"]),
        "isolate": True,
    }
    return partial(_ask, verifier, reading=reading, expect=None if expect.is_empty else expect, **question)


def _ask(
    verifier: Verifier,
    item: Input,
    *,
    as_of: datetime | date,
    known_at: datetime | None,
    expect: Expected | None,
    existed_by: list[bytes],
    reading: dict[str, Any],
) -> _Answer:
    content = item.content
    if isinstance(content, CertcoreError):
        return content
    if isinstance(content, str) and rows.is_text(content):
        return verifier.verify(content, as_of=as_of, known_at=known_at, expect=expect, existed_by=existed_by)
    image: Any = _NO_TEXT if isinstance(content, str) else content
    question: dict[str, Any] = {"as_of": as_of, "known_at": known_at, "expect": expect, "existed_by": existed_by}
    from certcore.qr import Effort  # noqa: PLC0415  only pictures need what reads them

    verdict = verifier.verify_image(image, **question, **{**reading, "effort": Effort(reading["effort"])})
    if missing := inputs.DECODERS_MISSING.intersection(reason.code for reason in verdict.reasons):
        (code,) = missing
        return RejectedInputError(code, "An extra that reads such pictures is not installed")
    return verdict


def _answers(what: tuple[str, ...], ask: Callable[[Input], _Answer], encoding: str) -> Iterator[tuple[Input, _Answer]]:
    """Every input with the answer to it, one after the other: a folder of pictures is never in memory whole."""
    if inputs.STANDARD_INPUT in what or (not what and not sys.stdin.isatty()):
        if len(what) > 1:
            msg = "- stands alone: give either texts and files, or standard input"
            raise click.UsageError(msg)
        yield from ((item, ask(item)) for item in inputs.standard_input(encoding))
        return
    if not what:
        msg = "give a text, a picture, a folder or a file; or pipe texts in"
        raise click.UsageError(msg)

    def answer(source: Source) -> list[tuple[Input, _Answer]]:
        return [(item, ask(item)) for item in source.read()]

    for _, answers in terminal.each(list(inputs.sources(what, encoding)), answer):
        yield from answers
