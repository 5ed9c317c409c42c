"""What a caller cannot mean: impossible policies, an expected vehicle of spaces, moments without a zone.

Each is refused at once, with a sentence that says what is wrong, and never half-believed.
"""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Callable, Iterable
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any, Final

import attrs
import pytest

from certcore import (
    AsyncVerifier,
    Expected,
    Need,
    Policy,
    PublicKey,
    StatusRef,
    TrustList,
    TrustRoot,
    Verifier,
    armor,
    cose,
    vocabulary,
)
from certcore.bulk import BulkQuestion, verify_files, verify_many
from certcore.errors import RejectedInputError
from certcore.status import MemoryStatusBackend, SnapshotStatusBackend, StatusQuery, VehicleQuery
from certcore.status.http import HTTPTuning
from certcore.status.tokenlist import open_events, open_token
from certcore.trust import Environment, read_unverified
from certcore.vocabulary import _plates, _vins
from tests.status.http_cases import SIGNER as LIST_SIGNER
from tests.status.http_cases import signed_list
from tests.verify_cases import (
    NOW,
    PLATE,
    SEEN,
    SIGNER,
    TEXT,
    TRUST,
    TRUST_ROOT,
    VIN,
    certificate,
    registered,
    trusted_issuer,
    trusted_key,
    verifier,
)

HOUR: Final = timedelta(hours=1)
INTERNALS: Final = (
    "codec",
    "NoneType",
    "has no attribute",
    "CBOR",
    "iterable",
    "unsupported operand",
    "not supported",
    "encoding",
)
"""Words of Python's own, and of the floors below, that tell a caller nothing."""


@pytest.mark.parametrize(
    "change",
    [
        {"name": ""},
        {"name": " \t\n"},
        {"name": "\ud800"},
        {"name": 5},
        {"status": "sometimes"},
        {"status": None},
        {"vehicle": 1},
        {"binding": ["colour"]},
        {"binding": "colour"},
        {"status": Need.NOT_USED, "vehicle": Need.NOT_USED, "binding": ()},
        {"max_status_age": -HOUR},
        {"max_status_age": timedelta.max},
        {"max_status_age": 3600},
        {"max_trust_age": -HOUR},
        {"max_trust_age": "7d"},
        {"note_trust_age": timedelta(days=8)},
        {"note_trust_age": -HOUR},
        {"clock_skew": -HOUR},
        {"clock_skew": 2 * HOUR},
        {"clock_skew": timedelta.max},
        {"clock_skew": None},
        {"live_replaces_status": "no"},
        {"live_replaces_status": None},
        {"stop_flags": [5]},
        {"stop_flags": [""]},
        {"time_stamp_authorities": [b""]},
        {"time_stamp_authorities": [b"no certificate"]},
        {"time_stamp_authorities": ["text"]},
        {"seal_keys": ["text"]},
        {"seal_keys": [b"bytes"]},
    ],
    ids=str,
)
def test_impossible_policies(change: dict[str, Any]) -> None:
    """A policy that contradicts itself, asks for nothing or is not of its types is refused in words about policies."""
    with pytest.raises((ValueError, TypeError)) as caught:
        attrs.evolve(Policy.claims(), **({"name": "changed"} | change))

    assert type(caught.value) in {ValueError, TypeError}
    assert [] == [word for word in INTERNALS if word in str(caught.value)]


@pytest.mark.parametrize(
    "given",
    [
        {"registration_number": " "},
        {"registration_number": "\t\n"},
        {"registration_number": "\u3000"},
        {"registration_number": "·-. "},
        {"registration_number": ""},
        {"registration_number": "\u200b"},
        {"vin": " " * 17},
        {"vin": ""},
        {"vin": "\u3000" * 8},
        {"vin": "-" * 17},
        {"vin": "12345"},
        {"country": "  "},
        {"country": ""},
        {"country": "C"},
        {"country": "中国"},
        {"plate_type": -1},
        {"plate_type": True},
        {"plate_type": 2.0},
        {"plate_type": "2"},
        {"plate_type": 1 << 40},
    ],
    ids=ascii,
)
def test_an_expected_vehicle_of_spaces(given: dict[str, Any]) -> None:
    """A plate, VIN or country that says nothing is refused; it is neither a match nor an empty question."""
    with pytest.raises(ValueError, match=r"registration number|VIN|country|plate type") as caught:
        Expected(**given)

    assert [] == [word for word in INTERNALS if word in str(caught.value)]


