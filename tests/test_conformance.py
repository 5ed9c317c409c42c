"""certcore's own conformance vectors, each run as it is, and the valid ones cut, lengthened and flipped.

A changed text is never VALID, save that ECDSA lets anyone replace s by n - s; that is never the flip of one bit.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature

from certcore import Axis, Outcome, armor
from certcore.reasons import REASONS
from tests.verify_cases import codes, reasons
from tests.verify_vectors import CHANGED, FOLDER, VALID, VECTORS, Vector

FLIPPED = (
    "valid-es256",
    "valid-es384",
    "valid-eddsa",
    "valid-profile-eu",
    "valid-live",
    "valid-reference-standard",
)
"""Texts that have every bit flipped: one of each kind of signature, profile and reference."""

FROM_PICTURES = {
    "several-certificates",
    "image-unreadable",
    "image-too-large",
    "image-format",
    "image-too-many-pages",
    "image-timeout",
    "file-unreadable",
    "pdf-password",
    "no-decoder",
    "no-pdf-decoder",
    "no-heic-decoder",
    "no-decoder-process",
    "code-not-text",
}
"""Reasons that only a picture gives; test_verify_image.py and tests/qr have them."""

FROM_REPLAYS = {"civil-time-differs"}
"""What only a replay of changed evidence gives. tests/evidence/test_report.py has it."""

FROM_CHECK_VEHICLE = {"register-unknown", "vehicle-period-unknown"}
"""Reasons of vehicles for which nobody showed a certificate; a vector shows one. test_check_vehicle.py has them."""

ORDER_OF_P256 = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551


def each(vectors: tuple[Vector, ...]) -> list[object]:
    """The vectors as parameters, named after their files."""
    return [pytest.param(vector, id=vector.name) for vector in vectors]


@pytest.mark.parametrize("vector", each(VECTORS))
def test_outcome_and_reasons(vector: Vector) -> None:
    """A vector comes to its outcome by exactly its reasons."""
    verdict = vector.verify()

    assert set(vector.reasons) == reasons(verdict)
    assert vector.outcome == verdict.outcome.value
    assert vector.degraded == verdict.degraded
    if vector.in_force is not None:
        assert vector.in_force == tuple((interval.start_at, interval.end_at) for interval in verdict.in_force)


@pytest.mark.parametrize("vector", each(VECTORS))
def test_unauthentic_is_one_reason_and_no_certificate(vector: Vector) -> None:
    """Where authenticity does not pass, that axis alone is reported, and nothing of the certificate is shown."""
    verdict = vector.verify()
    authentic = all(REASONS[code].axis is not Axis.AUTHENTICITY or effect == "notes" for code, effect in vector.reasons)

    assert authentic == (verdict.certificate is not None)
    assert authentic == (verdict.issuer is not None)
    assert authentic or [Axis.AUTHENTICITY] == [reason.axis for reason in verdict.reasons]


def test_there_are_enough_and_all_are_read() -> None:
    """Every file lies in the folder of its outcome under its own name, and the table is well covered."""
    paths = sorted(FOLDER.glob("**/*.json"))

    assert [(path.parent.name, path.stem) for path in paths] == [(vector.folder, vector.name) for vector in VECTORS]
    assert len(paths) >= 80


def test_what_changed_is_there() -> None:
    """What is said of changed vectors is said of files that are there, once, with its rule."""
    named = [name for change in CHANGED for name in change["vectors"]]

    assert len(named) == len(set(named))
    assert set() == set(named) - {vector.name for vector in VECTORS}
    assert all(change["rule"] for change in CHANGED)


def test_every_reason_has_a_vector() -> None:
    """Every reason that a text and two registers can give stands in a vector, with each effect it may have."""
    covered = {pair for vector in VECTORS for pair in vector.reasons}
    table = {
        (code, effect.value)
        for code, meaning in REASONS.items()
        if code not in FROM_PICTURES | FROM_CHECK_VEHICLE | FROM_REPLAYS
        for effect in meaning.effects
    }

    assert table == covered


@pytest.mark.parametrize("vector", each(VALID))
def test_every_prefix(vector: Vector) -> None:
    """A valid text that lacks its end is never valid, and always gets a verdict."""
    outcomes = {vector.verify(vector.text[:length]).outcome for length in range(len(vector.text))}

    assert Outcome.VALID not in outcomes


@pytest.mark.parametrize("vector", each(VALID))
def test_one_character_more(vector: Vector) -> None:
    """A valid text with one character more, other than a line end, is never valid."""
    for character in "0Z :\t\0\u00a0\u2028é":
        for text in (vector.text + character, character + vector.text):
            assert Outcome.VALID is not vector.verify(text).outcome, ascii(character)


@pytest.mark.parametrize("vector", each(VALID))
def test_one_byte_more(vector: Vector) -> None:
    """A valid certificate with one byte more at its end is malformed."""
    data = armor.decode(vector.text)

    for byte in (0, 0x40, 0xF6, 0xFF):
        assert ["malformed"] == codes(vector.verify(armor.encode(data + bytes([byte]))))


def flipped(data: bytes) -> Iterator[bytes]:
    """The data with one bit changed, for every bit; and with every byte turned over."""
    for place in range(len(data)):
        for mask in (1, 2, 4, 8, 16, 32, 64, 128, 255):
            yield data[:place] + bytes([data[place] ^ mask]) + data[place + 1 :]


@pytest.mark.slow
@pytest.mark.parametrize("vector", each(tuple(vector for vector in VALID if vector.name in FLIPPED)))
def test_every_bit_flipped(vector: Vector) -> None:
    """No valid certificate stays valid with a bit or a byte of it changed, and there is always a verdict."""
    data = armor.decode(vector.text)

    valid = [changed for changed in flipped(data) if vector.verify(armor.encode(changed))]

    assert [] == valid


def test_texts_to_flip_are_there() -> None:
    """Each text named above is a valid vector."""
    assert set(FLIPPED) <= {vector.name for vector in VALID}


def test_the_other_signature_of_ecdsa() -> None:
    """Replacing s by n - s is the one change that anyone can make: certificate and outcome stay, the id does not."""
    vector = next(vector for vector in VALID if vector.name == "valid-es256")
    data = armor.decode(vector.text)
    r, s = int.from_bytes(data[-64:-32], "big"), int.from_bytes(data[-32:], "big")
    other = data[:-32] + (ORDER_OF_P256 - s).to_bytes(32, "big")
    assert encode_dss_signature(r, s)  # both are numbers that a signature may have

    verdict = vector.verify(armor.encode(other))

    assert vector.outcome == verdict.outcome.value
    assert vector.verify().certificate == verdict.certificate
    assert vector.verify().id != verdict.id
