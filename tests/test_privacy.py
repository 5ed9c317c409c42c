"""No plate, VIN, key or payload in a log, an exception or a repr: looked for as text, over the whole truth table.

What does name the vehicle, because it is the answer: `Verdict.certificate`'s own fields and `Verdict.to_dict`.
"""

from __future__ import annotations

import asyncio
import logging
import traceback
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any, Final, cast

import attrs
import pytest
from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from certcore import AsyncVerifier, Expected, LocalSigner, Policy, Verdict, Verifier, armor, cose, payload
from certcore.engine import certificate as _engine
from certcore.engine import vehicle as _vehicle_check
from certcore.engine._question import Question, VehicleQuestion
from certcore.errors import NotValidError
from certcore.reasons._meaning import LANGUAGES
from certcore.status import MemoryStatusBackend, StatusQuery, VehicleFlag, VehicleQuery
from certcore.testing import FixedClock
from tests.truth_table.cases import REGISTER_SIGNER, STATUS_SIGNER, Case, cases
from tests.verify_cases import (
    LIVE_SIGNER,
    LOSS,
    NOW,
    PLATE,
    REF,
    ROOT_SIGNER,
    SEEN,
    SIGNER,
    TEXT,
    TRUST,
    VIN,
    Answers,
    certificate,
    registered,
    seal,
)

CASES: Final = cases()
SIGNERS: Final = (SIGNER, LIVE_SIGNER, STATUS_SIGNER, REGISTER_SIGNER, ROOT_SIGNER)
PLATES: Final = ("C12345", "C·12345", "Ｃ 12345", "c-12345", "12345", "12346", "98765", "AB 123", "BAB123")
VINS: Final = ("LSVAA418", "lsvaa418", "LSVAA4I8", "184211", "184212", "2184215", "WVWZZZ", "000123")


def private_words(signer: LocalSigner) -> list[str]:
    """A private key as it might be printed: lines of its PEM, and its number in either base."""
    lines = [line for line in signer.to_pem().decode("ascii").splitlines() if not line.startswith("-")]
    key = load_pem_private_key(signer.to_pem(), None)
    assert isinstance(key, EllipticCurvePrivateKey)
    number = key.private_numbers().private_value
    return [*lines, str(number), f"{number:x}"]


KEYS: Final = tuple(words for signer in SIGNERS for words in private_words(signer))
TEXTS: Final = tuple({case.text[5:25] for case in CASES if case.text is not None and len(case.text) > 25})
PAYLOAD: Final = payload.encode(certificate())
PAYLOADS: Final = (PAYLOAD[4:20].hex(), repr(PAYLOAD[4:20])[2:-1], TEXT[5:25], armor.decode(TEXT)[-40:-8].hex())
SECRETS: Final = (*PLATES, *VINS, *KEYS, *TEXTS, *PAYLOADS)


def told(*shown: object) -> list[str]:
    """The secrets that stand in any of the things as they are printed."""
    texts = [text for thing in shown for text in (repr(thing), str(thing), format(thing, ""))]
    return [secret for secret in SECRETS for text in texts if secret in text]


def reachable(thing: object) -> Iterator[object]:
    """Every object of certcore's that a thing is made of, the private ones among them."""
    seen: set[int] = set()
    left = [thing]
    while left:
        one = left.pop()
        if id(one) in seen:
            continue
        seen.add(id(one))
        if isinstance(one, (tuple, frozenset, list)):
            left += one
        elif type(one).__module__.startswith("certcore") and not isinstance(one, type):
            yield one
            if attrs.has(kind := type(one)):
                left += [getattr(one, field.name) for field in attrs.fields(kind)]


def each() -> list[object]:
    """The rows as parameters."""
    return [pytest.param(case, id=case.name) for case in CASES]


@pytest.mark.parametrize("case", each())
def test_reprs(case: Case) -> None:
    """Nothing that a question or a verdict is made of shows a vehicle, a key or a text, at any depth."""
    verdict = case.ask()
    answers = [one for one in (case.verifier.status, case.verifier.vehicles) if one is not None]
    asked = [query for one in answers for query in cast("Answers", one).asked]

    things = [*reachable(verdict), *reachable(asked), *reachable(case.question.get("expect")), case.verifier]

    assert {type(verdict), Verifier} <= {type(thing) for thing in things}
    assert [] == told(*things, things)