def test_spaces_around_it_are_no_mistake() -> None:
    """What was copied with spaces around it is what was meant."""
    copied = Expected(registration_number=f" {PLATE} ", vin=f"  {VIN}\n", country=" cn ")

    assert verifier(registered()).verify(TEXT, as_of=NOW, expect=copied)


def test_nothing_expected_is_said_by_leaving_it_out() -> None:
    """No expectation and an empty one are the same question."""
    asking = verifier(registered())

    assert asking.verify(TEXT, as_of=NOW).id == asking.verify(TEXT, as_of=NOW, expect=Expected()).id
    assert asking.verify(TEXT, as_of=NOW).id != asking.verify(TEXT, as_of=NOW, expect=SEEN).id


NAIVE: Final = datetime(2026, 9, 1, 10, 30)  # noqa: DTZ001  the mistake under test


@pytest.mark.parametrize("given", [{"as_of": NAIVE}, {"known_at": NAIVE}, {"as_of": NAIVE.replace(fold=1)}], ids=str)
def test_moments_without_a_zone(given: dict[str, Any]) -> None:
    """A naive datetime is another instant on every machine: refused, with the name of what it was given for."""
    (name,) = given

    with pytest.raises(ValueError, match=f"^{name}: .*time zone"):
        verifier(registered()).verify(TEXT, **({"as_of": NOW} | given))


def test_a_naive_clock() -> None:
    """A clock without a zone is refused as a clock's."""
    with pytest.raises(ValueError, match=r"^the clock's time: .*time zone"):
        verifier(registered(), at=NAIVE).verify(TEXT, as_of=date(2026, 9, 1))


MARKS: Final = "A" + "\u0301\u0327" * 32_000
"""Combining marks out of their order, which take time that grows with the square of their number to sort."""


def _verdict(**asked: Any) -> Any:  # noqa: ANN401  a verdict, if there were one
    return verifier(registered()).check_vehicle(as_of=NOW, **asked)


def _later(**asked: Any) -> Any:  # noqa: ANN401  as above
    asker = AsyncVerifier(trust=TRUST, status=None, policy=Policy.claims())
    return asyncio.run(asker.check_vehicle(as_of=NOW, **asked))


DOORS: Final[dict[str, Callable[[str], object]]] = {
    "expected number": lambda text: Expected(registration_number=text),
    "expected VIN": lambda text: Expected(vin=text),
    "expected country": lambda text: Expected(country=text),
    "vehicle by number": lambda text: _verdict(registration_number=text, country="CN"),
    "vehicle by VIN": lambda text: _verdict(vin=text),
    "vehicle by country": lambda text: _verdict(vin=VIN, country=text),
    "later by number": lambda text: _later(registration_number=text, country="CN"),
    "later by VIN": lambda text: _later(vin=text),
    "later by country": lambda text: _later(vin=VIN, country=text),
    "certificate's number": lambda text: certificate(registration_number=text),
    "certificate's VIN": lambda text: certificate(vin=text),
    "certificate's authority": lambda text: certificate(authority=text),
    "certificate's country": lambda text: certificate(country=text),
    "certificate's document number": lambda text: certificate(document_number=text),
    "normalise_registration_number": vocabulary.normalise_registration_number,
    "normalise_vin": vocabulary.normalise_vin,
    "groups": _plates.registration_number_groups,
    "same number": lambda text: vocabulary.same_registration_number(text, PLATE),
    "same other number": lambda text: vocabulary.same_registration_number(PLATE, text),
    "looks like": lambda text: _plates.looks_like_registration_number(text, PLATE),
    "classify": lambda text: _plates.classify_registration_number(text, "CN"),
    "issued number": _plates.issued_registration_number,
    "issued chassis number": _vins.issued_chassis_number,
    "same VIN": lambda text: vocabulary.same_vin(text, VIN),
    "same other VIN": lambda text: vocabulary.same_vin(VIN, text),
    "memory's number": lambda text: MemoryStatusBackend().lookup_vehicle(
        VehicleQuery(registration_number=text, country="CN", as_of=NOW, asked_at=NOW)
    ),
    "memory's VIN": lambda text: MemoryStatusBackend().lookup_vehicle(VehicleQuery(vin=text, as_of=NOW, asked_at=NOW)),
}


