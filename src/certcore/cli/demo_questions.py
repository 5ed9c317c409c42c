"""What the demonstration asks about its pictures, and the verdicts it must come to, with the codes of all reasons."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime
from pathlib import Path
from typing import Any, Final

import attrs

from certcore.cli import demo_cast, files
from certcore.cli.demo_cast import CN_FAILED, CN_REVOKED, CN_VALID, CN_VOID, EU_VALID, SHANGHAI, Cast
from certcore.errors import RejectedInputError
from certcore.payload import InspectionCertificate
from certcore.policy import Expected, Policy
from certcore.qr.read import MAX_BYTES as MAX_PICTURE_BYTES
from certcore.testing import FixedClock
from certcore.trust import TrustList
from certcore.verdict import Outcome, Verdict
from certcore.verify import Verifier

_NOTE: Final = "test-environment"
_LOSS: Final = datetime(2027, 8, 14, 14, 30, tzinfo=SHANGHAI)


@attrs.frozen(kw_only=True)
class Row:
    """One question about one picture.

    Attributes:
        about: what it shows, in a few words.
        picture: the picture's name, without its suffix.
        as_of: the moment asked about.
        seen: the vehicle that was seen, as the certificate of that vehicle states it.
        outcome: what it must come to.
        reasons: the codes it must give, all of them.
    """

    about: str
    picture: str
    as_of: datetime | date
    seen: InspectionCertificate
    outcome: Outcome
    reasons: tuple[str, ...]


def _row(about: str, picture: str, as_of: datetime | date, seen: InspectionCertificate, *expected: str) -> Row:
    """A row in one line: the outcome comes first among what is expected."""
    outcome, *codes = expected
    return Row(about=about, picture=picture, as_of=as_of, seen=seen, outcome=Outcome(outcome), reasons=tuple(codes))


_V, _I, _U = (outcome.value for outcome in Outcome)
ROWS: Final = (
    _row("in force", "cn-valid", _LOSS, CN_VALID, _V, _NOTE),
    _row("last valid day", "cn-valid", date(2027, 9, 30), CN_VALID, _V, _NOTE),
    _row("the day after", "cn-valid", date(2027, 10, 1), CN_VALID, _I, "expired-on-date", _NOTE),
    _row("another vehicle", "cn-valid", _LOSS, CN_REVOKED, _I, "plate-mismatch", "vin-mismatch", _NOTE),
    _row("not yet revoked", "cn-revoked", date(2027, 5, 20), CN_REVOKED, _V, _NOTE, "revoked-after-event"),
    _row("revoked by then", "cn-revoked", _LOSS, CN_REVOKED, _I, "revoked-before-event", _NOTE),
    _row("never good", "cn-void", date(2027, 5, 20), CN_VOID, _I, "void-from-start", _NOTE),
    _row("not passed", "cn-failed", date(2026, 10, 20), CN_FAILED, _I, "result-not-pass", _NOTE),
    _row("plate altered", "cn-tampered", _LOSS, CN_VALID, _I, "signature-invalid"),
    _row("unknown key", "cn-unknown-key", _LOSS, CN_VALID, _I, "key-unknown"),
    _row("in force", "eu-valid", _LOSS, EU_VALID, _V, _NOTE),
    _row("no code in it", "no-code", _LOSS, CN_VALID, _U, "no-certificate"),
)
"""What is asked, and what the answer must be."""


@attrs.frozen
class Answer:
    """A question and the verdict it came to."""

    row: Row
    verdict: Verdict

    @property
    def is_expected(self) -> bool:
        """Whether outcome and reasons are the expected ones."""
        codes = tuple(reason.code for reason in self.verdict.reasons)
        return (self.row.outcome, self.row.reasons) == (self.verdict.outcome, codes)

    def to_dict(self) -> dict[str, Any]:
        """The row as JSON types."""
        plate, vin = demo_cast.seen(self.row.seen)
        return {
            "about": self.row.about,
            "picture": f"{self.row.picture}.png",
            "as_of": self.row.as_of.isoformat(),
            "expect": {"registration_number": plate, "vin": vin},
            "expected": {"outcome": self.row.outcome.value, "reasons": list(self.row.reasons)},
            "is_expected": self.is_expected,
            "verdict": self.verdict.to_dict(),
        }


def judge(cast: Cast, trust: TrustList, pictures: Path) -> list[Answer]:
    """Read every picture back from its file, and ask.

    Raises:
        RejectedInputError: ``no-decoder``; pictures cannot be read here.
    """
    verifier = Verifier(
        trust=trust, status=cast.register, policy=Policy.claims(), clock=FixedClock(demo_cast.EVALUATED_AT)
    )
    answers = [Answer(row, _ask(verifier.verify_image, row, pictures)) for row in ROWS]
    if any("no-decoder" in answer.verdict for answer in answers):
        raise RejectedInputError("no-decoder", "Reading pictures needs the scan extra: pip install 'certcore[scan]'")
    return answers


def _ask(verify_image: Callable[..., Verdict], row: Row, pictures: Path) -> Verdict:
    plate, vin = demo_cast.seen(row.seen)
    data = files.read_bytes(pictures / f"{row.picture}.png", limit=MAX_PICTURE_BYTES)
    return verify_image(data, as_of=row.as_of, expect=Expected(registration_number=plate, vin=vin))