@pytest.mark.parametrize("case", each())
def test_details_and_words(case: Case) -> None:
    """Nor does a reason's detail, or what is explained in words."""
    verdict = case.ask()

    assert [] == told(verdict.reasons, *(verdict.explain(lang=lang) for lang in LANGUAGES))
    assert [] == told(*(value for reason in verdict.reasons for _, value in reason.detail))


def test_the_whole_table_logs_nothing(caplog: pytest.LogCaptureFixture) -> None:
    """At the finest level, nothing of certcore's is logged, and nobody else logs a secret for it."""
    caplog.set_level(logging.DEBUG)
    for case in CASES:
        verdict = case.ask()
        asyncio.run(case.ask_later())
        verdict.to_json()
        verdict.explain(lang="zh")

    assert [] == [record.name for record in caplog.records if record.name.startswith("certcore")]
    assert [] == told(caplog.text, [record.args for record in caplog.records])


@pytest.mark.parametrize("case", [case for case in CASES if case.text is not None], ids=lambda case: case.name)
def test_an_error_that_carries_a_verdict(case: Case) -> None:
    """`NotValidError` shows the codes and nothing else, in a traceback as well."""
    verdict = cast("Verdict", case.ask())
    if verdict:
        verdict.require_valid()
        return

    with pytest.raises(NotValidError) as caught:
        verdict.require_valid()

    error = caught.value
    assert [] == told(error, error.args, error.detail, error.message, *traceback.format_exception(error))


def test_what_waits_between_the_steps() -> None:
    """Neither a question, nor what remains to be looked up, shows more than its times and its policy."""
    question = Question(text=TEXT, as_of=LOSS, expect=SEEN, known_at=None, evaluated_at=NOW, policy=Policy.roadside())
    pending = _engine.begin(question, TRUST)
    about = VehicleQuestion(
        registration_number=PLATE,
        country="CN",
        plate_type=2,
        vin=VIN,
        as_of=LOSS,
        evaluated_at=NOW,
        policy=Policy.claims(),
    )
    vehicle_pending = _vehicle_check.begin(about, TRUST)

    assert isinstance(pending, _engine.Pending)
    assert isinstance(vehicle_pending, _vehicle_check.Pending)
    assert isinstance(pending.status_query, StatusQuery)
    assert isinstance(pending.vehicle_query, VehicleQuery)
    queries = (pending.status_query, pending.vehicle_query, vehicle_pending.vehicle_query)
    assert [] == told(question, pending, about, vehicle_pending, *queries)


def test_backends_and_keys() -> None:
    """Nor does a register in memory that knows the vehicle, a signer, or a verifier of either kind."""
    register = registered()
    register.register_vehicle(VehicleFlag(code="C"), registration_number=PLATE, country="CN", vin=VIN)
    asking = Verifier(trust=TRUST, status=register, policy=Policy.roadside(), vehicles=register, clock=FixedClock(NOW))
    later = AsyncVerifier(trust=TRUST, status=None, policy=Policy.claims(), clock=FixedClock(NOW))

    assert [] == told(register, asking, later, *SIGNERS, *(signer.public_key for signer in SIGNERS), TRUST)
    assert [] == told(SEEN, Expected(vin="184211"), certificate(), *attrs.astuple(asking, recurse=False))


