"""`verify_image` and `verify_all`: one certificate, none, several, codes beside it, and pictures that are none."""

from __future__ import annotations

import os
import subprocess
import sys
import zlib
from collections.abc import Iterator
from datetime import datetime, timedelta
from io import BytesIO
from pathlib import Path
from typing import Any, Final

import attrs
import pytest

from certcore import Outcome, Verdict, qr
from tests.verify_cases import LOSS, NOW, SEEN, TEXT, Answers, certificate, codes, reasons, registered, seal, verifier

Image = pytest.importorskip("PIL.Image", reason="Pillow is not installed (certcore[scan])")
if not any(decoder.available for decoder in qr.decoders()):
    pytest.skip("no decoder is installed (certcore[scan])", allow_module_level=True)

OTHER: Final = seal(certificate(registration_number="京A·99999"))
FORGED: Final = TEXT[:-6] + ("000000" if TEXT[-6:] != "000000" else "111111")
EU: Final = "HC1:6BFOXN"


def png(*texts: str | bytes, gap: int = 40) -> bytes:
    """A white picture with a code for each text, side by side."""
    codes_ = [Image.open(BytesIO(drawn(text))).convert("L") for text in texts]
    width = sum(code.width for code in codes_) + gap * (len(codes_) + 1)
    height = max((code.height for code in codes_), default=60) + 2 * gap
    sheet = Image.new("L", (width, height), 255)
    x = gap
    for code in codes_:
        sheet.paste(code, (x, gap))
        x += code.width + gap
    out = BytesIO()
    sheet.save(out, "PNG")
    return out.getvalue()


def drawn(text: str | bytes) -> bytes:
    """One code; bytes make a code that holds no text."""
    if isinstance(text, str):
        return qr.to_png(text, scale=4)
    segno = pytest.importorskip("segno")
    out = BytesIO()
    segno.make_qr(text, mode="byte").save(out, kind="png", scale=4)
    return out.getvalue()


def ask(picture: Any, **changes: Any) -> Verdict:  # noqa: ANN401  anything that may be a picture
    """The usual question about a picture."""
    return verifier(registered()).verify_image(picture, **(dict[str, Any](as_of=LOSS, expect=SEEN) | changes))


def ask_all(picture: Any) -> tuple[Verdict, ...]:  # noqa: ANN401  as above
    """The same about all that is in it."""
    return verifier(registered()).verify_all(picture, as_of=LOSS, expect=SEEN)


def test_one() -> None:
    """The one certificate in a picture is verified as its text is."""
    verdict = ask(png(TEXT))

    assert verifier(registered()).verify(TEXT, as_of=LOSS, expect=SEEN).to_json() == verdict.to_json()
    assert [verdict.to_json()] == [one.to_json() for one in ask_all(png(TEXT))]


def test_in_any_form(tmp_path: Path) -> None:
    """A picture may be bytes, a path as text or not, an open file or a Pillow image."""
    data = png(TEXT)
    path = tmp_path / "photo.png"
    path.write_bytes(data)

    with path.open("rb") as file:
        for picture in (data, path, str(path), BytesIO(data), file, Image.open(BytesIO(data))):
            assert Outcome.VALID is ask(picture).outcome


def test_none() -> None:
    """A picture without any code holds no certificate, which decides nothing."""
    assert {("no-certificate", "blocks")} == reasons(ask(png()))
    assert [["no-certificate"]] == [codes(one) for one in ask_all(png())]


@pytest.mark.parametrize("text", [EU, "https://example.org/", "VC1-abc", "12345", "vic1:" + TEXT[5:]])
def test_foreign_alone(text: str) -> None:
    """Somebody else's code is told apart from no code."""
    assert {("foreign-format", "blocks")} == reasons(ask(png(text)))
    assert [["foreign-format"]] == [codes(one) for one in ask_all(png(text))]


def test_beside_a_foreign_code() -> None:
    """Another kind of code beside the certificate is passed over, on whichever side."""
    for texts in ((TEXT, EU), (EU, TEXT), ("https://example.org/", TEXT, EU)):
        assert Outcome.VALID is ask(png(*texts)).outcome
        assert [Outcome.VALID] == [one.outcome for one in ask_all(png(*texts))]


def test_two_different_ones() -> None:
    """Two different certificates are never first-wins: nothing is decided, and nothing is asked."""
    backend = Answers(AssertionError())
    for texts in ((TEXT, OTHER), (OTHER, TEXT), (TEXT, FORGED)):
        verdict = verifier(backend).verify_image(png(*texts), as_of=LOSS, expect=SEEN)
        assert {("several-certificates", "blocks")} == reasons(verdict)
        assert (("count", 2),) == verdict.reasons[0].detail
        assert verdict.certificate is None
    assert [] == backend.asked


def test_all_of_two() -> None:
    """Each is verified, in reading order."""
    assert [[], ["plate-mismatch"]] == [codes(one) for one in ask_all(png(TEXT, OTHER))]
    assert [["plate-mismatch"], []] == [codes(one) for one in ask_all(png(OTHER, TEXT))]
    assert [Outcome.VALID, Outcome.INVALID] == [one.outcome for one in ask_all(png(TEXT, FORGED))]


def test_the_same_one_twice() -> None:
    """The same certificate twice is one certificate."""
    assert Outcome.VALID is ask(png(TEXT, TEXT)).outcome
    assert 1 == len(ask_all(png(TEXT, TEXT)))
    assert 2 == len(ask_all(png(TEXT, OTHER, TEXT)))


def test_the_same_one_with_a_line_end() -> None:
    """A line end behind one of them makes no second certificate, as `verify` drops it."""
    assert Outcome.VALID is ask(png(TEXT, TEXT + "\n")).outcome


