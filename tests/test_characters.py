"""Which characters a text may hold: by the ranges that format.md states, the same on every version of Python."""

from __future__ import annotations

import re
import unicodedata
from datetime import UTC, date, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import attrs
import pytest

from certcore import Basis, InspectionCertificate, LocalSigner, Policy, Result, StatusRef, _cbor, cose, payload
from certcore.errors import RejectedInputError
from certcore.issue import Issuer
from certcore.payload import Deficiency
from certcore.proofs import receipts
from certcore.register.access import Principal
from certcore.status import StatusEvent, StatusEventKind
from certcore.status.eventlist import issue_events
from certcore.trust import KeyUsage, TrustedKey
from certcore.vocabulary import _unicode14
from certcore.vocabulary import _written as written
from certcore.vocabulary._characters import INVISIBLE, NEVER, SPACES, is_text
from certcore.vocabulary._plates import issued_registration_number
from certcore.vocabulary._vins import issued_chassis_number

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

NOW: Final = datetime(2026, 9, 25, 7, tzinfo=UTC)
CERTIFICATE: Final = InspectionCertificate(
    registration_number="闽C12345",
    country="CN",
    vin="ABC-1",
    valid_until=date(2027, 9, 30),
    basis=Basis.INSPECTED,
    result=Result.PASS,
    authority="闽C",
    status=StatusRef(list=1, index=2),
    issued_at=NOW,
)
SIGNER: Final = LocalSigner.generate()

LATER: Final = ("\U0002ebf0", "\ua7cb", "\U000105c9", "\U0001fadf", "\u0378", "\U000323b0", "\U0003fffd")
"""Characters of Unicode 15.1 and 16, and code points that are assigned in none of them."""

REFUSED: Final = (
    "\0", "\x1b", "\x7f", "\x85", "\xad", "\u2028", "\u202e", "\u200b", "\u061c", "\u0600", "\ufeff", "\ue000",
    "\ufdd0", "\uffff", "\U0001fffe", "\U000e0041", "\U000f0000", "\U0010ffff", "\U00013439", "\u2065", "\ud800",
)  # fmt: skip
"""One or more of each kind that no text holds; U+13439 was assigned after Unicode 14."""


def _certificate(name: str, text: str) -> object:
    changes: dict[str, Any] = {name: text}
    return attrs.evolve(CERTIFICATE, **changes)


def _receipt(text: str) -> object:
    certificate = Issuer(signer=LocalSigner.generate(), country="CN").issue(CERTIFICATE)
    return receipts.issue_receipt(certificate, signer=SIGNER, issuer=text, issued_at=NOW)


def _event(text: str) -> object:
    event = StatusEvent(kind=StatusEventKind.REVOKED, effective_at=NOW, recorded_at=NOW, reason=text)
    end = NOW + timedelta(days=1)
    return issue_events(
        {1: [event]}, uri="https://example.org/1", signer=SIGNER, history_from=NOW, issued_at=NOW, expires_at=end
    )


def _trusted_key(text: str) -> object:
    return TrustedKey(
        public_key=SIGNER.public_key,
        usage=KeyUsage.CERTIFICATE,
        authorities=[text],
        not_before=NOW,
        not_after=NOW + timedelta(days=1),
    )


PLACES: Final[dict[str, Callable[[str], object]]] = {
    **{
        name: partial(_certificate, name)
        for name in (
            "authority", "test_place", "inspector", "document_number", "issuer", "usage", "vehicle_category",
            "registration_number", "vin",
        )
    },
    "deficiency": lambda text: Deficiency(code=text, severity=Result.MINOR),
    "trust list": _trusted_key,
    "reason of an event": _event,
    "policy": lambda text: attrs.evolve(Policy.claims(), name=text),
    "principal": lambda text: Principal(text, set()),
    "receipt": _receipt,
}  # fmt: skip


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("character", LATER, ids=ascii)
def test_what_is_not_assigned_yet_passes(place: str, character: str) -> None:
    """A letter of a later Unicode version is a letter, on whatever Python."""
    PLACES[place](f"村{character}")


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("character", REFUSED, ids=ascii)
def test_what_no_text_holds_is_refused(place: str, character: str) -> None:
    """Controls, separators, format characters, surrogates, private use and noncharacters; by every document alike."""
    with pytest.raises((ValueError, RejectedInputError)):
        PLACES[place](f"A{character}1")


@pytest.mark.parametrize("character", LATER, ids=ascii)
def test_a_certificate_is_read_as_it_was_issued(character: str) -> None:
    """What one Python issues another one reads: nothing of it depends on their tables."""
    stated = attrs.evolve(
        CERTIFICATE, registration_number=f"A{character}1", vin=f"B{character}2", test_place=f"{character}村"
    )
    assert stated == payload.decode(payload.encode(stated))
    assert (f"A{character}1", f"B{character}2") == (stated.registration_number, stated.vin)