def refusals() -> list[tuple[str, Callable[[], object]]]:
    """Questions and values that are refused, each with something in it that must not be repeated."""
    asking = Verifier(trust=TRUST, status=registered(), policy=Policy.claims(), clock=FixedClock(NOW))
    empty = MemoryStatusBackend()
    return [
        ("a naive moment", lambda: asking.verify(TEXT, as_of=LOSS.replace(tzinfo=None), expect=SEEN)),
        ("a text for a moment", lambda: asking.verify(TEXT, as_of=cast("Any", PLATE))),
        ("bytes for a text", lambda: asking.verify(cast("Any", TEXT.encode()), as_of=LOSS)),
        ("a plate for an expectation", lambda: asking.verify(TEXT, as_of=LOSS, expect=cast("Any", PLATE))),
        ("a certificate for a proof", lambda: asking.verify(TEXT, as_of=LOSS, existed_by=cast("Any", TEXT))),
        ("known in the future", lambda: asking.verify(TEXT, as_of=LOSS, known_at=NOW + timedelta(days=1))),
        ("part of a VIN", lambda: asking.check_vehicle(vin="184211", as_of=LOSS)),
        ("a plate without country", lambda: asking.check_vehicle(registration_number=PLATE, as_of=LOSS)),
        ("too much of a VIN", lambda: Expected(vin=VIN + VIN)),
        ("too little of one", lambda: Expected(vin="84211")),
        ("a plate that cannot be written", lambda: Expected(registration_number=PLATE + "\ud800")),
        ("a country of digits", lambda: Expected(registration_number=PLATE, country="12345")),
        ("a plate type of text", lambda: Expected(registration_number=PLATE, plate_type=cast("Any", "12345"))),
        ("a certificate of too long a VIN", lambda: certificate(vin=VIN * 3)),
        ("a certificate of a plate with a tab", lambda: certificate(registration_number=PLATE + "\t12345")),
        ("a live presentation without an end", lambda: certificate(presented_at=NOW)),
        ("a certificate that was never registered", lambda: empty.revoke(REF, at=LOSS, effective_at=None)),
        ("a changed certificate", lambda: armor.decode(TEXT[:-1] + "é")),
        ("a certificate that ends too soon", lambda: cose.read_certificate(armor.decode(TEXT)[:-1])),
        ("claims that are none", lambda: payload.decode(PAYLOAD[:-1])),
        ("a plate for an instant", lambda: StatusQuery(issuer="CN", as_of=cast("Any", PLATE), asked_at=NOW)),
    ]


@pytest.mark.parametrize("refusal", [pytest.param(made, id=name) for name, made in refusals()])
def test_refusals(refusal: Callable[[], object]) -> None:
    """What a caller did wrong is said without repeating what the caller gave."""
    with pytest.raises(Exception) as caught:  # noqa: PT011  each its own; what it must not say is the test
        refusal()

    chain: list[BaseException] = []
    error: BaseException | None = caught.value
    while error is not None:
        chain.append(error)
        error = error.__cause__ or error.__context__
    assert [] == told(*chain, *(one.args for one in chain), getattr(caught.value, "detail", ()))


def test_a_backends_error_is_not_passed_on() -> None:
    """A backend that puts the plate into its error, its code or its detail does not bring it into a verdict."""
    for raised in (ValueError(PLATE), KeyError(VIN), OSError(5, PLATE, VIN)):
        registers = Answers(raised, raised)
        asking = Verifier(
            trust=TRUST, status=registers, policy=Policy.claims(), vehicles=registers, clock=FixedClock(NOW)
        )
        verdict = asking.verify(TEXT, as_of=LOSS, expect=SEEN)
        about = asking.check_vehicle(vin=VIN, as_of=LOSS)

        assert [] == told(verdict, verdict.reasons, about, about.reasons, about.to_json(), verdict.explain())


def test_a_forgerys_text_is_not_shown() -> None:
    """Where a certificate is not authentic, not even the JSON names the vehicle that it claims to be for."""
    forged = seal(certificate(), LocalSigner.generate())
    asking = Verifier(trust=TRUST, status=registered(), policy=Policy.claims(), clock=FixedClock(NOW))

    verdict = asking.verify(forged, as_of=LOSS, expect=SEEN)

    assert verdict.to_dict()["certificate"] is None
    assert [] == told(verdict.to_json())


def test_the_search_finds_what_is_there() -> None:
    """The grep of this file does find a plate, a VIN, a key and a text that are shown: it is not blind."""
    assert told(PLATE)
    assert told(VIN)
    assert told(TEXT)
    assert told(SIGNER.to_pem())
    verdict = Verifier(trust=TRUST, status=registered(), policy=Policy.claims(), clock=FixedClock(NOW)).verify(
        TEXT, as_of=LOSS, expect=SEEN
    )
    assert told(verdict.to_json())