@pytest.mark.parametrize("door", DOORS)
@pytest.mark.parametrize(
    "text", [MARKS, MARKS * 20, "\u1100" * 300, "A" * 10_000_000], ids=["marks", "more", "wide", "long"]
)
def test_no_text_is_normalised_before_it_is_measured(door: str, text: str) -> None:
    """Every text that somebody gives has a limit, at every door; its cost is that of looking at its length."""
    with pytest.raises(ValueError, match=r"\w") as caught:
        DOORS[door](text)

    assert "\u0301" not in str(caught.value)
    assert len(str(caught.value)) < 200


@pytest.mark.parametrize("door", [door for door in DOORS if "memory" not in door])
@pytest.mark.parametrize("wrong", [5, b"bytes", ["A"], object()], ids=lambda wrong: type(wrong).__name__)
def test_text_is_text(door: str, wrong: Any) -> None:  # noqa: ANN401  whatever a caller gives
    """Anything but text is a TypeError, or a ValueError of a certificate's fields; never a verdict."""
    with pytest.raises((TypeError, ValueError)) as caught:
        DOORS[door](wrong)

    assert type(caught.value) in {TypeError, ValueError}


LONG_NAME: Final = "闽" * 300
"""A name that is too long for any file system."""

DOCUMENT_DOORS: Final[dict[str, Callable[[Any], object]]] = {
    "trust list": lambda given: TrustList.open(given, root=TRUST_ROOT),
    "trust list of then": lambda given: TrustList.open_archived(given, root=TRUST_ROOT),
    "trust list, unchecked": read_unverified,
    "root": TrustRoot.from_document,
    "next root": TRUST_ROOT.rotate,
    "signed message": lambda given: cose.open_sign1(given, keys=[]),
    "payload": lambda given: cose.sign1(given, signer=SIGNER),
    "added bytes": lambda given: cose.sign1(b"", signer=SIGNER, external_aad=given),
    "added bytes of others": lambda given: cose.open_sign1(b"", keys=[], external_aad=given),
    "status list": lambda given: open_token(given, uri="https://a.example/1", keys=[], now=None),
    "events": lambda given: open_events(given, uri="https://a.example/1", keys=[], now=None),
    "key": PublicKey.from_pem,
}


@pytest.mark.parametrize("door", DOCUMENT_DOORS)
@pytest.mark.parametrize("wrong", [None, "text", 5, Path("list.cbor")], ids=lambda wrong: type(wrong).__name__)
def test_a_document_is_bytes(door: str, wrong: object) -> None:
    """A path, a text or nothing at all in place of a document is said to be none, in words about documents."""
    with pytest.raises(TypeError, match=rf"bytes, not {type(wrong).__name__}$"):
        DOCUMENT_DOORS[door](wrong)


@pytest.mark.parametrize("wrong", [None, b"VIC1:", 5, bytearray(b"VIC1:")], ids=lambda wrong: type(wrong).__name__)
@pytest.mark.parametrize("door", [armor.decode, armor.base45_decode])
def test_a_certificates_text_is_text(door: Callable[[Any], object], wrong: object) -> None:
    """So is a text that is none, at the doors below the verifier's."""
    with pytest.raises(TypeError, match=rf"is a str, not {type(wrong).__name__}$"):
        door(wrong)


@pytest.mark.parametrize("kind", [Verifier, AsyncVerifier])
@pytest.mark.parametrize(
    "wrong",
    [{"policy": Policy.claims}, {"policy": "claims"}, {"trust": TRUST.to_bytes()}, {"trust": None}],
    ids=["policy not made", "policy's name", "list not opened", "no list"],
)
def test_a_verifier_has_a_policy_and_a_trust_list(kind: Any, wrong: dict[str, Any]) -> None:  # noqa: ANN401  either one
    """A policy's maker that was not called, or a list that was not opened, is found where the verifier is made."""
    with pytest.raises(TypeError, match=r"^a verifier has a (Policy|TrustList), not "):
        kind(**({"trust": TRUST, "status": None, "policy": Policy.claims()} | wrong))