def test_a_code_that_holds_no_text() -> None:
    """A code of bytes alone is neither a certificate nor nothing; beside one it is passed over."""
    binary = b"\xff\xfe\x00\x80" * 8

    assert {("code-not-text", "blocks")} == reasons(ask(png(binary)))
    assert Outcome.VALID is ask(png(binary, TEXT)).outcome


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"", "image-unreadable"),
        (b"\x89PNG\r\n\x1a\n", "image-unreadable"),
        (b"not a picture", "image-format"),
        (b"%!PS-Adobe-3.0 EPSF-3.0\n", "image-format"),
        (b"%PDF-1.7", "image-unreadable"),
        (TEXT.encode(), "image-format"),
    ],
)
def test_unreadable_bytes(data: bytes, code: str) -> None:
    """What cannot be read as a picture is a verdict that says so, and decides nothing."""
    assert {(code, "blocks")} == reasons(ask(data))
    assert [[code]] == [codes(one) for one in ask_all(data)]


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    """A path to nothing likewise; the message of the verdict does not hold the path."""
    verdict = ask(tmp_path / "missing.png")

    assert {("file-unreadable", "blocks")} == reasons(verdict)
    assert str(tmp_path) not in verdict.to_json()


def test_a_picture_with_too_many_pixels() -> None:
    """A picture that would take all memory is refused by its size."""
    huge = bytearray(png())
    huge[16:24] = (60_000).to_bytes(4, "big") * 2  # width and height of the header chunk, which ends in its CRC
    huge[29:33] = zlib.crc32(huge[12:29]).to_bytes(4, "big")

    assert {("image-too-large", "blocks")} == reasons(ask(bytes(huge)))


def test_a_cut_picture() -> None:
    """A picture of which the end is missing gets a verdict, and no valid one of its first bytes."""
    data = png(TEXT)

    for length in range(0, len(data), 97):
        assert {("image-unreadable", "blocks"), ("image-format", "blocks")} >= reasons(ask(data[: length or 9]))


@pytest.mark.parametrize("picture", [None, 7, object(), ["photo.png"]])
def test_no_picture_at_all(picture: object) -> None:
    """What is no picture of any kind is a caller's mistake."""
    with pytest.raises(TypeError):
        ask(picture)
    with pytest.raises(TypeError):
        ask_all(picture)


@pytest.mark.parametrize("texts", [(), (EU,), (TEXT,), (TEXT, OTHER)], ids=["none", "foreign", "one", "two"])
@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"as_of": LOSS.replace(tzinfo=None)}, ValueError),
        ({"as_of": "2026-09-01"}, TypeError),
        ({"known_at": NOW + timedelta(days=1)}, ValueError),
    ],
    ids=["naive", "text", "future"],
)
def test_misuse(texts: tuple[str, ...], changes: dict[str, Any], error: type[Exception]) -> None:
    """A caller's mistake is one whatever is in the picture."""
    picture = png(*texts)
    question = {"as_of": LOSS} | changes

    for method in (verifier().verify_image, verifier().verify_all):
        with pytest.raises(error):
            method(picture, **question)


def test_known_at_is_passed_on() -> None:
    """What was knowable then counts for a picture as for a text."""
    backend = registered()
    backend.revoke(certificate().status or b"", at=NOW - timedelta(days=1), effective_at=None)

    asking = verifier(backend)
    then = NOW - timedelta(days=2)
    assert Outcome.VALID is asking.verify_image(png(TEXT), as_of=LOSS, expect=SEEN, known_at=then).outcome
    assert [Outcome.VALID] == [
        one.outcome for one in asking.verify_all(png(TEXT), as_of=LOSS, expect=SEEN, known_at=then)
    ]
    assert Outcome.INVALID is asking.verify_image(png(TEXT), as_of=LOSS, expect=SEEN).outcome


@attrs.define
class Ticking:
    """A clock that moves on by a minute each time it is read."""

    times: Iterator[int] = attrs.field(factory=lambda: iter(range(1000)))

    def __call__(self) -> datetime:
        """A minute later each time."""
        return NOW + next(self.times) * timedelta(minutes=1)


@pytest.mark.parametrize("texts", [(), (EU,), (TEXT,), (TEXT, OTHER)], ids=["none", "foreign", "one", "two"])
def test_the_clock_is_read_once_for_one_verdict(texts: tuple[str, ...]) -> None:
    """One call, one time."""
    clock = Ticking()

    verdict = attrs.evolve(verifier(registered()), clock=clock).verify_image(png(*texts), as_of=LOSS)

    assert NOW == verdict.evaluated_at
    assert 1 == next(clock.times)


def test_the_clock_is_read_once_for_all() -> None:
    """All verdicts of one call are of one time."""
    asking = attrs.evolve(verifier(registered()), clock=Ticking())

    assert {NOW} == {one.evaluated_at for one in asking.verify_all(png(TEXT, OTHER), as_of=LOSS)}


def test_no_decoder(tmp_path: Path) -> None:
    """Without any decoder installed there is a verdict that says so, not an import error."""
    path = tmp_path / "photo.png"
    path.write_bytes(png(TEXT))
    code = (
        "import sys; sys.modules['zxingcpp'] = sys.modules['pyzbar'] = None\n"
        "from tests.verify_cases import LONG_AGO, codes, verifier\n"
        "print(codes(verifier().verify_image(sys.argv[1], as_of=LONG_AGO)))"
    )

    done = subprocess.run(
        [sys.executable, "-c", code, str(path)],
        capture_output=True,
        check=True,
        text=True,
        cwd=Path(__file__).parents[1],
        env={"PYTHONPATH": os.pathsep.join(sys.path)},
    )

    assert "['no-decoder']" == done.stdout.strip()