def _rows() -> Iterator[tuple[str, set[int]]]:
    """Where the page says that what is refused."""
    page = Path("docs/reference/format.md").read_text(encoding="utf-8").partition("<!-- characters -->")[2]
    for line in page.partition("\n\n**")[0].splitlines()[4:]:
        where, what, ranges = (cell.strip() for cell in line.strip("|").split("|"))
        found = {
            code
            for first, last in re.findall(r"U\+([0-9A-F]+)(?:–U\+([0-9A-F]+))?", ranges)
            for code in range(int(first, 16), int(last or first, 16) + 1)
        }
        if what == "noncharacters":
            found |= {(plane << 16) + end for plane in range(15) for end in (0xFFFE, 0xFFFF)}
        yield where, found


def test_the_page_states_the_ranges() -> None:
    """format.md refuses exactly what the library refuses, code point by code point."""
    stated: dict[str, set[int]] = {"every text": set(), "texts other than numbers": set()}
    for where, codes in _rows():
        stated[where] = stated.get(where, set()) | codes
    everywhere, spaces, marks = stated.values()
    matched = {
        ranges: {code for code in range(0x110000) if re.match(f"[{ranges}]", chr(code))}
        for ranges in (NEVER, SPACES, INVISIBLE)
    }
    assert (everywhere, spaces) == (matched[NEVER], matched[SPACES])
    assert everywhere | marks == matched[NEVER] | matched[INVISIBLE]


def test_the_ranges_are_what_unicode_calls_not_printable() -> None:
    """Of what Unicode 14 assigns, the ranges refuse what Python calls not printable, and nothing else."""
    for code in range(0x110000):
        character = chr(code)
        if unicodedata.ucd_3_2_0.category(character) != "Cn":
            assert is_text(character) == (character.isprintable()), hex(code)


def test_only_text_is_text() -> None:
    """Neither bytes nor nothing, neither empty nor too long."""
    assert [False] * 4 == [is_text(b"a"), is_text(None), is_text(""), is_text("abc", 2)]
    assert is_text("ab", 2)


@pytest.mark.parametrize("letter", ["\u0264", "\u019b", "\ua7db", "\U00010d70"], ids=ascii)
def test_upper_case_is_that_of_unicode_14(letter: str) -> None:
    """Letters that were given an upper case in Unicode 16 have none here, so that no certificate becomes malformed."""
    assert (letter, letter) == (written.fold_case(letter), issued_chassis_number(letter))
    assert payload.decode(payload.encode(attrs.evolve(CERTIFICATE, vin=f"A-{letter}"))).vin == f"A-{letter}"


@pytest.mark.parametrize("text", ["\U000105d2\u0307", "\U00016121\U00016121", "a\u0897\u0301"], ids=ascii)
def test_normalisation_is_that_of_unicode_14(text: str) -> None:
    """What Unicode 16 composes or reorders stays as it was issued."""
    assert text == issued_registration_number(text)


@pytest.mark.parametrize("number", ["abc-1", "AB-ß", "A\u0301B", " AB-1", "AB-1\u3000", "-·-"], ids=ascii)
def test_the_reader_refuses_other_writings_of_a_number(number: str) -> None:
    """A chassis number in lower case, not in NFC, or with outer space is malformed, as format.md says."""
    wire = payload.encode(attrs.evolve(CERTIFICATE, vin="ABC-1"))
    claims = _cbor.decode(wire, max_bytes=cose.MAX_CERTIFICATE_BYTES)
    claims[-65537][2] = number
    with pytest.raises(RejectedInputError) as caught:
        payload.decode(_cbor.encode(claims))
    assert ("malformed", "vin") == (caught.value.code, dict(caught.value.detail)["field"])


def _ranges_hold(ranges: str) -> Callable[[str], bool]:
    pattern = re.compile(f"[{ranges}]")
    return lambda character: pattern.match(character) is not None


@pytest.mark.skipif(unicodedata.unidata_version != "14.0.0", reason="made from the tables of Unicode 14.0, Python 3.11")
def test_the_tables_are_those_of_unicode_14() -> None:
    """Every character that has an upper case, is normalised, is a digit or cased stands in its table; no unassigned."""
    normalised, lower, cased, digit = map(
        _ranges_hold, (_unicode14.NORMALISED, _unicode14.LOWER, _unicode14.CASED, _unicode14.DIGITS)
    )
    for code in (code for code in range(0x110000) if not 0xD800 <= code <= 0xDFFF):
        character = chr(code)
        changes = unicodedata.normalize("NFKC", character) != character or unicodedata.combining(character)
        assert normalised(character) or not changes, hex(code)
        assert lower(character) or character.upper() == character, hex(code)
        assert cased(character) or not character.isupper(), hex(code)
        is_kept = written.normalise(character) == character
        assert character.isupper() or not (is_kept and cased(character)), hex(code)
        assert digit(character) == character.isdecimal(), hex(code)
        if unicodedata.category(character) == "Cn":
            assert not any(holds(character) for holds in (normalised, lower, cased)), hex(code)
        elif lower(character) and character.upper() == character:
            assert character.isupper(), hex(code)