@pytest.mark.parametrize(
    "one_text",
    [
        lambda: trusted_key(SIGNER, authorities="闽*"),
        lambda: trusted_issuer(trusted_key(SIGNER), countries="DE"),
        lambda: trusted_issuer(trusted_key(SIGNER), uri_prefixes="https://a.example/"),
    ],
    ids=["authorities", "countries", "uri_prefixes"],
)
def test_one_text_is_not_several(one_text: Callable[[], object]) -> None:
    """The letters of a text are not taken for texts: with ``闽*`` a key would sign for everybody."""
    with pytest.raises(TypeError, match="several texts"):
        one_text()


def test_a_list_is_for_an_environment() -> None:
    """Its name does; anything else is refused where the list is made, and not when it is signed."""
    contents = attrs.evolve(TRUST.contents, environment="test")

    assert contents.environment is Environment.TEST
    for wrong in (None, "nowhere", 1):
        with pytest.raises(ValueError, match="Environment"):
            attrs.evolve(contents, environment=wrong)


@pytest.mark.parametrize("most", [sys.maxsize, 1 << 70])
def test_no_limit_at_all_is_a_limit(most: int) -> None:
    """The largest number there is stands for no limit, and a list is read under it."""
    document = signed_list("https://a.example/1", issued_at=NOW)
    query = StatusQuery(
        issuer="CN",
        ref=StatusRef(list=1, index=3),
        list_uri="https://a.example/1",
        keys=[LIST_SIGNER.public_key],
        as_of=NOW,
        asked_at=NOW,
    )

    assert SnapshotStatusBackend([document], max_list_bytes=most).lookup(query).observations


@pytest.mark.parametrize("most", [0, -1, 1.5, True, None], ids=str)
def test_a_limit_is_a_whole_number(most: Any) -> None:  # noqa: ANN401  misuse
    """Any other is refused where it is given, not in each look-up."""
    for door in (lambda: SnapshotStatusBackend([], max_list_bytes=most), lambda: HTTPTuning(max_list_bytes=most)):
        with pytest.raises(ValueError, match="whole number"):
            door()


def test_a_folder_that_no_system_can_name() -> None:
    """What the system says of a folder has the code of a folder that cannot be read."""
    with pytest.raises(RejectedInputError) as caught:
        SnapshotStatusBackend.from_folder(LONG_NAME)

    assert "file-unreadable" == caught.value.code


@pytest.mark.parametrize("ref", [None, "12/524287", 5, 1.5], ids=str)
def test_a_certificate_in_memory_has_a_reference(ref: Any) -> None:  # noqa: ANN401  misuse
    """A reference as text, or none, names no certificate."""
    register = MemoryStatusBackend()
    for door in (register.register, lambda ref: register.revoke(ref, at=NOW, effective_at=NOW)):
        with pytest.raises(TypeError, match="reference"):
            door(ref)


@pytest.mark.parametrize("wrong", [{"valid_until": NOW}, {"valid_from": NOW}, {"valid_until": "2027-09-30"}], ids=str)
def test_a_vehicle_in_memory_has_days(wrong: dict[str, Any]) -> None:
    """An instant, or a text, is no civil day: told where it is given, not when the vehicle is looked up."""
    with pytest.raises(TypeError, match="civil day"):
        MemoryStatusBackend().register_vehicle(registration_number=PLATE, country="CN", **wrong)


def test_a_vehicle_in_memory_has_flags() -> None:
    """So is a letter in place of a flag."""
    letter: Any = "C"

    with pytest.raises(TypeError, match="VehicleFlag"):
        MemoryStatusBackend().register_vehicle(letter, registration_number=PLATE, country="CN")


@pytest.mark.parametrize("door", [verify_many, verify_files])
def test_rows_are_judged_by_a_verifier(door: Callable[[Any, list[BulkQuestion]], Iterable[object]]) -> None:
    """One for event loops looks like it, and would have an answer of no use to each row."""
    later = AsyncVerifier(trust=TRUST, status=None, policy=Policy.claims())

    with pytest.raises(TypeError, match="a Verifier, not AsyncVerifier"):
        list(door(later, [BulkQuestion(row=1, text=TEXT, as_of=NOW)]))
